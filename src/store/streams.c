/*
 * What streams are judged by: items in flight, since when items have been as they are, what came and went.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/wire.h"

static enum error run(struct conn *conn, enum statement statement, const struct params *params,
	PGresult **result, size_t *rows)
{
	enum error err = conn_run(conn, statement, params, result);

	*rows = err ? 0 : (size_t)PQntuples(*result);
	return err;
}

static enum error read_flying(
	const PGresult *result, size_t rows, struct arena *arena, struct flying_row **out)
{
	struct flying_row *list = arena_array(arena, rows, sizeof *list);

	if (!list)
		return ERR_BUDGET;
	for (size_t i = 0; i < rows; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		list[i].id = cell_uuid(&cells);
		list[i].source = cell_text(&cells);
		list[i].external_id = cell_text(&cells);
		list[i].stream = cell_text(&cells);
		list[i].team = cell_text(&cells);
		list[i].estimate = cell_float8(&cells);
		list[i].assignee = cell_text(&cells);
		if (cells_error(&cells))
			return cells_error(&cells);
	}
	*out = list;
	return ERR_OK;
}

enum error items_in_flight(struct conn *conn, const struct uuid *workspace,
	const struct str *statuses, size_t status_count, struct arena *arena,
	struct flying_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf words = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	*count = 0;
	wire_text_array(&words, statuses, status_count);
	if (!words.failed) {
		params_uuid(&params, workspace);
		params_bytes(&params, words.data, words.len);
		err = run(conn, STMT_ITEMS_IN_FLIGHT, &params, &result, count);
	}
	if (!err)
		err = read_flying(result, *count, arena, out);
	PQclear(result);
	buf_release(&words);
	return err;
}

static enum error read_spells(
	const PGresult *result, size_t rows, struct arena *arena, struct spell_row **out)
{
	struct spell_row *list = arena_array(arena, rows, sizeof *list);

	if (!list)
		return ERR_BUDGET;
	for (size_t i = 0; i < rows; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		list[i].id = cell_uuid(&cells);
		list[i].since_us = cell_time(&cells);
		list[i].assignee = cell_text(&cells);
		if (cells_error(&cells))
			return cells_error(&cells);
	}
	*out = list;
	return ERR_OK;
}

enum error item_spells(struct conn *conn, const struct uuid *workspace,
	const struct spell_query *query, struct arena *arena, struct spell_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf ids = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	*count = 0;
	wire_uuid_array(&ids, query->ids, query->id_count);
	if (!ids.failed) {
		params_uuid(&params, workspace);
		params_bytes(&params, ids.data, ids.len);
		params_int8(&params, query->revision);
		params_text(&params, query->status);
		params_text(&params, query->label);
		err = run(conn, STMT_ITEM_SPELLS, &params, &result, count);
	}
	if (!err)
		err = read_spells(result, *count, arena, out);
	PQclear(result);
	buf_release(&ids);
	return err;
}

static enum error read_flow(
	const PGresult *result, size_t rows, struct arena *arena, struct flow_row **out)
{
	struct flow_row *list = arena_array(arena, rows, sizeof *list);

	if (!list)
		return ERR_BUDGET;
	for (size_t i = 0; i < rows; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		list[i].week_us = cell_time(&cells);
		list[i].came = cell_int8(&cells);
		list[i].left = cell_int8(&cells);
		if (cells_error(&cells))
			return cells_error(&cells);
	}
	*out = list;
	return ERR_OK;
}

enum error stream_flow(struct conn *conn, const struct uuid *workspace,
	const struct flow_query *query, struct arena *arena, struct flow_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf words = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	*count = 0;
	wire_text_array(&words, query->open, query->open_count);
	if (!words.failed) {
		params_uuid(&params, workspace);
		params_int8(&params, query->revision);
		params_time(&params, query->from_us);
		params_text(&params, query->stream);
		params_bytes(&params, words.data, words.len);
		err = run(conn, STMT_STREAM_FLOW, &params, &result, count);
	}
	if (!err)
		err = read_flow(result, *count, arena, out);
	PQclear(result);
	buf_release(&words);
	return err;
}

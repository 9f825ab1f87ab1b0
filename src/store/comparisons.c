/*
 * Comparisons of items and of criteria, in one append-only table.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"

bool comparison_is_derived(const struct comparison_row *comparison)
{
	static const struct uuid nobody;

	return uuid_cmp(&comparison->review, &nobody) != 0;
}

static enum error comparisons_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct comparison_row **out,
	size_t *count)
{
	struct comparison_row *comparisons;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	comparisons = arena_array(arena, (size_t)PQntuples(result), sizeof *comparisons);
	if (!comparisons)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		comparisons[i].id = cell_uuid(&cells);
		comparisons[i].revision = cell_int8(&cells);
		comparisons[i].before = cell_uuid(&cells);
		comparisons[i].after = cell_uuid(&cells);
		comparisons[i].before_name = cell_text(&cells);
		comparisons[i].after_name = cell_text(&cells);
		comparisons[i].ratio = cell_float8(&cells);
		comparisons[i].made_us = cell_time(&cells);
		comparisons[i].author = cell_text(&cells);
		comparisons[i].review = cell_uuid(&cells);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = comparisons;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

enum error comparisons_load(struct conn *conn, const struct uuid *workspace, bool criteria,
	int64_t since, int64_t upto, struct arena *arena, struct comparison_row **out,
	size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int4(&params, criteria);
	params_int8(&params, since);
	params_int8(&params, upto);
	return comparisons_run(conn, STMT_COMPARISONS_LOAD, &params, arena, out, count);
}

enum error comparisons_list(struct conn *conn, const struct uuid *workspace,
	const struct comparison_filter *filter, struct arena *arena, struct comparison_row **out,
	size_t *count)
{
	/* No id is less than this one. */
	static const struct uuid smallest;
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int4(&params, filter->criteria);
	params_int8(&params, filter->before_revision);
	params_uuid(&params, filter->before_id ? filter->before_id : &smallest);
	params_int8(&params, filter->limit > INT32_MAX ? INT32_MAX : (int64_t)filter->limit);
	return comparisons_run(conn, STMT_COMPARISONS_LIST, &params, arena, out, count);
}

enum error comparisons_count(struct conn *conn, const struct uuid *workspace, int64_t *out)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	err = conn_run(conn, STMT_COMPARISONS_COUNT, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*out = cell_int8(&cells);
	err = cells_error(&cells);
	PQclear(result);
	return err;
}

static enum error append_origin(struct change *change, const struct comparison_row *comparison)
{
	struct rows *rows = change_rows(change, HISTORY_review_comparisons);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &comparison->id);
	row_int8(rows, change->revision);
	row_uuid(rows, &comparison->review);
	row_end(rows);
	return ERR_OK;
}

enum error comparison_append(struct change *change, const struct comparison_row *comparison)
{
	bool criteria = comparison->before_name.ptr != NULL;
	struct rows *rows = change_rows(change, HISTORY_comparisons);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &comparison->id);
	row_int8(rows, change->revision);
	row_uuid(rows, criteria ? NULL : &comparison->before);
	row_uuid(rows, criteria ? NULL : &comparison->after);
	row_text(rows, comparison->before_name);
	row_text(rows, comparison->after_name);
	row_float8(rows, comparison->ratio);
	row_time(rows, comparison->made_us);
	row_text(rows, comparison->author);
	row_end(rows);
	return comparison_is_derived(comparison) ? append_origin(change, comparison) : ERR_OK;
}

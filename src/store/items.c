/*
 * Reading items: by id, as of a revision, through time, by filter.
 */
#include "store/aggregates.h"

#include "store/conn.h"
#include "store/item_cells.h"
#include "store/wire.h"

static enum error read_items(
	const PGresult *result, struct arena *arena, struct item_row **out, size_t *count)
{
	size_t rows = (size_t)PQntuples(result);
	struct item_row *items = arena_array(arena, rows, sizeof *items);

	if (!items)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < rows; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		cells_version(&cells, &items[i]);
		cells_recorded_and_text(&cells, &items[i]);
		if (cells_error(&cells))
			return cells_error(&cells);
	}
	*out = items;
	*count = rows;
	return ERR_OK;
}

static enum error items_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct item_row **out, size_t *count)
{
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (!err)
		err = read_items(result, arena, out, count);
	PQclear(result);
	return err;
}

static int64_t limit_of(size_t limit)
{
	return limit > INT32_MAX ? INT32_MAX : (int64_t)limit;
}

enum error items_by_id(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t count, struct arena *arena, struct item_row **out, size_t *found)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	wire_uuid_array(&array, ids, count);
	if (!array.failed) {
		params_uuid(&params, workspace);
		params_bytes(&params, array.data, array.len);
		err = items_run(conn, STMT_ITEMS_BY_ID, &params, arena, out, found);
	}
	buf_release(&array);
	return err;
}

enum error items_inputs(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t count, struct arena *arena, struct item_input_row **out, size_t *found)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	PGresult *result = NULL;
	struct item_input_row *rows = NULL;
	size_t row_count = 0;
	enum error err = ERR_NO_MEMORY;

	*found = 0;
	wire_uuid_array(&array, ids, count);
	if (array.failed)
		goto out;
	params_uuid(&params, workspace);
	params_bytes(&params, array.data, array.len);
	err = conn_run(conn, STMT_ITEMS_INPUTS, &params, &result);
	if (err)
		goto out;
	row_count = (size_t)PQntuples(result);
	rows = arena_array(arena, row_count, sizeof *rows);
	if (!rows)
		err = ERR_BUDGET;
	for (size_t i = 0; i < row_count && !err; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		rows[i].id = cell_uuid(&cells);
		rows[i].revision = cell_int8(&cells);
		rows[i].digest = cell_uuid(&cells);
		err = cells_error(&cells);
	}
	if (!err)
		*found = row_count;
out:
	*out = rows;
	PQclear(result);
	buf_release(&array);
	return err;
}

enum error items_ask(struct conn *conn, const struct uuid *ids, size_t count)
{
	struct buf array = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	wire_uuid_array(&array, ids, count);
	if (!array.failed)
		err = conn_ask_along(conn, STMT_ITEMS_BY_ID, buf_view(&array));
	buf_release(&array);
	return err;
}

enum error item_as_of(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	int64_t revision, struct arena *arena, struct item_row *out)
{
	struct params params = PARAMS_INIT;
	struct item_row *items;
	size_t count;
	enum error err;

	params_uuid(&params, workspace);
	params_uuid(&params, id);
	params_int8(&params, revision);
	err = items_run(conn, STMT_ITEM_AS_OF, &params, arena, &items, &count);
	if (err)
		return err;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = items[0];
	return ERR_OK;
}

enum error item_versions_list(struct conn *conn, const struct uuid *workspace,
	const struct uuid *id, int64_t before, size_t limit, struct arena *arena,
	struct item_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_uuid(&params, id);
	params_int8(&params, before);
	params_int8(&params, limit_of(limit));
	return items_run(conn, STMT_ITEM_VERSIONS_LIST, &params, arena, out, count);
}

static bool fits(struct str wanted, struct str value)
{
	return !wanted.ptr || (value.ptr && str_eq(wanted, value));
}

/* Source and external id name one item. Its id is known without a search. */
static enum error list_one(struct conn *conn, const struct uuid *workspace,
	const struct item_filter *filter, struct arena *arena, struct item_row **out, size_t *count)
{
	const struct item *item;
	struct uuid id;
	enum error err;

	*out = NULL;
	*count = 0;
	item_id_make(workspace, filter->source, filter->external_id, &id);
	if (filter->limit == 0 || (filter->after && uuid_cmp(&id, filter->after) <= 0))
		return ERR_OK;
	err = items_by_id(conn, workspace, &id, 1, arena, out, count);
	if (err || *count == 0)
		return err;
	item = &(*out)[0].record.item;
	if (!fits(filter->status, item->status) || !fits(filter->stream, item->stream) ||
		!fits(filter->kind, item->kind) || !fits(filter->team, item->team))
		*count = 0;
	return ERR_OK;
}

enum error items_list(struct conn *conn, const struct uuid *workspace,
	const struct item_filter *filter, struct arena *arena, struct item_row **out, size_t *count)
{
	/* Less than any: ids are of version 5. */
	static const struct uuid smallest;
	struct params params = PARAMS_INIT;

	if (filter->source.ptr && filter->external_id.ptr)
		return list_one(conn, workspace, filter, arena, out, count);
	params_uuid(&params, workspace);
	params_uuid(&params, filter->after ? filter->after : &smallest);
	params_int8(&params, limit_of(filter->limit));
	params_text(&params, filter->source);
	params_text(&params, filter->external_id);
	params_text(&params, filter->status);
	params_text(&params, filter->stream);
	params_text(&params, filter->kind);
	params_text(&params, filter->team);
	return items_run(conn, STMT_ITEMS_LIST, &params, arena, out, count);
}

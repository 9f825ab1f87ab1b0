/*
 * The access log: who has read what is sensitive. No history: no revision, and deleted when it expires.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/pool.h"
#include "store/wire.h"

enum error access_append(struct tx *tx, const struct access_row *row)
{
	struct buf roles = BUF_INIT, items = BUF_INIT, features = BUF_INIT;
	struct params params = PARAMS_INIT;
	enum error err = ERR_NO_MEMORY;

	wire_text_array(&roles, row->roles, row->role_count);
	wire_uuid_array(&items, row->items, row->item_count);
	wire_text_array(&features, row->features, row->feature_count);
	params_uuid(&params, &row->workspace);
	params_uuid(&params, &row->id);
	params_time(&params, row->at_us);
	params_time(&params, row->expires_us);
	params_text(&params, row->actor);
	params_bytes(&params, roles.data, roles.len);
	params_text(&params, row->request_id);
	params_text(&params, row->method);
	params_text(&params, row->target);
	params_text(&params, row->ranking);
	params_bytes(&params, items.data, items.len);
	params_int8(&params, row->items_in_all);
	params_bytes(&params, features.data, features.len);
	if (!roles.failed && !items.failed && !features.failed)
		err = conn_queue(tx->conn, STMT_ACCESS_APPEND, &params);
	buf_release(&roles);
	buf_release(&items);
	buf_release(&features);
	return err;
}

static void read_row(struct cells *cells, struct access_row *out)
{
	out->id = cell_uuid(cells);
	out->at_us = cell_time(cells);
	out->expires_us = cell_time(cells);
	out->actor = cell_text(cells);
	cell_text_array(cells, &out->roles, &out->role_count);
	out->request_id = cell_text(cells);
	out->method = cell_text(cells);
	out->target = cell_text(cells);
	out->ranking = cell_text(cells);
	cell_uuid_array(cells, &out->items, &out->item_count);
	out->items_in_all = cell_int8(cells);
	cell_text_array(cells, &out->features, &out->feature_count);
}

enum error access_list(struct conn *conn, const struct uuid *workspace,
	const struct access_filter *filter, struct arena *arena, struct access_row **out,
	size_t *count)
{
	struct params params = PARAMS_INIT;
	struct access_row *rows;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	params_uuid(&params, workspace);
	params_time(&params, filter->before_us);
	params_uuid(&params, &filter->before_id);
	params_text(&params, filter->actor);
	params_int8(&params, (int64_t)filter->limit);
	err = conn_run(conn, STMT_ACCESS_LIST, &params, &result);
	if (err)
		return err;
	rows = arena_array(arena, (size_t)PQntuples(result), sizeof *rows);
	if (!rows)
		err = ERR_NO_MEMORY;
	for (int i = 0; !err && i < PQntuples(result); i++) {
		struct cells cells = cells_at(result, i, arena);

		rows[i].workspace = *workspace;
		read_row(&cells, &rows[i]);
		err = cells_error(&cells);
	}
	*count = (size_t)PQntuples(result);
	*out = rows;
	PQclear(result);
	return err;
}

enum error access_sweep(struct tx *tx, int64_t now_us, size_t limit, int64_t *swept)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_time(&params, now_us);
	params_int8(&params, (int64_t)limit);
	err = conn_run(tx->conn, STMT_ACCESS_SWEEP, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*swept = cell_int8(&cells);
	PQclear(result);
	return cells_error(&cells);
}

/*
 * The tree's stored nodes and the checkpoints. Both are only ever added to, and adding what is there
 * already changes nothing, so several daemons may do the same at once.
 */
#include "store/audit_tree.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/uuids.h"

/* Rows of (number, hash) in ascending order from `first` on: those without a gap. */
static enum error take_hashes(
	PGresult *result, int64_t first, struct sha256 *out, size_t room, size_t *count)
{
	enum error err = ERR_OK;

	*count = 0;
	for (int i = 0; i < PQntuples(result) && *count < room && !err; i++) {
		struct cells cells = cells_at(result, i, NULL);
		int64_t number = cell_int8(&cells);

		if (!cell_sha256(&cells, &out[*count]))
			cells.failed = true;
		err = cells_error(&cells);
		if (number != first + (int64_t)*count)
			break;
		(*count)++;
	}
	PQclear(result);
	return err;
}

enum error audit_hashes(struct conn *conn, const struct uuid *workspace, int64_t after,
	int64_t upto, struct sha256 *out, size_t room, size_t *count)
{
	int64_t last = upto - after > (int64_t)room ? after + (int64_t)room : upto;
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	*count = 0;
	params_uuid(&params, workspace);
	params_int8(&params, after);
	params_int8(&params, last);
	err = conn_run(conn, STMT_AUDIT_HASHES, &params, &result);
	return err ? err : take_hashes(result, after + 1, out, room, count);
}

enum error audit_nodes(struct conn *conn, const struct uuid *workspace, unsigned level,
	uint64_t place, struct sha256 *out, size_t room, size_t *count)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	*count = 0;
	params_uuid(&params, workspace);
	params_int4(&params, (int32_t)level);
	params_int8(&params, (int64_t)place);
	params_int8(&params, (int64_t)(place + room));
	err = conn_run(conn, STMT_AUDIT_NODES_READ, &params, &result);
	return err ? err : take_hashes(result, (int64_t)place, out, room, count);
}

enum error audit_nodes_count(
	struct conn *conn, const struct uuid *workspace, unsigned level, uint64_t *count)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_int4(&params, (int32_t)level);
	err = conn_run(conn, STMT_AUDIT_NODES_COUNT, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*count = (uint64_t)cell_int8(&cells);
	PQclear(result);
	return cells_error(&cells);
}

enum error audit_node_append(struct tx *tx, const struct uuid *workspace, unsigned level,
	uint64_t place, const struct sha256 *hash)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int4(&params, (int32_t)level);
	params_int8(&params, (int64_t)place);
	params_bytes(&params, hash->bytes, SHA256_BYTES);
	return conn_queue(tx->conn, STMT_AUDIT_NODES_APPEND, &params);
}

/* ---- checkpoints ---- */

enum error checkpoint_append(
	struct tx *tx, const struct uuid *workspace, const struct checkpoint_row *checkpoint)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, checkpoint->size);
	params_bytes(&params, checkpoint->root.bytes, SHA256_BYTES);
	params_text(&params, checkpoint->note);
	params_time(&params, checkpoint->made_us);
	return conn_queue(tx->conn, STMT_AUDIT_CHECKPOINT_APPEND, &params);
}

static enum error list(struct conn *conn, enum statement statement, const struct params *params,
	struct arena *arena, struct checkpoint_row **out, size_t *count)
{
	struct checkpoint_row *rows;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	rows = arena_array(arena, (size_t)PQntuples(result), sizeof *rows);
	if (!rows)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		rows[i].size = cell_int8(&cells);
		if (!cell_sha256(&cells, &rows[i].root))
			cells.failed = true;
		rows[i].note = cell_text(&cells);
		rows[i].made_us = cell_time(&cells);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = rows;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

enum error checkpoints_newest(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct checkpoint_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, before);
	params_int8(&params, (int64_t)limit);
	return list(conn, STMT_AUDIT_CHECKPOINTS_NEWEST, &params, arena, out, count);
}

enum error checkpoints_after(struct conn *conn, const struct uuid *workspace, int64_t after,
	size_t limit, struct arena *arena, struct checkpoint_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, after);
	params_int8(&params, (int64_t)limit);
	return list(conn, STMT_AUDIT_CHECKPOINTS_AFTER, &params, arena, out, count);
}

enum error checkpoints_due(struct conn *conn, const struct uuid *after, int64_t made_us,
	int64_t records, size_t limit, struct arena *arena, struct uuid **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, after);
	params_time(&params, made_us);
	params_int8(&params, records);
	params_int8(&params, (int64_t)limit);
	return uuids_run(conn, STMT_AUDIT_CHECKPOINTS_DUE, &params, arena, out, count);
}

/*
 * Workspaces: who there is, and the head row that each begins with.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/pool.h"

const struct uuid system_workspace;

static void read_workspace(struct cells *cells, struct workspace_row *out)
{
	struct str salt;

	out->id = cell_uuid(cells);
	out->revision = cell_int8(cells);
	out->name = cell_text(cells);
	out->title = cell_text(cells);
	out->removed = str_is(cell_view(cells), "removed");
	out->head_revision = cell_int8(cells);
	salt = cell_view(cells);
	if (salt.ptr && salt.len != sizeof out->salt)
		cells->failed = true;
	else if (salt.ptr)
		memcpy(out->salt, salt.ptr, sizeof out->salt);
}

static enum error workspaces_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct workspace_row **out, size_t *count)
{
	struct workspace_row *workspaces;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	workspaces = arena_array(arena, (size_t)PQntuples(result), sizeof *workspaces);
	if (!workspaces)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		read_workspace(&cells, &workspaces[i]);
		err = cells_error(&cells);
		if (!err && workspaces[i].head_revision > 0)
			store_note(
				conn->store, &workspaces[i].id, workspaces[i].head_revision, NULL);
	}
	if (!err) {
		*out = workspaces;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

enum error workspace_find(
	struct conn *conn, struct str name, struct arena *arena, struct workspace_row *out)
{
	struct params params = PARAMS_INIT;
	struct workspace_row *found = NULL;
	struct uuid id;
	size_t count = 0;
	enum error err = ERR_OK;

	/* The id first: nobody can take another's place by a name that looks like an id. */
	if (uuid_from_text(name, &id)) {
		params_uuid(&params, &id);
		err = workspaces_run(conn, STMT_WORKSPACE_BY_ID, &params, arena, &found, &count);
	}
	if (!err && count == 0) {
		params = PARAMS_INIT;
		params_text(&params, name);
		err = workspaces_run(conn, STMT_WORKSPACE_BY_NAME, &params, arena, &found, &count);
	}
	if (err)
		return err;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = found[0];
	return ERR_OK;
}

enum error workspaces_list(struct conn *conn, struct str after_name, size_t limit,
	struct arena *arena, struct workspace_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_text(&params, after_name.ptr ? after_name : STR(""));
	params_int8(&params, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	return workspaces_run(conn, STMT_WORKSPACES_LIST, &params, arena, out, count);
}

enum error workspace_append(struct change *change, const struct workspace_row *workspace)
{
	struct rows *rows = change_rows(change, HISTORY_workspaces);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &workspace->id);
	row_int8(rows, change->revision);
	row_text(rows, workspace->name);
	row_text(rows, workspace->title);
	row_text(rows, workspace->removed ? STR("removed") : STR("created"));
	row_end(rows);
	return ERR_OK;
}

enum error workspace_head_create(
	struct tx *tx, const struct uuid *workspace, const unsigned char salt[32])
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_bytes(&params, salt, 32);
	return conn_queue(tx->conn, STMT_HEAD_CREATE, &params);
}

enum error workspace_head_remove(struct tx *tx, const struct uuid *workspace)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	return conn_queue(tx->conn, STMT_HEAD_REMOVE, &params);
}

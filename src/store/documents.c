/*
 * Documents: everything that is configured, as versions.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"

enum error documents_load(struct conn *conn, const struct uuid *workspace, int64_t upto,
	struct arena *arena, struct document **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct document *documents;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	params_uuid(&params, workspace);
	params_int8(&params, upto);
	err = conn_run(conn, STMT_DOCUMENTS_LOAD, &params, &result);
	if (err)
		return err;
	documents = arena_array(arena, (size_t)PQntuples(result), sizeof *documents);
	if (!documents)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		documents[i].kind = cell_text(&cells);
		documents[i].name = cell_text(&cells);
		documents[i].body = cell_text(&cells);
		documents[i].revision = cell_int8(&cells);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = documents;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

enum error documents_append(struct change *change, const struct document *document)
{
	struct rows *rows = change_rows(change, HISTORY_documents);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_text(rows, document->kind);
	row_text(rows, document->name);
	row_int8(rows, change->revision);
	row_text(rows, document->body);
	row_end(rows);
	change->config_revision = change->revision;
	return ERR_OK;
}

enum error documents_named(struct conn *conn, const struct uuid *workspace, struct str kind,
	struct str name, struct arena *arena, struct document **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct document *documents;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	params_uuid(&params, workspace);
	params_text(&params, kind);
	params_text(&params, name);
	err = conn_run(conn, STMT_DOCUMENTS_NAMED, &params, &result);
	if (err)
		return err;
	documents = arena_array(arena, (size_t)PQntuples(result), sizeof *documents);
	if (!documents)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		documents[i].revision = cell_int8(&cells);
		documents[i].body = cell_text(&cells);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = documents;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

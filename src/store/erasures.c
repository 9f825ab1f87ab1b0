/*
 * Erasing texts: the rows of the side table are emptied, and history says which and why. What names
 * a text names it as before.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/notes.h"
#include "store/rows.h"
#include "store/uuids.h"
#include "store/wire.h"

/* One digest a row; of those that are null nothing. */
static enum error read_refs(
	PGresult *result, struct arena *arena, struct sha256 **out, size_t *count)
{
	size_t found = 0;

	*out = arena_array(arena, (size_t)PQntuples(result), sizeof **out);
	if (!*out)
		return ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result); i++) {
		struct cells cells = cells_at(result, i, NULL);

		if (cell_sha256(&cells, &(*out)[found]))
			found++;
		if (cells_error(&cells))
			return cells_error(&cells);
	}
	*count = found;
	return ERR_OK;
}

enum error erasure_refs(struct conn *conn, const struct uuid *workspace, const struct uuid *item,
	bool decisions, struct arena *arena, struct sha256 **out, size_t *count)
{
	static const char truth[] = {0, 1}; /* booleans as PostgreSQL's binary format has them */
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	*count = 0;
	params_uuid(&params, workspace);
	params_uuid(&params, item);
	params_bytes(&params, &truth[decisions], 1);
	err = conn_run(conn, STMT_ERASURE_REFS, &params, &result);
	if (err)
		return err;
	err = read_refs(result, arena, out, count);
	PQclear(result);
	return err;
}

enum error erasure_refs_of_records(struct conn *conn, const struct uuid *workspace,
	struct str subject, int64_t revision, struct arena *arena, struct sha256 **out,
	size_t *count)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	*count = 0;
	params_uuid(&params, workspace);
	params_text(&params, subject);
	params_int8(&params, revision);
	err = conn_run(conn, STMT_ERASURE_REFS_OF_RECORDS, &params, &result);
	if (err)
		return err;
	err = PQntuples(result) > 0 ? read_refs(result, arena, out, count) : ERR_NOT_FOUND;
	PQclear(result);
	return err;
}

enum error erasure_items(struct conn *conn, const struct uuid *workspace, const struct sha256 *refs,
	size_t ref_count, size_t limit, struct arena *arena, struct uuid **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	*count = 0;
	wire_bytea_array(&array, refs, sizeof *refs, ref_count);
	params_uuid(&params, workspace);
	params_bytes(&params, array.data, array.len);
	params_int8(&params, (int64_t)limit);
	if (!array.failed)
		err = uuids_run(conn, STMT_ERASURE_ITEMS, &params, arena, out, count);
	buf_release(&array);
	return err;
}

/* Sent at once: what is queued borrows the array. */
static enum error empty_texts(struct change *change, const struct sha256 *refs, size_t ref_count)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	wire_bytea_array(&array, refs, sizeof *refs, ref_count);
	params_uuid(&params, &change->workspace);
	params_bytes(&params, array.data, array.len);
	if (!array.failed)
		err = conn_run(change->tx->conn, STMT_ERASURE_EMPTY, &params, NULL);
	buf_release(&array);
	return err;
}

static enum error append_refs(struct change *change, const struct uuid *erasure,
	const struct sha256 *refs, size_t ref_count)
{
	struct rows *rows = change_rows(change, HISTORY_erasure_texts);

	if (!rows)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < ref_count; i++) {
		row_begin(rows);
		row_uuid(rows, &change->workspace);
		row_uuid(rows, erasure);
		row_hash(rows, &refs[i]);
		row_int8(rows, change->revision);
		row_end(rows);
	}
	return ERR_OK;
}

enum error erasure_append(struct change *change, const struct erasure_row *erasure,
	const struct sha256 *refs, size_t ref_count)
{
	const struct note notes[] = {{"rationale", erasure->rationale}};
	struct rows *rows = change_rows(change, HISTORY_erasures);
	struct sha256 text_ref;
	enum error err = rows ? notes_append(change, notes, 1, &text_ref) : ERR_NO_MEMORY;

	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &erasure->id);
	row_int8(rows, change->revision);
	row_uuid(rows, &erasure->item);
	row_time(rows, erasure->made_us);
	row_text(rows, erasure->author);
	row_hash(rows, &text_ref);
	row_end(rows);
	err = append_refs(change, &erasure->id, refs, ref_count);
	return err ? err : empty_texts(change, refs, ref_count);
}

static enum error read_erasure(struct cells *cells, struct erasure_row *out)
{
	struct note notes[] = {{"rationale", STR_NONE}};
	struct str stored;
	enum error err;

	out->id = cell_uuid(cells);
	out->revision = cell_int8(cells);
	out->item = cell_uuid(cells);
	out->subject = cell_text(cells);
	out->made_us = cell_time(cells);
	out->author = cell_text(cells);
	out->texts = cell_int8(cells);
	stored = cell_view(cells);
	err = cells_error(cells);
	if (!err)
		err = notes_read(stored, cells->arena, notes, 1);
	out->rationale = notes[0].text;
	return err;
}

enum error erasures_list(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct erasure_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	*count = 0;
	params_uuid(&params, workspace);
	params_int8(&params, before);
	params_int8(&params, (int64_t)limit);
	err = conn_run(conn, STMT_ERASURES_LIST, &params, &result);
	if (err)
		return err;
	*out = arena_array(arena, (size_t)PQntuples(result), sizeof **out);
	if (!*out)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		err = read_erasure(&cells, &(*out)[i]);
	}
	if (!err)
		*count = (size_t)PQntuples(result);
	PQclear(result);
	return err;
}

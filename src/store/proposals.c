/*
 * Proposals: what is asked for, who agreed, how it ended. Three append-only tables; the end is joined where
 * it is there.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/notes.h"
#include "store/uuids.h"
#include "store/wire.h"

static enum error add_rationale(struct change *change, struct str rationale, struct sha256 *ref)
{
	const struct note note = {"rationale", rationale};

	return notes_append(change, &note, 1, ref);
}

enum error proposal_append(struct change *change, const struct proposal_row *proposal)
{
	struct rows *rows = change_rows(change, HISTORY_proposals);
	struct sha256 ref;
	enum error err = rows ? add_rationale(change, proposal->rationale, &ref) : ERR_NO_MEMORY;

	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &proposal->id);
	row_int8(rows, change->revision);
	row_text(rows, proposal->change);
	row_text(rows, proposal->name);
	row_text(rows, proposal->body);
	row_int8(rows, proposal->base);
	row_hash(rows, &proposal->digest);
	row_text(rows, proposal->effect);
	row_int8(rows, proposal->needed);
	row_time(rows, change->at_us);
	row_time(rows, proposal->expires_us);
	row_text(rows, proposal->author);
	row_text(rows, proposal->author_kind);
	row_text(rows, proposal->line.person);
	row_uuid_array(rows, proposal->line.ids, proposal->line.count);
	row_hash(rows, &ref);
	row_end(rows);
	return ERR_OK;
}

enum error proposal_approval_append(
	struct change *change, const struct proposal_approval_row *row, const struct sha256 *digest)
{
	struct rows *rows = change_rows(change, HISTORY_proposal_approvals);
	struct sha256 ref;
	enum error err = rows ? add_rationale(change, row->rationale, &ref) : ERR_NO_MEMORY;

	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &row->proposal);
	row_text(rows, row->approver);
	row_int8(rows, change->revision);
	row_time(rows, change->at_us);
	row_text(rows, row->line.person);
	row_uuid_array(rows, row->line.ids, row->line.count);
	row_hash(rows, digest);
	row_hash(rows, &ref);
	row_end(rows);
	return ERR_OK;
}

enum error proposal_end_append(struct change *change, const struct proposal_row *proposal)
{
	struct rows *rows = change_rows(change, HISTORY_proposal_ends);
	struct sha256 ref;
	enum error err = rows ? ERR_OK : ERR_NO_MEMORY;

	if (!err && proposal->end_rationale.ptr)
		err = add_rationale(change, proposal->end_rationale, &ref);
	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &proposal->id);
	row_int8(rows, change->revision);
	row_text(rows, proposal->state);
	row_time(rows, change->at_us);
	row_text(rows, proposal->ended_by);
	row_text(rows, proposal->result);
	row_hash(rows, proposal->end_rationale.ptr ? &ref : NULL);
	row_end(rows);
	return ERR_OK;
}

/* ---- reading ---- */

static enum error read_rationale(struct cells *cells, struct str *out)
{
	struct note note = {"rationale", STR_NONE};
	enum error err = notes_read(cell_view(cells), cells->arena, &note, 1);

	*out = note.text;
	return err;
}

static enum error read_proposal(struct cells *cells, struct proposal_row *out)
{
	enum error err;

	out->id = cell_uuid(cells);
	out->revision = cell_int8(cells);
	out->change = cell_text(cells);
	out->name = cell_text(cells);
	out->body = cell_text(cells);
	out->base = cell_int8(cells);
	if (!cell_sha256(cells, &out->digest))
		cells->failed = true;
	out->effect = cell_text(cells);
	out->needed = cell_int8(cells);
	out->made_us = cell_time(cells);
	out->expires_us = cell_time(cells);
	out->author = cell_text(cells);
	out->author_kind = cell_text(cells);
	out->line.person = cell_text(cells);
	cell_uuid_array(cells, &out->line.ids, &out->line.count);
	err = read_rationale(cells, &out->rationale);
	out->ended_revision = cell_int8(cells);
	out->state = cell_text(cells);
	out->ended_us = cell_time(cells);
	out->ended_by = cell_text(cells);
	out->result = cell_text(cells);
	if (!err)
		err = read_rationale(cells, &out->end_rationale);
	return err ? err : cells_error(cells);
}

static enum error proposals_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct proposal_row **out, size_t *count)
{
	struct proposal_row *rows;
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

		err = read_proposal(&cells, &rows[i]);
	}
	if (!err) {
		*out = rows;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

enum error proposal_read(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	struct arena *arena, struct proposal_row *out)
{
	struct params params = PARAMS_INIT;
	struct proposal_row *rows;
	size_t count;
	enum error err;

	params_uuid(&params, workspace);
	params_uuid(&params, id);
	err = proposals_run(conn, STMT_PROPOSAL_READ, &params, arena, &rows, &count);
	if (err)
		return err;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = rows[0];
	return ERR_OK;
}

enum error proposals_list(struct conn *conn, const struct uuid *workspace, struct str state,
	int64_t before, size_t limit, struct arena *arena, struct proposal_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_text(&params, state);
	params_int8(&params, before);
	params_int8(&params, (int64_t)limit);
	return proposals_run(conn, STMT_PROPOSALS_LIST, &params, arena, out, count);
}

static enum error read_approval(struct cells *cells, struct proposal_approval_row *out)
{
	enum error err;

	out->proposal = cell_uuid(cells);
	out->approver = cell_text(cells);
	out->revision = cell_int8(cells);
	out->approved_us = cell_time(cells);
	out->line.person = cell_text(cells);
	cell_uuid_array(cells, &out->line.ids, &out->line.count);
	err = read_rationale(cells, &out->rationale);
	return err ? err : cells_error(cells);
}

enum error proposal_approvals_of(struct conn *conn, const struct uuid *workspace,
	const struct uuid *ids, size_t count, struct arena *arena,
	struct proposal_approval_row **out, size_t *found)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	*out = NULL;
	*found = 0;
	wire_uuid_array(&array, ids, count);
	params_uuid(&params, workspace);
	if (!array.failed) {
		params_bytes(&params, array.data, array.len);
		err = conn_run(conn, STMT_PROPOSAL_APPROVALS_OF, &params, &result);
	}
	buf_release(&array);
	if (err)
		return err;
	*out = arena_array(arena, (size_t)PQntuples(result), sizeof **out);
	if (!*out)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		err = read_approval(&cells, &(*out)[i]);
	}
	if (!err)
		*found = (size_t)PQntuples(result);
	PQclear(result);
	return err;
}

static enum error run_one(struct conn *conn, enum statement statement, const struct params *params,
	int64_t *numbers, size_t count)
{
	struct cells cells;
	PGresult *result;
	enum error err = conn_run(conn, statement, params, &result);

	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	for (size_t i = 0; i < count; i++)
		numbers[i] = cell_int8(&cells);
	err = cells_error(&cells);
	PQclear(result);
	return err;
}

enum error proposals_count_open(struct conn *conn, const struct uuid *workspace, struct str author,
	int64_t now_us, struct proposals_open *out)
{
	struct params params = PARAMS_INIT;
	int64_t numbers[2] = {0, 0};
	enum error err;

	params_uuid(&params, workspace);
	params_text(&params, author);
	params_time(&params, now_us);
	err = run_one(conn, STMT_PROPOSALS_COUNT_OPEN, &params, numbers, 2);
	*out = (struct proposals_open){numbers[0], numbers[1]};
	return err;
}

enum error proposal_bypassed_at(
	struct conn *conn, const struct uuid *workspace, int64_t revision, bool *out)
{
	struct params params = PARAMS_INIT;
	int64_t count = 0;
	enum error err;

	params_uuid(&params, workspace);
	params_int8(&params, revision);
	err = run_one(conn, STMT_PROPOSAL_BYPASSED_AT, &params, &count, 1);
	*out = count > 0;
	return err;
}

enum error proposals_expired(struct conn *conn, int64_t now_us, const struct uuid *after,
	size_t limit, struct arena *arena, struct uuid **workspaces, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_time(&params, now_us);
	params_uuid(&params, after);
	params_int8(&params, (int64_t)limit);
	return uuids_run(conn, STMT_PROPOSALS_EXPIRED, &params, arena, workspaces, count);
}

enum error proposals_due(struct conn *conn, const struct uuid *workspace, int64_t now_us,
	struct arena *arena, struct uuid **ids, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_time(&params, now_us);
	return uuids_run(conn, STMT_PROPOSALS_DUE, &params, arena, ids, count);
}

/*
 * Reading the log: heads, records, the rows behind them, and the settling of a commit whose outcome
 * is unknown.
 */
#include "store/cells.h"
#include "store/conn.h"
#include "store/head_row.h"
#include "store/history.h"
#include "store/history_statements.h"
#include "store/params.h"
#include "store/pool.h"
#include "store/wire.h"

static bool cell_salt(struct cells *cells, unsigned char salt[32])
{
	struct str bytes = cell_view(cells);

	if (bytes.len != 32)
		return false;
	memcpy(salt, bytes.ptr, 32);
	return true;
}

void head_cells(struct cells *cells, struct head *out)
{
	out->revision = cell_int8(cells);
	if (!cell_sha256(cells, &out->hash))
		cells->failed = true;
	out->at_us = cell_time(cells);
	out->config_revision = cell_int8(cells);
	if (!cell_salt(cells, out->salt))
		cells->failed = true;
	out->retired = cell_int8(cells);
}

static enum error take_head(struct conn *conn, PGresult *result, const struct uuid *workspace,
	struct head *out, struct head_news *news)
{
	struct cells cells;
	enum error err;

	if (PQntuples(result) == 0)
		return ERR_NOT_FOUND;
	cells = cells_at(result, 0, NULL);
	head_cells(&cells, out);
	if (news) {
		news->overrides = cell_bool(&cells);
		news->comparisons = cell_bool(&cells);
		news->reviews = cell_bool(&cells);
	}
	err = cells_error(&cells);
	if (!err)
		store_note(conn->store, workspace, out->revision, &out->hash);
	return err;
}

/* `news` is NULL where the statement does not tell. */
static enum error ask_head(struct conn *conn, enum statement statement, const struct params *params,
	const struct uuid *workspace, struct head *out, struct head_news *news)
{
	PGresult *result;
	enum error err = conn_run(conn, statement, params, &result);

	if (err)
		return err;
	err = take_head(conn, result, workspace, out, news);
	PQclear(result);
	return err;
}

enum error head_row(
	struct conn *conn, enum statement statement, const struct uuid *workspace, struct head *out)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	return ask_head(conn, statement, &params, workspace, out, NULL);
}

enum error head_read(struct conn *conn, const struct uuid *workspace, struct head *out)
{
	return head_row(conn, STMT_HEAD_READ, workspace, out);
}

enum error head_read_news(struct conn *conn, const struct uuid *workspace, int64_t after,
	struct head *out, struct head_news *news)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, after);
	return ask_head(conn, STMT_HEAD_READ_NEWS, &params, workspace, out, news);
}

enum error heads_read(
	struct conn *conn, const struct uuid *workspaces, size_t count, int64_t *revisions)
{
	struct params params = PARAMS_INIT;
	struct buf ids = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	wire_uuid_array(&ids, workspaces, count);
	if (ids.failed)
		goto out;
	params_bytes(&params, ids.data, ids.len);
	err = conn_run(conn, STMT_HEADS_READ, &params, &result);
	if (!err && (size_t)PQntuples(result) != count)
		err = ERR_DATABASE;
	for (size_t i = 0; i < count && !err; i++) {
		struct cells cells = cells_at(result, (int)i, NULL);

		revisions[i] = cell_int8(&cells);
		err = cells_error(&cells);
		if (!err && revisions[i] > 0)
			store_note(conn->store, &workspaces[i], revisions[i], NULL);
	}
out:
	PQclear(result);
	buf_release(&ids);
	return err;
}

static enum error find_attempt(struct conn *conn, const struct uuid *workspace,
	const struct uuid *attempt, bool *committed, int64_t *revision, struct sha256 *hash)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_uuid(&params, attempt);
	err = conn_run(conn, STMT_AUDIT_ATTEMPT, &params, &result);
	if (err)
		return err;
	*committed = PQntuples(result) > 0;
	if (*committed) {
		cells = cells_at(result, 0, NULL);
		*revision = cell_int8(&cells);
		if (!cell_sha256(&cells, hash))
			cells.failed = true;
		err = cells_error(&cells);
	}
	PQclear(result);
	return err;
}

enum error attempt_settle(struct conn *conn, const struct uuid *workspace,
	const struct uuid *attempt, bool *committed, int64_t *revision, struct sha256 *hash)
{
	struct head head;
	enum error err;

	*committed = false;
	*revision = 0;
	*hash = (struct sha256){0};
	/* The lock is what makes the answer final: the backend of the lost connection holds it
	 * until its transaction has ended in one way or the other. */
	err = conn_begin(conn, CONN_WRITE, workspace);
	if (err)
		return err;
	err = head_row(conn, STMT_HEAD_LOCK, workspace, &head);
	if (!err)
		err = find_attempt(conn, workspace, attempt, committed, revision, hash);
	conn_end(conn, STMT_ROLLBACK);
	return err;
}

static void read_record(struct cells *cells, struct audit_record *out)
{
	bool whole;

	out->revision = cell_int8(cells);
	out->at_us = cell_time(cells);
	out->attempt = cell_uuid(cells);
	out->actor = cell_text(cells);
	out->action = cell_text(cells);
	out->subject = cell_text(cells);
	out->request_id = cell_text(cells);
	out->detail = cell_text(cells);
	whole = cell_sha256(cells, &out->detail_sha256);
	out->row_count = cell_int8(cells);
	whole = cell_sha256(cells, &out->rows_sha256) && whole;
	whole = cell_sha256(cells, &out->prev_hash) && whole;
	whole = cell_sha256(cells, &out->hash) && whole;
	if (!whole)
		cells->failed = true;
}

enum error audit_list(struct conn *conn, const struct uuid *workspace, int64_t after, size_t limit,
	const char *action, struct arena *arena, struct audit_record **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct audit_record *records;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	params_uuid(&params, workspace);
	params_int8(&params, after);
	params_int8(&params, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	params_text(&params, str_from(action));
	err = conn_run(conn, STMT_AUDIT_LIST, &params, &result);
	if (err)
		return err;
	records = arena_array(arena, (size_t)PQntuples(result), sizeof *records);
	if (!records)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		records[i].workspace = *workspace;
		read_record(&cells, &records[i]);
		err = cells_error(&cells);
	}
	if (!err) {
		*out = records;
		*count = (size_t)PQntuples(result);
	}
	if (*count > 0)
		store_note(conn->store, workspace, records[*count - 1].revision,
			&records[*count - 1].hash);
	PQclear(result);
	return err;
}

enum error record_time(
	struct conn *conn, const struct uuid *workspace, int64_t revision, int64_t *at_us)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_int8(&params, revision);
	err = conn_run(conn, STMT_RECORD_TIME, &params, &result);
	if (err)
		return err;
	if (PQntuples(result) == 0) {
		PQclear(result);
		return ERR_NOT_FOUND;
	}
	cells = cells_at(result, 0, NULL);
	*at_us = cell_time(&cells);
	PQclear(result);
	return cells_error(&cells);
}

struct tuple_reader {
	enum history_table table;
	bool (*row)(void *self, enum history_table table, int64_t revision, struct str tuple);
	void *self;
	struct buf tuple;
	enum error err;
};

/* The columns after the revision, as they were hashed when they were written. */
static bool read_tuple(void *self, const PGresult *result)
{
	struct tuple_reader *reader = self;
	struct cells cells = cells_at(result, 0, NULL);
	int64_t revision = cell_int8(&cells);
	struct buf *tuple = &reader->tuple;

	buf_reset(tuple);
	for (int i = 1; i < PQnfields(result); i++) {
		struct str value = cell_view(&cells);

		buf_be32(tuple, value.ptr ? (uint32_t)value.len : UINT32_MAX);
		buf_str(tuple, value);
	}
	reader->err = cells_error(&cells);
	if (!reader->err && tuple->failed)
		reader->err = ERR_NO_MEMORY;
	return !reader->err && reader->row(reader->self, reader->table, revision, buf_view(tuple));
}

enum error history_rows(struct conn *conn, const struct uuid *workspace, enum history_table table,
	int64_t from, int64_t to,
	bool (*row)(void *self, enum history_table table, int64_t revision, struct str tuple),
	void *self)
{
	struct tuple_reader reader = {.table = table, .row = row, .self = self};
	struct params params = PARAMS_INIT;
	enum error err;

	params_uuid(&params, workspace);
	params_int8(&params, from);
	params_int8(&params, to);
	err = conn_stream(
		conn, history_statement(HISTORY_ROWS, table), &params, read_tuple, &reader);
	buf_release(&reader.tuple);
	return err ? err : reader.err;
}

enum error history_stray(struct conn *conn, const struct uuid *workspace, int64_t head,
	enum history_table table, int64_t *first, int64_t *count)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_int8(&params, head);
	err = conn_run(conn, history_statement(HISTORY_STRAY, table), &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*first = cell_int8(&cells);
	*count = cell_int8(&cells);
	PQclear(result);
	return cells_error(&cells);
}

/*
 * Retiring the log up to a checkpoint: what is removed goes by one function of the database, as the
 * schema's owner alone; the step is a row of the history.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/rows.h"
#include "store/wire.h"

enum error retention_days(struct conn *conn, const struct uuid *workspace, int64_t *days)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	*days = 0;
	params_uuid(&params, workspace);
	err = conn_run(conn, STMT_RETENTION_DAYS, &params, &result);
	if (err)
		return err;
	if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0)) {
		struct cells cells = cells_at(result, 0, NULL);

		*days = cell_int8(&cells);
		err = cells_error(&cells);
	}
	PQclear(result);
	return err;
}

enum error retirement_remove(struct change *change, int64_t size)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, &change->workspace);
	params_int8(&params, size);
	return conn_run(change->tx->conn, STMT_RETIRE, &params, NULL);
}

enum error retirement_append(struct change *change, const struct retirement_row *row)
{
	struct rows *rows = change_rows(change, HISTORY_retirements);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_int8(rows, change->revision);
	row_int8(rows, row->first_revision);
	row_int8(rows, row->size);
	row_hash(rows, &row->root);
	row_hash(rows, &row->record_hash);
	row_hash(rows, &row->export_sha256);
	row_int8(rows, row->kept_rows);
	row_hash(rows, &row->kept_sha256);
	row_time(rows, row->retired_us);
	row_end(rows);
	return ERR_OK;
}

enum error retirement_newest(
	struct conn *conn, const struct uuid *workspace, struct retirement_row *out)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	bool whole;
	enum error err;

	*out = (struct retirement_row){0};
	params_uuid(&params, workspace);
	err = conn_run(conn, STMT_RETIREMENT_NEWEST, &params, &result);
	if (err)
		return err;
	if (PQntuples(result) == 0) {
		PQclear(result);
		return ERR_OK;
	}
	cells = cells_at(result, 0, NULL);
	out->revision = cell_int8(&cells);
	out->first_revision = cell_int8(&cells);
	out->size = cell_int8(&cells);
	whole = cell_sha256(&cells, &out->root);
	whole = cell_sha256(&cells, &out->record_hash) && whole;
	whole = cell_sha256(&cells, &out->export_sha256) && whole;
	out->kept_rows = cell_int8(&cells);
	whole = cell_sha256(&cells, &out->kept_sha256) && whole;
	out->retired_us = cell_time(&cells);
	if (!whole)
		cells.failed = true;
	PQclear(result);
	return cells_error(&cells);
}

struct mark_reader {
	bool (*mark)(void *self, const struct record_mark *mark);
	void *self;
	enum error err;
};

static bool read_mark(void *self, const PGresult *result)
{
	struct mark_reader *reader = self;
	struct cells cells = cells_at(result, 0, NULL);
	struct record_mark mark = {.revision = cell_int8(&cells)};

	mark.at_us = cell_time(&cells);
	if (!cell_sha256(&cells, &mark.hash))
		cells.failed = true;
	reader->err = cells_error(&cells);
	return !reader->err && reader->mark(reader->self, &mark);
}

enum error retired_records(struct conn *conn, const struct uuid *workspace, int64_t size,
	bool (*mark)(void *self, const struct record_mark *mark), void *self)
{
	struct mark_reader reader = {.mark = mark, .self = self};
	struct params params = PARAMS_INIT;
	enum error err;

	params_uuid(&params, workspace);
	params_int8(&params, size);
	err = conn_stream(conn, STMT_RETIRED_RECORDS_SCAN, &params, read_mark, &reader);
	return err ? err : reader.err;
}

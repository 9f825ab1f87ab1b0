/*
 * Going through all items of a workspace: for the live picture, and to check what is derived. Rows
 * arrive one by one, so that memory stays bounded.
 */
#include "store/aggregates.h"

#include "store/conn.h"
#include "store/item_cells.h"

/* Labels and features of a row live here; emptied when it has grown beyond this. */
enum { SCRATCH_BYTES = 64 * 1024, SCRATCH_BUDGET_BYTES = 16 * 1024 * 1024 };

struct version_reader {
	struct conn *conn;
	bool (*row)(void *self, const struct item_row *row);
	void *self;
	struct arena arena;
	enum error err;
};

static bool read_version(void *self, const PGresult *result)
{
	struct version_reader *reader = self;
	struct cells cells = cells_at(result, 0, &reader->arena);
	struct item_row row = {0};

	if (reader->arena.used_bytes > SCRATCH_BYTES)
		arena_release(&reader->arena);
	cells.borrow = true;
	cells_version(&cells, &row);
	row.text.title = cell_text(&cells);
	row.text.assignee = cell_text(&cells);
	reader->err = cells_error(&cells);
	if (!reader->err && !reader->row(reader->self, &row))
		reader->err = ERR_NO_MEMORY;
	/* Millions of rows may be on their way. */
	reader->conn->renew |= reader->err != ERR_OK;
	return !reader->err;
}

enum error item_versions_scan(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, bool (*row)(void *self, const struct item_row *row), void *self)
{
	struct version_reader reader = {.conn = conn, .row = row, .self = self};
	struct params params = PARAMS_INIT;
	enum error err;

	arena_init(&reader.arena, SCRATCH_BUDGET_BYTES);
	params_uuid(&params, workspace);
	params_int8(&params, upto);
	params_int8(&params, since);
	err = conn_stream(conn, STMT_ITEM_VERSIONS_SCAN_SINCE, &params, read_version, &reader);
	arena_release(&reader.arena);
	return reader.err ? reader.err : err;
}

static bool read_copied_version(void *self, struct str copied)
{
	struct version_reader *reader = self;
	struct cells cells = cells_of_copy(copied, &reader->arena);
	struct item_row row = {0};

	if (reader->arena.used_bytes > SCRATCH_BYTES)
		arena_release(&reader->arena);
	cells_version(&cells, &row);
	reader->err = cells_error(&cells);
	if (!reader->err && !reader->row(reader->self, &row))
		reader->err = ERR_NO_MEMORY;
	reader->conn->renew |= reader->err != ERR_OK;
	return !reader->err;
}

enum error item_versions_copy(struct conn *conn, int64_t upto,
	bool (*row)(void *self, const struct item_row *row), void *self)
{
	struct version_reader reader = {.conn = conn, .row = row, .self = self};
	struct params params = PARAMS_INIT;
	enum error err;

	arena_init(&reader.arena, SCRATCH_BUDGET_BYTES);
	params_int8(&params, upto);
	err = conn_run(conn, STMT_COPY_UPTO, &params, NULL);
	if (!err)
		err = conn_copy(conn, STMT_ITEM_VERSIONS_COPY, read_copied_version, &reader);
	arena_release(&reader.arena);
	return reader.err ? reader.err : err;
}

struct change_reader {
	struct conn *conn;
	bool (*row)(void *self, const struct status_change_row *row);
	void *self;
	enum error err;
};

static bool read_change(void *self, const PGresult *result)
{
	struct change_reader *reader = self;
	struct cells cells = cells_at(result, 0, NULL);
	struct status_change_row row = {.item = cell_uuid(&cells)};

	row.revision = cell_int8(&cells);
	row.at_us = cell_time(&cells);
	row.status = cell_view(&cells);
	row.changed = (uint32_t)cell_int4(&cells);
	reader->err = cells_error(&cells);
	if (!reader->err && !reader->row(reader->self, &row))
		reader->err = ERR_NO_MEMORY;
	reader->conn->renew |= reader->err != ERR_OK;
	return !reader->err;
}

enum error status_changes_scan(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, const uint16_t *features, size_t feature_count,
	bool (*row)(void *self, const struct status_change_row *row), void *self)
{
	struct change_reader reader = {.conn = conn, .row = row, .self = self};
	struct params params = PARAMS_INIT;
	struct buf ids = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	for (size_t i = 0; i < feature_count; i++)
		buf_printf(&ids, "%s%u", i > 0 ? "," : "", features[i]);
	params_uuid(&params, workspace);
	params_int8(&params, since);
	params_int8(&params, upto);
	params_text(&params, feature_count > 0 ? buf_view(&ids) : STR(""));
	if (!ids.failed)
		err = conn_stream(conn, STMT_STATUS_CHANGES_SCAN, &params, read_change, &reader);
	buf_release(&ids);
	return reader.err ? reader.err : err;
}

struct text_reader {
	struct conn *conn;
	bool (*row)(void *self, const struct sha256 *ref, const struct item_text *text);
	void *self;
	enum error err;
};

static bool read_copied_text(void *self, struct str copied)
{
	struct text_reader *reader = self;
	struct cells cells = cells_of_copy(copied, NULL);
	struct item_text text = {.title = STR_NONE};
	struct sha256 ref = {{0}};

	cell_sha256(&cells, &ref);
	text.title = cell_view(&cells);
	text.assignee = cell_view(&cells);
	reader->err = cells_error(&cells);
	if (!reader->err && !reader->row(reader->self, &ref, &text))
		reader->err = ERR_NO_MEMORY;
	reader->conn->renew |= reader->err != ERR_OK;
	return !reader->err;
}

enum error item_texts_copy(struct conn *conn,
	bool (*row)(void *self, const struct sha256 *ref, const struct item_text *text), void *self)
{
	struct text_reader reader = {.conn = conn, .row = row, .self = self};
	enum error err = conn_copy(conn, STMT_ITEM_TEXTS_COPY, read_copied_text, &reader);

	return reader.err ? reader.err : err;
}

enum error items_compare(
	struct conn *conn, const struct uuid *workspace, int64_t *different, struct uuid *example)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err = conn_run(conn, STMT_LONG_SCAN, NULL, NULL);

	if (err)
		return err;
	params_uuid(&params, workspace);
	err = conn_run(conn, STMT_ITEMS_COMPARE, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*different = cell_int8(&cells);
	*example = cell_uuid(&cells);
	PQclear(result);
	return cells_error(&cells);
}

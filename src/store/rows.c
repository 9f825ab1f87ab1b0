/*
 * The row encoder. A column is built once, in the form that is hashed (be32 length, bytes); the
 * composite that is sent has the type's number before each. Errors stick until rows_send.
 */
#include "store/rows.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/wire.h"

/* dimensions, flags, element type, count, lower bound */
enum { HEAD_BYTES = 20 };

struct rows {
	const struct row_type *type;
	const char *table;
	bool hashed;
	bool failed;     /* memory */
	bool mismatched; /* the table is not the one that this binary was made for */
	int column;
	size_t row_at; /* where the length of the row under construction goes */
	size_t column_at;
	struct buf sent;
	struct buf tuple; /* of the row under construction */
	struct sha256 *hashes;
	size_t count, cap;
	size_t queued; /* of count, those that rows_send has queued */
};

struct rows *rows_new(struct conn *conn, int table)
{
	static const char head[HEAD_BYTES];
	struct rows *rows = calloc(1, sizeof *rows);

	if (!rows)
		return NULL;
	rows->type = &conn->row_types[table];
	rows->table = row_table_name(table);
	rows->hashed = table < (int)HISTORY_COUNT;
	buf_append(&rows->sent, head, sizeof head);
	return rows;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	buf_release(&rows->sent);
	buf_release(&rows->tuple);
	free(rows->hashes);
	free(rows);
}

size_t rows_count(const struct rows *rows)
{
	return rows->count;
}

size_t rows_bytes(const struct rows *rows)
{
	return rows->sent.len - HEAD_BYTES;
}

struct rows_mark rows_mark(const struct rows *rows)
{
	return (struct rows_mark){rows->count, rows_bytes(rows)};
}

void rows_cut(struct rows *rows, struct rows_mark mark)
{
	if (rows->queued > mark.count || rows_bytes(rows) < mark.bytes) {
		rows->failed = true;
		return;
	}
	rows->count = mark.count;
	rows->sent.len = HEAD_BYTES + mark.bytes;
}

const struct sha256 *rows_hashes(const struct rows *rows)
{
	return rows->hashes;
}

void row_begin(struct rows *rows)
{
	rows->column = 0;
	buf_reset(&rows->tuple);
	rows->row_at = rows->sent.len;
	buf_be32(&rows->sent, 0);
	buf_be32(&rows->sent, (uint32_t)rows->type->columns);
}

/* Room for the length; the value's bytes are appended to the tuple after it. */
static void column_begin(struct rows *rows, uint32_t type)
{
	if (rows->column >= rows->type->columns || rows->type->types[rows->column] != type)
		rows->mismatched = true;
	rows->column_at = rows->tuple.len;
	buf_be32(&rows->tuple, 0);
}

static void column_end(struct rows *rows)
{
	const struct row_type *type = rows->type;
	size_t at = rows->column_at;

	if (rows->tuple.failed || rows->mismatched)
		return;
	wire_put32(rows->tuple.data + at, (uint32_t)(rows->tuple.len - at - 4));
	buf_be32(&rows->sent, type->types[rows->column++]);
	buf_append(&rows->sent, rows->tuple.data + at, rows->tuple.len - at);
}

static void column(struct rows *rows, uint32_t type, const void *data, size_t bytes)
{
	column_begin(rows, type);
	buf_append(&rows->tuple, data, bytes);
	column_end(rows);
}

void row_null(struct rows *rows)
{
	if (rows->column >= rows->type->columns || rows->mismatched) {
		rows->mismatched = true;
		return;
	}
	buf_be32(&rows->tuple, UINT32_MAX);
	buf_be32(&rows->sent, rows->type->types[rows->column++]);
	buf_be32(&rows->sent, UINT32_MAX);
}

void row_uuid(struct rows *rows, const struct uuid *value)
{
	if (!value)
		row_null(rows);
	else
		column(rows, WIRE_UUID, value->bytes, sizeof value->bytes);
}

static void column64(struct rows *rows, uint32_t type, uint64_t value)
{
	unsigned char bytes[8];

	wire_put64(bytes, value);
	column(rows, type, bytes, sizeof bytes);
}

void row_int8(struct rows *rows, int64_t value)
{
	column64(rows, WIRE_INT8, (uint64_t)value);
}

void row_int4(struct rows *rows, int32_t value)
{
	unsigned char bytes[4];

	wire_put32(bytes, (uint32_t)value);
	column(rows, WIRE_INT4, bytes, sizeof bytes);
}

void row_float8(struct rows *rows, double value)
{
	if (isnan(value))
		row_null(rows);
	else
		column64(rows, WIRE_FLOAT8, wire_float8_bits(value));
}

void row_text(struct rows *rows, struct str value)
{
	if (!value.ptr)
		row_null(rows);
	else
		column(rows, WIRE_TEXT, value.ptr, value.len);
}

void row_bytes(struct rows *rows, struct str value)
{
	if (!value.ptr)
		row_null(rows);
	else
		column(rows, WIRE_BYTEA, value.ptr, value.len);
}

void row_hash(struct rows *rows, const struct sha256 *value)
{
	if (!value)
		row_null(rows);
	else
		column(rows, WIRE_BYTEA, value->bytes, sizeof value->bytes);
}

void row_time(struct rows *rows, int64_t us)
{
	if (us == TIME_NONE)
		row_null(rows);
	else
		column64(rows, WIRE_TIMESTAMPTZ, (uint64_t)us - (uint64_t)WIRE_EPOCH_US);
}

void row_text_array(struct rows *rows, const struct str *values, size_t count)
{
	column_begin(rows, WIRE_TEXT_ARRAY);
	wire_text_array(&rows->tuple, values, count);
	column_end(rows);
}

void row_uuid_array(struct rows *rows, const struct uuid *values, size_t count)
{
	column_begin(rows, WIRE_UUID_ARRAY);
	wire_uuid_array(&rows->tuple, values, count);
	column_end(rows);
}

void row_int2_array(struct rows *rows, const uint16_t *values, size_t count)
{
	column_begin(rows, WIRE_INT2_ARRAY);
	wire_int2_array(&rows->tuple, values, count);
	column_end(rows);
}

void row_float8_array(struct rows *rows, const double *values, size_t count)
{
	column_begin(rows, WIRE_FLOAT8_ARRAY);
	wire_float8_array(&rows->tuple, values, count);
	column_end(rows);
}

static bool keep_hash(struct rows *rows)
{
	if (rows->count == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 4;
		struct sha256 *hashes = reallocarray(rows->hashes, cap, sizeof *hashes);

		if (!hashes)
			return false;
		rows->hashes = hashes;
		rows->cap = cap;
	}
	return audit_row_hash(rows->table, buf_view(&rows->tuple), &rows->hashes[rows->count]);
}

void row_end(struct rows *rows)
{
	if (rows->column != rows->type->columns)
		rows->mismatched = true;
	if (rows->sent.failed || rows->tuple.failed || rows->mismatched ||
		(rows->hashed && !keep_hash(rows))) {
		rows->failed = true;
		return;
	}
	wire_put32(rows->sent.data + rows->row_at, (uint32_t)(rows->sent.len - rows->row_at - 4));
	rows->count++;
}

enum error rows_send(struct rows *rows, struct conn *conn, enum statement insert)
{
	struct params params = PARAMS_INIT;
	char *head = rows->sent.data;
	enum error err;

	if (rows->mismatched) {
		log_write(LOG_ERROR, "table_mismatch",
			"A table does not have the columns that this binary writes",
			LOG_S("table", rows->table), NULL);
		return ERR_DATABASE;
	}
	if (rows->failed || rows->sent.failed)
		return ERR_NO_MEMORY;
	if (rows->count == rows->queued)
		return ERR_OK;
	/* PostgreSQL takes no value beyond 1 GB. */
	if (rows->sent.len > INT_MAX / 2)
		return ERR_TOO_LARGE;
	wire_put32(head, 1);
	wire_put32(head + 4, 0);
	wire_put32(head + 8, rows->type->oid);
	wire_put32(head + 12, (uint32_t)(rows->count - rows->queued));
	wire_put32(head + 16, 1);
	params_bytes(&params, head, rows->sent.len);
	err = conn_queue(conn, insert, &params);
	rows->queued = rows->count;
	rows->sent.len = HEAD_BYTES;
	return err;
}

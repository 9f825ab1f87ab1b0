/*
 * Rows of the history as JSON that says all of them: what an audit record's digest covers, readable, and
 * from what is read the hashed bytes can be made again. docs/evidence.md has the form.
 */
#ifndef WINNOW_CODEC_EVIDENCE_ROW_H
#define WINNOW_CODEC_EVIDENCE_ROW_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

enum column_type {
	COLUMN_UUID,
	COLUMN_INT4,
	COLUMN_INT8,
	COLUMN_FLOAT8,
	COLUMN_TEXT,
	COLUMN_BYTES,
	COLUMN_TIME,
	COLUMN_TEXTS,
	COLUMN_UUIDS,
	COLUMN_INT2S,
	COLUMN_FLOAT8S,
};
/* "uuid", "int4" …: as a bundle's header names it. */
const char *column_type_name(enum column_type type);

struct evidence_column {
	const char *name;
	enum column_type type;
};
struct evidence_table {
	const char *name;
	const struct evidence_column *columns;
	size_t column_count;
};
extern const struct evidence_table evidence_tables[];
extern const size_t evidence_table_count;
/* NULL: rows of this table are not shown. */
const struct evidence_table *evidence_table_named(struct str name);

/* One cell of a row's bytes (a be32 length, 0xffffffff for NULL, and so many bytes). *cell is absent for NULL.
 * False: no such column, or these are no rows of the table. */
bool evidence_cell(
	const struct evidence_table *table, struct str tuple, const char *column, struct str *cell);
/* The same of a column of one UUID; false for NULL, too. */
bool evidence_cell_uuid(
	const struct evidence_table *table, struct str tuple, const char *column, struct uuid *out);

/* Appends one JSON object, its members in table order, NULL as null. False: these are no bytes of such a
 * row; what was appended is to be cut off again. */
bool evidence_row_write(struct buf *out, const struct evidence_table *table, struct str tuple);

struct json_t;
/* The bytes again. False: a member is missing, beyond the table's, or not of its type; or memory is out
 * (out->failed). */
bool evidence_row_read(
	const struct json_t *json, const struct evidence_table *table, struct buf *out);

#endif

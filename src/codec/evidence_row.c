/*
 * A column of PostgreSQL's binary format and its JSON: text for what is text, a number where the number
 * is exactly the column's, lower-case hexadecimal for bytes.
 */
#include "codec/evidence_row.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "codec/json_writer.h"

#define TABLE(name) static const struct evidence_column name##_columns[] = {
#define COLUMN(name, type) {#name, COLUMN_##type},
#define END                                                                                        \
	}                                                                                          \
	;
#include "codec/evidence_tables.def"
#undef TABLE
#undef COLUMN
#undef END

#define TABLE(name) {#name, name##_columns, sizeof name##_columns / sizeof *name##_columns},
#define COLUMN(name, type)
#define END
const struct evidence_table evidence_tables[] = {
#include "codec/evidence_tables.def"
};
#undef TABLE
#undef COLUMN
#undef END
const size_t evidence_table_count = sizeof evidence_tables / sizeof *evidence_tables;

/* Of PostgreSQL's arrays; and 2000-01-01, from which it counts. */
enum { OID_INT2 = 21, OID_TEXT = 25, OID_FLOAT8 = 701, OID_UUID = 2950 };
static const int64_t pg_epoch_us = INT64_C(946684800000000);

const char *column_type_name(enum column_type type)
{
	static const char *const names[] = {
		[COLUMN_UUID] = "uuid",
		[COLUMN_INT4] = "int4",
		[COLUMN_INT8] = "int8",
		[COLUMN_FLOAT8] = "float8",
		[COLUMN_TEXT] = "text",
		[COLUMN_BYTES] = "bytea",
		[COLUMN_TIME] = "timestamptz",
		[COLUMN_TEXTS] = "text[]",
		[COLUMN_UUIDS] = "uuid[]",
		[COLUMN_INT2S] = "int2[]",
		[COLUMN_FLOAT8S] = "float8[]",
	};

	return names[type];
}

const struct evidence_table *evidence_table_named(struct str name)
{
	for (size_t i = 0; i < evidence_table_count; i++) {
		if (str_is(name, evidence_tables[i].name))
			return &evidence_tables[i];
	}
	return NULL;
}

/* ---- from bytes ---- */

static uint64_t be(const char *bytes, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

static bool take(struct str *rest, size_t bytes, struct str *out)
{
	if (rest->len < bytes)
		return false;
	*out = (struct str){rest->ptr, bytes};
	rest->ptr += bytes;
	rest->len -= bytes;
	return true;
}

/* A length and so many bytes; absent for NULL. */
static bool take_cell(struct str *rest, struct str *out)
{
	struct str head;
	uint32_t bytes;

	if (!take(rest, 4, &head))
		return false;
	bytes = (uint32_t)be(head.ptr, 4);
	if (bytes == UINT32_MAX) {
		*out = STR_NONE;
		return true;
	}
	return take(rest, bytes, out);
}

bool evidence_cell(
	const struct evidence_table *table, struct str tuple, const char *column, struct str *cell)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (!take_cell(&tuple, cell))
			return false;
		if (strcmp(table->columns[i].name, column) == 0)
			return true;
	}
	return false;
}

bool evidence_cell_uuid(
	const struct evidence_table *table, struct str tuple, const char *column, struct uuid *out)
{
	struct str cell;

	if (!evidence_cell(table, tuple, column, &cell) || cell.len != sizeof out->bytes)
		return false;
	memcpy(out->bytes, cell.ptr, sizeof out->bytes);
	return true;
}

/* What JSON's numbers cannot say, or would not say exactly, goes as its bits. */
static void write_float8(struct json_writer *json, uint64_t bits)
{
	char hex[17];
	double value;

	memcpy(&value, &bits, sizeof value);
	if (isfinite(value) && (value != 0 || !signbit(value))) {
		json_number(json, value);
		return;
	}
	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)bits);
	json_text(json, hex);
}

/* An instant outside of what can be written goes as its number. */
static void write_time(struct json_writer *json, int64_t pg_us)
{
	char text[32];
	int64_t us, back;

	if (__builtin_add_overflow(pg_us, pg_epoch_us, &us) ||
		!time_parse_rfc3339(str_from(time_to_text(us, text)), &back) || back != us)
		json_int(json, pg_us);
	else
		json_text(json, text);
}

static void write_hex(struct json_writer *json, struct str bytes)
{
	json_raw(json, STR("\""));
	buf_hex(json->out, bytes.ptr, bytes.len);
	buf_putc(json->out, '"');
}

static size_t width_of(enum column_type type)
{
	switch (type) {
	case COLUMN_UUID: return 16;
	case COLUMN_INT4: return 4;
	case COLUMN_INT8:
	case COLUMN_FLOAT8:
	case COLUMN_TIME: return 8;
	default: return 0; /* any */
	}
}

static bool write_scalar(struct json_writer *json, enum column_type type, struct str cell)
{
	struct uuid id;

	if (width_of(type) != 0 && cell.len != width_of(type))
		return false;
	switch (type) {
	case COLUMN_UUID:
		memcpy(id.bytes, cell.ptr, sizeof id.bytes);
		json_uuid(json, &id);
		return true;
	case COLUMN_INT4: json_int(json, (int32_t)(uint32_t)be(cell.ptr, 4)); return true;
	case COLUMN_INT8: json_int(json, (int64_t)be(cell.ptr, 8)); return true;
	case COLUMN_FLOAT8: write_float8(json, be(cell.ptr, 8)); return true;
	case COLUMN_TIME: write_time(json, (int64_t)be(cell.ptr, 8)); return true;
	case COLUMN_TEXT: json_str(json, cell); return str_is_utf8(cell);
	default: write_hex(json, cell); return true;
	}
}

struct element {
	uint32_t oid;
	enum column_type type; /* COLUMN_INT4 stands for two bytes, too */
	size_t bytes;          /* 0: any */
};

static struct element element_of(enum column_type array)
{
	switch (array) {
	case COLUMN_TEXTS: return (struct element){OID_TEXT, COLUMN_TEXT, 0};
	case COLUMN_UUIDS: return (struct element){OID_UUID, COLUMN_UUID, 16};
	case COLUMN_INT2S: return (struct element){OID_INT2, COLUMN_INT4, 2};
	default: return (struct element){OID_FLOAT8, COLUMN_FLOAT8, 8};
	}
}

/* As they are written: of one dimension from 1 on, or none; no NULL in them. */
static bool open_array(struct str *cell, const struct element *element, uint32_t *count)
{
	struct str head, bounds;
	uint32_t dimensions;

	if (!take(cell, 12, &head))
		return false;
	dimensions = (uint32_t)be(head.ptr, 4);
	*count = 0;
	if (dimensions > 1 || be(head.ptr + 4, 4) != 0 || be(head.ptr + 8, 4) != element->oid)
		return false;
	if (dimensions == 0)
		return true;
	if (!take(cell, 8, &bounds) || be(bounds.ptr + 4, 4) != 1)
		return false;
	*count = (uint32_t)be(bounds.ptr, 4);
	return *count > 0;
}

static bool write_array(struct json_writer *json, enum column_type type, struct str cell)
{
	struct element element = element_of(type);
	struct str value;
	uint32_t count;

	if (!open_array(&cell, &element, &count))
		return false;
	json_array_begin(json);
	for (uint32_t i = 0; i < count; i++) {
		if (!take_cell(&cell, &value) || !value.ptr ||
			(element.bytes != 0 && value.len != element.bytes))
			return false;
		if (element.bytes == 2)
			json_int(json, (int16_t)(uint16_t)be(value.ptr, 2));
		else if (!write_scalar(json, element.type, value))
			return false;
	}
	json_array_end(json);
	return cell.len == 0;
}

bool evidence_row_write(struct buf *out, const struct evidence_table *table, struct str tuple)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	for (size_t i = 0; i < table->column_count; i++) {
		enum column_type type = table->columns[i].type;
		struct str cell;

		if (!take_cell(&tuple, &cell))
			return false;
		json_key(&json, table->columns[i].name);
		if (!cell.ptr)
			json_nil(&json);
		else if (type >= COLUMN_TEXTS ? !write_array(&json, type, cell)
					      : !write_scalar(&json, type, cell))
			return false;
	}
	json_object_end(&json);
	return tuple.len == 0;
}

/* ---- and back ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const json_t *json, struct buf *out)
{
	const char *text = json_string_value(json);
	size_t len = json_string_length(json);

	if (!text || len % 2 != 0)
		return false;
	buf_be32(out, (uint32_t)(len / 2));
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		buf_putc(out, (char)(unsigned char)(high << 4 | low));
	}
	return true;
}

static bool read_float8(const json_t *json, struct buf *out)
{
	double value = json_number_value(json);
	uint64_t bits;

	if (json_is_string(json))
		return json_string_length(json) == 16 && read_hex(json, out);
	if (!json_is_number(json))
		return false;
	memcpy(&bits, &value, sizeof bits);
	buf_be32(out, 8);
	buf_be64(out, bits);
	return true;
}

static bool read_time(const json_t *json, struct buf *out)
{
	struct str text = {json_string_value(json), json_string_length(json)};
	int64_t us = json_integer_value(json);

	if (json_is_string(json)) {
		if (!time_parse_rfc3339(text, &us))
			return false;
		us -= pg_epoch_us;
	} else if (!json_is_integer(json)) {
		return false;
	}
	buf_be32(out, 8);
	buf_be64(out, (uint64_t)us);
	return true;
}

static bool read_int(const json_t *json, size_t bytes, struct buf *out)
{
	int64_t value = json_integer_value(json);
	int64_t most = bytes == 8 ? INT64_MAX : (INT64_C(1) << (8 * bytes - 1)) - 1;

	if (!json_is_integer(json) || value > most || value < -most - 1)
		return false;
	buf_be32(out, (uint32_t)bytes);
	for (size_t i = bytes; i-- > 0;)
		buf_putc(out, (char)(unsigned char)((uint64_t)value >> (8 * i)));
	return true;
}

static bool read_uuid(struct str text, struct buf *out)
{
	struct uuid id;

	if (!text.ptr || !uuid_from_text(text, &id))
		return false;
	buf_be32(out, sizeof id.bytes);
	buf_append(out, id.bytes, sizeof id.bytes);
	return true;
}

static bool read_scalar(const json_t *json, enum column_type type, struct buf *out)
{
	struct str text = {json_string_value(json), json_string_length(json)};

	switch (type) {
	case COLUMN_UUID: return read_uuid(text, out);
	case COLUMN_INT4: return read_int(json, 4, out);
	case COLUMN_INT8: return read_int(json, 8, out);
	case COLUMN_FLOAT8: return read_float8(json, out);
	case COLUMN_TIME: return read_time(json, out);
	case COLUMN_BYTES: return read_hex(json, out);
	default:
		if (!text.ptr)
			return false;
		buf_be32(out, (uint32_t)text.len);
		buf_str(out, text);
		return true;
	}
}

static bool read_array(const json_t *json, enum column_type type, struct buf *out)
{
	struct element element = element_of(type);
	size_t count = json_array_size(json), at = out->len;
	bool good = json_is_array(json);

	buf_be32(out, 0);
	buf_be32(out, count > 0);
	buf_be32(out, 0);
	buf_be32(out, element.oid);
	if (count > 0) {
		buf_be32(out, (uint32_t)count);
		buf_be32(out, 1);
	}
	for (size_t i = 0; good && i < count; i++) {
		const json_t *value = json_array_get(json, i);

		good = element.bytes == 2 ? read_int(value, 2, out)
					  : read_scalar(value, element.type, out);
	}
	if (out->failed)
		return false;
	for (size_t i = 0, bytes = out->len - at - 4; i < 4; i++)
		out->data[at + i] = (char)(unsigned char)(bytes >> (24 - 8 * i));
	return good;
}

bool evidence_row_read(const json_t *json, const struct evidence_table *table, struct buf *out)
{
	bool good = json_is_object(json) && json_object_size(json) == table->column_count;

	for (size_t i = 0; good && i < table->column_count; i++) {
		const struct evidence_column *column = &table->columns[i];
		const json_t *value = json_object_get(json, column->name);

		if (json_is_null(value))
			buf_be32(out, UINT32_MAX);
		else
			good = value && (column->type >= COLUMN_TEXTS
							? read_array(value, column->type, out)
							: read_scalar(value, column->type, out));
	}
	return good && !out->failed;
}

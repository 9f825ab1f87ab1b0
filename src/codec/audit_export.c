/*
 * The audit log outside of the database: one line per record with the rows that it covers, exact
 * to the byte, so that the chain can be checked by somebody who trusts neither the database nor
 * the daemon. detail goes as a string, since its bytes are what was hashed.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "codec/audit_chain.h"
#include "codec/json.h"
#include "codec/json_writer.h"

static void put_hash(struct json_writer *json, const char *key, const struct sha256 *hash)
{
	char hex[SHA256_HEX_SIZE];

	json_put(json, key, text, sha256_to_hex(hash, hex));
}

static void put_text(struct json_writer *json, const char *key, struct str text)
{
	json_put(json, key, str, text.ptr ? text : STR(""));
}

static void put_record(struct json_writer *json, const struct audit_record *record, bool exact)
{
	json_object_begin(json);
	json_put(json, "workspace", uuid, &record->workspace);
	json_put(json, "revision", int, record->revision);
	json_put(json, "at", time, record->at_us);
	json_put(json, "attempt_id", uuid, &record->attempt);
	put_text(json, "actor", record->actor);
	if (!exact && record->actor_kind.ptr)
		put_text(json, "actor_kind", record->actor_kind);
	put_text(json, "action", record->action);
	put_text(json, "subject", record->subject);
	put_text(json, "request_id", record->request_id);
	json_key(json, "detail");
	if (exact || record->detail.len == 0)
		json_str(json, record->detail.ptr ? record->detail : STR(""));
	else
		json_raw(json, record->detail);
	put_hash(json, "detail_sha256", &record->detail_sha256);
	json_put(json, "row_count", int, record->row_count);
	put_hash(json, "rows_sha256", &record->rows_sha256);
	put_hash(json, "prev_hash", &record->prev_hash);
	put_hash(json, "hash", &record->hash);
	json_object_end(json);
}

void audit_record_write(struct buf *out, const struct audit_record *record)
{
	struct json_writer json;

	json_writer_init(&json, out);
	put_record(&json, record, false);
}

void audit_record_put(struct json_writer *json, const struct audit_record *record)
{
	put_record(json, record, true);
}

void audit_export_write(struct buf *out, const struct audit_record *record,
	const struct audit_export_row *rows, size_t row_count)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_key(&json, "record");
	put_record(&json, record, true);
	json_key(&json, "rows");
	json_array_begin(&json);
	for (size_t i = 0; i < row_count; i++) {
		json_object_begin(&json);
		json_put(&json, "table", text, rows[i].table);
		json_key(&json, "data");
		json_raw(&json, STR("\""));
		buf_hex(out, rows[i].tuple.ptr, rows[i].tuple.len);
		buf_putc(out, '"');
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	buf_putc(out, '\n');
}

/* ---- reading ---- */

struct export_reader {
	const json_t *object;
	const char *pointer;
	struct arena *arena;
	struct diag *diag;
};

static struct str read_text(const struct export_reader *reader, const char *key, bool *good)
{
	struct str text;

	*good &= json_read_text(reader->object, key, 0, SIZE_MAX, true, reader->pointer,
		reader->diag, reader->arena, &text);
	return text;
}

static void read_hash(
	const struct export_reader *reader, const char *key, struct sha256 *out, bool *good)
{
	struct str text = read_text(reader, key, good);

	if (!text.ptr || sha256_from_hex(text.ptr, text.len, out))
		return;
	diag_add(reader->diag, diag_key(reader->diag, reader->pointer, key),
		"Must be a SHA-256 in hexadecimal.");
	*good = false;
}

static void read_uuid(
	const struct export_reader *reader, const char *key, struct uuid *out, bool *good)
{
	struct str text = read_text(reader, key, good);

	if (!text.ptr || uuid_from_text(text, out))
		return;
	diag_add(reader->diag, diag_key(reader->diag, reader->pointer, key), "Must be a UUID.");
	*good = false;
}

static void read_int(
	const struct export_reader *reader, const char *key, int64_t min, int64_t *out, bool *good)
{
	*good &= json_read_int(
		reader->object, key, min, INT64_MAX, true, 0, reader->pointer, reader->diag, out);
}

static bool read_record(const struct export_reader *reader, struct audit_record *out)
{
	static const char *const keys[] = {"workspace", "revision", "at", "attempt_id", "actor",
		"action", "subject", "request_id", "detail", "detail_sha256", "row_count",
		"rows_sha256", "prev_hash", "hash", NULL};
	bool good = json_only_keys(reader->object, keys, reader->pointer, reader->diag);

	read_uuid(reader, "workspace", &out->workspace, &good);
	read_int(reader, "revision", 1, &out->revision, &good);
	good &= json_read_time(
		reader->object, "at", true, reader->pointer, reader->diag, &out->at_us);
	read_uuid(reader, "attempt_id", &out->attempt, &good);
	out->actor = read_text(reader, "actor", &good);
	out->action = read_text(reader, "action", &good);
	out->subject = read_text(reader, "subject", &good);
	out->request_id = read_text(reader, "request_id", &good);
	out->detail = read_text(reader, "detail", &good);
	read_hash(reader, "detail_sha256", &out->detail_sha256, &good);
	read_int(reader, "row_count", 0, &out->row_count, &good);
	read_hash(reader, "rows_sha256", &out->rows_sha256, &good);
	read_hash(reader, "prev_hash", &out->prev_hash, &good);
	read_hash(reader, "hash", &out->hash, &good);
	return good;
}

bool audit_record_read(
	const json_t *object, struct arena *arena, struct diag *diag, struct audit_record *out)
{
	const struct export_reader reader = {object, "/record", arena, diag};

	*out = (struct audit_record){0};
	return read_record(&reader, out);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Into the arena; false with a fault, or without one when memory is out. */
static bool read_data(const struct export_reader *reader, struct str *out)
{
	const json_t *data = json_object_get(reader->object, "data");
	const char *hex = json_string_value(data);
	size_t bytes = json_string_length(data) / 2;
	bool good = hex && json_string_length(data) % 2 == 0;
	char *to = good ? arena_alloc(reader->arena, bytes) : NULL;

	for (size_t i = 0; to && good && i < bytes; i++) {
		int high = hex_value(hex[2 * i]);
		int low = hex_value(hex[2 * i + 1]);

		good = high >= 0 && low >= 0;
		to[i] = (char)(unsigned char)((high & 15) << 4 | (low & 15));
	}
	if (!good)
		diag_add(reader->diag, diag_key(reader->diag, reader->pointer, "data"),
			"Must be bytes in lower-case hexadecimal.");
	*out = (struct str){to, bytes};
	return good && to;
}

static bool read_rows(struct export_reader *reader, const json_t *rows,
	struct audit_export_row **out, size_t *count)
{
	static const char *const keys[] = {"table", "data", NULL};
	size_t size = json_array_size(rows);
	bool good = json_is_array(rows);

	if (!good)
		diag_add(reader->diag, "/rows", "Must be an array, not %s.", json_type_word(rows));
	*count = size;
	*out = arena_array(reader->arena, size, sizeof **out);
	for (size_t i = 0; *out && good && i < size; i++) {
		reader->object = json_array_get(rows, i);
		reader->pointer = diag_index(reader->diag, "/rows", i);
		good = json_only_keys(reader->object, keys, reader->pointer, reader->diag);
		(*out)[i].table = read_text(reader, "table", &good).ptr;
		good = good && read_data(reader, &(*out)[i].tuple);
	}
	return good && *out;
}

enum error audit_export_parse(struct str line, size_t line_number, struct arena *arena,
	struct diag *diag, struct audit_record *record, struct audit_export_row **rows,
	size_t *row_count)
{
	static const char *const keys[] = {"record", "rows", NULL};
	struct export_reader reader = {NULL, "/record", arena, diag};
	size_t faults = diag->count + diag->omitted;
	json_t *json;
	enum error error = json_parse(line, line_number, "", diag, &json);
	bool good;

	*record = (struct audit_record){0};
	*rows = NULL;
	*row_count = 0;
	if (error)
		return error;
	good = json_only_keys(json, keys, "", diag);
	reader.object = json_object_get(json, "record");
	good = read_record(&reader, record) && good;
	good = good && read_rows(&reader, json_object_get(json, "rows"), rows, row_count);
	json_decref(json);
	if (good)
		return ERR_OK;
	return diag->count + diag->omitted > faults ? ERR_INVALID : ERR_NO_MEMORY;
}

bool audit_export_digest(struct arena *arena, const struct audit_export_row *rows, size_t row_count,
	struct sha256 *out)
{
	struct sha256 *hashes = arena_array(arena, row_count, sizeof *hashes);
	bool good = hashes != NULL;

	for (size_t i = 0; good && i < row_count; i++)
		good = audit_row_hash(rows[i].table, rows[i].tuple, &hashes[i]);
	return good && audit_rows_digest(hashes, row_count, out);
}

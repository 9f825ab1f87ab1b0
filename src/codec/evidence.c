/*
 * The lines that the daemon writes and the offline verifier reads, and what seals them.
 */
#include "codec/evidence.h"

#include <string.h>

#include "base/arena.h"
#include "codec/json.h"

static const char *const part_names[EVIDENCE_PARTS] = {
	[EVIDENCE_HEADER] = "header",
	[EVIDENCE_CHECKPOINT] = "checkpoint",
	[EVIDENCE_VERIFICATION] = "verification",
	[EVIDENCE_ARTICLES] = "articles",
	[EVIDENCE_RECORDS] = "records",
	[EVIDENCE_TEXTS] = "texts",
	[EVIDENCE_ITEMS] = "items",
	[EVIDENCE_MODELS] = "models",
	[EVIDENCE_DRIFT] = "drift",
	[EVIDENCE_ACTORS] = "actors",
	[EVIDENCE_MANIFEST] = "manifest",
	[EVIDENCE_SIGNATURE] = "signature",
};

const char *evidence_part_name(enum evidence_part part)
{
	return part_names[part];
}

enum evidence_part evidence_part_named(struct str name)
{
	int part = 0;

	while (part < EVIDENCE_PARTS && !str_is(name, part_names[part]))
		part++;
	return (enum evidence_part)part;
}

enum evidence_part evidence_part_of(struct str line)
{
	static const char begin[] = "{\"part\":\"";
	const size_t skip = sizeof begin - 1;
	const char *end;

	if (line.len <= skip || memcmp(line.ptr, begin, skip) != 0)
		return EVIDENCE_PARTS;
	end = memchr(line.ptr + skip, '"', line.len - skip);
	return end ? evidence_part_named(
			     (struct str){line.ptr + skip, (size_t)(end - line.ptr) - skip})
		   : EVIDENCE_PARTS;
}

/* ---- writing ---- */

void evidence_line_begin(struct json_writer *json, struct buf *out, enum evidence_part part)
{
	json_writer_init(json, out);
	json_object_begin(json);
	json_put(json, "part", text, part_names[part]);
}

void evidence_line_end(struct json_writer *json)
{
	json_object_end(json);
	buf_putc(json->out, '\n');
}

static void put_hashes(
	struct json_writer *json, const char *key, const struct sha256 *hashes, size_t count)
{
	char hex[SHA256_HEX_SIZE];

	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_text(json, sha256_to_hex(&hashes[i], hex));
	json_array_end(json);
}

bool evidence_write_record(struct buf *out, const struct evidence_record *record)
{
	struct json_writer json;
	bool good = true;

	evidence_line_begin(&json, out, EVIDENCE_RECORDS);
	json_key(&json, "record");
	audit_record_put(&json, &record->record);
	json_key(&json, "rows");
	json_array_begin(&json);
	for (size_t i = 0; good && i < record->row_count; i++) {
		json_object_begin(&json);
		json_put(&json, "table", text, record->rows[i].table->name);
		json_key(&json, "row");
		json_raw(&json, STR(""));
		good = evidence_row_write(out, record->rows[i].table, record->rows[i].tuple);
		json_object_end(&json);
	}
	json_array_end(&json);
	put_hashes(&json, "others", record->others, record->other_count);
	put_hashes(&json, "proof", record->proof->hashes, record->proof->count);
	evidence_line_end(&json);
	return good;
}

/* ---- articles ---- */

/* Regulation (EU) 2024/1689. What an article asks, in short words of our own, and what here serves it. */
static const struct {
	const char *article, *asks, *serves;
	enum evidence_part parts[6];
	size_t part_count;
} articles[] = {
	{"9", "risks are managed over the whole life of the system",
		"risk categories of items and models; what was held, excluded, overridden and "
		"stopped, "
		"and why",
		{EVIDENCE_ITEMS, EVIDENCE_MODELS, EVIDENCE_RECORDS, EVIDENCE_DRIFT}, 4},
	{"10", "data are governed: where they come from, and what they lack",
		"versions of the items with the provenance of each value; definitions of the "
		"features; "
		"the data that a model's card names",
		{EVIDENCE_RECORDS, EVIDENCE_ITEMS, EVIDENCE_MODELS}, 3},
	{"11", "technical documentation is kept up to date",
		"models and policies in full, each version with its digest, and their cards",
		{EVIDENCE_MODELS, EVIDENCE_RECORDS}, 2},
	{"12", "events are recorded automatically over the life of the system",
		"every record of the log in the span, proved against a signed checkpoint",
		{EVIDENCE_RECORDS, EVIDENCE_CHECKPOINT, EVIDENCE_VERIFICATION, EVIDENCE_MANIFEST,
			EVIDENCE_SIGNATURE},
		5},
	{"13", "deployers can interpret what comes out, and are told purpose and limits",
		"intended use and limits of each model; places before and after the span; how the "
		"log is "
		"read (docs/evidence.md)",
		{EVIDENCE_MODELS, EVIDENCE_ITEMS}, 2},
	{"14", "people can oversee the system, override it and stop it",
		"reviews, overrides, approvals, bypasses, suspensions and roll-backs with their "
		"reasons, "
		"and which kind of actor each was",
		{EVIDENCE_RECORDS, EVIDENCE_TEXTS, EVIDENCE_ACTORS}, 3},
	{"15", "it stays accurate and robust, and cannot be altered unnoticed",
		"how often the model was overridden and how scores lie, then and now; the verdict "
		"on the "
		"whole log",
		{EVIDENCE_DRIFT, EVIDENCE_VERIFICATION, EVIDENCE_CHECKPOINT}, 3},
	{"19", "providers keep the logs that the system makes",
		"the records themselves, in a form that outlives the database", {EVIDENCE_RECORDS},
		1},
	{"26", "deployers watch over its use, keep its logs, and can stop it",
		"who acted, by opaque ids; what was suspended; the records; how the model drifts",
		{EVIDENCE_RECORDS, EVIDENCE_ACTORS, EVIDENCE_DRIFT}, 3},
};

void evidence_write_articles(struct buf *out)
{
	for (size_t i = 0; i < sizeof articles / sizeof *articles; i++) {
		struct json_writer json;

		evidence_line_begin(&json, out, EVIDENCE_ARTICLES);
		json_put(&json, "regulation", text, "(EU) 2024/1689");
		json_put(&json, "article", text, articles[i].article);
		json_put(&json, "asks", text, articles[i].asks);
		json_put(&json, "serves", text, articles[i].serves);
		json_key(&json, "parts");
		json_array_begin(&json);
		for (size_t k = 0; k < articles[i].part_count; k++)
			json_text(&json, part_names[articles[i].parts[k]]);
		json_array_end(&json);
		evidence_line_end(&json);
	}
}

/* ---- sealing ---- */

/* The length of the line that begins at `at`, newline included. */
static size_t line_length(const struct buf *buf, size_t at)
{
	const char *end = memchr(buf->data + at, '\n', buf->len - at);

	return end ? (size_t)(end - buf->data) + 1 - at : buf->len - at;
}

/* One part: how many lines and bytes, their hash, and the hash of each. Moves *at behind it. */
static bool put_part(struct json_writer *json, const struct buf *lines, size_t *at)
{
	enum evidence_part part =
		evidence_part_of((struct str){lines->data + *at, lines->len - *at});
	size_t begin = *at;
	struct sha256 hash;
	char hex[SHA256_HEX_SIZE];
	bool good = part < EVIDENCE_PARTS;
	int64_t count = 0;

	json_object_begin(json);
	json_put(json, "name", text, good ? part_names[part] : NULL);
	json_key(json, "line_sha256");
	json_array_begin(json);
	while (good && *at < lines->len &&
		evidence_part_of((struct str){lines->data + *at, lines->len - *at}) == part) {
		size_t bytes = line_length(lines, *at);

		good = sha256_of(lines->data + *at, bytes, &hash);
		json_text(json, sha256_to_hex(&hash, hex));
		*at += bytes;
		count++;
	}
	json_array_end(json);
	json_put(json, "lines", int, count);
	json_put(json, "bytes", int, (int64_t)(*at - begin));
	good = good && sha256_of(lines->data + begin, *at - begin, &hash);
	json_put(json, "sha256", text, sha256_to_hex(&hash, hex));
	json_object_end(json);
	return good;
}

static bool write_manifest(struct buf *out, size_t begin)
{
	struct buf manifest = BUF_INIT;
	struct json_writer json;
	size_t at = begin;
	bool good = !out->failed;

	evidence_line_begin(&json, &manifest, EVIDENCE_MANIFEST);
	json_key(&json, "parts");
	json_array_begin(&json);
	while (good && at < out->len)
		good = put_part(&json, out, &at);
	json_array_end(&json);
	evidence_line_end(&json);
	buf_str(out, buf_view(&manifest));
	good = good && !manifest.failed && !out->failed;
	buf_release(&manifest);
	return good;
}

void evidence_statement(
	struct buf *out, const char *name, const struct uuid *workspace, const struct sha256 *lines)
{
	char hex[SHA256_HEX_SIZE];

	buf_puts(out, EVIDENCE_SCHEMA " ");
	checkpoint_origin(out, name, workspace);
	buf_printf(out, "\n%s\n", sha256_to_hex(lines, hex));
}

bool evidence_seal(struct buf *out, size_t begin, const struct note_signer *signer,
	const struct uuid *workspace)
{
	struct buf text = BUF_INIT, note = BUF_INIT;
	struct json_writer json;
	struct sha256 hash;
	bool good =
		write_manifest(out, begin) && sha256_of(out->data + begin, out->len - begin, &hash);

	if (good) {
		evidence_statement(&text, signer->verifier.name, workspace, &hash);
		good = !text.failed && note_sign(signer, buf_view(&text), &note);
	}
	if (good) {
		evidence_line_begin(&json, out, EVIDENCE_SIGNATURE);
		json_put(&json, "note", str, buf_view(&note));
		evidence_line_end(&json);
	}
	buf_release(&text);
	buf_release(&note);
	return good && !out->failed;
}

int64_t evidence_alias_version(struct str body)
{
	struct arena arena;
	struct diag diag;
	const json_t *named;
	json_t *json;
	int64_t version = 0;

	arena_init(&arena, 4096);
	diag_init(&diag, &arena);
	if (json_parse(body, 1, "", &diag, &json) == ERR_OK) {
		named = json_object_get(json, "model");
		version = json_integer_value(named ? named : json_object_get(json, "policy"));
		json_decref(json);
	}
	arena_release(&arena);
	return version;
}

/* ---- reading ---- */

static bool read_hash(const json_t *json, struct diag *diag, struct sha256 *out)
{
	const char *hex = json_string_value(json);

	if (hex && sha256_from_hex(hex, json_string_length(json), out))
		return true;
	diag_add(diag, "", "Among the hashes is something that is no SHA-256 in hexadecimal.");
	return false;
}

/* Rows that are shown are made into their bytes again, and hashed as the log did. */
static enum error read_rows(const json_t *rows, struct arena *arena, struct diag *diag,
	const struct evidence_taker *taker, struct sha256 *hashes)
{
	struct buf tuple = BUF_INIT;
	enum error error = ERR_OK;

	for (size_t i = 0; !error && i < json_array_size(rows); i++) {
		const json_t *shown = json_array_get(rows, i);
		const json_t *name = json_object_get(shown, "table");
		const struct evidence_table *table = evidence_table_named(
			(struct str){json_string_value(name), json_string_length(name)});
		struct str bytes;

		buf_reset(&tuple);
		if (!table || json_object_size(shown) != 2 ||
			!evidence_row_read(json_object_get(shown, "row"), table, &tuple)) {
			diag_add(diag, diag_index(diag, "/rows", i),
				"This is no row of a table that is known here.");
			error = tuple.failed ? ERR_NO_MEMORY : ERR_INVALID;
			break;
		}
		bytes = (struct str){arena_strdup(arena, buf_view(&tuple)), tuple.len};
		if (!bytes.ptr || !audit_row_hash(table->name, bytes, &hashes[i]) ||
			!taker->row(taker->self, table, bytes))
			error = ERR_NO_MEMORY;
	}
	buf_release(&tuple);
	return error;
}

static bool read_proof(const json_t *json, struct diag *diag, struct merkle_proof *out)
{
	bool good = json_is_array(json) && json_array_size(json) <= MERKLE_PROOF_MAX;

	if (!good)
		diag_add(diag, "/proof", "This is no proof.");
	out->count = good ? json_array_size(json) : 0;
	for (size_t i = 0; good && i < out->count; i++)
		good = read_hash(json_array_get(json, i), diag, &out->hashes[i]);
	return good;
}

enum error evidence_read_record(const json_t *line, struct arena *arena, struct diag *diag,
	const struct evidence_taker *taker, struct evidence_read *out)
{
	static const char *const keys[] = {"part", "record", "rows", "others", "proof", NULL};
	const json_t *rows = json_object_get(line, "rows");
	const json_t *others = json_object_get(line, "others");
	size_t faults = diag->count + diag->omitted, shown = json_array_size(rows);
	bool good = json_only_keys(line, keys, "", diag) && json_is_array(rows) &&
		    json_is_array(others);
	enum error error;

	*out = (struct evidence_read){.hash_count = shown + json_array_size(others)};
	out->hashes = arena_array(arena, out->hash_count + 1, sizeof *out->hashes);
	if (!out->hashes)
		return ERR_NO_MEMORY;
	good = good &&
	       audit_record_read(json_object_get(line, "record"), arena, diag, &out->record) &&
	       read_proof(json_object_get(line, "proof"), diag, &out->proof);
	for (size_t i = 0; good && i < json_array_size(others); i++)
		good = read_hash(json_array_get(others, i), diag, &out->hashes[shown + i]);
	if (!good) {
		if (diag->count + diag->omitted == faults)
			diag_add(diag, "", "This is no record of a bundle.");
		return ERR_INVALID;
	}
	error = read_rows(rows, arena, diag, taker, out->hashes);
	return error;
}

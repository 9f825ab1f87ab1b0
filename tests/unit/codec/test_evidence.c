/*
 * Rows as JSON and back to the hashed bytes; and a whole bundle, of which no byte can be changed unnoticed.
 */
#include "codec/evidence_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "codec/json.h"

static void put_cell(struct buf *out, const void *bytes, size_t count)
{
	buf_be32(out, (uint32_t)count);
	buf_append(out, bytes, count);
}

static void put_int8(struct buf *out, int64_t value)
{
	buf_be32(out, 8);
	buf_be64(out, (uint64_t)value);
}

static void put_null(struct buf *out)
{
	buf_be32(out, UINT32_MAX);
}

static void put_double(struct buf *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	buf_be32(out, 8);
	buf_be64(out, bits);
}

static const struct uuid workspace = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
static const struct uuid item = {{0x20}};

/* An override without end that is not there: of every type of column but arrays. */
static void make_override(struct buf *out, double delta)
{
	unsigned char ref[SHA256_BYTES] = {0xab};

	put_cell(out, workspace.bytes, 16);
	put_cell(out, item.bytes, 16);
	put_int8(out, INT64_MAX);
	put_cell(out, item.bytes, 16);
	put_cell(out, "boost", 5);
	put_null(out);
	put_double(out, delta);
	put_cell(out, "", 0);
	put_null(out);
	put_int8(out, 812345678901234);
	put_int8(out, INT64_MAX);
	put_cell(out, "tok\"e\n\xc3\xa4", 8);
	put_null(out);
	put_int8(out, -1);
	put_int8(out, 0);
	put_null(out);
	put_cell(out, ref, sizeof ref);
}

static void assert_goes_round(const struct evidence_table *table, const struct buf *tuple)
{
	struct buf text = BUF_INIT, back = BUF_INIT;
	struct arena arena;
	struct diag diag;
	json_t *json;

	arena_init(&arena, 1 << 20);
	diag_init(&diag, &arena);
	assert_true(evidence_row_write(&text, table, buf_view(tuple)));
	assert_int_equal(json_parse(buf_view(&text), 1, "", &diag, &json), ERR_OK);
	assert_true(evidence_row_read(json, table, &back));
	assert_int_equal(back.len, tuple->len);
	assert_memory_equal(back.data, tuple->data, tuple->len);
	json_decref(json);
	arena_release(&arena);
	buf_release(&text);
	buf_release(&back);
}

static void test_rows_go_round(void **state)
{
	const double values[] = {0.1, -0.0, 1e308, 5e-324, (double)INFINITY, (double)NAN, 3};
	const struct evidence_table *table = evidence_table_named(STR("overrides"));

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct buf tuple = BUF_INIT;

		make_override(&tuple, values[i]);
		assert_goes_round(table, &tuple);
		/* Bytes that are missing, or too many, are no row. */
		for (size_t cut = 0; cut < tuple.len; cut++) {
			struct buf text = BUF_INIT;

			assert_false(
				evidence_row_write(&text, table, (struct str){tuple.data, cut}));
			buf_release(&text);
		}
		buf_release(&tuple);
	}
	assert_null(evidence_table_named(STR("tokens")));
}

/* As PostgreSQL sends arrays: one dimension from 1 on, or none. */
static void put_array(
	struct buf *out, uint32_t oid, uint32_t count, uint32_t width, const char *bytes)
{
	buf_be32(out, count ? 20 + count * (4 + width) : 12);
	buf_be32(out, count > 0);
	buf_be32(out, 0);
	buf_be32(out, oid);
	if (count > 0) {
		buf_be32(out, count);
		buf_be32(out, 1);
	}
	for (uint32_t i = 0; i < count; i++)
		put_cell(out, bytes + i * width, width);
}

static void make_version(struct buf *out)
{
	static const char floats[] = "\x3f\xf0\0\0\0\0\0\0\x40\x08\0\0\0\0\0\0";

	put_cell(out, workspace.bytes, 16);
	put_cell(out, item.bytes, 16);
	put_int8(out, 1);
	put_int8(out, 1);
	for (int i = 0; i < 5; i++)
		put_cell(out, "word", 4);
	put_null(out);
	put_array(out, 25, 2, 5, "alphabetas");
	put_null(out);
	for (int i = 0; i < 3; i++)
		put_null(out);
	put_array(out, 2950, 0, 16, "");
	put_array(out, 21, 2, 2, "\0\1\0\x13");
	put_array(out, 701, 2, 8, floats);
	put_cell(out, "\0\0\0\1", 4);
	put_null(out);
	put_cell(out, "{}", 2);
}

static void test_arrays_go_round(void **state)
{
	struct buf tuple = BUF_INIT;

	(void)state;
	make_version(&tuple);
	assert_goes_round(evidence_table_named(STR("item_versions")), &tuple);
	buf_release(&tuple);
}

/* ---- a bundle of one record ---- */

static struct note_signer signer;

static void put_head(struct buf *out, const struct sha256 *root)
{
	struct buf text = BUF_INIT, note = BUF_INIT, origin = BUF_INIT;
	struct json_writer json;

	checkpoint_origin(&origin, signer.verifier.name, &workspace);
	checkpoint_write(&text,
		&(const struct checkpoint){.origin = buf_view(&origin), .size = 1, .root = *root});
	assert_true(note_sign(&signer, buf_view(&text), &note));
	evidence_line_begin(&json, out, EVIDENCE_HEADER);
	json_put(&json, "schema", text, EVIDENCE_SCHEMA);
	json_put(&json, "workspace", uuid, &workspace);
	json_put(&json, "from", raw, STR("{\"revision\":1}"));
	json_put(&json, "to", raw, STR("{\"revision\":1}"));
	json_put(&json, "checkpoint", int, 1);
	evidence_line_end(&json);
	evidence_line_begin(&json, out, EVIDENCE_CHECKPOINT);
	json_put(&json, "note", str, buf_view(&note));
	evidence_line_end(&json);
	evidence_line_begin(&json, out, EVIDENCE_VERIFICATION);
	json_put(&json, "ok", bool, true);
	evidence_line_end(&json);
	buf_release(&text);
	buf_release(&note);
	buf_release(&origin);
}

static void put_tail(struct buf *out)
{
	static const char *const lines =
		"{\"part\":\"items\",\"id\":\"20000000-0000-0000-0000-000000000000\",\"versions\":["
		"1],"
		"\"overrides\":[],\"reviews\":[],\"item\":{\"id\":\"20000000-0000-0000-0000-"
		"000000000000\",\"revision\":1}}\n"
		"{\"part\":\"actors\",\"actor\":\"system\",\"kind\":null}\n";

	buf_puts(out, lines);
	assert_true(evidence_seal(out, 0, &signer, &workspace));
}

static void make_bundle(struct buf *out)
{
	const struct merkle_proof proof = {.count = 0};
	struct evidence_row row = {evidence_table_named(STR("item_versions")), STR_NONE};
	struct audit_record record = {.workspace = workspace,
		.revision = 1,
		.at_us = 5,
		.actor = STR("system"),
		.action = STR("items.upsert"),
		.subject = STR(""),
		.request_id = STR(""),
		.detail = STR("{}"),
		.row_count = 2};
	struct sha256 hashes[2] = {{{0}}, {{7}}}, other = hashes[1], root;
	struct buf tuple = BUF_INIT;

	make_version(&tuple);
	row.tuple = buf_view(&tuple);
	assert_true(audit_row_hash(row.table->name, row.tuple, &hashes[0]));
	assert_true(audit_rows_digest(hashes, 2, &record.rows_sha256));
	assert_true(sha256_of("{}", 2, &record.detail_sha256));
	assert_true(audit_record_hash(&record, &record.hash));
	assert_true(merkle_leaf(record.hash.bytes, SHA256_BYTES, &root));
	put_head(out, &root);
	assert_true(evidence_write_record(out, &(const struct evidence_record){.record = record,
						       .rows = &row,
						       .row_count = 1,
						       .others = &other,
						       .other_count = 1,
						       .proof = &proof}));
	put_tail(out);
	buf_release(&tuple);
}

static uint64_t faults_of(const struct buf *bundle)
{
	struct evidence_check *check = evidence_check_new(&signer.verifier);
	uint64_t count;
	size_t at = 0;

	assert_non_null(check);
	while (at < bundle->len) {
		const char *end = memchr(bundle->data + at, '\n', bundle->len - at);
		size_t bytes = end ? (size_t)(end - bundle->data) - at : bundle->len - at;

		assert_int_equal(
			evidence_check_line(check, (struct str){bundle->data + at, bytes}), ERR_OK);
		at += bytes + 1;
	}
	count = evidence_check_end(check)->fault_count;
	evidence_check_free(check);
	return count;
}

static void test_a_bundle_holds(void **state)
{
	struct buf bundle = BUF_INIT;

	(void)state;
	make_bundle(&bundle);
	assert_int_equal(faults_of(&bundle), 0);
	buf_release(&bundle);
}

static void test_no_byte_is_changed_unnoticed(void **state)
{
	struct buf bundle = BUF_INIT;

	(void)state;
	make_bundle(&bundle);
	for (size_t i = 0; i < bundle.len - 1; i++) {
		bundle.data[i] ^= 1;
		if (faults_of(&bundle) == 0)
			fail_msg("byte %zu", i);
		bundle.data[i] ^= 1;
	}
	buf_release(&bundle);
}

static void test_no_line_is_lost_unnoticed(void **state)
{
	struct buf bundle = BUF_INIT;
	size_t at = 0;

	(void)state;
	make_bundle(&bundle);
	while (at < bundle.len) {
		const char *end = memchr(bundle.data + at, '\n', bundle.len - at);
		size_t next = (size_t)(end - bundle.data) + 1;
		struct buf less = BUF_INIT;

		buf_append(&less, bundle.data, at);
		buf_append(&less, bundle.data + next, bundle.len - next);
		assert_int_not_equal(faults_of(&less), 0);
		buf_release(&less);
		at = next;
	}
	buf_release(&bundle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_go_round),
		cmocka_unit_test(test_arrays_go_round),
		cmocka_unit_test(test_a_bundle_holds),
		cmocka_unit_test(test_no_byte_is_changed_unnoticed),
		cmocka_unit_test(test_no_line_is_lost_unnoticed),
	};

	json_init();
	if (!note_signer_make(STR("evidence.example.org"), &signer))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

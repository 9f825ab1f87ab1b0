/*
 * The audit log's arithmetic against values computed elsewhere, each kind of tampering, the head's
 * text, and the export's line.
 */
#include "codec/audit_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../base/random.h"
#include "base/arena.h"
#include "base/diag.h"
#include "codec/json.h"

static const struct uuid workspace = {{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19,
	0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f}};

static void assert_hash(const struct sha256 *hash, const char *hex)
{
	char text[SHA256_HEX_SIZE];

	assert_string_equal(sha256_to_hex(hash, text), hex);
}

static struct sha256 hash_of(const char *text)
{
	struct sha256 hash;

	assert_true(sha256_of(text, strlen(text), &hash));
	return hash;
}

/*
 * All expected hashes were computed by Python's hashlib and struct from the layouts in
 * codec/audit_chain.h, for example
 * row: hashlib.sha256(b"documents\0" + struct.pack(">I", 5) + b"model" + b"\xff" * 4).hexdigest()
 */
static void test_row_hash(void **state)
{
	struct sha256 hash;

	(void)state;
	assert_true(audit_row_hash("documents", STR("\0\0\0\5model\xff\xff\xff\xff"), &hash));
	assert_hash(&hash, "4894e91a8323153b4d70a517853feabb5da6eb67c5e1ac4b45b330ebf24f9102");
	assert_true(audit_row_hash("item_versions", STR_NONE, &hash));
	assert_hash(&hash, "ced4f723dcc227c43c78f41d003d6f6f8acdba6ee81f43e4d2e868cda1813d9e");
}

/* sha256(b"".join(sorted(sha256(x).digest() for x in (b"a", b"b", b"c")))) */
static void test_rows_digest(void **state)
{
	struct sha256 hashes[3] = {hash_of("a"), hash_of("b"), hash_of("c")};
	struct sha256 shuffled[3] = {hash_of("c"), hash_of("a"), hash_of("b")};
	struct sha256 digest;

	(void)state;
	assert_true(audit_rows_digest(hashes, 3, &digest));
	assert_hash(&digest, "46c4cf3be906323205e07cbafdad7e8927571191219c9e48b052ddc906d44495");
	assert_true(audit_rows_digest(shuffled, 3, &digest));
	assert_hash(&digest, "46c4cf3be906323205e07cbafdad7e8927571191219c9e48b052ddc906d44495");
	assert_memory_equal(hashes, shuffled, sizeof hashes);
	assert_true(audit_rows_digest(NULL, 0, &digest));
	assert_hash(&digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static struct audit_record vector_record(void)
{
	return (struct audit_record){
		.workspace = workspace,
		.revision = 258,
		.at_us = 1763710292123456,
		.attempt = {{0xff, 0xfe, [15] = 1}},
		.actor = STR("token:7"),
		.action = STR("items.upsert"),
		.subject = STR(""),
		.request_id = STR("r-1"),
		.detail = STR("{\"items\":2}"),
		.detail_sha256 = hash_of("{\"items\":2}"),
		.row_count = 2,
		.rows_sha256 = hash_of("rows"),
		.prev_hash = hash_of("prev"),
	};
}

static void test_record_hash(void **state)
{
	struct audit_record record = vector_record();
	struct sha256 hash, other;

	(void)state;
	assert_true(audit_record_hash(&record, &hash));
	assert_hash(&hash, "2d87c4eef7ee65d2dc0f43bc23e67702a4133b073f19f2b432892ef3ae502ef9");
	/* Lengths are part of it: moving a letter from one field to the next shows. */
	record.actor = STR("token:");
	record.action = STR("7items.upsert");
	assert_true(audit_record_hash(&record, &other));
	assert_false(sha256_same(&hash, &other));
	record = (struct audit_record){.at_us = -1};
	assert_true(audit_record_hash(&record, &hash));
	assert_hash(&hash, "ec4ad9516d1410de1d32eca4c68dacfdd4f685f92e1f9870d9a6d178f44becfa");
}

/* ---- the chain ---- */

enum { LENGTH = 5 };

static void make_chain(struct audit_record records[LENGTH])
{
	struct sha256 prev = {{0}};

	for (int i = 0; i < LENGTH; i++) {
		records[i] = vector_record();
		records[i].revision = i + 1;
		records[i].at_us += i / 2;
		records[i].prev_hash = prev;
		assert_true(audit_record_hash(&records[i], &records[i].hash));
		prev = records[i].hash;
	}
}

static void seal(struct audit_record *record)
{
	assert_true(audit_record_hash(record, &record->hash));
}

/* The first fault, and after how many records. */
static enum audit_fault check(
	const struct audit_record *records, size_t count, int64_t row_count, size_t *held)
{
	struct audit_chain chain = {0};
	struct sha256 rows = hash_of("rows");

	for (*held = 0; *held < count; ++*held) {
		enum audit_fault fault =
			audit_chain_next(&chain, &records[*held], &rows, row_count);

		if (fault)
			return fault;
		assert_int_equal(chain.revision, records[*held].revision);
		assert_true(sha256_same(&chain.hash, &records[*held].hash));
	}
	return AUDIT_OK;
}

#define ASSERT_FOUND(records, fault, at)                                                           \
	do {                                                                                       \
		size_t held_;                                                                      \
		assert_int_equal(check((records), LENGTH, 2, &held_), (fault));                    \
		assert_int_equal(held_, (at));                                                     \
	} while (0)

static void test_chain(void **state)
{
	struct audit_record good[LENGTH], bad[LENGTH];

	(void)state;
	make_chain(good);
	ASSERT_FOUND(good, AUDIT_OK, LENGTH);

#define TAMPER(change, fault, at)                                                                  \
	do {                                                                                       \
		memcpy(bad, good, sizeof bad);                                                     \
		change;                                                                            \
		ASSERT_FOUND(bad, fault, at);                                                      \
	} while (0)
	TAMPER(bad[2].actor = STR("token:8"), AUDIT_HASH, 2);
	TAMPER(bad[2].action = STR("items.delete"), AUDIT_HASH, 2);
	TAMPER(bad[2].subject = STR("x"), AUDIT_HASH, 2);
	TAMPER(bad[2].request_id = STR_NONE, AUDIT_HASH, 2);
	TAMPER(bad[2].at_us++, AUDIT_HASH, 2);
	TAMPER(bad[2].attempt.bytes[3] ^= 1, AUDIT_HASH, 2);
	TAMPER(bad[2].workspace.bytes[3] ^= 1, AUDIT_HASH, 2);
	TAMPER(bad[2].row_count++, AUDIT_HASH, 2);
	TAMPER(bad[2].hash.bytes[31] ^= 1, AUDIT_HASH, 2);
	TAMPER(bad[2].detail = STR("{\"items\":3}"), AUDIT_DETAIL, 2);
	TAMPER(bad[2].detail_sha256.bytes[0] ^= 1, AUDIT_DETAIL, 2);
	TAMPER(bad[2].prev_hash.bytes[0] ^= 1, AUDIT_PREV, 2);
	TAMPER(bad[2].rows_sha256.bytes[0] ^= 1, AUDIT_HASH, 2);
	/* Edited and sealed again: the next record tells. */
	TAMPER((bad[2].actor = STR("token:8"), seal(&bad[2])), AUDIT_PREV, 3);
	TAMPER((bad[0] = good[1]), AUDIT_GAP, 0);
	TAMPER((bad[2] = good[3], bad[3] = good[2]), AUDIT_GAP, 2);
	TAMPER((bad[3] = good[4]), AUDIT_GAP, 3);
	TAMPER((bad[3] = good[2]), AUDIT_GAP, 3);
	TAMPER((bad[4].at_us = good[0].at_us - 1, seal(&bad[4])), AUDIT_TIME, 4);
	TAMPER((bad[4].row_count = 3, seal(&bad[4])), AUDIT_ROWS, 4);
	TAMPER((bad[4].rows_sha256 = hash_of("other"), seal(&bad[4])), AUDIT_ROWS, 4);
	TAMPER((bad[0].prev_hash.bytes[9] = 1, seal(&bad[0])), AUDIT_PREV, 0);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(audit_fault_slug(AUDIT_GAP), "gap");
	assert_string_equal(audit_fault_slug(AUDIT_STRAY_ROWS), "stray-rows");
	assert_string_equal(audit_fault_slug(AUDIT_EXPECTED), "expected");
	for (unsigned i = 0; i <= AUDIT_UNCHECKED + 1u; i++) {
		assert_true(strlen(audit_fault_text((enum audit_fault)i)) > 5);
		assert_true(strlen(audit_fault_slug((enum audit_fault)i)) > 1);
	}
}

/* ---- heads ---- */

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void test_head(void **state)
{
	static const char *const refused[] = {"", ":", "1", "1:", ":" ZEROS, "01:" ZEROS,
		"1:" ZEROS "0", "1:0" ZEROS, "+1:" ZEROS, "-1:" ZEROS, " 1:" ZEROS, "1: " ZEROS,
		"1:" ZEROS " ", "1:" ZEROS ":", "9223372036854775808:" ZEROS, "1::" ZEROS,
		"1:A000000000000000000000000000000000000000000000000000000000000000",
		"1:g000000000000000000000000000000000000000000000000000000000000000", "1;" ZEROS};
	int64_t revisions[] = {0, 1, 258, INT64_MAX};
	struct sha256 hash = hash_of("x"), read;
	int64_t revision;
	char text[96];

	(void)state;
	for (size_t i = 0; i < sizeof revisions / sizeof *revisions; i++) {
		assert_ptr_equal(audit_head_format(revisions[i], &hash, text), text);
		assert_true(audit_head_parse(str_from(text), &revision, &read));
		assert_int_equal(revision, revisions[i]);
		assert_true(sha256_same(&hash, &read));
	}
	audit_head_format(7, &(struct sha256){{0}}, text);
	assert_string_equal(text, "7:" ZEROS);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (audit_head_parse(str_from(refused[i]), &revision, &read))
			fail_msg("read: %s", refused[i]);
	assert_false(audit_head_parse(STR_NONE, &revision, &read));
}

/* ---- the export ---- */

static void same_text(struct str a, struct str b)
{
	assert_true(str_eq(a, b));
}

static void same_record(const struct audit_record *a, const struct audit_record *b)
{
	assert_memory_equal(&a->workspace, &b->workspace, sizeof a->workspace);
	assert_int_equal(a->revision, b->revision);
	assert_int_equal(a->at_us, b->at_us);
	assert_memory_equal(&a->attempt, &b->attempt, sizeof a->attempt);
	same_text(a->actor, b->actor);
	same_text(a->action, b->action);
	same_text(a->subject, b->subject);
	same_text(a->request_id, b->request_id);
	same_text(a->detail, b->detail);
	assert_true(sha256_same(&a->detail_sha256, &b->detail_sha256));
	assert_int_equal(a->row_count, b->row_count);
	assert_true(sha256_same(&a->rows_sha256, &b->rows_sha256));
	assert_true(sha256_same(&a->prev_hash, &b->prev_hash));
	assert_true(sha256_same(&a->hash, &b->hash));
}

struct reading {
	struct arena arena;
	struct diag diag;
	struct audit_record record;
	struct audit_export_row *rows;
	size_t count;
};

static enum error read_line(struct reading *reading, struct str line, size_t budget)
{
	arena_init(&reading->arena, budget);
	diag_init(&reading->diag, &reading->arena);
	return audit_export_parse(line, 3, &reading->arena, &reading->diag, &reading->record,
		&reading->rows, &reading->count);
}

static void test_export(void **state)
{
	struct audit_record record = vector_record();
	struct audit_export_row rows[] = {
		{"documents", STR("\0\0\0\5model\xff\xff\xff\xff")}, {"item_versions", STR_NONE}};
	struct buf line = BUF_INIT;
	struct reading reading;

	(void)state;
	seal(&record);
	record.actor = STR("tab\t \"quotes\" ünïcode 😀");
	audit_export_write(&line, &record, rows, 2);
	assert_string_equal(line.data,
		"{\"record\":{\"workspace\":\"10111213-1415-1617-1819-1a1b1c1d1e1f\","
		"\"revision\":258,\"at\":\"2025-11-21T07:31:32.123456Z\","
		"\"attempt_id\":\"fffe0000-0000-0000-0000-000000000001\","
		"\"actor\":\"tab\\t \\\"quotes\\\" ünïcode 😀\",\"action\":\"items.upsert\","
		"\"subject\":\"\",\"request_id\":\"r-1\",\"detail\":\"{\\\"items\\\":2}\","
		"\"detail_sha256\":"
		"\"7e41e327a785a5d5eee1ccc086b2eea145feeaa864e67d4fed22eee25eea9512\",\"row_"
		"count\":2,\"rows_sha256\":"
		"\"bc51e9e65d79e1c90ba544ab2eae1044ccdf8c1af7a559ba375cba4276f7d99e\","
		"\"prev_hash\":"
		"\"84fd9bac333ad79154348296204fa7f8c537a96e08983e5f73b3f5aca8e8edf7\",\"hash\":"
		"\"2d87c4eef7ee65d2dc0f43bc23e67702a4133b073f19f2b432892ef3ae502ef9\"},\"rows\":["
		"{\"table\":\"documents\",\"data\":\"000000056d6f64656cffffffff\"},"
		"{\"table\":\"item_versions\",\"data\":\"\"}]}\n");
	assert_int_equal(read_line(&reading, buf_view(&line), 1 << 20), ERR_OK);
	same_record(&record, &reading.record);
	assert_int_equal(reading.count, 2);
	assert_string_equal(reading.rows[0].table, "documents");
	same_text(reading.rows[0].tuple, rows[0].tuple);
	assert_string_equal(reading.rows[1].table, "item_versions");
	assert_int_equal(reading.rows[1].tuple.len, 0);
	arena_release(&reading.arena);

	for (size_t budget = 0;; budget += 16) {
		enum error error = read_line(&reading, buf_view(&line), budget);

		arena_release(&reading.arena);
		if (!error)
			break;
		assert_int_equal(error, ERR_NO_MEMORY);
	}
	buf_release(&line);
}

static void test_record_write(void **state)
{
	struct audit_record record = vector_record();
	struct buf out = BUF_INIT;
	struct arena arena;
	struct diag diag;
	json_t *json;

	(void)state;
	arena_init(&arena, 1 << 20);
	diag_init(&diag, &arena);
	audit_record_write(&out, &record);
	assert_int_equal(json_parse(buf_view(&out), 1, "", &diag, &json), ERR_OK);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(json, "detail"), "items")), 2);
	assert_int_equal(json_object_size(json), 14);
	json_decref(json);
	buf_release(&out);
	arena_release(&arena);
}

static void test_export_random(void **state)
{
	(void)state;
	random_begin("export_random");
	for (int round = 0; round < 300; round++) {
		struct audit_record record = vector_record();
		struct audit_export_row rows[8];
		size_t count = random_below(9);
		unsigned char bytes[8][64];
		struct buf line = BUF_INIT;
		struct reading reading;

		random_below(2);
		record.revision = 1 + (int64_t)(random_u64() >> 2);
		record.at_us = (int64_t)(random_u64() % 200000000000000000) - 50000000000000000;
		record.row_count = (int64_t)count;
		for (size_t i = 0; i < count; i++) {
			for (size_t j = 0; j < sizeof bytes[i]; j++)
				bytes[i][j] = (unsigned char)random_u64();
			rows[i].table = random_below(2) ? "tokens" : "grants";
			rows[i].tuple = (struct str){(char *)bytes[i], random_below(65)};
		}
		seal(&record);
		audit_export_write(&line, &record, rows, count);
		assert_int_equal(read_line(&reading, buf_view(&line), 1 << 20), ERR_OK);
		same_record(&record, &reading.record);
		assert_int_equal(reading.count, count);
		for (size_t i = 0; i < count; i++) {
			assert_string_equal(reading.rows[i].table, rows[i].table);
			same_text(reading.rows[i].tuple, rows[i].tuple);
		}
		arena_release(&reading.arena);

		/* Damaged, it is refused or read, never more. */
		line.data[random_below(line.len)] = (char)random_u64();
		line.data[random_below(line.len)] = "{}[]\",:0f"[random_below(9)];
		read_line(&reading, buf_view(&line), 1 << 20);
		arena_release(&reading.arena);
		buf_release(&line);
	}
}

static void test_export_faults(void **state)
{
	static const struct {
		const char *from, *to, *pointer;
	} edits[] = {
		{"\"revision\":258", "\"revision\":0", "#/record/revision"},
		{"\"revision\":258", "\"revision\":\"258\"", "#/record/revision"},
		{"\"workspace\":\"1", "\"workspace\":\"x", "#/record/workspace"},
		{"\"attempt_id\"", "\"attempt_ids\"", "#/record/attempt_ids"},
		{"2025-11-21T", "2025-11-31T", "#/record/at"},
		{"\"prev_hash\":\"", "\"prev_hash\":\"0", "#/record/prev_hash"},
		{"\"data\":\"00", "\"data\":\"0", "#/rows/0/data"},
		{"\"data\":\"00", "\"data\":\"0G", "#/rows/0/data"},
		{"\"table\":\"documents\"", "\"table\":7", "#/rows/0/table"},
		{"\"rows\":[", "\"more\":[", "#/more"},
		{"{\"record\":{", "{\"record\":{\"x\":1,", "#/record/x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		struct audit_record record = vector_record();
		struct audit_export_row row = {"documents", STR("\0\1")};
		struct buf line = BUF_INIT, edited = BUF_INIT;
		struct reading reading;
		const char *at;

		audit_export_write(&line, &record, &row, 1);
		at = strstr(line.data, edits[i].from);
		assert_non_null(at);
		buf_append(&edited, line.data, (size_t)(at - line.data));
		buf_puts(&edited, edits[i].to);
		buf_puts(&edited, at + strlen(edits[i].from));
		if (read_line(&reading, buf_view(&edited), 1 << 20) != ERR_INVALID)
			fail_msg("read: %s", edits[i].to);
		assert_string_equal(reading.diag.entries[0].pointer, edits[i].pointer);
		arena_release(&reading.arena);
		buf_release(&line);
		buf_release(&edited);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_hash),
		cmocka_unit_test(test_rows_digest),
		cmocka_unit_test(test_record_hash),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_record_write),
		cmocka_unit_test(test_export_random),
		cmocka_unit_test(test_export_faults),
	};

	json_init();
	return cmocka_run_group_tests_name("audit_chain", tests, NULL, NULL);
}

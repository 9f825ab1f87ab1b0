/*
 * An export that was touched anywhere is found, at the revision where it was touched; a tail that
 * was cut off, by a remembered head.
 */
#include "cli/audit_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { RECORDS = 5 };

struct chain {
	char *lines[RECORDS];
	struct sha256 hashes[RECORDS];
};

/* Revision r covers r - 1 rows. */
static void make_line(struct chain *chain, size_t index)
{
	struct audit_export_row rows[RECORDS];
	struct sha256 hashes[RECORDS];
	struct audit_record record = {
		.revision = (int64_t)index + 1,
		.at_us = 1790000000000000 + (int64_t)index,
		.actor = STR("token:1"),
		.action = STR("items.upsert"),
		.subject = STR("items"),
		.request_id = STR("r"),
		.detail = STR("{\"created\":1}"),
		.row_count = (int64_t)index,
	};
	struct buf line = BUF_INIT;

	memset(record.workspace.bytes, 7, sizeof record.workspace.bytes);
	for (size_t i = 0; i < index; i++) {
		rows[i] = (struct audit_export_row){"item_versions", {&"\0\0\0\1abcdef"[i], 5}};
		assert_true(audit_row_hash(rows[i].table, rows[i].tuple, &hashes[i]));
	}
	assert_true(audit_rows_digest(hashes, index, &record.rows_sha256));
	assert_true(sha256_of(record.detail.ptr, record.detail.len, &record.detail_sha256));
	if (index > 0)
		record.prev_hash = chain->hashes[index - 1];
	assert_true(audit_record_hash(&record, &record.hash));
	chain->hashes[index] = record.hash;
	audit_export_write(&line, &record, rows, index);
	chain->lines[index] = buf_steal(&line, NULL);
	assert_non_null(chain->lines[index]);
}

static int make_chain(void **state)
{
	struct chain *chain = calloc(1, sizeof *chain);

	for (size_t i = 0; i < RECORDS; i++)
		make_line(chain, i);
	*state = chain;
	return 0;
}

static int free_chain(void **state)
{
	struct chain *chain = *state;

	for (size_t i = 0; i < RECORDS; i++)
		free(chain->lines[i]);
	free(chain);
	return 0;
}

static struct audit_file_verdict verify_text(
	const char *text, size_t len, const struct audit_file_options *options)
{
	static const struct audit_file_options none;
	struct audit_file_verdict verdict;
	FILE *file = len ? fmemopen((void *)text, len, "r") : fopen("/dev/null", "r");

	assert_non_null(file);
	audit_file_verify(file, options ? options : &none, &verdict);
	fclose(file);
	return verdict;
}

/* Lines first … last, from 0. */
static struct audit_file_verdict verify(const struct chain *chain, size_t first, size_t last,
	const struct audit_file_options *options)
{
	struct buf text = BUF_INIT;
	struct audit_file_verdict verdict;

	for (size_t i = first; i <= last; i++)
		buf_puts(&text, chain->lines[i]);
	verdict = verify_text(text.data, text.len, options);
	buf_release(&text);
	return verdict;
}

static struct audit_mark mark(const struct chain *chain, int64_t revision)
{
	return (struct audit_mark){true, revision, chain->hashes[revision - 1]};
}

static void check_fault(struct audit_file_verdict verdict, enum audit_fault fault, int64_t revision)
{
	assert_int_equal(verdict.state, AUDIT_FILE_FAULTY);
	assert_string_equal(audit_fault_slug(verdict.fault), audit_fault_slug(fault));
	assert_int_equal(verdict.revision, revision);
}

static void test_a_whole_log_holds(void **state)
{
	const struct chain *chain = *state;
	struct audit_file_verdict verdict = verify(chain, 0, RECORDS - 1, NULL);

	assert_int_equal(verdict.state, AUDIT_FILE_GOOD);
	assert_int_equal(verdict.records, RECORDS);
	assert_int_equal(verdict.chain.revision, RECORDS);
	assert_memory_equal(&verdict.chain.hash, &chain->hashes[RECORDS - 1], SHA256_BYTES);
}

static void test_expected_heads(void **state)
{
	const struct chain *chain = *state;

	for (int64_t revision = 1; revision <= RECORDS; revision++) {
		struct audit_file_options options = {.expect = mark(chain, revision)};

		assert_int_equal(verify(chain, 0, RECORDS - 1, &options).state, AUDIT_FILE_GOOD);
		options.expect.hash.bytes[0] ^= 1;
		check_fault(verify(chain, 0, RECORDS - 1, &options), AUDIT_EXPECTED, revision);
	}
}

static void test_a_cut_tail_shows_by_the_expected_head_alone(void **state)
{
	const struct chain *chain = *state;
	struct audit_file_options options = {.expect = mark(chain, RECORDS)};

	assert_int_equal(verify(chain, 0, RECORDS - 2, NULL).state, AUDIT_FILE_GOOD);
	check_fault(verify(chain, 0, RECORDS - 2, &options), AUDIT_EXPECTED, RECORDS);
}

static void test_a_part_needs_the_head_before_it(void **state)
{
	const struct chain *chain = *state;
	struct audit_file_options options = {.after = mark(chain, 2)};

	check_fault(verify(chain, 2, 4, NULL), AUDIT_GAP, 1);
	assert_int_equal(verify(chain, 2, 4, &options).state, AUDIT_FILE_GOOD);
	options.expect = mark(chain, 2);
	assert_int_equal(verify(chain, 2, 4, &options).state, AUDIT_FILE_GOOD);
	options.expect = mark(chain, 1);
	check_fault(verify(chain, 2, 4, &options), AUDIT_EXPECTED, 1);
	options = (struct audit_file_options){.after = mark(chain, 2)};
	options.after.hash.bytes[3] ^= 1;
	check_fault(verify(chain, 2, 4, &options), AUDIT_PREV, 3);
}

static void test_lost_and_swapped_records(void **state)
{
	const struct chain *chain = *state;
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s%s%s", chain->lines[0], chain->lines[2], chain->lines[3]);
	check_fault(verify_text(text.data, text.len, NULL), AUDIT_GAP, 2);
	buf_reset(&text);
	buf_printf(&text, "%s%s%s", chain->lines[0], chain->lines[1], chain->lines[1]);
	check_fault(verify_text(text.data, text.len, NULL), AUDIT_GAP, 3);
	buf_release(&text);
}

/* Replaces the first `from` in line `index` by `to` of the same length. */
static struct audit_file_verdict tampered(
	const struct chain *chain, size_t index, const char *from, const char *to)
{
	struct chain copy = *chain;
	struct audit_file_verdict verdict;
	char *at;

	assert_int_equal(strlen(from), strlen(to));
	copy.lines[index] = strdup(chain->lines[index]);
	at = strstr(copy.lines[index], from);
	assert_non_null(at);
	memcpy(at, to, strlen(to));
	verdict = verify(&copy, 0, RECORDS - 1, NULL);
	free(copy.lines[index]);
	return verdict;
}

static void test_edited_records(void **state)
{
	const struct chain *chain = *state;

	check_fault(tampered(chain, 2, "created\\\":1", "created\\\":2"), AUDIT_DETAIL, 3);
	check_fault(tampered(chain, 2, "token:1", "token:2"), AUDIT_HASH, 3);
	check_fault(tampered(chain, 4, "items.upsert", "items.delete"), AUDIT_HASH, 5);
	check_fault(tampered(chain, 3, "\"data\":\"0", "\"data\":\"1"), AUDIT_ROWS, 4);
	check_fault(tampered(chain, 3, "item_versions", "item_VERSIONS"), AUDIT_ROWS, 4);
	check_fault(tampered(chain, 1, "\"row_count\":1", "\"row_count\":2"), AUDIT_HASH, 2);
}

static void test_what_is_no_record(void **state)
{
	const struct chain *chain = *state;
	struct audit_file_verdict verdict;
	struct buf text = BUF_INIT;

	buf_printf(&text, "%snonsense\n", chain->lines[0]);
	verdict = verify_text(text.data, text.len, NULL);
	assert_int_equal(verdict.state, AUDIT_FILE_UNREADABLE);
	assert_int_equal(verdict.line, 2);
	assert_true(verdict.detail[0] != '\0');
	buf_reset(&text);
	/* Cut in the middle of a line. */
	buf_printf(&text, "%s%.40s", chain->lines[0], chain->lines[1]);
	assert_int_equal(verify_text(text.data, text.len, NULL).state, AUDIT_FILE_UNREADABLE);
	assert_int_equal(verify_text("", 0, NULL).state, AUDIT_FILE_EMPTY);
	buf_release(&text);
}

static void test_the_last_line_break_may_be_missing(void **state)
{
	const struct chain *chain = *state;

	assert_int_equal(verify_text(chain->lines[0], strlen(chain->lines[0]) - 1, NULL).state,
		AUDIT_FILE_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_log_holds),
		cmocka_unit_test(test_expected_heads),
		cmocka_unit_test(test_a_cut_tail_shows_by_the_expected_head_alone),
		cmocka_unit_test(test_a_part_needs_the_head_before_it),
		cmocka_unit_test(test_lost_and_swapped_records),
		cmocka_unit_test(test_edited_records),
		cmocka_unit_test(test_what_is_no_record),
		cmocka_unit_test(test_the_last_line_break_may_be_missing),
	};

	return cmocka_run_group_tests(tests, make_chain, free_chain);
}

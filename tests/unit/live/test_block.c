/*
 * Blocks: what is written is read back, a clone is compact and shares nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "base/clock.h"
#include "base/random.h"
#include "live/block.h"

static struct item_row row_with(
	const char *title, const struct feature_value *features, size_t count)
{
	return (struct item_row){
		.record =
			{
				.revision = 7,
				.first_revision = 3,
				.source = STR("demo"),
				.external_id = STR("X-1"),
				.item =
					{
						.stream = STR("incident"),
						.kind = STR("bug"),
						.status = STR("open"),
						.features = features,
						.feature_count = count,
					},
			},
		.text.title = str_from(title),
	};
}

static struct symbols *symbols;

static struct block *new_block(uint32_t column_count)
{
	struct block *block = block_new(symbols, column_count);

	assert_non_null(block);
	return block;
}

static void assert_text(
	const struct block *block, uint32_t row, enum row_text which, const char *text)
{
	assert_true(str_is(block_text(block, row, which), text));
}

static void a_row_is_read_back(void **state)
{
	const struct feature_value features[] = {{.id = 1, .number = 2.5}};
	struct item_row row = row_with("A title", features, 1);
	struct block *block = new_block(3);

	(void)state;
	row.record.item.team = STR("core");
	assert_true(block_write(block, 0, &row, NULL));
	assert_text(block, 0, ROW_SOURCE, "demo");
	assert_text(block, 0, ROW_EXTERNAL_ID, "X-1");
	assert_text(block, 0, ROW_TITLE, "A title");
	assert_text(block, 0, ROW_STREAM, "incident");
	assert_text(block, 0, ROW_KIND, "bug");
	assert_text(block, 0, ROW_STATUS, "open");
	assert_text(block, 0, ROW_TEAM, "core");
	assert_true(block_value(block, 0, 1) == 2.5);
	assert_true(isnan(block_value(block, 0, 0)));
	assert_true(isnan(block_value(block, 0, 99)));
	block_unref(block);
}

static void a_row_without_team_has_none(void **state)
{
	struct item_row row = row_with("", NULL, 0);
	struct block *block = new_block(0);

	(void)state;
	assert_true(block_write(block, 0, &row, NULL));
	assert_null(block_text(block, 0, ROW_TEAM).ptr);
	assert_non_null(block_text(block, 0, ROW_TITLE).ptr);
	block_unref(block);
}

static void a_rewritten_row_forgets_what_it_was(void **state)
{
	const struct feature_value features[] = {{.id = 0, .number = 1}, {.id = 1, .number = 2}};
	struct item_row before = row_with("before", features, 2);
	struct item_row after = row_with("after, and longer", features + 1, 1);
	struct block *block = new_block(2);

	(void)state;
	assert_true(block_write(block, 0, &before, NULL));
	assert_true(block_write(block, 0, &after, NULL));
	assert_int_equal(block->rows, 1);
	assert_text(block, 0, ROW_TITLE, "after, and longer");
	assert_true(isnan(block_value(block, 0, 0)));
	assert_true(block_value(block, 0, 1) == 2);
	assert_true(block->text_garbage > 0);
	block_unref(block);
}

static void links_keep_their_names(void **state)
{
	const struct uuid ids[] = {{{1}}, {{2}}};
	const struct item_link names[] = {{STR("demo"), STR("A-1")}, {STR("jira"), STR("B-22")}};
	struct item_row row = row_with("blocked", NULL, 0);
	const struct row_link *links;
	struct block *block = new_block(0), *copy;
	size_t count;

	(void)state;
	row.blocked_by = ids;
	row.blocked_by_count = 2;
	assert_true(block_write(block, 0, &row, names));
	copy = block_clone(block, 0);
	block_unref(block);
	links = block_links(copy, 0, &count);
	assert_int_equal(count, 2);
	assert_int_equal(uuid_cmp(&links[1].id, &ids[1]), 0);
	assert_true(str_is(block_link_name(copy, &links[0]).external_id, "A-1"));
	assert_true(str_is(block_link_name(copy, &links[1]).source, "jira"));
	assert_true(str_is(block_link_name(copy, &links[1]).external_id, "B-22"));
	block_unref(copy);
}

static void a_clone_is_compact_and_its_own(void **state)
{
	const struct feature_value features[] = {{.id = 0, .number = 1}};
	struct item_row row = row_with("title", features, 1), other = row_with("changed", NULL, 0);
	struct block *block = new_block(1), *copy;

	(void)state;
	for (uint32_t i = 0; i < BLOCK_ROWS; i++)
		assert_true(block_write(block, i, &row, NULL));
	for (int i = 0; i < 100; i++)
		assert_true(block_write(block, 5, &row, NULL));
	copy = block_clone(block, 4);
	assert_true(copy->text_used < block->text_used);
	assert_int_equal(copy->text_garbage, 0);
	assert_int_equal(copy->column_count, 4);
	assert_int_equal(copy->rows, BLOCK_ROWS);
	assert_true(block_write(copy, 0, &other, NULL));
	assert_text(block, 0, ROW_TITLE, "title");
	assert_text(copy, 0, ROW_TITLE, "changed");
	assert_text(copy, 255, ROW_TITLE, "title");
	assert_true(block_value(block, 0, 0) == 1);
	assert_true(isnan(block_value(copy, 0, 0)));
	block_unref(block);
	block_unref(copy);
}

/* A definition that came after the block was made. */
static void a_column_beyond_the_block_is_unknown(void **state)
{
	const struct feature_value features[] = {{.id = 9, .number = 1}};
	struct item_row row = row_with("title", features, 1);
	struct block *block = new_block(2);

	(void)state;
	assert_true(block_write(block, 0, &row, NULL));
	assert_true(isnan(block_value(block, 0, 9)));
	block_unref(block);
}

static void labels_of(struct item_row *row, const struct str *labels, size_t count)
{
	row->record.item.labels = labels;
	row->record.item.label_count = count;
}

static void assert_labels(
	const struct block *block, uint32_t row, const struct str *labels, size_t count)
{
	uint32_t at = block->label_start[row];

	assert_int_equal(block->label_start[row + 1] - at, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(block->labels[at + i], symbols_find(symbols, labels[i]));
}

static void words_are_symbols(void **state)
{
	struct item_row row = row_with("t", NULL, 0), other = row_with("u", NULL, 0);
	struct block *block = new_block(0);
	struct wn_rows seen;

	(void)state;
	row.text.assignee = other.text.assignee = STR("Ann");
	other.record.item.stream = STR("feature_request");
	assert_true(block_write(block, 0, &row, NULL));
	assert_true(block_write(block, 1, &other, NULL));
	other.text.assignee = STR("Bob");
	assert_true(block_write(block, 2, &other, NULL));
	block_rows(block, &seen);
	assert_int_equal(seen.rows, 3);
	assert_int_equal(wn_word_of(&seen, 0, WN_STREAM), symbols_find(symbols, STR("incident")));
	assert_int_equal(wn_word_of(&seen, 1, WN_STREAM), wn_word_of(&seen, 2, WN_STREAM));
	assert_int_not_equal(wn_word_of(&seen, 0, WN_STREAM), wn_word_of(&seen, 1, WN_STREAM));
	assert_int_equal(wn_word_of(&seen, 0, WN_SOURCE), symbols_find(symbols, STR("demo")));
	/* Nobody has a team, so there is no such column. */
	assert_null(seen.words[WN_TEAM]);
	assert_int_equal(wn_word_of(&seen, 0, WN_TEAM), WN_NO_SYMBOL);
	/* Who it is can be told apart, but not be found. */
	assert_int_equal(wn_word_of(&seen, 0, WN_ASSIGNEE), wn_word_of(&seen, 1, WN_ASSIGNEE));
	assert_int_not_equal(wn_word_of(&seen, 0, WN_ASSIGNEE), wn_word_of(&seen, 2, WN_ASSIGNEE));
	assert_int_equal(symbols_find(symbols, STR("Ann")), SYMBOL_UNSEEN);
	block_unref(block);
}

static void labels_stay_with_their_rows(void **state)
{
	static const struct str one[] = {{"a", 1}}, three[] = {{"b", 1}, {"c", 1}, {"a", 1}};
	struct item_row row = row_with("t", NULL, 0);
	struct block *block = new_block(0), *copy;

	(void)state;
	assert_true(block_write(block, 0, &row, NULL));
	assert_null(block->label_start);
	labels_of(&row, one, 1);
	assert_true(block_write(block, 1, &row, NULL));
	labels_of(&row, three, 3);
	assert_true(block_write(block, 2, &row, NULL));
	assert_labels(block, 0, NULL, 0);
	assert_labels(block, 1, one, 1);
	assert_labels(block, 2, three, 3);
	/* More, fewer, none before others. */
	assert_true(block_write(block, 0, &row, NULL));
	labels_of(&row, NULL, 0);
	assert_true(block_write(block, 1, &row, NULL));
	copy = block_clone(block, 0);
	labels_of(&row, one, 1);
	assert_true(block_write(block, 0, &row, NULL));
	assert_labels(block, 0, one, 1);
	assert_labels(block, 1, NULL, 0);
	assert_labels(block, 2, three, 3);
	assert_labels(copy, 0, three, 3);
	assert_labels(copy, 1, NULL, 0);
	assert_labels(copy, 2, three, 3);
	block_unref(block);
	block_unref(copy);
}

/* Against a plain table, by random writes. */
static void labels_of_many_writes(void **state)
{
	static const struct str words[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}};
	size_t first[BLOCK_ROWS], count[BLOCK_ROWS];
	struct item_row row = row_with("t", NULL, 0);
	struct block *block = new_block(0);

	(void)state;
	random_begin("labels_of_many_writes");
	for (int step = 0; step < 3000; step++) {
		uint32_t rows = block->rows;
		uint32_t at = rows < BLOCK_ROWS && random_below(3) == 0
				      ? rows
				      : (uint32_t)random_below(rows ? rows : 1);

		first[at] = random_below(5);
		count[at] = random_below(6 - first[at]);
		labels_of(&row, words + first[at], count[at]);
		assert_true(block_write(block, at, &row, NULL));
	}
	for (uint32_t i = 0; i < block->rows; i++)
		assert_labels(block, i, words + first[i], count[i]);
	block_unref(block);
}

static void numbers_and_texts_are_seen(void **state)
{
	struct item_row row = row_with("t", NULL, 0);
	struct block *block = new_block(0);
	struct wn_rows seen;

	(void)state;
	row.record.item.created_us = INT64_C(1700000000500000);
	row.record.item.updated_us = row.record.item.due_us = TIME_NONE;
	row.record.item.estimate = NAN;
	row.text_present = ITEM_TITLE | ITEM_URL | ITEM_REPORTER;
	assert_true(block_write(block, 0, &row, NULL));
	block_rows(block, &seen);
	assert_null(seen.numbers[WN_DUE]);
	assert_null(seen.numbers[WN_ESTIMATE]);
	assert_true(wn_number_of(&seen, 0, WN_CREATED) == 1700000000.5);
	assert_int_equal(seen.texts[0], WN_TITLE | WN_URL | WN_REPORTER);

	row.record.item.due_us = INT64_C(1800000000000000);
	row.record.item.estimate = 2.5;
	row.text_present = ITEM_BODY | ITEM_ASSIGNEE;
	assert_true(block_write(block, 1, &row, NULL));
	block_rows(block, &seen);
	assert_true(isnan(wn_number_of(&seen, 0, WN_DUE)));
	assert_true(wn_number_of(&seen, 1, WN_DUE) == 1800000000.0);
	assert_true(wn_number_of(&seen, 1, WN_ESTIMATE) == 2.5);
	assert_int_equal(seen.texts[1], WN_BODY | WN_ASSIGNEE_TEXT);
	block_unref(block);
}

static void claims_tell_their_principals_apart(void **state)
{
	const struct feature_value features[] = {
		{.id = 0, .number = 1, .evidence = EVIDENCE_ASSERTED, .by = {{7}}},
		{.id = 1, .number = 1, .evidence = EVIDENCE_MEASURED},
		{.id = 2, .number = 1, .evidence = EVIDENCE_ASSERTED},
		{.id = 3, .number = 1, .evidence = EVIDENCE_ASSERTED, .by = {{7}}},
		{.id = 4, .number = 1},
		{.id = 5, .number = 1, .evidence = EVIDENCE_ASSERTED, .by = {{9}}},
		{.id = 6, .number = 1, .evidence = EVIDENCE_ASSERTED},
	};
	struct item_row row = row_with("t", features, 7);
	struct block *block = new_block(8);
	struct wn_rows seen;

	(void)state;
	assert_true(block_write(block, 0, &row, NULL));
	block_rows(block, &seen);
	assert_int_equal(wn_value_evidence(&seen, 0, 0), WN_ASSERTED);
	assert_int_equal(wn_value_evidence(&seen, 0, 1), WN_MEASURED);
	assert_int_equal(wn_value_evidence(&seen, 0, 2), WN_ASSERTED + 1);
	assert_int_equal(wn_value_evidence(&seen, 0, 3), WN_ASSERTED);
	assert_int_equal(wn_value_evidence(&seen, 0, 4), WN_UNSAID);
	assert_int_equal(wn_value_evidence(&seen, 0, 5), WN_ASSERTED + 2);
	/* Those of which nothing is known are one. */
	assert_int_equal(wn_value_evidence(&seen, 0, 6), WN_ASSERTED + 1);
	assert_int_equal(wn_value_evidence(&seen, 0, 7), WN_UNSAID);
	assert_int_equal(block_evidence(block, 0, 5), EVIDENCE_ASSERTED);
	assert_int_equal(block_evidence(block, 0, 1), EVIDENCE_MEASURED);
	block_unref(block);
}

static int with_symbols(void **state)
{
	(void)state;
	symbols = symbols_new();
	return symbols ? 0 : -1;
}

static int without_symbols(void **state)
{
	(void)state;
	symbols_unref(symbols);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_read_back),
		cmocka_unit_test(a_row_without_team_has_none),
		cmocka_unit_test(a_rewritten_row_forgets_what_it_was),
		cmocka_unit_test(links_keep_their_names),
		cmocka_unit_test(a_clone_is_compact_and_its_own),
		cmocka_unit_test(a_column_beyond_the_block_is_unknown),
		cmocka_unit_test(words_are_symbols),
		cmocka_unit_test(labels_stay_with_their_rows),
		cmocka_unit_test(labels_of_many_writes),
		cmocka_unit_test(numbers_and_texts_are_seen),
		cmocka_unit_test(claims_tell_their_principals_apart),
	};

	return cmocka_run_group_tests(tests, with_symbols, without_symbols);
}

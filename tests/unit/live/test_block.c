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

static void assert_text(
	const struct block *block, uint32_t row, enum row_text which, const char *text)
{
	assert_true(str_is(block_text(block, row, which), text));
}

static void a_row_is_read_back(void **state)
{
	const struct feature_value features[] = {{.id = 1, .number = 2.5}};
	struct item_row row = row_with("A title", features, 1);
	struct block *block = block_new(3);

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
	struct block *block = block_new(0);

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
	struct block *block = block_new(2);

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
	struct block *block = block_new(0), *copy;
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
	struct block *block = block_new(1), *copy;

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
	struct block *block = block_new(2);

	(void)state;
	assert_true(block_write(block, 0, &row, NULL));
	assert_true(isnan(block_value(block, 0, 9)));
	block_unref(block);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

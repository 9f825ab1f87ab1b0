/*
 * Tables: aligned by what a terminal shows, never wider than asked where that is possible.
 */
#include "cli/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "cli/text.h"

static const struct table_column columns[] = {
	{"N", TABLE_RIGHT, 0, 0},
	{"NAME", TABLE_LEFT, 4, 0},
	{"EXTRA", TABLE_LEFT, 0, 1},
	{"WHY", TABLE_LEFT, 3, 0},
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void row(struct table *table, const char *a, const char *b, const char *c, const char *d)
{
	table_put(table, str_from(a));
	table_put(table, str_from(b));
	table_put(table, str_from(c));
	table_put(table, str_from(d));
}

static void check(const struct table *table, enum table_style style, unsigned width, bool bold,
	const char *want)
{
	struct table_layout layout = {style, width, bold};
	struct buf out = BUF_INIT;

	assert_true(table_render(table, &layout, &out));
	assert_string_equal(out.data ? out.data : "", want);
	buf_release(&out);
}

static void test_columns_are_aligned(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, columns, COLUMNS);
	row(&table, "1", "日本", "x", "short");
	row(&table, "10", "abcdef", NULL, "");
	check(&table, TABLE_FITTED, 0, false,
		" N  NAME    EXTRA  WHY\n"
		" 1  日本    x      short\n"
		"10  abcdef  -      -\n");
	table_release(&table);
}

static void test_columns_share_the_room(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, columns, COLUMNS);
	row(&table, "1", "abcdefghij", "x", "0123456789abcdef");
	check(&table, TABLE_FITTED, 30, false,
		"N  NAME        EXTRA  WHY\n"
		"1  abcdefghij  x      0123456…\n");
	check(&table, TABLE_FITTED, 24, false,
		"N  NAME     EXTRA  WHY\n"
		"1  abcdef…  x      0123…\n");
	table_release(&table);
}

static void test_the_least_important_column_is_left_out(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, columns, COLUMNS);
	row(&table, "1", "abcdefghij", "x", "0123456789");
	check(&table, TABLE_FITTED, 16, false,
		"N  NAME    WHY\n"
		"1  abcde…  0123…\n");
	/* What cannot fit is as small as it may be, and still all there. */
	check(&table, TABLE_FITTED, 1, false,
		"N  NAME  WHY\n"
		"1  abc…  01…\n");
	table_release(&table);
}

static void test_wide_characters_are_not_split(void **state)
{
	static const struct table_column one[] = {{"T", TABLE_LEFT, 2, 0}};
	struct table table;

	(void)state;
	table_init(&table, one, 1);
	table_put(&table, STR("日本語"));
	check(&table, TABLE_FITTED, 4, false, "T\n日…\n");
	table_release(&table);
}

static void test_plain_is_for_programs(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, columns, COLUMNS);
	row(&table, "1", "a b", "tab\there", "long enough to be cut");
	check(&table, TABLE_PLAIN, 5, true, "1\ta b\ttab here\tlong enough to be cut\n");
	table_release(&table);
}

static void test_cells_are_cleaned(void **state)
{
	static const struct table_column one[] = {{"T", TABLE_LEFT, 0, 0}};
	struct table table;

	(void)state;
	table_init(&table, one, 1);
	table_put(&table, STR("a\033[2J\nb"));
	check(&table, TABLE_FITTED, 0, true, "\033[1mT\033[0m\na\xef\xbf\xbd[2J b\n");
	table_release(&table);
}

static void test_numbers(void **state)
{
	static const struct table_column one[] = {{"T", TABLE_RIGHT, 0, 0}};
	struct table table;

	(void)state;
	table_init(&table, one, 1);
	table_number(&table, 19);
	table_number(&table, 0.1);
	table_number(&table, (double)NAN);
	table_printf(&table, "%d%s", 4, "x");
	check(&table, TABLE_FITTED, 0, false, "  T\n 19\n0.1\n  -\n 4x\n");
	table_release(&table);
}

static void test_no_rows_are_titles_alone(void **state)
{
	struct table table;

	(void)state;
	table_init(&table, columns, COLUMNS);
	check(&table, TABLE_FITTED, 80, false, "N  NAME  EXTRA  WHY\n");
	check(&table, TABLE_PLAIN, 80, false, "");
	table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_aligned),
		cmocka_unit_test(test_columns_share_the_room),
		cmocka_unit_test(test_the_least_important_column_is_left_out),
		cmocka_unit_test(test_wide_characters_are_not_split),
		cmocka_unit_test(test_plain_is_for_programs),
		cmocka_unit_test(test_cells_are_cleaned),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_no_rows_are_titles_alone),
	};

	text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

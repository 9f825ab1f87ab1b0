/*
 * What trackers' users write must not drive the terminal of whoever reads a queue.
 */
#include "cli/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void check_clean(struct str text, const char *want)
{
	struct buf out = BUF_INIT;

	text_clean(&out, text);
	assert_string_equal(out.data ? out.data : "", want);
	buf_release(&out);
}

static void test_ordinary_text_stays(void **state)
{
	(void)state;
	check_clean(STR("Crash on start"), "Crash on start");
	check_clean(STR("Título 日本語 🚀"), "Título 日本語 🚀");
	check_clean(STR(""), "");
	check_clean(STR_NONE, "");
}

static void test_line_breaks_become_blanks(void **state)
{
	(void)state;
	check_clean(STR("a\nb\tc\rd"), "a b c d");
	check_clean(STR("a\xe2\x80\xa8"
			"b"),
		"a b"); /* U+2028 */
}

static void test_controls_are_made_visible(void **state)
{
	(void)state;
	check_clean(STR("\033[31mred"), "\xef\xbf\xbd[31mred");
	check_clean(STR("a\x07\x7f"), "a\xef\xbf\xbd\xef\xbf\xbd");
	check_clean(STR("\xc2\x9b"
			"31m"),
		"\xef\xbf\xbd"
		"31m"); /* CSI as one C1 character */
	check_clean((struct str){"a\0b", 3}, "a\xef\xbf\xbd"
					     "b");
}

static void test_malformed_bytes_are_made_visible(void **state)
{
	(void)state;
	check_clean(STR("a\xff"
			"b"),
		"a\xef\xbf\xbd"
		"b");
	check_clean(STR("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
	check_clean(STR("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_turning_characters_are_left_out(void **state)
{
	(void)state;
	check_clean(STR("abc\xe2\x80\xae"
			"def\xe2\x80\xac"),
		"abcdef");                                  /* U+202E, U+202C */
	check_clean(STR("\xe2\x81\xa6x\xe2\x81\xa9"), "x"); /* U+2066, U+2069 */
}

static void test_width_counts_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width(STR("abc")), 3);
	assert_int_equal(text_width(STR("日本")), 4);
	assert_int_equal(text_width(STR("e\xcc\x81")), 1); /* a combining accent */
	assert_int_equal(text_width(STR("…")), 1);
	assert_int_equal(text_width(STR_NONE), 0);
}

static void test_head_never_splits_a_character(void **state)
{
	struct str head;

	(void)state;
	head = text_head(STR("日本語"), 5);
	assert_int_equal(head.len, 6);
	assert_int_equal(text_head(STR("日"), 1).len, 0);
	assert_int_equal(text_head(STR("ab"), 9).len, 2);
	assert_int_equal(text_head(STR("ab"), 0).len, 0);
	/* What takes no column goes with what it stands on. */
	assert_int_equal(text_head(STR("e\xcc\x81x"), 1).len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary_text_stays),
		cmocka_unit_test(test_line_breaks_become_blanks),
		cmocka_unit_test(test_controls_are_made_visible),
		cmocka_unit_test(test_malformed_bytes_are_made_visible),
		cmocka_unit_test(test_turning_characters_are_left_out),
		cmocka_unit_test(test_width_counts_columns),
		cmocka_unit_test(test_head_never_splits_a_character),
	};

	text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

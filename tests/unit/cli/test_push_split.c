/*
 * Taking files of items apart: whatever way the bytes arrive, the same items come out, each with
 * its line.
 */
#include "cli/push_split.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Bytes that come in steps of `step`. */
struct source {
	struct str text;
	size_t at, step;
	bool broken; /* fails at the end */
};

static ssize_t read_source(void *arg, void *into, size_t room)
{
	struct source *source = arg;
	size_t left = source->text.len - source->at;
	size_t bytes = left < source->step ? left : source->step;

	if (bytes > room)
		bytes = room;
	if (bytes == 0 && source->broken) {
		errno = EIO;
		return -1;
	}
	if (bytes > 0)
		memcpy(into, source->text.ptr + source->at, bytes);
	source->at += bytes;
	return (ssize_t)bytes;
}

static const size_t steps[] = {1, 2, 3, 7, 1 << 20};

/* Items as "line:text", one per line of `want`; faults as "!line:fault", too long as "#line". */
static void check_bounded(struct str text, size_t max_bytes, const char *want)
{
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct source source = {.text = text, .step = steps[i]};
		struct splitter splitter;
		struct buf got = BUF_INIT;
		enum split_result result;
		struct str item;

		splitter_init(&splitter, read_source, &source, max_bytes);
		while ((result = splitter_next(&splitter, &item)) != SPLIT_END) {
			if (result == SPLIT_ITEM)
				buf_printf(&got, "%zu:%.*s\n", splitter.line, STR_ARG(item));
			else if (result == SPLIT_TOO_LONG)
				buf_printf(&got, "#%zu\n", splitter.line);
			else
				buf_printf(&got, "!%zu:%s\n", splitter.line, splitter.fault);
			if (result != SPLIT_ITEM && result != SPLIT_TOO_LONG)
				break;
		}
		if (result == SPLIT_END)
			assert_int_equal(splitter.read_bytes, text.len);
		assert_string_equal(got.data ? got.data : "", want);
		buf_release(&got);
		splitter_release(&splitter);
	}
}

static void check(const char *text, const char *want)
{
	check_bounded(str_from(text), 1 << 20, want);
}

static void test_lines_pass_as_they_are(void **state)
{
	(void)state;
	check("{\"a\":1}\n{\"b\":2}\n", "1:{\"a\":1}\n2:{\"b\":2}\n");
	check("{\"a\":1}\r\n\n  \t\n{\"b\":2}", "1:{\"a\":1}\n4:{\"b\":2}\n");
	check("{\"a\":1}\ngarbage\n{\"unfinished\n{}\n",
		"1:{\"a\":1}\n2:garbage\n3:{\"unfinished\n4:{}\n");
	check("garbage\n{}\n", "1:garbage\n2:{}\n");
	check("{\"brace\":\"}{\\\"\"}\n{}\n", "1:{\"brace\":\"}{\\\"\"}\n2:{}\n");
	check("{} {}\n", "1:{} {}\n");
}

static void test_nothing_is_nothing(void **state)
{
	(void)state;
	check("", "");
	check("\n \n\n", "");
	check("[]", "");
	check(" [ \n ] \n", "");
}

static void test_a_byte_order_mark_is_passed_over(void **state)
{
	(void)state;
	check("\xef\xbb\xbf{\"a\":1}\n{}\n", "1:{\"a\":1}\n2:{}\n");
	check("\xef\xbb\xbf[{\"a\":1}]", "1:{\"a\":1}\n");
}

static void test_arrays_in_any_layout(void **state)
{
	(void)state;
	check("[{\"a\":1},{\"b\":[1,2]}]", "1:{\"a\":1}\n1:{\"b\":[1,2]}\n");
	check("[\n  {\n    \"a\": 1\n  },\n  {\"b\": \"]}\"}\n]\n",
		"2:{     \"a\": 1   }\n5:{\"b\": \"]}\"}\n");
	check("[1, \"x\\\"y\", null,true]", "1:1\n1:\"x\\\"y\"\n1:null\n1:true\n");
	check("[{}]\n[{\"a\":1}]", "1:{}\n2:{\"a\":1}\n");
}

static void test_objects_over_several_lines(void **state)
{
	(void)state;
	check("{\n\"a\":1\n}\n", "1:{ \"a\":1 }\n");
	check("{\n\"a\":1\n}\n{\"b\":2}{\n}", "1:{ \"a\":1 }\n4:{\"b\":2}\n4:{ }\n");
	check("{\r\n\"a\":1}\r\n", "1:{  \"a\":1}\n");
}

static void test_broken_json_says_where(void **state)
{
	(void)state;
	check("[{\"a\":1},\n{\"b\":", "1:{\"a\":1}\n!2:the item that begins here does not end\n");
	check("[{\"a\":1}\n", "1:{\"a\":1}\n!2:the array does not end\n");
	check("[{}\n{}]", "1:{}\n!2:a comma is missing between two items\n");
	check("[{},]", "1:{}\n!1:an item is missing behind the comma\n");
	check("[,{}]", "!1:an item is missing before the comma\n");
	check("[{},,{}]", "1:{}\n!1:an item is missing before the comma\n");
	check("[{\"a\":\"x\ny\"}]", "!1:a line break inside a string\n");
}

static void test_too_long_items_are_passed_over(void **state)
{
	(void)state;
	check_bounded(
		STR("{\"a\":1}\n{\"long\":\"0123456789\"}\n{}\n"), 12, "1:{\"a\":1}\n#2\n3:{}\n");
	check_bounded(STR("{}\n0123456789abcdefghijklmnopqrst"), 12, "1:{}\n#2\n");
	check_bounded(
		STR("[{\"a\":1},\n{\"long\":\"0123456789\"},\n{}]"), 12, "1:{\"a\":1}\n#2\n3:{}\n");
}

static void test_a_form_can_be_said(void **state)
{
	struct source source = {.text = STR("[1]\n[2]\n"), .step = 3};
	struct splitter splitter;
	struct str item;

	(void)state;
	splitter_init(&splitter, read_source, &source, 100);
	splitter.form = SPLIT_LINES;
	assert_int_equal(splitter_next(&splitter, &item), SPLIT_ITEM);
	assert_true(str_is(item, "[1]"));
	splitter_release(&splitter);
}

static void test_a_failed_read_is_told(void **state)
{
	struct source source = {.text = STR("{}\n{}"), .step = 100, .broken = true};
	struct splitter splitter;
	struct str item;

	(void)state;
	splitter_init(&splitter, read_source, &source, 100);
	assert_int_equal(splitter_next(&splitter, &item), SPLIT_ITEM);
	errno = 0;
	assert_int_equal(splitter_next(&splitter, &item), SPLIT_FAILED);
	assert_int_equal(errno, EIO);
	splitter_release(&splitter);
}

/* Any bytes at all: it ends, and never gives more than it was given. */
static void test_random_bytes(void **state)
{
	static const char alphabet[] = "[]{},:\"\\ \n\rax1";
	const char *given = getenv("WINNOW_TEST_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 20261121u;

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < 20000; round++) {
		char text[48];
		size_t len = (size_t)(rand_r(&seed) % (int)sizeof text);
		struct source source = {.text = {text, len}, .step = 1 + round % 5};
		struct splitter splitter;
		struct str item = STR_NONE;
		enum split_result result;
		size_t total = 0;

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[rand_r(&seed) % (int)(sizeof alphabet - 1)];
		splitter_init(&splitter, read_source, &source, 20);
		do {
			result = splitter_next(&splitter, &item);
			if (result == SPLIT_ITEM) {
				assert_true(item.len > 0 && item.len <= 20);
				assert_null(memchr(item.ptr, '\n', item.len));
				total += item.len;
			}
			assert_true(total <= len);
		} while (result == SPLIT_ITEM || result == SPLIT_TOO_LONG);
		assert_true(result == SPLIT_END || result == SPLIT_MALFORMED);
		splitter_release(&splitter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_pass_as_they_are),
		cmocka_unit_test(test_nothing_is_nothing),
		cmocka_unit_test(test_a_byte_order_mark_is_passed_over),
		cmocka_unit_test(test_arrays_in_any_layout),
		cmocka_unit_test(test_objects_over_several_lines),
		cmocka_unit_test(test_broken_json_says_where),
		cmocka_unit_test(test_too_long_items_are_passed_over),
		cmocka_unit_test(test_a_form_can_be_said),
		cmocka_unit_test(test_a_failed_read_is_told),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

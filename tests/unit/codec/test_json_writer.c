/*
 * JSON text as it is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include <math.h>

#include "base/clock.h"
#include "codec/json_writer.h"

static struct buf out;
static struct json_writer json;

static int begin(void **state)
{
	(void)state;
	json_writer_init(&json, &out);
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

static void test_structure(void **state)
{
	(void)state;
	json_object_begin(&json);
	json_put(&json, "a", int, 1);
	json_key(&json, "b");
	json_array_begin(&json);
	json_int(&json, 1);
	json_object_begin(&json);
	json_object_end(&json);
	json_array_begin(&json);
	json_array_end(&json);
	json_nil(&json);
	json_array_end(&json);
	json_put(&json, "c", raw, STR("{\"x\":[]}"));
	json_key_str(&json, STR("d\n"));
	json_bool(&json, true);
	json_put(&json, "e", bool, false);
	json_object_end(&json);
	assert_string_equal("{\"a\":1,\"b\":[1,{},[],null],\"c\":{\"x\":[]},\"d\\n\":true,"
			    "\"e\":false}",
		out.data);
}

static void test_depth(void **state)
{
	(void)state;
	for (int i = 0; i < JSON_WRITER_DEPTH - 1; i++)
		json_array_begin(&json);
	for (int i = 0; i < JSON_WRITER_DEPTH - 1; i++)
		json_array_end(&json);
	assert_int_equal(2 * (JSON_WRITER_DEPTH - 1), out.len);
}

static void text_is(struct str text, const char *expected)
{
	buf_reset(&out);
	json_writer_init(&json, &out);
	json_str(&json, text);
	assert_string_equal(expected, out.data);
}

static void test_strings(void **state)
{
	char all[256];

	(void)state;
	text_is(STR(""), "\"\"");
	text_is(STR_NONE, "null");
	text_is(STR("plain"), "\"plain\"");
	text_is(STR("\"\\/"), "\"\\\"\\\\/\"");
	text_is(STR("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\"");
	text_is((struct str){"a\0b", 3}, "\"a\\u0000b\"");
	text_is(STR("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\"");
	text_is(STR("\u00e4\u20ac\U0001f600"), "\"\u00e4\u20ac\U0001f600\"");
	text_is(STR("\nx\n"), "\"\\nx\\n\"");

	/* Nothing but what RFC 8259 section 7 demands is escaped. */
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buf_reset(&out);
	json_writer_init(&json, &out);
	json_str(&json, (struct str){all, 256});
	assert_int_equal(2 + 256 + 27 * 5 + 5 + 2, out.len);
}

static void test_numbers(void **state)
{
	(void)state;
	json_array_begin(&json);
	json_int(&json, INT64_MIN);
	json_int(&json, INT64_MAX);
	json_int(&json, 0);
	json_int(&json, -7);
	json_number(&json, 0.1);
	json_number(&json, NAN);
	json_number(&json, -INFINITY);
	/* Beyond what JSON readers take for an integer. */
	json_number(&json, 0x1p62);
	json_number(&json, 0x1p63);
	json_number(&json, -12e18);
	json_array_end(&json);
	assert_string_equal("[-9223372036854775808,9223372036854775807,0,-7,0.1,null,null,"
			    "4611686018427388000,9.223372036854776e+18,-1.2e+19]",
		out.data);
}

static void test_other_kinds(void **state)
{
	struct uuid uuid = {{0}};

	(void)state;
	uuid.bytes[0] = 0xab;
	json_array_begin(&json);
	json_uuid(&json, &uuid);
	json_time(&json, 1500000);
	json_time(&json, TIME_NONE);
	json_text(&json, NULL);
	json_text(&json, "t");
	json_array_end(&json);
	assert_string_equal("[\"ab000000-0000-0000-0000-000000000000\",\"1970-01-01T00:00:01.5Z\","
			    "null,null,\"t\"]",
		out.data);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		each(test_structure),
		each(test_depth),
		each(test_strings),
		each(test_numbers),
		each(test_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

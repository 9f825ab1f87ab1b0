/*
 * Views of JSON: what is there reads as itself, what is not reads as absent, and writing gives back
 * what was read.
 */
#include "codec/json_view.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct json_view *parse(const char *text)
{
	struct json_view *document = json_view_parse(str_from(text), NULL);

	assert_non_null(document);
	return document;
}

static void assert_str(struct str have, const char *want)
{
	assert_int_equal(have.len, strlen(want));
	assert_memory_equal(have.ptr, want, have.len);
}

static void test_members_read_by_their_type(void **state)
{
	struct json_view *doc =
		parse("{\"t\":\"text\",\"i\":7,\"r\":1.5,\"w\":2.0,\"b\":true,\"n\":null}");

	(void)state;
	assert_str(json_view_text(doc, "t"), "text");
	assert_int_equal(json_view_int(doc, "i", -1), 7);
	assert_int_equal(json_view_int(doc, "w", -1), 2);
	assert_true(json_view_number(doc, "r") == 1.5);
	assert_true(json_view_number(doc, "i") == 7);
	assert_true(json_view_bool(doc, "b", false));
	json_view_free(doc);
}

static void test_absent_null_and_other_types_read_as_absent(void **state)
{
	struct json_view *doc = parse("{\"t\":\"text\",\"r\":1.5,\"big\":1e300,\"n\":null}");

	(void)state;
	assert_null(json_view_get(doc, "n"));
	assert_null(json_view_get(doc, "x"));
	assert_null(json_view_text(doc, "r").ptr);
	assert_true(isnan(json_view_number(doc, "t")));
	assert_int_equal(json_view_int(doc, "r", -1), -1);
	assert_int_equal(json_view_int(doc, "big", -1), -1);
	assert_true(json_view_bool(doc, "t", true));
	/* A chain through what is not there. */
	assert_null(json_view_text(json_view_get(json_view_get(doc, "x"), "y"), "z").ptr);
	assert_null(json_view_at(json_view_get(doc, "t"), 0));
	assert_int_equal(json_view_count(doc), 0);
	json_view_free(doc);
}

static void test_arrays(void **state)
{
	struct json_view *doc = parse("[\"a\",null,3,{}]");

	(void)state;
	assert_int_equal(json_view_count(doc), 4);
	assert_str(json_view_as_text(json_view_at(doc, 0)), "a");
	assert_null(json_view_at(doc, 1));
	assert_true(json_view_as_number(json_view_at(doc, 2)) == 3);
	assert_non_null(json_view_at(doc, 3));
	assert_null(json_view_at(doc, 4));
	json_view_free(doc);
}

static void test_members_are_walked_in_order(void **state)
{
	struct json_view *doc = parse("{\"z\":1,\"a\":null,\"m\":\"x\"}");
	static const char *const names[] = {"z", "a", "m"};
	const struct json_view *value;
	struct str key;
	void *cursor = NULL;
	size_t count = 0;

	(void)state;
	while (json_view_next(doc, &cursor, &key, &value)) {
		assert_true(count < 3);
		assert_str(key, names[count]);
		assert_int_equal(value == NULL, count == 1);
		count++;
	}
	assert_int_equal(count, 3);
	cursor = NULL;
	assert_false(json_view_next(NULL, &cursor, &key, &value));
	json_view_free(doc);
}

static void test_writing_keeps_order_and_values(void **state)
{
	static const char text[] =
		"{\"z\":[1,null,0.1,\"\xc3\xa9\\n\"],\"a\":{\"t\":true,\"e\":{},\"l\":[]}}";
	struct json_view *doc = parse(text);
	struct buf out = BUF_INIT;

	(void)state;
	json_view_write(&out, doc);
	assert_str(buf_view(&out), text);
	buf_reset(&out);
	json_view_write(&out, NULL);
	assert_str(buf_view(&out), "null");
	buf_release(&out);
	json_view_free(doc);
}

static void test_what_is_no_json_says_why(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	assert_null(json_view_parse(STR("{\"a\":1,\"a\":2}"), &why));
	assert_true(why.len > 0);
	assert_null(json_view_parse(STR(""), NULL));
	assert_null(json_view_parse(STR_NONE, NULL));
	json_view_free(NULL);
	buf_release(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_read_by_their_type),
		cmocka_unit_test(test_absent_null_and_other_types_read_as_absent),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_members_are_walked_in_order),
		cmocka_unit_test(test_writing_keeps_order_and_values),
		cmocka_unit_test(test_what_is_no_json_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

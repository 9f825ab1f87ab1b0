/*
 * Typed query parameters and header fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bare_request.h"

static struct request request;
static struct response response;

static int begin(void **state)
{
	(void)state;
	bare_init(&request, &response);
	return 0;
}

static int end(void **state)
{
	(void)state;
	bare_release(&request, &response);
	return 0;
}

static void test_headers(void **state)
{
	(void)state;
	bare_header(&request, "X-Thing", "1");
	bare_header(&request, "x-thing", "2");
	assert_true(str_is(request_header(&request, "X-THING"), "1"));
	assert_null(request_header(&request, "X-Thin").ptr);
}

static enum error read_int(const char *text, int64_t *out)
{
	request.query_count = 0;
	request.diag.count = 0;
	bare_query(&request, "limit", text);
	return request_query_int(&request, "limit", -5, 100, 50, out);
}

static void test_int(void **state)
{
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1.0", "1e2", "0x1", "101",
		"-6", "9223372036854775808", "99999999999999999999", "--1", NULL};
	int64_t value;

	(void)state;
	assert_int_equal(ERR_OK, request_query_int(&request, "limit", 1, 100, 50, &value));
	assert_int_equal(50, value);
	assert_int_equal(ERR_OK, read_int("100", &value));
	assert_int_equal(100, value);
	assert_int_equal(ERR_OK, read_int("-5", &value));
	assert_int_equal(-5, value);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(ERR_INVALID, read_int(bad[i], &value));
		assert_int_equal(50, value);
		assert_int_equal(1, request.diag.count);
		assert_string_equal("#/query/limit", request.diag.entries[0].pointer);
		assert_string_equal("limit must be a whole number from -5 to 100.",
			request.diag.entries[0].detail);
	}
}

static void test_bool(void **state)
{
	bool value;

	(void)state;
	assert_int_equal(ERR_OK, request_query_bool(&request, "dry_run", true, &value));
	assert_true(value);
	bare_query(&request, "dry_run", "false");
	assert_int_equal(ERR_OK, request_query_bool(&request, "dry_run", true, &value));
	assert_false(value);
	bare_query(&request, "other", "1");
	assert_int_equal(ERR_INVALID, request_query_bool(&request, "other", false, &value));
	assert_string_equal("#/query/other", request.diag.entries[0].pointer);
}

static void test_only(void **state)
{
	static const char *const names[] = {"limit", "cursor", NULL};

	(void)state;
	assert_int_equal(ERR_OK, request_query_only(&request, names));
	bare_query(&request, "limit", "1");
	bare_query(&request, "cursor", NULL);
	assert_int_equal(ERR_OK, request_query_only(&request, names));
	bare_query(&request, "limit", "2");
	bare_query(&request, "a/b", "2");
	assert_int_equal(ERR_INVALID, request_query_only(&request, names));
	assert_int_equal(2, request.diag.count);
	assert_string_equal("#/query/limit", request.diag.entries[0].pointer);
	assert_string_equal("#/query/a~1b", request.diag.entries[1].pointer);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		each(test_headers),
		each(test_int),
		each(test_bool),
		each(test_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

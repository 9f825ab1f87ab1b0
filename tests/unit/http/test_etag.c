/*
 * Entity tags and conditions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bare_request.h"

static bool weak(const char *header, const char *tag)
{
	return etag_matches(str_from(header), tag, true);
}

static bool strong(const char *header, const char *tag)
{
	return etag_matches(str_from(header), tag, false);
}

static void test_matching(void **state)
{
	(void)state;
	assert_true(weak("\"a\"", "\"a\""));
	assert_true(weak("W/\"a\"", "\"a\""));
	assert_true(weak(" \"x\" ,\tW/\"y\",\"a\"", "\"a\""));
	assert_true(weak("*", "\"a\""));
	assert_true(weak(" * ", "\"a\""));
	assert_true(weak("\"x,\", \"a, b\"", "\"a, b\""));
	assert_false(weak("", "\"a\""));
	assert_false(weak("a", "\"a\""));
	assert_false(weak("\"a", "\"a\""));
	assert_false(weak("\"b\"", "\"a\""));
	assert_false(weak("w/\"a\"", "\"a\""));
	assert_false(weak("**", "\"a\""));
	assert_false(weak("garbage, \"a\"", "\"a\""));
	assert_true(strong("\"a\"", "\"a\""));
	assert_false(strong("W/\"a\"", "\"a\""));
	assert_true(strong("W/\"a\", \"a\"", "\"a\""));
	assert_true(strong("*", "\"a\""));
}

static void test_not_modified(void **state)
{
	struct request request;
	struct response response;

	(void)state;
	bare_init(&request, &response);
	buf_puts(&response.body, "{}");
	assert_false(response_not_modified(&response, &request, "\"7\""));
	assert_int_equal(200, response.status);
	assert_string_equal("\"7\"", bare_answer(&response, "ETag"));
	assert_string_equal("private", bare_answer(&response, "Cache-Control"));
	assert_string_equal("Accept-Encoding, Authorization", bare_answer(&response, "Vary"));

	response.header_count = 0;
	bare_header(&request, "if-none-match", "W/\"7\"");
	assert_true(response_not_modified(&response, &request, "\"7\""));
	assert_int_equal(304, response.status);
	assert_int_equal(0, response.body.len);
	assert_string_equal("\"7\"", bare_answer(&response, "ETag"));
	bare_release(&request, &response);
}

static enum error precondition(const char *name, const char *value, const char *tag)
{
	struct request request;
	struct response response;
	enum error error;

	bare_init(&request, &response);
	if (name)
		bare_header(&request, name, value);
	error = request_precondition(&request, tag);
	bare_release(&request, &response);
	return error;
}

static void test_preconditions(void **state)
{
	(void)state;
	assert_int_equal(ERR_NEEDS_IF_MATCH, precondition(NULL, NULL, "\"1\""));
	assert_int_equal(ERR_NEEDS_IF_MATCH, precondition(NULL, NULL, NULL));
	assert_int_equal(ERR_OK, precondition("If-Match", "\"1\"", "\"1\""));
	assert_int_equal(ERR_OK, precondition("If-Match", "*", "\"1\""));
	assert_int_equal(ERR_STALE_ETAG, precondition("If-Match", "\"2\"", "\"1\""));
	assert_int_equal(ERR_STALE_ETAG, precondition("If-Match", "W/\"1\"", "\"1\""));
	assert_int_equal(ERR_STALE_ETAG, precondition("If-Match", "\"1\"", NULL));
	assert_int_equal(ERR_STALE_ETAG, precondition("If-Match", "*", NULL));
	assert_int_equal(ERR_OK, precondition("If-None-Match", "*", NULL));
	assert_int_equal(ERR_STALE_ETAG, precondition("If-None-Match", "*", "\"1\""));
	assert_int_equal(ERR_NEEDS_IF_MATCH, precondition("If-None-Match", "\"2\"", "\"1\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_not_modified),
		cmocka_unit_test(test_preconditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

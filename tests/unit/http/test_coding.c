/*
 * Which coding a client is sent, and how its entity tag tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bare_request.h"
#include "http/coding.h"

static bool takes_gzip(const char *first, const char *second)
{
	struct request request;
	struct response response;
	bool takes;

	bare_init(&request, &response);
	if (first)
		bare_header(&request, "accept-encoding", first);
	if (second)
		bare_header(&request, "Accept-Encoding", second);
	takes = coding_takes_gzip(&request);
	bare_release(&request, &response);
	return takes;
}

static void test_what_is_accepted(void **state)
{
	static const struct {
		const char *field;
		bool takes;
	} cases[] = {
		{"gzip", true},
		{"GZip", true},
		{"x-gzip", true},
		{"gzip, deflate, br", true},
		{"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
		{"deflate,\tgzip ; q=0.001", true},
		{"*", true},
		{"*;q=0.5", true},
		{"gzip;q=1.000", true},
		{"gzip;q=0.5, identity;q=0.5", true},
		{"identity;q=0, gzip;q=0.1", true},
		{",, gzip,", true},
		{"", false},
		{"identity", false},
		{"br", false},
		{"gzip;q=0", false},
		{"gzip;q=0.000", false},
		{"gzip;q=0, *", false},
		{"*;q=0", false},
		{"gzip;q=0.4, identity;q=0.5", false},
		{"identity, *;q=0.5", false},
		{"gzip;q=1.001", false},
		{"gzip;q=2", false},
		{"gzip;q=0.1234", false},
		{"gzip;q=", false},
		{"gzip;q=-1", false},
		{"gzip;level=9", false},
		{"gzipped", false},
		{"gzi", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (takes_gzip(cases[i].field, NULL) != cases[i].takes)
			fail_msg("\"%s\" was read wrongly", cases[i].field);
	}
	assert_false(takes_gzip(NULL, NULL));
	assert_true(takes_gzip("br", "gzip"));
	assert_false(takes_gzip("gzip;q=0.1", "identity"));
}

static void test_tags_of_both(void **state)
{
	struct request request;
	struct response response;

	(void)state;
	bare_init(&request, &response);
	assert_false(response_not_modified(&response, &request, "\"7\""));
	assert_true(response_is_gzip(&response, &request));
	assert_string_equal("\"7-gzip\"", bare_answer(&response, "ETag"));
	assert_string_equal("gzip", bare_answer(&response, "Content-Encoding"));

	response.header_count = 0;
	bare_header(&request, "If-None-Match", "\"6\", W/\"7-gzip\"");
	assert_true(response_not_modified(&response, &request, "\"7\""));
	assert_int_equal(304, response.status);
	assert_string_equal("\"7-gzip\"", bare_answer(&response, "ETag"));

	response.header_count = 0;
	request.header_count = 0;
	response.status = 200;
	bare_header(&request, "If-None-Match", "\"6-gzip\", \"7-gzip-gzip\"");
	assert_false(response_not_modified(&response, &request, "\"7\""));
	assert_int_equal(200, response.status);
	assert_string_equal("\"7\"", bare_answer(&response, "ETag"));
	bare_release(&request, &response);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_accepted),
		cmocka_unit_test(test_tags_of_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

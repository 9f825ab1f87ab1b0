/*
 * Cursors open only where they were made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bare_request.h"

static const struct route route = {.method = "GET", .path = "/v1/workspaces/{ws}/items"};
static const struct route other_route = {.method = "GET", .path = "/v1/workspaces/{ws}/queue"};

static void begin(struct request *request, struct response *response)
{
	bare_init(request, response);
	request->route = &route;
	memset(request->workspace.id.bytes, 1, sizeof request->workspace.id.bytes);
	memset(request->workspace.salt, 2, sizeof request->workspace.salt);
}

static void test_round_trip(void **state)
{
	struct request request;
	struct response response;
	char bytes[1025];

	(void)state;
	memset(bytes, '\xff', sizeof bytes);
	for (size_t len = 0; len <= 1024; len += len < 40 ? 1 : 123) {
		struct str payload;
		char *cursor;

		begin(&request, &response);
		cursor = cursor_make(&request, STR("stream=incident"), (struct str){bytes, len});
		assert_non_null(cursor);
		for (const char *c = cursor; *c; c++)
			assert_true(*c == '-' || *c == '_' || (*c >= '0' && *c <= '9') ||
				    (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z'));
		assert_int_equal(ERR_OK,
			cursor_open(&request, STR("stream=incident"), str_from(cursor), &payload));
		assert_int_equal(len, payload.len);
		assert_memory_equal(bytes, payload.ptr, len);
		bare_release(&request, &response);
	}
	begin(&request, &response);
	assert_null(cursor_make(&request, STR(""), (struct str){bytes, sizeof bytes}));
	bare_release(&request, &response);
}

static void test_bound(void **state)
{
	struct request request;
	struct response response;
	struct str payload;
	struct str cursor;
	char *text;

	(void)state;
	begin(&request, &response);
	text = cursor_make(&request, STR("q"), STR("payload"));
	assert_non_null(text);
	cursor = str_from(text);
	assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("r"), cursor, &payload));
	/* What moves between query and payload is not the same. */
	assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("qp"), cursor, &payload));
	request.route = &other_route;
	assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("q"), cursor, &payload));
	request.route = &route;
	request.workspace.id.bytes[3]++;
	assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("q"), cursor, &payload));
	request.workspace.id.bytes[3]--;
	request.workspace.salt[31]++;
	assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("q"), cursor, &payload));
	request.workspace.salt[31]--;
	assert_int_equal(ERR_OK, cursor_open(&request, STR("q"), cursor, &payload));

	for (size_t i = 0; i < cursor.len; i++) {
		char kept = text[i];

		text[i] = kept == 'A' ? 'B' : 'A';
		assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("q"), cursor, &payload));
		text[i] = kept;
	}
	for (size_t len = 0; len < cursor.len; len++)
		assert_int_equal(ERR_BAD_CURSOR,
			cursor_open(&request, STR("q"), (struct str){text, len}, &payload));
	assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("q"), STR("!"), &payload));
	assert_int_equal(ERR_BAD_CURSOR, cursor_open(&request, STR("q"), STR_NONE, &payload));
	bare_release(&request, &response);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Errors as problem objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "http/problem.h"
#include "bare_request.h"

static void test_plain(void **state)
{
	struct request request;
	struct response response;

	(void)state;
	bare_init(&request, &response);
	strcpy(request.id, "8e03978e-40d5-43e8-bc93-6894a57f9324");
	buf_puts(&response.body, "half an answer");
	response_header(&response, &request, "ETag", "\"1\"");
	problem_render(ERR_NOT_FOUND, &request, &response);
	assert_int_equal(404, response.status);
	assert_string_equal("application/problem+json", response.content_type);
	assert_int_equal(0, response.header_count);
	assert_string_equal(
		"{\"type\":\"/problems/not-found\",\"title\":\"There is nothing here\","
		"\"status\":404,\"detail\":\"Nothing is there, or the token may not see "
		"it.\",\"instance\":\"urn:uuid:8e03978e-40d5-43e8-bc93-6894a57f9324\"}",
		response.body.data);
	bare_release(&request, &response);
}

static void test_faults(void **state)
{
	struct request request;
	struct response response;
	struct buf out = BUF_INIT;

	(void)state;
	bare_init(&request, &response);
	strcpy(request.id, "abc");
	diag_add(&request.diag, "/items/3/title", "It says \"%s\".", "no");
	problem_render(ERR_INVALID, &request, &response);
	assert_string_equal(
		"{\"type\":\"/problems/validation\",\"title\":\"The request is well-formed but not "
		"valid\",\"status\":422,\"detail\":\"It says \\\"no\\\".\","
		"\"instance\":\"urn:winnow:request:abc\",\"errors\":[{\"pointer\":"
		"\"#/items/3/title\",\"detail\":\"It says \\\"no\\\".\"}]}",
		response.body.data);
	for (int i = 0; i < DIAG_MAX + 4; i++)
		diag_add(&request.diag, "", "More.");
	problem_object(&out, ERR_INVALID, &request.diag, NULL);
	assert_non_null(strstr(out.data, "\"detail\":\"There are 69 faults; errors lists them.\""));
	assert_non_null(strstr(out.data, "\"errors_omitted\":5}"));
	assert_null(strstr(out.data, "instance"));
	buf_release(&out);
	bare_release(&request, &response);
}

static void test_fields(void **state)
{
	static const struct route route = {.body = BODY_MERGE_PATCH};
	struct request request;
	struct response response;

	(void)state;
	bare_init(&request, &response);
	problem_render(ERR_DATABASE_AWAY, &request, &response);
	assert_string_equal("5", bare_answer(&response, "Retry-After"));
	problem_render(ERR_UNAUTHENTICATED, &request, &response);
	assert_null(bare_answer(&response, "Retry-After"));
	assert_string_equal("Bearer realm=\"winnow\"", bare_answer(&response, "WWW-Authenticate"));
	request.allow = "GET, HEAD";
	problem_render(ERR_METHOD, &request, &response);
	assert_string_equal("GET, HEAD", bare_answer(&response, "Allow"));
	request.route = &route;
	problem_render(ERR_MEDIA_TYPE, &request, &response);
	assert_string_equal(
		"application/json, application/merge-patch+json", bare_answer(&response, "Accept"));
	assert_string_equal("application/merge-patch+json", bare_answer(&response, "Accept-Patch"));
	bare_release(&request, &response);
}

static void test_table(void **state)
{
	(void)state;
	for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
		const struct error_info *info = error_info((enum error)code);

		assert_int_equal(code, error_by_slug(str_from(info->slug)));
		if (code != ERR_INTERNAL && code != ERR_DATABASE)
			assert_ptr_not_equal(
				problem_advice(ERR_INTERNAL), problem_advice((enum error)code));
		/* Where waiting is what helps. */
		assert_int_equal(
			info->status == 503 || info->status == 429 || code == ERR_KEY_IN_FLIGHT,
			problem_retry_after_s((enum error)code) > 0);
	}
	assert_int_equal(ERR_OK, error_by_slug(str_from("internalx")));
	assert_int_equal(ERR_OK, error_by_slug(STR_NONE));
	assert_string_equal(problem_advice(ERR_INTERNAL), problem_advice(ERR_PARK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

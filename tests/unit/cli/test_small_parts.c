/*
 * The small pure parts of the client: URLs, waits, pointers, the progress line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "cli/batch.h"
#include "cli/progress.h"
#include "cli/retry.h"
#include "cli/text.h"
#include "cli/url.h"

static void check_segment(const char *text, const char *want)
{
	struct buf out = BUF_INIT;

	url_segment(&out, str_from(text));
	assert_string_equal(out.data, want);
	buf_release(&out);
}

static void test_a_segment_stays_one(void **state)
{
	(void)state;
	check_segment("payments-1", "payments-1");
	check_segment("a/b?c#d&e", "a%2Fb%3Fc%23d%26e");
	check_segment("..", "%2E%2E");
	check_segment(".", "%2E");
	check_segment("...", "...");
	check_segment("ä +%", "%C3%A4%20%2B%25");
}

static void test_queries_are_joined(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	buf_puts(&out, "/v1/x");
	url_query(&out, "a", STR("1&2"));
	url_query_int(&out, "b", -5);
	assert_string_equal(out.data, "/v1/x?a=1%262&b=-5");
	buf_release(&out);
}

static void test_waits_grow_and_are_bounded(void **state)
{
	int64_t last = 0;

	(void)state;
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		int64_t least = retry_delay_ms(attempt, -1, 0);
		int64_t most = retry_delay_ms(attempt, -1, least > 0 ? (uint32_t)(least / 4) : 0);

		assert_true(least >= last);
		assert_true(most <= 30000 + 30000 / 4);
		assert_true(most >= least);
		last = least;
	}
	assert_int_equal(retry_delay_ms(0, -1, 0), 500);
	assert_int_equal(retry_delay_ms(3, -1, 0), 4000);
}

static void test_the_server_may_ask_for_a_longer_wait(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ms(0, 7, 0), 7000);
	assert_int_equal(retry_delay_ms(0, 0, 0), 500);
	assert_int_equal(retry_delay_ms(0, INT64_MAX, 0), 120000);
	assert_int_equal(retry_delay_ms(6, 1, 0), 30000);
}

static void test_pointers_name_items(void **state)
{
	(void)state;
	assert_int_equal(batch_pointer_index(STR("/3/title")), 3);
	assert_int_equal(batch_pointer_index(STR("/12")), 12);
	assert_int_equal(batch_pointer_index(STR("#/0/features/x")), 0);
	assert_int_equal(batch_pointer_index(STR("/items/7/title")), 7);
	assert_true(batch_pointer_index(STR("/title")) == SIZE_MAX);
	assert_true(batch_pointer_index(STR("/items")) == SIZE_MAX);
	assert_true(batch_pointer_index(STR("")) == SIZE_MAX);
	assert_true(batch_pointer_index(STR("/")) == SIZE_MAX);
	assert_true(batch_pointer_index(STR_NONE) == SIZE_MAX);
}

static void check_line(struct progress_state state, unsigned width, const char *want)
{
	struct buf out = BUF_INIT;

	progress_line(&out, &state, width);
	assert_string_equal(out.data, want);
	assert_true(text_width(buf_view(&out)) < width);
	buf_release(&out);
}

static void check_log(struct progress_state state, const char *want)
{
	struct buf out = BUF_INIT;

	progress_line(&out, &state, 0);
	assert_string_equal(out.data, want);
	buf_release(&out);
}

static void test_progress_lines(void **state)
{
	struct progress_state half = {
		.label = "pushing",
		.done = 50,
		.total = 100,
		.count = 1200,
		.things = "items",
		.seconds = 2.0,
	};

	(void)state;
	check_line(half, 100,
		"pushing [###############               ]  50 %  1200 items, 600 per second");
	check_line(half, 60, "pushing [#######        ]  50 %  1200 items, 600 per second");
	check_line(half, 40, "pushing 1200 items, 600 per second");
	check_line(half, 20, "pushing 1200 items,");
	half.total = 0;
	half.seconds = 0.5;
	check_line(half, 100, "pushing 1200 items");
	half.total = 10; /* a file that grew */
	check_line(half, 100, "pushing [##############################] 100 %  1200 items");
	half.rejected = 3;
	half.in_bytes = true;
	half.done = 3 << 20;
	half.total = 0;
	check_line(half, 100, "pushing 1200 items, 3 rejected, 3.0 MiB");
	half.total = 12 << 20;
	check_line(
		half, 70, "pushing [###         ]  25 %  1200 items, 3 rejected, 3.0 of 12.0 MiB");
	check_log(half, "pushing  25 %  1200 items, 3 rejected, 3.0 of 12.0 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_segment_stays_one),
		cmocka_unit_test(test_queries_are_joined),
		cmocka_unit_test(test_waits_grow_and_are_bounded),
		cmocka_unit_test(test_the_server_may_ask_for_a_longer_wait),
		cmocka_unit_test(test_pointers_name_items),
		cmocka_unit_test(test_progress_lines),
	};

	text_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_every_code_has_its_row(void **state)
{
	(void)state;
	for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
		const struct error_info *info = error_info((enum error)code);

		assert_in_range(info->status, 400, 599);
		assert_true(strlen(info->slug) > 0);
		assert_true(strlen(info->title) > 0);
		/* The slug is a part of a path and a label of metrics. */
		assert_int_equal(strspn(info->slug, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			strlen(info->slug));
		for (int other = ERR_OK + 1; other < code; other++)
			assert_string_not_equal(info->slug, error_info((enum error)other)->slug);
	}
}

static void test_known_rows(void **state)
{
	(void)state;
	assert_int_equal(error_info(ERR_INVALID)->status, 422);
	assert_string_equal(error_info(ERR_INVALID)->slug, "validation");
	assert_int_equal(error_info(ERR_NOT_FOUND)->status, 404);
	assert_int_equal(error_info(ERR_OK)->status, 200);
}

static void test_unknown_codes(void **state)
{
	const struct error_info *internal = error_info(ERR_INTERNAL);

	(void)state;
	assert_ptr_equal(error_info(ERR_COUNT), internal);
	assert_ptr_equal(error_info(ERR_WOULD_BLOCK), internal);
	assert_ptr_equal(error_info(ERR_PARK), internal);
	assert_ptr_equal(error_info((enum error) - 1), internal);
	assert_ptr_equal(error_info((enum error)1000000), internal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code_has_its_row),
		cmocka_unit_test(test_known_rows),
		cmocka_unit_test(test_unknown_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

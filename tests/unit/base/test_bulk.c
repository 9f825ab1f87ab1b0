/*
 * Large arrays: all of what was asked for is there, zero where zeros were asked for, and what no
 * memory can hold is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bulk.h"

/* On either side of one huge page, and of where the last one is worth having. */
static const size_t counts[] = {0, 1, 1000, 262143, 262144, 262145, 400000, 500000, 524289};

static void test_all_of_it_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		uint64_t *numbers = bulk_alloc(counts[i], sizeof(*numbers));
		uint64_t sum = 0;

		assert_non_null(numbers);
		for (size_t k = 0; k < counts[i]; k++)
			numbers[k] = k;
		for (size_t k = 0; k < counts[i]; k++)
			sum += numbers[k];
		assert_int_equal(sum, counts[i] ? counts[i] * (counts[i] - 1) / 2 : 0);
		free(numbers);
	}
}

static void test_zero_also_where_others_have_been(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		size_t bytes = counts[i] * sizeof(uint64_t);
		unsigned char *before = bulk_alloc(counts[i], sizeof(uint64_t));
		unsigned char *zeros;

		assert_non_null(before);
		memset(before, 0xff, bytes);
		free(before);
		zeros = bulk_zero(counts[i], sizeof(uint64_t));
		assert_non_null(zeros);
		for (size_t k = 0; k < bytes; k++)
			assert_int_equal(zeros[k], 0);
		free(zeros);
	}
}

static void test_too_much_is_refused(void **state)
{
	(void)state;
	assert_null(bulk_alloc(SIZE_MAX / 2, 3));
	assert_null(bulk_alloc(SIZE_MAX, 1));
	assert_null(bulk_zero(PTRDIFF_MAX, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it_is_there),
		cmocka_unit_test(test_zero_also_where_others_have_been),
		cmocka_unit_test(test_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

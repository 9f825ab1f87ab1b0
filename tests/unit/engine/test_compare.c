/*
 * Comparison of orders, against all pairs one by one.
 */
#include "support.h"

#include "winnow/compare.h"

enum { MAX_ROWS = 80 };

/* Ranks some of the rows at random. */
static void random_order(uint32_t *rank, size_t rows, size_t one_in, uint64_t *random)
{
	uint32_t order[MAX_ROWS];
	uint32_t count = 0;

	memset(rank, 0, rows * sizeof(*rank));
	for (uint32_t row = 0; row < rows; row++) {
		if (test_below(random, one_in) == 0)
			continue;
		size_t at = test_below(random, count + 1);

		order[count++] = order[at];
		order[at] = row;
	}
	for (uint32_t i = 0; i < count; i++)
		rank[order[i]] = i + 1;
}

static void compare_naively(const uint32_t *a, const uint32_t *b, size_t rows, size_t k,
	struct wn_comparison_of_orders *out)
{
	double pairs = 0, difference = 0;
	size_t in_a = 0, in_b = 0;

	*out = (struct wn_comparison_of_orders){.tau = 1};
	for (size_t i = 0; i < rows; i++) {
		in_a += a[i] > 0;
		in_b += b[i] > 0;
		out->common += a[i] && b[i];
		for (size_t j = 0; j < i; j++) {
			if (!a[i] || !b[i] || !a[j] || !b[j])
				continue;
			pairs++;
			difference += (a[i] < a[j]) == (b[i] < b[j]) ? 1 : -1;
		}
	}
	if (pairs > 0)
		out->tau = difference / pairs;
	out->top = in_a > in_b ? in_a : in_b;
	out->top = k < out->top ? k : out->top;
	for (size_t i = 0; i < rows; i++) {
		bool top_a = a[i] > 0 && a[i] <= out->top, top_b = b[i] > 0 && b[i] <= out->top;

		out->entered += top_b && !top_a;
		out->left += top_a && !top_b;
	}
}

static void test_all_pairs(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 2000; round++) {
		uint32_t a[MAX_ROWS], b[MAX_ROWS];
		size_t rows = test_below(&random, MAX_ROWS), k = test_below(&random, 30);
		struct wn_comparison_of_orders found, expected;

		random_order(a, rows, 1 + 2 + test_below(&random, 9), &random);
		random_order(b, rows, 1 + 2 + test_below(&random, 9), &random);
		assert_true(wn_compare_orders(a, b, rows, k, &found));
		compare_naively(a, b, rows, k, &expected);
		assert_true(found.tau == expected.tau);
		assert_int_equal(found.common, expected.common);
		assert_int_equal(found.top, expected.top);
		assert_int_equal(found.entered, expected.entered);
		assert_int_equal(found.left, expected.left);
	}
}

static void test_ends(void **state)
{
	static const uint32_t up[] = {1, 2, 3, 4, 5}, down[] = {5, 4, 3, 2, 1}, none[5] = {0};
	static const uint32_t one_swap[] = {1, 2, 4, 3, 5};
	struct wn_comparison_of_orders found;

	(void)state;
	assert_true(wn_compare_orders(up, up, 5, 3, &found));
	assert_true(found.tau == 1 && found.common == 5 && !found.entered && !found.left);
	assert_true(wn_compare_orders(up, down, 5, 2, &found));
	assert_true(found.tau == -1 && found.entered == 2 && found.left == 2);
	assert_true(wn_compare_orders(up, one_swap, 5, 3, &found));
	assert_true(found.tau == 0.8 && found.entered == 1 && found.left == 1);
	assert_true(wn_compare_orders(up, none, 5, 9, &found));
	assert_true(found.tau == 1 && found.common == 0 && found.top == 5 && found.left == 5);
	assert_true(wn_compare_orders(none, up, 0, 9, &found));
	assert_true(found.tau == 1 && found.top == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests_name("engine/compare", tests, NULL, NULL);
}

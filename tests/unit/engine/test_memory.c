/*
 * Memory running out is an answer, not an end: each allocation of a ranking, of rank intervals, of
 * a comparison and of a counterfactual is made to fail once, and every time it says so and leaves
 * nothing behind.
 */
#include "backlog.h"
#include "failing.h"

#include "base/bulk.h"

#include "winnow/compare.h"
#include "winnow/counterfactual.h"
#include "winnow/ranges.h"

/* The sources themselves, under other names so that they do not meet the library's. */
#define wn_rank failing_rank
#define wn_ranking_release failing_release
#define wn_preference_order failing_preference_order
#define wn_precedence_apply failing_precedence_apply
#define wn_rank_ranges failing_ranges
#define wn_rank_range_of failing_range_of
#define wn_compare_orders failing_compare
#define wn_counterfactual failing_counterfactual
#define wn_bench_new failing_bench_new
#define wn_bench_free failing_bench_free
#define wn_bench_column failing_bench_column
#define wn_row_units failing_row_units
#define wn_effort_spend failing_effort_spend
#define wn_bounds_new failing_bounds_new
#define wn_bounds_free failing_bounds_free
#define wn_bounds_any failing_bounds_any
#define wn_bounds_singles failing_bounds_singles
#define wn_bounds_pairs failing_bounds_pairs
#define calloc failing_calloc
#define reallocarray failing_reallocarray
#define bulk_alloc failing_bulk
#define bulk_zero failing_calloc
/* Declared here, since the header was read before the names changed. */
bool failing_rank(const struct wn_rank_input *input, struct wn_ranking *out);
void failing_release(struct wn_ranking *ranking);
bool failing_ranges(const struct wn_range_input *input, uint32_t *best, uint32_t *worst);
void failing_range_of(
	const struct wn_range_input *input, uint32_t row, uint32_t *best, uint32_t *worst);
bool failing_compare(const uint32_t *rank_a, const uint32_t *rank_b, size_t rows, size_t k,
	struct wn_comparison_of_orders *out);
bool failing_counterfactual(const struct wn_counterfactual_input *input, struct wn_effort *effort,
	struct wn_change *single, struct wn_change *pair);
#include "engine/compare.c"
#include "engine/counterfactual.c"
#include "engine/counterfactual_bench.c"
#include "engine/counterfactual_bounds.c"
#include "engine/precedence.c"
#include "engine/ranges.c"
#include "engine/rank.c"
#include "engine/sort.c"
#undef calloc
#undef reallocarray
#undef bulk_alloc
#undef bulk_zero

/* How many allocations a ranking makes, having failed at each of them. */
static size_t fail_at_each(const struct backlog *b)
{
	struct wn_rank_input input = backlog_input(b);

	for (size_t allowed = 0;; allowed++) {
		struct wn_ranking ranking;

		allocations_left = allowed;
		if (failing_rank(&input, &ranking)) {
			assert_int_equal(allocations_left, 0);
			failing_release(&ranking);
			return allowed;
		}
		assert_null(ranking.order);
		assert_null(ranking.rank);
		assert_null(ranking.carries);
		assert_null(ranking.cycle);
		assert_int_equal(ranking.count, 0);
	}
}

static void test_out_of_memory(void **state)
{
	struct backlog b = backlog_new(5, 4);

	(void)state;
	for (size_t row = 0; row < b.rows; row++)
		backlog_set_id(&b, row, row);
	for (uint32_t i = 0; i < 4; i++)
		b.score[i] = -(double)i;
	b.edges[0] = (struct wn_edge){.blocked = 0, .blocker = 3};
	b.edges[1] = (struct wn_edge){.blocked = 1, .blocker = 2};
	b.edges[2] = (struct wn_edge){.blocked = 2, .blocker = 1};
	b.edges[3] = (struct wn_edge){.blocked = 4, .blocker = 4};
	assert_true(fail_at_each(&b) > 15);
	b.edge_count = 0;
	assert_true(fail_at_each(&b) >= 5);
	backlog_free(&b);
}

static void test_intervals(void **state)
{
	struct backlog b = backlog_new(5, 0);
	struct wn_range_input input = {.rows = 5,
		.candidate = b.candidate,
		.lowest = b.score,
		.highest = b.score,
		.first_revision = b.first_revision,
		.id = (const unsigned char(*)[16])b.id};
	uint32_t best[5], worst[5];
	size_t allowed = 0;

	(void)state;
	for (size_t row = 0; row < b.rows; row++)
		backlog_set_id(&b, row, row);
	for (;; allowed++) {
		allocations_left = allowed;
		if (failing_ranges(&input, best, worst))
			break;
	}
	assert_true(allowed > 3 && allocations_left == 0);
	backlog_free(&b);
}

static void test_comparison(void **state)
{
	static const uint32_t ranks[] = {1, 2, 3};
	struct wn_comparison_of_orders found;

	(void)state;
	allocations_left = 0;
	assert_false(failing_compare(ranks, ranks, 3, 1, &found));
	allocations_left = 1;
	assert_false(failing_compare(ranks, ranks, 3, 1, &found));
	allocations_left = 2;
	assert_true(failing_compare(ranks, ranks, 3, 1, &found));
}

static void test_counterfactual(void **state)
{
	static const struct wn_term term = {.weight = 1, .lower = 0, .upper = 1};
	static const struct wn_band band = {"all", -INFINITY};
	static const double value = 0;
	static const double *const columns[] = {&value};
	static const uint32_t label_start[] = {0, 2}, labels[] = {4, 5};
	const struct wn_model model = {.kind = wn_model_kind_named("weighted_sum"),
		.terms = &term,
		.term_count = 1,
		.bands = &band,
		.band_count = 1};
	const struct wn_rows rows = {.rows = 1,
		.columns = columns,
		.column_count = 1,
		.label_start = label_start,
		.labels = labels};
	const struct wn_lever lever = {.upper = 1, .step = 1};
	const struct wn_counterfactual_input input = {
		.model = &model, .rows = &rows, .at_least = 1, .levers = &lever, .lever_count = 1};
	struct wn_effort effort = {.left = WN_EFFORT_USUAL};
	struct wn_change single, pair;
	size_t allowed = 0;

	(void)state;
	for (;; allowed++) {
		allocations_left = allowed;
		if (failing_counterfactual(&input, &effort, &single, &pair))
			break;
		assert_true(single.inputs == 0 && pair.inputs == 0);
	}
	/* Two benches, the bounds, and their model with open terms. */
	assert_int_equal(allowed, 2 * 8 + 1 + 1);
	assert_true(single.inputs == 1 && single.value[0] == 1 && pair.inputs == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_counterfactual),
	};

	return cmocka_run_group_tests_name("engine/memory", tests, NULL, NULL);
}

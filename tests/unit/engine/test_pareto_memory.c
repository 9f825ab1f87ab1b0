/*
 * Memory running out while fronts are found is an answer: each allocation is made to fail once.
 */
#include "support.h"
#include "failing.h"

#include <math.h>

#include "winnow/model.h"
#include "winnow/pareto.h"

/* The sources themselves, under other names so that they do not meet the library's. */
#define wn_pareto_fronts failing_fronts
#define wn_pareto_fronts_beside failing_fronts_beside
#define wn_pareto_crowding failing_crowding
#define wn_pareto_count_above failing_count_above
#define wn_fronts_of_more failing_fronts_of_more
#define wn_kind_pareto failing_pareto
#define wn_sorter_init failing_sorter_init
#define wn_sorter_release failing_sorter_release
#define wn_first_order failing_first_order
#define wn_sort_descending failing_sort_descending
#define wn_ranked_init failing_ranked_init
#define wn_ranked_release failing_ranked_release
#define wn_run_end failing_run_end
#define wn_run_dominates failing_run_dominates
#define calloc failing_calloc
#define reallocarray failing_reallocarray
/* Declared here, since the header was read before the names changed. */
bool failing_fronts(const double *const *objectives, size_t k, size_t n, uint32_t *fronts);
bool failing_crowding(const double *const *objectives, size_t k, size_t n, const uint32_t *fronts,
	double *distance);
#include "engine/crowding.c"
#include "engine/fronts.c"
#include "engine/fronts_divide.c"
#include "engine/fronts_ranks.c"
#include "engine/pareto.c"
#undef calloc
#undef reallocarray

enum { ROWS = 60 };

/* How many allocations the scores take, having failed at each of them. */
static size_t fail_at_each(size_t k, enum wn_pareto_place place, enum wn_unknown unknown)
{
	static double values[WN_PARETO_MAX_OBJECTIVES][ROWS];
	double out[3 * ROWS];
	uint8_t candidate[ROWS];
	const double *columns[WN_PARETO_MAX_OBJECTIVES];
	struct wn_term terms[WN_PARETO_MAX_OBJECTIVES];
	struct wn_pareto spec = {.place = place};
	struct wn_model model = {
		.kind = &failing_pareto, .terms = terms, .term_count = k, .spec.pareto = &spec};
	struct wn_rows rows = {.rows = ROWS, .columns = columns, .column_count = k};
	struct wn_population population = {.rows = ROWS,
		.blocks = &rows,
		.block_count = 1,
		.block_rows = ROWS,
		.candidate = candidate};
	uint64_t seed = 7;

	memset(candidate, 1, sizeof(candidate));
	for (size_t j = 0; j < k; j++) {
		columns[j] = values[j];
		terms[j] = (struct wn_term){
			.column = (uint32_t)j, .weight = 1, .upper = 1, .unknown = unknown};
		for (size_t i = 0; i < ROWS; i++)
			values[j][i] = test_below(&seed, 5) ? test_unit(&seed) : NAN;
	}
	for (size_t allowed = 0;; allowed++) {
		allocations_left = allowed;
		if (!wn_model_score(&model, &population, 0,
			    (struct wn_scores){out, out + ROWS, out + 2 * ROWS}))
			continue;
		assert_int_equal(allocations_left, 0);
		return allowed;
	}
}

static void test_out_of_memory(void **state)
{
	size_t fewest = fail_at_each(2, WN_PLACE_WEIGHTS, WN_UNKNOWN_EXCLUDE);

	(void)state;
	assert_true(fewest > 10);
	assert_true(fail_at_each(2, WN_PLACE_CROWDING, WN_UNKNOWN_EXCLUDE) > fewest);
	assert_true(fail_at_each(5, WN_PLACE_CROWDING, WN_UNKNOWN_SPAN) > 2 * fewest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_out_of_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

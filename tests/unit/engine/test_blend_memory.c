/*
 * A blend whose scores depend on other items needs room for its components' scores: without it the
 * answer is that memory is out.
 */
#include "rows_table.h"
#include "failing.h"

#include "winnow/pareto.h"

/* The source itself, under another name so that it does not meet the library's. */
#define wn_kind_blend failing_kind_blend
#define reallocarray failing_reallocarray
#include "engine/blend.c"
#undef reallocarray

static void test_out_of_memory(void **state)
{
	static const struct wn_pareto fronts = {WN_PLACE_WEIGHTS, NULL};
	static const struct wn_term terms[] = {{.weight = 1, .lower = 0, .upper = 1},
		{.column = 1, .weight = 1, .lower = 0, .upper = 1}};
	static struct rows_table table;
	static const uint8_t candidate[] = {1, 1};
	const struct wn_model sum = {.kind = wn_model_kind_named("weighted_sum"),
		.terms = terms,
		.term_count = 2,
		.bands = one_band,
		.band_count = 1};
	const struct wn_model pareto = {.kind = wn_model_kind_named("pareto"),
		.terms = terms,
		.term_count = 2,
		.bands = one_band,
		.band_count = 1,
		.spec.pareto = &fronts};
	const struct wn_component components[] = {{.model = &pareto, .weight = 1, .step = 1},
		{.model = &sum, .weight = 1, .step = 1}};
	const struct wn_blend both = {WN_BLEND_WEIGHTED, components, 2};
	const struct wn_model model = {.kind = &failing_kind_blend,
		.bands = one_band,
		.band_count = 1,
		.spec.blend = &both};
	const struct wn_rows rows = table_rows(&table, 2);
	const struct wn_population population = {.rows = 2,
		.blocks = &rows,
		.block_count = 1,
		.block_rows = 2,
		.candidate = candidate};
	double values[3][2];
	const struct wn_scores scores = {values[0], values[1], values[2]};

	(void)state;
	allocations_left = 0;
	assert_false(wn_model_score(&model, &population, 0, scores));
	allocations_left = 1;
	assert_true(wn_model_score(&model, &population, 0, scores));
	assert_true(same_bits(values[0][0], values[0][1]) && values[0][0] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("engine/blend_memory", tests, NULL, NULL);
}

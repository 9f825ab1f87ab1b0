/*
 * Blends: by hand, what the check finds, and that they are no more than what they are made of.
 */
#include "rows_table.h"

#include "winnow/pairwise.h"
#include "winnow/pareto.h"

static struct rows_table table;
static double score[TABLE_ROWS], lowest[TABLE_ROWS], highest[TABLE_ROWS];
static const struct wn_scores scores = {score, lowest, highest};
static const struct wn_pairwise average = {true};
static const struct wn_pareto fronts = {WN_PLACE_WEIGHTS, NULL};

/* Column 0 in points of 1 … 3, columns 1 and 2 in units, 2 counting down, strengths; a front. */
struct parts {
	struct wn_term points[1], units[2], objectives[2];
	struct wn_model rubric, sum, strength, pareto;
	struct wn_component components[WN_MAX_COMPONENTS + 1];
	struct wn_blend blend;
	struct wn_model model;
};

static struct wn_model model_of(const char *kind, const struct wn_term *terms, size_t count)
{
	return (struct wn_model){.kind = wn_model_kind_named(kind),
		.terms = terms,
		.term_count = count,
		.bands = one_band,
		.band_count = 1};
}

static void parts_init(struct parts *p, enum wn_blend_rule rule)
{
	p->points[0] = (struct wn_term){
		.column = 0, .weight = 1, .lower = 1, .upper = 3, .scale = WN_SCALE_VALUE};
	p->units[0] = (struct wn_term){.column = 1, .weight = 1, .lower = 0, .upper = 10};
	p->units[1] = (struct wn_term){
		.column = 2, .weight = 3, .lower = 0, .upper = 10, .lower_is_better = true};
	p->objectives[0] = p->objectives[1] = p->units[0];
	p->objectives[1].column = 3;
	p->rubric = model_of("weighted_sum", p->points, 1);
	p->sum = model_of("weighted_sum", p->units, 2);
	p->strength = model_of("pairwise", NULL, 0);
	p->strength.spec.pairwise = &average;
	p->pareto = model_of("pareto", p->objectives, 2);
	p->pareto.spec.pareto = &fronts;
	p->components[0] = (struct wn_component){.model = &p->rubric, .weight = 2, .step = 1};
	p->components[1] = (struct wn_component){.model = &p->sum, .weight = 1, .step = 2};
	p->blend = (struct wn_blend){rule, p->components, 2};
	p->model = model_of("blend", NULL, 0);
	p->model.spec.blend = &p->blend;
}

static void test_check(void **state)
{
	struct parts p;
	struct wn_model nested;

	(void)state;
	parts_init(&p, WN_BLEND_WEIGHTED);
	check_finds(&p.model, 0, "");
	p.components[0].weight = 0;
	p.components[1].weight = NAN;
	p.components[1].step = NAN; /* not looked at */
	check_finds(&p.model, 2, "/components/0/weight /components/1/weight");
	nested = p.model;
	p.components[0] = (struct wn_component){.model = &nested, .weight = 1, .step = 1};
	p.components[1] = (struct wn_component){.model = NULL, .weight = 1, .step = 1};
	check_finds(&p.model, 2, "/components/0/model /components/1/model");

	parts_init(&p, WN_BLEND_WEIGHTED);
	p.points[0].weight = -1;
	check_finds(&p.model, 1, "/components/0/model/terms/0/weight");
	p.points[0].weight = 1;
	p.blend.component_count = 1;
	check_finds(&p.model, 1, "/components");
	p.blend.component_count = WN_MAX_COMPONENTS + 1;
	check_finds(&p.model, 1, "/components");
	p.blend.component_count = 2;
	p.blend.rule = (enum wn_blend_rule)7;
	check_finds(&p.model, 1, "/rule");
	p.model.spec.blend = NULL;
	check_finds(&p.model, 1, "/components");
}

static void test_check_levels(void **state)
{
	struct parts p;

	(void)state;
	parts_init(&p, WN_BLEND_LEXICOGRAPHIC);
	p.components[1].step = 0; /* the last needs none */
	p.components[0].weight = NAN;
	check_finds(&p.model, 0, "");
	p.components[0].step = 0x1p-25; /* 2^26 + 1 levels */
	check_finds(&p.model, 1, "/components");
	p.components[0].step = 0x1.00001p-25;
	check_finds(&p.model, 0, "");
	p.components[0].step = 0;
	check_finds(&p.model, 1, "/components/0/step");
	p.components[0].step = 5e-324;
	check_finds(&p.model, 1, "/components");
}

/* The rubric says 2 of 1 … 3, the sum 1 * 0.5 + 3 * 0.25 of 0 … 4. */
static void test_by_hand(void **state)
{
	struct wn_rows rows = table_rows(&table, 1);
	struct wn_step steps[16];
	struct parts p;
	double least, most;

	(void)state;
	table.values[0][0] = 2;
	table.values[1][0] = 5;
	table.values[2][0] = 7.5;
	parts_init(&p, WN_BLEND_WEIGHTED);
	wn_model_score_rows(&p.model, &rows, 0, scores);
	assert_true(score[0] == 2 * 0.5 + 1.25 / 4 && lowest[0] == score[0]);
	wn_model_range(&p.model, &least, &most);
	assert_true(least == 0 && most == 3);
	assert_int_equal(wn_model_traits(&p.model), WN_TRAIT_EXACT);

	/* Three levels, then the place. */
	parts_init(&p, WN_BLEND_LEXICOGRAPHIC);
	wn_model_score_rows(&p.model, &rows, 0, scores);
	assert_true(score[0] == 1 + (1 - 0x1p-26) * 1.25 / 4);
	wn_model_range(&p.model, &least, &most);
	assert_true(least == 0 && most == 3 - 0x1p-26);
	table.values[2][0] = NAN;
	wn_model_score_rows(&p.model, &rows, 0, scores);
	assert_true(score[0] == 1 + (1 - 0x1p-26) * 0.5 / 4);
	assert_true(highest[0] == 1 + (1 - 0x1p-26) * 3.5 / 4);

	assert_int_equal(wn_model_trace(&p.model, &rows, 0, 0,
				 (struct wn_scored){score[0], lowest[0], highest[0]}, steps, 16),
		8);
	assert_string_equal(steps[0].label, "blend");
	assert_string_equal(steps[1].label, "level");
	assert_true(steps[1].depth == 1 && steps[1].value == 1);
	assert_true(steps[2].depth == 2 && steps[2].value == 2);
	assert_true(steps[3].depth == 3 && steps[3].term == 0 && steps[3].value == 2);
	assert_string_equal(steps[4].label, "last");
	assert_true(steps[4].value == 0.125 && steps[4].highest == 0.875);
	assert_true(steps[5].value == 0.5 && steps[5].highest == 3.5);
	assert_true(steps[7].assumed && steps[7].term == 1);
	assert_int_equal(wn_model_trace(&p.model, &rows, 0, 0, (struct wn_scored){0}, steps, 4), 4);
}

/* Ten levels of the first; five of the second for each of them. */
static void test_three_in_turn(void **state)
{
	struct wn_rows rows = table_rows(&table, TABLE_ROWS);
	uint64_t random = test_seed();
	struct parts p;

	(void)state;
	parts_init(&p, WN_BLEND_LEXICOGRAPHIC);
	p.components[0].step = 0.2;
	p.components[1].step = 1;
	p.components[2] = (struct wn_component){.model = &p.strength};
	p.blend.component_count = 3;
	check_finds(&p.model, 0, "");
	for (size_t row = 0; row < TABLE_ROWS; row++) {
		for (size_t c = 0; c < 3; c++)
			table.values[c][row] = 1 + (c ? 9 : 2) * test_unit(&random);
		table.strength[row] = 60 * test_unit(&random) - 10;
	}
	wn_model_score_rows(&p.model, &rows, 0, scores);
	for (size_t row = 1; row < TABLE_ROWS; row++) {
		double level[2][2], place[2];

		for (size_t k = 0; k < 2; k++) {
			size_t at = row - k;

			level[k][0] = floor((table.values[0][at] - 1) / 0.2);
			level[k][1] = floor(
				table.values[1][at] / 10 + 3 * (1 - table.values[2][at] / 10));
			place[k] = 1 / (1 + exp(-table.strength[at]));
		}
		if (level[0][0] != level[1][0])
			assert_int_equal(score[row] > score[row - 1], level[0][0] > level[1][0]);
		else if (level[0][1] != level[1][1])
			assert_int_equal(score[row] > score[row - 1], level[0][1] > level[1][1]);
		else if (fabs(place[0] - place[1]) > 1e-6)
			assert_int_equal(score[row] > score[row - 1], place[0] > place[1]);
	}
}

static void test_exactness(void **state)
{
	struct parts p;

	(void)state;
	parts_init(&p, WN_BLEND_WEIGHTED);
	p.units[0].column = 0; /* shared, both ways up */
	assert_true(wn_model_traits(&p.model) & WN_TRAIT_EXACT);
	p.units[0].lower_is_better = true;
	assert_false(wn_model_traits(&p.model) & WN_TRAIT_EXACT);
	/* The default of the one is no value at which the other has its worst end. */
	p.units[0].unknown = WN_UNKNOWN_DEFAULT;
	assert_false(wn_model_traits(&p.model) & WN_TRAIT_EXACT);
	p.points[0].unknown = WN_UNKNOWN_DEFAULT;
	assert_true(wn_model_traits(&p.model) & WN_TRAIT_EXACT);
	p.components[1].model = &p.strength;
	assert_int_equal(wn_model_traits(&p.model), wn_model_traits(&p.strength));
}

/* Ranges enclose what the unknown values may turn out to be; an item without a score in one
 * component has none. */
static void test_unknowns(void **state)
{
	struct wn_rows rows = table_rows(&table, 1);
	uint64_t random = test_seed();
	struct parts p;

	(void)state;
	for (size_t round = 0; round < 3000; round++) {
		double low, high;
		bool unknown[3];

		parts_init(&p, test_below(&random, 2) ? WN_BLEND_WEIGHTED : WN_BLEND_LEXICOGRAPHIC);
		for (size_t c = 0; c < 3; c++) {
			unknown[c] = test_below(&random, 2);
			table.values[c][0] = unknown[c] ? NAN : 10 * test_unit(&random);
		}
		wn_model_score_rows(&p.model, &rows, 0, scores);
		low = lowest[0];
		high = highest[0];
		assert_true(low <= score[0] && score[0] <= high);
		for (size_t c = 0; c < 3; c++) {
			if (unknown[c])
				table.values[c][0] = 12 * test_unit(&random) - 1;
		}
		wn_model_score_rows(&p.model, &rows, 0, scores);
		assert_true(low <= score[0] && score[0] <= high);
	}
	p.points[0].unknown = WN_UNKNOWN_EXCLUDE;
	table.values[0][0] = NAN;
	wn_model_score_rows(&p.model, &rows, 0, scores);
	assert_true(isnan(score[0]) && isnan(lowest[0]) && isnan(highest[0]));
}

/* A relative component: the fronts decide, the rubric orders what is in the same front. */
static void test_fronts_first(void **state)
{
	enum { ROWS = 400 };
	static double front[ROWS], low[ROWS], high[ROWS];
	static uint8_t candidate[ROWS];
	struct wn_rows rows = table_rows(&table, ROWS);
	struct wn_population population = {.rows = ROWS,
		.blocks = &rows,
		.block_count = 1,
		.block_rows = ROWS,
		.candidate = candidate};
	uint64_t random = test_seed();
	struct wn_step steps[32], others[32];
	struct parts p;

	(void)state;
	parts_init(&p, WN_BLEND_LEXICOGRAPHIC);
	p.components[0] = (struct wn_component){.model = &p.pareto, .weight = 1, .step = 1};
	p.components[1] = (struct wn_component){.model = &p.rubric};
	check_finds(&p.model, 0, "");
	assert_true(wn_model_traits(&p.model) & WN_TRAIT_RELATIVE);
	for (size_t row = 0; row < ROWS; row++) {
		candidate[row] = test_below(&random, 9) != 0;
		for (size_t c = 0; c < 4; c++)
			table.values[c][row] = 10 * test_unit(&random);
	}
	assert_true(
		wn_model_score(&p.pareto, &population, 0, (struct wn_scores){front, low, high}));
	assert_true(wn_model_score(&p.model, &population, 0, scores));
	for (size_t row = 0; row < ROWS; row++) {
		assert_int_equal(isnan(score[row]), !candidate[row]);
		for (size_t other = 0; other < row; other++) {
			double levels = floor(front[row]) - floor(front[other]);

			if (candidate[row] && candidate[other] && levels != 0)
				assert_int_equal(score[row] > score[other], levels > 0);
		}
	}
	assert_int_equal(wn_model_trace(&p.model, &rows, 0, 0,
				 (struct wn_scored){score[0], lowest[0], highest[0]}, steps, 32),
		4 +
			wn_model_trace(&p.pareto, &rows, 0, 0, (struct wn_scored){NAN, NAN, NAN},
				others, 32) +
			1);
	assert_true(same_bits(steps[0].value, score[0]) && isnan(steps[1].value));
	p.blend.rule = WN_BLEND_WEIGHTED;
	p.components[1].weight = 0.5;
	check_finds(&p.model, 0, "");
	assert_true(wn_model_score(&p.model, &population, 0, scores));
	for (size_t row = 0; row < ROWS; row++)
		assert_true(!candidate[row] || (score[row] > 0 && score[row] <= 1.5));
}

/* ---- a split ---- */

static const uint32_t first_teams[] = {1, 3};

static void split_init(struct parts *p)
{
	parts_init(p, WN_BLEND_SPLIT);
	p->components[0].teams = first_teams;
	p->components[0].team_count = 2;
}

static void test_check_split(void **state)
{
	static const struct wn_band others[] = {{"best", 1}, {"rest", -INFINITY}};
	struct parts p;

	(void)state;
	split_init(&p);
	check_finds(&p.model, 0, "");
	p.components[0].team_count = 0;
	p.components[1].teams = first_teams;
	p.components[1].team_count = 1;
	check_finds(&p.model, 2, "/components/0 /components/1");
	split_init(&p);
	p.sum.bands = others;
	p.sum.band_count = 2;
	check_finds(&p.model, 1, "/components/1/model");
}

/* Each row has exactly what its own component gives it, whichever way it is asked. */
static void test_split_is_its_components(void **state)
{
	enum { ROWS = 700 };
	double own[2][3][ROWS];
	struct wn_rows rows;
	struct parts p;
	uint64_t random = test_seed();

	(void)state;
	split_init(&p);
	for (size_t row = 0; row < ROWS; row++) {
		for (size_t c = 0; c < TABLE_COLUMNS; c++)
			table.values[c][row] =
				test_below(&random, 9) ? 10 * test_unit(&random) : NAN;
	}
	table_random_facts(&table, ROWS, &random);
	rows = table_rows(&table, ROWS);
	for (size_t i = 0; i < 2; i++)
		wn_model_score_rows(p.components[i].model, &rows, 0,
			(struct wn_scores){own[i][0], own[i][1], own[i][2]});
	wn_model_score_rows(&p.model, &rows, 0, scores);
	for (size_t row = 0; row < ROWS; row++) {
		size_t i = table.team[row] == 1 || table.team[row] == 3 ? 0 : 1;
		struct wn_step steps[16];
		size_t count;

		assert_true(same_bits(score[row], own[i][0][row]));
		assert_true(same_bits(lowest[row], own[i][1][row]));
		assert_true(same_bits(highest[row], own[i][2][row]));
		count = wn_model_trace(&p.model, &rows, row, 0,
			(struct wn_scored){score[row], lowest[row], highest[row]}, steps, 16);
		assert_true(count >= 4);
		assert_true(same_bits(steps[0].value, score[row]));
		assert_string_equal(steps[1].label, i == 0 ? "of this item" : "of others");
	}
}

static void test_split_range(void **state)
{
	double low, high, least, most;
	struct parts p;

	(void)state;
	split_init(&p);
	wn_model_range(&p.model, &low, &high);
	wn_model_range(&p.rubric, &least, &most);
	assert_true(low <= least && high >= most);
	wn_model_range(&p.sum, &least, &most);
	assert_true(low <= least && high >= most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_levels),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_three_in_turn),
		cmocka_unit_test(test_exactness),
		cmocka_unit_test(test_unknowns),
		cmocka_unit_test(test_fronts_first),
		cmocka_unit_test(test_check_split),
		cmocka_unit_test(test_split_is_its_components),
		cmocka_unit_test(test_split_range),
	};

	return cmocka_run_group_tests_name("engine/blend", tests, NULL, NULL);
}

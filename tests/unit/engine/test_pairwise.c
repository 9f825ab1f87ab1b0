/*
 * Strengths and weights from comparisons: against published estimates, against a slow maximiser on
 * random tournaments, and at the edges (a perfect record, nobody compared, unconnected criteria).
 */
#include "support.h"

#include <math.h>

#include "winnow/model.h"
#include "winnow/pairwise.h"

enum { TEAMS = 7 };

#define assert_near(value, expected, within) assert_true(fabs((value) - (expected)) <= (within))

/*
 * American League East, 1987: wins of the row over the column, and estimates relative to the last
 * team with their standard errors. Agresti, "Categorical Data Analysis", the baseball example of
 * Bradley-Terry models; Turner and Firth, "Bradley-Terry Models in R", Journal of Statistical
 * Software 48 (2012), section on the home advantage model without its home effect.
 */
static const double wins[TEAMS][TEAMS] = {
	/* Milwaukee */ {0, 7, 9, 7, 7, 9, 11},
	/* Detroit */ {6, 0, 7, 5, 11, 9, 9},
	/* Toronto */ {4, 6, 0, 7, 7, 8, 12},
	/* New York */ {6, 8, 6, 0, 6, 7, 10},
	/* Boston */ {6, 2, 6, 7, 0, 7, 12},
	/* Cleveland */ {4, 4, 5, 6, 6, 0, 6},
	/* Baltimore */ {2, 4, 1, 3, 1, 7, 0},
};
static const double estimates[TEAMS] = {1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0};

static size_t tournament(struct wn_comparison *out)
{
	size_t count = 0;

	for (uint32_t a = 0; a < TEAMS; a++) {
		for (uint32_t b = 0; b < TEAMS; b++) {
			if (wins[a][b] > 0)
				out[count++] = (struct wn_comparison){a, b, wins[a][b], false};
		}
	}
	return count;
}

static void test_published_estimates(void **state)
{
	struct wn_comparison comparisons[TEAMS * TEAMS];
	double strength[TEAMS], error[TEAMS];
	struct wn_strengths out = {.strength = strength, .error = error};
	size_t count = tournament(comparisons);

	(void)state;
	assert_true(wn_bradley_terry(comparisons, count, TEAMS, 1000, &out));
	assert_true(out.converged && out.errors_exact);
	for (size_t i = 0; i < TEAMS; i++)
		assert_near(strength[i] - strength[TEAMS - 1], estimates[i], 5e-4);
}

static void test_errors_of_two(void **state)
{
	/* One strength against the other, 8 to 2: the difference's error is 1 / sqrt(10 * 0.8 * 0.2)
	 * without a prior; a broad one adds next to nothing, and the sum has the prior's own. */
	const struct wn_comparison comparisons[] = {{0, 1, 8, false}, {1, 0, 2, false}};
	double strength[3], error[3];
	struct wn_strengths out = {.strength = strength, .error = error};
	const double prior = 50;

	(void)state;
	assert_true(wn_bradley_terry(comparisons, 2, 3, prior, &out));
	assert_near(strength[0] - strength[1], log(4), 1e-3);
	assert_near(strength[0] + strength[1], 0, 1e-9);
	/* Var(s0) = (Var(sum) + Var(difference)) / 4 with Var(sum) = 2 prior^2. */
	assert_near(error[0],
		sqrt((2 * prior * prior + 1 / (10 * 0.16 + 1 / (2 * prior * prior))) / 4), 1e-3);
	assert_true(isnan(strength[2]) && isnan(error[2]));
}

static void test_perfect_record_is_finite(void **state)
{
	const struct wn_comparison comparisons[] = {{0, 1, 1000000, false}, {1, 2, 1000000, false}};
	double strength[3], error[3];
	struct wn_strengths out = {.strength = strength, .error = error};

	(void)state;
	assert_true(wn_bradley_terry(comparisons, 2, 3, 2, &out));
	assert_true(out.converged);
	assert_true(strength[0] > strength[1] && strength[1] > strength[2]);
	assert_true(isfinite(strength[0]) && strength[0] < 60);
	assert_near(strength[1], 0, 1e-6);
	assert_near(strength[0], -strength[2], 1e-6);
}

static void test_nobody_compared(void **state)
{
	double strength[2], error[2];
	struct wn_strengths out = {.strength = strength, .error = error};

	(void)state;
	assert_true(wn_bradley_terry(NULL, 0, 2, 2, &out));
	assert_true(isnan(strength[0]) && isnan(strength[1]) && out.converged);
	assert_true(wn_bradley_terry(NULL, 0, 0, 2, &out));
}

static double posterior(const struct wn_comparison *c, size_t count, const double *s, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum -= s[i] * s[i] / 8; /* prior deviation 2 */
	for (size_t i = 0; i < count; i++)
		sum += c[i].count * log(1 / (1 + exp(s[c[i].after] - s[c[i].before])));
	return sum;
}

/* The posterior's slope is nothing but rounding: the strengths are good to all but the last digits. */
static void assert_flat(const struct wn_comparison *c, size_t count, const double *s, size_t n)
{
	for (size_t item = 0; item < n; item++) {
		double slope = -s[item] / 4; /* prior deviation 2 */

		for (size_t i = 0; i < count; i++) {
			double surprise = c[i].count / (1 + exp(s[c[i].before] - s[c[i].after]));

			slope += c[i].before == item ? surprise : 0;
			slope -= c[i].after == item ? surprise : 0;
		}
		assert_near(slope, 0, 1e-12);
	}
}

/* No small move of one strength, nor of two against each other, betters the posterior. */
static void test_random_tournaments_are_at_the_maximum(void **state)
{
	enum { ITEMS = 9, GAMES = 40 };
	uint64_t random = test_seed();

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct wn_comparison games[GAMES];
		double strength[ITEMS], error[ITEMS], best;
		struct wn_strengths out = {.strength = strength, .error = error};

		for (size_t g = 0; g < GAMES; g++) {
			uint32_t a = g < ITEMS ? (uint32_t)g : (uint32_t)test_below(&random, ITEMS);
			uint32_t b = (uint32_t)(a + 1 + test_below(&random, ITEMS - 1)) % ITEMS;

			games[g] = (struct wn_comparison){
				a, b, 1 + (double)test_below(&random, 3), false};
		}
		assert_true(wn_bradley_terry(games, GAMES, ITEMS, 2, &out));
		assert_true(out.converged);
		assert_flat(games, GAMES, strength, ITEMS);
		best = posterior(games, GAMES, strength, ITEMS);
		for (size_t i = 0; i < ITEMS * ITEMS * 2; i++) {
			double moved[ITEMS], step = i % 2 ? 1e-3 : -1e-3;

			memcpy(moved, strength, sizeof moved);
			moved[i / 2 / ITEMS] += step;
			moved[i / 2 % ITEMS] -= i / 2 / ITEMS == i / 2 % ITEMS ? 0 : step;
			assert_true(posterior(games, GAMES, moved, ITEMS) <= best + 1e-12);
		}
	}
}

static void test_many_items(void **state)
{
	enum { ITEMS = 2000 };
	struct wn_comparison *chain = calloc(ITEMS, sizeof *chain);
	double *strength = calloc(2 * ITEMS, sizeof *strength);
	struct wn_strengths out = {.strength = strength, .error = strength + ITEMS};

	(void)state;
	for (uint32_t i = 0; i + 1 < ITEMS; i++)
		chain[i] = (struct wn_comparison){i, i + 1, 1, false};
	assert_true(wn_bradley_terry(chain, ITEMS - 1, ITEMS, 2, &out));
	assert_true(out.converged && !out.errors_exact);
	assert_true(strength[0] > strength[ITEMS / 2] && strength[ITEMS / 2] > strength[ITEMS - 1]);
	free(chain);
	free(strength);
}

enum { NUMBERED = 40, SAID = 90, OTHERS = 7 };

/* Strengths of all rows by the id's first byte; rows are placed and comparisons told in an order of
 * the seed's. */
static void numbered_strengths(
	const struct wn_comparison *said, uint64_t *random, double strength[static NUMBERED])
{
	unsigned char ids[NUMBERED + OTHERS][16];
	uint32_t place[NUMBERED + OTHERS], row[2 * SAID];
	struct wn_comparison told[SAID];
	double found[2 * SAID], error[2 * SAID];
	struct wn_strengths out = {.strength = found, .error = error};
	size_t items;

	for (uint32_t i = 0; i < NUMBERED + OTHERS; i++) {
		uint32_t j = (uint32_t)test_below(random, i + 1);

		place[i] = place[j];
		place[j] = i;
	}
	memset(ids, 0, sizeof ids);
	for (uint32_t i = 0; i < NUMBERED + OTHERS; i++)
		ids[place[i]][0] = (unsigned char)(3 * i);
	for (uint32_t i = 0; i < SAID; i++) {
		uint32_t j = (uint32_t)test_below(random, i + 1);

		told[i] = told[j];
		told[j] = (struct wn_comparison){
			place[said[i].before], place[said[i].after], 1, false};
	}
	items = wn_comparisons_number(told, SAID, (const unsigned char(*)[16])ids, row);
	assert_true(items <= NUMBERED);
	assert_true(wn_bradley_terry(told, SAID, items, WN_STRENGTH_PRIOR, &out));
	for (uint32_t i = 0; i < NUMBERED; i++)
		strength[i] = NAN;
	for (size_t i = 0; i < items; i++)
		strength[ids[row[i]][0] / 3] = found[i];
}

/* Numbered by id, the strengths are the same to the last bit, wherever the rows are. */
static void test_rows_in_any_order(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct wn_comparison said[SAID];
		double first[NUMBERED], second[NUMBERED];

		for (uint32_t i = 0; i < SAID; i++) {
			said[i].before = (uint32_t)test_below(&random, NUMBERED);
			said[i].after =
				(uint32_t)(said[i].before + 1 + test_below(&random, NUMBERED - 1)) %
				NUMBERED;
		}
		numbered_strengths(said, &random, first);
		numbered_strengths(said, &random, second);
		for (int i = 0; i < NUMBERED; i++)
			assert_true(isnan(first[i]) ? isnan(second[i])
						    : memcmp(&first[i], &second[i], 8) == 0);
		for (uint32_t i = 0; i < SAID; i++)
			assert_true(first[said[i].before] == first[said[i].before]);
	}
}

static void test_gain(void **state)
{
	(void)state;
	/* An even pair teaches more than a settled one; a new item more than a well-known one. */
	assert_true(wn_comparison_gain(0, 1, 0, 1, 2) > wn_comparison_gain(3, 1, -3, 1, 2));
	assert_true(wn_comparison_gain(NAN, NAN, 0, 1, 2) > wn_comparison_gain(0, 1, 0, 1, 2));
	assert_near(wn_comparison_gain(0, 1, 0, 1, 2), log1p(0.5) / 2, 1e-15);
	assert_true(wn_comparison_gain(0, 0, 0, 0, 2) == 0);
}

static void test_ahp_worked_example(void **state)
{
	/* Three criteria, 3, 5 and 3 times: weights 0.637, 0.258, 0.105, lambda 3.039, ratio 0.033
	 * (Saaty, "Decision making with the analytic hierarchy process", 2008, table of Saaty's
	 * index; computed from the definition). */
	const struct wn_judgement judgements[] = {{0, 1, 3}, {0, 2, 5}, {1, 2, 3}};
	struct wn_ahp out;

	(void)state;
	assert_true(wn_ahp(judgements, 3, 3, &out));
	assert_near(out.weights[0], 0.637, 5e-4);
	assert_near(out.weights[1], 0.258, 5e-4);
	assert_near(out.weights[2], 0.105, 5e-4);
	assert_near(out.lambda_max, 3.0385, 1e-4);
	assert_near(out.consistency, 0.0332, 1e-4);
}

static void test_ahp_consistent_and_incomplete(void **state)
{
	/* 4 : 2 : 1, with the last pair left out, and one pair judged twice around its ratio. */
	const struct wn_judgement judgements[] = {{0, 1, 4}, {0, 1, 1}, {1, 2, 2}};
	struct wn_ahp out;

	(void)state;
	assert_true(wn_ahp(judgements, 3, 3, &out));
	assert_near(out.weights[0], 4 / 7.0, 1e-9);
	assert_near(out.weights[1], 2 / 7.0, 1e-9);
	assert_near(out.weights[2], 1 / 7.0, 1e-9);
	assert_near(out.consistency, 0, 1e-9);
	assert_true(out.connected);
	assert_false(wn_ahp(judgements, 2, 3, &out));
	assert_false(out.connected);
	assert_true(wn_ahp(judgements, 1, 2, &out));
	assert_near(out.weights[0], 0.8, 1e-12);
}

/* Of 7 direct ones and any number of derived ones, the latter weigh 3 at the most: 30 % of 10. */
static void test_derived_comparisons_weigh_their_share(void **state)
{
	static const struct {
		size_t direct, derived;
		double each; /* what a derived one weighs; 0: it is taken out */
	} cases[] = {{7, 0, 1}, {7, 3, 1}, {7, 4, 0.75}, {7, 30, 0.1}, {0, 5, 0}, {0, 0, 1}};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		size_t all = cases[c].direct + cases[c].derived, kept;
		struct wn_comparison said[40];
		double derived = 0;

		for (size_t i = 0; i < all; i++)
			said[i] = (struct wn_comparison){
				(uint32_t)i, (uint32_t)i + 1, 1, i >= cases[c].direct};
		kept = wn_comparisons_weigh(said, all);
		assert_int_equal(kept, cases[c].each > 0 ? all : cases[c].direct);
		for (size_t i = 0; i < kept; i++) {
			assert_int_equal(said[i].before, i);
			assert_near(said[i].count, said[i].derived ? cases[c].each : 1, 1e-12);
			derived += said[i].derived ? said[i].count : 0;
		}
		assert_true(
			derived <= WN_DERIVED_MOST * (derived + (double)cases[c].direct) + 1e-12);
	}
}

static void test_kind(void **state)
{
	const double strength[] = {NAN, 0, 2, -2}, error[] = {NAN, 1, 1, 1};
	const struct wn_rows rows = {
		.rows = 4, .numbers = {[WN_STRENGTH] = strength, [WN_STRENGTH_ERROR] = error}};
	const struct wn_band band = {"all", -INFINITY};
	struct wn_model model = {
		.kind = wn_model_kind_named("pairwise"), .bands = &band, .band_count = 1};
	const struct wn_pairwise average = {.average_when_unknown = true};
	double score[4], lowest[4], highest[4];
	struct wn_step steps[8];

	(void)state;
	assert_non_null(model.kind);
	wn_model_score_rows(&model, &rows, 0, (struct wn_scores){score, lowest, highest});
	assert_true(isnan(score[0]) && score[1] == 0.5);
	assert_true(score[2] > 0.88 && score[2] < 0.8809);
	assert_near(score[2] + score[3], 1, 1e-15);
	model.spec.pairwise = &average;
	wn_model_score_rows(&model, &rows, 0, (struct wn_scores){score, lowest, highest});
	assert_true(score[0] == 0.5);
	assert_int_equal(wn_model_trace(&model, &rows, 2, 0,
				 (struct wn_scored){score[2], lowest[2], highest[2]}, steps, 8),
		3);
	assert_true(steps[0].value == score[2] && steps[1].value == 2 && steps[2].value == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_estimates),
		cmocka_unit_test(test_errors_of_two),
		cmocka_unit_test(test_perfect_record_is_finite),
		cmocka_unit_test(test_nobody_compared),
		cmocka_unit_test(test_random_tournaments_are_at_the_maximum),
		cmocka_unit_test(test_many_items),
		cmocka_unit_test(test_rows_in_any_order),
		cmocka_unit_test(test_gain),
		cmocka_unit_test(test_ahp_worked_example),
		cmocka_unit_test(test_ahp_consistent_and_incomplete),
		cmocka_unit_test(test_derived_comparisons_weigh_their_share),
		cmocka_unit_test(test_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

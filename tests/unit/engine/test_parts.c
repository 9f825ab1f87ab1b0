/*
 * A decision goes through long runs of rows in parts. What it finds must be what model and policy
 * find in the whole run at once: values, evidence, words, numbers, texts and labels all move along.
 */
#include "support.h"

#include <math.h>

#include "winnow/decide.h"

enum { ROWS = 2 * 4096 + 77, COLUMNS = 3, TEAMS = 3, RULES = 5, WORDS = (ROWS + 63) / 64 };

static double values[COLUMNS][ROWS], created[ROWS];
static uint8_t evidence[COLUMNS][ROWS], texts[ROWS], candidate[ROWS];
static uint32_t teams[ROWS], label_start[ROWS + 1], labels[ROWS];
static int64_t first_revision[ROWS];
static unsigned char ids[ROWS][16];

/* The third column is unknown throughout. */
static const double *const columns[COLUMNS] = {values[0], values[1], NULL};
static const uint8_t *const beside[COLUMNS] = {evidence[0], evidence[1], NULL};

static const struct wn_rows block = {
	.rows = ROWS,
	.columns = columns,
	.column_count = COLUMNS,
	.evidence = beside,
	.words[WN_TEAM] = teams,
	.numbers[WN_CREATED] = created,
	.texts = texts,
	.label_start = label_start,
	.labels = labels,
};

static void fill(uint64_t *random)
{
	uint32_t used = 0;

	for (size_t i = 0; i < ROWS; i++) {
		for (size_t c = 0; c < COLUMNS; c++) {
			values[c][i] = test_below(random, 5) ? test_unit(random) : NAN;
			evidence[c][i] = (uint8_t)test_below(random, WN_ASSERTED + 2);
		}
		teams[i] = (uint32_t)test_below(random, TEAMS + 1);
		created[i] = 86400.0 * (double)test_below(random, 100);
		texts[i] = (uint8_t)test_below(random, 32);
		candidate[i] = test_below(random, 10) != 0;
		label_start[i] = used;
		if (test_below(random, 2))
			labels[used++] = 1 + (uint32_t)test_below(random, 4);
		first_revision[i] = (int64_t)test_below(random, 50);
		memcpy(ids[i], &i, sizeof(i));
	}
	label_start[ROWS] = used;
}

/* Terms of everybody with a limit, and one of a team's own. */
static struct wn_model make_model(void)
{
	static const struct wn_band bands[] = {{"high", 2}, {"low", -INFINITY}};
	static const struct wn_term terms[] = {
		{.column = 0, .weight = 3, .upper = 1},
		{.column = 1, .weight = 2, .upper = 1},
		{.column = 2, .weight = 1, .upper = 1},
		{.column = 1, .weight = 1, .upper = 1},
	};
	static const struct wn_adapter adapter = {
		.team = 2, .first_term = 3, .term_count = 1, .share = 0.2};
	static const struct wn_weighted_sum_spec spec = {
		.base_terms = 3, .max_influence = 0.4, .adapters = &adapter, .adapter_count = 1};

	return (struct wn_model){.kind = wn_model_kind_named("weighted_sum"),
		.terms = terms,
		.term_count = 4,
		.bands = bands,
		.band_count = 2,
		.spec.weighted_sum = &spec};
}

/* A rule for each sort of operand. */
static struct wn_policy make_policy(void)
{
	static const double half = 0.5, thirty = 30;
	static const uint32_t word = 3;
	static const struct wn_test tests[RULES] = {
		{.op = WN_LT, .size = 1, .of = WN_OF_FEATURE, .numbers = &half, .count = 1},
		{.op = WN_EQ,
			.size = 1,
			.of = WN_OF_WORD,
			.index = WN_TEAM,
			.symbols = &word,
			.count = 1},
		{.op = WN_GT, .size = 1, .of = WN_OF_AGE_DAYS, .numbers = &thirty, .count = 1},
		{.op = WN_CONTAINS, .size = 1, .of = WN_OF_LABELS, .symbols = &word, .count = 1},
		{.op = WN_MISSING, .size = 1, .of = WN_OF_TEXT, .index = WN_URL},
	};
	static struct wn_rule rules[RULES];

	for (size_t r = 0; r < RULES; r++)
		rules[r] = (struct wn_rule){.effect = WN_HOLD,
			.tests = &tests[r],
			.test_count = 1,
			.from_s = -INFINITY,
			.until_s = INFINITY};
	return (struct wn_policy){rules, RULES};
}

static void assert_same(const double *found, const double *expected)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (!candidate[i])
			assert_true(isnan(found[i]));
		else
			assert_memory_equal(&found[i], &expected[i], sizeof(found[i]));
	}
}

static void test_parts_are_the_whole(void **state)
{
	static double score[ROWS], lowest[ROWS], highest[ROWS];
	const struct wn_scores whole = {score, lowest, highest};
	const struct wn_model model = make_model();
	const struct wn_policy policy = make_policy();
	const struct wn_population population = {
		.rows = ROWS,
		.blocks = &block,
		.block_count = 1,
		.block_rows = ROWS,
		.candidate = candidate,
		.first_revision = first_revision,
		.id = (const unsigned char(*)[16])ids,
	};
	const struct wn_decide_input input = {.population = &population,
		.model = &model,
		.policy = &policy,
		.now_s = 86400.0 * 100};
	struct wn_decision decision;
	struct wn_hits hits;
	uint64_t random = test_seed();

	(void)state;
	fill(&random);
	assert_true(wn_decide(&input, &decision));
	assert_true(wn_model_score(&model, &population, input.now_s, whole));
	assert_true(wn_policy_apply(&policy, &population, input.now_s, &hits));
	assert_same(decision.evidence.score, score);
	assert_same(decision.evidence.lowest, lowest);
	assert_same(decision.evidence.highest, highest);
	for (size_t r = 0; r < RULES; r++)
		assert_memory_equal(
			decision.hits.rule[r], hits.rule[r], WORDS * sizeof(*hits.rule[r]));
	wn_hits_release(&hits);
	wn_decision_release(&decision);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts_are_the_whole)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

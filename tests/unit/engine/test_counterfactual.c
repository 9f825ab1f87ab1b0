/*
 * Counterfactuals, against every value of every input and every pair of them on small grids (of sums,
 * formulas that go up and down, and blends of both), against the closed form for continuous inputs,
 * and within an effort.
 */
#include "rows_table.h"

#include "winnow/counterfactual.h"
#include "winnow/expression.h"

enum { INPUTS = 4 };

static struct rows_table table;

struct question {
	struct wn_term terms[INPUTS];
	struct wn_weighted_sum_spec spec;
	struct wn_expression_draft draft;
	struct wn_expression formula;
	struct wn_model model, parts[2];
	struct wn_component components[2];
	struct wn_blend blend;
	struct wn_lever levers[INPUTS];
	struct wn_rows rows;
	struct wn_counterfactual_input input;
};

static void question_init(struct question *q)
{
	q->spec = (struct wn_weighted_sum_spec){INPUTS, NAN, NULL, 0};
	q->model = (struct wn_model){.kind = wn_model_kind_named("weighted_sum"),
		.terms = q->terms,
		.term_count = INPUTS,
		.bands = one_band,
		.band_count = 1,
		.spec.weighted_sum = &q->spec};
	q->rows = table_rows(&table, 5);
	q->input = (struct wn_counterfactual_input){.model = &q->model,
		.rows = &q->rows,
		.row = 3,
		.levers = q->levers,
		.lever_count = INPUTS};
}

/* With more effort than it takes. */
static bool seek(const struct question *q, struct wn_change *single, struct wn_change *pair)
{
	struct wn_effort effort = {.left = UINT64_MAX};
	bool ok = wn_counterfactual(&q->input, &effort, single, pair);

	assert_false(effort.cut);
	return ok;
}

/* Inputs are called a, b, c, d. */
static bool resolve(void *self, const char *name, size_t length, struct wn_name *out)
{
	(void)self;
	if (length != 1 || name[0] < 'a' || name[0] >= 'a' + INPUTS)
		return false;
	*out = (struct wn_name){.kind = WN_NAME_TERM, .index = (uint32_t)(name[0] - 'a')};
	return true;
}

static void make_formula(struct question *q, struct wn_model *model, const char *text)
{
	const struct wn_scope scope = {.resolve = resolve};

	assert_true(wn_expression_parse(text, strlen(text), &scope, &q->draft));
	q->formula = (struct wn_expression){q->draft.nodes, q->draft.node_count};
	model->kind = wn_model_kind_named("expression");
	model->spec.expression = &q->formula;
}

static void make_blend(struct question *q, const char *text)
{
	q->parts[0] = q->parts[1] = q->model;
	make_formula(q, &q->parts[1], text);
	for (size_t i = 0; i < 2; i++)
		q->components[i] =
			(struct wn_component){.model = &q->parts[i], .weight = 20, .step = 0};
	q->blend = (struct wn_blend){WN_BLEND_WEIGHTED, q->components, 2};
	q->model = (struct wn_model){.kind = wn_model_kind_named("blend"),
		.bands = one_band,
		.band_count = 1,
		.spec.blend = &q->blend};
}

static void random_kind(struct question *q, uint64_t *random)
{
	static const char *const formulas[] = {
		"a * b - c + d",
		"abs(a - 4) * abs(b - 3) + c",
		"coalesce(a * b, 12) + coalesce(c / (d - 3), 5)",
		"if(a > b, c * c, 3 * d)",
		"max(a, b) * min(c, d) - sqrt(a + b)",
		"clamp(a ^ 2 - b, 0, 30) + log(c - d)",
	};
	const char *formula = formulas[test_below(random, sizeof formulas / sizeof *formulas)];

	switch (test_below(random, 3)) {
	case 0: make_formula(q, &q->model, formula); return;
	case 1: make_blend(q, formula); return;
	default: return;
	}
}

static void random_question(struct question *q, uint64_t *random)
{
	question_init(q);
	table_random_facts(&table, 5, random);
	for (uint32_t i = 0; i < INPUTS; i++) {
		size_t steps = 2 + test_below(random, 7);

		q->terms[i] = (struct wn_term){.column = i,
			.weight = (double)test_below(random, 5) + 0.25,
			.lower = (double)test_below(random, 3),
			.lower_is_better = test_below(random, 2),
			.scale = test_below(random, 2) ? WN_SCALE_UNIT : WN_SCALE_VALUE,
			.unknown = (enum wn_unknown)test_below(random, 3)};
		q->terms[i].upper = q->terms[i].lower + (double)steps;
		q->terms[i].fallback = q->terms[i].lower + 1;
		q->levers[i] = (struct wn_lever){.column = i,
			.lower = q->terms[i].lower,
			.upper = q->terms[i].upper,
			.step = 1,
			.fixed = test_below(random, 8) == 0};
		table.values[i][3] =
			test_below(random, 6)
				? q->terms[i].lower + (double)test_below(random, steps + 1)
				: NAN;
	}
	if (test_below(random, 2))
		q->spec.max_influence = 0.3 + test_unit(random) / 2;
	random_kind(q, random);
	q->input.beyond = test_below(random, 2);
	q->input.at_least = 40 * test_unit(random);
	q->input.at_least *= test_unit(random);
}

static double score_of_row(const struct question *q)
{
	double score[5], lowest[5], highest[5];

	wn_model_score_rows(&q->model, &q->rows, 0, (struct wn_scores){score, lowest, highest});
	return score[3];
}

static bool is_enough(const struct question *q, double score)
{
	return q->input.beyond ? score > q->input.at_least : score >= q->input.at_least;
}

static double old_value(const struct question *q, size_t i)
{
	const struct wn_term *t = &q->terms[i];

	if (!isnan(table.values[i][3]))
		return table.values[i][3];
	return t->unknown == WN_UNKNOWN_DEFAULT ? t->fallback
	       : t->lower_is_better             ? t->upper
						: t->lower;
}

/* The least size of a change of one input, on top of another change of size `base`. */
static double least_single(const struct question *q, size_t i, double base)
{
	const struct wn_term *t = &q->terms[i];
	double known = table.values[i][3], old = old_value(q, i), least = INFINITY;

	for (double x = t->lower; x <= t->upper; x++) {
		table.values[i][3] = x;
		if (is_enough(q, score_of_row(q)))
			least = fmin(least, base + fabs(x - old) / (t->upper - t->lower));
	}
	table.values[i][3] = known;
	return least;
}

static double least_pair(const struct question *q, size_t i, size_t j)
{
	const struct wn_term *t = &q->terms[i];
	double known = table.values[i][3], old = old_value(q, i), least = INFINITY;

	for (double x = t->lower; x <= t->upper; x++) {
		table.values[i][3] = x;
		least = fmin(least, least_single(q, j, fabs(x - old) / (t->upper - t->lower)));
	}
	table.values[i][3] = known;
	return least;
}

static void check_change(const struct question *q, const struct wn_change *change)
{
	double known[INPUTS], size = 0.0;

	if (change->inputs == 0)
		return;
	for (size_t i = 0; i < INPUTS; i++)
		known[i] = table.values[i][3];
	for (size_t i = 0; i < change->inputs; i++) {
		size_t lever = change->lever[i];

		size += fabs(change->value[i] - old_value(q, lever)) /
			(q->terms[lever].upper - q->terms[lever].lower);
		assert_false(q->levers[lever].fixed);
	}
	assert_true(fabs(size - change->size) < 1e-12);
	for (size_t i = 0; i < change->inputs; i++)
		table.values[change->lever[i]][3] = change->value[i];
	assert_true(score_of_row(q) == change->score);
	assert_true(is_enough(q, change->score));
	for (size_t i = 0; i < INPUTS; i++)
		table.values[i][3] = known[i];
}

static void test_small_grids(void **state)
{
	static struct question q;
	uint64_t random = test_seed();
	size_t singles = 0, pairs = 0;

	(void)state;
	for (size_t round = 0; round < 1500; round++) {
		double single_size = INFINITY, pair_size = INFINITY;
		struct wn_change single, pair;

		random_question(&q, &random);
		assert_true(seek(&q, &single, &pair));
		if (is_enough(&q, score_of_row(&q))) {
			assert_true(single.inputs == 0 && pair.inputs == 0);
			continue;
		}
		for (size_t i = 0; i < INPUTS; i++) {
			if (q.levers[i].fixed)
				continue;
			single_size = fmin(single_size, least_single(&q, i, 0));
			for (size_t j = 0; j < i; j++) {
				if (!q.levers[j].fixed)
					pair_size = fmin(pair_size, least_pair(&q, i, j));
			}
		}
		assert_int_equal(single.inputs, isfinite(single_size) ? 1 : 0);
		if (single.inputs)
			assert_true(fabs(single.size - single_size) < 1e-9);
		assert_int_equal(pair.inputs, pair_size < single_size - 1e-6 ? 2 : 0);
		if (pair.inputs)
			assert_true(fabs(pair.size - pair_size) < 1e-9);
		check_change(&q, &single);
		check_change(&q, &pair);
		singles += single.inputs;
		pairs += pair.inputs;
	}
	assert_true(singles > 100 && pairs > 100);
}

static void continuous_question(struct question *q)
{
	question_init(q);
	for (uint32_t i = 0; i < INPUTS; i++) {
		q->terms[i] =
			(struct wn_term){.column = i, .weight = 4 - i, .lower = 0, .upper = 10};
		q->levers[i] = (struct wn_lever){.column = i, .lower = 0, .upper = 10};
		table.values[i][3] = 2.5;
	}
}

/* Weights 4, 3, 2, 1, all at a quarter: the score is 2.5. One more point of score costs a quarter
 * of the first input's bounds, and no less. Beyond its 3 points the second has to help. */
static void test_continuous(void **state)
{
	static struct question q;
	struct wn_change single, pair;

	(void)state;
	continuous_question(&q);
	q.input.at_least = 3.5;
	assert_true(seek(&q, &single, &pair));
	assert_true(single.inputs == 1 && single.lever[0] == 0 && pair.inputs == 0);
	assert_true(single.size >= 0.25 && single.size <= 0.25 + 0x1p-19);
	assert_true(fabs(single.value[0] - 5) < 1e-4);

	q.input.at_least = 7;
	assert_true(seek(&q, &single, &pair));
	assert_true(single.inputs == 0 && pair.inputs == 2);
	assert_true(pair.lever[0] == 0 && pair.lever[1] == 1);
	assert_true(pair.size >= 1.25 && pair.size < 1.25 + 0x1p-18);

	q.input.at_least = 8;
	assert_true(seek(&q, &single, &pair));
	assert_true(single.inputs == 0 && pair.inputs == 0);
	q.input.at_least = 2.5;
	assert_true(seek(&q, &single, &pair));
	assert_true(single.inputs == 0 && pair.inputs == 0);
	q.input.beyond = true;
	assert_true(seek(&q, &single, &pair));
	assert_true(single.inputs == 1 && single.size > 0 && single.size < 0x1p-18);
}

/* A grid of 5,000 whole steps is finer than what is looked at at first; columns beyond those of the
 * rows are unknown; what the model does not read is no lever. */
static void test_fine_grid(void **state)
{
	static struct question q;
	struct wn_change single, pair;

	(void)state;
	continuous_question(&q);
	q.terms[3].column = 900;
	q.terms[3].upper = 5000;
	q.levers[3] = (struct wn_lever){.column = 900, .lower = 0, .upper = 5000, .step = 1};
	for (size_t i = 0; i < 3; i++)
		q.levers[i].fixed = true;
	q.input.at_least = 2.25 + 1234.5 / 5000;
	assert_true(seek(&q, &single, &pair));
	assert_true(single.inputs == 1 && single.lever[0] == 3 && single.value[0] == 1235);
	q.levers[3].column = 901;
	assert_true(seek(&q, &single, &pair));
	assert_true(single.inputs == 0);
}

/* ---- effort ---- */

struct large {
	struct wn_term terms[WN_MAX_TERMS];
	struct wn_lever levers[WN_MAX_TERMS];
	struct wn_rows rows;
	struct wn_model model;
	struct wn_counterfactual_input input;
};

/* A sum of all unknown inputs: each brings 1, and the whole is wanted. */
static void large_question(struct large *l)
{
	l->rows = (struct wn_rows){.rows = 1};
	for (uint32_t i = 0; i < WN_MAX_TERMS; i++) {
		l->terms[i] = (struct wn_term){.column = i, .weight = 1, .upper = 10};
		l->levers[i] = (struct wn_lever){.column = i, .upper = 10};
	}
	l->model = (struct wn_model){.kind = wn_model_kind_named("weighted_sum"),
		.terms = l->terms,
		.term_count = WN_MAX_TERMS,
		.bands = one_band,
		.band_count = 1};
	l->input = (struct wn_counterfactual_input){.model = &l->model,
		.rows = &l->rows,
		.levers = l->levers,
		.lever_count = WN_MAX_TERMS};
}

/* What no two inputs can reach costs a row for each pair of them, and the answer is whole. */
static void test_out_of_reach(void **state)
{
	static struct large l;
	struct wn_effort effort = {.left = UINT64_MAX};
	const uint64_t inputs = WN_MAX_TERMS, rows = 2 * inputs * inputs;
	struct wn_change single, pair;

	(void)state;
	large_question(&l);
	l.input.at_least = 2.001;
	assert_true(wn_counterfactual(&l.input, &effort, &single, &pair));
	assert_true(single.inputs == 0 && pair.inputs == 0 && !effort.cut);
	assert_true(UINT64_MAX - effort.left < rows * inputs);
	/* Not even with all of them. */
	effort.left = UINT64_MAX;
	l.input.at_least = WN_MAX_TERMS + 1;
	assert_true(wn_counterfactual(&l.input, &effort, &single, &pair));
	assert_true(single.inputs == 0 && pair.inputs == 0 && !effort.cut);
	assert_true(UINT64_MAX - effort.left < rows);
}

/* With little effort the single change is found all the same, and that the pairs are not is said. */
static void test_cut(void **state)
{
	static struct large l;
	struct wn_effort effort = {.left = UINT64_C(1) << 21};
	struct wn_change single, pair, none;
	uint64_t left;

	(void)state;
	large_question(&l);
	l.terms[200].weight = 3;
	l.input.at_least = 2.5;
	assert_true(wn_counterfactual(&l.input, &effort, &single, &pair));
	assert_true(single.inputs == 1 && single.lever[0] == 200 && effort.cut);
	assert_true(fabs(single.value[0] - 25.0 / 3) < 1e-4);
	/* What is handed on stays cut. */
	left = effort.left;
	assert_true(wn_counterfactual(&l.input, &effort, &none, &pair));
	assert_true(none.inputs == 0 && pair.inputs == 0 && effort.cut && effort.left == left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_grids),
		cmocka_unit_test(test_continuous),
		cmocka_unit_test(test_fine_grid),
		cmocka_unit_test(test_out_of_reach),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("engine/counterfactual", tests, NULL, NULL);
}

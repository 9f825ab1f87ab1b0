/*
 * A category that was appended to its definition after the model was saved: every kind takes it as
 * it takes a missing value, whatever that means to the input, and nothing takes it as the last
 * category that the model knows.
 */
#include "rows_table.h"

#include "winnow/decision_table.h"
#include "winnow/expression.h"
#include "winnow/pareto.h"

enum { LAST = 3, INPUTS = 2, ROWS = 3, KNOWN = 0, LATER = 1, MISSING = 2 };

static struct rows_table table;

struct models {
	struct wn_term terms[INPUTS];
	struct wn_model sum, formula, table, front, blend;
	struct wn_expression_draft draft;
	struct wn_expression expression;
	struct wn_table_rule rules[LAST + 1];
	uint64_t when[LAST + 1][INPUTS];
	struct wn_outcome outcomes[LAST + 1];
	uint16_t rule_of[64], worst[64], best[64];
	struct wn_decision_table cells;
	struct wn_pareto pareto;
	struct wn_component components[2];
	struct wn_blend parts;
};

static bool resolve(void *self, const char *name, size_t length, struct wn_name *out)
{
	(void)self;
	*out = (struct wn_name){.kind = WN_NAME_TERM, .index = name[0] == 'b'};
	return length == 1;
}

static bool no_fault(void *self, const uint16_t *values, size_t rule_a, size_t rule_b)
{
	(void)self;
	(void)values;
	(void)rule_a;
	(void)rule_b;
	return false;
}

static struct wn_model model_of(const struct models *m, const char *kind, const void *spec)
{
	return (struct wn_model){.kind = wn_model_kind_named(kind),
		.terms = m->terms,
		.term_count = INPUTS,
		.bands = one_band,
		.band_count = 1,
		.spec.any = spec};
}

/* The outcome is the first input's category. */
static void make_table(struct models *m)
{
	static const char *const names[LAST + 1] = {"a", "b", "c", "d"};
	const uint16_t radices[INPUTS] = {LAST + 1, 2};

	for (uint16_t i = 0; i <= LAST; i++) {
		m->when[i][0] = UINT64_C(1) << i;
		m->when[i][1] = 3;
		m->rules[i] = (struct wn_table_rule){m->when[i], i};
		m->outcomes[i] = (struct wn_outcome){names[i], i};
	}
	m->cells = (struct wn_decision_table){.outcomes = m->outcomes,
		.outcome_count = LAST + 1,
		.rules = m->rules,
		.rule_count = LAST + 1};
	assert_int_equal(wn_table_fill(&m->cells, radices, INPUTS, m->rule_of, m->worst, m->best,
				 no_fault, NULL),
		0);
	m->cells.rule_of = m->rule_of;
	m->cells.worst = m->worst;
	m->cells.best = m->best;
	m->table = model_of(m, "decision_table", &m->cells);
}

static void make(struct models *m, enum wn_unknown unknown)
{
	static const char text[] = "if(a == 3, 100, 1) + a + b";
	const struct wn_scope scope = {.resolve = resolve};

	m->terms[0] = (struct wn_term){.column = 0,
		.weight = 1,
		.upper = LAST,
		.scale = WN_SCALE_VALUE,
		.unknown = unknown,
		.fallback = 1,
		.category = true};
	m->terms[1] =
		(struct wn_term){.column = 1, .weight = 1, .upper = 1, .scale = WN_SCALE_VALUE};
	m->sum = model_of(m, "weighted_sum", NULL);
	assert_true(wn_expression_parse(text, sizeof text - 1, &scope, &m->draft));
	m->expression = (struct wn_expression){m->draft.nodes, m->draft.node_count};
	m->formula = model_of(m, "expression", &m->expression);
	make_table(m);
	m->pareto = (struct wn_pareto){.place = WN_PLACE_WEIGHTS};
	m->front = model_of(m, "pareto", &m->pareto);
	m->components[0] = (struct wn_component){.model = &m->sum, .weight = 1, .step = 0};
	m->components[1] = (struct wn_component){.model = &m->formula, .weight = 1, .step = 0};
	m->parts = (struct wn_blend){WN_BLEND_WEIGHTED, m->components, 2};
	m->blend = model_of(m, "blend", &m->parts);
	m->blend.terms = NULL;
	m->blend.term_count = 0;
}

static void score(const struct wn_model *model, const struct wn_rows *rows, struct wn_scores out)
{
	static const uint8_t candidate[ROWS] = {1, 1, 1};
	static const int64_t first_revision[ROWS] = {1, 2, 3};
	static const unsigned char ids[ROWS][16] = {{1}, {2}, {3}};
	const struct wn_population population = {.rows = ROWS,
		.blocks = rows,
		.block_count = 1,
		.block_rows = 64,
		.candidate = candidate,
		.first_revision = first_revision,
		.id = ids};

	assert_true(wn_model_score(model, &population, 0, out));
}

static void check_model(const struct wn_model *model, const struct wn_rows *rows)
{
	double value[ROWS], low[ROWS], high[ROWS];

	check_finds(model, 0, "");
	score(model, rows, (struct wn_scores){value, low, high});
	assert_true(same_bits(value[LATER], value[MISSING]));
	assert_true(same_bits(low[LATER], low[MISSING]));
	assert_true(same_bits(high[LATER], high[MISSING]));
	assert_true(isnan(value[LATER]) || value[LATER] < value[KNOWN]);
}

static void test_every_kind(void **state)
{
	static const enum wn_unknown meanings[] = {
		WN_UNKNOWN_SPAN, WN_UNKNOWN_DEFAULT, WN_UNKNOWN_EXCLUDE};
	static struct models m;
	struct wn_rows rows = table_rows(&table, ROWS);

	(void)state;
	for (size_t row = 0; row < ROWS; row++)
		table.values[1][row] = 1;
	table.values[0][KNOWN] = LAST;
	table.values[0][LATER] = LAST + 1;
	table.values[0][MISSING] = NAN;
	for (size_t i = 0; i < 3; i++) {
		const struct wn_model *all[] = {&m.sum, &m.formula, &m.table, &m.front, &m.blend};

		make(&m, meanings[i]);
		for (size_t k = 0; k < sizeof all / sizeof *all; k++)
			check_model(all[k], &rows);
	}
}

/* An additive explanation shows the stored value, and that it was not what counted. */
static void test_explained(void **state)
{
	static struct models m;
	struct wn_rows rows = table_rows(&table, ROWS);
	struct wn_contribution parts[INPUTS];

	(void)state;
	make(&m, WN_UNKNOWN_DEFAULT);
	assert_int_equal(wn_model_explain(&m.sum, &rows, LATER, 0, parts), INPUTS);
	assert_true(parts[0].value == LAST + 1 && parts[0].counted == 1 && parts[0].assumed);
	assert_true(parts[0].contribution == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_explained),
	};

	return cmocka_run_group_tests_name("engine/later_category", tests, NULL, NULL);
}

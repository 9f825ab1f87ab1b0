/*
 * What holds for every kind of model whose scores do not depend on other items: where a row stands
 * and what stands beside it changes nothing; more of what counts positively never lowers; the range
 * encloses; the explanation ends in the score.
 */
#include "rows_table.h"

#include "winnow/decision_table.h"
#include "winnow/expression.h"
#include "winnow/pairwise.h"

enum { INPUTS = 4, ROWS = 600, RADIX = 3, CELLS = RADIX * RADIX * RADIX, OUTCOMES = 7 };

static struct rows_table table, other;

/* One model of every kind; inputs lie in columns 0 … 3, those of a team's own terms in the two behind,
 * and more is better. */
struct models {
	struct wn_term terms[INPUTS + 2], plain[INPUTS], choices[3];
	struct wn_adapter adapters[1];
	struct wn_weighted_sum_spec limits;
	struct wn_expression_draft draft;
	struct wn_expression expression;
	struct wn_outcome outcomes[OUTCOMES];
	struct wn_table_rule rules[CELLS];
	uint64_t when[CELLS][3];
	uint16_t rule_of[CELLS], worst[4 * 4 * 4], best[4 * 4 * 4];
	struct wn_decision_table decisions;
	struct wn_pairwise pairwise;
	struct wn_component components[3];
	struct wn_blend weighted, in_turn;
	struct wn_model sum, limited, formula, table, strength, blend, lexicographic;
	const struct wn_model *all[7];
};

static struct wn_model model_of(
	const char *kind, const struct wn_term *terms, size_t count, const void *spec)
{
	return (struct wn_model){.kind = wn_model_kind_named(kind),
		.terms = terms,
		.term_count = count,
		.bands = one_band,
		.band_count = 1,
		.spec.any = spec};
}

static bool resolve(void *self, const char *name, size_t length, struct wn_name *out)
{
	(void)self;
	if (length != 1 || name[0] < 'a' || name[0] > 'd')
		return false;
	*out = (struct wn_name){
		.kind = WN_NAME_TERM, .index = (uint32_t)(name[0] - 'a'), .type = WN_TYPE_NUMBER};
	return true;
}

static void make_formula(struct models *m)
{
	static const char text[] = "2 * a + min(b, c + 1) * 3 + max(a, d) / 4 - 1 / (1 + b)";
	struct wn_scope scope = {.resolve = resolve};

	assert_true(wn_expression_parse(text, sizeof(text) - 1, &scope, &m->draft));
	m->expression = (struct wn_expression){m->draft.nodes, m->draft.node_count};
	m->formula = model_of("expression", m->plain, INPUTS, &m->expression);
}

/* The outcome is the sum of three values of 0 … 2. */
static void make_table(struct models *m)
{
	static const uint16_t radices[] = {RADIX, RADIX, RADIX};

	for (size_t i = 0; i < OUTCOMES; i++)
		m->outcomes[i] =
			(struct wn_outcome){&"a\0b\0c\0d\0e\0f\0g"[2 * i], (double)(i * i)};
	for (size_t cell = 0; cell < CELLS; cell++) {
		size_t values[] = {cell / 9, cell / 3 % 3, cell % 3};

		for (size_t i = 0; i < 3; i++)
			m->when[cell][i] = UINT64_C(1) << values[i];
		m->rules[cell] = (struct wn_table_rule){
			m->when[cell], (uint16_t)(values[0] + values[1] + values[2])};
	}
	m->decisions = (struct wn_decision_table){
		m->outcomes, OUTCOMES, m->rules, CELLS, m->rule_of, m->worst, m->best};
	assert_int_equal(
		wn_table_fill(&m->decisions, radices, 3, m->rule_of, m->worst, m->best, NULL, NULL),
		0);
	for (uint32_t i = 0; i < 3; i++)
		m->choices[i] = (struct wn_term){.column = i,
			.weight = 1,
			.upper = RADIX - 1,
			.scale = WN_SCALE_VALUE,
			.unknown = i ? WN_UNKNOWN_SPAN : WN_UNKNOWN_EXCLUDE};
	m->table = model_of("decision_table", m->choices, 3, &m->decisions);
}

static void make_blends(struct models *m)
{
	m->components[0] =
		(struct wn_component){.model = &m->table, .weight = 1 + 1.0 / 3, .step = 3};
	m->components[1] = (struct wn_component){.model = &m->limited, .weight = 2, .step = 0.5};
	m->components[2] = (struct wn_component){.model = &m->strength, .weight = 0.7, .step = 0};
	m->weighted = (struct wn_blend){WN_BLEND_WEIGHTED, m->components, 3};
	m->in_turn = (struct wn_blend){WN_BLEND_LEXICOGRAPHIC, m->components, 3};
	m->blend = model_of("blend", NULL, 0, &m->weighted);
	m->lexicographic = model_of("blend", NULL, 0, &m->in_turn);
}

static void models_init(struct models *m, uint64_t *random)
{
	for (uint32_t i = 0; i < INPUTS + 2; i++) {
		m->terms[i] = random_gain(random, i);
		m->terms[i].lower_is_better = false;
	}
	for (uint32_t i = 0; i < INPUTS; i++)
		m->plain[i] = (struct wn_term){.column = i,
			.weight = 1,
			.upper = 2,
			.scale = WN_SCALE_VALUE,
			.unknown = (enum wn_unknown)test_below(random, 2)};
	m->adapters[0] = (struct wn_adapter){3, INPUTS, 2, 0.2};
	m->limits = (struct wn_weighted_sum_spec){INPUTS, 0.4, m->adapters, 1};
	m->pairwise.average_when_unknown = test_below(random, 2);
	m->sum = model_of("weighted_sum", m->terms, INPUTS, NULL);
	m->limited = model_of("weighted_sum", m->terms, INPUTS + 2, &m->limits);
	m->strength = model_of("pairwise", NULL, 0, &m->pairwise);
	make_formula(m);
	make_table(m);
	make_blends(m);
	const struct wn_model *all[] = {&m->sum, &m->limited, &m->formula, &m->table, &m->strength,
		&m->blend, &m->lexicographic};

	memcpy(m->all, all, sizeof(all));
	for (size_t i = 0; i < 7; i++)
		check_finds(m->all[i], 0, "");
}

/* Whole numbers, so that the table has its categories; some unknown, some beyond the bounds of the
 * sum, some between. */
static void random_table(size_t rows, uint64_t *random)
{
	table_random_facts(&table, rows, random);
	for (size_t c = 0; c < TABLE_COLUMNS; c++) {
		for (size_t row = 0; row < rows; row++)
			table.values[c][row] =
				test_below(random, 7) ? (double)test_below(random, RADIX) : NAN;
	}
}

struct result {
	double score[TABLE_ROWS], lowest[TABLE_ROWS], highest[TABLE_ROWS];
};

static struct wn_scores into(struct result *result)
{
	return (struct wn_scores){result->score, result->lowest, result->highest};
}

static void assert_same(const struct result *a, size_t i, const struct result *b, size_t j)
{
	assert_true(same_bits(a->score[i], b->score[j]));
	assert_true(same_bits(a->lowest[i], b->lowest[j]));
	assert_true(same_bits(a->highest[i], b->highest[j]));
}

/* Permuted, one row more, and cut into blocks: each row gets the same bits. */
static void test_company_does_not_matter(void **state)
{
	static struct models m;
	static struct result alone, among;
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 10; round++) {
		struct wn_rows rows = table_rows(&table, ROWS), more;
		size_t place[ROWS], blocks = 1 + test_below(&random, 2);
		struct wn_rows parts[2];

		models_init(&m, &random);
		random_table(ROWS + 1, &random);
		for (size_t row = 0; row < ROWS; row++) {
			size_t at = test_below(&random, row + 1);

			place[row] = place[at];
			place[at] = row;
		}
		for (size_t at = 0; at < ROWS; at++)
			table_copy_row(&other, at, &table, place[at]);
		table_copy_row(&other, ROWS, &table, ROWS);
		more = table_rows(&other, ROWS + 1);
		parts[0] = parts[1] = more;
		if (blocks == 2) {
			parts[0].rows = ROWS;
			parts[1] = (struct wn_rows){.rows = 1};
		}
		for (size_t i = 0; i < 7; i++) {
			struct wn_population population = {.rows = ROWS + 1,
				.blocks = parts,
				.block_count = blocks,
				.block_rows = blocks == 2 ? ROWS : ROWS + 1};

			wn_model_score_rows(m.all[i], &rows, 1e9, into(&alone));
			assert_true(wn_model_score(m.all[i], &population, 1e9, into(&among)));
			for (size_t at = 0; at < ROWS; at++)
				assert_same(&alone, place[at], &among, at);
		}
	}
}

static void test_raising_never_lowers(void **state)
{
	static struct models m;
	static struct result before, after;
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		struct wn_rows rows = table_rows(&table, ROWS);

		models_init(&m, &random);
		random_table(ROWS, &random);
		for (size_t i = 0; i < 7; i++) {
			size_t c = test_below(&random, INPUTS + 2);

			wn_model_score_rows(m.all[i], &rows, 1e9, into(&before));
			for (size_t row = 0; row < ROWS; row++) {
				table.values[c][row] += (double)test_below(&random, 2);
				table.strength[row] += test_unit(&random);
			}
			wn_model_score_rows(m.all[i], &rows, 1e9, into(&after));
			for (size_t row = 0; row < ROWS; row++) {
				assert_false(after.score[row] < before.score[row]);
				assert_false(after.highest[row] < before.highest[row]);
				assert_int_equal(isnan(after.score[row]), isnan(before.score[row]));
			}
		}
	}
}

static void check_explained(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	const struct result *result)
{
	struct wn_contribution parts[INPUTS + 2];
	struct wn_scored scored = {result->score[row], result->lowest[row], result->highest[row]};
	struct wn_step steps[WN_MAX_STEPS];
	size_t count = wn_model_trace(model, rows, row, 1e9, scored, steps, WN_MAX_STEPS);
	double sum = 0.0;

	assert_true(count > 0 && steps[0].depth == 0);
	assert_true(same_bits(steps[0].value, result->score[row]));
	for (size_t i = 1; i < count; i++)
		assert_true(steps[i].depth >= 1 && steps[i].depth <= steps[i - 1].depth + 1);
	if (!(wn_model_traits(model) & WN_TRAIT_ADDITIVE))
		return;
	count = wn_model_explain(model, rows, row, 1e9, parts);
	for (size_t i = 0; i < count; i++)
		sum += parts[i].contribution;
	assert_true(same_bits(sum, result->score[row]));
}

static void test_ranges_and_explanations(void **state)
{
	static struct models m;
	static struct result result, known;
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 6; round++) {
		struct wn_rows rows = table_rows(&table, ROWS), filled = table_rows(&other, ROWS);

		bool spans = round % 2;

		models_init(&m, &random);
		for (size_t i = 0; spans && i < INPUTS + 2; i++)
			m.terms[i].unknown = m.plain[i % INPUTS].unknown = WN_UNKNOWN_SPAN;
		random_table(ROWS, &random);
		other = table;
		filled = table_rows(&other, ROWS);
		/* The unknown turn out to be something, and nobody's claim. */
		for (size_t c = 0; c < TABLE_COLUMNS; c++) {
			for (size_t row = 0; row < ROWS; row++) {
				if (!isnan(table.values[c][row]))
					continue;
				other.values[c][row] = (double)test_below(&random, RADIX);
				other.evidence[c][row] = WN_MEASURED;
			}
		}
		for (size_t i = 0; i < 7; i++) {
			double least, most;

			wn_model_range(m.all[i], &least, &most);
			wn_model_score_rows(m.all[i], &rows, 1e9, into(&result));
			wn_model_score_rows(m.all[i], &filled, 1e9, into(&known));
			for (size_t row = 0; row < ROWS; row++) {
				assert_false(result.lowest[row] > result.score[row] ||
					     result.score[row] > result.highest[row]);
				assert_false(
					result.lowest[row] < least || result.highest[row] > most);
				check_explained(m.all[i], &rows, row, &result);
			}
			for (size_t row = 0; spans && row < ROWS; row++)
				assert_false(known.score[row] < result.lowest[row] ||
					     known.score[row] > result.highest[row]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_company_does_not_matter),
		cmocka_unit_test(test_raising_never_lowers),
		cmocka_unit_test(test_ranges_and_explanations),
	};

	return cmocka_run_group_tests_name("engine/properties", tests, NULL, NULL);
}

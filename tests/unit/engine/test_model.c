/*
 * Models: what the check finds, scores against vectors and against their own explanation, bands.
 */
#include "rows_table.h"

#include <float.h>

static const struct wn_band rubric_bands[] = {
	{"next_sprint", 18}, {"ready", 12}, {"icebox", -INFINITY}};

static const struct wn_term rubric_terms[] = {
	{.column = 0, .weight = 3, .lower = 1, .upper = 3, .scale = WN_SCALE_VALUE},
	{.column = 1, .weight = 2, .lower = 1, .upper = 3, .scale = WN_SCALE_VALUE},
	{.column = 2, .weight = 2, .lower = 1, .upper = 3, .scale = WN_SCALE_VALUE},
	{.column = 3, .weight = 1, .lower = 1, .upper = 3, .scale = WN_SCALE_VALUE},
};

static struct wn_model rubric(void)
{
	return (struct wn_model){
		.kind = wn_model_kind_named("weighted_sum"),
		.terms = rubric_terms,
		.term_count = 4,
		.bands = rubric_bands,
		.band_count = 3,
	};
}

static void test_kinds(void **state)
{
	(void)state;
	assert_string_equal(
		wn_model_kind_name(wn_model_kind_named("weighted_sum")), "weighted_sum");
	assert_null(wn_model_kind_named("weighted"));
	assert_null(wn_model_kind_named(""));
	assert_null(wn_model_kind_named(NULL));
}

static void test_check_accepts(void **state)
{
	struct wn_model model = rubric();

	(void)state;
	check_finds(&model, 0, "");
}

static void test_check_terms(void **state)
{
	static const struct wn_term sound = {.weight = 1, .lower = 0, .upper = 1};
	struct wn_model model = rubric();
	struct wn_term terms[WN_MAX_TERMS + 1];

	(void)state;
	for (uint32_t i = 0; i <= WN_MAX_TERMS; i++) {
		terms[i] = sound;
		terms[i].column = i;
	}
	model.terms = terms;
	model.term_count = 0;
	check_finds(&model, 1, "/terms");
	model.term_count = WN_MAX_TERMS + 1;
	check_finds(&model, 1, "/terms");
	model.term_count = WN_MAX_TERMS;
	check_finds(&model, 0, "");

	terms[0].weight = NAN;
	terms[1].weight = INFINITY;
	terms[2].weight = -1;
	terms[3].column = 1;
	terms[4].lower = -INFINITY;
	terms[5].upper = NAN;
	terms[6].lower = 1;
	terms[7].lower = 2;
	terms[8].unknown = terms[9].unknown = terms[10].unknown = WN_UNKNOWN_DEFAULT;
	terms[8].fallback = NAN;
	terms[9].fallback = 1.5;
	terms[10].fallback = 1;
	terms[11].fallback = NAN; /* not looked at */
	terms[12].lower = -DBL_MAX;
	terms[12].upper = DBL_MAX;
	terms[13].scale = (enum wn_scale)7;
	terms[14].unknown = (enum wn_unknown)7;
	model.term_count = 15;
	check_finds(&model, 13,
		"/terms/0/weight /terms/1/weight /terms/2/weight /terms/3 /terms/4/lower "
		"/terms/5/upper /terms/6/upper /terms/7/upper /terms/8/fallback /terms/9/fallback "
		"/terms/12/upper /terms/13/scale /terms/14/unknown");
}

static void test_check_sums(void **state)
{
	struct wn_model model = rubric();
	struct wn_term terms[2] = {
		{.column = 0, .lower = 0, .upper = 1}, {.column = 1, .lower = 0, .upper = 1}};

	(void)state;
	model.terms = terms;
	model.term_count = 2;
	check_finds(&model, 1, "/terms"); /* no weight */
	terms[0].upper = 0;
	check_finds(&model, 2, "/terms/0/upper /terms"); /* both at once */
	terms[0].upper = 1;
	terms[1].weight = DBL_MIN;
	check_finds(&model, 0, "");
	terms[0].weight = terms[1].weight = DBL_MAX;
	check_finds(&model, 1, "/terms"); /* the sum overflows */
	terms[1].weight = 0;
	check_finds(&model, 0, "");
	terms[0] = (struct wn_term){.column = 0,
		.weight = 1,
		.lower = 1e308,
		.upper = 1.5e308,
		.lower_is_better = true,
		.scale = WN_SCALE_VALUE};
	check_finds(&model, 1, "/terms"); /* lower + upper overflows */
}

static void test_check_bands(void **state)
{
	static const struct wn_band many[WN_MAX_BANDS + 1];
	static const struct wn_band faulty[] = {{"a", NAN}, {"", 9}, {NULL, 9}, {"a", 10},
		{"b", INFINITY}, {"c", -INFINITY}, {"d", 3}};
	static const struct wn_band nan_last[] = {{"a", 1}, {"b", NAN}};
	static const struct wn_band infinite[] = {{"a", -INFINITY}, {"b", -INFINITY}};
	struct wn_model model = rubric();

	(void)state;
	model.bands = many;
	model.band_count = 0;
	check_finds(&model, 1, "/bands");
	model.band_count = WN_MAX_BANDS + 1;
	check_finds(&model, 1, "/bands");
	model.bands = faulty;
	model.band_count = 7;
	check_finds(&model, 9,
		"/bands/0/at_least /bands/1/name /bands/2/name /bands/2/at_least /bands/3/name "
		"/bands/3/at_least /bands/4/at_least /bands/5/at_least /bands/6/at_least");
	model.bands = nan_last;
	model.band_count = 2;
	check_finds(&model, 1, "/bands/1/at_least");
	model.bands = infinite;
	check_finds(&model, 2, "/bands/0/at_least /bands/1/at_least");
	model.kind = NULL;
	model.bands = rubric_bands;
	model.band_count = 3;
	check_finds(&model, 1, "/kind");
}

/* Scores one row; its explanation must agree. */
static struct wn_contribution *score_one(const struct wn_model *model, const double *values,
	size_t value_count, double *score, double *lowest, double *highest)
{
	struct wn_contribution *parts = test_array(model->term_count, sizeof(*parts));
	const double **columns = test_array(value_count, sizeof(*columns));
	double sum = 0.0, low = 0.0, high = 0.0;

	for (size_t c = 0; c < value_count; c++)
		columns[c] = &values[c];
	test_score(model, columns, value_count, 1, (struct wn_scores){score, lowest, highest});
	wn_model_explain(model,
		&(struct wn_rows){.rows = 1, .columns = columns, .column_count = value_count}, 0, 0,
		parts);
	for (size_t i = 0; i < model->term_count; i++) {
		assert_int_equal(parts[i].term, i);
		sum += parts[i].contribution;
		low += parts[i].lowest;
		high += parts[i].highest;
	}
	assert_true(same_bits(sum, *score));
	assert_true(same_bits(low, *lowest));
	assert_true(same_bits(high, *highest));
	free(columns);
	return parts;
}

static void test_rubric_vectors(void **state)
{
	FILE *file = test_vectors("triage_rubric.csv");
	struct wn_model model = rubric();
	char text[256], band[32];
	size_t rows = 0;

	(void)state;
	while (fgets(text, sizeof(text), file)) {
		double v[4], expected, score, lowest, highest;

		if (sscanf(text, "%lf,%lf,%lf,%lf,%lf,%31s", &v[0], &v[1], &v[2], &v[3], &expected,
			    band) != 6)
			continue;
		free(score_one(&model, v, 4, &score, &lowest, &highest));
		assert_true(same_bits(score, expected));
		assert_true(same_bits(lowest, expected));
		assert_true(same_bits(highest, expected));
		assert_string_equal(model.bands[wn_model_band(&model, score)].name, band);
		rows++;
	}
	fclose(file);
	assert_int_equal(rows, 81);
}

static void test_range(void **state)
{
	struct wn_model model = rubric();
	struct wn_term terms[2] = {{.weight = 2, .lower = -3, .upper = 5, .lower_is_better = true},
		{.column = 1, .weight = 0.5, .lower = -3, .upper = 5, .scale = WN_SCALE_VALUE}};
	double lowest, highest;

	(void)state;
	wn_model_range(&model, &lowest, &highest);
	assert_true(lowest == 8 && highest == 24);
	model.terms = terms;
	model.term_count = 2;
	wn_model_range(&model, &lowest, &highest);
	assert_true(lowest == -1.5 && highest == 4.5);
	terms[1].lower_is_better = true; /* -3 + 5 - x */
	wn_model_range(&model, &lowest, &highest);
	assert_true(lowest == -1.5 && highest == 4.5);
}

static void test_unknown(void **state)
{
	struct wn_term terms[3] = {
		{.column = 0, .weight = 2, .lower = 0, .upper = 10, .lower_is_better = true},
		{.column = 2,
			.weight = 4,
			.lower = 0,
			.upper = 10,
			.unknown = WN_UNKNOWN_DEFAULT,
			.fallback = 5},
		{.column = 1, .weight = 8, .lower = 0, .upper = 10, .unknown = WN_UNKNOWN_EXCLUDE},
	};
	struct wn_model model = rubric();
	double values[3] = {NAN, 5, NAN};
	double score, lowest, highest;
	struct wn_contribution *parts;

	(void)state;
	model.terms = terms;
	model.term_count = 3;
	parts = score_one(&model, values, 3, &score, &lowest, &highest);
	assert_true(score == 6 && lowest == 6 && highest == 8);
	assert_true(parts[0].assumed && isnan(parts[0].value) && parts[0].counted == 10);
	assert_true(parts[0].scaled == 0 && parts[0].lowest == 0 && parts[0].highest == 2);
	assert_true(parts[1].assumed && parts[1].counted == 5 && parts[1].contribution == 2);
	assert_true(parts[1].lowest == 2 && parts[1].highest == 2);
	assert_true(!parts[2].assumed && parts[2].value == 5 && parts[2].contribution == 4);
	free(parts);

	/* A column that is not there is unknown. */
	parts = score_one(&model, values, 2, &score, &lowest, &highest);
	assert_true(score == 6 && highest == 8);
	free(parts);

	values[1] = NAN;
	parts = score_one(&model, values, 3, &score, &lowest, &highest);
	assert_true(isnan(score) && isnan(lowest) && isnan(highest));
	assert_true(!parts[2].assumed && isnan(parts[2].counted) && isnan(parts[2].scaled));
	free(parts);
}

static void test_missing_columns(void **state)
{
	struct wn_model model = rubric();
	double known[] = {3, 2, 1};
	const double *columns[] = {known, NULL, known};
	double score[3], lowest[3], highest[3];

	(void)state;
	test_score(&model, columns, 3, 3, (struct wn_scores){score, lowest, highest});
	for (size_t i = 0; i < 3; i++) {
		assert_true(score[i] == 5 * known[i] + 2 + 1);
		assert_true(lowest[i] == score[i]);
		assert_true(highest[i] == 5 * known[i] + 6 + 3);
	}
}

static void test_extreme_values(void **state)
{
	struct wn_term term = {.weight = 3, .lower = -2, .upper = 2, .scale = WN_SCALE_VALUE};
	struct wn_model model = rubric();
	static const double values[] = {
		INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, 4.9e-324, -4.9e-324, -0.0, 2.5, -2.5};
	static const double expected[] = {6, -6, 6, -6, 3 * 4.9e-324, -3 * 4.9e-324, 0, 6, -6};

	(void)state;
	model.terms = &term;
	model.term_count = 1;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		double score, lowest, highest;
		struct wn_contribution *parts =
			score_one(&model, &values[i], 1, &score, &lowest, &highest);

		assert_true(same_bits(score, expected[i]));
		assert_true(same_bits(highest, score));
		assert_true(same_bits(parts->value, values[i]));
		assert_true(parts->counted >= -2 && parts->counted <= 2 && !parts->assumed);
		free(parts);
	}
	/* Nothing to score is nothing done. */
	test_score(&model, NULL, 0, 0, (struct wn_scores){NULL, NULL, NULL});
}

enum { RANDOM_TERMS = 12, RANDOM_ROWS = 1100 };

static void check_rows(const struct wn_model *model, double values[RANDOM_TERMS][RANDOM_ROWS],
	const double *score, const double *lowest, const double *highest)
{
	double least, greatest;

	wn_model_range(model, &least, &greatest);
	for (size_t row = 0; row < RANDOM_ROWS; row++) {
		double v[RANDOM_TERMS], one, low, high;
		bool unknown = false;

		for (size_t c = 0; c < RANDOM_TERMS; c++) {
			v[c] = values[c][row];
			unknown = unknown || isnan(v[c]);
		}
		/* A row alone gives the bits that it gives in a block. */
		free(score_one(model, v, RANDOM_TERMS, &one, &low, &high));
		assert_true(same_bits(one, score[row]));
		assert_true(same_bits(low, lowest[row]));
		assert_true(same_bits(high, highest[row]));
		if (isnan(one)) {
			assert_true(isnan(low) && isnan(high) && unknown);
			continue;
		}
		assert_true(least <= low && low <= one && one <= high && high <= greatest);
		if (!unknown)
			assert_true(same_bits(low, one) && same_bits(high, one));
	}
}

static void test_random_models(void **state)
{
	static double values[RANDOM_TERMS][RANDOM_ROWS];
	static double score[RANDOM_ROWS], lowest[RANDOM_ROWS], highest[RANDOM_ROWS];
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 50; round++) {
		struct wn_term terms[RANDOM_TERMS];
		const double *columns[RANDOM_TERMS];
		struct wn_model model = rubric();

		model.terms = terms;
		model.term_count = RANDOM_TERMS;
		for (uint32_t t = 0; t < RANDOM_TERMS; t++) {
			uint32_t column = RANDOM_TERMS - 1 - t;

			terms[t] = random_term(&random, column);
			columns[column] = values[column];
			for (size_t row = 0; row < RANDOM_ROWS; row++)
				values[column][row] = random_value(&random, &terms[t]);
		}
		terms[0].weight = 1;
		check_finds(&model, 0, "");
		test_score(&model, columns, RANDOM_TERMS, RANDOM_ROWS,
			(struct wn_scores){score, lowest, highest});
		check_rows(&model, values, score, lowest, highest);
	}
}

static void test_raising_never_lowers(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 20000; round++) {
		struct wn_term terms[3];
		struct wn_model model = rubric();
		double v[3], before, after, low, high;

		model.terms = terms;
		model.term_count = 3;
		for (uint32_t t = 0; t < 3; t++) {
			terms[t] = random_term(&random, t);
			v[t] = random_value(&random, &terms[t]);
			if (isnan(v[t]))
				v[t] = terms[t].lower;
		}
		free(score_one(&model, v, 3, &before, &low, &high));
		double step = ldexp(test_unit(&random), (int)test_below(&random, 80) - 60);

		v[1] = terms[1].lower_is_better ? v[1] - step : v[1] + step;
		free(score_one(&model, v, 3, &after, &low, &high));
		assert_true(after >= before);
	}
}

static void test_bands(void **state)
{
	static const double scores[] = {INFINITY, 24, 18, 17.999999999999996, 12,
		11.999999999999998, 0, -0.0, -5, -INFINITY, NAN};
	static const uint8_t expected[] = {0, 0, 0, 1, 1, 2, 2, 2, 2, 2, WN_BAND_NONE};
	enum { COUNT = sizeof(scores) / sizeof(scores[0]) };
	struct wn_model model = rubric();
	uint8_t bands[COUNT];

	(void)state;
	wn_model_bands(&model, scores, COUNT, bands);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(wn_model_band(&model, scores[i]), expected[i]);
		assert_int_equal(bands[i], expected[i]);
	}
	model.bands = rubric_bands + 2;
	model.band_count = 1;
	assert_int_equal(wn_model_band(&model, 3), 0);
	wn_model_bands(&model, scores, COUNT, bands);
	assert_int_equal(bands[0], 0);
	assert_int_equal(bands[COUNT - 1], WN_BAND_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_check_accepts),
		cmocka_unit_test(test_check_terms),
		cmocka_unit_test(test_check_sums),
		cmocka_unit_test(test_check_bands),
		cmocka_unit_test(test_rubric_vectors),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_missing_columns),
		cmocka_unit_test(test_extreme_values),
		cmocka_unit_test(test_random_models),
		cmocka_unit_test(test_raising_never_lowers),
		cmocka_unit_test(test_bands),
	};

	return cmocka_run_group_tests_name("engine/model", tests, NULL, NULL);
}

/*
 * Decision tables: what the lay-out finds against looking at every rule for every combination,
 * unknowns against enumeration, and the published SSVC tables row by row.
 */
#include "support.h"

#include <math.h>

#include "winnow/decision_table.h"
#include "winnow/model.h"

enum { INPUTS = 4, RULES = 300, CELLS = 700, ENDS = 2000, CASES = 400 };

static const struct wn_band one_band[] = {{"all", -INFINITY}};

struct fixture {
	size_t inputs;
	uint16_t radices[WN_TABLE_MAX_INPUTS];
	struct wn_term terms[WN_TABLE_MAX_INPUTS];
	struct wn_outcome outcomes[8];
	uint64_t when[RULES][INPUTS];
	struct wn_table_rule rules[RULES];
	struct wn_decision_table table;
	struct wn_model model;
	uint16_t rule_of[CELLS], worst[ENDS], best[ENDS];
	uint8_t heard[CELLS]; /* faults by cell */
};

static const char *const outcome_names[8] = {
	"none", "low", "some", "mid", "more", "high", "most", "all"};

static void begin(struct fixture *f, size_t inputs, size_t outcomes)
{
	memset(f, 0, sizeof(*f));
	f->inputs = inputs;
	for (size_t o = 0; o < outcomes; o++)
		f->outcomes[o] = (struct wn_outcome){outcome_names[o], (double)o};
	f->table.outcomes = f->outcomes;
	f->table.outcome_count = outcomes;
	f->table.rules = f->rules;
}

static void add_rule(struct fixture *f, const uint64_t *when, uint16_t outcome)
{
	size_t r = f->table.rule_count++;

	assert_true(r < RULES);
	memcpy(f->when[r], when, f->inputs * sizeof(*when));
	f->rules[r] = (struct wn_table_rule){f->when[r], outcome};
}

static size_t cell_of(const struct fixture *f, const uint16_t *values)
{
	size_t cell = 0;

	for (size_t i = 0; i < f->inputs; i++)
		cell = cell * f->radices[i] + values[i];
	return cell;
}

static void values_of(const struct fixture *f, size_t cell, uint16_t *values)
{
	for (size_t i = f->inputs; i-- > 0;) {
		values[i] = (uint16_t)(cell % f->radices[i]);
		cell /= f->radices[i];
	}
}

static bool hear(void *self, const uint16_t *values, size_t rule_a, size_t rule_b)
{
	struct fixture *f = self;

	assert_true((rule_a == WN_CELL_HOLE) == (rule_b == WN_CELL_HOLE));
	f->heard[cell_of(f, values)]++;
	return true;
}

static size_t fill(struct fixture *f)
{
	size_t cells = wn_table_cells(f->radices, f->inputs);
	size_t ends = wn_table_ends(f->radices, f->inputs);

	assert_true(cells > 0 && cells <= CELLS && ends > cells && ends <= ENDS);
	f->table.rule_of = f->rule_of;
	f->table.worst = f->worst;
	f->table.best = f->best;
	for (size_t i = 0; i < f->inputs; i++)
		f->terms[i] = (struct wn_term){.column = (uint32_t)i,
			.weight = 1,
			.upper = f->radices[i] - 1,
			.scale = WN_SCALE_VALUE};
	f->model = (struct wn_model){.kind = wn_model_kind_named("decision_table"),
		.terms = f->terms,
		.term_count = f->inputs,
		.bands = one_band,
		.band_count = 1,
		.spec.table = &f->table};
	return wn_table_fill(
		&f->table, f->radices, f->inputs, f->rule_of, f->worst, f->best, hear, f);
}

static struct wn_scored score_values(const struct fixture *f, const double *values)
{
	const double *columns[WN_TABLE_MAX_INPUTS];
	struct wn_scored scored;
	struct wn_rows rows = {.rows = 1, .columns = columns, .column_count = f->inputs};

	for (size_t i = 0; i < f->inputs; i++)
		columns[i] = &values[i];
	wn_model_score_rows(&f->model, &rows, 0,
		(struct wn_scores){&scored.score, &scored.lowest, &scored.highest});
	return scored;
}

static size_t trace_values(const struct fixture *f, const double *values, struct wn_step *steps)
{
	const double *columns[WN_TABLE_MAX_INPUTS];
	struct wn_rows rows = {.rows = 1, .columns = columns, .column_count = f->inputs};

	for (size_t i = 0; i < f->inputs; i++)
		columns[i] = &values[i];
	return wn_model_trace(&f->model, &rows, 0, 0, score_values(f, values), steps, WN_MAX_STEPS);
}

static void random_radices(struct fixture *f, uint64_t *seed)
{
	for (size_t i = 0; i < f->inputs; i++)
		f->radices[i] = (uint16_t)(2 + test_below(seed, 4));
}

static bool covers(const struct fixture *f, size_t rule, const uint16_t *values)
{
	for (size_t i = 0; i < f->inputs; i++) {
		if (!(f->when[rule][i] >> values[i] & 1))
			return false;
	}
	return true;
}

static void test_holes_and_overlaps(void **state)
{
	static struct fixture f;
	uint64_t seed = test_seed();

	(void)state;
	for (size_t c = 0; c < CASES; c++) {
		size_t rules = test_below(&seed, 12), expected = 0, faults;

		begin(&f, 1 + test_below(&seed, INPUTS), 4);
		random_radices(&f, &seed);
		for (size_t r = 0; r < rules; r++) {
			uint64_t when[INPUTS];

			for (size_t i = 0; i < f.inputs; i++)
				when[i] = 1 + test_below(&seed, ((size_t)1 << f.radices[i]) - 1);
			add_rule(&f, when, (uint16_t)test_below(&seed, 4));
		}
		faults = fill(&f);
		for (size_t cell = 0; cell < wn_table_cells(f.radices, f.inputs); cell++) {
			uint16_t values[INPUTS];
			size_t covering = 0, first = WN_CELL_HOLE;

			values_of(&f, cell, values);
			for (size_t r = rules; r-- > 0;) {
				if (!covers(&f, r, values))
					continue;
				first = r;
				covering++;
			}
			assert_int_equal(f.rule_of[cell], first);
			assert_int_equal(f.heard[cell], covering == 0 ? 1 : covering - 1);
			expected += f.heard[cell];
		}
		assert_int_equal(faults, expected);
	}
}

/* A sound table: each combination is given to a rule by chance; a rule speaks for one value of all
 * inputs but the last, and for some of the last. */
static void random_table(struct fixture *f, uint64_t *seed)
{
	size_t prefixes, last;

	begin(f, 1 + test_below(seed, INPUTS - 1), 2 + test_below(seed, 6));
	random_radices(f, seed);
	last = f->radices[f->inputs - 1];
	prefixes = wn_table_cells(f->radices, f->inputs) / last;
	for (size_t prefix = 0; prefix < prefixes; prefix++) {
		uint64_t some = test_below(seed, (size_t)1 << last);
		uint64_t parts[2] = {some, ~some & ((UINT64_C(1) << last) - 1)};

		for (size_t p = 0; p < 2; p++) {
			uint16_t values[INPUTS];
			uint64_t when[INPUTS];

			if (parts[p] == 0)
				continue;
			values_of(f, prefix * last, values);
			for (size_t i = 0; i < f->inputs; i++)
				when[i] = UINT64_C(1) << values[i];
			when[f->inputs - 1] = parts[p];
			add_rule(f, when, (uint16_t)test_below(seed, f->table.outcome_count));
		}
	}
	assert_int_equal(fill(f), 0);
}

/* The rule that speaks for the values, by looking at all of them. */
static size_t rule_for(const struct fixture *f, const uint16_t *values)
{
	size_t r = 0;

	while (!covers(f, r, values))
		r++;
	return r;
}

/* The ends by going through all combinations that the known values leave. */
static struct wn_scored enumerate(const struct fixture *f, const double *given)
{
	struct wn_scored s = {NAN, INFINITY, -INFINITY};

	for (size_t i = 0; i < f->inputs; i++) {
		if (isnan(given[i]) && f->terms[i].unknown == WN_UNKNOWN_EXCLUDE)
			return (struct wn_scored){NAN, NAN, NAN};
	}
	for (size_t cell = 0; cell < wn_table_cells(f->radices, f->inputs); cell++) {
		uint16_t values[INPUTS];
		bool fits = true;
		double score;

		values_of(f, cell, values);
		for (size_t i = 0; i < f->inputs; i++) {
			double x = given[i];

			if (isnan(x) && f->terms[i].unknown == WN_UNKNOWN_DEFAULT)
				x = f->terms[i].fallback;
			fits = fits && (isnan(x) || x == values[i]);
		}
		if (!fits)
			continue;
		score = f->outcomes[f->rules[rule_for(f, values)].outcome].score;
		s.lowest = fmin(s.lowest, score);
		s.highest = fmax(s.highest, score);
	}
	s.score = s.lowest;
	return s;
}

static void check_trace(const struct fixture *f, const double *given, struct wn_scored scored)
{
	struct wn_step steps[WN_MAX_STEPS];
	size_t count = trace_values(f, given, steps), rule;
	uint16_t values[INPUTS];

	assert_true(steps[0].depth == 0 && steps[0].term == WN_NO_TERM);
	if (isnan(scored.score)) {
		assert_int_equal(count, 1 + f->inputs);
		assert_string_equal(steps[0].label, "no outcome");
		assert_true(isnan(steps[0].value));
		return;
	}
	assert_int_equal(count, 2 + f->inputs);
	assert_true(steps[0].value == scored.score && steps[0].highest == scored.highest);
	assert_string_equal(steps[1].label, "rule");
	for (size_t i = 0; i < f->inputs; i++) {
		const struct wn_step *step = &steps[2 + i];

		assert_int_equal(step->term, i);
		assert_int_equal(step->assumed, isnan(given[i]));
		assert_true(isnan(given[i]) || step->value == given[i]);
		assert_true(step->lowest <= step->value && step->value <= step->highest);
		values[i] = (uint16_t)step->value;
	}
	/* The values that it names are such that the named rule speaks and makes the score. */
	rule = rule_for(f, values);
	assert_true(steps[1].value == (double)rule + 1);
	assert_true(f->outcomes[f->rules[rule].outcome].score == scored.score);
	assert_string_equal(steps[0].label, f->outcomes[f->rules[rule].outcome].name);
}

static void test_unknown_against_enumeration(void **state)
{
	static struct fixture f;
	uint64_t seed = test_seed();

	(void)state;
	for (size_t c = 0; c < CASES; c++) {
		struct wn_scored all;
		double lowest, highest, given[INPUTS] = {NAN, NAN, NAN, NAN};

		random_table(&f, &seed);
		all = enumerate(&f, given);
		wn_model_range(&f.model, &lowest, &highest);
		assert_true(lowest == all.lowest && highest == all.highest);
		for (size_t i = 0; i < f.inputs; i++) {
			f.terms[i].unknown = (enum wn_unknown)test_below(&seed, 3);
			f.terms[i].fallback = (double)test_below(&seed, f.radices[i]);
		}
		for (size_t t = 0; t < 20; t++) {
			struct wn_scored expected, scored;

			for (size_t i = 0; i < f.inputs; i++)
				given[i] = test_below(&seed, 3) == 0
						   ? NAN
						   : (double)test_below(&seed, f.radices[i]);
			expected = enumerate(&f, given);
			scored = score_values(&f, given);
			assert_int_equal(isnan(expected.score), isnan(scored.score));
			check_trace(&f, given, scored);
			if (isnan(expected.score)) {
				assert_true(isnan(scored.lowest) && isnan(scored.highest));
				continue;
			}
			assert_true(scored.score == expected.score);
			assert_true(scored.lowest == expected.lowest);
			assert_true(scored.highest == expected.highest);
		}
	}
}

/* More rows than one run of the inner loop, and a column that is not there. */
static void test_many_rows(void **state)
{
	enum { N = 1300 };
	static struct fixture f;
	uint64_t seed = test_seed();
	double *values = test_array(INPUTS * N, sizeof(*values));
	double *out = test_array(3 * N, sizeof(*out));

	(void)state;
	for (size_t c = 0; c < 20; c++) {
		const double *columns[INPUTS];
		struct wn_rows rows = {.rows = N, .columns = columns};

		random_table(&f, &seed);
		rows.column_count = f.inputs;
		for (size_t i = 0; i < f.inputs; i++) {
			columns[i] = test_below(&seed, 4) ? values + i * N : NULL;
			for (size_t row = 0; row < N; row++)
				values[i * N + row] = test_below(&seed, 9)
							      ? (double)test_below(&seed, 7) - 1
							      : NAN;
		}
		wn_model_score_rows(
			&f.model, &rows, 0, (struct wn_scores){out, out + N, out + 2 * N});
		for (size_t row = 0; row < N; row++) {
			double one[INPUTS];
			struct wn_scored scored;

			for (size_t i = 0; i < f.inputs; i++)
				one[i] = columns[i] ? columns[i][row] : NAN;
			scored = score_values(&f, one);
			assert_true(out[row] == scored.score);
			assert_true(out[N + row] == scored.lowest);
			assert_true(out[2 * N + row] == scored.highest);
		}
	}
	free(values);
	free(out);
}

static double vector_value(const char *word)
{
	return strcmp(word, "?") == 0 ? NAN : strtod(word, NULL);
}

static void test_vector_rows(void **state)
{
	static const uint64_t when[4][2] = {{3, 1}, {1, 6}, {2, 2}, {2, 4}};
	static const uint16_t outcome[4] = {0, 1, 1, 2};
	static const struct wn_outcome outcomes[3] = {{"later", 0}, {"soon", 5}, {"now", 9}};
	static struct fixture f;
	FILE *file = test_vectors("decision_table.txt");
	char line[256], words[2][16], name[16];
	size_t rows = 0;
	unsigned rule;

	(void)state;
	begin(&f, 2, 3);
	memcpy(f.outcomes, outcomes, sizeof(outcomes));
	f.radices[0] = 2;
	f.radices[1] = 3;
	for (size_t r = 0; r < 4; r++)
		add_rule(&f, when[r], outcome[r]);
	assert_int_equal(fill(&f), 0);
	while (fgets(line, sizeof(line), file)) {
		struct wn_step steps[WN_MAX_STEPS];
		struct wn_scored s, got;
		double values[2];

		if (sscanf(line, "%15s %15s : %lf %lf %lf %15s %u", words[0], words[1], &s.score,
			    &s.lowest, &s.highest, name, &rule) != 7)
			continue;
		values[0] = vector_value(words[0]);
		values[1] = vector_value(words[1]);
		got = score_values(&f, values);
		assert_true(got.score == s.score && got.lowest == s.lowest);
		assert_true(got.highest == s.highest);
		assert_int_equal(trace_values(&f, values, steps), 4);
		assert_string_equal(steps[0].label, name);
		assert_true(steps[1].value == rule);
		rows++;
	}
	fclose(file);
	assert_int_equal(rows, 15);
}

/* ---- order -------------------------------------------------------------------------------------- */

/* Raising an input, or learning that an unknown is at its top, never lowers score or ends. */
static void check_monotone(const struct fixture *f)
{
	for (size_t end = 0; end < wn_table_ends(f->radices, f->inputs); end++) {
		double values[INPUTS];
		size_t rest = end;

		for (size_t i = f->inputs; i-- > 0; rest /= f->radices[i] + 1u) {
			size_t digit = rest % (f->radices[i] + 1u);

			values[i] = digit == f->radices[i] ? NAN : (double)digit;
		}
		for (size_t i = 0; i < f->inputs; i++) {
			double was = values[i];
			struct wn_scored before = score_values(f, values), after;

			values[i] = isnan(was) ? f->radices[i] - 1 : was + 1;
			after = score_values(f, values);
			assert_true(after.score >= before.score);
			assert_true(after.lowest >= before.lowest);
			assert_true(after.highest >= before.highest);
			values[i] = was;
		}
	}
}

static void test_monotone_tables(void **state)
{
	static struct fixture f;
	uint64_t seed = test_seed();

	(void)state;
	for (size_t c = 0; c < 60; c++) {
		size_t weights[INPUTS], divisor = 1 + test_below(&seed, 4), cells;

		begin(&f, 1 + test_below(&seed, 3), 8);
		random_radices(&f, &seed);
		for (size_t i = 0; i < f.inputs; i++)
			weights[i] = test_below(&seed, 3);
		cells = wn_table_cells(f.radices, f.inputs);
		for (size_t cell = 0; cell < cells; cell++) {
			uint16_t values[INPUTS];
			uint64_t when[INPUTS];
			size_t sum = 0;

			values_of(&f, cell, values);
			for (size_t i = 0; i < f.inputs; i++) {
				when[i] = UINT64_C(1) << values[i];
				sum += weights[i] * values[i];
			}
			sum /= divisor;
			add_rule(&f, when, (uint16_t)(sum < 8 ? sum : 7));
		}
		assert_int_equal(fill(&f), 0);
		check_monotone(&f);
	}
}

/* ---- SSVC --------------------------------------------------------------------------------------- */

enum { SSVC_ROWS = 80, SSVC_COLUMNS = 6, SSVC_WORD = 24 };

struct ssvc {
	char word[SSVC_ROWS][SSVC_COLUMNS][SSVC_WORD];
	char value[INPUTS][5][SSVC_WORD]; /* of each input, in the order in which they appear */
	size_t rows;
};

static bool read_ssvc(const char *name, struct ssvc *s)
{
	const char *folder = getenv("WINNOW_SHARED_DATA");
	char path[512], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/ssvc/%s", folder && *folder ? folder : "../shared/data",
		name);
	file = fopen(path, "r");
	if (!file) {
		print_message("no %s (WINNOW_SHARED_DATA)\n", path);
		return false;
	}
	memset(s, 0, sizeof(*s));
	assert_non_null(fgets(line, sizeof(line), file)); /* the heading */
	while (fgets(line, sizeof(line), file)) {
		char *rest = line;

		assert_true(s->rows < SSVC_ROWS);
		for (size_t c = 0; c < SSVC_COLUMNS; c++)
			snprintf(s->word[s->rows][c], SSVC_WORD, "%s", strsep(&rest, ",\r\n"));
		s->rows++;
	}
	fclose(file);
	return true;
}

static uint16_t find_value(struct ssvc *s, struct fixture *f, size_t input, const char *word)
{
	uint16_t v = 0;

	while (v < f->radices[input] && strcmp(s->value[input][v], word) != 0)
		v++;
	if (v == f->radices[input]) {
		assert_true(v < 5);
		snprintf(s->value[input][v], SSVC_WORD, "%s", word);
		f->radices[input]++;
	}
	return v;
}

static void check_ssvc(const char *name, size_t rows)
{
	static const char *const outcomes[] = {"defer", "scheduled", "out-of-cycle", "immediate"};
	static struct ssvc s;
	static struct fixture f;

	if (!read_ssvc(name, &s))
		skip();
	begin(&f, INPUTS, 4);
	for (size_t o = 0; o < 4; o++)
		f.outcomes[o] = (struct wn_outcome){outcomes[o], (double)o};
	for (size_t row = 0; row < s.rows; row++) {
		uint64_t when[INPUTS];
		uint16_t outcome = 0;

		for (size_t i = 0; i < INPUTS; i++)
			when[i] = UINT64_C(1) << find_value(&s, &f, i, s.word[row][1 + i]);
		while (strcmp(outcomes[outcome], s.word[row][5]) != 0)
			assert_true(++outcome < 4);
		add_rule(&f, when, outcome);
	}
	assert_int_equal(fill(&f), 0);
	assert_int_equal(s.rows, rows);
	for (size_t row = 0; row < s.rows; row++) {
		struct wn_step steps[WN_MAX_STEPS];
		double values[INPUTS];

		for (size_t i = 0; i < INPUTS; i++)
			values[i] = find_value(&s, &f, i, s.word[row][1 + i]);
		trace_values(&f, values, steps);
		assert_string_equal(steps[0].label, s.word[row][5]);
		assert_true(steps[1].value == (double)row + 1);
		assert_string_equal(
			outcomes[(size_t)score_values(&f, values).score], s.word[row][5]);
	}
	check_monotone(&f);
}

static void test_ssvc_deployer(void **state)
{
	(void)state;
	check_ssvc("deployer_patch_application_priority_1_0_0.csv", 72);
}

static void test_ssvc_supplier(void **state)
{
	(void)state;
	check_ssvc("supplier_patch_development_priority_1_0_0.csv", 36);
}

/* ---- limits and check --------------------------------------------------------------------------- */

static void test_sizes(void **state)
{
	static const uint16_t sixteens[] = {16, 16, 16, 16, 16};
	static const uint16_t zero[] = {2, 0}, wide[] = {65}, full[] = {64, 64, 16};
	uint16_t twos[13];

	(void)state;
	for (size_t i = 0; i < 13; i++)
		twos[i] = 2;
	assert_int_equal(wn_table_cells(sixteens, 4), 65536);
	assert_int_equal(wn_table_cells(sixteens, 5), 0);
	assert_int_equal(wn_table_ends(sixteens, 4), 83521);
	assert_int_equal(wn_table_cells(twos, 12), 4096);
	assert_int_equal(wn_table_ends(twos, 11), 177147);
	assert_int_equal(wn_table_ends(twos, 12), 0);
	assert_int_equal(wn_table_cells(twos, 13), 0);
	assert_int_equal(wn_table_cells(twos, 0), 0);
	assert_int_equal(wn_table_cells(zero, 2), 0);
	assert_int_equal(wn_table_cells(wide, 1), 0);
	assert_int_equal(wn_table_cells(full, 3), 65536);
	assert_int_equal(wn_table_ends(full, 3), 71825);
}

static void note_fault(void *self, const char *pointer, const char *detail)
{
	char *found = self;

	assert_true(strlen(detail) > 0);
	strncat(found, " ", 2000 - strlen(found));
	strncat(found, pointer, 2000 - strlen(found));
}

static void check_finds(const struct wn_model *model, const char *pointers)
{
	char found[2048] = "";

	wn_model_check(model, note_fault, found);
	assert_string_equal(found, pointers);
}

static void begin_sound(struct fixture *f)
{
	static const uint64_t when[2][2] = {{1, 7}, {2, 7}};

	begin(f, 2, 2);
	f->radices[0] = 2;
	f->radices[1] = 3;
	add_rule(f, when[0], 0);
	add_rule(f, when[1], 1);
	assert_int_equal(fill(f), 0);
}

static void test_check(void **state)
{
	static struct fixture f;

	(void)state;
	begin_sound(&f);
	check_finds(&f.model, "");
	assert_int_equal(wn_model_traits(&f.model), WN_TRAIT_EXACT);
	f.table.worst = NULL;
	f.when[0][1] = 0;
	f.when[1][1] = 8;
	f.rules[1].outcome = 2;
	check_finds(&f.model, " /rules/0/when /rules/1/outcome /rules/1/when /rules");
	f.table.rule_count = 0;
	check_finds(&f.model, " /rules");
	f.table.rule_count = WN_CELL_HOLE;
	check_finds(&f.model, " /rules");

	begin_sound(&f);
	f.outcomes[0] = (struct wn_outcome){"", NAN};
	check_finds(&f.model, " /outcomes/0/name /outcomes/0/score");
	f.outcomes[0] = f.outcomes[1];
	check_finds(&f.model, " /outcomes/1/name /outcomes/1/score");
	f.table.outcome_count = 65;
	check_finds(&f.model, " /outcomes");
	f.table.outcome_count = 0;
	check_finds(&f.model, " /outcomes /rules/0/outcome /rules/1/outcome");

	begin_sound(&f);
	f.terms[0].lower = -1;
	f.terms[1].upper = 1.5;
	check_finds(&f.model, " /terms/0/lower /terms/1/upper");
	f.terms[0].lower = 0;
	f.terms[1].upper = 64;
	check_finds(&f.model, " /terms/1/upper");
	f.terms[1].upper = NAN;
	check_finds(&f.model, " /terms/1/upper");
	f.model.spec.table = NULL;
	f.terms[1].upper = 2;
	check_finds(&f.model, " /rules");
	f.model.term_count = 0;
	check_finds(&f.model, " /terms /rules");
	f.model.term_count = 13;
	check_finds(&f.model, " /terms /rules");

	f.model.term_count = 12;
	for (uint32_t i = 0; i < 12; i++)
		f.terms[i] = (struct wn_term){.column = i, .upper = i < 6 ? 63 : 1};
	check_finds(&f.model, " /terms /rules");
	for (size_t i = 0; i < 12; i++)
		f.terms[i].upper = 1;
	check_finds(&f.model, " /terms /rules");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holes_and_overlaps),
		cmocka_unit_test(test_unknown_against_enumeration),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_vector_rows),
		cmocka_unit_test(test_monotone_tables),
		cmocka_unit_test(test_ssvc_deployer),
		cmocka_unit_test(test_ssvc_supplier),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Pareto models: fronts and crowding against definitions that take the long way, places, and what
 * unknowns leave open.
 */
#include "support.h"

#include <math.h>

#include "engine/fronts.h"
#include "winnow/model.h"
#include "winnow/pareto.h"

enum { POINTS_MAX = 160, CASES = 1000, COMPLETIONS = 40 };

/* ---- random points ------------------------------------------------------------------------------ */

struct points {
	size_t k, n;
	double value[WN_PARETO_MAX_OBJECTIVES][POINTS_MAX];
	const double *column[WN_PARETO_MAX_OBJECTIVES];
};

/* Many ties, duplicates, and -0 beside 0, by the number of values. */
static void make_points(struct points *p, uint64_t *seed, size_t k, size_t n)
{
	static const size_t choices[] = {1, 2, 3, 5, 20, 1000000};
	size_t values = choices[test_below(seed, 6)];

	p->k = k;
	p->n = n;
	for (size_t j = 0; j < k; j++) {
		p->column[j] = p->value[j];
		for (size_t i = 0; i < n; i++) {
			double v = (double)test_below(seed, values) - (double)(values / 2);

			p->value[j][i] = v == 0 && test_below(seed, 2) ? -0.0 : v;
		}
	}
	for (size_t i = 1; i < n; i++) {
		size_t of = test_below(seed, i);

		if (test_below(seed, 8) > 0)
			continue;
		for (size_t j = 0; j < k; j++)
			p->value[j][i] = p->value[j][of];
	}
}

static bool dominates(const struct points *p, size_t a, size_t b)
{
	bool more = false;

	for (size_t j = 0; j < p->k; j++) {
		if (p->value[j][a] < p->value[j][b])
			return false;
		more = more || p->value[j][a] > p->value[j][b];
	}
	return more;
}

/* Peels off front after front. Inert points are peeled with the others but stand in nobody's way. */
static void peel(const struct points *p, const uint8_t *inert, uint32_t *fronts)
{
	size_t left = p->n;

	memset(fronts, 0, p->n * sizeof(*fronts));
	for (uint32_t front = 1; left > 0; front++) {
		for (size_t i = 0; i < p->n; i++) {
			bool free = fronts[i] == 0;

			for (size_t by = 0; by < p->n && free; by++) {
				bool there = fronts[by] == 0 || fronts[by] == front;

				free = !(there && !(inert && inert[by]) && dominates(p, by, i));
			}
			if (!free)
				continue;
			fronts[i] = front;
			left--;
		}
	}
}

/* ---- fronts and crowding ------------------------------------------------------------------------ */

static double naive_crowding(const struct points *p, const uint32_t *fronts, size_t i)
{
	double distance = 0.0;
	bool all_equal = true;

	for (size_t j = 0; j < p->k; j++) {
		const double *v = p->value[j];
		double above = INFINITY, below = -INFINITY, most = v[i], least = v[i];

		for (size_t o = 0; o < p->n; o++) {
			if (fronts[o] != fronts[i])
				continue;
			most = fmax(most, v[o]);
			least = fmin(least, v[o]);
			if (v[o] > v[i])
				above = fmin(above, v[o]);
			if (v[o] < v[i])
				below = fmax(below, v[o]);
		}
		if (most == least)
			continue;
		all_equal = false;
		distance +=
			isinf(above) || isinf(below) ? INFINITY : (above - below) / (most - least);
	}
	return all_equal ? INFINITY : distance;
}

static void check_points(const struct points *p, const uint32_t *expected)
{
	uint32_t fronts[POINTS_MAX];
	double crowding[POINTS_MAX];

	assert_true(wn_pareto_fronts(p->column, p->k, p->n, fronts));
	for (size_t i = 0; i < p->n; i++)
		assert_int_equal(fronts[i], expected[i]);
	assert_true(wn_pareto_crowding(p->column, p->k, p->n, fronts, crowding));
	for (size_t i = 0; i < p->n; i++)
		assert_true(crowding[i] == naive_crowding(p, fronts, i));
}

static void test_fronts_against_peeling(void **state)
{
	uint64_t seed = test_seed();
	struct points p;
	uint32_t expected[POINTS_MAX];

	(void)state;
	for (size_t c = 0; c < CASES; c++) {
		make_points(&p, &seed, 2 + c % 7, 1 + test_below(&seed, POINTS_MAX));
		peel(&p, NULL, expected);
		check_points(&p, expected);
	}
}

static void test_inert_points(void **state)
{
	uint64_t seed = test_seed();
	struct points p;
	uint32_t expected[POINTS_MAX], fronts[POINTS_MAX];
	uint8_t inert[POINTS_MAX];

	(void)state;
	for (size_t c = 0; c < CASES / 4; c++) {
		make_points(&p, &seed, 2 + c % 7, 1 + test_below(&seed, POINTS_MAX));
		for (size_t i = 0; i < p.n; i++)
			inert[i] = test_below(&seed, 3) == 0;
		peel(&p, inert, expected);
		assert_true(wn_pareto_fronts_beside(p.column, p.k, p.n, inert, fronts));
		for (size_t i = 0; i < p.n; i++)
			assert_int_equal(fronts[i], expected[i]);
	}
}

static void test_counts(void **state)
{
	uint64_t seed = test_seed();
	struct points from, to;
	uint32_t counts[POINTS_MAX];
	uint8_t counted[POINTS_MAX];

	(void)state;
	for (size_t c = 0; c < CASES / 4; c++) {
		size_t n = 1 + test_below(&seed, POINTS_MAX);

		make_points(&from, &seed, 2, n);
		make_points(&to, &seed, 2, n);
		for (size_t i = 0; i < n; i++)
			counted[i] = test_below(&seed, 2) == 0;
		assert_true(wn_pareto_count_above(from.column, to.column, n, counted, counts));
		for (size_t i = 0; i < n; i++) {
			uint32_t expected = 0;

			for (size_t j = 0; j < n; j++)
				expected += counted[j] && from.value[0][j] >= to.value[0][i] &&
					    from.value[1][j] >= to.value[1][i];
			assert_int_equal(counts[i], expected);
		}
	}
}

static void test_vector_cases(void **state)
{
	FILE *file = test_vectors("pareto.txt");
	struct points p = {0};
	uint32_t fronts[POINTS_MAX], found[POINTS_MAX];
	double crowding[POINTS_MAX], distances[POINTS_MAX];
	char line[256];
	size_t cases = 0;
	bool more = true;

	(void)state;
	for (size_t j = 0; j < WN_PARETO_MAX_OBJECTIVES; j++)
		p.column[j] = p.value[j];
	while (more) {
		char *at = line;

		more = fgets(line, sizeof(line), file) != NULL;
		if (more && strncmp(line, "point ", 6) == 0) {
			p.k = 0;
			at += 6;
			while (*at != ':') {
				p.value[p.k++][p.n] = strtod(at, &at);
				while (*at == ' ')
					at++;
			}
			assert_int_equal(sscanf(at, ": %u %lf", &found[p.n], &distances[p.n]), 2);
			p.n++;
			continue;
		}
		if (p.n == 0 || (more && strncmp(line, "case ", 5) != 0))
			continue;
		assert_true(wn_pareto_fronts(p.column, p.k, p.n, fronts));
		assert_true(wn_pareto_crowding(p.column, p.k, p.n, fronts, crowding));
		for (size_t i = 0; i < p.n; i++) {
			assert_int_equal(fronts[i], found[i]);
			assert_true(crowding[i] == distances[i] ||
				    fabs(crowding[i] - distances[i]) < 1e-15);
		}
		p.n = 0;
		cases++;
	}
	fclose(file);
	assert_int_equal(cases, 6);
}

/* Shapes for which a search that looks at one front after the other takes the square of n. */
static void test_large_shapes(void **state)
{
	enum { N = 20000 };
	double *value[3];
	uint32_t *fronts = test_array(N, sizeof(*fronts));

	(void)state;
	for (size_t j = 0; j < 3; j++)
		value[j] = test_array(N, sizeof(double));
	for (size_t k = 2; k <= 3; k++) {
		for (size_t i = 0; i < N; i++)
			value[0][i] = value[1][i] = value[2][i] = (double)i;
		assert_true(wn_pareto_fronts((const double *const *)value, k, N, fronts));
		for (size_t i = 0; i < N; i++)
			assert_int_equal(fronts[i], N - i);
		for (size_t i = 0; i < N; i++)
			value[1][i] = -(double)i;
		assert_true(wn_pareto_fronts((const double *const *)value, k, N, fronts));
		for (size_t i = 0; i < N; i++)
			assert_int_equal(fronts[i], 1);
	}
	for (size_t j = 0; j < 3; j++)
		free(value[j]);
	free(fronts);
}

/* ---- models ------------------------------------------------------------------------------------- */

static const struct wn_band one_band[] = {{"all", -INFINITY}};

struct world {
	struct points p; /* as features: NaN is unknown */
	uint8_t candidate[POINTS_MAX];
	struct wn_term terms[WN_PARETO_MAX_OBJECTIVES];
	double reference[WN_PARETO_MAX_OBJECTIVES];
	struct wn_pareto spec;
	struct wn_model model;
	struct wn_rows blocks[2];
	const double *second[WN_PARETO_MAX_OBJECTIVES];
	struct wn_population population;
	double score[POINTS_MAX], lowest[POINTS_MAX], highest[POINTS_MAX];
};

static const enum wn_pareto_place places[] = {
	WN_PLACE_CROWDING, WN_PLACE_WEIGHTS, WN_PLACE_CHEBYSHEV, WN_PLACE_TOPSIS};

static void make_model(struct world *w, uint64_t *seed, enum wn_pareto_place place)
{
	for (size_t j = 0; j < w->p.k; j++) {
		w->terms[j] = (struct wn_term){.column = (uint32_t)j,
			.weight = j == 0 ? 1.0 : test_unit(seed) * 3,
			.lower = -3,
			.upper = 4,
			.lower_is_better = test_below(seed, 2) == 0,
			.unknown = (enum wn_unknown)test_below(seed, 3),
			.fallback = 0.5};
		w->reference[j] = test_unit(seed);
	}
	w->spec = (struct wn_pareto){place, place == WN_PLACE_CHEBYSHEV ? w->reference : NULL};
	w->model = (struct wn_model){.kind = wn_model_kind_named("pareto"),
		.terms = w->terms,
		.term_count = w->p.k,
		.bands = one_band,
		.band_count = 1,
		.spec.pareto = &w->spec};
}

/* Two blocks, so that rows are found across them. */
static void score_world(struct world *w)
{
	size_t first = (w->p.n + 1) / 2;

	for (size_t j = 0; j < w->p.k; j++) {
		w->p.column[j] = w->p.value[j];
		w->second[j] = w->p.value[j] + first;
	}
	w->blocks[0] =
		(struct wn_rows){.rows = first, .columns = w->p.column, .column_count = w->p.k};
	w->blocks[1] = (struct wn_rows){
		.rows = w->p.n - first, .columns = w->second, .column_count = w->p.k};
	w->population = (struct wn_population){.rows = w->p.n,
		.blocks = w->blocks,
		.block_count = 2,
		.block_rows = first,
		.candidate = w->candidate};
	assert_true(wn_model_score(
		&w->model, &w->population, 0, (struct wn_scores){w->score, w->lowest, w->highest}));
}

static void make_world(struct world *w, uint64_t *seed, size_t n, size_t unknown_of)
{
	make_points(&w->p, seed, 2 + test_below(seed, 7), n);
	for (size_t i = 0; i < n; i++) {
		w->candidate[i] = test_below(seed, 10) > 0;
		for (size_t j = 0; j < w->p.k; j++) {
			w->p.value[j][i] += test_below(seed, 2) ? 0 : 0.25;
			if (unknown_of && test_below(seed, unknown_of) == 0)
				w->p.value[j][i] = NAN;
		}
	}
	make_model(w, seed, places[test_below(seed, 4)]);
}

static double unit_value(const struct wn_term *term, double x)
{
	double share;

	if (isnan(x) && term->unknown == WN_UNKNOWN_EXCLUDE)
		return NAN;
	if (isnan(x))
		x = term->unknown == WN_UNKNOWN_DEFAULT ? term->fallback
		    : term->lower_is_better             ? term->upper
							: term->lower;
	share = (fmin(fmax(x, term->lower), term->upper) - term->lower) /
		(term->upper - term->lower);
	return term->lower_is_better ? 1 - share : share;
}

/* The place straight from the formula's paper, in an order of its own. */
static double formula(const struct world *w, const double *u)
{
	double weights = 0, sum = 0, far = 0, ideal = 0, anti = 0, most = 0;

	for (size_t j = w->p.k; j-- > 0;)
		most = fmax(most, w->terms[j].weight);
	for (size_t j = w->p.k; j-- > 0;) {
		double weight = w->terms[j].weight;

		weights += weight;
		sum += weight * u[j];
		far = fmax(far, weight / most * (w->reference[j] - u[j]));
		ideal += pow(weight * (1 - u[j]), 2);
		anti += pow(weight * u[j], 2);
	}
	switch (w->spec.place) {
	case WN_PLACE_CROWDING: break;
	case WN_PLACE_WEIGHTS: return sum / weights;
	case WN_PLACE_CHEBYSHEV: return 1 - far;
	case WN_PLACE_TOPSIS: return sqrt(anti) / (sqrt(anti) + sqrt(ideal));
	}
	return NAN;
}

/* Fronts and places from unit values, the long way. */
static void expect_scores(const struct world *w, double *expected)
{
	static struct points units;
	size_t row_of[POINTS_MAX];
	uint32_t fronts[POINTS_MAX];

	units.k = w->p.k;
	units.n = 0;
	for (size_t i = 0; i < w->p.n; i++) {
		bool takes_part = w->candidate[i];

		expected[i] = NAN;
		for (size_t j = 0; j < w->p.k; j++) {
			units.value[j][units.n] = unit_value(&w->terms[j], w->p.value[j][i]);
			takes_part = takes_part && !isnan(units.value[j][units.n]);
		}
		if (takes_part)
			row_of[units.n++] = i;
	}
	peel(&units, NULL, fronts);
	for (size_t i = 0; i < units.n; i++) {
		double u[WN_PARETO_MAX_OBJECTIVES], place;

		for (size_t j = 0; j < units.k; j++)
			u[j] = units.value[j][i];
		place = w->spec.place == WN_PLACE_CROWDING
				? 1 - 1 / (1 + naive_crowding(&units, fronts, i))
				: formula(w, u);
		expected[row_of[i]] = 1 - (double)fronts[i] + fmin(place, 1 - 0x1p-20);
	}
}

static bool spans_in_use(const struct world *w)
{
	for (size_t i = 0; i < w->p.n; i++) {
		for (size_t j = 0; j < w->p.k; j++) {
			if (!isnan(w->score[i]) && isnan(w->p.value[j][i]) &&
				w->terms[j].unknown == WN_UNKNOWN_SPAN)
				return true;
		}
	}
	return false;
}

static void test_scores(void **state)
{
	static struct world w;
	uint64_t seed = test_seed();
	double expected[POINTS_MAX];

	(void)state;
	for (size_t c = 0; c < CASES; c++) {
		make_world(&w, &seed, 1 + test_below(&seed, 60), c % 3 ? 12 : 0);
		score_world(&w);
		expect_scores(&w, expected);
		for (size_t i = 0; i < w.p.n; i++) {
			double place = w.score[i] - floor(w.score[i]);

			assert_true(isnan(w.score[i]) == isnan(expected[i]));
			assert_true(isnan(w.score[i]) == isnan(w.lowest[i]));
			assert_true(isnan(w.score[i]) == isnan(w.highest[i]));
			if (isnan(expected[i]))
				continue;
			assert_true(fabs(w.score[i] - expected[i]) < 1e-12);
			assert_true(w.lowest[i] <= w.score[i] && w.score[i] <= w.highest[i]);
			assert_true(w.highest[i] < 1 && place >= 0 && place < 1);
			if (!spans_in_use(&w))
				assert_true(w.lowest[i] == w.highest[i]);
		}
	}
}

/* Whatever the unknowns turn out to be, each score stays within its range. */
static void test_ranges_hold(void **state)
{
	static struct world w, full;
	uint64_t seed = test_seed();

	(void)state;
	for (size_t c = 0; c < CASES / 4; c++) {
		make_world(&w, &seed, 2 + test_below(&seed, 20), 2 + test_below(&seed, 10));
		score_world(&w);
		for (size_t t = 0; t < COMPLETIONS; t++) {
			full = w;
			full.model.terms = full.terms;
			full.model.spec.pareto = &full.spec;
			for (size_t x = 0; x < w.p.n * w.p.k; x++) {
				size_t j = x % w.p.k, i = x / w.p.k, end = test_below(&seed, 3);

				if (!isnan(w.p.value[j][i]) ||
					w.terms[j].unknown != WN_UNKNOWN_SPAN)
					continue;
				full.p.value[j][i] = end == 0   ? -3
						     : end == 1 ? 4
								: test_unit(&seed) * 7 - 3;
			}
			score_world(&full);
			for (size_t i = 0; i < w.p.n; i++) {
				assert_true(isnan(w.score[i]) == isnan(full.score[i]));
				assert_false(full.score[i] < w.lowest[i]);
				assert_false(full.score[i] > w.highest[i]);
			}
		}
	}
}

static void test_order_of_rows_does_not_matter(void **state)
{
	static struct world w, mixed;
	uint64_t seed = test_seed();

	(void)state;
	for (size_t c = 0; c < CASES / 4; c++) {
		size_t from[POINTS_MAX];

		make_world(&w, &seed, 2 + test_below(&seed, POINTS_MAX - 1), 20);
		score_world(&w);
		mixed = w;
		mixed.model.terms = mixed.terms;
		mixed.model.spec.pareto = &mixed.spec;
		for (size_t i = 0; i < w.p.n; i++) {
			size_t swap = test_below(&seed, i + 1);

			from[i] = from[swap];
			from[swap] = i;
		}
		for (size_t i = 0; i < w.p.n; i++) {
			mixed.candidate[i] = w.candidate[from[i]];
			for (size_t j = 0; j < w.p.k; j++)
				mixed.p.value[j][i] = w.p.value[j][from[i]];
		}
		score_world(&mixed);
		for (size_t i = 0; i < w.p.n; i++) {
			size_t o = from[i];

			assert_memory_equal(&mixed.score[i], &w.score[o], sizeof(double));
			assert_memory_equal(&mixed.lowest[i], &w.lowest[o], sizeof(double));
			assert_memory_equal(&mixed.highest[i], &w.highest[o], sizeof(double));
		}
	}
}

static void test_trace(void **state)
{
	static struct world w;
	uint64_t seed = test_seed();
	struct wn_step steps[WN_MAX_STEPS];

	(void)state;
	for (size_t c = 0; c < CASES / 4; c++) {
		make_world(&w, &seed, 1 + test_below(&seed, 20), 6);
		w.terms[0].unknown = WN_UNKNOWN_SPAN;
		score_world(&w);
		for (size_t i = 0; i < w.p.n; i++) {
			struct wn_scored scored = {w.score[i], w.lowest[i], w.highest[i]};
			size_t row, count;
			const struct wn_rows *rows = wn_block_of(&w.population, (uint32_t)i, &row);

			count = wn_model_trace(&w.model, rows, row, 0, scored, steps, WN_MAX_STEPS);
			assert_int_equal(count, 3 + w.p.k);
			assert_string_equal(steps[1].label, "front");
			assert_string_equal(steps[2].label, "place");
			for (size_t j = 0; j < w.p.k; j++) {
				double u = unit_value(&w.terms[j], w.p.value[j][i]);

				assert_int_equal(steps[3 + j].term, j);
				assert_true(steps[3 + j].value == u || isnan(u));
				assert_int_equal(isnan(u), isnan(steps[3 + j].value));
				assert_int_equal(
					steps[3 + j].assumed, isnan(w.p.value[j][i]) && !isnan(u));
			}
			for (size_t s = 0; s < count; s++) {
				assert_false(steps[s].lowest > steps[s].value);
				assert_false(steps[s].value > steps[s].highest);
			}
			assert_int_equal(
				wn_model_trace(&w.model, rows, row, 0, scored, steps, 2), 2);
			if (isnan(w.score[i]))
				continue;
			assert_true(1 - steps[1].value + steps[2].value == w.score[i]);
			assert_true(steps[1].value >= 1 && steps[1].value == floor(steps[1].value));
		}
	}
}

/* ---- check -------------------------------------------------------------------------------------- */

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

static void test_check(void **state)
{
	static struct world w;
	uint64_t seed = 1;
	double lowest, highest;

	(void)state;
	make_points(&w.p, &seed, 3, 1);
	make_model(&w, &seed, WN_PLACE_CROWDING);
	for (size_t j = 0; j < 3; j++)
		w.terms[j].weight = 0;
	check_finds(&w.model, "");
	for (size_t p = 1; p < 4; p++) {
		w.spec = (struct wn_pareto){places[p], w.reference};
		check_finds(&w.model, " /terms");
		w.terms[1].weight = 2;
		check_finds(&w.model, "");
		w.terms[0].weight = NAN;
		w.terms[2].weight = -1;
		check_finds(&w.model, " /terms/0/weight /terms/2/weight");
		w.terms[0].weight = w.terms[1].weight = w.terms[2].weight = 0;
	}
	w.terms[1].weight = 2;
	w.spec = (struct wn_pareto){WN_PLACE_CHEBYSHEV, NULL};
	check_finds(&w.model, " /reference");
	w.spec.reference = w.reference;
	w.reference[0] = -0.1;
	w.reference[1] = NAN;
	w.reference[2] = 1.1;
	check_finds(&w.model, " /reference/0 /reference/1 /reference/2");
	w.spec.place = (enum wn_pareto_place)9;
	w.terms[2].upper = INFINITY;
	check_finds(&w.model, " /terms/2/upper /place");
	w.model.spec.pareto = NULL;
	check_finds(&w.model, " /terms/2/upper /place");
	w.model.term_count = 1;
	check_finds(&w.model, " /terms");
	w.model.term_count = 9;
	check_finds(&w.model, " /terms");

	make_model(&w, &seed, WN_PLACE_CROWDING);
	w.terms[0].unknown = w.terms[1].unknown = w.terms[2].unknown = WN_UNKNOWN_EXCLUDE;
	assert_int_equal(wn_model_traits(&w.model), WN_TRAIT_RELATIVE | WN_TRAIT_EXACT);
	w.terms[2].unknown = WN_UNKNOWN_SPAN;
	assert_int_equal(wn_model_traits(&w.model), WN_TRAIT_RELATIVE);
	wn_model_range(&w.model, &lowest, &highest);
	assert_true(lowest == -INFINITY && highest == 1);
}

static void test_nothing_to_score(void **state)
{
	static struct world w;
	uint64_t seed = 1;

	(void)state;
	make_world(&w, &seed, 3, 0);
	memset(w.candidate, 0, sizeof(w.candidate));
	score_world(&w);
	assert_true(isnan(w.score[0]) && isnan(w.lowest[1]) && isnan(w.highest[2]));
	memset(w.candidate, 1, sizeof(w.candidate));
	w.terms[0].unknown = WN_UNKNOWN_EXCLUDE;
	for (size_t i = 0; i < 3; i++)
		w.p.value[0][i] = NAN;
	score_world(&w);
	assert_true(isnan(w.score[0]) && isnan(w.lowest[1]) && isnan(w.highest[2]));
	assert_true(wn_pareto_fronts(w.p.column, 2, 0, NULL));
	assert_true(wn_pareto_crowding(w.p.column, 2, 0, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fronts_against_peeling),
		cmocka_unit_test(test_inert_points),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_vector_cases),
		cmocka_unit_test(test_large_shapes),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_ranges_hold),
		cmocka_unit_test(test_order_of_rows_does_not_matter),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_nothing_to_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

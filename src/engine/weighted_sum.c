/*
 * The model kind "weighted_sum": weight times scaled value, added up in term order. Rubrics are
 * weighted sums of points (WN_SCALE_VALUE). What limits the sum and what teams add to it is in
 * influence.c.
 *
 * Scores and explanations add from 0.0 on, left to right, so that they agree to the last bit.
 */
#include "engine/weighted_sum.h"

#include <stdio.h>
#include <string.h>

#include "engine/kind.h"

enum {
	ROWS_PER_LINE = 64 / sizeof(double), /* cache line */
	/* Rows per round: a page of each column, while the sums stay in the first-level cache. */
	AHEAD_BYTES = WN_SUM_BLOCK * sizeof(double),
};

void wn_term_ends(const struct wn_term *term, double *worst_end, double *best_end)
{
	bool swap = wn_scaled_one(term, term->upper) < wn_scaled_one(term, term->lower);

	*worst_end = swap ? term->upper : term->lower;
	*best_end = swap ? term->lower : term->upper;
}

void wn_counted_for_unknown(const struct wn_term *term, double *low, double *high)
{
	switch (term->unknown) {
	case WN_UNKNOWN_SPAN: wn_term_ends(term, low, high); return;
	case WN_UNKNOWN_DEFAULT: *low = *high = term->fallback; return;
	case WN_UNKNOWN_EXCLUDE: break;
	}
	*low = *high = NAN;
}

static double least_of(const struct wn_term *term)
{
	double worst_end, best_end;

	wn_term_ends(term, &worst_end, &best_end);
	return wn_own_contribution(term, worst_end);
}

static double greatest_of(const struct wn_term *term)
{
	double worst_end, best_end;

	wn_term_ends(term, &worst_end, &best_end);
	return wn_own_contribution(term, best_end);
}

static size_t base_terms(const struct wn_model *model)
{
	return model->spec.weighted_sum ? model->spec.weighted_sum->base_terms : model->term_count;
}

/* The base term that reads a column; NULL: none does. */
static const struct wn_term *base_term_of(const struct wn_model *model, uint32_t column)
{
	for (size_t i = 0; i < base_terms(model); i++) {
		if (model->terms[i].column == column)
			return &model->terms[i];
	}
	return NULL;
}

/* Of the base terms without a limit. */
static double greatest_score(const struct wn_model *model)
{
	double sum = 0.0;

	for (size_t i = 0; i < base_terms(model); i++)
		sum += greatest_of(&model->terms[i]);
	return sum;
}

static struct wn_line line_of(const struct wn_term *term, double cap)
{
	double low, high;

	wn_counted_for_unknown(term, &low, &high);
	return (struct wn_line){
		.weight = term->weight,
		.lower = term->lower,
		.upper = term->upper,
		.worst = wn_cut_one(wn_own_contribution(term, low), -INFINITY, cap),
		.best = wn_cut_one(wn_own_contribution(term, high), -INFINITY, cap),
		.cap = cap < INFINITY && greatest_of(term) > cap ? cap : INFINITY,
	};
}

void wn_sum_prepare(const struct wn_model *model, struct wn_sum *sum)
{
	const struct wn_weighted_sum_spec *spec = model->spec.weighted_sum;

	sum->model = model;
	sum->base = base_terms(model);
	sum->greatest = spec ? greatest_score(model) : 0.0;
	sum->cap = spec && !isnan(spec->max_influence) ? spec->max_influence * sum->greatest
						       : INFINITY;
	sum->adapters = spec ? spec->adapters : NULL;
	sum->adapter_count = spec ? spec->adapter_count : 0;
	for (size_t i = 0; i < model->term_count; i++)
		sum->lines[i] = line_of(&model->terms[i], i < sum->base ? sum->cap : INFINITY);
}

/* Where a term stands in the model's document. */
struct place {
	char pointer[64];
};

static struct place place_of_base(size_t i)
{
	struct place place;

	snprintf(place.pointer, sizeof(place.pointer), "/terms/%zu", i);
	return place;
}

static struct place place_in_team(size_t team, size_t j)
{
	struct place place;

	snprintf(place.pointer, sizeof(place.pointer), "/teams/%zu/terms/%zu", team, j);
	return place;
}

static void check_bounds(const struct wn_term *term, const char *pointer, struct wn_faults *faults)
{
	bool bounds_finite = isfinite(term->lower) && isfinite(term->upper);

	if (!isfinite(term->lower))
		wn_fault(faults, "must be a finite number", "%s/lower", pointer);
	if (!isfinite(term->upper))
		wn_fault(faults, "must be a finite number", "%s/upper", pointer);
	if (bounds_finite && term->lower >= term->upper)
		wn_fault(faults, "must be greater than lower", "%s/upper", pointer);
	else if (bounds_finite && !isfinite(term->upper - term->lower))
		wn_fault(faults, "is too far from lower to be computed with", "%s/upper", pointer);
	if (term->unknown != WN_UNKNOWN_DEFAULT)
		return;
	if (!isfinite(term->fallback))
		wn_fault(faults, "must be a finite number", "%s/fallback", pointer);
	else if (bounds_finite && (term->fallback < term->lower || term->fallback > term->upper))
		wn_fault(faults, "must lie within the bounds", "%s/fallback", pointer);
}

static void check_term(const struct wn_term *term, const char *pointer, struct wn_faults *faults)
{
	if (term->scale != WN_SCALE_UNIT && term->scale != WN_SCALE_VALUE)
		wn_fault(faults, "there is no such scale", "%s/scale", pointer);
	if (term->unknown != WN_UNKNOWN_SPAN && term->unknown != WN_UNKNOWN_DEFAULT &&
		term->unknown != WN_UNKNOWN_EXCLUDE)
		wn_fault(faults, "there is no such meaning of unknown", "%s/unknown", pointer);
	if (!isfinite(term->weight) || term->weight < 0)
		wn_fault(faults, "must be a finite number that is not negative", "%s/weight",
			pointer);
	check_bounds(term, pointer, faults);
}

/* Points at the term: what names the column there is not ours to know. */
static void check_column(
	const struct wn_term *terms, size_t i, const char *pointer, struct wn_faults *faults)
{
	for (size_t j = 0; j < i; j++) {
		if (terms[j].column == terms[i].column) {
			wn_fault(faults, "an earlier term has the same feature", "%s", pointer);
			return;
		}
	}
}

static bool any_weight(const struct wn_term *terms, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (terms[i].weight != 0)
			return true;
	}
	return false;
}

static void check_base(const struct wn_model *model, struct wn_faults *faults)
{
	size_t base = base_terms(model);

	for (size_t i = 0; i < base; i++) {
		struct place place = place_of_base(i);

		check_column(model->terms, i, place.pointer, faults);
		check_term(&model->terms[i], place.pointer, faults);
	}
	if (!any_weight(model->terms, base))
		wn_fault(faults, "at least one weight must be greater than 0", "/terms");
}

/* Whether the adapter's terms are there, and nobody else's. */
static bool has_own_terms(const struct wn_model *model, size_t a)
{
	const struct wn_weighted_sum_spec *spec = model->spec.weighted_sum;
	const struct wn_adapter *adapter = &spec->adapters[a];

	if (adapter->term_count == 0 || adapter->first_term < spec->base_terms ||
		adapter->first_term > model->term_count ||
		adapter->term_count > model->term_count - adapter->first_term)
		return false;
	for (size_t b = 0; b < a; b++) {
		const struct wn_adapter *other = &spec->adapters[b];

		if (adapter->first_term < other->first_term + other->term_count &&
			other->first_term < adapter->first_term + adapter->term_count)
			return false;
	}
	return true;
}

static void check_team(const struct wn_weighted_sum_spec *spec, size_t a, struct wn_faults *faults)
{
	uint32_t team = spec->adapters[a].team;

	if (team == WN_NO_SYMBOL) {
		wn_fault(faults, "terms of a team need a team", "/teams/%zu/team", a);
		return;
	}
	/* Words that no row has share a symbol. */
	for (size_t b = 0; team != WN_UNSEEN_SYMBOL && b < a; b++) {
		if (spec->adapters[b].team == team) {
			wn_fault(faults, "an earlier entry is of the same team", "/teams/%zu/team",
				a);
			return;
		}
	}
}

static void check_adapter(const struct wn_model *model, size_t a, struct wn_faults *faults)
{
	const struct wn_adapter *adapter = &model->spec.weighted_sum->adapters[a];
	double limit = model->spec.weighted_sum->max_influence;

	check_team(model->spec.weighted_sum, a, faults);
	if (!(adapter->share > 0 && adapter->share <= 1))
		wn_fault(faults, "must be greater than 0 and at most 1", "/teams/%zu/share", a);
	else if (limit > 0 && adapter->share > limit)
		wn_fault(faults, "must be no greater than max_influence", "/teams/%zu/share", a);
	if (!has_own_terms(model, a)) {
		wn_fault(faults, "a team needs at least one term, all of them its own",
			"/teams/%zu/terms", a);
		return;
	}
	const struct wn_term *terms = &model->terms[adapter->first_term];

	for (size_t j = 0; j < adapter->term_count; j++) {
		struct place place = place_in_team(a, j);

		check_column(terms, j, place.pointer, faults);
		check_term(&terms[j], place.pointer, faults);
		/* One signal would count twice, each time up to a limit. */
		if (!isnan(limit) && base_term_of(model, terms[j].column))
			wn_fault(faults,
				"a base term has the same feature, which max_influence forbids",
				"%s", place.pointer);
	}
	if (!any_weight(terms, adapter->term_count))
		wn_fault(faults, "at least one weight must be greater than 0", "/teams/%zu/terms",
			a);
}

/* With a limit, so that nothing moves a score by more than the limit. */
static void check_signs(const struct wn_model *model, struct wn_faults *faults)
{
	static const char detail[] = "can contribute less than 0, which max_influence forbids";
	const struct wn_weighted_sum_spec *spec = model->spec.weighted_sum;

	for (size_t i = 0; i < spec->base_terms; i++) {
		if (least_of(&model->terms[i]) < 0)
			wn_fault(faults, detail, "/terms/%zu", i);
	}
	for (size_t a = 0; a < spec->adapter_count; a++) {
		const struct wn_adapter *adapter = &spec->adapters[a];

		for (size_t j = 0; j < adapter->term_count; j++) {
			if (least_of(&model->terms[adapter->first_term + j]) < 0)
				wn_fault(faults, detail, "/teams/%zu/terms/%zu", a, j);
		}
	}
}

/* Only for terms that are sound one by one. */
static void check_sum(const struct wn_model *model, struct wn_faults *faults)
{
	double magnitude = 0.0;

	for (size_t i = 0; i < model->term_count; i++)
		magnitude +=
			fmax(fabs(least_of(&model->terms[i])), fabs(greatest_of(&model->terms[i])));
	if (!isfinite(magnitude)) {
		wn_fault(faults, "the contributions can add up to more than a number can hold",
			"/terms");
		return;
	}
	if (!model->spec.weighted_sum)
		return;
	if (model->spec.weighted_sum->adapter_count > 0 && !(greatest_score(model) > 0))
		wn_fault(faults,
			"a team's share is of the greatest possible score, which is not greater "
			"than 0",
			"/teams");
	if (!isnan(model->spec.weighted_sum->max_influence))
		check_signs(model, faults);
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	const struct wn_weighted_sum_spec *spec = model->spec.weighted_sum;
	size_t before = faults->count;

	if (base_terms(model) == 0) {
		wn_fault(faults, "a weighted sum needs at least one term", "/terms");
		return;
	}
	if (model->term_count > WN_MAX_TERMS) {
		wn_fault(faults, "a weighted sum has at most 256 terms, those of teams included",
			"/terms");
		return;
	}
	if (base_terms(model) > model->term_count) {
		wn_fault(faults, "there are fewer terms than the base terms alone", "/terms");
		return;
	}
	check_base(model, faults);
	/* NaN: none. */
	if (spec && (spec->max_influence <= 0 || spec->max_influence > 1))
		wn_fault(faults, "must be greater than 0 and at most 1", "/max_influence");
	for (size_t a = 0; spec && a < spec->adapter_count; a++)
		check_adapter(model, a, faults);
	if (faults->count == before)
		check_sum(model, faults);
}

/* Whether every sum of some of x, none of them negative, is exact, whatever their order: when they
 * are multiples of a power of two of which the whole sum is less than 2^53. */
static bool adds_exactly(const double *x, size_t count)
{
	double sum = 0.0;
	int least_bit = 0;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		int exponent;
		uint64_t digits;

		if (x[i] == 0)
			continue;
		digits = (uint64_t)ldexp(frexp(x[i], &exponent), 53);
		exponent += __builtin_ctzll(digits) - 53;
		if (!any || exponent < least_bit)
			least_bit = exponent;
		any = true;
		sum += x[i];
	}
	return !any || sum < ldexp(1.0, least_bit + 53);
}

/* Two sums of n numbers that are not negative, in two orders, differ by less than this share of
 * either (Higham 2002, chapter 4). */
static double order_error(size_t n)
{
	return (double)n * 0x1p-52;
}

/* Claims may come in any groups. They lower the least score when all together are more than the
 * cap, and another order of addition may round either end. */
static void range_of_groups(const struct wn_sum *sum, double *lowest, double *highest)
{
	double worst[WN_MAX_TERMS], best[WN_MAX_TERMS];

	for (size_t i = 0; i < sum->base; i++) {
		worst[i] = wn_cut_one(least_of(&sum->model->terms[i]), 0.0, sum->cap);
		best[i] = wn_cut_one(greatest_of(&sum->model->terms[i]), 0.0, sum->cap);
	}
	if (sum->base > 1 && !adds_exactly(worst, sum->base))
		*lowest -= *lowest * order_error(sum->base);
	if (*lowest > sum->cap)
		*lowest = sum->cap;
	if (sum->base > 1 && !adds_exactly(best, sum->base))
		*highest += *highest * order_error(sum->base);
}

static void range_of_teams(const struct wn_sum *sum, double *lowest, double *highest)
{
	double base_low = *lowest, base_high = *highest;

	for (size_t a = 0; a < sum->adapter_count; a++) {
		const struct wn_adapter *adapter = &sum->adapters[a];
		const struct wn_term *terms = &sum->model->terms[adapter->first_term];
		double bound = adapter->share * sum->greatest, low = 0.0, high = 0.0;

		for (size_t j = 0; j < adapter->term_count; j++) {
			low += least_of(&terms[j]);
			high += greatest_of(&terms[j]);
		}
		*lowest = fmin(*lowest, base_low + wn_cut_one(low, -bound, bound));
		*highest = fmax(*highest, base_high + wn_cut_one(high, -bound, bound));
	}
}

static void range(const struct wn_model *model, double *lowest, double *highest)
{
	struct wn_sum sum;
	double low = 0.0, high = 0.0;

	wn_sum_prepare(model, &sum);
	for (size_t i = 0; i < sum.base; i++) {
		low += wn_cut_one(least_of(&model->terms[i]), -INFINITY, sum.cap);
		high += wn_cut_one(greatest_of(&model->terms[i]), -INFINITY, sum.cap);
	}
	if (sum.cap < INFINITY)
		range_of_groups(&sum, &low, &high);
	range_of_teams(&sum, &low, &high);
	*lowest = low;
	*highest = high;
}

/* A line's constants, for two rows at once. */
struct wide_line {
	wn_pair weight, lower, upper, worst, best, cap;
	enum wn_scale scale;
	bool lower_is_better, capped;
};

/* One or two values. Both ends of an unknown are added on either side, so a row without one gets
 * the same bits in both sums. `bytes`, scale, lower_is_better and capped are literals where this is
 * inlined, so that no copy looks at its length and no choice is left. */
static WN_ALWAYS_INLINE void add_values(
	const struct wide_line *line, const double *x, size_t bytes, double *low, double *high)
{
	wn_pair value = {0}, low_sum = {0}, high_sum = {0};

	memcpy(&value, x, bytes);
	memcpy(&low_sum, low, bytes);
	memcpy(&high_sum, high, bytes);
	wn_pair known =
		line->weight * wn_scaled(wn_cut(value, line->lower, line->upper), line->lower,
				       line->upper, line->scale, line->lower_is_better);
	wn_pair_mask unknown = value != value;

	if (line->capped)
		known = wn_choose(known > line->cap, line->cap, known);
	low_sum += wn_choose(unknown, line->worst, known);
	high_sum += wn_choose(unknown, line->best, known);
	memcpy(low, &low_sum, bytes);
	memcpy(high, &high_sum, bytes);
}

static WN_ALWAYS_INLINE void add_rows(const struct wn_line *line, enum wn_scale scale,
	bool lower_is_better, bool capped, const double *x, size_t rows, double *low, double *high)
{
	const struct wide_line wide = {
		.weight = wn_twins(line->weight),
		.lower = wn_twins(line->lower),
		.upper = wn_twins(line->upper),
		.worst = wn_twins(line->worst),
		.best = wn_twins(line->best),
		.cap = wn_twins(line->cap),
		.scale = scale,
		.lower_is_better = lower_is_better,
		.capped = capped,
	};
	size_t even = rows & ~(size_t)1;

	for (size_t i = 0; i < even; i += 2) {
		/* The hardware does not look beyond the page, and this loop comes back to the
		 * column only after all the others; so the next round's page is asked for. */
		if (i % ROWS_PER_LINE == 0)
			__builtin_prefetch((const void *)((uintptr_t)(x + i) + AHEAD_BYTES));
		add_values(&wide, x + i, 2 * sizeof(*x), low + i, high + i);
	}
	if (even < rows)
		add_values(&wide, x + even, sizeof(*x), low + even, high + even);
}

static WN_ALWAYS_INLINE void add_scaled(const struct wn_line *line, enum wn_scale scale,
	bool lower_is_better, const double *x, size_t rows, double *low, double *high)
{
	if (line->cap < INFINITY)
		add_rows(line, scale, lower_is_better, true, x, rows, low, high);
	else
		add_rows(line, scale, lower_is_better, false, x, rows, low, high);
}

static WN_ALWAYS_INLINE void add_term(const struct wn_term *term, const struct wn_line *line,
	const double *x, size_t rows, double *low, double *high)
{
	if (term->scale == WN_SCALE_UNIT) {
		if (term->lower_is_better)
			add_scaled(line, WN_SCALE_UNIT, true, x, rows, low, high);
		else
			add_scaled(line, WN_SCALE_UNIT, false, x, rows, low, high);
	} else {
		if (term->lower_is_better)
			add_scaled(line, WN_SCALE_VALUE, true, x, rows, low, high);
		else
			add_scaled(line, WN_SCALE_VALUE, false, x, rows, low, high);
	}
}

/* The places of a category that the model knows; the others are unknown. */
static void known_places(const struct wn_term *term, const double *x, size_t rows, double *known)
{
	const wn_pair upper = wn_twins(term->upper), nothing = wn_twins(NAN);
	size_t even = rows & ~(size_t)1;

	for (size_t i = 0; i < even; i += 2) {
		wn_pair value;

		if (i % ROWS_PER_LINE == 0)
			__builtin_prefetch((const void *)((uintptr_t)(x + i) + AHEAD_BYTES));
		memcpy(&value, x + i, sizeof(value));
		value = wn_choose(value > upper, nothing, value);
		memcpy(known + i, &value, sizeof(value));
	}
	if (even < rows)
		known[even] = wn_term_value(term, x[even]);
}

static void add_unknown(const struct wn_line *line, size_t rows, double *low, double *high)
{
	for (size_t i = 0; i < rows; i++) {
		low[i] += line->worst;
		high[i] += line->best;
	}
}

/* The base terms of at most WN_SUM_BLOCK rows. */
static void add_base(const struct wn_sum *sum, const struct wn_rows *view, size_t start, size_t n,
	double *low, double *high)
{
	double known[WN_SUM_BLOCK];

	for (size_t i = 0; i < n; i++)
		low[i] = high[i] = 0.0;
	for (size_t i = 0; i < sum->base; i++) {
		const struct wn_term *term = &sum->model->terms[i];
		const double *x = wn_column(view, term->column);

		if (!x) {
			add_unknown(&sum->lines[i], n, low, high);
		} else if (term->category) {
			known_places(term, x + start, n, known);
			add_term(term, &sum->lines[i], known, n, low, high);
		} else {
			add_term(term, &sum->lines[i], x + start, n, low, high);
		}
	}
}

static void add_teams(const struct wn_sum *sum, const struct wn_rows *view, size_t start, size_t n,
	double *low, double *high)
{
	struct wn_teams teams;

	wn_teams_prepare(sum, &teams);
	for (size_t i = 0; i < n; i++) {
		const struct wn_adapter *adapter =
			wn_team_adapter(sum, &teams, wn_word_of(view, start + i, WN_TEAM));
		double worst, best;

		if (!adapter)
			continue;
		wn_adapter_ends(sum, adapter, view, start + i, &worst, &best);
		low[i] += worst;
		high[i] += best;
	}
}

static void score_rows(const struct wn_model *model, const struct wn_rows *view, double now_s,
	struct wn_scores out)
{
	size_t rows = view->rows;
	struct wn_sum sum;

	(void)now_s;
	wn_sum_prepare(model, &sum);
	for (size_t start = 0; start < rows; start += WN_SUM_BLOCK) {
		size_t n = rows - start < WN_SUM_BLOCK ? rows - start : WN_SUM_BLOCK;
		double *low = out.score + start;
		double *high = out.highest + start;

		add_base(&sum, view, start, n, low, high);
		if (sum.cap < INFINITY && view->evidence)
			wn_influence_rows(&sum, view, start, n, low, high);
		if (sum.adapter_count > 0 && view->words[WN_TEAM])
			add_teams(&sum, view, start, n, low, high);
		/* An unknown counts by its worst end, so the score is the lowest one. */
		for (size_t i = 0; i < n; i++)
			out.lowest[start + i] = low[i];
	}
}

/* All but what it contributes in the end, and the value as it is stored. */
static struct wn_contribution explain_term(const struct wn_term *term, size_t index, double value)
{
	struct wn_contribution c = {.term = index, .group = index};
	double high;

	if (isnan(value)) {
		wn_counted_for_unknown(term, &c.counted, &high);
		c.assumed = term->unknown != WN_UNKNOWN_EXCLUDE;
	} else {
		c.counted = wn_cut_one(value, term->lower, term->upper);
	}
	c.scaled = wn_scaled_one(term, c.counted);
	c.own = wn_own_contribution(term, c.counted);
	return c;
}

static enum wn_clip clip_of(
	const struct wn_sum *sum, const struct wn_parts *parts, size_t i, double own)
{
	if (parts->members[parts->head[i]] > 1)
		return WN_CLIP_PRINCIPAL;
	return own > sum->lines[i].cap ? WN_CLIP_SIGNAL : WN_CLIP_NONE;
}

static size_t explain_team(const struct wn_sum *sum, const struct wn_rows *rows, size_t row,
	struct wn_contribution *out)
{
	uint32_t team = wn_word_of(rows, row, WN_TEAM);
	struct wn_teams teams;
	const struct wn_adapter *adapter;

	wn_teams_prepare(sum, &teams);
	adapter = wn_team_adapter(sum, &teams, team);
	if (!adapter)
		return 0;
	for (size_t j = 0; j < adapter->term_count; j++) {
		size_t i = adapter->first_term + j;
		const struct wn_term *term = &sum->model->terms[i];

		out[j] = explain_term(term, i, wn_team_value(sum, term, rows, row));
		out[j].value = wn_value(rows, row, term->column);
		out[j].clip = WN_CLIP_TEAM;
		out[j].group = adapter->first_term;
	}
	wn_adapter_ends(sum, adapter, rows, row, &out[0].lowest, &out[0].highest);
	out[0].contribution = out[0].lowest;
	return adapter->term_count;
}

static size_t explain(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_contribution *out)
{
	struct wn_sum sum;
	struct wn_parts parts;

	(void)now_s;
	wn_sum_prepare(model, &sum);
	wn_parts_of(&sum, rows, row, &parts);
	for (size_t i = 0; i < sum.base; i++) {
		const struct wn_term *term = &model->terms[i];
		double value = wn_value(rows, row, term->column);

		out[i] = explain_term(term, i, wn_term_value(term, value));
		out[i].value = value;
		out[i].contribution = out[i].lowest = parts.low[i];
		out[i].highest = parts.high[i];
		out[i].clip = clip_of(&sum, &parts, i, out[i].own);
		out[i].group = parts.head[i];
	}
	return sum.base + explain_team(&sum, rows, row, out + sum.base);
}

/* Whether an unknown value may be at odds with itself: a base term and a team's term have their
 * worst ends at different ones, so that no value gives an end of the range. */
static bool may_pull_apart(const struct wn_model *model)
{
	const struct wn_weighted_sum_spec *spec = model->spec.weighted_sum;

	for (size_t a = 0; spec && a < spec->adapter_count; a++) {
		const struct wn_adapter *adapter = &spec->adapters[a];

		for (size_t j = 0; j < adapter->term_count; j++) {
			const struct wn_term *term = &model->terms[adapter->first_term + j];
			const struct wn_term *base = base_term_of(model, term->column);

			if (base && wn_terms_pull_apart(base, term))
				return true;
		}
	}
	return false;
}

static unsigned traits(const struct wn_model *model)
{
	return may_pull_apart(model) ? WN_TRAIT_ADDITIVE : WN_TRAIT_ADDITIVE | WN_TRAIT_EXACT;
}

const struct wn_model_kind wn_kind_weighted_sum = {
	.name = "weighted_sum",
	.traits = traits,
	.check = check,
	.range = range,
	.score_rows = score_rows,
	.explain = explain,
};

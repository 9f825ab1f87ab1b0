/*
 * The model kind "weighted_sum": weight times scaled value, added up in term order. Rubrics are
 * weighted sums of points (WN_SCALE_VALUE).
 *
 * Scores and explanations must agree to the last bit, so both take each term through the same
 * inline function, and both add from 0.0 on, left to right.
 */
#include <math.h>
#include <string.h>

#include "engine/kind.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Rows per round: a page of each column, while the sums stay in the first-level cache. */
enum {
	BLOCK_ROWS = 512,
	ROWS_PER_LINE = 64 / sizeof(double), /* cache line */
	AHEAD_BYTES = BLOCK_ROWS * sizeof(double),
};

/* A term as the loop over rows wants it. */
struct line {
	double weight, lower, upper;
	double worst, best; /* contributions of an unknown; NaN when it excludes */
};

/*
 * Two values at once. Written with vector types, since compilers at their usual settings leave a
 * loop with choices on doubles scalar; the operations are the same IEEE ones either way. A single
 * value is a pair of twins.
 */
typedef double pair __attribute__((vector_size(16)));
typedef int64_t pair_mask __attribute__((vector_size(16)));

static ALWAYS_INLINE pair twins(double x)
{
	return (pair){x, x};
}

static ALWAYS_INLINE pair choose(pair_mask mask, pair yes, pair no)
{
	return (pair)((mask & (pair_mask)yes) | (~mask & (pair_mask)no));
}

/* NaN stays NaN. */
static ALWAYS_INLINE pair cut(pair x, pair lower, pair upper)
{
	pair risen = choose(x < lower, lower, x);

	return choose(risen > upper, upper, risen);
}

/* x lies within the bounds, or is NaN. Monotone in x also after rounding, because subtraction,
 * division and multiplication by constants each are; score ranges rest on that. */
static ALWAYS_INLINE pair scaled(
	pair x, pair lower, pair upper, enum wn_scale scale, bool lower_is_better)
{
	if (scale == WN_SCALE_UNIT) {
		pair share = (x - lower) / (upper - lower);

		return lower_is_better ? 1.0 - share : share;
	}
	return lower_is_better ? lower + upper - x : x;
}

static double scaled_one(const struct wn_term *term, double x)
{
	return scaled(twins(x), twins(term->lower), twins(term->upper), term->scale,
		term->lower_is_better)[0];
}

static double contribution_of(const struct wn_term *term, double x)
{
	return term->weight * scaled_one(term, x);
}

/* The end of the bounds that contributes less, and the other; without the weight, which is never
 * negative, so that a weight of 0 leaves them as they are. */
static void ends_of(const struct wn_term *term, double *worst_end, double *best_end)
{
	bool swap = scaled_one(term, term->upper) < scaled_one(term, term->lower);

	*worst_end = swap ? term->upper : term->lower;
	*best_end = swap ? term->lower : term->upper;
}

/* What an unknown value counts as, for the lowest and the highest score. */
static void counted_for_unknown(const struct wn_term *term, double *low, double *high)
{
	switch (term->unknown) {
	case WN_UNKNOWN_SPAN: ends_of(term, low, high); return;
	case WN_UNKNOWN_DEFAULT: *low = *high = term->fallback; return;
	case WN_UNKNOWN_EXCLUDE: break;
	}
	*low = *high = NAN;
}

static void check_term_numbers(const struct wn_term *term, size_t i, struct wn_faults *faults)
{
	bool bounds_finite = isfinite(term->lower) && isfinite(term->upper);

	if (!isfinite(term->weight) || term->weight < 0)
		wn_fault(faults, "must be a finite number that is not negative",
			"/terms/%zu/weight", i);
	if (!isfinite(term->lower))
		wn_fault(faults, "must be a finite number", "/terms/%zu/lower", i);
	if (!isfinite(term->upper))
		wn_fault(faults, "must be a finite number", "/terms/%zu/upper", i);
	if (bounds_finite && term->lower >= term->upper)
		wn_fault(faults, "must be greater than lower", "/terms/%zu/upper", i);
	else if (bounds_finite && !isfinite(term->upper - term->lower))
		wn_fault(
			faults, "is too far from lower to be computed with", "/terms/%zu/upper", i);
	if (term->unknown != WN_UNKNOWN_DEFAULT)
		return;
	if (!isfinite(term->fallback))
		wn_fault(faults, "must be a finite number", "/terms/%zu/fallback", i);
	else if (bounds_finite && (term->fallback < term->lower || term->fallback > term->upper))
		wn_fault(faults, "must lie within the bounds", "/terms/%zu/fallback", i);
}

static void check_term(const struct wn_model *model, size_t i, struct wn_faults *faults)
{
	const struct wn_term *term = &model->terms[i];

	for (size_t j = 0; j < i; j++) {
		if (model->terms[j].column == term->column) {
			/* Points at the term: what names the column there is not ours to know. */
			wn_fault(faults, "an earlier term has the same feature", "/terms/%zu", i);
			break;
		}
	}
	if (term->scale != WN_SCALE_UNIT && term->scale != WN_SCALE_VALUE)
		wn_fault(faults, "there is no such scale", "/terms/%zu/scale", i);
	if (term->unknown != WN_UNKNOWN_SPAN && term->unknown != WN_UNKNOWN_DEFAULT &&
		term->unknown != WN_UNKNOWN_EXCLUDE)
		wn_fault(faults, "there is no such meaning of unknown", "/terms/%zu/unknown", i);
	check_term_numbers(term, i, faults);
}

/* Only for terms that are sound one by one. */
static void check_sum(const struct wn_model *model, struct wn_faults *faults)
{
	double magnitude = 0.0;

	for (size_t i = 0; i < model->term_count; i++) {
		const struct wn_term *term = &model->terms[i];

		magnitude += fmax(fabs(contribution_of(term, term->lower)),
			fabs(contribution_of(term, term->upper)));
	}
	if (!isfinite(magnitude))
		wn_fault(faults, "the contributions can add up to more than a number can hold",
			"/terms");
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	size_t before = faults->count;
	bool weighted = false;

	if (model->term_count == 0) {
		wn_fault(faults, "a weighted sum needs at least one term", "/terms");
		return;
	}
	if (model->term_count > WN_MAX_TERMS) {
		wn_fault(faults, "a weighted sum has at most 256 terms", "/terms");
		return;
	}
	for (size_t i = 0; i < model->term_count; i++) {
		check_term(model, i, faults);
		weighted = weighted || model->terms[i].weight != 0;
	}
	if (!weighted)
		wn_fault(faults, "at least one weight must be greater than 0", "/terms");
	if (faults->count == before)
		check_sum(model, faults);
}

static void range(const struct wn_model *model, double *lowest, double *highest)
{
	double low = 0.0, high = 0.0;

	for (size_t i = 0; i < model->term_count; i++) {
		double worst_end, best_end;

		ends_of(&model->terms[i], &worst_end, &best_end);
		low += contribution_of(&model->terms[i], worst_end);
		high += contribution_of(&model->terms[i], best_end);
	}
	*lowest = low;
	*highest = high;
}

/* Both ends of an unknown are added on either side, so a row without one gets the same bits in
 * both sums. scale and lower_is_better are literals where this is inlined. */
static ALWAYS_INLINE void add_rows(const struct line *line, enum wn_scale scale,
	bool lower_is_better, const double *x, size_t rows, double *low, double *high)
{
	const pair weight = twins(line->weight), worst = twins(line->worst),
		   best = twins(line->best);
	const pair lower = twins(line->lower), upper = twins(line->upper);

	for (size_t i = 0; i < rows; i += 2) {
		size_t bytes = (rows - i < 2 ? 1 : 2) * sizeof(*x);
		pair value = {0}, low_sum = {0}, high_sum = {0};

		/* The hardware does not look beyond the page, and this loop comes back to the
		 * column only after all the others; so the next round's page is asked for. */
		if (i % ROWS_PER_LINE == 0)
			__builtin_prefetch((const void *)((uintptr_t)(x + i) + AHEAD_BYTES));
		memcpy(&value, x + i, bytes);
		memcpy(&low_sum, low + i, bytes);
		memcpy(&high_sum, high + i, bytes);
		pair known = weight *
			     scaled(cut(value, lower, upper), lower, upper, scale, lower_is_better);
		pair_mask unknown = value != value;

		low_sum += choose(unknown, worst, known);
		high_sum += choose(unknown, best, known);
		memcpy(low + i, &low_sum, bytes);
		memcpy(high + i, &high_sum, bytes);
	}
}

static ALWAYS_INLINE void add_term(const struct wn_term *term, const struct line *line,
	const double *x, size_t rows, double *low, double *high)
{
	if (term->scale == WN_SCALE_UNIT) {
		if (term->lower_is_better)
			add_rows(line, WN_SCALE_UNIT, true, x, rows, low, high);
		else
			add_rows(line, WN_SCALE_UNIT, false, x, rows, low, high);
	} else {
		if (term->lower_is_better)
			add_rows(line, WN_SCALE_VALUE, true, x, rows, low, high);
		else
			add_rows(line, WN_SCALE_VALUE, false, x, rows, low, high);
	}
}

static void add_unknown(const struct line *line, size_t rows, double *low, double *high)
{
	for (size_t i = 0; i < rows; i++) {
		low[i] += line->worst;
		high[i] += line->best;
	}
}

static struct line line_of(const struct wn_term *term)
{
	double low, high;

	counted_for_unknown(term, &low, &high);
	return (struct line){
		.weight = term->weight,
		.lower = term->lower,
		.upper = term->upper,
		.worst = contribution_of(term, low),
		.best = contribution_of(term, high),
	};
}

static void score(const struct wn_model *model, const double *const *columns, size_t column_count,
	size_t rows, struct wn_scores out)
{
	struct line lines[WN_MAX_TERMS];

	for (size_t i = 0; i < model->term_count; i++)
		lines[i] = line_of(&model->terms[i]);
	for (size_t start = 0; start < rows; start += BLOCK_ROWS) {
		size_t n = rows - start < BLOCK_ROWS ? rows - start : BLOCK_ROWS;
		double *low = out.score + start;
		double *high = out.highest + start;

		for (size_t i = 0; i < n; i++)
			low[i] = high[i] = 0.0;
		for (size_t i = 0; i < model->term_count; i++) {
			const struct wn_term *term = &model->terms[i];
			const double *x =
				term->column < column_count ? columns[term->column] : NULL;

			if (!x)
				add_unknown(&lines[i], n, low, high);
			else if (n ==
				 BLOCK_ROWS) /* a literal, so that no copy looks at its length */
				add_term(term, &lines[i], x + start, BLOCK_ROWS, low, high);
			else
				add_term(term, &lines[i], x + start, n, low, high);
		}
		/* An unknown counts by its worst end, so the score is the lowest one. */
		for (size_t i = 0; i < n; i++)
			out.lowest[start + i] = low[i];
	}
}

static struct wn_contribution explain_term(const struct wn_term *term, size_t index, double value)
{
	struct wn_contribution c = {.term = index, .value = value};
	double high;

	if (isnan(value)) {
		counted_for_unknown(term, &c.counted, &high);
		c.assumed = term->unknown != WN_UNKNOWN_EXCLUDE;
	} else {
		c.counted = high = cut(twins(value), twins(term->lower), twins(term->upper))[0];
	}
	c.scaled = scaled_one(term, c.counted);
	c.contribution = contribution_of(term, c.counted);
	c.lowest = c.contribution;
	c.highest = contribution_of(term, high);
	return c;
}

static void explain(const struct wn_model *model, const double *values, size_t value_count,
	struct wn_contribution *out)
{
	for (size_t i = 0; i < model->term_count; i++) {
		const struct wn_term *term = &model->terms[i];

		out[i] = explain_term(
			term, i, term->column < value_count ? values[term->column] : NAN);
	}
}

const struct wn_model_kind wn_weighted_sum = {
	.name = "weighted_sum",
	.check = check,
	.range = range,
	.score = score,
	.explain = explain,
};

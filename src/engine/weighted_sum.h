/*
 * What the two halves of the kind "weighted_sum" share: the sum over columns (weighted_sum.c), and
 * what limits and extends it row by row (influence.c). Scores and explanations must agree to the
 * last bit, so everything takes a term through the same inline functions.
 */
#ifndef WINNOW_ENGINE_WEIGHTED_SUM_H
#define WINNOW_ENGINE_WEIGHTED_SUM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/model.h"

#define WN_ALWAYS_INLINE inline __attribute__((always_inline))

/* A term as the loop over rows wants it. */
struct wn_line {
	double weight, lower, upper;
	double worst, best; /* contributions of an unknown, cut; NaN when it excludes */
	double cap;         /* INFINITY where it cannot be reached */
};

/* A model made ready to be evaluated. */
struct wn_sum {
	const struct wn_model *model;
	size_t base;     /* terms of everybody; the rest belongs to teams */
	double greatest; /* possible score of the base terms without a limit; 0 without a spec,
	                    which alone asks for it */
	double cap;      /* of a signal or a principal; INFINITY: no limit */
	const struct wn_adapter *adapters;
	size_t adapter_count;
	struct wn_line lines[WN_MAX_TERMS];
};

/*
 * Two values at once. Written with vector types, since compilers at their usual settings leave a
 * loop with choices on doubles scalar; the operations are the same IEEE ones either way. A single
 * value is a pair of twins.
 */
typedef double wn_pair __attribute__((vector_size(16)));
typedef int64_t wn_pair_mask __attribute__((vector_size(16)));

static WN_ALWAYS_INLINE wn_pair wn_twins(double x)
{
	return (wn_pair){x, x};
}

static WN_ALWAYS_INLINE wn_pair wn_choose(wn_pair_mask mask, wn_pair yes, wn_pair no)
{
	return (wn_pair)((mask & (wn_pair_mask)yes) | (~mask & (wn_pair_mask)no));
}

/* NaN stays NaN. */
static WN_ALWAYS_INLINE wn_pair wn_cut(wn_pair x, wn_pair lower, wn_pair upper)
{
	wn_pair risen = wn_choose(x < lower, lower, x);

	return wn_choose(risen > upper, upper, risen);
}

/* x lies within the bounds, or is NaN. Monotone in x also after rounding, because subtraction,
 * division and multiplication by constants each are; score ranges rest on that. */
static WN_ALWAYS_INLINE wn_pair wn_scaled(
	wn_pair x, wn_pair lower, wn_pair upper, enum wn_scale scale, bool lower_is_better)
{
	if (scale == WN_SCALE_UNIT) {
		wn_pair share = (x - lower) / (upper - lower);

		return lower_is_better ? 1.0 - share : share;
	}
	return lower_is_better ? lower + upper - x : x;
}

static inline double wn_scaled_one(const struct wn_term *term, double x)
{
	return wn_scaled(wn_twins(x), wn_twins(term->lower), wn_twins(term->upper), term->scale,
		term->lower_is_better)[0];
}

/* What the term would contribute without a limit. */
static inline double wn_own_contribution(const struct wn_term *term, double x)
{
	return term->weight * wn_scaled_one(term, x);
}

static inline double wn_cut_one(double x, double lower, double upper)
{
	return wn_cut(wn_twins(x), wn_twins(lower), wn_twins(upper))[0];
}

/* Lowest and highest contribution of a value (wn_term_value), by itself. */
static inline void wn_line_ends(
	const struct wn_term *term, const struct wn_line *line, double x, double *low, double *high)
{
	if (isnan(x)) {
		*low = line->worst;
		*high = line->best;
		return;
	}
	*low = *high =
		wn_cut_one(wn_own_contribution(term, wn_cut_one(x, line->lower, line->upper)),
			-INFINITY, line->cap);
}

/* The end of the bounds that contributes less, and the other; without the weight, which is never
 * negative, so that a weight of 0 leaves them as they are. */
void wn_term_ends(const struct wn_term *term, double *worst_end, double *best_end);

/* What an unknown value counts as, for the lowest and the highest score. */
void wn_counted_for_unknown(const struct wn_term *term, double *low, double *high);

void wn_sum_prepare(const struct wn_model *model, struct wn_sum *sum);

/* influence.c: one row's base contributions, each by itself, and who claims them. */
struct wn_parts {
	double low[WN_MAX_TERMS], high[WN_MAX_TERMS];
	uint8_t principal[WN_MAX_TERMS]; /* 0: nobody's claim */
	uint16_t head[WN_MAX_TERMS];     /* the group's first term */
	uint16_t members[WN_MAX_TERMS];  /* of the group, at its first term */
};

/* Without a limit each term is a group of its own. */
void wn_parts_of(
	const struct wn_sum *sum, const struct wn_rows *rows, size_t row, struct wn_parts *parts);

/* Does over the sums of those of `rows` rows from `start` on that may have a group of claims. */
enum { WN_SUM_BLOCK = 512 };
void wn_influence_rows(const struct wn_sum *sum, const struct wn_rows *view, size_t start,
	size_t rows, double *low, double *high);

/* The adapter of a team; NULL: none. */
struct wn_teams {
	uint16_t slot[2 * WN_MAX_TERMS]; /* 0, or 1 + index of an adapter */
};
void wn_teams_prepare(const struct wn_sum *sum, struct wn_teams *teams);
const struct wn_adapter *wn_team_adapter(
	const struct wn_sum *sum, const struct wn_teams *teams, uint32_t team);

/* A team's term: with a limit, claims are unknown. */
double wn_team_value(const struct wn_sum *sum, const struct wn_term *term,
	const struct wn_rows *rows, size_t row);

/* What an adapter adds to a row. */
void wn_adapter_ends(const struct wn_sum *sum, const struct wn_adapter *adapter,
	const struct wn_rows *rows, size_t row, double *low, double *high);

#endif

/*
 * Counterfactuals: the smallest change of one input, and of two, that lifts an item's score to a
 * threshold. Part of libwinnow, the pure engine (see model.h). For models that are not relative.
 *
 * The size of a change is its share of the input's bounds: |new - old| / (upper - lower), of two
 * inputs the sum; an unknown value counts as the end that it is counted as. Values are sought on
 * the grid that `step` gives, from `lower` on: 1 for categories, booleans and whole-number rubrics,
 * 0 for continuous, whose grid is 2^-20 of the bounds (so is any finer one).
 *
 * One input is looked at in up to 1,024 steps, each of two in up to 64; where the grid is finer, it
 * is searched again around the best place found, 32 times as finely each time. So the answer is the
 * smallest where the grid is no finer than that, else the smallest near the best coarse place.
 *
 * An input, or a pair, that cannot reach the threshold at its best (the highest end of a score of
 * which it is unknown) is not searched; that leaves nothing out. The rest is searched in the order
 * of the levers, single ones first, as far as the effort allows.
 */
#ifndef WINNOW_COUNTERFACTUAL_H
#define WINNOW_COUNTERFACTUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/model.h"

struct wn_lever {
	uint32_t column;
	double lower, upper;
	double step;
	bool fixed; /* may not be changed */
};

struct wn_change {
	size_t inputs; /* 1 or 2; 0: there is none */
	size_t lever[2];
	double value[2]; /* the new values */
	double size;     /* see above */
	double score;    /* that they give */
};

/* What may be spent, over several searches if it is handed on. A unit is about one input (or part of
 * an expression) of one row to be scored. */
struct wn_effort {
	uint64_t left; /* counted down */
	bool cut;      /* set when a search ended for want of it: a smaller change may be there */
};
#define WN_EFFORT_USUAL (UINT64_C(1) << 27) /* one or two tenths of a second */

struct wn_counterfactual_input {
	const struct wn_model *model;
	const struct wn_rows *rows;
	size_t row;
	double now_s;
	double at_least; /* the score to reach … */
	bool beyond;     /* … or, when true, to exceed */
	const struct wn_lever *levers;
	size_t lever_count; /* <= WN_MAX_TERMS */
};

/*
 * `single` and `pair` are the smallest; ties go to the earlier levers. A pair is sought even where
 * a single change is enough, and reported only if it is smaller, by more than 2^-20. A lever whose
 * column the model does not read is none. Where the score is there already, no change is reported.
 * Evidence and facts of the row stay as they are. False when memory is out.
 */
bool wn_counterfactual(const struct wn_counterfactual_input *input, struct wn_effort *effort,
	struct wn_change *single, struct wn_change *pair);

#endif

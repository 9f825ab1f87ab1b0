/*
 * Which values of an item would take a rule off it: the fewest changes of its features for which the
 * rule's predicate is false. What is no feature stays as it is (stream, labels, times), and so does a
 * feature that is deleted or sensitive.
 */
#ifndef WINNOW_SERVICE_LIFT_H
#define WINNOW_SERVICE_LIFT_H

#include <math.h>

#include "base/arena.h"
#include "base/error.h"
#include "live/ranking.h"

enum { LIFT_MAX = 8 };

/* Rubrics of a few points, whose values are whole; 0 … 1 is a share. */
static inline bool lift_whole_steps(double lower, double upper)
{
	return lower == floor(lower) && upper == floor(upper) && upper - lower >= 2 &&
	       upper - lower <= 10;
}

struct lift_change {
	uint32_t column;
	double value; /* NaN: none */
	bool any;     /* any other will do as well, this is the worst one */
};
struct lift {
	struct lift_change change[LIFT_MAX]; /* each column once */
	size_t count;
};

/* Adds to `lift`, whose changes count as made. *found is false, and `lift` as it was, when no change
 * of LIFT_MAX features is known to do it. Of values that do, the nearest one is taken. ERR_BUDGET. */
enum error lift_rule(const struct ranking *ranking, uint32_t row, const struct wn_rule *rule,
	struct arena *arena, struct lift *lift, bool *found);

#endif

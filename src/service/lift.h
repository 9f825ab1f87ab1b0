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

enum lift_outcome {
	LIFT_FOUND,
	LIFT_BARRED, /* the rule rests on what is not to be changed */
	LIFT_UNKNOWN, /* none was found, but there may be one: of more than LIFT_MAX features, or of parts
	                 of the rule that look at the same feature */
};

/* Adds to `lift`, whose changes count as made; `lift` stays as it was unless they were found. Of the
 * values that do, the nearest of these is taken: all of a category, whole points of a rubric, days
 * of a date (and its very ends), and of other numbers the whole ones and steps of a power of ten,
 * which is a thousandth of the bounds or less. ERR_BUDGET. */
enum error lift_rule(const struct ranking *ranking, uint32_t row, const struct wn_rule *rule,
	struct arena *arena, struct lift *lift, enum lift_outcome *outcome);

#endif

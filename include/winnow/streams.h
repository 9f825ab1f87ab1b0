/*
 * Arithmetic of streams: capacity, limits of work in progress, timeboxes, weeks, quadrants. Part of
 * libwinnow, the pure engine: time is an argument, in s since 1970-01-01T00:00:00Z.
 */
#ifndef WINNOW_STREAMS_H
#define WINNOW_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/policy.h"
#include "winnow/rows.h"

/* ---- capacity ---- */

/* Capacity that is kept back after something went live, for so long as from <= now < until. */
struct wn_reserve {
	double from_s, until_s;
	double share; /* 0 … 1 */
};
/* The one in force at now_s: the largest; of equal ones that which ends last, then the first. They do
 * not add up. `count` when none is. */
size_t wn_reserve_at(const struct wn_reserve *reserves, size_t count, double now_s);

/* A stream's part of the capacity, as it was agreed. */
struct wn_share {
	double at_least, at_most; /* 0 … 1; NaN: none was agreed */
	double actual;            /* its share of what is in flight */
	bool lane;                /* what it takes is drawn from the others */
	bool reserved;            /* the reserve is kept for it */
};
/*
 * What the bounds come to: out[i].at_least and at_most, `actual` and the flags being copied. What
 * lanes take and what is reserved comes off the whole first, and the bounds are shares of what is left:
 *   left = max(0, 1 - reserve - sum of the lanes' actual shares)
 *   bound' = bound * left, and of the stream for which the reserve is: bound * left + reserve
 * A lane's own bounds stay. What has no bound gets none.
 */
void wn_share_plan(
	const struct wn_share *shares, size_t count, double reserve, struct wn_share *out);
/* -1: below the least, 1: beyond the most, 0: within. `slack` either way counts as within. */
int wn_share_side(const struct wn_share *share, double slack);

/* ---- limits and time ---- */

/* Whether `weight` more fits beside `load`. Equal but for rounding fits. */
bool wn_fits(double load, double weight, double at_most);
/* Whether more than so many days, of 24 hours each, have gone since. Unknown times are never over. */
bool wn_is_over(double since_s, double now_s, double days);
/* Monday 00:00 UTC of its week. */
int64_t wn_week_begin(int64_t s);
/* ISO 8601: week 1 has the year's first Thursday. */
void wn_iso_week(int64_t s, int *year, unsigned *week);

/* ---- quadrants ---- */

enum wn_quadrant {
	WN_CRITICAL_FEATURES, /* users see it, the system depends on it */
	WN_MODEL_HYGIENE,     /* users do not see it, the system depends on it */
	WN_TECHNICAL_DEBT,    /* neither */
	WN_INNOVATION,        /* users see it, the risk is small */
	WN_UNPLACED,          /* an axis cannot be told: what it looks at is missing */
	WN_QUADRANTS
};
enum wn_answer { WN_NO, WN_YES, WN_CANNOT_TELL };
/* Of a row for which the predicate came to `hit`: where it did not hit, and a feature that it looks at is
 * missing in the row, it cannot be told. */
enum wn_answer wn_answer_of(
	const struct wn_test *tests, size_t count, const struct wn_rows *rows, size_t at, bool hit);
enum wn_quadrant wn_quadrant_of(enum wn_answer visible, enum wn_answer risky);

#endif

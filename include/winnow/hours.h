/*
 * Business time: how much of the time between two instants lies in opening hours, and when so much of
 * it will have passed. Part of libwinnow, the pure engine: no clock, no file, no time zone database; the
 * changes of a zone's offset are an argument.
 *
 * An instant is open when the clock on the wall shows a time of day that is open on the date that it
 * shows. So an hour that is skipped in spring is nobody's, one that comes twice in autumn counts twice,
 * and both operations below are exact, and the inverse of each other.
 *
 * Instants are whole seconds since 1970-01-01T00:00:00Z, durations whole seconds.
 */
#ifndef WINNOW_HOURS_H
#define WINNOW_HOURS_H

#include <stddef.h>
#include <stdint.h>

enum { WN_DAY_S = 86400 };

#define WN_NEVER INT64_MAX
/* The end of the year 9999: nothing is looked for beyond. */
#define WN_LAST_S INT64_C(253402300800)

/* From `at_s` on, local time is UTC plus `offset_s`. */
struct wn_offset_change {
	int64_t at_s;
	int32_t offset_s;
};

/* Local seconds of a day: 0 <= from_s < until_s <= WN_DAY_S. */
struct wn_opening {
	int32_t from_s, until_s;
};

/* Of one day, ascending, no two touch or overlap. */
struct wn_openings {
	const struct wn_opening *list;
	size_t count;
};

/* A date with hours of its own, none on a holiday. */
struct wn_special_day {
	int64_t day; /* since 1970-01-01, by the clock on the wall */
	struct wn_openings open;
};

struct wn_hours {
	int32_t offset_s;                       /* before the first change */
	const struct wn_offset_change *changes; /* ascending */
	size_t change_count;
	struct wn_openings week[7];        /* Monday first */
	const struct wn_special_day *days; /* ascending, each date once */
	size_t day_count;
	/* Made by wn_hours_prepare. */
	int64_t week_before_s[8]; /* open before each weekday of a week; the last: of all of it */
	const int64_t *days_before_s; /* what the special days before each one add, day_count + 1 */
	const int64_t *changes_before_s; /* open from the first change to each of them */
};

/* Sums up what the rest asks for; the arrays have room for day_count + 1 and for change_count, and live as
 * long as the hours. */
void wn_hours_prepare(struct wn_hours *hours, int64_t *days_before_s, int64_t *changes_before_s);

/* Open time up to an instant, from some fixed one on: only differences mean something. O(log). */
int64_t wn_hours_until(const struct wn_hours *hours, int64_t at_s);
/* Open time from the one instant to the other; hours NULL: every hour is open. */
int64_t wn_hours_between(const struct wn_hours *hours, int64_t from_s, int64_t until_s);
/* The first instant, not before `from_s`, up to which `open_s` (not negative) of open time has passed;
 * WN_NEVER. */
int64_t wn_hours_after(const struct wn_hours *hours, int64_t from_s, int64_t open_s);

/* Days since 1970-01-01 of a date of the Gregorian calendar, month and day from 1. */
int64_t wn_day_of(int year, int month, int day);

#endif

/*
 * Calendar spans and what a row of periods tells: weeks running, sprints, months, counts that stand out. Part
 * of libwinnow, the pure engine: time is an argument, in s since 1970-01-01T00:00:00Z. All of it is UTC, so a
 * day has 24 hours in every zone's spring and autumn.
 */
#ifndef WINNOW_PERIODS_H
#define WINNOW_PERIODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* from <= s < until */
struct wn_span {
	int64_t from_s, until_s;
};

/* The week (from Monday), month or quarter of s, or the one so many before it. */
struct wn_span wn_week_span(int64_t s, int back);
struct wn_span wn_month_span(int64_t s, int back);
struct wn_span wn_quarter_span(int64_t s, int back);
/* The sprint of s, or the one so many before it, where one begins at `first_s` and each has so many days, 1 or
 * more. There are sprints before the first, too. */
struct wn_span wn_sprint_span(int64_t first_s, int days, int64_t s, int back);
/* So many months later, or earlier for less than 0, at the same time of the day: the same day of the month, or
 * the month's last day where it is shorter. */
int64_t wn_months_later(int64_t s, int months);

/* How many values at the end are beyond the limit, one after the other. NaN is beyond nothing. */
size_t wn_run_beyond(const double *values, size_t count, double limit);

/*
 * Whether a count stands out among the same count of periods before: 1 above them, -1 below, 0 neither. By
 * chance a count of mean m has the deviation sqrt(m) (Poisson), so that it stands out beyond three of these
 * (m at least 1), and when it is also at least twice the mean (or at most half of it). Neither the count
 * above nor the mean below may be less than `least`. Without periods before nothing stands out.
 */
int wn_stands_out(double count, const double *before, size_t periods, double least);

#endif

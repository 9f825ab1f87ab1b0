/*
 * Business time. Within a stretch of one offset local time runs straight, so the open time of a stretch
 * is a difference of sums over weeks and special days; the sums at each change of the offset are made
 * once. Everything is whole numbers: nothing is rounded.
 */
#include "winnow/hours.h"

#include <stdbool.h>

/* 1970-01-01 was a Thursday. */
enum { MONDAY_BEFORE = 3 };

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int weekday_of(int64_t day)
{
	return (int)(day + MONDAY_BEFORE - 7 * floor_div(day + MONDAY_BEFORE, 7));
}

/* Of the day up to second `s` of it. */
static int64_t open_until(const struct wn_openings *open, int64_t s)
{
	int64_t sum = 0;

	for (size_t i = 0; i < open->count && open->list[i].from_s < s; i++) {
		int64_t end = open->list[i].until_s < s ? open->list[i].until_s : s;

		sum += end - open->list[i].from_s;
	}
	return sum;
}

/* How many special days are before this one. */
static size_t days_before(const struct wn_hours *hours, int64_t day)
{
	size_t low = 0, high = hours->day_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hours->days[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Open time of the local calendar, whose days have 24 hours all, from 1970-01-01T00:00:00 on. */
static int64_t local_until(const struct wn_hours *hours, int64_t local_s)
{
	int64_t day = floor_div(local_s, WN_DAY_S), second = local_s - day * WN_DAY_S;
	int weekday = weekday_of(day);
	int64_t week = floor_div(day + MONDAY_BEFORE, 7);
	size_t special = days_before(hours, day);
	bool is_special = special < hours->day_count && hours->days[special].day == day;
	const struct wn_openings *today =
		is_special ? &hours->days[special].open : &hours->week[weekday];

	return week * hours->week_before_s[7] + hours->week_before_s[weekday] +
	       hours->days_before_s[special] + open_until(today, second);
}

void wn_hours_prepare(struct wn_hours *hours, int64_t *days_before_s, int64_t *changes_before_s)
{
	hours->week_before_s[0] = 0;
	for (int i = 0; i < 7; i++)
		hours->week_before_s[i + 1] =
			hours->week_before_s[i] + open_until(&hours->week[i], WN_DAY_S);
	days_before_s[0] = 0;
	for (size_t i = 0; i < hours->day_count; i++) {
		const struct wn_special_day *day = &hours->days[i];
		const struct wn_openings *usual = &hours->week[weekday_of(day->day)];

		days_before_s[i + 1] = days_before_s[i] + open_until(&day->open, WN_DAY_S) -
				       open_until(usual, WN_DAY_S);
	}
	hours->days_before_s = days_before_s;
	for (size_t i = 0; i < hours->change_count; i++) {
		const struct wn_offset_change *change = &hours->changes[i];
		int64_t stretch = 0;

		if (i > 0)
			stretch = local_until(hours, change->at_s + change[-1].offset_s) -
				  local_until(hours, change[-1].at_s + change[-1].offset_s);
		changes_before_s[i] = i > 0 ? changes_before_s[i - 1] + stretch : 0;
	}
	hours->changes_before_s = changes_before_s;
}

/* How many changes are at or before the instant. */
static size_t changes_by(const struct wn_hours *hours, int64_t at_s)
{
	size_t low = 0, high = hours->change_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hours->changes[middle].at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int64_t wn_hours_until(const struct wn_hours *hours, int64_t at_s)
{
	size_t changes = changes_by(hours, at_s);
	const struct wn_offset_change *last;

	if (hours->change_count == 0)
		return local_until(hours, at_s + hours->offset_s);
	if (changes == 0)
		return local_until(hours, at_s + hours->offset_s) -
		       local_until(hours, hours->changes[0].at_s + hours->offset_s);
	last = &hours->changes[changes - 1];
	return hours->changes_before_s[changes - 1] + local_until(hours, at_s + last->offset_s) -
	       local_until(hours, last->at_s + last->offset_s);
}

int64_t wn_hours_between(const struct wn_hours *hours, int64_t from_s, int64_t until_s)
{
	if (!hours)
		return until_s - from_s;
	return wn_hours_until(hours, until_s) - wn_hours_until(hours, from_s);
}

int64_t wn_hours_after(const struct wn_hours *hours, int64_t from_s, int64_t open_s)
{
	int64_t low = from_s, high = WN_LAST_S, goal;

	if (open_s == 0)
		return from_s;
	if (from_s >= high)
		return WN_NEVER;
	if (!hours)
		return open_s <= high - from_s ? from_s + open_s : WN_NEVER;
	goal = wn_hours_until(hours, from_s);
	if (wn_hours_until(hours, high) - goal < open_s)
		return WN_NEVER;
	goal += open_s;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (wn_hours_until(hours, middle) < goal)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
int64_t wn_day_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = floor_div(y, 400), of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

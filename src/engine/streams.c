/*
 * Arithmetic of streams (winnow/streams.h).
 */
#include "winnow/streams.h"

#include <math.h>

enum { DAY_S = 86400, DAYS_OF_WEEK = 7 };
/* By what adding up days may err. */
static const double ROUNDING = 1e-9;

/* ---- capacity ---- */

static bool is_in_force(const struct wn_reserve *reserve, double now_s)
{
	return reserve->from_s <= now_s && now_s < reserve->until_s;
}

static bool is_before(const struct wn_reserve *a, const struct wn_reserve *b)
{
	return a->share > b->share || (a->share == b->share && a->until_s > b->until_s);
}

size_t wn_reserve_at(const struct wn_reserve *reserves, size_t count, double now_s)
{
	size_t found = count;

	for (size_t i = 0; i < count; i++) {
		if (!is_in_force(&reserves[i], now_s))
			continue;
		if (found == count || is_before(&reserves[i], &reserves[found]))
			found = i;
	}
	return found;
}

static double left_over(const struct wn_share *shares, size_t count, double reserve)
{
	double left = 1 - reserve;

	for (size_t i = 0; i < count; i++) {
		if (shares[i].lane)
			left -= shares[i].actual;
	}
	return left > 0 ? left : 0;
}

void wn_share_plan(
	const struct wn_share *shares, size_t count, double reserve, struct wn_share *out)
{
	double left = left_over(shares, count, reserve);

	for (size_t i = 0; i < count; i++) {
		double own = shares[i].reserved ? reserve : 0;

		out[i] = shares[i];
		if (shares[i].lane)
			continue;
		/* NaN stays NaN. */
		out[i].at_least = shares[i].at_least * left + own;
		out[i].at_most = shares[i].at_most * left + own;
	}
}

int wn_share_side(const struct wn_share *share, double slack)
{
	if (share->actual < share->at_least - slack)
		return -1;
	return share->actual > share->at_most + slack ? 1 : 0;
}

/* ---- limits and time ---- */

bool wn_fits(double load, double weight, double at_most)
{
	return load + weight <= at_most + ROUNDING;
}

bool wn_is_over(double since_s, double now_s, double days)
{
	return now_s - since_s > days * DAY_S;
}

static int64_t day_of(int64_t s)
{
	return (s - (s % DAY_S + DAY_S) % DAY_S) / DAY_S;
}

/* 0 is Monday; 1970-01-01 was a Thursday. */
static int64_t weekday_of(int64_t day)
{
	return ((day + 3) % DAYS_OF_WEEK + DAYS_OF_WEEK) % DAYS_OF_WEEK;
}

int64_t wn_week_begin(int64_t s)
{
	int64_t day = day_of(s);

	return (day - weekday_of(day)) * DAY_S;
}

/* The civil year of a day, and the day's number in it from 0 (Howard Hinnant, days_from_civil, in which a
 * year begins in March). */
static int year_of(int64_t day, int64_t *day_of_year)
{
	int64_t z = day + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t since_march = of_era - (365 * year + year / 4 - year / 100);
	bool leap;

	year += era * 400;
	if (since_march >= 306) {
		*day_of_year = since_march - 306;
		return (int)(year + 1);
	}
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	*day_of_year = since_march + 59 + leap;
	return (int)year;
}

void wn_iso_week(int64_t s, int *year, unsigned *week)
{
	int64_t day = day_of(s), day_of_year;

	/* A week is of the year that its Thursday is in. */
	*year = year_of(day - weekday_of(day) + 3, &day_of_year);
	*week = (unsigned)(day_of_year / DAYS_OF_WEEK) + 1;
}

/* ---- quadrants ---- */

static bool is_missing(const struct wn_test *test, const struct wn_rows *rows, size_t at)
{
	bool group = test->op == WN_ALL || test->op == WN_ANY || test->op == WN_NOT;

	if (group || (test->of != WN_OF_FEATURE && test->of != WN_OF_DAYS_TO))
		return false;
	return isnan(wn_value(rows, at, test->index));
}

enum wn_answer wn_answer_of(
	const struct wn_test *tests, size_t count, const struct wn_rows *rows, size_t at, bool hit)
{
	if (hit)
		return WN_YES;
	for (size_t i = 0; i < count; i++) {
		if (is_missing(&tests[i], rows, at))
			return WN_CANNOT_TELL;
	}
	return WN_NO;
}

enum wn_quadrant wn_quadrant_of(enum wn_answer visible, enum wn_answer risky)
{
	if (visible == WN_CANNOT_TELL || risky == WN_CANNOT_TELL)
		return WN_UNPLACED;
	if (risky == WN_YES)
		return visible == WN_YES ? WN_CRITICAL_FEATURES : WN_MODEL_HYGIENE;
	return visible == WN_YES ? WN_INNOVATION : WN_TECHNICAL_DEBT;
}

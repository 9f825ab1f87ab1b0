/*
 * Spans of the calendar by the arithmetic of days (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"), and the judgement of rows of periods.
 */
#include "winnow/periods.h"

#include <math.h>

#include "winnow/streams.h"

enum { DAY_S = 86400, WEEK_S = 7 * DAY_S, MONTHS = 12, QUARTER = 3 };

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* ---- days and months ---- */

/* Months are counted from January of the year 0. */
struct civil {
	int64_t month;
	int64_t day; /* from 0 */
};

static struct civil civil_of(int64_t day)
{
	int64_t z = day + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t from_march = (5 * of_year + 2) / 153;

	return (struct civil){
		.month = (year + era * 400) * MONTHS + from_march + 2,
		.day = of_year - (153 * from_march + 2) / 5,
	};
}

/* The first day of a month. */
static int64_t day_of_month(int64_t month)
{
	int64_t from_march = month - 2;
	int64_t year = floor_div(from_march, MONTHS);
	int64_t era = floor_div(year, 400);
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (from_march - year * MONTHS) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* ---- spans ---- */

struct wn_span wn_week_span(int64_t s, int back)
{
	int64_t from_s = wn_week_begin(s) - (int64_t)back * WEEK_S;

	return (struct wn_span){from_s, from_s + WEEK_S};
}

static struct wn_span months_span(int64_t month, int months)
{
	return (struct wn_span){day_of_month(month) * DAY_S, day_of_month(month + months) * DAY_S};
}

struct wn_span wn_month_span(int64_t s, int back)
{
	return months_span(civil_of(floor_div(s, DAY_S)).month - back, 1);
}

struct wn_span wn_quarter_span(int64_t s, int back)
{
	int64_t quarter = floor_div(civil_of(floor_div(s, DAY_S)).month, QUARTER) - back;

	return months_span(quarter * QUARTER, QUARTER);
}

struct wn_span wn_sprint_span(int64_t first_s, int days, int64_t s, int back)
{
	int64_t length_s = (int64_t)days * DAY_S;
	int64_t from_s = first_s + (floor_div(s - first_s, length_s) - back) * length_s;

	return (struct wn_span){from_s, from_s + length_s};
}

int64_t wn_months_later(int64_t s, int months)
{
	int64_t day = floor_div(s, DAY_S);
	struct civil civil = civil_of(day);
	int64_t first = day_of_month(civil.month + months);
	int64_t last = day_of_month(civil.month + months + 1) - 1;
	int64_t wanted = first + civil.day;

	return (wanted < last ? wanted : last) * DAY_S + (s - day * DAY_S);
}

/* ---- rows of periods ---- */

size_t wn_run_beyond(const double *values, size_t count, double limit)
{
	size_t run = 0;

	while (run < count && values[count - 1 - run] > limit)
		run++;
	return run;
}

int wn_stands_out(double count, const double *before, size_t periods, double least)
{
	double mean = 0, allowed;

	if (periods == 0)
		return 0;
	for (size_t i = 0; i < periods; i++)
		mean += before[i] / (double)periods;
	allowed = 3 * sqrt(fmax(mean, 1));
	if (count >= least && count >= 2 * mean && count > mean + allowed)
		return 1;
	return mean >= least && count <= mean / 2 && count < mean - allowed ? -1 : 0;
}

/*
 * Streams: shares with lanes and a reserve, limits, timeboxes, ISO weeks, quadrants. Time is an argument.
 */
#include "support.h"

#include <math.h>
#include <time.h>

#include "winnow/streams.h"

static double utc(int year, int month, int day, int hour, int minute, int second)
{
	struct tm tm = {.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_sec = second};

	return (double)timegm(&tm);
}

/* ISO 8601-1:2019, 3.1.1.23 and 5.2.3; the dates are those of the year's turns that are told wrong most. */
static const struct {
	int year, month, day, iso_year;
	unsigned week;
} weeks[] = {
	{1969, 12, 28, 1969, 52},
	{1969, 12, 29, 1970, 1},
	{1970, 1, 1, 1970, 1},
	{2000, 1, 2, 1999, 52},
	{2000, 2, 29, 2000, 9},
	{2004, 12, 31, 2004, 53},
	{2005, 1, 2, 2004, 53},
	{2005, 1, 3, 2005, 1},
	{2008, 12, 29, 2009, 1},
	{2009, 12, 31, 2009, 53},
	{2010, 1, 3, 2009, 53},
	{2020, 12, 31, 2020, 53},
	{2021, 1, 3, 2020, 53},
	{2024, 2, 29, 2024, 9},
	{2024, 12, 30, 2025, 1},
	{2026, 11, 21, 2026, 47},
	{2026, 12, 31, 2026, 53},
	{2027, 1, 3, 2026, 53},
	{2100, 3, 1, 2100, 9},
};

static void test_iso_weeks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof weeks / sizeof *weeks; i++) {
		double day = utc(weeks[i].year, weeks[i].month, weeks[i].day, 0, 0, 0);
		unsigned week;
		int year;

		for (int64_t s = 0; s < 86400; s += 86399) {
			wn_iso_week((int64_t)day + s, &year, &week);
			assert_int_equal(year, weeks[i].iso_year);
			assert_int_equal(week, weeks[i].week);
		}
	}
}

static void test_weeks_begin_on_monday(void **state)
{
	(void)state;
	assert_int_equal(wn_week_begin((int64_t)utc(2026, 11, 22, 23, 59, 59)),
		(int64_t)utc(2026, 11, 16, 0, 0, 0));
	assert_int_equal(wn_week_begin((int64_t)utc(2026, 11, 23, 0, 0, 0)),
		(int64_t)utc(2026, 11, 23, 0, 0, 0));
	assert_int_equal(wn_week_begin((int64_t)utc(2024, 3, 1, 12, 0, 0)),
		(int64_t)utc(2024, 2, 26, 0, 0, 0));
	assert_int_equal(wn_week_begin(-1), (int64_t)utc(1969, 12, 29, 0, 0, 0));
}

/* Against the C library, day by day over 400 years. */
static void test_weeks_as_the_library_has_them(void **state)
{
	int64_t first = (int64_t)utc(1900, 1, 1, 12, 0, 0);

	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		time_t s = (time_t)(first + day * 86400);
		struct tm tm;
		char text[16], mine[32];
		unsigned week;
		int year;

		gmtime_r(&s, &tm);
		strftime(text, sizeof text, "%G-%V", &tm);
		wn_iso_week(s, &year, &week);
		snprintf(mine, sizeof mine, "%d-%02u", year, week);
		assert_string_equal(mine, text);
	}
}

/* ---- timeboxes ---- */

static void test_a_timebox_is_over_after_so_many_days(void **state)
{
	/* Across a leap day and a change to summer time: a day is 24 hours. */
	double since = utc(2024, 2, 28, 9, 30, 0);

	(void)state;
	assert_false(wn_is_over(since, utc(2024, 3, 2, 9, 30, 0), 3));
	assert_true(wn_is_over(since, utc(2024, 3, 2, 9, 30, 1), 3));
	assert_false(wn_is_over(utc(2026, 3, 28, 12, 0, 0), utc(2026, 3, 31, 12, 0, 0), 3));
	assert_true(wn_is_over(since, since + 1, 0));
	assert_false(wn_is_over(NAN, since, 3));
	assert_false(wn_is_over(since, utc(2030, 1, 1, 0, 0, 0), NAN));
}

static void test_limits(void **state)
{
	(void)state;
	assert_true(wn_fits(1, 1, 2));
	assert_false(wn_fits(2, 1, 2));
	assert_true(wn_fits(.1 + .2, .3, .6));
	assert_false(wn_fits(.6, .001, .6));
	assert_true(wn_fits(0, 0, 0));
	assert_false(wn_fits(0, 1, 0));
}

/* ---- the reserve ---- */

static void test_a_reserve_is_in_force_for_its_days(void **state)
{
	double at = utc(2024, 1, 15, 8, 0, 0);
	struct wn_reserve reserve = {at, at + 60 * 86400., .3};

	(void)state;
	assert_int_equal(wn_reserve_at(&reserve, 1, at - 1), 1);
	assert_int_equal(wn_reserve_at(&reserve, 1, at), 0);
	/* 60 days from 15 January of a leap year end on 15 March. */
	assert_int_equal(wn_reserve_at(&reserve, 1, utc(2024, 3, 15, 7, 59, 59)), 0);
	assert_int_equal(wn_reserve_at(&reserve, 1, utc(2024, 3, 15, 8, 0, 0)), 1);
	assert_int_equal(wn_reserve_at(NULL, 0, at), 0);
}

static void test_reserves_do_not_add_up(void **state)
{
	const struct wn_reserve reserves[] = {{0, 100, .3}, {50, 90, .4}, {60, 120, .4}};

	(void)state;
	assert_int_equal(wn_reserve_at(reserves, 3, 10), 0);
	assert_int_equal(wn_reserve_at(reserves, 3, 55), 1);
	assert_int_equal(wn_reserve_at(reserves, 3, 70), 2);
	assert_int_equal(wn_reserve_at(reserves, 3, 119), 2);
	assert_int_equal(wn_reserve_at(reserves, 3, 120), 3);
}

/* ---- shares ---- */

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-12;
}

static void test_shares_without_anything_stay(void **state)
{
	const struct wn_share shares[] = {{.3, .5, .4, false, false}, {NAN, NAN, .6, false, false}};
	struct wn_share plan[2];

	(void)state;
	wn_share_plan(shares, 2, 0, plan);
	assert_true(near(plan[0].at_least, .3) && near(plan[0].at_most, .5));
	assert_true(isnan(plan[1].at_least) && isnan(plan[1].at_most));
	assert_int_equal(wn_share_side(&plan[0], 0), 0);
	assert_int_equal(wn_share_side(&plan[1], 0), 0);
}

/* A lane takes .2 and .3 is reserved: half is left to share, and the reserve is the bug stream's. */
static void test_lanes_and_the_reserve_draw_on_the_others(void **state)
{
	const struct wn_share shares[] = {
		{.4, .5, .2, false, false},
		{.2, .3, .6, false, true},
		{NAN, NAN, .2, true, false},
	};
	struct wn_share plan[3];

	(void)state;
	wn_share_plan(shares, 3, .3, plan);
	assert_true(near(plan[0].at_least, .2) && near(plan[0].at_most, .25));
	assert_true(near(plan[1].at_least, .4) && near(plan[1].at_most, .45));
	assert_true(isnan(plan[2].at_least));
	assert_int_equal(wn_share_side(&plan[0], 1e-9), 0);
	assert_int_equal(wn_share_side(&plan[1], 0), 1);
}

static void test_nothing_is_left_at_worst(void **state)
{
	const struct wn_share shares[] = {{.3, .5, .1, false, false}, {NAN, NAN, .9, true, false}};
	struct wn_share plan[2];

	(void)state;
	wn_share_plan(shares, 2, .4, plan);
	assert_true(plan[0].at_least == 0 && plan[0].at_most == 0);
	assert_int_equal(wn_share_side(&plan[0], 0), 1);
}

/* The planned least shares with what lanes take and the reserve never come to more than the whole. */
static void test_a_plan_fits_into_the_whole(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct wn_share shares[6], plan[6];
		double reserve = (double)test_below(&random, 41) / 100, left = 1, whole = 0;
		size_t count = 1 + test_below(&random, 6);

		for (size_t i = 0; i < count; i++) {
			double least = left * (double)test_below(&random, 101) / 100;

			left -= least;
			shares[i] = (struct wn_share){
				least, 1, 1. / (double)count, test_below(&random, 4) == 0, i == 0};
		}
		wn_share_plan(shares, count, reserve, plan);
		for (size_t i = 0; i < count; i++) {
			assert_true(plan[i].at_least <= plan[i].at_most + 1e-12);
			whole += shares[i].lane ? shares[i].actual : plan[i].at_least;
		}
		if (shares[0].lane)
			whole += reserve;
		left = 1;
		for (size_t i = 0; i < count; i++)
			left -= shares[i].lane ? shares[i].actual : 0;
		assert_true(whole <= fmax(1, 1 - left + reserve) + 1e-9);
	}
}

/* ---- quadrants ---- */

static void test_quadrants(void **state)
{
	(void)state;
	assert_int_equal(wn_quadrant_of(WN_YES, WN_YES), WN_CRITICAL_FEATURES);
	assert_int_equal(wn_quadrant_of(WN_NO, WN_YES), WN_MODEL_HYGIENE);
	assert_int_equal(wn_quadrant_of(WN_NO, WN_NO), WN_TECHNICAL_DEBT);
	assert_int_equal(wn_quadrant_of(WN_YES, WN_NO), WN_INNOVATION);
	for (int other = WN_NO; other <= WN_CANNOT_TELL; other++) {
		assert_int_equal(
			wn_quadrant_of(WN_CANNOT_TELL, (enum wn_answer)other), WN_UNPLACED);
		assert_int_equal(
			wn_quadrant_of((enum wn_answer)other, WN_CANNOT_TELL), WN_UNPLACED);
	}
}

static void test_what_is_missing_cannot_be_told(void **state)
{
	const double known[] = {1}, unknown[] = {NAN}, limit[] = {2};
	const double *columns[] = {known, unknown};
	const struct wn_rows rows = {.rows = 1, .columns = columns, .column_count = 2};
	struct wn_test tests[] = {
		{.op = WN_ANY, .children = 2, .size = 3},
		{.op = WN_GE,
			.of = WN_OF_FEATURE,
			.index = 0,
			.numbers = limit,
			.count = 1,
			.size = 1},
		{.op = WN_GE,
			.of = WN_OF_FEATURE,
			.index = 0,
			.numbers = limit,
			.count = 1,
			.size = 1},
	};

	(void)state;
	assert_int_equal(wn_answer_of(tests, 3, &rows, 0, true), WN_YES);
	assert_int_equal(wn_answer_of(tests, 3, &rows, 0, false), WN_NO);
	tests[2].index = 1;
	assert_int_equal(wn_answer_of(tests, 3, &rows, 0, false), WN_CANNOT_TELL);
	assert_int_equal(wn_answer_of(tests, 3, &rows, 0, true), WN_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iso_weeks),
		cmocka_unit_test(test_weeks_begin_on_monday),
		cmocka_unit_test(test_weeks_as_the_library_has_them),
		cmocka_unit_test(test_a_timebox_is_over_after_so_many_days),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_reserve_is_in_force_for_its_days),
		cmocka_unit_test(test_reserves_do_not_add_up),
		cmocka_unit_test(test_shares_without_anything_stay),
		cmocka_unit_test(test_lanes_and_the_reserve_draw_on_the_others),
		cmocka_unit_test(test_nothing_is_left_at_worst),
		cmocka_unit_test(test_a_plan_fits_into_the_whole),
		cmocka_unit_test(test_quadrants),
		cmocka_unit_test(test_what_is_missing_cannot_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Spans of the calendar and rows of periods. Expected dates are those of the proleptic Gregorian calendar, told
 * by the C library's timegm.
 */
#include "support.h"

#include <math.h>
#include <time.h>

#include "winnow/periods.h"

struct date {
	int year, month, day;
};

static int64_t utc(struct date date, int hour)
{
	struct tm tm = {.tm_year = date.year - 1900,
		.tm_mon = date.month - 1,
		.tm_mday = date.day,
		.tm_hour = hour};

	return (int64_t)timegm(&tm);
}

static void assert_span(struct wn_span span, struct date from, struct date until)
{
	assert_int_equal(span.from_s, utc(from, 0));
	assert_int_equal(span.until_s, utc(until, 0));
}

static const struct {
	struct date day;
	int back;
	struct date from, until;
} months[] = {
	{{2026, 11, 21}, 0, {2026, 11, 1}, {2026, 12, 1}},
	{{2026, 11, 30}, 1, {2026, 10, 1}, {2026, 11, 1}},
	{{2026, 1, 1}, 0, {2026, 1, 1}, {2026, 2, 1}},
	{{2026, 1, 31}, 1, {2025, 12, 1}, {2026, 1, 1}},
	{{2026, 1, 31}, 13, {2024, 12, 1}, {2025, 1, 1}},
	/* Leap days: 2024 and 2000 have one, 1900 and 2100 have none. */
	{{2024, 2, 29}, 0, {2024, 2, 1}, {2024, 3, 1}},
	{{2000, 3, 1}, 1, {2000, 2, 1}, {2000, 3, 1}},
	{{2100, 3, 1}, 1, {2100, 2, 1}, {2100, 3, 1}},
	{{1900, 2, 28}, 0, {1900, 2, 1}, {1900, 3, 1}},
	{{1969, 12, 31}, 0, {1969, 12, 1}, {1970, 1, 1}},
	/* Months in which Europe and America change their clocks. */
	{{2026, 3, 29}, 0, {2026, 3, 1}, {2026, 4, 1}},
	{{2026, 10, 25}, 0, {2026, 10, 1}, {2026, 11, 1}},
};

static void test_months(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
		for (int hour = 0; hour < 24; hour += 23)
			assert_span(wn_month_span(utc(months[i].day, hour), months[i].back),
				months[i].from, months[i].until);
	}
	/* The last second of a month and the first of the next. */
	assert_int_equal(wn_month_span(utc((struct date){2024, 3, 1}, 0) - 1, 0).until_s,
		utc((struct date){2024, 3, 1}, 0));
}

/* Every month of 400 years follows the one before without a hole. */
static void test_months_follow_each_other(void **state)
{
	int64_t s = utc((struct date){1900, 1, 1}, 0);

	(void)state;
	for (int i = 0; i < 400 * 12; i++) {
		struct wn_span span = wn_month_span(s, 0);
		struct tm tm;
		time_t from = (time_t)span.from_s;

		gmtime_r(&from, &tm);
		assert_int_equal(span.from_s, s);
		assert_int_equal(tm.tm_mday, 1);
		assert_int_equal(tm.tm_mon, i % 12);
		assert_int_equal(wn_month_span(span.until_s, 1).from_s, s);
		s = span.until_s;
	}
}

static void test_quarters(void **state)
{
	(void)state;
	assert_span(wn_quarter_span(utc((struct date){2026, 11, 21}, 12), 0),
		(struct date){2026, 10, 1}, (struct date){2027, 1, 1});
	assert_span(wn_quarter_span(utc((struct date){2026, 1, 1}, 0), 1),
		(struct date){2025, 10, 1}, (struct date){2026, 1, 1});
	assert_span(wn_quarter_span(utc((struct date){2024, 2, 29}, 23), 0),
		(struct date){2024, 1, 1}, (struct date){2024, 4, 1});
}

static void test_weeks(void **state)
{
	(void)state;
	assert_span(wn_week_span(utc((struct date){2026, 11, 22}, 23), 0),
		(struct date){2026, 11, 16}, (struct date){2026, 11, 23});
	assert_span(wn_week_span(utc((struct date){2026, 1, 1}, 0), 3), (struct date){2025, 12, 8},
		(struct date){2025, 12, 15});
	/* Over the end of summer time in Europe and the one in America: 168 hours all the same. */
	assert_span(wn_week_span(utc((struct date){2026, 10, 25}, 1), 0),
		(struct date){2026, 10, 19}, (struct date){2026, 10, 26});
	assert_span(wn_week_span(utc((struct date){2026, 11, 1}, 6), 0),
		(struct date){2026, 10, 26}, (struct date){2026, 11, 2});
}

static void test_sprints(void **state)
{
	int64_t first_s = utc((struct date){2026, 1, 5}, 0);

	(void)state;
	assert_span(wn_sprint_span(first_s, 14, first_s, 0), (struct date){2026, 1, 5},
		(struct date){2026, 1, 19});
	assert_span(wn_sprint_span(first_s, 14, first_s - 1, 0), (struct date){2025, 12, 22},
		(struct date){2026, 1, 5});
	/* Four sprints before now, seen from behind the leap day of 2028. */
	assert_span(wn_sprint_span(first_s, 14, utc((struct date){2028, 3, 1}, 12), 4),
		(struct date){2028, 1, 3}, (struct date){2028, 1, 17});
	/* Across the change to summer time, and of another length. */
	assert_span(wn_sprint_span(first_s, 14, utc((struct date){2026, 3, 29}, 2), 0),
		(struct date){2026, 3, 16}, (struct date){2026, 3, 30});
	assert_span(wn_sprint_span(first_s, 21, utc((struct date){2026, 1, 26}, 0), 1),
		(struct date){2026, 1, 5}, (struct date){2026, 1, 26});
}

static const struct {
	struct date day;
	int months;
	struct date then;
} later[] = {
	{{2026, 8, 31}, 2, {2026, 10, 31}},
	{{2026, 12, 31}, 2, {2027, 2, 28}},
	{{2027, 12, 31}, 2, {2028, 2, 29}},
	{{2024, 2, 29}, 12, {2025, 2, 28}},
	{{2024, 2, 29}, 48, {2028, 2, 29}},
	{{2096, 2, 29}, 48, {2100, 2, 28}},
	{{2026, 11, 30}, 3, {2027, 2, 28}},
	{{2026, 5, 31}, -3, {2026, 2, 28}},
	{{2026, 5, 31}, -6, {2025, 11, 30}},
	{{2026, 3, 29}, 0, {2026, 3, 29}},
	{{2026, 1, 31}, 9, {2026, 10, 31}},
};

static void test_months_later(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		assert_int_equal(wn_months_later(utc(later[i].day, 17) + 61, later[i].months),
			utc(later[i].then, 17) + 61);
}

static void test_weeks_running(void **state)
{
	static const double three[] = {0.1, 0.25, 0.21, 0.3};
	static const double broken[] = {0.3, 0.3, 0.2, 0.3};
	static const double idle[] = {0.3, NAN, 0.3, 0.3};

	(void)state;
	assert_int_equal(wn_run_beyond(three, 4, 0.2), 3);
	/* What is at the limit is not beyond it. */
	assert_int_equal(wn_run_beyond(broken, 4, 0.2), 1);
	assert_int_equal(wn_run_beyond(idle, 4, 0.2), 2);
	assert_int_equal(wn_run_beyond(three, 4, 0), 4);
	assert_int_equal(wn_run_beyond(three, 0, 0), 0);
}

static const struct {
	double count, before[4], least;
	int expected;
} rows[] = {
	{10, {0, 0, 0, 0}, 10, 1},
	{9, {0, 0, 0, 0}, 10, 0},
	{30, {10, 10, 10, 10}, 10, 1},
	/* Twice the mean is not enough where chance gives as much: 12 <= 6 + 3 sqrt 6. */
	{12, {6, 6, 6, 6}, 10, 0},
	{14, {6, 6, 6, 6}, 10, 1},
	/* Beyond chance, yet not twice as much. */
	{140, {100, 100, 100, 100}, 10, 0},
	{200, {100, 100, 100, 100}, 10, 1},
	{0, {16, 16, 16, 16}, 10, -1},
	{4, {16, 16, 16, 16}, 10, 0},
	{3, {16, 16, 16, 16}, 10, -1},
	{0, {9, 9, 9, 9}, 10, 0},
	{20, {40, 0, 40, 0}, 10, 0},
};

static void test_what_stands_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(wn_stands_out(rows[i].count, rows[i].before, 4, rows[i].least),
			rows[i].expected);
	assert_int_equal(wn_stands_out(1000, rows[0].before, 0, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_months),
		cmocka_unit_test(test_months_follow_each_other),
		cmocka_unit_test(test_quarters),
		cmocka_unit_test(test_weeks),
		cmocka_unit_test(test_sprints),
		cmocka_unit_test(test_months_later),
		cmocka_unit_test(test_weeks_running),
		cmocka_unit_test(test_what_stands_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

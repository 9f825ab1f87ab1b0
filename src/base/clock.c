/*
 * The system's clocks, and RFC 3339 in and out. The calendar is computed here: timegm and
 * strftime depend on the process's locale and time zone data, and are slower than arithmetic.
 */
#include "base/clock.h"

#include <time.h>

enum { S_PER_DAY = 86400, FIRST_YEAR = 1 };

static int64_t read_clock(clockid_t id)
{
	struct timespec now;

	/* Neither clock can fail on Linux. */
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t system_now_us(void *self)
{
	(void)self;
	return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic_us(void *self)
{
	(void)self;
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_thread_cpu_us(void)
{
	struct timespec taken;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &taken);
	return (int64_t)taken.tv_sec * US_PER_S + taken.tv_nsec / 1000;
}

const struct clock clock_system = {system_now_us, system_monotonic_us, NULL};

/*
 * Days since 1970-01-01 in the proleptic Gregorian calendar and back, by the idea of Howard
 * Hinnant, "chrono-Compatible Low-Level Date Algorithms": let the year begin in March, so that the
 * leap day is its last, and count in cycles of 400 years (146097 days). 719468 days lie between
 * 0000-03-01 and the epoch; years are positive here, so nothing is rounded towards the wrong side.
 */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
	int64_t from_march = month > 2 ? month - 3 : month + 9;
	int64_t march_year = month > 2 ? year : year - 1;
	int64_t cycle = march_year / 400;
	int64_t year_of_cycle = march_year - cycle * 400;
	int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
	int64_t day_of_cycle =
		year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;

	return cycle * 146097 + day_of_cycle - 719468;
}

struct date {
	int64_t year, month, day;
};

static struct date date_of_days(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t cycle = shifted / 146097;
	int64_t day_of_cycle = shifted - cycle * 146097;
	int64_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 -
					day_of_cycle / 146096) /
				365;
	int64_t day_of_year =
		day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
	int64_t from_march = (5 * day_of_year + 2) / 153;
	struct date date = {
		.year = year_of_cycle + cycle * 400 + (from_march >= 10),
		.month = from_march < 10 ? from_march + 3 : from_march - 9,
		.day = day_of_year - (153 * from_march + 2) / 5 + 1,
	};

	return date;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Reads `count` digits at *at and moves on; -1 when there is something else. */
static int64_t take_digits(struct str text, size_t *at, size_t count)
{
	int64_t value = 0;

	if (text.len - *at < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		char c = text.ptr[*at + i];

		if (c < '0' || c > '9')
			return -1;
		value = value * 10 + (c - '0');
	}
	*at += count;
	return value;
}

static bool take_char(struct str text, size_t *at, char upper, char lower)
{
	if (*at == text.len || (text.ptr[*at] != upper && text.ptr[*at] != lower))
		return false;
	++*at;
	return true;
}

static bool take_date(struct str text, size_t *at, int64_t *days)
{
	int64_t year = take_digits(text, at, 4);
	int64_t month, day;

	if (year < FIRST_YEAR || !take_char(text, at, '-', '-'))
		return false;
	month = take_digits(text, at, 2);
	if (month < 1 || month > 12 || !take_char(text, at, '-', '-'))
		return false;
	day = take_digits(text, at, 2);
	if (day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_of_date(year, month, day);
	return true;
}

/* A leap second (":60") is refused: instants here have none, and folding it would move it. */
static bool take_time(struct str text, size_t *at, int64_t *us)
{
	int64_t hour = take_digits(text, at, 2);
	int64_t minute, second;
	int64_t unit_us = US_PER_S;

	if (hour < 0 || hour > 23 || !take_char(text, at, ':', ':'))
		return false;
	minute = take_digits(text, at, 2);
	if (minute < 0 || minute > 59 || !take_char(text, at, ':', ':'))
		return false;
	second = take_digits(text, at, 2);
	if (second < 0 || second > 59)
		return false;
	*us = ((hour * 60 + minute) * 60 + second) * US_PER_S;

	if (!take_char(text, at, '.', '.'))
		return true;
	for (size_t digits = 0;; digits++) {
		int64_t digit = take_digits(text, at, 1);

		if (digit < 0)
			return digits > 0;
		unit_us /= 10;
		*us += digit * unit_us;
	}
}

static bool take_offset(struct str text, size_t *at, int64_t *us)
{
	int64_t sign = 1;
	int64_t hour, minute;

	*us = 0;
	if (take_char(text, at, 'Z', 'z'))
		return true;
	if (take_char(text, at, '-', '-'))
		sign = -1;
	else if (!take_char(text, at, '+', '+'))
		return false;
	hour = take_digits(text, at, 2);
	if (hour < 0 || hour > 23 || !take_char(text, at, ':', ':'))
		return false;
	minute = take_digits(text, at, 2);
	if (minute < 0 || minute > 59)
		return false;
	*us = sign * (hour * 60 + minute) * 60 * US_PER_S;
	return true;
}

bool time_parse_rfc3339(struct str text, int64_t *out_us)
{
	size_t at = 0;
	int64_t days, time_us, offset_us, us;

	if (!take_date(text, &at, &days) || !take_char(text, &at, 'T', 't') ||
		!take_time(text, &at, &time_us) || !take_offset(text, &at, &offset_us) ||
		at != text.len)
		return false;
	/* The offset may lead out of the years that can be written again. */
	us = days * S_PER_DAY * US_PER_S + time_us - offset_us;
	if (us < TIME_FIRST_US || us > TIME_LAST_US)
		return false;
	*out_us = us;
	return true;
}

static char *put_digits(char *to, int64_t value, unsigned count)
{
	for (unsigned i = count; i > 0; i--) {
		to[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return to + count;
}

char *time_to_text(int64_t us, char text[32])
{
	int64_t in_range = us < TIME_FIRST_US  ? TIME_FIRST_US
			   : us > TIME_LAST_US ? TIME_LAST_US
					       : us;
	/* From year 1 on, so that division rounds down before 1970 too. */
	int64_t since = in_range - TIME_FIRST_US;
	int64_t days = since / US_PER_S / S_PER_DAY;
	int64_t second = since / US_PER_S % S_PER_DAY;
	int64_t fraction = since % US_PER_S;
	struct date date = date_of_days(days + days_of_date(FIRST_YEAR, 1, 1));
	char *to = text;

	to = put_digits(to, date.year, 4);
	*to++ = '-';
	to = put_digits(to, date.month, 2);
	*to++ = '-';
	to = put_digits(to, date.day, 2);
	*to++ = 'T';
	to = put_digits(to, second / 3600, 2);
	*to++ = ':';
	to = put_digits(to, second / 60 % 60, 2);
	*to++ = ':';
	to = put_digits(to, second % 60, 2);
	if (fraction > 0) {
		*to++ = '.';
		to = put_digits(to, fraction, 6);
		while (to[-1] == '0')
			to--;
	}
	*to++ = 'Z';
	*to = '\0';
	return text;
}

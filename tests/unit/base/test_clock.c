#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "random.h"

static void test_system_clock(void **state)
{
	int64_t before_s = (int64_t)time(NULL);
	int64_t now_us = clock_now_us(&clock_system);
	int64_t last_us = clock_monotonic_us(&clock_system);

	(void)state;
	/* time() may read a coarser clock, up to a tick behind. */
	assert_true(now_us / US_PER_S >= before_s - 1);
	assert_true(now_us / US_PER_S <= (int64_t)time(NULL) + 1);
	for (int i = 0; i < 1000; i++) {
		int64_t next_us = clock_monotonic_us(&clock_system);

		assert_true(next_us >= last_us);
		last_us = next_us;
	}
}

static int64_t fixed(void *self)
{
	return *(int64_t *)self;
}

static void test_given_clock(void **state)
{
	int64_t now_us = 42;
	struct clock clock = {fixed, fixed, &now_us};

	(void)state;
	assert_int_equal(clock_now_us(&clock), 42);
	now_us++;
	assert_int_equal(clock_monotonic_us(&clock), 43);
}

struct good_case {
	const char *text;
	int64_t us;
	const char *again; /* as it is written; NULL: as it was */
};

static const struct good_case good_cases[] = {
	/* RFC 3339 §5.8 */
	{"1985-04-12T23:20:50.52Z", 482196050520000, NULL},
	{"1996-12-19T16:39:57-08:00", 851042397000000, "1996-12-20T00:39:57Z"},
	{"1937-01-01T12:00:27.87+00:20", -1041337172130000, "1937-01-01T11:40:27.87Z"},

	{"1970-01-01T00:00:00Z", 0, NULL},
	{"1969-12-31T23:59:59.999999Z", -1, NULL},
	{"1970-01-01T00:00:00.000001Z", 1, NULL},
	{"1970-01-01T00:00:00.1Z", 100000, NULL},
	{"2026-11-21T07:31:32Z", 1795246292000000, NULL},
	{"2026-11-21t07:31:32z", 1795246292000000, "2026-11-21T07:31:32Z"},
	{"2026-11-21T07:31:32.000000Z", 1795246292000000, "2026-11-21T07:31:32Z"},
	{"2026-11-21T07:31:32-00:00", 1795246292000000, "2026-11-21T07:31:32Z"},
	{"2026-11-21T07:31:32+23:59", 1795159952000000, "2026-11-20T07:32:32Z"},
	{"2026-11-21T07:31:32-23:59", 1795332632000000, "2026-11-22T07:30:32Z"},
	/* Digits beyond µs are cut, not rounded, on both sides of 1970. */
	{"1970-01-01T00:00:00.9999999999999999999999Z", 999999, "1970-01-01T00:00:00.999999Z"},
	{"1969-12-31T23:59:59.0000019Z", -999999, "1969-12-31T23:59:59.000001Z"},
	/* Leap days. */
	{"2024-02-29T00:00:00Z", 1709164800000000, NULL},
	{"2000-02-29T00:00:00Z", 951782400000000, NULL},
	{"2000-03-01T00:00:00Z", 951868800000000, NULL},
	/* The ends. */
	{"0001-01-01T00:00:00Z", -62135596800000000, NULL},
	{"9999-12-31T23:59:59.999999Z", 253402300799999999, NULL},
};

static void test_good_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good_cases / sizeof good_cases[0]; i++) {
		const struct good_case *c = &good_cases[i];
		int64_t us = 0;
		char text[32];

		if (!time_parse_rfc3339(str_from(c->text), &us))
			fail_msg("%s was refused", c->text);
		assert_int_equal(us, c->us);
		assert_string_equal(time_to_text(us, text), c->again ? c->again : c->text);
	}
}

static const char *const bad_texts[] = {
	"",
	"2026",
	"2026-11-21",
	"2026-11-21T07:31:32",
	"2026-11-21T07:31Z",
	"2026-11-21 07:31:32Z",
	"2026-11-21T07:31:32Z ",
	" 2026-11-21T07:31:32Z",
	"2026-11-21T07:31:32ZZ",
	"2026-11-21T07:31:32.Z",
	"2026-11-21T07:31:32,5Z",
	"2026-11-21T07:31:32.5",
	"2026-11-21T07:31:32+0100",
	"2026-11-21T07:31:32+01",
	"2026-11-21T07:31:32+1:00",
	"2026-11-21T07:31:32+24:00",
	"2026-11-21T07:31:32+01:60",
	"2026-11-21T07:31:32*01:00",
	"2026-11-21T24:00:00Z",
	"2026-11-21T23:60:00Z",
	/* A leap second: the table of instants has no place for it. */
	"1990-12-31T23:59:60Z",
	"2026-00-21T07:31:32Z",
	"2026-13-21T07:31:32Z",
	"2026-11-00T07:31:32Z",
	"2026-11-31T07:31:32Z",
	"2026-02-29T07:31:32Z",
	"1900-02-29T07:31:32Z",
	"2024-02-30T07:31:32Z",
	"2026-1-21T07:31:32Z",
	"2026-11-1T07:31:32Z",
	"+2026-11-21T07:31:32Z",
	"-026-11-21T07:31:32Z",
	"20261121T073132Z",
	"2026-11-21T07-31-32Z",
	"2026-11-21T7:31:32Z",
	"0000-01-01T00:00:00Z",
	/* Valid as written, but before year 1 or after 9999 in UTC. */
	"0001-01-01T00:00:00+00:01",
	"9999-12-31T23:59:59-00:01",
};

static void test_bad_texts(void **state)
{
	int64_t us = 77;

	(void)state;
	for (size_t i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++)
		if (time_parse_rfc3339(str_from(bad_texts[i]), &us))
			fail_msg("'%s' was accepted", bad_texts[i]);
	assert_false(time_parse_rfc3339(STR_NONE, &us));
	assert_false(time_parse_rfc3339(STR("2026-11-21T07:31:3\0Z"), &us));
	assert_int_equal(us, 77);
}

/* No prefix of a text is one, and nothing is read past the end (copied without a NUL for ASan). */
static void test_prefixes(void **state)
{
	struct str whole = STR("2026-11-21T07:31:32.123456+01:00");
	int64_t us;

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		char *copy = malloc(len ? len : 1);

		memcpy(copy, whole.ptr, len);
		assert_false(time_parse_rfc3339((struct str){copy, len}, &us));
		free(copy);
	}
	assert_true(time_parse_rfc3339(whole, &us));
}

static void check_day(int64_t days)
{
	int64_t us = days * 86400 * US_PER_S;
	time_t seconds = (time_t)(days * 86400);
	char expected[32], text[32];
	struct tm tm;
	int64_t again;

	gmtime_r(&seconds, &tm);
	snprintf(expected, sizeof expected, "%04u-%02u-%02uT00:00:00Z",
		(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		(unsigned)tm.tm_mday % 100);
	assert_string_equal(time_to_text(us, text), expected);
	assert_true(time_parse_rfc3339(str_from(text), &again));
	assert_int_equal(again, us);
}

/* The C library's calendar is the witness. */
static void test_days(void **state)
{
	(void)state;
	for (int64_t days = -719162; days <= 2932896; days += 97)
		check_day(days);
	/* Each day around the end of each February of four centuries. */
	for (int64_t year = 1890; year <= 2310; year++)
		for (int64_t off = 56; off <= 62; off++)
			check_day((year - 1970) * 1461 / 4 + off);
}

static void test_random_round_trip(void **state)
{
	const int64_t first_us = -62135596800000000, last_us = 253402300799999999;

	(void)state;
	random_begin("clock");
	for (int i = 0; i < 100000; i++) {
		int64_t us = first_us + (int64_t)(random_u64() % (uint64_t)(last_us - first_us));
		int64_t again;
		char text[32];

		time_to_text(us, text);
		assert_true(time_parse_rfc3339(str_from(text), &again));
		assert_int_equal(again, us);
	}
}

static void test_random_bytes_are_harmless(void **state)
{
	static const char alphabet[] = "0123456789-:TZtz.+ 0123456789";

	(void)state;
	random_begin("clock bytes");
	for (int i = 0; i < 100000; i++) {
		char text[] = "2026-11-21T07:31:32.123456+01:00";
		size_t len = random_below(sizeof text);
		int64_t us;
		char again[32];

		for (size_t n = random_below(4); n > 0; n--)
			text[random_below(sizeof text - 1)] =
				alphabet[random_below(sizeof alphabet - 1)];
		if (!time_parse_rfc3339((struct str){text, len}, &us))
			continue;
		assert_true(time_parse_rfc3339(str_from(time_to_text(us, again)), &us));
	}
}

static void test_out_of_range_is_clamped(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(time_to_text(INT64_MIN, text), "0001-01-01T00:00:00Z");
	assert_string_equal(time_to_text(-62135596800000001, text), "0001-01-01T00:00:00Z");
	assert_string_equal(time_to_text(253402300800000000, text), "9999-12-31T23:59:59.999999Z");
	assert_string_equal(time_to_text(INT64_MAX, text), "9999-12-31T23:59:59.999999Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system_clock),
		cmocka_unit_test(test_given_clock),
		cmocka_unit_test(test_good_texts),
		cmocka_unit_test(test_bad_texts),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_random_round_trip),
		cmocka_unit_test(test_random_bytes_are_harmless),
		cmocka_unit_test(test_out_of_range_is_clamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Clocks: what each event of an item's history does to one, and what it shows before, at and after the
 * time when the target is used up.
 */
#include "winnow/sla.h"

#include "support.h"

#define HOUR 3600

struct history {
	struct wn_clock_event events[8];
	size_t count;
};

static struct wn_clock_reading read_at(
	const struct wn_clock_rule *rule, const struct history *history, int64_t now_s)
{
	struct wn_clock clock = {0};
	struct wn_clock_reading reading;

	for (size_t i = 0; i < history->count; i++)
		wn_clock_step(rule, &clock, &history->events[i]);
	wn_clock_read(rule, &clock, now_s, &reading);
	assert_int_equal(wn_clock_left(rule, &clock, now_s), reading.left_s);
	return reading;
}

static void check(const struct wn_clock_rule *rule, const struct history *history, int64_t now_s,
	enum wn_clock_state state, int64_t left_s, int64_t due_s)
{
	struct wn_clock_reading reading = read_at(rule, history, now_s);

	if (reading.state != state || reading.left_s != left_s || reading.due_s != due_s)
		fail_msg("at %lld: state %d, left %lld, due %lld", (long long)now_s,
			(int)reading.state, (long long)reading.left_s, (long long)reading.due_s);
	assert_int_equal(reading.used_s, rule->target_s - left_s);
}

static const struct wn_clock_rule eight_hours = {8 * HOUR, NULL};

static void test_runs_out(void **state)
{
	const struct history history = {{{.at_s = 100, .starts = true}}, 1};
	int64_t due = 100 + 8 * HOUR;

	(void)state;
	check(&eight_hours, &history, 100, WN_CLOCK_RUNNING, 8 * HOUR, due);
	check(&eight_hours, &history, 100 + HOUR, WN_CLOCK_RUNNING, 7 * HOUR, due);
	check(&eight_hours, &history, due, WN_CLOCK_RUNNING, 0, due);
	check(&eight_hours, &history, due + 1, WN_CLOCK_BREACHED, -1, due);
	check(&eight_hours, &history, 50, WN_CLOCK_RUNNING, 8 * HOUR, due);
	assert_int_equal(read_at(&eight_hours, &history, due).started_s, 100);
	assert_int_equal(read_at(&eight_hours, &history, due).stopped_s, WN_NEVER);
}

static void test_starts_late(void **state)
{
	const struct history history = {{{.at_s = 0}, {.at_s = 10 * HOUR, .starts = true}}, 2};
	const struct history before = {{{.at_s = 0}}, 1};

	(void)state;
	check(&eight_hours, &before, 9 * HOUR, WN_CLOCK_WAITING, 8 * HOUR, WN_NEVER);
	assert_int_equal(read_at(&eight_hours, &before, 9 * HOUR).started_s, WN_NEVER);
	check(&eight_hours, &history, 11 * HOUR, WN_CLOCK_RUNNING, 7 * HOUR, 18 * HOUR);
}

static void test_pauses(void **state)
{
	const struct history paused = {
		{{.at_s = 0, .starts = true}, {.at_s = 2 * HOUR, .phase = WN_CLOCK_PAUSES}}, 2};
	const struct history again = {
		{{.at_s = 0, .starts = true}, {.at_s = 2 * HOUR, .phase = WN_CLOCK_PAUSES},
			{.at_s = 100 * HOUR}},
		3};

	(void)state;
	check(&eight_hours, &paused, 90 * HOUR, WN_CLOCK_PAUSED, 6 * HOUR, WN_NEVER);
	check(&eight_hours, &again, 101 * HOUR, WN_CLOCK_RUNNING, 5 * HOUR, 106 * HOUR);
	check(&eight_hours, &again, 107 * HOUR, WN_CLOCK_BREACHED, -HOUR, 106 * HOUR);
}

static void test_stops(void **state)
{
	const struct history met = {
		{{.at_s = 0, .starts = true}, {.at_s = 8 * HOUR, .phase = WN_CLOCK_STOPS},
			{.at_s = 20 * HOUR, .phase = WN_CLOCK_STOPS}},
		3};
	const struct history late = {
		{{.at_s = 0, .starts = true}, {.at_s = 8 * HOUR + 1, .phase = WN_CLOCK_STOPS}}, 2};
	const struct history never = {{{.at_s = 0, .phase = WN_CLOCK_STOPS}}, 1};

	(void)state;
	check(&eight_hours, &met, 1000 * HOUR, WN_CLOCK_MET, 0, 8 * HOUR);
	assert_int_equal(read_at(&eight_hours, &met, 1000 * HOUR).stopped_s, 8 * HOUR);
	check(&eight_hours, &late, 1000 * HOUR, WN_CLOCK_BREACHED, -1, 8 * HOUR);
	check(&eight_hours, &never, 1000 * HOUR, WN_CLOCK_WAITING, 8 * HOUR, WN_NEVER);
}

static void test_reopened(void **state)
{
	struct history history = {
		{{.at_s = 0, .starts = true}, {.at_s = 6 * HOUR, .phase = WN_CLOCK_STOPS},
			{.at_s = 50 * HOUR, .starts = true}},
		3};

	(void)state;
	/* The time while it was finished is nobody's. */
	check(&eight_hours, &history, 51 * HOUR, WN_CLOCK_RUNNING, HOUR, 52 * HOUR);
	history.events[2].restarts = true;
	check(&eight_hours, &history, 51 * HOUR, WN_CLOCK_RUNNING, 7 * HOUR, 58 * HOUR);
	assert_int_equal(read_at(&eight_hours, &history, 51 * HOUR).restarts, 1);
	assert_int_equal(read_at(&eight_hours, &history, 51 * HOUR).started_s, 50 * HOUR);
}

static void test_restarts_only_what_runs(void **state)
{
	const struct history history = {
		{{.at_s = 0}, {.at_s = HOUR, .restarts = true},
			{.at_s = 2 * HOUR, .starts = true, .restarts = true}},
		3};

	(void)state;
	check(&eight_hours, &history, 3 * HOUR, WN_CLOCK_RUNNING, 7 * HOUR, 10 * HOUR);
	assert_int_equal(read_at(&eight_hours, &history, 3 * HOUR).restarts, 0);
}

/* Nine to five in UTC, Monday to Friday. */
static void test_business_hours(void **state)
{
	static const struct wn_opening day = {9 * HOUR, 17 * HOUR};
	int64_t none[1];
	struct wn_hours hours = {0};
	const struct wn_clock_rule rule = {12 * HOUR, &hours};
	/* Friday 2026-11-20, 15:00: two hours that day, eight on Monday, two on Tuesday. */
	int64_t friday = wn_day_of(2026, 11, 20) * WN_DAY_S, tuesday = friday + 4 * WN_DAY_S;
	struct history history = {{{.at_s = friday + 15 * HOUR, .starts = true}}, 1};

	(void)state;
	for (int i = 0; i < 5; i++)
		hours.week[i] = (struct wn_openings){&day, 1};
	wn_hours_prepare(&hours, none, none);
	check(&rule, &history, friday + 60 * HOUR, WN_CLOCK_RUNNING, 10 * HOUR,
		tuesday + 11 * HOUR);
	check(&rule, &history, tuesday + 12 * HOUR, WN_CLOCK_BREACHED, -HOUR, tuesday + 11 * HOUR);
	/* All of it used up at closing time: finished before the next opening is in time. */
	history.events[0].at_s = friday + 13 * HOUR;
	history.events[1] =
		(struct wn_clock_event){.at_s = tuesday + 8 * HOUR, .phase = WN_CLOCK_STOPS};
	history.count = 2;
	check(&rule, &history, tuesday + 9 * HOUR, WN_CLOCK_MET, 0, tuesday - 7 * HOUR);
}

/* A reading tells the same whether or not the history has events that change nothing. */
static void test_split_histories_agree(void **state)
{
	uint64_t seed = test_seed();

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct history whole = {{{.at_s = 0, .starts = true}}, 1}, split = whole;
		int64_t first = (int64_t)test_below(&seed, 10 * HOUR);
		int64_t second = first + (int64_t)test_below(&seed, 10 * HOUR);
		int64_t now = second + (int64_t)test_below(&seed, 10 * HOUR);
		struct wn_clock_reading a, b;

		split.events[1] = (struct wn_clock_event){.at_s = first, .starts = true};
		split.events[2] = (struct wn_clock_event){.at_s = second, .starts = true};
		split.count = 3;
		a = read_at(&eight_hours, &whole, now);
		b = read_at(&eight_hours, &split, now);
		assert_int_equal(a.state, b.state);
		assert_int_equal(a.left_s, b.left_s);
		assert_int_equal(a.due_s, b.due_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_out),
		cmocka_unit_test(test_starts_late),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_reopened),
		cmocka_unit_test(test_restarts_only_what_runs),
		cmocka_unit_test(test_business_hours),
		cmocka_unit_test(test_split_histories_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

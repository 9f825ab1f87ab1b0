/*
 * Clocks of service levels: sums of business time over the stretches in which they run.
 */
#include "winnow/sla.h"

static void begin(struct wn_clock *clock, int64_t at_s)
{
	clock->started = true;
	clock->started_s = clock->since_s = at_s;
	clock->used_s = 0;
	clock->spent_s = WN_NEVER;
}

/* What has run up to `at_s`. */
static void run_to(const struct wn_clock_rule *rule, struct wn_clock *clock, int64_t at_s)
{
	int64_t from_s = clock->since_s, ran_s;

	if (at_s <= from_s)
		return;
	clock->since_s = at_s;
	if (!clock->started || clock->phase != WN_CLOCK_RUNS)
		return;
	ran_s = wn_hours_between(rule->hours, from_s, at_s);
	if (clock->spent_s == WN_NEVER && clock->used_s + ran_s >= rule->target_s)
		clock->spent_s =
			wn_hours_after(rule->hours, from_s, rule->target_s - clock->used_s);
	clock->used_s += ran_s;
}

void wn_clock_step(const struct wn_clock_rule *rule, struct wn_clock *clock,
	const struct wn_clock_event *event)
{
	bool first = event->starts && !clock->started;

	if (first)
		begin(clock, event->at_s);
	run_to(rule, clock, event->at_s);
	if (event->restarts && clock->started && !first) {
		begin(clock, clock->since_s);
		clock->restarts++;
	}
	if (event->phase == WN_CLOCK_STOPS && clock->phase != WN_CLOCK_STOPS)
		clock->stopped_s = clock->since_s;
	clock->phase = event->phase;
}

static enum wn_clock_state state_of(const struct wn_clock_rule *rule, const struct wn_clock *clock)
{
	if (!clock->started)
		return WN_CLOCK_WAITING;
	if (clock->used_s > rule->target_s)
		return WN_CLOCK_BREACHED;
	if (clock->phase == WN_CLOCK_STOPS)
		return WN_CLOCK_MET;
	return clock->phase == WN_CLOCK_PAUSES ? WN_CLOCK_PAUSED : WN_CLOCK_RUNNING;
}

void wn_clock_read(const struct wn_clock_rule *rule, const struct wn_clock *clock, int64_t now_s,
	struct wn_clock_reading *out)
{
	struct wn_clock now = *clock;
	bool stopped = clock->started && clock->phase == WN_CLOCK_STOPS;

	run_to(rule, &now, now_s);
	*out = (struct wn_clock_reading){
		.state = state_of(rule, &now),
		.started_s = now.started ? now.started_s : WN_NEVER,
		.stopped_s = stopped ? clock->stopped_s : WN_NEVER,
		.used_s = now.used_s,
		.left_s = rule->target_s - now.used_s,
		.due_s = WN_NEVER,
		.restarts = now.restarts,
	};
	if (now.started && now.spent_s != WN_NEVER)
		out->due_s = now.spent_s;
	else if (out->state == WN_CLOCK_RUNNING)
		out->due_s = wn_hours_after(rule->hours, now.since_s, out->left_s);
}

int64_t wn_clock_left(const struct wn_clock_rule *rule, const struct wn_clock *clock, int64_t now_s)
{
	bool runs = clock->started && clock->phase == WN_CLOCK_RUNS && now_s > clock->since_s;

	return rule->target_s - clock->used_s -
	       (runs ? wn_hours_between(rule->hours, clock->since_s, now_s) : 0);
}

/*
 * A clock of a service level: how much of the time that an item may take is used up. It is stepped through
 * the item's history, oldest first, and then read as of an instant. Part of libwinnow, the pure engine
 * (see hours.h for business time).
 */
#ifndef WINNOW_SLA_H
#define WINNOW_SLA_H

#include <stdbool.h>
#include <stdint.h>

#include "winnow/hours.h"

enum wn_clock_phase {
	WN_CLOCK_RUNS,
	WN_CLOCK_PAUSES,
	WN_CLOCK_STOPS, /* the item is finished */
};

/* From `at_s` on the item is in `phase`. */
struct wn_clock_event {
	int64_t at_s;
	enum wn_clock_phase phase;
	bool starts;   /* the clock, unless it has started */
	bool restarts; /* a clock that has started: from nothing */
};

struct wn_clock_rule {
	int64_t target_s;
	const struct wn_hours *hours; /* NULL: every hour counts */
};

enum wn_clock_state {
	WN_CLOCK_WAITING, /* not started */
	WN_CLOCK_RUNNING,
	WN_CLOCK_PAUSED,
	WN_CLOCK_MET,      /* stopped in time */
	WN_CLOCK_BREACHED, /* more than the target is used, whatever came after */
};

/* Set to zero before the first event. */
struct wn_clock {
	bool started;
	enum wn_clock_phase phase;
	int64_t started_s, since_s; /* `since`: the phase's beginning, or the last event's time */
	int64_t stopped_s;          /* while it is stopped: since when */
	int64_t used_s;             /* up to `since` */
	int64_t spent_s;            /* the first instant at which the target was used; WN_NEVER */
	unsigned restarts;
};

struct wn_clock_reading {
	enum wn_clock_state state;
	int64_t started_s;      /* WN_NEVER: it has not */
	int64_t stopped_s;      /* WN_NEVER: it has not */
	int64_t used_s, left_s; /* target less used: negative when breached */
	/* When the target is used up: of a clock that runs the time when it will be, of one that has used it
	 * the time when it was; else WN_NEVER. */
	int64_t due_s;
	unsigned restarts;
};

/* Events come in the order of their times; one before the last is taken as at the last. */
void wn_clock_step(const struct wn_clock_rule *rule, struct wn_clock *clock,
	const struct wn_clock_event *event);
/* The clock stays as it is. An instant before the last event is taken as that event's. */
void wn_clock_read(const struct wn_clock_rule *rule, const struct wn_clock *clock, int64_t now_s,
	struct wn_clock_reading *out);
/* The target less what is used, as wn_clock_read tells it, without asking when that will be all. */
int64_t wn_clock_left(
	const struct wn_clock_rule *rule, const struct wn_clock *clock, int64_t now_s);

#endif

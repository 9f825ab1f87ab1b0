/*
 * Time as an argument: whoever needs it gets a clock, tests give their own.
 * Instants are microseconds since 1970-01-01T00:00:00Z, no leap seconds.
 */
#ifndef WINNOW_BASE_CLOCK_H
#define WINNOW_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define TIME_NONE INT64_MIN
enum { US_PER_S = 1000000, US_PER_MS = 1000 };

/* What can be read and written: 0001-01-01T00:00:00Z to the last µs of the year 9999. */
#define TIME_FIRST_US (INT64_C(-62135596800) * US_PER_S)
#define TIME_LAST_US (INT64_C(253402300800) * US_PER_S - 1)

struct clock {
	int64_t (*now_us)(void *self);       /* wall clock */
	int64_t (*monotonic_us)(void *self); /* never goes back; for durations and deadlines */
	void *self;
};

extern const struct clock clock_system;

static inline int64_t clock_now_us(const struct clock *clock)
{
	return clock->now_us(clock->self);
}

static inline int64_t clock_monotonic_us(const struct clock *clock)
{
	return clock->monotonic_us(clock->self);
}

/* What the calling thread has taken of the processor. */
int64_t clock_thread_cpu_us(void);

/* RFC 3339 with any offset, 'T' or 't', optional fraction (digits beyond µs are cut); years 0001
 * to 9999, as written and in UTC; a leap second is refused. False when it is not one. */
bool time_parse_rfc3339(struct str text, int64_t *out_us);
/* "2026-11-21T07:31:32Z", with a fraction of 1 to 6 digits only where there is one; returns text.
 * Instants outside the years 0001 to 9999 are written as the nearer end. */
char *time_to_text(int64_t us, char text[32]);

#endif

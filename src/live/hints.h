/*
 * Hints between daemons: after a commit "this workspace is at that revision now" is told to all
 * others on the database, and what they tell comes to `heard`. Only ever a hint: the follower's
 * polling finds what was not told.
 */
#ifndef WINNOW_LIVE_HINTS_H
#define WINNOW_LIVE_HINTS_H

#include <stdint.h>

#include "base/clock.h"
#include "base/uuid.h"

struct hints;

struct hints_config {
	const char *url; /* straight to PostgreSQL, without a pooler */
	unsigned connect_timeout_s;
	const struct clock *clock;
	/* On a thread of its own. NULL: any workspace may have moved, as after an outage. */
	void (*heard)(void *self, const struct uuid *workspace, int64_t revision);
	void *self;
};

/* NULL when memory or threads are out; PostgreSQL may be away. */
struct hints *hints_start(const struct hints_config *config);
/* Never waits; what comes while the last one is being told is told together. */
void hints_tell(struct hints *hints, const struct uuid *workspace, int64_t revision);
/* NULL is fine. May take the time-out of an attempt to connect. */
void hints_stop(struct hints *hints);

#endif

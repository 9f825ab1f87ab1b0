/*
 * Those who wait for a ranking: woken when it is there, when their time is over, or when it will not
 * come.
 */
#include "live/parts.h"

#include <pthread.h>
#include <string.h>

static bool waiter_is_due(struct live *live, const struct live_waiter *waiter, int64_t now_us)
{
	const struct place *place = place_find(live, &waiter->workspace);
	const struct ranking *current = place ? place->current : NULL;

	if (live->stopping || now_us >= waiter->until_us)
		return true;
	if (!current && place && place->too_large)
		return true;
	if (!current || current->revision < waiter->revision)
		return false;
	return !waiter->other_than || strcmp(current->id, waiter->other_than) != 0;
}

void waiters_wake_due(struct live *live, bool all)
{
	int64_t now_us = clock_monotonic_us(live->clock);
	struct live_waiter **link = &live->waiters, *due = NULL;

	pthread_mutex_lock(&live->mutex);
	while (*link) {
		struct live_waiter *waiter = *link;

		if (!all && !waiter_is_due(live, waiter, now_us)) {
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		waiter->next = due;
		due = waiter;
	}
	pthread_mutex_unlock(&live->mutex);
	while (due) {
		struct live_waiter *waiter = due;

		due = due->next;
		waiter->wake(waiter);
	}
}

void live_wait(struct live *live, struct live_waiter *waiter)
{
	int64_t now_us = clock_monotonic_us(live->clock);
	bool due;

	pthread_mutex_lock(&live->mutex);
	place_want(live, &waiter->workspace);
	due = waiter_is_due(live, waiter, now_us);
	if (!due) {
		waiter->next = live->waiters;
		live->waiters = waiter;
		/* The follower must learn the new deadline, unless it looks before. */
		if (waiter->until_us - now_us < (int64_t)live->config.follow_ms * US_PER_MS)
			pthread_cond_signal(&live->look);
	}
	pthread_mutex_unlock(&live->mutex);
	if (due)
		waiter->wake(waiter);
}

void live_nudge(struct live *live, struct live_waiter *waiter)
{
	struct live_waiter **link = &live->waiters;
	bool waits;

	pthread_mutex_lock(&live->mutex);
	while (*link && *link != waiter)
		link = &(*link)->next;
	waits = *link != NULL;
	if (waits)
		*link = waiter->next;
	pthread_mutex_unlock(&live->mutex);
	if (waits)
		waiter->wake(waiter);
}

void live_wake_all(struct live *live)
{
	waiters_wake_due(live, true);
}

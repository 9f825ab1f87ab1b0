/*
 * Those who wait for news: in a ring, woken when there are some, when their time is over, or when what
 * they look at besides has changed.
 */
#include "live/news_parts.h"

#include <pthread.h>

enum { CHECK_US = US_PER_S / 2 }; /* between two looks at all who wait */

enum waiter_state { WAITER_IDLE, WAITER_LISTED, WAITER_LOOKED_AT };

static void enlist(struct news *news, struct news_waiter *waiter)
{
	struct news_waiter *head = &news->waiters;

	waiter->prev = head->prev;
	waiter->next = head;
	head->prev->next = waiter;
	head->prev = waiter;
	waiter->state = WAITER_LISTED;
	news->waiter_count++;
}

static void delist(struct news *news, struct news_waiter *waiter, enum waiter_state state)
{
	waiter->prev->next = waiter->next;
	waiter->next->prev = waiter->prev;
	waiter->state = (int)state;
	news->waiter_count--;
}

static bool is_due(const struct news *news, const struct news_waiter *waiter, int64_t now_us)
{
	return news->ended || waiter->until_us <= now_us ||
	       (waiter->reader && news_has(news, waiter->reader));
}

void news_wait(struct news *news, struct news_waiter *waiter)
{
	int64_t now_us = clock_monotonic_us(news->clock);
	bool due;

	pthread_mutex_lock(&news->mutex);
	waiter->nudged = false;
	due = is_due(news, waiter, now_us);
	if (!due)
		enlist(news, waiter);
	pthread_mutex_unlock(&news->mutex);
	if (due)
		waiter->wake(waiter);
}

void news_nudge(struct news *news, struct news_waiter *waiter)
{
	bool wake;

	pthread_mutex_lock(&news->mutex);
	wake = waiter->state == WAITER_LISTED;
	if (wake)
		delist(news, waiter, WAITER_IDLE);
	else
		waiter->nudged = waiter->state == WAITER_LOOKED_AT;
	pthread_mutex_unlock(&news->mutex);
	if (wake)
		waiter->wake(waiter);
}

void news_wake_due(struct news *news)
{
	int64_t now_us = clock_monotonic_us(news->clock);
	struct news_waiter *due = NULL, *waiter, *next;

	pthread_mutex_lock(&news->mutex);
	for (waiter = news->waiters.next; waiter != &news->waiters; waiter = next) {
		next = waiter->next;
		if (!is_due(news, waiter, now_us))
			continue;
		delist(news, waiter, WAITER_IDLE);
		waiter->next = due;
		due = waiter;
	}
	pthread_mutex_unlock(&news->mutex);
	while (due) {
		waiter = due;
		due = due->next;
		waiter->wake(waiter);
	}
}

void news_end(struct news *news)
{
	pthread_mutex_lock(&news->mutex);
	news->ended = true;
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->mutex);
	news_wake_due(news);
}

/* Asks the longest waiting one, without the mutex: it may take a while. */
static void look_at_one(struct news *news)
{
	struct news_waiter *waiter;
	bool wake;

	pthread_mutex_lock(&news->mutex);
	waiter = news->waiters.next;
	if (waiter == &news->waiters) {
		pthread_mutex_unlock(&news->mutex);
		return;
	}
	delist(news, waiter, WAITER_LOOKED_AT);
	pthread_mutex_unlock(&news->mutex);

	wake = waiter->look && waiter->look(waiter);

	pthread_mutex_lock(&news->mutex);
	wake = wake || waiter->nudged || news->ended;
	if (wake)
		waiter->state = WAITER_IDLE;
	else
		enlist(news, waiter);
	pthread_mutex_unlock(&news->mutex);
	if (wake)
		waiter->wake(waiter);
}

void news_look_at_all(struct news *news)
{
	int64_t now_us = clock_monotonic_us(news->clock);
	unsigned count;

	if (now_us - news->checked_us < CHECK_US)
		return;
	news->checked_us = now_us;
	pthread_mutex_lock(&news->mutex);
	count = news->waiter_count;
	pthread_mutex_unlock(&news->mutex);
	while (count-- > 0)
		look_at_one(news);
}

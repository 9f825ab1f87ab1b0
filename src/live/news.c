/*
 * The thread that follows the audit logs. It rests a little after each round, the longer the more
 * there are to wake, so that a busy workspace with many followers does not take the processor from
 * those who ask for pages: what happens meanwhile is told together.
 */
#include "live/news_parts.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cond.h"

enum {
	LOOK_MS = 200,
	HEARTBEAT_MS = 15000,
	KEPT = 1024,
	MOST = 3000,
	MOST_A_TOKEN = 500,
	REST_US = 10 * US_PER_MS,
	REST_EACH_US = 50, /* and so much for each who may have to be woken */
};

int64_t news_heartbeat_us(const struct news *news)
{
	return (int64_t)news->config.heartbeat_ms * US_PER_MS;
}

/* ---- the thread ---- */

/* Until a hint or the polling floor, but for a rest first. False: stop. */
static bool wait_for_round(struct news *news)
{
	struct timespec until;
	bool running;

	pthread_mutex_lock(&news->mutex);
	until = cond_deadline(REST_US + (int64_t)news->waiter_count * REST_EACH_US);
	while (!news->stopping && !news->ended &&
		pthread_cond_timedwait(&news->wake, &news->mutex, &until) == 0)
		;
	until = cond_deadline((int64_t)news->config.look_ms * US_PER_MS);
	while (!news->stopping && !news->hinted) {
		/* Without anybody to tell there is nothing to look for. */
		if (news->waiter_count == 0 && news->reader_count == 0)
			pthread_cond_wait(&news->wake, &news->mutex);
		else if (pthread_cond_timedwait(&news->wake, &news->mutex, &until) != 0)
			break;
	}
	news->hinted = false;
	running = !news->stopping;
	pthread_mutex_unlock(&news->mutex);
	return running;
}

static void *run(void *self)
{
	struct news *news = self;

	do {
		news_follow(news);
		news_look_at_all(news);
		news_wake_due(news);
	} while (wait_for_round(news));
	return NULL;
}

/* ---- the whole ---- */

static unsigned or_usual(unsigned value, unsigned usual)
{
	return value ? value : usual;
}

static void make_locks(struct news *news)
{
	pthread_mutex_init(&news->mutex, NULL);
	cond_init(&news->wake);
}

struct news *news_new(
	struct store *store, const struct clock *clock, const struct news_config *config)
{
	struct news *news = calloc(1, sizeof *news);

	if (!news)
		return NULL;
	news->store = store;
	news->clock = clock;
	news->config = (struct news_config){
		.look_ms = or_usual(config->look_ms, LOOK_MS),
		.heartbeat_ms = or_usual(config->heartbeat_ms, HEARTBEAT_MS),
		.kept = or_usual(config->kept, KEPT),
		.most = or_usual(config->most, MOST),
		.most_a_token = or_usual(config->most_a_token, MOST_A_TOKEN),
	};
	news->waiters.prev = news->waiters.next = &news->waiters;
	make_locks(news);
	if (pthread_create(&news->thread, NULL, run, news) == 0)
		return news;
	pthread_cond_destroy(&news->wake);
	pthread_mutex_destroy(&news->mutex);
	free(news);
	return NULL;
}

static void free_places(struct news *news)
{
	while (news->places) {
		struct news_place *place = news->places;

		news->places = place->next;
		news_place_drop_events(news, place);
		free(place->events);
		free(place);
	}
}

void news_free(struct news *news)
{
	if (!news)
		return;
	pthread_mutex_lock(&news->mutex);
	news->stopping = true;
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->mutex);
	pthread_join(news->thread, NULL);
	free_places(news);
	for (size_t i = 0; i < NEWS_TOKEN_BUCKETS; i++) {
		while (news->tokens[i]) {
			struct token_seats *seats = news->tokens[i];

			news->tokens[i] = seats->next;
			free(seats);
		}
	}
	pthread_cond_destroy(&news->wake);
	pthread_mutex_destroy(&news->mutex);
	free(news);
}

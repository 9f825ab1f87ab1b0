/*
 * Ranking a picture that has moved, and what is published of it: the newest ranking of a workspace, and
 * older ones for as long as their pages may be asked for.
 */
#include "live/parts.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"

enum {
	IDLE_S = 6 * 3600,          /* a workspace that nobody asks for is let go */
	KEPT_BYTES_MAX = 256 << 20, /* of a workspace's older rankings */
};

/* Old rankings stay for a while after their last page, within a number and a size. Under the
 * mutex; gives the list of those to be let go. */
static struct ranking *drop_old(struct live *live, struct place *place)
{
	int64_t keep_us = (int64_t)live->config.ranking_keep_ms * US_PER_MS;
	int64_t now_us = clock_monotonic_us(live->clock);
	struct ranking **link = &place->kept, *dropped = NULL;
	unsigned kept = 0;
	size_t bytes = 0;

	while (*link) {
		struct ranking *ranking = *link;
		bool served =
			ranking->last_served_us > 0 && now_us - ranking->last_served_us < keep_us;

		bytes += served ? ranking_bytes(ranking) : 0;
		if (served && kept < live->config.rankings_kept_max && bytes <= KEPT_BYTES_MAX) {
			kept++;
			link = &ranking->next;
			continue;
		}
		*link = ranking->next;
		ranking->next = dropped;
		dropped = ranking;
	}
	return dropped;
}

/* The new one first, the one before it joins those kept. One that differs in time alone is as fresh
 * as that: nobody has asked the database since. */
static void publish(struct live *live, struct place *place, struct ranking *ranking)
{
	int64_t fresh_us = clock_monotonic_us(live->clock);
	struct ranking *dropped = ranking;
	int64_t revision = ranking->revision;
	char id[sizeof ranking->id];

	memcpy(id, ranking->id, sizeof id);
	pthread_mutex_lock(&live->mutex);
	if (place->wanted && !place->let_go) {
		struct ranking *before = place->current;

		if (before && before->revision == ranking->revision)
			fresh_us = __atomic_load_n(&before->fresh_us, __ATOMIC_RELAXED);
		if (before) {
			before->next = place->kept;
			place->kept = before;
		}
		place->current = ranking;
		ranking_mark_fresh(ranking, fresh_us);
		dropped = drop_old(live, place);
	}
	pthread_mutex_unlock(&live->mutex);
	/* One that nobody wants any more has just been let go with the rest. */
	if (dropped != ranking)
		news_ranking(live->news, &place->workspace, id, revision);
	unref_list(dropped);
	metric_add(METRIC_rankings_published, 1);
}

/* Rankings that were made with a text which has been erased since: nobody gets them any more. */
static void forget_erased(struct live *live, struct place *place)
{
	struct ranking *dropped;

	if (!place->picture->erased)
		return;
	place->picture->erased = false;
	pthread_mutex_lock(&live->mutex);
	dropped = place->kept;
	place->kept = NULL;
	pthread_mutex_unlock(&live->mutex);
	unref_list(dropped);
	past_forget(live->past, &place->workspace);
}

void publish_forget_old(struct live *live)
{
	int64_t idle_since_us = clock_monotonic_us(live->clock) - (int64_t)IDLE_S * US_PER_S;
	struct ranking *dropped = NULL;

	pthread_mutex_lock(&live->mutex);
	for (struct place *place = live->places; place; place = place->next) {
		bool idle = place->wanted && place->asked_us < idle_since_us &&
			    !news_is_followed(live->news, &place->workspace);
		struct ranking *list = idle ? place_empty(place) : drop_old(live, place);

		while (list) {
			struct ranking *ranking = list;

			list = list->next;
			ranking->next = dropped;
			dropped = ranking;
		}
	}
	pthread_mutex_unlock(&live->mutex);
	unref_list(dropped);
}

enum error publish_place(struct live *live, struct place *place, int64_t *ranked_us)
{
	const struct ranking_request request = {
		.now_us = clock_now_us(live->clock), .model = -1, .policy = -1};
	int64_t begin_us = clock_monotonic_us(live->clock), took_us;
	int64_t begin_cpu_us = clock_thread_cpu_us();
	struct ranking *ranking;
	enum error error = ranking_compute(place->picture, &request, &ranking);

	took_us = clock_monotonic_us(live->clock) - begin_us;
	*ranked_us += clock_thread_cpu_us() - begin_cpu_us;
	if (error) {
		metric_add(METRIC_ranking_failures, 1);
		log_write(LOG_ERROR, "ranking_failed", "A ranking could not be computed",
			LOG_S("why", error_info(error)->title),
			LOG_I("revision", place->picture->revision), NULL);
		return error;
	}
	metric_set(METRIC_ranking_last_seconds, took_us);
	publish(live, place, ranking);
	forget_erased(live, place);
	return ERR_OK;
}

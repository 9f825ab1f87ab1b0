/*
 * The live part as the rest of the daemon sees it: what is published, hints, health, the whole. Everything
 * shared with readers is under one mutex, held only to look up or swap pointers.
 */
#include "live/parts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "live/hints.h"

/* ---- what has happened ---- */

static void look_now(struct live *live)
{
	pthread_mutex_lock(&live->mutex);
	live->hinted = true;
	pthread_cond_signal(&live->look);
	pthread_mutex_unlock(&live->mutex);
}

void live_hint(struct live *live, const struct uuid *workspace, int64_t revision)
{
	look_now(live);
	news_hint(live->news);
	if (live->hints)
		hints_tell(live->hints, workspace, revision);
}

/* Whether the follower would find something there: somebody asks for it, and it is behind. */
static bool is_behind(struct live *live, const struct uuid *workspace, int64_t revision)
{
	const struct place *place;
	bool behind;

	pthread_mutex_lock(&live->mutex);
	place = place_find(live, workspace);
	behind = place && place->wanted && (!place->current || place->current->revision < revision);
	pthread_mutex_unlock(&live->mutex);
	return behind;
}

/* What another daemon tells. */
static void hear(void *self, const struct uuid *workspace, int64_t revision)
{
	struct live *live = self;

	if (!workspace || is_behind(live, workspace, revision))
		look_now(live);
	if (!workspace || news_is_followed(live->news, workspace))
		news_hint(live->news);
}

struct news *live_news(struct live *live)
{
	return live->news;
}

/* ---- readers ---- */

enum error live_ranking(struct live *live, const struct uuid *workspace, struct ranking **out)
{
	enum error error = ERR_OK;
	struct place *place;

	pthread_mutex_lock(&live->mutex);
	place = place_want(live, workspace);
	if (!place) {
		error = ERR_NO_MEMORY;
	} else if (!place->current) {
		error = place->too_large ? ERR_WORKSPACE_TOO_LARGE : ERR_LOADING;
	} else {
		*out = place->current;
		ranking_ref(*out);
		(*out)->last_served_us = place->asked_us;
	}
	pthread_mutex_unlock(&live->mutex);
	return error;
}

enum error live_rankings(struct live *live, struct ranking ***out, size_t *count)
{
	struct ranking **found = NULL;
	size_t room = 0;

	*count = 0;
	pthread_mutex_lock(&live->mutex);
	for (struct place *place = live->places; place; place = place->next)
		room += place->current != NULL;
	found = malloc((room + 1) * sizeof *found);
	for (struct place *place = live->places; found && place; place = place->next) {
		if (!place->current)
			continue;
		ranking_ref(place->current);
		found[(*count)++] = place->current;
	}
	pthread_mutex_unlock(&live->mutex);
	*out = found;
	return found ? ERR_OK : ERR_NO_MEMORY;
}

enum error live_ranking_by_id(
	struct live *live, const struct uuid *workspace, const char *id, struct ranking **out)
{
	struct ranking *ranking = NULL;
	struct place *place;

	pthread_mutex_lock(&live->mutex);
	place = place_find(live, workspace);
	if (place) {
		ranking = place->current;
		if (ranking && strcmp(ranking->id, id) != 0)
			ranking = place->kept;
		while (ranking && strcmp(ranking->id, id) != 0)
			ranking = ranking->next;
	}
	if (ranking) {
		ranking_ref(ranking);
		place->asked_us = clock_monotonic_us(live->clock);
		ranking->last_served_us = place->asked_us;
	}
	pthread_mutex_unlock(&live->mutex);
	*out = ranking;
	return ranking ? ERR_OK : ERR_GONE;
}

bool live_is_failing(struct live *live, const struct uuid *workspace)
{
	const struct place *place;
	bool failing;

	pthread_mutex_lock(&live->mutex);
	place = place_find(live, workspace);
	failing = place && !place->current && place->failing;
	pthread_mutex_unlock(&live->mutex);
	return failing;
}

struct ranking *live_ranking_published(struct live *live, const struct uuid *workspace,
	int64_t revision, const struct ranking_request *request)
{
	const struct place *place;
	struct ranking *ranking = NULL;

	pthread_mutex_lock(&live->mutex);
	place = place_find(live, workspace);
	if (place) {
		ranking = place->current;
		if (ranking &&
			(ranking->revision != revision || !ranking_answers(ranking, request)))
			ranking = place->kept;
		while (ranking &&
			(ranking->revision != revision || !ranking_answers(ranking, request)))
			ranking = ranking->next;
	}
	if (ranking)
		ranking_ref(ranking);
	pthread_mutex_unlock(&live->mutex);
	return ranking;
}

enum error live_ranking_at(struct live *live, const struct uuid *workspace, int64_t revision,
	const struct ranking_request *request, struct ranking **out)
{
	*out = live_ranking_published(live, workspace, revision, request);
	return *out ? ERR_OK : past_ranking(live->past, workspace, revision, request, out);
}

void live_forget(struct live *live, const struct uuid *workspace)
{
	struct ranking *dropped = NULL;
	struct place *place;

	if (!live)
		return;
	pthread_mutex_lock(&live->mutex);
	place = place_find(live, workspace);
	if (place) {
		dropped = place_empty(place);
		place->too_large = false;
	}
	live->hinted = true;
	pthread_cond_signal(&live->look);
	pthread_mutex_unlock(&live->mutex);
	unref_list(dropped);
	past_forget(live->past, workspace);
}

void live_health(struct live *live, struct live_health *out)
{
	pthread_mutex_lock(&live->mutex);
	out->database_up = live->database_up;
	out->outage_us =
		live->database_up ? 0 : clock_monotonic_us(live->clock) - live->away_since_us;
	out->any_ranking = false;
	for (struct place *place = live->places; place; place = place->next)
		out->any_ranking = out->any_ranking || place->current;
	pthread_mutex_unlock(&live->mutex);
	/* The follower sees what it asks itself, at its turns; a session that was lost tells sooner. */
	out->database_up = out->database_up && store_answers(live->store);
}

/* ---- the whole ---- */

/* All threads; none when it fails. */
static bool start_threads(struct live *live)
{
	const struct hints_config hints = {
		.url = live->config.notify_url,
		.connect_timeout_s = live->config.connect_timeout_s,
		.clock = live->clock,
		.heard = hear,
		.self = live,
	};

	if (hints.url) {
		live->hints = hints_start(&hints);
		if (!live->hints)
			return false;
	}
	if (load_start(live) && pthread_create(&live->thread, NULL, follower_run, live) == 0)
		return true;
	load_stop(live);
	hints_stop(live->hints);
	return false;
}

struct live *live_new(
	struct store *store, const struct clock *clock, const struct live_config *config)
{
	struct live *live = calloc(1, sizeof *live);

	if (!live)
		return NULL;
	live->store = store;
	live->clock = clock;
	live->config = *config;
	live->away_since_us = clock_monotonic_us(clock);
	live->config.news.look_ms = config->follow_ms;
	live->past = past_new(
		store, clock, config->ranking_keep_ms, &(struct room){room_for_past, live});
	live->news = live->past ? news_new(store, clock, &live->config.news) : NULL;
	if (!live->news) {
		past_free(live->past);
		free(live);
		return NULL;
	}
	pthread_mutex_init(&live->mutex, NULL);
	cond_init(&live->look);
	pthread_cond_init(&live->load, NULL);
	if (start_threads(live))
		return live;
	pthread_cond_destroy(&live->look);
	pthread_cond_destroy(&live->load);
	pthread_mutex_destroy(&live->mutex);
	news_free(live->news);
	past_free(live->past);
	free(live);
	return NULL;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	hints_stop(live->hints);
	pthread_mutex_lock(&live->mutex);
	live->stopping = true;
	pthread_cond_signal(&live->look);
	pthread_mutex_unlock(&live->mutex);
	pthread_join(live->thread, NULL);
	load_stop(live);
	waiters_wake_due(live, true);
	while (live->places) {
		struct place *place = live->places;

		live->places = place->next;
		ranking_unref(place->current);
		unref_list(place->kept);
		picture_free(place->picture);
		picture_free(place->load.picture);
		free(place);
	}
	news_free(live->news);
	past_free(live->past);
	pthread_cond_destroy(&live->look);
	pthread_cond_destroy(&live->load);
	pthread_mutex_destroy(&live->mutex);
	free(live);
}

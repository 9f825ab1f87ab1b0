/*
 * The workspaces that are followed, each with the events of its last revisions; and the seats of those who
 * follow.
 */
#include "live/news_parts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"

/* ---- places; all under the mutex ---- */

struct news_place *news_place_find(struct news *news, const struct uuid *workspace)
{
	struct news_place *place = news->places;

	while (place && uuid_cmp(&place->workspace, workspace) != 0)
		place = place->next;
	return place;
}

struct news_place *news_place_get(struct news *news, const struct uuid *workspace)
{
	struct news_place *place = news_place_find(news, workspace);

	if (place)
		return place;
	place = calloc(1, sizeof *place);
	if (!place)
		return NULL;
	place->workspace = *workspace;
	place->next = news->places;
	news->places = place;
	return place;
}

struct event **news_slot(const struct news *news, const struct news_place *place, int64_t revision)
{
	return &place->events[(size_t)revision % news->config.kept];
}

void news_place_drop_events(struct news *news, struct news_place *place)
{
	for (size_t i = 0; place->events && i < news->config.kept; i++) {
		free(place->events[i]);
		place->events[i] = NULL;
	}
	place->count = 0;
}

void news_place_start(struct news *news, struct news_place *place, int64_t last)
{
	news_place_drop_events(news, place);
	place->last = last;
	place->hashed = false;
	place->known = true;
}

void news_poke(struct news *news)
{
	news->hinted = true;
	pthread_cond_signal(&news->wake);
}

/* ---- what is told from outside ---- */

void news_hint(struct news *news)
{
	pthread_mutex_lock(&news->mutex);
	if (news->reader_count > 0)
		news_poke(news);
	pthread_mutex_unlock(&news->mutex);
}

void news_ranking(struct news *news, const struct uuid *workspace, const char *id, int64_t revision)
{
	struct news_place *place;

	pthread_mutex_lock(&news->mutex);
	place = news_place_get(news, workspace);
	if (place) {
		snprintf(place->ranking, sizeof place->ranking, "%s", id);
		place->ranking_revision = revision;
		if (place->readers > 0)
			news_poke(news);
	}
	pthread_mutex_unlock(&news->mutex);
}

bool news_is_followed(struct news *news, const struct uuid *workspace)
{
	const struct news_place *place;
	bool followed;

	pthread_mutex_lock(&news->mutex);
	place = news_place_find(news, workspace);
	followed = place && place->readers > 0;
	pthread_mutex_unlock(&news->mutex);
	return followed;
}

/* ---- seats ---- */

static struct token_seats **seats_of(struct news *news, const struct uuid *token)
{
	struct token_seats **link = &news->tokens[token->bytes[0] % NEWS_TOKEN_BUCKETS];

	while (*link && uuid_cmp(&(*link)->token, token) != 0)
		link = &(*link)->next;
	return link;
}

static enum error take_seat(struct news *news, const struct uuid *token)
{
	struct token_seats **link = seats_of(news, token);

	if (news->seats >= news->config.most)
		return ERR_STREAMS_FULL;
	if (*link && (*link)->count >= news->config.most_a_token)
		return ERR_TOO_MANY_STREAMS;
	if (!*link) {
		*link = calloc(1, sizeof **link);
		if (!*link)
			return ERR_NO_MEMORY;
		(*link)->token = *token;
	}
	(*link)->count++;
	news->seats++;
	return ERR_OK;
}

enum error news_enter(struct news *news, const struct uuid *token)
{
	enum error error;

	pthread_mutex_lock(&news->mutex);
	error = take_seat(news, token);
	pthread_mutex_unlock(&news->mutex);
	if (error)
		metric_add(METRIC_streams_refused, 1);
	return error;
}

void news_leave(struct news *news, const struct uuid *token)
{
	struct token_seats **link, *seats;

	pthread_mutex_lock(&news->mutex);
	link = seats_of(news, token);
	seats = *link;
	if (seats) {
		news->seats--;
		if (--seats->count == 0) {
			*link = seats->next;
			free(seats);
		}
	}
	pthread_mutex_unlock(&news->mutex);
}

/*
 * The workspaces that somebody has asked for. A place stays once it is there; what it holds comes and
 * goes.
 */
#include "live/parts.h"

#include <pthread.h>
#include <stdlib.h>

struct place *place_find(struct live *live, const struct uuid *workspace)
{
	struct place *place = live->places;

	while (place && uuid_cmp(&place->workspace, workspace) != 0)
		place = place->next;
	return place;
}

struct place *place_want(struct live *live, const struct uuid *workspace)
{
	struct place *place = place_find(live, workspace);

	if (!place) {
		place = calloc(1, sizeof *place);
		if (!place)
			return NULL;
		place->live = live;
		place->workspace = *workspace;
		place->head = -1;
		place->next = live->places;
		live->places = place;
	}
	place->asked_us = clock_monotonic_us(live->clock);
	if (place->wanted)
		return place;
	place->wanted = true;
	live->hinted = true;
	pthread_cond_signal(&live->look);
	return place;
}

struct ranking *place_empty(struct place *place)
{
	struct ranking *all = place->current;

	if (all)
		all->next = place->kept;
	else
		all = place->kept;
	place->current = place->kept = NULL;
	place->wanted = false;
	return all;
}

void unref_list(struct ranking *list)
{
	while (list) {
		struct ranking *ranking = list;

		list = list->next;
		ranking_unref(ranking);
	}
}

void drop_picture(struct place *place)
{
	picture_free(place->picture);
	place->picture = NULL;
	pthread_mutex_lock(&place->live->mutex);
	place->picture_bytes = 0;
	pthread_mutex_unlock(&place->live->mutex);
}

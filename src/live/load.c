/*
 * Loading: what takes seconds for a large workspace is done beside the follower, which goes on with all
 * others meanwhile. A place is handed over by its state, under the mutex: the follower wants it loaded, a
 * loader fills a picture that nobody else sees, and the follower takes that, ranks and publishes it.
 */
#include "live/parts.h"

#include <pthread.h>

#include "base/metrics.h"

/* Under the mutex: of the places that wait the one that has waited longest. */
static struct place *next_wanted(struct live *live)
{
	struct place *next = NULL;

	for (struct place *place = live->places; place; place = place->next) {
		if (place->load.state == LOAD_WANTED &&
			(!next || place->load.since_us < next->load.since_us))
			next = place;
	}
	return next;
}

/* Asked while the picture grows. */
static enum error take_room(void *self, size_t bytes)
{
	struct place *place = self;
	struct live *live = place->live;
	bool over;

	pthread_mutex_lock(&live->mutex);
	over = live->stopping || !place->wanted;
	pthread_mutex_unlock(&live->mutex);
	return over ? ERR_NO_ROOM : room_for_load(place, bytes);
}

static enum error fill(struct place *place, struct picture *picture)
{
	struct conn *conn;
	enum error error = store_acquire(place->live->store, &conn);
	bool moved = false;

	if (error)
		return error;
	error = picture_follow(picture, conn, &moved);
	store_release(place->live->store, conn);
	if (moved)
		metric_add(METRIC_pictures_loaded, 1);
	return error;
}

/* Under the mutex, which is given back meanwhile. */
static void load_place(struct live *live, struct place *place)
{
	struct picture *picture = picture_new(&place->workspace);
	enum error error = ERR_NO_MEMORY;

	place->load.state = LOAD_RUNS;
	place->load.since_us = clock_monotonic_us(live->clock);
	place->load.dropped_before = live->dropped;
	place->load.picture = picture;
	pthread_mutex_unlock(&live->mutex);
	if (picture) {
		picture->room = (struct room){take_room, place};
		error = fill(place, picture);
	}
	pthread_mutex_lock(&live->mutex);
	place->load.state = LOAD_DONE;
	place->load.error = error;
	/* What there is no connection for is begun again in the follower's next turn, not at once. */
	if (error == ERR_DATABASE_AWAY || error == ERR_BUSY)
		return;
	live->hinted = true;
	pthread_cond_signal(&live->look);
}

static void *loader(void *self)
{
	struct live *live = self;

	pthread_mutex_lock(&live->mutex);
	while (!live->stopping) {
		struct place *place = next_wanted(live);

		if (place)
			load_place(live, place);
		else
			pthread_cond_wait(&live->load, &live->mutex);
	}
	pthread_mutex_unlock(&live->mutex);
	return NULL;
}

bool load_start(struct live *live)
{
	while (live->loader_count < LOADERS) {
		if (pthread_create(&live->loaders[live->loader_count], NULL, loader, live) != 0)
			return false;
		live->loader_count++;
	}
	return true;
}

void load_stop(struct live *live)
{
	pthread_mutex_lock(&live->mutex);
	live->stopping = true;
	pthread_cond_broadcast(&live->load);
	pthread_mutex_unlock(&live->mutex);
	for (unsigned i = 0; i < live->loader_count; i++)
		pthread_join(live->loaders[i], NULL);
	live->loader_count = 0;
}

/* ---- on the follower's thread ---- */

void load_want(struct place *place)
{
	struct live *live = place->live;

	pthread_mutex_lock(&live->mutex);
	if (place->load.state == LOAD_NONE && place->wanted) {
		place->load.state = LOAD_WANTED;
		place->load.since_us = clock_monotonic_us(live->clock);
		place->let_go = false;
		pthread_cond_signal(&live->load);
	}
	pthread_mutex_unlock(&live->mutex);
}

bool load_take(struct place *place, struct load *out)
{
	struct live *live = place->live;

	pthread_mutex_lock(&live->mutex);
	*out = place->load;
	if (out->state == LOAD_DONE)
		place->load = (struct load){.state = LOAD_NONE};
	/* By another thread, since it was last asked. */
	if (place->let_go && !out->error)
		out->error = ERR_NO_ROOM;
	pthread_mutex_unlock(&live->mutex);
	if (out->state != LOAD_DONE)
		return false;
	if (!out->error && out->picture->revision >= 0)
		return true;
	picture_free(out->picture);
	out->picture = NULL;
	return true;
}

/* ---- for readers ---- */

void live_loading(struct live *live, const struct uuid *workspace, struct live_loading *out)
{
	const struct place *place;

	*out = (struct live_loading){.begun = false};
	pthread_mutex_lock(&live->mutex);
	place = place_find(live, workspace);
	if (place && place->load.state == LOAD_RUNS) {
		const struct picture *picture = place->load.picture;

		out->begun = true;
		out->since_us = clock_monotonic_us(live->clock) - place->load.since_us;
		if (picture)
			out->items = __atomic_load_n(&picture->loaded_rows, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&live->mutex);
}

/*
 * The memory budget. What is counted: pictures, rankings with their blocks and pages, and what is kept
 * of the past. Beyond the budget goes first what was read least recently; it comes back when somebody
 * asks. One workspace that is larger than the budget by itself is refused until it has changed.
 *
 * Two rules keep loads from taking over when what is wanted does not fit together: a workspace that was
 * let go has others make room for it only after a pause in proportion to what the last such load took,
 * and a refused one is tried again after pauses that double.
 */
#include "live/parts.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "live/news.h"

enum {
	PAUSE_TIMES = 3, /* of what a load took that others made room for */
	REFUSED_S = 60,  /* before a refused workspace is tried again; doubles */
	REFUSED_MAX_S = 3600,
};

/* ---- weighing ---- */

/* Blocks of a ranking that what is newer does not have. */
static size_t own_block_bytes(
	const struct ranking *ranking, struct block *const *newer, size_t count)
{
	size_t bytes = 0;

	for (size_t b = 0; b < ranking->block_count; b++) {
		if (b >= count || ranking->blocks[b] != newer[b])
			bytes += block_bytes(ranking->blocks[b]);
	}
	return bytes;
}

/* References to what is published, newest first; NULL-terminated. NULL when memory is out. */
static struct ranking **hold_published(struct place *place)
{
	struct live *live = place->live;
	struct ranking **held;
	size_t count = 0;

	pthread_mutex_lock(&live->mutex);
	for (struct ranking *ranking = place->kept; ranking; ranking = ranking->next)
		count++;
	held = calloc(count + 2, sizeof(struct ranking *));
	count = 0;
	if (held && place->current)
		held[count++] = place->current;
	for (struct ranking *ranking = place->kept; held && ranking; ranking = ranking->next)
		held[count++] = ranking;
	for (size_t i = 0; i < count; i++)
		ranking_ref(held[i]);
	pthread_mutex_unlock(&live->mutex);
	return held;
}

/* Blocks are shared between a picture and its rankings; each is counted once, with the newest holder,
 * which is compared with the next: a block that was replaced does not come back. */
static void weigh(struct place *place)
{
	size_t bytes = place->picture ? picture_bytes(place->picture) : 0;
	struct block **newer = place->picture ? place->picture->blocks : NULL;
	size_t count = place->picture ? place->picture->block_count : 0;
	struct ranking **held = hold_published(place);

	for (size_t i = 0; held && held[i]; i++) {
		__atomic_store_n(&held[i]->own_block_bytes, own_block_bytes(held[i], newer, count),
			__ATOMIC_RELAXED);
		newer = held[i]->blocks;
		count = held[i]->block_count;
	}
	for (size_t i = 0; held && held[i]; i++)
		ranking_unref(held[i]);
	free(held);
	pthread_mutex_lock(&place->live->mutex);
	place->picture_bytes = bytes;
	pthread_mutex_unlock(&place->live->mutex);
}

static size_t published_bytes(const struct ranking *ranking)
{
	return ranking_bytes(ranking) +
	       __atomic_load_n(&ranking->own_block_bytes, __ATOMIC_RELAXED);
}

/* Under the mutex. What is no longer wanted goes in the follower's next turn. */
static size_t place_bytes(const struct place *place)
{
	size_t bytes = place->wanted ? place->picture_bytes : 0;

	if (place->current)
		bytes += published_bytes(place->current);
	for (const struct ranking *ranking = place->kept; ranking; ranking = ranking->next)
		bytes += published_bytes(ranking);
	return bytes;
}

static size_t held_bytes(struct live *live)
{
	size_t bytes = past_bytes(live->past);

	pthread_mutex_lock(&live->mutex);
	for (const struct place *place = live->places; place; place = place->next)
		bytes += place_bytes(place);
	pthread_mutex_unlock(&live->mutex);
	return bytes;
}

static bool is_over(struct live *live)
{
	size_t budget = live->config.memory_budget_bytes;

	return budget > 0 && held_bytes(live) > budget;
}

/* ---- letting go ---- */

static bool is_waited_for(const struct live *live, const struct place *place)
{
	const struct live_waiter *waiter = live->waiters;

	while (waiter && uuid_cmp(&waiter->workspace, &place->workspace) != 0)
		waiter = waiter->next;
	return waiter != NULL;
}

/* Under the mutex: of those that hold something the one that was read least recently, where one that a
 * stream follows is in use; NULL: none. `count`: how many there are. */
static struct place *least_read(struct live *live, const struct place *keep, size_t *count)
{
	struct place *least = NULL;
	bool least_followed = false;

	*count = 0;
	for (struct place *place = live->places; place; place = place->next) {
		bool later = least && place->asked_us >= least->asked_us;
		bool followed;

		if (place == keep || place_bytes(place) == 0)
			continue;
		(*count)++;
		if (later && !least_followed)
			continue;
		followed = news_is_followed(live->news, &place->workspace);
		if (least && (followed == least_followed ? later : followed))
			continue;
		least = place;
		least_followed = followed;
	}
	return least;
}

static void tell(const char *event, const char *what, const struct place *place, const char *name,
	size_t bytes)
{
	char id[UUID_TEXT_SIZE];

	uuid_to_text(&place->workspace, id);
	log_write(LOG_WARN, event, what, LOG_S("workspace_id", id), LOG_I(name, (int64_t)bytes),
		NULL);
}

/* Under the mutex, which it gives back. */
static void drop_place(struct live *live, struct place *place)
{
	struct ranking *dropped;
	size_t bytes = place_bytes(place);

	place->last_bytes = bytes;
	place->let_go = true;
	place->picture_bytes = 0;
	live->dropped++;
	dropped = place_empty(place);
	/* Who waits for it, or follows it, has asked for it. */
	place->wanted =
		is_waited_for(live, place) || news_is_followed(live->news, &place->workspace);
	live->hinted = true;
	pthread_cond_signal(&live->look);
	pthread_mutex_unlock(&live->mutex);
	unref_list(dropped);
	metric_add(METRIC_pictures_dropped, 1);
	tell("workspace_dropped", "A workspace was let go, to stay within the memory budget", place,
		"bytes", bytes);
}

/* Under the mutex; NULL: none, or just one, which is left alone. */
static struct place *next_to_go(struct live *live, struct place *keep)
{
	size_t count;
	struct place *least = least_read(live, keep, &count);

	return keep || count > 1 ? least : NULL;
}

/* The place or the piece of the past that was read least recently. A picture is the follower's to free, which
 * it does in its next turn when another thread has let the place go. False: there is none, or of the places
 * just one, which is left alone. */
static bool drop_least_read(struct live *live, struct place *keep, bool on_follower)
{
	struct place *least;
	int64_t asked_us;

	pthread_mutex_lock(&live->mutex);
	least = next_to_go(live, keep);
	asked_us = least ? least->asked_us : INT64_MAX;
	pthread_mutex_unlock(&live->mutex);
	if (past_drop_oldest(live->past, asked_us))
		return true;
	/* Another thread may have let that one go meanwhile. */
	pthread_mutex_lock(&live->mutex);
	least = next_to_go(live, keep);
	if (!least) {
		pthread_mutex_unlock(&live->mutex);
		return false;
	}
	drop_place(live, least);
	if (on_follower && least != live->moving)
		drop_picture(least);
	return true;
}

/* All that is kept of one place beside its newest ranking. */
static void drop_kept(struct live *live, struct place *keep)
{
	struct ranking *dropped = NULL;
	struct place *place;
	size_t count;

	pthread_mutex_lock(&live->mutex);
	place = keep ? keep : least_read(live, NULL, &count);
	if (place) {
		dropped = place->kept;
		place->kept = NULL;
	}
	pthread_mutex_unlock(&live->mutex);
	unref_list(dropped);
}

/* keep: the place that is not to go; NULL: the one that was read last. False: it is too much all the same. */
static bool make_room(struct live *live, struct place *keep, bool on_follower)
{
	while (is_over(live)) {
		if (drop_least_read(live, keep, on_follower))
			continue;
		drop_kept(live, keep);
		return !is_over(live);
	}
	return true;
}

/* ---- for pictures ---- */

static enum error take(struct place *place, size_t bytes, bool on_follower)
{
	struct live *live = place->live;
	size_t budget = live->config.memory_budget_bytes;
	bool loading, good, let_go;
	size_t all;

	pthread_mutex_lock(&live->mutex);
	let_go = place->let_go;
	if (!let_go)
		place->picture_bytes = bytes;
	loading = !place->current;
	pthread_mutex_unlock(&live->mutex);
	/* Nobody else is to make room for what is lost already. */
	if (let_go)
		return ERR_NO_ROOM;
	if (budget == 0)
		return ERR_OK;
	if (bytes > budget)
		return ERR_WORKSPACE_TOO_LARGE;
	/* Who is loaded was asked for; who grows may be the one that nobody reads. */
	good = make_room(live, loading ? place : NULL, on_follower);
	pthread_mutex_lock(&live->mutex);
	let_go = place->let_go;
	all = place_bytes(place);
	pthread_mutex_unlock(&live->mutex);
	if (let_go)
		return ERR_NO_ROOM;
	if (good)
		return ERR_OK;
	/* Else what is left beside it is what others load. */
	return all > budget ? ERR_WORKSPACE_TOO_LARGE : ERR_NO_ROOM;
}

enum error room_for_load(struct place *place, size_t bytes)
{
	return take(place, bytes, false);
}

/* ---- on the follower's thread ---- */

enum error room_for_picture(void *self, size_t bytes)
{
	return take(self, bytes, true);
}

enum error room_settle(struct place *place, bool loaded)
{
	struct live *live = place->live;
	size_t budget = live->config.memory_budget_bytes, bytes;

	weigh(place);
	if (budget == 0)
		return ERR_OK;
	pthread_mutex_lock(&live->mutex);
	bytes = place->picture_bytes + (place->current ? published_bytes(place->current) : 0);
	pthread_mutex_unlock(&live->mutex);
	if (bytes > budget)
		return ERR_WORKSPACE_TOO_LARGE;
	make_room(live, loaded ? place : NULL, true);
	return ERR_OK;
}

static void show(struct live *live)
{
	int64_t pictures = 0, picture_bytes = 0, too_large = 0;

	pthread_mutex_lock(&live->mutex);
	for (const struct place *place = live->places; place; place = place->next) {
		pictures += place->picture_bytes > 0;
		picture_bytes += (int64_t)place->picture_bytes;
		too_large += place->too_large;
	}
	pthread_mutex_unlock(&live->mutex);
	metric_set(METRIC_pictures, pictures);
	metric_set(METRIC_picture_bytes, picture_bytes);
	metric_set(METRIC_workspaces_too_large, too_large);
	metric_set(METRIC_memory_budget_bytes, (int64_t)live->config.memory_budget_bytes);
	metric_set(METRIC_memory_counted_bytes, (int64_t)held_bytes(live));
}

void room_keep(struct live *live)
{
	make_room(live, NULL, true);
	show(live);
}

bool room_is_crowded(struct place *place)
{
	struct live *live = place->live;
	size_t last_bytes;

	if (live->config.memory_budget_bytes == 0 || place->picture ||
		clock_monotonic_us(live->clock) >= live->next_reload_us)
		return false;
	pthread_mutex_lock(&live->mutex);
	last_bytes = place->last_bytes;
	pthread_mutex_unlock(&live->mutex);
	return last_bytes > 0 && held_bytes(live) + last_bytes > live->config.memory_budget_bytes;
}

void room_pace(struct live *live, unsigned dropped_before, int64_t took_us)
{
	bool others;

	pthread_mutex_lock(&live->mutex);
	others = live->dropped != dropped_before;
	pthread_mutex_unlock(&live->mutex);
	if (others)
		live->next_reload_us = clock_monotonic_us(live->clock) + PAUSE_TIMES * took_us;
}

void room_refuse(struct place *place)
{
	struct live *live = place->live;
	int64_t wait_s = REFUSED_S;
	struct ranking *dropped;

	for (unsigned i = 0; i < place->failures && wait_s < REFUSED_MAX_S; i++)
		wait_s *= 2;
	if (wait_s > REFUSED_MAX_S)
		wait_s = REFUSED_MAX_S;
	place->failures++;
	place->refused_us = clock_monotonic_us(live->clock);
	place->refused_head = place->head;
	place->retry_us = place->refused_us + wait_s * US_PER_S;
	metric_add(METRIC_pictures_refused, 1);
	pthread_mutex_lock(&live->mutex);
	dropped = place_empty(place);
	place->wanted = true; /* its place stays, so that asking again is no news */
	place->too_large = place->failing = true;
	pthread_mutex_unlock(&live->mutex);
	unref_list(dropped);
	drop_picture(place);
	live->untrimmed = true;
	tell("workspace_refused", "A workspace is larger than the memory budget", place,
		"budget_bytes", live->config.memory_budget_bytes);
}

bool room_is_refused(struct place *place)
{
	struct live *live = place->live;
	bool too_large, asked;

	pthread_mutex_lock(&live->mutex);
	too_large = place->too_large;
	asked = place->asked_us > place->refused_us;
	pthread_mutex_unlock(&live->mutex);
	return too_large && (!asked || place->head == place->refused_head ||
				    clock_monotonic_us(live->clock) < place->retry_us);
}

/* ---- on a worker ---- */

/* What nobody has read for as long as an old ranking is kept. The follower frees the picture. */
static bool drop_idle(struct live *live)
{
	int64_t since_us =
		clock_monotonic_us(live->clock) - (int64_t)live->config.ranking_keep_ms * US_PER_MS;
	struct place *least;
	size_t count;

	pthread_mutex_lock(&live->mutex);
	least = least_read(live, NULL, &count);
	if (!least || least->asked_us >= since_us ||
		news_is_followed(live->news, &least->workspace)) {
		pthread_mutex_unlock(&live->mutex);
		return false;
	}
	drop_place(live, least);
	return true;
}

enum error room_for_past(void *self, size_t bytes)
{
	struct live *live = self;
	size_t budget = live->config.memory_budget_bytes;

	if (budget > 0 && bytes > budget)
		return ERR_WORKSPACE_TOO_LARGE;
	while (is_over(live)) {
		if (!past_drop_oldest(live->past, INT64_MAX) && !drop_idle(live))
			return ERR_NO_ROOM;
	}
	return ERR_OK;
}

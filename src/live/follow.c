/*
 * The follower: one thread that asks PostgreSQL what is new, moves the pictures, has them ranked
 * and wakes whoever waits.
 */
#include "live/parts.h"

#include <malloc.h>
#include <pthread.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/aggregates.h"

enum {
	HEADS_AT_ONCE = 256,
	RETRY_MAX_MS = 10000, /* between attempts at what fails again and again */
	TIMED_A_TURN = 4,     /* places that are ranked for the time alone */
	TRIM_MS = 10000,      /* between giving freed memory back to the system */
	CALM_MS = 5000,       /* without a ranking, until it is */
};

static void set_database(struct live *live, bool up)
{
	pthread_mutex_lock(&live->mutex);
	if (live->database_up != up) {
		live->database_up = up;
		live->away_since_us = clock_monotonic_us(live->clock);
		log_write(up ? LOG_INFO : LOG_WARN, up ? "database_up" : "database_away",
			up ? "The database answers" : "The database does not answer", NULL);
	}
	pthread_mutex_unlock(&live->mutex);
	metric_set(METRIC_database_up, up);
}

/* Nothing is wrong with what was asked: the database is away, or (behind a pooler) gave no session. */
static bool is_to_come_back(enum error error)
{
	return error == ERR_DATABASE_AWAY || error == ERR_BUSY;
}

static void tell_failure(enum error error)
{
	if (error && !is_to_come_back(error) && error != ERR_WORKSPACE_TOO_LARGE &&
		error != ERR_NO_ROOM)
		log_write(LOG_ERROR, "picture_failed", "A workspace could not be loaded",
			LOG_S("why", error_info(error)->title), NULL);
}

/* An outage leaves the picture where it was, perhaps with rows of the next revision: they will be
 * taken once more. After any other error the next attempt starts from the truth. */
static enum error move_picture(struct live *live, struct place *place, struct conn *conn)
{
	bool moved = false;
	enum error error;

	place->picture->room = (struct room){room_for_picture, place};
	pthread_mutex_lock(&live->mutex);
	place->let_go = false;
	pthread_mutex_unlock(&live->mutex);
	live->moving = place;
	error = picture_follow(place->picture, conn, &moved);
	live->moving = NULL;
	if (error && !is_to_come_back(error))
		drop_picture(place);
	tell_failure(error);
	return error;
}

/* What fails is tried again after a while that doubles: a load that cannot succeed must not keep the
 * other workspaces waiting. */
static void settle(struct live *live, struct place *place, enum error error)
{
	int64_t wait_ms = live->config.follow_ms;
	bool good = !error || is_to_come_back(error);

	if (error == ERR_WORKSPACE_TOO_LARGE) {
		room_refuse(place);
		return;
	}
	pthread_mutex_lock(&live->mutex);
	place->failing = !good;
	place->too_large = place->too_large && error;
	pthread_mutex_unlock(&live->mutex);
	if (good) {
		place->failures = 0;
		return;
	}
	for (unsigned i = 0; i < place->failures && wait_ms < RETRY_MAX_MS; i++)
		wait_ms *= 2;
	if (wait_ms > RETRY_MAX_MS)
		wait_ms = RETRY_MAX_MS;
	place->failures++;
	place->retry_us = clock_monotonic_us(live->clock) + wait_ms * US_PER_MS;
}

static bool is_to_wait(struct live *live, const struct place *place)
{
	return place->failures > 0 && clock_monotonic_us(live->clock) < place->retry_us;
}

/* Ranks what has moved, or was overtaken by time, and sees that it still fits. */
static enum error rank_within_budget(
	struct live *live, struct place *place, bool loaded, int64_t *ranked_us)
{
	enum error error = publish_place(live, place, ranked_us);

	return error ? error : room_settle(place, loaded);
}

static bool was_let_go(struct live *live, const struct place *place)
{
	bool let_go;

	pthread_mutex_lock(&live->mutex);
	let_go = place->let_go;
	pthread_mutex_unlock(&live->mutex);
	return let_go;
}

static bool place_is_wanted(struct live *live, const struct place *place)
{
	bool wanted;

	pthread_mutex_lock(&live->mutex);
	wanted = place->wanted;
	pthread_mutex_unlock(&live->mutex);
	return wanted;
}

/* Brings one place to the head. */
static enum error follow_place(
	struct live *live, struct conn *conn, struct place *place, int64_t *ranked_us)
{
	enum error error = move_picture(live, place, conn);

	if (!error)
		error = rank_within_budget(live, place, false, ranked_us);
	/* To be let go on the way is no failure. */
	if (error == ERR_NO_ROOM && was_let_go(live, place))
		error = ERR_OK;
	settle(live, place, error);
	return error;
}

/* Takes what a loader has filled. False: it is at it still, or has not begun. */
static bool take_loaded(struct live *live, struct place *place, int64_t *ranked_us)
{
	bool wanted = place_is_wanted(live, place);
	struct load load;
	enum error error;

	if (!load_take(place, &load))
		return false;
	drop_picture(place);
	if (!wanted) {
		picture_free(load.picture);
		return true;
	}
	place->picture = load.picture;
	/* It may have begun after this turn has learned the head. */
	if (place->picture && place->picture->revision > place->head)
		place->head = place->picture->revision;
	error = load.error;
	tell_failure(error);
	if (!error && place->picture)
		error = rank_within_budget(live, place, true, ranked_us);
	room_pace(live, load.dropped_before, clock_monotonic_us(live->clock) - load.since_us);
	if (error == ERR_NO_ROOM && was_let_go(live, place))
		error = ERR_OK;
	settle(live, place, error);
	return true;
}

static bool is_due(struct live *live, const struct place *place, int64_t now_us)
{
	const struct picture *picture = place->picture;

	return place->wanted && place->current && picture && !picture->torn &&
	       place->current->revision == picture->revision &&
	       ranking_is_due(place->current, now_us) && !is_to_wait(live, place);
}

/* Of those that time has overtaken the one that was read last; NULL: none. */
static struct place *next_due(struct live *live, struct place *places)
{
	int64_t now_us = clock_now_us(live->clock);
	struct place *next = NULL;

	pthread_mutex_lock(&live->mutex);
	for (struct place *place = places; place; place = place->next) {
		if (is_due(live, place, now_us) && (!next || place->asked_us > next->asked_us))
			next = place;
	}
	pthread_mutex_unlock(&live->mutex);
	return next;
}

/* What time brings about needs no revision, and no database. It may come to all places in the same
 * minute: a few a turn, so that what has just been written is not behind them all. False: there are
 * more. */
static bool follow_time(struct live *live, struct place *places, int64_t *ranked_us)
{
	for (int i = 0; i < TIMED_A_TURN; i++) {
		struct place *place = next_due(live, places);

		if (!place)
			return true;
		settle(live, place, rank_within_budget(live, place, false, ranked_us));
		waiters_wake_due(live, false);
	}
	return false;
}

/* Which revisions the database has, for up to HEADS_AT_ONCE places from `first` on. */
static enum error learn_heads(struct conn *conn, struct place *first, struct place **rest)
{
	struct uuid ids[HEADS_AT_ONCE];
	int64_t revisions[HEADS_AT_ONCE];
	struct place *place = first;
	size_t count = 0;
	enum error error;

	for (; place && count < HEADS_AT_ONCE; place = place->next)
		ids[count++] = place->workspace;
	*rest = place;
	error = read_begin(conn, &system_workspace);
	if (error)
		return error;
	error = heads_read(conn, ids, count, revisions);
	read_end(conn);
	for (size_t i = 0; !error && i < count; i++, first = first->next)
		first->head = revisions[i];
	return error;
}

enum standing { PLACE_UNWANTED, PLACE_AT_HEAD, PLACE_BEHIND };

/* Where a place stands; a ranking of the head is known to be fresh. */
static enum standing place_standing(struct live *live, struct place *place)
{
	enum standing standing = PLACE_BEHIND;

	pthread_mutex_lock(&live->mutex);
	if (!place->wanted) {
		standing = PLACE_UNWANTED;
	} else if (place->head < 0) {
		standing = PLACE_AT_HEAD;
	} else if (place->current && place->current->revision == place->head) {
		standing = PLACE_AT_HEAD;
		ranking_mark_fresh(place->current, clock_monotonic_us(live->clock));
	}
	pthread_mutex_unlock(&live->mutex);
	return standing;
}

/* One look at everything. Places are only ever prepended, so walking from `places` is safe. */
static enum error follow_all(
	struct live *live, struct conn *conn, struct place *places, int64_t *ranked_us)
{
	enum error error = ERR_OK;

	for (struct place *rest = places; rest && !error;)
		error = learn_heads(conn, rest, &rest);
	for (struct place *place = places; place && !error; place = place->next) {
		enum standing standing;

		if (take_loaded(live, place, ranked_us))
			waiters_wake_due(live, false);
		standing = place_standing(live, place);
		/* It may have been let go by another thread, or the database be set back to an earlier
		 * state, which has written other revisions since. */
		if (standing == PLACE_UNWANTED || was_let_go(live, place) ||
			(place->picture && place->picture->revision > place->head))
			drop_picture(place);
		if (standing != PLACE_BEHIND)
			continue;
		if (is_to_wait(live, place) || room_is_refused(place) || room_is_crowded(place))
			continue;
		if (!place->picture) {
			load_want(place);
			continue;
		}
		if (follow_place(live, conn, place, ranked_us) == ERR_DATABASE_AWAY)
			error = ERR_DATABASE_AWAY;
		waiters_wake_due(live, false);
	}
	return error;
}

/* Without a workspace to follow, the system's head tells whether the database is up. */
static enum error look_at_system(struct conn *conn)
{
	struct head head;
	enum error error = read_begin(conn, &system_workspace);

	if (error)
		return error;
	error = head_read(conn, &system_workspace, &head);
	read_end(conn);
	return error;
}

/* *all: nothing is left that could be done now. */
static int64_t follow_once(struct live *live, bool *all)
{
	struct place *places;
	struct conn *conn;
	int64_t ranked_us = 0;
	enum error error = store_acquire(live->store, &conn);

	pthread_mutex_lock(&live->mutex);
	places = live->places;
	pthread_mutex_unlock(&live->mutex);
	if (!error) {
		error = places ? follow_all(live, conn, places, &ranked_us) : look_at_system(conn);
		store_release(live->store, conn);
	}
	if (error != ERR_BUSY)
		set_database(live, error != ERR_DATABASE_AWAY);
	*all = follow_time(live, places, &ranked_us);
	room_keep(live);
	return ranked_us;
}

/* Until news, the polling floor, or the earliest waiter's deadline. False: stop. */
static bool wait_for_news(struct live *live, bool ignore_hints, int64_t at_most_us)
{
	int64_t now_us = clock_monotonic_us(live->clock);
	struct timespec until;
	bool running;

	pthread_mutex_lock(&live->mutex);
	for (struct live_waiter *w = live->waiters; w && !ignore_hints; w = w->next) {
		int64_t left_us = w->until_us - now_us;

		if (left_us < at_most_us)
			at_most_us = left_us > 0 ? left_us : 0;
	}
	until = cond_deadline(at_most_us);
	while (!live->stopping && (ignore_hints || !live->hinted)) {
		if (pthread_cond_timedwait(&live->look, &live->mutex, &until) != 0)
			break;
		if (!ignore_hints)
			break;
	}
	if (!ignore_hints)
		live->hinted = false;
	running = !live->stopping;
	pthread_mutex_unlock(&live->mutex);
	return running;
}

/*
 * Rankings come and go in large pieces, which malloc keeps unless it is asked. While one follows the other each
 * takes the place of an earlier one; to give that back between them would cost a page fault for every page, more than
 * the ranking itself. So it is given back in a calm, or when a whole workspace went.
 */
static void give_memory_back(struct live *live, bool ranked)
{
	int64_t now_us = clock_monotonic_us(live->clock);
	unsigned dropped;
	bool calm;

	pthread_mutex_lock(&live->mutex);
	dropped = live->dropped;
	pthread_mutex_unlock(&live->mutex);
	if (ranked) {
		live->untrimmed = true;
		live->ranked_us = now_us;
	}
	calm = live->untrimmed && now_us - live->ranked_us >= (int64_t)CALM_MS * US_PER_MS;
	if ((!calm && dropped == live->trimmed_dropped) ||
		now_us - live->trimmed_us < (int64_t)TRIM_MS * US_PER_MS)
		return;
	live->trimmed_us = now_us;
	live->untrimmed = false;
	live->trimmed_dropped = dropped;
	malloc_trim(0);
}

/* So long that ranking had no more than its share of the processor since the round began. Of a busy
 * machine it has had less anyway, and need not wait once more. */
static int64_t rest_after(const struct live *live, int64_t ranked_us, int64_t begin_us)
{
	return (int64_t)((double)ranked_us / live->config.rank_share) -
	       (clock_monotonic_us(&clock_system) - begin_us);
}

void *follower_run(void *self)
{
	struct live *live = self;
	bool all;

	do {
		int64_t begin_us = clock_monotonic_us(&clock_system), rest_us;
		int64_t ranked_us = follow_once(live, &all);

		waiters_wake_due(live, false);
		publish_forget_old(live);
		give_memory_back(live, past_sweep(live->past) || ranked_us > 0);
		/* What arrives while it rests is taken together by the next round. */
		rest_us = rest_after(live, ranked_us, begin_us);
		if (rest_us > 0 && !wait_for_news(live, true, rest_us))
			break;
	} while (wait_for_news(live, false, all ? (int64_t)live->config.follow_ms * US_PER_MS : 0));
	return NULL;
}

/*
 * The follower: one thread that asks PostgreSQL what is new, moves the pictures, ranks, publishes
 * and wakes whoever waits. Everything shared with readers is under one mutex, held only to look
 * up or swap pointers.
 */
#include "live/parts.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metrics.h"
#include "live/hints.h"
#include "store/aggregates.h"

enum {
	HEADS_AT_ONCE = 256,
	RETRY_MAX_MS = 10000,       /* between attempts at what fails again and again */
	IDLE_S = 6 * 3600,          /* a workspace that nobody asks for is let go */
	KEPT_BYTES_MAX = 256 << 20, /* of a workspace's older rankings */
	TIMED_A_TURN = 4,           /* places that are ranked for the time alone */
	TRIM_MS = 10000,            /* between giving freed memory back to the system */
};

static struct place *place_find(struct live *live, const struct uuid *workspace)
{
	struct place *place = live->places;

	while (place && uuid_cmp(&place->workspace, workspace) != 0)
		place = place->next;
	return place;
}

/* Under the mutex; NULL when memory is out. */
static struct place *place_want(struct live *live, const struct uuid *workspace)
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

/* ---- readers ---- */

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

/* Of those that are published or kept; a reference. */
static struct ranking *find_published(struct live *live, const struct uuid *workspace,
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
	*out = find_published(live, workspace, revision, request);
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
}

/* ---- waiting ---- */

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

/* Takes the due waiters out of the list, then wakes them without the mutex: they may ask again. */
static void wake_due(struct live *live, bool all)
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
	wake_due(live, true);
}

/* ---- the follower ---- */

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
	if (place->wanted) {
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

static void forget_old(struct live *live)
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

/* Ranks and publishes; adds the processor's time that it took. */
static enum error rank_place(struct live *live, struct place *place, int64_t *ranked_us)
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
	return ERR_OK;
}

void drop_picture(struct place *place)
{
	picture_free(place->picture);
	place->picture = NULL;
	pthread_mutex_lock(&place->live->mutex);
	place->picture_bytes = 0;
	pthread_mutex_unlock(&place->live->mutex);
}

/* An outage leaves the picture where it was, perhaps with rows of the next revision: they will be
 * taken once more. After any other error the next attempt starts from the truth. */
static enum error move_picture(struct live *live, struct place *place, struct conn *conn)
{
	bool moved = false, loading;
	enum error error;

	/* A database set back to an earlier state has written other revisions since. */
	if (place->picture && place->picture->revision > place->head)
		drop_picture(place);
	if (!place->picture)
		place->picture = picture_new(&place->workspace);
	if (!place->picture)
		return ERR_NO_MEMORY;
	place->picture->room = (struct room){room_for_picture, place};
	pthread_mutex_lock(&live->mutex);
	place->let_go = false;
	pthread_mutex_unlock(&live->mutex);
	loading = place->picture->revision < 0;
	live->moving = place;
	error = picture_follow(place->picture, conn, &moved);
	live->moving = NULL;
	if (error && (loading || error != ERR_DATABASE_AWAY))
		drop_picture(place);
	if (error && error != ERR_DATABASE_AWAY && error != ERR_WORKSPACE_TOO_LARGE &&
		error != ERR_NO_ROOM)
		log_write(LOG_ERROR, "picture_failed", "A workspace could not be loaded",
			LOG_S("why", error_info(error)->title), NULL);
	if (moved && loading)
		metric_add(METRIC_pictures_loaded, 1);
	return error;
}

/* What fails is tried again after a while that doubles: a load that cannot succeed must not keep the
 * other workspaces waiting. */
static void settle(struct live *live, struct place *place, enum error error)
{
	int64_t wait_ms = live->config.follow_ms;
	bool good = !error || error == ERR_DATABASE_AWAY;

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
	enum error error = rank_place(live, place, ranked_us);

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

/* Brings one place to the head. */
static enum error follow_place(
	struct live *live, struct conn *conn, struct place *place, int64_t *ranked_us)
{
	int64_t begin_us = clock_monotonic_us(live->clock);
	unsigned dropped = live->dropped;
	bool loaded = !place->picture;
	enum error error = move_picture(live, place, conn);

	if (!error)
		error = rank_within_budget(live, place, loaded, ranked_us);
	if (loaded)
		room_pace(live, dropped, clock_monotonic_us(live->clock) - begin_us);
	/* To be let go on the way is no failure. */
	if (error == ERR_NO_ROOM && was_let_go(live, place))
		error = ERR_OK;
	settle(live, place, error);
	return error;
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
		wake_due(live, false);
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
		enum standing standing = place_standing(live, place);

		if (standing == PLACE_UNWANTED)
			drop_picture(place);
		if (standing != PLACE_BEHIND)
			continue;
		if (is_to_wait(live, place) || room_is_refused(place) || room_is_crowded(place))
			continue;
		if (follow_place(live, conn, place, ranked_us) == ERR_DATABASE_AWAY)
			error = ERR_DATABASE_AWAY;
		wake_due(live, false);
	}
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
		/* Without a workspace to follow, the system's head tells whether the database is up. */
		struct head head;

		error = read_begin(conn, &system_workspace);
		if (!error) {
			error = head_read(conn, &system_workspace, &head);
			read_end(conn);
		}
		if (!error)
			error = follow_all(live, conn, places, &ranked_us);
		store_release(live->store, conn);
	}
	if (error != ERR_BUSY)
		set_database(live, error != ERR_DATABASE_AWAY);
	*all = follow_time(live, places, &ranked_us);
	room_keep(live);
	return ranked_us;
}

static struct timespec deadline_after(int64_t us)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += us / US_PER_S;
	at.tv_nsec += us % US_PER_S * 1000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
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
	until = deadline_after(at_most_us);
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

/* Rankings come and go in large pieces, which malloc keeps unless it is asked. */
static void give_memory_back(struct live *live, bool ranked)
{
	int64_t now_us = clock_monotonic_us(live->clock);

	live->ranked |= ranked;
	if (!live->ranked || now_us - live->trimmed_us < (int64_t)TRIM_MS * US_PER_MS)
		return;
	live->trimmed_us = now_us;
	live->ranked = false;
	malloc_trim(0);
}

/* So long that ranking had no more than its share of the processor since the round began. Of a busy
 * machine it has had less anyway, and need not wait once more. */
static int64_t rest_after(const struct live *live, int64_t ranked_us, int64_t begin_us)
{
	return (int64_t)((double)ranked_us / live->config.rank_share) -
	       (clock_monotonic_us(&clock_system) - begin_us);
}

static void *follower(void *self)
{
	struct live *live = self;
	bool all;

	do {
		int64_t begin_us = clock_monotonic_us(&clock_system), rest_us;
		int64_t ranked_us = follow_once(live, &all);

		wake_due(live, false);
		forget_old(live);
		give_memory_back(live, past_sweep(live->past) || ranked_us > 0);
		/* What arrives while it rests is taken together by the next round. */
		rest_us = rest_after(live, ranked_us, begin_us);
		if (rest_us > 0 && !wait_for_news(live, true, rest_us))
			break;
	} while (wait_for_news(live, false, all ? (int64_t)live->config.follow_ms * US_PER_MS : 0));
	return NULL;
}

/* Both threads; none when it fails. */
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
	if (pthread_create(&live->thread, NULL, follower, live) == 0)
		return true;
	hints_stop(live->hints);
	return false;
}

struct live *live_new(
	struct store *store, const struct clock *clock, const struct live_config *config)
{
	struct live *live = calloc(1, sizeof *live);
	pthread_condattr_t attributes;

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
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&live->look, &attributes);
	pthread_condattr_destroy(&attributes);
	if (start_threads(live))
		return live;
	pthread_cond_destroy(&live->look);
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
	wake_due(live, true);
	while (live->places) {
		struct place *place = live->places;

		live->places = place->next;
		ranking_unref(place->current);
		unref_list(place->kept);
		picture_free(place->picture);
		free(place);
	}
	news_free(live->news);
	past_free(live->past);
	pthread_cond_destroy(&live->look);
	pthread_mutex_destroy(&live->mutex);
	free(live);
}

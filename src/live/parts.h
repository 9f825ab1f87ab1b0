/*
 * What the parts of the live picture share: the table of workspaces (places.c), the follower (follow.c), what
 * it publishes (publish.c), those who wait (waiting.c), the keeper of the memory budget (room.c) and the
 * readers' side (live.c). Private to this folder.
 */
#ifndef WINNOW_LIVE_PARTS_H
#define WINNOW_LIVE_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/live.h"
#include "live/past.h"
#include "live/picture.h"
#include "live/ranking.h"

/* Of a place whose picture is not there. */
enum load_state { LOAD_NONE, LOAD_WANTED, LOAD_RUNS, LOAD_DONE };
struct load {
	enum load_state state;
	struct picture *picture; /* the loader's while it runs, but for its loaded_rows */
	enum error error;        /* DONE: what came of it */
	int64_t since_us;        /* monotonic: when it was wanted, or began to run */
	unsigned dropped_before; /* live->dropped then */
};
enum { LOADERS = 2 };

/* A workspace that somebody asked for. Never freed before the live part is; what it holds is. */
struct place {
	struct live *live;
	struct uuid workspace;
	struct picture *picture; /* the follower's alone */
	struct load load;        /* under the mutex */
	struct ranking *current; /* published; under the mutex */
	struct ranking *kept;    /* older ones that are still readable; under the mutex */
	bool wanted;             /* false: the picture is to be let go; under the mutex */
	int64_t asked_us;        /* monotonic: by a reader, the last time; under the mutex */
	int64_t head;            /* the newest revision that the database told; follower's */
	unsigned failures;       /* in a row; follower's */
	bool failing;            /* there are some; under the mutex */
	int64_t retry_us;        /* monotonic: not before, after a failure; follower's */
	size_t picture_bytes;    /* under the mutex */
	bool let_go;             /* for room, since its picture began to move; under the mutex */
	size_t last_bytes;       /* of all that it had when it was let go; under the mutex */
	bool too_large;          /* for the budget, the last time it was loaded; under the mutex */
	int64_t refused_us;      /* monotonic: when that was found; follower's */
	int64_t refused_head;    /* and at which revision; follower's */
	struct place *next;
};

struct live {
	struct store *store;
	const struct clock *clock;
	struct live_config config;
	struct past *past;
	struct news *news;
	struct hints *hints; /* NULL: none are told or heard */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t look; /* there is something to look for */
	pthread_t loaders[LOADERS];
	unsigned loader_count;
	pthread_cond_t load; /* there is something to load */
	struct place *places;
	struct live_waiter *waiters;
	bool hinted, stopping;
	bool database_up;
	int64_t away_since_us;    /* monotonic */
	int64_t trimmed_us;       /* monotonic; the follower's */
	int64_t ranked_us;        /* the last ranking; monotonic; the follower's */
	bool untrimmed;           /* there may be memory to be given back; the follower's */
	struct place *moving;     /* whose picture is in use; the follower's */
	unsigned dropped;         /* workspaces let go for room, ever; under the mutex */
	unsigned trimmed_dropped; /* of those, when memory was last given back; the follower's */
	int64_t next_reload_us; /* monotonic: before, nobody makes room for one that was let go; the
				    follower's */
};

/* ---- places.c ---- */

/* Under the mutex; NULL: nobody has asked for it yet. */
struct place *place_find(struct live *live, const struct uuid *workspace);
/* Under the mutex; NULL when memory is out. */
struct place *place_want(struct live *live, const struct uuid *workspace);
/* Under the mutex: all that was published, to be let go (unref_list, without it). The follower sees to
 * the picture. */
struct ranking *place_empty(struct place *place);
void unref_list(struct ranking *list);
/* The follower's. */
void drop_picture(struct place *place);

/* ---- waiting.c ---- */

/* Takes the due waiters out of the list, then wakes them without the mutex: they may ask again. */
void waiters_wake_due(struct live *live, bool all);

/* ---- publish.c; the follower's ---- */

/* Ranks and publishes; adds the processor's time that it took. */
enum error publish_place(struct live *live, struct place *place, int64_t *ranked_us);
/* Lets go of rankings that have been kept long enough, and of what nobody asks for. */
void publish_forget_old(struct live *live);

/* ---- follow.c ---- */

/* The follower's thread, of a struct live. */
void *follower_run(void *live);

/* ---- load.c ---- */

/* The loaders' threads; load_stop ends what they do, also where not all could be started. */
bool load_start(struct live *live);
void load_stop(struct live *live);
/* The follower's: the place's picture is to be loaded. */
void load_want(struct place *place);
/* The follower's: what came of it, once. Of a load that failed, or of a workspace without any revision,
 * the picture is NULL. */
bool load_take(struct place *place, struct load *out);

/* ---- room.c; all but room_for_past and room_for_load on the follower's thread ---- */

/* Asked by a place's picture while it grows. ERR_WORKSPACE_TOO_LARGE; ERR_NO_ROOM: it was let go itself,
 * or the past that a worker loads is in the way. */
enum error room_for_picture(void *place, size_t bytes);
/* The same of a place that is loaded, on a loader. */
enum error room_for_load(struct place *place, size_t bytes);
/* Asked by the past, on a worker. */
enum error room_for_past(void *live, size_t bytes);
/* After a place was moved and ranked. ERR_WORKSPACE_TOO_LARGE when it is that by itself; else room is
 * made at the cost of whoever was read least recently: not of this one when it was `loaded`. */
enum error room_settle(struct place *place, bool loaded);
/* Lets go until all fits; to be called now and then, since caches grow without the follower. */
void room_keep(struct live *live);
/* Whether a place that was let go has to wait before others make room for it again. */
bool room_is_crowded(struct place *place);
/* Room was made while a place was loaded, which took so long. */
void room_pace(struct live *live, unsigned dropped_before, int64_t took_us);
/* Nothing of it stays in memory. */
void room_refuse(struct place *place);
/* Whether a refused place is to be left alone still. */
bool room_is_refused(struct place *place);

#endif

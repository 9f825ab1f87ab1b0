/*
 * What the parts of the news share: the workspaces that are followed (news_places.c), who reads what is told
 * of them (news_read.c), who waits (news_wait.c), the way from the audit logs (news_follow.c), and the
 * thread (news.c). Private to this folder.
 */
#ifndef WINNOW_LIVE_NEWS_PARTS_H
#define WINNOW_LIVE_NEWS_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "live/news.h"

enum { NEWS_TOKEN_BUCKETS = 256 };

/* Encoded twice, for those who may read the audit log and for those who may not. */
struct event {
	size_t full_bytes, lean_bytes;
	char text[];
};

/* Never freed before the news are; what it holds is, when nobody follows. */
struct news_place {
	struct uuid workspace;
	unsigned readers;
	unsigned long session; /* grows when the first reader comes */
	unsigned long era;     /* grows when the log turns out to be another one */
	bool known;            /* `last` has been read in this session */
	bool hashed;           /* so has the hash of that record */
	int64_t last;
	struct sha256 hash;
	struct event **events; /* a ring: the event of revision r is at r % kept */
	size_t count;          /* of the revisions up to `last` */
	char ranking[48];
	int64_t ranking_revision;
	struct news_place *next;
};

struct token_seats {
	struct uuid token;
	unsigned count;
	struct token_seats *next;
};

struct news {
	struct store *store;
	const struct clock *clock;
	struct news_config config;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct news_place *places;
	struct news_waiter waiters; /* the head of a ring */
	unsigned reader_count;
	unsigned waiter_count;
	unsigned seats;
	struct token_seats *tokens[NEWS_TOKEN_BUCKETS];
	bool hinted, ended, stopping;
	int64_t checked_us; /* the thread's own */
};

/* ---- news_places.c; under the mutex ---- */

struct news_place *news_place_find(struct news *news, const struct uuid *workspace);
/* NULL when memory is out. */
struct news_place *news_place_get(struct news *news, const struct uuid *workspace);
/* Goes on behind `last`, of which nothing is kept. */
void news_place_start(struct news *news, struct news_place *place, int64_t last);
void news_place_drop_events(struct news *news, struct news_place *place);
/* Where the event of a revision is kept. */
struct event **news_slot(const struct news *news, const struct news_place *place, int64_t revision);
/* The thread is to look. */
void news_poke(struct news *news);

/* ---- news_read.c ---- */

/* Under the mutex. */
bool news_has(const struct news *news, const struct news_reader *reader);
/* NULL when memory is out. */
struct event *news_event_new(const struct audit_record *record);

/* ---- news_wait.c; without the mutex ---- */

/* Takes the due ones out of the list, then wakes them: they may wait again. */
void news_wake_due(struct news *news);
/* Now and then, each that waits is asked by its look. On the thread. */
void news_look_at_all(struct news *news);

/* ---- news_follow.c; on the thread ---- */

/* One round over the logs that somebody follows. */
void news_follow(struct news *news);

#endif

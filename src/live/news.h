/*
 * News: what happens in a workspace, revision by revision, for streams that follow it, and which
 * ranking is the newest. One thread reads the audit log behind the last revision that it knows, for
 * workspaces that somebody follows, and keeps the last few events of each in memory, encoded once
 * for all. So followers cost neither a connection nor a worker, and no read of the log each.
 *
 * What is kept is also the buffer of a slow follower: one that falls out of it is cut off, and may
 * come back with the revision that it was told last. All functions are thread-safe.
 */
#ifndef WINNOW_LIVE_NEWS_H
#define WINNOW_LIVE_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/uuid.h"

struct audit_record; /* codec/audit_chain.h */
struct news;
struct news_place;
struct store;

struct news_config {
	unsigned look_ms;      /* between looks without a hint; 0: 200 */
	unsigned heartbeat_ms; /* a stream is never silent for longer; 0: 15 s */
	unsigned kept;         /* events of a workspace kept in memory; 0: 1,024 */
	unsigned most;         /* streams and waiting polls of this daemon; 0: 3,000 */
	unsigned most_a_token; /* of one token; 0: 500 */
};

/* NULL when memory or threads are out. */
struct news *news_new(
	struct store *store, const struct clock *clock, const struct news_config *config);
void news_free(struct news *news); /* NULL is fine; nobody may be waiting */
int64_t news_heartbeat_us(const struct news *news);

/* After a commit: look now. Only a hint. */
void news_hint(struct news *news);
/* A ranking has been published. */
void news_ranking(
	struct news *news, const struct uuid *workspace, const char *id, int64_t revision);
/* Whether anybody follows the workspace. */
bool news_is_followed(struct news *news, const struct uuid *workspace);
/* From now on all streams end: NEWS_OVER. */
void news_end(struct news *news);

/* ---- seats: how many may wait ---- */
/* ERR_TOO_MANY_STREAMS: the token has as many as one may have; ERR_STREAMS_FULL: the daemon has. */
enum error news_enter(struct news *news, const struct uuid *token);
void news_leave(struct news *news, const struct uuid *token);

/* ---- reading ---- */
struct news_reader {
	struct news_place *place; /* NULL: not open */
	int64_t last;             /* the revision that was told last; set by the caller at first */
	bool full;                /* all that the audit list tells, too */
	bool live;                /* it has been within what is kept */
	unsigned long era;
	char ranking[48]; /* that was told last */
};
/* The reader is to be zeroed before, but for `last` and `full`. */
enum error news_open(struct news *news, const struct uuid *workspace, struct news_reader *reader);
void news_close(struct news *news, struct news_reader *reader);

enum news_state {
	NEWS_TOLD,     /* something was appended */
	NEWS_NOTHING,  /* nothing is new */
	NEWS_BEHIND,   /* what comes next is no longer kept: it is in the log alone */
	NEWS_LOST,     /* the same of one that was up to date: too slow */
	NEWS_SET_BACK, /* the log is another one than before; `last` is its head now */
	NEWS_OVER,     /* the daemon stops */
};
/* Appends events behind reader->last, in order, about so many bytes, and adds their number. */
enum news_state news_read(struct news *news, struct news_reader *reader, size_t most_bytes,
	struct buf *out, size_t *told);
/* One event of a stream: "id: 7\nevent: revision\ndata: {…}\n\n". */
void news_write_event(struct buf *out, const struct audit_record *record, bool full);

/* ---- waiting ---- */
/*
 * Calls wake once, when there is something to read, when `until_us` (monotonic) has passed, when
 * `look` says so, or when it is nudged. May call it before returning. The waiter belongs to the
 * news from news_wait until wake is called. To be zeroed at first.
 */
struct news_waiter {
	const struct news_reader *reader; /* NULL: waits for the time alone */
	int64_t until_us;
	void (*wake)(struct news_waiter *waiter);
	/* Asked about twice a second, on the news' thread, where it may wait for PostgreSQL. True: wake.
	 * NULL: never. */
	bool (*look)(struct news_waiter *waiter);
	struct news_waiter *prev, *next; /* the news' own, as is all below */
	int state;
	bool nudged;
};
void news_wait(struct news *news, struct news_waiter *waiter);
/* Wakes it if it waits. */
void news_nudge(struct news *news, struct news_waiter *waiter);

#endif

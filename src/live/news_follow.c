/*
 * From the audit logs to events: what lies behind the last revision told is read and encoded once,
 * whoever reads it.
 */
#include "live/news_parts.h"

#include <pthread.h>
#include <stdlib.h>

#include "codec/audit_chain.h"
#include "store/aggregates.h"

enum {
	RECORDS_AT_ONCE = 256,
	HEADS_AT_ONCE = 256,
	READ_ARENA = 64 << 20,
};

/* A place as it was when it was looked at. */
struct mark {
	struct news_place *place;
	struct uuid workspace;
	unsigned long session;
	bool known, hashed;
	int64_t last;
	struct sha256 hash;
};

static void mark_place(struct mark *mark, struct news_place *place)
{
	*mark = (struct mark){
		.place = place,
		.workspace = place->workspace,
		.session = place->session,
		.known = place->known,
		.hashed = place->hashed,
		.last = place->last,
		.hash = place->hash,
	};
}

/* Up to HEADS_AT_ONCE places that are followed, from `from` on; *rest is where to go on. */
static size_t followed_places(
	struct news *news, struct news_place *from, struct mark *marks, struct news_place **rest)
{
	struct news_place *place;
	size_t count = 0;

	pthread_mutex_lock(&news->mutex);
	for (place = from ? from : news->places; place && count < HEADS_AT_ONCE;
		place = place->next) {
		if (place->readers > 0)
			mark_place(&marks[count++], place);
	}
	*rest = place;
	pthread_mutex_unlock(&news->mutex);
	return count;
}

/* Starts anew; `another`: what was told is no longer what the log says. */
static void start_place(struct news *news, struct mark *mark, int64_t last, bool another)
{
	struct news_place *place = mark->place;

	pthread_mutex_lock(&news->mutex);
	if (place->session == mark->session && place->readers > 0) {
		news_place_start(news, place, last);
		place->era += another;
	}
	pthread_mutex_unlock(&news->mutex);
	mark->known = true;
	mark->hashed = false;
	mark->last = last;
}

/* Takes the event over. */
static void keep_event(struct news *news, struct mark *mark, const struct audit_record *record,
	struct event *event)
{
	struct news_place *place = mark->place;

	pthread_mutex_lock(&news->mutex);
	if (place->session == mark->session && place->readers > 0) {
		struct event **slot = news_slot(news, place, record->revision);

		free(*slot);
		*slot = event;
		event = NULL;
		place->last = record->revision;
		place->hash = record->hash;
		place->hashed = true;
		if (place->count < news->config.kept)
			place->count++;
	}
	pthread_mutex_unlock(&news->mutex);
	free(event);
	mark->last = record->revision;
	mark->hash = record->hash;
	mark->hashed = true;
}

/* Where the log does not go on from what is known, or memory is out, the place has a new start. */
static void keep_record(struct news *news, struct mark *mark, const struct audit_record *record)
{
	struct event *event;

	if (mark->hashed && !sha256_same(&record->prev_hash, &mark->hash) &&
		record->revision == mark->last + 1) {
		start_place(news, mark, record->revision, true);
		return;
	}
	if (record->revision != mark->last + 1)
		start_place(news, mark, record->revision - 1, false);
	event = news_event_new(record);
	if (!event) {
		start_place(news, mark, record->revision, false);
		return;
	}
	keep_event(news, mark, record, event);
}

/* One chunk of the log; *more when there may be another. */
static enum error read_records(struct news *news, struct conn *conn, struct mark *mark, bool *more)
{
	struct audit_record *records;
	struct arena arena;
	size_t count = 0;
	enum error error = read_begin(conn, &mark->workspace);

	*more = false;
	if (error)
		return error;
	arena_init(&arena, READ_ARENA);
	error = audit_list(conn, &mark->workspace, mark->last, RECORDS_AT_ONCE, NULL, &arena,
		&records, &count);
	read_end(conn);
	for (size_t i = 0; !error && i < count; i++)
		keep_record(news, mark, &records[i]);
	*more = !error && count == RECORDS_AT_ONCE;
	arena_release(&arena);
	return error;
}

static enum error follow_place(
	struct news *news, struct conn *conn, struct mark *mark, int64_t head)
{
	enum error error = ERR_OK;
	bool more = true;

	if (head < 0)
		return ERR_OK;
	if (!mark->known)
		start_place(news, mark, head, false);
	/* A database set back to an earlier state. */
	if (head < mark->last)
		start_place(news, mark, head, true);
	while (!error && more && mark->last < head) {
		error = read_records(news, conn, mark, &more);
		news_wake_due(news);
	}
	return error;
}

static enum error follow_some(
	struct news *news, struct conn *conn, struct mark *marks, size_t count)
{
	struct uuid ids[HEADS_AT_ONCE];
	int64_t heads[HEADS_AT_ONCE];
	enum error error = read_begin(conn, &system_workspace);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		ids[i] = marks[i].workspace;
	error = heads_read(conn, ids, count, heads);
	read_end(conn);
	for (size_t i = 0; !error && i < count; i++)
		error = follow_place(news, conn, &marks[i], heads[i]);
	return error;
}

void news_follow(struct news *news)
{
	struct mark marks[HEADS_AT_ONCE];
	struct news_place *rest = NULL;
	struct conn *conn;
	size_t count;

	do {
		count = followed_places(news, rest, marks, &rest);
		if (count == 0)
			continue;
		if (store_acquire(news->store, &conn))
			return; /* the follower of rankings tells of an outage */
		follow_some(news, conn, marks, count);
		store_release(news->store, conn);
	} while (rest);
}

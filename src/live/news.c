/*
 * The thread that follows the audit logs. It rests a little after each round, the longer the more
 * there are to wake, so that a busy workspace with many followers does not take the processor from
 * those who ask for pages: what happens meanwhile is told together.
 */
#include "live/news.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metrics.h"
#include "codec/audit_chain.h"
#include "codec/json_writer.h"
#include "store/aggregates.h"

enum {
	LOOK_MS = 200,
	HEARTBEAT_MS = 15000,
	KEPT = 1024,
	MOST = 3000,
	MOST_A_TOKEN = 500,
	RECORDS_AT_ONCE = 256,
	HEADS_AT_ONCE = 256,
	READ_ARENA = 64 << 20,
	CHECK_US = US_PER_S / 2, /* between two looks at all who wait */
	REST_US = 10 * US_PER_MS,
	REST_EACH_US = 50, /* and so much for each who may have to be woken */
	TOKEN_BUCKETS = 256,
};

enum waiter_state { WAITER_IDLE, WAITER_LISTED, WAITER_LOOKED_AT };

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
	struct token_seats *tokens[TOKEN_BUCKETS];
	bool hinted, ended, stopping;
	int64_t checked_us; /* the thread's own */
};

int64_t news_heartbeat_us(const struct news *news)
{
	return (int64_t)news->config.heartbeat_ms * US_PER_MS;
}

/* ---- events ---- */

static void put_text(struct json_writer *json, const char *key, struct str text)
{
	json_put(json, key, str, text.ptr ? text : STR(""));
}

void news_write_event(struct buf *out, const struct audit_record *record, bool full)
{
	struct json_writer json;

	buf_printf(out, "id: %lld\nevent: revision\ndata: ", (long long)record->revision);
	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "revision", int, record->revision);
	json_put(&json, "at", time, record->at_us);
	put_text(&json, "action", record->action);
	if (full) {
		put_text(&json, "actor", record->actor);
		put_text(&json, "subject", record->subject);
		put_text(&json, "request_id", record->request_id);
	}
	json_object_end(&json);
	buf_puts(out, "\n\n");
}

/* NULL when memory is out. */
static struct event *make_event(const struct audit_record *record)
{
	struct buf text = BUF_INIT;
	struct event *event = NULL;
	size_t full_bytes;

	news_write_event(&text, record, true);
	full_bytes = text.len;
	news_write_event(&text, record, false);
	if (!text.failed)
		event = malloc(sizeof *event + text.len);
	if (event) {
		event->full_bytes = full_bytes;
		event->lean_bytes = text.len - full_bytes;
		memcpy(event->text, text.data, text.len);
	}
	buf_release(&text);
	return event;
}

/* ---- places; all under the mutex ---- */

static struct news_place *place_find(struct news *news, const struct uuid *workspace)
{
	struct news_place *place = news->places;

	while (place && uuid_cmp(&place->workspace, workspace) != 0)
		place = place->next;
	return place;
}

static struct news_place *place_get(struct news *news, const struct uuid *workspace)
{
	struct news_place *place = place_find(news, workspace);

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

static struct event **slot_of(
	const struct news *news, const struct news_place *place, int64_t revision)
{
	return &place->events[(size_t)revision % news->config.kept];
}

static void drop_events(struct news *news, struct news_place *place)
{
	for (size_t i = 0; place->events && i < news->config.kept; i++) {
		free(place->events[i]);
		place->events[i] = NULL;
	}
	place->count = 0;
}

/* Goes on behind `last`, of which nothing is kept. */
static void start_at(struct news *news, struct news_place *place, int64_t last)
{
	drop_events(news, place);
	place->last = last;
	place->hashed = false;
	place->known = true;
}

static void poke(struct news *news)
{
	news->hinted = true;
	pthread_cond_signal(&news->wake);
}

void news_hint(struct news *news)
{
	pthread_mutex_lock(&news->mutex);
	if (news->reader_count > 0)
		poke(news);
	pthread_mutex_unlock(&news->mutex);
}

void news_ranking(struct news *news, const struct uuid *workspace, const char *id, int64_t revision)
{
	struct news_place *place;

	pthread_mutex_lock(&news->mutex);
	place = place_get(news, workspace);
	if (place) {
		snprintf(place->ranking, sizeof place->ranking, "%s", id);
		place->ranking_revision = revision;
		if (place->readers > 0)
			poke(news);
	}
	pthread_mutex_unlock(&news->mutex);
}

bool news_is_followed(struct news *news, const struct uuid *workspace)
{
	const struct news_place *place;
	bool followed;

	pthread_mutex_lock(&news->mutex);
	place = place_find(news, workspace);
	followed = place && place->readers > 0;
	pthread_mutex_unlock(&news->mutex);
	return followed;
}

/* ---- seats ---- */

static struct token_seats **seats_of(struct news *news, const struct uuid *token)
{
	struct token_seats **link = &news->tokens[token->bytes[0] % TOKEN_BUCKETS];

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

/* ---- reading ---- */

enum error news_open(struct news *news, const struct uuid *workspace, struct news_reader *reader)
{
	struct news_place *place;
	enum error error = ERR_NO_MEMORY;

	pthread_mutex_lock(&news->mutex);
	place = place_get(news, workspace);
	if (place && !place->events)
		place->events = calloc(news->config.kept, sizeof(struct event *));
	if (place && place->events) {
		if (place->readers++ == 0)
			place->session++;
		news->reader_count++;
		reader->place = place;
		reader->era = place->era;
		poke(news);
		error = ERR_OK;
	}
	pthread_mutex_unlock(&news->mutex);
	if (!error)
		metric_add(METRIC_streams_open, 1);
	return error;
}

void news_close(struct news *news, struct news_reader *reader)
{
	struct news_place *place = reader->place;

	if (!place)
		return;
	reader->place = NULL;
	pthread_mutex_lock(&news->mutex);
	news->reader_count--;
	if (--place->readers == 0) {
		drop_events(news, place);
		free(place->events);
		place->events = NULL;
		place->known = place->hashed = false;
	}
	pthread_mutex_unlock(&news->mutex);
	metric_add(METRIC_streams_open, -1);
}

/* Told behind the revision that it shows. */
static bool has_ranking(const struct news_reader *reader)
{
	const struct news_place *place = reader->place;

	return place->ranking[0] && place->ranking_revision <= reader->last &&
	       strcmp(place->ranking, reader->ranking) != 0;
}

static bool has_news(const struct news *news, const struct news_reader *reader)
{
	const struct news_place *place = reader->place;

	if (news->ended)
		return true;
	return place->known &&
	       (reader->era != place->era || reader->last < place->last || has_ranking(reader));
}

static size_t append_events(
	struct news *news, struct news_reader *reader, size_t most_bytes, struct buf *out)
{
	const struct news_place *place = reader->place;
	size_t told = 0;

	while (reader->last < place->last && out->len < most_bytes && !out->failed) {
		const struct event *event = *slot_of(news, place, ++reader->last);

		if (reader->full)
			buf_append(out, event->text, event->full_bytes);
		else
			buf_append(out, event->text + event->full_bytes, event->lean_bytes);
		told++;
	}
	return told;
}

static void append_ranking(struct news_reader *reader, struct buf *out)
{
	const struct news_place *place = reader->place;

	memcpy(reader->ranking, place->ranking, sizeof reader->ranking);
	buf_printf(out, "event: ranking\ndata: {\"ranking\":\"%s\",\"revision\":%lld}\n\n",
		place->ranking, (long long)place->ranking_revision);
}

static enum news_state read_place(struct news *news, struct news_reader *reader, size_t most_bytes,
	struct buf *out, size_t *told)
{
	const struct news_place *place = reader->place;

	if (news->ended)
		return NEWS_OVER;
	if (!place->known)
		return NEWS_NOTHING;
	if (reader->era != place->era) {
		reader->era = place->era;
		reader->last = place->last;
		return NEWS_SET_BACK;
	}
	if (reader->last < place->last - (int64_t)place->count)
		return reader->live ? NEWS_LOST : NEWS_BEHIND;
	reader->live = true;
	*told = append_events(news, reader, most_bytes, out);
	if (has_ranking(reader)) {
		append_ranking(reader, out);
		(*told)++;
	}
	return *told > 0 ? NEWS_TOLD : NEWS_NOTHING;
}

enum news_state news_read(struct news *news, struct news_reader *reader, size_t most_bytes,
	struct buf *out, size_t *told)
{
	enum news_state state;

	*told = 0;
	pthread_mutex_lock(&news->mutex);
	state = read_place(news, reader, most_bytes, out, told);
	pthread_mutex_unlock(&news->mutex);
	return state;
}

/* ---- waiting ---- */

static void enlist(struct news *news, struct news_waiter *waiter)
{
	struct news_waiter *head = &news->waiters;

	waiter->prev = head->prev;
	waiter->next = head;
	head->prev->next = waiter;
	head->prev = waiter;
	waiter->state = WAITER_LISTED;
	news->waiter_count++;
}

static void delist(struct news *news, struct news_waiter *waiter, enum waiter_state state)
{
	waiter->prev->next = waiter->next;
	waiter->next->prev = waiter->prev;
	waiter->state = (int)state;
	news->waiter_count--;
}

static bool is_due(const struct news *news, const struct news_waiter *waiter, int64_t now_us)
{
	return news->ended || waiter->until_us <= now_us ||
	       (waiter->reader && has_news(news, waiter->reader));
}

void news_wait(struct news *news, struct news_waiter *waiter)
{
	int64_t now_us = clock_monotonic_us(news->clock);
	bool due;

	pthread_mutex_lock(&news->mutex);
	waiter->nudged = false;
	due = is_due(news, waiter, now_us);
	if (!due)
		enlist(news, waiter);
	pthread_mutex_unlock(&news->mutex);
	if (due)
		waiter->wake(waiter);
}

void news_nudge(struct news *news, struct news_waiter *waiter)
{
	bool wake;

	pthread_mutex_lock(&news->mutex);
	wake = waiter->state == WAITER_LISTED;
	if (wake)
		delist(news, waiter, WAITER_IDLE);
	else
		waiter->nudged = waiter->state == WAITER_LOOKED_AT;
	pthread_mutex_unlock(&news->mutex);
	if (wake)
		waiter->wake(waiter);
}

/* Takes the due ones out of the list, then wakes them without the mutex: they may wait again. */
static void wake_due(struct news *news)
{
	int64_t now_us = clock_monotonic_us(news->clock);
	struct news_waiter *due = NULL, *waiter, *next;

	pthread_mutex_lock(&news->mutex);
	for (waiter = news->waiters.next; waiter != &news->waiters; waiter = next) {
		next = waiter->next;
		if (!is_due(news, waiter, now_us))
			continue;
		delist(news, waiter, WAITER_IDLE);
		waiter->next = due;
		due = waiter;
	}
	pthread_mutex_unlock(&news->mutex);
	while (due) {
		waiter = due;
		due = due->next;
		waiter->wake(waiter);
	}
}

void news_end(struct news *news)
{
	pthread_mutex_lock(&news->mutex);
	news->ended = true;
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->mutex);
	wake_due(news);
}

/* Asks the longest waiting one, without the mutex: it may take a while. */
static void look_at_one(struct news *news)
{
	struct news_waiter *waiter;
	bool wake;

	pthread_mutex_lock(&news->mutex);
	waiter = news->waiters.next;
	if (waiter == &news->waiters) {
		pthread_mutex_unlock(&news->mutex);
		return;
	}
	delist(news, waiter, WAITER_LOOKED_AT);
	pthread_mutex_unlock(&news->mutex);

	wake = waiter->look && waiter->look(waiter);

	pthread_mutex_lock(&news->mutex);
	wake = wake || waiter->nudged || news->ended;
	if (wake)
		waiter->state = WAITER_IDLE;
	else
		enlist(news, waiter);
	pthread_mutex_unlock(&news->mutex);
	if (wake)
		waiter->wake(waiter);
}

static void look_at_all(struct news *news)
{
	int64_t now_us = clock_monotonic_us(news->clock);
	unsigned count;

	if (now_us - news->checked_us < CHECK_US)
		return;
	news->checked_us = now_us;
	pthread_mutex_lock(&news->mutex);
	count = news->waiter_count;
	pthread_mutex_unlock(&news->mutex);
	while (count-- > 0)
		look_at_one(news);
}

/* ---- following the logs; on the thread ---- */

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
		start_at(news, place, last);
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
		struct event **slot = slot_of(news, place, record->revision);

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

/* False: the log did not go on from what is known, or memory is out; the place has a new start. */
static bool keep_record(struct news *news, struct mark *mark, const struct audit_record *record)
{
	struct event *event;

	if (mark->hashed && !sha256_same(&record->prev_hash, &mark->hash) &&
		record->revision == mark->last + 1) {
		start_place(news, mark, record->revision, true);
		return false;
	}
	if (record->revision != mark->last + 1)
		start_place(news, mark, record->revision - 1, false);
	event = make_event(record);
	if (!event) {
		start_place(news, mark, record->revision, false);
		return false;
	}
	keep_event(news, mark, record, event);
	return true;
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
		wake_due(news);
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

static void follow(struct news *news)
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

/* Until a hint or the polling floor, but for a rest first. False: stop. */
static bool wait_for_round(struct news *news)
{
	struct timespec until;
	bool running;

	pthread_mutex_lock(&news->mutex);
	until = deadline_after(REST_US + (int64_t)news->waiter_count * REST_EACH_US);
	while (!news->stopping && !news->ended &&
		pthread_cond_timedwait(&news->wake, &news->mutex, &until) == 0)
		;
	until = deadline_after((int64_t)news->config.look_ms * US_PER_MS);
	while (!news->stopping && !news->hinted) {
		/* Without anybody to tell there is nothing to look for. */
		if (news->waiter_count == 0 && news->reader_count == 0)
			pthread_cond_wait(&news->wake, &news->mutex);
		else if (pthread_cond_timedwait(&news->wake, &news->mutex, &until) != 0)
			break;
	}
	news->hinted = false;
	running = !news->stopping;
	pthread_mutex_unlock(&news->mutex);
	return running;
}

static void *run(void *self)
{
	struct news *news = self;

	do {
		follow(news);
		look_at_all(news);
		wake_due(news);
	} while (wait_for_round(news));
	return NULL;
}

/* ---- the whole ---- */

static unsigned or_usual(unsigned value, unsigned usual)
{
	return value ? value : usual;
}

static void make_locks(struct news *news)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&news->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&news->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct news *news_new(
	struct store *store, const struct clock *clock, const struct news_config *config)
{
	struct news *news = calloc(1, sizeof *news);

	if (!news)
		return NULL;
	news->store = store;
	news->clock = clock;
	news->config = (struct news_config){
		.look_ms = or_usual(config->look_ms, LOOK_MS),
		.heartbeat_ms = or_usual(config->heartbeat_ms, HEARTBEAT_MS),
		.kept = or_usual(config->kept, KEPT),
		.most = or_usual(config->most, MOST),
		.most_a_token = or_usual(config->most_a_token, MOST_A_TOKEN),
	};
	news->waiters.prev = news->waiters.next = &news->waiters;
	make_locks(news);
	if (pthread_create(&news->thread, NULL, run, news) == 0)
		return news;
	pthread_cond_destroy(&news->wake);
	pthread_mutex_destroy(&news->mutex);
	free(news);
	return NULL;
}

static void free_places(struct news *news)
{
	while (news->places) {
		struct news_place *place = news->places;

		news->places = place->next;
		drop_events(news, place);
		free(place->events);
		free(place);
	}
}

void news_free(struct news *news)
{
	if (!news)
		return;
	pthread_mutex_lock(&news->mutex);
	news->stopping = true;
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->mutex);
	pthread_join(news->thread, NULL);
	free_places(news);
	for (size_t i = 0; i < TOKEN_BUCKETS; i++) {
		while (news->tokens[i]) {
			struct token_seats *seats = news->tokens[i];

			news->tokens[i] = seats->next;
			free(seats);
		}
	}
	pthread_cond_destroy(&news->wake);
	pthread_mutex_destroy(&news->mutex);
	free(news);
}

/*
 * GET …/events: what happens in a workspace as a stream of server-sent events (WHATWG HTML §9.2). An
 * event's id is its revision, so a client that comes back with Last-Event-ID misses nothing and gets
 * nothing twice, on any daemon.
 *
 * What is no longer kept in memory (live/news.h) is read from the audit log, chunk by chunk, by a
 * worker that is free again before the client has read the chunk.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/num.h"
#include "http/access.h"
#include "http/feed.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "live/live.h"
#include "live/ranking.h"
#include "service/audit.h"
#include "service/items.h"

enum {
	CHUNK_RECORDS = 128,
	CHUNK_ARENA = 64 << 20,
	READ_BYTES = 16 * 1024,
	RECHECK_US = US_PER_S, /* a busy stream's right to go on */
	AWAY_US = US_PER_S / 2,
	RETRY_MS = 2000,        /* what a client waits before it connects again, … */
	RETRY_SPREAD_MS = 1000, /* … and up to so much more, lest all come at once */
};

struct event_feed {
	struct feed feed;
	struct service *service;
	const struct clock *clock;
	struct access_memo memo;
	struct principal *principal;
	struct news_reader reader;
	struct buf pending; /* to be sent */
	size_t sent;        /* of it */
	const char *ending; /* why there will be no more; NULL: there may be */
	int64_t begun_us, told_us, checked_us;
	int64_t paused_until_us;
	int64_t events, bytes;
	bool seated;
	char request_id[65];
};

static int64_t now_of(const struct event_feed *self)
{
	return clock_monotonic_us(self->clock);
}

static void put_end(struct event_feed *self, const char *why, const char *comment)
{
	self->ending = why;
	buf_printf(&self->pending, ": %s\n\n", comment);
}

static void put_open(struct event_feed *self, int64_t head)
{
	buf_printf(&self->pending,
		"id: %lld\nevent: open\ndata: {\"revision\":%lld,\"head\":%lld}\n\n",
		(long long)self->reader.last, (long long)self->reader.last, (long long)head);
}

/* What the client knows may not be what was: it reads anew, and goes on from here. */
static void put_reset(struct event_feed *self, const char *reason)
{
	buf_printf(&self->pending,
		"id: %lld\nevent: reset\ndata: {\"revision\":%lld,\"reason\":\"%s\"}\n\n",
		(long long)self->reader.last, (long long)self->reader.last, reason);
}

/* ---- from the log ---- */

/* With `head` the opening is written, too. */
static void tell_records(
	struct event_feed *self, const struct audit_record *records, size_t count, int64_t *head)
{
	if (count > 0 && records[0].revision > self->reader.last + 1) {
		self->reader.last = records[0].revision - 1;
		put_reset(self, "older_than_the_log");
	} else if (head) {
		put_open(self, *head);
	}
	for (size_t i = 0; i < count; i++)
		news_write_event(&self->pending, &records[i], self->reader.full);
	if (count > 0)
		self->reader.last = records[count - 1].revision;
	self->events += (int64_t)count;
	metric_add(METRIC_stream_events_sent, (int64_t)count);
}

/* On a worker. */
static enum error read_chunk(struct event_feed *self, bool opening)
{
	struct audit_record *records;
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = self->service,
		.arena = &arena,
		.diag = &diag,
		.principal = self->principal,
		.roles = self->memo.roles,
		.workspace = self->memo.workspace.id,
		.request_id = self->request_id,
	};
	size_t count;
	struct head head;
	enum error error;

	arena_init(&arena, CHUNK_ARENA);
	diag_init(&diag, &arena);
	error = audit_page(&call, self->reader.last, CHUNK_RECORDS, NULL, &records, &count, &head);
	if (!error && self->reader.last > head.revision) {
		self->reader.last = head.revision;
		put_reset(self, "beyond_the_head");
	} else if (!error) {
		tell_records(self, records, count, opening ? &head.revision : NULL);
	}
	arena_release(&arena);
	if (!error && self->pending.failed)
		error = ERR_NO_MEMORY;
	return error;
}

/* ---- the feed ---- */

static struct event_feed *of_feed(struct feed *feed)
{
	return (struct event_feed *)((char *)feed - offsetof(struct event_feed, feed));
}

static enum feed_state give(struct event_feed *self, char *out, size_t room, size_t *got)
{
	size_t left = self->pending.len - self->sent;

	*got = left < room ? left : room;
	memcpy(out, self->pending.data + self->sent, *got);
	self->sent += *got;
	self->bytes += (int64_t)*got;
	self->told_us = now_of(self);
	if (self->sent == self->pending.len) {
		/* Thousands of streams that have nothing to say hold no memory for it. */
		buf_release(&self->pending);
		self->sent = 0;
	}
	return FEED_BYTES;
}

/* Nothing is new: a heartbeat when it is time for one. */
static enum feed_state idle(struct event_feed *self)
{
	int64_t beat_us = self->told_us + news_heartbeat_us(live_news(self->service->live));

	if (now_of(self) < beat_us) {
		self->feed.wake_us = beat_us;
		return FEED_WAIT;
	}
	buf_puts(&self->pending, ":\n\n");
	return FEED_BYTES;
}

/* Looks for something to put into `pending`; FEED_BYTES when there is. */
static enum feed_state look_for_news(struct event_feed *self)
{
	size_t told;
	enum news_state state = news_read(
		live_news(self->service->live), &self->reader, READ_BYTES, &self->pending, &told);

	self->events += (int64_t)told;
	metric_add(METRIC_stream_events_sent, (int64_t)told);
	switch (state) {
	case NEWS_TOLD: return FEED_BYTES;
	case NEWS_NOTHING: return idle(self);
	case NEWS_BEHIND: return FEED_WORK;
	case NEWS_LOST:
		metric_add(METRIC_streams_cut_off, 1);
		put_end(self, "cut_off", "too slow; come back with the last id");
		return FEED_BYTES;
	case NEWS_SET_BACK: put_reset(self, "another_log"); return FEED_BYTES;
	case NEWS_OVER: put_end(self, "stopping", "the daemon stops"); return FEED_BYTES;
	}
	return FEED_FAIL;
}

static enum feed_state take(struct feed *feed, char *out, size_t room, size_t *got)
{
	struct event_feed *self = of_feed(feed);
	enum feed_state state;

	if (self->pending.failed)
		return FEED_FAIL;
	if (self->sent < self->pending.len)
		return give(self, out, room, got);
	if (self->ending)
		return FEED_END;
	if (now_of(self) - self->checked_us > RECHECK_US)
		return FEED_WORK;
	if (now_of(self) < self->paused_until_us) {
		self->feed.wake_us = self->paused_until_us;
		return FEED_PAUSE;
	}
	state = look_for_news(self);
	if (state != FEED_BYTES)
		return state;
	return self->pending.failed ? FEED_FAIL : give(self, out, room, got);
}

/* Whether the client may go on. */
static bool check(struct event_feed *self)
{
	self->checked_us = now_of(self);
	if (access_still(self->service, self->clock, &self->memo))
		return true;
	put_end(self, "access", "the rights of the token have ended or changed");
	return false;
}

static bool look(struct feed *feed)
{
	return !check(of_feed(feed));
}

static void work(struct feed *feed)
{
	struct event_feed *self = of_feed(feed);
	enum error error;

	if (!check(self) || self->reader.live)
		return;
	error = read_chunk(self, false);
	if (error == ERR_NO_MEMORY || error == ERR_BUDGET)
		put_end(self, "memory", "out of memory; come back with the last id");
	else if (error)
		self->paused_until_us = now_of(self) + AWAY_US;
}

static void release(struct feed *feed)
{
	struct event_feed *self = of_feed(feed);
	struct news *news = live_news(self->service->live);

	if (self->begun_us > 0)
		log_write(LOG_INFO, "stream_ended", "A stream of events has ended",
			LOG_S("why", self->ending ? self->ending : "client"),
			LOG_S("workspace", self->memo.workspace.name),
			LOG_S("request_id", self->request_id), LOG_I("events", self->events),
			LOG_I("bytes", self->bytes), LOG_I("revision", self->reader.last),
			LOG_R("duration_s", (double)(now_of(self) - self->begun_us) / US_PER_S),
			NULL);
	news_close(news, &self->reader);
	if (self->seated)
		news_leave(news, &self->principal->token_id);
	principal_unref(self->principal);
	buf_release(&self->pending);
	free(self);
}

/* ---- the request ---- */

/* -1: from now on. An empty field is none, since that is what a client has that was told no id. */
static enum error read_resume(struct request *request, int64_t *out)
{
	static const char *const known[] = {"last_event_id", NULL};
	const char *pointer = "/headers/Last-Event-ID";
	struct str text = request_header(request, "Last-Event-ID");
	uint64_t number;
	enum error error = request_query_only(request, known);

	*out = -1;
	if (error)
		return error;
	if (text.len == 0) {
		text = request_query(request, "last_event_id");
		pointer = "/query/last_event_id";
	}
	if (text.len == 0)
		return ERR_OK;
	if (!num_parse_u64(text, &number) || number > INT64_MAX) {
		diag_add(&request->diag, pointer, "Must be a revision, as the id of an event was.");
		return ERR_INVALID;
	}
	*out = (int64_t)number;
	return ERR_OK;
}

/* NULL when memory is out. */
static struct event_feed *make_feed(struct request *request)
{
	struct event_feed *self = calloc(1, sizeof *self);

	if (!self)
		return NULL;
	self->feed = (struct feed){
		.take = take,
		.work = work,
		.look = look,
		.free = release,
		.reader = &self->reader,
	};
	self->service = request->service;
	self->clock = request->clock;
	self->principal = request->principal;
	principal_ref(self->principal);
	self->reader.full = (request->roles & (ROLE_AUDITOR | ROLE_ADMIN)) != 0;
	memcpy(self->request_id, request->id, sizeof self->request_id);
	self->told_us = self->checked_us = now_of(self);
	buf_printf(
		&self->pending, "retry: %d\n\n", RETRY_MS + (int)(self->told_us % RETRY_SPREAD_MS));
	if (!access_remember(request, &self->memo)) {
		release(&self->feed);
		return NULL;
	}
	return self;
}

/* Where the stream begins, and what it says first. */
static enum error begin(struct event_feed *self, int64_t resume, int64_t head)
{
	struct live *live = self->service->live;
	struct ranking *ranking;
	enum error error;

	error = news_enter(live_news(live), &self->principal->token_id);
	if (error)
		return error;
	self->seated = true;
	self->reader.last = resume < 0 ? head : resume;
	error = news_open(live_news(live), &self->memo.workspace.id, &self->reader);
	if (error)
		return error;
	if (resume >= 0 && resume != head)
		error = read_chunk(self, true);
	else
		put_open(self, head);
	/* So that there are rankings to tell of. */
	if (!live_ranking(live, &self->memo.workspace.id, &ranking))
		ranking_unref(ranking);
	if (!error && self->pending.failed)
		error = ERR_NO_MEMORY;
	return error;
}

static enum error events(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct event_feed *self;
	int64_t resume, head;
	enum error error = read_resume(request, &resume);

	if (!error)
		error = workspace_revision(&call, &head);
	if (error)
		return error;
	response->content_type = "text/event-stream";
	response_revision(response, request, head);
	/* For proxies that would collect an answer before they pass it on. */
	response_header(response, request, "X-Accel-Buffering", "no");
	if (strcmp(request->method, "HEAD") == 0)
		return ERR_OK;
	self = make_feed(request);
	if (!self)
		return ERR_NO_MEMORY;
	error = begin(self, resume, head);
	if (error) {
		release(&self->feed);
		return error;
	}
	self->begun_us = now_of(self);
	metric_add(METRIC_streams_opened, 1);
	response->feed = &self->feed;
	return ERR_OK;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/events",
		.roles = ROLES_READ,
		.handle = events,
	},
};
const struct route_table event_routes = {routes, sizeof routes / sizeof *routes};

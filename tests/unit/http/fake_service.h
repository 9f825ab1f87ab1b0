/*
 * Stands in for the service and the live pictures, and offers routes that do what a test needs.
 */
#ifndef WINNOW_TESTS_FAKE_SERVICE_H
#define WINNOW_TESTS_FAKE_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/http.h"
#include "live/live.h"
#include "service/service.h"

static atomic_int fake_lookups_that_blocked;
static atomic_int fake_lookups;       /* of tokens and workspaces */
static atomic_ulong fake_version = 1; /* of what they find */
static atomic_bool fake_reader_is_known = true;
static atomic_int fake_principals_out; /* references given and not yet returned */
static atomic_int fake_handled;        /* calls of any handler */
static atomic_int fake_streams_ended;
static atomic_long fake_lines_seen;
static atomic_int fake_in_gate;
static atomic_int fake_waiting;

static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fake_news = PTHREAD_COND_INITIALIZER;
static bool fake_gate_open;
static struct live_waiter *fake_waiters;
static bool fake_wake_at_once;

/* ---- service/principal.h, service/auth.h ---- */

static struct principal fake_reader = {
	.roles = ROLE_READER, .expires_us = INT64_MAX, .references = 1};
static struct principal fake_operator = {
	.roles = ROLE_OPERATOR, .expires_us = INT64_MAX, .references = 1};

void principal_ref(struct principal *principal)
{
	(void)principal;
	fake_principals_out++;
}

void principal_unref(struct principal *principal)
{
	if (principal)
		fake_principals_out--;
}

bool principal_may_decide(const struct principal *principal)
{
	return principal && principal->actor_kind != ACTOR_AGENT;
}

uint32_t principal_roles(
	const struct principal *principal, const struct uuid *workspace, int64_t now_us)
{
	(void)now_us;
	if (principal->roles & ROLE_OPERATOR)
		return ROLE_OPERATOR;
	return workspace->bytes[0] == 'a' ? principal->roles : 0;
}

unsigned long auth_version(struct auth *auth)
{
	(void)auth;
	return fake_version;
}

enum error auth_token(struct auth *auth, struct str token, bool may_block, struct principal **out)
{
	(void)auth;
	fake_lookups++;
	if (str_is(token, "wnw_slow") && !may_block)
		return ERR_WOULD_BLOCK;
	if (str_is(token, "wnw_slow"))
		fake_lookups_that_blocked++;
	else if (str_is(token, "wnw_operator")) {
		*out = &fake_operator;
		principal_ref(*out);
		return ERR_OK;
	} else if (!fake_reader_is_known || !str_is(token, "wnw_reader")) {
		return ERR_UNAUTHENTICATED;
	}
	*out = &fake_reader;
	principal_ref(*out);
	return ERR_OK;
}

enum error auth_secret(
	struct auth *auth, const struct sha256 *hash, bool may_block, struct principal **out)
{
	(void)hash;
	return auth_token(auth, STR("wnw_reader"), may_block, out);
}

enum error auth_workspace(
	struct auth *auth, struct str name, bool may_block, struct workspace_ref *out)
{
	(void)auth;
	(void)may_block;
	fake_lookups++;
	if (!str_is(name, "acme") && !str_is(name, "other"))
		return ERR_NOT_FOUND;
	memset(out, 0, sizeof *out);
	out->id.bytes[0] = (unsigned char)name.ptr[0];
	snprintf(out->name, sizeof out->name, "%.*s", STR_ARG(name));
	return ERR_OK;
}

/* ---- live/live.h ---- */

void live_wait(struct live *live, struct live_waiter *waiter)
{
	(void)live;
	if (fake_wake_at_once) {
		waiter->wake(waiter);
		return;
	}
	pthread_mutex_lock(&fake_lock);
	waiter->next = fake_waiters;
	fake_waiters = waiter;
	fake_waiting++;
	pthread_mutex_unlock(&fake_lock);
}

void live_wake_all(struct live *live)
{
	struct live_waiter *waiters;

	(void)live;
	pthread_mutex_lock(&fake_lock);
	waiters = fake_waiters;
	fake_waiters = NULL;
	pthread_mutex_unlock(&fake_lock);
	while (waiters) {
		struct live_waiter *next = waiters->next;

		fake_waiting--;
		waiters->wake(waiters);
		waiters = next;
	}
}

/* Here nobody is woken because the client has gone: the tests decide when. */
void live_nudge(struct live *live, struct live_waiter *waiter)
{
	(void)live;
	(void)waiter;
}

/* ---- live/news.h: no route here has a stream without an end ---- */

struct news *live_news(struct live *live)
{
	(void)live;
	return NULL;
}

void news_leave(struct news *news, const struct uuid *token)
{
	(void)news;
	(void)token;
}

void news_wait(struct news *news, struct news_waiter *waiter)
{
	(void)news;
	waiter->wake(waiter);
}

void news_nudge(struct news *news, struct news_waiter *waiter)
{
	(void)news;
	(void)waiter;
}

void news_end(struct news *news)
{
	(void)news;
}

/* ---- routes ---- */

static void fake_gate(bool open)
{
	pthread_mutex_lock(&fake_lock);
	fake_gate_open = open;
	pthread_cond_broadcast(&fake_news);
	pthread_mutex_unlock(&fake_lock);
}

static enum error get_hello(struct request *request, struct response *response)
{
	(void)request;
	fake_handled++;
	buf_puts(&response->body, "{\"hello\":true}");
	return ERR_OK;
}

/* "?on=worker" moves it there. */
static enum error get_maybe(struct request *request, struct response *response)
{
	if (str_is(request_query(request, "on"), "worker") && !request->on_worker) {
		buf_puts(&response->body, "must not show");
		response_header(response, request, "X-Half", "done");
		return ERR_WOULD_BLOCK;
	}
	fake_handled++;
	buf_printf(&response->body, "{\"on\":\"%s\",\"n\":\"%.*s\"}",
		request->on_worker ? "worker" : "loop", STR_ARG(request_query(request, "n")));
	return ERR_OK;
}

static void keep_shared(struct shared_body *body)
{
	(void)body;
}

static struct shared_body fake_page = {"{\"page\":1}", 10, 1, keep_shared};

static enum error get_shared(struct request *request, struct response *response)
{
	fake_handled++;
	if (response_not_modified(response, request, "\"v1\""))
		return ERR_OK;
	shared_body_ref(&fake_page);
	response->shared = &fake_page;
	return ERR_OK;
}

static enum error get_park(struct request *request, struct response *response)
{
	if (!request->parked_once) {
		request->park_revision = 7;
		request->park_until_us = INT64_MAX;
		return ERR_PARK;
	}
	if (str_is(request_query(request, "again"), "true"))
		return ERR_PARK;
	fake_handled++;
	buf_printf(&response->body, "{\"woken\":\"%s\"}", request->on_worker ? "worker" : "loop");
	return ERR_OK;
}

static enum error get_gate(struct request *request, struct response *response)
{
	(void)request;
	fake_handled++;
	fake_in_gate++;
	pthread_mutex_lock(&fake_lock);
	while (!fake_gate_open)
		pthread_cond_wait(&fake_news, &fake_lock);
	pthread_mutex_unlock(&fake_lock);
	fake_in_gate--;
	buf_puts(&response->body, "{\"passed\":true}");
	return ERR_OK;
}

static enum error get_big(struct request *request, struct response *response)
{
	(void)request;
	for (int i = 0; i < 100000; i++)
		buf_puts(&response->body, "0123456789");
	response->content_type = "text/plain";
	return ERR_OK;
}

static enum error get_broken(struct request *request, struct response *response)
{
	(void)request;
	response->body.failed = true;
	return ERR_OK;
}

static enum error post_echo(struct request *request, struct response *response)
{
	fake_handled++;
	buf_str(&response->body, request->body);
	return ERR_OK;
}

static enum error put_checked(struct request *request, struct response *response)
{
	fake_handled++;
	(void)request;
	response->status = 204;
	return ERR_OK;
}

struct fake_stream {
	size_t lines, bytes, longest, chunks, expected_line;
	bool fail_second;
};

static enum error stream_begin(struct request *request)
{
	struct fake_stream *stream = arena_alloc(&request->arena, sizeof *stream);

	request->state = stream;
	if (!stream)
		return ERR_BUDGET;
	stream->expected_line = 1;
	stream->fail_second = str_is(request_query(request, "fail"), "second");
	return str_is(request_query(request, "fail"), "begin") ? ERR_INVALID : ERR_OK;
}

static enum error stream_chunk(struct request *request, struct str text, size_t first_line)
{
	struct fake_stream *stream = request->state;
	const char *end = text.ptr + text.len;

	if (first_line != stream->expected_line)
		return ERR_INTERNAL;
	if (++stream->chunks == 2 && stream->fail_second) {
		diag_add(&request->diag, "", "Committed up to line %zu.", first_line - 1);
		return ERR_DATABASE_AWAY;
	}
	for (const char *at = text.ptr; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		stream->lines++;
		stream->bytes += len;
		if (len > stream->longest)
			stream->longest = len;
		at += len + 1;
		stream->expected_line++;
		fake_lines_seen++;
	}
	return ERR_OK;
}

static enum error stream_end(struct request *request, struct response *response)
{
	const struct fake_stream *stream = request->state;

	fake_streams_ended++;
	buf_printf(&response->body, "{\"lines\":%zu,\"bytes\":%zu,\"longest\":%zu,\"chunks\":%zu}",
		stream->lines, stream->bytes, stream->longest, stream->chunks);
	return ERR_OK;
}

static const struct stream_handler fake_stream_handler = {
	.begin = stream_begin,
	.chunk = stream_chunk,
	.end = stream_end,
	.chunk_lines = 10,
	.chunk_bytes = 4096,
	.line_bytes = 1000,
};

static const struct route fake_routes[] = {
	{"GET", "/hello", 0, ROUTE_PUBLIC | ROUTE_MEMORY, 0, 0, get_hello, NULL, NULL},
	{"GET", "/maybe", 0, ROUTE_PUBLIC | ROUTE_MEMORY, 0, 0, get_maybe, NULL, NULL},
	{"GET", "/work", 0, ROUTE_PUBLIC, 0, 0, get_maybe, NULL, NULL},
	{"GET", "/shared", 0, ROUTE_PUBLIC | ROUTE_MEMORY, 0, 0, get_shared, NULL, NULL},
	{"GET", "/park", 0, ROUTE_PUBLIC | ROUTE_MEMORY, 0, 0, get_park, NULL, NULL},
	{"GET", "/park-worker", 0, ROUTE_PUBLIC, 0, 0, get_park, NULL, NULL},
	{"GET", "/gate", 0, ROUTE_PUBLIC, 0, 0, get_gate, NULL, NULL},
	{"GET", "/big", 0, ROUTE_PUBLIC | ROUTE_MEMORY, 0, 0, get_big, NULL, NULL},
	{"GET", "/broken", 0, ROUTE_PUBLIC | ROUTE_MEMORY, 0, 0, get_broken, NULL, NULL},
	{"POST", "/echo", 0, ROUTE_PUBLIC, BODY_JSON, 4096, post_echo, NULL, NULL},
	{"PUT", "/checked", 0, ROUTE_PUBLIC | ROUTE_IF_MATCH, 0, 0, put_checked, NULL, NULL},
	{"GET", "/v1/workspaces/{ws}/things", ROLES_READ, ROUTE_MEMORY, 0, 0, get_hello, NULL,
		NULL},
	{"GET", "/v1/workspaces/{ws}/secrets", ROLE_ADMIN, ROUTE_MEMORY, 0, 0, get_hello, NULL,
		NULL},
	{"POST", "/v1/workspaces/{ws}/things", ROLE_READER, 0, BODY_JSON | BODY_NDJSON, 4096,
		post_echo, &fake_stream_handler, NULL},
};
static const struct route_table fake_table = {
	fake_routes, sizeof fake_routes / sizeof *fake_routes};
const struct route_table *const route_tables[] = {&fake_table};
const size_t route_table_count = 1;

#endif

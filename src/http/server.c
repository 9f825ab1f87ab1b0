/*
 * The server: bytes and threads. The only file that knows libmicrohttpd; what a request means is
 * decided by exchange.c, which this file feeds and obeys.
 *
 * One or two event loops accept, read and write. A request that needs a worker is suspended, runs
 * there and is resumed. Each loop is a thread of ours with a library daemon of its own that is
 * polled from outside, because the library's own threads can wait for ever with work to do
 * (docs/adr/0003-event-loops.md). What of the library's behaviour (0.9.75) all this rests on:
 *
 * - A suspended connection is in none of the library's lists but its own: it is not polled, has no
 *   time-out and is not closed, even when the client has long hung up. NOTIFY_COMPLETED comes only
 *   after a resume. So whoever holds a suspended request owns it until MHD_resume_connection, and
 *   must not touch it afterwards, since the loop may finish and reuse it at once.
 * - Resume may come before the callback that suspended has returned; the library keeps that in
 *   mind. Stopping with a suspended connection aborts the process: `suspended` counts them.
 * - On resume the socket is read first. A client that has closed even its sending half by then is
 *   taken as gone and gets no answer; one that is answered at once is not affected.
 * - After the piece of a chunked body that made us suspend, the library goes on with the next
 *   piece without looking; such a call is told apart by MHD_CONNECTION_INFO_CONNECTION_SUSPENDED.
 * - A response queued in the first call (before the body) closes the connection, one queued in
 *   the last call does not. In between none can be queued at all: a body that turns out too large
 *   is read to its end and dropped.
 * - An end of input that arrives together with the last bytes goes unseen (edge-triggered epoll and
 *   a short read), so it may be a deadline that ends such a connection.
 * - A malformed Content-Length, a request line or header beyond its memory, and an unknown version
 *   are answered by the library itself, without a problem object; it closes the connection.
 */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/gather.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/workq.h"
#include "http/access_log.h"
#include "http/deadlines.h"
#include "http/exchange.h"
#include "http/feed.h"
#include "http/listen.h"
#include "http/metrics.h"
#include "http/router.h"
#include "live/live.h"
#include "service/service.h"

enum {
	MAX_LOOPS = 8,
	CONNECTION_MEMORY_BYTES = 32 * 1024,
	MAX_PEM_BYTES = 1024 * 1024,
	LARGE_ANSWER_BYTES = 64 * 1024,
	SENDING_BYTES_PER_S = 32 * 1024, /* that a client must take */
	NAP_US = 1000,
	IDLE_ROUNDS_MAX = 1000, /* of a loop in a row */
	TOGETHER_WAITING_MAX = 1024,
	WOKEN_A_ROUND = 16, /* of those who waited for news; others get their turn between */
	FEED_SOCKET_BYTES = 64 * 1024,
	FEED_BLOCK_BYTES = 4096,
	FEED_RETRY_US = 100 * US_PER_MS, /* when no worker is free */
};
_Static_assert((int)JOINT_MAX == (int)GATHER_MAX, "what is gathered is handled at once");

/* What a loop is told to do, in this order. */
enum loop_orders { LOOP_RUN, LOOP_STOP_ACCEPTING, LOOP_END };

struct loop {
	struct server *server;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int events; /* the daemon's epoll descriptor */
	int poke;   /* an eventfd: a request was resumed, or orders have changed */
	int poked;  /* atomic: poke has been written to and not looked at */
	int orders; /* atomic */
	pthread_mutex_t woken_mutex;
	struct connection *woken_first, *woken_last; /* to be resumed by the loop itself */
	unsigned long calls; /* of the library to us: a round without one got nowhere */
};

struct server {
	struct server_config config;
	struct service *service;
	struct workq *workers;
	struct gather *gather; /* small writes, by workspace */
	const struct clock *clock;
	struct router *router;
	struct deadlines *deadlines;
	struct loop loops[MAX_LOOPS];
	unsigned loop_count;            /* started */
	struct MHD_Response *emergency; /* for when there is no memory for any other */
	struct buf late_answer;
	uint16_t port;
	int started;   /* atomic */
	int refusing;  /* atomic: no request may be suspended any more */
	int suspended; /* atomic: requests suspended and not yet resumed */
	size_t unsent; /* atomic: bytes of large answers that are being sent */
};

struct connection {
	struct watch watch;
	struct exchange exchange;
	struct MHD_Connection *handle;
	struct server *server;
	struct loop *loop;
	struct live_waiter waiter;
	struct gather_entry entry;
	struct news_waiter news_waiter;
	struct feed *waiting_feed; /* whose news_waiter it is */
	struct connection *next_woken;
	int64_t answered_us;
	int64_t parked_us;
	size_t unsent; /* of the server's */
	bool large_answer;
	bool linger; /* closed before the client has sent everything */
	bool used;   /* a request has begun since accept */
	bool chunks; /* the client knows them: it speaks HTTP/1.1 */
	int gone;    /* atomic: the client has closed its side while its request was suspended */
};

static int64_t now_us(const struct server *server)
{
	return clock_monotonic_us(server->clock);
}

static int64_t after_ms(const struct server *server, unsigned ms)
{
	return now_us(server) + (int64_t)ms * US_PER_MS;
}

/* ---- answers ---- */

static void free_shared(void *shared)
{
	shared_body_unref(shared);
}

static ssize_t on_feed(void *cls, uint64_t position, char *out, size_t room);

static void free_feed(void *cls)
{
	struct feed *feed = cls;

	feed->free(feed);
}

static struct MHD_Response *make_feed(struct response *response)
{
	struct MHD_Response *reply = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, FEED_BLOCK_BYTES, on_feed, response->feed, free_feed);

	if (reply)
		response->feed = NULL;
	return reply;
}

/* Takes the response's bytes over. */
static struct MHD_Response *make_body(struct response *response, size_t *bytes)
{
	struct shared_body *shared = response->shared;
	struct MHD_Response *reply;
	char *data;

	*bytes = 0;
	if (response->feed)
		return make_feed(response);
	if (shared) {
		/* The library never writes to it; its signature predates const. */
		reply = MHD_create_response_from_buffer_with_free_callback_cls(
			shared->len, (void *)(uintptr_t)shared->data, free_shared, shared);
		*bytes = shared->len;
		if (reply)
			response->shared = NULL;
		return reply;
	}
	if (response->body.len == 0)
		return MHD_create_response_from_buffer(
			0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
	data = buf_steal(&response->body, bytes);
	if (!data)
		return NULL;
	reply = MHD_create_response_from_buffer_with_free_callback(*bytes, data, free);
	if (!reply)
		free(data);
	return reply;
}

static bool put_header(struct MHD_Response *reply, const char *name, const char *value)
{
	/* The library refuses an empty value; a field without one says nothing. */
	return value[0] == '\0' || MHD_add_response_header(reply, name, value) == MHD_YES;
}

static bool put_headers(
	struct MHD_Response *reply, const struct exchange *exchange, size_t bytes, bool close)
{
	const struct response *response = &exchange->response;
	bool has_cache_control = false;
	bool ok = put_header(reply, "X-Request-Id", exchange->request.id);

	for (size_t i = 0; i < response->header_count; i++) {
		ok = ok && put_header(reply, response->headers[i].name, response->headers[i].value);
		has_cache_control |= strcmp(response->headers[i].name, "Cache-Control") == 0;
	}
	/* An empty answer has no type, but for a list without lines. */
	if (bytes > 0 || response->status == 200)
		ok = ok && put_header(reply, "Content-Type", response->content_type);
	if (!has_cache_control)
		ok = ok && put_header(reply, "Cache-Control", "no-store");
	ok = ok && put_header(reply, "X-Content-Type-Options", "nosniff");
	if (close)
		ok = ok && put_header(reply, "Connection", "close");
	return ok;
}

/* What a slow reader has not taken is to be in our buffers, where it is bounded. */
static void begin_feed(struct connection *connection)
{
	int bytes = FEED_SOCKET_BYTES;

	connection->exchange.response.feed->connection = connection;
	setsockopt(connection->watch.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* NULL when memory is out. */
static struct MHD_Response *make_reply(struct connection *connection, size_t *bytes)
{
	struct exchange *exchange = &connection->exchange;
	struct service *service = connection->server->service;
	bool close = exchange->close || __atomic_load_n(&service->draining, __ATOMIC_RELAXED);
	struct MHD_Response *reply;

	if (!exchange->outcome && exchange->response.body.failed)
		exchange->outcome = ERR_NO_MEMORY;
	if (exchange->outcome)
		problem_render(exchange->outcome, &exchange->request, &exchange->response);
	if (exchange->response.body.failed)
		return NULL;
	if (exchange->response.feed)
		begin_feed(connection);
	reply = make_body(&exchange->response, bytes);
	if (!reply)
		return NULL;
	if (put_headers(reply, exchange, *bytes, close))
		return reply;
	MHD_destroy_response(reply);
	return NULL;
}

static int64_t sending_limit_us(const struct server *server, size_t bytes)
{
	return (int64_t)server->config.body_timeout_ms * US_PER_MS +
	       (int64_t)bytes * US_PER_S / SENDING_BYTES_PER_S;
}

/*
 * Large answers stay in memory until the client has taken them, and clients that do not read can ask
 * for many. What others have not taken yet has a limit; a single answer always has room.
 */
static void reserve_unsent(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	struct server *server = connection->server;
	size_t bytes = exchange->response.body.len, before;

	if (exchange->outcome || exchange->response.shared || bytes <= LARGE_ANSWER_BYTES)
		return;
	before = __atomic_fetch_add(&server->unsent, bytes, __ATOMIC_RELAXED);
	if (before == 0 || before + bytes <= server->config.unsent_bytes) {
		connection->unsent = bytes;
		return;
	}
	__atomic_sub_fetch(&server->unsent, bytes, __ATOMIC_RELAXED);
	metric_add(METRIC_http_unsent_full, 1);
	diag_add(&exchange->request.diag, "",
		"Large answers that their clients have not read yet fill the memory for them.");
	exchange_fail(exchange, ERR_BUSY);
}

static void release_unsent(struct connection *connection)
{
	__atomic_sub_fetch(&connection->server->unsent, connection->unsent, __ATOMIC_RELAXED);
	connection->unsent = 0;
}

static enum MHD_Result answer(struct connection *connection)
{
	struct server *server = connection->server;
	struct exchange *exchange = &connection->exchange;
	size_t bytes = 0;
	struct MHD_Response *own;
	int64_t now = now_us(server);
	enum MHD_Result result;
	int status;

	reserve_unsent(connection);
	own = make_reply(connection, &bytes);
	status = own ? exchange->response.status : MHD_HTTP_SERVICE_UNAVAILABLE;
	connection->answered_us = now;
	connection->large_answer = bytes > LARGE_ANSWER_BYTES;
	if (!watch_claim(
		    &connection->watch, PHASE_SENDING, now + sending_limit_us(server, bytes))) {
		/* The client was too slow; the reaper has told it and closed the connection. */
		if (own)
			MHD_destroy_response(own);
		return MHD_NO;
	}
	result = MHD_queue_response(
		connection->handle, (unsigned)status, own ? own : server->emergency);
	if (own)
		MHD_destroy_response(own);
	http_metrics_observe(exchange->route_index, status, now - exchange->started_us);
	access_log(&exchange->request, status, bytes, now - exchange->started_us, now);
	return result;
}

/* ---- workers and waiting ---- */

static void arm_body(struct connection *connection, bool stream)
{
	struct server *server = connection->server;

	__atomic_store_n(&connection->watch.window_bytes, 0, __ATOMIC_RELAXED);
	watch_set(&connection->watch, stream ? PHASE_STREAM : PHASE_BODY,
		after_ms(server, server->config.body_timeout_ms));
}

/* The loop has set `poked` to 0 before it looks for what there is to do, so if it is still 1 here
 * it has not looked yet. */
static void poke(struct loop *loop)
{
	uint64_t one = 1;

	if (!__atomic_exchange_n(&loop->poked, 1, __ATOMIC_SEQ_CST))
		(void)!write(loop->poke, &one, sizeof one);
}

/* Gives the request back to its loop; nothing of it may be touched afterwards. */
static void resume(struct connection *connection)
{
	struct server *server = connection->server;
	struct loop *loop = connection->loop;
	enum step step = connection->exchange.step;

	/* The client's turn, and perhaps no byte will wake the loop. */
	if (step == STEP_BODY || step == STEP_DISCARD)
		arm_body(connection, connection->exchange.stream);
	MHD_resume_connection(connection->handle);
	poke(loop);
	__atomic_sub_fetch(&server->suspended, 1, __ATOMIC_SEQ_CST);
}

/* The same, but many at once do not keep the loop from its other requests. */
static void resume_in_turn(struct connection *connection)
{
	struct loop *loop = connection->loop;

	connection->next_woken = NULL;
	pthread_mutex_lock(&loop->woken_mutex);
	if (loop->woken_last)
		loop->woken_last->next_woken = connection;
	else
		loop->woken_first = connection;
	loop->woken_last = connection;
	pthread_mutex_unlock(&loop->woken_mutex);
	poke(loop);
}

/* On the loop's own thread; true when there are more. */
static bool resume_some(struct loop *loop)
{
	struct connection *connection;

	for (unsigned i = 0; i < WOKEN_A_ROUND; i++) {
		pthread_mutex_lock(&loop->woken_mutex);
		connection = loop->woken_first;
		if (connection)
			loop->woken_first = connection->next_woken;
		if (!loop->woken_first)
			loop->woken_last = NULL;
		pthread_mutex_unlock(&loop->woken_mutex);
		if (!connection)
			return false;
		resume(connection);
	}
	return true;
}

static void wake(struct live_waiter *waiter)
{
	struct connection *connection =
		(struct connection *)((char *)waiter - offsetof(struct connection, waiter));

	if (connection->exchange.request.park_other_than)
		connection->exchange.started_us +=
			now_us(connection->server) - connection->parked_us;
	resume_in_turn(connection);
}

static void wait_for_news(struct connection *connection)
{
	const struct request *request = &connection->exchange.request;

	connection->waiter = (struct live_waiter){
		.workspace = request->workspace.id,
		.revision = request->park_revision,
		.other_than = request->park_other_than,
		.until_us = request->park_until_us,
		.wake = wake,
	};
	connection->parked_us = now_us(connection->server);
	watch_set(&connection->watch, PHASE_WAITING, DEADLINE_NONE);
	live_wait(request->service->live, &connection->waiter);
}

static void work(void *arg, unsigned worker)
{
	struct connection *connection = arg;

	if (exchange_work(&connection->exchange, worker) == ACTION_PARK)
		wait_for_news(connection);
	else
		resume(connection);
}

static struct connection *connection_of(struct gather_entry *entry)
{
	return (struct connection *)((char *)entry - offsetof(struct connection, entry));
}

static void prepare_together(struct gather_entry **entries, size_t count, unsigned worker)
{
	for (size_t i = 0; i < count; i++)
		exchange_prepare_joint(&connection_of(entries[i])->exchange, worker);
}

static void store_together(struct gather_entry **entries, size_t count)
{
	struct exchange *exchanges[GATHER_MAX];

	for (size_t i = 0; i < count; i++)
		exchanges[i] = &connection_of(entries[i])->exchange;
	exchange_store_joint(exchanges, count);
}

static void finish_together(struct gather_entry **entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct connection *connection = connection_of(entries[i]);

		exchange_finish_joint(&connection->exchange);
		resume(connection);
	}
}

static const struct gather_steps together = {prepare_together, store_together, finish_together};

static bool give_to_worker(struct connection *connection)
{
	struct server *server = connection->server;
	const struct uuid *workspace = &connection->exchange.request.workspace.id;

	if (exchange_joins(&connection->exchange))
		return gather_push(server->gather, workspace, &connection->entry);
	return workq_push(server->workers, work, connection);
}

/*
 * Suspends, unless the server has begun to refuse that. The count goes up before the flag is read
 * and the flag is set before the count is read (server_stop), so one of the two sees the other.
 */
static bool suspend(struct connection *connection)
{
	struct server *server = connection->server;

	__atomic_add_fetch(&server->suspended, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&server->refusing, __ATOMIC_SEQ_CST)) {
		__atomic_sub_fetch(&server->suspended, 1, __ATOMIC_SEQ_CST);
		return false;
	}
	MHD_suspend_connection(connection->handle);
	return true;
}

/* ---- bodies that are made while they are sent ---- */

static struct connection *of_news_waiter(struct news_waiter *waiter)
{
	return (struct connection *)((char *)waiter - offsetof(struct connection, news_waiter));
}

static void wake_feed(struct news_waiter *waiter)
{
	resume_in_turn(of_news_waiter(waiter));
}

static bool look_at_feed(struct news_waiter *waiter)
{
	struct feed *feed = of_news_waiter(waiter)->waiting_feed;

	return feed->look(feed);
}

static void wait_with_feed(struct connection *connection, struct feed *feed, bool for_news)
{
	struct news_waiter *waiter = &connection->news_waiter;

	waiter->reader = for_news ? feed->reader : NULL;
	waiter->until_us = feed->wake_us;
	waiter->wake = wake_feed;
	waiter->look = look_at_feed;
	connection->waiting_feed = feed;
	news_wait(live_news(connection->server->service->live), waiter);
}

static void work_feed(void *arg, unsigned worker)
{
	struct feed *feed = arg;

	(void)worker;
	feed->work(feed);
	resume_in_turn(feed->connection);
}

static void feed_from_worker(struct connection *connection, struct feed *feed)
{
	if (workq_push(connection->server->workers, work_feed, feed))
		return;
	metric_add(METRIC_http_queue_full, 1);
	feed->wake_us = now_us(connection->server) + FEED_RETRY_US;
	wait_with_feed(connection, feed, false);
}

/*
 * Closes the connection behind what was sent, which is the end by an error, and for HTTP/1.0 the only
 * one. Where the library itself closes one in a reader, it leaves it in none of its lists, so it would
 * never be let go. A byte that cannot be sent any more makes it close in the usual way.
 */
static ssize_t break_off(struct connection *connection, char *out)
{
	shutdown(connection->watch.fd, SHUT_RDWR);
	out[0] = '\n';
	return 1;
}

static ssize_t end_feed(struct connection *connection, char *out)
{
	return connection->chunks ? MHD_CONTENT_READER_END_OF_STREAM : break_off(connection, out);
}

/* The library asks for bytes; it has suspended nothing yet, and 0 without that would spin. */
static ssize_t on_feed(void *cls, uint64_t position, char *out, size_t room)
{
	struct feed *feed = cls;
	struct connection *connection = feed->connection;
	struct server *server = connection->server;
	enum feed_state state;
	size_t got = 0;

	(void)position;
	connection->loop->calls++;
	/* While it sends, the library does not look whether anybody is there. */
	if (__atomic_load_n(&connection->gone, __ATOMIC_ACQUIRE))
		return break_off(connection, out);
	state = feed->take(feed, out, room, &got);
	/* What is left at the end has as much time, and then the connection is idle from now on. */
	watch_set(&connection->watch, PHASE_FEEDING,
		after_ms(server, server->config.body_timeout_ms));
	connection->large_answer = true;
	if (state == FEED_BYTES)
		return (ssize_t)got;
	if (state == FEED_FAIL)
		return break_off(connection, out);
	if (state == FEED_END || !suspend(connection))
		return end_feed(connection, out);
	watch_set(&connection->watch, PHASE_WAITING, DEADLINE_NONE);
	if (state == FEED_WORK)
		feed_from_worker(connection, feed);
	else
		wait_with_feed(connection, feed, state == FEED_WAIT);
	return 0;
}

/* The client has gone. Under the lock of the deadlines, so the connection is still there; what it
 * waits for need not be. */
static void on_gone(struct watch *watch)
{
	struct connection *connection =
		(struct connection *)((char *)watch - offsetof(struct connection, watch));
	struct live *live = connection->server->service->live;

	__atomic_store_n(&connection->gone, 1, __ATOMIC_RELEASE);
	live_nudge(live, &connection->waiter);
	news_nudge(live_news(live), &connection->news_waiter);
}

static enum MHD_Result act(struct connection *connection, enum action action);

static enum MHD_Result hand_over(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	metric_add(METRIC_http_suspended, 1);
	if (!give_to_worker(connection)) {
		metric_add(METRIC_http_queue_full, 1);
		/* Of a stream the rest is dropped, so that the answer can be sent. */
		if (exchange->step == STEP_BODY) {
			exchange_give_up(exchange, ERR_BUSY);
		} else if (exchange->step == STEP_ADMIT) {
			exchange->outcome = ERR_BUSY;
			exchange->step = STEP_ADMITTED;
		} else {
			exchange_fail(exchange, ERR_BUSY);
		}
		resume(connection);
	}
	return MHD_YES;
}

static enum MHD_Result act(struct connection *connection, enum action action)
{
	struct exchange *exchange = &connection->exchange;

	switch (action) {
	case ACTION_READ: return MHD_YES;
	case ACTION_ANSWER: return answer(connection);
	case ACTION_ANSWER_NOW: connection->linger = true; return answer(connection);
	default: break;
	}
	/* False: given up by the reaper, which has told the client so. */
	if (!watch_claim(&connection->watch, PHASE_HELD, DEADLINE_NONE))
		return MHD_NO;
	if (!suspend(connection)) {
		if (exchange->step == STEP_BODY)
			return MHD_NO; /* no answer can be queued here */
		exchange_fail(exchange, ERR_STOPPING);
		return answer(connection);
	}
	if (action == ACTION_PARK) {
		wait_for_news(connection);
		return MHD_YES;
	}
	return hand_over(connection);
}

/* ---- what the library calls ---- */

/* The request line has arrived. What is returned comes back as *context of this request. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *handle)
{
	struct server *server = ((struct loop *)cls)->server;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info ? info->socket_context : NULL;
	struct exchange *exchange;
	size_t query = 0;

	if (!connection)
		return NULL;
	exchange = &connection->exchange;
	exchange_reset(
		exchange, server->service, server->clock, server->config.request_arena_bytes);
	connection->large_answer = false;
	if (connection->used) /* the first request has its deadline from accept */
		watch_set(&connection->watch, PHASE_HEADER,
			after_ms(server, server->config.header_timeout_ms));
	connection->used = true;
	if (!target)
		return connection;
	exchange->head.target_faults = target_judge(target, &query);
	/*
	 * Too many arguments would use up the connection's memory, and then the library neither
	 * answers nor closes. It parses them right after this call, from these very bytes of its
	 * read buffer; with an end here it finds none, and the request is refused by us.
	 */
	if (query && exchange->head.target_faults & (TARGET_TOO_MANY | TARGET_TOO_LONG))
		((char *)(uintptr_t)target)[query] = '\0';
	return connection;
}

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *name,
	size_t name_bytes, const char *value, size_t value_bytes)
{
	struct exchange *exchange = cls;
	struct request *request = &exchange->request;
	bool header = kind == MHD_HEADER_KIND;
	struct field *fields = header ? request->headers : request->query;
	size_t *count = header ? &request->header_count : &request->query_count;

	if (header)
		exchange->head.header_bytes += name_bytes + value_bytes;
	if (*count == REQUEST_MAX_FIELDS) {
		exchange->head.fields_omitted = true;
		return MHD_YES;
	}
	fields[*count].name = (struct str){name, name_bytes};
	fields[*count].value = (struct str){value, value ? value_bytes : 0};
	++*count;
	return MHD_YES;
}

/*
 * A chunk's header that is larger than the connection's memory: the library neither refuses it nor
 * reads on, so it does not see either that the reaper has shut the socket down. Only its own
 * time-out, which counts from the last byte read, ends such a connection.
 */
static void limit_silence(struct connection *connection)
{
	unsigned seconds = connection->server->config.body_timeout_ms / 1000 + 1;

	MHD_set_connection_option(connection->handle, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

static enum MHD_Result on_head(
	struct connection *connection, const char *url, const char *method, const char *version)
{
	struct server *server = connection->server;
	struct exchange *exchange = &connection->exchange;
	enum action action;

	exchange->started_us = now_us(server);
	connection->chunks = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
	exchange->request.method = method;
	exchange->request.path = url;
	MHD_get_connection_values_n(
		connection->handle, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, on_field, exchange);
	action = exchange_head(exchange, server->router, version);
	if (exchange->head.framing.body == FRAMING_CHUNKED)
		limit_silence(connection);
	if (action == ACTION_READ && exchange->head.framing.body != FRAMING_NO_BODY)
		arm_body(connection, exchange->stream);
	else
		watch_set(&connection->watch, PHASE_HELD, DEADLINE_NONE);
	return act(connection, action);
}

static bool is_suspended(struct MHD_Connection *handle)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);

	return info && info->suspended == MHD_YES;
}

static enum MHD_Result on_body(struct connection *connection, const char *data, size_t *bytes)
{
	struct exchange *exchange = &connection->exchange;
	enum action action;
	size_t taken;

	if (is_suspended(connection->handle))
		return MHD_YES; /* a worker has the request; not a byte is taken */
	taken = exchange_take(exchange, data, *bytes, &action);
	watch_received(&connection->watch, taken);
	*bytes -= taken;
	return act(connection, action);
}

/* A request's body waits and who calls is now known: as on_head, one step later. */
static enum MHD_Result on_admitted(struct connection *connection)
{
	enum action action = exchange_continue(&connection->exchange);

	if (action == ACTION_READ)
		arm_body(connection, connection->exchange.stream);
	return act(connection, action);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *handle, const char *url,
	const char *method, const char *version, const char *data, size_t *bytes, void **context)
{
	struct connection *connection = *context;

	((struct loop *)cls)->calls++;
	if (!connection)
		return MHD_queue_response(handle, MHD_HTTP_SERVICE_UNAVAILABLE,
			((struct loop *)cls)->server->emergency);
	if (connection->exchange.step == STEP_HEAD)
		return on_head(connection, url, method, version);
	if (*bytes > 0)
		return on_body(connection, data, bytes);
	if (connection->exchange.step == STEP_ADMITTED)
		return on_admitted(connection);
	return act(connection, exchange_continue(&connection->exchange));
}

/* The answer was sent, or the connection lost; also for a request whose header never ended. */
static void on_completed(void *cls, struct MHD_Connection *handle, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct server *server = ((struct loop *)cls)->server;
	struct connection *connection = *context;
	int64_t since;

	(void)handle;
	(void)code;
	((struct loop *)cls)->calls++;
	if (!connection)
		return;
	exchange_finish(&connection->exchange);
	release_unsent(connection);
	*context = NULL;
	since = connection->large_answer ? now_us(server) : connection->answered_us;
	watch_set(&connection->watch, PHASE_IDLE,
		since + (int64_t)server->config.idle_timeout_ms * US_PER_MS);
}

static int descriptor(struct MHD_Connection *handle)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

/* The library closes the descriptor only after the second of the two calls. */
static void on_connection(void *cls, struct MHD_Connection *handle, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct loop *loop = cls;
	struct server *server = loop->server;
	struct connection *connection;

	loop->calls++;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		metric_add(METRIC_http_connections_accepted, 1);
		connection = calloc(1, sizeof *connection);
		*context = connection;
		if (!connection)
			return; /* each request on it gets the emergency answer */
		connection->handle = handle;
		connection->server = server;
		connection->loop = loop;
		connection->watch.gone = on_gone;
		watch_add(server->deadlines, &connection->watch, descriptor(handle),
			after_ms(server, server->config.header_timeout_ms));
		return;
	}
	connection = *context;
	if (!connection)
		return;
	watch_remove(server->deadlines, &connection->watch);
	if (connection->linger)
		deadlines_linger(server->deadlines, connection->watch.fd);
	free(connection);
	*context = NULL;
}

static void on_message(void *cls, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Mostly about clients that went away; before the start has succeeded, why it does not. */
static void on_message(void *cls, const char *format, va_list args)
{
	const struct server *server = ((struct loop *)cls)->server;
	bool started = __atomic_load_n(&server->started, __ATOMIC_RELAXED);
	enum log_level level = started ? LOG_DEBUG : LOG_ERROR;
	char text[512];
	size_t len;

	if (log_level() > level)
		return;
	vsnprintf(text, sizeof text, format, args);
	len = strlen(text);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	log_write(level, "http_library", text, NULL);
}

static void on_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	(void)cls;
	log_write(LOG_ERROR, "http_library_panic", "The HTTP library cannot go on",
		LOG_S("file", file), LOG_I("line", line), LOG_S("reason", reason), NULL);
	abort();
}

/* ---- start and stop ---- */

/* The whole file, NUL-terminated; the caller frees it. NULL is logged. */
static char *read_pem(const char *path)
{
	char *text = NULL;
	struct stat status;
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size <= MAX_PEM_BYTES)
		text = calloc(1, (size_t)status.st_size + 1);
	if (text)
		got = read(fd, text, (size_t)status.st_size);
	if (got <= 0) {
		log_write(LOG_ERROR, "tls_file", "Cannot read a PEM file", LOG_S("path", path),
			LOG_S("reason", strerror(errno)), NULL);
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

static void make_late_answer(struct buf *out)
{
	struct buf body = BUF_INIT;

	problem_object(&body, ERR_TIMEOUT, NULL, NULL);
	buf_printf(out,
		"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
		"Content-Type: application/problem+json\r\nContent-Length: %zu\r\n\r\n",
		body.len);
	buf_str(out, buf_view(&body));
	if (body.failed)
		buf_release(out);
	buf_release(&body);
}

static struct MHD_Response *make_emergency(void)
{
	struct buf body = BUF_INIT;
	struct MHD_Response *reply = NULL;
	size_t bytes;
	char *data;

	problem_object(&body, ERR_NO_MEMORY, NULL, NULL);
	data = buf_steal(&body, &bytes);
	if (data)
		reply = MHD_create_response_from_buffer_with_free_callback(bytes, data, free);
	if (!reply) {
		free(data);
		return NULL;
	}
	put_header(reply, "Content-Type", "application/problem+json");
	put_header(reply, "Retry-After", "5");
	put_header(reply, "Cache-Control", "no-store");
	return reply;
}

static int64_t tick_us(const struct server_config *config)
{
	unsigned least = config->header_timeout_ms;
	int64_t tick;

	if (config->body_timeout_ms < least)
		least = config->body_timeout_ms;
	if (config->idle_timeout_ms < least)
		least = config->idle_timeout_ms;
	tick = (int64_t)least * US_PER_MS / 4;
	if (tick > 250 * US_PER_MS)
		return 250 * US_PER_MS;
	return tick < 5 * US_PER_MS ? 5 * US_PER_MS : tick;
}

static bool make_parts(struct server *server)
{
	const struct server_config *config = &server->config;
	struct deadlines_config limits = {
		.clock = server->clock,
		.tick_us = tick_us(config),
		.stream_window_us = (int64_t)config->body_timeout_ms * US_PER_MS,
		.stream_bytes = (int64_t)config->body_min_rate * config->body_timeout_ms / 1000,
	};

	make_late_answer(&server->late_answer);
	if (!config->tls_certificate_file)
		limits.late_answer = buf_view(&server->late_answer);
	server->router = router_new(route_tables, route_table_count);
	if (!server->router || !http_metrics_init(server->router))
		return false;
	server->emergency = make_emergency();
	server->deadlines = deadlines_new(&limits);
	server->gather = gather_new(server->workers, TOGETHER_WAITING_MAX, &together);
	return server->emergency && server->deadlines && server->gather;
}

struct pem {
	char *certificate; /* NULL: no TLS */
	char *key;
};

static struct MHD_Daemon *start_daemon(struct loop *loop, int listening, const struct pem *pem)
{
	const struct server_config *config = &loop->server->config;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned share = config->threads;
	/* What is not set ends the list. The library's own time-out stays off: see deadlines.h. */
	struct MHD_OptionItem options[8] = {{MHD_OPTION_END, 0, NULL}};
	unsigned used = 0;

	if (pem->certificate) {
		flags |= MHD_USE_TLS;
		options[used++] =
			(struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, pem->certificate};
		options[used++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, pem->key};
		options[used++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
	}
	if (config->max_connections_per_ip)
		options[used++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
			(intptr_t)((config->max_connections_per_ip + share - 1) / share), NULL};
	options[used] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, loop, MHD_OPTION_EXTERNAL_LOGGER,
		on_message, loop, MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_CONNECTION_LIMIT,
		(config->max_connections + share - 1) / share, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, loop, MHD_OPTION_URI_LOG_CALLBACK, on_target, loop, MHD_OPTION_ARRAY,
		options, MHD_OPTION_END);
}

static void order(struct loop *loop, enum loop_orders orders)
{
	__atomic_store_n(&loop->orders, (int)orders, __ATOMIC_RELEASE);
	poke(loop);
}

/* On the loop's own thread: the library does the same on its own account now and then, and aborts
 * the process when both do so at once. */
static void stop_accepting(struct loop *loop)
{
	int listening = MHD_quiesce_daemon(loop->daemon);

	if (listening >= 0)
		close(listening);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = NAP_US * 1000}, NULL);
}

/*
 * Never waits inside the library: it would wait again after exactly as many events as it asks for
 * at once, before it has looked at any of them.
 */
static void wait_for_events(struct loop *loop, bool at_once)
{
	struct pollfd ready[] = {{loop->events, POLLIN, 0}, {loop->poke, POLLIN, 0}};
	MHD_UNSIGNED_LONG_LONG wait_ms;
	uint64_t pokes;

	if (MHD_get_timeout(loop->daemon, &wait_ms) != MHD_YES || wait_ms > 0)
		poll(ready, 2, at_once ? 0 : -1);
	if (!ready[1].revents && !__atomic_load_n(&loop->poked, __ATOMIC_RELAXED))
		return;
	(void)!read(loop->poke, &pokes, sizeof pokes);
	__atomic_store_n(&loop->poked, 0, __ATOMIC_SEQ_CST);
}

static void *run_loop(void *arg)
{
	struct loop *loop = arg;
	bool accepting = true;
	bool more_to_wake = false;
	unsigned idle_rounds = 0;
	unsigned long calls;
	int orders;

	while ((orders = __atomic_load_n(&loop->orders, __ATOMIC_ACQUIRE)) != LOOP_END) {
		if (orders == LOOP_STOP_ACCEPTING && accepting) {
			stop_accepting(loop);
			accepting = false;
		}
		wait_for_events(loop, more_to_wake);
		calls = loop->calls;
		more_to_wake = resume_some(loop);
		MHD_run(loop->daemon);
		/* One connection that the library cannot get on with must not cost a processor. */
		idle_rounds = loop->calls == calls ? idle_rounds + 1 : 0;
		if (idle_rounds > IDLE_ROUNDS_MAX)
			nap();
	}
	return NULL;
}

/* Signals are the main thread's business, and a client that is gone is none. */
static bool start_thread(struct loop *loop)
{
	sigset_t all;
	sigset_t before;
	bool ok;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pthread_create(&loop->thread, NULL, run_loop, loop) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ok)
		pthread_setname_np(loop->thread, "http");
	return ok;
}

/* Takes the listening socket over. */
static enum error start_loop(struct server *server, int listening, const struct pem *pem)
{
	struct loop *loop = &server->loops[server->loop_count];
	const union MHD_DaemonInfo *info;

	loop->server = server;
	pthread_mutex_init(&loop->woken_mutex, NULL);
	loop->poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->daemon = loop->poke < 0 ? NULL : start_daemon(loop, listening, pem);
	if (!loop->daemon) {
		if (loop->poke >= 0)
			close(loop->poke);
		close(listening);
		return ERR_INTERNAL;
	}
	info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	loop->events = info ? info->epoll_fd : -1;
	if (loop->events < 0 || !start_thread(loop)) {
		MHD_stop_daemon(loop->daemon);
		close(loop->poke);
		return ERR_INTERNAL;
	}
	server->loop_count++;
	return ERR_OK;
}

static void end_loops(struct server *server)
{
	for (unsigned i = 0; i < server->loop_count; i++)
		order(&server->loops[i], LOOP_END);
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct loop *loop = &server->loops[i];

		pthread_join(loop->thread, NULL);
		MHD_stop_daemon(loop->daemon);
		close(loop->poke);
	}
	server->loop_count = 0;
}

/* One socket for all loops: which of them takes a connection is left to chance. */
static enum error start_loops(struct server *server, int listening, const struct pem *pem)
{
	enum error error = ERR_OK;

	while (!error && server->loop_count < server->config.threads) {
		int copy = fcntl(listening, F_DUPFD_CLOEXEC, 0);

		error = copy < 0 ? ERR_INTERNAL : start_loop(server, copy, pem);
	}
	close(listening);
	if (error)
		end_loops(server);
	return error;
}

static enum error start_listening(struct server *server)
{
	const struct server_config *config = &server->config;
	struct pem pem = {NULL, NULL};
	enum error error = ERR_OK;
	int listening;

	if (config->tls_certificate_file) {
		pem.certificate = read_pem(config->tls_certificate_file);
		pem.key = config->tls_key_file ? read_pem(config->tls_key_file) : NULL;
		error = pem.certificate && pem.key ? ERR_OK : ERR_INVALID;
	}
	if (!error)
		error = listen_open(config->listen_address, config->port,
			pem.certificate || config->behind_proxy, &listening, &server->port);
	if (!error)
		error = start_loops(server, listening, &pem);
	if (pem.key)
		explicit_bzero(pem.key, strlen(pem.key)); /* the library has parsed it */
	free(pem.key);
	free(pem.certificate);
	return error;
}

static void free_server(struct server *server)
{
	deadlines_free(server->deadlines);
	gather_free(server->gather);
	http_metrics_release();
	router_free(server->router);
	if (server->emergency)
		MHD_destroy_response(server->emergency);
	buf_release(&server->late_answer);
	free(server);
}

enum error server_start(const struct server_config *config, struct service *service,
	struct workq *workers, const struct clock *clock, struct server **out)
{
	struct server *server = calloc(1, sizeof *server);
	enum error error = ERR_NO_MEMORY;

	*out = NULL;
	if (!server)
		return ERR_NO_MEMORY;
	server->config = *config;
	server->service = service;
	server->workers = workers;
	server->clock = clock;
	if (server->config.threads < 1)
		server->config.threads = 1;
	if (server->config.threads > MAX_LOOPS)
		server->config.threads = MAX_LOOPS;
	MHD_set_panic_func(on_panic, NULL);
	if (make_parts(server))
		error = start_listening(server);
	if (error) {
		log_write(LOG_ERROR, "server_start", "The HTTP server could not be started", NULL);
		free_server(server);
		return error;
	}
	__atomic_store_n(&server->started, 1, __ATOMIC_RELAXED);
	log_write(LOG_INFO, "listening", "Ready for requests",
		LOG_S("address", config->listen_address), LOG_I("port", server->port),
		LOG_S("tls", config->tls_certificate_file ? "yes" : "no"), NULL);
	*out = server;
	return ERR_OK;
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

void server_drain(struct server *server)
{
	__atomic_store_n(&server->service->draining, 1, __ATOMIC_RELAXED);
}

static void wake_waiting(struct server *server)
{
	if (!server->service->live)
		return;
	news_end(live_news(server->service->live));
	live_wake_all(server->service->live);
}

/*
 * First everything that was begun is finished, within the grace. Then nothing may be suspended any
 * more, and what is with a worker is waited for without a limit: its memory is the connection's.
 * (What a worker does is bounded by the database's statement time-out.)
 */
void server_stop(struct server *server, unsigned grace_ms)
{
	int64_t deadline_us = after_ms(server, grace_ms);
	int left;

	server_drain(server);
	for (unsigned i = 0; i < server->loop_count; i++)
		order(&server->loops[i], LOOP_STOP_ACCEPTING);
	for (;;) {
		wake_waiting(server);
		deadlines_hurry_feeds(server->deadlines);
		deadlines_close_idle(server->deadlines);
		if (deadlines_open(server->deadlines) == 0 || now_us(server) >= deadline_us)
			break;
		nap();
	}
	__atomic_store_n(&server->refusing, 1, __ATOMIC_SEQ_CST);
	deadlines_close_all(server->deadlines);
	left = __atomic_load_n(&server->suspended, __ATOMIC_SEQ_CST);
	if (left > 0)
		log_write(LOG_WARN, "stop_waits", "Requests outlast the grace period; waiting",
			LOG_I("requests", left), NULL);
	while (__atomic_load_n(&server->suspended, __ATOMIC_SEQ_CST) > 0) {
		wake_waiting(server);
		nap();
	}
	end_loops(server);
	free_server(server);
}

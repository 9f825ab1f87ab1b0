/*
 * Answers: from a response to the library's, with the header fields that each has, and the limit of
 * large answers that wait for their clients.
 */
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "http/access_log.h"
#include "http/metrics.h"
#include "http/server/parts.h"
#include "service/service.h"

enum {
	LARGE_ANSWER_BYTES = 64 * 1024,
	SENDING_BYTES_PER_S = 32 * 1024, /* that a client must take */
};

static void free_shared(void *shared)
{
	shared_body_unref(shared);
}

/* Takes the response's bytes over. */
static struct MHD_Response *make_body(struct response *response, size_t *bytes)
{
	struct shared_body *shared = response->shared;
	struct MHD_Response *reply;
	char *data;

	*bytes = 0;
	if (response->feed)
		return feeding_reply(response);
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
		feeding_begin(connection);
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
 * for many. What others have not taken yet has a limit; a single answer always has room, and so has one that
 * tells what was written.
 */
static void reserve_unsent(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	struct server *server = connection->server;
	size_t bytes = exchange->response.body.len, before;

	if (exchange->outcome || exchange->response.shared || bytes <= LARGE_ANSWER_BYTES)
		return;
	before = __atomic_fetch_add(&server->unsent, bytes, __ATOMIC_RELAXED);
	if (before == 0 || before + bytes <= server->config.unsent_bytes ||
		strcmp(exchange->request.route->method, "GET") != 0) {
		connection->unsent = bytes;
		return;
	}
	__atomic_sub_fetch(&server->unsent, bytes, __ATOMIC_RELAXED);
	metric_add(METRIC_http_unsent_full, 1);
	diag_add(&exchange->request.diag, "",
		"Large answers that their clients have not read yet fill the memory for them.");
	exchange_fail(exchange, ERR_BUSY);
}

void reply_done(struct connection *connection)
{
	__atomic_sub_fetch(&connection->server->unsent, connection->unsent, __ATOMIC_RELAXED);
	connection->unsent = 0;
}

void reply_late(struct buf *out)
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

struct MHD_Response *reply_emergency(void)
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

enum MHD_Result reply_send(struct connection *connection)
{
	struct server *server = connection->server;
	struct exchange *exchange = &connection->exchange;
	size_t bytes = 0;
	struct MHD_Response *own;
	int64_t now = server_now_us(server);
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

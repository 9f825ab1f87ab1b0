/*
 * What the library calls: the life of a connection and of each request on it. What a request means is
 * decided by exchange.c, which is fed and obeyed here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "http/framing.h"
#include "http/server/parts.h"

/* The request line has arrived. What is returned comes back as *context of this request. */
void *callback_target(void *cls, const char *target, struct MHD_Connection *handle)
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
			server_after_ms(server, server->config.header_timeout_ms));
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

void connection_arm_body(struct connection *connection, bool stream)
{
	struct server *server = connection->server;

	__atomic_store_n(&connection->watch.window_bytes, 0, __ATOMIC_RELAXED);
	watch_set(&connection->watch, stream ? PHASE_STREAM : PHASE_BODY,
		server_after_ms(server, server->config.body_timeout_ms));
}

static enum MHD_Result on_head(
	struct connection *connection, const char *url, const char *method, const char *version)
{
	struct server *server = connection->server;
	struct exchange *exchange = &connection->exchange;
	enum action action;

	exchange->started_us = server_now_us(server);
	connection->chunks = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
	exchange->request.method = method;
	exchange->request.path = url;
	MHD_get_connection_values_n(
		connection->handle, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, on_field, exchange);
	action = exchange_head(exchange, server->router, version);
	if (exchange->head.framing.body == FRAMING_CHUNKED)
		limit_silence(connection);
	if (action == ACTION_READ && exchange->head.framing.body != FRAMING_NO_BODY)
		connection_arm_body(connection, exchange->stream);
	else
		watch_set(&connection->watch, PHASE_HELD, DEADLINE_NONE);
	return handover_act(connection, action);
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
	return handover_act(connection, action);
}

/* A request's body waits and who calls is now known: as on_head, one step later. */
static enum MHD_Result on_admitted(struct connection *connection)
{
	enum action action = exchange_continue(&connection->exchange);

	if (action == ACTION_READ)
		connection_arm_body(connection, connection->exchange.stream);
	return handover_act(connection, action);
}

enum MHD_Result callback_request(void *cls, struct MHD_Connection *handle, const char *url,
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
	return handover_act(connection, exchange_continue(&connection->exchange));
}

/* The answer was sent, or the connection lost; also for a request whose header never ended. */
void callback_completed(void *cls, struct MHD_Connection *handle, void **context,
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
	reply_done(connection);
	*context = NULL;
	since = connection->large_answer ? server_now_us(server) : connection->answered_us;
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
void callback_connection(void *cls, struct MHD_Connection *handle, void **context,
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
		connection->watch.gone = handover_gone;
		watch_add(server->deadlines, &connection->watch, descriptor(handle),
			server_after_ms(server, server->config.header_timeout_ms));
		return;
	}
	connection = *context;
	if (!connection)
		return;
	watch_remove(server->deadlines, &connection->watch);
	if (connection->linger)
		deadlines_linger(server->deadlines, connection->watch.fd);
	exchange_release(&connection->exchange);
	free(connection);
	*context = NULL;
}

/* Mostly about clients that went away; before the start has succeeded, why it does not. */
void callback_message(void *cls, const char *format, va_list args)
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

void callback_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	(void)cls;
	log_write(LOG_ERROR, "http_library_panic", "The HTTP library cannot go on",
		LOG_S("file", file), LOG_I("line", line), LOG_S("reason", reason), NULL);
	abort();
}

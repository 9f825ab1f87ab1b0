/*
 * Starting and stopping: the parts, the listening socket, the order in which all of it comes to rest.
 */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gather.h"
#include "base/log.h"
#include "http/listen.h"
#include "http/metrics.h"
#include "http/router.h"
#include "http/server/parts.h"
#include "live/live.h"
#include "service/service.h"

enum {
	MAX_PEM_BYTES = 1024 * 1024,
	TOGETHER_WAITING_MAX = 1024,
};

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

	reply_late(&server->late_answer);
	if (!config->tls_certificate_file)
		limits.late_answer = buf_view(&server->late_answer);
	server->router = router_new(route_tables, route_table_count);
	if (!server->router || !http_metrics_init(server->router))
		return false;
	server->emergency = reply_emergency();
	server->deadlines = deadlines_new(&limits);
	server->gather = gather_new(server->workers, TOGETHER_WAITING_MAX, &handover_together);
	return server->emergency && server->deadlines && server->gather;
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
		error = loops_start(server, listening, &pem);
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
	MHD_set_panic_func(callback_panic, NULL);
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
	int64_t deadline_us = server_after_ms(server, grace_ms);
	int left;

	server_drain(server);
	for (unsigned i = 0; i < server->loop_count; i++)
		loop_order(&server->loops[i], LOOP_STOP_ACCEPTING);
	for (;;) {
		wake_waiting(server);
		deadlines_hurry_feeds(server->deadlines);
		deadlines_close_idle(server->deadlines);
		if (deadlines_open(server->deadlines) == 0 || server_now_us(server) >= deadline_us)
			break;
		loop_nap();
	}
	__atomic_store_n(&server->refusing, 1, __ATOMIC_SEQ_CST);
	deadlines_close_all(server->deadlines);
	left = __atomic_load_n(&server->suspended, __ATOMIC_SEQ_CST);
	if (left > 0)
		log_write(LOG_WARN, "stop_waits", "Requests outlast the grace period; waiting",
			LOG_I("requests", left), NULL);
	while (__atomic_load_n(&server->suspended, __ATOMIC_SEQ_CST) > 0) {
		wake_waiting(server);
		loop_nap();
	}
	loops_end(server);
	free_server(server);
}

/*
 * The HTTP server: event loops of the HTTP library, deadlines, framing guard, workers.
 */
#ifndef WINNOW_HTTP_SERVER_H
#define WINNOW_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct server;
struct service;
struct workq;

struct server_config {
	const char *listen_address; /* numeric; other than loopback needs TLS or behind_proxy */
	uint16_t port;              /* 0: the kernel chooses, see server_port() */
	unsigned threads;           /* event loops, 1 or 2 */
	unsigned max_connections;
	unsigned max_connections_per_ip; /* 0: no limit */
	unsigned header_timeout_ms; /* from the first byte (or accept) to the end of the headers */
	unsigned body_timeout_ms;   /* for a buffered body; a stream must keep body_min_rate */
	unsigned body_min_rate;     /* bytes a second over any window of body_timeout_ms */
	size_t unsent_bytes;        /* of large answers that clients have not read; beyond is 503 */
	unsigned idle_timeout_ms;   /* keep-alive without a request */
	size_t request_arena_bytes;
	bool behind_proxy;
	const char *tls_certificate_file; /* PEM; NULL: no TLS */
	const char *tls_key_file;
};

/* Faults are logged. The workers and the service must outlive the server. */
enum error server_start(const struct server_config *config, struct service *service,
	struct workq *workers, const struct clock *clock, struct server **out);
uint16_t server_port(const struct server *server);
/* From now on /readyz is 503 and responses carry Connection: close; connections still accepted. */
void server_drain(struct server *server);
/* Stops accepting, waits for running requests up to the deadline, resumes and closes the rest. */
void server_stop(struct server *server, unsigned grace_ms);

#endif

/*
 * The server: bytes and threads. The only folder that knows libmicrohttpd. Private to it.
 *
 *   server.c     starting and stopping
 *   loop.c       the event loops
 *   callbacks.c  the life of a connection and of its requests
 *   handover.c   to workers, waiting, and back
 *   reply.c      answers
 *   feeding.c    answers without an end
 *
 * One or two event loops accept, read and write. A request that needs a worker is suspended, runs
 * there and is resumed. What of the library's behaviour (0.9.75) all this rests on:
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
#ifndef WINNOW_HTTP_SERVER_PARTS_H
#define WINNOW_HTTP_SERVER_PARTS_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/gather.h"
#include "http/deadlines.h"
#include "http/exchange.h"
#include "http/server.h"
#include "live/live.h"

struct feed;

enum { MAX_LOOPS = 8 };

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

static inline int64_t server_now_us(const struct server *server)
{
	return clock_monotonic_us(server->clock);
}

static inline int64_t server_after_ms(const struct server *server, unsigned ms)
{
	return server_now_us(server) + (int64_t)ms * US_PER_MS;
}

struct pem {
	char *certificate; /* NULL: no TLS */
	char *key;
};

/* ---- loop.c ---- */
/* One socket for all loops, which is taken over: which of them takes a connection is left to chance. */
enum error loops_start(struct server *server, int listening, const struct pem *pem);
void loops_end(struct server *server);
void loop_order(struct loop *loop, enum loop_orders orders);
/* There is something to do. From any thread. */
void loop_poke(struct loop *loop);
void loop_nap(void);

/* ---- callbacks.c: what the library calls, by its own rules ---- */
void *callback_target(void *cls, const char *target, struct MHD_Connection *handle);
enum MHD_Result callback_request(void *cls, struct MHD_Connection *handle, const char *url,
	const char *method, const char *version, const char *data, size_t *bytes, void **context);
void callback_completed(void *cls, struct MHD_Connection *handle, void **context,
	enum MHD_RequestTerminationCode code);
void callback_connection(void *cls, struct MHD_Connection *handle, void **context,
	enum MHD_ConnectionNotificationCode code);
void callback_message(void *cls, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
void callback_panic(void *cls, const char *file, unsigned line, const char *reason);
/* The client's turn to send a body. */
void connection_arm_body(struct connection *connection, bool stream);

/* ---- handover.c ---- */
extern const struct gather_steps handover_together;
/* Does what the exchange asks for; what the callback is to return. */
enum MHD_Result handover_act(struct connection *connection, enum action action);
/* False: the server has begun to refuse that. */
bool handover_suspend(struct connection *connection);
/* Gives a request back to its loop; many at once do not keep the loop from its other requests. Nothing
 * of it may be touched afterwards. */
void handover_resume_in_turn(struct connection *connection);
/* On the loop's own thread; true when there are more. */
bool handover_resume_some(struct loop *loop);
/* The client has gone while its request was suspended. */
void handover_gone(struct watch *watch);

/* ---- reply.c ---- */
/* Sends what the exchange holds, which is complete. */
enum MHD_Result reply_send(struct connection *connection);
/* It was sent, or the connection lost. */
void reply_done(struct connection *connection);
/* For when there is no memory for any other. NULL when memory is out. */
struct MHD_Response *reply_emergency(void);
/* What the reaper sends to a client that is late; empty when memory is out. */
void reply_late(struct buf *out);

/* ---- feeding.c ---- */
/* Takes response->feed over, unless it returns NULL. */
struct MHD_Response *feeding_reply(struct response *response);
void feeding_begin(struct connection *connection);

#endif

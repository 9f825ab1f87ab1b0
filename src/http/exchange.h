/*
 * One request and its answer, as a machine that knows nothing of sockets: the server tells it what
 * has arrived, it says what to do next. One at a time for a connection, whose memory it uses.
 *
 * A request is on the event loop or with a worker, never both; who hands it over does not touch it
 * afterwards.
 */
#ifndef WINNOW_HTTP_EXCHANGE_H
#define WINNOW_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/gunzip.h"
#include "http/access.h"
#include "http/head.h"
#include "http/http.h"
#include "http/lines.h"
#include "http/router.h"

enum step {
	STEP_HEAD,     /* nothing has been looked at */
	STEP_ADMIT,    /* a body waits; a worker asks PostgreSQL who calls */
	STEP_ADMITTED, /* it has asked */
	STEP_BODY,     /* body bytes are taken */
	STEP_DISCARD,  /* body bytes are dropped: the outcome is known already */
	STEP_FINISH,   /* the stream has ended; a worker deals with what is left */
	STEP_RUN,      /* all is there, the handler is next */
	STEP_PARKED,   /* waits for a newer ranking */
	STEP_ANSWER,   /* the outcome is known */
};

enum action {
	ACTION_READ,       /* go on: more bytes, or the end of the request */
	ACTION_ANSWER,     /* send the response */
	ACTION_ANSWER_NOW, /* before the body is read; the connection closes */
	ACTION_WORK,       /* give it to a worker */
	ACTION_PARK,       /* wait for request.park_revision or park_until_us */
};

struct exchange {
	struct request request;
	struct response response;
	struct head head;
	enum step step;
	enum error outcome;
	bool admitted; /* access was granted */
	bool stream;   /* the body goes to a stream handler */
	bool close;    /* the connection must not be used again */
	size_t route_index;
	int64_t started_us; /* the end of the header */
	struct buf body;
	bool coded; /* `body` is whole and gzip, and to be inflated */
	struct lines lines;
	struct access_known known; /* stays from one request to the next */
	/* Of a stream with a content coding; else NULL. */
	struct gunzip *gunzip;
	struct str inflated; /* made, and not taken yet */
	size_t owed;         /* bytes of the body that were used, but not said to be taken */
};

/* A new request: `method`, `path`, fields and head.target_faults are filled in afterwards. */
void exchange_reset(struct exchange *exchange, struct service *service, const struct clock *clock,
	size_t arena_bytes);
/* Gives everything back that the request held. May be called for one that never began. */
void exchange_finish(struct exchange *exchange);
/* The connection ends, and what was kept for its next request with it. */
void exchange_release(struct exchange *exchange);

/* ---- on the event loop ---- */
/* The header has arrived; `version` as in the request line. */
enum action exchange_head(
	struct exchange *exchange, const struct router *router, const char *version);
/* Body bytes; returns how many were taken, which is all of them unless the action is WORK. */
size_t exchange_take(
	struct exchange *exchange, const char *data, size_t bytes, enum action *action);
/* The request is complete, or what ACTION_WORK or ACTION_PARK asked for is done. */
enum action exchange_continue(struct exchange *exchange);

/* With ACTION_WORK: whether it is to be done together with others of the same workspace, by the
 * three steps below. */
bool exchange_joins(const struct exchange *exchange);

/* With ACTION_WORK: whether it is for the threads for what takes long. */
bool exchange_is_heavy(const struct exchange *exchange);

/* ---- on a worker ---- */
/* What joins goes through all three, the second with 1 … JOINT_MAX of one workspace; then back to its
 * event loop. */
void exchange_prepare_joint(struct exchange *exchange, unsigned worker);
void exchange_store_joint(struct exchange **exchanges, size_t count);
void exchange_finish_joint(struct exchange *exchange);
/* ACTION_PARK, or ACTION_READ: back to the event loop. */
enum action exchange_work(struct exchange *exchange, unsigned worker);

/* The rest of the body is dropped as it comes, then the answer is the error's problem. */
void exchange_give_up(struct exchange *exchange, enum error error);
/* The outcome is an error: the answer will be its problem. */
void exchange_fail(struct exchange *exchange, enum error error);

#endif

/*
 * The use cases. The only code that opens a write transaction, so that every change gets its
 * audit record. Handlers, jobs and the command line call these and nothing below.
 */
#ifndef WINNOW_SERVICE_SERVICE_H
#define WINNOW_SERVICE_SERVICE_H

#include "base/clock.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/sha256.h"
#include "service/auth.h"

struct store;
struct live;
struct catalogs;
struct workq;
struct access_log;
struct checkpointing;

/* How far the job that records expired overrides has come (jobs/override_expiry.c); zero at first. */
struct expiry_progress {
	int64_t since_us;  /* what expired up to then is on record, in all workspaces */
	int64_t round_us;  /* when the round began that goes on behind `after` */
	struct uuid after; /* zero: the next turn begins a round */
	bool round_failed; /* in a workspace of this round */
};

/* Who holds a place of the gate for heavy requests (heavy.h). */
enum heavy_kind { HEAVY_MEMORY, HEAVY_WORK, HEAVY_LIGHT, HEAVY_KINDS };
enum { HEAVY_PLACES = 7 };
struct heavy_place {
	bool taken;
	enum heavy_kind kind;
	struct uuid token;
};

/* The parts, wired by winnowd.c; read-only after start, but for what is said to be otherwise. */
struct service {
	struct store *store;
	struct live *live;
	struct auth *auth;
	struct catalogs *catalogs;
	struct workq *workers;         /* for work beside a request; may be full */
	struct workq *heavy_workers;   /* for requests that take long (heavy.h); NULL: `workers` */
	struct access_log *access_log; /* NULL: reads are not written down (access_log.h) */
	const struct clock *clock;
	int64_t outage_limit_us;       /* /readyz stays 200 for so long without PostgreSQL */
	int64_t key_lifetime_us;       /* an answer is kept for so long under its Idempotency-Key */
	int draining;                  /* atomic: 1 once shutdown has begun */
	struct expiry_progress expiry; /* the jobs' thread's alone */
	int64_t shadow_rests_until_us; /* monotonic (shadow.h); the slow jobs' thread's alone */
	struct heavy_place heavy[HEAVY_PLACES];
	struct checkpointing *checkpoints; /* how they are made (checkpoints.h); NULL: not here */
};

/* A request's Idempotency-Key. */
struct request_key {
	struct sha256 key;     /* of workspace, token, method, path and key */
	struct sha256 request; /* of query and body: what must be the same the next time */
	/* What the caller's answer needs and no row tells, kept with it. After a replay it is what was
	 * kept the first time, in the call's arena. */
	struct str extra;
};

/* What each use case needs to know about its caller. Built by the handler from the request. */
struct call {
	struct service *service;
	struct arena *arena; /* results live here */
	struct diag *diag;   /* faults go here */
	const struct principal *principal;
	uint32_t roles; /* in force in `workspace` */
	bool heavy;     /* on a thread for what takes long (heavy.h): it may rank what was */
	struct uuid workspace;
	const char *request_id;
	int64_t min_revision;    /* that a reading of the past must reflect at least; 0: none */
	struct request_key *key; /* NULL: none; what is written is written each time */
};

/* "token:<uuid>": the actor as the audit log names it. In the arena. */
const char *call_actor(const struct call *call);

#endif

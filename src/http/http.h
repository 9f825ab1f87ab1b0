/*
 * What a resource sees of HTTP. No type of the HTTP library is named here: the folder server/
 * alone knows it.
 *
 * The way of a request: server/ takes the bytes, framing.c refuses ambiguous ones, router.c finds
 * the route, access.c finds who calls and whether the role allows it, then the route's handler
 * fills the response or returns an error, which problem.c renders. Handlers run on the event loop
 * first when the route says ROUTE_MEMORY, else on a worker.
 */
#ifndef WINNOW_HTTP_HTTP_H
#define WINNOW_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/shared_body.h"
#include "base/str.h"
#include "service/auth.h"

struct access_known;
struct feed; /* http/feed.h */
struct request_key;
struct service;
struct sensitive_read;
struct veil;
struct request;
struct response;

enum route_flags {
	ROUTE_PUBLIC = 1, /* no token */
	ROUTE_MEMORY = 2, /* tried on the event loop first; ERR_WOULD_BLOCK moves it to a worker */
	ROUTE_SYSTEM = 4, /* belongs to no workspace: roles are those in the system workspace */
	ROUTE_IF_MATCH = 8,  /* 428 without If-Match (or If-None-Match: *) */
	ROUTE_HIDDEN = 16,   /* not in openapi.yaml (none so far) */
	ROUTE_HEAVY = 32,    /* handled by the threads for what takes long (service/heavy.h) */
	ROUTE_DECIDES = 128, /* never for an agent, whatever its roles (x-winnow-decides) */
	ROUTE_REFRESH = 256, /* heavy where ?refresh= asks for something to be computed anew */
};

/* What a body may be; others are 415. */
enum body_kind {
	BODY_NONE = 0,
	BODY_JSON = 1,        /* application/json */
	BODY_NDJSON = 2,      /* application/x-ndjson */
	BODY_MERGE_PATCH = 4, /* application/merge-patch+json, application/json */
};

/*
 * A body taken in pieces: whole lines of NDJSON, at most chunk_lines of them and about
 * chunk_bytes, so that memory is bounded by the chunk and no worker waits for bytes.
 * All but begin run on a worker, one at a time for a request.
 */
struct stream_handler {
	/* On the event loop, before the first byte. ERR_WOULD_BLOCK is not allowed. */
	enum error (*begin)(struct request *request);
	/* first_line counts from 1. Blank lines are passed on. An error ends the stream: the answer
	 * is that problem, with what the handler has put into request->diag (what was committed). */
	enum error (*chunk)(struct request *request, struct str lines, size_t first_line);
	enum error (*end)(struct request *request, struct response *response);
	/* The stream ends by an error that is not the handler's own (the token was revoked, the workers
	 * are busy): it may put into problem_members what was done so far. On a worker it may wait, on
	 * the event loop (request->on_worker is false) it must not. May be NULL. */
	void (*fail)(struct request *request);
	/* Once for every stream that began, when its request is over, also when the connection was lost:
	 * frees what `state` holds. May be NULL. */
	void (*release)(struct request *request);
	size_t chunk_lines;
	size_t chunk_bytes;
	size_t line_bytes; /* a longer line fails the chunk as one line that is cut (see chunk) */
};

/*
 * Small writes to one workspace that arrive together are stored together, by one worker. Each still
 * gets its own answer, the one that it would have got alone.
 */
struct joint_handler {
	/* On the event loop, with the whole body there: whether this one may be joined by others. */
	bool (*joins)(const struct request *request);
	/* On a worker: reads the request into request->joint. An error is the answer, and the end. */
	enum error (*prepare)(struct request *request);
	/* Of one workspace; what became of each is kept in its request->joint. */
	void (*store)(struct request **requests, size_t count);
	/* Fills the response, or gives the error; lets request->joint go. */
	enum error (*finish)(struct request *request, struct response *response);
};
enum { JOINT_MAX = 64 }; /* as many as are gathered (base/gather.h) */

struct route {
	const char *method; /* "GET" … ; GET also serves HEAD */
	const char *path;   /* "/v1/workspaces/{ws}/items/{id}"; {ws} is resolved by access.c */
	uint32_t roles;     /* any of these bits */
	uint32_t flags;
	uint32_t body;     /* body_kind bits */
	size_t body_bytes; /* limit of a buffered body; 0: none allowed */
	enum error (*handle)(struct request *request, struct response *response);
	const struct stream_handler *stream; /* for BODY_NDJSON; else NULL */
	const struct joint_handler *joint;   /* or NULL */
};

struct field {
	struct str name;
	struct str value; /* query values are percent-decoded; NULL ptr: "?name" without "=" */
};

enum { REQUEST_MAX_PARAMS = 4, REQUEST_MAX_FIELDS = 64 };

struct request {
	struct service *service;
	const struct route *route;
	const struct clock *clock;
	struct arena arena; /* lives until the answer is sent */
	struct diag diag;   /* details of the error to be returned */
	/* JSON members that the error's problem gets besides ("\"committed\":3"); NULL: none. */
	const char *problem_members;
	const char *method;
	const char *path; /* decoded */
	char id[65];      /* X-Request-Id if it matched [A-Za-z0-9_-]{1,64}, else a UUID */
	struct str params[REQUEST_MAX_PARAMS]; /* values of {…} in order, {ws} among them */
	struct field query[REQUEST_MAX_FIELDS];
	size_t query_count;
	struct field headers[REQUEST_MAX_FIELDS];
	size_t header_count;
	struct str body;                /* buffered body, inflated; empty for streams */
	bool gzip;                      /* it arrives so */
	enum body_kind body_kind;       /* which of the route's kinds it is */
	struct principal *principal;    /* NULL on public routes */
	struct access_known *known;     /* of the connection (access.h); NULL: none */
	uint32_t roles;                 /* in force here */
	struct workspace_ref workspace; /* of {ws} */
	struct request_key *key;        /* of the Idempotency-Key; NULL: none (idempotency.h) */
	bool on_worker;
	/* By the threads for what takes long, now or at its next run: there since the route says so, or since
	 * its handler said ERR_WOULD_BLOCK on a worker. */
	bool heavy;
	unsigned worker;
	bool parked_once;  /* the handler asked to wait and is run again: the wait is over */
	const char *allow; /* with ERR_METHOD: the methods that the path has */
	/* Room for the values of response_header; what does not fit goes to the arena. */
	char header_text[512];
	size_t header_text_used;
	void *state; /* a stream handler's own, from the arena */
	void *joint; /* a joint handler's own, from prepare to finish */
	/* For ERR_PARK: run the handler again once the queue of `workspace` has reached this
	 * revision, or at the deadline. */
	int64_t park_revision;
	int64_t park_until_us; /* monotonic */
	/* A ranking's id in the arena: any other one will do, too. The wait is the client's wish, so it
	 * takes a seat (live/news.h) and does not count as the time that the answer took. */
	const char *park_other_than;
	bool seated;             /* to be given back with the request */
	const struct veil *veil; /* what the caller may not see of the answer (resources/veil.h) */
	struct sensitive_read *read; /* what it was shown of sensitive data (sensitive_read.h) */
};

/* STR_NONE when absent. Header names in any case. */
struct str request_header(const struct request *request, const char *name);
struct str request_query(const struct request *request, const char *name);
/*
 * Typed query parameters: the fallback when absent; a fault in request->diag with pointer
 * "/query/<name>" and ERR_INVALID when malformed or outside [min, max].
 */
enum error request_query_int(struct request *request, const char *name, int64_t min, int64_t max,
	int64_t fallback, int64_t *out);
enum error request_query_bool(struct request *request, const char *name, bool fallback, bool *out);
/* ERR_INVALID naming each query parameter that is not in the NULL-terminated list. */
enum error request_query_only(struct request *request, const char *const *names);

enum { RESPONSE_MAX_HEADERS = 12 };

struct response {
	int status;                 /* 200 unless set */
	const char *content_type;   /* application/json unless set */
	struct buf body;            /* owned; handed over when sent */
	struct shared_body *shared; /* instead of body; a reference that the response owns */
	struct feed *feed;          /* instead of body: made while it is sent; owned */
	struct {
		const char *name;
		const char *value; /* lives in the request's arena */
	} headers[RESPONSE_MAX_HEADERS];
	size_t header_count;
};

/* Value is copied into the request's arena. Silently ignored when the table is full (asserted). */
void response_header(struct response *response, struct request *request, const char *name,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "Winnow-Revision: R". */
void response_revision(struct response *response, struct request *request, int64_t revision);

/* ---- entity tags (etag.c) ---- */
/* True when a comma-separated If-None-Match / If-Match value names the tag (quoted) or is "*".
 * weak: W/ prefixes are ignored (If-None-Match); else a weak tag never matches (If-Match). */
bool etag_matches(struct str header, const char *tag, bool weak);
/*
 * Sets ETag, Vary and Cache-Control; when If-None-Match names the tag, or that of the same answer in
 * gzip (coding.h), turns the response into an empty 304 with the tag that was named, and returns true.
 */
bool response_not_modified(struct response *response, struct request *request, const char *tag);
/* ERR_OK, ERR_NEEDS_IF_MATCH or ERR_STALE_ETAG for a write to a thing whose tag is now `tag`
 * (NULL: it does not exist yet; then If-None-Match: * is what creates it). */
enum error request_precondition(const struct request *request, const char *tag);

/* ---- cursors (cursor.c) ---- */
/* An opaque, authenticated text (base64url) of `payload`, bound to the workspace, the route and
 * `query` (the canonical text of all filters). In the arena; NULL when memory is out. */
char *cursor_make(struct request *request, struct str query, struct str payload);
/* ERR_BAD_CURSOR unless it was made for the same workspace, route and query. */
enum error cursor_open(
	struct request *request, struct str query, struct str cursor, struct str *payload);

/* ---- problems (problem.c): the only place that renders an error ---- */
/* Replaces whatever the response held: status, application/problem+json, body, Retry-After,
 * WWW-Authenticate, Allow as the code asks. */
void problem_render(enum error code, struct request *request, struct response *response);
/* The same object for one element of a batch: {"type":…,"title":…,"status":…,"detail":…,
 * "errors":[…]}; appended to `out`. With an instance when request_id is not NULL. */
void problem_object(
	struct buf *out, enum error code, const struct diag *diag, const char *request_id);

/* ---- routes (routes.c, the table of tables) ---- */
struct route_table {
	const struct route *routes;
	size_t count;
};
extern const struct route_table *const route_tables[];
extern const size_t route_table_count;
/* A line each: method, path, roles, flags. */
void routes_print(FILE *out);

#endif

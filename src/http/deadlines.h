/*
 * Deadlines of connections. The HTTP library's time-out counts inactivity only, so a client that
 * sends a byte now and then would hold a connection for ever; here a thread of its own looks at
 * absolute deadlines a few times a second and shuts down the socket of who is late, which the
 * event loop then sees as the end of that connection.
 *
 * watch_set is two plain stores and is called by whoever owns the request at that moment; add and
 * remove take a lock, once a connection.
 */
#ifndef WINNOW_HTTP_DEADLINES_H
#define WINNOW_HTTP_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

enum phase {
	PHASE_NEW,     /* accepted; the first header has not ended */
	PHASE_IDLE,    /* answered; no further request line yet */
	PHASE_HEADER,  /* a request line, the header has not ended */
	PHASE_BODY,    /* buffered body, absolute deadline */
	PHASE_STREAM,  /* streamed body: a least rate, window by window */
	PHASE_HELD,    /* the server works; no deadline */
	PHASE_SENDING, /* the answer is on its way */
	PHASE_FEEDING, /* so is a part of a stream; the deadline is its reader's */
	PHASE_WAITING, /* suspended until there are news; no deadline, but the client may go */
	PHASE_EXPIRED, /* given up by the reaper while in PHASE_BODY or PHASE_STREAM */
};

#define DEADLINE_NONE INT64_MAX

struct watch {
	int fd;
	int64_t deadline_us;  /* atomic; monotonic */
	int phase;            /* atomic */
	int64_t window_bytes; /* atomic; body bytes in the present window of a stream */
	/* In PHASE_WAITING: the client has gone, on the reaper's thread; may come again and late. */
	void (*gone)(struct watch *watch);
	struct watch *prev, *next;
};

struct deadlines;

struct deadlines_config {
	const struct clock *clock;
	int64_t tick_us;          /* how often to look */
	int64_t stream_window_us; /* each such window of PHASE_STREAM needs … */
	int64_t stream_bytes;     /* … at least so many bytes */
	/* Sent as it is to a client that is late with a body; empty where raw bytes would not be
	 * understood (TLS). Lives as long as the deadlines. */
	struct str late_answer;
};

/* NULL when memory or threads are out. */
struct deadlines *deadlines_new(const struct deadlines_config *config);
/* After the last watch is removed. */
void deadlines_free(struct deadlines *deadlines);

void watch_add(struct deadlines *deadlines, struct watch *watch, int fd, int64_t deadline_us);
/* Before the descriptor is closed. */
void watch_remove(struct deadlines *deadlines, struct watch *watch);
void watch_set(struct watch *watch, enum phase phase, int64_t deadline_us);
/* As watch_set, but false when the reaper has given the connection up. */
bool watch_claim(struct watch *watch, enum phase phase, int64_t deadline_us);
void watch_received(struct watch *watch, size_t bytes);

/* Connections that are open. */
unsigned deadlines_open(struct deadlines *deadlines);
/* Ends the input of connections that have no request under way: what they have sent already is
 * still answered, then they close. */
void deadlines_close_idle(struct deadlines *deadlines);
/* Readers of streams that are behind have a second more. */
void deadlines_hurry_feeds(struct deadlines *deadlines);
/* Ends the input of all. */
void deadlines_close_all(struct deadlines *deadlines);
/*
 * Lingering close (RFC 9112 §9.6): keeps a duplicate of the socket for a moment and drops what
 * still arrives, so that a client which is still sending gets to read the answer instead of a
 * reset. Does nothing when too many linger already.
 */
void deadlines_linger(struct deadlines *deadlines, int fd);

#endif

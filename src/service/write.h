/*
 * The one way to change something: a transaction that is tried again when PostgreSQL asks for it,
 * and whose outcome is settled by the audit log when the connection is lost while committing.
 */
#ifndef WINNOW_SERVICE_WRITE_H
#define WINNOW_SERVICE_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "service/service.h"
#include "store/history.h"

/* Where the workspace stands after a write; what Winnow-Revision and Winnow-Head say. */
struct written {
	int64_t revision;
	struct sha256 hash;
	bool changed;  /* false: nothing was written, this is the head that was met */
	bool replayed; /* this was answered before, to a request with the same Idempotency-Key */
};

/*
 * Asks whether a write to a named resource may go ahead, given the tag that the resource has now
 * under the lock (NULL: it does not exist). Made by the HTTP layer from If-Match.
 */
struct precondition {
	enum error (*check)(void *self, const char *tag);
	void *self;
};

struct kept; /* service/kept.h */

struct write {
	const struct call *call;
	struct tx *tx;
	struct uuid attempt;
	struct change change;   /* begun in the workspace of the call */
	struct written written; /* set by the runner */
	bool nothing;    /* the body found nothing to change, and queued nothing: no revision */
	struct buf kept; /* the body's, for recall; empty when it begins */
	enum error (*recall)(struct write *write, struct kept *kept, void *arg); /* write_once's */
	bool joint; /* others share the transaction (write_joint.h) */
};

/*
 * Runs body inside a transaction with the head of `workspace` locked and write->change begun. The
 * body collects rows and ends with write_finish (or sets write->nothing). It may be run several
 * times: it must build its results anew each time. Faults that it added are dropped on a retry.
 */
enum error write_run(const struct call *call, const struct uuid *workspace,
	enum error (*body)(struct write *write, void *arg), void *arg, struct written *written);

/*
 * The same for what a client may send with an Idempotency-Key (call->key). The body also puts into
 * write->kept what the answer is made of besides head, time and the request itself, and leaves the
 * tx in the workspace that it began in. When the same request was answered before, recall runs
 * instead, in the tx but without the head's lock: it gives `arg` what the body gave it then, from
 * what was kept; write->written, write->change.revision and write->change.at_us are those of then.
 * An answer is kept also where there was nothing to change; an error never is. Besides the errors of
 * body and recall: ERR_KEY_IN_FLIGHT, ERR_KEY_REUSED.
 */
struct write_steps {
	enum error (*body)(struct write *write, void *arg);
	enum error (*recall)(struct write *write, struct kept *kept, void *arg);
};
enum error write_once(const struct call *call, const struct uuid *workspace,
	const struct write_steps *steps, void *arg, struct written *written);

/* Ends write->change: action and subject as the audit log names them, detail canonical JSON. */
enum error write_finish(
	struct write *write, const char *action, const char *subject, struct str detail);

#endif

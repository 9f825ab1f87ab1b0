/*
 * Idempotency keys: the first answer to a request is kept in the transaction of its effect, so that
 * the same request sent again is answered from there. The two halves are the write runner's
 * (write.c), which asks in each transaction, before the body and after it; no use case calls them.
 */
#ifndef WINNOW_SERVICE_IDEMPOTENCY_H
#define WINNOW_SERVICE_IDEMPOTENCY_H

#include "service/write.h"

/*
 * In a transaction that has just begun, before any other lock: holds the call's key until the end,
 * and when an answer is kept under it, recalls that: write->written is then the first one's, with
 * `replayed` set, and there is nothing left to do. ERR_KEY_IN_FLIGHT: another transaction holds the
 * key. ERR_KEY_REUSED: the kept answer is to another request. Without a key nothing happens.
 */
enum error idempotency_meet(struct write *write, const struct uuid *workspace, void *arg);
/* Keeps write->kept with write->written, queued; the tx points at `workspace`. */
enum error idempotency_keep(struct write *write, const struct uuid *workspace);

/* Deletes answers whose lifetime is over, a batch a transaction; *swept is how many. `go_on` is
 * asked between them. */
enum error idempotency_sweep(
	struct service *service, bool (*go_on)(const struct service *service), int64_t *swept);

#endif

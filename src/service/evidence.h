/*
 * Evidence bundles: what was decided about some items in a span of time, why, from what, by which model and
 * policy, and who oversaw it, with proofs (codec/evidence.h, docs/evidence.md).
 */
#ifndef WINNOW_SERVICE_EVIDENCE_H
#define WINNOW_SERVICE_EVIDENCE_H

#include "base/buf.h"
#include "service/service.h"

/* A bundle is built in memory and sent whole. */
enum {
	EVIDENCE_ITEMS_MAX = 10000,
	EVIDENCE_RECORDS_MAX = 20000,
	EVIDENCE_BYTES_MAX = 128 << 20,
};

struct evidence_request {
	struct str tag;      /* a label; absent: any */
	struct str category; /* of RISK_CATEGORY_FEATURE; absent: any */
	int64_t from_us;     /* TIME_NONE: from the first record on */
	int64_t to_us;       /* TIME_NONE: up to the checkpoint */
	int64_t checkpoint;  /* its size; 0: the newest */
};

/*
 * Appends all lines: the same for the same request, checkpoint and head. *head is the revision that it reflects.
 * ERR_INVALID: no record lies between; no such category or checkpoint. ERR_CONFLICT: no
 * checkpoint covers the span yet, or this daemon has no key to sign with. ERR_BUDGET: more than the
 * limits above. All with a sentence.
 */
enum error evidence_make(const struct call *call, const struct evidence_request *request,
	struct buf *out, int64_t *head);

#endif

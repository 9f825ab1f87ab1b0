/*
 * Requests that hold far more than a request's own share, of memory (bundles, orders and differences
 * computed again, strengths) or of a processor's time (simulations, checks of policies, scores, queues of
 * the past). They are few at a time, so that a daemon needs no more memory than it has, and fewer still
 * of one token, so that one client's do not keep out all others'. What takes time runs on threads of its
 * own besides (http/server/handover.c).
 */
#ifndef WINNOW_SERVICE_HEAVY_H
#define WINNOW_SERVICE_HEAVY_H

#include "service/service.h"

/* Below so many rows a what-if is over before anybody notices. */
enum { WHATIF_LIGHT_ROWS = 10000 };

/* Threads for what takes time: as many as may be under way. */
enum { HEAVY_THREADS = 4, HEAVY_QUEUED = 64 };

/* What a what-if on so many rows takes. */
enum heavy_kind heavy_whatif(size_t rows);

/*
 * ERR_BUSY with a sentence when there is no room, ERR_TOO_MANY_HEAVY when the token has what one may
 * have; never waits. Of what holds memory and of large what-ifs a token has one at a time and a daemon
 * two, three of both together; of the light ones a token has two and a daemon four. `end` takes what
 * `begin` took, and nothing else.
 */
enum error heavy_begin(const struct call *call, enum heavy_kind kind);
void heavy_end(const struct call *call, enum heavy_kind kind);

#endif

/*
 * Requests that hold far more than a request's own share, of memory (bundles, orders and differences
 * computed again, strengths) or of a worker's time (what-ifs on large backlogs). They are few at a
 * time, so that a daemon needs no more memory than it has, and other requests find a worker.
 */
#ifndef WINNOW_SERVICE_HEAVY_H
#define WINNOW_SERVICE_HEAVY_H

#include "service/service.h"

/* Below so many rows a what-if is over before anybody notices. */
enum { WHATIF_LIGHT_ROWS = 10000 };

/*
 * ERR_BUSY with a sentence when there is no room; never waits. Of what holds memory a token has one at a
 * time and a daemon two; of what-ifs a daemon has two; three of both together. `end` takes what
 * `begin` took, and nothing else.
 */
enum error heavy_begin(const struct call *call, enum heavy_kind kind);
void heavy_end(const struct call *call, enum heavy_kind kind);

#endif

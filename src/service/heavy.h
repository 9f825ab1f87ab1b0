/*
 * Requests that hold far more memory than a request's own share: bundles, orders and differences
 * computed again, strengths. Each has a budget of its own, but those of several together would be
 * more than a daemon should need; so there is one at a time.
 */
#ifndef WINNOW_SERVICE_HEAVY_H
#define WINNOW_SERVICE_HEAVY_H

#include "service/service.h"

/* ERR_BUSY with a sentence when another one has begun and not ended. Never waits. */
enum error heavy_begin(const struct call *call);
void heavy_end(const struct call *call);

#endif

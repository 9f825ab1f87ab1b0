/*
 * Bundles: what one ranking read, for whoever wants to compute it without us (codec/bundle.h).
 */
#ifndef WINNOW_SERVICE_BUNDLES_H
#define WINNOW_SERVICE_BUNDLES_H

#include "service/recall.h"

/* A bundle is built in memory and sent whole. */
enum { BUNDLE_BYTES_MAX = 256 << 20 };

/* Appends all lines. The same for equal rankings, whoever asks and when. ERR_SENSITIVE_INPUT for those
 * who may not see what some model or policy in it reads. ERR_BUDGET with a sentence when it would be
 * larger than BUNDLE_BYTES_MAX. */
enum error bundle_make(const struct call *call, const struct recalled *recalled, struct buf *out);

#endif

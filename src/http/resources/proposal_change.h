/*
 * What a proposed change means: which documents it writes, and what it would do to the newest ranking.
 * Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_PROPOSAL_CHANGE_H
#define WINNOW_HTTP_RESOURCES_PROPOSAL_CHANGE_H

#include "http/resources/resource.h"
#include "live/ranking.h"
#include "service/proposals.h"

/* Judges by the same functions as the direct writes; faults point below "/body". */
struct proposal_judge change_judge(struct request *request);

/*
 * Writes the effect of a change on `ranking` as one object: churn, bands crossed, shares of streams, what
 * moved; by ids and counts alone, since it is kept for good. Of a change that only works on what comes
 * later, or without a ranking (NULL), it says that nothing was simulated, and why. ERR_INVALID with faults
 * below "/body"; ERR_BUSY.
 */
enum error change_effect(struct request *request, const struct ranking *ranking,
	const struct proposal_change *change, struct buf *out);
/* The same of candidates that are known: the members of an open object. */
struct simulation; /* service/simulation.h */
enum error effect_write(
	struct request *request, struct json_writer *json, const struct simulation *simulation);

#endif

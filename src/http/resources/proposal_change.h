/*
 * What a proposed change means: what it writes, and what it would do to the newest ranking.
 * Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_PROPOSAL_CHANGE_H
#define WINNOW_HTTP_RESOURCES_PROPOSAL_CHANGE_H

#include "http/resources/resource.h"
#include "live/ranking.h"
#include "service/proposals.h"

/* Judges by the same functions as the direct writes; faults point below "/body". The context has to outlive it. */
struct change_context {
	struct request *request;
	const struct ranking *ranking; /* the newest, of which an override tells; NULL: not known */
};
struct proposal_judge change_judge(struct change_context *context);

/* What one document is changed by, and the document's name; NULL for models, policies and overrides. */
struct configured; /* http/resources/configured.h */
const struct configured *change_configured(enum approval_change change);
struct str change_document(const struct proposal_change *change);

/* Of an override's body: whether it ends one, and which; false after a fault in the request's diag. */
bool change_is_revocation(const json_t *body);
bool change_read_revocation(struct request *request, const json_t *body, struct uuid *out);

/*
 * Writes the effect of a change on `ranking` as one object (proposal_effect.c): churn, bands crossed, shares of
 * streams, what moved; by ids and counts alone, since it is kept for good. Where nothing was ranked again, as for a
 * change that works on what comes later, without a ranking (NULL), or of what would be refused as things are, it says
 * so, and why. ERR_BUSY, ERR_TOO_MANY_HEAVY.
 */
enum error change_effect(struct request *request, const struct ranking *ranking,
	const struct proposal_change *change, struct buf *out);
/* What an effect may tell beside the order; all but the simulation may be NULL. */
struct simulation;   /* service/simulation.h */
struct sla_count;    /* service/slas.h */
struct override_row; /* store/aggregates.h */
struct effect_shown {
	const struct simulation *simulation;
	const struct override_row *override; /* that is made, or ends */
	const struct sla_count *clocks;
	const char *why;
};
/* The members of an open object. */
enum error effect_write(
	struct request *request, struct json_writer *json, const struct effect_shown *shown);

#endif

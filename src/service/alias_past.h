/*
 * What the alias "active" of models, or of policies, has named. Private to src/service.
 */
#ifndef WINNOW_SERVICE_ALIAS_PAST_H
#define WINNOW_SERVICE_ALIAS_PAST_H

#include "service/write.h"
#include "store/aggregates.h"

struct alias_past {
	struct document *moves; /* the alias's documents, oldest first; the caller's */
	size_t count;
	struct str wanted; /* the body of a move to the version that is asked for */
};
/* From the newest move back to the one that brought that version in otherwise than by an intervention: whether
 * that was no bypass, and nobody has gone back from the version since, by a roll-back or by resuming with
 * another. Reads in the write's transaction; an error is one of PostgreSQL or of memory. */
enum error alias_past_approved(struct write *write, const struct alias_past *past, bool *out);

#endif

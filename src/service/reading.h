/*
 * One snapshot of a call's workspace, with its head: what every reading use case begins with.
 * Private to src/service.
 */
#ifndef WINNOW_SERVICE_READING_H
#define WINNOW_SERVICE_READING_H

#include "service/service.h"
#include "store/history_read.h"

struct reading {
	const struct call *call;
	struct conn *conn;
	struct head head;
	struct history_read history; /* of a reading of the past */
	int64_t revision;            /* which that is of; 0: of what is there now */
	size_t faults, omitted;      /* of the call's, before it */
};

/* Of the primary. ERR_BEYOND_HEAD: there is no call->min_revision. After an error there is nothing to end. */
enum error reading_begin(const struct call *call, struct reading *out);
void reading_end(struct reading *reading);

/*
 * Of what has been, perhaps at a replica: where the snapshot has `revision` (0: all that this daemon
 * knows of) and call->min_revision. What is read may be read twice:
 *
 *	reading_past(call, revision, &reading);
 *	do {
 *		error = reading_past_begin(&reading);
 *		if (!error)
 *			error = …
 *	} while (reading_again(&reading, error));
 *
 * ERR_BEYOND_HEAD: there is no call->min_revision. ERR_RETIRED: the history of `revision` was removed.
 */
void reading_past(const struct call *call, int64_t revision, struct reading *out);
enum error reading_past_begin(struct reading *reading);
bool reading_again(struct reading *reading, enum error error);
/* ERR_RETIRED where the history of the revision was removed, with the first one that is there. */
enum error reading_reaches(const struct reading *reading, int64_t revision);

#endif

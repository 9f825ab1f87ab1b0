/*
 * One snapshot of a call's workspace, with its head: what every reading use case begins with.
 * Private to src/service.
 */
#ifndef WINNOW_SERVICE_READING_H
#define WINNOW_SERVICE_READING_H

#include "service/service.h"
#include "store/history.h"

struct reading {
	const struct call *call;
	struct conn *conn;
	struct head head;
};

/* After an error there is nothing to end. */
enum error reading_begin(const struct call *call, struct reading *out);
void reading_end(struct reading *reading);

#endif

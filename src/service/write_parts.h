/*
 * What both ways to run a write share. Private to write.c and write_joint.c.
 */
#ifndef WINNOW_SERVICE_WRITE_PARTS_H
#define WINNOW_SERVICE_WRITE_PARTS_H

#include "service/write.h"

enum { WRITE_ATTEMPTS = 6 };

/* The connection went while COMMIT was under way. ERR_OK: it was committed, as *written says;
 * ERR_CONTENTION with *again: it was not; ERR_COMMIT_UNKNOWN. */
enum error write_settle(struct service *service, const struct uuid *workspace,
	const struct uuid *attempt, bool *again, struct written *written);

#endif

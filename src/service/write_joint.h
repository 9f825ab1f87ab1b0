/*
 * Small writes to one workspace that came together and share a transaction: each is a change of its
 * own with its revision and audit record, or none at all.
 */
#ifndef WINNOW_SERVICE_WRITE_JOINT_H
#define WINNOW_SERVICE_WRITE_JOINT_H

#include "service/write.h"

struct joint_write {
	const struct call *call; /* in the workspace of all of them */
	void *arg;
	/* results */
	enum error error;
	struct written written;
	/* the runner's */
	size_t faults, faults_omitted;
};

struct joint_work {
	/* Once an attempt, before the lock: may ask what is to be answered along with it. */
	enum error (*ask)(void *self, struct tx *tx, struct joint_write *writes, size_t count);
	/*
	 * Once an attempt, under the head's lock: reads what the bodies need. An error fails all. It may
	 * be called for all of the writes, and then again for each alone.
	 */
	enum error (*load)(void *self, struct tx *tx, int64_t config_revision,
		struct joint_write *writes, size_t count);
	/* As the body of write_run, but it asks PostgreSQL for nothing. An error is the write's own. */
	enum error (*body)(struct write *write, void *arg);
	void *self;
};

/* Sets error and written of each. No two may write the same row of the current state. */
void write_run_joint(struct service *service, const struct uuid *workspace,
	const struct joint_work *work, struct joint_write *writes, size_t count);

#endif

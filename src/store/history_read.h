/*
 * Where reads of history go. Each says which revision it needs; a replica (store_config.replica_url)
 * that has got there answers, else the primary does:
 *
 *	struct history_read read = {.store = store, .workspace = id, .needed = revision};
 *
 *	do {
 *		error = history_begin(&read);
 *		if (!error)
 *			error = …(read.conn, …);
 *	} while (history_again(&read, error));
 *
 * So what is in the loop may run twice, and must begin anew the second time. All of it sees one
 * snapshot. Only what cannot change any more, or what may be a moment old, goes this way.
 */
#ifndef WINNOW_STORE_HISTORY_READ_H
#define WINNOW_STORE_HISTORY_READ_H

#include "store/history.h"

struct history_read {
	struct store *store;
	struct uuid workspace;
	/* What the snapshot must have; 0: the newest that this process has read, written or shown. A
	 * replica is asked only where one of them is known. */
	int64_t needed;

	/* From history_begin on. */
	struct conn *conn;
	struct head head; /* of the snapshot; of the primary it may be below `needed` */

	/* Its own. */
	bool at_replica, not_replica;
};

/* A read transaction (store.h) and the head that it sees. ERR_NOT_FOUND: no such workspace. After an
 * error nothing is open. */
enum error history_begin(struct history_read *read);
/* Ends it; `error` is how the read went, that of history_begin included. True: that was at the replica, and
 * the primary is to be asked: the replica failed, or does not know what is asked for. */
bool history_again(struct history_read *read, enum error error);

#endif

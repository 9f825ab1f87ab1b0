/*
 * The log of who read what is sensitive. What a request read is put into memory, at once and on any
 * thread, and written by a job, many in one transaction: no read waits for a commit. So a daemon that is
 * killed loses what it answered since the job's last turn (a second); one that is stopped writes it.
 * While PostgreSQL is away the log waits in memory up to a bound; beyond that, reads that would have to
 * be written down are refused. Thread-safe.
 */
#ifndef WINNOW_SERVICE_ACCESS_LOG_H
#define WINNOW_SERVICE_ACCESS_LOG_H

#include "service/service.h"
#include "store/aggregates.h"

struct access_log;

enum { ACCESS_LOG_BYTES = 16 << 20, ACCESS_ITEMS_MAX = 100, ACCESS_TARGET_MAX = 2048 };

struct access_log *access_log_new(size_t bytes_max); /* NULL when memory is out */
void access_log_free(struct access_log *log); /* what was not written is lost; NULL is fine */

/* A copy, with an id of its own. ERR_ACCESS_LOG_FULL, ERR_NO_MEMORY. */
enum error access_log_put(struct access_log *log, const struct access_row *row);
/* Writes all that was put before; returns when it is committed. What could not be written stays, with the
 * error of the transaction. */
enum error access_log_flush(struct service *service);

/* A page of the call's workspace, this daemon's own records written first; in the call's arena. *revision is
 * the workspace's. Errors as above, or of reading. */
enum error access_log_page(const struct call *call, const struct access_filter *filter,
	struct access_row **rows, size_t *count, int64_t *revision);

/* Deletes what has expired, in all workspaces, some in a transaction, as long as go_on says so. A commit whose
 * outcome is unknown is none: the next sweep finds what is left. */
enum error access_log_sweep(struct service *service, bool (*go_on)(const struct service *service));

#endif

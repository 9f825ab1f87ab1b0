/*
 * Background work: a thread that goes through a table of jobs, each at its own pace, and another one for what may
 * take long in many large workspaces. A job is one file of this folder and one line of a table. Every daemon runs them all: a job must be right
 * when several do the same at once, and when none does it for a while.
 */
#ifndef WINNOW_JOBS_JOBS_H
#define WINNOW_JOBS_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "service/service.h"

struct job {
	const char *name;
	unsigned every_ms;
	/* On its table's thread. Returns early when jobs_may_go_on says no. What failed is tried again at
	 * the next turn. */
	enum error (*run)(struct service *service);
};

extern const struct job job_table[];
extern const size_t job_table_count;
/* None of the others waits for these. */
extern const struct job slow_job_table[];
extern const size_t slow_job_table_count;

/* False once the daemon is on its way down. */
bool jobs_may_go_on(const struct service *service);

struct jobs;

/* Begins with a turn of each. `every_ms` > 0: the pace of all, instead of their own. NULL when there
 * is no memory or no thread. The table must outlive it. */
struct jobs *jobs_start(
	struct service *service, const struct job *table, size_t count, unsigned every_ms);
/* Waits for the job that runs, not for any other's turn. NULL is fine. */
void jobs_stop(struct jobs *jobs);

/* ---- the jobs, by file ---- */

/* override_expiry.c: records the end of overrides that have expired. They are out of force without
 * it; this is for the log's sake. */
enum error job_override_expiry(struct service *service);
/* review.c: opens a review of what is pending, withdraws those that nothing asks for any more, notes which
 * approvals have lapsed, and escalates what has waited too long. What is pending is so without it. */
enum error job_review(struct service *service);
/* proposal_expiry.c: the same of proposals. */
enum error job_proposal_expiry(struct service *service);
/* idempotency_sweep.c: deletes answers that were kept under an Idempotency-Key for their lifetime.
 * They count for nothing once it is over; this is for the room. */
enum error job_idempotency_sweep(struct service *service);
/* checkpoints.c: signs checkpoints of audit logs that have grown, and brings them out of the database's
 * reach. */
enum error job_checkpoints(struct service *service);
/* access_log.c: writes what was read of sensitive data since the last turn; deletes what has expired of
 * that log. */
enum error job_access_write(struct service *service);
enum error job_access_sweep(struct service *service);
/* recurrences.c: raises the items of work that comes back, once a period. */
enum error job_recurrences(struct service *service);
/* findings.c: tells in the audit log which findings appeared and which are gone, where the settings ask for it; of
 * the newest rankings, and of history. */
enum error job_findings(struct service *service);
enum error job_findings_history(struct service *service);
/* shadow.c: ranks candidates beside the active versions, for the gauges. */
enum error job_shadow(struct service *service);

#endif

/*
 * Answers kept under an Idempotency-Key are deleted when their lifetime is over. Of several daemons
 * that look at the same time one does it, in small transactions; the others find nothing to do.
 */
#include "jobs/jobs.h"
#include "service/idempotency.h"

enum error job_idempotency_sweep(struct service *service)
{
	int64_t swept;

	return idempotency_sweep(service, jobs_may_go_on, &swept);
}

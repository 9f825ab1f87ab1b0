/*
 * The access log: what was read since the last turn is written, and what has expired is deleted.
 */
#include "service/access_log.h"
#include "jobs/jobs.h"

enum error job_access_write(struct service *service)
{
	return access_log_flush(service);
}

enum error job_access_sweep(struct service *service)
{
	return access_log_sweep(service, jobs_may_go_on);
}

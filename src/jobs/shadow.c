/*
 * Candidates are ranked beside the active versions from time to time, so that what they would change can be
 * watched without asking. Every daemon tells of the workspaces that are in its own memory.
 */
#include "service/shadow.h"

#include "jobs/jobs.h"

enum error job_shadow(struct service *service)
{
	return shadow_watch(service);
}

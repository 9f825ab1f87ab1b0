/*
 * Findings that appear and go are told in the audit log: of every workspace that is in memory here, that is, whose
 * queue somebody reads or whose events somebody follows. Several daemons may look at once: under the workspace's
 * lock the first one tells, the others find it told. What needs history is looked for less often.
 */
#include <stdlib.h>

#include "base/metrics.h"
#include "jobs/jobs.h"
#include "live/live.h"
#include "service/finding_watch.h"

enum { ARENA_BYTES = 256 << 20 };

static enum error follow(
	struct service *service, const struct ranking *ranking, uint32_t kinds, size_t *open)
{
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service,
		.arena = &arena,
		.diag = &diag,
		.workspace = ranking->workspace,
		.request_id = "job:findings",
	};
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	error = findings_follow(&call, ranking, kinds, open);
	arena_release(&arena);
	/* Removed in between. */
	return error == ERR_NOT_FOUND ? ERR_OK : error;
}

static enum error follow_all(struct service *service, uint32_t kinds, size_t *open)
{
	struct ranking **rankings;
	size_t count;
	enum error error = live_rankings(service->live, &rankings, &count), failed = error;

	*open = 0;
	for (size_t i = 0; !error && i < count; i++) {
		size_t here = 0;
		enum error one = jobs_may_go_on(service)
					 ? follow(service, rankings[i], kinds, &here)
					 : ERR_OK;

		if (one)
			failed = one;
		*open += here;
		ranking_unref(rankings[i]);
	}
	free(rankings);
	return failed;
}

enum error job_findings(struct service *service)
{
	size_t open;
	enum error error = follow_all(service, FINDINGS_IN_MEMORY, &open);

	if (!error)
		metric_set(METRIC_findings_open, (int64_t)open);
	return error;
}

enum error job_findings_history(struct service *service)
{
	size_t open;

	return follow_all(service, FINDINGS_IN_HISTORY, &open);
}

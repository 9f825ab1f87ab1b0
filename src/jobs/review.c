/*
 * Reviews follow the rankings: of every workspace that is in memory here, that is, whose queue somebody
 * reads. Several daemons may do it at once: under the workspace's lock the first one does, the others find
 * it done.
 */
#include <stdlib.h>

#include "jobs/jobs.h"
#include "live/live.h"
#include "service/reviews.h"

enum { ARENA_BYTES = 64 << 20 };

static enum error follow(struct service *service, const struct ranking *ranking)
{
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service,
		.arena = &arena,
		.diag = &diag,
		.workspace = ranking->workspace,
		.request_id = "job:review",
	};
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	error = reviews_follow(&call, ranking);
	arena_release(&arena);
	/* Removed in between. */
	return error == ERR_NOT_FOUND ? ERR_OK : error;
}

enum error job_review(struct service *service)
{
	struct ranking **rankings;
	size_t count;
	enum error error = live_rankings(service->live, &rankings, &count), failed = error;

	for (size_t i = 0; !error && i < count; i++) {
		enum error one = jobs_may_go_on(service) ? follow(service, rankings[i]) : ERR_OK;

		if (one)
			failed = one;
		ranking_unref(rankings[i]);
	}
	free(rankings);
	return failed;
}

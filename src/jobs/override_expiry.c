/*
 * Expired overrides get their end on record: one revision a workspace. Of several daemons that look
 * at the same time the first to take the workspace's lock writes it, the others find nothing left.
 *
 * A round goes through the workspaces by their id, some a turn, so that one whose write fails keeps no
 * other waiting. After a round without a failure nothing that expired before it is looked at any more:
 * there is ever more of that.
 */
#include "base/metrics.h"
#include "jobs/jobs.h"
#include "service/overrides.h"
#include "store/aggregates.h"

enum {
	WORKSPACES_A_TURN = 1000, /* the rest has to wait for the next */
	ARENA_BYTES = 64 << 20,
	LATE_S = 3600, /* that what was made in time may be seen after its expiry */
};

static const struct uuid nobody;

static enum error find_workspaces(
	struct service *service, struct arena *arena, struct expired_workspace **out, size_t *count)
{
	const struct expiry_progress *progress = &service->expiry;
	const struct expiry_span span = {progress->since_us, clock_now_us(service->clock)};
	struct conn *conn;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = overrides_expired(
			conn, &span, &progress->after, WORKSPACES_A_TURN, arena, out, count);
		read_end(conn);
	}
	store_release(service->store, conn);
	return error;
}

static enum error expire_in(struct service *service, const struct expired_workspace *workspace)
{
	struct written written;
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service,
		.arena = &arena,
		.diag = &diag,
		.workspace = workspace->id,
		.request_id = "job:override_expiry",
	};
	size_t count;
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	error = overrides_expire(&call, workspace->first_us - 1, &count, &written);
	arena_release(&arena);
	if (!error && written.changed)
		metric_add(METRIC_overrides_expired, (int64_t)count);
	/* Removed in between. */
	return error == ERR_NOT_FOUND ? ERR_OK : error;
}

static void begin_round(struct service *service)
{
	struct expiry_progress *progress = &service->expiry;

	if (uuid_cmp(&progress->after, &nobody) != 0)
		return;
	progress->round_us = clock_now_us(service->clock);
	progress->round_failed = false;
}

static void end_round(struct expiry_progress *progress)
{
	int64_t since_us = progress->round_us - LATE_S * (int64_t)US_PER_S;

	progress->after = nobody;
	if (!progress->round_failed && since_us > progress->since_us)
		progress->since_us = since_us;
}

/* Those of one turn. */
static enum error expire_all(
	struct service *service, const struct expired_workspace *workspaces, size_t count)
{
	enum error failed = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		enum error error;

		if (!jobs_may_go_on(service))
			return failed;
		error = expire_in(service, &workspaces[i]);
		if (error)
			failed = error;
		service->expiry.round_failed |= error != ERR_OK;
		service->expiry.after = workspaces[i].id;
	}
	if (count < WORKSPACES_A_TURN)
		end_round(&service->expiry);
	return failed;
}

enum error job_override_expiry(struct service *service)
{
	struct expired_workspace *workspaces = NULL;
	struct arena arena;
	size_t count = 0;
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	begin_round(service);
	error = find_workspaces(service, &arena, &workspaces, &count);
	if (!error)
		error = expire_all(service, workspaces, count);
	arena_release(&arena);
	return error;
}

/*
 * Expired overrides get their end on record: one revision a workspace. Of several daemons that look
 * at the same time the first to take the workspace's lock writes it, the others find nothing left.
 */
#include "base/metrics.h"
#include "jobs/jobs.h"
#include "service/overrides.h"

enum {
	WORKSPACES_A_TURN = 1000, /* the rest has to wait for the next */
	ARENA_BYTES = 64 << 20,
};

static enum error find_workspaces(
	struct service *service, struct arena *arena, struct uuid **out, size_t *count)
{
	struct conn *conn;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = overrides_expired(
			conn, clock_now_us(service->clock), WORKSPACES_A_TURN, arena, out, count);
		read_end(conn);
	}
	store_release(service->store, conn);
	return error;
}

static enum error expire_in(struct service *service, const struct uuid *workspace)
{
	struct written written;
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service,
		.arena = &arena,
		.diag = &diag,
		.workspace = *workspace,
		.request_id = "job:override_expiry",
	};
	size_t count;
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	error = overrides_expire(&call, &count, &written);
	arena_release(&arena);
	if (!error && written.changed)
		metric_add(METRIC_overrides_expired, (int64_t)count);
	/* Removed in between. */
	return error == ERR_NOT_FOUND ? ERR_OK : error;
}

enum error job_override_expiry(struct service *service)
{
	struct uuid *workspaces = NULL;
	enum error error, failed = ERR_OK;
	struct arena arena;
	size_t count = 0;

	arena_init(&arena, ARENA_BYTES);
	error = find_workspaces(service, &arena, &workspaces, &count);
	for (size_t i = 0; !error && i < count && jobs_may_go_on(service); i++) {
		enum error one = expire_in(service, &workspaces[i]);

		if (one)
			failed = one;
	}
	arena_release(&arena);
	return error ? error : failed;
}

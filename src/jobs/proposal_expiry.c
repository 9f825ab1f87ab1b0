/*
 * Expired proposals get their end on record, one revision a workspace. They are few, so each turn goes
 * through all workspaces; of several daemons the first writes, the others find nothing left.
 */
#include "jobs/jobs.h"
#include "service/proposals.h"

enum { WORKSPACES_A_TURN = 1000, ARENA_BYTES = 64 << 20 };

static enum error find_workspaces(
	struct service *service, struct arena *arena, struct uuid **out, size_t *count)
{
	static const struct uuid nobody;
	struct conn *conn;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = proposals_expired(conn, clock_now_us(service->clock), &nobody,
			WORKSPACES_A_TURN, arena, out, count);
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
		.request_id = "job:proposal_expiry",
	};
	size_t count;
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	error = proposals_expire(&call, &count, &written);
	arena_release(&arena);
	/* Removed in between. */
	return error == ERR_NOT_FOUND ? ERR_OK : error;
}

enum error job_proposal_expiry(struct service *service)
{
	struct uuid *workspaces = NULL;
	enum error failed = ERR_OK;
	struct arena arena;
	size_t count = 0;
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	error = find_workspaces(service, &arena, &workspaces, &count);
	for (size_t i = 0; !error && i < count && jobs_may_go_on(service); i++) {
		enum error one = expire_in(service, &workspaces[i]);

		failed = one ? one : failed;
	}
	arena_release(&arena);
	return error ? error : failed;
}

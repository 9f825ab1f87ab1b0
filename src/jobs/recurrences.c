/*
 * Work that comes back is raised: one revision a workspace at most. Of several daemons that look at the same time
 * each may raise it; the item's id names the period, so the second one finds it unchanged.
 *
 * A turn goes through all workspaces, some at a time. A workspace without recurrences costs one small read.
 */
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/jobs.h"
#include "service/recurrences.h"
#include "store/aggregates.h"

enum { WORKSPACES_A_READ = 200, ARENA_BYTES = 64 << 20 };

/* What the workspace no longer takes is told, and is nothing that another turn would mend. */
static enum error settle(
	const struct workspace_row *workspace, const struct diag *diag, enum error error)
{
	char id[UUID_TEXT_SIZE];

	if (error == ERR_NOT_FOUND)
		return ERR_OK; /* removed in between */
	if (error != ERR_INVALID)
		return error;
	log_write(LOG_WARN, "recurrence_refused", "Work that comes back is no longer taken",
		LOG_S("workspace", uuid_to_text(&workspace->id, id)),
		LOG_S("why", diag->count > 0 ? diag->entries[0].detail : ""), NULL);
	return ERR_OK;
}

static enum error raise_in(struct service *service, const struct workspace_row *workspace)
{
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service,
		.arena = &arena,
		.diag = &diag,
		.workspace = workspace->id,
		.request_id = "job:recurrences",
	};
	size_t raised;
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	error = recurrences_raise(&call, &raised);
	metric_add(METRIC_recurrences_raised, (int64_t)raised);
	error = settle(workspace, &diag, error);
	arena_release(&arena);
	return error;
}

static enum error list_workspaces(struct service *service, struct str after, struct arena *arena,
	struct workspace_row **out, size_t *count)
{
	struct conn *conn;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = workspaces_list(conn, after, WORKSPACES_A_READ, arena, out, count);
		read_end(conn);
	}
	store_release(service->store, conn);
	return error;
}

/* One that fails keeps no other waiting. */
static enum error raise_all(
	struct service *service, const struct workspace_row *workspaces, size_t count)
{
	enum error failed = ERR_OK;

	for (size_t i = 0; i < count && jobs_may_go_on(service); i++) {
		enum error error =
			workspaces[i].removed ? ERR_OK : raise_in(service, &workspaces[i]);

		if (error)
			failed = error;
	}
	return failed;
}

enum error job_recurrences(struct service *service)
{
	struct workspace_row *workspaces;
	enum error error, failed = ERR_OK;
	struct str after = STR_NONE;
	struct arena arena;
	size_t count;

	arena_init(&arena, ARENA_BYTES);
	do {
		count = 0;
		error = list_workspaces(service, after, &arena, &workspaces, &count);
		if (!error)
			error = raise_all(service, workspaces, count);
		if (error)
			failed = error;
		if (count > 0)
			after = workspaces[count - 1].name;
	} while (count == WORKSPACES_A_READ && jobs_may_go_on(service));
	arena_release(&arena);
	return failed;
}

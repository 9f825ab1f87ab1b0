/*
 * Signed checkpoints of logs that have grown: first written outside, then kept in the database, so what the
 * database has is always outside, too. A log that does not continue what was signed gets none, and that
 * is told in the daemon's log each time.
 */
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/checkpointing.h"
#include "jobs/jobs.h"

enum {
	WORKSPACES_AT_ONCE = 1000,
	LIST_BYTES = 1 << 20,
	ARENA_BYTES = 16 << 20,
};

static void tell_refusal(const struct call *call)
{
	char id[UUID_TEXT_SIZE];

	metric_add(METRIC_checkpoints_refused, 1);
	log_write(LOG_ERROR, "checkpoint_refused",
		"The audit log does not continue what was signed before; verify it",
		LOG_S("workspace", uuid_to_text(&call->workspace, id)),
		LOG_S("why", call->diag->count ? call->diag->entries[0].detail
					       : "what is kept outside is no checkpoint"),
		NULL);
}

/* Outside first; then it counts. */
static enum error put(struct checkpoint_making *making)
{
	const struct checkpointing *own = making->call->service->checkpoints;
	enum error error = ERR_OK;

	if (making->row.size > 0)
		error = checkpoint_folder_put(own, &making->call->workspace, &making->row);
	if (!error)
		error = checkpoint_keep(making);
	if (error || making->row.size == 0)
		return error;
	metric_add(METRIC_checkpoints_made, 1);
	if (own->webhook)
		webhook_send(own->webhook, &making->call->workspace, making->row.note);
	return ERR_OK;
}

/* One step: the tree of a long log is made in several. */
static enum error step(struct service *service, const struct uuid *workspace, bool *more)
{
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service,
		.arena = &arena,
		.diag = &diag,
		.workspace = *workspace,
		.request_id = "job:checkpoints",
	};
	struct checkpoint_making making = {
		.call = &call,
		.signer = &service->checkpoints->signer,
	};
	struct checkpoint outside;
	bool found = false;
	enum error error;

	*more = false;
	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	/* Before the log is looked at: what is there then, the log has. */
	error = checkpoint_folder_newest(service->checkpoints, workspace, &arena, &outside, &found);
	if (!error)
		error = checkpoint_sign(&making, found ? &outside : NULL, more);
	if (!error)
		error = put(&making);
	if (error == ERR_CONFLICT)
		tell_refusal(&call);
	checkpoint_making_release(&making);
	arena_release(&arena);
	return error;
}

static enum error checkpoint(struct service *service, const struct uuid *workspace)
{
	bool more = true;
	enum error error = ERR_OK;

	while (!error && more && jobs_may_go_on(service))
		error = step(service, workspace, &more);
	return error;
}

enum error job_checkpoints(struct service *service)
{
	struct uuid last, *workspaces;
	const struct uuid *after = NULL;
	enum error failed = ERR_OK;
	size_t count = WORKSPACES_AT_ONCE;

	if (!service->checkpoints)
		return ERR_OK;
	while (count == WORKSPACES_AT_ONCE && jobs_may_go_on(service)) {
		struct arena arena;
		enum error error;

		arena_init(&arena, LIST_BYTES);
		error = checkpoint_workspaces(
			service, after, WORKSPACES_AT_ONCE, &arena, &workspaces, &count);
		if (error) {
			arena_release(&arena);
			return error;
		}
		for (size_t i = 0; i < count && jobs_may_go_on(service); i++) {
			error = checkpoint(service, &workspaces[i]);
			if (error)
				failed = error;
			last = workspaces[i];
			after = &last;
		}
		arena_release(&arena);
	}
	/* A refusal has been told; it is no failure of the job. */
	return failed == ERR_CONFLICT ? ERR_OK : failed;
}

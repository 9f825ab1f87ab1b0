/*
 * Running a write: begin, lock, body, commit; again on a serialization failure or a deadlock;
 * settled by the log when the answer to COMMIT was lost.
 */
#include "service/write_parts.h"

#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "live/live.h"
#include "store/aggregates.h"

const char *call_actor(const struct call *call)
{
	char text[UUID_TEXT_SIZE];
	const char *actor;

	if (!call->principal)
		return "system";
	actor = arena_printf(
		call->arena, "token:%s", uuid_to_text(&call->principal->token_id, text));
	return actor ? actor : "token:?";
}

enum error write_finish(
	struct write *write, const char *action, const char *subject, struct str detail)
{
	struct change_info info = {
		.actor = call_actor(write->call),
		.action = action,
		.subject = subject,
		.request_id = write->call->request_id ? write->call->request_id : "",
	};

	return write->joint ? change_seal(&write->change, &info, detail)
			    : change_finish(&write->change, &info, detail);
}

/* Once through: ERR_OK also when the body found nothing to do. *again: the whole may be tried
 * anew. */
static enum error attempt(struct write *write, struct conn *conn, const struct uuid *workspace,
	enum error (*body)(struct write *write, void *arg), void *arg, bool *again)
{
	enum error error;

	*again = false;
	write->nothing = false;
	write->change = (struct change){0};
	error = tx_begin(conn, workspace, &write->tx);
	if (error)
		return error;
	error = change_begin(
		write->tx, workspace, write->call->service->clock, &write->attempt, &write->change);
	write->written = (struct written){
		.revision = write->change.revision - 1,
		.hash = write->change.prev_hash,
	};
	if (!error)
		error = body(write, arg);
	if (error || write->nothing) {
		*again = error && tx_may_retry(write->tx);
		tx_rollback(write->tx);
		change_release(&write->change);
		return error;
	}
	write->written = (struct written){
		.revision = write->change.revision,
		.hash = write->change.hash,
		.changed = true,
	};
	change_release(&write->change);
	error = tx_commit(write->tx);
	*again = error == ERR_CONTENTION;
	return error;
}

/* Taking the head's lock waits the lost backend out; then the log has this attempt's id or never
 * will. */
enum error write_settle(struct service *service, const struct uuid *workspace,
	const struct uuid *attempt, bool *again, struct written *written)
{
	bool committed = false;
	struct conn *conn;
	enum error error;

	*again = false;
	error = store_acquire(service->store, &conn);
	if (error)
		return ERR_COMMIT_UNKNOWN;
	error = attempt_settle(
		conn, workspace, attempt, &committed, &written->revision, &written->hash);
	store_release(service->store, conn);
	if (error)
		return ERR_COMMIT_UNKNOWN;
	*again = !committed;
	written->changed = committed;
	return committed ? ERR_OK : ERR_CONTENTION;
}

enum error write_run(const struct call *call, const struct uuid *workspace,
	enum error (*body)(struct write *write, void *arg), void *arg, struct written *written)
{
	struct service *service = call->service;
	size_t faults = call->diag->count, omitted = call->diag->omitted;
	enum error error = ERR_CONTENTION;
	struct write write = {.call = call};
	bool again = true;

	*written = (struct written){0};
	for (int tries = 0; again && tries < WRITE_ATTEMPTS; tries++) {
		struct conn *conn;

		if (tries > 0)
			metric_add(METRIC_db_retries, 1);
		call->diag->count = faults;
		call->diag->omitted = omitted;
		uuid_random(&write.attempt);
		error = store_acquire(service->store, &conn);
		if (error)
			return error;
		error = attempt(&write, conn, workspace, body, arg, &again);
		store_release(service->store, conn);
		if (error == ERR_COMMIT_UNKNOWN)
			error = write_settle(
				service, workspace, &write.attempt, &again, &write.written);
	}
	*written = write.written;
	if (error || !written->changed)
		return error;
	metric_add(METRIC_changes_committed, 1);
	if (service->live)
		live_hint(service->live);
	return ERR_OK;
}

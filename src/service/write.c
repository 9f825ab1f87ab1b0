/*
 * Running a write: begin, lock, body, commit; again on a serialization failure or a deadlock;
 * settled by the log when the answer to COMMIT was lost.
 */
#include "service/write_parts.h"

#include "base/metrics.h"
#include "live/live.h"
#include "service/idempotency.h"
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

/* Who was answered may send the key again at once: it must be free then. */
static void undo(struct write *write)
{
	if (write->call->key)
		tx_rollback_now(write->tx);
	else
		tx_rollback(write->tx);
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
	write->written = (struct written){0};
	buf_reset(&write->kept);
	error = tx_begin(conn, workspace, &write->tx);
	if (error)
		return error;
	error = idempotency_meet(write, workspace, arg);
	if (error || write->written.replayed) {
		*again = error && tx_may_retry(write->tx);
		undo(write);
		return error;
	}
	error = change_begin(
		write->tx, workspace, write->call->service->clock, &write->attempt, &write->change);
	write->written = (struct written){
		.revision = write->change.revision - 1,
		.hash = write->change.prev_hash,
	};
	if (!error)
		error = body(write, arg);
	if (!error && !write->nothing)
		write->written = (struct written){
			.revision = write->change.revision,
			.hash = write->change.hash,
			.changed = true,
		};
	if (!error)
		error = idempotency_keep(write, workspace);
	if (error || (write->nothing && !write->call->key)) {
		*again = error && tx_may_retry(write->tx);
		undo(write);
		change_release(&write->change);
		return error;
	}
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

enum error write_once(const struct call *call, const struct uuid *workspace,
	const struct write_steps *steps, void *arg, struct written *written)
{
	struct service *service = call->service;
	size_t faults = call->diag->count, omitted = call->diag->omitted;
	enum error error = ERR_CONTENTION;
	struct write write = {.call = call, .recall = steps->recall};
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
			break;
		error = attempt(&write, conn, workspace, steps->body, arg, &again);
		store_release(service->store, conn);
		if (error == ERR_COMMIT_UNKNOWN)
			error = write_settle(
				service, workspace, &write.attempt, &again, &write.written);
	}
	buf_release(&write.kept);
	*written = write.written;
	if (!error && written->replayed)
		metric_add(METRIC_idempotent_replays, 1);
	if (error || !written->changed || written->replayed)
		return error;
	metric_add(METRIC_changes_committed, 1);
	if (service->live)
		live_hint(service->live, workspace, written->revision);
	return ERR_OK;
}

enum error write_run(const struct call *call, const struct uuid *workspace,
	enum error (*body)(struct write *write, void *arg), void *arg, struct written *written)
{
	const struct write_steps steps = {.body = body};

	return write_once(call, workspace, &steps, arg, written);
}

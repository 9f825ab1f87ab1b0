/*
 * Several small writes to one workspace in one transaction. The head is locked once, the chain goes
 * from one change to the next in memory, and all rows of a table travel together; so what a writer
 * waits for is shared by all who came at the same time.
 *
 * A write whose body fails takes its own rows back and harms nobody. When PostgreSQL refuses
 * the whole, nothing tells whose fault it was, so each is tried alone.
 */
#include "service/write_joint.h"

#include "base/metrics.h"
#include "live/live.h"
#include "service/write_parts.h"

struct run {
	struct service *service;
	const struct uuid *workspace;
	const struct joint_work *work;
	struct joint_write *writes;
	size_t count;
	size_t changes; /* that the transaction holds */
	struct uuid attempt;
};

/* The head is locked: each in turn makes its rows and seals them, or leaves nothing. */
static void run_bodies(struct run *run, struct write *write)
{
	run->changes = 0;
	for (size_t i = 0; i < run->count; i++) {
		struct joint_write *joint = &run->writes[i];
		struct change *change = &write->change;

		write->call = joint->call;
		write->nothing = false;
		joint->error = run->work->body(write, joint->arg);
		joint->written = (struct written){
			.revision = change->revision - 1, .hash = change->prev_hash};
		if (joint->error || write->nothing) {
			change_undo(change);
			continue;
		}
		joint->written = (struct written){
			.revision = change->revision, .hash = change->hash, .changed = true};
		change_next(change);
		run->changes++;
	}
}

static enum error attempt(struct run *run, struct conn *conn, bool *again)
{
	struct write write = {.call = run->writes[0].call, .attempt = run->attempt, .joint = true};
	enum error error = tx_begin(conn, run->workspace, &write.tx);

	*again = false;
	if (error)
		return error;
	error = run->work->ask(run->work->self, write.tx, run->writes, run->count);
	if (!error)
		error = change_begin(write.tx, run->workspace, run->service->clock, &run->attempt,
			&write.change);
	if (!error)
		error = run->work->load(run->work->self, write.tx, write.change.config_revision,
			run->writes, run->count);
	if (!error)
		run_bodies(run, &write);
	if (!error && run->changes > 0)
		error = change_send(&write.change);
	if (error || run->changes == 0) {
		*again = error && tx_may_retry(write.tx);
		tx_rollback(write.tx);
		change_release(&write.change);
		return error;
	}
	change_release(&write.change);
	error = tx_commit(write.tx);
	*again = error == ERR_CONTENTION;
	return error;
}

/* Those that an attempt before has added. */
static void drop_faults(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		struct joint_write *joint = &run->writes[i];

		joint->call->diag->count = joint->faults;
		joint->call->diag->omitted = joint->faults_omitted;
	}
}

/* As often as PostgreSQL asks for it. */
static enum error run_all(struct run *run)
{
	enum error error = ERR_CONTENTION;
	struct written settled;
	bool again = true;

	for (int tries = 0; again && tries < WRITE_ATTEMPTS; tries++) {
		struct conn *conn;

		if (tries > 0)
			metric_add(METRIC_db_retries, 1);
		drop_faults(run);
		uuid_random(&run->attempt);
		error = store_acquire(run->service->store, &conn);
		if (error)
			return error;
		error = attempt(run, conn, &again);
		store_release(run->service->store, conn);
		if (error == ERR_COMMIT_UNKNOWN)
			error = write_settle(
				run->service, run->workspace, &run->attempt, &again, &settled);
	}
	return error;
}

/* Whether the fault may be that of one write alone. */
static bool may_be_of_one(enum error error)
{
	switch (error) {
	case ERR_DATABASE_AWAY:
	case ERR_COMMIT_UNKNOWN:
	case ERR_BUSY:
	case ERR_CONTENTION:
	case ERR_NOT_FOUND: return false;
	default: return true;
	}
}

static void settle_all(struct run *run, enum error error)
{
	for (size_t i = 0; i < run->count; i++)
		run->writes[i].error = error;
}

void write_run_joint(struct service *service, const struct uuid *workspace,
	const struct joint_work *work, struct joint_write *writes, size_t count)
{
	struct run run = {
		.service = service,
		.workspace = workspace,
		.work = work,
		.writes = writes,
		.count = count,
	};
	enum error error;

	for (size_t i = 0; i < count; i++) {
		writes[i].faults = writes[i].call->diag->count;
		writes[i].faults_omitted = writes[i].call->diag->omitted;
	}
	error = run_all(&run);
	if (error && count > 1 && may_be_of_one(error)) {
		metric_add(METRIC_writes_retried_alone, (int64_t)count);
		drop_faults(&run);
		for (size_t i = 0; i < count; i++)
			write_run_joint(service, workspace, work, &writes[i], 1);
		return;
	}
	if (error)
		settle_all(&run, error);
	if (error || run.changes == 0)
		return;
	metric_add(METRIC_changes_committed, (int64_t)run.changes);
	metric_add(METRIC_joint_commits, 1);
	/* Whatever became of the last one, it names the head that was left. */
	if (service->live)
		live_hint(service->live, workspace, writes[count - 1].written.revision);
}

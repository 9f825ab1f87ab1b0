/*
 * A connection, a read transaction and the head that it sees.
 */
#include "service/reading.h"

static enum error check_head(const struct call *call, const struct head *head)
{
	if (head->revision >= call->min_revision)
		return ERR_OK;
	diag_add(call->diag, "/query/min_revision", "The workspace is at revision %lld.",
		(long long)head->revision);
	return ERR_BEYOND_HEAD;
}

enum error reading_begin(const struct call *call, struct reading *out)
{
	enum error error;

	out->call = call;
	error = store_acquire(call->service->store, &out->conn);
	if (error)
		return error;
	error = read_begin(out->conn, &call->workspace);
	if (error)
		goto release;
	error = head_read(out->conn, &call->workspace, &out->head);
	if (!error)
		error = check_head(call, &out->head);
	if (!error)
		return ERR_OK;
	read_end(out->conn);
release:
	store_release(call->service->store, out->conn);
	return error;
}

void reading_end(struct reading *reading)
{
	read_end(reading->conn);
	store_release(reading->call->service->store, reading->conn);
}

void reading_past(const struct call *call, int64_t revision, struct reading *out)
{
	*out = (struct reading){
		.call = call,
		.faults = call->diag->count,
		.omitted = call->diag->omitted,
	};
	out->history.store = call->service->store;
	out->history.workspace = call->workspace;
	out->revision = revision;
	out->history.needed = revision > call->min_revision ? revision : call->min_revision;
}

enum error reading_past_begin(struct reading *reading)
{
	enum error error = history_begin(&reading->history);

	if (error)
		return error;
	reading->conn = reading->history.conn;
	reading->head = reading->history.head;
	error = check_head(reading->call, &reading->head);
	return error || reading->revision == 0 ? error
					       : reading_reaches(reading, reading->revision);
}

enum error reading_reaches(const struct reading *reading, int64_t revision)
{
	if (revision >= reading->head.retired)
		return ERR_OK;
	diag_add(reading->call->diag, "",
		"The first revision that can still be read is %lld. What was before it is in the "
		"exported log.",
		(long long)reading->head.retired);
	return ERR_RETIRED;
}

bool reading_again(struct reading *reading, enum error error)
{
	struct diag *diag = reading->call->diag;

	if (!history_again(&reading->history, error))
		return false;
	diag->count = reading->faults;
	diag->omitted = reading->omitted;
	return true;
}

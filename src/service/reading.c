/*
 * A connection, a read transaction and the head that it sees.
 */
#include "service/reading.h"

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

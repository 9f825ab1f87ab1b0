/*
 * The rows behind a run of audit records, in an order that does not depend on the database: what exports
 * and evidence are made of. Private to src/service.
 */
#ifndef WINNOW_SERVICE_AUDIT_ROWS_H
#define WINNOW_SERVICE_AUDIT_ROWS_H

#include "service/service.h"
#include "store/history.h"

struct audit_row {
	int64_t revision;
	enum history_table table;
	struct str tuple;
};
struct audit_rows {
	struct arena arena;     /* of the tuples */
	struct audit_row *rows; /* by revision, table and bytes */
	size_t count, room;
	bool failed;
};

/* How many of the records can be looked at at once without too many rows; at least one. */
size_t audit_rows_at_once(const struct audit_record *records, size_t count);
/* The rows of the first *count records; of fewer of them where those have too many bytes. Begin with a zeroed
 * one; it may be filled again. ERR_BUDGET: one record's rows are more than the call's arena may take. */
enum error audit_rows_read(const struct call *call, struct conn *conn,
	const struct audit_record *records, size_t *count, struct audit_rows *rows);
/* How many rows a revision has; they begin at *at, which is moved there from where the one before ended. */
size_t audit_rows_of(const struct audit_rows *rows, int64_t revision, size_t *at);
void audit_rows_release(struct audit_rows *rows);

#endif

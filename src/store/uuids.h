/*
 * Statements that answer with ids.
 */
#ifndef WINNOW_STORE_UUIDS_H
#define WINNOW_STORE_UUIDS_H

#include "store/conn.h"

/* Runs a statement whose one column is a uuid; *out, in the arena, is all of them in their order, NULL
 * and 0 after an error. As conn_run, ERR_NO_MEMORY. */
enum error uuids_run(struct conn *conn, enum statement statement, const struct params *params,
	struct arena *arena, struct uuid **out, size_t *count);

#endif

/*
 * A row of workspace_heads, as head_lock.sql and head_read.sql give it.
 */
#ifndef WINNOW_STORE_HEAD_ROW_H
#define WINNOW_STORE_HEAD_ROW_H

#include "store/cells.h"
#include "store/conn.h"

/* ERR_NOT_FOUND: there is none (or row level security hides it). */
enum error head_row(struct conn *conn, enum statement statement, const struct uuid *workspace,
	struct head *out);
/* Its columns. */
void head_cells(struct cells *cells, struct head *out);

#endif

/*
 * Rows on their way into one table: encoded once, in PostgreSQL's binary format, as one array of
 * the table's row type. The bytes that are sent are the ones that are hashed for the audit record.
 * The row_… functions that fill one are in history.h.
 */
#ifndef WINNOW_STORE_ROWS_H
#define WINNOW_STORE_ROWS_H

#include "base/sha256.h"
#include "store/conn.h"

/* `table`: a HISTORY_… (rows are hashed) or ROWS_… number. conn_row_types must have succeeded. NULL
 * when memory is out. */
struct rows *rows_new(struct conn *conn, int table);
void rows_free(struct rows *rows);
size_t rows_count(const struct rows *rows);
struct rows_mark rows_mark(const struct rows *rows);
/* Back to how it was then; what has been sent since cannot be taken back, and fails rows_send. */
void rows_cut(struct rows *rows, struct rows_mark mark);
/* By row, in the order added; tables of the history only. */
const struct sha256 *rows_hashes(const struct rows *rows);
/* What has been added since the last rows_send, as it will be sent. */
size_t rows_bytes(const struct rows *rows);
/* Queues the insert of what has been added since the last one (nothing is fine): a change of many
 * bytes sends them bit by bit. */
enum error rows_send(struct rows *rows, struct conn *conn, enum statement insert);

#endif

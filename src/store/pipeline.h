/*
 * What a connection has sent and is still owed an answer for; for conn.c, which makes transactions of
 * it, and copy.c. An error sticks to the connection (conn->failure) until its transaction ends.
 */
#ifndef WINNOW_STORE_PIPELINE_H
#define WINNOW_STORE_PIPELINE_H

#include "store/conn.h"

/* Behind a pooler: nothing is prepared. */
bool conn_is_pooled(const struct conn *conn);

/* ---- sending; ERR_DATABASE_AWAY when the connection is lost ---- */
/* Not yet prepared: asks for it. */
enum error conn_prepare(struct conn *conn, enum statement statement);
/* Prepares and executes. `quiet`: nobody needs to know how it ended. NULL for `params`: none. */
enum error conn_send(
	struct conn *conn, enum statement statement, const struct params *params, bool quiet);
/* Where the result of what was sent last goes; it becomes the caller's (PQclear). */
void conn_keep_result(struct conn *conn, PGresult **keep);
enum error conn_send_sync(struct conn *conn);
/* That something was sent and will be answered. */
void conn_note(struct conn *conn, enum sent_what what, enum statement statement, bool quiet);
/* Whether there may be no room to note another statement and what ends it. */
bool conn_is_full(const struct conn *conn);

/* ---- answers ---- */
/* Waits for all that was sent, whose last part is a sync. Returns conn->failure. */
enum error conn_collect(struct conn *conn);
/* Sends a sync and collects. */
enum error conn_settle(struct conn *conn);
/* Whether there is something to read within so much time; negative: it may take any time. */
bool conn_hears(struct conn *conn, int64_t within_ms);
/* Waits for what PQgetResult is to give; false when it takes longer than it may (patience_ms). */
bool conn_comes_in_time(struct conn *conn);
/* Waits as long for anything more; false, too, when the connection is gone. */
bool conn_await_input(struct conn *conn);

/* ---- failures ---- */
/* The first one counts. */
void conn_fail(struct conn *conn, enum error err);
/* An answer that is an error. */
void conn_take_error(struct conn *conn, enum statement statement, const PGresult *result);
/* No answer will come for what was sent: closes the connection. Returns the failure. */
enum error conn_lose(struct conn *conn);

#endif

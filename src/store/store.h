/*
 * PostgreSQL: connections, transactions, prepared statements. The only folder that knows libpq.
 *
 * Reads take a connection and name a workspace; writes take an open transaction. tx_begin is
 * called by src/service alone (a check with the tests holds this).
 */
#ifndef WINNOW_STORE_STORE_H
#define WINNOW_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/uuid.h"

struct store; /* a pool */
struct conn;  /* one connection, used by one thread at a time */
struct tx;    /* an open transaction on a connection */

struct store_config {
	const char *url; /* application role */
	unsigned connections;
	unsigned connect_timeout_s;
	unsigned statement_timeout_ms;
	unsigned acquire_timeout_ms; /* waiting for a free connection; then ERR_BUSY */
	bool pooled; /* the URL leads to a pooler that shares sessions by the transaction */
	/* Where reads of history go when it is there and has what they need (history_read.h); NULL:
	 * nowhere. With `pooled` it may lead to a pooler, too. */
	const char *replica_url;
	unsigned replica_connections;
	unsigned replica_wait_ms; /* for connecting to it, and for the first answer of each read */
	bool standby;             /* the store's own: a pool of its replica */
};

/* Does not connect; nothing fails because PostgreSQL is away. */
struct store *store_new(const struct store_config *config, const struct clock *clock);
void store_free(struct store *store);

/*
 * A connection of the pool, connected and configured (UTC, ISO dates, statement time-out, search
 * path; behind a pooler that is done in each transaction); reconnects what was lost. After a failed attempt others fail at once for a moment (100 ms)
 * instead of each waiting for its own time-out. ERR_DATABASE_AWAY, ERR_BUSY, ERR_NO_MEMORY.
 */
enum error store_acquire(struct store *store, struct conn **out);
void store_release(struct store *store, struct conn *conn);
/* Whether the session that was given back last still stood. Behind a pooler a new session may be refused for a
 * moment though another one works. */
bool store_answers(struct store *store);

/* What is the matter with the role or the schema; logged and given as text for the operator.
 * ERR_FORBIDDEN: superuser, BYPASSRLS, owner (or member of the owner) of the tables; ERR_CONFLICT:
 * the schema is missing, older or newer than this binary. */
enum error store_check(struct conn *conn, char *why, size_t why_size);

/* ---- reading ---- */
/* A read transaction: REPEATABLE READ, READ ONLY, for one workspace (RLS). Ends by read_end, which
 * is also right after an error. Every reading function of the aggregates runs inside
 * one, or inside a tx. */
enum error read_begin(struct conn *conn, const struct uuid *workspace);
void read_end(struct conn *conn);

/* ---- writing ---- */
/* READ COMMITTED. Nothing is sent before the first statement; if the connection turns out to be
 * dead then, that goes to a new one. */
enum error tx_begin(struct conn *conn, const struct uuid *workspace, struct tx **out);
/* Points row level security at another workspace (creating one touches two). */
enum error tx_workspace(struct tx *tx, const struct uuid *workspace);
/*
 * Statements that give nothing back were only queued; they and the commit are answered together
 * here. ERR_OK: committed. ERR_CONTENTION: serialization failure or deadlock, nothing happened.
 * ERR_COMMIT_UNKNOWN: the connection was lost while committing; the caller settles it by the
 * attempt id. Any other error is that of a queued statement (ERR_CONFLICT: a unique key, an item id
 * of another pair; ERR_BUSY: the statement time-out), and nothing happened. Frees the tx in all
 * cases.
 */
enum error tx_commit(struct tx *tx);
void tx_rollback(struct tx *tx); /* NULL is fine; does not wait until it is done */
/* The same, and what the transaction has locked is free for others when it returns. */
void tx_rollback_now(struct tx *tx);
struct conn *tx_conn(struct tx *tx);
/* The last error was a serialization failure or a deadlock: the whole transaction may be tried
 * again. */
bool tx_may_retry(const struct tx *tx);

#endif

/*
 * One connection, for the files of this folder. It is in pipeline mode all the time: what is
 * queued goes out at once and is answered later, so that a transaction needs few round trips.
 *
 * BEGIN and the workspace setting travel with the first statement of a transaction. As long as
 * that has not been answered nothing has been done, and a connection that turns out to be dead is
 * replaced and the statement sent again.
 *
 * Behind a pooler (store_config.pooled) nothing is prepared and each transaction brings its
 * settings along; where it gets no session within the time for connecting it is ERR_BUSY.
 *
 * A replica (store_config.standby) reads only, and whatever it owes must come in time, since the
 * primary has the answer, too: then it counts as lost.
 */
#ifndef WINNOW_STORE_CONN_H
#define WINNOW_STORE_CONN_H

#include <libpq-fe.h>

#include "store/history.h"
#include "store/params.h"
#include "store/statement.h"
#include "store/store.h"

enum { ROW_COLUMNS_MAX = 32, SENT_MAX = 64 };

struct row_type {
	uint32_t oid;
	int columns;
	uint32_t types[ROW_COLUMNS_MAX];
};

enum conn_state { CONN_IDLE, CONN_READ, CONN_WRITE };

enum prepared { PREPARED_NOT, PREPARED_SENT, PREPARED_YES };

/* What the server still owes an answer for. */
enum sent_what { SENT_PREPARE, SENT_EXECUTE, SENT_SYNC };
struct sent {
	enum sent_what what;
	enum statement statement;
	bool quiet;      /* the end of a transaction whose result nobody needs */
	PGresult **keep; /* where the result goes; NULL: nowhere */
};

/* A question that travels with another one. */
struct along {
	bool wanted, answered;
	enum statement statement;
	struct buf array;
	PGresult *result;
};

struct tx {
	struct conn *conn;
	bool may_retry;
};

struct conn {
	struct store *store;
	struct conn *next;    /* in the pool's stack of free ones */
	PGconn *pg;           /* NULL: not connected */
	bool renew;           /* to be closed when it is given back */
	bool fit;             /* of a replica: conn_check has found it so */
	unsigned patience_ms; /* for an answer; 0: as long as it takes */

	enum conn_state state;
	bool begin_wanted; /* BEGIN has not been sent */
	struct uuid workspace;
	enum error failure; /* sticky until the transaction ends */
	bool failure_told;  /* the server itself said so, about that very statement … */
	bool failure_fatal; /* … and ended the session with it */
	struct tx tx;

	struct along along;
	struct sent sent[SENT_MAX];
	size_t sent_count;
	unsigned char prepared[STMT_COUNT];
	unsigned transactions;   /* on this connection, and … */
	unsigned plans_end_with; /* … which of them begins without the plans made so far */
	bool row_types_known;
	struct row_type row_types[ROWS_COUNT]; /* rows are sent as arrays of these */
};

/* A plain connection, as libpq gives it: perhaps a failed one, NULL when memory is out. `name` is how
 * the server lists it. */
PGconn *conn_connect(const char *url, unsigned timeout_s, const char *name);
/* store_check, without a word in the log. */
enum error conn_check(struct conn *conn, char *why, size_t why_size);
/* Connects when it is not. ERR_DATABASE_AWAY. */
enum error conn_open(struct conn *conn);
void conn_close(struct conn *conn);
bool conn_lost(const struct conn *conn);

/* Nothing is sent yet. ERR_INTERNAL when a transaction is open, or for a write at a replica. */
enum error conn_begin(struct conn *conn, enum conn_state state, const struct uuid *workspace);
/* Ends a transaction; COMMIT or ROLLBACK is sent, its answer not awaited. */
void conn_end(struct conn *conn, enum statement how);
/* After it: returns when PostgreSQL has ended the transaction. */
void conn_await_end(struct conn *conn);

/* Sends and waits, also for all that was queued before. The result is the caller's (PQclear); NULL
 * for `out` when it is not wanted. Without an open transaction it is one of its own. */
enum error conn_run(
	struct conn *conn, enum statement statement, const struct params *params, PGresult **out);
/* Sends `statement` right behind the next one that conn_run sends in this transaction, so that both are
 * waited for once, and keeps the answer for when the very same is run. Its parameters are the workspace
 * of the transaction and an array in its binary form. Behind a lock it sees what the lock protects. */
enum error conn_ask_along(struct conn *conn, enum statement statement, struct str array);
/* Sends without waiting; inside a transaction. A failure shows at the next conn_run or at the
 * commit, which then does not happen. */
enum error conn_queue(struct conn *conn, enum statement statement, const struct params *params);
/* Row by row, so that memory does not grow with the result, and without a time limit for the rest
 * of the transaction. `row` returns false to be called no more; the rest is read and dropped, and
 * the transaction goes on; or, when it has set conn->renew, the connection is given up at once
 * (ERR_DATABASE_AWAY), which spares a long rest. */
enum error conn_stream(struct conn *conn, enum statement statement, const struct params *params,
	bool (*row)(void *self, const PGresult *result), void *self);

/* A COPY … TO STDOUT in binary (copy.c), which takes no parameters: `row` gets each row as cells_of_copy
 * takes it, valid during the call. As with conn_stream it returns false to be called no more, or sets
 * conn->renew as well. In an open transaction, after copy_upto.sql. */
enum error conn_copy(struct conn *conn, enum statement statement,
	bool (*row)(void *self, struct str row), void *self);

/* Looks the row types up once a connection. */
enum error conn_row_types(struct conn *conn);
/* The name of the table, for any ROWS_…/HISTORY_… number. */
const char *row_table_name(int table);

/* Sends COMMIT and waits. See tx_commit. */
enum error conn_commit(struct conn *conn);

#endif

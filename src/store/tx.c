/*
 * Transactions: for reading, which end without anybody waiting, and for writing. Each names the
 * workspace that row level security lets it see.
 */
#include "store/store.h"

#include "base/metrics.h"
#include "store/conn.h"

enum error read_begin(struct conn *conn, const struct uuid *workspace)
{
	return conn_begin(conn, CONN_READ, workspace);
}

void read_end(struct conn *conn)
{
	conn_end(conn, STMT_COMMIT);
}

enum error tx_begin(struct conn *conn, const struct uuid *workspace, struct tx **out)
{
	enum error err = conn_begin(conn, CONN_WRITE, workspace);

	*out = err ? NULL : &conn->tx;
	if (!err)
		metric_add(METRIC_db_transactions, 1);
	return err;
}

enum error tx_workspace(struct tx *tx, const struct uuid *workspace)
{
	struct conn *conn = tx->conn;
	struct params params = PARAMS_INIT;

	conn->workspace = *workspace;
	/* BEGIN, when it is sent, will set it. */
	if (conn->begin_wanted)
		return ERR_OK;
	params_uuid(&params, workspace);
	return conn_queue(conn, STMT_SET_WORKSPACE, &params);
}

enum error tx_commit(struct tx *tx)
{
	enum error err = conn_commit(tx->conn);

	/* Contention means here that all may be tried again; a statement that ran into its time-out
	 * is another matter. */
	if (err == ERR_CONTENTION && !tx->may_retry)
		err = ERR_BUSY;
	if (err == ERR_COMMIT_UNKNOWN)
		metric_add(METRIC_db_commit_unknown, 1);
	return err;
}

void tx_rollback(struct tx *tx)
{
	if (tx)
		conn_end(tx->conn, STMT_ROLLBACK);
}

void tx_rollback_now(struct tx *tx)
{
	conn_end(tx->conn, STMT_ROLLBACK);
	conn_await_end(tx->conn);
}

struct conn *tx_conn(struct tx *tx)
{
	return tx->conn;
}

bool tx_may_retry(const struct tx *tx)
{
	return tx->may_retry;
}

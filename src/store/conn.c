/*
 * Talking to PostgreSQL: connecting, and running statements in transactions; what is under way
 * between the two is pipeline.c's.
 */
#include "store/conn.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/pipeline.h"
#include "store/pool.h"

/* Transactions for which a plan is kept: at first these, then twice as many each time. So a plan is of
 * tables of half the size at worst, while this connection fills them. */
enum { PLANS_KEPT_MIN = 8, PLANS_KEPT_MAX = 1024 };

bool conn_lost(const struct conn *conn)
{
	return !conn->pg || PQstatus(conn->pg) != CONNECTION_OK;
}

static void forget_along(struct conn *conn)
{
	PQclear(conn->along.result);
	buf_release(&conn->along.array);
	conn->along = (struct along){.array = BUF_INIT};
}

void conn_close(struct conn *conn)
{
	PQclear(conn->along.result);
	conn->along.result = NULL;
	conn->along.answered = false;
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->renew = false;
	conn->fit = false;
	conn->sent_count = 0;
	conn->row_types_known = false;
	conn->transactions = 0;
	conn->plans_end_with = PLANS_KEPT_MIN;
	memset(conn->prepared, PREPARED_NOT, sizeof conn->prepared);
}

static void log_notice(void *self, const char *message)
{
	(void)self;
	log_write(LOG_INFO, "database_notice", "The database says something",
		LOG_S("message", message), NULL);
}

PGconn *conn_connect(const char *url, unsigned timeout_s, const char *name)
{
	char timeout[16];
	/* What stands before the URL is a default that it may change. */
	const char *const names[] = {"connect_timeout", "keepalives_idle", "keepalives_interval",
		"keepalives_count", "tcp_user_timeout", "dbname", "application_name",
		"client_encoding", NULL};
	const char *const values[] = {timeout, "30", "10", "3", "30000", url, name, "UTF8", NULL};

	snprintf(timeout, sizeof timeout, "%u", timeout_s);
	return PQconnectdbParams(names, values, 1);
}

/* The same for a replica, by the millisecond; perhaps still connecting, which is as good as failed. */
static PGconn *connect_soon(const char *url, unsigned within_ms)
{
	static const char *const names[] = {"dbname", "application_name", "client_encoding", NULL};
	const char *const values[] = {url, "winnowd history", "UTF8", NULL};
	int64_t until_us = clock_monotonic_us(&clock_system) + (int64_t)within_ms * US_PER_MS;
	PGconn *pg = PQconnectStartParams(names, values, 1);
	PostgresPollingStatusType wants = PGRES_POLLING_WRITING;

	while (pg && PQstatus(pg) != CONNECTION_BAD && PQstatus(pg) != CONNECTION_OK) {
		struct pollfd ready = {.fd = PQsocket(pg),
			.events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT};
		int64_t left_us = until_us - clock_monotonic_us(&clock_system);

		if (left_us <= 0 || poll(&ready, 1, (int)(left_us / US_PER_MS) + 1) == 0)
			break;
		wants = PQconnectPoll(pg);
	}
	return pg;
}

/* For how long the daemon may send nothing in a transaction. What reads holds up nobody, and may have much
 * to compute. What writes keeps others waiting, should the daemon be stopped or its machine be gone. */
static const char idle_reading[] = "60s", idle_writing[] = "15s";

/* The time-out of statements, as text. */
enum { TIMEOUT_SIZE = 16 };
static struct str statement_timeout(const struct conn *conn, char text[TIMEOUT_SIZE])
{
	snprintf(text, TIMEOUT_SIZE, "%u", store_configuration(conn->store)->statement_timeout_ms);
	return str_from(text);
}

static enum error configure(struct conn *conn)
{
	struct params params = PARAMS_INIT;
	char text[TIMEOUT_SIZE];
	enum error err;

	if (PQenterPipelineMode(conn->pg) != 1)
		return conn_lose(conn);
	PQsetNoticeProcessor(conn->pg, log_notice, NULL);
	/* A pooler's sessions are everybody's; each transaction brings its settings along. */
	if (conn_is_pooled(conn))
		return ERR_OK;
	params_text(&params, statement_timeout(conn, text));
	params_text(&params, str_from(idle_reading));
	err = conn_send(conn, STMT_CONFIGURE, &params, false);
	if (!err)
		err = conn_settle(conn);
	return err;
}

enum error conn_open(struct conn *conn)
{
	const struct store_config *config;
	int64_t began_us;
	enum error err;

	if (!conn_lost(conn))
		return ERR_OK;
	conn_close(conn);
	if (!store_may_try(conn->store, &began_us))
		return ERR_DATABASE_AWAY;
	config = store_configuration(conn->store);
	conn->pg = config->standby
			   ? connect_soon(config->url, config->replica_wait_ms)
			   : conn_connect(config->url, config->connect_timeout_s, "winnowd");
	conn->patience_ms = config->standby ? config->replica_wait_ms : 0;
	conn->failure = ERR_OK;
	if (conn_lost(conn)) {
		store_tried(conn->store, began_us, false,
			conn->pg ? PQerrorMessage(conn->pg) : "out of memory");
		conn_close(conn);
		return ERR_DATABASE_AWAY;
	}
	err = configure(conn);
	store_tried(conn->store, began_us, !err, "it cannot be configured");
	if (err)
		conn_close(conn);
	return err ? ERR_DATABASE_AWAY : ERR_OK;
}

static enum error renew_plans(struct conn *conn)
{
	unsigned kept = conn->plans_end_with;

	if (++conn->transactions < conn->plans_end_with)
		return ERR_OK;
	conn->plans_end_with += kept < PLANS_KEPT_MAX ? kept : PLANS_KEPT_MAX;
	return conn_send(conn, STMT_DISCARD_PLANS, NULL, false);
}

/* What is in force until the transaction ends. */
static enum error send_scope(struct conn *conn)
{
	struct params scope = PARAMS_INIT;
	char text[TIMEOUT_SIZE];
	bool reads = conn->state == CONN_READ;
	struct str idle = str_from(reads ? idle_reading : idle_writing);

	params_uuid(&scope, &conn->workspace);
	if (conn_is_pooled(conn)) {
		params_text(&scope, statement_timeout(conn, text));
		params_text(&scope, idle);
		return conn_send(conn, STMT_SET_SESSION, &scope, false);
	}
	if (reads) /* configure has set the rest */
		return conn_send(conn, STMT_SET_WORKSPACE, &scope, false);
	params_text(&scope, idle);
	return conn_send(conn, STMT_SET_WRITER, &scope, false);
}

/* The beginning of a transaction, where it has not been sent. */
static enum error send_begin(struct conn *conn)
{
	bool pooled = conn_is_pooled(conn);
	enum error err;

	if (!conn->begin_wanted)
		return ERR_OK;
	err = conn_send(
		conn, conn->state == CONN_READ ? STMT_BEGIN_READ : STMT_BEGIN_WRITE, NULL, false);
	if (!err)
		err = send_scope(conn);
	/* Behind a pooler the answer shows when a session was given. */
	if (!err && pooled && PQsendFlushRequest(conn->pg) != 1)
		err = conn_lose(conn);
	if (!err && !pooled)
		err = renew_plans(conn); /* there are none behind a pooler */
	if (!err)
		conn->begin_wanted = false;
	return err;
}

/* A pooler keeps who begins until it has a session free: not for longer than connecting may take.
 * What was sent goes with the connection, and nothing of it has been done. */
static enum error await_session(struct conn *conn)
{
	const struct store_config *config = store_configuration(conn->store);
	unsigned timeout_ms =
		config->standby ? config->replica_wait_ms : config->connect_timeout_s * 1000;

	if (conn_hears(conn, timeout_ms))
		return ERR_OK;
	conn_fail(conn, ERR_BUSY);
	conn_close(conn);
	return conn->failure;
}

/* A pooler takes its session back when the end of a transaction is answered; if half of the next one
 * had gone there by then, it would be torn in two. */
static enum error await_end_before(struct conn *conn)
{
	bool between = conn->begin_wanted || conn->state == CONN_IDLE;

	return between && conn_is_pooled(conn) && conn->sent_count > 0 ? conn_collect(conn)
								       : ERR_OK;
}

static enum error send_along(struct conn *conn)
{
	struct along *along = &conn->along;
	struct params params = PARAMS_INIT;
	enum error err;

	params_uuid(&params, &conn->workspace);
	params_bytes(&params, along->array.data, along->array.len);
	err = conn_send(conn, along->statement, &params, false);
	if (!err)
		conn_keep_result(conn, &along->result);
	return err;
}

/* Sends the statement, and what is asked along with it. */
static enum error send_execute(
	struct conn *conn, enum statement statement, const struct params *params, PGresult **keep)
{
	enum error err = conn_send(conn, statement, params, false);

	if (!err)
		conn_keep_result(conn, keep);
	if (!err && conn->along.wanted)
		err = send_along(conn);
	return err;
}

/* A replica that has begun to answer may take as long as a statement may. */
static void be_patient(struct conn *conn)
{
	const struct store_config *config = store_configuration(conn->store);

	if (config->standby)
		conn->patience_ms = config->statement_timeout_ms + config->replica_wait_ms;
}

/* Sends begin, prepares, and (execute) runs the statement; waits for all of it. */
static enum error attempt(struct conn *conn, enum statement statement, const struct params *params,
	bool execute, PGresult **keep)
{
	bool begins = conn->begin_wanted;
	enum error err = conn_open(conn);

	if (err) {
		conn_fail(conn, err);
		return err;
	}
	err = await_end_before(conn);
	if (!err)
		err = send_begin(conn);
	if (!err)
		err = execute ? send_execute(conn, statement, params, keep)
			      : conn_prepare(conn, statement);
	if (!err)
		err = conn_send_sync(conn);
	if (!err && begins && conn_is_pooled(conn))
		err = await_session(conn);
	if (!err)
		err = conn_collect(conn);
	if (!err && begins)
		be_patient(conn);
	if (err && keep) {
		PQclear(*keep);
		*keep = NULL;
	}
	if (!err && execute && conn->along.wanted) {
		conn->along.wanted = false;
		conn->along.answered = true;
	}
	return err;
}

static enum error run(struct conn *conn, enum statement statement, const struct params *params,
	bool execute, PGresult **keep)
{
	/* Nothing has been done yet in this transaction, so it may begin on another connection. */
	bool fresh = conn->begin_wanted || conn->state == CONN_IDLE;
	bool was_open = conn->pg != NULL;
	enum error err;

	if (conn->state == CONN_IDLE)
		conn->failure = ERR_OK;
	if (conn->failure)
		return conn->failure;
	if (!fresh && !conn->pg) {
		conn_fail(conn, ERR_DATABASE_AWAY);
		return conn->failure;
	}
	err = attempt(conn, statement, params, execute, keep);
	if (err && fresh && was_open && conn_lost(conn)) {
		conn->failure = ERR_OK;
		conn->begin_wanted = conn->state != CONN_IDLE;
		err = attempt(conn, statement, params, execute, keep);
	}
	return err;
}

enum error conn_ask_along(struct conn *conn, enum statement statement, struct str array)
{
	assert(conn->state == CONN_WRITE);
	assert(statement_infos[statement].param_count == 2);
	forget_along(conn);
	buf_str(&conn->along.array, array);
	if (conn->along.array.failed)
		return ERR_NO_MEMORY;
	conn->along.statement = statement;
	conn->along.wanted = true;
	return ERR_OK;
}

/* Whether the very same was asked along with something and has been answered. */
static bool is_answered(
	const struct conn *conn, enum statement statement, const struct params *params)
{
	const struct along *along = &conn->along;

	return along->answered && along->statement == statement &&
	       memcmp(params->values[0], conn->workspace.bytes, sizeof conn->workspace.bytes) ==
		       0 &&
	       (size_t)params->lengths[1] == along->array.len &&
	       memcmp(params->values[1], along->array.data, along->array.len) == 0;
}

enum error conn_run(
	struct conn *conn, enum statement statement, const struct params *params, PGresult **out)
{
	PGresult *result = NULL;
	enum error err;

	if (out && !conn->failure && is_answered(conn, statement, params)) {
		*out = conn->along.result;
		conn->along.result = NULL;
		forget_along(conn);
		return ERR_OK;
	}
	err = run(conn, statement, params, true, &result);
	if (out)
		*out = result;
	else
		PQclear(result);
	return err;
}

enum error conn_queue(struct conn *conn, enum statement statement, const struct params *params)
{
	enum error err;

	assert(conn->state == CONN_WRITE);
	/* What is queued cannot be sent a second time, so the beginning must be known to stand. */
	if (conn->begin_wanted || conn_is_full(conn)) {
		err = run(conn, statement, NULL, false, NULL);
		if (err)
			return err;
	}
	if (conn->failure)
		return conn->failure;
	return conn_send(conn, statement, params, false);
}

static enum error stream_rows(struct conn *conn, enum statement statement,
	bool (*row)(void *self, const PGresult *result), void *self)
{
	bool wanted = true;
	PGresult *result;

	for (;;) {
		ExecStatusType status;

		if (!conn_comes_in_time(conn))
			return conn_lose(conn);
		result = PQgetResult(conn->pg);
		if (!result)
			break;
		status = PQresultStatus(result);
		if (status == PGRES_SINGLE_TUPLE && wanted)
			wanted = row(self, result);
		if (status == PGRES_FATAL_ERROR)
			conn_take_error(conn, statement, result);
		PQclear(result);
		if (conn_lost(conn) || (!wanted && conn->renew))
			return conn_lose(conn);
	}
	/* The sync is what is left. */
	conn->sent[0] = (struct sent){SENT_SYNC, statement, true, NULL};
	conn->sent_count = 1;
	return conn_collect(conn);
}

enum error conn_stream(struct conn *conn, enum statement statement, const struct params *params,
	bool (*row)(void *self, const PGresult *result), void *self)
{
	/* Everything before is settled first, so that the rows are the only thing under way. */
	enum error err = run(conn, STMT_LONG_SCAN, NULL, true, NULL);

	if (!err && !conn_is_pooled(conn) && conn->prepared[statement] != PREPARED_YES)
		err = run(conn, statement, NULL, false, NULL);
	if (!err)
		err = conn_send(conn, statement, params, false);
	if (err)
		return err;
	if (PQpipelineSync(conn->pg) != 1 || PQsetSingleRowMode(conn->pg) != 1)
		return conn_lose(conn);
	return stream_rows(conn, statement, row, self);
}

enum error conn_begin(struct conn *conn, enum conn_state state, const struct uuid *workspace)
{
	const struct store_config *config = store_configuration(conn->store);

	assert(conn->state == CONN_IDLE);
	if (conn->state != CONN_IDLE || (config->standby && state == CONN_WRITE))
		return ERR_INTERNAL;
	/* What became useless in the last transaction (a plan, a server that is now a standby). */
	if (conn->renew)
		conn_close(conn);
	conn->patience_ms = config->standby ? config->replica_wait_ms : 0;
	conn->state = state;
	conn->begin_wanted = true;
	conn->workspace = *workspace;
	conn->failure = ERR_OK;
	conn->tx = (struct tx){.conn = conn};
	return ERR_OK;
}

void conn_end(struct conn *conn, enum statement how)
{
	bool begun = !conn->begin_wanted;

	forget_along(conn);
	if (conn->state == CONN_IDLE)
		return;
	conn->state = CONN_IDLE;
	conn->begin_wanted = false;
	if (!begun || !conn->pg)
		return;
	if (conn->renew || conn_lost(conn)) {
		conn_close(conn);
		return;
	}
	/* A transaction that has failed is undone by COMMIT too. */
	if (conn_send(conn, how, NULL, true))
		return;
	if (PQpipelineSync(conn->pg) != 1)
		conn_close(conn);
	else
		conn_note(conn, SENT_SYNC, STMT_COUNT, true);
}

void conn_await_end(struct conn *conn)
{
	/* What failed in it is of no interest any more, and a lost connection has ended it too. */
	if (conn->pg && conn->sent_count > 0)
		conn_collect(conn);
}

enum error conn_commit(struct conn *conn)
{
	PGresult *result = NULL;
	enum error err = conn->failure;

	if (err || conn->begin_wanted) {
		conn_end(conn, STMT_ROLLBACK);
		return err;
	}
	err = conn_send(conn, STMT_COMMIT, NULL, false);
	if (!err) {
		conn_keep_result(conn, &result);
		err = conn_settle(conn);
	}
	if (!err && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		err = ERR_DATABASE;
	PQclear(result);
	if (!err) {
		forget_along(conn);
		conn->state = CONN_IDLE;
		return ERR_OK;
	}
	/* Only the server's word says that nothing was committed: that a statement failed in a
	 * session that lives on. The end of a session may be a pooler's word, and then it comes
	 * before answers that were on their way. */
	if (!conn->failure_told || conn->failure_fatal)
		err = ERR_COMMIT_UNKNOWN;
	conn_end(conn, STMT_ROLLBACK);
	return err;
}

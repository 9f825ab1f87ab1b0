/*
 * What goes to the server and what comes back: preparing on first use, sending, and collecting the
 * answers in the order in which the statements were sent; what an answer that is an error means.
 */
#include "store/pipeline.h"

#include <assert.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "store/pool.h"
#include "store/sqlstate.h"

void conn_fail(struct conn *conn, enum error err)
{
	if (conn->failure)
		return;
	conn->failure = err;
	conn->failure_told = false;
	conn->failure_fatal = false;
}

enum error conn_lose(struct conn *conn)
{
	conn_fail(conn, ERR_DATABASE_AWAY);
	conn_close(conn);
	return conn->failure;
}

static void log_refusal(
	const char *sqlstate, enum statement statement, const char *message, enum error err)
{
	log_write(err == ERR_DATABASE        ? LOG_ERROR
		  : err == ERR_DATABASE_AWAY ? LOG_WARN
					     : LOG_DEBUG,
		"database_error", "The database refused a statement", LOG_S("sqlstate", sqlstate),
		LOG_S("statement", statement_infos[statement].name), LOG_S("message", message),
		NULL);
}

/* The session ends with it. What does not say so by the field that PostgreSQL always fills is a pooler
 * taking its leave. */
static bool is_fatal(const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (!severity)
		return PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL;
	return strcmp(severity, "ERROR") != 0;
}

/* A result that is an error: what it means for the transaction and the connection. */
static void take_error(struct conn *conn, const struct sent *sent, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	struct sqlstate_meaning meaning = sqlstate_meaning(sqlstate);
	bool told = sqlstate && *sqlstate;

	/* libpq itself: it had no memory for the result, or could not write and has not yet noticed
	 * that the connection is gone. */
	if (!told && !conn_lost(conn)) {
		bool memory = strstr(PQresultErrorMessage(result), "out of memory") != NULL;

		meaning.error = memory ? ERR_NO_MEMORY : ERR_DATABASE_AWAY;
		meaning.renew = !memory;
	}
	/* The upsert's guard; see sql/items_upsert.sql. */
	if (told && sent->statement == STMT_ITEMS_UPSERT && strcmp(sqlstate, "23502") == 0)
		meaning.error = ERR_CONFLICT;
	conn->renew |= meaning.renew;
	if (sent->quiet || conn->failure)
		return;
	conn_fail(conn, meaning.error);
	conn->failure_told = told;
	conn->failure_fatal = is_fatal(result);
	conn->tx.may_retry = meaning.may_retry;
	if (told)
		log_refusal(sqlstate, sent->statement, message, meaning.error);
}

bool conn_hears(struct conn *conn, int64_t within_ms)
{
	struct pollfd ready = {.fd = PQsocket(conn->pg), .events = POLLIN};

	return poll(&ready, 1, (int)within_ms) != 0;
}

bool conn_await_input(struct conn *conn)
{
	return conn_hears(conn, conn->patience_ms > 0 ? (int64_t)conn->patience_ms : -1) &&
	       PQconsumeInput(conn->pg) == 1;
}

bool conn_comes_in_time(struct conn *conn)
{
	while (conn->patience_ms > 0 && PQisBusy(conn->pg)) {
		if (!conn_hears(conn, conn->patience_ms))
			return false;
		/* What went wrong is PQgetResult's to say. */
		if (PQconsumeInput(conn->pg) != 1)
			return true;
	}
	return true;
}

/* The answer to one statement; false when the connection is lost. */
static bool collect_one(struct conn *conn, const struct sent *sent, PGresult **keep)
{
	ExecStatusType status;
	PGresult *result;
	bool lost;

	if (!conn_comes_in_time(conn))
		return false;
	result = PQgetResult(conn->pg);
	status = PQresultStatus(result);
	lost = !result;
	if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
		lost = is_fatal(result) || conn_lost(conn);
		take_error(conn, sent, result);
	}
	if (sent->what == SENT_PREPARE)
		conn->prepared[sent->statement] =
			status == PGRES_COMMAND_OK ? PREPARED_YES : PREPARED_NOT;
	if (keep && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK))
		*keep = result;
	else
		PQclear(result);
	if (lost || sent->what == SENT_SYNC)
		return !lost;
	/* Each answer ends with a NULL. */
	while ((result = PQgetResult(conn->pg)))
		PQclear(result);
	return !conn_lost(conn);
}

enum error conn_collect(struct conn *conn)
{
	for (size_t i = 0; i < conn->sent_count; i++) {
		struct sent sent = conn->sent[i];

		if (!collect_one(conn, &sent, sent.keep)) {
			conn_lose(conn);
			break;
		}
	}
	conn->sent_count = 0;
	return conn->failure;
}

void conn_note(struct conn *conn, enum sent_what what, enum statement statement, bool quiet)
{
	assert(conn->sent_count < SENT_MAX);
	conn->sent[conn->sent_count++] = (struct sent){what, statement, quiet, NULL};
}

void conn_keep_result(struct conn *conn, PGresult **keep)
{
	conn->sent[conn->sent_count - 1].keep = keep;
}

enum error conn_send_sync(struct conn *conn)
{
	if (PQpipelineSync(conn->pg) != 1)
		return conn_lose(conn);
	conn_note(conn, SENT_SYNC, STMT_COUNT, true);
	return ERR_OK;
}

enum error conn_settle(struct conn *conn)
{
	enum error err = conn_send_sync(conn);

	return err ? err : conn_collect(conn);
}

bool conn_is_pooled(const struct conn *conn)
{
	return store_configuration(conn->store)->pooled;
}

enum error conn_prepare(struct conn *conn, enum statement statement)
{
	const struct statement_info *info = &statement_infos[statement];

	if (conn->prepared[statement] != PREPARED_NOT || conn_is_pooled(conn))
		return ERR_OK;
	if (PQsendPrepare(conn->pg, info->name, info->sql, 0, NULL) != 1)
		return conn_lose(conn);
	conn->prepared[statement] = PREPARED_SENT;
	conn_note(conn, SENT_PREPARE, statement, false);
	return ERR_OK;
}

bool conn_is_full(const struct conn *conn)
{
	/* A prepare, an execute, a commit with its prepare, and a sync. */
	return conn->sent_count + 8 > SENT_MAX;
}

enum error conn_send(
	struct conn *conn, enum statement statement, const struct params *params, bool quiet)
{
	static const struct params none;
	static const int binary[PARAMS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	const struct statement_info *info = &statement_infos[statement];
	const struct params *p = params ? params : &none;
	enum error err = conn_prepare(conn, statement);
	int sent;

	if (err)
		return err;
	assert(p->count == info->param_count);
	if (conn_is_pooled(conn))
		sent = PQsendQueryParams(
			conn->pg, info->sql, p->count, NULL, p->values, p->lengths, binary, 1);
	else
		sent = PQsendQueryPrepared(
			conn->pg, info->name, p->count, p->values, p->lengths, binary, 1);
	if (sent != 1)
		return conn_lose(conn);
	conn_note(conn, SENT_EXECUTE, statement, quiet);
	return ERR_OK;
}

void conn_take_error(struct conn *conn, enum statement statement, const PGresult *result)
{
	const struct sent sent = {SENT_EXECUTE, statement, false, NULL};

	take_error(conn, &sent, result);
}

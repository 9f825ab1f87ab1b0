/*
 * What the store's tests share: an empty database, named by the environment, migrated once a
 * program; a store on it as the application's role; workspaces of random ids; a plain superuser's
 * connection to look behind the store's back.
 */
#ifndef WINNOW_TESTS_STORE_FIXTURE_H
#define WINNOW_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "base/sha256.h"
#include "store/aggregates.h"
#include "store/conn.h"
#include "store/history.h"
#include "store/migrate.h"
#include "store/store.h"

#define assert_ok(expression) assert_int_equal((expression), ERR_OK)

static struct fixture {
	struct store *store;
	struct conn *conn;
	struct arena arena;
	char admin_url[1024]; /* superuser, in the test's database */
	PGconn *admin;
	int64_t now_us;
} fixture;

static inline int64_t fixture_now(void *self)
{
	return ((struct fixture *)self)->now_us;
}

static inline int64_t fixture_monotonic(void *self)
{
	(void)self;
	return clock_system.monotonic_us(clock_system.self);
}

static const struct clock fixture_clock = {fixture_now, fixture_monotonic, &fixture};

/* The role that a connection string names. */
static inline void fixture_role(const char *url, char *role, size_t size)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	assert_non_null(options);
	for (PQconninfoOption *option = options; option->keyword; option++)
		if (strcmp(option->keyword, "user") == 0 && option->val)
			snprintf(role, size, "%s", option->val);
	PQconninfoFree(options);
}

/* `url` with another database, as keyword=value. */
static inline void fixture_url(const char *url, const char *database, char *out, size_t size)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	size_t len = 0;

	assert_non_null(options);
	for (PQconninfoOption *option = options; option->keyword; option++) {
		const char *value = strcmp(option->keyword, "dbname") == 0 ? database : option->val;

		if (value)
			len += (size_t)snprintf(
				out + len, size - len, "%s='%s' ", option->keyword, value);
		assert_true(len < size);
	}
	PQconninfoFree(options);
}

static inline void fixture_database(const char *url, char *out, size_t size)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	assert_non_null(options);
	for (PQconninfoOption *option = options; option->keyword; option++)
		if (strcmp(option->keyword, "dbname") == 0 && option->val)
			snprintf(out, size, "%s", option->val);
	PQconninfoFree(options);
}

static inline struct store *fixture_store(const char *url, unsigned connections)
{
	const struct store_config config = {
		.url = url,
		.connections = connections,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 30000,
		.acquire_timeout_ms = 50,
	};

	return store_new(&config, &fixture_clock);
}

static inline PGconn *fixture_connect(const char *url)
{
	PGconn *pg = PQconnectdb(url);

	if (PQstatus(pg) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(pg));
	return pg;
}

/* Runs SQL; gives the SQLSTATE, "" when it succeeded. */
static inline const char *fixture_try(PGconn *pg, const char *sql)
{
	static char state[6];
	PGresult *result = PQexec(pg, sql);
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	snprintf(state, sizeof state, "%s", sqlstate ? sqlstate : "");
	PQclear(result);
	return state;
}

static inline void fixture_do(PGconn *pg, const char *sql)
{
	PGresult *result = PQexec(pg, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	PQclear(result);
}

static inline int64_t fixture_number(PGconn *pg, const char *sql)
{
	PGresult *result = PQexec(pg, sql);
	int64_t number;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return number;
}

static inline bool fixture_wanted(void)
{
	if (getenv("WINNOW_TEST_DATABASE_URL") && getenv("WINNOW_TEST_OWNER_DATABASE_URL") &&
		getenv("WINNOW_TEST_ADMIN_DATABASE_URL"))
		return true;
	printf("1..1\nok 1 - store # SKIP WINNOW_TEST_DATABASE_URL, WINNOW_TEST_OWNER_DATABASE_URL "
	       "and "
	       "WINNOW_TEST_ADMIN_DATABASE_URL name no PostgreSQL\n");
	return false;
}

static inline int fixture_setup(void **state)
{
	const char *url = getenv("WINNOW_TEST_DATABASE_URL");
	char role[64] = "", database[64] = "";

	(void)state;
	fixture_role(url, role, sizeof role);
	fixture_database(url, database, sizeof database);
	fixture_url(getenv("WINNOW_TEST_ADMIN_DATABASE_URL"), database, fixture.admin_url,
		sizeof fixture.admin_url);
	assert_ok(migrate_run(getenv("WINNOW_TEST_OWNER_DATABASE_URL"), role, NULL));
	fixture.now_us = INT64_C(1700000000000000);
	fixture.store = fixture_store(url, 3);
	assert_non_null(fixture.store);
	assert_ok(store_acquire(fixture.store, &fixture.conn));
	fixture.admin = fixture_connect(fixture.admin_url);
	arena_init(&fixture.arena, 64 * 1024 * 1024);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	PQfinish(fixture.admin);
	store_release(fixture.store, fixture.conn);
	store_free(fixture.store);
	arena_release(&fixture.arena);
	return 0;
}

/* A workspace with a head alone. */
static inline struct uuid fixture_workspace(void)
{
	static const unsigned char salt[32] = {1, 2, 3};
	struct uuid workspace;
	struct tx *tx;

	uuid_random(&workspace);
	assert_ok(tx_begin(fixture.conn, &workspace, &tx));
	assert_ok(workspace_head_create(tx, &workspace, salt));
	assert_ok(tx_commit(tx));
	return workspace;
}

static const struct change_info fixture_info = {"system", "test.write", "", "request"};

/* A change of `workspace`, open. */
static inline struct tx *fixture_change(const struct uuid *workspace, struct change *change)
{
	struct uuid attempt;
	struct tx *tx;

	uuid_random(&attempt);
	assert_ok(tx_begin(fixture.conn, workspace, &tx));
	assert_ok(change_begin(tx, workspace, &fixture_clock, &attempt, change));
	return tx;
}

static inline enum error fixture_commit(struct tx *tx, struct change *change)
{
	enum error err = change_finish(change, &fixture_info, STR("{}"));

	change_release(change);
	if (!err)
		return tx_commit(tx);
	tx_rollback(tx);
	return err;
}

static inline struct head fixture_head(const struct uuid *workspace)
{
	struct head head;

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(head_read(fixture.conn, workspace, &head));
	read_end(fixture.conn);
	return head;
}

#endif

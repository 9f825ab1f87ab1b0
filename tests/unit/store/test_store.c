/*
 * The pool and its connections when things go wrong: a server that hangs up, one that is not there,
 * a commit whose answer never comes, a role that must not serve.
 */
#include "fixture.h"

#include <pthread.h>

#include "store/pool.h"
#include "store/sqlstate.h"

static void kill_backend(const struct conn *conn)
{
	char sql[128];

	snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 5000)", PQbackendPID(conn->pg));
	fixture_do(fixture.admin, sql);
}

/* ---- the pool ---- */

static void test_pool_is_bounded(void **state)
{
	struct store *store = fixture_store(getenv("WINNOW_TEST_DATABASE_URL"), 2);
	struct conn *a, *b, *c;

	(void)state;
	assert_ok(store_acquire(store, &a));
	assert_ok(store_acquire(store, &b));
	assert_ptr_not_equal(a, b);
	assert_int_equal(store_acquire(store, &c), ERR_BUSY);
	assert_null(c);
	store_release(store, b);
	assert_ok(store_acquire(store, &c));
	assert_ptr_equal(b, c);
	store_release(store, c);
	store_release(store, a);
	store_release(store, NULL);
	store_free(store);
	store_free(NULL);
}

static void *take_and_give(void *arg)
{
	struct store *store = arg;
	struct conn *conn;
	int64_t revision;

	for (int i = 0; i < 100; i++) {
		if (store_acquire(store, &conn))
			return (void *)1;
		if (read_begin(conn, &system_workspace) ||
			heads_read(conn, &system_workspace, 1, &revision) || revision < 0)
			return (void *)2;
		read_end(conn);
		store_release(store, conn);
	}
	return NULL;
}

static void test_pool_is_shared(void **state)
{
	const struct store_config config = {
		.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = 2,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 30000,
		.acquire_timeout_ms = 60000,
	};
	struct store *store = store_new(&config, &fixture_clock);
	pthread_t threads[6];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, store), 0);
	for (size_t i = 0; i < 6; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_null(result);
	}
	store_free(store);
}

static void test_left_open(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct conn *conn;
	struct change change;
	struct uuid attempt;
	struct tx *tx;

	(void)state;
	uuid_random(&attempt);
	assert_ok(store_acquire(fixture.store, &conn));
	assert_ok(tx_begin(conn, &workspace, &tx));
	assert_ok(change_begin(tx, &workspace, &fixture_clock, &attempt, &change));
	change_release(&change);
	store_release(fixture.store, conn);
	/* The lock is gone with it. */
	assert_int_equal(fixture_head(&workspace).revision, 0);
	tx = fixture_change(&workspace, &change);
	assert_ok(fixture_commit(tx, &change));
}

/* ---- the server hangs up ---- */

static void test_heals_between(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct tx *tx;

	(void)state;
	kill_backend(fixture.conn);
	assert_int_equal(fixture_head(&workspace).revision, 0);
	kill_backend(fixture.conn);
	tx = fixture_change(&workspace, &change);
	assert_ok(fixture_commit(tx, &change));
	kill_backend(fixture.conn);
	workspace = fixture_workspace();
	/* The end of a read is not waited for; the backend dies before it is looked at. */
	fixture_head(&workspace);
	kill_backend(fixture.conn);
	assert_int_equal(fixture_head(&workspace).revision, 0);
}

static void test_lost_within(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct head head;
	struct tx *tx;

	(void)state;
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(head_read(fixture.conn, &workspace, &head));
	kill_backend(fixture.conn);
	assert_int_equal(head_read(fixture.conn, &workspace, &head), ERR_DATABASE_AWAY);
	assert_int_equal(head_read(fixture.conn, &workspace, &head), ERR_DATABASE_AWAY);
	read_end(fixture.conn);

	tx = fixture_change(&workspace, &change);
	kill_backend(fixture.conn);
	assert_int_equal(change_begin(tx, &workspace, &fixture_clock, &change.attempt, &change),
		ERR_DATABASE_AWAY);
	change_release(&change);
	assert_int_equal(tx_commit(tx), ERR_DATABASE_AWAY);
	assert_int_equal(fixture_head(&workspace).revision, 0);
}

static void test_commit_is_settled(void **state)
{
	struct uuid workspace = fixture_workspace(), attempt;
	struct change change;
	struct sha256 hash;
	struct tx *tx;
	bool committed;
	int64_t revision;
	enum error err;

	(void)state;
	/* Lost before the commit could be answered. Whether the server said goodbye before it read
	 * the statements or the socket just closed: nobody claims to know more than was told. */
	tx = fixture_change(&workspace, &change);
	attempt = change.attempt;
	kill_backend(fixture.conn);
	err = fixture_commit(tx, &change);
	assert_true(err == ERR_COMMIT_UNKNOWN || err == ERR_DATABASE_AWAY);
	assert_ok(attempt_settle(fixture.conn, &workspace, &attempt, &committed, &revision, &hash));
	assert_false(committed);

	tx = fixture_change(&workspace, &change);
	attempt = change.attempt;
	assert_ok(change_finish(&change, &fixture_info, STR("{}")));
	assert_ok(tx_commit(tx));
	assert_ok(attempt_settle(fixture.conn, &workspace, &attempt, &committed, &revision, &hash));
	assert_true(committed);
	assert_int_equal(revision, 1);
	assert_memory_equal(&hash, &change.hash, sizeof hash);
	change_release(&change);
	uuid_random(&workspace);
	assert_int_equal(
		attempt_settle(fixture.conn, &workspace, &attempt, &committed, &revision, &hash),
		ERR_NOT_FOUND);
}

/* ---- the server is not there ---- */

static int64_t held_monotonic_us;

static int64_t held_monotonic(void *self)
{
	(void)self;
	return held_monotonic_us;
}

static void test_away(void **state)
{
	const struct clock clock = {fixture_now, held_monotonic, &fixture};
	const struct store_config config = {
		.url = "host=/nonexistent",
		.connections = 2,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 1000,
		.acquire_timeout_ms = 50,
	};
	struct store *store = store_new(&config, &clock);
	struct conn *conn;

	(void)state;
	assert_int_equal(store_acquire(store, &conn), ERR_DATABASE_AWAY);
	assert_null(conn);
	/* No attempt is made before the pause is over. */
	assert_int_equal(store_acquire(store, &conn), ERR_DATABASE_AWAY);
	held_monotonic_us += 100000;
	assert_int_equal(store_acquire(store, &conn), ERR_DATABASE_AWAY);
	store_free(store);
}

static struct store *store_by(const struct clock *clock, const char *url)
{
	const struct store_config config = {
		.url = url,
		.connections = 3,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 1000,
		.acquire_timeout_ms = 50,
	};

	return store_new(&config, clock);
}

/* An attempt that began before the database came back, and is given up after, does not send it away again. */
static void test_late_failure(void **state)
{
	const struct clock clock = {fixture_now, held_monotonic, &fixture};
	struct store *store = store_by(&clock, "host=/nonexistent");
	int64_t early, later, at;

	(void)state;
	assert_true(store_may_try(store, &early));
	held_monotonic_us += 1000;
	assert_true(store_may_try(store, &later));
	held_monotonic_us += 1000;
	store_tried(store, later, true, "");
	held_monotonic_us += 1000;
	store_tried(store, early, false, "it took too long");
	assert_true(store_answers(store));
	assert_true(store_may_try(store, &at));
	assert_true(store_may_try(store, &later));
	store_tried(store, at, false, "it is away");
	assert_false(store_answers(store));
	assert_false(store_may_try(store, &at));
	store_free(store);
}

/* A session that does its work shows that the database is there, whatever an attempt said. */
static void test_a_working_session_is_proof(void **state)
{
	const struct clock clock = {fixture_now, held_monotonic, &fixture};
	struct store *store = store_by(&clock, getenv("WINNOW_TEST_DATABASE_URL"));
	struct conn *conn, *other;
	int64_t at;

	(void)state;
	assert_int_equal(store_acquire(store, &conn), ERR_OK);
	assert_true(store_may_try(store, &at));
	store_tried(store, at, false, "no room");
	assert_int_equal(store_acquire(store, &other), ERR_DATABASE_AWAY);
	store_release(store, conn);
	assert_true(store_answers(store));
	assert_int_equal(store_acquire(store, &other), ERR_OK);
	store_release(store, other);
	store_free(store);
}

/* ---- behind a pooler ---- */

/* What the first row's only column says, in a transaction of `conn` or between two of them. */
static void ask(struct conn *conn, const char *sql, char *out, size_t size)
{
	PGresult *result;

	assert_int_equal(PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0), 1);
	assert_int_equal(PQpipelineSync(conn->pg), 1);
	result = PQgetResult(conn->pg);
	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	snprintf(out, size, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
	assert_null(PQgetResult(conn->pg));
	result = PQgetResult(conn->pg);
	assert_int_equal(PQresultStatus(result), PGRES_PIPELINE_SYNC);
	PQclear(result);
}

static const char settings[] =
	"SELECT concat_ws('|', current_setting('TimeZone'), current_setting('search_path'), "
	"current_setting('statement_timeout'), current_setting('jit'), "
	"current_setting('idle_in_transaction_session_timeout'))";

/* Nothing is left in a session that the next transaction of somebody else may have, and nothing is
 * relied upon that an earlier one had. */
static void test_pooled_leaves_no_trace(void **state)
{
	struct store_config config = {.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = 1,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 12345,
		.acquire_timeout_ms = 50,
		.pooled = true};
	struct uuid workspace = fixture_workspace(), attempt;
	struct store *store = store_new(&config, &fixture_clock);
	char before[256], text[256];
	struct change change;
	struct conn *conn;
	struct head head;
	struct tx *tx;

	(void)state;
	uuid_random(&attempt);
	assert_ok(store_acquire(store, &conn));
	ask(conn, settings, before, sizeof before);
	assert_null(strstr(before, "12345ms"));

	assert_ok(tx_begin(conn, &workspace, &tx));
	assert_ok(change_begin(tx, &workspace, &fixture_clock, &attempt, &change));
	ask(conn, settings, text, sizeof text);
	assert_string_equal(text, "UTC|pg_catalog, pg_temp|12345ms|off|15s");
	assert_ok(change_finish(&change, &fixture_info, STR("{}")));
	assert_ok(tx_commit(tx));
	change_release(&change);
	ask(conn, settings, text, sizeof text);
	assert_string_equal(text, before);

	/* The end is sent and not waited for; the next beginning waits for it. */
	for (int i = 0; i < 3; i++) {
		assert_ok(read_begin(conn, &workspace));
		assert_ok(head_read(conn, &workspace, &head));
		assert_int_equal(head.revision, 1);
		assert_int_equal(conn->sent_count, 0);
		ask(conn, settings, text, sizeof text);
		assert_string_equal(text, "UTC|pg_catalog, pg_temp|12345ms|off|1min");
		read_end(conn);
		assert_true(conn->sent_count > 0);
	}
	assert_ok(store_check(conn, text, sizeof text));
	assert_ok(read_begin(conn, &workspace));
	assert_ok(head_read(conn, &workspace, &head));
	ask(conn, "SELECT count(*)::text FROM pg_prepared_statements", text, sizeof text);
	assert_string_equal(text, "0");
	read_end(conn);
	store_release(store, conn);
	store_free(store);
}

/* ---- contention ---- */

static void test_statement_timeout(void **state)
{
	const struct store_config config = {
		.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = 1,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 100,
		.acquire_timeout_ms = 50,
	};
	struct store *store = store_new(&config, &fixture_clock);
	struct uuid workspace = fixture_workspace();
	struct change mine, theirs;
	struct conn *conn;
	struct tx *tx, *waiting;

	(void)state;
	tx = fixture_change(&workspace, &mine);
	assert_ok(store_acquire(store, &conn));
	assert_ok(tx_begin(conn, &workspace, &waiting));
	assert_int_equal(change_begin(waiting, &workspace, &fixture_clock, &mine.attempt, &theirs),
		ERR_CONTENTION);
	assert_false(tx_may_retry(waiting));
	tx_rollback(waiting);
	assert_ok(fixture_commit(tx, &mine));
	assert_ok(tx_begin(conn, &workspace, &waiting));
	assert_ok(change_begin(waiting, &workspace, &fixture_clock, &mine.attempt, &theirs));
	assert_int_equal(theirs.revision, 2);
	change_release(&theirs);
	tx_rollback(waiting);
	store_release(store, conn);
	store_free(store);
}

/* Two writers that take two heads in opposite order: one of them is told to try again. */
struct crossing {
	struct uuid first, second;
	pthread_barrier_t *barrier;
	enum error err;
	bool may_retry;
};

static void *cross(void *arg)
{
	struct crossing *self = arg;
	struct change change;
	struct uuid attempt;
	struct conn *conn;
	struct tx *tx;

	uuid_random(&attempt);
	self->err = store_acquire(fixture.store, &conn);
	if (self->err)
		return NULL;
	tx_begin(conn, &self->first, &tx);
	self->err = change_begin(tx, &self->first, &fixture_clock, &attempt, &change);
	change_release(&change);
	pthread_barrier_wait(self->barrier);
	if (!self->err)
		self->err = tx_workspace(tx, &self->second);
	if (!self->err)
		self->err = change_begin(tx, &self->second, &fixture_clock, &attempt, &change);
	change_release(&change);
	self->may_retry = tx_may_retry(tx);
	tx_rollback(tx);
	store_release(fixture.store, conn);
	return NULL;
}

static void test_deadlock(void **state)
{
	struct uuid a = fixture_workspace(), b = fixture_workspace();
	pthread_barrier_t barrier;
	struct crossing crossings[2] = {
		{a, b, &barrier, ERR_OK, false}, {b, a, &barrier, ERR_OK, false}};
	pthread_t threads[2];
	int failed = 0;

	(void)state;
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, cross, &crossings[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++) {
		if (!crossings[i].err)
			continue;
		failed++;
		assert_int_equal(crossings[i].err, ERR_CONTENTION);
		assert_true(crossings[i].may_retry);
	}
	assert_int_equal(failed, 1);
	pthread_barrier_destroy(&barrier);
}

static void test_meanings(void **state)
{
	static const struct {
		const char *sqlstate;
		struct sqlstate_meaning meaning;
	} expected[] = {
		{"40001", {ERR_CONTENTION, true, false}},
		{"40P01", {ERR_CONTENTION, true, false}},
		{"57014", {ERR_CONTENTION, false, false}},
		{"57P01", {ERR_DATABASE_AWAY, false, true}},
		{"57P03", {ERR_DATABASE_AWAY, false, true}},
		{"08006", {ERR_DATABASE_AWAY, false, true}},
		{"53100", {ERR_DATABASE_AWAY, false, false}},
		{"25006", {ERR_DATABASE_AWAY, false, true}},
		{"23505", {ERR_CONFLICT, false, false}},
		{"42501", {ERR_DATABASE, false, false}},
		{"", {ERR_DATABASE_AWAY, false, true}},
		{NULL, {ERR_DATABASE_AWAY, false, true}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		struct sqlstate_meaning got = sqlstate_meaning(expected[i].sqlstate);

		assert_int_equal(got.error, expected[i].meaning.error);
		assert_int_equal(got.may_retry, expected[i].meaning.may_retry);
		assert_int_equal(got.renew, expected[i].meaning.renew);
	}
}

/* ---- who may serve ---- */

static enum error check_as(const char *url, char *why, size_t size)
{
	struct store *store = fixture_store(url, 1);
	struct conn *conn;
	enum error err;

	assert_ok(store_acquire(store, &conn));
	err = store_check(conn, why, size);
	store_release(store, conn);
	store_free(store);
	return err;
}

static void test_check(void **state)
{
	const char *app = getenv("WINNOW_TEST_DATABASE_URL");
	const char *owner = getenv("WINNOW_TEST_OWNER_DATABASE_URL");
	char why[256], role[64];

	(void)state;
	assert_ok(check_as(app, why, sizeof why));
	assert_string_equal(why, "");
	assert_int_equal(check_as(fixture.admin_url, why, sizeof why), ERR_FORBIDDEN);
	assert_non_null(strstr(why, "superuser"));
	assert_int_equal(check_as(owner, why, sizeof why), ERR_FORBIDDEN);
	assert_non_null(strstr(why, "owns the tables"));

	/* Older and newer. */
	fixture_do(
		fixture.admin, "INSERT INTO winnow.migrations VALUES (9999, 'later', sha256(''))");
	assert_int_equal(check_as(app, why, sizeof why), ERR_CONFLICT);
	assert_non_null(strstr(why, "the binary is too old"));
	fixture_do(fixture.admin, "DELETE FROM winnow.migrations WHERE version = 9999");
	fixture_do(fixture.admin, "CREATE TEMP TABLE kept AS SELECT * FROM winnow.migrations; "
				  "DELETE FROM winnow.migrations");
	assert_int_equal(check_as(app, why, sizeof why), ERR_CONFLICT);
	assert_non_null(strstr(why, "winnowd migrate"));
	fixture_do(fixture.admin, "INSERT INTO winnow.migrations SELECT * FROM kept");

	/* No rights on the schema. */
	fixture_role(app, role, sizeof role);
	char sql[256];

	snprintf(sql, sizeof sql, "REVOKE USAGE ON SCHEMA winnow FROM \"%s\"", role);
	fixture_do(fixture.admin, sql);
	assert_int_equal(check_as(app, why, sizeof why), ERR_CONFLICT);
	snprintf(sql, sizeof sql, "GRANT USAGE ON SCHEMA winnow TO \"%s\"", role);
	fixture_do(fixture.admin, sql);
	assert_ok(check_as(app, why, sizeof why));
}

/* A member of the owner's role can take its place at any time. Roles are the whole cluster's, so
 * this one is undone whatever happens to it. */
static void test_check_member(void **state)
{
	char why[256], owner[64], sql[256], url[1200];
	enum error err;

	(void)state;
	fixture_role(getenv("WINNOW_TEST_OWNER_DATABASE_URL"), owner, sizeof owner);
	snprintf(sql, sizeof sql, "CREATE ROLE winnow_test_member LOGIN IN ROLE \"%s\"", owner);
	fixture_do(fixture.admin, sql);
	/* As the superuser, under another role from the first statement on. */
	snprintf(url, sizeof url, "%s options='-c role=winnow_test_member'", fixture.admin_url);
	err = check_as(url, why, sizeof why);
	fixture_do(fixture.admin, "DROP ROLE winnow_test_member");
	assert_int_equal(err, ERR_FORBIDDEN);
	assert_non_null(strstr(why, "has the rights of"));
}

/* libpq's own way with a notice is standard error, which is the log's. */
static void test_notices_do_not_go_to_standard_error(void **state)
{
	struct store *store = fixture_store(getenv("WINNOW_TEST_DATABASE_URL"), 1);
	PGconn *plain = fixture_connect(getenv("WINNOW_TEST_DATABASE_URL"));
	PQnoticeProcessor of_libpq = PQsetNoticeProcessor(plain, NULL, NULL), ours;
	struct conn *conn;

	(void)state;
	assert_ok(store_acquire(store, &conn));
	ours = PQsetNoticeProcessor(conn->pg, NULL, NULL);
	assert_non_null(ours);
	assert_true(ours != of_libpq);
	store_release(store, conn);
	store_free(store);
	PQfinish(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool_is_bounded),
		cmocka_unit_test(test_pool_is_shared),
		cmocka_unit_test(test_left_open),
		cmocka_unit_test(test_heals_between),
		cmocka_unit_test(test_lost_within),
		cmocka_unit_test(test_commit_is_settled),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_late_failure),
		cmocka_unit_test(test_a_working_session_is_proof),
		cmocka_unit_test(test_pooled_leaves_no_trace),
		cmocka_unit_test(test_statement_timeout),
		cmocka_unit_test(test_deadlock),
		cmocka_unit_test(test_meanings),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_member),
		cmocka_unit_test(test_notices_do_not_go_to_standard_error),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

/*
 * What a read of history does beside a replica that is not there, is no standby, or of which nothing is
 * known. Real standbys: tests/api/test_replica.py.
 */
#include "fixture.h"

#include "base/metrics.h"
#include "store/history_read.h"
#include "store/known.h"

static struct store *store_with_replica(const char *replica_url)
{
	const struct store_config config = {
		.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = 2,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 30000,
		.acquire_timeout_ms = 50,
		.replica_url = replica_url,
		.replica_connections = 1,
		.replica_wait_ms = 5000,
	};
	struct store *store = store_new(&config, &fixture_clock);

	assert_non_null(store);
	return store;
}

struct counted {
	int64_t replica, primary, behind, failures;
};

static struct counted counts(void)
{
	return (struct counted){
		.replica = metric_get(METRIC_history_reads_replica),
		.primary = metric_get(METRIC_history_reads_primary),
		.behind = metric_get(METRIC_replica_behind),
		.failures = metric_get(METRIC_replica_failures),
	};
}

/* Once through; gives the head that was seen, and what it did to the counters. */
static struct counted read_once(
	struct store *store, const struct uuid *workspace, int64_t needed, struct head *head)
{
	struct history_read read = {.store = store, .workspace = *workspace, .needed = needed};
	struct counted before = counts(), after;
	enum error error;

	do {
		error = history_begin(&read);
	} while (history_again(&read, error));
	assert_ok(error);
	*head = read.head;
	after = counts();
	return (struct counted){after.replica - before.replica, after.primary - before.primary,
		after.behind - before.behind, after.failures - before.failures};
}

static void write_one(const struct uuid *workspace)
{
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	assert_ok(fixture_commit(tx, &change));
}

static void a_server_that_is_no_standby_is_not_used(void **state)
{
	struct store *store = store_with_replica(getenv("WINNOW_TEST_DATABASE_URL"));
	struct uuid workspace = fixture_workspace();
	struct counted counted;
	struct head head;

	(void)state;
	write_one(&workspace);
	/* Nothing is known of it yet, so it is not even asked. */
	counted = read_once(store, &workspace, 0, &head);
	assert_int_equal(counted.primary, 1);
	assert_int_equal(counted.failures, 0);
	assert_int_equal(head.revision, 1);
	counted = read_once(store, &workspace, 0, &head);
	assert_int_equal(counted.primary, 1);
	assert_int_equal(counted.failures, 1);
	assert_int_equal(counted.replica, 0);
	/* It rests. */
	counted = read_once(store, &workspace, 1, &head);
	assert_int_equal(counted.primary, 1);
	assert_int_equal(counted.failures, 0);
	assert_int_equal(metric_get(METRIC_replica_used), 0);
	store_free(store);
}

static void a_server_that_is_not_there_is_done_without(void **state)
{
	struct store *store = store_with_replica("host=/nonexistent dbname=none user=none");
	struct uuid workspace = fixture_workspace();
	struct counted counted;
	struct head head;

	(void)state;
	write_one(&workspace);
	counted = read_once(store, &workspace, 1, &head);
	assert_int_equal(counted.primary, 1);
	assert_int_equal(counted.failures, 1);
	assert_int_equal(head.revision, 1);
	assert_int_equal(metric_get(METRIC_database_up), 1);
	store_free(store);
}

static void without_a_replica_nothing_is_counted(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct counted counted;
	struct head head;

	(void)state;
	write_one(&workspace);
	counted = read_once(fixture.store, &workspace, 1, &head);
	assert_int_equal(counted.primary, 0);
	assert_int_equal(head.revision, 1);
}

static void a_pool_of_a_replica_does_not_write(void **state)
{
	const struct store_config config = {
		.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = 1,
		.statement_timeout_ms = 30000,
		.replica_wait_ms = 5000,
		.standby = true,
	};
	struct store *store = store_new(&config, &fixture_clock);
	struct conn *conn;
	struct tx *tx;

	(void)state;
	assert_ok(store_acquire(store, &conn));
	assert_int_equal(tx_begin(conn, &system_workspace, &tx), ERR_INTERNAL);
	assert_null(tx);
	store_release(store, conn);
	store_free(store);
}

static void a_workspace_that_is_not_there(void **state)
{
	struct history_read read = {.store = fixture.store};
	enum error error;

	(void)state;
	uuid_random(&read.workspace);
	error = history_begin(&read);
	assert_int_equal(error, ERR_NOT_FOUND);
	assert_false(history_again(&read, error));
}

/* ---- what is known ---- */

static void what_is_known_only_grows(void **state)
{
	const struct sha256 first = {{1}}, second = {{2}};
	struct known *known = known_new();
	struct known_revision found;
	struct uuid ids[100];

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		uuid_random(&ids[i]);
		assert_int_equal(known_of(known, &ids[i]).revision, 0);
		known_note(known, &ids[i], (int64_t)i + 5, &first);
	}
	known_note(known, &ids[7], 9, NULL);
	found = known_of(known, &ids[7]);
	assert_int_equal(found.revision, 12);
	known_note(known, &ids[7], 20, NULL);
	found = known_of(known, &ids[7]);
	assert_int_equal(found.revision, 20);
	assert_int_equal(found.proof_revision, 12);
	assert_true(sha256_same(&found.proof, &first));
	known_note(known, &ids[7], 11, &second);
	found = known_of(known, &ids[7]);
	assert_true(sha256_same(&found.proof, &first));
	known_note(known, &ids[7], 13, &second);
	found = known_of(known, &ids[7]);
	assert_int_equal(found.revision, 20);
	assert_int_equal(found.proof_revision, 13);
	assert_true(sha256_same(&found.proof, &second));
	assert_int_equal(known_of(known, &ids[99]).revision, 104);
	known_free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_is_no_standby_is_not_used),
		cmocka_unit_test(a_server_that_is_not_there_is_done_without),
		cmocka_unit_test(without_a_replica_nothing_is_counted),
		cmocka_unit_test(a_pool_of_a_replica_does_not_write),
		cmocka_unit_test(a_workspace_that_is_not_there),
		cmocka_unit_test(what_is_known_only_grows),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

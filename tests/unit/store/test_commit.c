/*
 * A connection that is lost while committing: whether the commit had arrived cannot be told from
 * here, and is settled by the attempt.
 */
#include "commit_cut.h"

/* One change through the proxy, cut at the commit; what the log says of it afterwards. */
static void lose_commit(enum cut cut, bool expected)
{
	const struct document document = {STR("model"), STR("1"), STR("{}"), 0};
	char url[1400];
	struct uuid workspace = fixture_workspace(), attempt;
	struct store *store;
	struct conn *conn;
	struct change change;
	struct sha256 hash;
	struct tx *tx;
	int64_t revision;
	bool committed;

	if (!proxy.folder[0])
		skip();
	proxy_url(url, sizeof url);
	store = fixture_store(url, 1);
	assert_ok(store_acquire(store, &conn));
	uuid_random(&attempt);
	assert_ok(tx_begin(conn, &workspace, &tx));
	assert_ok(change_begin(tx, &workspace, &fixture_clock, &attempt, &change));
	assert_ok(documents_append(&change, &document));
	assert_ok(change_finish(&change, &fixture_info, STR("{}")));
	proxy.cut = cut;
	assert_int_equal(tx_commit(tx), ERR_COMMIT_UNKNOWN);

	/* By the same connection, which heals. */
	assert_ok(attempt_settle(conn, &workspace, &attempt, &committed, &revision, &hash));
	assert_int_equal(committed, expected);
	assert_int_equal(revision, expected ? 1 : 0);
	if (expected)
		assert_memory_equal(&hash, &change.hash, sizeof hash);
	assert_int_equal(fixture_head(&workspace).revision, expected ? 1 : 0);
	change_release(&change);
	store_release(store, conn);
	store_free(store);
}

static void test_it_had_arrived(void **state)
{
	(void)state;
	lose_commit(CUT_AFTER, true);
}

static void test_it_had_not(void **state)
{
	(void)state;
	lose_commit(CUT_BEFORE, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_had_arrived),
		cmocka_unit_test(test_it_had_not),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, start_proxy, stop_proxy);
}

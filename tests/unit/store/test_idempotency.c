/*
 * Answers kept under an Idempotency-Key: held, kept, found, dropped, swept.
 */
#include "fixture.h"

static struct sha256 hash_of(const char *text)
{
	struct sha256 hash;

	assert_true(sha256_of(text, strlen(text), &hash));
	return hash;
}

static struct kept_answer answer_of(const char *key)
{
	return (struct kept_answer){
		.key = hash_of(key),
		.request = hash_of("a body"),
		.revision = 7,
		.hash = hash_of("a head"),
		.changed = true,
		.made_us = fixture.now_us,
		.expires_us = fixture.now_us + 1000000,
		.answer = STR("\0\1 any bytes \377"),
	};
}

static void keep(const struct uuid *workspace, const struct kept_answer *answer)
{
	struct tx *tx;

	assert_ok(tx_begin(fixture.conn, workspace, &tx));
	assert_ok(kept_answer_append(tx, workspace, answer));
	assert_ok(tx_commit(tx));
}

static enum error find(const struct uuid *scope, const struct uuid *workspace, const char *key,
	struct kept_answer *out)
{
	struct sha256 hash = hash_of(key);
	enum error err;

	assert_ok(read_begin(fixture.conn, scope));
	err = kept_answer_read(fixture.conn, workspace, &hash, &fixture.arena, out);
	read_end(fixture.conn);
	return err;
}

static int64_t sweep(size_t limit)
{
	int64_t swept = -1;
	struct tx *tx;

	assert_ok(tx_begin(fixture.conn, &system_workspace, &tx));
	assert_ok(kept_answers_sweep(tx, fixture.now_us, limit, &swept));
	assert_ok(tx_commit(tx));
	return swept;
}

static void test_what_is_kept_is_found(void **state)
{
	struct uuid mine = fixture_workspace(), other = fixture_workspace();
	struct kept_answer answer = answer_of("k"), found;

	(void)state;
	assert_int_equal(find(&mine, &mine, "k", &found), ERR_NOT_FOUND);
	keep(&mine, &answer);
	assert_ok(find(&mine, &mine, "k", &found));
	assert_memory_equal(&found.key, &answer.key, sizeof found.key);
	assert_memory_equal(&found.request, &answer.request, sizeof found.request);
	assert_int_equal(found.revision, 7);
	assert_memory_equal(&found.hash, &answer.hash, sizeof found.hash);
	assert_true(found.changed);
	assert_int_equal(found.made_us, answer.made_us);
	assert_int_equal(found.expires_us, answer.expires_us);
	assert_true(str_eq(found.answer, answer.answer));

	assert_int_equal(find(&mine, &mine, "another", &found), ERR_NOT_FOUND);
	assert_int_equal(find(&mine, &other, "k", &found), ERR_NOT_FOUND);
	/* Also where somebody asks for another workspace's. */
	assert_int_equal(find(&other, &mine, "k", &found), ERR_NOT_FOUND);

	answer.changed = false;
	answer.answer = STR("");
	keep(&other, &answer);
	assert_ok(find(&other, &other, "k", &found));
	assert_false(found.changed);
	assert_int_equal(found.answer.len, 0);
}

static void test_a_key_is_kept_once(void **state)
{
	struct uuid mine = fixture_workspace();
	struct kept_answer answer = answer_of("k"), found;
	struct tx *tx;

	(void)state;
	keep(&mine, &answer);
	assert_ok(tx_begin(fixture.conn, &mine, &tx));
	assert_ok(kept_answer_append(tx, &mine, &answer));
	assert_int_equal(tx_commit(tx), ERR_CONFLICT);

	/* One that has expired makes room in the same transaction. */
	answer.revision = 8;
	assert_ok(tx_begin(fixture.conn, &mine, &tx));
	assert_ok(kept_answer_drop(tx, &mine, &answer.key));
	assert_ok(kept_answer_append(tx, &mine, &answer));
	assert_ok(tx_commit(tx));
	assert_ok(find(&mine, &mine, "k", &found));
	assert_int_equal(found.revision, 8);
}

static void test_a_key_is_held_to_the_end(void **state)
{
	struct uuid mine = fixture_workspace();
	struct sha256 key = hash_of("held"), other = hash_of("free");
	struct tx *tx, *second;
	struct conn *conn;
	bool locked;

	(void)state;
	assert_ok(store_acquire(fixture.store, &conn));
	assert_ok(tx_begin(fixture.conn, &mine, &tx));
	assert_ok(kept_answer_lock(tx, &key, &locked));
	assert_true(locked);
	for (int i = 0; i < 2; i++) {
		assert_ok(tx_begin(conn, &mine, &second));
		assert_ok(kept_answer_lock(second, &key, &locked));
		assert_int_equal(locked, i == 1);
		assert_ok(kept_answer_lock(second, &other, &locked));
		assert_true(locked);
		tx_rollback(second);
		if (i == 0)
			assert_ok(tx_commit(tx));
	}
	store_release(fixture.store, conn);
}

static void test_sweeping(void **state)
{
	struct uuid mine = fixture_workspace(), other = fixture_workspace();
	struct kept_answer answer = answer_of("1"), found;

	(void)state;
	fixture_do(fixture.admin, "DELETE FROM winnow.idempotency_keys");
	answer.expires_us = fixture.now_us;
	keep(&mine, &answer);
	keep(&other, &answer);
	answer.key = hash_of("2");
	answer.expires_us = fixture.now_us - 1;
	keep(&other, &answer);
	answer.key = hash_of("3");
	answer.expires_us = fixture.now_us + 1;
	keep(&mine, &answer);

	/* The oldest first. */
	assert_int_equal(sweep(1), 1);
	assert_int_equal(find(&other, &other, "2", &found), ERR_NOT_FOUND);
	assert_ok(find(&other, &other, "1", &found));
	assert_int_equal(sweep(10), 2);
	assert_int_equal(sweep(10), 0);
	assert_ok(find(&mine, &mine, "3", &found));
	fixture.now_us++;
	assert_int_equal(sweep(10), 1);
	assert_int_equal(
		fixture_number(fixture.admin, "SELECT count(*) FROM winnow.idempotency_keys"), 0);
}

static void test_one_daemon_sweeps(void **state)
{
	struct uuid mine = fixture_workspace();
	struct kept_answer answer = answer_of("1");
	struct tx *tx, *second;
	struct conn *conn;
	int64_t swept;

	(void)state;
	answer.expires_us = fixture.now_us;
	keep(&mine, &answer);
	assert_ok(store_acquire(fixture.store, &conn));
	assert_ok(tx_begin(conn, &system_workspace, &second));
	assert_ok(kept_answers_sweep(second, fixture.now_us, 10, &swept));
	assert_int_equal(swept, 1);
	/* That one is at it: there is nothing to do, and nothing to wait for. */
	assert_int_equal(sweep(10), 0);
	tx_rollback(second);
	store_release(fixture.store, conn);
	/* It did not finish, so it is done now, as soon as the server has undone that. */
	assert_ok(tx_begin(fixture.conn, &system_workspace, &tx));
	tx_rollback(tx);
	do {
		swept = sweep(10);
	} while (swept == 0);
	assert_int_equal(swept, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept_is_found),
		cmocka_unit_test(test_a_key_is_kept_once),
		cmocka_unit_test(test_a_key_is_held_to_the_end),
		cmocka_unit_test(test_sweeping),
		cmocka_unit_test(test_one_daemon_sweeps),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name(
		"store/idempotency", tests, fixture_setup, fixture_teardown);
}

/*
 * Changes: what is written, hashed and read back must be the same bytes, for every type of column;
 * revisions follow each other; what was not committed is not there.
 */
#include "fixture.h"

#include <math.h>
#include <pthread.h>

#include "store/history_statements.h"
#include "store/rows.h"

/* ---- the digest of what was written equals that of what is read ---- */

struct collected {
	struct sha256 hashes[64];
	size_t count;
	int64_t last_revision;
	size_t stop_after;
};

static bool collect(void *self, enum history_table table, int64_t revision, struct str tuple)
{
	struct collected *all = self;

	assert_true(revision >= all->last_revision);
	all->last_revision = revision;
	assert_true(all->count < 64);
	assert_true(audit_row_hash(history_table_name(table), tuple, &all->hashes[all->count++]));
	return all->count != all->stop_after;
}

static void check_digest(const struct uuid *workspace, int64_t revision)
{
	struct collected all = {.count = 0};
	struct audit_record *records;
	struct sha256 digest;
	size_t count;

	assert_ok(read_begin(fixture.conn, workspace));
	for (int table = 0; table < HISTORY_COUNT; table++) {
		all.last_revision = 0;
		assert_ok(history_rows(fixture.conn, workspace, (enum history_table)table, revision,
			revision, collect, &all));
	}
	assert_ok(audit_list(
		fixture.conn, workspace, revision - 1, 1, NULL, &fixture.arena, &records, &count));
	read_end(fixture.conn);
	assert_int_equal(count, 1);
	assert_int_equal(records[0].row_count, all.count);
	assert_true(audit_rows_digest(all.hashes, all.count, &digest));
	assert_memory_equal(&records[0].rows_sha256, &digest, sizeof digest);
	assert_true(audit_record_hash(&records[0], &digest));
	assert_memory_equal(&records[0].hash, &digest, sizeof digest);
}

static void test_documents(void **state)
{
	const struct document document = {STR("model"), STR("1"), STR("{\"naïve\":\"☃\"}"), 0};
	struct uuid workspace = fixture_workspace();
	struct document *loaded;
	struct change change;
	struct head head;
	struct tx *tx;
	size_t count;

	(void)state;
	tx = fixture_change(&workspace, &change);
	assert_int_equal(change.revision, 1);
	assert_int_equal(change.at_us, fixture.now_us);
	assert_ok(documents_append(&change, &document));
	assert_ok(fixture_commit(tx, &change));

	head = fixture_head(&workspace);
	assert_int_equal(head.revision, 1);
	assert_int_equal(head.config_revision, 1);
	assert_int_equal(head.at_us, fixture.now_us);
	assert_memory_equal(&head.hash, &change.hash, sizeof head.hash);
	check_digest(&workspace, 1);

	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(documents_load(
		fixture.conn, &workspace, INT64_MAX, &fixture.arena, &loaded, &count));
	assert_int_equal(count, 1);
	assert_true(str_eq(loaded[0].body, document.body));
	assert_int_equal(loaded[0].revision, 1);
	assert_ok(documents_load(fixture.conn, &workspace, 0, &fixture.arena, &loaded, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

/* ---- every type, by the widest table ---- */

struct version {
	const struct uuid *id; /* NULL: any */
	struct str team;
	const struct str *labels;
	size_t label_count;
	double estimate;
	int64_t created_us;
	const struct uuid *blockers;
	size_t blocker_count;
	const uint16_t *ids;
	const double *values;
	size_t feature_count;
	int32_t text_present;
	struct str text_ref, extra;
};

static void add_version(struct change *change, const struct version *version)
{
	struct rows *rows = change_rows(change, HISTORY_item_versions);
	struct uuid id;

	if (version->id)
		id = *version->id;
	else
		uuid_random(&id);
	assert_non_null(rows);
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &id);
	row_int8(rows, change->revision);
	row_int8(rows, INT64_MAX);
	for (int i = 0; i < 5; i++)
		row_text(rows, STR(""));
	row_text(rows, version->team);
	row_text_array(rows, version->labels, version->label_count);
	row_float8(rows, version->estimate);
	row_time(rows, version->created_us);
	row_time(rows, TIME_NONE);
	row_null(rows);
	row_uuid_array(rows, version->blockers, version->blocker_count);
	row_int2_array(rows, version->ids, version->feature_count);
	row_float8_array(rows, version->values, version->feature_count);
	row_int4(rows, version->text_present);
	row_bytes(rows, version->text_ref);
	row_text(rows, version->extra);
	row_end(rows);
}

static void test_every_type(void **state)
{
	static const struct str labels[] = {{"", 0}, {"a,\"b\"{}\\", 8}, {"\xf0\x9f\x92\xa9", 4}};
	static const uint16_t ids[] = {0, 1, 255, 32767};
	static const double values[] = {-0.0, INFINITY, -INFINITY, 5e-324};
	static const struct uuid blockers[2] = {{{1}}, {{255, 2}}};
	static const char bytes[] = "\0\1\377\0";
	size_t huge_len = 3 * 1024 * 1024;
	char *huge = malloc(huge_len);
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct tx *tx;

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', huge_len);
	const struct version versions[] = {
		/* all that can be empty or NULL is */
		{.estimate = NAN, .created_us = TIME_NONE, .extra = {"", 0}},
		{.team = {"team", 4},
			.labels = labels,
			.label_count = 3,
			.estimate = -0.0,
			.created_us = INT64_C(253402300799999999), /* end of the year 9999 */
			.blockers = blockers,
			.blocker_count = 2,
			.ids = ids,
			.values = values,
			.feature_count = 4,
			.text_present = -1,
			.text_ref = {bytes, sizeof bytes},
			.extra = {"{}", 2}},
		/* before 1970, and a text that is stored out of line */
		{.team = {"", 0},
			.estimate = INFINITY,
			.created_us = INT64_C(-62135596800000000),
			.extra = {huge, huge_len}},
	};

	tx = fixture_change(&workspace, &change);
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
		add_version(&change, &versions[i]);
	assert_ok(fixture_commit(tx, &change));
	check_digest(&workspace, 1);
	assert_int_equal(fixture_number(fixture.admin,
				 "SELECT count(*) FROM winnow.item_versions WHERE estimate = 0 AND "
				 "float8send(estimate) = '\\x8000000000000000' AND labels[2] = "
				 "'a,\"b\"{}\\' AND "
				 "feature_ids = '{0,1,255,32767}' AND feature_values[2:3] = "
				 "'{inf,-inf}' AND "
				 "created_at = '9999-12-31 23:59:59.999999+00'"),
		1);
	assert_int_equal(fixture_number(fixture.admin, "SELECT count(*) FROM winnow.item_versions "
						       "WHERE labels = '{}' AND team IS NULL AND "
						       "estimate IS NULL AND created_at IS NULL "
						       "AND text_ref IS NULL AND extra = ''"),
		1);
	assert_int_equal(
		fixture_number(fixture.admin, "SELECT count(*) FROM winnow.item_versions WHERE "
					      "team = '' AND length(extra) = 3145728 "
					      "AND created_at = '0001-01-01 00:00:00+00'"),
		1);
	free(huge);
}

/* ---- a row that does not fit its table ---- */

static void test_wrong_columns(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct rows *rows;
	struct tx *tx;

	(void)state;
	tx = fixture_change(&workspace, &change);
	rows = change_rows(&change, HISTORY_documents);
	row_begin(rows);
	row_uuid(rows, &workspace);
	row_int8(rows, 1);
	row_end(rows);
	assert_int_equal(fixture_commit(tx, &change), ERR_DATABASE);
	assert_int_equal(fixture_head(&workspace).revision, 0);
}

/* ---- revisions ---- */

static void test_chain(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct audit_record *records;
	struct audit_chain chain = {.any = false};
	struct change change;
	struct tx *tx;
	size_t count;

	(void)state;
	/* The second change is made while the clock stands before the first; the third in the same
	 * transaction as the second. */
	tx = fixture_change(&workspace, &change);
	assert_ok(fixture_commit(tx, &change));
	fixture.now_us -= 5000000;
	tx = fixture_change(&workspace, &change);
	assert_int_equal(change.revision, 2);
	assert_int_equal(change.at_us, fixture.now_us + 5000000);
	assert_ok(change_finish(&change, &fixture_info, STR("{\"n\":2}")));
	change_release(&change);
	assert_ok(change_begin(tx, &workspace, &fixture_clock, &change.attempt, &change));
	assert_int_equal(change.revision, 3);
	assert_ok(fixture_commit(tx, &change));
	fixture.now_us += 5000000;

	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(audit_list(
		fixture.conn, &workspace, 0, 10, NULL, &fixture.arena, &records, &count));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(audit_chain_next(&chain, &records[i], &records[i].rows_sha256,
					 records[i].row_count),
			AUDIT_OK);
	assert_true(str_is(records[1].detail, "{\"n\":2}"));
	assert_true(str_is(records[1].action, "test.write"));
	assert_ok(audit_list(
		fixture.conn, &workspace, 1, 1, "test.write", &fixture.arena, &records, &count));
	assert_int_equal(count, 1);
	assert_int_equal(records[0].revision, 2);
	assert_ok(audit_list(
		fixture.conn, &workspace, 0, 10, "other", &fixture.arena, &records, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

static void test_rollback_leaves_nothing(void **state)
{
	const struct document document = {STR("model"), STR("1"), STR("{}"), 0};
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct tx *tx;

	(void)state;
	tx = fixture_change(&workspace, &change);
	assert_ok(documents_append(&change, &document));
	assert_ok(change_finish(&change, &fixture_info, STR("{}")));
	change_release(&change);
	tx_rollback(tx);
	assert_int_equal(fixture_head(&workspace).revision, 0);
	tx = fixture_change(&workspace, &change);
	assert_int_equal(change.revision, 1);
	change_release(&change);
	tx_rollback(tx);
	tx_rollback(NULL);
}

/* Two documents of one name in one change: refused, the whole change with it. */
static void test_refused_at_commit(void **state)
{
	const struct document document = {STR("model"), STR("1"), STR("{}"), 0};
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct tx *tx;

	(void)state;
	tx = fixture_change(&workspace, &change);
	assert_ok(documents_append(&change, &document));
	assert_ok(documents_append(&change, &document));
	assert_int_equal(fixture_commit(tx, &change), ERR_CONFLICT);
	assert_int_equal(fixture_head(&workspace).revision, 0);
}

static void test_no_head(void **state)
{
	struct uuid workspace, attempt;
	struct change change;
	struct head head;
	struct tx *tx;

	(void)state;
	uuid_random(&workspace);
	uuid_random(&attempt);
	assert_ok(tx_begin(fixture.conn, &workspace, &tx));
	assert_int_equal(
		change_begin(tx, &workspace, &fixture_clock, &attempt, &change), ERR_NOT_FOUND);
	change_release(&change);
	tx_rollback(tx);
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_int_equal(head_read(fixture.conn, &workspace, &head), ERR_NOT_FOUND);
	read_end(fixture.conn);
}

static void test_heads(void **state)
{
	struct uuid workspaces[3] = {fixture_workspace(), {{9}}, fixture_workspace()};
	struct change change;
	int64_t revisions[3];
	struct tx *tx = fixture_change(&workspaces[2], &change);

	(void)state;
	assert_ok(fixture_commit(tx, &change));
	assert_ok(read_begin(fixture.conn, &system_workspace));
	assert_ok(heads_read(fixture.conn, workspaces, 3, revisions));
	assert_int_equal(revisions[0], 0);
	assert_int_equal(revisions[1], -1);
	assert_int_equal(revisions[2], 1);
	assert_ok(heads_read(fixture.conn, workspaces, 0, revisions));
	read_end(fixture.conn);
	/* Within one workspace the others are not there. */
	assert_ok(read_begin(fixture.conn, &workspaces[0]));
	assert_ok(heads_read(fixture.conn, workspaces, 3, revisions));
	assert_int_equal(revisions[0], 0);
	assert_int_equal(revisions[2], -1);
	read_end(fixture.conn);
}

/* ---- one workspace never writes into another ---- */

static void test_scope(void **state)
{
	const struct document document = {STR("model"), STR("1"), STR("{}"), 0};
	struct uuid mine = fixture_workspace(), other = fixture_workspace();
	struct document *loaded;
	struct change change;
	struct uuid attempt;
	struct tx *tx;
	size_t count;

	(void)state;
	uuid_random(&attempt);
	assert_ok(tx_begin(fixture.conn, &mine, &tx));
	assert_int_equal(
		change_begin(tx, &other, &fixture_clock, &attempt, &change), ERR_NOT_FOUND);
	change_release(&change);
	tx_rollback(tx);

	/* Pointing away before the rows go out is refused by the policy. */
	tx = fixture_change(&mine, &change);
	assert_ok(documents_append(&change, &document));
	assert_ok(tx_workspace(tx, &other));
	assert_int_equal(fixture_commit(tx, &change), ERR_DATABASE);

	tx = fixture_change(&mine, &change);
	assert_ok(documents_append(&change, &document));
	assert_ok(fixture_commit(tx, &change));
	assert_ok(read_begin(fixture.conn, &other));
	assert_ok(documents_load(fixture.conn, &mine, INT64_MAX, &fixture.arena, &loaded, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

/* ---- rows behind the log's back ---- */

static void test_stray(void **state)
{
	struct uuid workspace = fixture_workspace();
	char id[UUID_TEXT_SIZE], sql[256];
	int64_t first, count;

	(void)state;
	snprintf(sql, sizeof sql,
		"INSERT INTO winnow.documents VALUES ('%s', 'k', 'a', 7, ''), ('%s', 'k', 'b', 0, "
		"'')",
		uuid_to_text(&workspace, id), id);
	fixture_do(fixture.admin, sql);
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(history_stray(fixture.conn, &workspace, 0, HISTORY_documents, &first, &count));
	assert_int_equal(first, 0);
	assert_int_equal(count, 2);
	assert_ok(history_stray(fixture.conn, &workspace, 7, HISTORY_documents, &first, &count));
	assert_int_equal(count, 1);
	assert_ok(
		history_stray(fixture.conn, &workspace, 7, HISTORY_item_versions, &first, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

/* Stopping early leaves a transaction that can go on. */
static void test_stop_reading(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct collected all = {.stop_after = 2};
	struct change change;
	struct head head;
	struct tx *tx = fixture_change(&workspace, &change);
	const char *names[] = {"a", "b", "c", "d"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct document document = {STR("k"), str_from(names[i]), STR("{}"), 0};

		assert_ok(documents_append(&change, &document));
	}
	assert_ok(fixture_commit(tx, &change));
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(history_rows(fixture.conn, &workspace, HISTORY_documents, 1, 1, collect, &all));
	assert_int_equal(all.count, 2);
	assert_ok(head_read(fixture.conn, &workspace, &head));
	read_end(fixture.conn);
}

/* ---- several changes in one transaction ---- */

static void add_document(struct change *change, const char *name)
{
	struct document document = {STR("k"), str_from(name), STR("{}"), 0};

	assert_ok(documents_append(change, &document));
}

/* What was taken back, sealed or not, is nowhere: not in the tables, the digests, the chain or the
 * head. */
static void test_several_changes(void **state)
{
	struct uuid workspace = fixture_workspace(), attempt;
	struct audit_record *records;
	struct change change;
	struct sha256 first, head_hash;
	struct head head;
	size_t count;
	struct tx *tx;

	(void)state;
	uuid_random(&attempt);
	assert_ok(tx_begin(fixture.conn, &workspace, &tx));
	assert_ok(change_begin(tx, &workspace, &fixture_clock, &attempt, &change));
	head_hash = change.prev_hash;

	/* before anything else, half a row */
	add_document(&change, "never");
	row_begin(change_rows(&change, HISTORY_documents));
	row_uuid(change_rows(&change, HISTORY_documents), &workspace);
	change_undo(&change);
	assert_int_equal(change.revision, 1);
	assert_int_equal(change.config_revision, 0);
	assert_memory_equal(&change.hash, &head_hash, sizeof head_hash);

	add_document(&change, "a");
	add_document(&change, "b");
	assert_ok(change_seal(&change, &fixture_info, STR("{\"n\":1}")));
	first = change.hash;
	change_next(&change);
	assert_int_equal(change.revision, 2);
	assert_int_equal(change.config_revision, 1);
	assert_memory_equal(&change.prev_hash, &first, sizeof first);

	/* in between, sealed */
	add_document(&change, "nor this");
	assert_ok(change_seal(&change, &fixture_info, STR("{}")));
	change_undo(&change);
	assert_int_equal(change.config_revision, 1);

	/* one with a table of its own */
	add_version(&change,
		&(struct version){.estimate = 1, .created_us = TIME_NONE, .extra = {"{}", 2}});
	assert_ok(change_seal(&change, &fixture_info, STR("{\"n\":2}")));
	change_next(&change);
	add_document(&change, "c");
	assert_ok(change_seal(&change, &fixture_info, STR("{\"n\":3}")));
	change_next(&change);

	/* the last one, sealed: the head is the one before */
	add_document(&change, "d");
	assert_ok(change_seal(&change, &fixture_info, STR("{}")));
	change_undo(&change);
	assert_ok(change_send(&change));
	first = change.prev_hash;
	change_release(&change);
	assert_ok(tx_commit(tx));

	head = fixture_head(&workspace);
	assert_int_equal(head.revision, 3);
	assert_int_equal(head.config_revision, 3);
	assert_memory_equal(&head.hash, &first, sizeof first);
	for (int64_t revision = 1; revision <= 3; revision++)
		check_digest(&workspace, revision);
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(audit_list(
		fixture.conn, &workspace, 0, 10, NULL, &fixture.arena, &records, &count));
	read_end(fixture.conn);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		char detail[32];

		snprintf(detail, sizeof detail, "{\"n\":%zu}", i + 1);
		assert_int_equal(records[i].revision, i + 1);
		assert_int_equal(records[i].row_count, i == 0 ? 2 : 1);
		assert_true(str_is(records[i].detail, detail));
		assert_memory_equal(&records[i].attempt, &attempt, sizeof attempt);
		assert_memory_equal(&records[i].prev_hash,
			i > 0 ? &records[i - 1].hash : &head_hash, sizeof head_hash);
	}
}

/* Rows that have gone to PostgreSQL cannot be taken back: nothing of the whole is committed. */
static void test_undo_after_sending(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct tx *tx = fixture_change(&workspace, &change);

	(void)state;
	add_document(&change, "gone");
	assert_ok(rows_send(change_rows(&change, HISTORY_documents), tx->conn,
		history_statement(HISTORY_INSERT, HISTORY_documents)));
	change_undo(&change);
	add_document(&change, "other");
	assert_int_equal(fixture_commit(tx, &change), ERR_NO_MEMORY);
	assert_int_equal(fixture_head(&workspace).revision, 0);
}

/* ---- asking along with the lock ---- */

struct asker {
	pthread_t thread;
	struct uuid workspace, ids[2];
	enum error error;
	int64_t revision;
	size_t asked, other, again; /* found */
};

static void *ask_behind_the_lock(void *self)
{
	struct asker *asker = self;
	struct store *store = fixture_store(getenv("WINNOW_TEST_DATABASE_URL"), 1);
	struct change change = {0};
	struct item_row *rows;
	struct uuid attempt;
	struct arena arena;
	struct conn *conn;
	struct tx *tx = NULL;
	enum error error = store_acquire(store, &conn);

	arena_init(&arena, 1 << 20);
	uuid_random(&attempt);
	if (!error)
		error = tx_begin(conn, &asker->workspace, &tx);
	if (!error)
		error = items_ask(conn, asker->ids, 2);
	if (!error)
		error = change_begin(tx, &asker->workspace, &fixture_clock, &attempt, &change);
	asker->revision = change.revision;
	/* Not what was asked: a question of its own, which leaves the answer where it is. */
	if (!error)
		error = items_by_id(
			conn, &asker->workspace, asker->ids + 1, 1, &arena, &rows, &asker->other);
	if (!error)
		error = items_by_id(
			conn, &asker->workspace, asker->ids, 2, &arena, &rows, &asker->asked);
	/* The answer is given once. */
	if (!error)
		error = items_by_id(
			conn, &asker->workspace, asker->ids, 2, &arena, &rows, &asker->again);
	asker->error = error;
	change_release(&change);
	tx_rollback(tx);
	store_release(store, conn);
	store_free(store);
	arena_release(&arena);
	return NULL;
}

/* Sent before whoever holds the lock has committed, it still sees what that one wrote. */
static void test_asked_along_with_the_lock(void **state)
{
	struct asker asker = {.workspace = fixture_workspace()};
	struct change change;
	struct tx *tx = fixture_change(&asker.workspace, &change);

	(void)state;
	uuid_random(&asker.ids[0]);
	uuid_random(&asker.ids[1]);
	add_version(&change, &(struct version){.id = &asker.ids[0],
				     .estimate = 1,
				     .created_us = TIME_NONE,
				     .extra = {"{}", 2}});
	assert_int_equal(pthread_create(&asker.thread, NULL, ask_behind_the_lock, &asker), 0);
	while (fixture_number(fixture.admin, "SELECT count(*) FROM pg_locks WHERE NOT granted") ==
		0)
		;
	assert_ok(fixture_commit(tx, &change));
	pthread_join(asker.thread, NULL);
	assert_ok(asker.error);
	assert_int_equal(asker.revision, 2);
	assert_int_equal(asker.asked, 1);
	assert_int_equal(asker.other, 0);
	assert_int_equal(asker.again, 1);
}

/* ---- plans ---- */

/* Looks for items that are not there, then writes as many, in tables that begin empty; ANALYZE has seen
 * none of it. A plan kept from the beginning reads the whole workspace for each item. */
static void test_plans_grow_with_the_tables(void **state)
{
	enum { ROUNDS = 150, ITEMS = 20, BOUND = 1000000 };
	struct uuid workspace = fixture_workspace(), ids[ITEMS], attempt;
	struct store *store = fixture_store(getenv("WINNOW_TEST_DATABASE_URL"), 1);
	struct item_row *rows;
	struct conn *conn;
	char running[128];
	size_t found;
	int backend;

	(void)state;
	fixture_do(
		fixture.admin, "ALTER TABLE winnow.item_versions SET (autovacuum_enabled = false)");
	assert_ok(store_acquire(store, &conn));
	for (int round = 0; round < ROUNDS; round++) {
		struct change change;
		struct tx *tx;

		uuid_random(&attempt);
		assert_ok(tx_begin(conn, &workspace, &tx));
		assert_ok(change_begin(tx, &workspace, &fixture_clock, &attempt, &change));
		for (int i = 0; i < ITEMS; i++)
			uuid_random(&ids[i]);
		assert_ok(items_by_id(conn, &workspace, ids, ITEMS, &fixture.arena, &rows, &found));
		assert_int_equal(found, 0);
		for (int i = 0; i < ITEMS; i++)
			add_version(&change, &(struct version){.estimate = 1,
						     .created_us = TIME_NONE,
						     .extra = {"{}", 2}});
		assert_ok(fixture_commit(tx, &change));
	}
	backend = PQbackendPID(conn->pg);
	store_release(store, conn);
	store_free(store);
	/* It tells what it has read when it ends. */
	snprintf(running, sizeof running, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
		backend);
	while (fixture_number(fixture.admin, running) > 0)
		;
	assert_in_range(
		fixture_number(fixture.admin, "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes "
					      "WHERE relname = 'item_versions'"),
		0, BOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_wrong_columns),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_rollback_leaves_nothing),
		cmocka_unit_test(test_refused_at_commit),
		cmocka_unit_test(test_no_head),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_stray),
		cmocka_unit_test(test_stop_reading),
		cmocka_unit_test(test_several_changes),
		cmocka_unit_test(test_undo_after_sending),
		cmocka_unit_test(test_asked_along_with_the_lock),
		cmocka_unit_test(test_plans_grow_with_the_tables),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

/*
 * Checkpoints and proofs of a log that is too long for one step, against a tree that is made of the
 * records' hashes alone; and that nothing is signed which contradicts what was.
 */
#include "decisions.h"

#include "service/audit_tree.h"
#include "service/checkpoints.h"

enum { RECORDS = 140000, STEP = 65536 };

static struct note_signer signer;

/* Records that nobody has made: the tree asks for their hashes alone. */
static struct uuid long_log(const char *name, int64_t records)
{
	struct uuid workspace = new_workspace(name);
	char id[UUID_TEXT_SIZE], sql[1024];

	uuid_to_text(&workspace, id);
	snprintf(sql, sizeof sql,
		"INSERT INTO winnow.audit_records SELECT '%s', r, now(), gen_random_uuid(), '', "
		"'', '', '', '{}', sha256('{}'), 0, sha256(''), sha256(''), sha256(int8send(r)) "
		"FROM generate_series(2, %lld) r",
		id, (long long)records);
	fixture_do(fixture.admin, sql);
	snprintf(sql, sizeof sql,
		"SET session_replication_role = replica;"
		"UPDATE winnow.audit_records SET hash = sha256(int8send(1)) WHERE workspace_id = "
		"'%s' AND revision = 1;"
		"SET session_replication_role = DEFAULT;"
		"UPDATE winnow.workspace_heads SET revision = %lld WHERE workspace_id = '%s'",
		id, (long long)records, id);
	fixture_do(fixture.admin, sql);
	return workspace;
}

static struct sha256 leaf_of(int64_t revision)
{
	unsigned char number[8];
	struct sha256 record, leaf;

	for (int i = 0; i < 8; i++)
		number[i] = (unsigned char)((uint64_t)revision >> (56 - 8 * i));
	assert_true(sha256_of(number, sizeof number, &record));
	assert_true(merkle_leaf(record.bytes, SHA256_BYTES, &leaf));
	return leaf;
}

static struct sha256 root_of(int64_t size)
{
	struct merkle_edge edge = {.size = 0};
	struct sha256 root;

	for (int64_t revision = 1; revision <= size; revision++) {
		struct sha256 leaf = leaf_of(revision);

		assert_true(merkle_append(&edge, &leaf, NULL, NULL));
	}
	assert_true(merkle_edge_root(&edge, &root));
	return root;
}

static int64_t stored(const struct uuid *workspace, const char *what)
{
	char id[UUID_TEXT_SIZE], sql[256];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM winnow.%s AND workspace_id = '%s'", what,
		uuid_to_text(workspace, id));
	return fixture_number(fixture.admin, sql);
}

/* Signs and keeps; how many steps it took. */
static int make_checkpoint(const struct uuid *workspace, const struct checkpoint *older,
	enum error wanted, struct checkpoint_row *out)
{
	bool more = true;
	int steps = 0;

	while (more) {
		struct caller caller;
		struct checkpoint_making making = {.call = &caller.call, .signer = &signer};
		enum error error;

		caller_begin(&caller, workspace);
		error = checkpoint_sign(&making, older, &more);
		assert_int_equal(error, wanted);
		assert_int_equal(caller.diag.count > 0, error == ERR_CONFLICT);
		if (!error)
			assert_ok(checkpoint_keep(&making));
		*out = making.row;
		checkpoint_making_release(&making);
		caller_end(&caller);
		steps++;
		if (error)
			break;
	}
	return steps;
}

static enum error prove(const struct uuid *workspace, int64_t revision, int64_t size)
{
	struct audit_inclusion proof;
	struct sha256 leaf = leaf_of(revision);
	struct caller caller;
	enum error error;

	caller_begin(&caller, workspace);
	error = audit_inclusion(&caller.call, revision, size, &proof);
	caller_end(&caller);
	if (!error)
		assert_true(merkle_check_inclusion((uint64_t)revision - 1, (uint64_t)proof.size,
			&leaf, &proof.proof, &proof.root));
	return error;
}

static void a_long_log_takes_several_steps(void **state)
{
	struct uuid workspace = long_log("long", RECORDS);
	const int64_t revisions[] = {1, 256, 257, STEP, STEP + 1, 2 * STEP, RECORDS - 1, RECORDS};
	const int64_t sizes[] = {1, 255, 257, STEP - 1, STEP, STEP + 300, 2 * STEP + 1, RECORDS};
	struct sha256 root = root_of(RECORDS);
	struct checkpoint_row row;
	struct caller caller;

	(void)state;
	/* Without nodes it is too long to prove. */
	assert_int_equal(prove(&workspace, 1, RECORDS), ERR_CONFLICT);
	assert_ok(prove(&workspace, 1, 60000));
	assert_int_equal(make_checkpoint(&workspace, NULL, ERR_OK, &row), 3);
	assert_int_equal(row.size, RECORDS);
	assert_true(sha256_same(&row.root, &root));
	assert_int_equal(stored(&workspace, "audit_nodes WHERE level = 8"), RECORDS / 256);
	assert_int_equal(stored(&workspace, "audit_nodes WHERE level = 16"), RECORDS / STEP);
	assert_int_equal(stored(&workspace, "audit_checkpoints WHERE true"), 1);
	for (size_t i = 0; i < sizeof revisions / sizeof *revisions; i++)
		assert_ok(prove(&workspace, revisions[i], 0));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct sha256 older = root_of(sizes[i]);
		struct audit_consistency proof;

		caller_begin(&caller, &workspace);
		assert_ok(audit_consistency(&caller.call, sizes[i], RECORDS, &proof));
		assert_true(sha256_same(&proof.from_root, &older));
		assert_true(merkle_check_consistency(
			(uint64_t)sizes[i], RECORDS, &older, &root, &proof.proof));
		caller_end(&caller);
	}
	/* The head has one already. */
	assert_int_equal(make_checkpoint(&workspace, NULL, ERR_OK, &row), 1);
	assert_int_equal(row.size, 0);
	assert_int_equal(stored(&workspace, "audit_checkpoints WHERE true"), 1);
}

static void what_contradicts_is_not_signed(void **state)
{
	struct uuid workspace = long_log("rolled", 1000), other = new_workspace("other");
	struct buf origin = BUF_INIT, foreign = BUF_INIT;
	struct checkpoint older = {.size = 900, .root = root_of(900)};
	struct checkpoint_row row;
	char id[UUID_TEXT_SIZE], sql[512];

	(void)state;
	checkpoint_origin(&origin, signer.verifier.name, &workspace);
	checkpoint_origin(&foreign, signer.verifier.name, &other);
	older.origin = buf_view(&foreign);
	make_checkpoint(&workspace, &older, ERR_CONFLICT, &row);
	older.origin = buf_view(&origin);
	older.root.bytes[0] ^= 1;
	make_checkpoint(&workspace, &older, ERR_CONFLICT, &row);
	older.size = 1001;
	make_checkpoint(&workspace, &older, ERR_CONFLICT, &row);
	assert_int_equal(stored(&workspace, "audit_checkpoints WHERE true"), 0);
	older = (struct checkpoint){buf_view(&origin), 900, root_of(900)};
	make_checkpoint(&workspace, &older, ERR_OK, &row);
	assert_int_equal(row.size, 1000);
	/* Cut, with the head set back; and then written on with something else. */
	uuid_to_text(&workspace, id);
	snprintf(sql, sizeof sql,
		"SET session_replication_role = replica;"
		"DELETE FROM winnow.audit_records WHERE workspace_id = '%s' AND revision > 990;"
		"SET session_replication_role = DEFAULT;"
		"UPDATE winnow.workspace_heads SET revision = 990 WHERE workspace_id = '%s'",
		id, id);
	fixture_do(fixture.admin, sql);
	make_checkpoint(&workspace, NULL, ERR_CONFLICT, &row);
	snprintf(sql, sizeof sql,
		"INSERT INTO winnow.audit_records SELECT '%s', r, now(), gen_random_uuid(), '', "
		"'', '', '', '{}', sha256('{}'), 0, sha256(''), sha256(''), sha256(int8send(-r)) "
		"FROM generate_series(991, 1100) r;"
		"UPDATE winnow.workspace_heads SET revision = 1100 WHERE workspace_id = '%s'",
		id, id);
	fixture_do(fixture.admin, sql);
	make_checkpoint(&workspace, NULL, ERR_CONFLICT, &row);
	assert_int_equal(stored(&workspace, "audit_checkpoints WHERE true"), 1);
	buf_release(&origin);
	buf_release(&foreign);
}

static void a_lost_record_is_not_signed(void **state)
{
	struct uuid workspace = long_log("lost", 600);
	struct checkpoint_row row;
	char id[UUID_TEXT_SIZE], sql[256];

	(void)state;
	snprintf(sql, sizeof sql,
		"SET session_replication_role = replica;"
		"DELETE FROM winnow.audit_records WHERE workspace_id = '%s' AND revision = 300;"
		"SET session_replication_role = DEFAULT",
		uuid_to_text(&workspace, id));
	fixture_do(fixture.admin, sql);
	make_checkpoint(&workspace, NULL, ERR_CONFLICT, &row);
	assert_int_equal(stored(&workspace, "audit_checkpoints WHERE true"), 0);
}

/* Those that have grown since, by time or by records, in the order of ids. */
static void who_wants_one(void **state)
{
	struct checkpointing own = {.every_us = 60 * US_PER_S, .records = 50};
	struct uuid workspace = long_log("due", 100), *found;
	struct checkpoint_row row;
	struct arena arena;
	size_t count, times = 0;

	(void)state;
	service.checkpoints = &own;
	for (int turn = 0; turn < 4; turn++) {
		bool wanted = turn == 0 || turn == 3;
		bool seen = false;

		arena_init(&arena, 1 << 20);
		assert_ok(checkpoint_workspaces(&service, NULL, 1000, &arena, &found, &count));
		for (size_t i = 0; i < count; i++) {
			assert_true(i == 0 || uuid_cmp(&found[i - 1], &found[i]) < 0);
			seen |= uuid_cmp(&found[i], &workspace) == 0;
		}
		arena_release(&arena);
		assert_int_equal(seen, wanted);
		times += seen;
		if (turn == 0) /* made: nothing is wanted until it grows */
			make_checkpoint(&workspace, NULL, ERR_OK, &row);
		if (turn == 1) /* grown by one: not before its time */
			put_item(&workspace, "1", "open");
		if (turn == 2)
			fixture.now_us += 61 * (int64_t)US_PER_S;
	}
	assert_int_equal(times, 2);
	service.checkpoints = NULL;
}

static int start(void **state)
{
	assert_true(note_signer_make(STR("winnow.example.org"), &signer));
	return decisions_start(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_log_takes_several_steps),
		cmocka_unit_test(what_contradicts_is_not_signed),
		cmocka_unit_test(a_lost_record_is_not_signed),
		cmocka_unit_test(who_wants_one),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name("service/checkpoints", tests, start, decisions_stop);
}

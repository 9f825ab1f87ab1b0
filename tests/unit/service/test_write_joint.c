/*
 * Writes that share a transaction: each is a change of its own or none, as it would have been alone,
 * whatever becomes of the others, of the transaction and of the connection.
 */
#include "store/commit_cut.h"

#include "base/metrics.h"
#include "service/write_joint.h"

enum { MANY = 8 };

static struct service service = {.clock = &fixture_clock};

/* One write: a document of this name, or what else it is told to do. */
struct wish {
	const char *name;
	enum error fails; /* after it has made its row */
	bool sealed;      /* and after its record */
	bool nothing;
	int calls;
};

static struct load {
	int asked, calls;
	enum error error;
} load;

static enum error on_ask(void *self, struct tx *tx, struct joint_write *writes, size_t count)
{
	(void)tx;
	(void)writes;
	assert_ptr_equal(self, &load);
	load.asked += count > 0;
	return ERR_OK;
}

static enum error on_load(void *self, struct tx *tx, int64_t config_revision,
	struct joint_write *writes, size_t count)
{
	(void)tx;
	(void)config_revision;
	(void)writes;
	assert_ptr_equal(self, &load);
	load.calls += count > 0;
	/* Each attempt asks anew. */
	assert_int_equal(load.asked, load.calls);
	return load.error;
}

static enum error on_body(struct write *write, void *arg)
{
	struct wish *wish = arg;
	const struct document document = {STR("k"), str_from(wish->name), STR("{}"), 0};
	enum error error = ERR_OK;

	wish->calls++;
	diag_add(write->call->diag, "/x", "said");
	write->nothing = wish->nothing;
	if (wish->nothing)
		return ERR_OK;
	assert_ok(documents_append(&write->change, &document));
	if (!wish->fails || wish->sealed)
		error = write_finish(write, "test.write", wish->name, STR("{}"));
	assert_ok(error);
	return wish->fails;
}

/* ---- running some of them ---- */

static struct group {
	struct arena arena;
	struct diag diags[MANY];
	struct call calls[MANY];
	struct joint_write writes[MANY];
	struct uuid workspace;
	int64_t joint_commits, retried_alone, changes;
} group;

static void run_group(struct wish *wishes, size_t count)
{
	const struct joint_work work = {on_ask, on_load, on_body, &load};

	load = (struct load){.error = load.error};
	group.joint_commits = metric_get(METRIC_joint_commits);
	group.retried_alone = metric_get(METRIC_writes_retried_alone);
	group.changes = metric_get(METRIC_changes_committed);
	for (size_t i = 0; i < count; i++) {
		diag_init(&group.diags[i], &group.arena);
		group.calls[i] = (struct call){.service = &service,
			.arena = &group.arena,
			.diag = &group.diags[i],
			.workspace = group.workspace,
			.request_id = wishes[i].name};
		group.writes[i] = (struct joint_write){.call = &group.calls[i], .arg = &wishes[i]};
	}
	write_run_joint(&service, &group.workspace, &work, group.writes, count);
	group.joint_commits = metric_get(METRIC_joint_commits) - group.joint_commits;
	group.retried_alone = metric_get(METRIC_writes_retried_alone) - group.retried_alone;
	group.changes = metric_get(METRIC_changes_committed) - group.changes;
}

static void new_workspace(void)
{
	group.workspace = fixture_workspace();
}

/* The i-th write has this revision, with a record of its own that names it. */
static void check_written(size_t i, int64_t revision)
{
	const struct joint_write *write = &group.writes[i];
	struct audit_record *records;
	size_t count;

	assert_ok(write->error);
	assert_true(write->written.changed);
	assert_int_equal(write->written.revision, revision);
	assert_ok(read_begin(fixture.conn, &group.workspace));
	assert_ok(audit_list(fixture.conn, &group.workspace, revision - 1, 1, NULL, &fixture.arena,
		&records, &count));
	read_end(fixture.conn);
	assert_int_equal(count, 1);
	assert_int_equal(records[0].revision, revision);
	assert_true(str_is(records[0].request_id, write->call->request_id));
	assert_memory_equal(&records[0].hash, &write->written.hash, sizeof records[0].hash);
	/* What an attempt before has said is not said twice. */
	assert_int_equal(write->call->diag->count, 1);
}

static void check_head(int64_t revision)
{
	struct head head = fixture_head(&group.workspace);
	char sql[256], id[UUID_TEXT_SIZE];

	assert_int_equal(head.revision, revision);
	snprintf(sql, sizeof sql,
		"SELECT count(*) FROM winnow.audit_records WHERE workspace_id = '%s'",
		uuid_to_text(&group.workspace, id));
	assert_int_equal(fixture_number(fixture.admin, sql), revision);
	snprintf(sql, sizeof sql, "SELECT count(*) FROM winnow.documents WHERE workspace_id = '%s'",
		id);
	assert_int_equal(fixture_number(fixture.admin, sql), revision);
}

/* ---- tests ---- */

static void each_is_a_change_of_its_own(void **state)
{
	struct wish wishes[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};

	(void)state;
	new_workspace();
	run_group(wishes, 3);
	for (size_t i = 0; i < 3; i++)
		check_written(i, (int64_t)i + 1);
	check_head(3);
	assert_int_equal(group.joint_commits, 1);
	assert_int_equal(group.changes, 3);
}

/* Whoever fails, first, between or last, sealed or not, leaves no trace and harms nobody. */
static void an_error_is_its_own(void **state)
{
	struct wish wishes[] = {
		{.name = "x", .fails = ERR_INVALID},
		{.name = "a"},
		{.name = "y", .fails = ERR_CONFLICT, .sealed = true},
		{.name = "z", .nothing = true},
		{.name = "b"},
		{.name = "w", .fails = ERR_BUDGET, .sealed = true},
	};

	(void)state;
	new_workspace();
	run_group(wishes, 6);
	assert_int_equal(group.writes[0].error, ERR_INVALID);
	check_written(1, 1);
	assert_int_equal(group.writes[2].error, ERR_CONFLICT);
	assert_ok(group.writes[3].error);
	assert_false(group.writes[3].written.changed);
	assert_int_equal(group.writes[3].written.revision, 1);
	assert_memory_equal(&group.writes[3].written.hash, &group.writes[1].written.hash,
		sizeof(struct sha256));
	check_written(4, 2);
	assert_int_equal(group.writes[5].error, ERR_BUDGET);
	check_head(2);
	assert_int_equal(group.joint_commits, 1);
	assert_int_equal(group.retried_alone, 0);

	/* The chain goes on from what was kept. */
	run_group(&wishes[1], 1);
	check_written(0, 3);
	check_head(3);
}

static void nothing_to_do_takes_no_revision(void **state)
{
	struct wish wishes[] = {
		{.name = "x", .nothing = true}, {.name = "y", .fails = ERR_INVALID}};

	(void)state;
	new_workspace();
	run_group(wishes, 2);
	assert_ok(group.writes[0].error);
	assert_false(group.writes[0].written.changed);
	assert_int_equal(group.writes[0].written.revision, 0);
	assert_int_equal(group.writes[1].error, ERR_INVALID);
	check_head(0);
	assert_int_equal(group.joint_commits, 0);
	assert_int_equal(group.changes, 0);
}

/* PostgreSQL asks for the whole to be tried again: all of it is, together. */
static void contention_is_tried_again(void **state)
{
	struct wish wishes[] = {{.name = "a"}, {.name = "contended"}, {.name = "b"}};

	(void)state;
	new_workspace();
	fixture_do(fixture.admin, "ALTER SEQUENCE public.contended RESTART");
	run_group(wishes, 3);
	for (size_t i = 0; i < 3; i++) {
		check_written(i, (int64_t)i + 1);
		assert_int_equal(wishes[i].calls, 3);
	}
	check_head(3);
	assert_int_equal(load.calls, 3);
	assert_int_equal(group.joint_commits, 1);
	assert_int_equal(group.retried_alone, 0);
}

/* Nobody can tell whose row it was: each is tried alone, and one is left with the error. */
static void a_refusal_hits_one(void **state)
{
	struct wish wishes[] = {
		{.name = "a"}, {.name = "refused"}, {.name = "x", .nothing = true}, {.name = "b"}};

	(void)state;
	new_workspace();
	run_group(wishes, 4);
	check_written(0, 1);
	assert_int_equal(group.writes[1].error, ERR_DATABASE);
	assert_ok(group.writes[2].error);
	assert_false(group.writes[2].written.changed);
	check_written(3, 2);
	check_head(2);
	assert_int_equal(load.calls, 5);
	assert_int_equal(group.retried_alone, 4);
	assert_int_equal(group.changes, 2);
}

static void what_all_need_fails_all(void **state)
{
	struct wish wishes[] = {{.name = "a"}, {.name = "b"}};

	(void)state;
	new_workspace();
	load.error = ERR_BUSY;
	run_group(wishes, 2);
	assert_int_equal(group.writes[0].error, ERR_BUSY);
	assert_int_equal(group.writes[1].error, ERR_BUSY);
	assert_int_equal(load.calls, 1);
	load.error = ERR_NO_MEMORY;
	run_group(wishes, 2);
	load.error = ERR_OK;
	assert_int_equal(group.writes[0].error, ERR_NO_MEMORY);
	assert_int_equal(group.retried_alone, 2);
	assert_int_equal(wishes[0].calls + wishes[1].calls, 0);
	check_head(0);
	uuid_random(&group.workspace);
	run_group(wishes, 2);
	assert_int_equal(group.writes[0].error, ERR_NOT_FOUND);
	assert_int_equal(group.writes[1].error, ERR_NOT_FOUND);
}

/* The answer to COMMIT is lost: the log tells, and what was committed is not written twice. */
static void lose_commit(enum cut cut, int calls)
{
	struct wish wishes[] = {{.name = "a"}, {.name = "x", .fails = ERR_INVALID}, {.name = "b"}};
	struct store *own = service.store;
	char url[1400];

	if (!proxy.folder[0])
		skip();
	new_workspace();
	proxy_url(url, sizeof url);
	service.store = fixture_store(url, 1);
	assert_non_null(service.store);
	proxy.cut = cut;
	run_group(wishes, 3);
	store_free(service.store);
	service.store = own;
	check_written(0, 1);
	assert_int_equal(group.writes[1].error, ERR_INVALID);
	check_written(2, 2);
	check_head(2);
	assert_int_equal(wishes[0].calls, calls);
	assert_int_equal(group.changes, 2);
}

static void a_commit_that_arrived_is_found(void **state)
{
	(void)state;
	lose_commit(CUT_AFTER, 1);
}

static void a_commit_that_was_lost_is_made_again(void **state)
{
	(void)state;
	lose_commit(CUT_BEFORE, 2);
}

/* ---- the parts ---- */

/* PostgreSQL refuses one name always, and another one twice. */
static int parts_start(void **state)
{
	start_proxy(state);
	fixture_do(fixture.admin, "CREATE SEQUENCE public.contended");
	fixture_do(fixture.admin,
		"CREATE FUNCTION public.judge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
		"AS $$ BEGIN "
		"IF NEW.name = 'refused' THEN RAISE 'no' USING ERRCODE = '23514'; END IF; "
		"IF NEW.name = 'contended' AND nextval('public.contended') <= 2 THEN "
		"RAISE 'again' USING ERRCODE = '40001'; END IF; "
		"RETURN NEW; END $$");
	fixture_do(fixture.admin, "CREATE TRIGGER judge BEFORE INSERT ON winnow.documents "
				  "FOR EACH ROW EXECUTE FUNCTION public.judge()");
	service.store = fixture.store;
	arena_init(&group.arena, 16 << 20);
	return 0;
}

static int parts_stop(void **state)
{
	arena_release(&group.arena);
	return stop_proxy(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_a_change_of_its_own),
		cmocka_unit_test(an_error_is_its_own),
		cmocka_unit_test(nothing_to_do_takes_no_revision),
		cmocka_unit_test(contention_is_tried_again),
		cmocka_unit_test(a_refusal_hits_one),
		cmocka_unit_test(what_all_need_fails_all),
		cmocka_unit_test(a_commit_that_arrived_is_found),
		cmocka_unit_test(a_commit_that_was_lost_is_made_again),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name("service/write_joint", tests, parts_start, parts_stop);
}

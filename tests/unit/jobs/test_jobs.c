/*
 * The jobs' thread, and the jobs: expired overrides get their end on record, once, whoever looks
 * first; answers kept under an Idempotency-Key are deleted after their lifetime.
 */
#include "service/decisions.h"

#include <pthread.h>

#include "jobs/jobs.h"

/* ---- overrides that have expired ---- */

static struct override_row read_back(const struct uuid *workspace, const struct uuid *id)
{
	static struct caller caller;
	struct override_row row;
	int64_t revision;

	caller_begin(&caller, workspace);
	assert_ok(override_get(&caller.call, id, &row, &revision));
	/* Of the texts only the end is looked at, as a copy that lasts. */
	row.end_reason = str_is(row.end_reason, "expired") ? STR("expired") : STR_NONE;
	row.ended_by = str_is(row.ended_by, "system") ? STR("system") : STR_NONE;
	caller_end(&caller);
	return row;
}

static int64_t head_of(const struct uuid *workspace)
{
	return fixture_head(workspace).revision;
}

static void expiry_is_recorded_in_one_revision(void **state)
{
	struct uuid workspace = new_workspace("expiry"), other = new_workspace("expiry-other");
	struct uuid item = put_item(&workspace, "1", "open");
	struct uuid others = put_item(&other, "1", "open");
	struct override_input input = input_of("exclude", &item);
	struct uuid first = make_override(&workspace, &input);
	struct uuid second = make_override(&workspace, &input), later, elsewhere;
	struct override_row row;
	struct audit_record *records;
	struct caller caller;
	int64_t before;
	struct head head;
	size_t count;

	(void)state;
	input.expires_us += DAY_US;
	later = make_override(&workspace, &input);
	input = input_of("defer", &others);
	elsewhere = make_override(&other, &input);
	before = head_of(&workspace);

	/* Nothing is due: nothing is written. */
	assert_ok(job_override_expiry(&service));
	assert_int_equal(head_of(&workspace), before);
	fixture.now_us = input.expires_us - 1;
	assert_ok(job_override_expiry(&service));
	assert_int_equal(head_of(&workspace), before);

	fixture.now_us = input.expires_us;
	assert_ok(job_override_expiry(&service));
	assert_int_equal(head_of(&workspace), before + 1);
	row = read_back(&workspace, &first);
	assert_int_equal(row.ended_revision, before + 1);
	assert_int_equal(row.ended_us, fixture.now_us);
	assert_true(str_is(row.end_reason, "expired"));
	assert_true(str_is(row.ended_by, "system"));
	assert_int_equal(read_back(&workspace, &second).ended_revision, before + 1);
	assert_int_equal(read_back(&workspace, &later).ended_revision, 0);
	assert_true(read_back(&other, &elsewhere).ended_revision > 0);

	/* Another daemon comes too late. */
	assert_ok(job_override_expiry(&service));
	assert_int_equal(head_of(&workspace), before + 1);

	caller_begin(&caller, &workspace);
	assert_ok(audit_page(&caller.call, before, 1, NULL, &records, &count, &head));
	assert_true(str_is(records[0].action, "override.expire"));
	assert_true(str_is(records[0].actor, "system"));
	assert_true(str_is(records[0].detail, "{\"count\":2}"));
	caller_end(&caller);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

/* Several at once: one of them writes, none fails. */
static void *expire_too(void *self)
{
	struct service own = service;
	enum error *error = self;

	*error = job_override_expiry(&own);
	return NULL;
}

static void daemons_do_not_get_in_each_others_way(void **state)
{
	enum { DAEMONS = 3 };
	struct uuid workspace = new_workspace("expiry-shared");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);
	struct uuid id = make_override(&workspace, &input);
	enum error errors[DAEMONS];
	pthread_t threads[DAEMONS];
	int64_t before = head_of(&workspace);

	(void)state;
	fixture.now_us = input.expires_us;
	for (int i = 0; i < DAEMONS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, expire_too, &errors[i]), 0);
	for (int i = 0; i < DAEMONS; i++) {
		pthread_join(threads[i], NULL);
		assert_ok(errors[i]);
	}
	assert_int_equal(head_of(&workspace), before + 1);
	assert_int_equal(read_back(&workspace, &id).ended_revision, before + 1);
}

static enum error allow(void *self, const char *tag)
{
	(void)self;
	(void)tag;
	return ERR_OK;
}

/* Its overrides expire too, and nobody may write there: that must not keep the others waiting. */
static void a_removed_workspace_is_passed_over(void **state)
{
	struct uuid workspace = new_workspace("expiry-removed");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);
	const struct precondition any = {.check = allow};
	struct written written;
	struct caller caller;

	(void)state;
	make_override(&workspace, &input);
	caller_begin(&caller, &workspace);
	assert_ok(workspace_remove(&caller.call, &any, &written));
	caller_end(&caller);
	fixture.now_us = input.expires_us;
	assert_ok(job_override_expiry(&service));
}

/* What a round has seen to the end is not looked at again, but for what came late. */
static void a_round_begins_where_all_is_on_record(void **state)
{
	enum { LATE_S = 3600 };
	struct uuid workspace = new_workspace("expiry-rounds");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);
	struct uuid id = make_override(&workspace, &input);
	struct service own = service;

	(void)state;
	fixture.now_us = input.expires_us;
	own.expiry = (struct expiry_progress){.since_us = input.expires_us};
	assert_ok(job_override_expiry(&own));
	assert_int_equal(read_back(&workspace, &id).ended_revision, 0);
	assert_int_equal(own.expiry.since_us, input.expires_us);
	own.expiry = (struct expiry_progress){0};
	assert_ok(job_override_expiry(&own));
	assert_true(read_back(&workspace, &id).ended_revision > 0);
	assert_int_equal(own.expiry.since_us, fixture.now_us - LATE_S * (int64_t)US_PER_S);

	/* A round goes on behind where the turn before ended, and what failed there keeps the past open. */
	own.expiry.after = workspace;
	own.expiry.round_us = fixture.now_us;
	own.expiry.round_failed = true;
	fixture.now_us += DAY_US;
	assert_ok(job_override_expiry(&own));
	assert_int_equal(own.expiry.since_us, fixture.now_us - DAY_US - LATE_S * (int64_t)US_PER_S);
	assert_ok(job_override_expiry(&own));
	assert_int_equal(own.expiry.since_us, fixture.now_us - LATE_S * (int64_t)US_PER_S);
}

/* The lock of one is held by somebody else for longer than a write waits. */
static void one_that_fails_keeps_no_other_waiting(void **state)
{
	const struct store_config hasty = {.url = getenv("WINNOW_TEST_DATABASE_URL"),
		.connections = 1,
		.connect_timeout_s = 5,
		.statement_timeout_ms = 500,
		.acquire_timeout_ms = 30000};
	struct uuid workspaces[] = {new_workspace("stuck-a"), new_workspace("stuck-b")};
	struct uuid ids[2];
	struct service own = service;
	struct change change;
	struct tx *tx;

	(void)state;
	own.store = store_new(&hasty, service.clock);
	assert_non_null(own.store);
	for (int i = 0; i < 2; i++) {
		struct uuid item = put_item(&workspaces[i], "1", "open");
		struct override_input input = input_of("exclude", &item);

		ids[i] = make_override(&workspaces[i], &input);
		if (i > 0)
			fixture.now_us = input.expires_us;
	}
	own.expiry = (struct expiry_progress){.since_us = fixture.now_us - DAY_US};
	tx = fixture_change(&workspaces[0], &change);
	assert_true(job_override_expiry(&own) != ERR_OK);
	change_release(&change);
	tx_rollback(tx);
	assert_true(read_back(&workspaces[1], &ids[1]).ended_revision > 0);
	assert_int_equal(read_back(&workspaces[0], &ids[0]).ended_revision, 0);
	assert_int_equal(own.expiry.since_us, fixture.now_us - DAY_US);
	assert_ok(job_override_expiry(&own));
	store_free(own.store);
	assert_true(read_back(&workspaces[0], &ids[0]).ended_revision > 0);
}

static void without_a_database_it_fails_and_says_so(void **state)
{
	const struct store_config away = {.url = "host=/nonexistent dbname=none user=none",
		.connections = 1,
		.connect_timeout_s = 1,
		.statement_timeout_ms = 1000,
		.acquire_timeout_ms = 50};
	struct service broken = service;

	(void)state;
	broken.store = store_new(&away, &fixture_clock);
	assert_non_null(broken.store);
	assert_int_equal(job_override_expiry(&broken), ERR_DATABASE_AWAY);
	assert_int_equal(job_idempotency_sweep(&broken), ERR_DATABASE_AWAY);
	store_free(broken.store);
}

/* ---- answers kept under an Idempotency-Key ---- */

/* As many answers as that, each under a key of its own, kept until then. */
static void keep_answers(const struct uuid *workspace, int count, int64_t expires_us)
{
	struct kept_answer answer = {.expires_us = expires_us, .answer = STR("")};
	struct tx *tx;

	assert_ok(tx_begin(fixture.conn, workspace, &tx));
	for (int i = 0; i < count; i++) {
		assert_true(random_bytes(answer.key.bytes, sizeof answer.key.bytes));
		assert_ok(kept_answer_append(tx, workspace, &answer));
	}
	assert_ok(tx_commit(tx));
}

static int64_t kept_answers(void)
{
	return fixture_number(fixture.admin, "SELECT count(*) FROM winnow.idempotency_keys");
}

static void kept_answers_are_swept_when_they_expire(void **state)
{
	enum { MANY = 2500 }; /* more than one transaction takes */
	struct uuid workspace = new_workspace("keys"), other = new_workspace("keys-other");
	int64_t expires_us = fixture.now_us + DAY_US, before = head_of(&workspace);

	(void)state;
	keep_answers(&workspace, MANY, expires_us);
	keep_answers(&other, 3, expires_us);
	keep_answers(&other, 2, expires_us + 1);
	fixture.now_us = expires_us - 1;
	assert_ok(job_idempotency_sweep(&service));
	assert_int_equal(kept_answers(), MANY + 5);
	fixture.now_us = expires_us;
	assert_ok(job_idempotency_sweep(&service));
	assert_int_equal(kept_answers(), 2);
	fixture.now_us = expires_us + 1;
	assert_ok(job_idempotency_sweep(&service));
	assert_int_equal(kept_answers(), 0);
	/* It is no change of the workspace. */
	assert_int_equal(head_of(&workspace), before);
}

static void *sweep_too(void *self)
{
	enum error *error = self;

	*error = job_idempotency_sweep(&service);
	return NULL;
}

static void daemons_that_sweep_together_do_not_fail(void **state)
{
	enum { DAEMONS = 3, MANY = 3000 };
	struct uuid workspace = new_workspace("keys-shared");
	enum error errors[DAEMONS];
	pthread_t threads[DAEMONS];

	(void)state;
	keep_answers(&workspace, MANY, fixture.now_us);
	for (int i = 0; i < DAEMONS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sweep_too, &errors[i]), 0);
	for (int i = 0; i < DAEMONS; i++) {
		pthread_join(threads[i], NULL);
		assert_ok(errors[i]);
	}
	/* Whoever was not alone has left the rest for a later turn. */
	assert_ok(job_idempotency_sweep(&service));
	assert_int_equal(kept_answers(), 0);
}

static void sweeping_ends_with_the_daemon(void **state)
{
	struct uuid workspace = new_workspace("keys-draining");
	struct service draining = service;

	(void)state;
	keep_answers(&workspace, 1, fixture.now_us);
	draining.draining = 1;
	assert_ok(job_idempotency_sweep(&draining));
	assert_int_equal(kept_answers(), 1);
	assert_ok(job_idempotency_sweep(&service));
	assert_int_equal(kept_answers(), 0);
}

/* ---- the thread ---- */

static struct turns {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	int often, seldom;
} turns = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void turn(int *counter)
{
	pthread_mutex_lock(&turns.mutex);
	++*counter;
	pthread_cond_broadcast(&turns.moved);
	pthread_mutex_unlock(&turns.mutex);
}

static enum error run_often(struct service *own)
{
	(void)own;
	turn(&turns.often);
	return ERR_DATABASE_AWAY; /* a failure is no reason to stop */
}

static enum error run_seldom(struct service *own)
{
	(void)own;
	turn(&turns.seldom);
	return ERR_OK;
}

static const struct job jobs_of_the_test[] = {
	{"seldom", 3600000, run_seldom},
	{"often", 1, run_often},
};

/* Waits until a counter is there; the suite's time limit is the end of patience. */
static void await(const int *counter, int value)
{
	pthread_mutex_lock(&turns.mutex);
	while (*counter < value)
		pthread_cond_wait(&turns.moved, &turns.mutex);
	pthread_mutex_unlock(&turns.mutex);
}

static void each_job_has_its_own_pace(void **state)
{
	struct service own = {.clock = &fixture_clock};
	struct jobs *jobs;

	(void)state;
	turns.often = turns.seldom = 0;
	jobs = jobs_start(&own, jobs_of_the_test, 2, 0);
	assert_non_null(jobs);
	await(&turns.often, 20);
	jobs_stop(jobs); /* not after the hour that the other one waits */
	assert_int_equal(turns.seldom, 1);

	turns.seldom = 0;
	jobs = jobs_start(&own, jobs_of_the_test, 2, 1);
	assert_non_null(jobs);
	await(&turns.seldom, 20);
	jobs_stop(jobs);
	jobs_stop(NULL);
}

static void a_draining_daemon_begins_nothing(void **state)
{
	struct service own = {.clock = &fixture_clock, .draining = 1};
	struct jobs *jobs;

	(void)state;
	assert_false(jobs_may_go_on(&own));
	turns.often = turns.seldom = 0;
	jobs = jobs_start(&own, jobs_of_the_test, 2, 0);
	assert_non_null(jobs);
	jobs_stop(jobs);
	assert_int_equal(turns.often + turns.seldom, 0);
}

static void assert_whole(const struct job *table, size_t count)
{
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(table[i].name);
		assert_non_null(table[i].run);
		assert_true(table[i].every_ms >= 1000);
	}
}

static void every_job_of_the_tables_is_whole(void **state)
{
	(void)state;
	assert_whole(job_table, job_table_count);
	assert_whole(slow_job_table, slow_job_table_count);
	/* What ranks all that is in memory, or reads history of it, keeps none of the others waiting. */
	for (size_t i = 0; i < job_table_count; i++) {
		assert_true(job_table[i].run != job_shadow);
		assert_true(job_table[i].run != job_findings_history);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expiry_is_recorded_in_one_revision),
		cmocka_unit_test(daemons_do_not_get_in_each_others_way),
		cmocka_unit_test(a_removed_workspace_is_passed_over),
		cmocka_unit_test(a_round_begins_where_all_is_on_record),
		cmocka_unit_test(one_that_fails_keeps_no_other_waiting),
		cmocka_unit_test(without_a_database_it_fails_and_says_so),
		cmocka_unit_test(kept_answers_are_swept_when_they_expire),
		cmocka_unit_test(daemons_that_sweep_together_do_not_fail),
		cmocka_unit_test(sweeping_ends_with_the_daemon),
		cmocka_unit_test(each_job_has_its_own_pace),
		cmocka_unit_test(a_draining_daemon_begins_nothing),
		cmocka_unit_test(every_job_of_the_tables_is_whole),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name("jobs", tests, decisions_start, decisions_stop);
}

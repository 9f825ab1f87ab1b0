/*
 * Proposals by the clock: open to the last moment, gone at the next, recorded once; across months and leap
 * days. What a change is does not matter here, so the judge of these tests writes settings again.
 */
#include "service/decisions.h"

#include "jobs/jobs.h"
#include "service/proposals.h"

static enum error judge(void *self, struct write *write, const struct proposal_change *change,
	struct catalog *catalog, struct proposal_documents *out)
{
	(void)self;
	(void)write;
	*out = (struct proposal_documents){.result = "settings:workspace", .count = 1};
	out->documents[0] = (struct document){
		.kind = STR("settings"), .name = STR("workspace"), .body = catalog->settings_body};
	assert_true(str_is(change->body, "{}"));
	return ERR_OK;
}

static const struct proposal_judge by_settings = {judge, NULL};

static struct proposal propose(const struct uuid *workspace)
{
	const struct proposal_request request = {
		.change = {.change = APPROVE_SETTINGS, .name = STR(""), .body = STR("{}")},
		.effect = STR("{}"),
		.rationale = STR("A test's own reason."),
	};
	struct proposal proposal;
	struct written written;
	struct caller caller;

	caller_begin(&caller, workspace);
	assert_ok(proposal_create(&caller.call, &request, &by_settings, &proposal, &written));
	caller_end(&caller);
	/* Its texts are gone; what is looked at here are values. */
	return proposal;
}

static enum error approve(const struct uuid *workspace, const struct proposal *proposal,
	unsigned char token, enum actor_kind kind)
{
	const struct proposal_decision decision = {
		.id = proposal->row.id,
		.digest = proposal->row.digest,
		.rationale = STR("Looked at by a test."),
	};
	struct proposal out;
	struct written written;
	struct caller caller;
	enum error error;

	caller_begin(&caller, workspace);
	caller.principal.token_id = (struct uuid){{token}};
	caller.principal.actor_kind = kind;
	error = proposal_approve(&caller.call, &decision, &by_settings, &out, &written);
	caller_end(&caller);
	return error;
}

static enum proposal_state state_now(const struct uuid *workspace, const struct uuid *id)
{
	struct proposal proposal;
	struct catalog *catalog;
	struct caller caller;
	int64_t revision;

	caller_begin(&caller, workspace);
	assert_ok(proposal_get(&caller.call, id, &proposal, &catalog, &revision));
	catalog_unref(catalog);
	caller_end(&caller);
	return proposal.state;
}

static void test_open_to_the_last_moment(void **state)
{
	struct uuid workspace = new_workspace("moments");
	struct proposal first = propose(&workspace), second = propose(&workspace);

	(void)state;
	assert_int_equal(first.row.expires_us, first.row.made_us + PROPOSAL_DEFAULT_DAYS * DAY_US);
	fixture.now_us = first.row.expires_us - 1;
	assert_int_equal(state_now(&workspace, &first.row.id), PROPOSAL_OPEN);
	fixture.now_us = first.row.expires_us;
	assert_int_equal(state_now(&workspace, &first.row.id), PROPOSAL_EXPIRED);
	assert_int_equal(approve(&workspace, &first, 9, ACTOR_HUMAN), ERR_CONFLICT);
	fixture.now_us = second.row.expires_us - 1;
	assert_true(second.row.expires_us > first.row.expires_us ||
		    state_now(&workspace, &second.row.id) == PROPOSAL_OPEN);
}

static void test_fourteen_days_are_fourteen_days(void **state)
{
	/* Over a leap day, a year's end, and both changes of the clocks of Europe. */
	static const char *const made[] = {"2028-02-20T12:00:00Z", "2028-12-25T00:00:00Z",
		"2029-03-20T01:30:00Z", "2029-10-20T01:30:00Z"};
	static const char *const gone[] = {"2028-03-05T12:00:00Z", "2029-01-08T00:00:00Z",
		"2029-04-03T01:30:00Z", "2029-11-03T01:30:00Z"};
	struct uuid workspace = new_workspace("leap");

	(void)state;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		struct proposal proposal;
		int64_t until_us;

		assert_true(time_parse_rfc3339(str_from(made[i]), &fixture.now_us));
		assert_true(time_parse_rfc3339(str_from(gone[i]), &until_us));
		proposal = propose(&workspace);
		assert_int_equal(proposal.row.expires_us, until_us);
	}
}

static void test_the_job_records_it_once(void **state)
{
	struct uuid workspace = new_workspace("recorded-once");
	struct proposal proposal = propose(&workspace);
	struct audit_verdict before, after;

	(void)state;
	before = verify(&workspace);
	assert_ok(job_proposal_expiry(&service));
	assert_int_equal(verify(&workspace).head_revision, before.head_revision);
	fixture.now_us = proposal.row.expires_us;
	assert_ok(job_proposal_expiry(&service));
	assert_ok(job_proposal_expiry(&service));
	after = verify(&workspace);
	assert_int_equal(after.fault, AUDIT_OK);
	assert_int_equal(after.head_revision, before.head_revision + 1);
	assert_int_equal(state_now(&workspace, &proposal.row.id), PROPOSAL_EXPIRED);
}

/* Also below the routes, where the gate is asked again. */
static void test_only_somebody_else_applies_it(void **state)
{
	struct uuid workspace = new_workspace("somebody");
	struct proposal proposal = propose(&workspace);

	(void)state;
	assert_int_equal(approve(&workspace, &proposal, 9, ACTOR_AGENT), ERR_AGENT);
	assert_int_equal(approve(&workspace, &proposal, 7, ACTOR_HUMAN), ERR_SAME_PERSON);
	assert_int_equal(state_now(&workspace, &proposal.row.id), PROPOSAL_OPEN);
	assert_ok(approve(&workspace, &proposal, 9, ACTOR_HUMAN));
	assert_int_equal(state_now(&workspace, &proposal.row.id), PROPOSAL_APPLIED);
	assert_int_equal(approve(&workspace, &proposal, 10, ACTOR_HUMAN), ERR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_somebody_else_applies_it),
		cmocka_unit_test(test_open_to_the_last_moment),
		cmocka_unit_test(test_the_job_records_it_once),
		cmocka_unit_test(test_fourteen_days_are_fourteen_days),
	};

	return cmocka_run_group_tests(tests, decisions_start, decisions_stop);
}

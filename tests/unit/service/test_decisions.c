/*
 * Overrides, comparisons and kept rankings as use cases: what is judged, what is recorded, what the
 * log proves of it, and how overrides are found to have been right.
 */
#include "service/decisions.h"

#include "service/comparisons.h"
#include "service/rankings.h"

/* "#/rank #/expires_at": the places of all faults, in order. */
static void places(const struct diag *diag, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < diag->count; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "",
			diag->entries[i].pointer);
}

/* ---- making overrides ---- */

static void check_refused(
	const struct uuid *workspace, const struct override_input *input, const char *expected)
{
	struct override_row row;
	struct written written;
	struct caller caller;
	char got[512];

	caller_begin(&caller, workspace);
	assert_int_equal(override_create(&caller.call, input, &row, &written), ERR_INVALID);
	places(&caller.diag, got, sizeof got);
	assert_string_equal(got, expected);
	assert_false(written.changed);
	caller_end(&caller);
}

static void an_override_is_recorded(void **state)
{
	struct head head;
	struct uuid workspace = new_workspace("recorded");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("pin", &item);
	struct override_row row, got;
	struct audit_record *records;
	struct written written;
	struct caller caller;
	int64_t revision;
	size_t count;

	(void)state;
	input.rank = 3;
	input.candidates = 3;
	input.rank_before = 2;
	input.band_before = STR("ready");
	input.author_team = STR("payments");
	input.link = STR("https://example.com/42");
	caller_begin(&caller, &workspace);
	assert_ok(override_create(&caller.call, &input, &row, &written));
	assert_true(written.changed);
	assert_int_equal(row.revision, written.revision);
	assert_ok(override_get(&caller.call, &row.id, &got, &revision));
	assert_int_equal(revision, written.revision);
	assert_memory_equal(&got.item, &item, sizeof item);
	assert_true(str_is(got.kind, "pin"));
	assert_int_equal(got.rank, 3);
	assert_int_equal(got.rank_before, 2);
	assert_true(str_is(got.band_before, "ready"));
	assert_int_equal(got.model_version, 1);
	assert_int_equal(got.made_us, fixture.now_us);
	assert_int_equal(got.expires_us, input.expires_us);
	assert_true(str_is(got.author, "token:07000000-0000-0000-0000-000000000000"));
	assert_true(str_eq(got.justification, input.justification));
	assert_true(str_eq(got.link, input.link));
	assert_int_equal(override_state_of(&got, fixture.now_us), OVERRIDE_IN_FORCE);
	assert_int_equal(override_state_of(&got, got.expires_us - 1), OVERRIDE_IN_FORCE);
	assert_int_equal(override_state_of(&got, got.expires_us), OVERRIDE_EXPIRED);
	assert_int_equal(got.id.bytes[6] >> 4, 4); /* a random one */

	/* The record tells what was decided, and not a word of the text. */
	assert_ok(audit_page(&caller.call, written.revision - 1, 1, NULL, &records, &count, &head));
	assert_true(str_is(records[0].action, "override.create"));
	assert_int_equal(strncmp(records[0].subject.ptr, "override:", 9), 0);
	assert_null(memmem(
		records[0].detail.ptr, records[0].detail.len, "customer", strlen("customer")));
	assert_null(
		memmem(records[0].detail.ptr, records[0].detail.len, "example", strlen("example")));
	assert_non_null(memmem(records[0].detail.ptr, records[0].detail.len, "\"rank\":3", 8));
	caller_end(&caller);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

static void every_kind_has_what_it_needs(void **state)
{
	struct uuid workspace = new_workspace("kinds");
	struct uuid item = put_item(&workspace, "1", "open");
	struct uuid other = put_item(&workspace, "2", "in_progress");
	struct uuid done = put_item(&workspace, "3", "done");
	struct override_input input;

	(void)state;
	input = input_of("pin", &item);
	check_refused(&workspace, &input, "#/rank");
	input.rank = -1;
	check_refused(&workspace, &input, "#/rank");
	input.rank = 4;
	input.candidates = 3;
	check_refused(&workspace, &input, "#/rank");
	input.rank = 1;
	input.candidates = 0;
	check_refused(&workspace, &input, "#/rank");
	input.rank = 4;
	input.candidates = OVERRIDE_ANY_RANK;
	make_override(&workspace, &input);

	input = input_of("boost", &item);
	check_refused(&workspace, &input, "#/delta");
	input.delta = 0;
	check_refused(&workspace, &input, "#/delta");
	input.delta = INFINITY;
	check_refused(&workspace, &input, "#/delta");
	input.delta = -1.5;
	make_override(&workspace, &input);

	input = input_of("band", &item);
	check_refused(&workspace, &input, "#/band");
	input.band = STR("nowhere");
	check_refused(&workspace, &input, "#/band");
	input.band = STR("next_sprint");
	make_override(&workspace, &input);

	input = input_of("before", &item);
	check_refused(&workspace, &input, "#/target");
	input.has_target = true;
	input.target = item;
	check_refused(&workspace, &input, "#/target");
	input.target = done;
	check_refused(&workspace, &input, "#/target");
	input.target = (struct uuid){{1, 2, 3}};
	check_refused(&workspace, &input, "#/target");
	input.target = other;
	make_override(&workspace, &input);

	input = input_of("exclude", &item);
	make_override(&workspace, &input);
	input = input_of("defer", &item);
	make_override(&workspace, &input);
	input = input_of("promote", &item);
	check_refused(&workspace, &input, "#/kind");
}

static void all_faults_are_told_at_once(void **state)
{
	struct uuid workspace = new_workspace("faults");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);

	(void)state;
	input.rank = 1;
	input.delta = 2;
	input.band = STR("ready");
	input.has_target = true;
	input.target = item;
	input.expires_us = TIME_NONE;
	input.justification = STR("   because   ");
	input.link = STR("javascript:alert(1)");
	input.author_team = STR("");
	check_refused(&workspace, &input,
		"#/rank #/delta #/band #/target #/expires_at #/justification #/link #/author_team");
}

static void limits_are_exact(void **state)
{
	static char text[OVERRIDE_MAX_JUSTIFICATION + 2];
	struct uuid workspace = new_workspace("limits");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);

	(void)state;
	input.expires_us = fixture.now_us;
	check_refused(&workspace, &input, "#/expires_at");
	input.expires_us = fixture.now_us + 1;
	make_override(&workspace, &input);
	input.expires_us = fixture.now_us + 90 * DAY_US;
	make_override(&workspace, &input);
	input.expires_us++;
	check_refused(&workspace, &input, "#/expires_at");

	input = input_of("exclude", &item);
	input.justification = STR("\t ninechars \n");
	check_refused(&workspace, &input, "#/justification");
	/* Characters, not bytes. */
	input.justification =
		STR("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
	check_refused(&workspace, &input, "#/justification");
	input.justification = STR("ten chars!");
	make_override(&workspace, &input);
	memset(text, 'x', sizeof text);
	input.justification = (struct str){text, OVERRIDE_MAX_JUSTIFICATION};
	make_override(&workspace, &input);
	input.justification.len++;
	check_refused(&workspace, &input, "#/justification");
	input.justification = STR_NONE;
	check_refused(&workspace, &input, "#/justification");

	input = input_of("exclude", &item);
	memcpy(text, "https://", 8);
	input.link = (struct str){text, OVERRIDE_MAX_LINK};
	make_override(&workspace, &input);
	input.link.len++;
	check_refused(&workspace, &input, "#/link");
	input.link = STR("ftp://example.com/");
	check_refused(&workspace, &input, "#/link");
}

static void only_open_items_are_overridden(void **state)
{
	struct uuid workspace = new_workspace("open-items"), other = new_workspace("elsewhere");
	const struct {
		struct uuid item;
		enum error expected;
	} cases[] = {
		{put_item(&workspace, "1", "open"), ERR_OK},
		{put_item(&workspace, "2", "in_progress"), ERR_OK},
		{put_item(&workspace, "3", "done"), ERR_CONFLICT},
		{put_item(&workspace, "4", "dropped"), ERR_CONFLICT},
		{put_item(&other, "5", "open"), ERR_NOT_FOUND},
		{{{1, 2, 3}}, ERR_NOT_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct override_input input = input_of("exclude", &cases[i].item);
		struct override_row row;
		struct written written;
		struct caller caller;
		char got[64];

		caller_begin(&caller, &workspace);
		assert_int_equal(
			override_create(&caller.call, &input, &row, &written), cases[i].expected);
		places(&caller.diag, got, sizeof got);
		assert_string_equal(got, cases[i].expected ? "#" : "");
		caller_end(&caller);
	}
}

/* ---- ending them ---- */

static void an_override_is_revoked_once(void **state)
{
	struct uuid workspace = new_workspace("revoked");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);
	struct uuid id = make_override(&workspace, &input);
	struct uuid expiring = make_override(&workspace, &input), nobody = {{1}};
	struct override_row row;
	struct written written;
	struct caller caller;
	int64_t revision;

	(void)state;
	caller_begin(&caller, &workspace);
	assert_ok(override_revoke(&caller.call, &id, &row, &written));
	assert_int_equal(row.ended_revision, written.revision);
	assert_int_equal(override_state_of(&row, fixture.now_us), OVERRIDE_REVOKED);
	assert_ok(override_get(&caller.call, &id, &row, &revision));
	assert_int_equal(row.ended_revision, written.revision);
	assert_true(str_is(row.end_reason, "revoked"));
	assert_true(str_eq(row.ended_by, row.author));
	assert_int_equal(override_revoke(&caller.call, &id, &row, &written), ERR_CONFLICT);
	assert_int_equal(override_revoke(&caller.call, &nobody, &row, &written), ERR_NOT_FOUND);
	/* Expired, though nobody has recorded it. */
	fixture.now_us = input.expires_us;
	assert_int_equal(override_revoke(&caller.call, &expiring, &row, &written), ERR_CONFLICT);
	caller_end(&caller);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

static void the_list_knows_what_is_in_force(void **state)
{
	struct uuid workspace = new_workspace("listed");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("exclude", &item);
	struct override_filter filter = {.active = 1, .before_revision = INT64_MAX, .limit = 10};
	struct override_row *rows;
	struct caller caller;
	int64_t revision;
	size_t count;

	(void)state;
	make_override(&workspace, &input);
	input.expires_us = fixture.now_us + DAY_US;
	make_override(&workspace, &input);
	caller_begin(&caller, &workspace);
	assert_ok(override_list(&caller.call, &filter, &rows, &count, &revision));
	assert_int_equal(count, 2);
	fixture.now_us += DAY_US;
	assert_ok(override_list(&caller.call, &filter, &rows, &count, &revision));
	assert_int_equal(count, 1);
	filter.active = 0;
	assert_ok(override_list(&caller.call, &filter, &rows, &count, &revision));
	assert_int_equal(count, 1);
	filter.active = -1;
	assert_ok(override_list(&caller.call, &filter, &rows, &count, &revision));
	assert_int_equal(count, 2);
	assert_true(str_is(rows[0].justification, "The customer waits."));
	caller_end(&caller);
}

/* ---- how they proved ---- */

enum fate { UNTOUCHED, DONE, DROPPED, DONE_LATE, REVOKED, DONE_THEN_REVOKED };

static struct override_report report_of(struct caller *caller, int64_t from_us, int64_t to_us)
{
	const struct override_span span = {
		from_us, to_us, clock_now_us(caller->call.service->clock)};
	struct override_report report;

	assert_ok(override_report(&caller->call, &span, &report));
	return report;
}

static void revoke(const struct uuid *workspace, const struct uuid *id)
{
	struct override_row row;
	struct written written;
	struct caller caller;

	caller_begin(&caller, workspace);
	assert_ok(override_revoke(&caller.call, id, &row, &written));
	caller_end(&caller);
}

/* One override of an item of its own, and what became of both: at the end it has expired. */
static void live_through(const struct uuid *workspace, const struct override_input *wanted,
	const char *name, enum fate fate)
{
	struct override_input input = *wanted;
	struct uuid id;

	input.item = put_item(workspace, name, "open");
	input.expires_us = fixture.now_us + DAY_US;
	input.candidates = OVERRIDE_ANY_RANK;
	id = make_override(workspace, &input);
	fixture.now_us += DAY_US / 2;
	if (fate == DONE || fate == DONE_THEN_REVOKED)
		put_item(workspace, name, "done");
	if (fate == DROPPED)
		put_item(workspace, name, "dropped");
	if (fate == REVOKED || fate == DONE_THEN_REVOKED)
		revoke(workspace, &id);
	fixture.now_us += DAY_US / 2 + 1;
	if (fate == DONE_LATE)
		put_item(workspace, name, "done");
}

static void overrides_prove_right_or_wrong(void **state)
{
	static const struct {
		const char *kind;
		int64_t rank, rank_before;
		double delta;
		const char *band, *band_before;
		enum fate fate;
		char expected; /* right, wrong, withdrawn */
	} cases[] = {
		{"pin", 1, 5, NAN, NULL, NULL, DONE, 'r'},
		{"pin", 1, 5, NAN, NULL, NULL, DROPPED, 'w'},
		{"pin", 1, 0, NAN, NULL, NULL, UNTOUCHED, 'w'},
		{"pin", 1, 5, NAN, NULL, NULL, DONE_LATE, 'w'},
		{"pin", 1, 5, NAN, NULL, NULL, REVOKED, 'x'},
		{"pin", 1, 5, NAN, NULL, NULL, DONE_THEN_REVOKED, 'r'},
		{"pin", 9, 5, NAN, NULL, NULL, UNTOUCHED, 'r'},
		{"pin", 9, 5, NAN, NULL, NULL, DONE, 'w'},
		{"boost", 0, 0, 2, NULL, NULL, DONE, 'r'},
		{"boost", 0, 0, 2, NULL, NULL, UNTOUCHED, 'w'},
		{"boost", 0, 0, -2, NULL, NULL, UNTOUCHED, 'r'},
		{"boost", 0, 0, -2, NULL, NULL, DONE, 'w'},
		{"band", 0, 0, NAN, "next_sprint", "icebox", DONE, 'r'},
		{"band", 0, 0, NAN, "next_sprint", "icebox", UNTOUCHED, 'w'},
		{"band", 0, 0, NAN, "icebox", NULL, DONE, 'r'}, /* from none it is up */
		{"band", 0, 0, NAN, "icebox", "ready", DROPPED, 'r'},
		{"band", 0, 0, NAN, "icebox", "ready", DONE, 'w'},
		{"exclude", 0, 0, NAN, NULL, NULL, UNTOUCHED, 'r'},
		{"exclude", 0, 0, NAN, NULL, NULL, DROPPED, 'r'},
		{"exclude", 0, 0, NAN, NULL, NULL, DONE, 'w'},
		{"exclude", 0, 0, NAN, NULL, NULL, DONE_LATE, 'r'},
		{"defer", 0, 0, NAN, NULL, NULL, REVOKED, 'x'},
		{"defer", 0, 0, NAN, NULL, NULL, DONE_LATE, 'r'},
	};
	struct uuid workspace = new_workspace("proved");

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct override_input input = {.kind = str_from(cases[i].kind),
			.rank = cases[i].rank,
			.rank_before = cases[i].rank_before,
			.delta = cases[i].delta,
			.band = str_from(cases[i].band),
			.band_before = str_from(cases[i].band_before),
			.justification = STR("To be seen later.")};
		int64_t from_us = fixture.now_us;
		struct override_report report;
		struct caller caller;
		char name[16], got;

		snprintf(name, sizeof name, "item-%zu", i);
		live_through(&workspace, &input, name, cases[i].fate);
		caller_begin(&caller, &workspace);
		report = report_of(&caller, from_us, from_us + 1);
		assert_int_equal(report.all.total, 1);
		assert_int_equal(report.all.in_force, 0);
		assert_int_equal(report.all.open, 0);
		got = report.all.proved_right ? 'r' : report.all.proved_wrong ? 'w' : 'x';
		if (got != cases[i].expected)
			fail_msg("case %zu: %c", i, got);
		caller_end(&caller);
	}
}

static void the_report_counts_by_everything(void **state)
{
	struct uuid workspace = new_workspace("report");
	struct uuid item = put_item(&workspace, "1", "open");
	struct uuid soon = put_item(&workspace, "2", "open");
	struct override_input input = input_of("exclude", &item);
	int64_t from_us = fixture.now_us;
	struct override_report report;
	struct caller caller;

	(void)state;
	make_override(&workspace, &input);
	fixture.now_us++;
	input.author_team = STR("payments");
	make_override(&workspace, &input);
	input = input_of("boost", &soon);
	input.delta = 1;
	input.author_team = STR("billing");
	make_override(&workspace, &input);
	put_item(&workspace, "2", "done");

	caller_begin(&caller, &workspace);
	report = report_of(&caller, from_us, INT64_MAX);
	assert_int_equal(report.all.total, 3);
	assert_int_equal(report.all.in_force, 3);
	assert_int_equal(report.all.open, 2);
	assert_int_equal(report.all.proved_right, 1); /* known before its end */
	assert_int_equal(report.model_count, 1);
	assert_true(str_is(report.by_model[0].key, "1"));
	assert_int_equal(report.by_model[0].total, 3);
	assert_int_equal(report.team_count, 3);
	assert_null(report.by_team[0].key.ptr);
	assert_true(str_is(report.by_team[1].key, "billing"));
	assert_int_equal(report.by_team[1].proved_right, 1);
	assert_true(str_is(report.by_team[2].key, "payments"));
	assert_int_equal(report.kind_count, 2);
	assert_true(str_is(report.by_kind[0].key, "boost"));
	assert_true(str_is(report.by_kind[1].key, "exclude"));
	assert_int_equal(report.by_kind[1].total, 2);
	assert_int_equal(report_of(&caller, from_us + 1, INT64_MAX).all.total, 2);
	assert_int_equal(report_of(&caller, from_us, from_us + 1).all.total, 1);
	caller_end(&caller);
}

/* ---- comparisons ---- */

static void check_compared(const struct uuid *workspace, const struct comparison_input *input,
	enum error error, const char *faults)
{
	struct comparison_row row;
	struct written written;
	struct caller caller;
	char got[256];

	caller_begin(&caller, workspace);
	assert_int_equal(comparisons_create(&caller.call, input, 1, &row, &written), error);
	places(&caller.diag, got, sizeof got);
	assert_string_equal(got, faults);
	assert_int_equal(written.changed, error == ERR_OK);
	caller_end(&caller);
}

static struct comparison_input of_criteria(const char *more, const char *less, double ratio)
{
	return (struct comparison_input){.criteria = true,
		.before_name = str_from(more),
		.after_name = str_from(less),
		.ratio = ratio,
		.pointer = ""};
}

static void criteria_are_judged(const struct uuid *workspace)
{
	const double refused[] = {9.5, 0.5, NAN};
	struct comparison_input input = of_criteria("user_impact", "severity", 1);

	check_compared(workspace, &input, ERR_OK, "");
	input.ratio = 9;
	check_compared(workspace, &input, ERR_OK, "");
	for (int i = 0; i < 3; i++) {
		input.ratio = refused[i];
		check_compared(workspace, &input, ERR_INVALID, "#/criteria/ratio");
	}
	input = of_criteria("user_impact", "user_impact", 3);
	check_compared(workspace, &input, ERR_INVALID, "#/criteria/less");
	input = of_criteria("no_such_feature", "success_metric" /* text */, 3);
	check_compared(workspace, &input, ERR_INVALID, "#/criteria/more #/criteria/less");
}

static void items_are_judged(const struct uuid *workspace)
{
	const struct uuid nobody = {{1}}, nobody_else = {{2}};
	struct uuid a = put_item(workspace, "a", "open"), b = put_item(workspace, "b", "open");
	struct uuid done = put_item(workspace, "c", "done");
	struct comparison_input input = {.before = a, .after = b, .pointer = ""};

	check_compared(workspace, &input, ERR_OK, "");
	input.after = a;
	check_compared(workspace, &input, ERR_INVALID, "#/after");
	input.after = done;
	check_compared(workspace, &input, ERR_CONFLICT, "#/after");
	input.before = nobody;
	check_compared(workspace, &input, ERR_NOT_FOUND, "#/before #/after");
	input.after = nobody_else;
	check_compared(workspace, &input, ERR_NOT_FOUND, "#/before #/after");
}

static void comparisons_are_judged(void **state)
{
	struct uuid workspace = new_workspace("compared");
	struct comparison_filter filter = {
		.criteria = -1, .before_revision = INT64_MAX, .limit = 10};
	struct comparison_row *rows;
	struct caller caller;
	int64_t revision;
	size_t count;

	(void)state;
	criteria_are_judged(&workspace);
	items_are_judged(&workspace);
	caller_begin(&caller, &workspace);
	assert_ok(comparison_list(&caller.call, &filter, &rows, &count, &revision));
	assert_int_equal(count, 3);
	assert_null(rows[0].before_name.ptr);
	assert_true(rows[1].ratio == 9);
	assert_int_equal(revision, rows[0].revision);
	caller_end(&caller);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

/* One revision, or nothing. */
static void several_comparisons_are_one_change(void **state)
{
	struct uuid workspace = new_workspace("several");
	struct uuid a = put_item(&workspace, "a", "open"), b = put_item(&workspace, "b", "open");
	struct comparison_input inputs[] = {
		{.before = a, .after = b, .pointer = "/comparisons/0"},
		of_criteria("user_impact", "severity", 2),
		{.before = b, .after = a, .pointer = "/comparisons/2"},
	};
	struct comparison_row rows[3];
	struct written written;
	struct caller caller;
	char got[256];

	(void)state;
	inputs[1].pointer = "/comparisons/1";
	caller_begin(&caller, &workspace);
	assert_ok(comparisons_create(&caller.call, inputs, 3, rows, &written));
	for (int i = 0; i < 3; i++)
		assert_int_equal(rows[i].revision, written.revision);
	inputs[1].ratio = 0;
	inputs[2].after = b;
	assert_int_equal(comparisons_create(&caller.call, inputs, 3, rows, &written), ERR_INVALID);
	places(&caller.diag, got, sizeof got);
	assert_string_equal(got, "#/comparisons/1/criteria/ratio #/comparisons/2/after");
	assert_false(written.changed);
	caller_end(&caller);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

/* ---- kept rankings ---- */

static void give_entries(void *self, size_t first, size_t count, struct ranked_item *out)
{
	size_t *next = self;

	assert_true(first == *next || first == 1);
	assert_true(count <= RANKING_CHUNK_ITEMS);
	*next = first + count;
	for (size_t i = 0; i < count; i++) {
		uint64_t rank = first + i;

		out[i] = (struct ranked_item){.score = (double)rank, .band = 1};
		memcpy(out[i].id.bytes, &rank, sizeof rank);
	}
}

static void a_ranking_is_kept_once(void **state)
{
	enum { TOTAL = 2345 };
	struct uuid workspace = new_workspace("kept");
	size_t next = 1;
	struct ranking_content content = {.id = STR("1.28333334"),
		.receipt = {.revision = 1, .model = 1, .engine = "1", .item_count = TOTAL},
		.note = STR("Planning of the week"),
		.entries = give_entries,
		.self = &next};
	const struct ranking_range last = {STR("1.28333334"), TOTAL, 10};
	const struct ranking_range missing = {STR("1.1"), 1, 10};
	struct ranking_row row, *rows;
	struct ranked_item *items;
	struct written written;
	struct caller caller;
	int64_t revision;
	size_t count;
	bool created;

	(void)state;
	caller_begin(&caller, &workspace);
	assert_ok(ranking_keep(&caller.call, &content, &row, &created, &written));
	assert_true(created);
	assert_true(written.changed);
	assert_int_equal(next, TOTAL + 1);
	content.note = STR("Another note");
	assert_ok(ranking_keep(&caller.call, &content, &row, &created, &written));
	assert_false(created);
	assert_false(written.changed);
	assert_true(str_is(row.note, "Planning of the week"));
	assert_int_equal(row.revision, written.revision);
	content.receipt.order.bytes[0] ^= 1;
	assert_int_equal(
		ranking_keep(&caller.call, &content, &row, &created, &written), ERR_CONFLICT);

	assert_ok(ranking_page(&caller.call, &last, &row, &items, &count, &revision));
	assert_int_equal(count, 1);
	assert_true(items[0].score == TOTAL);
	assert_int_equal(row.receipt.item_count, TOTAL);
	assert_int_equal(ranking_page(&caller.call, &missing, &row, &items, &count, &revision),
		ERR_NOT_FOUND);
	assert_int_equal(ranking_get(&caller.call, STR("1.1"), &row, &revision), ERR_NOT_FOUND);
	assert_ok(ranking_list(&caller.call, INT64_MAX, 10, &rows, &count, &revision));
	assert_int_equal(count, 1);
	caller_end(&caller);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

static void an_empty_ranking_can_be_kept(void **state)
{
	struct uuid workspace = new_workspace("kept-empty");
	const struct ranking_content content = {.id = STR("1.1"),
		.receipt = {.revision = 1, .model = 1, .engine = "1"},
		.entries = give_entries};
	struct ranking_row row;
	struct written written;
	struct caller caller;
	bool created;

	(void)state;
	caller_begin(&caller, &workspace);
	assert_ok(ranking_keep(&caller.call, &content, &row, &created, &written));
	assert_true(created);
	caller_end(&caller);
}

/* Two whose rows are more than an export holds at once: it comes in parts, none of them empty. */
static void large_rankings_are_exported_in_parts(void **state)
{
	static const char *const ids[] = {"1.1", "1.2"};
	struct uuid workspace = new_workspace("kept-large");
	size_t next = 1;
	struct ranking_content content = {
		.receipt = {.revision = 1, .model = 1, .engine = "1", .item_count = 700000},
		.entries = give_entries,
		.self = &next};
	struct ranking_row row;
	struct written written;
	struct caller caller;
	int64_t last = 0, head = 1;
	size_t parts = 0;
	bool created;

	(void)state;
	caller_begin(&caller, &workspace);
	for (int i = 0; i < 2; i++) {
		content.id = str_from(ids[i]);
		next = 1;
		assert_ok(ranking_keep(&caller.call, &content, &row, &created, &written));
	}
	while (last < head) {
		struct buf out = BUF_INIT;
		int64_t before = last;

		assert_ok(audit_export(&caller.call, before, 100, &out, &last, &head));
		assert_true(last > before);
		assert_true(out.len > 0);
		buf_release(&out);
		parts++;
	}
	assert_int_equal(head, 3);
	assert_true(parts > 1);
	caller_end(&caller);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);
}

/* ---- the log vouches for all of it ---- */

/* Behind the log's back, with the triggers off; the other way round again afterwards. */
static void tamper(const char *sql)
{
	fixture_do(fixture.admin, "SET session_replication_role = replica");
	fixture_do(fixture.admin, sql);
	fixture_do(fixture.admin, "SET session_replication_role = DEFAULT");
}

static void a_changed_row_is_found(void **state)
{
	static const struct {
		const char *change, *back;
		enum audit_fault fault;
		int64_t revision;
	} cases[] = {
		{"UPDATE winnow.overrides SET rank = 2", "UPDATE winnow.overrides SET rank = 1",
			AUDIT_ROWS, 3},
		{"UPDATE winnow.overrides SET author_team = 'x'",
			"UPDATE winnow.overrides SET author_team = NULL", AUDIT_ROWS, 3},
		{"UPDATE winnow.override_ends SET reason = 'expired'",
			"UPDATE winnow.override_ends SET reason = 'revoked'", AUDIT_ROWS, 4},
		{"UPDATE winnow.override_ends SET revision = 99",
			"UPDATE winnow.override_ends SET revision = 4", AUDIT_ROWS, 4},
		{"UPDATE winnow.comparisons SET ratio = 3",
			"UPDATE winnow.comparisons SET ratio = 2", AUDIT_ROWS, 5},
		{"UPDATE winnow.rankings SET item_count = 1",
			"UPDATE winnow.rankings SET item_count = 2", AUDIT_ROWS, 6},
		{"UPDATE winnow.ranking_chunks SET entries = set_byte(entries, 25, 1)",
			"UPDATE winnow.ranking_chunks SET entries = set_byte(entries, 25, 0)",
			AUDIT_ROWS, 6},
		{"UPDATE winnow.item_texts SET notes = replace(notes, 'customer', 'nobody')",
			"UPDATE winnow.item_texts SET notes = replace(notes, 'nobody', 'customer')",
			AUDIT_TEXT, 0},
		{"UPDATE winnow.item_texts SET notes = replace(notes, 'weekly', 'daily')",
			"UPDATE winnow.item_texts SET notes = replace(notes, 'daily', 'weekly')",
			AUDIT_TEXT, 0},
	};
	struct uuid workspace = new_workspace("tampered");
	struct uuid item = put_item(&workspace, "1", "open");
	struct override_input input = input_of("pin", &item);
	struct comparison_input comparison = {.criteria = true,
		.before_name = STR("user_impact"),
		.after_name = STR("effort"),
		.ratio = 2,
		.pointer = ""};
	size_t next = 1;
	const struct ranking_content content = {.id = STR("1.1"),
		.receipt = {.revision = 1, .model = 1, .engine = "1", .item_count = 2},
		.note = STR("The weekly one"),
		.entries = give_entries,
		.self = &next};
	struct ranking_row row;
	struct written written;
	struct caller caller;
	struct uuid id;
	bool created;
	char scope[128], uuid[UUID_TEXT_SIZE];

	(void)state;
	input.rank = 1;
	id = make_override(&workspace, &input);
	revoke(&workspace, &id);
	check_compared(&workspace, &comparison, ERR_OK, "");
	caller_begin(&caller, &workspace);
	assert_ok(ranking_keep(&caller.call, &content, &row, &created, &written));
	caller_end(&caller);
	assert_int_equal(written.revision, 6);
	assert_int_equal(verify(&workspace).fault, AUDIT_OK);

	snprintf(scope, sizeof scope, " WHERE workspace_id = '%s'", uuid_to_text(&workspace, uuid));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct audit_verdict verdict;
		char sql[512];

		snprintf(sql, sizeof sql, "%s%s", cases[i].change, scope);
		tamper(sql);
		verdict = verify(&workspace);
		if (verdict.fault != cases[i].fault || verdict.revision != cases[i].revision)
			fail_msg("%s: %s, revision %lld", cases[i].change,
				audit_fault_text(verdict.fault), (long long)verdict.revision);
		snprintf(sql, sizeof sql, "%s%s", cases[i].back, scope);
		tamper(sql);
		assert_int_equal(verify(&workspace).fault, AUDIT_OK);
	}
	/* A text that is empty though nobody has erased it. */
	fixture_do(fixture.admin, "UPDATE winnow.item_texts SET notes = NULL "
				  "WHERE notes LIKE '%weekly%'");
	assert_int_equal(verify(&workspace).fault, AUDIT_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_override_is_recorded),
		cmocka_unit_test(every_kind_has_what_it_needs),
		cmocka_unit_test(all_faults_are_told_at_once),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(only_open_items_are_overridden),
		cmocka_unit_test(an_override_is_revoked_once),
		cmocka_unit_test(the_list_knows_what_is_in_force),
		cmocka_unit_test(overrides_prove_right_or_wrong),
		cmocka_unit_test(the_report_counts_by_everything),
		cmocka_unit_test(comparisons_are_judged),
		cmocka_unit_test(several_comparisons_are_one_change),
		cmocka_unit_test(a_ranking_is_kept_once),
		cmocka_unit_test(an_empty_ranking_can_be_kept),
		cmocka_unit_test(large_rankings_are_exported_in_parts),
		cmocka_unit_test(a_changed_row_is_found),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name(
		"service/decisions", tests, decisions_start, decisions_stop);
}

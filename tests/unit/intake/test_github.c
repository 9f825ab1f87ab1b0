/*
 * GitHub: pages, single issues and `issues` events become items; all else is refused by name.
 */
#include "intake/intake_support.h"

#include "base/out_of_memory.h"

static void test_page(void **state)
{
	static const char *const bands[] = {"ready", "ready", "ready", "icebox", "ready"};
	struct intake intake;

	(void)state;
	intake_begin(&intake, "github", NULL);
	assert_int_equal(
		intake_run(&intake, fixture("github/issues_page.json"), NULL, NULL), ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 5);
	assert_int_equal(intake.result.skipped, 1);
	assert_string_equal(intake.result.skipped_why, "pull requests are not items");

	assert_text(&intake, 0, "source", "github");
	assert_text(&intake, 0, "external_id", "tidewater-labs/harbor#412");
	assert_text(&intake, 0, "source_version", "2026-10-11T16:40:21Z");
	assert_text(&intake, 0, "updated_at", "2026-10-11T16:40:21Z");
	assert_text(&intake, 0, "created_at", "2026-09-02T08:15:00Z");
	assert_text(&intake, 0, "title", "Summaries drop the last paragraph of long contracts");
	assert_non_null(strstr(item_text(&intake, 0, "body"), "„Vertrag“"));
	assert_text(&intake, 0, "url", "https://github.com/tidewater-labs/harbor/issues/412");
	assert_text(&intake, 0, "assignee", "jun-park");
	assert_text(&intake, 0, "reporter", "mira-okafor");
	assert_text(&intake, 0, "due_at", "2026-11-30T08:00:00Z");
	assert_text(&intake, 0, "status", "open");
	assert_text(&intake, 0, "stream", "model_quality");
	assert_text(&intake, 0, "kind", "bug");
	assert_int_equal(json_array_size(json_object_get(intake_item(&intake, 0), "labels")), 3);
	assert_points(&intake, 0, "user_impact", 3);
	assert_points(&intake, 0, "cost_of_delay", 3);
	assert_points(&intake, 0, "demand", 36);
	assert_string_equal(json_string_value(item_feature(&intake, 0, "severity")), "sev1");
	assert_null(item_feature(&intake, 0, "fix_confidence"));

	assert_text(&intake, 1, "stream", "feature_request");
	assert_points(&intake, 1, "user_impact", 2);
	assert_points(&intake, 1, "cost_of_delay", 2);
	assert_null_member(&intake, 2, "body");
	assert_null_member(&intake, 2, "assignee");
	assert_null_member(&intake, 2, "due_at");
	assert_points(&intake, 2, "fix_confidence", 3);
	assert_points(&intake, 2, "reversibility", 3);
	assert_text(&intake, 3, "status", "done");
	assert_text(&intake, 4, "status", "dropped");
	for (size_t i = 0; i < 5; i++) {
		bool candidate;
		const char *band = item_band(&intake, i, &candidate);

		assert_int_equal(candidate, i < 3);
		assert_string_equal(band, i == 4 ? "icebox" : bands[i]);
	}
	intake_end(&intake);
}

static void test_single_and_source(void **state)
{
	json_t *page = fixture("github/issues_page.json");
	json_t *issue = json_incref(json_array_get(page, 1));
	struct intake intake;

	(void)state;
	json_decref(page);
	intake_begin(&intake, "github", NULL);
	assert_int_equal(intake_run(&intake, issue, NULL, "github-emea"), ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 1);
	assert_text(&intake, 0, "source", "github-emea");
	assert_text(&intake, 0, "external_id", "tidewater-labs/harbor#413");
	assert_int_equal(intake_run(&intake, json_array(), NULL, NULL), ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 0);
	intake_end(&intake);
}

static void test_events(void **state)
{
	struct intake intake;

	(void)state;
	intake_begin(&intake, "github", NULL);
	assert_int_equal(
		intake_run(&intake, fixture("github/issues_opened.json"), "issues", NULL), ERR_OK);
	assert_text(&intake, 0, "external_id", "tidewater-labs/harbor#412");
	assert_text(&intake, 0, "status", "open");
	assert_int_equal(
		intake_run(&intake, fixture("github/issues_deleted.json"), NULL, NULL), ERR_OK);
	assert_text(&intake, 0, "status", "dropped");
	assert_int_equal(
		intake_run(&intake, fixture("github/issues_transferred.json"), "issues", NULL),
		ERR_OK);
	assert_text(&intake, 0, "status", "dropped");
	assert_text(&intake, 0, "external_id", "tidewater-labs/harbor#412");
	intake_end(&intake);
}

/* What only the removed label said is taken back; what something else says too stays. */
static void test_unlabeled(void **state)
{
	struct intake intake;
	const json_t *features;

	(void)state;
	intake_begin(&intake, "github", NULL);
	assert_int_equal(
		intake_run(&intake, fixture("github/issues_unlabeled.json"), "issues", NULL),
		ERR_OK);
	features = json_object_get(intake_item(&intake, 0), "features");
	assert_true(json_is_null(json_object_get(features, "severity")));
	assert_points(&intake, 0, "user_impact", 3); /* 14 reactions */
	assert_points(&intake, 0, "cost_of_delay", 2);
	assert_null(json_object_get(features, "fix_confidence"));
	assert_null_member(&intake, 0, "assignee");
	assert_null_member(&intake, 0, "due_at");
	intake_end(&intake);
}

static void test_other_events(void **state)
{
	static const struct {
		const char *file, *event, *named;
	} events[] = {
		{"github/code_scanning_alert.json", NULL, "\"code_scanning_alert\""},
		{"github/code_scanning_alert.json", "code_scanning_alert",
			"\"code_scanning_alert\""},
		{"github/issue_comment.json", NULL, "\"issue_comment\""},
		{"github/issue_comment.json", "issue_comment", "\"issue_comment\""},
		{"github/ping.json", NULL, "\"ping\""},
		{"github/issues_opened.json", "pull_request_review", "\"pull_request_review\""},
	};
	static const struct {
		const char *payload, *named;
	} shapes[] = {
		{"{'action':'created','alert':{'secret_type':'x'},'sender':{}}",
			"secret_scanning_alert"},
		{"{'action':'created','alert':{'security_advisory':{}},'sender':{}}",
			"dependabot_alert"},
		{"{'action':'create','alert':{'affected_range':'<1'},'sender':{}}",
			"repository_vulnerability_alert"},
		{"{'action':'created','alert':{}}", "\"alert\""},
		{"{'action':'opened','pull_request':{},'sender':{}}", "\"pull_request\""},
		{"{'ref':'refs/heads/main','commits':[],'sender':{}}", "\"push\""},
		{"{'action':'created','label':{},'sender':{}}", "\"label\""},
		{"{'action':'created','star':{},'sender':{}}", "without an issue"},
	};
	struct intake intake;

	(void)state;
	intake_begin(&intake, "github", NULL);
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		assert_int_equal(
			intake_run(&intake, fixture(events[i].file), events[i].event, NULL),
			ERR_NOT_AN_ITEM_EVENT);
		assert_fault(&intake.scratch.diag, "#", events[i].named);
	}
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		assert_int_equal(intake_run(&intake, json_of(shapes[i].payload), NULL, NULL),
			ERR_NOT_AN_ITEM_EVENT);
		assert_fault(&intake.scratch.diag, "#", shapes[i].named);
	}
	intake_end(&intake);
}

#define ISSUE "'number':3,'title':'t','url':'u'"

static void test_refused(void **state)
{
	static const struct {
		const char *payload, *pointer, *part;
	} refused[] = {
		{"7", "#", "not a GitHub issue"},
		{"{}", "#", "not a GitHub issue"},
		{"[7]", "#", "not a GitHub issue"},
		/* GitLab's webhook, Jira's webhook, Alertmanager's. */
		{"{'object_kind':'issue','object_attributes':{'iid':3,'title':'t'},'repository':{}"
		 "}",
			"#", "not a GitHub issue"},
		{"{'webhookEvent':'jira:issue_updated','issue':{'key':'A-1','fields':{}}}", "#",
			"not a GitHub issue"},
		{"{'version':'4','alerts':[]}", "#", "not a GitHub issue"},
		{"[{'iid':3,'title':'t','web_url':'u'}]", "#", "not a GitHub issue"},
		{"[{" ISSUE ",'repository_url':'https://x/repos/a/b'},{'iid':3}]", "#/1",
			"not a GitHub issue"},
		{"{" ISSUE "}", "#", "which repository"},
		{"[{" ISSUE ",'repository_url':'https://x/repos/a/b'},{" ISSUE "}]", "#/1",
			"which repository"},
		{"{'action':'opened','issue':{" ISSUE "},'sender':{}}", "#/issue",
			"which repository"},
	};
	struct intake intake;

	(void)state;
	intake_begin(&intake, "github", NULL);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		assert_int_equal(
			intake_run(&intake, json_of(refused[i].payload), NULL, NULL), ERR_INVALID);
		assert_fault(&intake.scratch.diag, refused[i].pointer, refused[i].part);
	}
	intake_end(&intake);
}

static void test_repository(void **state)
{
	static const struct {
		const char *payload, *external_id;
	} issues[] = {
		{"{'number':3,'title':'t','url':'u',"
		 "'repository_url':'https://git.example/api/v3/repos/a/b'}",
			"a/b#3"},
		{"{'number':3,'title':'t','html_url':'https://git.example/a/b/issues/3'}", "a/b#3"},
		{"{'number':3,'title':'t','url':'https://api.github.com/repos/a/b/issues/3'}",
			"a/b#3"},
		{"{'action':'opened','issue':{'number':3,'title':'t','url':'u',"
		 "'repository_url':'https://x/repos/c/d'},'repository':{'full_name':'a/b'},"
		 "'sender':{}}",
			"a/b#3"},
	};
	struct intake intake;

	(void)state;
	intake_begin(&intake, "github", NULL);
	for (size_t i = 0; i < sizeof issues / sizeof issues[0]; i++) {
		assert_int_equal(
			intake_run(&intake, json_of(issues[i].payload), NULL, NULL), ERR_OK);
		assert_text(&intake, 0, "external_id", issues[i].external_id);
	}
	intake_end(&intake);
}

/* What the tracker sent goes to the item's checks as it is: a format weakens none. */
static void test_passed_on(void **state)
{
	static const char payload[] =
		"{'number':3,'title':7,'body':{},'html_url':'javascript:alert(1)','state':'frozen',"
		"'repository_url':'https://x/repos/a/b','labels':['plain',{'name':'named'},8],"
		"'updated_at':12}";
	struct intake intake;
	struct item_input input;
	struct diag *diag;

	(void)state;
	intake_begin(&intake, "github", NULL);
	assert_int_equal(intake_run(&intake, json_of(payload), NULL, NULL), ERR_OK);
	diag = &intake.scratch.diag;
	assert_int_equal(item_input_parse(intake_item(&intake, 0), ITEM_PARSE_UPSERT,
				 intake.catalog, "", &intake.scratch.arena, diag, &input),
		ERR_INVALID);
	assert_fault(diag, "#/title", "string");
	assert_fault(diag, "#/body", "string");
	assert_fault(diag, "#/url", "http");
	assert_fault(diag, "#/status", "frozen");
	assert_fault(diag, "#/labels/2", "string");
	assert_fault(diag, "#/updated_at", "time");
	intake_end(&intake);
}

/* ---- the mapping's rules, by way of labels ---- */

static const char *team_by(const char *pattern, const char *label)
{
	static char team[64];
	json_t *mapping = json_pack("{s:s, s:[{s:s, s:{s:s}}]}", "stream", "incident", "rules",
		"label", pattern, "set", "team", "hit");
	json_t *labels = json_pack("[s]", label);
	json_t *item = json_object();
	const char *hit;

	assert_true(mapping_apply(mapping, labels, NULL, 0, item));
	hit = json_string_value(json_object_get(item, "team"));
	snprintf(team, sizeof team, "%s", hit ? hit : "");
	json_decref(mapping);
	json_decref(labels);
	json_decref(item);
	return team;
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *label;
		bool hit;
	} cases[] = {
		{"bug", "bug", true},
		{"bug", "Bug", true},
		{"BUG", "bug", true},
		{"bug", "bugs", false},
		{"bug", "a bug", false},
		{"*", "", true},
		{"*", "anything", true},
		{"sev*1", "sev1", true},
		{"sev*1", "Severity: 1", true},
		{"sev*1", "sev2", false},
		{"sev*1", "sev1x", false},
		{"*bug", "type: bug", true},
		{"bug*", "bugfix", true},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "acb", false},
		{"a*bc", "abcbc", true},
		{"ab*ba", "aba", false},
		{"ab*ba", "abba", true},
		{"**x**", "x", true},
		{"*a*a*", "a", false},
		{"prio/*", "PRIO/high", true},
		{"\xc3\x84*", "\xc3\x84rger", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *team = team_by(cases[i].pattern, cases[i].label);

		if ((team[0] != '\0') != cases[i].hit)
			fail_msg("%s against %s", cases[i].pattern, cases[i].label);
	}
}

/* A pattern and labels that make backtracking matchers explode: done at once, or the suite's time
 * limit ends it. */
static void test_hard_pattern(void **state)
{
	char pattern[256], label[100001];

	(void)state;
	for (size_t i = 0; i < 254; i++)
		pattern[i] = i % 2 ? '*' : 'a';
	pattern[254] = 'b';
	pattern[255] = '\0';
	memset(label, 'a', sizeof label - 1);
	label[sizeof label - 1] = '\0';
	for (int i = 0; i < 100; i++)
		assert_string_equal(team_by(pattern, label), "");
}

static void test_precedence(void **state)
{
	static const char mapping[] =
		"{'stream':'incident','kind':'task','rules':["
		"{'label':['x','y'],'set':{'features':{'user_impact':3}}},"
		"{'label_prefix':'Area/','set':{'team':'maps','features':{'user_impact':2,"
		"'effort':{'value':4,'evidence':'measured'}}}},"
		"{'set':{'kind':'spike'}}],"
		"'thresholds':[{'signal':'comments','feature':'user_impact','steps':"
		"[{'at_least':0,'value':1}]},"
		"{'signal':'comments','feature':'cost_of_delay','steps':[{'at_least':9,'value':3}]}"
		","
		"{'signal':'reactions','feature':'cost_of_delay','steps':[{'at_least':4,'value':2}]"
		","
		"'else':1},{'signal':'reactions','feature':'demand'}]}";
	const struct intake_signal signals[] = {{"comments", 9}, {"reactions", 3}};
	json_t *rules = json_of(mapping), *item = json_object(), *features;
	json_t *labels = json_of("['area/maps',7,'Y']");

	(void)state;
	assert_true(mapping_apply(rules, labels, signals, 2, item));
	features = json_object_get(item, "features");
	assert_string_equal(json_string_value(json_object_get(item, "team")), "maps");
	assert_string_equal(json_string_value(json_object_get(item, "kind")), "spike");
	assert_string_equal(json_string_value(json_object_get(item, "stream")), "incident");
#define VALUE(name) json_number_value(json_object_get(json_object_get(features, name), "value"))
#define EVIDENCE(name)                                                                             \
	json_string_value(json_object_get(json_object_get(features, name), "evidence"))
	assert_true(VALUE("user_impact") == 3);
	assert_string_equal(EVIDENCE("user_impact"), "asserted");
	assert_true(VALUE("effort") == 4);
	assert_string_equal(EVIDENCE("effort"), "measured");
	assert_true(VALUE("cost_of_delay") == 3);
	assert_string_equal(EVIDENCE("cost_of_delay"), "estimated");
	assert_true(VALUE("demand") == 3);
	assert_string_equal(EVIDENCE("demand"), "measured");

	/* Without the signals: only what "else" says. */
	json_object_clear(item);
	assert_true(mapping_apply(rules, NULL, NULL, 0, item));
	features = json_object_get(item, "features");
	assert_int_equal(json_object_size(features), 1);
	assert_true(VALUE("cost_of_delay") == 1);
	json_decref(rules);
	json_decref(labels);
	json_decref(item);
}

static void test_own_statuses(void **state)
{
	json_t *page = fixture("github/issues_page.json");
	struct intake intake;

	(void)state;
	intake_begin(&intake, "github",
		"{'stream':'incident','statuses':{'open':'in_progress','completed':'done',"
		"'closed':'dropped'}}");
	assert_int_equal(intake_run(&intake, page, NULL, NULL), ERR_OK);
	assert_text(&intake, 0, "status", "in_progress");
	assert_text(&intake, 3, "status", "done");
	assert_text(&intake, 4, "status", "dropped");
	/* What the mapping does not know is passed on, for the item's check to name it. */
	assert_int_equal(
		intake_run(&intake, fixture("github/issues_deleted.json"), NULL, NULL), ERR_OK);
	assert_text(&intake, 0, "status", "deleted");
	intake_end(&intake);
}

static void test_table(void **state)
{
	size_t count = 0;

	(void)state;
	for (; source_formats[count]; count++) {
		const struct source_format *format = source_formats[count];

		assert_ptr_equal(source_format_named(str_from(format->name)), format);
		assert_non_null(format->default_source);
		assert_non_null(format->title);
	}
	assert_true(count >= 2);
	assert_null(source_format_named(STR("GitHub")));
	assert_null(source_format_named(STR("")));
}

/* The default mappings keep to what their formats know. */
static void test_default_mappings_fit(void **state)
{
	struct catalog *catalog = default_catalog();

	(void)state;
	for (size_t i = 0; source_formats[i]; i++) {
		const struct mapping *mapping =
			catalog_mapping(catalog, str_from(source_formats[i]->name));
		json_t *json = json_of(mapping->body.ptr);
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		struct str body;
		enum error err = mapping_parse(
			json, &source_formats[i]->terms, catalog, &scratch.arena, diag, &body);

		show_faults(diag);
		assert_int_equal(err, ERR_OK);
		json_decref(json);
		scratch_end(&scratch);
	}
	catalog_unref(catalog);
}

static void test_out_of_memory(void **state)
{
	static const char *const files[] = {
		"github/issues_page.json", "github/issues_unlabeled.json"};
	struct intake intake;

	(void)state;
	intake_begin(&intake, "github", NULL);
	for (size_t f = 0; f < 2; f++) {
		json_t *payload = fixture(files[f]);
		bool short_of_memory = true;

		for (long n = 0; short_of_memory; n++) {
			enum error err;

			oom_begin(n);
			err = intake_run(&intake, json_incref(payload), NULL, NULL);
			short_of_memory = oom_end();
			assert_int_equal(err, short_of_memory ? ERR_NO_MEMORY : ERR_OK);
		}
		json_decref(payload);
	}
	intake_end(&intake);
}

/* ---- real payloads, where they are ---- */

static void test_real_page(void **state)
{
	const char *folder = shared_data();
	size_t all[3], candidates[3];
	struct intake intake;

	(void)state;
	if (!folder)
		skip();
	intake_begin(&intake, "github", NULL);
	assert_int_equal(intake_run(&intake, shared_json(folder, "github/issues_rest_page.json"),
				 NULL, NULL),
		ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 75);
	assert_int_equal(intake.result.skipped, 25);
	count_bands(&intake, all, candidates);
	print_message("bands of all: %zu, %zu, %zu; of candidates: %zu, %zu, %zu\n", all[0], all[1],
		all[2], candidates[0], candidates[1], candidates[2]);
	assert_true((candidates[0] > 0) + (candidates[1] > 0) + (candidates[2] > 0) >= 2);
	intake_end(&intake);
}

static void test_real_webhooks(void **state)
{
	const char *folder = shared_data();
	size_t issues = 0, others = 0, skipped = 0;
	struct intake intake;
	struct dirent *entry;
	char *path = NULL;
	DIR *dir;

	(void)state;
	if (!folder)
		skip();
	assert_true(asprintf(&path, "%s/github/webhooks", folder) > 0);
	dir = opendir(path);
	assert_non_null(dir);
	intake_begin(&intake, "github", NULL);
	while ((entry = readdir(dir))) {
		size_t unused[3];
		enum error err;

		if (!strstr(entry->d_name, ".json"))
			continue;
		err = intake_run(&intake, shared_json(path, entry->d_name), NULL, NULL);
		if (strstr(entry->d_name, "_alert.")) {
			assert_int_equal(err, ERR_NOT_AN_ITEM_EVENT);
			others++;
			continue;
		}
		assert_int_equal(err, ERR_OK);
		assert_int_equal(json_array_size(intake.result.items) + intake.result.skipped, 1);
		skipped += intake.result.skipped;
		count_bands(&intake, unused, unused);
		if (strstr(entry->d_name, "deleted") || strstr(entry->d_name, "transferred"))
			assert_text(&intake, 0, "status", "dropped");
		issues++;
	}
	closedir(dir);
	free(path);
	print_message("%zu issues events (%zu about pull requests), %zu others\n", issues, skipped,
		others);
	assert_true(issues >= 20 && others >= 5);
	intake_end(&intake);
}

static void test_real_others(void **state)
{
	static const char *const files[] = {"gitlab/webhook_issue.json",
		"gitlab/webhook_note_issue.json", "alertmanager/webhook_devopsext.json",
		"alertmanager/api_v2_alerts_groups_0.31.0.json", "jira/all_priorities.json"};
	const char *folder = shared_data();
	struct intake intake;

	(void)state;
	if (!folder)
		skip();
	intake_begin(&intake, "github", NULL);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		assert_int_equal(intake_run(&intake, shared_json(folder, files[i]), NULL, NULL),
			ERR_INVALID);
		assert_fault(&intake.scratch.diag, "#", "not a GitHub issue");
	}
	intake_end(&intake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_single_and_source),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_unlabeled),
		cmocka_unit_test(test_other_events),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_repository),
		cmocka_unit_test(test_passed_on),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_hard_pattern),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_own_statuses),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_default_mappings_fit),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_real_page),
		cmocka_unit_test(test_real_webhooks),
		cmocka_unit_test(test_real_others),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

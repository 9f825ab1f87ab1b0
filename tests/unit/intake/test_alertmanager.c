/*
 * Alertmanager: webhooks and the answers of its API become items, one an alert; a resolved alert is
 * done, and one that fires again is newer than its end.
 */
#include "intake/intake_support.h"

#include "base/out_of_memory.h"

static void test_firing(void **state)
{
	struct intake intake;
	bool candidate;

	(void)state;
	intake_begin(&intake, "alertmanager", NULL);
	assert_int_equal(
		intake_run(&intake, fixture("alertmanager/webhook_firing.json"), NULL, NULL),
		ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 3);
	assert_int_equal(intake.result.skipped, 0);

	assert_text(&intake, 0, "source", "alertmanager");
	assert_text(&intake, 0, "external_id", "3f1c9a70d25be846");
	assert_text(&intake, 0, "title", "The model gateway answers no requests in eu-west");
	assert_text(
		&intake, 0, "body", "All 6 replicas fail their readiness probe since 4 minutes.");
	assert_text(&intake, 0, "url",
		"http://prometheus.internal:9090/"
		"graph?g0.expr=up{job=%22gateway%22}%20%3C%201&g0.tab=1");
	assert_text(&intake, 0, "status", "open");
	assert_text(&intake, 0, "stream", "incident");
	assert_text(&intake, 0, "kind", "incident");
	assert_text(&intake, 0, "team", "inference");
	assert_text(&intake, 0, "created_at", "2026-10-20T04:12:31.512Z");
	assert_text(&intake, 0, "updated_at", "2026-10-20T04:12:31.512Z");
	assert_points(&intake, 0, "user_impact", 3);
	assert_points(&intake, 0, "cost_of_delay", 3);
	assert_string_equal(json_string_value(item_feature(&intake, 0, "severity")), "sev1");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(intake_item(&intake, 0), "labels"), 0)),
		"alertname=ModelGatewayDown");
	assert_string_equal(item_band(&intake, 0, &candidate), "ready");

	/* Without a summary: the alert's name; a message for a description; no web address. */
	assert_text(&intake, 1, "title", "EmbeddingQueueBacklog");
	assert_text(&intake, 1, "body", "41,000 documents wait for their embedding.");
	assert_null_member(&intake, 1, "url");
	assert_points(&intake, 1, "cost_of_delay", 2);

	/* Without a severity: the mapping's last rule. */
	assert_points(&intake, 2, "user_impact", 1);
	assert_points(&intake, 2, "cost_of_delay", 2);
	assert_null(item_feature(&intake, 2, "severity"));
	assert_null_member(&intake, 2, "body");
	assert_string_equal(item_band(&intake, 2, &candidate), "icebox");
	intake_end(&intake);
}

/* Parsed items, one merged upon the other: fires, is resolved, a late copy, fires again. */
static void test_life(void **state)
{
	static const struct {
		const char *file, *status;
		int age;
	} steps[] = {
		{"alertmanager/webhook_firing.json", "open", 0},
		{"alertmanager/webhook_resolved.json", "done", 1},
		{"alertmanager/webhook_firing.json", "done", -1},
		{"alertmanager/webhook_again.json", "open", 1},
	};
	struct item_record record, next;
	struct uuid workspace = {{0}};
	struct intake intake;
	struct arena arena;
	struct diag diag;

	(void)state;
	intake_begin(&intake, "alertmanager", NULL);
	arena_init(&arena, 1 << 22);
	diag_init(&diag, &arena);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct item_input input;
		bool changed = false;
		int age = 0;

		assert_int_equal(intake_run(&intake, fixture(steps[i].file), NULL, NULL), ERR_OK);
		assert_int_equal(item_input_parse(intake_item(&intake, 0), ITEM_PARSE_UPSERT,
					 intake.catalog, "", &arena, &diag, &input),
			ERR_OK);
		if (i > 0)
			age = item_input_age(&record, &input);
		assert_int_equal((age > 0) - (age < 0), steps[i].age);
		if (age >= 0) {
			assert_int_equal(item_upsert(i > 0 ? &record : NULL, &input, &workspace,
						 intake.catalog, (int64_t)i + 2, "", &arena, &diag,
						 &next, &changed),
				ERR_OK);
			assert_true(changed);
			record = next;
		}
		assert_string_equal(record.item.status.ptr, steps[i].status);
	}
	arena_release(&arena);
	intake_end(&intake);
}

static void test_groups(void **state)
{
	struct intake intake;

	(void)state;
	intake_begin(&intake, "alertmanager", NULL);
	assert_int_equal(
		intake_run(&intake, fixture("alertmanager/groups.json"), NULL, "pager"), ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 2);
	assert_int_equal(intake.result.skipped, 1);
	assert_non_null(strstr(intake.result.skipped_why, "another group"));
	assert_text(&intake, 0, "source", "pager");
	assert_text(&intake, 0, "status", "open");
	assert_text(&intake, 1, "status", "open");
	/* An active alert's endsAt is when Alertmanager would give it up, not its end. */
	assert_text(&intake, 0, "updated_at", "2026-10-20T04:12:31.512Z");
	intake_end(&intake);
}

/* GET /api/v2/alerts: the same alerts without groups. */
static void test_plain_list(void **state)
{
	json_t *groups = fixture("alertmanager/groups.json");
	json_t *alerts = json_incref(json_object_get(json_array_get(groups, 0), "alerts"));
	struct intake intake;

	(void)state;
	json_decref(groups);
	intake_begin(&intake, "alertmanager", NULL);
	assert_int_equal(intake_run(&intake, alerts, NULL, NULL), ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 2);
	assert_int_equal(intake_run(&intake, json_array(), NULL, NULL), ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 0);
	intake_end(&intake);
}

/* The fingerprint is a hash of the labels: it can be made where an old Alertmanager sends none. */
static void test_fingerprint(void **state)
{
	struct intake intake;

	(void)state;
	intake_begin(&intake, "alertmanager", NULL);
	assert_int_equal(
		intake_run(&intake, fixture("alertmanager/webhook_without_fingerprint.json"), NULL,
			NULL),
		ERR_OK);
	assert_text(&intake, 0, "external_id", "1451f494bfa6d183");
	assert_text(&intake, 0, "status", "open");
	intake_end(&intake);
}

#define WEBHOOK(alerts) "{'version':'4','alerts':[" alerts "]}"

static void test_refused(void **state)
{
	static const struct {
		const char *payload, *pointer, *part;
	} refused[] = {
		{"7", "#", "not an Alertmanager webhook"},
		{"{}", "#", "not an Alertmanager webhook"},
		{"[7]", "#", "not an Alertmanager webhook"},
		{"{'alerts':[]}", "#", "not an Alertmanager webhook"},
		{"{'version':'4','alerts':{}}", "#", "not an Alertmanager webhook"},
		{"[{'number':3,'title':'t','labels':[]}]", "#", "not an Alertmanager webhook"},
		{"{'version':'3','alerts':[]}", "#/version", "version 4"},
		{WEBHOOK("{'fingerprint':'a'},7"), "#/alerts/1", "JSON object"},
		{WEBHOOK("{'fingerprint':'a'},{'labels':{}}"), "#/alerts/1", "neither"},
		{WEBHOOK("{'fingerprint':7}"), "#/alerts/0/fingerprint", "not empty"},
		{WEBHOOK("{'fingerprint':''}"), "#/alerts/0/fingerprint", "not empty"},
		{"[{'alerts':[{}]}]", "#/0/alerts/0", "neither"},
		{"[{'alerts':[]},{'number':1}]", "#", "not an Alertmanager webhook"},
	};
	struct intake intake;

	(void)state;
	intake_begin(&intake, "alertmanager", NULL);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		assert_int_equal(
			intake_run(&intake, json_of(refused[i].payload), NULL, NULL), ERR_INVALID);
		assert_fault(&intake.scratch.diag, refused[i].pointer, refused[i].part);
	}
	intake_end(&intake);
}

/* A machine writes without limits; the item has some, and no incident must be lost over them. */
static void test_too_long(void **state)
{
	json_t *labels = json_object(), *payload;
	char *text = malloc(5001), name[16];
	struct intake intake;
	bool candidate;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 5000; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[5000] = '\0';
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof name, "l%03d", i);
		json_object_set_new(labels, name, json_string(text));
	}
	json_object_set_new(labels, "severity", json_string("critical"));
	payload = json_pack("{s:s,s:[{s:s,s:s,s:o,s:{s:s},s:s,s:o}]}", "version", "4", "alerts",
		"fingerprint", "ff", "status", "firing", "labels", labels, "annotations", "summary",
		text, "startsAt", "2026-10-20T04:12:31Z", "generatorURL",
		json_sprintf("https://x/%s", text));
	intake_begin(&intake, "alertmanager", NULL);
	assert_int_equal(intake_run(&intake, payload, NULL, NULL), ERR_OK);
	assert_true(strlen(item_text(&intake, 0, "title")) <= ITEM_MAX_TITLE);
	assert_non_null(strstr(item_text(&intake, 0, "title"), "ä…"));
	assert_null_member(&intake, 0, "url");
	assert_int_equal(json_array_size(json_object_get(intake_item(&intake, 0), "labels")), 100);
	/* The rules see all labels. */
	assert_points(&intake, 0, "user_impact", 3);
	assert_string_equal(item_band(&intake, 0, &candidate), "ready");
	intake_end(&intake);
	free(text);
}

static void test_out_of_memory(void **state)
{
	json_t *payload = fixture("alertmanager/groups.json");
	bool short_of_memory = true;
	struct intake intake;

	(void)state;
	intake_begin(&intake, "alertmanager", NULL);
	for (long n = 0; short_of_memory; n++) {
		enum error err;

		oom_begin(n);
		err = intake_run(&intake, json_incref(payload), NULL, NULL);
		short_of_memory = oom_end();
		assert_int_equal(err, short_of_memory ? ERR_NO_MEMORY : ERR_OK);
	}
	json_decref(payload);
	intake_end(&intake);
}

static void test_real_payloads(void **state)
{
	static const struct {
		const char *file, *first;
		size_t items, skipped;
	} payloads[] = {
		{"alertmanager/webhook_devopsext.json", "f8767e67485c740c", 1, 0},
		{"alertmanager/webhook_prometheus_msteams.json", "b29784719d6a11e6", 1, 0},
		{"alertmanager/api_v2_alerts_groups_0.31.0.json", "aae7a1432b5d2f1b", 12, 12},
	};
	const char *folder = shared_data();
	struct intake intake;

	(void)state;
	if (!folder)
		skip();
	intake_begin(&intake, "alertmanager", NULL);
	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
		size_t unused[3];

		assert_int_equal(
			intake_run(&intake, shared_json(folder, payloads[i].file), NULL, NULL),
			ERR_OK);
		assert_int_equal(json_array_size(intake.result.items), payloads[i].items);
		assert_int_equal(intake.result.skipped, payloads[i].skipped);
		assert_text(&intake, 0, "external_id", payloads[i].first);
		count_bands(&intake, unused, unused);
	}
	assert_int_equal(intake_run(&intake, shared_json(folder, "github/issues_rest_page.json"),
				 NULL, NULL),
		ERR_INVALID);
	intake_end(&intake);
}

/* Fingerprints made from labels are those that Alertmanager itself sent. */
static void test_real_fingerprints(void **state)
{
	const char *folder = shared_data();
	struct buf all = BUF_INIT;
	json_t *sent, *bare;
	struct intake intake;

	(void)state;
	if (!folder)
		skip();
	sent = shared_json(folder, "alertmanager/api_v2_alerts_groups_0.31.0.json");
	bare = json_deep_copy(sent);
	intake_begin(&intake, "alertmanager", NULL);
	for (size_t g = 0; g < json_array_size(bare); g++) {
		json_t *alerts = json_object_get(json_array_get(bare, g), "alerts");

		for (size_t i = 0; i < json_array_size(alerts); i++)
			json_object_del(json_array_get(alerts, i), "fingerprint");
	}
	assert_int_equal(intake_run(&intake, bare, NULL, NULL), ERR_OK);
	assert_int_equal(json_array_size(intake.result.items), 12);
	json_canonical(&all, sent);
	for (size_t i = 0; i < 12; i++)
		assert_non_null(strstr(all.data, item_text(&intake, i, "external_id")));
	buf_release(&all);
	json_decref(sent);
	intake_end(&intake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_firing),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_plain_list),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_real_payloads),
		cmocka_unit_test(test_real_fingerprints),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * From JSON to an item input: every field, every fault with its pointer; the schema text says the
 * same as the parser.
 */
#include "item_fixture.h"

#include "../base/out_of_memory.h"

static void test_every_field(void **state)
{
	struct world world;
	struct item_input input;
	const struct item *item = &input.item;

	(void)state;
	world_begin(&world);
	input = input_of(&world, ITEM_PARSE_UPSERT,
		"{\"source\":\"github:octo/app\",\"external_id\":\"412\",\"title\":\"Title\","
		"\"body\":\"\",\"url\":\"HTTPS://example.org/a?b#c\",\"stream\":\"incident\","
		"\"kind\":\"spike\",\"status\":\"in_progress\",\"labels\":[\"b\",\"a\",\"b\"],"
		"\"team\":\"core\",\"assignee\":\"ann\",\"reporter\":\"bob\","
		"\"created_at\":\"1970-01-01T00:00:01Z\",\"updated_at\":\"1970-01-01T01:00:02+01:"
		"00\","
		"\"due_at\":\"1970-01-01T00:00:03.5Z\",\"estimate\":2,"
		"\"blocked_by\":[\"7\",{\"source\":\"jira\",\"external_id\":\"A-1\"},"
		"{\"external_id\":\"8\"}],\"parent\":{\"source\":null,\"external_id\":\"9\"},"
		"\"artifacts\":[{\"kind\":\"model\",\"name\":\"m\",\"version\":\"2\"},"
		"{\"kind\":\"dataset\",\"name\":\"d\"}],\"source_version\":\"0017\","
		"\"features\":{\"drift\":-0.0,\"user_impact\":3,\"demand\":1e9}}");
	assert_int_equal(input.given, ITEM_ALL_FIELDS);
	assert_int_equal(input.cleared, 0);
	same_text(input.source, STR("github:octo/app"), "source");
	same_text(input.external_id, STR("412"), "external_id");
	same_text(item->title, STR("Title"), "title");
	same_text(item->body, STR(""), "body");
	same_text(item->url, STR("HTTPS://example.org/a?b#c"), "url");
	same_text(item->stream, STR("incident"), "stream");
	same_text(item->kind, STR("spike"), "kind");
	same_text(item->status, STR("in_progress"), "status");
	assert_int_equal(item->label_count, 2);
	same_text(item->labels[0], STR("b"), "label");
	same_text(item->labels[1], STR("a"), "label");
	same_text(item->team, STR("core"), "team");
	same_text(item->assignee, STR("ann"), "assignee");
	same_text(item->reporter, STR("bob"), "reporter");
	assert_int_equal(item->created_us, 1000000);
	assert_int_equal(item->updated_us, 2000000);
	assert_int_equal(item->due_us, 3500000);
	assert_true(item->estimate == 2);
	assert_int_equal(item->blocked_by_count, 3);
	assert_null(item->blocked_by[0].source.ptr);
	same_text(item->blocked_by[0].external_id, STR("7"), "blocker");
	same_text(item->blocked_by[1].source, STR("jira"), "blocker");
	assert_null(item->blocked_by[2].source.ptr);
	same_text(item->parent.external_id, STR("9"), "parent");
	assert_int_equal(item->artifact_count, 2);
	same_text(item->artifacts[0].version, STR("2"), "artifact");
	assert_null(item->artifacts[1].version.ptr);
	same_text(item->source_version, STR("0017"), "source_version");
	assert_int_equal(item->feature_count, 3);
	assert_int_equal(item->features[0].id, USER_IMPACT);
	assert_true(item->features[0].number == 3);
	assert_int_equal(item->features[1].id, DEMAND);
	assert_true(item->features[1].number == 100); /* cut to its bounds */
	assert_int_equal(item->features[2].id, DRIFT);
	assert_false(signbit(item->features[2].number));
	world_end(&world);
}

static void test_nulls(void **state)
{
	struct world world;
	struct item_input input;

	(void)state;
	world_begin(&world);
	input = input_of(&world, ITEM_PARSE_UPSERT,
		"{\"source\":\"s\",\"external_id\":\"1\",\"body\":null,\"kind\":null,\"status\":"
		"null,"
		"\"labels\":null,\"due_at\":null,\"estimate\":null,\"blocked_by\":null,\"parent\":"
		"null,"
		"\"artifacts\":null,\"source_version\":null,\"features\":{\"drift\":null,"
		"\"owners\":{\"value\":null,\"justification\":\"left\"}}}");
	assert_int_equal(input.given, 0);
	assert_int_equal(input.cleared, ITEM_BODY | ITEM_KIND | ITEM_STATUS | ITEM_LABELS |
						ITEM_DUE_AT | ITEM_ESTIMATE | ITEM_BLOCKED_BY |
						ITEM_PARENT | ITEM_ARTIFACTS | ITEM_SOURCE_VERSION);
	assert_int_equal(input.item.feature_count, 2);
	assert_true(input.item.features[0].cleared && input.item.features[1].cleared);
	assert_true(isnan(input.item.features[0].number));
	same_text(input.item.features[0].justification, STR("left"), "justification");
	world_end(&world);
}

static void test_feature_types(void **state)
{
	struct world world;
	struct item_input input;
	const struct feature_value *features;

	(void)state;
	world_begin(&world);
	input = input_of(&world, ITEM_PARSE_PATCH,
		"{\"features\":{\"owners\":\"ann, bob\",\"success_metric\":{\"value\":\"p95 < 1 "
		"s\","
		"\"evidence\":\"asserted\"},\"regulatory_due\":\"1970-01-02\",\"severity\":"
		"\"high\","
		"\"regulated\":true,\"demand\":{\"value\":-7,\"evidence\":\"measured\","
		"\"observed_at\":\"1970-01-01T00:00:01Z\",\"justification\":\"counted\"},"
		"\"user_impact\":1}}");
	features = input.item.features;
	assert_int_equal(input.item.feature_count, 7);
	assert_true(features[USER_IMPACT].number == 1);
	assert_true(features[USER_IMPACT].observed_us == TIME_NONE);
	assert_int_equal(features[USER_IMPACT].evidence, EVIDENCE_NONE);
	assert_true(features[DEMAND].number == 0);
	assert_int_equal(features[DEMAND].evidence, EVIDENCE_MEASURED);
	assert_int_equal(features[DEMAND].observed_us, 1000000);
	same_text(features[DEMAND].justification, STR("counted"), "justification");
	assert_true(features[REGULATED].number == 1);
	assert_true(features[SEVERITY].number == 2);
	assert_true(features[REGULATORY_DUE].number == 86400);
	assert_true(features[SUCCESS_METRIC].number == 1);
	same_text(features[SUCCESS_METRIC].text, STR("p95 < 1 s"), "text");
	same_text(features[OWNERS].text, STR("ann, bob"), "text");

	input = input_of(&world, ITEM_PARSE_PATCH,
		"{\"features\":{\"regulatory_due\":\"1969-12-31T23:59:58.5Z\"}}");
	assert_true(input.item.features[0].number == -2);
	world_end(&world);
}

/* ---- faults ---- */

static const struct {
	enum item_parse_mode mode;
	const char *text, *pointer, *detail;
} faulty[] = {
#define UPSERT(fields) ITEM_PARSE_UPSERT, "{\"source\":\"s\",\"external_id\":\"1\"," fields "}"
#define PATCH(fields) ITEM_PARSE_PATCH, "{" fields "}"
	{ITEM_PARSE_UPSERT, "[]", "#/items/3", "Must be an object, not an array."},
	{ITEM_PARSE_UPSERT, "7", "#/items/3", "Must be an object, not a number."},
	{ITEM_PARSE_UPSERT, "{\"external_id\":\"1\"}", "#/items/3/source", "required"},
	{ITEM_PARSE_UPSERT, "{\"source\":\"1\"}", "#/items/3/external_id", "required"},
	{ITEM_PARSE_UPSERT, "{\"source\":null,\"external_id\":\"1\"}", "#/items/3/source",
		"Must be a string, not null."},
	{ITEM_PARSE_UPSERT, "{\"source\":\"a b\",\"external_id\":\"1\"}", "#/items/3/source",
		"A source is made of"},
	{ITEM_PARSE_UPSERT, "{\"source\":\"ä\",\"external_id\":\"1\"}", "#/items/3/source",
		"A source is made of"},
	{ITEM_PARSE_UPSERT, "{\"source\":\"\",\"external_id\":\"1\"}", "#/items/3/source", "empty"},
	{ITEM_PARSE_UPSERT, "{\"source\":\"s\",\"external_id\":\"\"}", "#/items/3/external_id",
		"empty"},
	{ITEM_PARSE_UPSERT, "{\"source\":\"s\",\"external_id\":\"a\\nb\"}", "#/items/3/external_id",
		"control"},
	{ITEM_PARSE_UPSERT, "{\"source\":\"s\",\"external_id\":\"\\u007f\"}",
		"#/items/3/external_id", "control"},
	{ITEM_PARSE_UPSERT, "{\"source\":\"s\",\"external_id\":\"\\u0085\"}",
		"#/items/3/external_id", "control"},
	{UPSERT("\"colour\":1"), "#/items/3/colour", "no such field: \"colour\""},
	{UPSERT("\"a/b~c d\":1"), "#/items/3/a~1b~0c%20d", "no such field"},
	{UPSERT("\"title\":null"), "#/items/3/title", "cannot be null"},
	{UPSERT("\"title\":\"\""), "#/items/3/title", "empty"},
	{UPSERT("\"title\":5"), "#/items/3/title", "Must be a string, not a number."},
	{UPSERT("\"stream\":null"), "#/items/3/stream", "cannot be null"},
	{UPSERT("\"stream\":\"x\""), "#/items/3/stream",
		"\"x\" is not one of: engineering_bug, incident."},
	{UPSERT("\"kind\":\"Bug\""), "#/items/3/kind", "\"Bug\" is not one of: bug, spike."},
	{UPSERT("\"status\":\"closed\""), "#/items/3/status",
		"\"closed\" is not one of: done, open, in_progress."},
	{UPSERT("\"url\":\"javascript:alert(1)\""), "#/items/3/url", "http"},
	{UPSERT("\"url\":\"//example.org\""), "#/items/3/url", "http"},
	{UPSERT("\"url\":\"https://\""), "#/items/3/url", "http"},
	{UPSERT("\"url\":\"https:///x\""), "#/items/3/url", "http"},
	{UPSERT("\"url\":\"http://a b\""), "#/items/3/url", "http"},
	{UPSERT("\"url\":\" https://a\""), "#/items/3/url", "http"},
	{UPSERT("\"url\":\"ftp://a\""), "#/items/3/url", "http"},
	{UPSERT("\"url\":\"https://a\\u0000\""), "#", "NUL"},
	{UPSERT("\"labels\":\"a\""), "#/items/3/labels", "Must be an array, not a string."},
	{UPSERT("\"labels\":[\"a\",1]"), "#/items/3/labels/1", "Must be a string"},
	{UPSERT("\"labels\":[\"\"]"), "#/items/3/labels/0", "empty"},
	{UPSERT("\"created_at\":1"), "#/items/3/created_at", "RFC 3339"},
	{UPSERT("\"updated_at\":\"2026-02-30T00:00:00Z\""), "#/items/3/updated_at", "RFC 3339"},
	{UPSERT("\"due_at\":\"2026-02-03\""), "#/items/3/due_at", "RFC 3339"},
	{UPSERT("\"estimate\":-0.5"), "#/items/3/estimate", "at least 0"},
	{UPSERT("\"estimate\":\"3\""), "#/items/3/estimate", "Must be a number of days"},
	{UPSERT("\"blocked_by\":{}"), "#/items/3/blocked_by", "Must be an array"},
	{UPSERT("\"blocked_by\":[1]"), "#/items/3/blocked_by/0", "external id"},
	{UPSERT("\"blocked_by\":[null]"), "#/items/3/blocked_by/0", "external id"},
	{UPSERT("\"blocked_by\":[{\"source\":\"x\"}]"), "#/items/3/blocked_by/0/external_id",
		"required"},
	{UPSERT("\"blocked_by\":[{\"source\":\"x y\",\"external_id\":\"1\"}]"),
		"#/items/3/blocked_by/0/source", "A source is made of"},
	{UPSERT("\"blocked_by\":[{\"id\":\"x\",\"external_id\":\"1\"}]"),
		"#/items/3/blocked_by/0/id", "no such field"},
	{UPSERT("\"parent\":[\"1\"]"), "#/items/3/parent", "external id"},
	{UPSERT("\"parent\":\"\\t\""), "#/items/3/parent", "control"},
	{UPSERT("\"artifacts\":[\"m\"]"), "#/items/3/artifacts/0", "Must be an object"},
	{UPSERT("\"artifacts\":[{\"kind\":\"m\"}]"), "#/items/3/artifacts/0/name", "required"},
	{UPSERT("\"artifacts\":[{\"kind\":\"m\",\"name\":\"\"}]"), "#/items/3/artifacts/0/name",
		"empty"},
	{UPSERT("\"artifacts\":[{\"kind\":\"m\",\"name\":\"n\",\"hash\":\"\"}]"),
		"#/items/3/artifacts/0/hash", "no such field"},
	{UPSERT("\"features\":null"), "#/items/3/features", "Must be an object"},
	{UPSERT("\"features\":[]"), "#/items/3/features", "Must be an object"},
	{UPSERT("\"features\":{\"userimpact\":1}"), "#/items/3/features/userimpact",
		"no such feature"},
	{UPSERT("\"features\":{\"user_impact\":4}"), "#/items/3/features/user_impact",
		"4 is outside the bounds 1 to 3."},
	{UPSERT("\"features\":{\"user_impact\":{\"value\":0.5}}"),
		"#/items/3/features/user_impact/value", "0.5 is outside the bounds 1 to 3."},
	{UPSERT("\"features\":{\"user_impact\":{}}"), "#/items/3/features/user_impact/value",
		"required"},
	{UPSERT("\"features\":{\"user_impact\":{\"value\":2,\"revision\":1}}"),
		"#/items/3/features/user_impact/revision", "no such field"},
	{UPSERT("\"features\":{\"user_impact\":{\"value\":2,\"evidence\":\"sure\"}}"),
		"#/items/3/features/user_impact/evidence", "measured, estimated or asserted"},
	{UPSERT("\"features\":{\"user_impact\":{\"value\":2,\"observed_at\":2}}"),
		"#/items/3/features/user_impact/observed_at", "RFC 3339"},
	{UPSERT("\"features\":{\"user_impact\":{\"value\":2,\"justification\":\"\"}}"),
		"#/items/3/features/user_impact/justification", "empty"},
	{UPSERT("\"features\":{\"user_impact\":\"3\"}"), "#/items/3/features/user_impact",
		"Must be a number, not a string."},
	{UPSERT("\"features\":{\"user_impact\":true}"), "#/items/3/features/user_impact",
		"Must be a number, not a boolean."},
	{UPSERT("\"features\":{\"regulated\":1}"), "#/items/3/features/regulated", "true or false"},
	{UPSERT("\"features\":{\"severity\":\"worst\"}"), "#/items/3/features/severity",
		"\"worst\" is not one of: low, medium, high, critical."},
	{UPSERT("\"features\":{\"severity\":2}"), "#/items/3/features/severity", "string"},
	{UPSERT("\"features\":{\"regulatory_due\":\"2026-13-01\"}"),
		"#/items/3/features/regulatory_due", "date"},
	{UPSERT("\"features\":{\"regulatory_due\":20261121}"), "#/items/3/features/regulatory_due",
		"date"},
	{UPSERT("\"features\":{\"success_metric\":\"\"}"), "#/items/3/features/success_metric",
		"empty"},
	{PATCH("\"source\":\"s\""), "#/items/3/source", "identity"},
	{PATCH("\"external_id\":\"s\""), "#/items/3/external_id", "identity"},
	{PATCH("\"created_at\":null"), "#/items/3/created_at", "Only the item's source"},
	{PATCH("\"updated_at\":\"2026-01-01T00:00:00Z\""), "#/items/3/updated_at",
		"Only the item's source"},
	{PATCH("\"source_version\":\"1\""), "#/items/3/source_version", "Only the item's source"},
	{PATCH("\"title\":null"), "#/items/3/title", "cannot be null"},
	{PATCH("\"kind\":null"), "#/items/3/kind", "cannot be null"},
	{PATCH("\"status\":null"), "#/items/3/status", "cannot be null"},
	{PATCH("\"revision\":3"), "#/items/3/revision", "no such field"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
		struct world world;
		struct item_input input;
		enum error error;

		world_begin(&world);
		error = try_parse(
			&world, faulty[i].mode, "/items/3", str_from(faulty[i].text), &input);
		if (error != ERR_INVALID && error != ERR_MALFORMED_JSON)
			fail_msg("accepted: %s", faulty[i].text);
		assert_fault(&world, faulty[i].pointer, faulty[i].detail);
		assert_int_equal(world.diag.count, 1);
		world_end(&world);
	}
}

static void test_all_faults_at_once(void **state)
{
	struct world world;
	struct item_input input;

	(void)state;
	world_begin(&world);
	assert_int_equal(try_parse(&world, ITEM_PARSE_UPSERT, "",
				 STR("{\"source\":1,\"title\":2,\"labels\":[3,4],\"features\":"
				     "{\"drift\":\"5\",\"demand\":{\"value\":\"6\",\"x\":7}},"
				     "\"artifacts\":[8]}"),
				 &input),
		ERR_INVALID);
	assert_int_equal(world.diag.count, 9);
	world_end(&world);
}

static void fill(
	struct buf *text, const char *head, size_t count, const char *unit, const char *tail)
{
	buf_reset(text);
	buf_puts(text, head);
	for (size_t i = 0; i < count; i++)
		buf_puts(text, unit);
	buf_puts(text, tail);
}

static const struct {
	const char *head, *unit, *tail;
	size_t most;
} limits[] = {
	{"\"title\":\"", "é", "\"", ITEM_MAX_TITLE / 2},
	{"\"body\":\"", "\\n", "\"", ITEM_MAX_BODY},
	{"\"url\":\"http://", "x", "\"", ITEM_MAX_URL - 7},
	{"\"team\":\"", "t", "\"", ITEM_MAX_NAME},
	{"\"assignee\":\"", "t", "\"", ITEM_MAX_NAME},
	{"\"reporter\":\"", "t", "\"", ITEM_MAX_NAME},
	{"\"source_version\":\"", "t", "\"", ITEM_MAX_NAME},
	{"\"parent\":\"", "t", "\"", ITEM_MAX_NAME},
	{"\"labels\":[\"", "t", "\"]", ITEM_MAX_NAME},
	{"\"labels\":[\"x\"", ",\"y\"", "]", ITEM_MAX_LABELS - 1},
	{"\"blocked_by\":[\"x\"", ",\"y\"", "]", ITEM_MAX_LINKS - 1},
	{"\"artifacts\":[{\"kind\":\"x\",\"name\":\"y\"}", ",{\"kind\":\"x\",\"name\":\"y\"}", "]",
		ITEM_MAX_ARTIFACTS - 1},
	{"\"artifacts\":[{\"kind\":\"x\",\"name\":\"", "n", "\"}]", ITEM_MAX_NAME},
	{"\"features\":{\"owners\":\"", "x", "\"}", ITEM_MAX_TEXT_FEATURE},
	{"\"features\":{\"drift\":{\"value\":1,\"justification\":\"", "x", "\"}}",
		ITEM_MAX_JUSTIFICATION},
};

static void test_limits(void **state)
{
	struct buf text = BUF_INIT, head = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct world world;
		struct item_input input;

		world_begin(&world);
		buf_reset(&head);
		buf_printf(&head, "{\"source\":\"s\",\"external_id\":\"1\",%s", limits[i].head);
		buf_reset(&text);
		fill(&text, head.data, limits[i].most, limits[i].unit, limits[i].tail);
		buf_putc(&text, '}');
		input_of(&world, ITEM_PARSE_UPSERT, text.data);
		fill(&text, head.data, limits[i].most + 1, limits[i].unit, limits[i].tail);
		buf_putc(&text, '}');
		assert_int_equal(try_parse(&world, ITEM_PARSE_UPSERT, "", buf_view(&text), &input),
			ERR_INVALID);
		assert_int_equal(world.diag.count, 1);
		assert_non_null(strstr(world.diag.entries[0].detail, "at most"));
		world_end(&world);
	}
	buf_release(&text);
	buf_release(&head);
}

static void test_hostile_keys(void **state)
{
	struct buf text = BUF_INIT;
	struct world world;
	struct item_input input;

	(void)state;
	world_begin(&world);
	fill(&text, "{\"source\":\"s\",\"external_id\":\"1\",\"", 100000, "k", "\":1}");
	assert_int_equal(try_parse(&world, ITEM_PARSE_UPSERT, "/items/0", buf_view(&text), &input),
		ERR_INVALID);
	assert_fault(&world, "#/items/0", "no such field: \"kkk");
	fill(&text, "{\"source\":\"s\",\"external_id\":\"1\",\"features\":{\"", 100000, "k",
		"\":1}}");
	assert_int_equal(try_parse(&world, ITEM_PARSE_UPSERT, "/items/0", buf_view(&text), &input),
		ERR_INVALID);
	assert_fault(&world, "#/items/0/features", "no such feature: \"kkk");
	for (size_t i = 0; i < world.diag.count; i++)
		assert_true(strlen(world.diag.entries[i].detail) < 400);
	buf_release(&text);
	world_end(&world);
}

static void test_any_text_is_kept(void **state)
{
	static const char *const texts[] = {"\xef\xbb\xbf", "\xe2\x80\xae", "ﷺ", "<script>",
		"\t\x7f", "\xf4\x8f\xbf\xbf", "\xef\xbf\xbf", "1;DROP TABLE users", "$HOME", "%s%n",
		"Ｔｈｅ", "\xc2\x85", "👩‍👩‍👧"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct world world;
		struct item_input input;
		json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:[s]}", "source", "s", "external_id",
			"1", "title", texts[i], "assignee", texts[i], "labels", texts[i]);

		world_begin(&world);
		assert_int_equal(item_input_parse(json, ITEM_PARSE_UPSERT, &world.catalog, "",
					 &world.arena, &world.diag, &input),
			ERR_OK);
		same_text(input.item.title, str_from(texts[i]), "title");
		same_text(input.item.assignee, str_from(texts[i]), "assignee");
		same_text(input.item.labels[0], str_from(texts[i]), "label");
		json_decref(json);
		world_end(&world);
	}
}

static void test_features_alone(void **state)
{
	struct world world;
	const struct feature_value *features;
	size_t count;
	json_t *json;

	(void)state;
	world_begin(&world);
	assert_int_equal(json_parse(STR("{\"severity\":\"low\",\"user_impact\":2,\"demand\":null}"),
				 1, "", &world.diag, &json),
		ERR_OK);
	assert_int_equal(item_features_parse(json, &world.catalog, "/features", &world.arena,
				 &world.diag, &features, &count),
		ERR_OK);
	assert_int_equal(count, 3);
	assert_int_equal(features[0].id, USER_IMPACT);
	assert_true(features[1].cleared);
	assert_int_equal(features[2].id, SEVERITY);
	json_decref(json);
	assert_int_equal(json_parse(STR("{\"severity\":1}"), 1, "", &world.diag, &json), ERR_OK);
	assert_int_equal(item_features_parse(json, &world.catalog, "/f", &world.arena, &world.diag,
				 &features, &count),
		ERR_INVALID);
	assert_fault(&world, "#/f/severity", "string");
	json_decref(json);
	world_end(&world);
}

/* A small budget is an error of its own, at whatever point it runs out. */
static void test_budget(void **state)
{
	struct world world;
	struct buf text = BUF_INIT;
	json_t *json;

	(void)state;
	random_begin("budget");
	world_begin(&world);
	random_input(&text, ITEM_PARSE_UPSERT, true);
	assert_int_equal(json_parse(buf_view(&text), 1, "", &world.diag, &json), ERR_OK);
	for (size_t budget = 0;; budget += 8) {
		struct arena arena;
		struct diag diag;
		struct item_input input;
		enum error error;

		arena_init(&arena, budget);
		diag_init(&diag, &arena);
		error = item_input_parse(
			json, ITEM_PARSE_UPSERT, &world.catalog, "", &arena, &diag, &input);
		assert_int_equal(diag.count, 0);
		arena_release(&arena);
		if (!error)
			break;
		assert_int_equal(error, ERR_BUDGET);
	}
	for (long n = 0;; n++) {
		struct arena arena;
		struct diag diag;
		struct item_input input;
		enum error error;

		arena_init(&arena, 1 << 24);
		diag_init(&diag, &arena);
		oom_begin(n);
		error = item_input_parse(
			json, ITEM_PARSE_UPSERT, &world.catalog, "", &arena, &diag, &input);
		arena_release(&arena);
		if (!oom_end())
			break;
		assert_int_equal(error, ERR_NO_MEMORY);
	}
	json_decref(json);
	buf_release(&text);
	world_end(&world);
}

/* Random JSON in place of random values: never more than faults. */
static void test_fuzz(void **state)
{
	static const char *const values[] = {"null", "1", "-1e300", "\"\"", "\"x\"", "[]", "{}",
		"[1]", "[\"x\",null]", "{\"source\":\"x\"}", "{\"value\":[]}", "true",
		"\"https://x\"", "[[[]]]", "{\"kind\":\"a\",\"name\":1}",
		"\"2026-01-01T00:00:00Z\""};

	(void)state;
	random_begin("fuzz");
	for (int i = 0; i < 5000; i++) {
		struct world world;
		struct item_input input;
		struct buf text = BUF_INIT;
		enum error error;

		world_begin(&world);
		buf_puts(&text, "{\"source\":\"s\",\"external_id\":\"1\"");
		for (uint32_t bit = 1; bit < ITEM_ALL_FIELDS; bit <<= 1)
			if (random_below(3) == 0)
				buf_printf(&text, ",\"%s\":%s", item_field_name(bit),
					values[random_below(sizeof values / sizeof *values)]);
		buf_puts(&text, ",\"features\":{\"regulated\":false");
		for (unsigned f = 0; f < FIXTURE_FEATURES; f++)
			if (f != REGULATED && random_below(3) == 0)
				buf_printf(&text, ",\"%s\":%s", fixture_features[f].name.ptr,
					values[random_below(sizeof values / sizeof *values)]);
		buf_puts(&text, "}}");
		error = try_parse(&world, ITEM_PARSE_UPSERT, "", buf_view(&text), &input);
		assert_int_equal(error, world.diag.count > 0 ? ERR_INVALID : ERR_OK);
		buf_release(&text);
		world_end(&world);
	}
}

/* ---- names and schema ---- */

static void test_names(void **state)
{
	(void)state;
	for (uint32_t bit = 1; bit < ITEM_ALL_FIELDS; bit <<= 1) {
		assert_non_null(item_field_name(bit));
		assert_int_equal(item_field_from_name(str_from(item_field_name(bit))), bit);
	}
	assert_string_equal(item_field_name(ITEM_CREATED_AT), "created_at");
	assert_string_equal(item_field_name(ITEM_BLOCKED_BY), "blocked_by");
	assert_string_equal(item_field_name(ITEM_SOURCE_VERSION), "source_version");
	assert_null(item_field_name(0));
	assert_null(item_field_name(3));
	assert_int_equal(item_field_from_name(STR("features")), 0);
	assert_int_equal(item_field_from_name(STR("")), 0);
}

static void test_schema(void **state)
{
	struct world world;
	json_t *schema, *properties;
	struct item_input input;
	const char *key;
	json_t *property;
	size_t fields = 0;

	(void)state;
	world_begin(&world);
	assert_null(item_schema_text(0));
	assert_null(item_schema_text(2));
	assert_int_equal(json_parse(str_from(item_schema_text(ITEM_SCHEMA_VERSION)), 1, "",
				 &world.diag, &schema),
		ERR_OK);
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	properties = json_object_get(schema, "properties");
	json_object_foreach(properties, key, property)
	{
		const json_t *ref = json_object_get(property, "$ref");

		if (ref && !json_object_get(property, "description"))
			property = json_object_get(json_object_get(schema, "$defs"),
				strrchr(json_string_value(ref), '/') + 1);
		assert_true(json_string_length(json_object_get(property, "description")) > 10);
		fields += item_field_from_name(str_from(key)) != 0;
	}
	/* All fields and identity and features, nothing else. */
	assert_int_equal(fields, 18);
	assert_int_equal(json_object_size(properties), 21);
	assert_non_null(json_object_get(properties, "source"));
	assert_non_null(json_object_get(properties, "external_id"));
	assert_non_null(json_object_get(properties, "features"));

	/* Where the schema allows null, the parser takes it; elsewhere not. */
	for (uint32_t bit = 1; bit < ITEM_ALL_FIELDS; bit <<= 1) {
		const char *name = item_field_name(bit);
		bool required = bit & (ITEM_TITLE | ITEM_STREAM);
		struct buf text = BUF_INIT;

		buf_printf(&text, "{\"source\":\"s\",\"external_id\":\"1\",\"%s\":null}", name);
		assert_int_equal(try_parse(&world, ITEM_PARSE_UPSERT, "", buf_view(&text), &input),
			required ? ERR_INVALID : ERR_OK);
		property = json_object_get(json_object_get(properties, name), "type");
		if (property)
			assert_int_equal(json_is_array(property), !required);
		buf_release(&text);
	}
	json_decref(schema);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_nulls),
		cmocka_unit_test(test_feature_types),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_all_faults_at_once),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_hostile_keys),
		cmocka_unit_test(test_any_text_is_kept),
		cmocka_unit_test(test_features_alone),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_fuzz),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_schema),
	};

	json_init();
	return cmocka_run_group_tests_name("item_parse", tests, NULL, NULL);
}

/*
 * Upserts, patches, taking them back, and the two layers between them; which input is stale.
 */
#include "item_fixture.h"

static struct item_record fresh(struct world *world, const char *more)
{
	struct buf fields = BUF_INIT;
	struct item_record record;

	buf_printf(&fields, "\"title\":\"T\",\"stream\":\"incident\"%s%s", *more ? "," : "", more);
	record = upserted(world, NULL, 5, fields.data, true);
	buf_release(&fields);
	return record;
}

/* Python: uuid.uuid5(uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "gh\0" + "1") */
static void test_id(void **state)
{
	char text[UUID_TEXT_SIZE], name[300];
	struct uuid id, other, none = {{0}};

	(void)state;
	item_id_make(&fixture_workspace, STR("gh"), STR("1"), &id);
	assert_string_equal(uuid_to_text(&id, text), "05ee81c3-d564-51b4-97fa-36660db35d24");
	item_id_make(&fixture_workspace, STR("github:octo/app"), STR("日本"), &id);
	assert_string_equal(uuid_to_text(&id, text), "3aaab452-03b1-57dc-8805-cb41fde74691");
	item_id_make(&fixture_workspace, STR("a"), STR("bc"), &id);
	item_id_make(&fixture_workspace, STR("ab"), STR("c"), &other);
	assert_int_not_equal(uuid_cmp(&id, &other), 0);
	memset(name, 'x', sizeof name);
	item_id_make(&fixture_workspace, (struct str){name, 255}, (struct str){name, 255}, &id);
	assert_int_not_equal(uuid_cmp(&id, &none), 0);
	item_id_make(&fixture_workspace, STR("a"), (struct str){name, 256}, &id);
	assert_int_equal(uuid_cmp(&id, &none), 0);
}

static void test_new(void **state)
{
	struct world world;
	struct item_record record;
	struct uuid id;

	(void)state;
	world_begin(&world);
	record = fresh(&world, "");
	item_id_make(&fixture_workspace, STR("gh"), STR("1"), &id);
	assert_int_equal(uuid_cmp(&record.id, &id), 0);
	assert_int_equal(record.revision, 5);
	assert_int_equal(record.first_revision, 5);
	assert_true(record.recorded_us == TIME_NONE);
	same_text(record.source, STR("gh"), "source");
	same_text(record.item.kind, STR("bug"), "kind");
	same_text(record.item.status, STR("open"), "status");
	assert_null(record.item.body.ptr);
	assert_true(isnan(record.item.estimate));
	assert_true(record.item.due_us == TIME_NONE);
	assert_int_equal(record.patched, 0);
	world_end(&world);
}

static void test_new_is_complete(void **state)
{
	struct world world;
	struct item_input input;
	struct item_record out;
	bool changed;

	(void)state;
	world_begin(&world);
	input = input_of(&world, ITEM_PARSE_UPSERT,
		"{\"source\":\"gh\",\"external_id\":\"1\",\"blocked_by\":[\"2\",\"1\"]}");
	assert_int_equal(item_upsert(NULL, &input, &fixture_workspace, &world.catalog, 1,
				 "/items/2", &world.arena, &world.diag, &out, &changed),
		ERR_INVALID);
	assert_fault(&world, "#/items/2/title", "needs");
	assert_fault(&world, "#/items/2/stream", "needs");
	assert_fault(&world, "#/items/2/blocked_by/1", "itself");
	assert_int_equal(world.diag.count, 3);
	world_end(&world);
}

static void test_merge(void **state)
{
	struct world world;
	struct item_record a, b;

	(void)state;
	world_begin(&world);
	a = fresh(&world,
		"\"body\":\"B\",\"labels\":[\"x\",\"y\"],\"estimate\":3,\"kind\":\"spike\","
		"\"status\":\"done\",\"due_at\":\"2026-01-01T00:00:00Z\"");
	/* Absent stays. */
	b = upserted(&world, &a, 6, "", false);
	same_record(&a, &b);
	/* Equal is no change, whatever the spelling. */
	b = upserted(&world, &a, 6,
		"\"title\":\"T\",\"body\":\"B\",\"labels\":[\"x\",\"y\",\"x\"],\"estimate\":3.0,"
		"\"due_at\":\"2026-01-01T01:00:00+01:00\"",
		false);
	same_record(&a, &b);
	/* Arrays are replaced whole; order counts. */
	b = upserted(&world, &a, 6, "\"labels\":[\"y\",\"x\"]", true);
	assert_int_equal(b.item.label_count, 2);
	same_text(b.item.labels[0], STR("y"), "label");
	same_text(b.item.body, STR("B"), "body");
	assert_int_equal(b.first_revision, 5);
	/* Null clears, and gives the defaults back. */
	b = upserted(&world, &a, 7,
		"\"body\":null,\"labels\":null,\"estimate\":null,\"kind\":null,\"status\":null,"
		"\"due_at\":null,\"team\":null",
		true);
	assert_null(b.item.body.ptr);
	assert_int_equal(b.item.label_count, 0);
	assert_true(isnan(b.item.estimate));
	assert_true(b.item.due_us == TIME_NONE);
	same_text(b.item.kind, STR("bug"), "kind");
	same_text(b.item.status, STR("open"), "status");
	upserted(&world, &b, 8, "\"body\":null,\"labels\":[],\"estimate\":null", false);
	/* "" is a text. */
	upserted(&world, &b, 8, "\"body\":\"\"", true);
	/* What was stored is not touched. */
	same_text(a.item.body, STR("B"), "body");
	assert_int_equal(a.item.label_count, 2);
	world_end(&world);
}

static void test_links(void **state)
{
	struct world world;
	struct item_record record, again;
	struct item_input input;
	bool changed;

	(void)state;
	world_begin(&world);
	record = fresh(&world,
		"\"blocked_by\":[\"3\",{\"source\":\"jira\",\"external_id\":\"1\"},\"2\","
		"{\"source\":\"gh\",\"external_id\":\"3\"},\"2\"],\"parent\":\"9\"");
	assert_int_equal(record.item.blocked_by_count, 3);
	same_text(record.item.blocked_by[0].source, STR("gh"), "blocker");
	same_text(record.item.blocked_by[0].external_id, STR("3"), "blocker");
	same_text(record.item.blocked_by[1].source, STR("jira"), "blocker");
	same_text(record.item.blocked_by[2].external_id, STR("2"), "blocker");
	same_text(record.item.parent.source, STR("gh"), "parent");
	again = upserted(
		&world, &record, 6, "\"parent\":{\"source\":\"gh\",\"external_id\":\"9\"}", false);
	same_record(&record, &again);
	again = upserted(&world, &record, 6, "\"blocked_by\":[],\"parent\":null", true);
	assert_int_equal(again.item.blocked_by_count, 0);
	assert_null(again.item.parent.external_id.ptr);

	input = input_of(&world, ITEM_PARSE_PATCH,
		"{\"parent\":\"1\",\"blocked_by\":[\"2\",{\"source\":\"gh\",\"external_id\":\"1\"}]"
		"}");
	assert_int_equal(
		item_patch(&record, &input, 6, &world.arena, &world.diag, &again, &changed),
		ERR_INVALID);
	assert_fault(&world, "#/blocked_by/1", "itself");
	assert_fault(&world, "#/parent", "own parent");
	world_end(&world);
}

/* Above a few links repeats are found in another way: it must keep the same ones. */
static void test_many_links(void **state)
{
	(void)state;
	random_begin("many_links");
	for (int round = 0; round < 200; round++) {
		struct world world;
		struct buf text = BUF_INIT;
		struct item_record record;
		char wanted[100][8];
		size_t count = 1 + random_below(100), kept = 0;

		world_begin(&world);
		buf_puts(&text, "\"blocked_by\":[");
		for (size_t i = 0; i < count; i++) {
			char id[8];
			size_t seen = 0;

			snprintf(id, sizeof id, "i%zu", random_below(60));
			buf_printf(&text, "%s\"%s\"", i > 0 ? "," : "", id);
			while (seen < kept && strcmp(wanted[seen], id) != 0)
				seen++;
			if (seen == kept)
				memcpy(wanted[kept++], id, sizeof id);
		}
		buf_putc(&text, ']');
		record = fresh(&world, text.data);
		assert_int_equal(record.item.blocked_by_count, kept);
		for (size_t i = 0; i < kept; i++)
			assert_true(str_is(record.item.blocked_by[i].external_id, wanted[i]));
		buf_release(&text);
		world_end(&world);
	}
}

static void test_features(void **state)
{
	struct world world;
	struct item_record a, b;
	const struct feature_value *value;

	(void)state;
	world_begin(&world);
	a = fresh(&world, "\"features\":{\"user_impact\":{\"value\":2,\"evidence\":\"measured\"},"
			  "\"severity\":\"low\",\"owners\":\"ann\",\"regulated\":null}");
	assert_int_equal(a.item.feature_count, 3);
	/* The same again, in another order and with what is not there cleared. */
	b = upserted(&world, &a, 6,
		"\"features\":{\"owners\":\"ann\",\"drift\":null,\"severity\":{\"value\":\"low\"},"
		"\"user_impact\":{\"evidence\":\"measured\",\"value\":2.0}}",
		false);
	same_record(&a, &b);
	/* One by one: others keep their value and its revision. */
	b = upserted(&world, &a, 7, "\"features\":{\"severity\":\"high\",\"drift\":-1}", true);
	assert_int_equal(b.item.feature_count, 4);
	assert_int_equal(feature_in(&b.item, USER_IMPACT)->revision, 5);
	assert_int_equal(feature_in(&b.item, SEVERITY)->revision, 7);
	assert_int_equal(feature_in(&b.item, DRIFT)->revision, 7);
	/* A value replaces all that was said of the feature. */
	b = upserted(&world, &a, 8, "\"features\":{\"user_impact\":2}", true);
	value = feature_in(&b.item, USER_IMPACT);
	assert_int_equal(value->evidence, EVIDENCE_NONE);
	assert_int_equal(value->revision, 8);
	/* Null takes it away. */
	b = upserted(&world, &a, 9, "\"features\":{\"user_impact\":null}", true);
	assert_null(feature_in(&b.item, USER_IMPACT));
	b = upserted(&world, &a, 9,
		"\"features\":{\"user_impact\":null,\"severity\":null,\"owners\":null}", true);
	assert_int_equal(b.item.feature_count, 0);
	world_end(&world);
}

static void test_patch(void **state)
{
	struct world world;
	struct item_record a, b, c;
	uint16_t severity = SEVERITY;
	bool changed;

	(void)state;
	world_begin(&world);
	a = fresh(&world,
		"\"team\":\"core\",\"assignee\":\"ann\",\"features\":{\"severity\":\"low\"}");
	b = patched(&world, &a, 6,
		"{\"team\":\"infra\",\"assignee\":null,\"title\":\"Better\","
		"\"features\":{\"severity\":\"high\",\"user_impact\":3}}",
		true);
	assert_int_equal(b.patched, ITEM_TEAM | ITEM_ASSIGNEE | ITEM_TITLE);
	same_text(b.item.team, STR("infra"), "team");
	same_text(b.beneath.team, STR("core"), "team");
	assert_null(b.item.assignee.ptr);
	same_text(b.beneath.assignee, STR("ann"), "assignee");
	assert_true(feature_in(&b.item, SEVERITY)->patched);
	assert_true(feature_in(&b.item, SEVERITY)->number == 2);
	assert_true(feature_in(&b.item, SEVERITY)->beneath->number == 0);
	assert_int_equal(feature_in(&b.item, SEVERITY)->beneath->revision, 5);
	assert_null(feature_in(&b.item, USER_IMPACT)->beneath);
	patched(&world, &b, 7,
		"{\"team\":\"infra\",\"assignee\":null,\"features\":{\"severity\":\"high\"}}",
		false);

	/* The source goes on beneath it. */
	c = upserted(&world, &b, 8,
		"\"team\":\"data\",\"assignee\":\"ann\",\"title\":\"T\",\"features\":"
		"{\"severity\":\"medium\",\"user_impact\":null}",
		true);
	same_text(c.item.team, STR("infra"), "team");
	same_text(c.beneath.team, STR("data"), "team");
	same_text(c.item.title, STR("Better"), "title");
	assert_true(feature_in(&c.item, SEVERITY)->number == 2);
	assert_int_equal(feature_in(&c.item, SEVERITY)->revision, 6);
	assert_true(feature_in(&c.item, SEVERITY)->beneath->number == 1);
	assert_int_equal(feature_in(&c.item, SEVERITY)->beneath->revision, 8);
	upserted(&world, &c, 9, "\"team\":\"data\",\"features\":{\"severity\":\"medium\"}", false);

	/* A patch with the source's own value is still a patch. */
	patched(&world, &a, 6, "{\"team\":\"core\"}", true);

	/* Taking some back, then all. */
	assert_int_equal(item_unpatch(&c, false, ITEM_TEAM | ITEM_BODY, &severity, 1, 10,
				 &world.arena, &b, &changed),
		ERR_OK);
	assert_true(changed);
	assert_int_equal(b.revision, 10);
	same_text(b.item.team, STR("data"), "team");
	assert_null(b.beneath.team.ptr);
	assert_int_equal(b.patched, ITEM_ASSIGNEE | ITEM_TITLE);
	assert_false(feature_in(&b.item, SEVERITY)->patched);
	assert_true(feature_in(&b.item, SEVERITY)->number == 1);
	assert_int_equal(feature_in(&b.item, SEVERITY)->revision, 8);
	assert_true(feature_in(&b.item, USER_IMPACT)->patched);
	assert_int_equal(
		item_unpatch(&b, true, 0, NULL, 0, 11, &world.arena, &c, &changed), ERR_OK);
	assert_true(changed);
	assert_int_equal(c.patched, 0);
	same_text(c.item.title, STR("T"), "title");
	assert_null(feature_in(&c.item, USER_IMPACT));
	assert_int_equal(
		item_unpatch(&c, true, 0, NULL, 0, 12, &world.arena, &b, &changed), ERR_OK);
	assert_false(changed);
	same_record(&b, &c);
	world_end(&world);
}

static void test_patch_to_nothing(void **state)
{
	struct world world;
	struct item_record a, b;
	struct item_input input;
	bool changed;

	(void)state;
	world_begin(&world);
	a = fresh(&world, "\"features\":{\"severity\":\"low\"}");
	b = patched(&world, &a, 6, "{\"features\":{\"severity\":null,\"drift\":null}}", true);
	assert_int_equal(b.item.feature_count, 2);
	assert_true(feature_in(&b.item, SEVERITY)->cleared);
	assert_true(isnan(feature_in(&b.item, SEVERITY)->number));
	assert_non_null(feature_in(&b.item, SEVERITY)->beneath);
	/* It stays nothing, whatever the source says. */
	b = upserted(&world, &b, 7, "\"features\":{\"severity\":\"high\",\"drift\":4}", true);
	assert_true(feature_in(&b.item, SEVERITY)->cleared);
	assert_true(feature_in(&b.item, DRIFT)->beneath->number == 4);
	patched(&world, &b, 8, "{\"features\":{\"severity\":null}}", false);

	/* The parser lets no such input through, but another caller might make one. */
	input = input_of(&world, ITEM_PARSE_PATCH, "{}");
	input.cleared = ITEM_TITLE | ITEM_STREAM | ITEM_KIND | ITEM_STATUS;
	input.given = ITEM_UPDATED_AT;
	assert_int_equal(
		item_patch(&a, &input, 8, &world.arena, &world.diag, &b, &changed), ERR_INVALID);
	assert_int_equal(world.diag.count, 5);
	assert_fault(&world, "#/status", "null");
	assert_fault(&world, "#/updated_at", "source");
	world_end(&world);
}

static void test_another_item(void **state)
{
	struct world world;
	struct item_record a, b;
	struct item_input input;
	bool changed;

	(void)state;
	world_begin(&world);
	a = fresh(&world, "");
	input = input_of(&world, ITEM_PARSE_UPSERT, "{\"source\":\"gh\",\"external_id\":\"2\"}");
	assert_int_equal(try_upsert(&world, &a, &input, 6, &b, &changed), ERR_CONFLICT);
	world_end(&world);
}

/* ---- properties ---- */

/*
 * The source's layer does not depend on patches: after any history, taking all patches back gives
 * what the upserts alone would have given, with the same revisions of features. And saying a thing
 * twice changes nothing.
 */
static void test_layers_random(void **state)
{
	(void)state;
	random_begin("layers_random");
	for (int round = 0; round < 1500; round++) {
		struct world world;
		struct item_record both, alone, out;
		int64_t revision = 1;
		bool begun = false, changed;

		world_begin(&world);
		for (size_t steps = 1 + random_below(12); steps > 0; steps--, revision++) {
			bool patch = begun && random_below(2);
			struct buf text = BUF_INIT;
			struct item_input input;

			random_input(&text, patch ? ITEM_PARSE_PATCH : ITEM_PARSE_UPSERT, !begun);
			input = input_of(
				&world, patch ? ITEM_PARSE_PATCH : ITEM_PARSE_UPSERT, text.data);
			if (patch) {
				assert_int_equal(item_patch(&both, &input, revision, &world.arena,
							 &world.diag, &both, &changed),
					ERR_OK);
				assert_int_equal(item_patch(&both, &input, revision + 1,
							 &world.arena, &world.diag, &out, &changed),
					ERR_OK);
			} else {
				assert_int_equal(try_upsert(&world, begun ? &both : NULL, &input,
							 revision, &both, &changed),
					ERR_OK);
				assert_int_equal(try_upsert(&world, begun ? &alone : NULL, &input,
							 revision, &alone, &changed),
					ERR_OK);
				assert_int_equal(try_upsert(&world, &both, &input, revision + 1,
							 &out, &changed),
					ERR_OK);
				begun = true;
			}
			assert_false(changed);
			same_record(&both, &out);
			buf_release(&text);
		}
		assert_int_equal(item_unpatch(&both, true, 0, NULL, 0, revision, &world.arena, &out,
					 &changed),
			ERR_OK);
		out.revision = alone.revision;
		same_record(&alone, &out);
		world_end(&world);
	}
}

/* ---- age ---- */

static const struct {
	const char *stored, *given;
	int age;
} ages[] = {
	{"\"source_version\":\"9\"", "\"source_version\":\"10\"", 1},
	{"\"source_version\":\"10\"", "\"source_version\":\"9\"", -1},
	{"\"source_version\":\"010\"", "\"source_version\":\"10\"", 0},
	{"\"source_version\":\"99999999999999999999999999\"",
		"\"source_version\":\"100000000000000000000000000\"", 1},
	{"\"source_version\":\"0\"", "\"source_version\":\"00\"", 0},
	{"\"source_version\":\"2026-01-01T00:00:00Z\"",
		"\"source_version\":\"2026-01-01T00:30:00+01:00\"", -1},
	{"\"source_version\":\"2026-01-01T00:00:00Z\"",
		"\"source_version\":\"2026-01-01T01:00:00+01:00\"", 0},
	{"\"source_version\":\"b1\"", "\"source_version\":\"a1\"", 0},
	{"\"source_version\":\"3\"", "\"source_version\":\"2026-01-01T00:00:00Z\"", 0},
	{"\"source_version\":\"3\"", "\"source_version\":\"-4\"", 0},
	/* updated_at only where one of the two has no version. */
	{"\"source_version\":\"3\",\"updated_at\":\"2026-01-01T00:00:00Z\"",
		"\"source_version\":\"3\",\"updated_at\":\"2020-01-01T00:00:00Z\"", 0},
	{"\"source_version\":\"3\",\"updated_at\":\"2026-01-01T00:00:00Z\"",
		"\"updated_at\":\"2020-01-01T00:00:00Z\"", -1},
	{"\"updated_at\":\"2026-01-01T00:00:00Z\"",
		"\"source_version\":\"3\",\"updated_at\":\"2026-01-01T00:00:00.000001Z\"", 1},
	{"\"updated_at\":\"2026-01-01T00:00:00Z\"", "\"updated_at\":\"2026-01-01T01:00:00+01:00\"",
		0},
	{"\"updated_at\":\"2026-01-01T00:00:00Z\"", "\"title\":\"x\"", 0},
	{"\"updated_at\":\"2026-01-01T00:00:00Z\"", "\"updated_at\":null", 0},
	{"\"team\":\"x\"", "\"updated_at\":\"2026-01-01T00:00:00Z\"", 0},
};

static void test_age(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		struct world world;
		struct item_record record;
		struct item_input input;
		struct buf text = BUF_INIT;

		world_begin(&world);
		record = fresh(&world, ages[i].stored);
		buf_printf(&text, "{\"source\":\"gh\",\"external_id\":\"1\",%s}", ages[i].given);
		input = input_of(&world, ITEM_PARSE_UPSERT, text.data);
		if (item_input_age(&record, &input) != ages[i].age)
			fail_msg("%s, then %s", ages[i].stored, ages[i].given);
		buf_release(&text);
		world_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_new_is_complete),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_many_links),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_patch_to_nothing),
		cmocka_unit_test(test_another_item),
		cmocka_unit_test(test_layers_random),
		cmocka_unit_test(test_age),
	};

	json_init();
	return cmocka_run_group_tests_name("item_merge", tests, NULL, NULL);
}

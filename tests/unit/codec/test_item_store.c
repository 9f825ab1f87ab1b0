/*
 * The storable form: what goes to the tables comes back the same, nothing personal is in what the
 * audit log covers, an erased text leaves the rest whole. And the item as the API shows it.
 */
#include "item_fixture.h"

#include "../base/out_of_memory.h"

/* What the tables give back: plain columns, features by id and number. */
static struct item_record columns_of(
	struct world *world, const struct item_record *record, bool with_cleared)
{
	struct item_record row = {
		.id = record->id,
		.revision = record->revision,
		.first_revision = record->first_revision,
		.source = record->source,
		.external_id = record->external_id,
		.recorded_us = TIME_NONE,
	};
	const struct item *item = &record->item;
	struct feature_value *features =
		arena_array(&world->arena, item->feature_count, sizeof *features);
	size_t count = 0;

	row.item = (struct item){
		.stream = item->stream,
		.kind = item->kind,
		.status = item->status,
		.team = item->team,
		.labels = item->labels,
		.label_count = item->label_count,
		.created_us = item->created_us,
		.updated_us = item->updated_us,
		.due_us = item->due_us,
		.estimate = item->estimate,
		.features = features,
	};
	for (size_t i = 0; i < item->feature_count; i++) {
		if (!with_cleared && item->features[i].cleared)
			continue;
		features[count].id = item->features[i].id;
		features[count++].number = item->features[i].number;
	}
	row.item.feature_count = count;
	return row;
}

static struct item_storable stored(struct world *world, const struct item_record *record)
{
	struct item_storable out;

	assert_int_equal(
		item_to_storable(record, &fixture_workspace, fixture_salt, &world->arena, &out),
		ERR_OK);
	return out;
}

static struct item_record loaded(struct world *world, const struct item_record *record,
	const struct item_storable *storable, bool with_cleared)
{
	struct item_record row = columns_of(world, record, with_cleared);

	assert_int_equal(item_from_storable(&row, &storable->text, storable->extra, &world->catalog,
				 &world->arena),
		ERR_OK);
	return row;
}

static struct item_record fresh(struct world *world, const char *more)
{
	struct buf fields = BUF_INIT;
	struct item_record record;

	buf_printf(&fields, "\"title\":\"T\",\"stream\":\"incident\"%s%s", *more ? "," : "", more);
	record = upserted(world, NULL, 5, fields.data, true);
	buf_release(&fields);
	return record;
}

/* A record with a history. */
static struct item_record random_record(struct world *world)
{
	struct item_record record;
	bool changed;
	size_t steps = 1 + random_below(8);

	for (size_t i = 0; i < steps; i++) {
		bool patch = i > 0 && random_below(2);
		struct buf text = BUF_INIT;
		struct item_input input;

		random_input(&text, patch ? ITEM_PARSE_PATCH : ITEM_PARSE_UPSERT, i == 0);
		input = input_of(world, patch ? ITEM_PARSE_PATCH : ITEM_PARSE_UPSERT, text.data);
		input.by.bytes[0] = (unsigned char)random_below(3);
		if (patch)
			assert_int_equal(item_patch(&record, &input, (int64_t)i + 1, &world->arena,
						 &world->diag, &record, &changed),
				ERR_OK);
		else
			assert_int_equal(try_upsert(world, i > 0 ? &record : NULL, &input,
						 (int64_t)i + 1, &record, &changed),
				ERR_OK);
		buf_release(&text);
	}
	return record;
}

static void assert_is_canonical(struct world *world, struct str text)
{
	struct buf out = BUF_INIT;
	json_t *json;

	assert_int_equal(json_parse(text, 1, "", &world->diag, &json), ERR_OK);
	json_canonical(&out, json);
	same_text(buf_view(&out), text, "canonical");
	buf_release(&out);
	json_decref(json);
}

static void test_round_trip(void **state)
{
	(void)state;
	random_begin("round_trip");
	for (int round = 0; round < 3000; round++) {
		struct world world;
		struct item_record record, back;
		struct item_storable storable, again;

		world_begin(&world);
		record = random_record(&world);
		storable = stored(&world, &record);
		assert_is_canonical(&world, storable.extra);
		if (storable.text.notes.ptr)
			assert_is_canonical(&world, storable.text.notes);
		for (int with_cleared = 0; with_cleared < 2; with_cleared++) {
			back = loaded(&world, &record, &storable, with_cleared);
			same_record(&record, &back);
		}
		again = stored(&world, &back);
		same_text(again.extra, storable.extra, "extra");
		assert_memory_equal(&again.text_ref, &storable.text_ref, sizeof again.text_ref);
		assert_int_equal(storable.blocked_by_count, record.item.blocked_by_count);
		for (size_t i = 0; i < storable.blocked_by_count; i++) {
			struct uuid id;

			item_id_make(&fixture_workspace, record.item.blocked_by[i].source,
				record.item.blocked_by[i].external_id, &id);
			assert_int_equal(uuid_cmp(&id, &storable.blocked_by[i]), 0);
		}
		world_end(&world);
	}
}

/* Tokens as they are named in the tables, each with the features that it asserted. */
static void test_claimants(void **state)
{
	static const struct uuid ann = {{0xa}}, bob = {{0xb}};
	struct world world;
	struct item_record record;
	struct item_storable storable;
	struct item_input input;
	bool changed;

	(void)state;
	world_begin(&world);
	record = fresh(&world, "");
	input = input_of(&world, ITEM_PARSE_UPSERT,
		"{\"source\":\"gh\",\"external_id\":\"1\",\"features\":{"
		"\"user_impact\":{\"value\":2,\"evidence\":\"asserted\"},"
		"\"demand\":{\"value\":4,\"evidence\":\"measured\"},"
		"\"severity\":{\"value\":\"low\",\"evidence\":\"asserted\"}}}");
	input.by = ann;
	assert_int_equal(try_upsert(&world, &record, &input, 6, &record, &changed), ERR_OK);
	/* The same by somebody else is nothing new, and stays whose it is. */
	input.by = bob;
	assert_int_equal(try_upsert(&world, &record, &input, 7, &record, &changed), ERR_OK);
	assert_false(changed);
	input = input_of(&world, ITEM_PARSE_PATCH,
		"{\"features\":{\"severity\":{\"value\":\"high\",\"evidence\":\"asserted\"}}}");
	input.by = bob;
	assert_int_equal(
		item_patch(&record, &input, 8, &world.arena, &world.diag, &record, &changed),
		ERR_OK);
	storable = stored(&world, &record);
	same_text(storable.extra,
		STR("{\"f\":[[0,{\"e\":\"a\"}],[1,{\"e\":\"m\"}],[3,{\"e\":\"a\",\"p\":true,"
		    "\"u\":{\"e\":\"a\",\"n\":0,\"r\":6,"
		    "\"w\":\"0a000000-0000-0000-0000-000000000000\"}}]],\"r\":[[6,0,1]],"
		    "\"w\":[[\"0a000000-0000-0000-0000-000000000000\",0],"
		    "[\"0b000000-0000-0000-0000-000000000000\",3]]}"),
		"extra");
	world_end(&world);
}

static void test_compact(void **state)
{
	struct world world;
	struct item_record record;
	struct item_storable storable;

	(void)state;
	world_begin(&world);
	record = fresh(&world, "\"team\":\"core\",\"labels\":[\"a\"],\"estimate\":1,"
			       "\"features\":{\"user_impact\":2,\"severity\":\"low\"}");
	storable = stored(&world, &record);
	same_text(storable.extra, STR("{}"), "extra");
	assert_null(storable.text.notes.ptr);
	assert_int_equal(storable.text_present, ITEM_TITLE);
	assert_true(storable.has_text);

	record = upserted(&world, &record, 6,
		"\"blocked_by\":[\"2\",{\"source\":\"jira\",\"external_id\":\"3\"}],\"parent\":"
		"\"4\","
		"\"artifacts\":[{\"kind\":\"model\",\"name\":\"m\"}],\"source_version\":\"9\","
		"\"features\":{\"drift\":{\"value\":1e20,\"evidence\":\"measured\","
		"\"observed_at\":\"1970-01-01T00:00:01Z\"}}",
		true);
	record = patched(&world, &record, 7,
		"{\"team\":null,\"assignee\":\"ann\",\"features\":{\"drift\":null}}", true);
	storable = stored(&world, &record);
	same_text(storable.extra,
		STR("{\"a\":[[\"model\",\"m\"]],\"b\":[\"2\",[\"jira\",\"3\"]],"
		    "\"f\":[[7,{\"c\":true,\"p\":true,"
		    "\"u\":{\"e\":\"m\",\"n\":1e+20,\"o\":1000000,\"r\":6}}]],"
		    "\"p\":{\"assignee\":null,\"team\":\"core\"},\"q\":\"4\",\"r\":[[5,0,3]],"
		    "\"v\":\"9\"}"),
		"extra");
	assert_int_equal(storable.text_present, ITEM_TITLE | ITEM_ASSIGNEE);
	world_end(&world);
}

/* Every personal text holds the word; what is hashed into the log does not. */
static void test_nothing_personal_in_extra(void **state)
{
	struct world world;
	struct item_record record;
	struct item_storable storable;

	(void)state;
	world_begin(&world);
	record = upserted(&world, NULL, 1,
		"\"title\":\"SECRET\",\"stream\":\"incident\",\"body\":\"SECRET\","
		"\"url\":\"https://SECRET\",\"assignee\":\"SECRET\",\"reporter\":\"SECRET\","
		"\"features\":{\"owners\":\"SECRET\",\"success_metric\":{\"value\":\"SECRET\","
		"\"justification\":\"SECRET\"},\"drift\":{\"value\":1,\"justification\":\"SECRET\"}"
		","
		"\"demand\":{\"value\":1,\"justification\":\"SECRET\"}}",
		true);
	record = patched(&world, &record, 2,
		"{\"title\":\"SECRET2\",\"body\":null,\"assignee\":\"SECRET2\",\"team\":\"t\","
		"\"features\":{\"owners\":\"SECRET2\",\"success_metric\":null,"
		"\"drift\":{\"value\":2,\"justification\":\"SECRET2\"}}}",
		true);
	storable = stored(&world, &record);
	assert_null(memmem(storable.extra.ptr, storable.extra.len, "SECRET", 6));
	assert_int_equal(
		storable.text_present, ITEM_TITLE | ITEM_URL | ITEM_ASSIGNEE | ITEM_REPORTER);
	assert_non_null(storable.text.notes.ptr);
	assert_null(storable.text.body.ptr);
	world_end(&world);
}

static void test_erased(void **state)
{
	(void)state;
	random_begin("erased");
	for (int round = 0; round < 500; round++) {
		struct world world;
		struct item_record record, back, absent;
		struct item_storable storable;
		struct item_text none = {0};
		struct buf out = BUF_INIT;

		world_begin(&world);
		record = random_record(&world);
		storable = stored(&world, &record);
		back = columns_of(&world, &record, true);
		assert_int_equal(item_from_storable(&back, &none, storable.extra, &world.catalog,
					 &world.arena),
			ERR_OK);
		assert_int_equal(back.patched, record.patched);
		assert_null(back.item.title.ptr);
		assert_null(back.beneath.assignee.ptr);
		assert_int_equal(back.item.feature_count, record.item.feature_count);
		for (size_t i = 0; i < back.item.feature_count; i++) {
			const struct feature_value *value = &back.item.features[i];

			same_number(value->number, record.item.features[i].number, "feature");
			assert_int_equal(value->revision, record.item.features[i].revision);
			assert_null(value->text.ptr);
			assert_null(value->justification.ptr);
		}
		item_write(&out, &back, &world.catalog, true);
		assert_non_null(strstr(out.data, "\"title\":\"\""));
		assert_non_null(strstr(out.data, "\"erased\":true"));
		buf_release(&out);
		/* Without the side table: the same. */
		absent = columns_of(&world, &record, true);
		assert_int_equal(item_from_storable(&absent, NULL, storable.extra, &world.catalog,
					 &world.arena),
			ERR_OK);
		same_record(&back, &absent);
		world_end(&world);
	}
}

/*
 * Python: hashlib.sha256(salt + b"".join(struct.pack(">I", len(c)) + c if c is not None else
 * b"\xff" * 4 for c in columns)), salt = b"0123456789abcdef0123456789abcde\0".
 */
static void test_text_ref(void **state)
{
	static const struct {
		struct item_text text;
		const char *hex;
	} vectors[] = {
		{{.title = {"T", 1}},
			"f94f70a4fe7da2acf25c6e67916ca7f28ff0a485f63f52be13221cdbeb08594a"},
		{{.title = {"T", 1}, .body = {"", 0}},
			"2daf6336e0c93d702cbd1efc3af55c20086ea6f201570c5042a5a84bc2bd325a"},
		{{{"Ä", 2}, {"b", 1}, {"https://x", 9}, {"ann", 3}, {"bob", 3}, {"{}", 2}},
			"05a83d4e11e9f4407b1f28d122e6e62a6ca3ca22f3c8eb0b2b2ec31104b0cabf"},
		{{.title = {NULL, 0}},
			"47cc49c7cf2a0bd5534e93ca8fbc540470f2f70a130b3a7c769be6290228f0e9"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		char hex[SHA256_HEX_SIZE];
		struct sha256 ref;

		assert_true(item_text_ref(&vectors[i].text, fixture_salt, &ref));
		assert_string_equal(sha256_to_hex(&ref, hex), vectors[i].hex);
	}
}

/* What is damaged is an internal error, never a crash. */
static void test_damaged(void **state)
{
	static const char *const texts[] = {"", "[", "[]", "7", "{\"a\":[7]}", "{\"a\":[[\"x\"]]}",
		"{\"b\":[7]}", "{\"b\":[[\"x\"]]}", "{\"f\":[[0]]}", "{\"f\":[[9,{}]]}",
		"{\"f\":[7]}", "{\"f\":[[0,{\"e\":\"x\"}]]}", "{\"f\":[[0,{\"e\":3}]]}",
		"{\"f\":[[0,{\"o\":\"x\"}]]}", "{\"f\":[[0,{\"u\":{}}]]}",
		"{\"f\":[[-1,{\"c\":true}]]}", "{\"f\":[[70000,{\"c\":true}]]}",
		"{\"p\":{\"team\":7}}", "{\"p\":{\"estimate\":\"x\"}}",
		"{\"p\":{\"due_at\":\"x\"}}", "{\"q\":7}", "{\"q\":[]}", "{\"r\":[[]]}",
		"{\"r\":[[3,9]]}", "{\"r\":[[\"3\",0]]}", "{\"r\":[7]}", "{\"v\":7}"};
	struct world world;
	struct item_record record;
	struct item_storable storable;

	(void)state;
	world_begin(&world);
	record = fresh(&world, "\"features\":{\"user_impact\":2}");
	storable = stored(&world, &record);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct item_record row = columns_of(&world, &record, true);
		enum error error = item_from_storable(
			&row, &storable.text, str_from(texts[i]), &world.catalog, &world.arena);

		/* A feature entry without parts says nothing, which does no harm. */
		if (error != ERR_INTERNAL && strcmp(texts[i], "{\"f\":[[0]]}") != 0)
			fail_msg("read: %s", texts[i]);
	}
	world_end(&world);
}

static void test_damaged_random(void **state)
{
	(void)state;
	random_begin("damaged_random");
	for (int round = 0; round < 3000; round++) {
		struct world world;
		struct item_record record, row;
		struct item_storable storable;
		struct str *text;
		enum error error;

		world_begin(&world);
		record = random_record(&world);
		storable = stored(&world, &record);
		row = columns_of(&world, &record, true);
		text = random_below(2) && storable.text.notes.ptr ? &storable.text.notes
								  : &storable.extra;
		text->ptr = arena_strdup(&world.arena, *text);
		for (size_t edits = 1 + random_below(3); edits > 0; edits--)
			((char *)text->ptr)[random_below(text->len)] =
				"{}[]\",:0123456789abfpqrtuvcj"[random_below(29)];
		error = item_from_storable(
			&row, &storable.text, storable.extra, &world.catalog, &world.arena);
		assert_true(error == ERR_OK || error == ERR_INTERNAL);
		world_end(&world);
	}
}

static void test_out_of_memory(void **state)
{
	struct world world;
	struct item_record record;
	struct item_storable good;

	(void)state;
	random_begin("out_of_memory");
	world_begin(&world);
	for (int tries = 0; tries < 20; tries++) {
		record = random_record(&world);
		good = stored(&world, &record);
		for (long n = 0;; n++) {
			struct item_storable out;
			struct arena arena;
			enum error error;

			arena_init(&arena, 1 << 24);
			oom_begin(n);
			error = item_to_storable(
				&record, &fixture_workspace, fixture_salt, &arena, &out);
			if (!oom_end()) {
				assert_int_equal(error, ERR_OK);
				arena_release(&arena);
				break;
			}
			assert_int_equal(error, ERR_NO_MEMORY);
			arena_release(&arena);
		}
		for (long n = 0;; n++) {
			struct item_record row = columns_of(&world, &record, true);
			struct arena arena;
			enum error error;

			arena_init(&arena, 1 << 24);
			oom_begin(n);
			error = item_from_storable(
				&row, &good.text, good.extra, &world.catalog, &arena);
			if (!oom_end()) {
				same_record(&record, &row);
				arena_release(&arena);
				break;
			}
			assert_int_equal(error, ERR_NO_MEMORY);
			arena_release(&arena);
		}
	}
	world_end(&world);
}

static void test_budget(void **state)
{
	struct world world;
	struct item_record record;

	(void)state;
	world_begin(&world);
	record = fresh(&world, "\"blocked_by\":[\"2\"],\"source_version\":\"7\"");
	for (size_t budget = 0;; budget++) {
		struct item_storable out;
		struct arena arena;
		enum error error;

		arena_init(&arena, budget);
		error = item_to_storable(&record, &fixture_workspace, fixture_salt, &arena, &out);
		arena_release(&arena);
		if (!error)
			break;
		assert_int_equal(error, ERR_BUDGET);
	}
	world_end(&world);
}

/* ---- as the API shows it ---- */

static void assert_written(
	struct world *world, const struct item_record *record, bool sensitive, const char *wanted)
{
	struct buf out = BUF_INIT;

	item_write(&out, record, &world->catalog, sensitive);
	assert_false(out.failed);
	assert_string_equal(out.data, wanted);
	buf_release(&out);
}

static void test_write(void **state)
{
	struct world world;
	struct item_record record;

	(void)state;
	world_begin(&world);
	record = fresh(&world, "");
	assert_written(&world, &record, false,
		"{\"id\":\"05ee81c3-d564-51b4-97fa-36660db35d24\",\"source\":\"gh\",\"external_"
		"id\":\"1\",\"revision\":5,"
		"\"first_revision\":5,\"schema_version\":1,\"title\":\"T\",\"stream\":\"incident\","
		"\"kind\":\"bug\",\"status\":\"open\",\"labels\":[],\"features\":{}}");

	record = fresh(&world,
		"\"body\":\"B\",\"url\":\"https://x\",\"labels\":[\"a\",\"b\"],\"team\":\"core\","
		"\"assignee\":\"ann\",\"reporter\":\"bob\",\"created_at\":\"2026-01-01T00:00:00Z\","
		"\"updated_at\":\"2026-01-01T01:00:00+01:00\",\"due_at\":\"2026-01-01T00:00:00."
		"25Z\","
		"\"estimate\":0.5,\"blocked_by\":[\"2\"],\"parent\":\"3\",\"artifacts\":["
		"{\"kind\":\"k\",\"name\":\"n\"},{\"kind\":\"k\",\"name\":\"n\",\"version\":\"v\"}]"
		","
		"\"source_version\":\"7\",\"features\":{\"user_impact\":{\"value\":3,"
		"\"evidence\":\"measured\",\"observed_at\":\"2026-01-01T00:00:00Z\","
		"\"justification\":\"seen\"},\"demand\":0.1,\"regulated\":false,"
		"\"severity\":\"critical\",\"regulatory_due\":\"2026-11-21\","
		"\"success_metric\":\"p95\",\"owners\":\"ann\"}");
	record.recorded_us = 1;
	record = patched(&world, &record, 6,
		"{\"team\":null,\"parent\":{\"source\":\"jira\",\"external_id\":\"9\"},"
		"\"features\":{\"severity\":\"low\",\"regulated\":null,\"drift\":2,"
		"\"regulatory_due\":\"2026-11-21T00:00:01Z\"}}",
		true);
	record.recorded_us = 1500000;
	assert_written(&world, &record, false,
		"{\"id\":\"05ee81c3-d564-51b4-97fa-36660db35d24\",\"source\":\"gh\",\"external_"
		"id\":\"1\",\"revision\":6,"
		"\"first_revision\":5,\"recorded_at\":\"1970-01-01T00:00:01.5Z\","
		"\"schema_version\":1,\"title\":\"T\",\"body\":\"B\",\"url\":\"https://x\","
		"\"stream\":\"incident\",\"kind\":\"bug\",\"status\":\"open\","
		"\"labels\":[\"a\",\"b\"],\"assignee\":\"ann\",\"reporter\":\"bob\","
		"\"created_at\":\"2026-01-01T00:00:00Z\",\"updated_at\":\"2026-01-01T00:00:00Z\","
		"\"due_at\":\"2026-01-01T00:00:00.25Z\",\"estimate\":0.5,"
		"\"blocked_by\":[{\"source\":\"gh\",\"external_id\":\"2\"}],"
		"\"parent\":{\"source\":\"jira\",\"external_id\":\"9\"},"
		"\"artifacts\":[{\"kind\":\"k\",\"name\":\"n\"},"
		"{\"kind\":\"k\",\"name\":\"n\",\"version\":\"v\"}],\"source_version\":\"7\","
		"\"features\":{\"user_impact\":{\"value\":3,\"evidence\":\"measured\","
		"\"observed_at\":\"2026-01-01T00:00:00Z\",\"justification\":\"seen\","
		"\"revision\":5},\"demand\":{\"value\":0.1,\"revision\":5},"
		"\"regulated\":{\"value\":null,\"revision\":6,\"patched\":true,"
		"\"source_value\":false},\"severity\":{\"value\":\"low\",\"revision\":6,"
		"\"patched\":true,\"source_value\":\"critical\"},"
		"\"regulatory_due\":{\"value\":\"2026-11-21T00:00:01Z\",\"revision\":6,"
		"\"patched\":true,\"source_value\":\"2026-11-21\"},"
		"\"success_metric\":{\"value\":\"p95\",\"revision\":5},"
		"\"drift\":{\"value\":2,\"revision\":6,\"patched\":true,\"source_value\":null}},"
		"\"patched\":{\"team\":{\"value\":null,\"source_value\":\"core\"},"
		"\"parent\":{\"value\":{\"source\":\"jira\",\"external_id\":\"9\"},"
		"\"source_value\":{\"source\":\"gh\",\"external_id\":\"3\"}}}}");
	world_end(&world);
}

static void test_write_sensitive(void **state)
{
	struct world world;
	struct item_record record;
	struct buf out = BUF_INIT;

	(void)state;
	world_begin(&world);
	record = fresh(&world, "\"features\":{\"owners\":\"ann\"}");
	item_write(&out, &record, &world.catalog, false);
	assert_null(strstr(out.data, "owners"));
	assert_null(strstr(out.data, "ann"));
	buf_reset(&out);
	item_write(&out, &record, &world.catalog, true);
	assert_non_null(strstr(out.data, "\"owners\":{\"value\":\"ann\",\"revision\":5}"));
	/* An erased text is still there, and says so. */
	buf_reset(&out);
	((struct feature_value *)record.item.features)->text = STR_NONE;
	item_write(&out, &record, &world.catalog, true);
	assert_non_null(strstr(out.data, "\"owners\":{\"value\":\"\",\"erased\":true,"));
	buf_release(&out);
	world_end(&world);
}

/* Whatever is stored is shown as JSON that our own parser takes. */
static void test_write_random(void **state)
{
	(void)state;
	random_begin("write_random");
	for (int round = 0; round < 500; round++) {
		struct world world;
		struct item_record record;
		struct buf out = BUF_INIT;
		json_t *json;

		world_begin(&world);
		record = random_record(&world);
		item_write(&out, &record, &world.catalog, true);
		/* A whole number beyond int64 is JSON, though not for our own parser. */
		if (!strstr(out.data, "100000000000000000000"))
			assert_int_equal(
				json_parse(buf_view(&out), 1, "", &world.diag, &json), ERR_OK);
		else
			json = NULL;
		if (json)
			assert_string_equal(json_string_value(json_object_get(json, "title")),
				record.item.title.ptr);
		json_decref(json);
		buf_release(&out);
		world_end(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_claimants),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_nothing_personal_in_extra),
		cmocka_unit_test(test_erased),
		cmocka_unit_test(test_text_ref),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_damaged_random),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_sensitive),
		cmocka_unit_test(test_write_random),
	};

	json_init();
	return cmocka_run_group_tests_name("item_store", tests, NULL, NULL);
}

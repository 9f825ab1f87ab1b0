/*
 * A workspace for the item tests: a small catalogue, made by hand, and short ways to parse, merge
 * and compare.
 */
#ifndef TESTS_UNIT_CODEC_ITEM_FIXTURE_H
#define TESTS_UNIT_CODEC_ITEM_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "../base/random.h"
#include "base/clock.h"
#include "codec/item.h"
#include "codec/json.h"

enum {
	USER_IMPACT,
	DEMAND,
	REGULATED,
	SEVERITY,
	REGULATORY_DUE,
	SUCCESS_METRIC,
	OWNERS,
	DRIFT,
	FIXTURE_FEATURES,
};

static const struct str fixture_severities[] = {
	{"low", 3}, {"medium", 6}, {"high", 4}, {"critical", 8}};

static const struct feature_definition fixture_features[FIXTURE_FEATURES] = {
	{.id = USER_IMPACT, .name = {"user_impact", 11}, .lower = 1, .upper = 3},
	{.id = DEMAND, .name = {"demand", 6}, .lower = 0, .upper = 100, .clamp = true},
	{.id = REGULATED, .name = {"regulated", 9}, .type = FEATURE_BOOLEAN},
	{.id = SEVERITY,
		.name = {"severity", 8},
		.type = FEATURE_CATEGORY,
		.categories = fixture_severities,
		.category_count = 4},
	{.id = REGULATORY_DUE, .name = {"regulatory_due", 14}, .type = FEATURE_DATE},
	{.id = SUCCESS_METRIC, .name = {"success_metric", 14}, .type = FEATURE_TEXT},
	{.id = OWNERS, .name = {"owners", 6}, .type = FEATURE_TEXT, .sensitive = true},
	{.id = DRIFT, .name = {"drift", 5}, .lower = -INFINITY, .upper = INFINITY},
};

static const struct str fixture_streams[] = {{"engineering_bug", 15}, {"incident", 8}};
static const struct str fixture_kinds[] = {{"bug", 3}, {"spike", 5}};
static const struct status_definition fixture_statuses[] = {
	{{"done", 4}, STATUS_DONE},
	{{"open", 4}, STATUS_TODO},
	{{"in_progress", 11}, STATUS_ACTIVE},
};

static const struct uuid fixture_workspace = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80,
	0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};
static const unsigned char fixture_salt[32] = "0123456789abcdef0123456789abcde";

struct world {
	struct catalog catalog;
	struct arena arena;
	struct diag diag;
};

static inline void world_begin(struct world *world)
{
	*world = (struct world){
		.catalog.features = fixture_features,
		.catalog.feature_count = FIXTURE_FEATURES,
		.catalog.streams = fixture_streams,
		.catalog.stream_count = 2,
		.catalog.kinds = fixture_kinds,
		.catalog.kind_count = 2,
		.catalog.statuses = fixture_statuses,
		.catalog.status_count = 3,
	};
	for (uint32_t i = 0; i < FIXTURE_FEATURES; i++)
		assert_true(str_map_put(&world->catalog.feature_ids, fixture_features[i].name, i));
	arena_init(&world->arena, 1 << 26);
	diag_init(&world->diag, &world->arena);
}

static inline void world_end(struct world *world)
{
	str_map_release(&world->catalog.feature_ids);
	arena_release(&world->arena);
}

static inline void show_faults(const struct world *world)
{
	for (size_t i = 0; i < world->diag.count; i++)
		print_message(
			"%s: %s\n", world->diag.entries[i].pointer, world->diag.entries[i].detail);
}

static inline void assert_fault(const struct world *world, const char *pointer, const char *detail)
{
	for (size_t i = 0; i < world->diag.count; i++)
		if (strcmp(world->diag.entries[i].pointer, pointer) == 0 &&
			strstr(world->diag.entries[i].detail, detail))
			return;
	show_faults(world);
	fail_msg("no fault \"%s\" at %s", detail, pointer);
}

static inline enum error try_parse(struct world *world, enum item_parse_mode mode,
	const char *pointer, struct str text, struct item_input *out)
{
	json_t *json;
	enum error error = json_parse(text, 1, "", &world->diag, &json);

	if (error)
		return error;
	error = item_input_parse(
		json, mode, &world->catalog, pointer, &world->arena, &world->diag, out);
	json_decref(json);
	return error;
}

static inline struct item_input input_of(
	struct world *world, enum item_parse_mode mode, const char *text)
{
	struct item_input input;
	enum error error = try_parse(world, mode, "", str_from(text), &input);

	if (error) {
		show_faults(world);
		fail_msg("error %d: %s", (int)error, text);
	}
	return input;
}

/* ---- merging ---- */

static inline enum error try_upsert(struct world *world, const struct item_record *record,
	const struct item_input *input, int64_t revision, struct item_record *out, bool *changed)
{
	return item_upsert(record, input, &fixture_workspace, &world->catalog, revision, "",
		&world->arena, &world->diag, out, changed);
}

/* `fields` are those of the item gh/1, without braces. */
static inline struct item_record upserted(struct world *world, const struct item_record *record,
	int64_t revision, const char *fields, bool expect_change)
{
	struct item_record out;
	struct item_input input;
	struct buf text = BUF_INIT;
	bool changed;

	buf_printf(
		&text, "{\"source\":\"gh\",\"external_id\":\"1\"%s%s}", *fields ? "," : "", fields);
	input = input_of(world, ITEM_PARSE_UPSERT, text.data);
	buf_release(&text);
	assert_int_equal(try_upsert(world, record, &input, revision, &out, &changed), ERR_OK);
	assert_int_equal(changed, expect_change);
	assert_int_equal(out.revision, changed ? revision : record->revision);
	return out;
}

static inline struct item_record patched(struct world *world, const struct item_record *record,
	int64_t revision, const char *text, bool expect_change)
{
	struct item_input input = input_of(world, ITEM_PARSE_PATCH, text);
	struct item_record out;
	bool changed;

	assert_int_equal(
		item_patch(record, &input, revision, &world->arena, &world->diag, &out, &changed),
		ERR_OK);
	assert_int_equal(changed, expect_change);
	assert_int_equal(out.revision, changed ? revision : record->revision);
	return out;
}

static inline const struct feature_value *feature_in(const struct item *item, uint16_t id)
{
	for (size_t i = 0; i < item->feature_count; i++)
		if (item->features[i].id == id)
			return &item->features[i];
	return NULL;
}

/* ---- comparing, field by field, without the code under test ---- */

static inline void same_text(struct str a, struct str b, const char *what)
{
	if (!a.ptr != !b.ptr || !str_eq(a, b))
		fail_msg("%s: \"%.*s\" and \"%.*s\"", what, STR_ARG(a), STR_ARG(b));
}

static inline void same_number(double a, double b, const char *what)
{
	if (!(a == b || (isnan(a) && isnan(b))))
		fail_msg("%s: %.17g and %.17g", what, a, b);
}

static inline void same_feature(const struct feature_value *a, const struct feature_value *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->cleared, b->cleared);
	same_number(a->number, b->number, "feature");
	same_text(a->text, b->text, "feature text");
	assert_int_equal(a->evidence, b->evidence);
	assert_true(a->observed_us == b->observed_us);
	same_text(a->justification, b->justification, "justification");
	assert_int_equal(a->revision, b->revision);
	assert_int_equal(uuid_cmp(&a->by, &b->by), 0);
	assert_int_equal(a->patched, b->patched);
	assert_int_equal(!a->beneath, !b->beneath);
	if (a->beneath)
		same_feature(a->beneath, b->beneath);
}

static inline void same_item(const struct item *a, const struct item *b)
{
	same_text(a->title, b->title, "title");
	same_text(a->body, b->body, "body");
	same_text(a->url, b->url, "url");
	same_text(a->stream, b->stream, "stream");
	same_text(a->kind, b->kind, "kind");
	same_text(a->status, b->status, "status");
	same_text(a->team, b->team, "team");
	same_text(a->assignee, b->assignee, "assignee");
	same_text(a->reporter, b->reporter, "reporter");
	same_text(a->source_version, b->source_version, "source_version");
	assert_int_equal(a->label_count, b->label_count);
	for (size_t i = 0; i < a->label_count; i++)
		same_text(a->labels[i], b->labels[i], "label");
	assert_true(a->created_us == b->created_us);
	assert_true(a->updated_us == b->updated_us);
	assert_true(a->due_us == b->due_us);
	same_number(a->estimate, b->estimate, "estimate");
	assert_int_equal(a->blocked_by_count, b->blocked_by_count);
	for (size_t i = 0; i < a->blocked_by_count; i++) {
		same_text(a->blocked_by[i].source, b->blocked_by[i].source, "blocker");
		same_text(a->blocked_by[i].external_id, b->blocked_by[i].external_id, "blocker");
	}
	same_text(a->parent.source, b->parent.source, "parent");
	same_text(a->parent.external_id, b->parent.external_id, "parent");
	assert_int_equal(a->artifact_count, b->artifact_count);
	for (size_t i = 0; i < a->artifact_count; i++) {
		same_text(a->artifacts[i].kind, b->artifacts[i].kind, "artifact");
		same_text(a->artifacts[i].name, b->artifacts[i].name, "artifact");
		same_text(a->artifacts[i].version, b->artifacts[i].version, "artifact");
	}
	assert_int_equal(a->feature_count, b->feature_count);
	for (size_t i = 0; i < a->feature_count; i++)
		same_feature(&a->features[i], &b->features[i]);
}

static inline void same_record(const struct item_record *a, const struct item_record *b)
{
	assert_memory_equal(&a->id, &b->id, sizeof a->id);
	assert_int_equal(a->revision, b->revision);
	assert_int_equal(a->first_revision, b->first_revision);
	same_text(a->source, b->source, "source");
	same_text(a->external_id, b->external_id, "external_id");
	assert_int_equal(a->patched, b->patched);
	same_item(&a->item, &b->item);
	same_item(&a->beneath, &b->beneath);
}

/* ---- random items ---- */

static inline const char *random_word(void)
{
	static const char *const words[] = {"a", "b", "ünïcode", "two words", "\\\"esc\\\"", "-",
		"x1", "<b>", "日本", "😀", "\\u0001", "a/b~c", "%00", "'; DROP", "\\ud83d\\ude00",
		"\\n"};

	return words[random_below(sizeof words / sizeof *words)];
}

static inline const char *random_time(void)
{
	static const char *const times[] = {"2026-01-01T00:00:00Z", "2025-02-28T23:59:59.123456Z",
		"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-01T05:30:00+05:30"};

	return times[random_below(sizeof times / sizeof *times)];
}

static inline void random_link(struct buf *out)
{
	static const char *const ids[] = {"2", "3", "4", "five", "ä"};
	const char *id = ids[random_below(sizeof ids / sizeof *ids)];

	if (random_below(2))
		buf_printf(out, "\"%s\"", id);
	else
		buf_printf(out, "{\"source\":\"%s\",\"external_id\":\"%s\"}",
			random_below(2) ? "gh" : "jira", id);
}

static inline void random_list(struct buf *out, void (*element)(struct buf *out))
{
	size_t count = random_below(5) * (random_below(8) ? 1 : 8);

	buf_putc(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		element(out);
	}
	buf_putc(out, ']');
}

static inline void random_label(struct buf *out)
{
	buf_printf(out, "\"%s%s\"", random_below(2) ? "l" : "", random_below(2) ? "x" : "yz");
}

static inline void random_artifact(struct buf *out)
{
	buf_printf(out, "{\"kind\":\"model\",\"name\":\"%s\"%s}", random_below(2) ? "m" : "n",
		random_below(2) ? ",\"version\":\"1\"" : "");
}

static inline void random_feature_value(struct buf *out, unsigned id)
{
	static const char *const numbers[] = {
		"0", "1e300", "-1.5", "0.1", "1e20", "123456789012345678"};

	switch (id) {
	case USER_IMPACT: buf_printf(out, "%zu.%zu", 1 + random_below(2), random_below(10)); break;
	case DEMAND: buf_printf(out, "%d", (int)random_below(300) - 100); break;
	case REGULATED: buf_puts(out, random_below(2) ? "true" : "false"); break;
	case SEVERITY: buf_printf(out, "\"%s\"", fixture_severities[random_below(4)].ptr); break;
	case REGULATORY_DUE:
		buf_printf(out, "\"%s\"", random_below(2) ? "2026-11-21" : random_time());
		break;
	case DRIFT: buf_puts(out, numbers[random_below(6)]); break;
	default: buf_printf(out, "\"%s\"", random_word()); break;
	}
}

static inline void random_feature(struct buf *out, unsigned id)
{
	static const char *const evidence[] = {"measured", "estimated", "asserted"};

	buf_printf(out, "\"%s\":", fixture_features[id].name.ptr);
	if (random_below(5) == 0) {
		buf_puts(out, "null");
	} else if (random_below(2)) {
		random_feature_value(out, id);
	} else {
		buf_puts(out, "{\"value\":");
		random_feature_value(out, id);
		if (random_below(2))
			buf_printf(out, ",\"evidence\":\"%s\"", evidence[random_below(3)]);
		if (random_below(2))
			buf_printf(out, ",\"observed_at\":\"%s\"", random_time());
		if (random_below(2))
			buf_printf(out, ",\"justification\":\"%s\"", random_word());
		buf_putc(out, '}');
	}
}

static inline void random_features(struct buf *out)
{
	bool any = false;

	buf_putc(out, '{');
	for (unsigned i = FIXTURE_FEATURES; i-- > 0;) {
		if (random_below(3))
			continue;
		if (any)
			buf_putc(out, ',');
		random_feature(out, i);
		any = true;
	}
	buf_putc(out, '}');
}

static inline void random_field_value(struct buf *out, const char *name)
{
	if (strstr(name, "_at"))
		buf_printf(out, "\"%s\"", random_time());
	else if (strcmp(name, "stream") == 0)
		buf_printf(out, "\"%s\"", fixture_streams[random_below(2)].ptr);
	else if (strcmp(name, "kind") == 0)
		buf_printf(out, "\"%s\"", fixture_kinds[random_below(2)].ptr);
	else if (strcmp(name, "status") == 0)
		buf_printf(out, "\"%s\"", fixture_statuses[random_below(3)].name.ptr);
	else if (strcmp(name, "url") == 0)
		buf_printf(out, "\"https://example.org/%zu\"", random_below(3));
	else if (strcmp(name, "estimate") == 0)
		buf_printf(out, "%zu.5", random_below(3));
	else if (strcmp(name, "labels") == 0)
		random_list(out, random_label);
	else if (strcmp(name, "blocked_by") == 0)
		random_list(out, random_link);
	else if (strcmp(name, "parent") == 0)
		random_link(out);
	else if (strcmp(name, "artifacts") == 0)
		random_list(out, random_artifact);
	else
		buf_printf(out, "\"%s\"", random_word());
}

/* A random input as JSON text; `complete` has all that a new item needs. */
static inline void random_input(struct buf *out, enum item_parse_mode mode, bool complete)
{
	const char *comma = "";

	buf_putc(out, '{');
	if (mode == ITEM_PARSE_UPSERT) {
		buf_puts(out, "\"source\":\"gh\",\"external_id\":\"1\"");
		comma = ",";
	}
	for (unsigned i = 0; i < 18; i++) {
		uint32_t bit = UINT32_C(1) << i;
		bool needed = complete && bit & (ITEM_TITLE | ITEM_STREAM);
		bool fixed = bit & (ITEM_TITLE | ITEM_STREAM) ||
			     (mode == ITEM_PARSE_PATCH && bit & (ITEM_KIND | ITEM_STATUS));

		if (mode == ITEM_PARSE_PATCH && !(bit & ITEM_PATCHABLE))
			continue;
		if (!needed && random_below(2))
			continue;
		buf_printf(out, "%s\"%s\":", comma, item_field_name(bit));
		comma = ",";
		if (!fixed && random_below(4) == 0)
			buf_puts(out, "null");
		else
			random_field_value(out, item_field_name(bit));
	}
	if (random_below(4)) {
		buf_printf(out, "%s\"features\":", comma);
		random_features(out);
	}
	buf_putc(out, '}');
}

#endif

/*
 * Writing a bundle, line by line, and what of a workspace is in it.
 */
#include "codec/bundle.h"

#include <math.h>
#include <stdio.h>

#include "codec/bundle_parts.h"
#include "codec/catalog_internal.h"
#include "codec/json.h"
#include "codec/json_writer.h"
#include "winnow/version.h"

const char *const bundle_words[WN_WORDS] = {
	[WN_STREAM] = "stream",
	[WN_KIND] = "kind",
	[WN_STATUS] = "status",
	[WN_TEAM] = "team",
	[WN_SOURCE] = "source",
	[WN_ASSIGNEE] = "assignee",
};
const char *const bundle_numbers[WN_STRENGTH] = {
	[WN_CREATED] = "created_s",
	[WN_UPDATED] = "updated_s",
	[WN_DUE] = "due_s",
	[WN_ESTIMATE] = "estimate",
	[WN_SLA_LEFT] = "sla_left_hours",
};

/* So that it reads back as the same double. */
static void put_number(struct json_writer *json, double value)
{
	json_raw(json, STR(""));
	if (value == 0 && signbit(value))
		buf_puts(json->out, "-0.0");
	else
		json_canonical_number(json->out, value);
}

static void line_begin(struct json_writer *json, struct buf *out, const char *kind)
{
	json_writer_init(json, out);
	json_object_begin(json);
	json_key(json, kind);
	json_object_begin(json);
}

static void line_end(struct json_writer *json)
{
	json_object_end(json);
	json_object_end(json);
	buf_putc(json->out, '\n');
}

void bundle_write_header(struct buf *out, const struct bundle_header *header)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "schema", text, BUNDLE_SCHEMA);
	json_put(&json, "workspace", uuid, &header->workspace);
	json_put(&json, "ranking", text, header->ranking);
	json_put(&json, "revision", int, header->receipt.revision);
	json_put(&json, "as_of", time, header->receipt.as_of_us);
	json_put(&json, "engine", text, WINNOW_VERSION);
	json_key(&json, "receipt");
	json_raw(&json, STR(""));
	receipt_write(out, &header->receipt);
	json_put(&json, "documents", int, header->documents);
	json_put(&json, "items", int, header->items);
	json_put(&json, "overrides", int, header->overrides);
	json_put(&json, "comparisons", int, header->comparisons);
	json_object_end(&json);
	buf_putc(out, '\n');
}

/* The body of a sensitive definition: that there is a column, since columns have no holes. */
static void write_placeholder(struct json_writer *json, int64_t id)
{
	json_key(json, "body");
	json_object_begin(json);
	json_put(json, "description", text, "Not for every reader of a bundle.");
	json_put(json, "family", text, "business_value");
	json_put(json, "id", int, id);
	json_put(json, "sensitive", bool, true);
	json_put(json, "type", text, "text");
	json_object_end(json);
}

/* What a bundle does not say of a document. */
struct hidden {
	int64_t column;
	bool all;
};

/* Who may not see a feature gets no bundle in which a model or a rule reads it, so a placeholder need
 * not keep anything that they pin. */
static bool find_hidden(
	const struct document *document, const struct catalog *now, struct hidden *out)
{
	const struct feature_definition *feature = catalog_feature(now, document->name);
	struct feature_definition version;
	struct arena arena;
	struct diag diag;
	json_t *json = NULL;
	bool good;

	arena_init(&arena, BUNDLE_LINE_ARENA_BYTES);
	diag_init(&diag, &arena);
	good = feature && json_parse(document->body, 1, "", &diag, &json) == ERR_OK &&
	       feature_definition_read(json, &arena, &diag, &version, &out->column);
	json_decref(json);
	arena_release(&arena);
	if (!good)
		return false;
	out->all = feature->sensitive;
	return true;
}

void bundle_write_document(
	struct buf *out, const struct document *document, const struct catalog *now)
{
	struct hidden hidden = {.column = 0};
	struct json_writer json;
	char name[32];

	if (now && str_is(document->kind, "feature") && !find_hidden(document, now, &hidden)) {
		out->failed = true;
		return;
	}
	/* A blank is in no feature's own name. */
	snprintf(name, sizeof name, "hidden %lld", (long long)hidden.column);
	line_begin(&json, out, "document");
	json_put(&json, "kind", str, document->kind);
	json_put(&json, "name", str, hidden.all ? str_from(name) : document->name);
	json_put(&json, "revision", int, document->revision);
	if (hidden.all)
		write_placeholder(&json, hidden.column);
	else if (document->body.len > 0)
		json_put(&json, "body", raw, document->body);
	line_end(&json);
}

static void write_values(struct json_writer *json, const struct population_item *item,
	const struct catalog *catalog, const bool *read)
{
	json_key(json, "features");
	json_object_begin(json);
	for (size_t i = 0; i < item->value_count; i++) {
		if (!read[item->values[i].column])
			continue;
		json_key_str(json, catalog->features[item->values[i].column].name);
		put_number(json, item->values[i].number);
	}
	json_object_end(json);
	json_key(json, "evidence");
	json_object_begin(json);
	for (size_t i = 0; i < item->value_count; i++) {
		if (!read[item->values[i].column] || item->values[i].evidence == WN_UNSAID)
			continue;
		json_key_str(json, catalog->features[item->values[i].column].name);
		json_int(json, item->values[i].evidence);
	}
	json_object_end(json);
}

void bundle_write_item(struct buf *out, const struct population_item *item, struct str external_id,
	const struct catalog *catalog, const bool *read)
{
	struct json_writer json;

	line_begin(&json, out, "item");
	json_put(&json, "id", uuid, &item->id);
	json_put(&json, "external_id", str, external_id);
	json_put(&json, "first_revision", int, item->first_revision);
	for (int i = 0; i < WN_WORDS; i++) {
		if (item->words[i].ptr)
			json_put(&json, bundle_words[i], str, item->words[i]);
	}
	for (int i = 0; i < WN_STRENGTH; i++) {
		if (isnan(item->numbers[i]))
			continue;
		json_key(&json, bundle_numbers[i]);
		put_number(&json, item->numbers[i]);
	}
	json_put(&json, "texts", int, item->texts);
	json_key(&json, "labels");
	json_array_begin(&json);
	for (size_t i = 0; i < item->label_count; i++)
		json_str(&json, item->labels[i]);
	json_array_end(&json);
	write_values(&json, item, catalog, read);
	json_key(&json, "blocked_by");
	json_array_begin(&json);
	for (size_t i = 0; i < item->blocked_by_count; i++)
		json_uuid(&json, &item->blocked_by[i]);
	json_array_end(&json);
	line_end(&json);
}

void bundle_write_override(struct buf *out, const struct population_override *override)
{
	struct json_writer json;

	line_begin(&json, out, "override");
	json_put(&json, "id", uuid, &override->id);
	json_put(&json, "revision", int, override->revision);
	json_put(&json, "item", uuid, &override->item);
	json_put(&json, "kind", str, override->kind);
	if (str_is(override->kind, "pin"))
		json_put(&json, "rank", int, override->rank);
	if (str_is(override->kind, "boost")) {
		json_key(&json, "delta");
		put_number(&json, override->delta);
	}
	if (str_is(override->kind, "band"))
		json_put(&json, "band", str, override->band);
	if (str_is(override->kind, "before"))
		json_put(&json, "before", uuid, &override->target);
	json_put(&json, "expires_at", time, override->expires_us);
	if (override->ended_revision > 0)
		json_put(&json, "ended_revision", int, override->ended_revision);
	line_end(&json);
}

void bundle_write_comparison(
	struct buf *out, const struct uuid *before, const struct uuid *after, bool derived)
{
	struct json_writer json;

	line_begin(&json, out, "comparison");
	json_put(&json, "before", uuid, before);
	json_put(&json, "after", uuid, after);
	if (derived)
		json_put(&json, "derived", bool, true);
	line_end(&json);
}

/* ---- what is in it ---- */

bool bundle_has_document(struct str kind)
{
	return !str_is(kind, "mapping") && !str_is(kind, "slas") &&
	       !str_is(kind, "business_hours") && !str_is(kind, "approval_rules") &&
	       !str_is(kind, "model_card") && !str_is(kind, "policy_card");
}

static bool mark_column(void *self, uint32_t column)
{
	((bool *)self)[column] = true;
	return true;
}

void bundle_columns(
	const struct model_version *model, const struct policy_version *policy, bool *read)
{
	model_columns(model, mark_column, read);
	if (policy)
		policy_columns(policy, mark_column, read);
}

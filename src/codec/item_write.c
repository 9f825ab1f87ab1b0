/*
 * The item as the API shows it: effective values in the place where a client would have put them,
 * and what lies beneath the patched ones beside them. Fields without a value are left out, but for
 * those that every item has.
 */
#include <math.h>

#include "base/clock.h"
#include "codec/item_fields.h"
#include "codec/json_writer.h"

/* Shown even when erased. */
enum { ALWAYS_SHOWN = ITEM_TITLE | ITEM_STREAM | ITEM_KIND | ITEM_STATUS | ITEM_LABELS };

enum { S_PER_DAY = 86400, DATE_CHARS = 10 };

static void write_link(struct json_writer *json, const struct item_link *link)
{
	json_object_begin(json);
	json_put(json, "source", str, link->source);
	json_put(json, "external_id", str, link->external_id);
	json_object_end(json);
}

static void write_artifact(struct json_writer *json, const struct item_artifact *artifact)
{
	json_object_begin(json);
	json_put(json, "kind", str, artifact->kind);
	json_put(json, "name", str, artifact->name);
	if (artifact->version.ptr)
		json_put(json, "version", str, artifact->version);
	json_object_end(json);
}

static void write_list(struct json_writer *json, const struct item *item, enum item_field_type type)
{
	json_array_begin(json);
	for (size_t i = 0; type == ITEM_TYPE_LABELS && i < item->label_count; i++)
		json_str(json, item->labels[i]);
	for (size_t i = 0; type == ITEM_TYPE_LINKS && i < item->blocked_by_count; i++)
		write_link(json, &item->blocked_by[i]);
	for (size_t i = 0; type == ITEM_TYPE_ARTIFACTS && i < item->artifact_count; i++)
		write_artifact(json, &item->artifacts[i]);
	json_array_end(json);
}

static void write_field(
	struct json_writer *json, const struct item *item, const struct item_field_spec *spec)
{
	switch (spec->type) {
	case ITEM_TYPE_TEXT: json_str(json, *item_text_of(item, spec)); break;
	case ITEM_TYPE_TIME: json_time(json, item_time_of(item, spec)); break;
	case ITEM_TYPE_ESTIMATE: json_number(json, item->estimate); break;
	case ITEM_TYPE_LINK:
		if (item->parent.external_id.ptr)
			write_link(json, &item->parent);
		else
			json_nil(json);
		break;
	case ITEM_TYPE_LABELS:
	case ITEM_TYPE_LINKS:
	case ITEM_TYPE_ARTIFACTS: write_list(json, item, spec->type); break;
	}
}

/* A day as a day, as it was most likely given; else the second of it. */
static void write_date(struct json_writer *json, double seconds)
{
	char text[32];
	int64_t s = (int64_t)seconds;

	time_to_text(s * US_PER_S, text);
	if (s % S_PER_DAY == 0)
		text[DATE_CHARS] = '\0';
	json_text(json, text);
}

static void write_category(
	struct json_writer *json, const struct feature_definition *definition, double number)
{
	if (number >= 0 && number < (double)definition->category_count)
		json_str(json, definition->categories[(size_t)number]);
	else
		json_nil(json);
}

static void write_value(struct json_writer *json, const struct feature_definition *definition,
	const struct feature_value *value)
{
	if (isnan(value->number)) {
		json_nil(json);
		return;
	}
	switch (definition->type) {
	case FEATURE_NUMBER: json_number(json, value->number); break;
	case FEATURE_BOOLEAN: json_bool(json, value->number != 0); break;
	case FEATURE_CATEGORY: write_category(json, definition, value->number); break;
	case FEATURE_DATE: write_date(json, value->number); break;
	case FEATURE_TEXT: json_str(json, value->text.ptr ? value->text : STR("")); break;
	}
}

static void write_feature(struct json_writer *json, const struct feature_definition *definition,
	const struct feature_value *value)
{
	const char *evidence = item_evidence_word(value->evidence);

	json_key_str(json, definition->name);
	json_object_begin(json);
	json_key(json, "value");
	write_value(json, definition, value);
	if (definition->type == FEATURE_TEXT && !isnan(value->number) && !value->text.ptr)
		json_put(json, "erased", bool, true);
	if (evidence)
		json_put(json, "evidence", text, evidence);
	if (value->observed_us != TIME_NONE)
		json_put(json, "observed_at", time, value->observed_us);
	if (value->justification.ptr)
		json_put(json, "justification", str, value->justification);
	json_put(json, "revision", int, value->revision);
	if (value->patched) {
		json_put(json, "patched", bool, true);
		json_key(json, "source_value");
		if (value->beneath)
			write_value(json, definition, value->beneath);
		else
			json_nil(json);
	}
	json_object_end(json);
}

static void write_features(struct json_writer *json, const struct item *item,
	const struct catalog *catalog, bool see_sensitive)
{
	json_key(json, "features");
	json_object_begin(json);
	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *value = &item->features[i];

		/* An id that an older catalogue does not know yet has no name to show. */
		if (value->id >= catalog->feature_count)
			continue;
		if (catalog->features[value->id].deleted)
			continue;
		if (catalog->features[value->id].sensitive && !see_sensitive)
			continue;
		write_feature(json, &catalog->features[value->id], value);
	}
	json_object_end(json);
}

static void write_patched(
	struct json_writer *json, const struct item_record *record, uint32_t hidden)
{
	json_key(json, "patched");
	json_object_begin(json);
	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		const struct item_field_spec *spec = &item_field_specs[i];

		if (!(record->patched & ~hidden & UINT32_C(1) << i))
			continue;
		json_key(json, spec->name);
		json_object_begin(json);
		json_key(json, "value");
		write_field(json, &record->item, spec);
		json_key(json, "source_value");
		write_field(json, &record->beneath, spec);
		json_object_end(json);
	}
	json_object_end(json);
}

void item_write(struct buf *out, const struct item_record *record, const struct catalog *catalog,
	bool see_sensitive)
{
	uint32_t hidden = see_sensitive ? 0 : catalog->sensitive_fields;
	const struct item *item = &record->item;
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "id", uuid, &record->id);
	json_put(&json, "source", str, record->source);
	json_put(&json, "external_id", str, record->external_id);
	json_put(&json, "revision", int, record->revision);
	json_put(&json, "first_revision", int, record->first_revision);
	if (record->recorded_us != TIME_NONE)
		json_put(&json, "recorded_at", time, record->recorded_us);
	json_put(&json, "schema_version", int, ITEM_SCHEMA_VERSION);
	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		const struct item_field_spec *spec = &item_field_specs[i];
		uint32_t bit = UINT32_C(1) << i;

		if (!(ALWAYS_SHOWN & bit) && !item_field_present(item, spec))
			continue;
		if (!(ALWAYS_SHOWN & bit) && hidden & bit)
			continue;
		json_key(&json, spec->name);
		if (bit == ITEM_TITLE && (!item->title.ptr || hidden & bit))
			json_text(&json, "");
		else
			write_field(&json, item, spec);
	}
	if (hidden)
		json_put(&json, "masked", bool, true);
	/* No item is without a title, so an absent one was erased. */
	if (!item->title.ptr && !(hidden & ITEM_TITLE))
		json_put(&json, "erased", bool, true);
	write_features(&json, item, catalog, see_sensitive);
	if (record->patched & ~hidden)
		write_patched(&json, record, hidden);
	json_object_end(&json);
}

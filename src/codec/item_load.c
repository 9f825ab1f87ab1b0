/*
 * The way back from the tables: item_store.c tells the form. What is read here was written by us
 * and is covered by the audit log, so whatever does not fit is an internal error, never a fault
 * of a client's.
 */
#include <math.h>

#include "base/clock.h"
#include "codec/item_fields.h"
#include "codec/json.h"

struct loader {
	struct item_record *record;
	struct feature_value *features; /* ascending by id; `count` of them, with room for more */
	size_t count;
	struct arena *arena;
	enum error error; /* sticky */
};

static void broken(struct loader *loader)
{
	if (!loader->error)
		loader->error = ERR_INTERNAL;
}

static void *take(struct loader *loader, size_t count, size_t size)
{
	void *memory = arena_array(loader->arena, count, size);

	if (!memory && !loader->error)
		loader->error = item_out_of(loader->arena, count * size);
	return memory;
}

static struct str load_text(struct loader *loader, const json_t *json)
{
	struct str text = {json_string_value(json), json_string_length(json)};
	char *copy;

	if (!text.ptr) {
		broken(loader);
		return STR_NONE;
	}
	copy = arena_strdup(loader->arena, text);
	if (!copy && !loader->error)
		loader->error = item_out_of(loader->arena, text.len + 1);
	return copy ? (struct str){copy, text.len} : STR_NONE;
}

static struct str load_text_if_any(struct loader *loader, const json_t *json)
{
	return json ? load_text(loader, json) : STR_NONE;
}

static int64_t load_int(struct loader *loader, const json_t *json)
{
	if (!json_is_integer(json))
		broken(loader);
	return json_integer_value(json);
}

static void load_link(struct loader *loader, const json_t *json, struct item_link *out)
{
	if (json_is_string(json)) {
		out->source = loader->record->source;
		out->external_id = load_text(loader, json);
		return;
	}
	if (json_array_size(json) != 2)
		broken(loader);
	out->source = load_text(loader, json_array_get(json, 0));
	out->external_id = load_text(loader, json_array_get(json, 1));
}

static void load_links(struct loader *loader, const json_t *json, struct item *out)
{
	size_t size = json_array_size(json);
	struct item_link *links = take(loader, size, sizeof *links);

	if (!links)
		return;
	for (size_t i = 0; i < size; i++)
		load_link(loader, json_array_get(json, i), &links[i]);
	out->blocked_by = size > 0 ? links : NULL;
	out->blocked_by_count = size;
}

static void load_labels(struct loader *loader, const json_t *json, struct item *out)
{
	size_t size = json_array_size(json);
	struct str *labels = take(loader, size, sizeof *labels);

	if (!labels)
		return;
	for (size_t i = 0; i < size; i++)
		labels[i] = load_text(loader, json_array_get(json, i));
	out->labels = size > 0 ? labels : NULL;
	out->label_count = size;
}

static void load_artifacts(struct loader *loader, const json_t *json, struct item *out)
{
	size_t size = json_array_size(json);
	struct item_artifact *artifacts = take(loader, size, sizeof *artifacts);

	if (!artifacts)
		return;
	for (size_t i = 0; i < size; i++) {
		const json_t *parts = json_array_get(json, i);

		artifacts[i].kind = load_text(loader, json_array_get(parts, 0));
		artifacts[i].name = load_text(loader, json_array_get(parts, 1));
		artifacts[i].version = load_text_if_any(loader, json_array_get(parts, 2));
	}
	out->artifacts = size > 0 ? artifacts : NULL;
	out->artifact_count = size;
}

static void load_field(struct loader *loader, const json_t *json,
	const struct item_field_spec *spec, struct item *out)
{
	if (json_is_null(json))
		return;
	switch (spec->type) {
	case ITEM_TYPE_TEXT: *item_text_at(out, spec) = load_text(loader, json); break;
	case ITEM_TYPE_TIME: *item_time_at(out, spec) = load_int(loader, json); break;
	case ITEM_TYPE_ESTIMATE:
		if (!json_is_number(json))
			broken(loader);
		out->estimate = json_number_value(json);
		break;
	case ITEM_TYPE_LABELS: load_labels(loader, json, out); break;
	case ITEM_TYPE_LINKS: load_links(loader, json, out); break;
	case ITEM_TYPE_LINK: load_link(loader, json, &out->parent); break;
	case ITEM_TYPE_ARTIFACTS: load_artifacts(loader, json, out); break;
	}
}

/* ---- features ---- */

/* Index of the first feature whose id is not below `id`. */
static size_t feature_place(const struct loader *loader, int64_t id)
{
	size_t low = 0;
	size_t high = loader->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loader->features[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct feature_value *feature_of(struct loader *loader, const json_t *id_json)
{
	int64_t id = load_int(loader, id_json);
	size_t at = feature_place(loader, id);

	if (at < loader->count && loader->features[at].id == id)
		return &loader->features[at];
	return NULL;
}

/* A feature that was patched to nothing may have no place in the columns. */
static struct feature_value *add_cleared(struct loader *loader, const json_t *id_json)
{
	int64_t id = load_int(loader, id_json);
	size_t at = feature_place(loader, id);

	if (id < 0 || id > UINT16_MAX)
		return NULL;
	for (size_t i = loader->count; i > at; i--)
		loader->features[i] = loader->features[i - 1];
	loader->count++;
	loader->features[at] = (struct feature_value){
		.id = (uint16_t)id,
		.number = NAN,
		.observed_us = TIME_NONE,
		.revision = loader->record->revision,
	};
	return &loader->features[at];
}

static void load_evidence(struct loader *loader, const json_t *json, struct feature_value *out)
{
	const json_t *evidence = json_object_get(json, "e");
	const json_t *observed = json_object_get(json, "o");
	const char *letter = json_string_value(evidence);
	const char *found = letter && *letter ? strchr("mea", *letter) : NULL;

	if (evidence && !found)
		broken(loader);
	else if (evidence)
		out->evidence = *letter == 'm'   ? EVIDENCE_MEASURED
				: *letter == 'e' ? EVIDENCE_ESTIMATED
						 : EVIDENCE_ASSERTED;
	if (observed)
		out->observed_us = load_int(loader, observed);
}

static void load_uuid(struct loader *loader, const json_t *json, struct uuid *out)
{
	if (!uuid_from_text((struct str){json_string_value(json), json_string_length(json)}, out))
		broken(loader);
}

static const struct feature_value *load_beneath(
	struct loader *loader, const json_t *json, uint16_t id)
{
	struct feature_value *beneath = take(loader, 1, sizeof *beneath);
	const json_t *number = json_object_get(json, "n");

	if (!beneath)
		return NULL;
	*beneath = (struct feature_value){
		.id = id,
		.number = number ? json_number_value(number) : NAN,
		.observed_us = TIME_NONE,
		.revision = load_int(loader, json_object_get(json, "r")),
	};
	load_evidence(loader, json, beneath);
	if (json_object_get(json, "w"))
		load_uuid(loader, json_object_get(json, "w"), &beneath->by);
	return beneath;
}

static void load_leftovers(struct loader *loader, const json_t *entry)
{
	const json_t *id = json_array_get(entry, 0);
	const json_t *parts = json_array_get(entry, 1);
	const json_t *beneath = json_object_get(parts, "u");
	bool cleared = json_is_true(json_object_get(parts, "c"));
	struct feature_value *value = feature_of(loader, id);

	if (!value && cleared)
		value = add_cleared(loader, id);
	if (!value) {
		broken(loader);
		return;
	}
	value->cleared = cleared;
	value->patched = json_is_true(json_object_get(parts, "p"));
	load_evidence(loader, parts, value);
	if (beneath)
		value->beneath = load_beneath(loader, beneath, value->id);
}

static void load_revisions(struct loader *loader, const json_t *group)
{
	int64_t revision = load_int(loader, json_array_get(group, 0));

	for (size_t i = 1; i < json_array_size(group); i++) {
		struct feature_value *value = feature_of(loader, json_array_get(group, i));

		if (!value) {
			broken(loader);
			return;
		}
		value->revision = revision;
	}
}

static void load_claimants(struct loader *loader, const json_t *group)
{
	struct uuid by = {{0}};

	load_uuid(loader, json_array_get(group, 0), &by);
	for (size_t i = 1; i < json_array_size(group); i++) {
		struct feature_value *value = feature_of(loader, json_array_get(group, i));

		if (!value) {
			broken(loader);
			return;
		}
		value->by = by;
	}
}

static void load_words(struct loader *loader, const json_t *json, struct feature_value *out)
{
	const json_t *beneath = json_object_get(json, "u");
	struct feature_value *copy;

	out->justification = load_text_if_any(loader, json_object_get(json, "j"));
	out->text = load_text_if_any(loader, json_object_get(json, "t"));
	if (!beneath)
		return;
	copy = out->beneath ? take(loader, 1, sizeof *copy) : NULL;
	if (!copy) {
		broken(loader);
		return;
	}
	*copy = *out->beneath;
	load_words(loader, beneath, copy);
	out->beneath = copy;
}

/* The columns hold id and number alone. */
static void load_columns(struct loader *loader, size_t more)
{
	const struct item *item = &loader->record->item;

	loader->features = take(loader, item->feature_count + more, sizeof *loader->features);
	if (!loader->features)
		return;
	for (size_t i = 0; i < item->feature_count; i++) {
		if (i > 0 && item->features[i].id <= item->features[i - 1].id)
			broken(loader);
		loader->features[i] = (struct feature_value){
			.id = item->features[i].id,
			.number = item->features[i].number,
			.observed_us = TIME_NONE,
			.revision = loader->record->revision,
		};
	}
	loader->count = item->feature_count;
}

/* ---- the two documents ---- */

static void load_patched(struct loader *loader, const json_t *patched)
{
	struct item_record *record = loader->record;

	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		const json_t *value = json_object_get(patched, item_field_specs[i].name);

		if (!value)
			continue;
		record->patched |= UINT32_C(1) << i;
		load_field(loader, value, &item_field_specs[i], &record->beneath);
	}
}

static void load_extra(struct loader *loader, const json_t *extra)
{
	struct item *item = &loader->record->item;
	const json_t *features = json_object_get(extra, "f");
	const json_t *revisions = json_object_get(extra, "r");
	const json_t *claimants = json_object_get(extra, "w");
	const json_t *parent = json_object_get(extra, "q");

	load_columns(loader, json_array_size(features));
	load_artifacts(loader, json_object_get(extra, "a"), item);
	load_links(loader, json_object_get(extra, "b"), item);
	item->parent = (struct item_link){0};
	if (parent)
		load_link(loader, parent, &item->parent);
	item->source_version = load_text_if_any(loader, json_object_get(extra, "v"));
	load_patched(loader, json_object_get(extra, "p"));
	for (size_t i = 0; i < json_array_size(features) && !loader->error; i++)
		load_leftovers(loader, json_array_get(features, i));
	for (size_t i = 0; i < json_array_size(revisions) && !loader->error; i++)
		load_revisions(loader, json_array_get(revisions, i));
	for (size_t i = 0; i < json_array_size(claimants) && !loader->error; i++)
		load_claimants(loader, json_array_get(claimants, i));
}

static void load_notes(struct loader *loader, const json_t *notes)
{
	const json_t *features = json_object_get(notes, "f");
	const json_t *patched = json_object_get(notes, "p");

	for (size_t i = 0; i < json_array_size(features) && !loader->error; i++) {
		const json_t *entry = json_array_get(features, i);
		struct feature_value *value = feature_of(loader, json_array_get(entry, 0));

		if (value)
			load_words(loader, json_array_get(entry, 1), value);
		else
			broken(loader);
	}
	load_patched(loader, patched);
}

/* Absent and "{}" are an empty object, without a parse. */
static json_t *parse_own(struct loader *loader, struct str text)
{
	struct diag diag;
	json_t *json = NULL;
	enum error error;

	if (!text.ptr || str_is(text, "{}"))
		return NULL;
	diag_init(&diag, loader->arena);
	error = json_parse(text, 1, "", &diag, &json);
	if (!error && json_is_object(json))
		return json;
	json_decref(json);
	if (error == ERR_NO_MEMORY && !loader->error)
		loader->error = error;
	broken(loader);
	return NULL;
}

enum error item_from_storable(struct item_record *record, const struct item_text *text,
	struct str extra, const struct catalog *catalog, struct arena *arena)
{
	struct loader loader = {.record = record, .arena = arena};
	struct item *item = &record->item;
	json_t *json;

	/* The form says all by itself, so an item of any age loads under any catalogue. */
	(void)catalog;
	record->patched = 0;
	item_clear(&record->beneath);
	json = parse_own(&loader, extra);
	if (!loader.error)
		load_extra(&loader, json);
	json_decref(json);

	if (text && !loader.error) {
		item->title = text->title;
		item->body = text->body;
		item->url = text->url;
		item->assignee = text->assignee;
		item->reporter = text->reporter;
		json = parse_own(&loader, text->notes);
		load_notes(&loader, json);
		json_decref(json);
	}
	if (loader.error)
		return loader.error;
	item->features = loader.count > 0 ? loader.features : NULL;
	item->feature_count = loader.count;
	return ERR_OK;
}

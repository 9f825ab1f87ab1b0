/*
 * From a client's JSON to an item input: every field is checked against the limits of its kind and
 * the workspace's vocabulary, and all faults are told at once. Nothing is merged or filled in
 * here; see item_merge.c.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/item_reader.h"
#include "codec/json.h"

enum { LISTED_NAMES_BYTES = 400 };

/* ---- faults ---- */

const char *place_pointer(struct diag *diag, const struct place *place)
{
	const char *above;

	if (!place->above)
		return place->key;
	above = place_pointer(diag, place->above);
	return place->key ? diag_key(diag, above, place->key)
			  : diag_index(diag, above, place->index);
}

bool item_fault(struct item_reader *reader, const struct place *place, const char *format, ...)
{
	char detail[LISTED_NAMES_BYTES + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	diag_add(reader->diag, place_pointer(reader->diag, place), "%s", detail);
	return false;
}

bool item_wrong_type(struct item_reader *reader, const struct place *place, const char *wanted,
	const json_t *json)
{
	return item_fault(reader, place, "Must be %s, not %s.", wanted, json_type_word(json));
}

bool item_not_one_of(struct item_reader *reader, const struct place *place, struct str given,
	const struct str *names, size_t stride, size_t count)
{
	struct str shown = json_brief(given);
	char list[LISTED_NAMES_BYTES] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		const struct str *name =
			(const struct str *)(const void *)((const char *)names + i * stride);

		/* Room for the separator and for what says that there are more. */
		if (name->len + 8 > sizeof list - used) {
			snprintf(list + used, sizeof list - used, ", …");
			break;
		}
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%.*s",
			i > 0 ? ", " : "", STR_ARG(*name));
	}
	return item_fault(reader, place, "\"%.*s\" is not one of: %s.", STR_ARG(shown), list);
}

/* ---- values ---- */

void *item_take(struct item_reader *reader, size_t count, size_t size)
{
	void *memory = arena_array(reader->arena, count, size);

	if (!memory)
		reader->error = item_out_of(reader->arena, count * size);
	return memory;
}

/* What a person or a tracker may write: any UTF-8 but NUL (which cannot be stored). */
bool item_read_text(struct item_reader *reader, const struct place *place, const json_t *json,
	size_t min_bytes, size_t max_bytes, struct str *out)
{
	struct str text = {json_string_value(json), json_string_length(json)};
	char *copy;

	if (!json_is_string(json))
		return item_wrong_type(reader, place, "a string", json);
	if (text.len < min_bytes)
		return item_fault(reader, place, "Must not be empty.");
	if (text.len > max_bytes)
		return item_fault(reader, place, "Must have at most %zu bytes of UTF-8, not %zu.",
			max_bytes, text.len);
	if (text.len > 0 && memchr(text.ptr, '\0', text.len))
		return item_fault(reader, place, "Text must not hold NUL.");

	copy = arena_strdup(reader->arena, text);
	if (!copy) {
		reader->error = item_out_of(reader->arena, text.len + 1);
		return false;
	}
	*out = (struct str){copy, text.len};
	return true;
}

bool item_read_time(
	struct item_reader *reader, const struct place *place, const json_t *json, int64_t *out_us)
{
	struct str text = {json_string_value(json), json_string_length(json)};

	if (!json_is_string(json))
		return item_wrong_type(reader, place, "an RFC 3339 time", json);
	if (time_parse_rfc3339(text, out_us))
		return true;
	return item_fault(reader, place,
		"Must be an RFC 3339 time with an offset, such as 2026-11-21T07:31:32Z.");
}

/* Sources end up in roles, logs and paths, so they are of plain characters. */
static bool read_source(
	struct item_reader *reader, const struct place *place, const json_t *json, struct str *out)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.:/-";

	if (!item_read_text(reader, place, json, 1, ITEM_MAX_NAME, out))
		return false;
	if (strspn(out->ptr, allowed) == out->len)
		return true;
	return item_fault(reader, place, "A source is made of A-Z, a-z, 0-9 and _ . : / - only.");
}

/* C0, DEL and C1, which is two bytes in UTF-8. */
static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static bool read_external_id(
	struct item_reader *reader, const struct place *place, const json_t *json, struct str *out)
{
	if (!item_read_text(reader, place, json, 1, ITEM_MAX_NAME, out))
		return false;
	if (!has_control(*out))
		return true;
	return item_fault(reader, place, "An external id has no control characters.");
}

/* Only what a browser opens as a web page: the dashboard makes links of these. */
bool item_url_is_web(struct str url)
{
	size_t host;

	if (url.len > 8 && strncasecmp(url.ptr, "https://", 8) == 0)
		host = 8;
	else if (url.len > 7 && strncasecmp(url.ptr, "http://", 7) == 0)
		host = 7;
	else
		return false;
	if (strchr("/?#:@\\", url.ptr[host]))
		return false;
	for (size_t i = host; i < url.len; i++)
		if ((unsigned char)url.ptr[i] <= 0x20 || url.ptr[i] == 0x7f)
			return false;
	return !has_control(url);
}

static bool check_text(struct item_reader *reader, const struct place *place,
	enum item_text_rule rule, struct str text)
{
	const struct catalog *catalog = reader->catalog;

	switch (rule) {
	case ITEM_TEXT_ANY: return true;
	case ITEM_TEXT_URL:
		return item_url_is_web(text) ||
		       item_fault(reader, place,
			       "Must be an absolute URL that begins with http:// or https://.");
	case ITEM_TEXT_STREAM:
		return catalog_stream(catalog, text) >= 0 ||
		       item_not_one_of(reader, place, text, catalog->streams,
			       sizeof *catalog->streams, catalog->stream_count);
	case ITEM_TEXT_KIND:
		return catalog_kind(catalog, text) >= 0 ||
		       item_not_one_of(reader, place, text, catalog->kinds, sizeof *catalog->kinds,
			       catalog->kind_count);
	case ITEM_TEXT_STATUS:
		return catalog_status(catalog, text) ||
		       item_not_one_of(reader, place, text, &catalog->statuses->name,
			       sizeof *catalog->statuses, catalog->status_count);
	}
	return true;
}

static bool read_estimate(
	struct item_reader *reader, const struct place *place, const json_t *json, double *out)
{
	double days = json_number_value(json) + 0.0; /* -0 becomes 0 */

	if (!json_is_number(json))
		return item_wrong_type(reader, place, "a number of days", json);
	if (!isfinite(days) || days < 0)
		return item_fault(reader, place, "Must be a number of days, at least 0.");
	*out = days;
	return true;
}

/* False also where the list is too long to look at its elements. */
static bool check_list(
	struct item_reader *reader, const struct place *place, const json_t *json, size_t max_count)
{
	if (!json_is_array(json))
		return item_wrong_type(reader, place, "an array", json);
	if (json_array_size(json) > max_count)
		return item_fault(reader, place, "Must have at most %zu elements, not %zu.",
			max_count, json_array_size(json));
	return true;
}

static bool held_before(const struct str *texts, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(texts[i], text))
			return true;
	return false;
}

static bool read_labels(
	struct item_reader *reader, const struct place *place, const json_t *json, struct item *out)
{
	size_t size = json_array_size(json);
	struct str *labels;
	size_t count = 0;
	bool good = true;

	if (!check_list(reader, place, json, ITEM_MAX_LABELS))
		return false;
	labels = item_take(reader, size, sizeof *labels);
	if (!labels)
		return false;
	for (size_t i = 0; i < size && !reader->error; i++) {
		struct place element = {place, NULL, i};

		if (!item_read_text(reader, &element, json_array_get(json, i), 1, ITEM_MAX_NAME,
			    &labels[count]))
			good = false;
		else if (!held_before(labels, count, labels[count]))
			count++;
	}
	out->labels = count > 0 ? labels : NULL;
	out->label_count = count;
	return good;
}

/* The members of a small object: each key is one of `count`, given at most once. */
static bool read_object(struct item_reader *reader, const struct place *place, const json_t *json,
	const char *const *keys, size_t count, const json_t **values)
{
	bool good = true;

	for (size_t i = 0; i < count; i++)
		values[i] = NULL;
	for (void *at = first_member(json); at; at = next_member(json, at)) {
		const char *key = json_object_iter_key(at);
		const json_t *value = json_object_iter_value(at);
		size_t i = 0;

		while (i < count && strcmp(keys[i], key) != 0)
			i++;
		if (i < count && !json_is_null(value)) {
			values[i] = value;
		} else if (i == count) {
			json_unknown_key(reader->diag, place_pointer(reader->diag, place), key);
			good = false;
		}
	}
	return good;
}

/* "412" (of the same source, which is filled in when merged) or {"source", "external_id"}. */
static bool read_link(struct item_reader *reader, const struct place *place, const json_t *json,
	struct item_link *out)
{
	static const char *const keys[] = {"source", "external_id"};
	struct place source = {place, keys[0], 0};
	struct place external_id = {place, keys[1], 0};
	const json_t *values[2];
	bool good;

	if (json_is_string(json))
		return read_external_id(reader, place, json, &out->external_id);
	if (!json_is_object(json))
		return item_wrong_type(
			reader, place, "an external id or {\"source\", \"external_id\"}", json);
	good = read_object(reader, place, json, keys, 2, values);
	if (values[0])
		good &= read_source(reader, &source, values[0], &out->source);
	if (!values[1])
		return item_fault(reader, &external_id, "This field is required.");
	return read_external_id(reader, &external_id, values[1], &out->external_id) && good;
}

static bool read_links(
	struct item_reader *reader, const struct place *place, const json_t *json, struct item *out)
{
	size_t size = json_array_size(json);
	struct item_link *links;
	bool good = true;

	if (!check_list(reader, place, json, ITEM_MAX_LINKS))
		return false;
	links = item_take(reader, size, sizeof *links);
	if (!links)
		return false;
	for (size_t i = 0; i < size && !reader->error; i++) {
		struct place element = {place, NULL, i};

		good &= read_link(reader, &element, json_array_get(json, i), &links[i]);
	}
	out->blocked_by = size > 0 ? links : NULL;
	out->blocked_by_count = size;
	return good;
}

static bool read_artifact(struct item_reader *reader, const struct place *place, const json_t *json,
	struct item_artifact *out)
{
	static const char *const keys[] = {"kind", "name", "version"};
	struct str *texts[] = {&out->kind, &out->name, &out->version};
	const json_t *values[3];
	bool good;

	if (!json_is_object(json))
		return item_wrong_type(
			reader, place, "an object {\"kind\", \"name\", \"version\"}", json);
	good = read_object(reader, place, json, keys, 3, values);
	for (size_t i = 0; i < 3 && !reader->error; i++) {
		struct place member = {place, keys[i], 0};

		if (values[i])
			good &= item_read_text(
				reader, &member, values[i], 1, ITEM_MAX_NAME, texts[i]);
		else if (texts[i] != &out->version)
			good = item_fault(reader, &member, "This field is required.");
	}
	return good;
}

static bool read_artifacts(
	struct item_reader *reader, const struct place *place, const json_t *json, struct item *out)
{
	size_t size = json_array_size(json);
	struct item_artifact *artifacts;
	bool good = true;

	if (!check_list(reader, place, json, ITEM_MAX_ARTIFACTS))
		return false;
	artifacts = item_take(reader, size, sizeof *artifacts);
	if (!artifacts)
		return false;
	for (size_t i = 0; i < size && !reader->error; i++) {
		struct place element = {place, NULL, i};

		good &= read_artifact(reader, &element, json_array_get(json, i), &artifacts[i]);
	}
	out->artifacts = size > 0 ? artifacts : NULL;
	out->artifact_count = size;
	return good;
}

/* ---- the item ---- */

static bool read_value(struct item_reader *reader, const struct place *place,
	const struct item_field_spec *spec, const json_t *json, struct item *out)
{
	struct str *text;

	switch (spec->type) {
	case ITEM_TYPE_TEXT:
		text = item_text_at(out, spec);
		return item_read_text(
			       reader, place, json, spec->min_bytes, spec->max_bytes, text) &&
		       check_text(reader, place, spec->rule, *text);
	case ITEM_TYPE_TIME: return item_read_time(reader, place, json, item_time_at(out, spec));
	case ITEM_TYPE_ESTIMATE: return read_estimate(reader, place, json, &out->estimate);
	case ITEM_TYPE_LABELS: return read_labels(reader, place, json, out);
	case ITEM_TYPE_LINKS: return read_links(reader, place, json, out);
	case ITEM_TYPE_LINK: return read_link(reader, place, json, &out->parent);
	case ITEM_TYPE_ARTIFACTS: return read_artifacts(reader, place, json, out);
	}
	return false;
}

static bool read_field(struct item_reader *reader, const struct place *place, int index,
	const json_t *json, struct item_input *out)
{
	const struct item_field_spec *spec = &item_field_specs[index];
	uint32_t bit = UINT32_C(1) << index;
	bool patch = reader->mode == ITEM_PARSE_PATCH;

	if (patch && !(bit & ITEM_PATCHABLE))
		return item_fault(reader, place, "Only the item's source can say this.");
	if (json_is_null(json)) {
		if (spec->required || (patch && spec->defaulted))
			return item_fault(reader, place, "Every item has one: it cannot be null.");
		out->cleared |= bit;
		return true;
	}
	if (!read_value(reader, place, spec, json, &out->item))
		return false;
	out->given |= bit;
	return true;
}

static bool read_member(struct item_reader *reader, const struct place *item, const char *key,
	const json_t *json, struct item_input *out)
{
	struct place place = {item, key, 0};
	struct str name = str_from(key);
	int index = item_field_index(name);
	bool is_source = str_is(name, "source");

	if (index >= 0)
		return read_field(reader, &place, index, json, out);
	if (str_is(name, "features"))
		return item_read_features(
			reader, &place, json, &out->item.features, &out->item.feature_count);
	if (!is_source && !str_is(name, "external_id")) {
		json_unknown_key(reader->diag, place_pointer(reader->diag, item), key);
		return false;
	}
	if (reader->mode == ITEM_PARSE_PATCH)
		return item_fault(reader, &place, "An item's identity cannot be changed.");
	return is_source ? read_source(reader, &place, json, &out->source)
			 : read_external_id(reader, &place, json, &out->external_id);
}

static bool check_identity(struct item_reader *reader, const struct place *item, const json_t *json)
{
	static const char *const keys[] = {"source", "external_id"};
	bool good = true;

	for (size_t i = 0; i < 2; i++) {
		struct place place = {item, keys[i], 0};

		if (!json_object_get(json, keys[i]))
			good = item_fault(reader, &place, "This field is required.");
	}
	return good;
}

enum error item_input_parse(const struct json_t *json, enum item_parse_mode mode,
	const struct catalog *catalog, const char *pointer, struct arena *arena, struct diag *diag,
	struct item_input *out)
{
	struct item_reader reader = {catalog, arena, diag, mode, ERR_OK};
	struct place item = {NULL, pointer, 0};
	bool good = true;

	*out = (struct item_input){0};
	item_clear(&out->item);
	if (!json_is_object(json)) {
		item_wrong_type(&reader, &item, "an object", json);
		return ERR_INVALID;
	}
	for (void *at = first_member(json); at && !reader.error; at = next_member(json, at))
		good &= read_member(
			&reader, &item, json_object_iter_key(at), json_object_iter_value(at), out);
	if (mode == ITEM_PARSE_UPSERT)
		good &= check_identity(&reader, &item, json);
	if (reader.error)
		return reader.error;
	return good ? ERR_OK : ERR_INVALID;
}

enum error item_features_parse(const struct json_t *json, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag,
	const struct feature_value **features, size_t *count)
{
	struct item_reader reader = {catalog, arena, diag, ITEM_PARSE_PATCH, ERR_OK};
	struct place place = {NULL, pointer, 0};
	bool good = item_read_features(&reader, &place, json, features, count);

	if (reader.error)
		return reader.error;
	return good ? ERR_OK : ERR_INVALID;
}

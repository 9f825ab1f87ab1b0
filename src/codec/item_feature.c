/*
 * Feature values: from a client's JSON to the number that the engine sees, by the type that the
 * catalogue's definition gives, with what is said about the value (evidence, when it was observed,
 * why).
 */
#include <math.h>

#include "base/clock.h"
#include "base/num.h"
#include "codec/item_reader.h"
#include "codec/json.h"

static const char *const evidence_words[] = {NULL, "measured", "estimated", "asserted"};
enum { EVIDENCE_WORDS = sizeof evidence_words / sizeof *evidence_words };

const char *item_evidence_word(enum evidence evidence)
{
	return (unsigned)evidence < EVIDENCE_WORDS ? evidence_words[evidence] : NULL;
}

/* Who may write a sensitive feature need not be one who may read its definition. */
static bool refuse_secret(struct item_reader *reader, const struct place *place)
{
	return item_fault(reader, place, "This is not a value that the feature takes.");
}

static bool out_of_bounds(struct item_reader *reader, const struct place *place,
	const struct feature_definition *definition, double number)
{
	char given[NUM_TEXT_SIZE], lower[NUM_TEXT_SIZE], upper[NUM_TEXT_SIZE];

	if (definition->sensitive)
		return refuse_secret(reader, place);
	num_to_text(number, given);
	num_to_text(definition->lower, lower);
	num_to_text(definition->upper, upper);
	if (isinf(definition->upper))
		return item_fault(reader, place, "%s is too small: the least is %s.", given, lower);
	if (isinf(definition->lower))
		return item_fault(reader, place, "%s is too large: the most is %s.", given, upper);
	return item_fault(reader, place, "%s is outside the bounds %s to %s.", given, lower, upper);
}

static bool read_number(struct item_reader *reader, const struct place *place,
	const struct feature_definition *definition, const json_t *json, double *out)
{
	double number = json_number_value(json) + 0.0; /* -0 becomes 0 */

	if (!json_is_number(json))
		return item_wrong_type(reader, place, "a number", json);
	if (number >= definition->lower && number <= definition->upper) {
		*out = number;
		return true;
	}
	if (!definition->clamp || isnan(number))
		return out_of_bounds(reader, place, definition, number);
	*out = number < definition->lower ? definition->lower : definition->upper;
	return true;
}

static bool read_category(struct item_reader *reader, const struct place *place,
	const struct feature_definition *definition, const json_t *json, double *out)
{
	struct str word = {json_string_value(json), json_string_length(json)};

	if (!json_is_string(json))
		return item_wrong_type(reader, place, "a string", json);
	for (size_t i = 0; i < definition->category_count; i++) {
		if (!str_eq(definition->categories[i], word))
			continue;
		*out = (double)i;
		return true;
	}
	if (definition->sensitive)
		return refuse_secret(reader, place);
	return item_not_one_of(reader, place, word, definition->categories,
		sizeof *definition->categories, definition->category_count);
}

/* A day begins at midnight UTC. Seconds are kept whole, cut towards the past. */
static bool read_date(
	struct item_reader *reader, const struct place *place, const json_t *json, double *out)
{
	struct str text = {json_string_value(json), json_string_length(json)};
	char midnight[] = "0000-00-00T00:00:00Z";
	int64_t us, s;

	if (!json_is_string(json))
		return item_wrong_type(reader, place, "a date", json);
	if (text.len == 10) {
		memcpy(midnight, text.ptr, text.len);
		text = str_from(midnight);
	}
	if (!time_parse_rfc3339(text, &us))
		return item_fault(
			reader, place, "Must be a date such as 2026-11-21, or an RFC 3339 time.");
	s = us / US_PER_S;
	*out = (double)(us % US_PER_S < 0 ? s - 1 : s);
	return true;
}

static bool read_value(struct item_reader *reader, const struct place *place,
	const struct feature_definition *definition, const json_t *json, struct feature_value *out)
{
	switch (definition->type) {
	case FEATURE_NUMBER: return read_number(reader, place, definition, json, &out->number);
	case FEATURE_BOOLEAN:
		if (!json_is_boolean(json))
			return item_wrong_type(reader, place, "true or false", json);
		out->number = json_is_true(json) ? 1 : 0;
		return true;
	case FEATURE_CATEGORY: return read_category(reader, place, definition, json, &out->number);
	case FEATURE_DATE: return read_date(reader, place, json, &out->number);
	case FEATURE_TEXT:
		out->number = 1;
		return item_read_text(reader, place, json, 1, ITEM_MAX_TEXT_FEATURE, &out->text);
	}
	return false;
}

static bool read_evidence(struct item_reader *reader, const struct place *place, const json_t *json,
	enum evidence *out)
{
	if (!json_is_string(json))
		return item_wrong_type(reader, place, "a string", json);
	for (unsigned i = EVIDENCE_MEASURED; i < EVIDENCE_WORDS; i++) {
		if (strcmp(json_string_value(json), evidence_words[i]) != 0)
			continue;
		*out = (enum evidence)i;
		return true;
	}
	return item_fault(reader, place, "Must be measured, estimated or asserted.");
}

/* One member of {"value", "evidence", "observed_at", "justification"}. */
static bool read_part(struct item_reader *reader, const struct place *feature,
	const struct feature_definition *definition, const char *key, const json_t *json,
	struct feature_value *out)
{
	struct place place = {feature, key, 0};

	if (strcmp(key, "value") == 0)
		return json_is_null(json) || read_value(reader, &place, definition, json, out);
	if (strcmp(key, "evidence") == 0)
		return json_is_null(json) || read_evidence(reader, &place, json, &out->evidence);
	if (strcmp(key, "observed_at") == 0)
		return json_is_null(json) ||
		       item_read_time(reader, &place, json, &out->observed_us);
	if (strcmp(key, "justification") == 0)
		return json_is_null(json) || item_read_text(reader, &place, json, 1,
						     ITEM_MAX_JUSTIFICATION, &out->justification);
	json_unknown_key(reader->diag, place_pointer(reader->diag, feature), key);
	return false;
}

/* {"value": null} clears, as null does; a reason why there is no value may be given with it. */
static bool read_object(struct item_reader *reader, const struct place *feature,
	const struct feature_definition *definition, const json_t *json, struct feature_value *out)
{
	struct place place = {feature, "value", 0};
	const json_t *value = json_object_get(json, "value");
	bool good = true;

	for (void *at = first_member(json); at && !reader->error; at = next_member(json, at))
		good &= read_part(reader, feature, definition, json_object_iter_key(at),
			json_object_iter_value(at), out);
	if (!value)
		return item_fault(reader, &place, "This field is required.");
	out->cleared = json_is_null(value);
	return good;
}

static bool read_feature(struct item_reader *reader, const struct place *feature, struct str name,
	const json_t *json, struct feature_value *out)
{
	const struct feature_definition *definition = catalog_live_feature(reader->catalog, name);
	struct str shown = json_brief(name);

	if (!definition && shown.len < name.len)
		return item_fault(reader, feature->above, "There is no such feature: \"%.*s…\".",
			STR_ARG(shown));
	if (!definition)
		return item_fault(reader, feature, "There is no such feature in this workspace.");
	*out = (struct feature_value){
		.id = definition->id,
		.number = NAN,
		.observed_us = TIME_NONE,
	};
	if (json_is_object(json))
		return read_object(reader, feature, definition, json, out);
	out->cleared = json_is_null(json);
	return out->cleared || read_value(reader, feature, definition, json, out);
}

/* Few, and mostly in order already. */
static void sort_by_id(struct feature_value *features, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct feature_value moved = features[i];
		size_t to = i;

		if (features[i - 1].id < moved.id)
			continue;
		for (; to > 0 && features[to - 1].id > moved.id; to--)
			features[to] = features[to - 1];
		features[to] = moved;
	}
}

bool item_read_features(struct item_reader *reader, const struct place *place, const json_t *json,
	const struct feature_value **features, size_t *count)
{
	size_t size = json_object_size(json);
	struct feature_value *values;
	size_t read = 0;
	bool good = true;

	*features = NULL;
	*count = 0;
	if (!json_is_object(json))
		return item_wrong_type(reader, place, "an object of features by name", json);
	if (size > ITEM_MAX_FEATURES)
		return item_fault(reader, place, "Must have at most %d features, not %zu.",
			(int)ITEM_MAX_FEATURES, size);
	values = item_take(reader, size, sizeof *values);
	if (!values)
		return false;
	for (void *at = first_member(json); at && !reader->error; at = next_member(json, at)) {
		const char *key = json_object_iter_key(at);
		struct place feature = {place, key, 0};

		if (read_feature(reader, &feature, (struct str){key, json_object_iter_key_len(at)},
			    json_object_iter_value(at), &values[read]))
			read++;
		else
			good = false;
	}
	sort_by_id(values, read);
	*features = read > 0 ? values : NULL;
	*count = read;
	return good;
}

/*
 * Follows a workspace's mapping for one item: rules over labels first, since a person chose those,
 * then thresholds over counts, then the defaults. The first that speaks of a field settles it.
 *
 * The mapping passed mapping_parse when it was saved; what is odd in it nevertheless is passed
 * over, and what it sets is judged again with the item.
 */
#include <stdlib.h>

#include "intake/format.h"
#include "intake/item_json.h"

enum { MAX_PATTERN_BYTES = 255 };

/* Labels in lower case, in one block. */
struct folded {
	struct str *labels;
	size_t count;
};

/* ASCII only: what is beyond compares as it is, in every locale alike. */
static void fold(const char *from, size_t len, char *to)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + ('a' - 'A')) : from[i];
}

static bool fold_labels(const json_t *labels, struct folded *out)
{
	size_t size = json_array_size(labels), bytes = 0;
	char *text;

	*out = (struct folded){0};
	for (size_t i = 0; i < size; i++)
		bytes += json_string_length(json_array_get(labels, i));
	out->labels = malloc(size * sizeof *out->labels + bytes + 1);
	if (!out->labels)
		return false;
	text = (char *)(out->labels + size);
	for (size_t i = 0; i < size; i++) {
		const json_t *label = json_array_get(labels, i);
		size_t len = json_string_length(label);

		if (!json_is_string(label))
			continue;
		fold(json_string_value(label), len, text);
		out->labels[out->count++] = (struct str){text, len};
		text += len;
	}
	return true;
}

static bool begins_with(struct str text, struct str start)
{
	return text.len >= start.len && memcmp(text.ptr, start.ptr, start.len) == 0;
}

static struct str without_first(struct str text, size_t bytes)
{
	return (struct str){text.ptr + bytes, text.len - bytes};
}

/*
 * '*' stands for any run of bytes. Each piece between stars is taken where it first occurs, and the
 * search goes on behind it; memmem is linear, so the whole is: no pattern makes it explode.
 */
static bool matches(struct str pattern, struct str text)
{
	const char *star = memchr(pattern.ptr, '*', pattern.len);

	if (!star)
		return str_eq(pattern, text);
	for (bool first = true; star; first = false) {
		struct str piece = {pattern.ptr, (size_t)(star - pattern.ptr)};
		const char *found =
			first ? text.ptr : memmem(text.ptr, text.len, piece.ptr, piece.len);

		if (!found || (first && !begins_with(text, piece)))
			return false;
		text = without_first(text, (size_t)(found - text.ptr) + piece.len);
		pattern = without_first(pattern, piece.len + 1);
		star = memchr(pattern.ptr, '*', pattern.len);
	}
	return text.len >= pattern.len &&
	       memcmp(text.ptr + text.len - pattern.len, pattern.ptr, pattern.len) == 0;
}

static bool any_label(const struct folded *folded, const json_t *pattern, bool prefix)
{
	char text[MAX_PATTERN_BYTES];
	struct str wanted = {text, json_string_length(pattern)};

	if (wanted.len == 0 || wanted.len > sizeof text)
		return false;
	fold(json_string_value(pattern), wanted.len, text);
	for (size_t i = 0; i < folded->count; i++) {
		if (prefix ? begins_with(folded->labels[i], wanted)
			   : matches(wanted, folded->labels[i]))
			return true;
	}
	return false;
}

static bool rule_has_condition(const json_t *rule)
{
	return member_given(rule, "label") || member_given(rule, "label_prefix");
}

static bool rule_applies(const json_t *rule, const struct folded *folded)
{
	const json_t *label = json_object_get(rule, "label");

	if (!rule_has_condition(rule))
		return true;
	for (size_t i = 0; i < json_array_size(label); i++) {
		if (any_label(folded, json_array_get(label, i), false))
			return true;
	}
	return any_label(folded, label, false) ||
	       any_label(folded, json_object_get(rule, "label_prefix"), true);
}

/* A member that is not there yet. */
static bool settle(json_t *item, const char *key, const json_t *value)
{
	if (json_is_null(value) || json_object_get(item, key))
		return true;
	return item_json_share(item, key, value);
}

/* A value with its evidence; one that brings its own is taken as it is. */
static bool settle_feature(
	json_t *features, const char *name, const json_t *value, const char *evidence)
{
	json_t *object;

	if (json_object_get(features, name))
		return true;
	if (json_is_object(value))
		return item_json_share(features, name, value);
	object = json_object();
	if (!object || !item_json_share(object, "value", value) ||
		json_object_set_new(object, "evidence", json_string(evidence)) != 0) {
		json_decref(object);
		return false;
	}
	return json_object_set_new(features, name, object) == 0;
}

static bool apply_set(const json_t *set, const char *evidence, json_t *item, json_t *features)
{
	const json_t *values = json_object_get(set, "features");

	if (!settle(item, "stream", json_object_get(set, "stream")) ||
		!settle(item, "kind", json_object_get(set, "kind")) ||
		!settle(item, "team", json_object_get(set, "team")))
		return false;
	for (void *at = json_object_iter((json_t *)values); at;
		at = json_object_iter_next((json_t *)values, at)) {
		if (!settle_feature(features, json_object_iter_key(at), json_object_iter_value(at),
			    evidence))
			return false;
	}
	return true;
}

static bool apply_rules(
	const json_t *mapping, const struct folded *folded, json_t *item, json_t *features)
{
	const json_t *rules = json_object_get(mapping, "rules");

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		/* A label is somebody's word; without one it is the mapping's guess. */
		const char *evidence = rule_has_condition(rule) ? "asserted" : "estimated";

		if (rule_applies(rule, folded) &&
			!apply_set(json_object_get(rule, "set"), evidence, item, features))
			return false;
	}
	return true;
}

static const struct intake_signal *signal_named(
	const struct intake_signal *signals, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++) {
		if (strcmp(signals[i].name, name) == 0)
			return &signals[i];
	}
	return NULL;
}

/* The value of the first step that is reached; else the one for "else"; NULL: none. */
static const json_t *stepped(const json_t *threshold, const struct intake_signal *signal)
{
	const json_t *steps = json_object_get(threshold, "steps");

	for (size_t i = 0; signal && i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);

		if (signal->value >= json_number_value(json_object_get(step, "at_least")))
			return json_object_get(step, "value");
	}
	return json_object_get(threshold, "else");
}

static bool apply_threshold(
	const json_t *threshold, const struct intake_signal *signal, json_t *features)
{
	const char *feature = json_string_value(json_object_get(threshold, "feature"));
	const json_t *value;
	json_t *counted;
	bool ok;

	if (!feature)
		return true;
	if (member_given(threshold, "steps")) {
		value = stepped(threshold, signal);
		return !value || json_is_null(value) ||
		       settle_feature(features, feature, value, "estimated");
	}
	if (!signal)
		return true;
	counted = json_real(signal->value);
	ok = counted && settle_feature(features, feature, counted, "measured");
	json_decref(counted);
	return ok;
}

static bool apply_thresholds(const json_t *mapping, const struct intake_signal *signals,
	size_t signal_count, json_t *features)
{
	const json_t *thresholds = json_object_get(mapping, "thresholds");

	for (size_t i = 0; i < json_array_size(thresholds); i++) {
		const json_t *threshold = json_array_get(thresholds, i);
		const char *name = json_string_value(json_object_get(threshold, "signal"));

		if (!apply_threshold(
			    threshold, signal_named(signals, signal_count, name), features))
			return false;
	}
	return true;
}

/* The item's features, made when it has none yet. */
static json_t *features_of(json_t *item)
{
	json_t *features = json_object_get(item, "features");

	if (features)
		return features;
	features = json_object();
	return json_object_set_new(item, "features", features) == 0 ? features : NULL;
}

bool mapping_apply(const json_t *mapping, const json_t *labels, const struct intake_signal *signals,
	size_t signal_count, json_t *item)
{
	json_t *features = features_of(item);
	struct folded folded;
	bool ok;

	if (!features || !fold_labels(labels, &folded))
		return false;
	ok = apply_rules(mapping, &folded, item, features) &&
	     apply_thresholds(mapping, signals, signal_count, features) &&
	     settle(item, "stream", json_object_get(mapping, "stream")) &&
	     settle(item, "kind", json_object_get(mapping, "kind"));
	free(folded.labels);
	return ok;
}

static bool clear_unsettled(json_t *object, const char *key)
{
	return json_object_get(object, key) || json_object_set_new(object, key, json_null()) == 0;
}

static bool withdraw_set(const json_t *set, json_t *item, json_t *features)
{
	const json_t *values = json_object_get(set, "features");

	if (member_given(set, "team") && !clear_unsettled(item, "team"))
		return false;
	for (void *at = json_object_iter((json_t *)values); at;
		at = json_object_iter_next((json_t *)values, at)) {
		if (!clear_unsettled(features, json_object_iter_key(at)))
			return false;
	}
	return true;
}

bool mapping_withdraw(const json_t *mapping, const char *label, json_t *item)
{
	const json_t *rules = json_object_get(mapping, "rules");
	json_t *features = features_of(item);
	json_t *labels = json_pack("[s]", label);
	struct folded folded = {0};
	bool ok = features && labels && fold_labels(labels, &folded);

	for (size_t i = 0; ok && i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);

		if (rule_has_condition(rule) && rule_applies(rule, &folded))
			ok = withdraw_set(json_object_get(rule, "set"), item, features);
	}
	free(folded.labels);
	json_decref(labels);
	return ok;
}

const char *mapping_status(const json_t *mapping, const char *status)
{
	return json_string_value(json_object_get(json_object_get(mapping, "statuses"), status));
}

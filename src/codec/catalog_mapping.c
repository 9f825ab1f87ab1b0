/*
 * Source mappings: data that says how a tracker's labels, counts and statuses become streams,
 * kinds, features and statuses of the workspace. Checked as a whole when it is saved, so that
 * intake can follow it without doubt. docs/sources.md shows the form.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "codec/catalog_internal.h"
#include "codec/item.h"
#include "codec/json.h"

enum {
	MAX_RULES = 200,
	MAX_PATTERNS = 50,
	MAX_THRESHOLDS = 100,
	MAX_STEPS = 20,
	MAX_STATUSES = 100,
};

/* What every check needs. Only checks: the client's tree is in the one form already. */
struct checker {
	const struct mapping_terms *terms;
	const struct catalog *catalog;
	struct arena *arena;
	struct diag *diag;
};

/* NULL allows any. */
static bool is_listed(const char *const *words, const char *word)
{
	if (!words)
		return true;
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static void fault_not_listed(
	struct checker *check, const char *pointer, const char *const *words, const char *word)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; words[i]; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : "", words[i]);
	diag_add(check->diag, pointer, "\"%.*s\" is not one of: %s.",
		STR_ARG(json_brief(str_from(word))), list.failed ? "" : list.data);
	buf_release(&list);
}

/* One value of one feature, judged as an item's would be; faults are put at `pointer`. */
static bool check_value(struct checker *check, const struct feature_definition *feature,
	const json_t *value, const char *pointer)
{
	const struct feature_value *values;
	struct diag found;
	json_t *pair;
	size_t count;
	bool ok;

	if (!json_is_given(value)) {
		diag_add(check->diag, pointer, "A value is needed here.");
		return false;
	}
	pair = json_object();
	ok = pair && json_object_setn_new(pair, feature->name.ptr, feature->name.len,
			     json_deep_copy(value)) == 0;
	diag_init(&found, check->arena);
	ok = ok && item_features_parse(pair, check->catalog, "", check->arena, &found, &values,
			   &count) == ERR_OK;
	json_decref(pair);
	for (size_t i = 0; i < found.count; i++) {
		/* What lies below the value: "#/effort/evidence". */
		const char *at = found.entries[i].pointer;
		const char *below = strlen(at) > 2 ? strchr(at + 2, '/') : NULL;

		diag_add(check->diag, below ? diag_key(check->diag, pointer, below + 1) : pointer,
			"%s", found.entries[i].detail);
	}
	return ok;
}

static bool check_vocabulary(struct checker *check, const json_t *object, const char *key,
	const char *pointer, int (*find)(const struct catalog *catalog, struct str name))
{
	struct str word;

	if (!json_read_text(object, key, 1, CATALOG_MAX_NAME, false, pointer, check->diag,
		    check->arena, &word))
		return false;
	if (!word.ptr || find(check->catalog, word) >= 0)
		return true;
	diag_add(check->diag, diag_key(check->diag, pointer, key),
		"There is no %s \"%.*s\" in this workspace's settings.", key, STR_ARG(word));
	return false;
}

static bool check_set_features(struct checker *check, const json_t *features, const char *pointer)
{
	bool ok = true;

	if (!json_is_object(features) || json_object_size(features) > ITEM_MAX_FEATURES) {
		diag_add(check->diag, pointer,
			"This must be an object of feature values by name, at most %d.",
			ITEM_MAX_FEATURES);
		return false;
	}
	for (void *at = json_object_iter((json_t *)features); at;
		at = json_object_iter_next((json_t *)features, at)) {
		struct str name = {json_object_iter_key(at), json_object_iter_key_len(at)};
		const struct feature_definition *feature =
			catalog_live_feature(check->catalog, name);

		if (!feature) {
			json_unknown_key(check->diag, pointer, name.ptr);
			ok = false;
			continue;
		}
		ok &= check_value(check, feature, json_object_iter_value(at),
			diag_key(check->diag, pointer, name.ptr));
	}
	return ok;
}

static bool check_set(struct checker *check, const json_t *set, const char *pointer)
{
	static const char *const keys[] = {"stream", "kind", "team", "features", NULL};
	const json_t *features = json_object_get(set, "features");
	struct str team;
	bool ok = true;

	if (!json_is_object(set) || json_object_size(set) == 0) {
		diag_add(check->diag, pointer,
			"A rule sets something: an object with stream, kind, team or features.");
		return false;
	}
	ok &= json_only_keys(set, keys, pointer, check->diag);
	ok &= check_vocabulary(check, set, "stream", pointer, catalog_stream);
	ok &= check_vocabulary(check, set, "kind", pointer, catalog_kind);
	ok &= json_read_text(
		set, "team", 1, ITEM_MAX_NAME, false, pointer, check->diag, check->arena, &team);
	if (json_is_given(features))
		ok &= check_set_features(
			check, features, diag_key(check->diag, pointer, "features"));
	return ok;
}

/* "label" is one pattern, or a list of which any may match. */
static bool check_patterns(struct checker *check, const json_t *rule, const char *pointer)
{
	const struct str *patterns;
	struct str text;
	size_t count;

	if (!json_is_array(json_object_get(rule, "label")))
		return json_read_text(rule, "label", 1, ITEM_MAX_NAME, false, pointer, check->diag,
			check->arena, &text);
	if (!json_read_texts(rule, "label", MAX_PATTERNS, ITEM_MAX_NAME, pointer, check->diag,
		    check->arena, &patterns, &count))
		return false;
	if (count > 0)
		return true;
	diag_add(check->diag, diag_key(check->diag, pointer, "label"),
		"An empty list matches nothing; leave label out for a rule that always applies.");
	return false;
}

static bool check_rule(struct checker *check, const json_t *rule, const char *pointer)
{
	static const char *const keys[] = {"label", "label_prefix", "set", NULL};
	struct str prefix;
	bool ok = true;

	if (!json_is_object(rule)) {
		diag_add(check->diag, pointer,
			"A rule is an object with label or label_prefix, and set.");
		return false;
	}
	ok &= json_only_keys(rule, keys, pointer, check->diag);
	ok &= check_patterns(check, rule, pointer);
	ok &= json_read_text(rule, "label_prefix", 1, ITEM_MAX_NAME, false, pointer, check->diag,
		check->arena, &prefix);
	if (json_has(rule, "label") && json_has(rule, "label_prefix")) {
		diag_add(check->diag, pointer, "A rule has either label or label_prefix.");
		ok = false;
	}
	return check_set(check, json_object_get(rule, "set"),
		       diag_key(check->diag, pointer, "set")) &&
	       ok;
}

/* A list member with at most `max` elements, each judged by `one`. */
static bool check_list(struct checker *check, const json_t *object, const char *key,
	const char *pointer, size_t max,
	bool (*one)(struct checker *check, const json_t *json, const char *pointer))
{
	const json_t *list = json_object_get(object, key);
	bool ok = true;

	if (!json_is_given(list))
		return true;
	pointer = diag_key(check->diag, pointer, key);
	if (!json_is_array(list) || json_array_size(list) > max) {
		diag_add(check->diag, pointer, "This must be a list of at most %zu.", max);
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		ok &= one(check, json_array_get(list, i), diag_index(check->diag, pointer, i));
	return ok;
}

static bool check_step(struct checker *check, const struct feature_definition *feature,
	const json_t *step, const char *pointer, double *last)
{
	static const char *const keys[] = {"at_least", "value", NULL};
	double at_least;
	bool ok = true;

	if (!json_is_object(step)) {
		diag_add(check->diag, pointer, "A step is an object with at_least and value.");
		return false;
	}
	ok &= json_only_keys(step, keys, pointer, check->diag);
	ok &= check_value(check, feature, json_object_get(step, "value"),
		diag_key(check->diag, pointer, "value"));
	if (!json_read_number(
		    step, "at_least", -DBL_MAX, DBL_MAX, true, pointer, check->diag, &at_least))
		return false;
	if (at_least >= *last) {
		diag_add(check->diag, diag_key(check->diag, pointer, "at_least"),
			"Steps go down: this must be less than in the step before.");
		ok = false;
	}
	*last = at_least;
	return ok;
}

static bool check_steps(struct checker *check, const struct feature_definition *feature,
	const json_t *threshold, const char *pointer)
{
	const json_t *steps = json_object_get(threshold, "steps");
	const json_t *otherwise = json_object_get(threshold, "else");
	double last = INFINITY;
	bool ok = true;

	if (!json_is_given(steps) && !json_is_given(otherwise)) {
		if (feature->type == FEATURE_NUMBER)
			return true;
		diag_add(check->diag, pointer,
			"Without steps the signal itself is the value, which needs a feature of "
			"type number.");
		return false;
	}
	if (json_is_given(otherwise))
		ok &= check_value(
			check, feature, otherwise, diag_key(check->diag, pointer, "else"));
	pointer = diag_key(check->diag, pointer, "steps");
	if (!json_is_array(steps) || json_array_size(steps) == 0 ||
		json_array_size(steps) > MAX_STEPS) {
		diag_add(check->diag, pointer, "This must be a list of 1 to %d steps.", MAX_STEPS);
		return false;
	}
	for (size_t i = 0; i < json_array_size(steps); i++)
		ok &= check_step(check, feature, json_array_get(steps, i),
			diag_index(check->diag, pointer, i), &last);
	return ok;
}

static bool check_threshold(struct checker *check, const json_t *threshold, const char *pointer)
{
	static const char *const keys[] = {"signal", "feature", "steps", "else", NULL};
	const struct feature_definition *feature;
	struct str signal, name;
	bool ok = true;

	if (!json_is_object(threshold)) {
		diag_add(check->diag, pointer, "A threshold is an object with signal and feature.");
		return false;
	}
	ok &= json_only_keys(threshold, keys, pointer, check->diag);
	if (!json_read_text(threshold, "signal", 1, CATALOG_MAX_NAME, true, pointer, check->diag,
		    check->arena, &signal)) {
		ok = false;
	} else if (check->terms && !is_listed(check->terms->signals, signal.ptr)) {
		fault_not_listed(check, diag_key(check->diag, pointer, "signal"),
			check->terms->signals, signal.ptr);
		ok = false;
	}
	if (!json_read_text(threshold, "feature", 1, CATALOG_MAX_NAME, true, pointer, check->diag,
		    check->arena, &name))
		return false;
	feature = catalog_live_feature(check->catalog, name);
	if (!feature) {
		diag_add(check->diag, diag_key(check->diag, pointer, "feature"),
			"There is no feature \"%.*s\" in this workspace's catalogue.",
			STR_ARG(name));
		return false;
	}
	return check_steps(check, feature, threshold, pointer) && ok;
}

static bool check_status(struct checker *check, const json_t *statuses, const char *theirs)
{
	const char *pointer = diag_key(check->diag, "/statuses", theirs);
	struct str ours;

	if (check->terms && !is_listed(check->terms->statuses, theirs)) {
		fault_not_listed(check, pointer, check->terms->statuses, theirs);
		return false;
	}
	if (!json_read_text(statuses, theirs, 1, CATALOG_MAX_NAME, true, "/statuses", check->diag,
		    check->arena, &ours))
		return false;
	if (catalog_status(check->catalog, ours))
		return true;
	diag_add(check->diag, pointer, "There is no status \"%.*s\" in this workspace's settings.",
		STR_ARG(ours));
	return false;
}

static bool check_statuses(struct checker *check, const json_t *statuses)
{
	bool ok = true;

	if (!json_is_given(statuses))
		return true;
	if (!json_is_object(statuses) || json_object_size(statuses) > MAX_STATUSES) {
		diag_add(check->diag, "/statuses",
			"This must be an object from the tracker's statuses to the workspace's, at "
			"most %d.",
			MAX_STATUSES);
		return false;
	}
	for (void *at = json_object_iter((json_t *)statuses); at;
		at = json_object_iter_next((json_t *)statuses, at))
		ok &= check_status(check, statuses, json_object_iter_key(at));
	return ok;
}

static bool check_keys(struct checker *check, const json_t *json)
{
	static const char *const common[] = {
		"stream", "kind", "rules", "thresholds", "statuses", NULL};
	const char *const *more = check->terms ? check->terms->keys : NULL;
	bool ok = true;

	for (void *at = json_object_iter((json_t *)json); at;
		at = json_object_iter_next((json_t *)json, at)) {
		const char *key = json_object_iter_key(at);

		if (is_listed(common, key) || (more && is_listed(more, key)))
			continue;
		json_unknown_key(check->diag, "", key);
		ok = false;
	}
	return ok;
}

/* A member that is null says no more than one that is absent; stored, it would only be odd to read. */
static void drop_nulls(json_t *json)
{
	void *next;

	for (size_t i = 0; i < json_array_size(json); i++)
		drop_nulls(json_array_get(json, i));
	for (void *at = json_object_iter(json); at; at = next) {
		const char *key = json_object_iter_key(at);
		json_t *member = json_object_iter_value(at);

		next = json_object_iter_next(json, at);
		if (json_is_null(member))
			json_object_del(json, key);
		else
			drop_nulls(member);
	}
}

enum error mapping_parse(const json_t *json, const struct mapping_terms *terms,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	struct checker check = {terms, catalog, arena, diag};
	json_t *copy;
	enum error err;
	bool ok = true;

	if (!json_is_object(json)) {
		diag_add(diag, "",
			"A mapping is a JSON object with stream, kind, rules, thresholds and "
			"statuses.");
		return ERR_INVALID;
	}
	ok &= check_keys(&check, json);
	ok &= check_vocabulary(&check, json, "stream", "", catalog_stream);
	ok &= check_vocabulary(&check, json, "kind", "", catalog_kind);
	if (!json_has(json, "stream")) {
		diag_add(diag, "/stream",
			"A mapping names the stream of the items that no rule speaks of.");
		ok = false;
	}
	ok &= check_list(&check, json, "rules", "", MAX_RULES, check_rule);
	ok &= check_list(&check, json, "thresholds", "", MAX_THRESHOLDS, check_threshold);
	ok &= check_statuses(&check, json_object_get(json, "statuses"));
	err = catalog_verdict(ok, diag);
	if (err)
		return err;
	copy = json_deep_copy(json);
	drop_nulls(copy);
	return catalog_body(copy, arena, body);
}

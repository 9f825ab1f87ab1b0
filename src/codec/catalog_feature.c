/*
 * Feature definitions: what a column of numbers means. A client's definition is read, judged
 * against the version before it, and written back in one form, so that equal definitions have
 * equal bytes.
 */
#include <float.h>
#include <math.h>

#include "codec/catalog_internal.h"
#include "codec/json.h"
#include "codec/json_writer.h"

static const char *const type_names[] = {
	[FEATURE_NUMBER] = "number",
	[FEATURE_BOOLEAN] = "boolean",
	[FEATURE_CATEGORY] = "category",
	[FEATURE_DATE] = "date",
	[FEATURE_TEXT] = "text",
	NULL,
};

static const char *const family_names[] = {"business_value", "effort", "technical_debt",
	"reliability", "risk_compliance", "dependency", "demand", NULL};

static const char *const direction_names[] = {"higher_is_better", "lower_is_better", NULL};
static const char *const outside_names[] = {"refuse", "clamp", NULL};

/* name, id and revision are there so that what was read can be sent back changed. */
static const char *const definition_keys[] = {"name", "id", "revision", "type", "unit", "family",
	"description", "bounds", "direction", "out_of_bounds", "sensitive", "categories", "deleted",
	NULL};

/* A member that means nothing for this type would be forgotten without a word. */
static bool refuse_member(const json_t *json, const char *key, enum feature_type type,
	const char *why, struct diag *diag)
{
	if (!json_has(json, key))
		return true;
	diag_add(diag, diag_key(diag, "", key), "A feature of type %s has no %s: %s.",
		type_names[type], key, why);
	return false;
}

/* {"lower": 0, "upper": 10}; a number without bounds is fine, but no model can read it. */
static bool read_bounds(const json_t *json, struct diag *diag, struct feature_definition *out)
{
	static const char *const keys[] = {"lower", "upper", NULL};
	const json_t *bounds = json_object_get(json, "bounds");
	double lower, upper;
	bool ok;

	if (!json_has(json, "bounds"))
		return true;
	if (!json_is_object(bounds)) {
		diag_add(diag, "/bounds", "Bounds are an object: {\"lower\": 0, \"upper\": 10}.");
		return false;
	}
	ok = json_only_keys(bounds, keys, "/bounds", diag);
	ok &= json_read_number(bounds, "lower", -DBL_MAX, DBL_MAX, true, "/bounds", diag, &lower);
	ok &= json_read_number(bounds, "upper", -DBL_MAX, DBL_MAX, true, "/bounds", diag, &upper);
	if (!ok)
		return false;
	if (lower >= upper) {
		diag_add(diag, "/bounds", "The upper bound must be greater than the lower one.");
		return false;
	}
	out->lower = lower;
	out->upper = upper;
	return true;
}

static bool read_categories(
	const json_t *json, struct arena *arena, struct diag *diag, struct feature_definition *out)
{
	bool ok = true;

	if (!json_read_texts(json, "categories", CATALOG_MAX_CATEGORIES, CATALOG_MAX_NAME, "", diag,
		    arena, &out->categories, &out->category_count))
		return false;
	if (out->category_count == 0) {
		diag_add(diag, "/categories",
			"A category needs its closed list of values, worst first.");
		return false;
	}
	for (size_t i = 0; i < out->category_count; i++)
		ok &= catalog_check_word(
			out->categories[i], diag_index(diag, "/categories", i), diag);
	out->lower = 0;
	out->upper = (double)(out->category_count - 1);
	return ok;
}

/* The members that belong to some types only. */
static bool read_typed(
	const json_t *json, struct arena *arena, struct diag *diag, struct feature_definition *out)
{
	int direction, outside;
	bool ok = true;

	ok &= catalog_read_choice(json, "direction", direction_names, 0, "", diag, &direction);
	ok &= catalog_read_choice(json, "out_of_bounds", outside_names, 0, "", diag, &outside);
	out->lower_is_better = direction == 1;
	out->clamp = outside == 1;
	out->lower = -INFINITY;
	out->upper = INFINITY;
	if (out->type == FEATURE_NUMBER) {
		ok &= read_bounds(json, diag, out);
	} else {
		ok &= refuse_member(json, "bounds", out->type, "only a number has them", diag);
		ok &= refuse_member(
			json, "out_of_bounds", out->type, "only a number has bounds", diag);
	}
	if (out->type == FEATURE_BOOLEAN) {
		out->lower = 0;
		out->upper = 1;
	}
	if (out->type == FEATURE_CATEGORY)
		ok &= read_categories(json, arena, diag, out);
	else
		ok &= refuse_member(
			json, "categories", out->type, "only a category lists its values", diag);
	if (out->type == FEATURE_CATEGORY)
		ok &= refuse_member(json, "direction", out->type,
			"the order of its values says it, worst first", diag);
	if (out->type == FEATURE_TEXT)
		ok &= refuse_member(json, "direction", out->type, "text is not weighed", diag);
	return ok;
}

bool feature_definition_read(const json_t *json, struct arena *arena, struct diag *diag,
	struct feature_definition *out, int64_t *id)
{
	int type, family;
	bool ok = true;

	*out = (struct feature_definition){0};
	if (!json_is_object(json)) {
		diag_add(diag, "", "A feature definition is a JSON object.");
		return false;
	}
	ok &= json_only_keys(json, definition_keys, "", diag);
	ok &= json_read_int(json, "id", 0, UINT16_MAX, false, -1, "", diag, id);
	ok &= json_read_text(
		json, "unit", 1, CATALOG_MAX_TITLE, false, "", diag, arena, &out->unit);
	ok &= json_read_text(
		json, "description", 1, CATALOG_MAX_TEXT, true, "", diag, arena, &out->description);
	ok &= json_read_bool(json, "sensitive", false, "", diag, &out->sensitive);
	ok &= json_read_bool(json, "deleted", false, "", diag, &out->deleted);
	ok &= catalog_read_choice(json, "family", family_names, -1, "", diag, &family);
	if (!catalog_read_choice(json, "type", type_names, -1, "", diag, &type))
		return false;
	out->type = (enum feature_type)type;
	out->family = str_from(family_names[family]);
	ok &= read_typed(json, arena, diag, out);
	return ok;
}

static json_t *categories_tree(const struct feature_definition *definition)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < definition->category_count; i++) {
		if (json_array_append_new(list, catalog_text(definition->categories[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *definition_tree(const struct feature_definition *definition, uint16_t id)
{
	json_t *tree = json_object();
	int failed = 0;

	if (!tree)
		return NULL;
	failed |= json_object_set_new(tree, "id", json_integer(id));
	failed |= json_object_set_new(tree, "type", json_string(type_names[definition->type]));
	failed |= json_object_set_new(tree, "family", catalog_text(definition->family));
	failed |= json_object_set_new(tree, "description", catalog_text(definition->description));
	failed |= json_object_set_new(tree, "sensitive", json_boolean(definition->sensitive));
	if (definition->deleted)
		failed |= json_object_set_new(tree, "deleted", json_true());
	if (definition->unit.ptr)
		failed |= json_object_set_new(tree, "unit", catalog_text(definition->unit));
	if (definition->type != FEATURE_CATEGORY && definition->type != FEATURE_TEXT)
		failed |= json_object_set_new(tree, "direction",
			json_string(direction_names[definition->lower_is_better]));
	if (definition->type == FEATURE_CATEGORY)
		failed |= json_object_set_new(tree, "categories", categories_tree(definition));
	if (definition->type == FEATURE_NUMBER) {
		failed |= json_object_set_new(
			tree, "out_of_bounds", json_string(outside_names[definition->clamp]));
		if (isfinite(definition->lower))
			failed |= json_object_set_new(tree, "bounds",
				json_pack("{s:f, s:f}", "lower", definition->lower, "upper",
					definition->upper));
	}
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

static bool check_succession(const struct feature_definition *definition,
	const struct feature_definition *previous, struct diag *diag)
{
	if (definition->type != previous->type) {
		diag_add(diag, "/type",
			"The type of a feature stays (here: %s), because stored values have it. "
			"Define a feature of another name.",
			type_names[previous->type]);
		return false;
	}
	if (definition->sensitive && previous->in_rules) {
		diag_add(diag, "/sensitive",
			"An SLA rule, a contract or a recurrence reads this feature, and what "
			"they say of an item is shown to every reader. "
			"Define a feature of another name.");
		return false;
	}
	if (definition->type != FEATURE_CATEGORY)
		return true;
	for (size_t i = 0; i < previous->category_count; i++) {
		if (i < definition->category_count &&
			str_eq(definition->categories[i], previous->categories[i]))
			continue;
		diag_add(diag, diag_index(diag, "/categories", i),
			"Categories may only be added at the end, because stored values are places "
			"in the list: \"%.*s\" stays here.",
			STR_ARG(previous->categories[i]));
		return false;
	}
	return true;
}

/* The identity is the path's and ours to give; repeating it is fine, contradicting it is not. */
static bool check_identity(
	const json_t *json, struct str name, uint16_t id, int64_t given_id, struct diag *diag)
{
	const json_t *given = json_object_get(json, "name");
	bool ok = true;

	if (!catalog_is_identifier(name)) {
		diag_add(diag, "",
			"A feature's name begins with a letter a to z, followed by at most 62 "
			"letters "
			"a to z, digits or underscores.");
		ok = false;
	}
	if (given && !json_is_null(given) &&
		!(json_is_string(given) && str_is(name, json_string_value(given)))) {
		diag_add(diag, "/name", "The name must be that of the path, or be left out.");
		ok = false;
	}
	if (given_id >= 0 && given_id != id) {
		diag_add(diag, "/id", "The id is given by the server; leave it out.");
		ok = false;
	}
	return ok;
}

enum error feature_definition_parse(const json_t *json, struct str name, uint16_t id,
	const struct feature_definition *previous, struct arena *arena, struct diag *diag,
	struct str *body)
{
	struct feature_definition definition;
	int64_t given_id;
	enum error err;
	bool ok;

	ok = feature_definition_read(json, arena, diag, &definition, &given_id);
	if (json_is_object(json))
		ok &= check_identity(json, name, id, given_id, diag);
	if (json_has(json, "deleted")) {
		diag_add(diag, "/deleted", "A feature is deleted by DELETE; leave this out.");
		ok = false;
	}
	if (ok && previous)
		ok = check_succession(&definition, previous, diag);
	err = catalog_verdict(ok, diag);
	if (err)
		return err;
	return catalog_body(definition_tree(&definition, id), arena, body);
}

enum error feature_deleted_body(
	const struct feature_definition *definition, struct arena *arena, struct str *body)
{
	struct feature_definition deleted = *definition;

	deleted.deleted = true;
	return catalog_body(definition_tree(&deleted, definition->id), arena, body);
}

void feature_definition_write(struct buf *out, const struct feature_definition *definition)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "name", str, definition->name);
	json_put(&json, "id", int, definition->id);
	json_put(&json, "revision", int, definition->revision);
	json_put(&json, "type", text, type_names[definition->type]);
	json_put(&json, "family", str, definition->family);
	if (definition->unit.ptr)
		json_put(&json, "unit", str, definition->unit);
	json_put(&json, "description", str, definition->description);
	if (definition->type == FEATURE_NUMBER) {
		if (isfinite(definition->lower)) {
			json_key(&json, "bounds");
			json_object_begin(&json);
			json_put(&json, "lower", number, definition->lower);
			json_put(&json, "upper", number, definition->upper);
			json_object_end(&json);
		}
		json_put(&json, "out_of_bounds", text, outside_names[definition->clamp]);
	}
	if (definition->type != FEATURE_CATEGORY && definition->type != FEATURE_TEXT)
		json_put(&json, "direction", text, direction_names[definition->lower_is_better]);
	if (definition->type == FEATURE_CATEGORY) {
		json_key(&json, "categories");
		json_array_begin(&json);
		for (size_t i = 0; i < definition->category_count; i++)
			json_str(&json, definition->categories[i]);
		json_array_end(&json);
	}
	json_put(&json, "sensitive", bool, definition->sensitive);
	json_object_end(&json);
}

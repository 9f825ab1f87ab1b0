/*
 * A model's inputs: which feature, what its absence means and, where the kind weighs them, how much
 * it counts. A feature's bounds and direction come from the definition that the model pins.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "codec/catalog_model_kind.h"
#include "codec/json.h"

static const char *const scale_names[] = {
	[WN_SCALE_UNIT] = "unit",
	[WN_SCALE_VALUE] = "value",
	NULL,
};
static const char *const unknown_names[] = {
	[WN_UNKNOWN_SPAN] = "span",
	[WN_UNKNOWN_DEFAULT] = "default",
	[WN_UNKNOWN_EXCLUDE] = "exclude",
	NULL,
};
static const char *const goal_names[] = {"maximise", "minimise", NULL};

/* What a term may name as a fact: numbers of items whose order says what is more urgent. */
static const struct {
	const char *name;
	enum wn_number number;
	const char *unit, *family;
	bool lower_is_better; /* unless the term says otherwise */
} facts[] = {
	{"sla_left_hours", WN_SLA_LEFT, "h", "risk_compliance", true},
};
static const char *const direction_names[] = {"higher_is_better", "lower_is_better", NULL};

static const char *const plain_keys[] = {"feature", "unknown", "default", NULL};
const struct input_form plain_inputs = {
	.key = "inputs",
	.keys = plain_keys,
	.least = 1,
	.most = WN_MAX_TERMS,
	.shape = "An input is an object with feature.",
};

static int compare_pin(const struct feature_definition *version, struct str name, int64_t revision)
{
	int order = str_cmp(name, version->name);

	if (order != 0)
		return order;
	return (revision > version->revision) - (revision < version->revision);
}

static const struct feature_definition *pinned(
	const struct model_lookup *lookup, struct str name, int64_t revision)
{
	size_t low = 0, high = lookup->version_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_pin(&lookup->versions[middle], name, revision);

		if (order == 0)
			return &lookup->versions[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct feature_definition *draft_feature(const struct model_draft *draft, struct str name)
{
	const struct model_lookup *lookup = draft->lookup;
	const json_t *pin;

	if (!lookup->pins)
		return catalog_live_feature(lookup->catalog, name);
	pin = json_object_getn(lookup->pins, name.ptr, name.len);
	return json_is_integer(pin) ? pinned(lookup, name, json_integer_value(pin)) : NULL;
}

/* Why a feature cannot be in a model; NULL when it can. */
static const char *unfit(const struct feature_definition *feature)
{
	if (feature->type == FEATURE_TEXT)
		return "it is text, which has no value to weigh";
	if (feature->type == FEATURE_DATE)
		return "it is a date, which has no fixed bounds";
	if (!isfinite(feature->lower) || !isfinite(feature->upper))
		return "it has no lower or no upper bound; without both, adding an item could swap "
		       "two others";
	if (feature->lower >= feature->upper)
		return "it has a single possible value";
	return NULL;
}

static bool read_feature(struct model_draft *draft, const json_t *json, const char *pointer,
	const struct feature_definition **out)
{
	const char *place = diag_key(draft->diag, pointer, "feature");
	const char *why;
	struct str name;

	if (!json_read_text(json, "feature", 1, CATALOG_MAX_NAME, true, pointer, draft->diag,
		    draft->arena, &name))
		return false;
	*out = draft_feature(draft, name);
	if (!*out) {
		diag_add(draft->diag, place,
			"There is no feature \"%.*s\" in this workspace's catalogue.",
			STR_ARG(name));
		return false;
	}
	why = unfit(*out);
	if (!why)
		return true;
	diag_add(draft->diag, place, "The feature \"%.*s\" cannot be in a model: %s.",
		STR_ARG(name), why);
	return false;
}

static bool read_fact_bounds(struct model_draft *draft, const json_t *json, const char *pointer,
	struct feature_definition *out)
{
	int direction;
	bool ok = true;

	ok &= json_read_number(
		json, "lower", -DBL_MAX, DBL_MAX, true, pointer, draft->diag, &out->lower);
	ok &= json_read_number(
		json, "upper", -DBL_MAX, DBL_MAX, true, pointer, draft->diag, &out->upper);
	ok &= catalog_read_choice(json, "direction", direction_names, out->lower_is_better, pointer,
		draft->diag, &direction);
	out->lower_is_better = direction == 1;
	if (!ok || out->lower < out->upper)
		return ok;
	diag_add(draft->diag, diag_key(draft->diag, pointer, "upper"),
		"The upper bound must be greater than the lower one.");
	return false;
}

static bool read_fact(struct model_draft *draft, const json_t *json, const char *pointer,
	const struct feature_definition **out)
{
	struct feature_definition *stands;
	struct str name;

	if (!json_read_text(json, "fact", 1, CATALOG_MAX_NAME, true, pointer, draft->diag,
		    draft->arena, &name))
		return false;
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		if (!str_is(name, facts[i].name))
			continue;
		stands = arena_alloc(draft->arena, sizeof *stands);
		if (!stands)
			return false;
		*stands = (struct feature_definition){
			.id = (uint16_t)facts[i].number,
			.name = str_from(facts[i].name),
			.type = FEATURE_NUMBER,
			.unit = str_from(facts[i].unit),
			.family = str_from(facts[i].family),
			.lower_is_better = facts[i].lower_is_better,
			.fact = true,
		};
		*out = stands;
		return read_fact_bounds(draft, json, pointer, stands);
	}
	diag_add(draft->diag, diag_key(draft->diag, pointer, "fact"),
		"There is no such fact for a term. This is a list of those there are: "
		"sla_left_hours.");
	return false;
}

/* Weights and explanations name a term by one name. */
static bool check_name(struct model_draft *draft, size_t at)
{
	const struct feature_definition *feature = draft->features[at];

	for (size_t i = 0; i < at; i++) {
		const struct feature_definition *other = draft->features[i];

		if (!other || other->fact == feature->fact || !str_eq(other->name, feature->name))
			continue;
		diag_add(draft->diag,
			diag_key(
				draft->diag, draft->places[at], feature->fact ? "fact" : "feature"),
			"A fact and a feature of the same name cannot be told apart in one model.");
		return false;
	}
	return true;
}

/* A default may be said as an item would say it: a category's word, true or false. */
static bool read_word_default(
	const struct feature_definition *feature, const json_t *value, double *out)
{
	struct str word = {json_string_value(value), json_string_length(value)};

	if (!feature)
		return false;
	if (feature->type == FEATURE_BOOLEAN && json_is_boolean(value)) {
		*out = json_is_true(value) ? 1 : 0;
		return true;
	}
	for (size_t i = 0; json_is_string(value) && i < feature->category_count; i++) {
		if (!str_eq(feature->categories[i], word))
			continue;
		*out = (double)i;
		return true;
	}
	return false;
}

/* A default without a use would be forgotten without a word. */
static bool read_default(struct model_draft *draft, const json_t *json, const char *pointer,
	const struct feature_definition *feature, struct wn_term *out)
{
	bool wanted = out->unknown == WN_UNKNOWN_DEFAULT;
	bool required = wanted && !(feature && feature->fact);

	if (!read_word_default(feature, json_object_get(json, "default"), &out->fallback) &&
		!json_read_number(json, "default", -DBL_MAX, DBL_MAX, required, pointer,
			draft->diag, &out->fallback))
		return false;
	if (wanted && isnan(out->fallback))
		out->fallback = out->lower_is_better ? out->upper : out->lower;
	if (wanted || isnan(out->fallback))
		return true;
	diag_add(draft->diag, diag_key(draft->diag, pointer, "default"),
		"A default counts only with \"unknown\": \"default\".");
	return false;
}

static bool read_weight(struct model_draft *draft, const json_t *json, const char *pointer,
	const struct input_form *form, struct wn_term *out)
{
	out->weight = 1;
	if (!form->has_weight)
		return true;
	if (!json_read_number(json, "weight", -DBL_MAX, DBL_MAX, form->weight_required, pointer,
		    draft->diag, &out->weight))
		return false;
	if (isnan(out->weight))
		out->weight = 1;
	/* The engine would say it too, but only once everything else can be read. */
	if (out->weight >= 0)
		return true;
	diag_add(draft->diag, diag_key(draft->diag, pointer, "weight"),
		"The weight is not negative.");
	return false;
}

static void take_bounds(const struct feature_definition *feature, struct wn_term *out)
{
	out->column = feature->fact ? WN_FACT_COLUMNS + (uint32_t)feature->id : feature->id;
	out->lower = feature->lower;
	out->upper = feature->upper;
	out->lower_is_better = feature->lower_is_better;
	out->category = feature->type == FEATURE_CATEGORY;
}

static bool read_goal(
	struct model_draft *draft, const json_t *json, const char *pointer, struct wn_term *out)
{
	int goal;

	if (!catalog_read_choice(
		    json, "goal", goal_names, out->lower_is_better, pointer, draft->diag, &goal))
		return false;
	out->lower_is_better = goal == 1;
	return true;
}

static bool read_term(struct model_draft *draft, const json_t *json, const char *pointer,
	const struct input_form *form, const struct feature_definition **feature,
	struct wn_term *out)
{
	struct diag *diag = draft->diag;
	int scale = WN_SCALE_VALUE, unknown;
	bool fact = form->fact_keys && json_has(json, "fact"), ok = true;
	/* A fact spans nothing. */
	int first = fact ? WN_UNKNOWN_DEFAULT : WN_UNKNOWN_SPAN;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "%s", form->shape);
		return false;
	}
	ok &= json_only_keys(json, fact ? form->fact_keys : form->keys, pointer, diag);
	ok &= (fact ? read_fact : read_feature)(draft, json, pointer, feature);
	ok &= read_weight(draft, json, pointer, form, out);
	if (form->has_scale)
		ok &= catalog_read_choice(
			json, "scale", scale_names, WN_SCALE_UNIT, pointer, diag, &scale);
	ok &= catalog_read_choice(
		json, "unknown", &unknown_names[first], 0, pointer, diag, &unknown);
	out->scale = (enum wn_scale)scale;
	out->unknown = (enum wn_unknown)(first + unknown);
	if (*feature)
		take_bounds(*feature, out);
	if (form->has_goal)
		ok &= read_goal(draft, json, pointer, out);
	return read_default(draft, json, pointer, *feature, out) && ok;
}

bool draft_read_inputs(struct model_draft *draft, const json_t *object, const char *pointer,
	const struct input_form *form)
{
	const json_t *list = json_object_get(object, form->key);
	const char *place = diag_key(draft->diag, pointer, form->key);
	size_t count = json_array_size(list);
	bool ok = true;

	if (!draft->list)
		draft->list = place;
	if (count < form->least || count > form->most || count > WN_MAX_TERMS - draft->term_count) {
		diag_add(draft->diag, place, "This must be a list of %zu to %zu %s.", form->least,
			form->most, form->key);
		draft->list_bad |= strcmp(place, draft->list) == 0;
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = draft->term_count++;

		draft->places[at] = diag_index(draft->diag, place, i);
		draft->listed[at] = true;
		if (read_term(draft, json_array_get(list, i), draft->places[at], form,
			    &draft->features[at], &draft->terms[at]) &&
			check_name(draft, at))
			continue;
		/* No feature has this column, so it repeats none. */
		draft->terms[at] = (struct wn_term){
			.column = UINT32_MAX - (uint32_t)at, .weight = 1, .upper = 1};
		draft->term_bad[at] = true;
		ok = false;
	}
	return ok;
}

const char *draft_add_input(
	struct model_draft *draft, const struct feature_definition *feature, const char *place)
{
	const char *why = unfit(feature);
	size_t at = draft->term_count;

	if (why)
		return why;
	if (at == WN_MAX_TERMS)
		return "a model has at most 256 inputs";
	draft->terms[at] = (struct wn_term){.weight = 1, .scale = WN_SCALE_VALUE, .fallback = NAN};
	take_bounds(feature, &draft->terms[at]);
	draft->features[at] = feature;
	draft->places[at] = place;
	draft->term_count++;
	return NULL;
}

size_t draft_input(const struct model_draft *draft, size_t begin, struct str name)
{
	for (size_t i = begin; i < draft->term_count; i++) {
		if (draft->features[i] && str_eq(draft->features[i]->name, name))
			return i;
	}
	return SIZE_MAX;
}

bool draft_any_bad(const struct model_draft *draft)
{
	for (size_t i = 0; i < draft->term_count; i++) {
		if (draft->term_bad[i])
			return true;
	}
	return false;
}

static json_t *input_tree(const struct wn_term *term, const struct feature_definition *feature,
	const struct input_form *form)
{
	json_t *tree = json_object();
	int failed = 0;

	if (!tree)
		return NULL;
	failed |= json_object_set_new(
		tree, feature->fact ? "fact" : "feature", catalog_text(feature->name));
	if (feature->fact) {
		failed |= json_object_set_new(tree, "lower", json_real(term->lower));
		failed |= json_object_set_new(tree, "upper", json_real(term->upper));
	}
	if (feature->fact && !form->has_goal)
		failed |= json_object_set_new(
			tree, "direction", json_string(direction_names[term->lower_is_better]));
	if (form->has_weight)
		failed |= json_object_set_new(tree, "weight", json_real(term->weight));
	if (form->has_scale)
		failed |= json_object_set_new(tree, "scale", json_string(scale_names[term->scale]));
	if (form->has_goal)
		failed |= json_object_set_new(
			tree, "goal", json_string(goal_names[term->lower_is_better]));
	failed |= json_object_set_new(tree, "unknown", json_string(unknown_names[term->unknown]));
	if (term->unknown == WN_UNKNOWN_DEFAULT)
		failed |= json_object_set_new(tree, "default", json_real(term->fallback));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

json_t *inputs_tree(const struct model_version *model, size_t begin, size_t count,
	const struct input_form *form)
{
	json_t *list = json_array();

	for (size_t i = begin; list && i < begin + count; i++) {
		if (json_array_append_new(list,
			    input_tree(&model->model.terms[i], model->term_features[i], form)) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static void input_write(struct json_writer *json, const struct wn_term *term,
	const struct feature_definition *feature, const struct input_form *form)
{
	json_object_begin(json);
	json_put(json, feature->fact ? "fact" : "feature", str, feature->name);
	if (!feature->fact)
		json_put(json, "feature_revision", int, feature->revision);
	if (form->has_weight)
		json_put(json, "weight", number, term->weight);
	if (form->has_scale)
		json_put(json, "scale", text, scale_names[term->scale]);
	if (form->has_goal)
		json_put(json, "goal", text, goal_names[term->lower_is_better]);
	json_put(json, "lower", number, term->lower);
	json_put(json, "upper", number, term->upper);
	json_put(json, "direction", text, direction_names[feature->lower_is_better]);
	json_put(json, "unknown", text, unknown_names[term->unknown]);
	if (term->unknown == WN_UNKNOWN_DEFAULT)
		json_put(json, "default", number, term->fallback);
	json_object_end(json);
}

void inputs_write(struct json_writer *json, const struct model_version *model, size_t begin,
	size_t count, const struct input_form *form)
{
	json_key(json, form->key);
	json_array_begin(json);
	for (size_t i = begin; i < begin + count; i++)
		input_write(json, &model->model.terms[i], model->term_features[i], form);
	json_array_end(json);
}

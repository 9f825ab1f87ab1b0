/*
 * Models: a client's JSON to what the engine computes with, and back.
 *
 * A model version is bound to the definitions that it was checked against: the body pins the
 * revision of each feature that it reads, so widening a feature's bounds later moves no old score.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/catalog_internal.h"
#include "codec/json.h"
#include "codec/json_writer.h"

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

/* A model while it is read. What is faulty already must not be reported again by the engine in
 * other words, so faulty terms are replaced by sound ones and faulty bands are marked. */
struct draft {
	const struct model_lookup *lookup;
	struct arena *arena;
	struct diag *diag;
	struct wn_term *terms;
	const struct feature_definition **features;
	struct wn_band *bands;
	size_t term_count, band_count;
	bool term_bad[WN_MAX_TERMS];
	bool band_bad[WN_MAX_BANDS];
	bool kind_bad;
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

static const struct feature_definition *look_up(const struct model_lookup *lookup, struct str name)
{
	const json_t *pin;

	if (!lookup->pins)
		return catalog_feature(lookup->catalog, name);
	pin = json_object_getn(lookup->pins, name.ptr, name.len);
	return json_is_integer(pin) ? pinned(lookup, name, json_integer_value(pin)) : NULL;
}

/* Why a feature cannot be weighed; NULL when it can. */
static const char *unfit(const struct feature_definition *feature)
{
	if (feature->sensitive)
		return "it is marked sensitive, and scores are shown to every reader";
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

static bool read_feature(struct draft *draft, const json_t *json, const char *pointer,
	const struct feature_definition **out)
{
	const char *place = diag_key(draft->diag, pointer, "feature");
	const char *why;
	struct str name;

	if (!json_read_text(json, "feature", 1, CATALOG_MAX_NAME, true, pointer, draft->diag,
		    draft->arena, &name))
		return false;
	*out = look_up(draft->lookup, name);
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

/* A default without a use would be forgotten without a word. */
static bool read_default(
	struct draft *draft, const json_t *json, const char *pointer, struct wn_term *out)
{
	bool wanted = out->unknown == WN_UNKNOWN_DEFAULT;

	if (!json_read_number(json, "default", -DBL_MAX, DBL_MAX, wanted, pointer, draft->diag,
		    &out->fallback))
		return false;
	if (wanted || isnan(out->fallback))
		return true;
	diag_add(draft->diag, diag_key(draft->diag, pointer, "default"),
		"A default counts only with \"unknown\": \"default\".");
	return false;
}

static bool read_term(struct draft *draft, const json_t *json, const char *pointer,
	const struct feature_definition **feature, struct wn_term *out)
{
	static const char *const keys[] = {
		"feature", "weight", "scale", "unknown", "default", NULL};
	struct diag *diag = draft->diag;
	int scale, unknown;
	bool ok = true;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A term is an object with feature and weight.");
		return false;
	}
	ok &= json_only_keys(json, keys, pointer, diag);
	ok &= read_feature(draft, json, pointer, feature);
	ok &= json_read_number(
		json, "weight", -DBL_MAX, DBL_MAX, true, pointer, diag, &out->weight);
	/* The engine would say it too, but only once everything else can be read. */
	if (out->weight < 0) {
		diag_add(diag, diag_key(diag, pointer, "weight"), "The weight is not negative.");
		ok = false;
	}
	ok &= catalog_read_choice(json, "scale", scale_names, WN_SCALE_UNIT, pointer, diag, &scale);
	ok &= catalog_read_choice(
		json, "unknown", unknown_names, WN_UNKNOWN_SPAN, pointer, diag, &unknown);
	out->scale = (enum wn_scale)scale;
	out->unknown = (enum wn_unknown)unknown;
	ok &= read_default(draft, json, pointer, out);
	if (!ok)
		return false;
	out->column = (*feature)->id;
	out->lower = (*feature)->lower;
	out->upper = (*feature)->upper;
	out->lower_is_better = (*feature)->lower_is_better;
	return true;
}

static bool read_terms(struct draft *draft, const json_t *json)
{
	const json_t *list = json_object_get(json, "terms");
	size_t count = json_array_size(list);
	bool ok = true;

	if (count == 0 || count > WN_MAX_TERMS) {
		diag_add(draft->diag, "/terms", "This must be a list of 1 to %d terms.",
			WN_MAX_TERMS);
		return false;
	}
	draft->terms = arena_array(draft->arena, count, sizeof *draft->terms);
	draft->features =
		arena_array(draft->arena, count, sizeof(const struct feature_definition *));
	if (!draft->terms || !draft->features)
		return false;
	draft->term_count = count;
	for (size_t i = 0; i < count; i++) {
		if (read_term(draft, json_array_get(list, i), diag_index(draft->diag, "/terms", i),
			    &draft->features[i], &draft->terms[i]))
			continue;
		/* No feature has this column, so it repeats none. */
		draft->terms[i] = (struct wn_term){
			.column = UINT32_MAX - (uint32_t)i, .weight = 1, .upper = 1};
		draft->term_bad[i] = true;
		ok = false;
	}
	return ok;
}

static bool read_band(struct draft *draft, const json_t *json, const char *pointer, bool last,
	struct wn_band *out)
{
	static const char *const keys[] = {"name", "at_least", NULL};
	struct str name;
	bool ok = true;

	if (!json_is_object(json)) {
		diag_add(draft->diag, pointer, "A band is an object with name and at_least.");
		return false;
	}
	ok &= json_only_keys(json, keys, pointer, draft->diag);
	ok &= catalog_read_word(json, "name", pointer, draft->diag, draft->arena, &name);
	ok &= json_read_number(
		json, "at_least", -DBL_MAX, DBL_MAX, !last, pointer, draft->diag, &out->at_least);
	if (!ok)
		return false;
	if (last && isnan(out->at_least))
		out->at_least = -INFINITY;
	out->name = arena_strdup(draft->arena, name);
	return out->name != NULL;
}

static bool read_bands(struct draft *draft, const json_t *json)
{
	const json_t *list = json_object_get(json, "bands");
	size_t count = json_array_size(list);
	bool ok = true;

	if (count == 0 || count > WN_MAX_BANDS) {
		diag_add(draft->diag, "/bands",
			"This must be a list of 1 to %d bands, the best first; the last one "
			"without at_least.",
			WN_MAX_BANDS);
		return false;
	}
	draft->bands = arena_array(draft->arena, count, sizeof *draft->bands);
	if (!draft->bands)
		return false;
	draft->band_count = count;
	for (size_t i = 0; i < count; i++) {
		draft->band_bad[i] = !read_band(draft, json_array_get(list, i),
			diag_index(draft->diag, "/bands", i), i + 1 == count, &draft->bands[i]);
		/* Comparisons with NaN report nothing about the bands around it. */
		if (draft->band_bad[i])
			draft->bands[i].at_least = NAN;
		ok &= !draft->band_bad[i];
	}
	return ok;
}

/* Whether a fault at "/terms/3/…" was reported already, in terms of the JSON. */
static bool reported(const struct draft *draft, const char *pointer)
{
	size_t i;

	if (strcmp(pointer, "/kind") == 0)
		return draft->kind_bad;
	if (strncmp(pointer, "/terms/", 7) == 0) {
		i = strtoul(pointer + 7, NULL, 10);
		return i < draft->term_count && draft->term_bad[i];
	}
	if (strncmp(pointer, "/bands/", 7) == 0) {
		i = strtoul(pointer + 7, NULL, 10);
		return i < draft->band_count && draft->band_bad[i];
	}
	return (strcmp(pointer, "/terms") == 0 && draft->term_count == 0) ||
	       (strcmp(pointer, "/bands") == 0 && draft->band_count == 0);
}

static bool ends_with(const char *text, const char *end)
{
	size_t text_len = strlen(text), end_len = strlen(end);

	return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

/* The engine names its own fields: bounds come from the feature, the fallback is "default". */
static void engine_fault(void *self, const char *pointer, const char *detail)
{
	static const struct {
		const char *engine, *json, *subject;
	} places[] = {
		{"/lower", "feature", "The feature's lower bound "},
		{"/upper", "feature", "The feature's upper bound "},
		{"/fallback", "default", "The default "},
		{"/weight", "weight", "The weight "},
		{"/at_least", "at_least", "The threshold "},
	};
	struct draft *draft = self;
	bool is_term = strncmp(pointer, "/terms/", 7) == 0;

	if (reported(draft, pointer))
		return;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		char parent[128];

		if (!ends_with(pointer, places[i].engine))
			continue;
		snprintf(parent, sizeof parent, "%.*s",
			(int)(strlen(pointer) - strlen(places[i].engine)), pointer);
		diag_add(draft->diag, diag_key(draft->diag, parent, places[i].json), "%s%s.",
			strncmp(detail, "must", 4) == 0 || strncmp(detail, "is ", 3) == 0
				? places[i].subject
				: "Here ",
			detail);
		return;
	}
	if (is_term && !strchr(pointer + 7, '/'))
		pointer = diag_key(draft->diag, pointer, "feature");
	diag_add(draft->diag, pointer, "Not possible: %s.", detail);
}

bool model_read(const json_t *json, const struct model_lookup *lookup, struct arena *arena,
	struct diag *diag, struct model_version *out)
{
	static const char *const keys[] = {
		"name", "kind", "description", "terms", "bands", "pins", NULL};
	struct draft draft = {.lookup = lookup, .arena = arena, .diag = diag};
	struct str kind = STR_NONE;
	char *kind_name;
	bool ok = true;

	if (!json_is_object(json)) {
		diag_add(diag, "", "A model is a JSON object with name, kind, terms and bands.");
		return false;
	}
	/* Pins are the server's to make; only a stored body has them. */
	ok &= json_only_keys(json, keys, "", diag);
	if (!lookup->pins && json_object_get(json, "pins")) {
		diag_add(diag, "/pins", "Pins are made by the server; leave them out.");
		ok = false;
	}
	ok &= json_read_text(json, "name", 1, CATALOG_MAX_TITLE, true, "", diag, arena, &out->name);
	ok &= json_read_text(json, "description", 1, CATALOG_MAX_TEXT, false, "", diag, arena,
		&out->description);
	draft.kind_bad =
		!json_read_text(json, "kind", 1, CATALOG_MAX_NAME, true, "", diag, arena, &kind);
	ok &= !draft.kind_bad;
	ok &= read_terms(&draft, json);
	ok &= read_bands(&draft, json);
	kind_name = arena_strdup(arena, kind);
	if (!kind_name || (!ok && diag->count == 0))
		return false;
	out->model = (struct wn_model){
		.kind = wn_model_kind_named(kind_name),
		.terms = draft.terms,
		.term_count = draft.term_count,
		.bands = draft.bands,
		.band_count = draft.band_count,
	};
	out->term_features = draft.features;
	if (wn_model_check(&out->model, engine_fault, &draft) > 0)
		ok = false;
	return ok;
}

static json_t *term_tree(const struct model_version *model, size_t i)
{
	const struct wn_term *term = &model->model.terms[i];
	json_t *tree = json_object();
	int failed = 0;

	if (!tree)
		return NULL;
	failed |= json_object_set_new(tree, "feature", catalog_text(model->term_features[i]->name));
	failed |= json_object_set_new(tree, "weight", json_real(term->weight));
	failed |= json_object_set_new(tree, "scale", json_string(scale_names[term->scale]));
	failed |= json_object_set_new(tree, "unknown", json_string(unknown_names[term->unknown]));
	if (term->unknown == WN_UNKNOWN_DEFAULT)
		failed |= json_object_set_new(tree, "default", json_real(term->fallback));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *band_tree(const struct wn_band *band)
{
	json_t *tree = json_object();
	int failed = 0;

	if (!tree)
		return NULL;
	failed |= json_object_set_new(tree, "name", json_string(band->name));
	if (isfinite(band->at_least))
		failed |= json_object_set_new(tree, "at_least", json_real(band->at_least));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *model_tree(const struct model_version *model)
{
	json_t *tree = json_object(), *terms = json_array(), *bands = json_array();
	json_t *pins = json_object();
	int failed = !tree || !terms || !bands || !pins;

	for (size_t i = 0; !failed && i < model->model.term_count; i++) {
		const struct feature_definition *feature = model->term_features[i];

		failed |= json_array_append_new(terms, term_tree(model, i));
		failed |= json_object_setn_new(pins, feature->name.ptr, feature->name.len,
			json_integer(feature->revision));
	}
	for (size_t i = 0; !failed && i < model->model.band_count; i++)
		failed |= json_array_append_new(bands, band_tree(&model->model.bands[i]));
	failed |= json_object_set(tree, "terms", terms) | json_object_set(tree, "bands", bands) |
		  json_object_set(tree, "pins", pins);
	json_decref(terms);
	json_decref(bands);
	json_decref(pins);
	failed |= json_object_set_new(tree, "name", catalog_text(model->name));
	failed |= json_object_set_new(
		tree, "kind", json_string(wn_model_kind_name(model->model.kind)));
	if (model->description.ptr)
		failed |=
			json_object_set_new(tree, "description", catalog_text(model->description));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

enum error model_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	struct model_lookup lookup = {.catalog = catalog};
	struct model_version model = {0};
	bool ok = model_read(json, &lookup, arena, diag, &model);
	enum error err = catalog_verdict(ok, diag);

	if (err)
		return err;
	return catalog_body(model_tree(&model), arena, body);
}

static void write_term(struct json_writer *json, const struct wn_term *term,
	const struct feature_definition *feature)
{
	json_object_begin(json);
	json_put(json, "feature", str, feature->name);
	json_put(json, "feature_revision", int, feature->revision);
	json_put(json, "weight", number, term->weight);
	json_put(json, "scale", text, scale_names[term->scale]);
	json_put(json, "lower", number, term->lower);
	json_put(json, "upper", number, term->upper);
	json_put(json, "direction", text,
		term->lower_is_better ? "lower_is_better" : "higher_is_better");
	json_put(json, "unknown", text, unknown_names[term->unknown]);
	if (term->unknown == WN_UNKNOWN_DEFAULT)
		json_put(json, "default", number, term->fallback);
	json_object_end(json);
}

static void write_bands(struct json_writer *json, const struct wn_model *model)
{
	json_array_begin(json);
	for (size_t i = 0; i < model->band_count; i++) {
		json_object_begin(json);
		json_put(json, "name", text, model->bands[i].name);
		if (isfinite(model->bands[i].at_least))
			json_put(json, "at_least", number, model->bands[i].at_least);
		json_object_end(json);
	}
	json_array_end(json);
}

void model_write(struct buf *out, const struct model_version *model)
{
	struct buf formula = BUF_INIT;
	struct json_writer json;
	double lowest, highest;

	model_formula(&formula, model);
	wn_model_range(&model->model, &lowest, &highest);
	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "version", int, model->version);
	json_put(&json, "revision", int, model->revision);
	json_put(&json, "name", str, model->name);
	json_put(&json, "kind", text, wn_model_kind_name(model->model.kind));
	if (model->description.ptr)
		json_put(&json, "description", str, model->description);
	json_put(&json, "formula", str, buf_view(&formula));
	json_put(&json, "lowest", number, lowest);
	json_put(&json, "highest", number, highest);
	json_key(&json, "terms");
	json_array_begin(&json);
	for (size_t i = 0; i < model->model.term_count; i++)
		write_term(&json, &model->model.terms[i], model->term_features[i]);
	json_array_end(&json);
	json_key(&json, "bands");
	write_bands(&json, &model->model);
	json_object_end(&json);
	out->failed |= formula.failed;
	buf_release(&formula);
}

/*
 * Models: a client's JSON to what the engine computes with, and back. Here is what all kinds share:
 * name, bands, pins, and the engine's faults in terms of the JSON. Each kind has a file of its own
 * (catalog_model_kind.h), inputs are read in catalog_model_input.c.
 *
 * A model version is bound to the definitions that it was checked against: the body pins the
 * revision of each feature that it reads, so widening a feature's bounds later moves no old score.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/catalog_model_kind.h"
#include "codec/json.h"

static const struct model_form *const forms[] = {
	&model_form_weighted_sum,
	&model_form_expression,
	&model_form_decision_table,
	&model_form_pareto,
	&model_form_pairwise,
	&model_form_blend,
	&model_form_fixed_order,
};
enum { FORMS = sizeof forms / sizeof *forms };

static const char *const common_keys[] = {"name", "kind", "description", "bands", "pins"};
enum { COMMON_KEYS = sizeof common_keys / sizeof *common_keys, MAX_KEYS = 16 };

static const struct model_form *form_named(struct str name)
{
	for (size_t i = 0; i < FORMS; i++) {
		if (str_is(name, forms[i]->name))
			return forms[i];
	}
	return NULL;
}

static const struct model_form *form_of(const struct model_version *model)
{
	return form_named(str_from(wn_model_kind_name(model->model.kind)));
}

/* ---- reading ---- */

static bool read_band(struct model_draft *draft, const json_t *json, const char *pointer, bool last,
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

static bool read_bands(struct model_draft *draft, const json_t *json)
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

static bool check_keys(const json_t *json, const struct model_form *form, struct diag *diag)
{
	const char *keys[MAX_KEYS] = {0};
	size_t count = 0;

	for (; count < COMMON_KEYS; count++)
		keys[count] = common_keys[count];
	for (size_t i = 0; form->keys[i]; i++)
		keys[count++] = form->keys[i];
	return json_only_keys(json, keys, "", diag);
}

static void fault_kind(struct diag *diag)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < FORMS; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : "", forms[i]->name);
	diag_add(diag, "/kind", "There is no such kind of model. The kinds are: %s.",
		list.failed ? "" : list.data);
	buf_release(&list);
}

/* A model that does not say its kind is read as the plainest one, for the sake of its other
 * faults; of one with an unknown kind only what all kinds share can be judged. */
static const struct model_form *read_kind(struct model_draft *draft, const json_t *json)
{
	const json_t *value = json_object_get(json, "kind");
	struct str kind = {json_string_value(value), json_string_length(value)};

	if (!kind.ptr) {
		json_read_text(json, "kind", 1, CATALOG_MAX_NAME, true, "", draft->diag,
			draft->arena, &kind);
		draft->kind_bad = true;
		return &model_form_weighted_sum;
	}
	if (form_named(kind))
		return form_named(kind);
	draft->kind_bad = true;
	fault_kind(draft->diag);
	return NULL;
}

/* ---- the engine's faults ---- */

/* Whether something at "/terms/3/…" was reported already, in terms of the JSON. */
static bool reported(const struct model_draft *draft, const char *pointer)
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
	return (strcmp(pointer, "/terms") == 0 && draft->list_bad) ||
	       (strcmp(pointer, "/bands") == 0 && draft->band_count == 0);
}

static bool ends_with(const char *text, const char *end)
{
	size_t text_len = strlen(text), end_len = strlen(end);

	return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

struct judge {
	struct model_draft *draft;
	const struct model_form *form;
};

/* "/terms/3/weight" is where the client put the third term. */
static const char *translated(const struct judge *judge, const char *pointer)
{
	struct model_draft *draft = judge->draft;
	const char *own = NULL;
	const char *text;
	char *rest;
	size_t i;

	if (judge->form && judge->form->place)
		own = judge->form->place(draft, pointer);
	if (own)
		return own;
	if (strcmp(pointer, "/terms") == 0)
		return draft->list ? draft->list : pointer;
	if (strncmp(pointer, "/terms/", 7) != 0)
		return pointer;
	i = strtoul(pointer + 7, &rest, 10);
	if (i >= draft->term_count || !draft->places[i])
		return pointer;
	text = arena_printf(draft->diag->arena, "%s%s", draft->places[i], rest);
	return text ? text : "";
}

/* Of an entry of a list, the member that is meant; NULL: it is none. */
static const char *input_key(const struct model_draft *draft, const char *place)
{
	for (size_t i = 0; i < draft->term_count; i++) {
		if (!draft->places[i] || strcmp(draft->places[i], place) != 0)
			continue;
		if (!draft->listed[i])
			return NULL;
		return draft->features[i] && draft->features[i]->fact ? "fact" : "feature";
	}
	return NULL;
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
	struct judge *judge = self;
	struct diag *diag = judge->draft->diag;
	const char *place;

	if (reported(judge->draft, pointer))
		return;
	place = translated(judge, pointer);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		char parent[256];

		if (!ends_with(place, places[i].engine))
			continue;
		snprintf(parent, sizeof parent, "%.*s",
			(int)(strlen(place) - strlen(places[i].engine)), place);
		diag_add(diag, diag_key(diag, parent, places[i].json), "%s%s.",
			strncmp(detail, "must", 4) == 0 || strncmp(detail, "is ", 3) == 0
				? places[i].subject
				: "Here ",
			detail);
		return;
	}
	if (input_key(judge->draft, place))
		place = diag_key(diag, place, input_key(judge->draft, place));
	diag_add(diag, place, "Not possible: %s.", detail);
}

/* ---- a whole model ---- */

static void *kept(struct arena *arena, const void *from, size_t count, size_t size)
{
	void *copy = arena_array(arena, count, size);

	if (copy && count > 0)
		memcpy(copy, from, count * size);
	return copy;
}

static bool keep_draft(
	struct model_draft *draft, const struct wn_model_kind *kind, struct model_version *out)
{
	struct wn_term *terms = kept(draft->arena, draft->terms, draft->term_count, sizeof *terms);
	struct wn_band *bands = kept(draft->arena, draft->bands, draft->band_count, sizeof *bands);

	out->term_features = kept(draft->arena, draft->features, draft->term_count,
		sizeof(const struct feature_definition *));
	if (!terms || !bands || !out->term_features)
		return false;
	out->model = (struct wn_model){
		.kind = kind,
		.terms = terms,
		.term_count = draft->term_count,
		.bands = bands,
		.band_count = draft->band_count,
		.spec.any = draft->spec,
	};
	out->words = draft->words;
	out->word_count = draft->word_count;
	out->expression = draft->expression;
	out->components = draft->components;
	return true;
}

static bool read_parts(
	struct model_draft *draft, const struct model_form *form, const json_t *json, bool *spec_ok)
{
	const json_t *bands = json_object_get(json, "bands");
	bool ok = true;

	*spec_ok = form && form->read(draft, json);
	ok &= *spec_ok;
	/* What would take its bands from a faulty spec is not told that it lacks them. */
	if ((!bands || json_is_null(bands)) && form && form->own_bands)
		return *spec_ok && form->own_bands(draft) && ok;
	return read_bands(draft, json) && ok;
}

static bool read_draft(struct model_draft *draft, const json_t *json, struct model_version *out)
{
	struct diag *diag = draft->diag;
	struct judge judge = {.draft = draft};
	const struct wn_model_kind *kind = NULL;
	bool ok = true, spec_ok;

	ok &= json_read_text(
		json, "name", 1, CATALOG_MAX_TITLE, true, "", diag, draft->arena, &out->name);
	ok &= json_read_text(json, "description", 1, CATALOG_MAX_TEXT, false, "", diag,
		draft->arena, &out->description);
	judge.form = read_kind(draft, json);
	ok &= !draft->kind_bad;
	if (judge.form)
		ok &= check_keys(json, judge.form, diag);
	/* Pins are the server's to make; only a stored body has them. */
	if (!draft->lookup->pins && json_object_get(json, "pins")) {
		diag_add(diag, "/pins", "Pins are made by the server; leave them out.");
		ok = false;
	}
	ok &= read_parts(draft, judge.form, json, &spec_ok);
	if (!ok && diag->count == 0)
		return false;
	if (judge.form && !draft->kind_bad)
		kind = wn_model_kind_named(judge.form->name);
	/* Without a whole spec the engine can judge the bands alone, but terms alone tell enough of
	 * a weighted sum. */
	if (!spec_ok && judge.form != &model_form_weighted_sum) {
		kind = NULL;
		draft->kind_bad = true;
	}
	if (!keep_draft(draft, kind, out))
		return false;
	if (wn_model_check(&out->model, engine_fault, &judge) > 0)
		ok = false;
	return ok;
}

bool model_read(const json_t *json, const struct model_lookup *lookup, struct arena *arena,
	struct diag *diag, struct model_version *out)
{
	struct model_draft *draft;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "A model is a JSON object with name, kind and bands.");
		return false;
	}
	draft = calloc(1, sizeof *draft);
	if (!draft)
		return false;
	draft->lookup = lookup;
	draft->arena = arena;
	draft->diag = diag;
	ok = read_draft(draft, json, out);
	free(draft);
	return ok;
}

/* ---- the stored body ---- */

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
	json_t *tree = json_object(), *bands = json_array(), *pins = json_object();
	int failed = !tree || !bands || !pins;

	for (size_t i = 0; !failed && i < model->model.term_count; i++) {
		const struct feature_definition *feature = model->term_features[i];

		if (feature->fact)
			continue;
		failed |= json_object_setn_new(pins, feature->name.ptr, feature->name.len,
			json_integer(feature->revision));
	}
	for (size_t i = 0; !failed && i < model->model.band_count; i++)
		failed |= json_array_append_new(bands, band_tree(&model->model.bands[i]));
	failed |= json_object_set(tree, "bands", bands) | json_object_set(tree, "pins", pins);
	json_decref(bands);
	json_decref(pins);
	failed |= json_object_set_new(tree, "name", catalog_text(model->name));
	failed |= json_object_set_new(
		tree, "kind", json_string(wn_model_kind_name(model->model.kind)));
	if (model->description.ptr)
		failed |=
			json_object_set_new(tree, "description", catalog_text(model->description));
	if (!failed)
		failed |= form_of(model)->tree(model, tree);
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

enum error model_body(const struct model_version *model, struct arena *arena, struct str *body)
{
	return catalog_body(model_tree(model), arena, body);
}

/* The same text again is no version of its own. */
static bool is_version(const struct catalog *catalog, struct str body)
{
	for (size_t i = 0; i < catalog->model_count; i++) {
		if (str_eq(catalog->models[i].body, body))
			return true;
	}
	return false;
}

/* A short text can make a large table, and each version stays laid out. */
static bool has_table_room(const struct catalog *catalog, const struct model_version *model,
	const char *place, struct diag *diag)
{
	size_t more = table_ends(model), before = catalog->table_combinations;

	if (before + more <= TABLES_MAX_COMBINATIONS)
		return true;
	diag_add(diag, place,
		"The decision tables of this workspace have %zu combinations, unknown counted as "
		"one "
		"more value of each input; this one would add %zu, and there is room for %d.",
		before, more, TABLES_MAX_COMBINATIONS);
	return false;
}

static enum error parse_whole(const json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body)
{
	struct model_lookup lookup = {.catalog = catalog};
	struct model_version model = {0};
	bool ok = model_read(json, &lookup, arena, diag, &model);
	enum error err = catalog_verdict(ok, diag);

	if (!err)
		err = catalog_body(model_tree(&model), arena, body);
	if (err || is_version(catalog, *body))
		return err;
	ok = has_table_room(catalog, &model, json_has(json, "inputs") ? "/inputs" : "/csv", diag);
	return catalog_verdict(ok, diag);
}

enum error model_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	json_t *expanded;
	enum error err;

	if (!json_object_get(json, "preset"))
		return parse_whole(json, catalog, arena, diag, body);
	expanded = model_from_preset(json, diag);
	if (!expanded)
		return catalog_verdict(false, diag);
	err = parse_whole(expanded, catalog, arena, diag, body);
	json_decref(expanded);
	return err;
}

enum error model_candidate(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct model_version *out)
{
	struct model_lookup lookup = {.catalog = catalog};
	json_t *expanded = NULL;
	bool ok;

	*out = (struct model_version){0};
	if (json_object_get(json, "preset")) {
		expanded = model_from_preset(json, diag);
		if (!expanded)
			return catalog_verdict(false, diag);
	}
	ok = model_read(expanded ? expanded : json, &lookup, arena, diag, out);
	json_decref(expanded);
	return catalog_verdict(ok, diag);
}

/* ---- for readers ---- */

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

static void write_traits(struct json_writer *json, const struct wn_model *model)
{
	unsigned traits = wn_model_traits(model);

	json_put(json, "exact", bool, (traits & WN_TRAIT_EXACT) != 0);
	json_put(json, "relative", bool, (traits & WN_TRAIT_RELATIVE) != 0);
	json_put(json, "timed", bool, (traits & WN_TRAIT_TIMED) != 0);
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
	write_traits(&json, &model->model);
	form_of(model)->write(&json, model);
	json_key(&json, "bands");
	write_bands(&json, &model->model);
	json_object_end(&json);
	out->failed |= formula.failed;
	buf_release(&formula);
}

void model_formula(struct buf *out, const struct model_version *model)
{
	form_of(model)->formula(out, model);
}

/* ---- binding ---- */

uint32_t *binding_symbols(const struct model_binding *binding, const struct model_version *model)
{
	uint32_t *symbols = arena_array(binding->arena, model->word_count + 1, sizeof *symbols);

	for (size_t i = 0; symbols && i < model->word_count; i++)
		symbols[i + 1] = binding->words->symbol(binding->words->self, model->words[i]);
	return symbols;
}

bool model_bind(const struct model_version *model, const struct word_lookup *words,
	struct arena *arena, struct wn_model *out)
{
	struct model_binding binding = {.words = words, .arena = arena};
	const struct model_form *form = form_of(model);

	*out = model->model;
	return !form->bind || form->bind(model, &binding, out);
}

/*
 * Blends: versions of the workspace's models together. A version never changes, so its number is the
 * pin. A blend is of earlier versions, none of them a blend; catalog_build reads versions in order.
 */
#include <float.h>
#include <string.h>

#include "base/num.h"
#include "codec/item.h"
#include "codec/catalog_model_kind.h"
#include "codec/json.h"

enum { MAX_SHARE_WORDS = 64 }; /* streams, and as many teams, of a component */

static const char *const rule_names[] = {
	[WN_BLEND_WEIGHTED] = "weighted",
	[WN_BLEND_LEXICOGRAPHIC] = "lexicographic",
	[WN_BLEND_SPLIT] = "split",
	NULL,
};

static bool is_blend(const struct model_version *model)
{
	return strcmp(wn_model_kind_name(model->model.kind), model_form_blend.name) == 0;
}

static bool find_component(struct model_draft *draft, const char *pointer, int64_t version,
	const struct model_version **out)
{
	const char *place = diag_key(draft->diag, pointer, "model");

	*out = catalog_model(draft->lookup->catalog, version);
	if (!*out) {
		diag_add(draft->diag, place, "There is no model version %lld in this workspace.",
			(long long)version);
		return false;
	}
	if (!is_blend(*out))
		return true;
	diag_add(draft->diag, place, "Model version %lld is a blend itself.", (long long)version);
	return false;
}

/* What a component counts: a weight, or a step but for the last of a lexicographic one. */
static bool read_amount(struct model_draft *draft, const json_t *json, const char *pointer,
	const char *key, double *out)
{
	if (!json_read_number(json, key, -DBL_MAX, DBL_MAX, true, pointer, draft->diag, out))
		return false;
	if (*out > 0)
		return true;
	diag_add(draft->diag, diag_key(draft->diag, pointer, key), "This must be greater than 0.");
	return false;
}

static bool read_component(struct model_draft *draft, const json_t *json, const char *pointer,
	const char *amount, const struct model_version **model, struct wn_component *out)
{
	const char *keys[] = {"model", amount, NULL};
	int64_t version;
	bool ok = true;

	out->weight = 1;
	if (!json_is_object(json)) {
		diag_add(draft->diag, pointer, "A component is an object with model%s%s.",
			amount ? " and " : "", amount ? amount : "");
		return false;
	}
	ok &= json_only_keys(json, keys, pointer, draft->diag);
	if (amount)
		ok &= read_amount(draft, json, pointer, amount,
			strcmp(amount, "weight") == 0 ? &out->weight : &out->step);
	if (!json_read_int(json, "model", 1, INT64_MAX, true, 0, pointer, draft->diag, &version))
		return false;
	if (!find_component(draft, pointer, version, model))
		return false;
	out->model = &(*model)->model;
	return ok;
}

/* Streams or teams: words of the model, whose symbols are bound later. */
static bool read_words(struct model_draft *draft, const json_t *json, const char *key,
	const char *pointer, const uint32_t **out, size_t *count)
{
	const struct catalog *catalog = draft->lookup->catalog;
	const struct str *words;
	uint32_t *symbols;
	bool ok = true;

	if (!json_read_texts(json, key, MAX_SHARE_WORDS, ITEM_MAX_NAME, pointer, draft->diag,
		    draft->arena, &words, count))
		return false;
	symbols = arena_array(draft->arena, *count, sizeof *symbols);
	if (!symbols)
		return false;
	for (size_t i = 0; i < *count; i++) {
		/* What was checked when it was stored need not be in the vocabulary any more. */
		if (!draft->lookup->pins && strcmp(key, "streams") == 0 &&
			catalog_stream(catalog, words[i]) < 0) {
			diag_add(draft->diag,
				diag_index(draft->diag, diag_key(draft->diag, pointer, key), i),
				"The workspace has no stream of this name.");
			ok = false;
		}
		((struct str *)(uintptr_t)draft->words)[draft->word_count++] = words[i];
		symbols[i] = (uint32_t)draft->word_count;
	}
	*out = symbols;
	return ok;
}

/* The part of the backlog that a component of a split scores. */
static bool read_share(struct model_draft *draft, const json_t *json, const char *pointer,
	const struct model_version **model, struct wn_component *out)
{
	static const char *const keys[] = {"model", "streams", "teams", NULL};
	int64_t version;
	bool ok;

	out->weight = 1;
	if (!json_is_object(json)) {
		diag_add(draft->diag, pointer,
			"A component is an object with model, streams and teams.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, draft->diag);
	ok &= read_words(draft, json, "streams", pointer, &out->streams, &out->stream_count);
	ok &= read_words(draft, json, "teams", pointer, &out->teams, &out->team_count);
	if (!json_read_int(json, "model", 1, INT64_MAX, true, 0, pointer, draft->diag, &version))
		return false;
	if (!find_component(draft, pointer, version, model))
		return false;
	out->model = &(*model)->model;
	return ok;
}

static bool check_new_component(struct model_draft *draft, const char *pointer, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (!draft->components[i] || draft->components[k] != draft->components[i])
			continue;
		diag_add(draft->diag, diag_key(draft->diag, pointer, "model"),
			"This model version is in the list already.");
		return false;
	}
	return true;
}

static bool read_components(struct model_draft *draft, const json_t *list, enum wn_blend_rule rule,
	struct wn_component *out)
{
	size_t count = json_array_size(list);
	bool ok = true;

	for (size_t i = 0; i < count; i++) {
		const char *pointer = diag_index(draft->diag, "/components", i);
		const char *amount = rule == WN_BLEND_WEIGHTED ? "weight"
				     : i + 1 < count           ? "step"
							       : NULL;

		if (rule == WN_BLEND_SPLIT)
			ok &= read_share(draft, json_array_get(list, i), pointer,
				&draft->components[i], &out[i]);
		else
			ok &= read_component(draft, json_array_get(list, i), pointer, amount,
				&draft->components[i], &out[i]);
		ok &= check_new_component(draft, pointer, i);
	}
	return ok;
}

static bool read_blend(struct model_draft *draft, const json_t *json)
{
	const json_t *list = json_object_get(json, "components");
	size_t count = json_array_size(list);
	struct wn_blend *spec = arena_alloc(draft->arena, sizeof *spec);
	struct wn_component *components = arena_array(draft->arena, count, sizeof *components);
	int rule;

	draft->components = arena_array(draft->arena, count, sizeof(const struct model_version *));
	draft->words = arena_array(draft->arena, 2 * MAX_SHARE_WORDS * count, sizeof(struct str));
	if (!spec || !components || !draft->components || !draft->words)
		return false;
	if (count < 2 || count > WN_MAX_COMPONENTS) {
		diag_add(draft->diag, "/components", "This must be a list of 2 to %d components.",
			WN_MAX_COMPONENTS);
		count = 0;
	}
	if (!catalog_read_choice(
		    json, "rule", rule_names, WN_BLEND_WEIGHTED, "", draft->diag, &rule))
		return false;
	if (count == 0 || !read_components(draft, list, (enum wn_blend_rule)rule, components))
		return false;
	*spec = (struct wn_blend){(enum wn_blend_rule)rule, components, count};
	draft->spec = spec;
	return true;
}

static json_t *words_tree(const struct model_version *model, const uint32_t *symbols, size_t count)
{
	json_t *list = json_array();
	int failed = !list;

	for (size_t i = 0; !failed && i < count; i++)
		failed |= json_array_append_new(list, catalog_text(model->words[symbols[i] - 1]));
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *component_tree(const struct model_version *model, size_t i)
{
	const struct wn_blend *blend = model->model.spec.blend;
	const struct wn_component *component = &blend->components[i];
	json_t *tree = json_object();
	int failed = 0;

	if (!tree)
		return NULL;
	failed |= json_object_set_new(tree, "model", json_integer(model->components[i]->version));
	if (component->stream_count > 0)
		failed |= json_object_set_new(tree, "streams",
			words_tree(model, component->streams, component->stream_count));
	if (component->team_count > 0)
		failed |= json_object_set_new(
			tree, "teams", words_tree(model, component->teams, component->team_count));
	if (blend->rule == WN_BLEND_WEIGHTED)
		failed |= json_object_set_new(tree, "weight", json_real(component->weight));
	else if (blend->rule == WN_BLEND_LEXICOGRAPHIC && i + 1 < blend->component_count)
		failed |= json_object_set_new(tree, "step", json_real(component->step));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

static int tree_blend(const struct model_version *model, json_t *tree)
{
	const struct wn_blend *blend = model->model.spec.blend;
	json_t *list = json_array();
	int failed = 0;

	for (size_t i = 0; i < blend->component_count; i++)
		failed |= json_array_append_new(list, component_tree(model, i));
	failed |= json_object_set_new(tree, "components", list);
	return failed | json_object_set_new(tree, "rule", json_string(rule_names[blend->rule]));
}

static void write_words(struct json_writer *json, const char *key,
	const struct model_version *model, const uint32_t *symbols, size_t count)
{
	if (count == 0)
		return;
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_str(json, model->words[symbols[i] - 1]);
	json_array_end(json);
}

static void write_blend(struct json_writer *json, const struct model_version *model)
{
	const struct wn_blend *blend = model->model.spec.blend;

	json_put(json, "rule", text, rule_names[blend->rule]);
	json_key(json, "components");
	json_array_begin(json);
	for (size_t i = 0; i < blend->component_count; i++) {
		json_object_begin(json);
		json_put(json, "model", int, model->components[i]->version);
		json_put(json, "name", str, model->components[i]->name);
		write_words(json, "streams", model, blend->components[i].streams,
			blend->components[i].stream_count);
		write_words(json, "teams", model, blend->components[i].teams,
			blend->components[i].team_count);
		if (blend->rule == WN_BLEND_WEIGHTED)
			json_put(json, "weight", number, blend->components[i].weight);
		else if (blend->rule == WN_BLEND_LEXICOGRAPHIC && i + 1 < blend->component_count)
			json_put(json, "step", number, blend->components[i].step);
		json_object_end(json);
	}
	json_array_end(json);
}

/* "model 2 for security, payments; model 1 for the rest" */
static void formula_split(struct buf *out, const struct model_version *model)
{
	const struct wn_blend *blend = model->model.spec.blend;

	for (size_t i = 0; i < blend->component_count; i++) {
		const struct wn_component *component = &blend->components[i];
		const char *between = " for ";

		buf_printf(out, "%smodel %lld", i > 0 ? "; " : "",
			(long long)model->components[i]->version);
		for (size_t k = 0; k < component->stream_count; k++, between = ", ")
			buf_printf(out, "%s%.*s", between,
				STR_ARG(model->words[component->streams[k] - 1]));
		for (size_t k = 0; k < component->team_count; k++, between = ", ")
			buf_printf(out, "%s%.*s", between,
				STR_ARG(model->words[component->teams[k] - 1]));
	}
	buf_puts(out, " for the rest");
}

static void formula_blend(struct buf *out, const struct model_version *model)
{
	const struct wn_blend *blend = model->model.spec.blend;
	bool weighted = blend->rule == WN_BLEND_WEIGHTED;

	if (blend->rule == WN_BLEND_SPLIT) {
		formula_split(out, model);
		return;
	}
	for (size_t i = 0; i < blend->component_count; i++) {
		const struct wn_component *component = &blend->components[i];

		if (i > 0)
			buf_puts(out, weighted ? " + " : ", then ");
		if (weighted && component->weight != 1) {
			num_format(out, component->weight);
			buf_putc(out, '*');
		}
		buf_printf(out, "model %lld", (long long)model->components[i]->version);
		if (weighted || i + 1 == blend->component_count)
			continue;
		buf_puts(out, " in steps of ");
		num_format(out, component->step);
	}
}

static bool bind_words(const struct model_binding *binding, const uint32_t *symbols,
	const uint32_t **words, size_t count)
{
	uint32_t *bound = arena_array(binding->arena, count, sizeof *bound);

	for (size_t i = 0; bound && i < count; i++)
		bound[i] = symbols[(*words)[i]];
	*words = bound;
	return bound != NULL;
}

static bool bind_blend(const struct model_version *model, const struct model_binding *binding,
	struct wn_model *out)
{
	const struct wn_blend *blend = model->model.spec.blend;
	size_t count = blend->component_count;
	struct wn_blend *bound = arena_alloc(binding->arena, sizeof *bound);
	struct wn_component *components = arena_array(binding->arena, count, sizeof *components);
	struct wn_model *models = arena_array(binding->arena, count, sizeof *models);
	uint32_t *symbols = binding_symbols(binding, model);

	if (!bound || !components || !models || !symbols)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!model_bind(model->components[i], binding->words, binding->arena, &models[i]))
			return false;
		components[i] = blend->components[i];
		components[i].model = &models[i];
		if (!bind_words(
			    binding, symbols, &components[i].streams, components[i].stream_count) ||
			!bind_words(
				binding, symbols, &components[i].teams, components[i].team_count))
			return false;
	}
	*bound = (struct wn_blend){blend->rule, components, count};
	out->spec.blend = bound;
	return true;
}

static const char *const keys[] = {"rule", "components", NULL};
const struct model_form model_form_blend = {
	.name = "blend",
	.keys = keys,
	.read = read_blend,
	.tree = tree_blend,
	.write = write_blend,
	.formula = formula_blend,
	.bind = bind_blend,
};

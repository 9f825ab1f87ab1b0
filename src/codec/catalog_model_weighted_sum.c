/*
 * Weighted sums: terms, an optional cap on what one signal may count for (max_influence), and teams'
 * own terms on top, bounded by a share of the greatest possible score.
 */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "codec/catalog_model_kind.h"
#include "codec/item.h"
#include "codec/json.h"

enum { MAX_TEAMS = WN_MAX_TERMS };

static const char *const term_keys[] = {"feature", "weight", "scale", "unknown", "default", NULL};
static const char *const fact_keys[] = {
	"fact", "weight", "scale", "lower", "upper", "direction", "unknown", "default", NULL};
static const struct input_form weighed_terms = {
	.key = "terms",
	.keys = term_keys,
	.fact_keys = fact_keys,
	.least = 1,
	.most = WN_MAX_TERMS,
	.weight_required = true,
	.has_weight = true,
	.has_scale = true,
	.shape = "A term is an object with feature (or fact) and weight.",
};

static bool read_share(struct model_draft *draft, const json_t *json, const char *key,
	bool required, const char *pointer, double *out)
{
	if (!json_read_number(json, key, 0, 1, required, pointer, draft->diag, out))
		return false;
	if (!(*out <= 0))
		return true;
	diag_add(draft->diag, diag_key(draft->diag, pointer, key),
		"A share is greater than 0, and at most 1.");
	return false;
}

/* A team has one list of terms; with two it would be unclear which share bounds it. */
static bool check_new_team(struct model_draft *draft, const char *pointer)
{
	struct str team = draft->words ? draft->words[draft->word_count] : STR_NONE;

	for (size_t i = 0; i < draft->word_count; i++) {
		if (!str_eq(draft->words[i], team))
			continue;
		diag_add(draft->diag, diag_key(draft->diag, pointer, "team"),
			"This team is in the list already.");
		return false;
	}
	return true;
}

static bool read_team(struct model_draft *draft, const json_t *json, const char *pointer,
	struct str *team, struct wn_adapter *out)
{
	static const char *const keys[] = {"team", "share", "terms", NULL};
	bool ok = true;

	if (!json_is_object(json)) {
		diag_add(draft->diag, pointer, "An entry is an object with team, share and terms.");
		return false;
	}
	ok &= json_only_keys(json, keys, pointer, draft->diag);
	ok &= json_read_text(
		json, "team", 1, ITEM_MAX_NAME, true, pointer, draft->diag, draft->arena, team);
	ok &= read_share(draft, json, "share", true, pointer, &out->share);
	out->first_term = draft->term_count;
	ok &= draft_read_inputs(draft, json, pointer, &weighed_terms);
	out->term_count = draft->term_count - out->first_term;
	out->team = (uint32_t)(1 + draft->word_count);
	return ok && check_new_team(draft, pointer);
}

static bool read_teams(
	struct model_draft *draft, const json_t *json, struct wn_weighted_sum_spec *spec)
{
	const json_t *list = json_object_get(json, "teams");
	size_t count = json_array_size(list);
	struct wn_adapter *adapters;
	struct str *teams;
	bool ok = true;

	if (!list || json_is_null(list))
		return true;
	if (!json_is_array(list) || count > MAX_TEAMS) {
		diag_add(draft->diag, "/teams", "This must be a list of at most %d teams.",
			MAX_TEAMS);
		return false;
	}
	adapters = arena_array(draft->arena, count, sizeof *adapters);
	teams = arena_array(draft->arena, count, sizeof *teams);
	if (!adapters || !teams)
		return false;
	draft->words = teams;
	for (size_t i = 0; i < count; i++) {
		ok &= read_team(draft, json_array_get(list, i),
			diag_index(draft->diag, "/teams", i), &teams[i], &adapters[i]);
		draft->word_count++;
	}
	spec->adapters = adapters;
	spec->adapter_count = count;
	return ok;
}

static bool read_spec(struct model_draft *draft, const json_t *json)
{
	struct wn_weighted_sum_spec *spec = arena_alloc(draft->arena, sizeof *spec);
	bool ok = true;

	if (!spec)
		return false;
	spec->base_terms = draft->term_count;
	ok &= read_share(draft, json, "max_influence", false, "", &spec->max_influence);
	ok &= read_teams(draft, json, spec);
	if (ok && (!isnan(spec->max_influence) || spec->adapter_count > 0))
		draft->spec = spec;
	/* Without the spec the teams' terms would count for everyone. */
	if (!ok)
		draft->term_count = spec->base_terms;
	return ok;
}

static bool read_weighted_sum(struct model_draft *draft, const json_t *json)
{
	bool ok = draft_read_inputs(draft, json, "", &weighed_terms);

	return read_spec(draft, json) && ok;
}

static size_t base_terms(const struct model_version *model)
{
	const struct wn_weighted_sum_spec *spec = model->model.spec.weighted_sum;

	return spec ? spec->base_terms : model->model.term_count;
}

static json_t *team_tree(const struct model_version *model, size_t i)
{
	const struct wn_adapter *adapter = &model->model.spec.weighted_sum->adapters[i];
	json_t *tree = json_object();
	int failed = 0;

	if (!tree)
		return NULL;
	failed |= json_object_set_new(tree, "team", catalog_text(model->words[i]));
	failed |= json_object_set_new(tree, "share", json_real(adapter->share));
	failed |= json_object_set_new(tree, "terms",
		inputs_tree(model, adapter->first_term, adapter->term_count, &weighed_terms));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

static int tree_weighted_sum(const struct model_version *model, json_t *tree)
{
	const struct wn_weighted_sum_spec *spec = model->model.spec.weighted_sum;
	json_t *teams;
	int failed = json_object_set_new(
		tree, "terms", inputs_tree(model, 0, base_terms(model), &weighed_terms));

	if (!spec)
		return failed;
	if (!isnan(spec->max_influence))
		failed |=
			json_object_set_new(tree, "max_influence", json_real(spec->max_influence));
	if (spec->adapter_count == 0)
		return failed;
	teams = json_array();
	for (size_t i = 0; i < spec->adapter_count; i++)
		failed |= json_array_append_new(teams, team_tree(model, i));
	return failed | json_object_set_new(tree, "teams", teams);
}

static void write_weighted_sum(struct json_writer *json, const struct model_version *model)
{
	const struct wn_weighted_sum_spec *spec = model->model.spec.weighted_sum;

	inputs_write(json, model, 0, base_terms(model), &weighed_terms);
	if (!spec)
		return;
	if (!isnan(spec->max_influence))
		json_put(json, "max_influence", number, spec->max_influence);
	if (spec->adapter_count == 0)
		return;
	json_key(json, "teams");
	json_array_begin(json);
	for (size_t i = 0; i < spec->adapter_count; i++) {
		const struct wn_adapter *adapter = &spec->adapters[i];

		json_object_begin(json);
		json_put(json, "team", str, model->words[i]);
		json_put(json, "share", number, adapter->share);
		inputs_write(json, model, adapter->first_term, adapter->term_count, &weighed_terms);
		json_object_end(json);
	}
	json_array_end(json);
}

static void formula_weighted_sum(struct buf *out, const struct model_version *model)
{
	const struct wn_weighted_sum_spec *spec = model->model.spec.weighted_sum;

	terms_formula(out, model, 0, base_terms(model));
	if (!spec)
		return;
	if (!isnan(spec->max_influence)) {
		buf_puts(out, "; no signal for more than ");
		num_format(out, spec->max_influence);
		buf_puts(out, " of the greatest score");
	}
	for (size_t i = 0; i < spec->adapter_count; i++) {
		const struct wn_adapter *adapter = &spec->adapters[i];

		buf_puts(out, "; team ");
		buf_str(out, model->words[i]);
		buf_puts(out, ": + ");
		terms_formula(out, model, adapter->first_term, adapter->term_count);
		buf_puts(out, ", for no more than ");
		num_format(out, adapter->share);
		buf_puts(out, " of it");
	}
}

static bool bind_weighted_sum(const struct model_version *model,
	const struct model_binding *binding, struct wn_model *out)
{
	const struct wn_weighted_sum_spec *spec = model->model.spec.weighted_sum;
	struct wn_weighted_sum_spec *bound;
	struct wn_adapter *adapters;
	uint32_t *symbols;

	if (!spec || spec->adapter_count == 0)
		return true;
	symbols = binding_symbols(binding, model);
	bound = arena_alloc(binding->arena, sizeof *bound);
	adapters = arena_array(binding->arena, spec->adapter_count, sizeof *adapters);
	if (!symbols || !bound || !adapters)
		return false;
	for (size_t i = 0; i < spec->adapter_count; i++) {
		adapters[i] = spec->adapters[i];
		adapters[i].team = symbols[spec->adapters[i].team];
	}
	*bound = *spec;
	bound->adapters = adapters;
	out->spec.weighted_sum = bound;
	return true;
}

static const char *const keys[] = {"terms", "max_influence", "teams", NULL};
const struct model_form model_form_weighted_sum = {
	.name = "weighted_sum",
	.keys = keys,
	.read = read_weighted_sum,
	.tree = tree_weighted_sum,
	.write = write_weighted_sum,
	.formula = formula_weighted_sum,
	.bind = bind_weighted_sum,
};

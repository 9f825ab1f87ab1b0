/*
 * Pareto models: two to eight objectives, and what orders a front. The reference point is given and
 * stored in the features' own units; the engine has it scaled.
 */
#include <string.h>

#include "codec/catalog_model_kind.h"
#include "codec/json.h"
#include "winnow/pareto.h"

/* The engine's spec comes first, so that a pointer to it is one to the whole. */
struct pareto_spec {
	struct wn_pareto pareto;
	const double *reference; /* by objective, in the feature's unit; NULL: none */
};

static const char *const place_names[] = {
	[WN_PLACE_CROWDING] = "crowding",
	[WN_PLACE_WEIGHTS] = "weights",
	[WN_PLACE_CHEBYSHEV] = "chebyshev",
	[WN_PLACE_TOPSIS] = "topsis",
	NULL,
};

static const char *const objective_keys[] = {
	"feature", "goal", "weight", "unknown", "default", NULL};
static const char *const fact_keys[] = {
	"fact", "goal", "weight", "lower", "upper", "unknown", "default", NULL};
static const struct input_form objectives = {
	.key = "objectives",
	.keys = objective_keys,
	.fact_keys = fact_keys,
	.least = WN_PARETO_MIN_OBJECTIVES,
	.most = WN_PARETO_MAX_OBJECTIVES,
	.has_weight = true,
	.has_goal = true,
	.shape = "An objective is an object with feature (or fact), and goal and weight if wanted.",
};

static double best_end(const struct wn_term *term)
{
	return term->lower_is_better ? term->lower : term->upper;
}

static double to_unit(const struct wn_term *term, double value)
{
	double share = (value - term->lower) / (term->upper - term->lower);

	return term->lower_is_better ? 1 - share : share;
}

static bool check_reference_names(struct model_draft *draft, const json_t *reference)
{
	bool ok = true;

	for (void *at = json_object_iter((json_t *)reference); at;
		at = json_object_iter_next((json_t *)reference, at)) {
		struct str name = {json_object_iter_key(at), json_object_iter_key_len(at)};

		if (draft_input(draft, 0, name) != SIZE_MAX || draft_any_bad(draft))
			continue;
		diag_add(draft->diag, diag_key(draft->diag, "/reference", name.ptr),
			"This is none of the objectives.");
		ok = false;
	}
	return ok;
}

/* What an objective is not given is its best end: the point that nothing can beat. */
static bool read_reference_value(
	struct model_draft *draft, const json_t *reference, size_t i, double *out)
{
	const struct wn_term *term = &draft->terms[i];
	const char *name;

	if (draft->term_bad[i])
		return true;
	*out = best_end(term);
	name = arena_strdup(draft->arena, draft->features[i]->name);
	if (!name)
		return false;
	if (!json_object_get(reference, name))
		return true;
	return json_read_number(
		reference, name, term->lower, term->upper, true, "/reference", draft->diag, out);
}

static bool read_reference(struct model_draft *draft, const json_t *json, struct pareto_spec *spec)
{
	const json_t *reference = json_object_get(json, "reference");
	double *values, *units;
	bool ok = true;

	if (spec->pareto.place != WN_PLACE_CHEBYSHEV) {
		if (!reference || json_is_null(reference))
			return true;
		diag_add(draft->diag, "/reference",
			"A reference point counts only with \"place\": \"chebyshev\".");
		return false;
	}
	if (reference && !json_is_null(reference) && !json_is_object(reference)) {
		diag_add(draft->diag, "/reference",
			"This must be an object: the wanted value by feature.");
		return false;
	}
	values = arena_array(draft->arena, draft->term_count, sizeof *values);
	units = arena_array(draft->arena, draft->term_count, sizeof *units);
	if (!values || !units)
		return false;
	if (json_is_object(reference))
		ok &= check_reference_names(draft, reference);
	for (size_t i = 0; i < draft->term_count; i++) {
		ok &= read_reference_value(draft, reference, i, &values[i]);
		units[i] = to_unit(&draft->terms[i], values[i]);
	}
	spec->reference = values;
	spec->pareto.reference = units;
	return ok;
}

static bool read_pareto(struct model_draft *draft, const json_t *json)
{
	struct pareto_spec *spec = arena_alloc(draft->arena, sizeof *spec);
	bool ok = true;
	int place;

	if (!spec)
		return false;
	ok &= draft_read_inputs(draft, json, "", &objectives);
	if (!catalog_read_choice(
		    json, "place", place_names, WN_PLACE_CROWDING, "", draft->diag, &place))
		return false;
	spec->pareto.place = (enum wn_pareto_place)place;
	ok &= read_reference(draft, json, spec);
	draft->spec = &spec->pareto;
	return ok;
}

static const struct pareto_spec *spec_of(const struct model_version *model)
{
	return (const struct pareto_spec *)model->model.spec.any;
}

static int tree_pareto(const struct model_version *model, json_t *tree)
{
	const struct pareto_spec *spec = spec_of(model);
	json_t *reference;
	int failed = 0;

	failed |= json_object_set_new(
		tree, "objectives", inputs_tree(model, 0, model->model.term_count, &objectives));
	failed |= json_object_set_new(tree, "place", json_string(place_names[spec->pareto.place]));
	if (!spec->reference)
		return failed;
	reference = json_object();
	for (size_t i = 0; i < model->model.term_count; i++) {
		struct str name = model->term_features[i]->name;

		failed |= json_object_setn_new(
			reference, name.ptr, name.len, json_real(spec->reference[i]));
	}
	return failed | json_object_set_new(tree, "reference", reference);
}

static void write_pareto(struct json_writer *json, const struct model_version *model)
{
	const struct pareto_spec *spec = spec_of(model);

	inputs_write(json, model, 0, model->model.term_count, &objectives);
	json_put(json, "place", text, place_names[spec->pareto.place]);
	if (!spec->reference)
		return;
	json_key(json, "reference");
	json_object_begin(json);
	for (size_t i = 0; i < model->model.term_count; i++) {
		json_key_str(json, model->term_features[i]->name);
		json_number(json, spec->reference[i]);
	}
	json_object_end(json);
}

static void formula_pareto(struct buf *out, const struct model_version *model)
{
	static const char *const within[] = {
		[WN_PLACE_CROWDING] = "crowding distance",
		[WN_PLACE_WEIGHTS] = "weighted mean",
		[WN_PLACE_CHEBYSHEV] = "distance to the reference point",
		[WN_PLACE_TOPSIS] = "closeness to the ideal",
	};

	buf_puts(out, "fronts of ");
	for (size_t i = 0; i < model->model.term_count; i++) {
		if (i > 0)
			buf_puts(out, ", ");
		buf_puts(out, model->model.terms[i].lower_is_better ? "least " : "most ");
		buf_str(out, model->term_features[i]->name);
	}
	buf_printf(out, "; within a front by %s", within[spec_of(model)->pareto.place]);
}

/* Whatever the engine says of a reference point is about that member. */
static const char *place_pareto(struct model_draft *draft, const char *pointer)
{
	(void)draft;
	return strncmp(pointer, "/reference", 10) == 0 ? "/reference" : NULL;
}

static const char *const keys[] = {"objectives", "place", "reference", NULL};
const struct model_form model_form_pareto = {
	.name = "pareto",
	.keys = keys,
	.read = read_pareto,
	.place = place_pareto,
	.tree = tree_pareto,
	.write = write_pareto,
	.formula = formula_pareto,
};

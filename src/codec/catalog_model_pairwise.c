/*
 * Pairwise models: an item's strength from recorded comparisons. No inputs; all that is to be said
 * is what an item without a comparison gets.
 */
#include "codec/catalog_model_kind.h"
#include "codec/json.h"
#include "winnow/pairwise.h"

static const char *const unknown_names[] = {"exclude", "average", NULL};

static bool read_pairwise(struct model_draft *draft, const json_t *json)
{
	struct wn_pairwise *spec = arena_alloc(draft->arena, sizeof *spec);
	int unknown;

	if (!spec)
		return false;
	if (!catalog_read_choice(json, "unknown", unknown_names, 0, "", draft->diag, &unknown))
		return false;
	spec->average_when_unknown = unknown == 1;
	draft->spec = spec;
	return true;
}

static const char *unknown_of(const struct model_version *model)
{
	return unknown_names[model->model.spec.pairwise->average_when_unknown];
}

static int tree_pairwise(const struct model_version *model, json_t *tree)
{
	return json_object_set_new(tree, "unknown", json_string(unknown_of(model)));
}

static void write_pairwise(struct json_writer *json, const struct model_version *model)
{
	json_put(json, "unknown", text, unknown_of(model));
}

static void formula_pairwise(struct buf *out, const struct model_version *model)
{
	buf_puts(out, "chance against the average item, from recorded comparisons");
	if (model->model.spec.pairwise->average_when_unknown)
		buf_puts(out, ", 0.5 without any");
}

static const char *const keys[] = {"unknown", NULL};
const struct model_form model_form_pairwise = {
	.name = "pairwise",
	.keys = keys,
	.read = read_pairwise,
	.tree = tree_pairwise,
	.write = write_pairwise,
	.formula = formula_pairwise,
};

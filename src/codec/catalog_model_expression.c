/*
 * Expressions: a text over features and facts. The inputs that a client lists say what a missing
 * value means; a feature that only the text names is an input whose unknown spans its bounds. The
 * stored body lists them all, so that its pins cover them.
 */
#include <math.h>
#include <stdlib.h>

#include "codec/catalog_model_kind.h"
#include "codec/json.h"
#include "winnow/expression.h"

static const struct {
	const char *name;
	struct wn_name means;
} facts[] = {
	{"age_days", {.kind = WN_NAME_AGE_DAYS}},
	{"days_to_due", {.kind = WN_NAME_DAYS_TO_DUE}},
	{"estimate", {.kind = WN_NAME_NUMBER, .index = WN_ESTIMATE}},
	{"sla_left_hours", {.kind = WN_NAME_NUMBER, .index = WN_SLA_LEFT}},
	{"stream", {.kind = WN_NAME_WORD, .index = WN_STREAM, .type = WN_TYPE_WORD}},
	{"kind", {.kind = WN_NAME_WORD, .index = WN_KIND, .type = WN_TYPE_WORD}},
	{"status", {.kind = WN_NAME_WORD, .index = WN_STATUS, .type = WN_TYPE_WORD}},
	{"team", {.kind = WN_NAME_WORD, .index = WN_TEAM, .type = WN_TYPE_WORD}},
	{"source", {.kind = WN_NAME_WORD, .index = WN_SOURCE, .type = WN_TYPE_WORD}},
};

/* What the parser asks while it reads the text. */
struct scope {
	struct model_draft *draft;
	bool used[WN_MAX_TERMS];
	struct str name; /* that could not be resolved, and why; absent: none */
	const char *why;
	bool no_memory;
};

static bool as_input(struct scope *scope, size_t term, struct wn_name *out)
{
	const struct feature_definition *feature = scope->draft->features[term];
	const char **categories;

	scope->used[term] = true;
	*out = (struct wn_name){.kind = WN_NAME_TERM, .index = (uint32_t)term};
	if (feature->type == FEATURE_BOOLEAN)
		out->type = WN_TYPE_BOOLEAN;
	if (feature->type != FEATURE_CATEGORY)
		return true;
	categories =
		arena_array(scope->draft->arena, feature->category_count + 1, sizeof(const char *));
	if (!categories) {
		scope->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < feature->category_count; i++)
		categories[i] = feature->categories[i].ptr;
	out->categories = categories;
	out->category_count = feature->category_count;
	return true;
}

static bool as_new_input(struct scope *scope, struct str name, struct wn_name *out)
{
	const struct feature_definition *feature = draft_feature(scope->draft, name);

	if (!feature)
		return false;
	scope->why = draft_add_input(scope->draft, feature, "/expression");
	if (!scope->why)
		return as_input(scope, scope->draft->term_count - 1, out);
	scope->name = feature->name;
	return false;
}

/* A listed input hides a fact of the same name; a fact hides a feature that is not listed. */
static bool resolve(void *self, const char *name, size_t length, struct wn_name *out)
{
	struct scope *scope = self;
	struct str wanted = {name, length};
	size_t term = draft_input(scope->draft, 0, wanted);

	if (term != SIZE_MAX)
		return as_input(scope, term, out);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		if (!str_is(wanted, facts[i].name))
			continue;
		*out = facts[i].means;
		return true;
	}
	return as_new_input(scope, wanted, out);
}

/* Nodes whose words are places in the model's list, counted from 1. */
static bool keep_nodes(struct model_draft *draft, const struct wn_expression_draft *parsed)
{
	struct wn_expression *expression = arena_alloc(draft->arena, sizeof *expression);
	struct wn_node *nodes = arena_array(draft->arena, parsed->node_count, sizeof *nodes);
	struct str *words = arena_array(draft->arena, parsed->word_count, sizeof *words);
	uint32_t places[WN_EXPRESSION_MAX_WORDS];

	if (!expression || !nodes || !words)
		return false;
	for (size_t i = 0; i < parsed->word_count; i++) {
		places[i] = (uint32_t)(i + 1);
		words[i] = (struct str){
			draft->expression.ptr + parsed->words[i].offset, parsed->words[i].length};
	}
	wn_expression_bind(parsed->nodes, parsed->node_count, places, nodes);
	*expression = (struct wn_expression){nodes, parsed->node_count};
	draft->spec = expression;
	draft->words = words;
	draft->word_count = parsed->word_count;
	return true;
}

static void fault_text(struct model_draft *draft, const struct scope *scope,
	const struct wn_expression_draft *parsed)
{
	if (scope->why)
		diag_add(draft->diag, "/expression",
			"Line %zu, column %zu: the feature \"%.*s\" cannot be in a model: %s.",
			parsed->line, parsed->column, STR_ARG(scope->name), scope->why);
	else
		diag_add(draft->diag, "/expression", "Line %zu, column %zu: %s.", parsed->line,
			parsed->column, parsed->detail);
}

static bool check_used(struct model_draft *draft, const struct scope *scope, size_t listed)
{
	bool ok = true;

	for (size_t i = 0; i < listed; i++) {
		if (scope->used[i] || draft->term_bad[i])
			continue;
		diag_add(draft->diag, diag_key(draft->diag, draft->places[i], "feature"),
			"The expression does not use this input.");
		ok = false;
	}
	return ok;
}

static bool parse_text(struct model_draft *draft, size_t listed)
{
	struct wn_expression_draft *parsed = calloc(1, sizeof *parsed);
	struct scope scope = {.draft = draft};
	struct wn_scope names = {resolve, &scope};
	bool ok;

	if (!parsed)
		return false;
	if (wn_expression_parse(draft->expression.ptr, draft->expression.len, &names, parsed)) {
		ok = check_used(draft, &scope, listed) && keep_nodes(draft, parsed);
	} else {
		ok = false;
		if (!scope.no_memory)
			fault_text(draft, &scope, parsed);
	}
	free(parsed);
	return ok;
}

static bool read_expression(struct model_draft *draft, const json_t *json)
{
	const json_t *inputs = json_object_get(json, "inputs");
	bool ok = true;

	draft->list = "/inputs";
	if (inputs && !json_is_null(inputs) &&
		!(json_is_array(inputs) && json_array_size(inputs) == 0))
		ok &= draft_read_inputs(draft, json, "", &plain_inputs);
	if (!json_read_text(json, "expression", 1, WN_EXPRESSION_MAX_BYTES, true, "", draft->diag,
		    draft->arena, &draft->expression))
		return false;
	return parse_text(draft, draft->term_count) && ok;
}

static int tree_expression(const struct model_version *model, json_t *tree)
{
	return json_object_set_new(tree, "expression", catalog_text(model->expression)) |
	       json_object_set_new(tree, "inputs",
		       inputs_tree(model, 0, model->model.term_count, &plain_inputs));
}

static void write_expression(struct json_writer *json, const struct model_version *model)
{
	json_put(json, "expression", str, model->expression);
	inputs_write(json, model, 0, model->model.term_count, &plain_inputs);
}

/* The text on one line. */
static void formula_expression(struct buf *out, const struct model_version *model)
{
	bool blank = false;

	for (size_t i = 0; i < model->expression.len; i++) {
		char c = model->expression.ptr[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			blank = true;
			continue;
		}
		if (blank && out->len > 0)
			buf_putc(out, ' ');
		blank = false;
		buf_putc(out, c);
	}
}

static bool bind_expression(const struct model_version *model, const struct model_binding *binding,
	struct wn_model *out)
{
	const struct wn_expression *expression = model->model.spec.expression;
	struct wn_expression *bound;
	struct wn_node *nodes;
	uint32_t *symbols;

	if (model->word_count == 0)
		return true;
	symbols = binding_symbols(binding, model);
	bound = arena_alloc(binding->arena, sizeof *bound);
	nodes = arena_array(binding->arena, expression->node_count, sizeof *nodes);
	if (!symbols || !bound || !nodes)
		return false;
	wn_expression_bind(expression->nodes, expression->node_count, symbols, nodes);
	*bound = (struct wn_expression){nodes, expression->node_count};
	out->spec.expression = bound;
	return true;
}

static const char *const keys[] = {"inputs", "expression", NULL};
const struct model_form model_form_expression = {
	.name = "expression",
	.keys = keys,
	.read = read_expression,
	.tree = tree_expression,
	.write = write_expression,
	.formula = formula_expression,
	.bind = bind_expression,
};

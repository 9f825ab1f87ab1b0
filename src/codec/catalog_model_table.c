/*
 * Decision tables: categorical inputs to an outcome. The rules come as JSON (catalog_model_rules.c) or
 * as CSV (catalog_model_csv.c), and are stored as one text (catalog_model_table_text.c). Every
 * combination must be covered by exactly one rule, and each that is not is told.
 */
#include <float.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "codec/catalog_model_table.h"
#include "codec/json.h"

static const char *const input_keys[] = {"feature", "unknown", "default", NULL};
const struct input_form table_inputs = {
	.key = "inputs",
	.keys = input_keys,
	.least = 1,
	.most = WN_TABLE_MAX_INPUTS,
	.shape = "An input is an object with feature.",
};

bool table_check_input(
	struct model_draft *model, const struct feature_definition *feature, const char *place)
{
	bool listed = feature->type == FEATURE_CATEGORY || feature->type == FEATURE_BOOLEAN;

	if (listed && feature->category_count <= WN_TABLE_MAX_VALUES)
		return true;
	diag_add(model->diag, place,
		listed ? "The feature \"%.*s\" has more than %d values."
		       : "The feature \"%.*s\" is neither a category nor a boolean, so it has no "
			 "list of up to %d values.",
		STR_ARG(feature->name), WN_TABLE_MAX_VALUES);
	return false;
}

size_t table_radix(const struct model_draft *model, size_t input)
{
	const struct feature_definition *feature = model->features[input];

	return feature->type == FEATURE_BOOLEAN ? 2 : feature->category_count;
}

bool table_begin_rules(struct table_draft *table, size_t count)
{
	size_t inputs = table->model->term_count;
	uint64_t *when = arena_array(table->model->arena, count * inputs, sizeof *when);

	table->rules = arena_array(table->model->arena, count, sizeof *table->rules);
	if (!when || !table->rules)
		return false;
	for (size_t i = 0; i < count; i++)
		table->rules[i].when = when + i * inputs;
	return true;
}

/* ---- outcomes ---- */

/* A bare name has the score of its place from the end. */
static bool read_outcome(struct table_draft *table, const json_t *json, const char *pointer,
	double place, struct wn_outcome *out)
{
	static const char *const keys[] = {"name", "score", NULL};
	struct model_draft *model = table->model;
	struct str name = {json_string_value(json), json_string_length(json)};
	bool ok = true;

	out->score = place;
	if (json_is_string(json)) {
		ok &= catalog_check_word(name, pointer, model->diag);
	} else if (json_is_object(json)) {
		ok &= json_only_keys(json, keys, pointer, model->diag);
		ok &= catalog_read_word(json, "name", pointer, model->diag, model->arena, &name);
		ok &= json_read_number(
			json, "score", -DBL_MAX, DBL_MAX, true, pointer, model->diag, &out->score);
	} else {
		diag_add(model->diag, pointer,
			"An outcome is a name, or an object with name and "
			"score.");
		ok = false;
	}
	out->name = ok ? arena_strdup(model->arena, name) : "";
	return ok && out->name;
}

static bool check_outcome(struct table_draft *table, size_t i, const char *pointer)
{
	const struct wn_outcome *outcome = &table->outcomes[i];

	for (size_t k = 0; k < i; k++) {
		if (strcasecmp(table->outcomes[k].name, outcome->name) != 0)
			continue;
		diag_add(table->model->diag, pointer, "This outcome is in the list already.");
		return false;
	}
	if (i == 0 || table->outcomes[i - 1].score > outcome->score)
		return true;
	diag_add(table->model->diag, pointer,
		"Outcomes come best first: the score must be less than the one before.");
	return false;
}

static bool read_outcomes(struct table_draft *table, const json_t *json)
{
	const json_t *list = json_object_get(json, "outcomes");
	size_t count = json_array_size(list);
	bool ok = true;

	if (count == 0 || count > WN_TABLE_MAX_OUTCOMES) {
		diag_add(table->model->diag, "/outcomes",
			"This must be a list of 1 to %d outcomes, the best first.",
			WN_TABLE_MAX_OUTCOMES);
		return false;
	}
	table->outcomes = arena_array(table->model->arena, count, sizeof *table->outcomes);
	if (!table->outcomes)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *pointer = diag_index(table->model->diag, "/outcomes", i);

		if (!read_outcome(table, json_array_get(list, i), pointer, (double)(count - i),
			    &table->outcomes[i]))
			return false;
		ok &= check_outcome(table, i, pointer);
	}
	table->outcome_count = count;
	return ok;
}

/* ---- completeness ---- */

static void put_value(struct buf *out, const struct feature_definition *feature, size_t value)
{
	if (feature->type == FEATURE_BOOLEAN)
		buf_puts(out, value ? "true" : "false");
	else
		buf_printf(out, "\"%.*s\"", STR_ARG(feature->categories[value]));
}

/* "exploitation "none", automatable "yes"" */
static void put_combination(
	struct buf *out, const struct model_draft *model, const uint16_t *values)
{
	for (size_t i = 0; i < model->term_count; i++) {
		buf_printf(out, "%s%.*s ", i > 0 ? ", " : "", STR_ARG(model->features[i]->name));
		put_value(out, model->features[i], values[i]);
	}
}

/* Of rules that overlap everywhere there are billions of overlaps: nobody needs their number. */
enum { FAULTS_COUNTED = 10000 };

/* Called for each hole and each overlap; what the list of faults cannot hold is counted there. */
static bool combination_fault(void *self, const uint16_t *values, size_t rule_a, size_t rule_b)
{
	struct table_draft *table = self;
	struct diag *diag = table->model->diag;
	struct buf words = BUF_INIT;

	if (diag->count == DIAG_MAX) {
		diag->omitted++;
		return diag->omitted < FAULTS_COUNTED;
	}
	put_combination(&words, table->model, values);
	if (words.failed)
		diag_add(diag, table->lines ? "/csv" : "/rules",
			"A combination is not covered by exactly one rule.");
	else if (rule_b == WN_CELL_HOLE)
		diag_add(diag, table->lines ? "/csv" : "/rules", "No rule covers %s.", words.data);
	else if (table->lines)
		diag_add(diag, "/csv", "Lines %zu and %zu both cover %s.", table->lines[rule_a],
			table->lines[rule_b], words.data);
	else
		diag_add(diag, diag_index(diag, "/rules", rule_b),
			"The rule at /rules/%zu covers this too: %s.", rule_a, words.data);
	buf_release(&words);
	return true;
}

static bool fill(struct table_draft *table)
{
	struct model_draft *model = table->model;
	size_t inputs = model->term_count, cells, ends;
	uint16_t radices[WN_TABLE_MAX_INPUTS];
	struct wn_decision_table *spec = arena_alloc(model->arena, sizeof *spec);
	uint16_t *rule_of, *worst, *best;

	for (size_t i = 0; i < inputs; i++)
		radices[i] = (uint16_t)table_radix(model, i);
	cells = wn_table_cells(radices, inputs);
	ends = wn_table_ends(radices, inputs);
	if (cells == 0 || ends == 0) {
		diag_add(model->diag, "/inputs",
			"The inputs have too many combinations: at most %d of their values, and %d "
			"with unknown as one more value of each.",
			WN_TABLE_MAX_CELLS, WN_TABLE_MAX_ENDS);
		return false;
	}
	rule_of = arena_array(model->arena, cells, sizeof *rule_of);
	worst = arena_array(model->arena, ends, sizeof *worst);
	best = arena_array(model->arena, ends, sizeof *best);
	if (!spec || !rule_of || !worst || !best)
		return false;
	*spec = (struct wn_decision_table){.outcomes = table->outcomes,
		.outcome_count = table->outcome_count,
		.rules = table->rules,
		.rule_count = table->rule_count,
		.rule_of = rule_of,
		.worst = worst,
		.best = best};
	if (wn_table_fill(spec, radices, inputs, rule_of, worst, best, combination_fault, table) >
		0)
		return false;
	model->spec = spec;
	return true;
}

/* ---- the kind ---- */

static bool check_inputs(struct model_draft *draft)
{
	bool ok = true;

	for (size_t i = 0; i < draft->term_count; i++) {
		if (draft->term_bad[i])
			ok = false;
		else if (!table_check_input(draft, draft->features[i],
				 diag_key(draft->diag, draft->places[i], "feature")))
			draft->term_bad[i] = true, ok = false;
		else if (draft_input(draft, 0, draft->features[i]->name) != i) {
			diag_add(draft->diag, diag_key(draft->diag, draft->places[i], "feature"),
				"An earlier input has the same feature.");
			draft->term_bad[i] = true, ok = false;
		}
	}
	return ok;
}

/* Only a stored body has the rules as a text. */
static bool is_stored_text(const struct table_draft *table, const json_t *json)
{
	return table->model->lookup->pins && json_is_string(json_object_get(json, "rules"));
}

static bool read_table_rules(struct table_draft *table, const json_t *json)
{
	struct diag *diag = table->model->diag;
	bool csv = json_has(json, "csv");

	if (csv && json_has(json, "rules")) {
		diag_add(diag, "/csv", "A table has either rules or csv.");
		return false;
	}
	if (!csv && json_has(json, "columns")) {
		diag_add(diag, "/columns", "Columns are those of csv.");
		return false;
	}
	if (csv)
		return table_read_csv(table, json);
	return is_stored_text(table, json) ? table_read_text(table, json)
					   : table_read_rules(table, json);
}

static bool read_table(struct model_draft *draft, const json_t *json)
{
	struct table_draft table = {.model = draft};
	bool ok = true;

	draft->list = "/inputs";
	if (json_has(json, "inputs") || !json_has(json, "csv")) {
		ok &= draft_read_inputs(draft, json, "", &table_inputs);
		ok &= check_inputs(draft);
	}
	/* What the rules say can be judged only by inputs that are sound. */
	if (!ok) {
		read_outcomes(&table, json);
		return false;
	}
	ok &= read_outcomes(&table, json);
	ok &= read_table_rules(&table, json);
	return ok && fill(&table);
}

/* Each outcome is a band of its own name. */
static bool bands_of_table(struct model_draft *draft)
{
	const struct wn_decision_table *spec = draft->spec;

	if (spec->outcome_count > WN_MAX_BANDS) {
		diag_add(draft->diag, "/bands",
			"With more than %d outcomes the bands must be said: a list, the best "
			"first.",
			WN_MAX_BANDS);
		return false;
	}
	for (size_t i = 0; i < spec->outcome_count; i++) {
		draft->bands[i].name = spec->outcomes[i].name;
		draft->bands[i].at_least =
			i + 1 < spec->outcome_count ? spec->outcomes[i].score : -INFINITY;
	}
	draft->band_count = spec->outcome_count;
	return true;
}

size_t table_radix_of(const struct model_version *model, size_t input)
{
	return (size_t)model->model.terms[input].upper + 1;
}

size_t table_ends(const struct model_version *model)
{
	uint16_t radices[WN_TABLE_MAX_INPUTS];

	if (model->model.kind != wn_model_kind_named("decision_table"))
		return 0;
	for (size_t i = 0; i < model->model.term_count; i++)
		radices[i] = (uint16_t)table_radix_of(model, i);
	return wn_table_ends(radices, model->model.term_count);
}

static json_t *outcome_tree(const struct wn_outcome *outcome)
{
	json_t *tree = json_object();
	int failed = json_object_set_new(tree, "name", json_string(outcome->name)) |
		     json_object_set_new(tree, "score", json_real(outcome->score));

	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *outcomes_tree(const struct model_version *model)
{
	const struct wn_decision_table *spec = model->model.spec.table;
	json_t *list = json_array();

	for (size_t i = 0; list && i < spec->outcome_count; i++) {
		if (json_array_append_new(list, outcome_tree(&spec->outcomes[i])) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static int tree_table(const struct model_version *model, json_t *tree)
{
	return json_object_set_new(tree, "inputs",
		       inputs_tree(model, 0, model->model.term_count, &table_inputs)) |
	       json_object_set_new(tree, "outcomes", outcomes_tree(model)) |
	       json_object_set_new(tree, "rules", table_text(model));
}

static void write_table(struct json_writer *json, const struct model_version *model)
{
	const struct wn_decision_table *spec = model->model.spec.table;

	inputs_write(json, model, 0, model->model.term_count, &table_inputs);
	json_key(json, "outcomes");
	json_array_begin(json);
	for (size_t i = 0; i < spec->outcome_count; i++) {
		json_object_begin(json);
		json_put(json, "name", text, spec->outcomes[i].name);
		json_put(json, "score", number, spec->outcomes[i].score);
		json_object_end(json);
	}
	json_array_end(json);
	table_write_rules(json, model);
}

static void formula_table(struct buf *out, const struct model_version *model)
{
	const struct wn_decision_table *spec = model->model.spec.table;

	buf_printf(out, "%zu input%s → %zu outcome%s, %zu rule%s", model->model.term_count,
		model->model.term_count == 1 ? "" : "s", spec->outcome_count,
		spec->outcome_count == 1 ? "" : "s", spec->rule_count,
		spec->rule_count == 1 ? "" : "s");
}

static const char *const keys[] = {"inputs", "outcomes", "rules", "csv", "columns", NULL};
const struct model_form model_form_decision_table = {
	.name = "decision_table",
	.keys = keys,
	.read = read_table,
	.own_bands = bands_of_table,
	.tree = tree_table,
	.write = write_table,
	.formula = formula_table,
};

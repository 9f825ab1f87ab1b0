/*
 * Decision tables: categorical inputs to an outcome. The rules come as JSON or as CSV; the stored body
 * has rules. Every combination must be covered by exactly one rule, and each that is not is told.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
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

/* ---- rules as JSON ---- */

static bool read_value(struct table_draft *table, size_t input, const json_t *json,
	const char *pointer, uint64_t *set)
{
	const struct feature_definition *feature = table->model->features[input];
	struct str word = {json_string_value(json), json_string_length(json)};

	if (feature->type == FEATURE_BOOLEAN && json_is_boolean(json)) {
		*set |= json_is_true(json) ? 2 : 1;
		return true;
	}
	for (size_t i = 0; word.ptr && i < feature->category_count; i++) {
		if (!str_eq(feature->categories[i], word))
			continue;
		*set |= UINT64_C(1) << i;
		return true;
	}
	diag_add(table->model->diag, pointer, "This is no value of the feature \"%.*s\"%s.",
		STR_ARG(feature->name),
		feature->type == FEATURE_BOOLEAN ? ", which is true or false" : "");
	return false;
}

static bool read_values(struct table_draft *table, size_t input, const json_t *json,
	const char *pointer, uint64_t *set)
{
	bool ok = true;

	*set = 0;
	if (!json_is_array(json))
		return read_value(table, input, json, pointer, set);
	for (size_t i = 0; i < json_array_size(json); i++)
		ok &= read_value(table, input, json_array_get(json, i),
			diag_index(table->model->diag, pointer, i), set);
	if (json_array_size(json) > 0)
		return ok;
	diag_add(table->model->diag, pointer,
		"An empty list is no value; leave the input out for any.");
	return false;
}

static bool read_when(
	struct table_draft *table, const json_t *when, const char *pointer, uint64_t *sets)
{
	struct model_draft *model = table->model;
	bool ok = true;

	for (size_t i = 0; i < model->term_count; i++)
		sets[i] = ~UINT64_C(0) >> (64 - table_radix(model, i));
	if (!json_is_object(when)) {
		diag_add(model->diag, pointer,
			"This must be an object: the value, or a list of values, by input.");
		return false;
	}
	for (void *at = json_object_iter((json_t *)when); at;
		at = json_object_iter_next((json_t *)when, at)) {
		struct str name = {json_object_iter_key(at), json_object_iter_key_len(at)};
		const char *place = diag_key(model->diag, pointer, name.ptr);
		size_t input = draft_input(model, 0, name);

		if (input == SIZE_MAX) {
			diag_add(model->diag, place, "This is none of the inputs.");
			ok = false;
			continue;
		}
		ok &= read_values(table, input, json_object_iter_value(at), place, &sets[input]);
	}
	return ok;
}

static bool read_then(
	struct table_draft *table, const json_t *rule, const char *pointer, uint16_t *outcome)
{
	struct model_draft *model = table->model;
	struct str then;

	if (!json_read_text(rule, "then", 1, CATALOG_MAX_NAME, true, pointer, model->diag,
		    model->arena, &then))
		return false;
	for (size_t i = 0; i < table->outcome_count; i++) {
		if (!str_is(then, table->outcomes[i].name))
			continue;
		*outcome = (uint16_t)i;
		return true;
	}
	if (table->outcome_count > 0)
		diag_add(model->diag, diag_key(model->diag, pointer, "then"),
			"This is none of the outcomes.");
	return false;
}

static bool read_rule(struct table_draft *table, const json_t *json, size_t i)
{
	static const char *const keys[] = {"when", "then", NULL};
	struct diag *diag = table->model->diag;
	const char *pointer = diag_index(diag, "/rules", i);
	bool ok = true;

	table->rule_count++;
	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A rule is an object with when and then.");
		return false;
	}
	ok &= json_only_keys(json, keys, pointer, diag);
	ok &= read_when(table, json_object_get(json, "when"), diag_key(diag, pointer, "when"),
		table_when(table, i));
	return read_then(table, json, pointer, &table->rules[i].outcome) && ok;
}

static bool read_rules(struct table_draft *table, const json_t *json)
{
	const json_t *list = json_object_get(json, "rules");
	size_t count = json_array_size(list);
	bool ok = true;

	if (count == 0 || count > TABLE_MAX_RULES) {
		diag_add(table->model->diag, "/rules", "This must be a list of 1 to %d rules.",
			TABLE_MAX_RULES);
		return false;
	}
	if (!table_begin_rules(table, count))
		return false;
	for (size_t i = 0; i < count; i++)
		ok &= read_rule(table, json_array_get(list, i), i);
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

static bool is_given(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	return value && !json_is_null(value);
}

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

static bool read_table_rules(struct table_draft *table, const json_t *json)
{
	struct diag *diag = table->model->diag;
	bool csv = is_given(json, "csv");

	if (csv && is_given(json, "rules")) {
		diag_add(diag, "/csv", "A table has either rules or csv.");
		return false;
	}
	if (!csv && is_given(json, "columns")) {
		diag_add(diag, "/columns", "Columns are those of csv.");
		return false;
	}
	return csv ? table_read_csv(table, json) : read_rules(table, json);
}

static bool read_table(struct model_draft *draft, const json_t *json)
{
	struct table_draft table = {.model = draft};
	bool ok = true;

	draft->list = "/inputs";
	if (is_given(json, "inputs") || !is_given(json, "csv")) {
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

static json_t *value_tree(const struct feature_definition *feature, size_t value)
{
	if (feature->type == FEATURE_BOOLEAN)
		return json_boolean(value == 1);
	return catalog_text(feature->categories[value]);
}

static size_t radix_of(const struct model_version *model, size_t input)
{
	return (size_t)model->model.terms[input].upper + 1;
}

/* One value as it is, several as a list in the order of the definition. */
static json_t *values_tree(const struct model_version *model, size_t input, uint64_t set)
{
	const struct feature_definition *feature = model->term_features[input];
	json_t *list;
	int failed = 0;

	if ((set & (set - 1)) == 0)
		return value_tree(feature, (size_t)__builtin_ctzll(set));
	list = json_array();
	for (size_t i = 0; i < radix_of(model, input); i++) {
		if (set >> i & 1)
			failed |= json_array_append_new(list, value_tree(feature, i));
	}
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *rule_tree(const struct model_version *model, const struct wn_table_rule *rule)
{
	const struct wn_decision_table *spec = model->model.spec.table;
	json_t *tree = json_object(), *when = json_object();
	int failed = 0;

	for (size_t i = 0; i < model->model.term_count; i++) {
		struct str name = model->term_features[i]->name;

		if (rule->when[i] == ~UINT64_C(0) >> (64 - radix_of(model, i)))
			continue;
		failed |= json_object_setn_new(
			when, name.ptr, name.len, values_tree(model, i, rule->when[i]));
	}
	failed |= json_object_set_new(tree, "when", when);
	failed |=
		json_object_set_new(tree, "then", json_string(spec->outcomes[rule->outcome].name));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
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

static json_t *rules_tree(const struct model_version *model)
{
	const struct wn_decision_table *spec = model->model.spec.table;
	json_t *list = json_array();

	for (size_t i = 0; list && i < spec->rule_count; i++) {
		if (json_array_append_new(list, rule_tree(model, &spec->rules[i])) == 0)
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
	       json_object_set_new(tree, "rules", rules_tree(model));
}

static void write_value(
	struct json_writer *json, const struct feature_definition *feature, size_t value)
{
	if (feature->type == FEATURE_BOOLEAN)
		json_bool(json, value == 1);
	else
		json_str(json, feature->categories[value]);
}

/* Readers get lists throughout; an input that may have any value is left out. */
static void write_rule(struct json_writer *json, const struct model_version *model,
	const struct wn_table_rule *rule)
{
	json_object_begin(json);
	json_key(json, "when");
	json_object_begin(json);
	for (size_t i = 0; i < model->model.term_count; i++) {
		size_t radix = radix_of(model, i);

		if (rule->when[i] == ~UINT64_C(0) >> (64 - radix))
			continue;
		json_key_str(json, model->term_features[i]->name);
		json_array_begin(json);
		for (size_t v = 0; v < radix; v++) {
			if (rule->when[i] >> v & 1)
				write_value(json, model->term_features[i], v);
		}
		json_array_end(json);
	}
	json_object_end(json);
	json_put(json, "then", text, model->model.spec.table->outcomes[rule->outcome].name);
	json_object_end(json);
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
	json_key(json, "rules");
	json_array_begin(json);
	for (size_t i = 0; i < spec->rule_count; i++)
		write_rule(json, model, &spec->rules[i]);
	json_array_end(json);
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

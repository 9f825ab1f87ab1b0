/*
 * The rules of a decision table as clients send and see them: {"when": {"severity": ["sev1", "sev2"]},
 * "then": "act"}. An input that is left out may have any value.
 */
#include "codec/catalog_model_table.h"
#include "codec/json.h"

/* ---- reading ---- */

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
		sets[i] = table_any(table_radix(model, i));
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

bool table_read_rules(struct table_draft *table, const json_t *json)
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

/* ---- writing ---- */

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
		size_t radix = table_radix_of(model, i);

		if (rule->when[i] == table_any(radix))
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

void table_write_rules(struct json_writer *json, const struct model_version *model)
{
	const struct wn_decision_table *spec = model->model.spec.table;

	json_key(json, "rules");
	json_array_begin(json);
	for (size_t i = 0; i < spec->rule_count; i++)
		write_rule(json, model, &spec->rules[i]);
	json_array_end(json);
}

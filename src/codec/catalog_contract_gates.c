/*
 * Definitions of ready and of done: required fields and named gates. A required field is a gate, too: that
 * the field is present.
 */
#include <string.h>

#include "codec/catalog_contract.h"
#include "codec/catalog_internal.h"
#include "codec/json.h"

static const char *const mode_names[] = {"enforce", "warn", NULL};

size_t contract_gates_of(const json_t *definition)
{
	return json_array_size(json_object_get(definition, "fields")) +
	       json_array_size(json_object_get(definition, "gates"));
}

/* ---- required fields ---- */

/* {"fact": "assignee", "present": true}, or of "features.<name>" the feature; NULL: memory is out. */
static json_t *presence_test(const char *field)
{
	static const char prefix[] = "features.";
	bool feature = strncmp(field, prefix, sizeof prefix - 1) == 0;

	return json_pack("{s:s,s:b}", feature ? "feature" : "fact",
		feature ? field + sizeof prefix - 1 : field, "present", 1);
}

static bool read_field(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_gate *out)
{
	struct diag *diag = draft->predicates.diag;
	const char *field = json_string_value(json);
	json_t *test;
	char *copy;
	bool ok;

	if (!field || json_string_length(json) == 0 ||
		json_string_length(json) > CATALOG_MAX_NAME + sizeof "features.") {
		diag_add(diag, pointer,
			"A field is a fact such as \"estimate\", or \"features.<name>\".");
		return false;
	}
	copy = arena_strdup(draft->predicates.arena, str_from(field));
	test = presence_test(field);
	if (!copy || !test) {
		json_decref(test);
		return false;
	}
	out->id = str_from(copy);
	ok = predicate_read(
		&draft->predicates, test, pointer, &out->requires.tests, &out->requires.count);
	json_decref(test);
	return ok;
}

static bool read_fields(struct contract_draft *draft, const json_t *list, const char *pointer,
	const struct contract_gate *common)
{
	struct diag *diag = draft->predicates.diag;
	bool ok = true;

	if (json_is_given(list) && !json_is_array(list)) {
		diag_add(diag, pointer, "This must be a list of fields.");
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct contract_gate *gate = &draft->gates[draft->gate_count++];

		*gate = *common;
		ok &= read_field(
			draft, json_array_get(list, i), diag_index(diag, pointer, i), gate);
	}
	return ok;
}

/* ---- gates ---- */

static bool read_kinds(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_gate *out)
{
	const struct predicate_reader *reader = &draft->predicates;
	struct diag *diag = reader->diag;
	bool ok = json_read_texts(json, "kinds", CATALOG_MAX_VOCABULARY, CATALOG_MAX_NAME, pointer,
		diag, reader->arena, &out->kinds, &out->kind_count);

	for (size_t i = 0; ok && !reader->stored && i < out->kind_count; i++) {
		if (catalog_kind(reader->catalog, out->kinds[i]) >= 0)
			continue;
		diag_add(diag, diag_index(diag, diag_key(diag, pointer, "kinds"), i),
			"This workspace has no kind \"%.*s\".", STR_ARG(out->kinds[i]));
		ok = false;
	}
	return ok;
}

static bool read_statuses(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_gate *out)
{
	const struct predicate_reader *reader = &draft->predicates;
	struct diag *diag = reader->diag;
	bool ok = json_read_texts(json, "statuses", CATALOG_MAX_VOCABULARY, CATALOG_MAX_NAME,
		pointer, diag, reader->arena, &out->statuses, &out->status_count);

	for (size_t i = 0; ok && !reader->stored && i < out->status_count; i++) {
		const struct status_definition *status =
			catalog_status(reader->catalog, out->statuses[i]);

		if (status && status->class == out->guards)
			continue;
		diag_add(diag, diag_index(diag, diag_key(diag, pointer, "statuses"), i),
			"This workspace has no status \"%.*s\" of class %s.",
			STR_ARG(out->statuses[i]),
			out->guards == STATUS_ACTIVE ? "active" : "done");
		ok = false;
	}
	return ok;
}

static bool is_taken(const struct contract_draft *draft, const struct contract_gate *gate)
{
	for (size_t i = 0; &draft->gates[i] < gate; i++) {
		const struct contract_gate *other = &draft->gates[i];

		if (other->guards == gate->guards && str_eq(other->stream, gate->stream) &&
			str_eq(other->id, gate->id))
			return true;
	}
	return false;
}

static bool read_gate(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_gate *out)
{
	static const char *const keys[] = {
		"id", "requires", "reason", "kinds", "statuses", "mode", NULL};
	struct diag *diag = draft->predicates.diag;
	bool ok;
	int mode;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A gate is an object with id, requires and reason.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= contract_read_id(draft, json, pointer, &out->id);
	if (ok && is_taken(draft, out)) {
		diag_add(diag, diag_key(diag, pointer, "id"),
			"This definition has a gate or a field of this name already.");
		ok = false;
	}
	ok &= json_read_text(json, "reason", 1, CONTRACT_MAX_REASON, true, pointer, diag,
		draft->predicates.arena, &out->reason);
	ok &= read_kinds(draft, json, pointer, out);
	ok &= read_statuses(draft, json, pointer, out);
	ok &= catalog_read_choice(json, "mode", mode_names, 0, pointer, diag, &mode);
	out->warn = mode == 1;
	if (!json_has(json, "requires")) {
		diag_add(diag, diag_key(diag, pointer, "requires"), "This field is required.");
		return false;
	}
	ok &= predicate_read(&draft->predicates, json_object_get(json, "requires"),
		diag_key(diag, pointer, "requires"), &out->requires.tests, &out->requires.count);
	return ok;
}

static bool read_gates(struct contract_draft *draft, const json_t *list, const char *pointer,
	const struct contract_gate *common)
{
	struct diag *diag = draft->predicates.diag;
	bool ok = true;

	if (json_is_given(list) && !json_is_array(list)) {
		diag_add(diag, pointer, "This must be a list of gates.");
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct contract_gate *gate = &draft->gates[draft->gate_count++];

		*gate = *common;
		ok &= read_gate(draft, json_array_get(list, i), diag_index(diag, pointer, i), gate);
	}
	return ok;
}

bool contract_read_definition(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct str stream, enum status_class guards)
{
	static const char *const keys[] = {"fields", "gates", NULL};
	struct diag *diag = draft->predicates.diag;
	const struct contract_gate common = {.stream = stream, .guards = guards};
	bool ok;

	if (!json_is_given(json))
		return true;
	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A definition is an object with fields and gates.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= read_fields(
		draft, json_object_get(json, "fields"), diag_key(diag, pointer, "fields"), &common);
	ok &= read_gates(
		draft, json_object_get(json, "gates"), diag_key(diag, pointer, "gates"), &common);
	return ok;
}

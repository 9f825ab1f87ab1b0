/*
 * Contracts in the catalogue: which one is in force, what it says of a stream, what it reads, and how its
 * predicates are made ready for a population (as policies are, docs/adr/0009-bound-models-and-policies.md).
 */

#include "codec/catalog_internal.h"
#include "codec/contract.h"

/* ---- which one ---- */

const struct contract_version *catalog_contract(const struct catalog *catalog, int64_t version)
{
	if (version < 1 || (uint64_t)version > catalog->contract_count)
		return NULL;
	return &catalog->contracts[version - 1];
}

const struct contract_alias *catalog_contract_alias(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->contract_alias_count; i++) {
		if (str_eq(catalog->contract_aliases[i].name, name))
			return &catalog->contract_aliases[i];
	}
	return NULL;
}

const struct contract_version *catalog_contract_active(const struct catalog *catalog)
{
	const struct contract_alias *alias = catalog_contract_alias(catalog, STR("active"));

	return alias ? catalog_contract(catalog, alias->contract) : NULL;
}

/* ---- what it says ---- */

const struct contract_stream *contract_stream(
	const struct contract_version *contract, struct str name)
{
	for (size_t i = 0; contract && i < contract->stream_count; i++) {
		if (str_eq(contract->streams[i].name, name))
			return &contract->streams[i];
	}
	return NULL;
}

const struct contract_view *contract_view(const struct contract_version *contract, struct str name)
{
	for (size_t i = 0; contract && i < contract->view_count; i++) {
		if (str_eq(contract->views[i].name, name))
			return &contract->views[i];
	}
	return NULL;
}

static bool has_word(const struct str *words, size_t count, struct str word)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(words[i], word))
			return true;
	}
	return false;
}

bool contract_mirrors(const struct contract_version *contract, struct str source)
{
	return has_word(contract->mirrors, contract->mirror_count, source);
}

bool contract_gate_guards(const struct contract_gate *gate, const struct catalog *catalog,
	struct str stream, struct str kind, struct str status)
{
	const struct status_definition *definition = catalog_status(catalog, status);

	if (!definition || definition->class != gate->guards || !str_eq(gate->stream, stream))
		return false;
	if (gate->kind_count > 0 && !has_word(gate->kinds, gate->kind_count, kind))
		return false;
	return gate->status_count == 0 || has_word(gate->statuses, gate->status_count, status);
}

/* ---- what it reads ---- */

static bool tests_columns(const struct predicate *predicate, column_visit *visit, void *self)
{
	uint32_t column;

	for (size_t i = 0; i < predicate->count; i++) {
		if (test_column(&predicate->tests[i], &column) && !visit(self, column))
			return false;
	}
	return true;
}

static bool view_columns(const struct contract_view *view, column_visit *visit, void *self)
{
	for (size_t i = 0; i < view->measure_count; i++) {
		if (!visit(self, view->measures[i]))
			return false;
	}
	return tests_columns(&view->when, visit, self);
}

bool contract_columns(const struct contract_version *contract, column_visit *visit, void *self)
{
	for (size_t i = 0; i < contract->gate_count; i++) {
		if (!tests_columns(&contract->gates[i].requires, visit, self))
			return false;
	}
	for (size_t i = 0; i < contract->view_count; i++) {
		if (!view_columns(&contract->views[i], visit, self))
			return false;
	}
	return tests_columns(&contract->visible, visit, self) &&
	       tests_columns(&contract->risky, visit, self);
}

static bool is_other(void *self, uint32_t column)
{
	return column != *(const uint32_t *)self;
}

bool contract_reads(const struct contract_version *contract, uint32_t feature)
{
	return !contract_columns(contract, is_other, &feature);
}

/* ---- for one population ---- */

struct binding {
	const struct catalog *catalog;
	const uint32_t *symbols; /* by word */
	struct arena *arena;
};

static bool bind(const struct binding *binding, struct predicate *predicate)
{
	return predicate->count == 0 ||
	       predicate_bind(predicate->tests, predicate->count, binding->catalog,
		       binding->symbols, binding->arena, &predicate->tests);
}

static bool bind_gates(const struct binding *binding, struct contract_version *out)
{
	struct contract_gate *gates = arena_array(binding->arena, out->gate_count, sizeof *gates);

	if (!gates)
		return false;
	for (size_t i = 0; i < out->gate_count; i++) {
		gates[i] = out->gates[i];
		if (!bind(binding, &gates[i].requires))
			return false;
	}
	out->gates = gates;
	return true;
}

static bool bind_views(const struct binding *binding, struct contract_version *out)
{
	struct contract_view *views = arena_array(binding->arena, out->view_count, sizeof *views);

	if (!views)
		return false;
	for (size_t i = 0; i < out->view_count; i++) {
		views[i] = out->views[i];
		if (!bind(binding, &views[i].when))
			return false;
	}
	out->views = views;
	return true;
}

bool contract_bind(const struct contract_version *contract, const struct catalog *catalog,
	const struct word_lookup *words, struct arena *arena, struct contract_version *out)
{
	uint32_t *symbols = arena_array(arena, contract->word_count, sizeof *symbols);
	const struct binding binding = {catalog, symbols, arena};

	if (!symbols)
		return false;
	for (size_t i = 0; i < contract->word_count; i++)
		symbols[i] = words->symbol(words->self, contract->words[i]);
	*out = *contract;
	return bind_gates(&binding, out) && bind_views(&binding, out) &&
	       bind(&binding, &out->visible) && bind(&binding, &out->risky);
}

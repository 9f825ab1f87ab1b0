/*
 * Who uses a feature or a calendar: what would lose its meaning if that were deleted. Versions that no alias
 * names stay readable by the definitions that they pin, so they do not count.
 */
#include "codec/catalog_internal.h"
#include "codec/recurrence.h"
#include "codec/contract.h"
#include "codec/json.h"

struct user_list {
	struct arena *arena;
	struct str *texts;
	size_t count;
	bool no_memory;
};

static void add_user(struct user_list *list, char *text)
{
	if (!text)
		list->no_memory = true;
	else
		list->texts[list->count++] = str_from(text);
}

/* A checked mapping: rules set features by name, thresholds name one each. */
static bool tree_sets(const json_t *mapping, struct str name)
{
	const json_t *rules = json_object_get(mapping, "rules");
	const json_t *thresholds = json_object_get(mapping, "thresholds");

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *set = json_object_get(json_array_get(rules, i), "set");

		if (json_object_getn(json_object_get(set, "features"), name.ptr, name.len))
			return true;
	}
	for (size_t i = 0; i < json_array_size(thresholds); i++) {
		const json_t *feature = json_object_get(json_array_get(thresholds, i), "feature");

		if (str_is(name, json_string_value(feature)))
			return true;
	}
	return false;
}

static enum error mapping_sets(
	struct arena *arena, const struct mapping *mapping, struct str name, bool *out)
{
	struct diag diag;
	json_t *json = NULL;
	enum error err;

	diag_init(&diag, arena);
	err = json_parse(mapping->body, 1, "", &diag, &json);
	if (err)
		return err == ERR_NO_MEMORY ? err : ERR_INTERNAL;
	*out = tree_sets(json, name);
	json_decref(json);
	return ERR_OK;
}

static void add_models(struct user_list *list, const struct catalog *catalog, uint32_t column)
{
	for (size_t i = 0; i < catalog->alias_count; i++) {
		const struct alias *alias = &catalog->aliases[i];
		const struct model_version *model = catalog_model(catalog, alias->model);

		if (model && model_reads(model, column))
			add_user(list, arena_printf(list->arena, "model %lld (%.*s)",
					       (long long)alias->model, STR_ARG(alias->name)));
	}
}

static const struct policy_version *aliased_policy(
	const struct catalog *catalog, const struct policy_alias *alias)
{
	return alias->policy > 0 ? catalog_policy(catalog, alias->policy) : NULL;
}

static void add_policy(struct user_list *list, const struct policy_alias *alias)
{
	add_user(list, arena_printf(list->arena, "policy %lld (%.*s)", (long long)alias->policy,
			       STR_ARG(alias->name)));
}

static void add_policies(struct user_list *list, const struct catalog *catalog, uint32_t column)
{
	for (size_t i = 0; i < catalog->policy_alias_count; i++) {
		const struct policy_alias *alias = &catalog->policy_aliases[i];
		const struct policy_version *policy = aliased_policy(catalog, alias);

		if (policy && policy_reads(policy, column))
			add_policy(list, alias);
	}
}

static bool slas_read_feature(const struct sla_rules *slas, uint32_t feature)
{
	if (!slas)
		return false;
	for (size_t i = 0; i < slas->watched_count; i++) {
		if (slas->watched[i] == feature)
			return true;
	}
	return policy_reads(&slas->when, feature);
}

static bool sets_feature(const struct recurrence *recurrence, struct str name)
{
	for (size_t i = 0; i < recurrence->feature_count; i++) {
		if (str_eq(recurrence->features[i], name))
			return true;
	}
	return false;
}

bool catalog_rules_read(const struct catalog *catalog, uint32_t feature)
{
	for (size_t i = 0; i < catalog->contract_count; i++) {
		if (contract_reads(&catalog->contracts[i], feature))
			return true;
	}
	for (size_t i = 0; i < catalog->recurrence_count; i++) {
		if (sets_feature(&catalog->recurrences[i], catalog->features[feature].name))
			return true;
	}
	return slas_read_feature(catalog->slas, feature);
}

static void add_contracts(struct user_list *list, const struct catalog *catalog, uint32_t column)
{
	for (size_t i = 0; i < catalog->contract_alias_count; i++) {
		const struct contract_alias *alias = &catalog->contract_aliases[i];
		const struct contract_version *contract =
			catalog_contract(catalog, alias->contract);

		if (contract && contract_reads(contract, column))
			add_user(list, arena_printf(list->arena, "contract %lld (%.*s)",
					       (long long)alias->contract, STR_ARG(alias->name)));
	}
}

static void add_recurrences(
	struct user_list *list, const struct catalog *catalog, struct str feature)
{
	for (size_t i = 0; i < catalog->recurrence_count; i++) {
		const struct recurrence *recurrence = &catalog->recurrences[i];

		if (sets_feature(recurrence, feature))
			add_user(list, arena_printf(list->arena, "recurrence %.*s",
					       STR_ARG(recurrence->name)));
	}
}

enum error catalog_feature_users(const struct catalog *catalog,
	const struct feature_definition *feature, struct arena *arena, const struct str **users,
	size_t *count)
{
	struct user_list list = {.arena = arena};

	list.texts = arena_array(arena,
		catalog->alias_count + catalog->policy_alias_count + catalog->contract_alias_count +
			catalog->mapping_count + catalog->recurrence_count + 1,
		sizeof *list.texts);
	if (!list.texts)
		return ERR_NO_MEMORY;
	add_models(&list, catalog, feature->id);
	add_policies(&list, catalog, feature->id);
	add_contracts(&list, catalog, feature->id);
	add_recurrences(&list, catalog, feature->name);
	if (slas_read_feature(catalog->slas, feature->id))
		add_user(&list, arena_printf(arena, "the SLA rules"));
	for (size_t i = 0; i < catalog->mapping_count; i++) {
		const struct mapping *mapping = &catalog->mappings[i];
		bool sets = false;
		enum error err = mapping_sets(arena, mapping, feature->name, &sets);

		if (err)
			return err;
		if (sets)
			add_user(&list,
				arena_printf(arena, "mapping %.*s", STR_ARG(mapping->format)));
	}
	*users = list.texts;
	*count = list.count;
	return list.no_memory ? ERR_NO_MEMORY : ERR_OK;
}

static bool freezes_by(const struct policy_version *policy, struct str calendar)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].calendar.ptr && str_eq(policy->rules[i].calendar, calendar))
			return true;
	}
	return false;
}

enum error catalog_calendar_users(const struct catalog *catalog, struct str name,
	struct arena *arena, const struct str **users, size_t *count)
{
	struct user_list list = {.arena = arena};

	list.texts = arena_array(arena, catalog->policy_alias_count, sizeof *list.texts);
	if (!list.texts)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < catalog->policy_alias_count; i++) {
		const struct policy_alias *alias = &catalog->policy_aliases[i];
		const struct policy_version *policy = aliased_policy(catalog, alias);

		if (policy && freezes_by(policy, name))
			add_policy(&list, alias);
	}
	*users = list.texts;
	*count = list.count;
	return list.no_memory ? ERR_NO_MEMORY : ERR_OK;
}

enum error catalog_hours_users(const struct catalog *catalog, struct str name, struct arena *arena,
	const struct str **users, size_t *count)
{
	const struct sla_rules *slas = catalog->slas;
	struct user_list list = {.arena = arena};

	list.texts = arena_array(arena, slas ? slas->rule_count : 0, sizeof *list.texts);
	if (!list.texts)
		return ERR_NO_MEMORY;
	for (size_t i = 0; slas && i < slas->rule_count; i++) {
		const struct sla_rule *rule = &slas->rules[i];

		if (rule->hours.ptr && str_eq(rule->hours, name))
			add_user(&list, arena_printf(arena, "SLA rule %.*s", STR_ARG(rule->id)));
	}
	*users = list.texts;
	*count = list.count;
	return list.no_memory ? ERR_NO_MEMORY : ERR_OK;
}

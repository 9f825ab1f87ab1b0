/*
 * Promotions: what is refused while both sides are known, so that no rule falls silent by itself.
 */
#include "service/promotion.h"

/* Adds a fault for each rule whose band the model has not. */
static void check_bands(const struct policy_version *policy, const struct model_version *model,
	const char *pointer, struct diag *diag)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (!rule->band.ptr || model_has_band(model, rule->band))
			continue;
		diag_add(diag, pointer,
			"Rule \"%.*s\" of policy %lld names the band \"%.*s\", which model %lld "
			"has "
			"not.",
			STR_ARG(rule->id), (long long)policy->version, STR_ARG(rule->band),
			(long long)model->version);
	}
}

static void fault_feature(const char *pointer, const char *what, int64_t version,
	const struct feature_definition *feature, struct diag *diag)
{
	diag_add(diag, pointer, "%s %lld reads the feature \"%.*s\", which was deleted.", what,
		(long long)version, STR_ARG(feature->name));
}

static enum error verdict(const struct diag *diag)
{
	return diag->count > 0 ? ERR_CONFLICT : ERR_OK;
}

enum error promotion_check_model(const struct catalog *catalog, struct str alias,
	const struct model_version *model, struct diag *diag)
{
	const struct policy_version *policy = catalog_policy_named(catalog, STR("active"));

	for (size_t i = 0; i < catalog->feature_count; i++) {
		const struct feature_definition *feature = &catalog->features[i];

		if (feature->deleted && model_reads(model, feature->id))
			fault_feature("/model", "Model", model->version, feature, diag);
	}
	if (policy && str_is(alias, "active"))
		check_bands(policy, model, "/model", diag);
	return verdict(diag);
}

static void check_calendars(
	const struct catalog *catalog, const struct policy_version *policy, struct diag *diag)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (!rule->calendar.ptr || catalog_calendar(catalog, rule->calendar))
			continue;
		diag_add(diag, "/policy",
			"Rule \"%.*s\" of policy %lld freezes by the calendar \"%.*s\", which was "
			"deleted.",
			STR_ARG(rule->id), (long long)policy->version, STR_ARG(rule->calendar));
	}
}

enum error promotion_check_policy(const struct catalog *catalog, struct str alias,
	const struct policy_version *policy, struct diag *diag)
{
	const struct alias *active = catalog_alias(catalog, STR("active"));
	const struct model_version *model = active ? catalog_model(catalog, active->model) : NULL;

	for (size_t i = 0; i < catalog->feature_count; i++) {
		const struct feature_definition *feature = &catalog->features[i];

		if (feature->deleted && policy_reads(policy, feature->id))
			fault_feature("/policy", "Policy", policy->version, feature, diag);
	}
	check_calendars(catalog, policy, diag);
	if (model && str_is(alias, "active"))
		check_bands(policy, model, "/policy", diag);
	return verdict(diag);
}

/*
 * Which columns a model or a policy reads: asked when a feature is deleted, when an old version is
 * promoted again, when a bundle is written, and when it is decided what a reader may see.
 */
#include "codec/catalog_internal.h"

bool test_column(const struct wn_test *test, uint32_t *column)
{
	bool group = test->op == WN_ALL || test->op == WN_ANY || test->op == WN_NOT;

	if (group || (test->of != WN_OF_FEATURE && test->of != WN_OF_DAYS_TO))
		return false;
	*column = test->index;
	return true;
}

bool model_columns(const struct model_version *model, column_visit *visit, void *self)
{
	for (size_t i = 0; i < model->model.term_count; i++) {
		if (!model->term_features[i]->fact && !visit(self, model->model.terms[i].column))
			return false;
	}
	if (!model->components)
		return true;
	for (size_t i = 0; i < model->model.spec.blend->component_count; i++) {
		if (!model_columns(model->components[i], visit, self))
			return false;
	}
	return true;
}

static bool rule_columns(const struct wn_rule *rule, column_visit *visit, void *self)
{
	uint32_t column;

	for (size_t i = 0; i < rule->test_count; i++) {
		if (test_column(&rule->tests[i], &column) && !visit(self, column))
			return false;
	}
	return true;
}

bool policy_columns(const struct policy_version *policy, column_visit *visit, void *self)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!rule_columns(&policy->rules[i].rule, visit, self))
			return false;
	}
	return true;
}

static bool is_other(void *self, uint32_t column)
{
	return column != *(const uint32_t *)self;
}

bool model_reads(const struct model_version *model, uint32_t feature)
{
	return !model_columns(model, is_other, &feature);
}

bool policy_reads(const struct policy_version *policy, uint32_t feature)
{
	return !policy_columns(policy, is_other, &feature);
}

/* ---- sensitive ones ---- */

bool catalog_is_sensitive(const struct catalog *now)
{
	return now->has_sensitive || now->sensitive_fields;
}

static bool is_open(void *self, uint32_t column)
{
	const struct catalog *now = self;

	return column >= now->feature_count || !now->features[column].sensitive;
}

bool model_is_sensitive(const struct model_version *model, const struct catalog *now)
{
	/* The visit only reads it. */
	return !model_columns(model, is_open, (void *)(uintptr_t)now);
}

bool rule_is_sensitive(const struct wn_rule *rule, const struct catalog *now)
{
	return !rule_columns(rule, is_open, (void *)(uintptr_t)now);
}

bool policy_is_sensitive(const struct policy_version *policy, const struct catalog *now)
{
	return !policy_columns(policy, is_open, (void *)(uintptr_t)now);
}

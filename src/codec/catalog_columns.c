/*
 * Which columns a model or a policy reads: asked when a feature is deleted, when it becomes sensitive,
 * when an old version is promoted again, and when a bundle is written.
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
		if (!visit(self, model->model.terms[i].column))
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

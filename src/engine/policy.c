/*
 * Policy: which rule is in force, and which hits which item. What follows from a hit is the business
 * of the decision and of the placement; which rules cannot both hold, that of conflicts.c.
 */
#include "winnow/policy.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "engine/hits.h"

enum { WORD_ROWS = 64 };

bool wn_rule_in_force(const struct wn_rule *rule, double now_s)
{
	return rule->from_s <= now_s && now_s < rule->until_s;
}

static bool looks_at_time(const struct wn_rule *rule)
{
	for (size_t i = 0; i < rule->test_count; i++) {
		const struct wn_test *test = &rule->tests[i];

		if (test->op == WN_ALL || test->op == WN_ANY || test->op == WN_NOT)
			continue;
		if (test->of == WN_OF_AGE_DAYS || test->of == WN_OF_DAYS_TO_DUE ||
			test->of == WN_OF_DAYS_TO ||
			(test->of == WN_OF_NUMBER && test->index == WN_SLA_LEFT))
			return true;
	}
	return false;
}

double wn_rule_settles(const struct wn_rule *rule)
{
	if (isfinite(rule->until_s))
		return rule->until_s;
	return looks_at_time(rule) ? INFINITY : rule->from_s;
}

size_t wn_share_places(const struct wn_rule *rule)
{
	double places = rule->share * (double)rule->rank;
	double whole = floor(places + 0.5);

	/* 0.07 of 100 is 7, though the product is a little more. */
	if (fabs(places - whole) > 1e-9 * fmax(1.0, whole))
		whole = rule->effect == WN_SHARE_LEAST ? ceil(places) : floor(places);
	return (size_t)whole;
}

/* ---- hits ---- */

bool wn_hits_init(const struct wn_policy *policy, const struct wn_population *population,
	double now_s, struct wn_hits *out)
{
	assert(population->block_count <= 1 || population->block_rows % WORD_ROWS == 0);
	*out = (struct wn_hits){
		.rule = calloc(policy->rule_count + 1, sizeof(*out->rule)),
		.rule_count = policy->rule_count,
		.words = (population->rows + WORD_ROWS - 1) / WORD_ROWS,
	};
	if (!out->rule)
		return false;
	for (size_t r = 0; r < policy->rule_count; r++) {
		if (!wn_rule_in_force(&policy->rules[r], now_s))
			continue;
		out->rule[r] = calloc(out->words + 1, sizeof(**out->rule));
		if (!out->rule[r])
			return false;
	}
	return true;
}

void wn_hits_find(const struct wn_policy *policy, const struct wn_rows *rows, size_t first,
	double now_s, struct wn_hits *out)
{
	for (size_t r = 0; r < policy->rule_count; r++) {
		if (out->rule[r])
			wn_predicate_rows(policy->rules[r].tests, policy->rules[r].test_count, rows,
				now_s, out->rule[r] + first / WORD_ROWS);
	}
}

bool wn_policy_apply(const struct wn_policy *policy, const struct wn_population *population,
	double now_s, struct wn_hits *out)
{
	if (!wn_hits_init(policy, population, now_s, out)) {
		wn_hits_release(out);
		return false;
	}
	for (size_t b = 0; b < population->block_count; b++)
		wn_hits_find(
			policy, &population->blocks[b], b * population->block_rows, now_s, out);
	return true;
}

void wn_hits_release(struct wn_hits *hits)
{
	for (size_t r = 0; hits->rule && r < hits->rule_count; r++)
		free(hits->rule[r]);
	free(hits->rule);
	*hits = (struct wn_hits){0};
}

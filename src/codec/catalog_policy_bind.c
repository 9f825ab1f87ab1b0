/*
 * Policies for a ranking: from the workspace's words to the symbols of its rows, from the names of bands
 * to the model's, and from calendars to the window that is open; and at which times the outcome can be
 * another.
 *
 * A stored policy keeps its meaning while the catalogue moves on: a word that left the vocabulary
 * hits nothing, a band that the model has not and a calendar that is gone put a rule out of force.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/catalog_internal.h"

/* ---- predicates ---- */

/* What is deleted is missing on every item, whatever is still stored of it. */
static void hide_deleted(const struct catalog *catalog, struct wn_test *test)
{
	uint32_t column;

	if (test_column(test, &column) && catalog->features[column].deleted)
		test->index = UINT32_MAX;
}

static int compare_symbols(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Lists ascend when bound, in whatever order they were written. */
static bool bind_symbols(struct wn_test *test, const uint32_t *symbols, struct arena *arena)
{
	uint32_t *bound = arena_array(arena, test->count, sizeof *bound);

	if (!bound)
		return false;
	for (size_t i = 0; i < test->count; i++)
		bound[i] = symbols[test->symbols[i] - 1];
	qsort(bound, test->count, sizeof *bound, compare_symbols);
	test->symbols = bound;
	return true;
}

static bool bind_numbers(struct wn_test *test, struct arena *arena)
{
	double *bound = arena_array(arena, test->count, sizeof *bound);

	if (!bound)
		return false;
	memcpy(bound, test->numbers, test->count * sizeof *bound);
	qsort(bound, test->count, sizeof *bound, compare_numbers);
	test->numbers = bound;
	return true;
}

bool predicate_bind(const struct wn_test *tests, size_t count, const struct catalog *catalog,
	const uint32_t *symbols, struct arena *arena, const struct wn_test **out)
{
	struct wn_test *bound = arena_array(arena, count, sizeof *bound);

	if (!bound)
		return false;
	for (size_t i = 0; i < count; i++) {
		bound[i] = tests[i];
		hide_deleted(catalog, &bound[i]);
		if (bound[i].symbols && !bind_symbols(&bound[i], symbols, arena))
			return false;
		if (bound[i].numbers && bound[i].count > 1 && !bind_numbers(&bound[i], arena))
			return false;
	}
	*out = bound;
	return true;
}

/* ---- rules ---- */

static void never(struct wn_rule *rule)
{
	rule->from_s = INFINITY;
	rule->until_s = -INFINITY;
}

static void bind_band(struct str band, const struct wn_model *model, struct wn_rule *out)
{
	for (size_t i = 0; i < model->band_count; i++) {
		if (!str_is(band, model->bands[i].name))
			continue;
		out->band = (uint8_t)i;
		return;
	}
	never(out);
}

static void bind_calendar(
	struct str name, const struct catalog *catalog, double now_s, struct wn_rule *out)
{
	const struct calendar *calendar = catalog_calendar(catalog, name);
	struct str reason;

	if (!calendar || !calendar_open(calendar, now_s, &out->from_s, &out->until_s, &reason))
		never(out);
}

bool policy_bind(const struct policy_version *policy, const struct catalog *catalog,
	const struct wn_model *model, double now_s, const struct word_lookup *words,
	struct arena *arena, struct wn_policy *out)
{
	struct wn_rule *rules = arena_array(arena, policy->rule_count, sizeof *rules);
	uint32_t *symbols = arena_array(arena, policy->word_count, sizeof *symbols);

	if (!rules || !symbols)
		return false;
	for (size_t i = 0; i < policy->word_count; i++)
		symbols[i] = words->symbol(words->self, policy->words[i]);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		rules[i] = rule->rule;
		if (!predicate_bind(rule->rule.tests, rule->rule.test_count, catalog, symbols,
			    arena, &rules[i].tests))
			return false;
		if (rule->band.ptr)
			bind_band(rule->band, model, &rules[i]);
		if (rule->calendar.ptr)
			bind_calendar(rule->calendar, catalog, now_s, &rules[i]);
	}
	*out = (struct wn_policy){.rules = rules, .rule_count = policy->rule_count};
	return true;
}

/* ---- times ---- */

/* Whether it looks at ages or at days to a date: then it settles never, unless its end does that. */
static bool is_changing(const struct wn_rule *rule)
{
	struct wn_rule endless = *rule;

	endless.until_s = INFINITY;
	return wn_rule_settles(&endless) == INFINITY;
}

static void rule_lull(
	const struct policy_rule *rule, const struct catalog *catalog, struct lull *lull)
{
	const struct calendar *calendar =
		rule->calendar.ptr ? catalog_calendar(catalog, rule->calendar) : NULL;
	bool in_force = !rule->calendar.ptr && wn_rule_in_force(&rule->rule, lull->now_s);
	double from_s, until_s;
	struct str reason;

	if (calendar) {
		calendar_lull(calendar, lull);
		in_force = calendar_open(calendar, lull->now_s, &from_s, &until_s, &reason);
	} else if (!rule->calendar.ptr) {
		lull_end(lull, rule->rule.from_s);
		lull_end(lull, rule->rule.until_s);
	}
	if (in_force && is_changing(&rule->rule))
		lull->from_s = lull->until_s = lull->now_s;
}

struct lull ranking_lull(const struct model_version *model, const struct policy_version *policy,
	const struct catalog *catalog, double now_s)
{
	struct lull lull = {now_s, -INFINITY, INFINITY};

	if (wn_model_traits(&model->model) & WN_TRAIT_TIMED)
		lull.from_s = lull.until_s = now_s;
	for (size_t i = 0; policy && i < policy->rule_count; i++)
		rule_lull(&policy->rules[i], catalog, &lull);
	return lull;
}

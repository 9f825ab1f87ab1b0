/*
 * Rules that bar the item, taken off by other values of what they look at; and whether values that nobody
 * tried could do more.
 */
#include "service/counterfactual_parts.h"

/* ---- rules that are taken off ---- */

static void tell_lift(struct seeker *seeker, uint32_t rule, const struct simulation *simulation)
{
	struct counterfactual_lift *told = &seeker->out->lift;

	told->rule[told->rules++] = rule;
	told->inputs = seeker->lift.count;
	for (size_t i = 0; i < seeker->lift.count; i++) {
		const struct lift_change *change = &seeker->lift.change[i];

		told->input[i] = (struct counterfactual_input){
			.feature = &seeker->ranking->catalog->features[change->column],
			.from = ranking_value(seeker->ranking, seeker->row, change->column),
			.to = change->value,
			.any = change->any};
	}
	told->score = simulation->decision.score[seeker->row];
	told->rank_after = simulation->decision.order.rank[seeker->row];
	told->band_after = simulation_band_name(simulation, seeker->row);
	told->met = change_is_met(seeker, &simulation->decision);
}

/* What was decided with other values is looked at from now on. */
static void stand_on(struct seeker *seeker, const struct simulation *simulation)
{
	simulation_release(&seeker->lifted);
	seeker->lifted = *simulation;
	/* It points into itself. */
	seeker->lifted.input.population = &seeker->lifted.population;
	seeker->lifted.input.model = &seeker->lifted.bound_model;
	if (seeker->lifted.input.policy)
		seeker->lifted.input.policy = &seeker->lifted.bound_policy;
	if (seeker->lifted.input.scores)
		seeker->lifted.input.scores = &seeker->lifted.scores;
	seeker->input = &seeker->lifted.input;
	seeker->decision = &seeker->lifted.decision;
}

enum error lift_take_off(struct seeker *seeker, bool *lifted)
{
	uint32_t rule = seeker->out->by;
	struct feature_value values[LIFT_MAX] = {{0}};
	struct simulation simulation;
	enum lift_outcome outcome;
	enum error error;
	bool asked;

	*lifted = false;
	if (!wn_hit(&seeker->decision->hits, rule, seeker->row))
		return ERR_OK; /* it pins another item */
	error = lift_rule(seeker->ranking, seeker->row, &seeker->input->policy->rules[rule],
		seeker->arena, &seeker->lift, &outcome);
	if (error || outcome == LIFT_BARRED)
		return error;
	seeker_bar(seeker, COUNTERFACTUAL_FREE, 0);
	if (outcome == LIFT_UNKNOWN) {
		seeker->out->complete = false;
		return ERR_OK;
	}
	error = change_decide(seeker, values, 0, &simulation, &asked);
	if (error || !asked) {
		simulation_release(&simulation);
		return error;
	}
	*lifted = true;
	tell_lift(seeker, rule, &simulation);
	stand_on(seeker, &simulation);
	return ERR_OK;
}

/* ---- what is left open ---- */

static bool looks_at_values(const struct seeker *seeker, const struct wn_rule *rule)
{
	const struct catalog *catalog = seeker->ranking->catalog;

	for (uint32_t i = 0; i < rule->tests->size; i++) {
		const struct wn_test *test = &rule->tests[i];
		bool of_feature = test->of == WN_OF_FEATURE || test->of == WN_OF_DAYS_TO;

		if (test->op != WN_ALL && test->op != WN_ANY && test->op != WN_NOT && of_feature &&
			test->index < catalog->feature_count &&
			!catalog->features[test->index].deleted)
			return true;
	}
	return false;
}

/* Whether a rule could do more for the item if it hit it, or did not. */
static bool could_help(const struct seeker *seeker, const struct wn_rule *rule, bool hit)
{
	const struct counterfactual_target *target = seeker->target;
	bool of_rank = target->band == WN_BAND_NONE;

	switch (rule->effect) {
	case WN_AT_LEAST_BAND: return !hit && (of_rank || rule->band <= target->band);
	case WN_PIN_TOP: return !hit && of_rank;
	case WN_AT_MOST_BAND: return hit && of_rank;
	case WN_NOT_ABOVE: return hit && of_rank && rule->rank > target->rank;
	default: return false;
	}
}

bool lift_may_be_otherwise(const struct seeker *seeker)
{
	const struct wn_policy *policy = seeker->input->policy;

	if (seeker->out->lift.rules > 0)
		return true;
	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		const struct wn_rule *rule = &policy->rules[r];

		if (wn_rule_in_force(rule, seeker->input->now_s) &&
			could_help(seeker, rule, wn_hit(&seeker->decision->hits, r, seeker->row)) &&
			looks_at_values(seeker, rule))
			return true;
	}
	return false;
}

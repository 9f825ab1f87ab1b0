/*
 * What stands in the way of a target whatever the score is, and else the score that it takes.
 */
#include "service/counterfactual_parts.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- what stands in the way ---- */

void target_look_at_status(struct seeker *seeker)
{
	const struct wn_decision *decision = seeker->decision;
	uint8_t out = decision->out ? decision->out[seeker->row] : WN_NOT_OUT;

	if (!seeker->ranking->candidates[seeker->row])
		seeker_bar(seeker, COUNTERFACTUAL_NOT_RANKED, 0);
	else if (out == WN_OUT_BY_RULE)
		seeker_bar(seeker, COUNTERFACTUAL_BY_RULE, decision->out_by[seeker->row]);
	else if (out != WN_NOT_OUT)
		seeker_bar(seeker, COUNTERFACTUAL_BY_OVERRIDE, decision->out_by[seeker->row]);
}

void target_look_at_bands(struct seeker *seeker)
{
	const struct wn_policy *policy = seeker->input->policy;
	const struct wn_decide_input *input = seeker->input;

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		const struct wn_rule *rule = &policy->rules[r];

		if (!wn_hit(&seeker->decision->hits, r, seeker->row))
			continue;
		if (rule->effect == WN_AT_LEAST_BAND && rule->band < seeker->floor)
			seeker->floor = rule->band;
		if (rule->effect == WN_AT_MOST_BAND &&
			(seeker->cap_rule == WN_ROW_NONE || rule->band > seeker->cap)) {
			seeker->cap = rule->band;
			seeker->cap_rule = r;
		}
	}
	for (uint32_t i = 0; i < input->override_count; i++) {
		const struct wn_override *override = &input->overrides[i];

		if (override->kind != WN_OVERRIDE_BAND || override->row != seeker->row ||
			seeker->decision->fates[i].fate == WN_DEFEATED_BY_OVERRIDE)
			continue;
		seeker->given = override->band;
		seeker->band_override = i;
	}
}

/* The rule that gives the item a band which its score would not. */
static uint32_t lifting_rule(const struct seeker *seeker)
{
	const struct wn_policy *policy = seeker->input->policy;
	const struct wn_decision *decision = seeker->decision;
	uint8_t own = seeker->given != WN_BAND_NONE
			      ? seeker->given
			      : wn_model_band(seeker->input->model, decision->score[seeker->row]);

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (policy->rules[r].effect == WN_AT_LEAST_BAND &&
			wn_hit(&decision->hits, r, seeker->row) && policy->rules[r].band < own &&
			policy->rules[r].band == decision->band[seeker->row])
			return r;
	}
	return WN_ROW_NONE;
}

/* Its band at a score with boosts: as the engine decides it. */
static uint8_t band_at(const struct seeker *seeker, double score)
{
	uint8_t band = seeker->given != WN_BAND_NONE ? seeker->given
						     : wn_model_band(seeker->input->model, score);

	if (band > seeker->floor)
		band = seeker->floor;
	if (seeker->cap_rule != WN_ROW_NONE && band < seeker->cap)
		band = seeker->cap;
	return band;
}

/* A band is out of reach by its cap, or because a person gave another one. */
static void bar_band(struct seeker *seeker, uint8_t wanted)
{
	if (seeker->cap_rule != WN_ROW_NONE && seeker->cap > wanted)
		seeker_bar(seeker, COUNTERFACTUAL_BY_RULE, seeker->cap_rule);
	else if (seeker->given != WN_BAND_NONE)
		seeker_bar(seeker, COUNTERFACTUAL_BY_OVERRIDE, seeker->band_override);
}

/* ---- from a target to a score ---- */

void target_need_band(struct seeker *seeker)
{
	const struct wn_model *model = seeker->input->model;
	uint8_t band = seeker->target->band;

	if (seeker->decision->band[seeker->row] <= band) {
		seeker->out->already = true;
		seeker->out->lifted_by = lifting_rule(seeker);
		return;
	}
	bar_band(seeker, band);
	seeker->out->needed = fmax(model->bands[band].at_least, -DBL_MAX);
}

void target_look_at_places(struct seeker *seeker)
{
	const struct wn_decide_input *input = seeker->input;
	const struct wn_decision *decision = seeker->decision;

	for (uint32_t r = 0; input->policy && r < input->policy->rule_count; r++) {
		const struct wn_rule *rule = &input->policy->rules[r];

		if (rule->effect == WN_NOT_ABOVE && rule->rank > seeker->target->rank &&
			wn_hit(&decision->hits, r, seeker->row)) {
			seeker_bar(seeker, COUNTERFACTUAL_BY_RULE, r);
			return;
		}
	}
	for (uint32_t i = 0; i < input->override_count; i++) {
		const struct wn_override *override = &input->overrides[i];
		bool places =
			override->kind == WN_OVERRIDE_PIN || override->kind == WN_OVERRIDE_BEFORE;

		if (!places || override->row != seeker->row ||
			decision->fates[i].fate != WN_APPLIED)
			continue;
		seeker_bar(seeker, COUNTERFACTUAL_BY_OVERRIDE, i);
		return;
	}
}

uint8_t seeker_tier(const struct wn_decision *decision, uint32_t row)
{
	return decision->tier ? decision->tier[row] : 1;
}

static uint32_t pinning_rule(const struct seeker *seeker, uint32_t row)
{
	const struct wn_policy *policy = seeker->input->policy;

	for (uint32_t r = 0; r < policy->rule_count; r++) {
		if (policy->rules[r].effect == WN_PIN_TOP &&
			wn_hit(&seeker->decision->hits, r, row))
			return r;
	}
	return WN_ROW_NONE;
}

bool seeker_wins_ties(const struct ranking *ranking, uint32_t row, uint32_t other)
{
	const struct wn_population *population = &ranking->population;

	if (population->first_revision[row] != population->first_revision[other])
		return population->first_revision[row] < population->first_revision[other];
	return memcmp(population->id[row], population->id[other], sizeof population->id[row]) < 0;
}

bool seeker_precedes(const struct seeker *seeker, double score, uint32_t other)
{
	const struct wn_decision *decision = seeker->decision;
	uint8_t tier = seeker_tier(decision, seeker->row), band = band_at(seeker, score);

	if (tier != seeker_tier(decision, other))
		return tier < seeker_tier(decision, other);
	if (band != decision->band[other])
		return band < decision->band[other];
	if (isnan(decision->score[other]) || score > decision->score[other])
		return true;
	return score == decision->score[other] &&
	       seeker_wins_ties(seeker->ranking, seeker->row, other);
}

void target_need_before(struct seeker *seeker, uint32_t other)
{
	const struct wn_model *model = seeker->input->model;
	double theirs = seeker->decision->score[other], best = NAN;
	bool exceed = false;

	for (size_t i = 0; i < model->band_count; i++) {
		double score = fmax(model->bands[i].at_least, -DBL_MAX);

		if (seeker_precedes(seeker, score, other) && !(score >= best))
			best = score;
	}
	if (!isnan(theirs) && !(theirs >= best)) {
		double above = nextafter(theirs, INFINITY);

		if (seeker_precedes(seeker, theirs, other))
			best = theirs;
		else if (seeker_precedes(seeker, above, other)) {
			best = theirs;
			exceed = true;
		}
	}
	seeker->out->needed = best;
	seeker->out->exceed = exceed;
	if (!isnan(best))
		return;
	if (seeker_tier(seeker->decision, other) < seeker_tier(seeker->decision, seeker->row))
		seeker_bar(seeker, COUNTERFACTUAL_BY_RULE, pinning_rule(seeker, other));
	else
		bar_band(seeker, seeker->decision->band[other]);
}

uint32_t seeker_holder(const struct seeker *seeker, uint32_t rank)
{
	const struct wn_ranking *order = &seeker->decision->order;
	uint32_t row = order->order[rank - 1];

	return order->carries ? order->carries[row] : row;
}

/*
 * Ranks: a change that puts the item before the holder of one may still leave it behind, since blockers,
 * limits and shares have a say. So places are aimed at until one is met.
 */
#include "service/counterfactual_parts.h"

#include <math.h>

enum { ATTEMPTS = 6 };

static bool falls_short(const struct counterfactual_way *way)
{
	return way->inputs > 0 && !way->met;
}

static uint32_t places_short(const struct seeker *seeker)
{
	const struct counterfactual_way *ways[] = {&seeker->out->single, &seeker->out->pair};
	uint32_t most = 0;

	for (size_t i = 0; i < 2; i++) {
		if (falls_short(ways[i]) && ways[i]->rank_after > seeker->target->rank &&
			ways[i]->rank_after - seeker->target->rank > most)
			most = ways[i]->rank_after - seeker->target->rank;
	}
	return most;
}

/* Of two other items, which stands first by preference. */
static bool goes_first(const struct seeker *seeker, uint32_t row, uint32_t other)
{
	const struct wn_decision *decision = seeker->decision;
	double score = decision->score[row], theirs = decision->score[other];

	if (seeker_tier(decision, row) != seeker_tier(decision, other))
		return seeker_tier(decision, row) < seeker_tier(decision, other);
	if (decision->band[row] != decision->band[other])
		return decision->band[row] < decision->band[other];
	if (isnan(score) || isnan(theirs))
		return isnan(theirs) &&
		       (!isnan(score) || seeker_wins_ties(seeker->ranking, row, other));
	return score > theirs ||
	       (!(score < theirs) && seeker_wins_ties(seeker->ranking, row, other));
}

/* Whether better places take a better preference, from the item's own up, and go on to when it moves.
 * Limits and shares may have it otherwise, and rank rules and overrides of others. */
static bool places_are_in_order(const struct seeker *seeker)
{
	const struct wn_policy *policy = seeker->input->policy;
	uint32_t rank = seeker->decision->order.rank[seeker->row];

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		const struct wn_rule *rule = &policy->rules[r];
		bool counts = rule->effect == WN_LIMIT || rule->effect == WN_SHARE_MOST ||
			      rule->effect == WN_SHARE_LEAST;

		if (counts && !rule->warn && wn_rule_in_force(rule, seeker->input->now_s))
			return false;
	}
	for (uint32_t place = 2; place <= rank; place++) {
		if (goes_first(
			    seeker, seeker_holder(seeker, place), seeker_holder(seeker, place - 1)))
			return false;
	}
	return true;
}

enum place { PLACE_BEYOND, PLACE_TRIED, PLACE_HAD };

/* *place: a change was found that is to put the item before the holder of a rank, or none was
 * (and a bar may say why), or the item is before it as it is and something else keeps it back. */
static enum error seek_place(struct seeker *seeker, uint32_t rank, enum place *place)
{
	const struct counterfactual *out = seeker->out;
	uint32_t holder = seeker_holder(seeker, rank);
	enum error error;

	*place = PLACE_HAD;
	if (seeker_precedes(seeker, seeker->decision->score[seeker->row], holder))
		return ERR_OK;
	*place = PLACE_BEYOND;
	target_need_before(seeker, holder);
	if (seeker_is_barred(seeker) || isnan(out->needed))
		return ERR_OK;
	error = change_seek(seeker);
	if (out->single.inputs > 0 || out->pair.inputs > 0)
		*place = PLACE_TRIED;
	return error;
}

/* What was told before; what has been cut since stays cut. */
static void go_back_to(struct seeker *seeker, const struct counterfactual *last)
{
	bool complete = seeker->out->complete;

	*seeker->out = *last;
	seeker->out->complete &= complete;
}

/* Ranks that are aimed at: what is met lies between one that falls short and a better one that is
 * out of reach. */
struct aim {
	uint32_t rank, falls_short_at, beyond;
	enum counterfactual_bar why; /* it is out of reach */
	uint32_t by;
	bool tried; /* a change; what is told is of that */
	bool met;
};

static enum error try_aim(struct seeker *seeker, struct aim *aim)
{
	struct counterfactual *out = seeker->out, last = *out;
	uint32_t target = seeker->target->rank, missing;
	enum place place;
	enum error error = seek_place(seeker, aim->rank, &place);

	if (error)
		return error;
	if (place == PLACE_BEYOND) {
		aim->why = out->bar;
		aim->by = out->by;
		if (aim->tried)
			go_back_to(seeker, &last);
		seeker_bar(seeker, COUNTERFACTUAL_FREE, 0);
		aim->beyond = aim->rank;
		aim->rank = aim->beyond + (aim->falls_short_at - aim->beyond) / 2;
		return ERR_OK;
	}
	missing = place == PLACE_HAD ? seeker->decision->order.rank[seeker->row] - target
				     : places_short(seeker);
	aim->tried |= place == PLACE_TRIED;
	aim->met = missing == 0;
	aim->falls_short_at = aim->rank;
	aim->rank = aim->rank > aim->beyond + missing ? aim->rank - missing : aim->beyond + 1;
	return ERR_OK;
}

enum error rank_seek(struct seeker *seeker)
{
	struct counterfactual *out = seeker->out;
	struct aim aim = {.rank = seeker->target->rank, .falls_short_at = seeker->target->rank + 1};
	bool in_order = places_are_in_order(seeker);

	for (int attempt = 0; aim.falls_short_at - aim.beyond > 1; attempt++) {
		enum error error;

		if (attempt == ATTEMPTS) {
			out->complete = false;
			return ERR_OK;
		}
		error = try_aim(seeker, &aim);
		if (error || aim.met)
			return error;
	}
	if (aim.why == COUNTERFACTUAL_FREE) {
		out->complete &= in_order;
		return ERR_OK;
	}
	seeker_bar(seeker, aim.why, aim.by);
	seeker->in_doubt = !in_order;
	out->single = out->pair = (struct counterfactual_way){0};
	return ERR_OK;
}

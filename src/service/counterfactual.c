/*
 * From a target to the score that it takes, from that to the smallest change, and back through the
 * whole decision. What the score alone cannot tell (blockers, limits, shares, what a rule says of
 * the changed values) shows in the proof.
 *
 * A rule that bars the item is lifted first, if values of the item can do it. What was decided with
 * those values then takes the ranking's place, and the question is asked again.
 */
#include "service/counterfactual_parts.h"

#include <math.h>

/* Decisions of an answer: as many as go over so many rows, within these. */
enum { DECIDED_ROWS = 1 << 19, LEAST_DECISIONS = 3, MOST_DECISIONS = 12 };

void seeker_bar(struct seeker *seeker, enum counterfactual_bar why, uint32_t by)
{
	seeker->out->bar = why;
	seeker->out->by = by;
}

bool seeker_is_barred(const struct seeker *seeker)
{
	return seeker->out->bar != COUNTERFACTUAL_FREE;
}

static enum error find_at(struct seeker *seeker)
{
	const struct wn_ranking *order = &seeker->decision->order;

	target_look_at_status(seeker);
	if (seeker_is_barred(seeker))
		return ERR_OK;
	target_look_at_bands(seeker);
	if (seeker->target->band == WN_BAND_NONE &&
		order->rank[seeker->row] <= seeker->target->rank) {
		seeker->out->already = true;
		return ERR_OK;
	}
	if (seeker->target->band == WN_BAND_NONE)
		target_look_at_places(seeker);
	else
		target_need_band(seeker);
	if (seeker_is_barred(seeker) || seeker->out->already)
		return ERR_OK;
	if (wn_model_traits(seeker->input->model) & WN_TRAIT_RELATIVE) {
		seeker_bar(seeker, COUNTERFACTUAL_RELATIVE, 0);
		seeker->out->needed = NAN;
		return ERR_OK;
	}
	if (!change_find_levers(seeker))
		return ERR_BUDGET;
	return seeker->target->band == WN_BAND_NONE ? rank_seek(seeker) : change_seek(seeker);
}

static void ask_again(struct seeker *seeker)
{
	seeker->floor = seeker->given = WN_BAND_NONE;
	seeker->cap_rule = WN_ROW_NONE;
	seeker->in_doubt = false;
	seeker->out->needed = NAN;
	seeker->out->exceed = false;
}

static bool is_found(const struct counterfactual *out)
{
	return out->already || out->lift.met || out->single.met || out->pair.met;
}

static enum error find(struct seeker *seeker)
{
	struct counterfactual *out = seeker->out;
	enum error error = find_at(seeker);

	while (!error && out->bar == COUNTERFACTUAL_BY_RULE) {
		bool lifted;

		/* Rules may take turns. */
		if (out->lift.rules == COUNTERFACTUAL_LIFTS) {
			seeker_bar(seeker, COUNTERFACTUAL_FREE, 0);
			out->complete = false;
			break;
		}
		error = lift_take_off(seeker, &lifted);
		if (error || !lifted || out->lift.met)
			break;
		ask_again(seeker);
		error = find_at(seeker);
	}
	if (seeker_is_barred(seeker) && seeker->in_doubt) {
		seeker_bar(seeker, COUNTERFACTUAL_FREE, 0);
		out->complete = false;
	}
	/* What is in the way stays there, whatever else was lifted. */
	if (seeker_is_barred(seeker) && out->bar != COUNTERFACTUAL_RELATIVE)
		out->lift = (struct counterfactual_lift){0};
	if (!seeker_is_barred(seeker) && !is_found(out) && lift_may_be_otherwise(seeker))
		out->complete = false;
	return error;
}

static size_t decisions_of(const struct ranking *ranking)
{
	size_t decisions = ranking->rows > 0 ? DECIDED_ROWS / ranking->rows : MOST_DECISIONS;

	return decisions < LEAST_DECISIONS  ? LEAST_DECISIONS
	       : decisions > MOST_DECISIONS ? MOST_DECISIONS
					    : decisions;
}

enum error counterfactual_find(const struct ranking *ranking, uint32_t row,
	const struct counterfactual_target *target, struct arena *arena, struct counterfactual *out)
{
	struct seeker seeker = {
		.ranking = ranking,
		.input = &ranking->input,
		.decision = &ranking->decision,
		.decisions = target->decisions > 0 ? target->decisions : decisions_of(ranking),
		.row = row,
		.target = target,
		.arena = arena,
		.out = out,
		.floor = WN_BAND_NONE,
		.cap_rule = WN_ROW_NONE,
		.given = WN_BAND_NONE,
		.effort = {.left = WN_EFFORT_USUAL},
	};
	enum error error;

	*out = (struct counterfactual){.lifted_by = WN_ROW_NONE, .needed = NAN, .complete = true};
	error = find(&seeker);
	simulation_release(&seeker.lifted);
	return error;
}

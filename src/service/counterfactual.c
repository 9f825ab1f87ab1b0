/*
 * From a target to the score that it takes, from that to the smallest change, and back through the
 * whole decision. What the score alone cannot tell (blockers, limits, shares, what a rule says of
 * the changed values) shows in the proof.
 *
 * A rule that bars the item is lifted first, if values of the item can do it. What was decided with
 * those values then takes the ranking's place, and the question is asked again.
 */
#include "service/counterfactual.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { ATTEMPTS = 6, NUDGES = 64 };
/* Decisions of an answer: as many as go over so many rows, within these. */
enum { DECIDED_ROWS = 1 << 19, LEAST_DECISIONS = 3, MOST_DECISIONS = 12 };

struct seeker {
	const struct ranking *ranking;
	const struct wn_decide_input *input; /* the ranking's, or with what was lifted */
	const struct wn_decision *decision;  /* of that */
	struct lift lift;
	struct simulation lifted;
	size_t decisions; /* that are left */
	bool in_doubt;    /* what bars it may be passed by */
	uint32_t row;
	const struct counterfactual_target *target;
	struct arena *arena;
	struct counterfactual *out;
	uint8_t floor, cap;     /* bands that rules leave: not worse than, not better than */
	uint32_t cap_rule;      /* WN_ROW_NONE: none */
	uint8_t given;          /* by a band override; WN_BAND_NONE: the score's */
	uint32_t band_override; /* its index */
	const struct feature_definition **features; /* by lever */
	struct wn_lever *levers;
	size_t lever_count;
	struct wn_effort effort;
};

static void bar(struct seeker *seeker, enum counterfactual_bar why, uint32_t by)
{
	seeker->out->bar = why;
	seeker->out->by = by;
}

static bool is_barred(const struct seeker *seeker)
{
	return seeker->out->bar != COUNTERFACTUAL_FREE;
}

/* ---- what stands in the way ---- */

static void look_at_status(struct seeker *seeker)
{
	const struct wn_decision *decision = seeker->decision;
	uint8_t out = decision->out ? decision->out[seeker->row] : WN_NOT_OUT;

	if (!seeker->ranking->candidates[seeker->row])
		bar(seeker, COUNTERFACTUAL_NOT_RANKED, 0);
	else if (out == WN_OUT_BY_RULE)
		bar(seeker, COUNTERFACTUAL_BY_RULE, decision->out_by[seeker->row]);
	else if (out != WN_NOT_OUT)
		bar(seeker, COUNTERFACTUAL_BY_OVERRIDE, decision->out_by[seeker->row]);
}

static void look_at_bands(struct seeker *seeker)
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
		bar(seeker, COUNTERFACTUAL_BY_RULE, seeker->cap_rule);
	else if (seeker->given != WN_BAND_NONE)
		bar(seeker, COUNTERFACTUAL_BY_OVERRIDE, seeker->band_override);
}

/* ---- from a target to a score ---- */

static void need_band(struct seeker *seeker)
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

/* What keeps the item from the rank whatever its score is. */
static void look_at_places(struct seeker *seeker)
{
	const struct wn_decide_input *input = seeker->input;
	const struct wn_decision *decision = seeker->decision;

	for (uint32_t r = 0; input->policy && r < input->policy->rule_count; r++) {
		const struct wn_rule *rule = &input->policy->rules[r];

		if (rule->effect == WN_NOT_ABOVE && rule->rank > seeker->target->rank &&
			wn_hit(&decision->hits, r, seeker->row)) {
			bar(seeker, COUNTERFACTUAL_BY_RULE, r);
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
		bar(seeker, COUNTERFACTUAL_BY_OVERRIDE, i);
		return;
	}
}

static uint8_t tier_of(const struct wn_decision *decision, uint32_t row)
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

/* Of items with equal score: who was stored first, then the smaller id. */
static bool wins_ties(const struct ranking *ranking, uint32_t row, uint32_t other)
{
	const struct wn_population *population = &ranking->population;

	if (population->first_revision[row] != population->first_revision[other])
		return population->first_revision[row] < population->first_revision[other];
	return memcmp(population->id[row], population->id[other], sizeof population->id[row]) < 0;
}

/* Whether the item at this score stands before `other` by preference. */
static bool precedes(const struct seeker *seeker, double score, uint32_t other)
{
	const struct wn_decision *decision = seeker->decision;
	uint8_t tier = tier_of(decision, seeker->row), band = band_at(seeker, score);

	if (tier != tier_of(decision, other))
		return tier < tier_of(decision, other);
	if (band != decision->band[other])
		return band < decision->band[other];
	if (isnan(decision->score[other]) || score > decision->score[other])
		return true;
	return score == decision->score[other] && wins_ties(seeker->ranking, seeker->row, other);
}

/* The least score that puts the item before `other`: a preference grows with the score, and changes
 * at the other's score and where bands begin. */
static void need_before(struct seeker *seeker, uint32_t other)
{
	const struct wn_model *model = seeker->input->model;
	double theirs = seeker->decision->score[other], best = NAN;
	bool exceed = false;

	for (size_t i = 0; i < model->band_count; i++) {
		double score = fmax(model->bands[i].at_least, -DBL_MAX);

		if (precedes(seeker, score, other) && !(score >= best))
			best = score;
	}
	if (!isnan(theirs) && !(theirs >= best)) {
		double above = nextafter(theirs, INFINITY);

		if (precedes(seeker, theirs, other))
			best = theirs;
		else if (precedes(seeker, above, other)) {
			best = theirs;
			exceed = true;
		}
	}
	seeker->out->needed = best;
	seeker->out->exceed = exceed;
	if (!isnan(best))
		return;
	if (tier_of(seeker->decision, other) < tier_of(seeker->decision, seeker->row))
		bar(seeker, COUNTERFACTUAL_BY_RULE, pinning_rule(seeker, other));
	else
		bar_band(seeker, seeker->decision->band[other]);
}

/* The row whose preference holds a rank. */
static uint32_t holder_of(const struct seeker *seeker, uint32_t rank)
{
	const struct wn_ranking *order = &seeker->decision->order;
	uint32_t row = order->order[rank - 1];

	return order->carries ? order->carries[row] : row;
}

/* ---- from a score to a change ---- */

static double boosted(const struct seeker *seeker, double score)
{
	const struct wn_decide_input *input = seeker->input;

	for (size_t i = 0; i < input->override_count; i++) {
		if (input->overrides[i].kind == WN_OVERRIDE_BOOST &&
			input->overrides[i].row == seeker->row)
			score += input->overrides[i].delta;
	}
	return score;
}

/* The model's own score that gives the needed one with all boosts, rounding included. */
static double without_boosts(const struct seeker *seeker)
{
	double needed = seeker->out->needed, own = needed - boosted(seeker, 0);

	if (own < needed || own > needed) {
		for (int i = 0; i < NUDGES && boosted(seeker, own) < needed; i++)
			own = nextafter(own, INFINITY);
	}
	return own;
}

/* Whole steps where values are: categories, booleans, and rubrics of a few points. */
static double step_of(const struct feature_definition *feature, const struct wn_term *term)
{
	if (feature->type == FEATURE_CATEGORY || feature->type == FEATURE_BOOLEAN)
		return 1;
	return lift_whole_steps(term->lower, term->upper) ? 1 : 0;
}

/* Its new value keeps a rule away. */
static bool is_lifted(const struct seeker *seeker, uint32_t column)
{
	for (size_t i = 0; i < seeker->lift.count; i++) {
		if (seeker->lift.change[i].column == column)
			return true;
	}
	return false;
}

static void add_lever(
	struct seeker *seeker, const struct wn_term *term, const struct feature_definition *feature)
{
	const struct feature_definition *newest = &seeker->ranking->catalog->features[feature->id];

	for (size_t i = 0; i < seeker->lever_count; i++) {
		if (seeker->levers[i].column == term->column)
			return;
	}
	if (seeker->lever_count == WN_MAX_TERMS)
		return;
	seeker->features[seeker->lever_count] = newest;
	seeker->levers[seeker->lever_count++] = (struct wn_lever){
		.column = term->column,
		.lower = term->lower,
		.upper = term->upper,
		.step = step_of(feature, term),
		.fixed = newest->deleted || newest->sensitive || is_lifted(seeker, term->column),
	};
}

static void add_levers(struct seeker *seeker, const struct model_version *model)
{
	for (size_t i = 0; i < model->model.term_count; i++)
		add_lever(seeker, &model->model.terms[i], model->term_features[i]);
	if (strcmp(wn_model_kind_name(model->model.kind), "blend") != 0)
		return;
	for (size_t i = 0; i < model->model.spec.blend->component_count; i++)
		add_levers(seeker, model->components[i]);
}

static bool find_levers(struct seeker *seeker)
{
	seeker->lever_count = 0;
	seeker->levers = arena_array(seeker->arena, WN_MAX_TERMS, sizeof *seeker->levers);
	seeker->features = arena_array(seeker->arena, WN_MAX_TERMS, sizeof(void *));
	if (!seeker->levers || !seeker->features)
		return false;
	add_levers(seeker, seeker->ranking->model);
	return true;
}

/* ---- the proof ---- */

static bool is_met(const struct seeker *seeker, const struct wn_decision *decision)
{
	if (seeker->target->band != WN_BAND_NONE)
		return decision->order.rank[seeker->row] > 0 &&
		       decision->band[seeker->row] <= seeker->target->band;
	return decision->order.rank[seeker->row] > 0 &&
	       decision->order.rank[seeker->row] <= seeker->target->rank;
}

/* Decides with what is lifted and the first `count` changes more. *asked is false when there have
 * been enough decisions; release in any case. */
static enum error decide(struct seeker *seeker, struct feature_value *values, size_t count,
	struct simulation *simulation, bool *asked)
{
	struct simulation_change item = {
		.row = seeker->row,
		.features = values,
		.feature_count = count + seeker->lift.count,
		.keep_evidence = true,
	};
	struct simulation_request request = {
		.model = seeker->ranking->model,
		.policy = seeker->ranking->policy,
		.changes = &item,
		.change_count = 1,
		.top = 1,
		.without_conflicts = true,
	};

	*simulation = (struct simulation){0};
	*asked = seeker->decisions > 0;
	if (!*asked) {
		seeker->out->complete = false;
		return ERR_OK;
	}
	seeker->decisions--;
	for (size_t i = 0; i < seeker->lift.count; i++) {
		const struct lift_change *change = &seeker->lift.change[i];

		values[count + i] = (struct feature_value){.id = (uint16_t)change->column,
			.cleared = isnan(change->value),
			.number = change->value};
	}
	return simulation_run(seeker->ranking, &request, seeker->arena, simulation);
}

/* Whether the same rules hit the item as without the last changes. */
static bool same_rules(const struct seeker *seeker, const struct simulation *simulation)
{
	const struct wn_policy *policy = seeker->input->policy;

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (wn_hit(&seeker->decision->hits, r, seeker->row) !=
			wn_hit(&simulation->decision.hits, r, seeker->row))
			return false;
	}
	return true;
}

static enum error prove(
	struct seeker *seeker, const struct wn_change *change, struct counterfactual_way *out)
{
	struct feature_value values[2 + LIFT_MAX] = {{0}};
	struct simulation simulation;
	enum error error;
	bool asked;

	*out = (struct counterfactual_way){.inputs = change->inputs, .size = change->size};
	for (size_t i = 0; i < change->inputs; i++) {
		const struct feature_definition *feature = seeker->features[change->lever[i]];

		values[i].id = feature->id;
		values[i].number = change->value[i];
		out->input[i] = (struct counterfactual_input){.feature = feature,
			.from = ranking_value(seeker->ranking, seeker->row, feature->id),
			.to = change->value[i]};
	}
	if (change->inputs == 0)
		return ERR_OK;
	error = decide(seeker, values, change->inputs, &simulation, &asked);
	if (!error && asked) {
		out->score = simulation.decision.score[seeker->row];
		out->rank_after = simulation.decision.order.rank[seeker->row];
		out->band_after = simulation_band_name(&simulation, seeker->row);
		out->met = is_met(seeker, &simulation.decision);
		/* Of other values with such a score, the rules may think better. */
		if (!out->met && !same_rules(seeker, &simulation))
			seeker->out->complete = false;
	} else {
		out->inputs = 0;
	}
	simulation_release(&simulation);
	return error;
}

static enum error seek(struct seeker *seeker)
{
	const struct wn_population *population = seeker->input->population;
	struct wn_counterfactual_input input = {
		.model = seeker->input->model,
		.rows = &population->blocks[seeker->row / BLOCK_ROWS],
		.row = seeker->row % BLOCK_ROWS,
		.now_s = seeker->input->now_s,
		.at_least = without_boosts(seeker),
		.beyond = seeker->out->exceed,
		.levers = seeker->levers,
		.lever_count = seeker->lever_count,
	};
	struct wn_change single, pair;
	enum error error;

	if (!wn_counterfactual(&input, &seeker->effort, &single, &pair))
		return ERR_NO_MEMORY;
	seeker->out->complete &= !seeker->effort.cut;
	error = prove(seeker, &single, &seeker->out->single);
	return error ? error : prove(seeker, &pair, &seeker->out->pair);
}

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

	if (tier_of(decision, row) != tier_of(decision, other))
		return tier_of(decision, row) < tier_of(decision, other);
	if (decision->band[row] != decision->band[other])
		return decision->band[row] < decision->band[other];
	if (isnan(score) || isnan(theirs))
		return isnan(theirs) && (!isnan(score) || wins_ties(seeker->ranking, row, other));
	return score > theirs || (!(score < theirs) && wins_ties(seeker->ranking, row, other));
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
		if (goes_first(seeker, holder_of(seeker, place), holder_of(seeker, place - 1)))
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
	uint32_t holder = holder_of(seeker, rank);
	enum error error;

	*place = PLACE_HAD;
	if (precedes(seeker, seeker->decision->score[seeker->row], holder))
		return ERR_OK;
	*place = PLACE_BEYOND;
	need_before(seeker, holder);
	if (is_barred(seeker) || isnan(out->needed))
		return ERR_OK;
	error = seek(seeker);
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
		bar(seeker, COUNTERFACTUAL_FREE, 0);
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

/* Its own blockers go before it, and rules may let others pass: then a better place is aimed at. As
 * long as there are places left to try, nothing is said to be impossible. */
static enum error seek_rank(struct seeker *seeker)
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
	bar(seeker, aim.why, aim.by);
	seeker->in_doubt = !in_order;
	out->single = out->pair = (struct counterfactual_way){0};
	return ERR_OK;
}

static enum error find_at(struct seeker *seeker)
{
	const struct wn_ranking *order = &seeker->decision->order;

	look_at_status(seeker);
	if (is_barred(seeker))
		return ERR_OK;
	look_at_bands(seeker);
	if (seeker->target->band == WN_BAND_NONE &&
		order->rank[seeker->row] <= seeker->target->rank) {
		seeker->out->already = true;
		return ERR_OK;
	}
	if (seeker->target->band == WN_BAND_NONE)
		look_at_places(seeker);
	else
		need_band(seeker);
	if (is_barred(seeker) || seeker->out->already)
		return ERR_OK;
	if (wn_model_traits(seeker->input->model) & WN_TRAIT_RELATIVE) {
		bar(seeker, COUNTERFACTUAL_RELATIVE, 0);
		seeker->out->needed = NAN;
		return ERR_OK;
	}
	if (!find_levers(seeker))
		return ERR_BUDGET;
	return seeker->target->band == WN_BAND_NONE ? seek_rank(seeker) : seek(seeker);
}

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
	told->met = is_met(seeker, &simulation->decision);
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

/* *lifted: the rule that bars the item no longer hits it, and the question is open again. */
static enum error lift(struct seeker *seeker, bool *lifted)
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
	bar(seeker, COUNTERFACTUAL_FREE, 0);
	if (outcome == LIFT_UNKNOWN) {
		seeker->out->complete = false;
		return ERR_OK;
	}
	error = decide(seeker, values, 0, &simulation, &asked);
	if (error || !asked) {
		simulation_release(&simulation);
		return error;
	}
	*lifted = true;
	tell_lift(seeker, rule, &simulation);
	stand_on(seeker, &simulation);
	return ERR_OK;
}

static void ask_again(struct seeker *seeker)
{
	seeker->floor = seeker->given = WN_BAND_NONE;
	seeker->cap_rule = WN_ROW_NONE;
	seeker->in_doubt = false;
	seeker->out->needed = NAN;
	seeker->out->exceed = false;
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
			!catalog->features[test->index].deleted &&
			!catalog->features[test->index].sensitive)
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

/* Not through the score alone: by values that rules look at, and by others than those that were
 * taken to lift one. What was not found then is not impossible. */
static bool may_be_otherwise(const struct seeker *seeker)
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
			bar(seeker, COUNTERFACTUAL_FREE, 0);
			out->complete = false;
			break;
		}
		error = lift(seeker, &lifted);
		if (error || !lifted || out->lift.met)
			break;
		ask_again(seeker);
		error = find_at(seeker);
	}
	if (is_barred(seeker) && seeker->in_doubt) {
		bar(seeker, COUNTERFACTUAL_FREE, 0);
		out->complete = false;
	}
	/* What is in the way stays there, whatever else was lifted. */
	if (is_barred(seeker) && out->bar != COUNTERFACTUAL_RELATIVE)
		out->lift = (struct counterfactual_lift){0};
	if (!is_barred(seeker) && !is_found(out) && may_be_otherwise(seeker))
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

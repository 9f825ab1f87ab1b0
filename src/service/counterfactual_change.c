/*
 * From the needed score to the smallest change of one input of the model and of two, and the proof: the
 * whole ranking decided again with it.
 */
#include "service/counterfactual_parts.h"

#include <math.h>
#include <string.h>

enum { NUDGES = 64 };

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
	const struct feature_definition *newest;

	/* Nobody writes a fact that a clock gives. */
	if (feature->fact)
		return;
	newest = &seeker->ranking->catalog->features[feature->id];
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
		.fixed = newest->deleted || is_lifted(seeker, term->column),
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

bool change_find_levers(struct seeker *seeker)
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

bool change_is_met(const struct seeker *seeker, const struct wn_decision *decision)
{
	if (seeker->target->band != WN_BAND_NONE)
		return decision->order.rank[seeker->row] > 0 &&
		       decision->band[seeker->row] <= seeker->target->band;
	return decision->order.rank[seeker->row] > 0 &&
	       decision->order.rank[seeker->row] <= seeker->target->rank;
}

enum error change_decide(struct seeker *seeker, struct feature_value *values, size_t count,
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
	error = change_decide(seeker, values, change->inputs, &simulation, &asked);
	if (!error && asked) {
		out->score = simulation.decision.score[seeker->row];
		out->rank_after = simulation.decision.order.rank[seeker->row];
		out->band_after = simulation_band_name(&simulation, seeker->row);
		out->met = change_is_met(seeker, &simulation.decision);
		/* Of other values with such a score, the rules may think better. */
		if (!out->met && !same_rules(seeker, &simulation))
			seeker->out->complete = false;
	} else {
		out->inputs = 0;
	}
	simulation_release(&simulation);
	return error;
}

enum error change_seek(struct seeker *seeker)
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

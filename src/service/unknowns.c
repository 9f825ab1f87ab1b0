/*
 * Which missing values leave bands open: the model's inputs once, then each ranked row whose two ends
 * differ in band.
 */
#include "service/unknowns.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A blend's components have WN_MAX_TERMS each. */
enum { USES_MAX = WN_MAX_TERMS * WN_MAX_COMPONENTS };

static bool is_sum(const struct wn_model *model)
{
	return strcmp(wn_model_kind_name(model->kind), "weighted_sum") == 0;
}

/* The team whose term it is; WN_NO_SYMBOL: everybody's. */
static uint32_t team_of(const struct wn_model *model, size_t term)
{
	const struct wn_weighted_sum_spec *spec = is_sum(model) ? model->spec.weighted_sum : NULL;

	for (size_t a = 0; spec && a < spec->adapter_count; a++) {
		const struct wn_adapter *adapter = &spec->adapters[a];

		if (term >= adapter->first_term && term - adapter->first_term < adapter->term_count)
			return adapter->team;
	}
	return WN_NO_SYMBOL;
}

static bool is_limited(const struct wn_model *model)
{
	const struct wn_weighted_sum_spec *spec = is_sum(model) ? model->spec.weighted_sum : NULL;

	return spec && !isnan(spec->max_influence);
}

static uint32_t input_named(struct unknowns *unknowns, struct str feature)
{
	for (uint32_t i = 0; i < unknowns->input_count; i++) {
		if (str_eq(unknowns->inputs[i].feature, feature))
			return i;
	}
	unknowns->inputs[unknowns->input_count] = (struct unknown_input){.feature = feature};
	return (uint32_t)unknowns->input_count++;
}

static void add_terms(struct unknowns *unknowns, const struct model_version *version,
	const struct wn_model *model)
{
	for (size_t t = 0; t < model->term_count; t++) {
		const struct wn_term *term = &model->terms[t];
		/* What weighs nothing opens nothing. */
		bool weightless = is_sum(model) && term->weight == 0;
		uint32_t team = team_of(model, t);

		if (term->unknown != WN_UNKNOWN_SPAN || weightless)
			continue;
		unknowns->uses[unknowns->use_count++] = (struct unknown_use){
			.term = term,
			.team = team,
			.claims_unknown = team != WN_NO_SYMBOL && is_limited(model),
			.input = input_named(unknowns, version->term_features[t]->name),
		};
	}
}

bool unknowns_init(struct unknowns *out, struct arena *arena, const struct ranking *ranking)
{
	const struct model_version *version = ranking->model;
	const struct wn_model *model = ranking->input.model;
	unsigned traits = wn_model_traits(model);

	*out = (struct unknowns){
		.ranking = ranking,
		.inputs = arena_array(arena, USES_MAX, sizeof *out->inputs),
		.uses = arena_array(arena, USES_MAX, sizeof *out->uses),
		.exact = (traits & WN_TRAIT_EXACT) && !(traits & WN_TRAIT_RELATIVE),
	};
	if (!out->inputs || !out->uses)
		return false;
	if (!version->components) {
		add_terms(out, version, model);
		return true;
	}
	for (size_t i = 0; i < model->spec.blend->component_count; i++)
		add_terms(out, version->components[i], model->spec.blend->components[i].model);
	assert(out->use_count <= USES_MAX);
	return true;
}

bool unknowns_open(const struct ranking *ranking, uint32_t row)
{
	const struct wn_scores *scores = &ranking->decision.evidence;

	return ranking->decision.order.rank[row] > 0 &&
	       wn_model_band(ranking->input.model, scores->lowest[row]) !=
		       wn_model_band(ranking->input.model, scores->highest[row]);
}

/* To the model: a value may be there and count as none all the same. */
static bool is_unknown(const struct unknown_use *use, const struct wn_rows *rows, size_t at)
{
	uint32_t column = use->term->column;

	if (use->claims_unknown && wn_value_evidence(rows, at, column) >= WN_ASSERTED)
		return true;
	return isnan(wn_term_value(use->term, wn_value(rows, at, column)));
}

static int compare_inputs(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

size_t unknowns_of(const struct unknowns *unknowns, uint32_t row, uint32_t *out)
{
	size_t at, count = 0, kept = 0;
	const struct wn_rows *rows = wn_block_of(&unknowns->ranking->population, row, &at);
	uint32_t found[USES_MAX], team = wn_word_of(rows, at, WN_TEAM);

	for (size_t i = 0; i < unknowns->use_count; i++) {
		const struct unknown_use *use = &unknowns->uses[i];

		if (use->team != WN_NO_SYMBOL && use->team != team)
			continue;
		if (is_unknown(use, rows, at))
			found[count++] = use->input;
	}
	/* A feature may be read twice: by a blend's components, or by a team's terms too. */
	if (count > 1)
		qsort(found, count, sizeof *found, compare_inputs);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || found[i] != found[i - 1])
			out[kept++] = found[i];
	}
	return kept;
}

static int compare_counts(const void *a, const void *b)
{
	const struct unknown_input *x = a, *y = b;
	size_t common = x->feature.len < y->feature.len ? x->feature.len : y->feature.len;
	int order;

	if (x->open != y->open)
		return x->open > y->open ? -1 : 1;
	order = memcmp(x->feature.ptr, y->feature.ptr, common);
	return order != 0 ? order
			  : (x->feature.len > y->feature.len) - (x->feature.len < y->feature.len);
}

void unknowns_count(struct unknowns *unknowns, size_t *open)
{
	const struct wn_ranking *order = &unknowns->ranking->decision.order;
	uint32_t found[USES_MAX];

	*open = 0;
	for (size_t i = 0; i < order->count; i++) {
		size_t count;

		if (!unknowns_open(unknowns->ranking, order->order[i]))
			continue;
		(*open)++;
		count = unknowns_of(unknowns, order->order[i], found);
		for (size_t j = 0; j < count; j++) {
			unknowns->inputs[found[j]].open++;
			unknowns->inputs[found[j]].decides += count == 1;
		}
	}
	if (unknowns->input_count > 1)
		qsort(unknowns->inputs, unknowns->input_count, sizeof *unknowns->inputs,
			compare_counts);
}

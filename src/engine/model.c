/*
 * The models' front: finds the kind and hands over to it. Bands are the same for every kind, so
 * they live here.
 */
#include "winnow/model.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/kind.h"

static const struct wn_model_kind *const kinds[] = {
	&wn_kind_weighted_sum,
	&wn_kind_expression,
	&wn_kind_decision_table,
	&wn_kind_pareto,
	&wn_kind_blend,
	&wn_kind_pairwise,
	&wn_kind_fixed_order,
};

const struct wn_model_kind *wn_model_kind_named(const char *name)
{
	if (!name)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	}
	return NULL;
}

const char *wn_model_kind_name(const struct wn_model_kind *kind)
{
	return kind->name;
}

void wn_fault(struct wn_faults *faults, const char *detail, const char *pointer_format, ...)
{
	char pointer[128];
	va_list args;

	va_start(args, pointer_format);
	vsnprintf(pointer, sizeof(pointer), pointer_format, args);
	va_end(args);
	faults->count++;
	faults->fault(faults->self, pointer, detail);
}

static void check_band_name(const struct wn_model *model, size_t i, struct wn_faults *faults)
{
	const char *name = model->bands[i].name;

	if (!name || !*name) {
		wn_fault(faults, "a band needs a name", "/bands/%zu/name", i);
		return;
	}
	for (size_t j = 0; j < i; j++) {
		const char *other = model->bands[j].name;

		if (other && strcmp(other, name) == 0) {
			wn_fault(faults, "another band has the same name", "/bands/%zu/name", i);
			return;
		}
	}
}

static void check_band_threshold(const struct wn_model *model, size_t i, struct wn_faults *faults)
{
	double at_least = model->bands[i].at_least;
	bool last = i + 1 == model->band_count;

	if (last && at_least != -INFINITY) {
		wn_fault(faults,
			"the last band takes every score that is left, so it has no threshold",
			"/bands/%zu/at_least", i);
		return;
	}
	if (!last && !isfinite(at_least)) {
		wn_fault(faults, "must be a finite number", "/bands/%zu/at_least", i);
		return;
	}
	if (i > 0 && model->bands[i - 1].at_least <= at_least)
		wn_fault(faults, "must be less than that of the band before it",
			"/bands/%zu/at_least", i);
}

static void check_bands(const struct wn_model *model, struct wn_faults *faults)
{
	if (model->band_count == 0) {
		wn_fault(faults, "a model needs at least one band", "/bands");
		return;
	}
	if (model->band_count > WN_MAX_BANDS) {
		wn_fault(faults, "a model has at most 32 bands", "/bands");
		return;
	}
	for (size_t i = 0; i < model->band_count; i++) {
		check_band_name(model, i, faults);
		check_band_threshold(model, i, faults);
	}
}

size_t wn_model_check(const struct wn_model *model,
	void (*fault)(void *self, const char *pointer, const char *detail), void *self)
{
	struct wn_faults faults = {.fault = fault, .self = self};

	if (model->kind)
		model->kind->check(model, &faults);
	else
		wn_fault(&faults, "there is no such kind of model", "/kind");
	check_bands(model, &faults);
	return faults.count;
}

/* Time left is as of the ranking, whatever the kind makes of it. */
static bool reads_a_clock(const struct wn_model *model)
{
	for (size_t i = 0; i < model->term_count; i++) {
		if (model->terms[i].column == WN_FACT_COLUMNS + WN_SLA_LEFT)
			return true;
	}
	return false;
}

unsigned wn_model_traits(const struct wn_model *model)
{
	return model->kind->traits(model) | (reads_a_clock(model) ? WN_TRAIT_TIMED : 0);
}

void wn_model_range(const struct wn_model *model, double *lowest, double *highest)
{
	model->kind->range(model, lowest, highest);
}

bool wn_model_score(const struct wn_model *model, const struct wn_population *population,
	double now_s, struct wn_scores out)
{
	if (model->kind->score && wn_model_traits(model) & WN_TRAIT_RELATIVE)
		return model->kind->score(model, population, now_s, out);
	for (size_t b = 0; b < population->block_count; b++) {
		size_t at = b * population->block_rows;

		wn_model_score_rows(model, &population->blocks[b], now_s,
			(struct wn_scores){out.score + at, out.lowest + at, out.highest + at});
	}
	return true;
}

void wn_model_score_rows(const struct wn_model *model, const struct wn_rows *rows, double now_s,
	struct wn_scores out)
{
	model->kind->score_rows(model, rows, now_s, out);
}

size_t wn_model_explain(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_contribution *out)
{
	return model->kind->explain(model, rows, row, now_s, out);
}

/* The contributions below their sum. */
static size_t trace_of_sum(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	static const char *const labels[] = {[WN_CLIP_NONE] = "term",
		[WN_CLIP_SIGNAL] = "max_influence",
		[WN_CLIP_PRINCIPAL] = "principal",
		[WN_CLIP_TEAM] = "team"};
	struct wn_contribution parts[WN_MAX_TERMS];
	size_t count = wn_model_explain(model, rows, row, now_s, parts);

	if (room == 0)
		return 0;
	if (count > room - 1)
		count = room - 1;
	out[0] = (struct wn_step){.label = "+",
		.term = WN_NO_TERM,
		.value = scored.score,
		.lowest = scored.lowest,
		.highest = scored.highest};
	for (size_t i = 0; i < count; i++)
		out[i + 1] = (struct wn_step){.depth = 1,
			.label = labels[parts[i].clip],
			.term = parts[i].term,
			.value = parts[i].contribution,
			.lowest = parts[i].lowest,
			.highest = parts[i].highest,
			.assumed = parts[i].assumed};
	return count + 1;
}

size_t wn_model_trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	if (room > WN_MAX_STEPS)
		room = WN_MAX_STEPS;
	if (model->kind->trace)
		return model->kind->trace(model, rows, row, now_s, scored, out, room);
	return trace_of_sum(model, rows, row, now_s, scored, out, room);
}

uint8_t wn_model_band(const struct wn_model *model, double score)
{
	for (size_t i = 0; i < model->band_count; i++) {
		if (score >= model->bands[i].at_least)
			return (uint8_t)i;
	}
	return WN_BAND_NONE;
}

void wn_model_bands(const struct wn_model *model, const double *scores, size_t rows, uint8_t *bands)
{
	double at_least[WN_MAX_BANDS];
	size_t last = model->band_count - 1;

	for (size_t i = 0; i < last; i++)
		at_least[i] = model->bands[i].at_least;
	/* Thresholds descend, so the band is the number of those that were missed. Counting all of
	 * them has no branch to mispredict. */
	for (size_t row = 0; row < rows; row++) {
		double score = scores[row];
		unsigned missed = 0;

		for (size_t i = 0; i < last; i++)
			missed += score < at_least[i];
		bands[row] = isnan(score) ? (uint8_t)WN_BAND_NONE : (uint8_t)missed;
	}
}

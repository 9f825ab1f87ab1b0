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
	&wn_weighted_sum,
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

void wn_model_range(const struct wn_model *model, double *lowest, double *highest)
{
	model->kind->range(model, lowest, highest);
}

void wn_model_score(const struct wn_model *model, const double *const *columns, size_t column_count,
	size_t rows, struct wn_scores out)
{
	model->kind->score(model, columns, column_count, rows, out);
}

void wn_model_explain(const struct wn_model *model, const double *values, size_t value_count,
	struct wn_contribution *out)
{
	model->kind->explain(model, values, value_count, out);
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

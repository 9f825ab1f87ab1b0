/*
 * The model kind "pairwise": what people said of pairs, as a score. The strengths are fitted once
 * for a whole population (bradley_terry.c) and arrive here as a column.
 */
#include "winnow/pairwise.h"

#include <math.h>

#include "engine/kind.h"

static unsigned traits(const struct wn_model *model)
{
	(void)model;
	return WN_TRAIT_EXACT | WN_TRAIT_LIBM;
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	if (model->term_count > 0)
		wn_fault(faults, "a model of comparisons has no inputs", "/inputs");
}

static void range(const struct wn_model *model, double *lowest, double *highest)
{
	(void)model;
	*lowest = 0.0;
	*highest = 1.0;
}

/* The strength that counts: NaN stays NaN unless the average stands in for it. */
static double strength_of(
	const struct wn_model *model, const struct wn_rows *rows, size_t row, bool *assumed)
{
	double strength = wn_number_of(rows, row, WN_STRENGTH);

	*assumed = isnan(strength) && model->spec.pairwise &&
		   model->spec.pairwise->average_when_unknown;
	return *assumed ? 0.0 : strength;
}

static void score_rows(const struct wn_model *model, const struct wn_rows *rows, double now_s,
	struct wn_scores out)
{
	(void)now_s;
	for (size_t row = 0; row < rows->rows; row++) {
		bool assumed;
		double strength = strength_of(model, rows, row, &assumed);

		out.score[row] = 1.0 / (1.0 + exp(-strength));
		out.lowest[row] = out.highest[row] = out.score[row];
	}
}

static size_t trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	bool assumed;
	double strength = strength_of(model, rows, row, &assumed);
	double error = wn_number_of(rows, row, WN_STRENGTH_ERROR);
	const struct wn_step steps[] = {
		{.label = "1 / (1 + exp(-strength))",
			.term = WN_NO_TERM,
			.value = scored.score,
			.lowest = scored.lowest,
			.highest = scored.highest,
			.assumed = assumed},
		{.depth = 1,
			.label = "strength",
			.term = WN_NO_TERM,
			.value = strength,
			.lowest = strength,
			.highest = strength,
			.assumed = assumed},
		{.depth = 1,
			.label = "standard error",
			.term = WN_NO_TERM,
			.value = error,
			.lowest = error,
			.highest = error},
	};
	size_t count = sizeof steps / sizeof steps[0];

	(void)now_s;
	for (size_t i = 0; i < count && i < room; i++)
		out[i] = steps[i];
	return count < room ? count : room;
}

const struct wn_model_kind wn_kind_pairwise = {
	.name = "pairwise",
	.traits = traits,
	.check = check,
	.range = range,
	.score_rows = score_rows,
	.trace = trace,
};

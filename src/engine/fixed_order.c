/*
 * The model kind "fixed_order": an order that was found before, kept while no model may judge. A row is
 * known by its id alone, so all rows are scored at once.
 */
#include <math.h>
#include <string.h>

#include "engine/kind.h"

static unsigned traits(const struct wn_model *model)
{
	(void)model;
	return WN_TRAIT_RELATIVE | WN_TRAIT_EXACT;
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	const struct wn_fixed_order *fixed = model->spec.fixed;

	if (model->term_count > 0)
		wn_fault(faults, "a fixed order has no inputs", "/inputs");
	for (size_t i = 1; fixed && i < fixed->count; i++) {
		if (memcmp(fixed->id[i - 1], fixed->id[i], sizeof fixed->id[i]) >= 0) {
			wn_fault(faults, "an item has one place", "/items");
			return;
		}
	}
}

static void range(const struct wn_model *model, double *lowest, double *highest)
{
	const struct wn_fixed_order *fixed = model->spec.fixed;

	*lowest = 0.0;
	*highest = fixed && fixed->count > 0 ? (double)fixed->count : 1.0;
}

/* 0: it has none. */
static uint32_t place_of(const struct wn_fixed_order *fixed, const unsigned char id[16])
{
	size_t low = 0, high = fixed ? fixed->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(fixed->id[middle], id, 16);

		if (order == 0)
			return fixed->place[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static bool score(const struct wn_model *model, const struct wn_population *population,
	double now_s, struct wn_scores out)
{
	const struct wn_fixed_order *fixed = model->spec.fixed;

	(void)now_s;
	for (size_t row = 0; row < population->rows; row++) {
		uint32_t place = population->id && population->candidate[row]
					 ? place_of(fixed, population->id[row])
					 : 0;

		out.score[row] = place > 0 ? (double)(fixed->count + 1 - place) : NAN;
		out.lowest[row] = out.highest[row] = out.score[row];
	}
	return true;
}

static size_t trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	(void)model;
	(void)rows;
	(void)row;
	(void)now_s;
	if (room == 0)
		return 0;
	out[0] = (struct wn_step){.label = "place from the end of a kept order",
		.term = WN_NO_TERM,
		.value = scored.score,
		.lowest = scored.lowest,
		.highest = scored.highest};
	return 1;
}

const struct wn_model_kind wn_kind_fixed_order = {
	.name = "fixed_order",
	.traits = traits,
	.check = check,
	.range = range,
	.score = score,
	.trace = trace,
};

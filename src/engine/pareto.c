/*
 * The model kind "pareto" (winnow/pareto.h): gathers the candidates' objectives as unit values, has
 * their fronts found (fronts.c), and orders each front by the chosen place.
 *
 * An unknown that spans counts by its worst end. What the spans leave open is bounded from outside:
 * an item's front is no better than one behind the longest chain of fully known items that dominate
 * it even at its best; and no worse than its front now plus the number of items with unknowns that
 * could come to dominate it. Any chain above an item in any completion has known members, which
 * dominate its worst too, and such items.
 */
#include "winnow/pareto.h"

#include <math.h>
#include <stdlib.h>

#include "engine/fronts.h"
#include "engine/kind.h"

/* The greatest place. 1 - front + place is exact for it with any front of 32 bits, so that rounding
 * never carries an item into the front before. */
static const double last_place = 1.0 - 0x1p-20;

/* ---- check -------------------------------------------------------------------------------------- */

static void check_weights(const struct wn_model *model, struct wn_faults *faults)
{
	bool weighted = false;

	for (size_t i = 0; i < model->term_count; i++) {
		double weight = model->terms[i].weight;

		if (!isfinite(weight) || weight < 0)
			wn_fault(faults, "must be a finite number that is not negative",
				"/terms/%zu/weight", i);
		weighted = weighted || weight != 0;
	}
	if (!weighted)
		wn_fault(faults, "at least one weight must be greater than 0", "/terms");
}

static void check_reference(const struct wn_model *model, struct wn_faults *faults)
{
	const double *reference = model->spec.pareto->reference;

	if (!reference) {
		wn_fault(faults, "the place by Chebyshev's distance needs a reference point",
			"/reference");
		return;
	}
	for (size_t i = 0; i < model->term_count; i++) {
		if (!(reference[i] >= 0 && reference[i] <= 1))
			wn_fault(faults, "must be a number from 0 to 1", "/reference/%zu", i);
	}
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	const struct wn_pareto *spec = model->spec.pareto;

	if (model->term_count < WN_PARETO_MIN_OBJECTIVES ||
		model->term_count > WN_PARETO_MAX_OBJECTIVES) {
		wn_fault(faults, "a Pareto model has two to eight objectives", "/terms");
		return;
	}
	wn_check_inputs(model, faults);
	if (!spec) {
		wn_fault(faults, "a Pareto model says how a front is ordered", "/place");
		return;
	}
	switch (spec->place) {
	case WN_PLACE_CROWDING: return;
	case WN_PLACE_CHEBYSHEV: check_reference(model, faults); break;
	case WN_PLACE_WEIGHTS:
	case WN_PLACE_TOPSIS: break;
	default: wn_fault(faults, "there is no such place", "/place"); return;
	}
	check_weights(model, faults);
}

static unsigned traits(const struct wn_model *model)
{
	for (size_t i = 0; i < model->term_count; i++) {
		if (model->terms[i].unknown == WN_UNKNOWN_SPAN)
			return WN_TRAIT_RELATIVE;
	}
	return WN_TRAIT_RELATIVE | WN_TRAIT_EXACT;
}

static void range(const struct wn_model *model, double *lowest, double *highest)
{
	(void)model;
	*lowest = -INFINITY;
	*highest = 1.0;
}

/* ---- one item ----------------------------------------------------------------------------------- */

/* x lies within the bounds; NaN stays NaN. Never decreases as x gets better, also after rounding. */
static double unit_of(const struct wn_term *term, double x)
{
	double share = (x - term->lower) / (term->upper - term->lower);

	return term->lower_is_better ? 1.0 - share : share;
}

/* True when it was assumed. */
static bool unit_ends(const struct wn_term *term, double value, double *low, double *high)
{
	bool assumed = wn_input_ends(term, value, low, high);

	*low = unit_of(term, *low);
	*high = unit_of(term, *high);
	return assumed;
}

/* Weights by the greatest, so that nothing overflows or vanishes. */
static void scale_weights(const struct wn_model *model, double weights[WN_PARETO_MAX_OBJECTIVES])
{
	double greatest = 0.0;

	for (size_t j = 0; j < model->term_count; j++)
		greatest = fmax(greatest, model->terms[j].weight);
	for (size_t j = 0; j < model->term_count; j++)
		weights[j] = model->terms[j].weight / greatest;
}

static double weighted_mean(const double *weights, const double *units, size_t k)
{
	double sum = 0.0, whole = 0.0;

	for (size_t j = 0; j < k; j++) {
		sum += weights[j] * units[j];
		whole += weights[j];
	}
	return sum / whole;
}

static double nearness(
	const double *weights, const double *reference, const double *units, size_t k)
{
	double distance = 0.0;

	for (size_t j = 0; j < k; j++)
		distance = fmax(distance, weights[j] * (reference[j] - units[j]));
	return 1.0 - distance;
}

/* As 1 / (1 + ratio), which never decreases as a unit value rises, also after rounding. */
static double closeness(const double *weights, const double *units, size_t k)
{
	double from_ideal = 0.0, from_worst = 0.0;

	for (size_t j = 0; j < k; j++) {
		double short_by = weights[j] * (1.0 - units[j]), ahead_by = weights[j] * units[j];

		from_ideal += short_by * short_by;
		from_worst += ahead_by * ahead_by;
	}
	return 1.0 / (1.0 + sqrt(from_ideal) / sqrt(from_worst));
}

/* How a front is ordered, with what it needs. */
struct placing {
	const struct wn_pareto *spec;
	size_t k;
	double weights[WN_PARETO_MAX_OBJECTIVES];
};

static struct placing placing_of(const struct wn_model *model)
{
	struct placing placing = {.spec = model->spec.pareto, .k = model->term_count};

	if (placing.spec->place != WN_PLACE_CROWDING)
		scale_weights(model, placing.weights);
	return placing;
}

/* The place by the item's own values; 0 … last_place. Not for WN_PLACE_CROWDING. */
static double own_place(const struct placing *p, const double *units)
{
	double place = 0.0;

	switch (p->spec->place) {
	case WN_PLACE_CROWDING: break;
	case WN_PLACE_WEIGHTS: place = weighted_mean(p->weights, units, p->k); break;
	case WN_PLACE_CHEBYSHEV:
		place = nearness(p->weights, p->spec->reference, units, p->k);
		break;
	case WN_PLACE_TOPSIS: place = closeness(p->weights, units, p->k); break;
	}
	return fmin(place, last_place);
}

static double crowding_place(double distance)
{
	return fmin(1.0 - 1.0 / (1.0 + distance), last_place);
}

static double score_of(double front, double place)
{
	return (1.0 - front) + place;
}

/* ---- all items ---------------------------------------------------------------------------------- */

/* The candidates that take part. */
struct field {
	size_t k, n;
	uint32_t *rows;
	double *low[WN_PARETO_MAX_OBJECTIVES]; /* unit values, unknowns at their worst */
	double *high[WN_PARETO_MAX_OBJECTIVES];
	uint8_t *open; /* has an unknown that spans */
	size_t open_count;
	uint32_t *front, *best_front; /* at their worst; and no better than this */
	uint32_t *threats; /* open ones that could dominate it, itself counted too if open */
	double *crowding;  /* NULL unless it orders the fronts */
};

static bool field_init(struct field *f, const struct wn_model *model, size_t room)
{
	bool ok;

	*f = (struct field){.k = model->term_count};
	f->rows = reallocarray(NULL, room, sizeof(*f->rows));
	f->open = reallocarray(NULL, room, sizeof(*f->open));
	f->front = reallocarray(NULL, room, sizeof(*f->front));
	ok = f->rows && f->open && f->front;
	for (size_t j = 0; j < f->k; j++) {
		f->low[j] = reallocarray(NULL, room, sizeof(*f->low[j]));
		f->high[j] = reallocarray(NULL, room, sizeof(*f->high[j]));
		ok = ok && f->low[j] && f->high[j];
	}
	if (model->spec.pareto->place == WN_PLACE_CROWDING) {
		f->crowding = reallocarray(NULL, room, sizeof(*f->crowding));
		ok = ok && f->crowding;
	}
	return ok;
}

static void field_release(struct field *f)
{
	free(f->rows);
	free(f->open);
	free(f->front);
	free(f->best_front);
	free(f->threats);
	free(f->crowding);
	for (size_t j = 0; j < f->k; j++) {
		free(f->low[j]);
		free(f->high[j]);
	}
}

/* Adds the row unless an unknown keeps it out. */
static void field_add(struct field *f, const struct wn_model *model, const struct wn_rows *rows,
	size_t at, uint32_t row)
{
	bool open = false;

	for (size_t j = 0; j < f->k; j++) {
		const struct wn_term *term = &model->terms[j];
		double low, high;

		unit_ends(term, wn_value(rows, at, term->column), &low, &high);
		if (isnan(low))
			return;
		f->low[j][f->n] = low;
		f->high[j][f->n] = high;
		open = open || low != high;
	}
	f->rows[f->n] = row;
	f->open[f->n] = open;
	f->open_count += open;
	f->n++;
}

static void gather(
	struct field *f, const struct wn_model *model, const struct wn_population *population)
{
	for (size_t row = 0; row < population->rows; row++) {
		const struct wn_rows *rows;
		size_t at;

		if (!population->candidate[row])
			continue;
		rows = wn_block_of(population, (uint32_t)row, &at);
		field_add(f, model, rows, at, (uint32_t)row);
	}
}

static bool find_fronts(struct field *f)
{
	const double *const *low = (const double *const *)f->low;
	const double *const *high = (const double *const *)f->high;

	if (!wn_pareto_fronts(low, f->k, f->n, f->front))
		return false;
	if (f->crowding && !wn_pareto_crowding(low, f->k, f->n, f->front, f->crowding))
		return false;
	if (f->open_count == 0)
		return true;
	f->best_front = reallocarray(NULL, f->n, sizeof(*f->best_front));
	f->threats = reallocarray(NULL, f->n, sizeof(*f->threats));
	/* Two of the objectives count no fewer than all of them would. */
	return f->best_front && f->threats &&
	       wn_pareto_fronts_beside(high, f->k, f->n, f->open, f->best_front) &&
	       wn_pareto_count_above(high, low, f->n, f->open, f->threats);
}

/* The front that the item is never behind. Its open ones are at most `threats`, less itself. */
static double worst_front(const struct field *f, size_t i)
{
	double front = (double)f->front[i] + f->threats[i] - f->open[i];

	return fmin(front, (double)f->n);
}

static void write_score(
	const struct field *f, size_t i, const struct placing *placing, struct wn_scores out)
{
	double units[2][WN_PARETO_MAX_OBJECTIVES];
	uint32_t row = f->rows[i];
	double low, high, place;

	for (size_t j = 0; j < f->k; j++) {
		units[0][j] = f->low[j][i];
		units[1][j] = f->high[j][i];
	}
	if (f->crowding) {
		place = crowding_place(f->crowding[i]);
		low = f->open_count > 0 ? 0.0 : place;
		high = f->open_count > 0 ? last_place : place;
	} else {
		place = low = own_place(placing, units[0]);
		high = own_place(placing, units[1]);
	}
	out.score[row] = score_of(f->front[i], place);
	if (f->open_count == 0) {
		out.lowest[row] = out.highest[row] = out.score[row];
		return;
	}
	out.lowest[row] = score_of(worst_front(f, i), low);
	out.highest[row] = score_of(f->best_front[i], high);
}

static bool score(const struct wn_model *model, const struct wn_population *population,
	double now_s, struct wn_scores out)
{
	struct placing placing = placing_of(model);
	struct field f;
	size_t candidates = 0;
	bool ok;

	(void)now_s;
	for (size_t row = 0; row < population->rows; row++) {
		candidates += population->candidate[row] != 0;
		out.score[row] = out.lowest[row] = out.highest[row] = NAN;
	}
	if (candidates == 0)
		return true;
	ok = field_init(&f, model, candidates);
	if (!ok)
		goto out;
	gather(&f, model, population);
	if (f.n == 0)
		goto out;
	ok = find_fronts(&f);
	if (!ok)
		goto out;
	for (size_t i = 0; i < f.n; i++)
		write_score(&f, i, &placing, out);
out:
	field_release(&f);
	return ok;
}

/* ---- why ---------------------------------------------------------------------------------------- */

/* A score tells its front: the place is never as much as 1. */
static double front_of(double score)
{
	return 1.0 - floor(score);
}

static struct wn_step trace_place(const struct wn_model *model, struct wn_scored scored,
	const double *low, const double *high)
{
	struct placing placing = placing_of(model);
	struct wn_step step = {.depth = 1, .label = "place", .term = WN_NO_TERM};

	step.value = step.lowest = step.highest = scored.score - floor(scored.score);
	if (isnan(scored.score) || scored.lowest == scored.highest)
		return step;
	if (placing.spec->place == WN_PLACE_CROWDING) {
		step.lowest = 0.0;
		step.highest = last_place;
		return step;
	}
	/* The score's own rounding must not leave the range. */
	step.lowest = fmin(step.value, own_place(&placing, low));
	step.highest = fmax(step.value, own_place(&placing, high));
	return step;
}

static size_t trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	struct wn_step steps[3 + WN_PARETO_MAX_OBJECTIVES];
	double low[WN_PARETO_MAX_OBJECTIVES], high[WN_PARETO_MAX_OBJECTIVES];
	size_t count = 3;

	(void)now_s;
	for (size_t j = 0; j < model->term_count; j++) {
		const struct wn_term *term = &model->terms[j];
		bool assumed =
			unit_ends(term, wn_value(rows, row, term->column), &low[j], &high[j]);

		steps[count++] = (struct wn_step){.depth = 1,
			.label = "objective",
			.term = j,
			.value = low[j],
			.lowest = low[j],
			.highest = high[j],
			.assumed = assumed};
	}
	steps[0] = (struct wn_step){.label = "pareto",
		.term = WN_NO_TERM,
		.value = scored.score,
		.lowest = scored.lowest,
		.highest = scored.highest};
	steps[1] = (struct wn_step){.depth = 1,
		.label = "front",
		.term = WN_NO_TERM,
		.value = front_of(scored.score),
		.lowest = front_of(scored.highest),
		.highest = front_of(scored.lowest)};
	steps[2] = trace_place(model, scored, low, high);
	count = count < room ? count : room;
	for (size_t i = 0; i < count; i++)
		out[i] = steps[i];
	return count;
}

const struct wn_model_kind wn_kind_pareto = {
	.name = "pareto",
	.traits = traits,
	.check = check,
	.range = range,
	.score = score,
	.trace = trace,
};

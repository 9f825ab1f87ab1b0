/*
 * Counterfactuals: what is the least that would have to be different? Every input is a grid of
 * whole numbers, at most 2^20 steps; it is searched coarsely, then more and more finely around the
 * best place found. The model is asked for many variants of the row at once
 * (counterfactual_bench.c), and only for inputs that can do it at all (counterfactual_bounds.c).
 */
#include "winnow/counterfactual.h"

#include <math.h>
#include <string.h>

#include "engine/counterfactual_parts.h"
#include "engine/kind.h"

enum {
	FINEST = 1 << 20,
	SINGLE_STEPS = 1024,
	PAIR_STEPS = 64,
	ZOOM = 32, /* a round is that much finer than the one before, and looks one step around */
};

/* Sizes are equal when they are no farther apart: sums are rounded, grids end. */
static const double same_size = 0x1p-40, same_for_pairs = 0x1p-20;

/* Where one axis is looked at in a round. */
struct window {
	int64_t first, last, stride;
};

static const struct wn_term *term_among(const struct wn_model *model, uint32_t column)
{
	for (size_t i = 0; i < model->term_count; i++) {
		if (model->terms[i].column == column)
			return &model->terms[i];
	}
	return NULL;
}

/* The first input that reads a column; NULL: none does. */
static const struct wn_term *term_of(const struct wn_model *model, uint32_t column)
{
	const struct wn_term *term = NULL;

	if (model->kind != &wn_kind_blend)
		return term_among(model, column);
	for (size_t i = 0; !term && i < model->spec.blend->component_count; i++)
		term = term_among(model->spec.blend->components[i].model, column);
	return term;
}

/* What the value counts as now. */
static double counted(const struct wn_lever *lever, const struct wn_term *term, double value)
{
	double low, high;

	wn_input_ends(term, value, &low, &high);
	if (isnan(low))
		low = term->lower_is_better ? lever->upper : lever->lower;
	return fmin(fmax(low, lever->lower), lever->upper);
}

static void add_axis(struct inquiry *s, size_t i)
{
	const struct wn_lever *lever = &s->input->levers[i];
	const struct wn_term *term = term_of(s->input->model, lever->column);
	double width = lever->upper - lever->lower;
	struct axis axis = {.lever = i, .lower = lever->lower, .upper = lever->upper};

	if (lever->fixed || !term)
		return;
	axis.column = wn_bench_column(s->bench, lever->column);
	axis.old = counted(lever, term, axis.column[0]);
	/* A hair of tolerance, since bounds are whole steps apart but for rounding. */
	axis.last = FINEST;
	axis.unit = width / FINEST;
	if (lever->step > axis.unit) {
		axis.last = (int64_t)floor(width / lever->step + 0x1p-20);
		axis.unit = lever->step;
	}
	s->axes[s->axis_count++] = axis;
}

static double value_at(const struct axis *axis, int64_t k)
{
	double value = axis->lower + (double)k * axis->unit;

	return value > axis->upper || k == FINEST ? axis->upper : value;
}

static double size_at(const struct axis *axis, int64_t k)
{
	return fabs(value_at(axis, k) - axis->old) / (axis->upper - axis->lower);
}

static struct window whole(const struct axis *axis, int64_t steps)
{
	struct window window = {.last = axis->last, .stride = 1};

	while (axis->last / window.stride > steps)
		window.stride *= 2;
	return window;
}

static struct window around(const struct axis *axis, const struct window *window, int64_t k)
{
	int64_t first = k - window->stride, last = k + window->stride;

	return (struct window){
		.first = first > 0 ? first : 0,
		.last = last < axis->last ? last : axis->last,
		.stride = window->stride > ZOOM ? window->stride / ZOOM : 1,
	};
}

static int64_t next_of(const struct window *window, int64_t k)
{
	/* The end itself is looked at too. */
	return k < window->last && k + window->stride > window->last ? window->last
								     : k + window->stride;
}

/* How far a finer round may get below a size of this one. */
static double slack(const struct axis *axis, const struct window *window)
{
	return window->stride == 1
		       ? 0.0
		       : (double)window->stride * axis->unit / (axis->upper - axis->lower);
}

/* A place in the search: one axis or two, and where on them. */
struct place {
	size_t count;
	const struct axis *axis[2];
	struct window window[2];
	int64_t at[2]; /* the best so far */
	double size;   /* INFINITY: nothing so far */
	double score;
	double limit; /* sizes from here on are of no use */
};

struct batch {
	int64_t at[VARIANTS][2];
	double size[VARIANTS];
	size_t used;
};

static bool reaches(const struct wn_counterfactual_input *input, double score)
{
	return input->beyond ? score > input->at_least : score >= input->at_least;
}

static void ask(const struct inquiry *s, struct batch *batch, struct place *place)
{
	struct bench *bench = s->bench;

	if (!wn_effort_spend(s, (batch->used + CALL_ROWS) * s->row_units)) {
		batch->used = 0;
		return;
	}
	for (size_t v = 0; v < batch->used; v++) {
		for (size_t i = 0; i < place->count; i++)
			place->axis[i]->column[v] = value_at(place->axis[i], batch->at[v][i]);
	}
	bench->rows.rows = batch->used;
	wn_model_score_rows(s->input->model, &bench->rows, s->input->now_s,
		(struct wn_scores){bench->score, bench->lowest, bench->highest});
	for (size_t v = 0; v < batch->used; v++) {
		if (batch->size[v] >= place->size - same_size ||
			!reaches(s->input, bench->score[v]))
			continue;
		memcpy(place->at, batch->at[v], sizeof(place->at));
		place->size = batch->size[v];
		place->score = bench->score[v];
	}
	batch->used = 0;
}

static void consider(
	const struct inquiry *s, struct batch *batch, struct place *place, int64_t a, int64_t b)
{
	double size = size_at(place->axis[0], a);

	if (place->count == 2)
		size += size_at(place->axis[1], b);
	if (size >= place->limit || size >= place->size)
		return;
	batch->at[batch->used][0] = a;
	batch->at[batch->used][1] = b;
	batch->size[batch->used] = size;
	if (++batch->used == VARIANTS)
		ask(s, batch, place);
}

static void look(const struct inquiry *s, struct place *place)
{
	const struct window *first = &place->window[0], *second = &place->window[1];
	struct batch batch = {.used = 0};

	for (int64_t a = first->first; a <= first->last && !s->effort->cut; a = next_of(first, a)) {
		if (place->count == 1) {
			consider(s, &batch, place, a, 0);
			continue;
		}
		if (!wn_effort_spend(s, PAIR_STEPS))
			break;
		for (int64_t b = second->first; b <= second->last; b = next_of(second, b))
			consider(s, &batch, place, a, b);
	}
	if (batch.used > 0)
		ask(s, &batch, place);
}

static double total_slack(const struct place *place)
{
	double sum = 0.0;

	for (size_t i = 0; i < place->count; i++)
		sum += slack(place->axis[i], &place->window[i]);
	return sum;
}

/* Looks for a change smaller than `limit`; place->axis and count are given. */
static void search_place(const struct inquiry *s, struct place *place, double limit)
{
	int64_t steps = place->count == 1 ? SINGLE_STEPS : PAIR_STEPS;
	double known[2];

	place->size = INFINITY;
	for (size_t i = 0; i < place->count; i++) {
		known[i] = place->axis[i]->column[0];
		place->window[i] = whole(place->axis[i], steps);
	}
	for (;;) {
		double left = total_slack(place);

		place->limit = limit + left;
		look(s, place);
		if (place->size == INFINITY || left == 0.0 || s->effort->cut)
			break;
		for (size_t i = 0; i < place->count; i++)
			place->window[i] = around(place->axis[i], &place->window[i], place->at[i]);
	}
	for (size_t i = 0; i < place->count; i++) {
		for (size_t v = 0; v < VARIANTS; v++)
			place->axis[i]->column[v] = known[i];
	}
}

static void keep_smaller(const struct place *place, double limit, struct wn_change *change)
{
	if (place->size >= limit)
		return;
	*change = (struct wn_change){
		.inputs = place->count, .size = place->size, .score = place->score};
	for (size_t i = 0; i < place->count; i++) {
		change->lever[i] = place->axis[i]->lever;
		change->value[i] = value_at(place->axis[i], place->at[i]);
	}
}

static double size_of(const struct wn_change *change)
{
	return change->inputs ? change->size : INFINITY;
}

static void search_singles(const struct inquiry *s, struct wn_change *single)
{
	for (size_t i = 0; i < s->axis_count; i++) {
		struct place place = {.count = 1, .axis = {&s->axes[i]}};
		double limit = size_of(single) - same_size;

		if (!s->possible[i][i])
			continue;
		search_place(s, &place, limit);
		keep_smaller(&place, limit, single);
	}
}

static void search_pairs(
	const struct inquiry *s, const struct wn_change *single, struct wn_change *pair)
{
	for (size_t i = 0; i < s->axis_count; i++) {
		for (size_t j = i + 1; j < s->axis_count; j++) {
			struct place place = {.count = 2, .axis = {&s->axes[i], &s->axes[j]}};
			double limit =
				fmin(size_of(single) - same_for_pairs, size_of(pair) - same_size);

			if (!s->possible[i][j])
				continue;
			search_place(s, &place, limit);
			keep_smaller(&place, limit, pair);
		}
	}
}

/* The singles first, so that the pairs cannot use up what they need. False when memory is out. */
static bool search(struct inquiry *s, struct wn_change *single, struct wn_change *pair)
{
	struct bounds *bounds = wn_bounds_new(s);

	if (!bounds)
		return false;
	if (wn_bounds_any(bounds)) {
		wn_bounds_singles(bounds);
		search_singles(s, single);
		wn_bounds_pairs(bounds);
		search_pairs(s, single, pair);
	}
	wn_bounds_free(bounds);
	return true;
}

static bool is_there(const struct inquiry *s)
{
	struct bench *bench = s->bench;

	bench->rows.rows = 1;
	wn_model_score_rows(s->input->model, &bench->rows, s->input->now_s,
		(struct wn_scores){bench->score, bench->lowest, bench->highest});
	return reaches(s->input, bench->score[0]);
}

bool wn_counterfactual(const struct wn_counterfactual_input *input, struct wn_effort *effort,
	struct wn_change *single, struct wn_change *pair)
{
	struct inquiry s = {.input = input,
		.effort = effort,
		.row_units = wn_row_units(input->model, NODE_UNITS),
		.bench = wn_bench_new(input)};
	bool ok = s.bench != NULL;

	*single = *pair = (struct wn_change){0};
	for (size_t i = 0; ok && i < input->lever_count; i++)
		add_axis(&s, i);
	if (ok && !is_there(&s))
		ok = search(&s, single, pair);
	wn_bench_free(s.bench);
	return ok;
}

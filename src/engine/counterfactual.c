/*
 * Counterfactuals: what is the least that would have to be different? Every input is a grid of
 * whole numbers, at most 2^20 steps; it is searched coarsely, then more and more finely around the
 * best place found. The model is asked for many variants of the row at once.
 */
#include "winnow/counterfactual.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kind.h"

enum {
	VARIANTS = 256, /* rows asked for at once */
	FINEST = 1 << 20,
	SINGLE_STEPS = 1024,
	PAIR_STEPS = 64,
	ZOOM = 32, /* a round is that much finer than the one before, and looks one step around */
};

/* Sizes are equal when they are no farther apart: sums are rounded, grids end. */
static const double same_size = 0x1p-40, same_for_pairs = 0x1p-20;

/* The row, VARIANTS times. */
struct bench {
	struct wn_rows rows;
	const double **columns;
	const uint8_t **evidence;
	double *values; /* what the columns point to */
	uint8_t *sure;
	uint32_t *words;
	double *numbers;
	uint8_t texts[VARIANTS];
	uint32_t label_start[VARIANTS + 1];
	uint32_t *labels;
	double score[VARIANTS], lowest[VARIANTS], highest[VARIANTS];
};

/* An input as a grid: value(k) for k = 0 … last. */
struct axis {
	size_t lever;
	double *column; /* in the bench */
	double lower, upper, unit, old;
	int64_t last;
};

struct inquiry {
	const struct wn_counterfactual_input *input;
	struct bench *bench;
	struct axis axes[WN_MAX_TERMS];
	size_t axis_count;
};

/* Where one axis is looked at in a round. */
struct window {
	int64_t first, last, stride;
};

static size_t columns_of(const struct wn_counterfactual_input *input)
{
	size_t columns = input->rows->column_count;

	for (size_t i = 0; i < input->lever_count; i++) {
		if (input->levers[i].column >= columns)
			columns = (size_t)input->levers[i].column + 1;
	}
	return columns;
}

static bool is_lever(const struct wn_counterfactual_input *input, size_t column)
{
	for (size_t i = 0; i < input->lever_count; i++) {
		if (input->levers[i].column == column)
			return true;
	}
	return false;
}

/* Columns that are unknown and stay so are not made. */
static bool is_needed(const struct wn_counterfactual_input *input, size_t column)
{
	bool there = column < input->rows->column_count && input->rows->columns[column];

	return there || is_lever(input, column);
}

static bool fill_columns(const struct wn_counterfactual_input *input, struct bench *bench)
{
	size_t columns = columns_of(input), needed = 0, used = 0;

	for (size_t c = 0; c < columns; c++)
		needed += is_needed(input, c);
	bench->columns = calloc(columns + 1, sizeof(*bench->columns));
	bench->evidence = calloc(columns + 1, sizeof(*bench->evidence));
	bench->values = calloc(needed + 1, VARIANTS * sizeof(*bench->values));
	bench->sure = calloc(needed + 1, VARIANTS);
	if (!bench->columns || !bench->evidence || !bench->values || !bench->sure)
		return false;
	for (size_t c = 0; c < columns; c++) {
		double *values = bench->values + used * VARIANTS;
		uint8_t *sure = bench->sure + used * VARIANTS;

		if (!is_needed(input, c))
			continue;
		used++;
		for (size_t i = 0; i < VARIANTS; i++)
			values[i] = wn_value(input->rows, input->row, c);
		memset(sure, wn_value_evidence(input->rows, input->row, c), VARIANTS);
		bench->columns[c] = values;
		bench->evidence[c] = sure;
	}
	bench->rows.columns = bench->columns;
	bench->rows.evidence = bench->evidence;
	bench->rows.column_count = columns;
	return true;
}

static bool fill_labels(const struct wn_counterfactual_input *input, struct bench *bench)
{
	const struct wn_rows *rows = input->rows;
	const uint32_t *from;
	size_t count;

	if (!rows->label_start || !rows->labels)
		return true;
	from = rows->labels + rows->label_start[input->row];
	count = rows->label_start[input->row + 1] - rows->label_start[input->row];
	bench->labels = calloc(count + 1, VARIANTS * sizeof(*bench->labels));
	if (!bench->labels)
		return false;
	for (size_t i = 0; i < VARIANTS; i++) {
		memcpy(bench->labels + i * count, from, count * sizeof(*from));
		bench->label_start[i + 1] = (uint32_t)((i + 1) * count);
	}
	bench->rows.label_start = bench->label_start;
	bench->rows.labels = bench->labels;
	return true;
}

static bool fill_facts(const struct wn_counterfactual_input *input, struct bench *bench)
{
	const struct wn_rows *rows = input->rows;

	bench->words = calloc(WN_WORDS, VARIANTS * sizeof(*bench->words));
	bench->numbers = calloc(WN_NUMBERS, VARIANTS * sizeof(*bench->numbers));
	if (!bench->words || !bench->numbers)
		return false;
	for (size_t i = 0; i < WN_WORDS * VARIANTS; i++)
		bench->words[i] = wn_word_of(rows, input->row, (enum wn_word)(i / VARIANTS));
	for (size_t i = 0; i < WN_NUMBERS * VARIANTS; i++)
		bench->numbers[i] = wn_number_of(rows, input->row, (enum wn_number)(i / VARIANTS));
	for (size_t i = 0; i < WN_WORDS; i++)
		bench->rows.words[i] = bench->words + i * VARIANTS;
	for (size_t i = 0; i < WN_NUMBERS; i++)
		bench->rows.numbers[i] = bench->numbers + i * VARIANTS;
	if (rows->texts) {
		memset(bench->texts, rows->texts[input->row], VARIANTS);
		bench->rows.texts = bench->texts;
	}
	return fill_labels(input, bench);
}

static void bench_free(struct bench *bench)
{
	if (!bench)
		return;
	free(bench->columns);
	free(bench->evidence);
	free(bench->values);
	free(bench->sure);
	free(bench->words);
	free(bench->numbers);
	free(bench->labels);
	free(bench);
}

static struct bench *bench_new(const struct wn_counterfactual_input *input)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench || !fill_columns(input, bench) || !fill_facts(input, bench)) {
		bench_free(bench);
		return NULL;
	}
	return bench;
}

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

/* A column that may be written to. */
static double *column_of(const struct bench *bench, uint32_t column)
{
	return bench->values + (bench->columns[column] - bench->values);
}

static void add_axis(struct inquiry *s, size_t i)
{
	const struct wn_lever *lever = &s->input->levers[i];
	const struct wn_term *term = term_of(s->input->model, lever->column);
	double width = lever->upper - lever->lower;
	struct axis axis = {.lever = i, .lower = lever->lower, .upper = lever->upper};

	if (lever->fixed || !term)
		return;
	axis.column = column_of(s->bench, lever->column);
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

	for (int64_t a = first->first; a <= first->last; a = next_of(first, a)) {
		if (place->count == 1) {
			consider(s, &batch, place, a, 0);
			continue;
		}
		for (int64_t b = second->first; b <= second->last; b = next_of(second, b))
			consider(s, &batch, place, a, b);
	}
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
		if (place->size == INFINITY || left == 0.0)
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

static void search_all(const struct inquiry *s, struct wn_change *single, struct wn_change *pair)
{
	for (size_t i = 0; i < s->axis_count; i++) {
		struct place place = {.count = 1, .axis = {&s->axes[i]}};
		double limit = size_of(single) - same_size;

		search_place(s, &place, limit);
		keep_smaller(&place, limit, single);
	}
	for (size_t i = 0; i < s->axis_count; i++) {
		for (size_t j = i + 1; j < s->axis_count; j++) {
			struct place place = {.count = 2, .axis = {&s->axes[i], &s->axes[j]}};
			double limit =
				fmin(size_of(single) - same_for_pairs, size_of(pair) - same_size);

			search_place(s, &place, limit);
			keep_smaller(&place, limit, pair);
		}
	}
}

static bool is_there(const struct inquiry *s)
{
	struct bench *bench = s->bench;

	bench->rows.rows = 1;
	wn_model_score_rows(s->input->model, &bench->rows, s->input->now_s,
		(struct wn_scores){bench->score, bench->lowest, bench->highest});
	return reaches(s->input, bench->score[0]);
}

bool wn_counterfactual(const struct wn_counterfactual_input *input, struct wn_change *single,
	struct wn_change *pair)
{
	struct inquiry s = {.input = input, .bench = bench_new(input)};

	*single = *pair = (struct wn_change){0};
	if (!s.bench)
		return false;
	for (size_t i = 0; i < input->lever_count; i++)
		add_axis(&s, i);
	if (!is_there(&s))
		search_all(&s, single, pair);
	bench_free(s.bench);
	return true;
}

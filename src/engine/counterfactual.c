/*
 * Counterfactuals: what is the least that would have to be different? Every input is a grid of
 * whole numbers, at most 2^20 steps; it is searched coarsely, then more and more finely around the
 * best place found. The model is asked for many variants of the row at once.
 *
 * Most inputs and pairs of a large model cannot do it at all. That is told by one row each: the
 * highest score of the row without these values, in a model where every unknown spans.
 */
#include "winnow/counterfactual.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression_nodes.h"
#include "engine/kind.h"

enum {
	VARIANTS = 256, /* rows asked for at once */
	FINEST = 1 << 20,
	SINGLE_STEPS = 1024,
	PAIR_STEPS = 64,
	ZOOM = 32, /* a round is that much finer than the one before, and looks one step around */
};

enum {
	NODE_UNITS = 2,  /* a part of an expression */
	LIBM_UNITS = 16, /* the same, of a function of the C library */
	SPAN_UNITS = 16, /* the same by intervals, row by row */
	GROUP_UNITS = 3, /* an input of a sum with a limit, row by row */
	CALL_ROWS = 4,   /* what asking costs by itself, in rows */
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

/* The model with every unknown spanning. */
struct open_model {
	struct wn_model model;
	struct wn_model parts[WN_MAX_COMPONENTS]; /* of a blend */
	struct wn_component components[WN_MAX_COMPONENTS];
	struct wn_blend blend;
	struct wn_term *terms[WN_MAX_COMPONENTS];
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
	struct wn_effort *effort;
	uint64_t row_units; /* what a row's score costs */
	struct bench *bench;
	struct axis axes[WN_MAX_TERMS];
	size_t axis_count;
	uint8_t possible[WN_MAX_TERMS][WN_MAX_TERMS]; /* by axis: may the two together reach it? */
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
static double *column_of(const struct bench *bench, size_t column)
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

/* False: there is not as much left. */
static bool spend(const struct inquiry *s, uint64_t units)
{
	if (s->effort->cut || s->effort->left < units) {
		s->effort->cut = true;
		return false;
	}
	s->effort->left -= units;
	return true;
}

static void ask(const struct inquiry *s, struct batch *batch, struct place *place)
{
	struct bench *bench = s->bench;

	if (!spend(s, (batch->used + CALL_ROWS) * s->row_units)) {
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
		if (!spend(s, PAIR_STEPS))
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

/* ---- what is possible at all ---- */

static bool is_of_libm(enum wn_op op)
{
	return op == WN_OP_LOG || op == WN_OP_EXP || op == WN_OP_POWER;
}

static uint64_t formula_units(const struct wn_expression *formula, uint64_t node_units)
{
	uint64_t units = 1;

	for (size_t i = 0; i < formula->node_count; i++)
		units += is_of_libm((enum wn_op)formula->nodes[i].op) ? LIBM_UNITS : node_units;
	return units;
}

static uint64_t row_units(const struct wn_model *model, uint64_t node_units)
{
	uint64_t units = 1;

	if (model->kind == &wn_kind_expression)
		return formula_units(model->spec.expression, node_units);
	if (model->kind == &wn_kind_weighted_sum) {
		const struct wn_weighted_sum_spec *spec = model->spec.weighted_sum;
		bool limited = spec && !isnan(spec->max_influence);

		return units + model->term_count * (limited ? GROUP_UNITS : 1);
	}
	if (model->kind != &wn_kind_blend)
		return units + model->term_count;
	for (size_t i = 0; i < model->spec.blend->component_count; i++)
		units += row_units(model->spec.blend->components[i].model, node_units);
	return units;
}

static void close_model(struct open_model *open)
{
	for (size_t i = 0; i < WN_MAX_COMPONENTS; i++)
		free(open->terms[i]);
}

static bool open_terms(const struct wn_model *model, struct wn_term **terms, struct wn_model *out)
{
	*terms = reallocarray(NULL, model->term_count + 1, sizeof(**terms));
	if (!*terms)
		return false;
	for (size_t i = 0; i < model->term_count; i++) {
		(*terms)[i] = model->terms[i];
		(*terms)[i].unknown = WN_UNKNOWN_SPAN;
	}
	*out = *model;
	out->terms = *terms;
	return true;
}

static bool open_model(const struct wn_model *model, struct open_model *open)
{
	*open = (struct open_model){.model = *model};
	if (model->kind != &wn_kind_blend)
		return open_terms(model, &open->terms[0], &open->model);
	open->blend = *model->spec.blend;
	for (size_t i = 0; i < open->blend.component_count; i++) {
		open->components[i] = open->blend.components[i];
		if (!open_terms(open->components[i].model, &open->terms[i], &open->parts[i]))
			return false;
		open->components[i].model = &open->parts[i];
	}
	open->blend.components = open->components;
	open->model.spec.blend = &open->blend;
	return true;
}

/* The model itself, or its i-th part. */
static const struct wn_model *part_of(const struct wn_model *model, size_t i)
{
	if (model->kind == &wn_kind_blend)
		return i < model->spec.blend->component_count
			       ? model->spec.blend->components[i].model
			       : NULL;
	return i == 0 ? model : NULL;
}

/* What an unknown value stands for. */
enum stand {
	STAND_KNOWN,   /* it is known, or no input reads it */
	STAND_VALUE,   /* the default that all who read it have */
	STAND_WORST,   /* of the bounds of all who read it, whichever is worst */
	STAND_OPEN,    /* any value, which is no less */
	STAND_NOTHING, /* an expression may give more for it (coalesce) than for any value */
};
struct standing {
	enum stand stand;
	double value;               /* STAND_VALUE */
	const struct wn_term *term; /* STAND_WORST */
};

static enum stand stand_of(const struct wn_model *model, const struct wn_term *term)
{
	switch (term->unknown) {
	case WN_UNKNOWN_SPAN: return STAND_WORST;
	case WN_UNKNOWN_DEFAULT: return STAND_VALUE;
	case WN_UNKNOWN_EXCLUDE: break;
	}
	return model->kind == &wn_kind_expression ? STAND_NOTHING : STAND_OPEN;
}

static struct standing standing_of(const struct wn_model *model, size_t column, double value)
{
	struct standing all = {.stand = STAND_KNOWN};
	const struct wn_model *part;

	for (size_t p = 0; (part = part_of(model, p)) != NULL; p++) {
		for (size_t i = 0; i < part->term_count; i++) {
			const struct wn_term *term = &part->terms[i];
			enum stand stand = stand_of(part, term);

			if (term->column != column)
				continue;
			if (!isnan(wn_term_value(term, value)))
				return (struct standing){.stand = STAND_KNOWN};
			if (all.stand == STAND_NOTHING || stand == STAND_NOTHING)
				all.stand = STAND_NOTHING;
			else if (all.stand == STAND_KNOWN)
				all = (struct standing){stand, term->fallback, term};
			else if (all.stand != stand ||
				 (stand == STAND_VALUE && term->fallback != all.value))
				all.stand = STAND_OPEN;
		}
	}
	return all;
}

/* Whether no score is sure to mean that no value gives one. */
static bool is_total(const struct wn_model *model)
{
	const struct wn_model *part;

	for (size_t p = 0; (part = part_of(model, p)) != NULL; p++) {
		if (part->kind == &wn_kind_expression)
			return false;
	}
	return true;
}

static void switch_bench(struct inquiry *s, struct bench *bench)
{
	for (size_t i = 0; i < s->axis_count; i++)
		s->axes[i].column = column_of(bench, s->input->levers[s->axes[i].lever].column);
	s->bench = bench;
}

/* A score with an unknown that spans is no more than that with any value in its place: of the two
 * ends the one that gives less. NaN: neither gives any. */
static double worst_end(const struct inquiry *s, size_t column, const struct wn_term *term)
{
	struct bench *bench = s->bench;
	double *values = column_of(bench, column);

	values[0] = term->lower;
	values[1] = term->upper;
	bench->rows.rows = 2;
	wn_model_score_rows(s->input->model, &bench->rows, s->input->now_s,
		(struct wn_scores){bench->score, bench->lowest, bench->highest});
	if (isnan(bench->score[0]) && isnan(bench->score[1]))
		return NAN;
	return !(bench->score[0] > bench->score[1]) && !isnan(bench->score[0]) ? term->lower
									       : term->upper;
}

/* Makes the bench one of bounds: what is unknown in the row is so no more, since only the inputs
 * that are changed are to be at their best. False: there are no bounds. */
static bool settle_bench(const struct inquiry *s)
{
	struct bench *bench = s->bench;

	for (size_t c = 0; c < bench->rows.column_count; c++) {
		struct standing standing;
		double *values;

		if (!bench->columns[c])
			continue;
		values = column_of(bench, c);
		standing = standing_of(s->input->model, c, values[0]);
		if (standing.stand == STAND_NOTHING)
			return false;
		if (standing.stand == STAND_KNOWN)
			continue;
		/* An unknown is nobody's claim. */
		memset(bench->sure + (values - bench->values), 0, VARIANTS);
		if (standing.stand == STAND_OPEN)
			standing.value = NAN;
		else if (standing.stand == STAND_WORST)
			standing.value = worst_end(s, c, standing.term);
		for (size_t v = 0; v < VARIANTS; v++)
			values[v] = standing.value;
	}
	return true;
}

/* Variants of which some inputs are unknown; which of `possible` each of them answers. */
struct bounds {
	struct inquiry *s;
	const struct open_model *open;
	uint64_t row_units;
	bool total;
	uint8_t *answer[VARIANTS];
	double *forgotten[VARIANTS][2];
	size_t used;
};

static void ask_bounds(struct bounds *b)
{
	struct bench *bench = b->s->bench;
	const struct wn_counterfactual_input *input = b->s->input;
	bool asked = spend(b->s, (b->used + CALL_ROWS) * b->row_units);
	double known[VARIANTS][2];

	for (size_t v = 0; v < b->used; v++) {
		for (size_t i = 0; i < 2; i++) {
			known[v][i] = *b->forgotten[v][i];
			*b->forgotten[v][i] = NAN;
		}
	}
	bench->rows.rows = b->used;
	if (asked)
		wn_model_score_rows(&b->open->model, &bench->rows, input->now_s,
			(struct wn_scores){bench->score, bench->lowest, bench->highest});
	for (size_t v = 0; v < b->used; v++) {
		double best = bench->highest[v];

		/* Another order of addition may round otherwise. */
		*b->answer[v] =
			asked &&
			(isnan(best) ? !b->total : best + fabs(best) * 0x1p-40 >= input->at_least);
	}
	/* Backwards, since a column may have been forgotten twice. */
	for (size_t v = b->used; v-- > 0;) {
		for (size_t i = 2; i-- > 0;) {
			if (!isnan(known[v][i]))
				*b->forgotten[v][i] = known[v][i];
		}
	}
	b->used = 0;
}

static void bound(struct bounds *b, size_t i, size_t j)
{
	b->answer[b->used] = &b->s->possible[i][j];
	b->forgotten[b->used][0] = b->s->axes[i].column + b->used;
	b->forgotten[b->used][1] = b->s->axes[j].column + b->used;
	if (++b->used == VARIANTS)
		ask_bounds(b);
}

/* With all inputs at their best. */
static bool any_possible(const struct bounds *b)
{
	struct bench *bench = b->s->bench;
	double known[WN_MAX_TERMS], best;

	for (size_t i = 0; i < b->s->axis_count; i++) {
		known[i] = b->s->axes[i].column[0];
		b->s->axes[i].column[0] = NAN;
	}
	bench->rows.rows = 1;
	wn_model_score_rows(&b->open->model, &bench->rows, b->s->input->now_s,
		(struct wn_scores){bench->score, bench->lowest, bench->highest});
	best = bench->highest[0];
	for (size_t i = 0; i < b->s->axis_count; i++)
		b->s->axes[i].column[0] = known[i];
	return isnan(best) ? !b->total : best + fabs(best) * 0x1p-40 >= b->s->input->at_least;
}

static void bound_singles(struct bounds *b)
{
	for (size_t i = 0; i < b->s->axis_count; i++)
		bound(b, i, i);
	if (b->used > 0)
		ask_bounds(b);
}

static void bound_pairs(struct bounds *b)
{
	for (size_t i = 0; i < b->s->axis_count; i++) {
		for (size_t j = i + 1; j < b->s->axis_count; j++)
			bound(b, i, j);
	}
	if (b->used > 0)
		ask_bounds(b);
}

/* Asks on a bench of its own. */
static void bound_on(struct bounds *b, struct bench *scratch, void (*bound_some)(struct bounds *b))
{
	struct inquiry *s = b->s;
	struct bench *real = s->bench;

	if (!scratch)
		return;
	switch_bench(s, scratch);
	bound_some(b);
	switch_bench(s, real);
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

/* The singles first, so that the pairs cannot use up what they need. */
static void search_all(
	struct bounds *b, struct bench *scratch, struct wn_change *single, struct wn_change *pair)
{
	bound_on(b, scratch, bound_singles);
	search_singles(b->s, single);
	bound_on(b, scratch, bound_pairs);
	search_pairs(b->s, single, pair);
}

/* False when memory is out. */
static bool search(struct inquiry *s, struct wn_change *single, struct wn_change *pair)
{
	struct bench *real = s->bench, *scratch = bench_new(s->input);
	struct open_model open;
	struct bounds bounds = {.s = s,
		.open = &open,
		.row_units = row_units(s->input->model, SPAN_UNITS),
		.total = is_total(s->input->model)};
	bool ok = open_model(s->input->model, &open) && scratch, bounded, possible;

	if (ok) {
		switch_bench(s, scratch);
		bounded = settle_bench(s);
		possible = !bounded || any_possible(&bounds);
		switch_bench(s, real);
		memset(s->possible, !bounded, sizeof(s->possible));
		if (possible)
			search_all(&bounds, bounded ? scratch : NULL, single, pair);
	}
	close_model(&open);
	bench_free(scratch);
	return ok;
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
		.row_units = row_units(input->model, NODE_UNITS),
		.bench = bench_new(input)};
	bool ok = s.bench != NULL;

	*single = *pair = (struct wn_change){0};
	for (size_t i = 0; ok && i < input->lever_count; i++)
		add_axis(&s, i);
	if (ok && !is_there(&s))
		ok = search(&s, single, pair);
	bench_free(s.bench);
	return ok;
}

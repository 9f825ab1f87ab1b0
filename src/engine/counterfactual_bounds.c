/*
 * What a change of some inputs could reach at all. Most inputs and pairs of a large model cannot do
 * it. That is told by one row each: the highest score of the row without these values, in a model
 * where every unknown spans.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/counterfactual_parts.h"
#include "engine/expression_nodes.h"
#include "engine/kind.h"

enum {
	LIBM_UNITS = 16, /* a function of the C library */
	SPAN_UNITS = 16, /* a part of an expression by intervals, row by row */
	GROUP_UNITS = 3, /* an input of a sum with a limit, row by row */
};

/* The model with every unknown spanning. */
struct open_model {
	struct wn_model model;
	struct wn_model parts[WN_MAX_COMPONENTS]; /* of a blend */
	struct wn_component components[WN_MAX_COMPONENTS];
	struct wn_blend blend;
	struct wn_term *terms[WN_MAX_COMPONENTS];
};

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

uint64_t wn_row_units(const struct wn_model *model, uint64_t node_units)
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
		units += wn_row_units(model->spec.blend->components[i].model, node_units);
	return units;
}

bool wn_effort_spend(const struct inquiry *s, uint64_t units)
{
	if (s->effort->cut || s->effort->left < units) {
		s->effort->cut = true;
		return false;
	}
	s->effort->left -= units;
	return true;
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
		s->axes[i].column =
			wn_bench_column(bench, s->input->levers[s->axes[i].lever].column);
	s->bench = bench;
}

/* A score with an unknown that spans is no more than that with any value in its place: of the two
 * ends the one that gives less. NaN: neither gives any. */
static double worst_end(const struct inquiry *s, size_t column, const struct wn_term *term)
{
	struct bench *bench = s->bench;
	double *values = wn_bench_column(bench, column);

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
		values = wn_bench_column(bench, c);
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
	struct open_model open;
	struct bench *scratch;
	uint64_t row_units;
	bool total;
	bool settled; /* there are bounds */
	uint8_t *answer[VARIANTS];
	double *forgotten[VARIANTS][2];
	size_t used;
};

static void ask_bounds(struct bounds *b)
{
	struct bench *bench = b->s->bench;
	const struct wn_counterfactual_input *input = b->s->input;
	bool asked = wn_effort_spend(b->s, (b->used + CALL_ROWS) * b->row_units);
	double known[VARIANTS][2];

	for (size_t v = 0; v < b->used; v++) {
		for (size_t i = 0; i < 2; i++) {
			known[v][i] = *b->forgotten[v][i];
			*b->forgotten[v][i] = NAN;
		}
	}
	bench->rows.rows = b->used;
	if (asked)
		wn_model_score_rows(&b->open.model, &bench->rows, input->now_s,
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
	wn_model_score_rows(&b->open.model, &bench->rows, b->s->input->now_s,
		(struct wn_scores){bench->score, bench->lowest, bench->highest});
	best = bench->highest[0];
	for (size_t i = 0; i < b->s->axis_count; i++)
		b->s->axes[i].column[0] = known[i];
	return isnan(best) ? !b->total : best + fabs(best) * 0x1p-40 >= b->s->input->at_least;
}

static void ask_singles(struct bounds *b)
{
	for (size_t i = 0; i < b->s->axis_count; i++)
		bound(b, i, i);
	if (b->used > 0)
		ask_bounds(b);
}

static void ask_pairs(struct bounds *b)
{
	for (size_t i = 0; i < b->s->axis_count; i++) {
		for (size_t j = i + 1; j < b->s->axis_count; j++)
			bound(b, i, j);
	}
	if (b->used > 0)
		ask_bounds(b);
}

/* Asks on a bench of its own; where there are no bounds there is nothing to ask. */
static void ask_on_scratch(struct bounds *b, void (*ask_some)(struct bounds *b))
{
	struct inquiry *s = b->s;
	struct bench *real = s->bench;

	if (!b->settled)
		return;
	switch_bench(s, b->scratch);
	ask_some(b);
	switch_bench(s, real);
}

void wn_bounds_singles(struct bounds *b)
{
	ask_on_scratch(b, ask_singles);
}

void wn_bounds_pairs(struct bounds *b)
{
	ask_on_scratch(b, ask_pairs);
}

bool wn_bounds_any(struct bounds *b)
{
	struct inquiry *s = b->s;
	struct bench *real = s->bench;
	bool possible;

	switch_bench(s, b->scratch);
	b->settled = settle_bench(s);
	possible = !b->settled || any_possible(b);
	switch_bench(s, real);
	memset(s->possible, !b->settled, sizeof(s->possible));
	return possible;
}

struct bounds *wn_bounds_new(struct inquiry *s)
{
	struct bounds *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->s = s;
	b->row_units = wn_row_units(s->input->model, SPAN_UNITS);
	b->total = is_total(s->input->model);
	b->scratch = wn_bench_new(s->input);
	if (open_model(s->input->model, &b->open) && b->scratch)
		return b;
	wn_bounds_free(b);
	return NULL;
}

void wn_bounds_free(struct bounds *b)
{
	if (!b)
		return;
	close_model(&b->open);
	wn_bench_free(b->scratch);
	free(b);
}

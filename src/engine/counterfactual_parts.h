/*
 * What the files of counterfactuals share: the row many times over, the inputs as grids, and the
 * questions in hand. Private to src/engine.
 */
#ifndef WINNOW_ENGINE_COUNTERFACTUAL_PARTS_H
#define WINNOW_ENGINE_COUNTERFACTUAL_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/counterfactual.h"

enum {
	VARIANTS = 256, /* rows asked for at once */
	CALL_ROWS = 4,  /* what asking costs by itself, in rows */
};

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
	struct wn_effort *effort;
	uint64_t row_units; /* what a row's score costs */
	struct bench *bench;
	struct axis axes[WN_MAX_TERMS];
	size_t axis_count;
	uint8_t possible[WN_MAX_TERMS][WN_MAX_TERMS]; /* by axis: may the two together reach it? */
};

/* ---- counterfactual_bench.c ---- */

/* Of the input's row; the caller frees it. NULL when memory is out. */
struct bench *wn_bench_new(const struct wn_counterfactual_input *input);
void wn_bench_free(struct bench *bench); /* NULL is fine */
/* A column that may be written to: VARIANTS values. */
double *wn_bench_column(const struct bench *bench, size_t column);

/* ---- counterfactual_bounds.c ---- */

enum { NODE_UNITS = 2 /* a part of an expression */ };

/* What a row's score costs, in units of effort. */
uint64_t wn_row_units(const struct wn_model *model, uint64_t node_units);
/* Takes from the effort; false: there is not as much left. */
bool wn_effort_spend(const struct inquiry *s, uint64_t units);

/* What can reach the score at all. Asks on a bench of its own and fills s->possible. */
struct bounds;
struct bounds *wn_bounds_new(struct inquiry *s); /* NULL when memory is out */
void wn_bounds_free(struct bounds *b);           /* NULL is fine */
/* First: whether anything can, with all inputs at their best. Where there are no bounds all is
 * taken for possible. */
bool wn_bounds_any(struct bounds *b);
/* Then: which single inputs, which pairs. */
void wn_bounds_singles(struct bounds *b);
void wn_bounds_pairs(struct bounds *b);

#endif

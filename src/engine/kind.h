/*
 * What a kind of model has to bring: one file defines one `struct wn_model_kind`, one line of the
 * table in model.c lists it. What all kinds share (bands) stays in model.c.
 */
#ifndef WINNOW_ENGINE_KIND_H
#define WINNOW_ENGINE_KIND_H

#include <stddef.h>

#include "winnow/model.h"

#ifdef __FAST_MATH__
#error "scores must be the same bits everywhere, and NaN means unknown: build without -ffast-math"
#endif

/* Collects the faults of one wn_model_check. */
struct wn_faults {
	void (*fault)(void *self, const char *pointer, const char *detail);
	void *self;
	size_t count;
};

/* `detail` is a whole sentence without its full stop; the pointer is made by printf's rules and
 * cut to 127 bytes. */
void wn_fault(struct wn_faults *faults, const char *detail, const char *pointer_format, ...)
	__attribute__((format(printf, 3, 4)));

/* Bounds, unknown and fallback of each input, each column once: what all kinds with inputs ask of
 * them (input.c). */
void wn_check_inputs(const struct wn_model *model, struct wn_faults *faults);

/* The value of an input that is known and cut to its bounds, or what its absence counts as:
 * *low the worse end, *high the better (input.c). NaN both: no score. True when it was assumed. */
bool wn_input_ends(const struct wn_term *term, double value, double *low, double *high);

/* Whether no one value need be what an unknown counts as in both of two terms that read the same
 * column (input.c). */
bool wn_terms_pull_apart(const struct wn_term *a, const struct wn_term *b);

/* The functions' contracts are those of their namesakes in model.h. */
struct wn_model_kind {
	const char *name;
	unsigned (*traits)(const struct wn_model *model);
	/* All but the bands. */
	void (*check)(const struct wn_model *model, struct wn_faults *faults);
	void (*range)(const struct wn_model *model, double *lowest, double *highest);
	/* One of the two: by runs of rows, or (relative models) all at once. */
	void (*score_rows)(const struct wn_model *model, const struct wn_rows *rows, double now_s,
		struct wn_scores out);
	bool (*score)(const struct wn_model *model, const struct wn_population *population,
		double now_s, struct wn_scores out);
	/* One of the two; trace of an additive kind is made of its contributions. */
	size_t (*explain)(const struct wn_model *model, const struct wn_rows *rows, size_t row,
		double now_s, struct wn_contribution *out);
	size_t (*trace)(const struct wn_model *model, const struct wn_rows *rows, size_t row,
		double now_s, struct wn_scored scored, struct wn_step *out, size_t room);
};

extern const struct wn_model_kind wn_kind_weighted_sum;
extern const struct wn_model_kind wn_kind_expression;
extern const struct wn_model_kind wn_kind_decision_table;
extern const struct wn_model_kind wn_kind_pareto;
extern const struct wn_model_kind wn_kind_pairwise;
extern const struct wn_model_kind wn_kind_blend;
extern const struct wn_model_kind wn_kind_fixed_order;

#endif

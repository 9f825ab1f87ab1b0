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

/* The functions' contracts are those of their namesakes in model.h. */
struct wn_model_kind {
	const char *name;
	/* All but the bands. */
	void (*check)(const struct wn_model *model, struct wn_faults *faults);
	void (*range)(const struct wn_model *model, double *lowest, double *highest);
	void (*score)(const struct wn_model *model, const double *const *columns,
		size_t column_count, size_t rows, struct wn_scores out);
	void (*explain)(const struct wn_model *model, const double *values, size_t value_count,
		struct wn_contribution *out);
};

extern const struct wn_model_kind wn_weighted_sum;

#endif

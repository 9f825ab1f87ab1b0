/*
 * Parts of runs of rows: as they are, or for a model that is scored in pieces, whose inputs are
 * numbered anew, so that no more columns are carried along than it reads.
 */
#ifndef WINNOW_ENGINE_SLICE_H
#define WINNOW_ENGINE_SLICE_H

#include <stddef.h>

#include "winnow/model.h"

/* `count` rows from `start` on. Points into `rows` and into the two lists, which have room for its
 * columns. */
struct wn_rows wn_rows_part(const struct wn_rows *rows, size_t start, size_t count,
	const double **columns, const uint8_t **evidence);

/* Points into itself, into the model and into the rows that it was made of. */
struct wn_slice {
	struct wn_model model;
	struct wn_rows rows;
	struct wn_term terms[WN_MAX_TERMS];
	const double *columns[WN_MAX_TERMS];
	const uint8_t *evidence[WN_MAX_TERMS];
};

/* `model` has terms of its own, so it is no blend. */
void wn_slice_of(const struct wn_model *model, const struct wn_rows *rows, size_t start,
	size_t count, struct wn_slice *slice);

#endif

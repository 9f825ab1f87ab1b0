/*
 * Points by rank: each objective's values become 0 (best), 1, 2 …, equal values the same one, so that
 * what works on them costs by the number of points and never by what their values are. For the files
 * of fronts.
 */
#ifndef WINNOW_ENGINE_FRONTS_RANKS_H
#define WINNOW_ENGINE_FRONTS_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/pareto.h"

enum {
	DIGIT_BITS = 11,
	DIGIT_VALUES = 1 << DIGIT_BITS,
	DIGITS = (64 + DIGIT_BITS - 1) / DIGIT_BITS,
};

/* What sorting `n` values needs. Whatever init says it is released; false when memory is out. */
struct keyed {
	uint64_t key;
	uint32_t index;
};

struct sorter {
	struct keyed *from, *to;
	uint32_t (*histogram)[DIGIT_VALUES];
};

bool wn_sorter_init(struct sorter *s, size_t n);
void wn_sorter_release(struct sorter *s);
/* 0, 1, 2 … */
void wn_first_order(uint32_t *order, size_t n);
/* Sorts `order` by descending value; equal ones stay in their order. s->from holds it with keys. */
void wn_sort_descending(struct sorter *s, const double *values, size_t n, uint32_t *order);

/* The points by rank, and two orders of them. */
struct ranked {
	size_t k, n;
	uint32_t *rank[WN_PARETO_MAX_OBJECTIVES];
	uint32_t *order;    /* lexicographic, the best first: equal points are neighbours */
	uint32_t *by_sweep; /* by the last objective but one */
};

/* n > 0. Whatever it says it is released; false when memory is out. */
bool wn_ranked_init(struct ranked *p, const double *const *objectives, size_t k, size_t n);
void wn_ranked_release(struct ranked *p);
/* The end of the run of equal points that begins at order[start]. */
size_t wn_run_end(const struct ranked *p, size_t start);
/* Whether one of the run's points is not inert (NULL: none is). */
bool wn_run_dominates(const struct ranked *p, size_t start, size_t end, const uint8_t *inert);

/* fronts_divide.c: the fronts of three objectives and more, from 1. False when memory is out. */
bool wn_fronts_of_more(const struct ranked *p, const uint8_t *inert, uint32_t *fronts);

#endif

/*
 * What the kind "pareto" needs of fronts.c beyond the public functions of winnow/pareto.h.
 */
#ifndef WINNOW_ENGINE_FRONTS_H
#define WINNOW_ENGINE_FRONTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/pareto.h"

/*
 * As wn_pareto_fronts, but points with inert[i] != 0 dominate nobody: they get the front that they
 * would have if they alone joined the others. NULL: none is inert. False when memory is out.
 */
bool wn_pareto_fronts_beside(const double *const *objectives, size_t k, size_t n,
	const uint8_t *inert, uint32_t *fronts);

/* counts[i]: how many points j of `from` have from[0][j] >= to[0][i] and from[1][j] >= to[1][i];
 * only those with counted[j] != 0. O(n log n). False when memory is out. */
bool wn_pareto_count_above(const double *const *from, const double *const *to, size_t n,
	const uint8_t *counted, uint32_t *counts);

#endif

/*
 * The two halves of a ranking that rank.c puts together: the order by preference, and what the
 * dependencies make of it.
 */
#ifndef WINNOW_ENGINE_ORDER_H
#define WINNOW_ENGINE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/rank.h"

/* Writes the candidates' rows to order[0 … count-1], most preferred first; count is their number.
 * The scratch memory is freed again. False when memory is out. */
bool wn_preference_order(const struct wn_rank_input *input, size_t count, uint32_t *order);

/*
 * Takes ranking->order as the order by preference and rewrites it so that no row stands before
 * one that blocks it; sets carries, cycle and cycle_count. Where nothing has to move, order stays
 * as it is. ranking->rank has to be all zero, and is so again afterwards. False when memory is
 * out; what is set by then is still the ranking's to release.
 */
bool wn_precedence_apply(const struct wn_rank_input *input, struct wn_ranking *ranking);

#endif

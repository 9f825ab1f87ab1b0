/*
 * How much two orders of the same items differ. Part of libwinnow, the pure engine (see model.h).
 */
#ifndef WINNOW_COMPARE_H
#define WINNOW_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wn_comparison_of_orders {
	size_t common; /* rows that are ranked in both */
	double tau; /* Kendall (1938): (concordant - discordant) / all pairs of the common; 1 when
	                   there are fewer than two */
	size_t top; /* K cut to the longer of the two orders */
	size_t entered; /* rows in the second top K that were not in the first */
	size_t left;    /* the other way round */
};

/* rank_a and rank_b by row: 1 …, 0 when not ranked. O(n log n), by counting inversions (Knight 1966).
 * False when memory is out. */
bool wn_compare_orders(const uint32_t *rank_a, const uint32_t *rank_b, size_t rows, size_t k,
	struct wn_comparison_of_orders *out);

#endif

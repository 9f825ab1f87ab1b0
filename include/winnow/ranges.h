/*
 * Rank intervals: the best and the worst rank of an item over all scores that the intervals of all
 * items allow, in the model's order alone (score, unknown last, first revision, id): before policy,
 * overrides and blockers. Part of libwinnow, the pure engine (see model.h).
 *
 * Exact when the score intervals are (WN_TRAIT_EXACT): an item's best rank is one more than the
 * number of items that stand before it even at their lowest and its highest, its worst rank counts
 * those that can, at their highest and its lowest.
 */
#ifndef WINNOW_RANGES_H
#define WINNOW_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wn_range_input {
	size_t rows;
	const uint8_t *candidate;
	const double *lowest, *highest; /* NaN: no score */
	const int64_t *first_revision;
	const unsigned char (*id)[16];
};

/* best[row], worst[row]: 1 … candidates; 0 for the rest. O(n log n). False when memory is out. */
bool wn_rank_ranges(const struct wn_range_input *input, uint32_t *best, uint32_t *worst);

/* The same for one row: O(n), no memory. */
void wn_rank_range_of(
	const struct wn_range_input *input, uint32_t row, uint32_t *best, uint32_t *worst);

#endif

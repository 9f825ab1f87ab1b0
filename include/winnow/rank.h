/*
 * Ranking: a total order over the candidates in which no item stands before an item that blocks
 * it. Part of libwinnow, the pure engine (see model.h).
 *
 * Preference, best first: better band (smaller index, none last), higher score (unknown last),
 * smaller first revision, smaller id (as bytes). For its place only, a blocker takes the best
 * preference among itself and all candidates that wait for it, directly or in all; equal inherited
 * preferences go by the items' own. Placement takes, from rank 1 down, the first item by
 * preference whose blockers are all placed.
 *
 * Members of a cycle (strongly connected component of two or more, or an item that names itself)
 * count as not blocking each other; they are reported.
 */
#ifndef WINNOW_RANK_H
#define WINNOW_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WN_ROW_NONE = 0xffffffff };

struct wn_edge {
	uint32_t blocked; /* row that waits … */
	uint32_t blocker; /* … for this row */
};

struct wn_rank_input {
	size_t rows;              /* < 2^32 - 1 */
	const uint8_t *candidate; /* 1: to be ranked */
	const double *score;      /* NaN: no score */
	const uint8_t *band;      /* WN_BAND_NONE: none */
	const int64_t *first_revision;
	const unsigned char (*id)[16];
	const struct wn_edge *edges; /* those with an end that is no candidate, or no row, order
	                                nothing;
	                                doubled edges are allowed */
	size_t edge_count;           /* < 2^32 - 1 */
};

struct wn_ranking {
	size_t count;    /* candidates */
	uint32_t *order; /* order[rank - 1] is a row */
	uint32_t *rank;  /* by row: 1 … count, 0 when not ranked */
	uint32_t *
		carries; /* by row: the row whose preference gave it its place; itself when its own.
	                      NULL when nothing is inherited at all */
	uint32_t *cycle; /* by row: 0, or the number (from 1) of the cycle that it belongs to;
	                      NULL when there is no cycle */
	size_t cycle_count;
};

/* False when memory is out. All arrays are owned by *out; release it with wn_ranking_release.
 * O(n log n + edges); asserts that the result is a permutation of the candidates. */
bool wn_rank(const struct wn_rank_input *input, struct wn_ranking *out);
void wn_ranking_release(struct wn_ranking *ranking);

#endif

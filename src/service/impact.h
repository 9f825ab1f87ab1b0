/*
 * What waits for an item: directly, and in all, through whatever waits for what waits. By blockers
 * among the open items alone; items that are out of the ranking wait too, without a rank.
 */
#ifndef WINNOW_SERVICE_IMPACT_H
#define WINNOW_SERVICE_IMPACT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "live/ranking.h"

struct waiting {
	uint32_t row;
	uint32_t distance; /* 1: directly */
};

/* How many of the waiting items have a word, such as a stream. */
struct impact_share {
	struct str word; /* absent: those without one */
	size_t items;
};

struct impact {
	struct waiting
		*waiting; /* by rank, those without one last, then by first revision and id */
	size_t count, direct;
	size_t unscored;   /* of them, those without a score */
	double score;      /* the sum of the others' scores, added in this order */
	uint32_t furthest; /* the greatest distance; 0: nothing waits */
	struct impact_share *streams, *teams; /* most items first, then by name */
	size_t stream_count, team_count;
};

/* O(rows + edges). An item in a cycle does not wait for itself. ERR_NO_MEMORY; release in any
 * case. */
enum error impact_find(const struct ranking *ranking, uint32_t row, struct impact *out);
void impact_release(struct impact *impact);

#endif

/*
 * The parts of a ranking that rank.c puts together: the order by preference, what the dependencies
 * make of it, and what rules and overrides then place elsewhere.
 */
#ifndef WINNOW_ENGINE_ORDER_H
#define WINNOW_ENGINE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "winnow/rank.h"

/* Memory that the steps of a ranking use one after the other, so that its pages have to be got only
 * once: this many bytes for each row, aligned as malloc does; what is in it means nothing. */
enum { WN_SCRATCH_BYTES = 16 };

/* Ascending numbers for descending scores; all zeros are equal, NaN is the last of all. */
static inline uint64_t wn_score_key(double score)
{
	double plain = score + 0.0;
	uint64_t bits;

	if (score != score)
		return UINT64_MAX;
	memcpy(&bits, &plain, sizeof(bits));
	/* Doubles are ordered like sign and magnitude; negative ones already fall as bits rise. */
	return bits >> 63 ? bits : ~bits & ~(UINT64_C(1) << 63);
}

/* Writes the candidates' rows to order[0 … count-1], most preferred first; count is their number.
 * False when memory is out. */
bool wn_preference_order(
	const struct wn_rank_input *input, size_t count, void *scratch, uint32_t *order);

/* Who waits for whom. The rows with an edge are nodes; edges that close a cycle are among the
 * blockers, but not to be waited for (wn_inert), and not among the followers. */
struct wn_waits {
	uint32_t nodes;
	uint32_t *row;                     /* by node */
	uint32_t *pending;                 /* by node: edges to blockers */
	uint32_t *component;               /* by node: 0, or its cycle; NULL without any */
	uint32_t *blocker_start, *blocker; /* by node: blocker[start[v] … start[v + 1] - 1] */
	uint32_t *follower_start, *follower;
};
void wn_waits_release(struct wn_waits *waits);

static inline bool wn_inert(const struct wn_waits *waits, uint32_t v, uint32_t w)
{
	return v == w || (waits->component && waits->component[v] &&
				 waits->component[v] == waits->component[w]);
}

/*
 * Takes ranking->order as the order by preference; sets carries, cycle and cycle_count. Without
 * `waits`, order is rewritten so that no row stands before one that blocks it. With it, order
 * becomes that by inherited, then own preference, whoever waits, and *waits (all zero before, to be
 * released in any case) says who does. ranking->rank has to be all zero, and is so again
 * afterwards. False when memory is out; what is set by then is still the ranking's to release.
 */
bool wn_precedence_apply(const struct wn_rank_input *input, struct wn_ranking *ranking,
	struct wn_waits *waits, void *scratch);

static inline bool wn_ranked(const struct wn_rank_input *input, uint32_t row)
{
	return row < input->rows && input->candidate[row];
}

/* Whether a rule, a pin or a before can move anything at all. */
bool wn_placement_moves(const struct wn_rank_input *input);

struct wn_groups; /* bans.h: what wn_place and wn_find_breaches both count by */

/* Takes ranking->order as wn_precedence_apply left it with `waits`, whose counts it uses up, and
 * rewrites it as rank.h says; sets the fates of pins and befores. False when memory is out. */
bool wn_place(const struct wn_rank_input *input, struct wn_waits *waits, struct wn_groups *groups,
	void *scratch, struct wn_ranking *ranking);

/* Sets the fates of pins and befores where none of them can move anything. */
bool wn_place_nothing(const struct wn_rank_input *input, struct wn_ranking *ranking);

/* Finds where the finished order breaks a rule. */
bool wn_find_breaches(
	const struct wn_rank_input *input, struct wn_groups *groups, struct wn_ranking *ranking);

#endif

/*
 * Scores of items that are not stored, by the model and the policy of a ranking: the same decision
 * over a small population of their own. Nothing is written. For models whose scores do not depend
 * on the other items (not WN_TRAIT_RELATIVE).
 */
#ifndef WINNOW_SERVICE_SCORING_H
#define WINNOW_SERVICE_SCORING_H

#include "base/arena.h"
#include "base/error.h"
#include "codec/population.h"
#include "live/ranking.h"

struct scoring {
	const struct ranking *ranking;
	struct population *population;
	struct wn_model model;
	struct wn_policy policy;
	struct wn_decide_input input;
	struct wn_decision decision; /* its order means nothing: rows stand by themselves */
	uint32_t *rows;              /* by item */
	/* By item: where it would stand in the ranking by preference alone, as the newest of all:
	 * after every ranked item of equal tier, band and score. 0: it would not be ranked.
	 * Blockers, rank rules and overrides of places are not in it. */
	size_t *would_rank;
};

/* ids are given here; the arena and the ranking must outlive it. ERR_NO_MEMORY, ERR_BUDGET. Release
 * in any case. */
enum error scoring_run(const struct ranking *ranking, struct population_item *items, size_t count,
	struct arena *arena, struct scoring *out);
void scoring_release(struct scoring *scoring);

/* The rows that the item is in, and its place there. */
const struct wn_rows *scoring_rows(const struct scoring *scoring, size_t item, size_t *at);

#endif

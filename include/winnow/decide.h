/*
 * A decision: everything from rows to ranks in one call, the only way in which Winnow ranks: the
 * daemon's queue, a replay, a simulation and the offline client all come through here. Part of
 * libwinnow, the pure engine (see model.h).
 *
 * In this order (docs/ranking.md):
 *   1. score and range by the model (evidence alone)
 *   2. rules: who is hit by what
 *   3. out of the ranking: exclude and freeze rules, then exclude and defer overrides
 *   4. boosts: deltas of all boost overrides of an item, added to its score in the order given
 *   5. band: of the boosted score (unknown: none); then a band override (the newest); then
 *      at_least_band (the best of them); then at_most_band (the worst of them). An item without
 *      a score gets a band by a band override or at_least_band alone.
 *   6. tier 0 for pin_top, else 1
 *   7. order, blockers, placement (rank.h)
 */
#ifndef WINNOW_DECIDE_H
#define WINNOW_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/model.h"
#include "winnow/policy.h"
#include "winnow/rank.h"

enum wn_override_kind {
	WN_OVERRIDE_PIN,
	WN_OVERRIDE_BOOST,
	WN_OVERRIDE_BAND,
	WN_OVERRIDE_BEFORE,
	WN_OVERRIDE_EXCLUDE,
	WN_OVERRIDE_DEFER,
	WN_OVERRIDE_KINDS
};

/* In force; whoever calls has left out the expired and the revoked. Of several pins, or befores, or
 * a pin and a before of one item the newest counts, the others are defeated by it. */
struct wn_override {
	enum wn_override_kind kind;
	uint32_t row;
	uint32_t rank;    /* pin */
	double delta;     /* boost; finite */
	uint8_t band;     /* band: index of the model's */
	uint32_t target;  /* before: row; WN_ROW_NONE: there is no such item */
	int64_t revision; /* newer wins; of equal ones the later in the list */
};

struct wn_decide_input {
	const struct wn_population *population;
	const struct wn_model *model;
	const struct wn_policy *policy; /* NULL: none */
	const struct wn_override *overrides;
	size_t override_count;
	double now_s; /* as of */
	/* Scores that are known already (the same model, population and now); NULL: to be computed. Not
	 * owned. For simulations that change neither. */
	const struct wn_scores *scores;
	bool without_conflicts; /* nobody asks for them: none are looked for */
};

/* Why a row is not in the order though it is a candidate. */
enum wn_out { WN_NOT_OUT, WN_OUT_BY_RULE, WN_OUT_BY_EXCLUDE, WN_OUT_BY_DEFER };

/* By row where not said otherwise. Rows that are no candidates have NaN, WN_BAND_NONE, and so on. */
struct wn_decision {
	size_t rows;
	struct wn_scores evidence; /* score, lowest, highest by the model alone */
	bool owns_evidence;
	double *score;    /* with boosts; the same array as evidence.score when none boosts */
	uint8_t *band;    /* final */
	uint8_t *out;     /* enum wn_out; NULL when nothing is out */
	uint32_t *out_by; /* the rule (the first that hits) or the override; NULL with `out` */
	uint8_t *held;    /* 1: needs review; NULL when nothing is held */
	uint8_t *tier;    /* 0: pinned to the top; NULL when nothing is */
	struct wn_hits hits;
	struct wn_ranking order;
	/* By override, `by` naming overrides by their index here; NULL without any. What is not said
	 * in rank.h: an override of an item that is out is defeated by what took it out, but an
	 * exclude or defer of one that is out already is without effect, as are a boost of an unknown
	 * score and a band that the item has anyway; a band that a rule changed is defeated by it. */
	struct wn_fate_of *fates;
	struct wn_conflict *conflicts;
	size_t conflict_count;
};

/* False when memory is out. Release with wn_decision_release in any case. */
bool wn_decide(const struct wn_decide_input *input, struct wn_decision *out);
void wn_decision_release(struct wn_decision *decision);

#endif

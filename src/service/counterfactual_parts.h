/*
 * What the search for the smallest change is made of: from a target to the score that it takes
 * (counterfactual_target.c), from that to a change that is proved (counterfactual_change.c), ranks, for
 * which one change may not be enough (counterfactual_rank.c), rules that are lifted first
 * (counterfactual_lift.c), and the question itself (counterfactual.c). Private to these.
 */
#ifndef WINNOW_SERVICE_COUNTERFACTUAL_PARTS_H
#define WINNOW_SERVICE_COUNTERFACTUAL_PARTS_H

#include "service/counterfactual.h"

struct seeker {
	const struct ranking *ranking;
	const struct wn_decide_input *input; /* the ranking's, or with what was lifted */
	const struct wn_decision *decision;  /* of that */
	struct lift lift;
	struct simulation lifted;
	size_t decisions; /* that are left */
	bool in_doubt;    /* what bars it may be passed by */
	uint32_t row;
	const struct counterfactual_target *target;
	struct arena *arena;
	struct counterfactual *out;
	uint8_t floor, cap;     /* bands that rules leave: not worse than, not better than */
	uint32_t cap_rule;      /* WN_ROW_NONE: none */
	uint8_t given;          /* by a band override; WN_BAND_NONE: the score's */
	uint32_t band_override; /* its index */
	const struct feature_definition **features; /* by lever */
	struct wn_lever *levers;
	size_t lever_count;
	struct wn_effort effort;
};

/* Says why it cannot be, and by which rule or override. */
void seeker_bar(struct seeker *seeker, enum counterfactual_bar why, uint32_t by);
bool seeker_is_barred(const struct seeker *seeker);

/* ---- counterfactual_target.c: each may bar ---- */

void target_look_at_status(struct seeker *seeker);
/* Which bands rules and overrides leave to the item. */
void target_look_at_bands(struct seeker *seeker);
/* What keeps the item from the rank whatever its score is. */
void target_look_at_places(struct seeker *seeker);
/* The score that the band takes. */
void target_need_band(struct seeker *seeker);
/* The least score that puts the item before `other`: a preference grows with the score, and changes
 * at the other's score and where bands begin. */
void target_need_before(struct seeker *seeker, uint32_t other);
/* Whether the item at this score stands before `other` by preference. */
bool seeker_precedes(const struct seeker *seeker, double score, uint32_t other);
uint8_t seeker_tier(const struct wn_decision *decision, uint32_t row);
/* Of items with equal score: who was stored first, then the smaller id. */
bool seeker_wins_ties(const struct ranking *ranking, uint32_t row, uint32_t other);
/* The row whose preference holds a rank. */
uint32_t seeker_holder(const struct seeker *seeker, uint32_t rank);

/* ---- counterfactual_change.c ---- */

/* The inputs of the model that may be changed. False when memory is out. */
bool change_find_levers(struct seeker *seeker);
/* The smallest changes to the needed score, each proved. */
enum error change_seek(struct seeker *seeker);
/* Decides with what is lifted and the first `count` changes more. *asked is false when there have
 * been enough decisions; release in any case. */
enum error change_decide(struct seeker *seeker, struct feature_value *values, size_t count,
	struct simulation *simulation, bool *asked);
bool change_is_met(const struct seeker *seeker, const struct wn_decision *decision);

/* ---- counterfactual_rank.c ---- */

/* Its own blockers go before it, and rules may let others pass: then a better place is aimed at. As
 * long as there are places left to try, nothing is said to be impossible. */
enum error rank_seek(struct seeker *seeker);

/* ---- counterfactual_lift.c ---- */

/* *lifted: the rule that bars the item no longer hits it, and the question is open again. */
enum error lift_take_off(struct seeker *seeker, bool *lifted);
/* Not through the score alone: by values that rules look at, and by others than those that were
 * taken to lift one. What was not found then is not impossible. */
bool lift_may_be_otherwise(const struct seeker *seeker);

#endif

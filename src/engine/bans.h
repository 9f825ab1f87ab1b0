/*
 * The rules of a placement, with what they have counted so far: who may not stand at a rank, and
 * why. Used while placing (placement.c), and once more to find what the finished order breaks.
 */
#ifndef WINNOW_ENGINE_BANS_H
#define WINNOW_ENGINE_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/rank.h"

enum { WN_NO_RULE = 0xffffffff };

struct wn_tally {
	uint64_t group; /* 0: none here */
	double sum;
};

/* A not_above, limit or share rule that is in force. */
struct wn_ban {
	uint32_t rule; /* its index in the policy */
	enum wn_effect effect;
	bool warn;
	uint32_t last; /* rank at which it may forbid something */
	double bound; /* limit, most share: not to be exceeded; least share: places that it needs */
	double sum;   /* of the members placed, where there are no groups */
	const uint64_t *bits;
	const struct wn_rule *of;
	struct wn_tally *tallies; /* by group: a hash table, a power of two long */
	size_t tally_room, tally_count;
};

/* What a count was before a trial. */
struct wn_undo {
	struct wn_ban *ban;
	uint64_t group;
	double sum;
};

struct wn_bans {
	const struct wn_population *population;
	struct wn_ban *all;
	size_t count;
	struct wn_ban **live; /* by rule; those with last >= the rank at hand */
	size_t live_count;
	size_t hard_count, least_count; /* of the live ones: least shares, and the others */
	struct wn_undo *undo;           /* while trying */
	size_t undo_count, undo_room;
	bool trying;
};

/* Whether a rule forbids ranks; with `warn` also those that only warn. */
bool wn_rule_places(const struct wn_rule *rule, bool warn);

/* The rules in force; with `warn` those that only warn, too. `count` is the number of candidates.
 * False when memory is out; to be released in any case. */
bool wn_bans_init(struct wn_bans *bans, const struct wn_rank_input *input, size_t count, bool warn);
void wn_bans_release(struct wn_bans *bans);

/* Drops the rules that end before this rank; ranks only grow. */
void wn_bans_advance(struct wn_bans *bans, uint32_t rank);

static inline bool wn_ban_hits(const struct wn_ban *ban, uint32_t row)
{
	return ban->bits[row >> 6] >> (row & 63) & 1;
}

/* Whether a rule that is no least share forbids the row at this rank. */
bool wn_ban_forbids(
	const struct wn_bans *bans, const struct wn_ban *ban, uint32_t row, uint32_t rank);

/* Whether it is a least share that has no place to give away from this rank on. */
static inline bool wn_ban_tight(const struct wn_ban *ban, uint32_t rank)
{
	double needed = ban->bound - ban->sum;

	return ban->effect == WN_SHARE_LEAST && rank <= ban->last && needed > 0 &&
	       (double)(ban->last - rank) + 1 <= needed;
}

/* Counts a row as placed at this rank. False when memory is out. */
bool wn_bans_count(struct wn_bans *bans, uint32_t row, uint32_t rank);

/* What is counted between the two is taken back, to the bit. */
void wn_bans_try(struct wn_bans *bans);
void wn_bans_undo(struct wn_bans *bans);

#endif

/*
 * The rules of a placement, with what they have counted so far: who may not stand at a rank, and
 * why. Used while placing (placement.c), and once more to find what the finished order breaks
 * (breaches.c).
 */
#ifndef WINNOW_ENGINE_BANS_H
#define WINNOW_ENGINE_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/rank.h"

enum { WN_NO_RULE = 0xffffffff };

/* ---- what a rule counts; the same for the placement and for the conflicts of a policy ---- */

/* The group that a row is counted in: WN_NO_SYMBOL none, which leaves it free; 1 for all rows where
 * the rule does not count by groups. */
static inline uint32_t wn_group_of(
	const struct wn_rule *rule, const struct wn_population *population, uint32_t row)
{
	static const enum wn_word words[] = {
		[WN_PER_STREAM] = WN_STREAM,
		[WN_PER_TEAM] = WN_TEAM,
		[WN_PER_ASSIGNEE] = WN_ASSIGNEE,
	};
	size_t at;

	if (rule->effect != WN_LIMIT || rule->per == WN_PER_WORKSPACE)
		return 1;
	if (!population)
		return WN_NO_SYMBOL;
	const struct wn_rows *rows = wn_block_of(population, row, &at);

	return wn_word_of(rows, at, words[rule->per]);
}

/* What a row counts: 1, or its days; unknown and negative ones are 0. Never NaN, never negative. */
static inline double wn_weight_of(
	const struct wn_rule *rule, const struct wn_population *population, uint32_t row)
{
	double days;
	size_t at;

	if (rule->effect != WN_LIMIT || !rule->by_estimate)
		return 1;
	if (!population)
		return 0;
	const struct wn_rows *rows = wn_block_of(population, row, &at);

	days = wn_number_of(rows, at, WN_ESTIMATE);
	return days > 0 ? days : 0;
}

/* Whether a sum of weights is more than a bound allows: .1 + .2 + .3 is not more than .6, though
 * the sum of the doubles is. As in wn_share_places. */
static inline bool wn_exceeds(double sum, double bound)
{
	return sum > bound + 1e-9 * (bound > 1 ? bound : 1);
}

struct wn_numbered {
	uint32_t symbol; /* WN_NO_SYMBOL: none here */
	uint32_t number;
};

/* The groups that candidates are in by one of their words, and what the limits have counted of
 * each; those of one group stand together. */
struct wn_groups {
	uint32_t *of_row; /* from 1; 0: in none */
	uint32_t count;
	struct wn_numbered *entries; /* by symbol: a hash table, a power of two long, never full */
	size_t room;
	double *sums; /* [group * columns + column] */
	size_t columns;
};

enum { WN_GROUPINGS = WN_PER_ASSIGNEE + 1 };

/* A not_above, limit or share rule that is in force. */
struct wn_ban {
	uint32_t rule; /* its index in the policy */
	enum wn_effect effect;
	bool warn;
	uint32_t last; /* rank at which it may forbid something */
	double bound; /* limit, most share: not to be exceeded; least share: places that it needs */
	double sum;   /* of the members placed, where there are no groups */
	const uint64_t *bits; /* rows that it hits; of a limit per group those that it may forbid */
	uint64_t *own_bits;   /* the same, when they are the ban's own */
	const struct wn_rule *of;
	struct wn_groups *groups; /* NULL: one sum */
	size_t column;
};

/* What a count was before a trial. */
struct wn_undo {
	double *at;
	double sum;
};

struct wn_bans {
	const struct wn_population *population;
	struct wn_groups *groups; /* by enum wn_group; not the bans' own, but for the sums */
	struct wn_ban *all;
	size_t count;
	struct wn_ban **live; /* by rule; those with last >= the rank at hand */
	size_t live_count;
	size_t hard_count, least_count; /* of the live ones: least shares, and the others */
	struct wn_undo *undo;           /* of what was tried and not undone */
	size_t undo_count, undo_room;
};

/* Whether a rule forbids ranks; with `warn` also those that only warn. */
bool wn_rule_places(const struct wn_rule *rule, bool warn);

/* The rules in force that can forbid anything; with `warn` those that only warn, too. `count` is
 * the number of candidates. Groups, WN_GROUPINGS of them, all zero at first, keep what was numbered
 * for other bans of the same input, and outlive these. False when memory is out; to be released in
 * any case. */
bool wn_bans_init(struct wn_bans *bans, const struct wn_rank_input *input, size_t count, bool warn,
	struct wn_groups *groups);
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

/* Whether what a limit or a most share counts of the row's group is more than the bound. */
bool wn_ban_full(const struct wn_ban *ban, uint32_t row);

/* Counts a row as placed at this rank. */
void wn_bans_count(struct wn_bans *bans, uint32_t row, uint32_t rank);

/* Counts a row that a limit or a most share hits this many times, on trial. False when memory is
 * out. */
bool wn_ban_try(struct wn_bans *bans, struct wn_ban *ban, uint32_t row, double times);

/* Takes back, to the bit, all that was tried since undo_count was `tried`. */
void wn_bans_undo(struct wn_bans *bans, size_t tried);

#endif

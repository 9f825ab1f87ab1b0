/*
 * Why an item stands in one ranking where it did not stand in another: its move, taken apart by
 * putting what is different into the first ranking, one thing after the other, and deciding again
 * each time. docs/movement.md has the definition.
 *
 * A movement is of two rankings of one workspace and can be asked about any number of items; it
 * keeps what they share. Not thread-safe.
 */
#ifndef WINNOW_SERVICE_MOVEMENT_H
#define WINNOW_SERVICE_MOVEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/uuid.h"
#include "live/ranking.h"
#include "winnow/compare.h"

/* In the order in which they are put in. */
enum movement_cause {
	MOVED_BY_TIME,     /* the as-of time: ages, dates, windows */
	MOVED_BY_EVIDENCE, /* the item's own row */
	MOVED_BY_WEIGHTS,  /* of a model with the same inputs */
	MOVED_BY_MODEL,    /* all else of the model */
	MOVED_BY_POLICY,
	MOVED_BY_OVERRIDE, /* of any item */
	MOVED_BY_BLOCKERS, /* who waits for whom */
	MOVED_BY_OTHERS,   /* the rest: other items' evidence, arrivals, departures */
	MOVEMENT_CAUSES
};
const char *movement_cause_name(enum movement_cause cause);

/* How an item stands in a ranking. */
enum standing {
	STANDS_RANKED,
	STANDS_NOT_STORED,
	STANDS_DONE,
	STANDS_DROPPED,
	STANDS_EXCLUDED_BY_RULE,
	STANDS_EXCLUDED, /* by an override */
	STANDS_DEFERRED,
};
const char *standing_name(enum standing standing);

struct item_standing {
	enum standing standing;
	uint32_t row;  /* WN_ROW_NONE: not stored */
	uint32_t rank; /* 0: not ranked */
	uint32_t by;   /* the rule, or the override, that took it out */
};
struct item_standing item_standing(const struct ranking *ranking, const struct uuid *id);

struct movement_part {
	int64_t ranks; /* what this adds to the rank: more than 0 is further down */
	size_t rank_after;
	bool out_after; /* taken out there: rank_after is then one behind the last that is ranked */
	const char *why; /* for people: what is different; in the movement's arena */
};
struct item_movement {
	struct item_standing from, to;
	bool has_parts; /* ranked in both */
	struct movement_part parts[MOVEMENT_CAUSES];
};

struct movement;

/* Both must outlive it. NULL when memory is out. */
struct movement *movement_new(const struct ranking *from, const struct ranking *to);
void movement_free(struct movement *movement); /* NULL is fine */
/* The parts add up to the difference of the ranks. Asks the engine at most once a cause: some tens of
 * milliseconds with 100,000 items. ERR_NOT_FOUND: neither ranking knows it; ERR_NO_MEMORY. */
enum error movement_of(struct movement *movement, const struct uuid *id, struct item_movement *out);

struct ranked_move {
	struct uuid id;
	uint32_t from, to; /* ranks; 0: not ranked */
};
/* All that differs between the two orders; the lists are malloc'd. */
struct ranking_difference {
	struct wn_comparison_of_orders orders;
	struct ranked_move *entered; /* by rank in the second */
	size_t entered_count;
	struct ranked_move *left; /* by rank in the first */
	size_t left_count;
	struct ranked_move *moved; /* the largest moves first, ties by id */
	size_t moved_count;
};
/* `top`: the K of the orders' comparison. ERR_NO_MEMORY. Release in any case. */
enum error movement_difference(
	struct movement *movement, size_t top, struct ranking_difference *out);
void ranking_difference_release(struct ranking_difference *difference);

#endif

/*
 * Ranking: a total order over the candidates in which no item stands before an item that blocks it,
 * and placement rules hold. Part of libwinnow, the pure engine (see model.h).
 *
 * Preference, best first: smaller tier, better band (smaller index, none last), higher score
 * (unknown last), smaller first revision, smaller id (as bytes). For its place only, a blocker
 * takes the best preference among itself and all candidates that wait for it, directly or in all;
 * equal inherited preferences go by the items' own.
 *
 * Members of a cycle (strongly connected component of two or more, or an item that names itself)
 * count as not blocking each other; they are reported.
 *
 * Placement is one pass from rank 1 down. A row is ready when its blockers are all placed. A pinned
 * row waits for its pin, and is due from the pin's rank on; the row of a `before` waits until its
 * target is chosen; all others are free. A row is a top row when the preference that it has,
 * inherited or own, is of tier 0 (so the blockers of such rows are, too). At each rank, of the
 * ready rows that no rule forbids there (of the top rows alone, if there are any among them), the
 * first in this line is chosen:
 *   1. pins that are due, the newest first
 *   2. free rows, by preference
 *   3. pins that are not due, by rank, then the newer: no rule is broken for the sake of an override,
 *      and what is pinned beyond the end comes last
 *   4. befores, by preference
 * Least shares yield: where one and the other rules leave no row, it is not asked for at that rank.
 * Where all ready rows are still forbidden, the first free one by preference is chosen, else the
 * first pin by rank: the only way in which another rule is broken.
 *
 * The chosen row lets the befores that name it go ahead: the newest directly ahead of it, ahead
 * of that one its own befores, then the next newest, and so on outwards. This run of rows takes
 * the next ranks together; whatever else becomes due or free in between waits for its end. A
 * before joins when it is ready before the run, is a top row if the chosen one is, and with it at
 * the front no rule forbids any row of the run its place (of least shares all that are tight
 * there count, also one that yielded to the chosen row). One that may not join is defeated and
 * free from then on. A `before` whose target waits for its row by blockers is without effect; one
 * that closes a circle with older ones that are accepted (circles may lead through blockers) is
 * defeated by the newest of those that it closes a circle with.
 *
 * A rule forbids a row at a rank r:
 *   not_above: r < its rank.
 *   limit, most share: r <= K, the rule hits the row, and with it the count (or the estimates; unknown
 *     and negative ones are 0) of its group among the places before r would exceed the bound, by more
 *     than adding up may err: 1e-9 of the bound, or 1e-9. A row without the group's word is in no
 *     group. A most share's bound is share * K in whole places.
 *   least share: r <= K, the rule does not hit the row, and the places r … K are just enough (or too
 *     few) for those of the rule's rows that are still needed. Needed are share * K, whole places
 *     upwards, as far as there are such candidates. When several are tight at once, a row is allowed
 *     when all of them hit it. When they hit together no ready row that the other rules allow, the
 *     earliest that hits one counts alone; when none of them does, none counts at this rank, so that
 *     not_above, limits and most shares hold also where they take places that a least share needs.
 * The K of shares is cut to the number of candidates; how share * K is rounded, wn_share_places
 * says.
 */
#ifndef WINNOW_RANK_H
#define WINNOW_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/policy.h"
#include "winnow/rows.h"

struct wn_pin {
	uint32_t row;
	uint32_t rank;    /* >= 1 */
	int64_t revision; /* of the override: newer wins; of equal ones the later in the list */
};
struct wn_before {
	uint32_t row, target;
	int64_t revision;
};

/* What moves items beyond their preference. NULL or empty parts: none. */
struct wn_placement {
	const struct wn_policy
		*policy; /* not_above, limit and share rules are read, where they hit */
	const struct wn_hits *hits;
	const struct wn_population *population; /* groups and estimates of limits */
	const struct wn_pin *pins;              /* each row at most once */
	size_t pin_count;
	const struct wn_before *befores; /* each row at most once, never also pinned */
	size_t before_count;
};

struct wn_rank_input {
	size_t rows;              /* < 2^32 - 1 */
	const uint8_t *candidate; /* 1: to be ranked */
	const uint8_t *tier;      /* NULL: all the same */
	const double *score;      /* NaN: no score */
	const uint8_t *band;      /* WN_BAND_NONE: none */
	const int64_t *first_revision;
	const unsigned char (*id)[16];
	const struct wn_edge *edges; /* those with an end that is no candidate, or no row, order
	                                nothing; doubled edges are allowed */
	size_t edge_count;           /* < 2^32 - 1 */
	const struct wn_placement *placement; /* NULL: by preference and blockers alone */
};

/*
 * What became of an override. A pin is applied when its row stands at its rank, or nearer the top
 * only because no free row was left to put before it; else the fate is what kept the row from the
 * rank when it was reached, in this order: a blocker, a rule, a top row (its rule), a newer pin or
 * a before. A before is applied when it joined its target's run.
 */
enum wn_fate {
	WN_APPLIED,
	WN_DEFEATED_BY_RULE,    /* `by`: the first of them in the policy, of a before the first that
	                            forbids any row of the run; WN_ROW_NONE: tier 0 without a rule */
	WN_DEFEATED_BY_BLOCKER, /* `by`: the first by preference that was not placed */
	WN_DEFEATED_BY_OVERRIDE, /* `by`: the other one: the index of a pin, or pin_count plus that
	                            of a before */
	WN_WITHOUT_EFFECT, /* the row or its target is not ranked, or its blockers say the same */
};
struct wn_fate_of {
	enum wn_fate fate;
	uint32_t by;
};

/* A rule that the finished order breaks at a rank: not_above, limit and most share at each rank
 * where a row stands that they forbid, because everything that was ready was forbidden there; a
 * least share once, at its K. Of limits and shares of `warn` only the first one is told. */
struct wn_breach {
	uint32_t rule;
	uint32_t rank;
	uint32_t row; /* that stands there; WN_ROW_NONE for a least share that is not met */
	bool warned;  /* of a rule that only warns */
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
	/* Of a placement: */
	struct wn_fate_of *pins;    /* by pin; NULL without pins */
	struct wn_fate_of *befores; /* by before */
	struct wn_breach *breaches; /* by rank, then rule */
	size_t breach_count;
};

/* False when memory is out. All arrays are owned by *out; release it with wn_ranking_release.
 * Asserts that the result is a permutation of the candidates.
 *
 * Without a placement O(n log n + edges log n). With R rules that place, and W pins and befores,
 * O((n + edges) log n + n R + W (R + log W)), and on top of that
 *   for each row and each rule that forbids it for a while: R + log n
 *   for each rank at which least shares leave no choice, or a pin that is due has to wait: W + R^2
 *   for each before: the rows and edges from its target to what that waits for, or from its row to
 *     what waits for it, whichever is less; both where it closes a circle.
 */
bool wn_rank(const struct wn_rank_input *input, struct wn_ranking *out);
void wn_ranking_release(struct wn_ranking *ranking);

#endif

/*
 * Policy: rules that no score can beat. A rule is a predicate over facts, features and labels, an
 * effect, and when it is in force. Part of libwinnow, the pure engine (see model.h). A policy is
 * bound: words are symbols of the population, bands are indices of the model's (rows.h, model.h).
 */
#ifndef WINNOW_POLICY_H
#define WINNOW_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/model.h"
#include "winnow/rows.h"

enum {
	WN_MAX_RULES = 256,
	WN_MAX_PLACE_RULES = 64, /* limits and shares together */
	WN_PREDICATE_MAX_DEPTH = 16,
	WN_PREDICATE_MAX_TESTS = 256,
	WN_PREDICATE_MAX_LIST = 1024, /* values of one `in` */
};

enum wn_test_op {
	WN_ALL, /* of its children; true without any */
	WN_ANY, /* false without any */
	WN_NOT, /* of its one child */
	WN_EQ,
	WN_NE,
	WN_LT,
	WN_LE,
	WN_GT,
	WN_GE,
	WN_IN,       /* equal to one of the list */
	WN_CONTAINS, /* labels: has one of the list */
	WN_MISSING,
	WN_PRESENT,
};

enum wn_operand_kind {
	WN_OF_FEATURE, /* column `index`; a category by its index, a date in s, a text feature is there
	                   or missing */
	WN_OF_WORD,    /* enum wn_word */
	WN_OF_NUMBER, /* enum wn_number; times in s */
	WN_OF_LABELS,
	WN_OF_TEXT,     /* the wn_text bit `index`: missing or present alone */
	WN_OF_AGE_DAYS, /* since created; never negative */
	WN_OF_DAYS_TO_DUE,
	WN_OF_DAYS_TO, /* from now to the date feature in column `index` */
};

/*
 * One node of a predicate, in preorder. A comparison with what is missing is false, NE too (and so
 * NOT of it true): to say "or missing", say it. Only MISSING and PRESENT look at missing values.
 */
struct wn_test {
	enum wn_test_op op;
	uint32_t children; /* of WN_ALL, WN_ANY, WN_NOT: how many direct ones follow */
	uint32_t size;     /* tests of this subtree, itself included */
	enum wn_operand_kind of;
	uint32_t index;
	const double *numbers; /* `count` of them, for numeric operands: one, or the list of `in` */
	const uint32_t *symbols; /* the same for words and labels; what is bound ascends, both */
	size_t count;
};

enum wn_effect {
	WN_EXCLUDE,       /* takes the item out of the ranking */
	WN_FREEZE,        /* the same while one of its windows is open */
	WN_HOLD,          /* marks it as needing review; does not move it */
	WN_PIN_TOP,       /* before all that are not pinned */
	WN_AT_LEAST_BAND, /* not in a worse band than `band` */
	WN_AT_MOST_BAND,  /* not in a better band than `band`; beats at_least_band */
	WN_NOT_ABOVE,     /* not at a rank less than `rank` */
	WN_LIMIT,         /* at most `most` of them in the top `rank`, per group */
	WN_SHARE_MOST,    /* at most `share` of the top `rank`, cut to whole places */
	WN_SHARE_LEAST,   /* at least that, whole places upwards, as far as there are such items */
	WN_EFFECTS
};

enum wn_group { WN_PER_WORKSPACE, WN_PER_STREAM, WN_PER_TEAM, WN_PER_ASSIGNEE };

struct wn_rule {
	enum wn_effect effect;
	const struct wn_test *tests; /* one whole predicate */
	size_t test_count;
	double from_s, until_s; /* in force while from <= now < until; ±INFINITY. Of a freeze: the
	                           window that is open now, or an empty one, made by whoever binds */
	uint8_t band;           /* at_least_band, at_most_band */
	uint32_t rank;          /* not_above; limit and share: the K of the top K, >= 1 */
	double most;            /* limit: items, or days when by_estimate (unknown: 0 days) */
	double share;           /* 0 … 1 */
	enum wn_group per; /* limit; an item without team or assignee is in no group, and free */
	bool by_estimate;  /* limit */
	bool warn;         /* limit and share: reported where broken, never enforced */
};

struct wn_policy {
	const struct wn_rule *rules;
	size_t rule_count;
};

/* Structure of a predicate: preorder and sizes agree, depth, operators fit operands, lists are not
 * empty, numbers are finite. NULL when sound, else what is wrong, with the index of the test. */
const char *wn_predicate_check(const struct wn_test *tests, size_t count, size_t *at);

bool wn_rule_in_force(const struct wn_rule *rule, double now_s);
/* From when on a rule's outcome no longer depends on the time (its force, ages, days to a date), s:
 * -INFINITY when it never does, INFINITY when it does for ever. */
double wn_rule_settles(const struct wn_rule *rule);

/* Whole places of the top `rank` that a share rule means: WN_SHARE_MOST cut, WN_SHARE_LEAST upwards.
 * A product within rounding of a whole number is that number. Where fewer items are ranked, they are
 * the top: ask with `rank` cut to their number. */
size_t wn_share_places(const struct wn_rule *rule);

/* Whether each row fulfils the predicate: bit (row & 63) of hits[row >> 6] for the first
 * rows->rows rows; the rest of the last word is zero. Column by column; takes no memory. The lists
 * have to ascend. */
void wn_predicate_rows(const struct wn_test *tests, size_t count, const struct wn_rows *rows,
	double now_s, uint64_t *hits);

/*
 * What all rules say of all rows. hits[r] has a bit per row of the population ((rows + 63) / 64
 * words); NULL where the rule is not in force. False when memory is out. Release with
 * wn_hits_release.
 */
struct wn_hits {
	uint64_t **rule; /* rule_count of them */
	size_t rule_count;
	size_t words; /* each */
};
bool wn_policy_apply(const struct wn_policy *policy, const struct wn_population *population,
	double now_s, struct wn_hits *out);
void wn_hits_release(struct wn_hits *hits);

static inline bool wn_hit(const struct wn_hits *hits, size_t rule, size_t row)
{
	const uint64_t *bits = hits->rule_count > rule ? hits->rule[rule] : NULL;

	return bits && (bits[row >> 6] >> (row & 63) & 1);
}

/*
 * Two rules of which one cannot hold where the other does. On one item: exclude or freeze with
 * pin_top or at_least_band; at_least_band better than at_most_band; pin_top with not_above, or with a
 * limit or most share that has no room for the item even alone (none of them, or fewer days than it
 * takes). Of the whole top: least and most shares, or limits, that leave no way (least share of items
 * that a most share or a limit with a smaller bound covers entirely, not_above R being a limit of
 * none in the top R - 1; least shares that need more places than there are). The first of the two
 * named in the struct is the one that holds:
 *   exclude and freeze > at_most_band > at_least_band; not_above, limit and most share > pin_top;
 *   not_above, limit and most share > least share; between least shares the earlier rule.
 * Of three least shares or more that fit two by two, the last yields to the one before it. Rules that
 * only warn are in no conflict over places. Counts are compared as the placement does, estimates
 * that are unknown or negative being none. Nothing depends on the numbers of the rows.
 */
enum { WN_CONFLICT_ROWS = 8 };
struct wn_conflict {
	uint32_t holds, yields; /* rules */
	size_t rows;            /* items concerned; over places, those of the share that yields */
	uint32_t examples[WN_CONFLICT_ROWS]; /* rows: the first stored of them (revision, id) */
};
/* `candidate` by row: the population's, less what overrides took out; what rules take out may be in
 * it or not. *out is malloc'd, *count long (at most one entry a pair). False when memory is out.
 * Takes O(rules^2 rows / 64), and for each pair of a limit and a least share that it covers O(rows). */
bool wn_policy_conflicts(const struct wn_policy *policy, const struct wn_hits *hits,
	const struct wn_population *population, const uint8_t *candidate, struct wn_conflict **out,
	size_t *count);

#endif

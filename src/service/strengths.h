/*
 * What comparisons of items have taught (their strengths in a ranking), and which comparisons would
 * teach the most.
 */
#ifndef WINNOW_SERVICE_STRENGTHS_H
#define WINNOW_SERVICE_STRENGTHS_H

#include "live/ranking.h"
#include "service/service.h"

struct strength {
	uint32_t row;
	double value, error;  /* log odds against the average item; standard error */
	uint32_t comparisons; /* that the item was in */
};
struct strength_page {
	struct strength *items; /* in the arena */
	size_t count;
	size_t total;      /* items that were ever compared */
	bool errors_exact; /* see winnow/pairwise.h */
};
/* Items that were compared by the ranking's revision, strongest first, ties by id: those behind the
 * first `begin`. Asks the database. */
enum error strengths_page(const struct call *call, const struct ranking *ranking, size_t begin,
	size_t limit, struct strength_page *out);

/* Of how many items, the least certain ones, every pair is looked at. */
enum { PAIRS_AMONG = 256 };

struct item_pair {
	uint32_t a, b;        /* rows; a has the lower id */
	double gain;          /* wn_comparison_gain */
	double chance;        /* that a is preferred, by what is known */
	uint32_t comparisons; /* of these two with each other */
};
/*
 * Pairs of items in the ranking's order. Of the PAIRS_AMONG least certain of them (never compared
 * ones first, then by standard error, ties by id) every pair is looked at; those that nobody
 * compared come first, then by gain, ties by ids. Each item is in one pair at the most, so that all
 * can be answered before asking again. Takes time in proportion to the items. Asks the database.
 */
enum error pairs_to_compare(const struct call *call, const struct ranking *ranking, size_t limit,
	struct item_pair **out, size_t *count);

#endif

/*
 * Clocks of service levels on one population: which rule each item has, and what its clock shows as of an
 * instant. Immutable once made.
 */
#ifndef WINNOW_LIVE_SLA_H
#define WINNOW_LIVE_SLA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "codec/catalog.h"
#include "live/status_log.h"
#include "winnow/sla.h"

struct ranking;

enum { SLA_NO_RULE = 255 };

struct sla_book {
	const struct catalog *catalog; /* whose rules they are; the maker keeps it alive */
	struct status_log *log;        /* a reference */
	size_t rows;
	uint8_t *rule_of;       /* by row; SLA_NO_RULE */
	const double **created; /* by block: WN_CREATED of its rows, NULL: of none */
	struct wn_clock_rule rules[SLA_MAX_RULES];
	uint8_t *
		phases; /* [rule][symbol of a status]: enum wn_clock_phase, and whether it starts */
};

/* Rules of `catalog`, on the rows of a ranking, which must outlive the book. NULL when memory is out. */
struct sla_book *sla_book_new(
	const struct ranking *ranking, const struct catalog *catalog, struct status_log *log);
void sla_book_free(struct sla_book *book); /* NULL is fine */
size_t sla_book_bytes(const struct sla_book *book);

/* The clock of a row; false when no rule is for it. */
bool sla_read(
	const struct sla_book *book, uint32_t row, int64_t now_s, struct wn_clock_reading *out);
/* Hours left of all that `candidates` (by row) marks, negative when breached; NaN of the others and where no
 * rule is. */
void sla_fill_left(
	const struct sla_book *book, const uint8_t *candidates, int64_t now_s, double *out);
/* The rule behind it. */
static inline const struct sla_rule *sla_rule_of(const struct sla_book *book, uint32_t row)
{
	return row < book->rows && book->rule_of[row] != SLA_NO_RULE
		       ? &book->catalog->slas->rules[book->rule_of[row]]
		       : NULL;
}

/* Runs or is paused, within the target, and with no more left than the rule calls soon. */
static inline bool sla_is_due_soon(
	const struct sla_rule *rule, const struct wn_clock_reading *reading)
{
	return (reading->state == WN_CLOCK_RUNNING || reading->state == WN_CLOCK_PAUSED) &&
	       rule->due_soon_s > 0 && reading->left_s <= rule->due_soon_s;
}

#endif

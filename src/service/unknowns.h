/*
 * What is not known of the backlog, and what it leaves open: items whose band could be another one if
 * their missing values were known. By evidence alone, as all ranges are.
 */
#ifndef WINNOW_SERVICE_UNKNOWNS_H
#define WINNOW_SERVICE_UNKNOWNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "live/ranking.h"

/* A feature that the model reads, and that spans its bounds where it is unknown. */
struct unknown_input {
	struct str feature;
	size_t open;    /* ranked items whose band is open and where the model does not know it */
	size_t decides; /* of them, those where nothing else that spans is unknown */
};

/* Where the model reads an input; its terms may be a team's. */
struct unknown_use {
	const struct wn_term *term; /* the ranking's */
	uint32_t team;              /* WN_NO_SYMBOL: of every row */
	uint32_t input;
	bool claims_unknown; /* as in a team's term of a model with max_influence */
};

struct unknowns {
	const struct ranking *ranking;
	struct unknown_input *inputs; /* in the model's order; each feature once */
	size_t input_count;
	struct unknown_use *uses;
	size_t use_count;
	bool exact; /* the ranges are reached, and no item's depends on the others */
};

/* Which inputs there are, without counts. The texts are the catalogue's. ERR_NO_MEMORY. */
bool unknowns_init(struct unknowns *out, struct arena *arena, const struct ranking *ranking);
/* Fills the counts in, and sorts the inputs, most open items first, then by name; `open`: of all
 * ranked items those whose band is open. O(rows * inputs). unknowns_of is not to be asked
 * afterwards: its indices are those before. */
void unknowns_count(struct unknowns *unknowns, size_t *open);

/* Whether the lowest and the highest score of a ranked row fall into different bands. */
bool unknowns_open(const struct ranking *ranking, uint32_t row);
/* Those inputs that span in this row; out has room for input_count. Ascending. */
size_t unknowns_of(const struct unknowns *unknowns, uint32_t row, uint32_t *out);

#endif

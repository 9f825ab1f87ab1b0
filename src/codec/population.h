/*
 * A whole population in memory, built item by item: for whoever ranks without a live picture (a
 * bundle, offline) or scores what is not stored. The same items, comparisons and versions give the
 * same decision as the live picture, to the last bit.
 */
#ifndef WINNOW_CODEC_POPULATION_H
#define WINNOW_CODEC_POPULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/uuid.h"
#include "codec/catalog.h"
#include "codec/item.h"
#include "winnow/decide.h"

struct population;

struct population_value {
	uint16_t column;  /* the feature's id */
	uint8_t evidence; /* enum wn_evidence; a claim is WN_ASSERTED + its principal */
	double number;    /* never NaN */
};

/* An item as a ranking reads it; texts are borrowed. */
struct population_item {
	struct uuid id;
	int64_t first_revision;
	bool candidate;             /* open or in progress: population_ranks */
	uint8_t texts;              /* bits of enum wn_text */
	struct str words[WN_WORDS]; /* absent: none. The assignee's tells people apart, and equals
	                                no word of a model or a policy, whatever it is */
	double numbers[WN_NUMBERS]; /* strengths are not read: they come from comparisons */
	const struct str *labels;
	size_t label_count;
	const struct population_value *values;
	size_t value_count;
	const struct uuid *blocked_by; /* those that are no item of the population order nothing */
	size_t blocked_by_count;
};

/* Columns are the catalogue's features; it is referenced. NULL when memory is out. */
struct population *population_new(struct catalog *catalog);
void population_free(struct population *population); /* NULL is fine */

/* Each id once. False when memory is out, or there are too many items. */
bool population_add(struct population *population, const struct population_item *item);
/* "Before" was preferred to "after"; in any order, after all items. A pair with an item that is not
 * there is left out. derived: of a review's decision. */
bool population_compare(struct population *population, const struct uuid *before,
	const struct uuid *after, bool derived);
/* Nothing is added any more: the rows can be ranked. */
bool population_finish(struct population *population);

/* After population_finish. It lives as long as the population. */
const struct wn_population *population_rows(const struct population *population);
uint32_t population_find(const struct population *population, const struct uuid *id);
struct word_lookup population_words(const struct population *population);

/* Whether an item of this status is a candidate: one that the vocabulary does not know is. */
bool population_ranks(const struct catalog *catalog, struct str status);
/* Of a feature of an item, enum wn_evidence: principals are counted in the order in which their claims
 * come. The item's source is the same for all of them, so the token alone tells them apart. */
uint8_t population_evidence(const struct item *item, size_t index);
/* Bits of enum wn_text, of ITEM_PERSONAL bits. */
uint8_t population_texts(uint32_t present);
/* What a ranking reads of a record; `present`: its ITEM_PERSONAL bits. blocked_by stays empty: only
 * the caller knows the workspace. False when the arena is out of memory. */
bool population_item_of(const struct item_record *record, uint32_t present,
	const struct catalog *catalog, struct arena *arena, struct population_item *out);

/* "pin", "boost", "band", "before", "exclude", "defer"; NULL-terminated, in wn_override_kind's
 * order. */
extern const char *const override_kinds[];
/* Index in override_kinds, -1 when there is no such kind. */
int override_kind_index(struct str kind);

/* An override as it is kept. */
struct population_override {
	struct uuid id;
	int64_t revision;
	struct uuid item;
	struct str kind;    /* of override_kinds */
	int64_t rank;       /* pin */
	double delta;       /* boost */
	struct str band;    /* band */
	struct uuid target; /* before */
	int64_t expires_us;
	int64_t ended_revision; /* 0: has not ended */
};
/* From an item to its row; WN_ROW_NONE when it is not there. */
struct row_lookup {
	uint32_t (*row)(const void *self, const struct uuid *id);
	const void *self;
};
struct row_lookup population_items(const struct population *population);

/* As the engine takes it; false where it has nothing to do: not in force at as_of_us, no such item,
 * no such band in this model. */
bool population_override(const struct population_override *override, const struct row_lookup *items,
	const struct wn_model *model, int64_t as_of_us, struct wn_override *out);

#endif

/*
 * A published ranking: immutable, shared by reference among readers on any thread. It holds the
 * blocks that it was computed from, so a page of it never changes while it lives.
 */
#ifndef WINNOW_LIVE_RANKING_H
#define WINNOW_LIVE_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/shared_body.h"
#include "base/str.h"
#include "codec/catalog.h"
#include "codec/receipt.h"
#include "live/block.h"
#include "live/override_set.h"
#include "live/review_states.h"
#include "winnow/decide.h"

struct picture;
struct row_index;
struct row_keys;
struct page_cache;
struct strengths;
struct symbols;

struct ranking {
	int references; /* atomic */
	struct uuid workspace;
	int64_t revision;
	int64_t as_of_us; /* whole minutes */
	char id[RANKING_ID_SIZE];
	struct catalog *catalog;
	const struct model_version *model;   /* of the catalogue; the active one unless asked for */
	const struct policy_version *policy; /* NULL: none */
	struct row_index *index;
	struct symbols *symbols;
	struct row_keys *keys;
	struct strengths *strengths; /* NULL: none */
	struct block **blocks;
	size_t block_count;
	size_t rows;
	struct wn_rows *runs; /* of the blocks */
	uint8_t *candidates;
	struct wn_edge *edges;
	/* What the engine was given: input.population, .model, .policy, .overrides are bound and live as
	 * long as the ranking. A simulation copies `input`, changes what it wants, and calls wn_decide. */
	struct arena arena; /* of the bound model and policy */
	struct wn_population population;
	struct wn_decide_input input;
	/* In force at (revision, as_of), of items that there are, and bands that the model has:
	 * input.overrides[i] is of overrides->rows[i]. */
	struct override_set *overrides;
	struct override_set *unended; /* all that had not ended at the revision, in force or not */
	struct wn_decision decision;
	struct review_set *reviews; /* that counted at the revision */
	struct review_states review_states;
	/* From the first full minute, which is not before the revision's own, and before the second one
	 * (INT64_MAX: ever) the time changes nothing. as_of is the first unless it was asked for. */
	int64_t since_us, until_us;
	bool by_request; /* as_of was asked for */
	struct page_cache *pages;
	int64_t last_served_us; /* monotonic; the live part's */
	int64_t fresh_us; /* monotonic, atomic: when its revision was last known to be the head */
	struct ranking *next;   /* the live part's list of kept rankings */
	size_t own_block_bytes; /* atomic; the live part's: of blocks that nothing newer shares */
};

/*
 * Ranks what the picture shows. as_of_us: the picture's audit time cut to the minute, or the last full
 * minute up to the present one at which time can have changed anything, when that is later; 0: to be
 * found by that rule from `now_us`.
 * model, policy: versions; -1: the active ones (0: no policy). ERR_INTERNAL when the active model is
 * missing, ERR_NOT_FOUND when an asked version is.
 */
struct ranking_request {
	int64_t now_us;
	int64_t as_of_us; /* 0: by the rule */
	int64_t model, policy;
	bool anew; /* nothing that was computed before answers it: for replays */
};
enum error ranking_compute(
	const struct picture *picture, const struct ranking_request *request, struct ranking **out);
/* Whether it is what such a request of the same revision would give. */
bool ranking_answers(const struct ranking *ranking, const struct ranking_request *request);
/* Whether it has to be computed anew because time has gone on. */
bool ranking_is_due(const struct ranking *ranking, int64_t now_us);
void ranking_ref(struct ranking *ranking);
void ranking_unref(struct ranking *ranking);
void ranking_mark_fresh(struct ranking *ranking, int64_t monotonic_us);
/* How long ago it was last known to be up to date; 0 … , grows while PostgreSQL is away. */
int64_t ranking_age_us(const struct ranking *ranking, int64_t monotonic_us);

/* What it holds alone; blocks are shared with the picture and other rankings. */
size_t ranking_bytes(const struct ranking *ranking);

/* One of its overrides, also of those that had nothing to do in it, as another model of the same
 * population takes it; false when it has nothing to do there. */
bool ranking_override(const struct ranking *ranking, const struct override_row *override,
	const struct wn_model *model, struct wn_override *out);

/* WN_ROW_NONE when the ranking does not know the item. */
uint32_t ranking_find(const struct ranking *ranking, const struct uuid *id);
static inline const struct block *ranking_block(const struct ranking *ranking, uint32_t row)
{
	return ranking->blocks[row / BLOCK_ROWS];
}
static inline struct str ranking_text(
	const struct ranking *ranking, uint32_t row, enum row_text which)
{
	return block_text(ranking_block(ranking, row), row % BLOCK_ROWS, which);
}
const struct row_facts *ranking_facts(const struct ranking *ranking, uint32_t row);
double ranking_value(const struct ranking *ranking, uint32_t row, uint32_t column);
enum evidence ranking_evidence(const struct ranking *ranking, uint32_t row, uint32_t column);
/* The class of a row's status by the ranking's own vocabulary. */
enum status_class ranking_status_class(const struct ranking *ranking, uint32_t row);
/* The symbol of a word in this ranking's population (rows.h). */
struct word_lookup ranking_words(const struct ranking *ranking);
/* Name of the final band of a row; NULL: none. */
const char *ranking_band_name(const struct ranking *ranking, uint32_t row);

/* Encoded pages, kept with the ranking: get gives a reference or NULL; put keeps a reference when
 * there is room. Keys are the canonical text of the query. Thread-safe. */
struct shared_body *ranking_page_get(struct ranking *ranking, struct str key);
/* As page_cache_get_coded. */
struct shared_body *ranking_page_get_coded(struct ranking *ranking, struct str key, bool *gzip);
void ranking_page_put(struct ranking *ranking, struct str key, struct shared_body *page);

#endif

/*
 * What if: the newest ranking decided again with something changed, by the same wn_decide that made
 * it, beside the original. Nothing is written. The ranking must outlive the simulation; memory
 * comes from the caller's arena, but for the decision itself. Reentrant.
 */
#ifndef WINNOW_SERVICE_SIMULATION_H
#define WINNOW_SERVICE_SIMULATION_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/error.h"
#include "codec/item.h"
#include "live/ranking.h"
#include "winnow/compare.h"

enum {
	SIMULATION_TOP_DEFAULT = 20,
	SIMULATION_TOP_MAX = 500,
	SIMULATION_ITEMS_MAX = 1000, /* changes, and items of each list */
	SIMULATION_MOVES = 50,       /* that a summary lists */
};

/* An item as if it were another. */
struct simulation_change {
	uint32_t row;
	const struct feature_value *features;
	size_t feature_count;
	bool keep_evidence; /* the values are as sure as the old ones, whatever `features` say */
	const struct status_definition *status; /* NULL: stays as it is */
};

enum simulation_event {
	SIMULATION_DROP,   /* it is gone; who waits for it waits for nothing */
	SIMULATION_DELAY,  /* out of the ranking, as if deferred */
	SIMULATION_FINISH, /* done: it blocks nothing any more */
	SIMULATION_EVENTS
};

struct simulation_item {
	uint32_t row;
	enum simulation_event event;
};

struct simulation_request {
	const struct model_version *model;   /* a version or a candidate; never NULL */
	const struct policy_version *policy; /* NULL: none */
	const struct simulation_change *changes;
	size_t change_count;
	const struct simulation_item *items; /* each row once */
	size_t item_count;
	size_t top;             /* 1 … SIMULATION_TOP_MAX: what the comparison calls the top */
	const uint8_t *part;    /* by row: 1 where it is compared; NULL: everywhere */
	bool without_conflicts; /* none are looked for */
	double now_s;           /* 0: as of the ranking; else within the time in which it holds */
	/* Vocabulary, calendars and rules of service levels as they would be; NULL: the ranking's. Model and
	 * policy are those above all the same. */
	const struct catalog *catalog;
	const struct sla_book
		*slas; /* with a catalogue: the clocks by its rules; NULL: it has none */
	const struct override_row *added; /* the newest of all; NULL: none */
	const struct uuid *revoked;       /* an override that ends; NULL: none */
};

/* Items in their order. Of a part, ranks are counted among its own. */
struct simulation_order {
	const uint32_t *rank;  /* by row; 0: not ranked */
	const uint32_t *order; /* rows */
	size_t count;
};

struct simulation {
	const struct ranking *base;
	const struct model_version *model;
	const struct policy_version *policy;
	struct wn_model bound_model;
	struct wn_policy bound_policy;
	struct wn_population population;
	/* Its overrides begin with those that are in force, oldest first, as its own model takes them. */
	struct wn_decide_input input;
	size_t added_at; /* of request->added in them; SIZE_MAX: it has nothing to do */
	struct wn_decision decision;
	struct simulation_order before,
		after;    /* of the base and of this one, or of the part in each */
	uint32_t *own[2]; /* what those hold of a part; NULL: nothing */
	struct wn_comparison_of_orders orders; /* from the one to the other */
	struct wn_scores scores;               /* the base's, where nothing can have changed them */
};

/* ERR_NO_MEMORY; ERR_BUDGET: the arena's. Release in any case. */
enum error simulation_run(const struct ranking *base, const struct simulation_request *request,
	struct arena *arena, struct simulation *out);
void simulation_release(struct simulation *simulation);

/* Name of the final band of a row; NULL: none. */
const char *simulation_band_name(const struct simulation *simulation, uint32_t row);

/*
 * The model with other weights; features that are not named keep theirs. Faults go to `diag` with
 * pointers "/weights/<feature>", "/weights": a kind without weights, a feature that is no term of
 * the model, a weight that the model does not allow, weights that are all zero. Base terms alone; a
 * team's own stay. What comes out has version 0.
 */
struct simulation_weight {
	struct str feature;
	double weight;
};
enum error simulation_weigh(const struct model_version *model,
	const struct simulation_weight *weights, size_t count, struct arena *arena,
	struct diag *diag, struct model_version *out);

/* ---- what came of it (simulation_summary.c) ---- */

struct simulation_move {
	uint32_t row;
	uint32_t was, rank; /* 0: not ranked */
};
/* Items that are ranked in both orders and end in another band, by name. NULL: in none. */
struct simulation_crossing {
	const char *from, *to;
	size_t count;
};
/* Of the top of either order. */
struct simulation_stream {
	struct str stream;
	size_t before, after;
};
struct simulation_summary {
	/* By how far, then by the rank that it was. */
	struct simulation_move moved[SIMULATION_MOVES];
	size_t moved_listed, moved_count;
	/* By rank in the one order that has them. */
	struct simulation_move added[SIMULATION_MOVES], removed[SIMULATION_MOVES];
	size_t added_listed, added_count, removed_listed, removed_count;
	struct simulation_crossing *crossings; /* from the better bands down */
	size_t crossing_count;
	struct simulation_stream *streams; /* by name */
	size_t stream_count;
	size_t top_before, top_after; /* how many items each top has */
};
/* In the arena. ERR_NO_MEMORY or ERR_BUDGET. */
enum error simulation_summarize(
	const struct simulation *simulation, struct arena *arena, struct simulation_summary **out);

/* What one rule of the simulated policy does. */
struct simulation_rule {
	bool in_force;
	size_t hits;         /* candidates */
	size_t out;          /* taken out of the ranking by it: the first rule that does */
	size_t held, pinned; /* ranked items that it marks */
	size_t band_changed; /* ranked items in its band that would be elsewhere without any rule */
	size_t moved;        /* of the items that it hits: at another rank than in the base, or
	                        ranked in one of the two alone */
};
enum error simulation_rules(
	const struct simulation *simulation, struct arena *arena, struct simulation_rule **out);

#endif

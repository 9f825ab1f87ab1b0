/*
 * Models: from rows to scores. Part of libwinnow, the pure engine: no I/O, no clock, no globals;
 * every function is thread-safe on distinct outputs.
 *
 * Unknown is NaN. All arithmetic is IEEE 754 double in a fixed order, without contraction. A model
 * is bound: whatever it holds of words is a symbol of the population that it is used on (rows.h).
 *
 * Kinds: "weighted_sum", "expression", "decision_table", "pareto", "pairwise", "blend",
 * "fixed_order". What a kind
 * needs besides inputs and bands is its spec, in the header named at the member.
 */
#ifndef WINNOW_MODEL_H
#define WINNOW_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/rows.h"

/* What a missing value means for an input. */
enum wn_unknown {
	WN_UNKNOWN_SPAN,    /* the worst end of the bounds counts; the whole span is the range */
	WN_UNKNOWN_DEFAULT, /* `fallback` counts, shown as assumed; no range */
	WN_UNKNOWN_EXCLUDE, /* the item has no score at all */
};

/* How a value becomes a number to be weighted; x is the value, cut to [lower, upper]. What a category
 * has beyond `upper` was appended to the definition later and is unknown to the model. */
enum wn_scale {
	WN_SCALE_UNIT,  /* (x - lower) / (upper - lower), or one minus that: 0 … 1 */
	WN_SCALE_VALUE, /* x itself, or lower + upper - x: rubrics that add up points */
};

/*
 * An input of a model: one feature column, and what is to be made of it.
 *
 * weighted_sum   contribution = weight * scaled value; weight >= 0, the direction says what counts
 *                positively
 * pareto         an objective: scaled to the unit, the direction says what is better; the weight is
 *                that of the scalarisation
 * the others     weight and scale are 1 and WN_SCALE_VALUE and mean nothing
 *
 * Facts are for weighted_sum and pareto; expressions have operands of their own for them. A model with an
 * input that is a fact which goes on with the time (WN_SLA_LEFT) has WN_TRAIT_TIMED.
 */
struct wn_term {
	uint32_t column; /* of a feature, or of a fact (rows.h: WN_FACT_COLUMNS) */
	double weight;
	double lower, upper; /* fixed bounds of the pinned feature definition, lower < upper; of a
	                        category 0 … its last index, of a boolean 0 … 1 */
	bool lower_is_better;
	enum wn_scale scale;
	enum wn_unknown unknown;
	double fallback; /* for WN_UNKNOWN_DEFAULT, in the feature's unit */
	bool category;   /* lower … upper are places in a list */
};

/* A value as a model sees it: NaN is unknown. */
static inline double wn_term_value(const struct wn_term *term, double value)
{
	return term->category && value > term->upper ? __builtin_nan("") : value;
}

/* A half-open range of scores: [at_least, at_least of the band before it). */
struct wn_band {
	const char *name;
	double at_least; /* the last band's is -INFINITY */
};

enum { WN_BAND_NONE = 255, WN_MAX_BANDS = 32, WN_MAX_TERMS = 256 };

struct wn_model {
	const struct wn_model_kind *kind; /* from wn_model_kind_named() */
	const struct wn_term *terms;      /* of a blend: none, its components have them */
	size_t term_count;
	const struct wn_band *bands; /* from the best down; at least one */
	size_t band_count;
	union {
		const void *any;                                 /* NULL: none */
		const struct wn_weighted_sum_spec *weighted_sum; /* below; may be NULL */
		const struct wn_expression *expression;          /* expression.h */
		const struct wn_decision_table *table;           /* decision_table.h */
		const struct wn_pareto *pareto;                  /* pareto.h */
		const struct wn_pairwise *pairwise;              /* pairwise.h */
		const struct wn_blend *blend;                    /* below */
		const struct wn_fixed_order *fixed;              /* below */
	} spec;
};

/*
 * weighted_sum: what may limit and extend the plain sum of all terms.
 *
 * The greatest possible score is that of the base terms alone without a limit, G, a constant of the
 * model. With max_influence, cap = max_influence * G, and no term may contribute less than 0
 * (checked):
 * - no base term counts for more than the cap;
 * - the base terms whose values are claims of one principal (wn_evidence) count together for no
 *   more than the cap. Claims of one principal in two terms or more form a group, whether or not
 *   it is cut: the group's sum, cut, is the contribution of its first term, the others contribute
 *   0. So the score stays monotone in every input to the last bit (among the categories that the
 *   model knows: one that was added later counts as unknown);
 * - a team's share is no greater than max_influence, its terms read columns of their own, and a
 *   claim counts as unknown in them.
 * An unknown value is nobody's claim. The range allows for every way in which claims may group.
 * So a first claim of an unknown value may lower the score: it joins a group whose sum is cut, where
 * the unknown counted by itself for its worst end. That end is 0 but with WN_SCALE_VALUE and with
 * defaults.
 *
 * A team's terms count for rows of that team: their sum, cut to [-share * G, share * G], is the
 * contribution of the first of them. G is greater than 0 then. Without max_influence a team's term
 * may read a column of a base term, but each of its own once; where the two count in opposite
 * directions, or an unknown spans in one and has a default in the other, the ends of a range need
 * not be reached (no WN_TRAIT_EXACT).
 *
 * Pointers of faults: "/terms/<i>…" for base terms, "/teams/<adapter>/terms/<j>…" for its terms.
 */
struct wn_adapter {
	uint32_t team;     /* symbol */
	size_t first_term; /* its terms are terms[first_term … first_term + term_count - 1] */
	size_t term_count; /* >= 1 */
	double share;      /* of G: 0 < share <= 1 */
};
struct wn_weighted_sum_spec {
	size_t base_terms;                 /* terms[0 … base_terms - 1]; adapters' terms follow */
	double max_influence;              /* 0 < … <= 1; NaN: no limit */
	const struct wn_adapter *adapters; /* each team once */
	size_t adapter_count;
};

/*
 * blend: other models together; none of them a blend. A component without a score leaves the blend
 * without one.
 *
 * A component's unit value is (score - lowest) / (highest - lowest) by its constant range
 * (wn_model_range); of one without a lowest score (pareto) it is 1 / (1 + highest - score). Models
 * without a highest score are refused.
 *
 * WN_BLEND_WEIGHTED: sum of weight * unit value over the components.
 * WN_BLEND_LEXICOGRAPHIC: the first component decides, the next among equals, and so on. What
 * counts as equal is fixed by `step`: level = floor((score - lowest) / step). Without a lowest
 * score levels are counted down from the best: ceil((highest - score) / step) - 1 of them are
 * better (so that a front is a level with step 1), WN_OPEN_LEVELS in all, of which the last takes
 * all that is worse.
 * The last component has no step: it adds its unit value times 1 - 2^-26, so never a whole level.
 * score = sum of levels, each times the number of levels of the components behind it;
 * WN_MAX_LEVELS all together.
 *
 * WN_BLEND_SPLIT: each item has the score of one component as it is: the first that names its stream or its
 * team, else the last, which names none. So a model can be tried on a part of the backlog. For the scores
 * to be comparable the components' bands must be the blend's own, by name and threshold (checked); that a
 * point means the same in both is who made them to know. Any kind can take part.
 *
 * In a trace each component is a node below the root ("unit", "level" or "last", with the unit
 * value or the level; of a split "of this item" with its score, or "of others" without a tree), and its own trace is below that, with its own inputs as `term`. What a
 * relative component gave cannot be told from one row: NaN.
 */
enum wn_blend_rule { WN_BLEND_WEIGHTED, WN_BLEND_LEXICOGRAPHIC, WN_BLEND_SPLIT };
struct wn_component {
	const struct wn_model *model;
	double weight;                   /* weighted: > 0 */
	double step;                     /* lexicographic: > 0, but of the last */
	const uint32_t *streams, *teams; /* split: symbols; of the last none */
	size_t stream_count, team_count;
};
enum { WN_MAX_COMPONENTS = 8, WN_OPEN_LEVELS = 1 << 16, WN_MAX_LEVELS = 1 << 26 };
struct wn_blend {
	enum wn_blend_rule rule;
	const struct wn_component *components;
	size_t component_count; /* 2 … WN_MAX_COMPONENTS */
};

/*
 * fixed_order: places that were given once and are no judgement of what is there now. The item at place p of
 * n has the score n + 1 - p; who has no place has no score. No inputs. What stands in for a model that
 * was stopped: with no places at all, everything is left to policy, overrides and who was first.
 */
struct wn_fixed_order {
	const unsigned char (*id)[16]; /* ascending, each once */
	const uint32_t *place;         /* of each: 1 is first */
	size_t count;
};

/* How a contribution came to be less than its own. */
enum wn_clip {
	WN_CLIP_NONE,
	WN_CLIP_SIGNAL,    /* the cap of a single signal */
	WN_CLIP_PRINCIPAL, /* counted with the group of a principal's claims */
	WN_CLIP_TEAM,      /* counted with the team's terms */
};

/* One line of an additive explanation, in the order of the terms. Added left to right from 0.0, the
 * contributions give the score to the last bit. */
struct wn_contribution {
	size_t term;
	double value;           /* as stored, though it be `assumed`; NaN: none */
	double counted;         /* what was counted instead of or after cutting to the bounds */
	double scaled;          /* after scaling and direction */
	double own;             /* weight * scaled: what it would contribute without a limit */
	double contribution;    /* what it does */
	double lowest, highest; /* of the contribution, over the spans of unknowns */
	bool assumed;           /* unknown (also: a category that the model does not know, a claim
	                           in a team's term), so that the worst end or the default counts */
	enum wn_clip clip;      /* WN_CLIP_PRINCIPAL and _TEAM also where the group was not cut */
	size_t group;           /* the term that carries the group's sum; `term` when none */
};

/* One node of an evaluated tree, in preorder. A symbol means nothing beyond its population, so of a
 * word it is told where it stands, and the numbers are NaN. */
enum wn_step_kind {
	WN_STEP_NUMBER,
	WN_STEP_WORD, /* the row's word: enum wn_word `word` */
	WN_STEP_TEXT, /* the model's: of the expression's node `word` */
};
struct wn_step {
	uint32_t depth;    /* 0: the root, whose value is the score */
	const char *label; /* "+", "min", "rule 12", "front" …; static or the model's */
	size_t term;       /* the input that it reads; WN_NO_TERM */
	double value;      /* NaN: unknown */
	double lowest, highest;
	bool assumed;
	enum wn_step_kind kind;
	uint32_t word;
};
#define WN_NO_TERM SIZE_MAX
enum { WN_MAX_STEPS = 1024 };

/* Scores of rows. Unscored rows have NaN in all three. lowest <= score <= highest. */
struct wn_scores {
	double *score;
	double *lowest;
	double *highest;
};

/* What is true of a model, by its kind and what it holds. */
enum wn_trait {
	WN_TRAIT_ADDITIVE = 1, /* wn_model_explain tells it all; else wn_model_trace */
	WN_TRAIT_EXACT = 2,    /* lowest and highest are reached: monotone in each input */
	WN_TRAIT_RELATIVE = 4, /* a score depends on the other items (pareto and its blends) */
	WN_TRAIT_TIMED = 8,    /* a score depends on the as-of time */
	WN_TRAIT_LIBM = 16,    /* uses log, exp or ^, whose last bit is the C library's */
};

/* NULL when there is no such kind. */
const struct wn_model_kind *wn_model_kind_named(const char *name);
const char *wn_model_kind_name(const struct wn_model_kind *kind);

/*
 * Checks a whole model; calls `fault` once per fault with a JSON pointer relative to the model
 * ("/terms/2/weight", "/bands/0/at_least") and returns how many there were. Nothing else checks:
 * the other functions take a model that has passed.
 */
size_t wn_model_check(const struct wn_model *model,
	void (*fault)(void *self, const char *pointer, const char *detail), void *self);

unsigned wn_model_traits(const struct wn_model *model); /* enum wn_trait bits */

/* Lowest and highest score that the model can give; ±INFINITY where there is no such bound. */
void wn_model_range(const struct wn_model *model, double *lowest, double *highest);

/* Scores all rows of a population as of `now_s`. out has room for population->rows. The candidates
 * alone count for each other in relative kinds; other rows have NaN there. False when memory is
 * out. */
bool wn_model_score(const struct wn_model *model, const struct wn_population *population,
	double now_s, struct wn_scores out);

/* Scores one run of rows; not for models of WN_TRAIT_RELATIVE. Takes no memory. */
void wn_model_score_rows(const struct wn_model *model, const struct wn_rows *rows, double now_s,
	struct wn_scores out);

/* Explains one row of an additive model; out has room for term_count entries. Returns how many
 * there are: the base terms, and those of the row's team. */
size_t wn_model_explain(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_contribution *out);

/* The evaluated tree of one row, for every kind. `scored` is the row's entry as wn_model_score gave
 * it (relative kinds cannot know it otherwise). Returns how many of `room` steps were written,
 * WN_MAX_STEPS at the most. */
struct wn_scored {
	double score, lowest, highest;
};
size_t wn_model_trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room);

/* Index of the band that a score falls into; WN_BAND_NONE for NaN. */
uint8_t wn_model_band(const struct wn_model *model, double score);
/* The same for a block of rows. */
void wn_model_bands(
	const struct wn_model *model, const double *scores, size_t rows, uint8_t *bands);

#endif

/*
 * Models: from feature columns to scores. Part of libwinnow, the pure engine: no I/O, no clock,
 * no globals; every function is thread-safe on distinct outputs.
 *
 * Unknown is NaN. All arithmetic is IEEE 754 double, summed in term order, without contraction.
 */
#ifndef WINNOW_MODEL_H
#define WINNOW_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a missing value means for a term. */
enum wn_unknown {
	WN_UNKNOWN_SPAN,    /* the worst end of the bounds counts; the whole span is the range */
	WN_UNKNOWN_DEFAULT, /* `fallback` counts, shown as assumed; no range */
	WN_UNKNOWN_EXCLUDE, /* the item has no score at all */
};

/* How a value becomes a number to be weighted; x is the value, cut to [lower, upper]. */
enum wn_scale {
	WN_SCALE_UNIT,  /* (x - lower) / (upper - lower), or one minus that: 0 … 1 */
	WN_SCALE_VALUE, /* x itself, or lower + upper - x: rubrics that add up points */
};

/* contribution = weight * scaled value; weight >= 0, the direction says what counts positively. */
struct wn_term {
	uint32_t column; /* index into the feature columns */
	double weight;
	double lower, upper; /* fixed bounds of the pinned feature definition, lower < upper */
	bool lower_is_better;
	enum wn_scale scale;
	enum wn_unknown unknown;
	double fallback; /* for WN_UNKNOWN_DEFAULT, in the feature's unit */
};

/* A half-open range of scores: [at_least, at_least of the band before it). */
struct wn_band {
	const char *name;
	double at_least; /* the last band's is -INFINITY */
};

enum { WN_BAND_NONE = 255, WN_MAX_BANDS = 32, WN_MAX_TERMS = 256 };

struct wn_model {
	const struct wn_model_kind *kind; /* from wn_model_kind_named() */
	const struct wn_term *terms;
	size_t term_count;
	const struct wn_band *bands; /* from the best down; at least one */
	size_t band_count;
};

/* One line of an explanation, in term order. Added left to right from 0.0, the contributions give
 * the score to the last bit. */
struct wn_contribution {
	size_t term;
	double value;           /* as stored; NaN: unknown */
	double counted;         /* what was counted instead of or after cutting to the bounds */
	double scaled;          /* after scaling and direction */
	double contribution;    /* weight * scaled */
	double lowest, highest; /* over the span of an unknown; else both are the contribution */
	bool assumed;           /* unknown, so that the worst end or the default counts */
};

/* Scores of a block of rows. Unscored rows (WN_UNKNOWN_EXCLUDE) have NaN in all three. */
struct wn_scores {
	double *score;
	double *lowest;
	double *highest;
};

/* NULL when there is no such kind. Kinds: "weighted_sum". */
const struct wn_model_kind *wn_model_kind_named(const char *name);
const char *wn_model_kind_name(const struct wn_model_kind *kind);

/*
 * Checks a whole model; calls `fault` once per fault with a JSON pointer relative to the model
 * ("/terms/2/weight", "/bands/0/at_least") and returns how many there were. Nothing else checks:
 * the other functions take a model that has passed.
 */
size_t wn_model_check(const struct wn_model *model,
	void (*fault)(void *self, const char *pointer, const char *detail), void *self);

/* Lowest and highest score that the model can give. */
void wn_model_range(const struct wn_model *model, double *lowest, double *highest);

/* columns[c][0 … rows-1] is feature column c; a NULL column is unknown everywhere.
 * column_count bounds c: terms beyond it are unknown. */
void wn_model_score(const struct wn_model *model, const double *const *columns, size_t column_count,
	size_t rows, struct wn_scores out);

/* Explains one row, given its values by column. out has room for term_count entries. */
void wn_model_explain(const struct wn_model *model, const double *values, size_t value_count,
	struct wn_contribution *out);

/* Index of the band that a score falls into; WN_BAND_NONE for NaN. */
uint8_t wn_model_band(const struct wn_model *model, double score);
/* The same for a block of rows. */
void wn_model_bands(
	const struct wn_model *model, const double *scores, size_t rows, uint8_t *bands);

#endif

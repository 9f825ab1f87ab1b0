/*
 * Strengths from comparisons, and weights from comparisons of criteria. Part of libwinnow, the pure
 * engine (see model.h).
 *
 * The model kind "pairwise" scores a row by its WN_STRENGTH s: 1 / (1 + exp(-s)), the chance that it
 * would be preferred to the average item; between 0 and 1. It has no inputs. The standard error is
 * shown, and is no part of the range, which is about values that nobody gave.
 *
 * Bradley and Terry (1952): P(a before b) = 1 / (1 + exp(strength b - strength a)), fitted by
 * Newton's method with a Gaussian prior of mean 0 and deviation `prior` on each strength, so that
 * a perfect record stays finite and the strengths add up to about 0. The standard error is the root
 * of the inverse information's diagonal: exact up to WN_STRENGTH_EXACT compared items, beyond that
 * from the diagonal alone (a lower bound), which the result says. The last bits depend on how the
 * items are numbered and the comparisons ordered: number and order them by id.
 */
#ifndef WINNOW_PAIRWISE_H
#define WINNOW_PAIRWISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WN_STRENGTH_EXACT = 400 };

/* The deviation that every daemon and client uses, in log odds: of two items that nobody has compared,
 * one beats the other 3 to 1 or more surely as likely as not. */
#define WN_STRENGTH_PRIOR 1.15

/* The kind's spec: an item that was never compared. */
struct wn_pairwise {
	bool average_when_unknown; /* strength 0; else it has no score */
};

struct wn_comparison {
	uint32_t before, after; /* items by number: the first was preferred */
	double count;           /* how often; > 0 */
	bool derived;           /* of a decision on what was proposed; see wn_comparisons_weigh */
};

struct wn_strengths {
	double *strength; /* NaN: never compared */
	double *error;    /* standard error */
	bool errors_exact;
	bool converged;
};

/* strength and error have room for `items`. prior > 0. False when memory is out. */
bool wn_bradley_terry(const struct wn_comparison *comparisons, size_t count, size_t items,
	double prior, struct wn_strengths *out);

/*
 * Decisions on what a ranking itself proposed have at most this share of all counts together: else it would
 * learn from itself. Beyond it each derived comparison counts less, and without any direct one nothing:
 * those are taken out. Returns how many are left, in their order.
 */
#define WN_DERIVED_MOST 0.3
size_t wn_comparisons_weigh(struct wn_comparison *comparisons, size_t count);

/* Comparisons of rows, as whoever compares them has them, made ready for wn_bradley_terry: numbered
 * by id and sorted, in place, so that the strengths do not depend on how the rows are numbered, to
 * the last bit. row[i] becomes the i-th item's row; it has room for 2 * count. Returns how many items
 * there are. */
size_t wn_comparisons_number(struct wn_comparison *comparisons, size_t count,
	const unsigned char (*ids)[16], uint32_t *row);

/* Information (in nats, expected reduction of the two strengths' uncertainty) that a comparison of
 * two items would give, from their strengths and errors; NaN strengths count as 0 with error
 * `prior`. For "which pair would teach the most". */
double wn_comparison_gain(
	double strength_a, double error_a, double strength_b, double error_b, double prior);

/*
 * Saaty's analytic hierarchy process: weights of n criteria (2 … 15) from judgements "a is `ratio`
 * times as important as b" (1/9 … 9; several of one pair: their geometric mean). Missing pairs by
 * Harker (1987). weights add up to 1; consistency = (lambda_max - n) / (n - 1) / RI(n), 0 for n = 2;
 * Saaty accepts up to 0.1. False when the judgements do not connect all criteria. Uses log and exp.
 */
enum { WN_AHP_MAX = 15 };
struct wn_judgement {
	uint32_t a, b;
	double ratio;
};
struct wn_ahp {
	double weights[WN_AHP_MAX];
	double lambda_max;
	double consistency;
	bool connected;
};
bool wn_ahp(const struct wn_judgement *judgements, size_t count, size_t n, struct wn_ahp *out);

#endif

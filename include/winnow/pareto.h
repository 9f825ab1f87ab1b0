/*
 * The model kind "pareto": two to eight objectives, non-dominated fronts, and an order inside each
 * front. Part of libwinnow, the pure engine (see model.h). The objectives are the model's terms,
 * scaled to the unit (so that more is better), never weighed against each other across fronts.
 *
 * score = 1 - front + place, where the best front is 1 and place in [0, 1) orders a front (it is cut
 * to 1 - 2^-20, which no rounding carries into the front before):
 *   WN_PLACE_CROWDING   crowding distance d (Deb et al. 2002, NSGA-II), by 1 - 1 / (1 + d); the ends
 *                       of an objective, which have an infinite one, come first
 *   WN_PLACE_WEIGHTS    weighted mean of the unit values
 *   WN_PLACE_CHEBYSHEV  1 - the greatest weighted distance below the reference point (Wierzbicki
 *                       1980), weights scaled to a greatest of 1
 *   WN_PLACE_TOPSIS     closeness to the ideal (Hwang and Yoon 1981) with the fixed bounds as ideal
 *                       and anti-ideal, so that no item moves another one inside a front
 * Scores depend on the other candidates: an added item may push others to a later front. Ranges
 * with unknowns are outer bounds (never WN_TRAIT_EXACT when an objective may span).
 */
#ifndef WINNOW_PARETO_H
#define WINNOW_PARETO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WN_PARETO_MIN_OBJECTIVES = 2, WN_PARETO_MAX_OBJECTIVES = 8 };

enum wn_pareto_place {
	WN_PLACE_CROWDING,
	WN_PLACE_WEIGHTS,
	WN_PLACE_CHEBYSHEV,
	WN_PLACE_TOPSIS,
};

struct wn_pareto {
	enum wn_pareto_place place;
	const double *reference; /* by objective, 0 … 1, for WN_PLACE_CHEBYSHEV; else NULL */
};

/*
 * fronts[i] is the front of point i, from 1: no point of a front dominates another one of it, and
 * each point of a front is dominated by one of the front before. objectives[k][i], more is better,
 * no NaN; a dominates b when it is nowhere less and somewhere more. Equal points share a front.
 * Sorts, then O(n log n) for two objectives and O(n log^(k-1) n) for more, whatever the values (Jensen
 * 2003; Buzdalov and Shalyto 2014). False when memory is out.
 */
bool wn_pareto_fronts(const double *const *objectives, size_t k, size_t n, uint32_t *fronts);

/*
 * Crowding distance within each front: the sum over the objectives of the gap between the next
 * greater and the next lesser value in the front, by the front's span. INFINITY for the greatest and
 * the least of an objective, and where all of a front are equal points; an objective in which all
 * of a front are equal adds nothing. Equal values have the same neighbours, so the order of the
 * points does not matter. fronts[i] is from 1 without gaps. False when memory is out.
 */
bool wn_pareto_crowding(const double *const *objectives, size_t k, size_t n, const uint32_t *fronts,
	double *distance);

#endif

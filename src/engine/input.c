/*
 * Inputs of a model: what every kind that reads features asks of them, and what a missing value
 * counts as. What a kind makes of the number is in its own file.
 */
#include <math.h>

#include "engine/kind.h"

static void check_bounds(const struct wn_term *term, size_t i, struct wn_faults *faults)
{
	if (!isfinite(term->lower))
		wn_fault(faults, "must be a finite number", "/terms/%zu/lower", i);
	if (!isfinite(term->upper))
		wn_fault(faults, "must be a finite number", "/terms/%zu/upper", i);
	if (!isfinite(term->lower) || !isfinite(term->upper))
		return;
	if (term->lower >= term->upper)
		wn_fault(faults, "must be greater than lower", "/terms/%zu/upper", i);
	else if (!isfinite(term->upper - term->lower))
		wn_fault(
			faults, "is too far from lower to be computed with", "/terms/%zu/upper", i);
}

static void check_unknown(const struct wn_term *term, size_t i, struct wn_faults *faults)
{
	switch (term->unknown) {
	case WN_UNKNOWN_SPAN:
	case WN_UNKNOWN_EXCLUDE: return;
	case WN_UNKNOWN_DEFAULT:
		if (!isfinite(term->fallback))
			wn_fault(faults, "must be a finite number", "/terms/%zu/fallback", i);
		else if (term->fallback < term->lower || term->fallback > term->upper)
			wn_fault(faults, "must lie within the bounds", "/terms/%zu/fallback", i);
		return;
	}
	wn_fault(faults, "there is no such meaning of unknown", "/terms/%zu/unknown", i);
}

void wn_check_inputs(const struct wn_model *model, struct wn_faults *faults)
{
	if (model->term_count > WN_MAX_TERMS) {
		wn_fault(faults, "a model has at most 256 terms", "/terms");
		return;
	}
	for (size_t i = 0; i < model->term_count; i++) {
		const struct wn_term *term = &model->terms[i];

		for (size_t j = 0; j < i; j++) {
			if (model->terms[j].column != term->column)
				continue;
			/* Points at the term: what names the column there is not ours to know. */
			wn_fault(faults, "an earlier term has the same feature", "/terms/%zu", i);
			break;
		}
		check_bounds(term, i, faults);
		check_unknown(term, i, faults);
	}
}

bool wn_input_ends(const struct wn_term *term, double value, double *low, double *high)
{
	value = wn_term_value(term, value);
	if (!isnan(value)) {
		*low = *high = value < term->lower   ? term->lower
			       : value > term->upper ? term->upper
						     : value;
		return false;
	}
	switch (term->unknown) {
	case WN_UNKNOWN_SPAN:
		*low = term->lower_is_better ? term->upper : term->lower;
		*high = term->lower_is_better ? term->lower : term->upper;
		return true;
	case WN_UNKNOWN_DEFAULT: *low = *high = term->fallback; return true;
	case WN_UNKNOWN_EXCLUDE: break;
	}
	*low = *high = NAN;
	return false;
}

bool wn_terms_pull_apart(const struct wn_term *a, const struct wn_term *b)
{
	if (a->unknown == WN_UNKNOWN_EXCLUDE || b->unknown == WN_UNKNOWN_EXCLUDE)
		return false; /* no score, no range */
	if (a->unknown == WN_UNKNOWN_SPAN && b->unknown == WN_UNKNOWN_SPAN)
		return a->lower_is_better != b->lower_is_better;
	return a->unknown == WN_UNKNOWN_SPAN || b->unknown == WN_UNKNOWN_SPAN;
}

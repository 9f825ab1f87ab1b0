/*
 * Strengths from comparisons, by Bradley and Terry's model with a Gaussian prior.
 *
 * The log posterior is strictly concave, so Newton's method with a step that is halved until it
 * helps finds its one maximum. Its Hessian is the Laplacian of the graph of comparisons plus the
 * prior's share on the diagonal; a step is solved by conjugate gradients, which only ever multiply
 * with it, so that memory and time go with the number of comparisons.
 */
#include "winnow/pairwise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 60, GRADIENT_STEPS = 2000, HALVINGS = 40 };

static const double STEP_ENOUGH = 1e-10, RESIDUAL_ENOUGH = 1e-13, ROUNDING = 1e-13;

struct fit {
	const struct wn_comparison *comparisons;
	size_t count, items;
	double precision; /* of the prior: 1 / deviation^2 */
	double *strength;
	double *curvature; /* by comparison: count * p * (1 - p) */
	double *diagonal;  /* of the negative Hessian, by item */
	double *gradient, *step, *trial;
	double *residual, *direction, *product, *scaled; /* of conjugate gradients */
	unsigned char *compared;
};

/* P(the winner is preferred). */
static double chance(double winner, double loser)
{
	return 1.0 / (1.0 + exp(loser - winner));
}

/* log(1 / (1 + exp(loser - winner))), without overflow. */
static double log_chance(double winner, double loser)
{
	double d = loser - winner;

	return d > 0 ? -(d + log1p(exp(-d))) : -log1p(exp(d));
}

static double log_posterior(const struct fit *fit, const double *strength)
{
	double sum = 0.0;

	for (size_t i = 0; i < fit->items; i++)
		sum -= strength[i] * strength[i] * fit->precision / 2;
	for (size_t c = 0; c < fit->count; c++) {
		const struct wn_comparison *comparison = &fit->comparisons[c];

		sum += comparison->count *
		       log_chance(strength[comparison->before], strength[comparison->after]);
	}
	return sum;
}

/* Gradient and negative Hessian at the present strengths. */
static void differentiate(struct fit *fit)
{
	for (size_t i = 0; i < fit->items; i++) {
		fit->gradient[i] = -fit->strength[i] * fit->precision;
		fit->diagonal[i] = fit->precision;
	}
	for (size_t c = 0; c < fit->count; c++) {
		const struct wn_comparison *comparison = &fit->comparisons[c];
		uint32_t before = comparison->before, after = comparison->after;
		double p = chance(fit->strength[before], fit->strength[after]);
		double pull = comparison->count * (1.0 - p);

		fit->curvature[c] = pull * p;
		fit->gradient[before] += pull;
		fit->gradient[after] -= pull;
		fit->diagonal[before] += fit->curvature[c];
		fit->diagonal[after] += fit->curvature[c];
	}
}

static void multiply(const struct fit *fit, const double *x, double *out)
{
	for (size_t i = 0; i < fit->items; i++)
		out[i] = fit->diagonal[i] * x[i];
	for (size_t c = 0; c < fit->count; c++) {
		uint32_t before = fit->comparisons[c].before, after = fit->comparisons[c].after;

		out[before] -= fit->curvature[c] * x[after];
		out[after] -= fit->curvature[c] * x[before];
	}
}

static double dot(const double *a, const double *b, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* step = (negative Hessian)^-1 gradient, by conjugate gradients scaled by the diagonal. */
static void solve(struct fit *fit)
{
	size_t n = fit->items;
	double enough = RESIDUAL_ENOUGH * RESIDUAL_ENOUGH * dot(fit->gradient, fit->gradient, n);
	double rho;

	memset(fit->step, 0, n * sizeof(double));
	memcpy(fit->residual, fit->gradient, n * sizeof(double));
	for (size_t i = 0; i < n; i++)
		fit->scaled[i] = fit->residual[i] / fit->diagonal[i];
	memcpy(fit->direction, fit->scaled, n * sizeof(double));
	rho = dot(fit->residual, fit->scaled, n);
	for (int k = 0; k < GRADIENT_STEPS && dot(fit->residual, fit->residual, n) > enough; k++) {
		double alpha, beta;

		multiply(fit, fit->direction, fit->product);
		alpha = rho / dot(fit->direction, fit->product, n);
		for (size_t i = 0; i < n; i++) {
			fit->step[i] += alpha * fit->direction[i];
			fit->residual[i] -= alpha * fit->product[i];
			fit->scaled[i] = fit->residual[i] / fit->diagonal[i];
		}
		beta = rho;
		rho = dot(fit->residual, fit->scaled, n);
		beta = rho / beta;
		for (size_t i = 0; i < n; i++)
			fit->direction[i] = fit->scaled[i] + beta * fit->direction[i];
	}
}

/* Goes along the step as far as it helps; returns the greatest move of an item. Near the maximum the
 * posterior is flat: what it loses there by rounding alone is no reason to go less far. */
static double advance(struct fit *fit)
{
	double now = log_posterior(fit, fit->strength), length = 1.0, moved = 0.0;
	double enough = now - ROUNDING * (1.0 + fabs(now));
	bool helps = false;

	for (int h = 0; h < HALVINGS && !helps; h++, length /= 2) {
		for (size_t i = 0; i < fit->items; i++)
			fit->trial[i] = fit->strength[i] + length * fit->step[i];
		helps = log_posterior(fit, fit->trial) >= enough;
	}
	for (size_t i = 0; i < fit->items && helps; i++) {
		moved = fmax(moved, fabs(fit->trial[i] - fit->strength[i]));
		fit->strength[i] = fit->trial[i];
	}
	return moved;
}

static bool climb(struct fit *fit)
{
	for (int k = 0; k < NEWTON_STEPS; k++) {
		differentiate(fit);
		solve(fit);
		if (advance(fit) < STEP_ENOUGH)
			return true;
	}
	return false;
}

/* Lower triangle of the dense negative Hessian over the `n` compared items; place[i] is an item's
 * row in it. */
static void densify(const struct fit *fit, const uint32_t *place, double *h, size_t n)
{
	memset(h, 0, n * n * sizeof(double));
	for (size_t i = 0; i < fit->items; i++) {
		if (fit->compared[i])
			h[place[i] * n + place[i]] = fit->diagonal[i];
	}
	for (size_t c = 0; c < fit->count; c++) {
		size_t a = place[fit->comparisons[c].before], b = place[fit->comparisons[c].after];

		h[(a > b ? a : b) * n + (a > b ? b : a)] -= fit->curvature[c];
	}
}

/* h becomes its Cholesky factor L. The matrix is positive definite by the prior. */
static void factor(double *h, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j <= i; j++) {
			double sum = h[i * n + j] - dot(h + i * n, h + j * n, j);

			h[i * n + j] = i == j ? sqrt(sum) : sum / h[j * n + j];
		}
	}
}

/* Diagonal of (L L')^-1, a column of L^-1 at a time: the sum of its squares. */
static double inverse_diagonal(const double *l, size_t n, size_t column, double *x)
{
	double sum = 0.0;

	for (size_t i = column; i < n; i++) {
		double right = i == column ? 1.0 : 0.0;

		for (size_t j = column; j < i; j++)
			right -= l[i * n + j] * x[j];
		x[i] = right / l[i * n + i];
		sum += x[i] * x[i];
	}
	return sum;
}

static bool exact_errors(const struct fit *fit, size_t compared, double *error)
{
	uint32_t *place = calloc(fit->items, sizeof *place);
	double *h = reallocarray(NULL, compared * compared + compared, sizeof *h);
	bool ok = place && h;
	uint32_t next = 0;

	if (!ok)
		goto out;
	for (size_t i = 0; i < fit->items; i++) {
		if (fit->compared[i])
			place[i] = next++;
	}
	densify(fit, place, h, compared);
	factor(h, compared);
	for (size_t i = 0; i < fit->items; i++) {
		if (fit->compared[i])
			error[i] = sqrt(
				inverse_diagonal(h, compared, place[i], h + compared * compared));
	}
out:
	free(place);
	free(h);
	return ok;
}

static bool find_errors(const struct fit *fit, struct wn_strengths *out)
{
	size_t compared = 0;

	for (size_t i = 0; i < fit->items; i++) {
		compared += fit->compared[i];
		out->error[i] = fit->compared[i] ? 1.0 / sqrt(fit->diagonal[i]) : NAN;
	}
	out->errors_exact = compared <= WN_STRENGTH_EXACT;
	if (!out->errors_exact || compared == 0)
		return true;
	return exact_errors(fit, compared, out->error);
}

bool wn_bradley_terry(const struct wn_comparison *comparisons, size_t count, size_t items,
	double prior, struct wn_strengths *out)
{
	size_t n = items ? items : 1;
	double *memory = calloc(n * 8 + count + 1, sizeof *memory);
	struct fit fit = {
		.comparisons = comparisons,
		.count = count,
		.items = items,
		.precision = 1.0 / (prior * prior),
		.strength = out->strength,
		.compared = calloc(n, 1),
	};
	bool ok = memory && fit.compared;

	if (!ok)
		goto out;
	fit.diagonal = memory;
	fit.gradient = memory + n;
	fit.step = memory + 2 * n;
	fit.trial = memory + 3 * n;
	fit.residual = memory + 4 * n;
	fit.direction = memory + 5 * n;
	fit.product = memory + 6 * n;
	fit.scaled = memory + 7 * n;
	fit.curvature = memory + 8 * n;
	for (size_t c = 0; c < count; c++)
		fit.compared[comparisons[c].before] = fit.compared[comparisons[c].after] = 1;
	for (size_t i = 0; i < items; i++)
		fit.strength[i] = 0.0;
	out->converged = climb(&fit);
	differentiate(&fit);
	ok = find_errors(&fit, out);
	for (size_t i = 0; i < items; i++) {
		if (!fit.compared[i])
			out->strength[i] = NAN;
	}
out:
	free(memory);
	free(fit.compared);
	return ok;
}

/* ---- numbering ---- */

static int by_id(const void *x, const void *y, void *self)
{
	const unsigned char(*const *ids)[16] = self;
	const uint32_t *a = x, *b = y;

	return memcmp((*ids)[*a], (*ids)[*b], sizeof **ids);
}

static int by_numbers(const void *x, const void *y)
{
	const struct wn_comparison *a = x, *b = y;

	if (a->before != b->before)
		return a->before < b->before ? -1 : 1;
	if (a->after != b->after)
		return a->after < b->after ? -1 : 1;
	return (a->count > b->count) - (a->count < b->count);
}

/* The place of an item that is among the `items`. */
static uint32_t number_of(
	uint32_t row, const unsigned char (*ids)[16], const uint32_t *rows, size_t items)
{
	size_t low = 0;

	while (items > 1) {
		size_t half = items / 2;

		if (memcmp(ids[rows[low + half]], ids[row], sizeof *ids) <= 0)
			low += half;
		items -= half;
	}
	return (uint32_t)low;
}

size_t wn_comparisons_weigh(struct wn_comparison *comparisons, size_t count)
{
	double direct = 0, derived = 0, most, share;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		*(comparisons[i].derived ? &derived : &direct) += comparisons[i].count;
	most = direct * WN_DERIVED_MOST / (1.0 - WN_DERIVED_MOST);
	share = derived > most ? most / derived : 1.0;
	for (size_t i = 0; i < count; i++) {
		comparisons[kept] = comparisons[i];
		if (comparisons[kept].derived)
			comparisons[kept].count *= share;
		kept += comparisons[kept].count > 0;
	}
	return kept;
}

size_t wn_comparisons_number(struct wn_comparison *comparisons, size_t count,
	const unsigned char (*ids)[16], uint32_t *row)
{
	size_t items = 0;

	for (size_t c = 0; c < count; c++) {
		row[2 * c] = comparisons[c].before;
		row[2 * c + 1] = comparisons[c].after;
	}
	qsort_r(row, 2 * count, sizeof *row, by_id, &ids);
	for (size_t i = 0; i < 2 * count; i++) {
		if (items == 0 || row[items - 1] != row[i])
			row[items++] = row[i];
	}
	for (size_t c = 0; c < count; c++) {
		comparisons[c].before = number_of(comparisons[c].before, ids, row, items);
		comparisons[c].after = number_of(comparisons[c].after, ids, row, items);
	}
	qsort(comparisons, count, sizeof *comparisons, by_numbers);
	return items;
}

double wn_comparison_gain(
	double strength_a, double error_a, double strength_b, double error_b, double prior)
{
	double a = isnan(strength_a) ? 0.0 : strength_a, b = isnan(strength_b) ? 0.0 : strength_b;
	double deviation_a = isnan(strength_a) ? prior : error_a;
	double deviation_b = isnan(strength_b) ? prior : error_b;
	double p = chance(a, b);
	double variance = deviation_a * deviation_a + deviation_b * deviation_b;

	/* Entropy of a Gaussian difference before and after one observation of information p(1-p). */
	return log1p(variance * p * (1.0 - p)) / 2;
}

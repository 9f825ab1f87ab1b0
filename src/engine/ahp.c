/*
 * Weights of criteria from judgements of pairs: Saaty's analytic hierarchy process, with Harker's
 * completion where pairs were not judged.
 */
#include "winnow/pairwise.h"

#include <math.h>
#include <string.h>

enum { POWER_STEPS = 20000 };

static const double CHANGE_ENOUGH = 1e-15;

/* Mean consistency index of random matrices of n criteria (Saaty 1980, table). */
static const double random_index[WN_AHP_MAX + 1] = {
	0, 0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59};

struct matrix {
	size_t n;
	double cell[WN_AHP_MAX][WN_AHP_MAX]; /* 0: not judged */
};

/* The geometric mean of what was said of each pair, and its reciprocal. */
static void gather(const struct wn_judgement *judgements, size_t count, struct matrix *m)
{
	double logs[WN_AHP_MAX][WN_AHP_MAX] = {{0}};
	unsigned said[WN_AHP_MAX][WN_AHP_MAX] = {{0}};

	for (size_t i = 0; i < count; i++) {
		uint32_t a = judgements[i].a, b = judgements[i].b;

		logs[a][b] += log(judgements[i].ratio);
		logs[b][a] -= log(judgements[i].ratio);
		said[a][b]++;
		said[b][a]++;
	}
	for (size_t a = 0; a < m->n; a++) {
		for (size_t b = 0; b < m->n; b++)
			m->cell[a][b] = said[a][b] ? exp(logs[a][b] / said[a][b]) : 0.0;
	}
}

/* Harker 1987: a missing pair is 0, and is counted on the diagonal instead. */
static void complete(struct matrix *m)
{
	for (size_t a = 0; a < m->n; a++) {
		double missing = 0;

		for (size_t b = 0; b < m->n; b++)
			missing += a != b && m->cell[a][b] == 0.0;
		m->cell[a][a] = 1.0 + missing;
	}
}

static bool is_connected(const struct matrix *m)
{
	bool reached[WN_AHP_MAX] = {true};
	size_t stack[WN_AHP_MAX] = {0}, depth = 1, count = 1;

	while (depth > 0) {
		size_t a = stack[--depth];

		for (size_t b = 0; b < m->n; b++) {
			if (reached[b] || a == b || m->cell[a][b] == 0.0)
				continue;
			reached[b] = true;
			stack[depth++] = b;
			count++;
		}
	}
	return count == m->n;
}

/* One multiplication, scaled to a sum of 1; returns the sum before scaling: the eigenvalue, once
 * the weights stand still. */
static double multiply(const struct matrix *m, double *weights, double *change)
{
	double next[WN_AHP_MAX], sum = 0.0;

	for (size_t a = 0; a < m->n; a++) {
		next[a] = 0.0;
		for (size_t b = 0; b < m->n; b++)
			next[a] += m->cell[a][b] * weights[b];
		sum += next[a];
	}
	*change = 0.0;
	for (size_t a = 0; a < m->n; a++) {
		next[a] /= sum;
		*change = fmax(*change, fabs(next[a] - weights[a]));
		weights[a] = next[a];
	}
	return sum;
}

bool wn_ahp(const struct wn_judgement *judgements, size_t count, size_t n, struct wn_ahp *out)
{
	struct matrix m = {.n = n};
	double change = 1.0;

	memset(out, 0, sizeof *out);
	if (n > WN_AHP_MAX)
		return false;
	gather(judgements, count, &m);
	out->connected = is_connected(&m);
	if (!out->connected)
		return false;
	complete(&m);
	for (size_t a = 0; a < n; a++)
		out->weights[a] = 1.0 / (double)n;
	for (int k = 0; k < POWER_STEPS && change > CHANGE_ENOUGH; k++)
		out->lambda_max = multiply(&m, out->weights, &change);
	if (n > 2)
		out->consistency =
			(out->lambda_max - (double)n) / ((double)n - 1) / random_index[n];
	if (out->consistency < 0) /* by rounding */
		out->consistency = 0;
	return true;
}

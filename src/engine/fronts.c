/*
 * Non-dominated fronts, for the kind "pareto" (pareto.c).
 *
 * A point's front is one more than the longest chain of points above it, each dominating the next.
 * All work is on ranks (fronts_ranks.h). Two objectives: one pass in lexicographic order; fronts are
 * found by binary search over the greatest second value of each. More: fronts_divide.c.
 */
#include "engine/fronts.h"

#include <stdlib.h>
#include <string.h>

#include "engine/fronts_ranks.h"

/* ---- two objectives ----------------------------------------------------------------------------- */

/* How many fronts hold a point that is better than or as good as `second` in the second objective:
 * these are the first ones, for whoever is dominated by a front is so by all before it. */
static size_t fronts_above(const uint32_t *best_second, size_t fronts, uint32_t second)
{
	size_t low = 0, high = fronts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (best_second[middle] <= second)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool fronts_of_two(const struct ranked *p, const uint8_t *inert, uint32_t *fronts)
{
	uint32_t *best_second = reallocarray(NULL, p->n, sizeof(*best_second));
	size_t count = 0;

	if (!best_second)
		return false;
	for (size_t start = 0, end; start < p->n; start = end) {
		uint32_t second = p->rank[1][p->order[start]];
		size_t front = fronts_above(best_second, count, second);

		end = wn_run_end(p, start);
		for (size_t i = start; i < end; i++)
			fronts[p->order[i]] = (uint32_t)front + 1;
		if (!wn_run_dominates(p, start, end, inert))
			continue;
		best_second[front] = second;
		count += front == count;
	}
	free(best_second);
	return true;
}

/* ---- any number of them ------------------------------------------------------------------------ */

bool wn_pareto_fronts_beside(
	const double *const *objectives, size_t k, size_t n, const uint8_t *inert, uint32_t *fronts)
{
	struct ranked points;
	bool ok;

	if (n == 0)
		return true;
	ok = wn_ranked_init(&points, objectives, k, n);
	if (ok)
		ok = k == 2 ? fronts_of_two(&points, inert, fronts)
			    : wn_fronts_of_more(&points, inert, fronts);
	wn_ranked_release(&points);
	return ok;
}

bool wn_pareto_fronts(const double *const *objectives, size_t k, size_t n, uint32_t *fronts)
{
	return wn_pareto_fronts_beside(objectives, k, n, NULL, fronts);
}

/* ---- counting ----------------------------------------------------------------------------------- */

bool wn_pareto_count_above(const double *const *from, const double *const *to, size_t n,
	const uint8_t *counted, uint32_t *counts)
{
	const double *both[2] = {NULL, NULL};
	double *values = reallocarray(NULL, 4 * n + 1, sizeof(*values));
	uint32_t *tree = calloc(2 * n + 1, sizeof(*tree)); /* Fenwick, by the second objective */
	struct ranked points = {0};
	bool ok = values && tree;

	if (!ok || n == 0)
		goto out;
	/* Points 0 … n-1 are those of `from`, which come before equal ones of `to`. */
	for (size_t j = 0; j < 2; j++) {
		both[j] = values + 2 * n * j;
		memcpy(values + 2 * n * j, from[j], n * sizeof(*values));
		memcpy(values + 2 * n * j + n, to[j], n * sizeof(*values));
	}
	ok = wn_ranked_init(&points, both, 2, 2 * n);
	for (size_t i = 0; ok && i < 2 * n; i++) {
		uint32_t point = points.order[i], count = 0;
		size_t at = (size_t)points.rank[1][point] + 1;

		if (point < n) {
			for (; counted[point] && at <= 2 * n; at += at & -at)
				tree[at]++;
			continue;
		}
		for (; at > 0; at &= at - 1)
			count += tree[at];
		counts[point - n] = count;
	}
out:
	wn_ranked_release(&points);
	free(values);
	free(tree);
	return ok;
}

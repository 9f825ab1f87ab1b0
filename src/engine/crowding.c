/*
 * Crowding distance of the points of each front, for the kind "pareto" (pareto.c).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fronts_ranks.h"

struct crowd {
	struct sorter sorter;
	uint32_t *order;    /* by value */
	uint32_t *by_front; /* by front, then value */
	uint32_t *starts;   /* of each front's run there, with one more for the end */
	size_t front_count;
};

/* Whose front holds only equal points. */
static bool all_equal(
	const double *const *objectives, size_t k, const struct crowd *c, size_t front)
{
	uint32_t first = c->by_front[c->starts[front]];

	for (size_t i = c->starts[front] + 1; i < c->starts[front + 1]; i++) {
		for (size_t j = 0; j < k; j++) {
			if (objectives[j][c->by_front[i]] != objectives[j][first])
				return false;
		}
	}
	return true;
}

/* Adds one objective's part for the front in order[0 … n-1], sorted by it. */
static void crowd_front(const double *values, const uint32_t *order, size_t n, double *distance)
{
	double greatest = values[order[0]], least = values[order[n - 1]];

	if (greatest == least)
		return;
	for (size_t start = 0, end; start < n; start = end) {
		double value = values[order[start]], part = INFINITY;

		for (end = start + 1; end < n && values[order[end]] == value;)
			end++;
		if (start > 0 && end < n)
			part = (values[order[start - 1]] - values[order[end]]) / (greatest - least);
		for (size_t i = start; i < end; i++)
			distance[order[i]] += part;
	}
}

static bool crowd_init(struct crowd *c, size_t n, const uint32_t *fronts)
{
	bool ok = wn_sorter_init(&c->sorter, n);

	c->front_count = 0;
	for (size_t i = 0; i < n; i++)
		c->front_count = fronts[i] > c->front_count ? fronts[i] : c->front_count;
	c->order = reallocarray(NULL, n, sizeof(*c->order));
	c->by_front = reallocarray(NULL, n, sizeof(*c->by_front));
	c->starts = reallocarray(NULL, c->front_count + 1, sizeof(*c->starts));
	return ok && c->order && c->by_front && c->starts;
}

static void crowd_release(struct crowd *c)
{
	wn_sorter_release(&c->sorter);
	free(c->order);
	free(c->by_front);
	free(c->starts);
}

static void deal_by_front(struct crowd *c, size_t n, const uint32_t *fronts)
{
	memset(c->starts, 0, (c->front_count + 1) * sizeof(*c->starts));
	for (size_t i = 0; i < n; i++)
		c->starts[fronts[i]]++;
	for (size_t f = 1; f <= c->front_count; f++)
		c->starts[f] += c->starts[f - 1];
	/* From behind, so that each run's end becomes its start. */
	for (size_t i = n; i-- > 0;)
		c->by_front[--c->starts[fronts[c->order[i]]]] = c->order[i];
	memmove(c->starts, c->starts + 1, c->front_count * sizeof(*c->starts));
	c->starts[c->front_count] = (uint32_t)n;
}

bool wn_pareto_crowding(const double *const *objectives, size_t k, size_t n, const uint32_t *fronts,
	double *distance)
{
	struct crowd c;
	bool ok;

	if (n == 0)
		return true;
	ok = crowd_init(&c, n, fronts);
	if (!ok)
		goto out;
	wn_first_order(c.order, n);
	for (size_t i = 0; i < n; i++)
		distance[i] = 0.0;
	for (size_t j = 0; j < k; j++) {
		wn_sort_descending(&c.sorter, objectives[j], n, c.order);
		deal_by_front(&c, n, fronts);
		for (size_t f = 0; f < c.front_count; f++) {
			if (c.starts[f] < c.starts[f + 1])
				crowd_front(objectives[j], c.by_front + c.starts[f],
					c.starts[f + 1] - c.starts[f], distance);
		}
	}
	for (size_t f = 0; f < c.front_count; f++) {
		if (!all_equal(objectives, k, &c, f))
			continue;
		for (size_t i = c.starts[f]; i < c.starts[f + 1]; i++)
			distance[c.by_front[i]] = INFINITY;
	}
out:
	crowd_release(&c);
	return ok;
}

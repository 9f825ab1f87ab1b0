/*
 * Sorting points and giving them ranks, for fronts.c, fronts_divide.c and crowding.c: by digits of the
 * values' keys, so that each objective costs the same few passes.
 */
#include "engine/fronts_ranks.h"

#include <stdlib.h>
#include <string.h>

#include "engine/order.h"

bool wn_sorter_init(struct sorter *s, size_t n)
{
	s->from = reallocarray(NULL, n, sizeof(*s->from));
	s->to = reallocarray(NULL, n, sizeof(*s->to));
	s->histogram = reallocarray(NULL, DIGITS, sizeof(*s->histogram));
	return s->from && s->to && s->histogram;
}

void wn_sorter_release(struct sorter *s)
{
	free(s->from);
	free(s->to);
	free(s->histogram);
}

/* One pass; false when all keys have the same digit, so that nothing has to move. */
static bool sort_digit(struct sorter *s, size_t n, unsigned digit)
{
	uint32_t *next = s->histogram[digit];
	unsigned shift = digit * DIGIT_BITS;
	uint32_t start = 0;

	if (next[(s->from[0].key >> shift) % DIGIT_VALUES] == n)
		return false;
	for (size_t v = 0; v < DIGIT_VALUES; v++) {
		uint32_t here = next[v];

		next[v] = start;
		start += here;
	}
	for (size_t i = 0; i < n; i++)
		s->to[next[(s->from[i].key >> shift) % DIGIT_VALUES]++] = s->from[i];
	return true;
}

void wn_sort_descending(struct sorter *s, const double *values, size_t n, uint32_t *order)
{
	memset(s->histogram, 0, DIGITS * sizeof(*s->histogram));
	for (size_t i = 0; i < n; i++) {
		uint64_t key = wn_score_key(values[order[i]]);

		s->from[i] = (struct keyed){key, order[i]};
		for (unsigned d = 0; d < DIGITS; d++)
			s->histogram[d][(key >> (d * DIGIT_BITS)) % DIGIT_VALUES]++;
	}
	for (unsigned d = 0; d < DIGITS; d++) {
		struct keyed *sorted = s->to;

		if (!sort_digit(s, n, d))
			continue;
		s->to = s->from;
		s->from = sorted;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = s->from[i].index;
}

/* The same, and ranks[index] from 0 for the best. */
static void rank_descending(
	struct sorter *s, const double *values, size_t n, uint32_t *order, uint32_t *ranks)
{
	uint32_t rank = 0;

	wn_sort_descending(s, values, n, order);
	for (size_t i = 0; i < n; i++) {
		rank += i > 0 && s->from[i].key != s->from[i - 1].key;
		ranks[s->from[i].index] = rank;
	}
}

void wn_first_order(uint32_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
}

bool wn_ranked_init(struct ranked *p, const double *const *objectives, size_t k, size_t n)
{
	struct sorter sorter = {0};
	bool ok = wn_sorter_init(&sorter, n);

	*p = (struct ranked){.k = k, .n = n};
	p->order = reallocarray(NULL, n, sizeof(*p->order));
	p->by_sweep = reallocarray(NULL, n, sizeof(*p->by_sweep));
	ok = ok && p->order && p->by_sweep;
	for (size_t j = 0; j < k; j++) {
		p->rank[j] = reallocarray(NULL, n, sizeof(*p->rank[j]));
		ok = ok && p->rank[j];
	}
	if (!ok)
		goto out;
	wn_first_order(p->order, n);
	/* Each sort keeps the order of the ones before among equals. */
	for (size_t j = k; j-- > 0;) {
		rank_descending(&sorter, objectives[j], n, p->order, p->rank[j]);
		if (j == k - 2)
			memcpy(p->by_sweep, p->order, n * sizeof(*p->order));
	}
out:
	wn_sorter_release(&sorter);
	return ok;
}

void wn_ranked_release(struct ranked *p)
{
	for (size_t j = 0; j < p->k; j++)
		free(p->rank[j]);
	free(p->order);
	free(p->by_sweep);
}

static bool same_point(const struct ranked *p, uint32_t a, uint32_t b)
{
	for (size_t j = 0; j < p->k; j++) {
		if (p->rank[j][a] != p->rank[j][b])
			return false;
	}
	return true;
}

size_t wn_run_end(const struct ranked *p, size_t start)
{
	size_t end = start + 1;

	while (end < p->n && same_point(p, p->order[start], p->order[end]))
		end++;
	return end;
}

bool wn_run_dominates(const struct ranked *p, size_t start, size_t end, const uint8_t *inert)
{
	if (!inert)
		return true;
	while (start < end && inert[p->order[start]])
		start++;
	return start < end;
}

/*
 * Non-dominated fronts and crowding distance, for the kind "pareto" (pareto.c).
 *
 * A point's front is one more than the longest chain of points above it, each dominating the next.
 * All work is on ranks: each objective's values become 0 (best), 1, 2 …, equal values the same one,
 * so the costs depend on the number of points and never on what their values are.
 *
 * Two objectives: one pass in lexicographic order; fronts are found by binary search over the
 * greatest second value of each. More: divide and conquer (Jensen 2003; Fortin, Grenier and Parizeau
 * 2013; Buzdalov and Shalyto 2014): the better half by the first objective is settled, then it
 * pushes back the other half, then that is settled. Pushing splits by one objective after the other
 * until two are left, which one sweep settles with a Fenwick tree of greatest fronts.
 */
#include "engine/fronts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/order.h"

enum {
	DIGIT_BITS = 11,
	DIGIT_VALUES = 1 << DIGIT_BITS,
	DIGITS = (64 + DIGIT_BITS - 1) / DIGIT_BITS,
	PAIRS_AT_ONCE = 16, /* the smaller side below which comparing all pairs is the faster way */
};

/* ---- ranks -------------------------------------------------------------------------------------- */

struct keyed {
	uint64_t key;
	uint32_t index;
};

struct sorter {
	struct keyed *from, *to;
	uint32_t (*histogram)[DIGIT_VALUES];
};

static bool sorter_init(struct sorter *s, size_t n)
{
	s->from = reallocarray(NULL, n, sizeof(*s->from));
	s->to = reallocarray(NULL, n, sizeof(*s->to));
	s->histogram = reallocarray(NULL, DIGITS, sizeof(*s->histogram));
	return s->from && s->to && s->histogram;
}

static void sorter_release(struct sorter *s)
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

/* Sorts `order` by descending value; equal ones stay in their order. s->from holds it with keys. */
static void sort_descending(struct sorter *s, const double *values, size_t n, uint32_t *order)
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

	sort_descending(s, values, n, order);
	for (size_t i = 0; i < n; i++) {
		rank += i > 0 && s->from[i].key != s->from[i - 1].key;
		ranks[s->from[i].index] = rank;
	}
}

static void first_order(uint32_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
}

/* ---- points ------------------------------------------------------------------------------------- */

/* The points by rank, and two orders of them. */
struct ranked {
	size_t k, n;
	uint32_t *rank[WN_PARETO_MAX_OBJECTIVES];
	uint32_t *order;    /* lexicographic, the best first: equal points are neighbours */
	uint32_t *by_sweep; /* by the last objective but one */
};

static bool ranked_init(struct ranked *p, const double *const *objectives, size_t k, size_t n)
{
	struct sorter sorter = {0};
	bool ok = sorter_init(&sorter, n);

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
	first_order(p->order, n);
	/* Each sort keeps the order of the ones before among equals. */
	for (size_t j = k; j-- > 0;) {
		rank_descending(&sorter, objectives[j], n, p->order, p->rank[j]);
		if (j == k - 2)
			memcpy(p->by_sweep, p->order, n * sizeof(*p->order));
	}
out:
	sorter_release(&sorter);
	return ok;
}

static void ranked_release(struct ranked *p)
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

/* The end of the run of equal points that begins at order[start]. */
static size_t run_end(const struct ranked *p, size_t start)
{
	size_t end = start + 1;

	while (end < p->n && same_point(p, p->order[start], p->order[end]))
		end++;
	return end;
}

static bool run_dominates(const struct ranked *p, size_t start, size_t end, const uint8_t *inert)
{
	if (!inert)
		return true;
	while (start < end && inert[p->order[start]])
		start++;
	return start < end;
}

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

		end = run_end(p, start);
		for (size_t i = start; i < end; i++)
			fronts[p->order[i]] = (uint32_t)front + 1;
		if (!run_dominates(p, start, end, inert))
			continue;
		best_second[front] = second;
		count += front == count;
	}
	free(best_second);
	return true;
}

/* ---- three and more ----------------------------------------------------------------------------- */

/*
 * The different points, numbered by the last objective but one, the best first. A set of points is
 * an array of such numbers in ascending order, so it is ready for the sweep; whoever splits a set in
 * place puts it together again.
 */
struct layers {
	size_t k, n;
	uint32_t *rank[WN_PARETO_MAX_OBJECTIVES]; /* of the first objective: place in lexicographic
	                                             order, which is its own for each point */
	uint8_t *dominates;
	uint32_t *front;
	uint32_t *ids;
	uint32_t *scratch;
	uint32_t *greatest; /* Fenwick tree over the last objective's ranks; all 0 between sweeps */
	size_t last_ranks;
};

struct set {
	uint32_t *ids;
	size_t n;
};

/* Moves those with rank[id] < below to the front, keeping the order within either part. */
static size_t split(struct layers *s, struct set set, const uint32_t *rank, uint32_t below)
{
	size_t better = 0, worse = 0;

	for (size_t i = 0; i < set.n; i++) {
		uint32_t id = set.ids[i];

		if (rank[id] < below)
			set.ids[better++] = id;
		else
			s->scratch[worse++] = id;
	}
	if (worse > 0)
		memcpy(set.ids + better, s->scratch, worse * sizeof(*set.ids));
	return better;
}

/* Makes one ascending run of the first `n` and the rest. */
static void join(struct layers *s, struct set set, size_t n)
{
	size_t a = 0, b = n, to = 0;

	if (n == 0 || n == set.n)
		return;
	memcpy(s->scratch, set.ids, n * sizeof(*set.ids));
	while (a < n) {
		if (b < set.n && set.ids[b] < s->scratch[a])
			set.ids[to++] = set.ids[b++];
		else
			set.ids[to++] = s->scratch[a++];
	}
}

static void note_front(struct layers *s, uint32_t rank, uint32_t front)
{
	/* What a node covers its parents cover, so none above is less. */
	for (size_t i = (size_t)rank + 1; i <= s->last_ranks && s->greatest[i] < front; i += i & -i)
		s->greatest[i] = front;
}

static void forget_front(struct layers *s, uint32_t rank)
{
	for (size_t i = (size_t)rank + 1; i <= s->last_ranks && s->greatest[i] != 0; i += i & -i)
		s->greatest[i] = 0;
}

static uint32_t greatest_front(const struct layers *s, uint32_t rank)
{
	uint32_t front = 0;

	for (size_t i = (size_t)rank + 1; i > 0; i &= i - 1)
		front = s->greatest[i] > front ? s->greatest[i] : front;
	return front;
}

/* Pushes `behind` by `ahead` where only the last two objectives are left to compare. */
static void sweep(struct layers *s, struct set ahead, struct set behind)
{
	const uint32_t *second = s->rank[s->k - 2], *last = s->rank[s->k - 1];
	size_t entered = 0;

	for (size_t i = 0; i < behind.n; i++) {
		uint32_t id = behind.ids[i], front;

		for (; entered < ahead.n && second[ahead.ids[entered]] <= second[id]; entered++) {
			uint32_t by = ahead.ids[entered];

			if (s->dominates[by])
				note_front(s, last[by], s->front[by]);
		}
		front = greatest_front(s, last[id]) + 1;
		s->front[id] = front > s->front[id] ? front : s->front[id];
	}
	for (size_t i = 0; i < entered; i++)
		forget_front(s, last[ahead.ids[i]]);
}

static bool at_least_as_good(const struct layers *s, uint32_t a, uint32_t b, size_t objective)
{
	for (size_t j = objective; j < s->k; j++) {
		if (s->rank[j][a] > s->rank[j][b])
			return false;
	}
	return true;
}

static void push_by_pairs(struct layers *s, struct set ahead, struct set behind, size_t objective)
{
	for (size_t i = 0; i < behind.n; i++) {
		uint32_t id = behind.ids[i], front = s->front[id];

		for (size_t a = 0; a < ahead.n; a++) {
			uint32_t by = ahead.ids[a];

			if (s->front[by] >= front && s->dominates[by] &&
				at_least_as_good(s, by, id, objective))
				front = s->front[by] + 1;
		}
		s->front[id] = front;
	}
}

struct span {
	uint32_t best, worst;       /* ranks */
	uint32_t nearest, farthest; /* fronts */
};

static struct span span_of(const struct layers *s, struct set set, size_t objective)
{
	const uint32_t *rank = s->rank[objective];
	struct span span = {UINT32_MAX, 0, UINT32_MAX, 0};

	for (size_t i = 0; i < set.n; i++) {
		uint32_t r = rank[set.ids[i]], f = s->front[set.ids[i]];

		span.best = r < span.best ? r : span.best;
		span.worst = r > span.worst ? r : span.worst;
		span.nearest = f < span.nearest ? f : span.nearest;
		span.farthest = f > span.farthest ? f : span.farthest;
	}
	return span;
}

/*
 * Each point of `behind` goes at least one front behind each of `ahead` that is as good in all
 * objectives from `objective` on; in those before it is known to be. The ranks in question are
 * halved, not the sets, so the depth does not depend on how the points lie.
 */
static void push(struct layers *s, struct set ahead, struct set behind, size_t objective)
{
	struct span a, b;

	if (ahead.n == 0 || behind.n == 0)
		return;
	if (ahead.n <= PAIRS_AT_ONCE || behind.n <= PAIRS_AT_ONCE) {
		push_by_pairs(s, ahead, behind, objective);
		return;
	}
	if (objective == s->k - 2) {
		sweep(s, ahead, behind);
		return;
	}
	a = span_of(s, ahead, objective);
	b = span_of(s, behind, objective);
	if (a.best > b.worst || a.farthest < b.nearest)
		return;
	if (a.worst <= b.best) {
		push(s, ahead, behind, objective + 1);
		return;
	}

	uint32_t best = a.best < b.best ? a.best : b.best;
	uint32_t worst = a.worst > b.worst ? a.worst : b.worst;
	uint32_t middle = best + (worst - best) / 2 + 1;
	size_t ahead_better = split(s, ahead, s->rank[objective], middle);
	size_t behind_better = split(s, behind, s->rank[objective], middle);
	struct set ahead_worse = {ahead.ids + ahead_better, ahead.n - ahead_better};
	struct set behind_worse = {behind.ids + behind_better, behind.n - behind_better};

	push(s, (struct set){ahead.ids, ahead_better}, (struct set){behind.ids, behind_better},
		objective);
	push(s, (struct set){ahead.ids, ahead_better}, behind_worse, objective + 1);
	push(s, ahead_worse, behind_worse, objective);
	join(s, ahead, ahead_better);
	join(s, behind, behind_better);
}

/* Finds the fronts of the points whose lexicographic places are first … first + set.n - 1, once all
 * before have pushed them. */
static void settle(struct layers *s, struct set set, uint32_t first)
{
	size_t half = set.n / 2;

	if (set.n < 2)
		return;
	split(s, set, s->rank[0], first + (uint32_t)half);

	struct set ahead = {set.ids, half}, behind = {set.ids + half, set.n - half};

	settle(s, ahead, first);
	push(s, ahead, behind, 1);
	settle(s, behind, first + (uint32_t)half);
	join(s, set, half);
}

static bool layers_init(struct layers *s, const struct ranked *p)
{
	bool ok = true;

	*s = (struct layers){.k = p->k};
	for (size_t j = 0; j < p->k; j++) {
		s->rank[j] = reallocarray(NULL, p->n, sizeof(*s->rank[j]));
		ok = ok && s->rank[j];
	}
	s->dominates = reallocarray(NULL, p->n, sizeof(*s->dominates));
	s->front = reallocarray(NULL, p->n, sizeof(*s->front));
	s->ids = reallocarray(NULL, p->n, sizeof(*s->ids));
	s->scratch = reallocarray(NULL, p->n, sizeof(*s->scratch));
	s->greatest = calloc(p->n + 1, sizeof(*s->greatest));
	s->last_ranks = p->n;
	return ok && s->dominates && s->front && s->ids && s->scratch && s->greatest;
}

static void layers_release(struct layers *s)
{
	for (size_t j = 0; j < s->k; j++)
		free(s->rank[j]);
	free(s->dominates);
	free(s->front);
	free(s->ids);
	free(s->scratch);
	free(s->greatest);
}

enum { PLACE_DOMINATES = 1, PLACE_SEEN = 2 };

/* place_of[i]: the place of point i among the different ones in lexicographic order. flags: by
 * place, whether somebody there dominates. */
static void find_places(
	const struct ranked *p, const uint8_t *inert, uint32_t *place_of, uint8_t *flags)
{
	uint32_t place = 0;

	for (size_t start = 0, end; start < p->n; start = end, place++) {
		end = run_end(p, start);
		for (size_t i = start; i < end; i++)
			place_of[p->order[i]] = place;
		flags[place] = run_dominates(p, start, end, inert) ? PLACE_DOMINATES : 0;
	}
}

static void layers_fill(
	struct layers *s, const struct ranked *p, const uint8_t *inert, uint32_t *place_of)
{
	uint8_t *flags = (uint8_t *)s->scratch;

	find_places(p, inert, place_of, flags);
	for (size_t i = 0; i < p->n; i++) {
		uint32_t point = p->by_sweep[i], place = place_of[point];

		if (flags[place] & PLACE_SEEN)
			continue;
		flags[place] |= PLACE_SEEN;
		s->rank[0][s->n] = place;
		for (size_t j = 1; j < s->k; j++)
			s->rank[j][s->n] = p->rank[j][point];
		s->dominates[s->n] = flags[place] & PLACE_DOMINATES;
		s->front[s->n] = 1;
		s->ids[s->n] = (uint32_t)s->n;
		s->n++;
	}
}

static bool fronts_of_more(const struct ranked *p, const uint8_t *inert, uint32_t *fronts)
{
	struct layers s;
	bool ok = layers_init(&s, p);

	if (!ok)
		goto out;
	layers_fill(&s, p, inert, fronts);
	settle(&s, (struct set){s.ids, s.n}, 0);
	for (size_t id = 0; id < s.n; id++)
		s.scratch[s.rank[0][id]] = s.front[id];
	for (size_t i = 0; i < p->n; i++)
		fronts[i] = s.scratch[fronts[i]]; /* held the place until now */
out:
	layers_release(&s);
	return ok;
}

bool wn_pareto_fronts_beside(
	const double *const *objectives, size_t k, size_t n, const uint8_t *inert, uint32_t *fronts)
{
	struct ranked points;
	bool ok;

	if (n == 0)
		return true;
	ok = ranked_init(&points, objectives, k, n);
	if (ok)
		ok = k == 2 ? fronts_of_two(&points, inert, fronts)
			    : fronts_of_more(&points, inert, fronts);
	ranked_release(&points);
	return ok;
}

bool wn_pareto_fronts(const double *const *objectives, size_t k, size_t n, uint32_t *fronts)
{
	return wn_pareto_fronts_beside(objectives, k, n, NULL, fronts);
}

/* ---- crowding ----------------------------------------------------------------------------------- */

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
	bool ok = sorter_init(&c->sorter, n);

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
	sorter_release(&c->sorter);
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
	first_order(c.order, n);
	for (size_t i = 0; i < n; i++)
		distance[i] = 0.0;
	for (size_t j = 0; j < k; j++) {
		sort_descending(&c.sorter, objectives[j], n, c.order);
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
	ok = ranked_init(&points, both, 2, 2 * n);
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
	ranked_release(&points);
	free(values);
	free(tree);
	return ok;
}

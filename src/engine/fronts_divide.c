/*
 * Non-dominated fronts of three objectives and more: divide and conquer (Jensen 2003; Fortin, Grenier
 * and Parizeau 2013; Buzdalov and Shalyto 2014). The better half by the first objective is settled,
 * then it pushes back the other half, then that is settled. Pushing splits by one objective after the
 * other until two are left, which one sweep settles with a Fenwick tree of greatest fronts.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/fronts_ranks.h"

enum {
	PAIRS_AT_ONCE = 16 /* the smaller side below which comparing all pairs is the faster way */
};

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
		end = wn_run_end(p, start);
		for (size_t i = start; i < end; i++)
			place_of[p->order[i]] = place;
		flags[place] = wn_run_dominates(p, start, end, inert) ? PLACE_DOMINATES : 0;
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

bool wn_fronts_of_more(const struct ranked *p, const uint8_t *inert, uint32_t *fronts)
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

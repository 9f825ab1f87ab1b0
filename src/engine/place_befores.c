/*
 * Which befores hold. A before is one more thing that its row waits for; together with the blockers
 * these must stay without circles. They are taken from the oldest on, and each is asked: does its
 * target wait for its row already?
 *
 * The search for that goes from both ends in turn, so that a long chain to which befores are added
 * at either end costs nothing; only where a circle is found are both sides gone through whole, to
 * tell which of the older befores it leads through.
 */
#include <stdlib.h>

#include "engine/place.h"

enum { FORWARD, BACKWARD, SIDES };

/* A search in one direction: from a row to what it waits for, or to those that wait for it. */
struct side {
	uint32_t *seen; /* by row: the last search that came by */
	uint32_t *stack, depth;
};

struct circles {
	const struct place *p; /* nodes are marked */
	const struct wn_before *given;
	const struct wn_waits *waits;
	uint32_t *own;   /* by row: one more than the before that it waits by, 0: none */
	uint32_t *first; /* by row: one more than a before that names it; by before, the … */
	uint32_t *next;  /* … next of the same target */
	struct side side[SIDES];
	uint32_t search;
	bool by_befores; /* else by blockers alone */
};

static void come_by(const struct circles *c, struct side *side, uint32_t row)
{
	if (side->seen[row] == c->search)
		return;
	side->seen[row] = c->search;
	side->stack[side->depth++] = row;
}

static void look_forward(struct circles *c, uint32_t row)
{
	const struct wn_waits *w = c->waits;
	struct side *side = &c->side[FORWARD];

	if (c->by_befores && c->own[row])
		come_by(c, side, c->given[c->own[row] - 1].target);
	if (!(c->p->mark[row] & NODE))
		return;
	uint32_t v = c->p->node[row];

	for (uint32_t e = w->blocker_start[v]; e < w->blocker_start[v + 1]; e++) {
		if (!wn_inert(w, v, w->blocker[e]))
			come_by(c, side, w->row[w->blocker[e]]);
	}
}

static void look_backward(struct circles *c, uint32_t row)
{
	const struct wn_waits *w = c->waits;
	struct side *side = &c->side[BACKWARD];

	for (uint32_t i = c->by_befores ? c->first[row] : 0; i; i = c->next[i - 1])
		come_by(c, side, c->given[i - 1].row);
	if (!(c->p->mark[row] & NODE))
		return;
	uint32_t v = c->p->node[row];

	for (uint32_t e = w->follower_start[v]; e < w->follower_start[v + 1]; e++)
		come_by(c, side, w->row[w->follower[e]]);
}

static void begin(struct circles *c, const struct wn_before *before, bool by_befores)
{
	c->search++;
	c->by_befores = by_befores;
	c->side[FORWARD].depth = c->side[BACKWARD].depth = 0;
	come_by(c, &c->side[FORWARD], before->target);
	come_by(c, &c->side[BACKWARD], before->row);
}

/* Whether the target waits for the row. Two searches that share no row when one of them has seen
 * all that it can never meet. */
static bool target_waits(struct circles *c, const struct wn_before *before, bool by_befores)
{
	struct side *forward = &c->side[FORWARD], *backward = &c->side[BACKWARD];

	begin(c, before, by_befores);
	while (forward->depth > 0 && backward->depth > 0) {
		uint32_t row = forward->stack[--forward->depth];

		if (backward->seen[row] == c->search)
			return true;
		look_forward(c, row);
		row = backward->stack[--backward->depth];
		if (forward->seen[row] == c->search)
			return true;
		look_backward(c, row);
	}
	return false;
}

/* The newest of the befores that hold through which the target waits for the row. */
static uint32_t find_rival(
	struct circles *c, const struct wn_before *before, const uint32_t *accepted, uint32_t count)
{
	struct side *forward = &c->side[FORWARD], *backward = &c->side[BACKWARD];
	uint32_t i = count;

	begin(c, before, true);
	while (forward->depth > 0)
		look_forward(c, forward->stack[--forward->depth]);
	while (backward->depth > 0)
		look_backward(c, backward->stack[--backward->depth]);
	while (i-- > 0) {
		const struct wn_before *other = &c->given[accepted[i]];

		if (forward->seen[other->row] == c->search &&
			backward->seen[other->target] == c->search)
			break;
	}
	return accepted[i];
}

static int by_age(const void *a, const void *b, void *given)
{
	const struct wn_before *all = given;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (all[x].revision != all[y].revision)
		return all[x].revision < all[y].revision ? -1 : 1;
	return x < y ? -1 : 1;
}

static uint32_t list_by_age(
	const struct wn_placement *placement, const struct wn_rank_input *input, uint32_t *list)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < placement->before_count; i++) {
		const struct wn_before *before = &placement->befores[i];

		if (wn_ranked(input, before->row) && wn_ranked(input, before->target))
			list[count++] = i;
	}
	if (count > 1)
		qsort_r(list, count, sizeof(*list), by_age, (void *)(uintptr_t)placement->befores);
	return count;
}

/* Taken one after the other; the list of what holds overwrites that of all behind the reader. */
static uint32_t take_in_turn(
	struct circles *c, struct wn_fate_of *fates, uint32_t *list, uint32_t count)
{
	uint32_t held = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = list[i];
		const struct wn_before *before = &c->given[index];

		if (target_waits(c, before, false))
			continue; /* it stands ahead anyway */
		if (target_waits(c, before, true)) {
			fates[index].fate = WN_DEFEATED_BY_OVERRIDE;
			fates[index].by = (uint32_t)c->p->placement->pin_count +
					  find_rival(c, before, list, held);
			continue;
		}
		c->own[before->row] = index + 1;
		c->next[index] = c->first[before->target];
		c->first[before->target] = index + 1;
		list[held++] = index;
	}
	return held;
}

static bool circles_init(struct circles *c, size_t befores)
{
	size_t rows = c->p->input->rows, most = c->waits->nodes + 2 * befores + 1;
	bool ok = true;

	c->own = calloc(rows + 1, sizeof(*c->own));
	c->first = calloc(rows + 1, sizeof(*c->first));
	c->next = calloc(befores + 1, sizeof(*c->next));
	for (int i = 0; i < SIDES; i++) {
		c->side[i].seen = calloc(rows + 1, sizeof(uint32_t));
		c->side[i].stack = reallocarray(NULL, most, sizeof(uint32_t));
		ok = ok && c->side[i].seen && c->side[i].stack;
	}
	return ok && c->own && c->first && c->next;
}

static void circles_release(struct circles *c)
{
	free(c->own);
	free(c->first);
	free(c->next);
	for (int i = 0; i < SIDES; i++) {
		free(c->side[i].seen);
		free(c->side[i].stack);
	}
}

bool wn_accept_befores(struct place *p, uint32_t *accepted, uint32_t *count)
{
	const struct wn_placement *placement = p->placement;
	struct circles c = {.p = p, .given = placement->befores, .waits = p->waits};
	bool ok;

	*count = list_by_age(placement, p->input, accepted);
	if (*count == 0)
		return true;
	ok = circles_init(&c, placement->before_count);
	if (ok)
		*count = take_in_turn(&c, p->ranking->befores, accepted, *count);
	circles_release(&c);
	return ok;
}

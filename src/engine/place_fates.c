/*
 * Fates of pins and befores: what kept one from its place, by the state at the rank at which it was
 * to be there.
 */
#include "engine/place.h"

uint32_t wn_first_rule(const struct place *p, uint32_t row)
{
	uint32_t rule = hard_rule(p, row, rank_now(p));

	for (size_t i = 0; i < p->asked_count; i++) {
		if (!wn_ban_hits(p->asked[i], row) && p->asked[i]->rule < rule)
			rule = p->asked[i]->rule;
	}
	return rule;
}

uint32_t wn_top_rule(const struct place *p, uint32_t row)
{
	const struct wn_policy *policy = p->placement->policy;
	uint32_t urgent = p->ranking->carries ? p->ranking->carries[row] : row;

	for (uint32_t r = 0; policy && p->placement->hits && r < policy->rule_count; r++) {
		if (policy->rules[r].effect == WN_PIN_TOP && wn_hit(p->placement->hits, r, urgent))
			return r;
	}
	return WN_NO_RULE;
}

uint32_t wn_first_blocker(const struct place *p, uint32_t row)
{
	const struct wn_waits *w = p->waits;
	uint32_t v = p->node[row], best = WN_ROW_NONE;

	for (uint32_t e = w->blocker_start[v]; e < w->blocker_start[v + 1]; e++) {
		uint32_t blocker = w->row[w->blocker[e]];

		if (wn_inert(w, v, w->blocker[e]) || p->mark[blocker] & PLACED)
			continue;
		if (best == WN_ROW_NONE || p->key[blocker] < p->key[best])
			best = blocker;
	}
	return best;
}

static struct wn_fate_of *fate_of(struct place *p, const struct waiter *w)
{
	return w->pin ? &p->ranking->pins[w->index] : &p->ranking->befores[w->index];
}

void wn_set_fate(struct place *p, const struct waiter *w, enum wn_fate fate, uint32_t by)
{
	*fate_of(p, w) = (struct wn_fate_of){fate, by};
}

/* By what number an override is named in a fate. */
static uint32_t override_number(const struct place *p, const struct waiter *w)
{
	return w->pin ? w->index : (uint32_t)p->placement->pin_count + w->index;
}

/* A pin is due at this rank, and is not chosen. */
static void explain_pin(struct place *p, const struct waiter *w, const struct choice *c)
{
	uint32_t rule = wn_first_rule(p, w->row);

	if (!is_ready(p, w->row))
		wn_set_fate(p, w, WN_DEFEATED_BY_BLOCKER, wn_first_blocker(p, w->row));
	else if (rule != WN_NO_RULE)
		wn_set_fate(p, w, WN_DEFEATED_BY_RULE, rule);
	else if (c->top && !w->top)
		wn_set_fate(p, w, WN_DEFEATED_BY_RULE, wn_top_rule(p, c->row));
	else
		wn_set_fate(
			p, w, WN_DEFEATED_BY_OVERRIDE, override_number(p, waiter_of(p, c->row)));
}

void wn_settle_pins(struct place *p, const struct choice *c, uint32_t newly_due)
{
	uint32_t rank = rank_now(p), last = rank + p->run_count - 1;

	for (uint32_t i = newly_due; i < p->pin_count; i++) {
		struct waiter *w = &p->waiters[p->pins_by_rank[i]];
		uint32_t stands;

		if (w->rank > last)
			break;
		/* The chosen one may come early, and still be late by those that go ahead of it. */
		if (p->mark[w->row] & PLACED || (w->row == c->row && last <= w->rank))
			continue;
		if (w->row != c->row && w->rank == rank) {
			explain_pin(p, w, c);
			continue;
		}
		stands = last - w->rank; /* in the run; 0 is the target, which 1 keeps from there */
		if (w->row == c->row || stands == 0)
			stands = 1;
		wn_set_fate(p, w, WN_DEFEATED_BY_OVERRIDE,
			override_number(p, waiter_of(p, p->run[stands])));
	}
}

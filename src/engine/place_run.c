/*
 * The run of rows that takes the next ranks: the chosen one, and ahead of it the befores that name
 * it, and theirs.
 *
 * Whoever joins stands at the front, and moves all others down by one rank. So each ban sees a
 * window on the run, of the rows within its ranks: one row comes in at the front, and where the
 * ban's last rank is reached another drops out at the back. What the window counts says whether the
 * ban forbids any row of the run, so a join costs the same however long the run is:
 *
 *   not_above          a row is hit. One that stays in the window stays forbidden.
 *   limit, most share  what is counted of a row's group, with the window, is more than the bound.
 *                      Weights are not negative, so the group's last row in the window tells for all.
 *   least share        rows in the window that it does not hit leave fewer of the ranks to its last
 *                      than it needs: the last of these rows then stands where it is tight. Where
 *                      the window has all the rows that it needs, the others cannot be too many.
 */
#include "engine/place.h"

/* What a row adds to the count of a ban's window. */
static uint32_t counts(const struct wn_ban *ban, uint32_t row)
{
	switch (ban->effect) {
	case WN_NOT_ABOVE: return wn_ban_hits(ban, row);
	case WN_SHARE_LEAST: return !wn_ban_hits(ban, row);
	default: return 0;
	}
}

/* A row comes into a ban's window, or leaves it. */
static void change(
	struct place *p, struct window *window, struct wn_ban *ban, uint32_t row, bool comes)
{
	if (comes)
		window->count += counts(ban, row);
	else
		window->count -= counts(ban, row);
	if (ban->effect != WN_LIMIT && ban->effect != WN_SHARE_MOST)
		return;
	if (wn_ban_hits(ban, row) && !wn_ban_try(&p->bans, ban, row, comes ? 1 : -1))
		p->out_of_memory = true;
}

/* Whether the ban forbids a row of the run its place. Of a limit only the first row and the last
 * are asked about: a longer run had nothing that was forbidden before the first one came. */
static bool forbids(const struct place *p, const struct window *window, const struct wn_ban *ban)
{
	uint32_t first = p->run[p->run_count - 1], last = p->run[0];
	double left = (double)(ban->last - rank_now(p)) + 1, needed = ban->bound - ban->sum;

	switch (ban->effect) {
	case WN_NOT_ABOVE: return window->count > 0;
	case WN_SHARE_LEAST:
		return needed > 0 && window->count > 0 && window->count + needed > left;
	default:
		return (wn_ban_hits(ban, first) && wn_ban_full(ban, first)) ||
		       (window->from == 0 && wn_ban_hits(ban, last) && wn_ban_full(ban, last));
	}
}

/* The windows on a run of one. */
static void open_windows(struct place *p)
{
	for (size_t i = 0; i < p->bans.live_count; i++) {
		p->windows[i] = (struct window){0};
		change(p, &p->windows[i], p->bans.live[i], p->run[0], true);
	}
}

/* Moves the windows on for the row that is at the front now, unless a rule forbids the run; then
 * that is returned, the first of them, and all is as before. */
static uint32_t move_windows(struct place *p)
{
	size_t tried = p->bans.undo_count;
	struct window *windows = p->windows;

	for (size_t i = 0; i < p->bans.live_count; i++) {
		struct wn_ban *ban = p->bans.live[i];
		struct window *next = &p->next_windows[i];

		*next = windows[i];
		change(p, next, ban, p->run[p->run_count - 1], true);
		if (p->run_count - next->from > ban->last - rank_now(p) + 1)
			change(p, next, ban, p->run[next->from++], false);
		if (forbids(p, next, ban)) {
			wn_bans_undo(&p->bans, tried);
			return ban->rule;
		}
	}
	p->windows = p->next_windows;
	p->next_windows = windows;
	return WN_NO_RULE;
}

/* Lets a before go at the front of the run, or defeats it. */
static bool join_run(struct place *p, struct waiter *w)
{
	uint32_t rule;

	if (!is_ready(p, w->row)) {
		wn_set_fate(p, w, WN_DEFEATED_BY_BLOCKER, wn_first_blocker(p, w->row));
		wn_stop_waiting(p, w);
		return false;
	}
	if (is_top(p, p->run[0]) && !w->top) {
		wn_set_fate(p, w, WN_DEFEATED_BY_RULE, wn_top_rule(p, p->run[0]));
		wn_stop_waiting(p, w);
		return false;
	}
	p->run[p->run_count++] = w->row;
	rule = move_windows(p);
	if (rule == WN_NO_RULE) {
		wn_set_fate(p, w, WN_APPLIED, 0);
		return true;
	}
	p->run_count--;
	wn_set_fate(p, w, WN_DEFEATED_BY_RULE, rule);
	wn_stop_waiting(p, w);
	return false;
}

/* Where the befores of a target begin in befores_by_target. */
static uint32_t befores_of(const struct place *p, uint32_t target)
{
	uint32_t low = 0, high = p->before_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (p->waiters[p->befores_by_target[middle]].target < target)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A target, ahead of it its befores, ahead of each its own: depth first, since whoever joins does
 * so at the front. */
void wn_make_run(struct place *p, uint32_t row)
{
	uint32_t depth = 1;

	p->run[0] = row;
	p->run_count = 1;
	if (!(p->mark[row] & TARGET))
		return;
	p->path[0] = row;
	p->nest[0] = befores_of(p, row);
	open_windows(p);
	while (depth > 0) {
		uint32_t at = p->nest[depth - 1]++;
		struct waiter *w = NULL;

		if (at < p->before_count)
			w = &p->waiters[p->befores_by_target[at]];
		if (!w || w->target != p->path[depth - 1]) {
			depth--;
			continue;
		}
		if (!(p->mark[w->row] & WAITER) || !join_run(p, w))
			continue;
		p->path[depth] = w->row;
		p->nest[depth++] = befores_of(p, w->row);
	}
	wn_bans_undo(&p->bans, 0);
}

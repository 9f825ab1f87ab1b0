/*
 * Placement: who takes each rank when rules, pins and befores have a say (rank.h has the rules).
 *
 * The rows come in the order by inherited, then own preference; a row's index there is its key.
 * That stream is walked from the front, and most rows are simply placed. A row that may not stand
 * yet is moved out of the stream: until its last blocker is placed, or until the rank at which the
 * rule that forbids it ends (a limit that is full stays full until then). When it may stand again
 * it goes into a heap by key, whose top is held against the head of the stream at every rank.
 *
 * A least share that has no place to give away makes all but its members wait. Those are not
 * moved; instead a second look, with a cursor and a heap of its own, finds the first member.
 *
 * Heaps are not tidied: an entry counts only while the row's mark says so.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bans.h"
#include "engine/order.h"

/* Marks of a row; none at all: it is placed when the stream comes to it. */
enum {
	HIT = 1,        /* by a rule that may forbid it */
	NODE = 2,       /* waits for others, or others for it */
	WAITER = 4,     /* is pinned, or before a target, and not placed */
	TARGET = 8,     /* of befores */
	MOVED = 16,     /* no longer in the stream */
	READY = 32,     /* moved, and back in the heap */
	FORBIDDEN = 64, /* moved, until a rule ends */
	PLACED = 128,
	EVERY_MARK = 255,
};

static const uint32_t NONE = WN_ROW_NONE;

/* Rows from the cursor on whose node is fetched early: nodes are looked up one by one, each from
 * another place. */
enum { LOOK_AHEAD = 16 };

struct heap {
	uint64_t *at;
	size_t count, room;
};

/* A pin or a before that may move its row. */
struct waiter {
	uint32_t row;
	bool pin;
	bool due;      /* the rank of its pin is reached */
	bool eligible; /* ready, and not known to be forbidden */
	bool top;
	uint32_t index;  /* in the list of pins or befores */
	uint32_t rank;   /* of a pin */
	uint32_t target; /* of a before: row */
	int64_t revision;
};

/* Finds the first row that may stand at a rank, of those that all of `must` hit. */
struct finder {
	uint32_t cursor; /* in the stream */
	struct heap heap;
	const struct wn_ban **must;
	size_t must_count;
};

struct place {
	const struct wn_rank_input *input;
	const struct wn_placement *placement;
	struct wn_waits *waits;
	struct wn_ranking *ranking;
	const uint32_t *stream; /* rows by key */
	uint32_t count;
	uint32_t tops;   /* keys below are those of tier 0 */
	uint32_t *order; /* what is made */
	uint32_t placed;
	struct wn_bans bans;
	uint8_t *mark;  /* by row */
	uint32_t *key;  /* by marked row */
	uint32_t *node; /* by row that is a node */
	uint32_t *slot; /* by row that is or was a waiter: index */

	struct finder any, all, first; /* all rows; those that the tight shares ask for */
	const struct wn_ban **tight;   /* by rule */
	size_t tight_count;
	size_t asked;         /* how many of them count at this rank */
	struct heap released; /* rank << 32 | key */
	struct heap forbidden;

	struct waiter *waiters; /* accepted ones of candidates */
	uint32_t waiter_count;
	uint32_t *pins_newest, *pins_by_rank, pin_count, pins_seen; /* indices of waiters */
	uint32_t *befores_by_key, *befores_by_target, before_count;
	uint32_t eligible, eligible_top, eligible_due, eligible_due_top;

	uint32_t *run; /* target first, then those ahead of it, outwards */
	uint32_t run_count;
	uint32_t *path; /* targets from the one chosen to that whose befores are looked at */
	uint32_t *nest; /* for each of these, the next in befores_by_target */
	bool out_of_memory;
};

/* What takes a rank, and why nothing else does. */
struct choice {
	uint32_t row;
	bool top; /* a row of tier 0 may stand here */
};

/* ---- heaps ---- */

static void push(struct place *p, struct heap *heap, uint64_t value)
{
	size_t hole = heap->count;

	if (heap->count == heap->room) {
		size_t room = 2 * heap->room + 64;
		uint64_t *at = reallocarray(heap->at, room, sizeof(*at));

		if (!at) {
			p->out_of_memory = true;
			return;
		}
		heap->at = at;
		heap->room = room;
	}
	heap->count++;
	while (hole > 0 && value < heap->at[(hole - 1) / 2]) {
		heap->at[hole] = heap->at[(hole - 1) / 2];
		hole = (hole - 1) / 2;
	}
	heap->at[hole] = value;
}

static void pop(struct heap *heap)
{
	uint64_t value = heap->at[--heap->count];
	size_t hole = 0;

	for (;;) {
		size_t child = 2 * hole + 1;

		if (child + 1 < heap->count && heap->at[child + 1] < heap->at[child])
			child++;
		if (child >= heap->count || value <= heap->at[child])
			break;
		heap->at[hole] = heap->at[child];
		hole = child;
	}
	heap->at[hole] = value;
}

/* ---- what is true of a row ---- */

static uint32_t rank_now(const struct place *p)
{
	return p->placed + 1;
}

static bool is_top(const struct place *p, uint32_t row)
{
	return p->key[row] < p->tops;
}

static bool is_ready(const struct place *p, uint32_t row)
{
	return !(p->mark[row] & NODE) || p->waits->pending[p->node[row]] == 0;
}

static struct waiter *waiter_of(const struct place *p, uint32_t row)
{
	return &p->waiters[p->slot[row]];
}

/* The first rule but for least shares that forbids the row here. */
static uint32_t hard_rule(const struct place *p, uint32_t row, uint32_t rank)
{
	if (!(p->mark[row] & HIT))
		return WN_NO_RULE;
	for (size_t i = 0; i < p->bans.live_count; i++) {
		if (wn_ban_forbids(&p->bans, p->bans.live[i], row, rank))
			return p->bans.live[i]->rule;
	}
	return WN_NO_RULE;
}

static bool hit_by_all(const struct wn_ban *const *must, size_t count, uint32_t row)
{
	for (size_t i = 0; i < count; i++) {
		if (!wn_ban_hits(must[i], row))
			return false;
	}
	return true;
}

/* The first rule that forbids the row here, least shares included as far as they are asked. */
static uint32_t first_rule(const struct place *p, uint32_t row)
{
	uint32_t rule = hard_rule(p, row, rank_now(p));

	for (size_t i = 0; i < p->asked; i++) {
		if (!wn_ban_hits(p->tight[i], row) && p->tight[i]->rule < rule)
			rule = p->tight[i]->rule;
	}
	return rule;
}

/* The first rule that pins to the top the row whose preference this one has. */
static uint32_t top_rule(const struct place *p, uint32_t row)
{
	const struct wn_policy *policy = p->placement->policy;
	uint32_t urgent = p->ranking->carries ? p->ranking->carries[row] : row;

	for (uint32_t r = 0; policy && p->placement->hits && r < policy->rule_count; r++) {
		if (policy->rules[r].effect == WN_PIN_TOP && wn_hit(p->placement->hits, r, urgent))
			return r;
	}
	return WN_NO_RULE;
}

/* Of the blockers that are not placed, the first by preference. */
static uint32_t first_blocker(const struct place *p, uint32_t row)
{
	const struct wn_waits *w = p->waits;
	uint32_t v = p->node[row], best = NONE;

	for (uint32_t e = w->blocker_start[v]; e < w->blocker_start[v + 1]; e++) {
		uint32_t blocker = w->row[w->blocker[e]];

		if (wn_inert(w, v, w->blocker[e]) || p->mark[blocker] & PLACED)
			continue;
		if (best == NONE || p->key[blocker] < p->key[best])
			best = blocker;
	}
	return best;
}

/* ---- moving rows out and back ---- */

static void set_eligible(struct place *p, struct waiter *w, bool eligible)
{
	uint32_t change = eligible ? 1 : UINT32_MAX; /* one more, one less */

	if (w->eligible == eligible)
		return;
	w->eligible = eligible;
	p->eligible += change;
	p->eligible_top += w->top ? change : 0;
	p->eligible_due += w->due ? change : 0;
	p->eligible_due_top += w->due && w->top ? change : 0;
}

static void enter(struct place *p, uint32_t row)
{
	uint32_t key = p->key[row];

	p->mark[row] = (uint8_t)((p->mark[row] | MOVED | READY) & ~FORBIDDEN);
	push(p, &p->any.heap, key);
	if (p->tight_count == 0)
		return;
	if (hit_by_all(p->all.must, p->all.must_count, row))
		push(p, &p->all.heap, key);
	if (hit_by_all(p->first.must, p->first.must_count, row))
		push(p, &p->first.heap, key);
}

/* Moves a row out until the last of the rules that forbid it now has ended. */
static void forbid(struct place *p, uint32_t row)
{
	uint64_t last = 0;

	for (size_t i = 0; i < p->bans.live_count; i++) {
		const struct wn_ban *ban = p->bans.live[i];

		if (ban->last > last && wn_ban_forbids(&p->bans, ban, row, rank_now(p)))
			last = ban->last;
	}
	p->mark[row] = (uint8_t)((p->mark[row] | MOVED | FORBIDDEN) & ~READY);
	push(p, &p->released, (last + 1) << 32 | p->key[row]);
	if (p->mark[row] & WAITER)
		set_eligible(p, waiter_of(p, row), false);
	else
		push(p, &p->forbidden, p->key[row]);
}

static void release(struct place *p)
{
	while (p->released.count > 0 && p->released.at[0] >> 32 <= rank_now(p)) {
		uint32_t row = p->stream[(uint32_t)p->released.at[0]];

		pop(&p->released);
		if (!(p->mark[row] & FORBIDDEN))
			continue;
		if (p->mark[row] & WAITER) {
			p->mark[row] &= (uint8_t)~FORBIDDEN;
			set_eligible(p, waiter_of(p, row), true);
		} else {
			enter(p, row);
		}
	}
}

/* The row's last blocker is placed. */
static void make_ready(struct place *p, uint32_t row)
{
	if (p->mark[row] & WAITER)
		set_eligible(p, waiter_of(p, row), true);
	else if (p->mark[row] & MOVED)
		enter(p, row);
}

static void put(struct place *p, uint32_t row)
{
	uint8_t mark = p->mark[row];

	if (!wn_bans_count(&p->bans, row, rank_now(p)))
		p->out_of_memory = true;
	if (mark & WAITER)
		set_eligible(p, waiter_of(p, row), false);
	p->mark[row] = (uint8_t)((mark | MOVED | PLACED) & ~(READY | FORBIDDEN | WAITER));
	p->order[p->placed++] = row;
	if (!(mark & NODE))
		return;

	const struct wn_waits *w = p->waits;
	uint32_t v = p->node[row];

	for (uint32_t e = w->follower_start[v]; e < w->follower_start[v + 1]; e++) {
		if (--w->pending[w->follower[e]] == 0)
			make_ready(p, w->row[w->follower[e]]);
	}
}

/* ---- the first that may stand ---- */

static uint32_t heap_head(struct place *p, struct heap *heap)
{
	while (heap->count > 0) {
		uint32_t row = p->stream[heap->at[0]];

		if (!(p->mark[row] & READY)) {
			pop(heap);
		} else if (hard_rule(p, row, rank_now(p)) != WN_NO_RULE) {
			pop(heap);
			forbid(p, row);
		} else {
			return (uint32_t)heap->at[0];
		}
	}
	return NONE;
}

static uint32_t stream_head(struct place *p, struct finder *f)
{
	if (f->cursor < p->any.cursor)
		f->cursor = p->any.cursor;
	for (; f->cursor < p->count; f->cursor++) {
		uint32_t row = p->stream[f->cursor];
		uint8_t mark = p->mark[row];

		if (mark & MOVED || !hit_by_all(f->must, f->must_count, row))
			continue;
		if (!is_ready(p, row))
			p->mark[row] |= MOVED;
		else if (mark & HIT && hard_rule(p, row, rank_now(p)) != WN_NO_RULE)
			forbid(p, row);
		else
			return f->cursor;
	}
	return NONE;
}

/* The key, or NONE; the row stays where it is. */
static uint32_t find(struct place *p, struct finder *f)
{
	uint32_t of_heap = heap_head(p, &f->heap);
	uint32_t of_stream = stream_head(p, f);

	return of_heap < of_stream ? of_heap : of_stream;
}

/* ---- least shares ---- */

static void look_anew(struct place *p, struct finder *f, size_t must_count)
{
	f->cursor = p->any.cursor;
	f->must = p->tight;
	f->must_count = must_count;
	f->heap.count = 0;
	for (size_t i = 0; must_count > 0 && i < p->any.heap.count; i++) {
		uint32_t row = p->stream[p->any.heap.at[i]];

		if (p->mark[row] & READY && hit_by_all(f->must, f->must_count, row))
			push(p, &f->heap, p->any.heap.at[i]);
	}
}

static void find_tight(struct place *p)
{
	bool changed = false;
	size_t count = 0;

	if (p->bans.least_count == 0 && p->tight_count == 0)
		return;
	for (size_t i = 0; i < p->bans.live_count; i++) {
		if (!wn_ban_tight(p->bans.live[i], rank_now(p)))
			continue;
		changed = changed || count >= p->tight_count || p->tight[count] != p->bans.live[i];
		p->tight[count++] = p->bans.live[i];
	}
	if (!changed && count == p->tight_count)
		return;
	p->tight_count = count;
	look_anew(p, &p->all, count);
	look_anew(p, &p->first, count > 0);
}

/* Whether a waiter may stand here, but for what it waits for. */
static bool waiter_may(struct place *p, struct waiter *w)
{
	if (!w->eligible)
		return false;
	if (hard_rule(p, w->row, rank_now(p)) != WN_NO_RULE) {
		forbid(p, w->row);
		return false;
	}
	return hit_by_all(p->tight, p->asked, w->row);
}

static bool some_waiter_may(struct place *p, bool top_only)
{
	if ((top_only ? p->eligible_top : p->eligible) == 0)
		return false;
	for (uint32_t i = 0; i < p->waiter_count; i++) {
		struct waiter *w = &p->waiters[i];

		if ((w->top || !top_only) && waiter_may(p, w))
			return true;
	}
	return false;
}

/* The key of the first of those that wait for nothing; settles which least shares are asked. */
static uint32_t find_free(struct place *p)
{
	uint32_t key;

	p->asked = p->tight_count;
	if (p->tight_count == 0)
		return find(p, &p->any);
	key = find(p, &p->all);
	if (key != NONE || p->tight_count == 1 || some_waiter_may(p, false))
		return key;
	p->asked = 1;
	return find(p, &p->first);
}

/* ---- choosing ---- */

static struct waiter *first_waiter(
	struct place *p, const uint32_t *list, uint32_t count, bool due, bool top_only)
{
	for (uint32_t i = 0; i < count; i++) {
		struct waiter *w = &p->waiters[list[i]];

		if ((!due || w->due) && (!top_only || w->top) && waiter_may(p, w))
			return w;
	}
	return NULL;
}

/* The first of those that are ready, whatever rules say; befores do not come into it, since what
 * they wait for in the end waits for nothing. */
static uint32_t first_ready(struct place *p)
{
	uint32_t key = find(p, &p->any), row = NONE;

	for (; p->forbidden.count > 0; pop(&p->forbidden)) {
		uint32_t other = p->stream[p->forbidden.at[0]];

		if ((p->mark[other] & (FORBIDDEN | WAITER)) != FORBIDDEN)
			continue;
		if (p->key[other] < key)
			key = p->key[other];
		break;
	}
	if (key != NONE)
		return p->stream[key];
	for (uint32_t i = 0; row == NONE && i < p->pin_count; i++) {
		uint32_t pinned = p->waiters[p->pins_by_rank[i]].row;

		if (!(p->mark[pinned] & PLACED) && is_ready(p, pinned))
			row = pinned;
	}
	assert(row != NONE);
	return row;
}

static struct wn_fate_of *fate_of(struct place *p, const struct waiter *w)
{
	return w->pin ? &p->ranking->pins[w->index] : &p->ranking->befores[w->index];
}

static void defeat(struct place *p, const struct waiter *w, enum wn_fate fate, uint32_t by)
{
	*fate_of(p, w) = (struct wn_fate_of){fate, by};
}

/* A waiter is placed before its time: what is ahead of it in line may not stand here. */
static void yield_to_rule(struct place *p, const struct waiter *w)
{
	uint32_t ahead = first_ready(p);
	uint32_t rule;

	if (ahead == w->row)
		return;
	rule = first_rule(p, ahead);
	defeat(p, w, WN_DEFEATED_BY_RULE, rule == WN_NO_RULE ? top_rule(p, w->row) : rule);
}

static struct choice choose(struct place *p)
{
	uint32_t key = find_free(p);
	bool free_top = key < p->tops;
	struct choice c = {.top = free_top || some_waiter_may(p, true)};
	struct waiter *w = NULL;

	if (c.top ? p->eligible_due_top > 0 : p->eligible_due > 0)
		w = first_waiter(p, p->pins_newest, p->pin_count, true, c.top);
	if (!w && key != NONE && (!c.top || free_top)) {
		c.row = p->stream[key];
		return c;
	}
	if (w) {
		c.row = w->row;
		return c;
	}
	if (p->eligible > 0)
		w = first_waiter(p, p->pins_by_rank, p->pin_count, false, c.top);
	if (!w && p->eligible > 0)
		w = first_waiter(p, p->befores_by_key, p->before_count, false, c.top);
	if (w)
		yield_to_rule(p, w);
	c.row = w ? w->row : first_ready(p);
	return c;
}

/* ---- the befores of what is chosen ---- */

static void stop_waiting(struct place *p, struct waiter *w)
{
	set_eligible(p, w, false);
	p->mark[w->row] &= (uint8_t)~WAITER;
	if (p->mark[w->row] & FORBIDDEN)
		push(p, &p->forbidden, p->key[w->row]);
	else if (is_ready(p, w->row))
		enter(p, w->row);
}

/* The first rule that forbids one of the run its place; a least share counts for each of them, also
 * where others leave no choice. */
static uint32_t run_rule(struct place *p)
{
	uint32_t rank = rank_now(p), rule = WN_NO_RULE;

	wn_bans_try(&p->bans);
	for (uint32_t i = p->run_count; rule == WN_NO_RULE && i-- > 0; rank++) {
		uint32_t row = p->run[i];

		for (size_t b = 0; rule == WN_NO_RULE && b < p->bans.live_count; b++) {
			const struct wn_ban *ban = p->bans.live[b];

			if (wn_ban_forbids(&p->bans, ban, row, rank) ||
				(wn_ban_tight(ban, rank) && !wn_ban_hits(ban, row)))
				rule = ban->rule;
		}
		if (!wn_bans_count(&p->bans, row, rank))
			p->out_of_memory = true;
	}
	wn_bans_undo(&p->bans);
	return rule;
}

/* Lets a before go at the front of the run, or defeats it. */
static bool join_run(struct place *p, struct waiter *w)
{
	uint32_t rule = WN_NO_RULE;

	if (!is_ready(p, w->row)) {
		defeat(p, w, WN_DEFEATED_BY_BLOCKER, first_blocker(p, w->row));
		stop_waiting(p, w);
		return false;
	}
	if (is_top(p, p->run[0]) && !w->top) {
		defeat(p, w, WN_DEFEATED_BY_RULE, top_rule(p, p->run[0]));
		stop_waiting(p, w);
		return false;
	}
	p->run[p->run_count++] = w->row;
	rule = run_rule(p);
	if (rule == WN_NO_RULE) {
		defeat(p, w, WN_APPLIED, 0);
		return true;
	}
	p->run_count--;
	defeat(p, w, WN_DEFEATED_BY_RULE, rule);
	stop_waiting(p, w);
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
static void make_run(struct place *p, uint32_t row)
{
	uint32_t depth = 1;

	p->run[0] = row;
	p->run_count = 1;
	if (!(p->mark[row] & TARGET))
		return;
	p->path[0] = row;
	p->nest[0] = befores_of(p, row);
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
}

/* ---- pins whose rank has come ---- */

/* By what number an override is named in a fate. */
static uint32_t override_number(const struct place *p, const struct waiter *w)
{
	return w->pin ? w->index : (uint32_t)p->placement->pin_count + w->index;
}

/* A pin is due at this rank, and is not chosen. */
static void explain_pin(struct place *p, const struct waiter *w, const struct choice *c)
{
	uint32_t rule = first_rule(p, w->row);

	if (!is_ready(p, w->row))
		defeat(p, w, WN_DEFEATED_BY_BLOCKER, first_blocker(p, w->row));
	else if (rule != WN_NO_RULE)
		defeat(p, w, WN_DEFEATED_BY_RULE, rule);
	else if (c->top && !w->top)
		defeat(p, w, WN_DEFEATED_BY_RULE, top_rule(p, c->row));
	else
		defeat(p, w, WN_DEFEATED_BY_OVERRIDE, override_number(p, waiter_of(p, c->row)));
}

/* Before the run is placed: what becomes of the pins to its ranks. */
static void settle_pins(struct place *p, const struct choice *c, uint32_t newly_due)
{
	uint32_t rank = rank_now(p), last = rank + p->run_count - 1;

	for (uint32_t i = newly_due; i < p->pin_count; i++) {
		struct waiter *w = &p->waiters[p->pins_by_rank[i]];
		uint32_t stands;

		if (w->rank > last)
			break;
		if (p->mark[w->row] & PLACED ||
			(w->row == c->row && (w->rank > rank || last == rank)))
			continue;
		if (w->row != c->row && w->rank == rank) {
			explain_pin(p, w, c);
			continue;
		}
		stands = last - w->rank; /* in the run; 0 is the target, which 1 keeps from there */
		if (w->row == c->row || stands == 0)
			stands = 1;
		defeat(p, w, WN_DEFEATED_BY_OVERRIDE,
			override_number(p, waiter_of(p, p->run[stands])));
	}
}

static void make_due(struct place *p)
{
	while (p->pins_seen < p->pin_count) {
		struct waiter *w = &p->waiters[p->pins_by_rank[p->pins_seen]];

		if (w->rank > rank_now(p))
			return;
		p->pins_seen++;
		w->due = true;
		p->eligible_due += w->eligible;
		p->eligible_due_top += w->eligible && w->top;
	}
}

/* ---- the pass ---- */

static void place_one(struct place *p)
{
	uint32_t newly_due = p->pins_seen;
	struct choice c;

	release(p);
	make_due(p);
	wn_bans_advance(&p->bans, rank_now(p));
	find_tight(p);
	while (newly_due < p->pins_seen &&
		p->waiters[p->pins_by_rank[newly_due]].rank < rank_now(p))
		newly_due++; /* within the last run, and settled then */
	c = choose(p);
	make_run(p, c.row);
	settle_pins(p, &c, newly_due);
	for (uint32_t i = p->run_count; i-- > 0;)
		put(p, p->run[i]);
}

/* How many ranks may be filled by rows that no rule hits before anything else has to be looked
 * at. */
static uint32_t quiet_ranks(struct place *p)
{
	uint64_t until = p->count; /* the last of them */

	if (p->tight_count > 0)
		return 0;
	if (p->released.count > 0 && (p->released.at[0] >> 32) - 1 < until)
		until = (p->released.at[0] >> 32) - 1;
	if (p->pins_seen < p->pin_count) {
		uint64_t rank = p->waiters[p->pins_by_rank[p->pins_seen]].rank;

		until = rank - 1 < until ? rank - 1 : until;
	}
	for (size_t i = 0; p->bans.least_count > 0 && i < p->bans.live_count; i++) {
		const struct wn_ban *ban = p->bans.live[i];
		double needed = ban->bound - ban->sum;

		if (ban->effect != WN_SHARE_LEAST || needed <= 0)
			continue;
		/* Tight from the rank last + 1 - needed on. */
		if ((double)ban->last - needed < (double)until)
			until = (double)ban->last > needed ? ban->last - (uint64_t)needed : 0;
	}
	return until > p->placed ? (uint32_t)until - p->placed : 0;
}

/* Rows without any mark that matters, up to the first that has one or that the heap goes before;
 * returns how many of `left` ranks are left. Most rows are placed here. */
static uint32_t place_unmarked(struct place *p, uint8_t matters, uint32_t left)
{
	uint32_t end = p->count, cursor = p->any.cursor, placed = p->placed;

	if (p->any.heap.count > 0 && p->any.heap.at[0] < end)
		end = (uint32_t)p->any.heap.at[0];
	for (; left > 0 && cursor < end && !(p->mark[p->stream[cursor]] & matters); left--)
		p->order[placed++] = p->stream[cursor++];
	p->any.cursor = cursor;
	p->placed = placed;
	return left;
}

/* Places rows that nothing but their blockers holds back, as long as there is nothing else to look
 * at; the rest is for place_one. */
static void place_quietly(struct place *p)
{
	uint32_t left;
	uint8_t heavy, matters;

	wn_bans_advance(&p->bans, rank_now(p));
	left = quiet_ranks(p);
	heavy = p->bans.live_count > 0 ? WAITER | TARGET | HIT : WAITER | TARGET;
	matters = p->bans.live_count > 0 ? EVERY_MARK : EVERY_MARK & ~HIT;
	while (left > 0 && p->eligible_due == 0 && p->eligible_top == 0) {
		uint32_t row;

		while (p->any.heap.count > 0 && !(p->mark[p->stream[p->any.heap.at[0]]] & READY))
			pop(&p->any.heap);
		while (p->any.cursor < p->count && p->mark[p->stream[p->any.cursor]] & MOVED)
			p->any.cursor++;
		if (p->any.cursor + LOOK_AHEAD < p->count)
			__builtin_prefetch(&p->node[p->stream[p->any.cursor + LOOK_AHEAD]]);
		if (p->any.heap.count > 0 && p->any.heap.at[0] < p->any.cursor)
			row = p->stream[p->any.heap.at[0]];
		else if (p->any.cursor < p->count)
			row = p->stream[p->any.cursor];
		else
			return;
		if (p->mark[row] & heavy)
			return;
		if (!(p->mark[row] & READY) && !is_ready(p, row)) {
			p->mark[row] |= MOVED;
			continue;
		}
		if (p->mark[row] & matters) {
			put(p, row);
			left--;
			continue;
		}
		left = place_unmarked(p, matters, left);
	}
}

/* ---- making ready ---- */

static bool newer(const struct waiter *a, const struct waiter *b)
{
	return a->revision != b->revision ? a->revision > b->revision : a->index > b->index;
}

static int by_age(const void *a, const void *b)
{
	return newer(a, b) ? 1 : -1;
}

static const struct place *sorted_place(void *self)
{
	return self;
}

static int by_newest(const void *a, const void *b, void *self)
{
	const struct waiter *all = sorted_place(self)->waiters;

	return newer(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]) ? -1 : 1;
}

static int by_rank(const void *a, const void *b, void *self)
{
	const struct waiter *all = sorted_place(self)->waiters;
	const struct waiter *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return newer(x, y) ? -1 : 1;
}

static int by_target(const void *a, const void *b, void *self)
{
	const struct waiter *all = sorted_place(self)->waiters;
	const struct waiter *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return newer(x, y) ? -1 : 1;
}

static int by_key(const void *a, const void *b, void *self)
{
	const struct place *p = sorted_place(self);
	uint32_t x = p->key[p->waiters[*(const uint32_t *)a].row];
	uint32_t y = p->key[p->waiters[*(const uint32_t *)b].row];

	return (x > y) - (x < y);
}

/* Which rows are reached by going from a row to what it waits for. */
struct reach {
	uint32_t *seen; /* by row: the last search that came by */
	uint32_t search;
	uint32_t *stack;
};

static void reach_row(struct reach *reach, uint32_t *depth, uint32_t row)
{
	if (reach->seen[row] == reach->search)
		return;
	reach->seen[row] = reach->search;
	reach->stack[(*depth)++] = row;
}

static void reach_from(const struct place *p, struct reach *reach, uint32_t from, bool by_befores)
{
	const struct wn_waits *w = p->waits;
	uint32_t depth = 0;

	reach->search++;
	reach_row(reach, &depth, from);
	while (depth > 0) {
		uint32_t row = reach->stack[--depth];

		if (by_befores && p->mark[row] & WAITER && !waiter_of(p, row)->pin)
			reach_row(reach, &depth, waiter_of(p, row)->target);
		if (!(p->mark[row] & NODE))
			continue;
		uint32_t v = p->node[row];

		for (uint32_t e = w->blocker_start[v]; e < w->blocker_start[v + 1]; e++) {
			if (!wn_inert(w, v, w->blocker[e]))
				reach_row(reach, &depth, w->row[w->blocker[e]]);
		}
	}
}

/* The newest of the accepted befores that would close a circle with this one; they are all older,
 * and in order of age. */
static const struct waiter *find_rival(
	const struct place *p, struct reach *reach, const struct waiter *w)
{
	for (uint32_t i = p->waiter_count; i-- > 0;) {
		const struct waiter *other = &p->waiters[i];

		if (other->pin)
			continue;
		reach_from(p, reach, w->target, true);
		if (reach->seen[other->row] != reach->search)
			continue;
		reach_from(p, reach, other->target, true);
		if (reach->seen[w->row] == reach->search)
			return other;
	}
	return NULL;
}

/* Takes a before, unless its target waits for it. */
static void accept_before(struct place *p, struct reach *reach, struct waiter w)
{
	reach_from(p, reach, w.target, false);
	if (reach->seen[w.row] == reach->search)
		return; /* it stands ahead anyway */
	reach_from(p, reach, w.target, true);
	if (reach->seen[w.row] == reach->search) {
		const struct waiter *rival = find_rival(p, reach, &w);

		defeat(p, &w, WN_DEFEATED_BY_OVERRIDE, override_number(p, rival));
		return;
	}
	p->mark[w.row] |= WAITER | MOVED;
	p->mark[w.target] |= TARGET;
	p->slot[w.row] = p->waiter_count;
	p->waiters[p->waiter_count++] = w;
	p->before_count++;
}

static bool ranked(const struct wn_rank_input *input, uint32_t row)
{
	return row < input->rows && input->candidate[row];
}

static void take_pins(struct place *p)
{
	for (uint32_t i = 0; i < p->placement->pin_count; i++) {
		const struct wn_pin *pin = &p->placement->pins[i];

		if (!ranked(p->input, pin->row))
			continue;
		p->ranking->pins[i].fate = WN_APPLIED;
		p->mark[pin->row] |= WAITER | MOVED;
		p->slot[pin->row] = p->waiter_count;
		p->waiters[p->waiter_count++] = (struct waiter){.row = pin->row,
			.pin = true,
			.index = i,
			.rank = pin->rank,
			.revision = pin->revision};
		p->pin_count++;
	}
}

static bool take_befores(struct place *p)
{
	size_t given = p->placement->before_count;
	struct waiter *found = reallocarray(NULL, given + 1, sizeof(*found));
	struct reach reach = {
		.seen = calloc(p->input->rows + 1, sizeof(uint32_t)),
		.stack = reallocarray(NULL, p->waits->nodes + 2 * given + 2, sizeof(uint32_t)),
	};
	bool ok = found && reach.seen && reach.stack;
	size_t count = 0;

	for (uint32_t i = 0; ok && i < given; i++) {
		const struct wn_before *before = &p->placement->befores[i];

		if (!ranked(p->input, before->row) || !ranked(p->input, before->target))
			continue;
		found[count++] = (struct waiter){.row = before->row,
			.index = i,
			.target = before->target,
			.revision = before->revision};
	}
	if (ok && count > 1)
		qsort(found, count, sizeof(*found), by_age);
	for (size_t i = 0; ok && i < count; i++)
		accept_before(p, &reach, found[i]);
	free(found);
	free(reach.seen);
	free(reach.stack);
	return ok;
}

static void mark_rows(struct place *p)
{
	for (size_t i = 0; i < p->bans.count; i++) {
		const uint64_t *bits = p->bans.all[i].bits;

		for (size_t word = 0; word * 64 < p->input->rows; word++) {
			for (uint64_t left = bits[word]; left; left &= left - 1) {
				size_t row = word * 64 + (size_t)__builtin_ctzll(left);

				if (row < p->input->rows)
					p->mark[row] |= HIT;
			}
		}
	}
	for (uint32_t v = 0; v < p->waits->nodes; v++) {
		p->mark[p->waits->row[v]] |= NODE;
		p->node[p->waits->row[v]] = v;
	}
}

static void number_rows(struct place *p)
{
	const uint8_t *tier = p->input->tier;
	const uint32_t *carries = p->ranking->carries;

	for (uint32_t k = 0; k < p->count; k++) {
		if (p->mark[p->stream[k]])
			p->key[p->stream[k]] = k;
	}
	while (tier && p->tops < p->count) {
		uint32_t row = p->stream[p->tops];

		if (tier[carries ? carries[row] : row] != 0)
			break;
		p->tops++;
	}
}

static void sort_waiters(struct place *p)
{
	uint32_t pins = 0, befores = 0;

	for (uint32_t i = 0; i < p->waiter_count; i++) {
		struct waiter *w = &p->waiters[i];

		w->top = is_top(p, w->row);
		set_eligible(p, w, is_ready(p, w->row));
		if (w->pin) {
			p->pins_newest[pins] = i;
			p->pins_by_rank[pins++] = i;
		} else {
			p->befores_by_key[befores] = i;
			p->befores_by_target[befores++] = i;
		}
	}
	qsort_r(p->pins_newest, pins, sizeof(uint32_t), by_newest, p);
	qsort_r(p->pins_by_rank, pins, sizeof(uint32_t), by_rank, p);
	qsort_r(p->befores_by_key, befores, sizeof(uint32_t), by_key, p);
	qsort_r(p->befores_by_target, befores, sizeof(uint32_t), by_target, p);
}

static uint32_t *numbers(size_t count)
{
	return reallocarray(NULL, count + 1, sizeof(uint32_t));
}

static bool take_memory(struct place *p, void *scratch)
{
	enum { NUMBERS_A_ROW = 4 };
	size_t rows = p->input->rows, pins = p->placement->pin_count;
	size_t befores = p->placement->before_count;

	_Static_assert(NUMBERS_A_ROW * sizeof(uint32_t) <= WN_SCRATCH_BYTES, "too little scratch");
	p->order = scratch;
	p->key = p->order + rows;
	p->node = p->key + rows;
	p->slot = p->node + rows;
	if (!wn_bans_init(&p->bans, p->input, p->count, false))
		return false;
	p->mark = calloc(rows + 1, sizeof(*p->mark));
	p->tight = reallocarray(NULL, p->bans.count + 1, sizeof(struct wn_ban *));
	p->waiters = reallocarray(NULL, pins + befores + 1, sizeof(*p->waiters));
	p->pins_newest = numbers(pins);
	p->pins_by_rank = numbers(pins);
	p->befores_by_key = numbers(befores);
	p->befores_by_target = numbers(befores);
	p->run = numbers(befores + 1);
	p->path = numbers(befores + 1);
	p->nest = numbers(befores + 1);
	return p->mark && p->tight && p->waiters && p->pins_newest && p->pins_by_rank &&
	       p->befores_by_key && p->befores_by_target && p->run && p->path && p->nest;
}

static void give_memory(struct place *p)
{
	wn_bans_release(&p->bans);
	free(p->mark);
	free(p->tight);
	free(p->waiters);
	free(p->pins_newest);
	free(p->pins_by_rank);
	free(p->befores_by_key);
	free(p->befores_by_target);
	free(p->run);
	free(p->path);
	free(p->nest);
	free(p->any.heap.at);
	free(p->all.heap.at);
	free(p->first.heap.at);
	free(p->released.at);
	free(p->forbidden.at);
}

bool wn_place_nothing(const struct wn_rank_input *input, struct wn_ranking *ranking)
{
	const struct wn_placement *placement = input->placement;
	struct wn_fate_of nothing = {.fate = WN_WITHOUT_EFFECT};

	if (!placement)
		return true;
	if (placement->pin_count > 0)
		ranking->pins = calloc(placement->pin_count, sizeof(*ranking->pins));
	if (placement->before_count > 0)
		ranking->befores = calloc(placement->before_count, sizeof(*ranking->befores));
	if ((placement->pin_count > 0 && !ranking->pins) ||
		(placement->before_count > 0 && !ranking->befores))
		return false;
	for (size_t i = 0; i < placement->pin_count; i++)
		ranking->pins[i] = nothing;
	for (size_t i = 0; i < placement->before_count; i++)
		ranking->befores[i] = nothing;
	return true;
}

static bool any_hit(const struct wn_rank_input *input, const uint64_t *bits)
{
	for (size_t word = 0; bits && word * 64 < input->rows; word++) {
		if (bits[word])
			return true;
	}
	return false;
}

bool wn_placement_moves(const struct wn_rank_input *input)
{
	const struct wn_placement *placement = input->placement;
	bool moves = false;

	if (!placement)
		return false;
	for (size_t i = 0; i < placement->pin_count; i++)
		moves = moves || ranked(input, placement->pins[i].row);
	for (size_t i = 0; i < placement->before_count; i++)
		moves = moves || ranked(input, placement->befores[i].row);
	for (size_t r = 0; !moves && placement->policy && placement->hits &&
			   r < placement->hits->rule_count && r < placement->policy->rule_count;
		r++) {
		if (wn_rule_places(&placement->policy->rules[r], false))
			moves = any_hit(input, placement->hits->rule[r]);
	}
	return moves;
}

bool wn_place(const struct wn_rank_input *input, struct wn_waits *waits, void *scratch,
	struct wn_ranking *ranking)
{
	struct place p = {
		.input = input,
		.placement = input->placement,
		.waits = waits,
		.ranking = ranking,
		.stream = ranking->order,
		.count = (uint32_t)ranking->count,
	};
	bool ok = false;

	if (!wn_place_nothing(input, ranking) || !take_memory(&p, scratch))
		goto out;
	mark_rows(&p);
	take_pins(&p);
	if (!take_befores(&p))
		goto out;
	number_rows(&p);
	sort_waiters(&p);
	while (p.placed < p.count && !p.out_of_memory) {
		place_quietly(&p);
		if (p.placed < p.count && !p.out_of_memory)
			place_one(&p);
	}
	if (p.out_of_memory)
		goto out;
	assert(p.placed == p.count);
	memcpy(ranking->order, p.order, p.count * sizeof(*p.order));
	ok = true;
out:
	give_memory(&p);
	return ok;
}

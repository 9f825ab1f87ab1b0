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

#include "engine/place.h"

/* Rows from the cursor on whose node is fetched early: nodes are looked up one by one, each from
 * another place. */
enum { LOOK_AHEAD = 16 };

static void push(struct place *p, struct wn_heap *heap, uint64_t value)
{
	if (!wn_heap_push(heap, value))
		p->out_of_memory = true;
}

/* ---- moving rows out and back ---- */

void wn_set_eligible(struct place *p, struct waiter *w, bool eligible)
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

static struct finder *alone(struct place *p, const struct wn_ban *tight)
{
	return &p->alone[tight - p->bans.all];
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
	for (size_t i = 0; i < p->tight_count; i++) {
		if (wn_ban_hits(p->tight[i], row))
			push(p, &alone(p, p->tight[i])->heap, key);
	}
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
		wn_set_eligible(p, waiter_of(p, row), false);
	else
		push(p, &p->forbidden, p->key[row]);
}

static void release(struct place *p)
{
	while (p->released.count > 0 && p->released.at[0] >> 32 <= rank_now(p)) {
		uint32_t row = p->stream[(uint32_t)p->released.at[0]];

		wn_heap_pop(&p->released);
		if (!(p->mark[row] & FORBIDDEN))
			continue;
		if (p->mark[row] & WAITER) {
			p->mark[row] &= (uint8_t)~FORBIDDEN;
			wn_set_eligible(p, waiter_of(p, row), true);
		} else {
			enter(p, row);
		}
	}
}

/* The row's last blocker is placed. */
static void make_ready(struct place *p, uint32_t row)
{
	if (p->mark[row] & WAITER)
		wn_set_eligible(p, waiter_of(p, row), true);
	else if (p->mark[row] & MOVED)
		enter(p, row);
}

static void put(struct place *p, uint32_t row)
{
	uint8_t mark = p->mark[row];

	wn_bans_count(&p->bans, row, rank_now(p));
	if (mark & WAITER)
		wn_set_eligible(p, waiter_of(p, row), false);
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

void wn_stop_waiting(struct place *p, struct waiter *w)
{
	wn_set_eligible(p, w, false);
	p->mark[w->row] &= (uint8_t)~WAITER;
	if (p->mark[w->row] & FORBIDDEN)
		push(p, &p->forbidden, p->key[w->row]);
	else if (is_ready(p, w->row))
		enter(p, w->row);
}

/* ---- the first that may stand ---- */

static uint32_t heap_head(struct place *p, struct wn_heap *heap)
{
	while (heap->count > 0) {
		uint32_t row = p->stream[heap->at[0]];

		if (!(p->mark[row] & READY)) {
			wn_heap_pop(heap);
		} else if (hard_rule(p, row, rank_now(p)) != WN_NO_RULE) {
			wn_heap_pop(heap);
			forbid(p, row);
		} else {
			return (uint32_t)heap->at[0];
		}
	}
	return WN_ROW_NONE;
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
	return WN_ROW_NONE;
}

/* The key, or WN_ROW_NONE; the row stays where it is. */
static uint32_t find(struct place *p, struct finder *f)
{
	uint32_t of_heap = heap_head(p, &f->heap);
	uint32_t of_stream = stream_head(p, f);

	return of_heap < of_stream ? of_heap : of_stream;
}

/* ---- least shares ---- */

static void look_anew(
	struct place *p, struct finder *f, const struct wn_ban **must, size_t must_count)
{
	f->cursor = p->any.cursor;
	f->must = must;
	f->must_count = must_count;
	f->heap.count = 0;
	for (size_t i = 0; must_count > 0 && i < p->any.heap.count; i++) {
		uint32_t row = p->stream[p->any.heap.at[i]];

		if (p->mark[row] & READY && hit_by_all(f->must, f->must_count, row))
			push(p, &f->heap, p->any.heap.at[i]);
	}
}

/* A share that is tight stays so until it is met or ends. */
static void find_tight(struct place *p)
{
	bool changed = false;
	size_t count = 0;

	if (p->bans.least_count == 0 && p->tight_count == 0)
		return;
	for (size_t i = 0; i < p->bans.live_count; i++) {
		const struct wn_ban *ban = p->bans.live[i];

		if (!wn_ban_tight(ban, rank_now(p)))
			continue;
		changed = changed || count >= p->tight_count || p->tight[count] != ban;
		p->tight[count++] = ban;
		if (alone(p, ban)->must)
			continue;
		p->only[ban - p->bans.all] = ban;
		look_anew(p, alone(p, ban), &p->only[ban - p->bans.all], 1);
	}
	if (!changed && count == p->tight_count)
		return;
	p->tight_count = count;
	look_anew(p, &p->all, p->tight, count);
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
	return hit_by_all(p->asked, p->asked_count, w->row);
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

/* The key of the first free row that may stand here when these shares are asked; *some says whether
 * that or a waiter may. */
static uint32_t find_asked(struct place *p, struct finder *f, bool *some)
{
	uint32_t key;

	p->asked = f->must;
	p->asked_count = f->must_count;
	key = find(p, f);
	*some = key != WN_ROW_NONE || some_waiter_may(p, false);
	return key;
}

/* The key of the first of those that wait for nothing; settles which least shares are asked: all
 * that are tight, else the first that something can be found for, else none. */
static uint32_t find_free(struct place *p)
{
	bool some = false;
	uint32_t key = WN_ROW_NONE;

	p->asked_count = 0;
	if (p->tight_count == 0)
		return find(p, &p->any);
	key = find_asked(p, &p->all, &some);
	for (size_t i = 0; !some && p->tight_count > 1 && i < p->tight_count; i++)
		key = find_asked(p, alone(p, p->tight[i]), &some);
	return some ? key : find_asked(p, &p->any, &some);
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
	uint32_t key = find(p, &p->any), row = WN_ROW_NONE;

	for (; p->forbidden.count > 0; wn_heap_pop(&p->forbidden)) {
		uint32_t other = p->stream[p->forbidden.at[0]];

		if ((p->mark[other] & (FORBIDDEN | WAITER)) != FORBIDDEN)
			continue;
		if (p->key[other] < key)
			key = p->key[other];
		break;
	}
	if (key != WN_ROW_NONE)
		return p->stream[key];
	for (uint32_t i = 0; row == WN_ROW_NONE && i < p->pin_count; i++) {
		uint32_t pinned = p->waiters[p->pins_by_rank[i]].row;

		if (!(p->mark[pinned] & PLACED) && is_ready(p, pinned))
			row = pinned;
	}
	assert(row != WN_ROW_NONE);
	return row;
}

/* A waiter is placed before its time: what is ahead of it in line may not stand here. */
static void yield_to_rule(struct place *p, const struct waiter *w)
{
	uint32_t ahead = first_ready(p);
	uint32_t rule;

	if (ahead == w->row)
		return;
	rule = wn_first_rule(p, ahead);
	wn_set_fate(p, w, WN_DEFEATED_BY_RULE, rule == WN_NO_RULE ? wn_top_rule(p, w->row) : rule);
}

static struct choice choose(struct place *p)
{
	uint32_t key = find_free(p);
	bool free_top = key < p->tops;
	struct choice c = {.top = free_top || some_waiter_may(p, true)};
	struct waiter *w = NULL;

	if (c.top ? p->eligible_due_top > 0 : p->eligible_due > 0)
		w = first_waiter(p, p->pins_newest, p->pin_count, true, c.top);
	if (!w && key != WN_ROW_NONE && (!c.top || free_top)) {
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

/* ---- the pass ---- */

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
	wn_make_run(p, c.row);
	wn_settle_pins(p, &c, newly_due);
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
			wn_heap_pop(&p->any.heap);
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
		moves = moves || wn_ranked(input, placement->pins[i].row);
	for (size_t i = 0; i < placement->before_count; i++)
		moves = moves || wn_ranked(input, placement->befores[i].row);
	for (size_t r = 0; !moves && placement->policy && placement->hits &&
			   r < placement->hits->rule_count && r < placement->policy->rule_count;
		r++) {
		if (wn_rule_places(&placement->policy->rules[r], false))
			moves = any_hit(input, placement->hits->rule[r]);
	}
	return moves;
}

bool wn_place(const struct wn_rank_input *input, struct wn_waits *waits, struct wn_groups *groups,
	void *scratch, struct wn_ranking *ranking)
{
	struct place p = {
		.input = input,
		.placement = input->placement,
		.waits = waits,
		.groups = groups,
		.ranking = ranking,
		.stream = ranking->order,
		.count = (uint32_t)ranking->count,
	};
	bool ok = false;

	if (!wn_place_nothing(input, ranking) || !wn_place_init(&p, scratch))
		goto out;
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
	wn_place_release(&p);
	return ok;
}

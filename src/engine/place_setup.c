/*
 * Setting placement up: the overrides that may move something become waiters, and rows that need
 * looking at get their marks and keys.
 */
#include <stdlib.h>

#include "engine/place.h"

static bool newer(const struct waiter *a, const struct waiter *b)
{
	return a->revision != b->revision ? a->revision > b->revision : a->index > b->index;
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

static void take_pins(struct place *p)
{
	for (uint32_t i = 0; i < p->placement->pin_count; i++) {
		const struct wn_pin *pin = &p->placement->pins[i];

		if (!wn_ranked(p->input, pin->row))
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
	uint32_t *accepted = p->befores_by_key; /* not in use yet */

	if (!wn_accept_befores(p, accepted, &p->before_count))
		return false;
	for (uint32_t i = 0; i < p->before_count; i++) {
		const struct wn_before *before = &p->placement->befores[accepted[i]];

		p->mark[before->row] |= WAITER | MOVED;
		p->mark[before->target] |= TARGET;
		p->slot[before->row] = p->waiter_count;
		p->waiters[p->waiter_count++] = (struct waiter){.row = before->row,
			.index = accepted[i],
			.target = before->target,
			.revision = before->revision};
	}
	return true;
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
		wn_set_eligible(p, w, is_ready(p, w->row));
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
	if (!wn_bans_init(&p->bans, p->input, p->count, false, p->groups))
		return false;
	p->mark = calloc(rows + 1, sizeof(*p->mark));
	p->tight = reallocarray(NULL, p->bans.count + 1, sizeof(struct wn_ban *));
	p->alone = calloc(p->bans.count + 1, sizeof(*p->alone));
	p->only = reallocarray(NULL, p->bans.count + 1, sizeof(struct wn_ban *));
	p->windows = reallocarray(NULL, p->bans.count + 1, sizeof(*p->windows));
	p->next_windows = reallocarray(NULL, p->bans.count + 1, sizeof(*p->next_windows));
	p->waiters = reallocarray(NULL, pins + befores + 1, sizeof(*p->waiters));
	p->pins_newest = numbers(pins);
	p->pins_by_rank = numbers(pins);
	p->befores_by_key = numbers(befores);
	p->befores_by_target = numbers(befores);
	p->run = numbers(befores + 1);
	p->path = numbers(befores + 1);
	p->nest = numbers(befores + 1);
	return p->mark && p->tight && p->alone && p->only && p->windows && p->next_windows &&
	       p->waiters && p->pins_newest && p->pins_by_rank && p->befores_by_key &&
	       p->befores_by_target && p->run && p->path && p->nest;
}

bool wn_place_init(struct place *p, void *scratch)
{
	if (!take_memory(p, scratch))
		return false;
	mark_rows(p);
	take_pins(p);
	if (!take_befores(p))
		return false;
	number_rows(p);
	sort_waiters(p);
	return true;
}

void wn_place_release(struct place *p)
{
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
	for (size_t i = 0; p->alone && i < p->bans.count; i++)
		free(p->alone[i].heap.at);
	free(p->alone);
	free(p->only);
	free(p->windows);
	free(p->next_windows);
	free(p->released.at);
	free(p->forbidden.at);
	wn_bans_release(&p->bans);
}

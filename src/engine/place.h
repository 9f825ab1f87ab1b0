/*
 * The parts of placement: what they share while an order is made.
 *
 *   place_setup.c   from the rules, pins and befores given to a state in which rank 1 is next
 *   place_befores.c which befores can hold
 *   placement.c     who is chosen for each rank
 *   place_run.c     which befores go along with the chosen one
 *   place_fates.c   what became of an override, and why
 */
#ifndef WINNOW_ENGINE_PLACE_H
#define WINNOW_ENGINE_PLACE_H

#include "engine/bans.h"
#include "engine/heap.h"
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

/* Finds the first row that may stand at a rank, of those that all of `must` hit; unused: none. */
struct finder {
	uint32_t cursor; /* in the stream */
	struct wn_heap heap;
	const struct wn_ban **must;
	size_t must_count;
};

/* What counts in the run for a ban: of its rows within the ban's ranks, those that a not_above
 * hits, and those that a least share does not. */
struct window {
	uint32_t from; /* in the run; those before stand beyond the ban's ranks */
	uint32_t count;
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
	struct wn_groups *groups;
	struct wn_bans bans;
	uint8_t *mark;  /* by row */
	uint32_t *key;  /* by marked row */
	uint32_t *node; /* by row that is a node */
	uint32_t *slot; /* by row that is or was a waiter: index */

	struct finder any, all;      /* all rows; those that all tight shares hit */
	struct finder *alone;        /* by ban: those that it hits, once it is a tight share */
	const struct wn_ban **only;  /* by ban: itself */
	const struct wn_ban **tight; /* least shares, by rule */
	size_t tight_count;
	const struct wn_ban **asked; /* those of the tight ones that count at this rank */
	size_t asked_count;
	struct wn_heap released; /* rank << 32 | key */
	struct wn_heap forbidden;

	struct waiter *waiters; /* accepted ones of candidates */
	uint32_t waiter_count;
	uint32_t *pins_newest, *pins_by_rank, pin_count, pins_seen; /* indices of waiters */
	uint32_t *befores_by_key, *befores_by_target, before_count;
	uint32_t eligible, eligible_top, eligible_due, eligible_due_top;

	uint32_t *run; /* target first, then those ahead of it, outwards */
	uint32_t run_count;
	struct window *windows, *next_windows; /* by live ban */
	uint32_t *path; /* targets from the one chosen to that whose befores are looked at */
	uint32_t *nest; /* for each of these, the next in befores_by_target */
	bool out_of_memory;
};

/* What takes a rank, and why nothing else does. */
struct choice {
	uint32_t row;
	bool top; /* a row of tier 0 may stand here */
};

/* ---- what is true of a row ---- */

static inline uint32_t rank_now(const struct place *p)
{
	return p->placed + 1;
}

static inline bool is_top(const struct place *p, uint32_t row)
{
	return p->key[row] < p->tops;
}

static inline bool is_ready(const struct place *p, uint32_t row)
{
	return !(p->mark[row] & NODE) || p->waits->pending[p->node[row]] == 0;
}

static inline struct waiter *waiter_of(const struct place *p, uint32_t row)
{
	return &p->waiters[p->slot[row]];
}

/* The first rule but for least shares that forbids the row here. */
static inline uint32_t hard_rule(const struct place *p, uint32_t row, uint32_t rank)
{
	if (!(p->mark[row] & HIT))
		return WN_NO_RULE;
	for (size_t i = 0; i < p->bans.live_count; i++) {
		if (wn_ban_forbids(&p->bans, p->bans.live[i], row, rank))
			return p->bans.live[i]->rule;
	}
	return WN_NO_RULE;
}

static inline bool hit_by_all(const struct wn_ban *const *must, size_t count, uint32_t row)
{
	for (size_t i = 0; i < count; i++) {
		if (!wn_ban_hits(must[i], row))
			return false;
	}
	return true;
}

/* ---- place_setup.c ---- */

/* Takes all memory and sets everything up; of *p are given input, placement, waits, groups,
 * ranking, stream and count. False when memory is out; to be released in any case. */
bool wn_place_init(struct place *p, void *scratch);
void wn_place_release(struct place *p);

/* ---- place_befores.c ---- */

/* Writes to accepted, which has room for all, the indices of the befores whose target does not wait
 * for their row, by blockers or by older befores; the oldest first. Sets the fates of those that
 * older ones defeat. False when memory is out. */
bool wn_accept_befores(struct place *p, uint32_t *accepted, uint32_t *count);

/* ---- placement.c ---- */

void wn_set_eligible(struct place *p, struct waiter *w, bool eligible);

/* The row of a before that is defeated is free from now on. */
void wn_stop_waiting(struct place *p, struct waiter *w);

/* ---- place_run.c ---- */

/* Sets the run to the row and the befores that go ahead of it. */
void wn_make_run(struct place *p, uint32_t row);

/* ---- place_fates.c ---- */

/* The first rule that forbids the row here, least shares included as far as they are asked. */
uint32_t wn_first_rule(const struct place *p, uint32_t row);

/* The first rule that pins to the top the row whose preference this one has. */
uint32_t wn_top_rule(const struct place *p, uint32_t row);

/* Of the blockers that are not placed, the first by preference. */
uint32_t wn_first_blocker(const struct place *p, uint32_t row);

void wn_set_fate(struct place *p, const struct waiter *w, enum wn_fate fate, uint32_t by);

/* Before the run is placed: what becomes of the pins to its ranks, of which those from newly_due on
 * in pins_by_rank are not settled. */
void wn_settle_pins(struct place *p, const struct choice *c, uint32_t newly_due);

#endif

/*
 * What a finished order breaks, found by going through it once more with the rules of the
 * placement, and with those that only warn.
 */
#include <stdlib.h>

#include "engine/bans.h"
#include "engine/order.h"

struct findings {
	struct wn_breach *at;
	size_t count, room;
};

static bool add_breach(struct findings *f, struct wn_breach breach)
{
	if (f->count == f->room) {
		size_t room = 2 * f->room + 16;
		struct wn_breach *at = reallocarray(f->at, room, sizeof(*at));

		if (!at)
			return false;
		f->at = at;
		f->room = room;
	}
	f->at[f->count++] = breach;
	return true;
}

static bool look_at(struct wn_bans *bans, struct findings *f, uint32_t row, uint32_t rank)
{
	for (size_t i = 0; i < bans->live_count; i++) {
		struct wn_ban *ban = bans->live[i];
		bool broken = wn_ban_forbids(bans, ban, row, rank);

		if (broken && !add_breach(f, (struct wn_breach){ban->rule, rank, row, ban->warn}))
			return false;
		if (broken && ban->warn)
			ban->last = 0; /* once is enough */
	}
	wn_bans_count(bans, row, rank);
	for (size_t i = 0; i < bans->live_count; i++) {
		const struct wn_ban *ban = bans->live[i];

		if (ban->effect != WN_SHARE_LEAST || ban->last != rank || ban->sum >= ban->bound)
			continue;
		if (!add_breach(f, (struct wn_breach){ban->rule, rank, WN_ROW_NONE, ban->warn}))
			return false;
	}
	return true;
}

static int compare_breaches(const void *a, const void *b)
{
	const struct wn_breach *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->rule > y->rule) - (x->rule < y->rule);
}

bool wn_find_breaches(
	const struct wn_rank_input *input, struct wn_groups *groups, struct wn_ranking *ranking)
{
	struct wn_bans bans;
	struct findings f = {0};
	bool ok = wn_bans_init(&bans, input, ranking->count, true, groups);

	for (uint32_t i = 0; ok && i < ranking->count; i++) {
		wn_bans_advance(&bans, i + 1);
		if (bans.live_count == 0)
			break;
		ok = look_at(&bans, &f, ranking->order[i], i + 1);
	}
	wn_bans_release(&bans);
	if (!ok) {
		free(f.at);
		return false;
	}
	if (f.count > 1)
		qsort(f.at, f.count, sizeof(*f.at), compare_breaches);
	ranking->breaches = f.at;
	ranking->breach_count = f.count;
	return true;
}

/*
 * Book-keeping of not_above, limit and share rules: see bans.h. Counts only grow and bounds do not
 * move, so what is forbidden by a limit stays so until the rule's last rank.
 */
#include "engine/bans.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/order.h"

bool wn_rule_places(const struct wn_rule *rule, bool warn)
{
	if (rule->effect == WN_NOT_ABOVE)
		return true;
	return (rule->effect == WN_LIMIT || rule->effect == WN_SHARE_MOST ||
		       rule->effect == WN_SHARE_LEAST) &&
	       (warn || !rule->warn);
}

/* Candidates that are hit, as far as `enough`. */
static double count_members(const struct wn_rank_input *input, const uint64_t *bits, double enough)
{
	double members = 0;

	for (size_t word = 0; word * 64 < input->rows; word++) {
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			size_t row = word * 64 + (size_t)__builtin_ctzll(left);

			if (members >= enough)
				return enough;
			members += row < input->rows && input->candidate[row];
		}
	}
	return members < enough ? members : enough;
}

/* Of the top `places`, which may be fewer than the rule's K. */
static double share_of(const struct wn_rule *rule, uint32_t places)
{
	struct wn_rule cut = *rule;

	cut.rank = places;
	return (double)wn_share_places(&cut);
}

static struct wn_ban make_ban(const struct wn_rank_input *input, uint32_t index, size_t count)
{
	const struct wn_rule *rule = &input->placement->policy->rules[index];
	struct wn_ban ban = {
		.rule = index,
		.effect = rule->effect,
		.warn = rule->warn && rule->effect != WN_NOT_ABOVE,
		.last = rule->rank,
		.bits = input->placement->hits->rule[index],
		.of = rule,
	};
	uint32_t top = rule->rank < count ? rule->rank : (uint32_t)count;

	switch (rule->effect) {
	case WN_NOT_ABOVE: ban.last = rule->rank - (rule->rank > 0); break;
	case WN_LIMIT: ban.bound = rule->most; break;
	case WN_SHARE_MOST:
		ban.last = top;
		ban.bound = share_of(rule, top);
		break;
	default:
		ban.last = top;
		ban.bound = count_members(input, ban.bits, share_of(rule, top));
		break;
	}
	return ban;
}

static void count_live(struct wn_bans *bans)
{
	bans->least_count = 0;
	for (size_t i = 0; i < bans->live_count; i++)
		bans->least_count += bans->live[i]->effect == WN_SHARE_LEAST;
	bans->hard_count = bans->live_count - bans->least_count;
}

bool wn_bans_init(struct wn_bans *bans, const struct wn_rank_input *input, size_t count, bool warn)
{
	const struct wn_placement *placement = input->placement;
	size_t rules = 0;

	*bans = (struct wn_bans){0};
	if (!placement || !placement->policy || !placement->hits)
		return true;
	bans->population = placement->population;
	rules = placement->policy->rule_count;
	if (rules > placement->hits->rule_count)
		rules = placement->hits->rule_count;
	bans->all = calloc(rules + 1, sizeof(*bans->all));
	bans->live = calloc(rules + 1, sizeof(struct wn_ban *));
	if (!bans->all || !bans->live)
		return false;
	for (uint32_t r = 0; r < rules; r++) {
		if (!placement->hits->rule[r] ||
			!wn_rule_places(&placement->policy->rules[r], warn))
			continue;
		bans->live[bans->count] = &bans->all[bans->count];
		bans->all[bans->count++] = make_ban(input, r, count);
	}
	bans->live_count = bans->count;
	count_live(bans);
	return true;
}

void wn_bans_release(struct wn_bans *bans)
{
	for (size_t i = 0; i < bans->count; i++)
		free(bans->all[i].tallies);
	free(bans->all);
	free(bans->live);
	free(bans->undo);
	*bans = (struct wn_bans){0};
}

void wn_bans_advance(struct wn_bans *bans, uint32_t rank)
{
	size_t kept = 0;

	for (size_t i = 0; i < bans->live_count; i++) {
		if (bans->live[i]->last >= rank)
			bans->live[kept++] = bans->live[i];
	}
	if (kept == bans->live_count)
		return;
	bans->live_count = kept;
	count_live(bans);
}

/* What a row is counted under: 0 nothing, 1 the rule's one sum, else a group. */
static uint64_t group_of(const struct wn_bans *bans, const struct wn_ban *ban, uint32_t row)
{
	static const enum wn_word words[] = {
		[WN_PER_STREAM] = WN_STREAM,
		[WN_PER_TEAM] = WN_TEAM,
		[WN_PER_ASSIGNEE] = WN_ASSIGNEE,
	};
	uint32_t symbol;
	size_t at;

	if (ban->effect != WN_LIMIT || ban->of->per == WN_PER_WORKSPACE)
		return 1;
	if (!bans->population)
		return 0;
	const struct wn_rows *rows = wn_block_of(bans->population, row, &at);

	symbol = wn_word_of(rows, at, words[ban->of->per]);
	return symbol == WN_NO_SYMBOL ? 0 : (uint64_t)symbol + 1;
}

static double weight_of(const struct wn_bans *bans, const struct wn_ban *ban, uint32_t row)
{
	double days;
	size_t at;

	if (ban->effect != WN_LIMIT || !ban->of->by_estimate)
		return 1;
	if (!bans->population)
		return 0;
	const struct wn_rows *rows = wn_block_of(bans->population, row, &at);

	days = wn_number_of(rows, at, WN_ESTIMATE);
	return days > 0 ? days : 0;
}

/* The group's entry, or the empty one where it would be; the table is never full. */
static struct wn_tally *find_tally(const struct wn_ban *ban, uint64_t group)
{
	size_t mask = ban->tally_room - 1;
	size_t at = (size_t)(group * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (ban->tallies[at].group && ban->tallies[at].group != group)
		at = (at + 1) & mask;
	return &ban->tallies[at];
}

static double sum_of(const struct wn_ban *ban, uint64_t group)
{
	if (group == 1)
		return ban->sum;
	return ban->tally_room ? find_tally(ban, group)->sum : 0;
}

bool wn_ban_forbids(
	const struct wn_bans *bans, const struct wn_ban *ban, uint32_t row, uint32_t rank)
{
	uint64_t group;

	if (rank > ban->last || ban->effect == WN_SHARE_LEAST || !wn_ban_hits(ban, row))
		return false;
	if (ban->effect == WN_NOT_ABOVE)
		return true;
	group = group_of(bans, ban, row);
	return group && sum_of(ban, group) + weight_of(bans, ban, row) > ban->bound;
}

static bool grow_tallies(struct wn_ban *ban)
{
	struct wn_ban bigger = *ban;

	bigger.tally_room = ban->tally_room ? 2 * ban->tally_room : 16;
	bigger.tallies = calloc(bigger.tally_room, sizeof(*bigger.tallies));
	if (!bigger.tallies)
		return false;
	for (size_t i = 0; i < ban->tally_room; i++) {
		if (ban->tallies[i].group)
			*find_tally(&bigger, ban->tallies[i].group) = ban->tallies[i];
	}
	free(ban->tallies);
	*ban = bigger;
	return true;
}

static bool remember(struct wn_bans *bans, struct wn_ban *ban, uint64_t group)
{
	if (!bans->trying)
		return true;
	if (bans->undo_count == bans->undo_room) {
		size_t room = 2 * bans->undo_room + 16;
		struct wn_undo *undo = reallocarray(bans->undo, room, sizeof(*undo));

		if (!undo)
			return false;
		bans->undo = undo;
		bans->undo_room = room;
	}
	bans->undo[bans->undo_count++] = (struct wn_undo){ban, group, sum_of(ban, group)};
	return true;
}

static bool count_one(struct wn_bans *bans, struct wn_ban *ban, uint32_t row)
{
	uint64_t group = group_of(bans, ban, row);
	struct wn_tally *tally;

	if (group == 0)
		return true;
	if (!remember(bans, ban, group))
		return false;
	if (group == 1) {
		ban->sum += weight_of(bans, ban, row);
		return true;
	}
	if (4 * (ban->tally_count + 1) > 3 * ban->tally_room && !grow_tallies(ban))
		return false;
	tally = find_tally(ban, group);
	ban->tally_count += tally->group == 0;
	tally->group = group;
	tally->sum += weight_of(bans, ban, row);
	return true;
}

bool wn_bans_count(struct wn_bans *bans, uint32_t row, uint32_t rank)
{
	for (size_t i = 0; i < bans->live_count; i++) {
		struct wn_ban *ban = bans->live[i];

		if (rank > ban->last || ban->effect == WN_NOT_ABOVE || !wn_ban_hits(ban, row))
			continue;
		if (!count_one(bans, ban, row))
			return false;
	}
	return true;
}

void wn_bans_try(struct wn_bans *bans)
{
	assert(!bans->trying);
	bans->trying = true;
	bans->undo_count = 0;
}

void wn_bans_undo(struct wn_bans *bans)
{
	/* Backwards: what a group had first is what stays. */
	while (bans->undo_count > 0) {
		const struct wn_undo *undo = &bans->undo[--bans->undo_count];

		if (undo->group == 1)
			undo->ban->sum = undo->sum;
		else
			find_tally(undo->ban, undo->group)->sum = undo->sum;
	}
	bans->trying = false;
}

/* The breaches of a finished order, found by going through it once more. */
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
	if (!wn_bans_count(bans, row, rank))
		return false;
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

bool wn_find_breaches(const struct wn_rank_input *input, struct wn_ranking *ranking)
{
	struct wn_bans bans;
	struct findings f = {0};
	bool ok = wn_bans_init(&bans, input, ranking->count, true);

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

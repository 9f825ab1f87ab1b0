/*
 * Book-keeping of not_above, limit and share rules: see bans.h. Counts only grow and bounds do not
 * move, so what is forbidden by a limit stays so until the rule's last rank.
 */
#include "engine/bans.h"

#include <stdlib.h>

#include "engine/groups.h"
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

/* Whether some of what makes up this sum may exceed the bound, in whatever order it is added up:
 * two sums of n weights differ by less than n * 2^-52 of either. */
static bool may_exceed(const struct wn_rank_input *input, double sum, double bound)
{
	return wn_exceeds(sum * (1 + (double)input->rows * 0x1p-52), bound);
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

/* Whether all candidates together are more than the bound of a rule that has one sum for all. */
static bool one_sum_reaches(const struct wn_rank_input *input, const struct wn_ban *ban)
{
	double sum = 0;

	for (size_t word = 0; word * 64 < input->rows; word++) {
		for (uint64_t left = ban->bits[word]; left; left &= left - 1) {
			uint32_t row = (uint32_t)(word * 64 + (size_t)__builtin_ctzll(left));

			if (!wn_ranked(input, row))
				continue;
			sum += wn_weight_of(ban->of, input->placement->population, row);
			if (may_exceed(input, sum, ban->bound))
				return true;
		}
	}
	return false;
}

/* Leaves the rows whose group as a whole is more than the bound; false in *reaches when there are
 * none. False when memory is out. */
static bool keep_reaching(const struct wn_rank_input *input, struct wn_ban *ban, bool *reaches)
{
	const struct wn_groups *groups = ban->groups;
	double *sums = calloc((size_t)groups->count + 1, sizeof(*sums));
	uint64_t *bits = calloc(input->rows / 64 + 1, sizeof(*bits));

	*reaches = false;
	ban->own_bits = bits;
	if (!sums || !bits) {
		free(sums);
		return false;
	}
	for (int pass = 0; pass < 2; pass++) {
		for (size_t word = 0; word * 64 < input->rows; word++) {
			for (uint64_t left = ban->bits[word]; left; left &= left - 1) {
				uint32_t row =
					(uint32_t)(word * 64 + (size_t)__builtin_ctzll(left));
				uint32_t group = wn_ranked(input, row) ? groups->of_row[row] : 0;

				if (group == 0)
					continue;
				if (pass == 0)
					sums[group] += wn_weight_of(
						ban->of, input->placement->population, row);
				else if (may_exceed(input, sums[group], ban->bound))
					bits[word] |= left & -left;
			}
			*reaches = *reaches || bits[word];
		}
	}
	free(sums);
	ban->bits = bits;
	return true;
}

/* Whether a limit or a most share can forbid anything, whatever stands where; else it need not be
 * counted at all. False when memory is out. */
static bool find_reach(
	struct wn_bans *bans, const struct wn_rank_input *input, struct wn_ban *ban, bool *reaches)
{
	*reaches = true;
	if (ban->effect != WN_LIMIT && ban->effect != WN_SHARE_MOST)
		return true;
	if (ban->effect == WN_SHARE_MOST || ban->of->per == WN_PER_WORKSPACE) {
		*reaches = one_sum_reaches(input, ban);
		return true;
	}
	ban->groups = &bans->groups[ban->of->per];
	if (!wn_groups_add(ban->groups, input, ban->of, ban->bits))
		return false;
	if (!keep_reaching(input, ban, reaches))
		return false;
	ban->column = ban->groups->columns;
	ban->groups->columns += *reaches;
	return true;
}

static bool add_bans(
	struct wn_bans *bans, const struct wn_rank_input *input, size_t count, bool warn)
{
	const struct wn_placement *placement = input->placement;
	size_t rules = placement->policy->rule_count;

	if (rules > placement->hits->rule_count)
		rules = placement->hits->rule_count;
	bans->all = calloc(rules + 1, sizeof(*bans->all));
	bans->live = calloc(rules + 1, sizeof(struct wn_ban *));
	if (!bans->all || !bans->live)
		return false;
	for (uint32_t r = 0; r < rules; r++) {
		struct wn_ban *ban = &bans->all[bans->count];
		bool reaches;

		if (!placement->hits->rule[r] ||
			!wn_rule_places(&placement->policy->rules[r], warn))
			continue;
		*ban = make_ban(input, r, count);
		bans->live[bans->count++] = ban;
		if (!find_reach(bans, input, ban, &reaches))
			return false;
		if (reaches)
			continue;
		free(ban->own_bits);
		bans->count--;
	}
	return true;
}

bool wn_bans_init(struct wn_bans *bans, const struct wn_rank_input *input, size_t count, bool warn,
	struct wn_groups *groups)
{
	const struct wn_placement *placement = input->placement;

	*bans = (struct wn_bans){.groups = groups};
	if (!placement || !placement->policy || !placement->hits)
		return true;
	bans->population = placement->population;
	if (!add_bans(bans, input, count, warn))
		return false;
	for (size_t per = 0; per < WN_GROUPINGS; per++) {
		size_t columns = groups[per].columns;

		if (columns == 0)
			continue;
		groups[per].sums =
			calloc(((size_t)groups[per].count + 1) * columns, sizeof(double));
		if (!groups[per].sums)
			return false;
	}
	bans->live_count = bans->count;
	count_live(bans);
	return true;
}

void wn_bans_release(struct wn_bans *bans)
{
	for (size_t i = 0; i < bans->count; i++)
		free(bans->all[i].own_bits);
	for (size_t per = 0; bans->groups && per < WN_GROUPINGS; per++) {
		free(bans->groups[per].sums);
		bans->groups[per].sums = NULL;
		bans->groups[per].columns = 0;
	}
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

/* What the row is counted in; NULL when it is in no group. */
static double *sum_of(const struct wn_ban *ban, double *one_sum, uint32_t row)
{
	const struct wn_groups *groups = ban->groups;
	uint32_t group;

	if (!groups)
		return one_sum;
	group = groups->of_row[row];
	return group ? &groups->sums[group * groups->columns + ban->column] : NULL;
}

bool wn_ban_forbids(
	const struct wn_bans *bans, const struct wn_ban *ban, uint32_t row, uint32_t rank)
{
	double sum = ban->sum;
	const double *placed;

	if (rank > ban->last || ban->effect == WN_SHARE_LEAST || !wn_ban_hits(ban, row))
		return false;
	if (ban->effect == WN_NOT_ABOVE)
		return true;
	placed = sum_of(ban, &sum, row);
	return placed &&
	       wn_exceeds(*placed + wn_weight_of(ban->of, bans->population, row), ban->bound);
}

bool wn_ban_full(const struct wn_ban *ban, uint32_t row)
{
	double sum = ban->sum;
	const double *placed = sum_of(ban, &sum, row);

	return placed && wn_exceeds(*placed, ban->bound);
}

static bool remember(struct wn_bans *bans, double *at)
{
	if (bans->undo_count == bans->undo_room) {
		size_t room = 2 * bans->undo_room + 16;
		struct wn_undo *undo = reallocarray(bans->undo, room, sizeof(*undo));

		if (!undo)
			return false;
		bans->undo = undo;
		bans->undo_room = room;
	}
	bans->undo[bans->undo_count++] = (struct wn_undo){at, *at};
	return true;
}

void wn_bans_count(struct wn_bans *bans, uint32_t row, uint32_t rank)
{
	for (size_t i = 0; i < bans->live_count; i++) {
		struct wn_ban *ban = bans->live[i];
		double *sum;

		if (rank > ban->last || ban->effect == WN_NOT_ABOVE || !wn_ban_hits(ban, row))
			continue;
		sum = sum_of(ban, &ban->sum, row);
		if (sum)
			*sum += wn_weight_of(ban->of, bans->population, row);
	}
}

bool wn_ban_try(struct wn_bans *bans, struct wn_ban *ban, uint32_t row, double times)
{
	double *sum = sum_of(ban, &ban->sum, row);

	if (!sum)
		return true;
	if (!remember(bans, sum))
		return false;
	*sum += times * wn_weight_of(ban->of, bans->population, row);
	return true;
}

void wn_bans_undo(struct wn_bans *bans, size_t tried)
{
	/* Backwards: what a group had first is what stays. */
	while (bans->undo_count > tried) {
		const struct wn_undo *undo = &bans->undo[--bans->undo_count];

		*undo->at = undo->sum;
	}
}

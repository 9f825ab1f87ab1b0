/*
 * Conflicts: which rules of a policy cannot both hold on the items at hand. Found beside the
 * placement, from the rules alone: what the order then makes of them is rank.h's business. Nothing
 * here depends on the numbers of the rows: sums are taken in ascending order, and the examples are
 * those that were stored first.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/groups.h"

enum {
	WORD_ROWS = 64,
	DIGIT_BITS = 11,
	DIGITS = 6, /* of 64 bits */
};

/* A row as a limit counts it. */
struct portion {
	double weight;
	uint32_t row;
};

/* The state of one search. Bits by row, counts by rule. */
struct search {
	const struct wn_policy *policy;
	const struct wn_hits *hits;
	const struct wn_population *population;
	const uint8_t *candidate;
	uint64_t *candidates;
	uint64_t *ranked; /* candidates that no rule and no override takes out */
	uint64_t *pinned; /* ranked ones that are to be at the top */
	uint64_t *alone;  /* pinned ones that the rule at hand has no room for, were each alone */
	size_t ranked_count;
	size_t *needed;    /* places that a least share needs: no more than it has items */
	uint64_t *meets;   /* by least share: bits of those with which it has an item */
	uint64_t *met;     /* the same of all that were added up */
	size_t rule_words; /* of meets (each) and met */
	int64_t *oldest;   /* by word of rows: the least first revision; NULL: not yet found */
	/* Made when they are first needed: the ranked rows by ascending weight, counted by items and by
	 * estimates, and their groups. */
	struct portion *lines[2];
	struct wn_groups groups[WN_GROUPINGS];
	double *sums; /* by group */
	struct wn_conflict *found;
	size_t count, room;
};

static bool takes_out(enum wn_effect effect)
{
	return effect == WN_EXCLUDE || effect == WN_FREEZE;
}

static bool enforced(const struct search *s, size_t rule, enum wn_effect effect)
{
	return s->hits->rule[rule] && s->policy->rules[rule].effect == effect &&
	       !s->policy->rules[rule].warn;
}

/* ---- what there is ---- */

static size_t count_both(const struct search *s, const uint64_t *a, const uint64_t *b)
{
	size_t count = 0;

	for (size_t w = 0; w < s->hits->words; w++)
		count += (size_t)__builtin_popcountll(a[w] & b[w]);
	return count;
}

/* Places of the top K that there are. */
static size_t top_of(const struct search *s, const struct wn_rule *rule)
{
	return rule->rank < s->ranked_count ? rule->rank : s->ranked_count;
}

/* Whole places of the share, of a top that may have fewer places than its K. */
static size_t share_of_top(const struct search *s, const struct wn_rule *rule)
{
	struct wn_rule cut = *rule;

	cut.rank = (uint32_t)top_of(s, rule);
	return wn_share_places(&cut);
}

static void find_rows(struct search *s)
{
	const struct wn_rule *rules = s->policy->rules;
	size_t words = s->hits->words;

	for (size_t row = 0; row < s->population->rows; row++) {
		uint64_t bit = UINT64_C(1) << row % WORD_ROWS;

		s->candidates[row / WORD_ROWS] |= s->population->candidate[row] ? bit : 0;
		s->ranked[row / WORD_ROWS] |= s->candidate[row] ? bit : 0;
	}
	for (size_t r = 0; r < s->policy->rule_count; r++) {
		for (size_t w = 0; s->hits->rule[r] && takes_out(rules[r].effect) && w < words; w++)
			s->ranked[w] &= ~s->hits->rule[r][w];
	}
	s->ranked_count = count_both(s, s->ranked, s->ranked);
	for (size_t r = 0; r < s->policy->rule_count; r++) {
		for (size_t w = 0; enforced(s, r, WN_PIN_TOP) && w < words; w++)
			s->pinned[w] |= s->hits->rule[r][w] & s->ranked[w];
	}
}

static void find_needs(struct search *s)
{
	for (size_t r = 0; r < s->policy->rule_count; r++) {
		size_t places, items;

		if (!enforced(s, r, WN_SHARE_LEAST))
			continue;
		places = share_of_top(s, &s->policy->rules[r]);
		items = count_both(s, s->hits->rule[r], s->ranked);
		s->needed[r] = places < items ? places : items;
	}
}

static bool search_init(struct search *s)
{
	size_t words = s->hits->words + 1, rules = s->policy->rule_count + 1;

	s->rule_words = (rules + 63) / 64;
	s->candidates = calloc(words, sizeof(*s->candidates));
	s->ranked = calloc(words, sizeof(*s->ranked));
	s->pinned = calloc(words, sizeof(*s->pinned));
	s->alone = calloc(words, sizeof(*s->alone));
	s->needed = calloc(rules, sizeof(*s->needed));
	s->meets = calloc(rules * s->rule_words, sizeof(*s->meets));
	s->met = calloc(s->rule_words, sizeof(*s->met));
	if (!s->candidates || !s->ranked || !s->pinned || !s->alone || !s->needed || !s->meets ||
		!s->met)
		return false;
	find_rows(s);
	find_needs(s);
	return true;
}

static void search_release(struct search *s)
{
	free(s->candidates);
	free(s->ranked);
	free(s->pinned);
	free(s->alone);
	free(s->needed);
	free(s->meets);
	free(s->met);
	free(s->oldest);
	free(s->sums);
	for (size_t i = 0; i < 2; i++)
		free(s->lines[i]);
	for (size_t per = 0; per < WN_GROUPINGS; per++)
		free(s->groups[per].of_row);
}

/* ---- what was found ---- */

static bool is_older(const struct wn_population *population, uint32_t a, uint32_t b)
{
	int64_t first = population->first_revision[a], second = population->first_revision[b];

	if (first != second)
		return first < second;
	return memcmp(population->id[a], population->id[b], sizeof(*population->id)) < 0;
}

static bool find_oldest(struct search *s)
{
	if (s->oldest)
		return true;
	s->oldest = malloc((s->hits->words + 1) * sizeof(*s->oldest));
	if (!s->oldest)
		return false;
	for (size_t w = 0; w < s->hits->words; w++)
		s->oldest[w] = INT64_MAX;
	for (size_t row = 0; row < s->population->rows; row++) {
		if (s->population->first_revision[row] < s->oldest[row / WORD_ROWS])
			s->oldest[row / WORD_ROWS] = s->population->first_revision[row];
	}
	return true;
}

/* Puts the row among the examples if it is one of the oldest; returns how many there are then. */
static size_t keep_oldest(
	const struct search *s, uint32_t row, uint32_t examples[WN_CONFLICT_ROWS], size_t kept)
{
	size_t at = kept < WN_CONFLICT_ROWS ? kept++ : kept - 1;

	/* The last place is taken only where it was free, or by an older one. */
	if (examples[at] != WN_ROW_NONE && !is_older(s->population, row, examples[at]))
		return kept;
	for (; at > 0 && is_older(s->population, row, examples[at - 1]); at--)
		examples[at] = examples[at - 1];
	examples[at] = row;
	return kept;
}

/* Counts the rows that are in all three. */
static void find_concerned(const struct search *s, const uint64_t *a, const uint64_t *b,
	const uint64_t *among, struct wn_conflict *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < WN_CONFLICT_ROWS; i++)
		out->examples[i] = WN_ROW_NONE;
	for (size_t w = 0; w < s->hits->words; w++) {
		uint64_t bits = a[w] & b[w] & among[w];

		out->rows += (size_t)__builtin_popcountll(bits);
		if (kept == WN_CONFLICT_ROWS &&
			s->oldest[w] > s->population->first_revision[out->examples[kept - 1]])
			continue;
		for (; bits; bits &= bits - 1)
			kept = keep_oldest(s,
				(uint32_t)(w * WORD_ROWS) + (uint32_t)__builtin_ctzll(bits),
				out->examples, kept);
	}
	for (; kept < WN_CONFLICT_ROWS; kept++)
		out->examples[kept] = 0;
}

/* Nothing is added where no row among these is concerned. False when memory is out. */
static bool add(struct search *s, size_t holds, size_t yields, const uint64_t *among)
{
	const uint64_t *a = s->hits->rule[holds], *b = s->hits->rule[yields];
	struct wn_conflict conflict = {.holds = (uint32_t)holds, .yields = (uint32_t)yields};

	/* Of a conflict over places the items are those of the rule that yields. */
	if (s->policy->rules[yields].effect == WN_SHARE_LEAST)
		a = b;
	if (!find_oldest(s))
		return false;
	find_concerned(s, a, b, among, &conflict);
	if (conflict.rows == 0)
		return true;
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct wn_conflict *grown = realloc(s->found, room * sizeof(*grown));

		if (!grown)
			return false;
		s->found = grown;
		s->room = room;
	}
	s->found[s->count++] = conflict;
	return true;
}

/* ---- on one item ---- */

/* Whether `yields` cannot hold on an item on which `holds` does. */
static bool contradicts(const struct wn_rule *holds, const struct wn_rule *yields)
{
	switch (holds->effect) {
	case WN_EXCLUDE:
	case WN_FREEZE: return yields->effect == WN_PIN_TOP || yields->effect == WN_AT_LEAST_BAND;
	case WN_AT_MOST_BAND:
		return yields->effect == WN_AT_LEAST_BAND && yields->band < holds->band;
	case WN_NOT_ABOVE: return yields->effect == WN_PIN_TOP && holds->rank > 1;
	default: return false;
	}
}

/* The pinned rows of which not even one may be in the top: a limit or share of nothing, or of fewer
 * days than the item takes. */
static void find_alone(struct search *s, size_t rule)
{
	const struct wn_rule *holds = &s->policy->rules[rule];
	bool none = holds->effect == WN_SHARE_MOST && share_of_top(s, holds) == 0;

	for (size_t w = 0; w < s->hits->words; w++) {
		uint64_t bits = s->hits->rule[rule][w] & s->pinned[w];

		s->alone[w] = none ? bits : 0;
		for (; holds->effect == WN_LIMIT && bits; bits &= bits - 1) {
			uint32_t row = (uint32_t)(w * WORD_ROWS) + (uint32_t)__builtin_ctzll(bits);
			double weight = wn_weight_of(holds, s->population, row);

			if (wn_exceeds(weight, holds->most) &&
				wn_group_of(holds, s->population, row) != WN_NO_SYMBOL)
				s->alone[w] |= bits & -bits;
		}
	}
}

/* ---- how many of some rows a limit lets into its top ---- */

/* By ascending weight, none of which is negative or NaN: an LSD radix sort, without the digits that
 * all have in common, as those of whole days are for the most part. `spare` is as long. */
static struct portion *sort_portions(struct portion *from, struct portion *spare, size_t count)
{
	for (unsigned digit = 0; digit < DIGITS; digit++) {
		unsigned shift = digit * DIGIT_BITS;
		size_t place[(1 << DIGIT_BITS) + 1] = {0};
		uint64_t mask = (1 << DIGIT_BITS) - 1, key;
		struct portion *to = spare;

		for (size_t i = 0; i < count; i++) {
			memcpy(&key, &from[i].weight, sizeof(key));
			place[(key >> shift & mask) + 1]++;
		}
		if (count == 0 || place[(key >> shift & mask) + 1] == count)
			continue;
		for (size_t i = 0; i < mask; i++)
			place[i + 1] += place[i];
		for (size_t i = 0; i < count; i++) {
			memcpy(&key, &from[i].weight, sizeof(key));
			to[place[key >> shift & mask]++] = from[i];
		}
		spare = from;
		from = to;
	}
	return from;
}

static bool fill_line(const struct search *s, const struct wn_rule *limit, struct portion **line)
{
	struct portion *all, *spare;
	size_t count = 0;

	if (*line)
		return true;
	all = calloc(s->ranked_count + 1, sizeof(*all));
	spare = calloc(s->ranked_count + 1, sizeof(*spare));
	if (!all || !spare) {
		free(all);
		free(spare);
		return false;
	}
	for (size_t w = 0; w < s->hits->words; w++) {
		for (uint64_t bits = s->ranked[w]; bits; bits &= bits - 1) {
			uint32_t row = (uint32_t)(w * WORD_ROWS) + (uint32_t)__builtin_ctzll(bits);

			all[count++] =
				(struct portion){wn_weight_of(limit, s->population, row), row};
		}
	}
	*line = sort_portions(all, spare, count);
	free(*line == all ? spare : all);
	return true;
}

static bool fill_groups(struct search *s, const struct wn_rule *limit)
{
	const struct wn_placement placement = {.population = s->population};
	const struct wn_rank_input input = {
		.rows = s->population->rows, .candidate = s->candidate, .placement = &placement};

	if (limit->per == WN_PER_WORKSPACE || s->groups[limit->per].of_row)
		return true;
	return wn_groups_make(&input, limit, &s->groups[limit->per]);
}

/* How many of the share's items the limit lets in, the small ones of each group; where they are
 * enough, no more are counted. */
static size_t count_room(struct search *s, const struct wn_rule *limit, size_t least, size_t enough)
{
	const uint64_t *hit = s->hits->rule[least];
	const struct portion *line = s->lines[limit->by_estimate];
	const struct wn_groups *groups = &s->groups[limit->per];
	size_t fit = 0;

	memset(s->sums, 0, (groups->count + 2) * sizeof(*s->sums));
	for (size_t i = 0; i < s->ranked_count && fit < enough; i++) {
		uint32_t row = line[i].row;
		uint32_t group = groups->of_row ? groups->of_row[row] : 1;

		if (!(hit[row / WORD_ROWS] >> row % WORD_ROWS & 1))
			continue;
		/* What is in no group is free. */
		s->sums[group] += group ? line[i].weight : 0;
		fit += !wn_exceeds(s->sums[group], limit->most);
		/* Without groups, nothing behind it fits either. */
		if (!groups->of_row && wn_exceeds(s->sums[group], limit->most))
			break;
	}
	return fit;
}

static bool limit_room(
	struct search *s, const struct wn_rule *limit, size_t least, size_t enough, size_t *room)
{
	if (!s->sums)
		s->sums = calloc(s->population->rows + 2, sizeof(*s->sums));
	if (!s->sums || !fill_line(s, limit, &s->lines[limit->by_estimate]) ||
		!fill_groups(s, limit))
		return false;
	*room = count_room(s, limit, least, enough);
	return true;
}

/* ---- least shares against what bounds them ---- */

static bool covers(const struct search *s, const uint64_t *all, const uint64_t *part)
{
	for (size_t w = 0; w < s->hits->words; w++) {
		if (part[w] & s->ranked[w] & ~all[w])
			return false;
	}
	return true;
}

/* `bound` lets so few of the items of `least` into its own top that with every place behind it the
 * share cannot be met. */
static bool check_bound(struct search *s, size_t bound, size_t least)
{
	const struct wn_rule *holds = &s->policy->rules[bound];
	size_t last = holds->rank, top = top_of(s, &s->policy->rules[least]);
	size_t beyond, room = 0, needed = s->needed[least];

	/* No item of it is in the top above that rank: a limit of none. */
	if (holds->effect == WN_NOT_ABOVE)
		last -= last > 0;
	beyond = top > last ? top - last : 0;
	if (!enforced(s, least, WN_SHARE_LEAST) || needed <= beyond ||
		!covers(s, s->hits->rule[bound], s->hits->rule[least]))
		return true;
	if (holds->effect == WN_SHARE_MOST)
		room = share_of_top(s, holds);
	else if (holds->effect == WN_LIMIT && !limit_room(s, holds, least, needed - beyond, &room))
		return false;
	if (needed <= room + beyond)
		return true;
	return add(s, bound, least, s->ranked);
}

/* Items that two shares have in common; where they are enough, no more are counted. */
static size_t count_shared(const struct search *s, size_t first, size_t second, size_t enough)
{
	const uint64_t *a = s->hits->rule[first], *b = s->hits->rule[second];
	size_t both = 0;

	for (size_t w = 0; w < s->hits->words && both < enough; w++)
		both += (size_t)__builtin_popcountll(a[w] & b[w] & s->ranked[w]);
	return both;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Two least shares alone: an item of both serves both. Notes whether there is one. */
static bool too_many_of_two(struct search *s, size_t first, size_t second)
{
	const struct wn_rule *rules = s->policy->rules;
	bool swap = rules[second].rank < rules[first].rank;
	size_t small = swap ? second : first, large = swap ? first : second;
	size_t top = top_of(s, &rules[small]);
	size_t beyond = top_of(s, &rules[large]) - top;
	size_t a = s->needed[small], b = s->needed[large], both;

	/* What of the larger top must stand within the smaller one. */
	b = b > beyond ? b - beyond : 0;
	both = count_shared(s, first, second, smaller(a, b) + 1);
	if (both > 0) {
		s->meets[first * s->rule_words + second / 64] |= UINT64_C(1) << second % 64;
		s->meets[second * s->rule_words + first / 64] |= UINT64_C(1) << first % 64;
	}
	return a + b - smaller(both, smaller(a, b)) > top;
}

/* Places that the least shares up to `last` need within the top of `within`, when no two of them
 * share an item. *other is the last before `last`. */
static size_t places_of_disjoint(struct search *s, size_t within, size_t last, size_t *other)
{
	const struct wn_rule *rules = s->policy->rules;
	size_t places = 0;

	memset(s->met, 0, s->rule_words * sizeof(*s->met));
	for (size_t step = 0; step <= last; step++) {
		/* `last` first: it must be one of them. */
		size_t r = step == 0 ? last : step - 1;

		if (!enforced(s, r, WN_SHARE_LEAST) || rules[r].rank > rules[within].rank ||
			(s->met[r / 64] >> r % 64 & 1))
			continue;
		for (size_t w = 0; w < s->rule_words; w++)
			s->met[w] |= s->meets[r * s->rule_words + w];
		places += s->needed[r];
		if (r != last)
			*other = r;
	}
	return places;
}

/* Least shares are kept in the order of the rules; one that finds no room yields. */
static bool check_least(struct search *s, size_t least)
{
	size_t before = s->count;

	for (size_t r = 0; r < least; r++) {
		if (enforced(s, r, WN_SHARE_LEAST) && too_many_of_two(s, r, least) &&
			!add(s, r, least, s->ranked))
			return false;
	}
	if (s->count > before)
		return true;
	for (size_t r = 0; r <= least; r++) {
		size_t other = least;

		if (!enforced(s, r, WN_SHARE_LEAST) ||
			s->policy->rules[r].rank < s->policy->rules[least].rank)
			continue;
		if (places_of_disjoint(s, r, least, &other) > top_of(s, &s->policy->rules[r]) &&
			other != least)
			return add(s, other, least, s->ranked);
	}
	return true;
}

/* ---- all ---- */

static bool check_rule(struct search *s, size_t holds)
{
	const struct wn_rule *rules = s->policy->rules;
	const uint64_t *ranked = takes_out(rules[holds].effect) ? s->candidates : s->ranked;
	bool closes = enforced(s, holds, WN_SHARE_MOST) || enforced(s, holds, WN_LIMIT);
	bool bounds = closes || rules[holds].effect == WN_NOT_ABOVE;

	if (closes)
		find_alone(s, holds);
	for (size_t yields = 0; yields < s->policy->rule_count; yields++) {
		if (!s->hits->rule[yields])
			continue;
		if (contradicts(&rules[holds], &rules[yields]) && !add(s, holds, yields, ranked))
			return false;
		if (closes && rules[yields].effect == WN_PIN_TOP &&
			!add(s, holds, yields, s->alone))
			return false;
		if (bounds && !check_bound(s, holds, yields))
			return false;
	}
	return !enforced(s, holds, WN_SHARE_LEAST) || check_least(s, holds);
}

bool wn_policy_conflicts(const struct wn_policy *policy, const struct wn_hits *hits,
	const struct wn_population *population, const uint8_t *candidate, struct wn_conflict **out,
	size_t *count)
{
	struct search s = {
		.policy = policy, .hits = hits, .population = population, .candidate = candidate};
	bool ok = search_init(&s);

	for (size_t r = 0; ok && r < policy->rule_count; r++) {
		if (hits->rule[r])
			ok = check_rule(&s, r);
	}
	search_release(&s);
	*out = ok ? s.found : NULL;
	*count = ok ? s.count : 0;
	if (!ok)
		free(s.found);
	return ok;
}

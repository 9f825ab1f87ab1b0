/*
 * Policy: which rule hits which item, and which rules cannot both hold. What follows from a hit is
 * the business of the decision and of the placement; this file only finds out.
 */
#include "winnow/policy.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "engine/hits.h"

enum { WORD_ROWS = 64 };

bool wn_rule_in_force(const struct wn_rule *rule, double now_s)
{
	return rule->from_s <= now_s && now_s < rule->until_s;
}

bool wn_rule_timed(const struct wn_rule *rule)
{
	if (isfinite(rule->from_s) || isfinite(rule->until_s))
		return true;
	for (size_t i = 0; i < rule->test_count; i++) {
		const struct wn_test *test = &rule->tests[i];

		if (test->op == WN_ALL || test->op == WN_ANY || test->op == WN_NOT)
			continue;
		if (test->of == WN_OF_AGE_DAYS || test->of == WN_OF_DAYS_TO_DUE ||
			test->of == WN_OF_DAYS_TO)
			return true;
	}
	return false;
}

size_t wn_share_places(const struct wn_rule *rule)
{
	double places = rule->share * (double)rule->rank;
	double whole = floor(places + 0.5);

	/* 0.07 of 100 is 7, though the product is a little more. */
	if (fabs(places - whole) > 1e-9 * fmax(1.0, whole))
		whole = rule->effect == WN_SHARE_LEAST ? ceil(places) : floor(places);
	return (size_t)whole;
}

/* ---- hits ---- */

bool wn_hits_init(const struct wn_policy *policy, const struct wn_population *population,
	double now_s, struct wn_hits *out)
{
	assert(population->block_count <= 1 || population->block_rows % WORD_ROWS == 0);
	*out = (struct wn_hits){
		.rule = calloc(policy->rule_count + 1, sizeof(*out->rule)),
		.rule_count = policy->rule_count,
		.words = (population->rows + WORD_ROWS - 1) / WORD_ROWS,
	};
	if (!out->rule)
		return false;
	for (size_t r = 0; r < policy->rule_count; r++) {
		if (!wn_rule_in_force(&policy->rules[r], now_s))
			continue;
		out->rule[r] = calloc(out->words + 1, sizeof(**out->rule));
		if (!out->rule[r])
			return false;
	}
	return true;
}

void wn_hits_find(const struct wn_policy *policy, const struct wn_rows *rows, size_t first,
	double now_s, struct wn_hits *out)
{
	for (size_t r = 0; r < policy->rule_count; r++) {
		if (out->rule[r])
			wn_predicate_rows(policy->rules[r].tests, policy->rules[r].test_count, rows,
				now_s, out->rule[r] + first / WORD_ROWS);
	}
}

bool wn_policy_apply(const struct wn_policy *policy, const struct wn_population *population,
	double now_s, struct wn_hits *out)
{
	if (!wn_hits_init(policy, population, now_s, out)) {
		wn_hits_release(out);
		return false;
	}
	for (size_t b = 0; b < population->block_count; b++)
		wn_hits_find(
			policy, &population->blocks[b], b * population->block_rows, now_s, out);
	return true;
}

void wn_hits_release(struct wn_hits *hits)
{
	for (size_t r = 0; hits->rule && r < hits->rule_count; r++)
		free(hits->rule[r]);
	free(hits->rule);
	*hits = (struct wn_hits){0};
}

/* ---- conflicts ---- */

/* The state of one search. */
struct search {
	const struct wn_policy *policy;
	const struct wn_hits *hits;
	const struct wn_population *population;
	uint64_t *candidates; /* a bit per row */
	uint64_t *ranked;     /* candidates that no rule takes out */
	uint64_t *taken;      /* rows of the least shares that were added up */
	size_t ranked_count;
	struct wn_conflict *found;
	size_t count, room;
};

static bool takes_out(enum wn_effect effect)
{
	return effect == WN_EXCLUDE || effect == WN_FREEZE;
}

static size_t count_both(const struct search *s, const uint64_t *a, const uint64_t *b)
{
	size_t count = 0;

	for (size_t w = 0; w < s->hits->words; w++)
		count += (size_t)__builtin_popcountll(a[w] & b[w]);
	return count;
}

static bool search_init(struct search *s)
{
	size_t words = s->hits->words;

	s->candidates = calloc(words + 1, sizeof(*s->candidates));
	s->ranked = calloc(words + 1, sizeof(*s->ranked));
	s->taken = calloc(words + 1, sizeof(*s->taken));
	if (!s->candidates || !s->ranked || !s->taken)
		return false;
	for (size_t row = 0; row < s->population->rows; row++)
		s->candidates[row / WORD_ROWS] |= (uint64_t)(s->population->candidate[row] != 0)
						  << row % WORD_ROWS;
	for (size_t w = 0; w < words; w++)
		s->ranked[w] = s->candidates[w];
	for (size_t r = 0; r < s->policy->rule_count; r++) {
		if (!s->hits->rule[r] || !takes_out(s->policy->rules[r].effect))
			continue;
		for (size_t w = 0; w < words; w++)
			s->ranked[w] &= ~s->hits->rule[r][w];
	}
	s->ranked_count = count_both(s, s->ranked, s->ranked);
	return true;
}

/* The rows that are in all three; nothing is added when there are none. False when memory is out. */
static bool add(struct search *s, size_t holds, size_t yields, const uint64_t *among)
{
	const uint64_t *a = s->hits->rule[holds], *b = s->hits->rule[yields];
	struct wn_conflict conflict = {.holds = (uint32_t)holds, .yields = (uint32_t)yields};

	/* Of a conflict over places the items are those of the rule that yields. */
	if (s->policy->rules[yields].effect == WN_SHARE_LEAST)
		a = b;
	for (size_t w = 0; w < s->hits->words; w++) {
		uint64_t bits = a[w] & b[w] & among[w];
		size_t rows = conflict.rows;

		conflict.rows += (size_t)__builtin_popcountll(bits);
		for (; bits && rows < WN_CONFLICT_ROWS; bits &= bits - 1)
			conflict.examples[rows++] =
				(uint32_t)(w * WORD_ROWS + (size_t)__builtin_ctzll(bits));
	}
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

static bool enforced(const struct search *s, size_t rule, enum wn_effect effect)
{
	return s->hits->rule[rule] && s->policy->rules[rule].effect == effect &&
	       !s->policy->rules[rule].warn;
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

/* Places that a least share needs: no more than it has items. */
static size_t needed_by(const struct search *s, size_t rule)
{
	size_t places = share_of_top(s, &s->policy->rules[rule]);
	size_t items = count_both(s, s->hits->rule[rule], s->ranked);

	return places < items ? places : items;
}

static bool covers(const struct search *s, const uint64_t *all, const uint64_t *part)
{
	for (size_t w = 0; w < s->hits->words; w++) {
		if (part[w] & s->ranked[w] & ~all[w])
			return false;
	}
	return true;
}

/* ---- how many of some rows a limit lets into its top ---- */

struct portion {
	uint32_t group; /* WN_NO_SYMBOL: in none, and free */
	double amount;
};

static int compare_portions(const void *left, const void *right)
{
	const struct portion *a = left, *b = right;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->amount > b->amount) - (a->amount < b->amount);
}

static uint32_t group_of(enum wn_group per, const struct wn_rows *rows, size_t at)
{
	switch (per) {
	case WN_PER_STREAM: return wn_word_of(rows, at, WN_STREAM);
	case WN_PER_TEAM: return wn_word_of(rows, at, WN_TEAM);
	case WN_PER_ASSIGNEE: return wn_word_of(rows, at, WN_ASSIGNEE);
	case WN_PER_WORKSPACE: break;
	}
	return 1; /* all in one */
}

static struct portion portion_of(const struct search *s, const struct wn_rule *limit, size_t row)
{
	size_t at;
	const struct wn_rows *rows = wn_block_of(s->population, (uint32_t)row, &at);
	double estimate = wn_number_of(rows, at, WN_ESTIMATE);
	struct portion portion = {.group = group_of(limit->per, rows, at), .amount = 1};

	if (limit->by_estimate)
		portion.amount = isnan(estimate) ? 0 : estimate;
	return portion;
}

/* The most of the portions that fit: the small ones of each group. */
static size_t most_that_fit(const struct wn_rule *limit, struct portion *portions, size_t count)
{
	double sum = 0;
	size_t fit = 0;

	qsort(portions, count, sizeof(*portions), compare_portions);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || portions[i].group != portions[i - 1].group)
			sum = 0;
		if (portions[i].group == WN_NO_SYMBOL) {
			fit++;
			continue;
		}
		sum += portions[i].amount;
		fit += sum <= limit->most;
	}
	return fit;
}

/* Portions in the order of the rows, as long as they fit: nearly always enough of them soon do, and
 * there is nothing to be sorted. `sums` has `slots` places, a power of two and twice `enough`: a group
 * takes one only with a portion that fits. */
static size_t first_that_fit(const struct search *s, const struct wn_rule *limit, size_t least,
	size_t enough, struct portion *sums, size_t slots)
{
	const uint64_t *hit = s->hits->rule[least];
	size_t fit = 0;

	for (size_t w = 0; w < s->hits->words; w++) {
		for (uint64_t bits = hit[w] & s->ranked[w]; bits; bits &= bits - 1) {
			struct portion portion =
				portion_of(s, limit, w * WORD_ROWS + (size_t)__builtin_ctzll(bits));
			size_t slot = portion.group * UINT32_C(0x9e3779b1) & (slots - 1);

			while (sums[slot].group != WN_NO_SYMBOL &&
				sums[slot].group != portion.group)
				slot = (slot + 1) & (slots - 1);
			if (portion.group == WN_NO_SYMBOL) {
				fit++;
			} else if (sums[slot].amount + portion.amount <= limit->most) {
				sums[slot].group = portion.group;
				sums[slot].amount += portion.amount;
				fit++;
			}
			if (fit >= enough)
				return fit;
		}
	}
	return fit;
}

static size_t all_that_fit(
	const struct search *s, const struct wn_rule *limit, size_t least, struct portion *portions)
{
	const uint64_t *hit = s->hits->rule[least];
	size_t count = 0;

	for (size_t w = 0; w < s->hits->words; w++) {
		for (uint64_t bits = hit[w] & s->ranked[w]; bits; bits &= bits - 1)
			portions[count++] =
				portion_of(s, limit, w * WORD_ROWS + (size_t)__builtin_ctzll(bits));
	}
	return most_that_fit(limit, portions, count);
}

/* *room is how many of the share's items the limit lets in; where they are enough, no more are
 * counted. False when memory is out. */
static bool limit_room(const struct search *s, const struct wn_rule *limit, size_t least,
	size_t enough, size_t *room)
{
	size_t slots = 2, items = count_both(s, s->hits->rule[least], s->ranked);
	struct portion *portions;

	while (slots < 2 * enough)
		slots *= 2;
	portions = calloc(slots, sizeof(*portions));
	if (!portions)
		return false;
	*room = first_that_fit(s, limit, least, enough, portions, slots);
	free(portions);
	/* Counted by items, one is as good as another: what fits in their order is the most. */
	if (*room >= enough || !limit->by_estimate)
		return true;
	portions = malloc((items + 1) * sizeof(*portions));
	if (!portions)
		return false;
	*room = all_that_fit(s, limit, least, portions);
	free(portions);
	return true;
}

/* ---- least shares against what bounds them ---- */

/* `bound` lets so few of the items of `least` into its own top that with every place behind it the
 * share cannot be met. */
static bool check_bound(struct search *s, size_t bound, size_t least)
{
	const struct wn_rule *holds = &s->policy->rules[bound];
	size_t top = top_of(s, &s->policy->rules[least]);
	size_t beyond = top > holds->rank ? top - holds->rank : 0;
	size_t room = 0, needed;

	if (!enforced(s, least, WN_SHARE_LEAST) ||
		!covers(s, s->hits->rule[bound], s->hits->rule[least]))
		return true;
	needed = needed_by(s, least);
	if (needed <= beyond)
		return true;
	if (holds->effect == WN_SHARE_MOST)
		room = share_of_top(s, holds);
	else if (!limit_room(s, holds, least, needed - beyond, &room))
		return false;
	if (needed <= room + beyond)
		return true;
	return add(s, bound, least, s->ranked);
}

/* Two least shares alone: an item of both serves both. */
static bool too_many_of_two(const struct search *s, size_t first, size_t second)
{
	const struct wn_rule *rules = s->policy->rules;
	bool swap = rules[second].rank < rules[first].rank;
	size_t small = swap ? second : first, large = swap ? first : second;
	size_t top = top_of(s, &rules[small]);
	size_t beyond = top_of(s, &rules[large]) - top;
	size_t a = needed_by(s, small), b = needed_by(s, large), both = 0;

	/* What of the larger top must stand within the smaller one. */
	b = b > beyond ? b - beyond : 0;
	for (size_t w = 0; w < s->hits->words; w++)
		both += (size_t)__builtin_popcountll(
			s->hits->rule[first][w] & s->hits->rule[second][w] & s->ranked[w]);
	if (both > a)
		both = a;
	if (both > b)
		both = b;
	return a + b - both > top;
}

/* Places that the least shares up to `last` need within the top of `within`, when no two of them
 * share an item: `taken` has the rows of those that count. *other is the last before `last`. */
static size_t places_of_disjoint(struct search *s, size_t within, size_t last, size_t *other)
{
	size_t places = 0;

	for (size_t w = 0; w < s->hits->words; w++)
		s->taken[w] = 0;
	for (size_t step = 0; step <= last; step++) {
		/* `last` first: it must be one of them. */
		size_t r = step == 0 ? last : step - 1;

		if (!enforced(s, r, WN_SHARE_LEAST) ||
			s->policy->rules[r].rank > s->policy->rules[within].rank ||
			count_both(s, s->taken, s->hits->rule[r]) > 0)
			continue;
		for (size_t w = 0; w < s->hits->words; w++)
			s->taken[w] |= s->hits->rule[r][w] & s->ranked[w];
		places += needed_by(s, r);
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

static bool check_rule(struct search *s, size_t holds)
{
	const struct wn_rule *rules = s->policy->rules;
	bool out = takes_out(rules[holds].effect);
	bool bounds = enforced(s, holds, WN_SHARE_MOST) || enforced(s, holds, WN_LIMIT);

	for (size_t yields = 0; yields < s->policy->rule_count; yields++) {
		if (!s->hits->rule[yields])
			continue;
		if (contradicts(&rules[holds], &rules[yields]) &&
			!add(s, holds, yields, out ? s->candidates : s->ranked))
			return false;
		if (bounds && !check_bound(s, holds, yields))
			return false;
	}
	return !enforced(s, holds, WN_SHARE_LEAST) || check_least(s, holds);
}

bool wn_policy_conflicts(const struct wn_policy *policy, const struct wn_hits *hits,
	const struct wn_population *population, struct wn_conflict **out, size_t *count)
{
	struct search s = {.policy = policy, .hits = hits, .population = population};
	bool ok = search_init(&s);

	for (size_t r = 0; ok && r < policy->rule_count; r++) {
		if (hits->rule[r])
			ok = check_rule(&s, r);
	}
	free(s.candidates);
	free(s.ranked);
	free(s.taken);
	*out = ok ? s.found : NULL;
	*count = ok ? s.count : 0;
	if (!ok)
		free(s.found);
	return ok;
}

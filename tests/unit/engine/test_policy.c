/*
 * Policies: which rules are in force and timed, hits over blocks, shares as whole places, and the
 * rules that cannot both hold.
 */
#include "support.h"

#include <math.h>

#include "base/out_of_memory.h"
#include "winnow/policy.h"

#define NOW 1000.0

/* Items of one column, whose value is the row's number, in blocks. */
struct items {
	struct wn_population population;
	struct wn_rows *blocks;
	double *value, *estimate;
	uint32_t *team;
	const double **columns; /* one a block */
	uint8_t *candidate;
	int64_t *first_revision;
	unsigned char (*id)[16];
};

static void items_new(struct items *items, size_t rows, size_t block_rows)
{
	size_t blocks = (rows + block_rows - 1) / block_rows;

	*items = (struct items){
		.blocks = test_array(blocks, sizeof(struct wn_rows)),
		.value = test_array(rows, sizeof(double)),
		.estimate = test_array(rows, sizeof(double)),
		.team = test_array(rows, sizeof(uint32_t)),
		.columns = test_array(blocks, sizeof(const double *)),
		.candidate = test_array(rows, 1),
		.first_revision = test_array(rows, sizeof(int64_t)),
		.id = test_array(rows, 16),
	};
	for (size_t row = 0; row < rows; row++) {
		items->value[row] = (double)row;
		items->first_revision[row] = (int64_t)row;
	}
	memset(items->candidate, 1, rows);
	for (size_t b = 0; b < blocks; b++) {
		size_t first = b * block_rows;
		struct wn_rows *block = &items->blocks[b];

		items->columns[b] = items->value + first;
		block->rows = rows - first < block_rows ? rows - first : block_rows;
		block->columns = &items->columns[b];
		block->column_count = 1;
		block->words[WN_TEAM] = items->team + first;
		block->numbers[WN_ESTIMATE] = items->estimate + first;
	}
	items->population = (struct wn_population){.rows = rows,
		.blocks = items->blocks,
		.block_count = blocks,
		.block_rows = block_rows,
		.candidate = items->candidate,
		.first_revision = items->first_revision,
		.id = (const unsigned char(*)[16])items->id};
}

static void items_free(struct items *items)
{
	free(items->blocks);
	free(items->value);
	free(items->estimate);
	free(items->team);
	free(items->columns);
	free(items->candidate);
	free(items->first_revision);
	free(items->id);
}

/* A rule on the rows below `end`, from `first` on. */
struct span_rule {
	struct wn_test tests[3];
	double first, end;
};

static struct wn_rule rule_on(
	struct span_rule *span, enum wn_effect effect, size_t first, size_t end)
{
	span->first = (double)first;
	span->end = (double)end;
	span->tests[0] = (struct wn_test){.op = WN_ALL, .children = 2, .size = 3};
	span->tests[1] = (struct wn_test){
		.op = WN_GE, .size = 1, .of = WN_OF_FEATURE, .numbers = &span->first, .count = 1};
	span->tests[2] = (struct wn_test){
		.op = WN_LT, .size = 1, .of = WN_OF_FEATURE, .numbers = &span->end, .count = 1};
	return (struct wn_rule){.effect = effect,
		.tests = span->tests,
		.test_count = 3,
		.from_s = -INFINITY,
		.until_s = INFINITY};
}

static struct wn_rule bounded(struct wn_rule rule, uint32_t top, double most, double share)
{
	rule.rank = top;
	rule.most = most;
	rule.share = share;
	return rule;
}

struct found {
	struct wn_conflict *conflicts;
	size_t count;
};

static struct found conflicts_of(const struct wn_rule *rules, size_t count, struct items *items)
{
	struct wn_policy policy = {rules, count};
	struct found found;
	struct wn_hits hits;

	assert_true(wn_policy_apply(&policy, &items->population, NOW, &hits));
	assert_true(wn_policy_conflicts(&policy, &hits, &items->population, items->candidate,
		&found.conflicts, &found.count));
	wn_hits_release(&hits);
	return found;
}

/* How many items are concerned by `holds` against `yields`; 0: no such conflict. */
static size_t concerned(const struct wn_rule *rules, size_t count, struct items *items,
	uint32_t holds, uint32_t yields)
{
	struct found found = conflicts_of(rules, count, items);
	size_t rows = 0;

	for (size_t i = 0; i < found.count; i++) {
		if (found.conflicts[i].holds == holds && found.conflicts[i].yields == yields)
			rows = found.conflicts[i].rows;
	}
	free(found.conflicts);
	return rows;
}

static void test_force(void **state)
{
	struct span_rule span;
	struct wn_rule rule = rule_on(&span, WN_HOLD, 0, 1);

	(void)state;
	assert_true(wn_rule_in_force(&rule, NOW));
	assert_true(wn_rule_settles(&rule) == -INFINITY);
	rule.from_s = NOW;
	assert_true(wn_rule_in_force(&rule, NOW));
	assert_false(wn_rule_in_force(&rule, NOW - 1));
	assert_true(wn_rule_settles(&rule) == NOW);
	rule.until_s = NOW + 1;
	assert_true(wn_rule_settles(&rule) == NOW + 1);
	rule.from_s = -INFINITY;
	rule.until_s = NOW;
	assert_false(wn_rule_in_force(&rule, NOW));
	assert_true(wn_rule_in_force(&rule, NOW - 1));
	assert_true(wn_rule_settles(&rule) == NOW);
	/* Ages matter as long as the rule is in force. */
	span.tests[1].of = WN_OF_AGE_DAYS;
	assert_true(wn_rule_settles(&rule) == NOW);
	rule.until_s = INFINITY;
	assert_true(wn_rule_settles(&rule) == INFINITY);
	span.tests[1].of = WN_OF_DAYS_TO_DUE;
	assert_true(wn_rule_settles(&rule) == INFINITY);
	span.tests[1].of = WN_OF_DAYS_TO;
	assert_true(wn_rule_settles(&rule) == INFINITY);
	span.tests[1].of = WN_OF_NUMBER;
	assert_true(wn_rule_settles(&rule) == -INFINITY);
}

static void test_hits_over_blocks(void **state)
{
	struct span_rule spans[2];
	struct wn_rule rules[2] = {
		rule_on(&spans[0], WN_HOLD, 60, 190), rule_on(&spans[1], WN_HOLD, 0, 200)};
	struct wn_policy policy = {rules, 2};
	struct items items;
	struct wn_hits hits;

	(void)state;
	items_new(&items, 200, 64);
	rules[1].until_s = NOW - 1;
	assert_true(wn_policy_apply(&policy, &items.population, NOW, &hits));
	assert_int_equal(hits.rule_count, 2);
	assert_int_equal(hits.words, 4);
	assert_null(hits.rule[1]);
	for (size_t row = 0; row < 200; row++) {
		assert_int_equal(wn_hit(&hits, 0, row), row >= 60 && row < 190);
		assert_false(wn_hit(&hits, 1, row));
		assert_false(wn_hit(&hits, 2, row));
	}
	assert_int_equal(hits.rule[0][3] >> 8, 0);
	wn_hits_release(&hits);
	wn_hits_release(&hits);
	items_free(&items);
}

static void test_share_places(void **state)
{
	static const struct {
		double share;
		uint32_t top;
		size_t least, most;
	} cases[] = {
		{0.3, 10, 3, 3},
		{0.29, 100, 29, 29},
		{0.07, 100, 7, 7},
		{0.25, 10, 3, 2},
		{0, 10, 0, 0},
		{1, 10, 10, 10},
		{0.001, 10, 1, 0},
		{1.0 / 3, 3, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wn_rule rule = {.rank = cases[i].top, .share = cases[i].share};

		rule.effect = WN_SHARE_LEAST;
		assert_int_equal(wn_share_places(&rule), cases[i].least);
		rule.effect = WN_SHARE_MOST;
		assert_int_equal(wn_share_places(&rule), cases[i].most);
	}
}

/* Every pair of the effects that concern one item: first holds, second yields, or neither. */
static void test_pairs_on_one_item(void **state)
{
	static const bool holds_over[WN_EFFECTS][WN_EFFECTS] = {
		[WN_EXCLUDE] = {[WN_PIN_TOP] = true, [WN_AT_LEAST_BAND] = true},
		[WN_FREEZE] = {[WN_PIN_TOP] = true, [WN_AT_LEAST_BAND] = true},
		[WN_AT_MOST_BAND] = {[WN_AT_LEAST_BAND] = true},
		[WN_NOT_ABOVE] = {[WN_PIN_TOP] = true},
	};
	struct items items;

	(void)state;
	items_new(&items, 130, 64);
	items.candidate[70] = 0;
	for (enum wn_effect a = 0; a <= WN_NOT_ABOVE; a++) {
		for (enum wn_effect b = 0; b <= WN_NOT_ABOVE; b++) {
			struct span_rule spans[2];
			struct wn_rule rules[2] = {
				rule_on(&spans[0], a, 10, 80), rule_on(&spans[1], b, 60, 130)};

			for (size_t i = 0; i < 2; i++) {
				rules[i].rank = 3;
				rules[i].band = rules[i].effect == WN_AT_MOST_BAND;
			}
			/* Rows 60 … 79 but the one that is done. */
			assert_int_equal(
				concerned(rules, 2, &items, 0, 1), holds_over[a][b] ? 19 : 0);
			assert_int_equal(
				concerned(rules, 2, &items, 1, 0), holds_over[b][a] ? 19 : 0);
		}
	}
	items_free(&items);
}

static void test_bands_that_fit(void **state)
{
	struct span_rule spans[3];
	struct wn_rule rules[3] = {rule_on(&spans[0], WN_AT_LEAST_BAND, 0, 10),
		rule_on(&spans[1], WN_AT_MOST_BAND, 0, 10), rule_on(&spans[2], WN_EXCLUDE, 4, 10)};
	struct items items;

	(void)state;
	items_new(&items, 20, 20);
	rules[0].band = rules[1].band = 1;
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 0);
	rules[0].band = 2;
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 0);
	rules[0].band = 0;
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 10);
	/* What is out of the ranking has no band to be at odds about. */
	assert_int_equal(concerned(rules, 3, &items, 1, 0), 4);
	assert_int_equal(concerned(rules, 3, &items, 2, 0), 6);
	items_free(&items);
}

static void test_examples_and_order(void **state)
{
	struct span_rule spans[3];
	struct wn_rule rules[3] = {rule_on(&spans[0], WN_PIN_TOP, 5, 60),
		rule_on(&spans[1], WN_EXCLUDE, 7, 50), rule_on(&spans[2], WN_FREEZE, 0, 8)};
	struct items items;
	struct found found, again;

	(void)state;
	items_new(&items, 64, 64);
	found = conflicts_of(rules, 3, &items);
	again = conflicts_of(rules, 3, &items);
	assert_int_equal(found.count, 2);
	assert_int_equal(again.count, 2);
	assert_memory_equal(found.conflicts, again.conflicts, 2 * sizeof(*found.conflicts));
	assert_int_equal(found.conflicts[0].holds, 1);
	assert_int_equal(found.conflicts[0].yields, 0);
	assert_int_equal(found.conflicts[0].rows, 43);
	for (uint32_t i = 0; i < WN_CONFLICT_ROWS; i++)
		assert_int_equal(found.conflicts[0].examples[i], 7 + i);
	assert_int_equal(found.conflicts[1].holds, 2);
	assert_int_equal(found.conflicts[1].rows, 3);
	assert_int_equal(found.conflicts[1].examples[2], 7);
	assert_int_equal(found.conflicts[1].examples[3], 0);
	free(found.conflicts);
	free(again.conflicts);
	items_free(&items);
}

/* The examples are those that were stored first, wherever their rows are. */
static void test_oldest_examples(void **state)
{
	uint64_t seed = test_seed();
	struct span_rule spans[2];
	struct wn_rule rules[2] = {
		rule_on(&spans[0], WN_PIN_TOP, 0, 300), rule_on(&spans[1], WN_EXCLUDE, 0, 300)};
	struct items items;
	struct found found;

	(void)state;
	items_new(&items, 300, 64);
	for (size_t row = 0; row < 300; row++)
		items.first_revision[row] = (int64_t)test_below(&seed, 90);
	for (size_t row = 300; row-- > 1;) {
		size_t other = test_below(&seed, row);

		items.id[row][15] = (unsigned char)row;
		items.id[row][14] = (unsigned char)other;
	}
	found = conflicts_of(rules, 2, &items);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.conflicts[0].rows, 300);
	for (uint32_t row = 0; row < 300; row++) {
		size_t older = 0, place = WN_CONFLICT_ROWS;

		for (size_t other = 0; other < 300; other++) {
			int64_t a = items.first_revision[other], b = items.first_revision[row];

			older +=
				a < b || (a == b && memcmp(items.id[other], items.id[row], 16) < 0);
		}
		for (size_t i = 0; i < WN_CONFLICT_ROWS; i++)
			place = found.conflicts[0].examples[i] == row ? i : place;
		assert_int_equal(place, older < WN_CONFLICT_ROWS ? older : WN_CONFLICT_ROWS);
	}
	free(found.conflicts);
	items_free(&items);
}

/* No item of a share is in the top above a rank. */
static void test_least_against_not_above(void **state)
{
	struct span_rule spans[2];
	struct wn_rule rules[2] = {rule_on(&spans[0], WN_NOT_ABOVE, 0, 50),
		bounded(rule_on(&spans[1], WN_SHARE_LEAST, 0, 40), 10, 0, 0.5)};
	struct items items;

	(void)state;
	items_new(&items, 100, 64);
	rules[0].rank = 11;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 40);
	rules[0].rank = 6; /* from 6 to 10 there are five places */
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	rules[0].rank = 7;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 40);
	spans[0].end = 39; /* one is free, but needs no more than its own place */
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	items_free(&items);
}

/* What a limit has no room for, even alone, cannot be pinned to its top. */
static void test_pins_against_bounds(void **state)
{
	struct span_rule spans[2];
	struct wn_rule rules[2] = {bounded(rule_on(&spans[0], WN_LIMIT, 10, 60), 5, 0, 0),
		rule_on(&spans[1], WN_PIN_TOP, 50, 70)};
	struct items items;

	(void)state;
	items_new(&items, 100, 64);
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 10);
	rules[0].warn = true;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	rules[0].warn = false;
	rules[0].most = 1;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	/* In no team, and free. */
	rules[0].most = 0;
	rules[0].per = WN_PER_TEAM;
	items.team[52] = 3;
	items.team[70] = 3;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 1);
	/* By days; those that are unknown or negative are none. */
	rules[0].per = WN_PER_WORKSPACE;
	rules[0].by_estimate = true;
	rules[0].most = 2;
	items.estimate[53] = 3;
	items.estimate[54] = 2;
	items.estimate[55] = NAN;
	items.estimate[56] = -4;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 1);
	rules[0].most = 0;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 2);
	rules[0] = bounded(rule_on(&spans[0], WN_SHARE_MOST, 10, 60), 5, 0, 0.19);
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 10);
	rules[0].share = 0.2;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	items_free(&items);
}

/* Sums that are equal but for rounding fit, whatever the order of the rows. */
static void test_sums_in_any_order(void **state)
{
	static const double days[6][3] = {{0.1, 0.2, 0.3}, {0.1, 0.3, 0.2}, {0.2, 0.1, 0.3},
		{0.2, 0.3, 0.1}, {0.3, 0.1, 0.2}, {0.3, 0.2, 0.1}};
	struct span_rule spans[2];
	struct wn_rule rules[2] = {bounded(rule_on(&spans[0], WN_LIMIT, 0, 3), 10, 0.6, 0),
		bounded(rule_on(&spans[1], WN_SHARE_LEAST, 0, 3), 10, 0, 0.3)};
	struct items items;

	(void)state;
	items_new(&items, 20, 64);
	rules[0].by_estimate = true;
	for (size_t i = 0; i < 6; i++) {
		memcpy(items.estimate, days[i], sizeof(days[i]));
		rules[0].most = 0.6;
		assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
		rules[0].most = 0.59;
		assert_int_equal(concerned(rules, 2, &items, 0, 1), 3);
		/* A negative estimate makes no room for the others. */
		items.estimate[i % 3] = -1;
		rules[0].most = 0.1;
		assert_int_equal(concerned(rules, 2, &items, 0, 1), 3);
	}
	items_free(&items);
}

static void test_least_against_most_share(void **state)
{
	struct span_rule spans[2];
	struct wn_rule rules[2] = {bounded(rule_on(&spans[0], WN_SHARE_LEAST, 10, 30), 10, 0, 0.5),
		bounded(rule_on(&spans[1], WN_SHARE_MOST, 10, 40), 10, 0, 0.4)};
	struct items items;

	(void)state;
	items_new(&items, 100, 64);
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 20);
	rules[1].share = 0.5;
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 0);
	/* Not all of its items are bound. */
	rules[1].share = 0.4;
	spans[1].end = 29;
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 0);
	spans[1].end = 40;
	/* The smaller top is bound, and there is room behind it. */
	rules[1].rank = 8; /* 3 places, and 2 behind */
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 0);
	rules[1].share = 0.3; /* 2, and 2 behind */
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 20);
	/* Who only warns leaves a way. */
	rules[1].warn = true;
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 0);
	rules[1].warn = false;
	/* A share of few items needs few places. */
	spans[0].first = 26;
	assert_int_equal(concerned(rules, 2, &items, 1, 0), 0);
	items_free(&items);
}

/* A share of the top is one of the items that there are, when they are fewer than K. */
static void test_share_of_a_short_top(void **state)
{
	struct span_rule spans[2];
	struct wn_rule rules[2] = {bounded(rule_on(&spans[0], WN_LIMIT, 0, 8), 10, 4, 0),
		bounded(rule_on(&spans[1], WN_SHARE_LEAST, 0, 8), 10, 0, 0.5)};
	struct items items;

	(void)state;
	items_new(&items, 9, 64);
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 8); /* 5 of 9 */
	items.candidate[8] = 0;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0); /* 4 of 8 */
	items_free(&items);
}

static void test_least_against_limit(void **state)
{
	struct span_rule spans[2];
	struct wn_rule rules[2] = {bounded(rule_on(&spans[0], WN_LIMIT, 0, 100), 10, 4, 0),
		bounded(rule_on(&spans[1], WN_SHARE_LEAST, 0, 20), 10, 0, 0.5)};
	struct items items;

	(void)state;
	items_new(&items, 100, 64);
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 20);
	rules[0].most = 5;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	/* By team: two teams of 8 items, 4 items of none. */
	for (uint32_t row = 0; row < 16; row++)
		items.team[row] = 1 + row % 2;
	rules[0].per = WN_PER_TEAM;
	rules[0].most = 1;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0); /* 1 + 1 + 4 */
	rules[0].most = 0;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 20); /* 4 */
	/* By days: one is unknown and counts nothing, the small ones go in first. */
	rules[0].per = WN_PER_WORKSPACE;
	rules[0].by_estimate = true;
	for (size_t row = 0; row < 20; row++)
		items.estimate[row] = (double)(20 - row);
	items.estimate[3] = NAN;
	rules[0].most = 10; /* 0 + 1 + 2 + 3 + 4 */
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	rules[0].most = 9;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 20);
	items_free(&items);
}

enum { FEW = 10 };

/* The most of the first items that a limit lets in, by trying every choice. */
static size_t most_by_trying(const struct items *items, const struct wn_rule *limit)
{
	size_t most = 0;

	for (unsigned choice = 0; choice < 1U << FEW; choice++) {
		double sums[4] = {0};
		size_t size = 0;
		bool fits = true;

		for (size_t row = 0; row < FEW; row++) {
			uint32_t group = limit->per == WN_PER_TEAM ? items->team[row] : 1;

			if (!(choice >> row & 1))
				continue;
			size++;
			if (group == WN_NO_SYMBOL)
				continue;
			sums[group] += !limit->by_estimate        ? 1
				       : items->estimate[row] > 0 ? items->estimate[row]
								  : 0;
			fits = fits && sums[group] <= limit->most;
		}
		if (fits && size > most)
			most = size;
	}
	return most;
}

static void test_limits_by_trying(void **state)
{
	uint64_t seed = test_seed();
	struct items items;
	size_t conflicts = 0;

	(void)state;
	items_new(&items, 40, 40);
	for (size_t round = 0; round < 400; round++) {
		struct span_rule spans[2];
		uint32_t needed = 1 + (uint32_t)test_below(&seed, FEW);
		struct wn_rule rules[2] = {bounded(rule_on(&spans[0], WN_LIMIT, 0, FEW), 30,
						   (double)test_below(&seed, 7), 0),
			bounded(rule_on(&spans[1], WN_SHARE_LEAST, 0, FEW), needed, 0, 1)};
		size_t rows;

		rules[0].per = test_below(&seed, 2) ? WN_PER_TEAM : WN_PER_WORKSPACE;
		rules[0].by_estimate = test_below(&seed, 2);
		for (size_t row = 0; row < FEW; row++) {
			items.team[row] = (uint32_t)test_below(&seed, 4);
			items.estimate[row] =
				test_below(&seed, 5) == 0 ? NAN : (double)test_below(&seed, 6) - 1;
		}
		rows = concerned(rules, 2, &items, 0, 1);
		assert_int_equal(rows, needed > most_by_trying(&items, &rules[0]) ? FEW : 0);
		conflicts += rows > 0;
	}
	assert_in_range(conflicts, 20, 380);
	items_free(&items);
}

static void test_least_shares_among_themselves(void **state)
{
	struct span_rule spans[3];
	struct wn_rule rules[3] = {bounded(rule_on(&spans[0], WN_SHARE_LEAST, 0, 40), 10, 0, 0.6),
		bounded(rule_on(&spans[1], WN_SHARE_LEAST, 40, 80), 10, 0, 0.4),
		bounded(rule_on(&spans[2], WN_SHARE_LEAST, 80, 100), 10, 0, 0.1)};
	struct items items;

	(void)state;
	items_new(&items, 100, 64);
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	/* No two of the three are too many, but all are; the last yields. */
	assert_int_equal(concerned(rules, 3, &items, 1, 2), 20);
	assert_int_equal(concerned(rules, 3, &items, 0, 1), 0);
	rules[1].share = 0.5;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 40);
	/* Items of both serve both. */
	spans[1].first = 39;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	spans[1].first = 40;
	/* A larger top has places behind the smaller one. */
	rules[1].rank = 20;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0);
	rules[1].share = 0.75;
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 40);
	/* There are fewer places than K when there are fewer items. */
	rules[1] = bounded(rule_on(&spans[1], WN_SHARE_LEAST, 40, 80), 10, 0, 0.4);
	memset(items.candidate + 4, 0, 36);
	memset(items.candidate + 46, 0, 54);
	assert_int_equal(concerned(rules, 2, &items, 0, 1), 0); /* 4 + 4 of 10 */
	items_free(&items);
}

static void test_out_of_memory(void **state)
{
	struct span_rule spans[4];
	struct wn_rule rules[4] = {rule_on(&spans[0], WN_PIN_TOP, 0, 60),
		rule_on(&spans[1], WN_EXCLUDE, 30, 60),
		bounded(rule_on(&spans[2], WN_LIMIT, 0, 100), 10, 1, 0),
		bounded(rule_on(&spans[3], WN_SHARE_LEAST, 0, 20), 10, 0, 0.5)};
	struct wn_policy policy = {rules, 4};
	struct items items;
	long n;

	(void)state;
	items_new(&items, 100, 64);
	rules[2].per = WN_PER_TEAM;
	for (size_t row = 0; row < 100; row++)
		items.team[row] = 1;
	for (n = 0;; n++) {
		struct wn_conflict *conflicts = NULL;
		size_t count = 0;
		struct wn_hits hits;
		bool applied, searched = false;

		oom_begin(n);
		applied = wn_policy_apply(&policy, &items.population, NOW, &hits);
		if (applied)
			searched = wn_policy_conflicts(&policy, &hits, &items.population,
				items.candidate, &conflicts, &count);
		if (!oom_end()) {
			assert_true(applied && searched);
			assert_int_equal(count, 2);
			free(conflicts);
			wn_hits_release(&hits);
			break;
		}
		assert_false(searched);
		assert_null(conflicts);
		assert_int_equal(count, 0);
		wn_hits_release(&hits);
	}
#ifndef OOM_OFF
	assert_true(n >= 10);
#endif
	items_free(&items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_force),
		cmocka_unit_test(test_hits_over_blocks),
		cmocka_unit_test(test_share_places),
		cmocka_unit_test(test_pairs_on_one_item),
		cmocka_unit_test(test_bands_that_fit),
		cmocka_unit_test(test_examples_and_order),
		cmocka_unit_test(test_oldest_examples),
		cmocka_unit_test(test_least_against_not_above),
		cmocka_unit_test(test_pins_against_bounds),
		cmocka_unit_test(test_sums_in_any_order),
		cmocka_unit_test(test_least_against_most_share),
		cmocka_unit_test(test_share_of_a_short_top),
		cmocka_unit_test(test_least_against_limit),
		cmocka_unit_test(test_limits_by_trying),
		cmocka_unit_test(test_least_shares_among_themselves),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("engine/policy", tests, NULL, NULL);
}

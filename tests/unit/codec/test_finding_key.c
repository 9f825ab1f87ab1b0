/*
 * Findings from one look to the next: what opened, what closed, and what is told later or not at all.
 */
#include "codec/catalog_support.h"

#include "codec/finding_key.h"

enum { ALL = (1 << FINDING_KINDS) - 1, MANY = 3000 };

/* A key as text: kind, item, stream, name, other; "-" is absent. */
struct word_key {
	enum finding_kind kind;
	unsigned char item;
	const char *stream, *name, *other;
};

static struct str word(const char *text)
{
	return text ? str_from(text) : STR_NONE;
}

static struct finding_key make(const struct word_key *key)
{
	return (struct finding_key){
		.kind = key->kind,
		.item = {{key->item}},
		.stream = word(key->stream),
		.name = word(key->name),
		.other = word(key->other),
	};
}

#define OVERDUE(n)                                                                                 \
	{                                                                                          \
		FOUND_OVERDUE, n, NULL, NULL, NULL                                                 \
	}
#define LANE(name)                                                                                 \
	{                                                                                          \
		FOUND_LANE_OVER, 0, name, NULL, NULL                                               \
	}
#define RULES(a, b)                                                                                \
	{                                                                                          \
		FOUND_CONTRADICTION, 0, NULL, a, b                                                 \
	}
#define BIT(kind) FINDING_BIT(FOUND_##kind)

/* Places of what opens and closes; a list ends with -1. */
static const struct {
	const char *what;
	struct word_key seen[5];
	size_t seen_count;
	struct word_key open[5];
	size_t open_count;
	uint32_t looked, asked;
	int opened[5], closed[5];
} cases[] = {
	{"nothing", {OVERDUE(0)}, 0, {OVERDUE(0)}, 0, ALL, ALL, {-1}, {-1}},
	{"one appears", {OVERDUE(1), OVERDUE(2)}, 2, {OVERDUE(1)}, 1, ALL, ALL, {1, -1}, {-1}},
	{"one is gone", {OVERDUE(2)}, 1, {OVERDUE(1), OVERDUE(2)}, 2, ALL, ALL, {-1}, {0, -1}},
	{"one goes, another comes", {OVERDUE(3)}, 1, {OVERDUE(1)}, 1, ALL, ALL, {0, -1}, {0, -1}},
	{"one that goes on is not told again", {LANE("a")}, 1, {LANE("a")}, 1, ALL, ALL, {-1},
		{-1}},
	{"twice the same is told once", {OVERDUE(1), LANE("a"), OVERDUE(1)}, 3, {OVERDUE(9)}, 0,
		ALL, ALL, {0, 1, -1}, {-1}},
	{"streams are different findings", {LANE("a"), LANE("b")}, 2, {LANE("b")}, 1, ALL, ALL,
		{0, -1}, {-1}},
	{"so are rules, in their order", {RULES("a", "b"), RULES("b", "a")}, 2, {RULES("a", "b")},
		1, ALL, ALL, {1, -1}, {-1}},
	{"a kind that was not looked at stays", {OVERDUE(2)}, 1, {LANE("a"), OVERDUE(1)}, 2,
		BIT(OVERDUE), ALL, {0, -1}, {1, -1}},
	{"a kind that is not asked for ends, and does not open", {OVERDUE(2), LANE("b")}, 2,
		{LANE("a"), OVERDUE(2)}, 2, BIT(OVERDUE), BIT(LANE_OVER), {1, -1}, {1, -1}},
	{"nothing is asked for any more", {OVERDUE(1)}, 0, {LANE("a"), OVERDUE(1)}, 2, 0, 0, {-1},
		{0, 1, -1}},
};

static void assert_places(const size_t *places, size_t count, const int *expected)
{
	size_t n = 0;

	for (; expected[n] >= 0; n++) {
		assert_true(n < count);
		assert_int_equal(places[n], expected[n]);
	}
	assert_int_equal(count, n);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct finding_key seen[5], open[5];
		const struct finding_look look = {seen, cases[i].seen_count, open,
			cases[i].open_count, cases[i].looked, 0, cases[i].asked};
		struct finding_difference difference;
		struct arena arena;

		for (size_t k = 0; k < look.seen_count; k++)
			seen[k] = make(&cases[i].seen[k]);
		for (size_t k = 0; k < look.open_count; k++)
			open[k] = make(&cases[i].open[k]);
		arena_init(&arena, 1 << 20);
		print_message("%s\n", cases[i].what);
		assert_true(finding_differ(&look, &arena, &difference));
		assert_places(difference.opened, difference.opened_count, cases[i].opened);
		assert_places(difference.closed, difference.closed_count, cases[i].closed);
		arena_release(&arena);
	}
}

static void of_a_kind_that_is_cut_nothing_is_gone(void **state)
{
	const struct finding_key seen[] = {{.kind = FOUND_STALE, .item = {{1}}}};
	const struct finding_key open[] = {{.kind = FOUND_STALE, .item = {{2}}},
		{.kind = FOUND_LANE_OVER, .stream = STR("a")},
		{.kind = FOUND_OVERDUE, .item = {{2}}}};
	struct finding_look look = {
		.seen = seen,
		.seen_count = 1,
		.open = open,
		.open_count = 3,
		.looked = ALL,
		.cut = BIT(STALE),
		.asked = ALL & ~BIT(OVERDUE),
	};
	struct finding_difference difference;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_true(finding_differ(&look, &arena, &difference));
	assert_places(difference.opened, difference.opened_count, (int[]){0, -1});
	assert_places(difference.closed, difference.closed_count, (int[]){1, 2, -1});
	look.asked = 0;
	assert_true(finding_differ(&look, &arena, &difference));
	assert_places(difference.closed, difference.closed_count, (int[]){0, 1, 2, -1});
	arena_release(&arena);
}

static void fill(struct finding_key *keys, enum finding_kind kind, unsigned from)
{
	for (unsigned i = 0; i < MANY; i++) {
		unsigned n = from + i;

		keys[i] = (struct finding_key){
			.kind = kind, .item = {{1, (unsigned char)(n >> 8), (unsigned char)n}}};
	}
}

/* What is open after a turn: all that was and did not close, and what opened. */
static size_t turn(const struct finding_key *seen, struct finding_key *open, size_t open_count)
{
	const struct finding_look look = {seen, MANY, open, open_count, ALL, 0, ALL};
	struct finding_difference difference;
	struct arena arena;
	size_t left = 0, gone = 0;

	arena_init(&arena, 4 << 20);
	assert_true(finding_differ(&look, &arena, &difference));
	assert_true(difference.opened_count + difference.closed_count <= FINDINGS_TURN_MOST);
	for (size_t i = 0; i < open_count; i++) {
		if (gone < difference.closed_count && difference.closed[gone] == i)
			gone++;
		else
			open[left++] = open[i];
	}
	assert_int_equal(gone, difference.closed_count);
	for (size_t i = 0; i < difference.opened_count; i++)
		open[left++] = seen[difference.opened[i]];
	arena_release(&arena);
	return left;
}

static void test_many(void **state)
{
	static struct finding_key seen[MANY], open[2 * MANY];
	size_t count = 0;

	(void)state;
	fill(seen, FOUND_OVERDUE, 0);
	count = turn(seen, open, count);
	assert_int_equal(count, FINDINGS_OPEN_MOST);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(
			finding_key_cmp(&open[i], &seen[i]), 0); /* the first of the list */
	/* The same again tells nothing. */
	assert_int_equal(turn(seen, open, count), count);
	/* Another thousand instead: first those that are gone, then those that came. */
	fill(seen, FOUND_OVERDUE, MANY);
	count = turn(seen, open, count);
	assert_int_equal(count, 0);
	count = turn(seen, open, count);
	assert_int_equal(count, FINDINGS_OPEN_MOST);
	assert_int_equal(finding_key_cmp(&open[0], &seen[0]), 0);
	/* Another order of the same, and an open one is still there. */
	for (size_t i = 0; i < MANY / 2; i++) {
		struct finding_key key = seen[i];

		seen[i] = seen[MANY - 1 - i];
		seen[MANY - 1 - i] = key;
	}
	assert_int_equal(turn(seen, open, count), count);
	assert_int_equal(finding_key_cmp(&open[0], &seen[MANY - 1]), 0);
}

static void test_names(void **state)
{
	enum finding_kind kind;

	(void)state;
	for (int i = 0; i < FINDING_KINDS; i++) {
		assert_true(finding_kind_from_name(
			str_from(finding_kind_name((enum finding_kind)i)), &kind));
		assert_int_equal(kind, i);
	}
	assert_false(finding_kind_from_name(STR("overdue"), &kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(of_a_kind_that_is_cut_nothing_is_gone),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Rank intervals, against every assignment of scores that the intervals allow, and against
 * themselves one by one.
 */
#include "rows_table.h"

#include "winnow/ranges.h"

enum { FEW = 6, GRID = 3, MANY = 700 };

struct intervals {
	size_t rows;
	uint8_t candidate[MANY];
	double lowest[MANY], highest[MANY];
	int64_t first_revision[MANY];
	unsigned char id[MANY][16];
	struct wn_range_input input;
};

/* Few values, so that ends meet; ids and revisions in no order. */
static void random_intervals(struct intervals *s, size_t rows, uint64_t *random)
{
	memset(s, 0, sizeof(*s));
	s->rows = rows;
	for (size_t row = 0; row < rows; row++) {
		uint64_t number = row * 7919 % rows;

		s->candidate[row] = test_below(random, 6) != 0;
		s->lowest[row] = (double)test_below(random, 6) - 2;
		s->highest[row] = s->lowest[row] + (double)test_below(random, 4);
		if (s->lowest[row] == 0 && test_below(random, 2))
			s->lowest[row] = -0.0;
		if (test_below(random, 7) == 0)
			s->lowest[row] = s->highest[row] = NAN;
		s->first_revision[row] = (int64_t)test_below(random, 3);
		memcpy(s->id[row], &number, sizeof(number));
	}
	s->input = (struct wn_range_input){.rows = rows,
		.candidate = s->candidate,
		.lowest = s->lowest,
		.highest = s->highest,
		.first_revision = s->first_revision,
		.id = (const unsigned char(*)[16])s->id};
}

static bool stands_before(const struct intervals *s, size_t a, double x, size_t b, double y)
{
	if (isnan(x) != isnan(y))
		return isnan(y);
	if (x != y && !isnan(x))
		return x > y;
	if (s->first_revision[a] != s->first_revision[b])
		return s->first_revision[a] < s->first_revision[b];
	return memcmp(s->id[a], s->id[b], 16) < 0;
}

/* The rank of each row under one assignment widens what was found so far. */
static void note_ranks(
	const struct intervals *s, const double *score, uint32_t *best, uint32_t *worst)
{
	for (size_t row = 0; row < s->rows; row++) {
		uint32_t rank = 1;

		if (!s->candidate[row])
			continue;
		for (size_t other = 0; other < s->rows; other++)
			rank += s->candidate[other] && other != row &&
				stands_before(s, other, score[other], row, score[row]);
		best[row] = rank < best[row] ? rank : best[row];
		worst[row] = rank > worst[row] ? rank : worst[row];
	}
}

static void test_all_assignments(void **state)
{
	static const double places[GRID] = {0, 0.5, 1};
	static struct intervals s;
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 400; round++) {
		uint32_t best[FEW], worst[FEW], expected_best[FEW], expected_worst[FEW];
		size_t rows = 1 + test_below(&random, FEW), assignments = 1;

		random_intervals(&s, rows, &random);
		for (size_t row = 0; row < rows; row++) {
			expected_best[row] = s.candidate[row] ? UINT32_MAX : 0;
			expected_worst[row] = 0;
			assignments *= GRID;
		}
		for (size_t code = 0; code < assignments; code++) {
			double score[FEW];
			size_t left = code;

			for (size_t row = 0; row < rows; row++, left /= GRID)
				score[row] = s.lowest[row] +
					     places[left % GRID] * (s.highest[row] - s.lowest[row]);
			note_ranks(&s, score, expected_best, expected_worst);
		}
		assert_true(wn_rank_ranges(&s.input, best, worst));
		for (size_t row = 0; row < rows; row++) {
			assert_int_equal(best[row], expected_best[row]);
			assert_int_equal(worst[row], expected_worst[row]);
		}
	}
}

static void test_one_by_one(void **state)
{
	static struct intervals s;
	static uint32_t best[MANY], worst[MANY];
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		random_intervals(&s, MANY - test_below(&random, 50), &random);
		assert_true(wn_rank_ranges(&s.input, best, worst));
		for (uint32_t row = 0; row < s.rows; row++) {
			uint32_t own_best, own_worst;

			wn_rank_range_of(&s.input, row, &own_best, &own_worst);
			assert_int_equal(own_best, best[row]);
			assert_int_equal(own_worst, worst[row]);
			assert_true(best[row] <= worst[row]);
		}
	}
}

static void test_no_rows(void **state)
{
	struct wn_range_input input = {.rows = 0};
	uint32_t best = 7, worst = 7;

	(void)state;
	assert_true(wn_rank_ranges(&input, &best, &worst));
	assert_true(best == 7 && worst == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_assignments),
		cmocka_unit_test(test_one_by_one),
		cmocka_unit_test(test_no_rows),
	};

	return cmocka_run_group_tests_name("engine/ranges", tests, NULL, NULL);
}

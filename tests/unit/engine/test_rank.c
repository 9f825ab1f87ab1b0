/*
 * The order: by preference alone, and what a ranking promises whatever the input.
 */
#include "backlog.h"

#include <float.h>
#include <math.h>

static const struct backlog *sorted_backlog; /* for qsort */

static int compare_rows(const void *a, const void *b)
{
	return naive_compare(sorted_backlog, *(const uint32_t *)a, *(const uint32_t *)b);
}

static void check_permutation(const struct backlog *b, const struct wn_ranking *ranking)
{
	size_t candidates = 0;

	for (size_t row = 0; row < b->rows; row++) {
		candidates += b->candidate[row];
		if (!b->candidate[row]) {
			assert_int_equal(ranking->rank[row], 0);
			continue;
		}
		assert_in_range(ranking->rank[row], 1, ranking->count);
		assert_int_equal(ranking->order[ranking->rank[row] - 1], row);
	}
	assert_int_equal(ranking->count, candidates);
}

/* Against qsort with the naive comparison. */
static void check_sorted(const struct backlog *b)
{
	struct wn_ranking ranking = backlog_rank(b);
	uint32_t *expected = test_array(b->rows, sizeof(*expected));
	size_t count = 0;

	for (uint32_t row = 0; row < b->rows; row++) {
		if (b->candidate[row])
			expected[count++] = row;
	}
	sorted_backlog = b;
	qsort(expected, count, sizeof(*expected), compare_rows);
	check_permutation(b, &ranking);
	assert_memory_equal(ranking.order, expected, count * sizeof(*expected));
	assert_null(ranking.carries);
	assert_null(ranking.cycle);
	assert_int_equal(ranking.cycle_count, 0);
	free(expected);
	wn_ranking_release(&ranking);
	assert_null(ranking.order);
}

/* Scores of many shapes: smooth, few, clustered far from an outlier, every special one. */
static double random_score(uint64_t *random, size_t shape)
{
	static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 4.9e-324, -4.9e-324,
		DBL_MAX, -DBL_MAX, DBL_MIN, 1.0, 1.0 + DBL_EPSILON};
	union {
		uint64_t bits;
		double value;
	} any;

	switch (shape) {
	case 0: return test_unit(random) * 24;
	case 1: return (double)test_below(random, 17) + 8;
	case 2: return test_below(random, 500) ? 1 + test_unit(random) * 1e-9 : -1e300;
	case 3: return special[test_below(random, sizeof(special) / sizeof(special[0]))];
	case 4: return 7;
	default: any.bits = test_random(random); return any.value;
	}
}

static int64_t random_revision(uint64_t *random, size_t shape)
{
	switch (shape) {
	case 0: return 1;
	case 1: return (int64_t)test_below(random, 5);
	case 2: return test_below(random, 2) ? INT64_MAX : INT64_MIN;
	default: return (int64_t)test_random(random);
	}
}

static void fill_random(struct backlog *b, uint64_t *random)
{
	size_t score_shape = test_below(random, 6), revision_shape = test_below(random, 4);
	size_t bands = 1 + test_below(random, 4), absent = test_below(random, 3);
	bool same_start = test_below(random, 2);

	for (size_t row = 0; row < b->rows; row++) {
		b->score[row] = random_score(random, score_shape);
		b->first_revision[row] = random_revision(random, revision_shape);
		b->band[row] = (uint8_t)test_below(random, bands);
		if (test_below(random, 10) == 0)
			b->band[row] = WN_BAND_NONE;
		b->candidate[row] = absent == 0 || test_below(random, 4) != 0;
		backlog_set_id(b, row, row + 1);
		if (same_start) /* of the ids, so that the second half decides */
			memset(b->id[row], 7, 8);
	}
}

static void test_sort_random(void **state)
{
	static const size_t most[] = {3, 30, 300, 3000, 30000};
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 300; round++) {
		struct backlog b = backlog_new(test_below(&random, most[round % 5]), 0);

		fill_random(&b, &random);
		check_sorted(&b);
		backlog_free(&b);
	}
}

static void test_few_rows(void **state)
{
	struct wn_rank_input nothing = {0};
	struct wn_ranking ranking;
	struct backlog b = backlog_new(1, 1);

	(void)state;
	assert_true(wn_rank(&nothing, &ranking));
	assert_int_equal(ranking.count, 0);
	wn_ranking_release(&ranking);

	check_sorted(&(struct backlog){.rows = 1,
		.candidate = b.candidate,
		.band = b.band,
		.score = b.score,
		.first_revision = b.first_revision,
		.id = b.id});
	ranking = backlog_rank(&b); /* the edge is from row 0 to itself */
	assert_int_equal(ranking.count, 1);
	assert_int_equal(ranking.rank[0], 1);
	assert_null(ranking.carries);
	assert_int_equal(ranking.cycle_count, 1);
	assert_int_equal(ranking.cycle[0], 1);
	wn_ranking_release(&ranking);

	b.candidate[0] = 0;
	ranking = backlog_rank(&b);
	assert_int_equal(ranking.count, 0);
	assert_int_equal(ranking.rank[0], 0);
	assert_null(ranking.cycle);
	wn_ranking_release(&ranking);
	backlog_free(&b);
}

static void test_unscored_are_last(void **state)
{
	static const double score[] = {NAN, -INFINITY, 5, NAN, INFINITY, -0.0, 0.0};
	static const uint8_t band[] = {WN_BAND_NONE, 2, 1, 2, WN_BAND_NONE, 2, 2};
	static const uint32_t expected[] = {2, 6, 5, 1, 3, 4, 0};
	struct backlog b = backlog_new(7, 0);
	struct wn_ranking ranking;

	(void)state;
	for (size_t row = 0; row < 7; row++) {
		b.score[row] = score[row];
		b.band[row] = band[row];
		b.first_revision[row] = 7 - (int64_t)row;
	}
	ranking = backlog_rank(&b);
	assert_memory_equal(ranking.order, expected, sizeof(expected));
	wn_ranking_release(&ranking);
	backlog_free(&b);
}

/* Edges to rows that do not exist say nothing. */
static void test_stray_edges(void **state)
{
	struct backlog b = backlog_new(2, 3);
	struct wn_ranking ranking;

	(void)state;
	b.score[0] = 1;
	b.edges[0] = (struct wn_edge){.blocked = 0, .blocker = WN_ROW_NONE};
	b.edges[1] = (struct wn_edge){.blocked = 2, .blocker = 0};
	b.edges[2] = (struct wn_edge){.blocked = 1, .blocker = 0};
	ranking = backlog_rank(&b);
	assert_int_equal(ranking.order[0], 0);
	assert_null(ranking.carries);
	wn_ranking_release(&ranking);
	backlog_free(&b);
}

static void fill_edges(struct backlog *b, uint64_t *random)
{
	for (size_t i = 0; i < b->edge_count; i++) {
		b->edges[i].blocked = (uint32_t)test_below(random, b->rows);
		b->edges[i].blocker = (uint32_t)test_below(random, b->rows);
	}
}

/* The same items in other rows; new_row[row] says where a row went. */
static struct backlog shuffled(const struct backlog *b, uint64_t *random, uint32_t *new_row)
{
	struct backlog other = backlog_new(b->rows, b->edge_count);

	for (uint32_t i = 0; i < b->rows; i++) {
		size_t j = test_below(random, i + 1);

		new_row[i] = new_row[j];
		new_row[j] = i;
	}
	for (size_t i = 0; i < b->rows; i++) {
		other.candidate[new_row[i]] = b->candidate[i];
		other.band[new_row[i]] = b->band[i];
		other.score[new_row[i]] = b->score[i];
		other.first_revision[new_row[i]] = b->first_revision[i];
		memcpy(other.id[new_row[i]], b->id[i], 16);
	}
	for (size_t i = 0; i < b->edge_count; i++) {
		size_t j = test_below(random, i + 1);

		other.edges[i] = other.edges[j];
		other.edges[j].blocked = new_row[b->edges[i].blocked];
		other.edges[j].blocker = new_row[b->edges[i].blocker];
	}
	return other;
}

static void test_rows_do_not_matter(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 300; round++) {
		size_t rows = 1 + test_below(&random, 400);
		struct backlog a = backlog_new(rows, test_below(&random, rows));
		uint32_t *new_row = test_array(rows, sizeof(*new_row));

		fill_random(&a, &random);
		fill_edges(&a, &random);

		struct backlog b = shuffled(&a, &random, new_row);
		struct wn_ranking of_a = backlog_rank(&a), of_b = backlog_rank(&b);

		check_permutation(&a, &of_a);
		assert_int_equal(of_a.count, of_b.count);
		assert_int_equal(of_a.cycle_count, of_b.cycle_count);
		assert_true(!of_a.carries == !of_b.carries && !of_a.cycle == !of_b.cycle);
		for (size_t row = 0; row < rows; row++) {
			assert_int_equal(of_b.rank[new_row[row]], of_a.rank[row]);
			if (of_a.carries)
				assert_int_equal(
					of_b.carries[new_row[row]], new_row[of_a.carries[row]]);
			if (of_a.cycle)
				assert_int_equal(of_b.cycle[new_row[row]], of_a.cycle[row]);
		}
		wn_ranking_release(&of_a);
		wn_ranking_release(&of_b);
		backlog_free(&a);
		backlog_free(&b);
		free(new_row);
	}
}

/* Any one item taken away leaves the others in their order. */
static void test_adding_swaps_nobody(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 200; round++) {
		struct backlog b = backlog_new(1 + test_below(&random, 200), 0);

		fill_random(&b, &random);

		size_t added = test_below(&random, b.rows), end = 0;

		b.candidate[added] = 1;
		struct wn_ranking with = backlog_rank(&b);
		b.candidate[added] = 0;
		struct wn_ranking without = backlog_rank(&b);

		for (size_t i = 0; i < with.count; i++) {
			if (with.order[i] != added)
				assert_int_equal(with.order[i], without.order[end++]);
		}
		assert_int_equal(end, without.count);
		wn_ranking_release(&with);
		wn_ranking_release(&without);
		backlog_free(&b);
	}
}

/* Scored by a model: a value that counts positively, raised, never lowers its item. */
static void test_raising_never_lowers(void **state)
{
	enum { ROWS = 60, COLUMNS = 3 };
	static const struct wn_band bands[] = {{"a", 3}, {"b", 2}, {"c", -INFINITY}};
	struct wn_term terms[COLUMNS];
	struct wn_model model = {.kind = wn_model_kind_named("weighted_sum"),
		.terms = terms,
		.term_count = COLUMNS,
		.bands = bands,
		.band_count = 3};
	double values[COLUMNS][ROWS], lowest[ROWS], highest[ROWS];
	const double *columns[COLUMNS] = {values[0], values[1], values[2]};
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 500; round++) {
		struct backlog b = backlog_new(ROWS, 0);

		for (uint32_t c = 0; c < COLUMNS; c++) {
			terms[c] = (struct wn_term){.column = c,
				.weight = 2 * test_unit(&random),
				.lower = -1,
				.upper = 1,
				.lower_is_better = c == 1};
			for (size_t row = 0; row < ROWS; row++)
				values[c][row] = test_below(&random, 9)
							 ? rint(8 * test_unit(&random) - 4) / 4
							 : NAN;
		}
		for (size_t row = 0; row < ROWS; row++)
			backlog_set_id(&b, row, row);

		struct wn_scores scores = {b.score, lowest, highest};
		size_t row = test_below(&random, ROWS), column = test_below(&random, COLUMNS);
		double step = (column == 1 ? -1 : 1) * test_unit(&random);

		test_score(&model, columns, COLUMNS, ROWS, scores);
		wn_model_bands(&model, b.score, ROWS, b.band);
		struct wn_ranking before = backlog_rank(&b);

		/* An unknown that becomes known, however badly, does not lower it either. */
		values[column][row] =
			isnan(values[column][row]) ? step : values[column][row] + step;
		test_score(&model, columns, COLUMNS, ROWS, scores);
		wn_model_bands(&model, b.score, ROWS, b.band);
		struct wn_ranking after = backlog_rank(&b);

		assert_true(after.rank[row] <= before.rank[row]);
		wn_ranking_release(&before);
		wn_ranking_release(&after);
		backlog_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort_random),
		cmocka_unit_test(test_few_rows),
		cmocka_unit_test(test_unscored_are_last),
		cmocka_unit_test(test_stray_edges),
		cmocka_unit_test(test_rows_do_not_matter),
		cmocka_unit_test(test_adding_swaps_nobody),
		cmocka_unit_test(test_raising_never_lowers),
	};

	return cmocka_run_group_tests_name("engine/rank", tests, NULL, NULL);
}

/*
 * Fixed orders: places by id, and nothing for who has none.
 */
#include "rows_table.h"

enum { ROWS = 5, PLACES = 3 };

static const unsigned char ids[ROWS][16] = {{9}, {2}, {7}, {1}, {4}};
static const unsigned char placed[PLACES][16] = {{1}, {2}, {9}};
static const uint32_t place[PLACES] = {3, 1, 2};

struct order {
	struct wn_fixed_order fixed;
	struct wn_model model;
};

static void order_init(struct order *o, size_t count)
{
	o->fixed = (struct wn_fixed_order){placed, place, count};
	o->model = (struct wn_model){.kind = wn_model_kind_named("fixed_order"),
		.bands = one_band,
		.band_count = 1,
		.spec.fixed = &o->fixed};
}

static void score_all(const struct order *o, double out[ROWS])
{
	static const uint8_t candidate[ROWS] = {1, 1, 1, 1, 1};
	const struct wn_rows rows = {.rows = ROWS};
	const struct wn_population population = {.rows = ROWS,
		.blocks = &rows,
		.block_count = 1,
		.block_rows = ROWS,
		.candidate = candidate,
		.id = ids};
	double lowest[ROWS], highest[ROWS];

	assert_true(wn_model_score(
		&o->model, &population, 0, (struct wn_scores){out, lowest, highest}));
	for (size_t i = 0; i < ROWS; i++)
		assert_true(isnan(out[i]) ? isnan(lowest[i]) && isnan(highest[i])
					  : lowest[i] == out[i] && highest[i] == out[i]);
}

static void test_places(void **state)
{
	double score[ROWS], low, high;
	struct order o;

	(void)state;
	order_init(&o, PLACES);
	score_all(&o, score);
	assert_true(score[0] == 2 && score[1] == 3 && score[3] == 1);
	assert_true(isnan(score[2]) && isnan(score[4]));
	wn_model_range(&o.model, &low, &high);
	assert_true(low < 1 && high == PLACES);
}

static void test_no_places(void **state)
{
	double score[ROWS], low, high;
	struct order o;

	(void)state;
	order_init(&o, 0);
	score_all(&o, score);
	for (size_t i = 0; i < ROWS; i++)
		assert_true(isnan(score[i]));
	wn_model_range(&o.model, &low, &high);
	assert_true(low < high);
}

static size_t faults;

static void count_fault(void *self, const char *pointer, const char *detail)
{
	(void)self;
	(void)detail;
	assert_string_equal(pointer, "/items");
	faults++;
}

static void test_an_item_has_one_place(void **state)
{
	static const unsigned char twice[2][16] = {{1}, {1}};
	struct order o;

	(void)state;
	order_init(&o, PLACES);
	assert_int_equal(wn_model_check(&o.model, count_fault, NULL), 0);
	o.fixed = (struct wn_fixed_order){twice, place, 2};
	assert_int_equal(wn_model_check(&o.model, count_fault, NULL), 1);
	assert_int_equal(faults, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_no_places),
		cmocka_unit_test(test_an_item_has_one_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

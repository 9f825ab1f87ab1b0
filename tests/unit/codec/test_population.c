/*
 * A population built item by item: the rows that come out, and that the order in which items were
 * added changes no decision.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/clock.h"
#include "base/random.h"
#include "codec/population.h"
#include "codec/receipt.h"
#include "winnow/pairwise.h"

static struct uuid id_of(unsigned n)
{
	struct uuid id = {{0}};

	id.bytes[14] = (unsigned char)(n >> 8);
	id.bytes[15] = (unsigned char)n;
	return id;
}

static uint16_t column_of(const struct catalog *catalog, const char *name)
{
	const struct feature_definition *feature = catalog_feature(catalog, str_from(name));

	assert_non_null(feature);
	return feature->id;
}

static struct population_item plain(unsigned n)
{
	struct population_item item = {
		.id = id_of(n),
		.first_revision = n,
		.candidate = true,
		.words = {[WN_STREAM] = STR("incident"),
			[WN_STATUS] = STR("open"),
			[WN_SOURCE] = STR("test")},
	};

	for (int i = 0; i < WN_NUMBERS; i++)
		item.numbers[i] = NAN;
	return item;
}

static const struct wn_rows *row_at(const struct population *population, uint32_t row, size_t *at)
{
	return wn_block_of(population_rows(population), row, at);
}

static void rows_are_what_was_added(void **state)
{
	struct catalog *catalog = default_catalog();
	struct population *population = population_new(catalog);
	uint16_t impact = column_of(catalog, "user_impact");
	uint16_t delay = column_of(catalog, "cost_of_delay");
	const struct str labels[] = {{"web", 3}, {"open", 4}};
	size_t at;

	(void)state;
	for (unsigned n = 0; n < 700; n++) {
		struct population_value values[2] = {
			{impact, WN_MEASURED, n}, {delay, WN_ASSERTED + 1, -1.0 * n}};
		struct population_item item = plain(n);

		item.values = values;
		item.value_count = n % 3;
		item.labels = labels;
		item.label_count = n % 2 ? 2 : 0;
		item.texts = (uint8_t)(n & 31);
		item.numbers[WN_ESTIMATE] = n / 4.0;
		item.candidate = n % 5 != 0;
		assert_true(population_add(population, &item));
	}
	assert_true(population_finish(population));
	assert_int_equal(population_rows(population)->rows, 700);
	assert_true(population_rows(population)->block_count > 1);
	for (unsigned n = 0; n < 700; n++) {
		struct uuid id = id_of(n);
		uint32_t row = population_find(population, &id);
		const struct wn_rows *rows = row_at(population, row, &at);
		uint32_t first = rows->label_start[at];
		double value = wn_value(rows, at, impact);

		assert_true(n % 3 >= 1 ? value == n : isnan(value));
		assert_int_equal(
			wn_value_evidence(rows, at, delay), n % 3 == 2 ? WN_ASSERTED + 1 : 0);
		assert_int_equal(rows->label_start[at + 1] - first, n % 2 ? 2 : 0);
		if (n % 2)
			assert_int_equal(rows->labels[first + 1], wn_word_of(rows, at, WN_STATUS));
		assert_int_equal(rows->texts[at], n & 31);
		assert_true(wn_number_of(rows, at, WN_ESTIMATE) == n / 4.0);
		assert_true(isnan(wn_number_of(rows, at, WN_CREATED)));
		assert_true(isnan(wn_number_of(rows, at, WN_STRENGTH)));
		assert_int_equal(population_rows(population)->candidate[row], n % 5 != 0);
		assert_int_equal(population_rows(population)->first_revision[row], n);
	}
	population_free(population);
	catalog_unref(catalog);
}

static void an_empty_population_can_be_ranked(void **state)
{
	struct catalog *catalog = default_catalog();
	struct population *population = population_new(catalog);
	struct uuid nobody = id_of(1);

	(void)state;
	assert_true(population_compare(population, &nobody, &nobody, false));
	assert_true(population_finish(population));
	assert_int_equal(population_rows(population)->rows, 0);
	assert_int_equal(population_find(population, &nobody), WN_ROW_NONE);
	population_free(population);
	catalog_unref(catalog);
}

static void people_are_like_no_word(void **state)
{
	struct catalog *catalog = default_catalog();
	struct population *population = population_new(catalog);
	struct word_lookup words = population_words(population);
	size_t at;

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		struct population_item item = plain(n);

		item.words[WN_ASSIGNEE] = n < 2 ? STR("incident") : STR("other");
		assert_true(population_add(population, &item));
	}
	assert_true(population_finish(population));
	const struct wn_rows *rows = row_at(population, 0, &at);
	assert_int_equal(rows->words[WN_ASSIGNEE][0], rows->words[WN_ASSIGNEE][1]);
	assert_int_not_equal(rows->words[WN_ASSIGNEE][0], rows->words[WN_ASSIGNEE][2]);
	assert_int_not_equal(rows->words[WN_ASSIGNEE][0], rows->words[WN_STREAM][0]);
	assert_int_equal(words.symbol(words.self, STR("incident")), rows->words[WN_STREAM][0]);
	assert_int_equal(words.symbol(words.self, STR("other")), WN_UNSEEN_SYMBOL);
	population_free(population);
	catalog_unref(catalog);
}

static void blockers_that_are_not_there_are_left_out(void **state)
{
	struct catalog *catalog = default_catalog();
	struct population *population = population_new(catalog);
	const struct uuid blockers[] = {id_of(9), id_of(1), id_of(77)};
	struct population_item item = plain(0);
	const struct wn_population *rows;

	(void)state;
	item.blocked_by = blockers;
	item.blocked_by_count = 3;
	assert_true(population_add(population, &item));
	item = plain(1);
	assert_true(population_add(population, &item));
	item = plain(9);
	assert_true(population_add(population, &item));
	assert_true(population_finish(population));
	rows = population_rows(population);
	assert_int_equal(rows->edge_count, 2);
	assert_int_equal(rows->edges[0].blocked, 0);
	assert_int_equal(rows->edges[0].blocker, 2);
	assert_int_equal(rows->edges[1].blocker, 1);
	population_free(population);
	catalog_unref(catalog);
}

/* Against the engine's own answer, with the items numbered as they first occur. */
static void strengths_come_from_comparisons(void **state)
{
	static const struct wn_comparison numbered[] = {
		{0, 1, 1, false}, {1, 2, 1, false}, {0, 2, 1, false}};
	const unsigned pairs[][2] = {{7, 3}, {3, 5}, {7, 5}};
	const unsigned items[] = {7, 3, 5};
	double strength[3], error[3];
	struct wn_strengths expected = {.strength = strength, .error = error};
	struct catalog *catalog = default_catalog();
	struct population *population = population_new(catalog);
	struct uuid nobody = id_of(999), somebody = id_of(3);
	size_t at;

	(void)state;
	assert_true(wn_bradley_terry(numbered, 3, 3, WN_STRENGTH_PRIOR, &expected));
	for (unsigned n = 0; n < 300; n++) {
		struct population_item item = plain(n);

		item.numbers[WN_STRENGTH] = 5; /* not read */
		assert_true(population_add(population, &item));
	}
	for (size_t i = 0; i < 3; i++) {
		struct uuid before = id_of(pairs[i][0]), after = id_of(pairs[i][1]);

		assert_true(population_compare(population, &before, &after, false));
		assert_true(population_compare(population, &before, &nobody, false));
		assert_true(population_compare(population, &somebody, &somebody, false));
	}
	assert_true(population_finish(population));
	for (size_t i = 0; i < 3; i++) {
		const struct wn_rows *rows = row_at(population, items[i], &at);

		assert_true(wn_number_of(rows, at, WN_STRENGTH) == strength[i]);
		assert_true(wn_number_of(rows, at, WN_STRENGTH_ERROR) == error[i]);
	}
	const struct wn_rows *rows = row_at(population, 299, &at);
	assert_true(isnan(wn_number_of(rows, at, WN_STRENGTH)));
	population_free(population);
	catalog_unref(catalog);
}

/* ---- deciding ---- */

static void decide(
	const struct catalog *catalog, const struct population *population, struct receipt *receipt)
{
	const struct model_version *version = catalog_model(catalog, 1);
	struct word_lookup words = population_words(population);
	struct wn_decide_input input = {.population = population_rows(population)};
	struct wn_decision decision = {0};
	struct wn_model model;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	assert_true(model_bind(version, &words, &arena, &model));
	input.model = &model;
	assert_true(wn_decide(&input, &decision));
	assert_true(receipt_seal(receipt, &decision, input.population));
	wn_decision_release(&decision);
	arena_release(&arena);
}

enum { RANDOM_ITEMS = 600 };

static void add_random(struct population *population, const struct catalog *catalog,
	const unsigned *order, uint64_t seed)
{
	static const char *const names[] = {
		"user_impact", "fix_confidence", "reversibility", "cost_of_delay"};

	for (size_t i = 0; i < RANDOM_ITEMS; i++) {
		/* What an item is depends on its number alone. */
		uint64_t random = (seed ^ order[i]) * UINT64_C(0x9e3779b97f4a7c15);
		struct population_value values[4];
		struct population_item item = plain(order[i]);
		struct uuid blocker = id_of((unsigned)(random >> 40) % RANDOM_ITEMS);

		for (unsigned v = 0; v < 4; v++) {
			if (random >> (8 + 4 * v) & 1)
				values[item.value_count++] = (struct population_value){
					column_of(catalog, names[v]), WN_UNSAID,
					1.0 + (double)(random >> (9 + 4 * v) & 3) / 2};
		}
		item.first_revision = (int64_t)(random >> 60);
		item.candidate = random >> 30 & 3;
		item.values = values;
		item.blocked_by = &blocker;
		item.blocked_by_count = random >> 33 & 1;
		assert_true(population_add(population, &item));
	}
	assert_true(population_finish(population));
}

static void the_order_of_adding_changes_nothing(void **state)
{
	struct catalog *catalog = default_catalog();
	unsigned order[RANDOM_ITEMS];
	struct receipt first = {0}, second = {0};
	uint64_t seed;

	(void)state;
	random_begin("the_order_of_adding_changes_nothing");
	seed = random_u64();
	for (unsigned i = 0; i < RANDOM_ITEMS; i++)
		order[i] = i;
	for (int round = 0; round < 3; round++) {
		struct population *population = population_new(catalog);
		struct receipt *receipt = round == 0 ? &first : &second;

		add_random(population, catalog, order, seed);
		decide(catalog, population, receipt);
		population_free(population);
		assert_true(round == 0 || sha256_same(&first.order, &second.order));
		for (unsigned i = RANDOM_ITEMS - 1; i > 0; i--) {
			unsigned j = (unsigned)random_below(i + 1), swapped = order[i];

			order[i] = order[j];
			order[j] = swapped;
		}
	}
	assert_true(first.item_count > RANDOM_ITEMS / 2);
	catalog_unref(catalog);
}

/* ---- from records and overrides ---- */

static void a_record_as_a_ranking_reads_it(void **state)
{
	struct catalog *catalog = default_catalog();
	uint16_t impact = column_of(catalog, "user_impact");
	uint16_t delay = column_of(catalog, "cost_of_delay");
	struct feature_value features[] = {
		{.id = impact, .number = 3, .evidence = EVIDENCE_ASSERTED, .by = id_of(4)},
		{.id = (uint16_t)(impact + 1), .number = 2, .cleared = true},
		{.id = delay, .number = 1, .evidence = EVIDENCE_ASSERTED, .by = id_of(5)},
	};
	struct item_record record = {
		.id = id_of(1),
		.first_revision = 7,
		.source = STR("test"),
		.item = {.stream = STR("incident"),
			.status = STR("done"),
			.estimate = 2.5,
			.created_us = 1500000,
			.updated_us = TIME_NONE,
			.due_us = TIME_NONE,
			.features = features,
			.feature_count = 3},
	};
	struct population_item item;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_true(
		population_item_of(&record, ITEM_TITLE | ITEM_REPORTER, catalog, &arena, &item));
	assert_false(item.candidate);
	assert_int_equal(item.texts, WN_TITLE | WN_REPORTER);
	assert_true(item.numbers[WN_CREATED] == 1.5 && isnan(item.numbers[WN_DUE]));
	assert_int_equal(item.value_count, 2);
	assert_int_equal(item.values[0].evidence, WN_ASSERTED);
	assert_int_equal(item.values[1].column, delay);
	assert_int_equal(item.values[1].evidence, WN_ASSERTED + 1);
	features[2].by = id_of(4);
	assert_true(population_item_of(&record, 0, catalog, &arena, &item));
	assert_int_equal(item.values[1].evidence, WN_ASSERTED);
	record.item.status = STR("no such status");
	assert_true(population_item_of(&record, 0, catalog, &arena, &item) && item.candidate);
	arena_release(&arena);
	catalog_unref(catalog);
}

static void overrides_in_force_alone_are_taken(void **state)
{
	struct catalog *catalog = default_catalog();
	struct population *population = population_new(catalog);
	const struct wn_model *model = &catalog_model(catalog, 1)->model;
	struct population_override override = {.item = id_of(1),
		.kind = STR("pin"),
		.rank = (int64_t)1 << 40,
		.revision = 5,
		.expires_us = 1000};
	struct population_item item = plain(1);
	struct row_lookup items = population_items(population);
	struct wn_override out;

	(void)state;
	assert_true(population_add(population, &item) && population_finish(population));
	assert_true(population_override(&override, &items, model, 999, &out));
	assert_int_equal(out.kind, WN_OVERRIDE_PIN);
	assert_int_equal(out.rank, UINT32_MAX);
	assert_int_equal(out.revision, 5);
	assert_false(population_override(&override, &items, model, 1000, &out));
	override.ended_revision = 6;
	assert_false(population_override(&override, &items, model, 0, &out));
	override.ended_revision = 0;
	override.kind = STR("band");
	override.band = STR("nowhere");
	assert_false(population_override(&override, &items, model, 0, &out));
	override.band = STR("ready");
	assert_true(population_override(&override, &items, model, 0, &out));
	assert_int_equal(out.band, 1);
	override.kind = STR("before");
	override.target = id_of(2);
	assert_true(population_override(&override, &items, model, 0, &out));
	assert_int_equal(out.target, WN_ROW_NONE);
	override.kind = STR("dance");
	assert_false(population_override(&override, &items, model, 0, &out));
	override.kind = STR("exclude");
	override.item = id_of(2);
	assert_false(population_override(&override, &items, model, 0, &out));
	population_free(population);
	catalog_unref(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_what_was_added),
		cmocka_unit_test(an_empty_population_can_be_ranked),
		cmocka_unit_test(people_are_like_no_word),
		cmocka_unit_test(blockers_that_are_not_there_are_left_out),
		cmocka_unit_test(strengths_come_from_comparisons),
		cmocka_unit_test(the_order_of_adding_changes_nothing),
		cmocka_unit_test(a_record_as_a_ranking_reads_it),
		cmocka_unit_test(overrides_in_force_alone_are_taken),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/population", tests, NULL, NULL);
}

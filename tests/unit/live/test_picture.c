/*
 * The picture and what the engine is given of it, against what was written: facts, words, labels,
 * evidence, edges, overrides in force, strengths; at the head and as of an earlier revision.
 */
#include "workspace.h"

#include "base/random.h"

enum { ITEMS = 700 };

static const struct str streams[] = {{"incident", 8}, {"engineering_bug", 15}};
static const struct str kinds[] = {{"bug", 3}, {"task", 4}, {"feature", 7}};
static const struct str statuses[] = {{"open", 4}, {"done", 4}, {"in_progress", 11}};
static const struct str words[] = {{"alpha", 5}, {"beta", 4}, {"gamma", 5}, {"delta", 5}};

#define PICK(array) (array)[random_below(sizeof(array) / sizeof *(array))]

static struct feature_value *random_features(size_t *count)
{
	struct feature_value *features = arena_array(&fixture.arena, 4, sizeof *features);

	*count = random_below(5);
	for (size_t i = 0; i < *count; i++) {
		features[i] = (struct feature_value){
			.id = (uint16_t)i,
			.number = (double)(1 + random_below(3)),
			.evidence = (enum evidence)random_below(4),
			.observed_us = TIME_NONE,
		};
		if (features[i].evidence == EVIDENCE_ASSERTED)
			features[i].by.bytes[5] = (unsigned char)random_below(3);
	}
	return features;
}

static void random_facts(struct item_record *record)
{
	struct item *item = &record->item;
	struct str *labels = arena_array(&fixture.arena, 4, sizeof *labels);
	size_t first = random_below(4);

	item->stream = PICK(streams);
	item->kind = PICK(kinds);
	item->status = PICK(statuses);
	item->team = random_below(3) ? PICK(words) : STR_NONE;
	item->assignee = random_below(3) ? PICK(words) : STR_NONE;
	item->body = random_below(2) ? STR("body") : STR_NONE;
	item->url = random_below(2) ? STR("https://example.org") : STR_NONE;
	item->created_us =
		random_below(2) ? (int64_t)random_below(2000000000) * 1000000 : TIME_NONE;
	item->due_us = random_below(4) ? TIME_NONE : INT64_C(1800000000000000);
	item->estimate = random_below(3) ? NAN : (double)random_below(20) / 2;
	item->label_count = random_below(5 - first);
	for (size_t i = 0; i < item->label_count; i++)
		labels[i] = words[first + i];
	item->labels = labels;
	item->features = random_features(&item->feature_count);
	for (size_t i = 0; i < item->feature_count; i++)
		((struct feature_value *)item->features)[i].revision = 2;
}

static struct item_record *random_items(const struct uuid *workspace)
{
	struct item_record *records = arena_array(&fixture.arena, ITEMS, sizeof *records);

	for (size_t i = 0; i < ITEMS; i++) {
		char *id = arena_printf(&fixture.arena, "X-%zu", i);

		records[i] = plain_item(workspace, id);
		random_facts(&records[i]);
		if (i > 0 && random_below(4) == 0) {
			struct item_link *link = arena_alloc(&fixture.arena, sizeof *link);

			*link = (struct item_link){
				STR("demo"), records[random_below(i)].external_id};
			/* Every tenth names somebody who is not there. */
			if (random_below(10) == 0)
				link->external_id = STR("nobody");
			records[i].item.blocked_by = link;
			records[i].item.blocked_by_count = 1;
		}
	}
	return records;
}

static void same_word(const struct ranking *ranking, const struct wn_rows *rows, size_t at,
	enum wn_word which, struct str word)
{
	struct word_lookup lookup = ranking_words(ranking);

	assert_int_equal(wn_word_of(rows, at, which), lookup.symbol(lookup.self, word));
}

static void same_time(const struct wn_rows *rows, size_t at, enum wn_number which, int64_t us)
{
	double seen = wn_number_of(rows, at, which);

	if (us == TIME_NONE)
		assert_true(isnan(seen));
	else
		assert_true(seen == (double)us / 1e6);
}

static void same_features(const struct wn_rows *rows, size_t at, const struct item *item)
{
	for (size_t c = 0; c < 4; c++) {
		const struct feature_value *value =
			c < item->feature_count ? &item->features[c] : NULL;
		uint8_t evidence = wn_value_evidence(rows, at, c);

		if (!value) {
			assert_true(isnan(wn_value(rows, at, c)));
			assert_int_equal(evidence, WN_UNSAID);
			continue;
		}
		assert_true(wn_value(rows, at, c) == value->number);
		if (value->evidence != EVIDENCE_ASSERTED)
			assert_int_equal(evidence, value->evidence);
		/* The same number for the same principal, another for another. */
		for (size_t other = 0; other < item->feature_count; other++) {
			if (value->evidence != EVIDENCE_ASSERTED ||
				item->features[other].evidence != EVIDENCE_ASSERTED)
				continue;
			assert_int_equal(evidence == wn_value_evidence(rows, at, other),
				uuid_cmp(&value->by, &item->features[other].by) == 0);
		}
	}
}

static void same_facts(const struct ranking *ranking, const struct item_record *record)
{
	const struct wn_population *population = ranking->input.population;
	const struct item *item = &record->item;
	uint32_t row = ranking_find(ranking, &record->id);
	const struct wn_rows *rows;
	size_t at;
	uint8_t texts;

	assert_int_not_equal(row, WN_ROW_NONE);
	rows = wn_block_of(population, row, &at);
	assert_memory_equal(population->id[row], record->id.bytes, 16);
	assert_int_equal(population->first_revision[row], record->first_revision);
	assert_int_equal(population->candidate[row], !str_is(item->status, "done"));
	same_word(ranking, rows, at, WN_STREAM, item->stream);
	same_word(ranking, rows, at, WN_KIND, item->kind);
	same_word(ranking, rows, at, WN_STATUS, item->status);
	same_word(ranking, rows, at, WN_TEAM, item->team);
	same_word(ranking, rows, at, WN_SOURCE, record->source);
	assert_int_equal(
		wn_word_of(rows, at, WN_ASSIGNEE) != WN_NO_SYMBOL, item->assignee.ptr != NULL);
	same_time(rows, at, WN_CREATED, item->created_us);
	same_time(rows, at, WN_DUE, item->due_us);
	assert_true(isnan(wn_number_of(rows, at, WN_ESTIMATE)) == isnan(item->estimate));
	if (!isnan(item->estimate))
		assert_true(wn_number_of(rows, at, WN_ESTIMATE) == item->estimate);
	texts = (uint8_t)(WN_TITLE | (item->body.ptr ? WN_BODY : 0) | (item->url.ptr ? WN_URL : 0) |
			  (item->assignee.ptr ? WN_ASSIGNEE_TEXT : 0));
	assert_int_equal(rows->texts[at], texts);
	assert_int_equal(rows->label_start[at + 1] - rows->label_start[at], item->label_count);
	for (size_t i = 0; i < item->label_count; i++)
		assert_true(str_eq(
			symbols_text(ranking->symbols, rows->labels[rows->label_start[at] + i]),
			item->labels[i]));
	same_features(rows, at, item);
	assert_true(str_eq(ranking_text(ranking, row, ROW_STREAM), item->stream));
	assert_true(str_eq(ranking_text(ranking, row, ROW_EXTERNAL_ID), record->external_id));
}

/* All edges between items that there are, and no other. */
static void same_edges(
	const struct ranking *ranking, const struct item_record *records, size_t count)
{
	const struct wn_population *population = ranking->input.population;
	size_t expected = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t row = ranking_find(ranking, &records[i].id), blocker;
		struct uuid id;
		bool found = false;

		if (records[i].item.blocked_by_count == 0)
			continue;
		item_id_make(&ranking->workspace, STR("demo"),
			records[i].item.blocked_by[0].external_id, &id);
		blocker = ranking_find(ranking, &id);
		if (blocker == WN_ROW_NONE)
			continue;
		expected++;
		for (size_t e = 0; e < population->edge_count && !found; e++)
			found = population->edges[e].blocked == row &&
				population->edges[e].blocker == blocker;
		assert_true(found);
	}
	assert_int_equal(population->edge_count, expected);
}

static void same_population(
	const struct ranking *ranking, const struct item_record *records, size_t count)
{
	const struct wn_population *population = ranking->input.population;
	size_t rows = 0;

	assert_int_equal(population->rows, count);
	assert_int_equal(population->block_rows, BLOCK_ROWS);
	for (size_t b = 0; b < population->block_count; b++)
		rows += population->blocks[b].rows;
	assert_int_equal(rows, count);
	for (size_t i = 0; i < count; i++)
		same_facts(ranking, &records[i]);
	same_edges(ranking, records, count);
}

static enum error load_at(struct picture *picture, int64_t revision)
{
	enum error error;

	assert_ok(read_begin(fixture.conn, &picture->workspace));
	error = picture_load_at(picture, fixture.conn, revision);
	read_end(fixture.conn);
	return error;
}

static void the_population_is_what_was_written(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record *records, *before;
	struct picture *picture, *past;
	struct ranking *first, *second, *again;
	int64_t revision;

	(void)state;
	random_begin("the_population_is_what_was_written");
	records = random_items(&workspace);
	revision = write_items(&workspace, records, ITEMS / 2);
	picture = follow(NULL, &workspace);
	first = rank(picture);
	same_population(first, records, ITEMS / 2);

	before = arena_array(&fixture.arena, ITEMS, sizeof *before);
	memcpy(before, records, ITEMS * sizeof *records);
	write_items(&workspace, records + ITEMS / 2, ITEMS - ITEMS / 2);
	for (size_t i = 0; i < ITEMS / 2; i += 3)
		random_facts(&records[i]);
	for (size_t i = 0; i < ITEMS / 2; i += 3)
		write_items(&workspace, &records[i], 1);
	picture = follow(picture, &workspace);
	second = rank(picture);
	same_population(second, records, ITEMS);
	/* What was published is as it was. */
	same_population(first, before, ITEMS / 2);

	/* The same, and the past, from nothing. */
	past = picture_new(&workspace);
	assert_ok(load_at(past, revision));
	again = rank(past);
	same_population(again, before, ITEMS / 2);
	assert_string_equal(again->id, first->id);
	assert_int_equal(again->decision.order.count, first->decision.order.count);
	for (size_t i = 0; i < again->decision.order.count; i++)
		assert_memory_equal(again->population.id[again->decision.order.order[i]],
			first->population.id[first->decision.order.order[i]], 16);
	assert_true(ranking_bytes(second) > ranking_bytes(first));
	ranking_unref(again);
	picture_free(past);
	ranking_unref(first);
	picture_free(picture);
	same_population(second, records, ITEMS);
	ranking_unref(second);
}

static void an_empty_workspace_is_ranked(void **state)
{
	struct uuid workspace = new_workspace();
	struct picture *picture = follow(NULL, &workspace);
	struct ranking *ranking = rank(picture);

	(void)state;
	assert_int_equal(ranking->decision.order.count, 0);
	assert_int_equal(ranking->population.rows, 0);
	ranking_unref(ranking);
	picture_free(picture);
}

static void a_past_that_is_not_there(void **state)
{
	struct uuid workspace = new_workspace();
	struct picture *picture = picture_new(&workspace);

	(void)state;
	assert_int_equal(load_at(picture, 2), ERR_BEYOND_HEAD);
	assert_int_equal(load_at(picture, 0), ERR_NOT_FOUND);
	assert_ok(load_at(picture, 1));
	picture_free(picture);
}

/* ---- time ---- */

static void time_counts_where_something_depends_on_it(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record item = plain_item(&workspace, "A");
	int64_t base_us, made_us = fixture.now_us;
	struct override_row override;
	struct picture *picture;
	struct ranking *ranking;

	(void)state;
	write_items(&workspace, &item, 1);
	base_us = made_us - made_us % MINUTE_US;
	picture = follow(NULL, &workspace);
	fixture.now_us = made_us + 5 * (int64_t)MINUTE_US;
	ranking = rank(picture);
	assert_true(ranking->since_us == base_us && ranking->until_us == INT64_MAX);
	assert_true(ranking->as_of_us == base_us);
	assert_false(ranking_is_due(ranking, fixture.now_us));
	ranking_unref(ranking);

	fixture.now_us = made_us;
	override = plain_override(&item.id, "boost");
	override.delta = 3;
	override.expires_us = base_us + 10 * (int64_t)MINUTE_US;
	write_override(&workspace, &override);
	picture = follow(picture, &workspace);
	ranking = rank(picture);
	assert_true(ranking->until_us == override.expires_us);
	assert_true(ranking->as_of_us == base_us);
	assert_false(ranking_is_due(ranking, override.expires_us - 1));
	assert_true(ranking_is_due(ranking, override.expires_us));
	ranking_unref(ranking);

	/* What has expired changes nothing more. */
	fixture.now_us = made_us + 15 * (int64_t)MINUTE_US;
	ranking = rank(picture);
	assert_true(ranking->as_of_us == override.expires_us);
	assert_int_equal(ranking->input.override_count, 0);
	assert_false(ranking_is_due(ranking, fixture.now_us + MINUTE_US));
	ranking_unref(ranking);

	/* The minute of the last change, but never one before the revision's. */
	fixture.now_us = made_us + 5 * (int64_t)MINUTE_US;
	ranking = rank(picture);
	assert_true(ranking->as_of_us == base_us);
	assert_int_equal(ranking->input.override_count, 1);
	assert_true(ranking->input.now_s == (double)ranking->as_of_us / 1e6);
	ranking_unref(ranking);
	fixture.now_us = made_us - 5 * (int64_t)MINUTE_US;
	ranking = rank(picture);
	assert_true(ranking->as_of_us == base_us);
	ranking_unref(ranking);

	/* It expires by itself. */
	fixture.now_us = base_us + 10 * (int64_t)MINUTE_US;
	ranking = rank(picture);
	assert_true(ranking->as_of_us == override.expires_us);
	assert_true(ranking->since_us == override.expires_us && ranking->until_us == INT64_MAX);
	assert_int_equal(ranking->input.override_count, 0);
	ranking_unref(ranking);
	fixture.now_us = made_us;
	picture_free(picture);
}

static void a_time_can_be_asked_for(void **state)
{
	struct uuid workspace = new_workspace();
	struct picture *picture = follow(NULL, &workspace);
	struct ranking_request request = {
		.now_us = fixture.now_us, .as_of_us = 77 * (int64_t)MINUTE_US, .model = 1};
	struct ranking *ranking;
	char id[48];

	(void)state;
	assert_ok(ranking_compute(picture, &request, &ranking));
	assert_true(ranking->as_of_us == request.as_of_us);
	snprintf(id, sizeof id, "%lld.77", (long long)ranking->revision);
	assert_string_equal(ranking->id, id);
	assert_true(ranking_answers(ranking, &request));
	request.anew = true;
	assert_false(ranking_answers(ranking, &request));
	request.anew = false;
	request.as_of_us = 0;
	assert_false(ranking_answers(ranking, &request));
	ranking_unref(ranking);
	request.model = 2;
	assert_int_equal(ranking_compute(picture, &request, &ranking), ERR_NOT_FOUND);
	request.model = -1;
	request.policy = 1;
	assert_int_equal(ranking_compute(picture, &request, &ranking), ERR_NOT_FOUND);
	picture_free(picture);
}

/* ---- overrides ---- */

static const struct wn_override *override_of(
	const struct ranking *ranking, const struct override_row *row)
{
	assert_int_equal(ranking->input.override_count, ranking->overrides->count);
	for (size_t i = 0; i < ranking->overrides->count; i++) {
		if (uuid_cmp(&ranking->overrides->rows[i].id, &row->id) == 0)
			return &ranking->input.overrides[i];
	}
	return NULL;
}

static void overrides_in_force_reach_the_engine(void **state)
{
	static const struct uuid nobody = {{0xee}};
	struct uuid workspace = new_workspace();
	struct item_record items[] = {plain_item(&workspace, "A"), plain_item(&workspace, "B")};
	struct override_row pin = plain_override(&items[0].id, "pin");
	struct override_row boost = plain_override(&items[1].id, "boost");
	struct override_row band = plain_override(&items[0].id, "band");
	struct override_row no_band = plain_override(&items[0].id, "band");
	struct override_row before = plain_override(&items[1].id, "before");
	struct override_row no_target = plain_override(&items[1].id, "before");
	struct override_row no_item = plain_override(&nobody, "exclude");
	struct override_row defer = plain_override(&items[1].id, "defer");
	const struct wn_override *seen;
	struct picture *picture;
	struct ranking *ranking;
	int64_t pinned, ended;

	(void)state;
	pin.rank = 1;
	boost.delta = -2.5;
	band.band = STR("ready");
	no_band.band = STR("no_such_band");
	before.target = items[0].id;
	no_target.target = nobody;
	write_items(&workspace, items, 2);
	pinned = write_override(&workspace, &pin);
	write_override(&workspace, &boost);
	write_override(&workspace, &band);
	write_override(&workspace, &no_band);
	write_override(&workspace, &before);
	write_override(&workspace, &no_target);
	write_override(&workspace, &no_item);
	picture = follow(NULL, &workspace);
	ranking = rank(picture);

	seen = override_of(ranking, &pin);
	assert_int_equal(seen->kind, WN_OVERRIDE_PIN);
	assert_int_equal(seen->rank, 1);
	assert_int_equal(seen->row, ranking_find(ranking, &items[0].id));
	assert_int_equal(seen->revision, pinned);
	assert_ptr_equal(seen, ranking->input.overrides);
	assert_true(override_of(ranking, &boost)->delta == -2.5);
	seen = override_of(ranking, &band);
	assert_string_equal(ranking->input.model->bands[seen->band].name, "ready");
	assert_int_equal(
		override_of(ranking, &before)->target, ranking_find(ranking, &items[0].id));
	assert_int_equal(override_of(ranking, &no_target)->target, WN_ROW_NONE);
	assert_null(override_of(ranking, &no_band));
	assert_null(override_of(ranking, &no_item));
	assert_int_equal(ranking->input.override_count, 5);
	/* What people wrote is not held. */
	assert_null(ranking->overrides->rows[0].justification.ptr);
	assert_true(str_eq(ranking->overrides->rows[0].author, pin.author));
	ranking_unref(ranking);

	ended = end_override(&workspace, &pin.id);
	write_override(&workspace, &defer);
	picture = follow(picture, &workspace);
	ranking = rank(picture);
	assert_null(override_of(ranking, &pin));
	assert_int_equal(override_of(ranking, &defer)->kind, WN_OVERRIDE_DEFER);
	assert_int_equal(ranking->decision.order.count, 1);
	ranking_unref(ranking);
	picture_free(picture);

	/* At a revision at which it had not ended. */
	picture = picture_new(&workspace);
	assert_ok(load_at(picture, ended - 1));
	ranking = rank(picture);
	assert_non_null(override_of(ranking, &pin));
	assert_null(override_of(ranking, &defer));
	ranking_unref(ranking);
	picture_free(picture);
}

/* ---- comparisons ---- */

static void comparisons_become_strengths(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record items[] = {plain_item(&workspace, "A"), plain_item(&workspace, "B"),
		plain_item(&workspace, "C")};
	struct picture *picture;
	struct ranking *first, *second;
	const struct wn_rows *rows;
	uint32_t row[3];

	(void)state;
	write_items(&workspace, items, 3);
	picture = follow(NULL, &workspace);
	first = rank(picture);
	assert_null(first->population.blocks[0].numbers[WN_STRENGTH]);
	compare_items(&workspace, &items[1].id, &items[0].id);
	picture = follow(picture, &workspace);
	second = rank(picture);
	for (int i = 0; i < 3; i++)
		row[i] = ranking_find(second, &items[i].id);
	rows = &second->population.blocks[0];
	assert_true(wn_number_of(rows, row[1], WN_STRENGTH) > 0);
	assert_true(wn_number_of(rows, row[0], WN_STRENGTH) < 0);
	assert_true(isnan(wn_number_of(rows, row[2], WN_STRENGTH)));
	assert_true(wn_number_of(rows, row[1], WN_STRENGTH_ERROR) > 0);
	assert_null(first->population.blocks[0].numbers[WN_STRENGTH]);
	ranking_unref(first);

	/* More of them move the strengths of the next ranking, not of this one. */
	compare_items(&workspace, &items[2].id, &items[1].id);
	picture = follow(picture, &workspace);
	first = rank(picture);
	assert_true(wn_number_of(&first->population.blocks[0], row[2], WN_STRENGTH) > 0);
	assert_true(isnan(wn_number_of(rows, row[2], WN_STRENGTH)));
	picture_free(picture);
	ranking_unref(first);
	ranking_unref(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_population_is_what_was_written),
		cmocka_unit_test(an_empty_workspace_is_ranked),
		cmocka_unit_test(a_past_that_is_not_there),
		cmocka_unit_test(time_counts_where_something_depends_on_it),
		cmocka_unit_test(a_time_can_be_asked_for),
		cmocka_unit_test(overrides_in_force_reach_the_engine),
		cmocka_unit_test(comparisons_become_strengths),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

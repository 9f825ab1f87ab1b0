/*
 * Time left in rankings, with the clock in the test's hand: from what was written when, across weekends,
 * holidays and a change of the clocks, by a picture that follows and by one that is loaded, now and as of
 * earlier revisions.
 */
#include "workspace.h"

#include "base/random.h"
#include "codec/json.h"
#include "live/sla.h"

static const char office[] =
	"{\"zone\":\"Europe/"
	"Berlin\",\"weekly\":[{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\"],"
	"\"from\":\"09:00\",\"until\":\"17:00\"}],\"special_days\":[{\"date\":\"2026-04-03\"}]}";
static const char twenty_hours[] = "{\"rules\":[{\"id\":\"all\",\"when\":{\"all\":[]},\"target_"
				   "hours\":20,\"hours\":\"office\","
				   "\"pauses_at\":[\"in_progress\"]}]}";
static const char thirty_hours[] = "{\"rules\":[{\"id\":\"all\",\"when\":{\"all\":[]},\"target_"
				   "hours\":30,\"hours\":\"office\","
				   "\"pauses_at\":[\"in_progress\"]}]}";
static const char restarting[] = "{\"rules\":[{\"id\":\"all\",\"when\":{\"all\":[]},\"target_"
				 "hours\":20,\"hours\":\"office\","
				 "\"pauses_at\":[\"in_progress\"],\"restart_on_reopen\":true,"
				 "\"restart_on_change\":[\"user_impact\"]}]}";

static int64_t at_us(const char *text)
{
	int64_t us;

	assert_true(time_parse_rfc3339(str_from(text), &us));
	return us;
}

/* What a client sends, as it is stored. */
static struct str stored(const char *kind, const char *text, const struct catalog *catalog)
{
	struct diag diag;
	struct str body = STR_NONE;
	json_t *json;

	diag_init(&diag, &fixture.arena);
	assert_ok(json_parse(str_from(text), 1, "", &diag, &json));
	if (strcmp(kind, "slas") == 0)
		assert_ok(slas_parse(json, catalog, &fixture.arena, &diag, &body));
	else
		assert_ok(business_hours_parse(json, &fixture.arena, &diag, &body));
	json_decref(json);
	return body;
}

static int64_t write_document(
	const struct uuid *workspace, const char *kind, const char *name, struct str body)
{
	struct document document = {.kind = str_from(kind), .name = str_from(name), .body = body};
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	document.revision = change.revision;
	assert_ok(documents_append(&change, &document));
	change.config_revision = change.revision;
	assert_ok(fixture_commit(tx, &change));
	return change.revision;
}

static int64_t write_rules(const struct uuid *workspace, struct picture *picture, const char *rules)
{
	return write_document(
		workspace, "slas", "workspace", stored("slas", rules, picture->catalog));
}

/* ---- one item ---- */

static struct ranking *rank_at(const struct picture *picture, int64_t as_of_us)
{
	const struct ranking_request request = {
		.now_us = as_of_us, .as_of_us = as_of_us, .model = -1, .policy = -1};
	struct ranking *ranking;

	assert_ok(ranking_compute(picture, &request, &ranking));
	return ranking;
}

static double left_of(
	const struct picture *picture, const struct item_record *record, const char *as_of)
{
	struct ranking *ranking = rank_at(picture, at_us(as_of));
	uint32_t row = ranking_find(ranking, &record->id);
	double left = wn_number_of(&ranking->runs[row / BLOCK_ROWS], row % BLOCK_ROWS, WN_SLA_LEFT);

	ranking_unref(ranking);
	return left;
}

static int64_t write_status(const struct uuid *workspace, struct item_record *record,
	const char *status, const char *when)
{
	fixture.now_us = at_us(when);
	record->item.status = str_from(status);
	return write_items(workspace, record, 1);
}

static struct picture *load(const struct uuid *workspace, int64_t revision)
{
	struct picture *picture = picture_new(workspace);

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(picture_load_at(picture, fixture.conn, revision));
	read_end(fixture.conn);
	return picture;
}

static struct uuid workspace_with_hours(struct picture **picture)
{
	struct uuid workspace = new_workspace();

	write_document(
		&workspace, "business_hours", "office", stored("business_hours", office, NULL));
	*picture = follow(NULL, &workspace);
	return workspace;
}

static void weeks_and_a_change_of_the_clocks(void **state)
{
	struct picture *picture, *past;
	struct uuid workspace = workspace_with_hours(&picture);
	struct item_record item = plain_item(&workspace, "A");
	int64_t paused, later;

	(void)state;
	/* Friday at three: two hours that day. The clocks change on Sunday. */
	write_status(&workspace, &item, "open", "2026-03-27T14:00:00Z");
	picture = follow(picture, &workspace);
	assert_true(isnan(left_of(picture, &item, "2026-03-27T15:00:00Z")));
	write_rules(&workspace, picture, twenty_hours);
	picture = follow(picture, &workspace);
	assert_true(left_of(picture, &item, "2026-03-27T15:00:00Z") == 19);
	assert_true(left_of(picture, &item, "2026-03-29T12:00:00Z") == 18);
	assert_true(left_of(picture, &item, "2026-03-30T07:30:00Z") == 17.5);
	/* Monday at noon it waits for somebody else, until Thursday at nine. */
	paused = write_status(&workspace, &item, "in_progress", "2026-03-30T10:00:00Z");
	picture = follow(picture, &workspace);
	assert_true(left_of(picture, &item, "2026-04-01T10:00:00Z") == 15);
	later = write_status(&workspace, &item, "open", "2026-04-02T07:00:00Z");
	picture = follow(picture, &workspace);
	/* Good Friday is none, and Monday goes on. */
	assert_true(left_of(picture, &item, "2026-04-05T00:00:00Z") == 7);
	assert_true(left_of(picture, &item, "2026-04-06T14:00:00Z") == 0);
	assert_true(left_of(picture, &item, "2026-04-06T15:00:00Z") == -1);

	/* What was then is so still, months later, and after other rules. */
	write_rules(&workspace, picture, thirty_hours);
	picture = follow(picture, &workspace);
	assert_true(left_of(picture, &item, "2026-04-06T15:00:00Z") == 9);
	past = load(&workspace, paused);
	assert_true(left_of(past, &item, "2026-07-01T00:00:00Z") == 15);
	picture_free(past);
	past = load(&workspace, later);
	assert_true(left_of(past, &item, "2026-04-06T15:00:00Z") == -1);
	picture_free(past);

	/* The winter's change of the clocks, half a year later: weeks of forty hours. */
	assert_true(left_of(picture, &item, "2026-10-24T00:00:00Z") -
			    left_of(picture, &item, "2026-10-31T00:00:00Z") ==
		    40);
	write_status(&workspace, &item, "done", "2026-11-02T09:00:00Z");
	picture = follow(picture, &workspace);
	assert_true(isnan(left_of(picture, &item, "2026-11-02T10:00:00Z")));
	picture_free(picture);
}

/* The clock as a reading of its own, with when it will be up. */
static void readings_of_one_clock(void **state)
{
	struct picture *picture;
	struct uuid workspace = workspace_with_hours(&picture);
	struct item_record item = plain_item(&workspace, "A");
	struct wn_clock_reading reading;
	struct ranking *ranking;
	uint32_t row;

	(void)state;
	write_rules(&workspace, picture, twenty_hours);
	item.item.created_us = at_us("2026-03-27T14:00:00Z"); /* before it was seen */
	write_status(&workspace, &item, "open", "2026-03-31T00:00:00Z");
	picture = follow(picture, &workspace);
	ranking = rank_at(picture, at_us("2026-03-31T00:00:00Z"));
	row = ranking_find(ranking, &item.id);
	assert_true(
		sla_read(ranking->slas, row, at_us("2026-03-31T07:00:00Z") / US_PER_S, &reading));
	assert_int_equal(reading.state, WN_CLOCK_RUNNING);
	assert_int_equal(reading.started_s, at_us("2026-03-27T14:00:00Z") / US_PER_S);
	assert_int_equal(reading.left_s, 10 * 3600);
	assert_int_equal(reading.due_s, at_us("2026-04-01T09:00:00Z") / US_PER_S);
	assert_string_equal(sla_rule_of(ranking->slas, row)->id.ptr, "all");
	assert_null(sla_rule_of(ranking->slas, WN_ROW_NONE));
	ranking_unref(ranking);
	picture_free(picture);
}

/* ---- histories by chance ---- */

enum { ITEMS = 300, STEPS = 12 };

static void random_step(
	const struct uuid *workspace, struct item_record *records, struct feature_value *values)
{
	static const char *const words[] = {"open", "in_progress", "done", "open"};
	size_t first = random_below(ITEMS), count = 1 + random_below(ITEMS - first);

	fixture.now_us += (int64_t)random_below(30) * 3600 * US_PER_S;
	for (size_t i = first; i < first + count; i++) {
		records[i].item.status = str_from(words[random_below(4)]);
		values[i].number = (double)(1 + random_below(3));
		values[i].revision = 2;
	}
	write_items(workspace, records + first, count);
}

static void same_left(const struct picture *one, const struct picture *other)
{
	int64_t as_of_us = fixture.now_us - fixture.now_us % MINUTE_US + 3600 * INT64_C(1000000);
	struct ranking *a = rank_at(one, as_of_us), *b = rank_at(other, as_of_us);
	size_t known = 0;

	assert_int_equal(a->rows, b->rows);
	for (uint32_t row = 0; row < a->rows; row++) {
		struct uuid id;
		uint32_t there;

		memcpy(id.bytes, a->population.id[row], sizeof id.bytes);
		there = ranking_find(b, &id);
		known += isnan(a->sla_left[row]) ? 0 : 1;
		if (a->sla_left[row] != b->sla_left[there] &&
			!(isnan(a->sla_left[row]) && isnan(b->sla_left[there])))
			fail_msg("row %u: %g and %g", row, a->sla_left[row], b->sla_left[there]);
	}
	assert_true(a->rows == 0 || known > 0);
	ranking_unref(a);
	ranking_unref(b);
}

static void following_is_as_loading(void **state)
{
	struct item_record *records = arena_array(&fixture.arena, ITEMS, sizeof *records);
	struct feature_value *values = arena_array(&fixture.arena, ITEMS, sizeof *values);
	struct picture *picture, *loaded;
	struct uuid workspace = workspace_with_hours(&picture);
	char name[16];

	(void)state;
	random_begin("following_is_as_loading");
	fixture.now_us = at_us("2026-03-20T00:00:00Z");
	for (size_t i = 0; i < ITEMS; i++) {
		snprintf(name, sizeof name, "I%zu", i);
		records[i] = plain_item(&workspace, arena_printf(&fixture.arena, "%s", name));
		records[i].item.features = &values[i];
		records[i].item.feature_count = 1;
		values[i] = (struct feature_value){
			.number = 1, .observed_us = TIME_NONE, .revision = 2};
	}
	write_items(&workspace, records, ITEMS);
	write_rules(&workspace, picture, restarting);
	for (int step = 0; step < STEPS; step++) {
		random_step(&workspace, records, values);
		/* Now and then several revisions in one move. */
		if (random_below(3) == 0)
			continue;
		picture = follow(picture, &workspace);
		loaded = load(&workspace, picture->revision);
		same_left(picture, loaded);
		picture_free(loaded);
	}
	/* Rules that watch something else read the history anew; without rules it is let go. */
	write_rules(&workspace, picture, twenty_hours);
	picture = follow(picture, &workspace);
	loaded = load(&workspace, picture->revision);
	same_left(picture, loaded);
	picture_free(loaded);
	write_rules(&workspace, picture, "{\"rules\":[]}");
	picture = follow(picture, &workspace);
	assert_null(picture->statuses);
	picture_free(picture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weeks_and_a_change_of_the_clocks),
		cmocka_unit_test(readings_of_one_clock),
		cmocka_unit_test(following_is_as_loading),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

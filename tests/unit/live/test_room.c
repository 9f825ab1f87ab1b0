/*
 * The memory budget: who is let go and who stays, what is refused and when it is tried again, what
 * readers hold, what the past may take, and how loads are kept apart.
 */
#include "workspace.h"

#include <sched.h>

#include "base/metrics.h"
#include "live/live.h"
#include "live/parts.h"

enum { LIMIT_US = 20 * 1000000, ITEMS = 600, MANY = 4 * ITEMS, TITLE_BYTES = 400 };

static int64_t ahead_us; /* atomic: of the monotonic clock; the test's */

static int64_t wall(void *self)
{
	(void)self;
	return fixture.now_us;
}

static int64_t monotonic(void *self)
{
	return fixture_monotonic(self) + __atomic_load_n(&ahead_us, __ATOMIC_RELAXED);
}

static const struct clock live_clock = {wall, monotonic, NULL};

static void go_on(int64_t s)
{
	__atomic_add_fetch(&ahead_us, s * 1000000, __ATOMIC_RELAXED);
}

static struct live *new_live(size_t budget)
{
	const struct live_config config = {
		.follow_ms = 10,
		.rank_share = 1.0,
		.ranking_keep_ms = 60000,
		.rankings_kept_max = 4,
		.memory_budget_bytes = budget,
	};
	struct live *live = live_new(fixture.store, &live_clock, &config);

	assert_non_null(live);
	return live;
}

static int64_t fill(const struct uuid *workspace, size_t count, size_t title_bytes, int64_t first)
{
	struct item_record *records = arena_array(&fixture.arena, count, sizeof *records);
	char *title = arena_alloc(&fixture.arena, TITLE_BYTES);

	memset(title, 'x', TITLE_BYTES);
	for (size_t i = 0; i < count; i++) {
		records[i] = plain_item(workspace, arena_printf(&fixture.arena, "X-%zu", i));
		records[i].item.title = (struct str){title, title_bytes};
		records[i].first_revision = first;
	}
	return write_items(workspace, records, count);
}

static struct uuid filled(size_t count)
{
	struct uuid workspace = new_workspace();

	fill(&workspace, count, TITLE_BYTES, 0);
	return workspace;
}

/* The first answer but ERR_LOADING. */
static enum error settled(struct live *live, const struct uuid *workspace, struct ranking **out)
{
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;
	enum error error;

	while ((error = live_ranking(live, workspace, out)) == ERR_LOADING) {
		assert_true(fixture_monotonic(NULL) < until_us);
		sched_yield();
	}
	return error;
}

static void read_it(struct live *live, const struct uuid *workspace)
{
	struct ranking *ranking;

	assert_ok(settled(live, workspace, &ranking));
	ranking_unref(ranking);
}

static bool is_there(struct live *live, const struct uuid *workspace)
{
	struct ranking *ranking;
	enum error error = live_ranking(live, workspace, &ranking);

	if (!error)
		ranking_unref(ranking);
	else
		assert_int_equal(error, ERR_LOADING);
	return !error;
}

static void await_metric(enum metric metric, int64_t value)
{
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;

	while (metric_get(metric) != value) {
		if (fixture_monotonic(NULL) > until_us)
			fail_msg("%s is %lld, not %lld", metric_info(metric)->name,
				(long long)metric_get(metric), (long long)value);
		sched_yield();
	}
}

/* Until the follower has had a whole turn. */
static void await_turn(struct live *live)
{
	struct uuid workspace = new_workspace();

	read_it(live, &workspace);
	live_forget(live, &workspace);
	workspace = new_workspace();
	read_it(live, &workspace);
	live_forget(live, &workspace);
}

/* What a workspace of so many items comes to. */
static size_t size_of(const struct uuid *workspace)
{
	struct live *live = new_live(0);
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;
	size_t bytes;

	metric_set(METRIC_memory_counted_bytes, 0);
	read_it(live, workspace);
	while (metric_get(METRIC_pictures) != 1 || metric_get(METRIC_memory_counted_bytes) == 0) {
		assert_true(fixture_monotonic(NULL) < until_us);
		sched_yield();
	}
	await_turn(live);
	await_metric(METRIC_pictures, 1);
	bytes = (size_t)metric_get(METRIC_memory_counted_bytes);
	live_free(live);
	assert_true(bytes > ITEMS * TITLE_BYTES);
	return bytes;
}

static void the_one_read_least_recently_goes(void **state)
{
	struct uuid a = filled(ITEMS), b = filled(ITEMS), c = filled(ITEMS);
	size_t size = size_of(&a);
	struct live *live = new_live(size * 5 / 2);
	int64_t dropped = metric_get(METRIC_pictures_dropped);
	struct ranking *held, *again;

	(void)state;
	read_it(live, &a);
	assert_ok(settled(live, &b, &held));
	read_it(live, &a);
	await_metric(METRIC_pictures, 2);
	assert_int_equal(metric_get(METRIC_memory_budget_bytes), size * 5 / 2);
	assert_int_equal(metric_get(METRIC_pictures_dropped), dropped);
	read_it(live, &c);
	await_metric(METRIC_pictures_dropped, dropped + 1);
	await_metric(METRIC_pictures, 2);
	assert_true(metric_get(METRIC_memory_counted_bytes) <= (int64_t)size * 5 / 2);
	assert_true(is_there(live, &c));
	assert_true(is_there(live, &a));

	/* What a reader holds stays whole; nobody else finds it. */
	assert_int_equal(held->decision.order.count, ITEMS);
	assert_int_equal(ranking_text(held, ITEMS - 1, ROW_TITLE).len, TITLE_BYTES);
	assert_int_equal(live_ranking_by_id(live, &b, held->id, &again), ERR_GONE);

	/* It comes back when it is asked for, and another one goes. */
	assert_false(is_there(live, &b));
	assert_ok(settled(live, &b, &again));
	assert_string_equal(again->id, held->id);
	assert_ptr_not_equal(again, held);
	await_metric(METRIC_pictures_dropped, dropped + 2);
	await_metric(METRIC_pictures, 2);
	assert_true(is_there(live, &a));
	assert_true(is_there(live, &b));
	assert_false(is_there(live, &c));
	ranking_unref(again);
	ranking_unref(held);
	live_free(live);
}

static void all_stay_without_a_budget_or_within_it(void **state)
{
	struct uuid a = filled(ITEMS), b = filled(ITEMS);
	size_t size = size_of(&a);
	const size_t budgets[] = {0, size * 3};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct live *live = new_live(budgets[i]);
		int64_t dropped = metric_get(METRIC_pictures_dropped);

		read_it(live, &a);
		read_it(live, &b);
		await_turn(live);
		assert_true(is_there(live, &a));
		assert_true(is_there(live, &b));
		assert_int_equal(metric_get(METRIC_pictures_dropped), dropped);
		live_free(live);
	}
}

static void note(struct live_waiter *waiter)
{
	__atomic_store_n(&waiter->revision, -1, __ATOMIC_RELEASE);
}

static void one_that_is_too_large_is_refused(void **state)
{
	struct uuid small = filled(ITEMS), large = filled(MANY);
	size_t size = size_of(&small);
	struct live *live = new_live(size * 2);
	int64_t refused = metric_get(METRIC_pictures_refused);
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;
	struct live_waiter waiter = {.workspace = large, .wake = note};
	struct ranking *ranking;

	(void)state;
	waiter.until_us = monotonic(NULL) + 3600 * INT64_C(1000000);
	read_it(live, &small);
	live_wait(live, &waiter);
	while (__atomic_load_n(&waiter.revision, __ATOMIC_ACQUIRE) == 0) {
		assert_true(fixture_monotonic(NULL) < until_us);
		sched_yield();
	}
	assert_int_equal(live_ranking(live, &large, &ranking), ERR_WORKSPACE_TOO_LARGE);
	assert_true(live_is_failing(live, &large));
	await_metric(METRIC_workspaces_too_large, 1);
	/* The others go on, and it is left alone, however often it is asked for. */
	for (int i = 0; i < 3; i++) {
		read_it(live, &small);
		assert_int_equal(settled(live, &large, &ranking), ERR_WORKSPACE_TOO_LARGE);
		go_on(7200);
		await_turn(live);
	}
	assert_int_equal(metric_get(METRIC_pictures_refused), refused + 1);

	/* When it has changed it is tried again, after a while. */
	fill(&large, 1, 1, 2);
	assert_int_equal(settled(live, &large, &ranking), ERR_WORKSPACE_TOO_LARGE);
	await_metric(METRIC_pictures_refused, refused + 2);
	fill(&large, 1, 2, 2);
	assert_int_equal(settled(live, &large, &ranking), ERR_WORKSPACE_TOO_LARGE);
	await_turn(live);
	assert_int_equal(metric_get(METRIC_pictures_refused), refused + 2);
	go_on(110);
	assert_int_equal(settled(live, &large, &ranking), ERR_WORKSPACE_TOO_LARGE);
	await_turn(live);
	assert_int_equal(metric_get(METRIC_pictures_refused), refused + 2);
	go_on(20);
	assert_int_equal(settled(live, &large, &ranking), ERR_WORKSPACE_TOO_LARGE);
	await_metric(METRIC_pictures_refused, refused + 3);

	/* Until it fits. */
	fill(&large, MANY, 1, 2);
	go_on(250);
	until_us = fixture_monotonic(NULL) + LIMIT_US;
	while (live_ranking(live, &large, &ranking) != ERR_OK) {
		assert_true(fixture_monotonic(NULL) < until_us);
		sched_yield();
	}
	assert_int_equal(ranking->decision.order.count, MANY);
	assert_false(live_is_failing(live, &large));
	await_metric(METRIC_workspaces_too_large, 0);
	ranking_unref(ranking);
	live_free(live);
}

static void one_that_grows_too_large_is_refused(void **state)
{
	struct uuid workspace = filled(ITEMS);
	size_t size = size_of(&workspace);
	struct live *live = new_live(size * 2);
	int64_t refused = metric_get(METRIC_pictures_refused);
	struct ranking *ranking;
	int64_t until_us;

	(void)state;
	read_it(live, &workspace);
	fill(&workspace, MANY, TITLE_BYTES, 0);
	live_hint(live, &workspace, 0);
	until_us = fixture_monotonic(NULL) + LIMIT_US;
	while (live_ranking(live, &workspace, &ranking) != ERR_WORKSPACE_TOO_LARGE) {
		ranking_unref(ranking);
		assert_true(fixture_monotonic(NULL) < until_us);
		sched_yield();
	}
	assert_int_equal(metric_get(METRIC_pictures_refused), refused + 1);
	await_metric(METRIC_pictures, 0);
	live_free(live);
	live = new_live(0);
	read_it(live, &workspace);
	live_free(live);
}

static void one_that_grows_unread_drives_nobody_out(void **state)
{
	struct uuid unread = filled(ITEMS), read = filled(ITEMS);
	size_t size = size_of(&read);
	struct live *live = new_live(size * 5 / 2);
	int64_t dropped = metric_get(METRIC_pictures_dropped);
	int64_t loaded;
	struct ranking *ranking;

	(void)state;
	read_it(live, &unread);
	read_it(live, &read);
	await_metric(METRIC_pictures, 2);
	loaded = metric_get(METRIC_pictures_loaded);
	fill(&unread, 2 * ITEMS, TITLE_BYTES, 0);
	live_hint(live, &unread, 0);
	await_metric(METRIC_pictures_dropped, dropped + 1);
	await_metric(METRIC_pictures, 1);
	await_turn(live);
	assert_true(is_there(live, &read));
	assert_false(is_there(live, &unread));
	assert_false(live_is_failing(live, &unread));
	assert_int_equal(metric_get(METRIC_pictures_dropped), dropped + 1);
	assert_int_equal(metric_get(METRIC_pictures_loaded), loaded + 2); /* the turn's own */
	/* By itself it fits. */
	assert_ok(settled(live, &unread, &ranking));
	assert_int_equal(ranking->decision.order.count, 2 * ITEMS);
	ranking_unref(ranking);
	live_free(live);
}

/* ---- loading ---- */

struct purse {
	size_t bytes, spent;
	int asked;
};

static enum error spend(void *self, size_t bytes)
{
	struct purse *purse = self;

	purse->asked++;
	purse->spent = bytes;
	return bytes > purse->bytes ? ERR_WORKSPACE_TOO_LARGE : ERR_OK;
}

static void a_load_stops_as_soon_as_it_is_too_much(void **state)
{
	struct uuid workspace = filled(MANY);
	struct purse purse = {.bytes = 1 << 30};
	struct picture *picture = picture_new(&workspace);
	size_t whole;
	bool moved;

	(void)state;
	picture->room = (struct room){spend, &purse};
	assert_ok(picture_follow(picture, fixture.conn, &moved));
	whole = picture_bytes(picture);
	/* With each block of rows, of texts, and in the end with what it has come to. */
	assert_int_equal(purse.asked, 2 * ((MANY - 1) / BLOCK_ROWS) + 1);
	assert_true(purse.spent == whole);
	picture_free(picture);

	picture = picture_new(&workspace);
	purse = (struct purse){.bytes = whole / 2};
	picture->room = (struct room){spend, &purse};
	assert_int_equal(picture_follow(picture, fixture.conn, &moved), ERR_WORKSPACE_TOO_LARGE);
	assert_true(purse.spent < whole * 3 / 4);
	assert_true(picture->rows > 0 && picture->torn);
	picture_free(picture);
	/* The connection serves on. */
	picture_free(follow(NULL, &workspace));
}

static void the_past_takes_what_nobody_reads(void **state)
{
	struct uuid workspace = filled(ITEMS), large = filled(MANY);
	struct ranking_request request = {.now_us = fixture.now_us, .model = -1, .policy = -1};
	size_t size = size_of(&workspace);
	struct live *live = new_live(size * 3 / 2);
	int64_t dropped = metric_get(METRIC_pictures_dropped);
	struct ranking *past, *again;

	(void)state;
	fill(&workspace, 1, 1, 2);
	read_it(live, &workspace);
	await_turn(live);
	assert_int_equal(live_ranking_at(live, &workspace, 2, &request, &past), ERR_NO_ROOM);
	assert_true(is_there(live, &workspace));
	assert_int_equal(metric_get(METRIC_pictures_dropped), dropped);
	go_on(61);
	assert_ok(live_ranking_at(live, &workspace, 2, &request, &past));
	assert_int_equal(metric_get(METRIC_pictures_dropped), dropped + 1);
	assert_ok(live_ranking_at(live, &workspace, 2, &request, &again));
	assert_ptr_equal(again, past);
	ranking_unref(again);

	/* Who reads the newest comes first, and what is kept of the past goes. */
	go_on(1);
	read_it(live, &workspace);
	await_metric(METRIC_pictures, 1);
	await_turn(live);
	assert_true(metric_get(METRIC_memory_counted_bytes) <= (int64_t)size * 3 / 2);
	assert_int_equal(live_ranking_at(live, &workspace, 2, &request, &again), ERR_NO_ROOM);
	assert_int_equal(past->decision.order.count, ITEMS);
	ranking_unref(past);

	/* By itself it may not be more than the budget, whoever goes. */
	go_on(61);
	assert_int_equal(
		live_ranking_at(live, &large, 2, &request, &past), ERR_WORKSPACE_TOO_LARGE);
	live_free(live);
}

/* ---- pauses ---- */

static int64_t still_us;

static int64_t still(void *self)
{
	(void)self;
	return still_us;
}

static void loads_that_drive_each_other_out_are_kept_apart(void **state)
{
	static const struct clock clock = {still, still, NULL};
	struct room none = {NULL, NULL};
	struct live live = {.clock = &clock, .config = {.memory_budget_bytes = 100}};
	struct place place = {.live = &live, .last_bytes = 60};
	struct place other = {.live = &live, .picture_bytes = 50, .wanted = true, .next = &place};
	struct picture picture;

	(void)state;
	still_us = 1000000;
	live.places = &other;
	live.past = past_new(NULL, &clock, 60000, &none);
	assert_non_null(live.past);
	assert_int_equal(pthread_mutex_init(&live.mutex, NULL), 0);
	/* Nobody made room yet. */
	room_pace(&live, 0, 1000);
	assert_false(room_is_crowded(&place));
	live.dropped = 1;
	room_pace(&live, 0, 1000);
	assert_true(room_is_crowded(&place));
	still_us += 2999;
	assert_true(room_is_crowded(&place));
	/* Where there is room already, or nobody knows better, none has to wait. */
	place.last_bytes = 50;
	assert_false(room_is_crowded(&place));
	place.last_bytes = 0;
	assert_false(room_is_crowded(&place));
	place.last_bytes = 60;
	place.picture = &picture;
	assert_false(room_is_crowded(&place));
	place.picture = NULL;
	assert_true(room_is_crowded(&place));
	still_us += 1;
	assert_false(room_is_crowded(&place));
	pthread_mutex_destroy(&live.mutex);
	past_free(live.past);
}

/* It counts until its picture is out of use, since it is wanted still. */
static void one_that_grows_while_it_is_waited_for_goes_once(void **state)
{
	struct uuid polled = filled(ITEMS), read = filled(ITEMS);
	size_t size = size_of(&read);
	struct live *live = new_live(size * 5 / 2);
	int64_t dropped = metric_get(METRIC_pictures_dropped);
	struct live_waiter waiter = {.workspace = polled,
		.revision = INT64_MAX,
		.until_us = monotonic(NULL) + LIMIT_US * 10,
		.wake = note};

	(void)state;
	read_it(live, &polled);
	await_metric(METRIC_pictures, 1);
	live_wait(live, &waiter);
	go_on(1);
	read_it(live, &read);
	await_metric(METRIC_pictures, 2);
	fill(&polled, 2 * ITEMS, TITLE_BYTES, 0);
	live_hint(live, &polled, 0);
	while (metric_get(METRIC_pictures_dropped) == dropped)
		sched_yield();
	await_turn(live);
	assert_true(metric_get(METRIC_pictures_dropped) - dropped < 10);
	live_free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_read_least_recently_goes),
		cmocka_unit_test(all_stay_without_a_budget_or_within_it),
		cmocka_unit_test(one_that_is_too_large_is_refused),
		cmocka_unit_test(one_that_grows_too_large_is_refused),
		cmocka_unit_test(one_that_grows_while_it_is_waited_for_goes_once),
		cmocka_unit_test(one_that_grows_unread_drives_nobody_out),
		cmocka_unit_test(a_load_stops_as_soon_as_it_is_too_much),
		cmocka_unit_test(the_past_takes_what_nobody_reads),
		cmocka_unit_test(loads_that_drive_each_other_out_are_kept_apart),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

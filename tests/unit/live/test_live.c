/*
 * The follower and the past: rankings that change with the minute alone, rankings as of earlier
 * revisions and by other versions, asked for by several threads at once.
 */
#include "workspace.h"

#include <pthread.h>
#include <sched.h>

#include "live/live.h"

enum { LIMIT_US = 20 * 1000000 };

/* What the live part reads; the test moves it. */
static int64_t wall_us; /* atomic */

static int64_t wall(void *self)
{
	(void)self;
	return __atomic_load_n(&wall_us, __ATOMIC_RELAXED);
}

static const struct clock live_clock = {wall, fixture_monotonic, NULL};

static struct live *new_live(void)
{
	const struct live_config config = {
		.follow_ms = 10,
		.rank_share = 1.0,
		.ranking_keep_ms = 60000,
		.rankings_kept_max = 4,
	};
	struct live *live;

	__atomic_store_n(&wall_us, fixture.now_us, __ATOMIC_RELAXED);
	live = live_new(fixture.store, &live_clock, &config);
	assert_non_null(live);
	return live;
}

/* The published ranking of this id, within a limit. */
static struct ranking *await(struct live *live, const struct uuid *workspace, const char *id)
{
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;
	struct ranking *ranking;

	for (;;) {
		enum error error = live_ranking(live, workspace, &ranking);

		assert_true(error == ERR_OK || error == ERR_LOADING);
		if (!error && strcmp(ranking->id, id) == 0)
			return ranking;
		if (!error)
			ranking_unref(ranking);
		if (fixture_monotonic(NULL) > until_us)
			fail_msg("no ranking %s", id);
		live_hint(live, workspace, 0);
		sched_yield();
	}
}

static const char *id_of(int64_t revision, int64_t at_us)
{
	static char id[48];

	snprintf(id, sizeof id, "%lld.%lld", (long long)revision, (long long)(at_us / MINUTE_US));
	return id;
}

/* Until the follower has looked at everything at the time that it is now. */
static void await_round(struct live *live)
{
	struct uuid workspace = new_workspace();

	ranking_unref(await(live, &workspace, id_of(1, fixture.now_us)));
	workspace = new_workspace();
	ranking_unref(await(live, &workspace, id_of(1, fixture.now_us)));
}

static void the_minute_turns_without_a_revision(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record item = plain_item(&workspace, "A");
	struct override_row defer = plain_override(&item.id, "defer");
	struct live *live = new_live();
	struct ranking *ranking, *later;
	int64_t revision;

	(void)state;
	defer.expires_us = fixture.now_us + 90 * INT64_C(1000000);
	write_items(&workspace, &item, 1);
	revision = write_override(&workspace, &defer);
	ranking = await(live, &workspace, id_of(revision, fixture.now_us));
	assert_int_equal(ranking->decision.order.count, 0);
	__atomic_store_n(&wall_us, fixture.now_us + 3 * (int64_t)MINUTE_US, __ATOMIC_RELAXED);
	/* As of the first whole minute without it: none behind changes anything more. */
	later = await(live, &workspace, id_of(revision, defer.expires_us + MINUTE_US - 1));
	assert_int_equal(later->decision.order.count, 1);
	assert_int_equal(later->decision.order.rank[ranking_find(later, &item.id)], 1);
	assert_int_equal(ranking->decision.order.count, 0);
	ranking_unref(ranking);
	ranking_unref(later);
	live_free(live);
}

static void what_does_not_depend_on_time_stays(void **state)
{
	struct uuid workspace = new_workspace(), other = new_workspace();
	struct item_record item = plain_item(&other, "A");
	struct override_row boost = plain_override(&item.id, "boost");
	struct live *live = new_live();
	struct ranking *ranking, *same, *timed;
	int64_t revision;

	(void)state;
	boost.delta = 1;
	boost.expires_us = (fixture.now_us / MINUTE_US + 2) * MINUTE_US;
	write_items(&other, &item, 1);
	revision = write_override(&other, &boost);
	ranking = await(live, &workspace, id_of(1, fixture.now_us));
	timed = await(live, &other, id_of(revision, fixture.now_us));
	ranking_unref(timed);
	/* Until something expires, no minute makes a new ranking. */
	__atomic_store_n(&wall_us, boost.expires_us - 1, __ATOMIC_RELAXED);
	await_round(live);
	assert_ok(live_ranking(live, &other, &same));
	assert_string_equal(same->id, id_of(revision, fixture.now_us));
	ranking_unref(same);
	__atomic_store_n(&wall_us, fixture.now_us + 2 * (int64_t)MINUTE_US, __ATOMIC_RELAXED);
	/* When the timed one has moved, the follower has seen the other at the new minute, too. */
	timed = await(live, &other, id_of(revision, fixture.now_us + 2 * (int64_t)MINUTE_US));
	ranking_unref(timed);
	assert_ok(live_ranking(live, &workspace, &same));
	assert_ptr_equal(same, ranking);
	ranking_unref(same);
	ranking_unref(ranking);
	live_free(live);
}

/* ---- loading beside the follower ---- */

/* A load begins with the documents, which another session keeps locked: so it takes as long as the test
 * wants. Moving a picture that is there reads none of them. */
static void a_load_holds_up_nobody(void **state)
{
	struct uuid loaded = new_workspace(), loading = new_workspace();
	struct item_record item = plain_item(&loaded, "A");
	struct override_row boost = plain_override(&item.id, "boost");
	struct live *live = new_live();
	struct live_loading progress;
	struct ranking *ranking;
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US, revision;

	(void)state;
	boost.delta = 1;
	write_items(&loaded, &item, 1);
	ranking_unref(await(live, &loaded, id_of(2, fixture.now_us)));
	fixture_do(fixture.admin, "BEGIN; LOCK TABLE winnow.documents IN ACCESS EXCLUSIVE MODE");
	assert_int_equal(live_ranking(live, &loading, &ranking), ERR_LOADING);
	do {
		assert_true(fixture_monotonic(NULL) < until_us);
		live_loading(live, &loading, &progress);
	} while (!progress.begun);
	revision = write_override(&loaded, &boost);
	ranking = await(live, &loaded, id_of(revision, fixture.now_us));
	assert_int_equal(ranking->revision, revision);
	ranking_unref(ranking);
	assert_int_equal(live_ranking(live, &loading, &ranking), ERR_LOADING);
	live_loading(live, &loading, &progress);
	assert_true(progress.begun && progress.since_us > 0 && progress.items == 0);
	fixture_do(fixture.admin, "COMMIT");
	ranking_unref(await(live, &loading, id_of(1, fixture.now_us)));
	live_loading(live, &loading, &progress);
	assert_false(progress.begun);
	live_free(live);
}

static void the_past_is_loaded_and_kept(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record items[] = {plain_item(&workspace, "A"), plain_item(&workspace, "B")};
	struct ranking_request request = {.now_us = fixture.now_us, .model = -1, .policy = -1};
	struct live *live = new_live();
	struct ranking *past, *again, *current, *other;
	int64_t first, second;

	(void)state;
	first = write_items(&workspace, &items[0], 1);
	second = write_items(&workspace, &items[1], 1);
	assert_ok(live_ranking_at(live, &workspace, first, &request, &past));
	assert_int_equal(past->revision, first);
	assert_int_equal(past->decision.order.count, 1);
	assert_int_equal(ranking_find(past, &items[1].id), WN_ROW_NONE);
	assert_ok(live_ranking_at(live, &workspace, first, &request, &again));
	assert_ptr_equal(again, past);
	ranking_unref(again);

	/* Unless it is to be proved: then the rows are read again. */
	request.anew = true;
	assert_ok(live_ranking_at(live, &workspace, first, &request, &again));
	assert_ptr_not_equal(again->blocks[0], past->blocks[0]);
	ranking_unref(past);
	past = again;
	request.anew = false;
	assert_ok(live_ranking_at(live, &workspace, first, &request, &again));
	assert_ptr_equal(again, past);
	ranking_unref(again);

	/* Another time, or versions by number, of what is loaded already. */
	request.as_of_us = past->as_of_us + MINUTE_US;
	assert_ok(live_ranking_at(live, &workspace, first, &request, &other));
	assert_ptr_not_equal(other, past);
	assert_ptr_equal(other->blocks[0], past->blocks[0]);
	ranking_unref(other);
	request.as_of_us = 0;
	request.model = 1;
	request.policy = 0;
	assert_ok(live_ranking_at(live, &workspace, first, &request, &other));
	assert_ptr_equal(other, past);
	ranking_unref(other);
	request.model = 2;
	assert_int_equal(live_ranking_at(live, &workspace, first, &request, &other), ERR_NOT_FOUND);
	request.model = -1;
	assert_int_equal(
		live_ranking_at(live, &workspace, second + 1, &request, &other), ERR_BEYOND_HEAD);

	/* The published one, where it is that. */
	current = await(live, &workspace, id_of(second, fixture.now_us));
	assert_ok(live_ranking_at(live, &workspace, second, &request, &other));
	assert_ptr_equal(other, current);
	ranking_unref(other);
	ranking_unref(current);
	live_forget(live, &workspace);
	ranking_unref(past);
	live_free(live);
}

struct asker {
	struct live *live;
	const struct uuid *workspace;
	int64_t revisions;
	pthread_t thread;
	int failed;
};

static void *ask(void *self)
{
	struct asker *asker = self;
	struct ranking_request request = {.now_us = fixture.now_us, .model = -1, .policy = -1};

	for (int64_t n = 0; n < 40; n++) {
		int64_t revision = 1 + n % asker->revisions;
		struct ranking *ranking = NULL;
		enum error error;

		/* One is loaded, one waits, a third is sent away. */
		do
			error = live_ranking_at(
				asker->live, asker->workspace, revision, &request, &ranking);
		while (error == ERR_BUSY && sched_yield() == 0);
		if (error) {
			asker->failed++;
			continue;
		}
		/* Each revision but the first has one item more. */
		asker->failed += ranking->revision != revision ||
				 ranking->decision.order.count != (size_t)revision - 1;
		ranking_unref(ranking);
	}
	return NULL;
}

static void many_ask_for_the_past_at_once(void **state)
{
	enum { REVISIONS = 7, ASKERS = 3 };
	struct uuid workspace = new_workspace();
	struct asker askers[ASKERS];
	struct live *live = new_live();

	(void)state;
	for (int i = 2; i <= REVISIONS; i++) {
		char name[8];
		struct item_record item;

		snprintf(name, sizeof name, "N-%d", i);
		item = plain_item(&workspace, name);
		assert_int_equal(write_items(&workspace, &item, 1), i);
	}
	for (int i = 0; i < ASKERS; i++) {
		askers[i] = (struct asker){
			.live = live, .workspace = &workspace, .revisions = REVISIONS};
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	}
	for (int i = 0; i < ASKERS; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].failed, 0);
	}
	live_free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_minute_turns_without_a_revision),
		cmocka_unit_test(what_does_not_depend_on_time_stays),
		cmocka_unit_test(a_load_holds_up_nobody),
		cmocka_unit_test(the_past_is_loaded_and_kept),
		cmocka_unit_test(many_ask_for_the_past_at_once),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

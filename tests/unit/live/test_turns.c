/*
 * What time brings about comes to many workspaces in the same minute: the follower takes a few of them
 * a turn, those first that were read last. The past is this test's own: it is asked once a turn.
 */
#include "workspace.h"

#include <sched.h>

#include "base/metrics.h"
#include "live/live.h"
#include "live/past.h"

enum { LIMIT_US = 20 * 1000000, PLACES = 11, READ_LAST = 3, A_TURN = 4 };

static int64_t wall_us; /* atomic; what the live part reads */

static struct {
	struct live *live;
	struct uuid read_last;
	const char *id; /* that its new ranking has */
	int64_t seen;   /* of the metric */
	int turns;      /* in which something was published */
	int64_t most;   /* in one of them */
	bool first_had_it;
	int64_t all; /* atomic */
} watch;

static int64_t wall(void *self)
{
	(void)self;
	return __atomic_load_n(&wall_us, __ATOMIC_RELAXED);
}

static const struct clock live_clock = {wall, fixture_monotonic, NULL};

/* ---- the past, which there is none of ---- */

struct past {
	bool watched; /* atomic */
};
static struct past no_past;

struct past *past_new(
	struct store *store, const struct clock *clock, unsigned keep_ms, const struct room *room)
{
	(void)room;
	(void)store;
	(void)clock;
	(void)keep_ms;
	return &no_past;
}

void past_free(struct past *past)
{
	(void)past;
}

enum error past_ranking(struct past *past, const struct uuid *workspace, int64_t revision,
	const struct ranking_request *request, struct ranking **out)
{
	(void)past;
	(void)workspace;
	(void)revision;
	(void)request;
	(void)out;
	return ERR_NOT_FOUND;
}

void past_forget(struct past *past, const struct uuid *workspace)
{
	(void)past;
	(void)workspace;
}

size_t past_bytes(struct past *past)
{
	(void)past;
	return 0;
}

bool past_drop_oldest(struct past *past, int64_t before_us)
{
	(void)past;
	(void)before_us;
	return false;
}

/* On the follower's thread, at the end of each turn. */
bool past_sweep(struct past *past)
{
	int64_t published = metric_get(METRIC_rankings_published);
	int64_t news = published - watch.seen;
	struct ranking *ranking;

	if (!__atomic_load_n(&past->watched, __ATOMIC_ACQUIRE) || news == 0)
		return false;
	watch.seen = published;
	watch.most = news > watch.most ? news : watch.most;
	if (watch.turns++ == 0 && live_ranking(watch.live, &watch.read_last, &ranking) == ERR_OK) {
		watch.first_had_it = strcmp(ranking->id, watch.id) == 0;
		ranking_unref(ranking);
	}
	__atomic_add_fetch(&watch.all, news, __ATOMIC_RELEASE);
	return false;
}

/* ---- the test ---- */

static const char *id_of(int64_t revision, int64_t at_us)
{
	static char id[48];

	snprintf(id, sizeof id, "%lld.%lld", (long long)revision, (long long)(at_us / MINUTE_US));
	return id;
}

static void await_ranking(struct live *live, const struct uuid *workspace)
{
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;
	struct ranking *ranking;

	while (live_ranking(live, workspace, &ranking) != ERR_OK) {
		assert_true(fixture_monotonic(NULL) < until_us);
		sched_yield();
	}
	ranking_unref(ranking);
}

static void make_timed(struct uuid *workspace, int64_t expiry_us)
{
	struct override_row defer;
	struct item_record item;

	*workspace = new_workspace();
	item = plain_item(workspace, "A");
	defer = plain_override(&item.id, "defer");
	defer.expires_us = expiry_us;
	write_items(workspace, &item, 1);
	assert_int_equal(write_override(workspace, &defer), 3);
}

static void a_few_at_a_time(void **state)
{
	const struct live_config config = {.follow_ms = 10,
		.rank_share = 1.0,
		.ranking_keep_ms = 60000,
		.rankings_kept_max = 4};
	int64_t expiry_us = (fixture.now_us / MINUTE_US + 2) * MINUTE_US;
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;
	struct uuid workspaces[PLACES];

	(void)state;
	wall_us = fixture.now_us;
	watch.live = live_new(fixture.store, &live_clock, &config);
	assert_non_null(watch.live);
	for (int i = 0; i < PLACES; i++) {
		make_timed(&workspaces[i], expiry_us);
		await_ranking(watch.live, &workspaces[i]);
	}
	await_ranking(watch.live, &workspaces[READ_LAST]);
	watch.read_last = workspaces[READ_LAST];
	watch.id = id_of(3, expiry_us);
	watch.seen = metric_get(METRIC_rankings_published);
	__atomic_store_n(&no_past.watched, true, __ATOMIC_RELEASE);
	__atomic_store_n(&wall_us, expiry_us, __ATOMIC_RELAXED);
	while (__atomic_load_n(&watch.all, __ATOMIC_ACQUIRE) < PLACES) {
		assert_true(fixture_monotonic(NULL) < until_us);
		sched_yield();
	}
	live_free(watch.live);
	assert_int_equal(watch.all, PLACES);
	assert_int_equal(watch.most, A_TURN);
	assert_int_equal(watch.turns, (PLACES + A_TURN - 1) / A_TURN);
	assert_true(watch.first_had_it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_at_a_time),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

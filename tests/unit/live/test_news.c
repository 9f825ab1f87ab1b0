/*
 * The news of a workspace: events in order, readers that fall behind, logs that turn out to be
 * others, seats, and who wakes whom.
 */
#include "workspace.h"

#include <sched.h>

#include "base/buf.h"
#include "live/news.h"

enum { LIMIT_US = 20 * 1000000, KEPT = 4 };

static struct news *new_news(unsigned kept)
{
	const struct news_config config = {
		.look_ms = 10, .kept = kept, .most = 3, .most_a_token = 2};
	struct news *news = news_new(fixture.store, &fixture_clock, &config);

	assert_non_null(news);
	return news;
}

static int64_t write_one(const struct uuid *workspace, const char *title)
{
	struct item_record item = plain_item(workspace, "A");

	item.item.title = str_from(title);
	return write_items(workspace, &item, 1);
}

/* Until it is another than `not_yet`, within a limit; appends to `out`. */
static enum news_state await(
	struct news *news, struct news_reader *reader, enum news_state not_yet, struct buf *out)
{
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;
	enum news_state state;
	size_t told;

	while ((state = news_read(news, reader, SIZE_MAX, out, &told)) == not_yet) {
		if (fixture_monotonic(NULL) > until_us)
			fail_msg("still %d", (int)not_yet);
		news_hint(news);
		sched_yield();
	}
	return state;
}

/* Reads until the reader was told of the revision. */
static void read_to(
	struct news *news, struct news_reader *reader, int64_t revision, struct buf *out)
{
	while (reader->last < revision)
		assert_int_equal(await(news, reader, NEWS_NOTHING, out), NEWS_TOLD);
}

static void each_revision_once_and_in_order(void **state)
{
	struct uuid workspace = new_workspace();
	struct news_reader full = {.last = 1, .full = true}, lean = {.last = 1};
	struct news *news = new_news(64);
	struct buf told = BUF_INIT, less = BUF_INIT;
	const char *at;

	(void)state;
	assert_ok(news_open(news, &workspace, &full));
	assert_ok(news_open(news, &workspace, &lean));
	assert_true(news_is_followed(news, &workspace));
	/* From where the log was looked at first; before that it is in the log alone. */
	while (!full.live)
		assert_int_equal(
			news_read(news, &full, SIZE_MAX, &told, &(size_t){0}), NEWS_NOTHING);
	for (int i = 2; i <= 20; i++) {
		char title[16];

		snprintf(title, sizeof title, "title %d", i);
		assert_int_equal(write_one(&workspace, title), i);
	}
	read_to(news, &full, 20, &told);
	read_to(news, &lean, 20, &less);
	at = told.data;
	for (int i = 2; i <= 20; i++) {
		char id[32];

		snprintf(id, sizeof id, "id: %d\nevent: revision\n", i);
		at = strstr(at, id);
		assert_non_null(at);
		assert_non_null(strstr(less.data, id));
	}
	assert_null(strstr(told.data, "id: 1\n"));
	assert_non_null(strstr(told.data, "\"actor\":"));
	assert_null(strstr(less.data, "\"actor\":"));
	news_close(news, &full);
	news_close(news, &lean);
	assert_false(news_is_followed(news, &workspace));
	buf_release(&told);
	buf_release(&less);
	news_free(news);
}

static void who_falls_behind_is_lost_or_reads_the_log(void **state)
{
	struct uuid workspace = new_workspace();
	struct news_reader slow = {.last = 1}, late = {.last = 1}, quick = {.last = 1};
	struct news *news = new_news(KEPT);
	struct buf told = BUF_INIT;

	(void)state;
	assert_ok(news_open(news, &workspace, &slow));
	assert_ok(news_open(news, &workspace, &quick));
	while (!slow.live || !quick.live) {
		news_read(news, &slow, SIZE_MAX, &told, &(size_t){0});
		news_read(news, &quick, SIZE_MAX, &told, &(size_t){0});
	}
	write_one(&workspace, "first");
	read_to(news, &slow, 2, &told);
	for (int i = 0; i < KEPT + 1; i++) {
		int64_t revision = write_one(&workspace, i % 2 ? "odd" : "even");

		read_to(news, &quick, revision, &told);
	}
	assert_int_equal(news_read(news, &slow, SIZE_MAX, &told, &(size_t){0}), NEWS_LOST);
	assert_ok(news_open(news, &workspace, &late));
	assert_int_equal(news_read(news, &late, SIZE_MAX, &told, &(size_t){0}), NEWS_BEHIND);
	late.last = quick.last - KEPT; /* as if it had read the log so far */
	buf_reset(&told);
	assert_int_equal(news_read(news, &late, SIZE_MAX, &told, &(size_t){0}), NEWS_TOLD);
	assert_int_equal(late.last, quick.last);
	news_close(news, &slow);
	news_close(news, &quick);
	news_close(news, &late);
	buf_release(&told);
	news_free(news);
}

static void a_ranking_is_told_behind_its_revision(void **state)
{
	struct uuid workspace = new_workspace();
	struct news_reader reader = {.last = 1};
	struct news *news = new_news(KEPT);
	struct buf told = BUF_INIT;
	const char *event;

	(void)state;
	news_ranking(news, &workspace, "2.7", 2);
	assert_ok(news_open(news, &workspace, &reader));
	while (!reader.live)
		assert_int_equal(
			news_read(news, &reader, SIZE_MAX, &told, &(size_t){0}), NEWS_NOTHING);
	assert_int_equal(told.len, 0);
	write_one(&workspace, "second");
	read_to(news, &reader, 2, &told);
	event = strstr(told.data, "event: ranking\ndata: {\"ranking\":\"2.7\",\"revision\":2}\n\n");
	assert_non_null(event);
	assert_true(strstr(told.data, "id: 2\n") < event);
	assert_int_equal(news_read(news, &reader, SIZE_MAX, &told, &(size_t){0}), NEWS_NOTHING);
	news_close(news, &reader);
	buf_release(&told);
	news_free(news);
}

/* Set back, and as far as before again when it is looked at: only the hashes tell. */
static void another_log_is_noticed(void **state)
{
	struct uuid workspace = new_workspace();
	struct news_reader reader = {.last = 1};
	struct news *news = new_news(KEPT);
	struct buf told = BUF_INIT;
	char sql[512], id[UUID_TEXT_SIZE];
	PGresult *result;

	(void)state;
	assert_ok(news_open(news, &workspace, &reader));
	while (!reader.live)
		news_read(news, &reader, SIZE_MAX, &told, &(size_t){0});
	write_one(&workspace, "second");
	read_to(news, &reader, 2, &told);
	snprintf(sql, sizeof sql,
		"UPDATE winnow.workspace_heads SET hash = sha256('another') WHERE workspace_id = "
		"'%s'",
		uuid_to_text(&workspace, id));
	result = PQexec(fixture.admin, sql);
	assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
	write_one(&workspace, "third");
	assert_int_equal(await(news, &reader, NEWS_NOTHING, &told), NEWS_SET_BACK);
	assert_int_equal(reader.last, 3);
	write_one(&workspace, "fourth");
	read_to(news, &reader, 4, &told);
	news_close(news, &reader);
	buf_release(&told);
	news_free(news);
}

static void seats_are_counted_by_token_and_in_all(void **state)
{
	struct uuid one = {{1}}, two = {{2}};
	struct news *news = new_news(KEPT);

	(void)state;
	assert_ok(news_enter(news, &one));
	assert_ok(news_enter(news, &one));
	assert_int_equal(news_enter(news, &one), ERR_TOO_MANY_STREAMS);
	assert_ok(news_enter(news, &two));
	assert_int_equal(news_enter(news, &two), ERR_STREAMS_FULL);
	news_leave(news, &one);
	assert_ok(news_enter(news, &two));
	news_leave(news, &one);
	news_leave(news, &two);
	news_leave(news, &two);
	assert_ok(news_enter(news, &one));
	news_leave(news, &one);
	news_free(news);
}

/* ---- waiting ---- */

struct sleeper {
	struct news_waiter waiter;
	int woken, looked; /* atomic */
};

static void wake(struct news_waiter *waiter)
{
	__atomic_add_fetch(&((struct sleeper *)waiter)->woken, 1, __ATOMIC_SEQ_CST);
}

static bool look(struct news_waiter *waiter)
{
	return __atomic_add_fetch(&((struct sleeper *)waiter)->looked, 1, __ATOMIC_SEQ_CST) == 2;
}

static void await_wake(struct sleeper *sleeper, int woken)
{
	int64_t until_us = fixture_monotonic(NULL) + LIMIT_US;

	while (__atomic_load_n(&sleeper->woken, __ATOMIC_SEQ_CST) < woken) {
		if (fixture_monotonic(NULL) > until_us)
			fail_msg("nobody wakes it");
		sched_yield();
	}
	assert_int_equal(sleeper->woken, woken);
}

static void whoever_waits_is_woken_once(void **state)
{
	struct uuid workspace = new_workspace();
	struct news_reader reader = {.last = 1};
	struct news *news = new_news(KEPT);
	struct sleeper sleeper = {
		.waiter = {.reader = &reader, .until_us = INT64_MAX, .wake = wake}};
	struct buf told = BUF_INIT;

	(void)state;
	assert_ok(news_open(news, &workspace, &reader));
	while (!reader.live)
		news_read(news, &reader, SIZE_MAX, &told, &(size_t){0});
	news_wait(news, &sleeper.waiter); /* for a revision */
	write_one(&workspace, "second");
	news_hint(news);
	await_wake(&sleeper, 1);
	news_wait(news, &sleeper.waiter); /* which is there already */
	assert_int_equal(sleeper.woken, 2);
	read_to(news, &reader, 2, &told);
	sleeper.waiter.until_us = fixture_monotonic(NULL) + 50000;
	news_wait(news, &sleeper.waiter); /* for the time */
	await_wake(&sleeper, 3);
	assert_true(fixture_monotonic(NULL) >= sleeper.waiter.until_us);
	sleeper.waiter.until_us = INT64_MAX;
	news_wait(news, &sleeper.waiter);
	news_nudge(news, &sleeper.waiter);
	assert_int_equal(sleeper.woken, 4);
	news_nudge(news, &sleeper.waiter); /* does not wait */
	assert_int_equal(sleeper.woken, 4);
	sleeper.waiter.look = look;
	news_wait(news, &sleeper.waiter);
	await_wake(&sleeper, 5);
	assert_int_equal(sleeper.looked, 2);
	sleeper.waiter.look = NULL;
	news_wait(news, &sleeper.waiter);
	news_end(news);
	await_wake(&sleeper, 6);
	assert_int_equal(news_read(news, &reader, SIZE_MAX, &told, &(size_t){0}), NEWS_OVER);
	news_close(news, &reader);
	buf_release(&told);
	news_free(news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_revision_once_and_in_order),
		cmocka_unit_test(who_falls_behind_is_lost_or_reads_the_log),
		cmocka_unit_test(a_ranking_is_told_behind_its_revision),
		cmocka_unit_test(another_log_is_noticed),
		cmocka_unit_test(seats_are_counted_by_token_and_in_all),
		cmocka_unit_test(whoever_waits_is_woken_once),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

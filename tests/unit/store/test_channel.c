/*
 * The channel between daemons: what one tells the others hear, and it not; a connection that is lost
 * is noticed, and made again.
 */
#include "fixture.h"

#include <poll.h>

#include "store/channel.h"

enum { LIMIT_MS = 20000 };

struct ear {
	int count;
	char last[64];
};

static void hear(void *self, const char *text)
{
	struct ear *ear = self;

	ear->count++;
	snprintf(ear->last, sizeof ear->last, "%s", text);
}

static struct channel *open_channel(void)
{
	struct channel *channel = channel_new(getenv("WINNOW_TEST_DATABASE_URL"), 5);
	char why[256];

	assert_non_null(channel);
	assert_false(channel_is_open(channel));
	assert_int_equal(channel_socket(channel), -1);
	assert_ok(channel_open(channel, why, sizeof why));
	assert_true(channel_is_open(channel));
	return channel;
}

/* Takes once after input. */
static enum error take(struct channel *channel, struct ear *ear)
{
	struct pollfd ready = {.fd = channel_socket(channel), .events = POLLIN};

	assert_int_equal(poll(&ready, 1, LIMIT_MS), 1);
	return channel_take(channel, hear, ear);
}

/* Until the answer to what was told has come. */
static void tell(struct channel *channel, struct ear *own, const char *text)
{
	while (!channel_tell(channel, text))
		assert_ok(take(channel, own));
}

static void test_others_hear(void **state)
{
	struct channel *a = open_channel(), *b = open_channel();
	struct ear at_a = {0}, at_b = {0};

	(void)state;
	tell(a, &at_a, "one 1");
	/* One at a time. */
	assert_false(channel_tell(a, "two 2"));
	tell(a, &at_a, "two 2");
	while (at_b.count < 2)
		assert_ok(take(b, &at_b));
	assert_string_equal(at_b.last, "two 2");
	tell(b, &at_b, "");
	while (at_a.count < 1)
		assert_ok(take(a, &at_a));
	/* Its own two came before that. */
	assert_int_equal(at_a.count, 1);
	assert_string_equal(at_a.last, "");
	assert_int_equal(at_b.count, 2);
	channel_free(a);
	channel_free(b);
	channel_free(NULL);
}

static void test_lost_and_made_again(void **state)
{
	struct channel *a = open_channel(), *b = open_channel();
	struct ear at_a = {0}, at_b = {0};
	char why[256];

	(void)state;
	fixture_do(fixture.admin, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
				  "WHERE application_name = 'winnowd news' "
				  "AND datname = current_database()");
	while (take(a, &at_a) == ERR_OK)
		;
	while (take(b, &at_b) == ERR_OK)
		;
	assert_false(channel_is_open(a));
	assert_false(channel_tell(a, "lost"));
	assert_int_equal(channel_take(a, hear, &at_a), ERR_DATABASE_AWAY);
	assert_ok(channel_open(a, why, sizeof why));
	assert_ok(channel_open(b, why, sizeof why));
	tell(a, &at_a, "found");
	while (at_b.count < 1)
		assert_ok(take(b, &at_b));
	assert_string_equal(at_b.last, "found");
	channel_free(a);
	channel_free(b);
}

static void test_away(void **state)
{
	struct channel *channel = channel_new("host=/nonexistent", 5);
	char why[256] = "";

	(void)state;
	assert_int_equal(channel_open(channel, why, sizeof why), ERR_DATABASE_AWAY);
	assert_non_null(strstr(why, "/nonexistent"));
	assert_false(channel_is_open(channel));
	assert_false(channel_tell(channel, "nobody"));
	channel_free(channel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others_hear),
		cmocka_unit_test(test_lost_and_made_again),
		cmocka_unit_test(test_away),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

/*
 * A connection that is lost while committing, by a socket that stands between: whether the commit
 * had arrived cannot be told from here, and is settled by the attempt.
 */
#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum cut { CUT_NOT, CUT_BEFORE, CUT_AFTER };

static struct proxy {
	char folder[64];
	struct sockaddr_un here, there;
	int listener;
	pthread_t thread;
	_Atomic enum cut cut;
} proxy;

static bool copy(int from, int to, bool upwards)
{
	char bytes[65536];
	ssize_t got = read(from, bytes, sizeof bytes);
	struct pollfd answer = {.fd = to, .events = POLLIN};
	/* The name of the prepared statement, as Bind has it. */
	static const char commit[] = "\0commit";

	if (got <= 0)
		return false;
	if (!upwards || proxy.cut == CUT_NOT || !memmem(bytes, (size_t)got, commit, sizeof commit))
		return send(to, bytes, (size_t)got, MSG_NOSIGNAL) == got;
	if (proxy.cut == CUT_AFTER) {
		assert_int_equal(send(to, bytes, (size_t)got, MSG_NOSIGNAL), got);
		/* The answer is waited for and never passed on. */
		poll(&answer, 1, 5000);
	}
	return false;
}

static void serve(int client)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};

	if (connect(server, (struct sockaddr *)&proxy.there, sizeof proxy.there) == 0) {
		while (poll(ends, 2, -1) > 0) {
			if (ends[0].revents && !copy(client, server, true))
				break;
			if (ends[1].revents && !copy(server, client, false))
				break;
		}
	}
	close(server);
	close(client);
}

static void *run_proxy(void *arg)
{
	int client;

	(void)arg;
	while ((client = accept(proxy.listener, NULL, NULL)) >= 0)
		serve(client);
	return NULL;
}

static int start_proxy(void **state)
{
	const char *host;

	fixture_setup(state);
	host = PQhost(fixture.admin);
	if (!host || host[0] != '/')
		return 0;
	proxy.here.sun_family = proxy.there.sun_family = AF_UNIX;
	snprintf(proxy.there.sun_path, sizeof proxy.there.sun_path, "%s/.s.PGSQL.%s", host,
		PQport(fixture.admin));
	snprintf(proxy.folder, sizeof proxy.folder, "/tmp/winnow-test-XXXXXX");
	assert_non_null(mkdtemp(proxy.folder));
	snprintf(proxy.here.sun_path, sizeof proxy.here.sun_path, "%s/.s.PGSQL.5432", proxy.folder);
	proxy.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
		bind(proxy.listener, (struct sockaddr *)&proxy.here, sizeof proxy.here), 0);
	assert_int_equal(listen(proxy.listener, 5), 0);
	assert_int_equal(pthread_create(&proxy.thread, NULL, run_proxy, NULL), 0);
	return 0;
}

static int stop_proxy(void **state)
{
	if (proxy.folder[0]) {
		shutdown(proxy.listener, SHUT_RDWR);
		pthread_join(proxy.thread, NULL);
		close(proxy.listener);
		unlink(proxy.here.sun_path);
		rmdir(proxy.folder);
	}
	return fixture_teardown(state);
}

/* One change through the proxy, cut at the commit; what the log says of it afterwards. */
static void lose_commit(enum cut cut, bool expected)
{
	const struct document document = {STR("model"), STR("1"), STR("{}"), 0};
	char url[1400], database[64], plain[1024];
	struct uuid workspace = fixture_workspace(), attempt;
	struct store *store;
	struct conn *conn;
	struct change change;
	struct sha256 hash;
	struct tx *tx;
	int64_t revision;
	bool committed;

	if (!proxy.folder[0])
		skip();
	fixture_database(getenv("WINNOW_TEST_DATABASE_URL"), database, sizeof database);
	fixture_url(getenv("WINNOW_TEST_DATABASE_URL"), database, plain, sizeof plain);
	snprintf(url, sizeof url, "%s host='%s' port=5432", plain, proxy.folder);
	store = fixture_store(url, 1);
	assert_ok(store_acquire(store, &conn));
	uuid_random(&attempt);
	assert_ok(tx_begin(conn, &workspace, &tx));
	assert_ok(change_begin(tx, &workspace, &fixture_clock, &attempt, &change));
	assert_ok(documents_append(&change, &document));
	assert_ok(change_finish(&change, &fixture_info, STR("{}")));
	proxy.cut = cut;
	assert_int_equal(tx_commit(tx), ERR_COMMIT_UNKNOWN);
	proxy.cut = CUT_NOT;

	/* By the same connection, which heals. */
	assert_ok(attempt_settle(conn, &workspace, &attempt, &committed, &revision, &hash));
	assert_int_equal(committed, expected);
	assert_int_equal(revision, expected ? 1 : 0);
	if (expected)
		assert_memory_equal(&hash, &change.hash, sizeof hash);
	assert_int_equal(fixture_head(&workspace).revision, expected ? 1 : 0);
	change_release(&change);
	store_release(store, conn);
	store_free(store);
}

static void test_it_had_arrived(void **state)
{
	(void)state;
	lose_commit(CUT_AFTER, true);
}

static void test_it_had_not(void **state)
{
	(void)state;
	lose_commit(CUT_BEFORE, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_had_arrived),
		cmocka_unit_test(test_it_had_not),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, start_proxy, stop_proxy);
}

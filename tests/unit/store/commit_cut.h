/*
 * A socket between the store and PostgreSQL that cuts a connection at its commit: before it arrives,
 * or when its answer comes. Empty folder: PostgreSQL listens on no socket of its own here.
 */
#ifndef WINNOW_TESTS_STORE_COMMIT_CUT_H
#define WINNOW_TESTS_STORE_COMMIT_CUT_H

#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of the next commit. */
enum cut { CUT_NOT, CUT_BEFORE, CUT_AFTER };

static struct proxy {
	char folder[64];
	struct sockaddr_un here, there;
	int listener;
	pthread_t thread;
	_Atomic enum cut cut;
} proxy;

static inline bool copy(int from, int to, bool upwards)
{
	char bytes[65536];
	ssize_t got = read(from, bytes, sizeof bytes);
	struct pollfd answer = {.fd = to, .events = POLLIN};
	/* The name of the prepared statement, as Bind has it. */
	static const char commit[] = "\0commit";
	enum cut cut = CUT_NOT;

	if (got <= 0)
		return false;
	if (upwards && memmem(bytes, (size_t)got, commit, sizeof commit))
		cut = atomic_exchange(&proxy.cut, CUT_NOT);
	if (cut == CUT_NOT)
		return send(to, bytes, (size_t)got, MSG_NOSIGNAL) == got;
	if (cut == CUT_AFTER) {
		assert_int_equal(send(to, bytes, (size_t)got, MSG_NOSIGNAL), got);
		/* The answer is waited for and never passed on. */
		poll(&answer, 1, 5000);
	}
	return false;
}

static inline void serve(int client)
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

static inline void *run_proxy(void *arg)
{
	int client;

	(void)arg;
	while ((client = accept(proxy.listener, NULL, NULL)) >= 0)
		serve(client);
	return NULL;
}

static inline int start_proxy(void **state)
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

static inline int stop_proxy(void **state)
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

/* The test database through the proxy; one connection at a time. */
static inline void proxy_url(char *url, size_t bytes)
{
	char database[64], plain[1024];

	fixture_database(getenv("WINNOW_TEST_DATABASE_URL"), database, sizeof database);
	fixture_url(getenv("WINNOW_TEST_DATABASE_URL"), database, plain, sizeof plain);
	snprintf(url, bytes, "%s host='%s' port=5432", plain, proxy.folder);
}

#endif

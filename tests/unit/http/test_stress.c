/*
 * Does suspend and resume ever strand a connection, or a loop all of its own? Many keep-alive connections, each with one
 * request under way, mixing answers from the loop with those of workers, of parked requests that
 * are woken at once, and of bodies in chunks; now and then one hangs up without reading. Every
 * answer must come; how many took more than a second, and the slowest, is reported. What is lost never
 * comes, so the limit that decides is far beyond what a busy machine can make of a request.
 *
 * STRESS_THREADS (2), STRESS_CONNECTIONS (64), STRESS_REQUESTS a connection (300), STRESS_SEED.
 * The whole of it, 204,800 requests:
 *
 *     STRESS_CONNECTIONS=256 STRESS_REQUESTS=800 build/tests/unit/http/test_stress
 *
 * 128 connections on one loop are what makes the library's own epoll threads sleep on all of them
 * (docs/adr/0003-event-loops.md).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "base/workq.h"
#include "http/server.h"
#include "raw_client.h"
#include "fake_service.h"

enum { LATE_MS = 60000, SLOW_US = 1000000, ROOM = 2048, MAX_EVENTS = 256 };

struct one {
	int fd;
	unsigned long left; /* requests */
	int64_t asked_us;
	size_t expected; /* bytes of the body that ends the answer */
	char tail[64];
	char in[ROOM];
	size_t in_bytes;
};

struct stress {
	struct one *all;
	unsigned long count;
	unsigned long open;
	int epoll;
	uint16_t port;
	unsigned seed;
	unsigned long answers;
	unsigned long hang_ups;
	unsigned long slow;
	int64_t slowest_us;
};

static unsigned long number(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : fallback;
}

static void dial(struct stress *stress, struct one *one)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(stress->port)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	one->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(one->fd >= 0);
	assert_int_equal(0, connect(one->fd, (struct sockaddr *)&address, sizeof address));
	setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	assert_int_equal(0, epoll_ctl(stress->epoll, EPOLL_CTL_ADD, one->fd, &event));
	one->in_bytes = 0;
}

/* What is asked, and how the answer to it ends. */
static int compose(struct stress *stress, struct one *one, char *text, size_t size)
{
	unsigned long n = one->left;

	switch (rand_r(&stress->seed) % 8) {
	case 0:
		snprintf(one->tail, sizeof one->tail, "{\"woken\":\"loop\"}");
		return snprintf(text, size, "GET /park HTTP/1.1\r\nHost: w\r\n\r\n");
	case 1:
		snprintf(one->tail, sizeof one->tail, "[%lu]", n);
		return snprintf(text, size,
			"POST /echo HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\n"
			"Transfer-Encoding: "
			"chunked\r\n\r\n1\r\n[\r\n%zx\r\n%lu\r\n1\r\n]\r\n0\r\n\r\n",
			strlen(one->tail) - 2, n);
	case 2:
	case 3:
	case 4:
		snprintf(one->tail, sizeof one->tail, "{\"on\":\"worker\",\"n\":\"%lu\"}", n);
		return snprintf(
			text, size, "GET /maybe?on=worker&n=%lu HTTP/1.1\r\nHost: w\r\n\r\n", n);
	default:
		snprintf(one->tail, sizeof one->tail, "{\"on\":\"loop\",\"n\":\"%lu\"}", n);
		return snprintf(text, size, "GET /maybe?n=%lu HTTP/1.1\r\nHost: w\r\n\r\n", n);
	}
}

static void hang_up(struct stress *stress, struct one *one)
{
	close(one->fd);
	one->fd = -1;
	stress->hang_ups++;
}

static void ask(struct stress *stress, struct one *one)
{
	char text[512];
	int bytes;

	if (one->left == 0) {
		close(one->fd);
		one->fd = -1;
		stress->open--;
		return;
	}
	one->left--;
	bytes = compose(stress, one, text, sizeof text);
	assert_int_equal(bytes, send(one->fd, text, (size_t)bytes, MSG_NOSIGNAL));
	one->asked_us = client_now_us();
	if (rand_r(&stress->seed) % 500 == 0) {
		hang_up(stress, one);
		dial(stress, one);
		ask(stress, one);
	}
}

static void hear(struct stress *stress, struct one *one)
{
	size_t tail_bytes = strlen(one->tail);
	ssize_t got = recv(one->fd, one->in + one->in_bytes, ROOM - 1 - one->in_bytes, 0);
	int64_t took_us;

	assert_true(got > 0);
	one->in_bytes += (size_t)got;
	one->in[one->in_bytes] = '\0';
	if (one->in_bytes < tail_bytes ||
		memcmp(one->in + one->in_bytes - tail_bytes, one->tail, tail_bytes) != 0)
		return; /* more is to come, or never the right thing, which the limit will show */
	assert_ptr_equal(one->in, strstr(one->in, "HTTP/1.1 200 OK\r\n"));
	one->in_bytes = 0;
	took_us = client_now_us() - one->asked_us;
	if (took_us > stress->slowest_us)
		stress->slowest_us = took_us;
	stress->slow += took_us > SLOW_US;
	stress->answers++;
	ask(stress, one);
}

static void look_for_late_ones(const struct stress *stress)
{
	int64_t now_us = client_now_us();
	unsigned long late = 0;

	for (unsigned long i = 0; i < stress->count; i++) {
		const struct one *one = &stress->all[i];

		if (one->fd < 0 || now_us - one->asked_us <= LATE_MS * 1000LL)
			continue;
		print_message("connection %lu, %lu left: no answer ending in %s; got \"%.*s\"\n", i,
			one->left, one->tail, (int)one->in_bytes, one->in);
		late++;
	}
	if (late > 0 && getenv("STRESS_PAUSE"))
		pause();
	if (late > 0)
		fail_msg("%lu of %lu connections wait in vain", late, stress->open);
}

static void talk(struct stress *stress)
{
	struct epoll_event events[MAX_EVENTS];
	int64_t looked_us = client_now_us();

	while (stress->open > 0) {
		int ready = epoll_wait(stress->epoll, events, MAX_EVENTS, 1000);

		assert_true(ready >= 0 || errno == EINTR);
		for (int i = 0; i < ready; i++)
			hear(stress, events[i].data.ptr);
		if (client_now_us() - looked_us < 1000000)
			continue;
		look_for_late_ones(stress);
		looked_us = client_now_us();
	}
}

static void run(unsigned threads, unsigned long connections)
{
	struct server_config config = {
		.listen_address = "127.0.0.1",
		.threads = threads,
		.max_connections = 4096,
		.header_timeout_ms = 600000,
		.body_timeout_ms = 600000,
		.body_min_rate = 1,
		.unsent_bytes = 64 << 20,
		.idle_timeout_ms = 600000,
		.request_arena_bytes = 65536,
	};
	struct stress stress = {
		.count = connections,
		.seed = (unsigned)number("STRESS_SEED", (unsigned long)time(NULL)),
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};
	struct service service = {.clock = &clock_system};
	struct workq *workers = workq_new(4, 4096);
	struct server *server;
	int64_t began_us;

	print_message("seed %u\n", stress.seed);
	fake_wake_at_once = true;
	fake_gate(true);
	service.live = (struct live *)&service; /* the fake never looks at it */
	assert_int_equal(ERR_OK, server_start(&config, &service, workers, &clock_system, &server));
	stress.port = server_port(server);
	stress.all = calloc(stress.count, sizeof *stress.all);
	stress.open = stress.count;
	began_us = client_now_us();
	for (unsigned long i = 0; i < stress.count; i++) {
		stress.all[i].left = number("STRESS_REQUESTS", 300);
		dial(&stress, &stress.all[i]);
		ask(&stress, &stress.all[i]);
	}
	talk(&stress);
	print_message("%lu connections, %lu answers, %lu hang-ups, %lu beyond a second, "
		      "slowest %.1f ms, %.1f s\n",
		stress.count, stress.answers, stress.hang_ups, stress.slow,
		(double)stress.slowest_us / 1000, (double)(client_now_us() - began_us) / 1e6);
	server_stop(server, 10000);
	workq_free(workers);
	close(stress.epoll);
	free(stress.all);
}

static void test_as_asked(void **state)
{
	(void)state;
	run((unsigned)number("STRESS_THREADS", 2), number("STRESS_CONNECTIONS", 64));
}

static void test_one_loop_with_128(void **state)
{
	(void)state;
	run(1, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_asked),
		cmocka_unit_test(test_one_loop_with_128),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

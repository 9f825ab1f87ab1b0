/*
 * How long an acknowledged write takes to be in the queue: single items at a steady rate to one daemon, and
 * as soon as one is acknowledged a poll with its revision as `min_revision` at that daemon and at another
 * one. A poll that fails counts as one that never came.
 *
 *   fresh PORT OTHER_PORT WORKSPACE RATE SECONDS ROUND      the token comes by BENCH_TOKEN
 *
 * Prints one line, milliseconds: p50 and p99 at the daemon, p50 and p99 at the other, the median of the
 * daemon's ranking time, and the number of writes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	WRITERS = 64,
	READERS = 1500, /* for each of both daemons */
	READY_AT_ONCE = 64,
	ANSWER_BYTES = 16384,
	METRICS_BYTES = 1 << 19,
	METRICS_EACH = 20, /* writes */
	LATE_S = 30,       /* after the last write */
};

enum role { WRITER, READER, OTHER_READER, METER, ROLES };

struct one {
	enum role role;
	int fd;
	bool busy;
	int64_t begin_ns;
	size_t got;
	size_t room;
	char *answer;
};

struct series {
	size_t count;
	double *ms;
};

static struct fresh {
	int epoll;
	unsigned short ports[ROLES];
	const char *workspace, *token, *round;
	struct one *all[ROLES];
	size_t sizes[ROLES];
	struct series took[ROLES];
	size_t writes, wanted;
	uint64_t due; /* to be posted by now */
} fresh = {.sizes = {WRITERS, READERS, READERS, 1}};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void dial(struct one *one, enum role role)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fresh.ports[role])};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	one->role = role;
	one->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (one->fd < 0 || connect(one->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
		epoll_ctl(fresh.epoll, EPOLL_CTL_ADD, one->fd, &event) != 0)
		die("connect", strerror(errno));
}

/* The first that waits for nothing, or is not connected yet. */
static struct one *idle(enum role role)
{
	for (size_t i = 0; i < fresh.sizes[role]; i++) {
		struct one *one = &fresh.all[role][i];

		if (!one->busy && one->fd < 0)
			dial(one, role);
		if (!one->busy)
			return one;
	}
	return NULL;
}

/* The other side has ended it; while nothing was asked it may. */
static void hang_up(struct one *one)
{
	if (one->busy)
		die("the connection ended", one->role == OTHER_READER ? "the other daemon" : "");
	close(one->fd);
	one->fd = -1;
}

static void ask(enum role role, const char *request, const char *body)
{
	struct one *one = idle(role);
	char text[4096];
	int bytes = snprintf(text, sizeof text,
		"%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		request, fresh.token, strlen(body), body);

	if (!one)
		die("no connection is free", request);
	one->busy = true;
	one->got = 0;
	one->begin_ns = now_ns();
	if (write(one->fd, text, (size_t)bytes) != bytes)
		die("write", strerror(errno));
}

static void post(void)
{
	char request[256], body[1024];

	snprintf(request, sizeof request, "POST /v1/workspaces/%s/items", fresh.workspace);
	snprintf(body, sizeof body,
		"{\"source\":\"tracker\",\"external_id\":\"fresh-%s-%zu\",\"title\":\"Written "
		"%zu\","
		"\"stream\":\"engineering_bug\",\"features\":{\"user_impact\":%zu,"
		"\"fix_confidence\":2,\"reversibility\":1,\"cost_of_delay\":3}}",
		fresh.round, fresh.writes, fresh.writes, 1 + fresh.writes % 3);
	ask(WRITER, request, body);
	if (fresh.writes++ % METRICS_EACH == 0 && idle(METER))
		ask(METER, "GET /metrics", "");
}

static void note(enum role role, double ms)
{
	struct series *series = &fresh.took[role];

	series->ms[series->count++] = ms;
}

static void acknowledged(const char *answer)
{
	const char *field = strstr(answer, "Winnow-Revision: ");
	char request[256];

	if (!field)
		die("no revision", answer);
	snprintf(request, sizeof request, "GET /v1/workspaces/%s/queue?limit=1&min_revision=%lld",
		fresh.workspace, atoll(field + 17));
	ask(READER, request, "");
	ask(OTHER_READER, request, "");
}

static void answered(struct one *one, const char *body)
{
	const char *metric;

	one->busy = false;
	if (strncmp(one->answer, "HTTP/1.1 200", 12) != 0)
		die("refused", one->answer);
	if (one->role == WRITER) {
		acknowledged(one->answer);
	} else if (one->role == METER) {
		metric = strstr(body, "\nwinnow_ranking_last_seconds ");
		if (metric)
			note(METER, 1000 * atof(metric + 29));
	} else {
		note(one->role, (double)(now_ns() - one->begin_ns) / 1e6);
	}
}

static void hear(struct one *one)
{
	ssize_t bytes = read(one->fd, one->answer + one->got, one->room - 1 - one->got);
	const char *body, *length;

	if (bytes <= 0) {
		hang_up(one);
		return;
	}
	one->got += (size_t)bytes;
	one->answer[one->got] = '\0';
	body = strstr(one->answer, "\r\n\r\n");
	if (!body)
		return;
	length = strstr(one->answer, "Content-Length: ");
	if (length && one->got >= (size_t)(body + 4 - one->answer) + strtoul(length + 16, NULL, 10))
		answered(one, body + 4);
}

static bool is_over(void)
{
	return fresh.took[READER].count == fresh.wanted &&
	       fresh.took[OTHER_READER].count == fresh.wanted;
}

static void run(int timer)
{
	struct epoll_event events[READY_AT_ONCE];

	while (!is_over()) {
		int count = epoll_wait(fresh.epoll, events, READY_AT_ONCE, LATE_S * 1000);

		if (count == 0)
			die("some of the writes", "are not in the queue");
		for (int i = 0; i < count; i++) {
			uint64_t due;

			if (events[i].data.ptr) {
				hear(events[i].data.ptr);
				continue;
			}
			if (read(timer, &due, sizeof due) != sizeof due)
				die("timer", strerror(errno));
			fresh.due += due;
		}
		/* Where the daemon falls behind, all connections wait, and the rate is less. */
		for (; fresh.due > 0 && fresh.writes < fresh.wanted && idle(WRITER); fresh.due--)
			post();
	}
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double quantile(enum role role, double q)
{
	struct series *series = &fresh.took[role];

	if (series->count == 0)
		die("not measured", "the ranking's time");
	qsort(series->ms, series->count, sizeof *series->ms, by_size);
	return series->ms[(size_t)(q * (double)(series->count - 1))];
}

static int start_timer(long rate)
{
	struct itimerspec each = {{0, 1000000000 / rate}, {0, 1000000000 / rate}};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (timer < 0 || timerfd_settime(timer, 0, &each, NULL) != 0 ||
		epoll_ctl(fresh.epoll, EPOLL_CTL_ADD, timer, &event) != 0)
		die("timer", strerror(errno));
	return timer;
}

static void prepare(struct one *one, enum role role)
{
	one->fd = -1;
	one->room = role == METER ? METRICS_BYTES : ANSWER_BYTES;
	one->answer = malloc(one->room);
	if (!one->answer)
		die("start", "out of memory");
}

static void allow_files(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
	long rate;

	if (argc != 7 || !getenv("BENCH_TOKEN") || atol(argv[4]) < 2 || atol(argv[5]) < 1) {
		fputs("usage: fresh PORT OTHER_PORT WORKSPACE RATE SECONDS ROUND\n", stderr);
		return 2;
	}
	fresh.ports[WRITER] = fresh.ports[READER] = (unsigned short)atoi(argv[1]);
	fresh.ports[METER] = fresh.ports[WRITER];
	fresh.ports[OTHER_READER] = (unsigned short)atoi(argv[2]);
	fresh.workspace = argv[3];
	rate = atol(argv[4]);
	fresh.wanted = (size_t)(rate * atol(argv[5]));
	fresh.round = argv[6];
	fresh.token = getenv("BENCH_TOKEN");
	allow_files();
	fresh.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (fresh.epoll < 0)
		die("epoll", strerror(errno));
	for (enum role role = 0; role < ROLES; role++) {
		fresh.all[role] = calloc(fresh.sizes[role], sizeof **fresh.all);
		fresh.took[role].ms = calloc(fresh.wanted, sizeof(double));
		if (!fresh.all[role] || !fresh.took[role].ms)
			die("start", "out of memory");
		for (size_t i = 0; i < fresh.sizes[role]; i++)
			prepare(&fresh.all[role][i], role);
	}
	run(start_timer(rate));
	printf("%.3f %.3f %.3f %.3f %.3f %zu\n", quantile(READER, 0.5), quantile(READER, 0.99),
		quantile(OTHER_READER, 0.5), quantile(OTHER_READER, 0.99), quantile(METER, 0.5),
		fresh.wanted);
	return 0;
}

/*
 * Many who wait for news: streams of events and queue polls, each on a connection of its own, in
 * one thread.
 *
 *   crowd PORT WORKSPACE STREAMS POLLS      the token comes by BENCH_TOKEN
 *
 * Prints "ready" once all are answered or waiting, then follows until standard input ends: a poll
 * that is answered asks again with the ranking that it was told. Ends with one line "events N polls N
 * lost N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READY_AT_ONCE = 256, TEXT_BYTES = 1024, HEAD_BYTES = 8192 };

struct one {
	int fd;
	bool stream;
	bool answered; /* a stream: its header has come */
	size_t left;   /* a poll: bytes of the body that are still to come */
	size_t got;
	char head[HEAD_BYTES]; /* the beginning of a poll's answer */
};

static struct crowd {
	int epoll;
	unsigned short port;
	const char *workspace, *token;
	char ranking[64];
	long events, polls, lost;
	unsigned waiting_streams;
} crowd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void ask(struct one *one)
{
	char text[TEXT_BYTES];
	int bytes;

	if (one->stream)
		bytes = snprintf(text, sizeof text,
			"GET /v1/workspaces/%s/events HTTP/1.1\r\nHost: bench\r\n"
			"Authorization: Bearer %s\r\n\r\n",
			crowd.workspace, crowd.token);
	else
		bytes = snprintf(text, sizeof text,
			"GET /v1/workspaces/%s/queue?limit=50&wait=60s&since=%s HTTP/1.1\r\n"
			"Host: bench\r\nAuthorization: Bearer %s\r\n\r\n",
			crowd.workspace, crowd.ranking, crowd.token);
	one->got = one->left = 0;
	if (write(one->fd, text, (size_t)bytes) != bytes)
		die("write");
}

static void dial(struct one *one)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(crowd.port)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	one->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (one->fd < 0 || connect(one->fd, (struct sockaddr *)&address, sizeof address) != 0)
		die("connect");
	if (fcntl(one->fd, F_SETFL, O_NONBLOCK) != 0)
		die("fcntl");
	if (epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, one->fd, &event) != 0)
		die("epoll_ctl");
	ask(one);
}

static void lose(struct one *one)
{
	crowd.lost++;
	close(one->fd);
	one->fd = -1;
}

static void hear_stream(struct one *one, char *data, ssize_t bytes)
{
	if (!one->answered) {
		if (strncmp(data, "HTTP/1.1 200", 12) != 0) {
			fprintf(stderr, "%.*s\n", (int)bytes, data);
			exit(1);
		}
		one->answered = true;
		crowd.waiting_streams++;
	}
	/* An event that is cut in two counts as none; a few of them do not matter. */
	for (char *at = data; (at = strstr(at, "event: ")); at++)
		crowd.events++;
}

/* The body is counted, not kept; the ranking's id stands at its beginning. */
static void begin_answer(struct one *one, char *body)
{
	const char *length = strstr(one->head, "Content-Length: ");
	char *id = strstr(body, "\"ranking\":\"");
	size_t inside = one->got - (size_t)(body - one->head);

	if (strncmp(one->head, "HTTP/1.1 200", 12) == 0 && id)
		sscanf(id, "\"ranking\":\"%63[0-9.]", crowd.ranking);
	else if (strncmp(one->head, "HTTP/1.1 304", 12) != 0) {
		fprintf(stderr, "%.500s\n", one->head);
		exit(1);
	}
	one->left = length ? strtoul(length + 16, NULL, 10) - inside : 0;
	crowd.polls++;
}

static void hear_poll(struct one *one, const char *data, ssize_t bytes)
{
	size_t room = sizeof one->head - 1 - one->got;
	size_t some = (size_t)bytes < room ? (size_t)bytes : room;
	char *body;

	if (one->left > 0) {
		one->left -= (size_t)bytes < one->left ? (size_t)bytes : one->left;
	} else {
		memcpy(one->head + one->got, data, some);
		one->got += (size_t)bytes;
		one->head[one->got < sizeof one->head ? one->got : sizeof one->head - 1] = '\0';
		body = strstr(one->head, "\r\n\r\n");
		if (!body)
			return;
		begin_answer(one, body + 4);
	}
	if (one->left == 0)
		ask(one);
}

static void hear(struct one *one)
{
	char data[65537];
	ssize_t bytes = read(one->fd, data, sizeof data - 1);

	if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (bytes <= 0) {
		lose(one);
		return;
	}
	data[bytes] = '\0';
	if (one->stream)
		hear_stream(one, data, bytes);
	else
		hear_poll(one, data, bytes);
}

/* False when standard input has ended. */
static bool listen_on(void)
{
	struct epoll_event events[READY_AT_ONCE];
	int count = epoll_wait(crowd.epoll, events, READY_AT_ONCE, -1);

	for (int i = 0; i < count; i++) {
		if (!events[i].data.ptr)
			return false;
		hear(events[i].data.ptr);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
	struct rlimit files;
	unsigned streams, polls;
	struct one *all;

	if (argc != 5 || !getenv("BENCH_TOKEN")) {
		fputs("usage: crowd PORT WORKSPACE STREAMS POLLS\n", stderr);
		return 2;
	}
	crowd.port = (unsigned short)atoi(argv[1]);
	crowd.workspace = argv[2];
	crowd.token = getenv("BENCH_TOKEN");
	streams = (unsigned)atoi(argv[3]);
	polls = (unsigned)atoi(argv[4]);
	strcpy(crowd.ranking, "0.0"); /* the first answer comes at once */
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	all = calloc(streams + polls, sizeof *all);
	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!all || crowd.epoll < 0 || epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, 0, &input) != 0)
		die("start");
	for (unsigned i = 0; i < streams + polls; i++) {
		all[i].stream = i < streams;
		dial(&all[i]);
	}
	while (crowd.waiting_streams < streams || crowd.polls < (long)polls) {
		if (!listen_on())
			return 1;
	}
	puts("ready");
	fflush(stdout);
	crowd.events = crowd.polls = 0;
	while (listen_on())
		;
	printf("events %ld polls %ld lost %ld\n", crowd.events, crowd.polls, crowd.lost);
	return 0;
}

/*
 * A client that sends exactly the bytes it is told to, for what a proper one would never send.
 * Nothing here waits without a limit.
 */
#ifndef WINNOW_TESTS_RAW_CLIENT_H
#define WINNOW_TESTS_RAW_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENT_LIMIT_MS = 20000, CLIENT_ROOM = 4 * 1024 * 1024 };

struct client {
	int fd;
	char *in; /* NUL-terminated */
	size_t in_bytes;
	bool ended; /* the server has closed its side */
	bool reset; /* … with a reset */
};

struct reply {
	int status;
	char headers[8192]; /* lines with CRLF, NUL-terminated */
	char *body;         /* NUL-terminated; valid until the next call */
	size_t body_bytes;
};

__attribute__((unused)) static int64_t client_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

__attribute__((unused)) static void client_open(struct client *client, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	client->in = calloc(1, CLIENT_ROOM + 1);
	assert_non_null(client->in);
	assert_int_equal(0, connect(client->fd, (struct sockaddr *)&address, sizeof address));
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

__attribute__((unused)) static void client_close(struct client *client)
{
	close(client->fd);
	free(client->in);
	client->in = NULL;
}

/* False when the server has closed the connection meanwhile. */
__attribute__((unused)) static bool client_try_send(
	struct client *client, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t sent = send(client->fd, at, bytes, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		bytes -= (size_t)sent;
	}
	return true;
}

__attribute__((unused)) static void client_send(struct client *client, const char *text)
{
	assert_true(client_try_send(client, text, strlen(text)));
}

/* More bytes, or the end; false after limit_ms. */
__attribute__((unused)) static bool client_fill(struct client *client, int limit_ms)
{
	struct pollfd ready = {client->fd, POLLIN, 0};
	ssize_t got;

	if (client->ended)
		return true;
	if (poll(&ready, 1, limit_ms) != 1)
		return false;
	got = recv(client->fd, client->in + client->in_bytes, CLIENT_ROOM - client->in_bytes, 0);
	if (got <= 0) {
		client->ended = true;
		client->reset = got < 0;
		return true;
	}
	client->in_bytes += (size_t)got;
	client->in[client->in_bytes] = '\0';
	return true;
}

__attribute__((unused)) static void client_wait_end(struct client *client)
{
	while (!client->ended)
		assert_true(client_fill(client, CLIENT_LIMIT_MS));
}

__attribute__((unused)) static const char *reply_header(const struct reply *reply, const char *name)
{
	static char value[4][1024];
	static unsigned next;
	char *to = value[next++ % 4];
	size_t len = strlen(name);

	for (const char *line = reply->headers; *line; line = strstr(line, "\r\n") + 2) {
		const char *end = strstr(line, "\r\n");

		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		snprintf(to, 1024, "%.*s", (int)(end - (line + len + 2)), line + len + 2);
		return to;
	}
	return NULL;
}

/* The next answer, which is taken out of what has arrived. HEAD answers have no body. */
__attribute__((unused)) static void client_read(
	struct client *client, bool head, struct reply *reply)
{
	static char body[CLIENT_ROOM + 1];
	const char *length;
	size_t total;
	char *end;

	while (!(end = strstr(client->in, "\r\n\r\n"))) {
		assert_false(client->ended);
		assert_true(client_fill(client, CLIENT_LIMIT_MS));
	}
	assert_int_equal(1, sscanf(client->in, "HTTP/1.1 %d", &reply->status));
	snprintf(reply->headers, sizeof reply->headers, "%.*s",
		(int)(end + 2 - strstr(client->in, "\r\n") - 2), strstr(client->in, "\r\n") + 2);
	length = reply_header(reply, "Content-Length");
	reply->body_bytes = head || !length ? 0 : strtoul(length, NULL, 10);
	total = (size_t)(end + 4 - client->in) + reply->body_bytes;
	while (client->in_bytes < total) {
		assert_false(client->ended);
		assert_true(client_fill(client, CLIENT_LIMIT_MS));
	}
	memcpy(body, client->in + total - reply->body_bytes, reply->body_bytes);
	body[reply->body_bytes] = '\0';
	reply->body = body;
	client->in_bytes -= total;
	memmove(client->in, client->in + total, client->in_bytes + 1);
}

__attribute__((unused)) static int client_ask(
	struct client *client, const char *request, struct reply *reply)
{
	client_send(client, request);
	client_read(client, strncmp(request, "HEAD ", 5) == 0, reply);
	return reply->status;
}

#endif

/*
 * The server as a client on the wire sees it: every trap of the HTTP library that is known, and
 * what happens when clients are slow, wrong, gone or too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/workq.h"
#include "http/server.h"
#include "raw_client.h"
#include "fake_service.h"

struct setting {
	struct service service;
	struct workq *workers;
	struct server *server;
	uint16_t port;
};

static struct server_config usual_config(void)
{
	return (struct server_config){
		.listen_address = "127.0.0.1",
		.threads = 2,
		.max_connections = 512,
		.header_timeout_ms = 60000,
		.body_timeout_ms = 60000,
		.body_min_rate = 1,
		.unsent_bytes = 64 << 20,
		.idle_timeout_ms = 60000,
		.request_arena_bytes = 1024 * 1024,
	};
}

static struct setting *begin_with(
	const struct server_config *config, unsigned workers, size_t queued)
{
	struct setting *setting = calloc(1, sizeof *setting);

	fake_gate(true);
	fake_wake_at_once = false;
	fake_handled = 0;
	fake_streams_ended = 0;
	fake_lines_seen = 0;
	setting->service.clock = &clock_system;
	setting->service.live = (struct live *)setting; /* the fake never looks at it */
	setting->workers = workq_new(workers, queued);
	assert_non_null(setting->workers);
	assert_int_equal(ERR_OK, server_start(config, &setting->service, setting->workers,
					 &clock_system, &setting->server));
	setting->port = server_port(setting->server);
	return setting;
}

static int begin(void **state)
{
	struct server_config config = usual_config();

	*state = begin_with(&config, 4, 64);
	return 0;
}

static void end_setting(struct setting *setting)
{
	if (setting->server)
		server_stop(setting->server, 10000);
	workq_free(setting->workers);
	free(setting);
	assert_int_equal(0, fake_principals_out);
}

static int end(void **state)
{
	end_setting(*state);
	return 0;
}

/* Waits for a condition of the server's side, with a limit. */
#define wait_until(condition)                                                                      \
	do {                                                                                       \
		int64_t limit_us = client_now_us() + CLIENT_LIMIT_MS * 1000LL;                     \
		while (!(condition)) {                                                             \
			assert_true(client_now_us() < limit_us);                                   \
			sched_yield();                                                             \
		}                                                                                  \
	} while (0)

#define HOST "Host: winnow\r\n"
#define READER "Authorization: Bearer wnw_reader\r\n"

static void assert_problem(const struct reply *reply, int status, const char *slug)
{
	char type[128];
	char code[32];

	snprintf(type, sizeof type, "{\"type\":\"/problems/%s\",", slug);
	snprintf(code, sizeof code, "\"status\":%d", status);
	assert_int_equal(status, reply->status);
	assert_string_equal("application/problem+json", reply_header(reply, "Content-Type"));
	assert_non_null(reply_header(reply, "X-Request-Id"));
	assert_ptr_equal(reply->body, strstr(reply->body, type));
	assert_non_null(strstr(reply->body, code));
}

/* One connection, one request, the answer, and whether the connection can go on. */
static void expect_problem(
	struct setting *setting, const char *request, int status, const char *slug)
{
	struct client client;
	struct reply reply;

	client_open(&client, setting->port);
	client_ask(&client, request, &reply);
	assert_problem(&reply, status, slug);
	client_close(&client);
}

static void test_answers(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;

	client_open(&client, setting->port);
	assert_int_equal(200, client_ask(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n", &reply));
	assert_string_equal("{\"hello\":true}", reply.body);
	assert_string_equal("application/json", reply_header(&reply, "Content-Type"));
	assert_string_equal("no-store", reply_header(&reply, "Cache-Control"));
	assert_int_equal(36, strlen(reply_header(&reply, "X-Request-Id")));
	assert_null(reply_header(&reply, "Connection"));

	client_ask(&client, "GET /hello HTTP/1.1\r\n" HOST "X-Request-Id: a-b_C9\r\n\r\n", &reply);
	assert_string_equal("a-b_C9", reply_header(&reply, "X-Request-Id"));
	client_ask(&client, "GET /hello HTTP/1.1\r\n" HOST "X-Request-Id: a b\r\n\r\n", &reply);
	assert_int_equal(36, strlen(reply_header(&reply, "X-Request-Id")));

	client_ask(&client, "GET /maybe?on=worker&n=5 HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_string_equal("{\"on\":\"worker\",\"n\":\"5\"}", reply.body);
	assert_null(reply_header(&reply, "X-Half"));
	client_ask(&client, "GET /maybe HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_string_equal("{\"on\":\"loop\",\"n\":\"\"}", reply.body);
	client_ask(&client, "GET http://winnow/work HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_string_equal("{\"on\":\"worker\",\"n\":\"\"}", reply.body);

	client_ask(&client, "GET /shared HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_string_equal("{\"page\":1}", reply.body);
	assert_string_equal("\"v1\"", reply_header(&reply, "ETag"));
	client_ask(
		&client, "GET /shared HTTP/1.1\r\n" HOST "If-None-Match: \"v1\"\r\n\r\n", &reply);
	assert_int_equal(304, reply.status);
	assert_string_equal("\"v1\"", reply_header(&reply, "ETag"));

	client_ask(&client, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_int_equal(200, reply.status);
	assert_string_equal("14", reply_header(&reply, "Content-Length"));
	client_ask(&client, "GET /big HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_int_equal(1000000, reply.body_bytes);
	client_ask(&client, "GET /hello HTTP/1.0\r\n\r\n", &reply);
	assert_int_equal(200, reply.status);
	client_wait_end(&client);
	client_close(&client);
	wait_until(__atomic_load_n(&fake_page.references, __ATOMIC_ACQUIRE) == 1);
}

static void test_pipelining(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;

	client_open(&client, setting->port);
	for (int i = 0; i < 20; i++) {
		char request[128];

		snprintf(request, sizeof request, "GET /maybe?n=%d%s HTTP/1.1\r\n" HOST "\r\n", i,
			i % 2 ? "&on=worker" : "");
		client_send(&client, request);
	}
	for (int i = 0; i < 20; i++) {
		char body[64];

		snprintf(body, sizeof body, "{\"on\":\"%s\",\"n\":\"%d\"}",
			i % 2 ? "worker" : "loop", i);
		client_read(&client, false, &reply);
		assert_string_equal(body, reply.body);
	}
	client_close(&client);
}

/* Requests with a second one hidden inside, or framed in a way that others may read differently. */
static void test_ambiguous_framing(void **state)
{
	static const char hidden[] = "GET /hello HTTP/1.1\r\n" HOST "\r\n";
	static const char *const heads[] = {
		"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 40\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 40\r\ncontent-length: 40\r\n",
		"POST /echo HTTP/1.1\r\n" HOST
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"POST /echo HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Content-Length : 40\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Content-Length\t: 40\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n",
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n",
		"POST /echo HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n",
		"GET /hello HTTP/1.1\r\n",
		"GET /hello HTTP/1.1\r\n" HOST HOST,
		"GET /hello HTTP/1.1\r\n" HOST "X y: z\r\n",
		"GET /hello HTTP/1.1\r\n" HOST "X(y): z\r\n",
		"GET /hello HTTP/1.1\r\n" HOST "X\xc3\xa4: z\r\n",
		"GET /hello%00.txt HTTP/1.1\r\n" HOST,
		"GET /he llo HTTP/1.1\r\n" HOST,
	};
	struct setting *setting = *state;
	int64_t before = metric_get(METRIC_http_framing_refused);

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		struct client client;
		struct reply reply;

		client_open(&client, setting->port);
		client_send(&client, heads[i]);
		client_try_send(&client, "\r\n", 2);
		client_try_send(&client, hidden, sizeof hidden - 1);
		client_read(&client, false, &reply);
		assert_problem(&reply, 400, "ambiguous-framing");
		assert_string_equal("close", reply_header(&reply, "Connection"));
		client_wait_end(&client);
		assert_int_equal(0, client.in_bytes); /* exactly one answer */
		assert_false(client.reset);
		client_close(&client);
	}
	assert_int_equal(0, fake_handled);
	assert_int_equal(
		sizeof heads / sizeof *heads, metric_get(METRIC_http_framing_refused) - before);
}

/* Decided by the library before the server is asked; what matters is that nothing runs. */
static void test_library_refusals(void **state)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0x10\r\n\r\n", 400},
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n",
			413},
		{"GET /hello HTTP/9.1\r\n" HOST "\r\n", 505},
		{"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
		 "Content-Type: application/json\r\n\r\nzz\r\n",
			400},
	};
	struct setting *setting = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client client;
		int status = 0;

		client_open(&client, setting->port);
		client_send(&client, cases[i].request);
		client_wait_end(&client);
		assert_int_equal(1, sscanf(client.in, "HTTP/1.%*d %d", &status));
		assert_int_equal(cases[i].status, status);
		client_close(&client);
	}
	assert_int_equal(0, fake_handled);
}

static void test_routing_errors(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;

	client_open(&client, setting->port);
	client_ask(&client, "GET /nowhere HTTP/1.1\r\n" HOST "X-Request-Id: abc\r\n\r\n", &reply);
	assert_problem(&reply, 404, "not-found");
	assert_non_null(strstr(reply.body, "\"instance\":\"urn:winnow:request:abc\""));
	client_ask(&client, "DELETE /hello HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 405, "method-not-allowed");
	assert_string_equal("GET, HEAD", reply_header(&reply, "Allow"));
	assert_non_null(strstr(reply.body, "\"instance\":\"urn:uuid:"));
	client_ask(&client, "OPTIONS /echo HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 405, "method-not-allowed");
	assert_string_equal("POST", reply_header(&reply, "Allow"));
	client_ask(&client, "GET /\xff HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 400, "bad-request");
	client_ask(&client, "GET /hello?a=%00 HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 400, "bad-request");
	client_ask(&client, "PUT /checked HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 428, "precondition-required");
	client_ask(&client, "PUT /checked HTTP/1.1\r\n" HOST "If-Match: \"1\"\r\n\r\n", &reply);
	assert_int_equal(204, reply.status);
	client_ask(&client, "GET /broken HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 503, "out-of-memory");
	assert_string_equal("5", reply_header(&reply, "Retry-After"));
	client_close(&client);
}

static char *repeated(const char *head, const char *part, size_t count, const char *tail)
{
	char *text = malloc(strlen(head) + count * strlen(part) + strlen(tail) + 1);
	char *at = stpcpy(text, head);

	for (size_t i = 0; i < count; i++)
		at = stpcpy(at, part);
	strcpy(at, tail);
	return text;
}

static void test_limits_of_the_head(void **state)
{
	static const struct {
		const char *head, *part;
		size_t count;
		const char *tail;
		int status;
		const char *slug;
	} cases[] = {
		{"GET /", "a", 8192, " HTTP/1.1\r\n" HOST "\r\n", 414, "uri-too-long"},
		{"GET /hello?a=", "b", 9000, " HTTP/1.1\r\n" HOST "\r\n", 414, "uri-too-long"},
		{"GET /hello?x", "&a", 480, " HTTP/1.1\r\n" HOST "\r\n", 400, "bad-request"},
		{"GET /hello?x", "&a", 4000, " HTTP/1.1\r\n" HOST "\r\n", 400, "bad-request"},
		{"GET /hello?x", "&a", 64, " HTTP/1.1\r\n" HOST "\r\n", 400, "bad-request"},
		{"GET /hello HTTP/1.1\r\n" HOST "X: ", "v", 8200, "\r\n\r\n", 431,
			"headers-too-large"},
		{"GET /hello HTTP/1.1\r\n" HOST, "A: b\r\n", 64, "\r\n", 431, "headers-too-large"},
	};
	struct setting *setting = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *request =
			repeated(cases[i].head, cases[i].part, cases[i].count, cases[i].tail);

		expect_problem(setting, request, cases[i].status, cases[i].slug);
		free(request);
	}
	assert_int_equal(0, fake_handled);
}

static void test_body_limits(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;
	char *chunked;

	/* Decided from the header alone: not one byte of these bodies is sent. */
	expect_problem(setting,
		"POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
		"Content-Length: 4097\r\n\r\n",
		413, "body-too-large");
	expect_problem(setting,
		"POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
		"Expect: 100-continue\r\nContent-Length: 1000000000000\r\n\r\n",
		413, "body-too-large");
	expect_problem(setting, "GET /hello HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", 413,
		"body-too-large");

	/* Without an announced size: read to the end, dropped, and the connection lives on. */
	chunked = repeated("POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n",
		"400\r\n"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"\r\n",
		50, "0\r\n\r\n");
	client_open(&client, setting->port);
	client_ask(&client, chunked, &reply);
	assert_problem(&reply, 413, "body-too-large");
	free(chunked);
	client_ask(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_int_equal(200, reply.status);

	/* A short body of a refused request is dropped too, and nothing of it is executed. */
	client_ask(&client,
		"POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 37\r\n\r\n"
		"GET /hello HTTP/1.1\r\nHost: winnow\r\n\r\n",
		&reply);
	assert_problem(&reply, 404, "not-found");
	client_ask(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_int_equal(200, reply.status);
	assert_int_equal(2, fake_handled);
	client_close(&client);
}

/* A client that sends all before it reads gets the answer, not a reset. */
static void test_refusal_reaches_a_busy_sender(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;
	static char megabyte[1024 * 1024];

	client_open(&client, setting->port);
	client_send(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
			     "Content-Length: 8388608\r\n\r\n");
	for (int i = 0; i < 8; i++)
		assert_true(client_try_send(&client, megabyte, sizeof megabyte));
	client_read(&client, false, &reply);
	assert_problem(&reply, 413, "body-too-large");
	client_wait_end(&client);
	assert_false(client.reset);
	client_close(&client);
}

static void test_continue(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;

	client_open(&client, setting->port);
	client_ask(&client,
		"POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
		"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
		&reply);
	assert_int_equal(100, reply.status);
	client_ask(&client, "{}", &reply);
	assert_int_equal(200, reply.status);
	assert_string_equal("{}", reply.body);

	/* Also when who calls must be asked of the database first. */
	client_ask(&client,
		"POST /v1/workspaces/acme/things HTTP/1.1\r\n" HOST
		"Authorization: Bearer wnw_slow\r\nContent-Type: application/json\r\n"
		"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
		&reply);
	assert_int_equal(100, reply.status);
	client_ask(&client, "[]", &reply);
	assert_int_equal(200, reply.status);
	assert_string_equal("[]", reply.body);
	client_close(&client);
}

static void test_media_types(void **state)
{
	static const struct {
		const char *field;
		int status;
	} cases[] = {
		{"", 415},
		{"Content-Type: text/plain\r\n", 415},
		{"Content-Type: application/jsonx\r\n", 415},
		{"Content-Type: application/x-ndjson\r\n", 415},
		{"Content-Type: Application/JSON ; charset=utf-8\r\n", 200},
		{"Content-Type: application/json\r\nContent-Encoding: br\r\n", 415},
		{"Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 400},
		{"Content-Type: application/json\r\nContent-Encoding: identity\r\n", 200},
	};
	struct setting *setting = *state;
	struct client client;
	struct reply reply;

	client_open(&client, setting->port);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char request[512];

		snprintf(request, sizeof request,
			"POST /echo HTTP/1.1\r\n" HOST "%sContent-Length: 2\r\n\r\n{}",
			cases[i].field);
		client_ask(&client, request, &reply);
		assert_int_equal(cases[i].status, reply.status);
		if (reply.status == 415)
			assert_string_equal("application/json", reply_header(&reply, "Accept"));
	}
	client_close(&client);
}

static int ask_for_things(struct client *client, const char *path, const char *fields)
{
	struct reply reply;
	char text[512];

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, fields);
	client_ask(client, text, &reply);
	return reply.status;
}

/* A connection knows who called last, for as long as that is so. */
static void test_known_callers(void **state)
{
	static const char acme[] = "/v1/workspaces/acme/things",
			  other[] = "/v1/workspaces/other/things";
	struct setting *setting = *state;
	struct client client;
	int before;

	client_open(&client, setting->port);
	assert_int_equal(200, ask_for_things(&client, acme, READER));
	before = fake_lookups;
	assert_int_equal(200, ask_for_things(&client, acme, READER));
	assert_int_equal(before, fake_lookups);
	/* Another workspace, another token, none. */
	assert_int_equal(404, ask_for_things(&client, other, READER));
	assert_true(fake_lookups > before);
	assert_int_equal(
		401, ask_for_things(&client, acme, "Authorization: Bearer wnw_readen\r\n"));
	assert_int_equal(401, ask_for_things(&client, acme, "Authorization: Bearer wnw_reade\r\n"));
	assert_int_equal(401, ask_for_things(&client, acme, ""));
	assert_int_equal(200, ask_for_things(&client, acme, READER));
	/* Revoked. */
	fake_reader_is_known = false;
	fake_version++;
	assert_int_equal(401, ask_for_things(&client, acme, READER));
	fake_reader_is_known = true;
	assert_int_equal(200, ask_for_things(&client, acme, READER));
	client_close(&client);
}

static void test_access(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;
	char *absent;
	char *fields;

	client_open(&client, setting->port);
	client_ask(&client, "GET /v1/workspaces/acme/things HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 401, "unauthenticated");
	assert_string_equal("Bearer realm=\"winnow\"", reply_header(&reply, "WWW-Authenticate"));
	client_ask(&client,
		"GET /v1/workspaces/acme/things HTTP/1.1\r\n" HOST
		"Authorization: Bearer wnw_wrong\r\n\r\n",
		&reply);
	assert_problem(&reply, 401, "unauthenticated");
	client_ask(&client, "GET /v1/workspaces/acme/things HTTP/1.1\r\n" HOST READER READER "\r\n",
		&reply);
	assert_problem(&reply, 401, "unauthenticated");
	client_ask(&client,
		"GET /v1/workspaces/acme/things?access_token=wnw_reader HTTP/1.1\r\n" HOST READER
		"\r\n",
		&reply);
	assert_problem(&reply, 400, "bad-request");
	client_ask(
		&client, "GET /v1/workspaces/acme/things HTTP/1.1\r\n" HOST READER "\r\n", &reply);
	assert_int_equal(200, reply.status);
	client_ask(&client,
		"GET /v1/workspaces/acme/things HTTP/1.1\r\n" HOST
		"Authorization: bearer wnw_slow\r\n\r\n",
		&reply);
	assert_int_equal(200, reply.status);
	client_ask(
		&client, "GET /v1/workspaces/acme/secrets HTTP/1.1\r\n" HOST READER "\r\n", &reply);
	assert_problem(&reply, 403, "forbidden");
	client_ask(&client,
		"GET /v1/workspaces/acme/things HTTP/1.1\r\n" HOST
		"Authorization: Bearer wnw_operator\r\n\r\n",
		&reply);
	assert_problem(&reply, 403, "forbidden");

	/* A workspace without a role in it looks like one that does not exist. */
	client_ask(&client,
		"GET /v1/workspaces/absent/things HTTP/1.1\r\n" HOST READER
		"X-Request-Id: r1\r\n\r\n",
		&reply);
	assert_problem(&reply, 404, "not-found");
	absent = strdup(reply.body);
	fields = strdup(strstr(reply.headers, "X-Request-Id"));
	client_ask(&client,
		"GET /v1/workspaces/other/things HTTP/1.1\r\n" HOST READER
		"X-Request-Id: r1\r\n\r\n",
		&reply);
	assert_problem(&reply, 404, "not-found");
	assert_string_equal(absent, reply.body);
	assert_string_equal(fields, strstr(reply.headers, "X-Request-Id"));
	free(absent);
	free(fields);
	client_close(&client);
}

static void test_slow_clients(void **state)
{
	struct server_config config = usual_config();
	int64_t before = metric_get(METRIC_http_deadline_closed);
	struct setting *setting;
	struct client client;
	struct reply reply;
	int64_t began_us;

	(void)state;
	config.header_timeout_ms = 200;
	config.body_timeout_ms = 200;
	config.idle_timeout_ms = 200;
	config.body_min_rate = 1000;
	setting = begin_with(&config, 2, 8);

	/* A drip that never stops for long, in the header … */
	client_open(&client, setting->port);
	client_send(&client, "GET /hello HTTP/1.1\r\n" HOST);
	began_us = client_now_us();
	while (!client.ended) {
		client_try_send(&client, "X: y\r\n", 6);
		client_fill(&client, 20);
		assert_true(client_now_us() - began_us < CLIENT_LIMIT_MS * 1000LL);
	}
	assert_int_equal(0, client.in_bytes);
	client_close(&client);

	/* … and in the body. */
	client_open(&client, setting->port);
	client_send(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
			     "Content-Length: 4000\r\n\r\n");
	began_us = client_now_us();
	while (!client.ended) {
		client_try_send(&client, " ", 1);
		client_fill(&client, 20);
		assert_true(client_now_us() - began_us < CLIENT_LIMIT_MS * 1000LL);
	}
	assert_non_null(strstr(client.in, "HTTP/1.1 408 Request Timeout\r\n"));
	assert_non_null(strstr(client.in, "{\"type\":\"/problems/request-timeout\","));
	client_close(&client);
	assert_int_equal(0, fake_handled);

	/* A stream that keeps the rate outlives the time-out, one that does not is closed. */
	client_open(&client, setting->port);
	client_send(&client,
		"POST /v1/workspaces/acme/things HTTP/1.1\r\n" HOST READER
		"Content-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n");
	began_us = client_now_us();
	while (client_now_us() - began_us < 600000) {
		assert_true(client_try_send(&client, "{\"line\":\"0123456789012345678\"}\n", 31));
		assert_false(client_fill(&client, 5));
	}
	began_us = client_now_us();
	while (!client.ended) {
		client_try_send(&client, " ", 1);
		client_fill(&client, 20);
		assert_true(client_now_us() - began_us < CLIENT_LIMIT_MS * 1000LL);
	}
	assert_non_null(strstr(client.in, "HTTP/1.1 408 Request Timeout\r\n"));
	client_close(&client);
	assert_int_equal(0, fake_streams_ended);
	assert_int_equal(3, metric_get(METRIC_http_deadline_closed) - before);

	/* Idle after an answer: closed, without being called slow. */
	client_open(&client, setting->port);
	assert_int_equal(200, client_ask(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n", &reply));
	client_wait_end(&client);
	client_close(&client);
	assert_int_equal(3, metric_get(METRIC_http_deadline_closed) - before);

	/* A worker that takes its time is not the client's fault. */
	fake_gate(false);
	client_open(&client, setting->port);
	client_send(&client, "GET /gate HTTP/1.1\r\n" HOST "\r\n");
	assert_false(client_fill(&client, 500));
	fake_gate(true);
	client_read(&client, false, &reply);
	assert_int_equal(200, reply.status);
	client_close(&client);
	end_setting(setting);
}

/* ---- streams ---- */

#define STREAM_HEAD                                                                                \
	"POST /v1/workspaces/acme/things%s HTTP/1.1\r\n" HOST READER                               \
	"Content-Type: application/x-ndjson\r\n"

/* Sends `text` as a stream in pieces of random sizes; half of the time chunked. */
static void send_stream(
	struct client *client, const char *query, const char *text, size_t bytes, unsigned *seed)
{
	bool chunked = rand_r(seed) % 2;
	char head[512];
	size_t len;

	len = (size_t)snprintf(head, sizeof head, STREAM_HEAD, query);
	if (chunked)
		snprintf(head + len, sizeof head - len, "Transfer-Encoding: chunked\r\n\r\n");
	else
		snprintf(head + len, sizeof head - len, "Content-Length: %zu\r\n\r\n", bytes);
	client_send(client, head);
	while (bytes > 0) {
		size_t piece = 1 + (size_t)rand_r(seed) % (rand_r(seed) % 2 ? 7 : 3000);
		char size[32];

		if (piece > bytes)
			piece = bytes;
		snprintf(size, sizeof size, "%zx\r\n", piece);
		if (chunked)
			client_send(client, size);
		assert_true(client_try_send(client, text, piece));
		if (chunked)
			client_send(client, "\r\n");
		text += piece;
		bytes -= piece;
	}
	if (chunked)
		client_send(client, "0\r\n\r\n");
}

static void test_streams(void **state)
{
	struct setting *setting = *state;
	unsigned seed = (unsigned)time(NULL);
	struct client client;
	struct reply reply;

	print_message("seed %u\n", seed);
	client_open(&client, setting->port);
	for (int round = 0; round < 60; round++) {
		struct buf text = BUF_INIT;
		size_t lines = (size_t)rand_r(&seed) % 200;
		size_t bytes = 0;
		size_t longest = 0;
		unsigned long seen[4] = {0};
		bool last_is_open = rand_r(&seed) % 2;

		for (size_t i = 0; i < lines; i++) {
			size_t len = 1 + (size_t)rand_r(&seed) % 60;
			size_t kept;

			if (rand_r(&seed) % 50 == 0)
				len = 990 + (size_t)rand_r(&seed) % 20000;
			kept = len > 1000 ? 1001 : len;
			bytes += kept;
			if (kept > longest)
				longest = kept;
			for (size_t k = 0; k < len; k++)
				buf_putc(&text, (char)('a' + k % 26));
			if (i + 1 < lines || !last_is_open)
				buf_putc(&text, '\n');
		}
		send_stream(&client, "", text.data ? text.data : "", text.len, &seed);
		client_read(&client, false, &reply);
		assert_int_equal(200, reply.status);
		if (text.len > 0) {
			assert_int_equal(4, sscanf(reply.body,
						    "{\"lines\":%lu,\"bytes\":%lu,\"longest\":%lu,"
						    "\"chunks\":%lu}",
						    &seen[0], &seen[1], &seen[2], &seen[3]));
			assert_int_equal(lines, seen[0]);
			assert_int_equal(bytes, seen[1]);
			assert_int_equal(longest, seen[2]);
			assert_true(seen[3] >= (lines + 9) / 10);
		}
		buf_release(&text);
	}
	client_close(&client);
}

static void test_stream_errors(void **state)
{
	struct setting *setting = *state;
	unsigned seed = 1;
	struct client client;
	struct reply reply;
	char *text = repeated("", "{\"a\":1}\n", 1000, "");

	client_open(&client, setting->port);
	send_stream(&client, "?fail=second", text, strlen(text), &seed);
	client_read(&client, false, &reply);
	assert_problem(&reply, 503, "database-away");
	assert_non_null(strstr(reply.body, "Committed up to line 10."));
	send_stream(&client, "?fail=begin", text, strlen(text), &seed);
	client_read(&client, false, &reply);
	assert_int_equal(422, reply.status);
	client_close(&client);
	free(text);
}

/*
 * The library may not notice an end that arrives together with the last bytes (its epoll is edge
 * triggered and it stops at a short read), so the deadline has to be what ends such a request.
 */
static void test_truncated_stream(void **state)
{
	struct server_config config = usual_config();
	struct setting *setting;
	struct client client;
	char head[512];

	(void)state;
	config.body_timeout_ms = 300;
	config.body_min_rate = 1000;
	setting = begin_with(&config, 2, 8);
	client_open(&client, setting->port);
	snprintf(head, sizeof head, STREAM_HEAD "Content-Length: 1000\r\n\r\n", "");
	client_send(&client, head);
	for (int i = 0; i < 10; i++)
		client_send(&client, "{\"a\":1}\n");
	wait_until(fake_lines_seen == 10);
	client_send(&client, "{\"b\":1}\n{\"c\":");
	client_close(&client);
	wait_until(fake_principals_out == 0);
	assert_int_equal(10, fake_lines_seen);
	assert_int_equal(0, fake_streams_ended);
	end_setting(setting);
}

/* ---- waiting ---- */

static void test_park(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;

	client_open(&client, setting->port);
	client_send(&client, "GET /park HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_waiting == 1);
	assert_false(client_fill(&client, 0));
	live_wake_all(NULL);
	client_read(&client, false, &reply);
	assert_string_equal("{\"woken\":\"loop\"}", reply.body);

	client_send(&client, "GET /park-worker HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_waiting == 1);
	live_wake_all(NULL);
	client_read(&client, false, &reply);
	assert_string_equal("{\"woken\":\"worker\"}", reply.body);

	/* Once is enough. */
	client_send(&client, "GET /park?again=true HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_waiting == 1);
	live_wake_all(NULL);
	client_read(&client, false, &reply);
	assert_problem(&reply, 503, "not-caught-up");

	fake_wake_at_once = true;
	for (int i = 0; i < 100; i++) {
		client_ask(&client, "GET /park HTTP/1.1\r\n" HOST "\r\n", &reply);
		assert_string_equal("{\"woken\":\"loop\"}", reply.body);
	}
	client_close(&client);
}

static void test_hang_up_while_suspended(void **state)
{
	struct setting *setting = *state;
	struct client client;
	struct reply reply;

	fake_gate(false);
	client_open(&client, setting->port);
	client_send(&client, "GET /gate HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_in_gate == 1);
	client_close(&client);
	client_open(&client, setting->port);
	client_send(&client, "GET /park HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_waiting == 1);
	client_close(&client);
	live_wake_all(NULL);
	fake_gate(true);
	wait_until(fake_in_gate == 0);
	client_open(&client, setting->port);
	assert_int_equal(200, client_ask(&client, "GET /work HTTP/1.1\r\n" HOST "\r\n", &reply));
	client_close(&client);
}

static void test_full_queue(void **state)
{
	struct server_config config = usual_config();
	struct setting *setting = begin_with(&config, 1, 1);
	struct client held[2];
	struct client client;
	struct reply reply;
	char *text = repeated("", "{\"a\":1}\n", 1000, "");
	unsigned seed = 3;

	(void)state;
	fake_gate(false);
	client_open(&held[0], setting->port);
	client_send(&held[0], "GET /gate HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_in_gate == 1);
	client_open(&held[1], setting->port);
	client_send(&held[1], "GET /gate HTTP/1.1\r\n" HOST "\r\n");
	wait_until(workq_depth(setting->workers) == 1);

	client_open(&client, setting->port);
	client_ask(&client, "GET /work HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_problem(&reply, 503, "busy");
	assert_string_equal("1", reply_header(&reply, "Retry-After"));
	client_ask(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_int_equal(200, reply.status);
	send_stream(&client, "", text, strlen(text), &seed);
	client_read(&client, false, &reply);
	assert_problem(&reply, 503, "busy");
	client_ask(&client,
		"POST /v1/workspaces/acme/things HTTP/1.1\r\n" HOST
		"Authorization: Bearer wnw_slow\r\nContent-Type: application/json\r\n"
		"Content-Length: 2\r\n\r\n{}",
		&reply);
	assert_problem(&reply, 503, "busy");
	client_close(&client);

	fake_gate(true);
	for (int i = 0; i < 2; i++) {
		client_read(&held[i], false, &reply);
		assert_int_equal(200, reply.status);
		client_close(&held[i]);
	}
	free(text);
	end_setting(setting);
}

/* ---- the end ---- */

static void *stop_in_thread(void *arg)
{
	struct setting *setting = arg;

	server_stop(setting->server, 10000);
	setting->server = NULL;
	return NULL;
}

static void test_drain_and_stop(void **state)
{
	struct setting *setting = *state;
	struct client parked, working, idle, silent;
	struct reply reply;
	pthread_t thread;

	client_open(&silent, setting->port);
	client_open(&idle, setting->port);
	client_ask(&idle, "GET /hello HTTP/1.1\r\n" HOST "\r\n", &reply);
	fake_gate(false);
	client_open(&working, setting->port);
	client_send(&working, "GET /gate HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_in_gate == 1);
	client_open(&parked, setting->port);
	client_send(&parked, "GET /park HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_waiting == 1);

	server_drain(setting->server);
	client_ask(&idle, "GET /hello HTTP/1.1\r\n" HOST "\r\n", &reply);
	assert_int_equal(200, reply.status);
	assert_string_equal("close", reply_header(&reply, "Connection"));
	client_close(&idle);

	assert_int_equal(0, pthread_create(&thread, NULL, stop_in_thread, setting));
	client_read(&parked, false, &reply); /* woken by the stop */
	assert_int_equal(200, reply.status);
	client_wait_end(&silent);
	assert_false(client_fill(&working, 50));
	fake_gate(true);
	client_read(&working, false, &reply);
	assert_int_equal(200, reply.status);
	pthread_join(thread, NULL);
	client_wait_end(&working);
	client_close(&parked);
	client_close(&working);
	client_close(&silent);
}

/* A worker that outlasts the grace is waited for; its client gets no answer, nothing breaks. */
static void *open_gate_later(void *arg)
{
	client_fill(arg, 300); /* closes or not, then the gate opens */
	fake_gate(true);
	return NULL;
}

static void test_stop_without_grace(void **state)
{
	struct setting *setting = *state;
	struct client working, parked, streaming;
	pthread_t thread;
	char head[512];

	fake_gate(false);
	client_open(&working, setting->port);
	client_send(&working, "GET /gate HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_in_gate == 1);
	client_open(&parked, setting->port);
	client_send(&parked, "GET /park HTTP/1.1\r\n" HOST "\r\n");
	wait_until(fake_waiting == 1);
	client_open(&streaming, setting->port);
	snprintf(head, sizeof head, STREAM_HEAD "Content-Length: 1000\r\n\r\n{}\n", "");
	client_send(&streaming, head);
	wait_until(fake_principals_out == 2); /* the request's, and what its connection knows */
	assert_int_equal(0, pthread_create(&thread, NULL, open_gate_later, &working));
	server_stop(setting->server, 0);
	setting->server = NULL;
	pthread_join(thread, NULL);
	client_wait_end(&working);
	client_wait_end(&parked);
	client_wait_end(&streaming);
	client_close(&working);
	client_close(&parked);
	client_close(&streaming);
	assert_int_equal(0, fake_principals_out);
}

/* Stopping again and again while requests come in: the moment does not matter. */
static void test_stop_under_load(void **state)
{
	struct server_config config = usual_config();
	enum { CLIENTS = 16 };

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct setting *setting = begin_with(&config, 2, 64);
		struct client clients[CLIENTS];

		fake_wake_at_once = true;
		for (int i = 0; i < CLIENTS; i++)
			client_open(&clients[i], setting->port);
		for (int i = 0; i < CLIENTS; i++) {
			client_try_send(&clients[i], "GET /work HTTP/1.1\r\n" HOST "\r\n", 36);
			client_try_send(&clients[i], "GET /park HTTP/1.1\r\n" HOST "\r\n", 36);
			client_try_send(&clients[i], "GET /hello HTTP/1.1\r\n" HOST "\r\n", 37);
		}
		server_stop(setting->server, round % 2 ? 10000 : 0);
		setting->server = NULL;
		for (int i = 0; i < CLIENTS; i++) {
			client_wait_end(&clients[i]);
			client_close(&clients[i]);
		}
		end_setting(setting);
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		bool behind_proxy;
		enum error error;
	} cases[] = {
		{"0.0.0.0", false, ERR_INVALID},
		{"::", false, ERR_INVALID},
		{"192.0.2.1", false, ERR_INVALID},
		{"::ffff:192.0.2.1", false, ERR_INVALID},
		{"localhost", false, ERR_INVALID},
		{"", false, ERR_INVALID},
		{"192.0.2.1", true, ERR_INTERNAL}, /* may listen, but it is not ours */
		{"0.0.0.0", true, ERR_OK},
		{"127.9.9.9", false, ERR_OK},
	};
	struct server_config config = usual_config();
	struct service service = {.clock = &clock_system};
	struct workq *workers = workq_new(1, 1);
	struct server *server;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		config.listen_address = cases[i].address;
		config.behind_proxy = cases[i].behind_proxy;
		assert_int_equal(cases[i].error,
			server_start(&config, &service, workers, &clock_system, &server));
		if (!cases[i].error)
			server_stop(server, 0);
	}
	config = usual_config();
	config.tls_certificate_file = "/nonexistent/cert.pem";
	config.tls_key_file = "/nonexistent/key.pem";
	assert_int_equal(
		ERR_INVALID, server_start(&config, &service, workers, &clock_system, &server));
	workq_free(workers);
}

/* The certificate and the client are made by the openssl program; without it, nothing is shown. */
static void test_tls(void **state)
{
	char folder[] = "/tmp/winnow-tls-XXXXXX";
	char command[1024];
	char certificate[64];
	char key[64];
	char text[4096] = "";
	struct server_config config = usual_config();
	struct setting *setting;
	FILE *output;

	(void)state;
	if (system("command -v openssl >/dev/null 2>&1") != 0)
		skip();
	assert_non_null(mkdtemp(folder));
	snprintf(certificate, sizeof certificate, "%s/cert.pem", folder);
	snprintf(key, sizeof key, "%s/key.pem", folder);
	snprintf(command, sizeof command,
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		"-subj /CN=winnow -keyout %s -out %s 2>/dev/null",
		key, certificate);
	assert_int_equal(0, system(command));
	config.tls_certificate_file = certificate;
	config.tls_key_file = key;
	config.listen_address = "0.0.0.0";
	setting = begin_with(&config, 2, 8);
	for (int i = 0; i < 2; i++) {
		size_t got;

		snprintf(command, sizeof command,
			"printf 'GET /%s HTTP/1.1\\r\\nHost: w\\r\\nConnection: close\\r\\n\\r\\n' "
			"| "
			"timeout 20 openssl s_client -connect 127.0.0.1:%u -quiet -tls1_%d "
			"-ign_eof 2>/dev/null",
			i ? "work" : "hello", setting->port, i + 2);
		output = popen(command, "r");
		assert_non_null(output);
		got = fread(text, 1, sizeof text - 1, output);
		text[got] = '\0';
		pclose(output);
		assert_non_null(strstr(text, "HTTP/1.1 200 OK"));
	}
	snprintf(command, sizeof command,
		"timeout 20 openssl s_client -connect 127.0.0.1:%u -tls1_1 </dev/null >/dev/null "
		"2>&1",
		setting->port);
	assert_int_not_equal(0, system(command));
	end_setting(setting);
	unlink(certificate);
	unlink(key);
	rmdir(folder);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		each(test_answers),
		each(test_pipelining),
		each(test_ambiguous_framing),
		each(test_library_refusals),
		each(test_routing_errors),
		each(test_limits_of_the_head),
		each(test_body_limits),
		each(test_refusal_reaches_a_busy_sender),
		each(test_continue),
		each(test_media_types),
		each(test_access),
		each(test_known_callers),
		cmocka_unit_test(test_slow_clients),
		each(test_streams),
		each(test_stream_errors),
		cmocka_unit_test(test_truncated_stream),
		each(test_park),
		each(test_hang_up_while_suspended),
		cmocka_unit_test(test_full_queue),
		each(test_drain_and_stop),
		each(test_stop_without_grace),
		cmocka_unit_test(test_stop_under_load),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_tls),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

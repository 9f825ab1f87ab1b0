/*
 * One connection to the server, kept alive over the requests of a command. Certificates are
 * always verified, redirects never followed, and an answer is held to a size. Not thread-safe.
 */
#ifndef WINNOW_CLI_HTTP_CLIENT_H
#define WINNOW_CLI_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct http_client;

struct http_client_options {
	const char *url;     /* without a slash at the end */
	const char *token;   /* NULL: none is sent */
	const char *ca_file; /* NULL: the system's */
	int64_t timeout_s;
	bool no_proxy; /* the server is this machine: no proxy could reach it */
};

/* NULL when memory is out. The texts must outlive the client. */
struct http_client *http_client_new(const struct http_client_options *options);
void http_client_free(struct http_client *client);

struct http_request {
	const char *method;
	const char *path;         /* with its query, encoded */
	const char *content_type; /* NULL: no body */
	struct str body;
	int64_t timeout_s; /* 0: the client's */
	/* Header values; NULL: not sent. */
	const char *if_match, *if_none_match, *github_event, *idempotency_key, *content_encoding;
	/*
	 * Given the body of a 200 as it arrives, instead of response->body, however large it is;
	 * the time-out then counts silence only. False stops the transfer.
	 */
	bool (*take)(void *arg, struct str bytes);
	void *arg;
	bool endless; /* no time-out at all once connected: the answer may be silent for long */
};

enum { HTTP_ETAG_SIZE = 256, HTTP_HEAD_SIZE = 128, HTTP_NEXT_SIZE = 1024, HTTP_ERROR_SIZE = 512 };

struct http_response {
	int status;
	struct buf body;
	bool is_problem;             /* application/problem+json */
	char etag[HTTP_ETAG_SIZE];   /* with its quotes; "" when there is none */
	char head[HTTP_HEAD_SIZE];   /* Winnow-Head */
	char next[HTTP_NEXT_SIZE];   /* Winnow-Next; "" when there is none */
	int64_t retry_after_s;       /* -1: none */
	char error[HTTP_ERROR_SIZE]; /* why there is no answer */
};

enum http_result {
	HTTP_ANSWERED,
	HTTP_UNREACHABLE, /* no connection, or it broke, or took too long: may work again */
	HTTP_UNTRUSTED,   /* TLS failed: trying again will not help */
	HTTP_TOO_LARGE,
	HTTP_STOPPED, /* by request->take */
	HTTP_NO_MEMORY,
};

/* The response is reset first; http_response_release afterwards. */
enum http_result http_client_send(struct http_client *client, const struct http_request *request,
	struct http_response *response);
void http_response_release(struct http_response *response);

#endif

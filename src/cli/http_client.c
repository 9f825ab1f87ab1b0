/*
 * The client's only way out: everything that it knows, it asks the daemon for over REST.
 */
#include "cli/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "winnow/version.h"

enum {
	ANSWER_MAX_BYTES = 64 * 1024 * 1024,
	CONNECT_TIMEOUT_S = 10,
	SLOWEST_BYTES_PER_S = 1,
};

struct http_client {
	CURL *curl;
	struct http_client_options options;
	char *authorization; /* a whole header line; wiped */
	char error[CURL_ERROR_SIZE];
};

/* One request on its way. */
struct transfer {
	struct http_client *client;
	const struct http_request *request;
	struct http_response *response;
	enum http_result stopped; /* HTTP_ANSWERED while all is well */
};

struct http_client *http_client_new(const struct http_client_options *options)
{
	static const char scheme[] = "Authorization: Bearer ";
	struct http_client *client;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	client = calloc(1, sizeof *client);
	if (!client)
		return NULL;
	client->options = *options;
	client->curl = curl_easy_init();
	if (options->token) {
		size_t bytes = sizeof scheme + strlen(options->token);

		client->authorization = malloc(bytes);
		if (client->authorization)
			snprintf(client->authorization, bytes, "%s%s", scheme, options->token);
	}
	if (!client->curl || (options->token && !client->authorization)) {
		http_client_free(client);
		return NULL;
	}
	return client;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	if (client->authorization)
		explicit_bzero(client->authorization, strlen(client->authorization));
	free(client->authorization);
	free(client);
	curl_global_cleanup();
}

void http_response_release(struct http_response *response)
{
	buf_release(&response->body);
}

/* ---- what comes back ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	struct http_response *response = transfer->response;
	size_t bytes = size * count;
	long status = 0;

	curl_easy_getinfo(transfer->client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->request->take && status == 200) {
		if (transfer->request->take(transfer->request->arg, (struct str){data, bytes}))
			return bytes;
		transfer->stopped = HTTP_STOPPED;
		return 0;
	}
	if (response->body.len + bytes > ANSWER_MAX_BYTES) {
		transfer->stopped = HTTP_TOO_LARGE;
		return 0;
	}
	buf_append(&response->body, data, bytes);
	if (!response->body.failed)
		return bytes;
	transfer->stopped = HTTP_NO_MEMORY;
	return 0;
}

static struct str trimmed(struct str text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.ptr[0])) {
		text.ptr++;
		text.len--;
	}
	while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]))
		text.len--;
	return text;
}

/* A value that does not fit is none of the server's. */
static void keep(char *field, size_t size, struct str value)
{
	if (value.len >= size)
		return;
	memcpy(field, value.ptr, value.len);
	field[value.len] = '\0';
}

static int64_t number_of(struct str value)
{
	uint64_t number;

	return num_parse_u64(value, &number) && number <= INT64_MAX ? (int64_t)number : -1;
}

static bool is_named(struct str name, const char *wanted)
{
	return name.len == strlen(wanted) && strncasecmp(name.ptr, wanted, name.len) == 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	struct http_response *response = transfer->response;
	struct str line = {data, size * count};
	const char *colon = memchr(line.ptr, ':', line.len);
	struct str name, value;

	if (!colon)
		return line.len;
	name = (struct str){line.ptr, (size_t)(colon - line.ptr)};
	value = trimmed((struct str){colon + 1, line.len - name.len - 1});
	if (is_named(name, "ETag"))
		keep(response->etag, sizeof response->etag, value);
	else if (is_named(name, "Winnow-Head"))
		keep(response->head, sizeof response->head, value);
	else if (is_named(name, "Winnow-Next"))
		keep(response->next, sizeof response->next, value);
	else if (is_named(name, "Retry-After"))
		response->retry_after_s = number_of(value);
	else if (is_named(name, "Content-Type"))
		response->is_problem = value.len >= 24 &&
				       strncasecmp(value.ptr, "application/problem+json", 24) == 0;
	return line.len;
}

/* ---- what goes out ---- */

static bool add_line(struct curl_slist **lines, const char *line)
{
	struct curl_slist *more = curl_slist_append(*lines, line);

	if (!more)
		return false;
	*lines = more;
	return true;
}

static bool add_header(struct curl_slist **lines, const char *name, const char *value)
{
	struct buf line = BUF_INIT;
	bool added;

	if (!value)
		return true;
	buf_printf(&line, "%s: %s", name, value);
	added = !line.failed && add_line(lines, line.data);
	buf_release(&line);
	return added;
}

static bool request_headers(const struct http_client *client, const struct http_request *request,
	struct curl_slist **out)
{
	/* Without "Expect:", curl would ask before each larger body and wait for leave. */
	return add_line(out, "Accept: application/json, application/problem+json, */*;q=0.1") &&
	       add_line(out, "Expect:") && add_header(out, "Content-Type", request->content_type) &&
	       add_header(out, "If-Match", request->if_match) &&
	       add_header(out, "If-None-Match", request->if_none_match) &&
	       add_header(out, "X-GitHub-Event", request->github_event) &&
	       add_header(out, "Idempotency-Key", request->idempotency_key) &&
	       add_header(out, "Content-Encoding", request->content_encoding) &&
	       (!client->authorization || add_line(out, client->authorization));
}

/* curl's setters fail for want of memory only, or for values that are not ours. */
static bool set_connection(const struct http_client *client)
{
	const struct http_client_options *options = &client->options;
	CURL *curl = client->curl;
	bool set = true;

	set &= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_USERAGENT, "winnow/" WINNOW_VERSION) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S) == CURLE_OK;
	if (options->ca_file)
		set &= curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file) == CURLE_OK;
	if (options->no_proxy)
		set &= curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
	return set;
}

static bool set_request(
	struct transfer *transfer, const char *url, const struct curl_slist *headers)
{
	const struct http_request *request = transfer->request;
	struct http_client *client = transfer->client;
	CURL *curl = client->curl;
	long timeout_s =
		(long)(request->timeout_s > 0 ? request->timeout_s : client->options.timeout_s);
	bool set = true;

	set &= curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
	set &= curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer) == CURLE_OK;
	if (request->content_type) {
		set &= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			       (curl_off_t)request->body.len) == CURLE_OK;
		set &= curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
			       request->body.len ? request->body.ptr : "") == CURLE_OK;
	}
	set &= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
	if (request->endless) {
		/* What has gone without a word is noticed by TCP. */
		set &= curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
	} else if (request->take) {
		set &= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST_BYTES_PER_S) ==
		       CURLE_OK;
		set &= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, timeout_s) == CURLE_OK;
	} else {
		set &= curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout_s) == CURLE_OK;
	}
	return set;
}

static enum http_result result_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK: return HTTP_ANSWERED;
	case CURLE_OUT_OF_MEMORY: return HTTP_NO_MEMORY;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL: return HTTP_UNTRUSTED;
	default: return HTTP_UNREACHABLE;
	}
}

static enum http_result perform(struct transfer *transfer, const char *url)
{
	struct http_client *client = transfer->client;
	struct http_response *response = transfer->response;
	struct curl_slist *headers = NULL;
	enum http_result result = HTTP_NO_MEMORY;
	CURLcode code;
	long status = 0;

	/* Options go, the connection stays. */
	curl_easy_reset(client->curl);
	client->error[0] = '\0';
	if (!request_headers(client, transfer->request, &headers) || !set_connection(client) ||
		!set_request(transfer, url, headers))
		goto out;
	code = curl_easy_perform(client->curl);
	if (transfer->stopped != HTTP_ANSWERED) {
		result = transfer->stopped;
		goto out;
	}
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	response->status = (int)status;
	result = result_of(code);
	if (result != HTTP_ANSWERED)
		snprintf(response->error, sizeof response->error, "%s",
			client->error[0] ? client->error : curl_easy_strerror(code));
out:
	curl_slist_free_all(headers);
	return result;
}

enum http_result http_client_send(struct http_client *client, const struct http_request *request,
	struct http_response *response)
{
	struct transfer transfer = {
		.client = client,
		.request = request,
		.response = response,
		.stopped = HTTP_ANSWERED,
	};
	struct buf url = BUF_INIT;
	struct buf body = response->body;
	enum http_result result = HTTP_NO_MEMORY;

	buf_reset(&body);
	*response = (struct http_response){.body = body, .retry_after_s = -1};
	buf_puts(&url, client->options.url);
	buf_puts(&url, request->path);
	if (!url.failed)
		result = perform(&transfer, url.data);
	buf_release(&url);
	return result;
}

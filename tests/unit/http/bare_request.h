/*
 * A request without a server, for the functions that handlers call.
 */
#ifndef WINNOW_TESTS_BARE_REQUEST_H
#define WINNOW_TESTS_BARE_REQUEST_H

#include "http/http.h"

__attribute__((unused)) static void bare_init(struct request *request, struct response *response)
{
	*request = (struct request){.method = "GET", .path = "/"};
	arena_init(&request->arena, 1024 * 1024);
	diag_init(&request->diag, &request->arena);
	*response = (struct response){.status = 200, .content_type = "application/json"};
}

__attribute__((unused)) static void bare_release(struct request *request, struct response *response)
{
	buf_release(&response->body);
	arena_release(&request->arena);
}

__attribute__((unused)) static void bare_header(
	struct request *request, const char *name, const char *value)
{
	request->headers[request->header_count++] = (struct field){str_from(name), str_from(value)};
}

__attribute__((unused)) static void bare_query(
	struct request *request, const char *name, const char *value)
{
	request->query[request->query_count++] = (struct field){str_from(name), str_from(value)};
}

__attribute__((unused)) static const char *bare_answer(
	const struct response *response, const char *name)
{
	for (size_t i = 0; i < response->header_count; i++) {
		if (strcmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	}
	return NULL;
}

#endif

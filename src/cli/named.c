/*
 * Reading and replacing what is kept by a name.
 */
#include "cli/named.h"

#include <string.h>

enum cli_exit named_read(
	struct cli *cli, const char *path, struct http_response *response, bool *there)
{
	struct http_request request = {.method = "GET", .path = path};
	enum http_result result = cli_send(cli, &request, response);

	*there = result == HTTP_ANSWERED && response->status == 200;
	if (*there)
		return CLI_OK;
	if (result != HTTP_ANSWERED || response->status != 404)
		return cli_explain_failure(cli, result, response);
	response->etag[0] = '\0'; /* to be created */
	return CLI_OK;
}

enum cli_exit named_put(
	struct cli *cli, const char *path, const struct buf *body, struct http_response *response)
{
	struct http_request request = {
		.method = "PUT",
		.path = path,
		.content_type = "application/json",
		.body = buf_view(body),
	};
	char etag[HTTP_ETAG_SIZE];

	memcpy(etag, response->etag, sizeof etag);
	if (etag[0])
		request.if_match = etag;
	else
		request.if_none_match = "*";
	return cli_call(cli, &request, response);
}

/*
 * Reading and replacing what is kept by a name.
 */
#include "cli/named.h"

#include <string.h>

#include "cli/pages.h"
#include "cli/table.h"
#include "cli/url.h"

enum { DOCUMENT_BYTES = 1024 * 1024 };

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

/* ---- kinds of named things ---- */

static enum cli_exit path_of(
	const struct cli *cli, const struct named *named, const char *name, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, named->path);

	buf_putc(path, '/');
	url_segment(path, str_from(name));
	return code == CLI_OK && path->failed ? cli_no_memory() : code;
}

struct listing {
	const struct named *named;
	struct table table;
};

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	struct listing *listing = arg;
	const struct json_view *list = json_view_get(page, listing->named->list);

	(void)enough;
	for (size_t i = 0; i < json_view_count(list); i++)
		listing->named->put_cells(&listing->table, json_view_at(list, i));
	return CLI_OK;
}

enum cli_exit named_list(struct cli *cli, const void *kind, const struct words *words)
{
	const struct named *named = kind;
	struct listing listing = {.named = named};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, named->path);

	(void)words;
	table_init(&listing.table, named->columns, named->column_count);
	if (code == CLI_OK && cli->config.json) {
		code = pages_print(cli, &path, named->list);
	} else if (code == CLI_OK) {
		code = pages_walk(cli, &path, add_page, &listing);
		if (code == CLI_OK)
			code = cli_print_table(cli, &listing.table, false);
	}
	table_release(&listing.table);
	buf_release(&path);
	return code;
}

enum cli_exit named_print(const struct json_view *one)
{
	const struct json_view *value;
	struct buf text = BUF_INIT;
	void *cursor = NULL;
	struct str key;
	bool failed;

	while (json_view_next(one, &cursor, &key, &value)) {
		char label[64];

		buf_reset(&text);
		if (json_view_as_text(value).ptr)
			buf_str(&text, json_view_as_text(value));
		else
			json_view_write(&text, value);
		snprintf(label, sizeof label, "%.*s", STR_ARG(key));
		cli_print_pair(label, buf_view(&text));
	}
	failed = text.failed;
	buf_release(&text);
	return failed ? cli_no_memory() : CLI_OK;
}

enum cli_exit named_show(struct cli *cli, const void *kind, const struct words *words)
{
	const struct named *named = kind;
	struct json_view *one = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = path_of(cli, named, words->items[0], &path);

	if (code == CLI_OK)
		code = cli_get(cli, path.data, &one);
	if (one)
		code = named_print(one);
	json_view_free(one);
	buf_release(&path);
	return code;
}

/* Reads the file first: what is wrong with it needs no server. */
static enum cli_exit put_file(
	struct cli *cli, const char *path, const char *file, const char *noun, const char *name)
{
	struct http_response response = {0};
	struct buf body = BUF_INIT;
	bool there = false;
	enum cli_exit code = cli_read_file(file, DOCUMENT_BYTES, &body);

	if (code == CLI_OK)
		code = named_read(cli, path, &response, &there);
	if (code == CLI_OK)
		code = named_put(cli, path, &body, &response);
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	else if (code == CLI_OK)
		cli_note(cli, "%s the %s%s%s", there ? "replaced" : "created", noun,
			name ? " " : "", name ? name : "");
	http_response_release(&response);
	buf_release(&body);
	return code;
}

enum cli_exit named_replace(struct cli *cli, const void *kind, const struct words *words)
{
	const struct named *named = kind;
	struct buf path = BUF_INIT;
	enum cli_exit code = path_of(cli, named, words->items[0], &path);

	if (code == CLI_OK)
		code = put_file(cli, path.data, words->items[1], named->noun, words->items[0]);
	buf_release(&path);
	return code;
}

enum cli_exit named_delete(struct cli *cli, const void *kind, const struct words *words)
{
	const struct named *named = kind;
	struct http_response response = {0};
	struct buf path = BUF_INIT;
	char etag[HTTP_ETAG_SIZE] = "";
	enum cli_exit code = path_of(cli, named, words->items[0], &path);
	struct http_request get = {.method = "GET", .path = path.data};
	struct http_request remove = {.method = "DELETE", .path = path.data, .if_match = etag};

	if (code == CLI_OK)
		code = cli_call(cli, &get, &response);
	if (code == CLI_OK) {
		memcpy(etag, response.etag, sizeof etag);
		code = cli_call(cli, &remove, &response);
	}
	if (code == CLI_OK)
		cli_note(cli, "deleted the %s %s", named->noun, words->items[0]);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

/* ---- what there is one of ---- */

enum cli_exit single_show(struct cli *cli, const char *rest)
{
	struct http_response response = {0};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, rest);
	struct http_request request = {.method = "GET", .path = path.data};

	if (code == CLI_OK)
		code = cli_call(cli, &request, &response);
	if (code == CLI_OK)
		cli_print_body(&response.body);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

enum cli_exit single_put(struct cli *cli, const char *rest, const char *file, const char *noun)
{
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, rest);

	if (code == CLI_OK)
		code = put_file(cli, path.data, file, noun, NULL);
	buf_release(&path);
	return code;
}

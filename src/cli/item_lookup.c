/*
 * Items by the names that people type.
 */
#include "cli/item_lookup.h"

#include <string.h>

#include "base/uuid.h"
#include "cli/url.h"

enum { CANDIDATES = 10, MAX_SLASHES = 8 };

/* Where the items with an external id are asked for; source absent: of any source. */
static enum cli_exit find(
	struct cli *cli, struct str source, struct str external_id, struct json_view **out)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "GET"};
	enum cli_exit code = cli_workspace_path(cli, &path, "/items");

	*out = NULL;
	if (code == CLI_OK) {
		url_query_int(&path, "limit", CANDIDATES);
		url_query(&path, "external_id", external_id);
		if (source.ptr)
			url_query(&path, "source", source);
		code = path.failed ? cli_no_memory() : CLI_OK;
	}
	if (code == CLI_OK) {
		request.path = path.data;
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK) {
		*out = cli_parse(&response);
		code = *out ? CLI_OK : CLI_REFUSED;
	}
	http_response_release(&response);
	buf_release(&path);
	return code;
}

static enum cli_exit take(const struct json_view *found, const char *word, struct buf *id)
{
	const struct json_view *items = json_view_get(found, "items");
	size_t count = json_view_count(items);

	if (count == 1) {
		buf_str(id, json_view_text(json_view_at(items, 0), "id"));
		return CLI_OK;
	}
	cli_error("%s is the external id of several items; say which:", word);
	for (size_t i = 0; i < count; i++) {
		const struct json_view *item = json_view_at(items, i);

		cli_error("  %.*s/%.*s", STR_ARG(json_view_text(item, "source")),
			STR_ARG(json_view_text(item, "external_id")));
	}
	return CLI_USAGE;
}

enum cli_exit item_lookup(struct cli *cli, const char *word, struct buf *id)
{
	struct str whole = str_from(word);
	struct uuid uuid;
	struct json_view *found;
	enum cli_exit code = CLI_OK;
	unsigned tries = 0;

	if (uuid_from_text(whole, &uuid)) {
		buf_str(id, whole);
		return CLI_OK;
	}
	for (const char *slash = strchr(word, '/'); slash && tries < MAX_SLASHES;
		slash = strchr(slash + 1, '/'), tries++) {
		struct str source = {word, (size_t)(slash - word)};

		if (source.len == 0 || slash[1] == '\0')
			continue;
		code = find(cli, source, str_from(slash + 1), &found);
		if (code == CLI_OK && json_view_count(json_view_get(found, "items")) > 0)
			code = take(found, word, id);
		json_view_free(found);
		if (code != CLI_OK || id->len > 0)
			return code;
	}
	code = find(cli, STR_NONE, whole, &found);
	if (code == CLI_OK && json_view_count(json_view_get(found, "items")) > 0) {
		code = take(found, word, id);
	} else if (code == CLI_OK) {
		cli_error("there is no item %s in %s", word, cli->config.workspace);
		code = CLI_REFUSED;
	}
	json_view_free(found);
	return code;
}

enum cli_exit item_path(struct cli *cli, const char *word, const char *rest, struct buf *path)
{
	struct buf id = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, path, "/items/");

	if (code == CLI_OK)
		code = item_lookup(cli, word, &id);
	if (code == CLI_OK) {
		url_segment(path, buf_view(&id));
		buf_puts(path, rest);
	}
	buf_release(&id);
	return code;
}

enum cli_exit item_query(struct cli *cli, const char *word, struct buf *path)
{
	struct buf id = BUF_INIT;
	enum cli_exit code = CLI_OK;

	if (!word)
		return CLI_OK;
	code = item_lookup(cli, word, &id);
	if (code == CLI_OK)
		url_query(path, "item", buf_view(&id));
	buf_release(&id);
	return code;
}

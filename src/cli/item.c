/*
 * winnow item: one item as it is known, and what people set on top of its source.
 */
#include <stddef.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/named.h"
#include "cli/url.h"

enum { PATCH_BYTES = 256 * 1024 };

/* ---- show ---- */

struct show_values {
	int64_t revision;
};

static const struct arg_spec show_options[] = {
	{"revision", 'r', ARG_INT, "N", 1, INT64_MAX, offsetof(struct show_values, revision),
		"as it was known at this revision"},
};

static enum cli_exit run_show(struct cli *cli, const void *given, const struct words *words)
{
	const struct show_values *values = given;
	struct json_view *item = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = item_path(cli, words->items[0], "", &path);

	if (values->revision > 0)
		url_query_int(&path, "revision", values->revision);
	if (code == CLI_OK)
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &item);
	if (item)
		code = named_print(item);
	json_view_free(item);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show an item with its features",
	.arguments = "ITEM",
	.examples = "  winnow item show github/7\n"
		    "  winnow item show github/7 --revision 812 --json\n",
	COMMAND_OPTIONS(show_options),
	.values_bytes = sizeof(struct show_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* ---- patch, unpatch ---- */

/* Reads the item first, so that what somebody else has set meanwhile is not replaced unseen. */
static enum cli_exit change(struct cli *cli, const char *path, struct http_request *request)
{
	const struct http_request get = {.method = "GET", .path = path};
	struct http_response response = {0};
	char etag[HTTP_ETAG_SIZE] = "";
	enum cli_exit code = cli_call(cli, &get, &response);

	if (code == CLI_OK) {
		memcpy(etag, response.etag, sizeof etag);
		request->if_match = etag;
		code = cli_call(cli, request, &response);
	}
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	request->if_match = NULL;
	http_response_release(&response);
	return code;
}

static enum cli_exit run_patch(struct cli *cli, const void *given, const struct words *words)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct http_request request = {
		.method = "PATCH", .content_type = "application/merge-patch+json"};
	enum cli_exit code = cli_read_file(words->items[1], PATCH_BYTES, &body);

	(void)given;
	if (code == CLI_OK)
		code = item_path(cli, words->items[0], "", &path);
	request.path = path.data;
	request.body = buf_view(&body);
	if (code == CLI_OK)
		code = change(cli, path.data, &request);
	if (code == CLI_OK)
		cli_note(cli, "patched %s", words->items[0]);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command patch = {
	.name = "patch",
	.summary = "set fields and features by hand, on top of what the source says",
	.arguments = "ITEM FILE",
	.examples = "  echo '{\"team\": \"payments\"}' | winnow item patch github/7 -\n",
	.details = "FILE is a merge patch in JSON; - is standard input. What it sets stays until "
		   "it is "
		   "taken\n"
		   "back, whatever the source posts.\n",
	.min_words = 2,
	.max_words = 2,
	.run = run_patch,
};

static enum cli_exit run_unpatch(struct cli *cli, const void *given, const struct words *words)
{
	struct buf item = BUF_INIT, path = BUF_INIT, fields = BUF_INIT;
	struct http_request request = {.method = "DELETE"};
	enum cli_exit code = item_path(cli, words->items[0], "", &item);

	(void)given;
	buf_str(&path, buf_view(&item));
	buf_puts(&path, "/patch");
	for (size_t i = 1; i < words->count; i++)
		buf_printf(&fields, "%s%s", i > 1 ? "," : "", words->items[i]);
	if (words->count > 1)
		url_query(&path, "fields", buf_view(&fields));
	if (code == CLI_OK && (path.failed || fields.failed))
		code = cli_no_memory();
	request.path = path.data;
	if (code == CLI_OK)
		code = change(cli, item.data, &request);
	if (code == CLI_OK)
		cli_note(cli, "%s is as its source says%s", words->items[0],
			words->count > 1 ? ", as far as it was named" : "");
	buf_release(&fields);
	buf_release(&path);
	buf_release(&item);
	return code;
}

static const struct command unpatch = {
	.name = "unpatch",
	.summary = "take back what was set by hand",
	.arguments = "ITEM [FIELD…]",
	.examples = "  winnow item unpatch github/7\n"
		    "  winnow item unpatch github/7 team features.user_impact\n",
	.min_words = 1,
	.max_words = 100,
	.run = run_unpatch,
};

const struct command command_item = {
	.name = "item",
	.summary = "show an item, set its fields by hand, and take that back",
	.members = (const struct command *const[]){&show, &patch, &unpatch, NULL},
};

/*
 * winnow pack: what a meeting needs, on one page.
 */
#include "cli/commands.h"
#include "cli/url.h"

static const struct table_column columns[] = {
	{"PACK", TABLE_LEFT, 0, 0},
	{"TITLE", TABLE_LEFT, 0, 0},
	{"RHYTHM", TABLE_LEFT, 0, 0},
};

static enum cli_exit list_packs(struct cli *cli)
{
	struct json_view *answer = NULL;
	const struct json_view *packs;
	struct buf path = BUF_INIT;
	struct table table;
	enum cli_exit code = cli_workspace_path(cli, &path, "/packs");

	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &answer);
	packs = answer ? json_view_get(answer, "packs") : NULL;
	for (size_t i = 0; i < json_view_count(packs); i++) {
		table_put(&table, json_view_text(json_view_at(packs, i), "name"));
		table_put(&table, json_view_text(json_view_at(packs, i), "title"));
		table_put(&table, json_view_text(json_view_at(packs, i), "rhythm"));
	}
	if (answer)
		code = cli_print_table(cli, &table, false);
	table_release(&table);
	json_view_free(answer);
	buf_release(&path);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	struct http_response response = {0};
	struct buf path = BUF_INIT;
	enum cli_exit code;

	(void)given;
	if (words->count == 0)
		return list_packs(cli);
	code = cli_workspace_path(cli, &path, "/packs/");
	if (code == CLI_OK) {
		struct http_request request = {.method = "GET"};

		url_segment(&path, str_from(words->items[0]));
		url_query(&path, "format", cli->config.json ? STR("json") : STR("markdown"));
		request.path = path.data;
		code = path.failed ? cli_no_memory() : cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		cli_print_body(&response.body);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

const struct command command_pack = {
	.name = "pack",
	.summary = "print what a meeting needs, as Markdown; without a name list the packs",
	.arguments = "[NAME]",
	.examples = "  winnow pack\n"
		    "  winnow pack stream-review > review.md\n"
		    "  winnow pack triage-clinic --json | jq '.sections[] | .title'\n",
	.max_words = 1,
	.run = run,
};

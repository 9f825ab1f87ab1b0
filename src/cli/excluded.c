/*
 * winnow excluded: open items that are not in the queue, and why.
 */
#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/url.h"

enum { PAGE = 500 };

struct excluded_values {
	const char *rule, *stream, *team;
	int64_t min_revision;
	bool wide;
};

#define FIELD(name) offsetof(struct excluded_values, name)

static const struct arg_spec options[] = {
	{"rule", 0, ARG_TEXT, "ID", 0, 0, FIELD(rule), "only what this rule took out"},
	{"stream", 0, ARG_TEXT, "NAME", 0, 0, FIELD(stream), "only items of this stream"},
	{"team", 0, ARG_TEXT, "NAME", 0, 0, FIELD(team), "only items of this team"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing, leave nothing out"},
};

static const struct table_column columns[] = {
	{"ITEM", TABLE_LEFT, 12, 0},
	{"SCORE", TABLE_RIGHT, 0, 1},
	{"TITLE", TABLE_LEFT, 24, 0},
	{"BY", TABLE_LEFT, 0, 0},
	{"UNTIL", TABLE_LEFT, 0, 2},
	{"REASON", TABLE_LEFT, 20, 0},
};

struct shown {
	struct table table;
	size_t count;
};

static void put_item(struct table *table, const struct json_view *item)
{
	const struct json_view *by = json_view_get(item, "by");
	struct str rule = json_view_text(by, "rule");

	table_put(table, json_view_text(item, "external_id"));
	table_number(table, json_view_number(item, "score"));
	table_put(table, json_view_text(item, "title"));
	if (rule.len > 0)
		table_printf(table, "rule %.*s", STR_ARG(rule));
	else
		table_printf(table, "override (%.*s)", STR_ARG(json_view_text(by, "kind")));
	table_put(table, json_view_text(item, "until"));
	table_put(table, json_view_text(item, "reason"));
}

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	struct shown *shown = arg;
	const struct json_view *items = json_view_get(page, "items");

	(void)enough;
	for (size_t i = 0; i < json_view_count(items); i++)
		put_item(&shown->table, json_view_at(items, i));
	shown->count += json_view_count(items);
	return CLI_OK;
}

static enum cli_exit print_table(struct cli *cli, const struct buf *path, bool wide)
{
	struct shown shown = {0};
	enum cli_exit code;

	table_init(&shown.table, columns, sizeof columns / sizeof columns[0]);
	code = pages_walk(cli, path, add_page, &shown);
	if (code == CLI_OK && shown.count == 0)
		cli_note(cli, "nothing is out of the queue here");
	else if (code == CLI_OK)
		code = cli_print_table(cli, &shown.table, wide);
	table_release(&shown.table);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct excluded_values *values = given;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/queue/excluded");

	(void)words;
	if (code == CLI_OK) {
		url_query_int(&path, "limit", PAGE);
		if (values->rule)
			url_query(&path, "rule", str_from(values->rule));
		if (values->stream)
			url_query(&path, "stream", str_from(values->stream));
		if (values->team)
			url_query(&path, "team", str_from(values->team));
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		code = cli->config.json ? pages_print(cli, &path, "items")
					: print_table(cli, &path, values->wide);
	}
	buf_release(&path);
	return code;
}

const struct command command_excluded = {
	.name = "excluded",
	.summary = "show what is out of the queue, and why",
	.examples = "  winnow excluded\n"
		    "  winnow excluded --rule no-owner --wide\n"
		    "  winnow excluded --json | jq '.reasons'\n",
	.details = "Open items that a rule of the policy or an override took out. By rule, in the\n"
		   "policy's order, then by override.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct excluded_values),
	.defaults = &(const struct excluded_values){.min_revision = -1},
	.run = run,
};

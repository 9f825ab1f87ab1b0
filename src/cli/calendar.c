/*
 * winnow calendar: when the freezes of a policy hold.
 */

#include "cli/commands.h"
#include "cli/named.h"
#include "cli/pages.h"
#include "cli/url.h"

enum { CALENDAR_BYTES = 1024 * 1024 };

static enum cli_exit calendar_path(const struct cli *cli, const char *name, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/calendars/");

	url_segment(path, str_from(name));
	return code == CLI_OK && path->failed ? cli_no_memory() : code;
}

/* ---- list ---- */

static const struct table_column list_columns[] = {
	{"NAME", TABLE_LEFT, 12, 0},
	{"OFFSET", TABLE_LEFT, 0, 0},
	{"WINDOWS", TABLE_RIGHT, 0, 0},
	{"WEEKLY", TABLE_RIGHT, 0, 0},
	{"REVISION", TABLE_RIGHT, 0, 1},
};

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *calendars = json_view_get(page, "calendars");

	(void)enough;
	for (size_t i = 0; i < json_view_count(calendars); i++) {
		const struct json_view *calendar = json_view_at(calendars, i);

		table_put(table, json_view_text(calendar, "name"));
		table_put(table, json_view_text(calendar, "utc_offset"));
		table_number(table, (double)json_view_count(json_view_get(calendar, "windows")));
		table_number(table, (double)json_view_count(json_view_get(calendar, "weekly")));
		table_number(table, json_view_number(calendar, "revision"));
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *values, const struct words *words)
{
	static const struct page_rows rows = {
		"calendars", list_columns, sizeof list_columns / sizeof list_columns[0], add_page};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/calendars");

	(void)values;
	(void)words;
	if (code == CLI_OK)
		code = pages_show(cli, &path, &rows, false);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list the calendars",
	.examples = "  winnow calendar list\n",
	.run = run_list,
};

/* ---- show ---- */

static const struct table_column window_columns[] = {
	{"FROM", TABLE_LEFT, 0, 0},
	{"UNTIL", TABLE_LEFT, 0, 0},
	{"REASON", TABLE_LEFT, 12, 0},
};

static void put_windows(struct table *table, const struct json_view *windows)
{
	for (size_t i = 0; i < json_view_count(windows); i++) {
		const struct json_view *window = json_view_at(windows, i);

		table_put(table, json_view_text(window, "from"));
		table_put(table, json_view_text(window, "until"));
		table_put(table, json_view_text(window, "reason"));
	}
}

static enum cli_exit show_calendar(const struct cli *cli, const struct json_view *calendar)
{
	struct table table;
	enum cli_exit code;

	cli_print_pair("name", json_view_text(calendar, "name"));
	cli_print_pair("utc_offset", json_view_text(calendar, "utc_offset"));
	cli_printf("\n");
	table_init(&table, window_columns, sizeof window_columns / sizeof window_columns[0]);
	put_windows(&table, json_view_get(calendar, "windows"));
	put_windows(&table, json_view_get(calendar, "weekly"));
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct json_view *calendar = NULL;
	enum cli_exit code = calendar_path(cli, words->items[0], &path);

	(void)values;
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &calendar);
	if (calendar)
		code = show_calendar(cli, calendar);
	json_view_free(calendar);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show a calendar's windows",
	.arguments = "NAME",
	.examples = "  winnow calendar show change-freeze\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* ---- put ---- */

static enum cli_exit run_put(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct http_response response = {0};
	bool there = false;
	enum cli_exit code = calendar_path(cli, words->items[0], &path);

	(void)values;
	if (code == CLI_OK)
		code = cli_read_file(words->items[1], CALENDAR_BYTES, &body);
	if (code == CLI_OK)
		code = named_read(cli, path.data, &response, &there);
	if (code == CLI_OK)
		code = named_put(cli, path.data, &body, &response);
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	else if (code == CLI_OK)
		cli_note(
			cli, "%s the calendar %s", there ? "replaced" : "created", words->items[0]);
	http_response_release(&response);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command put = {
	.name = "put",
	.summary = "define a calendar, or replace it",
	.arguments = "NAME FILE",
	.examples = "  winnow calendar put change-freeze freeze.json\n",
	.details = "FILE is a calendar in JSON; - is standard input:\n"
		   "  {\"utc_offset\": \"+01:00\",\n"
		   "   \"weekly\": [{\"from\": \"fri 16:00\", \"until\": \"mon 08:00\"}]}\n",
	.min_words = 2,
	.max_words = 2,
	.run = run_put,
};

const struct command command_calendar = {
	.name = "calendar",
	.summary = "list, show and put the calendars that freezes follow",
	.members = (const struct command *const[]){&list, &show, &put, NULL},
};

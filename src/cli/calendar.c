/*
 * winnow calendar: when the freezes of a policy hold.
 */
#include "cli/commands.h"
#include "cli/named.h"
#include "cli/url.h"

/* ---- list ---- */

static const struct table_column list_columns[] = {
	{"NAME", TABLE_LEFT, 12, 0},
	{"OFFSET", TABLE_LEFT, 0, 0},
	{"WINDOWS", TABLE_RIGHT, 0, 0},
	{"WEEKLY", TABLE_RIGHT, 0, 0},
	{"REVISION", TABLE_RIGHT, 0, 1},
};

static void put_cells(struct table *table, const struct json_view *calendar)
{
	table_put(table, json_view_text(calendar, "name"));
	table_put(table, json_view_text(calendar, "utc_offset"));
	table_number(table, (double)json_view_count(json_view_get(calendar, "windows")));
	table_number(table, (double)json_view_count(json_view_get(calendar, "weekly")));
	table_number(table, json_view_number(calendar, "revision"));
}

static const struct named calendars = {"calendar", "/calendars", "calendars", list_columns,
	sizeof list_columns / sizeof list_columns[0], put_cells};

static const struct command list = {
	.name = "list",
	.summary = "list the calendars",
	.examples = "  winnow calendar list\n",
	NAMED(calendars),
	.run = named_list,
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
	enum cli_exit code = cli_workspace_path(cli, &path, "/calendars/");

	(void)values;
	url_segment(&path, str_from(words->items[0]));
	if (code == CLI_OK && path.failed)
		code = cli_no_memory();
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
	NAMED(calendars),
	.run = named_replace,
};

/* ---- delete ---- */

static const struct command delete_command = {
	.name = "delete",
	.summary = "delete a calendar that no policy in force names",
	.arguments = "NAME",
	.examples = "  winnow calendar delete change-freeze\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(calendars),
	.run = named_delete,
};

const struct command command_calendar = {
	.name = "calendar",
	.summary = "list, show, put and delete the calendars that freezes follow",
	.members = (const struct command *const[]){&list, &show, &put, &delete_command, NULL},
};

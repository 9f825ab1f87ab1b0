/*
 * winnow launch: what went live, and the capacity that is kept back for it.
 */
#include "cli/commands.h"
#include "cli/named.h"

static const struct table_column columns[] = {
	{"NAME", TABLE_LEFT, 12, 0},
	{"AT", TABLE_LEFT, 0, 0},
	{"UNTIL", TABLE_LEFT, 0, 0},
	{"SHARE", TABLE_RIGHT, 0, 0},
	{"STREAM", TABLE_LEFT, 10, 1},
};

static void put_cells(struct table *table, const struct json_view *launch)
{
	table_put(table, json_view_text(launch, "name"));
	table_put(table, json_view_text(launch, "at"));
	table_put(table, json_view_text(launch, "until"));
	table_number(table, json_view_number(launch, "share"));
	table_put(table, json_view_text(launch, "stream"));
}

static const struct named launches = {
	"launch", "/launches", "launches", columns, sizeof columns / sizeof columns[0], put_cells};

static const struct command list = {
	.name = "list",
	.summary = "list launches, and until when each reserves capacity",
	.examples = "  winnow launch list\n",
	NAMED(launches),
	.run = named_list,
};

static const struct command show = {
	.name = "show",
	.summary = "show a launch and its reserve",
	.arguments = "NAME",
	.examples = "  winnow launch show search\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(launches),
	.run = named_show,
};

static const struct command put = {
	.name = "put",
	.summary = "say that something went live, or what is reserved for it",
	.arguments = "NAME FILE",
	.examples = "  winnow launch put search search.json\n",
	.details = "FILE is a launch in JSON; - is standard input:\n"
		   "  {\"at\": \"2026-03-01T09:00:00Z\", \"share\": 0.3, \"days\": 60}\n",
	.min_words = 2,
	.max_words = 2,
	NAMED(launches),
	.run = named_replace,
};

static const struct command delete_command = {
	.name = "delete",
	.summary = "end a launch's reserve",
	.arguments = "NAME",
	.examples = "  winnow launch delete search\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(launches),
	.run = named_delete,
};

const struct command command_launch = {
	.name = "launch",
	.summary = "list, show, put and delete launches, which reserve capacity",
	.members = (const struct command *const[]){&list, &show, &put, &delete_command, NULL},
};

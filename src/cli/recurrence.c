/*
 * winnow recurrence: work that comes back each week, month or quarter.
 */
#include "cli/commands.h"
#include "cli/named.h"

static const struct table_column columns[] = {
	{"NAME", TABLE_LEFT, 12, 0},
	{"PERIOD", TABLE_LEFT, 0, 0},
	{"START", TABLE_LEFT, 0, 1},
	{"STREAM", TABLE_LEFT, 10, 0},
	{"TITLE", TABLE_LEFT, 20, 0},
};

static void put_cells(struct table *table, const struct json_view *recurrence)
{
	table_put(table, json_view_text(recurrence, "name"));
	table_put(table, json_view_text(recurrence, "period"));
	table_put(table, json_view_text(recurrence, "start"));
	table_put(table, json_view_text(recurrence, "stream"));
	table_put(table, json_view_text(recurrence, "title"));
}

static const struct named recurrences = {"recurrence", "/recurrences", "recurrences", columns,
	sizeof columns / sizeof columns[0], put_cells};

static const struct command list = {
	.name = "list",
	.summary = "list the work that comes back",
	.examples = "  winnow recurrence list\n",
	NAMED(recurrences),
	.run = named_list,
};

static const struct command show = {
	.name = "show",
	.summary = "show what is raised, and when",
	.arguments = "NAME",
	.examples = "  winnow recurrence show retrain\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(recurrences),
	.run = named_show,
};

static const struct command put = {
	.name = "put",
	.summary = "say what is raised each period, or replace it",
	.arguments = "NAME FILE",
	.examples = "  winnow recurrence put retrain retrain.json\n",
	.details = "FILE is a recurrence in JSON; - is standard input:\n"
		   "  {\"title\": \"Retrain the ranking model\", \"stream\": \"model_quality\",\n"
		   "   \"period\": \"month\", \"start\": \"2026-01-01\"}\n",
	.min_words = 2,
	.max_words = 2,
	NAMED(recurrences),
	.run = named_replace,
};

static const struct command delete_command = {
	.name = "delete",
	.summary = "let it come back no more; what was raised stays",
	.arguments = "NAME",
	.examples = "  winnow recurrence delete retrain\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(recurrences),
	.run = named_delete,
};

const struct command command_recurrence = {
	.name = "recurrence",
	.summary = "list, show, put and delete work that comes back",
	.members = (const struct command *const[]){&list, &show, &put, &delete_command, NULL},
};

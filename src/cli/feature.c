/*
 * winnow feature: what items are judged by.
 */
#include "cli/commands.h"
#include "cli/named.h"

static const struct table_column columns[] = {
	{"NAME", TABLE_LEFT, 16, 0},
	{"TYPE", TABLE_LEFT, 0, 0},
	{"UNIT", TABLE_LEFT, 0, 1},
	{"FAMILY", TABLE_LEFT, 0, 0},
	{"SENSITIVE", TABLE_LEFT, 0, 0},
	{"REVISION", TABLE_RIGHT, 0, 1},
};

static void put_cells(struct table *table, const struct json_view *feature)
{
	table_put(table, json_view_text(feature, "name"));
	table_put(table, json_view_text(feature, "type"));
	table_put(table, json_view_text(feature, "unit"));
	table_put(table, json_view_text(feature, "family"));
	table_put(table, json_view_bool(feature, "sensitive", false) ? STR("yes") : STR("no"));
	table_number(table, json_view_number(feature, "revision"));
}

static const struct named features = {
	"feature", "/features", "features", columns, sizeof columns / sizeof columns[0], put_cells};

static const struct command list = {
	.name = "list",
	.summary = "list the features that items may have",
	.examples = "  winnow feature list\n",
	NAMED(features),
	.run = named_list,
};

static const struct command show = {
	.name = "show",
	.summary = "show a feature's definition",
	.arguments = "NAME",
	.examples = "  winnow feature show salary\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(features),
	.run = named_show,
};

static const struct command put = {
	.name = "put",
	.summary = "define a feature, or replace its definition",
	.arguments = "NAME FILE",
	.examples = "  winnow feature put salary salary.json\n",
	.details = "FILE is a definition in JSON, without name, id and revision; - is standard "
		   "input:\n"
		   "  {\"type\": \"number\", \"unit\": \"points\", \"family\": \"effort\",\n"
		   "   \"description\": \"What it takes\", \"bounds\": {\"lower\": 0, \"upper\": "
		   "10}}\n"
		   "One that becomes sensitive is hidden from readers, contributors and reviewers "
		   "at once.\n",
	.min_words = 2,
	.max_words = 2,
	NAMED(features),
	.run = named_replace,
};

static const struct command delete_command = {
	.name = "delete",
	.summary = "delete a feature that nothing in force reads",
	.arguments = "NAME",
	.examples = "  winnow feature delete salary\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(features),
	.run = named_delete,
};

const struct command command_feature = {
	.name = "feature",
	.summary = "list, show, put and delete the features that items are judged by",
	.members = (const struct command *const[]){&list, &show, &put, &delete_command, NULL},
};

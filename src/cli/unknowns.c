/*
 * winnow unknowns: which missing values leave most bands open, and of one feature the items.
 */
#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/url.h"

enum { PAGE = 500 };

struct unknowns_values {
	const char *feature;
	int64_t min_revision;
	bool wide;
};

#define FIELD(name) offsetof(struct unknowns_values, name)

static const struct arg_spec options[] = {
	{"feature", 'f', ARG_TEXT, "NAME", 0, 0, FIELD(feature),
		"the items that this one leaves open"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing, leave nothing out"},
};

static const struct table_column feature_columns[] = {
	{"FEATURE", TABLE_LEFT, 16, 0},
	{"ITEMS", TABLE_RIGHT, 0, 0},
	{"SHARE", TABLE_RIGHT, 0, 0},
	{"DECIDES", TABLE_RIGHT, 0, 0},
};

static const struct table_column item_columns[] = {
	{"RANK", TABLE_RIGHT, 0, 0},
	{"ITEM", TABLE_LEFT, 12, 0},
	{"TITLE", TABLE_LEFT, 24, 0},
	{"SCORE", TABLE_RIGHT, 0, 1},
	{"BETWEEN", TABLE_LEFT, 0, 0},
	{"UNKNOWN", TABLE_LEFT, 16, 0},
};

struct shown {
	struct cli *cli;
	struct table table;
	bool items; /* of one feature */
	size_t count;
	int64_t open, ranked;
	bool exact;
};

static void put_feature(struct table *table, const struct json_view *feature)
{
	table_put(table, json_view_text(feature, "feature"));
	table_number(table, json_view_number(feature, "items"));
	table_printf(table, "%.1f %%", 100 * json_view_number(feature, "share"));
	table_number(table, json_view_number(feature, "decides"));
}

static void put_item(struct table *table, const struct json_view *item)
{
	struct buf unknown = BUF_INIT;

	table_number(table, json_view_number(item, "rank"));
	table_put(table, json_view_text(item, "external_id"));
	table_put(table, json_view_text(item, "title"));
	table_number(table, json_view_number(item, "score"));
	table_printf(table, "%.*s\xe2\x80\xa6%.*s", STR_ARG(json_view_text(item, "lowest_band")),
		STR_ARG(json_view_text(item, "highest_band")));
	cli_join(&unknown, json_view_get(item, "unknown"));
	table_put(table, buf_view(&unknown));
	buf_release(&unknown);
}

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	struct shown *shown = arg;
	const struct json_view *list = json_view_get(page, shown->items ? "items" : "features");

	(void)enough;
	for (size_t i = 0; i < json_view_count(list); i++) {
		if (shown->items)
			put_item(&shown->table, json_view_at(list, i));
		else
			put_feature(&shown->table, json_view_at(list, i));
	}
	shown->count += json_view_count(list);
	shown->open = json_view_int(page, "open", 0);
	shown->ranked = json_view_int(page, "count", 0);
	shown->exact = json_view_bool(page, "exact", true);
	return CLI_OK;
}

static enum cli_exit show(struct shown *shown, bool wide)
{
	enum cli_exit code;

	if (shown->count == 0) {
		cli_note(shown->cli, "nothing that is unknown leaves a band open here");
		return CLI_OK;
	}
	code = cli_print_table(shown->cli, &shown->table, wide);
	if (code == CLI_OK && !shown->items)
		cli_note(shown->cli, "the bands of %lld of %lld ranked items are open%s",
			(long long)shown->open, (long long)shown->ranked,
			shown->exact ? "" : ", at the most");
	return code;
}

static enum cli_exit print_table(struct cli *cli, const struct buf *path, bool items, bool wide)
{
	struct shown shown = {.cli = cli, .items = items};
	enum cli_exit code;

	if (items)
		table_init(
			&shown.table, item_columns, sizeof item_columns / sizeof item_columns[0]);
	else
		table_init(&shown.table, feature_columns,
			sizeof feature_columns / sizeof feature_columns[0]);
	code = pages_walk(cli, path, add_page, &shown);
	if (code == CLI_OK)
		code = show(&shown, wide);
	table_release(&shown.table);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct unknowns_values *values = given;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/queue/unknowns");

	(void)words;
	if (code == CLI_OK) {
		url_query_int(&path, "limit", PAGE);
		if (values->feature)
			url_query(&path, "feature", str_from(values->feature));
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		code = cli->config.json
			       ? pages_print(cli, &path, values->feature ? "items" : "features")
			       : print_table(cli, &path, values->feature != NULL, values->wide);
	}
	buf_release(&path);
	return code;
}

const struct command command_unknowns = {
	.name = "unknowns",
	.summary = "show which missing values leave most bands open",
	.examples = "  winnow unknowns\n"
		    "  winnow unknowns --feature user_impact\n"
		    "  winnow unknowns --json | jq -r '.features[0].feature'\n",
	.details =
		"ITEMS are those whose band could be another one if what is unknown of them were\n"
		"known, and that do not have this feature; SHARE is of all ranked items; DECIDES\n"
		"counts those that lack nothing else.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct unknowns_values),
	.defaults = &(const struct unknowns_values){.min_revision = -1},
	.run = run,
};

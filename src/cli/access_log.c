/*
 * winnow access-log: who has read what is sensitive.
 */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/url.h"

enum { LIMIT = 100, PAGE = 1000 };

struct values {
	const char *actor;
	int64_t limit;
};

#define FIELD(name) offsetof(struct values, name)

static const struct arg_spec options[] = {
	{"actor", 'a', ARG_TEXT, "token:ID", 0, 0, FIELD(actor), "by this token alone"},
	{"limit", 'n', ARG_INT, "N", 1, INT64_MAX, FIELD(limit), "at most so many (100)"},
};

#undef FIELD

static const struct table_column columns[] = {
	{"AT", TABLE_LEFT, 0, 0},
	{"ACTOR", TABLE_LEFT, 14, 0},
	{"ROLES", TABLE_LEFT, 8, 2},
	{"METHOD", TABLE_LEFT, 0, 1},
	{"TARGET", TABLE_LEFT, 24, 0},
	{"WHAT", TABLE_LEFT, 10, 0},
	{"ITEMS", TABLE_RIGHT, 0, 0},
};

struct listing {
	struct table table;
	int64_t left;
};

static void put_record(struct table *table, const struct json_view *record)
{
	struct buf text = BUF_INIT;

	table_put(table, json_view_text(record, "at"));
	table_put(table, json_view_text(record, "actor"));
	cli_join(&text, json_view_get(record, "roles"));
	table_put(table, buf_view(&text));
	table_put(table, json_view_text(record, "method"));
	table_put(table, json_view_text(record, "target"));
	buf_reset(&text);
	cli_join(&text, json_view_get(record, "features"));
	table_put(table, buf_view(&text));
	table_number(table, json_view_number(record, "item_count"));
	buf_release(&text);
}

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	const struct json_view *records = json_view_get(page, "records");
	struct listing *listing = arg;

	for (size_t i = 0; i < json_view_count(records) && listing->left > 0; i++) {
		put_record(&listing->table, json_view_at(records, i));
		listing->left--;
	}
	*enough = listing->left == 0;
	return CLI_OK;
}

static enum cli_exit print_json(struct cli *cli, const struct buf *path, int64_t limit)
{
	struct page_printer printer = {.plural = "records", .left = limit};
	enum cli_exit code = pages_walk(cli, path, page_print, &printer);

	page_print_end(&printer);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct values *values = given;
	struct listing listing = {.left = values->limit};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/access-log");

	(void)words;
	url_query_int(&path, "limit", values->limit < PAGE ? values->limit : PAGE);
	if (values->actor)
		url_query(&path, "actor", str_from(values->actor));
	table_init(&listing.table, columns, sizeof columns / sizeof columns[0]);
	if (code == CLI_OK && cli->config.json) {
		code = print_json(cli, &path, values->limit);
	} else if (code == CLI_OK) {
		code = pages_walk(cli, &path, add_page, &listing);
		if (code == CLI_OK)
			code = cli_print_table(cli, &listing.table, false);
	}
	table_release(&listing.table);
	buf_release(&path);
	return code;
}

const struct command command_access_log = {
	.name = "access-log",
	.summary = "list who has read what is sensitive, newest first",
	.examples =
		"  winnow access-log --limit 20\n"
		"  winnow access-log --actor token:6f1c1c2e-6a4e-4f57-9b8e-2f8c5d0c7a11 --json\n",
	.details =
		"It is written where the settings ask for it, and read by admins and auditors.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct values),
	.defaults = &(const struct values){.limit = LIMIT},
	.run = run,
};

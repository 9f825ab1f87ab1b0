/*
 * winnow contract: the versions of what was agreed of the streams, and which of them is in force.
 */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/versions.h"

enum { CONTRACT_BYTES = 1024 * 1024 };

static const struct table_column list_columns[] = {
	{"VERSION", TABLE_RIGHT, 0, 0},
	{"ALIAS", TABLE_LEFT, 0, 0},
	{"NAME", TABLE_LEFT, 12, 0},
	{"STREAMS", TABLE_RIGHT, 0, 0},
	{"REVISION", TABLE_RIGHT, 0, 1},
};

static void put_cells(struct table *table, const struct json_view *contract)
{
	table_put(table, json_view_text(contract, "name"));
	table_number(table, (double)json_view_count(json_view_get(contract, "streams")));
	table_number(table, json_view_number(contract, "revision"));
}

static const struct versions contracts = {
	.noun = "contract",
	.plural = "contracts",
	.aliases = "/contract-aliases/",
	.move = "winnow contract activate",
	.none = "none",
	.columns = list_columns,
	.column_count = sizeof list_columns / sizeof list_columns[0],
	.put_cells = put_cells,
};

static enum cli_exit run_list(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	(void)words;
	return versions_list(cli, &contracts);
}

static const struct command list = {
	.name = "list",
	.summary = "list the versions, newest first, and which one is in force",
	.examples = "  winnow contract list\n",
	.run = run_list,
};

/* ---- show ---- */

static const struct table_column stream_columns[] = {
	{"STREAM", TABLE_LEFT, 12, 0},
	{"SHARE", TABLE_LEFT, 0, 0},
	{"LIMITS", TABLE_LEFT, 12, 0},
	{"READY", TABLE_LEFT, 12, 0},
	{"DONE", TABLE_LEFT, 12, 0},
	{"TIMEBOXES", TABLE_LEFT, 10, 1},
};

/* The ids of a list, or its texts, one after the other. */
static void put_names(struct buf *out, const struct json_view *names)
{
	for (size_t i = 0; i < json_view_count(names); i++) {
		const struct json_view *one = json_view_at(names, i);
		struct str id = json_view_text(one, "id");

		buf_puts(out, out->len > 0 ? ", " : "");
		buf_str(out, id.ptr ? id : json_view_as_text(one));
	}
}

static void put_definition(struct table *table, const struct json_view *definition)
{
	struct buf text = BUF_INIT;

	put_names(&text, json_view_get(definition, "fields"));
	put_names(&text, json_view_get(definition, "gates"));
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static void put_list(struct table *table, const struct json_view *names)
{
	struct buf text = BUF_INIT;

	put_names(&text, names);
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static void put_share(struct table *table, const struct json_view *stream)
{
	const struct json_view *share = json_view_get(stream, "share");
	bool lane = json_view_bool(stream, "lane", false);

	if (lane)
		table_put(table, STR("lane"));
	else if (!share)
		table_put(table, STR(""));
	else
		table_printf(table, "%g to %g", json_view_number(share, "at_least"),
			json_view_number(share, "at_most"));
}

static enum cli_exit show_contract(const struct cli *cli, const struct json_view *contract)
{
	const struct json_view *streams = json_view_get(contract, "streams");
	struct table table;
	enum cli_exit code;

	versions_print_head(contract);
	cli_printf("\n");
	table_init(&table, stream_columns, sizeof stream_columns / sizeof stream_columns[0]);
	for (size_t i = 0; i < json_view_count(streams); i++) {
		const struct json_view *stream = json_view_at(streams, i);

		table_put(&table, json_view_text(stream, "stream"));
		put_share(&table, stream);
		put_list(&table, json_view_get(stream, "limits"));
		put_definition(&table, json_view_get(stream, "ready"));
		put_definition(&table, json_view_get(stream, "done"));
		put_list(&table, json_view_get(stream, "timeboxes"));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct json_view *contract;
	enum cli_exit code = versions_get(cli, &contracts, words, &contract);

	(void)values;
	if (contract)
		code = show_contract(cli, contract);
	json_view_free(contract);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show what a version says of each stream; the active one unless named",
	.arguments = "[VERSION]",
	.examples = "  winnow contract show\n"
		    "  winnow contract show 2 --json > contract.json\n",
	.max_words = 1,
	.run = run_show,
};

/* ---- create ---- */

struct create_values {
	const char *preset;
};

static const struct arg_spec create_options[] = {
	{"preset", 0, ARG_TEXT, "NAME", 0, 0, offsetof(struct create_values, preset),
		"a contract that ships with the server instead of FILE: field_contract"},
};

static enum cli_exit run_create(struct cli *cli, const void *given, const struct words *words)
{
	const struct create_values *values = given;

	return versions_create_from(cli, &contracts, words, values->preset, CONTRACT_BYTES);
}

static const struct command create = {
	.name = "create",
	.summary = "add a version; prints its number",
	.arguments = "[FILE]",
	.examples = "  winnow contract create contract.json\n"
		    "  winnow contract create --preset field_contract\n",
	.details =
		"FILE is a contract in JSON; - is standard input. A version never changes, and "
		"none\n"
		"is in force before it is activated. A contract that is a version already gives\n"
		"that version's number.\n",
	COMMAND_OPTIONS(create_options),
	.values_bytes = sizeof(struct create_values),
	.max_words = 1,
	.run = run_create,
};

/* ---- activate ---- */

static enum cli_exit run_activate(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	return versions_move(cli, &contracts, "active", words->items[0]);
}

static const struct command activate = {
	.name = "activate",
	.summary = "put a version in force, an older one back, or none",
	.arguments = "VERSION|none",
	.examples = "  winnow contract activate 2\n"
		    "  winnow contract activate none\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_activate,
};

const struct command command_contract = {
	.name = "contract",
	.summary = "list, show, create and activate versions of the streams' contract",
	.members = (const struct command *const[]){&list, &show, &create, &activate, NULL},
};

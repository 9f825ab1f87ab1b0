/*
 * winnow erase: personal text, for good. What was erased is listed, never what it said.
 */
#include <stddef.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/pages.h"
#include "codec/json_writer.h"

struct values {
	const char *because;
	bool keep_decisions, shared;
};

#define FIELD(name) offsetof(struct values, name)

static enum cli_exit erase(
	struct cli *cli, const struct buf *path, const struct buf *body, const char *whose)
{
	struct json_view *done = NULL;
	enum cli_exit code = body->failed || path->failed ? cli_no_memory() : CLI_OK;

	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path->data, body, &done);
	if (code == CLI_OK && cli->config.json)
		cli_print_json(done);
	else if (code == CLI_OK)
		cli_note(cli, "erased %lld texts of %s", (long long)json_view_int(done, "texts", 0),
			whose);
	json_view_free(done);
	return code;
}

static bool has_reason(const struct values *values)
{
	if (!values->because)
		cli_error("erasing is on record with its reason: give --because");
	return values->because != NULL;
}

/* ---- item ---- */

static const struct arg_spec item_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because), "why (required)"},
	{"keep-decisions", 0, ARG_FLAG, NULL, 0, 0, FIELD(keep_decisions),
		"not what people wrote who decided about it"},
	{"shared", 0, ARG_FLAG, NULL, 0, 0, FIELD(shared),
		"also where other items have the very same text"},
};

static enum cli_exit run_item(struct cli *cli, const void *given, const struct words *words)
{
	const struct values *values = given;
	struct buf id = BUF_INIT, path = BUF_INIT, body = BUF_INIT;
	struct json_writer json;
	enum cli_exit code;

	if (!has_reason(values))
		return CLI_USAGE;
	code = item_lookup(cli, words->items[0], &id);
	if (code == CLI_OK)
		code = cli_workspace_path(cli, &path, "/items/");
	buf_str(&path, buf_view(&id));
	buf_puts(&path, ":erase");
	json_writer_init(&json, &body);
	json_object_begin(&json);
	json_put(&json, "rationale", text, values->because);
	json_put(&json, "overrides", bool, !values->keep_decisions);
	json_put(&json, "shared", bool, values->shared);
	json_object_end(&json);
	if (code == CLI_OK)
		code = erase(cli, &path, &body, words->items[0]);
	buf_release(&body);
	buf_release(&path);
	buf_release(&id);
	return code;
}

static const struct command item = {
	.name = "item",
	.summary = "erase an item's personal text, in all its versions",
	.arguments = "ITEM",
	.examples =
		"  winnow erase item github/7 --because 'asked for by the reporter, case 4711'\n",
	.details = "ITEM is source/external_id, an external id, or the item's own id.\n",
	COMMAND_OPTIONS(item_options),
	.values_bytes = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.run = run_item,
};

/* ---- record ---- */

static const struct arg_spec record_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because), "why (required)"},
};

#undef FIELD

static void put_record(struct buf *body, const struct values *values, const char *word)
{
	struct json_writer json;
	uint64_t revision;

	json_writer_init(&json, body);
	json_object_begin(&json);
	if (num_parse_u64(str_from(word), &revision) && revision <= INT64_MAX)
		json_put(&json, "revision", int, (int64_t)revision);
	else
		json_put(&json, "subject", text, word);
	json_put(&json, "rationale", text, values->because);
	json_object_end(&json);
}

static enum cli_exit run_record(struct cli *cli, const void *given, const struct words *words)
{
	const struct values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT;
	enum cli_exit code;

	if (!has_reason(values))
		return CLI_USAGE;
	code = cli_workspace_path(cli, &path, "/erasures");
	put_record(&body, values, words->items[0]);
	if (code == CLI_OK)
		code = erase(cli, &path, &body, words->items[0]);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command record = {
	.name = "record",
	.summary = "erase what people wrote who decided: rationales, justifications, notes",
	.arguments = "SUBJECT|REVISION",
	.examples = "  winnow erase record proposal:0f6bb3de-6d61-4a0c-8f0e-6a2a54d1c5f1 \\\n"
		    "      --because 'asked for by the person, case 4712'\n"
		    "  winnow erase record 812 --because 'asked for by the person, case 4712'\n",
	.details =
		"SUBJECT is what the audit log says that its records are about: proposal:ID, "
		"override:ID,\n"
		"review:ID, sweep:ID, ranking:ID, model:VERSION. REVISION is that of one record.\n",
	COMMAND_OPTIONS(record_options),
	.values_bytes = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.run = run_record,
};

/* ---- list ---- */

static const struct table_column list_columns[] = {
	{"REVISION", TABLE_RIGHT, 0, 0},
	{"MADE AT", TABLE_LEFT, 0, 0},
	{"OF", TABLE_LEFT, 20, 0},
	{"TEXTS", TABLE_RIGHT, 0, 0},
	{"WHY", TABLE_LEFT, 20, 0},
};

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	const struct json_view *erasures = json_view_get(page, "erasures");
	struct table *table = arg;

	(void)enough;
	for (size_t i = 0; i < json_view_count(erasures); i++) {
		const struct json_view *erasure = json_view_at(erasures, i);

		table_number(table, json_view_number(erasure, "revision"));
		table_put(table, json_view_text(erasure, "made_at"));
		table_put(table, json_view_text(erasure, "subject"));
		table_number(table, json_view_number(erasure, "texts"));
		table_put(table, json_view_text(erasure, "rationale"));
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *given, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct table table;
	enum cli_exit code = cli_workspace_path(cli, &path, "/erasures");

	(void)given;
	(void)words;
	table_init(&table, list_columns, sizeof list_columns / sizeof list_columns[0]);
	if (code == CLI_OK && cli->config.json) {
		code = pages_print(cli, &path, "erasures");
	} else if (code == CLI_OK) {
		code = pages_walk(cli, &path, add_page, &table);
		if (code == CLI_OK)
			code = cli_print_table(cli, &table, false);
	}
	table_release(&table);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list what was erased, newest first; never what it said",
	.examples = "  winnow erase list\n",
	.run = run_list,
};

const struct command command_erase = {
	.name = "erase",
	.summary = "erase personal text for good, and list what was erased",
	.members = (const struct command *const[]){&item, &record, &list, NULL},
};

/*
 * winnow sla: how long items may take, by which hours, and what is left of it.
 */

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/named.h"
#include "cli/url.h"

enum { BODY_BYTES = 1024 * 1024 };

static void number_text(struct buf *out, const struct json_view *object, const char *key)
{
	num_format(out, json_view_number(object, key));
}

/* ---- what a change did, or would do ---- */

struct put_values {
	bool dry_run;
};

static const struct arg_spec put_options[] = {
	{"dry-run", 'n', ARG_FLAG, NULL, 0, 0, offsetof(struct put_values, dry_run),
		"count the clocks that would change, change nothing"},
};

static void show_change(const char *label, const struct json_view *change)
{
	cli_printf("%-18s %lld, then %lld\n", label, (long long)json_view_int(change, "before", 0),
		(long long)json_view_int(change, "after", 0));
}

static enum cli_exit show_trial(const struct http_response *response)
{
	struct json_view *trial = cli_parse(response);

	if (!trial)
		return CLI_REFUSED;
	show_change("clocks", json_view_get(trial, "clocks"));
	show_change("breached", json_view_get(trial, "breached"));
	cli_printf("%-18s %lld\n", "changed", (long long)json_view_int(trial, "changed", 0));
	cli_printf("%-18s %lld\n", "newly breached",
		(long long)json_view_int(trial, "newly_breached", 0));
	cli_printf("%-18s %lld\n", "no longer breached",
		(long long)json_view_int(trial, "no_longer_breached", 0));
	json_view_free(trial);
	return CLI_OK;
}

/* Puts a file in place of what there is at the path, or asks what that would do. */
static enum cli_exit put_file(
	struct cli *cli, struct buf *path, const char *name, bool dry_run, const char *what)
{
	struct http_response response = {0};
	struct buf body = BUF_INIT;
	bool there = false;
	enum cli_exit code = cli_read_file(name, BODY_BYTES, &body);

	if (code == CLI_OK)
		code = named_read(cli, path->data, &response, &there);
	if (dry_run)
		url_query(path, "dry_run", STR("true"));
	if (code == CLI_OK && path->failed)
		code = cli_no_memory();
	if (code == CLI_OK)
		code = named_put(cli, path->data, &body, &response);
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	else if (code == CLI_OK && dry_run)
		code = show_trial(&response);
	else if (code == CLI_OK)
		cli_note(cli, "%s %s", there ? "replaced" : "created", what);
	http_response_release(&response);
	buf_release(&body);
	return code;
}

/* ---- rules ---- */

static const struct table_column rule_columns[] = {
	{"RULE", TABLE_LEFT, 12, 0},
	{"TARGET", TABLE_RIGHT, 0, 0},
	{"HOURS", TABLE_LEFT, 0, 0},
	{"DUE SOON", TABLE_RIGHT, 0, 1},
	{"WHEN", TABLE_LEFT, 30, 1},
};

static void put_rule(struct table *table, const struct json_view *rule)
{
	struct buf text = BUF_INIT;

	table_put(table, json_view_text(rule, "id"));
	table_number(table, json_view_number(rule, "target_hours"));
	table_put(table, json_view_text(rule, "hours"));
	table_number(table, json_view_number(rule, "due_soon_hours"));
	json_view_write(&text, json_view_get(rule, "when"));
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct json_view *slas = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/slas");

	(void)values;
	(void)words;
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &slas);
	if (slas) {
		const struct json_view *rules = json_view_get(slas, "rules");
		struct table table;

		table_init(&table, rule_columns, sizeof rule_columns / sizeof rule_columns[0]);
		for (size_t i = 0; i < json_view_count(rules); i++)
			put_rule(&table, json_view_at(rules, i));
		code = cli_print_table(cli, &table, false);
		table_release(&table);
	}
	json_view_free(slas);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show the rules",
	.examples = "  winnow sla show\n",
	.run = run_show,
};

static enum cli_exit run_put(struct cli *cli, const void *values, const struct words *words)
{
	const struct put_values *given = values;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/slas");

	if (code == CLI_OK)
		code = put_file(cli, &path, words->items[0], given->dry_run, "the rules");
	buf_release(&path);
	return code;
}

static const struct command put = {
	.name = "put",
	.summary = "set the rules, or count what that would change",
	.arguments = "FILE",
	.examples = "  winnow sla put slas.json --dry-run\n"
		    "  winnow sla put slas.json\n",
	.details =
		"FILE has the rules in JSON; - is standard input:\n"
		"  {\"rules\": [{\"id\": \"sev1\", \"when\": {\"feature\": \"severity\", \"ge\": "
		"\"sev1\"},\n"
		"              \"target_hours\": 8, \"hours\": \"office\"}]}\n"
		"They apply at once to the items that are there.\n",
	COMMAND_OPTIONS(put_options),
	.values_bytes = sizeof(struct put_values),
	.defaults = &(const struct put_values){false},
	.min_words = 1,
	.max_words = 1,
	.run = run_put,
};

/* ---- business hours ---- */

static const struct table_column hours_columns[] = {
	{"NAME", TABLE_LEFT, 12, 0},
	{"ZONE", TABLE_LEFT, 0, 0},
	{"WEEKLY", TABLE_RIGHT, 0, 0},
	{"SPECIAL DAYS", TABLE_RIGHT, 0, 0},
	{"REVISION", TABLE_RIGHT, 0, 1},
};

static void put_hours_cells(struct table *table, const struct json_view *hours)
{
	table_put(table, json_view_text(hours, "name"));
	table_put(table, json_view_text(hours, "zone"));
	table_number(table, (double)json_view_count(json_view_get(hours, "weekly")));
	table_number(table, (double)json_view_count(json_view_get(hours, "special_days")));
	table_number(table, json_view_number(hours, "revision"));
}

static const struct named business_hours = {"business hours", "/business-hours", "business_hours",
	hours_columns, sizeof hours_columns / sizeof hours_columns[0], put_hours_cells};

static const struct command hours = {
	.name = "hours",
	.summary = "list the business hours",
	.examples = "  winnow sla hours\n",
	NAMED(business_hours),
	.run = named_list,
};

static enum cli_exit run_put_hours(struct cli *cli, const void *values, const struct words *words)
{
	const struct put_values *given = values;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/business-hours/");

	url_segment(&path, str_from(words->items[0]));
	if (code == CLI_OK && path.failed)
		code = cli_no_memory();
	if (code == CLI_OK)
		code = put_file(cli, &path, words->items[1], given->dry_run, "the business hours");
	buf_release(&path);
	return code;
}

static const struct command put_hours = {
	.name = "put-hours",
	.summary = "define business hours, or count what that would change",
	.arguments = "NAME FILE",
	.examples = "  winnow sla put-hours office office.json --dry-run\n"
		    "  winnow sla put-hours office office.json\n",
	.details = "FILE has the hours in JSON; - is standard input:\n"
		   "  {\"zone\": \"Europe/Berlin\",\n"
		   "   \"weekly\": [{\"days\": [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"],\n"
		   "               \"from\": \"09:00\", \"until\": \"17:00\"}],\n"
		   "   \"special_days\": [{\"date\": \"2026-12-25\"}]}\n",
	COMMAND_OPTIONS(put_options),
	.values_bytes = sizeof(struct put_values),
	.defaults = &(const struct put_values){false},
	.min_words = 2,
	.max_words = 2,
	.run = run_put_hours,
};

static const struct command delete_hours = {
	.name = "delete-hours",
	.summary = "delete business hours that no rule in force names",
	.arguments = "NAME",
	.examples = "  winnow sla delete-hours office\n",
	.min_words = 1,
	.max_words = 1,
	NAMED(business_hours),
	.run = named_delete,
};

/* ---- an item ---- */

struct item_values {
	int64_t min_revision;
};

static const struct arg_spec item_options[] = {
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, offsetof(struct item_values, min_revision),
		"wait until the clocks reflect this revision"},
};

static void show_clock(const struct json_view *sla)
{
	struct buf text = BUF_INIT;

	cli_print_pair("rule", json_view_text(sla, "rule"));
	cli_print_pair("state", json_view_text(sla, "state"));
	number_text(&text, sla, "left_hours");
	buf_puts(&text, " of ");
	number_text(&text, sla, "target_hours");
	buf_puts(&text, " hours");
	cli_print_pair("left", buf_view(&text));
	cli_print_pair("hours", json_view_text(sla, "hours"));
	cli_print_pair("started", json_view_text(sla, "started_at"));
	cli_print_pair("due", json_view_text(sla, "due_at"));
	cli_print_pair("stopped", json_view_text(sla, "stopped_at"));
	buf_release(&text);
}

static enum cli_exit run_item(struct cli *cli, const void *given, const struct words *words)
{
	const struct item_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *answer = NULL;
	enum cli_exit code = item_path(cli, words->items[0], "/sla", &path);

	if (code == CLI_OK) {
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &answer);
	}
	if (answer && json_view_text(json_view_get(answer, "sla"), "rule").ptr)
		show_clock(json_view_get(answer, "sla"));
	else if (answer)
		cli_note(cli, "no rule is for %s", words->items[0]);
	json_view_free(answer);
	buf_release(&path);
	return code;
}

static const struct command item = {
	.name = "item",
	.summary = "tell what an item's clock shows now",
	.arguments = "ITEM",
	.examples = "  winnow sla item github/7\n"
		    "  winnow sla item BUG-201 --json | jq .sla.due_at\n",
	COMMAND_OPTIONS(item_options),
	.values_bytes = sizeof(struct item_values),
	.defaults = &(const struct item_values){-1},
	.min_words = 1,
	.max_words = 1,
	.run = run_item,
};

const struct command command_sla = {
	.name = "sla",
	.summary = "set how long items may take, and see what is left",
	.members = (const struct command *const[]){&show, &put, &hours, &put_hours, &delete_hours,
		&item, NULL},
};

/*
 * winnow sweep: the icebox looked through, and closed with a reason.
 */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

static enum cli_exit sweep_path(
	const struct cli *cli, const char *id, const char *rest, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/sweeps/");

	if (code != CLI_OK)
		return code;
	url_segment(path, str_from(id));
	buf_puts(path, rest);
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* ---- one sweep ---- */

static const struct table_column item_columns[] = {
	{"WHAT", TABLE_LEFT, 0, 0},
	{"ITEM", TABLE_LEFT, 20, 0},
	{"TITLE", TABLE_LEFT, 30, 0},
	{"STATUS", TABLE_LEFT, 0, 0},
	{"WHY", TABLE_LEFT, 20, 0},
};

static void put_item(struct table *table, const char *what, const struct json_view *entry)
{
	const struct json_view *item = json_view_get(entry, "item");
	struct str source = json_view_text(item, "source");

	table_put(table, str_from(what));
	if (source.ptr)
		table_printf(table, "%.*s/%.*s", STR_ARG(source),
			STR_ARG(json_view_text(item, "external_id")));
	else
		table_put(table, json_view_text(item, "id"));
	table_put(table, json_view_text(item, "title"));
	table_put(table, json_view_text(item, "status"));
}

static void put_stale(struct table *table, const struct json_view *entry)
{
	int64_t closed = json_view_int(entry, "closed_revision", 0);
	struct str at = json_view_text(entry, "last_scored_at");

	put_item(table, closed > 0 ? "closed" : "stale", entry);
	table_printf(table, "last scored %.*s", at.ptr ? 10 : 11, at.ptr ? at.ptr : "nobody knows");
}

static void put_promoted(struct table *table, const struct json_view *entry)
{
	struct buf text = BUF_INIT;

	put_item(table, "promote", entry);
	num_format(&text, json_view_number(entry, "was"));
	buf_puts(&text, " became ");
	num_format(&text, json_view_number(entry, "is"));
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit show_sweep(const struct cli *cli, const struct json_view *sweep)
{
	const struct json_view *stale = json_view_get(sweep, "stale");
	const struct json_view *promoted = json_view_get(sweep, "promoted");
	struct table table;
	enum cli_exit code = CLI_OK;

	table_init(&table, item_columns, sizeof item_columns / sizeof item_columns[0]);
	for (size_t i = 0; i < json_view_count(stale); i++)
		put_stale(&table, json_view_at(stale, i));
	for (size_t i = 0; i < json_view_count(promoted); i++)
		put_promoted(&table, json_view_at(promoted, i));
	if (json_view_count(stale) + json_view_count(promoted) > 0)
		code = cli_print_table(cli, &table, false);
	else
		cli_note(cli, "nothing in the icebox is that old");
	table_release(&table);
	if (json_view_bool(sweep, "cut", false))
		cli_note(cli, "there was more than one sweep lists");
	return code;
}

/* ---- create ---- */

struct create_values {
	int64_t months;
	const char *feature, *factor;
};

#define FIELD(name) offsetof(struct create_values, name)

static const struct arg_spec create_options[] = {
	{"months", 'm', ARG_INT, "N", 1, 60, FIELD(months), "not scored for so many months (6)"},
	{"feature", 0, ARG_TEXT, "NAME", 0, 0, FIELD(feature),
		"whose growth promotes (cost_of_delay)"},
	{"factor", 0, ARG_TEXT, "NUMBER", 0, 0, FIELD(factor),
		"by how much at least; with --feature (1.5)"},
};

#undef FIELD

static bool read_factor(const struct create_values *values, double *out)
{
	char *end = NULL;

	if (!values->factor)
		return true;
	*out = strtod(values->factor, &end);
	if (!values->feature)
		cli_error("--factor needs --feature");
	else if (end == values->factor || *end != '\0' || !isfinite(*out))
		cli_error("'%s' is no number", values->factor);
	else
		return true;
	return false;
}

static enum cli_exit create_body(const struct create_values *values, struct buf *body)
{
	struct json_writer json;
	double factor = 0;

	if (!read_factor(values, &factor))
		return CLI_USAGE;
	json_writer_init(&json, body);
	json_object_begin(&json);
	json_put(&json, "months", int, values->months);
	if (values->feature) {
		json_key(&json, "promote");
		json_object_begin(&json);
		json_put(&json, "feature", text, values->feature);
		if (values->factor)
			json_put(&json, "factor", number, factor);
		json_object_end(&json);
	}
	json_object_end(&json);
	return body->failed ? cli_no_memory() : CLI_OK;
}

static enum cli_exit run_create(struct cli *cli, const void *given, const struct words *words)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_view *sweep = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/sweeps");

	(void)words;
	if (code == CLI_OK)
		code = create_body(given, &body);
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, &body, &sweep);
	if (code == CLI_OK && cli->config.json)
		cli_print_json(sweep);
	else if (code == CLI_OK) {
		code = show_sweep(cli, sweep);
		cli_note(cli, "sweep %.*s", STR_ARG(json_view_text(sweep, "id")));
	}
	json_view_free(sweep);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command create = {
	.name = "create",
	.summary = "list what is old in the icebox, and keep the list",
	.examples = "  winnow sweep create\n"
		    "  winnow sweep create --months 12 --feature demand --factor 2\n",
	.details =
		"What waits in the last band and was not scored for so long is listed to be "
		"closed;\n"
		"what grew by the factor since its first value is listed to be promoted. Nothing\n"
		"else is changed.\n",
	COMMAND_OPTIONS(create_options),
	.values_bytes = sizeof(struct create_values),
	.defaults = &(const struct create_values){.months = 6},
	.run = run_create,
};

/* ---- list, show ---- */

static const struct table_column list_columns[] = {
	{"ID", TABLE_LEFT, 0, 0},
	{"MADE AT", TABLE_LEFT, 0, 0},
	{"MONTHS", TABLE_RIGHT, 0, 1},
	{"STALE", TABLE_RIGHT, 0, 0},
	{"PROMOTE", TABLE_RIGHT, 0, 0},
};

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	const struct json_view *sweeps = json_view_get(page, "sweeps");
	struct table *table = arg;

	(void)enough;
	for (size_t i = 0; i < json_view_count(sweeps); i++) {
		const struct json_view *sweep = json_view_at(sweeps, i);

		table_put(table, json_view_text(sweep, "id"));
		table_put(table, json_view_text(sweep, "made_at"));
		table_number(table, json_view_number(sweep, "months"));
		table_number(table, json_view_number(sweep, "stale_count"));
		table_number(table, json_view_number(sweep, "promoted_count"));
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *given, const struct words *words)
{
	static const struct page_rows rows = {
		"sweeps", list_columns, sizeof list_columns / sizeof list_columns[0], add_page};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/sweeps");

	(void)given;
	(void)words;
	if (code == CLI_OK)
		code = pages_show(cli, &path, &rows, false);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list sweeps, newest first",
	.examples = "  winnow sweep list\n",
	.run = run_list,
};

static enum cli_exit run_show(struct cli *cli, const void *given, const struct words *words)
{
	struct json_view *sweep = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = sweep_path(cli, words->items[0], "", &path);

	(void)given;
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &sweep);
	if (sweep)
		code = show_sweep(cli, sweep);
	json_view_free(sweep);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show a sweep as it was found, and what became of it",
	.arguments = "ID",
	.examples = "  winnow sweep show 6b1f0a52-7d1e-4c2b-8f3a-1e2d3c4b5a69\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* ---- close ---- */

struct close_values {
	const char *because, *status;
	bool all;
};

#define FIELD(name) offsetof(struct close_values, name)

static const struct arg_spec close_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),
		"why, in at least 10 characters (required)"},
	{"all", 0, ARG_FLAG, NULL, 0, 0, FIELD(all), "all that the sweep lists as stale"},
	{"status", 0, ARG_TEXT, "NAME", 0, 0, FIELD(status),
		"the status that they get (the first of class dropped)"},
};

#undef FIELD

static enum cli_exit put_items(struct cli *cli, struct json_writer *json, const struct words *words)
{
	enum cli_exit code = CLI_OK;

	json_array_begin(json);
	for (size_t i = 1; i < words->count && code == CLI_OK; i++) {
		struct buf id = BUF_INIT;

		code = item_lookup(cli, words->items[i], &id);
		json_str(json, buf_view(&id));
		buf_release(&id);
	}
	json_array_end(json);
	return code;
}

static enum cli_exit close_body(struct cli *cli, const struct close_values *values,
	const struct words *words, struct buf *body)
{
	struct json_writer json;
	enum cli_exit code = CLI_OK;

	json_writer_init(&json, body);
	json_object_begin(&json);
	json_key(&json, "items");
	if (values->all)
		json_text(&json, "all");
	else
		code = put_items(cli, &json, words);
	json_put(&json, "rationale", text, values->because);
	if (values->status)
		json_put(&json, "status", text, values->status);
	json_object_end(&json);
	return code == CLI_OK && body->failed ? cli_no_memory() : code;
}

/* One answer closes so many at most; the next one goes on. */
static enum cli_exit close_parts(struct cli *cli, const struct buf *path, const struct buf *body)
{
	int64_t closed = 0, left = 0, remaining = 1;
	enum cli_exit code = CLI_OK;

	while (code == CLI_OK && remaining > 0) {
		struct json_view *answer = NULL;

		code = cli_send_json(cli, "POST", path->data, body, &answer);
		if (code == CLI_OK) {
			closed += json_view_int(answer, "closed", 0);
			left = json_view_int(answer, "left", 0);
			remaining = json_view_int(answer, "remaining", 0);
			if (cli->config.json)
				cli_print_json(answer);
		}
		json_view_free(answer);
	}
	if (closed > 0 || code == CLI_OK)
		cli_note(cli, "closed %lld items, left %lld as they are", (long long)closed,
			(long long)left);
	return code;
}

static enum cli_exit run_close(struct cli *cli, const void *given, const struct words *words)
{
	const struct close_values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT;
	enum cli_exit code;

	if (!values->because || values->all == (words->count > 1)) {
		cli_error(values->because ? "say which items: name them, or give --all"
					  : "closing needs a reason: give --because");
		return CLI_USAGE;
	}
	code = sweep_path(cli, words->items[0], ":close", &path);
	if (code == CLI_OK)
		code = close_body(cli, values, words, &body);
	if (code == CLI_OK)
		code = close_parts(cli, &path, &body);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command close_command = {
	.name = "close",
	.summary = "close stale items of a sweep, with a reason",
	.arguments = "ID [ITEM…]",
	.examples = "  winnow sweep close 6b1f0a52-7d1e-4c2b-8f3a-1e2d3c4b5a69 --all --because "
		    "'nobody asked for half a year'\n",
	.details =
		"Items get a status of class dropped, on top of what their tracker says. What was\n"
		"begun or finished in the meantime is left as it is.\n",
	COMMAND_OPTIONS(close_options),
	.values_bytes = sizeof(struct close_values),
	.min_words = 1,
	.max_words = 501,
	.run = run_close,
};

const struct command command_sweep = {
	.name = "sweep",
	.summary = "look through the icebox, and close what is old",
	.members = (const struct command *const[]){&create, &list, &show, &close_command, NULL},
};

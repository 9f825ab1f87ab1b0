/*
 * winnow streams: how the streams stand against their contract, and the health of one.
 */
#include <math.h>
#include <stddef.h>

#include "cli/commands.h"
#include "cli/url.h"

struct streams_values {
	int64_t weeks, revision;
};

#define FIELD(name) offsetof(struct streams_values, name)

/* ---- list ---- */

static const struct arg_spec list_options[] = {
	{"revision", 0, ARG_INT, "N", 1, INT64_MAX, FIELD(revision), "as of this revision"},
};

static const struct table_column list_columns[] = {
	{"STREAM", TABLE_LEFT, 12, 0},
	{"QUEUED", TABLE_RIGHT, 0, 0},
	{"IN FLIGHT", TABLE_RIGHT, 0, 0},
	{"SHARE", TABLE_RIGHT, 0, 0},
	{"PLANNED", TABLE_LEFT, 0, 0},
	{"AGREED", TABLE_LEFT, 0, 1},
	{"STANDING", TABLE_LEFT, 0, 0},
	{"OLDEST", TABLE_RIGHT, 0, 1},
};

static void put_percent(struct table *table, double share)
{
	if (isnan(share))
		table_put(table, STR_NONE);
	else
		table_printf(table, "%.0f %%", 100 * share);
}

/* "30 to 50 %"; one of the two may be missing. */
static void put_bounds(struct table *table, const struct json_view *bounds)
{
	double least = json_view_number(bounds, "at_least");
	double most = json_view_number(bounds, "at_most");

	if (isnan(least) && isnan(most))
		table_put(table, STR_NONE);
	else if (isnan(most))
		table_printf(table, "from %.0f %%", 100 * least);
	else if (isnan(least))
		table_printf(table, "to %.0f %%", 100 * most);
	else
		table_printf(table, "%.0f to %.0f %%", 100 * least, 100 * most);
}

static void put_stream(struct table *table, const struct json_view *stream)
{
	const struct json_view *capacity = json_view_get(stream, "capacity");

	table_put(table, json_view_text(stream, "stream"));
	table_number(table, json_view_number(stream, "queued"));
	table_number(table, json_view_number(stream, "in_flight"));
	put_percent(table, json_view_number(capacity, "actual"));
	put_bounds(table, json_view_get(capacity, "planned"));
	put_bounds(table, json_view_get(capacity, "agreed"));
	table_put(table, json_view_bool(capacity, "lane", false)
				 ? STR("lane")
				 : json_view_text(capacity, "standing"));
	table_number(table, json_view_number(json_view_get(stream, "oldest"), "age_days"));
}

static void tell_reserve(const struct cli *cli, const struct json_view *answer)
{
	const struct json_view *reserve = json_view_get(answer, "reserve");
	struct str stream = json_view_text(reserve, "stream");

	if (!reserve)
		return;
	cli_note(cli, "%.0f %% are reserved after the launch %.*s until %.*s%s%.*s",
		100 * json_view_number(reserve, "share"), STR_ARG(json_view_text(reserve, "name")),
		STR_ARG(json_view_text(reserve, "until")), stream.ptr ? ", for " : "",
		STR_ARG(stream.ptr ? stream : STR("")));
}

static enum cli_exit show_streams(const struct cli *cli, const struct json_view *answer)
{
	const struct json_view *streams = json_view_get(answer, "streams");
	struct table table;
	enum cli_exit code;

	table_init(&table, list_columns, sizeof list_columns / sizeof list_columns[0]);
	for (size_t i = 0; i < json_view_count(streams); i++)
		put_stream(&table, json_view_at(streams, i));
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	tell_reserve(cli, answer);
	return code;
}

static enum cli_exit run_list(struct cli *cli, const void *given, const struct words *words)
{
	const struct streams_values *values = given;
	struct json_view *answer = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/streams");

	(void)words;
	if (code == CLI_OK && values->revision > 0)
		url_query_int(&path, "revision", values->revision);
	if (code == CLI_OK)
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &answer);
	if (answer)
		code = show_streams(cli, answer);
	json_view_free(answer);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list the streams: what waits, what is in flight, the share that it takes",
	.examples = "  winnow streams list\n",
	.details = "SHARE is the stream's part of all items in flight. PLANNED is what was agreed, "
		   "after\n"
		   "what lanes take and what a launch reserves; OLDEST is in days.\n",
	COMMAND_OPTIONS(list_options),
	.values_bytes = sizeof(struct streams_values),
	.run = run_list,
};

/* ---- health ---- */

static const struct arg_spec health_options[] = {
	{"weeks", 0, ARG_INT, "N", 1, 52, FIELD(weeks), "so many weeks of inflow and outflow (8)"},
	{"revision", 0, ARG_INT, "N", 1, INT64_MAX, FIELD(revision), "as of this revision"},
};

static const struct table_column finding_columns[] = {
	{"WHAT", TABLE_LEFT, 0, 0},
	{"ID", TABLE_LEFT, 12, 0},
	{"STANDS AT", TABLE_LEFT, 20, 0},
};

static void put_limit(struct table *table, const struct json_view *limit)
{
	const struct json_view *fullest = json_view_at(json_view_get(limit, "groups"), 0);
	struct str group = json_view_text(fullest, "group");
	double load = json_view_number(fullest, "load");

	table_put(table, STR("limit"));
	table_put(table, json_view_text(limit, "id"));
	if (json_view_bool(limit, "masked", false)) {
		table_printf(table, "hidden, at most %g", json_view_number(limit, "at_most"));
		return;
	}
	table_printf(table, "%g of %g%s%.*s%s", isnan(load) ? 0 : load,
		json_view_number(limit, "at_most"), group.ptr ? ", " : "",
		STR_ARG(group.ptr ? group : STR("")),
		json_view_int(limit, "over_count", 0) > 0 ? ": over" : "");
}

static void put_gate(struct table *table, const struct json_view *gate)
{
	table_printf(table, "%.*s", STR_ARG(json_view_text(gate, "of")));
	table_put(table, json_view_text(gate, "id"));
	table_printf(table, "%lld in flight do not fulfil it, %lld queued",
		(long long)json_view_int(gate, "in_flight", 0),
		(long long)json_view_int(gate, "queued", 0));
}

static void put_timebox(struct table *table, const struct json_view *timebox)
{
	table_put(table, STR("timebox"));
	table_put(table, json_view_text(timebox, "id"));
	table_printf(table, "%lld of %lld over %g days",
		(long long)json_view_int(timebox, "over_count", 0),
		(long long)json_view_int(timebox, "inside", 0), json_view_number(timebox, "days"));
}

static void put_all(struct table *table, const struct json_view *all,
	void (*put)(struct table *table, const struct json_view *one))
{
	for (size_t i = 0; i < json_view_count(all); i++)
		put(table, json_view_at(all, i));
}

static enum cli_exit show_findings(const struct cli *cli, const struct json_view *health)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, finding_columns, sizeof finding_columns / sizeof finding_columns[0]);
	put_all(&table, json_view_get(health, "limits"), put_limit);
	put_all(&table, json_view_get(health, "gates"), put_gate);
	put_all(&table, json_view_get(health, "timeboxes"), put_timebox);
	table_put(&table, STR("stale"));
	table_put(&table, STR_NONE);
	table_printf(&table, "%lld items", (long long)json_view_int(health, "stale_count", 0));
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static const struct table_column week_columns[] = {
	{"WEEK", TABLE_LEFT, 0, 0},
	{"IN", TABLE_RIGHT, 0, 0},
	{"OUT", TABLE_RIGHT, 0, 0},
};

static enum cli_exit show_weeks(const struct cli *cli, const struct json_view *weeks)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, week_columns, sizeof week_columns / sizeof week_columns[0]);
	for (size_t i = 0; i < json_view_count(weeks); i++) {
		const struct json_view *week = json_view_at(weeks, i);

		table_put(&table, json_view_text(week, "week"));
		table_number(&table, json_view_number(week, "inflow"));
		table_number(&table, json_view_number(week, "outflow"));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit show_health(const struct cli *cli, const struct json_view *health)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, list_columns, sizeof list_columns / sizeof list_columns[0]);
	put_stream(&table, health);
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	cli_printf("\n");
	if (code == CLI_OK)
		code = show_findings(cli, health);
	cli_printf("\n");
	if (code == CLI_OK)
		code = show_weeks(cli, json_view_get(health, "weeks"));
	tell_reserve(cli, health);
	return code;
}

static enum cli_exit run_health(struct cli *cli, const void *given, const struct words *words)
{
	const struct streams_values *values = given;
	struct json_view *health = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/streams/");

	url_segment(&path, str_from(words->items[0]));
	buf_puts(&path, "/health");
	url_query_int(&path, "weeks", values->weeks);
	if (values->revision > 0)
		url_query_int(&path, "revision", values->revision);
	if (code == CLI_OK)
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &health);
	if (health)
		code = show_health(cli, health);
	json_view_free(health);
	buf_release(&path);
	return code;
}

static const struct command health = {
	.name = "health",
	.summary = "tell how one stream stands: limits, gates, timeboxes, what came and left",
	.arguments = "STREAM",
	.examples = "  winnow streams health feature_request\n"
		    "  winnow streams health incident --weeks 26\n",
	.details = "Of a limit the fullest group is shown. Weeks are ISO weeks, in UTC.\n",
	COMMAND_OPTIONS(health_options),
	.values_bytes = sizeof(struct streams_values),
	.defaults = &(const struct streams_values){.weeks = 8},
	.min_words = 1,
	.max_words = 1,
	.run = run_health,
};

const struct command command_streams = {
	.name = "streams",
	.summary = "list the streams, and tell the health of one",
	.members = (const struct command *const[]){&list, &health, NULL},
};

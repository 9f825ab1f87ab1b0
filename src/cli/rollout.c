/*
 * winnow rollout: what is in force, and what the candidate beside it would change.
 */
#include <stddef.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/url.h"

struct rollout_values {
	const char *streams, *teams;
	int64_t min_revision;
};

#define FIELD(name) offsetof(struct rollout_values, name)

static const struct arg_spec options[] = {
	{"streams", 0, ARG_TEXT, "NAMES", 0, 0, FIELD(streams),
		"of the items of these streams alone, divided by commas"},
	{"teams", 0, ARG_TEXT, "NAMES", 0, 0, FIELD(teams), "and of these teams"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
};

static const struct table_column stream_columns[] = {
	{"STREAM", TABLE_LEFT, 16, 0},
	{"BEFORE", TABLE_RIGHT, 0, 0},
	{"AFTER", TABLE_RIGHT, 0, 0},
};

static void print_version(const char *label, int64_t version)
{
	struct buf text = BUF_INIT;

	if (version > 0)
		buf_printf(&text, "version %lld", (long long)version);
	else
		buf_puts(&text, "none");
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}

static void show_counts(const struct json_view *differences)
{
	const struct json_view *churn = json_view_get(differences, "churn");
	const struct json_view *bands = json_view_get(differences, "bands");
	struct buf text = BUF_INIT;

	buf_printf(&text, "%lld of %lld items, %lld come in, %lld go out",
		(long long)json_view_int(differences, "moved_count", 0),
		(long long)json_view_int(differences, "count", 0),
		(long long)json_view_int(differences, "added_count", 0),
		(long long)json_view_int(differences, "removed_count", 0));
	cli_print_pair("moved", buf_view(&text));
	buf_reset(&text);
	buf_printf(&text, "%lld in, %lld out of the first %lld",
		(long long)json_view_int(churn, "entered", 0),
		(long long)json_view_int(churn, "left", 0),
		(long long)json_view_int(churn, "top", 0));
	cli_print_pair("churn", buf_view(&text));
	buf_reset(&text);
	cli_put_ratio(&text, json_view_number(differences, "tau"));
	cli_print_pair("tau", buf_view(&text));
	for (size_t i = 0; i < json_view_count(bands); i++) {
		const struct json_view *band = json_view_at(bands, i);

		buf_reset(&text);
		buf_printf(&text, "%.*s to %.*s: %lld", STR_ARG(json_view_text(band, "from")),
			STR_ARG(json_view_text(band, "to")),
			(long long)json_view_int(band, "count", 0));
		cli_print_pair("band", buf_view(&text));
	}
	buf_release(&text);
}

static enum cli_exit show_streams(const struct cli *cli, const struct json_view *streams)
{
	struct table table;
	enum cli_exit code;

	if (json_view_count(streams) == 0)
		return CLI_OK;
	table_init(&table, stream_columns, sizeof stream_columns / sizeof *stream_columns);
	for (size_t i = 0; i < json_view_count(streams); i++) {
		const struct json_view *stream = json_view_at(streams, i);

		table_put(&table, json_view_text(stream, "stream"));
		table_printf(&table, "%.1f %%", 100 * json_view_number(stream, "share_before"));
		table_printf(&table, "%.1f %%", 100 * json_view_number(stream, "share_after"));
	}
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit show(const struct cli *cli, const struct json_view *rollout)
{
	const struct json_view *candidate = json_view_get(rollout, "candidate");
	const struct json_view *differences = json_view_get(candidate, "differences");

	print_version("model", json_view_int(json_view_get(rollout, "model"), "version", 0));
	print_version("policy", json_view_int(json_view_get(rollout, "policy"), "version", 0));
	if (!candidate) {
		cli_print_pair("candidate", STR("none"));
		return CLI_OK;
	}
	print_version("candidate's model", json_view_int(candidate, "model_version", 0));
	print_version("candidate's policy", json_view_int(candidate, "policy_version", 0));
	if (!differences) {
		cli_print_pair("differences", STR("not for this token"));
		return CLI_OK;
	}
	show_counts(differences);
	return show_streams(cli, json_view_get(differences, "streams"));
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct rollout_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *rollout = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/rollout");

	(void)words;
	if (values->streams)
		url_query(&path, "streams", str_from(values->streams));
	if (values->teams)
		url_query(&path, "teams", str_from(values->teams));
	if (values->min_revision >= 0)
		url_query_int(&path, "min_revision", values->min_revision);
	if (code == CLI_OK)
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &rollout);
	if (rollout)
		code = show(cli, rollout);
	json_view_free(rollout);
	buf_release(&path);
	return code;
}

const struct command command_rollout = {
	.name = "rollout",
	.summary = "tell what the candidate would change, beside what is in force",
	.examples = "  winnow rollout\n"
		    "  winnow rollout --streams model_quality,incident\n"
		    "  winnow rollout --json | jq .candidate.differences.churn\n",
	.details = "The candidate is what the aliases \"candidate\" of models and policies name. "
		   "Of some\n"
		   "streams or teams, places are counted among their items.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct rollout_values),
	.defaults = &(const struct rollout_values){.min_revision = -1},
	.run = run,
};

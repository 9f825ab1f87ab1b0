/*
 * winnow rollout: what is in force, and what the candidate beside it would change.
 */
#include <stddef.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/effect.h"
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
	return effect_show(cli, differences);
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

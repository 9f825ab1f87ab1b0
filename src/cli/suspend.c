/*
 * winnow suspend, resume, rollback: the brakes of a roll-out, one call each.
 */
#include <stddef.h>

#include "cli/commands.h"
#include "codec/json_writer.h"

struct values {
	const char *because, *fallback, *ranking;
	int64_t model, policy;
};

#define FIELD(name) offsetof(struct values, name)

static void put_body(struct buf *body, const struct values *values)
{
	struct json_writer json;

	json_writer_init(&json, body);
	json_object_begin(&json);
	if (values->fallback)
		json_put(&json, "fallback", text, values->fallback);
	if (values->ranking)
		json_put(&json, "ranking", text, values->ranking);
	if (values->model > 0)
		json_put(&json, "model_version", int, values->model);
	if (values->policy > 0)
		json_put(&json, "policy_version", int, values->policy);
	json_put(&json, "rationale", text, values->because);
	json_object_end(&json);
}

static enum cli_exit act(struct cli *cli, const char *rest, const struct values *values)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_view *done = NULL;
	enum cli_exit code;

	if (!values->because) {
		cli_error("a decision says why: give --because");
		return CLI_USAGE;
	}
	code = cli_workspace_path(cli, &path, rest);
	put_body(&body, values);
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, &body, &done);
	if (code == CLI_OK && cli->config.json)
		cli_print_json(done);
	else if (code == CLI_OK)
		cli_note(cli, "%.*s: version %lld is active since revision %lld",
			STR_ARG(json_view_text(done, "action")),
			(long long)json_view_int(done, "active_version", 0),
			(long long)json_view_int(done, "revision", 0));
	json_view_free(done);
	buf_release(&body);
	buf_release(&path);
	return code;
}

/* ---- suspend ---- */

static const struct arg_spec suspend_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),
		"why, in at least 10 characters (required)"},
	{"fallback", 'f', ARG_TEXT, "NAME", 0, 0, FIELD(fallback),
		"rules, or last_approved_ranking (required)"},
	{"ranking", 0, ARG_TEXT, "ID", 0, 0, FIELD(ranking),
		"the kept ranking to go by (the newest that a model has ranked)"},
};

static enum cli_exit run_suspend(struct cli *cli, const void *given, const struct words *words)
{
	const struct values *values = given;

	(void)words;
	if (!values->fallback) {
		cli_error("what does the queue go by meanwhile? Give --fallback");
		return CLI_USAGE;
	}
	return act(cli, "/suspend", values);
}

const struct command command_suspend = {
	.name = "suspend",
	.summary = "stop the active model; the queue goes by a fallback",
	.examples = "  winnow suspend --fallback rules --because 'scores jumped after the import'\n"
		    "  winnow suspend --fallback last_approved_ranking --because 'under review'\n",
	.details = "Every page of the queue says so until winnow resume.\n",
	COMMAND_OPTIONS(suspend_options),
	.values_bytes = sizeof(struct values),
	.run = run_suspend,
};

/* ---- resume ---- */

static const struct arg_spec resume_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),
		"why, in at least 10 characters (required)"},
	{"model", 'm', ARG_INT, "VERSION", 1, INT64_MAX, FIELD(model),
		"an earlier version to go on with (the suspended one)"},
};

static enum cli_exit run_resume(struct cli *cli, const void *given, const struct words *words)
{
	(void)words;
	return act(cli, "/resume", given);
}

const struct command command_resume = {
	.name = "resume",
	.summary = "let a suspended model go on",
	.examples = "  winnow resume --because 'the import was repeated without the fault'\n",
	COMMAND_OPTIONS(resume_options),
	.values_bytes = sizeof(struct values),
	.run = run_resume,
};

/* ---- rollback ---- */

static const struct arg_spec rollback_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),
		"why, in at least 10 characters (required)"},
	{"model", 'm', ARG_INT, "VERSION", 1, INT64_MAX, FIELD(model), "the model's version"},
	{"policy", 'p', ARG_INT, "VERSION", 1, INT64_MAX, FIELD(policy), "the policy's version"},
};

static enum cli_exit run_rollback(struct cli *cli, const void *given, const struct words *words)
{
	const struct values *values = given;

	(void)words;
	if ((values->model > 0) == (values->policy > 0)) {
		cli_error("give --model or --policy: one thing is set back at a time");
		return CLI_USAGE;
	}
	return act(cli, "/rollback", values);
}

const struct command command_rollback = {
	.name = "rollback",
	.summary = "go back to a version of model or policy that was active before",
	.examples =
		"  winnow rollback --model 2 --because 'version 3 drowned the security stream'\n",
	COMMAND_OPTIONS(rollback_options),
	.values_bytes = sizeof(struct values),
	.run = run_rollback,
};

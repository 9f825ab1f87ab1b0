/*
 * winnow workspace: the backlogs that a server keeps. For operators.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { PAGE = 1000 };

static void workspace_path(struct buf *path, const char *name)
{
	buf_puts(path, "/v1/workspaces/");
	url_segment(path, str_from(name));
}

static void show_one(const struct json_view *workspace)
{
	char revision[24];

	snprintf(revision, sizeof revision, "%lld",
		(long long)json_view_int(workspace, "revision", 0));
	cli_print_pair("name", json_view_text(workspace, "name"));
	cli_print_pair("title", json_view_text(workspace, "title"));
	cli_print_pair("id", json_view_text(workspace, "id"));
	cli_print_pair("revision", str_from(revision));
	cli_print_pair("ranking", json_view_text(workspace, "ranking"));
}

/* ---- create ---- */

struct create_values {
	const char *title;
};

static const struct arg_spec create_options[] = {
	{"title", 't', ARG_TEXT, "TEXT", 0, 0, offsetof(struct create_values, title),
		"what people read instead of the name"},
};

static enum cli_exit run_create(struct cli *cli, const void *given, const struct words *words)
{
	const struct create_values *values = given;
	struct buf body = BUF_INIT, text = BUF_INIT;
	struct json_writer json;
	struct json_view *made;
	enum cli_exit code;

	json_writer_init(&json, &body);
	json_object_begin(&json);
	json_put(&json, "name", text, words->items[0]);
	if (values->title)
		json_put(&json, "title", text, values->title);
	json_object_end(&json);
	code = cli_send_json(cli, "POST", "/v1/workspaces", &body, &made);
	if (code == CLI_OK && cli->config.json) {
		json_view_write(&text, made);
		cli_print_body(&text);
	} else if (code == CLI_OK) {
		show_one(made);
	}
	json_view_free(made);
	buf_release(&text);
	buf_release(&body);
	return code;
}

static const struct command create = {
	.name = "create",
	.summary = "create a workspace",
	.arguments = "NAME",
	.examples = "  winnow workspace create payments --title 'Payments'\n",
	.details = "NAME is lower-case letters, digits and hyphens, and is never given twice.\n",
	COMMAND_OPTIONS(create_options),
	.values_bytes = sizeof(struct create_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_create,
};

/* ---- list ---- */

static const struct table_column columns[] = {
	{"NAME", TABLE_LEFT, 0, 0},
	{"REVISION", TABLE_RIGHT, 0, 0},
	{"STATE", TABLE_LEFT, 0, 2},
	{"ID", TABLE_LEFT, 0, 1},
	{"TITLE", TABLE_LEFT, 20, 0},
};

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *workspaces = json_view_get(page, "workspaces");

	(void)enough;
	for (size_t i = 0; i < json_view_count(workspaces); i++) {
		const struct json_view *one = json_view_at(workspaces, i);
		bool removed = json_view_bool(one, "removed", false);

		table_put(table, json_view_text(one, "name"));
		table_number(table, json_view_number(one, "revision"));
		table_put(table, removed ? STR("removed") : STR("active"));
		table_put(table, json_view_text(one, "id"));
		table_put(table, json_view_text(one, "title"));
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct table table;
	enum cli_exit code;

	(void)values;
	(void)words;
	buf_puts(&path, "/v1/workspaces");
	url_query_int(&path, "limit", PAGE);
	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	if (cli->config.json) {
		code = pages_print(cli, &path, "workspaces");
	} else {
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
	.summary = "list all workspaces, removed ones too",
	.examples = "  winnow workspace list\n",
	.run = run_list,
};

/* ---- show ---- */

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	const char *name = words->count > 0 ? words->items[0] : cli->config.workspace;
	struct buf path = BUF_INIT;
	struct json_view *workspace = NULL;
	enum cli_exit code = name ? CLI_OK : cli_need_workspace(cli);

	(void)values;
	if (code == CLI_OK) {
		workspace_path(&path, name);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &workspace);
	}
	if (workspace)
		show_one(workspace);
	json_view_free(workspace);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show a workspace's newest revision and ranking",
	.arguments = "[NAME]",
	.examples = "  winnow workspace show payments\n"
		    "  winnow workspace show --workspace payments --json\n",
	.max_words = 1,
	.run = run_show,
};

/* ---- remove ---- */

struct remove_values {
	bool yes;
};

static const struct arg_spec remove_options[] = {
	{"yes", 'y', ARG_FLAG, NULL, 0, 0, offsetof(struct remove_values, yes), "do not ask"},
};

/* A name typed again is a decision; a key pressed is a habit. */
static enum cli_exit confirm(const char *name)
{
	char line[128];

	if (!isatty(STDIN_FILENO)) {
		cli_error("removing a workspace cannot be undone; confirm it with --yes");
		return CLI_USAGE;
	}
	fprintf(stderr,
		"Everything in the workspace %s will be out of reach, for good.\n"
		"Type its name to go on: ",
		name);
	fflush(stderr);
	if (!fgets(line, sizeof line, stdin))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, name) == 0)
		return CLI_OK;
	cli_error("nothing was removed");
	return CLI_REFUSED;
}

static enum cli_exit remove_workspace(struct cli *cli, const char *path, bool yes, const char *name)
{
	struct http_request request = {.method = "GET", .path = path};
	struct http_response response = {0};
	enum cli_exit code = cli_call(cli, &request, &response);
	char etag[HTTP_ETAG_SIZE];

	/* That there is one, and its state, are known before the question. */
	if (code == CLI_OK && !yes)
		code = confirm(name);
	if (code == CLI_OK) {
		memcpy(etag, response.etag, sizeof etag);
		request.method = "DELETE";
		request.if_match = etag;
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		cli_note(cli, "removed %s", name);
	http_response_release(&response);
	return code;
}

static enum cli_exit run_remove(struct cli *cli, const void *given, const struct words *words)
{
	const struct remove_values *values = given;
	struct buf path = BUF_INIT;
	enum cli_exit code;

	workspace_path(&path, words->items[0]);
	code = path.failed ? cli_no_memory()
			   : remove_workspace(cli, path.data, values->yes, words->items[0]);
	buf_release(&path);
	return code;
}

static const struct command remove_command = {
	.name = "remove",
	.summary = "remove a workspace, for good",
	.arguments = "NAME",
	.examples = "  winnow workspace remove payments-trial\n"
		    "  winnow workspace remove payments-trial --yes\n",
	.details =
		"Afterwards everything in it is out of reach for every token, and its name is not\n"
		"given again. Its rows and its audit log stay in the database.\n",
	COMMAND_OPTIONS(remove_options),
	.values_bytes = sizeof(struct remove_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_remove,
};

const struct command command_workspace = {
	.name = "workspace",
	.summary = "create, list, show and remove workspaces",
	.members = (const struct command *const[]){&create, &list, &show, &remove_command, NULL},
};

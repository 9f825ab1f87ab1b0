/*
 * winnow model: the versions of how a workspace scores, and which of them is in force.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { MODEL_BYTES = 8 * 1024 * 1024 };

/* A version as people type it; CLI_USAGE after telling. */
static enum cli_exit parse_version(const char *word, uint64_t *version)
{
	if (num_parse_u64(str_from(word), version) && *version > 0)
		return CLI_OK;
	cli_error("'%s' is not a model version: they are numbers from 1 on", word);
	return CLI_USAGE;
}

static void put_number(struct buf *out, double value)
{
	if (isnan(value))
		buf_putc(out, '-');
	else
		num_format(out, value);
}

/* "next_sprint ≥ 18, ready ≥ 12, icebox" */
static void put_bands(struct buf *out, const struct json_view *bands)
{
	for (size_t i = 0; i < json_view_count(bands); i++) {
		const struct json_view *band = json_view_at(bands, i);
		double at_least = json_view_number(band, "at_least");

		if (i > 0)
			buf_puts(out, ", ");
		buf_str(out, json_view_text(band, "name"));
		if (isnan(at_least))
			continue;
		buf_puts(out, " \xe2\x89\xa5 ");
		num_format(out, at_least);
	}
}

/* ---- list ---- */

static const struct table_column list_columns[] = {
	{"VERSION", TABLE_RIGHT, 0, 0},
	{"ALIAS", TABLE_LEFT, 0, 0},
	{"NAME", TABLE_LEFT, 12, 0},
	{"KIND", TABLE_LEFT, 0, 2},
	{"REVISION", TABLE_RIGHT, 0, 1},
	{"BANDS", TABLE_LEFT, 20, 0},
};

static void put_aliases(struct buf *out, const struct json_view *aliases, int64_t version)
{
	const struct json_view *value;
	struct str name;
	void *cursor = NULL;

	while (json_view_next(aliases, &cursor, &name, &value)) {
		if (json_view_as_number(value) != (double)version)
			continue;
		if (out->len > 0)
			buf_putc(out, ',');
		buf_str(out, name);
	}
}

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *models = json_view_get(page, "models");
	const struct json_view *aliases = json_view_get(page, "aliases");

	(void)enough;
	for (size_t i = 0; i < json_view_count(models); i++) {
		const struct json_view *model = json_view_at(models, i);
		struct buf names = BUF_INIT, bands = BUF_INIT;

		put_aliases(&names, aliases, json_view_int(model, "version", 0));
		put_bands(&bands, json_view_get(model, "bands"));
		table_number(table, json_view_number(model, "version"));
		table_put(table, buf_view(&names));
		table_put(table, json_view_text(model, "name"));
		table_put(table, json_view_text(model, "kind"));
		table_number(table, json_view_number(model, "revision"));
		table_put(table, buf_view(&bands));
		buf_release(&names);
		buf_release(&bands);
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct table table;
	enum cli_exit code = cli_workspace_path(cli, &path, "/models");

	(void)values;
	(void)words;
	table_init(&table, list_columns, sizeof list_columns / sizeof list_columns[0]);
	if (code == CLI_OK && cli->config.json) {
		code = pages_print(cli, &path, "models");
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
	.summary = "list the versions, newest first, and where the aliases point",
	.examples = "  winnow model list\n",
	.run = run_list,
};

/* ---- show ---- */

static const struct table_column term_columns[] = {
	{"FEATURE", TABLE_LEFT, 16, 0},
	{"WEIGHT", TABLE_RIGHT, 0, 0},
	{"SCALE", TABLE_LEFT, 0, 0},
	{"UNKNOWN", TABLE_LEFT, 0, 0},
	{"DEFAULT", TABLE_RIGHT, 0, 0},
};

static enum cli_exit show_terms(const struct cli *cli, const struct json_view *terms)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, term_columns, sizeof term_columns / sizeof term_columns[0]);
	for (size_t i = 0; i < json_view_count(terms); i++) {
		const struct json_view *term = json_view_at(terms, i);
		struct str scale = json_view_text(term, "scale");
		struct str unknown = json_view_text(term, "unknown");

		table_put(&table, json_view_text(term, "feature"));
		table_number(&table, json_view_number(term, "weight"));
		table_put(&table, scale.len ? scale : STR("unit"));
		table_put(&table, unknown.len ? unknown : STR("span"));
		table_number(&table, json_view_number(term, "default"));
	}
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit show_model(const struct cli *cli, const struct json_view *model)
{
	struct str description = json_view_text(model, "description");
	struct buf text = BUF_INIT;

	put_number(&text, json_view_number(model, "version"));
	cli_print_pair("version", buf_view(&text));
	cli_print_pair("name", json_view_text(model, "name"));
	cli_print_pair("kind", json_view_text(model, "kind"));
	if (description.len > 0)
		cli_print_pair("description", description);
	buf_reset(&text);
	put_bands(&text, json_view_get(model, "bands"));
	cli_print_pair("bands", buf_view(&text));
	buf_release(&text);
	return show_terms(cli, json_view_get(model, "terms"));
}

/* Where an alias points; 0 when it does not exist yet. The response keeps its ETag. */
static enum cli_exit read_alias(
	struct cli *cli, const char *name, struct http_response *response, int64_t *version)
{
	struct buf path = BUF_INIT;
	struct http_request request = {.method = "GET"};
	struct json_view *alias = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/aliases/");
	enum http_result result;

	*version = 0;
	if (code != CLI_OK)
		goto out;
	url_segment(&path, str_from(name));
	request.path = path.data;
	result = path.failed ? HTTP_NO_MEMORY : cli_send(cli, &request, response);
	if (result == HTTP_ANSWERED && response->status == 200) {
		alias = cli_parse(response);
		*version = json_view_int(alias, "model", 0);
		code = *version > 0 ? CLI_OK : CLI_REFUSED;
	} else if (result == HTTP_ANSWERED && response->status == 404 &&
		   strcmp(name, "active") != 0) {
		response->etag[0] = '\0'; /* to be created */
	} else {
		code = cli_explain_failure(cli, result, response);
	}
out:
	json_view_free(alias);
	buf_release(&path);
	return code;
}

static enum cli_exit shown_version(struct cli *cli, const struct words *words, uint64_t *version)
{
	struct http_response response = {0};
	int64_t active;
	enum cli_exit code;

	if (words->count > 0)
		return parse_version(words->items[0], version);
	code = read_alias(cli, "active", &response, &active);
	http_response_release(&response);
	*version = (uint64_t)active;
	return code;
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct json_view *model = NULL;
	uint64_t version = 0;
	enum cli_exit code = cli_workspace_path(cli, &path, "/models/");

	(void)values;
	if (code == CLI_OK)
		code = shown_version(cli, words, &version);
	if (code == CLI_OK) {
		buf_printf(&path, "%llu", (unsigned long long)version);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &model);
	}
	if (model)
		code = show_model(cli, model);
	json_view_free(model);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show a version's weights and bands; the active one unless named",
	.arguments = "[VERSION]",
	.examples = "  winnow model show\n"
		    "  winnow model show 2 --json > model.json\n",
	.max_words = 1,
	.run = run_show,
};

/* ---- create ---- */

static enum cli_exit tell_created(struct cli *cli, const struct http_response *response)
{
	struct json_view *model;
	long long version;

	if (cli->config.json) {
		cli_print_body(&response->body);
		return CLI_OK;
	}
	model = cli_parse(response);
	if (!model)
		return CLI_REFUSED;
	version = json_view_int(model, "version", 0);
	json_view_free(model);
	cli_printf("%lld\n", version);
	if (response->status == 200)
		cli_note(cli, "version %lld is this model already", version);
	else
		cli_note(cli, "created version %lld; put it in force: winnow model promote %lld",
			version, version);
	return CLI_OK;
}

static enum cli_exit run_create(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "POST", .content_type = "application/json"};
	enum cli_exit code = cli_workspace_path(cli, &path, "/models");

	(void)values;
	if (code == CLI_OK)
		code = cli_read_file(words->items[0], MODEL_BYTES, &body);
	if (code == CLI_OK) {
		request.path = path.data;
		request.body = buf_view(&body);
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		code = tell_created(cli, &response);
	http_response_release(&response);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command create = {
	.name = "create",
	.summary = "add a version; prints its number",
	.arguments = "FILE",
	.examples = "  winnow model create model.json\n"
		    "  winnow model promote \"$(winnow model create model.json)\"\n",
	.details =
		"FILE is a model in JSON; - is standard input. A version never changes, and none\n"
		"is in force before it is promoted. A model that is a version already gives that\n"
		"version's number.\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_create,
};

/* ---- promote ---- */

struct promote_values {
	const char *alias;
};

static const struct arg_spec promote_options[] = {
	{"alias", 0, ARG_TEXT, "NAME", 0, 0, offsetof(struct promote_values, alias),
		"active (what ranks the queue) or candidate"},
};

static enum cli_exit move_alias(
	struct cli *cli, const char *name, uint64_t version, struct http_response *response)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	char etag[HTTP_ETAG_SIZE];
	struct http_request request = {.method = "PUT", .content_type = "application/json"};
	enum cli_exit code = cli_workspace_path(cli, &path, "/aliases/");

	url_segment(&path, str_from(name));
	buf_printf(&body, "{\"model\":%llu}", (unsigned long long)version);
	if (code == CLI_OK && (path.failed || body.failed))
		code = cli_no_memory();
	if (code == CLI_OK) {
		memcpy(etag, response->etag, sizeof etag);
		request.path = path.data;
		request.body = buf_view(&body);
		if (etag[0])
			request.if_match = etag;
		else
			request.if_none_match = "*";
		code = cli_call(cli, &request, response);
	}
	buf_release(&body);
	buf_release(&path);
	return code;
}

static void tell_moved(const struct cli *cli, const char *name, int64_t before, uint64_t version)
{
	if (before == 0)
		cli_note(cli, "%s is version %llu", name, (unsigned long long)version);
	else if ((uint64_t)before == version)
		cli_note(cli, "%s was version %lld already", name, (long long)before);
	else
		cli_note(cli,
			"%s is version %llu; it was %lld (back: winnow model promote %lld%s%s)",
			name, (unsigned long long)version, (long long)before, (long long)before,
			strcmp(name, "active") == 0 ? "" : " --alias ",
			strcmp(name, "active") == 0 ? "" : name);
}

static enum cli_exit run_promote(struct cli *cli, const void *given, const struct words *words)
{
	const struct promote_values *values = given;
	struct http_response response = {0};
	int64_t before = 0;
	uint64_t version;
	enum cli_exit code = parse_version(words->items[0], &version);

	if (code == CLI_OK)
		code = read_alias(cli, values->alias, &response, &before);
	if (code == CLI_OK)
		code = move_alias(cli, values->alias, version, &response);
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	else if (code == CLI_OK)
		tell_moved(cli, values->alias, before, version);
	http_response_release(&response);
	return code;
}

static const struct command promote = {
	.name = "promote",
	.summary = "put a version in force, or an older one back",
	.arguments = "VERSION",
	.examples = "  winnow model promote 2\n"
		    "  winnow model promote 1                     (roll back)\n"
		    "  winnow model promote 3 --alias candidate\n",
	COMMAND_OPTIONS(promote_options),
	.values_bytes = sizeof(struct promote_values),
	.defaults = &(const struct promote_values){.alias = "active"},
	.min_words = 1,
	.max_words = 1,
	.run = run_promote,
};

const struct command command_model = {
	.name = "model",
	.summary = "list, show, create and promote model versions",
	.members = (const struct command *const[]){&list, &show, &create, &promote, NULL},
};

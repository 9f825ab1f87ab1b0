/*
 * The frame of what comes in numbered versions.
 */
#include "cli/versions.h"

#include <stddef.h>
#include <string.h>

#include "base/num.h"
#include "cli/named.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

const struct arg_spec versions_alias_option[1] = {
	{"alias", 0, ARG_TEXT, "NAME", 0, 0, offsetof(struct versions_alias, alias),
		"active (what ranks the queue) or candidate"},
};

/* A version as people type it; CLI_USAGE after telling. */
static enum cli_exit parse_version(
	const struct versions *versions, const char *word, uint64_t *version)
{
	if (num_parse_u64(str_from(word), version) && *version > 0)
		return CLI_OK;
	cli_error("'%s' is not a %s version: they are numbers from 1 on", word, versions->noun);
	return CLI_USAGE;
}

/* ---- list ---- */

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

struct listing {
	const struct versions *versions;
	struct table table;
};

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	struct listing *listing = arg;
	const struct json_view *list = json_view_get(page, listing->versions->plural);
	const struct json_view *aliases = json_view_get(page, "aliases");

	(void)enough;
	for (size_t i = 0; i < json_view_count(list); i++) {
		const struct json_view *version = json_view_at(list, i);
		struct buf names = BUF_INIT;

		put_aliases(&names, aliases, json_view_int(version, "version", 0));
		table_number(&listing->table, json_view_number(version, "version"));
		table_put(&listing->table, buf_view(&names));
		listing->versions->put_cells(&listing->table, version);
		buf_release(&names);
	}
	return CLI_OK;
}

static enum cli_exit versions_path(
	const struct cli *cli, const struct versions *versions, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/");

	buf_puts(path, versions->plural);
	return code == CLI_OK && path->failed ? cli_no_memory() : code;
}

enum cli_exit versions_list(struct cli *cli, const struct versions *versions)
{
	struct listing listing = {.versions = versions};
	struct buf path = BUF_INIT;
	enum cli_exit code = versions_path(cli, versions, &path);

	table_init(&listing.table, versions->columns, versions->column_count);
	if (code == CLI_OK && cli->config.json) {
		code = pages_print(cli, &path, versions->plural);
	} else if (code == CLI_OK) {
		code = pages_walk(cli, &path, add_page, &listing);
		if (code == CLI_OK)
			code = cli_print_table(cli, &listing.table, false);
	}
	table_release(&listing.table);
	buf_release(&path);
	return code;
}

/* ---- aliases ---- */

/* Where an alias points; 0: nowhere, or there is no such alias yet. The response keeps its ETag. */
static enum cli_exit read_alias(struct cli *cli, const struct versions *versions, const char *path,
	struct http_response *response, int64_t *version)
{
	struct json_view *alias;
	bool there;
	enum cli_exit code = named_read(cli, path, response, &there);

	*version = 0;
	if (code != CLI_OK || !there)
		return code;
	alias = cli_parse(response);
	if (!alias)
		return CLI_REFUSED;
	*version = json_view_int(alias, versions->noun, 0);
	json_view_free(alias);
	return CLI_OK;
}

static enum cli_exit alias_path(
	const struct cli *cli, const struct versions *versions, const char *alias, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, versions->aliases);

	url_segment(path, str_from(alias));
	return code == CLI_OK && path->failed ? cli_no_memory() : code;
}

static void tell_moved(const struct cli *cli, const struct versions *versions, const char *alias,
	int64_t before, uint64_t version)
{
	bool other = strcmp(alias, "active") != 0;

	if (version == 0 && before == 0)
		cli_note(cli, "%s was no version already", alias);
	else if (version == 0)
		cli_note(cli, "%s is no version now; it was %lld", alias, (long long)before);
	else if (before == 0)
		cli_note(cli, "%s is version %llu", alias, (unsigned long long)version);
	else if ((uint64_t)before == version)
		cli_note(cli, "%s was version %lld already", alias, (long long)before);
	else
		cli_note(cli, "%s is version %llu; it was %lld (back: %s %lld%s%s)", alias,
			(unsigned long long)version, (long long)before, versions->move,
			(long long)before, other ? " --alias " : "", other ? alias : "");
}

static void put_body(struct buf *out, const struct versions *versions, uint64_t version)
{
	buf_printf(out, "{\"%s\":", versions->noun);
	if (version > 0)
		buf_printf(out, "%llu}", (unsigned long long)version);
	else
		buf_puts(out, "null}");
}

enum cli_exit versions_create_from(struct cli *cli, const struct versions *versions,
	const struct words *words, const char *preset, size_t max_bytes)
{
	struct buf body = BUF_INIT;
	enum cli_exit code = CLI_OK;

	if (words->count + (preset != NULL) != 1) {
		cli_error("%s create needs one of FILE and --preset", versions->noun);
		return CLI_USAGE;
	}
	if (preset)
		versions_put_preset(&body, preset);
	else
		code = cli_read_file(words->items[0], max_bytes, &body);
	if (code == CLI_OK)
		code = versions_create(cli, versions, &body);
	buf_release(&body);
	return code;
}

enum cli_exit versions_move(
	struct cli *cli, const struct versions *versions, const char *alias, const char *word)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct http_response response = {0};
	int64_t before = 0;
	uint64_t version = 0;
	enum cli_exit code = CLI_OK;

	if (!versions->none || strcmp(word, versions->none) != 0)
		code = parse_version(versions, word, &version);
	if (code == CLI_OK)
		code = alias_path(cli, versions, alias, &path);
	put_body(&body, versions, version);
	if (code == CLI_OK && body.failed)
		code = cli_no_memory();
	if (code == CLI_OK)
		code = read_alias(cli, versions, path.data, &response, &before);
	if (code == CLI_OK)
		code = named_put(cli, path.data, &body, &response);
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	else if (code == CLI_OK)
		tell_moved(cli, versions, alias, before, version);
	http_response_release(&response);
	buf_release(&body);
	buf_release(&path);
	return code;
}

/* ---- one version ---- */

static enum cli_exit active_version(
	struct cli *cli, const struct versions *versions, uint64_t *version)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	int64_t active = 0;
	enum cli_exit code = alias_path(cli, versions, "active", &path);

	if (code == CLI_OK)
		code = read_alias(cli, versions, path.data, &response, &active);
	if (code == CLI_OK && response.status == 404) {
		code = cli_explain_failure(cli, HTTP_ANSWERED, &response);
	} else if (code == CLI_OK && active == 0) {
		cli_error("no %s is active", versions->noun);
		code = CLI_REFUSED;
	}
	http_response_release(&response);
	buf_release(&path);
	*version = (uint64_t)active;
	return code;
}

enum cli_exit versions_get(struct cli *cli, const struct versions *versions,
	const struct words *words, struct json_view **out)
{
	struct buf path = BUF_INIT;
	uint64_t version = 0;
	enum cli_exit code = versions_path(cli, versions, &path);

	*out = NULL;
	if (code == CLI_OK && words->count > 0)
		code = parse_version(versions, words->items[0], &version);
	else if (code == CLI_OK)
		code = active_version(cli, versions, &version);
	if (code == CLI_OK) {
		buf_printf(&path, "/%llu", (unsigned long long)version);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, out);
	}
	buf_release(&path);
	return code;
}

void versions_print_head(const struct json_view *version)
{
	struct str description = json_view_text(version, "description");
	struct buf number = BUF_INIT;

	buf_printf(&number, "%lld", (long long)json_view_int(version, "version", 0));
	cli_print_pair("version", buf_view(&number));
	buf_release(&number);
	cli_print_pair("name", json_view_text(version, "name"));
	if (description.len > 0)
		cli_print_pair("description", description);
}

/* ---- create ---- */

static enum cli_exit tell_created(
	struct cli *cli, const struct versions *versions, const struct http_response *response)
{
	struct json_view *made;
	long long version;

	if (cli->config.json) {
		cli_print_body(&response->body);
		return CLI_OK;
	}
	made = cli_parse(response);
	if (!made)
		return CLI_REFUSED;
	version = json_view_int(made, "version", 0);
	json_view_free(made);
	cli_printf("%lld\n", version);
	if (response->status == 200)
		cli_note(cli, "version %lld is this %s already", version, versions->noun);
	else
		cli_note(cli, "created version %lld; put it in force: %s %lld", version,
			versions->move, version);
	return CLI_OK;
}

enum cli_exit versions_create(
	struct cli *cli, const struct versions *versions, const struct buf *body)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "POST", .content_type = "application/json"};
	enum cli_exit code = versions_path(cli, versions, &path);

	if (code == CLI_OK && body->failed)
		code = cli_no_memory();
	if (code == CLI_OK) {
		request.path = path.data;
		request.body = buf_view(body);
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		code = tell_created(cli, versions, &response);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

void versions_put_preset(struct buf *out, const char *name)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "preset", text, name);
	json_object_end(&json);
}

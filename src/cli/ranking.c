/*
 * winnow ranking: keep the newest ranking, look at what was kept, have it proved, take it away.
 */

#include "cli/commands.h"
#include "cli/download.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { REPLAY_TIMEOUT_S = 600, SHOWN_ENTRIES = 20 };

static enum cli_exit ranking_path(
	const struct cli *cli, const char *id, const char *rest, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/rankings/");

	if (code != CLI_OK)
		return code;
	url_segment(path, str_from(id));
	buf_puts(path, rest);
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* "triage_rubric 1"; nothing when there is none. */
static void put_version(struct buf *out, const struct json_view *version)
{
	if (version)
		buf_printf(out, "%.*s %lld", STR_ARG(json_view_text(version, "name")),
			(long long)json_view_int(version, "version", 0));
}

/* ---- keep ---- */

struct keep_values {
	const char *note;
	int64_t min_revision;
};

static const struct arg_spec keep_options[] = {
	{"note", 0, ARG_TEXT, "TEXT", 0, 0, offsetof(struct keep_values, note),
		"why it is kept, for those who find it"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, offsetof(struct keep_values, min_revision),
		"wait until the ranking has seen this revision"},
};

static void keep_body(struct buf *out, const char *note)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	if (note)
		json_put(&json, "note", text, note);
	json_object_end(&json);
}

static enum cli_exit tell_kept(struct cli *cli, const struct http_response *response)
{
	struct json_view *ranking;

	if (cli->config.json) {
		cli_print_body(&response->body);
		return CLI_OK;
	}
	ranking = cli_parse(response);
	if (!ranking)
		return CLI_REFUSED;
	cli_printf("%.*s\n", STR_ARG(json_view_text(ranking, "id")));
	cli_note(cli, response->status == 200 ? "it was kept already" : "%lld items are kept",
		(long long)json_view_int(ranking, "count", 0));
	json_view_free(ranking);
	return CLI_OK;
}

static enum cli_exit run_keep(struct cli *cli, const void *given, const struct words *words)
{
	const struct keep_values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "POST", .content_type = "application/json"};
	enum cli_exit code = cli_workspace_path(cli, &path, "/rankings");

	(void)words;
	if (values->min_revision >= 0)
		url_query_int(&path, "min_revision", values->min_revision);
	keep_body(&body, values->note);
	if (code == CLI_OK && (path.failed || body.failed))
		code = cli_no_memory();
	if (code == CLI_OK) {
		request.path = path.data;
		request.body = buf_view(&body);
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		code = tell_kept(cli, &response);
	http_response_release(&response);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command keep = {
	.name = "keep",
	.summary = "keep the newest ranking with its receipt; prints its id",
	.examples = "  winnow ranking keep --note 'sprint 14'\n",
	.details = "What is kept stays as it is when the queue moves on. The same ranking is kept\n"
		   "once; its note is the first one's.\n",
	COMMAND_OPTIONS(keep_options),
	.values_bytes = sizeof(struct keep_values),
	.defaults = &(const struct keep_values){.min_revision = -1},
	.run = run_keep,
};

/* ---- list ---- */

static const struct table_column list_columns[] = {
	{"ID", TABLE_LEFT, 0, 0},
	{"AS OF", TABLE_LEFT, 0, 1},
	{"ITEMS", TABLE_RIGHT, 0, 0},
	{"MODEL", TABLE_LEFT, 12, 0},
	{"POLICY", TABLE_LEFT, 12, 2},
	{"NOTE", TABLE_LEFT, 16, 0},
};

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *rankings = json_view_get(page, "rankings");

	(void)enough;
	for (size_t i = 0; i < json_view_count(rankings); i++) {
		const struct json_view *ranking = json_view_at(rankings, i);
		struct buf model = BUF_INIT, policy = BUF_INIT;

		put_version(&model, json_view_get(ranking, "model"));
		put_version(&policy, json_view_get(ranking, "policy"));
		table_put(table, json_view_text(ranking, "id"));
		table_put(table, json_view_text(ranking, "as_of"));
		table_number(table, json_view_number(ranking, "count"));
		table_put(table, buf_view(&model));
		table_put(table, buf_view(&policy));
		table_put(table, json_view_text(ranking, "note"));
		buf_release(&model);
		buf_release(&policy);
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *values, const struct words *words)
{
	static const struct page_rows rows = {
		"rankings", list_columns, sizeof list_columns / sizeof list_columns[0], add_page};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/rankings");

	(void)values;
	(void)words;
	if (code == CLI_OK)
		code = pages_show(cli, &path, &rows, false);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list the kept rankings, newest first",
	.examples = "  winnow ranking list\n",
	.run = run_list,
};

/* ---- show ---- */

static void show_header(const struct json_view *ranking)
{
	const struct json_view *receipt = json_view_get(ranking, "receipt");
	struct buf text = BUF_INIT;

	cli_print_pair("id", json_view_text(ranking, "id"));
	cli_print_pair("as of", json_view_text(ranking, "as_of"));
	put_version(&text, json_view_get(ranking, "model"));
	cli_print_pair("model", buf_view(&text));
	buf_reset(&text);
	put_version(&text, json_view_get(ranking, "policy"));
	cli_print_pair("policy", text.len ? buf_view(&text) : STR_NONE);
	buf_reset(&text);
	buf_printf(&text, "%lld", (long long)json_view_int(ranking, "count", 0));
	cli_print_pair("items", buf_view(&text));
	cli_print_pair("engine", json_view_text(receipt, "engine"));
	cli_print_pair("libm", json_view_text(receipt, "libm"));
	cli_print_pair("digest", json_view_text(receipt, "order_sha256"));
	cli_print_pair("kept at", json_view_text(ranking, "kept_at"));
	cli_print_pair("kept by", json_view_text(ranking, "kept_by"));
	cli_print_pair("note", json_view_text(ranking, "note"));
	buf_release(&text);
}

static const struct table_column entry_columns[] = {
	{"RANK", TABLE_RIGHT, 0, 0},
	{"SCORE", TABLE_RIGHT, 0, 0},
	{"BAND", TABLE_LEFT, 0, 0},
	{"ITEM", TABLE_LEFT, 36, 0},
};

static enum cli_exit show_entries(struct cli *cli, const struct json_view *page)
{
	const struct json_view *entries = json_view_get(page, "entries");
	struct table table;
	enum cli_exit code;

	table_init(&table, entry_columns, sizeof entry_columns / sizeof entry_columns[0]);
	for (size_t i = 0; i < json_view_count(entries); i++) {
		const struct json_view *entry = json_view_at(entries, i);

		table_number(&table, json_view_number(entry, "rank"));
		table_number(&table, json_view_number(entry, "score"));
		table_put(&table, json_view_text(entry, "band"));
		table_put(&table, json_view_text(entry, "id"));
	}
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct json_view *ranking = NULL, *entries = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = ranking_path(cli, words->items[0], "", &path);

	(void)values;
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &ranking);
	if (ranking) {
		show_header(ranking);
		buf_puts(&path, "/entries");
		url_query_int(&path, "limit", SHOWN_ENTRIES);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &entries);
	}
	if (entries)
		code = show_entries(cli, entries);
	json_view_free(entries);
	json_view_free(ranking);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show a kept ranking's receipt and its first entries",
	.arguments = "ID",
	.examples = "  winnow ranking show 12.29767680\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* ---- replay ---- */

static void tell_difference(const struct json_view *difference)
{
	struct str what = json_view_text(difference, "what");
	struct buf line = BUF_INIT;

	buf_str(&line, what);
	if (str_is(what, "rank"))
		buf_printf(&line, " %lld", (long long)json_view_int(difference, "rank", 0));
	buf_puts(&line, ": kept ");
	json_view_write(&line, json_view_get(difference, "kept"));
	buf_puts(&line, ", replayed ");
	json_view_write(&line, json_view_get(difference, "replayed"));
	buf_putc(&line, '\n');
	cli_write(buf_view(&line));
	buf_release(&line);
}

static enum cli_exit tell_replay(const struct json_view *replay)
{
	const struct json_view *differences = json_view_get(replay, "differences");
	struct str digest = json_view_text(json_view_get(replay, "replayed"), "order_sha256");

	if (!json_view_get(replay, "receipt")) {
		cli_printf(
			"replayed: %.*s; nothing was kept to compare it with\n", STR_ARG(digest));
		return CLI_OK;
	}
	for (size_t i = 0; i < json_view_count(differences); i++)
		tell_difference(json_view_at(differences, i));
	if (!json_view_bool(replay, "same", false)) {
		cli_error("the replay is not the same");
		return CLI_REFUSED;
	}
	cli_printf("same: %.*s\n", STR_ARG(digest));
	return CLI_OK;
}

static enum cli_exit run_replay(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {
		.method = "POST", .content_type = "application/json", .body = STR("{}")};
	struct json_view *replay = NULL;
	enum cli_exit code = ranking_path(cli, words->items[0], ":replay", &path);

	(void)values;
	if (code == CLI_OK) {
		request.path = path.data;
		/* All of a workspace is loaded and ranked. */
		request.timeout_s = cli->config.timeout_given ? 0 : REPLAY_TIMEOUT_S;
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		replay = cli_parse(&response);
	if (replay && cli->config.json) {
		cli_print_body(&response.body);
		if (json_view_get(replay, "receipt") && !json_view_bool(replay, "same", false))
			code = CLI_REFUSED;
	} else if (replay) {
		code = tell_replay(replay);
	} else if (code == CLI_OK) {
		code = CLI_REFUSED;
	}
	json_view_free(replay);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

static const struct command replay_command = {
	.name = "replay",
	.summary = "have the server compute a ranking again and compare",
	.arguments = "ID",
	.examples = "  winnow ranking replay 12.29767680\n",
	.details = "Exit code 1 when the result is not the same; what differs is told.\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_replay,
};

/* ---- bundle ---- */

struct bundle_values {
	const char *output;
};

static const struct arg_spec bundle_options[] = {
	{"output", 'o', ARG_TEXT, "FILE", 0, 0, offsetof(struct bundle_values, output),
		"where to; standard output unless given"},
};

static enum cli_exit run_bundle(struct cli *cli, const void *given, const struct words *words)
{
	const struct bundle_values *values = given;
	struct http_request request = {.method = "GET"};
	struct buf path = BUF_INIT;
	enum cli_exit code = ranking_path(cli, words->items[0], "/bundle", &path);

	request.path = path.data;
	if (code == CLI_OK)
		code = download_lines(cli, &request, values->output);
	buf_release(&path);
	return code;
}

static const struct command bundle_command = {
	.name = "bundle",
	.summary = "write all that a ranking was computed from, to rank it without the server",
	.arguments = "ID",
	.examples = "  winnow ranking bundle 12.29767680 --output bundle.ndjson\n"
		    "  winnow rank --offline bundle.ndjson\n",
	.details = "No titles, texts, people or justifications are in it.\n",
	COMMAND_OPTIONS(bundle_options),
	.values_bytes = sizeof(struct bundle_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_bundle,
};

const struct command command_ranking = {
	.name = "ranking",
	.summary = "keep, list, show, replay and bundle rankings",
	.members = (const struct command *const[]){&keep, &list, &show, &replay_command,
		&bundle_command, NULL},
};

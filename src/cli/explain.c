/*
 * winnow explain: why an item stands where it stands, down to the last point.
 */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/uuid.h"
#include "cli/commands.h"
#include "cli/url.h"

enum { CANDIDATES = 10, MAX_SLASHES = 8 };

struct explain_values {
	int64_t min_revision;
	bool wide;
};

#define FIELD(name) offsetof(struct explain_values, name)

static const struct arg_spec options[] = {
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing"},
};

static const struct table_column columns[] = {
	{"FEATURE", TABLE_LEFT, 16, 0},
	{"VALUE", TABLE_RIGHT, 8, 0},
	{"WEIGHT", TABLE_RIGHT, 0, 0},
	{"POINTS", TABLE_RIGHT, 0, 0},
	{"RANGE", TABLE_LEFT, 0, 2},
	{"EVIDENCE", TABLE_LEFT, 0, 1},
	{"HOW", TABLE_LEFT, 20, 3},
};

/* ---- which item is meant ---- */

/* Where the items with an external id are asked for; source absent: of any source. */
static enum cli_exit find(
	struct cli *cli, struct str source, struct str external_id, struct json_view **out)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "GET"};
	enum cli_exit code = cli_workspace_path(cli, &path, "/items");

	*out = NULL;
	if (code == CLI_OK) {
		url_query_int(&path, "limit", CANDIDATES);
		url_query(&path, "external_id", external_id);
		if (source.ptr)
			url_query(&path, "source", source);
		code = path.failed ? cli_no_memory() : CLI_OK;
	}
	if (code == CLI_OK) {
		request.path = path.data;
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK) {
		*out = cli_parse(&response);
		code = *out ? CLI_OK : CLI_REFUSED;
	}
	http_response_release(&response);
	buf_release(&path);
	return code;
}

static enum cli_exit take(const struct json_view *found, const char *word, struct buf *id)
{
	const struct json_view *items = json_view_get(found, "items");
	size_t count = json_view_count(items);

	if (count == 1) {
		buf_str(id, json_view_text(json_view_at(items, 0), "id"));
		return CLI_OK;
	}
	cli_error("%s is the external id of several items; say which:", word);
	for (size_t i = 0; i < count; i++) {
		const struct json_view *item = json_view_at(items, i);

		cli_error("  %.*s/%.*s", STR_ARG(json_view_text(item, "source")),
			STR_ARG(json_view_text(item, "external_id")));
	}
	return CLI_USAGE;
}

/*
 * An id, "source/external_id" or an external id alone. Both parts may hold slashes, so each slash
 * is tried as the one between them.
 */
static enum cli_exit resolve(struct cli *cli, const char *word, struct buf *id)
{
	struct str whole = str_from(word);
	struct uuid uuid;
	struct json_view *found;
	enum cli_exit code = CLI_OK;
	unsigned tries = 0;

	if (uuid_from_text(whole, &uuid)) {
		buf_str(id, whole);
		return CLI_OK;
	}
	for (const char *slash = strchr(word, '/'); slash && tries < MAX_SLASHES;
		slash = strchr(slash + 1, '/'), tries++) {
		struct str source = {word, (size_t)(slash - word)};

		if (source.len == 0 || slash[1] == '\0')
			continue;
		code = find(cli, source, str_from(slash + 1), &found);
		if (code == CLI_OK && json_view_count(json_view_get(found, "items")) > 0)
			code = take(found, word, id);
		json_view_free(found);
		if (code != CLI_OK || id->len > 0)
			return code;
	}
	code = find(cli, STR_NONE, whole, &found);
	if (code == CLI_OK && json_view_count(json_view_get(found, "items")) > 0) {
		code = take(found, word, id);
	} else if (code == CLI_OK) {
		cli_error("there is no item %s in %s", word, cli->config.workspace);
		code = CLI_REFUSED;
	}
	json_view_free(found);
	return code;
}

/* ---- what is told about it ---- */

static void put_number(struct buf *out, double value)
{
	if (isnan(value))
		buf_putc(out, '-');
	else
		num_format(out, value);
}

static void put_value(struct table *table, const struct json_view *value)
{
	struct str text = json_view_as_text(value);
	struct buf out = BUF_INIT;

	if (!value) {
		table_put(table, STR("unknown"));
		return;
	}
	if (text.ptr)
		buf_str(&out, text);
	else
		json_view_write(&out, value);
	table_put(table, buf_view(&out));
	buf_release(&out);
}

static void put_span(struct table *table, double lowest, double highest)
{
	struct buf out = BUF_INIT;

	if (!isnan(lowest) && !isnan(highest) && lowest != highest) {
		put_number(&out, lowest);
		buf_puts(&out, "\xe2\x80\xa6");
		put_number(&out, highest);
	}
	table_put(table, buf_view(&out));
	buf_release(&out);
}

static void put_contribution(struct table *table, const struct json_view *one)
{
	struct str evidence = json_view_text(one, "evidence");

	table_put(table, json_view_text(one, "feature"));
	put_value(table, json_view_get(one, "value"));
	table_number(table, json_view_number(one, "weight"));
	table_number(table, json_view_number(one, "contribution"));
	put_span(table, json_view_number(one, "lowest"), json_view_number(one, "highest"));
	table_put(table, json_view_bool(one, "assumed", false) ? STR("assumed") : evidence);
	table_put(table, json_view_text(one, "text"));
}

static enum cli_exit show_contributions(
	const struct cli *cli, const struct json_view *explanation, bool wide)
{
	const struct json_view *list = json_view_get(explanation, "contributions");
	const struct json_view *range = json_view_get(explanation, "range");
	struct table table;
	enum cli_exit code;

	if (json_view_count(list) == 0)
		return CLI_OK;
	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < json_view_count(list); i++)
		put_contribution(&table, json_view_at(list, i));
	table_put(&table, STR("sum"));
	table_put(&table, STR_NONE);
	table_put(&table, STR_NONE);
	table_number(&table, json_view_number(explanation, "sum"));
	put_span(&table, json_view_number(range, "lowest"), json_view_number(range, "highest"));
	table_put(&table, STR_NONE);
	table_put(&table, STR_NONE);
	cli_printf("\n");
	code = cli_print_table(cli, &table, wide);
	cli_printf("\n");
	table_release(&table);
	return code;
}

static void show_place(const struct json_view *explanation)
{
	const struct json_view *model = json_view_get(explanation, "model");
	struct buf text = BUF_INIT;

	if (json_view_bool(explanation, "ranked", false))
		buf_printf(&text, "%lld", (long long)json_view_int(explanation, "rank", 0));
	else
		buf_printf(&text, "not ranked: %.*s",
			STR_ARG(json_view_text(explanation, "why_not_ranked")));
	cli_print_pair("rank", buf_view(&text));
	buf_reset(&text);
	put_number(&text, json_view_number(explanation, "score"));
	cli_print_pair("score", buf_view(&text));
	cli_print_pair("band", json_view_text(explanation, "band"));
	buf_reset(&text);
	buf_printf(&text, "%.*s, version %lld", STR_ARG(json_view_text(model, "name")),
		(long long)json_view_int(model, "version", 0));
	cli_print_pair("model", buf_view(&text));
	buf_reset(&text);
	buf_printf(&text, "%lld", (long long)json_view_int(explanation, "revision", 0));
	cli_print_pair("revision", buf_view(&text));
	buf_release(&text);
}

static void show_order(const struct json_view *order)
{
	const struct json_view *blockers = json_view_get(order, "blocked_by");
	struct str text = json_view_text(order, "text");

	if (text.len > 0)
		cli_print_pair("order", text);
	for (size_t i = 0; i < json_view_count(blockers); i++) {
		const struct json_view *blocker = json_view_at(blockers, i);
		struct buf line = BUF_INIT;

		buf_printf(&line, "%.*s/%.*s (%.*s)", STR_ARG(json_view_text(blocker, "source")),
			STR_ARG(json_view_text(blocker, "external_id")),
			STR_ARG(json_view_text(blocker, "state")));
		cli_print_pair("blocked by", buf_view(&line));
		buf_release(&line);
	}
}

static enum cli_exit show(const struct cli *cli, const struct json_view *explanation, bool wide)
{
	struct str text = json_view_text(explanation, "text");
	enum cli_exit code;

	cli_print_pair("item", json_view_text(explanation, "external_id"));
	cli_print_pair("title", json_view_text(explanation, "title"));
	show_place(explanation);
	code = show_contributions(cli, explanation, wide);
	show_order(json_view_get(explanation, "order"));
	if (text.len > 0)
		cli_print_pair("in short", text);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct explain_values *values = given;
	struct buf id = BUF_INIT, path = BUF_INIT;
	struct json_view *explanation = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/items/");

	if (code == CLI_OK)
		code = resolve(cli, words->items[0], &id);
	if (code == CLI_OK) {
		url_segment(&path, buf_view(&id));
		buf_puts(&path, "/explanation");
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &explanation);
	}
	if (explanation)
		code = show(cli, explanation, values->wide);
	json_view_free(explanation);
	buf_release(&path);
	buf_release(&id);
	return code;
}

const struct command command_explain = {
	.name = "explain",
	.summary = "tell why an item stands where it stands",
	.arguments = "ITEM",
	.examples = "  winnow explain github/7\n"
		    "  winnow explain BUG-201\n"
		    "  winnow explain 2f0e8b1c-6a36-5c53-9a5f-3f8e5f9d1c77 --json\n",
	.details =
		"ITEM is source/external_id, the external id alone where no other source has it,\n"
		"or the item's id. The points add up to the score; RANGE is what they could be if\n"
		"what is unknown were known.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct explain_values),
	.defaults = &(const struct explain_values){.min_revision = -1},
	.min_words = 1,
	.max_words = 1,
	.run = run,
};

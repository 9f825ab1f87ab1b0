/*
 * winnow impact: what waits for an item, and what it adds up to.
 */
#include <math.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/url.h"

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 1000 };

struct impact_values {
	int64_t limit, min_revision;
	bool wide;
};

#define FIELD(name) offsetof(struct impact_values, name)

static const struct arg_spec options[] = {
	{"limit", 'l', ARG_INT, "N", 1, MAX_LIMIT, FIELD(limit), "at most so many items (50)"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing, leave nothing out"},
};

static const struct table_column columns[] = {
	{"RANK", TABLE_RIGHT, 0, 0},
	{"SCORE", TABLE_RIGHT, 0, 0},
	{"BAND", TABLE_LEFT, 0, 1},
	{"ITEM", TABLE_LEFT, 12, 0},
	{"TITLE", TABLE_LEFT, 24, 0},
	{"WAITS", TABLE_LEFT, 0, 0},
};

static void put_waiting(struct table *table, const struct json_view *item)
{
	int64_t distance = json_view_int(item, "distance", 0);

	table_number(table, json_view_number(item, "rank"));
	table_number(table, json_view_number(item, "score"));
	table_put(table, json_view_text(item, "band"));
	table_put(table, json_view_text(item, "external_id"));
	table_put(table, json_view_text(item, "title"));
	if (distance == 1)
		table_put(table, STR("directly"));
	else
		table_printf(table, "through %lld", (long long)distance - 1);
}

/* "engineering_bug 2, incident 1, and 3 more"; `total` of them there are. */
static void show_shares(
	const char *label, const struct json_view *shares, const char *name, int64_t total)
{
	int64_t left = total - (int64_t)json_view_count(shares);
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(shares); i++) {
		const struct json_view *share = json_view_at(shares, i);
		struct str word = json_view_text(share, name);

		buf_printf(&text, "%s%.*s %lld", i > 0 ? ", " : "",
			STR_ARG(word.len > 0 ? word : STR("(none)")),
			(long long)json_view_int(share, "items", 0));
	}
	if (left > 0)
		buf_printf(&text, ", and %lld more", (long long)left);
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}

static void show_sums(const struct json_view *impact)
{
	const struct json_view *best = json_view_get(impact, "best");
	struct buf text = BUF_INIT;

	buf_printf(&text, "%lld directly, %lld in all",
		(long long)json_view_int(impact, "direct_count", 0),
		(long long)json_view_int(impact, "count", 0));
	cli_print_pair("waiting", buf_view(&text));
	buf_reset(&text);
	if (!isnan(json_view_number(impact, "carried_score")))
		num_format(&text, json_view_number(impact, "carried_score"));
	cli_print_pair("their score", buf_view(&text));
	buf_reset(&text);
	if (json_view_int(best, "rank", 0) > 0)
		buf_printf(&text, "%lld (%.*s)", (long long)json_view_int(best, "rank", 0),
			STR_ARG(json_view_text(best, "external_id")));
	cli_print_pair("best rank", buf_view(&text));
	buf_release(&text);
	show_shares("streams", json_view_get(impact, "streams"), "stream", 0);
	show_shares("teams", json_view_get(impact, "teams"), "team",
		json_view_int(impact, "team_count", 0));
}

static enum cli_exit show(const struct cli *cli, const struct json_view *impact, bool wide)
{
	const struct json_view *list = json_view_get(impact, "all");
	const struct json_view *item = json_view_get(impact, "item");
	struct table table;
	enum cli_exit code;

	cli_print_pair("item", json_view_text(item, "external_id"));
	cli_print_pair("title", json_view_text(item, "title"));
	show_sums(impact);
	if (json_view_count(list) == 0)
		return CLI_OK;
	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < json_view_count(list); i++)
		put_waiting(&table, json_view_at(list, i));
	cli_printf("\n");
	code = cli_print_table(cli, &table, wide);
	table_release(&table);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct impact_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *impact = NULL;
	enum cli_exit code = item_path(cli, words->items[0], "/impact", &path);

	if (code == CLI_OK) {
		url_query_int(&path, "limit", values->limit);
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &impact);
	}
	if (impact)
		code = show(cli, impact, values->wide);
	json_view_free(impact);
	buf_release(&path);
	return code;
}

const struct command command_impact = {
	.name = "impact",
	.summary = "tell what waits for an item",
	.arguments = "ITEM",
	.examples = "  winnow impact github/7\n"
		    "  winnow impact BUG-201 --json | jq .carried_score\n",
	.details = "All open items that it blocks, directly or through others, by rank.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct impact_values),
	.defaults = &(const struct impact_values){.limit = DEFAULT_LIMIT, .min_revision = -1},
	.min_words = 1,
	.max_words = 1,
	.run = run,
};

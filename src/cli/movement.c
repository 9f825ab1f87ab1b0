/*
 * winnow why-moved: why an item stands where it did not stand before. winnow diff: what moved between
 * two rankings.
 */
#include <math.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/url.h"

/* "+9": further down. */
static void put_ranks(struct table *table, const struct json_view *object)
{
	int64_t ranks = json_view_int(object, "ranks", 0);

	if (ranks == 0)
		table_put(table, STR("0"));
	else
		table_printf(table, "%s%lld", ranks < 0 ? "−" : "+",
			(long long)(ranks < 0 ? -ranks : ranks));
}

/* What was kept is not what the moves are told of. */
static void note_recomputed(const struct cli *cli, const struct json_view *ranking)
{
	if (json_view_get(ranking, "recomputed"))
		cli_note(cli,
			"ranking %.*s was kept with another order; this is of the one that it has "
			"when computed again",
			STR_ARG(json_view_text(ranking, "ranking")));
}

/* ---- one item ---- */

struct why_values {
	const char *since, *until;
	int64_t min_revision;
	bool wide;
};

#define FIELD(name) offsetof(struct why_values, name)

static const struct arg_spec why_options[] = {
	{"since", 0, ARG_TEXT, "RANKING", 0, 0, FIELD(since),
		"the ranking's id, or a revision (needed)"},
	{"until", 0, ARG_TEXT, "RANKING", 0, 0, FIELD(until), "the same; the newest unless given"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing"},
};

static const struct table_column why_columns[] = {
	{"CAUSE", TABLE_LEFT, 0, 0},
	{"RANKS", TABLE_RIGHT, 0, 0},
	{"RANK", TABLE_RIGHT, 0, 0},
	{"HOW", TABLE_LEFT, 20, 0},
};

/* "rank 4, score 19 (next_sprint), ranking 12.29453760". */
static void print_side(const char *label, const struct json_view *side)
{
	double score = json_view_number(side, "score");
	struct str band = json_view_text(side, "band");
	struct buf text = BUF_INIT;

	if (json_view_int(side, "rank", 0) > 0)
		buf_printf(&text, "rank %lld", (long long)json_view_int(side, "rank", 0));
	else
		buf_str(&text, json_view_text(side, "standing"));
	if (!isnan(score)) {
		buf_puts(&text, ", score ");
		num_format(&text, score);
	}
	if (band.ptr)
		buf_printf(&text, " (%.*s)", STR_ARG(band));
	buf_printf(&text, ", ranking %.*s", STR_ARG(json_view_text(side, "ranking")));
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit show_why(
	const struct cli *cli, const struct json_view *movement, const struct why_values *values)
{
	const struct json_view *causes = json_view_get(movement, "causes");
	const struct json_view *item = json_view_get(movement, "item");
	enum cli_exit code = CLI_OK;
	struct table table;

	cli_print_pair("item", json_view_text(item, "external_id"));
	cli_print_pair("title", json_view_text(item, "title"));
	print_side("from", json_view_get(movement, "from"));
	print_side("to", json_view_get(movement, "to"));
	if (json_view_count(causes) > 0) {
		table_init(&table, why_columns, sizeof why_columns / sizeof why_columns[0]);
		for (size_t i = 0; i < json_view_count(causes); i++) {
			const struct json_view *cause = json_view_at(causes, i);

			table_put(&table, json_view_text(cause, "cause"));
			put_ranks(&table, cause);
			table_number(&table, json_view_number(cause, "rank_after"));
			table_put(&table, json_view_text(cause, "text"));
		}
		cli_printf("\n");
		code = cli_print_table(cli, &table, values->wide);
		cli_printf("\n");
		table_release(&table);
	}
	cli_print_pair("in short", json_view_text(movement, "text"));
	note_recomputed(cli, json_view_get(movement, "from"));
	note_recomputed(cli, json_view_get(movement, "to"));
	return code;
}

static enum cli_exit run_why(struct cli *cli, const void *given, const struct words *words)
{
	const struct why_values *values = given;
	struct buf id = BUF_INIT, path = BUF_INIT;
	struct json_view *movement = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/items/");

	if (code == CLI_OK && !values->since) {
		cli_error("since when? --since takes a ranking's id or a revision");
		code = CLI_USAGE;
	}
	if (code == CLI_OK)
		code = item_lookup(cli, words->items[0], &id);
	if (code == CLI_OK) {
		url_segment(&path, buf_view(&id));
		buf_puts(&path, "/movement");
		url_query(&path, "since", str_from(values->since));
		if (values->until)
			url_query(&path, "until", str_from(values->until));
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &movement);
	}
	if (movement)
		code = show_why(cli, movement, values);
	json_view_free(movement);
	buf_release(&path);
	buf_release(&id);
	return code;
}

const struct command command_why_moved = {
	.name = "why-moved",
	.summary = "tell why an item moved since another ranking",
	.arguments = "ITEM",
	.examples = "  winnow why-moved github/7 --since 812\n"
		    "  winnow why-moved BUG-201 --since 812.29453760 --until 840\n",
	.details =
		"ITEM is source/external_id, the external id alone where no other source has it,\n"
		"or the item's id. What is different is put into the first ranking cause by "
		"cause;\n"
		"the parts add up to the move. + is further down.\n",
	COMMAND_OPTIONS(why_options),
	.values_bytes = sizeof(struct why_values),
	.defaults = &(const struct why_values){.min_revision = -1},
	.min_words = 1,
	.max_words = 1,
	.run = run_why,
};

/* ---- two rankings ---- */

struct diff_values {
	int64_t limit, top;
	bool wide;
};

#undef FIELD
#define FIELD(name) offsetof(struct diff_values, name)

static const struct arg_spec diff_options[] = {
	{"limit", 'l', ARG_INT, "N", 0, 50, FIELD(limit), "at most so many moves (20)"},
	{"top", 0, ARG_INT, "N", 1, 500, FIELD(top), "how many places count as the top (20)"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing"},
};

static const struct table_column diff_columns[] = {
	{"RANK", TABLE_RIGHT, 0, 0},
	{"WAS", TABLE_RIGHT, 0, 0},
	{"MOVE", TABLE_RIGHT, 0, 0},
	{"ITEM", TABLE_LEFT, 12, 0},
	{"TITLE", TABLE_LEFT, 16, 1},
	{"WHY", TABLE_LEFT, 24, 0},
};

static void put_item(struct table *table, const struct json_view *entry)
{
	const struct json_view *item = json_view_get(entry, "item");

	table_put(table, json_view_text(item, "external_id"));
	table_put(table, json_view_text(item, "title"));
	table_put(table, json_view_text(entry, "text"));
}

static void put_passages(struct table *table, const struct json_view *list, bool entered)
{
	for (size_t i = 0; i < json_view_count(list); i++) {
		const struct json_view *entry = json_view_at(list, i);
		double rank = json_view_number(entry, "rank");

		table_number(table, entered ? rank : NAN);
		table_number(table, entered ? NAN : rank);
		table_put(table, entered ? STR("in") : STR("out"));
		put_item(table, entry);
	}
}

static void put_moves(struct table *table, const struct json_view *list)
{
	for (size_t i = 0; i < json_view_count(list); i++) {
		const struct json_view *entry = json_view_at(list, i);

		table_number(table, json_view_number(json_view_get(entry, "to"), "rank"));
		table_number(table, json_view_number(json_view_get(entry, "from"), "rank"));
		put_ranks(table, entry);
		put_item(table, entry);
	}
}

static void note_diff(const struct cli *cli, const struct json_view *diff)
{
	const struct json_view *churn = json_view_get(diff, "churn");
	struct buf tau = BUF_INIT;

	cli_put_ratio(&tau, json_view_number(diff, "tau"));
	cli_note(cli,
		"%lld moved, %lld came in, %lld left; tau %.*s over %lld items; "
		"top %lld: %lld in, %lld out",
		(long long)json_view_int(diff, "moved_count", 0),
		(long long)json_view_int(diff, "entered_count", 0),
		(long long)json_view_int(diff, "left_count", 0), STR_ARG(buf_view(&tau)),
		(long long)json_view_int(diff, "common", 0),
		(long long)json_view_int(churn, "top", 0),
		(long long)json_view_int(churn, "entered", 0),
		(long long)json_view_int(churn, "left", 0));
	buf_release(&tau);
}

static enum cli_exit show_diff(
	const struct cli *cli, const struct json_view *diff, const struct diff_values *values)
{
	enum cli_exit code = CLI_OK;
	struct table table;

	table_init(&table, diff_columns, sizeof diff_columns / sizeof diff_columns[0]);
	put_moves(&table, json_view_get(diff, "moved"));
	put_passages(&table, json_view_get(diff, "entered"), true);
	put_passages(&table, json_view_get(diff, "left"), false);
	if (table.cell_count > 0)
		code = cli_print_table(cli, &table, values->wide);
	table_release(&table);
	note_diff(cli, diff);
	note_recomputed(cli, json_view_get(diff, "a"));
	note_recomputed(cli, json_view_get(diff, "b"));
	return code;
}

static enum cli_exit run_diff(struct cli *cli, const void *given, const struct words *words)
{
	const struct diff_values *values = given;
	struct json_view *diff = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/rankings/");

	if (code == CLI_OK) {
		url_segment(&path, str_from(words->items[0]));
		buf_puts(&path, "/diff/");
		url_segment(&path, str_from(words->items[1]));
		url_query_int(&path, "limit", values->limit);
		url_query_int(&path, "top", values->top);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &diff);
	}
	if (diff)
		code = show_diff(cli, diff, values);
	json_view_free(diff);
	buf_release(&path);
	return code;
}

const struct command command_diff = {
	.name = "diff",
	.summary = "show what moved between two rankings, and why",
	.arguments = "A B",
	.examples = "  winnow diff 812.29453760 840.29453922\n"
		    "  winnow diff --limit 50 --top 10 812.29453760 840.29453922\n",
	.details = "A and B are rankings' ids, as queue --json tells them. The largest moves come\n"
		   "first, then who came in and who left. + is further down.\n",
	COMMAND_OPTIONS(diff_options),
	.values_bytes = sizeof(struct diff_values),
	.defaults = &(const struct diff_values){.limit = 20, .top = 20},
	.min_words = 2,
	.max_words = 2,
	.run = run_diff,
};

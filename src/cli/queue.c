/*
 * winnow queue: the ranked queue as a table that fits the terminal.
 */
#include <math.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/url.h"

enum { PAGE = 500, DEFAULT_LIMIT = 50, MAX_LIMIT = 1000000 };

struct queue_values {
	const char *stream, *band, *team, *view, *review, *label, *risk;
	int64_t limit, min_revision;
	bool all, wide, held;
};

#define FIELD(name) offsetof(struct queue_values, name)

static const struct arg_spec options[] = {
	{"limit", 'l', ARG_INT, "N", 1, MAX_LIMIT, FIELD(limit), "at most so many entries (50)"},
	{"all", 'a', ARG_FLAG, NULL, 0, 0, FIELD(all), "the whole queue"},
	{"stream", 0, ARG_TEXT, "NAME", 0, 0, FIELD(stream), "only items of this stream"},
	{"band", 0, ARG_TEXT, "NAME", 0, 0, FIELD(band), "only items in this band"},
	{"team", 0, ARG_TEXT, "NAME", 0, 0, FIELD(team), "only items of this team"},
	{"view", 0, ARG_TEXT, "NAME", 0, 0, FIELD(view),
		"only items of this view of the contract: capability, reliability \xe2\x80\xa6"},
	{"label", 0, ARG_TEXT, "LABEL", 0, 0, FIELD(label), "only items with this label"},
	{"risk-category", 0, ARG_TEXT, "WORD", 0, 0, FIELD(risk),
		"only items of this risk category"},
	{"held", 0, ARG_FLAG, NULL, 0, 0, FIELD(held), "only items that a rule holds for a review"},
	{"review", 0, ARG_TEXT, "STATE", 0, 0, FIELD(review),
		"only items that wait for an approval (pending) or have one (approved)"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing, leave nothing out"},
};

static const struct table_column columns[] = {
	{"RANK", TABLE_RIGHT, 0, 0},
	{"SCORE", TABLE_RIGHT, 0, 0},
	{"RANGE", TABLE_LEFT, 0, 2},
	{"BAND", TABLE_LEFT, 0, 0},
	{"ITEM", TABLE_LEFT, 12, 0},
	{"STREAM", TABLE_LEFT, 0, 1},
	{"TITLE", TABLE_LEFT, 24, 0},
	{"WHY", TABLE_LEFT, 14, 0},
};

struct shown_queue {
	struct cli *cli;
	struct table table;
	int64_t left; /* entries that may still be shown */
	int64_t shown;
	int64_t count;    /* ranked in all */
	struct buf about; /* one line on the ranking */
};

static enum cli_exit queue_path(
	const struct cli *cli, const struct queue_values *values, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/queue");
	int64_t limit = values->all || values->limit > PAGE ? PAGE : values->limit;

	if (code != CLI_OK)
		return code;
	url_query_int(path, "limit", limit);
	if (values->stream)
		url_query(path, "stream", str_from(values->stream));
	if (values->band)
		url_query(path, "band", str_from(values->band));
	if (values->team)
		url_query(path, "team", str_from(values->team));
	if (values->view)
		url_query(path, "view", str_from(values->view));
	if (values->label)
		url_query(path, "label", str_from(values->label));
	if (values->risk)
		url_query(path, "risk_category", str_from(values->risk));
	if (values->held)
		url_query(path, "held", STR("true"));
	if (values->review)
		url_query(path, "review", str_from(values->review));
	if (values->min_revision >= 0)
		url_query_int(path, "min_revision", values->min_revision);
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* What the score could be if the unknown were known; "-" where nothing is unknown. */
static void put_range(struct table *table, const struct json_view *range)
{
	double lowest = json_view_number(range, "lowest");
	double highest = json_view_number(range, "highest");
	char low[NUM_TEXT_SIZE], high[NUM_TEXT_SIZE];

	if (isnan(lowest) || isnan(highest) || lowest == highest) {
		table_put(table, STR_NONE);
		return;
	}
	num_to_text(lowest, low);
	num_to_text(highest, high);
	table_printf(table, "%s\xe2\x80\xa6%s", low, high);
}

/* What policy and people did to it: "pinned, held, pending, boost". */
static void put_marks(struct buf *out, const struct json_view *entry)
{
	const struct json_view *overrides = json_view_get(entry, "overrides");
	struct str review = json_view_text(json_view_get(entry, "review"), "state");
	const char *between = "";

	if (json_view_bool(entry, "pinned", false)) {
		buf_puts(out, "pinned");
		between = ", ";
	}
	if (json_view_bool(entry, "held", false)) {
		buf_printf(out, "%sheld", between);
		between = ", ";
	}
	if (review.len > 0) {
		buf_printf(out, "%s%.*s", between, STR_ARG(review));
		between = ", ";
	}
	if (json_view_count(overrides) > 0) {
		buf_puts(out, between);
		cli_join(out, overrides);
	}
}

/* Where a blocked item's urgency gives the place, that is the reason, and no points are. */
static void put_why(struct table *table, const struct json_view *entry)
{
	struct str carried = json_view_text(json_view_get(entry, "carries"), "external_id");
	struct str reason = json_view_as_text(json_view_at(json_view_get(entry, "reasons"), 0));
	struct buf text = BUF_INIT;

	put_marks(&text, entry);
	if (text.len > 0 && carried.len + reason.len > 0)
		buf_puts(&text, ": ");
	if (carried.len > 0)
		buf_printf(&text, "%.*s waits for it", STR_ARG(carried));
	else
		buf_str(&text, reason);
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static void put_entry(struct table *table, const struct json_view *entry)
{
	table_number(table, json_view_number(entry, "rank"));
	table_number(table, json_view_number(entry, "score"));
	put_range(table, json_view_get(entry, "range"));
	table_put(table, json_view_text(entry, "band"));
	table_put(table, json_view_text(entry, "external_id"));
	table_put(table, json_view_text(entry, "stream"));
	table_put(table, json_view_text(entry, "title"));
	put_why(table, entry);
}

static void describe(struct shown_queue *queue, const struct json_view *page)
{
	const struct json_view *model = json_view_get(page, "model");
	const struct json_view *policy = json_view_get(page, "policy");
	const struct json_view *review = json_view_get(page, "review");

	queue->count = json_view_int(page, "count", 0);
	buf_printf(&queue->about, "revision %lld, as of %.*s, model %.*s %lld",
		(long long)json_view_int(page, "revision", 0),
		STR_ARG(json_view_text(page, "as_of")), STR_ARG(json_view_text(model, "name")),
		(long long)json_view_int(model, "version", 0));
	if (json_view_int(policy, "version", 0) > 0)
		buf_printf(&queue->about, ", policy %.*s %lld",
			STR_ARG(json_view_text(policy, "name")),
			(long long)json_view_int(policy, "version", 0));
	if (json_view_int(page, "held", 0) > 0)
		buf_printf(&queue->about, "; %lld held", (long long)json_view_int(page, "held", 0));
	if (review)
		buf_printf(&queue->about, "; %lld pending, %lld committed",
			(long long)json_view_int(review, "pending", 0),
			(long long)json_view_int(review, "committed", 0));
	if (json_view_int(page, "excluded", 0) > 0)
		buf_printf(&queue->about, "; %lld out of it (winnow excluded)",
			(long long)json_view_int(page, "excluded", 0));
}

static enum cli_exit add_page(void *arg, const struct json_view *page, bool *enough)
{
	struct shown_queue *queue = arg;
	const struct json_view *entries = json_view_get(page, "entries");

	if (queue->about.len == 0)
		describe(queue, page);
	for (size_t i = 0; i < json_view_count(entries) && queue->left > 0; i++) {
		put_entry(&queue->table, json_view_at(entries, i));
		queue->left--;
		queue->shown++;
	}
	*enough = queue->left == 0;
	return CLI_OK;
}

static enum cli_exit show(struct shown_queue *queue, const struct queue_values *values)
{
	enum cli_exit code;

	if (queue->shown == 0) {
		cli_note(queue->cli, "no item is ranked here (%s)", queue->about.data);
		return CLI_OK;
	}
	code = cli_print_table(queue->cli, &queue->table, values->wide);
	if (code == CLI_OK && !queue->about.failed)
		cli_note(queue->cli, "%lld of %lld ranked items, %s", (long long)queue->shown,
			(long long)queue->count, queue->about.data);
	return code;
}

/* One page is printed as the server gave it, several as one. */
static enum cli_exit print_json(
	struct cli *cli, const struct queue_values *values, const struct buf *path)
{
	struct page_printer printer = {
		.plural = "entries",
		.left = values->all ? INT64_MAX : values->limit,
	};
	struct json_view *none;
	enum cli_exit code;

	if (printer.left <= PAGE)
		return cli_get(cli, path->data, &none);
	code = pages_walk(cli, path, page_print, &printer);
	page_print_end(&printer);
	return code;
}

static enum cli_exit print_table(
	struct cli *cli, const struct queue_values *values, const struct buf *path)
{
	struct shown_queue queue = {
		.cli = cli,
		.left = values->all ? INT64_MAX : values->limit,
	};
	enum cli_exit code;

	table_init(&queue.table, columns, sizeof columns / sizeof columns[0]);
	code = pages_walk(cli, path, add_page, &queue);
	if (code == CLI_OK)
		code = show(&queue, values);
	table_release(&queue.table);
	buf_release(&queue.about);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct queue_values *values = given;
	struct buf path = BUF_INIT;
	enum cli_exit code = queue_path(cli, values, &path);

	(void)words;
	if (code == CLI_OK)
		code = cli->config.json ? print_json(cli, values, &path)
					: print_table(cli, values, &path);
	buf_release(&path);
	return code;
}

const struct command command_queue = {
	.name = "queue",
	.summary = "show the ranked queue",
	.examples = "  winnow queue\n"
		    "  winnow queue --limit 10 --stream incident\n"
		    "  winnow queue --all --wide | less -S\n"
		    "  winnow queue --band next_sprint --json | jq -r '.entries[].external_id'\n",
	.details = "RANK is the rank in the whole queue, whatever is left out. RANGE is what the\n"
		   "score could be if what is unknown of the item were known. WHY is the first\n"
		   "reason, or the item whose urgency gave this one its place, behind what policy\n"
		   "and overrides did; winnow explain ITEM tells all of it.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct queue_values),
	.defaults = &(const struct queue_values){.limit = DEFAULT_LIMIT, .min_revision = -1},
	.run = run,
};

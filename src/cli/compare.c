/*
 * winnow compare: say what goes before what, pair by pair; what that has taught; what to ask next;
 * and weights from comparisons of criteria.
 */
#include <math.h>

#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { MAX_PAIRS = 100, LEAST_RATIO = 1, MOST_RATIO = 9 };

/* "github/7 Crash on start" */
static void put_item(struct table *table, const struct json_view *item)
{
	table_printf(table, "%.*s/%.*s %.*s", STR_ARG(json_view_text(item, "source")),
		STR_ARG(json_view_text(item, "external_id")),
		STR_ARG(json_view_text(item, "title")));
}

/* To three digits: what lies behind them is noise here. */
static void put_rounded(struct table *table, double value)
{
	if (isnan(value))
		table_put(table, STR_NONE);
	else
		table_printf(table, "%.3g", value);
}

/* ---- A before B ---- */

struct compare_values {
	bool criteria;
	int64_t ratio;
};

#define FIELD(name) offsetof(struct compare_values, name)

static const struct arg_spec compare_options[] = {
	{"criteria", 0, ARG_FLAG, NULL, 0, 0, FIELD(criteria), "A and B are features, not items"},
	{"ratio", 'r', ARG_INT, "N", LEAST_RATIO, MOST_RATIO, FIELD(ratio),
		"with --criteria: A matters N times as much as B (1 to 9; required)"},
};

#undef FIELD

static void put_criteria(
	struct json_writer *json, const struct compare_values *values, const struct words *words)
{
	json_key(json, "criteria");
	json_object_begin(json);
	json_put(json, "more", text, words->items[0]);
	json_put(json, "less", text, words->items[1]);
	json_put(json, "ratio", int, values->ratio);
	json_object_end(json);
}

static enum cli_exit put_items(struct cli *cli, struct json_writer *json, const struct words *words)
{
	static const char *const keys[] = {"before", "after"};
	enum cli_exit code = CLI_OK;

	for (int i = 0; i < 2 && code == CLI_OK; i++) {
		struct buf id = BUF_INIT;

		code = item_lookup(cli, words->items[i], &id);
		if (code == CLI_OK)
			json_put(json, keys[i], str, buf_view(&id));
		buf_release(&id);
	}
	return code;
}

static enum cli_exit check_ratio(const struct compare_values *values)
{
	if (values->criteria && values->ratio == 0) {
		cli_error("--criteria needs --ratio: how many times as much A matters, 1 to 9");
		return CLI_USAGE;
	}
	if (!values->criteria && values->ratio != 0) {
		cli_error("--ratio is about features; add --criteria");
		return CLI_USAGE;
	}
	return CLI_OK;
}

/* The answer is printed by --json alone: there is nothing new in it. */
static enum cli_exit send(struct cli *cli, const struct buf *body)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "POST", .content_type = "application/json"};
	enum cli_exit code = cli_workspace_path(cli, &path, "/comparisons");

	if (code == CLI_OK && (path.failed || body->failed))
		code = cli_no_memory();
	if (code == CLI_OK) {
		request.path = path.data;
		request.body = buf_view(body);
		code = cli_call(cli, &request, &response);
	}
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

static enum cli_exit run_compare(struct cli *cli, const void *given, const struct words *words)
{
	const struct compare_values *values = given;
	struct buf body = BUF_INIT;
	struct json_writer json;
	enum cli_exit code = check_ratio(values);

	json_writer_init(&json, &body);
	json_object_begin(&json);
	if (code == CLI_OK && values->criteria)
		put_criteria(&json, values, words);
	else if (code == CLI_OK)
		code = put_items(cli, &json, words);
	json_object_end(&json);
	if (code == CLI_OK)
		code = send(cli, &body);
	if (code == CLI_OK)
		cli_note(cli, "recorded: %s before %s", words->items[0], words->items[1]);
	buf_release(&body);
	return code;
}

/* ---- next ---- */

struct next_values {
	bool criteria;
	int64_t limit;
};

#define FIELD(name) offsetof(struct next_values, name)

static const struct arg_spec next_options[] = {
	{"criteria", 0, ARG_FLAG, NULL, 0, 0, FIELD(criteria), "pairs of features, not items"},
	{"limit", 'l', ARG_INT, "N", 1, MAX_PAIRS, FIELD(limit), "at most so many pairs (10)"},
};

#undef FIELD

static const struct table_column item_columns[] = {
	{"A", TABLE_LEFT, 20, 0},
	{"B", TABLE_LEFT, 20, 0},
	{"CHANCE OF A", TABLE_RIGHT, 0, 2},
	{"GAIN", TABLE_RIGHT, 0, 1},
	{"COMPARED", TABLE_RIGHT, 0, 0},
};

static const struct table_column criteria_columns[] = {
	{"A", TABLE_LEFT, 16, 0},
	{"B", TABLE_LEFT, 16, 0},
	{"WHY", TABLE_LEFT, 0, 0},
	{"JUDGED", TABLE_RIGHT, 0, 0},
	{"IMPLIED", TABLE_RIGHT, 0, 0},
};

static enum cli_exit show_item_pairs(const struct cli *cli, const struct json_view *pairs)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, item_columns, sizeof item_columns / sizeof item_columns[0]);
	for (size_t i = 0; i < json_view_count(pairs); i++) {
		const struct json_view *pair = json_view_at(pairs, i);

		put_item(&table, json_view_get(pair, "a"));
		put_item(&table, json_view_get(pair, "b"));
		put_rounded(&table, json_view_number(pair, "chance"));
		put_rounded(&table, json_view_number(pair, "gain"));
		table_number(&table, json_view_number(pair, "comparisons"));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

/* "not_judged" as people write it. */
static void put_need(struct table *table, struct str need)
{
	struct buf text = BUF_INIT;

	buf_str(&text, need);
	for (size_t i = 0; i < text.len; i++)
		text.data[i] = text.data[i] == '_' ? ' ' : text.data[i];
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit show_criteria_pairs(const struct cli *cli, const struct json_view *pairs)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, criteria_columns, sizeof criteria_columns / sizeof criteria_columns[0]);
	for (size_t i = 0; i < json_view_count(pairs); i++) {
		const struct json_view *pair = json_view_at(pairs, i);

		table_put(&table, json_view_text(pair, "a"));
		table_put(&table, json_view_text(pair, "b"));
		put_need(&table, json_view_text(pair, "need"));
		put_rounded(&table, json_view_number(pair, "judged"));
		put_rounded(&table, json_view_number(pair, "implied"));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit run_next(struct cli *cli, const void *given, const struct words *words)
{
	const struct next_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *answer = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/comparisons/next");

	(void)words;
	if (code == CLI_OK) {
		url_query_int(&path, "limit", values->limit);
		if (values->criteria)
			url_query(&path, "criteria", STR("true"));
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &answer);
	}
	if (answer)
		code = values->criteria ? show_criteria_pairs(cli, json_view_get(answer, "pairs"))
					: show_item_pairs(cli, json_view_get(answer, "pairs"));
	json_view_free(answer);
	buf_release(&path);
	return code;
}

static const struct command next = {
	.name = "next",
	.summary = "show the pairs whose comparison would teach the most",
	.examples = "  winnow compare next\n"
		    "  winnow compare next --limit 3\n"
		    "  winnow compare next --criteria\n",
	.details =
		"Each item is in one pair at the most, so all can be answered before asking "
		"again.\n"
		"CHANCE OF A is how likely A is preferred by what is known. Of criteria, JUDGED "
		"is\n"
		"how many times as much A matters as was said, IMPLIED what the other judgements\n"
		"make of it.\n",
	COMMAND_OPTIONS(next_options),
	.values_bytes = sizeof(struct next_values),
	.defaults = &(const struct next_values){.limit = 10},
	.run = run_next,
};

/* ---- strengths ---- */

static const struct table_column strength_columns[] = {
	{"STRENGTH", TABLE_RIGHT, 0, 0},
	{"ERROR", TABLE_RIGHT, 0, 0},
	{"COMPARED", TABLE_RIGHT, 0, 0},
	{"STATUS", TABLE_LEFT, 0, 1},
	{"ITEM", TABLE_LEFT, 24, 0},
};

static enum cli_exit add_strengths(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *items = json_view_get(page, "strengths");

	(void)enough;
	for (size_t i = 0; i < json_view_count(items); i++) {
		const struct json_view *item = json_view_at(items, i);

		put_rounded(table, json_view_number(item, "strength"));
		put_rounded(table, json_view_number(item, "standard_error"));
		table_number(table, json_view_number(item, "comparisons"));
		table_put(table, json_view_text(item, "status"));
		put_item(table, item);
	}
	return CLI_OK;
}

static enum cli_exit run_strengths(struct cli *cli, const void *values, const struct words *words)
{
	static const struct page_rows rows = {"strengths", strength_columns,
		sizeof strength_columns / sizeof strength_columns[0], add_strengths};
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/comparisons/strengths?limit=1000");

	(void)values;
	(void)words;
	if (code == CLI_OK)
		code = pages_show(cli, &path, &rows, false);
	buf_release(&path);
	return code;
}

static const struct command strengths = {
	.name = "strengths",
	.summary = "show what the comparisons of items have taught, strongest first",
	.examples = "  winnow compare strengths\n",
	.details = "STRENGTH is in log odds: 0 is the average item, 1 more is preferred to it "
		   "about 73\n"
		   "times in a hundred. ERROR is its standard error.\n",
	.run = run_strengths,
};

/* ---- weights ---- */

struct weights_values {
	struct arg_list features;
	bool dry_run;
};

#define FIELD(name) offsetof(struct weights_values, name)

static const struct arg_spec weights_options[] = {
	{"feature", 'f', ARG_LIST, "NAME", 0, 0, FIELD(features),
		"only this feature and others so named; else all that were judged"},
	{"dry-run", 'n', ARG_FLAG, NULL, 0, 0, FIELD(dry_run), "show the weights, make no model"},
};

#undef FIELD

static const struct table_column weight_columns[] = {
	{"FEATURE", TABLE_LEFT, 16, 0},
	{"WEIGHT", TABLE_RIGHT, 0, 0},
};

static enum cli_exit show_weights(const struct cli *cli, const struct json_view *weights)
{
	const struct json_view *value;
	struct table table;
	struct str name;
	void *cursor = NULL;
	enum cli_exit code;

	table_init(&table, weight_columns, sizeof weight_columns / sizeof weight_columns[0]);
	while (json_view_next(weights, &cursor, &name, &value)) {
		table_put(&table, name);
		put_rounded(&table, json_view_as_number(value));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit tell_weights(const struct cli *cli, const struct json_view *answer)
{
	double ratio = json_view_number(answer, "consistency_ratio");
	int64_t version = json_view_int(json_view_get(answer, "model"), "version", 0);
	enum cli_exit code = show_weights(cli, json_view_get(answer, "weights"));

	if (json_view_bool(answer, "acceptable", true))
		cli_note(cli, "consistency ratio %.3f: acceptable", ratio);
	else
		cli_note(cli,
			"consistency ratio %.3f: the judgements contradict each other (up to 0.1 "
			"is "
			"acceptable); winnow compare next --criteria shows where",
			ratio);
	if (version > 0)
		cli_note(cli, "model version %lld; put it in force: winnow model promote %lld",
			(long long)version, (long long)version);
	return code;
}

static void write_request(struct buf *body, const struct weights_values *values, const char *name)
{
	struct json_writer json;

	json_writer_init(&json, body);
	json_object_begin(&json);
	json_put(&json, "name", text, name);
	if (values->features.count > 0) {
		json_key(&json, "features");
		json_array_begin(&json);
		for (size_t i = 0; i < values->features.count; i++)
			json_text(&json, values->features.items[i]);
		json_array_end(&json);
	}
	if (values->dry_run)
		json_put(&json, "dry_run", bool, true);
	json_object_end(&json);
}

static enum cli_exit run_weights(struct cli *cli, const void *given, const struct words *words)
{
	struct buf path = BUF_INIT, body = BUF_INIT, text = BUF_INIT;
	struct json_view *answer = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/comparisons:weights");

	write_request(&body, given, words->items[0]);
	if (code == CLI_OK && (path.failed || body.failed))
		code = cli_no_memory();
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, &body, &answer);
	if (code == CLI_OK && cli->config.json) {
		json_view_write(&text, answer);
		cli_print_body(&text);
	} else if (code == CLI_OK) {
		code = tell_weights(cli, answer);
	}
	json_view_free(answer);
	buf_release(&text);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command weights = {
	.name = "weights",
	.summary = "make weights of the comparisons of criteria, as a model version",
	.arguments = "MODEL",
	.examples = "  winnow compare weights \"by judgement\" --dry-run\n"
		    "  winnow compare weights \"by judgement\" -f user_impact -f effort\n",
	.details =
		"MODEL is the new model's name. It is a draft: nothing ranks by it before it is\n"
		"promoted. The method is the analytic hierarchy process.\n",
	COMMAND_OPTIONS(weights_options),
	.values_bytes = sizeof(struct weights_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_weights,
};

const struct command command_compare = {
	.name = "compare",
	.summary = "say that A goes before B, and see what that teaches",
	.arguments = "A B",
	.examples = "  winnow compare github/7 github/9\n"
		    "  winnow compare user_impact effort --criteria --ratio 3\n"
		    "  winnow compare next\n"
		    "  winnow compare weights \"by judgement\" --dry-run\n",
	.details =
		"A and B are items (an id, SOURCE/EXTERNAL_ID, or an external id alone), or with\n"
		"--criteria features. Each comparison is kept with who said it; another opinion "
		"is\n"
		"another comparison. Items are ranked by them where the model is of kind "
		"pairwise.\n",
	COMMAND_OPTIONS(compare_options),
	.values_bytes = sizeof(struct compare_values),
	.min_words = 2,
	.max_words = 2,
	.run = run_compare,
	.members = (const struct command *const[]){&next, &strengths, &weights, NULL},
};

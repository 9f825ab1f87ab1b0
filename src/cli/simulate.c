/*
 * winnow simulate: the queue as it would be. Nothing is written.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "codec/json_writer.h"

enum { DOCUMENT_BYTES = 8 * 1024 * 1024, TOP_DEFAULT = 20 };

struct simulate_values {
	struct arg_list weights;
	const char *model, *policy;
	struct arg_list drop, delay, finish;
	int64_t top;
};

#define FIELD(name) offsetof(struct simulate_values, name)

static const struct arg_spec options[] = {
	{"weight", 0, ARG_LIST, "FEATURE=W", 0, 0, FIELD(weights),
		"with this weight; may be repeated"},
	{"model", 0, ARG_TEXT, "N|FILE", 0, 0, FIELD(model), "with this version, or this model"},
	{"policy", 0, ARG_TEXT, "N|FILE|none", 0, 0, FIELD(policy),
		"with this version, this policy, or none"},
	{"drop", 0, ARG_LIST, "ITEM", 0, 0, FIELD(drop), "as if this item were gone"},
	{"delay", 0, ARG_LIST, "ITEM", 0, 0, FIELD(delay), "as if it were deferred"},
	{"finish", 0, ARG_LIST, "ITEM", 0, 0, FIELD(finish), "as if it were done"},
	{"top", 0, ARG_INT, "N", 1, 500, FIELD(top), "how many of the first places are shown (20)"},
};

/* ---- the question ---- */

/* Ends after the last "=", so that any feature can be named. */
static enum cli_exit put_weight(struct json_writer *json, const char *word)
{
	const char *equals = strrchr(word, '=');
	char *end = NULL;
	double weight = equals ? strtod(equals + 1, &end) : NAN;

	if (!equals || equals == word || end == equals + 1 || *end || !isfinite(weight)) {
		cli_error("'%s' is no weight: write FEATURE=NUMBER", word);
		return CLI_USAGE;
	}
	json_key_str(json, (struct str){word, (size_t)(equals - word)});
	json_number(json, weight);
	return CLI_OK;
}

static enum cli_exit put_weights(struct json_writer *json, const struct arg_list *weights)
{
	enum cli_exit code = CLI_OK;

	if (weights->count == 0)
		return CLI_OK;
	json_key(json, "weights");
	json_object_begin(json);
	for (size_t i = 0; code == CLI_OK && i < weights->count; i++)
		code = put_weight(json, weights->items[i]);
	json_object_end(json);
	return code;
}

/* A version by its number, else the JSON in a file. */
static enum cli_exit put_document(struct json_writer *json, const char *key, const char *word)
{
	struct buf text = BUF_INIT;
	enum cli_exit code = CLI_OK;
	uint64_t version;

	if (!word)
		return CLI_OK;
	if (num_parse_u64(str_from(word), &version))
		buf_printf(&text, "%llu", (unsigned long long)version);
	else
		code = cli_read_file(word, DOCUMENT_BYTES, &text);
	if (code == CLI_OK) {
		json_put(json, key, raw, buf_view(&text));
		json->out->failed = json->out->failed || text.failed;
	}
	buf_release(&text);
	return code;
}

static enum cli_exit put_items(
	struct cli *cli, struct json_writer *json, const char *key, const struct arg_list *words)
{
	enum cli_exit code = CLI_OK;

	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; code == CLI_OK && i < words->count; i++) {
		struct buf id = BUF_INIT;

		code = item_lookup(cli, words->items[i], &id);
		json_str(json, buf_view(&id));
		buf_release(&id);
	}
	json_array_end(json);
	return code;
}

static enum cli_exit put_question(
	struct cli *cli, const struct simulate_values *values, struct buf *out)
{
	bool no_policy = values->policy && strcmp(values->policy, "none") == 0;
	struct json_writer json;
	enum cli_exit code;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "top", int, values->top);
	code = put_weights(&json, &values->weights);
	if (code == CLI_OK)
		code = put_document(&json, "model", values->model);
	if (code == CLI_OK && no_policy)
		json_put(&json, "policy", text, NULL);
	else if (code == CLI_OK)
		code = put_document(&json, "policy", values->policy);
	json_key(&json, "items");
	json_object_begin(&json);
	if (code == CLI_OK)
		code = put_items(cli, &json, "drop", &values->drop);
	if (code == CLI_OK)
		code = put_items(cli, &json, "delay", &values->delay);
	if (code == CLI_OK)
		code = put_items(cli, &json, "finish", &values->finish);
	json_object_end(&json);
	json_object_end(&json);
	return code == CLI_OK && out->failed ? cli_no_memory() : code;
}

/* ---- the answer ---- */

static const struct table_column columns[] = {
	{"RANK", TABLE_RIGHT, 0, 0},
	{"WAS", TABLE_RIGHT, 0, 0},
	{"SCORE", TABLE_RIGHT, 0, 0},
	{"BAND", TABLE_LEFT, 0, 1},
	{"ITEM", TABLE_LEFT, 16, 0},
	{"TITLE", TABLE_LEFT, 20, 2},
};

static enum cli_exit show_top(const struct cli *cli, const struct json_view *top)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < json_view_count(top); i++) {
		const struct json_view *entry = json_view_at(top, i);
		const struct json_view *item = json_view_get(entry, "item");

		table_number(&table, json_view_number(entry, "rank"));
		table_number(&table, json_view_number(entry, "was"));
		table_number(&table, json_view_number(entry, "score"));
		table_put(&table, json_view_text(entry, "band"));
		table_printf(&table, "%.*s/%.*s", STR_ARG(json_view_text(item, "source")),
			STR_ARG(json_view_text(item, "external_id")));
		table_put(&table, json_view_text(item, "title"));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static void show_count(const char *label, const struct json_view *answer, const char *key)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%lld", (long long)json_view_int(answer, key, 0));
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}

static void show_crossings(const struct json_view *bands)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(bands); i++) {
		const struct json_view *crossing = json_view_at(bands, i);
		struct str from = json_view_text(crossing, "from");
		struct str to = json_view_text(crossing, "to");

		buf_reset(&text);
		buf_printf(&text, "%lld from %.*s to %.*s",
			(long long)json_view_int(crossing, "count", 0),
			STR_ARG(from.ptr ? from : STR("none")), STR_ARG(to.ptr ? to : STR("none")));
		cli_print_pair("band", buf_view(&text));
	}
	buf_release(&text);
}

static void show_comparison(const struct json_view *answer)
{
	const struct json_view *churn = json_view_get(answer, "churn");
	struct buf text = BUF_INIT;

	cli_printf("\n");
	cli_put_ratio(&text, json_view_number(answer, "tau"));
	cli_print_pair("tau", buf_view(&text));
	buf_reset(&text);
	buf_printf(&text, "%lld in, %lld out of the first %lld",
		(long long)json_view_int(churn, "entered", 0),
		(long long)json_view_int(churn, "left", 0),
		(long long)json_view_int(churn, "top", 0));
	cli_print_pair("churn", buf_view(&text));
	buf_release(&text);
	show_count("moved", answer, "moved_count");
	show_count("added", answer, "added_count");
	show_count("removed", answer, "removed_count");
	show_count("unresolved", answer, "unresolved_count");
	show_count("breaches", answer, "breach_count");
	show_crossings(json_view_get(answer, "bands"));
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_view *answer = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/simulations");

	(void)words;
	if (code == CLI_OK)
		code = put_question(cli, given, &body);
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, &body, &answer);
	if (answer && cli->config.json) {
		struct buf text = BUF_INIT;

		json_view_write(&text, answer);
		cli_print_body(&text);
		buf_release(&text);
	} else if (answer) {
		code = show_top(cli, json_view_get(answer, "top"));
		show_comparison(answer);
	}
	json_view_free(answer);
	buf_release(&body);
	buf_release(&path);
	return code;
}

const struct command command_simulate = {
	.name = "simulate",
	.summary = "show the queue as it would be, writing nothing",
	.examples = "  winnow simulate --weight user_impact=5 --weight cost_of_delay=0\n"
		    "  winnow simulate --model 3 --policy none --top 50\n"
		    "  winnow simulate --finish github/7 --delay github/12\n",
	.details =
		"What is not named stays as it is. WAS is the place in the queue as it is. tau is\n"
		"Kendall's: 1 is the same order, -1 the reverse. unresolved counts items that "
		"wait\n"
		"for one that is dropped or delayed. FILE is JSON; - is standard input.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct simulate_values),
	.defaults = &(const struct simulate_values){.top = TOP_DEFAULT},
	.run = run,
};

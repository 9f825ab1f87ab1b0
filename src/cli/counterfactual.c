/*
 * winnow counterfactual: the least that would have to be otherwise for an item to stand elsewhere.
 */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/url.h"

struct counterfactual_values {
	const char *band;
	int64_t rank;
};

#define FIELD(name) offsetof(struct counterfactual_values, name)

static const struct arg_spec options[] = {
	{"band", 'b', ARG_TEXT, "BAND", 0, 0, FIELD(band), "the band that it should be in"},
	{"rank", 'r', ARG_INT, "N", 1, INT64_MAX, FIELD(rank),
		"the rank that it should have, or a better one"},
};

static const struct table_column columns[] = {
	{"CHANGE", TABLE_LEFT, 0, 0},
	{"FEATURE", TABLE_LEFT, 0, 0},
	{"FROM", TABLE_RIGHT, 0, 0},
	{"TO", TABLE_RIGHT, 0, 0},
	{"RANK", TABLE_RIGHT, 0, 0},
	{"BAND", TABLE_LEFT, 0, 0},
};

/* A value as the server shows it: a number, or a category's word; null was not known. */
static void put_value(struct table *table, const struct json_view *change, const char *name)
{
	struct str word = json_view_text(change, name);

	if (strcmp(name, "to") == 0 && json_view_bool(change, "any", false))
		table_put(table, STR("any"));
	else if (word.len > 0)
		table_put(table, word);
	else
		table_number(table, json_view_number(change, name));
}

static void put_change(struct table *table, const char *label, const struct json_view *found)
{
	const struct json_view *changes = json_view_get(found, "changes");

	for (size_t i = 0; i < json_view_count(changes); i++) {
		const struct json_view *change = json_view_at(changes, i);

		table_put(table, str_from(label));
		table_put(table, json_view_text(change, "feature"));
		put_value(table, change, "from");
		put_value(table, change, "to");
		table_number(table, json_view_number(found, "rank_after"));
		table_put(table, json_view_text(found, "band_after"));
	}
}

static void show_number(const char *label, double number)
{
	struct buf text = BUF_INIT;

	if (!isnan(number))
		num_format(&text, number);
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit show(const struct cli *cli, const struct json_view *answer)
{
	const struct json_view *lift = json_view_get(answer, "lift");
	const struct json_view *single = json_view_get(answer, "single");
	const struct json_view *pair = json_view_get(answer, "pair");
	struct table table;
	enum cli_exit code;

	cli_print_pair("item", json_view_text(answer, "external_id"));
	cli_print_pair("title", json_view_text(answer, "title"));
	show_number("rank", json_view_number(answer, "rank"));
	show_number("score", json_view_number(answer, "score"));
	cli_print_pair("band", json_view_text(answer, "band"));
	show_number("needs", json_view_number(answer, "needed_score"));
	cli_print_pair("in short", json_view_text(answer, "text"));
	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	put_change(&table, "lift", lift);
	put_change(&table, "one", single);
	put_change(&table, "two", pair);
	if (table.cell_count == 0) {
		table_release(&table);
		return CLI_OK;
	}
	cli_printf("\n");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct counterfactual_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *answer = NULL;
	enum cli_exit code;

	if ((values->band != NULL) == (values->rank > 0)) {
		cli_error("say --band or --rank, one of them");
		return CLI_USAGE;
	}
	code = item_path(cli, words->items[0], "/counterfactual", &path);
	if (code == CLI_OK) {
		if (values->band)
			url_query(&path, "band", str_from(values->band));
		else
			url_query_int(&path, "rank", values->rank);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &answer);
	}
	if (answer)
		code = show(cli, answer);
	json_view_free(answer);
	buf_release(&path);
	return code;
}

const struct command command_counterfactual = {
	.name = "counterfactual",
	.summary = "tell the least change that would move an item",
	.arguments = "ITEM",
	.examples = "  winnow counterfactual BUG-202 --band next_sprint\n"
		    "  winnow counterfactual github/7 --rank 10\n",
	.details =
		"The smallest change of one feature, and of two where that is smaller, as a "
		"share of\n"
		"the features' bounds. \"lift\" is what takes a rule of the policy off that is in "
		"the way,\n"
		"the others are along with it. Says so when nothing can do it.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct counterfactual_values),
	.defaults = &(const struct counterfactual_values){0},
	.min_words = 1,
	.max_words = 1,
	.run = run,
};

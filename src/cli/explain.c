/*
 * winnow explain: why an item stands where it stands, down to the last point.
 */
#include <math.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/item_lookup.h"
#include "cli/url.h"

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

static const struct table_column tree_columns[] = {
	{"NODE", TABLE_LEFT, 16, 0},
	{"VALUE", TABLE_RIGHT, 0, 0},
	{"RANGE", TABLE_LEFT, 0, 1},
	{"EVIDENCE", TABLE_LEFT, 0, 2},
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

/* A feature, or a fact of items. */
static struct str input_name(const struct json_view *one)
{
	struct str feature = json_view_text(one, "feature");

	return feature.len > 0 ? feature : json_view_text(one, "fact");
}

static void put_contribution(struct table *table, const struct json_view *one)
{
	struct str evidence = json_view_text(one, "evidence");

	table_put(table, input_name(one));
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

/* A model that is no sum: each node below the one that it is part of. */
static void put_node(struct table *table, const struct json_view *node)
{
	struct str category = json_view_text(node, "category");
	struct str feature = input_name(node);
	const struct json_view *model = json_view_get(node, "model");

	if (model)
		table_printf(table, "%*s%.*s of %.*s", 2 * (int)json_view_int(node, "depth", 0), "",
			STR_ARG(json_view_text(node, "label")),
			STR_ARG(json_view_text(model, "name")));
	else
		table_printf(table, "%*s%.*s", 2 * (int)json_view_int(node, "depth", 0), "",
			STR_ARG(feature.len > 0 ? feature : json_view_text(node, "label")));
	if (category.len > 0)
		table_put(table, category);
	else
		table_number(table, json_view_number(node, "value"));
	put_span(table, json_view_number(node, "lowest"), json_view_number(node, "highest"));
	table_put(table, json_view_bool(node, "assumed", false) ? STR("assumed") : STR_NONE);
}

static enum cli_exit show_tree(
	const struct cli *cli, const struct json_view *explanation, bool wide)
{
	const struct json_view *list = json_view_get(explanation, "tree");
	struct table table;
	enum cli_exit code;

	if (json_view_count(list) == 0)
		return CLI_OK;
	table_init(&table, tree_columns, sizeof tree_columns / sizeof tree_columns[0]);
	for (size_t i = 0; i < json_view_count(list); i++)
		put_node(&table, json_view_at(list, i));
	cli_printf("\n");
	code = cli_print_table(cli, &table, wide);
	cli_printf("\n");
	table_release(&table);
	return code;
}

static void show_rank(const struct json_view *explanation)
{
	const struct json_view *range = json_view_get(explanation, "rank_range");
	int64_t best = json_view_int(range, "best", 0), worst = json_view_int(range, "worst", 0);
	struct buf text = BUF_INIT;

	if (json_view_bool(explanation, "ranked", false)) {
		buf_printf(&text, "%lld", (long long)json_view_int(explanation, "rank", 0));
		if (best != worst)
			buf_printf(&text, " (%lld\xe2\x80\xa6%lld by score alone%s)",
				(long long)best, (long long)worst,
				json_view_bool(range, "exact", true) ? "" : ", at the widest");
	} else {
		buf_printf(&text, "not ranked: %.*s",
			STR_ARG(json_view_text(explanation, "why_not_ranked")));
	}
	cli_print_pair("rank", buf_view(&text));
	buf_release(&text);
}

static void show_score(const struct json_view *explanation)
{
	const struct json_view *boosts = json_view_get(explanation, "boosts");
	const struct json_view *by = json_view_get(explanation, "band_by");
	struct buf text = BUF_INIT;

	put_number(&text, json_view_number(explanation, "score"));
	if (json_view_count(boosts) > 0) {
		buf_puts(&text, " (");
		put_number(&text, json_view_number(explanation, "base_score"));
		for (size_t i = 0; i < json_view_count(boosts); i++) {
			double delta = json_view_number(json_view_at(boosts, i), "delta");

			buf_puts(&text, delta < 0 ? " - " : " + ");
			put_number(&text, fabs(delta));
		}
		buf_puts(&text, " by overrides)");
	}
	cli_print_pair("score", buf_view(&text));
	buf_reset(&text);
	buf_str(&text, json_view_text(explanation, "band"));
	if (str_is(json_view_text(by, "what"), "rule"))
		buf_printf(&text, " (by the rule %.*s)",
			STR_ARG(json_view_text(json_view_get(by, "rule"), "id")));
	else if (str_is(json_view_text(by, "what"), "override"))
		buf_puts(&text, " (by an override)");
	cli_print_pair("band", buf_view(&text));
	buf_release(&text);
}

static void show_version(const char *label, const struct json_view *version)
{
	struct buf text = BUF_INIT;

	if (json_view_int(version, "version", 0) > 0)
		buf_printf(&text, "%.*s, version %lld", STR_ARG(json_view_text(version, "name")),
			(long long)json_view_int(version, "version", 0));
	cli_print_pair(label, buf_view(&text));
	buf_release(&text);
}

static void show_place(const struct json_view *explanation)
{
	struct buf text = BUF_INIT;

	show_rank(explanation);
	show_score(explanation);
	show_version("model", json_view_get(explanation, "model"));
	show_version("policy", json_view_get(explanation, "policy"));
	buf_printf(&text, "%lld", (long long)json_view_int(explanation, "revision", 0));
	cli_print_pair("revision", buf_view(&text));
	buf_release(&text);
}

static void show_rules(const struct json_view *rules)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(rules); i++) {
		const struct json_view *rule = json_view_at(rules, i);

		buf_reset(&text);
		/* What it did is not told to who may not see the score. */
		buf_printf(&text, "%.*s (%.*s%s%.*s): %.*s", STR_ARG(json_view_text(rule, "id")),
			STR_ARG(json_view_text(rule, "effect")),
			json_view_text(rule, "did").len > 0 ? ", " : "",
			STR_ARG(json_view_text(rule, "did")),
			STR_ARG(json_view_text(rule, "reason")));
		cli_print_pair("rule", buf_view(&text));
	}
	buf_release(&text);
}

/* Families of inputs, where what they are is not for everybody. */
static void show_families(const struct json_view *reasons)
{
	for (size_t i = 0; i < json_view_count(reasons); i++)
		cli_print_pair("family", json_view_as_text(json_view_at(reasons, i)));
}

static void show_overrides(const struct json_view *overrides)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(overrides); i++) {
		const struct json_view *override = json_view_at(overrides, i);
		const struct json_view *effect = json_view_get(override, "effect");

		buf_reset(&text);
		buf_str(&text, json_view_text(override, "kind"));
		if (effect && json_view_text(effect, "fate").len > 0)
			buf_printf(&text, " (%.*s)", STR_ARG(json_view_text(effect, "fate")));
		buf_printf(&text, " %.*s", STR_ARG(json_view_text(override, "id")));
		cli_print_pair("override", buf_view(&text));
	}
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
	if (code == CLI_OK)
		code = show_tree(cli, explanation, wide);
	show_families(json_view_get(explanation, "reasons"));
	show_rules(json_view_get(explanation, "rules"));
	show_overrides(json_view_get(explanation, "overrides"));
	show_order(json_view_get(explanation, "order"));
	if (text.len > 0)
		cli_print_pair("in short", text);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct explain_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *explanation = NULL;
	enum cli_exit code = item_path(cli, words->items[0], "/explanation", &path);

	if (code == CLI_OK) {
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &explanation);
	}
	if (explanation)
		code = show(cli, explanation, values->wide);
	json_view_free(explanation);
	buf_release(&path);
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
		"or the item's id. The points add up to the model's score; RANGE is what they\n"
		"could be if what is unknown were known. A model that is no sum is shown as the\n"
		"tree that was evaluated. Behind that: the rules that hit the item with what each\n"
		"of them did, and the overrides with what became of them.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct explain_values),
	.defaults = &(const struct explain_values){.min_revision = -1},
	.min_words = 1,
	.max_words = 1,
	.run = run,
};

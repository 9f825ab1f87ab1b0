/*
 * winnow override: decide against the order of an item, for a reason and for a while.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/commands.h"
#include "cli/decisions.h"
#include "cli/item_lookup.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { PAGE = 1000, MAX_AMOUNT = 1000000 };

/* What an override does, as people say it: "pin to rank 1". */
static void put_decision(struct buf *out, const struct json_view *override)
{
	struct str kind = json_view_text(override, "kind");
	const struct json_view *target = json_view_get(override, "before");

	buf_str(out, kind);
	if (str_is(kind, "pin"))
		buf_printf(out, " %lld", (long long)json_view_int(override, "rank", 0));
	if (str_is(kind, "boost")) {
		double delta = json_view_number(override, "delta");

		buf_puts(out, delta > 0 ? " +" : " ");
		num_format(out, delta);
	}
	if (str_is(kind, "band"))
		buf_printf(out, " %.*s", STR_ARG(json_view_text(override, "band")));
	if (target)
		buf_printf(out, " %.*s", STR_ARG(json_view_text(target, "external_id")));
}

/* "applied", "defeated by rule cautious-lane". */
static void put_effect(struct buf *out, const struct json_view *effect)
{
	const struct json_view *by = json_view_get(effect, "by");

	buf_str(out, json_view_text(effect, "fate"));
	if (json_view_get(by, "rule"))
		buf_printf(out, " by rule %.*s",
			STR_ARG(json_view_text(json_view_get(by, "rule"), "id")));
	if (json_view_get(by, "override"))
		buf_printf(out, " by override %.*s", STR_ARG(json_view_text(by, "override")));
	if (json_view_get(by, "item")) {
		buf_puts(out, " by blocker ");
		decision_put_item(out, json_view_get(by, "item"));
	}
}

static enum cli_exit override_path(
	const struct cli *cli, const char *id, const char *rest, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/overrides/");

	if (code != CLI_OK)
		return code;
	url_segment(path, str_from(id));
	buf_puts(path, rest);
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* ---- add ---- */

struct add_values {
	const char *because, *for_span, *until, *link, *team;
};

#define FIELD(name) offsetof(struct add_values, name)

static const struct arg_spec add_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),
		"why, in at least 10 characters (required)"},
	{"for", 0, ARG_TEXT, "SPAN", 0, 0, FIELD(for_span),
		"for how long: 14d, 36h, 2w, 90m (this or --until is required)"},
	{"until", 0, ARG_TEXT, "TIME", 0, 0, FIELD(until),
		"until when: 2027-01-31, or 2027-01-31T12:00:00Z"},
	{"link", 0, ARG_TEXT, "URL", 0, 0, FIELD(link), "where more about it is written"},
	{"team", 0, ARG_TEXT, "NAME", 0, 0, FIELD(team), "whose decision it is, for the report"},
};

#undef FIELD

/* What a kind takes besides the item. */
struct kind {
	const char *name;
	const char *value; /* how its value is called; NULL: it takes none */
};

static const struct kind kinds[] = {
	{"pin", "RANK"},
	{"boost", "POINTS"},
	{"band", "BAND"},
	{"before", "ITEM"},
	{"exclude", NULL},
	{"defer", NULL},
};

static enum cli_exit find_kind(const struct words *words, const struct kind **out)
{
	const char *name = words->items[1];

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		*out = &kinds[i];
		if ((kinds[i].value != NULL) == (words->count == 3))
			return CLI_OK;
		if (kinds[i].value)
			cli_error("%s needs its %s behind it", name, kinds[i].value);
		else
			cli_error("%s takes nothing behind it", name);
		return CLI_USAGE;
	}
	cli_error("'%s' is no kind of override: pin, boost, band, before, exclude, defer", name);
	return CLI_USAGE;
}

static bool parse_number(const char *word, double *out)
{
	char *end;

	*out = strtod(word, &end);
	return end != word && *end == '\0' && isfinite(*out);
}

/* The word behind the kind, as the member that the kind has for it. */
static enum cli_exit put_value(
	struct cli *cli, struct json_writer *json, const char *kind, const char *word)
{
	struct buf id = BUF_INIT;
	enum cli_exit code = CLI_OK;
	uint64_t rank;
	double delta;

	if (strcmp(kind, "pin") == 0 && num_parse_u64(str_from(word), &rank) && rank <= INT64_MAX) {
		json_put(json, "rank", int, (int64_t)rank);
	} else if (strcmp(kind, "boost") == 0 && parse_number(word, &delta)) {
		json_put(json, "delta", number, delta);
	} else if (strcmp(kind, "band") == 0) {
		json_put(json, "band", text, word);
	} else if (strcmp(kind, "before") == 0) {
		code = item_lookup(cli, word, &id);
		json_put(json, "before", str, buf_view(&id));
	} else {
		cli_error("'%s' is no number", word);
		code = CLI_USAGE;
	}
	buf_release(&id);
	return code;
}

static enum cli_exit add_body(struct cli *cli, const struct add_values *values,
	const struct words *words, struct buf *body)
{
	const struct kind *kind;
	struct buf id = BUF_INIT;
	struct json_writer json;
	int64_t until_us = 0;
	enum cli_exit code = find_kind(words, &kind);

	if (code == CLI_OK)
		code = decision_end("an override", values->for_span, values->until, &until_us);
	if (code == CLI_OK)
		code = item_lookup(cli, words->items[0], &id);
	if (code == CLI_OK) {
		json_writer_init(&json, body);
		json_object_begin(&json);
		json_put(&json, "item", str, buf_view(&id));
		json_put(&json, "kind", text, kind->name);
		if (kind->value)
			code = put_value(cli, &json, kind->name, words->items[2]);
		json_put(&json, "justification", text, values->because);
		json_put(&json, "expires_at", time, until_us);
		if (values->link)
			json_put(&json, "link", text, values->link);
		if (values->team)
			json_put(&json, "team", text, values->team);
		json_object_end(&json);
	}
	buf_release(&id);
	return code;
}

static void tell_added(const struct cli *cli, const struct json_view *override)
{
	struct buf what = BUF_INIT, item = BUF_INIT, until = BUF_INIT;

	put_decision(&what, override);
	decision_put_item(&item, json_view_get(override, "item"));
	decision_put_time(&until, json_view_text(override, "expires_at"));
	cli_note(cli, "%.*s: %.*s, until %.*s", STR_ARG(buf_view(&item)), STR_ARG(buf_view(&what)),
		STR_ARG(buf_view(&until)));
	cli_printf("%.*s\n", STR_ARG(json_view_text(override, "id")));
	buf_release(&what);
	buf_release(&item);
	buf_release(&until);
}

static enum cli_exit run_add(struct cli *cli, const void *given, const struct words *words)
{
	const struct add_values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_view *override = NULL;
	enum cli_exit code;

	if (!values->because) {
		cli_error("an override says why: give --because");
		return CLI_USAGE;
	}
	code = cli_workspace_path(cli, &path, "/overrides");
	if (code == CLI_OK)
		code = add_body(cli, values, words, &body);
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, &body, &override);
	if (code == CLI_OK && cli->config.json)
		cli_print_json(override);
	else if (code == CLI_OK)
		tell_added(cli, override);
	json_view_free(override);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command add = {
	.name = "add",
	.summary = "override the order of an item; prints the override's id",
	.arguments = "ITEM KIND [VALUE]",
	.examples =
		"  winnow override add github/7 pin 1 --because 'promised for Friday' --for 5d\n"
		"  winnow override add BUG-201 boost --because 'can be avoided' --for 2w -- -2.5\n"
		"  winnow override add BUG-201 band ready --because 'was split yesterday' --for "
		"14d\n"
		"  winnow override add BUG-201 before BUG-7 --because 'same code' --for 36h\n"
		"  winnow override add BUG-201 defer --because 'waits for a vendor' --until "
		"2027-01-31\n",
	.details =
		"KIND is pin RANK, boost POINTS, band BAND, before ITEM, exclude or defer. ITEM\n"
		"is source/external_id, the external id alone where no other source has it, or\n"
		"the item's id. A negative number goes behind --, after the options. An override\n"
		"beats the model, never the policy; override show tells what became of it.\n",
	COMMAND_OPTIONS(add_options),
	.values_bytes = sizeof(struct add_values),
	.min_words = 2,
	.max_words = 3,
	.run = run_add,
};

/* ---- list ---- */

struct list_values {
	const char *item;
	const char *kind;
	bool all, wide;
};

#define FIELD(name) offsetof(struct list_values, name)

static const struct arg_spec list_options[] = {
	{"item", 'i', ARG_TEXT, "ITEM", 0, 0, FIELD(item), "only those of this item"},
	{"kind", 'k', ARG_TEXT, "KIND", 0, 0, FIELD(kind), "only those of this kind"},
	{"all", 'a', ARG_FLAG, NULL, 0, 0, FIELD(all), "revoked and expired ones too"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing, leave nothing out"},
};

#undef FIELD

static const struct table_column columns[] = {
	{"ID", TABLE_LEFT, 0, 0},
	{"ITEM", TABLE_LEFT, 12, 0},
	{"WHAT", TABLE_LEFT, 10, 0},
	{"STATE", TABLE_LEFT, 0, 0},
	{"EFFECT", TABLE_LEFT, 10, 0},
	{"EXPIRES", TABLE_LEFT, 0, 2},
	{"TEAM", TABLE_LEFT, 8, 1},
	{"WHY", TABLE_LEFT, 16, 0},
};

static void put_cell(struct table *table, const struct json_view *value,
	void (*put)(struct buf *out, const struct json_view *value))
{
	struct buf text = BUF_INIT;

	put(&text, value);
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static void put_end(struct buf *out, const struct json_view *override)
{
	decision_put_time(out, json_view_text(override, "expires_at"));
}

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *overrides = json_view_get(page, "overrides");

	(void)enough;
	for (size_t i = 0; i < json_view_count(overrides); i++) {
		const struct json_view *override = json_view_at(overrides, i);

		table_put(table, json_view_text(override, "id"));
		put_cell(table, json_view_get(override, "item"), decision_put_item);
		put_cell(table, override, put_decision);
		table_put(table, json_view_text(override, "state"));
		put_cell(table, json_view_get(override, "effect"), put_effect);
		put_cell(table, override, put_end);
		table_put(table, json_view_text(override, "team"));
		table_put(table, json_view_text(override, "justification"));
	}
	return CLI_OK;
}

static enum cli_exit list_path(struct cli *cli, const struct list_values *values, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/overrides");

	if (code != CLI_OK)
		return code;
	url_query_int(path, "limit", PAGE);
	if (!values->all)
		url_query(path, "active", STR("true"));
	if (values->kind)
		url_query(path, "kind", str_from(values->kind));
	code = item_query(cli, values->item, path);
	return code == CLI_OK && path->failed ? cli_no_memory() : code;
}

static enum cli_exit run_list(struct cli *cli, const void *given, const struct words *words)
{
	static const struct page_rows rows = {
		"overrides", columns, sizeof columns / sizeof columns[0], add_page};
	const struct list_values *values = given;
	struct buf path = BUF_INIT;
	enum cli_exit code = list_path(cli, values, &path);

	(void)words;
	if (code == CLI_OK)
		code = pages_show(cli, &path, &rows, values->wide);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list the overrides in force, and what became of each",
	.examples = "  winnow override list\n"
		    "  winnow override list --item github/7 --all\n",
	COMMAND_OPTIONS(list_options),
	.values_bytes = sizeof(struct list_values),
	.run = run_list,
};

/* ---- show ---- */

static void put_place(struct buf *out, const struct json_view *override)
{
	int64_t rank = json_view_int(override, "rank_before", 0);
	struct str band = json_view_text(override, "band_before");

	if (rank > 0)
		buf_printf(out, "rank %lld", (long long)rank);
	else
		buf_puts(out, "not ranked");
	if (band.len > 0)
		buf_printf(out, ", %.*s", STR_ARG(band));
}

static void put_made(struct buf *out, const struct json_view *override)
{
	decision_put_time(out, json_view_text(override, "made_at"));
	buf_printf(out, ", revision %lld, model %lld",
		(long long)json_view_int(override, "made_revision", 0),
		(long long)json_view_int(override, "model_version", 0));
}

static void put_ended(struct buf *out, const struct json_view *override)
{
	decision_put_time(out, json_view_text(override, "ended_at"));
	buf_printf(out, " by %.*s", STR_ARG(json_view_text(override, "ended_by")));
}

static void show_override(const struct json_view *override)
{
	const struct json_view *effect = json_view_get(override, "effect");
	struct str reason =
		json_view_text(json_view_get(json_view_get(effect, "by"), "rule"), "reason");

	cli_print_pair("override", json_view_text(override, "id"));
	decision_print("item", json_view_get(override, "item"), decision_put_item);
	decision_print("what", override, put_decision);
	cli_print_pair("state", json_view_text(override, "state"));
	decision_print("effect", effect, put_effect);
	if (reason.len > 0)
		cli_print_pair("rule says", reason);
	cli_print_pair("because", json_view_text(override, "justification"));
	cli_print_pair("link", json_view_text(override, "link"));
	cli_print_pair("team", json_view_text(override, "team"));
	cli_print_pair("author", json_view_text(override, "author"));
	decision_print("made", override, put_made);
	decision_print("stood at", override, put_place);
	decision_print("expires", override, put_end);
	if (json_view_get(override, "ended_at"))
		decision_print("ended", override, put_ended);
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct json_view *override = NULL;
	enum cli_exit code = override_path(cli, words->items[0], "", &path);

	(void)values;
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &override);
	if (override)
		show_override(override);
	json_view_free(override);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "tell all of an override, and what became of it",
	.arguments = "ID",
	.examples = "  winnow override show 0f6bb3de-6d61-4a0c-8f0e-6a2a54d1c5f1\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* ---- revoke ---- */

static enum cli_exit run_revoke(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct json_view *override = NULL;
	enum cli_exit code = override_path(cli, words->items[0], ":revoke", &path);

	(void)values;
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, NULL, &override);
	if (code == CLI_OK && cli->config.json)
		cli_print_json(override);
	else if (code == CLI_OK)
		cli_note(cli, "revoked %s", words->items[0]);
	json_view_free(override);
	buf_release(&path);
	return code;
}

static const struct command revoke = {
	.name = "revoke",
	.summary = "end an override before its time",
	.arguments = "ID",
	.examples = "  winnow override revoke 0f6bb3de-6d61-4a0c-8f0e-6a2a54d1c5f1\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_revoke,
};

/* ---- report ---- */

struct report_values {
	const char *from, *to;
};

#define FIELD(name) offsetof(struct report_values, name)

static const struct arg_spec report_options[] = {
	{"from", 0, ARG_TEXT, "TIME", 0, 0, FIELD(from), "only those made at this time or later"},
	{"to", 0, ARG_TEXT, "TIME", 0, 0, FIELD(to), "only those made before this time"},
};

#undef FIELD

static const struct table_column report_columns[] = {
	{"OF", TABLE_LEFT, 12, 0},
	{"TOTAL", TABLE_RIGHT, 0, 0},
	{"IN FORCE", TABLE_RIGHT, 0, 1},
	{"RIGHT", TABLE_RIGHT, 0, 0},
	{"WRONG", TABLE_RIGHT, 0, 0},
	{"WITHDRAWN", TABLE_RIGHT, 0, 0},
	{"OPEN", TABLE_RIGHT, 0, 0},
};

static void put_counts(struct table *table, const struct json_view *tally)
{
	static const char *const names[] = {
		"total", "in_force", "proved_right", "proved_wrong", "withdrawn", "open"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		table_number(table, json_view_number(tally, names[i]));
}

static void put_tallies(struct table *table, const struct json_view *report, const char *plural,
	const char *label, const char *key)
{
	const struct json_view *tallies = json_view_get(report, plural);

	for (size_t i = 0; i < json_view_count(tallies); i++) {
		const struct json_view *tally = json_view_at(tallies, i);
		struct str word = json_view_text(tally, key);

		if (!json_view_get(tally, key))
			table_printf(table, "no %s", label);
		else if (word.ptr)
			table_printf(table, "%s %.*s", label, STR_ARG(word));
		else
			table_printf(
				table, "%s %lld", label, (long long)json_view_int(tally, key, 0));
		put_counts(table, tally);
	}
}

static enum cli_exit show_report(const struct cli *cli, const struct json_view *report)
{
	struct table table;
	enum cli_exit code;

	table_init(&table, report_columns, sizeof report_columns / sizeof report_columns[0]);
	table_put(&table, STR("all"));
	put_counts(&table, report);
	put_tallies(&table, report, "by_kind", "kind", "kind");
	put_tallies(&table, report, "by_model", "model", "model_version");
	put_tallies(&table, report, "by_team", "team", "team");
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

/* Told before the server is asked; a day without a time is its midnight, UTC. */
static enum cli_exit put_bound(struct buf *path, const char *key, const char *text)
{
	int64_t at_us;
	char time[32];

	if (!text)
		return CLI_OK;
	if (!decision_parse_until(text, &at_us)) {
		cli_error("'%s' is no time: give 2027-01-31, or 2027-01-31T12:00:00Z", text);
		return CLI_USAGE;
	}
	url_query(path, key, str_from(time_to_text(at_us, time)));
	return CLI_OK;
}

static enum cli_exit run_report(struct cli *cli, const void *given, const struct words *words)
{
	const struct report_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *report = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/overrides/report");

	(void)words;
	if (code == CLI_OK)
		code = put_bound(&path, "from", values->from);
	if (code == CLI_OK)
		code = put_bound(&path, "to", values->to);
	if (code == CLI_OK)
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &report);
	if (report)
		code = show_report(cli, report);
	json_view_free(report);
	buf_release(&path);
	return code;
}

static const struct command report = {
	.name = "report",
	.summary = "count overrides, and tell how they proved",
	.examples = "  winnow override report\n"
		    "  winnow override report --from 2026-10-01 --to 2027-01-01\n",
	.details =
		"An override that moved its item up proved right when the item was done while it\n"
		"was in force, and wrong when the item was dropped, or not finished at the end;\n"
		"one that moved it down the other way round.\n",
	COMMAND_OPTIONS(report_options),
	.values_bytes = sizeof(struct report_values),
	.run = run_report,
};

const struct command command_override = {
	.name = "override",
	.summary = "decide against the order, for a reason and for a while",
	.members = (const struct command *const[]){&add, &list, &show, &revoke, &report, NULL},
};

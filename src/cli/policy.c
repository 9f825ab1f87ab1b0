/*
 * winnow policy: the versions of the rules that no score can beat, and which of them is in force.
 */
#include <math.h>
#include <stddef.h>

#include "base/num.h"
#include "cli/card.h"
#include "cli/versions.h"
#include "codec/json_writer.h"

enum { POLICY_BYTES = 1024 * 1024 };

static const struct table_column list_columns[] = {
	{"VERSION", TABLE_RIGHT, 0, 0},
	{"ALIAS", TABLE_LEFT, 0, 0},
	{"NAME", TABLE_LEFT, 12, 0},
	{"RULES", TABLE_RIGHT, 0, 0},
	{"REVISION", TABLE_RIGHT, 0, 1},
};

static void put_cells(struct table *table, const struct json_view *policy)
{
	table_put(table, json_view_text(policy, "name"));
	table_number(table, (double)json_view_count(json_view_get(policy, "rules")));
	table_number(table, json_view_number(policy, "revision"));
}

static const struct versions policies = {
	.noun = "policy",
	.plural = "policies",
	.aliases = "/policy-aliases/",
	.move = "winnow policy activate",
	.none = "none",
	.columns = list_columns,
	.column_count = sizeof list_columns / sizeof list_columns[0],
	.put_cells = put_cells,
};

static enum cli_exit run_list(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	(void)words;
	return versions_list(cli, &policies);
}

static const struct command list = {
	.name = "list",
	.summary = "list the versions, newest first, and where the aliases point",
	.examples = "  winnow policy list\n",
	.run = run_list,
};

/* ---- show ---- */

static const struct table_column rule_columns[] = {
	{"RULE", TABLE_LEFT, 10, 0},
	{"EFFECT", TABLE_LEFT, 12, 0},
	{"WHEN", TABLE_LEFT, 16, 1},
	{"REASON", TABLE_LEFT, 16, 0},
};

/* "limit at_most 2 top 20 per team": what is as usual is not said. */
static void put_effect(struct buf *out, const struct json_view *rule)
{
	static const char *const numbers[] = {"at_most", "at_least", "top", "rank"};
	static const struct {
		const char *key, *usual;
	} words[] = {{"band", NULL}, {"calendar", NULL}, {"per", "workspace"}, {"count", "items"},
		{"mode", "enforce"}, {"from", NULL}, {"until", NULL}};

	buf_str(out, json_view_text(rule, "effect"));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		double number = json_view_number(rule, numbers[i]);

		if (isnan(number))
			continue;
		buf_printf(out, " %s ", numbers[i]);
		num_format(out, number);
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct str word = json_view_text(rule, words[i].key);

		if (!word.ptr || (words[i].usual && str_is(word, words[i].usual)))
			continue;
		buf_printf(out, " %s ", words[i].key);
		buf_str(out, word);
	}
}

static void put_names(struct buf *out, const char *what, const struct json_view *names)
{
	if (json_view_count(names) == 0)
		return;
	buf_puts(out, what);
	cli_join(out, names);
}

/* "version 4 for streams incident", of a policy that was put together. */
static void show_parts(const struct json_view *parts)
{
	for (size_t i = 0; i < json_view_count(parts); i++) {
		const struct json_view *part = json_view_at(parts, i);
		struct buf text = BUF_INIT;

		buf_printf(&text, "version %lld", (long long)json_view_int(part, "policy", 0));
		if (i + 1 == json_view_count(parts))
			buf_puts(&text, " for the rest");
		put_names(&text, " for streams ", json_view_get(part, "streams"));
		put_names(&text, " for teams ", json_view_get(part, "teams"));
		cli_print_pair("part", buf_view(&text));
		buf_release(&text);
	}
}

static enum cli_exit show_policy(const struct cli *cli, const struct json_view *policy)
{
	const struct json_view *rules = json_view_get(policy, "rules");
	struct buf text = BUF_INIT;
	struct table table;
	enum cli_exit code;

	versions_print_head(policy);
	show_parts(json_view_get(policy, "split"));
	cli_printf("\n");
	table_init(&table, rule_columns, sizeof rule_columns / sizeof rule_columns[0]);
	for (size_t i = 0; i < json_view_count(rules); i++) {
		const struct json_view *rule = json_view_at(rules, i);

		table_put(&table, json_view_text(rule, "id"));
		buf_reset(&text);
		put_effect(&text, rule);
		table_put(&table, buf_view(&text));
		buf_reset(&text);
		json_view_write(&text, json_view_get(rule, "when"));
		table_put(&table, buf_view(&text));
		table_put(&table, json_view_text(rule, "reason"));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	buf_release(&text);
	return code;
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct json_view *policy;
	enum cli_exit code = versions_get(cli, &policies, words, &policy);

	(void)values;
	if (policy)
		code = show_policy(cli, policy);
	json_view_free(policy);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show a version's rules; the active one unless named",
	.arguments = "[VERSION]",
	.examples = "  winnow policy show\n"
		    "  winnow policy show 2 --json > policy.json\n",
	.max_words = 1,
	.run = run_show,
};

/* ---- create ---- */

struct create_values {
	const char *preset;
};

static const struct arg_spec create_options[] = {
	{"preset", 0, ARG_TEXT, "NAME", 0, 0, offsetof(struct create_values, preset),
		"a policy that ships with the server instead of FILE: field_guards"},
};

static enum cli_exit run_create(struct cli *cli, const void *given, const struct words *words)
{
	const struct create_values *values = given;

	return versions_create_from(cli, &policies, words, values->preset, POLICY_BYTES);
}

static const struct command create = {
	.name = "create",
	.summary = "add a version; prints its number",
	.arguments = "[FILE]",
	.examples = "  winnow policy create policy.json\n"
		    "  winnow policy create --preset field_guards\n",
	.details =
		"FILE is a policy in JSON; - is standard input. A version never changes, and none\n"
		"is in force before it is activated. A policy that is a version already gives\n"
		"that version's number. For one version on chosen streams or teams and another on\n"
		"the rest, FILE has name and split instead of rules.\n",
	COMMAND_OPTIONS(create_options),
	.values_bytes = sizeof(struct create_values),
	.max_words = 1,
	.run = run_create,
};

/* ---- activate ---- */

static enum cli_exit run_activate(struct cli *cli, const void *given, const struct words *words)
{
	const struct versions_alias *values = given;

	return versions_move(cli, &policies, values->alias, words->items[0]);
}

static const struct command activate = {
	.name = "activate",
	.summary = "put a version in force, an older one back, or none",
	.arguments = "VERSION|none",
	.examples = "  winnow policy activate 2\n"
		    "  winnow policy activate none\n"
		    "  winnow policy activate 3 --alias candidate\n",
	COMMAND_OPTIONS(versions_alias_option),
	.values_bytes = sizeof(struct versions_alias),
	.defaults = &(const struct versions_alias){.alias = "active"},
	.min_words = 1,
	.max_words = 1,
	.run = run_activate,
};

/* ---- check ---- */

struct check_values {
	const char *preset;
	int64_t top;
};

static const struct arg_spec check_options[] = {
	{"preset", 0, ARG_TEXT, "NAME", 0, 0, offsetof(struct check_values, preset),
		"a policy that ships with the server instead of FILE: field_guards"},
	{"top", 0, ARG_INT, "N", 1, 500, offsetof(struct check_values, top),
		"how many of the first places are compared (20)"},
};

static const struct table_column effect_columns[] = {
	{"RULE", TABLE_LEFT, 10, 0},
	{"EFFECT", TABLE_LEFT, 0, 1},
	{"HITS", TABLE_RIGHT, 0, 0},
	{"OUT", TABLE_RIGHT, 0, 0},
	{"HELD", TABLE_RIGHT, 0, 0},
	{"PINNED", TABLE_RIGHT, 0, 0},
	{"BANDS", TABLE_RIGHT, 0, 0},
	{"MOVED", TABLE_RIGHT, 0, 0},
};

static enum cli_exit show_effects(const struct cli *cli, const struct json_view *rules)
{
	static const char *const counts[] = {
		"hits", "out", "held", "pinned", "band_changed", "moved"};
	struct table table;
	enum cli_exit code;

	table_init(&table, effect_columns, sizeof effect_columns / sizeof effect_columns[0]);
	for (size_t i = 0; i < json_view_count(rules); i++) {
		const struct json_view *rule = json_view_at(rules, i);

		table_put(&table, json_view_text(rule, "id"));
		table_put(&table, json_view_text(rule, "effect"));
		for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
			table_number(&table, json_view_number(rule, counts[k]));
	}
	code = cli_print_table(cli, &table, false);
	table_release(&table);
	return code;
}

static void show_conflicts(const struct json_view *conflicts)
{
	for (size_t i = 0; i < json_view_count(conflicts); i++) {
		const struct json_view *conflict = json_view_at(conflicts, i);
		struct buf text = BUF_INIT;

		buf_str(&text, json_view_text(conflict, "holds"));
		buf_puts(&text, " holds, ");
		buf_str(&text, json_view_text(conflict, "yields"));
		buf_printf(&text, " yields: %lld items",
			(long long)json_view_int(conflict, "count", 0));
		cli_print_pair("conflict", buf_view(&text));
		buf_release(&text);
	}
}

static enum cli_exit show_check(const struct cli *cli, const struct json_view *checked)
{
	const struct json_view *churn = json_view_get(checked, "churn");
	struct buf text = BUF_INIT;
	enum cli_exit code = show_effects(cli, json_view_get(checked, "rules"));

	cli_printf("\n");
	buf_printf(&text, "%lld items", (long long)json_view_int(checked, "moved_count", 0));
	cli_print_pair("moved", buf_view(&text));
	buf_reset(&text);
	buf_printf(&text, "%lld in, %lld out of the first %lld",
		(long long)json_view_int(churn, "entered", 0),
		(long long)json_view_int(churn, "left", 0),
		(long long)json_view_int(churn, "top", 0));
	cli_print_pair("churn", buf_view(&text));
	buf_reset(&text);
	cli_put_ratio(&text, json_view_number(checked, "tau"));
	cli_print_pair("tau", buf_view(&text));
	buf_reset(&text);
	buf_printf(&text, "%lld", (long long)json_view_int(checked, "breach_count", 0));
	cli_print_pair("breaches", buf_view(&text));
	buf_release(&text);
	show_conflicts(json_view_get(checked, "conflicts"));
	return code;
}

/* What the server is to check: a version, a preset, or a policy of the client's own. */
static enum cli_exit put_checked(
	struct buf *out, const struct check_values *values, const struct words *words)
{
	struct buf policy = BUF_INIT;
	struct json_writer json;
	enum cli_exit code = CLI_OK;
	uint64_t version;

	if (values->preset)
		versions_put_preset(&policy, values->preset);
	else if (num_parse_u64(str_from(words->items[0]), &version))
		buf_printf(&policy, "%llu", (unsigned long long)version);
	else
		code = cli_read_file(words->items[0], POLICY_BYTES, &policy);
	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "policy", raw, buf_view(&policy));
	json_put(&json, "top", int, values->top);
	json_object_end(&json);
	if (code == CLI_OK && (policy.failed || out->failed))
		code = cli_no_memory();
	buf_release(&policy);
	return code;
}

static enum cli_exit run_check(struct cli *cli, const void *given, const struct words *words)
{
	const struct check_values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_view *checked = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, "/policies:check");

	if (code == CLI_OK && words->count + (values->preset != NULL) != 1) {
		cli_error("policy check needs one of FILE, VERSION and --preset");
		code = CLI_USAGE;
	}
	if (code == CLI_OK)
		code = put_checked(&body, values, words);
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, &body, &checked);
	if (checked && cli->config.json) {
		struct buf text = BUF_INIT;

		json_view_write(&text, checked);
		cli_print_body(&text);
		buf_release(&text);
	} else if (checked) {
		code = show_check(cli, checked);
	}
	json_view_free(checked);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command check = {
	.name = "check",
	.summary = "tell what a policy would change, writing nothing",
	.arguments = "[FILE|VERSION]",
	.examples = "  winnow policy check policy.json\n"
		    "  winnow policy check --preset field_guards --top 50\n"
		    "  winnow policy check 3\n",
	.details =
		"FILE is a policy in JSON; - is standard input. For each rule: how many items it\n"
		"hits, takes out, holds and pins, whose band it changes, and how many stand\n"
		"elsewhere because of it.\n",
	COMMAND_OPTIONS(check_options),
	.values_bytes = sizeof(struct check_values),
	.defaults = &(const struct check_values){.top = 20},
	.max_words = 1,
	.run = run_check,
};

const struct command command_policy = {
	.name = "policy",
	.summary = "list, show, create, check and activate policy versions; their cards",
	.members = (const struct command *const[]){&list, &show, &create, &check, &activate,
		&policy_card_command, NULL},
};

/*
 * winnow findings: what is wrong with the backlog, the policy or the overrides.
 */
#include "base/num.h"
#include "cli/commands.h"
#include "cli/url.h"

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 500 };

struct findings_values {
	int64_t limit, min_revision, after;
	bool wide, history, changes;
};

#define FIELD(name) offsetof(struct findings_values, name)

static const struct arg_spec options[] = {
	{"limit", 'l', ARG_INT, "N", 1, MAX_LIMIT, FIELD(limit),
		"at most so many of each sort (50)"},
	{"min-revision", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(min_revision),
		"wait until the queue reflects this revision"},
	{"history", 0, ARG_FLAG, NULL, 0, 0, FIELD(history),
		"what history tells, instead of what the newest ranking met"},
	{"changes", 0, ARG_FLAG, NULL, 0, 0, FIELD(changes),
		"which appeared and which are gone, of the kinds that the settings ask for"},
	{"after", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(after),
		"with --changes: what was told after this revision"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing"},
};

static const struct table_column columns[] = {
	{"FINDING", TABLE_LEFT, 0, 0},
	{"WHERE", TABLE_LEFT, 16, 0},
	{"WHAT", TABLE_LEFT, 30, 0},
};

static struct str id_of(const struct json_view *finding, const char *rule)
{
	return json_view_text(json_view_get(finding, rule), "id");
}

static void put_cycle(struct table *table, const struct json_view *cycle)
{
	const struct json_view *members = json_view_get(cycle, "members");
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_view_count(members); i++)
		buf_printf(&text, "%s%.*s", i > 0 ? ", " : "",
			STR_ARG(json_view_text(json_view_at(members, i), "external_id")));
	table_put(table, STR("cycle"));
	table_put(table, buf_view(&text));
	table_printf(table, "%lld items block each other in a circle",
		(long long)json_view_int(cycle, "items", 0));
	buf_release(&text);
}

static void put_dangling(struct table *table, const struct json_view *dangling)
{
	const struct json_view *blocker = json_view_get(dangling, "blocker");

	table_put(table, STR("blocker"));
	table_put(table, json_view_text(json_view_get(dangling, "item"), "external_id"));
	table_printf(table, "waits for %.*s/%.*s, which is %.*s",
		STR_ARG(json_view_text(blocker, "source")),
		STR_ARG(json_view_text(blocker, "external_id")),
		STR_ARG(json_view_text(dangling, "state")));
}

static void put_contradiction(struct table *table, const struct json_view *conflict)
{
	table_put(table, STR("contradiction"));
	table_put(table, id_of(conflict, "yields"));
	table_printf(table, "yields to %.*s on %lld items", STR_ARG(id_of(conflict, "holds")),
		(long long)json_view_int(conflict, "items", 0));
}

static void put_breach(struct table *table, const struct json_view *breach)
{
	bool warned = json_view_bool(breach, "warned", false);
	struct str item = json_view_text(json_view_get(breach, "item"), "external_id");

	table_put(table, warned ? STR("warning") : STR("breach"));
	table_put(table, id_of(breach, "rule"));
	if (item.len > 0)
		table_printf(table, "broken at rank %lld by %.*s",
			(long long)json_view_int(breach, "rank", 0), STR_ARG(item));
	else
		table_printf(table, "not met in the top %lld",
			(long long)json_view_int(breach, "rank", 0));
}

static void put_override(struct table *table, const struct json_view *override)
{
	const struct json_view *by = json_view_get(json_view_get(override, "effect"), "by");
	struct str rule = id_of(by, "rule"), other = json_view_text(by, "override");
	struct str item = json_view_text(json_view_get(by, "item"), "external_id");

	table_put(table, STR("override"));
	table_put(table, json_view_text(json_view_get(override, "item"), "external_id"));
	if (rule.len > 0)
		table_printf(table, "its %.*s is defeated by rule %.*s",
			STR_ARG(json_view_text(override, "kind")), STR_ARG(rule));
	else if (item.len > 0)
		table_printf(table, "its %.*s is defeated by blocker %.*s",
			STR_ARG(json_view_text(override, "kind")), STR_ARG(item));
	else
		table_printf(table, "its %.*s is defeated by override %.*s",
			STR_ARG(json_view_text(override, "kind")), STR_ARG(other));
}

static void put_clock(struct table *table, const struct json_view *finding, const char *what)
{
	const struct json_view *sla = json_view_get(finding, "sla");
	struct buf text = BUF_INIT;

	num_format(&text, json_view_number(sla, "left_hours"));
	table_put(table, str_from(what));
	table_put(table, json_view_text(json_view_get(finding, "item"), "external_id"));
	table_printf(table, "%.*s hours left by rule %.*s", STR_ARG(buf_view(&text)),
		STR_ARG(json_view_text(sla, "rule")));
	buf_release(&text);
}

static void put_overdue(struct table *table, const struct json_view *finding)
{
	put_clock(table, finding, "SLA breached");
}

static void put_due_soon(struct table *table, const struct json_view *finding)
{
	put_clock(table, finding, "SLA due soon");
}

static const struct {
	const char *name;
	void (*put)(struct table *table, const struct json_view *finding);
} sorts[] = {
	{"cycles", put_cycle},
	{"dangling_blockers", put_dangling},
	{"contradictions", put_contradiction},
	{"breaches", put_breach},
	{"defeated_overrides", put_override},
	{"sla_breached", put_overdue},
	{"sla_due_soon", put_due_soon},
};

/* ---- of history ---- */

/* "name value", of an object's members, each text or number. */
static void put_members(struct buf *out, const struct json_view *object)
{
	void *cursor = NULL;
	const struct json_view *value;
	struct str key;

	while (json_view_next(object, &cursor, &key, &value)) {
		struct str text = json_view_as_text(value);

		if (json_view_get(value, "external_id"))
			text = json_view_text(value, "external_id");
		buf_puts(out, out->len > 0 ? ", " : "");
		buf_printf(out, "%.*s ", STR_ARG(key));
		if (text.ptr)
			buf_str(out, text);
		else
			num_format(out, json_view_as_number(value));
	}
}

static void put_of_history(struct table *table, const struct json_view *finding)
{
	struct buf subject = BUF_INIT, evidence = BUF_INIT;

	put_members(&subject, json_view_get(finding, "subject"));
	put_members(&evidence, json_view_get(finding, "evidence"));
	table_put(table, json_view_text(finding, "kind"));
	table_put(table, buf_view(&subject));
	table_put(table, buf_view(&evidence));
	buf_release(&subject);
	buf_release(&evidence);
}

static enum cli_exit show_history(const struct cli *cli, const struct json_view *answer, bool wide)
{
	const struct json_view *findings = json_view_get(answer, "findings");
	struct table table;
	enum cli_exit code = CLI_OK;

	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < json_view_count(findings); i++)
		put_of_history(&table, json_view_at(findings, i));
	if (json_view_count(findings) == 0)
		cli_note(cli, "nothing is found to be wrong");
	else
		code = cli_print_table(cli, &table, wide);
	table_release(&table);
	return code;
}

/* ---- what appeared and what is gone ---- */

static const struct table_column change_columns[] = {
	{"REVISION", TABLE_RIGHT, 0, 0},
	{"AT", TABLE_LEFT, 0, 0},
	{"CHANGE", TABLE_LEFT, 0, 0},
	{"FINDING", TABLE_LEFT, 0, 0},
	{"WHERE", TABLE_LEFT, 24, 0},
};

static enum cli_exit show_changes(const struct cli *cli, const struct json_view *answer, bool wide)
{
	const struct json_view *changes = json_view_get(answer, "changes");
	struct table table;
	enum cli_exit code = CLI_OK;

	table_init(&table, change_columns, sizeof change_columns / sizeof change_columns[0]);
	for (size_t i = 0; i < json_view_count(changes); i++) {
		const struct json_view *change = json_view_at(changes, i);
		struct buf subject = BUF_INIT;

		put_members(&subject, json_view_get(change, "subject"));
		table_printf(&table, "%lld", (long long)json_view_int(change, "revision", 0));
		table_put(&table, json_view_text(change, "at"));
		table_put(&table, json_view_text(change, "change"));
		table_put(&table, json_view_text(change, "kind"));
		table_put(&table, buf_view(&subject));
		buf_release(&subject);
	}
	if (json_view_count(changes) == 0)
		cli_note(cli, "nothing was told");
	else
		code = cli_print_table(cli, &table, wide);
	if (code == CLI_OK && json_view_get(answer, "next"))
		cli_note(cli, "there are more: go on with --after, or a greater --limit");
	table_release(&table);
	return code;
}

/* ---- the command ---- */

static enum cli_exit show(const struct cli *cli, const struct json_view *findings, bool wide)
{
	const struct json_view *counts = json_view_get(findings, "counts");
	struct table table;
	enum cli_exit code = CLI_OK;
	int64_t total = 0, shown = 0;

	table_init(&table, columns, sizeof columns / sizeof columns[0]);
	for (size_t s = 0; s < sizeof sorts / sizeof sorts[0]; s++) {
		const struct json_view *list = json_view_get(findings, sorts[s].name);

		for (size_t i = 0; i < json_view_count(list); i++)
			sorts[s].put(&table, json_view_at(list, i));
		shown += (int64_t)json_view_count(list);
		total += json_view_int(counts, sorts[s].name, 0);
	}
	if (shown == 0)
		cli_note(cli, "nothing is found to be wrong");
	else
		code = cli_print_table(cli, &table, wide);
	if (code == CLI_OK && total > shown)
		cli_note(cli, "%lld of %lld findings", (long long)shown, (long long)total);
	table_release(&table);
	return code;
}

static const char *path_of(const struct findings_values *values)
{
	if (values->changes)
		return "/findings/changes";
	return values->history ? "/findings/history" : "/findings";
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct findings_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *findings = NULL;
	enum cli_exit code = cli_workspace_path(cli, &path, path_of(values));

	(void)words;
	if (code == CLI_OK) {
		url_query_int(&path, "limit", values->limit);
		if (values->min_revision >= 0)
			url_query_int(&path, "min_revision", values->min_revision);
		if (values->changes)
			url_query_int(&path, "after", values->after);
		code = path.failed ? cli_no_memory() : cli_get(cli, path.data, &findings);
	}
	if (findings && values->changes)
		code = show_changes(cli, findings, values->wide);
	else if (findings && values->history)
		code = show_history(cli, findings, values->wide);
	else if (findings)
		code = show(cli, findings, values->wide);
	json_view_free(findings);
	buf_release(&path);
	return code;
}

const struct command command_findings = {
	.name = "findings",
	.summary = "show cycles, dangling blockers, rules and overrides that cannot hold, and SLAs",
	.examples = "  winnow findings\n"
		    "  winnow findings --history\n"
		    "  winnow findings --changes --after 41\n"
		    "  winnow findings --json | jq .counts\n",
	.details =
		"What the newest ranking met; the order stands all the same. With --history "
		"lanes and\n"
		"shares, what is overdue, stale or due to be scored again, and signals that "
		"jump.\n"
		"With --changes what was told when it appeared and when it was gone, of the kinds "
		"that\n"
		"the settings name (finding_events).\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct findings_values),
	.defaults = &(const struct findings_values){.limit = DEFAULT_LIMIT, .min_revision = -1},
	.run = run,
};

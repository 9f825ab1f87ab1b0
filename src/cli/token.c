/*
 * winnow token: who may do what. A secret is printed once, alone on standard output, so that it
 * can go into a file without passing anybody's eyes.
 */
#include <string.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { PAGE = 1000, MAX_DAYS = 730 };

/* Of the workspace at hand, or of the system workspace. */
static enum cli_exit tokens_path(const struct cli *cli, bool operators, struct buf *path)
{
	if (!operators)
		return cli_workspace_path(cli, path, "/tokens");
	buf_puts(path, "/v1/tokens");
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* "--role reader,auditor" is "--role reader --role auditor". */
static void put_texts(struct json_writer *json, const char *key, const struct arg_list *list)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < list->count; i++) {
		const char *at = list->items[i];

		while (strchr(at, ',')) {
			size_t len = strcspn(at, ",");

			json_str(json, (struct str){at, len});
			at += len + 1;
		}
		json_text(json, at);
	}
	json_array_end(json);
}

/* ---- create ---- */

struct create_values {
	const char *label, *actor_kind, *person;
	struct arg_list roles, sources;
	int64_t days;
	bool operators;
};

#define FIELD(name) offsetof(struct create_values, name)

static const struct arg_spec create_options[] = {
	{"label", 'l', ARG_TEXT, "TEXT", 0, 0, FIELD(label), "what it is for (required)"},
	{"role", 'r', ARG_LIST, "ROLE", 0, 0, FIELD(roles),
		"reader, contributor, reviewer, admin, auditor; several with commas"},
	{"source", 's', ARG_LIST, "NAME", 0, 0, FIELD(sources),
		"a source that a contributor may write for, * for any; several with commas"},
	{"days", 'd', ARG_INT, "N", 1, MAX_DAYS, FIELD(days), "how long it is valid (90)"},
	{"actor-kind", 'k', ARG_TEXT, "KIND", 0, 0, FIELD(actor_kind),
		"who acts through it: human, service or agent (service)"},
	{"person", 0, ARG_TEXT, "ID", 0, 0, FIELD(person),
		"an opaque id of who holds it, the same for all tokens of a person"},
	{"operator", 0, ARG_FLAG, NULL, 0, 0, FIELD(operators),
		"an operator's token, of no workspace"},
};

#undef FIELD

static enum cli_exit check_create(const struct create_values *values)
{
	if (!values->label) {
		cli_error("a token needs a --label that says what it is for");
		return CLI_USAGE;
	}
	if (values->operators && (values->roles.count > 0 || values->sources.count > 0)) {
		cli_error("--operator is the role; it takes no --role and no --source");
		return CLI_USAGE;
	}
	if (!values->operators && values->roles.count == 0) {
		cli_error("what may it do? Give --role, or --operator");
		return CLI_USAGE;
	}
	return CLI_OK;
}

static void create_body(const struct create_values *values, struct buf *body)
{
	struct json_writer json;

	json_writer_init(&json, body);
	json_object_begin(&json);
	json_put(&json, "label", text, values->label);
	if (!values->operators)
		put_texts(&json, "roles", &values->roles);
	if (values->sources.count > 0)
		put_texts(&json, "sources", &values->sources);
	if (values->actor_kind)
		json_put(&json, "actor_kind", text, values->actor_kind);
	if (values->person)
		json_put(&json, "person", text, values->person);
	if (values->days > 0)
		json_put(&json, "expires_in_days", int, values->days);
	json_object_end(&json);
}

static void show_created(const struct cli *cli, const struct json_view *token)
{
	struct str secret = json_view_text(token, "secret");
	struct buf roles = BUF_INIT;

	cli_join(&roles, json_view_get(token, "roles"));
	cli_note(cli, "token %.*s (%.*s), valid until %.*s", STR_ARG(json_view_text(token, "id")),
		STR_ARG(buf_view(&roles)), STR_ARG(json_view_text(token, "expires_at")));
	buf_release(&roles);
	if (secret.len == 0) {
		cli_error("the secret was shown when the token was created, and not again");
		return;
	}
	cli_note(cli, "its secret is shown this once:");
	cli_write(secret);
	cli_write(STR("\n"));
}

static enum cli_exit run_create(struct cli *cli, const void *given, const struct words *words)
{
	const struct create_values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_view *token = NULL;
	enum cli_exit code = check_create(values);

	(void)words;
	if (code == CLI_OK)
		code = tokens_path(cli, values->operators, &path);
	if (code == CLI_OK) {
		create_body(values, &body);
		code = cli_send_json(cli, "POST", path.data, &body, &token);
	}
	if (code == CLI_OK && cli->config.json)
		cli_print_json(token);
	else if (code == CLI_OK)
		show_created(cli, token);
	json_view_free(token);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command create = {
	.name = "create",
	.summary = "create a token; prints its secret, once",
	.examples =
		"  umask 077; winnow token create --label ci --role contributor --source github > "
		"ci.token\n"
		"  winnow token create --label dashboard --role reader --days 365\n"
		"  winnow token create --label triage-bot --role contributor,reviewer --source '*' "
		"--actor-kind agent\n"
		"  winnow token create --label 'second operator' --operator\n",
	COMMAND_OPTIONS(create_options),
	.values_bytes = sizeof(struct create_values),
	.run = run_create,
};

/* ---- list ---- */

struct list_values {
	bool operators;
};

static const struct arg_spec list_options[] = {
	{"operator", 0, ARG_FLAG, NULL, 0, 0, offsetof(struct list_values, operators),
		"operators' tokens"},
};

static const struct table_column columns[] = {
	{"ID", TABLE_LEFT, 0, 0},
	{"LABEL", TABLE_LEFT, 12, 0},
	{"ACTOR", TABLE_LEFT, 0, 0},
	{"ROLES", TABLE_LEFT, 8, 0},
	{"SOURCES", TABLE_LEFT, 8, 1},
	{"STATE", TABLE_LEFT, 0, 0},
	{"EXPIRES", TABLE_LEFT, 0, 0},
};

static struct str state_of(const struct json_view *token)
{
	int64_t expires_us;

	if (json_view_text(token, "revoked_at").len > 0)
		return STR("revoked");
	if (time_parse_rfc3339(json_view_text(token, "expires_at"), &expires_us) &&
		expires_us <= clock_now_us(&clock_system))
		return STR("expired");
	return STR("valid");
}

/* To the second: fractions are noise here. */
static void put_time(struct table *table, struct str time)
{
	int64_t at_us;
	char text[32];

	if (time_parse_rfc3339(time, &at_us))
		table_put(table, str_from(time_to_text(at_us - at_us % US_PER_S, text)));
	else
		table_put(table, time);
}

static void put_joined(struct table *table, const struct json_view *texts)
{
	struct buf text = BUF_INIT;

	cli_join(&text, texts);
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *tokens = json_view_get(page, "tokens");

	(void)enough;
	for (size_t i = 0; i < json_view_count(tokens); i++) {
		const struct json_view *token = json_view_at(tokens, i);

		table_put(table, json_view_text(token, "id"));
		table_put(table, json_view_text(token, "label"));
		table_put(table, json_view_text(token, "actor_kind"));
		put_joined(table, json_view_get(token, "roles"));
		put_joined(table, json_view_get(token, "sources"));
		table_put(table, state_of(token));
		put_time(table, json_view_text(token, "expires_at"));
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *given, const struct words *words)
{
	static const struct page_rows rows = {
		"tokens", columns, sizeof columns / sizeof columns[0], add_page};
	const struct list_values *values = given;
	struct buf path = BUF_INIT;
	enum cli_exit code = tokens_path(cli, values->operators, &path);

	(void)words;
	url_query_int(&path, "limit", PAGE);
	if (code == CLI_OK)
		code = pages_show(cli, &path, &rows, false);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list tokens, revoked and expired ones too",
	.examples = "  winnow token list\n"
		    "  winnow token list --operator --json\n",
	COMMAND_OPTIONS(list_options),
	.values_bytes = sizeof(struct list_values),
	.run = run_list,
};

/* ---- revoke ---- */

static enum cli_exit run_revoke(struct cli *cli, const void *given, const struct words *words)
{
	const struct list_values *values = given;
	struct buf path = BUF_INIT;
	struct json_view *none = NULL;
	enum cli_exit code = tokens_path(cli, values->operators, &path);

	if (code == CLI_OK) {
		buf_putc(&path, '/');
		url_segment(&path, str_from(words->items[0]));
		code = path.failed ? cli_no_memory()
				   : cli_send_json(cli, "DELETE", path.data, NULL, &none);
	}
	if (code == CLI_OK)
		cli_note(cli, "revoked %s", words->items[0]);
	json_view_free(none);
	buf_release(&path);
	return code;
}

static const struct arg_spec revoke_options[] = {
	{"operator", 0, ARG_FLAG, NULL, 0, 0, offsetof(struct list_values, operators),
		"an operator's token"},
};

static const struct command revoke = {
	.name = "revoke",
	.summary = "revoke a token, within a second everywhere",
	.arguments = "ID",
	.examples = "  winnow token revoke 6f1c1c2e-6a4e-4f57-9b8e-2f8c5d0c7a11\n",
	COMMAND_OPTIONS(revoke_options),
	.values_bytes = sizeof(struct list_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_revoke,
};

/* ---- grant ---- */

struct grant_values {
	struct arg_list roles, sources;
	const char *expires_at;
	bool withdraw;
};

#define FIELD(name) offsetof(struct grant_values, name)

static const struct arg_spec grant_options[] = {
	{"role", 'r', ARG_LIST, "ROLE", 0, 0, FIELD(roles),
		"reader, contributor, reviewer, admin, auditor; several with commas"},
	{"source", 's', ARG_LIST, "NAME", 0, 0, FIELD(sources),
		"a source that it may write for as a contributor, * for any; several with commas"},
	{"expires-at", 0, ARG_TEXT, "TIME", 0, 0, FIELD(expires_at),
		"until when, such as 2027-01-31T00:00:00Z"},
	{"withdraw", 0, ARG_FLAG, NULL, 0, 0, FIELD(withdraw), "take all roles back"},
};

#undef FIELD

static void grant_body(const struct grant_values *values, const char *token_id, struct buf *body)
{
	struct json_writer json;

	json_writer_init(&json, body);
	json_object_begin(&json);
	json_put(&json, "token_id", text, token_id);
	put_texts(&json, "roles", &values->roles);
	if (values->sources.count > 0)
		put_texts(&json, "sources", &values->sources);
	if (values->expires_at)
		json_put(&json, "expires_at", text, values->expires_at);
	json_object_end(&json);
}

static void tell_granted(const struct cli *cli, const struct json_view *grant)
{
	struct buf roles = BUF_INIT;

	cli_join(&roles, json_view_get(grant, "roles"));
	if (roles.len > 0)
		cli_note(cli, "token %.*s is %.*s in %s",
			STR_ARG(json_view_text(grant, "token_id")), STR_ARG(buf_view(&roles)),
			cli->config.workspace);
	else
		cli_note(cli, "token %.*s has no role in %s now",
			STR_ARG(json_view_text(grant, "token_id")), cli->config.workspace);
	buf_release(&roles);
}

static enum cli_exit run_grant(struct cli *cli, const void *given, const struct words *words)
{
	const struct grant_values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_view *granted = NULL;
	enum cli_exit code;

	if (values->withdraw == (values->roles.count > 0)) {
		cli_error("give --role, or --withdraw");
		return CLI_USAGE;
	}
	code = cli_workspace_path(cli, &path, "/grants");
	if (code == CLI_OK) {
		grant_body(values, words->items[0], &body);
		code = cli_send_json(cli, "POST", path.data, &body, &granted);
	}
	if (code == CLI_OK && cli->config.json)
		cli_print_json(granted);
	else if (code == CLI_OK)
		tell_granted(cli, granted);
	json_view_free(granted);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command grant = {
	.name = "grant",
	.summary = "give an operator's token roles in a workspace",
	.arguments = "TOKEN_ID",
	.examples = "  winnow token grant 6f1c1c2e-6a4e-4f57-9b8e-2f8c5d0c7a11 --role reader\n"
		    "  winnow token grant 6f1c1c2e-6a4e-4f57-9b8e-2f8c5d0c7a11 --withdraw\n",
	.details =
		"Replaces what the token was granted in this workspace before. It is written to\n"
		"the workspace's audit log.\n",
	COMMAND_OPTIONS(grant_options),
	.values_bytes = sizeof(struct grant_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_grant,
};

const struct command command_token = {
	.name = "token",
	.summary = "create, list, revoke and grant tokens",
	.members = (const struct command *const[]){&create, &list, &revoke, &grant, NULL},
};

/*
 * winnow proposals: changes that other people approve before they are done.
 */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/decisions.h"
#include "cli/effect.h"
#include "cli/named.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { PAGE = 100, BODY_BYTES = 4 * 1024 * 1024 };

static enum cli_exit proposal_path(
	const struct cli *cli, const char *id, const char *rest, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/proposals/");

	if (code != CLI_OK)
		return code;
	url_segment(path, str_from(id));
	buf_puts(path, rest);
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* ---- list ---- */

struct list_values {
	const char *state;
};

static const struct arg_spec list_options[] = {
	{"state", 's', ARG_TEXT, "STATE", 0, 0, offsetof(struct list_values, state),
		"open, applied, bypassed, rejected, withdrawn or expired; all unless given"},
};

static const struct table_column columns[] = {
	{"ID", TABLE_LEFT, 0, 0},
	{"STATE", TABLE_LEFT, 0, 0},
	{"CHANGE", TABLE_LEFT, 0, 0},
	{"APPROVALS", TABLE_LEFT, 0, 0},
	{"BY", TABLE_LEFT, 0, 1},
	{"EXPIRES", TABLE_LEFT, 0, 2},
	{"WHY", TABLE_LEFT, 16, 0},
};

static void put_approvals(struct table *table, const struct json_view *proposal)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%zu of %lld", json_view_count(json_view_get(proposal, "approvals")),
		(long long)json_view_int(proposal, "needed", 0));
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *proposals = json_view_get(page, "proposals");

	(void)enough;
	for (size_t i = 0; i < json_view_count(proposals); i++) {
		const struct json_view *proposal = json_view_at(proposals, i);

		table_put(table, json_view_text(proposal, "id"));
		table_put(table, json_view_text(proposal, "state"));
		table_put(table, json_view_text(proposal, "change"));
		put_approvals(table, proposal);
		table_put(table, json_view_text(proposal, "proposer_kind"));
		table_put(table, json_view_text(proposal, "expires_at"));
		table_put(table, json_view_text(proposal, "rationale"));
	}
	return CLI_OK;
}

static enum cli_exit run_list(struct cli *cli, const void *given, const struct words *words)
{
	static const struct page_rows rows = {
		"proposals", columns, sizeof columns / sizeof columns[0], add_page};
	const struct list_values *values = given;
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/proposals");

	(void)words;
	url_query_int(&path, "limit", PAGE);
	if (values->state)
		url_query(&path, "state", str_from(values->state));
	if (code == CLI_OK)
		code = pages_show(cli, &path, &rows, false);
	buf_release(&path);
	return code;
}

static const struct command list = {
	.name = "list",
	.summary = "list proposals, the newest first",
	.examples = "  winnow proposals list --state open\n"
		    "  winnow proposals list --state bypassed\n",
	COMMAND_OPTIONS(list_options),
	.values_bytes = sizeof(struct list_values),
	.run = run_list,
};

/* ---- show ---- */

static void put_change(struct buf *out, const struct json_view *proposal)
{
	buf_str(out, json_view_text(proposal, "change"));
	if (json_view_get(proposal, "name"))
		buf_printf(out, " %.*s", STR_ARG(json_view_text(proposal, "name")));
}

static void put_count(struct buf *out, const struct json_view *proposal)
{
	buf_printf(out, "%.*s, %zu of %lld approvals", STR_ARG(json_view_text(proposal, "state")),
		json_view_count(json_view_get(proposal, "approvals")),
		(long long)json_view_int(proposal, "needed", 0));
}

static void put_proposer(struct buf *out, const struct json_view *proposal)
{
	buf_printf(out, "%.*s, %.*s", STR_ARG(json_view_text(proposal, "proposer_kind")),
		STR_ARG(json_view_text(proposal, "proposed_by")));
}

static void put_approval(struct buf *out, const struct json_view *approval)
{
	buf_str(out, json_view_text(approval, "approver"));
	if (json_view_get(approval, "rationale"))
		buf_printf(out, ": %.*s", STR_ARG(json_view_text(approval, "rationale")));
}

static void put_end(struct buf *out, const struct json_view *end)
{
	buf_str(out, json_view_text(end, "by"));
	if (json_view_get(end, "result"))
		buf_printf(out, ", %.*s", STR_ARG(json_view_text(end, "result")));
	if (json_view_get(end, "rationale"))
		buf_printf(out, ": %.*s", STR_ARG(json_view_text(end, "rationale")));
}

static enum cli_exit show_effect(const struct cli *cli, const struct json_view *proposal)
{
	const struct json_view *now = json_view_get(proposal, "effect_now");
	const struct json_view *effect = now ? now : json_view_get(proposal, "effect");

	if (!effect) {
		cli_print_pair("effect", STR("not for this token"));
		return CLI_OK;
	}
	cli_print_pair("effect", now ? STR("on the newest ranking") : STR("as it was proposed"));
	return effect_show(cli, effect);
}

static enum cli_exit show_proposal(const struct cli *cli, const struct json_view *proposal)
{
	const struct json_view *approvals = json_view_get(proposal, "approvals");
	const struct json_view *end = json_view_get(proposal, "end");

	decision_print("change", proposal, put_change);
	decision_print("to", json_view_get(proposal, "body"), json_view_write);
	decision_print("state", proposal, put_count);
	decision_print("proposed by", proposal, put_proposer);
	cli_print_pair("because", json_view_text(proposal, "rationale"));
	cli_print_pair("expires", json_view_text(proposal, "expires_at"));
	cli_print_pair("digest", json_view_text(proposal, "digest"));
	for (size_t i = 0; i < json_view_count(approvals); i++)
		decision_print("approved by", json_view_at(approvals, i), put_approval);
	if (end) {
		decision_print("ended by", end, put_end);
		return CLI_OK;
	}
	return show_effect(cli, proposal);
}

static enum cli_exit run_show(struct cli *cli, const void *given, const struct words *words)
{
	struct buf path = BUF_INIT;
	struct json_view *proposal = NULL;
	enum cli_exit code = proposal_path(cli, words->items[0], "?refresh=true", &path);

	(void)given;
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &proposal);
	if (proposal)
		code = show_proposal(cli, proposal);
	json_view_free(proposal);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "show a proposal: what it is, what it would do, the digest that approves it",
	.arguments = "ID",
	.examples = "  winnow proposals show \"$id\"\n"
		    "  digest=$(winnow --json proposals show \"$id\" | jq -r .digest)\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* ---- add ---- */

struct add_values {
	const char *because, *name;
};

static const struct arg_spec add_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, offsetof(struct add_values, because),
		"why, in at least 10 characters (required)"},
	{"name", 'n', ARG_TEXT, "NAME", 0, 0, offsetof(struct add_values, name),
		"of the feature, calendar, business hours, launch or mapping"},
};

static void tell(const struct cli *cli, const struct json_view *proposal)
{
	cli_note(cli, "%.*s, %zu of %lld approvals, digest %.*s",
		STR_ARG(json_view_text(proposal, "state")),
		json_view_count(json_view_get(proposal, "approvals")),
		(long long)json_view_int(proposal, "needed", 0),
		STR_ARG(json_view_text(proposal, "digest")));
	cli_printf("%.*s\n", STR_ARG(json_view_text(proposal, "id")));
}

static enum cli_exit send(struct cli *cli, const struct buf *path, struct buf *body)
{
	struct json_view *proposal = NULL;
	enum cli_exit code = cli_send_json(cli, "POST", path->data, body, &proposal);

	if (code == CLI_OK && cli->config.json)
		cli_print_json(proposal);
	else if (code == CLI_OK)
		tell(cli, proposal);
	json_view_free(proposal);
	return code;
}

static enum cli_exit run_add(struct cli *cli, const void *given, const struct words *words)
{
	const struct add_values *values = given;
	struct buf path = BUF_INIT, body = BUF_INIT, change = BUF_INIT;
	struct json_writer json;
	enum cli_exit code;

	if (!values->because) {
		cli_error("a proposal says why: give --because");
		return CLI_USAGE;
	}
	code = cli_workspace_path(cli, &path, "/proposals");
	if (code == CLI_OK)
		code = cli_read_file(words->items[1], BODY_BYTES, &change);
	if (code == CLI_OK) {
		json_writer_init(&json, &body);
		json_object_begin(&json);
		json_put(&json, "change", text, words->items[0]);
		if (values->name)
			json_put(&json, "name", text, values->name);
		json_key(&json, "body");
		json_raw(&json, buf_view(&change));
		json_put(&json, "rationale", text, values->because);
		json_object_end(&json);
		code = send(cli, &path, &body);
	}
	buf_release(&change);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static const struct command add = {
	.name = "add",
	.summary = "propose a change; prints the proposal's id",
	.arguments = "CHANGE FILE",
	.examples = "  echo '{\"weights\": {\"user_impact\": 5}}' |\n"
		    "    winnow proposals add model - --because 'the better predictor'\n"
		    "  winnow proposals add feature effort.json --name effort --because 'new "
		    "bounds'\n",
	.details =
		"CHANGE is model, policy, feature, settings, override, calendar, business_hours, "
		"slas,\ncontract, launch, mapping or approval_rules. FILE says what is to be "
		"done, in\nJSON; - is standard input. An override is ended by {\"revoke\": "
		"\"ID\"}.\n",
	COMMAND_OPTIONS(add_options),
	.values_bytes = sizeof(struct add_values),
	.min_words = 2,
	.max_words = 2,
	.run = run_add,
};

/* ---- deciding ---- */

struct decide_values {
	const char *because, *digest;
};

#define FIELD(name) offsetof(struct decide_values, name)

static const struct arg_spec end_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),
		"why, in at least 10 characters (required)"},
};
static const struct arg_spec decide_options[] = {
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),
		"why, in at least 10 characters (required)"},
	{"digest", 'd', ARG_TEXT, "SHA256", 0, 0, FIELD(digest),
		"of the proposal as it was seen (required)"},
};

#undef FIELD

static enum cli_exit decide(struct cli *cli, const struct decide_values *values,
	const struct words *words, const char *verb, bool digest)
{
	struct buf path = BUF_INIT, body = BUF_INIT;
	struct json_writer json;
	enum cli_exit code;

	if (!values->because || (digest && !values->digest)) {
		cli_error(digest ? "a decision says what was seen and why: give --digest and "
				   "--because"
				 : "a decision says why: give --because");
		return CLI_USAGE;
	}
	json_writer_init(&json, &body);
	json_object_begin(&json);
	if (digest)
		json_put(&json, "digest", text, values->digest);
	json_put(&json, "rationale", text, values->because);
	json_object_end(&json);
	code = proposal_path(cli, words->items[0], verb, &path);
	if (code == CLI_OK)
		code = send(cli, &path, &body);
	buf_release(&body);
	buf_release(&path);
	return code;
}

#define DECISION(word, needs_digest, specs, text, more)                                            \
	static enum cli_exit run_##word(                                                           \
		struct cli *cli, const void *values, const struct words *words)                    \
	{                                                                                          \
		return decide(cli, values, words, ":" #word, needs_digest);                        \
	}                                                                                          \
	static const struct command word = {                                                       \
		.name = #word,                                                                     \
		.summary = text,                                                                   \
		.arguments = "ID",                                                                 \
		.examples = "  winnow proposals " #word " \"$id\"" more "\n",                      \
		COMMAND_OPTIONS(specs),                                                            \
		.values_bytes = sizeof(struct decide_values),                                      \
		.min_words = 1,                                                                    \
		.max_words = 1,                                                                    \
		.run = run_##word,                                                                 \
	}

#define SEEN " --digest \"$digest\" --because 'seen with the team'"

DECISION(approve, true, decide_options, "approve a proposal; the last approval applies it", SEEN);
DECISION(apply, true, decide_options, "apply what is approved and applied by hand", SEEN);
DECISION(bypass, true, decide_options, "apply a proposal without approvals, as the rules allow",
	SEEN);
DECISION(reject, false, end_options, "reject a proposal", " --because 'the data were wrong'");
DECISION(withdraw, false, end_options, "withdraw an own proposal",
	" --because 'a better one follows'");

/* ---- which changes take approval ---- */

static enum cli_exit run_rules(struct cli *cli, const void *given, const struct words *words)
{
	(void)given;
	(void)words;
	return single_show(cli, "/approval-rules");
}

static const struct command rules = {
	.name = "rules",
	.summary = "print which changes take approval, as JSON",
	.examples = "  winnow proposals rules > rules.json\n",
	.run = run_rules,
};

static enum cli_exit run_put_rules(struct cli *cli, const void *given, const struct words *words)
{
	(void)given;
	return single_put(cli, "/approval-rules", words->items[0], "approval rules");
}

static const struct command put_rules = {
	.name = "put-rules",
	.summary = "say which changes take approval",
	.arguments = "FILE",
	.examples = "  winnow proposals put-rules rules.json\n",
	.details = "FILE has all of them in JSON; - is standard input:\n"
		   "  {\"rules\": [{\"change\": \"model\", \"approvers\": 2}]}\n"
		   "Once there are some, they are changed by a proposal (approval_rules).\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_put_rules,
};

const struct command command_proposals = {
	.name = "proposals",
	.summary = "propose changes, approve, reject or withdraw them; say which take approval",
	.members = (const struct command *const[]){&list, &show, &add, &approve, &reject, &apply,
		&bypass, &withdraw, &rules, &put_rules, NULL},
};

/*
 * winnow reviews: look at what waits for a person, and decide on what was seen.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/decisions.h"
#include "cli/item_lookup.h"
#include "cli/pages.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { PAGE = 200, SEEN_LEAST = 8 };

static void print_json(const struct json_view *value)
{
	struct buf text = BUF_INIT;

	json_view_write(&text, value);
	cli_print_body(&text);
	buf_release(&text);
}

static enum cli_exit review_path(
	const struct cli *cli, const char *id, const char *rest, struct buf *path)
{
	enum cli_exit code = cli_workspace_path(cli, path, "/reviews/");

	if (code != CLI_OK)
		return code;
	url_segment(path, str_from(id));
	buf_puts(path, rest);
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* The first digits of what a decision would be made on; empty when no ranking has the item. */
static struct str seen_of(const struct json_view *review)
{
	struct str digest = json_view_text(json_view_get(review, "evidence"), "digest");

	return digest.len > SEEN_LEAST ? (struct str){digest.ptr, SEEN_LEAST} : digest;
}

/* "3d 4h", "5h", "12m". */
static void put_age(struct buf *out, const struct json_view *review)
{
	long long minutes = json_view_int(review, "age_s", 0) / 60;

	if (minutes >= 1440)
		buf_printf(out, "%lldd %lldh", minutes / 1440, minutes % 1440 / 60);
	else if (minutes >= 60)
		buf_printf(out, "%lldh", minutes / 60);
	else
		buf_printf(out, "%lldm", minutes);
}

/* "open", "open, escalated", "approved", "lapsed". */
static void put_state(struct buf *out, const struct json_view *review)
{
	struct str outcome = json_view_text(json_view_get(review, "decision"), "outcome");
	struct str state = json_view_text(review, "state");

	buf_str(out, str_is(state, "decided") ? outcome : state);
	if (str_is(state, "open") && json_view_get(review, "escalated"))
		buf_puts(out, ", escalated");
}

/* "held by rule safety-case", "top". */
static void put_reason(struct buf *out, const struct json_view *review)
{
	struct str rule = json_view_text(review, "rule");

	buf_str(out, json_view_text(review, "reason"));
	if (rule.len > 0)
		buf_printf(out, " by rule %.*s", STR_ARG(rule));
}

/* "approve", "adjust to rank 5", "adjust: defer". */
static void put_suggestion(struct buf *out, const struct json_view *review)
{
	const struct json_view *suggestion = json_view_get(review, "suggestion");
	int64_t rank = json_view_int(suggestion, "rank", 0);

	buf_str(out, json_view_text(suggestion, "decision"));
	if (rank > 0)
		buf_printf(out, " to rank %lld", (long long)rank);
	if (json_view_get(suggestion, "defer"))
		buf_puts(out, ": defer");
}

static void put_item(struct buf *out, const struct json_view *review)
{
	decision_put_item(out, json_view_get(review, "item"));
}

/* ---- list ---- */

struct list_values {
	const char *item, *stream, *reason, *state;
	bool wide;
};

#define FIELD(name) offsetof(struct list_values, name)

static const struct arg_spec list_options[] = {
	{"state", 's', ARG_TEXT, "STATE", 0, 0, FIELD(state),
		"open (unless given), decided, lapsed, or all"},
	{"item", 'i', ARG_TEXT, "ITEM", 0, 0, FIELD(item), "only those of this item"},
	{"stream", 0, ARG_TEXT, "NAME", 0, 0, FIELD(stream), "only those of this stream"},
	{"reason", 'r', ARG_TEXT, "REASON", 0, 0, FIELD(reason),
		"only those for: held, top, above"},
	{"wide", 0, ARG_FLAG, NULL, 0, 0, FIELD(wide), "shorten nothing, leave nothing out"},
};

#undef FIELD

static const struct table_column columns[] = {
	{"ID", TABLE_LEFT, 0, 0},
	{"ITEM", TABLE_LEFT, 12, 0},
	{"RANK", TABLE_RIGHT, 0, 0},
	{"STATE", TABLE_LEFT, 0, 0},
	{"REASON", TABLE_LEFT, 8, 0},
	{"AGE", TABLE_RIGHT, 0, 1},
	{"SUGGESTED", TABLE_LEFT, 8, 1},
	{"SEEN", TABLE_LEFT, 0, 0},
};

static void put_cell(struct table *table, const struct json_view *review,
	void (*put)(struct buf *out, const struct json_view *review))
{
	struct buf text = BUF_INIT;

	put(&text, review);
	table_put(table, buf_view(&text));
	buf_release(&text);
}

static enum cli_exit add_page(void *table, const struct json_view *page, bool *enough)
{
	const struct json_view *reviews = json_view_get(page, "reviews");

	(void)enough;
	for (size_t i = 0; i < json_view_count(reviews); i++) {
		const struct json_view *review = json_view_at(reviews, i);
		int64_t now = json_view_int(json_view_get(review, "evidence"), "rank", 0);

		table_put(table, json_view_text(review, "id"));
		put_cell(table, review, put_item);
		table_printf(table, "%lld",
			(long long)(now > 0 ? now : json_view_int(review, "rank", 0)));
		put_cell(table, review, put_state);
		put_cell(table, review, put_reason);
		put_cell(table, review, put_age);
		put_cell(table, review, put_suggestion);
		table_put(table, seen_of(review));
	}
	return CLI_OK;
}

static enum cli_exit list_path(struct cli *cli, const struct list_values *values, struct buf *path)
{
	const char *state = values->state ? values->state : "open";
	enum cli_exit code = cli_workspace_path(cli, path, "/reviews");

	if (code != CLI_OK)
		return code;
	url_query_int(path, "limit", PAGE);
	if (strcmp(state, "all") != 0)
		url_query(path, "state", str_from(state));
	if (values->stream)
		url_query(path, "stream", str_from(values->stream));
	if (values->reason)
		url_query(path, "reason", str_from(values->reason));
	code = item_query(cli, values->item, path);
	return code == CLI_OK && path->failed ? cli_no_memory() : code;
}

static enum cli_exit run_list(struct cli *cli, const void *given, const struct words *words)
{
	static const struct page_rows rows = {
		"reviews", columns, sizeof columns / sizeof columns[0], add_page};
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
	.summary = "list what waits for a decision",
	.examples = "  winnow reviews list\n"
		    "  winnow reviews list --state all --item github/7\n",
	COMMAND_OPTIONS(list_options),
	.values_bytes = sizeof(struct list_values),
	.run = run_list,
};

/* ---- show ---- */

static void put_reasons(struct buf *out, const struct json_view *review)
{
	const struct json_view *reasons =
		json_view_get(json_view_get(review, "evidence"), "reasons");

	for (size_t i = 0; i < json_view_count(reasons); i++) {
		buf_puts(out, i > 0 ? "; " : "");
		buf_str(out, json_view_as_text(json_view_at(reasons, i)));
	}
}

static void show_evidence(const struct json_view *review)
{
	const struct json_view *evidence = json_view_get(review, "evidence");
	const struct json_view *rule = json_view_get(evidence, "rule");
	struct buf rank = BUF_INIT;

	if (!json_view_get(evidence, "rank"))
		return;
	buf_printf(&rank, "%lld", (long long)json_view_int(evidence, "rank", 0));
	cli_print_pair("rank", buf_view(&rank));
	buf_release(&rank);
	cli_print_pair("band", json_view_text(evidence, "band"));
	decision_print("because", review, put_reasons);
	if (rule)
		cli_print_pair("held", json_view_text(rule, "reason"));
	cli_print_pair("seen", json_view_text(evidence, "digest"));
}

static void show_decision(const struct json_view *review)
{
	const struct json_view *decision = json_view_get(review, "decision");

	if (!json_view_get(decision, "outcome"))
		return;
	cli_print_pair("by", json_view_text(decision, "by"));
	cli_print_pair("rationale", json_view_text(decision, "rationale"));
	if (json_view_get(decision, "override"))
		cli_print_pair("override", json_view_text(decision, "override"));
}

static void show_review(const struct json_view *review)
{
	decision_print("item", review, put_item);
	cli_print_pair("title", json_view_text(json_view_get(review, "item"), "title"));
	decision_print("state", review, put_state);
	decision_print("reason", review, put_reason);
	decision_print("age", review, put_age);
	show_evidence(review);
	if (json_view_get(json_view_get(review, "suggestion"), "decision")) {
		decision_print("suggested", review, put_suggestion);
		cli_print_pair("", json_view_text(json_view_get(review, "suggestion"), "reason"));
	}
	show_decision(review);
}

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	struct json_view *review = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = review_path(cli, words->items[0], "", &path);

	(void)values;
	if (code == CLI_OK)
		code = cli_get(cli, path.data, &review);
	if (review)
		show_review(review);
	json_view_free(review);
	buf_release(&path);
	return code;
}

static const struct command show = {
	.name = "show",
	.summary = "tell all of a review: what waits, why, and what was decided",
	.arguments = "ID",
	.examples = "  winnow reviews show 5b8f4c3e-7d1a-4c2b-9e6f-1a2b3c4d5e6f\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};

/* ---- deciding ---- */

struct decide_values {
	const char *because, *seen, *band, *for_span, *until;
	int64_t rank;
	bool defer;
};

#define FIELD(name) offsetof(struct decide_values, name)
#define SEEN_AND_WHY                                                                               \
	{"because", 'b', ARG_TEXT, "TEXT", 0, 0, FIELD(because),                                   \
		"why, in at least 10 characters (required)"},                                      \
	{                                                                                          \
		"seen", 's', ARG_TEXT, "DIGEST", 0, 0, FIELD(seen),                                \
			"what was seen, as list or show tell it (required)"                        \
	}
#define UNTIL_WHEN                                                                                 \
	{"for", 0, ARG_TEXT, "SPAN", 0, 0, FIELD(for_span),                                        \
		"for how long: 14d, 36h, 2w, 90m (this or --until is required)"},                  \
	{                                                                                          \
		"until", 0, ARG_TEXT, "TIME", 0, 0, FIELD(until),                                  \
			"until when: 2027-01-31, or 2027-01-31T12:00:00Z"                          \
	}

static const struct arg_spec approve_options[] = {SEEN_AND_WHY};
static const struct arg_spec reject_options[] = {SEEN_AND_WHY, UNTIL_WHEN};
static const struct arg_spec adjust_options[] = {
	SEEN_AND_WHY,
	{"rank", 0, ARG_INT, "N", 1, 1000000000, FIELD(rank), "pin it to this rank"},
	{"band", 0, ARG_TEXT, "NAME", 0, 0, FIELD(band), "put it into this band"},
	{"defer", 0, ARG_FLAG, NULL, 0, 0, FIELD(defer), "take it out until the end"},
	UNTIL_WHEN,
};

#undef FIELD

/* The whole digest of what is there, if that is what was seen. */
static enum cli_exit find_digest(
	struct cli *cli, const char *id, const char *seen, struct buf *digest)
{
	struct json_view *review = NULL;
	struct buf path = BUF_INIT;
	enum cli_exit code = review_path(cli, id, "", &path);
	struct str now;

	/* With --json too it is the decision that is printed. */
	if (code == CLI_OK)
		code = cli_send_json(cli, "GET", path.data, NULL, &review);
	buf_release(&path);
	if (code != CLI_OK) {
		json_view_free(review);
		return code;
	}
	now = json_view_text(json_view_get(review, "evidence"), "digest");
	if (now.len < strlen(seen) || strncmp(now.ptr, seen, strlen(seen)) != 0) {
		cli_error("this is not what is there now: look again with winnow reviews show %s",
			id);
		code = CLI_REFUSED;
	}
	buf_str(digest, now);
	json_view_free(review);
	return code;
}

static enum cli_exit check_values(const struct decide_values *values)
{
	if (!values->because) {
		cli_error("a decision says why: give --because");
		return CLI_USAGE;
	}
	if (!values->seen || strlen(values->seen) < SEEN_LEAST) {
		cli_error("a decision names what was seen: give --seen, at least %d digits",
			SEEN_LEAST);
		return CLI_USAGE;
	}
	return CLI_OK;
}

static enum cli_exit put_body(struct cli *cli, const struct decide_values *values, const char *id,
	bool ends, struct buf *body)
{
	struct buf digest = BUF_INIT;
	struct json_writer json;
	int64_t until_us = 0;
	enum cli_exit code = check_values(values);

	if (code == CLI_OK && ends)
		code = decision_end("it", values->for_span, values->until, &until_us);
	if (code == CLI_OK)
		code = find_digest(cli, id, values->seen, &digest);
	if (code == CLI_OK) {
		json_writer_init(&json, body);
		json_object_begin(&json);
		json_put(&json, "digest", str, buf_view(&digest));
		json_put(&json, "rationale", text, values->because);
		if (values->rank > 0)
			json_put(&json, "rank", int, values->rank);
		if (values->band)
			json_put(&json, "band", text, values->band);
		if (values->defer)
			json_put(&json, "defer", bool, true);
		if (ends)
			json_put(&json, "expires_at", time, until_us);
		json_object_end(&json);
	}
	buf_release(&digest);
	return code;
}

static enum cli_exit decide(struct cli *cli, const struct decide_values *values,
	const struct words *words, const char *verb)
{
	struct buf path = BUF_INIT, body = BUF_INIT, told = BUF_INIT;
	struct json_view *review = NULL;
	bool ends = strcmp(verb, ":approve") != 0;
	enum cli_exit code = review_path(cli, words->items[0], verb, &path);

	if (code == CLI_OK)
		code = put_body(cli, values, words->items[0], ends, &body);
	if (code == CLI_OK)
		code = cli_send_json(cli, "POST", path.data, &body, &review);
	if (code == CLI_OK && cli->config.json) {
		print_json(review);
	} else if (code == CLI_OK) {
		put_item(&told, review);
		buf_puts(&told, ": ");
		put_state(&told, review);
		cli_note(cli, "%.*s", STR_ARG(buf_view(&told)));
	}
	json_view_free(review);
	buf_release(&told);
	buf_release(&body);
	buf_release(&path);
	return code;
}

static enum cli_exit run_approve(struct cli *cli, const void *given, const struct words *words)
{
	return decide(cli, given, words, ":approve");
}

static enum cli_exit run_adjust(struct cli *cli, const void *given, const struct words *words)
{
	return decide(cli, given, words, ":adjust");
}

static enum cli_exit run_reject(struct cli *cli, const void *given, const struct words *words)
{
	return decide(cli, given, words, ":reject");
}

#define EXAMPLE_ID "5b8f4c3e-7d1a-4c2b-9e6f-1a2b3c4d5e6f"

static const struct command approve = {
	.name = "approve",
	.summary = "commit to an item where it stands",
	.arguments = "ID",
	.examples = "  winnow reviews approve " EXAMPLE_ID " --seen 3b1f0d1a \\\n"
		    "    --because 'agreed in the weekly review'\n",
	.details = "--seen takes the digits that list and show tell. It is refused when the item, "
		   "the\n"
		   "model or the policy has changed since.\n",
	COMMAND_OPTIONS(approve_options),
	.values_bytes = sizeof(struct decide_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_approve,
};

static const struct command adjust = {
	.name = "adjust",
	.summary = "commit to an item at another rank or band, or put it off",
	.arguments = "ID",
	.examples = "  winnow reviews adjust " EXAMPLE_ID " --seen 3b1f0d1a \\\n"
		    "    --rank 8 --for 14d --because 'after the migration'\n",
	.details = "One of --rank, --band and --defer. It becomes an override like any: winnow "
		   "override\n"
		   "list shows it.\n",
	COMMAND_OPTIONS(adjust_options),
	.values_bytes = sizeof(struct decide_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_adjust,
};

static const struct command reject = {
	.name = "reject",
	.summary = "take an item out of the queue for a while",
	.arguments = "ID",
	.examples = "  winnow reviews reject " EXAMPLE_ID " --seen 3b1f0d1a \\\n"
		    "    --for 30d --because 'not before the audit'\n",
	.details = "It becomes an override that excludes the item. Its status is its source's to "
		   "change.\n",
	COMMAND_OPTIONS(reject_options),
	.values_bytes = sizeof(struct decide_values),
	.min_words = 1,
	.max_words = 1,
	.run = run_reject,
};

const struct command command_reviews = {
	.name = "reviews",
	.summary = "look at what waits for a person, and decide",
	.members = (const struct command *const[]){&list, &show, &approve, &adjust, &reject, NULL},
};

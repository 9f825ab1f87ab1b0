/*
 * winnow model card, winnow policy card: what a version is for, read and written.
 */
#include "cli/card.h"

#include "cli/named.h"
#include "cli/url.h"

enum { CARD_BYTES = 65536 };

struct card_kind {
	const char *noun, *versions; /* "model", and the path of its versions */
	const char *members[6];      /* in the order in which they are shown */
};
static const struct card_kind model_cards = {
	"model", "/models/", {"risk_category", "intended_use", "limits", "data", "owner", NULL}};
static const struct card_kind policy_cards = {
	"policy", "/policies/", {"risk_category", "intended_use", "limits", "owner", NULL}};

static enum cli_exit show_card(struct cli *cli, const char *path, const struct card_kind *kind)
{
	struct json_view *card = NULL;
	enum cli_exit code = cli_get(cli, path, &card);

	for (size_t i = 0; card && kind->members[i]; i++)
		cli_print_pair(kind->members[i], json_view_text(card, kind->members[i]));
	json_view_free(card);
	return code;
}

static enum cli_exit put_card(
	struct cli *cli, const char *path, const struct card_kind *kind, const struct words *words)
{
	struct http_response response = {0};
	struct buf body = BUF_INIT;
	bool there = false;
	enum cli_exit code = cli_read_file(words->items[1], CARD_BYTES, &body);

	if (code == CLI_OK)
		code = named_read(cli, path, &response, &there);
	if (code == CLI_OK)
		code = named_put(cli, path, &body, &response);
	if (code == CLI_OK && cli->config.json)
		cli_print_body(&response.body);
	else if (code == CLI_OK)
		cli_note(cli, "%s the card of %s %s", there ? "replaced" : "wrote", kind->noun,
			words->items[0]);
	http_response_release(&response);
	buf_release(&body);
	return code;
}

static enum cli_exit run(struct cli *cli, const struct card_kind *kind, const struct words *words)
{
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, kind->versions);

	url_segment(&path, str_from(words->items[0]));
	buf_puts(&path, "/card");
	if (code == CLI_OK && path.failed)
		code = cli_no_memory();
	if (code == CLI_OK)
		code = words->count > 1 ? put_card(cli, path.data, kind, words)
					: show_card(cli, path.data, kind);
	buf_release(&path);
	return code;
}

static enum cli_exit run_model(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	return run(cli, &model_cards, words);
}

static enum cli_exit run_policy(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	return run(cli, &policy_cards, words);
}

const struct command model_card_command = {
	.name = "card",
	.summary = "show what a version is for, or write it",
	.arguments = "VERSION [FILE]",
	.examples = "  winnow model card 2\n"
		    "  winnow model card 2 card.json\n",
	.details =
		"FILE is a card in JSON; - is standard input:\n"
		"  {\"risk_category\": \"limited\", \"intended_use\": \"…\", \"limits\": \"…\",\n"
		"   \"data\": \"…\", \"owner\": \"Platform team\"}\n"
		"The version itself never changes; its card can be written anew.\n",
	.min_words = 1,
	.max_words = 2,
	.run = run_model,
};

const struct command policy_card_command = {
	.name = "card",
	.summary = "show what a version is for, or write it",
	.arguments = "VERSION [FILE]",
	.examples = "  winnow policy card 2\n"
		    "  winnow policy card 2 card.json\n",
	.details =
		"FILE is a card in JSON; - is standard input:\n"
		"  {\"risk_category\": \"limited\", \"intended_use\": \"…\", \"limits\": \"…\",\n"
		"   \"owner\": \"Platform team\"}\n"
		"The version itself never changes; its card can be written anew.\n",
	.min_words = 1,
	.max_words = 2,
	.run = run_policy,
};

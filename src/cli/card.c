/*
 * winnow model card: what a model version is for, read and written.
 */
#include "cli/model_card.h"

#include "cli/named.h"
#include "cli/url.h"

enum { CARD_BYTES = 65536 };

static enum cli_exit show_card(struct cli *cli, const char *path)
{
	static const char *const members[] = {
		"risk_category", "intended_use", "limits", "data", "owner"};
	struct json_view *card = NULL;
	enum cli_exit code = cli_get(cli, path, &card);

	for (size_t i = 0; card && i < sizeof members / sizeof *members; i++)
		cli_print_pair(members[i], json_view_text(card, members[i]));
	json_view_free(card);
	return code;
}

static enum cli_exit put_card(struct cli *cli, const char *path, const struct words *words)
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
		cli_note(cli, "%s the card of model %s", there ? "replaced" : "wrote",
			words->items[0]);
	http_response_release(&response);
	buf_release(&body);
	return code;
}

static enum cli_exit run_card(struct cli *cli, const void *values, const struct words *words)
{
	struct buf path = BUF_INIT;
	enum cli_exit code = cli_workspace_path(cli, &path, "/models/");

	(void)values;
	url_segment(&path, str_from(words->items[0]));
	buf_puts(&path, "/card");
	if (code == CLI_OK && path.failed)
		code = cli_no_memory();
	if (code == CLI_OK)
		code = words->count > 1 ? put_card(cli, path.data, words)
					: show_card(cli, path.data);
	buf_release(&path);
	return code;
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
	.run = run_card,
};

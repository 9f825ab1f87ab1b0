/*
 * winnow settings: the words of a workspace, what is asked and what is hidden.
 */
#include "cli/commands.h"
#include "cli/named.h"

static enum cli_exit run_show(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	(void)words;
	return single_show(cli, "/settings");
}

static const struct command show = {
	.name = "show",
	.summary = "print the settings as JSON",
	.examples = "  winnow settings show > settings.json\n",
	.run = run_show,
};

static enum cli_exit run_put(struct cli *cli, const void *values, const struct words *words)
{
	(void)values;
	return single_put(cli, "/settings", words->items[0], "settings");
}

static const struct command put = {
	.name = "put",
	.summary = "replace the settings",
	.arguments = "FILE",
	.examples = "  winnow settings put settings.json\n",
	.details =
		"FILE has all of them in JSON, as show prints them; - is standard input. What is "
		"left out\n"
		"is unset.\n",
	.min_words = 1,
	.max_words = 1,
	.run = run_put,
};

const struct command command_settings = {
	.name = "settings",
	.summary = "show and replace streams, kinds, statuses and what else a workspace sets",
	.members = (const struct command *const[]){&show, &put, NULL},
};

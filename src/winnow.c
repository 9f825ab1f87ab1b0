/*
 * The client: finds the command that was asked for, reads its options, and runs it. What the
 * commands do is in src/cli, one file each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/text.h"
#include "codec/json.h"
#include "winnow/version.h"

extern char **environ;

/* What was asked for, as far as it was understood. */
struct asked {
	const struct command *group;   /* NULL: the command is no member of one */
	const struct command *command; /* NULL: none was named */
	void *values;                  /* the command's own options */
	struct args args;
};

static void hint(const struct asked *asked)
{
	const struct command *group = asked->group;
	const struct command *command = asked->command;

	fprintf(stderr, "Try: winnow %s%s%s%s--help\n", group ? group->name : "", group ? " " : "",
		command ? command->name : "", command ? " " : "");
}

/* Options that stand before a word belong to all commands. Returns the word's index, or argc. */
static int read_to_word(struct cli *cli, struct asked *asked, int argc, char **argv, int at)
{
	struct arg_table table = {config_options, config_option_count, &cli->config};

	asked->args.tables = &table;
	asked->args.table_count = 1;
	asked->args.stop_at_word = true;
	return args_read(&asked->args, argc, argv, at);
}

/* `winnow help push` is `winnow push --help`. */
static bool is_help(const char *word)
{
	return strcmp(word, "help") == 0;
}

/* Whether what follows is for the group itself, and not for one of its members. */
static bool is_for_group(const struct command *group, int argc, char **argv, int at)
{
	if (!group || !group->run || at == argc || is_help(argv[at]))
		return false;
	for (size_t i = 0; group->members[i]; i++) {
		if (strcmp(group->members[i]->name, argv[at]) == 0)
			return false;
	}
	return true;
}

/* Finds the command in argv[*at…]; leaves *at behind its name. */
static enum cli_exit find_command(
	struct cli *cli, struct asked *asked, int argc, char **argv, int *at)
{
	const struct command *const *among = commands;

	while (among && !is_for_group(asked->command, argc, argv, *at)) {
		*at = read_to_word(cli, asked, argc, argv, *at);
		if (*at == argc)
			return CLI_OK;
		if (is_help(argv[*at])) {
			cli->config.help = true;
			++*at;
			continue;
		}
		asked->group = asked->command;
		asked->command = command_find(among, asked->group, argv[*at]);
		if (!asked->command) {
			asked->command = asked->group;
			asked->group = NULL;
			return CLI_USAGE;
		}
		++*at;
		among = asked->command->members;
	}
	return CLI_OK;
}

static enum cli_exit read_rest(struct cli *cli, struct asked *asked, int argc, char **argv, int at)
{
	const struct command *command = asked->command;
	struct arg_table tables[] = {
		{command->options, command->option_count, NULL},
		{config_options, config_option_count, &cli->config},
	};

	asked->values = calloc(1, command->values_bytes + 1);
	if (!asked->values)
		return cli_no_memory();
	if (command->defaults)
		memcpy(asked->values, command->defaults, command->values_bytes);
	tables[0].values = asked->values;
	asked->args.tables = tables;
	asked->args.table_count = 2;
	asked->args.stop_at_word = false;
	args_read(&asked->args, argc, argv, at);
	asked->args.tables = NULL;
	return CLI_OK;
}

static enum cli_exit check_words(const struct asked *asked)
{
	const struct command *command = asked->command;
	size_t count = asked->args.word_count;

	if (count < command->min_words) {
		cli_error("%s needs %s", command->name, command->arguments);
		return CLI_USAGE;
	}
	if (count > command->max_words) {
		cli_error("%s: '%s' is one word too many", command->name,
			asked->args.words[command->max_words]);
		return CLI_USAGE;
	}
	return CLI_OK;
}

static enum cli_exit show_help(const struct asked *asked)
{
	if (asked->command)
		command_help(asked->command, asked->group, stdout);
	else
		commands_help(stdout);
	return CLI_OK;
}

static enum cli_exit run_command(struct cli *cli, const struct asked *asked)
{
	struct words words = {asked->args.words, asked->args.word_count};

	if (config_finish(&cli->config, environ, stderr) > 0)
		return CLI_USAGE;
	json_init();
	return asked->command->run(cli, asked->values, &words);
}

static enum cli_exit run(struct cli *cli, struct asked *asked, int argc, char **argv)
{
	int at = 1;
	enum cli_exit code = find_command(cli, asked, argc, argv, &at);

	if (code == CLI_OK && asked->command && asked->command->run)
		code = read_rest(cli, asked, argc, argv, at);
	if (code == CLI_REFUSED)
		return code;
	if (cli->config.version) {
		puts("winnow " WINNOW_VERSION);
		return CLI_OK;
	}
	if (cli->config.help && code == CLI_OK)
		return show_help(asked);
	if (code == CLI_OK && asked->args.faults == 0 && !asked->command) {
		commands_help(stderr);
		return CLI_USAGE;
	}
	if (code == CLI_OK && asked->args.faults == 0 && !asked->command->run) {
		command_help(asked->command, NULL, stderr);
		return CLI_USAGE;
	}
	if (code == CLI_OK && asked->args.faults == 0)
		code = check_words(asked);
	if (code != CLI_OK || asked->args.faults > 0) {
		hint(asked);
		return CLI_USAGE;
	}
	return run_command(cli, asked);
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	struct asked asked = {.args.errors = stderr};
	enum cli_exit code, written;

	text_init();
	asked.args.words = calloc((size_t)argc + 1, sizeof *asked.args.words);
	if (asked.args.words)
		code = run(&cli, &asked, argc, argv);
	else
		code = cli_no_memory();
	written = cli_finish_output();
	cli_release(&cli);
	free(asked.values);
	free(asked.args.words);
	return (int)(code == CLI_OK ? written : code);
}

/*
 * Which commands there are, finding them, and telling about them. The help of each begins with
 * examples: they are what people read.
 */
#include "cli/commands.h"

#include <string.h>

#include "base/options.h"

const struct command *const commands[] = {
	&command_push,
	&command_item,
	&command_queue,
	&command_events,
	&command_explain,
	&command_why_moved,
	&command_diff,
	&command_excluded,
	&command_unknowns,
	&command_impact,
	&command_findings,
	&command_simulate,
	&command_counterfactual,
	&command_ranking,
	&command_rank,
	&command_settings,
	&command_feature,
	&command_model,
	&command_policy,
	&command_contract,
	&command_streams,
	&command_launch,
	&command_recurrence,
	&command_sweep,
	&command_pack,
	&command_calendar,
	&command_sla,
	&command_proposals,
	&command_rollout,
	&command_suspend,
	&command_resume,
	&command_rollback,
	&command_override,
	&command_reviews,
	&command_compare,
	&command_erase,
	&command_access_log,
	&command_audit,
	&command_evidence,
	&command_token,
	&command_workspace,
	NULL,
};

enum { MAX_COMMANDS = 64 };

static void names_of(const struct command *const *among, const char *names[static MAX_COMMANDS + 1])
{
	size_t count = 0;

	for (; count < MAX_COMMANDS && among[count]; count++)
		names[count] = among[count]->name;
	names[count] = NULL;
}

const struct command *command_find(
	const struct command *const *among, const struct command *group, const char *word)
{
	const char *names[MAX_COMMANDS + 1];
	const char *before = group ? group->name : "";
	const char *blank = group ? " " : "";
	const char *closest;

	for (size_t i = 0; among[i]; i++)
		if (strcmp(word, among[i]->name) == 0)
			return among[i];
	names_of(among, names);
	closest = closest_name(word, names);
	if (closest)
		cli_error("there is no command %s%s%s; did you mean %s%s%s?", before, blank, word,
			before, blank, closest);
	else
		cli_error("there is no command %s%s%s; winnow %s%s--help lists them", before, blank,
			word, before, blank);
	return NULL;
}

static void list_commands(const struct command *const *among, FILE *out)
{
	int width = 0;

	for (size_t i = 0; among[i]; i++)
		if ((int)strlen(among[i]->name) > width)
			width = (int)strlen(among[i]->name);
	for (size_t i = 0; among[i]; i++)
		fprintf(out, "  %-*s  %s\n", width, among[i]->name, among[i]->summary);
}

void commands_help(FILE *out)
{
	fputs("winnow: push a backlog, read its ranked queue, know why, check the audit log\n"
	      "\n"
	      "Examples:\n"
	      "  export WINNOW_WORKSPACE=payments WINNOW_TOKEN_FILE=~/.winnow-token\n"
	      "  winnow push backlog.ndjson\n"
	      "  winnow queue --limit 10\n"
	      "  winnow explain github/7\n"
	      "\n"
	      "Usage: winnow [OPTION…] COMMAND …\n"
	      "\n"
	      "Commands (winnow COMMAND --help tells more):\n",
		out);
	list_commands(commands, out);
	fputs("\nOptions of every command:\n", out);
	args_help(config_options, config_option_count, out);
	fputs("\n"
	      "Exit codes:\n"
	      "  0  done\n"
	      "  1  the server refused, items were rejected, a fault was found in an audit log, "
	      "or\n"
	      "     the result could not be written\n"
	      "  2  the command line, a setting or an input file is wrong\n"
	      "  3  the server cannot be reached or cannot serve now\n"
	      "  4  no token, no valid token, or not the role that it takes\n"
	      "\n"
	      "Results go to standard output, messages to standard error.\n",
		out);
}

void command_help(const struct command *command, const struct command *group, FILE *out)
{
	const char *before = group ? group->name : "";
	const char *blank = group ? " " : "";

	fprintf(out, "winnow %s%s%s: %s\n", before, blank, command->name, command->summary);
	if (command->examples)
		fprintf(out, "\nExamples:\n%s", command->examples);
	if (command->members) {
		fprintf(out, "\nUsage: winnow %s COMMAND …\n\nCommands:\n", command->name);
		list_commands(command->members, out);
		fprintf(out, "\nwinnow %s COMMAND --help tells more.\n", command->name);
	}
	if (!command->run)
		return;
	fprintf(out, "\nUsage: winnow %s%s%s%s%s%s\n", before, blank, command->name,
		command->option_count ? " [OPTION…]" : "", command->arguments ? " " : "",
		command->arguments ? command->arguments : "");
	if (command->details)
		fprintf(out, "\n%s", command->details);
	if (command->option_count) {
		fputs("\nOptions:\n", out);
		args_help(command->options, command->option_count, out);
	}
	fputs("\nOptions of every command and exit codes: winnow --help\n", out);
}

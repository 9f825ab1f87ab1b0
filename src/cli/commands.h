/*
 * The commands of the client. A new one is one file that fills a struct command, one declaration
 * here and one line in commands.c.
 */
#ifndef WINNOW_CLI_COMMANDS_H
#define WINNOW_CLI_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/args.h"
#include "cli/cli.h"

struct words {
	const char *const *items;
	size_t count;
};

struct command {
	const char *name;
	const char *summary;   /* one line, no full stop */
	const char *arguments; /* "FILE…"; NULL: none */
	const char *examples;  /* lines with two blanks in front; shown first */
	const char *details;   /* lines; NULL: none */
	const struct arg_spec *options;
	size_t option_count;
	size_t values_bytes;  /* of the struct that the options fill */
	const void *defaults; /* what it holds before; NULL: zeroes */
	size_t min_words, max_words;
	enum cli_exit (*run)(struct cli *cli, const void *values, const struct words *words);
	/* A group has these instead of `run`, or besides: then `run` takes what begins with no member's
	 * name, and the options behind the group's name are its own. NULL-terminated. */
	const struct command *const *members;
};

enum { WORDS_ANY = 65535 };

#define COMMAND_OPTIONS(specs)                                                                     \
	.options = (specs), .option_count = sizeof(specs) / sizeof((specs)[0])

extern const struct command command_push;
extern const struct command command_item;
extern const struct command command_queue;
extern const struct command command_events;
extern const struct command command_explain;
extern const struct command command_why_moved;
extern const struct command command_diff;
extern const struct command command_excluded;
extern const struct command command_unknowns;
extern const struct command command_impact;
extern const struct command command_counterfactual;
extern const struct command command_findings;
extern const struct command command_simulate;
extern const struct command command_ranking;
extern const struct command command_rank;
extern const struct command command_settings;
extern const struct command command_feature;
extern const struct command command_model;
extern const struct command command_policy;
extern const struct command command_contract;
extern const struct command command_streams;
extern const struct command command_recurrence;
extern const struct command command_launch;
extern const struct command command_sweep;
extern const struct command command_pack;
extern const struct command command_calendar;
extern const struct command command_sla;
extern const struct command command_proposals;
extern const struct command command_rollout;
extern const struct command command_suspend;
extern const struct command command_resume;
extern const struct command command_rollback;
extern const struct command command_override;
extern const struct command command_reviews;
extern const struct command command_compare;
extern const struct command command_erase;
extern const struct command command_access_log;
extern const struct command command_audit;
extern const struct command command_evidence;
extern const struct command command_token;
extern const struct command command_workspace;

/* In the order of the help; NULL-terminated. */
extern const struct command *const commands[];

/* NULL, after saying what there is instead. `group` is NULL at the top. */
const struct command *command_find(
	const struct command *const *among, const struct command *group, const char *word);

void commands_help(FILE *out);
/* `group` is the group that it is a member of; NULL: none. */
void command_help(const struct command *command, const struct command *group, FILE *out);

#endif

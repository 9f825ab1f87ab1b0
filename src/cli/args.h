/*
 * The command line of the client, read from tables. Options may stand before and behind words;
 * several tables can be read at once (a command's own options and the ones that all share).
 */
#ifndef WINNOW_CLI_ARGS_H
#define WINNOW_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum arg_kind {
	ARG_FLAG,   /* bool */
	ARG_TEXT,   /* const char *, NULL unless given */
	ARG_INT,    /* int64_t, as it was unless given */
	ARG_LIST,   /* struct arg_list; may be repeated */
	ARG_REFUSED /* no field: using it is a fault, and `help` says what to do instead */
};

enum { ARG_LIST_MAX = 100 };

struct arg_list {
	const char *items[ARG_LIST_MAX];
	size_t count;
};

struct arg_spec {
	const char *name; /* "dry-run" */
	char letter;      /* 'n' for -n; 0: none */
	enum arg_kind kind;
	const char *placeholder; /* "FILE" */
	int64_t min, max;        /* ARG_INT */
	size_t offset;           /* of the field in the values struct */
	const char *help;        /* one line */
};

struct arg_table {
	const struct arg_spec *specs;
	size_t count;
	void *values;
};

struct args {
	const struct arg_table *tables;
	size_t table_count;
	bool stop_at_word;  /* else words are collected and options behind them are read too */
	const char **words; /* room for argc of them */
	size_t word_count;
	FILE *errors;
	size_t faults;
};

/* Reads from argv[at] on; returns the index of what comes next: the word it stopped at, or argc.
 * Faults are written one a line. Texts point into argv. */
int args_read(struct args *args, int argc, char *const *argv, int at);
/* One line per option, in a column; refused ones are left out. */
void args_help(const struct arg_spec *specs, size_t count, FILE *out);

#endif

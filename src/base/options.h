/*
 * Options from one table: flags (--name VALUE or --name=VALUE) beat WINNOW_NAME variables, which
 * beat defaults. Unknown flags and unknown WINNOW_* variables are errors with a suggestion.
 * The same table prints --help, --print-config and docs/configuration.md.
 */
#ifndef WINNOW_BASE_OPTIONS_H
#define WINNOW_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind { OPTION_TEXT, OPTION_INT, OPTION_BOOL, OPTION_SECRET };

struct option_spec {
	const char *name;        /* "http-threads"; the variable is WINNOW_HTTP_THREADS */
	enum option_kind kind;   /* SECRET: only from a variable or a file, never a flag */
	const char *placeholder; /* "N", "FILE", "URL" */
	const char *fallback;    /* text of the default; NULL: none */
	int64_t min, max;        /* OPTION_INT */
	const char *help;        /* one line, with the unit */
	size_t offset; /* of the field in the values struct: const char *, int64_t or bool */
};

/*
 * Fills *values. argv[0] is skipped; the first argument that is no flag ends the flags and its
 * index goes to *rest. `env` is environ-like. Variables in `known_elsewhere` (NULL-terminated) are
 * passed over. Faults are written to `errors`, one a line; returns how many there were.
 * For a SECRET option "url" also the flag/variable "url-file" is read (the file's first line).
 * Texts point into argv/env or are allocated for the life of the process.
 */
int options_read(const struct option_spec *specs, size_t count, void *values, int argc,
	char *const *argv, char *const *env, const char *const *known_elsewhere, int *rest,
	FILE *errors);
void options_help(const struct option_spec *specs, size_t count, FILE *out);
/* Effective values, secrets as "***". */
void options_print(const struct option_spec *specs, size_t count, const void *values, FILE *out);
/* The closest of `names` within edit distance 2, else NULL; for "did you mean". */
const char *closest_name(const char *word, const char *const *names);

#endif

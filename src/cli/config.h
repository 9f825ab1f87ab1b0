/*
 * Where the server is, who asks, and how to answer: flags beat variables, which beat defaults.
 */
#ifndef WINNOW_CLI_CONFIG_H
#define WINNOW_CLI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/args.h"

struct config {
	/* As flags gave it; config_finish fills in the rest. */
	const char *url;       /* without a slash at the end */
	const char *workspace; /* NULL: none */
	const char *token_file;
	const char *ca_file;
	int64_t timeout_s;
	bool json, plain, no_color, quiet;
	bool help, version;

	/* Made by config_finish. */
	char *url_text;
	char *token; /* NULL: none */
	bool timeout_given;
	bool loopback; /* the server is this machine */
	bool encrypted;
};

extern const struct arg_spec config_options[];
extern const size_t config_option_count;

/*
 * `env` is environ-like. Returns the number of faults, each written to `errors`; what is only
 * suspicious is written too, unless quiet, and not counted.
 */
size_t config_finish(struct config *config, char *const *env, FILE *errors);
/* Wipes the token. */
void config_release(struct config *config);

/* The first line of `path` without its end; NULL after telling why. To be wiped and freed. */
char *config_read_secret(const char *path, FILE *errors);
/* What is wrong with a base URL; NULL: nothing. */
const char *config_url_fault(const char *url);
bool config_url_is_loopback(const char *url);

#endif

/*
 * What became of the items of a push: the answers of all its requests, merged and told.
 */
#ifndef WINNOW_CLI_BATCH_H
#define WINNOW_CLI_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

/* Where an item that was sent comes from. */
struct origin {
	const char *file;
	size_t line; /* 0: not known */
};

struct batch_options {
	bool dry_run, atomic;
	bool json; /* results go to standard output as they come */
};

/* What the answers say together. */
struct batch_sum {
	int64_t created, updated, unchanged, stale, rejected;
	int64_t revision; /* of the last answer; -1: none */
	char head[HTTP_HEAD_SIZE];
};

struct batch {
	struct cli *cli;
	struct batch_options options;
	struct batch_sum sum;
	int64_t earlier; /* items of the sum that an earlier run has pushed */
	int64_t skipped;
	char skipped_why[128];
	size_t told;    /* rejected items that were shown */
	size_t results; /* written as JSON */
};

void batch_begin(struct batch *batch, struct cli *cli, const struct batch_options *options);
/* The answer to one request; origins[i] is that of its i-th item (count 0: of a whole file). */
enum cli_exit batch_add(struct batch *batch, const struct http_response *response,
	const struct origin *origins, size_t count);
/* Counts what an earlier run of the same push was told; before anything else is counted. */
void batch_resume(struct batch *batch, const struct batch_sum *earlier);
/* An item that was not sent at all. */
void batch_reject(struct batch *batch, const struct origin *origin, const char *why);
/* A refused atomic request: its faults, each at its item's place. */
void batch_tell_refused(struct batch *batch, const struct http_response *response,
	const struct origin *origins, size_t count);
/* All that were sent and answered so far, by the earlier run too. */
int64_t batch_settled(const struct batch *batch);
/* The summary; CLI_REFUSED when anything was rejected. `complete`: everything was sent. */
enum cli_exit batch_end(struct batch *batch, bool complete);

/* The number that a pointer begins with ("/3/title", "/items/3/title"); SIZE_MAX: none. */
size_t batch_pointer_index(struct str pointer);

#endif

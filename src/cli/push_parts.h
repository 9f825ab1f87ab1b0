/*
 * A push on its way: push.c sends, push_resume.c remembers how far it got. Private to the two files.
 */
#ifndef WINNOW_CLI_PUSH_PARTS_H
#define WINNOW_CLI_PUSH_PARTS_H

#include "base/sha256.h"
#include "cli/batch.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/push_state.h"

struct push_values {
	const char *format, *source, *event, *resume;
	int64_t retries;
	bool dry_run, atomic, no_resume, gzip, progress;
};

struct push {
	struct cli *cli;
	const struct push_values *values;
	struct batch batch;
	struct progress progress;
	uint64_t bytes_before; /* of the files that are done with */

	/* The next request. */
	struct buf body;
	struct origin *origins;
	size_t count;

	/* Going on where an earlier run was interrupted. */
	struct buf state_path;
	bool keeping;                /* the state is written after each answer */
	struct push_state state;     /* as it was found or last written */
	uint64_t taken;              /* items of the input so far */
	struct sha256_stream digest; /* of them */
	bool passing_over;           /* until state.items are taken, nothing is sent */
	bool changed;                /* the input does not begin as it did then */
};

/* ---- push_resume.c: each tells its faults itself ---- */

/* Whether all of them are files that can be read a second time. */
bool push_can_reread(const struct words *files);
/* Finds what an interrupted push of the same files has left, and whether this one remembers. CLI_USAGE:
 * what was found is of no use for it. */
enum cli_exit push_resume_begin(struct push *push, const struct words *files);
/* Counts an item of the input; one that is too long counts as an empty one. */
void push_take(struct push *push, struct str item);
/* Takes an item that was acknowledged before. CLI_USAGE when the last of them shows that they are
 * others. */
enum cli_exit push_pass_over(struct push *push, struct str item, const struct origin *origin);
/* After an answer: all that was taken so far is settled. */
void push_remember(struct push *push);
/* The input is not the one that was interrupted: all of it is sent, if it can be had again. */
enum cli_exit push_begin_anew(struct push *push, const struct words *files);

#endif

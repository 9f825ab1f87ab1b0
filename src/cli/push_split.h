/*
 * Takes a file of items apart into single JSON texts, one line each, in bounded memory:
 *
 *   NDJSON            one item per line; lines are passed on as they are, so that the server
 *                     judges each of them, garbage too; blank lines are skipped
 *   JSON              an array of objects, one object, or several one after the other, laid out in
 *                     any way; line breaks between their parts become blanks
 *
 * Which one it is shows by the content: JSON when it begins with "[", or with an object that goes
 * on behind the first line; else NDJSON. Nothing is parsed here beyond strings and brackets.
 */
#ifndef WINNOW_CLI_PUSH_SPLIT_H
#define WINNOW_CLI_PUSH_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/str.h"

enum split_form { SPLIT_BY_CONTENT, SPLIT_LINES, SPLIT_JSON };

enum split_result {
	SPLIT_ITEM,
	SPLIT_TOO_LONG, /* an item beyond max_item_bytes; it is passed over */
	SPLIT_END,
	SPLIT_MALFORMED, /* the rest cannot be read; splitter->fault says why */
	SPLIT_FAILED,    /* reading failed; errno */
	SPLIT_NO_MEMORY,
};

struct splitter {
	/* Up to `room` bytes; 0 at the end, -1 with errno on failure. */
	ssize_t (*read)(void *arg, void *into, size_t room);
	void *arg;
	size_t max_item_bytes;
	enum split_form form; /* SPLIT_BY_CONTENT until the first item was asked for */

	uint64_t read_bytes; /* so far, for progress */
	size_t line;         /* where the item or the fault is */
	const char *fault;

	/* Its own. */
	struct buf raw;  /* read and not yet used, from `at` on */
	struct buf item; /* of SPLIT_JSON, when it is put together */
	size_t at;
	size_t next_line; /* the number of the line that raw.data[at] is in */
	bool begun, at_end, in_array, expect_comma, after_comma;
};

void splitter_init(struct splitter *splitter, ssize_t (*read)(void *, void *, size_t), void *arg,
	size_t max_item_bytes);
void splitter_release(struct splitter *splitter);
/* The next item, valid until the next call. */
enum split_result splitter_next(struct splitter *splitter, struct str *item);

#endif

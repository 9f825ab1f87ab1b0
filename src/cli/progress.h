/*
 * How far long work has come, on one line of standard error; only where that is a terminal.
 */
#ifndef WINNOW_CLI_PROGRESS_H
#define WINNOW_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct progress {
	const char *label; /* "pushing" */
	uint64_t total;    /* 0: unknown, no bar */
	bool wanted;
	bool shown;
	bool in_bytes; /* what `done` and `total` count; they are told then */
	bool as_log;   /* whole lines */
	uint64_t rejected;
	int64_t begun_us, drawn_us; /* monotonic */

	/* As of the last update. */
	uint64_t done, count;
	const char *things;
};

/* Nothing is drawn in the first moments, so that short work leaves no flicker. `quiet` or no
 * terminal: nothing ever is. At most one progress is active at a time. */
void progress_begin(struct progress *progress, const char *label, uint64_t total, bool quiet);
/* Also where there is no terminal: a whole line every few seconds and one at the end. */
void progress_as_log(struct progress *progress);
/* `done` of total; `count` of `things` ("items"). */
void progress_update(struct progress *progress, uint64_t done, uint64_t count, const char *things);
/* Takes the line away for good; of a log, writes the last one. */
void progress_end(struct progress *progress);
/* Takes the line of the active one away, so that another line can be printed; it comes back with
 * the next update. */
void progress_hide_all(void);

/* The line itself: "pushing [####      ]  42 %  1200 items, 3400 per second". */
struct progress_state {
	const char *label;
	uint64_t done, total;
	uint64_t count;
	const char *things;
	double seconds;
	uint64_t rejected;
	bool in_bytes;
};
/* Width 0: a log's line, without a bar and of any length. */
void progress_line(struct buf *out, const struct progress_state *state, unsigned width);

#endif

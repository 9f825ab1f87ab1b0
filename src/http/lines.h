/*
 * Cuts a stream of bytes, arriving in pieces of any size, into chunks of whole lines. Pure.
 *
 * A line longer than line_bytes is cut to line_bytes + 1 bytes, so that whoever reads the chunk
 * sees that it is too long, and the rest of it is dropped.
 */
#ifndef WINNOW_HTTP_LINES_H
#define WINNOW_HTTP_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

struct lines {
	size_t chunk_lines; /* a chunk is full with so many lines */
	size_t chunk_bytes; /* or so many bytes, at the end of a line */
	size_t line_bytes;
	struct buf chunk;
	size_t count;      /* lines ended in the chunk */
	size_t first_line; /* the number of its first line, from 1 */
	size_t open_bytes; /* of the line that has not ended yet, as kept */
};

void lines_init(struct lines *lines, size_t chunk_lines, size_t chunk_bytes, size_t line_bytes);
void lines_release(struct lines *lines);
/* Takes bytes up to the end of the line that fills the chunk; returns how many it took. */
size_t lines_push(struct lines *lines, const char *data, size_t bytes);
bool lines_full(const struct lines *lines);
/* The stream has ended: a last line without a newline counts. False when the chunk is empty. */
bool lines_finish(struct lines *lines);
static inline struct str lines_chunk(const struct lines *lines)
{
	return buf_view(&lines->chunk);
}
/* After the chunk was dealt with: the next one begins. */
void lines_next(struct lines *lines);

#endif

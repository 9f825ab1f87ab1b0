/*
 * CSV as RFC 4180 has it: rows end with LF or CRLF, a field may stand in double quotes, a quote in it
 * is doubled. Blank lines and a byte order mark at the start are skipped.
 */
#ifndef WINNOW_CODEC_CSV_H
#define WINNOW_CODEC_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct csv {
	struct arena *arena; /* of fields with doubled quotes; others are views of the text */
	const char *at, *end;
	size_t line;       /* of what is read next, from 1 */
	const char *fault; /* a sentence without its full stop; NULL: none */
	bool no_memory;
};

void csv_begin(struct csv *csv, struct str text, struct arena *arena);
/* The next row: *count fields, of which the first `room` are in `fields`, and the line where it
 * begins. False at the end, and on a fault or when memory is out. */
bool csv_row(struct csv *csv, struct str *fields, size_t room, size_t *count, size_t *line);

#endif

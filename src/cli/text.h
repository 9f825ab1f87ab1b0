/*
 * Text that others wrote, made fit for a terminal: titles come from trackers that anybody may
 * write to, so nothing in them may move the cursor, colour the screen or turn the line around.
 */
#ifndef WINNOW_CLI_TEXT_H
#define WINNOW_CLI_TEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Widths are right after this (the process's character type becomes UTF-8); once, at the start. */
void text_init(void);

/*
 * Appends the text as one line: line breaks and tabs become a space, other control characters and
 * malformed bytes U+FFFD; characters that change the direction of what follows are left out.
 */
void text_clean(struct buf *out, struct str text);
/* Columns that cleaned text takes: 2 for wide characters, 0 for combining ones. */
size_t text_width(struct str text);
/* The longest beginning of cleaned text that takes at most `columns`. */
struct str text_head(struct str text, size_t columns);

#endif

/*
 * Why somebody decided something. Personal text: it is kept as a note (store/notes.h), never in the log.
 */
#ifndef WINNOW_SERVICE_RATIONALE_H
#define WINNOW_SERVICE_RATIONALE_H

#include "base/diag.h"
#include "base/str.h"

enum { RATIONALE_MIN_CHARACTERS = 10, RATIONALE_MAX_BYTES = 4096 };

/* The characters that can be seen, and the blanks between them; the text is valid UTF-8. */
size_t rationale_characters(struct str text);
/* A fault where it says nothing, or too much. */
void rationale_check(struct str text, const char *pointer, struct diag *diag);

#endif

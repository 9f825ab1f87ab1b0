/*
 * Diagnostics: what is wrong with an input, each with the JSON pointer of the place.
 * Collects up to DIAG_MAX faults and counts the rest. Texts live in the arena.
 * A function that finds faults adds them all and returns ERR_INVALID (or another code).
 */
#ifndef WINNOW_BASE_DIAG_H
#define WINNOW_BASE_DIAG_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

enum { DIAG_MAX = 64 };

struct diag_entry {
	const char
		*pointer;   /* RFC 6901 in URI fragment form: "#/items/3/title"; "#" is the whole */
	const char *detail; /* a sentence that helps the client to fix it */
};

struct diag {
	struct arena *arena;
	const char *prefix; /* put between "#" and the pointers that are added; "" at first */
	struct diag_entry entries[DIAG_MAX];
	size_t count;   /* entries held */
	size_t omitted; /* faults beyond DIAG_MAX */
};

void diag_init(struct diag *diag, struct arena *arena);
/* pointer without "#": "" or "/a/0/b" (already escaped, see diag_key); what a URI
 * fragment may not hold is percent-encoded here. */
void diag_add(struct diag *diag, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One that is whole already, pointer and all; its texts are copied. */
void diag_copy(struct diag *diag, const struct diag_entry *entry);
/* "/<key>" below `pointer` with ~ and / escaped; never NULL ("" when memory is out). */
const char *diag_key(struct diag *diag, const char *pointer, const char *key);
const char *diag_index(struct diag *diag, const char *pointer, size_t index);

#endif

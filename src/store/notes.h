/*
 * Personal text that belongs to no item: justifications, links and notes of what people decide.
 * It lives beside the items' texts, as their notes (canonical JSON, one object), so that it is
 * named by a salted hash, erased and verified in the same way. Private to src/store.
 */
#ifndef WINNOW_STORE_NOTES_H
#define WINNOW_STORE_NOTES_H

#include "base/arena.h"
#include "store/history.h"

struct note {
	const char *key;
	struct str text; /* absent: left out */
};

/* Queues the text of the given members (in byte order of their keys); *ref names it. */
enum error notes_append(
	struct change *change, const struct note *members, size_t count, struct sha256 *ref);

/* Fills in the texts of `members` from what is stored; absent (erased, or never there) stays
 * absent. Texts live in the arena. ERR_DATABASE: what is stored is no JSON object any more. */
enum error notes_read(struct str stored, struct arena *arena, struct note *members, size_t count);

#endif

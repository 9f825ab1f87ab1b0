/*
 * Which rows of a picture that is being loaded wait for which text: versions are read first, then texts,
 * each table in one pass. Private to this folder.
 */
#ifndef WINNOW_LIVE_TEXT_REFS_H
#define WINNOW_LIVE_TEXT_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/sha256.h"
#include "base/uuid.h"

/* To be zeroed at first. */
struct text_refs {
	struct uuid *
		refs; /* by row: half of the salted hash, which is more than enough; zero: no text */
	size_t rows, room;
	/* Where a text's last row is found, at most half full: rows alone, since texts come in about the
	 * order of their rows, so that what a slot has to be compared with is near. */
	uint32_t *slots;
	size_t size;    /* a power of two */
	uint32_t *next; /* by row the one before it with the same text, or MAP_NONE */
};

/* What it takes for each row, at the most. */
enum { TEXT_REFS_ROW_BYTES = 2 * 16 + 4 * 4 + 4 };

/* The text of a row, which may have had another one; NULL: none. Rows come without gaps, or again. False
 * when memory is out. */
bool text_refs_note(struct text_refs *refs, uint32_t row, const struct sha256 *ref);
/* Once, after all rows. False when memory is out. */
bool text_refs_link(struct text_refs *refs);
/* The rows of a text: the first, and then on; MAP_NONE ends them. */
uint32_t text_refs_first(const struct text_refs *refs, const struct sha256 *ref);
uint32_t text_refs_next(const struct text_refs *refs, uint32_t row);
void text_refs_release(struct text_refs *refs);

#endif

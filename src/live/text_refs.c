/*
 * The rows of a text are a list through the rows, so that a text that many items share costs no more.
 */
#include "live/text_refs.h"

#include <stdlib.h>
#include <string.h>

#include "base/bulk.h"

enum { FIRST_ROWS = 256 };

static const struct uuid none;

static struct uuid half_of(const struct sha256 *ref)
{
	struct uuid half;

	memcpy(half.bytes, ref->bytes, sizeof half.bytes);
	return half;
}

bool text_refs_note(struct text_refs *refs, uint32_t row, const struct sha256 *ref)
{
	if (row >= refs->room) {
		size_t room = refs->room ? refs->room * 2 : FIRST_ROWS;
		struct uuid *grown = reallocarray(refs->refs, room, sizeof *grown);

		if (!grown)
			return false;
		refs->refs = grown;
		refs->room = room;
	}
	if (row == refs->rows)
		refs->rows++;
	refs->refs[row] = ref ? half_of(ref) : none;
	return true;
}

/* The slot of a text, or the free one where it belongs. The hash is salted and secret, so its bits are as
 * good as any. */
static uint32_t *slot_of(const struct text_refs *refs, const struct uuid *ref)
{
	uint64_t bits;
	size_t at;

	memcpy(&bits, ref->bytes, sizeof bits);
	at = (size_t)bits & (refs->size - 1);
	while (refs->slots[at] != MAP_NONE && uuid_cmp(&refs->refs[refs->slots[at]], ref) != 0)
		at = (at + 1) & (refs->size - 1);
	return &refs->slots[at];
}

bool text_refs_link(struct text_refs *refs)
{
	refs->size = 1;
	while (refs->size < refs->rows * 2 + 1)
		refs->size *= 2;
	refs->slots = bulk_alloc(refs->size, sizeof *refs->slots);
	refs->next = bulk_alloc(refs->rows, sizeof *refs->next);
	if (!refs->slots || !refs->next)
		return false;
	memset(refs->slots, 0xff, refs->size * sizeof *refs->slots);
	for (uint32_t row = 0; row < refs->rows; row++) {
		uint32_t *slot;

		if (uuid_cmp(&refs->refs[row], &none) == 0)
			continue;
		slot = slot_of(refs, &refs->refs[row]);
		refs->next[row] = *slot;
		*slot = row;
	}
	return true;
}

uint32_t text_refs_first(const struct text_refs *refs, const struct sha256 *ref)
{
	struct uuid half = half_of(ref);

	return *slot_of(refs, &half);
}

uint32_t text_refs_next(const struct text_refs *refs, uint32_t row)
{
	return refs->next[row];
}

void text_refs_release(struct text_refs *refs)
{
	free(refs->refs);
	free(refs->slots);
	free(refs->next);
	*refs = (struct text_refs){.rows = 0};
}

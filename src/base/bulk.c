/*
 * Large arrays (see bulk.h).
 */
#include "base/bulk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const size_t HUGE_PAGE = (size_t)2 << 20;

/* Whole huge pages, and the one that the array ends in when the array fills most of it. */
static size_t huge_bytes(size_t bytes)
{
	size_t tail = bytes % HUGE_PAGE;

	return tail > HUGE_PAGE / 4 * 3 ? bytes - tail + HUGE_PAGE : bytes - tail;
}

void *bulk_alloc(size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - HUGE_PAGE)
		return NULL;
	if (bytes < HUGE_PAGE)
		return malloc(bytes ? bytes : 1);
	/* In whole huge pages, so that no other memory lies in the last one. */
	memory = aligned_alloc(HUGE_PAGE, (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
	/* Only a hint: where it is not taken, the pages are small. */
	if (memory)
		(void)madvise(memory, huge_bytes(bytes), MADV_HUGEPAGE);
	return memory;
}

void *bulk_zero(size_t count, size_t size)
{
	void *memory = bulk_alloc(count, size);

	if (memory)
		memset(memory, 0, count * size);
	return memory;
}

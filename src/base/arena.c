/*
 * The memory of one request: blocks in a chain, all freed at once. The budget counts what is
 * handed out, and blocks never reach far beyond it, so it also bounds what a request can hold.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BLOCK_BYTES = 960, LARGEST_BLOCK_BYTES = 256 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t cap;
	size_t used;
	max_align_t data[];
};

void arena_init(struct arena *arena, size_t budget_bytes)
{
	*arena = (struct arena){.budget_bytes = budget_bytes};
}

void arena_release(struct arena *arena)
{
	struct arena_block *block = arena->head;

	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena_init(arena, arena->budget_bytes);
}

static struct arena_block *block_new(size_t cap)
{
	struct arena_block *block;

	if (cap > SIZE_MAX - sizeof *block)
		return NULL;
	/* calloc gets large blocks from the kernel already zeroed, untouched until used; a small one
	 * comes faster from malloc's own cache, which calloc passes by. */
	if (cap > FIRST_BLOCK_BYTES) {
		block = calloc(1, sizeof *block + cap);
	} else {
		block = malloc(sizeof *block + cap);
		if (block)
			memset(block, 0, sizeof *block + cap);
	}
	if (block)
		block->cap = cap;
	return block;
}

/* What does not fit: a block of its own when large, so that the head keeps serving the small. */
static struct arena_block *add_block(struct arena *arena, size_t bytes)
{
	struct arena_block *head = arena->head;
	size_t cap = head ? head->cap : 0;
	size_t left = arena->budget_bytes - arena->used_bytes;
	struct arena_block *block;

	cap = cap < LARGEST_BLOCK_BYTES / 2 ? cap * 2 : LARGEST_BLOCK_BYTES;
	if (cap < FIRST_BLOCK_BYTES)
		cap = FIRST_BLOCK_BYTES;
	if (cap > left)
		cap = left;
	if (bytes > cap / 4) {
		size_t own = bytes > SIZE_MAX - 16 ? bytes : (bytes + 15) & ~(size_t)15;

		block = block_new(own);
		if (!block)
			return NULL;
		if (!head) {
			arena->head = block;
			return block;
		}
		block->next = head->next;
		head->next = block;
		return block;
	}
	block = block_new(cap);
	if (!block)
		return NULL;
	block->next = head;
	arena->head = block;
	return block;
}

static void *take(struct arena *arena, size_t bytes, size_t align)
{
	struct arena_block *block = arena->head;
	size_t start = block ? (block->used + align - 1) & ~(align - 1) : 0;
	size_t padding = block ? start - block->used : 0;

	if (bytes > arena->budget_bytes - arena->used_bytes)
		return NULL;
	if (!block || start > block->cap || bytes > block->cap - start) {
		block = add_block(arena, bytes);
		if (!block)
			return NULL;
		start = 0;
		padding = 0;
	}
	block->used = start + bytes;
	/* Padding counts, but never makes the last allocation that fits fail. */
	if (padding > arena->budget_bytes - arena->used_bytes - bytes)
		arena->used_bytes = arena->budget_bytes;
	else
		arena->used_bytes += bytes + padding;
	return (char *)block->data + start;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	return take(arena, bytes ? bytes : 1, _Alignof(max_align_t));
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(arena, bytes);
}

char *arena_strdup(struct arena *arena, struct str s)
{
	char *copy = s.len < SIZE_MAX ? take(arena, s.len + 1, 1) : NULL;

	if (!copy)
		return NULL;
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	char brief[256];
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(brief, sizeof brief, format, args);
	va_end(args);
	if (len < 0)
		return NULL;
	if ((size_t)len < sizeof brief)
		return arena_strdup(arena, (struct str){brief, (size_t)len});

	text = take(arena, (size_t)len + 1, 1);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

/*
 * One arena per request: many small allocations, one release, a byte budget.
 * Not thread-safe. Allocations are aligned for any type and are zeroed.
 */
#ifndef WINNOW_BASE_ARENA_H
#define WINNOW_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used_bytes;
	size_t budget_bytes;
};

/* Nothing is allocated before the first use. */
void arena_init(struct arena *arena, size_t budget_bytes);
/* Frees all; the arena can be used again with the same budget. */
void arena_release(struct arena *arena);

/* NULL when memory or the budget is out. A size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t bytes) __attribute__((malloc));
/* count * size with the overflow checked. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc));
/* NUL-terminated copies; NULL on failure (a STR_NONE copies as ""). */
char *arena_strdup(struct arena *arena, struct str s);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

/*
 * Memory that runs out, for tests that include the sources themselves: each allocation is made to fail once.
 * Sources ask these instead of the library's by
 *
 *	#define calloc failing_calloc
 */
#ifndef WINNOW_TESTS_ENGINE_FAILING_H
#define WINNOW_TESTS_ENGINE_FAILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

static size_t allocations_left;

static inline bool may_allocate(void)
{
	if (allocations_left == 0)
		return false;
	allocations_left--;
	return true;
}

static inline void *failing_calloc(size_t count, size_t size)
{
	return may_allocate() ? calloc(count, size) : NULL;
}

static inline void *failing_bulk(size_t count, size_t size)
{
	return may_allocate() ? reallocarray(NULL, count, size) : NULL;
}

static inline void *failing_reallocarray(void *memory, size_t count, size_t size)
{
	return may_allocate() ? reallocarray(memory, count, size) : NULL;
}

#endif

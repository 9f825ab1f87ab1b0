/*
 * A binary heap of numbers, the smallest first.
 */
#ifndef WINNOW_ENGINE_HEAP_H
#define WINNOW_ENGINE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* All zero: empty. What is at `at` is the owner's to free. */
struct wn_heap {
	uint64_t *at; /* at[0] is the smallest */
	size_t count, room;
};

/* Makes room for this many in all. False when memory is out. */
static inline bool wn_heap_reserve(struct wn_heap *heap, size_t count)
{
	uint64_t *at;
	size_t room = 2 * heap->room + 64;

	if (count <= heap->room)
		return true;
	if (room < count)
		room = count;
	at = reallocarray(heap->at, room, sizeof(*at));
	if (!at)
		return false;
	heap->at = at;
	heap->room = room;
	return true;
}

/* False when memory is out. */
static inline bool wn_heap_push(struct wn_heap *heap, uint64_t value)
{
	size_t hole = heap->count;

	if (!wn_heap_reserve(heap, heap->count + 1))
		return false;
	heap->count++;
	while (hole > 0 && value < heap->at[(hole - 1) / 2]) {
		heap->at[hole] = heap->at[(hole - 1) / 2];
		hole = (hole - 1) / 2;
	}
	heap->at[hole] = value;
	return true;
}

/* Takes the smallest out; there must be one. */
static inline uint64_t wn_heap_pop(struct wn_heap *heap)
{
	uint64_t least = heap->at[0], value = heap->at[--heap->count];
	size_t hole = 0;

	for (;;) {
		size_t child = 2 * hole + 1;

		if (child + 1 < heap->count && heap->at[child + 1] < heap->at[child])
			child++;
		if (child >= heap->count || value <= heap->at[child])
			break;
		heap->at[hole] = heap->at[child];
		hole = child;
	}
	heap->at[hole] = value;
	return least;
}

#endif

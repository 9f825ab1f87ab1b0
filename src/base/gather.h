/*
 * Work that is done together when it meets. Entries with the same key that arrive while a group of
 * that key is being worked on wait and become the next group; the first of all is a group of its
 * own. So nobody waits for company, and the busier a key is the larger its groups.
 */
#ifndef WINNOW_BASE_GATHER_H
#define WINNOW_BASE_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "base/workq.h"

struct gather;

/* Part of what is gathered; the caller's until it is pushed, and again from `run` on. */
struct gather_entry {
	struct gather_entry *next;
};

enum { GATHER_MAX = 64 };
/* run is called on a worker of `workers` with 1 … GATHER_MAX entries, in the order in which they came; for
 * one key never twice at a time. At most max_waiting entries wait in all. NULL: memory is out. */
struct gather *gather_new(struct workq *workers, size_t max_waiting,
	void (*run)(struct gather_entry **entries, size_t count, unsigned worker));
/* False when too many wait, or the workers' queue is full; then run will not be called. Thread-safe. */
bool gather_push(struct gather *gather, const struct uuid *key, struct gather_entry *entry);
/* Nothing is pushed any more; waits for what was. Before the workers end. */
void gather_free(struct gather *gather);

#endif

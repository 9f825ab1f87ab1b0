/*
 * Work that is done together when it meets. Entries with the same key that arrive while a group of
 * that key is at work become the next group: it is prepared meanwhile, and begins where the other
 * ends. So nobody waits for company, and the busier a key is the larger its groups.
 */
#ifndef WINNOW_BASE_GATHER_H
#define WINNOW_BASE_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "base/workq.h"

struct gather;

/* Part of what is gathered; the caller's until it is pushed, and again from `finish` on. */
struct gather_entry {
	struct gather_entry *next;
};

enum { GATHER_MAX = 64 };
/* The steps of a group, on one worker; entries in the order in which they came. */
struct gather_steps {
	/* Some of the group, perhaps more to come; beside another group's steps. */
	void (*prepare)(struct gather_entry **entries, size_t count, unsigned worker);
	/* All 1 … GATHER_MAX of it; for one key never twice at a time. */
	void (*run)(struct gather_entry **entries, size_t count);
	/* Gives them back; the next group may be running by now. */
	void (*finish)(struct gather_entry **entries, size_t count);
};
/* At most max_waiting entries of a key wait for a worker. NULL: memory is out. */
struct gather *gather_new(
	struct workq *workers, size_t max_waiting, const struct gather_steps *steps);
/* False when too many wait, or the workers' queue is full; then no step will be taken. Thread-safe. */
bool gather_push(struct gather *gather, const struct uuid *key, struct gather_entry *entry);
/* Nothing is pushed any more; waits for what was. Before the workers end. */
void gather_free(struct gather *gather);

#endif

/*
 * Sets of overrides: immutable, shared by reference between a picture and its rankings. Private to
 * this folder but for the struct, which ranking.h shows.
 */
#ifndef WINNOW_LIVE_OVERRIDE_SET_H
#define WINNOW_LIVE_OVERRIDE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "store/aggregates.h"

/* Without justifications and links; oldest first (by revision, then id). */
struct override_set {
	int references; /* atomic */
	struct arena arena;
	const struct override_row *rows;
	size_t count;
};

/* Of the rows that are wanted, copied; `wanted` may be NULL: all. NULL when memory is out. */
struct override_set *override_set_new(
	const struct override_row *rows, const bool *wanted, size_t count);
void override_set_ref(struct override_set *set);
void override_set_unref(struct override_set *set); /* NULL is fine */
size_t override_set_bytes(const struct override_set *set);

/* `set` (NULL: none) after what was made and ended since: a new set, by replacing rows of the same id
 * and leaving out what has ended. NULL when memory is out. */
struct override_set *override_set_follow(
	const struct override_set *set, const struct override_row *news, size_t count);

#endif

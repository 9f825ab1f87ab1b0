/*
 * Sets of reviews: immutable, shared by reference between a picture and its rankings. Private to this
 * folder but for the struct, which ranking.h shows.
 */
#ifndef WINNOW_LIVE_REVIEW_SET_H
#define WINNOW_LIVE_REVIEW_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "store/aggregates.h"

/* What counts: open reviews, and approvals that have not lapsed on record. Without texts, oldest first. Of an
 * item there is at most one of each. */
struct review_set {
	int references; /* atomic */
	struct arena arena;
	const struct review_row *rows;
	size_t count;
	struct uuid_map open, approvals; /* by item: the row's index */
};

/* Copied. NULL when memory is out. */
struct review_set *review_set_new(const struct review_row *rows, size_t count);
void review_set_ref(struct review_set *set);
void review_set_unref(struct review_set *set); /* NULL is fine */
size_t review_set_bytes(const struct review_set *set);

/* NULL: there is none of that item. */
const struct review_row *review_set_open(const struct review_set *set, const struct uuid *item);
const struct review_row *review_set_approval(const struct review_set *set, const struct uuid *item);

/* `set` after what was opened, ended and marked since: a new set. NULL when memory is out. */
struct review_set *review_set_follow(
	const struct review_set *set, const struct review_row *news, size_t count);

#endif

/*
 * The rows of a picture by number, as far as its rankings share them with it.
 */
#ifndef WINNOW_LIVE_ROW_INDEX_H
#define WINNOW_LIVE_ROW_INDEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

/* Which row an item is. Rows are given once and never taken back while the picture lives, so
 * rankings of any age may ask. Shared and locked: the follower adds while readers look. */
struct row_index {
	int references; /* atomic */
	pthread_rwlock_t lock;
	struct uuid_map rows;
};

struct row_index *row_index_new(void); /* NULL when memory is out */
void row_index_ref(struct row_index *index);
void row_index_unref(struct row_index *index);                           /* NULL is fine */
uint32_t row_index_find(struct row_index *index, const struct uuid *id); /* MAP_NONE */
/* False when memory is out. */
bool row_index_put(struct row_index *index, const struct uuid *id, uint32_t row);

/* What never changes of a row, by row, because the engine wants it in one piece. Shared with the
 * rankings: the picture writes behind their rows only, and a larger table is a new one. */
struct row_keys {
	int references; /* atomic */
	size_t room;
	unsigned char (*ids)[16];
	int64_t *first_revisions;
};
/* A larger copy of the first `rows`; the old one may be in use, or be NULL with none. NULL when memory
 * is out. */
struct row_keys *row_keys_grown(const struct row_keys *old, size_t rows, size_t room);
void row_keys_ref(struct row_keys *keys);
void row_keys_unref(struct row_keys *keys); /* NULL is fine */

#endif

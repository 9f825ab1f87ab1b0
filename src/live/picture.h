/*
 * The live picture of one workspace: blocks of rows, where each item is, and the configuration.
 * Only the follower thread touches it; what it publishes is a ranking (ranking.h).
 */
#ifndef WINNOW_LIVE_PICTURE_H
#define WINNOW_LIVE_PICTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "codec/catalog.h"
#include "live/block.h"
#include "store/store.h"

/* Which row an item is. Rows are given once and never taken back while the picture lives, so
 * rankings of any age may ask. Shared and locked: the follower adds while readers look. */
struct row_index {
	int references; /* atomic */
	pthread_rwlock_t lock;
	struct uuid_map rows;
};

struct row_index *row_index_new(void);
void row_index_ref(struct row_index *index);
void row_index_unref(struct row_index *index);
uint32_t row_index_find(struct row_index *index, const struct uuid *id); /* MAP_NONE */

struct picture {
	struct uuid workspace;
	int64_t revision; /* what it shows; -1: nothing loaded */
	int64_t at_us;    /* that revision's audit time */
	struct catalog *catalog;
	struct row_index *index;
	struct block **blocks;
	size_t block_count, block_room;
	size_t rows;
	/* By row, beside the blocks, because ranking wants them in one piece. */
	unsigned char (*ids)[16];
	int64_t *first_revisions;
	uint8_t *candidates;
	size_t row_room;
};

struct picture *picture_new(const struct uuid *workspace);
void picture_free(struct picture *picture);

/* Moves the picture to the database's head: loads all when nothing is loaded, else what lies
 * behind its own revision. *moved tells whether the revision changed. After an error the picture
 * may be half moved: the caller frees it. */
enum error picture_follow(struct picture *picture, struct conn *conn, bool *moved);
size_t picture_bytes(const struct picture *picture);

#endif

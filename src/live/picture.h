/*
 * The picture of one workspace: blocks of rows, where each item is, the configuration, what people
 * decided and compared. The follower's thread alone touches the one that it moves, a worker the one
 * that it loads; what is published is a ranking (ranking.h).
 */
#ifndef WINNOW_LIVE_PICTURE_H
#define WINNOW_LIVE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/symbols.h"
#include "codec/catalog.h"
#include "live/block.h"
#include "live/override_set.h"
#include "live/review_set.h"
#include "live/row_index.h"
#include "live/status_log.h"
#include "live/strengths.h"
#include "store/store.h"

/* Asked with what a picture has come to whenever it has grown by a block: ERR_OK, or the error that ends
 * the move. */
struct room {
	enum error (*take)(void *self, size_t bytes);
	void *self;
};

struct picture {
	struct uuid workspace;
	struct room room; /* the owner's to set; take may be NULL: no limit */
	int64_t revision; /* what it shows; -1: nothing loaded */
	int64_t at_us;    /* that revision's audit time */
	bool torn;        /* a move broke off: it holds parts of a later revision, too */
	struct catalog *catalog;
	struct row_index *index;
	struct symbols *symbols;
	struct block **blocks;
	size_t block_count, block_room;
	bool loading; /* item by item, from nothing */
	bool erased;  /* a text that older rankings show is gone; whoever publishes takes it back */
	size_t loaded_rows; /* atomic: how far that is */
	size_t grown_bytes; /* since the move began: rough, without what every picture has */
	size_t rows;
	struct row_keys *keys;
	uint8_t *candidates; /* by row */
	size_t candidate_room;
	struct override_set *overrides; /* all that have not ended */
	struct review_set *reviews;     /* that count */
	struct row_pair *pairs;         /* items compared */
	size_t pair_count, pair_room;
	struct strengths *strengths; /* NULL: nothing was compared */
	struct status_log *statuses; /* NULL: there are no rules of service levels */
};

struct picture *picture_new(const struct uuid *workspace);
void picture_free(struct picture *picture);

/* Moves the picture to the database's head: loads all when nothing is loaded, else what lies
 * behind its own revision. *moved tells whether the revision changed. After an error the picture
 * may be torn: it can be followed again, but not ranked. Errors of `room` end it, too. */
enum error picture_follow(struct picture *picture, struct conn *conn, bool *moved);
/* Fills a new picture as of `revision`, in an open read. ERR_BEYOND_HEAD; ERR_NOT_FOUND: no such workspace, or a
 * revision before its first. After an error the caller frees it. */
enum error picture_load_at(struct picture *picture, struct conn *conn, int64_t revision);
size_t picture_bytes(const struct picture *picture);

#endif

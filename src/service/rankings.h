/*
 * Kept rankings: a header with the receipt, and the order, which stay when the live picture has
 * moved on. Immutable.
 */
#ifndef WINNOW_SERVICE_RANKINGS_H
#define WINNOW_SERVICE_RANKINGS_H

#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

enum { RANKING_MAX_NOTE = 4096 /* bytes */ };

struct ranking_content {
	struct str id;          /* "<revision>.<minutes>", what it saw */
	struct receipt receipt; /* item_count says how many entries there are */
	struct str note;        /* absent: none */
	/* Fills in the items with ranks first … first + count - 1 (from 1). Called in ascending order
	 * with at most RANKING_CHUNK_ITEMS each; from the start again when the write is retried. */
	void (*entries)(void *self, size_t first, size_t count, struct ranked_item *out);
	void *self;
};

/*
 * Keeps it: header and entries in one revision, "ranking.keep" on "ranking:<id>". One that is kept
 * already gives its row (with its own note), *created and written->changed are false, and nothing is
 * written. After a replay *out may be of another id than `content`. ERR_INVALID: "/note" is too long. ERR_CONFLICT: it is kept already with another order or
 * other versions, which a correct caller cannot meet.
 */
enum error ranking_keep(const struct call *call, const struct ranking_content *content,
	struct ranking_row *out, bool *created, struct written *written);

/* ERR_NOT_FOUND. `revision`: the workspace's, that the answer reflects. */
enum error ranking_get(
	const struct call *call, struct str id, struct ranking_row *out, int64_t *revision);
/* Newest kept first, with row revision < before (INT64_MAX: from the newest). */
enum error ranking_list(const struct call *call, int64_t before, size_t limit,
	struct ranking_row **out, size_t *count, int64_t *revision);
/* The header, and entries with ranks in [from, from + count), as far as there are. ERR_NOT_FOUND. */
struct ranking_range {
	struct str id;
	int64_t from; /* >= 1 */
	size_t count;
};
enum error ranking_page(const struct call *call, const struct ranking_range *range,
	struct ranking_row *header, struct ranked_item **out, size_t *found, int64_t *revision);

#endif

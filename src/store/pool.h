/*
 * What a connection needs of the pool that it belongs to.
 */
#ifndef WINNOW_STORE_POOL_H
#define WINNOW_STORE_POOL_H

#include "base/sha256.h"
#include "store/store.h"

struct replica;

const struct store_config *store_configuration(const struct store *store);
/* NULL: there is none. */
struct replica *store_replica(const struct store *store);
/* What was read of a workspace's head; see replica_note. Nothing where there is no replica. */
void store_note(struct store *store, const struct uuid *workspace, int64_t revision,
	const struct sha256 *hash);
/* Whether connecting may be tried now: while the database is away one at a time tries, with a
 * pause between. After true, store_tried must follow, with the same moment. */
bool store_may_try(struct store *store, int64_t *began_us);
/* How it went; `why` (for the log) when it failed. */
void store_tried(struct store *store, int64_t began_us, bool good, const char *why);

#endif

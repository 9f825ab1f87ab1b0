/*
 * The replica of a store: a pool of its own, and whether it is to be asked now. Private to this folder.
 */
#ifndef WINNOW_STORE_REPLICA_H
#define WINNOW_STORE_REPLICA_H

#include "store/known.h"
#include "store/store.h"

struct replica;

/* Does not connect. `config` is the primary's. NULL when memory is out. */
struct replica *replica_new(const struct store_config *config, const struct clock *clock);
void replica_free(struct replica *replica); /* NULL is fine */

/* A head that was read from the primary, or may be one in a moment (hash: NULL). */
void replica_note(struct replica *replica, const struct uuid *workspace, int64_t revision,
	const struct sha256 *hash);

#endif

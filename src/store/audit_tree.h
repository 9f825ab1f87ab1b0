/*
 * What is kept beside the log to prove it (migration 0008): nodes of the Merkle tree over the records'
 * hashes, and signed checkpoints. Derived from the log, so neither takes a revision.
 */
#ifndef WINNOW_STORE_AUDIT_TREE_H
#define WINNOW_STORE_AUDIT_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/sha256.h"
#include "base/str.h"
#include "store/store.h"

enum { AUDIT_TREE_STEP = 8, AUDIT_TREE_TILE = 256 }; /* stored are the levels 8, 16, … */

/* Inside read_begin or a tx, as all of these. The hashes of the records (after, upto], `room` at the
 * most; *count is less where records are missing. */
enum error audit_hashes(struct conn *conn, const struct uuid *workspace, int64_t after,
	int64_t upto, struct sha256 *out, size_t room, size_t *count);

/* Stored nodes of a level from `place` on, without a gap, `room` at the most. */
enum error audit_nodes(struct conn *conn, const struct uuid *workspace, unsigned level,
	uint64_t place, struct sha256 *out, size_t room, size_t *count);
/* How many there are of a level. */
enum error audit_nodes_count(
	struct conn *conn, const struct uuid *workspace, unsigned level, uint64_t *count);
/* Queued; one that is there already stays. */
enum error audit_node_append(struct tx *tx, const struct uuid *workspace, unsigned level,
	uint64_t place, const struct sha256 *hash);

struct checkpoint_row {
	int64_t size; /* records of the tree: the last one's revision */
	struct sha256 root;
	struct str note; /* signed; codec/note.h */
	int64_t made_us;
};
/* Queued; one of the same size that is there already stays. */
enum error checkpoint_append(
	struct tx *tx, const struct uuid *workspace, const struct checkpoint_row *checkpoint);
/* The newest whose size is below `before`, descending. */
enum error checkpoints_newest(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct checkpoint_row **out, size_t *count);
/* Those whose size is beyond `after`, ascending. */
enum error checkpoints_after(struct conn *conn, const struct uuid *workspace, int64_t after,
	size_t limit, struct arena *arena, struct checkpoint_row **out, size_t *count);
/* In the system workspace: the workspaces behind `after` (NULL: from the first) whose log has grown since their
 * newest checkpoint, where that was made at or before made_us, or `records` records ago. */
enum error checkpoints_due(struct conn *conn, const struct uuid *after, int64_t made_us,
	int64_t records, size_t limit, struct arena *arena, struct uuid **out, size_t *count);

#endif

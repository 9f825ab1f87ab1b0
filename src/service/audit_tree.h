/*
 * The Merkle tree over a workspace's audit records (docs/proof.md): a leaf is a record's hash, so the
 * tree of size R is that of the revisions 1 … R. Proofs, and the roots that they are about.
 */
#ifndef WINNOW_SERVICE_AUDIT_TREE_H
#define WINNOW_SERVICE_AUDIT_TREE_H

#include "base/merkle.h"
#include "service/service.h"

struct audit_inclusion {
	int64_t revision, size;
	struct sha256 record; /* the leaf's data: the record's hash */
	struct sha256 root;
	struct merkle_proof proof;
	int64_t head;
};
/* That the record of a revision is in the tree of `size` records; size 0: of the newest checkpoint, or
 * of all where there is none. ERR_INVALID: no such revision or size; ERR_CONFLICT: the tree has too few stored
 * nodes for it, since no checkpoints are made. */
enum error audit_inclusion(
	const struct call *call, int64_t revision, int64_t size, struct audit_inclusion *out);

struct audit_consistency {
	int64_t from, to;
	struct sha256 from_root, to_root;
	struct merkle_proof proof;
	int64_t head;
};
/* That the tree of `from` records is the beginning of that of `to`; 0: as above. */
enum error audit_consistency(
	const struct call *call, int64_t from, int64_t to, struct audit_consistency *out);

/* ---- for checkpoints ---- */

/*
 * Nodes of one workspace's tree, in an open read transaction: from what is stored, and from the
 * records where nothing is. All zero but for the first three.
 */
struct tree_reading {
	struct conn *conn;
	const struct uuid *workspace;
	struct arena *arena; /* of what is kept for the next question */
	struct tree_tile *tiles;
	unsigned hashed;  /* tiles of records that had to be hashed for want of a stored node */
	enum error error; /* why the source said no */
};
struct merkle_source tree_source(struct tree_reading *reading);
/* What a false of the tree's arithmetic means. */
enum error tree_failure(const struct tree_reading *reading);

#endif

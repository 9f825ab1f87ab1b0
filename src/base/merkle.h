/*
 * Merkle trees over a log (RFC 6962 §2.1, RFC 9162 §2.1): a leaf's hash is SHA-256(0x00 ‖ data), an
 * inner node's SHA-256(0x01 ‖ left ‖ right). Pure arithmetic: where the nodes are kept is others'
 * matter. docs/proof.md tells what the daemon makes of it.
 *
 * Node (level, index) is the root of the 2^level leaves from index * 2^level on, all of them there: a
 * perfect subtree, which never changes once it is whole. Every root and every proof is made of such.
 */
#ifndef WINNOW_BASE_MERKLE_H
#define WINNOW_BASE_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

enum {
	MERKLE_LEVELS = 63, /* sizes are below 2^63 */
	MERKLE_PROOF_MAX = MERKLE_LEVELS + 1,
};

/* All return false when memory is out, or where said otherwise. */
bool merkle_leaf(const void *data, size_t bytes, struct sha256 *out);
bool merkle_node(const struct sha256 *left, const struct sha256 *right, struct sha256 *out);

/*
 * The right edge of a tree: by level the perfect subtrees that the size's bits stand for. It is all
 * that appending needs. All zero: the empty tree.
 */
struct merkle_edge {
	uint64_t size;
	struct sha256
		nodes[MERKLE_LEVELS]; /* nodes[level] counts where bit `level` of size is set */
};
/* Is told of each node above the leaves that becomes whole, from the lower level up. False ends it. */
typedef bool merkle_whole(void *self, unsigned level, uint64_t index, const struct sha256 *hash);
/* `leaf` is the hash of the next leaf; `whole` may be NULL. After a false the edge is of no use. */
bool merkle_append(
	struct merkle_edge *edge, const struct sha256 *leaf, merkle_whole *whole, void *self);
bool merkle_edge_root(const struct merkle_edge *edge, struct sha256 *out);

/* Gives nodes that are whole; false when it cannot, which ends what asked for it. */
struct merkle_source {
	bool (*node)(void *self, unsigned level, uint64_t index, struct sha256 *out);
	void *self;
};
bool merkle_edge_of(const struct merkle_source *source, uint64_t size, struct merkle_edge *out);
bool merkle_root(const struct merkle_source *source, uint64_t size, struct sha256 *out);

struct merkle_proof {
	size_t count;
	struct sha256 hashes[MERKLE_PROOF_MAX];
};
/* PATH(index, D[size]) of RFC 6962 §2.1.1. index < size, else false. */
bool merkle_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
	struct merkle_proof *out);
/* PROOF(from, D[to]) of §2.1.2; empty for from == 0 and from == to. from <= to, else false. */
bool merkle_consistency(
	const struct merkle_source *source, uint64_t from, uint64_t to, struct merkle_proof *out);

/* RFC 9162 §2.1.3.2: `leaf` (a leaf's hash) is at `index` of the tree of this size and root. */
bool merkle_check_inclusion(uint64_t index, uint64_t size, const struct sha256 *leaf,
	const struct merkle_proof *proof, const struct sha256 *root);
/* §2.1.4.2: the tree `from` is the beginning of the tree `to`. Of the empty tree every one is. */
bool merkle_check_consistency(uint64_t from, uint64_t to, const struct sha256 *from_root,
	const struct sha256 *to_root, const struct merkle_proof *proof);

#endif

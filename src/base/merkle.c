/*
 * Trees over a log. Where the RFC recurses from the root down, this goes from perfect subtree to
 * perfect subtree: a range of leaves that begins at a multiple of its width is at most one of them a
 * level.
 */
#include "base/merkle.h"

#include <string.h>

bool merkle_leaf(const void *data, size_t bytes, struct sha256 *out)
{
	const struct str parts[] = {{"\x00", 1}, {data, bytes}};

	return sha256_of_parts(parts, 2, out);
}

bool merkle_node(const struct sha256 *left, const struct sha256 *right, struct sha256 *out)
{
	unsigned char text[1 + 2 * SHA256_BYTES] = {0x01};

	memcpy(text + 1, left->bytes, SHA256_BYTES);
	memcpy(text + 1 + SHA256_BYTES, right->bytes, SHA256_BYTES);
	return sha256_of(text, sizeof text, out);
}

/* ---- the right edge ---- */

bool merkle_append(
	struct merkle_edge *edge, const struct sha256 *leaf, merkle_whole *whole, void *self)
{
	struct sha256 node = *leaf;
	unsigned level = 0;

	for (; edge->size >> level & 1; level++) {
		if (!merkle_node(&edge->nodes[level], &node, &node))
			return false;
		if (whole && !whole(self, level + 1, edge->size >> (level + 1), &node))
			return false;
	}
	edge->nodes[level] = node;
	edge->size++;
	return true;
}

/* From the narrowest subtree to the widest, which is the leftmost. */
bool merkle_edge_root(const struct merkle_edge *edge, struct sha256 *out)
{
	bool any = false;

	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if (!(edge->size >> level & 1))
			continue;
		if (!any)
			*out = edge->nodes[level];
		else if (!merkle_node(&edge->nodes[level], out, out))
			return false;
		any = true;
	}
	return any || sha256_of(NULL, 0, out);
}

bool merkle_edge_of(const struct merkle_source *source, uint64_t size, struct merkle_edge *out)
{
	*out = (struct merkle_edge){.size = size};
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		/* What stands left of it are the wider ones. */
		uint64_t index = (size >> level) - 1;

		if ((size >> level & 1) &&
			!source->node(source->self, level, index, &out->nodes[level]))
			return false;
	}
	return size >> MERKLE_LEVELS == 0;
}

bool merkle_root(const struct merkle_source *source, uint64_t size, struct sha256 *out)
{
	struct merkle_edge edge;

	return merkle_edge_of(source, size, &edge) && merkle_edge_root(&edge, out);
}

/* ---- making proofs ---- */

/*
 * The root of the leaves [begin, end), where begin is a multiple of a power of two that is no less
 * than the width: as the RFC cuts them, a tree of its own.
 */
static bool range_root(
	const struct merkle_source *source, uint64_t begin, uint64_t end, struct sha256 *out)
{
	uint64_t left = end - begin, at = end;
	bool any = false;

	for (unsigned level = 0; left >> level; level++) {
		struct sha256 node;

		if (!(left >> level & 1))
			continue;
		at -= (uint64_t)1 << level;
		if (!source->node(source->self, level, at >> level, &node))
			return false;
		if (!any)
			*out = node;
		else if (!merkle_node(&node, out, out))
			return false;
		any = true;
	}
	return any;
}

/* The largest power of two below n, for n > 1. */
static uint64_t split_of(uint64_t n)
{
	return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

static bool put_range(const struct merkle_source *source, uint64_t begin, uint64_t end,
	struct merkle_proof *proof)
{
	return proof->count < MERKLE_PROOF_MAX &&
	       range_root(source, begin, end, &proof->hashes[proof->count++]);
}

static void reverse(struct merkle_proof *proof)
{
	for (size_t i = 0; i < proof->count / 2; i++) {
		struct sha256 other = proof->hashes[i];

		proof->hashes[i] = proof->hashes[proof->count - 1 - i];
		proof->hashes[proof->count - 1 - i] = other;
	}
}

bool merkle_inclusion(
	const struct merkle_source *source, uint64_t index, uint64_t size, struct merkle_proof *out)
{
	uint64_t begin = 0, end = size;

	out->count = 0;
	if (index >= size)
		return false;
	while (end - begin > 1) {
		uint64_t middle = begin + split_of(end - begin);
		bool left = index < middle;

		if (!put_range(source, left ? middle : begin, left ? end : middle, out))
			return false;
		if (left)
			end = middle;
		else
			begin = middle;
	}
	reverse(out);
	return true;
}

bool merkle_consistency(
	const struct merkle_source *source, uint64_t from, uint64_t to, struct merkle_proof *out)
{
	uint64_t begin = 0, end = to;

	out->count = 0;
	if (from > to)
		return false;
	if (from == 0 || from == to)
		return true;
	/* Down to the subtree that ends where the older tree does. */
	while (end != from) {
		uint64_t middle = begin + split_of(end - begin);
		bool left = from <= middle;

		if (!put_range(source, left ? middle : begin, left ? end : middle, out))
			return false;
		if (left)
			end = middle;
		else
			begin = middle;
	}
	/* Where it is the whole older tree the verifier has its root. */
	if (begin > 0 && !put_range(source, begin, end, out))
		return false;
	reverse(out);
	return true;
}

/* ---- checking them ---- */

bool merkle_check_inclusion(uint64_t index, uint64_t size, const struct sha256 *leaf,
	const struct merkle_proof *proof, const struct sha256 *root)
{
	struct sha256 hash = *leaf;
	uint64_t at = index, last = size - 1;

	if (index >= size)
		return false;
	for (size_t i = 0; i < proof->count; i++) {
		const struct sha256 *other = &proof->hashes[i];
		bool is_right = at & 1 || at == last;

		if (last == 0)
			return false;
		if (!(is_right ? merkle_node(other, &hash, &hash)
			       : merkle_node(&hash, other, &hash)))
			return false;
		/* The last node of a level may have no sibling there. */
		while (is_right && !(at & 1) && at != 0) {
			at >>= 1;
			last >>= 1;
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && sha256_same(&hash, root);
}

bool merkle_check_consistency(uint64_t from, uint64_t to, const struct sha256 *from_root,
	const struct sha256 *to_root, const struct merkle_proof *proof)
{
	struct sha256 older, newer;
	uint64_t at, last;
	size_t i = 0;

	if (from > to || ((from == 0 || from == to) && proof->count > 0))
		return false;
	if (from == 0 || from == to)
		return from != to || sha256_same(from_root, to_root);
	if (proof->count == 0)
		return false;
	at = from - 1;
	last = to - 1;
	while (at & 1) {
		at >>= 1;
		last >>= 1;
	}
	/* A perfect older tree is its own first node. */
	older = newer = (from & (from - 1)) == 0 ? *from_root : proof->hashes[i++];
	for (; i < proof->count; i++) {
		const struct sha256 *other = &proof->hashes[i];

		if (last == 0)
			return false;
		if (at & 1 || at == last) {
			if (!merkle_node(other, &older, &older) ||
				!merkle_node(other, &newer, &newer))
				return false;
			while (!(at & 1) && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else if (!merkle_node(&newer, other, &newer)) {
			return false;
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && sha256_same(&older, from_root) && sha256_same(&newer, to_root);
}

/*
 * Merkle trees: the reference implementation's values, and properties against the definition of RFC 6962
 * §2.1 written down as it stands there, with nothing of a tree kept.
 */
#include "base/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"

enum { LEAVES_MAX = 70, VECTOR_LEAVES = 8, LINE_MAX_BYTES = 1024 };

struct forest {
	struct sha256 leaves[LEAVES_MAX];
};

/* ---- the definition ---- */

static uint64_t half_of(uint64_t n)
{
	uint64_t k = 1;

	while (2 * k < n)
		k *= 2;
	return k;
}

static struct sha256 definition_root(const struct sha256 *leaves, uint64_t n)
{
	struct sha256 left, right, out;
	uint64_t k;

	if (n == 0) {
		assert_true(sha256_of(NULL, 0, &out));
		return out;
	}
	if (n == 1)
		return leaves[0];
	k = half_of(n);
	left = definition_root(leaves, k);
	right = definition_root(leaves + k, n - k);
	assert_true(merkle_node(&left, &right, &out));
	return out;
}

static void definition_path(
	const struct sha256 *leaves, uint64_t m, uint64_t n, struct merkle_proof *out)
{
	uint64_t k;

	if (n <= 1)
		return;
	k = half_of(n);
	if (m < k)
		definition_path(leaves, m, k, out);
	else
		definition_path(leaves + k, m - k, n - k, out);
	out->hashes[out->count++] =
		m < k ? definition_root(leaves + k, n - k) : definition_root(leaves, k);
}

static void definition_proof(
	const struct sha256 *leaves, uint64_t m, uint64_t n, bool whole, struct merkle_proof *out)
{
	uint64_t k;

	if (m == n) {
		if (!whole)
			out->hashes[out->count++] = definition_root(leaves, m);
		return;
	}
	k = half_of(n);
	if (m <= k)
		definition_proof(leaves, m, k, whole, out);
	else
		definition_proof(leaves + k, m - k, n - k, false, out);
	out->hashes[out->count++] =
		m <= k ? definition_root(leaves + k, n - k) : definition_root(leaves, k);
}

/* ---- what is tested ---- */

static bool node_of(void *self, unsigned level, uint64_t index, struct sha256 *out)
{
	const struct forest *forest = self;

	assert_true(((index + 1) << level) <= LEAVES_MAX);
	*out = definition_root(forest->leaves + (index << level), (uint64_t)1 << level);
	return true;
}

static void make_forest(struct forest *forest)
{
	for (size_t i = 0; i < LEAVES_MAX; i++) {
		uint64_t data = random_u64();

		assert_true(merkle_leaf(&data, sizeof data, &forest->leaves[i]));
	}
}

static void assert_same_proof(const struct merkle_proof *a, const struct merkle_proof *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_true(sha256_same(&a->hashes[i], &b->hashes[i]));
}

static bool whole_is_right(void *self, unsigned level, uint64_t index, const struct sha256 *hash)
{
	struct sha256 wanted;

	node_of(self, level, index, &wanted);
	return sha256_same(hash, &wanted);
}

static void test_edges_and_roots(void **state)
{
	struct forest forest;
	struct merkle_edge edge = {.size = 0}, again;
	const struct merkle_source source = {node_of, &forest};

	(void)state;
	random_begin("edges");
	make_forest(&forest);
	for (uint64_t n = 0; n <= LEAVES_MAX; n++) {
		struct sha256 wanted = definition_root(forest.leaves, n), root;

		assert_true(merkle_edge_root(&edge, &root));
		assert_true(sha256_same(&root, &wanted));
		assert_true(merkle_root(&source, n, &root));
		assert_true(sha256_same(&root, &wanted));
		assert_true(merkle_edge_of(&source, n, &again));
		for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
			if (n >> level & 1)
				assert_true(sha256_same(&edge.nodes[level], &again.nodes[level]));
		}
		if (n < LEAVES_MAX)
			assert_true(
				merkle_append(&edge, &forest.leaves[n], whole_is_right, &forest));
	}
}

/* Each proof in turn with one thing changed: never accepted. */
static void assert_inclusion_is_tight(uint64_t index, uint64_t size, const struct sha256 *leaf,
	const struct merkle_proof *proof, const struct sha256 *root)
{
	struct merkle_proof other = *proof;
	struct sha256 wrong = *leaf;

	assert_false(merkle_check_inclusion(index + 1, size, leaf, proof, root));
	assert_false(merkle_check_inclusion(index, 2 * size + 1, leaf, proof, root));
	wrong.bytes[31] ^= 1;
	assert_false(merkle_check_inclusion(index, size, &wrong, proof, root));
	wrong = *root;
	wrong.bytes[0] ^= 1;
	assert_false(merkle_check_inclusion(index, size, leaf, proof, &wrong));
	for (size_t i = 0; i < proof->count; i++) {
		other.hashes[i].bytes[random_below(32)] ^= 4;
		assert_false(merkle_check_inclusion(index, size, leaf, &other, root));
		other = *proof;
	}
	other.hashes[other.count++] = *root;
	assert_false(merkle_check_inclusion(index, size, leaf, &other, root));
	other.count = proof->count - 1;
	if (proof->count > 0)
		assert_false(merkle_check_inclusion(index, size, leaf, &other, root));
}

static void test_inclusion(void **state)
{
	struct forest forest;
	const struct merkle_source source = {node_of, &forest};
	struct merkle_proof proof;

	(void)state;
	random_begin("inclusion");
	make_forest(&forest);
	for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
		struct sha256 root = definition_root(forest.leaves, size);

		for (uint64_t index = 0; index < size; index++) {
			struct merkle_proof wanted = {.count = 0};

			definition_path(forest.leaves, index, size, &wanted);
			assert_true(merkle_inclusion(&source, index, size, &proof));
			assert_same_proof(&proof, &wanted);
			assert_true(merkle_check_inclusion(
				index, size, &forest.leaves[index], &proof, &root));
			assert_inclusion_is_tight(
				index, size, &forest.leaves[index], &proof, &root);
		}
		assert_false(merkle_inclusion(&source, size, size, &proof));
	}
	assert_false(merkle_check_inclusion(
		0, 0, &forest.leaves[0], &(struct merkle_proof){.count = 0}, &forest.leaves[0]));
}

static void assert_consistency_is_tight(uint64_t from, uint64_t to, const struct sha256 *older,
	const struct sha256 *newer, const struct merkle_proof *proof)
{
	struct merkle_proof other = *proof;
	struct sha256 wrong = *older;

	wrong.bytes[7] ^= 1;
	assert_false(merkle_check_consistency(from, to, &wrong, newer, proof));
	wrong = *newer;
	wrong.bytes[7] ^= 1;
	assert_false(merkle_check_consistency(from, to, older, &wrong, proof));
	assert_false(merkle_check_consistency(to, from, older, newer, proof) && from != to);
	for (size_t i = 0; i < proof->count; i++) {
		other.hashes[i].bytes[random_below(32)] ^= 4;
		assert_false(merkle_check_consistency(from, to, older, newer, &other));
		other = *proof;
	}
	other.hashes[other.count++] = *newer;
	assert_false(merkle_check_consistency(from, to, older, newer, &other));
	other.count = proof->count - 1;
	if (proof->count > 0)
		assert_false(merkle_check_consistency(from, to, older, newer, &other));
}

static void test_consistency(void **state)
{
	struct forest forest;
	const struct merkle_source source = {node_of, &forest};
	struct merkle_proof proof;

	(void)state;
	random_begin("consistency");
	make_forest(&forest);
	for (uint64_t to = 1; to <= LEAVES_MAX; to++) {
		struct sha256 newer = definition_root(forest.leaves, to);

		for (uint64_t from = 1; from <= to; from++) {
			struct sha256 older = definition_root(forest.leaves, from);
			struct merkle_proof wanted = {.count = 0};

			definition_proof(forest.leaves, from, to, true, &wanted);
			assert_true(merkle_consistency(&source, from, to, &proof));
			assert_same_proof(&proof, &wanted);
			assert_true(merkle_check_consistency(from, to, &older, &newer, &proof));
			assert_consistency_is_tight(from, to, &older, &newer, &proof);
		}
		assert_false(merkle_consistency(&source, to + 1, to, &proof));
	}
}

/* ---- tests/vectors/merkle.txt ---- */

struct vectors {
	struct sha256 leaves[VECTOR_LEAVES], roots[VECTOR_LEAVES + 1];
	struct sha256 empty;
	size_t leaf_count, proofs;
};

static bool vector_node(void *self, unsigned level, uint64_t index, struct sha256 *out)
{
	const struct vectors *vectors = self;

	*out = definition_root(vectors->leaves + (index << level), (uint64_t)1 << level);
	return true;
}

static void read_leaf(struct vectors *vectors, const char *hex)
{
	unsigned char data[LINE_MAX_BYTES];
	size_t bytes = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;

	for (size_t i = 0; i < bytes; i++) {
		char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		data[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	assert_true(vectors->leaf_count < VECTOR_LEAVES);
	assert_true(merkle_leaf(data, bytes, &vectors->leaves[vectors->leaf_count++]));
}

static void read_hash(const char *hex, struct sha256 *out)
{
	assert_non_null(hex);
	assert_true(sha256_from_hex(hex, strlen(hex), out));
}

static void read_root(struct vectors *vectors, char **rest)
{
	size_t size = strtoul(strtok_r(NULL, " \n", rest), NULL, 10);

	assert_in_range(size, 1, VECTOR_LEAVES);
	read_hash(strtok_r(NULL, " \n", rest), &vectors->roots[size]);
}

static void check_proof(struct vectors *vectors, const char *kind, char **rest)
{
	uint64_t a = strtoull(strtok_r(NULL, " \n", rest), NULL, 10);
	uint64_t b = strtoull(strtok_r(NULL, " \n", rest), NULL, 10);
	const struct merkle_source source = {vector_node, vectors};
	struct merkle_proof wanted = {.count = 0}, made;
	const char *hex;

	while ((hex = strtok_r(NULL, " \n", rest)))
		read_hash(hex, &wanted.hashes[wanted.count++]);
	if (strcmp(kind, "inclusion") == 0) {
		assert_true(merkle_inclusion(&source, a, b, &made));
		assert_true(merkle_check_inclusion(
			a, b, &vectors->leaves[a], &wanted, &vectors->roots[b]));
	} else {
		assert_true(merkle_consistency(&source, a, b, &made));
		assert_true(merkle_check_consistency(
			a, b, &vectors->roots[a], &vectors->roots[b], &wanted));
	}
	assert_same_proof(&made, &wanted);
	vectors->proofs++;
}

static void check_roots(struct vectors *vectors)
{
	const struct merkle_source source = {vector_node, vectors};
	struct sha256 root;

	assert_int_equal(vectors->leaf_count, VECTOR_LEAVES);
	assert_true(merkle_root(&source, 0, &root));
	assert_true(sha256_same(&root, &vectors->empty));
	for (uint64_t size = 1; size <= VECTOR_LEAVES; size++) {
		assert_true(merkle_root(&source, size, &root));
		assert_true(sha256_same(&root, &vectors->roots[size]));
	}
}

static void test_vectors(void **state)
{
	FILE *file = fopen("tests/vectors/merkle.txt", "re");
	struct vectors vectors = {.leaf_count = 0};
	char line[LINE_MAX_BYTES];

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		char *rest = line, *word = strtok_r(line, " \n", &rest);

		if (!word || word[0] == '#')
			continue;
		if (strcmp(word, "empty") == 0)
			read_hash(strtok_r(NULL, " \n", &rest), &vectors.empty);
		else if (strcmp(word, "leaf") == 0)
			read_leaf(&vectors, strtok_r(NULL, " \n", &rest));
		else if (strcmp(word, "root") == 0)
			read_root(&vectors, &rest);
		else
			check_proof(&vectors, word, &rest);
	}
	fclose(file);
	check_roots(&vectors);
	assert_int_equal(vectors.proofs, 10);
}

static void test_a_long_leaf(void **state)
{
	unsigned char data[200], prefixed[201];
	struct sha256 leaf, wanted;

	(void)state;
	memset(data, 'x', sizeof data);
	prefixed[0] = 0;
	memcpy(prefixed + 1, data, sizeof data);
	assert_true(merkle_leaf(data, sizeof data, &leaf));
	assert_true(sha256_of(prefixed, sizeof prefixed, &wanted));
	assert_true(sha256_same(&leaf, &wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges_and_roots),
		cmocka_unit_test(test_inclusion),
		cmocka_unit_test(test_consistency),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_a_long_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Proofs from tiles: a node between two stored levels is made of at most 256 of the lower one, so a
 * proof reads a few hundred hashes a level, however long the log is.
 */
#include "service/audit_tree.h"

#include "service/reading.h"
#include "store/audit_tree.h"

enum {
	/* Tiles of records hashed for one proof for want of stored nodes: 65,536 records. */
	HASHED_MAX = 256,
	LEVELS_IN_TILE = AUDIT_TREE_STEP,
};

/* 256 neighbours of one stored level; of level 0 the leaves. */
struct tree_tile {
	struct tree_tile *next;
	unsigned level;
	uint64_t index;
	size_t count; /* less at the right edge, and where nodes have not been stored yet */
	struct sha256 hashes[AUDIT_TREE_TILE];
};

static bool failed(struct tree_reading *reading, enum error error)
{
	if (!reading->error)
		reading->error = error;
	return false;
}

/* The root of a power of two of neighbours. Overwrites them. */
static bool fold(struct sha256 *hashes, size_t count, struct sha256 *out)
{
	for (; count > 1; count /= 2) {
		for (size_t i = 0; i < count / 2; i++) {
			if (!merkle_node(&hashes[2 * i], &hashes[2 * i + 1], &hashes[i]))
				return false;
		}
	}
	*out = hashes[0];
	return true;
}

static bool read_tile(struct tree_reading *reading, unsigned level, uint64_t index,
	struct sha256 *hashes, size_t *count)
{
	uint64_t first = index * AUDIT_TREE_TILE;
	enum error error;

	if (level > 0) {
		error = audit_nodes(reading->conn, reading->workspace, level, first, hashes,
			AUDIT_TREE_TILE, count);
		return !error || failed(reading, error);
	}
	error = audit_hashes(reading->conn, reading->workspace, (int64_t)first,
		(int64_t)(first + AUDIT_TREE_TILE), hashes, AUDIT_TREE_TILE, count);
	if (error)
		return failed(reading, error);
	for (size_t i = 0; i < *count; i++) {
		if (!merkle_leaf(hashes[i].bytes, SHA256_BYTES, &hashes[i]))
			return failed(reading, ERR_NO_MEMORY);
	}
	return true;
}

static struct tree_tile *tile_of(struct tree_reading *reading, unsigned level, uint64_t index)
{
	struct tree_tile *tile = reading->tiles;

	while (tile && (tile->level != level || tile->index != index))
		tile = tile->next;
	if (tile)
		return tile;
	tile = arena_alloc(reading->arena, sizeof *tile);
	if (!tile) {
		failed(reading, ERR_NO_MEMORY);
		return NULL;
	}
	tile->level = level;
	tile->index = index;
	if (!read_tile(reading, level, index, tile->hashes, &tile->count))
		return NULL;
	tile->next = reading->tiles;
	reading->tiles = tile;
	return tile;
}

/* A node of a stored level that is not stored: from the 256 below it, which may not be, either. */
static bool make_stored(
	struct tree_reading *reading, unsigned level, uint64_t place, struct sha256 *out)
{
	struct sha256 below[AUDIT_TREE_TILE];
	size_t count;

	if (level == LEVELS_IN_TILE && ++reading->hashed > HASHED_MAX)
		return failed(reading, ERR_CONFLICT);
	if (!read_tile(reading, level - LEVELS_IN_TILE, place, below, &count))
		return false;
	/* A record that is missing cannot be made up for. */
	if (count < AUDIT_TREE_TILE && level == LEVELS_IN_TILE)
		return failed(reading, ERR_DATABASE);
	for (size_t i = count; i < AUDIT_TREE_TILE; i++) {
		if (!make_stored(reading, level - LEVELS_IN_TILE, place * AUDIT_TREE_TILE + i,
			    &below[i]))
			return false;
	}
	return fold(below, AUDIT_TREE_TILE, out) || failed(reading, ERR_NO_MEMORY);
}

/* A hash of a tile; a missing one of a stored level is made and kept there. */
static bool hash_at(struct tree_reading *reading, struct tree_tile *tile, size_t at)
{
	while (tile->count <= at) {
		uint64_t place = tile->index * AUDIT_TREE_TILE + tile->count;

		if (tile->level == 0)
			return failed(reading, ERR_DATABASE);
		if (!make_stored(reading, tile->level, place, &tile->hashes[tile->count]))
			return false;
		tile->count++;
	}
	return true;
}

static bool read_node(void *self, unsigned level, uint64_t index, struct sha256 *out)
{
	struct tree_reading *reading = self;
	unsigned above = level % LEVELS_IN_TILE;
	uint64_t first = index << above;
	size_t at = first % AUDIT_TREE_TILE, width = (size_t)1 << above;
	struct sha256 hashes[AUDIT_TREE_TILE];
	struct tree_tile *tile = tile_of(reading, level - above, first / AUDIT_TREE_TILE);

	if (!tile || !hash_at(reading, tile, at + width - 1))
		return false;
	memcpy(hashes, tile->hashes + at, width * sizeof *hashes);
	return fold(hashes, width, out) || failed(reading, ERR_NO_MEMORY);
}

struct merkle_source tree_source(struct tree_reading *reading)
{
	return (struct merkle_source){read_node, reading};
}

enum error tree_failure(const struct tree_reading *reading)
{
	return reading->error ? reading->error : ERR_NO_MEMORY;
}

/* ---- proofs ---- */

/* The size that is asked about: given, or that of the newest checkpoint, or the head's. */
static enum error find_size(const struct reading *reading, const char *name, int64_t *size)
{
	const struct call *call = reading->call;
	struct checkpoint_row *newest;
	size_t count;
	enum error error;

	if (*size > reading->head.revision) {
		diag_add(call->diag, name, "The log has %lld records.",
			(long long)reading->head.revision);
		return ERR_INVALID;
	}
	if (*size > 0)
		return ERR_OK;
	error = checkpoints_newest(
		reading->conn, &call->workspace, INT64_MAX, 1, call->arena, &newest, &count);
	if (!error)
		*size = count ? newest[0].size : reading->head.revision;
	return error;
}

static enum error explain(const struct reading *reading, enum error error)
{
	if (error == ERR_CONFLICT)
		diag_add(reading->call->diag, "",
			"Of this log too little of the tree is stored to prove it: that is done "
			"where checkpoints are made.");
	return error;
}

static enum error prove_inclusion(const struct reading *reading, struct audit_inclusion *out)
{
	const struct call *call = reading->call;
	struct tree_reading tree = {reading->conn, &call->workspace, call->arena, NULL, 0, ERR_OK};
	const struct merkle_source source = tree_source(&tree);
	size_t count;
	enum error error = find_size(reading, "/query/size", &out->size);

	if (error)
		return error;
	if (out->revision > out->size) {
		diag_add(call->diag, "/query/revision",
			"The tree of this size ends at revision %lld.", (long long)out->size);
		return ERR_INVALID;
	}
	error = audit_hashes(reading->conn, &call->workspace, out->revision - 1, out->revision,
		&out->record, 1, &count);
	if (!error && count == 0)
		error = ERR_DATABASE;
	if (error)
		return error;
	if (!merkle_inclusion(
		    &source, (uint64_t)out->revision - 1, (uint64_t)out->size, &out->proof) ||
		!merkle_root(&source, (uint64_t)out->size, &out->root))
		return explain(reading, tree_failure(&tree));
	return ERR_OK;
}

enum error audit_inclusion(
	const struct call *call, int64_t revision, int64_t size, struct audit_inclusion *out)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	*out = (struct audit_inclusion){
		.revision = revision, .size = size, .head = reading.head.revision};
	error = prove_inclusion(&reading, out);
	reading_end(&reading);
	return error;
}

static enum error prove_consistency(const struct reading *reading, struct audit_consistency *out)
{
	const struct call *call = reading->call;
	struct tree_reading tree = {reading->conn, &call->workspace, call->arena, NULL, 0, ERR_OK};
	const struct merkle_source source = tree_source(&tree);
	enum error error = find_size(reading, "/query/to", &out->to);

	if (error)
		return error;
	if (out->from > out->to) {
		diag_add(call->diag, "/query/from", "The later tree has only %lld records.",
			(long long)out->to);
		return ERR_INVALID;
	}
	if (!merkle_consistency(&source, (uint64_t)out->from, (uint64_t)out->to, &out->proof) ||
		!merkle_root(&source, (uint64_t)out->from, &out->from_root) ||
		!merkle_root(&source, (uint64_t)out->to, &out->to_root))
		return explain(reading, tree_failure(&tree));
	return ERR_OK;
}

enum error audit_consistency(
	const struct call *call, int64_t from, int64_t to, struct audit_consistency *out)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	*out = (struct audit_consistency){.from = from, .to = to, .head = reading.head.revision};
	error = prove_consistency(&reading, out);
	reading_end(&reading);
	return error;
}

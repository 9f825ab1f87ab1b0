/*
 * One pass beside the chain's: the tree grows record by record, and whatever was kept of it is compared
 * when it has the same size.
 */
#include "service/audit_check.h"

enum { CHECKPOINTS_AT_ONCE = 256, CHECKPOINT_ARENA = 16 << 20 };

void tree_check_begin(struct tree_check *check, struct conn *conn, const struct uuid *workspace,
	const struct audit_root *wanted, const struct note_verifier *key)
{
	*check = (struct tree_check){.conn = conn,
		.workspace = workspace,
		.wanted = *wanted,
		.key = key,
		.nodes_from = UINT64_MAX};
	arena_init(&check->arena, CHECKPOINT_ARENA);
}

void tree_check_release(struct tree_check *check)
{
	arena_release(&check->arena);
}

static void found(struct tree_check *check, enum audit_fault fault, int64_t revision)
{
	if (check->fault)
		return;
	check->fault = fault;
	check->revision = revision;
}

/* ---- nodes ---- */

/* The stored node of a place; *count is 0 when it has not been stored. */
static enum error stored_node(
	struct tree_check *check, unsigned level, uint64_t place, struct sha256 *out, size_t *count)
{
	uint64_t from = place - place % AUDIT_TREE_TILE;
	enum error error;

	if (level != AUDIT_TREE_STEP)
		return audit_nodes(check->conn, check->workspace, level, place, out, 1, count);
	if (check->nodes_from != from) {
		error = audit_nodes(check->conn, check->workspace, level, from, check->nodes,
			AUDIT_TREE_TILE, &check->node_count);
		if (error)
			return error;
		check->nodes_from = from;
	}
	*count = place - from < check->node_count;
	if (*count)
		*out = check->nodes[place - from];
	return ERR_OK;
}

static bool compare_node(void *self, unsigned level, uint64_t place, const struct sha256 *hash)
{
	struct tree_check *check = self;
	struct sha256 stored;
	size_t count;

	if (level % AUDIT_TREE_STEP != 0)
		return true;
	check->error = stored_node(check, level, place, &stored, &count);
	if (!check->error && count && !sha256_same(&stored, hash))
		found(check, AUDIT_TREE, (int64_t)(place << level) + 1);
	return !check->error;
}

/* ---- checkpoints ---- */

/* The next one of the database; NULL when there is none left. */
static enum error next_checkpoint(struct tree_check *check, const struct checkpoint_row **out)
{
	int64_t after = check->count ? check->checkpoints[check->count - 1].size : 0;
	enum error error;

	*out = NULL;
	if (check->at == check->count && !check->all_read) {
		arena_release(&check->arena);
		arena_init(&check->arena, CHECKPOINT_ARENA);
		error = checkpoints_after(check->conn, check->workspace, after, CHECKPOINTS_AT_ONCE,
			&check->arena, &check->checkpoints, &check->count);
		if (error)
			return error;
		check->at = 0;
		check->all_read = check->count < CHECKPOINTS_AT_ONCE;
	}
	if (check->at < check->count)
		*out = &check->checkpoints[check->at];
	return ERR_OK;
}

/* Its columns are what its text says, and the tree has this root. */
static bool fits(
	const struct checkpoint_row *row, const struct uuid *workspace, const struct sha256 *root)
{
	struct checkpoint text;

	return checkpoint_of_note(row->note, &text) && text.size == row->size &&
	       sha256_same(&text.root, &row->root) && checkpoint_is_of(&text, workspace) &&
	       sha256_same(&row->root, root);
}

/* A key can be changed, but not for a while: behind its first checkpoint there are no others. */
static bool is_signed(struct tree_check *check, const struct checkpoint_row *row)
{
	struct str text;
	enum note_state state;

	if (!check->key)
		return true;
	state = note_open(row->note, check->key, &text);
	if (state == NOTE_UNKNOWN && check->signed_from == 0) {
		check->of_others++;
		return true;
	}
	if (state == NOTE_GOOD && check->signed_from == 0)
		check->signed_from = row->size;
	return state == NOTE_GOOD;
}

static enum error compare_roots(struct tree_check *check)
{
	int64_t size = (int64_t)check->edge.size;
	const struct checkpoint_row *row;
	struct sha256 root;
	enum error error = next_checkpoint(check, &row);

	if (error)
		return error;
	if ((!row || row->size != size) && check->wanted.size != size)
		return ERR_OK;
	if (!merkle_edge_root(&check->edge, &root))
		return ERR_NO_MEMORY;
	if (row && row->size == size) {
		check->at++;
		if (!fits(row, check->workspace, &root))
			found(check, AUDIT_CHECKPOINT, size);
		else if (!is_signed(check, row))
			found(check, AUDIT_SIGNATURE, size);
	}
	if (check->wanted.size == size && !sha256_same(&check->wanted.root, &root))
		found(check, AUDIT_CHECKPOINT, size);
	return ERR_OK;
}

enum error tree_check_next(struct tree_check *check, const struct sha256 *record)
{
	struct sha256 leaf;

	if (!merkle_leaf(record->bytes, SHA256_BYTES, &leaf))
		return ERR_NO_MEMORY;
	if (!merkle_append(&check->edge, &leaf, compare_node, check))
		return check->error ? check->error : ERR_NO_MEMORY;
	return compare_roots(check);
}

enum error tree_check_end(struct tree_check *check)
{
	int64_t size = (int64_t)check->edge.size;
	const struct checkpoint_row *row;
	uint64_t nodes;
	enum error error = next_checkpoint(check, &row);

	if (!error)
		error = audit_nodes_count(check->conn, check->workspace, AUDIT_TREE_STEP, &nodes);
	if (error)
		return error;
	if (check->wanted.size > size || row)
		found(check, AUDIT_BEHIND, size + 1);
	if (nodes * AUDIT_TREE_TILE > check->edge.size)
		found(check, AUDIT_TREE, size + 1);
	return ERR_OK;
}

/*
 * A checkpoint is signed only where it continues what was signed before, so a log that was cut or
 * rolled back gets no signature, and is reported instead.
 */
#include "service/checkpoints.h"

#include <string.h>

#include "service/audit_tree.h"
#include "service/reading.h"
#include "store/aggregates.h"

enum {
	RECORDS_A_STEP = 65536, /* hashed in one read transaction */
	RECORDS_AT_ONCE = 4096,
};

struct tree_node {
	unsigned level;
	uint64_t place;
	struct sha256 hash;
};

/* ---- growing the tree ---- */

static bool note_whole(void *self, unsigned level, uint64_t place, const struct sha256 *hash)
{
	struct checkpoint_making *making = self;
	const struct tree_node node = {level, place, *hash};

	if (level % AUDIT_TREE_STEP == 0)
		buf_append(&making->nodes, &node, sizeof node);
	return !making->nodes.failed;
}

static enum error append_leaves(struct checkpoint_making *making, struct merkle_edge *edge,
	const struct sha256 *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sha256 leaf;

		if (!merkle_leaf(records[i].bytes, SHA256_BYTES, &leaf) ||
			!merkle_append(edge, &leaf, note_whole, making))
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

/* From the stored nodes' end up to `upto`. */
static enum error grow(const struct reading *reading, struct checkpoint_making *making,
	struct merkle_edge *edge, int64_t upto)
{
	struct sha256 *records =
		arena_array(reading->call->arena, RECORDS_AT_ONCE, sizeof *records);
	enum error error = records ? ERR_OK : ERR_NO_MEMORY;

	while (!error && (int64_t)edge->size < upto) {
		size_t count;

		error = audit_hashes(reading->conn, &reading->call->workspace, (int64_t)edge->size,
			upto, records, RECORDS_AT_ONCE, &count);
		/* A record is missing: what is left of the log is not signed. */
		if (!error && count == 0)
			error = ERR_CONFLICT;
		if (!error)
			error = append_leaves(making, edge, records, count);
	}
	if (error == ERR_CONFLICT)
		diag_add(reading->call->diag, "", "Revision %lld is missing in the log.",
			(long long)edge->size + 1);
	return error;
}

/* ---- what was signed before ---- */

/* The tree as it is now has this root at this size, too. */
static enum error check_continues(
	const struct reading *reading, int64_t size, const struct sha256 *root, const char *kept)
{
	const struct call *call = reading->call;
	struct tree_reading tree = {reading->conn, &call->workspace, call->arena, NULL, 0, ERR_OK};
	const struct merkle_source source = tree_source(&tree);
	struct sha256 now;

	if (size > reading->head.revision) {
		diag_add(call->diag, "",
			"The log ends at revision %lld, before the checkpoint of revision %lld %s: "
			"its tail was cut, or it was rolled back.",
			(long long)reading->head.revision, (long long)size, kept);
		return ERR_CONFLICT;
	}
	if (!merkle_root(&source, (uint64_t)size, &now))
		return tree_failure(&tree);
	if (sha256_same(&now, root))
		return ERR_OK;
	diag_add(call->diag, "",
		"The log up to revision %lld is not the one that the checkpoint %s has signed.",
		(long long)size, kept);
	return ERR_CONFLICT;
}

static enum error check_older(const struct reading *reading, const struct checkpoint_row *stored,
	const struct checkpoint *outside)
{
	enum error error = ERR_OK;

	if (stored)
		error = check_continues(reading, stored->size, &stored->root, "in the database");
	if (!error && outside && !checkpoint_is_of(outside, &reading->call->workspace)) {
		diag_add(reading->call->diag, "", "The checkpoint kept outside is another log's.");
		error = ERR_CONFLICT;
	}
	if (!error && outside)
		error = check_continues(reading, outside->size, &outside->root, "kept outside");
	return error;
}

/* ---- signing ---- */

static enum error sign(struct checkpoint_making *making, const struct merkle_edge *edge)
{
	const struct call *call = making->call;
	struct buf origin = BUF_INIT, text = BUF_INIT, note = BUF_INIT;
	struct checkpoint checkpoint = {.size = (int64_t)edge->size};
	enum error error = ERR_NO_MEMORY;
	const char *copy;

	checkpoint_origin(&origin, making->signer->verifier.name, &call->workspace);
	checkpoint.origin = buf_view(&origin);
	if (!merkle_edge_root(edge, &checkpoint.root))
		goto out;
	checkpoint_write(&text, &checkpoint);
	if (origin.failed || text.failed || !note_sign(making->signer, buf_view(&text), &note))
		goto out;
	copy = arena_strdup(call->arena, buf_view(&note));
	if (!copy)
		goto out;
	making->row = (struct checkpoint_row){
		.size = checkpoint.size,
		.root = checkpoint.root,
		.note = {copy, note.len},
		.made_us = clock_now_us(call->service->clock),
	};
	error = ERR_OK;
out:
	buf_release(&origin);
	buf_release(&text);
	buf_release(&note);
	return error;
}

static enum error sign_in(const struct reading *reading, struct checkpoint_making *making,
	const struct checkpoint *older, bool *more)
{
	const struct call *call = reading->call;
	struct tree_reading tree = {reading->conn, &call->workspace, call->arena, NULL, 0, ERR_OK};
	const struct merkle_source source = tree_source(&tree);
	struct checkpoint_row *newest;
	struct merkle_edge edge;
	int64_t upto = reading->head.revision;
	uint64_t nodes;
	size_t count;
	enum error error = checkpoints_newest(
		reading->conn, &call->workspace, INT64_MAX, 1, call->arena, &newest, &count);

	if (!error)
		error = audit_nodes_count(reading->conn, &call->workspace, AUDIT_TREE_STEP, &nodes);
	if (error)
		return error;
	if (count > 0 && newest[0].size == upto)
		return check_older(reading, newest, older);
	if (upto - (int64_t)(nodes * AUDIT_TREE_TILE) > RECORDS_A_STEP) {
		upto = (int64_t)(nodes * AUDIT_TREE_TILE) + RECORDS_A_STEP;
		*more = true;
	}
	if ((int64_t)(nodes * AUDIT_TREE_TILE) > upto) {
		diag_add(call->diag, "", "The tree has nodes of more records than the log has.");
		return ERR_CONFLICT;
	}
	if (!merkle_edge_of(&source, nodes * AUDIT_TREE_TILE, &edge))
		return tree_failure(&tree);
	error = grow(reading, making, &edge, upto);
	if (error || *more)
		return error;
	error = check_older(reading, count ? newest : NULL, older);
	return error ? error : sign(making, &edge);
}

enum error checkpoint_sign(
	struct checkpoint_making *making, const struct checkpoint *older, bool *more)
{
	struct reading reading;
	enum error error = reading_begin(making->call, &reading);

	*more = false;
	making->row.size = 0;
	buf_reset(&making->nodes);
	if (error)
		return error;
	if (reading.head.revision > 0)
		error = sign_in(&reading, making, older, more);
	reading_end(&reading);
	return error;
}

/* ---- keeping ---- */

/* It changes nothing of the workspace, so it takes no head and no revision. */
static enum error keep_in(struct tx *tx, const struct checkpoint_making *making)
{
	const struct uuid *workspace = &making->call->workspace;
	struct tree_node node;
	enum error error = ERR_OK;

	for (size_t at = 0; !error && at < making->nodes.len; at += sizeof node) {
		memcpy(&node, making->nodes.data + at, sizeof node);
		error = audit_node_append(tx, workspace, node.level, node.place, &node.hash);
	}
	if (!error && making->row.size > 0)
		error = checkpoint_append(tx, workspace, &making->row);
	return error;
}

enum error checkpoint_keep(struct checkpoint_making *making)
{
	struct store *store = making->call->service->store;
	struct conn *conn;
	struct tx *tx;
	enum error error;

	if (making->nodes.len == 0 && making->row.size == 0)
		return ERR_OK;
	error = store_acquire(store, &conn);
	if (error)
		return error;
	error = tx_begin(conn, &making->call->workspace, &tx);
	if (!error)
		error = keep_in(tx, making);
	if (error)
		tx_rollback(tx);
	else
		error = tx_commit(tx);
	store_release(store, conn);
	/* What is there already stays, so it may be done again. */
	return error == ERR_COMMIT_UNKNOWN ? ERR_DATABASE_AWAY : error;
}

void checkpoint_making_release(struct checkpoint_making *making)
{
	buf_release(&making->nodes);
}

/* ---- reading ---- */

enum error checkpoint_newest(const struct call *call, struct checkpoint_row *out, int64_t *revision)
{
	struct checkpoint_row *rows;
	size_t count;
	enum error error = checkpoint_list(call, INT64_MAX, 1, &rows, &count, revision);

	if (error)
		return error;
	if (count == 0) {
		diag_add(call->diag, "", "No checkpoint has been made of this log.");
		return ERR_NOT_FOUND;
	}
	*out = rows[0];
	return ERR_OK;
}

enum error checkpoint_list(const struct call *call, int64_t before, size_t limit,
	struct checkpoint_row **out, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	error = checkpoints_newest(
		reading.conn, &call->workspace, before, limit, call->arena, out, count);
	reading_end(&reading);
	*revision = reading.head.revision;
	return error;
}

enum error checkpoint_workspaces(struct service *service, const struct uuid *after, size_t limit,
	struct arena *arena, struct uuid **out, size_t *count)
{
	const struct checkpointing *own = service->checkpoints;
	struct conn *conn;
	enum error error = store_acquire(service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = checkpoints_due(conn, after, clock_now_us(service->clock) - own->every_us,
			own->records, limit, arena, out, count);
		read_end(conn);
	}
	store_release(service->store, conn);
	return error;
}

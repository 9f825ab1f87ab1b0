/*
 * What is kept beside the log, held against it while it is verified: the tree's stored nodes, the checkpoints
 * of the database, and one that somebody kept outside. Private to src/service.
 */
#ifndef WINNOW_SERVICE_AUDIT_CHECK_H
#define WINNOW_SERVICE_AUDIT_CHECK_H

#include "base/merkle.h"
#include "codec/audit_chain.h"
#include "codec/note.h"
#include "service/service.h"
#include "store/audit_tree.h"

/* A tree of this size that must have been, with its root; size 0: none is asked for. */
struct audit_root {
	int64_t size;
	struct sha256 root;
};

struct tree_check {
	struct conn *conn; /* in an open read transaction */
	const struct uuid *workspace;
	struct audit_root wanted;
	const struct note_verifier *key; /* whose checkpoints they are; NULL: not known */
	int64_t signed_from;             /* size of the first one that it has signed; 0: none yet */
	int64_t of_others;               /* those before, of other keys */
	struct merkle_edge edge;
	struct arena arena; /* of the checkpoints */
	struct checkpoint_row *checkpoints;
	size_t at, count;
	bool all_read;
	struct sha256
		nodes[AUDIT_TREE_TILE]; /* stored ones of the lowest level, from `nodes_from` */
	uint64_t nodes_from;
	size_t node_count;
	enum audit_fault fault; /* found so far … */
	int64_t revision;       /* … and where */
	enum error error;
};

/* `key` (NULL: signatures are not looked at) has signed all checkpoints of the database from its first one on: those
 * before are of the keys of then. */
void tree_check_begin(struct tree_check *check, struct conn *conn, const struct uuid *workspace,
	const struct audit_root *wanted, const struct note_verifier *key);
/* The next record's hash, which is known to hold. What does not fit is in check->fault, and the check is over;
 * an error is one of reading, or ERR_NO_MEMORY. */
enum error tree_check_next(struct tree_check *check, const struct sha256 *record);
/* After the last one: what speaks of more than there is. */
enum error tree_check_end(struct tree_check *check);
/* After tree_check_begin, whatever came of it. */
void tree_check_release(struct tree_check *check);

#endif

/*
 * Signed checkpoints of the audit log: made by a job, kept beside the log, and read. What writes them
 * outside of the database's reach is the job's (jobs/checkpoints.c).
 */
#ifndef WINNOW_SERVICE_CHECKPOINTS_H
#define WINNOW_SERVICE_CHECKPOINTS_H

#include "codec/note.h"
#include "service/service.h"
#include "store/audit_tree.h"

/* How this daemon makes them. Set by winnowd.c before the start. */
struct checkpointing {
	struct note_signer signer;
	const char *folder;        /* NULL: none */
	struct webhook *webhook;   /* NULL: none */
	int64_t every_us, records; /* after which a log that has grown gets a new one */
};

/* One under way, between the steps below. */
struct checkpoint_making {
	const struct call *call;
	const struct note_signer *signer;
	struct checkpoint_row row; /* of the new one; in the call's arena */
	struct buf nodes;          /* struct tree_node, to be stored with it */
};

/*
 * First the tree is brought up to the log's end, with its nodes stored as it goes: *more when there is
 * so much that another call has to go on. Then the checkpoint is signed, unless it would
 * contradict one that was signed before: the newest of the database, and `older` (the one that is kept
 * outside; NULL: none). ERR_CONFLICT: it would, `why` in the call's diagnostics: this is no
 * continuation of what was signed. The head has one already: row.size is 0.
 */
enum error checkpoint_sign(
	struct checkpoint_making *making, const struct checkpoint *older, bool *more);
/* Keeps it and the tree's nodes, in one transaction; one that is there already stays. */
enum error checkpoint_keep(struct checkpoint_making *making);
void checkpoint_making_release(struct checkpoint_making *making);

/* The newest; ERR_NOT_FOUND when there is none. */
enum error checkpoint_newest(
	const struct call *call, struct checkpoint_row *out, int64_t *revision);
/* Descending, of a size below `before`, `limit` at the most; in the call's arena. *revision is the workspace's. */
enum error checkpoint_list(const struct call *call, int64_t before, size_t limit,
	struct checkpoint_row **out, size_t *count, int64_t *revision);
/* The workspaces behind `after` (NULL: from the first) that want a new one, `limit` at the most. */
enum error checkpoint_workspaces(struct service *service, const struct uuid *after, size_t limit,
	struct arena *arena, struct uuid **out, size_t *count);

#endif

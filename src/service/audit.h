/*
 * Reading and proving the audit log.
 */
#ifndef WINNOW_SERVICE_AUDIT_H
#define WINNOW_SERVICE_AUDIT_H

#include "codec/audit_chain.h"
#include "service/audit_check.h"
#include "service/service.h"
#include "store/history.h"

/* Records after `after`, ascending; those that were retired (head->retired) are not among them. */
enum error audit_page(const struct call *call, int64_t after, size_t limit, const char *action,
	struct audit_record **out, size_t *count, struct head *head);

/* actor_kind of each: which kind of actor it is of. Nothing of the caller's is open meanwhile. */
enum error audit_fill_kinds(const struct call *call, struct audit_record *records, size_t count);

/* Of the database's checkpoints, where the log holds. */
enum audit_signatures {
	AUDIT_UNSIGNED,      /* not looked at: no key is here, or there is no checkpoint */
	AUDIT_SIGNED_PARTLY, /* those before the first one of this key are of others */
	AUDIT_SIGNED,
};
struct audit_verdict {
	enum audit_fault fault; /* AUDIT_OK: all holds */
	enum audit_signatures signatures;
	int64_t signed_from; /* size of the first checkpoint that is signed by the key here; 0: none */
	int64_t revision;    /* the first bad one; 0 when the fault is of no single revision */
	const char *detail;    /* a sentence; in the arena */
	int64_t retired;       /* the chain begins behind this revision; 0: with the first */
	int64_t records;       /* checked */
	int64_t head_revision; /* the last record that held */
	struct sha256 head_hash;
};
/* What must be in the log besides what it says itself: a remembered head, the root of a checkpoint. */
struct audit_expected {
	int64_t revision; /* 0: none */
	struct sha256 hash;
	struct audit_root checkpoint;
};
/* Recomputes everything from the rows in one snapshot. */
enum error audit_verify(
	const struct call *call, const struct audit_expected *expected, struct audit_verdict *out);

/* Appends export lines of up to `limit` records after `after` to `out`; *last is the last
 * revision written (`after` when none). After 0 is from the first record that is there; ERR_RETIRED: what follows
 * `after` was retired. */
enum error audit_export(const struct call *call, int64_t after, size_t limit, struct buf *out,
	int64_t *last, int64_t *head);

#endif

/*
 * The arithmetic of the audit log: row hashes, a revision's digest, record hashes, the chain.
 * Shared by the daemon and the offline verifier; docs/audit.md has the byte layouts.
 */
#ifndef WINNOW_CODEC_AUDIT_CHAIN_H
#define WINNOW_CODEC_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/buf.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/uuid.h"

struct audit_record {
	struct uuid workspace;
	int64_t revision;
	int64_t at_us;
	struct uuid attempt;
	struct str actor, action, subject, request_id;
	struct str detail; /* canonical JSON */
	struct sha256 detail_sha256;
	int64_t row_count;
	struct sha256 rows_sha256;
	struct sha256 prev_hash;
	struct sha256 hash;
	struct str
		actor_kind; /* of the actor's token, as a page shows it; in no hash. Absent: no token */
};

/*
 * Row hash: SHA-256 of the table's name, a NUL, then per column in table order a be32 length
 * (0xffffffff for NULL) and the bytes of PostgreSQL's binary format.
 * `tuple` is that sequence of lengths and bytes.
 */
bool audit_row_hash(const char *table, struct str tuple, struct sha256 *out);
/* Digest of a revision: SHA-256 over its rows' hashes in ascending byte order (sorted in place);
 * over nothing when there are none. */
bool audit_rows_digest(struct sha256 *hashes, size_t count, struct sha256 *out);
/*
 * Record hash: SHA-256 over "winnow-audit-1" NUL, workspace (16), be64 revision, be64 at_us,
 * attempt (16), actor, action, subject and request id (each be32 length and bytes), detail_sha256,
 * be64 row_count, rows_sha256, prev_hash.
 */
bool audit_record_hash(const struct audit_record *record, struct sha256 *out);

enum audit_fault {
	AUDIT_OK,
	AUDIT_GAP,        /* the revision is not the one after the last */
	AUDIT_DETAIL,     /* detail does not match its hash */
	AUDIT_PREV,       /* prev_hash is not the hash of the record before */
	AUDIT_HASH,       /* the record's own hash is wrong: one of its fields was changed */
	AUDIT_TIME,       /* earlier than the record before */
	AUDIT_ROWS,       /* the rows of the revision are not those that were written */
	AUDIT_STRAY_ROWS, /* rows name a revision that the log does not have */
	AUDIT_HEAD,       /* the head row is not the last record: a cut tail, or a moved head */
	AUDIT_STATE,      /* the derived current state differs from the newest versions */
	AUDIT_TEXT,       /* a text does not match its salted hash */
	AUDIT_TREE,       /* a stored node of the Merkle tree is not what the records make */
	AUDIT_CHECKPOINT, /* the log is not the one that a checkpoint has signed */
	AUDIT_SIGNATURE, /* a checkpoint of the database is not signed by the key that signs here */
	AUDIT_BEHIND,    /* it ends before a checkpoint: its tail was cut, or it was rolled back */
	AUDIT_RETAINED,  /* what stayed of the time that was retired is not what the step says */
	AUDIT_EXPECTED,  /* the remembered head is not in the chain */
	AUDIT_UNCHECKED, /* memory ran out: nothing is known about the record */
};
/* A sentence for people; and a stable word: "gap", "detail" …  */
const char *audit_fault_text(enum audit_fault fault);
const char *audit_fault_slug(enum audit_fault fault);

/* Checks one record after another. Begin with a zeroed state. */
struct audit_chain {
	int64_t revision; /* of the last record that held */
	int64_t at_us;
	struct sha256 hash;
	bool any;
};
/* rows_sha256 and row_count are what was recomputed from the rows. */
enum audit_fault audit_chain_next(struct audit_chain *chain, const struct audit_record *record,
	const struct sha256 *rows_sha256, int64_t row_count);

/* "<revision>:<hash hex>", the form of Winnow-Head and --expect. Room for 96 bytes. */
char *audit_head_format(int64_t revision, const struct sha256 *hash, char text[96]);
bool audit_head_parse(struct str text, int64_t *revision, struct sha256 *hash);

/* One line of the export (NDJSON): a record and its rows; see docs/audit.md. */
struct audit_export_row {
	const char *table; /* or as read */
	struct str tuple;
};
void audit_export_write(struct buf *out, const struct audit_record *record,
	const struct audit_export_row *rows, size_t row_count);
struct arena;
struct diag;
/* The digest of its rows. False when memory is out. */
bool audit_export_digest(struct arena *arena, const struct audit_export_row *rows, size_t row_count,
	struct sha256 *out);
enum error audit_export_parse(struct str line, size_t line_number, struct arena *arena,
	struct diag *diag, struct audit_record *record, struct audit_export_row **rows,
	size_t *row_count);

/* The record alone, as an export has it: to be hashed again from what is written. Read with faults, or without
 * one where memory is out. */
struct json_t;
struct json_writer;
void audit_record_put(struct json_writer *json, const struct audit_record *record);
bool audit_record_read(const struct json_t *object, struct arena *arena, struct diag *diag,
	struct audit_record *out);

/* The record as GET …/audit shows it. */
void audit_record_write(struct buf *out, const struct audit_record *record);

#endif

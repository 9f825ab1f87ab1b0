/*
 * Changes: the one way to write history. A change locks the workspace's head, takes the next
 * revision, collects rows for the append-only tables, inserts them, and appends the audit record
 * with the digest over exactly those rows.
 *
 * Rows are encoded once, in PostgreSQL's binary format: the same bytes are hashed and sent (as one
 * array of the table's row type a table, INSERT … SELECT FROM unnest($1)).
 */
#ifndef WINNOW_STORE_HISTORY_H
#define WINNOW_STORE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "codec/audit_chain.h"
#include "store/store.h"

/* The append-only tables; history.def: X(table). A new one is one line there, with its three
 * statements in sql/. */
enum history_table {
#define X(table) HISTORY_##table,
#include "store/history.def"
#undef X
	HISTORY_COUNT,
	/* Written besides, and in no digest: the current state, the side table, the log itself. */
	ROWS_ITEMS = HISTORY_COUNT,
	ROWS_ITEM_TEXTS,
	ROWS_AUDIT_RECORDS,
	ROWS_COUNT,
};

/* Rows of one table under construction, column by column in table order. */
struct rows;
struct rows_mark {
	size_t count, bytes;
};

struct change {
	struct tx *tx;
	struct uuid workspace;
	int64_t revision;        /* of this change */
	int64_t head;            /* that the transaction met */
	int64_t at_us;           /* the clock read after the lock, never before the last record's */
	int64_t config_revision; /* as it was; set it to `revision` when documents are written */
	unsigned char salt[32];
	bool items_met;                     /* of the items not sent yet, some were there before */
	struct rows *rows[ROWS_COUNT];      /* NULL until first used */
	struct rows_mark marks[ROWS_COUNT]; /* where this change's begin */
	int64_t config_mark;                /* config_revision before it */
	struct uuid attempt;
	struct sha256 prev_hash;
	struct sha256 hash; /* after change_finish: the new head's */
};

struct change_info {
	const char *actor;   /* "token:<uuid>", "system" */
	const char *action;  /* "items.upsert", "model.create" … */
	const char *subject; /* what it is about: "item:<id>", "model:3", "" */
	const char *request_id;
};

/* Locks the head (waits for other writers of the workspace). ERR_NOT_FOUND: no such head. */
enum error change_begin(struct tx *tx, const struct uuid *workspace, const struct clock *clock,
	const struct uuid *attempt, struct change *out);
/* The rows of one table; NULL when memory is out. */
struct rows *change_rows(struct change *change, enum history_table table);
/* Makes the record of the collected rows. `detail` is canonical JSON. */
enum error change_seal(struct change *change, const struct change_info *info, struct str detail);
/* Inserts what has been collected so far, while more is: PostgreSQL works meanwhile. It cannot be undone
 * by itself. */
enum error change_send_rows(struct change *change);
/* Inserts rows and records, moves the head: queued, so what PostgreSQL refuses shows in tx_commit at
 * the latest. */
enum error change_send(struct change *change);
/* Both. */
enum error change_finish(struct change *change, const struct change_info *info, struct str detail);
/*
 * Several changes of a workspace in one transaction: after a seal, the next one's revision and
 * chain; or, instead of that, the change as it was before anything was collected. Rows must not
 * have been sent meanwhile.
 */
void change_next(struct change *change);
void change_undo(struct change *change);
/* Always, after finish too. */
void change_release(struct change *change);

void row_begin(struct rows *rows);
void row_uuid(struct rows *rows, const struct uuid *value); /* NULL pointer: NULL */
void row_int8(struct rows *rows, int64_t value);
void row_int4(struct rows *rows, int32_t value);
void row_float8(struct rows *rows, double value);             /* NaN: NULL */
void row_text(struct rows *rows, struct str value);           /* STR_NONE: NULL */
void row_bytes(struct rows *rows, struct str value);          /* STR_NONE: NULL */
void row_hash(struct rows *rows, const struct sha256 *value); /* NULL pointer: NULL */
void row_time(struct rows *rows, int64_t us);                 /* TIME_NONE: NULL */
void row_null(struct rows *rows);
void row_text_array(struct rows *rows, const struct str *values, size_t count);
void row_uuid_array(struct rows *rows, const struct uuid *values, size_t count);
void row_int2_array(struct rows *rows, const uint16_t *values, size_t count);
void row_float8_array(struct rows *rows, const double *values, size_t count);
void row_end(struct rows *rows); /* wrong columns: change_finish fails with ERR_DATABASE */

/* ---- reading the log ---- */
struct head {
	int64_t revision;
	struct sha256 hash;
	int64_t at_us;
	int64_t config_revision;
	unsigned char salt[32];
	int64_t retired; /* the log up to this revision is retired: that is the first one to be read; 0: none is */
};
enum error head_read(struct conn *conn, const struct uuid *workspace, struct head *out);
/* The same, and what else than items was written after a revision. */
struct head_news {
	bool overrides; /* or their ends */
	bool comparisons;
	bool reviews; /* their ends or marks */
};
enum error head_read_news(struct conn *conn, const struct uuid *workspace, int64_t after,
	struct head *out, struct head_news *news);
/* Heads of many workspaces at once, in the system scope; revisions[i] is -1 where there is none. */
enum error heads_read(
	struct conn *conn, const struct uuid *workspaces, size_t count, int64_t *revisions);
/* Whether an attempt was committed, after taking (and releasing) the head's lock. */
enum error attempt_settle(struct conn *conn, const struct uuid *workspace,
	const struct uuid *attempt, bool *committed, int64_t *revision, struct sha256 *hash);
/* Records after `after`, ascending, at most `limit`, filtered by action when not NULL. */
enum error audit_list(struct conn *conn, const struct uuid *workspace, int64_t after, size_t limit,
	const char *action, struct arena *arena, struct audit_record **out, size_t *count);
/* When a revision was made, also of a record that was retired. ERR_NOT_FOUND: there is none. */
enum error record_time(
	struct conn *conn, const struct uuid *workspace, int64_t revision, int64_t *at_us);
/* The rows of revisions in [from, to], as tuples, calling `row` for each in revision order per
 * table. `row` returns false to stop (ERR_OK is returned then, too). */
enum error history_rows(struct conn *conn, const struct uuid *workspace, enum history_table table,
	int64_t from, int64_t to,
	bool (*row)(void *self, enum history_table table, int64_t revision, struct str tuple),
	void *self);
const char *history_table_name(enum history_table table);
/* Rows that name a revision outside 1 … head. */
enum error history_stray(struct conn *conn, const struct uuid *workspace, int64_t head,
	enum history_table table, int64_t *first, int64_t *count);

#endif

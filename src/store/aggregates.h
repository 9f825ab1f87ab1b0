/*
 * What the other layers ask of the tables: one file per aggregate (documents.c, items.c, tokens.c,
 * workspaces.c, texts.c). Reads run inside read_begin or a tx; results live in the arena.
 * Everything is bound to the workspace given, by predicate and by row level security.
 */
#ifndef WINNOW_STORE_AGGREGATES_H
#define WINNOW_STORE_AGGREGATES_H

#include <stddef.h>
#include <stdint.h>

#include "codec/catalog.h"
#include "codec/finding_key.h"
#include "codec/item.h"
#include "codec/receipt.h"
#include "store/history.h"
#include "store/store.h"

/* ---- documents.c ---- */
/* All versions with revision <= `upto` (INT64_MAX: all), ordered by kind, name, revision. */
enum error documents_load(struct conn *conn, const struct uuid *workspace, int64_t upto,
	struct arena *arena, struct document **out, size_t *count);
/* Whether there was ever one of a kind, deleted ones too. */
enum error documents_any(
	struct conn *conn, const struct uuid *workspace, struct str kind, bool *any);
enum error documents_append(struct change *change, const struct document *document);

/* All versions of one document, oldest first; kind and name are left empty. */
enum error documents_named(struct conn *conn, const struct uuid *workspace, struct str kind,
	struct str name, struct arena *arena, struct document **out, size_t *count);

/* ---- items.c ---- */
/*
 * An item as the tables hold it: the record with plain columns filled in (see item_from_storable),
 * and the leftovers. `record.item.blocked_by` is empty: names are in extra.
 */
struct item_row {
	struct item_record record;
	struct item_text text;
	struct str extra;
	struct sha256 text_ref;
	bool has_text;
	uint32_t text_present;
	const struct uuid *blocked_by;
	size_t blocked_by_count;
};
/* Newest versions by id, from the version table; in no order; absent ids give no row. */
enum error items_by_id(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t count, struct arena *arena, struct item_row **out, size_t *found);
/* Of the current states that have one, which input made them; absent ids give no row. */
struct item_input_row {
	struct uuid id;
	int64_t revision;
	struct uuid digest;
};
enum error items_inputs(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t count, struct arena *arena, struct item_input_row **out, size_t *found);
/* Has items_by_id of the very same ids, in the write transaction's workspace, answered along with the
 * next statement: before change_begin, it sees what the lock protects and takes no round trip. */
enum error items_ask(struct conn *conn, const struct uuid *ids, size_t count);
/* The version in force at `revision`; ERR_NOT_FOUND. */
enum error item_as_of(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	int64_t revision, struct arena *arena, struct item_row *out);
/* Versions of one item before `before` (INT64_MAX: from the newest), descending. */
enum error item_versions_list(struct conn *conn, const struct uuid *workspace,
	const struct uuid *id, int64_t before, size_t limit, struct arena *arena,
	struct item_row **out, size_t *count);
struct item_filter {
	struct str source, external_id, status, stream, kind, team; /* absent: any */
	const struct uuid *after; /* ids greater than this; NULL: from the first */
	size_t limit;
};
/* Newest versions by filter, ascending by id. */
enum error items_list(struct conn *conn, const struct uuid *workspace,
	const struct item_filter *filter, struct arena *arena, struct item_row **out,
	size_t *count);
/* Adds the version row, the text (kept once) and the current state to the change. A record whose
 * first_revision is the change's is new: it must not be there. Such a one that is, and an id that
 * belongs to another pair of source and external id, fail with ERR_CONFLICT, at tx_commit. Each
 * item at most once a transaction. The revision written is the change's. */
struct items_batch;
enum error items_batch_new(struct change *change, struct items_batch **out);
/* `digest` of the input that made this version; NULL: not known. */
enum error items_batch_add(struct items_batch *batch, const struct item_record *record,
	const struct item_storable *storable, const struct uuid *digest);
/* Lets PostgreSQL begin with them when they are many: of a change that is alone in its transaction. */
enum error items_batch_send(struct items_batch *batch);
void items_batch_free(struct items_batch *batch);

/* Streams the versions with a revision in (since, upto], the newest of each item, with texts' title and
 * assignee only, to `row`; for the live picture. In no order. The row and what it points
 * to are valid during the call alone. row returns false to stop (then ERR_NO_MEMORY,
 * and the connection is given up with its transaction: a long rest is not waited for). */
enum error item_versions_scan(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, bool (*row)(void *self, const struct item_row *row), void *self);
/* The same for a whole workspace, that of the transaction, much faster: all versions at or before `upto`,
 * without texts, in no order; who takes them keeps the newest of each item. Then, in the same transaction,
 * item_texts_copy: title and assignee of every text, also of those that no item has any more. */
enum error item_versions_copy(struct conn *conn, int64_t upto,
	bool (*row)(void *self, const struct item_row *row), void *self);
enum error item_texts_copy(struct conn *conn,
	bool (*row)(void *self, const struct sha256 *ref, const struct item_text *text),
	void *self);
/* A version whose status, or one of the features asked for, differs from the version before; also an item's
 * first. */
struct status_change_row {
	struct uuid item;
	int64_t revision;
	int64_t at_us;     /* of its audit record; TIME_NONE: that was removed */
	struct str status; /* valid during the call alone */
	uint32_t changed;  /* bit i: features[i] has another value */
};
/* Streams those in (since, upto], in no order. row returns false to stop (then ERR_NO_MEMORY). */
enum error status_changes_scan(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, const uint16_t *features, size_t feature_count,
	bool (*row)(void *self, const struct status_change_row *row), void *self);
/* How many items differ between `items` and the newest versions, and one of them. */
enum error items_compare(
	struct conn *conn, const struct uuid *workspace, int64_t *different, struct uuid *example);
/* Texts whose salted hash is wrong, or that are empty without an erasure: how many, and the ref of one. */
enum error texts_compare(struct conn *conn, const struct uuid *workspace, int64_t *different,
	struct sha256 *example);

/* ---- erasures.c ---- */
struct erasure_row {
	struct uuid id;
	int64_t revision;
	struct uuid item;   /* zero: it was of records about no item */
	struct str subject; /* of its record; absent once that is retired */
	int64_t made_us;
	struct str author;    /* "token:<uuid>" */
	struct str rationale; /* absent when erased itself */
	int64_t texts;        /* how many it erased */
};
/* The texts of all versions of an item that are there still; with `decisions` those of its overrides,
 * too. */
enum error erasure_refs(struct conn *conn, const struct uuid *workspace, const struct uuid *item,
	bool decisions, struct arena *arena, struct sha256 **out, size_t *count);
/* The rationales, justifications and notes that are there still, of the records with this subject, or (where it
 * is absent) of that of `revision`. ERR_NOT_FOUND: there is no such record. */
enum error erasure_refs_of_records(struct conn *conn, const struct uuid *workspace,
	struct str subject, int64_t revision, struct arena *arena, struct sha256 **out,
	size_t *count);
/* The items that have a version with one of the texts, `limit` at the most. */
enum error erasure_items(struct conn *conn, const struct uuid *workspace, const struct sha256 *refs,
	size_t ref_count, size_t limit, struct arena *arena, struct uuid **out, size_t *count);
/* Empties the texts and adds the rows that say so. */
enum error erasure_append(struct change *change, const struct erasure_row *erasure,
	const struct sha256 *refs, size_t ref_count);
/* Newest first, of a revision below `before`. */
enum error erasures_list(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct erasure_row **out, size_t *count);

/* ---- retirements.c ---- */
/* A step that retired the log up to a checkpoint of `size` records (migration 0015). */
struct retirement_row {
	int64_t revision; /* 0: there is none */
	int64_t first_revision, size;
	struct sha256 root;        /* of the tree at the checkpoint */
	struct sha256 record_hash; /* of the last record that was removed */
	struct sha256 export_sha256;
	int64_t kept_rows; /* that stayed of the time up to `size` … */
	struct sha256 kept_sha256;
	int64_t retired_us;
};
/* For how long the settings keep the log; 0: for ever. */
enum error retention_days(struct conn *conn, const struct uuid *workspace, int64_t *days);
/* Removes, as the schema's owner; what does not allow it is an error of the database, which is logged. The step is
 * to be appended in the same transaction. */
enum error retirement_remove(struct change *change, int64_t size);
enum error retirement_append(struct change *change, const struct retirement_row *row);
/* The one that reaches furthest. */
enum error retirement_newest(
	struct conn *conn, const struct uuid *workspace, struct retirement_row *out);
/* What stayed of each record up to `size`, ascending. `mark` returns false to stop. */
struct record_mark {
	int64_t revision, at_us;
	struct sha256 hash;
};
enum error retired_records(struct conn *conn, const struct uuid *workspace, int64_t size,
	bool (*mark)(void *self, const struct record_mark *mark), void *self);
/* ---- streams.c ---- */
/* An item whose status is one of those asked for: what limits of work in progress count. */
struct flying_row {
	struct uuid id;
	struct str source, external_id, stream, team, assignee; /* absent: none, or erased */
	double estimate;                                        /* days; NaN: none */
};
/* As the transaction sees them, ascending by id. */
enum error items_in_flight(struct conn *conn, const struct uuid *workspace,
	const struct str *statuses, size_t status_count, struct arena *arena,
	struct flying_row **out, size_t *count);
/* Since when items have been of a status, or of a label, at a revision. */
struct spell_query {
	const struct uuid *ids; /* items that are */
	size_t id_count;
	int64_t revision;
	struct str status, label; /* one of the two is absent; both: since it was first stored */
};
struct spell_row {
	struct uuid id;
	int64_t since_us;
	struct str assignee;
};
/* Ascending by id. */
enum error item_spells(struct conn *conn, const struct uuid *workspace,
	const struct spell_query *query, struct arena *arena, struct spell_row **out,
	size_t *count);
/* What came into a stream's open backlog and left it, by revisions up to one, since a time. */
struct flow_query {
	int64_t revision, from_us;
	struct str stream;
	const struct str *open; /* statuses that are open or in progress */
	size_t open_count;
};
struct flow_row {
	int64_t week_us; /* Monday 00:00 UTC */
	int64_t came, left;
};
/* Ascending; weeks in which nothing moved are not there. Takes time by the versions written since. */
enum error stream_flow(struct conn *conn, const struct uuid *workspace,
	const struct flow_query *query, struct arena *arena, struct flow_row **out, size_t *count);

/* ---- periods.c ---- */
/* For each time (s since 1970) the last revision before it; 0: there is none. */
enum error revisions_at(struct conn *conn, const struct uuid *workspace, const double *times_s,
	size_t count, struct arena *arena, int64_t **out);
/* How long items of a stream were in flight within a span. */
struct work_query {
	int64_t since, revision;    /* the last one before all spans; as of which */
	const struct str *statuses; /* that are in flight */
	size_t status_count;
	const double *from_s, *until_s; /* by span */
	size_t span_count;
	int64_t most; /* versions since; of more, only the newest count */
};
struct work_row {
	size_t span;
	struct str stream;
	double seconds; /* added up over items */
	bool cut;       /* there were as many versions as are looked at */
};
/* By span, then stream; a stream without any has no row. */
enum error stream_work(struct conn *conn, const struct uuid *workspace,
	const struct work_query *query, struct arena *arena, struct work_row **out, size_t *count);
/* When an item was scored, and what a feature was then and is now. */
struct scoring_row {
	struct uuid id;
	int64_t last_us, first_us;      /* TIME_NONE: the record was removed by retention */
	double first_value, last_value; /* NaN: unknown */
};
/* Ascending by id; feature -1: none. */
enum error item_scorings(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t id_count, int64_t revision, int feature, struct arena *arena,
	struct scoring_row **out, size_t *count);
/* Five periods that follow each other: the first is behind ends[0] up to ends[1]. */
enum { PERIODS = 5 };
struct burst_row {
	struct str who;   /* the reporter; of overrides the stream */
	struct str kind;  /* of overrides; absent: of a reporter */
	struct uuid item; /* a reporter's first in the last period */
	int64_t since_us;
	double count, before[PERIODS - 1]; /* the latest first */
};
/* Who reported at least so many items in the last period; of the newest `most` items. */
enum error reporter_bursts(struct conn *conn, const struct uuid *workspace,
	const int64_t ends[PERIODS + 1], int64_t least, int64_t most, struct arena *arena,
	struct burst_row **out, size_t *count);
/* Overrides by stream and kind. */
enum error override_bursts(struct conn *conn, const struct uuid *workspace,
	const int64_t ends[PERIODS + 1], struct arena *arena, struct burst_row **out,
	size_t *count);
/* A value that jumped between two versions of an item. */
struct jump_query {
	int64_t since, revision;
	const uint16_t *features;
	const double *least; /* by feature */
	size_t feature_count;
	int64_t most, limit; /* versions that are looked at; jumps that are told: the newest */
};
struct jump_row {
	struct uuid item;
	int64_t revision, at_us;
	uint16_t feature;
	double was, is;
};
enum error feature_jumps(struct conn *conn, const struct uuid *workspace,
	const struct jump_query *query, struct arena *arena, struct jump_row **out, size_t *count);

/* ---- findings.c ---- */
/* A finding that was told when it appeared (docs/findings.md), and perhaps its end. */
struct finding_row {
	struct uuid id;
	int64_t revision; /* that opened it */
	int64_t opened_us;
	struct finding_key key;
	int64_t since_us;       /* as it said then; TIME_NONE: it knew of none */
	int64_t seen_revision;  /* of the ranking that had it; not read back */
	int64_t ended_revision; /* 0: this tells of its appearance */
	int64_t ended_us;
	struct str why; /* "gone", "unwatched" */
};
enum error finding_append(struct change *change, const struct finding_row *finding);
enum error finding_end_append(struct change *change, const struct uuid *id, const char *why);
/* Those that have not ended, oldest first. */
enum error findings_open(struct conn *conn, const struct uuid *workspace, struct arena *arena,
	struct finding_row **out, size_t *count);
/* The revision that opened or ended any last; 0: there are none. */
enum error findings_newest(struct conn *conn, const struct uuid *workspace, int64_t *revision);
struct finding_place {
	int64_t revision; /* behind this one, and of it those of greater ids */
	struct uuid id;
	bool open; /* appearances of those that have not ended, no others */
	size_t limit;
};
/* Appearances and ends, by the revision that told of them, then by id. */
enum error finding_changes(struct conn *conn, const struct uuid *workspace,
	const struct finding_place *place, struct arena *arena, struct finding_row **out,
	size_t *count);

/* ---- sweeps.c ---- */
/* What a look through the icebox found, as it was then. */
struct sweep_row {
	struct uuid id;
	int64_t revision, made_us;
	struct str made_by, ranking;
	int32_t months;
	struct str feature; /* whose growth promotes; absent: none */
	double factor;
	bool cut; /* there was more than was looked at */
	const struct uuid *stale;
	const double *scored_s; /* by stale item; 0: the record was removed by retention */
	size_t stale_count;
	const struct uuid *promoted;
	const double *first, *last; /* values, by promoted item */
	size_t promoted_count;
};
enum error sweep_append(struct change *change, const struct sweep_row *sweep);
/* The one with this id (ERR_NOT_FOUND), or, that being NULL, the newest `limit` before a revision. */
enum error sweeps_list(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	int64_t before, size_t limit, struct arena *arena, struct sweep_row **out, size_t *count);
/* A part that was closed. The rationale is personal text (notes). */
struct sweep_closing_row {
	int64_t revision, closed_us;
	struct str closed_by, status, rationale; /* absent rationale: erased */
	const struct uuid *items;
	size_t item_count;
};
enum error sweep_closing_append(
	struct change *change, const struct uuid *sweep, const struct sweep_closing_row *closing);
enum error sweep_closings(struct conn *conn, const struct uuid *workspace, const struct uuid *sweep,
	struct arena *arena, struct sweep_closing_row **out, size_t *count);

/* ---- overrides.c ---- */
/* A person's decision against the order, with how it ended. Justification and link are text that
 * can hold personal data: they live in item_texts (as notes), named by text_ref. */
struct override_row {
	struct uuid id;
	int64_t revision; /* that made it */
	struct uuid item;
	struct str kind;    /* "pin", "boost", "band", "before", "exclude", "defer" */
	int64_t rank;       /* pin */
	double delta;       /* boost */
	struct str band;    /* band */
	struct uuid target; /* before */
	int64_t expires_us; /* of defer: until when, too */
	int64_t made_us;
	struct str author;      /* "token:<uuid>" */
	struct str author_team; /* absent: none */
	int64_t model_version;  /* that was active */
	int64_t rank_before;    /* where the item stood; 0: not ranked */
	struct str band_before; /* and in which band; absent: in none */
	struct sha256 text_ref;
	struct str justification, link; /* absent when erased, or not asked for */
	int64_t ended_revision;         /* 0: has not ended (it may have expired all the same) */
	int64_t ended_us;
	struct str end_reason; /* "revoked", "expired" */
	struct str ended_by;
};
/* Oldest first: by revision, then id. */
int override_by_age(const struct override_row *a, const struct override_row *b);
/* All that were made at or before `upto` and had not ended then; since > 0: those made or ended in
 * (since, upto], with their end. Without texts, oldest first. */
enum error overrides_load(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, struct arena *arena, struct override_row **out, size_t *count);
struct override_filter {
	const struct uuid *item; /* NULL: any */
	struct str kind;         /* absent: any */
	int active;              /* 1: in force at now_us; 0: not; -1: any */
	int64_t now_us;
	int64_t before_revision;      /* older than this; INT64_MAX: from the newest */
	const struct uuid *before_id; /* of that revision, ids less than this; NULL: none of it */
	size_t limit;
};
/* Newest first, with texts. */
enum error overrides_list(struct conn *conn, const struct uuid *workspace,
	const struct override_filter *filter, struct arena *arena, struct override_row **out,
	size_t *count);
enum error override_read(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	struct arena *arena, struct override_row *out); /* with texts; ERR_NOT_FOUND */
/* When overrides expired: behind the first time, and not behind the second. */
struct expiry_span {
	int64_t since_us, until_us;
};
/* The next `limit` workspaces behind `after`, by id, with overrides that expired then and have no end
 * yet; in the system scope. For the job that records it. */
struct expired_workspace {
	struct uuid id;
	int64_t first_us; /* when the first of them expired */
};
enum error overrides_expired(struct conn *conn, const struct expiry_span *span,
	const struct uuid *after, size_t limit, struct arena *arena, struct expired_workspace **out,
	size_t *count);
/* How many of this workspace are in force then. */
enum error overrides_in_force(
	struct conn *conn, const struct uuid *workspace, int64_t now_us, int64_t *out);
/* The ids of such overrides of this workspace. */
enum error overrides_due(struct conn *conn, const struct uuid *workspace,
	const struct expiry_span *span, struct arena *arena, struct uuid **ids, size_t *count);
/* An override, and the item's first status among `finished` after it was made. */
struct override_outcome {
	struct override_row override; /* without texts */
	struct str status;            /* absent: not finished since */
	int64_t finished_us;
};
/* Of those made in [from_us, to_us), ascending by revision. */
enum error overrides_outcomes(struct conn *conn, const struct uuid *workspace, int64_t from_us,
	int64_t to_us, const struct str *finished, size_t finished_count, struct arena *arena,
	struct override_outcome **out, size_t *count);
/* The text goes to the side table. */
enum error override_append(struct change *change, const struct override_row *override);
enum error override_end_append(
	struct change *change, const struct uuid *id, const char *reason, const char *by);

/* ---- comparisons.c ---- */
/* "A before B": of two items, or of two criteria (features), by how much. */
struct comparison_row {
	struct uuid id;
	int64_t revision;
	struct uuid before, after;          /* items; all zero for criteria */
	struct str before_name, after_name; /* criteria; absent for items */
	double ratio;                       /* criteria: 1 … 9; items: NaN */
	int64_t made_us;
	struct str author;
	struct uuid review; /* that it was made of; all zero: a person compared them */
};
bool comparison_is_derived(const struct comparison_row *comparison);
/* Of items (criteria false) or of criteria, with revision in (since, upto], ascending. */
enum error comparisons_load(struct conn *conn, const struct uuid *workspace, bool criteria,
	int64_t since, int64_t upto, struct arena *arena, struct comparison_row **out,
	size_t *count);
/* How many there are, of items and of criteria. */
enum error comparisons_count(struct conn *conn, const struct uuid *workspace, int64_t *out);
/* With `review` a row that tells the origin, too. */
enum error comparison_append(struct change *change, const struct comparison_row *comparison);
struct comparison_filter {
	int criteria;                 /* 1: of criteria; 0: of items; -1: both */
	int64_t before_revision;      /* older than this; INT64_MAX: from the newest */
	const struct uuid *before_id; /* of that revision, ids less than this; NULL: none of it */
	size_t limit;
};
/* Newest first. */
enum error comparisons_list(struct conn *conn, const struct uuid *workspace,
	const struct comparison_filter *filter, struct arena *arena, struct comparison_row **out,
	size_t *count);

/* ---- reviews.c ---- */
/* What a review, or whoever ended it, saw of an item. */
struct review_seen {
	int64_t item_revision;                 /* of the item's version */
	int64_t model_version, policy_version; /* active; 0: no policy */
};
/* A question to people about an item that stands high or is held, and what became of it. */
struct review_row {
	struct uuid id;
	int64_t revision; /* that opened it */
	struct uuid item;
	struct str reason;       /* "top", "held", "above" */
	struct str rule;         /* "held": by which; absent otherwise */
	struct str stream, band; /* the item's; absent: none */
	int64_t rank;            /* where it stood */
	int64_t opened_us;
	struct review_seen seen;
	int64_t ended_revision; /* 0: open, and all of the end is empty */
	struct str outcome;     /* "approved", "adjusted", "deferred", "rejected", "withdrawn" */
	int64_t ended_us;
	struct str ended_by;
	int64_t ended_rank; /* that an approval names; 0: any */
	struct review_seen decided;
	struct sha256 digest;                     /* of `decided` */
	struct uuid override;                     /* that the decision made; all zero: none */
	struct str rationale;                     /* absent when erased, or not asked for */
	int64_t escalated_revision, escalated_us; /* 0: not */
	struct str escalated_to;
	int64_t lapsed_revision, lapsed_us; /* of an approval; 0: it has not, on record */
	struct str lapsed_why;
};
bool review_approves(const struct review_row *review); /* "approved" or "adjusted" */
/* Oldest first: by revision, then id. */
int review_by_age(const struct review_row *a, const struct review_row *b);
/* All that count at `upto`: open ones, and approvals that have not lapsed on record; since > 0: those
 * opened, ended or marked in (since, upto]. As they were at `upto`, oldest first, without texts. */
enum error reviews_load(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, struct arena *arena, struct review_row **out, size_t *count);
/* Of these items, now: those that count, and those that ended behind `since`. */
enum error reviews_of_items(struct conn *conn, const struct uuid *workspace,
	const struct uuid *items, size_t item_count, int64_t since, struct arena *arena,
	struct review_row **out, size_t *count);
/* Now, with texts, in no order; absent ids give no row. */
enum error reviews_by_id(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t id_count, struct arena *arena, struct review_row **out, size_t *count);
struct review_filter {
	struct str state; /* "open", "decided", "lapsed"; "ended": by a person; absent: any */
	struct str stream, reason;    /* absent: any */
	const struct uuid *item;      /* NULL: any */
	int64_t before_revision;      /* older than this; INT64_MAX: from the newest */
	const struct uuid *before_id; /* of that revision, ids less than this; NULL: none of it */
	size_t limit;
};
/* Newest first, with texts. */
enum error reviews_list(struct conn *conn, const struct uuid *workspace,
	const struct review_filter *filter, struct arena *arena, struct review_row **out,
	size_t *count);
enum error review_append(struct change *change, const struct review_row *review);
/* outcome … override of the row; its rationale, if there is one, goes to the side table. */
enum error review_end_append(struct change *change, const struct review_row *review);
/* mark: "escalated" or "lapsed". */
enum error review_mark_append(
	struct change *change, const struct uuid *id, const char *mark, struct str word);

/* ---- rankings.c ---- */
/* A kept ranking: its receipt, and its entries in chunks (ranked_item_bytes, codec/receipt.h). */
struct ranking_row {
	struct str id;    /* "<revision>.<minutes>": what it saw */
	int64_t revision; /* that kept it */
	struct receipt receipt;
	struct str note; /* absent: none */
	struct str kept_by;
	int64_t kept_us;
};
enum { RANKING_CHUNK_ITEMS = 1000 };
enum error ranking_append(struct change *change, const struct ranking_row *ranking);
/* Of RANKING_CHUNK_ITEMS items each, but the last; first_rank from 1. */
enum error ranking_chunk_append(
	struct change *change, struct str id, int64_t first_rank, struct str entries);
enum error ranking_read(struct conn *conn, const struct uuid *workspace, struct str id,
	struct arena *arena, struct ranking_row *out); /* ERR_NOT_FOUND */
enum error rankings_list(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct ranking_row **out, size_t *count);
/* Entries with ranks in [from, from + count), as far as there are. */
enum error ranking_entries(struct conn *conn, const struct uuid *workspace, struct str id,
	int64_t from, size_t count, struct arena *arena, struct ranked_item **out, size_t *found);

/* ---- interventions.c ---- */
/* That the active model was stopped or let go on, or model or policy set back. */
struct intervention_row {
	int64_t revision;
	struct str action; /* "suspend", "resume", "rollback" */
	int64_t made_us;
	struct str author;
	/* Which is suspended, or ranks from then on; 0: it is not about one. A roll-back to no policy has 0
	 * in both. */
	int64_t model, policy;
	struct str fallback, ranking; /* of a suspension; else absent */
	struct str rationale;         /* absent when erased */
};
enum error intervention_append(struct change *change, const struct intervention_row *row);
/* Newest first, with revision < before. */
enum error interventions_list(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct intervention_row **out, size_t *count);

/* ---- proposals.c ---- */
/* Who is behind a token, as far as it is known: the token, the one that made it, and so on; and the
 * person who is said to hold it. */
struct actor_line {
	const struct uuid *ids; /* its own first */
	size_t count;
	size_t own; /* of ids: so many, its own first, are no operator's; 0 of a stored line: not known */
	struct str person; /* absent: not known */
};
struct proposal_row {
	struct uuid id;
	int64_t revision;
	struct str change; /* approval_change_name() */
	struct str name;   /* the feature's; "" where there is but one */
	struct str body;   /* canonical JSON: what is to be done */
	int64_t base;      /* the revision of what it replaces; 0: there was none */
	struct sha256 digest;
	struct str effect; /* canonical JSON */
	int64_t needed;    /* approvals */
	int64_t made_us, expires_us;
	struct str author, author_kind;
	struct actor_line line;
	struct str rationale;   /* absent when erased */
	int64_t ended_revision; /* 0: it has not ended (it may have expired all the same) */
	struct str state;       /* "applied", "bypassed", "rejected", "withdrawn", "expired" */
	int64_t ended_us;
	struct str ended_by, result, end_rationale;
};
struct proposal_approval_row {
	struct uuid proposal;
	struct str approver;
	int64_t revision, approved_us;
	struct actor_line line;
	struct str rationale;
};
enum error proposal_append(struct change *change, const struct proposal_row *proposal);
/* `digest` is what the approver has seen; approver, line and rationale of the row. */
enum error proposal_approval_append(struct change *change, const struct proposal_approval_row *row,
	const struct sha256 *digest);
/* By state, ended_by, result and end_rationale. */
enum error proposal_end_append(struct change *change, const struct proposal_row *proposal);
enum error proposal_read(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	struct arena *arena, struct proposal_row *out); /* ERR_NOT_FOUND */
/* Newest first, with revision < before; of effects only the base, and no body of more than 64 KiB that
 * has ended. `state`: how they ended, "open": not yet; absent: any. */
enum error proposals_list(struct conn *conn, const struct uuid *workspace, struct str state,
	int64_t before, size_t limit, struct arena *arena, struct proposal_row **out,
	size_t *count);
/* The next `limit` workspaces behind `after`, by id, with proposals that expired by then and have no end;
 * in the system scope. And those proposals of one workspace. */
enum error proposals_expired(struct conn *conn, int64_t now_us, const struct uuid *after,
	size_t limit, struct arena *arena, struct uuid **workspaces, size_t *count);
enum error proposals_due(struct conn *conn, const struct uuid *workspace, int64_t now_us,
	struct arena *arena, struct uuid **ids, size_t *count);
/* What is open at that time: how many of this author, and the bytes of all. */
struct proposals_open {
	int64_t of_author, bytes;
};
enum error proposals_count_open(struct conn *conn, const struct uuid *workspace, struct str author,
	int64_t now_us, struct proposals_open *out);
/* Whether the change of this revision was a bypass. */
enum error proposal_bypassed_at(
	struct conn *conn, const struct uuid *workspace, int64_t revision, bool *out);
/* Of several proposals, oldest first. */
enum error proposal_approvals_of(struct conn *conn, const struct uuid *workspace,
	const struct uuid *ids, size_t count, struct arena *arena,
	struct proposal_approval_row **out, size_t *found);

/* ---- tokens.c ---- */
struct token_row {
	struct uuid workspace, id;
	int64_t revision;
	struct sha256 secret_sha256; /* all zero in listings */
	struct str label, created_by;
	const struct str *roles;
	size_t role_count;
	const struct str *sources;
	size_t source_count;
	int64_t created_us, expires_us;
	int64_t revoked_us; /* TIME_NONE: not */
	/* "human", "service", "agent"; absent: nobody said, which is a service. */
	struct str actor_kind;
	struct str person; /* an opaque id of who holds it; absent: not known. Only with a kind. */
};
/* Of tokens of any workspace, in the system scope; those of which nobody said have no row. */
struct token_kind_row {
	struct uuid id;
	struct str actor_kind;
};
enum error token_kinds(struct conn *conn, const struct uuid *ids, size_t count, struct arena *arena,
	struct token_kind_row **out, size_t *found);
struct grant_row {
	struct uuid workspace, token_id;
	int64_t revision;
	const struct str *roles;
	size_t role_count;
	const struct str *sources;
	size_t source_count;
	int64_t expires_us;
};
/* In the system scope (read_begin with the system workspace): by hashes, with revocations. */
enum error tokens_by_secret(struct conn *conn, const struct sha256 *hashes, size_t count,
	struct arena *arena, struct token_row **out, size_t *found);
enum error grants_of_tokens(struct conn *conn, const struct uuid *token_ids, size_t count,
	struct arena *arena, struct grant_row **out, size_t *found);
enum error token_read(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	struct arena *arena, struct token_row *out);
/* Anywhere, in the system scope; ERR_NOT_FOUND. For grants to operators' tokens. */
enum error token_find(
	struct conn *conn, const struct uuid *id, struct arena *arena, struct token_row *out);
enum error tokens_list(struct conn *conn, const struct uuid *workspace, const struct uuid *after,
	size_t limit, struct arena *arena, struct token_row **out, size_t *count);
enum error grants_list(struct conn *conn, const struct uuid *workspace, struct arena *arena,
	struct grant_row **out, size_t *count); /* the newest row of each token */
enum error token_append(struct change *change, const struct token_row *token);
enum error token_revoke_append(struct change *change, const struct uuid *id);
enum error grant_append(struct change *change, const struct grant_row *grant);
/* Tokens with a role that are neither revoked nor expired at `now_us`, in one workspace. */
enum error tokens_count_with_role(struct conn *conn, const struct uuid *workspace, const char *role,
	int64_t now_us, int64_t *out);

/* ---- idempotency.c ---- */
/* What is kept of a request that carried an Idempotency-Key and was answered with success: hashes of
 * the request, and what its answer can be made of again (never a secret, nor a person's words). */
struct kept_answer {
	struct sha256 key;     /* of workspace, token, method, path and key */
	struct sha256 request; /* of query and body */
	int64_t revision;      /* the workspace's head as the answer told it … */
	struct sha256 hash;
	bool changed; /* … and whether the request wrote it */
	int64_t made_us, expires_us;
	struct str answer; /* service/kept.h */
};
/* Holds the key until the transaction ends; *locked is false when another transaction does. What
 * that one leaves behind shows to reads that follow, not to this one. */
enum error kept_answer_lock(struct tx *tx, const struct sha256 *key, bool *locked);
/* Also when it has expired. ERR_NOT_FOUND. */
enum error kept_answer_read(struct conn *conn, const struct uuid *workspace,
	const struct sha256 *key, struct arena *arena, struct kept_answer *out);
enum error kept_answer_drop(struct tx *tx, const struct uuid *workspace, const struct sha256 *key);
/* ERR_CONFLICT, at tx_commit: the key is there, which cannot be while it is locked. */
enum error kept_answer_append(
	struct tx *tx, const struct uuid *workspace, const struct kept_answer *kept);
/* Deletes at most `limit` that have expired, of any workspace, in a tx of the system workspace; none
 * while another daemon is at it. */
enum error kept_answers_sweep(struct tx *tx, int64_t now_us, size_t limit, int64_t *swept);

/* ---- access.c ---- */
/* One read of what is sensitive. */
struct access_row {
	struct uuid workspace, id;
	int64_t at_us, expires_us;
	struct str actor; /* as the audit log names it */
	const struct str *roles;
	size_t role_count;
	struct str request_id, method;
	struct str target;  /* path and query */
	struct str ranking; /* absent: from none */
	const struct uuid *items;
	size_t item_count;    /* of `items` */
	int64_t items_in_all; /* it may have been more */
	const struct str *features;
	size_t feature_count;
};
enum error access_append(struct tx *tx, const struct access_row *row);
struct access_filter {
	int64_t before_us;     /* older than this, … */
	struct uuid before_id; /* … or of it, with an id less than this */
	struct str actor;      /* absent: any */
	size_t limit;
};
/* Newest first. */
enum error access_list(struct conn *conn, const struct uuid *workspace,
	const struct access_filter *filter, struct arena *arena, struct access_row **out,
	size_t *count);
/* As kept_answers_sweep. */
enum error access_sweep(struct tx *tx, int64_t now_us, size_t limit, int64_t *swept);

/* ---- workspaces.c ---- */
struct workspace_row {
	struct uuid id;
	int64_t revision; /* of the system workspace */
	struct str name, title;
	bool removed;
	int64_t head_revision; /* of its own */
	unsigned char salt[32];
};
/* In the system scope. By name or id text; ERR_NOT_FOUND. Removed ones are found, with the flag. */
enum error workspace_find(
	struct conn *conn, struct str name, struct arena *arena, struct workspace_row *out);
enum error workspaces_list(struct conn *conn, struct str after_name, size_t limit,
	struct arena *arena, struct workspace_row **out, size_t *count);
/* In a change of the system workspace. */
enum error workspace_append(struct change *change, const struct workspace_row *workspace);
/* The head row of a new workspace, with revision 0; the tx must point at that workspace. */
enum error workspace_head_create(
	struct tx *tx, const struct uuid *workspace, const unsigned char salt[32]);
/* No write takes its lock any more: ERR_NOT_FOUND from change_begin. The tx must point at it. */
enum error workspace_head_remove(struct tx *tx, const struct uuid *workspace);

extern const struct uuid system_workspace; /* all zero */

#endif

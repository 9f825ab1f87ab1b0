/*
 * One evidence bundle under way. Private to evidence.c, evidence_records.c and evidence_views.c.
 */
#ifndef WINNOW_SERVICE_EVIDENCE_PARTS_H
#define WINNOW_SERVICE_EVIDENCE_PARTS_H

#include "base/map.h"
#include "codec/evidence.h"
#include "live/ranking.h"
#include "service/audit_tree.h"
#include "service/checkpoints.h"
#include "service/evidence.h"
#include "service/overrides.h"
#include "service/audit.h"
#include "store/aggregates.h"
#include "store/evidence.h"

/* A revision of one of the items, or a decision about it, as the records show it. */
struct evidence_mark {
	struct uuid item;
	enum { MARK_VERSION, MARK_OVERRIDE, MARK_REVIEW } kind;
	int64_t revision;
	struct uuid id; /* of the override, the review */
};
/* A text that a row names. */
struct evidence_ref {
	struct sha256 ref;
	bool notes; /* of a decision; else of an item */
};

struct evidence_making {
	const struct call *call;
	const struct evidence_request *request;
	struct buf *out;
	size_t begin; /* of the bundle in it */

	/* What it is about. */
	struct head head;
	int64_t first, last; /* revisions */
	struct checkpoint_row checkpoint;
	struct catalog *catalog; /* as of `last`; a reference */
	struct evidence_item *items;
	size_t item_count;
	struct uuid_map item_places; /* by id */
	struct document *documents;  /* up to `last` */
	int64_t *named; /* by document: the version that an alias names, 0 for all else */
	size_t document_count;
	int64_t *earlier; /* revisions before `first` that are needed besides, ascending */
	size_t earlier_count, earlier_room;

	/* What the records showed. */
	struct uuid_map decisions; /* overrides, reviews, erasures */
	struct evidence_mark *marks;
	size_t mark_count, mark_room;
	struct evidence_ref *refs;
	size_t ref_count, ref_room;
	struct str *actors; /* each once, in the order met */
	size_t actor_count, actor_room;
	struct str_map actor_places;
	size_t record_count;

	/* Other views of the span's ends; NULL: there is none. */
	struct ranking *start, *end;
	struct audit_verdict verdict;
	struct override_report before, during;
	int64_t span_us[2]; /* audit times of the first record and of the one behind the last */
};

static inline bool evidence_is_whole(const struct evidence_making *making)
{
	return !making->request->tag.ptr && !making->request->category.ptr;
}
/* The version after this one of the same document; NULL: it is the newest. */
const struct document *evidence_next(
	const struct evidence_making *making, const struct document *document);
bool evidence_note_earlier(struct evidence_making *making, int64_t revision);
/* ERR_BUDGET with a sentence where the limits are passed. */
enum error evidence_check_size(const struct evidence_making *making);

/* ---- evidence_records.c; in the open snapshot ---- */
/* Revisions before the span whose rows are in force at its begin. */
enum error evidence_find_earlier(struct evidence_making *making, struct conn *conn);
enum error evidence_write_records(struct evidence_making *making, struct conn *conn);
enum error evidence_write_texts(struct evidence_making *making, struct conn *conn);

/* ---- evidence_views.c ---- */
enum error evidence_write_items(struct evidence_making *making, struct conn *conn);
enum error evidence_write_models(struct evidence_making *making);
enum error evidence_write_drift(struct evidence_making *making);

#endif

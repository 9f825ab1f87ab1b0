/*
 * Items: batches in, single items patched, reads as of any revision.
 */
#ifndef WINNOW_SERVICE_ITEMS_H
#define WINNOW_SERVICE_ITEMS_H

#include "codec/item.h"
#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

enum item_outcome {
	OUTCOME_CREATED,
	OUTCOME_UPDATED,
	OUTCOME_UNCHANGED,
	OUTCOME_STALE, /* older than what is stored: nothing was done */
	OUTCOME_REJECTED,
	OUTCOME_COUNT
};
const char *item_outcome_name(enum item_outcome outcome);

/* What the items are made of; the HTTP layer holds the JSON. parse may be called again for the
 * same index with another catalogue. */
struct item_source {
	size_t count;
	/* Fills *out or adds faults below `pointer`. An error other than ERR_INVALID (malformed
	 * line, …) is reported as the item's problem just so. */
	enum error (*parse)(void *self, size_t index, const struct catalog *catalog,
		const char *pointer, struct arena *arena, struct diag *diag,
		struct item_input *out);
	/* Who the element is, by a glance, and all its text; false when that cannot be told. May be
	 * wrong where the element is not well-formed. NULL: every element is parsed. */
	bool (*sketch)(void *self, size_t index, struct str *source, struct str *external_id,
		struct str *text);
	void *self;
	/* Only features of existing items: absent items are ERR_NOT_FOUND, and `id` may name them
	 * instead of source and external id. */
	bool features_only;
};

struct item_result {
	struct uuid id;
	bool has_id;
	struct str source, external_id;
	enum item_outcome outcome;
	int64_t revision;      /* the item's, unless rejected */
	enum error error;      /* when rejected */
	struct diag *diag;     /* its faults; NULL when not rejected */
	struct diag *warnings; /* of the streams' contract; NULL: none, or answered before */
};

struct ingest {
	bool atomic;  /* a rejected item rejects all: ERR_INVALID, faults of all in call->diag with
	                 pointers "/<index>…" (see `pointer_prefix`) */
	bool dry_run; /* outcomes as they would be; nothing is written */
	const char *pointer_prefix; /* "/items" or "": before "/<index>" */
	bool single;        /* pointers have no index: one object, or each a document of its own */
	bool familiar;      /* what came before was known in part, so this may well be */
	const char *action; /* "items.upsert", "items.features", "items.import" */
	/* results */
	struct item_result *results;
	size_t result_count; /* as many as the source has items, or had when this was answered first */
	size_t counts[OUTCOME_COUNT];
	struct written written;
};

/* Upserts one batch in one transaction, at most one revision. */
enum error items_ingest(
	const struct call *call, const struct item_source *source, struct ingest *ingest);

/*
 * The two halves of it, so that a stream can parse one batch while the one before is being stored.
 * call, source and ingest must live until batch_release, which follows in any case, also after an
 * error (*out may be NULL then). The two may run on different threads, one after the other.
 */
struct batch;
enum error batch_parse(const struct call *call, const struct item_source *source,
	struct ingest *ingest, struct batch **out);
enum error batch_store(struct batch *batch);
/* Several small batches (BATCHES_MAX at most, none a dry run) of callers in the same workspace, in as few
 * transactions as it takes, each a revision of its own; errors[i] is that of batches[i]. */
enum { BATCHES_MAX = 64 };
void batches_store(
	struct service *service, struct batch **batches, size_t count, enum error *errors);
void batch_release(struct batch *batch);

/* A record with everything, and the catalogue to show it by (a reference). */
struct item_view {
	struct item_record record;
	struct catalog *catalog;
	int64_t head;          /* the workspace's revision when it was read */
	struct diag *warnings; /* of the streams' contract, after a write; NULL: none */
};
/* `revision` 0: as it is now. ERR_NOT_FOUND; ERR_BEYOND_HEAD. */
enum error item_get(
	const struct call *call, const struct uuid *id, int64_t revision, struct item_view *out);

struct item_list {
	struct item_record *records;
	size_t count;
	struct catalog *catalog; /* a reference */
	int64_t head;
	int64_t retired; /* of item_versions: what is older is not there any more; 0: all is */
};
enum error item_list(
	const struct call *call, const struct item_filter *filter, struct item_list *out);
/* By ids; absent ones are left out. */
enum error items_get(
	const struct call *call, const struct uuid *ids, size_t count, struct item_list *out);
/* Versions before revision `before`, newest first. ERR_NOT_FOUND. */
enum error item_versions(const struct call *call, const struct uuid *id, int64_t before,
	size_t limit, struct item_list *out);

/* source->parse gives the merge patch (count 1). The tag is "r<item revision>". */
enum error item_patch_apply(const struct call *call, const struct uuid *id,
	const struct precondition *precondition, const struct item_source *source,
	struct item_view *out, struct written *written);
/* Takes patches back: field names and "features.<name>"; none named: all. */
enum error item_patch_withdraw(const struct call *call, const struct uuid *id,
	const struct precondition *precondition, const struct str *fields, size_t field_count,
	struct item_view *out, struct written *written);

/* The workspace's revision now; for min_revision beyond the head. */
enum error workspace_revision(const struct call *call, int64_t *out);

#endif

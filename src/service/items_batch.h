/*
 * A batch of items on its way into the tables: items_parse.c parses it and items_merge.c merges it, for
 * items_ingest.c, which writes one alone, and items_joint.c, which writes several at once. Private to
 * src/service.
 */
#ifndef WINNOW_SERVICE_ITEMS_BATCH_H
#define WINNOW_SERVICE_ITEMS_BATCH_H

#include "base/map.h"
#include "service/contract_guard.h"
#include "service/items_common.h"
#include "service/kept.h"

/* One distinct item of the batch: what is stored, and what it becomes. */
struct target {
	struct uuid id;
	struct item_record stored, current;
	bool exists;  /* in `stored` */
	bool present; /* `current` holds something */
	bool changed;
	bool known;                /* its only element is: nothing has to be loaded */
	uint32_t elements;         /* of the batch */
	const struct uuid *digest; /* of the element that changed it last; NULL: it has none */
};

struct sketch; /* items_known.c */

struct batch {
	const struct call *call;
	const unsigned char *salt; /* of the head that is met */
	const struct item_source *source;
	struct ingest *ingest;
	struct catalog *catalog;
	struct item_input *inputs; /* by index; meaningless without a target */
	uint32_t *targets_of;      /* by index; MAP_NONE: rejected before anything was looked up */
	struct target *targets;
	size_t target_count;
	struct uuid_map target_ids;
	struct sketch *sketches;  /* by index; NULL: the source gives none */
	int64_t seen_revision;    /* the head when the sketches were looked up */
	bool alone;               /* in its transaction: rows may be sent before all are made */
	struct flight own_flight; /* of a batch that is alone */
	struct flight *flight;    /* that the contract's limits are judged by */
	struct arena scratch;
	/* Of a batch that shares its transaction: */
	enum error unready; /* what kept it from being loaded */
	bool deferred;      /* another of the transaction has one of its items */
};

/* ---- items_parse.c: before the lock ---- */
/* Parses every element against batch->catalog and finds the distinct items. ERR_NO_MEMORY, ERR_BUDGET,
 * ERR_INTERNAL; what is wrong with an element is its result's. */
enum error batch_parse_elements(struct batch *batch);
/* The JSON pointer of an element, for its faults. */
const char *batch_pointer(const struct batch *batch, size_t index, struct diag *diag);
/* Moves the faults of one element into its result. ERR_BUDGET. */
enum error batch_reject(
	struct batch *batch, size_t index, enum error why, const struct diag *faults);
/* Whether an error is not the element's but ends the whole batch. */
bool batch_fails(enum error error);

/* ---- items_merge.c: under the lock ---- */
/* All that is stored was taken. Writes the results and what the items become; ERR_INVALID with faults
 * in the call for an atomic batch with rejected elements. */
enum error batch_merge(struct batch *batch, int64_t revision);
/* How many of the first `count` results have each outcome. */
void ingest_count(struct ingest *ingest, size_t count);

/* ---- items_ingest.c ---- */
/* Under the head's lock: parses anew when the configuration has moved since. */
enum error batch_use_catalog(struct batch *batch, struct conn *conn, int64_t config_revision);
/* Writes the ids of its items, of which nothing is known as yet. */
void batch_clear(struct batch *batch, struct uuid *ids);
/* What is stored of one of its items. */
enum error batch_take_row(struct batch *batch, const struct item_row *row, struct arena *arena);
/* Everything stored was taken: merges, and writes what has changed. As the body of a write. */
enum error batch_write(struct batch *batch, struct write *write);
/* Its results into metrics, after the commit. */
void batch_count_metrics(const struct batch *batch);

/* ---- items_known.c: lines that are known to change nothing ---- */
/* Room for them. */
bool batch_sketches_alloc(struct batch *batch);
/* Identities and digests by the batch's catalogue; nothing is known as yet. */
enum error batch_sketch(struct batch *batch);
/* Looks them up, without the lock. */
enum error batch_recognise(struct batch *batch);
bool batch_knows(const struct batch *batch, size_t index);
size_t batch_known_count(const struct batch *batch);
void batch_forget(struct batch *batch, size_t index);
/* Its result, as it would be if it were read and merged. */
void batch_take_known(struct batch *batch, size_t index);
/* Under the lock; *forgotten: of some it is not known any more. */
enum error batch_know_again(struct batch *batch, struct conn *conn, int64_t head, bool *forgotten);
/* NULL: the element has none. */
const struct uuid *batch_digest(const struct batch *batch, size_t index);

/* ---- items_kept.c: the results of a request with an Idempotency-Key ---- */
void batch_keep(struct buf *out, const struct ingest *ingest);
enum error batch_recall(struct write *write, struct kept *kept, void *arg);

#endif

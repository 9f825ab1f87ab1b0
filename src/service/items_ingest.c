/*
 * A batch of items: parsed and checked before any lock (items_parse.c), merged with what is stored
 * under the lock (items_merge.c), written as one revision. Later elements of the same item meet what
 * earlier ones left.
 */
#include "service/items_batch.h"

#include "base/metrics.h"
#include "codec/json_writer.h"
#include "service/catalogs.h"

enum { SCRATCH_BYTES = 16 << 20 }; /* of one item, as a contract's gates see it */

const char *item_outcome_name(enum item_outcome outcome)
{
	static const char *const names[OUTCOME_COUNT] = {
		"created", "updated", "unchanged", "stale", "rejected"};

	return names[outcome];
}

/* ---- what is stored ---- */

/* Writes the ids of the items, of which nothing is known as yet. */
void batch_clear(struct batch *batch, struct uuid *ids)
{
	for (size_t i = 0; i < batch->target_count; i++) {
		ids[i] = batch->targets[i].id;
		batch->targets[i] = (struct target){.id = ids[i]};
	}
}

enum error batch_take_row(struct batch *batch, const struct item_row *row, struct arena *arena)
{
	uint32_t at = uuid_map_get(&batch->target_ids, &row->record.id);
	struct target *target = &batch->targets[at];

	target->exists = target->present = true;
	return item_from_row(row, batch->catalog, arena, &target->stored);
}

/* Of the ids of all targets those that have to be loaded; how many. */
static size_t leave_known_out(struct batch *batch, struct uuid *ids)
{
	size_t wanted = 0;

	if (!batch->sketches)
		return batch->target_count;
	for (size_t i = 0; i < batch->source->count; i++) {
		if (batch_knows(batch, i))
			batch->targets[batch->targets_of[i]].known = true;
	}
	for (size_t i = 0; i < batch->target_count; i++) {
		if (!batch->targets[i].known)
			ids[wanted++] = ids[i];
	}
	return wanted;
}

/* Lines that were known before the lock, and are not any more, are parsed after all. */
static enum error know_again(struct batch *batch, struct conn *conn, int64_t head)
{
	bool forgotten;
	enum error error = batch_know_again(batch, conn, head, &forgotten);

	return error || !forgotten ? error : batch_parse_elements(batch);
}

static enum error load_targets(struct batch *batch, struct conn *conn)
{
	struct arena *arena = batch->call->arena;
	struct uuid *ids = arena_array(arena, batch->target_count, sizeof *ids);
	struct item_row *rows;
	size_t found = 0, wanted;
	enum error error = ERR_OK;

	if (!ids)
		return ERR_BUDGET;
	batch_clear(batch, ids);
	wanted = leave_known_out(batch, ids);
	if (wanted > 0)
		error = items_by_id(
			conn, &batch->call->workspace, ids, wanted, arena, &rows, &found);
	for (size_t i = 0; i < found && !error; i++)
		error = batch_take_row(batch, &rows[i], arena);
	return error;
}

/* The configuration may have moved between parsing and the lock. */
enum error batch_use_catalog(struct batch *batch, struct conn *conn, int64_t config_revision)
{
	enum error error;

	if (batch->catalog && batch->catalog->revision == config_revision)
		return ERR_OK;
	catalog_unref(batch->catalog);
	batch->catalog = NULL;
	error = catalogs_at(batch->call->service->catalogs, conn, &batch->call->workspace,
		config_revision, &batch->catalog);
	if (!error)
		error = batch_sketch(batch);
	if (!error)
		error = batch_parse_elements(batch);
	if (error) {
		/* What was parsed by half must not pass for the whole, should it be tried again. */
		catalog_unref(batch->catalog);
		batch->catalog = NULL;
	}
	return error;
}

/* ---- writing ---- */

static enum error write_items(struct batch *batch, struct write *write)
{
	struct items_batch *rows;
	enum error error = items_batch_new(&write->change, &rows);

	if (error)
		return error;
	for (size_t i = 0; i < batch->target_count && !error; i++) {
		struct target *target = &batch->targets[i];
		struct item_storable storable;

		if (!target->changed)
			continue;
		error = item_to_storable(&target->current, &batch->call->workspace,
			write->change.salt, batch->call->arena, &storable);
		if (!error)
			error = items_batch_add(rows, &target->current, &storable, target->digest);
		if (!error && batch->alone)
			error = items_batch_send(rows);
	}
	items_batch_free(rows);
	return error;
}

static bool any_change(const struct batch *batch)
{
	for (size_t i = 0; i < batch->target_count; i++) {
		if (batch->targets[i].changed)
			return true;
	}
	return false;
}

/* Canonical: keys in byte order. */
static enum error finish(struct batch *batch, struct write *write)
{
	const struct ingest *ingest = batch->ingest;
	struct buf detail = BUF_INIT;
	struct json_writer json;
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_put(&json, "created", int, (int64_t)ingest->counts[OUTCOME_CREATED]);
	json_put(&json, "rejected", int, (int64_t)ingest->counts[OUTCOME_REJECTED]);
	json_put(&json, "stale", int, (int64_t)ingest->counts[OUTCOME_STALE]);
	json_put(&json, "unchanged", int, (int64_t)ingest->counts[OUTCOME_UNCHANGED]);
	json_put(&json, "updated", int, (int64_t)ingest->counts[OUTCOME_UPDATED]);
	json_object_end(&json);
	error = detail.failed ? ERR_NO_MEMORY
			      : write_finish(write, ingest->action, "items", buf_view(&detail));
	buf_release(&detail);
	return error;
}

/* ---- in the transaction ---- */

static enum error merge_and_write(struct batch *batch, struct write *write)
{
	enum error error;

	batch->salt = write->change.salt;
	error = batch_merge(batch, write->change.revision);
	if (error)
		return error;
	if (write->call->key)
		batch_keep(&write->kept, batch->ingest);
	write->nothing = !any_change(batch);
	if (write->nothing)
		return ERR_OK;
	error = write_items(batch, write);
	return error ? error : finish(batch, write);
}

/* What is stored is loaded, and what is in flight. A batch that fails leaves the flight as it met it. */
enum error batch_write(struct batch *batch, struct write *write)
{
	size_t mark = flight_mark(batch->flight);
	enum error error = merge_and_write(batch, write);

	if (error)
		flight_back(batch->flight, mark);
	return error;
}

/* Of a batch that has the transaction to itself. */
static enum error load_flight(struct batch *batch, struct conn *conn)
{
	batch->flight = &batch->own_flight;
	return flight_load(batch->flight, conn, &batch->call->workspace, batch->catalog);
}

static enum error ingest_body(struct write *write, void *arg)
{
	struct batch *batch = arg;
	struct conn *conn = tx_conn(write->tx);
	enum error error = batch_use_catalog(batch, conn, write->change.config_revision);

	batch->alone = true;
	if (!error)
		error = know_again(batch, conn, write->change.revision - 1);
	if (!error)
		error = load_targets(batch, conn);
	if (!error)
		error = load_flight(batch, conn);
	return error ? error : batch_write(batch, write);
}

/* The same without the lock and without a trace. */
static enum error rehearse(struct batch *batch)
{
	const struct call *call = batch->call;
	struct conn *conn;
	struct head head;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &call->workspace);
	if (error)
		goto release;
	error = head_read(conn, &call->workspace, &head);
	if (!error)
		error = batch_use_catalog(batch, conn, head.config_revision);
	if (!error)
		error = know_again(batch, conn, head.revision);
	if (!error)
		error = load_targets(batch, conn);
	batch->salt = head.salt;
	if (!error)
		error = load_flight(batch, conn);
	if (!error)
		error = batch_merge(batch, head.revision + 1);
	read_end(conn);
	if (error)
		goto release;
	batch->ingest->written = (struct written){.revision = head.revision, .hash = head.hash};
	for (size_t i = 0; i < batch->source->count; i++) {
		/* A revision that was not taken is nobody's. */
		if (batch->ingest->results[i].revision > head.revision)
			batch->ingest->results[i].revision = 0;
	}
release:
	store_release(call->service->store, conn);
	return error;
}

void batch_count_metrics(const struct batch *batch)
{
	const struct ingest *ingest = batch->ingest;

	metric_add(METRIC_items_created, (int64_t)ingest->counts[OUTCOME_CREATED]);
	metric_add(METRIC_items_updated, (int64_t)ingest->counts[OUTCOME_UPDATED]);
	metric_add(METRIC_items_unchanged, (int64_t)ingest->counts[OUTCOME_UNCHANGED]);
	metric_add(METRIC_items_known, (int64_t)batch_known_count(batch));
	metric_add(METRIC_items_stale, (int64_t)ingest->counts[OUTCOME_STALE]);
	metric_add(METRIC_items_rejected, (int64_t)ingest->counts[OUTCOME_REJECTED]);
}

static enum error batch_alloc(struct batch *batch)
{
	struct arena *arena = batch->call->arena;
	size_t count = batch->source->count;

	batch->ingest->results = arena_array(arena, count, sizeof *batch->ingest->results);
	batch->ingest->result_count = count;
	batch->inputs = arena_array(arena, count, sizeof *batch->inputs);
	batch->targets = arena_array(arena, count, sizeof *batch->targets);
	batch->targets_of = arena_array(arena, count, sizeof *batch->targets_of);
	if (batch->source->sketch && !batch_sketches_alloc(batch))
		return ERR_BUDGET;
	return batch->ingest->results && batch->inputs && batch->targets && batch->targets_of
		       ? ERR_OK
		       : ERR_BUDGET;
}

enum error batch_parse(const struct call *call, const struct item_source *source,
	struct ingest *ingest, struct batch **out)
{
	struct batch *batch = arena_alloc(call->arena, sizeof *batch);
	enum error error;

	*out = batch;
	if (!batch)
		return ERR_BUDGET;
	*batch = (struct batch){.call = call, .source = source, .ingest = ingest};
	flight_init(&batch->own_flight);
	arena_init(&batch->scratch, SCRATCH_BYTES);
	error = batch_alloc(batch);
	if (error)
		return error;
	/* Parsing under the lock would hold other writers up; a catalogue that has moved meanwhile
	 * is found there. */
	batch->catalog = catalogs_last(call->service->catalogs, &call->workspace);
	if (!batch->catalog)
		error = catalog_current(call, &batch->catalog, NULL);
	if (!error)
		error = batch_sketch(batch);
	if (!error)
		error = batch_recognise(batch);
	return error ? error : batch_parse_elements(batch);
}

enum error batch_store(struct batch *batch)
{
	static const struct write_steps steps = {ingest_body, batch_recall};
	struct ingest *ingest = batch->ingest;
	enum error error;

	if (ingest->dry_run)
		return rehearse(batch);
	error = write_once(batch->call, &batch->call->workspace, &steps, batch, &ingest->written);
	if (!error && !ingest->written.replayed)
		batch_count_metrics(batch);
	return error;
}

void batch_release(struct batch *batch)
{
	if (!batch)
		return;
	uuid_map_release(&batch->target_ids);
	flight_release(&batch->own_flight);
	arena_release(&batch->scratch);
	catalog_unref(batch->catalog);
	batch->catalog = NULL;
}

enum error items_ingest(
	const struct call *call, const struct item_source *source, struct ingest *ingest)
{
	struct batch *batch;
	enum error error = batch_parse(call, source, ingest, &batch);

	if (!error)
		error = batch_store(batch);
	batch_release(batch);
	return error;
}

/*
 * A batch of items: parsed and checked before any lock, merged with what is stored under the lock,
 * written as one revision. Later elements of the same item meet what earlier ones left.
 */
#include "service/items_batch.h"

#include <string.h>

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

void item_check_clock(const struct call *call, const struct item_input *input, const char *pointer,
	struct diag *diag)
{
	int64_t limit_us =
		clock_now_us(call->service->clock) + (int64_t)ITEM_AHEAD_LIMIT_S * US_PER_S;

	if ((input->given & ITEM_UPDATED_AT) && input->item.updated_us > limit_us)
		diag_add(diag, diag_key(diag, pointer, "updated_at"),
			"This is more than five minutes ahead of the server's clock.");
}

static const char *pointer_of(const struct batch *batch, size_t index, struct diag *diag)
{
	if (batch->ingest->single)
		return batch->ingest->pointer_prefix;
	return diag_index(diag, batch->ingest->pointer_prefix, index);
}

/* Moves the faults of one element into its result. */
static enum error reject(
	struct batch *batch, size_t index, enum error why, const struct diag *faults)
{
	struct item_result *result = &batch->ingest->results[index];

	result->outcome = OUTCOME_REJECTED;
	result->error = why;
	result->diag = arena_alloc(batch->call->arena, sizeof *result->diag);
	if (!result->diag)
		return ERR_BUDGET;
	*result->diag = *faults;
	return ERR_OK;
}

static bool fails_the_batch(enum error error)
{
	return error == ERR_NO_MEMORY || error == ERR_BUDGET || error == ERR_INTERNAL;
}

/* ---- before the lock ---- */

/* Permission first: who may not write for a source learns nothing about its items. */
static enum error check_input(
	struct batch *batch, const struct item_input *input, const char *pointer, struct diag *diag)
{
	const struct call *call = batch->call;

	/* Without a principal it is the daemon's own. */
	if (call->principal && !principal_may_write_source(call->principal, &call->workspace,
				       clock_now_us(call->service->clock), input->source)) {
		diag_add(diag, diag_key(diag, pointer, "source"),
			"This token may not write for the source \"%.*s\".",
			STR_ARG(input->source));
		return ERR_SOURCE_FORBIDDEN;
	}
	item_check_clock(call, input, pointer, diag);
	return diag->count ? ERR_INVALID : ERR_OK;
}

static enum error parse_one(struct batch *batch, size_t index)
{
	struct item_result *result = &batch->ingest->results[index];
	struct item_input *input = &batch->inputs[index];
	const char *pointer;
	struct diag diag;
	enum error error;

	diag_init(&diag, batch->call->arena);
	pointer = pointer_of(batch, index, &diag);
	*result = (struct item_result){0};
	*input = (struct item_input){0};
	batch->targets_of[index] = MAP_NONE;
	error = batch->source->parse(batch->source->self, index, batch->catalog, pointer,
		batch->call->arena, &diag, input);
	if (batch->call->principal)
		input->by = batch->call->principal->token_id;
	result->source = input->source;
	result->external_id = input->external_id;
	if (!error)
		error = check_input(batch, input, pointer, &diag);
	if (!error) {
		item_id_make(
			&batch->call->workspace, input->source, input->external_id, &result->id);
		result->has_id = true;
		return ERR_OK;
	}
	return fails_the_batch(error) ? error : reject(batch, index, error, &diag);
}

static enum error target_of(struct batch *batch, size_t index)
{
	const struct uuid *id = &batch->ingest->results[index].id;
	uint32_t target = uuid_map_get(&batch->target_ids, id);

	if (target == MAP_NONE) {
		target = (uint32_t)batch->target_count++;
		batch->targets[target] = (struct target){.id = *id};
		if (!uuid_map_put(&batch->target_ids, id, target))
			return ERR_NO_MEMORY;
	}
	batch->targets_of[index] = target;
	batch->targets[target].elements++;
	return ERR_OK;
}

/* A line that is known counts for nothing where another element has its item. (Few have: the glance
 * sees most of them, and does not look for what is there twice.) */
static enum error parse_repeated(struct batch *batch)
{
	enum error error = ERR_OK;

	for (size_t i = 0; i < batch->source->count && !error; i++) {
		uint32_t target = batch->targets_of[i];

		if (!batch_knows(batch, i) || batch->targets[target].elements == 1)
			continue;
		batch_forget(batch, i);
		error = parse_one(batch, i);
		/* It may be refused now: its source is granted no longer, or its time is too far ahead. */
		if (batch->ingest->results[i].outcome != OUTCOME_REJECTED)
			batch->targets_of[i] = target;
	}
	return error;
}

/* Parses every element against batch->catalog and finds the distinct items. */
static enum error parse_all(struct batch *batch)
{
	enum error error = ERR_OK;

	batch->target_count = 0;
	uuid_map_release(&batch->target_ids);
	for (size_t i = 0; i < batch->source->count && !error; i++) {
		if (batch_knows(batch, i))
			batch_take_known(batch, i);
		else
			error = parse_one(batch, i);
		if (!error && batch->ingest->results[i].outcome != OUTCOME_REJECTED)
			error = target_of(batch, i);
	}
	return error ? error : parse_repeated(batch);
}

/* ---- against what is stored ---- */

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

	return error || !forgotten ? error : parse_all(batch);
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

/* Whether a stored pair is another than the one that made its id (a collision of SHA-1). */
static bool is_another(const struct target *target, const struct item_input *input)
{
	return target->present && (!str_eq(target->current.source, input->source) ||
					  !str_eq(target->current.external_id, input->external_id));
}

/*
 * The very text that was erased is posted again. It stays erased: merged with its words back, the
 * record shows what else has changed, if anything.
 */
static enum error merge_erased(struct batch *batch, size_t index, int64_t revision,
	struct item_record *merged, bool *changed)
{
	const struct item_record *current = &batch->targets[batch->targets_of[index]].current;
	const struct call *call = batch->call;
	struct item_record record = *current;
	struct feature_value *features;
	struct item_storable storable;
	struct diag diag;
	enum error error =
		item_to_storable(merged, &call->workspace, batch->salt, call->arena, &storable);

	if (error || !storable.has_text || !sha256_same(&storable.text_ref, &current->erased_ref))
		return error;
	features = arena_array(call->arena, record.item.feature_count, sizeof *features);
	if (!features)
		return ERR_BUDGET;
	item_take_words(&record, merged, features);
	diag_init(&diag, call->arena);
	return item_upsert(&record, &batch->inputs[index], &call->workspace, batch->catalog,
		revision, "", call->arena, &diag, merged, changed);
}

/* What the contract says of the change. Its warnings stay with the result. */
static enum error judge(struct batch *batch, size_t index, const struct target *target,
	const struct item_record *merged, struct diag *faults)
{
	const struct contract_version *contract = catalog_contract_active(batch->catalog);
	struct item_result *result = &batch->ingest->results[index];
	struct guard guard = {
		.catalog = batch->catalog,
		.flight = batch->flight,
		.stored = target->exists ? &target->stored : NULL,
		.now_s = (double)clock_now_us(batch->call->service->clock) / US_PER_S,
		.roles = batch->call->roles,
		.pointer = pointer_of(batch, index, faults),
		.scratch = &batch->scratch,
	};
	struct diag warnings;
	enum error error;

	if (!contract)
		return ERR_OK;
	guard.mirrored = contract_mirrors(contract, merged->source);
	diag_init(&warnings, batch->call->arena);
	error = guard_judge(
		&guard, target->present ? &target->current : NULL, merged, faults, &warnings);
	if (error || warnings.count == 0)
		return error;
	result->warnings = arena_alloc(batch->call->arena, sizeof *result->warnings);
	if (!result->warnings)
		return ERR_BUDGET;
	*result->warnings = warnings;
	return ERR_OK;
}

static enum error merge_one(struct batch *batch, size_t index, int64_t revision)
{
	struct item_result *result = &batch->ingest->results[index];
	const struct item_input *input = &batch->inputs[index];
	struct target *target = &batch->targets[batch->targets_of[index]];
	struct item_record merged;
	struct diag diag;
	bool changed = false;
	enum error error;

	if (batch_knows(batch, index)) {
		batch_take_known(batch, index);
		return ERR_OK;
	}
	diag_init(&diag, batch->call->arena);
	/* What the attempt before made of it is void. */
	result->error = ERR_OK;
	result->diag = result->warnings = NULL;
	if (is_another(target, input))
		return ERR_CONFLICT;
	if (batch->source->features_only && !target->present)
		return reject(batch, index, ERR_NOT_FOUND, &diag);
	if (target->present && !batch->source->features_only &&
		item_input_age(&target->current, input) < 0) {
		result->outcome = OUTCOME_STALE;
		result->revision = target->current.revision;
		return ERR_OK;
	}
	error = item_upsert(target->present ? &target->current : NULL, input,
		&batch->call->workspace, batch->catalog, revision, pointer_of(batch, index, &diag),
		batch->call->arena, &diag, &merged, &changed);
	if (!error && (!target->present || changed))
		error = judge(batch, index, target, &merged, &diag);
	if (error)
		return fails_the_batch(error) ? error : reject(batch, index, error, &diag);
	if (changed && target->present && target->current.erased) {
		error = merge_erased(batch, index, revision, &merged, &changed);
		if (error)
			return error;
	}
	result->outcome = !target->present ? OUTCOME_CREATED
			  : changed        ? OUTCOME_UPDATED
					   : OUTCOME_UNCHANGED;
	/* A rehearsal is no way to ask for a value. */
	if (result->outcome == OUTCOME_UNCHANGED && batch->ingest->dry_run &&
		item_input_is_blind(batch->call, batch->catalog, input))
		result->outcome = OUTCOME_UPDATED;
	if (!target->present || changed) {
		merged.revision = revision;
		target->current = merged;
		target->present = target->changed = true;
		target->digest = batch_digest(batch, index);
	}
	result->revision = target->current.revision;
	return ERR_OK;
}

void ingest_count(struct ingest *ingest, size_t count)
{
	memset(ingest->counts, 0, sizeof ingest->counts);
	for (size_t i = 0; i < count; i++)
		ingest->counts[ingest->results[i].outcome]++;
}

/* All faults of all elements, for the answer to an atomic batch. */
static void gather_faults(const struct batch *batch)
{
	struct diag *diag = batch->call->diag;

	for (size_t i = 0; i < batch->source->count; i++) {
		const struct item_result *result = &batch->ingest->results[i];

		if (result->outcome != OUTCOME_REJECTED)
			continue;
		for (size_t j = 0; j < result->diag->count; j++)
			diag_copy(diag, &result->diag->entries[j]);
		if (result->diag->count == 0)
			diag_add(diag, pointer_of(batch, i, diag), "%s",
				error_info(result->error)->title);
		diag->omitted += result->diag->omitted;
	}
}

static enum error merge_all(struct batch *batch, int64_t revision)
{
	enum error error = ERR_OK;

	for (size_t i = 0; i < batch->target_count; i++)
		batch->targets[i].current = batch->targets[i].stored;
	for (size_t i = 0; i < batch->source->count && !error; i++) {
		if (batch->targets_of[i] != MAP_NONE)
			error = merge_one(batch, i, revision);
	}
	ingest_count(batch->ingest, batch->source->count);
	if (error || !batch->ingest->atomic || batch->ingest->counts[OUTCOME_REJECTED] == 0)
		return error;
	gather_faults(batch);
	return ERR_INVALID;
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
		error = parse_all(batch);
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
	error = merge_all(batch, write->change.revision);
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
		error = merge_all(batch, head.revision + 1);
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
	return error ? error : parse_all(batch);
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

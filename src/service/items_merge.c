/*
 * The elements of a batch against what is stored, under the lock: each is merged with its item, or
 * with what an earlier element has left of it, and judged by the contract.
 */
#include <string.h>

#include "service/items_batch.h"

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
		.pointer = batch_pointer(batch, index, faults),
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
		return batch_reject(batch, index, ERR_NOT_FOUND, &diag);
	if (target->present && !batch->source->features_only &&
		item_input_age(&target->current, input) < 0) {
		result->outcome = OUTCOME_STALE;
		result->revision = target->current.revision;
		return ERR_OK;
	}
	error = item_upsert(target->present ? &target->current : NULL, input,
		&batch->call->workspace, batch->catalog, revision,
		batch_pointer(batch, index, &diag), batch->call->arena, &diag, &merged, &changed);
	if (!error && (!target->present || changed))
		error = judge(batch, index, target, &merged, &diag);
	if (error)
		return batch_fails(error) ? error : batch_reject(batch, index, error, &diag);
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
			diag_add(diag, batch_pointer(batch, i, diag), "%s",
				error_info(result->error)->title);
		diag->omitted += result->diag->omitted;
	}
}

enum error batch_merge(struct batch *batch, int64_t revision)
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

/*
 * The elements of a batch before any lock: each is parsed and checked by itself, and the distinct
 * items are found.
 */
#include "service/items_batch.h"

void item_check_clock(const struct call *call, const struct item_input *input, const char *pointer,
	struct diag *diag)
{
	int64_t limit_us =
		clock_now_us(call->service->clock) + (int64_t)ITEM_AHEAD_LIMIT_S * US_PER_S;

	if ((input->given & ITEM_UPDATED_AT) && input->item.updated_us > limit_us)
		diag_add(diag, diag_key(diag, pointer, "updated_at"),
			"This is more than five minutes ahead of the server's clock.");
}

const char *batch_pointer(const struct batch *batch, size_t index, struct diag *diag)
{
	if (batch->ingest->single)
		return batch->ingest->pointer_prefix;
	return diag_index(diag, batch->ingest->pointer_prefix, index);
}

enum error batch_reject(
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

bool batch_fails(enum error error)
{
	return error == ERR_NO_MEMORY || error == ERR_BUDGET || error == ERR_INTERNAL;
}

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
	pointer = batch_pointer(batch, index, &diag);
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
	return batch_fails(error) ? error : batch_reject(batch, index, error, &diag);
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

enum error batch_parse_elements(struct batch *batch)
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

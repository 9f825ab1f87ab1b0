/*
 * What a batch came to, kept for when the same request is sent again under its key: outcomes and
 * faults as they were. Another catalogue or mapping would make other items of the same body now.
 */
#include "service/items_batch.h"

static void keep_faults(struct buf *out, const struct item_result *result)
{
	const struct diag *diag = result->diag;

	kept_put_str(out, str_from(error_info(result->error)->slug));
	kept_put_int(out, (int64_t)diag->count);
	for (size_t i = 0; i < diag->count; i++) {
		kept_put_str(out, str_from(diag->entries[i].pointer));
		kept_put_str(out, str_from(diag->entries[i].detail));
	}
	kept_put_int(out, (int64_t)diag->omitted);
}

/* Of a large batch this is some time under the lock, which only those pay who ask for it. */
void batch_keep(struct buf *out, const struct ingest *ingest)
{
	kept_put_int(out, (int64_t)ingest->result_count);
	for (size_t i = 0; i < ingest->result_count; i++) {
		const struct item_result *result = &ingest->results[i];

		kept_put_byte(out, (unsigned char)result->outcome);
		kept_put_byte(out, result->has_id);
		kept_put_uuid(out, &result->id);
		kept_put_str(out, result->source);
		kept_put_str(out, result->external_id);
		kept_put_int(out, result->revision);
		if (result->outcome == OUTCOME_REJECTED)
			keep_faults(out, result);
	}
}

static enum error recall_faults(struct kept *kept, struct arena *arena, struct item_result *result)
{
	struct diag *diag = arena_alloc(arena, sizeof *diag);
	int64_t count;

	if (!diag)
		return ERR_BUDGET;
	diag_init(diag, arena);
	result->error = error_by_slug(kept_str(kept));
	if (!result->error)
		result->error = ERR_INTERNAL;
	result->diag = diag;
	count = kept_int(kept);
	for (int64_t i = 0; i < count && !kept->failed; i++) {
		const char *pointer = arena_strdup(arena, kept_str(kept));
		const char *detail = arena_strdup(arena, kept_str(kept));

		if (!pointer || !detail)
			return ERR_BUDGET;
		diag_copy(diag, &(struct diag_entry){pointer, detail});
	}
	diag->omitted = (size_t)kept_int(kept);
	return ERR_OK;
}

static enum error recall_result(struct kept *kept, struct arena *arena, struct item_result *out)
{
	unsigned char outcome = kept_byte(kept);

	*out = (struct item_result){.outcome = (enum item_outcome)outcome};
	out->has_id = kept_byte(kept) != 0;
	out->id = kept_uuid(kept);
	out->source = kept_str(kept);
	out->external_id = kept_str(kept);
	out->revision = kept_int(kept);
	if (kept->failed || outcome >= OUTCOME_COUNT)
		return ERR_INTERNAL;
	return outcome == OUTCOME_REJECTED ? recall_faults(kept, arena, out) : ERR_OK;
}

/* Another catalogue or mapping may make other items of the same body now: what was parsed does not
 * count. */
enum error batch_recall(struct write *write, struct kept *kept, void *arg)
{
	struct ingest *ingest = ((struct batch *)arg)->ingest;
	int64_t count = kept_int(kept);
	enum error error = ERR_OK;

	if (kept->failed || count < 0 || (uint64_t)count > kept->left.len)
		return ERR_INTERNAL;
	ingest->result_count = (size_t)count;
	ingest->results =
		arena_array(write->call->arena, ingest->result_count, sizeof *ingest->results);
	if (!ingest->results)
		return ERR_BUDGET;
	for (size_t i = 0; i < ingest->result_count && !error; i++)
		error = recall_result(kept, write->call->arena, &ingest->results[i]);
	if (!error)
		ingest_count(ingest, ingest->result_count);
	return error;
}

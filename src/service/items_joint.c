/*
 * Several batches of items in one transaction. What is stored of all their items is read at once;
 * then each merges and writes alone. Two that have an item in common do not share a transaction: the
 * later one waits for the next round.
 */
#include "service/items_batch.h"
#include "service/write_joint.h"

enum { MEETING_BYTES = 256 << 20 };

struct meeting {
	struct arena arena;     /* for what is stored */
	struct uuid_map owners; /* by item: which of the writes has it */
};

/* Claims the items of a batch, all or none: what two want, the later one gets in the next round. */
static enum error claim(struct meeting *meeting, struct batch *batch, uint32_t index)
{
	for (size_t i = 0; i < batch->target_count; i++) {
		if (uuid_map_get(&meeting->owners, &batch->targets[i].id) != MAP_NONE)
			batch->deferred = true;
	}
	for (size_t i = 0; i < batch->target_count && !batch->deferred; i++) {
		if (!uuid_map_put(&meeting->owners, &batch->targets[i].id, index))
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum error load_meeting(void *self, struct tx *tx, int64_t config_revision,
	struct joint_write *writes, size_t count)
{
	struct meeting *meeting = self;
	struct conn *conn = tx_conn(tx);
	size_t wanted = 0, found = 0;
	struct item_row *rows;
	struct uuid *ids;
	enum error error = ERR_OK;

	uuid_map_release(&meeting->owners);
	for (size_t i = 0; i < count && !error; i++) {
		struct batch *batch = writes[i].arg;

		batch->deferred = false;
		batch->unready = batch_use_catalog(batch, conn, config_revision);
		if (!batch->unready)
			error = claim(meeting, batch, (uint32_t)i);
		if (!batch->unready && !batch->deferred)
			wanted += batch->target_count;
	}
	ids = arena_array(&meeting->arena, wanted, sizeof *ids);
	if (error || !ids)
		return error ? error : ERR_NO_MEMORY;
	wanted = 0;
	for (size_t i = 0; i < count; i++) {
		struct batch *batch = writes[i].arg;

		if (batch->unready || batch->deferred)
			continue;
		batch_clear(batch, ids + wanted);
		wanted += batch->target_count;
	}
	error = items_by_id(
		conn, &writes[0].call->workspace, ids, wanted, &meeting->arena, &rows, &found);
	for (size_t i = 0; i < found && !error; i++) {
		struct batch *batch =
			writes[uuid_map_get(&meeting->owners, &rows[i].record.id)].arg;

		if (!batch->unready)
			batch->unready = batch_take_row(batch, &rows[i], &meeting->arena);
	}
	return error;
}

static enum error meeting_body(struct write *write, void *arg)
{
	struct batch *batch = arg;

	write->nothing = batch->deferred;
	if (batch->unready || batch->deferred)
		return batch->unready;
	return batch_write(batch, write);
}

/* One round: the writes that were deferred are moved to the front, and counted. */
static size_t store_round(
	struct meeting *meeting, struct service *service, struct joint_write *writes, size_t count)
{
	const struct joint_work work = {load_meeting, meeting_body, meeting};
	const struct uuid workspace = writes[0].call->workspace;
	size_t deferred = 0;

	arena_init(&meeting->arena, MEETING_BYTES);
	write_run_joint(service, &workspace, &work, writes, count);
	for (size_t i = 0; i < count; i++) {
		struct batch *batch = writes[i].arg;

		batch->ingest->written = writes[i].written;
		batch->unready = writes[i].error;
		if (!writes[i].error && batch->deferred)
			writes[deferred++] = writes[i];
		else if (!writes[i].error)
			batch_count_metrics(batch);
	}
	uuid_map_release(&meeting->owners);
	arena_release(&meeting->arena);
	return deferred;
}

void batches_store(
	struct service *service, struct batch **batches, size_t count, enum error *errors)
{
	struct joint_write writes[BATCHES_MAX];
	struct meeting meeting = {0};
	size_t left = count;

	for (size_t i = 0; i < count; i++)
		writes[i] = (struct joint_write){.call = batches[i]->call, .arg = batches[i]};
	while (left > 0)
		left = store_round(&meeting, service, writes, left);
	for (size_t i = 0; i < count; i++)
		errors[i] = batches[i]->unready;
}

/*
 * Several batches of items in one transaction. What is stored of all their items is read at once;
 * then each merges and writes alone. Two that have an item in common do not share a transaction, nor
 * do more items than one should hold: the later batch waits for the next round.
 */
#include "service/items_batch.h"
#include "service/write_joint.h"

enum {
	MEETING_BYTES = 256 << 20,
	MEETING_ITEMS = 1024, /* of all batches; of one batch there may be more */
};

struct meeting {
	struct arena arena;     /* for what is stored */
	struct uuid_map owners; /* by item: which of the writes has it */
	size_t items;
};

/* Claims the items of a batch, all or none. */
static enum error claim(struct meeting *meeting, struct batch *batch, uint32_t index)
{
	batch->deferred =
		meeting->items > 0 && meeting->items + batch->target_count > MEETING_ITEMS;
	for (size_t i = 0; i < batch->target_count && !batch->deferred; i++)
		batch->deferred = uuid_map_get(&meeting->owners, &batch->targets[i].id) != MAP_NONE;
	if (batch->deferred)
		return ERR_OK;
	for (size_t i = 0; i < batch->target_count; i++) {
		if (!uuid_map_put(&meeting->owners, &batch->targets[i].id, index))
			return ERR_NO_MEMORY;
	}
	meeting->items += batch->target_count;
	return ERR_OK;
}

static bool takes_part(const struct batch *batch)
{
	return !batch->unready && !batch->deferred;
}

/* Reads what is stored of the claimed items. */
static enum error load_claimed(
	struct meeting *meeting, struct conn *conn, struct joint_write *writes, size_t count)
{
	struct uuid *ids = arena_array(&meeting->arena, meeting->items, sizeof *ids);
	struct item_row *rows;
	size_t wanted = 0, found = 0;
	enum error error;

	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		struct batch *batch = writes[i].arg;

		if (!takes_part(batch))
			continue;
		batch_clear(batch, ids + wanted);
		wanted += batch->target_count;
	}
	if (wanted == 0)
		return ERR_OK;
	error = items_by_id(
		conn, &writes[0].call->workspace, ids, wanted, &meeting->arena, &rows, &found);
	for (size_t i = 0; i < found && !error; i++) {
		uint32_t owner = uuid_map_get(&meeting->owners, &rows[i].record.id);
		struct batch *batch = writes[owner].arg;

		if (!batch->unready)
			batch->unready = batch_take_row(batch, &rows[i], &meeting->arena);
	}
	return error;
}

static void forget_all(struct meeting *meeting)
{
	uuid_map_release(&meeting->owners);
	arena_release(&meeting->arena);
}

static enum error load_meeting(void *self, struct tx *tx, int64_t config_revision,
	struct joint_write *writes, size_t count)
{
	struct meeting *meeting = self;
	enum error error = ERR_OK;

	/* Nothing of the attempt before is of use. */
	forget_all(meeting);
	meeting->items = 0;
	for (size_t i = 0; i < count && !error; i++) {
		struct batch *batch = writes[i].arg;

		batch->deferred = false;
		batch->unready = batch_use_catalog(batch, tx_conn(tx), config_revision);
		if (!batch->unready)
			error = claim(meeting, batch, (uint32_t)i);
	}
	return error ? error : load_claimed(meeting, tx_conn(tx), writes, count);
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
	forget_all(meeting);
	return deferred;
}

void batches_store(
	struct service *service, struct batch **batches, size_t count, enum error *errors)
{
	struct joint_write writes[BATCHES_MAX];
	struct meeting meeting = {0};
	size_t left = count;

	arena_init(&meeting.arena, MEETING_BYTES);
	for (size_t i = 0; i < count; i++)
		writes[i] = (struct joint_write){.call = batches[i]->call, .arg = batches[i]};
	while (left > 0)
		left = store_round(&meeting, service, writes, left);
	for (size_t i = 0; i < count; i++)
		errors[i] = batches[i]->unready;
}

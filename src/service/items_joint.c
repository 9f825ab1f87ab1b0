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
	struct flight flight; /* that the writes move one after the other */
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

static void forget_all(struct meeting *meeting)
{
	uuid_map_release(&meeting->owners);
	arena_release(&meeting->arena);
	meeting->items = 0;
}

/* The claimed items, of which nothing is known as yet; NULL when memory is out. */
static struct uuid *claimed(struct meeting *meeting, struct joint_write *writes, size_t count)
{
	struct uuid *ids = arena_array(&meeting->arena, meeting->items, sizeof *ids);
	size_t taken = 0;

	for (size_t i = 0; i < count && ids; i++) {
		struct batch *batch = writes[i].arg;

		if (!takes_part(batch))
			continue;
		batch_clear(batch, ids + taken);
		taken += batch->target_count;
	}
	return ids;
}

/* By the configuration that they were parsed by, which is mostly the one that will hold. */
static enum error ask_meeting(void *self, struct tx *tx, struct joint_write *writes, size_t count)
{
	struct meeting *meeting = self;
	const struct uuid *ids;
	enum error error = ERR_OK;

	forget_all(meeting);
	for (size_t i = 0; i < count && !error; i++) {
		struct batch *batch = writes[i].arg;

		batch->unready = ERR_OK;
		error = claim(meeting, batch, (uint32_t)i);
	}
	if (error || meeting->items == 0)
		return error;
	ids = claimed(meeting, writes, count);
	return ids ? items_ask(tx_conn(tx), ids, meeting->items) : ERR_BUDGET;
}

/* Reads what is stored of the claimed items. */
static enum error load_claimed(
	struct meeting *meeting, struct conn *conn, struct joint_write *writes, size_t count)
{
	struct uuid *ids = claimed(meeting, writes, count);
	struct item_row *rows;
	size_t found = 0;
	enum error error;

	if (!ids)
		return ERR_BUDGET;
	if (meeting->items == 0)
		return ERR_OK;
	error = items_by_id(conn, &writes[0].call->workspace, ids, meeting->items, &meeting->arena,
		&rows, &found);
	for (size_t i = 0; i < found && !error; i++) {
		uint32_t owner = uuid_map_get(&meeting->owners, &rows[i].record.id);
		struct batch *batch = writes[owner].arg;

		if (!batch->unready)
			batch->unready = batch_take_row(batch, &rows[i], &meeting->arena);
	}
	return error;
}

/* All were parsed by the same configuration. */
static enum error load_flight(
	struct meeting *meeting, struct conn *conn, struct joint_write *writes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct batch *batch = writes[i].arg;

		batch->flight = &meeting->flight;
	}
	for (size_t i = 0; i < count; i++) {
		const struct batch *batch = writes[i].arg;

		if (takes_part(batch))
			return flight_load(
				&meeting->flight, conn, &writes[i].call->workspace, batch->catalog);
	}
	return ERR_OK;
}

static enum error load_meeting(void *self, struct tx *tx, int64_t config_revision,
	struct joint_write *writes, size_t count)
{
	struct meeting *meeting = self;
	enum error error = ERR_OK;

	/* As it was asked for, but where the configuration has moved since. */
	forget_all(meeting);
	for (size_t i = 0; i < count && !error; i++) {
		struct batch *batch = writes[i].arg;

		batch->unready = batch_use_catalog(batch, tx_conn(tx), config_revision);
		batch->deferred = false;
		if (!batch->unready)
			error = claim(meeting, batch, (uint32_t)i);
	}
	if (!error)
		error = load_claimed(meeting, tx_conn(tx), writes, count);
	return error ? error : load_flight(meeting, tx_conn(tx), writes, count);
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
	const struct joint_work work = {ask_meeting, load_meeting, meeting_body, meeting};
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
	flight_init(&meeting.flight);
	for (size_t i = 0; i < count; i++)
		writes[i] = (struct joint_write){.call = batches[i]->call, .arg = batches[i]};
	while (left > 0)
		left = store_round(&meeting, service, writes, left);
	flight_release(&meeting.flight);
	for (size_t i = 0; i < count; i++)
		errors[i] = batches[i]->unready;
}

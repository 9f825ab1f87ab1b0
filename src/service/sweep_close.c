/*
 * Closing items of a sweep: the status that ends them, as a patch, at most a part in one revision.
 */
#include "codec/json_writer.h"
#include "service/catalogs.h"
#include "service/items_common.h"
#include "service/kept.h"
#include "service/rationale.h"
#include "service/sweeps.h"

enum {
	PART_ARENA_BYTES = 512 << 20
}; /* of SWEEP_PART items with bodies of the largest size, twice */

struct part {
	struct sweep_closing *closing;
	const struct uuid *ids;
	size_t count;
	struct catalog *catalog; /* that the attempt met; a reference */
	struct arena *scratch;   /* of the items */
	struct uuid *closed;
	size_t closed_count, seen; /* of the ids */
};

/* The status of class dropped that was asked for, or the first. */
static enum error find_status(const struct part *part, struct diag *diag, struct str *out)
{
	const struct catalog *catalog = part->catalog;
	struct str wanted = part->closing->status;

	for (size_t i = 0; i < catalog->status_count; i++) {
		const struct status_definition *status = &catalog->statuses[i];

		if (status->class != STATUS_DROPPED ||
			(wanted.ptr && !str_eq(status->name, wanted)))
			continue;
		*out = status->name;
		return ERR_OK;
	}
	diag_add(diag, "/status",
		wanted.ptr ? "This workspace has no status of this name of class dropped."
			   : "This workspace has no status of class dropped.");
	return ERR_INVALID;
}

static bool waits(const struct part *part, const struct item_row *row)
{
	const struct status_definition *status =
		catalog_status(part->catalog, row->record.item.status);

	/* A status that the vocabulary no longer knows is still work, as in the queue. */
	return !status || status->class == STATUS_TODO;
}

static enum error close_one(struct write *write, struct part *part, const struct item_row *row,
	struct str status, struct items_batch *batch)
{
	const struct call *call = write->call;
	struct item_input input = {.given = ITEM_STATUS, .item = {.status = status}};
	struct item_record record, patched;
	struct item_storable storable;
	bool changed = false;
	enum error error = item_from_row(row, part->catalog, part->scratch, &record);

	if (call->principal)
		input.by = call->principal->token_id;
	if (!error)
		error = item_patch(&record, &input, write->change.revision, part->scratch,
			call->diag, &patched, &changed);
	if (error || !changed)
		return error;
	patched.revision = write->change.revision;
	error = item_to_storable(
		&patched, &call->workspace, write->change.salt, part->scratch, &storable);
	if (!error)
		error = items_batch_add(batch, &patched, &storable, NULL);
	if (!error)
		part->closed[part->closed_count++] = row->record.id;
	return error;
}

/* The next ids, as many as there is room for. No limit and no gate of a contract is about items that are
 * dropped. */
static enum error close_next(
	struct write *write, struct part *part, struct str status, struct items_batch *batch)
{
	const struct call *call = write->call;
	size_t left = part->count - part->seen, room = SWEEP_PART - part->closed_count, found;
	struct item_row *rows;
	enum error error;

	if (left > room)
		left = room;
	error = items_by_id(tx_conn(write->tx), &call->workspace, part->ids + part->seen, left,
		part->scratch, &rows, &found);
	part->seen += left;
	for (size_t i = 0; !error && i < found; i++) {
		if (waits(part, &rows[i]))
			error = close_one(write, part, &rows[i], status, batch);
	}
	return error;
}

static enum error close_all(struct write *write, struct part *part, struct str status)
{
	struct items_batch *batch;
	enum error error = items_batch_new(&write->change, &batch);

	if (error)
		return error;
	while (!error && part->seen < part->count && part->closed_count < SWEEP_PART)
		error = close_next(write, part, status, batch);
	items_batch_free(batch);
	return error;
}

/* Canonical: keys in byte order. */
static enum error finish(struct write *write, const struct part *part, struct str status)
{
	struct buf detail = BUF_INIT;
	struct json_writer json;
	char id[UUID_TEXT_SIZE];
	const char *subject = arena_printf(
		write->call->arena, "sweep:%s", uuid_to_text(&part->closing->sweep, id));
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_put(&json, "items", int, (int64_t)part->closed_count);
	json_put(&json, "status", str, status);
	json_object_end(&json);
	error = subject && !detail.failed
			? write_finish(write, "sweep.close", subject, buf_view(&detail))
			: ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

static enum error close_in(struct write *write, struct part *part)
{
	struct sweep_closing_row row = {
		.closed_us = write->change.at_us,
		.closed_by = str_from(call_actor(write->call)),
		.rationale = part->closing->rationale,
		.items = part->closed,
	};
	enum error error = find_status(part, write->call->diag, &row.status);

	if (!error)
		error = close_all(write, part, row.status);
	if (error)
		return error;
	write->nothing = part->closed_count == 0;
	if (write->nothing)
		return ERR_OK;
	row.item_count = part->closed_count;
	error = sweep_closing_append(&write->change, &part->closing->sweep, &row);
	return error ? error : finish(write, part, row.status);
}

static enum error close_body(struct write *write, void *arg)
{
	struct part *part = arg;
	struct sweep_closing *closing = part->closing;
	struct arena scratch;
	enum error error = catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, &part->catalog);

	if (error)
		return error;
	arena_init(&scratch, PART_ARENA_BYTES);
	part->scratch = &scratch;
	part->closed_count = part->seen = 0;
	error = close_in(write, part);
	closing->closed = part->closed_count;
	closing->left = part->seen - part->closed_count;
	closing->remaining = part->count - part->seen;
	kept_put_int(&write->kept, (int64_t)closing->closed);
	kept_put_int(&write->kept, (int64_t)closing->left);
	kept_put_int(&write->kept, (int64_t)closing->remaining);
	arena_release(&scratch);
	catalog_unref(part->catalog);
	return error;
}

static enum error close_recall(struct write *write, struct kept *kept, void *arg)
{
	struct sweep_closing *closing = ((struct part *)arg)->closing;

	(void)write;
	closing->closed = (size_t)kept_int(kept);
	closing->left = (size_t)kept_int(kept);
	closing->remaining = (size_t)kept_int(kept);
	return ERR_OK;
}

/* ---- which items ---- */

static void check_items(
	const struct call *call, const struct sweep_row *sweep, const struct sweep_closing *closing)
{
	for (size_t i = 0; i < closing->count; i++) {
		bool found = false;

		for (size_t k = 0; k < sweep->stale_count && !found; k++)
			found = uuid_cmp(&sweep->stale[k], &closing->items[i]) == 0;
		if (!found)
			diag_add(call->diag, diag_index(call->diag, "/items", i),
				"The sweep does not list this item as stale.");
	}
}

enum error sweep_close(
	const struct call *call, struct sweep_closing *closing, struct written *written)
{
	static const struct write_steps steps = {close_body, close_recall};
	struct part part = {
		.closing = closing,
		.closed = arena_array(call->arena, SWEEP_PART, sizeof *part.closed),
	};
	struct sweep_view view;
	enum error error = sweep_get(call, &closing->sweep, &view);

	if (!error && !part.closed)
		error = ERR_BUDGET;
	if (error)
		return error;
	rationale_check(closing->rationale, "/rationale", call->diag);
	if (!closing->all)
		check_items(call, &view.sweep, closing);
	if (call->diag->count)
		return ERR_INVALID;
	part.ids = closing->all ? view.sweep.stale : closing->items;
	part.count = closing->all ? view.sweep.stale_count : closing->count;
	return write_once(call, &call->workspace, &steps, &part, written);
}

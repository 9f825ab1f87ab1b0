/*
 * Closing items of a sweep: the status that ends them, as a patch, in parts of one revision each.
 */
#include "base/clock.h"
#include "base/map.h"
#include "codec/json_writer.h"
#include "service/catalogs.h"
#include "service/items_common.h"
#include "service/kept.h"
#include "service/rationale.h"
#include "service/sweeps.h"

enum {
	PART_ARENA_BYTES = 512 << 20
}; /* of SWEEP_PART items with bodies of the largest size, twice */

/* One part. */
struct part {
	struct sweep_closing *closing;
	const struct uuid *ids;
	size_t count;
	struct catalog *catalog; /* that the attempt met; a reference */
	struct uuid *closed;
	size_t closed_count;
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
	bool changed;
	enum error error = item_from_row(row, part->catalog, call->arena, &record);

	if (call->principal)
		input.by = call->principal->token_id;
	if (!error)
		error = item_patch(&record, &input, write->change.revision, call->arena, call->diag,
			&patched, &changed);
	if (error || !changed)
		return error;
	patched.revision = write->change.revision;
	error = item_to_storable(
		&patched, &call->workspace, write->change.salt, call->arena, &storable);
	if (!error)
		error = items_batch_add(batch, &patched, &storable, NULL);
	if (!error)
		part->closed[part->closed_count++] = row->record.id;
	return error;
}

static enum error close_all(struct write *write, struct part *part, struct str status)
{
	const struct call *call = write->call;
	struct items_batch *batch;
	struct item_row *rows;
	size_t found;
	enum error error = items_by_id(tx_conn(write->tx), &call->workspace, part->ids, part->count,
		call->arena, &rows, &found);

	if (!error)
		error = items_batch_new(&write->change, &batch);
	if (error)
		return error;
	/* No limit and no gate of a contract is about items that are dropped. */
	for (size_t i = 0; i < found && !error; i++) {
		if (waits(part, &rows[i]))
			error = close_one(write, part, &rows[i], status, batch);
	}
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

static enum error part_body(struct write *write, void *arg)
{
	struct part *part = arg;
	enum error error = catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, &part->catalog);

	part->closed_count = 0;
	if (error)
		return error;
	error = close_in(write, part);
	catalog_unref(part->catalog);
	return error;
}

/* ---- which items ---- */

static enum error check_items(
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
	return call->diag->count ? ERR_INVALID : ERR_OK;
}

enum error sweep_close(
	const struct call *call, struct sweep_closing *closing, struct written *written)
{
	struct part part = {.closing = closing};
	struct sweep_view view;
	const struct uuid *ids;
	size_t count;
	enum error error;

	*written = (struct written){0};
	rationale_check(closing->rationale, "/rationale", call->diag);
	error = sweep_get(call, &closing->sweep, &view);
	if (!error && !closing->all)
		error = check_items(call, &view.sweep, closing);
	if (!error && call->diag->count)
		error = ERR_INVALID;
	if (error)
		return error;
	ids = closing->all ? view.sweep.stale : closing->items;
	count = closing->all ? view.sweep.stale_count : closing->count;
	part.closed = arena_array(call->arena, SWEEP_PART, sizeof *part.closed);
	if (!part.closed)
		return ERR_BUDGET;
	closing->closed = closing->left = closing->parts = 0;
	for (size_t begin = 0; (begin < count || begin == 0) && !error; begin += SWEEP_PART) {
		struct call own = *call;
		struct arena scratch;

		/* Items with all their text, let go after each part. */
		arena_init(&scratch, PART_ARENA_BYTES);
		own.arena = &scratch;
		part.ids = ids + begin;
		part.count = count - begin < SWEEP_PART ? count - begin : SWEEP_PART;
		error = write_run(&own, &call->workspace, part_body, &part, written);
		arena_release(&scratch);
		closing->closed += error ? 0 : part.closed_count;
		closing->left += error ? 0 : part.count - part.closed_count;
		closing->parts += !error && part.closed_count > 0;
	}
	return error;
}

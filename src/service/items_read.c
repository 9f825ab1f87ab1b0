/*
 * Reading items: as they are, as they were, in lists.
 */
#include "service/items_common.h"

#include "service/catalogs.h"
#include "service/reading.h"

enum error item_from_row(const struct item_row *row, const struct catalog *catalog,
	struct arena *arena, struct item_record *out)
{
	*out = row->record;
	out->erased = row->has_text && item_text_is_empty(&row->text);
	out->erased_ref = row->text_ref;
	out->erased_present = row->text_present;
	return item_from_storable(out, &row->text, row->extra, catalog, arena);
}

bool item_is_finished(const struct item_row *item, const struct catalog *catalog)
{
	const struct status_definition *status = catalog_status(catalog, item->record.item.status);

	/* A status that the vocabulary no longer knows is still work, as in the queue. */
	return status && (status->class == STATUS_DONE || status->class == STATUS_DROPPED);
}

/* A snapshot of one workspace with the catalogue of its head. */
struct snapshot {
	struct reading reading;
	struct catalog *catalog;
};

static enum error load_catalog(const struct call *call, struct snapshot *snapshot)
{
	snapshot->catalog = NULL;
	return catalogs_at(call->service->catalogs, snapshot->reading.conn, &call->workspace,
		snapshot->reading.head.config_revision, &snapshot->catalog);
}

static enum error snapshot_begin(const struct call *call, struct snapshot *snapshot)
{
	enum error error = reading_begin(call, &snapshot->reading);

	if (error)
		return error;
	error = load_catalog(call, snapshot);
	if (error)
		reading_end(&snapshot->reading);
	return error;
}

/* Gives the catalogue to the caller when all went well. */
static enum error snapshot_give(
	struct snapshot *snapshot, enum error error, struct catalog **catalog, int64_t *head)
{
	if (error) {
		catalog_unref(snapshot->catalog);
		snapshot->catalog = NULL;
		return error;
	}
	*catalog = snapshot->catalog;
	*head = snapshot->reading.head.revision;
	return ERR_OK;
}

static enum error snapshot_end(
	struct snapshot *snapshot, enum error error, struct catalog **catalog, int64_t *head)
{
	reading_end(&snapshot->reading);
	return snapshot_give(snapshot, error, catalog, head);
}

static enum error read_now(const struct call *call, const struct snapshot *snapshot,
	const struct uuid *id, struct item_record *out)
{
	struct item_row *rows;
	size_t found;
	enum error error = items_by_id(
		snapshot->reading.conn, &call->workspace, id, 1, call->arena, &rows, &found);

	if (error)
		return error;
	return found ? item_from_row(&rows[0], snapshot->catalog, call->arena, out) : ERR_NOT_FOUND;
}

static enum error read_then(const struct call *call, const struct snapshot *snapshot,
	const struct uuid *id, int64_t revision, struct item_record *out)
{
	struct item_row row;
	enum error error;

	if (revision > snapshot->reading.head.revision) {
		diag_add(call->diag, "/query/revision", "The workspace is at revision %lld.",
			(long long)snapshot->reading.head.revision);
		return ERR_BEYOND_HEAD;
	}
	error = item_as_of(
		snapshot->reading.conn, &call->workspace, id, revision, call->arena, &row);
	return error ? error : item_from_row(&row, snapshot->catalog, call->arena, out);
}

static enum error item_get_then(
	const struct call *call, const struct uuid *id, int64_t revision, struct item_view *out)
{
	struct snapshot snapshot = {.catalog = NULL};
	enum error error;

	reading_past(call, revision, &snapshot.reading);
	do {
		error = reading_past_begin(&snapshot.reading);
		if (!error)
			error = load_catalog(call, &snapshot);
		if (!error)
			error = read_then(call, &snapshot, id, revision, &out->record);
		error = snapshot_give(&snapshot, error, &out->catalog, &out->head);
	} while (reading_again(&snapshot.reading, error));
	return error;
}

enum error item_get(
	const struct call *call, const struct uuid *id, int64_t revision, struct item_view *out)
{
	struct snapshot snapshot;
	enum error error;

	if (revision > 0)
		return item_get_then(call, id, revision, out);
	error = snapshot_begin(call, &snapshot);
	if (error)
		return error;
	error = read_now(call, &snapshot, id, &out->record);
	return snapshot_end(&snapshot, error, &out->catalog, &out->head);
}

static enum error records_of(const struct call *call, const struct snapshot *snapshot,
	const struct item_row *rows, size_t count, struct item_list *out)
{
	enum error error = ERR_OK;

	out->count = count;
	out->records = arena_array(call->arena, count, sizeof *out->records);
	if (!out->records)
		return ERR_BUDGET;
	for (size_t i = 0; i < count && !error; i++)
		error = item_from_row(&rows[i], snapshot->catalog, call->arena, &out->records[i]);
	return error;
}

enum error item_list(
	const struct call *call, const struct item_filter *filter, struct item_list *out)
{
	struct snapshot snapshot;
	struct item_row *rows;
	size_t count;
	enum error error = snapshot_begin(call, &snapshot);

	if (error)
		return error;
	error = items_list(
		snapshot.reading.conn, &call->workspace, filter, call->arena, &rows, &count);
	if (!error)
		error = records_of(call, &snapshot, rows, count, out);
	return snapshot_end(&snapshot, error, &out->catalog, &out->head);
}

enum error items_get(
	const struct call *call, const struct uuid *ids, size_t count, struct item_list *out)
{
	struct snapshot snapshot;
	struct item_row *rows;
	size_t found;
	enum error error = snapshot_begin(call, &snapshot);

	if (error)
		return error;
	error = items_by_id(
		snapshot.reading.conn, &call->workspace, ids, count, call->arena, &rows, &found);
	if (!error)
		error = records_of(call, &snapshot, rows, found, out);
	return snapshot_end(&snapshot, error, &out->catalog, &out->head);
}

enum error item_versions(const struct call *call, const struct uuid *id, int64_t before,
	size_t limit, struct item_list *out)
{
	struct snapshot snapshot = {.catalog = NULL};
	struct item_row *rows;
	size_t count;
	enum error error;

	reading_past(call, 0, &snapshot.reading);
	do {
		error = reading_past_begin(&snapshot.reading);
		if (!error)
			error = load_catalog(call, &snapshot);
		if (!error)
			error = item_versions_list(snapshot.reading.conn, &call->workspace, id,
				before, limit, call->arena, &rows, &count);
		if (!error && count == 0 && before == INT64_MAX)
			error = ERR_NOT_FOUND;
		if (!error)
			error = records_of(call, &snapshot, rows, count, out);
		out->retired = error ? 0 : snapshot.reading.head.retired;
		error = snapshot_give(&snapshot, error, &out->catalog, &out->head);
	} while (reading_again(&snapshot.reading, error));
	return error;
}

enum error workspace_revision(const struct call *call, int64_t *out)
{
	struct conn *conn;
	struct head head;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &call->workspace);
	if (!error) {
		error = head_read(conn, &call->workspace, &head);
		*out = head.revision;
		read_end(conn);
	}
	store_release(call->service->store, conn);
	return error;
}

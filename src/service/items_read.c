/*
 * Reading items: as they are, as they were, in lists.
 */
#include "service/items_common.h"

#include "service/catalogs.h"

enum error item_from_row(const struct item_row *row, const struct catalog *catalog,
	struct arena *arena, struct item_record *out)
{
	*out = row->record;
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
	struct conn *conn;
	struct head head;
	struct catalog *catalog;
};

static enum error snapshot_begin(const struct call *call, struct snapshot *snapshot)
{
	enum error error = store_acquire(call->service->store, &snapshot->conn);

	snapshot->catalog = NULL;
	if (error)
		return error;
	error = read_begin(snapshot->conn, &call->workspace);
	if (error)
		goto release;
	error = head_read(snapshot->conn, &call->workspace, &snapshot->head);
	if (!error)
		error = catalogs_at(call->service->catalogs, snapshot->conn, &call->workspace,
			snapshot->head.config_revision, &snapshot->catalog);
	if (!error)
		return ERR_OK;
	read_end(snapshot->conn);
release:
	store_release(call->service->store, snapshot->conn);
	return error;
}

/* Gives the catalogue to the caller when all went well. */
static enum error snapshot_end(const struct call *call, struct snapshot *snapshot, enum error error,
	struct catalog **catalog, int64_t *head)
{
	read_end(snapshot->conn);
	store_release(call->service->store, snapshot->conn);
	if (error) {
		catalog_unref(snapshot->catalog);
		return error;
	}
	*catalog = snapshot->catalog;
	*head = snapshot->head.revision;
	return ERR_OK;
}

static enum error read_item(const struct call *call, struct snapshot *snapshot,
	const struct uuid *id, int64_t revision, struct item_record *out)
{
	struct item_row *rows, row;
	size_t found;
	enum error error;

	if (revision > snapshot->head.revision) {
		diag_add(call->diag, "/query/revision", "The workspace is at revision %lld.",
			(long long)snapshot->head.revision);
		return ERR_BEYOND_HEAD;
	}
	if (revision > 0) {
		error = item_as_of(
			snapshot->conn, &call->workspace, id, revision, call->arena, &row);
		return error ? error : item_from_row(&row, snapshot->catalog, call->arena, out);
	}
	error = items_by_id(snapshot->conn, &call->workspace, id, 1, call->arena, &rows, &found);
	if (error)
		return error;
	return found ? item_from_row(&rows[0], snapshot->catalog, call->arena, out) : ERR_NOT_FOUND;
}

enum error item_get(
	const struct call *call, const struct uuid *id, int64_t revision, struct item_view *out)
{
	struct snapshot snapshot;
	enum error error = snapshot_begin(call, &snapshot);

	if (error)
		return error;
	error = read_item(call, &snapshot, id, revision, &out->record);
	return snapshot_end(call, &snapshot, error, &out->catalog, &out->head);
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
	error = items_list(snapshot.conn, &call->workspace, filter, call->arena, &rows, &count);
	if (!error)
		error = records_of(call, &snapshot, rows, count, out);
	return snapshot_end(call, &snapshot, error, &out->catalog, &out->head);
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
		snapshot.conn, &call->workspace, ids, count, call->arena, &rows, &found);
	if (!error)
		error = records_of(call, &snapshot, rows, found, out);
	return snapshot_end(call, &snapshot, error, &out->catalog, &out->head);
}

enum error item_versions(const struct call *call, const struct uuid *id, int64_t before,
	size_t limit, struct item_list *out)
{
	struct snapshot snapshot;
	struct item_row *rows;
	size_t count;
	enum error error = snapshot_begin(call, &snapshot);

	if (error)
		return error;
	error = item_versions_list(
		snapshot.conn, &call->workspace, id, before, limit, call->arena, &rows, &count);
	if (!error && count == 0 && before == INT64_MAX)
		error = ERR_NOT_FOUND;
	if (!error)
		error = records_of(call, &snapshot, rows, count, out);
	return snapshot_end(call, &snapshot, error, &out->catalog, &out->head);
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

/*
 * Reading the log: pages of records, and the export of records with the rows that they speak of.
 */
#include "service/audit.h"

#include <string.h>

#include "service/audit_rows.h"
#include "service/reading.h"
#include "store/aggregates.h"

static bool actor_token(struct str actor, struct uuid *out)
{
	const size_t prefix = sizeof "token:" - 1;

	return actor.len > prefix && memcmp(actor.ptr, "token:", prefix) == 0 &&
	       uuid_from_text((struct str){actor.ptr + prefix, actor.len - prefix}, out);
}

static enum error read_kinds(const struct call *call, const struct uuid *ids, size_t count,
	struct token_kind_row **out, size_t *found)
{
	struct conn *conn;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = token_kinds(conn, ids, count, call->arena, out, found);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	return error;
}

/* An operator's token is in no workspace, so they are looked up in all; a token's kind never changes, so it may
 * be read after the records. */
enum error audit_fill_kinds(const struct call *call, struct audit_record *records, size_t count)
{
	struct uuid *ids = arena_array(call->arena, count, sizeof *ids);
	struct token_kind_row *kinds = NULL;
	size_t id_count = 0, found = 0;
	enum error error;
	struct uuid id;

	if (!ids)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (!actor_token(records[i].actor, &id))
			continue;
		records[i].actor_kind = str_from(actor_kind_name(ACTOR_SERVICE));
		if (id_count == 0 || uuid_cmp(&ids[id_count - 1], &id) != 0)
			ids[id_count++] = id;
	}
	if (id_count == 0)
		return ERR_OK;
	error = read_kinds(call, ids, id_count, &kinds, &found);
	for (size_t i = 0; !error && i < count; i++) {
		for (size_t k = 0; k < found && actor_token(records[i].actor, &id); k++) {
			if (uuid_cmp(&kinds[k].id, &id) == 0)
				records[i].actor_kind = kinds[k].actor_kind;
		}
	}
	return error;
}

enum error audit_page(const struct call *call, int64_t after, size_t limit, const char *action,
	struct audit_record **out, size_t *count, struct head *head)
{
	struct reading reading;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = audit_list(reading.conn, &call->workspace, after, limit, action,
				call->arena, out, count);
	} while (reading_again(&reading, error));
	*head = reading.head;
	return error ? error : audit_fill_kinds(call, *out, *count);
}

/* ---- exporting ---- */

/* Writes a record with its rows, which begin at *at in the sorted list. */
static enum error write_export(struct buf *out, const struct audit_record *record,
	const struct audit_rows *rows, size_t *at, struct arena *arena)
{
	struct audit_export_row *own;
	size_t count = audit_rows_of(rows, record->revision, at), begin = *at;

	own = arena_array(arena, count, sizeof *own);
	if (!own)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		own[i] = (struct audit_export_row){history_table_name(rows->rows[begin + i].table),
			rows->rows[begin + i].tuple};
	audit_export_write(out, record, own, count);
	*at += count;
	return ERR_OK;
}

static enum error export_in(const struct call *call, struct conn *conn, int64_t after, size_t limit,
	struct buf *out, int64_t *last)
{
	struct audit_rows rows = {.count = 0};
	struct audit_record *records;
	size_t count, at = 0;
	enum error error = audit_list(
		conn, &call->workspace, after, limit, NULL, call->arena, &records, &count);

	if (error || count == 0)
		return error;
	count = audit_rows_at_once(records, count);
	error = audit_rows_read(call, conn, records, &count, &rows);
	for (size_t i = 0; !error && i < count; i++)
		error = write_export(out, &records[i], &rows, &at, call->arena);
	if (!error)
		*last = records[count - 1].revision;
	audit_rows_release(&rows);
	return error ? error : out->failed ? ERR_NO_MEMORY : ERR_OK;
}

enum error audit_export(const struct call *call, int64_t after, size_t limit, struct buf *out,
	int64_t *last, int64_t *head)
{
	struct call own = *call;
	struct arena arena;
	struct reading reading;
	enum error error;

	/* Nothing has been sent yet, so what a replica began is begun anew. */
	arena_init(&arena, call->arena->budget_bytes);
	own.arena = &arena;
	reading_past(call, 0, &reading);
	do {
		arena_release(&arena);
		buf_reset(out);
		*last = after;
		error = reading_past_begin(&reading);
		/* Who goes on from there must not take what follows for the next of it. */
		if (!error && after > 0)
			error = reading_reaches(&reading, after);
		if (!error)
			error = export_in(&own, reading.conn, after, limit, out, last);
	} while (reading_again(&reading, error));
	*head = reading.head.revision;
	arena_release(&arena);
	return error;
}

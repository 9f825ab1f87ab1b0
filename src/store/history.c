/*
 * Writing history. Everything is queued behind the head's lock and answered together with the
 * commit, so that a small change costs two round trips: one to lock, one for the rest.
 */
#include "store/history.h"

#include <stdlib.h>
#include <string.h>

#include "store/conn.h"
#include "store/head_row.h"
#include "store/history_statements.h"
#include "store/params.h"
#include "store/pool.h"
#include "store/rows.h"

enum error change_begin(struct tx *tx, const struct uuid *workspace, const struct clock *clock,
	const struct uuid *attempt, struct change *out)
{
	struct head head;
	enum error err;
	int64_t now_us;

	*out = (struct change){.tx = tx, .workspace = *workspace, .attempt = *attempt};
	err = head_row(tx->conn, STMT_HEAD_LOCK, workspace, &head);
	if (!err)
		err = conn_row_types(tx->conn);
	if (err)
		return err;
	now_us = clock_now_us(clock);
	out->head = head.revision;
	out->revision = head.revision + 1;
	out->at_us = now_us > head.at_us ? now_us : head.at_us;
	out->config_revision = out->config_mark = head.config_revision;
	out->prev_hash = head.hash;
	memcpy(out->salt, head.salt, sizeof out->salt);
	return ERR_OK;
}

struct rows *change_rows(struct change *change, enum history_table table)
{
	if (!change->rows[table])
		change->rows[table] = rows_new(change->tx->conn, (int)table);
	return change->rows[table];
}

void change_next(struct change *change)
{
	for (int i = 0; i < ROWS_COUNT; i++) {
		if (change->rows[i])
			change->marks[i] = rows_mark(change->rows[i]);
	}
	change->revision++;
	change->prev_hash = change->hash;
	change->config_mark = change->config_revision;
}

void change_undo(struct change *change)
{
	for (int i = 0; i < ROWS_COUNT; i++) {
		if (change->rows[i])
			rows_cut(change->rows[i], change->marks[i]);
	}
	/* It may have been sealed. */
	change->hash = change->prev_hash;
	change->config_revision = change->config_mark;
}

static size_t fresh_rows(const struct change *change, int table)
{
	const struct rows *rows = change->rows[table];

	return rows ? rows_count(rows) - change->marks[table].count : 0;
}

/* The digest over the rows of all tables. */
static enum error digest(const struct change *change, struct audit_record *record)
{
	struct sha256 *hashes;
	size_t count = 0;
	enum error err = ERR_OK;

	for (int i = 0; i < HISTORY_COUNT; i++)
		count += fresh_rows(change, i);
	hashes = reallocarray(NULL, count ? count : 1, sizeof *hashes);
	if (!hashes)
		return ERR_NO_MEMORY;
	record->row_count = (int64_t)count;
	count = 0;
	for (int i = 0; i < HISTORY_COUNT; i++) {
		size_t more = fresh_rows(change, i);

		if (more > 0)
			memcpy(hashes + count,
				rows_hashes(change->rows[i]) + change->marks[i].count,
				more * sizeof *hashes);
		count += more;
	}
	if (!audit_rows_digest(hashes, count, &record->rows_sha256))
		err = ERR_NO_MEMORY;
	free(hashes);
	return err;
}

static enum error append(struct change *change, const struct audit_record *record)
{
	struct rows *rows = change_rows(change, ROWS_AUDIT_RECORDS);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &record->workspace);
	row_int8(rows, record->revision);
	row_time(rows, record->at_us);
	row_uuid(rows, &record->attempt);
	row_text(rows, record->actor);
	row_text(rows, record->action);
	row_text(rows, record->subject);
	row_text(rows, record->request_id);
	row_text(rows, record->detail);
	row_hash(rows, &record->detail_sha256);
	row_int8(rows, record->row_count);
	row_hash(rows, &record->rows_sha256);
	row_hash(rows, &record->prev_hash);
	row_hash(rows, &record->hash);
	row_end(rows);
	return ERR_OK;
}

enum error change_seal(struct change *change, const struct change_info *info, struct str detail)
{
	struct audit_record record = {
		.workspace = change->workspace,
		.revision = change->revision,
		.at_us = change->at_us,
		.attempt = change->attempt,
		.actor = str_from(info->actor),
		.action = str_from(info->action),
		.subject = str_from(info->subject),
		.request_id = str_from(info->request_id),
		.detail = detail,
		.prev_hash = change->prev_hash,
	};
	enum error err = digest(change, &record);

	if (err)
		return err;
	if (!sha256_of(detail.ptr, detail.len, &record.detail_sha256) ||
		!audit_record_hash(&record, &record.hash))
		return ERR_NO_MEMORY;
	change->hash = record.hash;
	return append(change, &record);
}

/* The newest record's revision and hash. */
static enum error move_head(struct conn *conn, const struct change *change)
{
	size_t records = rows_count(change->rows[ROWS_AUDIT_RECORDS]);
	struct params params = PARAMS_INIT;

	/* Before the commit, since who hears of it may ask the replica at once. */
	store_note(conn->store, &change->workspace, change->head + (int64_t)records, NULL);
	params_uuid(&params, &change->workspace);
	params_int8(&params, change->head);
	params_int8(&params, change->head + (int64_t)records);
	params_bytes(&params, change->hash.bytes, SHA256_BYTES);
	params_time(&params, change->at_us);
	params_int8(&params, change->config_revision);
	return conn_queue(conn, STMT_HEAD_MOVE, &params);
}

static enum statement insert_of(const struct change *change, int table)
{
	switch (table) {
	case ROWS_ITEMS: return change->items_met ? STMT_ITEMS_UPSERT : STMT_ITEMS_INSERT;
	case ROWS_ITEM_TEXTS: return STMT_ITEM_TEXTS_INSERT;
	case ROWS_AUDIT_RECORDS: return STMT_AUDIT_APPEND;
	default: return history_statement(HISTORY_INSERT, (enum history_table)table);
	}
}

enum error change_send_rows(struct change *change)
{
	struct conn *conn = change->tx->conn;
	enum error err = ERR_OK;

	for (int i = 0; i < ROWS_COUNT && !err; i++) {
		if (change->rows[i])
			err = rows_send(change->rows[i], conn, insert_of(change, i));
	}
	change->items_met = false;
	return err;
}

enum error change_send(struct change *change)
{
	enum error err = change_send_rows(change);

	return err ? err : move_head(change->tx->conn, change);
}

enum error change_finish(struct change *change, const struct change_info *info, struct str detail)
{
	enum error err = change_seal(change, info, detail);

	return err ? err : change_send(change);
}

void change_release(struct change *change)
{
	for (int i = 0; i < ROWS_COUNT; i++) {
		rows_free(change->rows[i]);
		change->rows[i] = NULL;
	}
}

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
	out->revision = head.revision + 1;
	out->at_us = now_us > head.at_us ? now_us : head.at_us;
	out->config_revision = head.config_revision;
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

/* The digest over the rows of all tables. */
static enum error digest(const struct change *change, struct audit_record *record)
{
	struct sha256 *hashes;
	size_t count = 0;
	enum error err = ERR_OK;

	for (int i = 0; i < HISTORY_COUNT; i++)
		count += change->rows[i] ? rows_count(change->rows[i]) : 0;
	hashes = reallocarray(NULL, count ? count : 1, sizeof *hashes);
	if (!hashes)
		return ERR_NO_MEMORY;
	record->row_count = (int64_t)count;
	count = 0;
	for (int i = 0; i < HISTORY_COUNT; i++) {
		size_t more = change->rows[i] ? rows_count(change->rows[i]) : 0;

		if (more > 0)
			memcpy(hashes + count, rows_hashes(change->rows[i]), more * sizeof *hashes);
		count += more;
	}
	if (!audit_rows_digest(hashes, count, &record->rows_sha256))
		err = ERR_NO_MEMORY;
	free(hashes);
	return err;
}

static enum error append(struct conn *conn, const struct audit_record *record)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, &record->workspace);
	params_int8(&params, record->revision);
	params_time(&params, record->at_us);
	params_uuid(&params, &record->attempt);
	params_text(&params, record->actor);
	params_text(&params, record->action);
	params_text(&params, record->subject);
	params_text(&params, record->request_id);
	params_text(&params, record->detail);
	params_bytes(&params, record->detail_sha256.bytes, SHA256_BYTES);
	params_int8(&params, record->row_count);
	params_bytes(&params, record->rows_sha256.bytes, SHA256_BYTES);
	params_bytes(&params, record->prev_hash.bytes, SHA256_BYTES);
	params_bytes(&params, record->hash.bytes, SHA256_BYTES);
	return conn_queue(conn, STMT_AUDIT_APPEND, &params);
}

static enum error move_head(struct conn *conn, const struct change *change)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, &change->workspace);
	params_int8(&params, change->revision);
	params_bytes(&params, change->hash.bytes, SHA256_BYTES);
	params_time(&params, change->at_us);
	params_int8(&params, change->config_revision);
	return conn_queue(conn, STMT_HEAD_MOVE, &params);
}

enum error change_finish(struct change *change, const struct change_info *info, struct str detail)
{
	struct conn *conn = change->tx->conn;
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
	enum error err = ERR_OK;

	for (int i = 0; i < HISTORY_COUNT && !err; i++) {
		if (change->rows[i])
			err = rows_send(change->rows[i], conn,
				history_statement(HISTORY_INSERT, (enum history_table)i));
	}
	if (!err)
		err = digest(change, &record);
	if (err)
		return err;
	if (!sha256_of(detail.ptr, detail.len, &record.detail_sha256) ||
		!audit_record_hash(&record, &record.hash))
		return ERR_NO_MEMORY;
	change->hash = record.hash;
	err = append(conn, &record);
	return err ? err : move_head(conn, change);
}

void change_release(struct change *change)
{
	for (int i = 0; i < HISTORY_COUNT; i++) {
		rows_free(change->rows[i]);
		change->rows[i] = NULL;
	}
}

/*
 * Row by row, so that it takes no more memory than the rows of one revision.
 */
#include "service/audit_kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/aggregates.h"

struct keeping {
	struct sha256_stream stream;
	struct buf hashes; /* of the rows of one table and revision */
	int64_t revision;
	int64_t rows;
};

static int hash_cmp(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

static void end_revision(struct keeping *keeping)
{
	struct buf *hashes = &keeping->hashes;

	if (hashes->len > SHA256_BYTES)
		qsort(hashes->data, hashes->len / SHA256_BYTES, SHA256_BYTES, hash_cmp);
	sha256_add(&keeping->stream, hashes->data, hashes->len);
	buf_reset(hashes);
}

static bool take_row(void *self, enum history_table table, int64_t revision, struct str tuple)
{
	struct keeping *keeping = self;
	struct sha256 hash;

	if (revision != keeping->revision)
		end_revision(keeping);
	keeping->revision = revision;
	keeping->rows++;
	if (!audit_row_hash(history_table_name(table), tuple, &hash))
		keeping->hashes.failed = true;
	buf_append(&keeping->hashes, hash.bytes, SHA256_BYTES);
	return !keeping->hashes.failed;
}

static bool take_mark(void *self, const struct record_mark *mark)
{
	struct keeping *keeping = self;
	struct buf *bytes = &keeping->hashes;

	buf_reset(bytes);
	buf_be64(bytes, (uint64_t)mark->revision);
	buf_be64(bytes, (uint64_t)mark->at_us);
	buf_append(bytes, mark->hash.bytes, SHA256_BYTES);
	sha256_add(&keeping->stream, bytes->data, bytes->len);
	return !bytes->failed;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(history_table_name(*(const enum history_table *)a),
		history_table_name(*(const enum history_table *)b));
}

static enum error add_rows(
	struct conn *conn, const struct uuid *workspace, int64_t size, struct keeping *keeping)
{
	enum history_table tables[HISTORY_COUNT];
	enum error error = ERR_OK;

	for (int i = 0; i < HISTORY_COUNT; i++)
		tables[i] = (enum history_table)i;
	qsort(tables, HISTORY_COUNT, sizeof tables[0], by_name);
	for (int i = 0; i < HISTORY_COUNT && !error; i++) {
		error = history_rows(conn, workspace, tables[i], 1, size, take_row, keeping);
		if (keeping->hashes.failed)
			return ERR_NO_MEMORY;
		end_revision(keeping);
		keeping->revision = 0;
	}
	return error;
}

enum error audit_kept_digest(struct conn *conn, const struct uuid *workspace, int64_t size,
	int64_t *rows, struct sha256 *out)
{
	static const char name[] = "winnow-kept-1";
	struct keeping keeping = {.hashes = BUF_INIT};
	enum error error = sha256_begin(&keeping.stream) ? ERR_OK : ERR_NO_MEMORY;

	if (!error) {
		sha256_add(&keeping.stream, name, sizeof name);
		error = add_rows(conn, workspace, size, &keeping);
	}
	if (!error)
		error = retired_records(conn, workspace, size, take_mark, &keeping);
	if (!error && (keeping.hashes.failed || !sha256_end(&keeping.stream, out)))
		error = ERR_NO_MEMORY;
	*rows = keeping.rows;
	buf_release(&keeping.hashes);
	sha256_release(&keeping.stream);
	return error;
}

/*
 * Kept rankings: the receipt in one row, the entries in rows of a thousand.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/history_statements.h"
#include "store/notes.h"
#include "store/rows.h"

/* Chunks are sent whenever so many bytes have come together: a ranking of a million items has 26 MB
 * of them. */
enum { SEND_BYTES = 2 * 1024 * 1024 };

/* ---- writing ---- */

static void add_receipt(struct rows *rows, const struct receipt *receipt)
{
	row_int8(rows, receipt->revision);
	row_time(rows, receipt->as_of_us);
	row_int8(rows, receipt->model);
	row_int8(rows, receipt->policy);
	row_text(rows, str_from(receipt->engine));
	row_text(rows, str_from(receipt->libm));
	row_int8(rows, receipt->item_count);
	row_hash(rows, &receipt->order);
}

enum error ranking_append(struct change *change, const struct ranking_row *ranking)
{
	const struct note note = {"note", ranking->note};
	struct rows *rows = change_rows(change, HISTORY_rankings);
	struct sha256 ref;
	enum error err = ERR_OK;

	if (!rows)
		return ERR_NO_MEMORY;
	if (ranking->note.ptr)
		err = notes_append(change, &note, 1, &ref);
	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_text(rows, ranking->id);
	row_int8(rows, change->revision);
	add_receipt(rows, &ranking->receipt);
	row_time(rows, ranking->kept_us);
	row_text(rows, ranking->kept_by);
	row_hash(rows, ranking->note.ptr ? &ref : NULL);
	row_end(rows);
	return ERR_OK;
}

enum error ranking_chunk_append(
	struct change *change, struct str id, int64_t first_rank, struct str entries)
{
	struct rows *rows = change_rows(change, HISTORY_ranking_chunks);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_text(rows, id);
	row_int8(rows, first_rank);
	row_int8(rows, change->revision);
	row_bytes(rows, entries);
	row_end(rows);
	if (rows_bytes(rows) < SEND_BYTES)
		return ERR_OK;
	return rows_send(
		rows, change->tx->conn, history_statement(HISTORY_INSERT, HISTORY_ranking_chunks));
}

/* ---- reading ---- */

/* Into a fixed field; longer than any that was written is a fault. */
static void read_name(struct cells *cells, char *out, size_t size)
{
	struct str name = cell_view(cells);

	if (name.len >= size) {
		cells->failed = true;
		return;
	}
	if (name.len > 0)
		memcpy(out, name.ptr, name.len);
	out[name.len] = '\0';
}

static enum error read_ranking(struct cells *cells, struct ranking_row *out)
{
	struct note note = {"note", STR_NONE};
	enum error err;

	out->id = cell_text(cells);
	out->revision = cell_int8(cells);
	out->receipt.revision = cell_int8(cells);
	out->receipt.as_of_us = cell_time(cells);
	out->receipt.model = cell_int8(cells);
	out->receipt.policy = cell_int8(cells);
	read_name(cells, out->receipt.engine, sizeof out->receipt.engine);
	read_name(cells, out->receipt.libm, sizeof out->receipt.libm);
	out->receipt.item_count = cell_int8(cells);
	if (!cell_sha256(cells, &out->receipt.order))
		cells->failed = true;
	out->kept_us = cell_time(cells);
	out->kept_by = cell_text(cells);
	err = notes_read(cell_view(cells), cells->arena, &note, 1);
	out->note = note.text;
	return err ? err : cells_error(cells);
}

static enum error rankings_run(struct conn *conn, enum statement statement,
	const struct params *params, struct arena *arena, struct ranking_row **out, size_t *count)
{
	struct ranking_row *rankings;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	rankings = arena_array(arena, (size_t)PQntuples(result), sizeof *rankings);
	if (!rankings)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		err = read_ranking(&cells, &rankings[i]);
	}
	if (!err) {
		*out = rankings;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

enum error ranking_read(struct conn *conn, const struct uuid *workspace, struct str id,
	struct arena *arena, struct ranking_row *out)
{
	struct params params = PARAMS_INIT;
	struct ranking_row *rankings;
	size_t count;
	enum error err;

	params_uuid(&params, workspace);
	params_text(&params, id);
	err = rankings_run(conn, STMT_RANKING_READ, &params, arena, &rankings, &count);
	if (err)
		return err;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = rankings[0];
	return ERR_OK;
}

enum error rankings_list(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct ranking_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, before);
	params_int8(&params, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	return rankings_run(conn, STMT_RANKINGS_LIST, &params, arena, out, count);
}

/* The ranks wanted, and where what was found goes. */
struct entry_reader {
	int64_t from, end; /* ranks, end not included */
	struct ranked_item *items;
	size_t found;
	enum error err;
};

/* Chunks come in order and overlap nothing, so what is found goes behind what was. */
static bool read_chunk(void *self, const PGresult *result)
{
	struct entry_reader *reader = self;
	struct cells cells = cells_at(result, 0, NULL);
	int64_t rank = cell_int8(&cells);
	struct str entries = cell_view(&cells);

	if (cells.failed || entries.len % RANKED_ITEM_BYTES != 0) {
		reader->err = ERR_DATABASE;
		return false;
	}
	for (size_t at = 0; at < entries.len && rank < reader->end;
		at += RANKED_ITEM_BYTES, rank++) {
		if (rank != reader->from + (int64_t)reader->found)
			continue;
		ranked_item_from_bytes(
			(const unsigned char *)entries.ptr + at, &reader->items[reader->found++]);
	}
	return true;
}

enum error ranking_entries(struct conn *conn, const struct uuid *workspace, struct str id,
	int64_t from, size_t count, struct arena *arena, struct ranked_item **out, size_t *found)
{
	struct entry_reader reader = {.from = from};
	struct params params = PARAMS_INIT;
	enum error err;

	*out = NULL;
	*found = 0;
	if (from < 1 || __builtin_add_overflow(from, count, &reader.end))
		return ERR_INTERNAL;
	reader.items = arena_array(arena, count, sizeof *reader.items);
	if (!reader.items)
		return ERR_NO_MEMORY;
	params_uuid(&params, workspace);
	params_text(&params, id);
	params_int8(&params, from - (from - 1) % RANKING_CHUNK_ITEMS);
	params_int8(&params, reader.end);
	err = conn_stream(conn, STMT_RANKING_ENTRIES, &params, read_chunk, &reader);
	if (!err)
		err = reader.err;
	if (err)
		return err;
	*out = reader.items;
	*found = reader.found;
	return ERR_OK;
}

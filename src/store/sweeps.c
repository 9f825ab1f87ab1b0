/*
 * Sweeps of the icebox, and what was closed of them: append-only.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/notes.h"
#include "store/wire.h"

enum error sweep_append(struct change *change, const struct sweep_row *sweep)
{
	struct rows *rows = change_rows(change, HISTORY_sweeps);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &sweep->id);
	row_int8(rows, change->revision);
	row_time(rows, sweep->made_us);
	row_text(rows, sweep->made_by);
	row_text(rows, sweep->ranking);
	row_int4(rows, sweep->months);
	row_text(rows, sweep->feature);
	row_float8(rows, sweep->factor);
	row_int4(rows, sweep->cut);
	row_uuid_array(rows, sweep->stale, sweep->stale_count);
	row_float8_array(rows, sweep->scored_s, sweep->stale_count);
	row_uuid_array(rows, sweep->promoted, sweep->promoted_count);
	row_float8_array(rows, sweep->first, sweep->promoted_count);
	row_float8_array(rows, sweep->last, sweep->promoted_count);
	row_end(rows);
	return ERR_OK;
}

/* Of as many elements as `expected` says. */
static void read_numbers(struct cells *cells, size_t expected, const double **out)
{
	struct str bytes = cell_view(cells), element;
	double *list = arena_array(cells->arena, expected, sizeof *list);
	struct wire_array array;

	*out = list;
	cells->no_memory |= !list;
	if (!list || !wire_array_open(bytes, WIRE_FLOAT8, &array) || array.count != expected) {
		cells->failed |= list != NULL;
		return;
	}
	for (size_t i = 0; i < expected; i++) {
		if (!wire_array_next(&array, &element) || element.len != sizeof(double)) {
			cells->failed = true;
			return;
		}
		list[i] = wire_get_float8(element.ptr);
	}
}

static void read_sweep(struct cells *cells, struct sweep_row *out)
{
	out->id = cell_uuid(cells);
	out->revision = cell_int8(cells);
	out->made_us = cell_time(cells);
	out->made_by = cell_text(cells);
	out->ranking = cell_text(cells);
	out->months = cell_int4(cells);
	out->feature = cell_text(cells);
	out->factor = cell_float8(cells);
	out->cut = cell_int4(cells) != 0;
	cell_uuid_array(cells, &out->stale, &out->stale_count);
	read_numbers(cells, out->stale_count, &out->scored_s);
	cell_uuid_array(cells, &out->promoted, &out->promoted_count);
	read_numbers(cells, out->promoted_count, &out->first);
	read_numbers(cells, out->promoted_count, &out->last);
}

enum error sweeps_list(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	int64_t before, size_t limit, struct arena *arena, struct sweep_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct sweep_row *sweeps = NULL;
	PGresult *result = NULL;
	size_t rows;
	enum error err;

	*count = 0;
	params_uuid(&params, workspace);
	params_uuid(&params, id);
	params_int8(&params, before);
	params_int8(&params, (int64_t)limit);
	err = conn_run(conn, STMT_SWEEPS_LIST, &params, &result);
	rows = err ? 0 : (size_t)PQntuples(result);
	if (!err && id && rows == 0)
		err = ERR_NOT_FOUND;
	if (!err) {
		sweeps = arena_array(arena, rows, sizeof *sweeps);
		err = sweeps ? ERR_OK : ERR_BUDGET;
	}
	for (size_t i = 0; i < rows && !err; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		read_sweep(&cells, &sweeps[i]);
		err = cells_error(&cells);
	}
	PQclear(result);
	*out = sweeps;
	*count = err ? 0 : rows;
	return err;
}

enum error sweep_closing_append(
	struct change *change, const struct uuid *sweep, const struct sweep_closing_row *closing)
{
	const struct note notes[] = {{"rationale", closing->rationale}};
	struct rows *rows = change_rows(change, HISTORY_sweep_closings);
	struct sha256 ref;
	enum error err;

	if (!rows)
		return ERR_NO_MEMORY;
	err = notes_append(change, notes, 1, &ref);
	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, sweep);
	row_int8(rows, change->revision);
	row_time(rows, closing->closed_us);
	row_text(rows, closing->closed_by);
	row_text(rows, closing->status);
	row_uuid_array(rows, closing->items, closing->item_count);
	row_bytes(rows, (struct str){(const char *)ref.bytes, sizeof ref.bytes});
	row_end(rows);
	return ERR_OK;
}

static enum error read_closing(
	struct cells *cells, struct arena *arena, struct sweep_closing_row *out)
{
	struct note notes[] = {{"rationale", STR_NONE}};
	struct str stored;
	enum error err;

	out->revision = cell_int8(cells);
	out->closed_us = cell_time(cells);
	out->closed_by = cell_text(cells);
	out->status = cell_text(cells);
	cell_uuid_array(cells, &out->items, &out->item_count);
	stored = cell_text(cells);
	err = cells_error(cells);
	if (!err && stored.ptr)
		err = notes_read(stored, arena, notes, 1);
	out->rationale = notes[0].text;
	return err;
}

enum error sweep_closings(struct conn *conn, const struct uuid *workspace, const struct uuid *sweep,
	struct arena *arena, struct sweep_closing_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct sweep_closing_row *closings = NULL;
	PGresult *result = NULL;
	size_t rows;
	enum error err;

	params_uuid(&params, workspace);
	params_uuid(&params, sweep);
	err = conn_run(conn, STMT_SWEEP_CLOSINGS, &params, &result);
	rows = err ? 0 : (size_t)PQntuples(result);
	if (!err) {
		closings = arena_array(arena, rows, sizeof *closings);
		err = closings ? ERR_OK : ERR_BUDGET;
	}
	for (size_t i = 0; i < rows && !err; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		err = read_closing(&cells, arena, &closings[i]);
	}
	PQclear(result);
	*out = closings;
	*count = err ? 0 : rows;
	return err;
}

/*
 * When the active model was stopped or let go on, or a version set back.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/notes.h"

enum error intervention_append(struct change *change, const struct intervention_row *row)
{
	const struct note note = {"rationale", row->rationale};
	struct rows *rows = change_rows(change, HISTORY_interventions);
	struct sha256 ref;
	enum error err = rows ? notes_append(change, &note, 1, &ref) : ERR_NO_MEMORY;

	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_int8(rows, change->revision);
	row_text(rows, row->action);
	row_time(rows, change->at_us);
	row_text(rows, row->author);
	row_int8(rows, row->model);
	row_int8(rows, row->policy);
	row_text(rows, row->fallback);
	row_text(rows, row->ranking);
	row_hash(rows, &ref);
	row_end(rows);
	return ERR_OK;
}

static enum error read_intervention(struct cells *cells, struct intervention_row *out)
{
	struct note note = {"rationale", STR_NONE};
	enum error err;

	out->revision = cell_int8(cells);
	out->action = cell_text(cells);
	out->made_us = cell_time(cells);
	out->author = cell_text(cells);
	out->model = cell_int8(cells);
	out->policy = cell_int8(cells);
	out->fallback = cell_text(cells);
	out->ranking = cell_text(cells);
	err = notes_read(cell_view(cells), cells->arena, &note, 1);
	out->rationale = note.text;
	return err ? err : cells_error(cells);
}

enum error interventions_list(struct conn *conn, const struct uuid *workspace, int64_t before,
	size_t limit, struct arena *arena, struct intervention_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct intervention_row *rows;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	params_uuid(&params, workspace);
	params_int8(&params, before);
	params_int8(&params, (int64_t)limit);
	err = conn_run(conn, STMT_INTERVENTIONS_LIST, &params, &result);
	if (err)
		return err;
	rows = arena_array(arena, (size_t)PQntuples(result), sizeof *rows);
	if (!rows)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		err = read_intervention(&cells, &rows[i]);
	}
	if (!err) {
		*out = rows;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

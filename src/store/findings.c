/*
 * Findings that were told as events, and how they ended: append-only.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/wire.h"

static const struct uuid no_item;

enum error finding_append(struct change *change, const struct finding_row *finding)
{
	const struct finding_key *key = &finding->key;
	struct rows *rows = change_rows(change, HISTORY_findings);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &finding->id);
	row_int8(rows, change->revision);
	row_time(rows, change->at_us);
	row_text(rows, str_from(finding_kind_name(key->kind)));
	row_uuid(rows, uuid_cmp(&key->item, &no_item) == 0 ? NULL : &key->item);
	row_text(rows, key->stream);
	row_text(rows, key->name);
	row_text(rows, key->other);
	row_time(rows, finding->since_us);
	row_int8(rows, finding->seen_revision);
	row_end(rows);
	return ERR_OK;
}

enum error finding_end_append(struct change *change, const struct uuid *id, const char *why)
{
	struct rows *rows = change_rows(change, HISTORY_finding_ends);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, id);
	row_int8(rows, change->revision);
	row_time(rows, change->at_us);
	row_text(rows, str_from(why));
	row_end(rows);
	return ERR_OK;
}

static void read_finding(struct cells *cells, struct finding_row *out)
{
	*out = (struct finding_row){.id = cell_uuid(cells)};
	out->revision = cell_int8(cells);
	out->opened_us = cell_time(cells);
	cells->failed |= !finding_kind_from_name(cell_view(cells), &out->key.kind);
	out->key.item = cell_uuid(cells);
	out->key.stream = cell_text(cells);
	out->key.name = cell_text(cells);
	out->key.other = cell_text(cells);
	out->since_us = cell_time(cells);
}

static enum error findings_run(struct conn *conn, enum statement statement,
	const struct params *params, bool ends, struct arena *arena, struct finding_row **out,
	size_t *count)
{
	struct finding_row *findings;
	PGresult *result = NULL;
	enum error err = conn_run(conn, statement, params, &result);
	size_t rows = err ? 0 : (size_t)PQntuples(result);

	*out = findings = err ? NULL : arena_array(arena, rows, sizeof *findings);
	if (!err && !findings)
		err = ERR_BUDGET;
	for (size_t i = 0; i < rows && !err; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		read_finding(&cells, &findings[i]);
		if (ends) {
			findings[i].ended_revision = cell_int8(&cells);
			findings[i].ended_us = cell_time(&cells);
			findings[i].why = cell_text(&cells);
		}
		err = cells_error(&cells);
	}
	PQclear(result);
	*count = err ? 0 : rows;
	return err;
}

enum error findings_open(struct conn *conn, const struct uuid *workspace, struct arena *arena,
	struct finding_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	return findings_run(conn, STMT_FINDINGS_OPEN, &params, false, arena, out, count);
}

enum error findings_newest(struct conn *conn, const struct uuid *workspace, int64_t *revision)
{
	struct params params = PARAMS_INIT;
	PGresult *result = NULL;
	enum error err;

	params_uuid(&params, workspace);
	err = conn_run(conn, STMT_FINDINGS_NEWEST, &params, &result);
	if (!err) {
		struct cells cells = cells_at(result, 0, NULL);

		*revision = cell_int8(&cells);
		err = cells_error(&cells);
	}
	PQclear(result);
	return err;
}

enum error finding_changes(struct conn *conn, const struct uuid *workspace,
	const struct finding_place *place, struct arena *arena, struct finding_row **out,
	size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, place->revision);
	params_uuid(&params, &place->id);
	params_int8(&params, place->open);
	params_int8(&params, (int64_t)place->limit);
	return findings_run(conn, STMT_FINDING_CHANGES, &params, true, arena, out, count);
}

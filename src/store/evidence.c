/*
 * What an evidence bundle asks that nobody else does: which items it is about, what is there of the texts that
 * its rows name, and which revisions a span of time is.
 */
#include "store/evidence.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/wire.h"

enum error evidence_items(struct conn *conn, const struct uuid *workspace,
	const struct evidence_filter *filter, struct arena *arena, struct evidence_item **out,
	size_t *count)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_int8(&params, filter->first);
	params_int8(&params, filter->last);
	params_text(&params, filter->label);
	if (filter->feature < 0)
		params_text(&params, STR_NONE);
	else
		params_int4(&params, filter->feature);
	params_int4(&params, filter->value);
	params_int8(&params, (int64_t)filter->limit);
	err = conn_run(conn, STMT_EVIDENCE_ITEMS, &params, &result);
	if (err)
		return err;
	*count = (size_t)PQntuples(result);
	*out = arena_array(arena, *count, sizeof **out);
	err = *out ? ERR_OK : ERR_BUDGET;
	for (size_t i = 0; !err && i < *count; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		(*out)[i].id = cell_uuid(&cells);
		(*out)[i].base = cell_int8(&cells);
		err = cells_error(&cells);
	}
	PQclear(result);
	return err;
}

enum error evidence_texts(struct conn *conn, const struct uuid *workspace,
	const struct sha256 *refs, size_t ref_count, struct arena *arena,
	struct evidence_text **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf array = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	wire_bytea_array(&array, refs, sizeof *refs, ref_count);
	params_uuid(&params, workspace);
	if (!array.failed) {
		params_bytes(&params, array.data, array.len);
		err = conn_run(conn, STMT_EVIDENCE_TEXTS, &params, &result);
	}
	buf_release(&array);
	if (err)
		return err;
	*count = (size_t)PQntuples(result);
	*out = arena_array(arena, *count, sizeof **out);
	err = *out ? ERR_OK : ERR_BUDGET;
	for (size_t i = 0; !err && i < *count; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		cell_sha256(&cells, &(*out)[i].ref);
		(*out)[i].title = cell_text(&cells);
		(*out)[i].notes = cell_text(&cells);
		err = cells_error(&cells);
	}
	PQclear(result);
	return err;
}

enum error audit_span(struct conn *conn, const struct uuid *workspace, int64_t from_us,
	int64_t to_us, int64_t *first, int64_t *last)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	struct cells cells;
	enum error err;

	params_uuid(&params, workspace);
	params_time(&params, from_us);
	params_time(&params, to_us);
	err = conn_run(conn, STMT_AUDIT_SPAN, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*first = cell_int8(&cells);
	*last = cell_int8(&cells);
	err = cells_error(&cells);
	PQclear(result);
	return err;
}

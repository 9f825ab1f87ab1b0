/*
 * Overrides: what people decided against the order, and how each ended. Two append-only tables, read
 * as one: the end is joined where it is already there at the revision asked for.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/notes.h"
#include "store/wire.h"

int override_by_age(const struct override_row *a, const struct override_row *b)
{
	if (a->revision != b->revision)
		return a->revision < b->revision ? -1 : 1;
	return uuid_cmp(&a->id, &b->id);
}

static void read_override(struct cells *cells, struct override_row *out)
{
	out->id = cell_uuid(cells);
	out->revision = cell_int8(cells);
	out->item = cell_uuid(cells);
	out->kind = cell_text(cells);
	out->rank = cell_int8(cells);
	out->delta = cell_float8(cells);
	out->band = cell_text(cells);
	out->target = cell_uuid(cells);
	out->made_us = cell_time(cells);
	out->expires_us = cell_time(cells);
	out->author = cell_text(cells);
	out->author_team = cell_text(cells);
	out->model_version = cell_int8(cells);
	out->rank_before = cell_int8(cells);
	out->band_before = cell_text(cells);
	if (!cell_sha256(cells, &out->text_ref))
		cells->failed = true;
	out->ended_revision = cell_int8(cells);
	out->ended_us = cell_time(cells);
	out->end_reason = cell_text(cells);
	out->ended_by = cell_text(cells);
}

static enum error read_text(struct cells *cells, struct override_row *out)
{
	struct note notes[] = {{"justification", STR_NONE}, {"link", STR_NONE}};
	enum error err = notes_read(cell_view(cells), cells->arena, notes, 2);

	out->justification = notes[0].text;
	out->link = notes[1].text;
	return err;
}

static enum error read_overrides(const PGresult *result, bool texts, struct arena *arena,
	struct override_row **out, size_t *count)
{
	size_t rows = (size_t)PQntuples(result);
	struct override_row *overrides = arena_array(arena, rows, sizeof *overrides);

	if (!overrides)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < rows; i++) {
		struct cells cells = cells_at(result, (int)i, arena);
		enum error err = ERR_OK;

		read_override(&cells, &overrides[i]);
		if (texts)
			err = read_text(&cells, &overrides[i]);
		if (!err)
			err = cells_error(&cells);
		if (err)
			return err;
	}
	*out = overrides;
	*count = rows;
	return ERR_OK;
}

static enum error overrides_run(struct conn *conn, enum statement statement,
	const struct params *params, bool texts, struct arena *arena, struct override_row **out,
	size_t *count)
{
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (!err)
		err = read_overrides(result, texts, arena, out, count);
	PQclear(result);
	return err;
}

enum error overrides_load(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, struct arena *arena, struct override_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, upto);
	if (since > 0)
		params_int8(&params, since);
	return overrides_run(conn, since > 0 ? STMT_OVERRIDES_LOAD_SINCE : STMT_OVERRIDES_LOAD,
		&params, false, arena, out, count);
}

enum error overrides_list(struct conn *conn, const struct uuid *workspace,
	const struct override_filter *filter, struct arena *arena, struct override_row **out,
	size_t *count)
{
	/* No id is less than this one. */
	static const struct uuid smallest;
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_uuid(&params, filter->item);
	params_text(&params, filter->kind);
	params_int4(&params, filter->active);
	params_time(&params, filter->now_us);
	params_int8(&params, filter->before_revision);
	params_uuid(&params, filter->before_id ? filter->before_id : &smallest);
	params_int8(&params, filter->limit > INT32_MAX ? INT32_MAX : (int64_t)filter->limit);
	return overrides_run(conn, STMT_OVERRIDES_LIST, &params, true, arena, out, count);
}

enum error override_read(struct conn *conn, const struct uuid *workspace, const struct uuid *id,
	struct arena *arena, struct override_row *out)
{
	struct params params = PARAMS_INIT;
	struct override_row *overrides;
	size_t count;
	enum error err;

	params_uuid(&params, workspace);
	params_uuid(&params, id);
	err = overrides_run(conn, STMT_OVERRIDE_READ, &params, true, arena, &overrides, &count);
	if (err)
		return err;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = overrides[0];
	return ERR_OK;
}

enum error overrides_expired(struct conn *conn, const struct expiry_span *span,
	const struct uuid *after, size_t limit, struct arena *arena, struct expired_workspace **out,
	size_t *count)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	/* The first look of all goes through the whole history. */
	enum error err = conn_run(conn, STMT_LONG_SCAN, NULL, NULL);

	*out = NULL;
	*count = 0;
	params_time(&params, span->since_us);
	params_time(&params, span->until_us);
	params_uuid(&params, after);
	params_int8(&params, limit > INT32_MAX ? INT32_MAX : (int64_t)limit);
	if (!err)
		err = conn_run(conn, STMT_OVERRIDES_EXPIRED, &params, &result);
	if (err)
		return err;
	*count = (size_t)PQntuples(result);
	*out = arena_array(arena, *count, sizeof **out);
	if (!*out)
		err = ERR_NO_MEMORY;
	for (size_t i = 0; i < *count && !err; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		(*out)[i].id = cell_uuid(&cells);
		(*out)[i].first_us = cell_time(&cells);
		err = cells_error(&cells);
	}
	PQclear(result);
	return err;
}

enum error overrides_in_force(
	struct conn *conn, const struct uuid *workspace, int64_t now_us, int64_t *out)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	PGresult *result;
	enum error err;

	params_uuid(&params, workspace);
	params_time(&params, now_us);
	err = conn_run(conn, STMT_OVERRIDES_IN_FORCE, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	*out = cell_int8(&cells);
	err = cells_error(&cells);
	PQclear(result);
	return err;
}

enum error overrides_due(struct conn *conn, const struct uuid *workspace,
	const struct expiry_span *span, struct arena *arena, struct uuid **ids, size_t *count)
{
	struct params params = PARAMS_INIT;
	PGresult *result;
	enum error err;

	*ids = NULL;
	*count = 0;
	params_uuid(&params, workspace);
	params_time(&params, span->since_us);
	params_time(&params, span->until_us);
	err = conn_run(conn, STMT_OVERRIDES_DUE, &params, &result);
	if (err)
		return err;
	*count = (size_t)PQntuples(result);
	*ids = arena_array(arena, *count, sizeof **ids);
	if (!*ids)
		err = ERR_NO_MEMORY;
	for (size_t i = 0; i < *count && !err; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		(*ids)[i] = cell_uuid(&cells);
		err = cells_error(&cells);
	}
	PQclear(result);
	return err;
}

static enum error read_outcomes(
	const PGresult *result, struct arena *arena, struct override_outcome **out, size_t *count)
{
	size_t rows = (size_t)PQntuples(result);
	struct override_outcome *outcomes = arena_array(arena, rows, sizeof *outcomes);

	if (!outcomes)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < rows; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		read_override(&cells, &outcomes[i].override);
		outcomes[i].status = cell_text(&cells);
		outcomes[i].finished_us = cell_time(&cells);
		if (cells_error(&cells))
			return cells_error(&cells);
	}
	*out = outcomes;
	*count = rows;
	return ERR_OK;
}

enum error overrides_outcomes(struct conn *conn, const struct uuid *workspace, int64_t from_us,
	int64_t to_us, const struct str *finished, size_t finished_count, struct arena *arena,
	struct override_outcome **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf statuses = BUF_INIT;
	PGresult *result = NULL;
	enum error err = ERR_NO_MEMORY;

	*out = NULL;
	*count = 0;
	wire_text_array(&statuses, finished, finished_count);
	if (statuses.failed)
		goto out;
	params_uuid(&params, workspace);
	params_time(&params, from_us);
	params_time(&params, to_us);
	params_bytes(&params, statuses.data, statuses.len);
	err = conn_run(conn, STMT_OVERRIDES_OUTCOMES, &params, &result);
	if (!err)
		err = read_outcomes(result, arena, out, count);
out:
	PQclear(result);
	buf_release(&statuses);
	return err;
}

/* What a kind has no use for is NULL. */
static void add_decision(struct rows *rows, const struct override_row *override)
{
	static const struct uuid none;

	row_text(rows, override->kind);
	if (override->rank > 0)
		row_int8(rows, override->rank);
	else
		row_null(rows);
	row_float8(rows, override->delta);
	row_text(rows, override->band);
	row_uuid(rows, uuid_cmp(&override->target, &none) == 0 ? NULL : &override->target);
}

enum error override_append(struct change *change, const struct override_row *override)
{
	const struct note notes[] = {
		{"justification", override->justification}, {"link", override->link}};
	struct rows *rows = change_rows(change, HISTORY_overrides);
	struct sha256 ref;
	enum error err;

	if (!rows)
		return ERR_NO_MEMORY;
	err = notes_append(change, notes, 2, &ref);
	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &override->id);
	row_int8(rows, change->revision);
	row_uuid(rows, &override->item);
	add_decision(rows, override);
	row_time(rows, override->made_us);
	row_time(rows, override->expires_us);
	row_text(rows, override->author);
	row_text(rows, override->author_team);
	row_int8(rows, override->model_version);
	row_int8(rows, override->rank_before);
	row_text(rows, override->band_before);
	row_bytes(rows, (struct str){(const char *)ref.bytes, sizeof ref.bytes});
	row_end(rows);
	return ERR_OK;
}

enum error override_end_append(
	struct change *change, const struct uuid *id, const char *reason, const char *by)
{
	struct rows *rows = change_rows(change, HISTORY_override_ends);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, id);
	row_int8(rows, change->revision);
	row_time(rows, change->at_us);
	row_text(rows, str_from(reason));
	row_text(rows, str_from(by));
	row_end(rows);
	return ERR_OK;
}

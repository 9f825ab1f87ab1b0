/*
 * What periods of the past tell: work by stream, scorings, bursts, jumps. Each statement goes by an index, and
 * the caller says how far back and how many rows it may look at.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/wire.h"

/* Reads one row's cells into the place of one element. */
typedef void read_row(struct cells *cells, void *element);

/* Runs the statement, and reads all rows into an array of elements of `size` bytes. */
static enum error read_all(struct conn *conn, enum statement statement, const struct params *params,
	struct arena *arena, read_row *read, size_t size, void **out, size_t *count)
{
	PGresult *result = NULL;
	enum error err = conn_run(conn, statement, params, &result);
	size_t rows = err ? 0 : (size_t)PQntuples(result);
	char *list = err ? NULL : arena_alloc(arena, (rows + 1) * size);

	*count = 0;
	if (!err && !list)
		err = ERR_BUDGET;
	for (size_t i = 0; i < rows && !err; i++) {
		struct cells cells = cells_at(result, (int)i, arena);

		read(&cells, list + i * size);
		err = cells_error(&cells);
	}
	PQclear(result);
	if (err)
		return err;
	*out = list;
	*count = rows;
	return ERR_OK;
}

static void read_revision(struct cells *cells, void *element)
{
	*(int64_t *)element = cell_int8(cells);
}

enum error revisions_at(struct conn *conn, const struct uuid *workspace, const double *times_s,
	size_t count, struct arena *arena, int64_t **out)
{
	struct params params = PARAMS_INIT;
	struct buf times = BUF_INIT;
	enum error err = ERR_NO_MEMORY;
	void *list = NULL;
	size_t found = 0;

	wire_float8_array(&times, times_s, count);
	if (!times.failed) {
		params_uuid(&params, workspace);
		params_bytes(&params, times.data, times.len);
		err = read_all(conn, STMT_REVISIONS_AT, &params, arena, read_revision, sizeof **out,
			&list, &found);
	}
	buf_release(&times);
	if (!err && found != count)
		err = ERR_INTERNAL;
	*out = list;
	return err;
}

static void read_work(struct cells *cells, void *element)
{
	struct work_row *row = element;

	row->span = (size_t)cell_int4(cells);
	row->stream = cell_text(cells);
	row->seconds = cell_float8(cells);
	row->cut = cell_bool(cells);
}

enum error stream_work(struct conn *conn, const struct uuid *workspace,
	const struct work_query *query, struct arena *arena, struct work_row **out, size_t *count)
{
	struct buf words = BUF_INIT, from = BUF_INIT, until = BUF_INIT;
	struct params params = PARAMS_INIT;
	enum error err = ERR_NO_MEMORY;
	void *list = NULL;

	*count = 0;
	wire_text_array(&words, query->statuses, query->status_count);
	wire_float8_array(&from, query->from_s, query->span_count);
	wire_float8_array(&until, query->until_s, query->span_count);
	if (!words.failed && !from.failed && !until.failed) {
		params_uuid(&params, workspace);
		params_int8(&params, query->since);
		params_int8(&params, query->revision);
		params_bytes(&params, words.data, words.len);
		params_bytes(&params, from.data, from.len);
		params_bytes(&params, until.data, until.len);
		params_int8(&params, query->most);
		err = read_all(conn, STMT_STREAM_WORK, &params, arena, read_work, sizeof **out,
			&list, count);
	}
	buf_release(&words);
	buf_release(&from);
	buf_release(&until);
	*out = list;
	return err;
}

static void read_scoring(struct cells *cells, void *element)
{
	struct scoring_row *row = element;

	row->id = cell_uuid(cells);
	row->last_us = cell_time(cells);
	row->first_us = cell_time(cells);
	row->first_value = cell_float8(cells);
	row->last_value = cell_float8(cells);
}

enum error item_scorings(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t id_count, int64_t revision, int feature, struct arena *arena,
	struct scoring_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf list = BUF_INIT;
	enum error err = ERR_NO_MEMORY;
	void *rows = NULL;

	*count = 0;
	wire_uuid_array(&list, ids, id_count);
	if (!list.failed) {
		params_uuid(&params, workspace);
		params_bytes(&params, list.data, list.len);
		params_int8(&params, revision);
		params_int4(&params, feature);
		err = read_all(conn, STMT_ITEM_SCORINGS, &params, arena, read_scoring, sizeof **out,
			&rows, count);
	}
	buf_release(&list);
	*out = rows;
	return err;
}

static void read_counts(struct cells *cells, struct burst_row *row)
{
	row->count = (double)cell_int8(cells);
	for (size_t i = 0; i < PERIODS - 1; i++)
		row->before[i] = (double)cell_int8(cells);
}

static void read_reporter(struct cells *cells, void *element)
{
	struct burst_row *row = element;

	*row = (struct burst_row){.who = cell_text(cells)};
	row->item = cell_uuid(cells);
	row->since_us = cell_time(cells);
	read_counts(cells, row);
}

static void put_ends(struct params *params, const struct uuid *workspace, const int64_t *ends)
{
	params_uuid(params, workspace);
	for (size_t i = 0; i <= PERIODS; i++)
		params_int8(params, ends[i]);
}

enum error reporter_bursts(struct conn *conn, const struct uuid *workspace,
	const int64_t ends[PERIODS + 1], int64_t least, int64_t most, struct arena *arena,
	struct burst_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	void *list = NULL;
	enum error err;

	put_ends(&params, workspace, ends);
	params_int8(&params, least);
	params_int8(&params, most);
	err = read_all(conn, STMT_REPORTER_BURSTS, &params, arena, read_reporter, sizeof **out,
		&list, count);
	*out = list;
	return err;
}

static void read_overrides(struct cells *cells, void *element)
{
	struct burst_row *row = element;

	*row = (struct burst_row){.who = cell_text(cells), .since_us = TIME_NONE};
	row->kind = cell_text(cells);
	read_counts(cells, row);
}

enum error override_bursts(struct conn *conn, const struct uuid *workspace,
	const int64_t ends[PERIODS + 1], struct arena *arena, struct burst_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	void *list = NULL;
	enum error err;

	put_ends(&params, workspace, ends);
	err = read_all(conn, STMT_OVERRIDE_BURSTS, &params, arena, read_overrides, sizeof **out,
		&list, count);
	*out = list;
	return err;
}

static void read_jump(struct cells *cells, void *element)
{
	struct jump_row *row = element;

	row->item = cell_uuid(cells);
	row->revision = cell_int8(cells);
	row->at_us = cell_time(cells);
	row->feature = (uint16_t)cell_int4(cells);
	row->was = cell_float8(cells);
	row->is = cell_float8(cells);
}

enum error feature_jumps(struct conn *conn, const struct uuid *workspace,
	const struct jump_query *query, struct arena *arena, struct jump_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf features = BUF_INIT, least = BUF_INIT;
	enum error err = ERR_NO_MEMORY;
	void *list = NULL;

	*count = 0;
	wire_int2_array(&features, query->features, query->feature_count);
	wire_float8_array(&least, query->least, query->feature_count);
	if (!features.failed && !least.failed) {
		params_uuid(&params, workspace);
		params_int8(&params, query->since);
		params_int8(&params, query->revision);
		params_bytes(&params, features.data, features.len);
		params_bytes(&params, least.data, least.len);
		params_int8(&params, query->most);
		params_int8(&params, query->limit);
		err = read_all(conn, STMT_FEATURE_JUMPS, &params, arena, read_jump, sizeof **out,
			&list, count);
	}
	buf_release(&features);
	buf_release(&least);
	*out = list;
	return err;
}

/*
 * Reviews: what people were asked, how they answered, and what was noted of it since. Append-only tables,
 * read as one: end and marks are joined where they are already there at the revision asked for.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/notes.h"
#include "store/wire.h"

bool review_approves(const struct review_row *review)
{
	return str_is(review->outcome, "approved") || str_is(review->outcome, "adjusted");
}

int review_by_age(const struct review_row *a, const struct review_row *b)
{
	if (a->revision != b->revision)
		return a->revision < b->revision ? -1 : 1;
	return uuid_cmp(&a->id, &b->id);
}

static void read_ending(struct cells *cells, struct review_row *out)
{
	out->ended_revision = cell_int8(cells);
	out->outcome = cell_text(cells);
	out->ended_us = cell_time(cells);
	out->ended_by = cell_text(cells);
	out->ended_rank = cell_int8(cells);
	out->decided.item_revision = cell_int8(cells);
	out->decided.model_version = cell_int8(cells);
	out->decided.policy_version = cell_int8(cells);
	if (!cell_sha256(cells, &out->digest) && out->ended_revision > 0)
		cells->failed = true;
	out->override = cell_uuid(cells);
}

static void read_review(struct cells *cells, struct review_row *out)
{
	*out = (struct review_row){.id = cell_uuid(cells)};
	out->revision = cell_int8(cells);
	out->item = cell_uuid(cells);
	out->reason = cell_text(cells);
	out->rule = cell_text(cells);
	out->stream = cell_text(cells);
	out->rank = cell_int8(cells);
	out->band = cell_text(cells);
	out->opened_us = cell_time(cells);
	out->seen.item_revision = cell_int8(cells);
	out->seen.model_version = cell_int8(cells);
	out->seen.policy_version = cell_int8(cells);
	read_ending(cells, out);
	out->escalated_revision = cell_int8(cells);
	out->escalated_us = cell_time(cells);
	out->escalated_to = cell_text(cells);
	out->lapsed_revision = cell_int8(cells);
	out->lapsed_us = cell_time(cells);
	out->lapsed_why = cell_text(cells);
}

static enum error read_text(struct cells *cells, struct review_row *out)
{
	struct note notes[] = {{"rationale", STR_NONE}};
	enum error err = notes_read(cell_view(cells), cells->arena, notes, 1);

	out->rationale = notes[0].text;
	return err;
}

static enum error reviews_run(struct conn *conn, enum statement statement,
	const struct params *params, bool texts, struct arena *arena, struct review_row **out,
	size_t *count)
{
	struct review_row *reviews;
	PGresult *result;
	enum error err;

	*out = NULL;
	*count = 0;
	err = conn_run(conn, statement, params, &result);
	if (err)
		return err;
	reviews = arena_array(arena, (size_t)PQntuples(result), sizeof *reviews);
	if (!reviews)
		err = ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(result) && !err; i++) {
		struct cells cells = cells_at(result, i, arena);

		read_review(&cells, &reviews[i]);
		if (texts)
			err = read_text(&cells, &reviews[i]);
		if (!err)
			err = cells_error(&cells);
	}
	if (!err) {
		*out = reviews;
		*count = (size_t)PQntuples(result);
	}
	PQclear(result);
	return err;
}

enum error reviews_load(struct conn *conn, const struct uuid *workspace, int64_t since,
	int64_t upto, struct arena *arena, struct review_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_int8(&params, upto);
	if (since > 0)
		params_int8(&params, since);
	return reviews_run(conn, since > 0 ? STMT_REVIEWS_LOAD_SINCE : STMT_REVIEWS_LOAD, &params,
		false, arena, out, count);
}

/* Of the workspace and a list of ids. */
static enum error run_with_ids(struct conn *conn, enum statement statement,
	const struct uuid *workspace, const struct uuid *ids, size_t id_count, const int64_t *since,
	struct arena *arena, struct review_row **out, size_t *count)
{
	struct params params = PARAMS_INIT;
	struct buf list = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	*out = NULL;
	*count = 0;
	wire_uuid_array(&list, ids, id_count);
	params_uuid(&params, workspace);
	params_bytes(&params, list.data, list.len);
	if (since)
		params_int8(&params, *since);
	if (!list.failed)
		err = reviews_run(conn, statement, &params, !since, arena, out, count);
	buf_release(&list);
	return err;
}

enum error reviews_of_items(struct conn *conn, const struct uuid *workspace,
	const struct uuid *items, size_t item_count, int64_t since, struct arena *arena,
	struct review_row **out, size_t *count)
{
	return run_with_ids(conn, STMT_REVIEWS_OF_ITEMS, workspace, items, item_count, &since,
		arena, out, count);
}

enum error reviews_by_id(struct conn *conn, const struct uuid *workspace, const struct uuid *ids,
	size_t id_count, struct arena *arena, struct review_row **out, size_t *count)
{
	return run_with_ids(
		conn, STMT_REVIEWS_BY_ID, workspace, ids, id_count, NULL, arena, out, count);
}

enum error reviews_list(struct conn *conn, const struct uuid *workspace,
	const struct review_filter *filter, struct arena *arena, struct review_row **out,
	size_t *count)
{
	/* No id is less than this one. */
	static const struct uuid smallest;
	struct params params = PARAMS_INIT;

	params_uuid(&params, workspace);
	params_text(&params, filter->state);
	params_text(&params, filter->stream);
	params_text(&params, filter->reason);
	params_uuid(&params, filter->item);
	params_int8(&params, filter->before_revision);
	params_uuid(&params, filter->before_id ? filter->before_id : &smallest);
	params_int8(&params, filter->limit > INT32_MAX ? INT32_MAX : (int64_t)filter->limit);
	return reviews_run(conn, STMT_REVIEWS_LIST, &params, true, arena, out, count);
}

static void add_seen(struct rows *rows, const struct review_seen *seen)
{
	row_int8(rows, seen->item_revision);
	row_int8(rows, seen->model_version);
	row_int8(rows, seen->policy_version);
}

enum error review_append(struct change *change, const struct review_row *review)
{
	struct rows *rows = change_rows(change, HISTORY_reviews);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &review->id);
	row_int8(rows, change->revision);
	row_uuid(rows, &review->item);
	row_text(rows, review->reason);
	row_text(rows, review->rule);
	row_text(rows, review->stream);
	row_int8(rows, review->rank);
	row_text(rows, review->band);
	row_time(rows, review->opened_us);
	add_seen(rows, &review->seen);
	row_end(rows);
	return ERR_OK;
}

enum error review_end_append(struct change *change, const struct review_row *review)
{
	static const struct uuid none;
	const struct note notes[] = {{"rationale", review->rationale}};
	struct rows *rows = change_rows(change, HISTORY_review_ends);
	struct sha256 ref;
	enum error err = ERR_OK;

	if (!rows)
		return ERR_NO_MEMORY;
	if (review->rationale.ptr)
		err = notes_append(change, notes, 1, &ref);
	if (err)
		return err;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, &review->id);
	row_int8(rows, change->revision);
	row_text(rows, review->outcome);
	row_time(rows, change->at_us);
	row_text(rows, review->ended_by);
	if (review->ended_rank > 0)
		row_int8(rows, review->ended_rank);
	else
		row_null(rows);
	add_seen(rows, &review->decided);
	row_hash(rows, &review->digest);
	row_uuid(rows, uuid_cmp(&review->override, &none) == 0 ? NULL : &review->override);
	row_hash(rows, review->rationale.ptr ? &ref : NULL);
	row_end(rows);
	return ERR_OK;
}

enum error review_mark_append(
	struct change *change, const struct uuid *id, const char *mark, struct str word)
{
	struct rows *rows = change_rows(change, HISTORY_review_marks);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_uuid(rows, id);
	row_text(rows, str_from(mark));
	row_int8(rows, change->revision);
	row_time(rows, change->at_us);
	row_text(rows, word);
	row_end(rows);
	return ERR_OK;
}

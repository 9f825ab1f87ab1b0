/*
 * GET …/queue: pages of the newest ranking, or of the one that a cursor began in, or of the next one.
 * Encoded once per ranking and query, then shared.
 */
#include <math.h>

#include "http/resources/evidence_view.h"
#include "http/resources/review_view.h"
#include "http/resources/since.h"
#include "http/resources/tables.h"
#include "http/resources/verdict_view.h"
#include "http/resources/view.h"
#include "http/resources/walk.h"
#include "service/streams.h"

enum { QUEUE_LIMIT_MAX = 500 };

struct queue_query {
	struct str stream, band, team; /* absent: any */
	struct str view;               /* of the active contract; absent: the whole queue */
	uint64_t *in_view;             /* by row, while a page is written; NULL: all */
	bool held;                     /* only those */
	int review;                    /* 1: pending; 0: approved; -1: any */
	struct str label, risk;        /* absent: any */
	/* Of the ranking: the label's symbol, the column of risk categories and the place of the one asked for. */
	uint32_t label_symbol, risk_column;
	double risk_value; /* NaN: there is no such category, so nothing has it */
};

/* What entries are written with; made once a page. */
struct entry_tools {
	struct evidence_room room;
	struct row_overrides overrides;
};

static enum error read_review(struct walk *walk, struct request *request, int *out)
{
	struct str text;
	enum error error = walk_filter(walk, request, "review", &text);

	*out = -1;
	if (error || !text.ptr)
		return error;
	*out = str_is(text, "pending");
	if (*out == 1 || str_is(text, "approved"))
		return ERR_OK;
	diag_add(&request->diag, "/query/review", "A review is pending or approved.");
	return ERR_INVALID;
}

static enum error read_query(struct walk *walk, struct request *request, struct queue_query *out)
{
	static const char *const known[] = {"stream", "band", "team", "view", "held", "review",
		"label", "risk_category", "limit", "cursor", "min_revision", "revision", "since",
		"wait", NULL};
	struct str held;
	enum error error = request_query_only(request, known);

	if (!error)
		error = walk_filter(walk, request, "stream", &out->stream);
	if (!error)
		error = walk_filter(walk, request, "band", &out->band);
	if (!error)
		error = walk_filter(walk, request, "team", &out->team);
	if (!error)
		error = walk_filter(walk, request, "view", &out->view);
	if (!error)
		error = walk_filter(walk, request, "held", &held);
	if (!error)
		error = request_query_bool(request, "held", false, &out->held);
	if (!error)
		error = read_review(walk, request, &out->review);
	if (!error)
		error = walk_filter(walk, request, "label", &out->label);
	if (!error)
		error = walk_filter(walk, request, "risk_category", &out->risk);
	if (!error)
		error = walk_revision(walk, request);
	return error;
}

/* What the filters are in this ranking. Of a sensitive feature a filter would tell the values, and pages are
 * shared, so there is none. */
static enum error bind_query(
	struct request *request, const struct ranking *ranking, struct queue_query *query)
{
	const struct word_lookup words = ranking_words(ranking);
	const struct feature_definition *feature =
		catalog_live_feature(ranking->catalog, STR(RISK_CATEGORY_FEATURE));

	if (query->label.ptr)
		query->label_symbol = words.symbol(words.self, query->label);
	query->risk_value = NAN;
	if (!query->risk.ptr || !feature)
		return ERR_OK;
	if (feature->sensitive) {
		diag_add(
			&request->diag, "/query/risk_category", "The feature is marked sensitive.");
		return ERR_INVALID;
	}
	query->risk_column = feature->id;
	for (size_t i = 0; i < feature->category_count; i++) {
		if (str_eq(feature->categories[i], query->risk))
			query->risk_value = (double)i;
	}
	return ERR_OK;
}

static bool has_label(const struct ranking *ranking, uint32_t row, uint32_t symbol)
{
	const struct wn_rows *run = &ranking->runs[row / BLOCK_ROWS];
	uint32_t at = row % BLOCK_ROWS;

	for (uint32_t i = run->label_start ? run->label_start[at] : 0;
		run->label_start && i < run->label_start[at + 1]; i++) {
		if (run->labels[i] == symbol)
			return true;
	}
	return false;
}

static bool is_filtered(const struct queue_query *query)
{
	return query->held || query->review >= 0 || query->stream.ptr || query->band.ptr ||
	       query->team.ptr || query->view.ptr || query->label.ptr || query->risk.ptr;
}

static bool matches(const struct json_writer *json, const struct ranking *ranking, uint32_t row,
	const struct queue_query *query)
{
	const char *band;

	if (query->held && !verdict_is_held(json, ranking, row))
		return false;
	if (query->review >= 0) {
		const struct review_state *state = review_state_of(&ranking->review_states, row);

		if (!state || state->pending != (query->review == 1))
			return false;
	}
	if (query->in_view && !row_hit(query->in_view, row))
		return false;
	if (query->stream.ptr && !str_eq(ranking_text(ranking, row, ROW_STREAM), query->stream))
		return false;
	if (query->team.ptr && !str_eq(ranking_text(ranking, row, ROW_TEAM), query->team))
		return false;
	if (query->label.ptr && !has_label(ranking, row, query->label_symbol))
		return false;
	if (query->risk.ptr &&
		(isnan(query->risk_value) ||
			ranking_value(ranking, row, query->risk_column) != query->risk_value))
		return false;
	if (!query->band.ptr)
		return true;
	band = ranking_band_name(ranking, row);
	return band && str_is(query->band, band);
}

/* What policy and people did to it; only where there is something to tell. */
static void write_marks(struct json_writer *json, const struct ranking *ranking,
	const struct row_overrides *overrides, uint32_t row)
{
	size_t count;
	const uint32_t *mine = row_overrides_of(overrides, row, &count);

	if (verdict_is_held(json, ranking, row))
		json_put(json, "held", bool, true);
	if (verdict_is_pinned(json, ranking, row))
		json_put(json, "pinned", bool, true);
	review_write_state(json, ranking, row);
	if (count == 0)
		return;
	json_key(json, "overrides");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_str(json, ranking->overrides->rows[mine[i]].kind);
	json_array_end(json);
}

static void write_entry(struct json_writer *json, const struct ranking *ranking,
	const struct entry_tools *tools, uint32_t row)
{
	struct evidence_shown evidence = evidence_of_row(ranking, row);

	json_object_begin(json);
	json_put(json, "rank", int, ranking->decision.order.rank[row]);
	view_write_row(json, ranking, row);
	view_write_score(json, ranking, row);
	evidence_write_reasons(json, &tools->room, &evidence);
	view_write_order(json, ranking, row, false);
	write_marks(json, ranking, &tools->overrides, row);
	json_object_end(json);
}

/* Gives the position behind the last entry, or 0 when the queue ends there. */
static size_t write_entries(struct json_writer *json, const struct walk *walk,
	const struct queue_query *query, const struct entry_tools *tools)
{
	const struct ranking *ranking = walk->ranking;
	const struct wn_ranking *order = &ranking->decision.order;
	size_t at = walk->begin, written = 0;

	json_key(json, "entries");
	json_array_begin(json);
	for (; at < order->count && written < walk->limit; at++) {
		if (!matches(json, ranking, order->order[at], query))
			continue;
		write_entry(json, ranking, tools, order->order[at]);
		written++;
	}
	json_array_end(json);
	while (at < order->count && !matches(json, ranking, order->order[at], query))
		at++;
	return at < order->count ? at : 0;
}

/* The view is of the contract that was in force at the ranking. */
static enum error find_view(
	const struct walk *walk, struct request *request, struct queue_query *query)
{
	query->in_view = NULL;
	if (!query->view.ptr)
		return ERR_OK;
	if (!view_rows(walk->ranking, query->view, &request->arena, &query->in_view))
		return ERR_NO_MEMORY;
	if (query->in_view)
		return ERR_OK;
	diag_add(&request->diag, "/query/view", "The active contract has no such view.");
	return ERR_INVALID;
}

static enum error encode_page(
	struct walk *walk, struct request *request, void *query, struct buf *out)
{
	const struct ranking *ranking = walk->ranking;
	struct entry_tools tools;
	struct json_writer json;
	size_t next;
	enum error error = bind_query(request, ranking, query);

	if (error)
		return error;
	if (is_filtered(query) && !view_may_search(request, ranking))
		return ERR_WOULD_BLOCK; /* to find a few entries it may look at all */
	if (!evidence_room_init(&tools.room, &request->arena, ranking->model) ||
		!row_overrides_init(&tools.overrides, &request->arena, ranking))
		return ERR_NO_MEMORY;
	error = find_view(walk, request, query);
	if (error)
		return error;
	view_begin(&json, request, out);
	json_object_begin(&json);
	view_write_ranking(&json, ranking);
	json_put(&json, "count", int, (int64_t)ranking->decision.order.count);
	json_put(&json, "excluded", int, (int64_t)view_count_out(ranking));
	json_put(&json, "held", int, (int64_t)verdict_count_held(&json, ranking));
	review_write_counts(&json, ranking);
	next = write_entries(&json, walk, query, &tools);
	if (next > 0)
		walk_next(walk, request, &json, next);
	json_object_end(&json);
	return ERR_OK;
}

static enum error queue(struct request *request, struct response *response)
{
	struct walk walk = {0};
	struct queue_query query;
	bool unchanged = false;
	enum error error = read_query(&walk, request, &query);

	if (!error && since_is_asked(request))
		error = since_begin(&walk, request, QUEUE_LIMIT_MAX, &unchanged);
	else if (!error)
		error = walk_begin(&walk, request, QUEUE_LIMIT_MAX);
	if (error)
		return error;
	if (unchanged)
		since_unchanged(request, response, walk.ranking);
	else
		error = walk_answer(&walk, request, response, encode_page, &query);
	ranking_unref(walk.ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/queue",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = queue,
	},
};
const struct route_table queue_routes = {routes, sizeof routes / sizeof *routes};

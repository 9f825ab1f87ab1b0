/*
 * GET …/queue: pages of the newest ranking, or of the one that a cursor began in. Encoded once per
 * ranking and query, then shared.
 */
#include <stdio.h>
#include <string.h>

#include "base/metrics.h"
#include "base/num.h"
#include "http/resources/view.h"
#include "http/resources/tables.h"
#include "live/live.h"

enum { QUEUE_LIMIT_MAX = 500, REASONS = 3 };

struct queue_query {
	struct str stream, band, team; /* absent: any */
	size_t limit;
	size_t begin;    /* the first rank to look at, minus one */
	char text[1024]; /* stream, band and team, for the cursor */
	size_t text_bytes;
};

/* An absent filter and an empty one ask for different pages, so they must read differently. */
static void append_filter(struct queue_query *query, struct str value)
{
	size_t room = sizeof query->text - query->text_bytes;
	char *to = query->text + query->text_bytes;
	int used = value.ptr ? snprintf(to, room, "%zu:%.*s;", value.len, STR_ARG(value))
			     : snprintf(to, room, "-;");

	query->text_bytes += used > 0 && (size_t)used < room ? (size_t)used : 0;
}

static enum error read_filter(struct request *request, const char *name, struct str *out)
{
	char pointer[32];

	*out = request_query(request, name);
	if (out->len <= 255)
		return ERR_OK;
	snprintf(pointer, sizeof pointer, "/query/%s", name);
	diag_add(&request->diag, pointer, "At most 255 bytes.");
	return ERR_INVALID;
}

static enum error read_query(struct request *request, struct queue_query *out)
{
	static const char *const known[] = {
		"stream", "band", "team", "limit", "cursor", "min_revision", NULL};
	enum error error = request_query_only(request, known);

	out->begin = out->text_bytes = 0;
	if (!error)
		error = read_filter(request, "stream", &out->stream);
	if (!error)
		error = read_filter(request, "band", &out->band);
	if (!error)
		error = read_filter(request, "team", &out->team);
	if (!error)
		error = query_limit(request, QUEUE_LIMIT_MAX, &out->limit);
	if (error)
		return error;
	append_filter(out, out->stream);
	append_filter(out, out->band);
	append_filter(out, out->team);
	return ERR_OK;
}

/* "<ranking id>:<position>": the walk stays in the ranking that it began in. */
static enum error ranking_of_cursor(
	struct request *request, struct queue_query *query, struct ranking **out)
{
	struct str cursor = request_query(request, "cursor");
	char id[sizeof((struct ranking *)NULL)->id];
	const char *colon;
	struct str payload;
	uint64_t begin;
	enum error error = cursor_open(
		request, (struct str){query->text, query->text_bytes}, cursor, &payload);

	if (error)
		return error;
	colon = memchr(payload.ptr, ':', payload.len);
	if (!colon || (size_t)(colon - payload.ptr) >= sizeof id)
		return ERR_BAD_CURSOR;
	snprintf(id, sizeof id, "%.*s", (int)(colon - payload.ptr), payload.ptr);
	if (!num_parse_u64((struct str){colon + 1, payload.len - (size_t)(colon + 1 - payload.ptr)},
		    &begin))
		return ERR_BAD_CURSOR;
	query->begin = (size_t)begin;
	return live_ranking_by_id(request->service->live, &request->workspace.id, id, out);
}

static bool matches(const struct ranking *ranking, uint32_t row, const struct queue_query *query)
{
	const char *band;

	if (query->stream.ptr && !str_eq(ranking_text(ranking, row, ROW_STREAM), query->stream))
		return false;
	if (query->team.ptr && !str_eq(ranking_text(ranking, row, ROW_TEAM), query->team))
		return false;
	if (!query->band.ptr)
		return true;
	band = ranking_band_name(ranking, row);
	return band && str_is(query->band, band);
}

/* The contributions that weigh most, in words. */
static void write_reasons(
	struct json_writer *json, struct arena *arena, const struct ranking *ranking, uint32_t row)
{
	const struct wn_contribution *all = view_contributions(arena, ranking, row);
	size_t count = ranking->model->model.term_count;
	bool taken[WN_MAX_TERMS] = {false};
	struct buf text = BUF_INIT;

	json_key(json, "reasons");
	json_array_begin(json);
	for (int n = 0; all && n < REASONS; n++) {
		size_t best = count;

		for (size_t i = 0; i < count; i++) {
			if (!taken[i] &&
				(best == count || all[i].contribution > all[best].contribution))
				best = i;
		}
		if (best == count)
			break;
		taken[best] = true;
		buf_reset(&text);
		view_contribution_text(&text, ranking, &all[best]);
		json_str(json, buf_view(&text));
	}
	json_array_end(json);
	json->out->failed = json->out->failed || !all || text.failed;
	buf_release(&text);
}

static void write_entry(
	struct json_writer *json, struct arena *arena, const struct ranking *ranking, uint32_t row)
{
	json_object_begin(json);
	json_put(json, "rank", int, ranking->decision.order.rank[row]);
	view_write_row(json, ranking, row);
	view_write_score(json, ranking, row);
	write_reasons(json, arena, ranking, row);
	view_write_order(json, ranking, row, false);
	json_object_end(json);
}

/* Writes the page; *next is the position behind its last entry, or 0 when the queue ends there. */
static void write_entries(struct json_writer *json, struct arena *arena,
	const struct ranking *ranking, const struct queue_query *query, size_t *next)
{
	size_t at = query->begin, written = 0;

	json_key(json, "entries");
	json_array_begin(json);
	for (; at < ranking->decision.order.count && written < query->limit; at++) {
		uint32_t row = ranking->decision.order.order[at];

		if (!matches(ranking, row, query))
			continue;
		write_entry(json, arena, ranking, row);
		written++;
	}
	json_array_end(json);
	while (at < ranking->decision.order.count &&
		!matches(ranking, ranking->decision.order.order[at], query))
		at++;
	*next = at < ranking->decision.order.count ? at : 0;
}

static struct shared_body *encode_page(
	struct request *request, const struct ranking *ranking, const struct queue_query *query)
{
	struct buf out = BUF_INIT;
	struct json_writer json;
	char payload[80];
	size_t next;

	json_writer_init(&json, &out);
	json_object_begin(&json);
	view_write_ranking(&json, ranking);
	json_put(&json, "count", int, (int64_t)ranking->decision.order.count);
	write_entries(&json, &request->arena, ranking, query, &next);
	if (next > 0) {
		snprintf(payload, sizeof payload, "%s:%zu", ranking->id, next);
		write_next(&json, request, (struct str){query->text, query->text_bytes},
			str_from(payload));
	}
	json_object_end(&json);
	return shared_body_new(&out);
}

static enum error answer_page(struct request *request, struct response *response,
	struct ranking *ranking, const struct queue_query *query)
{
	char key[sizeof query->text + 48];
	int key_bytes = snprintf(key, sizeof key, "%zu:%zu:%.*s", query->begin, query->limit,
		(int)query->text_bytes, query->text);
	struct str page = {key, (size_t)key_bytes};

	if (view_headers(request, response, ranking))
		return ERR_OK;
	response->shared = ranking_page_get(ranking, page);
	if (response->shared) {
		metric_add(METRIC_page_cache_hits, 1);
		return ERR_OK;
	}
	metric_add(METRIC_page_cache_misses, 1);
	response->shared = encode_page(request, ranking, query);
	if (!response->shared)
		return ERR_NO_MEMORY;
	ranking_page_put(ranking, page, response->shared);
	return ERR_OK;
}

static enum error queue(struct request *request, struct response *response)
{
	struct ranking *ranking = NULL;
	struct queue_query query;
	enum error error = read_query(request, &query);

	if (error)
		return error;
	if (request_query(request, "cursor").ptr)
		error = ranking_of_cursor(request, &query, &ranking);
	else
		error = view_ranking(request, &ranking);
	if (error == ERR_GONE)
		request->problem_members = arena_printf(&request->arena,
			"\"first_page\":\"/v1/workspaces/%s/queue\"", request->workspace.name);
	if (error)
		return error;
	error = answer_page(request, response, ranking, &query);
	ranking_unref(ranking);
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

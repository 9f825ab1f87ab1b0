/*
 * GET …/items/{id}/impact: what waits for an item, and the score that it carries.
 */
#include "service/impact.h"

#include <math.h>

#include "http/resources/tables.h"
#include "http/resources/view.h"

static void write_waiting(
	struct json_writer *json, const struct ranking *ranking, const struct waiting *waiting)
{
	uint32_t rank = ranking->decision.order.rank[waiting->row];

	json_object_begin(json);
	json_key(json, "rank");
	if (rank > 0)
		json_int(json, rank);
	else
		json_nil(json);
	view_write_row(json, ranking, waiting->row);
	json_put(json, "score", number,
		veil_hides_scores(json, ranking) ? NAN : ranking->decision.score[waiting->row]);
	json_put(json, "band", text, ranking_band_name(ranking, waiting->row));
	json_put(json, "distance", int, waiting->distance);
	json_object_end(json);
}

/* The first `limit` of those that wait directly, or of all. */
static void write_list(struct json_writer *json, const struct ranking *ranking,
	const struct impact *impact, bool direct, size_t limit)
{
	size_t written = 0;

	json_key(json, direct ? "direct" : "all");
	json_array_begin(json);
	for (size_t i = 0; i < impact->count && written < limit; i++) {
		if (direct && impact->waiting[i].distance != 1)
			continue;
		write_waiting(json, ranking, &impact->waiting[i]);
		written++;
	}
	json_array_end(json);
}

/* The first `count` of them. */
static void write_shares(struct json_writer *json, const char *key, const char *name,
	const struct impact_share *shares, size_t count)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(json);
		json_put(json, name, str, shares[i].word);
		json_put(json, "items", int, (int64_t)shares[i].items);
		json_object_end(json);
	}
	json_array_end(json);
}

/* Waiting items are by rank, so the first is the best. */
static void write_best(
	struct json_writer *json, const struct ranking *ranking, const struct impact *impact)
{
	json_key(json, "best");
	if (impact->count == 0 || ranking->decision.order.rank[impact->waiting[0].row] == 0)
		json_nil(json);
	else
		view_write_item(json, ranking, impact->waiting[0].row);
}

static enum error write_impact(struct request *request, struct response *response,
	const struct ranking *ranking, uint32_t row, size_t limit)
{
	struct json_writer json;
	struct impact impact;
	enum error error = impact_find(ranking, row, &impact);

	if (error) {
		impact_release(&impact);
		return error;
	}
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	json_key(&json, "item");
	view_write_item(&json, ranking, row);
	view_write_ranking(&json, ranking);
	json_put(&json, "direct_count", int, (int64_t)impact.direct);
	json_put(&json, "count", int, (int64_t)impact.count);
	json_put(&json, "carried_score", number,
		veil_hides_scores(&json, ranking) ? NAN : impact.score);
	json_key(&json, "unscored");
	if (veil_hides_scores(&json, ranking))
		json_nil(&json);
	else
		json_int(&json, (int64_t)impact.unscored);
	json_put(&json, "furthest", int, impact.furthest);
	write_best(&json, ranking, &impact);
	write_shares(&json, "streams", "stream", impact.streams, impact.stream_count);
	json_put(&json, "team_count", int, (int64_t)impact.team_count);
	write_shares(&json, "teams", "team", impact.teams,
		impact.team_count < limit ? impact.team_count : limit);
	write_list(&json, ranking, &impact, true, limit);
	write_list(&json, ranking, &impact, false, limit);
	json_object_end(&json);
	impact_release(&impact);
	return response_done(response);
}

static enum error impact(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "min_revision", NULL};
	struct ranking *ranking;
	uint32_t row;
	size_t limit;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = view_item(request, &ranking, &row);
	if (error)
		return error;
	if (!view_may_search(request, ranking))
		error = ERR_WOULD_BLOCK;
	else if (!view_headers(request, response, ranking))
		error = write_impact(request, response, ranking, row, limit);
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items/{id}/impact",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = impact,
	},
};
const struct route_table impact_routes = {routes, sizeof routes / sizeof *routes};

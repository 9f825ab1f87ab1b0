/*
 * GET …/quadrants: the ranked items by what users see and what the system depends on, as the active contract
 * draws the axes. By rank; each list is cut to the limit, the counts are whole.
 */
#include "http/resources/stream_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/walk.h"
#include "service/streams.h"

enum { QUADRANT_LIMIT_MAX = 500 };

static const char *const names[WN_QUADRANTS] = {
	[WN_CRITICAL_FEATURES] = "critical_features",
	[WN_MODEL_HYGIENE] = "model_hygiene",
	[WN_TECHNICAL_DEBT] = "technical_debt",
	[WN_INNOVATION] = "innovation",
	[WN_UNPLACED] = "unplaced",
};

static void write_quadrant(struct json_writer *json, const struct ranking *ranking, size_t limit,
	const uint8_t *by_row, enum wn_quadrant quadrant)
{
	const struct wn_ranking *order = &ranking->decision.order;
	size_t count = 0;

	json_object_begin(json);
	json_put(json, "quadrant", text, names[quadrant]);
	json_key(json, "items");
	json_array_begin(json);
	for (size_t i = 0; by_row && i < order->count; i++) {
		if (by_row[order->order[i]] == quadrant && count++ < limit)
			view_write_item(json, ranking, order->order[i]);
	}
	json_array_end(json);
	json_put(json, "count", int, (int64_t)count);
	json_object_end(json);
}

enum error stream_write_quadrants(
	struct json_writer *json, const struct survey *survey, struct arena *arena, size_t limit)
{
	uint8_t *by_row;

	if (!quadrants_make(survey, arena, &by_row))
		return ERR_NO_MEMORY;
	json_put(json, "drawn", bool, by_row != NULL);
	json_key(json, "quadrants");
	json_array_begin(json);
	for (int q = 0; q < WN_QUADRANTS; q++)
		write_quadrant(json, survey->ranking, limit, by_row, (enum wn_quadrant)q);
	json_array_end(json);
	return ERR_OK;
}

static enum error encode(struct walk *walk, struct request *request, void *unused, struct buf *out)
{
	struct json_writer json;
	struct survey survey;
	enum error error;

	(void)unused;
	error = stream_survey_of(request, walk->ranking, &survey);
	if (error)
		return error;
	view_begin(&json, request, out);
	json_object_begin(&json);
	view_write_ranking(&json, walk->ranking);
	error = stream_write_quadrants(&json, &survey, &request->arena, walk->limit);
	json_object_end(&json);
	return error;
}

static enum error quadrants(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "min_revision", NULL};
	struct walk whole = {0};
	enum error error = request_query_only(request, known);

	if (!error)
		error = walk_begin(&whole, request, QUADRANT_LIMIT_MAX);
	if (error)
		return error;
	error = walk_answer(&whole, request, response, encode, NULL);
	ranking_unref(whole.ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/quadrants",
		.roles = ROLES_READ,
		.flags = ROUTE_MEMORY,
		.handle = quadrants,
	},
};
const struct route_table quadrant_routes = {routes, sizeof routes / sizeof *routes};

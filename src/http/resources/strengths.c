/*
 * GET …/comparisons/strengths and …/comparisons/next: what comparisons have taught, and which would
 * teach the most.
 */

#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/walk.h"
#include "service/criteria.h"
#include "service/heavy.h"
#include "service/strengths.h"

enum { PAIRS_MAX = 100, PAIRS_DEFAULT = 10 };

/* ---- strengths ---- */

static void write_strengths(
	struct json_writer *json, const struct ranking *ranking, const struct strength_page *page)
{
	json_put(json, "count", int, (int64_t)page->total);
	json_put(json, "errors_exact", bool, page->errors_exact);
	json_key(json, "strengths");
	json_array_begin(json);
	for (size_t i = 0; i < page->count; i++) {
		const struct strength *strength = &page->items[i];

		json_object_begin(json);
		view_write_row(json, ranking, strength->row);
		json_put(json, "strength", number, strength->value);
		json_put(json, "standard_error", number, strength->error);
		json_put(json, "comparisons", int, strength->comparisons);
		json_object_end(json);
	}
	json_array_end(json);
}

static enum error write_strengths_page(
	struct request *request, struct response *response, struct walk *walk)
{
	struct call call = call_of(request);
	struct strength_page page;
	struct json_writer json;
	enum error error = heavy_begin(&call, HEAVY_MEMORY);

	if (error)
		return error;
	error = strengths_page(&call, walk->ranking, walk->begin, walk->limit, &page);
	heavy_end(&call, HEAVY_MEMORY);
	if (error)
		return error;
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	view_write_ranking(&json, walk->ranking);
	write_strengths(&json, walk->ranking, &page);
	if (walk->begin + page.count < page.total)
		walk_next(walk, request, &json, walk->begin + page.count);
	json_object_end(&json);
	return response_done(response);
}

static enum error strengths(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "cursor", "min_revision", NULL};
	struct walk walk = {0};
	enum error error = request_query_only(request, known);

	if (!error)
		error = walk_begin(&walk, request, LIST_LIMIT_MAX);
	if (error)
		return error;
	if (!view_headers(request, response, walk.ranking))
		error = write_strengths_page(request, response, &walk);
	ranking_unref(walk.ranking);
	return error;
}

/* ---- what to ask next: items ---- */

static void write_side(
	struct json_writer *json, const char *key, const struct ranking *ranking, uint32_t row)
{
	json_key(json, key);
	json_object_begin(json);
	view_write_row(json, ranking, row);
	json_object_end(json);
}

static enum error write_item_pairs(struct request *request, struct response *response,
	const struct ranking *ranking, size_t limit)
{
	struct call call = call_of(request);
	struct json_writer json;
	struct item_pair *pairs;
	size_t count;
	enum error error = heavy_begin(&call, HEAVY_MEMORY);

	if (error)
		return error;
	error = pairs_to_compare(&call, ranking, limit, &pairs, &count);
	heavy_end(&call, HEAVY_MEMORY);
	if (error)
		return error;
	response_revision(response, request, ranking->revision);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	view_write_ranking(&json, ranking);
	json_key(&json, "pairs");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(&json);
		write_side(&json, "a", ranking, pairs[i].a);
		write_side(&json, "b", ranking, pairs[i].b);
		json_put(&json, "gain", number, pairs[i].gain);
		json_put(&json, "chance", number, pairs[i].chance);
		json_put(&json, "comparisons", int, pairs[i].comparisons);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return response_done(response);
}

static enum error next_items(struct request *request, struct response *response, size_t limit)
{
	struct ranking *ranking;
	enum error error = view_ranking(request, &ranking);

	if (error)
		return error;
	error = write_item_pairs(request, response, ranking, limit);
	ranking_unref(ranking);
	return error;
}

/* ---- what to ask next: criteria ---- */

static void write_criteria_pair(struct json_writer *json, const struct criteria_pair *pair)
{
	static const char *const needs[] = {
		[CRITERIA_APART] = "apart",
		[CRITERIA_UNJUDGED] = "not_judged",
		[CRITERIA_UNCERTAIN] = "least_certain",
	};

	json_object_begin(json);
	json_put(json, "a", str, pair->a);
	json_put(json, "b", str, pair->b);
	json_put(json, "need", text, needs[pair->need]);
	json_put(json, "judgements", int, (int64_t)pair->judgements);
	json_put(json, "judged", number, pair->judged);
	json_put(json, "implied", number, pair->implied);
	json_object_end(json);
}

static enum error next_criteria(struct request *request, struct response *response, size_t limit)
{
	struct call call = call_of(request);
	struct criteria_pairs pairs;
	struct json_writer json;
	enum error error = query_min_revision(request, &call);

	if (!error)
		error = criteria_to_compare(&call, limit, &pairs);
	if (error)
		return error;
	response_revision(response, request, pairs.revision);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	json_put(&json, "revision", int, pairs.revision);
	write_names(&json, "features", pairs.features, pairs.feature_count);
	json_key(&json, "pairs");
	json_array_begin(&json);
	for (size_t i = 0; i < pairs.count; i++)
		write_criteria_pair(&json, &pairs.pairs[i]);
	json_array_end(&json);
	json_object_end(&json);
	return response_done(response);
}

static enum error next(struct request *request, struct response *response)
{
	static const char *const known[] = {"criteria", "limit", "min_revision", NULL};
	bool criteria;
	int64_t limit;
	enum error error = request_query_only(request, known);

	if (!error)
		error = request_query_bool(request, "criteria", false, &criteria);
	if (!error)
		error = request_query_int(request, "limit", 1, INT64_MAX, PAIRS_DEFAULT, &limit);
	if (error)
		return error;
	limit = limit < PAIRS_MAX ? limit : PAIRS_MAX;
	return criteria ? next_criteria(request, response, (size_t)limit)
			: next_items(request, response, (size_t)limit);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/comparisons/strengths",
		.roles = ROLES_READ,
		.handle = strengths,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/comparisons/next",
		.roles = ROLES_READ,
		.handle = next,
	},
};
const struct route_table strength_routes = {routes, sizeof routes / sizeof *routes};

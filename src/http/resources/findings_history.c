/*
 * GET …/findings/history: what history tells of the backlog as of now. Read from PostgreSQL each time; what one
 * ranking tells alone is GET …/findings, which needs nothing but memory.
 */
#include <math.h>

#include "base/clock.h"
#include "http/resources/finding_view.h"
#include "http/resources/stream_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"

static void write_answer(
	struct json_writer *json, const struct survey *survey, const struct findings *findings)
{
	json_object_begin(json);
	view_write_ranking(json, survey->ranking);
	json_put(json, "at", time, llround(survey->now_s * US_PER_S));
	json_key(json, "findings");
	json_array_begin(json);
	for (int kind = 0; kind < FINDING_HISTORY_KINDS; kind++)
		finding_write_kind(json, survey->ranking, findings, (enum finding_kind)kind);
	json_array_end(json);
	json_key(json, "counts");
	json_object_begin(json);
	for (int kind = 0; kind < FINDING_HISTORY_KINDS; kind++)
		json_put(json, finding_kind_name((enum finding_kind)kind), int,
			(int64_t)findings->count[kind]);
	json_object_end(json);
	finding_write_shares(json, findings);
	json_put(json, "cut", bool, findings->cut);
	json_object_end(json);
}

static enum error find(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "min_revision", NULL};
	struct ranking *ranking = NULL;
	struct findings findings;
	struct json_writer json;
	struct survey survey;
	size_t limit;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, FINDING_LIMIT_MAX, &limit);
	if (!error)
		error = stream_survey(request, &ranking, &survey);
	if (error)
		return error;
	error = history_gate_begin(request, &survey);
	if (!error) {
		error = findings_of(request, &survey, limit, &findings);
		history_gate_end(request, &survey);
	}
	if (!error) {
		response_revision(response, request, ranking->revision);
		view_begin(&json, request, &response->body);
		write_answer(&json, &survey, &findings);
		error = response_done(response);
	}
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/findings/history",
		.roles = ROLES_READ,
		.handle = find,
	},
};
const struct route_table finding_history_routes = {routes, sizeof routes / sizeof *routes};

/*
 * GET …/streams and GET …/streams/{name}/health: how the streams stand against their contract, by the newest
 * ranking or that of a revision.
 */
#include "codec/contract.h"
#include "http/resources/stream_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/heavy.h"
#include "service/streams.h"

static enum error write_streams(
	struct json_writer *json, struct request *request, const struct survey *survey)
{
	enum error error;

	json_object_begin(json);
	stream_write_head(json, survey);
	json_put(json, "in_flight", int, (int64_t)survey->in_flight);
	json_put(json, "in_flight_days", number, survey->in_flight_days);
	error = stream_write_limits(json, request, survey);
	json_key(json, "streams");
	json_array_begin(json);
	for (size_t i = 0; i < survey->count; i++) {
		json_object_begin(json);
		stream_write_state(json, survey, &survey->streams[i]);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
	return error;
}

static enum error list_streams(struct request *request, struct response *response)
{
	static const char *const known[] = {"revision", "min_revision", NULL};
	struct ranking *ranking = NULL;
	struct json_writer json;
	struct survey survey;
	enum error error = request_query_only(request, known);

	if (!error)
		error = stream_survey(request, &ranking, &survey);
	if (error)
		return error;
	response_revision(response, request, ranking->revision);
	view_tell_suspension(request, response, ranking);
	view_begin(&json, request, &response->body);
	error = write_streams(&json, request, &survey);
	ranking_unref(ranking);
	return error ? error : response_done(response);
}

static enum error answer_health(struct request *request, struct response *response,
	const struct survey *survey, size_t weeks)
{
	const struct stream_state *state = survey_stream(survey, request->params[1]);
	struct call call = call_of(request);
	struct stream_health health;
	struct json_writer json;
	enum error error;

	if (!state)
		return ERR_NOT_FOUND;
	error = stream_health_make(&call, survey, state, weeks, &health);
	if (!error)
		error = stream_note_people(request, health.limits, health.limit_count);
	if (error)
		return error;
	response_revision(response, request, survey->ranking->revision);
	view_tell_suspension(request, response, survey->ranking);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	stream_write_head(&json, survey);
	stream_write_state(&json, survey, state);
	stream_write_health(&json, survey, &health);
	json_object_end(&json);
	return response_done(response);
}

static enum error stream_health(struct request *request, struct response *response)
{
	static const char *const known[] = {"weeks", "revision", "min_revision", NULL};
	struct call call = call_of(request);
	struct ranking *ranking = NULL;
	struct survey survey;
	int64_t weeks;
	enum error error = request_query_only(request, known);

	if (!error)
		error = request_query_int(
			request, "weeks", 1, STREAM_WEEKS_MAX, STREAM_WEEKS, &weeks);
	if (!error)
		error = stream_survey(request, &ranking, &survey);
	if (error)
		return error;
	if (ranking->rows > WHATIF_LIGHT_ROWS)
		error = heavy_begin(&call, HEAVY_WORK);
	if (!error) {
		error = answer_health(request, response, &survey, (size_t)weeks);
		if (ranking->rows > WHATIF_LIGHT_ROWS)
			heavy_end(&call, HEAVY_WORK);
	}
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/streams",
		.roles = ROLES_READ,
		.handle = list_streams,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/streams/{name}/health",
		.roles = ROLES_READ,
		.handle = stream_health,
	},
};
const struct route_table stream_routes = {routes, sizeof routes / sizeof *routes};

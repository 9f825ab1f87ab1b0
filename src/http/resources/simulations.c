/*
 * POST …/simulations: the newest ranking as it would be with other weights, another model or
 * policy, other values, or without some items. Writes nothing.
 */
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/whatif.h"

static enum error answer(struct request *request, struct response *response,
	const struct ranking *ranking, const struct simulation_request *wanted)
{
	struct simulation simulation;
	struct json_writer json;
	enum error error = whatif_run(request, ranking, wanted, &simulation);

	if (!error) {
		response_revision(response, request, ranking->revision);
		view_begin(&json, request, &response->body);
		json_object_begin(&json);
		error = whatif_write(request, &json, wanted, &simulation);
		json_object_end(&json);
	}
	simulation_release(&simulation);
	return error ? error : response_done(response);
}

static enum error simulate(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	static const char *const keys[] = {
		"top", "weights", "model", "policy", "changes", "items", NULL};
	struct simulation_request wanted = {0};
	struct ranking *ranking;
	json_t *body;
	enum error error = request_query_only(request, known);

	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	error = body_json_or_none(request, &body);
	if (!error) {
		error = whatif_read(request, body, keys, ranking, &wanted);
		if (!error)
			error = answer(request, response, ranking, &wanted);
		json_decref(body);
	}
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/simulations",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_HEAVY,
		.body = BODY_JSON,
		.body_bytes = 4 << 20,
		.handle = simulate,
	},
};
const struct route_table simulation_routes = {routes, sizeof routes / sizeof *routes};

/*
 * POST …/policies:check: what the newest ranking would be under another policy, and what each of
 * its rules does. Writes nothing.
 */
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/whatif.h"

static void write_rule(struct json_writer *json, const struct policy_rule *rule,
	const struct simulation_rule *effect)
{
	json_object_begin(json);
	json_put(json, "id", str, rule->id);
	json_put(json, "effect", text, policy_effect_name(rule->rule.effect));
	json_put(json, "reason", str, rule->reason);
	json_put(json, "in_force", bool, effect->in_force);
	json_put(json, "hits", int, (int64_t)effect->hits);
	json_put(json, "out", int, (int64_t)effect->out);
	json_put(json, "held", int, (int64_t)effect->held);
	json_put(json, "pinned", int, (int64_t)effect->pinned);
	json_put(json, "band_changed", int, (int64_t)effect->band_changed);
	json_put(json, "moved", int, (int64_t)effect->moved);
	json_object_end(json);
}

static enum error write_rules(
	struct request *request, struct json_writer *json, const struct simulation *simulation)
{
	const struct policy_version *policy = simulation->policy;
	struct simulation_rule *rules;
	enum error error = simulation_rules(simulation, &request->arena, &rules);

	if (error)
		return error;
	json_key(json, "rules");
	json_array_begin(json);
	for (size_t i = 0; i < policy->rule_count; i++)
		write_rule(json, &policy->rules[i], &rules[i]);
	json_array_end(json);
	return ERR_OK;
}

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
		if (!error)
			error = write_rules(request, &json, &simulation);
		json_object_end(&json);
	}
	simulation_release(&simulation);
	return error ? error : response_done(response);
}

static enum error read_body(struct request *request, const json_t *body,
	const struct ranking *ranking, struct simulation_request *out)
{
	static const char *const keys[] = {"policy", "top", NULL};
	const json_t *policy = json_object_get(body, "policy");
	enum error error = whatif_read(request, body, keys, ranking, out);

	/* To check none, there is nothing to do. */
	if (error || (policy && !json_is_null(policy)))
		return error;
	diag_add(&request->diag, "/policy", "A policy, or a version's number, is needed.");
	return ERR_INVALID;
}

static enum error check(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct simulation_request wanted = {0};
	struct ranking *ranking;
	json_t *body;
	enum error error = request_query_only(request, known);

	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	error = body_json(request, &body);
	if (!error) {
		error = read_body(request, body, ranking, &wanted);
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
		.path = "/v1/workspaces/{ws}/policies:check",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_HEAVY,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = check,
	},
};
const struct route_table policy_check_routes = {routes, sizeof routes / sizeof *routes};

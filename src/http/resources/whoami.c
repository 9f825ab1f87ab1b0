/*
 * GET /v1/whoami: what the presented token is and may do.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"

static void write_roles(struct json_writer *json, uint32_t roles)
{
	json_key(json, "roles");
	json_array_begin(json);
	for (uint32_t bit = 1; bit <= ROLE_OPERATOR; bit <<= 1) {
		if (roles & bit)
			json_text(json, role_name(bit));
	}
	json_array_end(json);
}

static void write_grant(struct json_writer *json, const struct grant *grant)
{
	json_object_begin(json);
	json_put(json, "workspace", uuid, &grant->workspace);
	write_roles(json, grant->roles);
	write_names(json, "sources", grant->sources, grant->source_count);
	if (grant->expires_us != TIME_NONE)
		json_put(json, "expires_at", time, grant->expires_us);
	json_object_end(json);
}

static enum error whoami(struct request *request, struct response *response)
{
	const struct principal *principal = request->principal;
	struct json_writer json;

	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "token_id", uuid, &principal->token_id);
	json_put(&json, "label", str, principal->label);
	json_put(&json, "actor_kind", text, actor_kind_name(principal->actor_kind));
	if (principal->person.ptr)
		json_put(&json, "person", str, principal->person);
	json_put(&json, "home", uuid, &principal->workspace);
	write_roles(&json, principal->roles);
	write_names(&json, "sources", principal->sources, principal->source_count);
	json_put(&json, "expires_at", time, principal->expires_us);
	json_key(&json, "grants");
	json_array_begin(&json);
	for (size_t i = 0; i < principal->grant_count; i++)
		write_grant(&json, &principal->grants[i]);
	json_array_end(&json);
	json_object_end(&json);
	response_header(response, request, "Cache-Control", "no-store");
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/whoami",
		.roles = ROLES_ANY_MEMBER | ROLE_OPERATOR,
		.flags = ROUTE_MEMORY,
		.handle = whoami,
	},
};
const struct route_table whoami_routes = {routes, sizeof routes / sizeof *routes};

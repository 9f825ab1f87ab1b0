/*
 * Grants: what an operator's token may do in a workspace. No roles withdraws.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/tokens.h"

static void write_grant(struct json_writer *json, const struct grant_row *grant)
{
	json_object_begin(json);
	json_put(json, "token_id", uuid, &grant->token_id);
	write_names(json, "roles", grant->roles, grant->role_count);
	write_names(json, "sources", grant->sources, grant->source_count);
	if (grant->expires_us != TIME_NONE)
		json_put(json, "expires_at", time, grant->expires_us);
	json_put(json, "revision", int, grant->revision);
	json_object_end(json);
}

static enum error list(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct grant_row *rows;
	struct json_writer json;
	int64_t revision;
	size_t count;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = grant_list(&call, &rows, &count, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "grants");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].role_count > 0)
			write_grant(&json, &rows[i]);
	}
	json_array_end(&json);
	json_object_end(&json);
	return response_done(response);
}

static enum error read_request(struct request *request, struct grant_request *out)
{
	static const char *const keys[] = {"token_id", "roles", "sources", "expires_at", NULL};
	struct diag *diag = &request->diag;
	struct arena *arena = &request->arena;
	struct str id = STR_NONE;
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	*out = (struct grant_request){.expires_us = TIME_NONE};
	json_only_keys(body, keys, "", diag);
	json_read_text(body, "token_id", 1, 64, true, "", diag, arena, &id);
	if (id.ptr && !uuid_from_text(id, &out->token_id))
		diag_add(diag, "/token_id", "This is not a UUID.");
	if (!json_object_get(body, "roles"))
		diag_add(diag, "/roles", "Needed; an empty list withdraws the grant.");
	json_read_texts(body, "roles", 16, 64, "", diag, arena, &out->roles, &out->role_count);
	json_read_texts(
		body, "sources", 100, 255, "", diag, arena, &out->sources, &out->source_count);
	json_read_time(body, "expires_at", false, "", diag, &out->expires_us);
	json_decref(body);
	return diag->count ? ERR_INVALID : ERR_OK;
}

static enum error set(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct grant_request wanted;
	struct grant_row grant;
	struct written written;
	struct json_writer json;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = read_request(request, &wanted);
	if (!error)
		error = grant_set(&call, &wanted, &grant, &written);
	if (error)
		return error;
	response_written(response, request, &written);
	json_writer_init(&json, &response->body);
	write_grant(&json, &grant);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/grants",
		.roles = ROLE_ADMIN | ROLE_AUDITOR | ROLE_OPERATOR,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/grants",
		.roles = ROLE_ADMIN | ROLE_OPERATOR,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = set,
	},
};
const struct route_table grant_routes = {routes, sizeof routes / sizeof *routes};

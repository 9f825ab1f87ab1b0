/*
 * Tokens of a workspace, and of operators (/v1/tokens). A secret is in the answer to its creation
 * and nowhere else.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/tokens.h"

static void write_token_fields(struct json_writer *json, const struct token_row *token)
{
	json_put(json, "id", uuid, &token->id);
	json_put(json, "label", str, token->label);
	write_names(json, "roles", token->roles, token->role_count);
	write_names(json, "sources", token->sources, token->source_count);
	json_put(json, "actor_kind", str,
		token->actor_kind.ptr ? token->actor_kind : STR("service"));
	if (token->person.ptr)
		json_put(json, "person", str, token->person);
	json_put(json, "created_by", str, token->created_by);
	json_put(json, "created_at", time, token->created_us);
	json_put(json, "expires_at", time, token->expires_us);
	if (token->revoked_us != TIME_NONE)
		json_put(json, "revoked_at", time, token->revoked_us);
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "cursor", NULL};
	struct call call = call_of(request);
	struct uuid after_id = {0};
	struct token_row *rows;
	struct json_writer json;
	char last[UUID_TEXT_SIZE];
	struct str after;
	int64_t revision;
	size_t limit, count;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = query_cursor(request, STR(""), &after);
	if (!error && after.ptr && !uuid_from_text(after, &after_id))
		error = ERR_BAD_CURSOR;
	if (!error)
		error = token_list(
			&call, after.ptr ? &after_id : NULL, limit, &rows, &count, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "tokens");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(&json);
		write_token_fields(&json, &rows[i]);
		json_object_end(&json);
	}
	json_array_end(&json);
	if (count == limit)
		write_next(
			&json, request, STR(""), str_from(uuid_to_text(&rows[count - 1].id, last)));
	json_object_end(&json);
	response_header(response, request, "Cache-Control", "no-store");
	return response_done(response);
}

/* Operators' tokens have one role, so it need not be said. */
static const struct str operator_role[] = {{"operator", 8}};

enum { LABEL_MOST = 65536 }; /* what a label may be is the service's to say */

/* Faults are left in the request's diag: the service adds its own, so that all are told at once. */
static enum error read_request(struct request *request, struct token_request *out)
{
	static const char *const keys[] = {"label", "roles", "sources", "expires_at",
		"expires_in_days", "actor_kind", "person", NULL};
	struct diag *diag = &request->diag;
	struct arena *arena = &request->arena;
	int64_t days = 0;
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	*out = (struct token_request){.expires_us = TIME_NONE};
	json_only_keys(body, keys, "", diag);
	json_read_text(body, "label", 0, LABEL_MOST, false, "", diag, arena, &out->label);
	json_read_texts(body, "roles", 16, 64, "", diag, arena, &out->roles, &out->role_count);
	json_read_texts(
		body, "sources", 100, 255, "", diag, arena, &out->sources, &out->source_count);
	json_read_text(body, "actor_kind", 0, LABEL_MOST, false, "", diag, arena, &out->actor_kind);
	json_read_text(body, "person", 0, LABEL_MOST, false, "", diag, arena, &out->person);
	json_read_time(body, "expires_at", false, "", diag, &out->expires_us);
	json_read_int(body, "expires_in_days", 1, TOKEN_MAX_DAYS, false, 0, "", diag, &days);
	if (days > 0 && out->expires_us != TIME_NONE)
		diag_add(diag, "/expires_in_days", "Give this or expires_at, not both.");
	json_decref(body);
	if (days > 0 && out->expires_us == TIME_NONE)
		out->expires_us = clock_now_us(request->clock) + days * 86400 * US_PER_S;
	if ((request->route->flags & ROUTE_SYSTEM) && out->role_count == 0) {
		out->roles = operator_role;
		out->role_count = 1;
	}
	return ERR_OK;
}

static enum error create(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	char secret[TOKEN_TEXT_SIZE];
	struct token_request wanted;
	struct token_row token;
	struct written written;
	struct json_writer json;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = read_request(request, &wanted);
	if (!error)
		error = token_create(&call, &wanted, &token, secret, &written);
	if (error)
		return error;
	response->status = 201;
	response_written(response, request, &written);
	response_header(response, request, "Cache-Control", "no-store");
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	write_token_fields(&json, &token);
	if (written.replayed)
		json_put(&json, "notice", text,
			"The secret was shown once, in the first answer to this request. If it was "
			"lost, revoke this token and make another with a new Idempotency-Key.");
	else
		json_put(&json, "secret", text, secret);
	json_object_end(&json);
	explicit_bzero(secret, sizeof secret);
	return response_done(response);
}

static enum error revoke(struct request *request, struct response *response)
{
	size_t place = request->route->flags & ROUTE_SYSTEM ? 0 : 1;
	struct call call = call_of(request);
	struct written written;
	struct uuid id;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = param_uuid(request, place, &id);
	if (!error)
		error = token_revoke(&call, &id, &written);
	if (error)
		return error;
	response->status = 204;
	response_written(response, request, &written);
	return ERR_OK;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/tokens",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/tokens",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = create,
	},
	{
		.method = "DELETE",
		.path = "/v1/tokens/{id}",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM | ROUTE_DECIDES,
		.handle = revoke,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/tokens",
		.roles = ROLE_ADMIN | ROLE_OPERATOR,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/tokens",
		.roles = ROLE_ADMIN | ROLE_OPERATOR,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = create,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}/tokens/{id}",
		.roles = ROLE_ADMIN | ROLE_OPERATOR,
		.flags = ROUTE_DECIDES,
		.handle = revoke,
	},
};
const struct route_table token_routes = {routes, sizeof routes / sizeof *routes};

/*
 * /v1/workspaces: created, listed and removed by operators.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/workspaces.h"

static void write_workspace(struct json_writer *json, const struct workspace_row *row)
{
	json_object_begin(json);
	json_put(json, "id", uuid, &row->id);
	json_put(json, "name", str, row->name);
	json_put(json, "title", str, row->title);
	json_put(json, "revision", int, row->head_revision);
	if (row->removed)
		json_put(json, "removed", bool, true);
	json_object_end(json);
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "cursor", NULL};
	struct call call = call_of(request);
	struct workspace_row *rows;
	struct json_writer json;
	struct str after;
	size_t limit, count;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = query_cursor(request, STR(""), &after);
	if (!error)
		error = workspace_list(&call, after, limit, &rows, &count);
	if (error)
		return error;
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "workspaces");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		write_workspace(&json, &rows[i]);
	json_array_end(&json);
	if (count == limit)
		write_next(&json, request, STR(""), rows[count - 1].name);
	json_object_end(&json);
	return response_done(response);
}

static enum error read_creation(struct request *request, struct str *name, struct str *title)
{
	static const char *const keys[] = {"name", "title", NULL};
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	if (json_only_keys(body, keys, "", &request->diag)) {
		json_read_text(
			body, "name", 1, 255, true, "", &request->diag, &request->arena, name);
		json_read_text(
			body, "title", 1, 255, false, "", &request->diag, &request->arena, title);
	}
	json_decref(body);
	return request->diag.count ? ERR_INVALID : ERR_OK;
}

static enum error create(struct request *request, struct response *response)
{
	struct str name = STR_NONE, title = STR_NONE;
	struct call call = call_of(request);
	struct workspace_row row;
	struct written written;
	struct json_writer json;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = read_creation(request, &name, &title);
	if (!error)
		error = workspace_create(&call, name, title, &row, &written);
	if (error)
		return error;
	response->status = 201;
	response_header(response, request, "Location", "/v1/workspaces/%.*s", STR_ARG(row.name));
	response_written(response, request, &written);
	json_writer_init(&json, &response->body);
	write_workspace(&json, &row);
	return response_done(response);
}

/* Its tag is the workspace's revision: whatever changes in it changes the tag. */
static enum error show(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct workspace_row row;
	struct json_writer json;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = workspace_get(&call, &row);
	if (error)
		return error;
	response_revision(response, request, row.head_revision);
	if (response_not_modified(response, request, revision_tag(request, row.head_revision)))
		return ERR_OK;
	json_writer_init(&json, &response->body);
	write_workspace(&json, &row);
	return response_done(response);
}

static enum error remove_workspace(struct request *request, struct response *response)
{
	struct precondition precondition = precondition_of(request);
	struct call call = call_of(request);
	struct written written;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = workspace_remove(&call, &precondition, &written);
	if (error)
		return error;
	response->status = 204;
	response_written(response, request, &written);
	return ERR_OK;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_SYSTEM,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = create,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}",
		.roles = ROLES_ANY_MEMBER | ROLE_OPERATOR,
		.handle = show,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}",
		.roles = ROLE_OPERATOR,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.handle = remove_workspace,
	},
};
const struct route_table workspace_routes = {routes, sizeof routes / sizeof *routes};

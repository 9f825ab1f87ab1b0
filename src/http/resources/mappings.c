/*
 * Source formats that the daemon reads, and the workspace's mapping for each.
 */
#include "http/resources/configured.h"
#include "http/resources/tables.h"
#include "intake/format.h"
#include "service/items.h"

static enum error list(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct json_writer json;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = workspace_revision(&call, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "sources");
	json_array_begin(&json);
	for (const struct source_format *const *format = source_formats; *format; format++) {
		json_object_begin(&json);
		json_put(&json, "format", text, (*format)->name);
		json_put(&json, "title", text, (*format)->title);
		json_put(&json, "default_source", text, (*format)->default_source);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return response_done(response);
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	const struct source_format *format = source_format_named(name);

	(void)request;
	if (!format)
		return ERR_NOT_FOUND;
	return mapping_parse(json, &format->terms, catalog, arena, diag, body);
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct mapping *mapping = catalog_mapping(catalog, name);

	(void)request;
	return mapping ? mapping->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	buf_str(out, catalog_mapping(catalog, name)->body);
}

const struct configured configured_mapping = {"mapping", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_mapping, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_mapping, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/sources",
		.roles = ROLES_ANY_MEMBER,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/sources/{format}/mapping",
		.roles = ROLES_ANY_MEMBER,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/sources/{format}/mapping",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
};
const struct route_table mapping_routes = {routes, sizeof routes / sizeof *routes};

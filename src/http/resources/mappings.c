/*
 * Source formats that the daemon reads, and the workspace's mapping for each.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "intake/format.h"
#include "service/catalogs.h"
#include "service/documents.h"
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

static enum error show(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	const struct mapping *mapping;
	struct catalog *catalog;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, &catalog, &revision);
	if (error)
		return error;
	mapping = catalog_mapping(catalog, request->params[1]);
	if (!mapping) {
		catalog_unref(catalog);
		return ERR_NOT_FOUND;
	}
	response_revision(response, request, revision);
	if (!response_not_modified(response, request, revision_tag(request, mapping->revision)))
		buf_str(&response->body, mapping->body);
	catalog_unref(catalog);
	return response_done(response);
}

struct mapping_body {
	const struct source_format *format;
	json_t *body;
};

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	const struct mapping_body *mapping = self;

	return mapping_parse(mapping->body, &mapping->format->terms, catalog, arena, diag, body);
}

static enum error put(struct request *request, struct response *response)
{
	struct precondition precondition = precondition_of(request);
	struct mapping_body body = {.format = source_format_named(request->params[1])};
	struct call call = call_of(request);
	struct document_put wanted = {
		.kind = "mapping",
		.name = request->params[1],
		.precondition = &precondition,
		.source = {parse, &body},
	};
	const struct mapping *mapping;
	struct catalog *catalog = NULL;
	struct written written;
	bool created;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (error)
		return error;
	if (!body.format)
		return ERR_NOT_FOUND;
	error = body_json(request, &body.body);
	if (error)
		return error;
	error = document_put(&call, &wanted, &created, &catalog, &written);
	json_decref(body.body);
	if (error)
		return error;
	mapping = catalog_mapping(catalog, request->params[1]);
	response->status = created ? 201 : 200;
	response_written(response, request, &written);
	response_header(response, request, "ETag", "%s", revision_tag(request, mapping->revision));
	buf_str(&response->body, mapping->body);
	catalog_unref(catalog);
	return response_done(response);
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
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
};
const struct route_table mapping_routes = {routes, sizeof routes / sizeof *routes};

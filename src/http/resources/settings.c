/*
 * The workspace's vocabularies: streams, kinds and statuses.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/catalogs.h"
#include "service/documents.h"

static enum error show(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, &catalog, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	if (!response_not_modified(
		    response, request, revision_tag(request, catalog->settings_revision)))
		buf_str(&response->body, catalog->settings_body);
	catalog_unref(catalog);
	return response_done(response);
}

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	(void)catalog;
	return settings_parse(self, arena, diag, body);
}

static enum error put(struct request *request, struct response *response)
{
	struct precondition precondition = precondition_of(request);
	struct call call = call_of(request);
	struct document_put wanted = {
		.kind = "settings",
		.name = STR("workspace"),
		.precondition = &precondition,
		.source.parse = parse,
	};
	struct catalog *catalog = NULL;
	struct written written;
	json_t *body;
	bool created;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	wanted.source.self = body;
	error = document_put(&call, &wanted, &created, &catalog, &written);
	json_decref(body);
	if (error)
		return error;
	response_written(response, request, &written);
	response_header(
		response, request, "ETag", "%s", revision_tag(request, catalog->settings_revision));
	buf_str(&response->body, catalog->settings_body);
	catalog_unref(catalog);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/settings",
		.roles = ROLES_ANY_MEMBER,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/settings",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
};
const struct route_table settings_routes = {routes, sizeof routes / sizeof *routes};

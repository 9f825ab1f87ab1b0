/*
 * The feature catalogue: definitions, each a version of its own.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/catalogs.h"
#include "service/documents.h"

static bool is_visible(const struct request *request, const struct feature_definition *feature)
{
	return feature && (!feature->sensitive || sees_sensitive(request));
}

static enum error list(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	struct json_writer json;
	int64_t revision;
	bool first = true;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, &catalog, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	buf_puts(&response->body, "{\"features\":[");
	for (size_t i = 0; i < catalog->feature_count; i++) {
		if (!is_visible(request, &catalog->features[i]))
			continue;
		if (!first)
			buf_putc(&response->body, ',');
		first = false;
		feature_definition_write(&response->body, &catalog->features[i]);
	}
	buf_puts(&response->body, "]}");
	catalog_unref(catalog);
	return response_done(response);
}

static enum error show(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	const struct feature_definition *feature;
	struct catalog *catalog;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, &catalog, &revision);
	if (error)
		return error;
	feature = catalog_feature(catalog, request->params[1]);
	if (!is_visible(request, feature)) {
		catalog_unref(catalog);
		return ERR_NOT_FOUND;
	}
	response_revision(response, request, revision);
	if (!response_not_modified(response, request, revision_tag(request, feature->revision)))
		feature_definition_write(&response->body, feature);
	catalog_unref(catalog);
	return response_done(response);
}

struct definition {
	json_t *body;
	struct str name;
};

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	const struct definition *definition = self;
	const struct feature_definition *previous = catalog_feature(catalog, definition->name);
	size_t id = previous ? previous->id : catalog->feature_count;

	if (id >= UINT16_MAX / 2) {
		diag_add(diag, "", "A workspace has at most %d features.", UINT16_MAX / 2);
		return ERR_INVALID;
	}
	return feature_definition_parse(
		definition->body, definition->name, (uint16_t)id, previous, arena, diag, body);
}

static enum error put(struct request *request, struct response *response)
{
	struct precondition precondition = precondition_of(request);
	struct definition definition = {.name = request->params[1]};
	struct call call = call_of(request);
	struct document_put wanted = {
		.kind = "feature",
		.name = request->params[1],
		.precondition = &precondition,
		.source = {parse, &definition},
	};
	const struct feature_definition *feature;
	struct catalog *catalog = NULL;
	struct written written;
	bool created;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &definition.body);
	if (error)
		return error;
	error = document_put(&call, &wanted, &created, &catalog, &written);
	json_decref(definition.body);
	if (error)
		return error;
	feature = catalog_feature(catalog, request->params[1]);
	response->status = created ? 201 : 200;
	response_written(response, request, &written);
	response_header(response, request, "ETag", "%s", revision_tag(request, feature->revision));
	feature_definition_write(&response->body, feature);
	catalog_unref(catalog);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/features",
		.roles = ROLES_ANY_MEMBER,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/features/{name}",
		.roles = ROLES_ANY_MEMBER,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/features/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
};
const struct route_table feature_routes = {routes, sizeof routes / sizeof *routes};

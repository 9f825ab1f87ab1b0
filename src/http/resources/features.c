/*
 * The feature catalogue: definitions, each a version of its own.
 */
#include "http/resources/configured.h"
#include "http/resources/tables.h"

static bool is_visible(const struct request *request, const struct feature_definition *feature)
{
	return feature && !feature->deleted && (!feature->sensitive || sees_sensitive(request));
}

static enum error list(struct request *request, struct response *response)
{
	struct catalog *catalog;
	bool first = true;
	enum error error = configured_list_begin(request, response, "features", &catalog);

	if (error)
		return error;
	for (size_t i = 0; i < catalog->feature_count; i++) {
		if (!is_visible(request, &catalog->features[i]))
			continue;
		if (!first)
			buf_putc(&response->body, ',');
		first = false;
		feature_definition_write(&response->body, &catalog->features[i]);
	}
	return configured_list_end(response, catalog);
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	const struct feature_definition *previous = catalog_feature(catalog, name);
	size_t id = previous ? previous->id : catalog->feature_count;

	(void)request;
	if (id >= UINT16_MAX / 2) {
		diag_add(diag, "", "A workspace has at most %d features.", UINT16_MAX / 2);
		return ERR_INVALID;
	}
	return feature_definition_parse(json, name, (uint16_t)id, previous, arena, diag, body);
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct feature_definition *feature = catalog_feature(catalog, name);

	return is_visible(request, feature) ? feature->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	feature_definition_write(out, catalog_feature(catalog, name));
}

const struct configured configured_feature = {"feature", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_feature, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_feature, request->params[1]);
}

static enum error delete (struct request *request, struct response *response) {
	return configured_delete(request, response, &configured_feature, request->params[1]);
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
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}/features/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.handle = delete,
	},
};
const struct route_table feature_routes = {routes, sizeof routes / sizeof *routes};

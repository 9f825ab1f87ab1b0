/*
 * Launches: what went live, and the capacity that is kept back for it. Kept by their names; each change is a
 * version, and deleting one ends its reserve.
 */
#include "codec/contract.h"
#include "http/resources/configured.h"
#include "http/resources/tables.h"

static enum error list(struct request *request, struct response *response)
{
	struct catalog *catalog;
	enum error error = configured_list_begin(request, response, "launches", &catalog);

	if (error)
		return error;
	for (size_t i = 0; i < catalog->launch_count; i++) {
		if (i > 0)
			buf_putc(&response->body, ',');
		launch_write(&response->body, &catalog->launches[i]);
	}
	return configured_list_end(response, catalog);
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	enum error error;

	(void)request;
	if (configured_judge_name(name, "A launch", diag) &&
		catalog->launch_count >= LAUNCHES_MAX && !catalog_launch(catalog, name))
		diag_add(diag, "", "A workspace has at most %d launches.", (int)LAUNCHES_MAX);
	error = launch_parse(json, catalog, arena, diag, body);
	return !error && diag->count > 0 ? ERR_INVALID : error;
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct launch *launch = catalog_launch(catalog, name);

	(void)request;
	return launch ? launch->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	launch_write(out, catalog_launch(catalog, name));
}

const struct configured configured_launch = {"launch", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_launch, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_launch, request->params[1]);
}

static enum error delete (struct request *request, struct response *response) {
	return configured_delete(request, response, &configured_launch, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/launches",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/launches/{name}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/launches/{name}",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 16384,
		.handle = put,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}/launches/{name}",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.handle = delete,
	},
};
const struct route_table launch_routes = {routes, sizeof routes / sizeof *routes};

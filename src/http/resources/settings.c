/*
 * The workspace's vocabularies: streams, kinds and statuses.
 */
#include "http/resources/configured.h"
#include "http/resources/tables.h"

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	(void)request;
	(void)name;
	(void)catalog;
	return settings_parse(json, arena, diag, body);
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	(void)request;
	(void)name;
	return catalog->settings_revision;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	(void)name;
	buf_str(out, catalog->settings_body);
}

const struct configured configured_settings = {"settings", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_settings, STR("workspace"));
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_settings, STR("workspace"));
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
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
};
const struct route_table settings_routes = {routes, sizeof routes / sizeof *routes};

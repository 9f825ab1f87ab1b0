/*
 * Calendars: when a policy's freezes hold. Kept by their names; each change is a version.
 */
#include "http/resources/configured.h"
#include "http/resources/tables.h"

enum { MAX_CALENDARS = 256 };

static enum error list(struct request *request, struct response *response)
{
	struct catalog *catalog;
	enum error error = configured_list_begin(request, response, "calendars", &catalog);

	if (error)
		return error;
	for (size_t i = 0; i < catalog->calendar_count; i++) {
		if (i > 0)
			buf_putc(&response->body, ',');
		calendar_write(&response->body, &catalog->calendars[i]);
	}
	return configured_list_end(response, catalog);
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	enum error error;

	(void)request;
	if (configured_judge_name(name, "A calendar", diag) &&
		catalog->calendar_count >= MAX_CALENDARS && !catalog_calendar(catalog, name))
		diag_add(diag, "", "A workspace has at most %d calendars.", (int)MAX_CALENDARS);
	error = calendar_parse(json, arena, diag, body);
	return !error && diag->count > 0 ? ERR_INVALID : error;
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct calendar *calendar = catalog_calendar(catalog, name);

	(void)request;
	return calendar ? calendar->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	calendar_write(out, catalog_calendar(catalog, name));
}

const struct configured configured_calendar = {"calendar", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_calendar, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_calendar, request->params[1]);
}

static enum error delete (struct request *request, struct response *response) {
	return configured_delete(request, response, &configured_calendar, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/calendars",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/calendars/{name}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/calendars/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = put,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}/calendars/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.handle = delete,
	},
};
const struct route_table calendar_routes = {routes, sizeof routes / sizeof *routes};

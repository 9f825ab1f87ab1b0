/*
 * Recurrences: work that comes back each week, month or quarter. Kept by their names; each change is a version,
 * and deleting one ends what it raises.
 */
#include "codec/recurrence.h"
#include "http/resources/configured.h"
#include "http/resources/tables.h"

static enum error list(struct request *request, struct response *response)
{
	struct catalog *catalog;
	enum error error = configured_list_begin(request, response, "recurrences", &catalog);

	if (error)
		return error;
	for (size_t i = 0; i < catalog->recurrence_count; i++) {
		if (i > 0)
			buf_putc(&response->body, ',');
		recurrence_write(&response->body, &catalog->recurrences[i]);
	}
	return configured_list_end(response, catalog);
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	enum error error;

	(void)request;
	if (configured_judge_name(name, "A recurrence", diag) &&
		catalog->recurrence_count >= RECURRENCES_MAX && !catalog_recurrence(catalog, name))
		diag_add(diag, "", "A workspace has at most %d recurrences.", (int)RECURRENCES_MAX);
	error = recurrence_parse(json, catalog, arena, diag, body);
	return !error && diag->count > 0 ? ERR_INVALID : error;
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct recurrence *recurrence = catalog_recurrence(catalog, name);

	(void)request;
	return recurrence ? recurrence->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	recurrence_write(out, catalog_recurrence(catalog, name));
}

static const struct configured configured_recurrence = {"recurrence", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_recurrence, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_recurrence, request->params[1]);
}

static enum error delete (struct request *request, struct response *response) {
	return configured_delete(request, response, &configured_recurrence, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/recurrences",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/recurrences/{name}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/recurrences/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 16384,
		.handle = put,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}/recurrences/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.handle = delete,
	},
};
const struct route_table recurrence_routes = {routes, sizeof routes / sizeof *routes};

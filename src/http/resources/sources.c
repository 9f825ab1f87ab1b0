/*
 * POST …/sources/{format}/items: a tracker's own payload, turned into items by its format and then
 * treated like any other.
 */
#include "http/resources/ingest.h"
#include "http/resources/tables.h"
#include "intake/format.h"
#include "service/catalogs.h"

/* The workspace's mapping for the format, parsed; a new reference. */
static enum error mapping_json(
	struct request *request, const struct source_format *format, json_t **out)
{
	struct call call = call_of(request);
	const struct mapping *mapping;
	struct catalog *catalog;
	enum error error = catalog_current(&call, &catalog, NULL);

	if (error)
		return error;
	mapping = catalog_mapping(catalog, str_from(format->name));
	error = mapping ? json_parse(mapping->body, 1, "", &request->diag, out) : ERR_NOT_FOUND;
	catalog_unref(catalog);
	return error;
}

static enum error translate(
	struct request *request, const struct source_format *format, struct intake_result *out)
{
	struct intake_request intake = {
		.event = request_header(request, "X-GitHub-Event"),
		.source = request_query(request, "source"),
	};
	json_t *payload = NULL, *mapping = NULL;
	enum error error = body_json(request, &payload);

	if (!error)
		error = mapping_json(request, format, &mapping);
	intake.payload = payload;
	intake.mapping = mapping;
	if (!error)
		error = format->parse(&intake, &request->diag, out);
	json_decref(payload);
	json_decref(mapping);
	return error;
}

static enum error post(struct request *request, struct response *response)
{
	static const char *const known[] = {"mode", "dry_run", "source", NULL};
	const struct source_format *format = source_format_named(request->params[1]);
	struct ingest_body body = {.pointer_prefix = "/items", .action = "items.import"};
	struct intake_result result = {0};
	enum error error = request_query_only(request, known);

	if (error)
		return error;
	if (!format)
		return ERR_NOT_FOUND;
	error = translate(request, format, &result);
	if (error)
		return error;
	body.items = result.items;
	body.skipped = (int64_t)result.skipped;
	body.skipped_why = result.skipped_why;
	error = ingest_json(request, response, &body);
	json_decref(result.items);
	return error;
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/sources/{format}/items",
		.roles = ROLE_CONTRIBUTOR | ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = INGEST_MAX_BODY,
		.handle = post,
	},
};
const struct route_table source_routes = {routes, sizeof routes / sizeof *routes};

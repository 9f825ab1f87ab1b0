/*
 * GET /v1/schemas/item/{version}: the item's JSON Schema and data dictionary.
 */
#include "base/num.h"
#include "codec/item.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"

static enum error item_schema(struct request *request, struct response *response)
{
	uint64_t version;
	const char *text;

	if (!num_parse_u64(request->params[0], &version) || version > 1000)
		return ERR_NOT_FOUND;
	text = item_schema_text((unsigned)version);
	if (!text)
		return ERR_NOT_FOUND;
	response->content_type = "application/schema+json";
	buf_puts(&response->body, text);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/schemas/item/{version}",
		.flags = ROUTE_PUBLIC | ROUTE_MEMORY,
		.handle = item_schema,
	},
};
const struct route_table schema_routes = {routes, sizeof routes / sizeof *routes};

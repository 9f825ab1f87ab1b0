/*
 * Cards of models: what each version is for. Written after the model, and as often as more is known.
 */
#include "base/num.h"
#include "http/resources/configured.h"
#include "http/resources/tables.h"

/* 0: it names no version. The document's name is the number as it is written here. */
static int64_t version_of(const struct catalog *catalog, struct str name)
{
	uint64_t version;

	if (!num_parse_u64(name, &version) || version > catalog->model_count || name.ptr[0] == '0')
		return 0;
	return (int64_t)version;
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	(void)request;
	if (version_of(catalog, name) == 0)
		return ERR_NOT_FOUND;
	return model_card_parse(json, catalog, arena, diag, body);
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct model_card *card = catalog_card(catalog, version_of(catalog, name));

	(void)request;
	return card ? card->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	model_card_write(out, catalog_card(catalog, version_of(catalog, name)));
}

static const struct configured configured_card = {"model_card", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_card, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	return configured_put(request, response, &configured_card, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/models/{version}/card",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/models/{version}/card",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = put,
	},
};
const struct route_table model_card_routes = {routes, sizeof routes / sizeof *routes};

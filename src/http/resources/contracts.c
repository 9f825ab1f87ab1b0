/*
 * Contracts: immutable versions of what was agreed of the streams, behind an alias of their own.
 */
#include "codec/contract.h"
#include "http/resources/tables.h"
#include "http/resources/versioned.h"

static size_t count(const struct catalog *catalog)
{
	return catalog->contract_count;
}

static int64_t revision(const struct catalog *catalog, int64_t version)
{
	return catalog_contract(catalog, version)->revision;
}

static void write(struct buf *out, const struct catalog *catalog, int64_t version)
{
	contract_write(out, catalog_contract(catalog, version));
}

static void write_aliases(struct json_writer *json, const struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->contract_alias_count; i++) {
		json_key_str(json, catalog->contract_aliases[i].name);
		if (catalog->contract_aliases[i].contract > 0)
			json_int(json, catalog->contract_aliases[i].contract);
		else
			json_nil(json);
	}
}

static const struct versioned versioned_contract = {
	.plural = "contracts",
	.count = count,
	.revision = revision,
	.write = write,
	.write_aliases = write_aliases,
	.parse = contract_parse,
	.create = contract_create,
};

static enum error list(struct request *request, struct response *response)
{
	return versioned_list(request, response, &versioned_contract);
}

static enum error show(struct request *request, struct response *response)
{
	return versioned_show(request, response, &versioned_contract);
}

static enum error create(struct request *request, struct response *response)
{
	return versioned_create(request, response, &versioned_contract);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/contracts",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/contracts",
		.roles = ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = create,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/contracts/{version}",
		.roles = ROLES_READ,
		.handle = show,
	},
};
const struct route_table contract_routes = {routes, sizeof routes / sizeof *routes};

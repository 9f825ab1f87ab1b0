/*
 * Models: immutable versions, readable by every reader, behind aliases that can be moved.
 */
#include "http/resources/tables.h"
#include "http/resources/versioned.h"

static size_t count(const struct catalog *catalog)
{
	return catalog->model_count;
}

static int64_t revision(const struct catalog *catalog, int64_t version)
{
	return catalog_model(catalog, version)->revision;
}

static void write(struct buf *out, const struct catalog *catalog, int64_t version)
{
	model_write(out, catalog_model(catalog, version));
}

static bool is_sensitive(const struct catalog *catalog, int64_t version)
{
	return model_is_sensitive(catalog_model(catalog, version), catalog);
}

static struct str name(const struct catalog *catalog, int64_t version)
{
	return catalog_model(catalog, version)->name;
}

static void write_aliases(struct json_writer *json, const struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->alias_count; i++) {
		json_key_str(json, catalog->aliases[i].name);
		json_int(json, catalog->aliases[i].model);
	}
}

static const struct versioned versioned_model = {
	.plural = "models",
	.count = count,
	.revision = revision,
	.write = write,
	.is_sensitive = is_sensitive,
	.name = name,
	.write_aliases = write_aliases,
	.parse = model_parse,
	.create = model_create,
};

static enum error list(struct request *request, struct response *response)
{
	return versioned_list(request, response, &versioned_model);
}

static enum error show(struct request *request, struct response *response)
{
	return versioned_show(request, response, &versioned_model);
}

static enum error create(struct request *request, struct response *response)
{
	return versioned_create(request, response, &versioned_model);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/models",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/models",
		.roles = ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = 8 << 20, /* a table as CSV may have 4 MiB */
		.handle = create,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/models/{version}",
		.roles = ROLES_READ,
		.handle = show,
	},
};
const struct route_table model_routes = {routes, sizeof routes / sizeof *routes};

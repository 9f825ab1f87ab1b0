/*
 * Policies: immutable versions of the rules that no score can beat, behind aliases of their own.
 */
#include "http/resources/tables.h"
#include "http/resources/versioned.h"

static size_t count(const struct catalog *catalog)
{
	return catalog->policy_count;
}

static int64_t revision(const struct catalog *catalog, int64_t version)
{
	return catalog_policy(catalog, version)->revision;
}

static void write(struct buf *out, const struct catalog *catalog, int64_t version)
{
	policy_write(out, catalog_policy(catalog, version));
}

static bool is_sensitive(const struct catalog *catalog, int64_t version)
{
	return policy_is_sensitive(catalog_policy(catalog, version), catalog);
}

static struct str name(const struct catalog *catalog, int64_t version)
{
	return catalog_policy(catalog, version)->name;
}

static void write_aliases(struct json_writer *json, const struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->policy_alias_count; i++) {
		json_key_str(json, catalog->policy_aliases[i].name);
		if (catalog->policy_aliases[i].policy > 0)
			json_int(json, catalog->policy_aliases[i].policy);
		else
			json_nil(json);
	}
}

static const struct versioned versioned_policy = {
	.plural = "policies",
	.count = count,
	.revision = revision,
	.write = write,
	.is_sensitive = is_sensitive,
	.name = name,
	.write_aliases = write_aliases,
	.parse = policy_parse,
	.create = policy_create,
};

static enum error list(struct request *request, struct response *response)
{
	return versioned_list(request, response, &versioned_policy);
}

static enum error show(struct request *request, struct response *response)
{
	return versioned_show(request, response, &versioned_policy);
}

static enum error create(struct request *request, struct response *response)
{
	return versioned_create(request, response, &versioned_policy);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/policies",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/policies",
		.roles = ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = create,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/policies/{version}",
		.roles = ROLES_READ,
		.handle = show,
	},
};
const struct route_table policy_routes = {routes, sizeof routes / sizeof *routes};

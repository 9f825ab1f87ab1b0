/*
 * The alias of contracts: which version is in force (active), or none.
 */
#include "codec/contract.h"
#include "http/resources/configured.h"
#include "http/resources/tables.h"

static bool is_alias(struct str name)
{
	return str_is(name, "active");
}

/* 0: none. A body that does not say which is a slip, not a wish for none. */
static bool read_version(const json_t *json, struct diag *diag, int64_t *version)
{
	static const char *const keys[] = {"contract", NULL};

	*version = 0;
	if (!json_only_keys(json, keys, "", diag))
		return false;
	if (json_is_null(json_object_get(json, "contract")))
		return true;
	return json_read_int(json, "contract", 1, INT64_MAX, true, 0, "", diag, version);
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	const struct contract_version *contract;
	const char *text = "{\"contract\":null}";
	int64_t version;
	enum error error = ERR_OK;

	(void)request;
	(void)name;
	if (!read_version(json, diag, &version))
		return ERR_INVALID;
	if (version > 0) {
		contract = catalog_contract(catalog, version);
		if (!contract) {
			diag_add(diag, "/contract", "There is no contract version %lld.",
				(long long)version);
			return ERR_INVALID;
		}
		error = contract_check(contract, catalog, arena, diag);
		text = arena_printf(arena, "{\"contract\":%lld}", (long long)version);
	}
	if (error)
		return error;
	*body = str_from(text);
	return text ? ERR_OK : ERR_BUDGET;
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct contract_alias *alias = catalog_contract_alias(catalog, name);

	(void)request;
	return alias ? alias->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	const struct contract_alias *alias = catalog_contract_alias(catalog, name);
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "name", str, alias->name);
	json_key(&json, "contract");
	if (alias->contract > 0)
		json_int(&json, alias->contract);
	else
		json_nil(&json);
	json_put(&json, "revision", int, alias->revision);
	json_object_end(&json);
}

const struct configured configured_contract_alias = {"contract_alias", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_contract_alias, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	if (!is_alias(request->params[1]))
		return ERR_NOT_FOUND;
	return configured_put(request, response, &configured_contract_alias, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/contract-aliases/{name}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/contract-aliases/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 4096,
		.handle = put,
	},
};
const struct route_table contract_alias_routes = {routes, sizeof routes / sizeof *routes};

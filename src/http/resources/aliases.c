/*
 * Aliases: which model version ranks (active), which one is tried next (candidate). Promotion and
 * roll-back are the same: the alias is moved, in a revision.
 */
#include "http/resources/configured.h"
#include "http/resources/tables.h"
#include "service/promotion.h"

static bool is_alias(struct str name)
{
	return str_is(name, "active") || str_is(name, "candidate");
}

static enum error parse(struct request *request, const json_t *json, struct str name,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body)
{
	static const char *const keys[] = {"model", NULL};
	const char *text;
	int64_t model = 0;
	enum error error;

	(void)request;
	if (json_only_keys(json, keys, "", diag))
		json_read_int(json, "model", 1, INT64_MAX, true, 0, "", diag, &model);
	if (diag->count == 0 && !catalog_model(catalog, model))
		diag_add(diag, "/model", "There is no model version %lld.", (long long)model);
	if (diag->count)
		return ERR_INVALID;
	if (str_is(name, "active") && catalog->suspension.model > 0) {
		diag_add(diag, "",
			"Model %lld is suspended: resume it, with the version to go on with.",
			(long long)catalog->suspension.model);
		return ERR_CONFLICT;
	}
	error = promotion_check_model(catalog, name, catalog_model(catalog, model), diag);
	if (error)
		return error;
	text = arena_printf(arena, "{\"model\":%lld}", (long long)model);
	*body = str_from(text);
	return text ? ERR_OK : ERR_BUDGET;
}

static int64_t revision(
	const struct request *request, const struct catalog *catalog, struct str name)
{
	const struct alias *alias = catalog_alias(catalog, name);

	(void)request;
	return alias ? alias->revision : 0;
}

static void write(struct buf *out, const struct catalog *catalog, struct str name)
{
	const struct alias *alias = catalog_alias(catalog, name);
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "name", str, alias->name);
	json_put(&json, "model", int, alias->model);
	json_put(&json, "revision", int, alias->revision);
	json_object_end(&json);
}

const struct configured configured_alias = {"alias", parse, revision, write};

static enum error show(struct request *request, struct response *response)
{
	return configured_show(request, response, &configured_alias, request->params[1]);
}

static enum error put(struct request *request, struct response *response)
{
	if (!is_alias(request->params[1]))
		return ERR_NOT_FOUND;
	return configured_put(request, response, &configured_alias, request->params[1]);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/aliases/{name}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "PUT",
		.path = "/v1/workspaces/{ws}/aliases/{name}",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH | ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 4096,
		.handle = put,
	},
};
const struct route_table alias_routes = {routes, sizeof routes / sizeof *routes};

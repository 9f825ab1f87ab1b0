/*
 * Aliases: which model version ranks (active), which one is tried next (candidate). Promotion and
 * roll-back are the same: the alias is moved, in a revision.
 */
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/catalogs.h"
#include "service/documents.h"

static bool is_alias(struct str name)
{
	return str_is(name, "active") || str_is(name, "candidate");
}

static void write_alias(struct json_writer *json, const struct alias *alias)
{
	json_object_begin(json);
	json_put(json, "name", str, alias->name);
	json_put(json, "model", int, alias->model);
	json_put(json, "revision", int, alias->revision);
	json_object_end(json);
}

static enum error show(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	const struct alias *alias;
	struct catalog *catalog;
	struct json_writer json;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, &catalog, &revision);
	if (error)
		return error;
	alias = catalog_alias(catalog, request->params[1]);
	if (!alias) {
		catalog_unref(catalog);
		return ERR_NOT_FOUND;
	}
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	if (!response_not_modified(response, request, revision_tag(request, alias->revision)))
		write_alias(&json, alias);
	catalog_unref(catalog);
	return response_done(response);
}

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	static const char *const keys[] = {"model", NULL};
	const char *text;
	int64_t model = 0;

	if (json_only_keys(self, keys, "", diag))
		json_read_int(self, "model", 1, INT64_MAX, true, 0, "", diag, &model);
	if (diag->count == 0 && !catalog_model(catalog, model))
		diag_add(diag, "/model", "There is no model version %lld.", (long long)model);
	if (diag->count)
		return ERR_INVALID;
	text = arena_printf(arena, "{\"model\":%lld}", (long long)model);
	*body = str_from(text);
	return text ? ERR_OK : ERR_BUDGET;
}

static enum error put(struct request *request, struct response *response)
{
	struct precondition precondition = precondition_of(request);
	struct call call = call_of(request);
	struct document_put wanted = {
		.kind = "alias",
		.name = request->params[1],
		.precondition = &precondition,
		.source.parse = parse,
	};
	const struct alias *alias;
	struct catalog *catalog = NULL;
	struct written written;
	struct json_writer json;
	json_t *body;
	bool created;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (error)
		return error;
	if (!is_alias(request->params[1]))
		return ERR_NOT_FOUND;
	error = body_json(request, &body);
	if (error)
		return error;
	wanted.source.self = body;
	error = document_put(&call, &wanted, &created, &catalog, &written);
	json_decref(body);
	if (error)
		return error;
	alias = catalog_alias(catalog, request->params[1]);
	response->status = created ? 201 : 200;
	response_written(response, request, &written);
	response_header(response, request, "ETag", "%s", revision_tag(request, alias->revision));
	json_writer_init(&json, &response->body);
	write_alias(&json, alias);
	catalog_unref(catalog);
	return response_done(response);
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
		.flags = ROUTE_IF_MATCH,
		.body = BODY_JSON,
		.body_bytes = 4096,
		.handle = put,
	},
};
const struct route_table alias_routes = {routes, sizeof routes / sizeof *routes};

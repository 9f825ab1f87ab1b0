/*
 * Models: immutable versions, readable by every reader, behind aliases that can be moved.
 */
#include "base/num.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/catalogs.h"
#include "service/documents.h"

static void write_list(struct buf *out, const struct catalog *catalog)
{
	struct json_writer json;

	buf_puts(out, "{\"models\":[");
	for (size_t i = catalog->model_count; i > 0; i--) {
		model_write(out, &catalog->models[i - 1]);
		if (i > 1)
			buf_putc(out, ',');
	}
	buf_puts(out, "],\"aliases\":");
	json_writer_init(&json, out);
	json_object_begin(&json);
	for (size_t i = 0; i < catalog->alias_count; i++) {
		json_key_str(&json, catalog->aliases[i].name);
		json_int(&json, catalog->aliases[i].model);
	}
	json_object_end(&json);
	buf_putc(out, '}');
}

static enum error list(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, &catalog, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	write_list(&response->body, catalog);
	catalog_unref(catalog);
	return response_done(response);
}

static enum error show(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	const struct model_version *model;
	struct catalog *catalog;
	int64_t revision;
	uint64_t version;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (error)
		return error;
	if (!num_parse_u64(request->params[1], &version) || version > INT64_MAX)
		return ERR_NOT_FOUND;
	error = catalog_current(&call, &catalog, &revision);
	if (error)
		return error;
	model = catalog_model(catalog, (int64_t)version);
	if (!model) {
		catalog_unref(catalog);
		return ERR_NOT_FOUND;
	}
	response_revision(response, request, revision);
	if (!response_not_modified(response, request, revision_tag(request, model->revision)))
		model_write(&response->body, model);
	catalog_unref(catalog);
	return response_done(response);
}

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	return model_parse(self, catalog, arena, diag, body);
}

static enum error create(struct request *request, struct response *response)
{
	struct document_source source = {.parse = parse};
	struct call call = call_of(request);
	const struct model_version *model;
	struct catalog *catalog = NULL;
	struct written written;
	int64_t version;
	json_t *body;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	source.self = body;
	error = model_create(&call, &source, &version, &catalog, &written);
	json_decref(body);
	if (error)
		return error;
	model = catalog_model(catalog, version);
	response->status = written.changed ? 201 : 200;
	response_header(response, request, "Location", "/v1/workspaces/%s/models/%lld",
		request->workspace.name, (long long)version);
	response_header(response, request, "ETag", "%s", revision_tag(request, model->revision));
	response_written(response, request, &written);
	model_write(&response->body, model);
	catalog_unref(catalog);
	return response_done(response);
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
		.body_bytes = 1 << 20,
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

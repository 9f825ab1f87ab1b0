/*
 * The frame of what is configured by name.
 */
#include "http/resources/configured.h"

enum error configured_list_begin(struct request *request, struct response *response,
	const char *plural, struct catalog **catalog)
{
	struct call call = call_of(request);
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, catalog, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	buf_printf(&response->body, "{\"%s\":[", plural);
	return ERR_OK;
}

enum error configured_list_end(struct response *response, struct catalog *catalog)
{
	buf_puts(&response->body, "]}");
	catalog_unref(catalog);
	return response_done(response);
}

bool configured_judge_name(struct str name, const char *what, struct diag *diag)
{
	if (catalog_is_slug(name))
		return true;
	diag_add(diag, "",
		"%s's name begins with a letter a to z, followed by at most 62 letters a to z, "
		"digits, underscores or hyphens.",
		what);
	return false;
}

enum error configured_show(struct request *request, struct response *response,
	const struct configured *thing, struct str name)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	int64_t head, revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = catalog_current(&call, &catalog, &head);
	if (error)
		return error;
	revision = thing->revision(request, catalog, name);
	if (revision == 0) {
		catalog_unref(catalog);
		return ERR_NOT_FOUND;
	}
	response_revision(response, request, head);
	if (!response_not_modified(response, request, revision_tag(request, revision)))
		thing->write(&response->body, catalog, name);
	catalog_unref(catalog);
	return response_done(response);
}

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	const struct configured_body *given = self;

	return given->thing->parse(
		given->request, given->json, given->put.name, catalog, arena, diag, body);
}

enum error configured_body_begin(struct request *request, const struct configured *thing,
	struct str name, struct configured_body *out)
{
	*out = (struct configured_body){
		.request = request,
		.thing = thing,
		.precondition = precondition_of(request),
		.put = {.kind = thing->kind, .name = name, .source = {parse, out}},
	};
	out->put.precondition = &out->precondition;
	return body_json(request, &out->json);
}

void configured_body_end(struct configured_body *body)
{
	json_decref(body->json);
}

enum error configured_put_any(struct request *request, struct response *response,
	const struct configured *thing, struct str name)
{
	struct configured_body body;
	struct call call = call_of(request);
	struct catalog *catalog = NULL;
	struct written written;
	bool created;
	enum error error = configured_body_begin(request, thing, name, &body);

	if (error)
		return error;
	error = document_put(&call, &body.put, &created, &catalog, &written);
	configured_body_end(&body);
	if (error)
		return error;
	response->status = created ? 201 : 200;
	response_written(response, request, &written);
	response_header(response, request, "ETag", "%s",
		revision_tag(request, thing->revision(request, catalog, name)));
	thing->write(&response->body, catalog, name);
	catalog_unref(catalog);
	return response_done(response);
}

enum error configured_put(struct request *request, struct response *response,
	const struct configured *thing, struct str name)
{
	enum error error = request_query_only(request, (const char *const[]){NULL});

	return error ? error : configured_put_any(request, response, thing, name);
}

enum error configured_delete(struct request *request, struct response *response,
	const struct configured *thing, struct str name)
{
	struct precondition precondition = precondition_of(request);
	struct call call = call_of(request);
	struct written written;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = document_delete(&call, thing->kind, name, &precondition, &written);
	if (error)
		return error;
	response->status = 204;
	response_written(response, request, &written);
	return ERR_OK;
}

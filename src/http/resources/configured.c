/*
 * The frame of what is configured by name.
 */
#include "http/resources/configured.h"

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

struct judged {
	struct request *request;
	const struct configured *thing;
	struct str name;
	json_t *json;
};

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	const struct judged *judged = self;

	return judged->thing->parse(
		judged->request, judged->json, judged->name, catalog, arena, diag, body);
}

enum error configured_put(struct request *request, struct response *response,
	const struct configured *thing, struct str name)
{
	struct precondition precondition = precondition_of(request);
	struct judged judged = {.request = request, .thing = thing, .name = name};
	struct document_put wanted = {
		.kind = thing->kind,
		.name = name,
		.precondition = &precondition,
		.source = {parse, &judged},
	};
	struct call call = call_of(request);
	struct catalog *catalog = NULL;
	struct written written;
	bool created;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &judged.json);
	if (error)
		return error;
	error = document_put(&call, &wanted, &created, &catalog, &written);
	json_decref(judged.json);
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

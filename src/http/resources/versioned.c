/*
 * The frame of what comes in numbered versions.
 */
#include "http/resources/versioned.h"

#include "base/num.h"

static bool is_hidden(const struct request *request, const struct versioned *thing,
	const struct catalog *catalog, int64_t version)
{
	return thing->is_sensitive && !sees_sensitive(request) &&
	       thing->is_sensitive(catalog, version);
}

static void write_version(struct buf *out, const struct request *request,
	const struct versioned *thing, const struct catalog *catalog, int64_t version)
{
	struct json_writer json;

	if (!is_hidden(request, thing, catalog, version)) {
		thing->write(out, catalog, version);
		return;
	}
	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "version", int, version);
	json_put(&json, "revision", int, thing->revision(catalog, version));
	json_put(&json, "name", str, thing->name(catalog, version));
	json_put(&json, "masked", bool, true);
	json_object_end(&json);
}

static void write_list(struct buf *out, const struct request *request,
	const struct versioned *thing, const struct catalog *catalog)
{
	struct json_writer json;

	buf_printf(out, "{\"%s\":[", thing->plural);
	for (size_t i = thing->count(catalog); i > 0; i--) {
		write_version(out, request, thing, catalog, (int64_t)i);
		if (i > 1)
			buf_putc(out, ',');
	}
	buf_puts(out, "],\"aliases\":");
	json_writer_init(&json, out);
	json_object_begin(&json);
	thing->write_aliases(&json, catalog);
	json_object_end(&json);
	buf_putc(out, '}');
}

enum error versioned_list(
	struct request *request, struct response *response, const struct versioned *thing)
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
	write_list(&response->body, request, thing, catalog);
	catalog_unref(catalog);
	return response_done(response);
}

/* A version never changes, but whether it may be seen does. */
static const char *tag_of(struct request *request, const struct versioned *thing,
	const struct catalog *catalog, int64_t version)
{
	const char *tag = revision_tag(request, thing->revision(catalog, version));

	if (!is_hidden(request, thing, catalog, version))
		return tag;
	tag = arena_printf(
		&request->arena, "\"r%lld-m\"", (long long)thing->revision(catalog, version));
	return tag ? tag : "";
}

enum error versioned_show(
	struct request *request, struct response *response, const struct versioned *thing)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	int64_t head;
	uint64_t version;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (error)
		return error;
	if (!num_parse_u64(request->params[1], &version) || version == 0)
		return ERR_NOT_FOUND;
	error = catalog_current(&call, &catalog, &head);
	if (error)
		return error;
	if (version > thing->count(catalog)) {
		catalog_unref(catalog);
		return ERR_NOT_FOUND;
	}
	response_revision(response, request, head);
	if (!response_not_modified(
		    response, request, tag_of(request, thing, catalog, (int64_t)version)))
		write_version(&response->body, request, thing, catalog, (int64_t)version);
	catalog_unref(catalog);
	return response_done(response);
}

struct judged {
	const struct versioned *thing;
	json_t *json;
};

static enum error parse(void *self, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	const struct judged *judged = self;

	return judged->thing->parse(judged->json, catalog, arena, diag, body);
}

enum error versioned_create(
	struct request *request, struct response *response, const struct versioned *thing)
{
	struct judged judged = {.thing = thing};
	struct document_source source = {parse, &judged};
	struct call call = call_of(request);
	struct catalog *catalog = NULL;
	struct written written;
	int64_t version;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &judged.json);
	if (error)
		return error;
	error = thing->create(&call, &source, &version, &catalog, &written);
	json_decref(judged.json);
	if (error)
		return error;
	response->status = written.changed ? 201 : 200;
	response_header(response, request, "Location", "/v1/workspaces/%s/%s/%lld",
		request->workspace.name, thing->plural, (long long)version);
	response_header(response, request, "ETag", "%s",
		revision_tag(request, thing->revision(catalog, version)));
	response_written(response, request, &written);
	thing->write(&response->body, catalog, version);
	catalog_unref(catalog);
	return response_done(response);
}

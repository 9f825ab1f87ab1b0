/*
 * The gate between the server and the handlers. Pure but for what it writes into the request.
 */
#include "http/head.h"

#include <inttypes.h>
#include <strings.h>

static bool is_clean(struct str text)
{
	return str_is_utf8(text) && (text.len == 0 || !memchr(text.ptr, '\0', text.len));
}

static enum error check_fields(struct request *request, const struct head *head)
{
	if (head->target_faults & TARGET_TOO_LONG)
		return ERR_URI_TOO_LONG;
	if (head->target_faults & TARGET_TOO_MANY) {
		diag_add(&request->diag, "/query", "There are more than %d query parameters.",
			REQUEST_MAX_FIELDS);
		return ERR_BAD_REQUEST;
	}
	if (head->fields_omitted || head->header_bytes > HEADERS_MAX_BYTES)
		return ERR_HEADERS_TOO_LARGE;
	if (!is_clean(str_from(request->path))) {
		diag_add(&request->diag, "", "The path is not UTF-8.");
		return ERR_BAD_REQUEST;
	}
	for (size_t i = 0; i < request->query_count; i++) {
		const struct field *field = &request->query[i];

		if (is_clean(field->name) && is_clean(field->value))
			continue;
		diag_add(&request->diag, "/query",
			"A query parameter is not UTF-8, or holds a NUL byte.");
		return ERR_BAD_REQUEST;
	}
	return ERR_OK;
}

/* Absolute form (RFC 9112 §3.2.2): what counts is behind the authority. */
static const char *origin_form(const char *path)
{
	const char *authority = NULL;
	const char *slash;

	if (path[0] == '/')
		return path;
	if (strncasecmp(path, "http://", 7) == 0)
		authority = path + 7;
	else if (strncasecmp(path, "https://", 8) == 0)
		authority = path + 8;
	if (!authority)
		return path;
	slash = strchr(authority, '/');
	return slash ? slash : "/";
}

enum error head_route(struct request *request, const struct router *router, struct head *head,
	size_t *route_index)
{
	struct route_match match;
	enum error error;

	*route_index = router_count(router);
	error = check_fields(request, head);
	if (error)
		return error;
	request->path = origin_form(request->path);
	error = router_find(router, str_from(request->method), str_from(request->path), &match);
	if (error == ERR_METHOD) {
		memcpy(head->allow, match.allow, sizeof head->allow);
		request->allow = head->allow;
	}
	if (error)
		return error;
	request->route = match.route;
	*route_index = match.index;
	memcpy(request->params, match.params, match.param_count * sizeof *match.params);
	return ERR_OK;
}

static enum error check_size(struct request *request, const struct framing *framing, bool stream)
{
	uint64_t limit = request->route->body_bytes;

	if (stream || framing->body != FRAMING_LENGTH || framing->body_bytes <= limit)
		return ERR_OK;
	if (limit == 0)
		diag_add(&request->diag, "", "This endpoint takes no body.");
	else
		diag_add(&request->diag, "",
			"The body has %" PRIu64 " bytes; this endpoint accepts %" PRIu64 ".",
			framing->body_bytes, limit);
	return ERR_TOO_LARGE;
}

/* The media type without parameters. */
static struct str media_type(struct str value)
{
	const char *end = value.len > 0 ? memchr(value.ptr, ';', value.len) : NULL;

	if (end)
		value.len = (size_t)(end - value.ptr);
	while (value.len > 0 &&
		(value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t'))
		value.len--;
	return value;
}

static enum body_kind kind_of(struct str type, uint32_t accepted)
{
	if (name_is(type, "application/json"))
		return accepted & BODY_JSON ? BODY_JSON : (accepted & BODY_MERGE_PATCH);
	if (name_is(type, "application/merge-patch+json"))
		return accepted & BODY_MERGE_PATCH;
	if (name_is(type, "application/x-ndjson"))
		return accepted & BODY_NDJSON;
	return BODY_NONE;
}

static enum error refuse_type(struct request *request, const char *what)
{
	diag_add(&request->diag, "", "%s This endpoint accepts%s%s%s.", what,
		request->route->body & (BODY_JSON | BODY_MERGE_PATCH) ? " application/json" : "",
		request->route->body & BODY_MERGE_PATCH ? " application/merge-patch+json" : "",
		request->route->body & BODY_NDJSON ? " application/x-ndjson" : "");
	return ERR_MEDIA_TYPE;
}

/* One coding, in one field; "x-gzip" is gzip (RFC 9110 §8.4.1.3). */
static enum error read_coding(struct request *request)
{
	static const char field_name[] = "content-encoding";
	bool known = true;
	size_t fields = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		struct str value = request->headers[i].value;

		if (!name_is(request->headers[i].name, field_name))
			continue;
		fields++;
		request->gzip = name_is(value, "gzip") || name_is(value, "x-gzip");
		known = request->gzip || name_is(value, "identity");
	}
	if (known && fields <= 1)
		return ERR_OK;
	diag_add(&request->diag, "",
		fields > 1 ? "A body has one Content-Encoding."
			   : "The only Content-Encoding that is accepted is gzip.");
	return ERR_CODING;
}

enum error head_body(struct request *request, const struct framing *framing)
{
	struct str type = request_header(request, "Content-Type");
	enum error error;

	request->body_kind =
		request->route->body ? kind_of(media_type(type), request->route->body) : BODY_NONE;
	if (framing->body == FRAMING_NO_BODY)
		return ERR_OK;
	error = check_size(
		request, framing, request->body_kind == BODY_NDJSON && request->route->stream);
	if (error || !request->route->body)
		return error;
	if (request->body_kind == BODY_NONE)
		return refuse_type(request, type.ptr ? "The Content-Type is another one."
						     : "The Content-Type is missing.");
	return read_coding(request);
}

enum error head_condition(const struct request *request)
{
	if (!(request->route->flags & ROUTE_IF_MATCH))
		return ERR_OK;
	if (request_header(request, "If-Match").ptr || request_header(request, "If-None-Match").ptr)
		return ERR_OK;
	return ERR_NEEDS_IF_MATCH;
}

/*
 * Errors as RFC 9457 objects. The only place that renders them, so the only one to look at when
 * asking what a client can learn from a failure.
 */
#include "http/problem.h"

#include <stdio.h>

#include "base/uuid.h"
#include "codec/json_writer.h"
#include "http/http.h"

static const char *const advice[ERR_COUNT] = {
	[ERR_NO_MEMORY] = "Try again in a moment, or with a smaller request.",
	[ERR_BUDGET] = "Split the request into smaller ones.",
	[ERR_INTERNAL] = "The server's log tells more under the request's id.",
	[ERR_DATABASE] = "The server's log tells more under the request's id.",
	[ERR_DATABASE_AWAY] = "Reads from memory go on; try this again in a moment.",
	[ERR_COMMIT_UNKNOWN] = "Items can be sent again: what was stored is then unchanged. Of "
			       "anything else, see first whether it is there.",
	[ERR_CONTENTION] = "This change was not made; try again.",
	[ERR_BUSY] = "Not done, or of a stream not to its end; try again in a moment.",
	[ERR_STOPPING] = "Try again; another instance, or this one restarted, will answer.",
	[ERR_STREAMS_FULL] = "Ask without waiting, or come back later.",
	[ERR_ACCESS_LOG_FULL] = "The workspace wants each such read on record, and as many wait "
				"for the database as "
				"may; try again.",
	[ERR_NOT_CAUGHT_UP] = "Try again, or ask without min_revision for what is there now.",
	[ERR_LOADING] =
		"The first request loads the workspace, after a start or after it was let go for "
		"others; try again.",
	[ERR_WORKSPACE_TOO_LARGE] =
		"Queues and what is made of them are not served for it; items, history and writes "
		"are. Whoever runs the server can raise --memory-budget-mib.",
	[ERR_NO_ROOM] =
		"What was asked for would be kept beside workspaces that have just been read; try "
		"again later.",
	[ERR_FRAMING] = "It was not looked at further, and the connection is closed.",
	[ERR_BAD_REQUEST] = "Check the request line, the query and the header fields.",
	[ERR_MALFORMED_JSON] = "The body must be JSON as RFC 8259 defines it, in UTF-8.",
	[ERR_BAD_CURSOR] = "Cursors belong to one list and its filters; start at the first page.",
	[ERR_UNAUTHENTICATED] = "Send a valid token: Authorization: Bearer wnw_…",
	[ERR_FORBIDDEN] = "The token is valid, but none of its roles may do this here.",
	[ERR_AGENT] = "The token is an agent's: whatever its roles, it may propose this, and a "
		      "person decides.",
	[ERR_SOURCE_FORBIDDEN] = "The token names the sources that it may write for.",
	[ERR_SENSITIVE_INPUT] =
		"The model or the policy reads what is for admins and auditors alone. The queue "
		"tells ranks, bands and families of reasons.",
	[ERR_NOT_FOUND] = "Nothing is there, or the token may not see it.",
	[ERR_METHOD] = "The Allow field lists the methods that the path has.",
	[ERR_TIMEOUT] = "Header fields and body must arrive in reasonable time.",
	[ERR_CONFLICT] = "Read the current state and decide again.",
	[ERR_APPROVAL_REQUIRED] =
		"Propose the change; it is applied when enough others have approved it.",
	[ERR_STALE_PROPOSAL] =
		"Read the proposal again. One whose base has changed is proposed anew.",
	[ERR_SAME_PERSON] =
		"An approval is somebody's who is neither the proposer nor counted already, and "
		"whom the rules name.",
	[ERR_IN_USE] = "Take it out of what uses it first.",
	[ERR_KEY_IN_FLIGHT] =
		"Try again in a moment, with the same key and body: the answer will be "
		"the first one's.",
	[ERR_GONE] = "Start again at the first page.",
	[ERR_RETIRED] = "Ask for a later revision; the file that was exported has what was before.",
	[ERR_STALE_ETAG] =
		"Read it again, apply the change to what is there now, and send its ETag.",
	[ERR_TOO_LARGE] = "Send less at once; long lists can be sent as application/x-ndjson.",
	[ERR_URI_TOO_LONG] = "The request target may have 8192 bytes.",
	[ERR_MEDIA_TYPE] = "Send the body in a media type that this endpoint accepts.",
	[ERR_CODING] = "Send the body as it is, or with gzip.",
	[ERR_INVALID] = "The request is well-formed but not valid.",
	[ERR_BEYOND_HEAD] = "No such revision has been written in this workspace yet.",
	[ERR_NOT_AN_ITEM_EVENT] = "Only events that describe an item can be taken in.",
	[ERR_WIP_LIMIT] = "Finish something that is in flight first; the stream's health lists it.",
	[ERR_GATE] = "Give the item what the contract asks for, in the same request or before it.",
	[ERR_KEY_REUSED] = "Query and body must be the same as the first time; for another request "
			   "take a new key.",
	[ERR_NEEDS_IF_MATCH] =
		"Read the resource, and send its ETag in If-Match (If-None-Match: * to create it).",
	[ERR_TOO_MANY_HEAVY] = "Wait for their answers; this one was not begun.",
	[ERR_TOO_MANY_STREAMS] = "Close one, or use another token.",
	[ERR_HEADERS_TOO_LARGE] = "The header fields may have 8192 bytes and number 64 in all.",
};

const char *problem_advice(enum error code)
{
	return code > ERR_OK && code < ERR_COUNT && advice[code] ? advice[code]
								 : advice[ERR_INTERNAL];
}

int problem_retry_after_s(enum error code)
{
	if (error_info(code)->status != 503 && error_info(code)->status != 429 &&
		code != ERR_KEY_IN_FLIGHT)
		return 0;
	switch (code) {
	case ERR_STREAMS_FULL:
	case ERR_TOO_MANY_STREAMS: return 10;
	case ERR_NO_MEMORY:
	case ERR_DATABASE_AWAY:
	case ERR_NO_ROOM:
	case ERR_COMMIT_UNKNOWN: return 5;
	case ERR_WORKSPACE_TOO_LARGE: return 60;
	default: return 1;
	}
}

static void put_instance(struct json_writer *json, const char *request_id)
{
	bool is_uuid = uuid_from_text(str_from(request_id), &(struct uuid){{0}});
	struct buf text = BUF_INIT;

	/* Ids were checked when they arrived; none needs an escape. */
	buf_printf(&text, "%s%s", is_uuid ? "urn:uuid:" : "urn:winnow:request:", request_id);
	json_put(json, "instance", str, buf_view(&text));
	json->out->failed |= text.failed;
	buf_release(&text);
}

static void put_errors(struct json_writer *json, const struct diag *diag)
{
	json_key(json, "errors");
	json_array_begin(json);
	for (size_t i = 0; i < diag->count; i++) {
		json_object_begin(json);
		json_put(json, "pointer", text, diag->entries[i].pointer);
		json_put(json, "detail", text, diag->entries[i].detail);
		json_object_end(json);
	}
	json_array_end(json);
	if (diag->omitted > 0)
		json_put(json, "errors_omitted", int, (int64_t)diag->omitted);
}

static void put_detail(struct json_writer *json, enum error code, const struct diag *diag)
{
	char text[64];
	size_t faults = diag ? diag->count + diag->omitted : 0;

	if (faults == 0) {
		json_put(json, "detail", text, problem_advice(code));
		return;
	}
	if (faults == 1) {
		json_put(json, "detail", text, diag->entries[0].detail);
		return;
	}
	snprintf(text, sizeof text, "There are %zu faults; errors lists them.", faults);
	json_put(json, "detail", text, text);
}

/* `members`: further JSON members, or NULL. */
static void write_problem(struct buf *out, enum error code, const struct diag *diag,
	const char *request_id, const char *members)
{
	const struct error_info *info = error_info(code);
	struct json_writer json;
	char type[96];

	snprintf(type, sizeof type, "/problems/%s", info->slug);
	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "type", text, type);
	json_put(&json, "title", text, info->title);
	json_put(&json, "status", int, info->status);
	put_detail(&json, code, diag);
	if (request_id)
		put_instance(&json, request_id);
	if (diag && diag->count > 0)
		put_errors(&json, diag);
	if (members) {
		buf_putc(out, ',');
		buf_puts(out, members);
	}
	json_object_end(&json);
}

void problem_object(
	struct buf *out, enum error code, const struct diag *diag, const char *request_id)
{
	write_problem(out, code, diag, request_id, NULL);
}

static void put_media_types(struct response *response, struct request *request)
{
	uint32_t body = request->route ? request->route->body : 0;
	const char *patch = body & BODY_MERGE_PATCH ? "application/merge-patch+json" : NULL;

	response_header(response, request, "Accept", "%s%s%s%s",
		body & (BODY_JSON | BODY_MERGE_PATCH) ? "application/json" : "", patch ? ", " : "",
		patch ? patch : "", body & BODY_NDJSON ? ", application/x-ndjson" : "");
	if (patch)
		response_header(response, request, "Accept-Patch", "%s", patch);
}

void problem_render(enum error code, struct request *request, struct response *response)
{
	const struct error_info *info = error_info(code);
	int retry_after_s = problem_retry_after_s(code);

	if (response->shared)
		shared_body_unref(response->shared);
	response->shared = NULL;
	response->header_count = 0;
	buf_reset(&response->body);
	response->status = info->status;
	response->content_type = "application/problem+json";
	write_problem(&response->body, code, &request->diag, request->id, request->problem_members);

	if (retry_after_s > 0)
		response_header(response, request, "Retry-After", "%d", retry_after_s);
	if (code == ERR_UNAUTHENTICATED)
		response_header(response, request, "WWW-Authenticate", "Bearer realm=\"winnow\"");
	if (code == ERR_METHOD && request->allow)
		response_header(response, request, "Allow", "%s", request->allow);
	if ((code == ERR_MEDIA_TYPE || code == ERR_CODING) && request->route &&
		request->route->body)
		put_media_types(response, request);
	/* Of the coding alone: it is by this field that clients tell the two apart (RFC 7694). */
	if (code == ERR_CODING)
		response_header(response, request, "Accept-Encoding", "gzip");
}

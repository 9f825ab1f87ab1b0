/*
 * What the resources share.
 */
#include "http/resources/resource.h"

#include "base/num.h"
#include "http/resources/tables.h"
#include "http/resources/veil.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "http/resources/tables.h"
#include "service/items.h"
#include "store/aggregates.h"

struct call call_of(struct request *request)
{
	return (struct call){
		.service = request->service,
		.arena = &request->arena,
		.diag = &request->diag,
		.principal = request->principal,
		.roles = request->roles,
		.heavy = request->heavy && request->on_worker,
		.workspace = request->route->flags & ROUTE_SYSTEM ? system_workspace
								  : request->workspace.id,
		.request_id = request->id,
		.key = request->key,
	};
}

enum error body_json(struct request *request, json_t **out)
{
	return json_parse(request->body, 1, "", &request->diag, out);
}

enum error body_json_or_none(struct request *request, json_t **out)
{
	if (request->body.len > 0)
		return body_json(request, out);
	*out = json_object();
	return *out ? ERR_OK : ERR_NO_MEMORY;
}

enum error body_nothing(struct request *request)
{
	static const char *const none[] = {NULL};
	json_t *body;
	bool good;
	enum error error = body_json_or_none(request, &body);

	if (error)
		return error;
	good = json_is_object(body);
	if (!good)
		diag_add(
			&request->diag, "", "An object is expected, not %s.", json_type_word(body));
	good = good && json_only_keys(body, none, "", &request->diag);
	json_decref(body);
	return good ? ERR_OK : ERR_INVALID;
}

enum error param_uuid(const struct request *request, size_t index, struct uuid *out)
{
	return uuid_from_text(request->params[index], out) ? ERR_OK : ERR_NOT_FOUND;
}

enum error query_limit(struct request *request, int64_t most, size_t *out)
{
	int64_t limit;
	enum error error =
		request_query_int(request, "limit", 1, INT64_MAX, LIST_LIMIT_DEFAULT, &limit);

	if (error)
		return error;
	*out = (size_t)(limit < most ? limit : most);
	return ERR_OK;
}

enum error query_min_revision(struct request *request, struct call *call)
{
	return request_query_int(request, "min_revision", 0, INT64_MAX, 0, &call->min_revision);
}

enum error query_time(struct request *request, const char *name, int64_t fallback, int64_t *out)
{
	struct str text = request_query(request, name);
	char pointer[32];

	*out = fallback;
	if (!text.ptr || time_parse_rfc3339(text, out))
		return ERR_OK;
	snprintf(pointer, sizeof pointer, "/query/%s", name);
	diag_add(&request->diag, pointer, "A time of RFC 3339 is expected.");
	return ERR_INVALID;
}

enum error query_cursor(struct request *request, struct str query, struct str *payload)
{
	struct str cursor = request_query(request, "cursor");

	*payload = STR_NONE;
	return cursor.ptr ? cursor_open(request, query, cursor, payload) : ERR_OK;
}

enum error query_before(struct request *request, struct str query, int64_t *before)
{
	struct str payload;
	uint64_t position;
	enum error error = query_cursor(request, query, &payload);

	*before = INT64_MAX;
	if (error || !payload.ptr)
		return error;
	if (!num_parse_u64(payload, &position) || position > INT64_MAX)
		return ERR_BAD_CURSOR;
	*before = (int64_t)position;
	return ERR_OK;
}

void write_next(
	struct json_writer *json, struct request *request, struct str query, struct str payload)
{
	char *cursor = cursor_make(request, query, payload);

	if (!cursor) {
		/* Without it the list would look finished. */
		json->out->failed = true;
		return;
	}
	json_put(json, "next", text, cursor);
}

enum error query_place(
	struct request *request, struct str query, int64_t *revision, struct uuid *id, bool *given)
{
	struct str payload;
	const char *colon;
	uint64_t number;
	enum error error = query_cursor(request, query, &payload);

	*given = false;
	*revision = INT64_MAX;
	if (error || !payload.ptr)
		return error;
	colon = memchr(payload.ptr, ':', payload.len);
	if (!colon ||
		!num_parse_u64((struct str){payload.ptr, (size_t)(colon - payload.ptr)}, &number) ||
		number > INT64_MAX)
		return ERR_BAD_CURSOR;
	payload.len -= (size_t)(colon + 1 - payload.ptr);
	payload.ptr = colon + 1;
	if (!uuid_from_text(payload, id))
		return ERR_BAD_CURSOR;
	*revision = (int64_t)number;
	*given = true;
	return ERR_OK;
}

void write_next_place(struct json_writer *json, struct request *request, struct str query,
	int64_t revision, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE], last[UUID_TEXT_SIZE + 24];

	snprintf(last, sizeof last, "%lld:%s", (long long)revision, uuid_to_text(id, text));
	write_next(json, request, query, str_from(last));
}

void write_items(struct json_writer *json, struct request *request, const char *key,
	const struct item_list *items)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < items->count; i++) {
		json_raw(json, STR("")); /* the comma */
		veil_note_item(request, items->catalog, &items->records[i]);
		item_write(json->out, &items->records[i], items->catalog, sees_sensitive(request));
	}
	json_array_end(json);
}

void response_head(struct response *response, struct request *request, int64_t revision,
	const struct sha256 *hash)
{
	char hex[SHA256_HEX_SIZE];

	response_header(response, request, "Winnow-Head", "%lld:%s", (long long)revision,
		sha256_to_hex(hash, hex));
}

void response_written(
	struct response *response, struct request *request, const struct written *written)
{
	response_revision(response, request, written->revision);
	response_head(response, request, written->revision, &written->hash);
	if (written->replayed)
		response_header(response, request, "Idempotent-Replayed", "true");
}

const char *revision_tag(struct request *request, int64_t revision)
{
	const char *tag = arena_printf(&request->arena, "\"r%lld%s\"", (long long)revision,
		sees_sensitive(request) ? "-s" : "");

	return tag ? tag : "";
}

/* A client holds the tag that it was shown, quoted and with what it may see; the service knows only
 * the revision. */
static enum error check(void *self, const char *tag)
{
	struct request *request = self;

	if (tag) {
		tag = arena_printf(
			&request->arena, "\"%s%s\"", tag, sees_sensitive(request) ? "-s" : "");
		if (!tag)
			return ERR_NO_MEMORY;
	}
	return request_precondition(request, tag);
}

struct precondition precondition_of(struct request *request)
{
	return (struct precondition){.check = check, .self = request};
}

enum error response_done(const struct response *response)
{
	return response->body.failed ? ERR_NO_MEMORY : ERR_OK;
}

void write_names(struct json_writer *json, const char *key, const struct str *names, size_t count)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_str(json, names[i]);
	json_array_end(json);
}

void write_warnings(struct json_writer *json, const struct diag *warnings)
{
	if (!warnings)
		return;
	json_key(json, "warnings");
	json_array_begin(json);
	for (size_t i = 0; i < warnings->count; i++) {
		json_object_begin(json);
		json_put(json, "pointer", text, warnings->entries[i].pointer);
		json_put(json, "detail", text, warnings->entries[i].detail);
		json_object_end(json);
	}
	json_array_end(json);
}

/*
 * Erasing personal text, an item's or what people wrote who decided, and what was erased: when, by whom and why,
 * never what it was.
 */
#include <stdio.h>

#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/erasures.h"

enum { SUBJECT_MAX = 255 };

static enum error read_body(struct request *request, json_t **out)
{
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, out);
	if (error || json_is_object(*out))
		return error;
	diag_add(&request->diag, "", "An object is expected, not %s.", json_type_word(*out));
	json_decref(*out);
	return ERR_INVALID;
}

static void read_rationale(struct request *request, const json_t *body, struct erasure_input *out)
{
	json_read_text(body, "rationale", 1, ERASURE_MAX_RATIONALE, true, "", &request->diag,
		&request->arena, &out->rationale);
}

static enum error read_item(struct request *request, struct erasure_input *out)
{
	static const char *const keys[] = {"rationale", "overrides", "shared", NULL};
	struct diag *diag = &request->diag;
	json_t *body;
	enum error error = param_uuid(request, 1, &out->item);

	if (!error)
		error = read_body(request, &body);
	if (error)
		return error;
	json_only_keys(body, keys, "", diag);
	read_rationale(request, body, out);
	json_read_bool(body, "overrides", true, "", diag, &out->decisions);
	json_read_bool(body, "shared", false, "", diag, &out->shared);
	json_decref(body);
	return diag->count ? ERR_INVALID : ERR_OK;
}

static enum error read_records(struct request *request, struct erasure_input *out)
{
	static const char *const keys[] = {"rationale", "revision", "subject", NULL};
	struct diag *diag = &request->diag;
	json_t *body;
	enum error error = read_body(request, &body);

	if (error)
		return error;
	json_only_keys(body, keys, "", diag);
	read_rationale(request, body, out);
	json_read_text(
		body, "subject", 1, SUBJECT_MAX, false, "", diag, &request->arena, &out->subject);
	json_read_int(body, "revision", 1, INT64_MAX, false, 0, "", diag, &out->revision);
	json_decref(body);
	if (diag->count == 0 && (out->subject.ptr != NULL) == (out->revision > 0))
		diag_add(diag, "", "Say either subject or revision: whose texts?");
	return diag->count ? ERR_INVALID : ERR_OK;
}

/* The members about whose texts they were are the caller's. */
static enum error answer(struct request *request, struct response *response,
	const struct erasure_input *input, struct json_writer *json)
{
	struct call call = call_of(request);
	struct erasure_done done;
	struct written written;
	enum error error = erase_texts(&call, input, &done, &written);

	if (error)
		return error;
	response_written(response, request, &written);
	json_put(json, "texts", int, done.texts);
	json_put(json, "items", int, done.items);
	json_object_end(json);
	return response_done(response);
}

static enum error erase_item(struct request *request, struct response *response)
{
	struct erasure_input input = {.shared = false};
	struct json_writer json;
	enum error error = read_item(request, &input);

	if (error)
		return error;
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "item", uuid, &input.item);
	return answer(request, response, &input, &json);
}

static enum error erase_records(struct request *request, struct response *response)
{
	struct erasure_input input = {.shared = false};
	struct json_writer json;
	enum error error = read_records(request, &input);

	if (error)
		return error;
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	if (input.subject.ptr)
		json_put(&json, "subject", str, input.subject);
	else
		json_put(&json, "revision", int, input.revision);
	return answer(request, response, &input, &json);
}

static void write_erasure(struct json_writer *json, const struct erasure_row *row)
{
	json_object_begin(json);
	json_put(json, "id", uuid, &row->id);
	json_put(json, "revision", int, row->revision);
	json_key(json, "item");
	if (uuid_cmp(&row->item, &(struct uuid){{0}}) == 0)
		json_nil(json);
	else
		json_uuid(json, &row->item);
	json_put(json, "subject", str, row->subject);
	json_put(json, "made_at", time, row->made_us);
	json_put(json, "author", str, row->author);
	json_put(json, "texts", int, row->texts);
	json_put(json, "rationale", str, row->rationale);
	json_object_end(json);
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "cursor", "min_revision", NULL};
	struct call call = call_of(request);
	struct erasure_row *rows;
	struct json_writer json;
	int64_t before, revision;
	size_t limit, count;
	char last[24];
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = query_before(request, STR(""), &before);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = erasure_list(&call, before, limit, &rows, &count, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "erasures");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		write_erasure(&json, &rows[i]);
	json_array_end(&json);
	if (count == limit) {
		snprintf(last, sizeof last, "%lld", (long long)rows[count - 1].revision);
		write_next(&json, request, STR(""), str_from(last));
	}
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/items/{id}:erase",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = erase_item,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/erasures",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = erase_records,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/erasures",
		.roles = ROLE_AUDITOR | ROLE_ADMIN,
		.handle = list,
	},
};
const struct route_table erasure_routes = {routes, sizeof routes / sizeof *routes};

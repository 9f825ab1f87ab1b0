/*
 * One item: read as of any revision, patched by people, and what it was before.
 */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "http/resources/veil.h"
#include "service/items.h"

enum { MAX_PATCH_FIELDS = 256 };

/* The item is one object already: it is opened to put them behind the rest. */
static void add_warnings(struct buf *out, const struct diag *warnings)
{
	struct buf more = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &more);
	json_object_begin(&json);
	write_warnings(&json, warnings);
	json_object_end(&json);
	if (out->failed || more.failed || out->len == 0) {
		out->failed = true;
	} else {
		out->len--;
		buf_putc(out, ',');
		buf_str(out, (struct str){more.data + 1, more.len - 1});
	}
	buf_release(&more);
}

static enum error show_item(struct request *request, struct response *response,
	const struct item_view *view, const struct written *written)
{
	if (written)
		response_written(response, request, written);
	else
		response_revision(response, request, view->head);
	if (written)
		response_header(response, request, "ETag", "%s",
			revision_tag(request, view->record.revision));
	else if (response_not_modified(
			 response, request, revision_tag(request, view->record.revision)))
		return ERR_OK;
	veil_note_item(request, view->catalog, &view->record);
	item_write(&response->body, &view->record, view->catalog, sees_sensitive(request));
	if (written && view->warnings)
		add_warnings(&response->body, view->warnings);
	return response_done(response);
}

static enum error get(struct request *request, struct response *response)
{
	static const char *const known[] = {"revision", "min_revision", NULL};
	struct call call = call_of(request);
	struct item_view view;
	struct uuid id;
	int64_t revision;
	enum error error = request_query_only(request, known);

	if (!error)
		error = request_query_int(request, "revision", 1, INT64_MAX, 0, &revision);
	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = item_get(&call, &id, revision, &view);
	if (error)
		return error;
	error = show_item(request, response, &view, NULL);
	catalog_unref(view.catalog);
	return error;
}

static enum error parse_patch(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	(void)index;
	return item_input_parse(self, ITEM_PARSE_PATCH, catalog, pointer, arena, diag, out);
}

static enum error patch(struct request *request, struct response *response)
{
	struct precondition precondition = precondition_of(request);
	struct item_source source = {.count = 1, .parse = parse_patch};
	struct call call = call_of(request);
	struct item_view view;
	struct written written;
	struct uuid id;
	json_t *body;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	source.self = body;
	error = item_patch_apply(&call, &id, &precondition, &source, &view, &written);
	json_decref(body);
	if (error)
		return error;
	error = show_item(request, response, &view, &written);
	catalog_unref(view.catalog);
	return error;
}

/* ?fields=team,features.effort */
static enum error read_fields(struct request *request, struct str *fields, size_t *count)
{
	struct str text = request_query(request, "fields");

	*count = 0;
	/* Nothing named would mean all, which is hardly what an empty list is meant to say. */
	if (text.ptr && text.len == 0) {
		diag_add(&request->diag, "/query/fields",
			"Name the fields, or leave this out to take back all patches.");
		return ERR_INVALID;
	}
	while (text.len > 0) {
		const char *comma = memchr(text.ptr, ',', text.len);
		size_t len = comma ? (size_t)(comma - text.ptr) : text.len;

		if (*count == MAX_PATCH_FIELDS) {
			diag_add(&request->diag, "/query/fields", "At most %d fields.",
				MAX_PATCH_FIELDS);
			return ERR_INVALID;
		}
		fields[(*count)++] = (struct str){text.ptr, len};
		len += comma != NULL;
		text.ptr += len;
		text.len -= len;
	}
	return ERR_OK;
}

static enum error withdraw(struct request *request, struct response *response)
{
	static const char *const known[] = {"fields", NULL};
	struct precondition precondition = precondition_of(request);
	struct call call = call_of(request);
	struct str fields[MAX_PATCH_FIELDS];
	struct item_view view;
	struct written written;
	struct uuid id;
	size_t count;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = read_fields(request, fields, &count);
	if (!error)
		error = item_patch_withdraw(
			&call, &id, &precondition, fields, count, &view, &written);
	if (error)
		return error;
	error = show_item(request, response, &view, &written);
	catalog_unref(view.catalog);
	return error;
}

static enum error versions(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "cursor", "min_revision", NULL};
	struct call call = call_of(request);
	uint64_t before = INT64_MAX;
	struct json_writer json;
	struct item_list list;
	char last[24];
	struct str payload;
	struct uuid id;
	size_t limit;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = query_cursor(request, request->params[1], &payload);
	if (!error && payload.ptr && (!num_parse_u64(payload, &before) || before > INT64_MAX))
		error = ERR_BAD_CURSOR;
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = item_versions(&call, &id, (int64_t)before, limit, &list);
	if (error)
		return error;
	response_revision(response, request, list.head);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	write_items(&json, request, "versions", &list);
	catalog_unref(list.catalog);
	if (list.count == limit &&
		list.records[list.count - 1].revision > list.records[0].first_revision) {
		snprintf(last, sizeof last, "%lld",
			(long long)list.records[list.count - 1].revision);
		write_next(&json, request, request->params[1], str_from(last));
	}
	if (list.retired > 0)
		json_put(&json, "retired_before", int, list.retired);
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items/{id}",
		.roles = ROLES_READ,
		.handle = get,
	},
	{
		.method = "PATCH",
		.path = "/v1/workspaces/{ws}/items/{id}",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.body = BODY_MERGE_PATCH,
		.body_bytes = 1 << 20,
		.handle = patch,
	},
	{
		.method = "DELETE",
		.path = "/v1/workspaces/{ws}/items/{id}/patch",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_IF_MATCH,
		.handle = withdraw,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items/{id}/versions",
		.roles = ROLES_READ,
		.handle = versions,
	},
};
const struct route_table item_routes = {routes, sizeof routes / sizeof *routes};

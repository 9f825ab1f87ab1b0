/*
 * The backlog as a collection: batches in, lists out.
 */

#include "http/resources/ingest.h"
#include "http/resources/tables.h"
#include "store/aggregates.h"

/* ---- POST: an object or an array ---- */

/* The items of the body (to be released), as they go to the service. */
static enum error read_post(struct request *request, json_t **items, struct ingest_body *body)
{
	static const char *const known[] = {"mode", "dry_run", NULL};
	enum error error = request_query_only(request, known);

	*items = NULL;
	if (error)
		return error;
	/* NDJSON comes here only when it is empty: a stream of nothing. */
	if (request->body_kind == BODY_NDJSON)
		*items = json_array();
	else
		error = body_json(request, items);
	if (error)
		return error;
	*body = (struct ingest_body){
		.items = *items, .pointer_prefix = "", .action = "items.upsert", .skipped = -1};
	if (json_is_array(*items) || json_is_object(*items))
		return ERR_OK;
	diag_add(&request->diag, "", "An item object or an array of them is expected.");
	return ERR_INVALID;
}

static enum error post(struct request *request, struct response *response)
{
	struct ingest_body body;
	json_t *items;
	enum error error = read_post(request, &items, &body);

	if (!error)
		error = ingest_json(request, response, &body);
	json_decref(items);
	return error;
}

/* ---- POST of a few items, by many clients at once ---- */

enum { JOINT_BODY_BYTES = 32 << 10 };

/* What has a key goes alone: its answer is kept by a transaction of its own. */
static bool joins(const struct request *request)
{
	return request->body_kind == BODY_JSON && request->body.len <= JOINT_BODY_BYTES &&
	       !request_query(request, "dry_run").ptr &&
	       !request_header(request, "Idempotency-Key").ptr;
}

/* One of the posts that are stored together. */
struct joined {
	json_t *items;
	struct ingest_post post;
	enum error error; /* that storing it came to */
};

static enum error prepare(struct request *request)
{
	struct joined *joined = arena_alloc(&request->arena, sizeof *joined);
	struct ingest_body body;
	enum error error;

	request->joint = joined;
	if (!joined)
		return ERR_BUDGET;
	joined->error = ERR_OK;
	joined->post.batch = NULL;
	error = read_post(request, &joined->items, &body);
	if (!error)
		error = ingest_post_begin(&joined->post, request, &body);
	if (!error)
		return ERR_OK;
	error = ingest_post_end(&joined->post, request, NULL, error);
	json_decref(joined->items);
	return error;
}

static void store(struct request **requests, size_t count)
{
	struct batch *batches[JOINT_MAX];
	enum error errors[JOINT_MAX];

	for (size_t i = 0; i < count; i++)
		batches[i] = ((struct joined *)requests[i]->joint)->post.batch;
	batches_store(requests[0]->service, batches, count, errors);
	for (size_t i = 0; i < count; i++)
		((struct joined *)requests[i]->joint)->error = errors[i];
}

static enum error finish(struct request *request, struct response *response)
{
	struct joined *joined = request->joint;
	enum error error = ingest_post_end(&joined->post, request, response, joined->error);

	json_decref(joined->items);
	return error;
}

static const struct joint_handler item_posts = {joins, prepare, store, finish};

/* ---- GET ---- */

/* All filters in one text, for binding the cursor. */
static char *filter_text(struct request *request, const struct item_filter *filter)
{
	return arena_printf(&request->arena,
		"%zu:%.*s\n%zu:%.*s\n%zu:%.*s\n%zu:%.*s\n%zu:%.*s\n%zu:%.*s", filter->source.len,
		STR_ARG(filter->source), filter->external_id.len, STR_ARG(filter->external_id),
		filter->status.len, STR_ARG(filter->status), filter->stream.len,
		STR_ARG(filter->stream), filter->kind.len, STR_ARG(filter->kind), filter->team.len,
		STR_ARG(filter->team));
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"source", "external_id", "status", "stream", "kind",
		"team", "limit", "cursor", NULL};
	struct item_filter filter = {
		.source = request_query(request, "source"),
		.external_id = request_query(request, "external_id"),
		.status = request_query(request, "status"),
		.stream = request_query(request, "stream"),
		.kind = request_query(request, "kind"),
		.team = request_query(request, "team"),
	};
	struct call call = call_of(request);
	struct json_writer json;
	struct uuid after_id;
	struct item_list items;
	char last[UUID_TEXT_SIZE];
	struct str after, query;
	enum error error = request_query_only(request, known);

	if (error)
		return error;
	query = str_from(filter_text(request, &filter));
	if (!query.ptr)
		return ERR_BUDGET;
	error = query_limit(request, LIST_LIMIT_MAX, &filter.limit);
	if (!error)
		error = query_cursor(request, query, &after);
	if (!error && after.ptr && !uuid_from_text(after, &after_id))
		error = ERR_BAD_CURSOR;
	if (error)
		return error;
	filter.after = after.ptr ? &after_id : NULL;
	error = item_list(&call, &filter, &items);
	if (error)
		return error;
	response_revision(response, request, items.head);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	write_items(&json, request, "items", &items);
	catalog_unref(items.catalog);
	if (items.count == filter.limit)
		write_next(&json, request, query,
			str_from(uuid_to_text(&items.records[items.count - 1].id, last)));
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/items",
		.roles = ROLE_CONTRIBUTOR | ROLE_ADMIN,
		.body = BODY_JSON | BODY_NDJSON,
		.body_bytes = INGEST_MAX_BODY,
		.handle = post,
		.stream = &item_stream,
		.joint = &item_posts,
	},
};
_Static_assert((int)JOINT_MAX <= (int)BATCHES_MAX, "what is handled at once is stored at once");
const struct route_table item_collection_routes = {routes, sizeof routes / sizeof *routes};

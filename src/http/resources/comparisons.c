/*
 * Comparisons: "A before B" of items, "twice as important" of criteria, each a record of who said
 * it. Recorded one by one or together, and listed. What they teach is in strengths.c and criteria.c.
 */
#include <math.h>

#include "base/map.h"
#include "http/resources/item_ref.h"
#include "http/resources/resource.h"
#include "http/resources/tables.h"
#include "service/comparisons.h"
#include "service/items.h"

enum { FEATURE_NAME_BYTES = 63 };

/* ---- reading a body ---- */

static void read_criteria(struct request *request, const json_t *criteria, const char *pointer,
	struct comparison_input *out)
{
	static const char *const keys[] = {"more", "less", "ratio", NULL};
	struct diag *diag = &request->diag;
	const char *at = diag_key(diag, pointer, "criteria");

	out->criteria = true;
	if (!json_is_object(criteria)) {
		diag_add(diag, at, "This is an object with more, less and ratio.");
		return;
	}
	json_only_keys(criteria, keys, at, diag);
	json_read_text(criteria, "more", 1, FEATURE_NAME_BYTES, true, at, diag, &request->arena,
		&out->before_name);
	json_read_text(criteria, "less", 1, FEATURE_NAME_BYTES, true, at, diag, &request->arena,
		&out->after_name);
	json_read_number(criteria, "ratio", COMPARISON_RATIO_LEAST, COMPARISON_RATIO_MOST, true, at,
		diag, &out->ratio);
}

static void read_items(struct request *request, const json_t *body, const char *pointer,
	struct comparison_input *out)
{
	static const char *const places[] = {"before", "after"};
	struct uuid *ids[] = {&out->before, &out->after};

	for (int i = 0; i < 2; i++)
		item_ref_read(request, json_object_get(body, places[i]),
			diag_key(&request->diag, pointer, places[i]), ids[i]);
}

static void read_one(struct request *request, const json_t *body, const char *pointer,
	struct comparison_input *out)
{
	static const char *const of_items[] = {"before", "after", NULL};
	static const char *const of_criteria[] = {"criteria", NULL};
	const json_t *criteria = json_object_get(body, "criteria");

	*out = (struct comparison_input){.ratio = NAN, .pointer = pointer};
	if (!json_is_object(body)) {
		diag_add(&request->diag, pointer, "A comparison is an object.");
		return;
	}
	if (!json_only_keys(body, criteria ? of_criteria : of_items, pointer, &request->diag))
		return;
	if (criteria)
		read_criteria(request, criteria, pointer, out);
	else
		read_items(request, body, pointer, out);
}

/* {"comparisons": […]} or one of them. */
static enum error read_body(
	struct request *request, const json_t *body, struct comparison_input **out, size_t *count)
{
	static const char *const keys[] = {"comparisons", NULL};
	const json_t *list = json_object_get(body, "comparisons");
	struct diag *diag = &request->diag;

	*count = list ? json_array_size(list) : 1;
	if (list && !json_only_keys(body, keys, "", diag))
		return ERR_INVALID;
	if (*count == 0 || *count > COMPARISONS_MAX) {
		diag_add(diag, "/comparisons", "This is a list of 1 to %d comparisons.",
			COMPARISONS_MAX);
		return ERR_INVALID;
	}
	*out = arena_array(&request->arena, *count, sizeof **out);
	if (!*out)
		return ERR_BUDGET;
	for (size_t i = 0; list && i < *count; i++)
		read_one(request, json_array_get(list, i), diag_index(diag, "/comparisons", i),
			&(*out)[i]);
	if (!list)
		read_one(request, body, "", *out);
	return diag->count ? ERR_INVALID : ERR_OK;
}

/* ---- showing ---- */

/* How the items are called. */
struct names {
	struct item_list list;
	struct uuid_map places;
};

static void names_release(struct names *names)
{
	uuid_map_release(&names->places);
	catalog_unref(names->list.catalog);
}

static enum error names_load(
	const struct call *call, const struct comparison_row *rows, size_t count, struct names *out)
{
	struct uuid *ids = arena_array(call->arena, 2 * count, sizeof *ids);
	size_t used = 0;
	enum error error;

	*out = (struct names){0};
	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].before_name.ptr)
			continue;
		ids[used++] = rows[i].before;
		ids[used++] = rows[i].after;
	}
	if (used == 0)
		return ERR_OK;
	error = items_get(call, ids, used, &out->list);
	if (error)
		return error;
	for (size_t i = 0; i < out->list.count; i++) {
		if (!uuid_map_put(&out->places, &out->list.records[i].id, (uint32_t)i))
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static void write_item(
	struct json_writer *json, const char *key, const struct names *names, const struct uuid *id)
{
	uint32_t place = uuid_map_get(&names->places, id);

	json_key(json, key);
	json_object_begin(json);
	json_put(json, "id", uuid, id);
	if (place != MAP_NONE) {
		json_put(json, "source", str, names->list.records[place].source);
		json_put(json, "external_id", str, names->list.records[place].external_id);
	}
	json_object_end(json);
}

static void write_one(
	struct json_writer *json, const struct comparison_row *row, const struct names *names)
{
	json_object_begin(json);
	json_put(json, "id", uuid, &row->id);
	json_put(json, "revision", int, row->revision);
	json_put(json, "made_at", time, row->made_us);
	json_put(json, "author", str, row->author);
	if (comparison_is_derived(row))
		json_put(json, "review", uuid, &row->review);
	if (row->before_name.ptr) {
		json_key(json, "criteria");
		json_object_begin(json);
		json_put(json, "more", str, row->before_name);
		json_put(json, "less", str, row->after_name);
		json_put(json, "ratio", number, row->ratio);
		json_object_end(json);
	} else {
		write_item(json, "before", names, &row->before);
		write_item(json, "after", names, &row->after);
	}
	json_object_end(json);
}

static void write_all(struct json_writer *json, const struct comparison_row *rows, size_t count,
	const struct names *names)
{
	json_key(json, "comparisons");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		write_one(json, &rows[i], names);
	json_array_end(json);
}

/* ---- the operations ---- */

static enum error show_created(struct request *request, struct response *response,
	const struct comparison_row *rows, size_t count, bool list)
{
	struct call call = call_of(request);
	struct json_writer json;
	struct names names;
	enum error error = names_load(&call, rows, count, &names);

	json_writer_init(&json, &response->body);
	if (!error && list) {
		json_object_begin(&json);
		write_all(&json, rows, count, &names);
		json_object_end(&json);
	} else if (!error) {
		write_one(&json, rows, &names);
	}
	names_release(&names);
	return error ? error : response_done(response);
}

static enum error create(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct comparison_input *inputs;
	struct comparison_row *rows;
	struct written written;
	json_t *body;
	size_t count;
	bool list;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	list = json_object_get(body, "comparisons") != NULL;
	error = read_body(request, body, &inputs, &count);
	json_decref(body);
	if (error)
		return error;
	rows = arena_array(&request->arena, count, sizeof *rows);
	if (!rows)
		return ERR_BUDGET;
	error = comparisons_create(&call, inputs, count, rows, &written);
	if (error)
		return error;
	response->status = 201;
	response_written(response, request, &written);
	return show_created(request, response, rows, count, list);
}

static enum error read_place(
	struct request *request, struct str query, struct comparison_filter *filter)
{
	struct uuid *id = arena_alloc(&request->arena, sizeof *id);
	bool given;
	enum error error;

	if (!id)
		return ERR_BUDGET;
	error = query_place(request, query, &filter->before_revision, id, &given);
	filter->before_id = given ? id : NULL;
	return error;
}

static enum error read_filter(
	struct request *request, struct comparison_filter *out, struct str *query)
{
	static const char *const known[] = {"criteria", "limit", "cursor", "min_revision", NULL};
	static const char *const queries[] = {"", "items", "criteria"};
	bool criteria;
	enum error error = request_query_only(request, known);

	*out = (struct comparison_filter){.criteria = -1, .before_revision = INT64_MAX};
	if (!error)
		error = request_query_bool(request, "criteria", false, &criteria);
	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &out->limit);
	if (error)
		return error;
	if (request_query(request, "criteria").ptr)
		out->criteria = criteria;
	*query = str_from(queries[out->criteria + 1]);
	return read_place(request, *query, out);
}

static enum error write_page(struct request *request, struct response *response,
	const struct comparison_row *rows, size_t count, struct str query, bool more)
{
	struct call call = call_of(request);
	struct json_writer json;
	struct names names;
	enum error error = names_load(&call, rows, count, &names);

	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	if (!error)
		write_all(&json, rows, count, &names);
	names_release(&names);
	if (error)
		return error;
	if (more)
		write_next_place(
			&json, request, query, rows[count - 1].revision, &rows[count - 1].id);
	json_object_end(&json);
	return response_done(response);
}

static enum error list(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct comparison_filter filter;
	struct comparison_row *rows;
	int64_t revision;
	size_t count, limit;
	struct str query;
	enum error error = read_filter(request, &filter, &query);

	if (!error)
		error = query_min_revision(request, &call);
	if (error)
		return error;
	limit = filter.limit++; /* one more tells whether there are more */
	error = comparison_list(&call, &filter, &rows, &count, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	return write_page(
		request, response, rows, count < limit ? count : limit, query, count > limit);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/comparisons",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/comparisons",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = 256 << 10,
		.handle = create,
	},
};
const struct route_table comparison_routes = {routes, sizeof routes / sizeof *routes};

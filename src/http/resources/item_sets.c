/*
 * Many items in one call: their features set (POST …/items:features), or the items read
 * (POST …/items:batch-get).
 */
#include "base/map.h"
#include "http/resources/ingest.h"
#include "http/resources/tables.h"
#include "http/resources/veil.h"
#include "store/aggregates.h"

enum { BATCH_GET_MAX = 1000 };

/* Named by its id alone. */
static bool id_of(const json_t *item, struct uuid *out)
{
	const char *text = json_string_value(json_object_get(item, "id"));

	return text && !json_object_get(item, "source") && !json_object_get(item, "external_id") &&
	       uuid_from_text(str_from(text), out);
}

static bool name_item(json_t *item, const struct item_record *record)
{
	json_t *source = json_stringn(record->source.ptr, record->source.len);
	json_t *external_id = json_stringn(record->external_id.ptr, record->external_id.len);

	return json_object_del(item, "id") == 0 &&
	       (json_object_set_new(item, "source", source) |
		       json_object_set_new(item, "external_id", external_id)) == 0;
}

/* An item of a source that the token may not write for keeps its id, like one that is not there:
 * what it is called is none of the token's business. */
static enum error name_found(struct request *request, json_t *items, const struct item_list *found)
{
	int64_t now_us = clock_now_us(request->clock);
	struct uuid_map places = {0};
	bool named = true;

	for (size_t i = 0; i < found->count && named; i++)
		named = uuid_map_put(&places, &found->records[i].id, (uint32_t)i);
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i);
		const struct item_record *record;
		struct uuid id;
		uint32_t place = id_of(item, &id) ? uuid_map_get(&places, &id) : MAP_NONE;

		if (place == MAP_NONE)
			continue;
		record = &found->records[place];
		if (principal_may_write_source(
			    request->principal, &request->workspace.id, now_us, record->source))
			named = named && name_item(item, record);
	}
	uuid_map_release(&places);
	return named ? ERR_OK : ERR_NO_MEMORY;
}

/* Source and external id of the items that are named by id alone. */
static enum error names_of(struct request *request, json_t *items)
{
	struct uuid *ids = arena_array(&request->arena, json_array_size(items), sizeof *ids);
	struct call call = call_of(request);
	struct item_list found = {0};
	size_t wanted = 0;
	enum error error;

	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < json_array_size(items); i++)
		wanted += id_of(json_array_get(items, i), &ids[wanted]);
	if (wanted == 0)
		return ERR_OK;
	error = items_get(&call, ids, wanted, &found);
	if (error)
		return error;
	error = name_found(request, items, &found);
	catalog_unref(found.catalog);
	return error;
}

/* An id that is left was not found: it is answered like any absent item. */
static enum error parse_features(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	static const char *const keys[] = {"id", "source", "external_id", "features", NULL};
	const json_t *item = json_array_get(self, index);
	const json_t *features = json_object_get(item, "features");
	struct uuid id;

	if (!json_only_keys(item, keys, pointer, diag))
		return ERR_INVALID;
	if (id_of(item, &id))
		return ERR_NOT_FOUND;
	if (json_object_get(item, "id"))
		diag_add(diag, diag_key(diag, pointer, "id"),
			"Give the UUID of an item here, or its source and external_id instead.");
	json_read_text(item, "source", 1, ITEM_MAX_NAME, true, pointer, diag, arena, &out->source);
	json_read_text(item, "external_id", 1, ITEM_MAX_NAME, true, pointer, diag, arena,
		&out->external_id);
	if (!features)
		diag_add(diag, diag_key(diag, pointer, "features"), "This is needed.");
	else
		(void)item_features_parse(features, catalog, diag_key(diag, pointer, "features"),
			arena, diag, &out->item.features, &out->item.feature_count);
	return diag->count ? ERR_INVALID : ERR_OK;
}

static enum error ingest_features(struct request *request, struct response *response, json_t *items)
{
	struct item_source source = {
		.count = json_array_size(items),
		.parse = parse_features,
		.self = items,
		.features_only = true,
	};
	struct ingest ingest = {.pointer_prefix = "/items", .action = "items.features"};
	struct ingest_answer answer = {.skipped = -1};
	struct call call = call_of(request);
	enum error error = ingest_options_read(request, &answer.options);

	if (!error)
		error = names_of(request, items);
	if (error)
		return error;
	ingest.atomic = answer.options.atomic;
	ingest.dry_run = answer.options.dry_run;
	error = items_ingest(&call, &source, &ingest);
	if (error)
		return error;
	ingest_answer_add(&answer, &ingest, ingest.result_count, NULL);
	return ingest_answer_finish(&answer, request, response);
}

/* {"items": [...]} of at most `most`; borrowed from *body. */
static enum error items_of(struct request *request, json_t *body, size_t most, json_t **items)
{
	*items = json_object_get(body, "items");
	if (*items && !json_is_array(*items))
		diag_add(&request->diag, "/items", "An array is expected.");
	if (json_array_size(*items) > most)
		diag_add(&request->diag, "/items", "At most %zu items.", most);
	return request->diag.count ? ERR_INVALID : ERR_OK;
}

static enum error set_features(struct request *request, struct response *response)
{
	static const char *const known[] = {"mode", "dry_run", NULL};
	static const char *const keys[] = {"items", NULL};
	json_t *body, *items;
	enum error error = request_query_only(request, known);

	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	error = ERR_INVALID;
	if (json_only_keys(body, keys, "", &request->diag))
		error = items_of(request, body, INGEST_MAX_ITEMS, &items);
	if (!error && json_array_size(items) == 0) {
		diag_add(&request->diag, "/items", "At least one item is needed.");
		error = ERR_INVALID;
	}
	if (!error)
		error = ingest_features(request, response, items);
	json_decref(body);
	return error;
}

/* ---- reading ---- */

/* One asked item: by what it was asked, and under which id it is looked for. */
struct wish {
	struct uuid id;
	const json_t *as_asked;
};

static void wish_by_id(struct request *request, const json_t *text, size_t index, struct wish *out)
{
	const char *id = json_string_value(text);

	out->as_asked = text;
	if (!id || !uuid_from_text(str_from(id), &out->id))
		diag_add(&request->diag, diag_index(&request->diag, "/ids", index),
			"This is not a UUID.");
}

static void wish_by_name(
	struct request *request, const json_t *name, size_t index, struct wish *out)
{
	static const char *const keys[] = {"source", "external_id", NULL};
	const char *pointer = diag_index(&request->diag, "/items", index);
	struct str source = STR_NONE, external_id = STR_NONE;

	out->as_asked = name;
	if (!json_only_keys(name, keys, pointer, &request->diag))
		return;
	json_read_text(name, "source", 1, ITEM_MAX_NAME, true, pointer, &request->diag,
		&request->arena, &source);
	json_read_text(name, "external_id", 1, ITEM_MAX_NAME, true, pointer, &request->diag,
		&request->arena, &external_id);
	if (source.ptr && external_id.ptr)
		item_id_make(&request->workspace.id, source, external_id, &out->id);
}

static enum error read_wishes(
	struct request *request, json_t *body, struct wish **out, size_t *count)
{
	static const char *const keys[] = {"ids", "items", NULL};
	json_t *ids = json_object_get(body, "ids"), *items;
	size_t used = 0;

	if (!json_only_keys(body, keys, "", &request->diag) ||
		items_of(request, body, BATCH_GET_MAX, &items))
		return ERR_INVALID;
	if (ids && !json_is_array(ids))
		diag_add(&request->diag, "/ids", "An array is expected.");
	*count = json_array_size(ids) + json_array_size(items);
	if (*count == 0)
		diag_add(&request->diag, "", "At least one of ids and items must name something.");
	if (*count > BATCH_GET_MAX)
		diag_add(&request->diag, "", "At most %d items in one call.", BATCH_GET_MAX);
	if (request->diag.count)
		return ERR_INVALID;
	*out = arena_array(&request->arena, *count, sizeof **out);
	if (!*out)
		return ERR_BUDGET;
	for (size_t i = 0; i < json_array_size(ids); i++)
		wish_by_id(request, json_array_get(ids, i), i, &(*out)[used++]);
	for (size_t i = 0; i < json_array_size(items); i++)
		wish_by_name(request, json_array_get(items, i), i, &(*out)[used++]);
	return request->diag.count ? ERR_INVALID : ERR_OK;
}

/* In the order asked; what is not there is listed as it was asked. */
static enum error write_found(struct request *request, struct response *response,
	const struct wish *wishes, size_t count, const struct item_list *found)
{
	struct buf *out = &response->body, missing = BUF_INIT;
	struct uuid_map places = {0};
	bool first = true;

	for (size_t i = 0; i < found->count; i++) {
		if (!uuid_map_put(&places, &found->records[i].id, (uint32_t)i))
			out->failed = true;
	}
	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < count; i++) {
		uint32_t place = uuid_map_get(&places, &wishes[i].id);

		if (place == MAP_NONE) {
			if (missing.len)
				buf_putc(&missing, ',');
			json_canonical(&missing, wishes[i].as_asked);
			continue;
		}
		if (!first)
			buf_putc(out, ',');
		first = false;
		veil_note_item(request, found->catalog, &found->records[place]);
		item_write(out, &found->records[place], found->catalog, sees_sensitive(request));
	}
	buf_puts(out, "],\"missing\":[");
	buf_str(out, buf_view(&missing));
	buf_puts(out, "]}");
	out->failed = out->failed || missing.failed;
	buf_release(&missing);
	uuid_map_release(&places);
	return response_done(response);
}

static enum error get_found(struct request *request, struct response *response, json_t *body)
{
	struct call call = call_of(request);
	struct item_list found;
	struct wish *wishes;
	struct uuid *ids;
	size_t count;
	enum error error = read_wishes(request, body, &wishes, &count);

	if (error)
		return error;
	ids = arena_array(&request->arena, count, sizeof *ids);
	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		ids[i] = wishes[i].id;
	error = items_get(&call, ids, count, &found);
	if (error)
		return error;
	response_revision(response, request, found.head);
	error = write_found(request, response, wishes, count, &found);
	catalog_unref(found.catalog);
	return error;
}

static enum error batch_get(struct request *request, struct response *response)
{
	json_t *body;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	error = get_found(request, response, body);
	json_decref(body);
	return error;
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/items:features",
		.roles = ROLE_CONTRIBUTOR | ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = INGEST_MAX_BODY,
		.handle = set_features,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/items:batch-get",
		.roles = ROLES_READ,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = batch_get,
	},
};
const struct route_table item_set_routes = {routes, sizeof routes / sizeof *routes};

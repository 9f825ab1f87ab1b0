/*
 * Kept rankings: the newest one is kept with its receipt, and read again by its id. A ranking that
 * was not kept is computed again where only its order is asked for.
 */
#include <stdio.h>

#include "base/num.h"
#include "http/resources/ranking_id.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/bundles.h"
#include "service/catalogs.h"
#include "service/heavy.h"

enum { ENTRIES_MAX = 1000, READ_ENTRIES = 20000, NOTE_BODY_BYTES = 65536 };

/* ---- the header ---- */

static void write_version(
	struct json_writer *json, const char *key, int64_t version, struct str name)
{
	json_key(json, key);
	if (version == 0) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_put(json, "version", int, version);
	json_put(json, "name", str, name);
	json_object_end(json);
}

/* Versions never change, so any catalogue that has them will do. */
static void write_versions(
	struct json_writer *json, const struct catalog *catalog, const struct receipt *receipt)
{
	const struct model_version *model = catalog_model(catalog, receipt->model);
	const struct policy_version *policy = catalog_policy(catalog, receipt->policy);

	write_version(json, "model", receipt->model, model ? model->name : STR_NONE);
	write_version(json, "policy", receipt->policy, policy ? policy->name : STR_NONE);
}

/* A receipt's digest is over scores, so it tells that one has changed. `now` is the newest catalogue. */
static bool is_hidden(
	const struct request *request, const struct catalog *now, const struct receipt *receipt)
{
	const struct model_version *model = catalog_model(now, receipt->model);
	const struct policy_version *policy = catalog_policy(now, receipt->policy);

	if (sees_sensitive(request))
		return false;
	return (model && model_is_sensitive(model, now)) ||
	       (policy && policy_is_sensitive(policy, now));
}

static void write_header(struct json_writer *json, const struct request *request,
	const struct catalog *catalog, const struct ranking_row *row)
{
	bool hidden = is_hidden(request, catalog, &row->receipt);

	json_object_begin(json);
	json_put(json, "id", str, row->id);
	json_put(json, "revision", int, row->receipt.revision);
	json_put(json, "as_of", time, row->receipt.as_of_us);
	write_versions(json, catalog, &row->receipt);
	json_put(json, "count", int, row->receipt.item_count);
	if (hidden)
		json_put(json, "masked", bool, true);
	if (hidden)
		json_put(json, "receipt", text, NULL);
	else
		view_write_receipt(json, "receipt", &row->receipt);
	json_put(json, "note", str, row->note);
	json_put(json, "kept_by", str, row->kept_by);
	json_put(json, "kept_at", time, row->kept_us);
	json_put(json, "kept_revision", int, row->revision);
	json_object_end(json);
}

static enum error answer_header(
	struct request *request, struct response *response, const struct ranking_row *row)
{
	struct call call = call_of(request);
	struct json_writer json;
	struct catalog *catalog;
	enum error error = catalog_current(&call, &catalog, NULL);

	if (error)
		return error;
	json_writer_init(&json, &response->body);
	write_header(&json, request, catalog, row);
	catalog_unref(catalog);
	return response_done(response);
}

/* ---- what may be seen ---- */

/* What of a ranking with such a receipt the caller may not see. */
static enum error ask_veil(struct request *request, const struct receipt *receipt)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	enum error error = catalog_current(&call, &catalog, NULL);
	if (error)
		return error;
	error = veil_ask_versions(request, catalog, catalog_model(catalog, receipt->model),
		catalog_policy(catalog, receipt->policy));
	catalog_unref(catalog);
	return error;
}

static const char *veiled_tag(struct request *request, int64_t revision)
{
	const char *tag = arena_printf(
		&request->arena, "\"r%lld%s\"", (long long)revision, veil_class(request));

	return tag ? tag : "";
}

/* ---- keeping ---- */

static enum error read_note(struct request *request, struct str *note)
{
	static const char *const keys[] = {"note", NULL};
	json_t *body;
	bool good;
	enum error error = body_json_or_none(request, &body);

	if (error)
		return error;
	good = json_is_object(body);
	if (!good)
		diag_add(
			&request->diag, "", "An object is expected, not %s.", json_type_word(body));
	good = good && json_only_keys(body, keys, "", &request->diag);
	good = json_read_text(body, "note", 1, RANKING_MAX_NOTE, false, "", &request->diag,
		       &request->arena, note) &&
	       good;
	json_decref(body);
	if (good)
		return ERR_OK;
	return request->diag.count > 0 ? ERR_INVALID : ERR_NO_MEMORY;
}

static void entries_of(void *self, size_t first, size_t count, struct ranked_item *out)
{
	const struct ranking *ranking = self;

	for (size_t i = 0; i < count; i++)
		ranked_item_of(&ranking->decision, &ranking->population, first + i, &out[i]);
}

static enum error keep_ranking(struct request *request, struct response *response,
	struct ranking *ranking, struct str note)
{
	struct ranking_content content = {
		.id = str_from(ranking->id),
		.note = note,
		.entries = entries_of,
		.self = ranking,
	};
	struct call call = call_of(request);
	struct ranking_row row;
	struct written written;
	bool created;
	enum error error;

	if (!ranking_receipt(ranking, &content.receipt))
		return ERR_NO_MEMORY;
	error = ranking_keep(&call, &content, &row, &created, &written);
	if (error)
		return error;
	response->status = created ? 201 : 200;
	if (created)
		response_header(response, request, "Location", "/v1/workspaces/%s/rankings/%.*s",
			request->workspace.name, STR_ARG(row.id));
	response_header(response, request, "ETag", "%s", veiled_tag(request, row.revision));
	response_written(response, request, &written);
	return answer_header(request, response, &row);
}

static enum error keep(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct ranking *ranking;
	struct str note;
	enum error error = request_query_only(request, known);

	if (!error)
		error = read_note(request, &note);
	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	error = keep_ranking(request, response, ranking, note);
	ranking_unref(ranking);
	return error;
}

/* ---- listing and showing ---- */

static enum error read_before(struct request *request, int64_t *before)
{
	struct str payload;
	uint64_t revision;
	enum error error = query_cursor(request, STR("rankings"), &payload);

	*before = INT64_MAX;
	if (error || !payload.ptr)
		return error;
	if (!num_parse_u64(payload, &revision) || revision > INT64_MAX)
		return ERR_BAD_CURSOR;
	*before = (int64_t)revision;
	return ERR_OK;
}

static void write_list(struct request *request, struct response *response,
	const struct catalog *catalog, const struct ranking_row *rows, size_t count, bool more)
{
	struct json_writer json;
	char last[24];

	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "rankings");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		write_header(&json, request, catalog, &rows[i]);
	json_array_end(&json);
	if (more) {
		snprintf(last, sizeof last, "%lld", (long long)rows[count - 1].revision);
		write_next(&json, request, STR("rankings"), str_from(last));
	}
	json_object_end(&json);
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"limit", "cursor", "min_revision", NULL};
	struct call call = call_of(request);
	struct ranking_row *rows;
	struct catalog *catalog;
	int64_t before, revision;
	size_t limit, count;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &limit);
	if (!error)
		error = read_before(request, &before);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = ranking_list(&call, before, limit + 1, &rows, &count, &revision);
	if (!error)
		error = catalog_current(&call, &catalog, NULL);
	if (error)
		return error;
	response_revision(response, request, revision);
	write_list(request, response, catalog, rows, count > limit ? limit : count, count > limit);
	catalog_unref(catalog);
	return response_done(response);
}

static enum error show(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct ranking_row row;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = ranking_get(&call, ranking_param(request), &row, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	error = ask_veil(request, &row.receipt);
	if (error)
		return error;
	if (response_not_modified(response, request, veiled_tag(request, row.revision)))
		return ERR_OK;
	return answer_header(request, response, &row);
}

/* ---- entries ---- */

/* A range of a ranking's entries, from its rows or from memory. */
struct shown_entries {
	struct receipt receipt;
	int64_t head; /* the revision that the answer reflects */
	struct ranked_item *items;
	size_t count;
};

static enum error computed_entries(
	const struct call *call, const struct ranking_range *range, struct shown_entries *out)
{
	struct recalled recalled;
	enum error error = ranking_recall(call, range->id, false, &recalled);
	size_t ranked;

	if (error)
		return error;
	ranked = recalled.ranking->decision.order.count;
	out->head = recalled.ranking->revision;
	out->count = (size_t)range->from > ranked ? 0 : ranked - (size_t)range->from + 1;
	if (out->count > range->count)
		out->count = range->count;
	out->items = arena_array(call->arena, out->count, sizeof *out->items);
	if (!out->items)
		error = ERR_BUDGET;
	else if (!ranking_receipt(recalled.ranking, &out->receipt))
		error = ERR_NO_MEMORY;
	else
		entries_of(recalled.ranking, (size_t)range->from, out->count, out->items);
	ranking_unref(recalled.ranking);
	return error;
}

static enum error some_entries(
	const struct call *call, const struct ranking_range *range, struct shown_entries *out)
{
	struct ranking_row row;
	enum error error = ranking_page(call, range, &row, &out->items, &out->count, &out->head);

	if (error == ERR_NOT_FOUND)
		return computed_entries(call, range, out);
	out->receipt = row.receipt;
	return error;
}

/* ?from=, or where the cursor goes on. */
static enum error read_from(struct request *request, struct str id, int64_t *from)
{
	struct str payload;
	uint64_t rank;
	enum error error = request_query_int(request, "from", 1, INT64_MAX / 2, 1, from);

	if (!error)
		error = query_cursor(request, id, &payload);
	if (error || !payload.ptr)
		return error;
	if (!num_parse_u64(payload, &rank) || rank < 1 || rank > INT64_MAX / 2)
		return ERR_BAD_CURSOR;
	*from = (int64_t)rank;
	return ERR_OK;
}

/* Flags are by rules and by scores: of a ranking that is masked there is rank and band. */
static void write_entry(struct json_writer *json, const struct request *request, size_t rank,
	const struct ranked_item *item, const struct wn_model *model)
{
	bool banded = item->band < model->band_count;

	if (veil_refuse(request) == ERR_OK) {
		json_raw(json, STR(""));
		ranked_item_line(json->out, rank, item, model);
		return;
	}
	json_object_begin(json);
	json_put(json, "rank", int, (int64_t)rank);
	json_put(json, "id", uuid, &item->id);
	json_put(json, "score", text, NULL);
	json_put(json, "band", text, banded ? model->bands[item->band].name : NULL);
	json_object_end(json);
}

static enum error answer_entries(struct request *request, struct response *response,
	const struct ranking_range *range, const struct shown_entries *entries)
{
	struct call call = call_of(request);
	int64_t next = range->from + (int64_t)entries->count;
	const struct model_version *model;
	struct json_writer json;
	struct catalog *catalog;
	char payload[24];
	enum error error = catalog_current(&call, &catalog, NULL);

	if (error)
		return error;
	model = catalog_model(catalog, entries->receipt.model);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "ranking", str, range->id);
	json_put(&json, "revision", int, entries->receipt.revision);
	json_put(&json, "as_of", time, entries->receipt.as_of_us);
	write_versions(&json, catalog, &entries->receipt);
	json_put(&json, "count", int, entries->receipt.item_count);
	if (veil_refuse(request))
		json_put(&json, "masked", bool, true);
	json_key(&json, "entries");
	json_array_begin(&json);
	for (size_t i = 0; model && i < entries->count; i++) {
		write_entry(
			&json, request, (size_t)range->from + i, &entries->items[i], &model->model);
	}
	json_array_end(&json);
	if (entries->count > 0 && next <= entries->receipt.item_count) {
		snprintf(payload, sizeof payload, "%lld", (long long)next);
		write_next(&json, request, range->id, str_from(payload));
	}
	json_object_end(&json);
	catalog_unref(catalog);
	return response_done(response);
}

static enum error entries(struct request *request, struct response *response)
{
	static const char *const known[] = {"from", "limit", "cursor", NULL};
	struct ranking_range range = {.id = ranking_param(request)};
	struct call call = call_of(request);
	struct shown_entries shown;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, ENTRIES_MAX, &range.count);
	if (!error)
		error = read_from(request, range.id, &range.from);
	if (!error)
		error = some_entries(&call, &range, &shown);
	if (!error)
		error = ask_veil(request, &shown.receipt);
	if (error)
		return error;
	if (view_fixed(request, response, range.id, shown.head))
		return ERR_OK;
	return answer_entries(request, response, &range, &shown);
}

/* ---- the whole order ---- */

static enum error write_lines(struct request *request, struct buf *out, size_t from,
	const struct ranked_item *items, size_t count, const struct wn_model *model)
{
	for (size_t i = 0; i < count; i++)
		ranked_item_line(out, from + i, &items[i], model);
	if (out->failed)
		return ERR_NO_MEMORY;
	if (out->len <= BUNDLE_BYTES_MAX)
		return ERR_OK;
	diag_add(&request->diag, "", "The order would be larger than %d MiB; read it by /entries.",
		BUNDLE_BYTES_MAX >> 20);
	return ERR_BUDGET;
}

/* In pieces, so that a large one is not held twice. */
static enum error order_pieces(struct request *request, struct response *response,
	const struct catalog *catalog, const struct ranking_row *row)
{
	const struct model_version *model = catalog_model(catalog, row->receipt.model);
	struct ranking_range range = {.id = row->id, .from = 1, .count = READ_ENTRIES};
	struct call call = call_of(request);
	struct arena arena;
	enum error error = model ? ERR_OK : ERR_INTERNAL;

	arena_init(&arena, 64u << 20);
	call.arena = &arena;
	while (!error && range.from <= row->receipt.item_count) {
		struct ranking_row header;
		struct ranked_item *items;
		size_t found;
		int64_t revision;

		error = ranking_page(&call, &range, &header, &items, &found, &revision);
		if (!error && found == 0)
			error = ERR_INTERNAL; /* the receipt says that there are more */
		if (!error)
			error = write_lines(request, &response->body, (size_t)range.from, items,
				found, &model->model);
		range.from += (int64_t)found;
		arena_release(&arena);
	}
	return error;
}

static enum error order_kept(
	struct request *request, struct response *response, const struct ranking_row *row)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	enum error error = catalog_current(&call, &catalog, NULL);

	if (error)
		return error;
	error = order_pieces(request, response, catalog, row);
	catalog_unref(catalog);
	return error;
}

static enum error order_of(
	struct request *request, struct response *response, struct ranking *ranking)
{
	struct ranked_item item;
	enum error error = ERR_OK;

	for (size_t rank = 1; !error && rank <= ranking->decision.order.count; rank++) {
		entries_of(ranking, rank, 1, &item);
		error = write_lines(
			request, &response->body, rank, &item, 1, &ranking->model->model);
	}
	return error;
}

/* The bytes that the receipt's digest is over have no masked form. */
static enum error refuse_hidden(struct request *request, const struct ranking *ranking)
{
	enum error error = veil_ask(request, ranking, false);

	return error ? error : veil_refuse(request);
}

static enum error order_computed(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct str id = ranking_param(request);
	struct recalled recalled;
	enum error error = heavy_begin(&call, HEAVY_MEMORY);

	if (error)
		return error;
	error = ranking_recall(&call, id, false, &recalled);
	if (!error) {
		error = refuse_hidden(request, recalled.ranking);
		if (!error && !view_fixed(request, response, id, recalled.ranking->revision))
			error = order_of(request, response, recalled.ranking);
		ranking_unref(recalled.ranking);
	}
	heavy_end(&call, HEAVY_MEMORY);
	return error;
}

static enum error order(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct ranking_row row;
	int64_t revision;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (error)
		return error;
	response->content_type = "application/x-ndjson";
	error = ranking_get(&call, ranking_param(request), &row, &revision);
	if (error == ERR_NOT_FOUND)
		return order_computed(request, response);
	if (!error)
		error = ask_veil(request, &row.receipt);
	if (!error)
		error = veil_refuse(request);
	if (error)
		return error;
	if (view_fixed(request, response, row.id, revision))
		return ERR_OK;
	return order_kept(request, response, &row);
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/rankings",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = NOTE_BODY_BYTES,
		.handle = keep,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/rankings",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/rankings/{ranking}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/rankings/{ranking}/entries",
		.roles = ROLES_READ,
		.handle = entries,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/rankings/{ranking}/order",
		.roles = ROLES_READ,
		.handle = order,
	},
};
const struct route_table ranking_routes = {routes, sizeof routes / sizeof *routes};

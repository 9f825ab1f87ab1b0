/*
 * …/sweeps: the icebox looked through, kept as it was found, and closed in bulk.
 */
#include <math.h>

#include "base/num.h"
#include "http/resources/finding_view.h"
#include "http/resources/item_ref.h"
#include "http/resources/stream_view.h"
#include "http/resources/sweep_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"

enum { NAME_MOST = 255, FACTOR_MOST = 1000 };

/* ---- showing ---- */

static void write_promotion(struct json_writer *json, const struct sweep_row *sweep)
{
	json_key(json, "promote");
	if (!sweep->feature.ptr) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_put(json, "feature", str, sweep->feature);
	json_put(json, "factor", number, sweep->factor);
	json_object_end(json);
}

void sweep_write_head(struct json_writer *json, const struct sweep_row *sweep)
{
	json_put(json, "id", uuid, &sweep->id);
	json_put(json, "revision", int, sweep->revision);
	json_put(json, "made_at", time, sweep->made_us);
	json_put(json, "made_by", str, sweep->made_by);
	json_put(json, "ranking", str, sweep->ranking);
	json_put(json, "months", int, sweep->months);
	write_promotion(json, sweep);
	json_put(json, "cut", bool, sweep->cut);
	json_put(json, "stale_count", int, (int64_t)sweep->stale_count);
	json_put(json, "promoted_count", int, (int64_t)sweep->promoted_count);
}

static void write_item(
	struct json_writer *json, const struct ranking *ranking, const struct uuid *id)
{
	uint32_t row = ranking_find(ranking, id);

	json_key(json, "item");
	if (row != WN_ROW_NONE) {
		view_write_item(json, ranking, row);
		return;
	}
	json_object_begin(json);
	json_put(json, "id", uuid, id);
	json_object_end(json);
}

/* The revision that closed it; 0: none. */
static int64_t closed_at(const struct sweep_view *view, const struct uuid *id)
{
	for (size_t c = 0; c < view->closing_count; c++) {
		for (size_t i = 0; i < view->closings[c].item_count; i++) {
			if (uuid_cmp(&view->closings[c].items[i], id) == 0)
				return view->closings[c].revision;
		}
	}
	return 0;
}

static void write_stale(struct json_writer *json, const struct ranking *ranking,
	const struct sweep_row *sweep, size_t i, const struct sweep_view *view)
{
	int64_t closed = view ? closed_at(view, &sweep->stale[i]) : 0;
	double scored_s = sweep->scored_s[i];

	json_object_begin(json);
	write_item(json, ranking, &sweep->stale[i]);
	json_put(json, "last_scored_at", time,
		scored_s > 0 ? (int64_t)llround(scored_s * US_PER_S) : TIME_NONE);
	if (closed > 0)
		json_put(json, "closed_revision", int, closed);
	json_object_end(json);
}

static bool hides_values(const struct ranking *ranking, const struct sweep_row *sweep)
{
	const struct feature_definition *feature =
		catalog_feature(ranking->catalog, sweep->feature);

	return feature && feature->sensitive;
}

void sweep_write_lists(struct json_writer *json, const struct ranking *ranking,
	const struct sweep_row *sweep, const struct sweep_view *view, bool sensitive)
{
	bool hidden = !sensitive && sweep->feature.ptr && hides_values(ranking, sweep);

	json_key(json, "stale");
	json_array_begin(json);
	for (size_t i = 0; i < sweep->stale_count; i++)
		write_stale(json, ranking, sweep, i, view);
	json_array_end(json);
	json_key(json, "promoted");
	json_array_begin(json);
	for (size_t i = 0; i < sweep->promoted_count; i++) {
		json_object_begin(json);
		write_item(json, ranking, &sweep->promoted[i]);
		json_put(json, "was", number, hidden ? NAN : sweep->first[i]);
		json_put(json, "is", number, hidden ? NAN : sweep->last[i]);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_closings(struct json_writer *json, const struct sweep_view *view)
{
	json_key(json, "closings");
	json_array_begin(json);
	for (size_t i = 0; i < view->closing_count; i++) {
		const struct sweep_closing_row *closing = &view->closings[i];

		json_object_begin(json);
		json_put(json, "revision", int, closing->revision);
		json_put(json, "closed_at", time, closing->closed_us);
		json_put(json, "closed_by", str, closing->closed_by);
		json_put(json, "status", str, closing->status);
		json_put(json, "items", int, (int64_t)closing->item_count);
		json_put(json, "rationale", str, closing->rationale);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_sweep(const struct request *request, struct json_writer *json,
	const struct ranking *ranking, const struct sweep_view *view)
{
	json_object_begin(json);
	sweep_write_head(json, &view->sweep);
	sweep_write_lists(json, ranking, &view->sweep, view, sees_sensitive(request));
	write_closings(json, view);
	json_object_end(json);
}

/* ---- making ---- */

static void read_promotion(struct request *request, const json_t *promote, struct sweep_input *out)
{
	static const char *const keys[] = {"feature", "factor", NULL};
	struct diag *diag = &request->diag;
	double factor;

	if (json_is_null(promote)) {
		out->feature = STR_NONE;
		return;
	}
	if (!json_is_object(promote)) {
		diag_add(diag, "/promote",
			"An object with feature and factor is expected, or null.");
		return;
	}
	json_only_keys(promote, keys, "/promote", diag);
	json_read_text(promote, "feature", 1, NAME_MOST, true, "/promote", diag, &request->arena,
		&out->feature);
	json_read_number(promote, "factor", 1, FACTOR_MOST, false, "/promote", diag, &factor);
	if (!isnan(factor))
		out->factor = factor;
}

static enum error read_input(struct request *request, struct sweep_input *out)
{
	static const char *const keys[] = {"months", "promote", NULL};
	const json_t *promote;
	json_t *body;
	enum error error = body_json_or_none(request, &body);

	if (error)
		return error;
	out->factor = SWEEP_FACTOR;
	if (json_is_object(body)) {
		json_only_keys(body, keys, "", &request->diag);
		json_read_int(body, "months", 1, SWEEP_MAX_MONTHS, false, SWEEP_MONTHS, "",
			&request->diag, &out->months);
		promote = json_object_get(body, "promote");
		if (promote)
			read_promotion(request, promote, out);
	} else {
		diag_add(&request->diag, "", "An object is expected.");
	}
	json_decref(body);
	return request->diag.count ? ERR_INVALID : ERR_OK;
}

static enum error make(struct request *request, struct response *response,
	const struct ranking *ranking, const struct survey *survey)
{
	struct sweep_input input = {.feature = sweep_default_feature(ranking->catalog)};
	struct call call = call_of(request);
	char id[UUID_TEXT_SIZE];
	struct sweep_view view = {.closing_count = 0};
	struct json_writer json;
	struct written written;
	enum error error = read_input(request, &input);

	if (!error)
		error = history_gate_begin(request, survey);
	if (error)
		return error;
	error = sweep_create(&call, survey, &input, &view.sweep, &written);
	history_gate_end(request, survey);
	if (error)
		return error;
	response->status = 201;
	response_header(response, request, "Location", "/v1/workspaces/%s/sweeps/%s",
		request->workspace.name, uuid_to_text(&view.sweep.id, id));
	response_written(response, request, &written);
	json_writer_init(&json, &response->body);
	write_sweep(request, &json, ranking, &view);
	return response_done(response);
}

static enum error create(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct ranking *ranking = NULL;
	struct survey survey;
	enum error error = request_query_only(request, known);

	if (!error)
		error = stream_survey(request, &ranking, &survey);
	if (error)
		return error;
	error = make(request, response, ranking, &survey);
	ranking_unref(ranking);
	return error;
}

/* ---- reading ---- */

static enum error show(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct call call = call_of(request);
	struct ranking *ranking = NULL;
	struct sweep_view view;
	struct json_writer json;
	struct uuid id;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	error = sweep_get(&call, &id, &view);
	if (!error) {
		response_revision(response, request, view.revision);
		json_writer_init(&json, &response->body);
		write_sweep(request, &json, ranking, &view);
		error = response_done(response);
	}
	ranking_unref(ranking);
	return error;
}

/* The cursor is the revision of the last one shown. */
static enum error read_page(struct request *request, size_t *limit, int64_t *before)
{
	static const char *const known[] = {"limit", "cursor", NULL};
	struct str payload = STR_NONE;
	uint64_t revision;
	enum error error = request_query_only(request, known);

	*before = INT64_MAX;
	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, limit);
	if (!error)
		error = query_cursor(request, STR("sweeps"), &payload);
	if (error || !payload.ptr)
		return error;
	if (!num_parse_u64(payload, &revision) || revision > INT64_MAX)
		return ERR_BAD_CURSOR;
	*before = (int64_t)revision;
	return ERR_OK;
}

static enum error list(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct sweep_row *sweeps;
	struct json_writer json;
	int64_t before, revision;
	size_t limit, count;
	char last[24];
	enum error error = read_page(request, &limit, &before);

	if (!error)
		error = sweep_list(&call, before, limit, &sweeps, &count, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "sweeps");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(&json);
		sweep_write_head(&json, &sweeps[i]);
		json_object_end(&json);
	}
	json_array_end(&json);
	if (count == limit) {
		snprintf(last, sizeof last, "%lld", (long long)sweeps[count - 1].revision);
		write_next(&json, request, STR("sweeps"), str_from(last));
	}
	json_object_end(&json);
	return response_done(response);
}

/* ---- closing ---- */

static enum error read_items(
	struct request *request, const json_t *items, struct sweep_closing *out)
{
	size_t count = json_array_size(items);
	struct uuid *ids;

	out->all = json_is_string(items) && strcmp(json_string_value(items), "all") == 0;
	if (out->all)
		return ERR_OK;
	if (!json_is_array(items) || count == 0 || count > SWEEP_ITEMS_MAX) {
		diag_add(&request->diag, "/items",
			"\"all\" is expected, or a list of 1 to %d items.", SWEEP_ITEMS_MAX);
		return ERR_OK;
	}
	ids = arena_array(&request->arena, count, sizeof *ids);
	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		item_ref_read(request, json_array_get(items, i),
			diag_index(&request->diag, "/items", i), &ids[i]);
	out->items = ids;
	out->count = count;
	return ERR_OK;
}

static enum error read_closing(struct request *request, struct sweep_closing *out)
{
	static const char *const keys[] = {"items", "rationale", "status", NULL};
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	if (json_is_object(body)) {
		json_only_keys(body, keys, "", &request->diag);
		json_read_text(body, "rationale", 0, SIZE_MAX, true, "", &request->diag,
			&request->arena, &out->rationale);
		json_read_text(body, "status", 1, NAME_MOST, false, "", &request->diag,
			&request->arena, &out->status);
		error = read_items(request, json_object_get(body, "items"), out);
	} else {
		diag_add(&request->diag, "", "An object is expected.");
	}
	json_decref(body);
	if (error)
		return error;
	return request->diag.count ? ERR_INVALID : ERR_OK;
}

static enum error close_items(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct sweep_closing closing = {.rationale = STR_NONE};
	struct json_writer json;
	struct written written;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = param_uuid(request, 1, &closing.sweep);
	if (!error)
		error = read_closing(request, &closing);
	if (!error)
		error = sweep_close(&call, &closing, &written);
	if (error)
		return error;
	response_written(response, request, &written);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "sweep", uuid, &closing.sweep);
	json_put(&json, "revision", int, written.revision);
	json_put(&json, "closed", int, (int64_t)closing.closed);
	json_put(&json, "left", int, (int64_t)closing.left);
	json_put(&json, "remaining", int, (int64_t)closing.remaining);
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/sweeps",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/sweeps",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = create,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/sweeps/{id}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/sweeps/{id}:close",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 1 << 20,
		.handle = close_items,
	},
};
const struct route_table sweep_routes = {routes, sizeof routes / sizeof *routes};

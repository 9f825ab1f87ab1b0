/*
 * Showing a ranked row.
 */
#include "http/resources/view.h"
#include "http/resources/tables.h"
#include "http/sensitive_read.h"

#include <math.h>

#include "codec/item.h"
#include "codec/receipt.h"
#include "live/live.h"
#include "service/items.h"
#include "service/recall.h"
#include "winnow/version.h"

enum {
	WAIT_US = 5 * 1000000,
	SWEEP_ROWS = 100000, /* on the event loop: well under a millisecond a column */
	SEARCH_ROWS = 2000,  /* and about as much at half a microsecond a row */
};

/* A revision that nobody has written would be waited for in vain. */
static enum error check_head(struct request *request, int64_t revision)
{
	struct call call = call_of(request);
	int64_t head;
	enum error error;

	if (!request->on_worker)
		return ERR_WOULD_BLOCK;
	error = workspace_revision(&call, &head);
	if (error || revision <= head)
		return error;
	diag_add(&request->diag, "/query/min_revision", "The workspace is at revision %lld.",
		(long long)head);
	return ERR_BEYOND_HEAD;
}

enum error view_loading(struct request *request)
{
	struct live_loading loading;

	live_loading(request->service->live, &request->workspace.id, &loading);
	request->problem_members = arena_printf(&request->arena,
		"\"loading\":{\"begun\":%s,\"items\":%zu,\"seconds\":%.1f}",
		loading.begun ? "true" : "false", loading.items,
		(double)loading.since_us / US_PER_S);
	return ERR_LOADING;
}

/* The ranking is let go when there is no saying what of it may be seen. */
static enum error veiled(struct request *request, struct ranking **ranking, bool newest)
{
	enum error error = veil_ask(request, *ranking, newest);

	if (!error)
		return ERR_OK;
	ranking_unref(*ranking);
	*ranking = NULL;
	return error;
}

enum error view_ranking(struct request *request, struct ranking **out)
{
	struct live_health health;
	int64_t revision;
	enum error error = request_query_int(request, "min_revision", 0, INT64_MAX, 0, &revision);

	*out = NULL;
	if (error)
		return error;
	error = live_ranking(request->service->live, &request->workspace.id, out);
	if (error && error != ERR_LOADING)
		return error;
	if (!error && (*out)->revision >= revision)
		return veiled(request, out, true);
	if (!error)
		ranking_unref(*out);
	*out = NULL;
	if (request->parked_once)
		return error ? view_loading(request) : ERR_NOT_CAUGHT_UP;
	live_health(request->service->live, &health);
	if (!health.database_up && health.outage_us > WAIT_US)
		return ERR_DATABASE_AWAY;
	error = revision > 0 ? check_head(request, revision) : ERR_OK;
	if (error)
		return error;
	request->park_revision = revision;
	request->park_until_us = clock_monotonic_us(request->clock) + WAIT_US;
	return ERR_PARK;
}

enum error view_ranking_if_any(struct request *request, struct ranking **out)
{
	enum error error = view_ranking(request, out);

	if (error == ERR_WORKSPACE_TOO_LARGE)
		return ERR_OK;
	if (error != ERR_PARK && error != ERR_LOADING)
		return error;
	return live_is_failing(request->service->live, &request->workspace.id) ? ERR_OK : error;
}

enum error view_may_ask_past(struct request *request)
{
	if (request->roles & ROLES_ASK_PAST)
		return ERR_OK;
	diag_add(&request->diag, "/query/revision",
		"What was at a past revision is for reviewers, admins and auditors.");
	return ERR_FORBIDDEN;
}

enum error view_past(
	struct request *request, const char *name, int64_t revision, struct ranking **out)
{
	struct ranking_request wanted = {
		.now_us = clock_now_us(request->clock), .model = -1, .policy = -1};
	struct call call = call_of(request);
	enum error error;

	*out = NULL;
	if (!request->on_worker)
		return ERR_WOULD_BLOCK;
	error = ranking_time_of(&call, revision, &wanted.as_of_us);
	if (error == ERR_BEYOND_HEAD)
		diag_add(&request->diag, diag_key(&request->diag, "/query", name),
			"The workspace has not reached revision %lld yet.", (long long)revision);
	if (error)
		return error;
	error = ranking_of_past(&call, revision, &wanted, false, out);
	return error ? error : veiled(request, out, false);
}

enum error view_item(struct request *request, struct ranking **out, uint32_t *row)
{
	struct uuid id;
	enum error error = param_uuid(request, 1, &id);

	*out = NULL;
	if (!error)
		error = view_ranking(request, out);
	if (error)
		return error;
	*row = ranking_find(*out, &id);
	if (*row != WN_ROW_NONE && request->read)
		sensitive_read_item(request->read, &id);
	if (*row != WN_ROW_NONE)
		return ERR_OK;
	ranking_unref(*out);
	*out = NULL;
	return ERR_NOT_FOUND;
}

void view_tell_suspension(
	struct request *request, struct response *response, const struct ranking *ranking)
{
	const struct suspension *suspension = &ranking->catalog->suspension;

	if (suspension->model > 0)
		response_header(response, request, "Winnow-Suspended", "%.*s",
			STR_ARG(suspension->fallback));
}

bool view_headers(struct request *request, struct response *response, const struct ranking *ranking)
{
	int64_t age_s = ranking_age_us(ranking, clock_monotonic_us(request->clock)) / US_PER_S;

	if (age_s > 0)
		response_header(response, request, "Age", "%lld", (long long)age_s);
	view_tell_suspension(request, response, ranking);
	return view_fixed(request, response, str_from(ranking->id), ranking->revision);
}

bool view_fixed(struct request *request, struct response *response, struct str id, int64_t revision)
{
	static const struct str ends[] = {
		{"-" WINNOW_VERSION "\"", sizeof WINNOW_VERSION + 1},
		{"-" WINNOW_VERSION "-m\"", sizeof WINNOW_VERSION + 3},
	};
	struct str end = ends[veil_is_on(request)];
	char tag[128] = "\"";

	response_revision(response, request, revision);
	if (id.len > sizeof tag - end.len - 2)
		id.len = sizeof tag - end.len - 2;
	memcpy(tag + 1, id.ptr, id.len);
	memcpy(tag + 1 + id.len, end.ptr, end.len + 1);
	return response_not_modified(response, request, tag);
}

bool view_may_sweep(const struct request *request, const struct ranking *ranking)
{
	return request->on_worker || ranking->rows <= SWEEP_ROWS;
}

bool view_may_search(const struct request *request, const struct ranking *ranking)
{
	return request->on_worker || ranking->rows <= SEARCH_ROWS;
}

void view_begin(struct json_writer *json, const struct request *request, struct buf *out)
{
	json_writer_init(json, out);
	json->veil = request->veil;
}

/* That this is no model's judgement; only where there is something to tell. */
void view_write_suspension(struct json_writer *json, const struct ranking *ranking)
{
	const struct suspension *suspension = &ranking->catalog->suspension;

	if (suspension->model == 0)
		return;
	json_key(json, "suspended");
	json_object_begin(json);
	json_put(json, "model_version", int, suspension->model);
	json_put(json, "fallback", str, suspension->fallback);
	if (suspension->ranking.ptr)
		json_put(json, "ranking", str, suspension->ranking);
	json_put(json, "since_revision", int, suspension->revision);
	json_object_end(json);
}

void view_write_ranking(struct json_writer *json, const struct ranking *ranking)
{
	if (veil_hides(json, ranking))
		json_put(json, "masked", bool, true);
	json_put(json, "ranking", text, ranking->id);
	json_put(json, "revision", int, ranking->revision);
	json_put(json, "as_of", time, ranking->as_of_us);
	json_key(json, "model");
	json_object_begin(json);
	json_put(json, "version", int, ranking->model->version);
	json_put(json, "name", str, ranking->model->name);
	json_object_end(json);
	json_key(json, "policy");
	if (ranking->policy) {
		json_object_begin(json);
		json_put(json, "version", int, ranking->policy->version);
		json_put(json, "name", str, ranking->policy->name);
		json_object_end(json);
	} else {
		json_nil(json);
	}
	view_write_suspension(json, ranking);
}

void view_write_receipt(struct json_writer *json, const char *key, const struct receipt *receipt)
{
	json_key(json, key);
	json_raw(json, STR(""));
	receipt_write(json->out, receipt);
}

void view_write_row(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	static const char *const names[ROW_TEXTS] = {
		[ROW_SOURCE] = "source",
		[ROW_EXTERNAL_ID] = "external_id",
		[ROW_TITLE] = "title",
		[ROW_STREAM] = "stream",
		[ROW_KIND] = "kind",
		[ROW_STATUS] = "status",
		[ROW_TEAM] = "team",
	};

	json_put(json, "id", uuid, &ranking_facts(ranking, row)->id);
	for (int i = 0; i < ROW_TEXTS; i++) {
		struct str text = ranking_text(ranking, row, (enum row_text)i);

		if (i == ROW_TITLE && veil_hides_field(json, ranking, ITEM_TITLE))
			json_put(json, names[i], text, NULL);
		else if (text.ptr)
			json_put(json, names[i], str, text);
	}
}

void view_write_score(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	double score = veil_hides_scores(json, ranking) ? NAN : ranking->decision.score[row];
	bool scored = !isnan(score);

	json_put(json, "score", number, score);
	json_key(json, "range");
	if (scored) {
		json_object_begin(json);
		json_put(json, "lowest", number, ranking->decision.evidence.lowest[row]);
		json_put(json, "highest", number, ranking->decision.evidence.highest[row]);
		json_object_end(json);
	} else {
		json_text(json, NULL);
	}
	json_put(json, "band", text, ranking_band_name(ranking, row));
}

const char *view_blocker_state(const struct ranking *ranking, uint32_t blocker)
{
	static const char *const states[] = {
		[STATUS_TODO] = "open",
		[STATUS_ACTIVE] = "in_progress",
		[STATUS_DONE] = "done",
		[STATUS_DROPPED] = "dropped",
	};
	const uint8_t *out = ranking->decision.out;

	if (blocker == WN_ROW_NONE)
		return "missing";
	if (out && out[blocker] != WN_NOT_OUT)
		return out[blocker] == WN_OUT_BY_DEFER ? "deferred" : "excluded";
	return states[ranking_status_class(ranking, blocker)];
}

static void write_blockers(
	struct json_writer *json, const struct ranking *ranking, uint32_t row, bool all)
{
	const struct block *block = ranking_block(ranking, row);
	size_t count;
	const struct row_link *links = block_links(block, row % BLOCK_ROWS, &count);
	bool any = all;

	if (any) {
		json_key(json, "blocked_by");
		json_array_begin(json);
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t blocker = ranking_find(ranking, &links[i].id);
		struct item_link name = block_link_name(block, &links[i]);

		if (blocker != WN_ROW_NONE && ranking_status_class(ranking, blocker) == STATUS_DONE)
			continue;
		if (!any) {
			json_key(json, "blocked_by");
			json_array_begin(json);
			any = true;
		}
		json_object_begin(json);
		json_put(json, "id", uuid, &links[i].id);
		json_put(json, "source", str, name.source);
		json_put(json, "external_id", str, name.external_id);
		json_put(json, "state", text, view_blocker_state(ranking, blocker));
		json_object_end(json);
	}
	if (any)
		json_array_end(json);
}

void view_write_order(
	struct json_writer *json, const struct ranking *ranking, uint32_t row, bool all)
{
	const struct wn_ranking *order = &ranking->decision.order;

	write_blockers(json, ranking, row, all);
	if (order->carries && order->rank[row] > 0 && order->carries[row] != row &&
		!veil_hides(json, ranking)) {
		uint32_t carried = order->carries[row];

		json_key(json, "carries");
		json_object_begin(json);
		json_put(json, "id", uuid, &ranking_facts(ranking, carried)->id);
		json_put(json, "external_id", str, ranking_text(ranking, carried, ROW_EXTERNAL_ID));
		json_object_end(json);
	} else if (all) {
		json_put(json, "carries", text, NULL);
	}
	if (order->cycle && order->cycle[row] > 0)
		json_put(json, "cycle", int, order->cycle[row]);
	else if (all)
		json_put(json, "cycle", text, NULL);
}

void view_write_item(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	json_object_begin(json);
	if (ranking->decision.order.rank[row] > 0)
		json_put(json, "rank", int, ranking->decision.order.rank[row]);
	view_write_row(json, ranking, row);
	json_object_end(json);
}

size_t view_count_out(const struct ranking *ranking)
{
	const uint8_t *out = ranking->decision.out;
	size_t count = 0;

	for (size_t row = 0; out && row < ranking->rows; row++)
		count += out[row] != 0;
	return count;
}

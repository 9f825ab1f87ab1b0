/*
 * Reviews: what stands high or is held and waits for a person. Listed with what the newest ranking tells of
 * it, and decided: one by one, or many approvals together.
 */
#include <stdio.h>
#include <string.h>

#include "http/resources/review_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/catalogs.h"
#include "service/overrides.h"
#include "service/reviews.h"

enum { TEXT_MOST = 65536, NAME_MOST = 255, LABEL_LIMIT_MAX = 200 };

/* ---- showing ---- */

/* What reviews are shown by: the newest ranking, or NULL, and the newest definitions. */
struct shown_by {
	const struct ranking *ranking; /* borrowed */
	struct catalog *now;           /* a reference */
	const struct catalog
		*hides; /* the same, to who may not see what is sensitive by it; else NULL */
};

static enum error shown_by_init(
	struct request *request, const struct ranking *ranking, struct shown_by *out)
{
	struct call call = call_of(request);
	enum error error = ERR_OK;

	*out = (struct shown_by){.ranking = ranking, .now = ranking ? ranking->catalog : NULL};
	if (ranking)
		catalog_ref(out->now);
	else
		error = catalog_current(&call, &out->now, NULL);
	/* A ranking has been asked by. */
	if (!error && !ranking)
		error = veil_ask_versions(request, out->now, NULL, NULL);
	out->hides = sees_sensitive(request) ? NULL : out->now;
	return error;
}

static void shown_by_release(struct shown_by *by)
{
	catalog_unref(by->now);
}

static enum error write_rows(struct request *request, struct json_writer *json,
	const struct shown_by *by, const struct review_row *rows, size_t count)
{
	const struct ranking *ranking = by->ranking;
	struct call call = call_of(request);
	struct uuid *ids = arena_array(&request->arena, count, sizeof *ids);
	struct evidence_room room = {NULL, NULL};
	struct item_names names;
	enum error error;

	if (!ids || (ranking && !evidence_room_init(&room, &request->arena, ranking->model)))
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		ids[i] = rows[i].item;
	error = item_names_of(&call, ranking, ids, count, &names);
	for (size_t i = 0; !error && i < count; i++) {
		const struct review_shown shown = {
			.review = &rows[i],
			.now_us = clock_now_us(request->clock),
			.ranking = ranking,
			.names = &names,
			.room = &room,
			.hides = by->hides,
			.arena = &request->arena,
		};

		review_write(json, &shown);
	}
	item_names_release(&names);
	return error;
}

/* ---- lists ---- */

struct list_query {
	struct review_filter filter;
	struct uuid item, before_id; /* what the filter points to */
	struct str text;             /* canonical, for the cursor */
};

static enum error read_word(struct request *request, const char *name, const char *const *words,
	const char *fault, struct str *out)
{
	char pointer[32];

	*out = request_query(request, name);
	if (!out->ptr)
		return ERR_OK;
	for (size_t i = 0; words[i]; i++) {
		if (str_is(*out, words[i]))
			return ERR_OK;
	}
	snprintf(pointer, sizeof pointer, "/query/%s", name);
	diag_add(&request->diag, pointer, "%s", fault);
	return ERR_INVALID;
}

static enum error read_item(struct request *request, struct list_query *out)
{
	struct str text = request_query(request, "item");

	out->filter.item = text.ptr ? &out->item : NULL;
	if (!text.ptr || uuid_from_text(text, &out->item))
		return ERR_OK;
	diag_add(&request->diag, "/query/item", "An item's id is expected: a UUID.");
	return ERR_INVALID;
}

static enum error read_filters(struct request *request, struct list_query *out)
{
	static const char *const states[] = {"open", "decided", "lapsed", NULL};
	static const char *const reasons[] = {"held", "top", "above", NULL};
	struct review_filter *filter = &out->filter;
	enum error error = read_word(
		request, "state", states, "A review is open, decided or lapsed.", &filter->state);

	if (!error)
		error = read_word(request, "reason", reasons,
			"A review is opened because its item is held, in the top, or above what "
			"was approved.",
			&filter->reason);
	filter->stream = request_query(request, "stream");
	return error ? error : read_item(request, out);
}

static enum error read_place(struct request *request, const char *list, struct list_query *out)
{
	struct review_filter *filter = &out->filter;
	char item[UUID_TEXT_SIZE];
	bool given;
	const char *text = arena_printf(&request->arena, "%s;%.*s;%.*s;%s;%.*s", list,
		(int)filter->state.len, filter->state.ptr ? filter->state.ptr : "",
		(int)filter->reason.len, filter->reason.ptr ? filter->reason.ptr : "",
		filter->item ? uuid_to_text(filter->item, item) : "", (int)filter->stream.len,
		filter->stream.ptr ? filter->stream.ptr : "");
	enum error error;

	if (!text)
		return ERR_BUDGET;
	out->text = str_from(text);
	error = query_place(request, out->text, &filter->before_revision, &out->before_id, &given);
	filter->before_id = given ? &out->before_id : NULL;
	return error;
}

static enum error read_list_query(struct request *request, struct list_query *out)
{
	static const char *const known[] = {
		"state", "stream", "reason", "item", "limit", "cursor", "min_revision", NULL};
	enum error error = request_query_only(request, known);

	*out = (struct list_query){.filter = {.limit = 0}};
	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &out->filter.limit);
	if (!error)
		error = read_filters(request, out);
	return error ? error : read_place(request, "reviews", out);
}

/* Which reviews a rule opened is not to be found out by asking for them, where it is not told of each. */
static enum error check_reason(const struct list_query *query, const struct catalog *hides)
{
	struct review_row opened = {.seen.policy_version = 0};
	bool hidden = false;

	for (size_t i = 0; query->filter.reason.ptr && hides && i < hides->policy_count; i++) {
		opened.seen.policy_version = hides->policies[i].version;
		hidden |= review_hides_opening(hides, &opened);
	}
	return hidden ? ERR_SENSITIVE_INPUT : ERR_OK;
}

static enum error write_page(struct request *request, struct response *response,
	const struct list_query *query, const struct shown_by *by)
{
	struct call call = call_of(request);
	struct review_row *rows;
	struct json_writer json;
	int64_t revision;
	size_t count;
	enum error error = check_reason(query, by->hides);

	if (!error)
		error = review_list(&call, &query->filter, &rows, &count, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	if (by->ranking) {
		view_tell_suspension(request, response, by->ranking);
		view_write_suspension(&json, by->ranking);
	}
	json_key(&json, "reviews");
	json_array_begin(&json);
	error = write_rows(request, &json, by, rows, count);
	if (error)
		return error;
	json_array_end(&json);
	if (count == query->filter.limit)
		write_next_place(
			&json, request, query->text, rows[count - 1].revision, &rows[count - 1].id);
	json_object_end(&json);
	return response_done(response);
}

static enum error list(struct request *request, struct response *response)
{
	struct list_query query;
	struct ranking *ranking;
	struct shown_by by;
	enum error error = read_list_query(request, &query);

	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	error = shown_by_init(request, ranking, &by);
	if (!error)
		error = write_page(request, response, &query, &by);
	shown_by_release(&by);
	ranking_unref(ranking);
	return error;
}

static enum error write_one(struct request *request, struct response *response,
	const struct uuid *id, const struct shown_by *by)
{
	struct call call = call_of(request);
	struct review_row review;
	struct json_writer json;
	int64_t revision;
	enum error error = review_get(&call, id, &review, &revision);

	if (error)
		return error;
	response_revision(response, request, revision);
	if (by->ranking)
		view_tell_suspension(request, response, by->ranking);
	view_begin(&json, request, &response->body);
	error = write_rows(request, &json, by, &review, 1);
	return error ? error : response_done(response);
}

static enum error show(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct ranking *ranking;
	struct shown_by by;
	struct uuid id;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	error = shown_by_init(request, ranking, &by);
	if (!error)
		error = write_one(request, response, &id, &by);
	shown_by_release(&by);
	ranking_unref(ranking);
	return error;
}

/* ---- labels ---- */

static void write_label(struct json_writer *json, struct request *request,
	const struct review_label *label, const struct catalog *catalog)
{
	json_object_begin(json);
	json_put(json, "review", uuid, &label->review.id);
	review_write_reason(json, sees_sensitive(request) ? NULL : catalog, &label->review);
	json_put(json, "rank_before", int, label->review.rank);
	json_key(json, "decision");
	json_object_begin(json);
	review_write_decision(json, &label->review);
	json_object_end(json);
	json_key(json, "item");
	json_raw(json, STR(""));
	item_write(json->out, &label->item, catalog, sees_sensitive(request));
	veil_note_item(request, catalog, &label->item);
	json_object_end(json);
}

static enum error labels(struct request *request, struct response *response)
{
	static const char *const known[] = {"stream", "limit", "cursor", "min_revision", NULL};
	struct list_query query = {.filter = {.state = STR("ended")}};
	struct call call = call_of(request);
	struct catalog *catalog = NULL;
	struct review_label *found;
	struct json_writer json;
	int64_t revision;
	size_t count;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LABEL_LIMIT_MAX, &query.filter.limit);
	query.filter.stream = request_query(request, "stream");
	if (!error)
		error = read_place(request, "labels", &query);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = review_labels(&call, &query.filter, &found, &count, &catalog, &revision);
	if (error) {
		catalog_unref(catalog);
		return error;
	}
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "labels");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		write_label(&json, request, &found[i], catalog);
	json_array_end(&json);
	if (count == query.filter.limit)
		write_next_place(&json, request, query.text, found[count - 1].review.revision,
			&found[count - 1].review.id);
	json_object_end(&json);
	catalog_unref(catalog);
	return response_done(response);
}

/* ---- deciding ---- */

/* Faults are left in the request's diag: the service adds its own, so that all are told at once. */
static void read_members(struct request *request, const json_t *body, enum review_verb verb,
	struct review_decision *out)
{
	static const char *const approval[] = {"digest", "rationale", NULL};
	static const char *const adjustment[] = {
		"digest", "rationale", "rank", "band", "defer", "expires_at", NULL};
	static const char *const rejection[] = {"digest", "rationale", "expires_at", NULL};
	static const char *const *const keys[] = {approval, adjustment, rejection};
	struct diag *diag = &request->diag;
	struct arena *arena = &request->arena;

	json_only_keys(body, keys[verb], "", diag);
	json_read_text(body, "digest", 0, TEXT_MOST, false, "", diag, arena, &out->digest);
	json_read_text(body, "rationale", 0, TEXT_MOST, false, "", diag, arena, &out->rationale);
	json_read_time(body, "expires_at", false, "", diag, &out->expires_us);
	if (verb != REVIEW_ADJUST)
		return;
	json_read_int(body, "rank", 1, OVERRIDE_MAX_RANK, false, 0, "", diag, &out->rank);
	json_read_text(body, "band", 0, NAME_MOST, false, "", diag, arena, &out->band);
	json_read_bool(body, "defer", false, "", diag, &out->defer);
}

static enum error read_decision(
	struct request *request, enum review_verb verb, struct review_decision *out)
{
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	*out = (struct review_decision){.expires_us = TIME_NONE};
	if (json_is_object(body)) {
		read_members(request, body, verb, out);
	} else {
		diag_add(
			&request->diag, "", "An object is expected, not %s.", json_type_word(body));
	}
	json_decref(body);
	return request->diag.count ? ERR_INVALID : ERR_OK;
}

/* What the service calls its override's members, and what the body calls them. */
static void settle_faults(struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		if (strcmp(diag->entries[i].pointer, "#/justification") == 0)
			diag->entries[i].pointer = "#/rationale";
	}
}

/* No ranking can have seen the decision yet: what it tells of the item is left out. */
static enum error answer_decided(struct request *request, struct response *response,
	const struct review_row *review, const struct written *written)
{
	struct json_writer json;
	struct shown_by by;
	enum error error = shown_by_init(request, NULL, &by);

	response_written(response, request, written);
	view_begin(&json, request, &response->body);
	if (!error)
		error = write_rows(request, &json, &by, review, 1);
	shown_by_release(&by);
	return error ? error : response_done(response);
}

static enum error decide(struct request *request, struct response *response, enum review_verb verb)
{
	static const char *const known[] = {"min_revision", NULL};
	struct review_asked asked = {.verb = verb};
	struct call call = call_of(request);
	struct ranking *ranking;
	struct review_row review;
	struct written written;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &asked.id);
	/* First: the wait for a ranking runs all of this again. */
	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	asked.ranking = ranking;
	error = read_decision(request, verb, &asked.decision);
	if (!error)
		error = review_decide(&call, &asked, &review, &written);
	settle_faults(&request->diag);
	ranking_unref(ranking);
	return error ? error : answer_decided(request, response, &review, &written);
}

static enum error approve(struct request *request, struct response *response)
{
	return decide(request, response, REVIEW_APPROVE);
}

static enum error adjust(struct request *request, struct response *response)
{
	return decide(request, response, REVIEW_ADJUST);
}

static enum error reject(struct request *request, struct response *response)
{
	return decide(request, response, REVIEW_REJECT);
}

/* ---- many approvals ---- */

static void read_approval(struct request *request, const json_t *body, const char *pointer,
	struct review_batch *batch, size_t at)
{
	static const char *const keys[] = {"id", "digest", NULL};
	struct review_approval *out = &batch->approvals[at];
	struct diag *diag = &request->diag;
	struct str id;

	if (!json_is_object(body)) {
		diag_add(diag, pointer, "This is an object with id and digest.");
		return;
	}
	json_only_keys(body, keys, pointer, diag);
	json_read_text(
		body, "digest", 0, TEXT_MOST, true, pointer, diag, &request->arena, &out->digest);
	if (!json_read_text(body, "id", 0, NAME_MOST, true, pointer, diag, &request->arena, &id))
		return;
	if (!uuid_from_text(id, &out->id))
		diag_add(diag, diag_key(diag, pointer, "id"), "A review's id is a UUID.");
	for (size_t i = 0; i < at; i++) {
		if (uuid_cmp(&batch->approvals[i].id, &out->id) != 0)
			continue;
		diag_add(diag, diag_key(diag, pointer, "id"), "This review was named already.");
		return;
	}
}

static enum error read_batch(struct request *request, const json_t *body, struct review_batch *out)
{
	static const char *const keys[] = {"approve", "rationale", NULL};
	const json_t *list = json_object_get(body, "approve");
	struct diag *diag = &request->diag;

	json_only_keys(body, keys, "", diag);
	json_read_text(
		body, "rationale", 0, TEXT_MOST, false, "", diag, &request->arena, &out->rationale);
	out->count = json_is_array(list) ? json_array_size(list) : 0;
	if (out->count == 0 || out->count > REVIEW_BATCH_MAX) {
		diag_add(diag, "/approve", "This is a list of 1 to %d reviews.", REVIEW_BATCH_MAX);
		return ERR_INVALID;
	}
	out->approvals = arena_array(&request->arena, out->count, sizeof *out->approvals);
	if (!out->approvals)
		return ERR_BUDGET;
	for (size_t i = 0; i < out->count; i++)
		read_approval(
			request, json_array_get(list, i), diag_index(diag, "/approve", i), out, i);
	return diag->count ? ERR_INVALID : ERR_OK;
}

static enum error answer_batch(struct request *request, struct response *response,
	const struct review_batch *batch, const struct written *written)
{
	struct json_writer json;
	size_t approved = 0;

	for (size_t i = 0; i < batch->count; i++)
		approved += !batch->approvals[i].why;
	response->status = approved == batch->count ? 200 : 207;
	response_written(response, request, written);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "approved", int, (int64_t)approved);
	json_put(&json, "errors", bool, approved < batch->count);
	json_key(&json, "results");
	json_array_begin(&json);
	for (size_t i = 0; i < batch->count; i++) {
		const struct review_approval *approval = &batch->approvals[i];

		json_object_begin(&json);
		json_put(&json, "review", uuid, &approval->id);
		json_put(&json, "status", int,
			approval->why ? error_info(approval->error)->status : 200);
		if (approval->why)
			json_put(&json, "detail", text, approval->why);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return response_done(response);
}

static enum error approve_many(
	struct request *request, struct response *response, const struct ranking *ranking)
{
	struct review_batch batch = {.ranking = ranking};
	struct call call = call_of(request);
	struct written written;
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	error = read_batch(request, body, &batch);
	json_decref(body);
	if (!error)
		error = reviews_approve(&call, &batch, &written);
	return error ? error : answer_batch(request, response, &batch, &written);
}

static enum error approve_batch(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct ranking *ranking;
	enum error error = request_query_only(request, known);

	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	error = approve_many(request, response, ranking);
	ranking_unref(ranking);
	return error;
}

#define DECISION(verb, handler)                                                                    \
	{                                                                                          \
		.method = "POST", .path = "/v1/workspaces/{ws}/reviews/{id}:" verb,                \
		.roles = ROLE_REVIEWER | ROLE_ADMIN, .flags = ROUTE_DECIDES, .body = BODY_JSON,    \
		.body_bytes = 65536, .handle = (handler),                                          \
	}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/reviews",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/reviews/labels",
		.roles = ROLES_READ,
		.handle = labels,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/reviews/{id}",
		.roles = ROLES_READ,
		.handle = show,
	},
	DECISION("approve", approve),
	DECISION("adjust", adjust),
	DECISION("reject", reject),
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/reviews:batch",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = approve_batch,
	},
};
const struct route_table review_routes = {routes, sizeof routes / sizeof *routes};

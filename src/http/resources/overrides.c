/*
 * Overrides: what people decide against the order, with a reason and an end. Made, listed, shown with
 * what the newest ranking made of them, revoked, and counted by how they proved.
 */
#include <math.h>
#include <string.h>

#include "http/resources/item_ref.h"
#include "http/resources/override_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/overrides.h"

/* Longer texts are the service's to refuse, with the limit. */
enum { TEXT_MOST = 65536, NAME_MOST = 255 };

/* ---- making ---- */

/* Faults are left in the request's diag: the service adds its own, so that all are told at once. */
void override_input_read(struct request *request, const json_t *body, struct override_input *out)
{
	static const char *const keys[] = {"item", "kind", "rank", "delta", "band", "before",
		"justification", "expires_at", "link", "team", NULL};
	const json_t *before = json_object_get(body, "before");
	struct diag *diag = &request->diag;
	struct arena *arena = &request->arena;

	*out = (struct override_input){
		.delta = NAN, .expires_us = TIME_NONE, .candidates = OVERRIDE_ANY_RANK};
	json_only_keys(body, keys, "", diag);
	item_ref_read(request, json_object_get(body, "item"), "/item", &out->item);
	json_read_text(body, "kind", 0, NAME_MOST, true, "", diag, arena, &out->kind);
	json_read_int(body, "rank", 1, OVERRIDE_MAX_RANK, false, 0, "", diag, &out->rank);
	json_read_number(body, "delta", -1e300, 1e300, false, "", diag, &out->delta);
	json_read_text(body, "band", 0, NAME_MOST, false, "", diag, arena, &out->band);
	if (before && !json_is_null(before))
		out->has_target = item_ref_read(request, before, "/before", &out->target);
	json_read_time(body, "expires_at", false, "", diag, &out->expires_us);
	json_read_text(
		body, "justification", 0, TEXT_MOST, false, "", diag, arena, &out->justification);
	json_read_text(body, "link", 0, TEXT_MOST, false, "", diag, arena, &out->link);
	json_read_text(body, "team", 0, TEXT_MOST, false, "", diag, arena, &out->author_team);
}

static enum error read_input(struct request *request, struct override_input *out)
{
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	if (json_is_object(body)) {
		override_input_read(request, body, out);
	} else {
		diag_add(
			&request->diag, "", "An object is expected, not %s.", json_type_word(body));
		error = ERR_INVALID;
	}
	json_decref(body);
	return error;
}

/* What the service calls its input's members, and what the body calls them. */
static const char *body_pointer(const char *pointer)
{
	if (strcmp(pointer, "#") == 0)
		return "#/item";
	if (strcmp(pointer, "#/target") == 0)
		return "#/before";
	if (strcmp(pointer, "#/author_team") == 0)
		return "#/team";
	return pointer;
}

/* Whether the body itself is at fault there, or below: then what follows from it is not told. */
static bool told_already(const struct diag *diag, size_t own, const char *pointer)
{
	size_t len = strlen(pointer);

	for (size_t i = 0; i < own; i++) {
		const char *earlier = diag->entries[i].pointer;

		if (strncmp(earlier, pointer, len) == 0 &&
			(earlier[len] == '\0' || earlier[len] == '/'))
			return true;
	}
	return false;
}

/* The first `own` faults are the body's, the others the service's. */
static void settle_faults(struct diag *diag, size_t own)
{
	size_t kept = own;

	for (size_t i = own; i < diag->count; i++) {
		struct diag_entry entry = diag->entries[i];

		entry.pointer = body_pointer(entry.pointer);
		if (!told_already(diag, own, entry.pointer))
			diag->entries[kept++] = entry;
	}
	diag->count = kept;
}

static enum error make(struct request *request, struct ranking *ranking, struct override_row *out,
	struct written *written)
{
	struct call call = call_of(request);
	struct override_input input;
	enum error error = read_input(request, &input);
	size_t own = request->diag.count;

	if (error)
		return error;
	if (!override_look_up(&input, ranking, &request->arena))
		return ERR_BUDGET;
	error = override_create(&call, &input, out, written);
	settle_faults(&request->diag, own);
	return error;
}

/* The answer to a write: no ranking can have seen it yet. Its state is the one that the write left,
 * also when the answer is given again later. */
static enum error answer_written(struct request *request, struct response *response,
	const struct override_row *override, const struct written *written)
{
	struct call call = call_of(request);
	struct json_writer json;
	struct item_names names;
	enum error error = item_names_load(&call, NULL, override, 1, &names);

	if (!error) {
		const struct override_shown shown = {
			.override = override,
			.now_us = override->made_us,
			.texts = true,
			.names = &names,
		};

		response_written(response, request, written);
		view_begin(&json, request, &response->body);
		override_write(&json, &shown);
		error = response_done(response);
	}
	item_names_release(&names);
	return error;
}

static enum error create(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	char id[UUID_TEXT_SIZE];
	struct override_row override;
	struct ranking *ranking;
	struct written written;
	enum error error = request_query_only(request, known);

	/* First: the wait for a ranking runs all of this again. */
	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	error = make(request, ranking, &override, &written);
	ranking_unref(ranking);
	if (error)
		return error;
	response->status = 201;
	response_header(response, request, "Location", "/v1/workspaces/%s/overrides/%s",
		request->workspace.name, uuid_to_text(&override.id, id));
	return answer_written(request, response, &override, &written);
}

/* ---- revoking ---- */

static enum error revoke(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct override_row override;
	struct written written;
	struct uuid id;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = body_nothing(request);
	if (!error)
		error = override_revoke(&call, &id, &override, &written);
	return error ? error : answer_written(request, response, &override, &written);
}

/* ---- reading ---- */

static enum error write_list(struct request *request, struct json_writer *json,
	const struct ranking *ranking, const struct override_row *rows, size_t count)
{
	struct call call = call_of(request);
	struct item_names names;
	enum error error = item_names_load(&call, ranking, rows, count, &names);

	json_key(json, "overrides");
	json_array_begin(json);
	for (size_t i = 0; !error && i < count; i++) {
		const struct override_shown shown = {
			.override = &rows[i],
			.now_us = clock_now_us(request->clock),
			.texts = true,
			.ranking = ranking,
			.names = &names,
		};

		override_write(json, &shown);
	}
	json_array_end(json);
	item_names_release(&names);
	return error;
}

static enum error read_item_filter(
	struct request *request, struct uuid *id, struct override_filter *out)
{
	struct str text = request_query(request, "item");

	out->item = text.ptr ? id : NULL;
	if (!text.ptr || uuid_from_text(text, id))
		return ERR_OK;
	diag_add(&request->diag, "/query/item", "An item's id is expected: a UUID.");
	return ERR_INVALID;
}

static enum error read_kind_filter(struct request *request, struct override_filter *out)
{
	out->kind = request_query(request, "kind");
	if (!out->kind.ptr || override_kind_index(out->kind) >= 0)
		return ERR_OK;
	diag_add(&request->diag, "/query/kind",
		"An override is a pin, boost, band, before, exclude or defer.");
	return ERR_INVALID;
}

static enum error read_active_filter(struct request *request, struct override_filter *out)
{
	bool active;
	enum error error = request_query_bool(request, "active", true, &active);

	out->active = request_query(request, "active").ptr ? active : -1;
	return error;
}

struct list_query {
	struct override_filter filter;
	struct uuid item, before_id; /* what the filter points to */
	struct str text;             /* canonical, for the cursor */
};

static enum error read_list_query(struct request *request, struct list_query *out)
{
	static const char *const known[] = {
		"item", "kind", "active", "limit", "cursor", "min_revision", NULL};
	struct override_filter *filter = &out->filter;
	char item[UUID_TEXT_SIZE];
	const char *text;
	bool given;
	enum error error = request_query_only(request, known);

	*filter = (struct override_filter){.active = -1};
	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &filter->limit);
	if (!error)
		error = read_item_filter(request, &out->item, filter);
	if (!error)
		error = read_kind_filter(request, filter);
	if (!error)
		error = read_active_filter(request, filter);
	if (error)
		return error;
	text = arena_printf(&request->arena, "%s;%.*s;%d",
		filter->item ? uuid_to_text(filter->item, item) : "", (int)filter->kind.len,
		filter->kind.ptr ? filter->kind.ptr : "", filter->active);
	if (!text)
		return ERR_BUDGET;
	out->text = str_from(text);
	error = query_place(request, out->text, &filter->before_revision, &out->before_id, &given);
	filter->before_id = given ? &out->before_id : NULL;
	return error;
}

static enum error write_page(struct request *request, struct response *response,
	const struct list_query *query, const struct ranking *ranking)
{
	struct call call = call_of(request);
	struct override_row *rows;
	struct json_writer json;
	int64_t revision;
	size_t count;
	enum error error = override_list(&call, &query->filter, &rows, &count, &revision);

	if (error)
		return error;
	response_revision(response, request, revision);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	error = write_list(request, &json, ranking, rows, count);
	if (error)
		return error;
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
	enum error error = read_list_query(request, &query);

	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	error = write_page(request, response, &query, ranking);
	ranking_unref(ranking);
	return error;
}

static enum error write_one(struct request *request, struct response *response,
	const struct uuid *id, const struct ranking *ranking)
{
	struct call call = call_of(request);
	struct override_row override;
	struct json_writer json;
	struct item_names names;
	int64_t revision;
	enum error error = override_get(&call, id, &override, &revision);

	if (error)
		return error;
	error = item_names_load(&call, ranking, &override, 1, &names);
	if (!error) {
		const struct override_shown shown = {
			.override = &override,
			.now_us = clock_now_us(request->clock),
			.texts = true,
			.ranking = ranking,
			.names = &names,
		};

		response_revision(response, request, revision);
		view_begin(&json, request, &response->body);
		override_write(&json, &shown);
		error = response_done(response);
	}
	item_names_release(&names);
	return error;
}

static enum error show(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct ranking *ranking;
	struct uuid id;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	error = write_one(request, response, &id, ranking);
	ranking_unref(ranking);
	return error;
}

/* ---- the report ---- */

static enum error read_span(struct request *request, int64_t span_us[2])
{
	static const char *const known[] = {"from", "to", "min_revision", NULL};
	/* What is made while this is counted belongs to it. */
	int64_t soon_us = clock_now_us(request->clock) + 60 * (int64_t)US_PER_S;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_time(request, "from", 0, &span_us[0]);
	if (!error)
		error = query_time(request, "to", soon_us, &span_us[1]);
	if (error || span_us[0] < span_us[1])
		return error;
	diag_add(&request->diag, request_query(request, "to").ptr ? "/query/to" : "/query/from",
		"The span is empty: it is from `from` on and before `to`.");
	return ERR_INVALID;
}

static void write_counts(struct json_writer *json, const struct override_tally *tally)
{
	json_put(json, "total", int, tally->total);
	json_put(json, "in_force", int, tally->in_force);
	json_put(json, "proved_right", int, tally->proved_right);
	json_put(json, "proved_wrong", int, tally->proved_wrong);
	json_put(json, "withdrawn", int, tally->withdrawn);
	json_put(json, "open", int, tally->open);
}

/* Versions are numbers, the other keys are words. */
static void write_tallies(struct json_writer *json, const char *plural, const char *key,
	const struct override_tally *tallies, size_t count)
{
	json_key(json, plural);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(json);
		json_key(json, key);
		if (strcmp(key, "model_version") == 0)
			json_raw(json, tallies[i].key);
		else
			json_str(json, tallies[i].key);
		write_counts(json, &tallies[i]);
		json_object_end(json);
	}
	json_array_end(json);
}

static enum error report(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct override_report found;
	struct json_writer json;
	int64_t span_us[2];
	enum error error = read_span(request, span_us);

	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = override_report(&call,
			&(const struct override_span){
				span_us[0], span_us[1], clock_now_us(request->clock)},
			&found);
	if (error)
		return error;
	response_revision(response, request, found.revision);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	write_counts(&json, &found.all);
	write_tallies(&json, "by_model", "model_version", found.by_model, found.model_count);
	json_put(&json, "team_count", int, (int64_t)found.teams_met);
	write_tallies(&json, "by_team", "team", found.by_team, found.team_count);
	write_tallies(&json, "by_kind", "kind", found.by_kind, found.kind_count);
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/overrides",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/overrides",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = create,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/overrides/report",
		.roles = ROLES_READ,
		.handle = report,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/overrides/{id}",
		.roles = ROLES_READ,
		.handle = show,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/overrides/{id}:revoke",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = revoke,
	},
};
const struct route_table override_routes = {routes, sizeof routes / sizeof *routes};

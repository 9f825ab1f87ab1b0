/*
 * GET …/streams and GET …/streams/{name}/health: how the streams stand against their contract, by the newest
 * ranking or that of a revision.
 */
#include <math.h>

#include "base/clock.h"
#include "codec/contract.h"
#include "codec/item.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/catalogs.h"
#include "service/heavy.h"
#include "service/streams.h"

static const double DAY_S = 86400;

/* ---- which ranking, and when ---- */

/* A past revision is looked at as of its own time, the newest one as of now. */
static enum error survey_of(struct request *request, struct ranking **ranking, struct survey *out)
{
	double now_s = (double)clock_now_us(request->service->clock) / US_PER_S;
	struct call call = call_of(request);
	int64_t revision;
	enum error error = request_query_int(request, "revision", 1, INT64_MAX, 0, &revision);

	*ranking = NULL;
	if (!error && revision > 0)
		error = view_may_ask_past(request);
	if (!error && revision > 0)
		error = view_past(request, "revision", revision, ranking);
	else if (!error)
		error = view_ranking(request, ranking);
	if (error)
		return error;
	if (revision > 0)
		now_s = (double)(*ranking)->as_of_us / US_PER_S;
	error = survey_make(*ranking, now_s, &request->arena, out);
	if (!error)
		error = survey_date(&call, out);
	if (!error)
		return ERR_OK;
	ranking_unref(*ranking);
	*ranking = NULL;
	return error;
}

/* The object's first members. */
static void write_head(struct json_writer *json, const struct survey *survey)
{
	json_put(json, "ranking", text, survey->ranking->id);
	json_put(json, "revision", int, survey->ranking->revision);
	json_put(json, "at", time, llround(survey->now_s * US_PER_S));
	json_key(json, "contract");
	if (survey->has_contract) {
		json_object_begin(json);
		json_put(json, "version", int, survey->contract.version);
		json_put(json, "name", str, survey->contract.name);
		json_object_end(json);
	} else {
		json_nil(json);
	}
	json_key(json, "reserve");
	if (survey->launch) {
		json_raw(json, STR(""));
		launch_write(json->out, survey->launch);
	} else {
		json_nil(json);
	}
	view_write_suspension(json, survey->ranking);
}

/* ---- one stream's state ---- */

static void write_bounds(struct json_writer *json, const char *key, const struct wn_share *share)
{
	json_key(json, key);
	json_object_begin(json);
	json_put(json, "at_least", number, share->at_least);
	json_put(json, "at_most", number, share->at_most);
	json_object_end(json);
}

static void write_capacity(
	struct json_writer *json, const struct survey *survey, const struct stream_state *state)
{
	static const char *const sides[] = {"below", "within", "above"};
	bool flying = survey->in_flight > 0;

	json_key(json, "capacity");
	json_object_begin(json);
	write_bounds(json, "agreed", &state->share);
	write_bounds(json, "planned", &state->plan);
	json_put(json, "actual", number, flying ? state->share.actual : NAN);
	json_put(json, "actual_by_estimate", number, state->actual_days);
	json_put(json, "standing", text, flying ? sides[1 + wn_share_side(&state->plan, 0)] : NULL);
	json_put(json, "lane", bool, state->share.lane);
	json_put(json, "reserved", number,
		state->share.reserved ? survey->launch->reserve.share : 0);
	json_object_end(json);
}

static void write_oldest(
	struct json_writer *json, const struct survey *survey, const struct stream_state *state)
{
	json_key(json, "oldest");
	if (state->oldest == WN_ROW_NONE) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_key(json, "item");
	view_write_item(json, survey->ranking, state->oldest);
	json_put(json, "age_days", number, floor((survey->now_s - state->oldest_s) / DAY_S));
	json_object_end(json);
}

static void write_state(
	struct json_writer *json, const struct survey *survey, const struct stream_state *state)
{
	json_put(json, "stream", str, state->name);
	json_put(json, "queued", int, (int64_t)state->queued);
	json_put(json, "in_flight", int, (int64_t)state->in_flight);
	json_put(json, "in_flight_days", number, state->in_flight_days);
	write_oldest(json, survey, state);
	write_capacity(json, survey, state);
}

/* ---- health ---- */

struct shown {
	struct json_writer *json;
	const struct survey *survey;
	const struct stream_health *health;
};

static void write_rows(const struct shown *shown, const char *key, const struct row_list *list)
{
	json_key(shown->json, key);
	json_array_begin(shown->json);
	for (size_t i = 0; i < list->shown; i++)
		view_write_item(shown->json, shown->survey->ranking, list->rows[i]);
	json_array_end(shown->json);
}

static void write_group(const struct shown *shown, const struct contract_limit *limit,
	const struct limit_group *group)
{
	struct json_writer *json = shown->json;

	json_object_begin(json);
	json_put(json, "group", str, group->name);
	json_put(json, "items", int, (int64_t)group->items);
	json_put(json, "load", number, group->load);
	json_put(json, "over", bool, !wn_fits(0, group->load, limit->at_most));
	json_object_end(json);
}

/* Of people who are hidden nothing is told, not even how many there are: who may set an item's assignee
 * would find out by counts whose name it is. */
static bool is_hidden(const struct shown *shown, const struct contract_limit *limit)
{
	return limit->per == WN_PER_ASSIGNEE &&
	       veil_hides_field(shown->json, shown->survey->ranking, ITEM_ASSIGNEE);
}

static void write_groups(const struct shown *shown, const struct limit_health *health)
{
	size_t count = is_hidden(shown, health->limit) ? 0 : health->count;
	struct json_writer *json = shown->json;

	json_key(json, "groups");
	json_array_begin(json);
	for (size_t i = 0; i < count && i < STREAM_LIST_MAX; i++)
		write_group(shown, health->limit, &health->groups[i]);
	json_array_end(json);
}

static void write_limit(const struct shown *shown, const struct limit_health *health)
{
	static const char *const groups[] = {[WN_PER_WORKSPACE] = "workspace",
		[WN_PER_STREAM] = "stream",
		[WN_PER_TEAM] = "team",
		[WN_PER_ASSIGNEE] = "assignee"};
	const struct contract_limit *limit = health->limit;
	struct json_writer *json = shown->json;

	json_object_begin(json);
	json_put(json, "id", str, limit->id);
	json_put(json, "at_most", number, limit->at_most);
	json_put(json, "per", text, groups[limit->per]);
	json_put(json, "count", text, limit->by_estimate ? "estimate" : "items");
	json_put(json, "mode", text, limit->warn ? "warn" : "enforce");
	if (is_hidden(shown, limit)) {
		json_put(json, "masked", bool, true);
	} else {
		json_put(json, "group_count", int, (int64_t)health->count);
		json_put(json, "over_count", int, (int64_t)health->over);
	}
	write_groups(shown, health);
	json_object_end(json);
}

static void write_gate(const struct shown *shown, const struct gate_health *health)
{
	const struct contract_gate *gate = health->gate;
	struct json_writer *json = shown->json;

	json_object_begin(json);
	json_put(json, "id", str, gate->id);
	json_put(json, "of", text, gate->guards == STATUS_ACTIVE ? "ready" : "done");
	json_put(json, "reason", str, gate->reason);
	json_put(json, "mode", text, gate->warn ? "warn" : "enforce");
	json_put(json, "queued", int, (int64_t)health->queued);
	json_put(json, "in_flight", int, (int64_t)health->in_flight);
	write_rows(shown, "items", &health->examples);
	json_object_end(json);
}

static void write_timebox(const struct shown *shown, const struct timebox_health *health)
{
	const struct contract_timebox *timebox = health->timebox;
	struct json_writer *json = shown->json;

	json_object_begin(json);
	json_put(json, "id", str, timebox->id);
	json_put(json, timebox->status.ptr ? "status" : "label", str,
		timebox->status.ptr ? timebox->status : timebox->label);
	json_put(json, "days", number, timebox->days);
	json_put(json, "inside", int, (int64_t)health->inside);
	json_put(json, "over_count", int, (int64_t)health->over_count);
	json_key(json, "over");
	json_array_begin(json);
	for (size_t i = 0; i < health->over_count && i < STREAM_LIST_MAX; i++) {
		json_object_begin(json);
		json_key(json, "item");
		view_write_item(json, shown->survey->ranking, health->over[i].row);
		json_put(json, "since", time, health->over[i].since_us);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void write_weeks(const struct shown *shown)
{
	struct json_writer *json = shown->json;

	json_key(json, "weeks");
	json_array_begin(json);
	for (size_t i = 0; i < shown->health->week_count; i++) {
		const struct flow_row *flow = &shown->health->weeks[i];
		unsigned week;
		int year;

		wn_iso_week(flow->week_us / US_PER_S, &year, &week);
		json_object_begin(json);
		json_key(json, "week");
		json_raw(json, STR(""));
		buf_printf(json->out, "\"%04d-W%02u\"", year, week);
		json_put(json, "from", time, flow->week_us);
		json_put(json, "inflow", int, flow->came);
		json_put(json, "outflow", int, flow->left);
		json_object_end(json);
	}
	json_array_end(json);
}

static size_t count_stuck(const struct stream_health *health)
{
	size_t stuck = 0;

	for (size_t i = 0; i < health->timebox_count; i++) {
		if (health->timeboxes[i].timebox->discovery)
			stuck += health->timeboxes[i].over_count;
	}
	return stuck;
}

static void write_health(const struct shown *shown)
{
	const struct stream_health *health = shown->health;
	struct json_writer *json = shown->json;

	json_key(json, "limits");
	json_array_begin(json);
	for (size_t i = 0; i < health->limit_count; i++)
		write_limit(shown, &health->limits[i]);
	json_array_end(json);
	json_key(json, "gates");
	json_array_begin(json);
	for (size_t i = 0; i < health->gate_count; i++)
		write_gate(shown, &health->gates[i]);
	json_array_end(json);
	json_key(json, "timeboxes");
	json_array_begin(json);
	for (size_t i = 0; i < health->timebox_count; i++)
		write_timebox(shown, &health->timeboxes[i]);
	json_array_end(json);
	json_put(json, "stuck_in_discovery", int, (int64_t)count_stuck(health));
	json_put(json, "stale_count", int, (int64_t)health->stale.count);
	write_rows(shown, "stale", &health->stale);
	write_weeks(shown);
}

/* ---- who reads whose names ---- */

/* A limit's groups name people: noted for the access log where assignees are sensitive. */
static enum error note_people(
	struct request *request, const struct limit_health *limits, size_t count)
{
	struct call call = call_of(request);
	struct catalog *now;
	bool any = false;
	enum error error;

	for (size_t i = 0; i < count; i++)
		any |= limits[i].limit->per == WN_PER_ASSIGNEE && limits[i].count > 0;
	if (!any)
		return ERR_OK;
	error = catalog_current(&call, &now, NULL);
	if (error)
		return error;
	veil_note_field(request, now, ITEM_ASSIGNEE);
	catalog_unref(now);
	return ERR_OK;
}

/* ---- all streams ---- */

static enum error write_limits(
	struct json_writer *json, struct request *request, const struct survey *survey)
{
	const struct shown shown = {json, survey, NULL};
	struct call call = call_of(request);
	struct limit_health *limits = NULL;
	size_t count = 0;
	enum error error = workspace_limits_make(&call, survey, &limits, &count);

	if (!error)
		error = note_people(request, limits, count);
	json_key(json, "limits");
	json_array_begin(json);
	for (size_t i = 0; i < count && !error; i++)
		write_limit(&shown, &limits[i]);
	json_array_end(json);
	return error;
}

static enum error write_streams(
	struct json_writer *json, struct request *request, const struct survey *survey)
{
	enum error error;

	json_object_begin(json);
	write_head(json, survey);
	json_put(json, "in_flight", int, (int64_t)survey->in_flight);
	json_put(json, "in_flight_days", number, survey->in_flight_days);
	error = write_limits(json, request, survey);
	json_key(json, "streams");
	json_array_begin(json);
	for (size_t i = 0; i < survey->count; i++) {
		json_object_begin(json);
		write_state(json, survey, &survey->streams[i]);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
	return error;
}

static enum error list_streams(struct request *request, struct response *response)
{
	static const char *const known[] = {"revision", "min_revision", NULL};
	struct ranking *ranking = NULL;
	struct json_writer json;
	struct survey survey;
	enum error error = request_query_only(request, known);

	if (!error)
		error = survey_of(request, &ranking, &survey);
	if (error)
		return error;
	response_revision(response, request, ranking->revision);
	view_tell_suspension(request, response, ranking);
	view_begin(&json, request, &response->body);
	error = write_streams(&json, request, &survey);
	ranking_unref(ranking);
	return error ? error : response_done(response);
}

static enum error answer_health(struct request *request, struct response *response,
	const struct survey *survey, size_t weeks)
{
	const struct stream_state *state = survey_stream(survey, request->params[1]);
	struct call call = call_of(request);
	struct stream_health health;
	struct json_writer json;
	const struct shown shown = {&json, survey, &health};
	enum error error;

	if (!state)
		return ERR_NOT_FOUND;
	error = stream_health_make(&call, survey, state, weeks, &health);
	if (!error)
		error = note_people(request, health.limits, health.limit_count);
	if (error)
		return error;
	response_revision(response, request, survey->ranking->revision);
	view_tell_suspension(request, response, survey->ranking);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	write_head(&json, survey);
	write_state(&json, survey, state);
	write_health(&shown);
	json_object_end(&json);
	return response_done(response);
}

static enum error stream_health(struct request *request, struct response *response)
{
	static const char *const known[] = {"weeks", "revision", "min_revision", NULL};
	struct call call = call_of(request);
	struct ranking *ranking = NULL;
	struct survey survey;
	int64_t weeks;
	enum error error = request_query_only(request, known);

	if (!error)
		error = request_query_int(
			request, "weeks", 1, STREAM_WEEKS_MAX, STREAM_WEEKS, &weeks);
	if (!error)
		error = survey_of(request, &ranking, &survey);
	if (error)
		return error;
	if (ranking->rows > WHATIF_LIGHT_ROWS)
		error = heavy_begin(&call, HEAVY_WORK);
	if (!error) {
		error = answer_health(request, response, &survey, (size_t)weeks);
		if (ranking->rows > WHATIF_LIGHT_ROWS)
			heavy_end(&call, HEAVY_WORK);
	}
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/streams",
		.roles = ROLES_READ,
		.flags = ROUTE_PAST,
		.handle = list_streams,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/streams/{name}/health",
		.roles = ROLES_READ,
		.flags = ROUTE_PAST,
		.handle = stream_health,
	},
};
const struct route_table stream_routes = {routes, sizeof routes / sizeof *routes};

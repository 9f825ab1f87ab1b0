/*
 * Streams against their contract, as the API shows them.
 */
#include "http/resources/stream_view.h"

#include <math.h>

#include "base/clock.h"
#include "codec/item.h"
#include "http/resources/view.h"
#include "service/catalogs.h"

static const double DAY_S = 86400;

/* ---- which ranking, and when ---- */

enum error stream_survey(struct request *request, struct ranking **ranking, struct survey *out)
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

enum error stream_survey_of(
	struct request *request, const struct ranking *ranking, struct survey *out)
{
	if (!view_may_search(request, ranking))
		return ERR_WOULD_BLOCK;
	return survey_make(ranking, (double)ranking->as_of_us / US_PER_S, &request->arena, out);
}

/* ---- the head ---- */

void stream_write_head(struct json_writer *json, const struct survey *survey)
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

void stream_write_bounds(struct json_writer *json, const char *key, const struct wn_share *share)
{
	json_key(json, key);
	json_object_begin(json);
	json_put(json, "at_least", number, share->at_least);
	json_put(json, "at_most", number, share->at_most);
	json_object_end(json);
}

const char *stream_standing(const struct survey *survey, const struct stream_state *state)
{
	static const char *const sides[] = {"below", "within", "above"};

	return survey->in_flight > 0 ? sides[1 + wn_share_side(&state->plan, 0)] : NULL;
}

static void write_capacity(
	struct json_writer *json, const struct survey *survey, const struct stream_state *state)
{
	bool flying = survey->in_flight > 0;

	json_key(json, "capacity");
	json_object_begin(json);
	stream_write_bounds(json, "agreed", &state->share);
	stream_write_bounds(json, "planned", &state->plan);
	json_put(json, "actual", number, flying ? state->share.actual : NAN);
	json_put(json, "actual_by_estimate", number, state->actual_days);
	json_put(json, "standing", text, stream_standing(survey, state));
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

void stream_write_state(
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

void stream_write_health(
	struct json_writer *json, const struct survey *survey, const struct stream_health *health)
{
	const struct shown all = {json, survey, health}, *shown = &all;

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

enum error stream_note_people(
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

enum error stream_write_limits(
	struct json_writer *json, struct request *request, const struct survey *survey)
{
	const struct shown shown = {json, survey, NULL};
	struct call call = call_of(request);
	struct limit_health *limits = NULL;
	size_t count = 0;
	enum error error = workspace_limits_make(&call, survey, &limits, &count);

	if (!error)
		error = stream_note_people(request, limits, count);
	json_key(json, "limits");
	json_array_begin(json);
	for (size_t i = 0; i < count && !error; i++)
		write_limit(&shown, &limits[i]);
	json_array_end(json);
	return error;
}

/*
 * How streams shared the capacity: work in flight by week, month and sprints against what was agreed.
 */
#include <math.h>

#include "base/clock.h"
#include "service/findings_parts.h"
#include "store/aggregates.h"

enum { SPRINTS = 4, SPANS = FINDINGS_WEEKS + SHARE_PERIODS };

/* All spans of one statement: the weeks ascending, then the periods. */
struct spans {
	struct wn_span at[SPANS];
	double from_s[SPANS], until_s[SPANS];
	double *seconds; /* by span, then stream of the catalogue */
	double total[SPANS];
};

static double *seconds_of(const struct spans *spans, const struct survey *survey, size_t span)
{
	return spans->seconds + span * survey->count;
}

/* To a hundredth of a percent: clocks are not better than that. */
static double share_of(double part, double whole)
{
	return round(part / whole * 10000) / 10000;
}

static void lay_out(const struct inquest *inquest, struct spans *out)
{
	const struct catalog *catalog = inquest->ranking->catalog;
	struct wn_span *periods = out->at + FINDINGS_WEEKS;
	int64_t first_s = catalog->sprint_start_s;
	int days = (int)catalog->sprint_days;

	for (int week = 0; week < FINDINGS_WEEKS; week++)
		out->at[week] = wn_week_span(inquest->now_s, FINDINGS_WEEKS - week);
	periods[SHARE_THIS_MONTH] = wn_month_span(inquest->now_s, 0);
	periods[SHARE_LAST_MONTH] = wn_month_span(inquest->now_s, 1);
	periods[SHARE_FOUR_SPRINTS] = (struct wn_span){
		wn_sprint_span(first_s, days, inquest->now_s, SPRINTS).from_s,
		wn_sprint_span(first_s, days, inquest->now_s, 1).until_s,
	};
	for (size_t i = 0; i < SPANS; i++) {
		out->from_s[i] = (double)out->at[i].from_s;
		out->until_s[i] = fmin((double)out->at[i].until_s, inquest->survey->now_s);
	}
}

static enum error active_statuses(const struct inquest *inquest, struct work_query *query)
{
	const struct catalog *catalog = inquest->ranking->catalog;
	struct str *words = arena_array(inquest->call->arena, catalog->status_count, sizeof *words);

	if (!words)
		return ERR_BUDGET;
	for (size_t i = 0; i < catalog->status_count; i++) {
		if (catalog->statuses[i].class == STATUS_ACTIVE)
			words[query->status_count++] = catalog->statuses[i].name;
	}
	query->statuses = words;
	return ERR_OK;
}

static enum error read_work(const struct inquest *inquest, struct spans *spans)
{
	struct work_query query = {
		.revision = inquest->ranking->revision,
		.from_s = spans->from_s,
		.until_s = spans->until_s,
		.span_count = SPANS,
		.most = FINDINGS_VERSIONS_MAX,
	};
	const struct survey *survey = inquest->survey;
	const struct uuid *workspace = &inquest->call->workspace;
	struct arena *arena = inquest->call->arena;
	double first_s = spans->from_s[0];
	struct work_row *rows;
	int64_t *since;
	size_t count;
	enum error error = active_statuses(inquest, &query);

	for (size_t i = 1; i < SPANS; i++)
		first_s = fmin(first_s, spans->from_s[i]);
	if (!error)
		error = revisions_at(inquest->conn, workspace, &first_s, 1, arena, &since);
	if (error)
		return error;
	query.since = *since;
	error = stream_work(inquest->conn, workspace, &query, arena, &rows, &count);
	for (size_t i = 0; i < count && !error; i++) {
		int stream = catalog_stream(inquest->ranking->catalog, rows[i].stream);

		if (rows[i].span >= SPANS)
			return ERR_INTERNAL;
		if (stream >= 0)
			seconds_of(spans, survey, rows[i].span)[stream] = rows[i].seconds;
		spans->total[rows[i].span] += rows[i].seconds;
		inquest->out->cut |= rows[i].cut;
	}
	return error;
}

/* ---- lanes ---- */

static void judge_lane(const struct inquest *inquest, const struct spans *spans, size_t stream)
{
	const struct stream_state *state = &inquest->survey->streams[stream];
	double limit = isnan(state->share.at_most) ? LANE_SHARE : state->share.at_most;
	double weeks[FINDINGS_WEEKS];
	struct finding *finding;
	size_t run;

	/* A week in which nothing was in flight is 0 / 0, and beyond nothing. */
	for (size_t w = 0; w < FINDINGS_WEEKS; w++)
		weeks[w] = share_of(seconds_of(spans, inquest->survey, w)[stream], spans->total[w]);
	run = wn_run_beyond(weeks, FINDINGS_WEEKS, limit);
	if (run < LANE_WEEKS_RUNNING)
		return;
	finding = finding_add(inquest, FOUND_LANE_OVER);
	if (!finding)
		return;
	finding->stream = state->name;
	finding->since_us = spans->at[FINDINGS_WEEKS - run].from_s * US_PER_S;
	finding_prove(finding, "weeks_running", (double)run);
	finding_prove(finding, "at_most", limit);
	finding_prove(finding, "last_week", weeks[FINDINGS_WEEKS - 1]);
	finding_prove(finding, "week_before", weeks[FINDINGS_WEEKS - 2]);
	finding_prove(finding, "two_weeks_before", weeks[FINDINGS_WEEKS - 3]);
}

/* ---- months and sprints ---- */

/* As the contract has it now, with what lanes took and the reserve that was in force at the end. */
static enum error plan_period(
	const struct inquest *inquest, const double *seconds, struct share_period *out)
{
	const struct survey *survey = inquest->survey;
	double end_s = fmin((double)out->span.until_s, survey->now_s) - 1;
	const struct launch *launch = catalog_launch_at(inquest->ranking->catalog, end_s);
	struct wn_share *agreed = arena_array(inquest->call->arena, survey->count, sizeof *agreed);
	struct wn_share *plan = arena_array(inquest->call->arena, survey->count, sizeof *plan);

	out->count = survey->count;
	out->lines = arena_array(inquest->call->arena, out->count, sizeof *out->lines);
	if (!agreed || !plan || !out->lines)
		return ERR_BUDGET;
	for (size_t i = 0; i < out->count; i++) {
		agreed[i] = survey->streams[i].share;
		agreed[i].actual = out->seconds > 0 ? share_of(seconds[i], out->seconds) : 0;
		agreed[i].reserved = launch && launch->stream.ptr &&
				     str_eq(launch->stream, survey->streams[i].name);
	}
	wn_share_plan(agreed, out->count, launch ? launch->reserve.share : 0, plan);
	for (size_t i = 0; i < out->count; i++) {
		out->lines[i] = (struct share_line){survey->streams[i].name, seconds[i], plan[i]};
		if (out->seconds <= 0)
			out->lines[i].plan.actual = NAN;
	}
	return ERR_OK;
}

static void judge_share(const struct inquest *inquest, const struct share_period *period, size_t i)
{
	const struct share_line *line = &period->lines[i];
	struct finding *finding;

	/* Lanes have a rule of their own. NaN is within. */
	if (line->plan.lane || wn_share_side(&line->plan, SHARE_SLACK) == 0)
		return;
	finding = finding_add(inquest, FOUND_SHARE_OFF);
	if (!finding)
		return;
	finding->stream = line->stream;
	finding->part = "period";
	finding->name = str_from(period->name);
	finding->since_us = period->span.from_s * US_PER_S;
	finding_prove(finding, "actual", line->plan.actual);
	finding_prove(finding, "planned_at_least", line->plan.at_least);
	finding_prove(finding, "planned_at_most", line->plan.at_most);
	finding_prove(finding, "item_days", round(line->seconds / 8640) / 10);
}

enum error find_shares(const struct inquest *inquest)
{
	static const char *const names[SHARE_PERIODS] = {
		[SHARE_THIS_MONTH] = "this_month",
		[SHARE_LAST_MONTH] = "last_month",
		[SHARE_FOUR_SPRINTS] = "four_sprints",
	};
	const struct survey *survey = inquest->survey;
	struct spans spans = {.total = {0}};
	enum error error;

	spans.seconds =
		arena_array(inquest->call->arena, SPANS * survey->count, sizeof *spans.seconds);
	if (!spans.seconds)
		return ERR_BUDGET;
	for (size_t i = 0; i < SPANS * survey->count; i++)
		spans.seconds[i] = 0;
	lay_out(inquest, &spans);
	error = read_work(inquest, &spans);
	for (size_t i = 0; i < survey->count && !error; i++) {
		if (survey->streams[i].share.lane)
			judge_lane(inquest, &spans, i);
	}
	for (size_t p = 0; p < SHARE_PERIODS && !error; p++) {
		struct share_period *period = &inquest->out->shares[p];
		size_t span = FINDINGS_WEEKS + p;

		*period = (struct share_period){
			.name = names[p], .span = spans.at[span], .seconds = spans.total[span]};
		error = plan_period(inquest, seconds_of(&spans, survey, span), period);
		/* What is not over yet is shown and not judged. */
		for (size_t i = 0; i < period->count && !error && p != SHARE_THIS_MONTH; i++)
			judge_share(inquest, period, i);
	}
	return error;
}

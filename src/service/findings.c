/*
 * The table of finders, and those that need no history: what is overdue, what stands still.
 */
#include "service/findings.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "service/findings_parts.h"
#include "service/reading.h"

static const double DAY_S = 86400;

/* ---- advice ---- */

static const char *const advice[FINDING_HISTORY_KINDS] = {
	[FOUND_LANE_OVER] = ("Look for what the incidents have in common, "
			     "and plan a capability that ends them."),
	[FOUND_SHARE_OFF] =
		"Start work of the streams that got too little, or agree on other shares.",
	[FOUND_OVERDUE] = "Finish it, agree on another date, or drop it.",
	[FOUND_STALE] = "Ask who works on it; put it back or drop it.",
	[FOUND_TIMEBOX_OVER] = "Decide by what is known now: go on, change it or stop.",
	[FOUND_RESCORE_DUE] = "Score it again, or leave it to the next sweep.",
	[FOUND_REPORTER_BURST] =
		"See whether it is one problem told many times; merge or group the items.",
	[FOUND_VALUE_JUMP] = "Check the source before the order follows the value.",
	[FOUND_OVERRIDE_DRIFT] =
		"Ask why people decide otherwise than before; adjust the model or the policy.",
};

const char *finding_advice(enum finding_kind kind)
{
	return advice[kind];
}

/* ---- lists ---- */

struct finding *finding_add(const struct inquest *inquest, enum finding_kind kind)
{
	struct findings *out = inquest->out;
	struct finding *finding;

	out->count[kind]++;
	if (out->shown[kind] >= inquest->query->limit)
		return NULL;
	finding = &out->list[kind][out->shown[kind]++];
	*finding = (struct finding){.kind = kind, .row = WN_ROW_NONE, .since_us = TIME_NONE};
	return finding;
}

void finding_prove(struct finding *finding, const char *name, double value)
{
	if (finding->evidence_count < EVIDENCE_MAX)
		finding->evidence[finding->evidence_count++] =
			(struct evidence_number){name, value};
}

bool is_in_icebox(const struct ranking *ranking, uint32_t row)
{
	const struct wn_model *model = &ranking->model->model;
	const char *band = ranking_band_name(ranking, row);

	return !band || (model->band_count > 0 && band == model->bands[model->band_count - 1].name);
}

/* ---- overdue ---- */

static int compare_dates(const void *a, const void *b)
{
	const struct dated_row *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static double due_of(const struct ranking *ranking, uint32_t row)
{
	size_t at;
	const struct wn_rows *run = wn_block_of(&ranking->population, row, &at);

	return wn_number_of(run, at, WN_DUE);
}

enum error findings_overdue(const struct ranking *ranking, double now_s, struct arena *arena,
	struct dated_row **out, size_t *count)
{
	struct dated_row *list = arena_array(arena, ranking->rows, sizeof *list);

	*count = 0;
	*out = list;
	if (!list)
		return ERR_BUDGET;
	/* An unknown date compares as not over. */
	for (uint32_t row = 0; row < ranking->rows; row++) {
		if (ranking->candidates[row] && due_of(ranking, row) < now_s)
			list[(*count)++] = (struct dated_row){row, due_of(ranking, row)};
	}
	if (*count > 1)
		qsort(list, *count, sizeof *list, compare_dates);
	return ERR_OK;
}

static enum error find_overdue(const struct inquest *inquest)
{
	double now_s = inquest->survey->now_s;
	struct dated_row *list;
	size_t count;
	enum error error =
		findings_overdue(inquest->ranking, now_s, inquest->call->arena, &list, &count);

	for (size_t i = 0; i < count; i++) {
		struct finding *finding = finding_add(inquest, FOUND_OVERDUE);

		if (!finding)
			continue;
		finding->row = list[i].row;
		finding->since_us = llround(list[i].at_s * US_PER_S);
		finding_prove(finding, "days_over", floor((now_s - list[i].at_s) / DAY_S));
	}
	return error;
}

/* ---- what stands still ---- */

static void add_stale(const struct inquest *inquest, const struct stream_state *state, uint32_t row)
{
	const struct survey *survey = inquest->survey;
	bool active = survey->class[row] == STATUS_ACTIVE;
	const struct contract_stream *agreed = state->agreed;
	double days = active ? agreed->stale_active_days : agreed->stale_todo_days, touched;
	struct finding *finding = finding_add(inquest, FOUND_STALE);
	size_t at;
	const struct wn_rows *run = wn_block_of(&inquest->ranking->population, row, &at);

	if (!finding)
		return;
	touched = wn_number_of(run, at, WN_UPDATED);
	if (isnan(touched))
		touched = wn_number_of(run, at, WN_CREATED);
	finding->row = row;
	finding->stream = state->name;
	finding->since_us = llround((touched + days * DAY_S) * US_PER_S);
	finding_prove(finding, "days_untouched", floor((survey->now_s - touched) / DAY_S));
	finding_prove(finding, "days_allowed", days);
}

/* A health lists the first of them alone. */
static void add_all_stale(const struct inquest *inquest, const struct stream_state *state)
{
	const struct survey *survey = inquest->survey;

	for (uint32_t row = 0; row < survey->ranking->rows; row++) {
		if (stream_row_is_stale(survey, state->agreed, row) &&
			str_eq(ranking_text(survey->ranking, row, ROW_STREAM), state->name))
			add_stale(inquest, state, row);
	}
}

static void add_timebox(const struct inquest *inquest, const struct stream_health *health,
	const struct timebox_health *box, size_t i)
{
	struct finding *finding = finding_add(inquest, FOUND_TIMEBOX_OVER);
	int64_t allowed_us = llround(box->timebox->days * DAY_S * US_PER_S);

	if (!finding)
		return;
	finding->row = box->over[i].row;
	finding->stream = health->state->name;
	finding->part = "timebox";
	finding->name = box->timebox->id;
	finding->since_us = box->over[i].since_us + allowed_us;
	finding_prove(finding, "days_inside",
		floor((inquest->survey->now_s - (double)box->over[i].since_us / US_PER_S) / DAY_S));
	finding_prove(finding, "days_allowed", box->timebox->days);
}

/* By the health of each stream, which the contract describes. */
static enum error find_stuck(const struct inquest *inquest)
{
	const struct survey *survey = inquest->survey;
	enum error error = ERR_OK;

	for (size_t s = 0; s < survey->count && !error; s++) {
		struct stream_health health;

		if (!survey->streams[s].agreed)
			continue;
		error = stream_health_make(inquest->call, survey, &survey->streams[s], 1, &health);
		if (error)
			break;
		add_all_stale(inquest, &survey->streams[s]);
		for (size_t b = 0; b < health.timebox_count; b++) {
			for (size_t i = 0; i < health.timeboxes[b].over_count; i++)
				add_timebox(inquest, &health, &health.timeboxes[b], i);
		}
	}
	return error;
}

/* ---- the whole ---- */

/* They begin anew when the snapshot has to be read again. */
static enum error find_in_history(struct inquest *inquest, const struct findings *before)
{
	static finder *const finders[] = {
		find_shares, find_rescores, find_bursts, find_jumps, find_drift};
	struct reading reading;
	enum error error;

	reading_past(inquest->call, inquest->ranking->revision, &reading);
	do {
		*inquest->out = *before;
		error = reading_past_begin(&reading);
		inquest->conn = reading.conn;
		for (size_t i = 0; i < sizeof finders / sizeof *finders && !error; i++)
			error = finders[i](inquest);
	} while (reading_again(&reading, error));
	return error;
}

enum error findings_make(
	const struct call *call, const struct finding_query *query, struct findings *out)
{
	struct inquest inquest = {
		.call = call,
		.query = query,
		.survey = query->survey,
		.ranking = query->survey->ranking,
		.now_s = (int64_t)floor(query->survey->now_s),
		.out = out,
	};
	struct findings before;
	enum error error;

	*out = (struct findings){.cut = false};
	for (int kind = 0; kind < FINDING_HISTORY_KINDS; kind++) {
		out->list[kind] = arena_array(call->arena, query->limit, sizeof **out->list);
		if (!out->list[kind])
			return ERR_BUDGET;
	}
	error = find_overdue(&inquest);
	if (!error)
		error = find_stuck(&inquest);
	before = *out;
	return error ? error : find_in_history(&inquest, &before);
}

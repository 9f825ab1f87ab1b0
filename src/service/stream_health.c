/*
 * A stream's health: limits, gates and staleness from the ranking's rows; timeboxes and the flow of weeks
 * from history, as of the ranking's revision.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "service/reading.h"
#include "service/streams.h"

static const double DAY_S = 86400;

/* What the parts of one health share. */
struct examination {
	const struct call *call;
	const struct survey *survey;
	const struct stream_state *state; /* NULL: all streams together */
	uint32_t stream;                  /* its symbol */
	struct stream_health *out;
	int64_t first_week_us;
};

static const struct wn_rows *run_of(const struct examination *exam, uint32_t row, size_t *at)
{
	return wn_block_of(&exam->survey->ranking->population, row, at);
}

static bool is_in_stream(const struct examination *exam, uint32_t row)
{
	size_t at;
	const struct wn_rows *run = run_of(exam, row, &at);

	return !exam->state || wn_word_of(run, at, WN_STREAM) == exam->stream;
}

static enum status_class class_of(const struct examination *exam, uint32_t row)
{
	return (enum status_class)exam->survey->class[row];
}

static void list_add(struct row_list *list, uint32_t row)
{
	if (list->count++ < STREAM_LIST_MAX)
		list->rows[list->shown++] = row;
}

/* ---- limits ---- */

static uint32_t group_symbol(const struct examination *exam, enum wn_group per, uint32_t row)
{
	size_t at;
	const struct wn_rows *run = run_of(exam, row, &at);

	switch (per) {
	case WN_PER_TEAM: return wn_word_of(run, at, WN_TEAM);
	case WN_PER_ASSIGNEE: return wn_word_of(run, at, WN_ASSIGNEE);
	default: return WN_UNSEEN_SYMBOL; /* one group */
	}
}

static double load_of(
	const struct examination *exam, const struct contract_limit *limit, uint32_t row)
{
	size_t at;
	const struct wn_rows *run = run_of(exam, row, &at);
	double days = wn_number_of(run, at, WN_ESTIMATE);

	if (!limit->by_estimate)
		return 1;
	return days > 0 ? days : 0;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct limit_group *x = a, *y = b;

	return (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

static int compare_loads(const void *a, const void *b)
{
	const struct limit_group *x = a, *y = b;

	if (x->load != y->load)
		return x->load > y->load ? -1 : 1;
	return (x->example > y->example) - (x->example < y->example);
}

/* One group an item at first, then those of a symbol together. */
static size_t gather_groups(struct limit_group *groups, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(groups, count, sizeof *groups, compare_symbols);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && groups[kept - 1].symbol == groups[i].symbol) {
			groups[kept - 1].items++;
			groups[kept - 1].load += groups[i].load;
		} else {
			groups[kept++] = groups[i];
		}
	}
	if (kept > 1)
		qsort(groups, kept, sizeof *groups, compare_loads);
	return kept;
}

static struct str group_name(const struct examination *exam, const struct contract_limit *limit,
	const struct limit_group *group)
{
	if (limit->per == WN_PER_TEAM)
		return ranking_text(exam->survey->ranking, group->example, ROW_TEAM);
	return STR_NONE;
}

static enum error examine_limit(const struct examination *exam, const struct contract_limit *limit,
	struct limit_health *out)
{
	const struct ranking *ranking = exam->survey->ranking;
	size_t used = 0, most = exam->state ? exam->state->in_flight : exam->survey->in_flight;
	struct limit_group *groups = arena_array(exam->call->arena, most, sizeof *groups);

	if (!groups)
		return ERR_BUDGET;
	for (uint32_t row = 0; row < ranking->rows && used < most; row++) {
		uint32_t symbol;

		if (class_of(exam, row) != STATUS_ACTIVE || !is_in_stream(exam, row))
			continue;
		symbol = group_symbol(exam, limit->per, row);
		if (symbol != WN_NO_SYMBOL)
			groups[used++] = (struct limit_group){.symbol = symbol,
				.example = row,
				.items = 1,
				.load = load_of(exam, limit, row)};
	}
	*out = (struct limit_health){limit, groups, gather_groups(groups, used), 0};
	for (size_t i = 0; i < out->count; i++) {
		groups[i].name = group_name(exam, limit, &groups[i]);
		out->over += !wn_fits(0, groups[i].load, limit->at_most);
	}
	return ERR_OK;
}

static bool is_of(const struct examination *exam, const struct contract_limit *limit)
{
	if (!exam->state)
		return !limit->stream.ptr;
	return limit->stream.ptr && str_eq(limit->stream, exam->state->name);
}

static enum error examine_limits(const struct examination *exam)
{
	const struct contract_version *contract = &exam->survey->contract;
	struct stream_health *out = exam->out;
	enum error error = ERR_OK;

	out->limits = arena_array(exam->call->arena, contract->limit_count, sizeof *out->limits);
	if (!out->limits)
		return ERR_BUDGET;
	for (size_t i = 0; i < contract->limit_count && !error; i++) {
		const struct contract_limit *limit = &contract->limits[i];

		if (is_of(exam, limit))
			error = examine_limit(exam, limit, &out->limits[out->limit_count++]);
	}
	return error;
}

/* ---- gates ---- */

static bool has_kind(const struct examination *exam, const struct contract_gate *gate, uint32_t row)
{
	struct str kind = ranking_text(exam->survey->ranking, row, ROW_KIND);
	bool found = gate->kind_count == 0;

	for (size_t i = 0; i < gate->kind_count && !found; i++)
		found = str_eq(gate->kinds[i], kind);
	return found;
}

static enum error examine_gate(
	const struct examination *exam, const struct contract_gate *gate, struct gate_health *out)
{
	uint64_t *hits;

	*out = (struct gate_health){.gate = gate};
	if (!predicate_rows(exam->survey, &gate->requires, exam->call->arena, &hits))
		return ERR_BUDGET;
	for (uint32_t row = 0; row < exam->survey->ranking->rows; row++) {
		enum status_class class = class_of(exam, row);
		bool open = class == STATUS_TODO || class == STATUS_ACTIVE;

		if (!open || !is_in_stream(exam, row) || row_hit(hits, row) ||
			!has_kind(exam, gate, row))
			continue;
		out->queued += class == STATUS_TODO;
		out->in_flight += class == STATUS_ACTIVE;
		if (class == STATUS_ACTIVE)
			list_add(&out->examples, row);
	}
	return ERR_OK;
}

static enum error examine_gates(const struct examination *exam)
{
	const struct contract_version *contract = &exam->survey->contract;
	struct stream_health *out = exam->out;
	enum error error = ERR_OK;

	out->gates = arena_array(exam->call->arena, contract->gate_count, sizeof *out->gates);
	if (!out->gates)
		return ERR_BUDGET;
	for (size_t i = 0; i < contract->gate_count && !error; i++) {
		const struct contract_gate *gate = &contract->gates[i];

		if (str_eq(gate->stream, exam->state->name))
			error = examine_gate(exam, gate, &out->gates[out->gate_count++]);
	}
	return error;
}

/* ---- staleness ---- */

bool stream_row_is_stale(
	const struct survey *survey, const struct contract_stream *agreed, uint32_t row)
{
	enum status_class class = (enum status_class)survey->class[row];
	size_t at;
	const struct wn_rows *run = wn_block_of(&survey->ranking->population, row, &at);
	double touched = wn_number_of(run, at, WN_UPDATED);
	double days = class == STATUS_ACTIVE ? agreed->stale_active_days
		      : class == STATUS_TODO ? agreed->stale_todo_days
					     : NAN;

	if (isnan(touched))
		touched = wn_number_of(run, at, WN_CREATED);
	/* NaN compares as not over. */
	return wn_is_over(touched, survey->now_s, days);
}

static void examine_staleness(const struct examination *exam)
{
	const struct contract_stream *agreed = exam->state->agreed;

	for (uint32_t row = 0; row < exam->survey->ranking->rows; row++) {
		if (is_in_stream(exam, row) && stream_row_is_stale(exam->survey, agreed, row))
			list_add(&exam->out->stale, row);
	}
}

/* ---- timeboxes ---- */

static bool has_label(const struct wn_rows *run, size_t at, uint32_t label)
{
	if (!run->label_start)
		return false;
	for (uint32_t i = run->label_start[at]; i < run->label_start[at + 1]; i++) {
		if (run->labels[i] == label)
			return true;
	}
	return false;
}

static bool is_inside(const struct examination *exam, const struct contract_timebox *timebox,
	uint32_t symbol, uint32_t row)
{
	enum status_class class = class_of(exam, row);
	size_t at;
	const struct wn_rows *run = run_of(exam, row, &at);

	if (!is_in_stream(exam, row) || class == STATUS_DONE || class == STATUS_DROPPED)
		return false;
	return timebox->status.ptr ? wn_word_of(run, at, WN_STATUS) == symbol
				   : has_label(run, at, symbol);
}

/* The first SPELLS_MAX that are in it, by id of row; all are counted. */
static enum error collect(
	const struct examination *exam, struct timebox_health *health, struct spell_query *query)
{
	const struct contract_timebox *timebox = health->timebox;
	const struct ranking *ranking = exam->survey->ranking;
	struct word_lookup words = ranking_words(ranking);
	uint32_t symbol =
		words.symbol(words.self, timebox->status.ptr ? timebox->status : timebox->label);
	struct uuid *ids = arena_array(exam->call->arena, SPELLS_MAX, sizeof *ids);

	if (!ids)
		return ERR_BUDGET;
	for (uint32_t row = 0; row < ranking->rows; row++) {
		if (!is_inside(exam, timebox, symbol, row))
			continue;
		if (health->inside++ < SPELLS_MAX)
			ids[query->id_count++] = ranking_facts(ranking, row)->id;
	}
	query->ids = ids;
	query->revision = ranking->revision;
	query->status = timebox->status;
	query->label = timebox->label;
	return ERR_OK;
}

static int compare_since(const void *a, const void *b)
{
	const struct timebox_item *x = a, *y = b;

	if (x->since_us != y->since_us)
		return x->since_us < y->since_us ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static enum error take_spells(const struct examination *exam, struct timebox_health *health,
	const struct spell_row *spells, size_t count)
{
	health->over = arena_array(exam->call->arena, count, sizeof *health->over);
	health->over_count = 0;
	if (!health->over)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++) {
		uint32_t row = ranking_find(exam->survey->ranking, &spells[i].id);

		if (row != WN_ROW_NONE && wn_is_over((double)spells[i].since_us / US_PER_S,
						  exam->survey->now_s, health->timebox->days))
			health->over[health->over_count++] =
				(struct timebox_item){row, spells[i].since_us};
	}
	if (health->over_count > 1)
		qsort(health->over, health->over_count, sizeof *health->over, compare_since);
	return ERR_OK;
}

static enum error examine_timebox(const struct examination *exam, struct conn *conn,
	const struct contract_timebox *timebox, struct timebox_health *out)
{
	struct spell_query query = {0};
	struct spell_row *spells;
	size_t count;
	enum error error;

	*out = (struct timebox_health){.timebox = timebox};
	error = collect(exam, out, &query);
	if (error || query.id_count == 0)
		return error;
	error = item_spells(
		conn, &exam->call->workspace, &query, exam->call->arena, &spells, &count);
	return error ? error : take_spells(exam, out, spells, count);
}

static enum error examine_timeboxes(const struct examination *exam, struct conn *conn)
{
	const struct contract_stream *agreed = exam->state->agreed;
	struct stream_health *out = exam->out;
	enum error error = ERR_OK;

	out->timebox_count = 0;
	out->timeboxes =
		arena_array(exam->call->arena, agreed->timebox_count, sizeof *out->timeboxes);
	if (!out->timeboxes)
		return ERR_BUDGET;
	for (size_t i = 0; i < agreed->timebox_count && !error; i++)
		error = examine_timebox(
			exam, conn, &agreed->timeboxes[i], &out->timeboxes[out->timebox_count++]);
	return error;
}

/* ---- people's names ---- */

/* A ranking tells people apart and knows nobody; the fullest groups' names are looked up by an item each. */
static enum error name_people(
	const struct examination *exam, struct conn *conn, struct limit_health *limit)
{
	size_t shown = limit->count < STREAM_LIST_MAX ? limit->count : STREAM_LIST_MAX, count = 0;
	const struct ranking *ranking = exam->survey->ranking;
	struct uuid ids[STREAM_LIST_MAX];
	const struct spell_query query = {
		.ids = ids, .id_count = shown, .revision = ranking->revision};
	struct spell_row *rows = NULL;
	enum error error;

	for (size_t i = 0; i < shown; i++)
		ids[i] = ranking_facts(ranking, limit->groups[i].example)->id;
	error = item_spells(conn, &exam->call->workspace, &query, exam->call->arena, &rows, &count);
	for (size_t r = 0; r < count && !error; r++) {
		for (size_t i = 0; i < shown; i++) {
			if (uuid_cmp(&ids[i], &rows[r].id) == 0)
				limit->groups[i].name = rows[r].assignee;
		}
	}
	return error;
}

static enum error name_groups(const struct examination *exam, struct conn *conn)
{
	enum error error = ERR_OK;

	for (size_t i = 0; i < exam->out->limit_count && !error; i++) {
		struct limit_health *limit = &exam->out->limits[i];

		if (limit->limit->per == WN_PER_ASSIGNEE && limit->count > 0)
			error = name_people(exam, conn, limit);
	}
	return error;
}

/* ---- the flow of weeks ---- */

static enum error open_statuses(const struct examination *exam, struct flow_query *query)
{
	const struct catalog *catalog = exam->survey->ranking->catalog;
	struct str *words = arena_array(exam->call->arena, catalog->status_count, sizeof *words);

	if (!words)
		return ERR_BUDGET;
	for (size_t i = 0; i < catalog->status_count; i++) {
		const struct status_definition *status = &catalog->statuses[i];

		if (status->class == STATUS_TODO || status->class == STATUS_ACTIVE)
			words[query->open_count++] = status->name;
	}
	query->open = words;
	return ERR_OK;
}

static enum error examine_flow(const struct examination *exam, struct conn *conn)
{
	struct flow_query query = {
		.revision = exam->survey->ranking->revision,
		.from_us = exam->first_week_us,
		.stream = exam->state->name,
	};
	struct stream_health *out = exam->out;
	struct flow_row *rows = NULL;
	size_t count = 0;
	enum error error = open_statuses(exam, &query);

	if (!error)
		error = stream_flow(
			conn, &exam->call->workspace, &query, exam->call->arena, &rows, &count);
	for (size_t i = 0; i < count && !error; i++) {
		int64_t place =
			(rows[i].week_us - exam->first_week_us) / ((int64_t)(7 * DAY_S) * US_PER_S);

		if (place >= 0 && (size_t)place < out->week_count)
			out->weeks[place] = rows[i];
	}
	return error;
}

static enum error begin_weeks(struct examination *exam, size_t weeks)
{
	int64_t week_us = (int64_t)(7 * DAY_S) * US_PER_S;
	int64_t last_us = wn_week_begin((int64_t)floor(exam->survey->now_s)) * US_PER_S;
	struct stream_health *out = exam->out;

	exam->first_week_us = last_us - (int64_t)(weeks - 1) * week_us;
	out->weeks = arena_array(exam->call->arena, weeks, sizeof *out->weeks);
	if (!out->weeks)
		return ERR_BUDGET;
	out->week_count = weeks;
	for (size_t i = 0; i < weeks; i++)
		out->weeks[i] =
			(struct flow_row){.week_us = exam->first_week_us + (int64_t)i * week_us};
	return ERR_OK;
}

/* ---- the whole ---- */

static enum error examine_past(const struct examination *exam, struct conn *conn)
{
	enum error error = examine_flow(exam, conn);

	if (error || !exam->survey->has_contract)
		return error;
	if (exam->state->agreed)
		error = examine_timeboxes(exam, conn);
	return error ? error : name_groups(exam, conn);
}

static enum error examine_rows(const struct examination *exam)
{
	enum error error;

	if (!exam->survey->has_contract)
		return ERR_OK;
	error = examine_limits(exam);
	if (!error)
		error = examine_gates(exam);
	if (!error && exam->state->agreed)
		examine_staleness(exam);
	return error;
}

enum error stream_health_make(const struct call *call, const struct survey *survey,
	const struct stream_state *state, size_t weeks, struct stream_health *out)
{
	struct word_lookup words = ranking_words(survey->ranking);
	struct examination exam = {
		.call = call,
		.survey = survey,
		.state = state,
		.stream = words.symbol(words.self, state->name),
		.out = out,
	};
	struct reading reading;
	enum error error;

	*out = (struct stream_health){.state = state};
	error = begin_weeks(&exam, weeks);
	if (!error)
		error = examine_rows(&exam);
	if (error)
		return error;
	reading_past(call, survey->ranking->revision, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = examine_past(&exam, reading.conn);
	} while (reading_again(&reading, error));
	return error;
}

enum error workspace_limits_make(const struct call *call, const struct survey *survey,
	struct limit_health **out, size_t *count)
{
	struct stream_health health = {0};
	const struct examination exam = {.call = call, .survey = survey, .out = &health};
	struct reading reading;
	enum error error;

	*count = 0;
	if (!survey->has_contract)
		return ERR_OK;
	error = examine_limits(&exam);
	*out = health.limits;
	*count = health.limit_count;
	if (error || *count == 0)
		return error;
	reading_past(call, survey->ranking->revision, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = name_groups(&exam, reading.conn);
	} while (reading_again(&reading, error));
	return error;
}

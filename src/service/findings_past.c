/*
 * Scores that grew old, reporters' bursts, values that jumped, overrides that became more or fewer.
 */
#include <math.h>

#include "base/clock.h"
#include "codec/item.h"
#include "service/findings_parts.h"
#include "store/aggregates.h"

enum { DAY_S = 86400, WEEK_S = 7 * DAY_S, OVERRIDE_PERIOD_S = 28 * DAY_S, MONTH_END_S = 4 * DAY_S };

/* ---- re-scoring ---- */

struct scoring_search {
	const struct inquest *inquest;
	int64_t revision[2]; /* what was stored later is not due: elsewhere, in the icebox */
	struct uuid *ids;    /* in the order of the ranking */
	uint32_t *rows;
	size_t count;
};

static int months_of(bool icebox)
{
	return icebox ? RESCORE_ICEBOX_MONTHS : RESCORE_MONTHS;
}

/* Waits, and was there before the cutoff. */
static bool may_be_due(const struct scoring_search *search, uint32_t row)
{
	const struct inquest *inquest = search->inquest;
	const struct row_facts *facts = ranking_facts(inquest->ranking, row);

	return inquest->survey->class[row] == STATUS_TODO &&
	       facts->first_revision <= search->revision[is_in_icebox(inquest->ranking, row)];
}

static void collect(struct scoring_search *search)
{
	const struct wn_ranking *order = &search->inquest->ranking->decision.order;

	for (size_t i = 0; i < order->count; i++) {
		uint32_t row = order->order[i];

		if (!may_be_due(search, row))
			continue;
		if (search->count == FINDINGS_SCORINGS_MAX) {
			search->inquest->out->cut = true;
			return;
		}
		search->rows[search->count] = row;
		search->ids[search->count++] = ranking_facts(search->inquest->ranking, row)->id;
	}
}

static const struct scoring_row *scoring_of(
	const struct scoring_row *rows, size_t count, const struct uuid *id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int side = uuid_cmp(&rows[middle].id, id);

		if (side == 0)
			return &rows[middle];
		if (side < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void judge_scoring(
	const struct scoring_search *search, uint32_t row, const struct scoring_row *scoring)
{
	const struct inquest *inquest = search->inquest;
	bool icebox = is_in_icebox(inquest->ranking, row);
	int64_t last_s = scoring->last_us / US_PER_S;
	/* A record that retention removed is older than all that is allowed. */
	bool known = scoring->last_us != TIME_NONE;
	int64_t due_s = known ? wn_months_later(last_s, months_of(icebox)) : 0;
	struct finding *finding;

	if (due_s > inquest->now_s)
		return;
	finding = finding_add(inquest, FOUND_RESCORE_DUE);
	if (!finding)
		return;
	finding->row = row;
	finding_prove(finding, "months_allowed", months_of(icebox));
	if (!known)
		return;
	finding->since_us = due_s * US_PER_S;
	finding_prove(
		finding, "days_since_scored", floor((double)(inquest->now_s - last_s) / DAY_S));
}

enum error find_rescores(const struct inquest *inquest)
{
	struct arena *arena = inquest->call->arena;
	struct scoring_search search = {
		.inquest = inquest,
		.ids = arena_array(arena, FINDINGS_SCORINGS_MAX, sizeof *search.ids),
		.rows = arena_array(arena, FINDINGS_SCORINGS_MAX, sizeof *search.rows),
	};
	struct scoring_row *scorings = NULL;
	double cutoffs_s[2];
	int64_t *revisions;
	size_t count = 0;
	enum error error;

	if (!search.ids || !search.rows)
		return ERR_BUDGET;
	/* Counted back from the end of a month, months end up to three days earlier than counted on to it. */
	for (int icebox = 0; icebox < 2; icebox++)
		cutoffs_s[icebox] =
			(double)(wn_months_later(inquest->now_s, -months_of(icebox)) + MONTH_END_S);
	error = revisions_at(
		inquest->conn, &inquest->call->workspace, cutoffs_s, 2, arena, &revisions);
	if (error)
		return error;
	search.revision[0] = revisions[0];
	search.revision[1] = revisions[1];
	collect(&search);
	if (search.count > 0)
		error = item_scorings(inquest->conn, &inquest->call->workspace, search.ids,
			search.count, inquest->ranking->revision, -1, arena, &scorings, &count);
	for (size_t i = 0; i < search.count && !error; i++) {
		const struct scoring_row *scoring = scoring_of(scorings, count, &search.ids[i]);

		if (scoring)
			judge_scoring(&search, search.rows[i], scoring);
	}
	return error;
}

/* ---- bursts and drift ---- */

/* Revisions at the ends of five periods that end now; the first end is where the oldest begins. */
static enum error period_ends(
	const struct inquest *inquest, int64_t period_s, int64_t ends[PERIODS + 1])
{
	double times_s[PERIODS];
	int64_t *revisions;
	enum error error;

	for (int i = 0; i < PERIODS; i++)
		times_s[i] = (double)(inquest->now_s - (PERIODS - i) * period_s);
	error = revisions_at(inquest->conn, &inquest->call->workspace, times_s, PERIODS,
		inquest->call->arena, &revisions);
	for (int i = 0; i < PERIODS && !error; i++)
		ends[i] = revisions[i];
	ends[PERIODS] = inquest->ranking->revision;
	return error;
}

/* How many of the periods before the log reaches back to: a workspace that is new has none. */
static size_t periods_known(const int64_t ends[PERIODS + 1])
{
	size_t known = 0;

	while (known < PERIODS - 1 && ends[PERIODS - 2 - known] > 0)
		known++;
	return known;
}

static double mean_of(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return count > 0 ? sum / (double)count : 0;
}

static void prove_counts(struct finding *finding, const struct burst_row *row, size_t periods)
{
	finding_prove(finding, "count", row->count);
	finding_prove(finding, "mean_before", mean_of(row->before, periods));
	finding_prove(finding, "periods_before", (double)periods);
}

enum error find_bursts(const struct inquest *inquest)
{
	int64_t ends[PERIODS + 1];
	struct burst_row *rows = NULL;
	size_t count = 0, periods;
	enum error error;

	if (!inquest->query->sensitive &&
		(inquest->ranking->catalog->sensitive_fields & ITEM_REPORTER))
		return ERR_OK;
	error = period_ends(inquest, WEEK_S, ends);
	if (!error)
		error = reporter_bursts(inquest->conn, &inquest->call->workspace, ends, BURST_LEAST,
			FINDINGS_VERSIONS_MAX, inquest->call->arena, &rows, &count);
	if (error)
		return error;
	periods = periods_known(ends);
	for (size_t i = 0; i < count; i++) {
		struct finding *finding;

		if (wn_stands_out(rows[i].count, rows[i].before, periods, BURST_LEAST) <= 0)
			continue;
		finding = finding_add(inquest, FOUND_REPORTER_BURST);
		if (!finding)
			continue;
		finding->row = ranking_find(inquest->ranking, &rows[i].item);
		finding->part = "reporter";
		finding->name = rows[i].who;
		finding->since_us = rows[i].since_us;
		prove_counts(finding, &rows[i], periods);
	}
	return ERR_OK;
}

enum error find_drift(const struct inquest *inquest)
{
	int64_t ends[PERIODS + 1];
	struct burst_row *rows = NULL;
	size_t count = 0, periods;
	enum error error = period_ends(inquest, OVERRIDE_PERIOD_S, ends);

	if (!error)
		error = override_bursts(inquest->conn, &inquest->call->workspace, ends,
			inquest->call->arena, &rows, &count);
	if (error)
		return error;
	periods = periods_known(ends);
	for (size_t i = 0; i < count; i++) {
		struct finding *finding;

		if (wn_stands_out(rows[i].count, rows[i].before, periods, DRIFT_LEAST) == 0)
			continue;
		finding = finding_add(inquest, FOUND_OVERRIDE_DRIFT);
		if (!finding)
			continue;
		finding->stream = rows[i].who;
		finding->part = "override_kind";
		finding->name = rows[i].kind;
		finding->since_us = (inquest->now_s - OVERRIDE_PERIOD_S) * US_PER_S;
		prove_counts(finding, &rows[i], periods);
	}
	return ERR_OK;
}

/* ---- jumps ---- */

static bool can_jump(const struct inquest *inquest, const struct feature_definition *feature)
{
	return !feature->deleted && feature->type == FEATURE_NUMBER &&
	       (!feature->sensitive || inquest->query->sensitive) && isfinite(feature->lower) &&
	       isfinite(feature->upper) && feature->upper > feature->lower;
}

static enum error list_features(
	const struct inquest *inquest, uint16_t **ids, double **least, size_t *count)
{
	const struct catalog *catalog = inquest->ranking->catalog;
	struct arena *arena = inquest->call->arena;

	*ids = arena_array(arena, catalog->feature_count, sizeof **ids);
	*least = arena_array(arena, catalog->feature_count, sizeof **least);
	*count = 0;
	if (!*ids || !*least)
		return ERR_BUDGET;
	for (size_t i = 0; i < catalog->feature_count; i++) {
		const struct feature_definition *feature = &catalog->features[i];

		if (!can_jump(inquest, feature))
			continue;
		(*ids)[*count] = feature->id;
		(*least)[(*count)++] = JUMP_OF_SPAN * (feature->upper - feature->lower);
	}
	return ERR_OK;
}

static void add_jump(const struct inquest *inquest, const struct jump_row *jump)
{
	const struct feature_definition *feature =
		&inquest->ranking->catalog->features[jump->feature];
	struct finding *finding = finding_add(inquest, FOUND_VALUE_JUMP);

	if (!finding)
		return;
	finding->row = ranking_find(inquest->ranking, &jump->item);
	finding->part = "feature";
	finding->name = feature->name;
	finding->since_us = jump->at_us;
	finding_prove(finding, "was", jump->was);
	finding_prove(finding, "is", jump->is);
	finding_prove(
		finding, "of_span", fabs(jump->is - jump->was) / (feature->upper - feature->lower));
	finding_prove(finding, "revision", (double)jump->revision);
}

enum error find_jumps(const struct inquest *inquest)
{
	double since_s = (double)(inquest->now_s - WEEK_S);
	struct jump_query query = {
		.revision = inquest->ranking->revision,
		.most = FINDINGS_VERSIONS_MAX,
		/* Whole counts would have to look at them all. */
		.limit = (int64_t)inquest->query->limit,
	};
	const struct uuid *workspace = &inquest->call->workspace;
	struct arena *arena = inquest->call->arena;
	struct jump_row *rows = NULL;
	uint16_t *features;
	double *least;
	int64_t *since;
	size_t count = 0;
	enum error error = list_features(inquest, &features, &least, &query.feature_count);

	if (!error)
		error = revisions_at(inquest->conn, workspace, &since_s, 1, arena, &since);
	if (error)
		return error;
	query.since = *since;
	query.features = features;
	query.least = least;
	if (query.feature_count > 0)
		error = feature_jumps(inquest->conn, workspace, &query, arena, &rows, &count);
	for (size_t i = 0; i < count && !error; i++)
		add_jump(inquest, &rows[i]);
	return error;
}

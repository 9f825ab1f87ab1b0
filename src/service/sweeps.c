/*
 * Sweeps: found in the newest ranking and its history, kept in one row, read back.
 */
#include "service/sweeps.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/json_writer.h"
#include "service/catalogs.h"
#include "service/findings.h"
#include "service/kept.h"
#include "service/reading.h"

/* ---- finding ---- */

struct search {
	const struct call *call;
	const struct survey *survey;
	const struct sweep_input *input;
	int feature; /* id; -1: none */
	int64_t now_s;
	struct uuid *ids; /* by rank */
	size_t count;
	struct sweep_row *out;
	struct uuid *stale, *promoted;
	double *scored_s, *first, *last;
};

static bool can_promote(const struct feature_definition *feature)
{
	return feature && !feature->sensitive && feature->type == FEATURE_NUMBER;
}

struct str sweep_default_feature(const struct catalog *catalog)
{
	return can_promote(catalog_live_feature(catalog, SWEEP_FEATURE)) ? SWEEP_FEATURE : STR_NONE;
}

static enum error find_feature(struct search *search)
{
	const struct catalog *catalog = search->survey->ranking->catalog;
	struct str name = search->input->feature;
	const struct feature_definition *feature;

	search->feature = -1;
	if (!name.ptr)
		return ERR_OK;
	feature = catalog_live_feature(catalog, name);
	if (can_promote(feature)) {
		search->feature = feature->id;
		return ERR_OK;
	}
	diag_add(search->call->diag, "/promote/feature",
		"There is no feature of this name that is a number and not sensitive.");
	return ERR_INVALID;
}

static enum error allocate(struct search *search)
{
	struct arena *arena = search->call->arena;

	search->ids = arena_array(arena, FINDINGS_SCORINGS_MAX, sizeof *search->ids);
	search->stale = arena_array(arena, SWEEP_ITEMS_MAX, sizeof *search->stale);
	search->promoted = arena_array(arena, SWEEP_ITEMS_MAX, sizeof *search->promoted);
	search->scored_s = arena_array(arena, SWEEP_ITEMS_MAX, sizeof *search->scored_s);
	search->first = arena_array(arena, SWEEP_ITEMS_MAX, sizeof *search->first);
	search->last = arena_array(arena, SWEEP_ITEMS_MAX, sizeof *search->last);
	return search->ids && search->stale && search->promoted && search->scored_s &&
			       search->first && search->last
		       ? ERR_OK
		       : ERR_BUDGET;
}

/* Waits in the icebox since before the cutoff. */
static void collect(struct search *search, int64_t cutoff)
{
	const struct ranking *ranking = search->survey->ranking;
	const struct wn_ranking *order = &ranking->decision.order;

	for (size_t i = 0; i < order->count; i++) {
		uint32_t row = order->order[i];

		if (search->survey->class[row] != STATUS_TODO || !is_in_icebox(ranking, row) ||
			ranking_facts(ranking, row)->first_revision > cutoff)
			continue;
		if (search->count == FINDINGS_SCORINGS_MAX) {
			search->out->cut = true;
			return;
		}
		search->ids[search->count++] = ranking_facts(ranking, row)->id;
	}
}

static bool is_old(const struct search *search, int64_t at_us)
{
	return at_us == TIME_NONE ||
	       wn_months_later(at_us / US_PER_S, (int)search->input->months) <= search->now_s;
}

static bool grew(const struct search *search, const struct scoring_row *scoring)
{
	/* NaN compares as not grown; a value that was nothing or less has no factor. */
	return search->feature >= 0 && scoring->first_value > 0 &&
	       scoring->last_value >= scoring->first_value * search->input->factor;
}

static void judge(struct search *search, const struct scoring_row *scoring)
{
	struct sweep_row *out = search->out;

	if (!is_old(search, scoring->first_us))
		return;
	if (grew(search, scoring)) {
		out->cut |= out->promoted_count == SWEEP_ITEMS_MAX;
		if (out->promoted_count == SWEEP_ITEMS_MAX)
			return;
		search->promoted[out->promoted_count] = scoring->id;
		search->first[out->promoted_count] = scoring->first_value;
		search->last[out->promoted_count++] = scoring->last_value;
	} else if (is_old(search, scoring->last_us)) {
		out->cut |= out->stale_count == SWEEP_ITEMS_MAX;
		if (out->stale_count == SWEEP_ITEMS_MAX)
			return;
		search->stale[out->stale_count] = scoring->id;
		search->scored_s[out->stale_count++] =
			scoring->last_us == TIME_NONE ? 0 : (double)scoring->last_us / US_PER_S;
	}
}

/* Scorings come by id; the lists go by rank. */
static int compare_ids(const void *key, const void *element)
{
	return uuid_cmp(key, &((const struct scoring_row *)element)->id);
}

static enum error search_history(struct search *search, struct conn *conn)
{
	const struct ranking *ranking = search->survey->ranking;
	const struct call *call = search->call;
	/* Months that end shorter end up to three days later. */
	double cutoff_s =
		(double)(wn_months_later(search->now_s, -(int)search->input->months) + 4 * 86400);
	struct scoring_row *scorings = NULL;
	int64_t *cutoff;
	size_t count = 0;
	enum error error = revisions_at(conn, &call->workspace, &cutoff_s, 1, call->arena, &cutoff);

	if (error)
		return error;
	collect(search, *cutoff);
	if (search->count > 0)
		error = item_scorings(conn, &call->workspace, search->ids, search->count,
			ranking->revision, search->feature, call->arena, &scorings, &count);
	for (size_t i = 0; i < search->count && count > 0 && !error; i++) {
		const struct scoring_row *scoring =
			bsearch(&search->ids[i], scorings, count, sizeof *scorings, compare_ids);

		if (scoring)
			judge(search, scoring);
	}
	return error;
}

enum error sweep_find(const struct call *call, const struct survey *survey,
	const struct sweep_input *input, struct sweep_row *out)
{
	struct search search = {
		.call = call,
		.survey = survey,
		.input = input,
		.now_s = (int64_t)floor(survey->now_s),
		.out = out,
	};
	struct reading reading;
	enum error error = find_feature(&search);

	if (!error)
		error = allocate(&search);
	if (error)
		return error;
	reading_past(call, survey->ranking->revision, &reading);
	do {
		search.count = 0;
		*out = (struct sweep_row){
			.made_us = (int64_t)llround(survey->now_s * US_PER_S),
			.ranking = str_from(survey->ranking->id),
			.months = (int32_t)input->months,
			.feature = input->feature,
			.factor = input->feature.ptr ? input->factor : NAN,
			.stale = search.stale,
			.scored_s = search.scored_s,
			.promoted = search.promoted,
			.first = search.first,
			.last = search.last,
		};
		error = reading_past_begin(&reading);
		if (!error)
			error = search_history(&search, reading.conn);
	} while (reading_again(&reading, error));
	return error;
}

/* ---- keeping ---- */

/* Canonical: keys in byte order. */
static enum error finish_creating(struct write *write, const struct sweep_row *sweep)
{
	struct buf detail = BUF_INIT;
	struct json_writer json;
	char id[UUID_TEXT_SIZE];
	const char *subject =
		arena_printf(write->call->arena, "sweep:%s", uuid_to_text(&sweep->id, id));
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_put(&json, "months", int, sweep->months);
	json_put(&json, "promote", int, (int64_t)sweep->promoted_count);
	json_put(&json, "ranking", str, sweep->ranking);
	json_put(&json, "stale", int, (int64_t)sweep->stale_count);
	json_object_end(&json);
	error = subject && !detail.failed
			? write_finish(write, "sweep.create", subject, buf_view(&detail))
			: ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

static enum error create_body(struct write *write, void *arg)
{
	struct sweep_row *sweep = arg;
	enum error error;

	uuid_random(&sweep->id);
	sweep->revision = write->change.revision;
	sweep->made_us = write->change.at_us;
	sweep->made_by = str_from(call_actor(write->call));
	kept_put_uuid(&write->kept, &sweep->id);
	error = sweep_append(&write->change, sweep);
	return error ? error : finish_creating(write, sweep);
}

static enum error create_recall(struct write *write, struct kept *kept, void *arg)
{
	struct sweep_row *rows;
	struct uuid id = kept_uuid(kept);
	size_t count;
	enum error error = sweeps_list(tx_conn(write->tx), &write->call->workspace, &id, INT64_MAX,
		1, write->call->arena, &rows, &count);

	if (!error)
		*(struct sweep_row *)arg = rows[0];
	return error;
}

enum error sweep_create(const struct call *call, const struct survey *survey,
	const struct sweep_input *input, struct sweep_row *out, struct written *written)
{
	static const struct write_steps steps = {create_body, create_recall};
	enum error error = sweep_find(call, survey, input, out);

	return error ? error : write_once(call, &call->workspace, &steps, out, written);
}

/* ---- reading ---- */

enum error sweep_get(const struct call *call, const struct uuid *id, struct sweep_view *out)
{
	struct sweep_row *rows;
	struct reading reading;
	size_t count;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	out->revision = reading.head.revision;
	error = sweeps_list(
		reading.conn, &call->workspace, id, INT64_MAX, 1, call->arena, &rows, &count);
	if (!error) {
		out->sweep = rows[0];
		error = sweep_closings(reading.conn, &call->workspace, id, call->arena,
			&out->closings, &out->closing_count);
	}
	reading_end(&reading);
	return error;
}

enum error sweep_list(const struct call *call, int64_t before, size_t limit, struct sweep_row **out,
	size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	*revision = reading.head.revision;
	error = sweeps_list(
		reading.conn, &call->workspace, NULL, before, limit, call->arena, out, count);
	reading_end(&reading);
	return error;
}

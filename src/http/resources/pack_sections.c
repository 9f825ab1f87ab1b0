/*
 * The sections of meeting packs. Nothing is computed here that has no answer of its own: each section says
 * again what streams, findings, the queue, movement or views say.
 */

#include "base/clock.h"
#include "http/resources/movement_view.h"
#include "http/resources/packs.h"
#include "http/resources/sla_view.h"
#include "http/resources/stream_view.h"
#include "http/resources/sweep_view.h"
#include "http/resources/view.h"
#include "service/heavy.h"
#include "service/recall.h"

enum {
	WEEKS = 4, /* of a stream's flow */
	MOVES = 5, /* with causes */
	CHURN_TOP = 20,
	NEW_ITEMS = 50,
	RESCORES = 20,
	VIEW_ITEMS = 20,
	QUADRANT_ITEMS = 5,
	SLA_ITEMS = 20,
	SWEEPS = 4,
	DAY_S = 86400,
};

static struct json_writer *begin_list(struct pack *pack, const char *key)
{
	json_key(pack->json, key);
	json_array_begin(pack->json);
	return pack->json;
}

/* A ranked row as the queue has it, less its rules. */
static void write_entry(struct pack *pack, uint32_t row)
{
	json_object_begin(pack->json);
	json_put(pack->json, "rank", int, pack->ranking->decision.order.rank[row]);
	view_write_row(pack->json, pack->ranking, row);
	view_write_score(pack->json, pack->ranking, row);
	json_object_end(pack->json);
}

static void write_findings(struct pack *pack, const enum finding_kind *kinds, size_t count)
{
	struct json_writer *json = begin_list(pack, "findings");

	for (size_t i = 0; i < count; i++)
		finding_write_kind(json, pack->ranking, &pack->findings, kinds[i]);
	json_array_end(json);
	json_key(json, "counts");
	json_object_begin(json);
	for (size_t i = 0; i < count; i++)
		json_put(json, finding_kind_name(kinds[i]), int,
			(int64_t)pack->findings.count[kinds[i]]);
	json_object_end(json);
}

/* ---- the weekly review of streams ---- */

static enum error write_stream(struct pack *pack, const struct stream_state *state)
{
	struct call call = call_of(pack->request);
	struct stream_health health;
	enum error error = stream_health_make(&call, &pack->survey, state, WEEKS, &health);

	if (error)
		return error;
	json_object_begin(pack->json);
	stream_write_state(pack->json, &pack->survey, state);
	stream_write_health(pack->json, &pack->survey, &health);
	json_object_end(pack->json);
	return ERR_OK;
}

/* Those that the contract speaks of, or in which there is something. */
enum error pack_streams(struct pack *pack)
{
	struct json_writer *json = begin_list(pack, "streams");
	enum error error = ERR_OK;

	for (size_t i = 0; i < pack->survey.count && !error; i++) {
		const struct stream_state *state = &pack->survey.streams[i];

		if (state->agreed || state->queued + state->in_flight > 0)
			error = write_stream(pack, state);
	}
	json_array_end(json);
	return error;
}

enum error pack_stream_findings(struct pack *pack)
{
	static const enum finding_kind kinds[] = {
		FOUND_LANE_OVER, FOUND_TIMEBOX_OVER, FOUND_STALE, FOUND_OVERDUE};

	write_findings(pack, kinds, sizeof kinds / sizeof *kinds);
	return ERR_OK;
}

static enum error write_moves(struct pack *pack, int64_t revision)
{
	struct call call = call_of(pack->request);
	struct ranking *before = NULL;
	enum error error = heavy_begin(&call, HEAVY_MEMORY);

	if (error)
		return error;
	error = view_past(pack->request, "since", revision, &before);
	json_key(pack->json, "difference");
	if (!error)
		error = movement_write_difference(
			pack->json, before, pack->ranking, MOVES, CHURN_TOP);
	ranking_unref(before);
	heavy_end(&call, HEAVY_MEMORY);
	return error;
}

/* Since a week ago; of a workspace that is younger, nothing, and to who may not ask what was it is not told. */
enum error pack_moves(struct pack *pack)
{
	int64_t since_us = pack->now_us - 7 * (int64_t)DAY_S * US_PER_S, revision;
	struct call call = call_of(pack->request);
	enum error error = revision_before(&call, since_us, &revision);

	if (error)
		return error;
	json_put(pack->json, "since", time, since_us);
	if (revision > 0 && (call.roles & ROLES_ASK_PAST))
		return write_moves(pack, revision);
	if (revision > 0)
		json_put(pack->json, "withheld", bool, true);
	json_key(pack->json, "difference");
	json_nil(pack->json);
	return ERR_OK;
}

enum error pack_service_levels(struct pack *pack)
{
	struct sla_findings counts;

	if (!sla_write_findings(pack->json, pack->ranking, SLA_ITEMS, pack->now_us, &counts))
		return ERR_NO_MEMORY;
	json_put(pack->json, "breached_count", int, (int64_t)counts.breached);
	json_put(pack->json, "due_soon_count", int, (int64_t)counts.due_soon);
	return ERR_OK;
}

/* ---- the triage clinic ---- */

/* Stored within two weeks, by rank. */
enum error pack_new_items(struct pack *pack)
{
	int64_t since_us = pack->now_us - 14 * (int64_t)DAY_S * US_PER_S, revision;
	const struct wn_ranking *order = &pack->ranking->decision.order;
	struct call call = call_of(pack->request);
	enum error error = revision_before(&call, since_us, &revision);
	int64_t count = 0;

	if (error)
		return error;
	json_put(pack->json, "since", time, since_us);
	begin_list(pack, "items");
	for (size_t i = 0; i < order->count; i++) {
		uint32_t row = order->order[i];

		if (ranking_facts(pack->ranking, row)->first_revision > revision &&
			count++ < NEW_ITEMS)
			write_entry(pack, row);
	}
	json_array_end(pack->json);
	json_put(pack->json, "count", int, count);
	return ERR_OK;
}

/* By rank. */
enum error pack_rescores(struct pack *pack)
{
	const struct findings *findings = &pack->findings;

	begin_list(pack, "items");
	for (size_t i = 0; i < findings->shown[FOUND_RESCORE_DUE] && i < RESCORES; i++)
		write_entry(pack, findings->list[FOUND_RESCORE_DUE][i].row);
	json_array_end(pack->json);
	json_put(pack->json, "count", int, (int64_t)findings->count[FOUND_RESCORE_DUE]);
	return ERR_OK;
}

enum error pack_signals(struct pack *pack)
{
	static const enum finding_kind kinds[] = {FOUND_REPORTER_BURST, FOUND_VALUE_JUMP};

	write_findings(pack, kinds, sizeof kinds / sizeof *kinds);
	return ERR_OK;
}

/* ---- the monthly allocation ---- */

enum error pack_shares(struct pack *pack)
{
	static const enum finding_kind kinds[] = {FOUND_SHARE_OFF, FOUND_LANE_OVER};

	finding_write_shares(pack->json, &pack->findings);
	write_findings(pack, kinds, sizeof kinds / sizeof *kinds);
	return ERR_OK;
}

/* What the contract is, and what a launch keeps back. */
enum error pack_launch(struct pack *pack)
{
	stream_write_head(pack->json, &pack->survey);
	return ERR_OK;
}

enum error pack_quadrants(struct pack *pack)
{
	return stream_write_quadrants(
		pack->json, &pack->survey, &pack->request->arena, QUADRANT_ITEMS);
}

enum error pack_decisions(struct pack *pack)
{
	static const enum finding_kind kinds[] = {FOUND_OVERRIDE_DRIFT};

	write_findings(pack, kinds, sizeof kinds / sizeof *kinds);
	return ERR_OK;
}

/* ---- the quarterly sweep ---- */

enum error pack_sweep_preview(struct pack *pack)
{
	const struct catalog *catalog = pack->ranking->catalog;
	const struct sweep_input input = {
		.months = SWEEP_MONTHS,
		.feature = sweep_default_feature(catalog),
		.factor = SWEEP_FACTOR,
	};
	struct call call = call_of(pack->request);
	struct sweep_row found;
	enum error error = sweep_find(&call, &pack->survey, &input, &found);

	if (!error)
		sweep_write_lists(
			pack->json, pack->ranking, &found, NULL, sees_sensitive(pack->request));
	return error;
}

enum error pack_sweeps(struct pack *pack)
{
	struct call call = call_of(pack->request);
	struct sweep_row *sweeps;
	int64_t revision;
	size_t count;
	enum error error = sweep_list(&call, INT64_MAX, SWEEPS, &sweeps, &count, &revision);

	if (error)
		return error;
	begin_list(pack, "sweeps");
	for (size_t i = 0; i < count; i++) {
		json_object_begin(pack->json);
		sweep_write_head(pack->json, &sweeps[i]);
		json_object_end(pack->json);
	}
	json_array_end(pack->json);
	return ERR_OK;
}

/* ---- joint prioritization ---- */

enum error pack_views(struct pack *pack)
{
	return stream_write_views(pack->json, pack->request, &pack->survey);
}

static enum error write_view_items(struct pack *pack, const struct contract_view *view)
{
	const struct wn_ranking *order = &pack->ranking->decision.order;
	struct json_writer *json = pack->json;
	size_t shown = 0;
	uint64_t *hits;

	if (!predicate_rows(&pack->survey, &view->when, &pack->request->arena, &hits))
		return ERR_NO_MEMORY;
	json_object_begin(json);
	json_put(json, "view", str, view->name);
	begin_list(pack, "items");
	for (size_t i = 0; i < order->count && shown < VIEW_ITEMS; i++) {
		if (!row_hit(hits, order->order[i]))
			continue;
		write_entry(pack, order->order[i]);
		shown++;
	}
	json_array_end(json);
	json_object_end(json);
	return ERR_OK;
}

enum error pack_view_items(struct pack *pack)
{
	const struct survey *survey = &pack->survey;
	size_t count = survey->has_contract ? survey->contract.view_count : 0;
	enum error error = ERR_OK;

	begin_list(pack, "tops");
	for (size_t i = 0; i < count && !error; i++)
		error = write_view_items(pack, &survey->contract.views[i]);
	json_array_end(pack->json);
	return error;
}

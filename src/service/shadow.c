/*
 * Candidates beside the active versions: who asks sees one workspace's differences, the gauges tell of all.
 */
#include "service/shadow.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "live/live.h"
#include "service/heavy.h"
#include "service/principal.h"

enum { ARENA_BYTES = 256 << 20 };

struct shadow_candidate shadow_candidate_of(const struct ranking *ranking)
{
	const struct catalog *catalog = ranking->catalog;
	const struct alias *alias = catalog_alias(catalog, STR("candidate"));
	const struct policy_version *policy = catalog_policy_named(catalog, STR("candidate"));

	return (struct shadow_candidate){
		.any = alias || policy,
		.model = alias ? catalog_model(catalog, alias->model) : ranking->model,
		.policy = policy ? policy : ranking->policy,
	};
}

/* ---- a part ---- */

/* Marks rows whose word is one of these. */
static bool mark_words(const struct ranking *ranking, enum wn_word which, const struct str *words,
	size_t count, struct arena *arena, uint8_t *marked)
{
	struct word_lookup lookup = ranking_words(ranking);
	uint32_t *symbols = arena_array(arena, count, sizeof *symbols);

	if (!symbols)
		return false;
	for (size_t i = 0; i < count; i++)
		symbols[i] = lookup.symbol(lookup.self, words[i]);
	for (size_t row = 0; count > 0 && row < ranking->rows; row++) {
		uint32_t word =
			wn_word_of(&ranking->runs[row / BLOCK_ROWS], row % BLOCK_ROWS, which);

		for (size_t i = 0; word != WN_NO_SYMBOL && i < count; i++)
			marked[row] |= symbols[i] == word;
	}
	return true;
}

const uint8_t *shadow_rows_of(
	const struct ranking *ranking, const struct shadow_part *part, struct arena *arena)
{
	uint8_t *marked = arena_array(arena, ranking->rows + 1, sizeof *marked);

	if (!marked ||
		!mark_words(ranking, WN_STREAM, part->streams, part->stream_count, arena, marked) ||
		!mark_words(ranking, WN_TEAM, part->teams, part->team_count, arena, marked))
		return NULL;
	return marked;
}

/* ---- all of them ---- */

struct figures {
	int64_t candidates, entered, moved;
};

static enum error add_figures(
	const struct ranking *ranking, struct arena *arena, struct figures *figures)
{
	const struct shadow_candidate candidate = shadow_candidate_of(ranking);
	const struct simulation_request wanted = {
		.model = candidate.model,
		.policy = candidate.policy,
		.top = SIMULATION_TOP_DEFAULT,
		.without_conflicts = true,
	};
	struct simulation_summary *summary;
	struct simulation simulation;
	enum error error = simulation_run(ranking, &wanted, arena, &simulation);

	if (!error)
		error = simulation_summarize(&simulation, arena, &summary);
	if (!error) {
		figures->candidates++;
		figures->entered += (int64_t)simulation.orders.entered;
		figures->moved += (int64_t)(summary->moved_count + summary->added_count +
					    summary->removed_count);
	}
	simulation_release(&simulation);
	return error;
}

static enum error watch_one(
	struct service *service, const struct ranking *ranking, struct figures *figures)
{
	/* Its places in the gate are those of no token. */
	const struct principal nobody = {0};
	enum heavy_kind kind = heavy_whatif(ranking->rows);
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service, .arena = &arena, .diag = &diag, .principal = &nobody};
	enum error error;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	error = heavy_begin(&call, kind);
	if (!error) {
		error = add_figures(ranking, &arena, figures);
		heavy_end(&call, kind);
	}
	arena_release(&arena);
	return error;
}

static enum error watch_all(struct service *service, struct ranking *const *rankings, size_t count)
{
	struct figures figures = {0};

	for (size_t i = 0; i < count; i++) {
		enum error error;

		if (__atomic_load_n(&service->draining, __ATOMIC_ACQUIRE))
			return ERR_OK;
		if (!shadow_candidate_of(rankings[i]).any)
			continue;
		error = watch_one(service, rankings[i], &figures);
		/* Those who wait for an answer come first. */
		if (error == ERR_BUSY || error == ERR_TOO_MANY_HEAVY)
			return ERR_OK;
		if (error)
			return error;
	}
	metric_set(METRIC_shadow_candidates, figures.candidates);
	metric_set(METRIC_shadow_top_entered, figures.entered);
	metric_set(METRIC_shadow_items_moved, figures.moved);
	metric_add(METRIC_shadow_passes, 1);
	return ERR_OK;
}

enum error shadow_watch(struct service *service)
{
	int64_t began_us = clock_monotonic_us(service->clock), took_us;
	struct ranking **rankings;
	size_t count;
	enum error error;

	if (began_us < service->shadow_rests_until_us)
		return ERR_OK;
	error = live_rankings(service->live, &rankings, &count);
	if (error)
		return error;
	error = watch_all(service, rankings, count);
	for (size_t i = 0; i < count; i++)
		ranking_unref(rankings[i]);
	free(rankings);
	took_us = clock_monotonic_us(service->clock) - began_us;
	service->shadow_rests_until_us = began_us + took_us * (SHADOW_REST + 1);
	return error;
}

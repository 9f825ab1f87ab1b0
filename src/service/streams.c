/*
 * The survey: one pass over the ranking's rows, from which shares, quadrants and views follow.
 */
#include "service/streams.h"

#include <math.h>

#include "base/clock.h"
#include "service/reading.h"

/* ---- words of the ranking ---- */

/* By symbol, for the few words of a vocabulary. */
struct symbol_list {
	uint32_t *symbols;
	size_t count;
};

static bool status_symbols(
	const struct survey *survey, struct arena *arena, struct symbol_list *out)
{
	const struct catalog *catalog = survey->catalog;
	struct word_lookup words = ranking_words(survey->ranking);

	out->count = catalog->status_count;
	out->symbols = arena_array(arena, out->count, sizeof *out->symbols);
	for (size_t i = 0; out->symbols && i < out->count; i++)
		out->symbols[i] = words.symbol(words.self, catalog->statuses[i].name);
	return out->symbols;
}

static bool stream_symbols(
	const struct survey *survey, struct arena *arena, struct symbol_list *out)
{
	const struct catalog *catalog = survey->catalog;
	struct word_lookup words = ranking_words(survey->ranking);

	out->count = catalog->stream_count;
	out->symbols = arena_array(arena, out->count, sizeof *out->symbols);
	for (size_t i = 0; out->symbols && i < out->count; i++)
		out->symbols[i] = words.symbol(words.self, catalog->streams[i]);
	return out->symbols;
}

/* Its index; count when it is none of them. */
static size_t place_of(const struct symbol_list *list, uint32_t symbol)
{
	size_t i = 0;

	while (i < list->count && list->symbols[i] != symbol)
		i++;
	return i;
}

/* ---- the pass ---- */

struct pass {
	struct survey *survey;
	struct symbol_list statuses, streams;
};

static int64_t first_revision(const struct survey *survey, uint32_t row)
{
	return survey->ranking->population.first_revision[row];
}

static void count_row(struct pass *pass, uint32_t row)
{
	struct survey *survey = pass->survey;
	size_t at;
	const struct wn_rows *run = wn_block_of(&survey->ranking->population, row, &at);
	size_t status = place_of(&pass->statuses, wn_word_of(run, at, WN_STATUS));
	size_t stream = place_of(&pass->streams, wn_word_of(run, at, WN_STREAM));
	double estimate = wn_number_of(run, at, WN_ESTIMATE);
	double created = wn_number_of(run, at, WN_CREATED), days = estimate > 0 ? estimate : 0;
	/* A status that the vocabulary no longer knows is still work, as in the queue. */
	enum status_class class = status < pass->statuses.count
					  ? survey->catalog->statuses[status].class
					  : STATUS_TODO;
	struct stream_state *state = stream < pass->streams.count ? &survey->streams[stream] : NULL;

	survey->class[row] = (uint8_t) class;
	survey->in_flight += class == STATUS_ACTIVE;
	survey->in_flight_days += class == STATUS_ACTIVE ? days : 0;
	if (!state || class == STATUS_DONE || class == STATUS_DROPPED)
		return;
	state->queued += class == STATUS_TODO;
	state->in_flight += class == STATUS_ACTIVE;
	state->in_flight_days += class == STATUS_ACTIVE ? days : 0;
	if (isnan(created) &&
		(state->undated == WN_ROW_NONE ||
			first_revision(survey, row) < first_revision(survey, state->undated)))
		state->undated = row;
	if (isnan(created) || (state->oldest != WN_ROW_NONE && created >= state->oldest_s))
		return;
	state->oldest = row;
	state->oldest_s = created;
}

/* ---- shares ---- */

static enum error plan_shares(struct survey *survey, struct arena *arena)
{
	struct wn_share *agreed = arena_array(arena, survey->count, sizeof *agreed);
	struct wn_share *plan = arena_array(arena, survey->count, sizeof *plan);

	if (!agreed || !plan)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < survey->count; i++) {
		struct stream_state *state = &survey->streams[i];

		state->actual_days = state->in_flight_days / survey->in_flight_days;
		agreed[i] = (struct wn_share){
			.at_least = state->agreed ? state->agreed->at_least : NAN,
			.at_most = state->agreed ? state->agreed->at_most : NAN,
			.actual = survey->in_flight > 0
					  ? (double)state->in_flight / (double)survey->in_flight
					  : 0,
			.lane = state->agreed && state->agreed->lane,
			.reserved = survey->launch && survey->launch->stream.ptr &&
				    str_eq(survey->launch->stream, state->name),
		};
	}
	wn_share_plan(
		agreed, survey->count, survey->launch ? survey->launch->reserve.share : 0, plan);
	for (size_t i = 0; i < survey->count; i++) {
		survey->streams[i].share = agreed[i];
		survey->streams[i].plan = plan[i];
	}
	return ERR_OK;
}

/* ---- the whole ---- */

static bool bind_contract(struct survey *survey, struct arena *arena)
{
	const struct contract_version *contract = catalog_contract_active(survey->catalog);
	struct word_lookup words = ranking_words(survey->ranking);

	survey->has_contract = contract;
	return !contract ||
	       contract_bind(contract, survey->catalog, &words, arena, &survey->contract);
}

static bool name_streams(struct survey *survey, struct arena *arena)
{
	const struct catalog *catalog = survey->catalog;

	survey->count = catalog->stream_count;
	survey->streams = arena_array(arena, survey->count, sizeof *survey->streams);
	for (size_t i = 0; survey->streams && i < survey->count; i++)
		survey->streams[i] = (struct stream_state){
			.name = catalog->streams[i],
			.agreed = survey->has_contract
					  ? contract_stream(&survey->contract, catalog->streams[i])
					  : NULL,
			.oldest = WN_ROW_NONE,
			.undated = WN_ROW_NONE,
		};
	return survey->streams;
}

enum error survey_make_by(const struct ranking *ranking, const struct catalog *catalog,
	double now_s, struct arena *arena, struct survey *out)
{
	struct pass pass = {.survey = out};

	*out = (struct survey){
		.ranking = ranking,
		.catalog = catalog,
		.now_s = now_s,
		.launch = catalog_launch_at(catalog, now_s),
		.class = arena_array(arena, ranking->rows, sizeof *out->class),
	};
	if (!out->class || !bind_contract(out, arena) || !name_streams(out, arena) ||
		!status_symbols(out, arena, &pass.statuses) ||
		!stream_symbols(out, arena, &pass.streams))
		return ERR_NO_MEMORY;
	for (uint32_t row = 0; row < ranking->rows; row++)
		count_row(&pass, row);
	return plan_shares(out, arena);
}

enum error survey_make(
	const struct ranking *ranking, double now_s, struct arena *arena, struct survey *out)
{
	return survey_make_by(ranking, ranking->catalog, now_s, arena, out);
}

/* ---- what has no date ---- */

static void take_date(struct survey *survey, const struct spell_row *spell)
{
	double since_s = (double)spell->since_us / US_PER_S;

	for (size_t i = 0; i < survey->count; i++) {
		struct stream_state *state = &survey->streams[i];
		bool mine = state->undated != WN_ROW_NONE &&
			    uuid_cmp(&ranking_facts(survey->ranking, state->undated)->id,
				    &spell->id) == 0;

		if (!mine || (state->oldest != WN_ROW_NONE && state->oldest_s <= since_s))
			continue;
		state->oldest = state->undated;
		state->oldest_s = since_s;
	}
}

enum error survey_date(const struct call *call, struct survey *survey)
{
	struct uuid *ids = arena_array(call->arena, survey->count, sizeof *ids);
	struct spell_query query = {.ids = ids, .revision = survey->ranking->revision};
	struct spell_row *spells = NULL;
	struct reading reading;
	size_t count = 0;
	enum error error;

	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < survey->count; i++) {
		if (survey->streams[i].undated != WN_ROW_NONE)
			ids[query.id_count++] =
				ranking_facts(survey->ranking, survey->streams[i].undated)->id;
	}
	if (query.id_count == 0)
		return ERR_OK;
	reading_past(call, survey->ranking->revision, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = item_spells(reading.conn, &call->workspace, &query, call->arena,
				&spells, &count);
	} while (reading_again(&reading, error));
	for (size_t i = 0; i < count && !error; i++)
		take_date(survey, &spells[i]);
	return error;
}

const struct stream_state *survey_stream(const struct survey *survey, struct str name)
{
	for (size_t i = 0; i < survey->count; i++) {
		if (str_eq(survey->streams[i].name, name))
			return &survey->streams[i];
	}
	return NULL;
}

/* ---- predicates over all rows ---- */

enum { BLOCK_WORDS = BLOCK_ROWS / 64 };

static uint64_t *rows_of(const struct ranking *ranking, const struct predicate *predicate,
	double now_s, struct arena *arena)
{
	const struct wn_population *population = &ranking->population;
	uint64_t *hits =
		arena_array(arena, population->block_count * BLOCK_WORDS + 1, sizeof *hits);

	for (size_t b = 0; hits && b < population->block_count; b++)
		wn_predicate_rows(predicate->tests, predicate->count, &population->blocks[b], now_s,
			hits + b * BLOCK_WORDS);
	return hits;
}

bool predicate_rows(const struct survey *survey, const struct predicate *predicate,
	struct arena *arena, uint64_t **hits)
{
	*hits = rows_of(survey->ranking, predicate, survey->now_s, arena);
	return *hits;
}

bool view_rows(const struct ranking *ranking, struct str view, struct arena *arena, uint64_t **hits)
{
	const struct contract_version *contract = catalog_contract_active(ranking->catalog);
	struct word_lookup words = ranking_words(ranking);
	struct contract_version bound;

	*hits = NULL;
	if (!contract || !contract_view(contract, view))
		return true;
	if (!contract_bind(contract, ranking->catalog, &words, arena, &bound))
		return false;
	*hits = rows_of(ranking, &contract_view(&bound, view)->when,
		(double)ranking->as_of_us / US_PER_S, arena);
	return *hits;
}

/* ---- quadrants ---- */

bool quadrants_make(const struct survey *survey, struct arena *arena, uint8_t **by_row)
{
	const struct ranking *ranking = survey->ranking;
	const struct contract_version *contract = &survey->contract;
	uint64_t *visible, *risky;

	*by_row = NULL;
	if (!survey->has_contract || contract->visible.count == 0)
		return true;
	*by_row = arena_array(arena, ranking->rows, sizeof **by_row);
	if (!*by_row || !predicate_rows(survey, &contract->visible, arena, &visible) ||
		!predicate_rows(survey, &contract->risky, arena, &risky))
		return false;
	for (uint32_t row = 0; row < ranking->rows; row++) {
		size_t at;
		const struct wn_rows *run = wn_block_of(&ranking->population, row, &at);

		(*by_row)[row] = (uint8_t)wn_quadrant_of(
			wn_answer_of(contract->visible.tests, contract->visible.count, run, at,
				row_hit(visible, row)),
			wn_answer_of(contract->risky.tests, contract->risky.count, run, at,
				row_hit(risky, row)));
	}
	return true;
}

/*
 * Items that nobody has stored, decided by themselves.
 */
#include "service/scoring.h"

#include <math.h>
#include <stdlib.h>

/* ---- the population ---- */

/* Ids only tell the items apart here. */
static void number_id(size_t number, struct uuid *out)
{
	*out = (struct uuid){{0}};
	for (size_t i = 0; i < sizeof number; i++)
		out->bytes[sizeof out->bytes - 1 - i] = (unsigned char)(number >> (8 * i));
}

static bool populate(struct scoring *out, struct population_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		number_id(i, &items[i].id);
		items[i].first_revision = INT64_MAX;
		items[i].blocked_by_count = 0;
		if (!population_add(out->population, &items[i]))
			return false;
	}
	if (!population_finish(out->population))
		return false;
	for (size_t i = 0; i < count; i++)
		out->rows[i] = population_find(out->population, &items[i].id);
	return true;
}

static bool bind(struct scoring *out, struct arena *arena)
{
	struct word_lookup words = population_words(out->population);
	const struct ranking *ranking = out->ranking;

	out->input = (struct wn_decide_input){
		.population = population_rows(out->population),
		.model = &out->model,
		.now_s = ranking->input.now_s,
		.without_conflicts = true,
	};
	if (!model_bind(ranking->model, &words, arena, &out->model))
		return false;
	if (!ranking->policy)
		return true;
	out->input.policy = &out->policy;
	return policy_bind(ranking->policy, ranking->catalog, &out->model, out->input.now_s, &words,
		arena, &out->policy);
}

/* ---- places ---- */

struct preference {
	double score;
	size_t item;
	uint8_t tier, band;
};

static struct preference preference_of(const struct wn_decision *decision, uint32_t row)
{
	return (struct preference){
		.score = decision->score[row],
		.tier = decision->tier ? decision->tier[row] : 1,
		.band = decision->band[row],
	};
}

/* Negative: a stands before b. Unknown scores are last. */
static int compare(const struct preference *a, const struct preference *b)
{
	if (a->tier != b->tier)
		return a->tier < b->tier ? -1 : 1;
	if (a->band != b->band)
		return a->band < b->band ? -1 : 1;
	if (isnan(a->score) || isnan(b->score))
		return isnan(a->score) - isnan(b->score);
	return (a->score < b->score) - (a->score > b->score);
}

static int compare_items(const void *a, const void *b)
{
	return compare(a, b);
}

/* How many of the items stand before a ranked one: those that are strictly better. */
static size_t items_before(
	const struct preference *items, size_t count, const struct preference *ranked)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&items[middle], ranked) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool would_be_ranked(const struct scoring *out, uint32_t row)
{
	const struct wn_decision *decision = &out->decision;

	return out->input.population->candidate[row] &&
	       !(decision->out && decision->out[row] != WN_NOT_OUT);
}

static bool find_places(struct scoring *out, size_t count, struct arena *arena)
{
	const struct wn_decision *base = &out->ranking->decision;
	struct preference *items = arena_array(arena, count, sizeof *items);
	size_t *behind = arena_array(arena, count + 1, sizeof *behind), used = 0, before = 0;

	if (!items || !behind)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!would_be_ranked(out, out->rows[i]))
			continue;
		items[used] = preference_of(&out->decision, out->rows[i]);
		items[used++].item = i;
	}
	qsort(items, used, sizeof *items, compare_items);
	for (size_t i = 0; i < base->order.count; i++) {
		struct preference ranked = preference_of(base, base->order.order[i]);

		behind[items_before(items, used, &ranked)]++;
	}
	for (size_t i = 0; i < used; i++) {
		before += behind[i];
		out->would_rank[items[i].item] = before + 1;
	}
	return true;
}

/* ---- the whole ---- */

enum error scoring_run(const struct ranking *ranking, struct population_item *items, size_t count,
	struct arena *arena, struct scoring *out)
{
	*out = (struct scoring){
		.ranking = ranking,
		.population = population_new(ranking->catalog),
		.rows = arena_array(arena, count, sizeof *out->rows),
		.would_rank = arena_array(arena, count, sizeof *out->would_rank),
	};
	if (!out->rows || !out->would_rank)
		return ERR_BUDGET;
	if (!out->population || !populate(out, items, count))
		return ERR_NO_MEMORY;
	if (!bind(out, arena))
		return ERR_BUDGET;
	if (!wn_decide(&out->input, &out->decision))
		return ERR_NO_MEMORY;
	return find_places(out, count, arena) ? ERR_OK : ERR_BUDGET;
}

void scoring_release(struct scoring *scoring)
{
	wn_decision_release(&scoring->decision);
	population_free(scoring->population);
	scoring->population = NULL;
}

const struct wn_rows *scoring_rows(const struct scoring *scoring, size_t item, size_t *at)
{
	return wn_block_of(scoring->input.population, scoring->rows[item], at);
}

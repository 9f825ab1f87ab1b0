/*
 * What came of a simulation: one pass over the rows for moves and bands, one over the two tops for
 * the streams.
 */
#include "service/simulation.h"

#include <stdlib.h>
#include <string.h>

/* ---- moves ---- */

static uint32_t distance(const struct simulation_move *move)
{
	return move->was > move->rank ? move->was - move->rank : move->rank - move->was;
}

static bool moved_less(const struct simulation_move *a, const struct simulation_move *b)
{
	if (distance(a) != distance(b))
		return distance(a) < distance(b);
	return a->was > b->was;
}

/* Of items that only one order has: the one that stands farther from the top. */
static bool stands_behind(const struct simulation_move *a, const struct simulation_move *b)
{
	return a->was + a->rank > b->was + b->rank;
}

/* Keeps the best SIMULATION_MOVES in order; most are worse than the last one kept. */
static void list_move(struct simulation_move *list, size_t *listed,
	bool (*worse)(const struct simulation_move *, const struct simulation_move *),
	struct simulation_move move)
{
	size_t at = *listed;

	if (at == SIMULATION_MOVES) {
		if (!worse(&list[at - 1], &move))
			return;
		at--;
	} else {
		++*listed;
	}
	for (; at > 0 && worse(&list[at - 1], &move); at--)
		list[at] = list[at - 1];
	list[at] = move;
}

static void note_move(struct simulation_summary *out, struct simulation_move move)
{
	if (move.was == move.rank)
		return;
	if (move.was == 0) {
		out->added_count++;
		list_move(out->added, &out->added_listed, stands_behind, move);
	} else if (move.rank == 0) {
		out->removed_count++;
		list_move(out->removed, &out->removed_listed, stands_behind, move);
	} else {
		out->moved_count++;
		list_move(out->moved, &out->moved_listed, moved_less, move);
	}
}

/* ---- bands ---- */

enum { BANDS = WN_MAX_BANDS + 1 /* none is the last */ };

static size_t band_at(uint8_t band)
{
	return band == WN_BAND_NONE ? WN_MAX_BANDS : band;
}

static const char *band_name(const struct model_version *model, size_t at)
{
	return at == WN_MAX_BANDS ? NULL : model->model.bands[at].name;
}

static bool same_band(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Two models may have the same names at other places, so a pair of names is a pair of places. */
static bool list_crossings(const struct simulation *simulation, size_t counts[BANDS][BANDS],
	struct arena *arena, struct simulation_summary *out)
{
	out->crossings = arena_array(arena, (size_t)BANDS * BANDS, sizeof *out->crossings);
	if (!out->crossings)
		return false;
	for (size_t i = 0; i < (size_t)BANDS * BANDS; i++) {
		size_t from = i / BANDS, to = i % BANDS;
		struct simulation_crossing crossing = {.count = counts[from][to]};

		if (crossing.count == 0)
			continue;
		crossing.from = band_name(simulation->base->model, from);
		crossing.to = band_name(simulation->model, to);
		if (!same_band(crossing.from, crossing.to))
			out->crossings[out->crossing_count++] = crossing;
	}
	return true;
}

/* ---- streams ---- */

static struct simulation_stream *stream_named(struct simulation_summary *out, struct str stream)
{
	for (size_t i = 0; i < out->stream_count; i++) {
		if (str_eq(out->streams[i].stream, stream))
			return &out->streams[i];
	}
	out->streams[out->stream_count].stream = stream;
	return &out->streams[out->stream_count++];
}

static int by_name(const void *a, const void *b)
{
	const struct simulation_stream *x = a, *y = b;

	return str_cmp(x->stream, y->stream);
}

static bool list_streams(
	const struct simulation *simulation, struct arena *arena, struct simulation_summary *out)
{
	const struct ranking *base = simulation->base;
	const struct simulation_order *before = &simulation->before;
	const struct simulation_order *after = &simulation->after;
	size_t top = simulation->orders.top;

	out->top_before = before->count < top ? before->count : top;
	out->top_after = after->count < top ? after->count : top;
	out->streams = arena_array(arena, 2 * top + 1, sizeof *out->streams);
	if (!out->streams)
		return false;
	for (size_t i = 0; i < out->top_before; i++)
		stream_named(out, ranking_text(base, before->order[i], ROW_STREAM))->before++;
	for (size_t i = 0; i < out->top_after; i++)
		stream_named(out, ranking_text(base, after->order[i], ROW_STREAM))->after++;
	qsort(out->streams, out->stream_count, sizeof *out->streams, by_name);
	return true;
}

enum error simulation_summarize(const struct simulation *simulation, struct arena *arena,
	struct simulation_summary **result)
{
	const struct wn_decision *before = &simulation->base->decision;
	const struct wn_decision *after = &simulation->decision;
	struct simulation_summary *out = arena_alloc(arena, sizeof *out);
	size_t counts[BANDS][BANDS] = {{0}};

	if (!out)
		return ERR_BUDGET;
	for (uint32_t row = 0; row < before->rows; row++) {
		struct simulation_move move = {
			row, simulation->before.rank[row], simulation->after.rank[row]};

		note_move(out, move);
		if (move.was > 0 && move.rank > 0)
			counts[band_at(before->band[row])][band_at(after->band[row])]++;
	}
	if (!list_crossings(simulation, counts, arena, out) ||
		!list_streams(simulation, arena, out))
		return ERR_BUDGET;
	*result = out;
	return ERR_OK;
}

/* ---- rules ---- */

/* Bands by score, boosts and a person's word alone. */
static uint8_t *bands_without_rules(const struct simulation *simulation, struct arena *arena)
{
	const struct wn_decide_input *input = &simulation->input;
	const struct wn_decision *decision = &simulation->decision;
	uint8_t *bands = arena_alloc(arena, decision->rows + 1);

	if (!bands)
		return NULL;
	wn_model_bands(input->model, decision->score, decision->rows, bands);
	for (size_t i = 0; i < input->override_count; i++) {
		const struct wn_override *o = &input->overrides[i];

		/* Of one item the engine calls all but the newest defeated by an override. */
		if (o->kind == WN_OVERRIDE_BAND &&
			decision->fates[i].fate != WN_DEFEATED_BY_OVERRIDE)
			bands[o->row] = o->band;
	}
	return bands;
}

static void note_hit(const struct simulation *simulation, const uint8_t *bands, size_t r,
	uint32_t row, struct simulation_rule *out)
{
	const struct wn_rule *rule = &simulation->input.policy->rules[r];
	const struct wn_decision *after = &simulation->decision;
	bool ranked = after->order.rank[row] > 0;
	uint8_t band = after->band[row];

	out->hits++;
	out->moved += after->order.rank[row] != simulation->base->decision.order.rank[row];
	if (!ranked) {
		out->out +=
			after->out && after->out[row] == WN_OUT_BY_RULE && after->out_by[row] == r;
		return;
	}
	out->held += rule->effect == WN_HOLD;
	out->pinned += rule->effect == WN_PIN_TOP;
	if (rule->effect == WN_AT_LEAST_BAND)
		out->band_changed += band == rule->band && bands[row] > band;
	if (rule->effect == WN_AT_MOST_BAND)
		out->band_changed += band == rule->band && bands[row] < band;
}

static void note_rule(const struct simulation *simulation, const uint8_t *bands, size_t r,
	struct simulation_rule *out)
{
	const uint64_t *bits = simulation->decision.hits.rule[r];
	size_t rows = simulation->decision.rows;

	out->in_force = bits != NULL;
	for (size_t word = 0; bits && word * 64 < rows; word++) {
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			uint32_t row = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(left);

			if (simulation->population.candidate[row])
				note_hit(simulation, bands, r, row, out);
		}
	}
}

enum error simulation_rules(
	const struct simulation *simulation, struct arena *arena, struct simulation_rule **out)
{
	size_t count = simulation->policy ? simulation->policy->rule_count : 0;
	struct simulation_rule *rules = arena_array(arena, count, sizeof *rules);
	const uint8_t *bands = bands_without_rules(simulation, arena);

	if (!rules || !bands)
		return ERR_BUDGET;
	for (size_t r = 0; r < count; r++)
		note_rule(simulation, bands, r, &rules[r]);
	*out = rules;
	return ERR_OK;
}

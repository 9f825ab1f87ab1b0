/*
 * A decision: scores, rules, overrides and order in one call. This file says what follows from a
 * rule's hits and from an override before anything is ranked; the ranks are rank.c's business.
 */
#include "winnow/decide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bulk.h"
#include "engine/hits.h"
#include "engine/slice.h"

/* Rows that are scored and shown to the rules before the next: twenty columns of that many fit the
 * second-level cache. A multiple of 64. */
enum { PART_ROWS = 4096 };

struct decider {
	const struct wn_decide_input *input;
	const struct wn_population *population;
	struct wn_decision *out;
	/* Overrides by row, kinds that exclude each other together, newest first. */
	uint32_t *sorted;
	/* Rows that are ranked; the population's own where nothing is out. */
	const uint8_t *candidate;
	uint8_t *own_candidate;
	struct wn_pin *pins;
	struct wn_before *befores;
	uint32_t *pin_of, *before_of; /* the override that each comes from */
	size_t pin_count, before_count;
};

/* Calls for each candidate that a rule hits. */
typedef void row_action(struct decider *d, uint32_t rule, size_t row);

static void for_hits(struct decider *d, uint32_t rule, row_action *act)
{
	const uint64_t *bits = d->out->hits.rule[rule];
	size_t rows = d->population->rows;

	for (size_t word = 0; bits && word * 64 < rows; word++) {
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			size_t row = word * 64 + (size_t)__builtin_ctzll(left);

			if (row < rows && d->population->candidate[row])
				act(d, rule, row);
		}
	}
}

static void for_rules(struct decider *d, enum wn_effect effect, row_action *act)
{
	const struct wn_policy *policy = d->input->policy;

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (policy->rules[r].effect == effect)
			for_hits(d, r, act);
	}
}

/* Whether a rule of this effect is in force and hits anything. */
static bool any_hit(const struct decider *d, enum wn_effect effect)
{
	const struct wn_policy *policy = d->input->policy;

	for (size_t r = 0; policy && r < policy->rule_count; r++) {
		const uint64_t *bits = d->out->hits.rule[r];

		if (policy->rules[r].effect != effect || !bits)
			continue;
		for (size_t word = 0; word * 64 < d->population->rows; word++) {
			if (bits[word])
				return true;
		}
	}
	return false;
}

static bool any_override(const struct decider *d, enum wn_override_kind kind)
{
	for (size_t i = 0; i < d->input->override_count; i++) {
		if (d->input->overrides[i].kind == kind)
			return true;
	}
	return false;
}

static bool is_candidate(const struct decider *d, uint32_t row)
{
	return row < d->population->rows && d->population->candidate[row];
}

static bool is_in(const struct decider *d, size_t row)
{
	return d->population->candidate[row] && (!d->out->out || d->out->out[row] == WN_NOT_OUT);
}

static void set_fate(struct decider *d, size_t override, enum wn_fate fate, uint32_t by)
{
	d->out->fates[override] = (struct wn_fate_of){fate, by};
}

/* ---- scores and hits ---- */

static double *doubles(size_t count)
{
	return bulk_alloc(count + 1, sizeof(double));
}

static bool take_scores(struct decider *d)
{
	struct wn_scores *s = &d->out->evidence;
	size_t rows = d->population->rows;

	if (d->input->scores) {
		*s = *d->input->scores;
		return true;
	}
	d->out->owns_evidence = true;
	*s = (struct wn_scores){doubles(rows), doubles(rows), doubles(rows)};
	return s->score && s->lowest && s->highest;
}

static bool is_relative(const struct wn_model *model)
{
	return wn_model_traits(model) & WN_TRAIT_RELATIVE;
}

/* Memory for the columns of a part. */
struct part_room {
	const double **columns;
	const uint8_t **evidence;
};

static void score_part(struct decider *d, const struct wn_rows *rows, size_t first)
{
	const struct wn_decide_input *input = d->input;
	const uint8_t *candidate = d->population->candidate + first;
	struct wn_scores all = d->out->evidence;
	struct wn_scores of = {all.score + first, all.lowest + first, all.highest + first};

	if (!is_relative(input->model))
		wn_model_score_rows(input->model, rows, input->now_s, of);
	for (size_t i = 0; i < rows->rows; i++) {
		if (!candidate[i])
			of.score[i] = of.lowest[i] = of.highest[i] = NAN;
	}
}

/* The model and the rules read the same columns, so both look at a part of them before the next: to
 * fetch them twice would take longer than either. */
static void find_in_block(
	struct decider *d, const struct wn_rows *block, size_t first, const struct part_room *room)
{
	const struct wn_decide_input *input = d->input;

	for (size_t start = 0; start < block->rows; start += PART_ROWS) {
		size_t left = block->rows - start;
		size_t count = left < PART_ROWS ? left : PART_ROWS;
		struct wn_rows part = *block;

		if (count < block->rows)
			part = wn_rows_part(block, start, count, room->columns, room->evidence);
		if (d->out->owns_evidence)
			score_part(d, &part, first + start);
		if (input->policy)
			wn_hits_find(
				input->policy, &part, first + start, input->now_s, &d->out->hits);
	}
}

static bool find_by_parts(struct decider *d)
{
	const struct wn_population *population = d->population;
	struct part_room room;
	size_t columns = 0;
	bool ok;

	for (size_t b = 0; b < population->block_count; b++) {
		if (population->blocks[b].column_count > columns)
			columns = population->blocks[b].column_count;
	}
	room.columns = reallocarray(NULL, columns + 1, sizeof(*room.columns));
	room.evidence = reallocarray(NULL, columns + 1, sizeof(*room.evidence));
	ok = room.columns && room.evidence;
	for (size_t b = 0; ok && b < population->block_count; b++)
		find_in_block(d, &population->blocks[b], b * population->block_rows, &room);
	free(room.columns);
	free(room.evidence);
	return ok;
}

static bool find_scores_and_hits(struct decider *d)
{
	const struct wn_decide_input *input = d->input;

	if (!take_scores(d))
		return false;
	if (input->policy &&
		!wn_hits_init(input->policy, d->population, input->now_s, &d->out->hits))
		return false;
	if (d->out->owns_evidence && is_relative(input->model) &&
		!wn_model_score(input->model, d->population, input->now_s, d->out->evidence))
		return false;
	return find_by_parts(d);
}

/* ---- out of the ranking ---- */

static void put_out(struct decider *d, size_t row, enum wn_out why, uint32_t by)
{
	d->out->out[row] = (uint8_t)why;
	d->out->out_by[row] = by;
}

static void put_out_by_rule(struct decider *d, uint32_t rule, size_t row)
{
	if (d->out->out[row] == WN_NOT_OUT || d->out->out_by[row] > rule)
		put_out(d, row, WN_OUT_BY_RULE, rule);
}

/* Of several that would take an item out the newest does. */
static void put_out_by_override(struct decider *d, uint32_t override)
{
	const struct wn_override *o = &d->input->overrides[override];
	bool defers = o->kind == WN_OVERRIDE_DEFER;

	if ((o->kind != WN_OVERRIDE_EXCLUDE && !defers) || !is_candidate(d, o->row))
		return;
	if (d->out->out[o->row] != WN_NOT_OUT)
		return;
	put_out(d, o->row, defers ? WN_OUT_BY_DEFER : WN_OUT_BY_EXCLUDE, override);
	set_fate(d, override, WN_APPLIED, 0);
}

static bool nothing_is_out(const struct decider *d)
{
	for (size_t row = 0; row < d->population->rows; row++) {
		if (d->out->out[row] != WN_NOT_OUT)
			return false;
	}
	return true;
}

static bool find_out(struct decider *d)
{
	size_t rows = d->population->rows;

	if (!any_hit(d, WN_EXCLUDE) && !any_hit(d, WN_FREEZE) &&
		!any_override(d, WN_OVERRIDE_EXCLUDE) && !any_override(d, WN_OVERRIDE_DEFER))
		return true;
	d->out->out = calloc(rows + 1, sizeof(*d->out->out));
	d->out->out_by = bulk_zero(rows + 1, sizeof(*d->out->out_by));
	if (!d->out->out || !d->out->out_by)
		return false;
	for_rules(d, WN_EXCLUDE, put_out_by_rule);
	for_rules(d, WN_FREEZE, put_out_by_rule);
	for (size_t i = 0; i < d->input->override_count; i++)
		put_out_by_override(d, d->sorted[i]);
	if (nothing_is_out(d)) {
		free(d->out->out);
		free(d->out->out_by);
		d->out->out = NULL;
		d->out->out_by = NULL;
		return true;
	}
	d->own_candidate = reallocarray(NULL, rows + 1, sizeof(*d->own_candidate));
	if (!d->own_candidate)
		return false;
	for (size_t row = 0; row < rows; row++)
		d->own_candidate[row] = d->population->candidate[row] && !d->out->out[row];
	d->candidate = d->own_candidate;
	return true;
}

/* Whether the override's item is ranked; else its fate is that. */
static bool has_item(struct decider *d, size_t override)
{
	uint32_t row = d->input->overrides[override].row;

	if (!is_candidate(d, row))
		return false; /* without effect, as every fate begins */
	if (is_in(d, row))
		return true;
	set_fate(d, override,
		d->out->out[row] == WN_OUT_BY_RULE ? WN_DEFEATED_BY_RULE : WN_DEFEATED_BY_OVERRIDE,
		d->out->out_by[row]);
	return false;
}

/* ---- boosts and bands ---- */

static bool add_boosts(struct decider *d)
{
	size_t rows = d->population->rows;

	d->out->score = d->out->evidence.score;
	for (size_t i = 0; i < d->input->override_count; i++) {
		const struct wn_override *o = &d->input->overrides[i];

		if (o->kind != WN_OVERRIDE_BOOST || !has_item(d, i) || isnan(d->out->score[o->row]))
			continue;
		if (d->out->score == d->out->evidence.score) {
			double *boosted = doubles(rows);

			if (!boosted)
				return false;
			memcpy(boosted, d->out->score, rows * sizeof(*boosted));
			d->out->score = boosted;
		}
		d->out->score[o->row] += o->delta;
		set_fate(d, i, WN_APPLIED, 0);
	}
	return true;
}

static void raise_band(struct decider *d, uint32_t rule, size_t row)
{
	uint8_t band = d->input->policy->rules[rule].band;

	if (d->out->band[row] > band)
		d->out->band[row] = band;
}

static void lower_band(struct decider *d, uint32_t rule, size_t row)
{
	uint8_t band = d->input->policy->rules[rule].band;

	if (d->out->band[row] < band)
		d->out->band[row] = band;
}

/* The first of the item's overrides of this kind in `sorted` is the newest. */
static void override_bands(struct decider *d)
{
	uint32_t newest = WN_ROW_NONE;

	for (size_t i = 0; i < d->input->override_count; i++) {
		uint32_t at = d->sorted[i];
		const struct wn_override *o = &d->input->overrides[at];

		if (o->kind != WN_OVERRIDE_BAND || !has_item(d, at))
			continue;
		if (newest != WN_ROW_NONE && d->input->overrides[newest].row == o->row) {
			set_fate(d, at, WN_DEFEATED_BY_OVERRIDE, newest);
			continue;
		}
		newest = at;
		if (d->out->band[o->row] == o->band)
			continue; /* it stood there anyway */
		d->out->band[o->row] = o->band;
		set_fate(d, at, WN_APPLIED, 0);
	}
}

/* The first rule that moved a row away from the band that it was to have. */
static uint32_t band_rule(const struct decider *d, const struct wn_override *o)
{
	const struct wn_policy *policy = d->input->policy;
	bool raised = d->out->band[o->row] < o->band;

	for (uint32_t r = 0; r < policy->rule_count; r++) {
		const struct wn_rule *rule = &policy->rules[r];
		bool moves = raised ? rule->effect == WN_AT_LEAST_BAND && rule->band < o->band
				    : rule->effect == WN_AT_MOST_BAND && rule->band > o->band;

		if (moves && wn_hit(&d->out->hits, r, o->row))
			return r;
	}
	return WN_ROW_NONE;
}

static bool find_bands(struct decider *d)
{
	d->out->band = reallocarray(NULL, d->population->rows + 1, sizeof(*d->out->band));
	if (!d->out->band)
		return false;
	wn_model_bands(d->input->model, d->out->score, d->population->rows, d->out->band);
	override_bands(d);
	for_rules(d, WN_AT_LEAST_BAND, raise_band);
	for_rules(d, WN_AT_MOST_BAND, lower_band);
	for (uint32_t i = 0; i < d->input->override_count; i++) {
		const struct wn_override *o = &d->input->overrides[i];

		if (o->kind != WN_OVERRIDE_BAND || !is_candidate(d, o->row) || !is_in(d, o->row) ||
			d->out->fates[i].fate == WN_DEFEATED_BY_OVERRIDE)
			continue;
		if (d->out->band[o->row] != o->band)
			set_fate(d, i, WN_DEFEATED_BY_RULE, band_rule(d, o));
	}
	return true;
}

/* ---- held, and at the top ---- */

static void hold(struct decider *d, uint32_t rule, size_t row)
{
	(void)rule;
	d->out->held[row] = is_in(d, row);
}

static void pin_to_top(struct decider *d, uint32_t rule, size_t row)
{
	(void)rule;
	if (is_in(d, row))
		d->out->tier[row] = 0;
}

static bool find_marks(struct decider *d)
{
	size_t rows = d->population->rows;

	if (any_hit(d, WN_HOLD)) {
		d->out->held = calloc(rows + 1, sizeof(*d->out->held));
		if (!d->out->held)
			return false;
		for_rules(d, WN_HOLD, hold);
	}
	if (any_hit(d, WN_PIN_TOP)) {
		d->out->tier = reallocarray(NULL, rows + 1, sizeof(*d->out->tier));
		if (!d->out->tier)
			return false;
		memset(d->out->tier, 1, rows);
		for_rules(d, WN_PIN_TOP, pin_to_top);
	}
	return true;
}

/* ---- pins and befores ---- */

static void list_place(struct decider *d, uint32_t at)
{
	const struct wn_override *o = &d->input->overrides[at];

	if (o->kind == WN_OVERRIDE_PIN) {
		d->pin_of[d->pin_count] = at;
		d->pins[d->pin_count++] = (struct wn_pin){o->row, o->rank, o->revision};
		return;
	}
	d->before_of[d->before_count] = at;
	d->befores[d->before_count++] = (struct wn_before){o->row, o->target, o->revision};
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The newest of each item's pins and befores, in the order given: of equal revisions the later in
 * the list wins. */
static bool list_places(struct decider *d)
{
	size_t given = d->input->override_count, count = 0;
	uint32_t *kept = reallocarray(NULL, given + 1, sizeof(*kept));
	uint32_t newest = WN_ROW_NONE;

	d->pins = reallocarray(NULL, given + 1, sizeof(*d->pins));
	d->befores = reallocarray(NULL, given + 1, sizeof(*d->befores));
	d->pin_of = reallocarray(NULL, given + 1, sizeof(*d->pin_of));
	d->before_of = reallocarray(NULL, given + 1, sizeof(*d->before_of));
	if (!kept || !d->pins || !d->befores || !d->pin_of || !d->before_of) {
		free(kept);
		return false;
	}
	for (size_t i = 0; i < given; i++) {
		uint32_t at = d->sorted[i];
		const struct wn_override *o = &d->input->overrides[at];

		if ((o->kind != WN_OVERRIDE_PIN && o->kind != WN_OVERRIDE_BEFORE) ||
			!has_item(d, at))
			continue;
		if (newest != WN_ROW_NONE && d->input->overrides[newest].row == o->row) {
			set_fate(d, at, WN_DEFEATED_BY_OVERRIDE, newest);
			continue;
		}
		newest = at;
		kept[count++] = at;
	}
	if (count > 1)
		qsort(kept, count, sizeof(*kept), compare_numbers);
	for (size_t i = 0; i < count; i++)
		list_place(d, kept[i]);
	free(kept);
	return true;
}

/* From the numbers of pins and befores to those of the overrides. */
static void take_fate(struct decider *d, uint32_t override, struct wn_fate_of fate)
{
	if (fate.fate == WN_DEFEATED_BY_OVERRIDE)
		fate.by = fate.by < d->pin_count ? d->pin_of[fate.by]
						 : d->before_of[fate.by - d->pin_count];
	d->out->fates[override] = fate;
}

static bool find_order(struct decider *d)
{
	const struct wn_population *population = d->population;
	struct wn_placement placement = {
		.policy = d->input->policy,
		.hits = d->input->policy ? &d->out->hits : NULL,
		.population = population,
		.pins = d->pins,
		.pin_count = d->pin_count,
		.befores = d->befores,
		.before_count = d->before_count,
	};
	struct wn_rank_input input = {
		.rows = population->rows,
		.candidate = d->candidate,
		.tier = d->out->tier,
		.score = d->out->score,
		.band = d->out->band,
		.first_revision = population->first_revision,
		.id = population->id,
		.edges = population->edges,
		.edge_count = population->edge_count,
		.placement = &placement,
	};

	if (!wn_rank(&input, &d->out->order))
		return false;
	for (size_t i = 0; i < d->pin_count; i++)
		take_fate(d, d->pin_of[i], d->out->order.pins[i]);
	for (size_t i = 0; i < d->before_count; i++)
		take_fate(d, d->before_of[i], d->out->order.befores[i]);
	return true;
}

/* ---- overrides ---- */

/* Which overrides of an item are rivals. */
static int rivals(enum wn_override_kind kind)
{
	switch (kind) {
	case WN_OVERRIDE_PIN:
	case WN_OVERRIDE_BEFORE: return 0;
	case WN_OVERRIDE_EXCLUDE:
	case WN_OVERRIDE_DEFER: return 1;
	default: return 2 + (int)kind;
	}
}

static int compare_overrides(const void *a, const void *b, void *overrides)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct wn_override *all = overrides;
	const struct wn_override *x = &all[i], *y = &all[j];

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (rivals(x->kind) != rivals(y->kind))
		return rivals(x->kind) < rivals(y->kind) ? -1 : 1;
	if (x->revision != y->revision)
		return x->revision > y->revision ? -1 : 1;
	return (i < j) - (i > j);
}

static bool sort_overrides(struct decider *d)
{
	size_t count = d->input->override_count;

	d->sorted = reallocarray(NULL, count + 1, sizeof(*d->sorted));
	if (!d->sorted)
		return false;
	if (count == 0)
		return true;
	d->out->fates = calloc(count, sizeof(*d->out->fates));
	if (!d->out->fates)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		d->sorted[i] = i;
		set_fate(d, i, WN_WITHOUT_EFFECT, 0);
	}
	/* The comparison only reads them. */
	qsort_r(d->sorted, count, sizeof(*d->sorted), compare_overrides,
		(void *)(uintptr_t)d->input->overrides);
	return true;
}

static bool decide(struct decider *d)
{
	const struct wn_decide_input *input = d->input;
	struct wn_decision *out = d->out;

	if (!sort_overrides(d) || !find_scores_and_hits(d))
		return false;
	if (!find_out(d) || !add_boosts(d) || !find_bands(d) || !find_marks(d))
		return false;
	if (!list_places(d) || !find_order(d))
		return false;
	if (!input->policy || input->without_conflicts)
		return true;
	return wn_policy_conflicts(input->policy, &out->hits, d->population, d->candidate,
		&out->conflicts, &out->conflict_count);
}

bool wn_decide(const struct wn_decide_input *input, struct wn_decision *out)
{
	struct decider d = {
		.input = input,
		.population = input->population,
		.out = out,
		.candidate = input->population->candidate,
	};
	bool ok;

	*out = (struct wn_decision){.rows = input->population->rows};
	ok = decide(&d);
	free(d.sorted);
	free(d.own_candidate);
	free(d.pins);
	free(d.befores);
	free(d.pin_of);
	free(d.before_of);
	return ok;
}

void wn_decision_release(struct wn_decision *decision)
{
	if (decision->score != decision->evidence.score)
		free(decision->score);
	if (decision->owns_evidence) {
		free(decision->evidence.score);
		free(decision->evidence.lowest);
		free(decision->evidence.highest);
	}
	free(decision->band);
	free(decision->out);
	free(decision->out_by);
	free(decision->held);
	free(decision->tier);
	wn_hits_release(&decision->hits);
	wn_ranking_release(&decision->order);
	free(decision->fates);
	free(decision->conflicts);
	*decision = (struct wn_decision){0};
}

/*
 * What the decision did to one row, told from the rules that hit it and the overrides of it. Nothing
 * is decided here: what each of them did is read off the decision. Who may not see an input of the
 * model or of a rule is told nothing that could be otherwise if that input were, but for rank and band:
 * what a visible rule did to a band, or became of an override, depends on the score.
 */
#include "http/resources/verdict_view.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/resources/override_view.h"
#include "http/resources/veil.h"

/* ---- overrides by row ---- */

static int compare_rows(const void *a, const void *b, void *overrides)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct wn_override *all = overrides;

	if (all[i].row != all[j].row)
		return all[i].row < all[j].row ? -1 : 1;
	return (i > j) - (i < j);
}

bool row_overrides_init(
	struct row_overrides *out, struct arena *arena, const struct ranking *ranking)
{
	size_t count = ranking->input.override_count;
	uint32_t *sorted = arena_array(arena, count, sizeof *sorted);

	*out = (struct row_overrides){.ranking = ranking, .sorted = sorted, .count = count};
	if (!sorted)
		return false;
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = i;
	/* The comparison only reads them. */
	if (count > 1)
		qsort_r(sorted, count, sizeof *sorted, compare_rows,
			(void *)(uintptr_t)ranking->input.overrides);
	return true;
}

const uint32_t *row_overrides_of(const struct row_overrides *overrides, uint32_t row, size_t *count)
{
	const struct wn_override *all = overrides->ranking->input.overrides;
	size_t low = 0, high = overrides->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all[overrides->sorted[middle]].row < row)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < overrides->count; (*count)++) {
		if (all[overrides->sorted[low + *count]].row != row)
			break;
	}
	return overrides->sorted + low;
}

/* ---- bands ---- */

static bool is_out(const struct ranking *ranking, uint32_t row)
{
	const uint8_t *out = ranking->decision.out;

	return out && out[row] != WN_NOT_OUT;
}

static bool is_candidate(const struct ranking *ranking, uint32_t row)
{
	return ranking->candidates[row] != 0;
}

static void give_band(struct band_history *history, enum band_giver giver, uint32_t by)
{
	history->giver = giver;
	history->by = by;
}

static uint8_t override_band(
	const struct ranking *ranking, uint32_t row, uint8_t band, struct band_history *history)
{
	const struct wn_decide_input *input = &ranking->input;

	for (uint32_t i = 0; i < input->override_count && !is_out(ranking, row); i++) {
		const struct wn_override *o = &input->overrides[i];

		if (o->row != row || o->kind != WN_OVERRIDE_BAND || o->band == band ||
			ranking->decision.fates[i].fate == WN_DEFEATED_BY_OVERRIDE)
			continue;
		give_band(history, BAND_BY_OVERRIDE, i);
		return o->band;
	}
	return band;
}

static uint8_t rule_band(const struct ranking *ranking, uint32_t row, enum wn_effect effect,
	uint8_t band, struct band_history *history)
{
	const struct wn_policy *policy = ranking->input.policy;

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		const struct wn_rule *rule = &policy->rules[r];
		bool moves = effect == WN_AT_LEAST_BAND ? rule->band < band : rule->band > band;

		if (rule->effect != effect || !moves || !wn_hit(&ranking->decision.hits, r, row))
			continue;
		band = rule->band;
		give_band(history, BAND_BY_RULE, r);
	}
	return band;
}

struct band_history verdict_band(const struct ranking *ranking, uint32_t row)
{
	const struct wn_decision *decision = &ranking->decision;
	uint8_t own = wn_model_band(ranking->input.model, decision->evidence.score[row]);
	uint8_t boosted = wn_model_band(ranking->input.model, decision->score[row]);
	struct band_history history = {.by = WN_ROW_NONE};

	if (boosted != WN_BAND_NONE)
		history.giver = boosted == own ? BAND_BY_SCORE : BAND_BY_BOOST;
	history.before_rules = history.raised = boosted;
	if (!is_candidate(ranking, row))
		return history;
	history.before_rules = override_band(ranking, row, boosted, &history);
	history.raised = rule_band(ranking, row, WN_AT_LEAST_BAND, history.before_rules, &history);
	rule_band(ranking, row, WN_AT_MOST_BAND, history.raised, &history);
	return history;
}

static void write_band_by(
	struct json_writer *json, const struct ranking *ranking, const struct band_history *history)
{
	static const char *const givers[] = {
		[BAND_BY_SCORE] = "score",
		[BAND_BY_BOOST] = "boost",
		[BAND_BY_OVERRIDE] = "override",
		[BAND_BY_RULE] = "rule",
	};

	json_key(json, "band_by");
	if (history->giver == BAND_BY_NOBODY || veil_hides(json, ranking)) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_put(json, "what", text, givers[history->giver]);
	if (history->giver == BAND_BY_OVERRIDE)
		json_put(json, "override", uuid, &ranking->overrides->rows[history->by].id);
	if (history->giver == BAND_BY_RULE) {
		json_key(json, "rule");
		verdict_write_rule(json, ranking, history->by);
	}
	json_object_end(json);
}

/* ---- rules ---- */

const char *verdict_effect_name(enum wn_effect effect)
{
	static const char *const names[WN_EFFECTS] = {
		[WN_EXCLUDE] = "exclude",
		[WN_FREEZE] = "freeze",
		[WN_HOLD] = "hold",
		[WN_PIN_TOP] = "pin_top",
		[WN_AT_LEAST_BAND] = "at_least_band",
		[WN_AT_MOST_BAND] = "at_most_band",
		[WN_NOT_ABOVE] = "not_above",
		[WN_LIMIT] = "limit",
		[WN_SHARE_MOST] = "share",
		[WN_SHARE_LEAST] = "share",
	};

	return names[effect];
}

void verdict_write_rule(struct json_writer *json, const struct ranking *ranking, uint32_t rule)
{
	json_object_begin(json);
	json_put(json, "id", str, ranking->policy->rules[rule].id);
	json_put(json, "reason", str, ranking->policy->rules[rule].reason);
	json_object_end(json);
}

enum deed {
	DEED_NOTHING,
	DEED_TOOK_OUT,
	DEED_HELD,
	DEED_PINNED,
	DEED_RAISED_BAND,
	DEED_LOWERED_BAND,
	DEED_YIELDED, /* to at_most_band */
	DEED_BOUNDS_RANK,
	DEED_COUNTED, /* in a limit or a share */
	DEED_BROKEN,  /* nothing else was left to stand here */
};

static bool is_broken(const struct ranking *ranking, uint32_t rule, uint32_t row)
{
	const struct wn_ranking *order = &ranking->decision.order;

	for (size_t i = 0; i < order->breach_count; i++) {
		if (order->breaches[i].rule == rule && order->breaches[i].row == row)
			return true;
	}
	return false;
}

static enum deed band_deed(
	const struct ranking *ranking, uint32_t rule, uint32_t row, const struct band_history *band)
{
	const struct wn_rule *bound = &ranking->input.policy->rules[rule];
	uint8_t final = ranking->decision.band[row];

	if (bound->effect == WN_AT_LEAST_BAND) {
		if (bound->band >= band->before_rules || bound->band != band->raised)
			return DEED_NOTHING;
		return final > bound->band ? DEED_YIELDED : DEED_RAISED_BAND;
	}
	return bound->band > band->raised && bound->band == final ? DEED_LOWERED_BAND
								  : DEED_NOTHING;
}

static enum deed deed_of(
	const struct ranking *ranking, uint32_t rule, uint32_t row, const struct band_history *band)
{
	const struct wn_decision *decision = &ranking->decision;

	if (!is_candidate(ranking, row))
		return DEED_NOTHING;
	if (is_out(ranking, row))
		return decision->out[row] == WN_OUT_BY_RULE && decision->out_by[row] == rule
			       ? DEED_TOOK_OUT
			       : DEED_NOTHING;
	if (is_broken(ranking, rule, row))
		return DEED_BROKEN;
	switch (ranking->input.policy->rules[rule].effect) {
	case WN_HOLD: return DEED_HELD;
	case WN_PIN_TOP: return DEED_PINNED;
	case WN_AT_LEAST_BAND:
	case WN_AT_MOST_BAND: return band_deed(ranking, rule, row, band);
	case WN_NOT_ABOVE: return DEED_BOUNDS_RANK;
	case WN_LIMIT:
	case WN_SHARE_MOST:
	case WN_SHARE_LEAST: return DEED_COUNTED;
	default: return DEED_NOTHING;
	}
}

static const char *deed_word(enum deed deed)
{
	static const char *const words[] = {
		[DEED_NOTHING] = "nothing",
		[DEED_TOOK_OUT] = "took_out",
		[DEED_HELD] = "held",
		[DEED_PINNED] = "pinned",
		[DEED_RAISED_BAND] = "raised_band",
		[DEED_LOWERED_BAND] = "lowered_band",
		[DEED_YIELDED] = "yielded",
		[DEED_BOUNDS_RANK] = "bounds_rank",
		[DEED_COUNTED] = "counted",
		[DEED_BROKEN] = "broken",
	};

	return words[deed];
}

static void write_rules(struct json_writer *json, const struct ranking *ranking, uint32_t row,
	const struct band_history *band)
{
	const struct wn_policy *policy = ranking->input.policy;

	bool veiled = veil_hides(json, ranking);

	json_key(json, "rules");
	json_array_begin(json);
	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (!wn_hit(&ranking->decision.hits, r, row) || veil_hides_rule(json, ranking, r))
			continue;
		json_object_begin(json);
		json_put(json, "id", str, ranking->policy->rules[r].id);
		json_put(json, "effect", text, verdict_effect_name(policy->rules[r].effect));
		json_put(json, "reason", str, ranking->policy->rules[r].reason);
		if (!veiled)
			json_put(json, "did", text, deed_word(deed_of(ranking, r, row, band)));
		json_object_end(json);
	}
	json_array_end(json);
}

/* ---- out of the ranking ---- */

static int64_t time_of(double s)
{
	return isfinite(s) ? (int64_t)(s * (double)US_PER_S) : TIME_NONE;
}

/* Until when it is out as things stand; TIME_NONE: nobody has set an end, or it is not told. */
static int64_t out_until(const struct ranking *ranking, const struct verdict_out *out)
{
	switch (out->out) {
	case WN_NOT_OUT: return TIME_NONE;
	case WN_OUT_BY_RULE: return time_of(ranking->input.policy->rules[out->by].until_s);
	default: return ranking->overrides->rows[out->by].expires_us;
	}
}

static bool takes_out(const struct ranking *ranking, uint32_t rule)
{
	enum wn_effect effect = ranking->input.policy->rules[rule].effect;

	return effect == WN_EXCLUDE || effect == WN_FREEZE;
}

/* What would have taken it out if the hidden rule had not. */
static struct verdict_out next_out(
	const struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	const struct wn_policy *policy = ranking->input.policy;

	for (uint32_t r = 0; r < policy->rule_count; r++) {
		if (takes_out(ranking, r) && wn_hit(&ranking->decision.hits, r, row) &&
			!veil_hides_rule(json, ranking, r))
			return (struct verdict_out){WN_OUT_BY_RULE, r};
	}
	for (size_t i = ranking->input.override_count; i > 0; i--) {
		const struct wn_override *o = &ranking->input.overrides[i - 1];

		if (o->row != row)
			continue;
		if (o->kind == WN_OVERRIDE_EXCLUDE)
			return (struct verdict_out){WN_OUT_BY_EXCLUDE, (uint32_t)i - 1};
		if (o->kind == WN_OVERRIDE_DEFER)
			return (struct verdict_out){WN_OUT_BY_DEFER, (uint32_t)i - 1};
	}
	return (struct verdict_out){WN_NOT_OUT, WN_ROW_NONE};
}

struct verdict_out verdict_out_of(
	const struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	struct verdict_out out = {
		(enum wn_out)ranking->decision.out[row], ranking->decision.out_by[row]};

	if (out.out == WN_OUT_BY_RULE && veil_hides_rule(json, ranking, out.by))
		return next_out(json, ranking, row);
	return out;
}

static void write_taker(
	struct json_writer *json, const struct ranking *ranking, const struct verdict_out *out)
{
	json_key(json, "by");
	if (out->out == WN_NOT_OUT) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	if (out->out == WN_OUT_BY_RULE) {
		json_put(json, "rule", str, ranking->policy->rules[out->by].id);
		json_put(json, "effect", text,
			verdict_effect_name(ranking->input.policy->rules[out->by].effect));
	} else {
		json_put(json, "override", uuid, &ranking->overrides->rows[out->by].id);
		json_put(json, "kind", str, ranking->overrides->rows[out->by].kind);
	}
	json_object_end(json);
}

void verdict_write_out(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	struct verdict_out out = verdict_out_of(json, ranking, row);

	write_taker(json, ranking, &out);
	if (out.out == WN_OUT_BY_RULE)
		json_put(json, "reason", str, ranking->policy->rules[out.by].reason);
	else
		json_put(json, "reason", text, NULL);
	json_put(json, "until", time, out_until(ranking, &out));
}

static void write_out(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	json_key(json, "out");
	if (!is_out(ranking, row)) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	verdict_write_out(json, ranking, row);
	json_object_end(json);
}

/* ---- all of it ---- */

static void write_overrides(
	struct json_writer *json, const struct row_overrides *overrides, uint32_t row)
{
	const struct ranking *ranking = overrides->ranking;
	size_t count;
	const uint32_t *mine = row_overrides_of(overrides, row, &count);

	json_key(json, "overrides");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		/* All that a ranking has are in force at its own time. */
		const struct override_shown shown = {
			.override = &ranking->overrides->rows[mine[i]],
			.now_us = ranking->as_of_us,
			.ranking = ranking,
		};

		override_write(json, &shown);
	}
	json_array_end(json);
}

/* Whether a rule of this effect that may be named hits the row. */
static bool is_hit_openly(const struct json_writer *json, const struct ranking *ranking,
	uint32_t row, enum wn_effect effect)
{
	const struct wn_policy *policy = ranking->input.policy;

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (policy->rules[r].effect == effect && wn_hit(&ranking->decision.hits, r, row) &&
			!veil_hides_rule(json, ranking, r))
			return true;
	}
	return false;
}

bool verdict_is_held(const struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	const uint8_t *held = ranking->decision.held;

	if (!held || !held[row])
		return false;
	return !veil_hides_some_rule(json, ranking) || is_hit_openly(json, ranking, row, WN_HOLD);
}

bool verdict_is_pinned(const struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	const uint8_t *tier = ranking->decision.tier;

	if (!tier || ranking->decision.order.rank[row] == 0 || tier[row] != 0)
		return false;
	return !veil_hides_some_rule(json, ranking) ||
	       is_hit_openly(json, ranking, row, WN_PIN_TOP);
}

size_t verdict_count_held(const struct json_writer *json, const struct ranking *ranking)
{
	size_t count = 0;

	for (uint32_t row = 0; ranking->decision.held && row < ranking->rows; row++)
		count += verdict_is_held(json, ranking, row);
	return count;
}

bool verdict_write(
	struct json_writer *json, struct arena *arena, const struct ranking *ranking, uint32_t row)
{
	struct band_history band = verdict_band(ranking, row);
	struct row_overrides overrides;

	if (!row_overrides_init(&overrides, arena, ranking))
		return false;
	write_band_by(json, ranking, &band);
	write_rules(json, ranking, row, &band);
	write_overrides(json, &overrides, row);
	json_put(json, "held", bool, verdict_is_held(json, ranking, row));
	json_put(json, "pinned", bool, verdict_is_pinned(json, ranking, row));
	write_out(json, ranking, row);
	return true;
}

/* ---- in words ---- */

static void put_rule(struct buf *out, const struct ranking *ranking, uint32_t rule)
{
	buf_printf(out, "the rule %.*s: %.*s", STR_ARG(ranking->policy->rules[rule].id),
		STR_ARG(ranking->policy->rules[rule].reason));
}

void verdict_describe_out(const struct json_writer *json, struct buf *out,
	const struct ranking *ranking, uint32_t row)
{
	struct verdict_out taken = verdict_out_of(json, ranking, row);
	int64_t until = out_until(ranking, &taken);
	char text[32];

	switch (taken.out) {
	case WN_NOT_OUT: buf_puts(out, "excluded by a rule"); break;
	case WN_OUT_BY_RULE:
		buf_puts(out, "excluded by ");
		put_rule(out, ranking, taken.by);
		break;
	case WN_OUT_BY_EXCLUDE: buf_puts(out, "excluded by an override"); break;
	case WN_OUT_BY_DEFER: buf_puts(out, "deferred by an override"); break;
	}
	if (until != TIME_NONE)
		buf_printf(out, " (until %s)", time_to_text(until, text));
}

static void describe_rule(
	struct buf *out, const struct ranking *ranking, uint32_t rule, enum deed deed)
{
	static const char *const sentences[] = {
		[DEED_HELD] = " Held for a review by ",
		[DEED_PINNED] = " Pinned to the top by ",
		[DEED_RAISED_BAND] = " Its band was raised by ",
		[DEED_LOWERED_BAND] = " Its band was lowered by ",
		[DEED_YIELDED] = " A better band was refused to ",
		[DEED_BOUNDS_RANK] = " Its rank is bounded by ",
		[DEED_COUNTED] = " It counts for ",
		[DEED_BROKEN] = " Nothing else could stand here, which breaks ",
	};

	if (deed == DEED_NOTHING || deed == DEED_TOOK_OUT)
		return;
	buf_puts(out, sentences[deed]);
	put_rule(out, ranking, rule);
}

static void describe_override(struct buf *out, const struct ranking *ranking, uint32_t index)
{
	const struct wn_fate_of *fate = &ranking->decision.fates[index];
	struct str kind = ranking->overrides->rows[index].kind;

	buf_printf(out, " An override of a person (%.*s) ", STR_ARG(kind));
	switch (fate->fate) {
	case WN_APPLIED: buf_puts(out, "is applied."); break;
	case WN_WITHOUT_EFFECT: buf_puts(out, "changes nothing."); break;
	case WN_DEFEATED_BY_RULE:
		buf_puts(out, "is defeated by ");
		if (fate->by != WN_ROW_NONE)
			put_rule(out, ranking, fate->by);
		else
			buf_puts(out, "what is pinned to the top.");
		break;
	case WN_DEFEATED_BY_BLOCKER:
		buf_printf(out, "is defeated by its blocker %.*s.",
			STR_ARG(ranking_text(ranking, fate->by, ROW_EXTERNAL_ID)));
		break;
	case WN_DEFEATED_BY_OVERRIDE: buf_puts(out, "is defeated by another override."); break;
	}
}

/* What is so whatever the score is. */
static void describe_openly(const struct json_writer *json, struct buf *out,
	const struct ranking *ranking, uint32_t row)
{
	if (verdict_is_held(json, ranking, row))
		buf_puts(out, " Held for a review.");
	if (verdict_is_pinned(json, ranking, row))
		buf_puts(out, " Pinned to the top.");
	for (uint32_t i = 0; i < ranking->input.override_count; i++) {
		if (ranking->input.overrides[i].row == row)
			buf_printf(out, " An override of a person (%.*s) is in force.",
				STR_ARG(ranking->overrides->rows[i].kind));
	}
}

void verdict_describe(const struct json_writer *json, struct buf *out,
	const struct ranking *ranking, uint32_t row)
{
	const struct wn_policy *policy = ranking->input.policy;
	struct band_history band;

	if (veil_hides(json, ranking)) {
		describe_openly(json, out, ranking, row);
		return;
	}
	band = verdict_band(ranking, row);
	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (wn_hit(&ranking->decision.hits, r, row))
			describe_rule(out, ranking, r, deed_of(ranking, r, row, &band));
	}
	for (uint32_t i = 0; i < ranking->input.override_count; i++) {
		if (ranking->input.overrides[i].row == row)
			describe_override(out, ranking, i);
	}
}

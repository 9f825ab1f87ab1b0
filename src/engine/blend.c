/*
 * The model kind "blend": other models put together, by weights or one after another. It sees of
 * them only scores and their constant ranges, so any kind that is bounded above can take part.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kind.h"
#include "engine/slice.h"

/* Rows per round; the scratch is on the stack. */
enum { SLICE_ROWS = 256 };

/* The last component's share of a level: with fewer than 2^26 whole levels before it the sum is
 * still less than the next whole number. */
static const double last_share = 1.0 - 0x1p-26;

/* A component made ready. */
struct part {
	double lowest, highest;
	double weight; /* or the levels that are behind a level of it */
	double step;
	double levels; /* its own; 1 for the last */
	enum { UNIT, LEVEL, LAST, WHOLE } role;
};

static double levels_of(double lowest, double highest, double step)
{
	return lowest == -INFINITY ? (double)WN_OPEN_LEVELS
				   : floor((highest - lowest) / step) + 1.0;
}

static void prepare(const struct wn_blend *blend, struct part *parts)
{
	size_t count = blend->component_count;
	double behind = 1.0;

	for (size_t i = count; i-- > 0;) {
		const struct wn_component *component = &blend->components[i];
		struct part *part = &parts[i];

		wn_model_range(component->model, &part->lowest, &part->highest);
		part->step = component->step;
		part->levels = 1.0;
		if (blend->rule == WN_BLEND_SPLIT) {
			part->role = WHOLE;
			part->weight = 1.0;
			continue;
		}
		if (blend->rule == WN_BLEND_WEIGHTED) {
			part->role = UNIT;
			part->weight = component->weight;
			continue;
		}
		part->role = i + 1 == count ? LAST : LEVEL;
		part->weight = part->role == LAST ? last_share : behind;
		if (part->role == LEVEL)
			part->levels = levels_of(part->lowest, part->highest, part->step);
		behind *= part->levels;
	}
}

/* Monotone in the score; NaN stays NaN. */
static double unit_of(const struct part *part, double score)
{
	double unit = part->lowest == -INFINITY
			      ? 1.0 / (1.0 + (part->highest - score))
			      : (score - part->lowest) / (part->highest - part->lowest);

	return unit < 0.0 ? 0.0 : unit > 1.0 ? 1.0 : unit;
}

static double level_of(const struct part *part, double score)
{
	double top = part->levels - 1.0;
	double level = part->lowest == -INFINITY
			       ? top - (ceil((part->highest - score) / part->step) - 1.0)
			       : floor((score - part->lowest) / part->step);

	return level < 0.0 ? 0.0 : level > top ? top : level;
}

static double value_of(const struct part *part, double score)
{
	if (part->role == WHOLE)
		return score;
	return part->role == LEVEL ? level_of(part, score) : unit_of(part, score);
}

static bool names(const uint32_t *symbols, size_t count, uint32_t symbol)
{
	for (size_t i = 0; i < count; i++) {
		if (symbols[i] == symbol)
			return true;
	}
	return false;
}

/* Whose score a row of a split has. */
static size_t owner_of(const struct wn_blend *blend, const struct wn_rows *rows, size_t row)
{
	uint32_t stream = wn_word_of(rows, row, WN_STREAM);
	uint32_t team = wn_word_of(rows, row, WN_TEAM);
	size_t i = 0;

	for (; i + 1 < blend->component_count; i++) {
		const struct wn_component *component = &blend->components[i];

		if (names(component->streams, component->stream_count, stream) ||
			names(component->teams, component->team_count, team))
			break;
	}
	return i;
}

static void check_range(const struct wn_model *model, size_t i, struct wn_faults *faults)
{
	double lowest, highest;

	wn_model_range(model, &lowest, &highest);
	if (!isfinite(highest))
		wn_fault(faults, "its scores have no upper bound, so it cannot be blended",
			"/components/%zu", i);
	else if (lowest != -INFINITY && !isfinite(highest - lowest))
		wn_fault(faults, "its scores are too far apart to be computed with",
			"/components/%zu", i);
	else if (highest <= lowest)
		wn_fault(faults, "it gives every item the same score", "/components/%zu", i);
}

struct nested {
	struct wn_faults *faults;
	size_t component;
};

static void pass_on(void *self, const char *pointer, const char *detail)
{
	struct nested *nested = self;

	wn_fault(nested->faults, detail, "/components/%zu/model%s", nested->component, pointer);
}

/* True when its range may be asked for. */
static bool check_model(const struct wn_model *model, size_t i, struct wn_faults *faults)
{
	struct nested nested = {faults, i};

	if (!model) {
		wn_fault(faults, "a component needs a model", "/components/%zu/model", i);
		return false;
	}
	if (model->kind == &wn_kind_blend) {
		wn_fault(faults, "a blend cannot be part of a blend", "/components/%zu/model", i);
		return false;
	}
	return wn_model_check(model, pass_on, &nested) == 0;
}

static bool same_bands(const struct wn_model *a, const struct wn_model *b)
{
	if (a->band_count != b->band_count)
		return false;
	for (size_t i = 0; i < a->band_count; i++) {
		bool named = a->bands[i].name && b->bands[i].name;

		if (!named || strcmp(a->bands[i].name, b->bands[i].name) != 0 ||
			a->bands[i].at_least != b->bands[i].at_least)
			return false;
	}
	return true;
}

static void check_share(const struct wn_model *model, size_t i, struct wn_faults *faults)
{
	const struct wn_blend *blend = model->spec.blend;
	const struct wn_component *component = &blend->components[i];
	bool last = i + 1 == blend->component_count;
	bool named = component->stream_count + component->team_count > 0;

	if (!check_model(component->model, i, faults))
		return;
	if (!same_bands(component->model, model))
		wn_fault(faults,
			"its bands are not the split's, so its scores do not compare with others",
			"/components/%zu/model", i);
	if (last && named)
		wn_fault(faults, "the last component takes what is left, so it names nothing",
			"/components/%zu", i);
	if (!last && !named)
		wn_fault(faults, "name the streams or teams whose items it scores",
			"/components/%zu", i);
}

static void check_component(const struct wn_blend *blend, size_t i, struct wn_faults *faults)
{
	const struct wn_component *component = &blend->components[i];
	bool last = i + 1 == blend->component_count;

	if (check_model(component->model, i, faults))
		check_range(component->model, i, faults);
	if (blend->rule == WN_BLEND_WEIGHTED &&
		!(isfinite(component->weight) && component->weight > 0))
		wn_fault(faults, "must be a finite number greater than 0", "/components/%zu/weight",
			i);
	if (blend->rule == WN_BLEND_LEXICOGRAPHIC && !last &&
		!(isfinite(component->step) && component->step > 0))
		wn_fault(faults, "must be a finite number greater than 0", "/components/%zu/step",
			i);
}

/* Only for components that are sound one by one. */
static void check_whole(const struct wn_blend *blend, struct wn_faults *faults)
{
	struct part parts[WN_MAX_COMPONENTS];
	double weights = 0.0, levels = 1.0;

	prepare(blend, parts);
	for (size_t i = 0; i < blend->component_count; i++) {
		weights += parts[i].weight;
		levels *= parts[i].levels;
	}
	if (blend->rule == WN_BLEND_WEIGHTED && !isfinite(weights))
		wn_fault(
			faults, "the weights add up to more than a number can hold", "/components");
	if (blend->rule == WN_BLEND_LEXICOGRAPHIC && !(levels <= WN_MAX_LEVELS))
		wn_fault(faults,
			"there are more than 2^26 levels in all: choose greater steps, or fewer "
			"components",
			"/components");
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	const struct wn_blend *blend = model->spec.blend;
	size_t before = faults->count;

	if (!blend || blend->component_count < 2 || blend->component_count > WN_MAX_COMPONENTS) {
		wn_fault(faults, "a blend needs two to eight components", "/components");
		return;
	}
	if (blend->rule != WN_BLEND_WEIGHTED && blend->rule != WN_BLEND_LEXICOGRAPHIC &&
		blend->rule != WN_BLEND_SPLIT) {
		wn_fault(faults, "there is no such rule", "/rule");
		return;
	}
	for (size_t i = 0; blend->rule == WN_BLEND_SPLIT && i < blend->component_count; i++)
		check_share(model, i, faults);
	if (blend->rule == WN_BLEND_SPLIT)
		return;
	for (size_t i = 0; i < blend->component_count; i++)
		check_component(blend, i, faults);
	if (faults->count == before)
		check_whole(blend, faults);
}

/* Whether one unknown value may pull two components in different directions. Only of sums it is known
 * which way they go. */
static bool may_pull_apart(const struct wn_model *a, const struct wn_model *b)
{
	bool sums = a->kind == &wn_kind_weighted_sum && b->kind == &wn_kind_weighted_sum;

	for (size_t i = 0; i < a->term_count; i++) {
		for (size_t j = 0; j < b->term_count; j++) {
			const struct wn_term *x = &a->terms[i], *y = &b->terms[j];

			bool spans = x->unknown == WN_UNKNOWN_SPAN || y->unknown == WN_UNKNOWN_SPAN;

			if (x->column == y->column && spans && (!sums || wn_terms_pull_apart(x, y)))
				return true;
		}
	}
	return false;
}

static bool ends_are_reached(const struct wn_blend *blend)
{
	for (size_t i = 0; i < blend->component_count; i++) {
		const struct wn_model *model = blend->components[i].model;

		if (!(wn_model_traits(model) & WN_TRAIT_EXACT))
			return false;
		/* Of a split only one of them counts. */
		for (size_t j = 0; j < i && blend->rule != WN_BLEND_SPLIT; j++) {
			if (may_pull_apart(model, blend->components[j].model))
				return false;
		}
	}
	return true;
}

static unsigned traits(const struct wn_model *model)
{
	const struct wn_blend *blend = model->spec.blend;
	unsigned inherited = 0;

	for (size_t i = 0; i < blend->component_count; i++)
		inherited |= wn_model_traits(blend->components[i].model);
	inherited &= WN_TRAIT_RELATIVE | WN_TRAIT_TIMED | WN_TRAIT_LIBM;
	return inherited | (ends_are_reached(blend) ? WN_TRAIT_EXACT : 0u);
}

static void range(const struct wn_model *model, double *lowest, double *highest)
{
	const struct wn_blend *blend = model->spec.blend;
	struct part parts[WN_MAX_COMPONENTS];
	double low = 0.0, high = 0.0;

	prepare(blend, parts);
	if (blend->rule == WN_BLEND_SPLIT) {
		*lowest = parts[0].lowest;
		*highest = parts[0].highest;
		for (size_t i = 1; i < blend->component_count; i++) {
			*lowest = fmin(*lowest, parts[i].lowest);
			*highest = fmax(*highest, parts[i].highest);
		}
		return;
	}
	for (size_t i = 0; i < blend->component_count; i++) {
		low += parts[i].weight * value_of(&parts[i], parts[i].lowest);
		high += parts[i].weight * value_of(&parts[i], parts[i].highest);
	}
	*lowest = low;
	*highest = high;
}

static void clear(struct wn_scores out, size_t rows)
{
	for (size_t row = 0; row < rows; row++)
		out.score[row] = out.lowest[row] = out.highest[row] = 0.0;
}

static void add_part(
	const struct part *part, struct wn_scores scored, size_t rows, struct wn_scores out)
{
	for (size_t row = 0; row < rows; row++) {
		out.score[row] += part->weight * value_of(part, scored.score[row]);
		out.lowest[row] += part->weight * value_of(part, scored.lowest[row]);
		out.highest[row] += part->weight * value_of(part, scored.highest[row]);
	}
}

/* The rows of a split that are component i's; scored[k] is row `first` + k of rows. */
static void take_share(const struct wn_blend *blend, size_t i, const struct wn_rows *rows,
	size_t first, size_t count, struct wn_scores scored, struct wn_scores out)
{
	for (size_t k = 0; k < count; k++) {
		if (owner_of(blend, rows, first + k) != i)
			continue;
		out.score[k] = scored.score[k];
		out.lowest[k] = scored.lowest[k];
		out.highest[k] = scored.highest[k];
	}
}

static struct wn_scores from(struct wn_scores scores, size_t at)
{
	return (struct wn_scores){scores.score + at, scores.lowest + at, scores.highest + at};
}

static void score_component(const struct wn_blend *blend, size_t i, const struct part *part,
	const struct wn_rows *rows, double now_s, struct wn_scores out)
{
	double score[SLICE_ROWS], lowest[SLICE_ROWS], highest[SLICE_ROWS];
	const struct wn_scores scored = {score, lowest, highest};

	for (size_t start = 0; start < rows->rows; start += SLICE_ROWS) {
		size_t n = rows->rows - start < SLICE_ROWS ? rows->rows - start : SLICE_ROWS;
		struct wn_slice slice;

		wn_slice_of(blend->components[i].model, rows, start, n, &slice);
		wn_model_score_rows(&slice.model, &slice.rows, now_s, scored);
		if (part->role == WHOLE)
			take_share(blend, i, rows, start, n, scored, from(out, start));
		else
			add_part(part, scored, n, from(out, start));
	}
}

static void score_rows(const struct wn_model *model, const struct wn_rows *rows, double now_s,
	struct wn_scores out)
{
	const struct wn_blend *blend = model->spec.blend;
	struct part parts[WN_MAX_COMPONENTS];

	prepare(blend, parts);
	clear(out, rows->rows);
	for (size_t i = 0; i < blend->component_count; i++)
		score_component(blend, i, &parts[i], rows, now_s, out);
}

/* By blocks, since words are theirs. */
static void take_shares(const struct wn_blend *blend, size_t i,
	const struct wn_population *population, struct wn_scores scored, struct wn_scores out)
{
	for (size_t b = 0; b < population->block_count; b++) {
		const struct wn_rows *rows = &population->blocks[b];
		size_t first = b * population->block_rows;

		take_share(blend, i, rows, 0, rows->rows, from(scored, first), from(out, first));
	}
}

static bool score(const struct wn_model *model, const struct wn_population *population,
	double now_s, struct wn_scores out)
{
	const struct wn_blend *blend = model->spec.blend;
	struct part parts[WN_MAX_COMPONENTS];
	size_t rows = population->rows;
	double *scratch = reallocarray(NULL, rows + 1, 3 * sizeof(double));
	bool scored = scratch != NULL;

	prepare(blend, parts);
	clear(out, rows);
	for (size_t i = 0; scored && i < blend->component_count; i++) {
		struct wn_scores of = {scratch, scratch + rows, scratch + 2 * rows};

		scored = wn_model_score(blend->components[i].model, population, now_s, of);
		if (scored && parts[i].role == WHOLE)
			take_shares(blend, i, population, of, out);
		else if (scored)
			add_part(&parts[i], of, rows, out);
	}
	free(scratch);
	return scored;
}

static struct wn_scored score_one(
	const struct wn_model *model, const struct wn_rows *rows, size_t row, double now_s)
{
	struct wn_scored of = {NAN, NAN, NAN};
	struct wn_slice slice;

	if (wn_model_traits(model) & WN_TRAIT_RELATIVE)
		return of;
	wn_slice_of(model, rows, row, 1, &slice);
	wn_model_score_rows(&slice.model, &slice.rows, now_s,
		(struct wn_scores){&of.score, &of.lowest, &of.highest});
	return of;
}

/* A component as a node right below the root; of a split that is not this row's there is no more to tell. */
static size_t trace_component(const struct wn_model *component, const struct wn_rows *rows,
	size_t row, double now_s, struct wn_scored own, struct wn_step node, struct wn_step *out,
	size_t room)
{
	size_t below;

	out[0] = node;
	below = wn_model_trace(component, rows, row, now_s, own, out + 1, room - 1);
	for (size_t s = 0; s < below; s++)
		out[1 + s].depth += 2;
	return 1 + below;
}

static size_t trace_split(const struct wn_blend *blend, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	size_t owner = owner_of(blend, rows, row), used = 0;

	for (size_t i = 0; i < blend->component_count && used < room; i++) {
		if (i == owner) {
			const struct wn_step node = {.depth = 1,
				.label = "of this item",
				.term = WN_NO_TERM,
				.value = scored.score,
				.lowest = scored.lowest,
				.highest = scored.highest};

			used += trace_component(blend->components[i].model, rows, row, now_s,
				scored, node, out + used, room - used);
			continue;
		}
		out[used++] = (struct wn_step){.depth = 1,
			.label = "of others",
			.term = WN_NO_TERM,
			.value = NAN,
			.lowest = NAN,
			.highest = NAN};
	}
	return used;
}

static size_t trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	static const char *const labels[] = {[UNIT] = "unit", [LEVEL] = "level", [LAST] = "last"};
	const struct wn_blend *blend = model->spec.blend;
	struct part parts[WN_MAX_COMPONENTS];
	size_t used = 0;

	if (room == 0)
		return 0;
	prepare(blend, parts);
	out[used++] = (struct wn_step){.label = "blend",
		.term = WN_NO_TERM,
		.value = scored.score,
		.lowest = scored.lowest,
		.highest = scored.highest};
	if (blend->rule == WN_BLEND_SPLIT)
		return used + trace_split(blend, rows, row, now_s, scored, out + used, room - used);
	for (size_t i = 0; i < blend->component_count && used < room; i++) {
		const struct wn_model *component = blend->components[i].model;
		struct wn_scored own = score_one(component, rows, row, now_s);
		const struct wn_step node = {.depth = 1,
			.label = labels[parts[i].role],
			.term = WN_NO_TERM,
			.value = value_of(&parts[i], own.score),
			.lowest = value_of(&parts[i], own.lowest),
			.highest = value_of(&parts[i], own.highest)};

		used += trace_component(
			component, rows, row, now_s, own, node, out + used, room - used);
	}
	return used;
}

const struct wn_model_kind wn_kind_blend = {
	.name = "blend",
	.traits = traits,
	.check = check,
	.range = range,
	.score_rows = score_rows,
	.score = score,
	.trace = trace,
};

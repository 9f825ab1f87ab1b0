/*
 * The model kind "decision_table" (winnow/decision_table.h): a combination of categories → outcome.
 *
 * The table is laid out once, when it is made (wn_table_fill): for each combination, unknown being
 * one more value of each input, the worst and the best outcome. Scoring is a look-up.
 */
#include "winnow/decision_table.h"

#include <math.h>
#include <string.h>

#include "engine/kind.h"

enum {
	BLOCK_ROWS = 512,
	NO_ENDS = UINT32_MAX, /* in place of a combination: an unknown keeps the row out */
};

/* ---- layout ------------------------------------------------------------------------------------- */

static size_t combinations(const uint16_t *radices, size_t inputs, size_t extra, size_t limit)
{
	size_t product = 1;

	if (inputs == 0 || inputs > WN_TABLE_MAX_INPUTS)
		return 0;
	for (size_t i = 0; i < inputs; i++) {
		if (radices[i] == 0 || radices[i] > WN_TABLE_MAX_VALUES)
			return 0;
		product *= radices[i] + extra;
		if (product > limit)
			return 0;
	}
	return product;
}

size_t wn_table_cells(const uint16_t *radices, size_t inputs)
{
	return combinations(radices, inputs, 0, WN_TABLE_MAX_CELLS);
}

size_t wn_table_ends(const uint16_t *radices, size_t inputs)
{
	return combinations(radices, inputs, 1, WN_TABLE_MAX_ENDS);
}

/* What wn_table_fill works on. */
struct fill {
	const struct wn_decision_table *table;
	const uint16_t *radices;
	size_t inputs;
	uint16_t *rule_of;
	bool (*fault)(void *self, const uint16_t *values, size_t rule_a, size_t rule_b);
	void *self;
	size_t faults;
	bool stopped;
};

static void report(struct fill *f, const uint16_t *values, size_t rule_a, size_t rule_b)
{
	f->faults++;
	f->stopped = !f->fault(f->self, values, rule_a, rule_b);
}

/* Steps to the next combination of values below the radices; false after the last. */
static bool next_combination(uint16_t *values, const uint16_t *radices, size_t inputs)
{
	for (size_t i = inputs; i-- > 0;) {
		if (++values[i] < radices[i])
			return true;
		values[i] = 0;
	}
	return false;
}

static size_t cell_of(const uint16_t *values, const uint16_t *radices, size_t inputs)
{
	size_t cell = 0;

	for (size_t i = 0; i < inputs; i++)
		cell = cell * radices[i] + values[i];
	return cell;
}

/* The values of each input for which the rule speaks, ascending. False when one has none. */
static bool list_values(const struct fill *f, const struct wn_table_rule *rule,
	uint8_t values[][WN_TABLE_MAX_VALUES], uint16_t *counts)
{
	for (size_t i = 0; i < f->inputs; i++) {
		counts[i] = 0;
		for (uint16_t v = 0; v < f->radices[i]; v++) {
			if (rule->when[i] >> v & 1)
				values[i][counts[i]++] = (uint8_t)v;
		}
		if (counts[i] == 0)
			return false;
	}
	return true;
}

static void cover(struct fill *f, size_t rule)
{
	uint8_t listed[WN_TABLE_MAX_INPUTS][WN_TABLE_MAX_VALUES];
	uint16_t counts[WN_TABLE_MAX_INPUTS], at[WN_TABLE_MAX_INPUTS] = {0};
	uint16_t values[WN_TABLE_MAX_INPUTS];

	if (!list_values(f, &f->table->rules[rule], listed, counts))
		return;
	do {
		uint16_t *covered_by;

		for (size_t i = 0; i < f->inputs; i++)
			values[i] = listed[i][at[i]];
		covered_by = &f->rule_of[cell_of(values, f->radices, f->inputs)];
		if (*covered_by == WN_CELL_HOLE)
			*covered_by = (uint16_t)rule;
		else
			report(f, values, *covered_by, rule);
	} while (!f->stopped && next_combination(at, counts, f->inputs));
}

static void find_holes(struct fill *f)
{
	uint16_t values[WN_TABLE_MAX_INPUTS] = {0};
	size_t cell = 0;

	do {
		if (f->rule_of[cell++] == WN_CELL_HOLE)
			report(f, values, WN_CELL_HOLE, WN_CELL_HOLE);
	} while (!f->stopped && next_combination(values, f->radices, f->inputs));
}

/* The outcome among those of ends[first], ends[first + step], … with the least score, or the
 * greatest. */
static uint16_t extreme(const struct fill *f, const uint16_t *ends, size_t first, size_t step,
	size_t count, bool greatest)
{
	const struct wn_outcome *outcomes = f->table->outcomes;
	uint16_t found = ends[first];

	for (size_t i = 1; i < count; i++) {
		uint16_t other = ends[first + i * step];

		if (greatest ? outcomes[other].score > outcomes[found].score
			     : outcomes[other].score < outcomes[found].score)
			found = other;
	}
	return found;
}

/* In ascending order: what an unknown stands for has smaller numbers and is there already. */
static void fill_ends(const struct fill *f, uint16_t *worst, uint16_t *best)
{
	uint16_t values[WN_TABLE_MAX_INPUTS] = {0}, radices[WN_TABLE_MAX_INPUTS];
	size_t steps[WN_TABLE_MAX_INPUTS], step = 1, end = 0;

	for (size_t i = f->inputs; i-- > 0;) {
		radices[i] = (uint16_t)(f->radices[i] + 1);
		steps[i] = step;
		step *= radices[i];
	}
	do {
		size_t i = 0;

		while (i < f->inputs && values[i] < f->radices[i])
			i++;
		if (i == f->inputs) {
			uint16_t rule = f->rule_of[cell_of(values, f->radices, f->inputs)];

			worst[end] = best[end] = f->table->rules[rule].outcome;
		} else {
			size_t first = end - f->radices[i] * steps[i];

			worst[end] = extreme(f, worst, first, steps[i], f->radices[i], false);
			best[end] = extreme(f, best, first, steps[i], f->radices[i], true);
		}
		end++;
	} while (next_combination(values, radices, f->inputs));
}

size_t wn_table_fill(const struct wn_decision_table *table, const uint16_t *radices, size_t inputs,
	uint16_t *rule_of, uint16_t *worst, uint16_t *best,
	bool (*fault)(void *self, const uint16_t *values, size_t rule_a, size_t rule_b), void *self)
{
	size_t cells = wn_table_cells(radices, inputs);
	struct fill f = {.table = table,
		.radices = radices,
		.inputs = inputs,
		.rule_of = rule_of,
		.fault = fault,
		.self = self};

	for (size_t cell = 0; cell < cells; cell++)
		rule_of[cell] = WN_CELL_HOLE;
	for (size_t rule = 0; rule < table->rule_count && !f.stopped; rule++)
		cover(&f, rule);
	if (!f.stopped)
		find_holes(&f);
	if (f.faults == 0)
		fill_ends(&f, worst, best);
	return f.faults;
}

/* ---- check -------------------------------------------------------------------------------------- */

static uint16_t radix_of(const struct wn_term *term)
{
	return (uint16_t)(term->upper + 1.0);
}

/* Whether all inputs are categories, so that they have radices. */
static bool check_categories(const struct wn_model *model, struct wn_faults *faults)
{
	bool ok = true;

	for (size_t i = 0; i < model->term_count; i++) {
		const struct wn_term *term = &model->terms[i];

		if (term->lower != 0.0) {
			wn_fault(faults, "must be 0, the first value of a category",
				"/terms/%zu/lower", i);
			ok = false;
		}
		if (!isfinite(term->upper)) {
			ok = false; /* wn_check_inputs has said so */
		} else if (term->upper < 0 || term->upper >= WN_TABLE_MAX_VALUES ||
			   term->upper != floor(term->upper)) {
			wn_fault(faults, "must be the last of at most 64 values of a category",
				"/terms/%zu/upper", i);
			ok = false;
		}
	}
	return ok;
}

static bool check_table_inputs(
	const struct wn_model *model, uint16_t *radices, struct wn_faults *faults)
{
	if (model->term_count == 0 || model->term_count > WN_TABLE_MAX_INPUTS) {
		wn_fault(faults, "a decision table has 1 to 12 inputs", "/terms");
		return false;
	}
	wn_check_inputs(model, faults);
	if (!check_categories(model, faults))
		return false;
	for (size_t i = 0; i < model->term_count; i++)
		radices[i] = radix_of(&model->terms[i]);
	if (!wn_table_cells(radices, model->term_count)) {
		wn_fault(faults, "the inputs have more than 65536 combinations", "/terms");
		return false;
	}
	if (!wn_table_ends(radices, model->term_count)) {
		wn_fault(faults, "the inputs have more than 262144 combinations with unknowns",
			"/terms");
		return false;
	}
	return true;
}

static void check_outcome(const struct wn_decision_table *table, size_t i, struct wn_faults *faults)
{
	const struct wn_outcome *outcome = &table->outcomes[i];
	bool named = outcome->name && *outcome->name, scored = isfinite(outcome->score);

	if (!named)
		wn_fault(faults, "an outcome needs a name", "/outcomes/%zu/name", i);
	if (!scored)
		wn_fault(faults, "must be a finite number", "/outcomes/%zu/score", i);
	for (size_t j = 0; j < i; j++) {
		const struct wn_outcome *other = &table->outcomes[j];

		if (named && other->name && strcmp(other->name, outcome->name) == 0) {
			wn_fault(faults, "another outcome has the same name", "/outcomes/%zu/name",
				i);
			named = false;
		}
		if (scored && other->score == outcome->score) {
			wn_fault(faults, "another outcome has the same score",
				"/outcomes/%zu/score", i);
			scored = false;
		}
	}
}

static void check_rule(
	const struct wn_model *model, const uint16_t *radices, size_t r, struct wn_faults *faults)
{
	const struct wn_decision_table *table = model->spec.table;
	const struct wn_table_rule *rule = &table->rules[r];

	if (rule->outcome >= table->outcome_count)
		wn_fault(faults, "there is no such outcome", "/rules/%zu/outcome", r);
	for (size_t i = 0; i < model->term_count; i++) {
		if (rule->when[i] == 0) {
			wn_fault(faults, "an input has no value for which it speaks",
				"/rules/%zu/when", r);
			return;
		}
		if (radices[i] < 64 && rule->when[i] >> radices[i] != 0) {
			wn_fault(faults, "an input has a value that there is not",
				"/rules/%zu/when", r);
			return;
		}
	}
}

static void check_rules(
	const struct wn_model *model, const uint16_t *radices, struct wn_faults *faults)
{
	const struct wn_decision_table *table = model->spec.table;

	if (table->rule_count == 0 || table->rule_count >= WN_CELL_HOLE) {
		wn_fault(faults, "a decision table has 1 to 65534 rules", "/rules");
		return;
	}
	for (size_t r = 0; r < table->rule_count; r++)
		check_rule(model, radices, r, faults);
	if (!table->rule_of || !table->worst || !table->best)
		wn_fault(faults, "each combination must be covered by exactly one rule", "/rules");
}

static void check(const struct wn_model *model, struct wn_faults *faults)
{
	const struct wn_decision_table *table = model->spec.table;
	uint16_t radices[WN_TABLE_MAX_INPUTS];
	bool sound = check_table_inputs(model, radices, faults);

	if (!table) {
		wn_fault(faults, "a decision table needs rules", "/rules");
		return;
	}
	if (table->outcome_count == 0 || table->outcome_count > WN_TABLE_MAX_OUTCOMES) {
		wn_fault(faults, "a decision table has 1 to 64 outcomes", "/outcomes");
	} else {
		for (size_t i = 0; i < table->outcome_count; i++)
			check_outcome(table, i, faults);
	}
	if (sound)
		check_rules(model, radices, faults);
}

/* Whatever is unknown, the worst and the best outcome of all that may be are told. */
static unsigned traits(const struct wn_model *model)
{
	(void)model;
	return WN_TRAIT_EXACT;
}

/* Its ends are those of the combination of nothing but unknowns, the last. */
static void range(const struct wn_model *model, double *lowest, double *highest)
{
	const struct wn_decision_table *table = model->spec.table;
	size_t ends = 1;

	for (size_t i = 0; i < model->term_count; i++)
		ends *= (size_t)radix_of(&model->terms[i]) + 1;
	*lowest = table->outcomes[table->worst[ends - 1]].score;
	*highest = table->outcomes[table->best[ends - 1]].score;
}

/* ---- scores ------------------------------------------------------------------------------------- */

/* A value's place within its input; the radix for an unknown that spans, NO_ENDS for one that keeps
 * the row out. */
static uint32_t unknown_digit(const struct wn_term *term)
{
	switch (term->unknown) {
	case WN_UNKNOWN_SPAN: return radix_of(term);
	case WN_UNKNOWN_DEFAULT: return (uint32_t)term->fallback;
	case WN_UNKNOWN_EXCLUDE: break;
	}
	return NO_ENDS;
}

/* Booleans are the inputs that are no categories: what is beyond their bounds is cut. */
static inline uint32_t digit_of(const struct wn_term *term, double value, uint32_t unknown)
{
	double known = wn_term_value(term, value);

	if (isnan(known))
		return unknown;
	return known <= 0 ? 0 : known >= term->upper ? (uint32_t)term->upper : (uint32_t)known;
}

/* Appends the term's digit to each row's combination. */
static void add_digits(const struct wn_term *term, const double *x, size_t rows, uint32_t *ends)
{
	uint32_t radix = (uint32_t)radix_of(term) + 1, unknown = unknown_digit(term);

	for (size_t i = 0; i < rows; i++) {
		uint32_t digit = x ? digit_of(term, x[i], unknown) : unknown;

		if (ends[i] == NO_ENDS || digit == NO_ENDS)
			ends[i] = NO_ENDS;
		else
			ends[i] = ends[i] * radix + digit;
	}
}

static void score_rows(const struct wn_model *model, const struct wn_rows *view, double now_s,
	struct wn_scores out)
{
	const struct wn_decision_table *table = model->spec.table;
	uint32_t ends[BLOCK_ROWS];

	(void)now_s;
	for (size_t start = 0; start < view->rows; start += BLOCK_ROWS) {
		size_t n = view->rows - start < BLOCK_ROWS ? view->rows - start : BLOCK_ROWS;

		memset(ends, 0, sizeof(ends));
		for (size_t t = 0; t < model->term_count; t++) {
			const struct wn_term *term = &model->terms[t];
			const double *x = term->column < view->column_count
						  ? view->columns[term->column]
						  : NULL;

			add_digits(term, x ? x + start : NULL, n, ends);
		}
		for (size_t i = 0; i < n; i++) {
			bool scored = ends[i] != NO_ENDS;
			double low = scored ? table->outcomes[table->worst[ends[i]]].score : NAN;
			double high = scored ? table->outcomes[table->best[ends[i]]].score : NAN;

			out.score[start + i] = out.lowest[start + i] = low;
			out.highest[start + i] = high;
		}
	}
}

/* ---- why ---------------------------------------------------------------------------------------- */

static size_t ends_of(const struct wn_model *model, const uint32_t *digits)
{
	size_t ends = 0;

	for (size_t i = 0; i < model->term_count; i++)
		ends = ends * ((size_t)radix_of(&model->terms[i]) + 1) + digits[i];
	return ends;
}

/* Puts values in place of the unknowns such that the outcome stays the worst one. */
static void settle_unknowns(const struct wn_model *model, uint32_t *digits)
{
	const uint16_t *worst = model->spec.table->worst;
	uint16_t outcome = worst[ends_of(model, digits)];

	for (size_t i = 0; i < model->term_count; i++) {
		if (digits[i] < radix_of(&model->terms[i]))
			continue;
		digits[i] = 0;
		while (worst[ends_of(model, digits)] != outcome)
			digits[i]++;
	}
}

/* The rule that makes the score, counted from 1. */
static struct wn_step trace_rule(const struct wn_model *model, const uint32_t *digits, bool assumed)
{
	size_t cell = 0;
	double number;

	for (size_t i = 0; i < model->term_count; i++)
		cell = cell * radix_of(&model->terms[i]) + digits[i];
	number = model->spec.table->rule_of[cell] + 1.0;
	return (struct wn_step){.depth = 1,
		.label = "rule",
		.term = WN_NO_TERM,
		.value = number,
		.lowest = number,
		.highest = number,
		.assumed = assumed};
}

/* `digit` is what the unknown has been settled to. */
static struct wn_step trace_input(
	const struct wn_term *term, size_t t, double value, uint32_t digit)
{
	struct wn_step step = {.depth = 1, .label = "input", .term = t};

	step.value = step.lowest = step.highest = digit == NO_ENDS ? NAN : (double)digit;
	if (!isnan(wn_term_value(term, value)) || digit == NO_ENDS)
		return step;
	step.assumed = true;
	if (term->unknown == WN_UNKNOWN_SPAN) {
		step.lowest = 0.0;
		step.highest = term->upper;
	}
	return step;
}

static size_t trace(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	double now_s, struct wn_scored scored, struct wn_step *out, size_t room)
{
	const struct wn_decision_table *table = model->spec.table;
	struct wn_step steps[2 + WN_TABLE_MAX_INPUTS];
	uint32_t digits[WN_TABLE_MAX_INPUTS];
	bool excluded = false, assumed = false;
	size_t count = 0;

	(void)now_s;
	for (size_t i = 0; i < model->term_count; i++) {
		const struct wn_term *term = &model->terms[i];
		double value = wn_term_value(term, wn_value(rows, row, term->column));

		digits[i] = digit_of(term, value, unknown_digit(term));
		excluded = excluded || digits[i] == NO_ENDS;
		assumed = assumed || isnan(value);
	}
	steps[count++] = (struct wn_step){
		.label = excluded ? "no outcome"
				  : table->outcomes[table->worst[ends_of(model, digits)]].name,
		.term = WN_NO_TERM,
		.value = scored.score,
		.lowest = scored.lowest,
		.highest = scored.highest};
	if (!excluded) {
		settle_unknowns(model, digits);
		steps[count++] = trace_rule(model, digits, assumed);
	}
	for (size_t i = 0; i < model->term_count; i++)
		steps[count++] = trace_input(&model->terms[i], i,
			wn_value(rows, row, model->terms[i].column), digits[i]);
	count = count < room ? count : room;
	memcpy(out, steps, count * sizeof(*out));
	return count;
}

const struct wn_model_kind wn_kind_decision_table = {
	.name = "decision_table",
	.traits = traits,
	.check = check,
	.range = range,
	.score_rows = score_rows,
	.trace = trace,
};

/*
 * Decision tables from bytes: whatever the rules, wn_table_fill finds exactly the combinations that
 * none or several of them cover, and lays out a sound table as a search through all combinations
 * would. Ends the program where it does not.
 *
 * `make fuzz` runs it; the unit test engine/test_fuzz_table runs the corpus and bytes at random.
 *
 * Bytes: inputs, a radix each, outcomes, how many faults to hear of, then rules: an outcome, and a
 * byte of values for each input.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "winnow/decision_table.h"

enum {
	FUZZ_INPUTS = 4,
	FUZZ_RADIX = 6,
	FUZZ_RULES = 24,
	FUZZ_OUTCOMES = 5,
	FUZZ_CELLS = FUZZ_RADIX * FUZZ_RADIX * FUZZ_RADIX * FUZZ_RADIX,
	FUZZ_ENDS = (FUZZ_RADIX + 1) * (FUZZ_RADIX + 1) * (FUZZ_RADIX + 1) * (FUZZ_RADIX + 1),
};

struct fuzz_table {
	size_t inputs;
	uint16_t radices[FUZZ_INPUTS];
	struct wn_outcome outcomes[FUZZ_OUTCOMES];
	uint64_t when[FUZZ_RULES][FUZZ_INPUTS];
	struct wn_table_rule rules[FUZZ_RULES];
	struct wn_decision_table table;
	size_t heard, patience;
	uint16_t rule_of[FUZZ_CELLS], worst[FUZZ_ENDS], best[FUZZ_ENDS];
};

struct fuzz_bytes {
	const uint8_t *at;
	size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t fuzz_byte(struct fuzz_bytes *bytes)
{
	if (bytes->left == 0)
		return 0;
	bytes->left--;
	return *bytes->at++;
}

static void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

static void fuzz_read(struct fuzz_table *t, struct fuzz_bytes bytes)
{
	static const double scores[FUZZ_OUTCOMES] = {2, -1, 7, 0.5, 3};
	size_t rules = 0, outcomes;

	t->inputs = 1 + fuzz_byte(&bytes) % FUZZ_INPUTS;
	for (size_t i = 0; i < t->inputs; i++)
		t->radices[i] = (uint16_t)(1 + fuzz_byte(&bytes) % FUZZ_RADIX);
	outcomes = 1 + fuzz_byte(&bytes) % FUZZ_OUTCOMES;
	for (size_t o = 0; o < outcomes; o++)
		t->outcomes[o] = (struct wn_outcome){"outcome", scores[o]};
	t->patience = fuzz_byte(&bytes);
	for (; bytes.left > 0 && rules < FUZZ_RULES; rules++) {
		t->rules[rules].outcome = (uint16_t)(fuzz_byte(&bytes) % outcomes);
		t->rules[rules].when = t->when[rules];
		for (size_t i = 0; i < t->inputs; i++)
			t->when[rules][i] = fuzz_byte(&bytes);
	}
	t->table = (struct wn_decision_table){.outcomes = t->outcomes,
		.outcome_count = outcomes,
		.rules = t->rules,
		.rule_count = rules};
}

static bool fuzz_covers(const struct fuzz_table *t, size_t rule, const uint16_t *values)
{
	for (size_t i = 0; i < t->inputs; i++) {
		if (!(t->when[rule][i] >> values[i] & 1))
			return false;
	}
	return true;
}

/* The digits of a combination's number. */
static void fuzz_values(const struct fuzz_table *t, size_t number, size_t extra, uint16_t *values)
{
	for (size_t i = t->inputs; i-- > 0;) {
		values[i] = (uint16_t)(number % (t->radices[i] + extra));
		number /= t->radices[i] + extra;
	}
}

static bool fuzz_hear(void *self, const uint16_t *values, size_t rule_a, size_t rule_b)
{
	struct fuzz_table *t = self;

	if (rule_a == WN_CELL_HOLE) {
		fuzz_must(rule_b == WN_CELL_HOLE);
		for (size_t r = 0; r < t->table.rule_count; r++)
			fuzz_must(!fuzz_covers(t, r, values));
	} else {
		fuzz_must(rule_a < rule_b && rule_b < t->table.rule_count);
		fuzz_must(fuzz_covers(t, rule_a, values) && fuzz_covers(t, rule_b, values));
		for (size_t r = 0; r < rule_a; r++)
			fuzz_must(!fuzz_covers(t, r, values));
	}
	t->heard++;
	return t->heard <= t->patience;
}

/* One fault for a hole, one for each rule too many. */
static size_t fuzz_count_faults(const struct fuzz_table *t, size_t cells)
{
	size_t faults = 0;

	for (size_t cell = 0; cell < cells; cell++) {
		uint16_t values[FUZZ_INPUTS];
		size_t covering = 0;

		fuzz_values(t, cell, 0, values);
		for (size_t r = 0; r < t->table.rule_count; r++)
			covering += fuzz_covers(t, r, values);
		faults += covering == 0 ? 1 : covering - 1;
	}
	return faults;
}

/* Looks through all cells that an end stands for. */
static void fuzz_check_end(const struct fuzz_table *t, size_t cells, size_t end)
{
	uint16_t pattern[FUZZ_INPUTS], values[FUZZ_INPUTS];
	double least = 1e9, greatest = -1e9;

	fuzz_values(t, end, 1, pattern);
	for (size_t cell = 0; cell < cells; cell++) {
		bool fits = true;
		double score = t->outcomes[t->rules[t->rule_of[cell]].outcome].score;

		fuzz_values(t, cell, 0, values);
		for (size_t i = 0; i < t->inputs; i++)
			fits = fits && (pattern[i] == t->radices[i] || pattern[i] == values[i]);
		if (!fits)
			continue;
		fuzz_must(fuzz_covers(t, t->rule_of[cell], values));
		least = score < least ? score : least;
		greatest = score > greatest ? score : greatest;
	}
	fuzz_must(t->outcomes[t->worst[end]].score == least);
	fuzz_must(t->outcomes[t->best[end]].score == greatest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_table *t = calloc(1, sizeof(*t));
	size_t cells, ends, faults, expected;

	if (!t)
		return 0;
	fuzz_read(t, (struct fuzz_bytes){data, size});
	cells = wn_table_cells(t->radices, t->inputs);
	ends = wn_table_ends(t->radices, t->inputs);
	fuzz_must(cells > 0 && cells <= FUZZ_CELLS && ends > cells && ends <= FUZZ_ENDS);
	faults = wn_table_fill(
		&t->table, t->radices, t->inputs, t->rule_of, t->worst, t->best, fuzz_hear, t);
	expected = fuzz_count_faults(t, cells);
	fuzz_must(faults == t->heard);
	fuzz_must(faults == (expected <= t->patience ? expected : t->patience + 1));
	for (size_t end = 0; faults == 0 && end < ends; end++)
		fuzz_check_end(t, cells, end);
	free(t);
	return 0;
}

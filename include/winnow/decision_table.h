/*
 * The model kind "decision_table": categorical inputs → outcome. Part of libwinnow, the pure engine
 * (see model.h). The inputs are the model's terms: category or boolean features, whose values are
 * 0 … upper.
 *
 * A table is complete and non-overlapping: each combination of values is covered by exactly one
 * rule. An unknown input spans its values: the worst outcome of all combinations that it allows is
 * the score, the best is the highest; both are reached (exact).
 */
#ifndef WINNOW_DECISION_TABLE_H
#define WINNOW_DECISION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WN_TABLE_MAX_INPUTS = 12,
	WN_TABLE_MAX_VALUES = 64,   /* of one input */
	WN_TABLE_MAX_CELLS = 65536, /* combinations of known values */
	WN_TABLE_MAX_ENDS = 262144, /* combinations, unknown counted as one more value each */
	WN_TABLE_MAX_OUTCOMES = 64,
	WN_CELL_HOLE = 0xffff,
};

struct wn_outcome {
	const char *name;
	double score; /* finite, each another; more is more urgent */
};

/* when[i] is the set of values of input i for which the rule speaks, as bits; never 0. */
struct wn_table_rule {
	const uint64_t *when;
	uint16_t outcome;
};

/* A combination's cell is the mixed-radix number of its values, the first input most significant. */
struct wn_decision_table {
	const struct wn_outcome *outcomes;
	size_t outcome_count;
	const struct wn_table_rule *rules;
	size_t rule_count; /* < WN_CELL_HOLE */
	/* Filled by wn_table_fill: */
	const uint16_t *rule_of; /* by cell: which rule covers it */
	const uint16_t *worst; /* by combination with radix + 1 values each, the last one meaning */
	const uint16_t *best;  /* unknown: the outcome with the least and the greatest score */
};

/* How many cells and ends (with unknowns) tables over these radices have; 0 when beyond the limits
 * above. */
size_t wn_table_cells(const uint16_t *radices, size_t inputs);
size_t wn_table_ends(const uint16_t *radices, size_t inputs);

/*
 * Fills rule_of, worst and best (which have room by the two functions above) from table->rules and
 * table->outcomes. `fault` is called for each combination that no rule covers (rule_b WN_CELL_HOLE
 * and rule_a WN_CELL_HOLE), or that rule_a and rule_b both do (rule_a the first that covers it), the
 * latter first; when it returns false nothing more is looked for. Returns the number of faults found;
 * worst and best are filled only when there is none. Rules have an outcome that there is; values
 * beyond the radix are not looked at.
 */
size_t wn_table_fill(const struct wn_decision_table *table, const uint16_t *radices, size_t inputs,
	uint16_t *rule_of, uint16_t *worst, uint16_t *best,
	bool (*fault)(void *self, const uint16_t *values, size_t rule_a, size_t rule_b),
	void *self);

#endif

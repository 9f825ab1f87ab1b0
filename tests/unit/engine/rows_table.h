/*
 * Rows made for tests: values with their evidence, teams and strengths, any of which may be
 * unknown.
 */
#ifndef WINNOW_TESTS_ENGINE_ROWS_TABLE_H
#define WINNOW_TESTS_ENGINE_ROWS_TABLE_H

#include "support.h"

#include <math.h>

enum { TABLE_COLUMNS = 12, TABLE_ROWS = 1100 };

struct rows_table {
	double values[TABLE_COLUMNS][TABLE_ROWS];
	uint8_t evidence[TABLE_COLUMNS][TABLE_ROWS];
	uint32_t team[TABLE_ROWS];
	double strength[TABLE_ROWS];
	const double *columns[TABLE_COLUMNS];
	const uint8_t *sure[TABLE_COLUMNS];
};

/* The first `rows` rows. */
static inline struct wn_rows table_rows(struct rows_table *table, size_t rows)
{
	for (size_t c = 0; c < TABLE_COLUMNS; c++) {
		table->columns[c] = table->values[c];
		table->sure[c] = table->evidence[c];
	}
	return (struct wn_rows){.rows = rows,
		.columns = table->columns,
		.column_count = TABLE_COLUMNS,
		.evidence = table->sure,
		.words[WN_TEAM] = table->team,
		.numbers[WN_STRENGTH] = table->strength};
}

static inline void table_copy_row(
	struct rows_table *to, size_t at, const struct rows_table *from, size_t row)
{
	for (size_t c = 0; c < TABLE_COLUMNS; c++) {
		to->values[c][at] = from->values[c][row];
		to->evidence[c][at] = from->evidence[c][row];
	}
	to->team[at] = from->team[row];
	to->strength[at] = from->strength[row];
}

/* Who said it, whether or not there is a value: nobody, a measurement, one of three principals. */
static inline void table_random_facts(struct rows_table *table, size_t rows, uint64_t *random)
{
	for (size_t row = 0; row < rows; row++) {
		for (size_t c = 0; c < TABLE_COLUMNS; c++)
			table->evidence[c][row] = (uint8_t)test_below(random, 6);
		if (test_below(random, 50) == 0)
			table->evidence[0][row] = table->evidence[1][row] = WN_ASSERTED_LAST;
		table->team[row] = (uint32_t)test_below(random, 5);
		table->strength[row] = test_below(random, 8) ? 8 * test_unit(random) - 4 : NAN;
	}
}

static inline bool same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

static inline struct wn_term random_term(uint64_t *random, uint32_t column)
{
	double scale = ldexp(1, (int)test_below(random, 60) - 30);
	double lower = (test_unit(random) - 0.5) * scale;
	double upper = lower + (test_unit(random) + 0x1p-40) * scale;

	return (struct wn_term){
		.column = column,
		.weight = test_below(random, 8) ? test_unit(random) * 10 : 0,
		.lower = lower,
		.upper = upper,
		.lower_is_better = test_below(random, 2),
		.scale = test_below(random, 2) ? WN_SCALE_UNIT : WN_SCALE_VALUE,
		.unknown = (enum wn_unknown)(test_below(random, 20) ? test_below(random, 2) : 2),
		.fallback = lower + (upper - lower) / 2,
	};
}

/* Contributes nothing that is negative, and something that matters. */
static inline struct wn_term random_gain(uint64_t *random, uint32_t column)
{
	struct wn_term term = random_term(random, column);

	term.lower = (double)test_below(random, 3);
	term.upper = term.lower + 1 + test_unit(random);
	term.weight = 1 + (double)test_below(random, 4) + test_unit(random);
	term.fallback = term.lower + (term.upper - term.lower) / 2;
	return term;
}

static inline double random_value(uint64_t *random, const struct wn_term *term)
{
	switch (test_below(random, 12)) {
	case 0: return NAN;
	case 1: return INFINITY;
	case 2: return -INFINITY;
	case 3: return term->lower;
	case 4: return term->upper;
	case 5: return -0.0;
	default:
		return term->lower + (term->upper - term->lower) * (1.5 * test_unit(random) - 0.25);
	}
}

static const struct wn_band one_band[] = {{"all", -INFINITY}};

/* Notes the pointers of faults, with a blank between them. */
struct found {
	char pointers[2048];
};

static inline void note_fault(void *self, const char *pointer, const char *detail)
{
	struct found *found = self;
	size_t used = strlen(found->pointers);

	assert_true(strlen(detail) > 0);
	snprintf(found->pointers + used, sizeof(found->pointers) - used, "%s%s", used ? " " : "",
		pointer);
}

static inline void check_finds(const struct wn_model *model, size_t count, const char *pointers)
{
	struct found found = {0};
	size_t faults = wn_model_check(model, note_fault, &found);

	assert_string_equal(found.pointers, pointers);
	assert_int_equal(faults, count);
}

#endif

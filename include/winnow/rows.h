/*
 * Rows: what the engine sees of items. Columns of numbers, no strings: whoever makes the rows gives
 * each word (stream, team, label …) a number, its symbol, the same for the same word throughout a
 * population. Part of libwinnow, the pure engine: no I/O, no clock, no globals.
 *
 * Unknown numbers are NaN, absent words are WN_NO_SYMBOL. Times are seconds since
 * 1970-01-01T00:00:00Z.
 */
#ifndef WINNOW_ROWS_H
#define WINNOW_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* WN_UNSEEN_SYMBOL: a word of a model or a policy that no row has; it equals nothing. */
enum { WN_ROW_NONE = 0xffffffff, WN_NO_SYMBOL = 0, WN_UNSEEN_SYMBOL = 0xffffffff };

/* Facts that are words. */
enum wn_word {
	WN_STREAM,
	WN_KIND,
	WN_STATUS,
	WN_TEAM,
	WN_SOURCE,
	WN_ASSIGNEE, /* its symbol says who is the same person, not who it is */
	WN_WORDS
};

/* Facts that are numbers. */
enum wn_number {
	WN_CREATED,  /* s */
	WN_UPDATED,  /* s */
	WN_DUE,      /* s */
	WN_ESTIMATE, /* days */
	WN_SLA_LEFT, /* hours as of the ranking's time, negative when breached; unknown without a rule */
	WN_STRENGTH, /* of recorded comparisons (pairwise.h): log odds, 0 is the average item */
	WN_STRENGTH_ERROR, /* its standard error */
	WN_NUMBERS
};

/* Personal text, of which only its being there is seen: bits of wn_rows.texts. */
enum wn_text { WN_TITLE = 1, WN_BODY = 2, WN_URL = 4, WN_ASSIGNEE_TEXT = 8, WN_REPORTER = 16 };

/* How sure a value is, a byte beside it. From WN_ASSERTED on it is a claim: WN_ASSERTED + p, where p
 * tells the principals of one row's claims apart (token and source that the server saw; the number
 * means nothing beyond the row). */
enum wn_evidence { WN_UNSAID, WN_MEASURED, WN_ESTIMATED, WN_ASSERTED, WN_ASSERTED_LAST = 255 };

/* A run of rows. Any pointer may be NULL: then nothing of it is known in these rows. */
struct wn_rows {
	size_t rows;
	const double *const *columns;   /* [c][row]; a NULL column is unknown throughout */
	size_t column_count;            /* columns beyond are unknown */
	const uint8_t *const *evidence; /* [c][row], enum wn_evidence; a NULL column is WN_UNSAID */
	const uint32_t *words[WN_WORDS];
	const double *numbers[WN_NUMBERS];
	const uint8_t *texts;        /* bits of enum wn_text */
	const uint32_t *label_start; /* rows + 1 of them: labels[label_start[row]] … */
	const uint32_t *labels;      /* symbols */
};

/* A column from here on is a fact: WN_FACT_COLUMNS + enum wn_number. So a model's input may read a number
 * of the item as it reads a feature. Features have fewer columns. */
enum { WN_FACT_COLUMNS = 1 << 16 };

/* NULL: unknown throughout. */
static inline const double *wn_column(const struct wn_rows *rows, size_t column)
{
	if (column < rows->column_count)
		return rows->columns[column];
	if (column < WN_FACT_COLUMNS || column - WN_FACT_COLUMNS >= WN_NUMBERS)
		return NULL;
	return rows->numbers[column - WN_FACT_COLUMNS];
}

static inline double wn_value(const struct wn_rows *rows, size_t row, size_t column)
{
	const double *x = wn_column(rows, column);

	return x ? x[row] : __builtin_nan("");
}

/* Of a fact nobody says how sure it is. */
static inline uint8_t wn_value_evidence(const struct wn_rows *rows, size_t row, size_t column)
{
	const uint8_t *x =
		rows->evidence && column < rows->column_count ? rows->evidence[column] : NULL;

	return x ? x[row] : (uint8_t)WN_UNSAID;
}

static inline double wn_number_of(const struct wn_rows *rows, size_t row, enum wn_number which)
{
	return rows->numbers[which] ? rows->numbers[which][row] : __builtin_nan("");
}

static inline uint32_t wn_word_of(const struct wn_rows *rows, size_t row, enum wn_word which)
{
	return rows->words[which] ? rows->words[which][row] : (uint32_t)WN_NO_SYMBOL;
}

struct wn_edge {
	uint32_t blocked; /* row that waits … */
	uint32_t blocker; /* … for this row */
};

/* All items of a workspace at one revision. Rows are numbered through the blocks; each block but the
 * last has block_rows of them. */
struct wn_population {
	size_t rows; /* < 2^32 - 1 */
	const struct wn_rows *blocks;
	size_t block_count;
	size_t block_rows;
	const uint8_t *candidate; /* 1: open or in progress, to be ranked unless excluded */
	const int64_t *first_revision;
	const unsigned char (*id)[16];
	const struct wn_edge *edges; /* those with an end that is no row order nothing */
	size_t edge_count;           /* < 2^32 - 1 */
};

static inline const struct wn_rows *wn_block_of(
	const struct wn_population *population, uint32_t row, size_t *at)
{
	*at = row % population->block_rows;
	return &population->blocks[row / population->block_rows];
}

#endif

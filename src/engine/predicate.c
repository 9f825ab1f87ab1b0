/*
 * Predicates: which rows a rule speaks of. Each test looks at one column, 64 rows at a time, and
 * packs the answers into a word of bits; `all`, `any` and `not` are then operations on words. No
 * loop over rows has a branch in it, so the cost of a test does not depend on the data; only where a
 * long list is looked into, a value that might be in it takes a few steps more.
 */
#include "winnow/policy.h"

#include <math.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "NaN means unknown: build without -ffast-math"
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
	WORD_ROWS = 64,
	CHUNK_WORDS = 64, /* evaluated at once: what each level of a predicate keeps on the stack */
	SECONDS_PER_DAY = 86400,
	SHORT_LIST = 16, /* so many values are sooner compared one after the other than searched */
	FILTER_BITS = 32768,
};

/* ---- is it sound? ---- */

static bool is_group(enum wn_test_op op)
{
	return op == WN_ALL || op == WN_ANY || op == WN_NOT;
}

static bool is_presence(enum wn_test_op op)
{
	return op == WN_MISSING || op == WN_PRESENT;
}

static bool is_numeric(enum wn_operand_kind of)
{
	return of == WN_OF_FEATURE || of == WN_OF_NUMBER || of == WN_OF_AGE_DAYS ||
	       of == WN_OF_DAYS_TO_DUE || of == WN_OF_DAYS_TO;
}

static const char *operand_fault(const struct wn_test *test)
{
	switch (test->of) {
	case WN_OF_WORD: return test->index < WN_WORDS ? NULL : "there is no such word";
	case WN_OF_NUMBER: return test->index < WN_NUMBERS ? NULL : "there is no such number";
	case WN_OF_TEXT:
		if (test->index == 0 || test->index > WN_REPORTER ||
			(test->index & (test->index - 1)) != 0)
			return "there is no such text";
		return NULL;
	case WN_OF_FEATURE:
	case WN_OF_LABELS:
	case WN_OF_AGE_DAYS:
	case WN_OF_DAYS_TO_DUE:
	case WN_OF_DAYS_TO: return NULL;
	}
	return "there is no such operand";
}

static const char *operator_fault(const struct wn_test *test)
{
	switch (test->op) {
	case WN_EQ:
	case WN_NE:
	case WN_IN:
		if (test->of == WN_OF_LABELS || test->of == WN_OF_TEXT)
			return "the operator does not fit the operand";
		return NULL;
	case WN_LT:
	case WN_LE:
	case WN_GT:
	case WN_GE: return is_numeric(test->of) ? NULL : "only numbers and times have an order";
	case WN_CONTAINS: return test->of == WN_OF_LABELS ? NULL : "only labels can contain a word";
	case WN_MISSING:
	case WN_PRESENT: return NULL;
	case WN_ALL:
	case WN_ANY:
	case WN_NOT: break;
	}
	return "there is no such operator";
}

static const char *values_fault(const struct wn_test *test)
{
	bool list = test->op == WN_IN || test->op == WN_CONTAINS;
	bool numeric = is_numeric(test->of);

	if (is_presence(test->op))
		return NULL;
	if (list && (test->count == 0 || test->count > WN_PREDICATE_MAX_LIST))
		return "a list has 1 to 1024 values";
	if (!list && test->count != 1)
		return "a comparison has one value";
	if (numeric ? !test->numbers : !test->symbols)
		return "the values are not there";
	for (size_t i = 0; i < test->count; i++) {
		if (numeric && !isfinite(test->numbers[i]))
			return "a value must be a finite number";
		if (!numeric && test->symbols[i] == WN_NO_SYMBOL)
			return "a value must be a word";
	}
	return NULL;
}

static const char *leaf_fault(const struct wn_test *test)
{
	const char *fault = operand_fault(test);

	if (!fault)
		fault = operator_fault(test);
	return fault ? fault : values_fault(test);
}

/* *at is the test to look at; behind its subtree afterwards, where that is sound. */
static const char *check_tree(const struct wn_test *tests, size_t count, unsigned depth, size_t *at)
{
	size_t first = *at;
	const struct wn_test *test = &tests[first];
	const char *fault;

	if (depth > WN_PREDICATE_MAX_DEPTH)
		return "a predicate is at most 16 levels deep";
	if (!is_group(test->op)) {
		if (test->size != 1)
			return "the size is not that of the subtree";
		fault = leaf_fault(test);
		if (!fault)
			++*at;
		return fault;
	}
	if (test->op == WN_NOT && test->children != 1)
		return "`not` has one child";
	++*at;
	for (uint32_t i = 0; i < test->children; i++) {
		if (*at >= count) {
			*at = first;
			return "there are fewer children than said";
		}
		fault = check_tree(tests, count, depth + 1, at);
		if (fault)
			return fault;
	}
	if (test->size == *at - first)
		return NULL;
	*at = first;
	return "the size is not that of the subtree";
}

const char *wn_predicate_check(const struct wn_test *tests, size_t count, size_t *at)
{
	const char *fault;

	*at = 0;
	if (count == 0)
		return "a predicate has at least one test";
	if (count > WN_PREDICATE_MAX_TESTS)
		return "a predicate has at most 256 tests";
	fault = check_tree(tests, count, 1, at);
	if (fault)
		return fault;
	return *at == count ? NULL : "there are tests behind the end";
}

/* ---- 64 rows at once ---- */

/* Vector types, since compilers at their usual settings leave such loops scalar. */
typedef double pair __attribute__((vector_size(16)));
typedef uint64_t pair_bits __attribute__((vector_size(16)));
typedef uint32_t quad __attribute__((vector_size(16)));

/* A bit per row; `op` is a literal where this is inlined. NaN fulfils MISSING alone. */
static ALWAYS_INLINE uint64_t pack_numbers(const double *x, double value, enum wn_test_op op)
{
	pair_bits packed = {0, 0}, bits = {1, 2};
	const pair limit = {value, value};

	for (unsigned i = 0; i < WORD_ROWS; i += 2) {
		pair_bits is = {0, 0};
		pair v;

		memcpy(&v, x + i, sizeof v);
		switch (op) {
		case WN_EQ: is = (pair_bits)(v == limit); break;
		case WN_NE: is = (pair_bits)((v < limit) | (v > limit)); break;
		case WN_LT: is = (pair_bits)(v < limit); break;
		case WN_LE: is = (pair_bits)(v <= limit); break;
		case WN_GT: is = (pair_bits)(v > limit); break;
		case WN_GE: is = (pair_bits)(v >= limit); break;
		case WN_MISSING: is = (pair_bits)(v != v); break;
		default: is = (pair_bits)(v == v); break;
		}
		packed |= is & bits;
		bits <<= 2;
	}
	return packed[0] | packed[1];
}

/* Rows whose number is in the list. The steps are the same for each number; NaN ends at none. */
static uint64_t search_numbers(const struct wn_test *test, const double *x)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < WORD_ROWS; i++) {
		const double *at = test->numbers;

		for (size_t left = test->count; left > 1; left -= left / 2)
			at += left / 2 & -(size_t)(at[left / 2 - 1] < x[i]);
		bits |= (uint64_t)(*at == x[i]) << i;
	}
	return bits;
}

static uint64_t number_bits(const struct wn_test *test, const double *x)
{
	uint64_t bits = 0;

	switch (test->op) {
	case WN_EQ: return pack_numbers(x, test->numbers[0], WN_EQ);
	case WN_NE: return pack_numbers(x, test->numbers[0], WN_NE);
	case WN_LT: return pack_numbers(x, test->numbers[0], WN_LT);
	case WN_LE: return pack_numbers(x, test->numbers[0], WN_LE);
	case WN_GT: return pack_numbers(x, test->numbers[0], WN_GT);
	case WN_GE: return pack_numbers(x, test->numbers[0], WN_GE);
	case WN_MISSING: return pack_numbers(x, 0, WN_MISSING);
	case WN_PRESENT: return pack_numbers(x, 0, WN_PRESENT);
	default: break;
	}
	if (test->count > SHORT_LIST)
		return search_numbers(test, x);
	for (size_t i = 0; i < test->count; i++)
		bits |= pack_numbers(x, test->numbers[i], WN_EQ);
	return bits;
}

/* The symbols of a list. */
struct symbol_set {
	const uint32_t *sorted;
	size_t count;
	uint64_t filter[FILTER_BITS / 64]; /* by the low bits of a symbol: whether one is listed */
};

static void symbol_set_init(struct symbol_set *set, const struct wn_test *test)
{
	*set = (struct symbol_set){.sorted = test->symbols, .count = test->count};
	for (size_t i = 0; i < test->count; i++) {
		uint32_t low = test->symbols[i] % FILTER_BITS;

		set->filter[low / 64] |= UINT64_C(1) << low % 64;
	}
}

static inline bool symbol_set_has(const struct symbol_set *set, uint32_t symbol)
{
	uint32_t low = symbol % FILTER_BITS;
	const uint32_t *at = set->sorted;

	if (!(set->filter[low / 64] >> low % 64 & 1))
		return false;
	for (size_t left = set->count; left > 1; left -= left / 2)
		at += left / 2 & -(size_t)(at[left / 2 - 1] < symbol);
	return *at == symbol;
}

/* Rows whose word is `symbol`. */
static ALWAYS_INLINE uint64_t pack_words(const uint32_t *x, uint32_t symbol)
{
	const quad wanted = {symbol, symbol, symbol, symbol};
	uint64_t halves[2];

	for (unsigned half = 0; half < 2; half++) {
		quad packed = {0, 0, 0, 0}, bits = {1, 2, 4, 8};

		for (unsigned i = 0; i < 32; i += 4) {
			quad v;

			memcpy(&v, x + 32 * half + i, sizeof v);
			packed |= (quad)(v == wanted) & bits;
			bits <<= 4;
		}
		halves[half] = packed[0] | packed[1] | packed[2] | packed[3];
	}
	return halves[0] | halves[1] << 32;
}

static uint64_t word_bits(const struct wn_test *test, const uint32_t *x)
{
	uint64_t missing, bits = 0;

	switch (test->op) {
	case WN_MISSING: return pack_words(x, WN_NO_SYMBOL);
	case WN_PRESENT: return ~pack_words(x, WN_NO_SYMBOL);
	case WN_NE:
		missing = pack_words(x, WN_NO_SYMBOL);
		return ~(pack_words(x, test->symbols[0]) | missing);
	default: break;
	}
	for (size_t i = 0; i < test->count; i++)
		bits |= pack_words(x, test->symbols[i]);
	return bits;
}

/* ---- a chunk of rows ---- */

/* Words of rows from `start` on. The last word's rows may end early; what its bits beyond say is
 * cleared once, at the very end. */
struct chunk {
	const struct wn_rows *rows;
	double now_s;
	size_t start;
	size_t words;
};

static size_t rows_of_word(const struct chunk *chunk, size_t word)
{
	size_t left = chunk->rows->rows - chunk->start - word * WORD_ROWS;

	return left < WORD_ROWS ? left : (size_t)WORD_ROWS;
}

static void set_all(const struct chunk *chunk, uint64_t bits, uint64_t *out)
{
	for (size_t w = 0; w < chunk->words; w++)
		out[w] = bits;
}

static const double *source_of(const struct wn_test *test, const struct wn_rows *rows)
{
	switch (test->of) {
	case WN_OF_NUMBER: return rows->numbers[test->index];
	case WN_OF_AGE_DAYS: return rows->numbers[WN_CREATED];
	case WN_OF_DAYS_TO_DUE: return rows->numbers[WN_DUE];
	default: return test->index < rows->column_count ? rows->columns[test->index] : NULL;
	}
}

/* In days, since or until now; an age is never negative, NaN stays NaN. */
static void make_days(double x[WORD_ROWS], double now_s, bool age)
{
	const pair now = {now_s, now_s}, day = {SECONDS_PER_DAY, SECONDS_PER_DAY};

	for (unsigned i = 0; i < WORD_ROWS; i += 2) {
		pair v;

		memcpy(&v, x + i, sizeof v);
		if (age) {
			v = (now - v) / day;
			v = (pair)((pair_bits)v & ~(pair_bits)(v < 0.0));
		} else {
			v = (v - now) / day;
		}
		memcpy(x + i, &v, sizeof v);
	}
}

/* The values of a word's rows: the column itself, or what is made of it. */
static const double *values_of(const struct wn_test *test, const struct chunk *chunk,
	const double *x, size_t rows, double made[WORD_ROWS])
{
	bool stored = test->of == WN_OF_FEATURE || test->of == WN_OF_NUMBER;

	if (stored && rows == WORD_ROWS)
		return x;
	memcpy(made, x, rows * sizeof *x);
	for (size_t i = rows; i < WORD_ROWS; i++)
		made[i] = NAN;
	if (!stored)
		make_days(made, chunk->now_s, test->of == WN_OF_AGE_DAYS);
	return made;
}

static void test_numbers(const struct wn_test *test, const struct chunk *chunk, uint64_t *out)
{
	const double *x = source_of(test, chunk->rows);
	double made[WORD_ROWS];

	if (!x) {
		set_all(chunk, test->op == WN_MISSING ? UINT64_MAX : 0, out);
		return;
	}
	x += chunk->start;
	for (size_t w = 0; w < chunk->words; w++, x += WORD_ROWS)
		out[w] = number_bits(test, values_of(test, chunk, x, rows_of_word(chunk, w), made));
}

/* Rows whose word is in a long list. */
static void search_words(
	const struct wn_test *test, const struct chunk *chunk, const uint32_t *x, uint64_t *out)
{
	struct symbol_set set;

	symbol_set_init(&set, test);
	for (size_t w = 0; w < chunk->words; w++, x += WORD_ROWS) {
		size_t rows = rows_of_word(chunk, w);

		out[w] = 0;
		for (size_t i = 0; i < rows; i++)
			out[w] |= (uint64_t)symbol_set_has(&set, x[i]) << i;
	}
}

static void test_words(const struct wn_test *test, const struct chunk *chunk, uint64_t *out)
{
	const uint32_t *x = chunk->rows->words[test->index];
	uint32_t padded[WORD_ROWS] = {0};

	if (!x) {
		set_all(chunk, test->op == WN_MISSING ? UINT64_MAX : 0, out);
		return;
	}
	x += chunk->start;
	if (test->op == WN_IN && test->count > SHORT_LIST) {
		search_words(test, chunk, x, out);
		return;
	}
	for (size_t w = 0; w < chunk->words; w++, x += WORD_ROWS) {
		size_t rows = rows_of_word(chunk, w);

		if (rows < WORD_ROWS)
			memcpy(padded, x, rows * sizeof *x);
		out[w] = word_bits(test, rows < WORD_ROWS ? padded : x);
	}
}

static void test_texts(const struct wn_test *test, const struct chunk *chunk, uint64_t *out)
{
	const uint8_t *x = chunk->rows->texts;
	uint64_t flip = test->op == WN_MISSING ? UINT64_MAX : 0;

	if (!x) {
		set_all(chunk, flip, out);
		return;
	}
	x += chunk->start;
	for (size_t w = 0; w < chunk->words; w++, x += WORD_ROWS) {
		size_t rows = rows_of_word(chunk, w);
		uint64_t bits = 0;

		for (size_t i = 0; i < rows; i++)
			bits |= (uint64_t)((x[i] & test->index) != 0) << i;
		out[w] = bits ^ flip;
	}
}

/* Rows that have the label. Labels lie in the order of their rows, and most are another one. */
static uint64_t label_bits(
	const uint32_t *labels, const uint32_t *start, size_t rows, uint32_t symbol)
{
	uint64_t bits = 0;
	size_t row = 0;

	for (size_t i = start[0]; i < start[rows]; i++) {
		if (labels[i] != symbol)
			continue;
		while (start[row + 1] <= i)
			row++;
		bits |= UINT64_C(1) << row;
	}
	return bits;
}

/* The same for any of a list. */
static uint64_t listed_bits(
	const uint32_t *labels, const uint32_t *start, size_t rows, const struct symbol_set *set)
{
	uint64_t bits = 0;
	size_t row = 0;

	for (size_t i = start[0]; i < start[rows]; i++) {
		if (!symbol_set_has(set, labels[i]))
			continue;
		while (start[row + 1] <= i)
			row++;
		bits |= UINT64_C(1) << row;
	}
	return bits;
}

static uint64_t labelled_bits(const uint32_t *start, size_t rows)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < rows; i++)
		bits |= (uint64_t)(start[i] != start[i + 1]) << i;
	return bits;
}

static void test_contains(const struct wn_test *test, const struct chunk *chunk, uint64_t *out)
{
	const uint32_t *start = chunk->rows->label_start + chunk->start;
	const uint32_t *labels = chunk->rows->labels;
	bool one = test->count == 1;
	struct symbol_set set;

	if (!one)
		symbol_set_init(&set, test);
	for (size_t w = 0; w < chunk->words; w++, start += WORD_ROWS) {
		size_t rows = rows_of_word(chunk, w);

		out[w] = one ? label_bits(labels, start, rows, test->symbols[0])
			     : listed_bits(labels, start, rows, &set);
	}
}

static void test_labels(const struct wn_test *test, const struct chunk *chunk, uint64_t *out)
{
	const uint32_t *start = chunk->rows->label_start;
	uint64_t flip = test->op == WN_MISSING ? UINT64_MAX : 0;

	if (!start || !chunk->rows->labels) {
		set_all(chunk, flip, out);
		return;
	}
	if (test->op == WN_CONTAINS) {
		test_contains(test, chunk, out);
		return;
	}
	start += chunk->start;
	for (size_t w = 0; w < chunk->words; w++, start += WORD_ROWS)
		out[w] = labelled_bits(start, rows_of_word(chunk, w)) ^ flip;
}

static bool all_are(const struct chunk *chunk, const uint64_t *bits, uint64_t value)
{
	uint64_t differ = 0;

	for (size_t w = 0; w < chunk->words; w++)
		differ |= bits[w] ^ value;
	return differ == 0;
}

static void evaluate(const struct wn_test *test, const struct chunk *chunk, uint64_t *out);

static void evaluate_group(const struct wn_test *test, const struct chunk *chunk, uint64_t *out)
{
	uint64_t part[CHUNK_WORDS];
	bool all = test->op == WN_ALL;
	uint64_t settled = all ? 0 : UINT64_MAX;
	const struct wn_test *child = test + 1;

	set_all(chunk, ~settled, out);
	for (uint32_t i = 0; i < test->children; i++, child += child->size) {
		/* The first child has everything still to say. */
		if (i == 0) {
			evaluate(child, chunk, out);
			continue;
		}
		if (all_are(chunk, out, settled))
			return;
		evaluate(child, chunk, part);
		for (size_t w = 0; w < chunk->words; w++)
			out[w] = all ? out[w] & part[w] : out[w] | part[w];
	}
}

static void evaluate(const struct wn_test *test, const struct chunk *chunk, uint64_t *out)
{
	switch (test->op) {
	case WN_ALL:
	case WN_ANY: evaluate_group(test, chunk, out); return;
	case WN_NOT:
		evaluate(test + 1, chunk, out);
		for (size_t w = 0; w < chunk->words; w++)
			out[w] = ~out[w];
		return;
	default: break;
	}
	switch (test->of) {
	case WN_OF_WORD: test_words(test, chunk, out); return;
	case WN_OF_TEXT: test_texts(test, chunk, out); return;
	case WN_OF_LABELS: test_labels(test, chunk, out); return;
	default: test_numbers(test, chunk, out); return;
	}
}

void wn_predicate_rows(const struct wn_test *tests, size_t count, const struct wn_rows *rows,
	double now_s, uint64_t *hits)
{
	size_t words = (rows->rows + WORD_ROWS - 1) / WORD_ROWS;

	(void)count;
	for (size_t done = 0; done < words; done += CHUNK_WORDS) {
		struct chunk chunk = {
			.rows = rows,
			.now_s = now_s,
			.start = done * WORD_ROWS,
			.words = words - done < CHUNK_WORDS ? words - done : (size_t)CHUNK_WORDS,
		};

		evaluate(tests, &chunk, hits + done);
	}
	if (rows->rows % WORD_ROWS != 0)
		hits[words - 1] &= (UINT64_C(1) << rows->rows % WORD_ROWS) - 1;
}

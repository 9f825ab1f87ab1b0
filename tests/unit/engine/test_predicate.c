/*
 * Predicates: every operator on every operand, what missing values do, which structures are
 * refused, and random predicates against an evaluation of one row at a time.
 */
#include "support.h"

#include <math.h>

#include "winnow/policy.h"

#define NOW 1000000000.0
#define DAY 86400.0

static struct wn_test leaf(enum wn_test_op op, enum wn_operand_kind of, uint32_t index)
{
	return (struct wn_test){.op = op, .size = 1, .of = of, .index = index};
}

static struct wn_test number_test(enum wn_test_op op, enum wn_operand_kind of, uint32_t index,
	const double *numbers, size_t n)
{
	struct wn_test test = leaf(op, of, index);

	test.numbers = numbers;
	test.count = n;
	return test;
}

static struct wn_test symbol_test(enum wn_test_op op, enum wn_operand_kind of, uint32_t index,
	const uint32_t *symbols, size_t n)
{
	struct wn_test test = leaf(op, of, index);

	test.symbols = symbols;
	test.count = n;
	return test;
}

/* Bits of at most 64 rows. */
static uint64_t bits_of(const struct wn_test *tests, size_t count, const struct wn_rows *rows)
{
	uint64_t hits = 0;
	size_t at;

	assert_null(wn_predicate_check(tests, count, &at));
	wn_predicate_rows(tests, count, rows, NOW, &hits);
	return hits;
}

static uint64_t bits_of_one(struct wn_test test, const struct wn_rows *rows)
{
	return bits_of(&test, 1, rows);
}

/* ---- a table by hand ---- */

static void test_numbers_by_hand(void **state)
{
	/* rows: missing, 1, 2, 3 */
	static const double column[] = {NAN, 1, 2, 3};
	static const double due[] = {NAN, NOW + DAY, NOW + 2 * DAY, NOW + 3 * DAY};
	static const double created[] = {NAN, NOW - DAY, NOW - 2 * DAY, NOW - 3 * DAY};
	static const double two[] = {2}, ends[] = {1, 3};
	static const struct {
		enum wn_test_op op;
		uint64_t bits;
	} cases[] = {
		{WN_EQ, 0x4},
		{WN_NE, 0xa},
		{WN_LT, 0x2},
		{WN_LE, 0x6},
		{WN_GT, 0x8},
		{WN_GE, 0xc},
		{WN_IN, 0xa},
		{WN_MISSING, 0x1},
		{WN_PRESENT, 0xe},
	};
	const double *columns[] = {column, due};
	struct wn_rows rows = {.rows = 4, .columns = columns, .column_count = 2};
	double instant[1] = {NOW + 2 * DAY}, instants[2] = {NOW + DAY, NOW + 3 * DAY};

	(void)state;
	rows.numbers[WN_DUE] = due;
	rows.numbers[WN_CREATED] = created;
	rows.numbers[WN_ESTIMATE] = column;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum wn_test_op op = cases[i].op;
		bool in = op == WN_IN;
		size_t n = in ? 2 : 1;
		const double *days = in ? ends : two, *times = in ? instants : instant;

		assert_int_equal(bits_of_one(number_test(op, WN_OF_FEATURE, 0, days, n), &rows),
			cases[i].bits);
		assert_int_equal(
			bits_of_one(number_test(op, WN_OF_NUMBER, WN_ESTIMATE, days, n), &rows),
			cases[i].bits);
		assert_int_equal(
			bits_of_one(number_test(op, WN_OF_NUMBER, WN_DUE, times, n), &rows),
			cases[i].bits);
		assert_int_equal(bits_of_one(number_test(op, WN_OF_AGE_DAYS, 0, days, n), &rows),
			cases[i].bits);
		assert_int_equal(bits_of_one(number_test(op, WN_OF_DAYS_TO_DUE, 0, days, n), &rows),
			cases[i].bits);
		assert_int_equal(bits_of_one(number_test(op, WN_OF_DAYS_TO, 1, days, n), &rows),
			cases[i].bits);
		/* A column that nobody has is missing throughout. */
		assert_int_equal(bits_of_one(number_test(op, WN_OF_FEATURE, 7, days, n), &rows),
			op == WN_MISSING ? 0xf : 0);
		assert_int_equal(
			bits_of_one(number_test(op, WN_OF_NUMBER, WN_UPDATED, days, n), &rows),
			op == WN_MISSING ? 0xf : 0);
	}
}

static void test_words_by_hand(void **state)
{
	static const uint32_t words[] = {WN_NO_SYMBOL, 1, 2, 3};
	static const uint32_t two[] = {2}, ends[] = {1, 3}, unseen[] = {WN_UNSEEN_SYMBOL};
	struct wn_rows rows = {.rows = 4};

	(void)state;
	for (uint32_t w = 0; w < WN_WORDS; w++) {
		rows.words[w] = words;
		assert_int_equal(
			bits_of_one(symbol_test(WN_EQ, WN_OF_WORD, w, two, 1), &rows), 0x4);
		assert_int_equal(
			bits_of_one(symbol_test(WN_NE, WN_OF_WORD, w, two, 1), &rows), 0xa);
		assert_int_equal(
			bits_of_one(symbol_test(WN_IN, WN_OF_WORD, w, ends, 2), &rows), 0xa);
		assert_int_equal(bits_of_one(leaf(WN_MISSING, WN_OF_WORD, w), &rows), 0x1);
		assert_int_equal(bits_of_one(leaf(WN_PRESENT, WN_OF_WORD, w), &rows), 0xe);
		/* A word that no row has: equal to none, unequal to all that there are. */
		assert_int_equal(
			bits_of_one(symbol_test(WN_EQ, WN_OF_WORD, w, unseen, 1), &rows), 0);
		assert_int_equal(
			bits_of_one(symbol_test(WN_NE, WN_OF_WORD, w, unseen, 1), &rows), 0xe);
		rows.words[w] = NULL;
		assert_int_equal(bits_of_one(symbol_test(WN_NE, WN_OF_WORD, w, two, 1), &rows), 0);
		assert_int_equal(bits_of_one(leaf(WN_MISSING, WN_OF_WORD, w), &rows), 0xf);
	}
}

static void test_labels_and_texts_by_hand(void **state)
{
	static const uint32_t start[] = {0, 0, 2, 3, 6}, labels[] = {5, 6, 6, 7, 8, 5};
	static const uint32_t five[] = {5}, seven[] = {7, 9}, unseen[] = {WN_UNSEEN_SYMBOL};
	static const uint8_t texts[] = {0, WN_TITLE, WN_TITLE | WN_URL, WN_REPORTER};
	struct wn_rows rows = {.rows = 4, .label_start = start, .labels = labels, .texts = texts};
	struct wn_rows bare = {.rows = 4};

	(void)state;
	assert_int_equal(
		bits_of_one(symbol_test(WN_CONTAINS, WN_OF_LABELS, 0, five, 1), &rows), 0xa);
	assert_int_equal(
		bits_of_one(symbol_test(WN_CONTAINS, WN_OF_LABELS, 0, seven, 2), &rows), 0x8);
	assert_int_equal(
		bits_of_one(symbol_test(WN_CONTAINS, WN_OF_LABELS, 0, unseen, 1), &rows), 0);
	assert_int_equal(bits_of_one(leaf(WN_MISSING, WN_OF_LABELS, 0), &rows), 0x1);
	assert_int_equal(bits_of_one(leaf(WN_PRESENT, WN_OF_LABELS, 0), &rows), 0xe);
	assert_int_equal(bits_of_one(leaf(WN_PRESENT, WN_OF_TEXT, WN_TITLE), &rows), 0x6);
	assert_int_equal(bits_of_one(leaf(WN_MISSING, WN_OF_TEXT, WN_TITLE), &rows), 0x9);
	assert_int_equal(bits_of_one(leaf(WN_PRESENT, WN_OF_TEXT, WN_REPORTER), &rows), 0x8);
	assert_int_equal(bits_of_one(symbol_test(WN_CONTAINS, WN_OF_LABELS, 0, five, 1), &bare), 0);
	assert_int_equal(bits_of_one(leaf(WN_MISSING, WN_OF_LABELS, 0), &bare), 0xf);
	assert_int_equal(bits_of_one(leaf(WN_MISSING, WN_OF_TEXT, WN_BODY), &bare), 0xf);
}

static void test_age_is_never_negative(void **state)
{
	static const double created[] = {NOW + DAY, NOW, NOW - DAY};
	static const double zero[] = {0};
	struct wn_rows rows = {.rows = 3};

	(void)state;
	rows.numbers[WN_CREATED] = created;
	assert_int_equal(bits_of_one(number_test(WN_EQ, WN_OF_AGE_DAYS, 0, zero, 1), &rows), 0x3);
	assert_int_equal(bits_of_one(number_test(WN_LT, WN_OF_AGE_DAYS, 0, zero, 1), &rows), 0);
}

/* NOT of a comparison with what is missing is true; so is `all` of nothing. */
static void test_groups(void **state)
{
	static const double column[] = {NAN, 1, 2}, one[] = {1};
	const double *columns[] = {column};
	struct wn_rows rows = {.rows = 3, .columns = columns, .column_count = 1};
	struct wn_test tests[4] = {0};

	(void)state;
	tests[0] = (struct wn_test){.op = WN_NOT, .children = 1, .size = 2};
	tests[1] = number_test(WN_EQ, WN_OF_FEATURE, 0, one, 1);
	assert_int_equal(bits_of(tests, 2, &rows), 0x5);
	tests[0] = (struct wn_test){.op = WN_ALL, .size = 1};
	assert_int_equal(bits_of(tests, 1, &rows), 0x7);
	tests[0] = (struct wn_test){.op = WN_ANY, .size = 1};
	assert_int_equal(bits_of(tests, 1, &rows), 0);
	tests[0] = (struct wn_test){.op = WN_ANY, .children = 2, .size = 4};
	tests[2] = (struct wn_test){.op = WN_ALL, .children = 1, .size = 2};
	tests[3] = leaf(WN_MISSING, WN_OF_FEATURE, 0);
	assert_int_equal(bits_of(tests, 4, &rows), 0x3);
}

/* ---- structure ---- */

static void assert_faulty(const struct wn_test *tests, size_t count, size_t at, const char *part)
{
	size_t found;
	const char *fault = wn_predicate_check(tests, count, &found);

	assert_non_null(fault);
	if (!strstr(fault, part))
		fail_msg("\"%s\" where \"%s\" was meant", fault, part);
	assert_int_equal(found, at);
}

static void test_leaf_faults(void **state)
{
	static const double one[] = {1}, infinite[] = {INFINITY}, nan[] = {NAN};
	static const uint32_t word[] = {1}, none[] = {WN_NO_SYMBOL};
	const struct {
		struct wn_test test;
		const char *part;
	} cases[] = {
		{number_test((enum wn_test_op)77, WN_OF_FEATURE, 0, one, 1), "no such operator"},
		{number_test(WN_EQ, (enum wn_operand_kind)77, 0, one, 1), "no such operand"},
		{symbol_test(WN_EQ, WN_OF_WORD, WN_WORDS, word, 1), "no such word"},
		{number_test(WN_EQ, WN_OF_NUMBER, WN_NUMBERS, one, 1), "no such number"},
		{leaf(WN_MISSING, WN_OF_TEXT, 0), "no such text"},
		{leaf(WN_MISSING, WN_OF_TEXT, 3), "no such text"},
		{leaf(WN_MISSING, WN_OF_TEXT, 32), "no such text"},
		{symbol_test(WN_LT, WN_OF_WORD, WN_TEAM, word, 1), "an order"},
		{symbol_test(WN_GE, WN_OF_LABELS, 0, word, 1), "an order"},
		{symbol_test(WN_EQ, WN_OF_LABELS, 0, word, 1), "does not fit"},
		{symbol_test(WN_IN, WN_OF_TEXT, WN_BODY, word, 1), "does not fit"},
		{symbol_test(WN_CONTAINS, WN_OF_WORD, WN_TEAM, word, 1), "only labels"},
		{number_test(WN_CONTAINS, WN_OF_FEATURE, 0, one, 1), "only labels"},
		{number_test(WN_EQ, WN_OF_FEATURE, 0, NULL, 1), "not there"},
		{number_test(WN_EQ, WN_OF_FEATURE, 0, one, 0), "one value"},
		{number_test(WN_IN, WN_OF_FEATURE, 0, one, 0), "1 to 1024"},
		{number_test(WN_IN, WN_OF_FEATURE, 0, one, 1025), "1 to 1024"},
		{number_test(WN_GT, WN_OF_FEATURE, 0, infinite, 1), "finite"},
		{number_test(WN_EQ, WN_OF_DAYS_TO, 0, nan, 1), "finite"},
		{symbol_test(WN_EQ, WN_OF_WORD, WN_TEAM, NULL, 1), "not there"},
		{symbol_test(WN_EQ, WN_OF_WORD, WN_TEAM, none, 1), "must be a word"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_faulty(&cases[i].test, 1, 0, cases[i].part);
}

static void test_structure_faults(void **state)
{
	static struct wn_test tests[WN_PREDICATE_MAX_TESTS + 1];
	size_t at;

	(void)state;
	assert_faulty(tests, 0, 0, "at least one");
	tests[0] = (struct wn_test){.op = WN_ALL, .children = 2, .size = 3};
	tests[1] = tests[2] = leaf(WN_MISSING, WN_OF_LABELS, 0);
	assert_null(wn_predicate_check(tests, 3, &at));
	assert_faulty(tests, 2, 0, "fewer children");
	tests[0].children = 1;
	assert_faulty(tests, 3, 0, "size");
	tests[0].size = 2;
	assert_faulty(tests, 3, 2, "behind the end");
	tests[1].size = 2;
	assert_faulty(tests, 2, 1, "size");
	tests[0] = (struct wn_test){.op = WN_NOT, .children = 2, .size = 3};
	assert_faulty(tests, 3, 0, "one child");
	/* As deep as may be, and one deeper; the sizes could not close a circle anyway. */
	for (size_t depth = WN_PREDICATE_MAX_DEPTH; depth <= WN_PREDICATE_MAX_DEPTH + 1; depth++) {
		for (size_t i = 0; i + 1 < depth; i++)
			tests[i] = (struct wn_test){
				.op = WN_NOT, .children = 1, .size = (uint32_t)(depth - i)};
		tests[depth - 1] = leaf(WN_PRESENT, WN_OF_LABELS, 0);
		if (depth == WN_PREDICATE_MAX_DEPTH)
			assert_null(wn_predicate_check(tests, depth, &at));
		else
			assert_faulty(tests, depth, WN_PREDICATE_MAX_DEPTH, "16 levels");
	}
	tests[0] = (struct wn_test){.op = WN_ANY,
		.children = WN_PREDICATE_MAX_TESTS - 1,
		.size = WN_PREDICATE_MAX_TESTS};
	for (size_t i = 1; i <= WN_PREDICATE_MAX_TESTS; i++)
		tests[i] = leaf(WN_PRESENT, WN_OF_LABELS, 0);
	assert_null(wn_predicate_check(tests, WN_PREDICATE_MAX_TESTS, &at));
	assert_faulty(tests, WN_PREDICATE_MAX_TESTS + 1, 0, "at most 256");
}

/* ---- against one row at a time ---- */

enum { COLUMNS = 4, SYMBOLS = 4 };

struct table {
	struct wn_rows rows;
	double *columns[COLUMNS], *numbers[WN_NUMBERS];
	uint32_t *words[WN_WORDS], *label_start, *labels;
	uint8_t *texts;
};

static double random_number(uint64_t *seed)
{
	return test_below(seed, 4) == 0 ? NAN : (double)test_below(seed, 5) - 1;
}

static void table_new(struct table *table, size_t rows, uint64_t *seed)
{
	uint32_t used = 0;

	*table = (struct table){.rows = {.rows = rows, .column_count = COLUMNS}};
	table->label_start = test_array(rows + 1, sizeof(*table->label_start));
	table->labels = test_array(rows * 3, sizeof(*table->labels));
	table->texts = test_array(rows, 1);
	for (size_t c = 0; c < COLUMNS; c++)
		table->columns[c] = test_array(rows, sizeof(double));
	for (size_t n = 0; n < WN_NUMBERS; n++)
		table->numbers[n] = test_array(rows, sizeof(double));
	for (size_t w = 0; w < WN_WORDS; w++)
		table->words[w] = test_array(rows, sizeof(uint32_t));
	for (size_t row = 0; row < rows; row++) {
		table->label_start[row] = used;
		for (size_t k = test_below(seed, 4); k > 0; k--)
			table->labels[used++] = (uint32_t)test_below(seed, SYMBOLS) + 1;
		table->label_start[row + 1] = used;
		table->texts[row] = (uint8_t)test_below(seed, 32);
		for (size_t c = 0; c < COLUMNS; c++)
			table->columns[c][row] =
				random_number(seed) * (c == 3 ? DAY : 1) + (c == 3 ? NOW : 0);
		for (size_t n = 0; n < WN_NUMBERS; n++)
			table->numbers[n][row] = NOW + random_number(seed) * DAY;
		for (size_t w = 0; w < WN_WORDS; w++)
			table->words[w][row] = (uint32_t)test_below(seed, SYMBOLS + 1);
	}
	/* One column of nothing. */
	free(table->columns[2]);
	table->columns[2] = NULL;
	table->rows.columns = (const double *const *)table->columns;
	table->rows.label_start = table->label_start;
	table->rows.labels = table->labels;
	table->rows.texts = table->texts;
	for (size_t n = 0; n < WN_NUMBERS; n++)
		table->rows.numbers[n] = table->numbers[n];
	for (size_t w = 0; w < WN_WORDS; w++)
		table->rows.words[w] = table->words[w];
}

static void table_free(struct table *table)
{
	for (size_t c = 0; c < COLUMNS; c++)
		free(table->columns[c]);
	for (size_t n = 0; n < WN_NUMBERS; n++)
		free(table->numbers[n]);
	for (size_t w = 0; w < WN_WORDS; w++)
		free(table->words[w]);
	free(table->label_start);
	free(table->labels);
	free(table->texts);
}

static bool naive_number(const struct wn_test *test, double x)
{
	if (test->op == WN_MISSING || isnan(x))
		return test->op == WN_MISSING && isnan(x);
	for (size_t i = 0; i < test->count; i++) {
		double y = test->numbers[i];

		if ((test->op == WN_EQ && x == y) || (test->op == WN_NE && x != y) ||
			(test->op == WN_LT && x < y) || (test->op == WN_LE && x <= y) ||
			(test->op == WN_GT && x > y) || (test->op == WN_GE && x >= y) ||
			(test->op == WN_IN && x == y))
			return true;
	}
	return test->op == WN_PRESENT;
}

static bool naive_word(const struct wn_test *test, uint32_t x)
{
	if (test->op == WN_MISSING || x == WN_NO_SYMBOL)
		return test->op == WN_MISSING && x == WN_NO_SYMBOL;
	if (test->op == WN_NE)
		return x != test->symbols[0];
	for (size_t i = 0; i < test->count; i++) {
		if (x == test->symbols[i])
			return true;
	}
	return test->op == WN_PRESENT;
}

static bool naive_labels(const struct wn_test *test, const struct wn_rows *rows, size_t row)
{
	size_t first = rows->label_start[row], end = rows->label_start[row + 1];

	if (test->op != WN_CONTAINS)
		return (first == end) == (test->op == WN_MISSING);
	for (size_t i = first; i < end; i++) {
		for (size_t k = 0; k < test->count; k++) {
			if (rows->labels[i] == test->symbols[k])
				return true;
		}
	}
	return false;
}

static bool naive(const struct wn_test *test, const struct wn_rows *rows, size_t row)
{
	const struct wn_test *child = test + 1;
	bool all = true, any = false;

	if (test->op == WN_ALL || test->op == WN_ANY || test->op == WN_NOT) {
		for (uint32_t i = 0; i < test->children; i++, child += child->size) {
			bool is = naive(child, rows, row);

			all = all && is;
			any = any || is;
		}
		return test->op == WN_NOT ? !any : test->op == WN_ALL ? all : any;
	}
	switch (test->of) {
	case WN_OF_FEATURE: return naive_number(test, wn_value(rows, row, test->index));
	case WN_OF_NUMBER:
		return naive_number(test, wn_number_of(rows, row, (enum wn_number)test->index));
	case WN_OF_WORD: return naive_word(test, wn_word_of(rows, row, (enum wn_word)test->index));
	case WN_OF_LABELS: return naive_labels(test, rows, row);
	case WN_OF_TEXT: return ((rows->texts[row] & test->index) != 0) == (test->op == WN_PRESENT);
	case WN_OF_AGE_DAYS: {
		double days = (NOW - rows->numbers[WN_CREATED][row]) / DAY;

		return naive_number(test, days < 0 ? 0 : days);
	}
	case WN_OF_DAYS_TO_DUE: return naive_number(test, (rows->numbers[WN_DUE][row] - NOW) / DAY);
	case WN_OF_DAYS_TO:
		return naive_number(test, (wn_value(rows, row, test->index) - NOW) / DAY);
	}
	return false;
}

/* The values that leaves compare with. */
struct values {
	double small[3], times[3];
	uint32_t symbols[3];
};

static struct wn_test random_leaf(const struct values *values, uint64_t *seed)
{
	static const enum wn_test_op numeric[] = {
		WN_EQ, WN_NE, WN_LT, WN_LE, WN_GT, WN_GE, WN_IN, WN_MISSING, WN_PRESENT};
	static const enum wn_test_op words[] = {WN_EQ, WN_NE, WN_IN, WN_MISSING, WN_PRESENT};
	static const enum wn_test_op labels[] = {WN_CONTAINS, WN_MISSING, WN_PRESENT};
	enum wn_test_op op = numeric[test_below(seed, 9)];
	size_t first = test_below(seed, 3);
	size_t n = op == WN_IN ? 1 + test_below(seed, 3 - first) : 1;

	switch (test_below(seed, 8)) {
	case 0: return number_test(op, WN_OF_AGE_DAYS, 0, values->small + first, n);
	case 1: return number_test(op, WN_OF_DAYS_TO_DUE, 0, values->small + first, n);
	case 2: return number_test(op, WN_OF_DAYS_TO, 3, values->small + first, n);
	case 3:
		return number_test(op, WN_OF_NUMBER, (uint32_t)test_below(seed, WN_NUMBERS),
			values->times + first, n);
	case 4:
		op = words[test_below(seed, 5)];
		return symbol_test(op, WN_OF_WORD, (uint32_t)test_below(seed, WN_WORDS),
			values->symbols + first, 1);
	case 5:
		op = labels[test_below(seed, 3)];
		return symbol_test(
			op, WN_OF_LABELS, 0, values->symbols, op == WN_CONTAINS ? 1 + first : 0);
	case 6:
		return leaf(test_below(seed, 2) ? WN_MISSING : WN_PRESENT, WN_OF_TEXT,
			UINT32_C(1) << test_below(seed, 5));
	default:
		return number_test(op, WN_OF_FEATURE, (uint32_t)test_below(seed, COLUMNS + 1),
			values->small + first, n);
	}
}

/* Appends a random subtree; returns how many tests there are then. */
static size_t random_tree(struct wn_test *tests, size_t count, unsigned depth,
	const struct values *values, uint64_t *seed)
{
	size_t first = count++;
	struct wn_test group = {.op = (enum wn_test_op)test_below(seed, 3)};

	if (depth == 0 || test_below(seed, 3) == 0) {
		tests[first] = random_leaf(values, seed);
		return count;
	}
	group.children = group.op == WN_NOT ? 1 : (uint32_t)test_below(seed, 4);
	for (uint32_t i = 0; i < group.children; i++)
		count = random_tree(tests, count, depth - 1, values, seed);
	group.size = (uint32_t)(count - first);
	tests[first] = group;
	return count;
}

static void test_against_one_row_at_a_time(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 63, 64, 65, 256, 300, 4095, 4096, 4097, 4500};
	const struct values values = {
		{0, 1, 2}, {NOW - DAY, NOW, NOW + DAY}, {1, 2, WN_UNSEEN_SYMBOL}};
	uint64_t seed = test_seed();

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		size_t rows = sizes[s], words = (rows + 63) / 64;
		struct table table;
		uint64_t *hits = test_array(words, sizeof(*hits));

		table_new(&table, rows, &seed);
		for (unsigned round = 0; round < 60; round++) {
			struct wn_test tests[WN_PREDICATE_MAX_TESTS];
			size_t count = random_tree(tests, 0, 4, &values, &seed), at;

			assert_null(wn_predicate_check(tests, count, &at));
			memset(hits, 0xa5, words * sizeof(*hits));
			wn_predicate_rows(tests, count, &table.rows, NOW, hits);
			for (size_t row = 0; row < words * 64; row++)
				assert_int_equal(hits[row / 64] >> row % 64 & 1,
					row < rows && naive(tests, &table.rows, row));
		}
		table_free(&table);
		free(hits);
	}
}

enum { LONG_ROWS = 300, LONG_SYMBOLS = 200000 };

static int compare_symbols(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void assert_like_naive(struct wn_test test, const struct wn_rows *rows)
{
	uint64_t hits[(LONG_ROWS + 63) / 64];
	size_t at;

	assert_null(wn_predicate_check(&test, 1, &at));
	wn_predicate_rows(&test, 1, rows, NOW, hits);
	for (size_t row = 0; row < sizeof(hits) * 8; row++)
		assert_int_equal(hits[row / 64] >> row % 64 & 1,
			row < rows->rows && naive(&test, rows, row));
}

/* Lists of any length, among them such as are searched; half of the values are listed ones, the others
 * are often their neighbours, or differ from them in the high bits alone. */
static void test_long_lists(void **state)
{
	static const size_t lengths[] = {
		1, 2, 15, 16, 17, 18, 31, 100, 1023, WN_PREDICATE_MAX_LIST};
	static const uint32_t off[] = {1, UINT32_C(1) << 15, UINT32_C(1) << 16, UINT32_C(1) << 30};
	static uint32_t symbols[WN_PREDICATE_MAX_LIST];
	static double numbers[WN_PREDICATE_MAX_LIST];
	uint64_t seed = test_seed();
	struct table table;

	(void)state;
	table_new(&table, LONG_ROWS, &seed);
	for (size_t i = 0; i < 10; i++) {
		size_t count = lengths[i];

		for (size_t k = 0; k < count; k++)
			symbols[k] = 1 + (uint32_t)test_below(&seed, LONG_SYMBOLS);
		if (count > 1)
			symbols[0] = symbols[1]; /* said twice */
		qsort(symbols, count, sizeof(*symbols), compare_symbols);
		for (size_t k = 0; k < count; k++)
			numbers[k] = (double)symbols[k] - LONG_SYMBOLS / 2.0;
		for (size_t row = 0; row < LONG_ROWS; row++) {
			uint32_t symbol = symbols[test_below(&seed, count)];

			if (test_below(&seed, 2))
				symbol += off[test_below(&seed, 4)];
			table.words[WN_TEAM][row] = test_below(&seed, 9) ? symbol : WN_NO_SYMBOL;
			table.columns[0][row] =
				test_below(&seed, 9) ? (double)symbol - LONG_SYMBOLS / 2.0 : NAN;
		}
		for (size_t k = 0; k < table.label_start[LONG_ROWS]; k++)
			table.labels[k] =
				symbols[test_below(&seed, count)] + off[test_below(&seed, 4)];
		table.labels[0] = symbols[0];
		assert_like_naive(
			symbol_test(WN_IN, WN_OF_WORD, WN_TEAM, symbols, count), &table.rows);
		assert_like_naive(
			symbol_test(WN_CONTAINS, WN_OF_LABELS, 0, symbols, count), &table.rows);
		assert_like_naive(
			number_test(WN_IN, WN_OF_FEATURE, 0, numbers, count), &table.rows);
	}
	table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_by_hand),
		cmocka_unit_test(test_words_by_hand),
		cmocka_unit_test(test_labels_and_texts_by_hand),
		cmocka_unit_test(test_age_is_never_negative),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_leaf_faults),
		cmocka_unit_test(test_structure_faults),
		cmocka_unit_test(test_against_one_row_at_a_time),
		cmocka_unit_test(test_long_lists),
	};

	return cmocka_run_group_tests_name("engine/predicate", tests, NULL, NULL);
}

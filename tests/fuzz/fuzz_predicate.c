/*
 * Predicates from JSON text: what is refused is refused with a reason; what is accepted is sound for
 * the engine, its written form is read back as the same, and bound to items in two ways it hits those
 * that a search value by value finds. Ends the program where that is not so.
 *
 * `make fuzz` runs it; the unit test codec/test_fuzz_predicate runs the corpus and mutations of it.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/catalog_policy.h"
#include "codec/json.h"

enum {
	FUZZ_ROWS = 70,
	FUZZ_COLUMNS = 64,
	FUZZ_LABELS = 3, /* of one item, at the most */
	FUZZ_BUDGET_BYTES = 64 << 20,
	FUZZ_NOBODY = 60000, /* the symbol of a word that the predicate does not have */
};
#define FUZZ_NOW_S 1796083200.0 /* 2026-12-01T00:00:00Z */
#define FUZZ_DAY_S 86400.0

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

/* What one reading of a text gives. */
struct fuzz_reading {
	struct arena arena;
	struct diag diag;
	const struct wn_test *tests;
	size_t count;
	struct buf written; /* of what was accepted */
};

static bool fuzz_read(struct str text, const struct catalog *catalog, struct fuzz_reading *out)
{
	struct predicate_reader *reader;
	json_t *json = NULL, *tree;
	bool ok;

	*out = (struct fuzz_reading){.written = BUF_INIT};
	arena_init(&out->arena, FUZZ_BUDGET_BYTES);
	diag_init(&out->diag, &out->arena);
	if (json_parse(text, 1, "", &out->diag, &json) != ERR_OK)
		return false;
	reader = arena_alloc(&out->arena, sizeof *reader);
	fuzz_must(reader != NULL);
	reader->catalog = catalog;
	reader->arena = &out->arena;
	reader->diag = &out->diag;
	ok = predicate_read(reader, json, "", &out->tests, &out->count);
	fuzz_must(ok == (out->diag.count == 0));
	if (ok) {
		tree = predicate_tree(catalog, reader->words.list, out->tests);
		fuzz_must(tree != NULL);
		json_canonical(&out->written, tree);
		json_decref(tree);
	}
	predicate_words_release(&reader->words);
	json_decref(json);
	return ok;
}

static void fuzz_end(struct fuzz_reading *reading)
{
	buf_release(&reading->written);
	arena_release(&reading->arena);
}

/* ---- items ---- */

/* Words are 1 + their index in the policy, FUZZ_NOBODY, or none; whoever binds numbers them anew. */
struct fuzz_items {
	double columns[FUZZ_COLUMNS][FUZZ_ROWS], numbers[WN_NUMBERS][FUZZ_ROWS];
	uint32_t words[WN_WORDS][FUZZ_ROWS];
	uint32_t label_start[FUZZ_ROWS + 1], labels[FUZZ_ROWS * FUZZ_LABELS];
	uint8_t texts[FUZZ_ROWS];
};

static uint32_t fuzz_next(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % below;
}

/* Small numbers, days around now, or nothing: what predicates are about. */
static double fuzz_number(uint32_t *state)
{
	static const double small[] = {0, 1, 2, 3, 5, 10, 0.5, -1, 30, 100};

	switch (fuzz_next(state, 4)) {
	case 0: return NAN;
	case 1: return FUZZ_NOW_S + FUZZ_DAY_S * ((double)fuzz_next(state, 9) - 4);
	default: return small[fuzz_next(state, sizeof small / sizeof *small)];
	}
}

static uint32_t fuzz_word(uint32_t *state, size_t words)
{
	uint32_t place = fuzz_next(state, (uint32_t)words + 2);

	if (place < words)
		return place + 1;
	return place == words ? (uint32_t)FUZZ_NOBODY : (uint32_t)WN_NO_SYMBOL;
}

static void fuzz_fill(struct fuzz_items *items, size_t words, uint32_t state)
{
	uint32_t labels = 0;

	for (size_t row = 0; row < FUZZ_ROWS; row++) {
		for (size_t c = 0; c < FUZZ_COLUMNS; c++)
			items->columns[c][row] = fuzz_number(&state);
		for (size_t n = 0; n < WN_NUMBERS; n++)
			items->numbers[n][row] = fuzz_number(&state);
		for (size_t w = 0; w < WN_WORDS; w++)
			items->words[w][row] = fuzz_word(&state, words);
		items->texts[row] = (uint8_t)fuzz_next(&state, 32);
		items->label_start[row] = labels;
		for (uint32_t n = fuzz_next(&state, FUZZ_LABELS + 1); n > 0; n--) {
			uint32_t label = fuzz_word(&state, words);

			if (label != WN_NO_SYMBOL)
				items->labels[labels++] = label;
		}
	}
	items->label_start[FUZZ_ROWS] = labels;
}

/* ---- one item, value by value ---- */

static bool fuzz_compare(const struct wn_test *test, double x)
{
	bool among = false;

	switch (test->op) {
	case WN_MISSING: return isnan(x);
	case WN_PRESENT: return !isnan(x);
	case WN_EQ: return x == test->numbers[0];
	case WN_NE: return !isnan(x) && x != test->numbers[0];
	case WN_LT: return x < test->numbers[0];
	case WN_LE: return x <= test->numbers[0];
	case WN_GT: return x > test->numbers[0];
	case WN_GE: return x >= test->numbers[0];
	default: break;
	}
	for (size_t i = 0; i < test->count; i++)
		among |= x == test->numbers[i];
	return among;
}

static bool fuzz_listed(const struct wn_test *test, uint32_t word)
{
	bool listed = false;

	for (size_t i = 0; i < test->count; i++)
		listed |= test->symbols[i] == word;
	return listed;
}

static bool fuzz_compare_word(const struct wn_test *test, uint32_t word)
{
	switch (test->op) {
	case WN_MISSING: return word == WN_NO_SYMBOL;
	case WN_PRESENT: return word != WN_NO_SYMBOL;
	case WN_NE: return word != WN_NO_SYMBOL && word != test->symbols[0];
	default: return fuzz_listed(test, word);
	}
}

static bool fuzz_labels(const struct wn_test *test, const struct fuzz_items *items, size_t row)
{
	uint32_t from = items->label_start[row], to = items->label_start[row + 1];
	bool listed = false;

	if (test->op == WN_MISSING || test->op == WN_PRESENT)
		return (from == to) == (test->op == WN_MISSING);
	for (; from < to; from++)
		listed |= fuzz_listed(test, items->labels[from]);
	return listed;
}

static bool fuzz_leaf(const struct wn_test *test, const struct fuzz_items *items, size_t row)
{
	double age = (FUZZ_NOW_S - items->numbers[WN_CREATED][row]) / FUZZ_DAY_S;
	double due = (items->numbers[WN_DUE][row] - FUZZ_NOW_S) / FUZZ_DAY_S;

	switch (test->of) {
	case WN_OF_FEATURE: return fuzz_compare(test, items->columns[test->index][row]);
	case WN_OF_WORD: return fuzz_compare_word(test, items->words[test->index][row]);
	case WN_OF_NUMBER: return fuzz_compare(test, items->numbers[test->index][row]);
	case WN_OF_LABELS: return fuzz_labels(test, items, row);
	case WN_OF_TEXT:
		return ((items->texts[row] & test->index) != 0) == (test->op == WN_PRESENT);
	case WN_OF_AGE_DAYS: return fuzz_compare(test, age < 0 ? 0 : age);
	case WN_OF_DAYS_TO_DUE: return fuzz_compare(test, due);
	case WN_OF_DAYS_TO: break;
	}
	return fuzz_compare(test, (items->columns[test->index][row] - FUZZ_NOW_S) / FUZZ_DAY_S);
}

static bool fuzz_fulfils(const struct wn_test *test, const struct fuzz_items *items, size_t row)
{
	const struct wn_test *child = test + 1;
	bool all = true, any = false;

	if (test->op != WN_ALL && test->op != WN_ANY && test->op != WN_NOT)
		return fuzz_leaf(test, items, row);
	for (uint32_t i = 0; i < test->children; i++, child += child->size) {
		bool is = fuzz_fulfils(child, items, row);

		all &= is;
		any |= is;
	}
	if (test->op == WN_NOT)
		return !any;
	return test->op == WN_ALL ? all : any;
}

/* ---- all items, bound ---- */

/* Numbers the policy's words upwards or downwards. */
struct fuzz_numbering {
	const struct policy_version *policy;
	bool downwards;
};

static uint32_t fuzz_symbol(const struct fuzz_numbering *numbering, uint32_t word)
{
	uint32_t count = (uint32_t)numbering->policy->word_count;

	if (word == WN_NO_SYMBOL || word == FUZZ_NOBODY)
		return word;
	return 7 + 3 * (numbering->downwards ? count - word : word);
}

static uint32_t fuzz_look_up(void *self, struct str word)
{
	const struct fuzz_numbering *numbering = self;

	for (size_t i = 0; i < numbering->policy->word_count; i++) {
		if (str_eq(numbering->policy->words[i], word))
			return fuzz_symbol(numbering, (uint32_t)i + 1);
	}
	return WN_UNSEEN_SYMBOL;
}

static void fuzz_number_items(struct fuzz_items *items, const struct fuzz_numbering *numbering)
{
	for (size_t w = 0; w < WN_WORDS; w++) {
		for (size_t row = 0; row < FUZZ_ROWS; row++)
			items->words[w][row] = fuzz_symbol(numbering, items->words[w][row]);
	}
	for (size_t i = 0; i < items->label_start[FUZZ_ROWS]; i++)
		items->labels[i] = fuzz_symbol(numbering, items->labels[i]);
}

static void fuzz_hits(const struct wn_rule *rule, const struct fuzz_items *items, uint64_t *hits)
{
	const double *columns[FUZZ_COLUMNS];
	struct wn_rows rows = {
		.rows = FUZZ_ROWS,
		.columns = columns,
		.column_count = FUZZ_COLUMNS,
		.texts = items->texts,
		.label_start = items->label_start,
		.labels = items->labels,
	};
	size_t at;

	for (size_t c = 0; c < FUZZ_COLUMNS; c++)
		columns[c] = items->columns[c];
	for (size_t n = 0; n < WN_NUMBERS; n++)
		rows.numbers[n] = items->numbers[n];
	for (size_t w = 0; w < WN_WORDS; w++)
		rows.words[w] = items->words[w];
	fuzz_must(wn_predicate_check(rule->tests, rule->test_count, &at) == NULL);
	wn_predicate_rows(rule->tests, rule->test_count, &rows, FUZZ_NOW_S, hits);
}

static void fuzz_numbered(const struct policy_version *policy, const struct catalog *catalog,
	const struct fuzz_items *items, bool downwards)
{
	static struct fuzz_items numbered;
	struct fuzz_numbering numbering = {policy, downwards};
	struct word_lookup words = {fuzz_look_up, &numbering};
	uint64_t hits[(FUZZ_ROWS + 63) / 64];
	struct wn_policy bound;
	struct arena arena;

	arena_init(&arena, FUZZ_BUDGET_BYTES);
	fuzz_must(policy_bind(policy, catalog, &catalog_model(catalog, 1)->model, FUZZ_NOW_S,
		&words, &arena, &bound));
	numbered = *items;
	fuzz_number_items(&numbered, &numbering);
	fuzz_hits(&bound.rules[0], &numbered, hits);
	for (size_t row = 0; row < FUZZ_ROWS; row++)
		fuzz_must((hits[row / 64] >> row % 64 & 1) ==
			  fuzz_fulfils(policy->rules[0].rule.tests, items, row));
	fuzz_must(hits[FUZZ_ROWS / 64] >> FUZZ_ROWS % 64 == 0);
	arena_release(&arena);
}

static size_t fuzz_evaluated; /* predicates so far */

/* The predicate as a stored policy has it. */
static void fuzz_evaluate(const struct fuzz_reading *reading, const struct catalog *catalog)
{
	static struct fuzz_items items;
	struct policy_version policy = {0};
	struct buf text = BUF_INIT;
	json_t *json = NULL;
	struct arena arena;
	struct diag diag;
	size_t at;

	fuzz_must(wn_predicate_check(reading->tests, reading->count, &at) == NULL);
	arena_init(&arena, FUZZ_BUDGET_BYTES);
	diag_init(&diag, &arena);
	buf_printf(&text,
		"{\"name\":\"p\",\"rules\":[{\"id\":\"r\",\"effect\":\"hold\",\"reason\":\"it "
		"hits\","
		"\"when\":%.*s}]}",
		STR_ARG(buf_view(&reading->written)));
	fuzz_must(json_parse(buf_view(&text), 1, "", &diag, &json) == ERR_OK);
	fuzz_must(policy_read(json, catalog, POLICY_STORED, &arena, &diag, &policy));
	fuzz_fill(&items, policy.word_count, (uint32_t)reading->written.len);
	fuzz_numbered(&policy, catalog, &items, false);
	fuzz_numbered(&policy, catalog, &items, true);
	fuzz_evaluated++;
	json_decref(json);
	buf_release(&text);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalog *catalog;
	struct fuzz_reading first, second;

	if (!catalog)
		fuzz_must(catalog_build(default_documents, default_document_count, &catalog) ==
			  ERR_OK);
	fuzz_must(catalog->feature_count <= FUZZ_COLUMNS);
	if (fuzz_read((struct str){(const char *)data, size}, catalog, &first)) {
		fuzz_evaluate(&first, catalog);
		fuzz_must(fuzz_read(buf_view(&first.written), catalog, &second));
		fuzz_must(first.count == second.count &&
			  str_eq(buf_view(&first.written), buf_view(&second.written)));
		fuzz_end(&second);
	}
	fuzz_end(&first);
	return 0;
}

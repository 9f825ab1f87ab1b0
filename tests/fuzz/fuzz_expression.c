/*
 * Feeds any bytes to the expression parser. What parses and passes the model's check must
 * be scored within its range, and be told as a tree whose root is that score, to the last bit.
 *
 * `make fuzz` runs it; the unit test engine/test_fuzz_expression runs the corpus and mutations of it.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "winnow/expression.h"
#include "winnow/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fuzz_risks[] = {"low", "medium", "high", NULL};

static bool fuzz_resolve(void *self, const char *name, size_t length, struct wn_name *out)
{
	static const struct {
		const char *name;
		struct wn_name means;
	} names[] = {
		{"a", {.kind = WN_NAME_TERM, .index = 0}},
		{"b", {.kind = WN_NAME_TERM, .index = 1}},
		{"c", {.kind = WN_NAME_TERM, .index = 2}},
		{"flag", {.kind = WN_NAME_TERM, .index = 3, .type = WN_TYPE_BOOLEAN}},
		{"risk", {.kind = WN_NAME_TERM,
				 .index = 4,
				 .categories = fuzz_risks,
				 .category_count = 3}},
		{"estimate", {.kind = WN_NAME_NUMBER, .index = WN_ESTIMATE}},
		{"team", {.kind = WN_NAME_WORD, .index = WN_TEAM, .type = WN_TYPE_WORD}},
		{"age_days", {.kind = WN_NAME_AGE_DAYS}},
		{"days_to_due", {.kind = WN_NAME_DAYS_TO_DUE}},
	};

	(void)self;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0) {
			*out = names[i].means;
			return true;
		}
	}
	return false;
}

static void fuzz_require(bool holds)
{
	if (!holds)
		abort();
}

static bool fuzz_same(double x, double y)
{
	return x == y || (isnan(x) && isnan(y));
}

static void fuzz_ignore(void *self, const char *pointer, const char *detail)
{
	(void)self;
	(void)pointer;
	(void)detail;
}

enum { FUZZ_ROWS = 5, FUZZ_COLUMNS = 5 };

/* Five rows: known, extreme, without some, without any inputs, with nothing at all. */
static void fuzz_rows(struct wn_rows *rows)
{
	static const double x[FUZZ_COLUMNS][FUZZ_ROWS] = {{1, -5, NAN, NAN, NAN},
		{0, 1e9, 0.5, NAN, NAN}, {2.5, 100, NAN, NAN, NAN}, {1, 0, NAN, NAN, NAN},
		{2, 7, 0, NAN, NAN}};
	static const double *const columns[FUZZ_COLUMNS] = {x[0], x[1], x[2], x[3], x[4]};
	static const double created[FUZZ_ROWS] = {0, 2e9, 86400, 5, NAN};
	static const double due[FUZZ_ROWS] = {1e6, 0, NAN, 7, NAN};
	static const double estimate[FUZZ_ROWS] = {3, 0, NAN, 1e300, NAN};
	static const uint32_t team[FUZZ_ROWS] = {1, 2, WN_NO_SYMBOL, 3, WN_NO_SYMBOL};

	*rows = (struct wn_rows){
		.rows = FUZZ_ROWS, .columns = columns, .column_count = FUZZ_COLUMNS};
	rows->numbers[WN_CREATED] = created;
	rows->numbers[WN_DUE] = due;
	rows->numbers[WN_ESTIMATE] = estimate;
	rows->words[WN_TEAM] = team;
}

static void fuzz_row(const struct wn_model *model, const struct wn_rows *rows, size_t row,
	struct wn_scored scored)
{
	static struct wn_step steps[WN_MAX_STEPS];
	double lowest, highest;
	size_t count = wn_model_trace(model, rows, row, 1e6, scored, steps, WN_MAX_STEPS);

	wn_model_range(model, &lowest, &highest);
	fuzz_require(count == model->spec.expression->node_count);
	fuzz_require(fuzz_same(steps[0].value, scored.score));
	fuzz_require(fuzz_same(steps[0].lowest, scored.lowest));
	fuzz_require(fuzz_same(steps[0].highest, scored.highest));
	if (isnan(scored.score))
		return;
	fuzz_require(isfinite(scored.lowest) && isfinite(scored.highest));
	fuzz_require(scored.lowest <= scored.score && scored.score <= scored.highest);
	fuzz_require(lowest <= scored.lowest && scored.highest <= highest);
}

static void fuzz_model(const struct wn_model *model)
{
	double score[FUZZ_ROWS], lowest[FUZZ_ROWS], highest[FUZZ_ROWS];
	struct wn_rows rows;

	fuzz_rows(&rows);
	wn_model_score_rows(model, &rows, 1e6, (struct wn_scores){score, lowest, highest});
	for (size_t row = 0; row < FUZZ_ROWS; row++)
		fuzz_row(model, &rows, row,
			(struct wn_scored){score[row], lowest[row], highest[row]});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wn_term terms[] = {
		{.column = 0, .weight = 1, .lower = -10, .upper = 10},
		{.column = 1, .weight = 1, .lower = 0, .upper = 1000},
		{.column = 2,
			.weight = 1,
			.lower = 1,
			.upper = 3,
			.unknown = WN_UNKNOWN_DEFAULT,
			.fallback = 2},
		{.column = 3, .weight = 1, .lower = 0, .upper = 1},
		{.column = 4, .weight = 1, .lower = 0, .upper = 2, .unknown = WN_UNKNOWN_EXCLUDE},
	};
	static const struct wn_band band = {"all", -INFINITY};
	static struct wn_expression_draft draft;
	const struct wn_scope scope = {.resolve = fuzz_resolve};
	struct wn_expression expression = {.nodes = draft.nodes};
	struct wn_model model = {.kind = wn_model_kind_named("expression"),
		.terms = terms,
		.term_count = 5,
		.bands = &band,
		.band_count = 1,
		.spec.expression = &expression};
	uint32_t symbols[WN_EXPRESSION_MAX_WORDS];
	/* Of its own size, so that reading beyond shows. */
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (!wn_expression_parse(text, size, &scope, &draft)) {
		fuzz_require(draft.line >= 1 && draft.column >= 1 && draft.detail[0]);
		free(text);
		return 0;
	}
	for (uint32_t i = 0; i < WN_EXPRESSION_MAX_WORDS; i++)
		symbols[i] = i + 1;
	for (size_t i = 0; i < draft.word_count; i++)
		fuzz_require(draft.words[i].offset + draft.words[i].length <= size);
	free(text);
	expression.node_count = draft.node_count;
	wn_expression_bind(draft.nodes, draft.node_count, symbols, draft.nodes);
	/* What is sound may still be unknown always, as 1 / 0 is. */
	if (wn_model_check(&model, fuzz_ignore, NULL) == 0)
		fuzz_model(&model);
	return 0;
}

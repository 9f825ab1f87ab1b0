/*
 * Models from text: JSON as a client posts it, and the rows of a decision table, as JSON when the
 * text begins with [, else as CSV. What is refused is refused with a reason; what is accepted is
 * read back from what is stored, to the same bytes, and scores rows within its own range. A table
 * covers each combination once. Ends the program where that is not so.
 *
 * `make fuzz` runs it; the unit test codec/test_fuzz_model runs the corpus and mutations of it.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/catalog.h"
#include "codec/json.h"
#include "winnow/decision_table.h"

enum {
	FUZZ_ROWS = 9,
	FUZZ_COLUMNS = 64,
	FUZZ_DOCUMENTS = 64,
	FUZZ_CELLS = 4096, /* of a table that is looked through */
	FUZZ_BUDGET_BYTES = 256 << 20,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- parsing ---- */

/* A table over the rows, by the columns of a CSV or by the inputs that the rows of JSON name. */
static json_t *fuzz_table(struct str text, json_t *rules)
{
	json_t *json = json_pack("{s:s, s:s, s:[s, s, s, s]}", "name", "t", "kind",
		"decision_table", "outcomes", "act", "attend", "track*", "track");
	json_t *inputs = json_array(), *rows = json_stringn(text.ptr, text.len);
	const char *name;
	json_t *value;

	fuzz_must(json && inputs);
	json_object_foreach(json_object_get(json_array_get(rules, 0), "when"), name, value)
		json_array_append_new(inputs, json_pack("{s:s}", "feature", name));
	if (rules) {
		json_decref(rows);
		json_object_set_new(json, "inputs", inputs);
		json_object_set_new(json, "rules", rules);
		return json;
	}
	json_decref(inputs);
	if (rows) {
		json_object_set_new(json, "csv", rows);
		return json;
	}
	json_decref(json); /* what is not UTF-8 cannot be in JSON */
	return NULL;
}

static json_t *fuzz_json(struct str text)
{
	struct arena arena;
	struct diag diag;
	json_t *json = NULL;

	arena_init(&arena, FUZZ_BUDGET_BYTES);
	diag_init(&diag, &arena);
	if (text.len > 0 && (text.ptr[0] == '{' || text.ptr[0] == '['))
		fuzz_must((json_parse(text, 1, "", &diag, &json) == ERR_OK) == (json != NULL));
	arena_release(&arena);
	if (text.len > 0 && text.ptr[0] == '{')
		return json;
	if (text.len > 0 && text.ptr[0] == '[' && !json)
		return NULL;
	return fuzz_table(text, json);
}

/* The body that would be stored; false when it is refused. */
static bool fuzz_parse(const json_t *json, const struct catalog *catalog, struct buf *body)
{
	struct arena arena;
	struct diag diag;
	struct str text;
	enum error error;

	arena_init(&arena, FUZZ_BUDGET_BYTES);
	diag_init(&diag, &arena);
	error = model_parse(json, catalog, &arena, &diag, &text);
	fuzz_must(error == ERR_OK || error == ERR_INVALID);
	fuzz_must((error == ERR_OK) == (diag.count == 0));
	if (error == ERR_OK)
		buf_append(body, text.ptr, text.len);
	arena_release(&arena);
	return error == ERR_OK;
}

/* ---- what was accepted ---- */

/* The catalogue with the model as its version 2. */
static struct catalog *fuzz_stored(struct str body)
{
	struct document documents[FUZZ_DOCUMENTS];
	struct catalog *catalog = NULL;

	fuzz_must(default_document_count < FUZZ_DOCUMENTS);
	memcpy(documents, default_documents, default_document_count * sizeof *documents);
	documents[default_document_count] = (struct document){STR("model"), STR("2"), body, 3};
	fuzz_must(catalog_build(documents, default_document_count + 1, &catalog) == ERR_OK);
	return catalog;
}

/* Sent again without its pins it is the same; a table's rules as they are shown. */
static void fuzz_again(
	const struct catalog *before, const struct model_version *model, struct str body)
{
	struct buf shown = BUF_INIT, again = BUF_INIT;
	json_t *json = fuzz_json(body), *reader;

	model_write(&shown, model);
	reader = fuzz_json(buf_view(&shown));
	fuzz_must(json && reader);
	fuzz_must(json_object_del(json, "pins") == 0);
	if (json_object_get(reader, "rules"))
		json_object_set(json, "rules", json_object_get(reader, "rules"));
	fuzz_must(fuzz_parse(json, before, &again));
	fuzz_must(str_eq(buf_view(&again), body));
	json_decref(json);
	json_decref(reader);
	buf_release(&shown);
	buf_release(&again);
}

static bool fuzz_covers(const struct wn_table_rule *rule, const struct wn_model *model, size_t cell)
{
	for (size_t i = model->term_count; i-- > 0;) {
		size_t radix = (size_t)model->terms[i].upper + 1;

		if (!(rule->when[i] >> cell % radix & 1))
			return false;
		cell /= radix;
	}
	return true;
}

static void fuzz_cells(const struct wn_model *model)
{
	const struct wn_decision_table *table = model->spec.table;
	size_t cells = 1;

	for (size_t i = 0; i < model->term_count; i++)
		cells *= (size_t)model->terms[i].upper + 1;
	fuzz_must(cells <= WN_TABLE_MAX_CELLS);
	for (size_t cell = 0; cells <= FUZZ_CELLS && cell < cells; cell++) {
		size_t covered = 0;

		for (size_t r = 0; r < table->rule_count; r++)
			covered += fuzz_covers(&table->rules[r], model, cell);
		fuzz_must(covered == 1 && table->rule_of[cell] < table->rule_count);
		fuzz_must(fuzz_covers(&table->rules[table->rule_of[cell]], model, cell));
	}
}

/* Words of up to seven bytes are those of some rows. */
static uint32_t fuzz_symbol(void *self, struct str word)
{
	(void)self;
	return (uint32_t)word.len + 1;
}

/* Nothing known, everything at the same small number, and a mixture. */
static void fuzz_score(const struct model_version *version)
{
	static const double values[FUZZ_ROWS] = {NAN, 0, 1, 2, 3, 10, 0.5, -1, 1e9};
	static const uint32_t symbols[FUZZ_ROWS] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
	double mixed[FUZZ_ROWS], score[FUZZ_ROWS], lowest[FUZZ_ROWS], highest[FUZZ_ROWS], from, to;
	const double *columns[FUZZ_COLUMNS];
	static const uint8_t candidates[FUZZ_ROWS] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct wn_rows rows = {.rows = FUZZ_ROWS, .columns = columns, .column_count = FUZZ_COLUMNS};
	const struct wn_population population = {.rows = FUZZ_ROWS,
		.blocks = &rows,
		.block_count = 1,
		.block_rows = FUZZ_ROWS,
		.candidate = candidates};
	struct word_lookup words = {.symbol = fuzz_symbol};
	struct wn_model model;
	struct arena arena;

	for (size_t row = 0; row < FUZZ_ROWS; row++)
		mixed[row] = values[FUZZ_ROWS - 1 - row];
	for (size_t c = 0; c < FUZZ_COLUMNS; c++)
		columns[c] = c % 3 == 2 ? mixed : values;
	for (size_t n = 0; n < WN_NUMBERS; n++)
		rows.numbers[n] = values;
	for (size_t w = 0; w < WN_WORDS; w++)
		rows.words[w] = symbols;
	arena_init(&arena, FUZZ_BUDGET_BYTES);
	fuzz_must(model_bind(version, &words, &arena, &model));
	fuzz_must(wn_model_score(
		&model, &population, 1e9, (struct wn_scores){score, lowest, highest}));
	wn_model_range(&model, &from, &to);
	for (size_t row = 0; row < FUZZ_ROWS; row++) {
		fuzz_must(isnan(score[row]) == isnan(lowest[row]));
		fuzz_must(isnan(score[row]) == isnan(highest[row]));
		if (isnan(score[row]))
			continue;
		fuzz_must(lowest[row] <= score[row] && score[row] <= highest[row]);
		fuzz_must(from <= lowest[row] && highest[row] <= to);
		fuzz_must(wn_model_band(&model, score[row]) < model.band_count);
	}
	arena_release(&arena);
}

static size_t fuzz_accepted; /* models so far */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalog *catalog;
	struct buf body = BUF_INIT;
	json_t *json = fuzz_json((struct str){(const char *)data, size});

	if (!catalog)
		fuzz_must(catalog_build(default_documents, default_document_count, &catalog) ==
			  ERR_OK);
	if (json && fuzz_parse(json, catalog, &body)) {
		struct catalog *stored = fuzz_stored(buf_view(&body));
		const struct model_version *model = catalog_model(stored, 2);

		fuzz_must(model && str_eq(model->body, buf_view(&body)));
		fuzz_again(catalog, model, model->body);
		if (model->model.kind == wn_model_kind_named("decision_table"))
			fuzz_cells(&model->model);
		fuzz_score(model);
		catalog_unref(stored);
		fuzz_accepted++;
	}
	json_decref(json);
	buf_release(&body);
	return 0;
}

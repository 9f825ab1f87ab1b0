/*
 * The bench of a counterfactual: one row many times over, so that the model can be asked for many
 * variants of it at once.
 */
#include "engine/counterfactual_parts.h"

#include <stdlib.h>
#include <string.h>

static size_t columns_of(const struct wn_counterfactual_input *input)
{
	size_t columns = input->rows->column_count;

	for (size_t i = 0; i < input->lever_count; i++) {
		if (input->levers[i].column >= columns)
			columns = (size_t)input->levers[i].column + 1;
	}
	return columns;
}

static bool is_lever(const struct wn_counterfactual_input *input, size_t column)
{
	for (size_t i = 0; i < input->lever_count; i++) {
		if (input->levers[i].column == column)
			return true;
	}
	return false;
}

/* Columns that are unknown and stay so are not made. */
static bool is_needed(const struct wn_counterfactual_input *input, size_t column)
{
	bool there = column < input->rows->column_count && input->rows->columns[column];

	return there || is_lever(input, column);
}

static bool fill_columns(const struct wn_counterfactual_input *input, struct bench *bench)
{
	size_t columns = columns_of(input), needed = 0, used = 0;

	for (size_t c = 0; c < columns; c++)
		needed += is_needed(input, c);
	bench->columns = calloc(columns + 1, sizeof(*bench->columns));
	bench->evidence = calloc(columns + 1, sizeof(*bench->evidence));
	bench->values = calloc(needed + 1, VARIANTS * sizeof(*bench->values));
	bench->sure = calloc(needed + 1, VARIANTS);
	if (!bench->columns || !bench->evidence || !bench->values || !bench->sure)
		return false;
	for (size_t c = 0; c < columns; c++) {
		double *values = bench->values + used * VARIANTS;
		uint8_t *sure = bench->sure + used * VARIANTS;

		if (!is_needed(input, c))
			continue;
		used++;
		for (size_t i = 0; i < VARIANTS; i++)
			values[i] = wn_value(input->rows, input->row, c);
		memset(sure, wn_value_evidence(input->rows, input->row, c), VARIANTS);
		bench->columns[c] = values;
		bench->evidence[c] = sure;
	}
	bench->rows.columns = bench->columns;
	bench->rows.evidence = bench->evidence;
	bench->rows.column_count = columns;
	return true;
}

static bool fill_labels(const struct wn_counterfactual_input *input, struct bench *bench)
{
	const struct wn_rows *rows = input->rows;
	const uint32_t *from;
	size_t count;

	if (!rows->label_start || !rows->labels)
		return true;
	from = rows->labels + rows->label_start[input->row];
	count = rows->label_start[input->row + 1] - rows->label_start[input->row];
	bench->labels = calloc(count + 1, VARIANTS * sizeof(*bench->labels));
	if (!bench->labels)
		return false;
	for (size_t i = 0; i < VARIANTS; i++) {
		memcpy(bench->labels + i * count, from, count * sizeof(*from));
		bench->label_start[i + 1] = (uint32_t)((i + 1) * count);
	}
	bench->rows.label_start = bench->label_start;
	bench->rows.labels = bench->labels;
	return true;
}

static bool fill_facts(const struct wn_counterfactual_input *input, struct bench *bench)
{
	const struct wn_rows *rows = input->rows;

	bench->words = calloc(WN_WORDS, VARIANTS * sizeof(*bench->words));
	bench->numbers = calloc(WN_NUMBERS, VARIANTS * sizeof(*bench->numbers));
	if (!bench->words || !bench->numbers)
		return false;
	for (size_t i = 0; i < WN_WORDS * VARIANTS; i++)
		bench->words[i] = wn_word_of(rows, input->row, (enum wn_word)(i / VARIANTS));
	for (size_t i = 0; i < WN_NUMBERS * VARIANTS; i++)
		bench->numbers[i] = wn_number_of(rows, input->row, (enum wn_number)(i / VARIANTS));
	for (size_t i = 0; i < WN_WORDS; i++)
		bench->rows.words[i] = bench->words + i * VARIANTS;
	for (size_t i = 0; i < WN_NUMBERS; i++)
		bench->rows.numbers[i] = bench->numbers + i * VARIANTS;
	if (rows->texts) {
		memset(bench->texts, rows->texts[input->row], VARIANTS);
		bench->rows.texts = bench->texts;
	}
	return fill_labels(input, bench);
}

void wn_bench_free(struct bench *bench)
{
	if (!bench)
		return;
	free(bench->columns);
	free(bench->evidence);
	free(bench->values);
	free(bench->sure);
	free(bench->words);
	free(bench->numbers);
	free(bench->labels);
	free(bench);
}

struct bench *wn_bench_new(const struct wn_counterfactual_input *input)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench || !fill_columns(input, bench) || !fill_facts(input, bench)) {
		wn_bench_free(bench);
		return NULL;
	}
	return bench;
}

double *wn_bench_column(const struct bench *bench, size_t column)
{
	return bench->values + (bench->columns[column] - bench->values);
}

/*
 * Pieces of runs of rows (see slice.h).
 */
#include "engine/slice.h"

static void slice_columns(const struct wn_model *model, const struct wn_rows *rows, size_t start,
	struct wn_slice *slice)
{
	for (size_t i = 0; i < model->term_count; i++) {
		uint32_t column = model->terms[i].column;
		bool there = column < rows->column_count;
		const double *x = there ? rows->columns[column] : NULL;
		const uint8_t *evidence = there && rows->evidence ? rows->evidence[column] : NULL;

		slice->terms[i] = model->terms[i];
		slice->terms[i].column = (uint32_t)i;
		slice->columns[i] = x ? x + start : NULL;
		slice->evidence[i] = evidence ? evidence + start : NULL;
	}
}

void wn_slice_of(const struct wn_model *model, const struct wn_rows *rows, size_t start,
	size_t count, struct wn_slice *slice)
{
	slice_columns(model, rows, start, slice);
	slice->model = *model;
	slice->model.terms = slice->terms;
	slice->rows = *rows;
	slice->rows.rows = count;
	slice->rows.columns = slice->columns;
	slice->rows.column_count = model->term_count;
	slice->rows.evidence = rows->evidence ? slice->evidence : NULL;
	for (size_t i = 0; i < WN_WORDS; i++)
		slice->rows.words[i] = rows->words[i] ? rows->words[i] + start : NULL;
	for (size_t i = 0; i < WN_NUMBERS; i++)
		slice->rows.numbers[i] = rows->numbers[i] ? rows->numbers[i] + start : NULL;
	slice->rows.texts = rows->texts ? rows->texts + start : NULL;
	slice->rows.label_start = rows->label_start ? rows->label_start + start : NULL;
}

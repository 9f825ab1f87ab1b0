/*
 * Pieces of runs of rows (see slice.h).
 */
#include "engine/slice.h"

/* The facts move along, the columns are the caller's business. */
static struct wn_rows facts_from(const struct wn_rows *rows, size_t start, size_t count)
{
	struct wn_rows part = *rows;

	part.rows = count;
	for (size_t i = 0; i < WN_WORDS; i++)
		part.words[i] = rows->words[i] ? rows->words[i] + start : NULL;
	for (size_t i = 0; i < WN_NUMBERS; i++)
		part.numbers[i] = rows->numbers[i] ? rows->numbers[i] + start : NULL;
	part.texts = rows->texts ? rows->texts + start : NULL;
	part.label_start = rows->label_start ? rows->label_start + start : NULL;
	return part;
}

struct wn_rows wn_rows_part(const struct wn_rows *rows, size_t start, size_t count,
	const double **columns, const uint8_t **evidence)
{
	struct wn_rows part = facts_from(rows, start, count);

	for (size_t c = 0; c < rows->column_count; c++) {
		const uint8_t *beside = rows->evidence ? rows->evidence[c] : NULL;

		columns[c] = rows->columns[c] ? rows->columns[c] + start : NULL;
		evidence[c] = beside ? beside + start : NULL;
	}
	part.columns = columns;
	part.evidence = rows->evidence ? evidence : NULL;
	return part;
}

static void slice_columns(const struct wn_model *model, const struct wn_rows *rows, size_t start,
	struct wn_slice *slice)
{
	for (size_t i = 0; i < model->term_count; i++) {
		uint32_t column = model->terms[i].column;
		const double *x = wn_column(rows, column);
		const uint8_t *evidence = column < rows->column_count && rows->evidence
						  ? rows->evidence[column]
						  : NULL;

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
	slice->rows = facts_from(rows, start, count);
	slice->rows.columns = slice->columns;
	slice->rows.column_count = model->term_count;
	slice->rows.evidence = rows->evidence ? slice->evidence : NULL;
}

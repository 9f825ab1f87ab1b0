/*
 * An item's own row, taken from one ranking into the rows of another: columns are the same by
 * feature, words go by their text.
 */
#include <math.h>
#include <string.h>

#include "service/movement_parts.h"

/* A run of rows and a place in it. */
struct place {
	const struct wn_rows *rows;
	size_t at;
};

static struct place place_of(const struct wn_rows *runs, uint32_t row)
{
	return (struct place){&runs[row / BLOCK_ROWS], row % BLOCK_ROWS};
}

static size_t columns_of(struct place a, struct place b)
{
	return a.rows->column_count > b.rows->column_count ? a.rows->column_count
							   : b.rows->column_count;
}

/* No ranking reads a column that is sensitive or deleted, and nobody is to learn from a move that
 * something changed there. */
static bool is_hidden(const struct catalog *catalog, size_t column)
{
	const struct feature_definition *feature;

	if (column >= catalog->feature_count)
		return false;
	feature = &catalog->features[column];
	return feature->sensitive || feature->deleted;
}

static bool is_read(const struct movement *movement, size_t column)
{
	return !is_hidden(movement->from->catalog, column) &&
	       !is_hidden(movement->to->catalog, column);
}

static bool same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static uint8_t texts_at(struct place place)
{
	return place.rows->texts ? place.rows->texts[place.at] : 0;
}

static const uint32_t *labels_at(struct place place, size_t *count)
{
	const uint32_t *start = place.rows->label_start;

	*count = start ? start[place.at + 1] - start[place.at] : 0;
	return start ? place.rows->labels + start[place.at] : NULL;
}

/* ---- comparing ---- */

static bool same_symbol(const struct movement *movement, uint32_t from, uint32_t to)
{
	return str_eq(symbols_text(movement->from->symbols, from),
		symbols_text(movement->to->symbols, to));
}

static bool same_labels(const struct movement *movement, struct place from, struct place to)
{
	size_t count, other;
	const uint32_t *a = labels_at(from, &count), *b = labels_at(to, &other);

	if (count != other)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!same_symbol(movement, a[i], b[i]))
			return false;
	}
	return true;
}

static bool same_values(const struct movement *movement, struct place from, struct place to)
{
	for (size_t c = 0; c < columns_of(from, to); c++) {
		if (!is_read(movement, c))
			continue;
		if (!same_number(wn_value(from.rows, from.at, c), wn_value(to.rows, to.at, c)) ||
			wn_value_evidence(from.rows, from.at, c) !=
				wn_value_evidence(to.rows, to.at, c))
			return false;
	}
	return true;
}

bool movement_row_differs(const struct movement *movement, uint32_t from, uint32_t to)
{
	struct place a = place_of(movement->runs, from), b = place_of(movement->to->runs, to);

	for (enum wn_number i = 0; i < WN_NUMBERS; i++) {
		if (!same_number(wn_number_of(a.rows, a.at, i), wn_number_of(b.rows, b.at, i)))
			return true;
	}
	for (enum wn_word i = 0; i < WN_WORDS; i++) {
		if (!same_symbol(
			    movement, wn_word_of(a.rows, a.at, i), wn_word_of(b.rows, b.at, i)))
			return true;
	}
	return texts_at(a) != texts_at(b) || !same_labels(movement, a, b) ||
	       !same_values(movement, a, b);
}

/* ---- patching ---- */

/* A copy of `old` (NULL: all rows are like `nothing`, an element) with the element at `at` replaced. */
static void *replaced(struct arena *arena, const void *old, const void *nothing, struct place place,
	const void *element, size_t size)
{
	char *copy = arena_array(arena, place.rows->rows, size);

	if (!copy)
		return NULL;
	for (size_t i = 0; !old && i < place.rows->rows; i++)
		memcpy(copy + i * size, nothing, size);
	if (old)
		memcpy(copy, old, place.rows->rows * size);
	memcpy(copy + place.at * size, element, size);
	return copy;
}

static double *with_number(struct arena *arena, const double *old, struct place place, double value)
{
	const double nothing = NAN;

	return replaced(arena, old, &nothing, place, &value, sizeof value);
}

static bool patch_values(const struct movement *movement, struct arena *arena, struct place from,
	struct place to, struct wn_rows *out)
{
	size_t count = columns_of(from, to);
	const double **columns = arena_array(arena, count, sizeof *columns);
	const uint8_t **evidence = arena_array(arena, count, sizeof *evidence);
	const uint8_t nothing = WN_UNSAID;

	if (!columns || !evidence)
		return false;
	for (size_t c = 0; c < count; c++) {
		double value = wn_value(to.rows, to.at, c);
		uint8_t sure = wn_value_evidence(to.rows, to.at, c);
		bool there = c < from.rows->column_count;

		columns[c] = there ? from.rows->columns[c] : NULL;
		evidence[c] = there && from.rows->evidence ? from.rows->evidence[c] : NULL;
		if (!is_read(movement, c))
			continue;
		if (!same_number(value, wn_value(from.rows, from.at, c))) {
			columns[c] = with_number(arena, columns[c], from, value);
			if (!columns[c])
				return false;
		}
		if (sure != wn_value_evidence(from.rows, from.at, c)) {
			evidence[c] = replaced(arena, evidence[c], &nothing, from, &sure, 1);
			if (!evidence[c])
				return false;
		}
	}
	out->columns = columns;
	out->evidence = evidence;
	out->column_count = count;
	return true;
}

static bool patch_words(struct movement *movement, struct arena *arena, struct place from,
	struct place to, struct wn_rows *out)
{
	const uint32_t nothing = WN_NO_SYMBOL;

	for (enum wn_word i = 0; i < WN_WORDS; i++) {
		uint32_t symbol = wn_word_of(to.rows, to.at, i);

		if (same_symbol(movement, wn_word_of(from.rows, from.at, i), symbol))
			continue;
		symbol = movement_symbol(movement, symbols_text(movement->to->symbols, symbol));
		out->words[i] = replaced(
			arena, from.rows->words[i], &nothing, from, &symbol, sizeof symbol);
		if (!out->words[i])
			return false;
	}
	return true;
}

static bool patch_numbers(
	struct arena *arena, struct place from, struct place to, struct wn_rows *out)
{
	for (enum wn_number i = 0; i < WN_NUMBERS; i++) {
		double value = wn_number_of(to.rows, to.at, i);

		if (same_number(value, wn_number_of(from.rows, from.at, i)))
			continue;
		out->numbers[i] = with_number(arena, from.rows->numbers[i], from, value);
		if (!out->numbers[i])
			return false;
	}
	return true;
}

static bool patch_labels(struct movement *movement, struct arena *arena, struct place from,
	struct place to, struct wn_rows *out)
{
	size_t rows = from.rows->rows, count, used = 0;
	const uint32_t *own = labels_at(to, &count);
	size_t old = from.rows->label_start ? from.rows->label_start[rows] : 0;
	uint32_t *start = arena_array(arena, rows + 1, sizeof *start);
	uint32_t *labels = arena_array(arena, old + count, sizeof *labels);

	if (!start || !labels)
		return false;
	for (size_t i = 0; i < rows; i++) {
		struct place here = {from.rows, i};
		size_t n = count;
		const uint32_t *from_here = i == from.at ? own : labels_at(here, &n);

		start[i] = (uint32_t)used;
		for (size_t j = 0; j < n; j++)
			labels[used++] = i != from.at ? from_here[j]
						      : movement_symbol(movement,
								symbols_text(movement->to->symbols,
									from_here[j]));
	}
	start[rows] = (uint32_t)used;
	out->label_start = start;
	out->labels = labels;
	return true;
}

bool movement_row_patch(struct movement *movement, uint32_t from, uint32_t to, struct arena *arena,
	struct wn_rows *out)
{
	struct place a = place_of(movement->runs, from), b = place_of(movement->to->runs, to);
	const uint8_t texts = texts_at(b), nothing = 0;

	*out = *a.rows;
	if (texts != texts_at(a)) {
		out->texts = replaced(arena, a.rows->texts, &nothing, a, &texts, 1);
		if (!out->texts)
			return false;
	}
	if (!same_labels(movement, a, b) && !patch_labels(movement, arena, a, b, out))
		return false;
	return patch_values(movement, arena, a, b, out) &&
	       patch_words(movement, arena, a, b, out) && patch_numbers(arena, a, b, out);
}

/*
 * How lists are shown to people.
 */
#include "cli/table.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cli/text.h"

static const char gap[] = "  ";
static const char cut_mark[] = "\xe2\x80\xa6"; /* … */

enum { GAP_WIDTH = sizeof gap - 1, CUT_MARK_WIDTH = 1 };

struct table_cell_place {
	size_t at, len; /* in table->text */
};

void table_init(struct table *table, const struct table_column *columns, size_t column_count)
{
	assert(column_count > 0 && column_count <= TABLE_MAX_COLUMNS);
	*table = (struct table){.columns = columns, .column_count = column_count};
}

void table_release(struct table *table)
{
	buf_release(&table->text);
	buf_release(&table->cells);
	table->cell_count = 0;
}

void table_put(struct table *table, struct str text)
{
	struct table_cell_place place = {.at = table->text.len};

	text_clean(&table->text, text);
	if (table->text.len == place.at)
		buf_putc(&table->text, '-');
	place.len = table->text.len - place.at;
	buf_append(&table->cells, &place, sizeof place);
	table->cell_count++;
}

void table_printf(struct table *table, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	table_put(table, str_from(text));
}

void table_number(struct table *table, double value)
{
	char text[NUM_TEXT_SIZE];
	size_t len;

	if (isnan(value)) {
		table_put(table, STR_NONE);
		return;
	}
	len = num_to_text(value, text);
	table_put(table, (struct str){text, len});
}

static struct str cell_at(const struct table *table, size_t row, size_t column)
{
	struct table_cell_place place;
	size_t index = row * table->column_count + column;

	if (index >= table->cell_count)
		return STR("-");
	memcpy(&place, table->cells.data + index * sizeof place, sizeof place);
	return (struct str){table->text.data + place.at, place.len};
}

static size_t rows_of(const struct table *table)
{
	return (table->cell_count + table->column_count - 1) / table->column_count;
}

/* Widths in columns of the terminal; 0 for a column that is left out. */
struct widths {
	size_t of[TABLE_MAX_COLUMNS];
};

static void natural_widths(const struct table *table, struct widths *widths)
{
	size_t rows = rows_of(table);

	for (size_t column = 0; column < table->column_count; column++) {
		size_t most = text_width(str_from(table->columns[column].title));

		for (size_t row = 0; row < rows; row++) {
			size_t width = text_width(cell_at(table, row, column));

			if (width > most)
				most = width;
		}
		widths->of[column] = most;
	}
}

static size_t total_width(const struct table *table, const struct widths *widths)
{
	size_t total = 0;

	for (size_t column = 0; column < table->column_count; column++)
		if (widths->of[column] > 0)
			total += widths->of[column] + (total > 0 ? GAP_WIDTH : 0);
	return total;
}

/* What it would come to with everything shortened as far as it may be. */
static size_t least_width(const struct table *table, const struct widths *widths)
{
	struct widths least = *widths;

	for (size_t column = 0; column < table->column_count; column++) {
		unsigned min_width = table->columns[column].min_width;

		if (min_width > 0 && least.of[column] > min_width)
			least.of[column] = min_width;
	}
	return total_width(table, &least);
}

/* The column to leave out next; column_count when there is none. */
static size_t least_important(const struct table *table, const struct widths *widths)
{
	size_t found = table->column_count;

	for (size_t column = 0; column < table->column_count; column++) {
		unsigned order = table->columns[column].leave_out;

		if (order == 0 || widths->of[column] == 0)
			continue;
		if (found == table->column_count || order < table->columns[found].leave_out)
			found = column;
	}
	return found;
}

/* The column that may best be shortened, the widest for its least width; column_count when there is
 * none. */
static size_t widest(const struct table *table, const struct widths *widths)
{
	size_t found = table->column_count;

	for (size_t column = 0; column < table->column_count; column++) {
		unsigned min_width = table->columns[column].min_width;

		if (min_width == 0 || widths->of[column] <= min_width)
			continue;
		if (found == table->column_count ||
			widths->of[column] * table->columns[found].min_width >
				widths->of[found] * min_width)
			found = column;
	}
	return found;
}

static void fit(const struct table *table, size_t width, struct widths *widths)
{
	size_t column;

	while (least_width(table, widths) > width) {
		column = least_important(table, widths);
		if (column == table->column_count)
			break;
		widths->of[column] = 0;
	}
	while (total_width(table, widths) > width) {
		column = widest(table, widths);
		if (column == table->column_count)
			break;
		widths->of[column]--;
	}
}

static void pad(struct buf *out, size_t columns)
{
	for (size_t i = 0; i < columns; i++)
		buf_putc(out, ' ');
}

static void render_cell(
	struct buf *out, struct str text, enum table_align align, size_t width, bool last)
{
	size_t taken = text_width(text);
	bool cut = taken > width;

	if (cut) {
		text = text_head(text, width - CUT_MARK_WIDTH);
		taken = text_width(text) + CUT_MARK_WIDTH;
	}
	if (align == TABLE_RIGHT)
		pad(out, width - taken);
	buf_str(out, text);
	if (cut)
		buf_puts(out, cut_mark);
	if (align == TABLE_LEFT && !last)
		pad(out, width - taken);
}

static size_t last_shown(const struct table *table, const struct widths *widths)
{
	size_t last = 0;

	for (size_t column = 0; column < table->column_count; column++)
		if (widths->of[column] > 0)
			last = column;
	return last;
}

/* row SIZE_MAX is the titles. */
static void render_row(
	const struct table *table, const struct widths *widths, size_t row, struct buf *out)
{
	size_t last = last_shown(table, widths);
	bool first = true;

	for (size_t column = 0; column < table->column_count; column++) {
		const struct table_column *spec = &table->columns[column];
		struct str text =
			row == SIZE_MAX ? str_from(spec->title) : cell_at(table, row, column);

		if (widths->of[column] == 0)
			continue;
		if (!first)
			buf_puts(out, gap);
		first = false;
		render_cell(out, text, spec->align, widths->of[column], column == last);
	}
}

static void render_plain(const struct table *table, struct buf *out)
{
	for (size_t row = 0; row < rows_of(table); row++) {
		for (size_t column = 0; column < table->column_count; column++) {
			if (column > 0)
				buf_putc(out, '\t');
			buf_str(out, cell_at(table, row, column));
		}
		buf_putc(out, '\n');
	}
}

bool table_render(const struct table *table, const struct table_layout *layout, struct buf *out)
{
	struct widths widths = {{0}};
	size_t rows = rows_of(table);

	if (table->text.failed || table->cells.failed)
		return false;
	if (layout->style == TABLE_PLAIN) {
		render_plain(table, out);
		return !out->failed;
	}
	natural_widths(table, &widths);
	if (layout->width > 0)
		fit(table, layout->width, &widths);
	if (layout->bold_titles)
		buf_puts(out, "\033[1m");
	render_row(table, &widths, SIZE_MAX, out);
	buf_puts(out, layout->bold_titles ? "\033[0m\n" : "\n");
	for (size_t row = 0; row < rows; row++) {
		render_row(table, &widths, row, out);
		buf_putc(out, '\n');
	}
	return !out->failed;
}

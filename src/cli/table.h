/*
 * Rows of text in aligned columns that fit the terminal. What is too long is shortened with "…";
 * where even that does not fit, the least important columns are left out.
 */
#ifndef WINNOW_CLI_TABLE_H
#define WINNOW_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *title;
	enum table_align align;
	/* It may be shortened down to this, and gets room in proportion to it; 0: never. */
	unsigned min_width;
	unsigned leave_out; /* 1 goes first where there is no room; 0: never */
};

enum { TABLE_MAX_COLUMNS = 16 };

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct buf text;  /* of all cells */
	struct buf cells; /* struct table_cell_place, row by row */
	size_t cell_count;
};

enum table_style {
	TABLE_FITTED, /* aligned, with titles */
	TABLE_PLAIN,  /* tabs between the cells, no titles, nothing shortened: for other programs */
};

struct table_layout {
	enum table_style style;
	unsigned width; /* columns of the terminal; 0: nothing is shortened or left out */
	bool bold_titles;
};

void table_init(struct table *table, const struct table_column *columns, size_t column_count);
void table_release(struct table *table);
/* The next cell, cleaned for a terminal; absent or empty is shown as "-". */
void table_put(struct table *table, struct str text);
void table_printf(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* NaN is "-". */
void table_number(struct table *table, double value);
/* False when memory was out on the way. */
bool table_render(const struct table *table, const struct table_layout *layout, struct buf *out);

#endif

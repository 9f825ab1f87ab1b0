/*
 * Lists come in pages with a cursor to the next; here they are walked, and printed as one.
 */
#ifndef WINNOW_CLI_PAGES_H
#define WINNOW_CLI_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "cli/table.h"

/*
 * Calls `each` with every page of the list at `path` (with its filters already) until there is no
 * more, `each` sets *enough, or returns something else than CLI_OK. The page is freed afterwards.
 */
enum cli_exit pages_walk(struct cli *cli, const struct buf *path,
	enum cli_exit (*each)(void *arg, const struct json_view *page, bool *enough), void *arg);

/* Prints pages as one JSON object: the first page's members, and the elements of all. */
struct page_printer {
	const char *plural; /* the member that is the list */
	int64_t left;       /* elements that may still be printed */
	bool opened, any;
};

/* For pages_walk, with a struct page_printer. */
enum cli_exit page_print(void *printer, const struct json_view *page, bool *enough);
/* Also after a failure, so that what was printed stays JSON. */
void page_print_end(const struct page_printer *printer);
/* All pages at once; for --json. */
enum cli_exit pages_print(struct cli *cli, const struct buf *path, const char *plural);

/* A list as rows of a table. */
struct page_rows {
	const char *plural; /* the member that is the list */
	const struct table_column *columns;
	size_t column_count;
	/* For pages_walk, with a struct table: puts the cells of a page's rows. */
	enum cli_exit (*put)(void *table, const struct json_view *page, bool *enough);
};
/* Shows the list at `path` as a table (`whole`: nothing is shortened), or as JSON where --json asks for
 * it. */
enum cli_exit pages_show(
	struct cli *cli, const struct buf *path, const struct page_rows *rows, bool whole);

#endif

/*
 * Rows of a live picture in blocks of BLOCK_ROWS, as the engine reads them (winnow/rows.h), with the
 * facts and the few texts that pages show beside. A block that a published ranking holds is never
 * written again: the picture clones it first. So rankings share what did not change, and nobody
 * locks.
 */
#ifndef WINNOW_LIVE_BLOCK_H
#define WINNOW_LIVE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/symbols.h"
#include "base/uuid.h"
#include "store/aggregates.h"
#include "winnow/rows.h"

enum { BLOCK_ROWS = 256 };

/* Texts of a row. */
enum row_text {
	ROW_SOURCE,
	ROW_EXTERNAL_ID,
	ROW_TITLE,
	ROW_STREAM,
	ROW_KIND,
	ROW_STATUS,
	ROW_TEAM,
	ROW_TEXTS
};

/* One blocked_by entry: the id to look for, and the name to report when nobody has it. */
struct row_link {
	struct uuid id;
	uint32_t name_at; /* in the block's text: source, then external id */
	uint16_t source_bytes, external_id_bytes;
};

struct row_facts {
	struct uuid id;
	int64_t revision, first_revision;
	uint32_t text_at; /* in the block's text: external id, then title */
	uint16_t external_id_bytes, title_bytes;
	uint16_t link_count;
	uint32_t link_at; /* in the block's links */
};

struct block {
	int references; /* atomic */
	uint32_t rows;
	uint32_t column_count;
	double **columns; /* column_count of them, each BLOCK_ROWS long or NULL (all unknown) */
	/* Beside each column, enum wn_evidence; NULL where no value has any. */
	uint8_t **evidence;
	/* Symbols, BLOCK_ROWS long; NULL where no row has that word. An assignee's is of a digest:
	 * it tells people apart, and nobody finds a name behind it. */
	uint32_t *words[WN_WORDS];
	double *numbers[WN_NUMBERS]; /* the same; those of comparisons are not kept here */
	uint8_t texts[BLOCK_ROWS];   /* bits of enum wn_text */
	uint32_t *label_start;       /* BLOCK_ROWS + 1 long; NULL: no row has labels */
	uint32_t *labels;
	uint32_t label_room;
	struct row_facts facts[BLOCK_ROWS];
	struct symbols *symbols;
	char *text;
	uint32_t text_used, text_room, text_garbage;
	struct row_link *links;
	uint32_t link_used, link_room;
};

struct block *block_new(struct symbols *symbols, uint32_t column_count);
void block_ref(struct block *block);
void block_unref(struct block *block);
/* A private, compact copy with at least `column_count` columns. NULL when memory is out. */
struct block *block_clone(const struct block *block, uint32_t column_count);
/* Writes a row (index <= rows; equal appends). The block must be private, and its symbols written by
 * this thread alone. `links` are the names of row->blocked_by in the same order. False when memory
 * is out: then the row is unchanged. */
bool block_write(struct block *block, uint32_t index, const struct item_row *row,
	const struct item_link *links);
/* Gives a row that was written without title and assignee these two. The same conditions. */
bool block_write_text(struct block *block, uint32_t index, const struct item_text *text);
/* Its texts, labels and links take no more room than they need from now on. Only a hint; the block must be
 * private. */
void block_fit(struct block *block);
size_t block_bytes(const struct block *block);

/* What the engine sees of it. It points into the block, and is good while the block is not written. */
void block_rows(const struct block *block, struct wn_rows *out);
struct str block_text(const struct block *block, uint32_t index, enum row_text which);
const struct row_link *block_links(const struct block *block, uint32_t index, size_t *count);
struct item_link block_link_name(const struct block *block, const struct row_link *link);
double block_value(const struct block *block, uint32_t index, uint32_t column);
enum evidence block_evidence(const struct block *block, uint32_t index, uint32_t column);

#endif

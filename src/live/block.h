/*
 * Rows of a live picture in blocks of BLOCK_ROWS: feature columns, facts and their texts. A block
 * that a published ranking holds is never written again: the picture clones it first. So rankings
 * share what did not change, and nobody locks.
 */
#ifndef WINNOW_LIVE_BLOCK_H
#define WINNOW_LIVE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "store/aggregates.h"

enum { BLOCK_ROWS = 256 };

/* Texts of a row lie behind each other in the block's text, in this order. */
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
	uint32_t text_at;
	uint16_t text_bytes[ROW_TEXTS];
	bool has_team;
	uint16_t link_count;
	uint32_t link_at; /* in the block's links */
};

struct block {
	int references; /* atomic */
	uint32_t rows;
	uint32_t column_count;
	double **columns; /* column_count of them, each BLOCK_ROWS long or NULL (all unknown) */
	/* Beside each column, enum evidence as bytes; NULL where no value has any. */
	uint8_t **evidence;
	struct row_facts facts[BLOCK_ROWS];
	char *text;
	uint32_t text_used, text_room, text_garbage;
	struct row_link *links;
	uint32_t link_used, link_room;
};

struct block *block_new(uint32_t column_count);
void block_ref(struct block *block);
void block_unref(struct block *block);
/* A private, compact copy with at least `column_count` columns. NULL when memory is out. */
struct block *block_clone(const struct block *block, uint32_t column_count);
/* Writes a row (index <= rows; equal appends). The block must be private. `links` are the names of
 * row->blocked_by in the same order. False when memory is out: then the row is unchanged. */
bool block_write(struct block *block, uint32_t index, const struct item_row *row,
	const struct item_link *links);
size_t block_bytes(const struct block *block);

struct str block_text(const struct block *block, uint32_t index, enum row_text which);
const struct row_link *block_links(const struct block *block, uint32_t index, size_t *count);
struct item_link block_link_name(const struct block *block, const struct row_link *link);
double block_value(const struct block *block, uint32_t index, uint32_t column);
enum evidence block_evidence(const struct block *block, uint32_t index, uint32_t column);

#endif

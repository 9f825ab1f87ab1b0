/*
 * Blocks of rows: written while private, read by many once published.
 */
#include "live/block.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct block *block_new(uint32_t column_count)
{
	struct block *block = calloc(1, sizeof *block);

	if (!block)
		return NULL;
	block->references = 1;
	block->column_count = column_count;
	if (column_count == 0)
		return block;
	block->columns = calloc(column_count, sizeof *block->columns);
	block->evidence = calloc(column_count, sizeof *block->evidence);
	if (block->columns && block->evidence)
		return block;
	block->column_count = 0;
	block_unref(block);
	return NULL;
}

void block_ref(struct block *block)
{
	__atomic_add_fetch(&block->references, 1, __ATOMIC_RELAXED);
}

void block_unref(struct block *block)
{
	if (!block || __atomic_sub_fetch(&block->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (uint32_t c = 0; c < block->column_count; c++) {
		free(block->columns[c]);
		free(block->evidence[c]);
	}
	free(block->columns);
	free(block->evidence);
	free(block->text);
	free(block->links);
	free(block);
}

size_t block_bytes(const struct block *block)
{
	size_t bytes = sizeof *block + block->column_count * 2 * sizeof(void *);

	for (uint32_t c = 0; c < block->column_count; c++) {
		bytes += block->columns[c] ? BLOCK_ROWS * sizeof(double) : 0;
		bytes += block->evidence[c] ? BLOCK_ROWS : 0;
	}
	return bytes + block->text_room + block->link_room * sizeof *block->links;
}

/* Room for `more` bytes of text; positions stay valid, addresses do not. */
static bool text_reserve(struct block *block, size_t more)
{
	size_t need = block->text_used + more;
	char *text;

	if (need <= block->text_room)
		return true;
	if (need > UINT32_MAX / 2)
		return false;
	need += need / 4;
	text = realloc(block->text, need);
	if (!text)
		return false;
	block->text = text;
	block->text_room = (uint32_t)need;
	return true;
}

static bool links_reserve(struct block *block, size_t more)
{
	size_t need = block->link_used + more;
	struct row_link *links;

	if (need <= block->link_room)
		return true;
	need += need / 4 + 4;
	links = realloc(block->links, need * sizeof *links);
	if (!links)
		return false;
	block->links = links;
	block->link_room = (uint32_t)need;
	return true;
}

static uint32_t text_put(struct block *block, struct str text)
{
	uint32_t at = block->text_used;

	if (text.len)
		memcpy(block->text + at, text.ptr, text.len);
	block->text_used += (uint32_t)text.len;
	return at;
}

static size_t facts_text_bytes(const struct row_facts *facts)
{
	size_t bytes = 0;

	for (int i = 0; i < ROW_TEXTS; i++)
		bytes += facts->text_bytes[i];
	return bytes;
}

/* The texts of a row, in the order of enum row_text. */
static void row_texts(const struct item_row *row, struct str texts[ROW_TEXTS])
{
	const struct item_record *record = &row->record;

	texts[ROW_SOURCE] = record->source;
	texts[ROW_EXTERNAL_ID] = record->external_id;
	texts[ROW_TITLE] = row->text.title;
	texts[ROW_STREAM] = record->item.stream;
	texts[ROW_KIND] = record->item.kind;
	texts[ROW_STATUS] = record->item.status;
	texts[ROW_TEAM] = record->item.team;
}

static bool column_reserve(struct block *block, uint16_t id, enum evidence evidence)
{
	if (!block->columns[id]) {
		block->columns[id] = malloc(BLOCK_ROWS * sizeof(double));
		if (!block->columns[id])
			return false;
		for (int row = 0; row < BLOCK_ROWS; row++)
			block->columns[id][row] = NAN;
	}
	if (!block->evidence[id] && evidence != EVIDENCE_NONE)
		block->evidence[id] = calloc(BLOCK_ROWS, 1);
	return block->evidence[id] || evidence == EVIDENCE_NONE;
}

static bool columns_reserve(struct block *block, const struct item *item)
{
	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *feature = &item->features[i];

		if (feature->id < block->column_count && !feature->cleared &&
			!column_reserve(block, feature->id, feature->evidence))
			return false;
	}
	return true;
}

static void write_columns(struct block *block, uint32_t index, const struct item *item)
{
	for (uint32_t c = 0; c < block->column_count; c++) {
		if (block->columns[c])
			block->columns[c][index] = NAN;
		if (block->evidence[c])
			block->evidence[c][index] = EVIDENCE_NONE;
	}
	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *feature = &item->features[i];

		if (feature->id >= block->column_count || feature->cleared)
			continue;
		block->columns[feature->id][index] = feature->number;
		if (block->evidence[feature->id])
			block->evidence[feature->id][index] = (uint8_t)feature->evidence;
	}
}

bool block_write(struct block *block, uint32_t index, const struct item_row *row,
	const struct item_link *links)
{
	struct row_facts facts = {
		.id = row->record.id,
		.revision = row->record.revision,
		.first_revision = row->record.first_revision,
		.has_team = row->record.item.team.ptr != NULL,
		.link_count = (uint16_t)row->blocked_by_count,
	};
	struct str texts[ROW_TEXTS];
	size_t bytes = 0;

	assert(index <= block->rows && index < BLOCK_ROWS);
	row_texts(row, texts);
	for (int i = 0; i < ROW_TEXTS; i++) {
		facts.text_bytes[i] = (uint16_t)texts[i].len;
		bytes += texts[i].len;
	}
	for (size_t i = 0; i < row->blocked_by_count; i++)
		bytes += links[i].source.len + links[i].external_id.len;
	if (!text_reserve(block, bytes) || !links_reserve(block, row->blocked_by_count) ||
		!columns_reserve(block, &row->record.item))
		return false;

	facts.text_at = block->text_used;
	for (int i = 0; i < ROW_TEXTS; i++)
		text_put(block, texts[i]);
	facts.link_at = block->link_used;
	for (size_t i = 0; i < row->blocked_by_count; i++) {
		struct row_link *link = &block->links[block->link_used++];

		link->id = row->blocked_by[i];
		link->name_at = text_put(block, links[i].source);
		text_put(block, links[i].external_id);
		link->source_bytes = (uint16_t)links[i].source.len;
		link->external_id_bytes = (uint16_t)links[i].external_id.len;
	}
	if (index < block->rows)
		block->text_garbage += (uint32_t)facts_text_bytes(&block->facts[index]);
	else
		block->rows++;
	block->facts[index] = facts;
	write_columns(block, index, &row->record.item);
	return true;
}

/* *to is a copy of `from`, or NULL like it. False when memory is out. */
static bool clone_bytes(void **to, const void *from, size_t bytes)
{
	if (!from)
		return true;
	*to = malloc(bytes);
	if (*to)
		memcpy(*to, from, bytes);
	return *to != NULL;
}

static bool clone_columns(struct block *copy, const struct block *block)
{
	for (uint32_t c = 0; c < block->column_count; c++) {
		if (!clone_bytes((void **)&copy->columns[c], block->columns[c],
			    BLOCK_ROWS * sizeof(double)) ||
			!clone_bytes((void **)&copy->evidence[c], block->evidence[c], BLOCK_ROWS))
			return false;
	}
	return true;
}

/* Leaves behind the texts and links that no row names any more. */
static void clone_row_texts(struct block *copy, const struct block *block, uint32_t index)
{
	const struct row_facts *from = &block->facts[index];
	struct row_facts *to = &copy->facts[index];

	*to = *from;
	to->text_at = text_put(copy, (struct str){block->text ? block->text + from->text_at : "",
					     facts_text_bytes(from)});
	to->link_at = copy->link_used;
	for (uint16_t i = 0; i < from->link_count; i++) {
		struct row_link link = block->links[from->link_at + i];
		size_t bytes = (size_t)link.source_bytes + link.external_id_bytes;

		link.name_at = text_put(copy, (struct str){block->text + link.name_at, bytes});
		copy->links[copy->link_used++] = link;
	}
}

struct block *block_clone(const struct block *block, uint32_t column_count)
{
	struct block *copy;

	if (column_count < block->column_count)
		column_count = block->column_count;
	copy = block_new(column_count);
	if (!copy)
		return NULL;
	if (!clone_columns(copy, block) || !text_reserve(copy, block->text_used) ||
		!links_reserve(copy, block->link_used)) {
		block_unref(copy);
		return NULL;
	}
	copy->rows = block->rows;
	for (uint32_t row = 0; row < block->rows; row++)
		clone_row_texts(copy, block, row);
	return copy;
}

struct str block_text(const struct block *block, uint32_t index, enum row_text which)
{
	const struct row_facts *facts = &block->facts[index];
	size_t at = facts->text_at;

	if (which == ROW_TEAM && !facts->has_team)
		return STR_NONE;
	for (int i = 0; i < (int)which; i++)
		at += facts->text_bytes[i];
	return (struct str){block->text ? block->text + at : "", facts->text_bytes[which]};
}

const struct row_link *block_links(const struct block *block, uint32_t index, size_t *count)
{
	const struct row_facts *facts = &block->facts[index];

	*count = facts->link_count;
	return facts->link_count ? block->links + facts->link_at : NULL;
}

struct item_link block_link_name(const struct block *block, const struct row_link *link)
{
	const char *at = block->text + link->name_at;

	return (struct item_link){
		.source = {at, link->source_bytes},
		.external_id = {at + link->source_bytes, link->external_id_bytes},
	};
}

double block_value(const struct block *block, uint32_t index, uint32_t column)
{
	if (column >= block->column_count || !block->columns[column])
		return NAN;
	return block->columns[column][index];
}

enum evidence block_evidence(const struct block *block, uint32_t index, uint32_t column)
{
	if (column >= block->column_count || !block->evidence[column])
		return EVIDENCE_NONE;
	return (enum evidence)block->evidence[column][index];
}

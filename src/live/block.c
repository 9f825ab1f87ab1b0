/*
 * Blocks of rows: written while private, read by many once published. Columns come into being with
 * the first row that has something to put there.
 */
#include "live/block.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/population.h"

/* Evidence bytes are the item's; from asserted on they also count principals. */
static_assert((int)WN_MEASURED == (int)EVIDENCE_MEASURED, "evidence is stored as it is");
static_assert((int)WN_ESTIMATED == (int)EVIDENCE_ESTIMATED, "evidence is stored as it is");
static_assert((int)WN_ASSERTED == (int)EVIDENCE_ASSERTED, "principals follow behind it");

struct block *block_new(struct symbols *symbols, uint32_t column_count)
{
	struct block *block = calloc(1, sizeof *block);

	if (!block)
		return NULL;
	block->references = 1;
	block->symbols = symbols;
	symbols_ref(symbols);
	if (column_count == 0)
		return block;
	block->columns = calloc(column_count, sizeof *block->columns);
	block->evidence = calloc(column_count, sizeof *block->evidence);
	if (block->columns && block->evidence) {
		block->column_count = column_count;
		return block;
	}
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
	for (int i = 0; i < WN_WORDS; i++)
		free(block->words[i]);
	for (int i = 0; i < WN_NUMBERS; i++)
		free(block->numbers[i]);
	free(block->columns);
	free(block->evidence);
	free(block->label_start);
	free(block->labels);
	free(block->text);
	free(block->links);
	symbols_unref(block->symbols);
	free(block);
}

size_t block_bytes(const struct block *block)
{
	size_t bytes = sizeof *block + block->column_count * 2 * sizeof(void *);

	for (uint32_t c = 0; c < block->column_count; c++) {
		bytes += block->columns[c] ? BLOCK_ROWS * sizeof(double) : 0;
		bytes += block->evidence[c] ? BLOCK_ROWS : 0;
	}
	for (int i = 0; i < WN_WORDS; i++)
		bytes += block->words[i] ? BLOCK_ROWS * sizeof(uint32_t) : 0;
	for (int i = 0; i < WN_NUMBERS; i++)
		bytes += block->numbers[i] ? BLOCK_ROWS * sizeof(double) : 0;
	bytes += block->label_start ? (BLOCK_ROWS + 1) * sizeof(uint32_t) : 0;
	bytes += block->label_room * sizeof(uint32_t);
	return bytes + block->text_room + block->link_room * sizeof *block->links;
}

/* ---- room ---- */

/* *array with room for `need` elements; positions stay valid, addresses do not. */
static bool reserve(void **array, uint32_t *room, size_t need, size_t size)
{
	void *grown;

	if (need <= *room)
		return true;
	if (need > UINT32_MAX / 2)
		return false;
	need += need / 4 + 4;
	grown = realloc(*array, need * size);
	if (!grown)
		return false;
	*array = grown;
	*room = (uint32_t)need;
	return true;
}

static bool text_reserve(struct block *block, size_t more)
{
	return reserve((void **)&block->text, &block->text_room, block->text_used + more, 1);
}

static bool links_reserve(struct block *block, size_t more)
{
	return reserve((void **)&block->links, &block->link_room, block->link_used + more,
		sizeof *block->links);
}

static bool numbers_reserve(double **column)
{
	if (*column)
		return true;
	*column = malloc(BLOCK_ROWS * sizeof **column);
	for (int row = 0; *column && row < BLOCK_ROWS; row++)
		(*column)[row] = NAN;
	return *column != NULL;
}

static bool column_reserve(struct block *block, uint16_t id, enum evidence evidence)
{
	if (!numbers_reserve(&block->columns[id]))
		return false;
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

/* ---- a row's words, labels, numbers ---- */

/* What a row is about to be written as, all of it known before anything is. */
struct row_symbols {
	uint32_t words[WN_WORDS];
	double numbers[WN_NUMBERS];
	uint32_t labels[ITEM_MAX_LABELS];
	uint32_t label_count;
};

/* People's names can be personal, and an erased one must not live on in memory: a digest, under the
 * process's own key, is enough to tell them apart. Its first byte is no character's. */
static uint32_t person_symbol(struct symbols *symbols, struct str name)
{
	unsigned long long hash = str_hash(name);
	char digest[1 + sizeof hash];

	if (!name.ptr)
		return SYMBOL_NONE;
	digest[0] = '\xff';
	memcpy(digest + 1, &hash, sizeof hash);
	return symbols_add(symbols, (struct str){digest, sizeof digest});
}

static double seconds(int64_t us)
{
	return us == TIME_NONE ? NAN : (double)us / US_PER_S;
}

static bool symbols_of(struct symbols *symbols, const struct item_row *row, struct row_symbols *out)
{
	const struct item *item = &row->record.item;
	bool good = item->label_count <= ITEM_MAX_LABELS;

	out->words[WN_STREAM] = symbols_add(symbols, item->stream);
	out->words[WN_KIND] = symbols_add(symbols, item->kind);
	out->words[WN_STATUS] = symbols_add(symbols, item->status);
	out->words[WN_TEAM] = symbols_add(symbols, item->team);
	out->words[WN_SOURCE] = symbols_add(symbols, row->record.source);
	out->words[WN_ASSIGNEE] = person_symbol(symbols, row->text.assignee);
	for (int i = 0; i < WN_WORDS; i++)
		good = good && out->words[i] != SYMBOL_UNSEEN;
	out->label_count = good ? (uint32_t)item->label_count : 0;
	for (uint32_t i = 0; i < out->label_count; i++) {
		out->labels[i] = symbols_add(symbols, item->labels[i]);
		good = good && out->labels[i] != SYMBOL_UNSEEN;
	}
	for (int i = 0; i < WN_NUMBERS; i++)
		out->numbers[i] = NAN;
	out->numbers[WN_CREATED] = seconds(item->created_us);
	out->numbers[WN_UPDATED] = seconds(item->updated_us);
	out->numbers[WN_DUE] = seconds(item->due_us);
	out->numbers[WN_ESTIMATE] = item->estimate;
	return good;
}

static bool labels_reserve(struct block *block, uint32_t index, uint32_t count)
{
	uint32_t used = block->label_start ? block->label_start[block->rows] : 0;
	uint32_t before = block->label_start && index < block->rows
				  ? block->label_start[index + 1] - block->label_start[index]
				  : 0;

	if (!block->label_start && count > 0)
		block->label_start = calloc(BLOCK_ROWS + 1, sizeof *block->label_start);
	if (!block->label_start)
		return count == 0;
	return reserve((void **)&block->labels, &block->label_room, (size_t)used - before + count,
		sizeof *block->labels);
}

static bool facts_reserve(struct block *block, uint32_t index, const struct row_symbols *row)
{
	for (int i = 0; i < WN_WORDS; i++) {
		if (block->words[i] || row->words[i] == SYMBOL_NONE)
			continue;
		block->words[i] = calloc(BLOCK_ROWS, sizeof *block->words[i]);
		if (!block->words[i])
			return false;
	}
	for (int i = 0; i < WN_NUMBERS; i++) {
		if (!isnan(row->numbers[i]) && !numbers_reserve(&block->numbers[i]))
			return false;
	}
	return labels_reserve(block, index, row->label_count);
}

/* The labels of later rows move along; rows that are not there yet begin at the end. */
static void write_labels(struct block *block, uint32_t index, const struct row_symbols *row)
{
	uint32_t *start = block->label_start;
	uint32_t at, before, used;

	if (!start)
		return;
	at = start[index];
	before = start[index + 1] - at;
	used = start[BLOCK_ROWS];
	if (before != row->label_count && used > at + before)
		memmove(block->labels + at + row->label_count, block->labels + at + before,
			(used - at - before) * sizeof *block->labels);
	memcpy(block->labels + at, row->labels, row->label_count * sizeof *block->labels);
	for (uint32_t i = index + 1; before != row->label_count && i <= BLOCK_ROWS; i++)
		start[i] = start[i] - before + row->label_count;
}

static void write_facts(struct block *block, uint32_t index, const struct row_symbols *row)
{
	for (int i = 0; i < WN_WORDS; i++) {
		if (block->words[i])
			block->words[i][index] = row->words[i];
	}
	for (int i = 0; i < WN_NUMBERS; i++) {
		if (block->numbers[i])
			block->numbers[i][index] = row->numbers[i];
	}
	write_labels(block, index, row);
}

/* ---- a row's features ---- */

static void write_columns(struct block *block, uint32_t index, const struct item *item)
{
	for (uint32_t c = 0; c < block->column_count; c++) {
		if (block->columns[c])
			block->columns[c][index] = NAN;
		if (block->evidence[c])
			block->evidence[c][index] = WN_UNSAID;
	}
	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *feature = &item->features[i];

		if (feature->id >= block->column_count || feature->cleared)
			continue;
		block->columns[feature->id][index] = feature->number;
		if (!block->evidence[feature->id])
			continue;
		block->evidence[feature->id][index] = population_evidence(item, i);
	}
}

/* ---- a row ---- */

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
	return (size_t)facts->external_id_bytes + facts->title_bytes;
}

static void write_links(struct block *block, struct row_facts *facts, const struct item_row *row,
	const struct item_link *links)
{
	facts->link_at = block->link_used;
	facts->link_count = (uint16_t)row->blocked_by_count;
	for (size_t i = 0; i < row->blocked_by_count; i++) {
		struct row_link *link = &block->links[block->link_used++];

		link->id = row->blocked_by[i];
		link->name_at = text_put(block, links[i].source);
		text_put(block, links[i].external_id);
		link->source_bytes = (uint16_t)links[i].source.len;
		link->external_id_bytes = (uint16_t)links[i].external_id.len;
	}
}

bool block_write(struct block *block, uint32_t index, const struct item_row *row,
	const struct item_link *links)
{
	const struct item_record *record = &row->record;
	struct row_facts facts = {
		.id = record->id,
		.revision = record->revision,
		.first_revision = record->first_revision,
		.external_id_bytes = (uint16_t)record->external_id.len,
		.title_bytes = (uint16_t)row->text.title.len,
	};
	size_t bytes = record->external_id.len + row->text.title.len;
	struct row_symbols symbols;

	assert(index <= block->rows && index < BLOCK_ROWS);
	for (size_t i = 0; i < row->blocked_by_count; i++)
		bytes += links[i].source.len + links[i].external_id.len;
	if (!symbols_of(block->symbols, row, &symbols) || !text_reserve(block, bytes) ||
		!links_reserve(block, row->blocked_by_count) ||
		!columns_reserve(block, &record->item) || !facts_reserve(block, index, &symbols))
		return false;

	facts.text_at = text_put(block, record->external_id);
	text_put(block, row->text.title);
	write_links(block, &facts, row, links);
	if (index < block->rows)
		block->text_garbage += (uint32_t)facts_text_bytes(&block->facts[index]);
	else
		block->rows++;
	block->facts[index] = facts;
	block->texts[index] = population_texts(row->text_present);
	write_facts(block, index, &symbols);
	write_columns(block, index, &record->item);
	return true;
}

bool block_write_text(struct block *block, uint32_t index, const struct item_text *text)
{
	struct row_facts *facts = &block->facts[index];
	struct str external_id = {NULL, facts->external_id_bytes};
	uint32_t person = person_symbol(block->symbols, text->assignee);
	bool people = block->words[WN_ASSIGNEE] || person == SYMBOL_NONE;

	assert(index < block->rows);
	if (!people)
		block->words[WN_ASSIGNEE] = calloc(BLOCK_ROWS, sizeof(uint32_t));
	if (person == SYMBOL_UNSEEN || (!people && !block->words[WN_ASSIGNEE]) ||
		!text_reserve(block, external_id.len + text->title.len))
		return false;
	block->text_garbage += (uint32_t)facts_text_bytes(facts);
	external_id.ptr = block->text + facts->text_at;
	facts->text_at = text_put(block, external_id);
	text_put(block, text->title);
	facts->title_bytes = (uint16_t)text->title.len;
	if (block->words[WN_ASSIGNEE])
		block->words[WN_ASSIGNEE][index] = person;
	return true;
}

/* ---- copies ---- */

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

static bool clone_facts(struct block *copy, const struct block *block)
{
	uint32_t labels = block->label_start ? block->label_start[BLOCK_ROWS] : 0;

	for (int i = 0; i < WN_WORDS; i++) {
		if (!clone_bytes((void **)&copy->words[i], block->words[i],
			    BLOCK_ROWS * sizeof(uint32_t)))
			return false;
	}
	for (int i = 0; i < WN_NUMBERS; i++) {
		if (!clone_bytes((void **)&copy->numbers[i], block->numbers[i],
			    BLOCK_ROWS * sizeof(double)))
			return false;
	}
	memcpy(copy->texts, block->texts, sizeof copy->texts);
	if (!clone_bytes((void **)&copy->label_start, block->label_start,
		    (BLOCK_ROWS + 1) * sizeof(uint32_t)))
		return false;
	if (!reserve((void **)&copy->labels, &copy->label_room, labels, sizeof(uint32_t)))
		return false;
	if (labels > 0)
		memcpy(copy->labels, block->labels, labels * sizeof(uint32_t));
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

/* An array cut to what is used of it; it stays as it is when memory is out. */
static void cut(void **array, uint32_t *room, uint32_t used, size_t size)
{
	void *smaller = used > 0 && used < *room ? realloc(*array, used * size) : NULL;

	if (!smaller)
		return;
	*array = smaller;
	*room = used;
}

void block_fit(struct block *block)
{
	struct block fitted = {.text = NULL};
	uint32_t labels = block->label_start ? block->label_start[BLOCK_ROWS] : 0;

	cut((void **)&block->labels, &block->label_room, labels, sizeof *block->labels);
	fitted.text = malloc(block->text_used + 1);
	fitted.links = malloc((block->link_used + 1) * sizeof *block->links);
	if (!fitted.text || !fitted.links) {
		free(fitted.text);
		free(fitted.links);
		return;
	}
	fitted.text_room = block->text_used + 1;
	fitted.link_room = block->link_used + 1;
	for (uint32_t row = 0; row < block->rows; row++) {
		clone_row_texts(&fitted, block, row);
		block->facts[row] = fitted.facts[row];
	}
	free(block->text);
	free(block->links);
	block->text = fitted.text;
	block->text_used = fitted.text_used;
	block->text_room = fitted.text_room;
	block->text_garbage = 0;
	block->links = fitted.links;
	block->link_used = fitted.link_used;
	block->link_room = fitted.link_room;
	cut((void **)&block->text, &block->text_room, block->text_used, 1);
	cut((void **)&block->links, &block->link_room, block->link_used, sizeof *block->links);
	if (block->link_used == 0) {
		free(block->links);
		block->links = NULL;
		block->link_room = 0;
	}
}

struct block *block_clone(const struct block *block, uint32_t column_count)
{
	struct block *copy;

	if (column_count < block->column_count)
		column_count = block->column_count;
	copy = block_new(block->symbols, column_count);
	if (!copy)
		return NULL;
	if (!clone_columns(copy, block) || !clone_facts(copy, block) ||
		!text_reserve(copy, block->text_used) || !links_reserve(copy, block->link_used)) {
		block_unref(copy);
		return NULL;
	}
	copy->rows = block->rows;
	for (uint32_t row = 0; row < block->rows; row++)
		clone_row_texts(copy, block, row);
	return copy;
}

/* ---- reading ---- */

void block_rows(const struct block *block, struct wn_rows *out)
{
	*out = (struct wn_rows){
		.rows = block->rows,
		.columns = (const double *const *)block->columns,
		.column_count = block->column_count,
		.evidence = (const uint8_t *const *)block->evidence,
		.texts = block->texts,
		.label_start = block->label_start,
		.labels = block->labels,
	};
	for (int i = 0; i < WN_WORDS; i++)
		out->words[i] = block->words[i];
	for (int i = 0; i < WN_NUMBERS; i++)
		out->numbers[i] = block->numbers[i];
}

static struct str word_of(const struct block *block, uint32_t index, enum wn_word which)
{
	return block->words[which] ? symbols_text(block->symbols, block->words[which][index])
				   : STR_NONE;
}

struct str block_text(const struct block *block, uint32_t index, enum row_text which)
{
	const struct row_facts *facts = &block->facts[index];
	const char *at = block->text ? block->text + facts->text_at : "";

	switch (which) {
	case ROW_EXTERNAL_ID: return (struct str){at, facts->external_id_bytes};
	case ROW_TITLE: return (struct str){at + facts->external_id_bytes, facts->title_bytes};
	case ROW_SOURCE: return word_of(block, index, WN_SOURCE);
	case ROW_STREAM: return word_of(block, index, WN_STREAM);
	case ROW_KIND: return word_of(block, index, WN_KIND);
	case ROW_STATUS: return word_of(block, index, WN_STATUS);
	case ROW_TEAM: return word_of(block, index, WN_TEAM);
	case ROW_TEXTS: break;
	}
	return STR_NONE;
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
	uint8_t evidence;

	if (column >= block->column_count || !block->evidence[column])
		return EVIDENCE_NONE;
	evidence = block->evidence[column][index];
	return evidence < WN_ASSERTED ? (enum evidence)evidence : EVIDENCE_ASSERTED;
}

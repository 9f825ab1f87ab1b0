/*
 * From the versions of items to what became of their statuses.
 */
#include "live/status_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/picture.h"
#include "store/aggregates.h"

void status_log_ref(struct status_log *log)
{
	__atomic_add_fetch(&log->references, 1, __ATOMIC_RELAXED);
}

static void block_let_go(struct status_block *block)
{
	if (block && __atomic_sub_fetch(&block->references, 1, __ATOMIC_ACQ_REL) == 0)
		free(block);
}

void status_log_unref(struct status_log *log)
{
	if (!log || __atomic_sub_fetch(&log->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t b = 0; b < log->block_count; b++)
		block_let_go(log->blocks[b]);
	free(log->blocks);
	symbols_unref(log->statuses);
	free(log);
}

size_t status_log_bytes(const struct status_log *log)
{
	size_t bytes;

	if (!log)
		return 0;
	bytes = sizeof *log + symbols_bytes(log->statuses) +
		log->block_count * sizeof(struct status_block *);
	for (size_t b = 0; b < log->block_count; b++) {
		const struct status_block *block = log->blocks[b];

		if (block)
			bytes += sizeof *block +
				 block->start[BLOCK_ROWS] * sizeof(struct status_change);
	}
	return bytes;
}

bool status_log_fits(const struct status_log *log, const struct sla_rules *slas)
{
	return log && log->watched_count == slas->watched_count &&
	       memcmp(log->watched, slas->watched, slas->watched_count * sizeof slas->watched[0]) ==
		       0;
}

const struct status_change *status_log_of(const struct status_log *log, uint32_t row, size_t *count)
{
	const struct status_block *block =
		row / BLOCK_ROWS < log->block_count ? log->blocks[row / BLOCK_ROWS] : NULL;
	uint32_t at = row % BLOCK_ROWS;

	*count = block ? block->start[at + 1] - block->start[at] : 0;
	return block ? block->changes + block->start[at] : NULL;
}

/* ---- reading ---- */

struct new_change {
	uint32_t row;
	int64_t revision;
	struct status_change change;
};

struct collector {
	struct row_index *index;
	struct symbols *statuses;
	uint32_t status_count;
	struct new_change *list;
	size_t count, room;
};

static bool collect(void *self, const struct status_change_row *row)
{
	struct collector *collector = self;
	uint32_t at = row_index_find(collector->index, &row->item);
	uint32_t status = symbols_add(collector->statuses, row->status);

	if (at == MAP_NONE)
		return true;
	if (status == SYMBOL_UNSEEN)
		return false;
	if (collector->count == collector->room) {
		size_t room = collector->room ? collector->room * 2 : 1024;
		struct new_change *grown =
			reallocarray(collector->list, room, sizeof *collector->list);

		if (!grown)
			return false;
		collector->list = grown;
		collector->room = room;
	}
	if (status > collector->status_count)
		collector->status_count = status;
	collector->list[collector->count++] = (struct new_change){
		.row = at,
		.revision = row->revision,
		.change = {.at_s = row->at_us == TIME_NONE ? INT64_MIN : row->at_us / US_PER_S,
			.status = status,
			.changed = row->changed},
	};
	return true;
}

static int compare_changes(const void *a, const void *b)
{
	const struct new_change *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->revision > y->revision) - (x->revision < y->revision);
}

/* ---- the new log ---- */

/* The block with what is new of its rows behind what it had. NULL when memory is out. */
static struct status_block *block_with(
	const struct status_block *old, const struct new_change *news, size_t count)
{
	size_t before = old ? old->start[BLOCK_ROWS] : 0;
	struct status_block *block =
		malloc(sizeof *block + (before + count) * sizeof(struct status_change));
	uint32_t used = 0;

	if (!block)
		return NULL;
	block->references = 1;
	for (uint32_t row = 0, next = 0; row < BLOCK_ROWS; row++) {
		uint32_t had = old ? old->start[row + 1] - old->start[row] : 0;

		block->start[row] = used;
		if (had > 0)
			memcpy(block->changes + used, old->changes + old->start[row],
				had * sizeof(struct status_change));
		used += had;
		for (; next < count && news[next].row % BLOCK_ROWS == row; next++)
			block->changes[used++] = news[next].change;
	}
	block->start[BLOCK_ROWS] = used;
	return block;
}

/* `list` is sorted. */
static bool add_blocks(struct status_log *log, const struct new_change *list, size_t count)
{
	for (size_t begin = 0, end; begin < count; begin = end) {
		size_t b = list[begin].row / BLOCK_ROWS;
		struct status_block *block;

		for (end = begin; end < count && list[end].row / BLOCK_ROWS == b;)
			end++;
		block = block_with(log->blocks[b], list + begin, end - begin);
		if (!block)
			return false;
		block_let_go(log->blocks[b]);
		log->blocks[b] = block;
	}
	return true;
}

static struct status_log *log_new(const struct status_log *before, struct collector *collector)
{
	struct status_log *log = calloc(1, sizeof *log);
	size_t old = before ? before->block_count : 0, blocks = old;

	if (!log)
		return NULL;
	log->references = 1;
	log->statuses = collector->statuses;
	symbols_ref(log->statuses);
	log->status_count = collector->status_count;
	if (collector->count > 0 &&
		collector->list[collector->count - 1].row / BLOCK_ROWS >= blocks)
		blocks = collector->list[collector->count - 1].row / BLOCK_ROWS + 1;
	log->blocks = calloc(blocks + 1, sizeof(struct status_block *));
	if (log->blocks) {
		log->block_count = blocks;
		for (size_t b = 0; b < old; b++) {
			log->blocks[b] = before->blocks[b];
			if (log->blocks[b])
				__atomic_add_fetch(
					&log->blocks[b]->references, 1, __ATOMIC_RELAXED);
		}
		if (add_blocks(log, collector->list, collector->count))
			return log;
	}
	status_log_unref(log);
	return NULL;
}

enum error status_log_read(const struct status_reading *reading, const struct status_log *before,
	const struct sla_rules *slas, struct status_log **out)
{
	struct collector collector = {.index = reading->index};
	enum error error = ERR_NO_MEMORY;

	*out = NULL;
	if (before) {
		collector.statuses = before->statuses;
		collector.status_count = before->status_count;
		symbols_ref(collector.statuses);
	} else {
		collector.statuses = symbols_new();
	}
	if (collector.statuses)
		error = status_changes_scan(reading->conn, reading->workspace, reading->since,
			reading->upto, slas->watched, slas->watched_count, collect, &collector);
	if (!error && collector.count > 1)
		qsort(collector.list, collector.count, sizeof *collector.list, compare_changes);
	if (!error) {
		*out = log_new(before, &collector);
		error = *out ? ERR_OK : ERR_NO_MEMORY;
	}
	if (*out) {
		memcpy((*out)->watched, slas->watched, sizeof slas->watched);
		(*out)->watched_count = slas->watched_count;
	}
	free(collector.list);
	symbols_unref(collector.statuses);
	return error;
}

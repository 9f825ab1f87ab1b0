/*
 * Following PostgreSQL: the picture takes the versions written after its own revision, in one
 * snapshot with the head that it then claims to show.
 */
#include "live/picture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/aggregates.h"

struct row_index *row_index_new(void)
{
	struct row_index *index = calloc(1, sizeof *index);

	if (!index)
		return NULL;
	index->references = 1;
	if (pthread_rwlock_init(&index->lock, NULL) == 0)
		return index;
	free(index);
	return NULL;
}

void row_index_ref(struct row_index *index)
{
	__atomic_add_fetch(&index->references, 1, __ATOMIC_RELAXED);
}

void row_index_unref(struct row_index *index)
{
	if (!index || __atomic_sub_fetch(&index->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	uuid_map_release(&index->rows);
	pthread_rwlock_destroy(&index->lock);
	free(index);
}

uint32_t row_index_find(struct row_index *index, const struct uuid *id)
{
	uint32_t row;

	pthread_rwlock_rdlock(&index->lock);
	row = uuid_map_get(&index->rows, id);
	pthread_rwlock_unlock(&index->lock);
	return row;
}

static bool row_index_put(struct row_index *index, const struct uuid *id, uint32_t row)
{
	bool put;

	pthread_rwlock_wrlock(&index->lock);
	put = uuid_map_put(&index->rows, id, row);
	pthread_rwlock_unlock(&index->lock);
	return put;
}

struct picture *picture_new(const struct uuid *workspace)
{
	struct picture *picture = calloc(1, sizeof *picture);

	if (!picture)
		return NULL;
	picture->workspace = *workspace;
	picture->revision = -1;
	picture->index = row_index_new();
	if (picture->index)
		return picture;
	free(picture);
	return NULL;
}

void picture_free(struct picture *picture)
{
	if (!picture)
		return;
	for (size_t i = 0; i < picture->block_count; i++)
		block_unref(picture->blocks[i]);
	free(picture->blocks);
	free(picture->ids);
	free(picture->first_revisions);
	free(picture->candidates);
	row_index_unref(picture->index);
	catalog_unref(picture->catalog);
	free(picture);
}

size_t picture_bytes(const struct picture *picture)
{
	size_t bytes = sizeof *picture + picture->row_room * (16 + sizeof(int64_t) + 1) +
		       picture->index->rows.size * (sizeof(struct uuid) + sizeof(uint32_t));

	for (size_t i = 0; i < picture->block_count; i++)
		bytes += block_bytes(picture->blocks[i]);
	return bytes;
}

static bool grow(void **array, size_t count, size_t size)
{
	void *grown = realloc(*array, count * size);

	if (grown)
		*array = grown;
	return grown != NULL;
}

static bool rows_reserve(struct picture *picture)
{
	size_t room = picture->row_room ? picture->row_room * 2 : BLOCK_ROWS;

	if (picture->rows < picture->row_room)
		return true;
	if (room >= MAP_NONE || !grow((void **)&picture->ids, room, 16) ||
		!grow((void **)&picture->first_revisions, room, sizeof(int64_t)) ||
		!grow((void **)&picture->candidates, room, 1))
		return false;
	picture->row_room = room;
	return true;
}

/* The last block, or a new one when that is full. */
static bool block_append(struct picture *picture)
{
	struct block *block;

	if (picture->rows < picture->block_count * BLOCK_ROWS)
		return true;
	if (picture->block_count == picture->block_room) {
		size_t room = picture->block_room ? picture->block_room * 2 : 16;

		if (!grow((void **)&picture->blocks, room, sizeof(struct block *)))
			return false;
		picture->block_room = room;
	}
	block = block_new((uint32_t)picture->catalog->feature_count);
	if (!block)
		return false;
	picture->blocks[picture->block_count++] = block;
	return true;
}

/* The block of a row, private and wide enough to be written. */
static struct block *block_private(struct picture *picture, uint32_t row)
{
	struct block **slot = &picture->blocks[row / BLOCK_ROWS];
	uint32_t columns = (uint32_t)picture->catalog->feature_count;
	bool shared = __atomic_load_n(&(*slot)->references, __ATOMIC_ACQUIRE) > 1;
	bool wasteful =
		(*slot)->text_garbage > (*slot)->text_used / 2 && (*slot)->text_used > 65536;
	struct block *copy;

	if (!shared && !wasteful && (*slot)->column_count >= columns)
		return *slot;
	copy = block_clone(*slot, columns);
	if (!copy)
		return NULL;
	block_unref(*slot);
	*slot = copy;
	return copy;
}

/* A status that the vocabulary no longer knows is still work to be seen. */
static bool status_ranks(const struct catalog *catalog, struct str status)
{
	const struct status_definition *definition = catalog_status(catalog, status);

	return !definition || definition->class == STATUS_TODO ||
	       definition->class == STATUS_ACTIVE;
}

static enum error write_row(struct picture *picture, uint32_t row, const struct item_row *item,
	const struct item_link *links)
{
	struct block *block = block_private(picture, row);

	if (!block || !block_write(block, row % BLOCK_ROWS, item, links))
		return ERR_NO_MEMORY;
	memcpy(picture->ids[row], item->record.id.bytes, 16);
	picture->first_revisions[row] = item->record.first_revision;
	picture->candidates[row] = status_ranks(picture->catalog, item->record.item.status);
	return ERR_OK;
}

struct follow_state {
	struct picture *picture;
	struct arena arena;
	enum error error;
};

/* Whether the leftovers hold something that a ranking shows: names behind blocked_by, evidence. */
static bool needs_leftovers(const struct item_row *item)
{
	static const char evidence[] = "\"e\":";

	return item->blocked_by_count > 0 ||
	       memmem(item->extra.ptr, item->extra.len, evidence, sizeof evidence - 1);
}

/* *whole is the row with its leftovers, where it needs them. Parsing those of every row would make
 * loading several times as long. */
static enum error make_whole(
	struct follow_state *state, const struct item_row *item, struct item_row *whole)
{
	enum error error;

	*whole = *item;
	if (!needs_leftovers(item))
		return ERR_OK;
	error = item_from_storable(
		&whole->record, &item->text, item->extra, state->picture->catalog, &state->arena);
	if (error)
		return error;
	return whole->record.item.blocked_by_count == item->blocked_by_count ? ERR_OK
									     : ERR_INTERNAL;
}

static bool take_row(void *self, const struct item_row *item)
{
	struct follow_state *state = self;
	struct picture *picture = state->picture;
	uint32_t row = row_index_find(picture->index, &item->record.id);
	struct item_row whole;

	state->error = make_whole(state, item, &whole);
	if (state->error)
		goto out;
	if (row == MAP_NONE) {
		state->error = ERR_NO_MEMORY;
		row = (uint32_t)picture->rows;
		if (!rows_reserve(picture) || !block_append(picture) ||
			!row_index_put(picture->index, &item->record.id, row))
			goto out;
		picture->rows++;
	}
	state->error = write_row(picture, row, &whole, whole.record.item.blocked_by);
out:
	arena_release(&state->arena);
	return state->error == ERR_OK;
}

/* A new vocabulary can make other statuses rank. */
static void classify_all(struct picture *picture)
{
	for (uint32_t row = 0; row < picture->rows; row++) {
		const struct block *block = picture->blocks[row / BLOCK_ROWS];
		struct str status = block_text(block, row % BLOCK_ROWS, ROW_STATUS);

		picture->candidates[row] = status_ranks(picture->catalog, status);
	}
}

static enum error load_catalog(struct picture *picture, struct conn *conn, int64_t upto)
{
	struct arena arena;
	struct document *documents;
	struct catalog *catalog;
	size_t count;
	enum error error;

	arena_init(&arena, 256u << 20);
	error = documents_load(conn, &picture->workspace, upto, &arena, &documents, &count);
	if (!error)
		error = catalog_build(documents, count, &catalog);
	arena_release(&arena);
	if (error)
		return error;
	catalog_unref(picture->catalog);
	picture->catalog = catalog;
	classify_all(picture);
	return ERR_OK;
}

static enum error follow_in_snapshot(struct picture *picture, struct conn *conn, bool *moved)
{
	struct follow_state state = {.picture = picture};
	struct head head;
	enum error error;

	error = head_read(conn, &picture->workspace, &head);
	if (error || head.revision <= picture->revision)
		return error;
	if (!picture->catalog || head.config_revision > picture->catalog->revision) {
		error = load_catalog(picture, conn, head.revision);
		if (error)
			return error;
	}
	arena_init(&state.arena, 64u << 20);
	error = item_versions_scan(conn, &picture->workspace,
		picture->revision < 0 ? 0 : picture->revision, head.revision, take_row, &state);
	arena_release(&state.arena);
	if (state.error)
		return state.error;
	if (error)
		return error;
	picture->revision = head.revision;
	picture->at_us = head.at_us;
	*moved = true;
	return ERR_OK;
}

enum error picture_follow(struct picture *picture, struct conn *conn, bool *moved)
{
	enum error error = read_begin(conn, &picture->workspace);

	*moved = false;
	if (error)
		return error;
	error = follow_in_snapshot(picture, conn, moved);
	read_end(conn);
	return error;
}

/*
 * The rows of a picture: each item's newest version, written into the block that its row is in; how
 * all of them are loaded, and how those that changed are taken.
 */
#include "live/picture_items.h"

#include <stdlib.h>
#include <string.h>

#include "codec/population.h"
#include "live/text_refs.h"
#include "store/aggregates.h"

bool picture_grow(void **array, size_t count, size_t size)
{
	void *grown = realloc(*array, count * size);

	if (grown)
		*array = grown;
	return grown != NULL;
}

static bool rows_reserve(struct picture *picture)
{
	size_t room = picture->candidate_room ? picture->candidate_room * 2 : BLOCK_ROWS;
	struct row_keys *keys;

	if (picture->rows < picture->candidate_room)
		return true;
	if (room >= MAP_NONE || !picture_grow((void **)&picture->candidates, room, 1))
		return false;
	keys = row_keys_grown(picture->keys, picture->rows, room);
	if (!keys)
		return false;
	row_keys_unref(picture->keys);
	picture->keys = keys;
	picture->candidate_room = room;
	return true;
}

/* A block is full, so it has the size that it will keep but for changes; what goes by row comes to
 * little beside it. */
static enum error ask_for_room(struct picture *picture)
{
	const struct room *room = &picture->room;
	size_t row_bytes = sizeof(struct uuid) * 2 + sizeof(int64_t) + sizeof(uint32_t) + 1;

	if (!room->take || picture->block_count == 0)
		return ERR_OK;
	if (picture->loading)
		row_bytes += TEXT_REFS_ROW_BYTES;
	picture->grown_bytes +=
		block_bytes(picture->blocks[picture->block_count - 1]) + row_bytes * BLOCK_ROWS;
	return room->take(room->self, picture->grown_bytes);
}

static bool block_append(struct picture *picture)
{
	struct block *block;

	if (picture->block_count == picture->block_room) {
		size_t room = picture->block_room ? picture->block_room * 2 : 16;

		if (!picture_grow((void **)&picture->blocks, room, sizeof(struct block *)))
			return false;
		picture->block_room = room;
	}
	block = block_new(picture->symbols, (uint32_t)picture->catalog->feature_count);
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

static enum error write_row(struct picture *picture, uint32_t row, const struct item_row *item,
	const struct item_link *links)
{
	struct block *block = block_private(picture, row);

	if (!block || !block_write(block, row % BLOCK_ROWS, item, links))
		return ERR_NO_MEMORY;
	picture->candidates[row] = population_ranks(picture->catalog, item->record.item.status);
	return ERR_OK;
}

struct follow_state {
	struct picture *picture;
	struct text_refs refs; /* while it is loaded */
	size_t read;           /* versions of items */
	size_t texts;          /* rows that have theirs */
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

/* The row behind all others, still to be written. */
static enum error append_row(struct picture *picture, const struct item_row *item)
{
	uint32_t row = (uint32_t)picture->rows;
	bool full = picture->rows == picture->block_count * BLOCK_ROWS;
	enum error error = full ? ask_for_room(picture) : ERR_OK;

	if (error)
		return error;
	if (!rows_reserve(picture) || (full && !block_append(picture)) ||
		!row_index_put(picture->index, &item->record.id, row))
		return ERR_NO_MEMORY;
	memcpy(picture->keys->ids[row], item->record.id.bytes, 16);
	picture->keys->first_revisions[row] = item->record.first_revision;
	picture->rows++;
	return ERR_OK;
}

/* Writes the item's row, *row; appends it when there is none yet. */
static bool put_row(struct follow_state *state, const struct item_row *item, uint32_t *row)
{
	struct picture *picture = state->picture;
	struct item_row whole;

	state->error = make_whole(state, item, &whole);
	if (!state->error && *row == MAP_NONE) {
		*row = (uint32_t)picture->rows;
		state->error = append_row(picture, item);
	}
	if (!state->error)
		state->error = write_row(picture, *row, &whole, whole.record.item.blocked_by);
	if (state->arena.used_bytes > 0)
		arena_release(&state->arena);
	return state->error == ERR_OK;
}

static bool take_row(void *self, const struct item_row *item)
{
	struct follow_state *state = self;
	uint32_t row = row_index_find(state->picture->index, &item->record.id);

	if (item->text_present & ITEM_TITLE && !item->text.title.ptr)
		state->picture->erased = true;
	return put_row(state, item, &row);
}

/* ---- loading ---- */

static bool is_newer(const struct picture *picture, uint32_t row, const struct item_row *item)
{
	const struct row_facts *facts = &picture->blocks[row / BLOCK_ROWS]->facts[row % BLOCK_ROWS];

	return item->record.revision > facts->revision;
}

enum { VERSIONS_BETWEEN_ASKS = 4096 };

/* Every version of an item is read, and a row that is written again grows. */
static enum error ask_for_versions(struct follow_state *state)
{
	struct picture *picture = state->picture;
	const struct room *room = &picture->room;

	if (++state->read % VERSIONS_BETWEEN_ASKS != 0 || !room->take)
		return ERR_OK;
	picture->grown_bytes = picture_bytes(picture) + picture->rows * TEXT_REFS_ROW_BYTES;
	return room->take(room->self, picture->grown_bytes);
}

/* Nobody else has the index of a picture that is loaded, so it is read without the lock. */
static bool load_row(void *self, const struct item_row *item)
{
	struct follow_state *state = self;
	struct picture *picture = state->picture;
	uint32_t row = uuid_map_get(&picture->index->rows, &item->record.id);

	state->error = ask_for_versions(state);
	if (state->error)
		return false;
	if (row != MAP_NONE && !is_newer(picture, row, item))
		return true;
	if (!put_row(state, item, &row))
		return false;
	__atomic_store_n(&picture->loaded_rows, picture->rows, __ATOMIC_RELAXED);
	if (!text_refs_note(&state->refs, row, item->has_text ? &item->text_ref : NULL))
		state->error = ERR_NO_MEMORY;
	return state->error == ERR_OK;
}

/* The texts of as many rows as a block has are there. */
static enum error ask_for_texts(struct follow_state *state)
{
	const struct room *room = &state->picture->room;

	if (++state->texts % BLOCK_ROWS != 0 || !room->take)
		return ERR_OK;
	return room->take(room->self, state->picture->grown_bytes);
}

static bool load_text(void *self, const struct sha256 *ref, const struct item_text *text)
{
	struct follow_state *state = self;
	struct picture *picture = state->picture;
	uint32_t row = text_refs_first(&state->refs, ref);

	for (; row != MAP_NONE && !state->error; row = text_refs_next(&state->refs, row)) {
		struct block *block = picture->blocks[row / BLOCK_ROWS];

		picture->grown_bytes += text->title.len;
		state->error = block_write_text(block, row % BLOCK_ROWS, text)
				       ? ask_for_texts(state)
				       : ERR_NO_MEMORY;
	}
	return state->error == ERR_OK;
}

/* Of a picture that holds nothing yet: two passes, one over each table, without a join. */
static enum error load_items(struct picture *picture, struct conn *conn, int64_t upto)
{
	struct follow_state state = {.picture = picture};
	enum error error;

	arena_init(&state.arena, 64u << 20);
	picture->loading = true;
	error = item_versions_copy(conn, upto, load_row, &state);
	if (!error && !text_refs_link(&state.refs))
		state.error = ERR_NO_MEMORY;
	if (!error && !state.error)
		error = item_texts_copy(conn, load_text, &state);
	for (size_t b = 0; !error && b < picture->block_count; b++)
		block_fit(picture->blocks[b]);
	picture->loading = false;
	text_refs_release(&state.refs);
	arena_release(&state.arena);
	error = state.error ? state.error : error;
	picture->grown_bytes = picture_bytes(picture);
	return !error && picture->room.take
		       ? picture->room.take(picture->room.self, picture->grown_bytes)
		       : error;
}

/* ---- following ---- */

void picture_classify(struct picture *picture)
{
	for (uint32_t row = 0; row < picture->rows; row++) {
		const struct block *block = picture->blocks[row / BLOCK_ROWS];
		struct str status = block_text(block, row % BLOCK_ROWS, ROW_STATUS);

		picture->candidates[row] = population_ranks(picture->catalog, status);
	}
}

enum error picture_follow_items(struct picture *picture, struct conn *conn, int64_t upto)
{
	struct follow_state state = {.picture = picture};
	enum error error;

	if (picture->revision < 0)
		return load_items(picture, conn, upto);
	arena_init(&state.arena, 64u << 20);
	error = item_versions_scan(
		conn, &picture->workspace, picture->revision, upto, take_row, &state);
	arena_release(&state.arena);
	return state.error ? state.error : error;
}

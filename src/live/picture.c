/*
 * Following PostgreSQL: the picture takes the versions written after its own revision, in one
 * snapshot with the head that it then claims to show.
 */
#include "live/picture.h"

#include <stdlib.h>
#include <string.h>

#include "codec/population.h"
#include "live/strengths.h"
#include "live/text_refs.h"
#include "store/aggregates.h"

/* Readers overlap all the time; by default the follower would wait until they happen not to. */
static bool lock_init(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attributes;
	bool good;

	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	good = pthread_rwlock_init(lock, &attributes) == 0;
	pthread_rwlockattr_destroy(&attributes);
	return good;
}

struct row_index *row_index_new(void)
{
	struct row_index *index = calloc(1, sizeof *index);

	if (!index)
		return NULL;
	index->references = 1;
	if (lock_init(&index->lock))
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

void row_keys_ref(struct row_keys *keys)
{
	__atomic_add_fetch(&keys->references, 1, __ATOMIC_RELAXED);
}

void row_keys_unref(struct row_keys *keys)
{
	if (!keys || __atomic_sub_fetch(&keys->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(keys->ids);
	free(keys->first_revisions);
	free(keys);
}

/* A larger copy; the old one may be in use. */
static struct row_keys *row_keys_grown(const struct row_keys *old, size_t rows, size_t room)
{
	struct row_keys *keys = calloc(1, sizeof *keys);

	if (!keys)
		return NULL;
	keys->references = 1;
	keys->room = room;
	keys->ids = malloc(room * sizeof *keys->ids);
	keys->first_revisions = malloc(room * sizeof *keys->first_revisions);
	if (!keys->ids || !keys->first_revisions) {
		row_keys_unref(keys);
		return NULL;
	}
	if (rows > 0) {
		memcpy(keys->ids, old->ids, rows * sizeof *keys->ids);
		memcpy(keys->first_revisions, old->first_revisions,
			rows * sizeof *keys->first_revisions);
	}
	return keys;
}

struct picture *picture_new(const struct uuid *workspace)
{
	struct picture *picture = calloc(1, sizeof *picture);

	if (!picture)
		return NULL;
	picture->workspace = *workspace;
	picture->revision = -1;
	picture->index = row_index_new();
	picture->symbols = symbols_new();
	picture->overrides = override_set_new(NULL, NULL, 0);
	picture->reviews = review_set_new(NULL, 0);
	if (picture->index && picture->symbols && picture->overrides && picture->reviews)
		return picture;
	picture_free(picture);
	return NULL;
}

void picture_free(struct picture *picture)
{
	if (!picture)
		return;
	for (size_t i = 0; i < picture->block_count; i++)
		block_unref(picture->blocks[i]);
	free(picture->blocks);
	free(picture->candidates);
	free(picture->pairs);
	row_keys_unref(picture->keys);
	strengths_unref(picture->strengths);
	status_log_unref(picture->statuses);
	override_set_unref(picture->overrides);
	review_set_unref(picture->reviews);
	row_index_unref(picture->index);
	symbols_unref(picture->symbols);
	catalog_unref(picture->catalog);
	free(picture);
}

size_t picture_bytes(const struct picture *picture)
{
	size_t keys = picture->keys ? picture->keys->room * (16 + sizeof(int64_t)) : 0;
	size_t bytes = sizeof *picture + keys + picture->candidate_room +
		       picture->index->rows.size * (sizeof(struct uuid) + sizeof(uint32_t)) +
		       symbols_bytes(picture->symbols) + override_set_bytes(picture->overrides) +
		       review_set_bytes(picture->reviews) +
		       picture->pair_room * sizeof(struct row_pair) +
		       strengths_bytes(picture->strengths) + status_log_bytes(picture->statuses) +
		       picture->block_room * sizeof(struct block *) +
		       (picture->catalog ? picture->catalog->arena.used_bytes : 0);

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
	size_t room = picture->candidate_room ? picture->candidate_room * 2 : BLOCK_ROWS;
	struct row_keys *keys;

	if (picture->rows < picture->candidate_room)
		return true;
	if (room >= MAP_NONE || !grow((void **)&picture->candidates, room, 1))
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

		if (!grow((void **)&picture->blocks, room, sizeof(struct block *)))
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

/* A new vocabulary can make other statuses rank. */
static void classify_all(struct picture *picture)
{
	for (uint32_t row = 0; row < picture->rows; row++) {
		const struct block *block = picture->blocks[row / BLOCK_ROWS];
		struct str status = block_text(block, row % BLOCK_ROWS, ROW_STATUS);

		picture->candidates[row] = population_ranks(picture->catalog, status);
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

static enum error follow_items(struct picture *picture, struct conn *conn, int64_t upto)
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

static enum error follow_overrides(struct picture *picture, struct conn *conn, int64_t upto)
{
	struct override_set *followed;
	struct override_row *news;
	struct arena arena;
	size_t count;
	enum error error;

	arena_init(&arena, 256u << 20);
	error = overrides_load(conn, &picture->workspace,
		picture->revision < 0 ? 0 : picture->revision, upto, &arena, &news, &count);
	if (!error && count > 0) {
		followed = override_set_follow(picture->overrides, news, count);
		if (followed) {
			override_set_unref(picture->overrides);
			picture->overrides = followed;
		} else {
			error = ERR_NO_MEMORY;
		}
	}
	arena_release(&arena);
	return error;
}

static enum error follow_reviews(struct picture *picture, struct conn *conn, int64_t upto)
{
	struct review_set *followed;
	struct review_row *news;
	struct arena arena;
	size_t count;
	enum error error;

	arena_init(&arena, 256u << 20);
	error = reviews_load(conn, &picture->workspace,
		picture->revision < 0 ? 0 : picture->revision, upto, &arena, &news, &count);
	if (!error && count > 0) {
		followed = review_set_follow(picture->reviews, news, count);
		if (followed) {
			review_set_unref(picture->reviews);
			picture->reviews = followed;
		} else {
			error = ERR_NO_MEMORY;
		}
	}
	arena_release(&arena);
	return error;
}

/* A pair with an item that is not there says nothing about those that are. */
static enum error take_pairs(
	struct picture *picture, const struct comparison_row *news, size_t count)
{
	size_t need = picture->pair_count + count;

	if (need > picture->pair_room) {
		if (!grow((void **)&picture->pairs, need + need / 4, sizeof *picture->pairs))
			return ERR_NO_MEMORY;
		picture->pair_room = need + need / 4;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t before = row_index_find(picture->index, &news[i].before);
		uint32_t after = row_index_find(picture->index, &news[i].after);

		if (before != MAP_NONE && after != MAP_NONE && before != after)
			picture->pairs[picture->pair_count++] =
				(struct row_pair){before, after, comparison_is_derived(&news[i])};
	}
	return ERR_OK;
}

static enum error follow_comparisons(struct picture *picture, struct conn *conn, int64_t upto)
{
	struct comparison_row *news;
	struct strengths *strengths;
	struct arena arena;
	size_t count;
	enum error error;

	arena_init(&arena, 256u << 20);
	error = comparisons_load(conn, &picture->workspace, false,
		picture->revision < 0 ? 0 : picture->revision, upto, &arena, &news, &count);
	if (!error && count > 0)
		error = take_pairs(picture, news, count);
	arena_release(&arena);
	if (error || count == 0 || picture->pair_count == 0)
		return error;
	strengths = strengths_new(picture->pairs, picture->pair_count,
		(const unsigned char(*)[16])picture->keys->ids, picture->rows);
	if (!strengths)
		return ERR_NO_MEMORY;
	strengths_unref(picture->strengths);
	picture->strengths = strengths;
	return ERR_OK;
}

/* After the items, so that each has its row. Rules that are new, or that watch other features, need all of
 * the history. */
static enum error follow_statuses(struct picture *picture, struct conn *conn, int64_t upto)
{
	const struct sla_rules *slas = picture->catalog->slas;
	struct status_reading reading = {.conn = conn,
		.workspace = &picture->workspace,
		.index = picture->index,
		.upto = upto};
	struct status_log *before = picture->statuses, *log = NULL;
	enum error error = ERR_OK;

	if (slas && slas->rule_count > 0) {
		if (!status_log_fits(before, slas))
			before = NULL;
		else
			reading.since = picture->revision;
		error = status_log_read(&reading, before, slas, &log);
	}
	if (!error && log && picture->room.take) {
		picture->grown_bytes += status_log_bytes(log);
		error = picture->room.take(picture->room.self, picture->grown_bytes);
	}
	if (error) {
		status_log_unref(log);
		return error;
	}
	status_log_unref(picture->statuses);
	picture->statuses = log;
	return ERR_OK;
}

/* All that lies behind the picture's own revision, up to `head`; what there is no news of is not asked for. */
static enum error follow_to(struct picture *picture, struct conn *conn, const struct head *head,
	const struct head_news *news)
{
	enum error error = ERR_OK;

	picture->torn = true;
	if (!picture->catalog || head->config_revision > picture->catalog->revision)
		error = load_catalog(picture, conn, head->revision);
	picture->grown_bytes = picture_bytes(picture);
	if (!error)
		error = follow_items(picture, conn, head->revision);
	if (!error && news->overrides)
		error = follow_overrides(picture, conn, head->revision);
	if (!error && news->reviews)
		error = follow_reviews(picture, conn, head->revision);
	if (!error && news->comparisons)
		error = follow_comparisons(picture, conn, head->revision);
	if (!error)
		error = follow_statuses(picture, conn, head->revision);
	if (error)
		return error;
	picture->revision = head->revision;
	picture->at_us = head->at_us;
	picture->torn = false;
	return ERR_OK;
}

enum error picture_follow(struct picture *picture, struct conn *conn, bool *moved)
{
	struct head head;
	struct head_news news;
	enum error error = read_begin(conn, &picture->workspace);

	*moved = false;
	if (error)
		return error;
	error = head_read_news(conn, &picture->workspace, picture->revision, &head, &news);
	if (!error && head.revision > picture->revision) {
		error = follow_to(picture, conn, &head, &news);
		*moved = !error;
	}
	read_end(conn);
	return error;
}

/* When the revision was made: its audit record tells. */
static enum error read_past_head(
	struct picture *picture, struct conn *conn, int64_t revision, struct head *out)
{
	enum error error = head_read(conn, &picture->workspace, out);

	if (error || revision == out->revision)
		return error;
	if (revision > out->revision)
		return ERR_BEYOND_HEAD;
	if (revision < 1)
		return ERR_NOT_FOUND;
	if (revision < out->retired)
		return ERR_RETIRED;
	error = record_time(conn, &picture->workspace, revision, &out->at_us);
	if (error)
		return error == ERR_NOT_FOUND ? ERR_INTERNAL : error;
	out->revision = revision;
	return ERR_OK;
}

enum error picture_load_at(struct picture *picture, struct conn *conn, int64_t revision)
{
	static const struct head_news all = {true, true, true};
	struct head head;
	enum error error = read_past_head(picture, conn, revision, &head);

	return error ? error : follow_to(picture, conn, &head, &all);
}

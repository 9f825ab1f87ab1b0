/*
 * Following PostgreSQL: the picture takes what was written after its own revision, in one snapshot
 * with the head that it then claims to show. Items are picture_items.c's.
 */
#include "live/picture.h"

#include <stdlib.h>

#include "live/picture_items.h"
#include "live/strengths.h"
#include "store/aggregates.h"

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

/* ---- following ---- */

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
	picture_classify(picture);
	return ERR_OK;
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
		if (!picture_grow(
			    (void **)&picture->pairs, need + need / 4, sizeof *picture->pairs))
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
		error = picture_follow_items(picture, conn, head->revision);
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

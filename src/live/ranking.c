/*
 * From a picture to an immutable ranking: score block by block, band, order.
 */
#include "live/ranking.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/page_cache.h"
#include "live/picture.h"

enum { US_PER_MINUTE = 60 * 1000000 };

void ranking_ref(struct ranking *ranking)
{
	__atomic_add_fetch(&ranking->references, 1, __ATOMIC_RELAXED);
}

void ranking_unref(struct ranking *ranking)
{
	if (!ranking || __atomic_sub_fetch(&ranking->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < ranking->block_count; i++)
		block_unref(ranking->blocks[i]);
	free(ranking->blocks);
	free(ranking->score);
	free(ranking->lowest);
	free(ranking->highest);
	free(ranking->band);
	wn_ranking_release(&ranking->order);
	page_cache_free(ranking->pages);
	row_index_unref(ranking->index);
	catalog_unref(ranking->catalog);
	free(ranking);
}

void ranking_mark_fresh(struct ranking *ranking, int64_t monotonic_us)
{
	__atomic_store_n(&ranking->fresh_us, monotonic_us, __ATOMIC_RELAXED);
}

int64_t ranking_age_us(const struct ranking *ranking, int64_t monotonic_us)
{
	int64_t age_us = monotonic_us - __atomic_load_n(&ranking->fresh_us, __ATOMIC_RELAXED);

	return age_us > 0 ? age_us : 0;
}

/* Room for n elements; never a NULL for n = 0, which would look like a failure. */
static void *array_new(size_t n, size_t size)
{
	return malloc(n ? n * size : 1);
}

static bool hold_blocks(struct ranking *ranking, const struct picture *picture)
{
	ranking->blocks = array_new(picture->block_count, sizeof(struct block *));
	if (!ranking->blocks)
		return false;
	for (size_t i = 0; i < picture->block_count; i++) {
		ranking->blocks[i] = picture->blocks[i];
		block_ref(ranking->blocks[i]);
	}
	ranking->block_count = picture->block_count;
	return true;
}

static void score_rows(struct ranking *ranking)
{
	const struct wn_model *model = &ranking->model->model;

	for (size_t b = 0; b < ranking->block_count; b++) {
		const struct block *block = ranking->blocks[b];
		size_t at = b * BLOCK_ROWS;
		struct wn_scores out = {
			ranking->score + at, ranking->lowest + at, ranking->highest + at};

		wn_model_score(model, (const double *const *)block->columns, block->column_count,
			block->rows, out);
		wn_model_bands(model, out.score, block->rows, ranking->band + at);
	}
}

/* Edges between rows; a blocker that is not here orders nothing. */
static bool collect_edges(const struct picture *picture, struct wn_edge **edges, size_t *count)
{
	size_t links = 0, used = 0;

	for (size_t b = 0; b < picture->block_count; b++) {
		for (uint32_t i = 0; i < picture->blocks[b]->rows; i++)
			links += picture->blocks[b]->facts[i].link_count;
	}
	*edges = array_new(links, sizeof(struct wn_edge));
	if (!*edges)
		return false;
	for (uint32_t row = 0; links > 0 && row < picture->rows; row++) {
		size_t n;
		const struct row_link *link =
			block_links(picture->blocks[row / BLOCK_ROWS], row % BLOCK_ROWS, &n);

		for (size_t i = 0; i < n; i++) {
			uint32_t blocker = uuid_map_get(&picture->index->rows, &link[i].id);

			if (blocker != MAP_NONE)
				(*edges)[used++] = (struct wn_edge){row, blocker};
		}
	}
	*count = used;
	return true;
}

static bool order_rows(struct ranking *ranking, const struct picture *picture)
{
	struct wn_edge *edges = NULL;
	struct wn_rank_input input = {
		.rows = picture->rows,
		.candidate = picture->candidates,
		.score = ranking->score,
		.band = ranking->band,
		.first_revision = picture->first_revisions,
		.id = (const unsigned char(*)[16])picture->ids,
	};
	bool ordered = collect_edges(picture, &edges, &input.edge_count);

	input.edges = edges;
	ordered = ordered && wn_rank(&input, &ranking->order);
	free(edges);
	return ordered;
}

enum error ranking_compute(const struct picture *picture, struct ranking **out)
{
	const struct alias *active = catalog_alias(picture->catalog, STR("active"));
	struct ranking *ranking = calloc(1, sizeof *ranking);

	if (!ranking)
		return ERR_NO_MEMORY;
	ranking->references = 1;
	ranking->workspace = picture->workspace;
	ranking->revision = picture->revision;
	ranking->as_of_us = picture->at_us - picture->at_us % US_PER_MINUTE;
	snprintf(ranking->id, sizeof ranking->id, "%lld.%lld", (long long)ranking->revision,
		(long long)(ranking->as_of_us / US_PER_MINUTE));
	ranking->catalog = picture->catalog;
	catalog_ref(ranking->catalog);
	ranking->index = picture->index;
	row_index_ref(ranking->index);
	ranking->model = active ? catalog_model(ranking->catalog, active->model) : NULL;
	if (!ranking->model) {
		ranking_unref(ranking);
		return ERR_INTERNAL;
	}
	ranking->rows = picture->rows;
	ranking->score = array_new(ranking->rows, sizeof(double));
	ranking->lowest = array_new(ranking->rows, sizeof(double));
	ranking->highest = array_new(ranking->rows, sizeof(double));
	ranking->band = array_new(ranking->rows, 1);
	ranking->pages = page_cache_new();
	if (!ranking->score || !ranking->lowest || !ranking->highest || !ranking->band ||
		!ranking->pages || !hold_blocks(ranking, picture))
		goto no_memory;
	score_rows(ranking);
	if (!order_rows(ranking, picture))
		goto no_memory;
	*out = ranking;
	return ERR_OK;
no_memory:
	ranking_unref(ranking);
	return ERR_NO_MEMORY;
}

size_t ranking_bytes(const struct ranking *ranking)
{
	size_t row = 3 * sizeof(double) + 1 + 4 * sizeof(uint32_t); /* scores, band, places */

	return sizeof *ranking + ranking->rows * row +
	       ranking->block_count * sizeof(struct block *) + page_cache_bytes(ranking->pages);
}

uint32_t ranking_find(const struct ranking *ranking, const struct uuid *id)
{
	uint32_t row = row_index_find(ranking->index, id);

	return row != MAP_NONE && row < ranking->rows ? row : WN_ROW_NONE;
}

const struct row_facts *ranking_facts(const struct ranking *ranking, uint32_t row)
{
	return &ranking_block(ranking, row)->facts[row % BLOCK_ROWS];
}

double ranking_value(const struct ranking *ranking, uint32_t row, uint32_t column)
{
	return block_value(ranking_block(ranking, row), row % BLOCK_ROWS, column);
}

enum evidence ranking_evidence(const struct ranking *ranking, uint32_t row, uint32_t column)
{
	return block_evidence(ranking_block(ranking, row), row % BLOCK_ROWS, column);
}

enum status_class ranking_status_class(const struct ranking *ranking, uint32_t row)
{
	const struct status_definition *status =
		catalog_status(ranking->catalog, ranking_text(ranking, row, ROW_STATUS));

	return status ? status->class : STATUS_TODO;
}

const char *ranking_band_name(const struct ranking *ranking, uint32_t row)
{
	uint8_t band = ranking->band[row];

	return band == WN_BAND_NONE ? NULL : ranking->model->model.bands[band].name;
}

struct shared_body *ranking_page_get(struct ranking *ranking, struct str key)
{
	return page_cache_get(ranking->pages, key);
}

void ranking_page_put(struct ranking *ranking, struct str key, struct shared_body *page)
{
	page_cache_put(ranking->pages, key, page);
}

/*
 * A backlog to be ranked, for the tests of the engine.
 */
#ifndef WINNOW_TESTS_ENGINE_BACKLOG_H
#define WINNOW_TESTS_ENGINE_BACKLOG_H

#include "support.h"

#include "winnow/model.h"
#include "winnow/rank.h"

struct backlog {
	size_t rows, edge_count;
	uint8_t *candidate, *band;
	double *score;
	int64_t *first_revision;
	unsigned char (*id)[16];
	struct wn_edge *edges;
};

static inline struct backlog backlog_new(size_t rows, size_t edge_count)
{
	struct backlog b = {.rows = rows, .edge_count = edge_count};

	b.candidate = test_array(rows, sizeof(*b.candidate));
	b.band = test_array(rows, sizeof(*b.band));
	b.score = test_array(rows, sizeof(*b.score));
	b.first_revision = test_array(rows, sizeof(*b.first_revision));
	b.id = test_array(rows, sizeof(*b.id));
	b.edges = test_array(edge_count, sizeof(*b.edges));
	memset(b.candidate, 1, rows);
	return b;
}

static inline void backlog_free(struct backlog *b)
{
	free(b->candidate);
	free(b->band);
	free(b->score);
	free(b->first_revision);
	free(b->id);
	free(b->edges);
}

/* Distinct ids whose order has nothing to do with the number's. */
static inline void backlog_set_id(struct backlog *b, size_t row, uint64_t number)
{
	uint64_t scrambled = number;

	test_random(&scrambled);
	scrambled *= UINT64_C(0x9e3779b97f4a7c15);
	memcpy(b->id[row], &scrambled, 8);
	memcpy(b->id[row] + 8, &number, 8);
}

static inline struct wn_rank_input backlog_input(const struct backlog *b)
{
	return (struct wn_rank_input){
		.rows = b->rows,
		.candidate = b->candidate,
		.score = b->score,
		.band = b->band,
		.first_revision = b->first_revision,
		.id = (const unsigned char(*)[16])b->id,
		.edges = b->edges,
		.edge_count = b->edge_count,
	};
}

static inline struct wn_ranking backlog_rank(const struct backlog *b)
{
	struct wn_rank_input input = backlog_input(b);
	struct wn_ranking ranking;

	assert_true(wn_rank(&input, &ranking));
	return ranking;
}

/* The contract of rank.h, word for word and slowly. Negative: a comes first. */
static inline int naive_compare(const struct backlog *b, uint32_t x, uint32_t y)
{
	double sx = b->score[x], sy = b->score[y];

	if (b->band[x] != b->band[y])
		return b->band[x] < b->band[y] ? -1 : 1;
	if ((sx != sx) != (sy != sy))
		return sy != sy ? -1 : 1;
	if (sx > sy)
		return -1;
	if (sx < sy)
		return 1;
	if (b->first_revision[x] != b->first_revision[y])
		return b->first_revision[x] < b->first_revision[y] ? -1 : 1;
	return memcmp(b->id[x], b->id[y], 16);
}

#endif

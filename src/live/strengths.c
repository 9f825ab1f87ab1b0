/*
 * From pairs of rows to columns of strengths. The engine is given the compared items alone, numbered
 * by their ids, so that a few comparisons among a million items cost little.
 */
#include "live/strengths.h"

#include <math.h>
#include <stdlib.h>

#include "live/block.h"
#include "winnow/pairwise.h"

void strengths_ref(struct strengths *strengths)
{
	__atomic_add_fetch(&strengths->references, 1, __ATOMIC_RELAXED);
}

void strengths_unref(struct strengths *strengths)
{
	if (!strengths || __atomic_sub_fetch(&strengths->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t b = 0; b < strengths->block_count; b++) {
		free(strengths->strength[b]);
		free(strengths->error[b]);
	}
	free(strengths->strength);
	free(strengths->error);
	free(strengths);
}

size_t strengths_bytes(const struct strengths *strengths)
{
	size_t bytes;

	if (!strengths)
		return 0;
	bytes = sizeof *strengths + strengths->block_count * 2 * sizeof(double *);
	for (size_t b = 0; b < strengths->block_count; b++)
		bytes += strengths->strength[b] ? 2 * BLOCK_ROWS * sizeof(double) : 0;
	return bytes;
}

static double *unknown_column(void)
{
	double *column = malloc(BLOCK_ROWS * sizeof *column);

	for (int i = 0; column && i < BLOCK_ROWS; i++)
		column[i] = NAN;
	return column;
}

static bool put(struct strengths *strengths, uint32_t row, double strength, double error)
{
	size_t block = row / BLOCK_ROWS;

	if (!strengths->strength[block]) {
		strengths->strength[block] = unknown_column();
		strengths->error[block] = unknown_column();
	}
	if (!strengths->strength[block] || !strengths->error[block])
		return false;
	strengths->strength[block][row % BLOCK_ROWS] = strength;
	strengths->error[block][row % BLOCK_ROWS] = error;
	return true;
}

/* `row` and `out` have room for twice as many as there are comparisons. */
static bool fit(struct strengths *strengths, struct wn_comparison *comparisons, size_t count,
	const unsigned char (*ids)[16], uint32_t *row, struct wn_strengths *out)
{
	size_t items = wn_comparisons_number(comparisons, count, ids, row);
	bool good = wn_bradley_terry(comparisons, count, items, WN_STRENGTH_PRIOR, out);

	for (size_t i = 0; i < items && good; i++)
		good = put(strengths, row[i], out->strength[i], out->error[i]);
	return good;
}

static bool fit_pairs(struct strengths *strengths, const struct row_pair *pairs, size_t count,
	const unsigned char (*ids)[16])
{
	struct wn_comparison *comparisons = calloc(count + 1, sizeof *comparisons);
	uint32_t *row = calloc(2 * count + 1, sizeof *row);
	struct wn_strengths out = {
		.strength = calloc(2 * count + 1, sizeof(double)),
		.error = calloc(2 * count + 1, sizeof(double)),
	};
	bool good = comparisons && row && out.strength && out.error;

	for (size_t i = 0; i < count && good; i++)
		comparisons[i] = (struct wn_comparison){
			pairs[i].before, pairs[i].after, 1.0, pairs[i].derived};
	if (good)
		count = wn_comparisons_weigh(comparisons, count);
	good = good && fit(strengths, comparisons, count, ids, row, &out);
	free(comparisons);
	free(row);
	free(out.strength);
	free(out.error);
	return good;
}

static struct strengths *all_unknown(size_t rows)
{
	struct strengths *strengths = calloc(1, sizeof *strengths);
	size_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;

	if (!strengths)
		return NULL;
	strengths->references = 1;
	strengths->strength = calloc(blocks + 1, sizeof *strengths->strength);
	strengths->error = calloc(blocks + 1, sizeof *strengths->error);
	if (strengths->strength && strengths->error) {
		strengths->block_count = blocks;
		return strengths;
	}
	strengths_unref(strengths);
	return NULL;
}

struct strengths *strengths_new(
	const struct row_pair *pairs, size_t count, const unsigned char (*ids)[16], size_t rows)
{
	struct strengths *strengths = all_unknown(rows);

	if (strengths && fit_pairs(strengths, pairs, count, ids))
		return strengths;
	strengths_unref(strengths);
	return NULL;
}

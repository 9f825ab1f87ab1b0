/*
 * Rank intervals. Whoever stands before an item at its best is counted by walking two orders, one
 * by the lowest scores and one by the highest, side by side; the same the other way round gives its
 * worst.
 */
#include "winnow/ranges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bulk.h"
#include "engine/order.h"

/* Whether row a with score x stands before row b with score y. */
static bool before(const struct wn_range_input *input, uint32_t a, double x, uint32_t b, double y)
{
	if (x > y || (isnan(y) && !isnan(x)))
		return true;
	if (x < y || isnan(x) != isnan(y))
		return false;
	if (input->first_revision[a] != input->first_revision[b])
		return input->first_revision[a] < input->first_revision[b];
	return memcmp(input->id[a], input->id[b], sizeof(input->id[a])) < 0;
}

/* The candidates by one end of their scores, which may be NaN. `band` is all zero. */
static bool order_by(const struct wn_range_input *input, const double *score, const uint8_t *band,
	size_t count, void *scratch, uint32_t *order)
{
	struct wn_rank_input by = {
		.rows = input->rows,
		.candidate = input->candidate,
		.score = score,
		.band = band,
		.first_revision = input->first_revision,
		.id = input->id,
	};

	return wn_preference_order(&by, count, scratch, order);
}

static void count_before(const struct wn_range_input *input, const uint32_t *by_lowest,
	const uint32_t *by_highest, size_t count, uint32_t *best, uint32_t *worst)
{
	const double *low = input->lowest, *high = input->highest;
	size_t passed = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t row = by_highest[i];

		while (passed < count &&
			before(input, by_lowest[passed], low[by_lowest[passed]], row, high[row]))
			passed++;
		best[row] = (uint32_t)passed + 1;
	}
	passed = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t row = by_lowest[i];

		while (passed < count &&
			before(input, by_highest[passed], high[by_highest[passed]], row, low[row]))
			passed++;
		/* At its highest the row itself stands before its lowest. */
		worst[row] = (uint32_t)passed + !(high[row] > low[row]);
	}
}

bool wn_rank_ranges(const struct wn_range_input *input, uint32_t *best, uint32_t *worst)
{
	uint8_t *band = calloc(input->rows + 1, sizeof(*band));
	uint32_t *orders = reallocarray(NULL, input->rows + 1, 2 * sizeof(*orders));
	void *scratch = bulk_alloc(input->rows + 1, WN_SCRATCH_BYTES);
	size_t count = 0;
	bool done = false;

	for (size_t row = 0; row < input->rows; row++) {
		best[row] = worst[row] = 0;
		count += input->candidate[row] != 0;
	}
	if (!band || !orders || !scratch)
		goto out;
	done = order_by(input, input->lowest, band, count, scratch, orders) &&
	       order_by(input, input->highest, band, count, scratch, orders + count);
	if (done)
		count_before(input, orders, orders + count, count, best, worst);
out:
	free(scratch);
	free(orders);
	free(band);
	return done;
}

void wn_rank_range_of(
	const struct wn_range_input *input, uint32_t row, uint32_t *best, uint32_t *worst)
{
	double low = input->lowest[row], high = input->highest[row];

	*best = *worst = 0;
	if (!input->candidate[row])
		return;
	*best = *worst = 1;
	for (uint32_t other = 0; other < input->rows; other++) {
		if (!input->candidate[other] || other == row)
			continue;
		*best += before(input, other, input->lowest[other], row, high);
		*worst += before(input, other, input->highest[other], row, low);
	}
}

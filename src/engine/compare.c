/*
 * How much two orders differ: the pairs that stand the other way round are the inversions of one
 * order read in the other's, counted while merging (Knight 1966).
 */
#include "winnow/compare.h"

#include <stdlib.h>
#include <string.h>

/*
 * Merge two sorted neighbours and return how many pairs were the wrong way round. Which side comes
 * next is a toss-up, so no loop takes a branch on it.
 *
 * Neighbours of the same width are merged from both ends at once, half of the result each: neither
 * end can run out before, and one need not wait for the other.
 */
static uint64_t merge_even(const uint32_t *from, size_t width, uint32_t *into)
{
	const uint32_t *left = from, *right = from + width;
	size_t l = 0, r = 0, left_end = width, right_end = width;
	uint64_t inversions = 0;

	for (size_t i = 0; i < width; i++) {
		uint32_t a = left[l], b = right[r];
		uint32_t x = left[left_end - 1], y = right[right_end - 1];
		size_t from_right = a > b, from_left = x > y;

		into[i] = a < b ? a : b;
		inversions += (width - l) & -from_right;
		l += 1 - from_right;
		r += from_right;
		/* What is greater than y on the left has gone already. */
		into[2 * width - 1 - i] = x > y ? x : y;
		inversions += (width - left_end) & (from_left - 1);
		left_end -= from_left;
		right_end -= 1 - from_left;
	}
	return inversions;
}

static uint64_t merge(const uint32_t *from, size_t start, size_t middle, size_t end, uint32_t *into)
{
	size_t left = start, right = middle, at = start;
	uint64_t inversions = 0;

	while (left < middle && right < end) {
		uint32_t a = from[left], b = from[right];
		size_t from_right = a > b;

		into[at++] = a < b ? a : b;
		inversions += (middle - left) & -from_right;
		left += 1 - from_right;
		right += from_right;
	}
	memcpy(into + at, from + left, (middle - left) * sizeof(*into));
	memcpy(into + at + (middle - left), from + right, (end - right) * sizeof(*into));
	return inversions;
}

/* Sorts `ranks` on the way. */
static uint64_t count_inversions(uint32_t *ranks, uint32_t *spare, size_t count)
{
	uint64_t inversions = 0;

	for (size_t width = 1; width < count; width *= 2) {
		uint32_t *swap = ranks;

		for (size_t start = 0; start < count; start += 2 * width) {
			size_t middle = start + width < count ? start + width : count;
			size_t end = middle + width < count ? middle + width : count;

			inversions += end - start == 2 * width
					      ? merge_even(ranks + start, width, spare + start)
					      : merge(ranks, start, middle, end, spare);
		}
		ranks = spare;
		spare = swap;
	}
	return inversions;
}

/* The second ranks of the rows that have both, in the first order; returns how many there are. */
static size_t read_in_order(const uint32_t *rank_a, const uint32_t *rank_b, size_t rows,
	uint32_t *by_rank, uint32_t *ranks)
{
	size_t count = 0;

	for (size_t row = 0; row < rows; row++) {
		if (rank_a[row])
			by_rank[rank_a[row] - 1] = rank_b[row];
	}
	for (size_t at = 0; at < rows; at++) {
		if (by_rank[at])
			ranks[count++] = by_rank[at];
	}
	return count;
}

static void compare_tops(const uint32_t *rank_a, const uint32_t *rank_b, size_t rows, size_t k,
	struct wn_comparison_of_orders *out)
{
	size_t in_a = 0, in_b = 0;

	for (size_t row = 0; row < rows; row++) {
		in_a += rank_a[row] != 0;
		in_b += rank_b[row] != 0;
	}
	out->top = in_a > in_b ? in_a : in_b;
	if (k < out->top)
		out->top = k;
	for (size_t row = 0; row < rows; row++) {
		bool top_a = rank_a[row] && rank_a[row] <= out->top;
		bool top_b = rank_b[row] && rank_b[row] <= out->top;

		out->entered += top_b && !top_a;
		out->left += top_a && !top_b;
	}
}

bool wn_compare_orders(const uint32_t *rank_a, const uint32_t *rank_b, size_t rows, size_t k,
	struct wn_comparison_of_orders *out)
{
	uint32_t *by_rank = calloc(rows + 1, sizeof(*by_rank));
	uint32_t *ranks = calloc(rows + 1, sizeof(*ranks));
	bool done = by_rank && ranks;

	*out = (struct wn_comparison_of_orders){.tau = 1.0};
	if (done) {
		out->common = read_in_order(rank_a, rank_b, rows, by_rank, ranks);
		uint64_t discordant = count_inversions(ranks, by_rank, out->common);
		double pairs = (double)out->common * ((double)out->common - 1.0) / 2.0;

		if (out->common > 1)
			out->tau = (pairs - 2.0 * (double)discordant) / pairs;
		compare_tops(rank_a, rank_b, rows, k, out);
	}
	free(ranks);
	free(by_rank);
	return done;
}

/*
 * Two orders side by side: who is in one of them alone, who moved and how far, and how much the orders
 * differ in all.
 */
#include <stdlib.h>
#include <string.h>

#include "service/movement_parts.h"

static int by_rank(const void *a, const void *b)
{
	const struct ranked_move *x = a, *y = b;
	uint32_t left = x->to ? x->to : x->from, right = y->to ? y->to : y->from;

	return (left > right) - (left < right);
}

static uint32_t distance(const struct ranked_move *move)
{
	return move->from > move->to ? move->from - move->to : move->to - move->from;
}

static int by_distance(const void *a, const void *b)
{
	const struct ranked_move *x = a, *y = b;
	uint32_t left = distance(x), right = distance(y);

	if (left != right)
		return left > right ? -1 : 1;
	return uuid_cmp(&x->id, &y->id);
}

static void sort_moves(
	struct ranked_move *moves, size_t count, int (*order)(const void *, const void *))
{
	if (count > 0)
		qsort(moves, count, sizeof *moves, order);
}

static void list_move(struct ranking_difference *out, const struct ranked_move *move)
{
	if (move->from == move->to)
		return; /* also where neither ranks it */
	if (move->from == 0)
		out->entered[out->entered_count++] = *move;
	else if (move->to == 0)
		out->left[out->left_count++] = *move;
	else
		out->moved[out->moved_count++] = *move;
}

/* Ranks by the first ranking's rows, with the second's new ones behind them. */
static size_t collect_ranks(const struct movement *movement, uint32_t *from, uint32_t *to,
	struct ranking_difference *out)
{
	const struct ranking *a = movement->from, *b = movement->to;
	size_t rows = a->rows;

	if (rows > 0)
		memcpy(from, a->decision.order.rank, rows * sizeof *from);
	for (uint32_t row = 0; row < b->rows; row++) {
		uint32_t at = movement->rows[row];
		uint32_t rank = b->decision.order.rank[row];

		if (at == WN_ROW_NONE && rank > 0) {
			list_move(out, &(struct ranked_move){ranking_facts(b, row)->id, 0, rank});
			to[rows++] = rank;
		} else if (at != WN_ROW_NONE) {
			to[at] = rank;
		}
	}
	for (uint32_t row = 0; row < a->rows; row++)
		list_move(
			out, &(struct ranked_move){ranking_facts(a, row)->id, from[row], to[row]});
	return rows;
}

enum error movement_difference(
	struct movement *movement, size_t top, struct ranking_difference *out)
{
	size_t most = movement->from->rows + movement->to->rows + 1, rows;
	uint32_t *from = calloc(most, sizeof *from), *to = calloc(most, sizeof *to);
	bool done = false;

	*out = (struct ranking_difference){
		.entered = reallocarray(NULL, movement->to->rows + 1, sizeof *out->entered),
		.left = reallocarray(NULL, movement->from->rows + 1, sizeof *out->left),
		.moved = reallocarray(NULL, movement->from->rows + 1, sizeof *out->moved),
	};
	if (from && to && out->entered && out->left && out->moved) {
		rows = collect_ranks(movement, from, to, out);
		sort_moves(out->entered, out->entered_count, by_rank);
		sort_moves(out->left, out->left_count, by_rank);
		sort_moves(out->moved, out->moved_count, by_distance);
		done = wn_compare_orders(from, to, rows, top, &out->orders);
	}
	free(from);
	free(to);
	return done ? ERR_OK : ERR_NO_MEMORY;
}

void ranking_difference_release(struct ranking_difference *difference)
{
	free(difference->entered);
	free(difference->left);
	free(difference->moved);
}

/*
 * The kind "weighted_sum", row by row: what one principal's claims count for together, and what a
 * team adds. The sum over columns (weighted_sum.c) hands over only the rows that need it.
 */
#include <string.h>

#include "engine/weighted_sum.h"

/* The members of a group come to their first term's contribution, in the order of the terms. */
static void join_claims(const struct wn_sum *sum, struct wn_parts *parts)
{
	uint16_t head_of[WN_ASSERTED_LAST + 1];
	uint64_t seen[(WN_ASSERTED_LAST + 1) / 64] = {0};

	for (size_t i = 0; i < sum->base; i++) {
		uint8_t p = parts->principal[i];
		uint64_t bit = UINT64_C(1) << p % 64;

		if (p == 0)
			continue;
		if (!(seen[p / 64] & bit)) {
			seen[p / 64] |= bit;
			head_of[p] = (uint16_t)i;
			continue;
		}
		size_t head = head_of[p];

		/* Nothing is negative, so cutting early is cutting late. */
		parts->low[head] = wn_cut_one(parts->low[head] + parts->low[i], 0.0, sum->cap);
		parts->high[head] = parts->low[head];
		parts->low[i] = parts->high[i] = 0.0;
		parts->head[i] = (uint16_t)head;
		parts->members[head]++;
	}
}

void wn_parts_of(
	const struct wn_sum *sum, const struct wn_rows *rows, size_t row, struct wn_parts *parts)
{
	bool limited = sum->cap < INFINITY;

	for (size_t i = 0; i < sum->base; i++) {
		const struct wn_term *term = &sum->model->terms[i];
		double x = wn_term_value(term, wn_value(rows, row, term->column));
		uint8_t evidence = limited ? wn_value_evidence(rows, row, term->column) : 0;

		wn_line_ends(term, &sum->lines[i], x, &parts->low[i], &parts->high[i]);
		parts->principal[i] = !isnan(x) && evidence >= WN_ASSERTED ? evidence : 0;
		parts->head[i] = (uint16_t)i;
		parts->members[i] = 1;
	}
	if (limited)
		join_claims(sum, parts);
}

typedef uint8_t bytes __attribute__((vector_size(16)));

/* Marks the rows with two claims or more. Whose they are is not asked here: a row without a group
 * gets the same bits again. */
static void note_claims(const uint8_t *evidence, size_t rows, uint8_t *once, uint8_t *twice)
{
	for (size_t i = 0; i < rows; i += sizeof(bytes)) {
		size_t n = rows - i < sizeof(bytes) ? rows - i : sizeof(bytes);
		bytes said = {0}, first, second;

		memcpy(&said, evidence + i, n);
		memcpy(&first, once + i, sizeof(bytes));
		memcpy(&second, twice + i, sizeof(bytes));
		bytes claimed = (bytes)(said >= (uint8_t)WN_ASSERTED);

		second |= first & claimed;
		first |= claimed;
		memcpy(once + i, &first, sizeof(bytes));
		memcpy(twice + i, &second, sizeof(bytes));
	}
}

void wn_influence_rows(const struct wn_sum *sum, const struct wn_rows *view, size_t start,
	size_t rows, double *low, double *high)
{
	uint8_t once[WN_SUM_BLOCK] = {0}, twice[WN_SUM_BLOCK] = {0};
	struct wn_parts parts;

	for (size_t i = 0; i < sum->base; i++) {
		uint32_t column = sum->model->terms[i].column;
		const uint8_t *evidence =
			column < view->column_count ? view->evidence[column] : NULL;

		if (evidence)
			note_claims(evidence + start, rows, once, twice);
	}
	for (size_t row = 0; row < rows; row++) {
		if (!twice[row])
			continue;
		wn_parts_of(sum, view, start + row, &parts);
		low[row] = high[row] = 0.0;
		for (size_t i = 0; i < sum->base; i++) {
			low[row] += parts.low[i];
			high[row] += parts.high[i];
		}
	}
}

static size_t slot_of(uint32_t team)
{
	return (team * UINT32_C(2654435761) >> 16) % (2 * WN_MAX_TERMS);
}

void wn_teams_prepare(const struct wn_sum *sum, struct wn_teams *teams)
{
	memset(teams, 0, sizeof(*teams));
	for (size_t a = 0; a < sum->adapter_count; a++) {
		size_t slot = slot_of(sum->adapters[a].team);

		/* Adapters have a term each, so half of the slots stay empty. */
		while (teams->slot[slot])
			slot = (slot + 1) % (2 * WN_MAX_TERMS);
		teams->slot[slot] = (uint16_t)(a + 1);
	}
}

const struct wn_adapter *wn_team_adapter(
	const struct wn_sum *sum, const struct wn_teams *teams, uint32_t team)
{
	if (team == WN_NO_SYMBOL || team == WN_UNSEEN_SYMBOL)
		return NULL;
	for (size_t slot = slot_of(team); teams->slot[slot];
		slot = (slot + 1) % (2 * WN_MAX_TERMS)) {
		const struct wn_adapter *adapter = &sum->adapters[teams->slot[slot] - 1];

		if (adapter->team == team)
			return adapter;
	}
	return NULL;
}

double wn_team_value(const struct wn_sum *sum, const struct wn_term *term,
	const struct wn_rows *rows, size_t row)
{
	if (sum->cap < INFINITY && wn_value_evidence(rows, row, term->column) >= WN_ASSERTED)
		return NAN;
	return wn_term_value(term, wn_value(rows, row, term->column));
}

void wn_adapter_ends(const struct wn_sum *sum, const struct wn_adapter *adapter,
	const struct wn_rows *rows, size_t row, double *low, double *high)
{
	double bound = adapter->share * sum->greatest, low_sum = 0.0, high_sum = 0.0;

	for (size_t j = 0; j < adapter->term_count; j++) {
		size_t i = adapter->first_term + j;
		const struct wn_term *term = &sum->model->terms[i];
		double worst, best;

		wn_line_ends(
			term, &sum->lines[i], wn_team_value(sum, term, rows, row), &worst, &best);
		low_sum += worst;
		high_sum += best;
	}
	*low = wn_cut_one(low_sum, -bound, bound);
	*high = wn_cut_one(high_sum, -bound, bound);
}

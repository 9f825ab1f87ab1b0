/*
 * Numbering groups: see groups.h. A word's symbol may be any number, so symbols go through a hash
 * table to numbers.
 */
#include "engine/groups.h"

#include <stdlib.h>

/* The symbol's entry, or the empty one where it would be. */
static struct wn_numbered *entry_of(const struct wn_groups *groups, uint32_t symbol)
{
	size_t mask = groups->room - 1;
	size_t at = (size_t)(symbol * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (groups->entries[at].symbol != WN_NO_SYMBOL && groups->entries[at].symbol != symbol)
		at = (at + 1) & mask;
	return &groups->entries[at];
}

static bool grow(struct wn_groups *groups)
{
	struct wn_groups bigger = *groups;

	bigger.room = groups->room ? 2 * groups->room : 64;
	bigger.entries = calloc(bigger.room, sizeof(*bigger.entries));
	if (!bigger.entries)
		return false;
	for (size_t i = 0; i < groups->room; i++) {
		if (groups->entries[i].symbol != WN_NO_SYMBOL)
			*entry_of(&bigger, groups->entries[i].symbol) = groups->entries[i];
	}
	free(groups->entries);
	*groups = bigger;
	return true;
}

/* 0 when memory is out. */
static uint32_t number_of(struct wn_groups *groups, uint32_t symbol)
{
	struct wn_numbered *entry;

	if (2 * ((size_t)groups->count + 1) > groups->room && !grow(groups))
		return 0;
	entry = entry_of(groups, symbol);
	if (entry->symbol == WN_NO_SYMBOL)
		*entry = (struct wn_numbered){symbol, ++groups->count};
	return entry->number;
}

static bool number_row(struct wn_groups *groups, const struct wn_rank_input *input,
	const struct wn_rule *limit, uint32_t row)
{
	uint32_t symbol;

	if (!input->candidate[row] || groups->of_row[row])
		return true;
	symbol = wn_group_of(limit, input->placement->population, row);
	if (symbol == WN_NO_SYMBOL)
		return true;
	groups->of_row[row] = number_of(groups, symbol);
	return groups->of_row[row] != 0;
}

static bool have_rows(struct wn_groups *groups, size_t rows)
{
	if (!groups->of_row)
		groups->of_row = calloc(rows + 1, sizeof(*groups->of_row));
	return groups->of_row != NULL;
}

bool wn_groups_add(struct wn_groups *groups, const struct wn_rank_input *input,
	const struct wn_rule *limit, const uint64_t *bits)
{
	if (!have_rows(groups, input->rows))
		return false;
	for (size_t word = 0; word * 64 < input->rows; word++) {
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			size_t row = word * 64 + (size_t)__builtin_ctzll(left);

			if (row < input->rows && !number_row(groups, input, limit, (uint32_t)row))
				return false;
		}
	}
	return true;
}

bool wn_groups_make(
	const struct wn_rank_input *input, const struct wn_rule *limit, struct wn_groups *groups)
{
	bool ok = have_rows(groups, input->rows);

	for (uint32_t row = 0; ok && row < input->rows; row++)
		ok = number_row(groups, input, limit, row);
	free(groups->entries);
	groups->entries = NULL;
	groups->room = 0;
	return ok;
}

void wn_groups_release(struct wn_groups *groups)
{
	free(groups->of_row);
	free(groups->entries);
	free(groups->sums);
	*groups = (struct wn_groups){0};
}

/*
 * The groups that limits count by, numbered once for all rules that count by the same word.
 */
#ifndef WINNOW_ENGINE_GROUPS_H
#define WINNOW_ENGINE_GROUPS_H

#include <stdbool.h>

#include "engine/bans.h"

/* Numbers the groups of all candidates; they are those of a limit that does not count all rows
 * together. Sets of_row and count of *groups, all zero before; of_row is the caller's to free.
 * False when memory is out. */
bool wn_groups_make(
	const struct wn_rank_input *input, const struct wn_rule *limit, struct wn_groups *groups);

/* The same for the candidates among these rows, as far as it is not done, one limit after the
 * other; to be released in any case. */
bool wn_groups_add(struct wn_groups *groups, const struct wn_rank_input *input,
	const struct wn_rule *limit, const uint64_t *bits);
void wn_groups_release(struct wn_groups *groups);

#endif

/*
 * A ranking from scores: the order by preference, then what the dependencies, rules and overrides
 * make of it. It is always computed whole; a million items take a fraction of a second.
 */
#include "winnow/rank.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bulk.h"
#include "engine/bans.h"
#include "engine/groups.h"
#include "engine/order.h"

static size_t count_candidates(const struct wn_rank_input *input)
{
	size_t count = 0;

	for (size_t row = 0; row < input->rows; row++)
		count += input->candidate[row] != 0;
	return count;
}

/* Fills rank, and shows that order is a permutation of the candidates: it has as many entries as
 * there are candidates, each is one, and none comes twice. */
static void write_ranks(const struct wn_rank_input *input, struct wn_ranking *ranking)
{
	for (size_t i = 0; i < ranking->count; i++) {
		uint32_t row = ranking->order[i];

		assert(row < input->rows && input->candidate[row] && ranking->rank[row] == 0);
		ranking->rank[row] = (uint32_t)i + 1;
	}
	(void)input;
}

/* From the order by preference to the one that blockers, rules and overrides leave. */
static bool settle(const struct wn_rank_input *input, struct wn_groups *groups, void *scratch,
	struct wn_ranking *ranking)
{
	struct wn_waits waits = {0};
	bool ok;

	if (!wn_placement_moves(input))
		return wn_precedence_apply(input, ranking, NULL, scratch) &&
		       wn_place_nothing(input, ranking);
	ok = wn_precedence_apply(input, ranking, &waits, scratch) &&
	     wn_place(input, &waits, groups, scratch, ranking);
	wn_waits_release(&waits);
	return ok;
}

bool wn_rank(const struct wn_rank_input *input, struct wn_ranking *out)
{
	void *scratch = bulk_alloc(input->rows + 1, WN_SCRATCH_BYTES);
	struct wn_groups groups[WN_GROUPINGS] = {0};
	bool ok = false;

	*out = (struct wn_ranking){0};
	assert(input->rows < WN_ROW_NONE && input->edge_count < WN_ROW_NONE);
	out->count = count_candidates(input);
	out->order = bulk_alloc(out->count + 1, sizeof(*out->order));
	out->rank = bulk_zero(input->rows + 1, sizeof(*out->rank));
	if (!scratch || !out->order || !out->rank)
		goto out;
	if (!wn_preference_order(input, out->count, scratch, out->order))
		goto out;
	if (!settle(input, groups, scratch, out))
		goto out;
	free(scratch);
	scratch = NULL;
	write_ranks(input, out);
	ok = wn_find_breaches(input, groups, out);
out:
	free(scratch);
	for (size_t per = 0; per < WN_GROUPINGS; per++)
		wn_groups_release(&groups[per]);
	if (!ok)
		wn_ranking_release(out);
	return ok;
}

void wn_ranking_release(struct wn_ranking *ranking)
{
	free(ranking->order);
	free(ranking->rank);
	free(ranking->carries);
	free(ranking->cycle);
	free(ranking->pins);
	free(ranking->befores);
	free(ranking->breaches);
	*ranking = (struct wn_ranking){0};
}

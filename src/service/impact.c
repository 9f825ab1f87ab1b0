/*
 * Impact: a search in breadth over the blockers turned around.
 */
#include "service/impact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Who waits for each row: to[start[row] … start[row + 1] - 1]. */
struct followers {
	uint32_t *start;
	uint32_t *to;
};

static bool counts(const struct ranking *ranking, struct wn_edge edge)
{
	return edge.blocked < ranking->rows && edge.blocker < ranking->rows &&
	       edge.blocked != edge.blocker && ranking->candidates[edge.blocked] &&
	       ranking->candidates[edge.blocker];
}

static bool turn_around(const struct ranking *ranking, struct followers *out)
{
	const struct wn_population *population = &ranking->population;
	size_t rows = ranking->rows;

	/* One more than rows + 1, so that counts become starts while filling. */
	out->start = calloc(rows + 2, sizeof *out->start);
	out->to = reallocarray(NULL, population->edge_count + 1, sizeof *out->to);
	if (!out->start || !out->to)
		return false;
	for (size_t i = 0; i < population->edge_count; i++) {
		if (counts(ranking, population->edges[i]))
			out->start[population->edges[i].blocker + 2]++;
	}
	for (size_t row = 0; row <= rows; row++)
		out->start[row + 1] += out->start[row];
	for (size_t i = 0; i < population->edge_count; i++) {
		struct wn_edge edge = population->edges[i];

		if (counts(ranking, edge))
			out->to[out->start[edge.blocker + 1]++] = edge.blocked;
	}
	return true;
}

/* ---- who waits ---- */

/* `distance` is by row, all 0: not reached. */
static void search(
	const struct followers *followers, uint32_t from, uint32_t *distance, struct impact *out)
{
	size_t done = 0;
	uint32_t at = from, reached = 0;

	for (;;) {
		for (uint32_t i = followers->start[at]; i < followers->start[at + 1]; i++) {
			uint32_t row = followers->to[i];

			if (row == from || distance[row] > 0)
				continue;
			distance[row] = reached + 1;
			out->waiting[out->count++] = (struct waiting){row, reached + 1};
			out->direct += reached == 0;
		}
		if (done == out->count)
			return;
		at = out->waiting[done].row;
		reached = out->waiting[done++].distance;
		out->furthest = reached;
	}
}

static int compare_waiting(const void *a, const void *b, void *of)
{
	const struct ranking *ranking = of;
	uint32_t x = ((const struct waiting *)a)->row, y = ((const struct waiting *)b)->row;
	const uint32_t *rank = ranking->decision.order.rank;
	const int64_t *first = ranking->population.first_revision;

	if (rank[x] != rank[y])
		return rank[x] - 1 < rank[y] - 1 ? -1 : 1; /* 0, not ranked, becomes the last */
	if (first[x] != first[y])
		return first[x] < first[y] ? -1 : 1;
	return memcmp(ranking->population.id[x], ranking->population.id[y],
		sizeof ranking->population.id[x]);
}

/* ---- what they carry ---- */

static int compare_words(const void *a, const void *b)
{
	const struct impact_share *x = a, *y = b;
	size_t common = x->word.len < y->word.len ? x->word.len : y->word.len;
	int order;

	if (x->items != y->items)
		return x->items > y->items ? -1 : 1;
	order = common > 0 ? memcmp(x->word.ptr, y->word.ptr, common) : 0;
	return order != 0 ? order : (x->word.len > y->word.len) - (x->word.len < y->word.len);
}

static int compare_symbols(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool share_out(const struct ranking *ranking, const struct impact *impact,
	enum wn_word which, struct impact_share **out, size_t *count)
{
	uint32_t *symbols = reallocarray(NULL, impact->count + 1, sizeof *symbols);
	struct impact_share *shares = reallocarray(NULL, impact->count + 1, sizeof *shares);

	*out = shares;
	*count = 0;
	if (!symbols || !shares) {
		free(symbols);
		return false;
	}
	for (size_t i = 0; i < impact->count; i++) {
		size_t at;
		const struct wn_rows *rows =
			wn_block_of(&ranking->population, impact->waiting[i].row, &at);

		symbols[i] = wn_word_of(rows, at, which);
	}
	if (impact->count > 1)
		qsort(symbols, impact->count, sizeof *symbols, compare_symbols);
	for (size_t i = 0; i < impact->count; i++) {
		if (i == 0 || symbols[i] != symbols[i - 1])
			shares[(*count)++] = (struct impact_share){
				.word = symbols_text(ranking->symbols, symbols[i])};
		shares[*count - 1].items++;
	}
	if (*count > 1)
		qsort(shares, *count, sizeof *shares, compare_words);
	free(symbols);
	return true;
}

static void add_scores(const struct ranking *ranking, struct impact *impact)
{
	for (size_t i = 0; i < impact->count; i++) {
		double score = ranking->decision.score[impact->waiting[i].row];

		if (isnan(score))
			impact->unscored++;
		else
			impact->score += score;
	}
}

enum error impact_find(const struct ranking *ranking, uint32_t row, struct impact *out)
{
	struct followers followers = {0};
	uint32_t *distance = calloc(ranking->rows + 1, sizeof *distance);
	bool done;

	*out = (struct impact){0};
	out->waiting = reallocarray(NULL, ranking->rows + 1, sizeof *out->waiting);
	done = distance && out->waiting && turn_around(ranking, &followers);
	if (done) {
		search(&followers, row, distance, out);
		if (out->count > 1)
			qsort_r(out->waiting, out->count, sizeof *out->waiting, compare_waiting,
				(void *)(uintptr_t)ranking);
		add_scores(ranking, out);
		done = share_out(ranking, out, WN_STREAM, &out->streams, &out->stream_count) &&
		       share_out(ranking, out, WN_TEAM, &out->teams, &out->team_count);
	}
	free(followers.start);
	free(followers.to);
	free(distance);
	return done ? ERR_OK : ERR_NO_MEMORY;
}

void impact_release(struct impact *impact)
{
	free(impact->waiting);
	free(impact->streams);
	free(impact->teams);
	*impact = (struct impact){0};
}

/*
 * Strengths are columns of the ranking; how often which items were compared is asked of the
 * database, as of the ranking's revision.
 */
#include "service/strengths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "service/reading.h"
#include "store/aggregates.h"
#include "winnow/pairwise.h"

/* Comparisons are held whole while they are counted; more than a request's own share. */
enum { TALLY_ARENA = 512 << 20 };

/* Calls `add` with both rows of each comparison that the ranking saw. */
static enum error each_comparison(const struct call *call, const struct ranking *ranking,
	void (*add)(void *self, uint32_t before, uint32_t after), void *self)
{
	struct comparison_row *rows = NULL;
	struct reading reading;
	struct arena arena;
	size_t count = 0;
	enum error error;

	reading_past(call, ranking->revision, &reading);
	arena_init(&arena, TALLY_ARENA);
	do {
		arena_release(&arena);
		error = reading_past_begin(&reading);
		if (!error)
			error = comparisons_load(reading.conn, &call->workspace, false, 0,
				ranking->revision, &arena, &rows, &count);
	} while (reading_again(&reading, error));
	for (size_t i = 0; !error && i < count; i++) {
		uint32_t before = ranking_find(ranking, &rows[i].before);
		uint32_t after = ranking_find(ranking, &rows[i].after);

		if (before != WN_ROW_NONE && after != WN_ROW_NONE)
			add(self, before, after);
	}
	arena_release(&arena);
	return error;
}

static double number_of(const struct ranking *ranking, uint32_t row, enum wn_number which)
{
	size_t at;
	const struct wn_rows *rows = wn_block_of(&ranking->population, row, &at);

	return wn_number_of(rows, at, which);
}

/* ---- strengths ---- */

/* With the id beside it, because that is what ties are broken by. */
struct ranked_strength {
	struct strength strength;
	const unsigned char *id;
};

static int strongest_first(const void *x, const void *y)
{
	const struct ranked_strength *a = x, *b = y;

	if (a->strength.value != b->strength.value)
		return a->strength.value > b->strength.value ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(struct uuid));
}

static size_t count_known(const struct ranking *ranking)
{
	size_t count = 0;

	for (uint32_t row = 0; row < ranking->population.rows; row++)
		count += isnan(number_of(ranking, row, WN_STRENGTH)) ? 0 : 1;
	return count;
}

static void collect_known(const struct ranking *ranking, struct ranked_strength *out)
{
	size_t count = 0;

	for (uint32_t row = 0; row < ranking->population.rows; row++) {
		double value = number_of(ranking, row, WN_STRENGTH);

		if (isnan(value))
			continue;
		out[count++] = (struct ranked_strength){
			.strength = {.row = row,
				.value = value,
				.error = number_of(ranking, row, WN_STRENGTH_ERROR)},
			.id = ranking->population.id[row],
		};
	}
}

static void count_items(void *self, uint32_t before, uint32_t after)
{
	uint32_t *counts = self;

	counts[before]++;
	counts[after]++;
}

static enum error count_comparisons(
	const struct call *call, const struct ranking *ranking, struct strength_page *page)
{
	uint32_t *counts = calloc(ranking->population.rows + 1, sizeof *counts);
	enum error error;

	if (!counts)
		return ERR_NO_MEMORY;
	error = each_comparison(call, ranking, count_items, counts);
	for (size_t i = 0; i < page->count; i++)
		page->items[i].comparisons = counts[page->items[i].row];
	free(counts);
	return error;
}

enum error strengths_page(const struct call *call, const struct ranking *ranking, size_t begin,
	size_t limit, struct strength_page *out)
{
	size_t total = count_known(ranking);
	size_t left = begin < total ? total - begin : 0;
	struct ranked_strength *all = calloc(total + 1, sizeof *all);

	*out = (struct strength_page){
		.count = left < limit ? left : limit,
		.total = total,
		.errors_exact = total <= WN_STRENGTH_EXACT,
	};
	out->items = arena_array(call->arena, out->count, sizeof *out->items);
	if (!all || !out->items) {
		free(all);
		return ERR_NO_MEMORY;
	}
	collect_known(ranking, all);
	qsort(all, total, sizeof *all, strongest_first);
	for (size_t i = 0; i < out->count; i++)
		out->items[i] = all[begin + i].strength;
	free(all);
	return count_comparisons(call, ranking, out);
}

/* ---- what to ask next ---- */

struct uncertain {
	uint32_t row;
	double strength; /* NaN: never compared */
	double error;
	const unsigned char *id;
};

/* The items to pair, while they are looked for a heap: the first is the one to go first. */
struct among {
	struct uncertain items[PAIRS_AMONG];
	size_t count;
	uint32_t compared[PAIRS_AMONG][PAIRS_AMONG];
	const struct ranking *ranking;
};

static int least_certain_first(const void *x, const void *y)
{
	const struct uncertain *a = x, *b = y;

	if (a->error != b->error)
		return a->error > b->error ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(struct uuid));
}

static bool goes_before(const struct among *among, size_t i, size_t j)
{
	return least_certain_first(&among->items[i], &among->items[j]) > 0;
}

static void swap(struct among *among, size_t i, size_t j)
{
	struct uncertain kept = among->items[i];

	among->items[i] = among->items[j];
	among->items[j] = kept;
}

static void sift_down(struct among *among)
{
	for (size_t i = 0;;) {
		size_t first = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < among->count; child++)
			first = goes_before(among, child, first) ? child : first;
		if (first == i)
			return;
		swap(among, i, first);
		i = first;
	}
}

static void take(struct among *among, const struct uncertain *item)
{
	if (among->count < PAIRS_AMONG) {
		size_t i = among->count++;

		among->items[i] = *item;
		for (; i > 0 && goes_before(among, i, (i - 1) / 2); i = (i - 1) / 2)
			swap(among, i, (i - 1) / 2);
	} else if (least_certain_first(item, &among->items[0]) < 0) {
		among->items[0] = *item;
		sift_down(among);
	}
}

static int by_row(const void *x, const void *y)
{
	const struct uncertain *a = x, *b = y;

	return (a->row > b->row) - (a->row < b->row);
}

/* Least certain items of the order, by row in the end, so that they can be found. */
static void choose_items(struct among *among, const struct ranking *ranking)
{
	among->ranking = ranking;
	for (uint32_t row = 0; row < ranking->population.rows; row++) {
		struct uncertain item = {.row = row, .id = ranking->population.id[row]};

		if (ranking->decision.order.rank[row] == 0)
			continue;
		item.strength = number_of(ranking, row, WN_STRENGTH);
		item.error = isnan(item.strength) ? WN_STRENGTH_PRIOR
						  : number_of(ranking, row, WN_STRENGTH_ERROR);
		take(among, &item);
	}
	qsort(among->items, among->count, sizeof *among->items, by_row);
}

static void count_pairs(void *self, uint32_t before, uint32_t after)
{
	struct among *among = self;
	const struct uncertain a = {.row = before}, b = {.row = after};
	const struct uncertain *x =
		bsearch(&a, among->items, among->count, sizeof *among->items, by_row);
	const struct uncertain *y =
		bsearch(&b, among->items, among->count, sizeof *among->items, by_row);

	if (!x || !y)
		return;
	among->compared[x - among->items][y - among->items]++;
	among->compared[y - among->items][x - among->items]++;
}

static int most_instructive_first(const void *x, const void *y, void *self)
{
	const struct item_pair *a = x, *b = y;
	const struct ranking *ranking = ((const struct among *)self)->ranking;
	int order;

	if ((a->comparisons > 0) != (b->comparisons > 0))
		return a->comparisons > 0 ? 1 : -1;
	if (a->gain != b->gain)
		return a->gain > b->gain ? -1 : 1;
	order = memcmp(
		ranking->population.id[a->a], ranking->population.id[b->a], sizeof(struct uuid));
	return order ? order
		     : memcmp(ranking->population.id[a->b], ranking->population.id[b->b],
			       sizeof(struct uuid));
}

static struct item_pair pair_of(const struct among *among, size_t i, size_t j)
{
	bool in_order = memcmp(among->items[i].id, among->items[j].id, sizeof(struct uuid)) < 0;
	const struct uncertain *a = &among->items[in_order ? i : j];
	const struct uncertain *b = &among->items[in_order ? j : i];
	double lead =
		(isnan(a->strength) ? 0.0 : a->strength) - (isnan(b->strength) ? 0.0 : b->strength);

	return (struct item_pair){
		.a = a->row,
		.b = b->row,
		.gain = wn_comparison_gain(
			a->strength, a->error, b->strength, b->error, WN_STRENGTH_PRIOR),
		.chance = 1.0 / (1.0 + exp(-lead)),
		.comparisons = among->compared[i][j],
	};
}

/* All pairs, the best first; *count of them. NULL when memory is out. */
static struct item_pair *pair_up(struct among *among, size_t *count)
{
	size_t n = among->count;
	struct item_pair *pairs = calloc(n * n / 2 + 1, sizeof *pairs);

	*count = 0;
	for (size_t i = 0; pairs && i < n; i++) {
		for (size_t j = i + 1; j < n; j++)
			pairs[(*count)++] = pair_of(among, i, j);
	}
	if (pairs)
		qsort_r(pairs, *count, sizeof *pairs, most_instructive_first, among);
	return pairs;
}

static bool is_taken(const struct item_pair *taken, size_t count, uint32_t row)
{
	for (size_t i = 0; i < count; i++) {
		if (taken[i].a == row || taken[i].b == row)
			return true;
	}
	return false;
}

static enum error pick(struct among *among, struct arena *arena, size_t limit,
	struct item_pair **out, size_t *count)
{
	size_t all;
	struct item_pair *pairs = pair_up(among, &all);

	*count = 0;
	limit = limit < among->count / 2 ? limit : among->count / 2;
	*out = arena_array(arena, limit, sizeof **out);
	if (!pairs || !*out) {
		free(pairs);
		return ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < all && *count < limit; i++) {
		if (is_taken(*out, *count, pairs[i].a) || is_taken(*out, *count, pairs[i].b))
			continue;
		(*out)[(*count)++] = pairs[i];
	}
	free(pairs);
	return ERR_OK;
}

enum error pairs_to_compare(const struct call *call, const struct ranking *ranking, size_t limit,
	struct item_pair **out, size_t *count)
{
	struct among *among = calloc(1, sizeof *among);
	enum error error;

	if (!among)
		return ERR_NO_MEMORY;
	choose_items(among, ranking);
	error = each_comparison(call, ranking, count_pairs, among);
	if (!error)
		error = pick(among, call->arena, limit, out, count);
	free(among);
	return error;
}

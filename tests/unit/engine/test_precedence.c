/*
 * Dependencies: against graphs worked out by hand, against a slow oracle on small random graphs,
 * and at sizes at which recursion or a quadratic step would show.
 */
#include "backlog.h"

#include <math.h>

/* One graph of the vector file; items are single letters, and an item's row is its letter's. */
struct graph {
	char name[128];
	struct backlog b;
	uint32_t order[26], carries[26], cycle[26];
	size_t count;
	uint32_t cycle_count;
	bool inherited;
};

static uint32_t row_of(const char *word)
{
	assert_true(word && word[0] >= 'a' && word[0] <= 'z');
	return (uint32_t)(word[0] - 'a');
}

static void graph_begin(struct graph *g, const char *name)
{
	*g = (struct graph){.b = backlog_new(26, 26)};
	snprintf(g->name, sizeof(g->name), "%s", name);
	memset(g->b.candidate, 0, 26);
	g->b.edge_count = 0;
	for (uint32_t row = 0; row < 26; row++)
		g->carries[row] = row;
}

static void graph_end(struct graph *g)
{
	struct wn_ranking ranking;

	if (!g->name[0])
		return;
	ranking = backlog_rank(&g->b);
	if (ranking.count != g->count ||
		memcmp(ranking.order, g->order, g->count * sizeof(g->order[0])) != 0)
		fail_msg("order of graph: %s", g->name);
	if (g->inherited != (ranking.carries != NULL) ||
		(g->inherited && memcmp(ranking.carries, g->carries, sizeof(g->carries)) != 0))
		fail_msg("carries of graph: %s", g->name);
	if (g->cycle_count != ranking.cycle_count ||
		(g->cycle_count && memcmp(ranking.cycle, g->cycle, sizeof(g->cycle)) != 0))
		fail_msg("cycles of graph: %s", g->name);
	wn_ranking_release(&ranking);
	backlog_free(&g->b);
	g->name[0] = '\0';
}

static void graph_word(struct graph *g, const char *key, const char *word, size_t index)
{
	if (strcmp(key, "prefer") == 0) {
		g->b.candidate[row_of(word)] = 1;
		g->b.score[row_of(word)] = -(double)index;
	} else if (strcmp(key, "absent") == 0) {
		g->b.score[row_of(word)] = 100;
	} else if (strcmp(key, "edge") == 0 && index == 0) {
		g->b.edges[g->b.edge_count].blocked = row_of(word);
	} else if (strcmp(key, "edge") == 0) {
		g->b.edges[g->b.edge_count++].blocker = row_of(word);
	} else if (strcmp(key, "order") == 0) {
		g->order[g->count++] = row_of(word);
	} else if (strcmp(key, "carries") == 0) {
		g->carries[row_of(word)] = row_of(word + 2);
		g->inherited = true;
	} else if (strcmp(key, "cycle") == 0) {
		g->cycle_count += index == 0;
		g->cycle[row_of(word)] = g->cycle_count;
	} else {
		fail_msg("unknown line: %s", key);
	}
}

static void test_vector_graphs(void **state)
{
	FILE *file = test_vectors("precedence.txt");
	struct graph g = {0};
	char line[256];
	size_t graphs = 0;

	(void)state;
	while (fgets(line, sizeof(line), file)) {
		char *rest = line;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		char *key = strsep(&rest, " ");

		if (strcmp(key, "graph") == 0) {
			graph_end(&g);
			graph_begin(&g, rest);
			graphs++;
			continue;
		}
		for (size_t i = 0; rest; i++)
			graph_word(&g, key, strsep(&rest, " "), i);
	}
	graph_end(&g);
	fclose(file);
	assert_int_equal(graphs, 24);
}

enum { SMALL = 9 };

/* The result by the definition alone: closures, then one place after the other. */
struct oracle {
	size_t count;
	uint32_t order[SMALL], carries[SMALL], cycle[SMALL];
	uint32_t cycle_count;
	bool waits[SMALL][SMALL]; /* after cycles are dissolved, directly or in all */
};

static void close_over(bool reach[SMALL][SMALL], size_t n)
{
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; j < n; j++)
				reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
		}
	}
}

static void oracle_waits(const struct backlog *b, struct oracle *o, bool reach[SMALL][SMALL])
{
	for (size_t pass = 0; pass < 2; pass++) {
		bool(*out)[SMALL] = pass ? o->waits : reach;

		for (size_t i = 0; i < b->edge_count; i++) {
			uint32_t v = b->edges[i].blocked, w = b->edges[i].blocker;

			if (!b->candidate[v] || !b->candidate[w])
				continue;
			if (pass && (v == w || (reach[v][w] && reach[w][v])))
				continue;
			out[v][w] = true;
		}
		close_over(out, b->rows);
	}
}

static bool is_first(const struct backlog *b, const struct oracle *o, uint32_t v, uint32_t other)
{
	int inherited = naive_compare(b, o->carries[v], o->carries[other]);

	return inherited ? inherited < 0 : naive_compare(b, v, other) < 0;
}

static void oracle_place(const struct backlog *b, struct oracle *o)
{
	bool placed[SMALL] = {false};

	for (;;) {
		uint32_t next = WN_ROW_NONE;

		for (uint32_t v = 0; v < b->rows; v++) {
			bool free_to_go = b->candidate[v] && !placed[v];

			for (uint32_t w = 0; w < b->rows; w++)
				free_to_go = free_to_go && (!o->waits[v][w] || placed[w]);
			if (free_to_go && (next == WN_ROW_NONE || is_first(b, o, v, next)))
				next = v;
		}
		if (next == WN_ROW_NONE)
			return;
		placed[next] = true;
		o->order[o->count++] = next;
	}
}

static void oracle_cycles(const struct backlog *b, struct oracle *o, bool reach[SMALL][SMALL])
{
	/* By preference, so that each cycle is met at its best member first. */
	for (;;) {
		uint32_t best = WN_ROW_NONE;

		for (uint32_t v = 0; v < b->rows; v++) {
			if (reach[v][v] && !o->cycle[v] &&
				(best == WN_ROW_NONE || naive_compare(b, v, best) < 0))
				best = v;
		}
		if (best == WN_ROW_NONE)
			return;
		o->cycle_count++;
		for (uint32_t v = 0; v < b->rows; v++) {
			if (v == best || (reach[v][best] && reach[best][v]))
				o->cycle[v] = o->cycle_count;
		}
	}
}

static struct oracle ask_oracle(const struct backlog *b)
{
	struct oracle o = {0};
	bool reach[SMALL][SMALL] = {{false}};

	oracle_waits(b, &o, reach);
	for (uint32_t v = 0; v < b->rows; v++) {
		o.carries[v] = v;
		for (uint32_t x = 0; x < b->rows; x++) {
			if (o.waits[x][v] && naive_compare(b, x, o.carries[v]) < 0)
				o.carries[v] = x;
		}
	}
	oracle_place(b, &o);
	oracle_cycles(b, &o, reach);
	return o;
}

static void check_against_oracle(const struct backlog *b)
{
	struct oracle o = ask_oracle(b);
	struct wn_ranking ranking = backlog_rank(b);
	bool inherited = false;

	assert_int_equal(ranking.count, o.count);
	assert_int_equal(ranking.cycle_count, o.cycle_count);
	assert_int_equal(ranking.cycle != NULL, o.cycle_count > 0);
	for (uint32_t i = 0; i < o.count; i++) {
		assert_int_equal(ranking.order[i], o.order[i]);
		assert_int_equal(ranking.rank[o.order[i]], i + 1);
		for (uint32_t j = 0; j < i; j++)
			assert_false(o.waits[o.order[j]][o.order[i]]);
	}
	for (uint32_t v = 0; v < b->rows; v++) {
		inherited = inherited || o.carries[v] != v;
		if (ranking.carries)
			assert_int_equal(ranking.carries[v], o.carries[v]);
		if (ranking.cycle)
			assert_int_equal(ranking.cycle[v], o.cycle[v]);
	}
	assert_int_equal(ranking.carries != NULL, inherited);
	wn_ranking_release(&ranking);
}

static void test_against_oracle(void **state)
{
	uint64_t random = test_seed();

	(void)state;
	for (size_t round = 0; round < 50000; round++) {
		size_t rows = 1 + test_below(&random, SMALL);
		struct backlog b = backlog_new(rows, test_below(&random, 2 * rows));
		bool acyclic = test_below(&random, 2), absent = test_below(&random, 3) == 0;

		for (size_t row = 0; row < rows; row++) {
			b.score[row] =
				test_below(&random, 8) ? (double)test_below(&random, 6) : NAN;
			b.band[row] = (uint8_t)test_below(&random, 2);
			b.candidate[row] = !absent || test_below(&random, 4) != 0;
			b.first_revision[row] = (int64_t)test_below(&random, 2);
			backlog_set_id(&b, row, row + 100 * round);
		}
		for (size_t i = 0; i < b.edge_count; i++) {
			uint32_t v = (uint32_t)test_below(&random, rows);
			uint32_t w = (uint32_t)test_below(&random, rows);

			b.edges[i] =
				acyclic && v < w ? (struct wn_edge){w, v} : (struct wn_edge){v, w};
		}
		check_against_oracle(&b);
		backlog_free(&b);
	}
}

enum { MANY = 1000000 };

/* Row i waits for row i + 1, and the first is the best. */
static struct backlog chain(void)
{
	struct backlog b = backlog_new(MANY, MANY);

	for (uint32_t row = 0; row < MANY; row++) {
		b.score[row] = -(double)row;
		b.edges[row] = (struct wn_edge){.blocked = row, .blocker = row + 1};
	}
	return b;
}

static void test_long_chain(void **state)
{
	struct backlog b = chain();
	struct wn_ranking ranking;

	(void)state;
	b.edge_count = MANY - 1;
	ranking = backlog_rank(&b);
	assert_int_equal(ranking.cycle_count, 0);
	for (uint32_t i = 0; i < MANY; i++) {
		if (ranking.order[i] != MANY - 1 - i || ranking.carries[i] != 0)
			fail_msg("place %u", i + 1);
	}
	wn_ranking_release(&ranking);
	backlog_free(&b);
}

static void test_long_ring(void **state)
{
	struct backlog b = chain();
	struct wn_ranking ranking;

	(void)state;
	b.edges[MANY - 1].blocker = 0;
	ranking = backlog_rank(&b);
	assert_int_equal(ranking.cycle_count, 1);
	assert_null(ranking.carries);
	for (uint32_t i = 0; i < MANY; i++) {
		if (ranking.order[i] != i || ranking.cycle[i] != 1)
			fail_msg("place %u", i + 1);
	}
	wn_ranking_release(&ranking);
	backlog_free(&b);
}

/* One item waits for all the others, and all the others wait for one. */
static void test_wide_graph(void **state)
{
	struct backlog b = backlog_new(MANY, 2 * (MANY - 2));
	struct wn_ranking ranking;

	(void)state;
	for (uint32_t row = 0; row < MANY; row++)
		b.score[row] = -(double)row;
	for (uint32_t row = 1; row < MANY - 1; row++) {
		b.edges[2 * (row - 1)] = (struct wn_edge){.blocked = 0, .blocker = row};
		b.edges[2 * (row - 1) + 1] = (struct wn_edge){.blocked = row, .blocker = MANY - 1};
	}
	ranking = backlog_rank(&b);
	assert_int_equal(ranking.order[0], MANY - 1);
	assert_int_equal(ranking.order[MANY - 1], 0);
	for (uint32_t i = 1; i < MANY - 1; i++) {
		if (ranking.order[i] != i || ranking.carries[i] != 0)
			fail_msg("place %u", i + 1);
	}
	wn_ranking_release(&ranking);
	backlog_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_graphs),
		cmocka_unit_test(test_against_oracle),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_long_ring),
		cmocka_unit_test(test_wide_graph),
	};

	return cmocka_run_group_tests_name("engine/precedence", tests, NULL, NULL);
}

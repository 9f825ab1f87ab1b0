/*
 * Dependencies: from the order by preference to one in which no row stands before a row that
 * blocks it.
 *
 * Only rows with an edge matter. They become nodes, numbered by preference (0 is the best), so
 * that a preference is a plain number from here on. Edges within a cycle are inert. What is left
 * has no cycles, and three things follow:
 *
 * - Peeling off nodes that nothing waits for any more, one after the other, hands each node's best
 *   preference down to its blockers (Kahn 1962). Where the peeling stalls there is a cycle, and
 *   only then, and only among what is left, are the strongly connected components looked for
 *   (Tarjan 1972, without recursion: a chain may be a million long).
 * - A blocker's inherited preference is never worse than that of what it blocks. So nodes that
 *   inherit the same preference stand together in the result, in the place of the node that they
 *   have it from: they are its group. No queue has to hold them all.
 * - Within a group, of those whose blockers in the group are placed, the first by its own
 *   preference goes first. That takes a small heap.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bulk.h"
#include "engine/heap.h"
#include "engine/order.h"

/* For each node a list of others: to[start[v] … start[v + 1] - 1]. */
struct lists {
	uint32_t *start;
	uint32_t *to;
};

struct graph {
	uint32_t nodes;
	uint32_t *row;         /* by node */
	struct wn_edge *edges; /* the ends are nodes */
	size_t edge_count;
	struct lists blockers;   /* by node: what it waits for */
	uint32_t *best;          /* by node: the node whose preference it has */
	uint32_t *pending;       /* by node: edges to or from it that are not dealt with yet */
	uint32_t *queue;         /* nodes, each at most once */
	uint32_t queued, peeled; /* peeled <= queued <= nodes */
	uint32_t *component;     /* by node: 0, or the number of its cycle; NULL without any */
	uint32_t component_count;
	struct wn_heap ready;   /* nodes of a group that wait for none of it */
	struct lists groups;    /* by node: those that have its preference, best first */
	struct lists followers; /* by node: those that wait for it, of its own group or of all */
};

/* What Tarjan's algorithm remembers, all by node or as a stack of nodes. */
struct search {
	uint32_t *index; /* 0: not seen; CLOSED: its component is known */
	uint32_t *low;
	uint32_t *cursor;         /* the next edge to follow */
	uint32_t *path, depth;    /* from the root to the node at hand */
	uint32_t *open, open_end; /* seen, component not yet known */
	uint32_t last_index;
};

#define CLOSED UINT32_MAX

static uint32_t *numbers(size_t count)
{
	return reallocarray(NULL, count + 1, sizeof(uint32_t));
}

static void graph_release(struct graph *g)
{
	free(g->row);
	free(g->edges);
	free(g->blockers.start);
	free(g->blockers.to);
	free(g->best);
	free(g->pending);
	free(g->queue);
	free(g->ready.at);
	free(g->component);
	free(g->groups.start);
	free(g->groups.to);
	free(g->followers.start);
	free(g->followers.to);
}

/* Whether an edge says nothing about the order of its ends: it closes a cycle. */
static bool inert(const struct graph *g, uint32_t v, uint32_t w)
{
	return v == w || (g->component && g->component[v] && g->component[v] == g->component[w]);
}

/* Keeps the edges between candidates; node_of[row] becomes 1 for each of their ends. */
static uint32_t keep_edges(const struct wn_rank_input *input, struct graph *g, uint32_t *node_of)
{
	uint32_t nodes = 0;

	for (size_t i = 0; i < input->edge_count; i++) {
		struct wn_edge edge = input->edges[i];

		if (edge.blocked >= input->rows || edge.blocker >= input->rows)
			continue;
		if (!input->candidate[edge.blocked] || !input->candidate[edge.blocker])
			continue;
		nodes += !node_of[edge.blocked];
		node_of[edge.blocked] = 1;
		nodes += !node_of[edge.blocker];
		node_of[edge.blocker] = 1;
		g->edges[g->edge_count++] = edge;
	}
	return nodes;
}

/* Finds the nodes, numbers them by preference, and makes the edges' ends nodes. The ranks, all
 * zero still, are lent for looking nodes up by row. */
static bool collect(
	const struct wn_rank_input *input, const struct wn_ranking *ranking, struct graph *g)
{
	uint32_t *node_of = ranking->rank;
	uint32_t next = 0;

	g->edges = reallocarray(NULL, input->edge_count, sizeof(*g->edges));
	if (!g->edges)
		return false;
	g->nodes = keep_edges(input, g, node_of);
	g->row = numbers(g->nodes);
	g->best = numbers(g->nodes);
	g->pending = numbers(g->nodes);
	g->queue = numbers(g->nodes);
	if (!g->row || !g->best || !g->pending || !g->queue)
		return false;
	/* Without a branch, which would be a guess at every row; so what is written last to g->row
	 * may be one too many. */
	for (size_t i = 0; i < ranking->count; i++) {
		uint32_t row = ranking->order[i], is_node = node_of[row];

		g->row[next] = row;
		node_of[row] = next * is_node;
		next += is_node;
	}
	for (size_t i = 0; i < g->edge_count; i++) {
		g->edges[i].blocked = node_of[g->edges[i].blocked];
		g->edges[i].blocker = node_of[g->edges[i].blocker];
	}
	for (uint32_t v = 0; v < g->nodes; v++)
		node_of[g->row[v]] = 0;
	return true;
}

static bool lists_alloc(struct lists *lists, uint32_t nodes, size_t entries)
{
	/* One more than nodes + 1, so that counts can be shifted into starts while filling. */
	lists->start = calloc((size_t)nodes + 2, sizeof(*lists->start));
	lists->to = numbers(entries);
	return lists->start && lists->to;
}

/* From counts in start[v + 2] to where each list begins in start[v + 1]; filling a list by
 * start[v + 1]++ then leaves start[v] as its beginning. */
static void lists_begin(struct lists *lists, uint32_t nodes)
{
	for (uint32_t v = 0; v < nodes; v++)
		lists->start[v + 2] += lists->start[v + 1];
}

/* Also counts, in pending, the edges by which others wait for a node. */
static bool list_blockers(struct graph *g)
{
	if (!lists_alloc(&g->blockers, g->nodes, g->edge_count))
		return false;
	memset(g->pending, 0, g->nodes * sizeof(*g->pending));
	for (size_t i = 0; i < g->edge_count; i++) {
		const struct wn_edge *edge = &g->edges[i];

		if (inert(g, edge->blocked, edge->blocker))
			continue;
		g->blockers.start[edge->blocked + 2]++;
		g->pending[edge->blocker]++;
	}
	lists_begin(&g->blockers, g->nodes);
	for (size_t i = 0; i < g->edge_count; i++) {
		const struct wn_edge *edge = &g->edges[i];

		if (!inert(g, edge->blocked, edge->blocker))
			g->blockers.to[g->blockers.start[edge->blocked + 1]++] = edge->blocker;
	}
	return true;
}

/* One edge by which something waits for v is dealt with. */
static void release_one(struct graph *g, uint32_t v)
{
	if (--g->pending[v] == 0)
		g->queue[g->queued++] = v;
}

/* Goes on until nothing is left or every node that is left is waited for by another one. */
static void peel(struct graph *g)
{
	while (g->peeled < g->queued) {
		uint32_t v = g->queue[g->peeled++];

		for (uint32_t e = g->blockers.start[v]; e < g->blockers.start[v + 1]; e++) {
			uint32_t blocker = g->blockers.to[e];

			if (inert(g, v, blocker))
				continue;
			if (g->best[v] < g->best[blocker])
				g->best[blocker] = g->best[v];
			release_one(g, blocker);
		}
	}
}

static void open_node(struct search *s, const struct graph *g, uint32_t v)
{
	s->index[v] = s->low[v] = ++s->last_index;
	s->cursor[v] = g->blockers.start[v];
	s->path[s->depth++] = v;
	s->open[s->open_end++] = v;
}

/* v is the first seen of its component, whose other members were opened after it. */
static void close_component(struct search *s, struct graph *g, uint32_t v)
{
	bool alone = s->open[s->open_end - 1] == v;
	uint32_t member;

	if (!alone)
		g->component_count++;
	do {
		member = s->open[--s->open_end];
		s->index[member] = CLOSED;
		if (!alone)
			g->component[member] = g->component_count;
	} while (member != v);
}

static void search_from(struct search *s, struct graph *g, uint32_t root)
{
	open_node(s, g, root);
	while (s->depth > 0) {
		uint32_t v = s->path[s->depth - 1];

		if (s->cursor[v] < g->blockers.start[v + 1]) {
			uint32_t w = g->blockers.to[s->cursor[v]++];

			if (s->index[w] == 0)
				open_node(s, g, w);
			else if (s->index[w] < s->low[v]) /* never so for a closed one */
				s->low[v] = s->index[w];
			continue;
		}
		s->depth--;
		if (s->low[v] == s->index[v])
			close_component(s, g, v);
		else if (s->low[v] < s->low[s->path[s->depth - 1]])
			s->low[s->path[s->depth - 1]] = s->low[v];
	}
}

/* Looks for cycles among the nodes that peeling has left. */
static bool find_components(struct graph *g)
{
	size_t nodes = g->nodes;
	uint32_t *memory = reallocarray(NULL, nodes, 5 * sizeof(*memory));
	struct search s = {0};

	if (!memory)
		return false;
	s.index = memory;
	s.low = memory + nodes;
	s.cursor = memory + 2 * nodes;
	s.path = memory + 3 * nodes;
	s.open = memory + 4 * nodes;
	memset(s.index, 0, nodes * sizeof(*s.index));
	for (uint32_t v = 0; v < nodes; v++) {
		if (g->pending[v] > 0 && s.index[v] == 0)
			search_from(&s, g, v);
	}
	free(memory);
	return true;
}

/* Cycles get their numbers by their first member in preference, so that the numbers depend on
 * the items and not on the rows that they happen to be in. */
static bool number_components(struct graph *g)
{
	uint32_t *number = calloc((size_t)g->component_count + 1, sizeof(*number));
	uint32_t last = 0;

	if (!number)
		return false;
	for (uint32_t v = 0; v < g->nodes; v++) {
		uint32_t found = g->component[v];

		if (found && !number[found])
			number[found] = ++last;
		g->component[v] = number[found];
	}
	free(number);
	return true;
}

static bool name_self(struct graph *g)
{
	for (size_t i = 0; i < g->edge_count; i++) {
		if (g->edges[i].blocked == g->edges[i].blocker)
			return true;
	}
	return false;
}

/* Finds the cycles, if any, and lets their members no longer wait for each other. */
static bool resolve_cycles(struct graph *g)
{
	bool stalled = g->peeled < g->nodes;

	if (!stalled && !name_self(g))
		return true;
	g->component = calloc(g->nodes, sizeof(*g->component));
	if (!g->component)
		return false;
	if (stalled && !find_components(g))
		return false;
	for (size_t i = 0; i < g->edge_count; i++) {
		uint32_t v = g->edges[i].blocked, w = g->edges[i].blocker;

		if (v == w && !g->component[v])
			g->component[v] = ++g->component_count;
		else if (v != w && inert(g, v, w))
			release_one(g, w);
	}
	return number_components(g);
}

static bool any_inherits(const struct graph *g)
{
	for (uint32_t v = 0; v < g->nodes; v++) {
		if (g->best[v] != v)
			return true;
	}
	return false;
}

static bool list_groups(struct graph *g)
{
	if (!lists_alloc(&g->groups, g->nodes, g->nodes))
		return false;
	for (uint32_t v = 0; v < g->nodes; v++)
		g->groups.start[g->best[v] + 2]++;
	lists_begin(&g->groups, g->nodes);
	for (uint32_t v = 0; v < g->nodes; v++)
		g->groups.to[g->groups.start[g->best[v] + 1]++] = v;
	return true;
}

/* Whether the edge is one to be waited for: within a group, where others are in order anyway, or
 * wherever it is. */
static bool follows(const struct graph *g, bool everywhere, uint32_t v, uint32_t w)
{
	return (everywhere || g->best[v] == g->best[w]) && !inert(g, v, w);
}

/* Also counts, in pending, the edges by which a node waits. */
static bool list_followers(struct graph *g, bool everywhere)
{
	if (!lists_alloc(&g->followers, g->nodes, g->edge_count))
		return false;
	memset(g->pending, 0, g->nodes * sizeof(*g->pending));
	for (size_t i = 0; i < g->edge_count; i++) {
		uint32_t v = g->edges[i].blocked, w = g->edges[i].blocker;

		if (!follows(g, everywhere, v, w))
			continue;
		g->followers.start[w + 2]++;
		g->pending[v]++;
	}
	lists_begin(&g->followers, g->nodes);
	for (size_t i = 0; i < g->edge_count; i++) {
		uint32_t v = g->edges[i].blocked, w = g->edges[i].blocker;

		if (follows(g, everywhere, v, w))
			g->followers.to[g->followers.start[w + 1]++] = v;
	}
	return true;
}

/* Puts the n members, sorted by preference, into the order of their places. False when memory is
 * out. */
static bool place_group(struct graph *g, uint32_t *members, uint32_t n)
{
	struct wn_heap *ready = &g->ready;
	uint32_t placed = 0;

	if (n < 2)
		return true;
	for (uint32_t i = 0; i < n; i++) {
		if (g->pending[members[i]] == 0 && !wn_heap_push(ready, members[i]))
			return false;
	}
	while (ready->count > 0) {
		uint32_t v = (uint32_t)wn_heap_pop(ready);

		members[placed++] = v;
		for (uint32_t e = g->followers.start[v]; e < g->followers.start[v + 1]; e++) {
			uint32_t follower = g->followers.to[e];

			if (--g->pending[follower] == 0 && !wn_heap_push(ready, follower))
				return false;
		}
	}
	assert(placed == n);
	return true;
}

/* The new order: each node's place is taken by its group, which may be empty. With `settle` the
 * members of a group wait for each other, else they stand by their own preference. False when
 * memory is out. */
static bool write_order(
	struct graph *g, bool settle, const struct wn_ranking *ranking, uint32_t *new_order)
{
	const uint32_t *order = ranking->order;
	size_t count = ranking->count;
	uint32_t v = 0;
	size_t end = 0;

	for (size_t i = 0; i < count; i++) {
		if (v == g->nodes || order[i] != g->row[v]) {
			new_order[end++] = order[i];
			continue;
		}
		uint32_t *members = g->groups.to + g->groups.start[v];
		uint32_t n = g->groups.start[v + 1] - g->groups.start[v];

		if (settle && !place_group(g, members, n))
			return false;
		for (uint32_t m = 0; m < n; m++)
			new_order[end++] = g->row[members[m]];
		v++;
	}
	assert(end == count);
	return true;
}

static bool report_cycles(const struct graph *g, size_t rows, struct wn_ranking *ranking)
{
	if (g->component_count == 0)
		return true;
	ranking->cycle = calloc(rows, sizeof(*ranking->cycle));
	if (!ranking->cycle)
		return false;
	ranking->cycle_count = g->component_count;
	for (uint32_t v = 0; v < g->nodes; v++)
		ranking->cycle[g->row[v]] = g->component[v];
	return true;
}

static bool move_rows(
	struct graph *g, size_t rows, bool settle, struct wn_ranking *ranking, uint32_t *new_order)
{
	ranking->carries = bulk_alloc(rows + 1, sizeof(*ranking->carries));
	if (!ranking->carries || !list_groups(g) || (settle && !list_followers(g, false)))
		return false;
	if (!write_order(g, settle, ranking, new_order))
		return false;
	memcpy(ranking->order, new_order, ranking->count * sizeof(*new_order));
	for (size_t row = 0; row < rows; row++)
		ranking->carries[row] = (uint32_t)row;
	for (uint32_t v = 0; v < g->nodes; v++)
		ranking->carries[g->row[v]] = g->row[g->best[v]];
	return true;
}

/* Hands over who waits for whom; the graph no longer has it. */
static bool give_waits(struct graph *g, struct wn_waits *waits)
{
	if (!list_followers(g, true))
		return false;
	*waits = (struct wn_waits){
		.nodes = g->nodes,
		.row = g->row,
		.pending = g->pending,
		.component = g->component,
		.blocker_start = g->blockers.start,
		.blocker = g->blockers.to,
		.follower_start = g->followers.start,
		.follower = g->followers.to,
	};
	g->row = g->pending = g->component = NULL;
	g->blockers = g->followers = (struct lists){0};
	return true;
}

void wn_waits_release(struct wn_waits *waits)
{
	free(waits->row);
	free(waits->pending);
	free(waits->component);
	free(waits->blocker_start);
	free(waits->blocker);
	free(waits->follower_start);
	free(waits->follower);
	*waits = (struct wn_waits){0};
}

bool wn_precedence_apply(const struct wn_rank_input *input, struct wn_ranking *ranking,
	struct wn_waits *waits, void *scratch)
{
	struct graph g = {0};
	bool ok = false;

	if (input->edge_count == 0)
		return true;
	if (!collect(input, ranking, &g) || !list_blockers(&g))
		goto out;
	for (uint32_t v = 0; v < g.nodes; v++) {
		g.best[v] = v;
		if (g.pending[v] == 0)
			g.queue[g.queued++] = v;
	}
	peel(&g);
	if (!resolve_cycles(&g))
		goto out;
	peel(&g);
	assert(g.peeled == g.nodes);
	if (!report_cycles(&g, input->rows, ranking))
		goto out;
	ok = !any_inherits(&g) || move_rows(&g, input->rows, !waits, ranking, scratch);
	if (ok && waits)
		ok = give_waits(&g, waits);
out:
	graph_release(&g);
	return ok;
}

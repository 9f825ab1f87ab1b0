/*
 * What the causes of moves put in: the second ranking's words, models, policy, overrides and blockers,
 * on the first one's rows. The same for all items, so it is made ready once.
 */
#include <stdlib.h>
#include <string.h>

#include "service/movement_parts.h"

enum { MODEL_OLD = 0, MODEL_REWEIGHTED = 1, MODEL_NEW = 2 };

/* Set in symbols that the first ranking's rows do not have. */
#define SYMBOL_OF_THE_SECOND 0x80000000u

/* ---- words ---- */

/* Asked once for each word: the first ranking's symbols may be the live ones, which grow. */
uint32_t movement_symbol(struct movement *movement, struct str word)
{
	uint32_t symbol, other;

	if (!word.ptr)
		return WN_NO_SYMBOL;
	symbol = str_map_get(&movement->symbols, word);
	if (symbol != MAP_NONE)
		return symbol;
	symbol = symbols_find(movement->from->symbols, word);
	other = symbols_find(movement->to->symbols, word);
	if (symbol == SYMBOL_UNSEEN && other != SYMBOL_UNSEEN)
		symbol = other | SYMBOL_OF_THE_SECOND;
	if (other != SYMBOL_UNSEEN)
		str_map_put(&movement->symbols, symbols_text(movement->to->symbols, other), symbol);
	return symbol;
}

static uint32_t symbol_of(void *movement, struct str word)
{
	return movement_symbol(movement, word);
}

/* ---- rows and edges of the second ranking among the first's ---- */

static bool find_rows(struct movement *movement)
{
	const struct ranking *from = movement->from, *to = movement->to;

	movement->rows = malloc((to->rows + 1) * sizeof *movement->rows);
	if (!movement->rows)
		return false;
	for (uint32_t row = 0; row < to->rows; row++) {
		bool ranked = to->decision.order.rank[row] > 0;
		uint32_t found = row;

		if (from->index != to->index)
			found = ranking_find(from, &ranking_facts(to, row)->id);
		else if (row >= from->rows)
			found = WN_ROW_NONE;
		movement->rows[row] = found;
		movement->arrived +=
			ranked && (found == WN_ROW_NONE || from->decision.order.rank[found] == 0);
	}
	movement->departed =
		from->decision.order.count + movement->arrived - to->decision.order.count;
	return true;
}

static int compare_edges(const void *a, const void *b)
{
	const struct wn_edge *x = a, *y = b;

	if (x->blocked != y->blocked)
		return x->blocked < y->blocked ? -1 : 1;
	return (x->blocker > y->blocker) - (x->blocker < y->blocker);
}

/* Sorted, each once. */
static size_t sort_edges(struct wn_edge *edges, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(edges, count, sizeof *edges, compare_edges);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || compare_edges(&edges[kept - 1], &edges[i]) != 0)
			edges[kept++] = edges[i];
	}
	return kept;
}

/* Those between items that the second ranking ranks: what is done, out or gone orders nothing. */
static struct wn_edge *edges_of_second(struct movement *movement, size_t *count)
{
	const struct ranking *to = movement->to;
	const uint32_t *rank = to->decision.order.rank;
	struct wn_edge *edges =
		arena_array(&movement->arena, to->population.edge_count, sizeof *edges);

	*count = 0;
	for (size_t i = 0; edges && i < to->population.edge_count; i++) {
		struct wn_edge edge = to->population.edges[i];

		if (rank[edge.blocked] == 0 || rank[edge.blocker] == 0)
			continue;
		edge.blocked = movement->rows[edge.blocked];
		edge.blocker = movement->rows[edge.blocker];
		if (edge.blocked != WN_ROW_NONE && edge.blocker != WN_ROW_NONE)
			edges[(*count)++] = edge;
	}
	*count = sort_edges(edges, *count);
	return edges;
}

/* The first ranking's own, as far as they can order anything. */
static struct wn_edge *edges_of_first(struct movement *movement, size_t *count)
{
	const struct wn_population *population = &movement->from->population;
	struct wn_edge *edges =
		arena_array(&movement->arena, population->edge_count, sizeof *edges);

	*count = 0;
	for (size_t i = 0; edges && i < population->edge_count; i++) {
		struct wn_edge edge = population->edges[i];

		if (population->candidate[edge.blocked] && population->candidate[edge.blocker])
			edges[(*count)++] = edge;
	}
	*count = sort_edges(edges, *count);
	return edges;
}

static bool find_edges(struct movement *movement, struct setting *setting)
{
	size_t old_count, old = 0, new = 0;
	const struct wn_edge *before = edges_of_first(movement, &old_count);
	const struct wn_edge *after = edges_of_second(movement, &setting->edge_count);

	setting->edges = after;
	if (!before || !after)
		return false;
	while (old < old_count || new < setting->edge_count) {
		int order = old == old_count             ? 1
			    : new == setting->edge_count ? -1
							 : compare_edges(&before[old], &after[new]);

		movement->links_gone += order < 0;
		movement->links_new += order > 0;
		old += order <= 0;
		new += order >= 0;
	}
	setting->differs = movement->links_gone > 0 || movement->links_new > 0;
	return true;
}

/* ---- models ---- */

static bool same_adapters(
	const struct wn_weighted_sum_spec *a, const struct wn_weighted_sum_spec *b)
{
	if (!a || !b)
		return a == b;
	if (a->base_terms != b->base_terms || a->adapter_count != b->adapter_count)
		return false;
	for (size_t i = 0; i < a->adapter_count; i++) {
		if (a->adapters[i].team != b->adapters[i].team ||
			a->adapters[i].term_count != b->adapters[i].term_count)
			return false;
	}
	return true;
}

static bool is_kind(const struct wn_model *model, const char *name)
{
	return strcmp(wn_model_kind_name(model->kind), name) == 0;
}

static bool same_inputs(const struct wn_model *a, const struct wn_model *b);

static bool same_words(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof *a) == 0);
}

/* Of a split: whose items it scores. Both are bound to the same population. */
static bool same_share(const struct wn_component *a, const struct wn_component *b)
{
	return same_words(a->streams, a->stream_count, b->streams, b->stream_count) &&
	       same_words(a->teams, a->team_count, b->teams, b->team_count);
}

static bool same_components(const struct wn_blend *a, const struct wn_blend *b)
{
	if (a->rule != b->rule || a->component_count != b->component_count)
		return false;
	for (size_t i = 0; i < a->component_count; i++) {
		if (!same_inputs(a->components[i].model, b->components[i].model) ||
			!same_share(&a->components[i], &b->components[i]))
			return false;
	}
	return true;
}

static bool same_inputs(const struct wn_model *a, const struct wn_model *b)
{
	if (a->kind != b->kind || a->term_count != b->term_count)
		return false;
	for (size_t i = 0; i < a->term_count; i++) {
		if (a->terms[i].column != b->terms[i].column)
			return false;
	}
	if (is_kind(a, "weighted_sum"))
		return same_adapters(a->spec.weighted_sum, b->spec.weighted_sum);
	return !is_kind(a, "blend") || same_components(a->spec.blend, b->spec.blend);
}

static bool reweigh(const struct wn_model *model, const struct wn_model *by, struct arena *arena,
	struct wn_model *out, bool *differs);

static bool reweigh_components(const struct wn_blend *blend, const struct wn_blend *by,
	struct arena *arena, struct wn_model *out, bool *differs)
{
	struct wn_blend *copy = arena_alloc(arena, sizeof *copy);
	struct wn_component *components =
		arena_array(arena, blend->component_count, sizeof *components);

	if (!copy || !components)
		return false;
	for (size_t i = 0; i < blend->component_count; i++) {
		struct wn_model *model = arena_alloc(arena, sizeof *model);

		if (!model || !reweigh(blend->components[i].model, by->components[i].model, arena,
				      model, differs))
			return false;
		*differs |= blend->components[i].weight != by->components[i].weight;
		components[i] = blend->components[i];
		components[i].weight = by->components[i].weight;
		components[i].model = model;
	}
	*copy = *blend;
	copy->components = components;
	out->spec.blend = copy;
	return true;
}

/* The model with the weights of another one that has the same inputs. */
static bool reweigh(const struct wn_model *model, const struct wn_model *by, struct arena *arena,
	struct wn_model *out, bool *differs)
{
	struct wn_term *terms = arena_array(arena, model->term_count, sizeof *terms);

	if (!terms)
		return false;
	for (size_t i = 0; i < model->term_count; i++) {
		*differs |= model->terms[i].weight != by->terms[i].weight;
		terms[i] = model->terms[i];
		terms[i].weight = by->terms[i].weight;
	}
	*out = *model;
	out->terms = terms;
	return !is_kind(model, "blend") ||
	       reweigh_components(model->spec.blend, by->spec.blend, arena, out, differs);
}

static void ignore_fault(void *self, const char *pointer, const char *detail)
{
	(void)self;
	(void)pointer;
	(void)detail;
}

/* Weights that the old bounds do not allow are no step of their own: they come with the model. */
static bool find_models(struct movement *movement)
{
	struct word_lookup words = {symbol_of, movement};
	struct arena *arena = &movement->arena;
	bool differs = false;

	if (!model_bind(movement->from->model, &words, arena, &movement->model) ||
		!model_bind(movement->to->model, &words, arena, &movement->new_model))
		return false;
	if (same_inputs(&movement->model, &movement->new_model)) {
		if (!reweigh(&movement->model, &movement->new_model, arena, &movement->reweighted,
			    &differs))
			return false;
		movement->has_reweighted =
			differs && wn_model_check(&movement->reweighted, ignore_fault, NULL) == 0;
	}
	movement->tables[MODEL_OLD].model = &movement->model;
	movement->tables[MODEL_REWEIGHTED].model = &movement->reweighted;
	movement->tables[MODEL_NEW].model = &movement->new_model;
	return true;
}

/* ---- policies ---- */

static const struct wn_policy *bind_policy(
	struct movement *movement, const struct ranking *whose, const struct wn_model *model)
{
	struct word_lookup words = {symbol_of, movement};
	struct wn_policy *policy = arena_alloc(&movement->arena, sizeof *policy);

	if (!policy || !policy_bind(whose->policy, whose->catalog, model, movement->to->input.now_s,
			       &words, &movement->arena, policy))
		return NULL;
	return policy;
}

static bool same_policy(const struct ranking *a, const struct ranking *b)
{
	if (!a->policy || !b->policy)
		return a->policy == b->policy;
	if (a->policy->version != b->policy->version)
		return false;
	for (size_t i = 0; i < a->policy->rule_count; i++) {
		struct str name = a->policy->rules[i].calendar;
		const struct calendar *x = name.ptr ? catalog_calendar(a->catalog, name) : NULL;
		const struct calendar *y = name.ptr ? catalog_calendar(b->catalog, name) : NULL;

		if ((x ? x->revision : 0) != (y ? y->revision : 0))
			return false;
	}
	return true;
}

/* ---- overrides ---- */

static uint32_t first_row(const struct movement *movement, uint32_t row)
{
	return row == WN_ROW_NONE ? WN_ROW_NONE : movement->rows[row];
}

/* One of `whose`, on the first ranking's rows; false when it has nothing to do there. */
static bool bind_override(const struct movement *movement, const struct ranking *whose,
	const struct override_row *row, const struct wn_model *model, struct wn_override *out)
{
	if (!ranking_override(whose, row, model, out))
		return false;
	if (whose == movement->from)
		return true;
	out->row = first_row(movement, out->row);
	out->target = first_row(movement, out->target);
	return out->row != WN_ROW_NONE;
}

/* What is in force at the revision and the time of `whose` by this model's bands. Its own model may lack
 * one of them, so that its override is idle there, though it has not ended. */
static bool bind_overrides(struct movement *movement, const struct ranking *whose,
	const struct wn_model *model, struct setting *setting)
{
	const struct override_set *all = whose->unended;
	struct wn_override *overrides =
		arena_array(&movement->arena, all->count, sizeof *overrides);
	const struct override_row **rows = arena_array(&movement->arena, all->count, sizeof *rows);
	size_t count = 0;

	if (!overrides || !rows)
		return false;
	for (size_t i = 0; i < all->count; i++) {
		rows[count] = &all->rows[i];
		count += bind_override(movement, whose, &all->rows[i], model, &overrides[count]);
	}
	setting->overrides = overrides;
	setting->override_rows = rows;
	setting->override_count = count;
	return true;
}

static bool same_overrides(const struct setting *a, const struct setting *b)
{
	if (a->override_count != b->override_count)
		return false;
	for (size_t i = 0; i < a->override_count; i++) {
		const struct wn_override *x = &a->overrides[i], *y = &b->overrides[i];

		if (x->kind != y->kind || x->row != y->row || x->rank != y->rank ||
			x->delta != y->delta || x->band != y->band || x->target != y->target ||
			x->revision != y->revision)
			return false;
	}
	return true;
}

/* ---- what each cause puts in ---- */

/* Whether the times of the two can make a difference to the older's model and policy. */
static bool time_matters(const struct ranking *from, const struct ranking *to)
{
	bool forward = from->as_of_us < to->as_of_us;
	int64_t first_us = forward ? from->as_of_us : to->as_of_us;
	int64_t last_us = forward ? to->as_of_us : from->as_of_us;
	struct lull lull = ranking_lull(
		from->model, from->policy, from->catalog, (double)(first_us / US_PER_S));

	return (double)(last_us / US_PER_S) >= lull.until_s;
}

static bool set_time(struct movement *movement, struct setting *setting)
{
	const struct ranking *from = movement->from, *to = movement->to;

	*setting = (struct setting){
		.differs = from->as_of_us != to->as_of_us && time_matters(from, to),
		.scores = &movement->tables[MODEL_OLD],
		.edges = from->population.edges,
		.edge_count = from->population.edge_count,
	};
	if (from->policy)
		setting->policy = bind_policy(movement, from, &movement->model);
	return (!from->policy || setting->policy) &&
	       bind_overrides(movement, from, &movement->model, setting);
}

/* The same policy and the same overrides, on the new model's bands. */
static bool set_model(struct movement *movement, struct setting *setting)
{
	const struct ranking *from = movement->from;

	setting->differs = from->model->version != movement->to->model->version;
	if (!setting->differs)
		return true;
	setting->scores = &movement->tables[MODEL_NEW];
	if (from->policy)
		setting->policy = bind_policy(movement, from, &movement->new_model);
	return (!from->policy || setting->policy) &&
	       bind_overrides(movement, from, &movement->new_model, setting);
}

static bool set_policy(struct movement *movement, struct setting *setting)
{
	setting->differs = !same_policy(movement->from, movement->to);
	if (!setting->differs)
		return true;
	setting->policy = NULL;
	if (movement->to->policy)
		setting->policy = bind_policy(movement, movement->to, &movement->new_model);
	return !movement->to->policy || setting->policy;
}

static bool set_overrides(struct movement *movement, struct setting *setting)
{
	struct setting before = *setting;

	if (!bind_overrides(movement, movement->to, &movement->new_model, setting))
		return false;
	setting->differs = !same_overrides(&before, setting);
	return true;
}

static bool make_settings(struct movement *movement)
{
	struct setting *settings = movement->settings;

	if (!set_time(movement, &settings[MOVED_BY_TIME]))
		return false;
	for (int cause = MOVED_BY_EVIDENCE; cause < MOVED_BY_OTHERS; cause++) {
		settings[cause] = settings[cause - 1];
		settings[cause].differs = false;
		switch (cause) {
		case MOVED_BY_WEIGHTS:
			settings[cause].differs = movement->has_reweighted;
			if (movement->has_reweighted)
				settings[cause].scores = &movement->tables[MODEL_REWEIGHTED];
			break;
		case MOVED_BY_MODEL:
			if (!set_model(movement, &settings[cause]))
				return false;
			break;
		case MOVED_BY_POLICY:
			if (!set_policy(movement, &settings[cause]))
				return false;
			break;
		case MOVED_BY_OVERRIDE:
			if (!set_overrides(movement, &settings[cause]))
				return false;
			break;
		case MOVED_BY_BLOCKERS:
			if (!find_edges(movement, &settings[cause]))
				return false;
			break;
		default: break; /* the item's own row is in no setting */
		}
	}
	return true;
}

bool movement_prepare(struct movement *movement)
{
	return find_rows(movement) && find_models(movement) && make_settings(movement);
}

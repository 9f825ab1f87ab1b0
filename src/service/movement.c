/*
 * Substitution: what differs between two rankings is put into the first one's rows, cause by cause,
 * and wn_decide, which made both, says each time where the item would stand. What the causes put in
 * is the same for all items but for their own rows, so it is made ready once, and decided once for
 * all items whose own rows have not changed.
 */
#include "service/movement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "service/movement_parts.h"
#include "service/overrides.h"

enum { ARENA_BYTES_MAX = 1 << 30, MODEL_OLD = 0, MODEL_REWEIGHTED = 1, MODEL_NEW = 2 };

/* Set in symbols that the first ranking's rows do not have. */
#define SYMBOL_OF_THE_SECOND 0x80000000u

const char *movement_cause_name(enum movement_cause cause)
{
	static const char *const names[MOVEMENT_CAUSES] = {
		[MOVED_BY_TIME] = "time",
		[MOVED_BY_EVIDENCE] = "evidence",
		[MOVED_BY_WEIGHTS] = "weights",
		[MOVED_BY_MODEL] = "model",
		[MOVED_BY_POLICY] = "policy",
		[MOVED_BY_OVERRIDE] = "override",
		[MOVED_BY_BLOCKERS] = "blockers",
		[MOVED_BY_OTHERS] = "others",
	};

	return names[cause];
}

const char *standing_name(enum standing standing)
{
	static const char *const names[] = {
		[STANDS_RANKED] = "ranked",
		[STANDS_NOT_STORED] = "not_stored",
		[STANDS_DONE] = "done",
		[STANDS_DROPPED] = "dropped",
		[STANDS_EXCLUDED_BY_RULE] = "excluded_by_rule",
		[STANDS_EXCLUDED] = "excluded_by_override",
		[STANDS_DEFERRED] = "deferred",
	};

	return names[standing];
}

static enum standing standing_of(const struct ranking *ranking, uint32_t row)
{
	const struct wn_decision *decision = &ranking->decision;

	if (!ranking->candidates[row])
		return ranking_status_class(ranking, row) == STATUS_DONE ? STANDS_DONE
									 : STANDS_DROPPED;
	switch (decision->out ? (enum wn_out)decision->out[row] : WN_NOT_OUT) {
	case WN_OUT_BY_RULE: return STANDS_EXCLUDED_BY_RULE;
	case WN_OUT_BY_EXCLUDE: return STANDS_EXCLUDED;
	case WN_OUT_BY_DEFER: return STANDS_DEFERRED;
	default: return STANDS_RANKED;
	}
}

struct item_standing item_standing(const struct ranking *ranking, const struct uuid *id)
{
	struct item_standing out = {
		.standing = STANDS_NOT_STORED,
		.row = ranking_find(ranking, id),
		.by = WN_ROW_NONE,
	};

	if (out.row == WN_ROW_NONE)
		return out;
	out.standing = standing_of(ranking, out.row);
	out.rank = ranking->decision.order.rank[out.row];
	if (out.standing >= STANDS_EXCLUDED_BY_RULE)
		out.by = ranking->decision.out_by[out.row];
	return out;
}

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

static bool same_components(const struct wn_blend *a, const struct wn_blend *b)
{
	if (a->rule != b->rule || a->component_count != b->component_count)
		return false;
	for (size_t i = 0; i < a->component_count; i++) {
		if (!same_inputs(a->components[i].model, b->components[i].model))
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

static uint32_t row_of(const struct movement *movement, const struct uuid *item)
{
	return ranking_find(movement->from, item);
}

static uint8_t band_named(const struct wn_model *model, struct str name)
{
	for (size_t i = 0; i < model->band_count; i++) {
		if (str_is(name, model->bands[i].name))
			return (uint8_t)i;
	}
	return WN_BAND_NONE;
}

static bool make_override(const struct movement *movement, const struct override_row *from,
	const struct wn_model *model, struct wn_override *to)
{
	*to = (struct wn_override){
		.kind = (enum wn_override_kind)override_kind_index(from->kind),
		.row = row_of(movement, &from->item),
		.target = WN_ROW_NONE,
		.revision = from->revision,
	};
	if (to->kind == WN_OVERRIDE_PIN)
		to->rank = from->rank > UINT32_MAX ? UINT32_MAX : (uint32_t)from->rank;
	if (to->kind == WN_OVERRIDE_BOOST)
		to->delta = from->delta;
	if (to->kind == WN_OVERRIDE_BAND)
		to->band = band_named(model, from->band);
	if (to->kind == WN_OVERRIDE_BEFORE)
		to->target = row_of(movement, &from->target);
	return to->row != WN_ROW_NONE &&
	       !(to->kind == WN_OVERRIDE_BAND && to->band == WN_BAND_NONE);
}

/* What is in force in `whose`, on the first ranking's rows and this model's bands. */
static bool bind_overrides(struct movement *movement, const struct override_set *set,
	const struct wn_model *model, struct setting *setting)
{
	struct wn_override *overrides =
		arena_array(&movement->arena, set->count, sizeof *overrides);
	size_t count = 0;

	if (!overrides)
		return false;
	for (size_t i = 0; i < set->count; i++)
		count += make_override(movement, &set->rows[i], model, &overrides[count]);
	setting->overrides = overrides;
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

static bool set_time(struct movement *movement, struct setting *setting)
{
	const struct ranking *from = movement->from, *to = movement->to;

	*setting = (struct setting){
		.differs =
			from->as_of_us != to->as_of_us && ranking_timed(from->model, from->policy),
		.scores = &movement->tables[MODEL_OLD],
		.edges = from->population.edges,
		.edge_count = from->population.edge_count,
	};
	if (from->policy)
		setting->policy = bind_policy(movement, from, &movement->model);
	return (!from->policy || setting->policy) &&
	       bind_overrides(movement, from->overrides, &movement->model, setting);
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
	       bind_overrides(movement, from->overrides, &movement->new_model, setting);
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

	if (!bind_overrides(movement, movement->to->overrides, &movement->new_model, setting))
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

struct movement *movement_new(const struct ranking *from, const struct ranking *to)
{
	struct movement *movement = calloc(1, sizeof *movement);

	if (!movement)
		return NULL;
	movement->from = from;
	movement->to = to;
	arena_init(&movement->arena, ARENA_BYTES_MAX);
	if (find_rows(movement) && find_models(movement) && make_settings(movement))
		return movement;
	movement_free(movement);
	return NULL;
}

void movement_free(struct movement *movement)
{
	if (!movement)
		return;
	for (size_t i = 0; i < sizeof movement->tables / sizeof *movement->tables; i++) {
		free(movement->tables[i].scores.score);
		free(movement->tables[i].scores.lowest);
		free(movement->tables[i].scores.highest);
	}
	for (int cause = 0; cause < MOVED_BY_OTHERS; cause++)
		free(movement->settings[cause].ranks);
	free(movement->rows);
	str_map_release(&movement->symbols);
	arena_release(&movement->arena);
	free(movement);
}

/* ---- scores ---- */

static bool table_room(struct score_table *table, size_t rows)
{
	table->scores.score = reallocarray(NULL, rows + 1, sizeof(double));
	table->scores.lowest = reallocarray(NULL, rows + 1, sizeof(double));
	table->scores.highest = reallocarray(NULL, rows + 1, sizeof(double));
	return table->scores.score && table->scores.lowest && table->scores.highest;
}

static void table_copy(struct score_table *table, const struct wn_scores *known, size_t rows)
{
	if (rows == 0)
		return;
	memcpy(table->scores.score, known->score, rows * sizeof(double));
	memcpy(table->scores.lowest, known->lowest, rows * sizeof(double));
	memcpy(table->scores.highest, known->highest, rows * sizeof(double));
}

static bool table_compute(struct score_table *table, const struct ranking *ranking, double now_s)
{
	struct wn_scores *scores = &table->scores;

	if (!wn_model_score(table->model, &ranking->population, now_s, *scores))
		return false;
	for (size_t row = 0; row < ranking->rows; row++) {
		if (!ranking->candidates[row])
			scores->score[row] = scores->lowest[row] = scores->highest[row] = NAN;
	}
	return true;
}

static bool table_ready(struct movement *movement, struct score_table *table)
{
	const struct ranking *from = movement->from;
	double now_s = movement->to->input.now_s;

	if (table->ready)
		return true;
	table->relative = (wn_model_traits(table->model) & WN_TRAIT_RELATIVE) != 0;
	if (!table->scores.score && !table_room(table, from->rows))
		return false;
	if (table->model == &movement->model && from->input.now_s == now_s)
		table_copy(table, &from->decision.evidence, from->rows);
	else if (!table_compute(table, from, now_s))
		return false;
	table->ready = true;
	return true;
}

static struct wn_scored table_swap(struct score_table *table, uint32_t row, struct wn_scored with)
{
	struct wn_scores *s = &table->scores;
	struct wn_scored was = {s->score[row], s->lowest[row], s->highest[row]};

	s->score[row] = with.score;
	s->lowest[row] = with.lowest;
	s->highest[row] = with.highest;
	return was;
}

static struct wn_scored score_row(const struct movement *movement, const struct score_table *table,
	const struct wn_rows *run, size_t at)
{
	double score[BLOCK_ROWS], lowest[BLOCK_ROWS], highest[BLOCK_ROWS];

	wn_model_score_rows(table->model, run, movement->to->input.now_s,
		(struct wn_scores){score, lowest, highest});
	return (struct wn_scored){score[at], lowest[at], highest[at]};
}

/* ---- deciding ---- */

/* The item's own row as the second ranking has it, among the first's rows. */
struct patch {
	uint32_t row;
	struct wn_rows *blocks; /* NULL: nothing of its own has changed */
};

static bool decide(struct movement *movement, const struct setting *setting,
	const struct patch *patch, struct wn_decision *out)
{
	struct wn_population population = movement->from->population;
	struct wn_decide_input input = {
		.population = &population,
		.model = setting->scores->model,
		.policy = setting->policy,
		.overrides = setting->overrides,
		.override_count = setting->override_count,
		.now_s = movement->to->input.now_s,
	};
	uint32_t row = patch->row;
	struct wn_scored was;
	bool done;

	population.edges = setting->edges;
	population.edge_count = setting->edge_count;
	if (!table_ready(movement, setting->scores)) {
		*out = (struct wn_decision){.rows = 0};
		return false;
	}
	if (!patch->blocks) {
		input.scores = &setting->scores->scores;
		return wn_decide(&input, out);
	}
	population.blocks = patch->blocks;
	if (setting->scores->relative)
		return wn_decide(&input, out);
	input.scores = &setting->scores->scores;
	was = table_swap(setting->scores, row,
		score_row(movement, setting->scores, &patch->blocks[row / BLOCK_ROWS],
			row % BLOCK_ROWS));
	done = wn_decide(&input, out);
	table_swap(setting->scores, row, was);
	return done;
}

/* Of all rows, the item's own as it was: decided once. */
static bool decide_plain(struct movement *movement, struct setting *setting)
{
	const struct patch none = {.blocks = NULL};
	struct wn_decision decision;
	bool done;

	if (setting->ranks)
		return true;
	done = decide(movement, setting, &none, &decision);
	if (done) {
		setting->ranks = decision.order.rank;
		setting->ranked = decision.order.count;
		decision.order.rank = NULL;
	}
	wn_decision_release(&decision);
	return done;
}

static void take_rank(struct movement_part *part, uint32_t rank, size_t ranked)
{
	part->out_after = rank == 0;
	part->rank_after = rank > 0 ? rank : ranked + 1;
}

static bool find_part(struct movement *movement, enum movement_cause cause,
	const struct patch *patch, struct movement_part *part)
{
	struct setting *setting = &movement->settings[cause];
	struct wn_decision decision;
	bool done;

	if (!patch->blocks || cause < MOVED_BY_EVIDENCE) {
		if (!decide_plain(movement, setting))
			return false;
		take_rank(part, setting->ranks[patch->row], setting->ranked);
		return true;
	}
	done = decide(movement, setting, patch, &decision);
	if (done)
		take_rank(part, decision.order.rank[patch->row], decision.order.count);
	wn_decision_release(&decision);
	return done;
}

static bool find_parts(
	struct movement *movement, const struct patch *patch, struct item_movement *out)
{
	struct movement_part before = {.rank_after = out->from.rank};

	for (int cause = 0; cause < MOVEMENT_CAUSES; cause++) {
		struct movement_part *part = &out->parts[cause];
		bool own = cause == MOVED_BY_EVIDENCE && patch->blocks;

		*part = before;
		if (cause == MOVED_BY_OTHERS)
			take_rank(part, out->to.rank, 0);
		else if ((own || movement->settings[cause].differs) &&
			 !find_part(movement, (enum movement_cause)cause, patch, part))
			return false;
		part->ranks = (int64_t)part->rank_after - (int64_t)before.rank_after;
		part->why = movement_why(
			movement, (enum movement_cause)cause, out->from.row, out->to.row);
		if (!part->why)
			return false;
		before = *part;
	}
	return true;
}

static bool make_patch(struct movement *movement, const struct item_movement *item,
	struct arena *arena, struct patch *out)
{
	const struct ranking *from = movement->from;

	*out = (struct patch){.row = item->from.row};
	if (!movement_row_differs(movement, item->from.row, item->to.row))
		return true;
	out->blocks = arena_array(arena, from->block_count, sizeof *out->blocks);
	if (!out->blocks)
		return false;
	memcpy(out->blocks, from->runs, from->block_count * sizeof *out->blocks);
	return movement_row_patch(movement, item->from.row, item->to.row, arena,
		&out->blocks[item->from.row / BLOCK_ROWS]);
}

enum error movement_of(struct movement *movement, const struct uuid *id, struct item_movement *out)
{
	struct patch patch;
	struct arena arena;
	bool done;

	*out = (struct item_movement){
		.from = item_standing(movement->from, id),
		.to = item_standing(movement->to, id),
	};
	if (out->from.row == WN_ROW_NONE && out->to.row == WN_ROW_NONE)
		return ERR_NOT_FOUND;
	out->has_parts = out->from.rank > 0 && out->to.rank > 0;
	if (!out->has_parts)
		return ERR_OK;
	arena_init(&arena, ARENA_BYTES_MAX);
	done = make_patch(movement, out, &arena, &patch) && find_parts(movement, &patch, out);
	arena_release(&arena);
	return done ? ERR_OK : ERR_NO_MEMORY;
}

/* ---- the two orders ---- */

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

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

#include "base/clock.h"
#include "live/sla.h"
#include "service/movement_parts.h"

enum { ARENA_BYTES_MAX = 1 << 30 };

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

/* The first ranking's own rows, but with the time that is left as of the second's. */
static bool age_rows(struct movement *movement)
{
	const struct ranking *from = movement->from;
	size_t count = from->block_count;

	movement->runs = reallocarray(NULL, count + 1, sizeof *movement->runs);
	if (!movement->runs)
		return false;
	if (count > 0)
		memcpy(movement->runs, from->runs, count * sizeof *movement->runs);
	movement->population = from->population;
	movement->population.blocks = movement->runs;
	if (!from->slas || from->as_of_us == movement->to->as_of_us)
		return true;
	movement->sla_left = reallocarray(NULL, count * BLOCK_ROWS + 1, sizeof(double));
	if (!movement->sla_left)
		return false;
	sla_fill_left(from->slas, from->candidates, movement->to->as_of_us / US_PER_S,
		movement->sla_left);
	for (size_t b = 0; b < count; b++)
		movement->runs[b].numbers[WN_SLA_LEFT] = movement->sla_left + b * BLOCK_ROWS;
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
	if (age_rows(movement) && movement_prepare(movement))
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
	free(movement->runs);
	free(movement->sla_left);
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

static bool table_compute(
	struct score_table *table, const struct wn_population *population, double now_s)
{
	struct wn_scores *scores = &table->scores;

	if (!wn_model_score(table->model, population, now_s, *scores))
		return false;
	for (size_t row = 0; row < population->rows; row++) {
		if (!population->candidate[row])
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
	else if (!table_compute(table, &movement->population, now_s))
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
	struct wn_population population = movement->population;
	struct wn_decide_input input = {
		.population = &population,
		.model = setting->scores->model,
		.policy = setting->policy,
		.overrides = setting->overrides,
		.override_count = setting->override_count,
		.now_s = movement->to->input.now_s,
		.without_conflicts = true,
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
	memcpy(out->blocks, movement->runs, from->block_count * sizeof *out->blocks);
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

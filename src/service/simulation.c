/*
 * What if: the ranking's own input with something exchanged. Columns are shared with the ranking;
 * only blocks with changed items get columns of their own.
 */
#include "service/simulation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/population.h"
#include "live/sla.h"

/* The first of the symbols that stand for words which no item of the ranking has. */
enum { OWN_SYMBOLS = 0xfffffffe };

/* A block's columns, exchanged where items change. */
struct own_block {
	const double **columns;
	const uint8_t **evidence;
	uint32_t *status;
};

struct setup {
	struct simulation *out;
	const struct simulation_request *request;
	struct arena *arena;
	struct wn_rows *runs;
	struct own_block **own; /* by block; NULL: the ranking's */
	uint8_t *candidates;
};

/* ---- words ---- */

/* A status that no item has yet has no symbol in the population, and the policy may name it. */
static uint32_t own_symbol(void *self, struct str word)
{
	const struct setup *setup = self;
	struct word_lookup words = ranking_words(setup->out->base);
	uint32_t symbol = words.symbol(words.self, word);

	for (size_t i = 0; symbol == WN_UNSEEN_SYMBOL && i < setup->request->change_count; i++) {
		const struct status_definition *status = setup->request->changes[i].status;

		if (status && str_eq(status->name, word))
			return (uint32_t)OWN_SYMBOLS - (uint32_t)i;
	}
	return symbol;
}

/* Whose words, calendars and rules count. */
static const struct catalog *catalog_of(const struct setup *setup)
{
	return setup->request->catalog ? setup->request->catalog : setup->out->base->catalog;
}

static bool bind(struct setup *setup)
{
	struct simulation *out = setup->out;
	struct word_lookup words = {own_symbol, setup};

	out->input.model = &out->bound_model;
	out->input.policy = NULL;
	if (!model_bind(out->model, &words, setup->arena, &out->bound_model))
		return false;
	if (!out->policy)
		return true;
	out->input.policy = &out->bound_policy;
	return policy_bind(out->policy, catalog_of(setup), &out->bound_model, out->input.now_s,
		&words, setup->arena, &out->bound_policy);
}

/* ---- changed items ---- */

static void *copy(struct arena *arena, const void *from, size_t bytes, size_t used)
{
	void *to = arena_alloc(arena, bytes);

	if (to && from && used > 0)
		memcpy(to, from, used);
	return to;
}

static struct own_block *own_block(struct setup *setup, size_t at)
{
	const struct ranking *base = setup->out->base;
	struct wn_rows *run = &setup->runs[at];
	size_t had = run->column_count, columns = base->catalog->feature_count;
	struct own_block *own = setup->own[at];

	if (own)
		return own;
	if (columns < had)
		columns = had;
	own = arena_alloc(setup->arena, sizeof *own);
	if (!own)
		return NULL;
	own->columns = copy(setup->arena, run->columns, columns * sizeof *own->columns,
		run->columns ? had * sizeof *own->columns : 0);
	own->evidence = copy(setup->arena, run->evidence, columns * sizeof *own->evidence,
		run->evidence ? had * sizeof *own->evidence : 0);
	own->status = copy(setup->arena, run->words[WN_STATUS], run->rows * sizeof *own->status,
		run->words[WN_STATUS] ? run->rows * sizeof *own->status : 0);
	if (!own->columns || !own->evidence || !own->status)
		return NULL;
	run->columns = own->columns;
	run->evidence = own->evidence;
	run->words[WN_STATUS] = own->status;
	run->column_count = columns;
	setup->own[at] = own;
	return own;
}

static const double *base_column(const struct wn_rows *base, size_t column)
{
	return base->columns && column < base->column_count ? base->columns[column] : NULL;
}

static const uint8_t *base_evidence(const struct wn_rows *base, size_t column)
{
	return base->evidence && column < base->column_count ? base->evidence[column] : NULL;
}

static bool write_value(struct setup *setup, struct own_block *own, const struct wn_rows *base,
	size_t at, const struct feature_value *value)
{
	const double *column = own->columns[value->id];
	double *written;

	if (!column || column == base_column(base, value->id)) {
		written = copy(setup->arena, column, base->rows * sizeof *written,
			column ? base->rows * sizeof *written : 0);
		for (size_t i = 0; written && !column && i < base->rows; i++)
			written[i] = NAN;
		if (!written)
			return false;
		own->columns[value->id] = written;
	} else {
		/* Made here for an earlier change. */
		written = (double *)(uintptr_t)column;
	}
	written[at] = value->cleared ? NAN : value->number;
	return true;
}

/* Whose claims are the row's other values? The picture does not say, so what is asserted here
 * counts as one principal's of its own. */
static uint8_t next_claim(const struct wn_rows *base, size_t at)
{
	unsigned claim = WN_ASSERTED;

	for (size_t c = 0; c < base->column_count; c++) {
		uint8_t evidence = wn_value_evidence(base, at, c);

		if (evidence >= claim)
			claim = evidence + 1u;
	}
	return claim < WN_ASSERTED_LAST ? (uint8_t)claim : (uint8_t)WN_ASSERTED_LAST;
}

static bool write_evidence(struct setup *setup, struct own_block *own, const struct wn_rows *base,
	size_t at, const struct feature_value *value)
{
	const uint8_t *column = own->evidence[value->id];
	uint8_t *written;

	if (!column || column == base_evidence(base, value->id)) {
		written = copy(setup->arena, column, base->rows, column ? base->rows : 0);
		if (!written)
			return false;
		own->evidence[value->id] = written;
	} else {
		written = (uint8_t *)(uintptr_t)column;
	}
	written[at] = value->evidence == EVIDENCE_ASSERTED ? next_claim(base, at)
							   : (uint8_t)value->evidence;
	return true;
}

static bool change_item(struct setup *setup, const struct simulation_change *change)
{
	size_t block = change->row / BLOCK_ROWS, at = change->row % BLOCK_ROWS;
	const struct wn_rows *base = &setup->out->base->runs[block];
	struct own_block *own = own_block(setup, block);

	if (!own)
		return false;
	for (size_t i = 0; i < change->feature_count; i++) {
		if (!write_value(setup, own, base, at, &change->features[i]))
			return false;
		if (!change->keep_evidence &&
			!write_evidence(setup, own, base, at, &change->features[i]))
			return false;
	}
	if (!change->status)
		return true;
	own->status[at] = own_symbol(setup, change->status->name);
	setup->candidates[change->row] =
		change->status->class == STATUS_TODO || change->status->class == STATUS_ACTIVE;
	return true;
}

/* Another vocabulary can make other statuses rank. */
static void classify(struct setup *setup)
{
	const struct ranking *base = setup->out->base;

	for (uint32_t row = 0; row < base->rows; row++)
		setup->candidates[row] = population_ranks(
			setup->request->catalog, ranking_text(base, row, ROW_STATUS));
}

/* Time left by the rules that count, at the time that counts. */
static bool read_clocks(struct setup *setup)
{
	const struct ranking *base = setup->out->base;
	const struct sla_book *book = setup->request->catalog ? setup->request->slas : base->slas;
	int64_t now_s = (int64_t)setup->out->input.now_s;
	double *left = NULL;

	if (book) {
		left = arena_array(setup->arena, base->block_count * BLOCK_ROWS, sizeof *left);
		if (!left)
			return false;
		sla_fill_left(book, setup->candidates, now_s, left);
	}
	for (size_t b = 0; b < base->block_count; b++)
		setup->runs[b].numbers[WN_SLA_LEFT] = left ? left + b * BLOCK_ROWS : NULL;
	return true;
}

static bool is_at_another_time(const struct setup *setup)
{
	return setup->out->input.now_s != setup->out->base->input.now_s;
}

static bool change_items(struct setup *setup)
{
	const struct simulation_request *request = setup->request;
	const struct ranking *base = setup->out->base;
	struct wn_population *population = &setup->out->population;
	bool clocks = request->catalog || (base->slas && is_at_another_time(setup));

	*population = base->population;
	if (request->change_count == 0 && request->item_count == 0 && !clocks)
		return true;
	setup->candidates = copy(setup->arena, base->candidates, base->rows + 1, base->rows);
	setup->runs = copy(setup->arena, base->runs, (base->block_count + 1) * sizeof *base->runs,
		base->block_count * sizeof *base->runs);
	setup->own = arena_array(setup->arena, base->block_count + 1, sizeof *setup->own);
	if (!setup->candidates || !setup->runs || !setup->own)
		return false;
	if (request->catalog)
		classify(setup);
	if (clocks && !read_clocks(setup))
		return false;
	for (size_t i = 0; i < request->change_count; i++) {
		if (!change_item(setup, &request->changes[i]))
			return false;
	}
	for (size_t i = 0; i < request->item_count; i++) {
		if (request->items[i].event != SIMULATION_DELAY)
			setup->candidates[request->items[i].row] = 0;
	}
	population->candidate = setup->candidates;
	population->blocks = setup->runs;
	return true;
}

/* ---- overrides ---- */

static bool is_revoked(
	const struct simulation_request *request, const struct override_row *override)
{
	return request->revoked && uuid_cmp(request->revoked, &override->id) == 0;
}

/* Also what had nothing to do in the base: the new model may have its band. What is delayed is deferred by
 * the newest override of all. */
static bool take_overrides(struct setup *setup)
{
	const struct simulation_request *request = setup->request;
	const struct ranking *base = setup->out->base;
	const struct override_set *all = base->unended;
	struct wn_decide_input *input = &setup->out->input;
	size_t room = all->count + request->item_count + 1, count = 0;
	struct wn_override *overrides = arena_array(setup->arena, room, sizeof *overrides);

	if (!overrides)
		return false;
	for (size_t i = 0; i < all->count; i++) {
		if (!is_revoked(request, &all->rows[i]))
			count += ranking_override(
				base, &all->rows[i], input->model, &overrides[count]);
	}
	setup->out->added_at = SIZE_MAX;
	if (request->added &&
		ranking_override(base, request->added, input->model, &overrides[count]))
		setup->out->added_at = count++;
	for (size_t i = 0; i < request->item_count; i++) {
		if (request->items[i].event == SIMULATION_DELAY)
			overrides[count++] = (struct wn_override){
				.kind = WN_OVERRIDE_DEFER,
				.row = request->items[i].row,
				.target = WN_ROW_NONE,
				.revision = INT64_MAX,
			};
	}
	input->overrides = overrides;
	input->override_count = count;
	return true;
}

/* ---- what is compared ---- */

static struct simulation_order whole_order(const struct wn_ranking *order)
{
	return (struct simulation_order){order->rank, order->order, order->count};
}

/* Keeps those of the part in their order; false when memory is out. */
static bool part_order(
	struct simulation_order *order, const uint8_t *part, size_t rows, uint32_t **own)
{
	uint32_t *rank = calloc(rows + order->count + 1, sizeof *rank);
	uint32_t *rest;
	size_t count = 0;

	*own = rank;
	if (!rank)
		return false;
	rest = rank + rows;
	for (size_t i = 0; i < order->count; i++) {
		uint32_t row = order->order[i];

		if (!part[row])
			continue;
		rest[count++] = row;
		rank[row] = (uint32_t)count;
	}
	*order = (struct simulation_order){rank, rest, count};
	return true;
}

static bool compare(struct simulation *out, const struct simulation_request *request)
{
	size_t rows = out->base->rows;

	out->before = whole_order(&out->base->decision.order);
	out->after = whole_order(&out->decision.order);
	if (request->part && (!part_order(&out->before, request->part, rows, &out->own[0]) ||
				     !part_order(&out->after, request->part, rows, &out->own[1])))
		return false;
	return wn_compare_orders(
		out->before.rank, out->after.rank, rows, request->top, &out->orders);
}

/* ---- the decision ---- */

/* A score is a function of the model, the values, the time, and in relative kinds of who is there. */
static bool scores_stay(const struct setup *setup)
{
	const struct simulation_request *request = setup->request;

	if (request->model != setup->out->base->model || request->change_count > 0 ||
		request->catalog || is_at_another_time(setup))
		return false;
	return request->item_count == 0 ||
	       !(wn_model_traits(&request->model->model) & WN_TRAIT_RELATIVE);
}

enum error simulation_run(const struct ranking *base, const struct simulation_request *request,
	struct arena *arena, struct simulation *out)
{
	struct setup setup = {.out = out, .request = request, .arena = arena};

	*out = (struct simulation){
		.base = base,
		.model = request->model,
		.policy = request->policy,
		.input = {.now_s = request->now_s != 0 ? request->now_s : base->input.now_s,
			.without_conflicts = request->without_conflicts},
		.scores = base->decision.evidence,
	};
	out->input.population = &out->population;
	if (!change_items(&setup) || !bind(&setup) || !take_overrides(&setup))
		return ERR_BUDGET;
	if (scores_stay(&setup))
		out->input.scores = &out->scores;
	if (!wn_decide(&out->input, &out->decision))
		return ERR_NO_MEMORY;
	return compare(out, request) ? ERR_OK : ERR_NO_MEMORY;
}

void simulation_release(struct simulation *simulation)
{
	wn_decision_release(&simulation->decision);
	free(simulation->own[0]);
	free(simulation->own[1]);
}

const char *simulation_band_name(const struct simulation *simulation, uint32_t row)
{
	uint8_t band = simulation->decision.band[row];

	return band == WN_BAND_NONE ? NULL : simulation->model->model.bands[band].name;
}

/* ---- other weights ---- */

struct weighing {
	const struct model_version *model;
	const struct simulation_weight *weights;
	size_t count;
	struct diag *diag;
	size_t base_terms;
	struct wn_term *terms;
};

static bool set_weight(struct weighing *weighing, const struct simulation_weight *weight)
{
	for (size_t i = 0; i < weighing->base_terms; i++) {
		if (!str_eq(weighing->model->term_features[i]->name, weight->feature))
			continue;
		weighing->terms[i].weight = weight->weight;
		return true;
	}
	diag_add(weighing->diag, diag_key(weighing->diag, "/weights", weight->feature.ptr),
		"The model has no term of this feature.");
	return false;
}

/* The engine names a term by its number; who gave the weights named it by its feature. */
static void weigh_fault(void *self, const char *pointer, const char *detail)
{
	struct weighing *weighing = self;
	unsigned long term;
	char *end;

	if (strncmp(pointer, "/terms/", 7) != 0) {
		diag_add(weighing->diag, "/weights", "Not possible: %s.", detail);
		return;
	}
	term = strtoul(pointer + 7, &end, 10);
	if (term >= weighing->base_terms) {
		diag_add(weighing->diag, "/weights", "Not possible: %s.", detail);
		return;
	}
	diag_add(weighing->diag,
		diag_key(
			weighing->diag, "/weights", weighing->model->term_features[term]->name.ptr),
		"Not possible: %s.", detail);
}

enum error simulation_weigh(const struct model_version *model,
	const struct simulation_weight *weights, size_t count, struct arena *arena,
	struct diag *diag, struct model_version *out)
{
	const char *kind = wn_model_kind_name(model->model.kind);
	size_t terms = model->model.term_count;
	struct weighing weighing = {model, weights, count, diag, terms, NULL};
	bool good = true;

	if (strcmp(kind, "weighted_sum") != 0) {
		diag_add(diag, "/weights",
			"Models of kind weighted_sum have weights; this one is of kind %s. Send a "
			"model instead.",
			kind);
		return ERR_INVALID;
	}
	if (model->model.spec.weighted_sum)
		weighing.base_terms = model->model.spec.weighted_sum->base_terms;
	weighing.terms = copy(arena, model->model.terms, terms * sizeof *weighing.terms,
		terms * sizeof *weighing.terms);
	if (!weighing.terms)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		good &= set_weight(&weighing, &weights[i]);
	*out = *model;
	out->version = 0; /* no version has these */
	out->model.terms = weighing.terms;
	good &= wn_model_check(&out->model, weigh_fault, &weighing) == 0;
	return good ? ERR_OK : ERR_INVALID;
}

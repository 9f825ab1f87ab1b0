/*
 * From a picture to an immutable ranking: what is in force at this revision and time is made ready
 * for the engine, which decides.
 */
#include "live/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/population.h"
#include "live/page_cache.h"
#include "live/picture.h"

enum { US_PER_MINUTE = 60 * 1000000, ARENA_BYTES_MAX = 1 << 30 };

void ranking_ref(struct ranking *ranking)
{
	__atomic_add_fetch(&ranking->references, 1, __ATOMIC_RELAXED);
}

void ranking_unref(struct ranking *ranking)
{
	if (!ranking || __atomic_sub_fetch(&ranking->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	wn_decision_release(&ranking->decision);
	for (size_t i = 0; i < ranking->block_count; i++)
		block_unref(ranking->blocks[i]);
	free(ranking->blocks);
	free(ranking->runs);
	free(ranking->candidates);
	free(ranking->edges);
	row_keys_unref(ranking->keys);
	strengths_unref(ranking->strengths);
	override_set_unref(ranking->overrides);
	override_set_unref(ranking->unended);
	review_states_release(&ranking->review_states);
	review_set_unref(ranking->reviews);
	page_cache_free(ranking->pages);
	row_index_unref(ranking->index);
	symbols_unref(ranking->symbols);
	arena_release(&ranking->arena);
	catalog_unref(ranking->catalog);
	free(ranking);
}

void ranking_mark_fresh(struct ranking *ranking, int64_t monotonic_us)
{
	__atomic_store_n(&ranking->fresh_us, monotonic_us, __ATOMIC_RELAXED);
}

int64_t ranking_age_us(const struct ranking *ranking, int64_t monotonic_us)
{
	int64_t age_us = monotonic_us - __atomic_load_n(&ranking->fresh_us, __ATOMIC_RELAXED);

	return age_us > 0 ? age_us : 0;
}

/* Room for n elements; never a NULL for n = 0, which would look like a failure. */
static void *array_new(size_t n, size_t size)
{
	return malloc(n ? n * size : 1);
}

/* ---- what the engine is given ---- */

static bool hold_blocks(struct ranking *ranking, const struct picture *picture)
{
	ranking->blocks = array_new(picture->block_count, sizeof(struct block *));
	ranking->runs = array_new(picture->block_count, sizeof(struct wn_rows));
	if (!ranking->blocks || !ranking->runs)
		return false;
	for (size_t b = 0; b < picture->block_count; b++) {
		struct wn_rows *run = &ranking->runs[b];

		ranking->blocks[b] = picture->blocks[b];
		block_ref(ranking->blocks[b]);
		block_rows(ranking->blocks[b], run);
		if (!picture->strengths || b >= picture->strengths->block_count)
			continue;
		run->numbers[WN_STRENGTH] = picture->strengths->strength[b];
		run->numbers[WN_STRENGTH_ERROR] = picture->strengths->error[b];
	}
	ranking->block_count = picture->block_count;
	return true;
}

/* Edges between rows; a blocker that is not here orders nothing. */
static bool collect_edges(struct ranking *ranking, const struct picture *picture, size_t *count)
{
	size_t links = 0, used = 0;
	struct wn_edge *fitting;

	for (size_t b = 0; b < picture->block_count; b++)
		links += picture->blocks[b]->link_used;
	ranking->edges = array_new(links, sizeof(struct wn_edge));
	if (!ranking->edges)
		return false;
	for (uint32_t row = 0; links > 0 && row < picture->rows; row++) {
		size_t n;
		const struct row_link *link =
			block_links(picture->blocks[row / BLOCK_ROWS], row % BLOCK_ROWS, &n);

		for (size_t i = 0; i < n; i++) {
			uint32_t blocker = uuid_map_get(&picture->index->rows, &link[i].id);

			if (blocker != MAP_NONE)
				ranking->edges[used++] = (struct wn_edge){row, blocker};
		}
	}
	*count = used;
	/* A block's links may be out of use for the most part. */
	fitting =
		used < links ? realloc(ranking->edges, (used ? used : 1) * sizeof *fitting) : NULL;
	if (fitting)
		ranking->edges = fitting;
	return true;
}

static bool fill_population(struct ranking *ranking, const struct picture *picture)
{
	struct wn_population *population = &ranking->population;

	ranking->candidates = array_new(picture->rows, 1);
	if (!ranking->candidates || !hold_blocks(ranking, picture) ||
		!collect_edges(ranking, picture, &population->edge_count))
		return false;
	if (picture->rows > 0)
		memcpy(ranking->candidates, picture->candidates, picture->rows);
	population->rows = ranking->rows = picture->rows;
	population->blocks = ranking->runs;
	population->block_count = ranking->block_count;
	population->block_rows = BLOCK_ROWS;
	population->candidate = ranking->candidates;
	population->edges = ranking->edges;
	if (ranking->keys) {
		population->first_revision = ranking->keys->first_revisions;
		population->id = (const unsigned char(*)[16])ranking->keys->ids;
	}
	ranking->input.population = population;
	return true;
}

static uint32_t word_symbol(void *symbols, struct str word)
{
	return symbols_find(symbols, word);
}

struct word_lookup ranking_words(const struct ranking *ranking)
{
	return (struct word_lookup){word_symbol, ranking->symbols};
}

/* Words, bands and calendar windows become this population's, this model's and this time's. */
static bool bind(struct ranking *ranking)
{
	struct word_lookup words = ranking_words(ranking);
	struct wn_model *model = arena_alloc(&ranking->arena, sizeof *model);
	struct wn_policy *policy = arena_alloc(&ranking->arena, sizeof *policy);

	if (!model || !policy || !model_bind(ranking->model, &words, &ranking->arena, model))
		return false;
	ranking->input.model = model;
	ranking->input.now_s = (double)(ranking->as_of_us / US_PER_S);
	if (!ranking->policy)
		return true;
	ranking->input.policy = policy;
	return policy_bind(ranking->policy, ranking->catalog, model, ranking->input.now_s, &words,
		&ranking->arena, policy);
}

/* ---- overrides ---- */

static uint32_t row_of(const void *ranking, const struct uuid *id)
{
	return ranking_find(ranking, id);
}

bool ranking_override(const struct ranking *ranking, const struct override_row *override,
	const struct wn_model *model, struct wn_override *out)
{
	const struct row_lookup items = {row_of, ranking};
	const struct population_override given = {
		.id = override->id,
		.revision = override->revision,
		.item = override->item,
		.kind = override->kind,
		.rank = override->rank,
		.delta = override->delta,
		.band = override->band,
		.target = override->target,
		.expires_us = override->expires_us,
		.ended_revision = override->ended_revision,
	};

	return population_override(&given, &items, model, ranking->as_of_us, out);
}

/* The set as the engine takes it, and with it the rows that it was made of. */
static bool apply_overrides(struct ranking *ranking)
{
	const struct override_set *all = ranking->unended;
	struct wn_override *overrides = arena_array(&ranking->arena, all->count, sizeof *overrides);
	bool *wanted = arena_array(&ranking->arena, all->count, sizeof *wanted);
	size_t count = 0;

	if (!overrides || !wanted)
		return false;
	for (size_t i = 0; i < all->count; i++) {
		wanted[i] = ranking_override(
			ranking, &all->rows[i], ranking->input.model, &overrides[count]);
		count += wanted[i];
	}
	ranking->input.overrides = overrides;
	ranking->input.override_count = count;
	if (count == all->count) {
		ranking->overrides = ranking->unended;
		override_set_ref(ranking->overrides);
	} else {
		ranking->overrides = override_set_new(all->rows, wanted, all->count);
	}
	return ranking->overrides != NULL;
}

/* ---- when and by what ---- */

static int64_t minute_of(int64_t us)
{
	return us - us % US_PER_MINUTE;
}

/* The first full minute that is not before it. */
static int64_t full_minute(int64_t us)
{
	return us > INT64_MAX - US_PER_MINUTE ? INT64_MAX : minute_of(us + US_PER_MINUTE - 1);
}

/* s: ±INFINITY, or a time; all before 1970 is one. */
static int64_t full_minute_of(double s)
{
	if (s <= 0)
		return 0;
	if (s * US_PER_S >= (double)INT64_MAX)
		return INT64_MAX;
	return full_minute((int64_t)ceil(s * US_PER_S));
}

/* Around at_us, a full minute. */
static void find_lull(struct ranking *ranking, const struct picture *picture, int64_t at_us)
{
	struct lull lull = ranking_lull(
		ranking->model, ranking->policy, ranking->catalog, (double)(at_us / US_PER_S));
	int64_t since_us = minute_of(picture->at_us);
	int64_t until_us = full_minute_of(lull.until_s);

	if (full_minute_of(lull.from_s) > since_us)
		since_us = full_minute_of(lull.from_s);
	for (size_t i = 0; i < ranking->unended->count; i++) {
		int64_t end_us = full_minute(ranking->unended->rows[i].expires_us);

		if (end_us <= at_us && end_us > since_us)
			since_us = end_us;
		if (end_us > at_us && end_us < until_us)
			until_us = end_us;
	}
	ranking->since_us = since_us;
	ranking->until_us = until_us > at_us ? until_us : at_us + US_PER_MINUTE;
}

static void find_time(struct ranking *ranking, const struct picture *picture,
	const struct ranking_request *request)
{
	int64_t at_us = request->as_of_us;

	if (at_us == 0)
		at_us = minute_of(
			request->now_us > picture->at_us ? request->now_us : picture->at_us);
	find_lull(ranking, picture, at_us);
	ranking->as_of_us = request->as_of_us != 0 ? request->as_of_us : ranking->since_us;
	ranking_id_text(ranking->revision, ranking->as_of_us, ranking->id);
}

static enum error find_versions(struct ranking *ranking, const struct ranking_request *request)
{
	const struct alias *active = catalog_alias(ranking->catalog, STR("active"));

	if (request->policy < 0)
		ranking->policy = catalog_policy_named(ranking->catalog, STR("active"));
	else if (request->policy > 0)
		ranking->policy = catalog_policy(ranking->catalog, request->policy);
	if (request->policy > 0 && !ranking->policy)
		return ERR_NOT_FOUND;
	if (request->model >= 0) {
		ranking->model = catalog_model(ranking->catalog, request->model);
		return ranking->model ? ERR_OK : ERR_NOT_FOUND;
	}
	ranking->model = active ? catalog_model(ranking->catalog, active->model) : NULL;
	return ranking->model ? ERR_OK : ERR_INTERNAL;
}

bool ranking_answers(const struct ranking *ranking, const struct ranking_request *request)
{
	int64_t policy = ranking->policy ? ranking->policy->version : 0;
	const struct alias *active = catalog_alias(ranking->catalog, STR("active"));
	const struct policy_version *usual = catalog_policy_named(ranking->catalog, STR("active"));
	int64_t model_wanted = request->model >= 0 ? request->model : active ? active->model : -1;
	int64_t policy_wanted = request->policy >= 0 ? request->policy : usual ? usual->version : 0;

	if (request->anew || ranking->model->version != model_wanted || policy != policy_wanted)
		return false;
	if (request->as_of_us != 0)
		return ranking->as_of_us == request->as_of_us;
	return !ranking->by_request && !ranking_is_due(ranking, request->now_us);
}

bool ranking_is_due(const struct ranking *ranking, int64_t now_us)
{
	return !ranking->by_request && now_us >= ranking->until_us;
}

static struct ranking *ranking_new(const struct picture *picture)
{
	struct ranking *ranking = calloc(1, sizeof *ranking);

	if (!ranking)
		return NULL;
	ranking->references = 1;
	ranking->workspace = picture->workspace;
	ranking->revision = picture->revision;
	arena_init(&ranking->arena, ARENA_BYTES_MAX);
	ranking->catalog = picture->catalog;
	catalog_ref(ranking->catalog);
	ranking->index = picture->index;
	row_index_ref(ranking->index);
	ranking->symbols = picture->symbols;
	symbols_ref(ranking->symbols);
	ranking->unended = picture->overrides;
	override_set_ref(ranking->unended);
	ranking->reviews = picture->reviews;
	review_set_ref(ranking->reviews);
	ranking->keys = picture->keys;
	if (ranking->keys)
		row_keys_ref(ranking->keys);
	ranking->strengths = picture->strengths;
	if (ranking->strengths)
		strengths_ref(ranking->strengths);
	return ranking;
}

enum error ranking_compute(
	const struct picture *picture, const struct ranking_request *request, struct ranking **out)
{
	struct ranking *ranking = ranking_new(picture);
	enum error error;

	if (!ranking)
		return ERR_NO_MEMORY;
	error = find_versions(ranking, request);
	if (error)
		goto failed;
	find_time(ranking, picture, request);
	ranking->by_request = request->as_of_us != 0;
	ranking->pages = page_cache_new();
	error = ERR_NO_MEMORY;
	if (!ranking->pages || !fill_population(ranking, picture) || !bind(ranking) ||
		!apply_overrides(ranking) || !wn_decide(&ranking->input, &ranking->decision) ||
		!review_states_find(ranking, &ranking->review_states))
		goto failed;
	*out = ranking;
	return ERR_OK;
failed:
	ranking_unref(ranking);
	return error;
}

/* ---- size ---- */

static size_t decision_bytes(const struct ranking *ranking)
{
	const struct wn_decision *decision = &ranking->decision;
	const struct wn_ranking *order = &decision->order;
	size_t row = 3 * sizeof(double) + 1 + sizeof(uint32_t); /* evidence, band, rank */
	size_t overrides = ranking->input.override_count;

	row += decision->score != decision->evidence.score ? sizeof(double) : 0;
	row += decision->out ? 1 + sizeof(uint32_t) : 0;
	row += decision->held ? 1 : 0;
	row += decision->tier ? 1 : 0;
	row += order->carries ? sizeof(uint32_t) : 0;
	row += order->cycle ? sizeof(uint32_t) : 0;
	return ranking->rows * row + order->count * sizeof(uint32_t) +
	       decision->hits.rule_count * decision->hits.words * sizeof(uint64_t) +
	       overrides * 3 * sizeof(struct wn_fate_of) +
	       order->breach_count * sizeof(struct wn_breach) +
	       decision->conflict_count * sizeof(struct wn_conflict);
}

size_t ranking_bytes(const struct ranking *ranking)
{
	size_t block = sizeof(struct block *) + sizeof(struct wn_rows);

	return sizeof *ranking + decision_bytes(ranking) + ranking->rows +
	       ranking->population.edge_count * sizeof(struct wn_edge) +
	       ranking->block_count * block + ranking->arena.used_bytes +
	       override_set_bytes(ranking->overrides) +
	       ranking->review_states.count * sizeof(struct review_state) +
	       page_cache_bytes(ranking->pages);
}

/* ---- reading ---- */

uint32_t ranking_find(const struct ranking *ranking, const struct uuid *id)
{
	uint32_t row = row_index_find(ranking->index, id);

	return row != MAP_NONE && row < ranking->rows ? row : WN_ROW_NONE;
}

const struct row_facts *ranking_facts(const struct ranking *ranking, uint32_t row)
{
	return &ranking_block(ranking, row)->facts[row % BLOCK_ROWS];
}

double ranking_value(const struct ranking *ranking, uint32_t row, uint32_t column)
{
	return block_value(ranking_block(ranking, row), row % BLOCK_ROWS, column);
}

enum evidence ranking_evidence(const struct ranking *ranking, uint32_t row, uint32_t column)
{
	return block_evidence(ranking_block(ranking, row), row % BLOCK_ROWS, column);
}

enum status_class ranking_status_class(const struct ranking *ranking, uint32_t row)
{
	const struct status_definition *status =
		catalog_status(ranking->catalog, ranking_text(ranking, row, ROW_STATUS));

	return status ? status->class : STATUS_TODO;
}

const char *ranking_band_name(const struct ranking *ranking, uint32_t row)
{
	uint8_t band = ranking->decision.band[row];

	return band == WN_BAND_NONE ? NULL : ranking->model->model.bands[band].name;
}

struct shared_body *ranking_page_get(struct ranking *ranking, struct str key)
{
	return page_cache_get(ranking->pages, key);
}

struct shared_body *ranking_page_get_coded(struct ranking *ranking, struct str key, bool *gzip)
{
	return page_cache_get_coded(ranking->pages, key, gzip);
}

void ranking_page_put(struct ranking *ranking, struct str key, struct shared_body *page)
{
	page_cache_put(ranking->pages, key, page);
}

/*
 * Rows from items. Columns lie in one piece each; the engine is shown runs of 256 rows of them, as
 * the live picture has them, so that both take the same way through it.
 */
#include "codec/population.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/symbols.h"
#include "winnow/pairwise.h"

enum { RUN_ROWS = 256 };

static_assert((int)WN_ASSERTED == (int)EVIDENCE_ASSERTED, "evidence is stored as it is");

struct link {
	uint32_t row;
	struct uuid blocker;
};

/* A pointer of each column for each run; NULL where nothing of a column is known. */
struct run_columns {
	const double **values;
	const uint8_t **evidence;
};

struct population {
	struct catalog *catalog;
	struct symbols *symbols;
	struct uuid_map index;
	size_t rows, room, column_count;
	/* By column, `room` long each, or NULL. */
	double **columns;
	uint8_t **evidence;
	/* By row. */
	uint32_t *words[WN_WORDS];
	double *numbers[WN_NUMBERS];
	uint8_t *texts, *candidate;
	uint32_t *label_start; /* one more than rows */
	int64_t *first_revision;
	unsigned char (*id)[16];
	uint32_t *labels;
	size_t label_room;
	struct link *links;
	size_t link_count, link_room;
	struct wn_comparison *pairs; /* by row until they are numbered */
	size_t pair_count, pair_room;
	/* Made by population_finish. */
	struct wn_edge *edges;
	struct wn_rows *runs;
	struct run_columns run_columns;
	struct wn_population whole;
};

struct population *population_new(struct catalog *catalog)
{
	struct population *population = calloc(1, sizeof *population);

	if (!population)
		return NULL;
	population->catalog = catalog;
	catalog_ref(catalog);
	population->column_count = catalog->feature_count;
	population->symbols = symbols_new();
	population->columns = calloc(population->column_count + 1, sizeof(double *));
	population->evidence = calloc(population->column_count + 1, sizeof(uint8_t *));
	if (population->symbols && population->columns && population->evidence)
		return population;
	population_free(population);
	return NULL;
}

void population_free(struct population *population)
{
	if (!population)
		return;
	for (size_t c = 0;
		population->columns && population->evidence && c < population->column_count; c++) {
		free(population->columns[c]);
		free(population->evidence[c]);
	}
	for (int i = 0; i < WN_WORDS; i++)
		free(population->words[i]);
	for (int i = 0; i < WN_NUMBERS; i++)
		free(population->numbers[i]);
	free(population->columns);
	free(population->evidence);
	free(population->texts);
	free(population->candidate);
	free(population->label_start);
	free(population->first_revision);
	free(population->id);
	free(population->labels);
	free(population->links);
	free(population->pairs);
	free(population->edges);
	free(population->runs);
	free(population->run_columns.values);
	free(population->run_columns.evidence);
	uuid_map_release(&population->index);
	symbols_unref(population->symbols);
	catalog_unref(population->catalog);
	free(population);
}

/* ---- room ---- */

static bool grow(void *array, size_t count, size_t size)
{
	void *old, *grown;

	memcpy(&old, array, sizeof old);
	grown = realloc(old, count * size);
	if (!grown)
		return false;
	memcpy(array, &grown, sizeof grown);
	return true;
}

static bool reserve(void *array, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return true;
	need += need / 2 + 16;
	if (!grow(array, need, size))
		return false;
	*room = need;
	return true;
}

static void fill_unknown(double *numbers, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		numbers[i] = NAN;
}

static bool grow_columns(struct population *population, size_t room)
{
	for (size_t c = 0; c < population->column_count; c++) {
		if (population->columns[c]) {
			if (!grow(&population->columns[c], room, sizeof(double)))
				return false;
			fill_unknown(population->columns[c], population->room, room);
		}
		if (population->evidence[c]) {
			if (!grow(&population->evidence[c], room, 1))
				return false;
			memset(population->evidence[c] + population->room, 0,
				room - population->room);
		}
	}
	return true;
}

static bool rows_reserve(struct population *population)
{
	size_t room = population->room * 2 + RUN_ROWS;

	if (population->rows < population->room)
		return true;
	if (room >= WN_ROW_NONE || !grow_columns(population, room))
		return false;
	for (int i = 0; i < WN_WORDS; i++) {
		if (!grow(&population->words[i], room, sizeof(uint32_t)))
			return false;
	}
	for (int i = 0; i < WN_STRENGTH; i++) {
		if (!grow(&population->numbers[i], room, sizeof(double)))
			return false;
	}
	if (!grow(&population->texts, room, 1) || !grow(&population->candidate, room, 1) ||
		!grow(&population->label_start, room + 1, sizeof(uint32_t)) ||
		!grow(&population->first_revision, room, sizeof(int64_t)) ||
		!grow(&population->id, room, sizeof *population->id))
		return false;
	if (population->rows == 0)
		population->label_start[0] = 0;
	population->room = room;
	return true;
}

static bool column_reserve(struct population *population, const struct population_value *value)
{
	double **column = &population->columns[value->column];
	uint8_t **evidence = &population->evidence[value->column];

	if (!*column) {
		*column = malloc(population->room * sizeof **column);
		if (!*column)
			return false;
		fill_unknown(*column, 0, population->room);
	}
	if (!*evidence && value->evidence != WN_UNSAID)
		*evidence = calloc(population->room, 1);
	return *evidence || value->evidence == WN_UNSAID;
}

/* ---- an item ---- */

static bool put_words(struct population *population, size_t row, const struct population_item *item)
{
	for (int i = 0; i < WN_WORDS; i++) {
		uint32_t symbol;

		if (i == WN_ASSIGNEE)
			continue;
		symbol = symbols_add(population->symbols, item->words[i]);
		if (symbol == SYMBOL_UNSEEN)
			return false;
		population->words[i][row] = symbol;
	}
	return true;
}

/* With a first byte that no text has: a person is like no other word. */
static bool put_assignee(struct population *population, size_t row, struct str name)
{
	char marked[1 + ITEM_MAX_NAME];
	uint32_t symbol = SYMBOL_NONE;

	if (name.len > ITEM_MAX_NAME)
		return false;
	if (name.ptr) {
		marked[0] = '\xff';
		if (name.len > 0)
			memcpy(marked + 1, name.ptr, name.len);
		symbol = symbols_add(population->symbols, (struct str){marked, 1 + name.len});
	}
	population->words[WN_ASSIGNEE][row] = symbol;
	return symbol != SYMBOL_UNSEEN;
}

static bool put_labels(
	struct population *population, size_t row, const struct population_item *item)
{
	uint32_t at = population->label_start[row];

	if (item->label_count > UINT32_MAX / 2 - at ||
		!reserve(&population->labels, &population->label_room, at + item->label_count,
			sizeof(uint32_t)))
		return false;
	for (size_t i = 0; i < item->label_count; i++) {
		uint32_t symbol = symbols_add(population->symbols, item->labels[i]);

		if (symbol == SYMBOL_UNSEEN)
			return false;
		population->labels[at++] = symbol;
	}
	population->label_start[row + 1] = at;
	return true;
}

static bool put_values(
	struct population *population, size_t row, const struct population_item *item)
{
	for (size_t i = 0; i < item->value_count; i++) {
		const struct population_value *value = &item->values[i];

		if (value->column >= population->column_count || !column_reserve(population, value))
			return false;
		population->columns[value->column][row] = value->number;
		if (population->evidence[value->column])
			population->evidence[value->column][row] = value->evidence;
	}
	return true;
}

static bool put_links(struct population *population, size_t row, const struct population_item *item)
{
	if (!reserve(&population->links, &population->link_room,
		    population->link_count + item->blocked_by_count, sizeof(struct link)))
		return false;
	for (size_t i = 0; i < item->blocked_by_count; i++)
		population->links[population->link_count++] =
			(struct link){(uint32_t)row, item->blocked_by[i]};
	return true;
}

bool population_add(struct population *population, const struct population_item *item)
{
	size_t row = population->rows;

	if (!rows_reserve(population) || !put_words(population, row, item) ||
		!put_assignee(population, row, item->words[WN_ASSIGNEE]) ||
		!put_labels(population, row, item) || !put_values(population, row, item) ||
		!put_links(population, row, item) ||
		!uuid_map_put(&population->index, &item->id, (uint32_t)row))
		return false;
	for (int i = 0; i < WN_STRENGTH; i++)
		population->numbers[i][row] = item->numbers[i];
	population->texts[row] = item->texts;
	population->candidate[row] = item->candidate;
	population->first_revision[row] = item->first_revision;
	memcpy(population->id[row], item->id.bytes, sizeof item->id.bytes);
	population->rows++;
	return true;
}

bool population_compare(struct population *population, const struct uuid *before,
	const struct uuid *after, bool derived)
{
	uint32_t first = population_find(population, before);
	uint32_t second = population_find(population, after);

	if (first == WN_ROW_NONE || second == WN_ROW_NONE || first == second)
		return true;
	if (!reserve(&population->pairs, &population->pair_room, population->pair_count + 1,
		    sizeof *population->pairs))
		return false;
	population->pairs[population->pair_count++] =
		(struct wn_comparison){first, second, 1.0, derived};
	return true;
}

/* ---- strengths ---- */

/* `row` and `out` have room for all compared items; numbered as the live picture does it. */
static bool fit(struct population *population, uint32_t *row, struct wn_strengths *out)
{
	size_t pairs = wn_comparisons_weigh(population->pairs, population->pair_count);
	size_t items = wn_comparisons_number(
		population->pairs, pairs, (const unsigned char(*)[16])population->id, row);
	bool good = wn_bradley_terry(population->pairs, pairs, items, WN_STRENGTH_PRIOR, out);

	for (size_t i = 0; i < items && good; i++) {
		population->numbers[WN_STRENGTH][row[i]] = out->strength[i];
		population->numbers[WN_STRENGTH_ERROR][row[i]] = out->error[i];
	}
	return good;
}

static bool make_strengths(struct population *population)
{
	size_t room = 2 * population->pair_count;
	struct wn_strengths out = {0};
	uint32_t *row;
	bool good;

	if (population->pair_count == 0)
		return true;
	for (int i = WN_STRENGTH; i < WN_NUMBERS; i++) {
		population->numbers[i] = malloc(population->rows * sizeof(double));
		if (!population->numbers[i])
			return false;
		fill_unknown(population->numbers[i], 0, population->rows);
	}
	row = malloc(room * sizeof *row);
	out.strength = malloc(room * sizeof(double));
	out.error = malloc(room * sizeof(double));
	good = row && out.strength && out.error && fit(population, row, &out);
	free(row);
	free(out.strength);
	free(out.error);
	return good;
}

/* ---- the whole ---- */

static bool make_edges(struct population *population)
{
	struct wn_population *whole = &population->whole;

	population->edges = malloc((population->link_count + 1) * sizeof *population->edges);
	if (!population->edges)
		return false;
	for (size_t i = 0; i < population->link_count; i++) {
		const struct link *link = &population->links[i];
		uint32_t blocker = population_find(population, &link->blocker);

		if (blocker != WN_ROW_NONE)
			population->edges[whole->edge_count++] =
				(struct wn_edge){link->row, blocker};
	}
	whole->edges = population->edges;
	return true;
}

static void make_run(struct population *population, size_t run)
{
	struct wn_rows *rows = &population->runs[run];
	size_t first = run * RUN_ROWS, left = population->rows - first;
	const double **values = population->run_columns.values + run * population->column_count;
	const uint8_t **evidence =
		population->run_columns.evidence + run * population->column_count;

	for (size_t c = 0; c < population->column_count; c++) {
		values[c] = population->columns[c] ? population->columns[c] + first : NULL;
		evidence[c] = population->evidence[c] ? population->evidence[c] + first : NULL;
	}
	*rows = (struct wn_rows){
		.rows = left < RUN_ROWS ? left : RUN_ROWS,
		.columns = values,
		.column_count = population->column_count,
		.evidence = evidence,
		.texts = population->texts + first,
		.label_start = population->label_start + first,
		.labels = population->labels,
	};
	for (int i = 0; i < WN_WORDS; i++)
		rows->words[i] = population->words[i] + first;
	for (int i = 0; i < WN_NUMBERS; i++)
		rows->numbers[i] = population->numbers[i] ? population->numbers[i] + first : NULL;
}

bool population_finish(struct population *population)
{
	size_t runs = (population->rows + RUN_ROWS - 1) / RUN_ROWS;
	size_t pointers = runs * population->column_count + 1;

	population->runs = calloc(runs + 1, sizeof *population->runs);
	population->run_columns.values = calloc(pointers, sizeof(double *));
	population->run_columns.evidence = calloc(pointers, sizeof(uint8_t *));
	if (!population->runs || !population->run_columns.values ||
		!population->run_columns.evidence || !make_edges(population) ||
		!make_strengths(population))
		return false;
	for (size_t run = 0; run < runs; run++)
		make_run(population, run);
	population->whole.rows = population->rows;
	population->whole.blocks = population->runs;
	population->whole.block_count = runs;
	population->whole.block_rows = RUN_ROWS;
	population->whole.candidate = population->candidate;
	population->whole.first_revision = population->first_revision;
	population->whole.id = (const unsigned char(*)[16])population->id;
	return true;
}

const struct wn_population *population_rows(const struct population *population)
{
	return &population->whole;
}

uint32_t population_find(const struct population *population, const struct uuid *id)
{
	uint32_t row = uuid_map_get(&population->index, id);

	return row == MAP_NONE ? (uint32_t)WN_ROW_NONE : row;
}

static uint32_t symbol_of(void *symbols, struct str word)
{
	return symbols_find(symbols, word);
}

struct word_lookup population_words(const struct population *population)
{
	return (struct word_lookup){symbol_of, population->symbols};
}

/* ---- from a record ---- */

bool population_ranks(const struct catalog *catalog, struct str status)
{
	const struct status_definition *definition = catalog_status(catalog, status);

	return !definition || definition->class == STATUS_TODO ||
	       definition->class == STATUS_ACTIVE;
}

static uint8_t claim_of(const struct item *item, size_t index)
{
	unsigned principal = 0;

	for (size_t i = 0; i < index; i++) {
		const struct feature_value *other = &item->features[i];
		bool first = other->evidence == EVIDENCE_ASSERTED;

		if (!first)
			continue;
		if (uuid_cmp(&other->by, &item->features[index].by) == 0)
			break;
		for (size_t j = 0; first && j < i; j++)
			first = item->features[j].evidence != EVIDENCE_ASSERTED ||
				uuid_cmp(&item->features[j].by, &other->by) != 0;
		principal += first;
	}
	return principal < WN_ASSERTED_LAST - WN_ASSERTED ? (uint8_t)(WN_ASSERTED + principal)
							  : (uint8_t)WN_ASSERTED_LAST;
}

uint8_t population_evidence(const struct item *item, size_t index)
{
	enum evidence evidence = item->features[index].evidence;

	return evidence == EVIDENCE_ASSERTED ? claim_of(item, index) : (uint8_t)evidence;
}

static double seconds(int64_t us)
{
	return us == TIME_NONE ? NAN : (double)us / US_PER_S;
}

static void take_values(const struct item *item, const struct catalog *catalog,
	struct population_value *values, size_t *count)
{
	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *feature = &item->features[i];

		if (feature->cleared || feature->id >= catalog->feature_count ||
			isnan(feature->number))
			continue;
		values[(*count)++] = (struct population_value){
			.column = feature->id,
			.evidence = population_evidence(item, i),
			.number = feature->number,
		};
	}
}

uint8_t population_texts(uint32_t present)
{
	return (uint8_t)((present & ITEM_TITLE ? WN_TITLE : 0) |
			 (present & ITEM_BODY ? WN_BODY : 0) | (present & ITEM_URL ? WN_URL : 0) |
			 (present & ITEM_ASSIGNEE ? WN_ASSIGNEE_TEXT : 0) |
			 (present & ITEM_REPORTER ? WN_REPORTER : 0));
}

bool population_item_of(const struct item_record *record, uint32_t present,
	const struct catalog *catalog, struct arena *arena, struct population_item *out)
{
	const struct item *item = &record->item;
	struct population_value *values = arena_array(arena, item->feature_count, sizeof *values);

	if (!values)
		return false;
	*out = (struct population_item){
		.id = record->id,
		.first_revision = record->first_revision,
		.candidate = population_ranks(catalog, item->status),
		.texts = population_texts(present),
		.words = {[WN_STREAM] = item->stream,
			[WN_KIND] = item->kind,
			[WN_STATUS] = item->status,
			[WN_TEAM] = item->team,
			[WN_SOURCE] = record->source,
			[WN_ASSIGNEE] = item->assignee},
		.numbers = {[WN_CREATED] = seconds(item->created_us),
			[WN_UPDATED] = seconds(item->updated_us),
			[WN_DUE] = seconds(item->due_us),
			[WN_ESTIMATE] = item->estimate,
			[WN_STRENGTH] = NAN,
			[WN_STRENGTH_ERROR] = NAN},
		.labels = item->labels,
		.label_count = item->label_count,
		.values = values,
	};
	take_values(item, catalog, values, &out->value_count);
	return true;
}

/* ---- overrides ---- */

const char *const override_kinds[] = {
	[WN_OVERRIDE_PIN] = "pin",
	[WN_OVERRIDE_BOOST] = "boost",
	[WN_OVERRIDE_BAND] = "band",
	[WN_OVERRIDE_BEFORE] = "before",
	[WN_OVERRIDE_EXCLUDE] = "exclude",
	[WN_OVERRIDE_DEFER] = "defer",
	[WN_OVERRIDE_KINDS] = NULL,
};

int override_kind_index(struct str kind)
{
	for (int i = 0; i < WN_OVERRIDE_KINDS; i++) {
		if (str_is(kind, override_kinds[i]))
			return i;
	}
	return -1;
}

static uint8_t band_named(const struct wn_model *model, struct str name)
{
	for (size_t i = 0; i < model->band_count; i++) {
		if (str_is(name, model->bands[i].name))
			return (uint8_t)i;
	}
	return WN_BAND_NONE;
}

static uint32_t row_of(const void *population, const struct uuid *id)
{
	return population_find(population, id);
}

struct row_lookup population_items(const struct population *population)
{
	return (struct row_lookup){row_of, population};
}

bool population_override(const struct population_override *override, const struct row_lookup *items,
	const struct wn_model *model, int64_t as_of_us, struct wn_override *out)
{
	int kind = override_kind_index(override->kind);

	if (kind < 0 || override->ended_revision != 0 || override->expires_us <= as_of_us)
		return false;
	*out = (struct wn_override){
		.kind = (enum wn_override_kind)kind,
		.row = items->row(items->self, &override->item),
		.target = WN_ROW_NONE,
		.revision = override->revision,
	};
	if (kind == WN_OVERRIDE_PIN)
		out->rank = override->rank > UINT32_MAX ? UINT32_MAX : (uint32_t) override->rank;
	if (kind == WN_OVERRIDE_BOOST)
		out->delta = override->delta;
	if (kind == WN_OVERRIDE_BAND)
		out->band = band_named(model, override->band);
	if (kind == WN_OVERRIDE_BEFORE)
		out->target = items->row(items->self, &override->target);
	return out->row != WN_ROW_NONE && !(kind == WN_OVERRIDE_BAND && out->band == WN_BAND_NONE);
}

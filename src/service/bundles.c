/*
 * A bundle from a ranking: its rows as the engine had them, and from the database what lies behind
 * them at the same revision.
 */
#include "service/bundles.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/symbols.h"
#include "codec/bundle.h"
#include "service/catalogs.h"
#include "service/reading.h"

enum { HISTORY_BYTES_MAX = 1 << 30, TEXT_BYTES = 12 };

/* What the database has of the revision. */
struct history {
	struct document *documents;
	struct override_row *overrides;
	struct comparison_row *comparisons;
	size_t document_count, override_count, comparison_count;
};

static enum error read_history(
	const struct call *call, int64_t revision, struct arena *arena, struct history *out)
{
	const struct uuid *workspace = &call->workspace;
	struct reading reading;
	enum error error;

	reading_past(call, revision, &reading);
	do {
		arena_release(arena);
		error = reading_past_begin(&reading);
		if (!error)
			error = documents_load(reading.conn, workspace, revision, arena,
				&out->documents, &out->document_count);
		if (!error)
			error = overrides_load(reading.conn, workspace, 0, revision, arena,
				&out->overrides, &out->override_count);
		if (!error)
			error = comparisons_load(reading.conn, workspace, false, 0, revision, arena,
				&out->comparisons, &out->comparison_count);
	} while (reading_again(&reading, error));
	return error;
}

/* ---- items ---- */

struct export
{
	const struct ranking *ranking;
	bool *read;       /* by column */
	uint32_t *rows;   /* by id */
	uint32_t *people; /* by symbol: the number that stands for a person; 0: none yet */
	size_t people_room;
	uint32_t person_count;
	struct buf *out;
};

static int by_id(const void *a, const void *b, void *ids)
{
	const unsigned char(*id)[16] = ids;

	return memcmp(id[*(const uint32_t *)a], id[*(const uint32_t *)b], sizeof *id);
}

static void export_release(struct export *export)
{
	free(export->read);
	free(export->rows);
	free(export->people);
}

static bool export_init(struct export *export, const struct ranking *ranking, struct buf *out)
{
	*export = (struct export){
		.ranking = ranking,
		.out = out,
		.read = calloc(ranking->catalog->feature_count + 1, sizeof(bool)),
		.rows = malloc((ranking->rows + 1) * sizeof(uint32_t)),
	};
	if (!export->read || !export->rows)
		return false;
	bundle_columns(ranking->model, ranking->policy, export->read);
	for (uint32_t row = 0; row < ranking->rows; row++)
		export->rows[row] = row;
	if (ranking->rows > 0)
		qsort_r(export->rows, ranking->rows, sizeof(uint32_t), by_id,
			(void *)ranking->population.id);
	return true;
}

/* Numbers in the order of the items: which person it is, nobody can tell. */
static bool person_number(struct export *export, uint32_t symbol, uint32_t *out)
{
	if (symbol >= export->people_room) {
		size_t room = (size_t)symbol * 2 + 64;
		uint32_t *people = realloc(export->people, room * sizeof *people);

		if (!people)
			return false;
		memset(people + export->people_room, 0,
			(room - export->people_room) * sizeof *people);
		export->people = people;
		export->people_room = room;
	}
	if (export->people[symbol] == 0)
		export->people[symbol] = ++export->person_count;
	*out = export->people[symbol];
	return true;
}

static bool read_words(struct export *export, const struct wn_rows *run, size_t at,
	struct population_item *item, char person[TEXT_BYTES])
{
	uint32_t symbol = wn_word_of(run, at, WN_ASSIGNEE), number;

	for (int i = 0; i < WN_WORDS; i++)
		item->words[i] = symbols_text(
			export->ranking->symbols, wn_word_of(run, at, (enum wn_word)i));
	if (symbol == WN_NO_SYMBOL)
		return true;
	if (!person_number(export, symbol, &number))
		return false;
	snprintf(person, TEXT_BYTES, "%u", number);
	item->words[WN_ASSIGNEE] = str_from(person);
	return true;
}

static bool read_labels(const struct export *export, const struct wn_rows *run, size_t at,
	struct arena *arena, struct population_item *item)
{
	uint32_t first = run->label_start ? run->label_start[at] : 0;
	size_t count = run->label_start ? run->label_start[at + 1] - first : 0;
	struct str *labels = arena_array(arena, count, sizeof *labels);

	for (size_t i = 0; labels && i < count; i++)
		labels[i] = symbols_text(export->ranking->symbols, run->labels[first + i]);
	item->labels = labels;
	item->label_count = count;
	return labels != NULL;
}

static bool read_values(const struct export *export, const struct wn_rows *run, size_t at,
	struct arena *arena, struct population_item *item)
{
	struct population_value *values = arena_array(arena, run->column_count, sizeof *values);

	for (size_t c = 0; values && c < run->column_count; c++) {
		double number = export->read[c] ? wn_value(run, at, c) : NAN;

		if (!isnan(number))
			values[item->value_count++] = (struct population_value){
				(uint16_t)c, wn_value_evidence(run, at, c), number};
	}
	item->values = values;
	return values != NULL;
}

static bool read_blockers(const struct ranking *ranking, uint32_t row, struct arena *arena,
	struct population_item *item)
{
	size_t count;
	const struct row_link *links =
		block_links(ranking_block(ranking, row), row % BLOCK_ROWS, &count);
	struct uuid *ids = arena_array(arena, count, sizeof *ids);

	for (size_t i = 0; ids && i < count; i++)
		ids[i] = links[i].id;
	item->blocked_by = ids;
	item->blocked_by_count = count;
	return ids != NULL;
}

static bool write_item(struct export *export, uint32_t row, struct arena *arena)
{
	const struct ranking *ranking = export->ranking;
	const struct wn_rows *run = &ranking->runs[row / BLOCK_ROWS];
	size_t at = row % BLOCK_ROWS;
	struct population_item item = {
		.first_revision = ranking->population.first_revision[row],
		.texts = run->texts ? run->texts[at] : 0,
	};
	char person[TEXT_BYTES];

	memcpy(item.id.bytes, ranking->population.id[row], sizeof item.id.bytes);
	for (int i = 0; i < WN_NUMBERS; i++)
		item.numbers[i] = wn_number_of(run, at, (enum wn_number)i);
	if (!read_words(export, run, at, &item, person) ||
		!read_labels(export, run, at, arena, &item) ||
		!read_values(export, run, at, arena, &item) ||
		!read_blockers(ranking, row, arena, &item))
		return false;
	bundle_write_item(export->out, &item, ranking_text(ranking, row, ROW_EXTERNAL_ID),
		ranking->catalog, export->read);
	return !export->out->failed;
}

static enum error too_large(const struct call *call)
{
	diag_add(call->diag, "", "The bundle would be larger than %d MiB.", BUNDLE_BYTES_MAX >> 20);
	return ERR_BUDGET;
}

static enum error write_items(const struct call *call, struct export *export)
{
	struct arena arena;
	enum error error = ERR_OK;

	arena_init(&arena, 64u << 20);
	for (size_t i = 0; i < export->ranking->rows && !error; i++) {
		if (!write_item(export, export->rows[i], &arena))
			error = ERR_NO_MEMORY;
		else if (export->out->len > BUNDLE_BYTES_MAX)
			error = too_large(call);
		arena_release(&arena);
	}
	return error;
}

/* ---- the rest ---- */

static enum error write_header(const struct recalled *recalled, const struct history *history,
	const struct catalog *now, struct buf *out)
{
	const struct ranking *ranking = recalled->ranking;
	struct bundle_header header = {
		.workspace = ranking->workspace,
		.items = (int64_t)ranking->rows,
		.overrides = (int64_t)history->override_count,
		.comparisons = (int64_t)history->comparison_count,
	};

	snprintf(header.ranking, sizeof header.ranking, "%s", ranking->id);
	for (size_t i = 0; i < history->document_count; i++)
		header.documents += bundle_has_document(history->documents[i].kind);
	if (recalled->kept)
		header.receipt = recalled->row.receipt;
	else if (!ranking_receipt(ranking, &header.receipt))
		return ERR_NO_MEMORY;
	bundle_write_header(out, &header);
	for (size_t i = 0; i < history->document_count; i++) {
		if (bundle_has_document(history->documents[i].kind))
			bundle_write_document(out, &history->documents[i], now);
	}
	return ERR_OK;
}

static void write_overrides(const struct history *history, struct buf *out)
{
	for (size_t i = 0; i < history->override_count; i++) {
		const struct override_row *row = &history->overrides[i];
		const struct population_override override = {
			.id = row->id,
			.revision = row->revision,
			.item = row->item,
			.kind = row->kind,
			.rank = row->rank,
			.delta = row->delta,
			.band = row->band,
			.target = row->target,
			.expires_us = row->expires_us,
			.ended_revision = row->ended_revision,
		};

		bundle_write_override(out, &override);
	}
}

static enum error write_bundle(const struct call *call, const struct recalled *recalled,
	const struct history *history, const struct catalog *now, struct buf *out)
{
	struct export export;
	enum error error = write_header(recalled, history, now, out);

	if (error)
		return error;
	error = export_init(&export, recalled->ranking, out) ? write_items(call, &export)
							     : ERR_NO_MEMORY;
	export_release(&export);
	if (error)
		return error;
	write_overrides(history, out);
	for (size_t i = 0; i < history->comparison_count; i++) {
		const struct comparison_row *row = &history->comparisons[i];

		bundle_write_comparison(out, &row->before, &row->after, comparison_is_derived(row));
	}
	if (out->failed)
		return ERR_NO_MEMORY;
	return out->len > BUNDLE_BYTES_MAX ? too_large(call) : ERR_OK;
}

enum error bundle_make(const struct call *call, const struct recalled *recalled, struct buf *out)
{
	struct history history = {.document_count = 0};
	struct catalog *now;
	struct arena arena;
	int64_t revision;
	enum error error = catalog_current(call, &now, &revision);

	if (error)
		return error;
	arena_init(&arena, HISTORY_BYTES_MAX);
	error = read_history(call, recalled->ranking->revision, &arena, &history);
	if (!error)
		error = write_bundle(call, recalled, &history, now, out);
	arena_release(&arena);
	catalog_unref(now);
	return error;
}

/*
 * The readable part of a bundle: what became of each item, the models and policies with their cards, and how
 * the decisions drift. Nothing in it is counted by person.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/evidence_parts.h"
#include "service/items_common.h"

/* ---- items ---- */

static void put_place(struct json_writer *json, const char *key, const struct ranking *ranking,
	const struct uuid *id)
{
	uint32_t row = ranking ? ranking_find(ranking, id) : WN_ROW_NONE;
	const struct wn_decision *decision = ranking ? &ranking->decision : NULL;

	json_key(json, key);
	if (row == WN_ROW_NONE) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_put(json, "ranking", text, ranking->id);
	json_key(json, "rank");
	if (decision->order.rank[row] > 0)
		json_int(json, decision->order.rank[row]);
	else
		json_nil(json);
	json_put(json, "score", number, decision->score[row]);
	json_put(json, "band", text, ranking_band_name(ranking, row));
	json_put(json, "held", bool, decision->held && decision->held[row]);
	json_object_end(json);
}

static int by_item(const void *a, const void *b)
{
	const struct evidence_mark *x = a, *y = b;
	int by_id = uuid_cmp(&x->item, &y->item);

	if (by_id != 0)
		return by_id;
	if (x->revision != y->revision)
		return x->revision < y->revision ? -1 : 1;
	return uuid_cmp(&x->id, &y->id);
}

static void put_marks(struct json_writer *json, const char *key, int kind,
	const struct evidence_mark *marks, size_t count)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		if ((int)marks[i].kind != kind)
			continue;
		if (kind == MARK_VERSION)
			json_int(json, marks[i].revision);
		else
			json_uuid(json, &marks[i].id);
	}
	json_array_end(json);
}

/* What names people, and the long text, is left to who may ask for the item itself. */
static void strip(struct item_record *record)
{
	const uint32_t left = ITEM_BODY | ITEM_URL | ITEM_ASSIGNEE | ITEM_REPORTER;
	struct item *const layers[] = {&record->item, &record->beneath};

	record->patched &= ~left;
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
		layers[i]->body = STR_NONE;
		layers[i]->url = STR_NONE;
		layers[i]->assignee = STR_NONE;
		layers[i]->reporter = STR_NONE;
	}
}

static enum error write_item(struct evidence_making *making, struct conn *conn,
	const struct uuid *id, const struct evidence_mark *marks, size_t count)
{
	struct item_record record;
	struct item_row row;
	struct json_writer json;
	struct arena arena;
	enum error error;

	arena_init(&arena, 64 << 20);
	error = item_as_of(conn, &making->call->workspace, id, making->last, &arena, &row);
	if (!error)
		error = item_from_row(&row, making->catalog, &arena, &record);
	if (!error) {
		strip(&record);
		evidence_line_begin(&json, making->out, EVIDENCE_ITEMS);
		json_put(&json, "id", uuid, id);
		put_marks(&json, "versions", MARK_VERSION, marks, count);
		put_marks(&json, "overrides", MARK_OVERRIDE, marks, count);
		put_marks(&json, "reviews", MARK_REVIEW, marks, count);
		put_place(&json, "before", making->start, id);
		put_place(&json, "after", making->end, id);
		json_key(&json, "item");
		json_raw(&json, STR(""));
		item_write(making->out, &record, making->catalog, true);
		evidence_line_end(&json);
	}
	arena_release(&arena);
	return error ? error : evidence_check_size(making);
}

enum error evidence_write_items(struct evidence_making *making, struct conn *conn)
{
	size_t at = 0, end;
	enum error error = ERR_OK;

	if (making->mark_count > 1)
		qsort(making->marks, making->mark_count, sizeof *making->marks, by_item);
	for (size_t i = 0; !error && i < making->item_count; i++) {
		const struct uuid *id = &making->items[i].id;

		while (at < making->mark_count && uuid_cmp(&making->marks[at].item, id) < 0)
			at++;
		for (end = at;
			end < making->mark_count && uuid_cmp(&making->marks[end].item, id) == 0;)
			end++;
		error = write_item(making, conn, id, making->marks + at, end - at);
		at = end;
	}
	return error;
}

/* ---- models ---- */

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The revisions of the span in which the alias "active" named this version, as runs. Returns how many. */
static size_t put_active(struct json_writer *json, const struct evidence_making *making,
	const struct document *version)
{
	const char *kind = str_is(version->kind, "model") ? "alias" : "policy_alias";
	size_t runs = 0;
	char text[24];

	json_key(json, "active");
	json_array_begin(json);
	for (size_t i = 0; i < making->document_count; i++) {
		const struct document *alias = &making->documents[i];
		const struct document *next = evidence_next(making, alias);

		snprintf(text, sizeof text, "%lld", (long long)making->named[i]);
		if (!str_is(alias->kind, kind) || !str_is(alias->name, "active") ||
			!str_is(version->name, text) || (next && next->revision <= making->first))
			continue;
		json_object_begin(json);
		json_put(json, "from", int, larger(alias->revision, making->first));
		json_put(json, "to", int, next ? next->revision - 1 : making->last);
		json_object_end(json);
		runs++;
	}
	json_array_end(json);
	return runs;
}

/* The newest card of a version; NULL: it has none. */
static const struct document *find_card(
	const struct evidence_making *making, const struct document *version)
{
	const char *kind = str_is(version->kind, "model") ? "model_card" : "policy_card";
	const struct document *card = NULL;

	for (size_t i = 0; i < making->document_count; i++) {
		if (str_is(making->documents[i].kind, kind) &&
			str_eq(making->documents[i].name, version->name))
			card = &making->documents[i];
	}
	return card;
}

static enum error write_model(struct evidence_making *making, const struct document *version)
{
	const struct document *card = find_card(making, version);
	size_t begin = making->out->len, runs;
	struct json_writer json;
	struct sha256 digest;
	char hex[SHA256_HEX_SIZE];

	if (!sha256_of(version->body.ptr, version->body.len, &digest))
		return ERR_NO_MEMORY;
	evidence_line_begin(&json, making->out, EVIDENCE_MODELS);
	json_put(&json, "kind", str, version->kind);
	json_put(&json, "version", str, version->name);
	json_put(&json, "revision", int, version->revision);
	json_put(&json, "body_sha256", text, sha256_to_hex(&digest, hex));
	runs = put_active(&json, making, version);
	if (card) {
		json_put(&json, "card_revision", int, card->revision);
		json_put(&json, "card", raw, card->body);
	} else {
		json_put(&json, "card", text, NULL);
	}
	evidence_line_end(&json);
	if (runs == 0 && version->revision < making->first && !making->out->failed)
		making->out->len = begin;
	return evidence_check_size(making);
}

enum error evidence_write_models(struct evidence_making *making)
{
	enum error error = ERR_OK;

	for (size_t i = 0; !error && i < making->document_count; i++) {
		const struct document *document = &making->documents[i];

		if (str_is(document->kind, "model") || str_is(document->kind, "policy"))
			error = write_model(making, document);
	}
	return error;
}

/* ---- drift ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The nearest rank: a score that an item has. */
static double quantile(const double *sorted, size_t count, double share)
{
	double place = ceil(share * (double)count);

	return sorted[place < 1 ? 0 : (size_t)place - 1];
}

static void put_quantiles(struct json_writer *json, double *scores, size_t count)
{
	static const struct {
		const char *name;
		double share;
	} shares[] = {{"min", 0}, {"p10", 0.1}, {"p25", 0.25}, {"p50", 0.5}, {"p75", 0.75},
		{"p90", 0.9}, {"max", 1}};

	json_put(json, "scored", int, (int64_t)count);
	json_key(json, "score");
	if (count == 0) {
		json_nil(json);
		return;
	}
	qsort(scores, count, sizeof *scores, by_value);
	json_object_begin(json);
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		json_put(json, shares[i].name, number, quantile(scores, count, shares[i].share));
	json_object_end(json);
}

static void put_bands(
	struct json_writer *json, const struct ranking *ranking, const uint32_t *rows, size_t count)
{
	const struct wn_model *model = &ranking->model->model;

	json_key(json, "bands");
	json_object_begin(json);
	for (size_t band = 0; band < model->band_count; band++) {
		int64_t in = 0;

		for (size_t i = 0; i < count; i++)
			in += ranking->decision.band[rows[i]] == band;
		json_put(json, model->bands[band].name, int, in);
	}
	json_object_end(json);
}

/* How the scores of some rows lie: of all that are ranked, or of the bundle's items. */
static enum error write_distribution(struct evidence_making *making, const char *when,
	const char *of, const struct ranking *ranking)
{
	bool whole = strcmp(of, "workspace") == 0;
	const struct wn_ranking *order = &ranking->decision.order;
	uint32_t *rows = calloc(order->count + 1, sizeof *rows);
	double *scores = calloc(order->count + 1, sizeof *scores);
	size_t count = 0, scored = 0;
	struct json_writer json;

	for (size_t i = 0; rows && scores && i < order->count; i++) {
		uint32_t row = order->order[i];
		struct uuid id;

		memcpy(id.bytes, ranking->population.id[row], sizeof id.bytes);
		if (!whole && uuid_map_get(&making->item_places, &id) == MAP_NONE)
			continue;
		rows[count++] = row;
		if (isfinite(ranking->decision.score[row]))
			scores[scored++] = ranking->decision.score[row];
	}
	if (rows && scores) {
		evidence_line_begin(&json, making->out, EVIDENCE_DRIFT);
		json_put(&json, "what", text, "scores");
		json_put(&json, "when", text, when);
		json_put(&json, "of", text, of);
		json_put(&json, "ranking", text, ranking->id);
		json_put(&json, "model", int, ranking->model->version);
		json_put(&json, "ranked", int, (int64_t)count);
		put_quantiles(&json, scores, scored);
		put_bands(&json, ranking, rows, count);
		evidence_line_end(&json);
	}
	free(rows);
	free(scores);
	return rows && scores ? ERR_OK : ERR_NO_MEMORY;
}

static void put_tally(struct json_writer *json, const struct override_tally *tally)
{
	json_put(json, "made", int, tally->total);
	json_put(json, "proved_right", int, tally->proved_right);
	json_put(json, "proved_wrong", int, tally->proved_wrong);
	json_put(json, "withdrawn", int, tally->withdrawn);
	json_put(json, "open", int, tally->open);
}

static void put_tallies(struct json_writer *json, const char *key, const char *name,
	const struct override_tally *tallies, size_t count)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(json);
		json_put(json, name, str, tallies[i].key);
		put_tally(json, &tallies[i]);
		json_object_end(json);
	}
	json_array_end(json);
}

/* By model and kind; by team never: a team may be one person. */
static void write_overrides(struct evidence_making *making, const char *when,
	const struct override_report *report, const struct ranking *ranking)
{
	size_t ranked = ranking ? ranking->decision.order.count : 0;
	struct json_writer json;

	evidence_line_begin(&json, making->out, EVIDENCE_DRIFT);
	json_put(&json, "what", text, "overrides");
	json_put(&json, "when", text, when);
	put_tally(&json, &report->all);
	json_put(&json, "per_hundred_ranked", number,
		ranked ? 100.0 * (double)report->all.total / (double)ranked : NAN);
	put_tallies(&json, "by_model", "model", report->by_model, report->model_count);
	put_tallies(&json, "by_kind", "kind", report->by_kind, report->kind_count);
	evidence_line_end(&json);
}

enum error evidence_write_drift(struct evidence_making *making)
{
	const struct {
		const char *when;
		const struct ranking *ranking;
	} ends[] = {{"before", making->start}, {"after", making->end}};
	enum error error = ERR_OK;

	for (size_t i = 0; !error && i < sizeof ends / sizeof *ends; i++) {
		if (!ends[i].ranking)
			continue;
		error = write_distribution(making, ends[i].when, "workspace", ends[i].ranking);
		if (!error)
			error = write_distribution(making, ends[i].when, "bundle", ends[i].ranking);
	}
	write_overrides(making, "before", &making->before, making->start);
	write_overrides(making, "during", &making->during, making->end);
	return error;
}

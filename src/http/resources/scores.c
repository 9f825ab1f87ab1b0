/*
 * POST …/scores: what items would get that are not stored, at once and by themselves. Writes
 * nothing; the same body gives the same bytes for the same ranking.
 */
#include <math.h>

#include "http/resources/evidence_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/whatif.h"
#include "service/heavy.h"
#include "service/scoring.h"

enum { SCORES_MAX = 1000 };

struct asked {
	const json_t *json;
	struct item_record record;
	bool has_source, has_external_id;
	enum error error; /* why it has no score */
	struct diag *diag;
	size_t place; /* among those without a fault */
};

struct inquiry {
	struct request *request;
	const struct ranking *ranking;
	struct asked *asked;
	size_t count;
	bool single; /* the body is the item */
	struct population_item *items;
	size_t item_count;
};

/* ---- reading ---- */

/* The schema wants to know what the item is called; who only wants a score need not call it
 * anything. */
static json_t *named(const json_t *json)
{
	json_t *copy = json_copy((json_t *)json);
	int failed = 0;

	if (!copy)
		return NULL;
	if (!json_object_get(copy, "source"))
		failed |= json_object_set_new(copy, "source", json_string("scores"));
	if (!json_object_get(copy, "external_id"))
		failed |= json_object_set_new(copy, "external_id", json_string("unnamed"));
	if (!failed)
		return copy;
	json_decref(copy);
	return NULL;
}

static enum error check_sensitive(
	struct inquiry *inquiry, const struct asked *asked, const char *pointer)
{
	const struct catalog *catalog = inquiry->ranking->catalog;
	enum error error = ERR_OK;

	for (size_t i = 0; i < asked->record.item.feature_count; i++) {
		const struct feature_definition *feature =
			&catalog->features[asked->record.item.features[i].id];

		if (!feature->sensitive || sees_sensitive(inquiry->request))
			continue;
		diag_add(asked->diag,
			diag_key(asked->diag, diag_key(asked->diag, pointer, "features"),
				feature->name.ptr),
			"This feature is for admins and auditors alone.");
		error = ERR_INVALID;
	}
	return error;
}

static enum error read_item(struct inquiry *inquiry, struct asked *asked, const char *pointer)
{
	struct request *request = inquiry->request;
	const struct catalog *catalog = inquiry->ranking->catalog;
	struct item_input input = {0};
	struct population_item *item = &inquiry->items[inquiry->item_count];
	json_t *json = json_is_object(asked->json) ? named(asked->json) : NULL;
	bool changed;
	enum error error;

	if (json_is_object(asked->json) && !json)
		return ERR_NO_MEMORY;
	error = item_input_parse(json ? json : asked->json, ITEM_PARSE_UPSERT, catalog, pointer,
		&request->arena, asked->diag, &input);
	json_decref(json);
	if (!error)
		error = item_upsert(NULL, &input, &request->workspace.id, catalog, 1, pointer,
			&request->arena, asked->diag, &asked->record, &changed);
	if (!error)
		error = check_sensitive(inquiry, asked, pointer);
	if (error)
		return error;
	asked->has_source = json_object_get(asked->json, "source") != NULL;
	asked->has_external_id = json_object_get(asked->json, "external_id") != NULL;
	if (!asked->has_source)
		asked->record.source = STR_NONE;
	if (!population_item_of(
		    &asked->record, input.given & ITEM_PERSONAL, catalog, &request->arena, item))
		return ERR_BUDGET;
	asked->place = inquiry->item_count++;
	return ERR_OK;
}

static enum error take_list(struct inquiry *inquiry, const json_t *body)
{
	static const char *const keys[] = {"items", NULL};
	const json_t *list = json_object_get(body, "items");
	struct request *request = inquiry->request;

	inquiry->single = !list;
	if (!json_is_object(body)) {
		diag_add(&request->diag, "", "The body must be an item, or an object with items.");
		return ERR_INVALID;
	}
	if (list && !json_only_keys(body, keys, "", &request->diag))
		return ERR_INVALID;
	inquiry->count = list ? json_array_size(list) : 1;
	if (inquiry->count == 0 || inquiry->count > SCORES_MAX) {
		diag_add(&request->diag, "/items", "This must be a list of 1 to %d items.",
			SCORES_MAX);
		return ERR_INVALID;
	}
	inquiry->asked = arena_array(&request->arena, inquiry->count, sizeof *inquiry->asked);
	inquiry->items = arena_array(&request->arena, inquiry->count, sizeof *inquiry->items);
	if (!inquiry->asked || !inquiry->items)
		return ERR_BUDGET;
	for (size_t i = 0; i < inquiry->count; i++)
		inquiry->asked[i].json = list ? json_array_get(list, i) : body;
	return ERR_OK;
}

/* Of a list each item has faults of its own; those of a single one are the request's. */
static enum error read_items(struct inquiry *inquiry)
{
	struct request *request = inquiry->request;

	for (size_t i = 0; i < inquiry->count; i++) {
		struct asked *asked = &inquiry->asked[i];

		asked->diag = &request->diag;
		if (!inquiry->single) {
			asked->diag = arena_alloc(&request->arena, sizeof *asked->diag);
			if (!asked->diag)
				return ERR_BUDGET;
			diag_init(asked->diag, &request->arena);
		}
		asked->error = read_item(inquiry, asked,
			inquiry->single ? "" : diag_index(asked->diag, "/items", i));
		if (asked->error && (inquiry->single || asked->error != ERR_INVALID))
			return asked->error;
	}
	return ERR_OK;
}

/* ---- writing ---- */

static void write_contribution(struct json_writer *json, const struct model_version *model,
	const struct wn_contribution *contribution)
{
	static const char *const clips[] = {
		[WN_CLIP_NONE] = NULL,
		[WN_CLIP_SIGNAL] = "signal",
		[WN_CLIP_PRINCIPAL] = "principal",
		[WN_CLIP_TEAM] = "team",
	};

	json_object_begin(json);
	evidence_put_input(json, model->term_features[contribution->term]);
	json_put(json, "weight", number, model->model.terms[contribution->term].weight);
	json_put(json, "value", number, contribution->value);
	json_put(json, "counted", number, contribution->counted);
	json_put(json, "scaled", number, contribution->scaled);
	json_put(json, "contribution", number, contribution->contribution);
	json_put(json, "lowest", number, contribution->lowest);
	json_put(json, "highest", number, contribution->highest);
	json_put(json, "assumed", bool, contribution->assumed);
	if (contribution->clip != WN_CLIP_NONE)
		json_put(json, "clip", text, clips[contribution->clip]);
	json_object_end(json);
}

static bool write_contributions(
	struct json_writer *json, struct arena *arena, const struct scoring *scoring, size_t item)
{
	size_t at, count;
	const struct wn_rows *rows = scoring_rows(scoring, item, &at);
	struct wn_contribution *all = arena_array(arena, scoring->model.term_count, sizeof *all);

	if (!all)
		return false;
	count = wn_model_explain(&scoring->model, rows, at, scoring->input.now_s, all);
	json_key(json, "contributions");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		write_contribution(json, scoring->ranking->model, &all[i]);
	json_array_end(json);
	return true;
}

/* A blend's inputs are those of the component whose tree it is. */
static void write_input(
	struct json_writer *json, const struct model_version *model, size_t component, size_t term)
{
	if (model->components && component > 0)
		model = model->components[component - 1];
	if (term == WN_NO_TERM || model->term_features[term]->fact)
		json_put(json, "feature", str, STR_NONE);
	if (term != WN_NO_TERM)
		evidence_put_input(json, model->term_features[term]);
}

static void write_word(struct json_writer *json, const struct model_version *model,
	size_t component, const struct item_record *record, const struct wn_step *step)
{
	const struct item *item = &record->item;
	const struct str words[WN_WORDS] = {[WN_STREAM] = item->stream,
		[WN_KIND] = item->kind,
		[WN_STATUS] = item->status,
		[WN_TEAM] = item->team,
		[WN_SOURCE] = record->source};

	if (model->components && component > 0)
		model = model->components[component - 1];
	if (step->kind == WN_STEP_WORD || step->kind == WN_STEP_TEXT)
		json_put(json, "word", str, evidence_word(model, words, step));
}

static bool write_tree(struct json_writer *json, struct arena *arena, const struct scoring *scoring,
	size_t item, const struct item_record *record)
{
	const struct wn_scores *scores = &scoring->decision.evidence;
	uint32_t row = scoring->rows[item];
	struct wn_scored scored = {scores->score[row], scores->lowest[row], scores->highest[row]};
	struct wn_step *steps = arena_array(arena, WN_MAX_STEPS, sizeof *steps);
	size_t at, count, component = 0;
	const struct wn_rows *rows = scoring_rows(scoring, item, &at);

	if (!steps)
		return false;
	count = wn_model_trace(
		&scoring->model, rows, at, scoring->input.now_s, scored, steps, WN_MAX_STEPS);
	json_key(json, "tree");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		component += steps[i].depth == 1;
		json_object_begin(json);
		json_put(json, "depth", int, steps[i].depth);
		json_put(json, "label", text, steps[i].label);
		write_input(json, scoring->ranking->model, component, steps[i].term);
		json_put(json, "value", number, steps[i].value);
		write_word(json, scoring->ranking->model, component, record, &steps[i]);
		json_put(json, "lowest", number, steps[i].lowest);
		json_put(json, "highest", number, steps[i].highest);
		json_put(json, "assumed", bool, steps[i].assumed);
		json_object_end(json);
	}
	json_array_end(json);
	return true;
}

static void write_policy(struct json_writer *json, const struct scoring *scoring, size_t item)
{
	const struct wn_decision *decision = &scoring->decision;
	const struct policy_version *policy = scoring->ranking->policy;
	uint32_t row = scoring->rows[item];

	json_put(json, "held", bool, decision->held && decision->held[row]);
	json_put(json, "pinned", bool, decision->tier && decision->tier[row] == 0);
	json_key(json, "out");
	if (decision->out && decision->out[row] == WN_OUT_BY_RULE)
		whatif_write_rule(json, &policy->rules[decision->out_by[row]]);
	else
		json_nil(json);
	json_key(json, "rules");
	json_array_begin(json);
	for (size_t r = 0; r < decision->hits.rule_count; r++) {
		if (wn_hit(&decision->hits, r, row))
			whatif_write_rule(json, &policy->rules[r]);
	}
	json_array_end(json);
}

static void write_score(struct json_writer *json, const struct scoring *scoring, size_t item)
{
	const struct wn_scores *scores = &scoring->decision.evidence;
	uint32_t row = scoring->rows[item];
	uint8_t band = scoring->decision.band[row];

	json_put(json, "score", number, scores->score[row]);
	json_key(json, "range");
	if (isnan(scores->score[row])) {
		json_nil(json);
	} else {
		json_object_begin(json);
		json_put(json, "lowest", number, scores->lowest[row]);
		json_put(json, "highest", number, scores->highest[row]);
		json_object_end(json);
	}
	json_put(json, "band", text,
		band == WN_BAND_NONE ? NULL : scoring->ranking->model->model.bands[band].name);
	json_key(json, "would_rank");
	if (scoring->would_rank[item] > 0)
		json_int(json, (int64_t)scoring->would_rank[item]);
	else
		json_nil(json);
}

static bool write_item(
	struct json_writer *json, struct inquiry *inquiry, const struct scoring *scoring, size_t i)
{
	const struct asked *asked = &inquiry->asked[i];
	struct arena *arena = &inquiry->request->arena;
	bool additive = wn_model_traits(&scoring->model) & WN_TRAIT_ADDITIVE;
	bool good = true;

	json_object_begin(json);
	json_put(json, "index", int, (int64_t)i);
	if (asked->error) {
		json_key(json, "error");
		json_raw(json, STR(""));
		problem_object(json->out, asked->error, asked->diag, NULL);
	} else {
		if (asked->has_source)
			json_put(json, "source", str, asked->record.source);
		if (asked->has_external_id)
			json_put(json, "external_id", str, asked->record.external_id);
		write_score(json, scoring, asked->place);
		write_policy(json, scoring, asked->place);
		good = additive ? write_contributions(json, arena, scoring, asked->place)
				: write_tree(json, arena, scoring, asked->place, &asked->record);
	}
	json_object_end(json);
	return good;
}

static enum error write_answer(
	struct inquiry *inquiry, struct response *response, const struct scoring *scoring)
{
	struct json_writer json;
	bool good = true;

	response_revision(response, inquiry->request, inquiry->ranking->revision);
	if (inquiry->item_count < inquiry->count)
		response->status = 207;
	view_begin(&json, inquiry->request, &response->body);
	json_object_begin(&json);
	view_write_ranking(&json, inquiry->ranking);
	json_key(&json, "results");
	json_array_begin(&json);
	for (size_t i = 0; good && i < inquiry->count; i++)
		good = write_item(&json, inquiry, scoring, i);
	json_array_end(&json);
	json_object_end(&json);
	return good ? response_done(response) : ERR_BUDGET;
}

/* ---- the whole ---- */

/* Through the gate for heavy requests. */
static enum error run(struct inquiry *inquiry, struct scoring *out)
{
	enum heavy_kind kind = heavy_whatif(inquiry->ranking->input.population->rows);
	struct call call = call_of(inquiry->request);
	enum error error = heavy_begin(&call, kind);

	*out = (struct scoring){0};
	if (error)
		return error;
	error = scoring_run(inquiry->ranking, inquiry->items, inquiry->item_count,
		&inquiry->request->arena, out);
	heavy_end(&call, kind);
	return error;
}

static enum error answer(struct inquiry *inquiry, const json_t *body, struct response *response)
{
	struct request *request = inquiry->request;
	struct scoring scoring;
	enum error error = take_list(inquiry, body);

	if (!error && wn_model_traits(inquiry->ranking->input.model) & WN_TRAIT_RELATIVE) {
		diag_add(&request->diag, "",
			"The active model is of kind %s: its scores depend on all items, so an "
			"item "
			"has none by itself.",
			wn_model_kind_name(inquiry->ranking->input.model->kind));
		error = ERR_INVALID;
	}
	if (!error)
		error = read_items(inquiry);
	if (error)
		return error;
	error = run(inquiry, &scoring);
	if (!error)
		error = write_answer(inquiry, response, &scoring);
	scoring_release(&scoring);
	return error;
}

static enum error score(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	struct inquiry inquiry = {.request = request};
	struct ranking *ranking;
	json_t *body;
	enum error error = request_query_only(request, known);

	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	inquiry.ranking = ranking;
	error = veil_refuse(request);
	if (!error)
		error = body_json(request, &body);
	if (!error) {
		error = answer(&inquiry, body, response);
		json_decref(body);
	}
	ranking_unref(ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/scores",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_HEAVY,
		.body = BODY_JSON,
		.body_bytes = 8 << 20,
		.handle = score,
	},
};
const struct route_table score_routes = {routes, sizeof routes / sizeof *routes};

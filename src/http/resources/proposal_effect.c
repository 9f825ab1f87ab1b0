/*
 * What a proposed change would do to the newest ranking: that ranking decided again with it, by the function
 * that ranks, on what stands at its revision. Nobody's lock is held meanwhile.
 */
#include "http/resources/proposal_change.h"

#include <math.h>

#include "base/clock.h"
#include "codec/contract.h"
#include "http/resources/configured.h"
#include "http/resources/override_view.h"
#include "http/resources/stream_view.h"
#include "http/resources/whatif.h"
#include "live/sla.h"
#include "service/heavy.h"
#include "service/overrides.h"
#include "service/simulation.h"
#include "service/slas.h"
#include "service/streams.h"

enum { EFFECT_TOP = 20, US_PER_MINUTE = 60 * 1000000 };

/* ---- writing ---- */

/* Canonical throughout: keys in byte order. */
static void write_basis(struct json_writer *json, const struct ranking *base)
{
	json_key(json, "base");
	json_object_begin(json);
	json_put(json, "model", int, base->model->version);
	json_put(json, "policy", int, base->policy ? base->policy->version : 0);
	json_put(json, "ranking", text, base->id);
	json_put(json, "revision", int, base->revision);
	json_object_end(json);
}

static void write_bands(struct json_writer *json, const struct simulation_summary *summary)
{
	json_key(json, "bands");
	json_array_begin(json);
	for (size_t i = 0; i < summary->crossing_count; i++) {
		json_object_begin(json);
		json_put(json, "count", int, (int64_t)summary->crossings[i].count);
		json_put(json, "from", text, summary->crossings[i].from);
		json_put(json, "to", text, summary->crossings[i].to);
		json_object_end(json);
	}
	json_array_end(json);
}

static double share(size_t part, size_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void write_streams(struct json_writer *json, const struct simulation_summary *summary)
{
	json_key(json, "streams");
	json_array_begin(json);
	for (size_t i = 0; i < summary->stream_count; i++) {
		const struct simulation_stream *stream = &summary->streams[i];

		json_object_begin(json);
		json_put(json, "share_after", number, share(stream->after, summary->top_after));
		json_put(json, "share_before", number, share(stream->before, summary->top_before));
		json_put(json, "stream", str, stream->stream);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_rank(struct json_writer *json, const struct simulation *simulation, uint32_t row)
{
	json_object_begin(json);
	json_put(json, "id", uuid, &ranking_facts(simulation->base, row)->id);
	json_put(json, "rank", int, simulation->after.rank[row]);
	json_put(json, "was", int, simulation->before.rank[row]);
	json_object_end(json);
}

static void write_top(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_summary *summary)
{
	json_key(json, "top");
	json_array_begin(json);
	for (size_t i = 0; i < summary->top_after; i++)
		write_rank(json, simulation, simulation->after.order[i]);
	json_array_end(json);
}

static void write_override(struct json_writer *json, const struct effect_shown *shown)
{
	static const struct wn_fate_of nothing = {.fate = WN_WITHOUT_EFFECT};
	const struct simulation *simulation = shown->simulation;
	const struct wn_fate_of *fate = &nothing;
	uint32_t row = ranking_find(simulation->base, &shown->override->item);

	if (simulation->added_at != SIZE_MAX)
		fate = &simulation->decision.fates[simulation->added_at];
	if (shown->override->ended_revision == 0)
		json_put(json, "fate", text, override_fate_name(fate->fate));
	if (row == WN_ROW_NONE)
		return;
	json_key(json, "item");
	write_rank(json, simulation, row);
}

static void write_both(struct json_writer *json, const char *key, size_t before, size_t after)
{
	json_key(json, key);
	json_object_begin(json);
	json_put(json, "after", int, (int64_t)after);
	json_put(json, "before", int, (int64_t)before);
	json_object_end(json);
}

static void write_clocks(struct json_writer *json, const struct sla_count *clocks)
{
	json_key(json, "sla");
	json_object_begin(json);
	write_both(json, "breached", clocks->breached_before, clocks->breached_after);
	json_put(json, "changed", int, (int64_t)clocks->changed);
	write_both(json, "clocks", clocks->clocks_before, clocks->clocks_after);
	json_put(json, "newly_breached", int, (int64_t)clocks->newly_breached);
	json_put(json, "no_longer_breached", int, (int64_t)clocks->no_longer_breached);
	json_object_end(json);
}

enum error effect_write(
	struct request *request, struct json_writer *json, const struct effect_shown *shown)
{
	const struct simulation *simulation = shown->simulation;
	struct simulation_summary *summary;
	enum error error = simulation_summarize(simulation, &request->arena, &summary);

	if (error)
		return error;
	json_put(json, "added_count", int, (int64_t)summary->added_count);
	write_bands(json, summary);
	write_basis(json, simulation->base);
	json_key(json, "churn");
	json_object_begin(json);
	json_put(json, "entered", int, (int64_t)simulation->orders.entered);
	json_put(json, "left", int, (int64_t)simulation->orders.left);
	json_put(json, "top", int, (int64_t)simulation->orders.top);
	json_object_end(json);
	json_put(json, "count", int, (int64_t)simulation->after.count);
	if (shown->override)
		write_override(json, shown);
	json_put(json, "moved_count", int, (int64_t)summary->moved_count);
	json_put(json, "removed_count", int, (int64_t)summary->removed_count);
	json_put(json, "simulated", bool, true);
	if (shown->clocks)
		write_clocks(json, shown->clocks);
	write_streams(json, summary);
	json_put(json, "tau", number, simulation->orders.tau);
	write_top(json, simulation, summary);
	if (shown->why)
		json_put(json, "why", text, shown->why);
	return ERR_OK;
}

static void write_why_not(struct json_writer *json, const char *why)
{
	json_put(json, "simulated", bool, false);
	json_put(json, "why", text, why);
}

/* ---- a change, as it is looked at ---- */

struct effect {
	struct request *request;
	const struct ranking *ranking;
	const struct proposal_change *change;
	const json_t *body;
	struct json_writer *json;
};

/* The minute of now, as the next ranking would have it: a freeze may have begun since the newest was made. One
 * that is not in force any more is taken as it is. */
static double time_of(const struct effect *effect)
{
	int64_t now_us = clock_now_us(effect->request->service->clock);

	now_us -= now_us % US_PER_MINUTE;
	if (now_us <= effect->ranking->as_of_us || ranking_is_due(effect->ranking, now_us))
		return 0;
	return (double)(now_us / US_PER_S);
}

static struct simulation_request as_it_is(const struct effect *effect)
{
	return (struct simulation_request){
		.model = effect->ranking->model,
		.policy = effect->ranking->policy,
		.top = EFFECT_TOP,
		.without_conflicts = true,
		.now_s = time_of(effect),
	};
}

/* ---- models and policies ---- */

static enum error try_versions(const struct effect *effect)
{
	static const char *const keys[] = {"model", "weights", "policy", NULL};
	struct simulation_request wanted = {0};
	struct simulation simulation = {0};
	enum error error =
		whatif_read_unseen(effect->request, effect->body, keys, effect->ranking, &wanted);

	if (error)
		return error;
	wanted.top = EFFECT_TOP;
	wanted.without_conflicts = true;
	wanted.now_s = time_of(effect);
	error = whatif_run(effect->request, effect->ranking, &wanted, &simulation);
	if (!error)
		error = effect_write(effect->request, effect->json,
			&(const struct effect_shown){.simulation = &simulation});
	simulation_release(&simulation);
	return error;
}

/* ---- overrides ---- */

static enum error try_override(const struct effect *effect, const struct override_row *override,
	const struct simulation_request *wanted)
{
	struct simulation simulation = {0};
	enum error error = whatif_run(effect->request, effect->ranking, wanted, &simulation);

	if (!error)
		error = effect_write(effect->request, effect->json,
			&(const struct effect_shown){
				.simulation = &simulation, .override = override});
	simulation_release(&simulation);
	return error;
}

/* Whether the engine can take it; what else is wrong with it is the judge's to tell. */
static bool is_whole(const struct effect *effect, const struct override_input *input)
{
	int64_t now_us = clock_now_us(effect->request->service->clock);

	if (effect->request->diag.count || input->expires_us <= now_us)
		return false;
	switch (override_kind_index(input->kind)) {
	case WN_OVERRIDE_PIN: return input->rank > 0;
	case WN_OVERRIDE_BOOST: return isfinite(input->delta);
	case WN_OVERRIDE_BAND: return input->band.ptr;
	case WN_OVERRIDE_BEFORE: return input->has_target;
	case WN_OVERRIDE_EXCLUDE:
	case WN_OVERRIDE_DEFER: return true;
	default: return false;
	}
}

static enum error try_making(const struct effect *effect)
{
	struct simulation_request wanted = as_it_is(effect);
	struct override_input input;
	struct override_row row;

	override_input_read(effect->request, effect->body, &input);
	if (!is_whole(effect, &input))
		return ERR_INVALID;
	if (ranking_find(effect->ranking, &input.item) == WN_ROW_NONE) {
		write_why_not(effect->json, "The newest ranking does not know the item.");
		return ERR_OK;
	}
	row = (struct override_row){
		.revision = effect->ranking->revision + 1,
		.item = input.item,
		.kind = input.kind,
		.rank = input.rank,
		.delta = input.delta,
		.band = input.band,
		.target = input.target,
		.expires_us = input.expires_us,
	};
	wanted.added = &row;
	return try_override(effect, &row, &wanted);
}

static enum error try_ending(const struct effect *effect)
{
	const struct override_set *all = effect->ranking->unended;
	struct simulation_request wanted = as_it_is(effect);
	struct uuid id;

	if (!change_read_revocation(effect->request, effect->body, &id))
		return ERR_INVALID;
	for (size_t i = 0; i < all->count; i++) {
		struct override_row ended = all->rows[i];

		if (uuid_cmp(&ended.id, &id) != 0)
			continue;
		ended.ended_revision = effect->ranking->revision + 1;
		wanted.revoked = &id;
		return try_override(effect, &ended, &wanted);
	}
	write_why_not(effect->json, "The override is not in force in the newest ranking.");
	return ERR_OK;
}

/* ---- one document more ---- */

static enum error read_document(const struct effect *effect, struct str *body)
{
	const struct configured *thing = change_configured(effect->change->change);
	const struct catalog *catalog = effect->ranking->catalog;
	struct str name = change_document(effect->change);
	struct request *request = effect->request;
	struct call call = call_of(request);

	if (json_is_null(effect->body))
		return document_deletion(&call, catalog, thing->kind, name, body);
	return thing->parse(
		request, effect->body, name, catalog, &request->arena, &request->diag, body);
}

/* The configuration of the ranking with the change; a reference. */
static enum error make_trial(const struct effect *effect, struct catalog **out)
{
	struct document added = {
		.kind = str_from(change_configured(effect->change->change)->kind),
		.name = change_document(effect->change),
		.revision = effect->ranking->revision + 1,
	};
	struct call call = call_of(effect->request);
	enum error error = read_document(effect, &added.body);

	return error ? error : document_trial(&call, effect->ranking->revision, &added, out);
}

static bool is_about_clocks(const struct effect *effect)
{
	return effect->change->change == APPROVE_SLAS ||
	       effect->change->change == APPROVE_BUSINESS_HOURS;
}

/* A version goes by the definitions that it was made with, so that a new one moves nothing yet. */
static const char *why_of_feature(const struct effect *effect)
{
	const struct ranking *ranking = effect->ranking;
	const struct feature_definition *feature =
		catalog_feature(ranking->catalog, effect->change->name);
	struct arena *arena = &effect->request->arena;

	if (feature && model_reads(ranking->model, feature->id))
		return arena_printf(arena,
			"Model %lld goes by the definition that it was made with: this one counts "
			"for values that come in from then on, and for the next version of the "
			"model.",
			(long long)ranking->model->version);
	if (feature && ranking->policy && policy_reads(ranking->policy, feature->id))
		return arena_printf(arena,
			"Policy %lld reads its values, and those that are there stay as they are: "
			"the definition counts for values that come in from then on.",
			(long long)ranking->policy->version);
	return "Neither the active model nor the active policy reads it.";
}

struct trial {
	struct catalog *catalog;
	struct sla_book *book;
	struct simulation simulation;
	struct sla_count clocks;
};

static enum error run_trial(const struct effect *effect, struct trial *trial)
{
	struct simulation_request wanted = as_it_is(effect);
	struct request *request = effect->request;
	struct call call = call_of(request);
	enum error error = make_trial(effect, &trial->catalog);

	if (!error)
		error = sla_book_by(&call, effect->ranking, trial->catalog, &trial->book);
	if (error)
		return error;
	if (is_about_clocks(effect))
		sla_count_by(effect->ranking, trial->book, clock_now_us(request->service->clock),
			&trial->clocks);
	wanted.catalog = trial->catalog;
	wanted.slas = trial->book;
	return simulation_run(effect->ranking, &wanted, &request->arena, &trial->simulation);
}

/* What the history of statuses takes, where the ranking has none, is memory. */
static enum heavy_kind kind_of(const struct effect *effect)
{
	return is_about_clocks(effect) ? HEAVY_MEMORY : heavy_whatif(effect->ranking->rows);
}

static enum error try_document(const struct effect *effect)
{
	struct call call = call_of(effect->request);
	enum heavy_kind kind = kind_of(effect);
	struct trial trial = {.catalog = NULL};
	bool feature = effect->change->change == APPROVE_FEATURE;
	enum error error = heavy_begin(&call, kind);

	if (error)
		return error;
	error = run_trial(effect, &trial);
	heavy_end(&call, kind);
	if (!error)
		error = effect_write(effect->request, effect->json,
			&(const struct effect_shown){
				.simulation = &trial.simulation,
				.clocks = is_about_clocks(effect) ? &trial.clocks : NULL,
				.why = feature ? why_of_feature(effect) : NULL,
			});
	simulation_release(&trial.simulation);
	sla_book_free(trial.book);
	catalog_unref(trial.catalog);
	return error;
}

/* ---- what is planned of the streams ---- */

struct plans {
	struct survey before, after;
};

static const char *standing_of(const struct survey *survey, const struct stream_state *state)
{
	return state ? stream_standing(survey, state) : NULL;
}

static bool same_bound(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool is_planned_alike(const struct stream_state *was, const struct stream_state *will_be)
{
	return same_bound(was->plan.at_least, will_be->plan.at_least) &&
	       same_bound(was->plan.at_most, will_be->plan.at_most);
}

static void write_plans(struct json_writer *json, const struct plans *plans)
{
	json_key(json, "planned");
	json_array_begin(json);
	for (size_t i = 0; i < plans->after.count; i++) {
		const struct stream_state *will_be = &plans->after.streams[i];
		const struct stream_state *was = survey_stream(&plans->before, will_be->name);

		if (!was || is_planned_alike(was, will_be))
			continue;
		json_object_begin(json);
		stream_write_bounds(json, "after", &will_be->plan);
		stream_write_bounds(json, "before", &was->plan);
		json_put(json, "standing_after", text, standing_of(&plans->after, will_be));
		json_put(json, "standing_before", text, standing_of(&plans->before, was));
		json_put(json, "stream", str, will_be->name);
		json_object_end(json);
	}
	json_array_end(json);
	json_put(json, "planned_at", time, llround(plans->after.now_s * US_PER_S));
}

/* Now; of a launch to come, as it begins. */
static double time_of_plans(const struct effect *effect, const struct catalog *catalog)
{
	const struct launch *launch = catalog_launch(catalog, effect->change->name);
	double now_s = (double)clock_now_us(effect->request->service->clock) / US_PER_S;

	return launch && launch->reserve.from_s > now_s ? launch->reserve.from_s : now_s;
}

static enum error survey_both(
	const struct effect *effect, struct catalog **catalog, struct plans *plans)
{
	struct arena *arena = &effect->request->arena;
	enum error error = make_trial(effect, catalog);
	double at_s;

	if (error)
		return error;
	at_s = time_of_plans(effect, *catalog);
	error = survey_make(effect->ranking, at_s, arena, &plans->before);
	return error ? error
		     : survey_make_by(effect->ranking, *catalog, at_s, arena, &plans->after);
}

static enum error try_plans(const struct effect *effect)
{
	enum heavy_kind kind = heavy_whatif(effect->ranking->rows);
	struct call call = call_of(effect->request);
	struct catalog *catalog = NULL;
	struct plans plans;
	enum error error = heavy_begin(&call, kind);

	if (error)
		return error;
	error = survey_both(effect, &catalog, &plans);
	heavy_end(&call, kind);
	if (!error) {
		write_basis(effect->json, effect->ranking);
		write_plans(effect->json, &plans);
		write_why_not(effect->json,
			effect->change->change == APPROVE_LAUNCH
				? "A launch changes no rank: it changes what is planned of the "
				  "streams."
				: "A contract changes no rank: it says what is planned of the "
				  "streams, and is asked when a status changes.");
	}
	catalog_unref(catalog);
	return error;
}

/* ---- the whole ---- */

static enum error try_change(const struct effect *effect)
{
	switch (effect->change->change) {
	case APPROVE_MODEL:
	case APPROVE_POLICY: return try_versions(effect);
	case APPROVE_OVERRIDE:
		return change_is_revocation(effect->body) ? try_ending(effect) : try_making(effect);
	case APPROVE_CONTRACT:
	case APPROVE_LAUNCH: return try_plans(effect);
	case APPROVE_MAPPING:
		write_why_not(effect->json,
			"A mapping changes no rank: it works on what its source sends from then "
			"on.");
		return ERR_OK;
	case APPROVE_RULES:
		write_why_not(effect->json, "These rules change no rank: they say who decides.");
		return ERR_OK;
	default: return try_document(effect);
	}
}

/* Refusals are the judge's to tell: it knows the newest configuration. */
static bool is_refusal(enum error error)
{
	return error == ERR_INVALID || error == ERR_CONFLICT || error == ERR_NOT_FOUND ||
	       error == ERR_IN_USE;
}

static enum error try_body(
	struct effect *effect, struct buf *out, struct json_writer *json, size_t begin)
{
	struct diag *diag = &effect->request->diag;
	const char *prefix = diag->prefix;
	size_t faults = diag->count;
	enum error error;

	diag->prefix = "/body";
	error = try_change(effect);
	diag->prefix = prefix;
	if (!is_refusal(error))
		return error;
	diag->count = faults;
	out->len = begin;
	json_writer_init(json, out);
	json_object_begin(json);
	write_why_not(json, "As things are in the newest ranking it would be refused.");
	return ERR_OK;
}

enum error change_effect(struct request *request, const struct ranking *ranking,
	const struct proposal_change *change, struct buf *out)
{
	struct json_writer json;
	struct effect effect = {request, ranking, change, NULL, &json};
	size_t begin = out->len;
	json_t *body;
	enum error error = ERR_OK;

	json_writer_init(&json, out);
	json_object_begin(&json);
	if (!ranking) {
		write_why_not(&json, "There is no ranking in memory to compare with.");
	} else {
		error = json_parse(change->body, 1, "", &request->diag, &body);
		if (error)
			return error;
		effect.body = body;
		error = try_body(&effect, out, &json, begin);
		json_decref(body);
	}
	json_object_end(&json);
	return error;
}

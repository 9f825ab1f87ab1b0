/*
 * From a proposal's body to documents, and to a simulation. The body of a change of model or policy is what
 * a simulation takes, so that what is proposed can be tried before by the same words.
 */
#include "http/resources/proposal_change.h"

#include <string.h>

#include "http/resources/configured.h"
#include "http/resources/override_view.h"
#include "http/resources/whatif.h"
#include "service/documents.h"
#include "service/overrides.h"
#include "service/promotion.h"
#include "service/simulation.h"

enum { EFFECT_TOP = 20 };

/* ---- judging ---- */

struct judging {
	struct request *request;
	struct write *write;
	struct catalog *catalog;
	const json_t *json;
	struct arena *arena;
	struct diag *diag;
	struct proposal_documents *out;
};

static void add_document(
	const struct judging *judging, const char *kind, struct str name, struct str body)
{
	judging->out->documents[judging->out->count++] = (struct document){
		.kind = str_from(kind),
		.name = name,
		.body = body,
	};
}

static enum error fault(const struct judging *judging, const char *pointer, const char *detail)
{
	diag_add(judging->diag, pointer, "%s", detail);
	return ERR_INVALID;
}

/* One document, as the direct write makes it. */
static enum error judge_configured(
	const struct judging *judging, const struct configured *thing, struct str name)
{
	struct str body;
	enum error error = thing->parse(judging->request, judging->json, name, judging->catalog,
		judging->arena, judging->diag, &body);

	if (!error)
		add_document(judging, thing->kind, name, body);
	return error;
}

/* A version that may have to be added, and the alias that is moved to it. */
static enum error add_version(const struct judging *judging, const char *kind, const char *alias,
	struct str body, int64_t version, bool added)
{
	const char *name = arena_printf(judging->arena, "%lld", (long long)version);
	const char *text = arena_printf(judging->arena, "{\"%s\":%lld}", kind, (long long)version);

	if (!name || !text)
		return ERR_BUDGET;
	if (added)
		add_document(judging, kind, str_from(name), body);
	add_document(judging, alias, STR("active"), str_from(text));
	judging->out->result = arena_printf(judging->arena, "%s:%s", kind, name);
	return judging->out->result ? ERR_OK : ERR_BUDGET;
}

static const struct model_version *active_model(const struct catalog *catalog)
{
	const struct alias *active = catalog_alias(catalog, STR("active"));

	return active ? catalog_model(catalog, active->model) : NULL;
}

static enum error judge_new_model(const struct judging *judging, struct model_version *model)
{
	struct str body;
	bool added;
	enum error error = model_body(model, judging->arena, &body);

	if (error)
		return error;
	model->version = model_version_of(judging->catalog, body, &added);
	if (model->version == active_model(judging->catalog)->version)
		return fault(judging, "", "This is the model that is active.");
	error = promotion_check_model(judging->catalog, STR("active"), model, judging->diag);
	return error ? error : add_version(judging, "model", "alias", body, model->version, added);
}

static enum error judge_weights(const struct judging *judging, const json_t *value)
{
	size_t count = json_object_size(value), i = 0;
	struct simulation_weight *weights = arena_array(judging->arena, count, sizeof *weights);
	struct model_version weighed;
	enum error error;

	if (!json_is_object(value))
		return fault(judging, "/weights", "This must be an object of weights by feature.");
	if (!weights)
		return ERR_BUDGET;
	for (void *at = json_object_iter((json_t *)value); at;
		at = json_object_iter_next((json_t *)value, at), i++) {
		const json_t *weight = json_object_iter_value(at);

		weights[i].feature =
			(struct str){json_object_iter_key(at), json_object_iter_key_len(at)};
		weights[i].weight = json_number_value(weight);
		if (!json_is_number(weight))
			return fault(judging,
				diag_key(judging->diag, "/weights", json_object_iter_key(at)),
				"A weight is a number.");
	}
	error = simulation_weigh(active_model(judging->catalog), weights, count, judging->arena,
		judging->diag, &weighed);
	return error ? error : judge_new_model(judging, &weighed);
}

static enum error judge_model(const struct judging *judging)
{
	static const char *const keys[] = {"model", "weights", NULL};
	const json_t *weights = json_object_get(judging->json, "weights");
	const json_t *value = json_object_get(judging->json, "model");
	struct model_version candidate;
	enum error error;

	if (judging->catalog->suspension.model > 0) {
		fault(judging, "", "The model is suspended: resume it first.");
		return ERR_CONFLICT;
	}
	if (!json_only_keys(judging->json, keys, "", judging->diag))
		return ERR_INVALID;
	if (json_is_given(weights) == json_is_given(value))
		return fault(judging, "",
			"Give a model (a version's number or a document), or weights.");
	if (json_is_given(weights))
		return judge_weights(judging, weights);
	if (json_is_object(value)) {
		error = model_candidate(
			value, judging->catalog, judging->arena, judging->diag, &candidate);
		return error ? error : judge_new_model(judging, &candidate);
	}
	if (json_integer_value(value) == active_model(judging->catalog)->version)
		return fault(judging, "/model", "This version is active.");
	error = judge_configured(judging, &configured_alias, STR("active"));
	judging->out->result =
		arena_printf(judging->arena, "model:%lld", (long long)json_integer_value(value));
	return error;
}

static enum error judge_new_policy(const struct judging *judging, const json_t *value)
{
	struct policy_version candidate;
	struct str body;
	bool added;
	enum error error =
		policy_parse(value, judging->catalog, judging->arena, judging->diag, &body);

	if (!error)
		error = policy_candidate(
			value, judging->catalog, judging->arena, judging->diag, &candidate);
	if (error)
		return error;
	candidate.version = policy_version_of(judging->catalog, body, &added);
	error = promotion_check_policy(judging->catalog, STR("active"), &candidate, judging->diag);
	return error ? error
		     : add_version(
			       judging, "policy", "policy_alias", body, candidate.version, added);
}

static enum error judge_policy(const struct judging *judging)
{
	const struct policy_version *active = catalog_policy_named(judging->catalog, STR("active"));
	const json_t *value = json_object_get(judging->json, "policy");
	int64_t version = json_integer_value(value);
	enum error error;

	if (json_is_object(value))
		return judge_new_policy(judging, value);
	if (value && (active ? active->version : 0) == version)
		return fault(judging, "/policy", "This is what is in force.");
	error = judge_configured(judging, &configured_policy_alias, STR("active"));
	judging->out->result =
		version > 0 ? arena_printf(judging->arena, "policy:%lld", (long long)version)
			    : "policy:none";
	return error;
}

/* What there are several of; null deletes it, of what can be deleted (proposals.c). */
static enum error judge_named(
	const struct judging *judging, const struct configured *thing, struct str name)
{
	struct str body;
	enum error error;

	judging->out->result = arena_printf(judging->arena, "%s:%.*s", thing->kind, STR_ARG(name));
	if (!json_is_null(judging->json))
		return judge_configured(judging, thing, name);
	error = document_deletion(judging->write, judging->catalog, thing->kind, name, &body);
	if (!error)
		add_document(judging, thing->kind, name, body);
	return error;
}

static enum error judge_contract(const struct judging *judging)
{
	int64_t version = json_integer_value(json_object_get(judging->json, "contract"));

	judging->out->result =
		version > 0 ? arena_printf(judging->arena, "contract:%lld", (long long)version)
			    : "contract:none";
	return judge_configured(judging, &configured_contract_alias, STR("active"));
}

/* Its justification is the proposal's rationale: a body is kept for good, and that may be personal. */
static enum error judge_override(
	const struct judging *judging, const struct proposal_change *change)
{
	static const char *const texts[] = {"justification", "link"};
	struct override_input *input = arena_alloc(judging->arena, sizeof *input);

	if (!input)
		return ERR_BUDGET;
	override_input_read(judging->request, judging->json, input);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (json_has(judging->json, texts[i]))
			fault(judging, diag_key(judging->diag, "", texts[i]),
				"The proposal's rationale is its justification.");
	}
	if (judging->diag->count)
		return ERR_INVALID;
	input->justification = change->rationale;
	input->author = change->author;
	judging->out->override = input;
	judging->out->result = "override";
	return override_judge(judging->write, judging->catalog, input);
}

static enum error judge_by_change(
	const struct judging *judging, const struct proposal_change *change)
{
	switch (change->change) {
	case APPROVE_MODEL: return judge_model(judging);
	case APPROVE_POLICY: return judge_policy(judging);
	case APPROVE_FEATURE: return judge_named(judging, &configured_feature, change->name);
	case APPROVE_CALENDAR: return judge_named(judging, &configured_calendar, change->name);
	case APPROVE_BUSINESS_HOURS: return judge_named(judging, &configured_hours, change->name);
	case APPROVE_MAPPING: return judge_named(judging, &configured_mapping, change->name);
	case APPROVE_CONTRACT: return judge_contract(judging);
	case APPROVE_SLAS:
		judging->out->result = "slas:workspace";
		return judge_configured(judging, &configured_slas, STR("workspace"));
	case APPROVE_SETTINGS:
		judging->out->result = "settings:workspace";
		return judge_configured(judging, &configured_settings, STR("workspace"));
	case APPROVE_OVERRIDE: return judge_override(judging, change);
	case APPROVE_RULES:
		judging->out->result = "approval_rules:workspace";
		return judge_configured(judging, &configured_approval_rules, STR("workspace"));
	default: return ERR_INTERNAL;
	}
}

static enum error judge(void *self, struct write *write, const struct proposal_change *change,
	struct catalog *catalog, struct proposal_documents *out)
{
	struct diag *diag = write->call->diag;
	const char *prefix = diag->prefix;
	struct judging judging = {
		.request = self,
		.write = write,
		.catalog = catalog,
		.arena = write->call->arena,
		.diag = diag,
		.out = out,
	};
	json_t *json;
	enum error error;

	*out = (struct proposal_documents){.count = 0};
	error = json_parse(change->body, 1, "", diag, &json);
	if (error)
		return error;
	judging.json = json;
	diag->prefix = "/body";
	error = judge_by_change(&judging, change);
	diag->prefix = prefix;
	json_decref(json);
	if (error == ERR_NOT_FOUND) {
		diag_add(diag, "/name", "There is nothing of this name.");
		return ERR_INVALID;
	}
	return error ? error : out->result ? ERR_OK : ERR_BUDGET;
}

struct proposal_judge change_judge(struct request *request)
{
	return (struct proposal_judge){judge, request};
}

/* ---- the effect ---- */

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

static void write_top(struct json_writer *json, const struct simulation *simulation,
	const struct simulation_summary *summary)
{
	json_key(json, "top");
	json_array_begin(json);
	for (size_t i = 0; i < summary->top_after; i++) {
		uint32_t row = simulation->after.order[i];

		json_object_begin(json);
		json_put(json, "id", uuid, &ranking_facts(simulation->base, row)->id);
		json_put(json, "rank", int, (int64_t)i + 1);
		json_put(json, "was", int, simulation->before.rank[row]);
		json_object_end(json);
	}
	json_array_end(json);
}

enum error effect_write(
	struct request *request, struct json_writer *json, const struct simulation *simulation)
{
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
	json_put(json, "moved_count", int, (int64_t)summary->moved_count);
	json_put(json, "removed_count", int, (int64_t)summary->removed_count);
	json_put(json, "simulated", bool, true);
	write_streams(json, summary);
	json_put(json, "tau", number, simulation->orders.tau);
	write_top(json, simulation, summary);
	return ERR_OK;
}

static enum error simulate(struct request *request, const struct ranking *ranking,
	const json_t *body, struct json_writer *json)
{
	static const char *const keys[] = {"model", "weights", "policy", NULL};
	const char *prefix = request->diag.prefix;
	struct simulation_request wanted = {0};
	struct simulation simulation = {0};
	enum error error;

	request->diag.prefix = "/body";
	error = whatif_read_unseen(request, body, keys, ranking, &wanted);
	request->diag.prefix = prefix;
	if (error)
		return error;
	wanted.top = EFFECT_TOP;
	wanted.without_conflicts = true;
	error = whatif_run(request, ranking, &wanted, &simulation);
	if (!error)
		error = effect_write(request, json, &simulation);
	simulation_release(&simulation);
	return error;
}

enum error change_effect(struct request *request, const struct ranking *ranking,
	const struct proposal_change *change, struct buf *out)
{
	bool ranks = change->change == APPROVE_MODEL || change->change == APPROVE_POLICY;
	struct json_writer json;
	json_t *body;
	enum error error;

	json_writer_init(&json, out);
	json_object_begin(&json);
	if (!ranks || !ranking) {
		json_put(&json, "simulated", bool, false);
		json_put(&json, "why", text,
			ranks ? "There is no ranking in memory to compare with."
			      : "Only models and policies are simulated.");
		json_object_end(&json);
		return ERR_OK;
	}
	error = json_parse(change->body, 1, "", &request->diag, &body);
	if (error)
		return error;
	error = simulate(request, ranking, body, &json);
	json_object_end(&json);
	json_decref(body);
	return error;
}

/*
 * From a proposal's body to what applying it writes, judged as the direct write is.
 */
#include "http/resources/proposal_change.h"

#include <string.h>

#include "http/resources/configured.h"
#include "http/resources/override_view.h"
#include "service/approval.h"
#include "service/documents.h"
#include "service/overrides.h"
#include "service/promotion.h"
#include "service/simulation.h"

/* ---- what a change is about ---- */

static const struct configured *const things[APPROVAL_CHANGES] = {
	[APPROVE_FEATURE] = &configured_feature,
	[APPROVE_SETTINGS] = &configured_settings,
	[APPROVE_CALENDAR] = &configured_calendar,
	[APPROVE_BUSINESS_HOURS] = &configured_hours,
	[APPROVE_SLAS] = &configured_slas,
	[APPROVE_CONTRACT] = &configured_contract_alias,
	[APPROVE_LAUNCH] = &configured_launch,
	[APPROVE_MAPPING] = &configured_mapping,
	[APPROVE_RULES] = &configured_approval_rules,
};

const struct configured *change_configured(enum approval_change change)
{
	return things[change];
}

struct str change_document(const struct proposal_change *change)
{
	struct approval_target target = approval_target_of(change->change);

	return target.name.ptr ? target.name : change->name;
}

bool change_is_revocation(const json_t *body)
{
	return json_has(body, "revoke");
}

bool change_read_revocation(struct request *request, const json_t *body, struct uuid *out)
{
	static const char *const keys[] = {"revoke", NULL};
	const json_t *value = json_object_get(body, "revoke");
	struct str text = {json_string_value(value), json_string_length(value)};

	if (!json_only_keys(body, keys, "", &request->diag))
		return false;
	if (text.ptr && uuid_from_text(text, out))
		return true;
	diag_add(&request->diag, "/revoke", "An override's id is expected: a UUID.");
	return false;
}

/* ---- judging ---- */

struct judging {
	struct request *request;
	const struct ranking *ranking;
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

/* Null deletes it, of what can be deleted (proposals.c). */
static enum error judge_document(
	const struct judging *judging, const struct proposal_change *change)
{
	const struct configured *thing = change_configured(change->change);
	struct str name = change_document(change), body;
	enum error error;

	judging->out->result = arena_printf(judging->arena, "%s:%.*s", thing->kind, STR_ARG(name));
	if (!json_is_null(judging->json))
		return judge_configured(judging, thing, name);
	error = document_deletion(judging->write->call, judging->catalog, thing->kind, name, &body);
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

static enum error judge_revocation(const struct judging *judging)
{
	struct override_row *override = arena_alloc(judging->arena, sizeof *override);
	char text[UUID_TEXT_SIZE];
	struct uuid id;
	enum error error;

	if (!override)
		return ERR_BUDGET;
	if (!change_read_revocation(judging->request, judging->json, &id))
		return ERR_INVALID;
	error = override_judge_end(judging->write, &id, override);
	if (error == ERR_NOT_FOUND)
		return fault(judging, "/revoke", "There is no override of this id.");
	judging->out->revoked = override;
	judging->out->result =
		arena_printf(judging->arena, "revocation:%s", uuid_to_text(&id, text));
	return error;
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
	if (!override_look_up(input, judging->ranking, judging->arena))
		return ERR_BUDGET;
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
	case APPROVE_CONTRACT: return judge_contract(judging);
	case APPROVE_OVERRIDE:
		return change_is_revocation(judging->json) ? judge_revocation(judging)
							   : judge_override(judging, change);
	case APPROVE_FEATURE:
	case APPROVE_SETTINGS:
	case APPROVE_CALENDAR:
	case APPROVE_BUSINESS_HOURS:
	case APPROVE_SLAS:
	case APPROVE_LAUNCH:
	case APPROVE_MAPPING:
	case APPROVE_RULES: return judge_document(judging, change);
	default: return ERR_INTERNAL;
	}
}

static enum error judge(void *self, struct write *write, const struct proposal_change *change,
	struct catalog *catalog, struct proposal_documents *out)
{
	struct diag *diag = write->call->diag;
	const char *prefix = diag->prefix;
	const struct change_context *context = self;
	struct judging judging = {
		.request = context->request,
		.ranking = context->ranking,
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
	if (error == ERR_NOT_FOUND && diag->count == 0)
		diag_add(diag, "/name", "There is nothing of this name.");
	if (error == ERR_NOT_FOUND)
		return ERR_INVALID;
	return error ? error : out->result ? ERR_OK : ERR_BUDGET;
}

struct proposal_judge change_judge(struct change_context *context)
{
	return (struct proposal_judge){judge, context};
}

/*
 * What a caller may not see.
 */
#include "http/resources/veil.h"

#include <string.h>

#include "codec/item.h"
#include "http/sensitive_read.h"
#include "live/live.h"
#include "service/catalogs.h"

bool sees_sensitive(const struct request *request)
{
	return roles_see_sensitive(request->roles);
}

/* ---- what is read ---- */

/* NULL: it is not to be noted, or memory is out, which fails the request (sensitive_read.h). */
static struct sensitive_read *note(struct request *request, const struct catalog *now)
{
	if (!now->access_log.on || !sees_sensitive(request))
		return NULL;
	if (!request->read)
		request->read = sensitive_read_new(request, now->access_log.keep_days);
	return request->read;
}

static bool is_read(const struct feature_definition *feature, const struct model_version *model,
	const struct policy_version *policy)
{
	return (model && model_reads(model, feature->id)) ||
	       (policy && policy_reads(policy, feature->id));
}

/* What writes tells nothing of a ranking. */
static bool is_answer(const struct request *request)
{
	return strcmp(request->method, "GET") == 0 || request->route->flags & ROUTE_HEAVY;
}

void veil_note_feature(struct request *request, const struct catalog *now,
	const struct feature_definition *feature)
{
	struct sensitive_read *read = feature->sensitive ? note(request, now) : NULL;

	if (read)
		sensitive_read_feature(read, request, feature->name);
}

void veil_note_versions(struct request *request, const struct catalog *now,
	const struct model_version *model, const struct policy_version *policy)
{
	for (size_t i = 0; now->has_sensitive && i < now->feature_count; i++) {
		if (is_read(&now->features[i], model, policy))
			veil_note_feature(request, now, &now->features[i]);
	}
}

void veil_note_item(
	struct request *request, const struct catalog *now, const struct item_record *item)
{
	struct sensitive_read *read = catalog_is_sensitive(now) ? note(request, now) : NULL;
	bool any = false;

	if (!read)
		return;
	for (size_t i = 0; i < item->item.feature_count; i++) {
		uint16_t id = item->item.features[i].id;

		if (id >= now->feature_count || !now->features[id].sensitive ||
			now->features[id].deleted)
			continue;
		sensitive_read_feature(read, request, now->features[id].name);
		any = true;
	}
	for (uint32_t bit = 1; bit <= ITEM_REPORTER; bit <<= 1) {
		if (!(now->sensitive_fields & bit) || !item_has_field(&item->item, bit))
			continue;
		sensitive_read_feature(read, request, str_from(item_field_name(bit)));
		any = true;
	}
	if (any)
		sensitive_read_item(read, &item->id);
}

void veil_note_field(struct request *request, const struct catalog *now, uint32_t field)
{
	struct sensitive_read *read = now->sensitive_fields & field ? note(request, now) : NULL;

	if (read)
		sensitive_read_feature(read, request, str_from(item_field_name(field)));
}

/* ---- asking ---- */

/* A second policy has no list of its own: of its rules, all are hidden. */
static enum error ask_policy(struct request *request, struct veil *veil,
	const struct policy_version *policy, const struct catalog *now)
{
	uint8_t *rules;

	if (!policy || !policy_is_sensitive(policy, now))
		return ERR_OK;
	if (veil->policy) {
		if (veil->version != policy->version)
			veil->rules = NULL;
		return ERR_OK;
	}
	rules = arena_array(&request->arena, policy->rule_count, 1);
	if (!rules)
		return ERR_BUDGET;
	for (size_t i = 0; i < policy->rule_count; i++)
		rules[i] = rule_is_sensitive(&policy->rules[i].rule, now);
	veil->policy = true;
	veil->version = policy->version;
	veil->rules = rules;
	return ERR_OK;
}

enum error veil_ask_versions(struct request *request, const struct catalog *now,
	const struct model_version *model, const struct policy_version *policy)
{
	static const struct veil nothing;
	bool sees = sees_sensitive(request);
	struct veil *veil;

	if (!request->veil)
		request->veil = &nothing;
	if (sees && is_answer(request))
		veil_note_versions(request, now, model, policy);
	if (sees || !catalog_is_sensitive(now))
		return ERR_OK;
	veil = arena_alloc(&request->arena, sizeof *veil);
	if (!veil)
		return ERR_BUDGET;
	*veil = *request->veil;
	request->veil = veil;
	veil->fields |= now->sensitive_fields;
	veil->model |= model && model_is_sensitive(model, now);
	return ask_policy(request, veil, policy, now);
}

/* The newest definitions; a reference. */
static enum error newest_catalog(struct request *request, struct catalog **out)
{
	struct call call = call_of(request);
	struct ranking *newest;

	if (request->on_worker)
		return catalog_current(&call, out, NULL);
	if (live_ranking(request->service->live, &request->workspace.id, &newest))
		return ERR_WOULD_BLOCK;
	*out = newest->catalog;
	catalog_ref(*out);
	ranking_unref(newest);
	return ERR_OK;
}

enum error veil_ask(struct request *request, const struct ranking *ranking, bool newest)
{
	struct catalog *now = ranking->catalog;
	enum error error;

	if (newest)
		catalog_ref(now);
	error = newest ? ERR_OK : newest_catalog(request, &now);
	if (error)
		return error;
	error = veil_ask_versions(request, now, ranking->model, ranking->policy);
	catalog_unref(now);
	if (!error && request->read)
		sensitive_read_ranking(request->read, request, ranking->id);
	return error;
}

enum error veil_ask_parts(
	const struct request *request, const struct catalog *now, const json_t *policy)
{
	return !sees_sensitive(request) && policy_parts_are_sensitive(policy, now)
		       ? ERR_SENSITIVE_INPUT
		       : ERR_OK;
}

enum error veil_refuse(const struct request *request)
{
	return request->veil && (request->veil->model || request->veil->policy)
		       ? ERR_SENSITIVE_INPUT
		       : ERR_OK;
}

bool veil_is_on(const struct request *request)
{
	const struct veil *veil = request->veil;

	return veil && (veil->model || veil->policy || veil->fields);
}

const char *veil_class(const struct request *request)
{
	return veil_is_on(request) ? "-m" : "";
}

/* ---- writing ---- */

bool veil_hides_scores(const struct json_writer *json, const struct ranking *ranking)
{
	if (json->veil)
		return json->veil->model;
	return catalog_is_sensitive(ranking->catalog) &&
	       model_is_sensitive(ranking->model, ranking->catalog);
}

bool veil_hides_rule(const struct json_writer *json, const struct ranking *ranking, uint32_t rule)
{
	const struct veil *veil = json->veil;

	if (!veil)
		return rule_is_sensitive(&ranking->policy->rules[rule].rule, ranking->catalog);
	if (!veil->policy)
		return false;
	return !veil->rules || veil->version != ranking->policy->version || veil->rules[rule];
}

bool veil_hides_some_rule(const struct json_writer *json, const struct ranking *ranking)
{
	if (json->veil)
		return json->veil->policy;
	return ranking->policy && policy_is_sensitive(ranking->policy, ranking->catalog);
}

bool veil_hides(const struct json_writer *json, const struct ranking *ranking)
{
	return veil_hides_scores(json, ranking) || veil_hides_some_rule(json, ranking);
}

bool veil_hides_field(const struct json_writer *json, const struct ranking *ranking, uint32_t field)
{
	return ((json->veil ? json->veil->fields : ranking->catalog->sensitive_fields) & field) !=
	       0;
}

/*
 * Showing proposals. A change of model or policy shows its inputs and, by its effect, their values: it is
 * masked where the version that comes of it would be.
 */
#include "http/resources/proposal_view.h"

#include <string.h>

#include "base/num.h"
#include "codec/item.h"
#include "http/resources/veil.h"

/* ---- what may be seen ---- */

bool proposal_is_visible(
	const struct request *request, const struct catalog *now, const struct proposal_row *row)
{
	const struct feature_definition *feature = catalog_feature(now, row->name);

	if (sees_sensitive(request) || !str_is(row->change, "feature"))
		return true;
	/* Of a large body in a list nothing is known. */
	return row->body.len > 0 && !(feature && feature->sensitive) &&
	       !memmem(row->body.ptr, row->body.len, "\"sensitive\":true", 16);
}

static bool is_sensitive_word(const struct catalog *now, struct str word)
{
	const struct feature_definition *feature = catalog_feature(now, word);

	if (feature && feature->sensitive)
		return true;
	for (uint32_t bit = 1; bit <= ITEM_REPORTER; bit <<= 1) {
		if (now->sensitive_fields & bit && str_is(word, item_field_name(bit)))
			return true;
	}
	return false;
}

static bool names_sensitive(const struct catalog *now, struct str body)
{
	struct str word;

	while (proposal_next_word(&body, &word)) {
		if (is_sensitive_word(now, word))
			return true;
	}
	return false;
}

/* Of a canonical text: the number behind the next key; false: there is no more. */
static bool next_number(struct str *rest, const char *key, int64_t *out)
{
	const char *at = memmem(rest->ptr, rest->len, key, strlen(key));
	struct str digits;
	uint64_t number;

	if (!at)
		return false;
	digits.ptr = at + strlen(key);
	digits.len = 0;
	*rest = (struct str){digits.ptr, (size_t)(rest->ptr + rest->len - digits.ptr)};
	while (digits.len < rest->len && digits.ptr[digits.len] >= '0' &&
		digits.ptr[digits.len] <= '9')
		digits.len++;
	*out = num_parse_u64(digits, &number) && number <= INT64_MAX ? (int64_t)number : 0;
	return true;
}

/* Models and policies that a canonical text names by number. */
static bool points_at_sensitive(const struct catalog *now, struct str text)
{
	struct str models = text, policies = text;
	int64_t version;

	while (next_number(&models, "\"model\":", &version)) {
		const struct model_version *model = catalog_model(now, version);

		if (model && model_is_sensitive(model, now))
			return true;
	}
	while (next_number(&policies, "\"policy\":", &version)) {
		const struct policy_version *policy = catalog_policy(now, version);

		if (policy && policy_is_sensitive(policy, now))
			return true;
	}
	return false;
}

/* Weights are the active model's: that of then, and, where none is named, of now. */
static bool weighs_sensitive(const struct catalog *now, const struct proposal_row *row)
{
	const struct alias *active = catalog_alias(now, STR("active"));
	const struct model_version *model = active ? catalog_model(now, active->model) : NULL;

	if (!memmem(row->body.ptr, row->body.len, "\"weights\":", 10))
		return false;
	return points_at_sensitive(now, row->effect) || (model && model_is_sensitive(model, now));
}

bool proposal_is_masked(
	const struct request *request, const struct catalog *now, const struct proposal_row *row)
{
	enum approval_change change = approval_change_named(row->change);

	if (sees_sensitive(request) || (change != APPROVE_MODEL && change != APPROVE_POLICY) ||
		!catalog_is_sensitive(now))
		return false;
	return row->body.len == 0 || names_sensitive(now, row->body) ||
	       points_at_sensitive(now, row->body) || weighs_sensitive(now, row);
}

static bool lists_field(const json_t *fields, uint32_t bit)
{
	struct str name = str_from(item_field_name(bit));
	const json_t *field;
	size_t i;

	json_array_foreach(fields, i, field)
	{
		if (str_eq(name, (struct str){json_string_value(field), json_string_length(field)}))
			return true;
	}
	return false;
}

/* What cannot be read opens all. */
static bool opens_field(struct request *request, const struct catalog *now, struct str body)
{
	uint32_t open = now->sensitive_fields;
	const json_t *fields;
	json_t *json;

	if (json_parse(body, 1, "", &request->diag, &json))
		return open != 0;
	fields = json_object_get(json, "sensitive_fields");
	for (uint32_t bit = 1; bit <= ITEM_REPORTER; bit <<= 1) {
		if (lists_field(fields, bit))
			open &= ~bit;
	}
	json_decref(json);
	return open != 0;
}

bool proposal_unveils(
	struct request *request, const struct catalog *now, const struct proposal_row *row)
{
	const struct feature_definition *feature = catalog_feature(now, row->name);

	if (sees_sensitive(request))
		return false;
	switch (approval_change_named(row->change)) {
	case APPROVE_FEATURE: return feature && feature->sensitive;
	case APPROVE_SETTINGS: return opens_field(request, now, row->body);
	default: return false;
	}
}

/* ---- writing ---- */

static void write_approvals(struct json_writer *json, const struct proposal *proposal, bool masked)
{
	json_key(json, "approvals");
	json_array_begin(json);
	for (size_t i = 0; i < proposal->approval_count; i++) {
		const struct proposal_approval_row *row = &proposal->approvals[i];

		json_object_begin(json);
		json_put(json, "approver", str, row->approver);
		json_put(json, "at", time, row->approved_us);
		json_put(json, "revision", int, row->revision);
		json_put(json, "rationale", str, masked ? STR_NONE : row->rationale);
		json_object_end(json);
	}
	json_array_end(json);
}

static void write_end(struct json_writer *json, const struct proposal_row *row, bool masked)
{
	json_key(json, "end");
	if (row->ended_revision == 0) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_put(json, "by", str, row->ended_by);
	json_put(json, "at", time, row->ended_us);
	json_put(json, "revision", int, row->ended_revision);
	json_put(json, "result", str, row->result);
	json_put(json, "rationale", str, masked ? STR_NONE : row->end_rationale);
	json_object_end(json);
}

static void note_versions(struct request *request, const struct catalog *now, struct str text)
{
	struct str models = text, policies = text;
	int64_t version;

	while (next_number(&models, "\"model\":", &version))
		veil_note_versions(request, now, catalog_model(now, version), NULL);
	while (next_number(&policies, "\"policy\":", &version))
		veil_note_versions(request, now, NULL, catalog_policy(now, version));
}

/* What the effect was computed by: the versions that it was computed against, and what was proposed. */
static void note_inputs(
	struct request *request, const struct catalog *now, const struct proposal_row *row)
{
	enum approval_change change = approval_change_named(row->change);
	const struct feature_definition *feature;
	struct str rest = row->body, word;

	note_versions(request, now, row->effect);
	if (change != APPROVE_MODEL && change != APPROVE_POLICY)
		return;
	note_versions(request, now, row->body);
	while (proposal_next_word(&rest, &word)) {
		feature = catalog_feature(now, word);
		if (feature)
			veil_note_feature(request, now, feature);
	}
}

static void write_effect(struct json_writer *json, struct request *request,
	const struct catalog *now, const struct proposal_row *row, bool hidden)
{
	if (!(request->roles & ROLES_READ))
		return;
	json_key(json, "effect");
	if (hidden) {
		json_nil(json);
		return;
	}
	if (now)
		note_inputs(request, now, row);
	json_raw(json, row->effect);
}

void proposal_write(struct json_writer *json, struct request *request, const struct catalog *now,
	const struct proposal *proposal, enum proposal_detail detail)
{
	const struct proposal_row *row = &proposal->row;
	bool masked = now ? proposal_is_masked(request, now, row) : !sees_sensitive(request);
	bool hidden = masked || (!sees_sensitive(request) && points_at_sensitive(now, row->effect));
	char hex[SHA256_HEX_SIZE];

	json_put(json, "id", uuid, &row->id);
	json_put(json, "state", text, proposal_state_name(proposal->state));
	json_put(json, "change", str, row->change);
	if (row->name.len > 0)
		json_put(json, "name", str, row->name);
	if (detail == PROPOSAL_WHOLE) {
		json_key(json, "body");
		if (masked)
			json_nil(json);
		else
			json_raw(json, row->body);
		write_effect(json, request, now, row, hidden);
	}
	json_put(json, "base_revision", int, row->base);
	json_put(json, "digest", text, sha256_to_hex(&row->digest, hex));
	if (masked || (hidden && detail == PROPOSAL_WHOLE))
		json_put(json, "masked", bool, true);
	json_put(json, "needed", int, proposal->needed);
	write_approvals(json, proposal, masked);
	json_put(json, "proposed_by", str, row->author);
	json_put(json, "proposer_kind", str, row->author_kind);
	json_put(json, "proposed_at", time, row->made_us);
	json_put(json, "expires_at", time, row->expires_us);
	json_put(json, "rationale", str, masked ? STR_NONE : row->rationale);
	json_put(json, "revision", int, row->revision);
	write_end(json, row, masked);
}

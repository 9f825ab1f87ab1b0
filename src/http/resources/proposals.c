/*
 * Proposals: what others have to agree to before it is done. Made by whoever may write, agents too; decided
 * by people, each decision with the digest of what was seen.
 */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "http/resources/proposal_change.h"
#include "http/resources/proposal_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "live/live.h"
#include "service/approval.h"
#include "service/catalogs.h"

enum { RATIONALE_MOST = 65536, NAME_MOST = 64, BODY_BYTES = 4 << 20 };

/* ---- showing ---- */

static enum error answer(struct request *request, struct response *response,
	const struct proposal *proposal, const struct written *written)
{
	struct call call = call_of(request);
	struct catalog *now = NULL;
	struct json_writer json;

	/* Done it is: what cannot be found out to be open is not shown. */
	if (catalog_current(&call, &now, NULL))
		now = NULL;
	response_written(response, request, written);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	proposal_write(&json, request, now, proposal, PROPOSAL_WHOLE);
	json_object_end(&json);
	catalog_unref(now);
	return response_done(response);
}

/* ---- making ---- */

static enum error canonical_body(struct request *request, const json_t *value, struct str *out)
{
	struct buf text = BUF_INIT;
	char *copy = NULL;

	json_canonical(&text, value);
	if (!text.failed)
		copy = arena_strdup(&request->arena, buf_view(&text));
	*out = (struct str){copy, text.len};
	buf_release(&text);
	return copy ? ERR_OK : ERR_BUDGET;
}

/* Of which there are several, each by its name. */
static bool has_name(enum approval_change change)
{
	return change < APPROVAL_CHANGES && change != APPROVE_OVERRIDE &&
	       !approval_target_of(change).name.ptr;
}

static bool can_be_deleted(enum approval_change change)
{
	return has_name(change) && change != APPROVE_MAPPING;
}

static enum error read_change(
	struct request *request, const json_t *body, struct proposal_change *out)
{
	const json_t *value = json_object_get(body, "body");
	struct diag *diag = &request->diag;
	struct str word = STR_NONE;

	out->name = STR("");
	json_read_text(body, "change", 1, NAME_MOST, true, "", diag, &request->arena, &word);
	out->change = approval_change_named(word);
	if (word.ptr && out->change == APPROVAL_CHANGES)
		diag_add(diag, "/change",
			"A change is of model, policy, feature, settings, override, calendar, "
			"business_hours, slas, contract, launch, mapping or approval_rules.");
	if (json_has(body, "name"))
		json_read_text(
			body, "name", 1, NAME_MOST, true, "", diag, &request->arena, &out->name);
	if (has_name(out->change) != (out->name.len > 0))
		diag_add(diag, "/name",
			has_name(out->change) ? "Say which one, by its name."
					      : "There is but one of these: it has no name here.");
	if (!json_is_object(value) && !(json_is_null(value) && can_be_deleted(out->change)))
		diag_add(diag, "/body", "An object is expected: what the change would be.");
	if (diag->count)
		return ERR_INVALID;
	return canonical_body(request, value, &out->body);
}

static enum error read_request(struct request *request, struct proposal_request *out)
{
	static const char *const keys[] = {"change", "name", "body", "rationale", NULL};
	json_t *body;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	json_only_keys(body, keys, "", &request->diag);
	json_read_text(body, "rationale", 0, RATIONALE_MOST, false, "", &request->diag,
		&request->arena, &out->rationale);
	error = read_change(request, body, &out->change);
	json_decref(body);
	return error;
}

/* Who may not see a model's inputs does not propose by them, nor what opens what is hidden: what is refused would
 * tell of them. */
static enum error check_inputs(struct request *request, const struct proposal_change *change)
{
	const struct proposal_row row = {
		.change = str_from(approval_change_name(change->change)),
		.name = change->name,
		.body = change->body,
		.effect = STR(""),
	};
	struct call call = call_of(request);
	struct catalog *now;
	bool hidden;
	enum error error;

	if (change->change == APPROVE_OVERRIDE &&
		!(request->roles & (ROLE_REVIEWER | ROLE_ADMIN))) {
		diag_add(&request->diag, "/change",
			"Overrides are proposed by reviewers and admins.");
		return ERR_FORBIDDEN;
	}
	if (sees_sensitive(request))
		return ERR_OK;
	error = catalog_current(&call, &now, NULL);
	if (error)
		return error;
	hidden = proposal_is_masked(request, now, &row) || proposal_unveils(request, now, &row);
	catalog_unref(now);
	return hidden ? ERR_SENSITIVE_INPUT : ERR_OK;
}

static enum error make(struct request *request, const struct ranking *ranking, struct proposal *out,
	struct written *written)
{
	struct change_context context = {request, ranking};
	struct proposal_judge judge = change_judge(&context);
	struct proposal_request wanted = {.rationale = STR_NONE};
	struct call call = call_of(request);
	struct buf effect = BUF_INIT;
	enum error error = read_request(request, &wanted);

	if (!error)
		error = check_inputs(request, &wanted.change);
	if (!error)
		error = change_effect(request, ranking, &wanted.change, &effect);
	if (!error && effect.failed)
		error = ERR_NO_MEMORY;
	wanted.effect = buf_view(&effect);
	if (!error)
		error = proposal_create(&call, &wanted, &judge, out, written);
	if (!error && !out->row.effect.ptr)
		error = ERR_INTERNAL;
	/* The answer is written after the buffer is gone. */
	if (!error) {
		const char *copy = arena_strdup(&request->arena, out->row.effect);

		out->row.effect = (struct str){copy, out->row.effect.len};
		error = copy ? ERR_OK : ERR_BUDGET;
	}
	buf_release(&effect);
	return error;
}

static enum error create(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", NULL};
	char id[UUID_TEXT_SIZE];
	struct proposal proposal;
	struct ranking *ranking;
	struct written written;
	enum error error = request_query_only(request, known);

	/* First: the wait for a ranking runs all of this again. */
	if (!error)
		error = view_ranking_if_any(request, &ranking);
	if (error)
		return error;
	error = make(request, ranking, &proposal, &written);
	ranking_unref(ranking);
	if (error)
		return error;
	response->status = 201;
	response_header(response, request, "Location", "/v1/workspaces/%s/proposals/%s",
		request->workspace.name, uuid_to_text(&proposal.row.id, id));
	return answer(request, response, &proposal, &written);
}

/* ---- deciding ---- */

static void read_digest(struct request *request, const json_t *body, struct sha256 *out)
{
	struct str text = STR_NONE;

	json_read_text(body, "digest", 0, RATIONALE_MOST, true, "", &request->diag, &request->arena,
		&text);
	if (text.ptr && !sha256_from_hex(text.ptr, text.len, out))
		diag_add(&request->diag, "/digest",
			"A SHA-256 in hexadecimal: the digest that the proposal shows.");
}

static enum error read_decision(struct request *request, bool digest, struct proposal_decision *out)
{
	static const char *const with[] = {"digest", "rationale", NULL};
	static const char *const without[] = {"rationale", NULL};
	json_t *body;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	*out = (struct proposal_decision){.rationale = STR_NONE};
	if (!error)
		error = param_uuid(request, 1, &out->id);
	if (!error)
		error = body_json(request, &body);
	if (error)
		return error;
	json_only_keys(body, digest ? with : without, "", &request->diag);
	if (digest)
		read_digest(request, body, &out->digest);
	json_read_text(body, "rationale", 0, RATIONALE_MOST, false, "", &request->diag,
		&request->arena, &out->rationale);
	json_decref(body);
	return ERR_OK;
}

/* To whom it is hidden it is not there, and nobody decides on what they may not see. */
static enum error check_seen(struct request *request, const struct uuid *id, bool decides)
{
	struct call call = call_of(request);
	struct proposal proposal;
	struct catalog *now;
	int64_t revision;
	enum error error;

	if (sees_sensitive(request))
		return ERR_OK;
	error = proposal_get(&call, id, &proposal, &now, &revision);
	if (error)
		return error;
	if (!proposal_is_visible(request, now, &proposal.row))
		error = ERR_NOT_FOUND;
	else if (decides && (proposal_is_masked(request, now, &proposal.row) ||
				    proposal_unveils(request, now, &proposal.row)))
		error = ERR_SENSITIVE_INPUT;
	catalog_unref(now);
	return error;
}

/* The three that may write what was proposed. */
typedef enum error decide(const struct call *call, const struct proposal_decision *decision,
	const struct proposal_judge *judge, struct proposal *out, struct written *written);

static enum error decide_by(struct request *request, struct response *response, decide *act)
{
	struct change_context context = {.request = request};
	struct proposal_judge judge = change_judge(&context);
	struct call call = call_of(request);
	struct proposal_decision decision;
	struct ranking *newest = NULL;
	struct proposal proposal;
	struct written written;
	enum error error = read_decision(request, true, &decision);

	if (!error)
		error = check_seen(request, &decision.id, true);
	if (error)
		return error;
	/* Nobody waits for one: what people decide has to be possible without. */
	if (live_ranking(request->service->live, &request->workspace.id, &newest))
		newest = NULL;
	context.ranking = newest;
	error = act(&call, &decision, &judge, &proposal, &written);
	ranking_unref(newest);
	return error ? error : answer(request, response, &proposal, &written);
}

static enum error approve(struct request *request, struct response *response)
{
	return decide_by(request, response, proposal_approve);
}

static enum error apply(struct request *request, struct response *response)
{
	return decide_by(request, response, proposal_apply);
}

static enum error bypass(struct request *request, struct response *response)
{
	return decide_by(request, response, proposal_bypass);
}

static enum error reject(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct proposal_decision decision;
	struct proposal proposal;
	struct written written;
	enum error error = read_decision(request, false, &decision);

	if (!error)
		error = check_seen(request, &decision.id, true);
	if (!error)
		error = proposal_reject(&call, &decision, &proposal, &written);
	return error ? error : answer(request, response, &proposal, &written);
}

static enum error withdraw(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct proposal_decision decision;
	struct proposal proposal;
	struct written written;
	enum error error = read_decision(request, false, &decision);

	if (!error)
		error = check_seen(request, &decision.id, false);
	if (!error)
		error = proposal_withdraw(&call, &decision, &proposal, &written);
	return error ? error : answer(request, response, &proposal, &written);
}

/* ---- reading ---- */

static enum error read_state(struct request *request, struct str *out)
{
	static const char *const states[] = {
		"open", "applied", "bypassed", "rejected", "withdrawn", "expired", NULL};

	*out = request_query(request, "state");
	for (size_t i = 0; out->ptr && states[i]; i++) {
		if (str_is(*out, states[i]))
			return ERR_OK;
	}
	if (!out->ptr)
		return ERR_OK;
	diag_add(&request->diag, "/query/state",
		"A list is of those that are open, applied, bypassed, rejected, withdrawn or "
		"expired.");
	return ERR_INVALID;
}

static enum error read_before(struct request *request, struct str query, int64_t *before)
{
	struct str payload;
	uint64_t revision;
	enum error error = query_cursor(request, query, &payload);

	*before = INT64_MAX;
	if (error || !payload.ptr)
		return error;
	if (!num_parse_u64(payload, &revision) || revision > INT64_MAX)
		return ERR_BAD_CURSOR;
	*before = (int64_t)revision;
	return ERR_OK;
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"state", "limit", "cursor", "min_revision", NULL};
	struct call call = call_of(request);
	struct proposal *proposals;
	struct catalog *catalog;
	struct json_writer json;
	struct str state = STR_NONE;
	int64_t before, revision;
	size_t limit, count;
	char last[24];
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, PROPOSAL_LIST_MAX, &limit);
	if (!error)
		error = read_state(request, &state);
	if (!error)
		error = read_before(request, state.ptr ? state : STR(""), &before);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = proposal_list(
			&call, state, before, limit, &proposals, &count, &catalog, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "proposals");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++) {
		if (!proposal_is_visible(request, catalog, &proposals[i].row))
			continue;
		json_object_begin(&json);
		proposal_write(&json, request, catalog, &proposals[i], PROPOSAL_LISTED);
		json_object_end(&json);
	}
	json_array_end(&json);
	catalog_unref(catalog);
	if (count == limit) {
		snprintf(last, sizeof last, "%lld", (long long)proposals[count - 1].row.revision);
		write_next(&json, request, state.ptr ? state : STR(""), str_from(last));
	}
	json_object_end(&json);
	return response_done(response);
}

/* What it would do now, beside what it would have done then: a simulation, for those who may ask for one. */
static enum error write_refreshed(
	struct request *request, struct json_writer *json, const struct proposal *proposal)
{
	const struct proposal_change change = {approval_change_named(proposal->row.change),
		proposal->row.name, proposal->row.body, proposal->row.rationale,
		proposal->row.author};
	struct buf effect = BUF_INIT;
	struct ranking *ranking;
	bool shown;
	enum error error = view_ranking_if_any(request, &ranking);

	if (error)
		return error;
	shown = veil_refuse(request) == ERR_OK;
	if (shown)
		error = change_effect(request, ranking, &change, &effect);
	ranking_unref(ranking);
	if (!error && shown) {
		json_key(json, "effect_now");
		json_raw(json, buf_view(&effect));
		json->out->failed |= effect.failed;
	}
	buf_release(&effect);
	return error;
}

static enum error show(struct request *request, struct response *response)
{
	static const char *const known[] = {"refresh", "min_revision", NULL};
	struct call call = call_of(request);
	struct proposal proposal;
	struct catalog *catalog;
	struct json_writer json;
	int64_t revision;
	struct uuid id;
	bool refresh = false, visible;
	enum error error = request_query_only(request, known);

	if (!error)
		error = param_uuid(request, 1, &id);
	if (!error)
		error = request_query_bool(request, "refresh", false, &refresh);
	if (!error)
		error = query_min_revision(request, &call);
	if (!error)
		error = proposal_get(&call, &id, &proposal, &catalog, &revision);
	if (error)
		return error;
	visible = proposal_is_visible(request, catalog, &proposal.row);
	refresh = refresh && request->roles & (ROLE_REVIEWER | ROLE_ADMIN) &&
		  !proposal_is_masked(request, catalog, &proposal.row);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	if (visible)
		proposal_write(&json, request, catalog, &proposal, PROPOSAL_WHOLE);
	catalog_unref(catalog);
	if (!visible)
		return ERR_NOT_FOUND;
	if (refresh)
		error = write_refreshed(request, &json, &proposal);
	if (error)
		return error;
	json_object_end(&json);
	response_revision(response, request, revision);
	return response_done(response);
}

#define PROPOSERS (ROLE_CONTRIBUTOR | ROLE_REVIEWER | ROLE_ADMIN)

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/proposals",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/proposals",
		.roles = PROPOSERS,
		.flags = ROUTE_HEAVY,
		.body = BODY_JSON,
		.body_bytes = BODY_BYTES,
		.handle = create,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/proposals/{id}",
		.roles = ROLES_READ,
		.flags = ROUTE_REFRESH,
		.handle = show,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/proposals/{id}:approve",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = approve,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/proposals/{id}:reject",
		.roles = ROLE_REVIEWER | ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = reject,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/proposals/{id}:apply",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = apply,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/proposals/{id}:bypass",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = bypass,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/proposals/{id}:withdraw",
		.roles = PROPOSERS,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = withdraw,
	},
};
const struct route_table proposal_routes = {routes, sizeof routes / sizeof *routes};

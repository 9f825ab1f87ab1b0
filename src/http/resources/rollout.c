/*
 * What is in force and what is tried beside it; the active model stopped and let go on; a version set back.
 */
#include <string.h>

#include "http/resources/proposal_change.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "http/resources/whatif.h"
#include "service/shadow.h"
#include "service/suspension.h"

enum { TEXT_MOST = 65536, LISTED = 20, PART_NAMES = 64 };

/* ---- answers ---- */

static void write_intervention(struct json_writer *json, const struct intervention_row *row)
{
	json_put(json, "action", str, row->action);
	json_put(json, "by", str, row->author);
	json_put(json, "at", time, row->made_us);
	json_put(json, "revision", int, row->revision);
	if (row->model > 0)
		json_put(json, "model_version", int, row->model);
	if (row->policy > 0)
		json_put(json, "policy_version", int, row->policy);
	if (row->fallback.ptr)
		json_put(json, "fallback", str, row->fallback);
	if (row->ranking.ptr)
		json_put(json, "ranking", str, row->ranking);
	json_put(json, "rationale", str, row->rationale);
}

static enum error answer(struct request *request, struct response *response,
	const struct intervened *done, const struct written *written)
{
	struct json_writer json;

	response_written(response, request, written);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	write_intervention(&json, &done->row);
	json_put(&json, "active_version", int, done->version);
	if (done->row.fallback.ptr)
		json_put(&json, "ranks", int, done->ranks);
	json_object_end(&json);
	return response_done(response);
}

/* ---- doing ---- */

static enum error body_of(struct request *request, const char *const *keys, json_t **body)
{
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_json(request, body);
	if (!error)
		json_only_keys(*body, keys, "", &request->diag);
	return error;
}

static void read_text(struct request *request, const json_t *body, const char *key, bool required,
	struct str *out)
{
	*out = STR_NONE;
	json_read_text(body, key, 0, TEXT_MOST, required, "", &request->diag, &request->arena, out);
}

static enum error suspend(struct request *request, struct response *response)
{
	static const char *const keys[] = {"fallback", "ranking", "rationale", NULL};
	struct call call = call_of(request);
	struct suspend_request wanted;
	struct intervened done;
	struct written written;
	json_t *body;
	enum error error = body_of(request, keys, &body);

	if (error)
		return error;
	read_text(request, body, "fallback", false, &wanted.fallback);
	read_text(request, body, "ranking", false, &wanted.ranking);
	read_text(request, body, "rationale", false, &wanted.rationale);
	json_decref(body);
	error = model_suspend(&call, &wanted, &done, &written);
	return error ? error : answer(request, response, &done, &written);
}

static int64_t read_version(struct request *request, const json_t *body, const char *key)
{
	int64_t version = 0;

	json_read_int(body, key, 1, INT64_MAX, false, 0, "", &request->diag, &version);
	return version;
}

static enum error resume(struct request *request, struct response *response)
{
	static const char *const keys[] = {"model_version", "rationale", NULL};
	struct call call = call_of(request);
	struct intervened done;
	struct written written;
	struct str rationale;
	int64_t model;
	json_t *body;
	enum error error = body_of(request, keys, &body);

	if (error)
		return error;
	model = read_version(request, body, "model_version");
	read_text(request, body, "rationale", false, &rationale);
	json_decref(body);
	error = model_resume(&call, model, rationale, &done, &written);
	return error ? error : answer(request, response, &done, &written);
}

static enum error rollback(struct request *request, struct response *response)
{
	static const char *const keys[] = {"model_version", "policy_version", "rationale", NULL};
	struct call call = call_of(request);
	struct intervened done;
	struct written written;
	struct str rationale;
	int64_t model, policy;
	json_t *body;
	enum error error = body_of(request, keys, &body);

	if (error)
		return error;
	model = read_version(request, body, "model_version");
	policy = read_version(request, body, "policy_version");
	read_text(request, body, "rationale", false, &rationale);
	json_decref(body);
	error = version_rollback(&call, model, policy, rationale, &done, &written);
	return error ? error : answer(request, response, &done, &written);
}

/* ---- what is in force, and what is tried ---- */

/* What of it is asked for: all, or the items of chosen streams and teams. */
struct shown {
	const struct ranking *ranking;
	struct shadow_candidate candidate;
	struct shadow_part part;
};

static bool is_part(const struct shown *shown)
{
	return shown->part.stream_count + shown->part.team_count > 0;
}

/* "a,b" */
static void read_names(
	struct request *request, const char *name, const struct str **out, size_t *count)
{
	struct str left = request_query(request, name);
	const char *pointer = diag_key(&request->diag, "/query", name);
	struct str *names = arena_array(&request->arena, PART_NAMES, sizeof *names);
	bool more = left.ptr != NULL;

	*out = names;
	*count = 0;
	while (names && more) {
		const char *comma = memchr(left.ptr, ',', left.len);
		size_t len = comma ? (size_t)(comma - left.ptr) : left.len;

		if (len == 0 || *count == PART_NAMES) {
			diag_add(&request->diag, pointer,
				"This must be 1 to %d names, divided by commas.", PART_NAMES);
			return;
		}
		names[(*count)++] = (struct str){left.ptr, len};
		more = comma != NULL;
		left = (struct str){left.ptr + len + more, left.len - len - more};
	}
}

static enum error read_part(struct request *request, struct shadow_part *part)
{
	read_names(request, "streams", &part->streams, &part->stream_count);
	read_names(request, "teams", &part->teams, &part->team_count);
	if (!part->streams || !part->teams)
		return ERR_BUDGET;
	return request->diag.count > 0 ? ERR_INVALID : ERR_OK;
}

/* For those who may simulate, and who may see what it is made of. */
static bool may_compare(const struct request *request)
{
	return request->roles & (ROLE_REVIEWER | ROLE_ADMIN | ROLE_AUDITOR) &&
	       veil_refuse(request) == ERR_OK;
}

static enum error write_differences(
	struct request *request, struct json_writer *json, const struct shown *shown)
{
	struct simulation_request wanted = {
		.model = shown->candidate.model,
		.policy = shown->candidate.policy,
		.top = SIMULATION_TOP_DEFAULT,
		.without_conflicts = true,
	};
	struct simulation simulation = {0};
	enum error error;

	json_key(json, "differences");
	if (!may_compare(request)) {
		json_nil(json);
		return ERR_OK;
	}
	if (is_part(shown)) {
		wanted.part = shadow_rows_of(shown->ranking, &shown->part, &request->arena);
		if (!wanted.part)
			return ERR_BUDGET;
	}
	error = whatif_run(request, shown->ranking, &wanted, &simulation);
	if (!error) {
		json_object_begin(json);
		error = effect_write(
			request, json, &(const struct effect_shown){.simulation = &simulation});
		json_object_end(json);
	}
	simulation_release(&simulation);
	return error;
}

static void write_part(struct json_writer *json, const struct shadow_part *part)
{
	json_key(json, "part");
	json_object_begin(json);
	write_names(json, "streams", part->streams, part->stream_count);
	write_names(json, "teams", part->teams, part->team_count);
	json_object_end(json);
}

/* A model or a policy behind the alias "candidate", ranked beside the active ones. */
static enum error write_candidate(
	struct request *request, struct json_writer *json, const struct shown *shown)
{
	const struct shadow_candidate *candidate = &shown->candidate;
	enum error error;

	json_key(json, "candidate");
	if (!candidate->any) {
		json_nil(json);
		return ERR_OK;
	}
	json_object_begin(json);
	json_put(json, "model_version", int, candidate->model->version);
	json_put(json, "policy_version", int, candidate->policy ? candidate->policy->version : 0);
	if (is_part(shown))
		write_part(json, &shown->part);
	error = write_differences(request, json, shown);
	json_object_end(json);
	return error;
}

static enum error write_history(struct request *request, struct json_writer *json)
{
	struct call call = call_of(request);
	struct intervention_row *rows;
	int64_t revision;
	size_t count;
	enum error error = intervention_list(&call, INT64_MAX, LISTED, &rows, &count, &revision);

	if (error)
		return error;
	json_key(json, "interventions");
	json_array_begin(json);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(json);
		write_intervention(json, &rows[i]);
		json_object_end(json);
	}
	json_array_end(json);
	return ERR_OK;
}

static bool check_streams(struct request *request, const struct shown *shown)
{
	bool ok = true;

	for (size_t i = 0; i < shown->part.stream_count; i++) {
		struct str stream = shown->part.streams[i];

		if (catalog_stream(shown->ranking->catalog, stream) >= 0)
			continue;
		diag_add(&request->diag, "/query/streams", "The workspace has no stream \"%.*s\".",
			STR_ARG(stream));
		ok = false;
	}
	return ok;
}

static enum error write_ranked(
	struct request *request, struct json_writer *json, const struct shown *shown)
{
	enum error error = veil_ask_versions(
		request, shown->ranking->catalog, shown->candidate.model, shown->candidate.policy);

	json->veil = request->veil;
	if (error)
		return error;
	view_write_ranking(json, shown->ranking);
	return write_candidate(request, json, shown);
}

static enum error show(struct request *request, struct response *response)
{
	static const char *const known[] = {"min_revision", "streams", "teams", NULL};
	struct ranking *ranking;
	struct shown shown = {0};
	struct json_writer json;
	enum error error = request_query_only(request, known);

	if (!error)
		error = read_part(request, &shown.part);
	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	shown.ranking = ranking;
	shown.candidate = shadow_candidate_of(ranking);
	if (!check_streams(request, &shown)) {
		ranking_unref(ranking);
		return ERR_INVALID;
	}
	response_revision(response, request, ranking->revision);
	response_header(response, request, "Cache-Control", "no-store");
	view_tell_suspension(request, response, ranking);
	view_begin(&json, request, &response->body);
	json_object_begin(&json);
	error = write_ranked(request, &json, &shown);
	ranking_unref(ranking);
	if (!error)
		error = write_history(request, &json);
	json_object_end(&json);
	return error ? error : response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/rollout",
		.roles = ROLES_READ,
		.flags = ROUTE_HEAVY,
		.handle = show,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/suspend",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = suspend,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/resume",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = resume,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/rollback",
		.roles = ROLE_ADMIN,
		.flags = ROUTE_DECIDES,
		.body = BODY_JSON,
		.body_bytes = 65536,
		.handle = rollback,
	},
};
const struct route_table rollout_routes = {routes, sizeof routes / sizeof *routes};

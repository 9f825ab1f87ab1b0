/*
 * Proving a ranking: computed again and compared, or handed out with all that it was computed from.
 */
#include "http/resources/ranking_id.h"
#include "http/resources/tables.h"
#include "service/bundles.h"

/* ---- replay ---- */

static void write_receipt(struct json_writer *json, const char *key, const struct receipt *receipt)
{
	json_key(json, key);
	json_raw(json, STR(""));
	receipt_write(json->out, receipt);
}

static void write_texts(struct json_writer *json, const char *what, const char *was, const char *is)
{
	json_object_begin(json);
	json_put(json, "what", text, what);
	json_put(json, "kept", text, was[0] ? was : NULL);
	json_put(json, "replayed", text, is[0] ? is : NULL);
	json_object_end(json);
}

static void write_item(struct json_writer *json, const char *key, bool there, size_t rank,
	const struct ranked_item *item, const struct ranking *ranking)
{
	json_key(json, key);
	if (!there) {
		json_nil(json);
		return;
	}
	json_raw(json, STR(""));
	ranked_item_line(json->out, rank, item, &ranking->model->model);
}

static void write_rank(
	struct json_writer *json, const struct replay_rank *rank, const struct ranking *ranking)
{
	json_object_begin(json);
	json_put(json, "what", text, "rank");
	json_put(json, "rank", int, rank->rank);
	write_item(json, "kept", rank->was_there, (size_t)rank->rank, &rank->was, ranking);
	write_item(json, "replayed", rank->is_there, (size_t)rank->rank, &rank->is, ranking);
	json_object_end(json);
}

/* Another engine or another C library first: they may explain the rest. */
static void write_differences(struct json_writer *json, const struct replay *replay)
{
	const struct receipt *was = &replay->was, *is = &replay->is;

	json_key(json, "differences");
	json_array_begin(json);
	if (replay->compared && strcmp(was->engine, is->engine) != 0)
		write_texts(json, "engine", was->engine, is->engine);
	if (replay->compared && strcmp(was->libm, is->libm) != 0)
		write_texts(json, "libm", was->libm, is->libm);
	if (replay->compared && was->item_count != is->item_count) {
		json_object_begin(json);
		json_put(json, "what", text, "item_count");
		json_put(json, "kept", int, was->item_count);
		json_put(json, "replayed", int, is->item_count);
		json_object_end(json);
	}
	for (size_t i = 0; i < replay->rank_count; i++)
		write_rank(json, &replay->ranks[i], replay->ranking);
	json_array_end(json);
}

static void write_replay(struct json_writer *json, const struct replay *replay)
{
	json_object_begin(json);
	json_put(json, "ranking", text, replay->ranking->id);
	json_put(json, "kept", bool, replay->kept);
	if (replay->compared) {
		json_put(json, "same", bool, replay_same(replay));
		write_receipt(json, "receipt", &replay->was);
	} else {
		json_put(json, "same", text, NULL);
		json_put(json, "receipt", text, NULL);
	}
	write_receipt(json, "replayed", &replay->is);
	write_differences(json, replay);
	json_object_end(json);
}

/* {}: there is nothing to say. */
static enum error read_nothing(struct request *request)
{
	static const char *const none[] = {NULL};
	json_t *body;
	bool good;
	enum error error = body_json(request, &body);

	if (error)
		return error;
	good = json_is_object(body);
	if (!good)
		diag_add(
			&request->diag, "", "An object is expected, not %s.", json_type_word(body));
	good = good && json_only_keys(body, none, "", &request->diag);
	json_decref(body);
	return good ? ERR_OK : ERR_INVALID;
}

static enum error replay(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct json_writer json;
	struct replay result;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = read_nothing(request);
	if (!error)
		error = ranking_replay(&call, ranking_param(request), &result);
	if (error)
		return error;
	response_revision(response, request, result.ranking->revision);
	response_header(response, request, "Cache-Control", "no-store");
	json_writer_init(&json, &response->body);
	write_replay(&json, &result);
	replay_release(&result);
	return response_done(response);
}

/* ---- bundle ---- */

static enum error bundle(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct recalled recalled;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = ranking_recall(&call, ranking_param(request), false, &recalled);
	if (error)
		return error;
	response->content_type = "application/x-ndjson";
	response_revision(response, request, recalled.ranking->revision);
	error = bundle_make(&call, &recalled, &response->body);
	ranking_unref(recalled.ranking);
	return error;
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/rankings/{ranking}:replay",
		.roles = ROLES_READ,
		.body = BODY_JSON,
		.body_bytes = 4096,
		.handle = replay,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/rankings/{ranking}/bundle",
		.roles = ROLES_READ,
		.handle = bundle,
	},
};
const struct route_table ranking_proof_routes = {routes, sizeof routes / sizeof *routes};

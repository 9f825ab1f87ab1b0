/*
 * Proving a ranking: computed again and compared, or handed out with all that it was computed from.
 */
#include "http/resources/ranking_id.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/bundles.h"
#include "service/catalogs.h"
#include "service/heavy.h"

/* ---- replay ---- */

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
		view_write_receipt(json, "receipt", &replay->was);
	} else {
		json_put(json, "same", text, NULL);
		json_put(json, "receipt", text, NULL);
	}
	view_write_receipt(json, "replayed", &replay->is);
	write_differences(json, replay);
	json_object_end(json);
}

static enum error replay(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct json_writer json;
	struct replay result;
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = body_nothing(request);
	if (!error)
		error = ranking_replay(&call, ranking_param(request), &result);
	if (error)
		return error;
	error = veil_ask(request, result.ranking, false);
	if (!error)
		error = veil_refuse(request);
	if (!error) {
		response_revision(response, request, result.ranking->revision);
		response_header(response, request, "Cache-Control", "no-store");
		json_writer_init(&json, &response->body);
		write_replay(&json, &result);
	}
	replay_release(&result);
	return error ? error : response_done(response);
}

/* ---- bundle ---- */

/* What is hidden in it depends on the newest definitions, so their revision is in its tag. */
static enum error bundle_tag(struct request *request, const char **out)
{
	struct call call = call_of(request);
	struct catalog *catalog;
	enum error error = catalog_current(&call, &catalog, NULL);

	if (error)
		return error;
	*out = arena_printf(&request->arena, "%.*s-c%lld", STR_ARG(ranking_param(request)),
		(long long)catalog->revision);
	catalog_unref(catalog);
	return *out ? ERR_OK : ERR_NO_MEMORY;
}

static enum error answer_bundle(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct recalled recalled;
	const char *tag;
	enum error error = ranking_recall(&call, ranking_param(request), false, &recalled);

	if (error)
		return error;
	response->content_type = "application/x-ndjson";
	error = veil_ask(request, recalled.ranking, false);
	if (!error)
		error = veil_refuse(request);
	if (!error)
		error = bundle_tag(request, &tag);
	if (!error && !view_fixed(request, response, str_from(tag), recalled.ranking->revision))
		error = bundle_make(&call, &recalled, &response->body);
	ranking_unref(recalled.ranking);
	return error;
}

static enum error bundle(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	enum error error = request_query_only(request, (const char *const[]){NULL});

	if (!error)
		error = heavy_begin(&call, HEAVY_MEMORY);
	if (error)
		return error;
	error = answer_bundle(request, response);
	heavy_end(&call, HEAVY_MEMORY);
	return error;
}

static const struct route routes[] = {
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/rankings/{ranking}:replay",
		.roles = ROLES_READ,
		.flags = ROUTE_HEAVY,
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

/*
 * GET …/packs/{name}: what a meeting needs, as JSON or as Markdown of the same JSON.
 */
#include "http/resources/packs.h"

#include "base/clock.h"
#include "http/resources/markdown.h"
#include "http/resources/stream_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/items.h"

enum { SECTIONS_MAX = 5 };

static const struct pack_kind {
	const char *name, *title, *rhythm;
	struct {
		const char *id, *title;
		pack_section *write;
	} sections[SECTIONS_MAX]; /* up to the first without an id */
} packs[] = {
	{"stream-review", "Stream review", "weekly",
		{
			{"streams", "Streams", pack_streams},
			{"attention", "What needs attention", pack_stream_findings},
			{"service_levels", "Service levels", pack_service_levels},
			{"movement", "What moved since last week", pack_moves},
		}},
	{"triage-clinic", "Triage clinic", "every two weeks",
		{
			{"new_items", "New items", pack_new_items},
			{"rescore", "To score again", pack_rescores},
			{"signals", "Signals to look into", pack_signals},
		}},
	{"allocation", "Allocation", "monthly",
		{
			{"shares", "Capacity, planned and actual", pack_shares},
			{"agreed", "What is agreed", pack_launch},
			{"quadrants", "Quadrants", pack_quadrants},
			{"decisions", "Overrides", pack_decisions},
		}},
	{"sweep", "Icebox sweep", "quarterly",
		{
			{"found", "What a sweep would list now", pack_sweep_preview},
			{"sweeps", "The last sweeps", pack_sweeps},
			{"signals", "Signals to look into", pack_signals},
		}},
	{"prioritization", "Joint prioritization", "every two weeks",
		{
			{"backlogs", "The backlogs side by side", pack_views},
			{"tops", "What leads each", pack_view_items},
			{"capacity", "Capacity, planned and actual", pack_shares},
			{"service_levels", "Service levels", pack_service_levels},
		}},
};

static const struct pack_kind *find_pack(struct str name)
{
	for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
		if (str_is(name, packs[i].name))
			return &packs[i];
	}
	return NULL;
}

/* ---- the form ---- */

/* ?format= says it, else Accept does, as far as it names the type. */
static enum error wants_markdown(struct request *request, bool *out)
{
	struct str format = request_query(request, "format");
	struct str accept = request_header(request, "Accept");

	*out = false;
	if (!format.ptr) {
		*out = accept.ptr &&
		       memmem(accept.ptr, accept.len, "text/markdown", strlen("text/markdown"));
		return ERR_OK;
	}
	*out = str_is(format, "markdown");
	if (*out || str_is(format, "json"))
		return ERR_OK;
	diag_add(&request->diag, "/query/format", "A pack is told as json or markdown.");
	return ERR_INVALID;
}

static enum error to_markdown(
	struct request *request, struct response *response, const struct pack_kind *kind)
{
	struct buf text = BUF_INIT;
	json_t *json = NULL, *sections;
	enum error error = json_parse(buf_view(&response->body), 1, "", &request->diag, &json);

	if (error)
		return error;
	sections = json_incref(json_object_get(json, "sections"));
	json_object_del(json, "sections");
	json_object_del(json, "title");
	markdown_write(&text, kind->title, json, sections);
	json_decref(sections);
	json_decref(json);
	buf_release(&response->body);
	response->body = text;
	response->content_type = "text/markdown; charset=utf-8";
	return ERR_OK;
}

/* ---- the pack ---- */

static enum error write_sections(struct pack *pack, const struct pack_kind *kind)
{
	struct json_writer *json = pack->json;
	enum error error = ERR_OK;

	json_key(json, "sections");
	json_array_begin(json);
	for (size_t i = 0; i < SECTIONS_MAX && kind->sections[i].id && !error; i++) {
		json_object_begin(json);
		json_put(json, "id", text, kind->sections[i].id);
		json_put(json, "title", text, kind->sections[i].title);
		error = kind->sections[i].write(pack);
		json_object_end(json);
	}
	json_array_end(json);
	return error;
}

static enum error write_pack(struct pack *pack, const struct pack_kind *kind)
{
	struct json_writer *json = pack->json;
	enum error error;

	json_object_begin(json);
	json_put(json, "pack", text, kind->name);
	json_put(json, "title", text, kind->title);
	json_put(json, "rhythm", text, kind->rhythm);
	view_write_ranking(json, pack->ranking);
	json_put(json, "at", time, pack->now_us);
	error = write_sections(pack, kind);
	json_object_end(json);
	return error;
}

static enum error answer(
	struct request *request, struct response *response, const struct pack_kind *kind, bool text)
{
	struct json_writer json;
	struct pack pack = {
		.request = request, .json = &json, .now_us = clock_now_us(request->clock)};
	enum error error = stream_survey(request, &pack.ranking, &pack.survey);

	if (error)
		return error;
	view_begin(&json, request, &response->body);
	error = history_gate_begin(request, &pack.survey);
	if (!error) {
		error = findings_of(request, &pack.survey, LIST_LIMIT_DEFAULT, &pack.findings);
		if (!error)
			error = write_pack(&pack, kind);
		history_gate_end(request, &pack.survey);
	}
	if (!error) {
		response_revision(response, request, pack.ranking->revision);
		error = response_done(response);
	}
	if (!error && text)
		error = to_markdown(request, response, kind);
	ranking_unref(pack.ranking);
	return error ? error : response_done(response);
}

static enum error show_pack(struct request *request, struct response *response)
{
	static const char *const known[] = {"format", "min_revision", NULL};
	const struct pack_kind *kind = find_pack(request->params[1]);
	enum error error = request_query_only(request, known);
	bool text;

	if (!error)
		error = wants_markdown(request, &text);
	if (error)
		return error;
	return kind ? answer(request, response, kind, text) : ERR_NOT_FOUND;
}

static enum error list_packs(struct request *request, struct response *response)
{
	enum error error = request_query_only(request, (const char *const[]){NULL});
	struct call call = call_of(request);
	struct json_writer json;
	int64_t revision;

	if (!error)
		error = workspace_revision(&call, &revision);
	if (error)
		return error;
	response_revision(response, request, revision);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_key(&json, "packs");
	json_array_begin(&json);
	for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
		json_object_begin(&json);
		json_put(&json, "name", text, packs[i].name);
		json_put(&json, "title", text, packs[i].title);
		json_put(&json, "rhythm", text, packs[i].rhythm);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/packs",
		.roles = ROLES_READ,
		.handle = list_packs,
	},
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/packs/{name}",
		.roles = ROLES_READ,
		.flags = ROUTE_HEAVY,
		.handle = show_pack,
	},
};
const struct route_table pack_routes = {routes, sizeof routes / sizeof *routes};

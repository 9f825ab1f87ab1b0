/*
 * GET …/findings/changes: which findings appeared and which are gone, by revision, of the kinds that the settings ask
 * for. An event of the stream says that there is something new to read here.
 */
#include <string.h>

#include "codec/item.h"
#include "http/resources/override_view.h"
#include "http/resources/tables.h"
#include "http/resources/view.h"
#include "service/finding_watch.h"

struct page {
	struct finding_place place;
	struct str query; /* canonical, for the cursor */
	struct finding_row *rows;
	size_t count;
};

/* ---- what is asked ---- */

static enum error read_state(struct request *request, struct page *page)
{
	struct str state = request_query(request, "state");

	page->place.open = state.ptr != NULL;
	if (!state.ptr || str_is(state, "open"))
		return ERR_OK;
	diag_add(&request->diag, "/query/state", "Only those that are \"open\" can be asked for.");
	return ERR_INVALID;
}

static enum error read_page(struct request *request, struct page *page)
{
	static const char *const known[] = {
		"after", "state", "limit", "cursor", "min_revision", NULL};
	struct finding_place *place = &page->place;
	int64_t after, at;
	bool given;
	enum error error = request_query_only(request, known);

	if (!error)
		error = query_limit(request, LIST_LIMIT_MAX, &place->limit);
	if (!error)
		error = read_state(request, page);
	if (!error)
		error = request_query_int(request, "after", 0, INT64_MAX, 0, &after);
	if (error)
		return error;
	page->query = place->open ? STR("findings;open") : STR("findings;all");
	error = query_place(request, page->query, &at, &place->id, &given);
	place->revision = given ? at : after;
	/* All of its own revision is behind it. */
	if (!given)
		memset(place->id.bytes, 0xff, sizeof place->id.bytes);
	return error;
}

/* ---- what is hidden ---- */

static bool hides_rule(const struct catalog *now, struct str rule)
{
	for (size_t p = 0; p < now->policy_count; p++) {
		const struct policy_version *policy = &now->policies[p];

		for (size_t i = 0; i < policy->rule_count; i++) {
			if (str_eq(policy->rules[i].id, rule) &&
				rule_is_sensitive(&policy->rules[i].rule, now))
				return true;
		}
	}
	return false;
}

static bool hides_some_version(const struct catalog *now)
{
	for (size_t i = 0; i < now->model_count; i++) {
		if (model_is_sensitive(&now->models[i], now))
			return true;
	}
	for (size_t i = 0; i < now->policy_count; i++) {
		if (policy_is_sensitive(&now->policies[i], now))
			return true;
	}
	return false;
}

/* By the newest definitions: what was open when it was told may be sensitive now. */
static bool is_hidden(const struct catalog *now, const struct finding_key *key)
{
	const struct feature_definition *feature;

	switch (key->kind) {
	case FOUND_VALUE_JUMP:
		feature = catalog_feature(now, key->name);
		return !feature || feature->sensitive;
	case FOUND_REPORTER_BURST: return now->sensitive_fields & ITEM_REPORTER;
	case FOUND_CONTRADICTION:
	case FOUND_BREACH: return hides_rule(now, key->name) || hides_rule(now, key->other);
	case FOUND_DEFEATED: return hides_some_version(now);
	default: return false;
	}
}

/* ---- what is shown ---- */

static void write_subject(struct json_writer *json, const struct ranking *ranking,
	const struct item_names *names, const struct finding_key *key)
{
	static const struct uuid none;

	json_key(json, "subject");
	json_object_begin(json);
	if (uuid_cmp(&key->item, &none) != 0) {
		json_key(json, "item");
		item_name_write(json, ranking, names, &key->item);
	}
	if (key->stream.ptr)
		json_put(json, "stream", str, key->stream);
	if (key->name.ptr)
		json_put(json, finding_name_part(key->kind), str, key->name);
	if (key->other.ptr)
		json_put(json, finding_other_part(key->kind), str, key->other);
	json_object_end(json);
}

static void write_change(struct json_writer *json, const struct ranking *ranking,
	const struct item_names *names, const struct finding_row *row)
{
	bool ended = row->ended_revision > 0;

	json_object_begin(json);
	json_put(json, "change", text, ended ? "closed" : "opened");
	json_put(json, "kind", text, finding_kind_name(row->key.kind));
	write_subject(json, ranking, names, &row->key);
	json_put(json, "since", time, row->since_us);
	json_put(json, "revision", int, ended ? row->ended_revision : row->revision);
	json_put(json, "at", time, ended ? row->ended_us : row->opened_us);
	if (ended)
		json_put(json, "why", str, row->why);
	json_put(json, "id", uuid, &row->id);
	json_object_end(json);
}

static enum error write_page(struct request *request, struct json_writer *json,
	const struct ranking *ranking, const struct page *page)
{
	struct uuid *ids = arena_array(&request->arena, page->count, sizeof *ids);
	bool all = sees_sensitive(request);
	struct call call = call_of(request);
	struct item_names names;
	enum error error;

	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < page->count; i++)
		ids[i] = page->rows[i].key.item;
	error = item_names_of(&call, ranking, ids, page->count, &names);
	json_object_begin(json);
	json_key(json, "changes");
	json_array_begin(json);
	for (size_t i = 0; i < page->count && !error; i++) {
		if (all || !is_hidden(ranking->catalog, &page->rows[i].key))
			write_change(json, ranking, &names, &page->rows[i]);
	}
	json_array_end(json);
	if (page->count == page->place.limit) {
		const struct finding_row *last = &page->rows[page->count - 1];

		write_next_place(json, request, page->query,
			last->ended_revision > 0 ? last->ended_revision : last->revision,
			&last->id);
	}
	json_object_end(json);
	item_names_release(&names);
	return error;
}

static enum error list(struct request *request, struct response *response)
{
	struct call call = call_of(request);
	struct page page = {.count = 0};
	struct ranking *ranking = NULL;
	struct json_writer json;
	int64_t revision;
	enum error error = read_page(request, &page);

	if (!error)
		error = view_ranking(request, &ranking);
	if (error)
		return error;
	error = findings_told(&call, &page.place, &page.rows, &page.count, &revision);
	if (!error) {
		response_revision(response, request, revision);
		view_begin(&json, request, &response->body);
		error = write_page(request, &json, ranking, &page);
	}
	ranking_unref(ranking);
	return error ? error : response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/findings/changes",
		.roles = ROLES_READ,
		.handle = list,
	},
};
const struct route_table finding_change_routes = {routes, sizeof routes / sizeof *routes};

/*
 * Contracts: a client's document to what status changes are checked against. A contract is kept as it was
 * given, in canonical form, and read by the same code each time the catalogue is built.
 */
#include <math.h>

#include "codec/catalog_contract.h"
#include "codec/catalog_internal.h"
#include "codec/json.h"

static const char *const group_names[] = {
	[WN_PER_WORKSPACE] = "workspace",
	[WN_PER_STREAM] = "stream",
	[WN_PER_TEAM] = "team",
	[WN_PER_ASSIGNEE] = "assignee",
	NULL,
};
static const char *const count_names[] = {"items", "estimate", NULL};
static const char *const mode_names[] = {"enforce", "warn", NULL};

bool contract_read_id(
	struct contract_draft *draft, const json_t *json, const char *pointer, struct str *out)
{
	struct diag *diag = draft->predicates.diag;

	if (!json_read_text(json, "id", 1, CATALOG_MAX_NAME, true, pointer, diag,
		    draft->predicates.arena, out))
		return false;
	if (catalog_is_slug(*out))
		return true;
	diag_add(diag, diag_key(diag, pointer, "id"),
		"An id begins with a letter a to z, followed by at most 62 letters a to z, digits, "
		"underscores or hyphens.");
	return false;
}

/* An optional list of objects below `object`. */
static bool is_list(const json_t *list, const char *pointer, size_t most, struct diag *diag)
{
	if (!json_is_given(list))
		return true;
	if (json_is_array(list) && json_array_size(list) <= most)
		return true;
	diag_add(diag, pointer, "This must be a list of at most %zu.", most);
	return false;
}

/* ---- limits ---- */

static bool limit_id_is_taken(
	const struct contract_draft *draft, const struct contract_limit *limit)
{
	for (size_t i = 0; &draft->limits[i] < limit; i++) {
		if (str_eq(draft->limits[i].id, limit->id))
			return true;
	}
	return false;
}

/* What a group is, of one stream or of all. */
static bool check_group(const struct contract_limit *limit, const char *pointer, struct diag *diag)
{
	enum wn_group wrong = limit->stream.ptr ? WN_PER_WORKSPACE : WN_PER_STREAM;

	if (limit->per != wrong)
		return true;
	diag_add(diag, diag_key(diag, pointer, "per"),
		limit->stream.ptr ? "A stream's limit is per stream, team or assignee."
				  : "A limit of all streams is per workspace, team or assignee.");
	return false;
}

static bool read_limit(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_limit *out)
{
	static const char *const keys[] = {"id", "at_most", "per", "count", "mode", NULL};
	struct diag *diag = draft->predicates.diag;
	int per, count, mode;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A limit is an object with id and at_most.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= contract_read_id(draft, json, pointer, &out->id);
	if (ok && limit_id_is_taken(draft, out)) {
		diag_add(diag, diag_key(diag, pointer, "id"),
			"There is a limit of this id already.");
		ok = false;
	}
	ok &= json_read_number(json, "at_most", 0, 1e9, true, pointer, diag, &out->at_most);
	ok &= catalog_read_choice(json, "per", group_names,
		out->stream.ptr ? WN_PER_STREAM : WN_PER_WORKSPACE, pointer, diag, &per);
	ok &= catalog_read_choice(json, "count", count_names, 0, pointer, diag, &count);
	ok &= catalog_read_choice(json, "mode", mode_names, 0, pointer, diag, &mode);
	out->per = (enum wn_group)per;
	out->by_estimate = count == 1;
	out->warn = mode == 1;
	return ok && check_group(out, pointer, diag);
}

static bool read_limits(
	struct contract_draft *draft, const json_t *list, const char *pointer, struct str stream)
{
	struct diag *diag = draft->predicates.diag;
	bool ok = is_list(list, pointer, CONTRACT_MAX_LIMITS, diag);

	for (size_t i = 0; i < json_array_size(list); i++) {
		struct contract_limit *limit = &draft->limits[draft->limit_count++];

		*limit = (struct contract_limit){.stream = stream};
		ok &= read_limit(
			draft, json_array_get(list, i), diag_index(diag, pointer, i), limit);
	}
	return ok;
}

/* ---- timeboxes, shares, staleness ---- */

static bool read_timebox(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_timebox *out)
{
	static const char *const keys[] = {"id", "status", "label", "days", "discovery", NULL};
	const struct predicate_reader *reader = &draft->predicates;
	struct diag *diag = reader->diag;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, pointer,
			"A timebox is an object with id, days, and status or label.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= contract_read_id(draft, json, pointer, &out->id);
	ok &= json_read_number(json, "days", 0, CONTRACT_MAX_DAYS, true, pointer, diag, &out->days);
	ok &= json_read_bool(json, "discovery", false, pointer, diag, &out->discovery);
	ok &= json_read_text(json, "status", 1, CATALOG_MAX_NAME, false, pointer, diag,
		reader->arena, &out->status);
	ok &= json_read_text(
		json, "label", 1, 255, false, pointer, diag, reader->arena, &out->label);
	if (json_has(json, "status") == json_has(json, "label")) {
		diag_add(diag, pointer, "A timebox is of one status or of one label.");
		return false;
	}
	if (!ok || !out->status.ptr || reader->stored ||
		catalog_status(reader->catalog, out->status))
		return ok;
	diag_add(diag, diag_key(diag, pointer, "status"), "This workspace has no status \"%.*s\".",
		STR_ARG(out->status));
	return false;
}

static bool read_timeboxes(struct contract_draft *draft, const json_t *list, const char *pointer,
	struct contract_stream *out)
{
	struct diag *diag = draft->predicates.diag;
	bool ok = is_list(list, pointer, CONTRACT_MAX_TIMEBOXES, diag);

	out->timeboxes = draft->timeboxes + draft->timebox_count;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct contract_timebox *timebox = &draft->timeboxes[draft->timebox_count++];

		*timebox = (struct contract_timebox){0};
		ok &= read_timebox(
			draft, json_array_get(list, i), diag_index(diag, pointer, i), timebox);
		out->timebox_count++;
	}
	return ok;
}

static bool is_object_or_none(const json_t *json, const char *pointer, struct diag *diag)
{
	if (!json_is_given(json) || json_is_object(json))
		return true;
	diag_add(diag, pointer, "This must be an object.");
	return false;
}

static bool read_share(
	const json_t *json, const char *pointer, struct diag *diag, struct contract_stream *out)
{
	static const char *const keys[] = {"at_least", "at_most", NULL};
	bool ok;

	out->at_least = out->at_most = NAN;
	if (!json_is_given(json))
		return true;
	if (!is_object_or_none(json, pointer, diag))
		return false;
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= json_read_number(json, "at_least", 0, 1, false, pointer, diag, &out->at_least);
	ok &= json_read_number(json, "at_most", 0, 1, false, pointer, diag, &out->at_most);
	if (!ok || !(out->at_least > out->at_most))
		return ok;
	diag_add(diag, pointer, "at_least is more than at_most.");
	return false;
}

static bool read_stale(
	const json_t *json, const char *pointer, struct diag *diag, struct contract_stream *out)
{
	static const char *const keys[] = {"todo_days", "active_days", NULL};
	bool ok;

	out->stale_todo_days = out->stale_active_days = NAN;
	if (!json_is_given(json))
		return true;
	if (!is_object_or_none(json, pointer, diag))
		return false;
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= json_read_number(json, "todo_days", 0, CONTRACT_MAX_DAYS, false, pointer, diag,
		&out->stale_todo_days);
	ok &= json_read_number(json, "active_days", 0, CONTRACT_MAX_DAYS, false, pointer, diag,
		&out->stale_active_days);
	return ok;
}

/* ---- streams ---- */

static bool read_stream_name(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_stream *out)
{
	const struct predicate_reader *reader = &draft->predicates;
	struct diag *diag = reader->diag;
	const char *place = diag_key(diag, pointer, "stream");

	if (!json_read_text(json, "stream", 1, CATALOG_MAX_NAME, true, pointer, diag, reader->arena,
		    &out->name))
		return false;
	if (!reader->stored && catalog_stream(reader->catalog, out->name) < 0) {
		diag_add(diag, place, "This workspace has no stream \"%.*s\".", STR_ARG(out->name));
		return false;
	}
	for (const struct contract_stream *other = draft->streams; other < out; other++) {
		if (!str_eq(other->name, out->name))
			continue;
		diag_add(diag, place, "This stream has its part already.");
		return false;
	}
	return true;
}

static bool read_stream(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_stream *out)
{
	static const char *const keys[] = {
		"stream", "lane", "share", "limits", "ready", "done", "timeboxes", "stale", NULL};
	struct diag *diag = draft->predicates.diag;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A stream's part is an object with stream.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= read_stream_name(draft, json, pointer, out);
	ok &= json_read_bool(json, "lane", false, pointer, diag, &out->lane);
	ok &= read_share(
		json_object_get(json, "share"), diag_key(diag, pointer, "share"), diag, out);
	ok &= read_limits(draft, json_object_get(json, "limits"), diag_key(diag, pointer, "limits"),
		out->name);
	ok &= contract_read_definition(draft, json_object_get(json, "ready"),
		diag_key(diag, pointer, "ready"), out->name, STATUS_ACTIVE);
	ok &= contract_read_definition(draft, json_object_get(json, "done"),
		diag_key(diag, pointer, "done"), out->name, STATUS_DONE);
	ok &= read_timeboxes(draft, json_object_get(json, "timeboxes"),
		diag_key(diag, pointer, "timeboxes"), out);
	ok &= read_stale(
		json_object_get(json, "stale"), diag_key(diag, pointer, "stale"), diag, out);
	return ok;
}

/* What the shares promise together must be possible. */
static bool check_shares(const struct contract_draft *draft)
{
	double least = 0;

	for (size_t i = 0; i < draft->stream_count; i++)
		least += isnan(draft->streams[i].at_least) ? 0 : draft->streams[i].at_least;
	if (wn_fits(0, least, 1))
		return true;
	diag_add(draft->predicates.diag, "/streams",
		"The least shares of all streams come to %g; there is no more than 1.", least);
	return false;
}

static bool read_streams(struct contract_draft *draft, const json_t *list)
{
	struct diag *diag = draft->predicates.diag;
	bool ok = true;

	if (!json_is_array(list) || json_array_size(list) > CATALOG_MAX_VOCABULARY) {
		diag_add(diag, "/streams", "This must be a list of at most %d streams' parts.",
			(int)CATALOG_MAX_VOCABULARY);
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct contract_stream *stream = &draft->streams[draft->stream_count++];

		*stream = (struct contract_stream){0};
		ok &= read_stream(
			draft, json_array_get(list, i), diag_index(diag, "/streams", i), stream);
	}
	return ok && check_shares(draft);
}

/* ---- quadrants and views ---- */

static bool read_axis(
	struct contract_draft *draft, const json_t *json, const char *key, struct predicate *out)
{
	struct diag *diag = draft->predicates.diag;
	const char *pointer = diag_key(diag, "/quadrants", key);

	if (!json_has(json, key)) {
		diag_add(diag, pointer, "This field is required.");
		return false;
	}
	return predicate_read(
		&draft->predicates, json_object_get(json, key), pointer, &out->tests, &out->count);
}

static bool read_quadrants(
	struct contract_draft *draft, const json_t *json, struct contract_version *out)
{
	static const char *const keys[] = {"user_visibility", "system_risk", NULL};
	bool ok;

	if (!json_is_given(json))
		return true;
	if (!is_object_or_none(json, "/quadrants", draft->predicates.diag))
		return false;
	ok = json_only_keys(json, keys, "/quadrants", draft->predicates.diag);
	ok &= read_axis(draft, json, "user_visibility", &out->visible);
	ok &= read_axis(draft, json, "system_risk", &out->risky);
	return ok;
}

static bool read_measures(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_view *out)
{
	const struct predicate_reader *reader = &draft->predicates;
	const char *place = diag_key(reader->diag, pointer, "measures");
	const struct str *names;
	uint16_t *columns;
	size_t count;

	if (!json_read_texts(json, "measures", CONTRACT_MAX_VIEWS, CATALOG_MAX_NAME, pointer,
		    reader->diag, reader->arena, &names, &count))
		return false;
	columns = arena_array(reader->arena, count, sizeof *columns);
	if (!columns)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct feature_definition *feature =
			catalog_feature(reader->catalog, names[i]);
		bool wrong = !feature || feature->type != FEATURE_NUMBER ||
			     (!reader->stored && (feature->deleted || feature->sensitive));

		if (wrong) {
			diag_add(reader->diag, diag_index(reader->diag, place, i),
				"This is no feature of type number that everybody may see.");
			return false;
		}
		columns[i] = feature->id;
	}
	out->measures = columns;
	out->measure_count = count;
	return true;
}

static bool read_view(struct contract_draft *draft, const json_t *json, const char *pointer,
	struct contract_view *out)
{
	static const char *const keys[] = {"id", "when", "measures", NULL};
	struct diag *diag = draft->predicates.diag;
	bool ok;

	if (!json_is_object(json) || !json_has(json, "when")) {
		diag_add(diag, pointer, "A view is an object with id and when.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= contract_read_id(draft, json, pointer, &out->name);
	for (const struct contract_view *other = draft->views; other < out; other++) {
		if (!str_eq(other->name, out->name))
			continue;
		diag_add(
			diag, diag_key(diag, pointer, "id"), "There is a view of this id already.");
		ok = false;
	}
	ok &= predicate_read(&draft->predicates, json_object_get(json, "when"),
		diag_key(diag, pointer, "when"), &out->when.tests, &out->when.count);
	ok &= read_measures(draft, json, pointer, out);
	return ok;
}

static bool read_views(struct contract_draft *draft, const json_t *list)
{
	struct diag *diag = draft->predicates.diag;
	bool ok = is_list(list, "/views", CONTRACT_MAX_VIEWS, diag);

	for (size_t i = 0; i < json_array_size(list); i++) {
		struct contract_view *view = &draft->views[draft->view_count++];

		*view = (struct contract_view){0};
		ok &= read_view(
			draft, json_array_get(list, i), diag_index(diag, "/views", i), view);
	}
	return ok;
}

/* ---- the whole ---- */

struct sizes {
	size_t streams, limits, gates, timeboxes, views;
};

static struct sizes sizes_of(const json_t *json)
{
	const json_t *streams = json_object_get(json, "streams");
	struct sizes sizes = {
		.streams = json_array_size(streams),
		.limits = json_array_size(json_object_get(json, "limits")),
		.views = json_array_size(json_object_get(json, "views")),
	};

	for (size_t i = 0; i < sizes.streams; i++) {
		const json_t *stream = json_array_get(streams, i);

		sizes.limits += json_array_size(json_object_get(stream, "limits"));
		sizes.gates += contract_gates_of(json_object_get(stream, "ready"));
		sizes.gates += contract_gates_of(json_object_get(stream, "done"));
		sizes.timeboxes += json_array_size(json_object_get(stream, "timeboxes"));
	}
	return sizes;
}

/* Each of these may be asked about each item that changes its status, under the lock. */
static bool are_few(const struct sizes *sizes, struct diag *diag)
{
	if (sizes->limits <= CONTRACT_MAX_LIMITS && sizes->gates <= CONTRACT_MAX_GATES &&
		sizes->timeboxes <= CONTRACT_MAX_TIMEBOXES && sizes->views <= CONTRACT_MAX_VIEWS)
		return true;
	diag_add(diag, "",
		"A contract has at most %d limits, %d gates and required fields, %d timeboxes and "
		"%d views.",
		(int)CONTRACT_MAX_LIMITS, (int)CONTRACT_MAX_GATES, (int)CONTRACT_MAX_TIMEBOXES,
		(int)CONTRACT_MAX_VIEWS);
	return false;
}

static bool make_room(struct contract_draft *draft, const struct sizes *sizes)
{
	struct arena *arena = draft->predicates.arena;

	draft->streams = arena_array(arena, sizes->streams, sizeof *draft->streams);
	draft->limits = arena_array(arena, sizes->limits, sizeof *draft->limits);
	draft->gates = arena_array(arena, sizes->gates, sizeof *draft->gates);
	draft->timeboxes = arena_array(arena, sizes->timeboxes, sizeof *draft->timeboxes);
	draft->views = arena_array(arena, sizes->views, sizeof *draft->views);
	return draft->streams && draft->limits && draft->gates && draft->timeboxes && draft->views;
}

static void take_lists(const struct contract_draft *draft, struct contract_version *out)
{
	out->streams = draft->streams;
	out->stream_count = draft->stream_count;
	out->limits = draft->limits;
	out->limit_count = draft->limit_count;
	out->gates = draft->gates;
	out->gate_count = draft->gate_count;
	out->views = draft->views;
	out->view_count = draft->view_count;
	out->words = draft->predicates.words.list;
	out->word_count = draft->predicates.words.count;
}

static bool read_contract(
	struct contract_draft *draft, const json_t *json, struct contract_version *out)
{
	static const char *const keys[] = {
		"name", "description", "mirrors", "limits", "streams", "quadrants", "views", NULL};
	struct diag *diag = draft->predicates.diag;
	struct arena *arena = draft->predicates.arena;
	struct sizes sizes = sizes_of(json);
	struct str description;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "A contract is a JSON object with name and streams.");
		return false;
	}
	if (!are_few(&sizes, diag) || !make_room(draft, &sizes))
		return false;
	ok = json_only_keys(json, keys, "", diag);
	ok &= json_read_text(json, "name", 1, CATALOG_MAX_TITLE, true, "", diag, arena, &out->name);
	ok &= json_read_text(
		json, "description", 1, CATALOG_MAX_TEXT, false, "", diag, arena, &description);
	ok &= json_read_texts(json, "mirrors", CONTRACT_MAX_MIRRORS, 255, "", diag, arena,
		&out->mirrors, &out->mirror_count);
	ok &= read_limits(draft, json_object_get(json, "limits"), "/limits", STR_NONE);
	ok &= read_streams(draft, json_object_get(json, "streams"));
	ok &= read_quadrants(draft, json_object_get(json, "quadrants"), out);
	ok &= read_views(draft, json_object_get(json, "views"));
	take_lists(draft, out);
	return ok;
}

bool contract_read(const json_t *json, const struct catalog *catalog, bool stored,
	struct arena *arena, struct diag *diag, struct contract_version *out)
{
	struct contract_draft *draft = arena_alloc(diag->arena, sizeof *draft);
	bool ok;

	if (!draft)
		return false;
	*draft = (struct contract_draft){
		.predicates = {.catalog = catalog,
			.stored = stored,
			.open = true,
			.arena = arena,
			.diag = diag},
	};
	ok = read_contract(draft, json, out);
	predicate_words_release(&draft->predicates.words);
	return ok;
}

/* ---- the written form ---- */

/* Sources that are translated from a tracker's payload: what they tell has happened there already. */
static int fill_mirrors_in(json_t *tree, const struct catalog *catalog)
{
	json_t *list;
	int failed = 0;

	if (json_has(tree, "mirrors"))
		return 0;
	list = json_array();
	for (size_t i = 0; list && i < catalog->mapping_count; i++)
		failed |= json_array_append_new(list, catalog_text(catalog->mappings[i].format));
	return failed | json_object_set_new(tree, "mirrors", list);
}

/* What is null is as if it were not there. */
static void strip_nulls(json_t *json)
{
	const char *key;
	json_t *value;
	size_t index;
	void *next;

	json_array_foreach(json, index, value)
	{
		strip_nulls(value);
	}
	json_object_foreach_safe(json, next, key, value)
	{
		if (json_is_null(value))
			json_object_del(json, key);
		else
			strip_nulls(value);
	}
}

static enum error parse_whole(const json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body)
{
	struct contract_version contract = {0};
	bool ok = contract_read(json, catalog, false, arena, diag, &contract);
	enum error err = catalog_verdict(ok, diag);
	json_t *tree;

	if (err)
		return err;
	tree = json_deep_copy(json);
	if (!tree)
		return ERR_NO_MEMORY;
	strip_nulls(tree);
	if (fill_mirrors_in(tree, catalog) != 0) {
		json_decref(tree);
		return ERR_NO_MEMORY;
	}
	return catalog_body(tree, arena, body);
}

enum error contract_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	json_t *expanded;
	enum error err;

	if (!json_object_get(json, "preset"))
		return parse_whole(json, catalog, arena, diag, body);
	expanded = contract_from_preset(json, diag);
	if (!expanded)
		return catalog_verdict(false, diag);
	err = parse_whole(expanded, catalog, arena, diag, body);
	json_decref(expanded);
	return err;
}

enum error contract_check(const struct contract_version *contract, const struct catalog *catalog,
	struct arena *arena, struct diag *diag)
{
	struct contract_version again = {0};
	size_t before = diag->count;
	json_t *json = NULL;
	bool ok;
	enum error err = json_parse(contract->body, 1, "", diag, &json);

	if (err)
		return err == ERR_NO_MEMORY ? err : ERR_INTERNAL;
	ok = contract_read(json, catalog, false, arena, diag, &again);
	json_decref(json);
	if (ok)
		return ERR_OK;
	return diag->count > before ? ERR_CONFLICT : ERR_NO_MEMORY;
}

/* The body has members already; it is opened to put the version before them. */
void contract_write(struct buf *out, const struct contract_version *contract)
{
	buf_printf(out, "{\"version\":%lld,\"revision\":%lld,", (long long)contract->version,
		(long long)contract->revision);
	buf_str(out, (struct str){contract->body.ptr + 1, contract->body.len - 1});
}
